/* dropout.c - in training each element is zeroed with probability `rate` and the rest scaled by 1 / (1 - rate); in
 * place.
 *
 * The mask is a hash of (seed, step, layer, element of the whole batch): it has no state, is the same for
 * any number of threads and of processes that share the batch, and is recomputed by backward. */
#include "nn/walk.h"

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[1];
    if (tfb_args(args, v, 1) != 1 || !(v[0] >= 0 && v[0] < 1)) {
        snprintf(err, m_err, "dropout takes a rate from 0 to below 1, as in `dropout 0.3`");
        return -1;
    }
    l->rate = (float)v[0];
    l->out = l->in;
    return 0;
}

void tfb_dropout_mask(const tfb_pass_t *pass, int which, float rate, float *x, size_t n, int beg, int end)
{
    float scale = 1 / (1 - rate);
    uint64_t key = tfb_hash64(pass->seed ^ tfb_hash64(pass->step ^ ((uint64_t)which << 48))) +
                   (uint64_t)pass->first * n * 0x9e3779b97f4a7c15ull;
    uint32_t below = (uint32_t)((double)rate * 4294967296.0);
    for (size_t i = (size_t)beg * n; i < (size_t)end * n; i++) {
        uint64_t z = key + i * 0x9e3779b97f4a7c15ull; /* splitmix64 */
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        x[i] = (uint32_t)(z >> 32) < below ? 0 : x[i] * scale;
    }
}

static void mask_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    tfb_dropout_mask(pass, l->index, l->rate, arg, (size_t)l->in.L * l->in.C, tfb_slice(s, pass->B),
                     tfb_slice(s + 1, pass->B));
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    (void)in;
    if (pass->train && l->rate > 0) tfb_tasks(l, pass, TFB_SLICES, mask_task, y);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    (void)in, (void)y, (void)d_in;
    if (pass->train && l->rate > 0) tfb_tasks(l, pass, TFB_SLICES, mask_task, dy);
}

const tfb_kind_t tfb_kind_dropout = {
    .name = "dropout",
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .identity = 1,
    .in_place = 1,
};
