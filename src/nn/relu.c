/* relu.c - max(x, 0), in place: the output shows backward where the input was positive. */
#include "kernels/kernels.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    if (tfb_args(args, NULL, 0) != 0) {
        snprintf(err, m_err, "relu takes no arguments");
        return -1;
    }
    l->out = l->in;
    return 0;
}

typedef struct {
    float *y;
    const float *kept;
} job_t;

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->in.L * l->in.C, i = (size_t)tfb_slice(s, pass->B) * n,
           e = (size_t)tfb_slice(s + 1, pass->B) * n;
    tfb_kernels()->relu(e - i, j->y + i);
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->in.L * l->in.C, i = (size_t)tfb_slice(s, pass->B) * n,
           e = (size_t)tfb_slice(s + 1, pass->B) * n;
    tfb_kernels()->relu_grad(e - i, j->kept + i, j->y + i);
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    (void)in;
    job_t j = {.y = y};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    (void)in, (void)d_in;
    job_t j = {.y = dy, .kept = y};
    tfb_tasks(l, pass, TFB_SLICES, backward_task, &j);
}

/* Multiplier: change of the output over change of the input; if the input hardly changes, the gradient.
 * Same limit as Captum. */
static const float SAME = 1e-10f;

typedef struct {
    const float *x, *y;
    float *dy;
} rescale_t;

static void rescale_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    rescale_t *j = arg;
    int pairs = pass->B / 2;
    size_t n = (size_t)l->in.L * l->in.C, i = (size_t)tfb_slice(s, pairs) * n, e = (size_t)tfb_slice(s + 1, pairs) * n,
           ref = (size_t)pairs * n;
    for (; i < e; i++) {
        float in = j->x[i] - j->x[i + ref], out = j->y[i] - j->y[i + ref];
        int same = fabsf(in) < SAME;
        j->dy[i] *= same ? (float)(j->y[i] > 0) : out / in;
        j->dy[i + ref] *= same ? (float)(j->y[i + ref] > 0) : out / in;
    }
}

static void rescale(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                    float *const *d_in)
{
    (void)d_in;
    rescale_t j = {in[0], y, dy};
    tfb_tasks(l, pass, TFB_SLICES, rescale_task, &j);
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)l, (void)param, (void)stat;
    if (s->op == TFB_STEP_WHOLE || s->act || s->scale || s->P > 1) return 0;
    if (s->op == TFB_STEP_FRESH) s->op = TFB_STEP_EACH;
    s->relu = 1;
    return 1;
}

const tfb_kind_t tfb_kind_relu = {
    .name = "relu",
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .rescale = rescale,
    .fuse = fuse,
    .in_place = 1,
};
