/* infer.h - scores windows with a trained model. Weights are folded and packed once, and shared by threads.
 *
 * In: base codes (B, W), 0..3 = A C G T, 4 = N.  Out: logits (B, T). */
#ifndef TFB_INFER_H
#define TFB_INFER_H

#include "kernels/low.h"
#include "nn/net.h"
#include "util/util.h"

/* Windows that are always scored together: this many of a list, beginning with a base window, can reuse
 * its activations. */
#define TFB_INFER_TOGETHER 72
/* SNVs of a position. */
#define TFB_SNVS 3

typedef struct tfb_infer_t tfb_infer_t;

typedef enum { TFB_STRAND_BOTH = 0, TFB_STRAND_FWD = 1, TFB_STRAND_REV = 2 } tfb_strand_t;

/* Prepares a network for scoring the given outputs (targets NULL: all of them, in order). net may be
 * destroyed afterwards. pool is used by tfb_infer_windows and must outlive the result; NULL = this thread
 * alone. Returns NULL on failure (logged). */
tfb_infer_t *tfb_infer_create(const tfb_net_t *net, const int *targets, int n_targets, tfb_pool_t *pool);
/* Does the same with products in low precision. most: see tfb_plan_create. */
tfb_infer_t *tfb_infer_create_low(const tfb_net_t *net, const int *targets, int n_targets, tfb_pool_t *pool,
                                  const tfb_low_t *low, const float *most);
/* For int8: raises most (n_layers) to the largest input of each layer's product in n windows (n, W) and their reverse
 * complements; -1 if an input is negative, for which int8 has no numbers. Returns 0, or -1 if memory runs out
 * (logged). */
int tfb_infer_largest(tfb_net_t *net, const uint8_t *code, int n, float *most);
/* Returns whether the network has products for which int8 needs these numbers. */
int tfb_infer_has_steps(const tfb_net_t *net);
void tfb_infer_destroy(tfb_infer_t *f);
/* Returns a second one with the same weights, for another thread. Only reads f, which must outlive the
 * result. Uses no pool. Returns NULL if memory runs out (logged). */
tfb_infer_t *tfb_infer_fork(const tfb_infer_t *f);
int tfb_infer_window(const tfb_infer_t *f);    /* W */
int tfb_infer_n_targets(const tfb_infer_t *f); /* T */

/* Scores n windows.
 *   code   (n, W) base codes
 *   base   n entries or NULL. base[i] = j < i: window i was derived from window j and probably differs
 *          from it in a few positions only, so that j's activations can be reused; -1 = unknown. j itself
 *          must have base -1. Results do not depend on it beyond float rounding.
 *   strand TFB_STRAND_BOTH averages the logits of the window and of its reverse complement
 *   z      (n, T) logits
 * The result does not depend on the number of threads. Returns 0, or -1 if memory runs out (logged). */
int tfb_infer_windows(tfb_infer_t *f, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand,
                      float *z);

/* Scores n windows of one stretch: code + at[i], at ascending. The same as tfb_infer_windows on each of
 * them, but windows that overlap share the convolutions over their common bases, as far as pooling gives
 * them the same phase: always in the first stage, and everywhere if at is a multiple of the product of all
 * pool widths apart. Windows of networks with padded convolutions share nothing. Writes z (n, T) logits.
 * Returns 0, or -1 if memory runs out (logged). */
int tfb_infer_stretch(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z);

/* Scores all SNVs of n positions of one stretch: position i is the middle base (W / 2) of the window code + at[i], at
 * ascending; it must be one of A, C, G, T. Writes z (n, 1 + TFB_SNVS, T): the logits of the window, and of the windows
 * with each of the other bases, in the order A C G T. The same as tfb_infer_windows on each of them but for rounding:
 * windows of neighbouring positions share their convolutions, and an SNV adds to them only what it changes. Results
 * depend neither on threads nor on what is scored together. Returns 0, or -1 if memory runs out (logged). */
int tfb_infer_snvs(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z);

/* 1 / (1 + exp(-z)) */
float tfb_sigmoid(float z);

#endif
