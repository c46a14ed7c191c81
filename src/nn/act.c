/* act.c - the code shared by all activations of act.h. They do not run in place, because backward needs
 * their input. */
#include "nn/act.h"
#include <math.h>
#include <string.h>

const tfb_act_loops_t *tfb_act_loops(const tfb_act_loops_t loops[3])
{
#ifdef __x86_64__
    const char *set = tfb_kernels()->name;
    if (strcmp(set, "avx512") == 0 || strncmp(set, "amx", 3) == 0) return &loops[2];
    if (strcmp(set, "avx2") == 0) return &loops[1];
#endif
    return &loops[0];
}

int tfb_act_setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    if (tfb_args(args, NULL, 0) != 0) {
        snprintf(err, m_err, "%s takes no arguments", l->kind->name);
        return -1;
    }
    l->out = l->in;
    return 0;
}

typedef struct {
    const tfb_act_loops_t *f;
    const float *x, *y;
    float *to; /* output: y, or dx from dy */
    const float *dy;
} job_t;

/* Returns the floats of slice s of n examples, and sets *b to where they begin. */
static size_t slice_of(const tfb_layer_t *l, int n, int s, size_t *b)
{
    size_t each = (size_t)l->in.L * l->in.C;
    *b = (size_t)tfb_slice(s, n) * each;
    return (size_t)tfb_slice(s + 1, n) * each - *b;
}

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t b, n = slice_of(l, pass->B, s, &b);
    memcpy(j->to + b, j->x + b, n * sizeof(float));
    j->f->value(n, j->to + b);
}

void tfb_act_forward(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, float *y)
{
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &(job_t){.f = f, .x = x, .to = y});
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t b, n = slice_of(l, pass->B, s, &b);
    memcpy(j->to + b, j->dy + b, n * sizeof(float));
    j->f->slope(n, j->x + b, j->y + b, j->to + b);
}

void tfb_act_backward(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, const float *y,
                      float *dy, float *dx)
{
    if (dx) tfb_tasks(l, pass, TFB_SLICES, backward_task, &(job_t){.f = f, .x = x, .y = y, .to = dx, .dy = dy});
}

/* Multiplier: change of the output over change of the input; the slope if the input hardly changes. Same
 * limit as Captum. */
static const float SAME = 1e-10f;

static void rescale_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int pairs = pass->B / 2;
    size_t b, n = slice_of(l, pairs, s, &b), ref = (size_t)pairs * l->in.L * l->in.C;
    memcpy(j->to + b, j->dy + b, n * sizeof(float));
    memcpy(j->to + ref + b, j->dy + ref + b, n * sizeof(float));
    j->f->slope(n, j->x + b, j->y + b, j->to + b);
    j->f->slope(n, j->x + ref + b, j->y + ref + b, j->to + ref + b);
    for (size_t i = b; i < b + n; i++) {
        float in = j->x[i] - j->x[i + ref], out = j->y[i] - j->y[i + ref];
        if (fabsf(in) < SAME) continue;
        j->to[i] = j->dy[i] * (out / in);
        j->to[i + ref] = j->dy[i + ref] * (out / in);
    }
}

void tfb_act_rescale(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, const float *y,
                     float *dy, float *dx)
{
    if (dx) tfb_tasks(l, pass, TFB_SLICES, rescale_task, &(job_t){.f = f, .x = x, .y = y, .to = dx, .dy = dy});
}

int tfb_act_fuse(tfb_step_t *s, tfb_act_f f)
{
    if (s->op == TFB_STEP_WHOLE || s->relu || s->act || s->scale || s->P > 1) return 0;
    if (s->op == TFB_STEP_FRESH) s->op = TFB_STEP_EACH;
    s->act = f;
    return 1;
}
