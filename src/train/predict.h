/* predict.h - scoring of labelled examples with a network: for validation during training, and for what is recorded
 * after it. */
#ifndef TFB_PREDICT_H
#define TFB_PREDICT_H

#include "genome/labels.h"
#include "nn/infer.h"
#include "train/batch.h"

/* Logits z (n_idx, T) of examples idx[0..n_idx). 0 or -1 (logged). */
int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                tfb_pool_t *pool, float *z);
/* The same with a network that has been made ready: logits of its outputs. */
int tfb_predict_by(tfb_infer_t *f, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                   tfb_pool_t *pool, float *z);
/* *loss gets the mean loss over the items, each strand an example of its own; every rank scores its share, and all get
 * the same result. weight: of targets, or NULL. 0 or -1 (logged). */
int tfb_predict_loss(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                     const float *weight, tfb_pool_t *pool, double *loss);

#endif
