/* add.c - `add @name`: the sum of two values of the same shape (a residual connection). */
#include "kernels/kernels.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <string.h>

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    if (tfb_args(args, NULL, 0) != 0) {
        snprintf(err, m_err, "add takes one name or two, as in `add @r`");
        return -1;
    }
    if (l->in.L != l->in2.L || l->in.C != l->in2.C) {
        snprintf(err, m_err, "add needs inputs of one shape, not %d positions of %d channels and %d of %d", l->in.L,
                 l->in.C, l->in2.L, l->in2.C);
        return -1;
    }
    l->out = l->in;
    return 0;
}

static size_t slice_of(const tfb_layer_t *l, const tfb_pass_t *pass, int s, size_t *b)
{
    size_t each = (size_t)l->in.L * l->in.C;
    *b = (size_t)tfb_slice(s, pass->B) * each;
    return (size_t)tfb_slice(s + 1, pass->B) * each - *b;
}

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    tfb_slices_t *j = arg;
    size_t b, n = slice_of(l, pass, s, &b);
    const float *p = j->x[0] + b, *q = j->x[1] + b;
    float *y = j->y + b;
    for (size_t i = 0; i < n; i++) y[i] = p[i] + q[i];
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)
{
    tfb_forward_slices(l, pass, forward_task, x, y);
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    tfb_slices_t *j = arg;
    size_t b, n = slice_of(l, pass, s, &b);
    for (int k = 0; k < 2; k++)
        if (j->dx[k]) memcpy(j->dx[k] + b, j->dy + b, n * sizeof(float));
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx)
{
    (void)x, (void)y;
    tfb_backward_slices(l, pass, backward_task, dy, dx);
}

/* Joins the later input's step, with the earlier input as its residual. */
static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)l, (void)param, (void)stat;
    if (s->op == TFB_STEP_WHOLE || s->residual >= 0 || s->relu || s->act || s->scale || s->P > 1) return 0;
    if (s->op == TFB_STEP_FRESH) s->op = TFB_STEP_EACH;
    s->residual = s->other;
    return 1;
}

const tfb_kind_t tfb_kind_add = {
    .name = "add",
    .n_inputs = 2,
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .constant = TFB_CONSTANT_STAYS,
    .fuse = fuse,
};
