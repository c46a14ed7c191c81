/* transfer.h - from a pre-trained model to a network for other targets: copies weights, freezes layers, chooses regions
 * and prevents leaks. */
#ifndef TFB_TRANSFER_H
#define TFB_TRANSFER_H

#include "genome/labels.h"
#include "nn/model.h"

#define TFB_UNUSED 3 /* fourth value besides TFB_TRAIN, TFB_VALID, TFB_TEST: an example not used */

/* Returns a network with parent's layers but n_out outputs. keep: copies all of parent's weights and statistics except
 * the last layer's. The rest is initialised from seed. NULL on failure (logged). */
tfb_net_t *tfb_transfer_net(const tfb_model_t *parent, int n_out, int keep, uint64_t seed);

/* Writes 1 to frozen (n_layers) for each layer to freeze. what: "none"; "conv" (all layers before the first dense or
 * recurrent one); "all-but-last"; or the name of a layer (that layer and all before it). 0, or -1 if the name is
 * unknown (logged). */
int tfb_transfer_freeze(const tfb_net_t *net, const char *what, uint8_t *frozen);

/* Records which regions trained a model, as a Bloom filter of 10 bits per region: one in a hundred other regions is
 * mistaken for one of them. tfb_transfer_drop reads it. 0, or -1 on lack of memory (logged). */
int tfb_transfer_record_regions(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part);

/* How a model counts that was trained on a sample of the regions of its contigs: by these regions, or by its contigs,
 * whatever the sample was. */
typedef enum { TFB_SAMPLED_REGIONS, TFB_SAMPLED_CONTIGS } tfb_sampled_t;
/* Adds to m what another model (a parent or teacher) and its ancestors were trained on and held out, so that leaks are
 * also prevented in models trained from m. 0 or -1. */
int tfb_transfer_record_seen(tfb_model_t *m, const tfb_model_t *other, tfb_sampled_t sampled);

typedef enum {
    TFB_LEAK_DROP,  /* drop regions that trained or validated the parent, as published */
    TFB_LEAK_REUSE, /* train on them again, but do not validate or test on them */
    TFB_LEAK_ALLOW  /* use them like any other region */
} tfb_leak_t;
/* Splits the examples for training from parent. Like tfb_examples_split, but holds out what parent held out. If valid
 * or test is NULL, uses parent's list without contigs that have no regions or are in the other list. Contigs that
 * parent held out and that are in neither list become TFB_UNUSED. With TFB_LEAK_ALLOW, or if neither parent nor its
 * ancestors were split by contigs, it is tfb_examples_split. Returns 1 for a split by contigs, 0 for a random one, -1
 * on failure (logged). */
int tfb_transfer_split(const tfb_model_t *parent, const tfb_examples_t *ex, const char *valid, const char *test,
                       tfb_leak_t rule, uint64_t seed, uint8_t *part);
/* Applies the rule to part. Returns the number of dropped regions, or -1 (logged) if parent does not record its
 * regions. */
int64_t tfb_transfer_drop(const tfb_model_t *parent, const tfb_examples_t *ex, tfb_leak_t rule, uint8_t *part);

enum {
    TFB_SEEN_CONTIG = 1, /* on a contig that trained the model or one of its ancestors */
    TFB_SEEN_REGION = 2, /* trained or validated one of them, by a Bloom filter: 1 % false positives */
    TFB_SEEN_VALID = 4,  /* not seen in training, but on a contig that validated the model */
};
/* Checks that no region that validates or tests a student (part) trained a teacher, and that none that tests it
 * validated the teacher. path is for messages. 0, or -1 (logged). */
int tfb_transfer_check_teacher(const tfb_model_t *teacher, const char *path, const tfb_examples_t *ex,
                               const uint8_t *part);
/* Writes the above, or 0, to seen (ex->n) for each region. Returns 1 if the model records what trained it, 0 if it does
 * not (seen is all 0), -1 on lack of memory (logged). */
int tfb_transfer_seen(const tfb_model_t *m, const tfb_examples_t *ex, uint8_t *seen);
/* Returns a comma-separated list of the contigs that have a region with a bit of `which` set in seen (invert: that have
 * no such region), to be freed. Lists at most `most` names, then "...". NULL on lack of memory. */
char *tfb_transfer_seen_contigs(const tfb_examples_t *ex, const uint8_t *seen, int which, int invert, int most);

/* Balances part `which` for target t: keeps at most n_bound of its bound regions (0: all) and as many unbound ones,
 * matched by GC content in 10 bins, both drawn by seed. All others become TFB_UNUSED. Writes the number of bound
 * regions kept to *bound. 0, or -1 on lack of memory (logged). */
int tfb_transfer_balance(const tfb_examples_t *ex, int t, int which, int64_t n_bound, uint64_t seed, uint8_t *part,
                         int64_t *bound);

/* Keeps n regions of part `which`, drawn by seed; the others become TFB_UNUSED. Does nothing if there are at most n. 0,
 * or -1 on lack of memory (logged). */
int tfb_transfer_sample(const tfb_examples_t *ex, int which, int64_t n, uint64_t seed, uint8_t *part);

#endif
