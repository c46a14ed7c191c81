/* training.h - what pretrain and finetune share: options for data and training, loading, and the training run. */
#ifndef TFB_TRAINING_H
#define TFB_TRAINING_H

#include "cmd/table.h"
#include "nn/model.h"
#include "train/fit.h"

typedef struct {
    const char *fasta, *labels, *chroms, *valid, *test, *weights, *out;
    const char *unlabelled; /* BED of windows without labels, or NULL */
    int half, threads;
    int claimed;       /* the caller has already claimed out (tfb_run_claim) */
    int64_t regions;   /* 0: all */
    tfb_fit_opt_t fit; /* as set by the options; tfb_training_run fills in the rest */
} tfb_training_t;

/* Sets of words, and what rows of the table below do with their values. */
enum { TFB_SCHEDULES = 4, TFB_SELECTS = 2 };
extern const char *const tfb_schedule_name[TFB_SCHEDULES], *const tfb_select_name[TFB_SELECTS];
int tfb_set_augment(void *args, const tfb_option_t *row, const char *value);
int tfb_set_curves(void *args, const tfb_option_t *row, const char *value);
int tfb_set_precision(void *args, const tfb_option_t *row, const char *value);

/* The last rows of a command's option table, into a tfb_training_t. */
/* clang-format off */
#define TFB_OPTIONS_TRAINING(field) \
    {TFB_OPTION_FASTA(field.fasta)}, \
    {TFB_OPTION_LABELS(field.labels)}, \
    {TFB_OPTION_CHROMS(field.chroms)}, \
    {"valid", TFB_TEXT(field.valid)}, \
    {"test", TFB_TEXT(field.test)}, \
    {"regions", TFB_INT64(field.regions, 1, INT32_MAX)}, \
    {"epochs", .id = 'e', TFB_INT(field.fit.epochs, 1, 100000)}, \
    {"batch", .id = 'b', TFB_INT(field.fit.batch, 2, 65536)}, \
    {"rate", TFB_NUM(field.fit.rate, 1e-9, 10)}, \
    {"schedule", TFB_WORD(field.fit.schedule, tfb_schedule_name, TFB_SCHEDULES)}, \
    {"warmup", TFB_NUM(field.fit.warmup, 0, 0.9)}, \
    {"augment", .arg = 1, .set = tfb_set_augment, TFB_TO(field.fit.augment)}, \
    {"clean", TFB_INT(field.fit.clean, 0, 100000)}, \
    {"average", TFB_NUM(field.fit.average, 0, 0.999999)}, \
    {"balance", TFB_NUM(field.fit.balance, 0, 1)}, \
    {"task-balance", TFB_NUM(field.fit.task_balance, 0, 1)}, \
    {"weights", TFB_TEXT(field.weights)}, \
    {"smooth", TFB_NUM(field.fit.smooth, 0, 0.5)}, \
    {"decay", TFB_NUM(field.fit.decay, 0, 100)}, \
    {"select", TFB_WORD(field.fit.select, tfb_select_name, TFB_SELECTS)}, \
    {"patience", TFB_INT(field.fit.patience, 0, 100000)}, \
    {"one-strand", TFB_FLAG(field.fit.one_strand)}, \
    {"precision", .arg = 1, .set = tfb_set_precision, TFB_TO(field.fit.precision), .words = tfb_precision_name, \
     .n_words = 2}, \
    {TFB_OPTION_SEED(field.fit.seed)}, \
    {"resume", TFB_FLAG(field.fit.resume)}, \
    {TFB_OPTION_OUTPUT(field.out)}, \
    {"curves", .arg = 1, .set = tfb_set_curves, TFB_TO(field.fit.curves)}, \
    {"half", TFB_FLAG(field.half)}, \
    {TFB_OPTION_RANK_THREADS(field.threads)}, \
    {TFB_OPTION_VERBOSITY}, \
    {TFB_OPTION_HELP}, \
    {.name = NULL}
/* clang-format on */

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
    "      --smooth FLOAT       move labels this much of the way to 1/2: 0.02 trains towards 0.01 and\n"  \
    "                           0.99, so that logits stay moderate [0]\n"                                 \
    "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
#define TFB_USAGE_RUN                                                                                     \
    "      --select NAME        epoch to keep: the one with the lowest validation loss (loss) or the\n"   \
    "                           highest validation AUPRC (auprc), averaged over TFs with at least 10\n"   \
    "                           bound and 10 unbound validation regions [loss]\n"                         \
    "      --patience INT       stop after this many epochs without a better one [0: never]\n"            \
    "      --one-strand         do not add the reverse complements\n"                                     \
    "      --precision NAME     precision of products: float32, or bfloat16 on processors with AMX\n"     \
    "                           (twice as fast) [float32]\n"                                              \
    "      --resume             continue from OUT.ckpt, which is written after every epoch\n"             \
    "Output\n"                                                                                            \
    "  -o, --output FILE        model of the epoch that --select chooses\n"                               \
    "      --curves FILE.tsv    write losses and AUPRC of every TF after every epoch, and draw them in\n" \
    "                           FILE.svg\n"                                                               \
    "      --half               store weights as float16\n"                                               \
    "  -@, --threads INT        total number of threads of this process; 0: all processors, or its\n"     \
    "                           share of them with mpirun [0]\n"                                          \
    "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n" TFB_USAGE_HELP

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

/* Writes the part of a checkpoint's identity that all training commands share, the contigs of the split, to text (500).
 * Returns text. */
char *tfb_training_split(const tfb_training_t *t, char *text);
/* Trains d->net and writes the model. A checkpoint resumes only if its identity is the same. describe(arg, m) adds the
 * command's own metadata (0 or -1). The model records argv. 0, or -1 (logged). */
int tfb_training_run(tfb_training_t *t, tfb_training_data_t *d, const char *identity,
                     int (*describe)(void *arg, tfb_model_t *m), void *arg, int argc, char **argv);

#endif
