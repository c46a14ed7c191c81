/* bn.c - batch norm over examples and positions, per channel, as PyTorch's BatchNorm1d.
 *
 * Training: batch mean and (biased) variance; updates running statistics with momentum 0.1 (variance
 * unbiased). If processes share a batch, statistics are the whole batch's: sums are exchanged, forward and
 * backward. Scoring, and frozen layers in training: running statistics, y = x * scale + shift. */
#include "kernels/kernels.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

static const float EPS = 1e-5f;     /* PyTorch's; published weights depend on it */
static const float MOMENTUM = 0.1f; /* likewise */

typedef struct {
    float *mean, *invstd, *a, *b, *d; /* (C) each */
    double *part;                     /* (TFB_SLICES, 2, C) */
} work_t;

static size_t lay_out(const tfb_layer_t *l, work_t *w, uint8_t *base)
{
    size_t C = ((size_t)l->in.C + 15) & ~(size_t)15;
    if (base) {
        float *f = (float *)(void *)base;
        *w = (work_t){.mean = f,
                      .invstd = f + C,
                      .a = f + 2 * C,
                      .b = f + 3 * C,
                      .d = f + 4 * C,
                      .part = (double *)(void *)(f + 6 * C)};
    }
    return 6 * C * sizeof(float) + TFB_SLICES * 2 * C * sizeof(double);
}

static size_t cache(const tfb_layer_t *l, int B)
{
    (void)B;
    return lay_out(l, NULL, NULL);
}

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    if (tfb_args(args, NULL, 0) != 0) {
        snprintf(err, m_err, "bn takes no arguments");
        return -1;
    }
    l->out = l->in;
    l->F = l->in.C;
    tfb_layer_tensor(l, "weight", 1, 1, l->F, 0, 0);
    tfb_layer_tensor(l, "bias", 1, 1, l->F, 0, 0);
    tfb_layer_tensor(l, "running_mean", 0, 1, l->F, 0, 0);
    tfb_layer_tensor(l, "running_var", 0, 1, l->F, 0, 0);
    return 0;
}

static void init(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r)
{
    (void)r;
    for (int c = 0; c < l->F; c++) p[c] = 1, p[l->F + c] = 0, s[c] = 0, s[l->F + c] = 1;
}

static int by_batch(const tfb_layer_t *l, const tfb_pass_t *pass)
{
    return pass->train && !(pass->frozen && pass->frozen[l->index]);
}

typedef struct {
    const float *x, *dy;
    float *y;
    const float *about;
    work_t w;
} job_t;

static void moments_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int b = tfb_slice(s, pass->B), e = tfb_slice(s + 1, pass->B), L = l->in.L, C = l->in.C;
    double *sum = j->w.part + (size_t)s * 2 * C;
    memset(sum, 0, 2 * (size_t)C * sizeof *sum);
    tfb_kernels()->moments((e - b) * L, C, j->x + (size_t)b * L * C, j->about, sum, sum + C);
}

static void affine_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int b = tfb_slice(s, pass->B), e = tfb_slice(s + 1, pass->B), L = l->in.L, C = l->in.C;
    size_t off = (size_t)b * L * C;
    tfb_kernels()->affine((e - b) * L, C, j->x + off, j->w.a, j->w.d, j->y + off);
}

/* Adds up the slices' pairs of sums (2, C) into the first slice's, in slice order. */
static double *add_slices(const tfb_layer_t *l, const job_t *j)
{
    size_t n = 2 * (size_t)l->F;
    for (size_t c = 0; c < n; c++) {
        double s = 0;
        for (size_t i = 0; i < TFB_SLICES; i++) s += j->w.part[i * n + c];
        j->w.part[c] = s;
    }
    return j->w.part;
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    int C = l->F;
    const float *gamma = pass->param + l->param_off, *beta = gamma + C;
    float *rmean = pass->stat + l->stat_off, *rvar = rmean + C;
    job_t j = {.x = in[0], .y = y, .about = rmean};
    lay_out(l, &j.w, pass->cache[l->index]);
    if (by_batch(l, pass)) {
        /* one pass: squares are about the running mean, which is close, so little cancels */
        tfb_tasks(l, pass, TFB_SLICES, moments_task, &j);
        double n = (double)pass->B_all * l->in.L, *sum = add_slices(l, &j);
        if (pass->sum) pass->sum(sum, 2 * (size_t)C);
        for (int c = 0; c < C; c++) {
            double mean = sum[c] / n, off = mean - rmean[c], var = sum[C + c] / n - off * off;
            if (var < 0) var = 0;
            j.w.mean[c] = (float)mean;
            j.w.invstd[c] = (float)(1 / sqrt(var + EPS));
            if (pass->update_stat) {
                rmean[c] = (1 - MOMENTUM) * rmean[c] + MOMENTUM * (float)mean;
                rvar[c] = (1 - MOMENTUM) * rvar[c] + MOMENTUM * (float)(n > 1 ? var * n / (n - 1) : var);
            }
        }
    } else {
        for (int c = 0; c < C; c++) {
            j.w.mean[c] = rmean[c];
            j.w.invstd[c] = 1 / sqrtf(rvar[c] + EPS);
        }
    }
    for (int c = 0; c < C; c++) {
        j.w.a[c] = gamma[c] * j.w.invstd[c];
        j.w.d[c] = beta[c] - j.w.mean[c] * j.w.a[c];
    }
    tfb_tasks(l, pass, TFB_SLICES, affine_task, &j);
}

