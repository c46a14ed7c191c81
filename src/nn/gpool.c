/* gpool.c - one value per channel for the whole window: `gpool max`, `gpool mean`, or `gpool lse R`, the
 * soft maximum log(mean(exp(R x))) / R, which ranges from the mean (small R) to the maximum (large R). */
#include "kernels/kernels.h"
#include "kernels/vmath.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

extern const tfb_kind_t tfb_kind_pool, tfb_kind_gpool;
enum { MAX, MEAN, LSE };

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    char word[8];
    double r = 1;
    tfb_arg_word(&args, word, sizeof word);
    l->mode = LSE;
    if (strcmp(word, "max") == 0) l->mode = MAX;
    if (strcmp(word, "mean") == 0) l->mode = MEAN;
    int n = tfb_args(args, &r, l->mode == LSE);
    if (n < 0 || (l->mode == LSE && strcmp(word, "lse")) || !(r >= 1e-3 && r <= 1e3)) {
        snprintf(err, m_err, "gpool takes max, mean, or lse and a sharpness of 0.001 to 1000, as in `gpool lse 2`");
        return -1;
    }
    l->sharpness = (float)r;
    l->K = l->in.L; /* like the pooling layer of this width, which computes the same maximum */
    l->out = (tfb_shape_t){1, l->in.C, 0};
    return 0;
}

/* Writes y (C) from x (L, C). */
static void lse(const tfb_layer_t *l, const float *x, float *restrict y)
{
    enum { BLOCK = 64 }; /* channels at a time: their data stays in registers and the first cache */
    int L = l->in.L, C = l->in.C;
    float r = l->sharpness, sum[BLOCK];
    for (int c0 = 0; c0 < C; c0 += BLOCK) {
        int n = C - c0 < BLOCK ? C - c0 : BLOCK;
        tfb_kernels()->exp_sums(L, n, C, r, x + c0, y + c0, sum);
        for (int c = 0; c < n; c++) y[c0 + c] += logf(sum[c] / (float)L) / r;
    }
}

static void mean(const tfb_layer_t *l, const float *x, float *restrict y)
{
    int L = l->in.L, C = l->in.C;
    memcpy(y, x, (size_t)C * sizeof(float));
    for (int i = 1; i < L; i++)
        for (int c = 0; c < C; c++) y[c] += x[(size_t)i * C + c];
    for (int c = 0; c < C; c++) y[c] /= (float)L;
}

static void rows(const tfb_layer_t *l, const float *param, const float *const *x, float *y, int b, int e)
{
    (void)param, (void)b, (void)e;
    (l->mode == MEAN ? mean : lse)(l, x[0], y);
}

typedef struct {
    const float *x, *y, *dy;
    float *out;
} job_t;

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++)
        (l->mode == MEAN ? mean : lse)(l, j->x + (size_t)b * l->in.L * l->in.C, j->out + (size_t)b * l->in.C);
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)
{
    if (l->mode == MAX)
        tfb_kind_pool.forward(l, pass, x, y);
    else
        tfb_tasks(l, pass, TFB_SLICES, forward_task, &(job_t){.x = x[0], .out = y});
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int L = l->in.L, C = l->in.C;
    float each = 1 / (float)L;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++) {
        const float *x = j->x + (size_t)b * L * C, *y = j->y + (size_t)b * C, *dy = j->dy + (size_t)b * C;
        float *dx = j->out + (size_t)b * L * C;
        for (int i = 0; i < L; i++, x += C, dx += C)
            for (int c = 0; c < C; c++)
                dx[c] = dy[c] * (l->mode == MEAN ? each : each * tfb_exp(l->sharpness * (x[c] - y[c])));
    }
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx)
{
    if (l->mode == MAX)
        tfb_kind_pool.backward(l, pass, x, y, dy, dx);
    else if (dx[0])
        tfb_tasks(l, pass, TFB_SLICES, backward_task, &(job_t){.x = x[0], .y = y, .dy = dy, .out = dx[0]});
}

/* Applies the rescale rule through exp, mean and logarithm, for one channel of a pair: m[0] and m[1] are
 * the factors of the multiplier at position i for input and reference (they differ only if the input
 * hardly changes). */
static void lse_factor(const tfb_layer_t *l, const float *x, const float *xr, float most, float slope, float m[2])
{
    float r = l->sharpness, e = tfb_exp(r * (*x - most)), er = tfb_exp(r * (*xr - most)), d = *x - *xr;
    int same = fabsf(d) < 1e-10f; /* Captum's limit */
    m[0] = slope / (float)l->in.L * (same ? r * e : (e - er) / d);
    m[1] = slope / (float)l->in.L * (same ? r * er : (e - er) / d);
}

static void rescale_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int L = l->in.L, C = l->in.C, pairs = pass->B / 2;
    size_t in = (size_t)L * C, ref = (size_t)pairs * in;
    for (int b = tfb_slice(s, pairs); b < tfb_slice(s + 1, pairs); b++)
        for (int c = 0; c < C; c++) {
            size_t o = (size_t)b * C + c, i0 = (size_t)b * in + c;
            float y = j->y[o], yr = j->y[o + (size_t)pairs * C], most = y;
            for (size_t i = 0; i < in; i += (size_t)C) most = fmaxf(most, fmaxf(j->x[i0 + i], j->x[i0 + i + ref]));
            float S = expf(l->sharpness * (y - most)), Sr = expf(l->sharpness * (yr - most));
            /* multiplier of the logarithm: its change over that of the mean, or its slope */
            float slope = fabsf(S - Sr) < 1e-10f ? 1 / (l->sharpness * fmaxf(S, 1e-30f)) : (y - yr) / (S - Sr);
            for (size_t i = 0; i < in; i += (size_t)C) {
                float m[2];
                lse_factor(l, &j->x[i0 + i], &j->x[i0 + i + ref], most, slope, m);
                j->out[i0 + i] = j->dy[o] * m[0];
                j->out[i0 + i + ref] = j->dy[o + (size_t)pairs * C] * m[1];
            }
        }
}

static void rescale(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                    float *const *dx)
{
    if (l->mode == MAX)
        tfb_kind_pool.rescale(l, pass, x, y, dy, dx);
    else if (l->mode == MEAN)
        backward(l, pass, x, y, dy, dx);
    else
        tfb_tasks(l, pass, TFB_SLICES, rescale_task, &(job_t){.x = x[0], .y = y, .dy = dy, .out = dx[0]});
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    (void)l, (void)beg, (void)end;
    *ob = 0;
    *oe = 1;
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    return (l->mode == MAX ? tfb_kind_pool.fuse : tfb_fuse_rows)(l, param, stat, s);
}

float tfb_gpool_sharpness(const tfb_layer_t *l)
{
    return l->kind == &tfb_kind_gpool && l->mode == LSE ? l->sharpness : 0;
}

const tfb_kind_t tfb_kind_gpool = {
    .name = "gpool",
    .setup = setup,
    .forward = forward,
    .backward = backward,
    .rescale = rescale,
    .reach = reach,
    .constant = TFB_CONSTANT_STAYS,
    .reads_y = 1,
    .fuse = fuse,
    .rows = rows,
};
