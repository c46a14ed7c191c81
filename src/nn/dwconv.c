/* dwconv.c - `dwconv K [same] [dilate D]`: a convolution of each channel by itself. With `conv F 1` after it, a
 * depthwise-separable convolution. Weights are (C, 1, K) in files, as PyTorch's Conv1d with groups = C, and (K, C) in
 * memory. */
#include "kernels/kernels.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

static int span(const tfb_layer_t *l) { return (l->K - 1) * l->dilate; }

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    char word[32];
    double v[1] = {0};
    tfb_arg_word(&args, word, sizeof word);
    if (tfb_args(word, v, 1) != 1 || v[0] < 1 || v[0] > l->in.L) {
        snprintf(err, m_err, "dwconv takes a width of at most its input's %d positions, as in `dwconv 7 same`",
                 l->in.L);
        return -1;
    }
    l->K = (int)v[0];
    l->F = l->in.C;
    if (tfb_conv_options(l, args, err, m_err) < 0) return -1;
    if (span(l) + 1 > l->in.L + 2 * l->pad) {
        snprintf(err, m_err, "dwconv: taps over %d positions do not fit an input of %d", span(l) + 1, l->in.L);
        return -1;
    }
    l->out = (tfb_shape_t){l->in.L + 2 * l->pad - span(l), l->in.C, 0};
    tfb_tensor_t *t = tfb_layer_tensor(l, "weight", 1, 3, l->F, 1, l->K);
    t->fck[0] = l->F, t->fck[1] = 1, t->fck[2] = l->K;
    tfb_layer_tensor(l, "bias", 1, 1, l->F, 0, 0);
    return 0;
}

static void init(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r)
{
    (void)s;
    double bound = 1 / sqrt((double)l->K);
    for (size_t i = 0; i < l->n_param; i++) p[i] = (float)((2 * tfb_rng_unit(r) - 1) * bound);
}

/* Sets [*b, *e) to the output rows for which tap k lies within the input. */
static void rows_of_tap(const tfb_layer_t *l, int k, int *b, int *e)
{
    int shift = k * l->dilate - l->pad; /* output row i reads input row i + shift */
    if (*b < -shift) *b = -shift;
    if (*e > l->in.L - shift) *e = l->in.L - shift;
}

static void rows(const tfb_layer_t *l, const float *param, const float *const *x, float *y, int b, int e)
{
    int C = l->in.C;
    const float *bias = param + l->tensor[1].off;
    for (int i = b; i < e; i++) memcpy(y + (size_t)i * C, bias, (size_t)C * sizeof(float));
    for (int k = 0; k < l->K; k++) {
        int kb = b, ke = e;
        rows_of_tap(l, k, &kb, &ke);
        if (kb < ke)
            tfb_kernels()->mul_add(ke - kb, C, param + (size_t)k * C,
                                   x[0] + (ptrdiff_t)(kb + k * l->dilate - l->pad) * C, y + (size_t)kb * C);
    }
}

/* Kept: TFB_SLICES times the sums of a tap, (2, C) doubles; then C zeros. */
static size_t cache(const tfb_layer_t *l, int B)
{
    (void)B;
    size_t C = (size_t)l->in.C;
    return (size_t)TFB_SLICES * 2 * C * sizeof(double) + C * sizeof(float);
}

typedef struct {
    const float *x, *w, *dy, *zero;
    float *to;
    double *part;
    int k;
} job_t;

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++) {
        const float *x = j->x + (size_t)b * l->in.L * l->in.C;
        rows(l, j->w, &x, j->to + (size_t)b * l->out.L * l->out.C, 0, l->out.L);
    }
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)
{
    job_t j = {.x = x[0], .w = pass->param + l->param_off, .to = y};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

static void dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++) {
        const float *dy = j->dy + (size_t)b * l->out.L * C;
        float *dx = j->to + (size_t)b * l->in.L * C;
        memset(dx, 0, (size_t)l->in.L * C * sizeof(float));
        for (int k = 0; k < l->K; k++) {
            int kb = 0, ke = l->out.L;
            rows_of_tap(l, k, &kb, &ke);
            if (kb < ke)
                tfb_kernels()->mul_add(ke - kb, C, j->w + (size_t)k * C, dy + (size_t)kb * C,
                                       dx + (ptrdiff_t)(kb + k * l->dilate - l->pad) * C);
        }
    }
}

/* Sums dy * x over the rows of tap k, into j->part (TFB_SLICES, 2, C). */
static void dw_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, kb = 0, ke = l->out.L;
    double *sum = j->part + (size_t)s * 2 * C;
    memset(sum, 0, 2 * (size_t)C * sizeof *sum);
    rows_of_tap(l, j->k, &kb, &ke);
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B) && kb < ke; b++) {
        const float *x = j->x + ((ptrdiff_t)b * l->in.L + kb + j->k * l->dilate - l->pad) * C;
        tfb_kernels()->bn_sums(ke - kb, C, x, j->dy + ((size_t)b * l->out.L + kb) * C, j->zero, sum, sum + C);
    }
}

static void weight_gradients(const tfb_layer_t *l, tfb_pass_t *pass, job_t *j)
{
    int C = l->in.C;
    float *dw = pass->grad + l->param_off;
    for (j->k = 0; j->k < l->K; j->k++) {
        tfb_tasks(l, pass, TFB_SLICES, dw_task, j);
        for (int c = 0; c < C; c++) {
            double sum = 0;
            for (int s = 0; s < TFB_SLICES; s++) sum += j->part[((size_t)s * 2 + 1) * C + c];
            dw[(size_t)j->k * C + c] = (float)sum;
        }
    }
    tfb_column_sums(l, pass, j->dy, l->out.L, C, j->part, dw + l->tensor[1].off);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx)
{
    (void)y;
    double *part = pass->cache[l->index];
    float *zero = (float *)(void *)(part + (size_t)TFB_SLICES * 2 * l->in.C);
    job_t j = {.x = x[0], .w = pass->param + l->param_off, .dy = dy, .to = dx[0], .part = part, .zero = zero};
    memset(zero, 0, (size_t)l->in.C * sizeof(float));
    if (pass->grad && !(pass->frozen && pass->frozen[l->index])) weight_gradients(l, pass, &j);
    if (dx[0]) tfb_tasks(l, pass, TFB_SLICES, dx_task, &j);
}

const tfb_kind_t tfb_kind_dwconv = {
    .name = "dwconv",
    .setup = setup,
    .init = init,
    .cache = cache,
    .forward = forward,
    .backward = backward,
    .reach = tfb_conv_reach,
    .constant = TFB_CONSTANT_STAYS,
    .bias = 2,
    .fuse = tfb_fuse_rows,
    .rows = rows,
};