static void sums_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int b = tfb_slice(s, pass->B), e = tfb_slice(s + 1, pass->B), L = l->in.L, C = l->in.C;
    double *s1 = j->w.part + (size_t)s * 2 * C;
    size_t off = (size_t)b * L * C;
    memset(s1, 0, 2 * (size_t)C * sizeof *s1);
    tfb_kernels()->bn_sums((e - b) * L, C, j->x + off, j->dy + off, j->w.mean, s1, s1 + C);
}

static void grad_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int b = tfb_slice(s, pass->B), e = tfb_slice(s + 1, pass->B), L = l->in.L, C = l->in.C;
    size_t off = (size_t)b * L * C;
    tfb_kernels()->bn_grad((e - b) * L, C, j->x + off, j->dy + off, j->w.a, j->w.b, j->w.d, j->y + off);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    (void)y;
    int C = l->F, batch = by_batch(l, pass);
    const float *gamma = pass->param + l->param_off;
    job_t j = {.x = in[0], .dy = dy, .y = d_in[0]};
    lay_out(l, &j.w, pass->cache[l->index]);
    float *dgamma = pass->grad && !(pass->frozen && pass->frozen[l->index]) ? pass->grad + l->param_off : NULL;
    if (dgamma || batch) tfb_tasks(l, pass, TFB_SLICES, sums_task, &j);
    double n = (double)pass->B_all * l->in.L, *sum = dgamma || batch ? add_slices(l, &j) : NULL;
    for (int c = 0; dgamma && c < C; c++) { /* this process's share: all gradients are added up together later */
        dgamma[c] = (float)(sum[C + c] * j.w.invstd[c]);
        dgamma[C + c] = (float)sum[c];
    }
    if (batch && pass->sum) pass->sum(sum, 2 * (size_t)C);
    for (int c = 0; c < C; c++) {
        double inv = j.w.invstd[c], a = gamma[c] * inv, b = batch ? -a * inv * inv * sum[C + c] / n : 0;
        j.w.a[c] = (float)a;
        j.w.b[c] = (float)b;
        j.w.d[c] = batch ? (float)(-a * sum[c] / n - b * j.w.mean[c]) : 0;
    }
    if (d_in[0]) tfb_tasks(l, pass, TFB_SLICES, grad_task, &j);
}

/* Folds into the weights of a product right before it. Anywhere else: one multiplication and one addition
 * per channel. */
static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    int F = l->F, into_weights = s->w && !s->relu && !s->act && s->residual < 0;
    if (s->op == TFB_STEP_WHOLE || s->P > 1 || s->scale) return 0;
    if (s->op == TFB_STEP_FRESH) s->op = TFB_STEP_EACH;
    if (!into_weights) {
        s->scale = tfb_alloc((size_t)F, sizeof(float), "weights");
        s->shift = tfb_alloc((size_t)F, sizeof(float), "weights");
        if (!s->scale || !s->shift) return -1;
    }
    for (int c = 0; c < F; c++) {
        float a = param[c] / sqrtf(stat[F + c] + EPS), d = param[F + c] - stat[c] * a;
        if (s->scale)
            s->scale[c] = a, s->shift[c] = d;
        else {
            for (size_t k = 0; k < (size_t)s->K * s->src.C; k++) s->w[k * F + c] *= a;
            s->bias[c] = s->bias[c] * a + d;
        }
    }
    return 1;
}

const tfb_kind_t tfb_kind_bn = {
    .name = "bn",
    .setup = setup,
    .init = init,
    .cache = cache,
    .forward = forward,
    .backward = backward,
    .constant = TFB_CONSTANT_GOES,
    .joint = 1,
    .fuse = fuse,
};
