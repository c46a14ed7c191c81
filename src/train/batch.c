/* batch.c - fetches the windows and labels of a list of examples. */
#include "train/batch.h"
#include "genome/base.h"
#include <string.h>

enum { FETCH = 32 }; /* examples a task fetches */

/* Returns the key of the changes to example i. Examples that differ only in bits outside mask have the same key. */
static uint64_t key_of(const tfb_batch_t *b, int i, uint64_t mask)
{
    uint64_t key = tfb_hash64(b->key + (b->item[i] & mask));
    return b->repeats ? tfb_hash64(key + ((b->at + (uint64_t)i) & mask)) : key;
}

static void fetch_task(void *arg, int task, int thread)
{
    (void)thread;
    const tfb_batch_t *b = arg;
    uint8_t spare[2 * TFB_AUGMENT_WINDOW];
    size_t n = 4 * (size_t)b->ex->window; /* floats of a one-hot window */
    for (int i = task * FETCH; i < (task + 1) * FETCH && i < b->n; i++) {
        uint8_t *code = b->code + (size_t)i * b->ex->window;
        int alike = b->augment && b->paired, rev = b->item[i] & 1;
        uint64_t both = ~(uint64_t)1, each = ~(uint64_t)0;
        tfb_examples_codes(b->ex, b->item[i] >> 1, rev && !alike, code);
        if (b->augment) tfb_augment(b->augment, key_of(b, i, alike ? both : each), code, b->ex->window, spare);
        if (rev && alike) {
            memcpy(spare, code, (size_t)b->ex->window);
            tfb_revcomp(spare, (size_t)b->ex->window, code);
        }
        /* paired strands, too, have noise of their own */
        if (b->noise)
            b->noisy[i] = (uint8_t)tfb_augment_noise(b->augment, key_of(b, i, each), b->noise + (size_t)i * n, n);
        if (b->label) tfb_examples_labels(b->ex, b->item[i] >> 1, b->label + (size_t)i * b->ex->n_targets);
    }
}

void tfb_batch_fetch(const tfb_batch_t *b, tfb_pool_t *pool)
{
    int n = (b->n + FETCH - 1) / FETCH;
    if (pool)
        tfb_pool_run(pool, n, fetch_task, (void *)b);
    else
        for (int i = 0; i < n; i++) fetch_task((void *)b, i, 0);
}

size_t tfb_batch_items(const tfb_examples_t *ex, const uint8_t *part, int which, int strands, tfb_item_t *item)
{
    size_t n = 0;
    for (int64_t i = 0; i < ex->n; i++)
        for (int r = 0; r < strands && part[i] == which; r++) item[n++] = (uint32_t)i << 1 | (uint32_t)r;
    return n;
}
