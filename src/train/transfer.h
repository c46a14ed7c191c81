/* transfer.h - from a pre-trained model to a network for other targets: weights taken over, layers frozen, data chosen,
 * no leaks. */
#ifndef TFB_TRANSFER_H
#define TFB_TRANSFER_H

#include "genome/labels.h"
#include "nn/model.h"

#define TFB_UNUSED 3 /* part of an example that a sample leaves out; beside TFB_TRAIN, TFB_VALID, TFB_TEST */

/* A network with parent's layers, but n_out outputs. With keep, all weights and statistics but the last layer's are
 * parent's; the rest is initialised by seed. NULL on failure (logged). */
tfb_net_t *tfb_transfer_net(const tfb_model_t *parent, int n_out, int keep, uint64_t seed);

/* Copies the outputs of targets (net->n_out) that a model with the same layers has into net's last layer. */
void tfb_transfer_heads(tfb_net_t *net, char *const *targets, const tfb_model_t *from);

/* frozen (n_layers) gets 1 for layers that are not to be trained. what: "none"; "conv" (everything before the first
 * dense or recurrent layer); "all-but-last"; or a layer's name: everything up to it. 0, or -1 on an unknown name
 * (logged). */
int tfb_transfer_freeze(const tfb_net_t *net, const char *what, uint8_t *frozen);

/* Which regions trained a model: contigs where it was split by contigs; else the digest of each region in a Bloom
 * filter (10 bits a region: one region in a hundred is taken for one it is not). Written by record, read by drop. */
int tfb_transfer_record_regions(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part);

/* Writes down what parent and its own ancestors were trained on, so that grandchildren are kept apart from it, too. 0
 * or -1. */
int tfb_transfer_record_ancestors(tfb_model_t *m, const tfb_model_t *parent);

/* Records what a teacher and its ancestors were trained on, in addition to what m already has. A teacher that was split
 * by contigs counts with its contigs, whatever sample of their regions it had. 0 or -1. */
int tfb_transfer_record_teacher(tfb_model_t *m, const tfb_model_t *teacher);

typedef enum {
    TFB_LEAK_DROP,  /* regions that trained or validated the parent are dropped everywhere, as published */
    TFB_LEAK_REUSE, /* they may train again, but neither validate nor test */
    TFB_LEAK_ALLOW  /* they are used like any other */
} tfb_leak_t;
/* Splits the examples of a child of parent as tfb_examples_split does, but holds out what parent held out: a list that
 * is not given is parent's (as far as its contigs have regions, and without those of the list that is given), and
 * contigs of parent's lists that are in neither become TFB_UNUSED. TFB_LEAK_ALLOW, or neither parent nor its own
 * parents split by contigs: tfb_examples_split. Returns 1 if the split is by contigs, 0 if it is random, -1 (logged).
 */
int tfb_transfer_split(const tfb_model_t *parent, const tfb_examples_t *ex, const char *valid, const char *test,
                       tfb_leak_t rule, uint64_t seed, uint8_t *part);
/* Applies the rule to part. Returns how many regions it dropped, or -1 (logged): nothing is known of the parent's
 * regions. */
int64_t tfb_transfer_drop(const tfb_model_t *parent, const tfb_examples_t *ex, tfb_leak_t rule, uint8_t *part);

enum {
    TFB_SEEN_CONTIG = 1, /* on a contig that trained the model or one that it was fine-tuned from */
    TFB_SEEN_REGION = 2, /* trained or validated one of them, or is one in a hundred that looks like it (train_regions
                            is a Bloom filter) */
    TFB_SEEN_VALID = 4,  /* not seen in training, but on a contig that chose the model's epoch */
};
/* Checks that no region that validates or tests a student (part) trained a teacher, and that none that tests it
 * validated the teacher. path is for messages. 0, or -1 (logged). */
int tfb_transfer_check_teacher(const tfb_model_t *teacher, const char *path, const tfb_examples_t *ex,
                               const uint8_t *part);
/* seen (ex->n) gets the above, or 0, for each region. Returns 1 if the model's file says what trained it, 0 if it does
 * not (all 0), -1 (memory, logged). */
int tfb_transfer_seen(const tfb_model_t *m, const tfb_examples_t *ex, uint8_t *seen);
/* The contigs with regions that have one of the bits of `which` set in seen (invert: those that have no region with
 * one), as a comma-separated list of at most `most` names and "..." for more. To be freed; NULL on lack of memory. */
char *tfb_transfer_seen_contigs(const tfb_examples_t *ex, const uint8_t *seen, int which, int invert, int most);

/* Makes part which balanced for target t: n_bound of its bound regions (0 = all there are; fewer where there are
 * fewer), and as many unbound ones of the same GC content in 10 bins, both drawn by seed; all others become TFB_UNUSED.
 * *bound gets how many were taken. 0 or -1 (lack of memory, logged). */
int tfb_transfer_balance(const tfb_examples_t *ex, int t, int which, int64_t n_bound, uint64_t seed, uint8_t *part,
                         int64_t *bound);

/* Leaves n of the regions of part which, drawn by seed; all others of them become TFB_UNUSED. Does nothing where there
 * are no more than n. 0 or -1 (lack of memory, logged). */
int tfb_transfer_sample(const tfb_examples_t *ex, int which, int64_t n, uint64_t seed, uint8_t *part);

#endif
