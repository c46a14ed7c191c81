/* sample.h - draws the training examples of an epoch so that bound regions of all TFs occur more evenly. */
#ifndef TFB_SAMPLE_H
#define TFB_SAMPLE_H

#include "genome/labels.h"
#include "train/batch.h"
#include "util/util.h"

/* Returns weights of the training examples in their order, to be freed. The weight of an example is the largest
 * (1 / bound training regions of a TF)^balance of all TFs that bind it, scaled so that the mean over bound examples is
 * 1. An example that no TF binds has weight 1. A TF with fewer than TFB_SAMPLE_FEW bound regions counts as having that
 * many. All ranks must call it. NULL on lack of memory (logged). */
double *tfb_sample_weights(const tfb_examples_t *ex, const uint8_t *part, double balance);
enum { TFB_SAMPLE_FEW = 30 };

/* Draws n items from all (n; the `strands` items of an example are neighbours) and keeps their order. An item is drawn
 * weight * n / (sum of all weights) times, rounded up or down at random. */
void tfb_sample(tfb_rng_t *rng, const double *weight, int strands, const tfb_item_t *all, size_t n, tfb_item_t *item);

#endif
