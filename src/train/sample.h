/* sample.h - which training examples an epoch has, if TFs are to be met bound more evenly. */
#ifndef TFB_SAMPLE_H
#define TFB_SAMPLE_H

#include "genome/labels.h"
#include "train/batch.h"
#include "util/util.h"

/* Returns weights of the training examples in their order, to be freed. An example weighs the largest (1 / bound
 * training regions of a TF)^balance of the TFs that it is bound by, scaled so that the mean over bound examples is 1;
 * one that no TF binds weighs 1. Fewer than TFB_SAMPLE_FEW bound regions count as so many. All ranks call it. NULL on
 * lack of memory (logged). */
double *tfb_sample_weights(const tfb_examples_t *ex, const uint8_t *part, double balance);
enum { TFB_SAMPLE_FEW = 30 };

/* Draws n items from all (n, of which each example has `strands` neighbours), in their order: an item is drawn as often
 * as its weight times n / sum of the weights, rounded up or down at random. */
void tfb_sample(tfb_rng_t *rng, const double *weight, int strands, const tfb_item_t *all, size_t n, tfb_item_t *item);

#endif
