/* batch.c - fetches the windows and labels of a list of examples. */
#include "train/batch.h"

enum { FETCH = 32 }; /* examples a task fetches */

static void fetch_task(void *arg, int task, int thread)
{
    (void)thread;
    const tfb_batch_t *b = arg;
    uint8_t spare[2 * TFB_AUGMENT_WINDOW];
    size_t n = 4 * (size_t)b->ex->window; /* floats of a one-hot window */
    for (int i = task * FETCH; i < (task + 1) * FETCH && i < b->n; i++) {
        uint8_t *code = b->code + (size_t)i * b->ex->window;
        tfb_examples_codes(b->ex, b->item[i] >> 1, b->item[i] & 1, code);
        uint64_t key = tfb_hash64(b->key + b->item[i]);
        if (b->repeats) key = tfb_hash64(key + b->at + (uint64_t)i);
        if (b->augment) tfb_augment(b->augment, key, code, b->ex->window, spare);
        if (b->noise) b->noisy[i] = (uint8_t)tfb_augment_noise(b->augment, key, b->noise + (size_t)i * n, n);
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
