/* batch.h - windows and labels of a list of examples, fetched by all threads. */
#ifndef TFB_BATCH_H
#define TFB_BATCH_H

#include "genome/labels.h"
#include "train/augment.h"
#include "util/util.h"

/* An example in one strand: its index << 1 | 1 for the reverse strand. */
typedef uint32_t tfb_item_t;

typedef struct {
    const tfb_examples_t *ex;
    const tfb_item_t *item; /* (n) */
    uint8_t *code;          /* (n, W) gets base codes */
    uint8_t *label;         /* (n, T) gets labels; NULL: not needed */
    int n;
    const tfb_augment_t *augment; /* NULL: windows as they are */
    uint64_t key;                 /* of the changes, an epoch's */
    int repeats;                  /* an item may come again in the epoch: each time it is changed otherwise */
    size_t at;                    /* place of item[0] in the epoch; only if repeats */
    float *noise;                 /* (n, W, 4) gets noise for the one-hot input; NULL: augment asks for none */
    uint8_t *noisy;               /* (n) gets 1 if the example has noise; if 0, its noise is not written */
} tfb_batch_t;

/* Fills code and label. pool NULL: this thread alone. */
void tfb_batch_fetch(const tfb_batch_t *b, tfb_pool_t *pool);
/* Lists the examples i with part[i] == which, each with its reverse complement if strands is 2. Returns how many. */
size_t tfb_batch_items(const tfb_examples_t *ex, const uint8_t *part, int which, int strands, tfb_item_t *item);

#endif
