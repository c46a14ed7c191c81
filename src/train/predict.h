/* predict.h - scoring of labelled examples with a network: for validation during training, and for what is recorded
 * after it. */
#ifndef TFB_PREDICT_H
#define TFB_PREDICT_H

#include "genome/labels.h"
#include "nn/infer.h"
#include "train/batch.h"

/* AUPRC is of targets with at least so many bound and so many unbound regions. */
enum { TFB_AUPRC_REGIONS = 10 };

/* What validation finds of each target. */
typedef struct {
    int strands;   /* of each region among the items, 1 or 2; both are neighbours */
    double *loss;  /* (T) gets the mean loss over resolved labels; NaN: there are none */
    double *auprc; /* (T) gets the AUPRC over regions, each with its strands' mean logit; NaN: too few regions */
} tfb_by_target_t;

/* Logits z (n_idx, T) of examples idx[0..n_idx). 0 or -1 (logged). */
int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                tfb_pool_t *pool, float *z);
/* *loss gets the mean loss over the items, each strand an example of its own; every rank scores its share, and all get
 * the same result. weight: of targets, or NULL. 0 or -1 (logged). */
int tfb_predict_loss(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                     const float *weight, tfb_pool_t *pool, double *loss);
/* The same, and what it finds of each target (by NULL: not needed). */
int tfb_predict_targets(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                        const float *weight, tfb_pool_t *pool, double *loss, const tfb_by_target_t *by);
/* Returns the mean of the n numbers x that are not NaN, NaN if all are; *n_known (or NULL) gets their number. */
double tfb_mean_known(const double *x, int n, int *n_known);

#endif
