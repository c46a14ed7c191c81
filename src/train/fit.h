/* fit.h - the training loop, which keeps the network of the best epoch.
 *
 * The loss is binary cross-entropy with logits, averaged over the resolved labels of a batch. Adam is PyTorch's. Both
 * strands of every training and validation region are examples. The result depends on the seed, but not on the number
 * of threads. The number of ranks (ranks.h) that share a batch changes it only by rounding. */
#ifndef TFB_FIT_H
#define TFB_FIT_H

#include "genome/labels.h"
#include "nn/net.h"
#include "train/augment.h"
#include "train/teach.h"
#include "util/util.h"

typedef enum { TFB_RATE_CONSTANT = 0, TFB_RATE_COSINE = 1, TFB_RATE_LINEAR = 2, TFB_RATE_ONE_CYCLE = 3 } tfb_schedule_t;

/* Which epoch to keep: the one with the lowest validation loss or the highest mean validation AUPRC. */
typedef enum { TFB_SELECT_LOSS = 0, TFB_SELECT_AUPRC = 1 } tfb_select_t;

typedef struct {
    double rate;             /* learning rate */
    tfb_schedule_t schedule; /* learning rate over the run */
    int epochs;
    int batch;             /* examples per step and rank */
    uint64_t seed;         /* for the order of examples and dropout */
    int one_strand;        /* leave out the reverse complements */
    double average;        /* decay per step of a running average of the weights, which is validated and kept; 0: off */
    double balance;        /* weight of a target in the loss: (most bound regions of any / its own)^balance; 0: equal */
    double task_balance;   /* draws examples of rare targets more often (sample.h); 0: every example once per epoch */
    tfb_augment_t augment; /* changes to training windows; all 0: none */
    tfb_select_t select;
    int clean;                /* number of last epochs that train on unchanged windows */
    double warmup;            /* share of the steps during which the rate rises from 0 */
    const float *weights;     /* more weights of targets in the loss, multiplied by those of balance; or NULL */
    tfb_teachers_t *teachers; /* models to learn from in addition to the labels, or NULL; borrowed */
    double hard;              /* with teachers: the labels' share of the loss */
    double smooth;            /* moves what is learnt from, y, to (1 - smooth) * y + smooth / 2 */
    double decay;    /* weight decay, decoupled from the gradient (Loshchilov and Hutter 2019): w -= rate * decay * w */
    int head_epochs; /* number of first epochs that train only the last layer */
    double depth_rate; /* rate of a layer with weights / rate of the next one above; 0: equal rates */
    double l2sp;       /* decay of the layers below the last towards their weights at the start, decoupled as decay */
    int patience;      /* stop after this many epochs without a better one; 0: never */
    const char *precision; /* of matrix products; NULL: float32. Used here only in the identity of the checkpoint */
    const uint8_t *frozen; /* per layer, or NULL */
    tfb_pool_t *pool;
    const char *checkpoint; /* file written after every epoch, or NULL */
    const char *curves;     /* table of learning curves, FILE.tsv, written after every epoch; or NULL */
    int resume;             /* continue from the checkpoint, if any */
    const char *identity;   /* other settings that change the result; part of the checkpoint's identity */
} tfb_fit_opt_t;

typedef struct {
    int best_epoch, epochs_run; /* 1-based; 0 = none */
    double best_loss,
        train_loss; /* validation loss of the best epoch (NaN: no validation regions); training loss of the last one */
    double best_auprc; /* mean AUPRC of the best epoch (see TFB_AUPRC_REGIONS); NaN unless it selects the epoch */
    double per_second; /* training examples (each strand counts) per second, over the whole run */
    int interrupted;   /* stopped by a signal; the network has the weights of the best epoch so far */
} tfb_fit_report_t;

/* Trains net in place on the examples i with part[i] == TFB_TRAIN. Those with TFB_VALID select the epoch to keep; if
 * there are none, the last epoch is kept. All ranks must call it with the same examples and options. Logs one line per
 * epoch. 0, or -1 (logged). */
int tfb_fit(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_fit_opt_t *opt,
            tfb_fit_report_t *report);

/* Makes Ctrl-C and SIGTERM stop the loop after the current step. The checkpoint has everything up to the last epoch. */
void tfb_fit_catch_signals(void);

#endif
