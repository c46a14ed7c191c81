/* relate.h - which TFs to pre-train on for a target: ranks a labels file's TFs by the criteria of Novakovsky et al. */
#ifndef TFB_RELATE_H
#define TFB_RELATE_H

#include "genome/labels.h"
#include <stdint.h>

typedef enum {
    TFB_RELATE_CORRELATION, /* cosine of label columns, unresolved as 0 */
    TFB_RELATE_COFACTOR,    /* the same, but only TFs that share no binding mode with the target */
    TFB_RELATE_MODE,        /* TFs that share a binding mode, most bound regions first */
    TFB_RELATE_LEAST,       /* TFs that share a binding mode, least correlated first */
    TFB_RELATE_PARTNERS,    /* interaction partners, best score first */
    TFB_RELATE_RANDOM,
    TFB_RELATE_AUTO, /* TFs that share a binding mode, then all others; in either group the best correlated first */
} tfb_relate_by_t;

typedef struct {
    const char *labels, *target;
    tfb_relate_by_t by;
    const char *groups;       /* table TF -> binding mode, or a MEME file to cluster; NULL if `by` needs none */
    double mode_cut;          /* motifs at least this similar are one mode */
    const char *group_column; /* its column with the mode; NULL: chosen by name */
    const char *partners;     /* table of TF pairs with scores (STRING); NULL if `by` needs none */
    char *const *chroms;      /* use only regions on these contigs; NULL: all */
    int n_chroms;
    /* Returns whether to count a region; NULL: counts all. */
    int (*use)(void *arg, const tfb_region_t *r);
    void *arg;
    int64_t min_bound; /* skip TFs with fewer bound regions */
    uint64_t seed;
} tfb_relate_opt_t;

typedef struct {
    char *tf;                /* owned */
    int64_t n_bound, n_both; /* regions bound by this TF; by this TF and the target */
    double cosine;
    int same_mode;  /* 1 yes, 0 no, -1 not known */
    double partner; /* score of the interaction; 0: none known */
    double key;     /* sort key, larger first */
    int column;     /* column of the labels file; breaks ties */
} tfb_related_t;

/* Returns all TFs that meet the criterion, best first; ties keep the order of the labels file. Writes their number to
 * *n and the number of the target's bound regions to *target_bound. Free with tfb_relate_free. NULL on failure
 * (logged). */
tfb_related_t *tfb_relate(const tfb_relate_opt_t *o, int *n, int64_t *target_bound);
void tfb_relate_free(tfb_related_t *r, int n);

#endif
