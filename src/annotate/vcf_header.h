/* vcf_header.h - the tags of a run, and the header that declares them.
 *
 * All decisions are made from the input's header, which is then changed in one step. htslib's tables must
 * not be read between a change and bcf_hdr_sync(), and one sync per line would take time quadratic in the
 * header's size. */
#ifndef TFB_VCF_HEADER_H
#define TFB_VCF_HEADER_H

#include "annotate/tags.h"
#include "annotate/vcf.h"

/* A tag of the table, for the summary, a TF or the record. */
typedef struct {
    const tfb_tag_t *kind;
    int t;        /* target, -1: none in particular */
    int written;  /* by this run */
    int stale;    /* in the input, but not written by this run: only removed */
    int replaces; /* the input's header has a line of this name */
    int id;       /* of the name in hdr; -1: no record can have it */
    char *name, *line;
} tfb_vcf_tag_t;

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_tag_run_t run;
    bcf_hdr_t *hdr; /* the reader's own, with our lines added: what parsing adds to it (contigs or tags that the file
                     * does not declare) must be known when the record is written */
    const char *in; /* name of the input in messages */
    tfb_vcf_tag_t *tag;
    int n_tags, n_stale, n_sets;
    /* by group: its tags are tag[first + s * n_in_set + k] for set s of n_sets (TFB_TAGS_OF_RECORD has one set) */
    int first[TFB_TAG_GROUPS], n_in_set[TFB_TAG_GROUPS], writes[TFB_TAG_GROUPS]; /* writes: is any of them written */
    char **reserved; /* with --tf: names that no TF's tag may have */
    void *names;     /* of all these, to find equal ones */
} tfb_vcf_header_t;

/* Chooses the tags of a run and adds their lines to hdr. Zero h first. open: of o->open, or NULL. Everything else stays
 * the caller's. Returns 0, or -1 (logged). */
int tfb_vcf_header_make(tfb_vcf_header_t *h, const tfb_vcf_opt_t *o, const tfb_panel_t *panel, tfb_open_t *open,
                        bcf_hdr_t *hdr, const char *in);
/* Returns the header to write: h->hdr, or a copy without the tags that are only removed, to be destroyed
 * by tfb_vcf_header_end. Returns NULL if memory runs out (logged). */
bcf_hdr_t *tfb_vcf_header_of_output(const tfb_vcf_header_t *h);
void tfb_vcf_header_end(const tfb_vcf_header_t *h, bcf_hdr_t *of_output);
void tfb_vcf_header_free(tfb_vcf_header_t *h);

#endif
