/* checkpoint.h - the state of a training run and its file. A stopped run that continues from the file gives the same
 * model bit for bit. */
#ifndef TFB_CHECKPOINT_H
#define TFB_CHECKPOINT_H

#include "train/fit.h"

enum { TFB_RUN_ID = 65 }; /* bytes of a run's identity: 64 hex digits and 0 */

typedef struct {
    tfb_net_t *net;          /* network in training; not owned */
    float *grad, *m, *v;     /* (n_param): gradients, Adam's moments */
    float *avg, *avg_stat;   /* running averages, or NULL */
    float *best, *best_stat; /* weights and statistics of the best epoch */
    int64_t step;            /* of Adam */
    int epoch, best_epoch;   /* epochs done */
    double best_loss, train_loss;
    int by_auprc;      /* the best epoch is that of the highest AUPRC, not of the lowest loss */
    double best_auprc; /* mean over targets; only if by_auprc */
} tfb_state_t;

/* Sets up a run that starts from net. average: keep a running average of the weights. 0, or -1 on lack of memory
 * (logged). Call tfb_state_free in either case. */
int tfb_state_init(tfb_state_t *s, tfb_net_t *net, int average);
void tfb_state_free(tfb_state_t *s);
/* Stores the network's weights as those of the best epoch. */
void tfb_state_keep_best(tfb_state_t *s);
/* Swaps the weights in training and their running average, if any. */
void tfb_state_swap_average(tfb_state_t *s);
/* Copies the state of rank 0 to all ranks: at the start, because only rank 0 reads the checkpoint, and after every
 * epoch, because different processors may round an update differently. */
void tfb_state_share(tfb_state_t *s);

/* Computes the digest of everything that affects the result of a run. A run resumes only from a checkpoint with the
 * same digest. */
void tfb_run_id(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_fit_opt_t *o, char id[TFB_RUN_ID]);
/* Writes the state to a file. 0 or -1 (logged). */
int tfb_checkpoint_save(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID]);
/* Reads it back. Returns 1 if loaded, 0 if there is no such file, -1 if the file cannot be used (logged). */
int tfb_checkpoint_load(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID]);

#endif
