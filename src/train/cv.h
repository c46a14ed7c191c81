/* cv.h - cross-validation: measures of a model on regions that it was not trained on. */
#ifndef TFB_CV_H
#define TFB_CV_H

#include "train/fit.h"

typedef struct {
    const tfb_examples_t *ex;
    const uint8_t *part; /* (ex->n): training regions are dealt to the folds; those of validation choose every epoch */
    int folds;
    tfb_fit_opt_t fit; /* checkpoint, curves and identity are ignored */
    /* makes a network to train on such a split, owned by the caller; NULL on failure (logged) */
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

/* Trains `folds` networks, each without one fold of the training regions, and scores each region with the one that has
 * not seen it. Folds are whole contigs if there are enough of them with bound regions (*by_contig: 1), else random
 * regions. scores (targets of ex) gets measures with bootstrap intervals, NaN if there are fewer bound or
 * unbound regions than folds. 0, or -1 (logged; also if a signal came). */
int tfb_cv(const tfb_cv_opt_t *o, tfb_scores_t *scores, int *by_contig);

/* Measures with bootstrap intervals of logits z (n, T) of target t, whose labels label (n) has. 0, or -1 (logged). */
int tfb_scores(const float *z, int T, int t, const uint8_t *label, int64_t n, uint64_t seed, tfb_scores_t *s);
/* Does the interval of AUPRC include what guessing gives, the share of bound regions, or is there none? */
int tfb_scores_say_nothing(const tfb_scores_t *s);

#endif
