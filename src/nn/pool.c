/* pool.c - the largest of P neighbouring positions, stride P; positions beyond the last whole P are dropped. */
#include "kernels/kernels.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
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
        tfb_kernels()->finish(l->out.L, l->in.C, l->K, j->x + (size_t)b * l->in.L * l->in.C, NULL,
                              j->out + (size_t)b * l->out.L * l->in.C);
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

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    job_t j = {.x = in[0], .out = y};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    job_t j = {.x = in[0], .y = y, .dy = dy, .out = d_in[0]};
    tfb_tasks(l, pass, TFB_SLICES, backward_task, &j);
}

/* DeepLIFT, as in Captum: the change of a maximum is split where input and reference have their larger
 * one. A rise belongs to the position of the input's maximum, a fall to that of the reference's; there the
 * multiplier is the change of the output over that of the position. The others of the P positions get 0,
 * or the gradient if they do not change. */
static void rescale_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, P = l->K, pairs = pass->B / 2;
    const float same = 1e-10f; /* Captum's limit */
    for (int b = tfb_slice(s, pairs); b < tfb_slice(s + 1, pairs); b++) {
        size_t in = (size_t)l->in.L * C, out = (size_t)l->out.L * C;
        const float *x = j->x + (size_t)b * in, *xr = x + (size_t)pairs * in, *y = j->y + (size_t)b * out,
                    *yr = y + (size_t)pairs * out;
        const float *dy = j->dy + (size_t)b * out, *dyr = dy + (size_t)pairs * out;
        float *dx = j->out + (size_t)b * in, *dxr = dx + (size_t)pairs * in;
        memset(dx, 0, in * sizeof *dx);
        memset(dxr, 0, in * sizeof *dxr);
        for (int i = 0; i < l->out.L; i++)
            for (int c = 0; c < C; c++) {
                size_t o = (size_t)i * C + c, top = 0, topr = 0;
                for (size_t k = (size_t)P; k-- > 0;) { /* the first of the largest, as in backward */
                    size_t at = ((size_t)i * P + k) * C + c;
                    if (x[at] == y[o]) top = at;
                    if (xr[at] == yr[o]) topr = at;
                }
                float rise = y[o] > yr[o] ? dy[o] * (y[o] - yr[o]) : 0,
                      fall = y[o] < yr[o] ? dyr[o] * (y[o] - yr[o]) : 0;
                float d = x[top] - xr[top], dr = x[topr] - xr[topr];
                if (fabsf(d) < same) dx[top] = dy[o];
                if (fabsf(dr) < same) dxr[topr] = dyr[o];
                if (rise > 0 || rise < 0) dx[top] = dxr[top] = rise / d;
                if (fall > 0 || fall < 0) dx[topr] = dxr[topr] = fall / dr;
            }
    }
}

static void rescale(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                    float *const *d_in)
{
    job_t j = {.x = in[0], .y = y, .dy = dy, .out = d_in[0]};
    tfb_tasks(l, pass, TFB_SLICES, rescale_task, &j);
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    *ob = beg / l->K < l->out.L ? beg / l->K : l->out.L;
    *oe = (end + l->K - 1) / l->K < l->out.L ? (end + l->K - 1) / l->K : l->out.L;
}

/* A maximum over all positions begins its own step: windows that share positions, or differ in a few, then
 * share the rest. */
static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)param, (void)stat;
    if (s->op == TFB_STEP_WHOLE || s->P > 1 || (l->out.L == 1 && s->op != TFB_STEP_FRESH)) return 0;
    if (s->op == TFB_STEP_FRESH) s->op = TFB_STEP_EACH;
    s->P = l->K;
    s->pool = l;
    return 1;
}

const tfb_kind_t tfb_kind_pool = {
    .name = "pool",
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .rescale = rescale,
    .reach = reach,
    .constant = TFB_CONSTANT_STAYS,
    .reads_y = 1,
    .fuse = fuse,
};
