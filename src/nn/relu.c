/* relu.c - max(x, 0), in place: what remains tells backward where the input was positive. */
#include "kernels/kernels.h"
#include "nn/stage.h"
#include "nn/walk.h"

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
    size_t n = (size_t)l->in.L * l->in.C, i = (size_t)tfb_slice(s, pass->B) * n, e = (size_t)tfb_slice(s + 1, pass->B) * n;
    tfb_kernels()->relu(e - i, j->y + i);
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->in.L * l->in.C, i = (size_t)tfb_slice(s, pass->B) * n, e = (size_t)tfb_slice(s + 1, pass->B) * n;
    tfb_kernels()->relu_grad(e - i, j->kept + i, j->y + i);
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, float *y)
{
    (void)x;
    job_t j = {y, NULL};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, const float *y, float *dy, float *dx)
{
    (void)x, (void)dx;
    job_t j = {dy, y};
    tfb_tasks(l, pass, TFB_SLICES, backward_task, &j);
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_stage_t *s)
{
    (void)l, (void)param, (void)stat;
    if (s->scale || s->P > 1) return 0;
    s->relu = 1;
    return 1;
}

const tfb_kind_t tfb_kind_relu = {.name = "relu", .setup = setup, .forward = forward, .backward = backward, .fuse = fuse, .in_place = 1};
