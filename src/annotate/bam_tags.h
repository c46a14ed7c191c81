/* bam_tags.h - scores as aux tags of records, and the header's comments about them. */
#ifndef TFB_BAM_TAGS_H
#define TFB_BAM_TAGS_H

#include "annotate/bam_batch.h"

typedef struct {
    const tfb_bam_opt_t *o;
    const tfb_bam_in_t *in;
    const tfb_panel_t *panel; /* not owned */
    int T;
    char (*name)[3]; /* (n): best TF, score, difference; or per TF scores, then differences */
    int n;
    char (*stale)[3]; /* (n_stale): differences of an earlier run with --reads, if this one is without */
    int n_stale;
    char **top; /* (T + 1): TFs as values of a tag */
} tfb_bam_tags_t;

/* Names the tags, checking --tags. t is zeroed and is to be freed in any case; the others
 * outlive it. Returns 0, or -1 (logged, except lack of memory). */
int tfb_bam_tags_init(tfb_bam_tags_t *t, const tfb_bam_in_t *in, const tfb_bam_opt_t *o, const tfb_panel_t *panel);
void tfb_bam_tags_free(tfb_bam_tags_t *t);

/* Describes the tags in in's header, in place of an earlier run's comments, and adds @PG.
 * Returns 0, or -1 (logged). */
int tfb_bam_tags_header(tfb_bam_tags_t *t, tfb_bam_in_t *in);

/* Writes the scores of a record into its tags, and removes an earlier run's. Returns 0, or -1
 * (logged). */
int tfb_bam_tags_write(const tfb_bam_tags_t *t, const tfb_bam_batch_t *b, const tfb_bam_item_t *it);

#endif
