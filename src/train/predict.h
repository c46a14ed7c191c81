/* predict.h - scores labelled examples with a network, for validation during training and for the metrics recorded
 * after it. */
#ifndef TFB_PREDICT_H
#define TFB_PREDICT_H

#include "genome/labels.h"
#include "nn/panel.h"
#include "train/batch.h"

/* AUPRC needs at least this many bound and this many unbound regions of a target. */
enum { TFB_AUPRC_REGIONS = 10 };

/* Validation results by target. */
typedef struct {
    int strands;   /* items per region, 1 or 2; both strands of a region are neighbours */
    double *loss;  /* (T) receives the mean loss over resolved labels; NaN: there are none */
    double *auprc; /* (T) receives the AUPRC over regions, from the mean logit of their strands; NaN: too few */
} tfb_by_target_t;

/* Writes the logits of examples idx[0..n_idx) to z (n_idx, T). 0 or -1 (logged). */
int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                tfb_pool_t *pool, float *z);
/* Does the same with the targets of a panel. */
int tfb_predict_panel(tfb_panel_t *p, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                      tfb_pool_t *pool, float *z);
/* Writes the mean loss over the items to *loss; each strand is a separate example. Every rank scores its share, and all
 * get the same result. weight: of targets, or NULL. 0 or -1 (logged). */
int tfb_predict_loss(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                     const float *weight, tfb_pool_t *pool, double *loss);
/* Does the same, and writes the results by target to *by (NULL: not needed). */
int tfb_predict_targets(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                        const float *weight, tfb_pool_t *pool, double *loss, const tfb_by_target_t *by);
/* Returns the mean of those of the n numbers x that are not NaN, NaN if all are. Writes their number to *n_known (NULL:
 * not needed). */
double tfb_mean_known(const double *x, int n, int *n_known);

#endif
