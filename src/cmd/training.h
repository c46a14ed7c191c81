/* training.h - what pretrain and finetune share: options for data and training, loading, and the training run. */
#ifndef TFB_TRAINING_H
#define TFB_TRAINING_H

#include "nn/model.h"
#include "train/fit.h"

typedef struct {
    const char *fasta, *labels, *chroms, *valid, *test, *weights, *out;
    const char *unlabelled; /* BED of windows without labels, or NULL */
    int half, threads;
    int64_t regions;   /* 0: all */
    tfb_fit_opt_t fit; /* as set by the options; tfb_training_run fills in the rest */
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
    TFB_TRAINING_SELECT,
    TFB_TRAINING_CURVES,
    TFB_TRAINING_TASK_BALANCE,
    TFB_TRAINING_PATIENCE
};
/* The short options, and the last rows of a command's option table. The command handles -h itself. */
#define TFB_TRAINING_LETTERS "f:l:e:b:o:@:v:h"
#define TFB_TRAINING_OPTIONS                                                                                      \
    {"fasta-ref", 1, NULL, 'f'}, {"labels", 1, NULL, 'l'}, {"chroms", 1, NULL, TFB_TRAINING_CHROMS},              \
        {"valid", 1, NULL, TFB_TRAINING_VALID}, {"test", 1, NULL, TFB_TRAINING_TEST},                             \
        {"regions", 1, NULL, TFB_TRAINING_REGIONS}, {"epochs", 1, NULL, 'e'}, {"batch", 1, NULL, 'b'},            \
        {"rate", 1, NULL, TFB_TRAINING_RATE}, {"schedule", 1, NULL, TFB_TRAINING_SCHEDULE},                       \
        {"average", 1, NULL, TFB_TRAINING_AVERAGE}, {"balance", 1, NULL, TFB_TRAINING_BALANCE},                   \
        {"weights", 1, NULL, TFB_TRAINING_WEIGHTS}, {"decay", 1, NULL, TFB_TRAINING_DECAY},                       \
        {"one-strand", 0, NULL, TFB_TRAINING_ONE_STRAND}, {"precision", 1, NULL, TFB_TRAINING_PRECISION},         \
        {"seed", 1, NULL, TFB_TRAINING_SEED}, {"resume", 0, NULL, TFB_TRAINING_RESUME},                           \
        {"half", 0, NULL, TFB_TRAINING_HALF}, {"augment", 1, NULL, TFB_TRAINING_AUGMENT},                         \
        {"clean", 1, NULL, TFB_TRAINING_CLEAN}, {"warmup", 1, NULL, TFB_TRAINING_WARMUP},                         \
        {"select", 1, NULL, TFB_TRAINING_SELECT}, {"curves", 1, NULL, TFB_TRAINING_CURVES},                       \
        {"task-balance", 1, NULL, TFB_TRAINING_TASK_BALANCE}, {"patience", 1, NULL, TFB_TRAINING_PATIENCE},       \
        {"output", 1, NULL, 'o'}, {"threads", 1, NULL, '@'}, {"verbosity", 1, NULL, 'v'}, {"help", 0, NULL, 'h'}, \
    {                                                                                                             \
        NULL, 0, NULL, 0                                                                                          \
    }
