/* cat.c - `cat @name`: the channels of one value and then those of another, for the same positions (two branches
 * joined). */
#include "nn/steps.h"
#include "nn/walk.h"
#include <string.h>

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    if (tfb_args(args, NULL, 0) != 0) {
        snprintf(err, m_err, "cat takes one name or two, as in `cat @m`");
        return -1;
    }
    if (l->in.L != l->in2.L) {
        snprintf(err, m_err, "cat needs inputs with the same number of positions, not %d and %d", l->in.L, l->in2.L);
        return -1;
    }
    l->out = (tfb_shape_t){l->in.L, l->in.C + l->in2.C, l->in.by_position};
    return 0;
}

static void rows(const tfb_layer_t *l, const float *param, const float *const *x, float *y, int b, int e)
{
    (void)param;
    size_t C = (size_t)l->in.C, C2 = (size_t)l->in2.C;
    for (size_t i = (size_t)b; i < (size_t)e; i++) {
        memcpy(y + i * (C + C2), x[0] + i * C, C * sizeof(float));
        memcpy(y + i * (C + C2) + C, x[1] + i * C2, C2 * sizeof(float));
    }
}

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    tfb_slices_t *j = arg;
    /* rows() treats a batch as one long window */
    rows(l, NULL, j->x, j->y, tfb_slice(s, pass->B) * l->in.L, tfb_slice(s + 1, pass->B) * l->in.L);
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)
{
    tfb_forward_slices(l, pass, forward_task, x, y);
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    tfb_slices_t *j = arg;
    size_t C[2] = {(size_t)l->in.C, (size_t)l->in2.C}, from = 0;
    size_t b = (size_t)tfb_slice(s, pass->B) * l->in.L, e = (size_t)tfb_slice(s + 1, pass->B) * l->in.L;
    for (int k = 0; k < 2; from += C[k++])
        for (size_t i = b; i < e && j->dx[k]; i++)
            memcpy(j->dx[k] + i * C[k], j->dy + i * (C[0] + C[1]) + from, C[k] * sizeof(float));
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx)
{
    (void)x, (void)y;
    tfb_backward_slices(l, pass, backward_task, dy, dx);
}

const tfb_kind_t tfb_kind_cat = {
    .name = "cat",
    .n_inputs = 2,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .constant = TFB_CONSTANT_STAYS,
    .fuse = tfb_fuse_rows,
    .rows = rows,
};
