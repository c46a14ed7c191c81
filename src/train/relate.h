/* relate.h - which TFs to pre-train on for a target: ranks a labels file's TFs by the criteria of Novakovsky et al. */
#ifndef TFB_RELATE_H
#define TFB_RELATE_H

#include "genome/labels.h"
#include <stdint.h>

typedef enum {
    TFB_RELATE_CORRELATION, /* cosine of label columns, unresolved as 0 */
    TFB_RELATE_COFACTOR,    /* the same, without TFs that share a binding mode with the target */
    TFB_RELATE_MODE,        /* TFs that share a binding mode, most bound regions first */
    TFB_RELATE_LEAST,       /* of those, the least correlated first */
    TFB_RELATE_PARTNERS,    /* interaction partners, best score first */
    TFB_RELATE_RANDOM,
    TFB_RELATE_AUTO, /* TFs that share a binding mode, then all others; in either group the best correlated first */
} tfb_relate_by_t;

typedef struct {
    const char *labels, *target;
    tfb_relate_by_t by;
    const char *groups;       /* table TF -> binding mode, or MEME motifs to be clustered; NULL where by needs none */
    double mode_cut;          /* similarity from which on motifs are of one mode */
    const char *group_column; /* its column with the mode, NULL: found out */
    const char *partners;     /* table of TF pairs with scores (STRING), likewise */
    char *const *chroms;      /* NULL: all; else only regions of these contigs count */
    int n_chroms;
    /* counts only regions for which it returns 1; NULL: all */
    int (*use)(void *arg, const tfb_region_t *r);
    void *arg;
    int64_t min_bound; /* TFs with fewer bound regions are left out */
    uint64_t seed;
} tfb_relate_opt_t;

typedef struct {
    char *tf;                /* owned */
    int64_t n_bound, n_both; /* regions bound by it; by it and the target */
    double cosine;
    int same_mode;  /* 1 yes, 0 no, -1 not known */
    double partner; /* score, 0 = no known interaction */
    double key;     /* what it is ranked by: larger first */
    int column;     /* of the labels: decides ties */
} tfb_related_t;

/* All TFs that meet the criterion, best first (ties in the order of the labels). *n gets their number, *target_bound
 * the target's bound regions. NULL on failure (logged); release with tfb_relate_free. */
tfb_related_t *tfb_relate(const tfb_relate_opt_t *o, int *n, int64_t *target_bound);
void tfb_relate_free(tfb_related_t *r, int n);

#endif
