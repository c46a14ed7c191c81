/* cv.h - cross-validation: measures of a model on regions that it was not trained on. */
#ifndef TFB_CV_H
#define TFB_CV_H

#include "train/fit.h"

typedef struct {
    const tfb_examples_t *ex;
    const uint8_t *part; /* (ex->n): training regions are split into folds; validation regions select every epoch */
    int folds;
    tfb_fit_opt_t fit; /* checkpoint, curves and identity are ignored */
    /* Returns a network to train on this split, owned by the caller. NULL on failure (logged). */
    tfb_net_t *(*make)(void *arg, const uint8_t *part);
    void *arg;
} tfb_cv_opt_t;

/* A measure with its 95 % interval; NaN if there are too few regions. */
typedef struct {
    double value, low, high;
} tfb_interval_t;

typedef struct {
    int64_t n, n_bound;
    tfb_interval_t auroc, auprc, mcc;
} tfb_scores_t;

/* Trains `folds` networks, each without one fold of the training regions, and scores each region with the network that
 * was not trained on it. Folds are whole contigs if enough of them have bound regions (*by_contig: 1), else random
 * regions. Writes measures with bootstrap intervals to scores (targets of ex), NaN if there are fewer bound or unbound
 * regions than folds. 0, or -1 (logged, also after a signal). */
int tfb_cv(const tfb_cv_opt_t *o, tfb_scores_t *scores, int *by_contig);

/* Measures logits z (n, T) of target t against label (n), with bootstrap intervals. 0, or -1 (logged). */
int tfb_scores(const float *z, int T, int t, const uint8_t *label, int64_t n, uint64_t seed, tfb_scores_t *s);
/* Returns whether the interval of AUPRC includes that of guessing, the share of bound regions, or there is none. */
int tfb_scores_say_nothing(const tfb_scores_t *s);

#endif
