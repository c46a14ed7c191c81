/* batch.h - fetches windows and labels of a list of examples, on all threads. */
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
    uint8_t *code;          /* (n, W) receives base codes */
    uint8_t *label;         /* (n, T) receives labels; NULL: not needed */
    int n;
    const tfb_augment_t *augment; /* NULL: unchanged windows */
    uint64_t key;                 /* seed of the changes, one per epoch */
    int paired;     /* both strands of an example are neighbours, the forward one at an even place of the epoch:
                     * change them alike, so that one is the reverse complement of the other */
    int repeats;    /* an item may occur several times in the epoch; it is changed differently each time */
    size_t at;      /* place of item[0] in the epoch; only with repeats */
    float *noise;   /* (n, W, 4) receives noise for the one-hot input; NULL: augment has none */
    uint8_t *noisy; /* (n) receives 1 if the example has noise; if 0, its noise is not written */
} tfb_batch_t;

/* Fills code and label. pool NULL: uses the calling thread only. */
void tfb_batch_fetch(const tfb_batch_t *b, tfb_pool_t *pool);
/* Lists the examples i with part[i] == which, each with its reverse complement if strands is 2. Returns how many. */
size_t tfb_batch_items(const tfb_examples_t *ex, const uint8_t *part, int which, int strands, tfb_item_t *item);

#endif
