/* checkpoint.h - the state of a training run, and its file, from which a run that was stopped continues with the same
 * bits. */
#ifndef TFB_CHECKPOINT_H
#define TFB_CHECKPOINT_H

#include "train/fit.h"

enum { TFB_RUN_ID = 65 }; /* bytes of a run's identity: 64 hex digits and 0 */

typedef struct {
    tfb_net_t *net;          /* weights in training; not owned */
    float *grad, *m, *v;     /* (n_param): gradients, Adam's moments */
    float *avg, *avg_stat;   /* running averages, or NULL */
    float *best, *best_stat; /* of the best epoch */
    int64_t step;            /* Adam's */
    int epoch, best_epoch;   /* epochs done */
    double best_loss, train_loss;
    int by_auprc;      /* the best epoch is that of the highest AUPRC, not of the lowest loss */
    double best_auprc; /* mean over targets; only if by_auprc */
} tfb_state_t;

/* Sets up a run that begins with net as it is; average: with a running average of the weights. 0, or -1 on lack of
 * memory (logged); free it in either case. */
int tfb_state_init(tfb_state_t *s, tfb_net_t *net, int average);
void tfb_state_free(tfb_state_t *s);
/* Keeps the network's weights as those of the best epoch so far. */
void tfb_state_keep_best(tfb_state_t *s);
/* Exchanges the weights in training and their running average, if there is one. */
void tfb_state_swap_average(tfb_state_t *s);
/* All ranks get rank 0's: at the start, as only rank 0 has read the checkpoint, and after every epoch, as processors of
 * different kinds may have rounded an update differently. */
void tfb_state_share(tfb_state_t *s);

/* Computes the digest of all that decides the result of a run: a checkpoint continues only a run with the same. */
void tfb_run_id(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_fit_opt_t *o, char id[TFB_RUN_ID]);
/* Writes the state to a file. 0 or -1 (logged). */
int tfb_checkpoint_save(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID]);
/* Reads it back. 1 loaded, 0 there is no such file, -1 the file cannot be used (logged). */
int tfb_checkpoint_load(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID]);

#endif
