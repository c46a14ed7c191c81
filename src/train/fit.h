/* fit.h - the training loop: examples + network -> the network of the epoch with the lowest validation loss.
 *
 * Loss: binary cross-entropy with logits, the mean over resolved labels of a batch. Adam as PyTorch's. Both strands of
 * every training and validation region are examples. The result is a function of the seed, never of the number of
 * threads; nor, but for rounding, of how many ranks (ranks.h) share a batch. */
#ifndef TFB_FIT_H
#define TFB_FIT_H

#include "genome/labels.h"
#include "nn/net.h"
#include "train/augment.h"
#include "util/util.h"

typedef enum { TFB_RATE_CONSTANT = 0, TFB_RATE_COSINE = 1, TFB_RATE_LINEAR = 2, TFB_RATE_ONE_CYCLE = 3 } tfb_schedule_t;

typedef struct {
    double rate;             /* learning rate */
    tfb_schedule_t schedule; /* constant, or down to (almost) nothing at the last step, by a half cosine or a line */
    int epochs;
    int batch;      /* examples a step and rank */
    uint64_t seed;  /* of the order of examples and of dropout */
    int one_strand; /* leave out the reverse complements */
    double average; /* decay of the running average of weights per step (0 = off): what is validated and kept */
    double balance; /* weight of a target in the loss: (most bound regions of any / its own)^balance; 0 = all alike */
    tfb_augment_t augment; /* changes to training windows; all 0: none */
    int clean;             /* the last epochs, which train on windows as they are */
    double warmup;         /* share of the steps during which the rate rises from 0 */
    const float *weights;  /* further weights of targets in the loss, times those of balance; or NULL */
    double decay;    /* weight decay, decoupled from the gradient (Loshchilov and Hutter 2019): w -= rate * decay * w */
    int head_epochs; /* in so many first epochs only the last layer is trained */
    double depth_rate; /* the rate of a layer with weights, as a part of that of the one above; 0: all alike */
    double l2sp;       /* decay of the layers below the last towards their weights at the start, decoupled as decay */
    int patience;      /* stop after so many epochs without a lower validation loss; 0: never */
    const char *precision; /* of products, NULL: float32; here only a part of the checkpoint's identity */
    const uint8_t *frozen; /* per layer, or NULL */
    tfb_pool_t *pool;
    const char *checkpoint; /* file written after every epoch, or NULL */
    int resume;             /* continue from the checkpoint if it exists */
    const char *identity;   /* what a checkpoint must agree with: anything that would change the result */
} tfb_fit_opt_t;

typedef struct {
    int best_epoch, epochs_run; /* 1-based; 0 = none */
    double best_loss,
        train_loss; /* validation loss of the best epoch (NaN: no validation regions); training loss of the last one */
    double per_second; /* examples (strands counted) of training a second, over the whole run */
    int interrupted;   /* stopped by a signal: the net holds the best epoch so far */
} tfb_fit_report_t;

/* Trains net in place on the examples i with part[i] == TFB_TRAIN; those with TFB_VALID decide which epoch is kept
 * (without any: the last one). Other ranks train together with this one and must have the same examples and options.
 * Logs one line an epoch. 0, or -1 (logged). */
int tfb_fit(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_fit_opt_t *opt,
            tfb_fit_report_t *report);

/* From now on Ctrl-C and SIGTERM stop the loop after the current step, with everything up to the last epoch saved. */
void tfb_fit_catch_signals(void);

#endif
