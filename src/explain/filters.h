/* filters.h - what the first-layer filters of a trained network detect, and how much they matter to each
 * target.
 *
 * Works for every network that begins with a convolution. A filter's activation is the convolution's
 * output after all layers that keep positions apart (batch norm, ReLU), that is, the input of the first
 * pooling. */
#ifndef TFB_FILTERS_H
#define TFB_FILTERS_H

#include "genome/labels.h"
#include "genome/meme.h"
#include "nn/model.h"

typedef enum {
    TFB_USE_CORRECT, /* regions whose resolved labels are all predicted right (probability above 0.5 = bound) */
    TFB_USE_BOUND,   /* regions among these that at least one target binds */
    TFB_USE_ALL
} tfb_use_t;

/* Regions that importance is measured on. Silencing a filter changes little if the target is not predicted
 * anyway, which is true of most regions. */
typedef enum {
    TFB_ON_USED,  /* those used for the motifs, as in the paper */
    TFB_ON_BOUND, /* bound and predicted bound by any target */
    TFB_ON_OWN    /* for each target those bound and predicted bound by itself */
} tfb_on_t;

typedef struct {
    tfb_use_t use;
    const uint8_t *only; /* (n): 1 for the examples to use, e.g. another scan's `used`; overrides use and ignores
                            targets. May be NULL */
    double threshold;    /* fraction of a filter's greatest activation that makes a site; 0.5 in the paper */
    tfb_on_t on;
    int64_t n_importance; /* number of these regions to use, evenly drawn (TFB_ON_OWN: per target); 0 = do not measure
                             importance */
    int n_top; /* number of most important filters per target whose sites in the target's own regions are collected;
                  needs importance */
} tfb_filters_opt_t;

typedef struct {
    int F, K, T;          /* filters, their width, the model's targets */
    int64_t n_used;       /* regions used */
    int64_t n_importance; /* regions importance was measured on */
    int64_t *n_measured;  /* (T): of these, the ones that count for the target; NULL = not collected */
    uint8_t *used;        /* (n of the examples): 1 = used */
    int64_t *n_sites;     /* (F) */
    float *most;          /* (F): greatest activation */
    float *pfm;           /* (F, K, 4): base frequencies of the sites; 0.25 if there are none */
    double *importance;   /* (F, T): mean squared change of the probability when the filter's activation is set to 0 (0
                             without regions); NULL = not collected */

    /* each target's own regions are those bound and predicted bound (n_own of them); these are the sites
     * of its n_top filters there */
    int n_top;
    int64_t *n_own;     /* (T) */
    int *top;           /* (T, n_top): filters, the most important first */
    int64_t *own_sites; /* (T, n_top) */
    float *own_pfm;     /* (T, n_top, K, 4) */
} tfb_filters_t;

/* Scans the examples, which must have the model's window. Finds their targets in the model by name.
 * Borrows pool. Returns NULL on failure (logged). The result does not depend on the number of threads. */
tfb_filters_t *tfb_filters_scan(const tfb_model_t *m, const tfb_examples_t *ex, const tfb_filters_opt_t *opt,
                                tfb_pool_t *pool);
void tfb_filters_destroy(tfb_filters_t *f);
/* Returns the motifs of filters with sites, named `filter0`, `filter1`, ...; NULL if memory runs out
 * (logged). */
tfb_motifs_t *tfb_filters_motifs(const tfb_filters_t *f);
/* Returns the Pearson correlation of two filters' frequencies about 0.25, compared position by position
 * without shifting; 0 if either has no sites. */
double tfb_filters_similarity(const tfb_filters_t *a, int i, const tfb_filters_t *b, int j);
/* Writes one letter per position: the base with at least half of the sites, else n. text has w + 1
 * characters. */
void tfb_filters_consensus(const float *pfm, int w, char *text);

#endif
