/* maxpool.c - the largest of P neighbouring positions, stride P; positions beyond the last whole P are dropped. */
#include "kernels/kernels.h"
#include "nn/stage.h"
#include "nn/walk.h"
#include <string.h>

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[1];
    if (tfb_args(args, v, 1) != 1 || v[0] < 1 || v[0] > l->in.L) {
        snprintf(err, m_err, "pool takes a width of at most its input's %d positions, as in `pool 3`", l->in.L);
        return -1;
    }
    l->K = (int)v[0];
    l->out = (tfb_shape_t){l->in.L / l->K, l->in.C, l->in.by_position};
    return 0;
}

typedef struct {
    const float *x, *dy;
    const float *y;
    float *out;
} job_t;

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++)
        tfb_kernels()->finish(l->out.L, l->in.C, l->K, j->x + (size_t)b * l->in.L * l->in.C, NULL, 0, NULL, NULL, j->out + (size_t)b * l->out.L * l->in.C);
}

/* The gradient goes to the first of the largest, as in PyTorch. */
static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, P = l->K;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++) {
        size_t io = (size_t)b * l->out.L * C, ix = (size_t)b * l->in.L * C;
        tfb_kernels()->pool_grad(l->out.L, C, P, j->x + ix, j->y + io, j->dy + io, j->out + ix);
        size_t used = (size_t)l->out.L * P;
        memset(j->out + ((size_t)b * l->in.L + used) * C, 0, ((size_t)l->in.L - used) * C * sizeof(float));
    }
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, float *y)
{
    job_t j = {.x = x, .out = y};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, const float *y, float *dy, float *dx)
{
    job_t j = {.x = x, .y = y, .dy = dy, .out = dx};
    tfb_tasks(l, pass, TFB_SLICES, backward_task, &j);
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    *ob = beg / l->K < l->out.L ? beg / l->K : l->out.L;
    *oe = (end + l->K - 1) / l->K < l->out.L ? (end + l->K - 1) / l->K : l->out.L;
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_stage_t *s)
{
    (void)param, (void)stat;
    if (s->P > 1) return 0;
    s->P = l->K;
    s->out = l->out;
    return 1;
}

const tfb_kind_t tfb_kind_pool = {.name = "pool", .setup = setup, .forward = forward, .backward = backward, .reach = reach, .fuse = fuse};
