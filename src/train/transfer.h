/* transfer.h - from a pre-trained model to a network for other targets: weights taken over, layers frozen, data chosen, no leaks. */
#ifndef TFB_TRANSFER_H
#define TFB_TRANSFER_H

#include "genome/labels.h"
#include "nn/model.h"

#define TFB_UNUSED 3 /* part of an example that a sample leaves out; beside TFB_TRAIN, TFB_VALID, TFB_TEST */

/* A network with parent's layers, but n_out outputs. With keep, all weights and statistics but the last layer's are parent's; the rest is
 * initialised by seed. NULL on failure (logged). */
tfb_net_t *tfb_transfer_net(const tfb_model_t *parent, int n_out, int keep, uint64_t seed);

/* frozen (n_layers) gets 1 for layers that are not to be trained. what: "none"; "conv" (everything before the first dense or recurrent
 * layer); "all-but-last"; or a layer's name: everything up to it. 0, or -1 on an unknown name (logged). */
int tfb_transfer_freeze(const tfb_net_t *net, const char *what, uint8_t *frozen);

/* Which regions trained a model: contigs where it was split by contigs; else the digest of each region in a Bloom filter (10 bits a
 * region: one region in a hundred is taken for one it is not). Written by record, read by drop. */
int tfb_transfer_record_regions(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part);

/* Writes down what parent and its own ancestors were trained on, so that grandchildren are kept apart from it, too. 0 or -1. */
int tfb_transfer_record_ancestors(tfb_model_t *m, const tfb_model_t *parent);

typedef enum {
    TFB_LEAK_DROP,  /* regions that trained or validated the parent are dropped everywhere, as published */
    TFB_LEAK_REUSE, /* they may train again, but neither validate nor test */
    TFB_LEAK_ALLOW  /* they are used like any other */
} tfb_leak_t;
/* Applies the rule to part. Returns how many regions it dropped, or -1 (logged): nothing is known of the parent's regions. */
int64_t tfb_transfer_drop(const tfb_model_t *parent, const tfb_examples_t *ex, tfb_leak_t rule, uint8_t *part);

/* Makes part which balanced for target t: n_bound of its bound regions (0 = all there are; fewer where there are fewer), and as many
 * unbound ones of the same GC content in 10 bins, both drawn by seed; all others become TFB_UNUSED. *bound gets how many were taken.
 * 0 or -1 (lack of memory, logged). */
int tfb_transfer_balance(const tfb_examples_t *ex, int t, int which, int64_t n_bound, uint64_t seed, uint8_t *part, int64_t *bound);

/* Leaves n of the regions of part which, drawn by seed; all others of them become TFB_UNUSED. Does nothing where there are no more than
 * n. 0 or -1 (lack of memory, logged). */
int tfb_transfer_sample(const tfb_examples_t *ex, int which, int64_t n, uint64_t seed, uint8_t *part);

#endif
