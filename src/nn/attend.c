/* attend.c - attention pooling: `attend H` has H learnt queries. Each weights the positions of the window
 * by a softmax of its products with them, and returns their weighted mean. Out: (1, H * C), query by
 * query. */
#include "kernels/kernels.h"
#include "kernels/vmath.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[1];
    if (tfb_args(args, v, 1) != 1 || v[0] < 1 || v[0] > 64) {
        snprintf(err, m_err, "attend takes a number of queries from 1 to 64, as in `attend 2`");
        return -1;
    }
    l->F = (int)v[0];
    l->K = l->in.L;
    l->out = (tfb_shape_t){1, l->F * l->in.C, 0};
    tfb_layer_tensor(l, "weight", 1, 2, l->F, l->in.C, 0);
    return 0;
}

static void init(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r)
{
    (void)s;
    double bound = 1 / sqrt((double)l->in.C);
    for (size_t i = 0; i < l->n_param; i++) p[i] = (float)((2 * tfb_rng_unit(r) - 1) * bound);
}

/* Kept for backward: (B, H, L) weights of positions; then TFB_SLICES gradients of the queries. */
static size_t cache(const tfb_layer_t *l, int B)
{
    return ((size_t)B * l->F * l->in.L + (size_t)TFB_SLICES * l->n_param) * sizeof(float);
}

static size_t scratch_size(const tfb_layer_t *l, int B)
{
    (void)B;
    return (size_t)l->in.L * sizeof(float);
}

static float dot(const float *a, const float *b, int n)
{
    float s = 0;
    for (int i = 0; i < n; i++) s += a[i] * b[i];
    return s;
}

/* Computes the weights a (L) of the positions of x (L, C) for query q (C). */
static void weigh(const tfb_layer_t *l, const float *q, const float *x, float *a)
{
    int L = l->in.L, C = l->in.C;
    float most = -INFINITY, sum = 0;
    for (int i = 0; i < L; i++) {
        a[i] = dot(q, x + (size_t)i * C, C);
        most = fmaxf(most, a[i]);
    }
    for (int i = 0; i < L; i++) sum += a[i] = tfb_exp(a[i] - most);
    for (int i = 0; i < L; i++) a[i] /= sum;
}

/* Writes y (C), the mean of x (L, C) weighted by a. */
static void weighted_mean(const tfb_layer_t *l, const float *a, const float *x, float *restrict y)
{
    int C = l->in.C;
    memset(y, 0, (size_t)C * sizeof(float));
    for (int i = 0; i < l->in.L; i++)
        for (int c = 0; c < C; c++) y[c] += a[i] * x[(size_t)i * C + c];
}

static void rows(const tfb_layer_t *l, const float *param, const float *const *x, float *y, int b, int e)
{
    (void)b, (void)e;
    int L = l->in.L, C = l->in.C;
    for (int h = 0; h < l->F; h++) { /* each product is computed twice, which is cheaper than storing L weights */
        const float *q = param + (size_t)h * C;
        float *restrict to = y + (size_t)h * C;
        float most = -INFINITY, sum = 0;
        for (int i = 0; i < L; i++) most = fmaxf(most, dot(q, x[0] + (size_t)i * C, C));
        memset(to, 0, (size_t)C * sizeof(float));
        for (int i = 0; i < L; i++) {
            const float *xi = x[0] + (size_t)i * C;
            float w = tfb_exp(dot(q, xi, C) - most);
            for (int c = 0; c < C; c++) to[c] += w * xi[c];
            sum += w;
        }
        for (int c = 0; c < C; c++) to[c] /= sum;
    }
}

typedef struct {
    const float *x, *q, *dy;
    float *y, *dx, *kept, *dq;
} job_t;

static void forward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int L = l->in.L, C = l->in.C, H = l->F;
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++)
        for (int h = 0; h < H; h++) {
            const float *x = j->x + (size_t)b * L * C;
            float *a = j->kept + ((size_t)b * H + h) * L;
            weigh(l, j->q + (size_t)h * C, x, a);
            weighted_mean(l, a, x, j->y + ((size_t)b * H + h) * C);
        }
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)
{
    job_t j = {.x = x[0], .q = pass->param + l->param_off, .y = y, .kept = pass->cache[l->index]};
    tfb_tasks(l, pass, TFB_SLICES, forward_task, &j);
}

/* Adds to dx (L, C) and dq (C) for one example and one query. ds (L) is scratch. */
static void backward_one(const tfb_layer_t *l, const float *x, const float *q, const float *a, const float *dy,
                         float *ds, float *dx, float *dq)
{
    int L = l->in.L, C = l->in.C;
    float mean = 0;
    for (int i = 0; i < L; i++) {
        ds[i] = dot(dy, x + (size_t)i * C, C);
        mean += a[i] * ds[i];
    }
    for (int i = 0; i < L; i++) {
        ds[i] = a[i] * (ds[i] - mean);
        for (int c = 0; c < C && dx; c++) dx[(size_t)i * C + c] += a[i] * dy[c] + ds[i] * q[c];
        for (int c = 0; c < C && dq; c++) dq[c] += ds[i] * x[(size_t)i * C + c];
    }
}

static void backward_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    job_t *j = arg;
    int L = l->in.L, C = l->in.C, H = l->F;
    float *dq = j->dq ? j->dq + (size_t)s * l->n_param : NULL;
    if (dq) memset(dq, 0, l->n_param * sizeof(float));
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++) {
        size_t at = (size_t)b * L * C;
        if (j->dx) memset(j->dx + at, 0, (size_t)L * C * sizeof(float));
        for (int h = 0; h < H; h++) {
            size_t hc = (size_t)h * C;
            backward_one(l, j->x + at, j->q + hc, j->kept + ((size_t)b * H + h) * L, j->dy + (size_t)b * H * C + hc,
                         scratch, j->dx ? j->dx + at : NULL, dq ? dq + hc : NULL);
        }
    }
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx)
{
    (void)y;
    job_t j = {.x = x[0], .q = pass->param + l->param_off, .dy = dy, .dx = dx[0], .kept = pass->cache[l->index]};
    int want = pass->grad && !(pass->frozen && pass->frozen[l->index]);
    if (want) j.dq = j.kept + (size_t)pass->B * l->F * l->in.L;
    tfb_tasks(l, pass, TFB_SLICES, backward_task, &j);
    for (size_t i = 0; want && i < l->n_param; i++) {
        float sum = 0;
        for (int s = 0; s < TFB_SLICES; s++) sum += j.dq[(size_t)s * l->n_param + i];
        pass->grad[l->param_off + i] = sum;
    }
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    (void)l, (void)beg, (void)end;
    *ob = 0;
    *oe = 1;
}

const tfb_kind_t tfb_kind_attend = {
    .name = "attend",
    .setup = setup,
    .init = init,
    .cache = cache,
    .scratch = scratch_size,
    .forward = forward,
    .backward = backward,
    .plain_gradient = 1,
    .reach = reach,
    .fuse = tfb_fuse_rows,
    .rows = rows,
};