/* Lines of usage text that all training commands have. Their own rate, options of layers and seed come between. */
#define TFB_USAGE_BATCH "  -b, --batch INT          examples per step and process [100]\n"
#define TFB_USAGE_STEPS                                                                                   \
    "      --schedule NAME      learning rate over the run: constant, cosine, linear (down to 0) or\n"    \
    "                           one-cycle (up, then down) [constant]\n"                                   \
    "      --warmup FLOAT       share of the steps in which the rate rises from 0 [0; one-cycle: 0.3]\n"  \
    "      --augment LIST       random changes to training windows, any of\n"                             \
    "                           shift=20,mutate=0.05,insert=20,delete=30,noise=0.2 [none]\n"              \
    "      --clean INT          number of last epochs that train on unchanged windows [0]\n"              \
    "      --average FLOAT      validate and keep a running average of the weights; FLOAT is its decay\n" \
    "                           per step [0: no average]\n"                                               \
    "      --balance FLOAT      give each TF the weight (bound regions of the most frequent TF / its\n"   \
    "                           bound regions)^FLOAT in the loss [0: equal weights]\n"                    \
    "      --task-balance FLOAT draw regions of TFs with few bound regions more often: from 0 (every\n"   \
    "                           region once per epoch) to 1 (most evenly) [0]\n"                          \
    "      --weights FILE       more weights of TFs in the loss, e.g. for TFs that are hard to learn;\n"  \
    "                           each line: TF, tab, weight [1]\n"                                         \
    "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
#define TFB_USAGE_RUN                                                                                     \
    "      --select NAME        epoch to keep: the one with the lowest validation loss (loss) or the\n"   \
    "                           highest validation AUPRC (auprc), averaged over TFs with at least 10\n"   \
    "                           bound and 10 unbound validation regions [loss]\n"                         \
    "      --patience INT       stop after this many epochs without a better one [0: never]\n"            \
    "      --one-strand         do not add the reverse complements\n"                                     \
    "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice\n" \
    "                           as fast) [float32]\n"                                                     \
    "      --resume             continue from OUT.ckpt, which is written after every epoch\n"             \
    "Output\n"                                                                                            \
    "  -o, --output FILE        model of the epoch that --select chooses\n"                               \
    "      --curves FILE.tsv    write losses and AUPRC of every TF after every epoch, and draw them in\n" \
    "                           FILE.svg\n"                                                               \
    "      --half               store weights as float16\n"                                               \
    "  -@, --threads INT        threads of this process; they do not change the result [all\n"            \
    "                           processors, or its share of them]\n"                                      \
    "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"                                   \
    "  -h, --help               print this text\n"
/* Sets option c to value. Returns 0, or 1 if c is none of the above (not logged) or the value is wrong (logged). */
int tfb_training_option(tfb_training_t *t, int c, const char *value);

/* The network to train and its data. All owned. */
typedef struct {
    char **targets, **chroms; /* as given by the options; NULL: all */
    tfb_examples_t *ex;
    uint8_t *part; /* (ex->n): TFB_TRAIN, ... */
    float *weights;
    tfb_net_t *net;
    uint8_t *frozen; /* (layers), or NULL */
    int64_t n[4];    /* regions of each part */
} tfb_training_data_t;

/* Loads the examples of the targets in list (NULL: all; see tfb_cmd_list) and their weights, and allocates d->part.
 * window 0: the labels file's window. 0, or -1 (logged). */
int tfb_training_load(const tfb_training_t *t, const char *list, int complete, int window, tfb_training_data_t *d);
/* Returns an untrained network of an architecture (arch) or, unless NULL, a spec; its first filters start as motifs of
 * a MEME file (motifs; NULL: random). NULL on failure (logged). */
tfb_net_t *tfb_training_net(const char *arch, const char *spec, const char *motifs, uint64_t seed,
                            const tfb_examples_t *ex);
/* Counts the regions of each part and logs the numbers. The caller reports an empty training part. */
void tfb_training_count(tfb_training_data_t *d);
/* Warns of targets that cannot be learnt: those with no resolved, no bound or no unbound training region. 0, or -1
 * (logged) if no target has a bound training region. */
int tfb_training_check_targets(const tfb_training_data_t *d);
void tfb_training_free(tfb_training_data_t *d);

/* Trains d->net and writes the model. A checkpoint resumes only if its identity is the same. describe(arg, m) adds the
 * command's own metadata (0 or -1). The model records argv. 0, or -1 (logged). */
int tfb_training_run(tfb_training_t *t, tfb_training_data_t *d, const char *identity,
                     int (*describe)(void *arg, tfb_model_t *m), void *arg, int argc, char **argv);

#endif
