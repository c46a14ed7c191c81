/* training.h - what pretrain and finetune share: options of the data and of training, and the run from data that are
 * read to a file that is written. */
#ifndef TFB_TRAINING_H
#define TFB_TRAINING_H

#include "nn/model.h"
#include "train/fit.h"

typedef struct {
    const char *fasta, *labels, *chroms, *valid, *test, *weights, *out;
    int half, threads;
    int claimed;       /* the caller has claimed out (tfb_run_claim) */
    int64_t regions;   /* 0: all */
    tfb_fit_opt_t fit; /* what options say; the rest is for tfb_training_run */
} tfb_training_t;

enum {
    TFB_TRAINING_CHROMS = 512,
    TFB_TRAINING_VALID,
    TFB_TRAINING_TEST,
    TFB_TRAINING_REGIONS,
    TFB_TRAINING_RATE,
    TFB_TRAINING_SCHEDULE,
    TFB_TRAINING_AVERAGE,
    TFB_TRAINING_BALANCE,
    TFB_TRAINING_WEIGHTS,
    TFB_TRAINING_DECAY,
    TFB_TRAINING_ONE_STRAND,
    TFB_TRAINING_PRECISION,
    TFB_TRAINING_SEED,
    TFB_TRAINING_RESUME,
    TFB_TRAINING_HALF,
    TFB_TRAINING_AUGMENT,
    TFB_TRAINING_CLEAN,
    TFB_TRAINING_WARMUP,
    TFB_TRAINING_PATIENCE
};
/* The last rows of a command's table of options, and their letters; -h is the command's own. */
#define TFB_TRAINING_LETTERS "f:l:e:b:o:@:v:h"
#define TFB_TRAINING_OPTIONS                                                                               \
    {"fasta-ref", 1, NULL, 'f'}, {"labels", 1, NULL, 'l'}, {"chroms", 1, NULL, TFB_TRAINING_CHROMS},       \
        {"valid", 1, NULL, TFB_TRAINING_VALID}, {"test", 1, NULL, TFB_TRAINING_TEST},                      \
        {"regions", 1, NULL, TFB_TRAINING_REGIONS}, {"epochs", 1, NULL, 'e'}, {"batch", 1, NULL, 'b'},     \
        {"rate", 1, NULL, TFB_TRAINING_RATE}, {"schedule", 1, NULL, TFB_TRAINING_SCHEDULE},                \
        {"average", 1, NULL, TFB_TRAINING_AVERAGE}, {"balance", 1, NULL, TFB_TRAINING_BALANCE},            \
        {"weights", 1, NULL, TFB_TRAINING_WEIGHTS}, {"decay", 1, NULL, TFB_TRAINING_DECAY},                \
        {"one-strand", 0, NULL, TFB_TRAINING_ONE_STRAND}, {"precision", 1, NULL, TFB_TRAINING_PRECISION},  \
        {"seed", 1, NULL, TFB_TRAINING_SEED}, {"resume", 0, NULL, TFB_TRAINING_RESUME},                    \
        {"half", 0, NULL, TFB_TRAINING_HALF}, {"augment", 1, NULL, TFB_TRAINING_AUGMENT},                  \
        {"clean", 1, NULL, TFB_TRAINING_CLEAN}, {"warmup", 1, NULL, TFB_TRAINING_WARMUP},                  \
        {"patience", 1, NULL, TFB_TRAINING_PATIENCE}, {"output", 1, NULL, 'o'}, {"threads", 1, NULL, '@'}, \
        {"verbosity", 1, NULL, 'v'}, {"help", 0, NULL, 'h'},                                               \
    {                                                                                                      \
        NULL, 0, NULL, 0                                                                                   \
    }
/* Takes option c with its value: 0, or 1 where it is none of the above or its value is wrong (logged; getopt logs what
 * it does not know). */
int tfb_training_option(tfb_training_t *t, int c, const char *value);

/* What is trained, and on what. All owned. */
typedef struct {
    char **targets, **chroms; /* as asked for; NULL: all */
    tfb_examples_t *ex;
    uint8_t *part; /* (ex->n): TFB_TRAIN, ... */
    float *weights;
    tfb_net_t *net;
    uint8_t *frozen; /* (layers), or NULL */
    int64_t n[4];    /* regions of each part */
} tfb_training_data_t;

/* Examples of the targets in list (NULL: all; see tfb_cmd_list), their weights, and room for their split. window 0:
 * that of the labels. 0, or -1 (logged). */
int tfb_training_load(const tfb_training_t *t, const char *list, int complete, int window, tfb_training_data_t *d);
/* Counts the parts and says how large they are; nothing to train on is for the caller to say. */
void tfb_training_count(tfb_training_data_t *d);
/* Warns of targets that cannot be learnt, since no training region is resolved, bound or unbound for them. 0, or -1
 * (logged): that is so of all of them. */
int tfb_training_check_targets(const tfb_training_data_t *d);
void tfb_training_free(tfb_training_data_t *d);

/* Trains d->net and writes the model. identity: what a checkpoint must agree with; describe(arg, m) adds to the model
 * what the command knows of it (0 or -1); argv: recorded. 0, or -1 (logged). */
int tfb_training_run(tfb_training_t *t, tfb_training_data_t *d, const char *identity,
                     int (*describe)(void *arg, tfb_model_t *m), void *arg, int argc, char **argv);

#endif
