/* conv.c - convolutions and dense layers, which are the same thing: a dense layer is a convolution as wide as its input.
 *
 * In: x (B, L, C), or base codes for the first layer.  Out: y (B, L-K+1, F), no padding, stride 1.
 * Because activations are channels-last, row l of the matrix that a convolution multiplies its weights (K*C, F) with is the
 * K*C floats from x + l*C: rows overlap and nothing is copied. */
#include "kernels/kernels.h"
#include "nn/stage.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

enum {
    CHUNK = 2,  /* examples a forward task takes: the packed weights are read once per panel and chunk */
    ROWS = 48,  /* rows of a weight gradient that one task makes: a multiple of the tile's 12 */
    PANELS = 2, /* panels of packed weights a dense task makes */
};

/* ---- what the layer keeps between forward and backward, and shared work space ---- */
typedef struct {
    float *packed;  /* weights as the forward product wants them; first layer: the look-up table (K, 5, Fp) */
    float *packed2; /* weights turned round, for the gradient of the input */
    float *flip;    /* (K*F, C), before packing */
    float *dy;      /* dy packed, a block of examples after the other; first layer: TFB_SLICES tables */
    double *part;   /* TFB_SLICES * F partial sums */
} work_t;

static int is_dense(const tfb_layer_t *l) { return l->out.L == 1; }

/* Examples whose rows make one block of the weight gradient's inner sum: some 400 rows, so that a block of packed dy and the
 * rows of x it meets stay in the second-level cache. */
static int block_examples(const tfb_layer_t *l, int B)
{
    int n = 432 / l->out.L;
    return n < 1 ? 1 : n < B ? n : B;
}

static size_t lay_out(const tfb_layer_t *l, int B, work_t *w, uint8_t *base)
{
    size_t K = (size_t)l->K, C = (size_t)l->in.C, F = (size_t)l->F, n[5];
    int E = block_examples(l, B), Fp = tfb_round16(l->F);
    if (l->first) {
        n[0] = K * 5 * (size_t)Fp;
        n[3] = TFB_SLICES * n[0];
    } else {
        n[0] = tfb_packed_size((int)(K * C), (int)F);
        n[3] = (size_t)((B + E - 1) / E) * tfb_packed_size(E * l->out.L, (int)F);
    }
    n[1] = is_dense(l) ? 0 : tfb_packed_size((int)(K * F), (int)C);
    n[2] = is_dense(l) ? 0 : K * F * C;
    n[4] = 2 * TFB_SLICES * F; /* doubles */
    size_t off = 0;
    float **p[] = {&w->packed, &w->packed2, &w->flip, &w->dy, (float **)&w->part};
    for (int i = 0; i < 5; i++) {
        *p[i] = base ? (float *)(void *)(base + off) : NULL;
        off += (n[i] * sizeof(float) + 63) & ~(size_t)63;
    }
    return off;
}

static size_t cache(const tfb_layer_t *l, int B)
{
    work_t w;
    return lay_out(l, B, &w, NULL);
}

static size_t scratch(const tfb_layer_t *l, int B)
{
    (void)B;
    size_t pad = ((size_t)l->out.L + 2 * (size_t)(l->K - 1)) * (size_t)l->F;
    size_t panels = (size_t)l->F * PANELS * TFB_PANEL_MAX;
    return (pad > panels ? pad : panels) * sizeof(float);
}

/* ---- set-up ---- */

static int finish_setup(tfb_layer_t *l, char *err, size_t m_err)
{
    if (l->F < 1 || l->F > 65536 || l->K < 1 || l->K > l->in.L) {
        snprintf(err, m_err, "%s: %d filters of width %d do not fit an input of %d positions", l->kind->name, l->F, l->K, l->in.L);
        return -1;
    }
    l->out = (tfb_shape_t){l->in.L - l->K + 1, l->F, 0};
    return 0;
}

static int conv_setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[2];
    if (tfb_args(args, v, 2) != 2) {
        snprintf(err, m_err, "conv takes a number of filters and a width, as in `conv 100 19`");
        return -1;
    }
    l->F = (int)v[0];
    l->K = (int)v[1];
    if (finish_setup(l, err, m_err) < 0) return -1;
    tfb_tensor_t *t = tfb_layer_tensor(l, "weight", 1, 3, l->F, l->in.C, l->K);
    t->fck[0] = l->F, t->fck[1] = l->in.C, t->fck[2] = l->K;
    tfb_layer_tensor(l, "bias", 1, 1, l->F, 0, 0);
    return 0;
}

static int dense_setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[1];
    if (tfb_args(args, v, 1) != 1) {
        snprintf(err, m_err, "dense takes a number of units, as in `dense 1000`");
        return -1;
    }
    l->F = (int)v[0];
    l->K = l->in.L;
    if (finish_setup(l, err, m_err) < 0) return -1;
    tfb_tensor_t *t = tfb_layer_tensor(l, "weight", 1, 2, l->F, l->in.C * l->in.L, 0);
    /* position-major flattening is (F, K, C) in the file: as a (F, K*C, 1) tensor it takes the same road to (K*C, F) */
    t->fck[0] = l->F;
    t->fck[1] = l->in.by_position ? l->in.C * l->in.L : l->in.C;
    t->fck[2] = l->in.by_position ? 1 : l->in.L;
    tfb_layer_tensor(l, "bias", 1, 1, l->F, 0, 0);
    return 0;
}

/* PyTorch's default for both kinds: uniform within 1/sqrt(fan-in), weight and bias. */
static void init(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r)
{
    (void)s;
    double bound = 1 / sqrt((double)l->in.C * l->K);
    for (size_t i = 0; i < l->n_param; i++) p[i] = (float)((2 * tfb_rng_unit(r) - 1) * bound);
}

/* ---- forward ---- */

typedef struct {
    const float *w, *bias, *x;
    float *y, *dw;
    work_t work;
    int E;
} job_t;

/* The look-up table of a first layer: rows A C G T as they are, row N their mean. */
static void make_table(const tfb_layer_t *l, const float *w, float *table)
{
    int F = l->F, Fp = tfb_round16(F);
    for (int k = 0; k < l->K; k++) {
        float *t = table + (size_t)k * 5 * Fp;
        const float *s = w + (size_t)k * 4 * F;
        for (int f = 0; f < F; f++) {
            for (int c = 0; c < 4; c++) t[c * Fp + f] = s[c * F + f];
            t[4 * Fp + f] = 0.25f * (s[f] + s[F + f] + s[2 * F + f] + s[3 * F + f]);
        }
    }
}

static void first_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int W = l->in.L;
    for (int b = task * CHUNK; b < (task + 1) * CHUNK && b < pass->B; b++)
        tfb_kernels()->lookup(l->out.L, l->F, l->K, pass->code + (size_t)b * W, j->work.packed, j->bias, j->y + (size_t)b * l->out.L * l->F);
}

static void conv_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, F = l->F, L = l->out.L, KC = l->K * C;
    const tfb_kernels_t *k = tfb_kernels();
    int b0 = task * CHUNK, b1 = b0 + CHUNK < pass->B ? b0 + CHUNK : pass->B;
    for (int b = b0; b < b1; b++) {
        float *y = j->y + (size_t)b * L * F;
        k->gemm(L, F, KC, j->x + (size_t)b * l->in.L * C, C, j->work.packed, y, F, 0);
        k->finish(L, F, 1, y, j->bias, 0, NULL, NULL, y);
    }
}

static void pack_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)pass, (void)scratch;
    job_t *j = arg;
    int KC = l->K * l->in.C, p = tfb_kernels()->panel, n = task * p, w = l->F - n < p ? l->F - n : p;
    tfb_kernels()->pack(KC, w, j->w + n, l->F, 1, j->work.packed + (size_t)task * p * KC);
}

/* Dense: every task makes some columns of y for the whole batch, packing just the weights of those. */
static void dense_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = tfb_kernels();
    int KC = l->K * l->in.C, p = k->panel * PANELS, n = task * p, w = l->F - n < p ? l->F - n : p;
    float *packed = j->work.packed + (size_t)n * KC;
    k->pack(KC, w, j->w + n, l->F, 1, packed);
    k->gemm(pass->B, w, KC, j->x, KC, packed, j->y + n, l->F, 0);
    for (int b = 0; b < pass->B; b++) {
        float *y = j->y + (size_t)b * l->F + n;
        for (int f = 0; f < w; f++) y[f] += j->bias[n + f];
    }
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, float *y)
{
    const float *w = pass->param + l->param_off;
    job_t j = {.w = w, .bias = w + l->tensor[1].off, .x = x, .y = y};
    lay_out(l, pass->B, &j.work, pass->cache[l->index]);
    int chunks = (pass->B + CHUNK - 1) / CHUNK, p = tfb_kernels()->panel;
    if (l->first) {
        make_table(l, w, j.work.packed);
        tfb_tasks(l, pass, chunks, first_task, &j);
    } else if (is_dense(l)) {
        tfb_tasks(l, pass, (l->F + p * PANELS - 1) / (p * PANELS), dense_task, &j);
    } else {
        tfb_tasks(l, pass, (l->F + p - 1) / p, pack_task, &j);
        tfb_tasks(l, pass, chunks, conv_task, &j);
    }
}

/* ---- backward ---- */

static void scatter_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->K * 5 * (size_t)tfb_round16(l->F);
    float *table = j->work.dy + (size_t)s * n;
    memset(table, 0, n * sizeof(float));
    for (int b = tfb_slice(s, pass->B); b < tfb_slice(s + 1, pass->B); b++)
        tfb_kernels()->scatter(l->out.L, l->F, l->K, pass->code + (size_t)b * l->in.L, j->y + (size_t)b * l->out.L * l->F, table);
}

/* Adds up the slices' tables; an N gave a quarter to each base. */
static void gather_task(const tfb_layer_t *l, tfb_pass_t *pass, int k, void *scratch, void *arg)
{
    (void)pass, (void)scratch;
    job_t *j = arg;
    int F = l->F, Fp = tfb_round16(F);
    size_t n = (size_t)l->K * 5 * (size_t)Fp;
    for (int c = 0; c < 4; c++)
        for (int f = 0; f < F; f++) {
            float s = 0;
            for (int i = 0; i < TFB_SLICES; i++) {
                const float *t = j->work.dy + (size_t)i * n + (size_t)k * 5 * Fp;
                s += t[c * Fp + f] + 0.25f * t[4 * Fp + f];
            }
            j->dw[((size_t)k * 4 + c) * F + f] = s;
        }
}

/* dy of one block of examples, packed as the right-hand side of the weight gradient. */
static void pack_dy_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int e0 = task * j->E, e = pass->B - e0 < j->E ? pass->B - e0 : j->E, L = l->out.L;
    tfb_kernels()->pack(e * L, l->F, j->y + (size_t)e0 * L * l->F, l->F, 1, j->work.dy + (size_t)task * tfb_packed_size(j->E * L, l->F));
}

static void dw_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, KC = l->K * C, m = task * ROWS, n = KC - m < ROWS ? KC - m : ROWS, L = l->out.L;
    ptrdiff_t lds = (ptrdiff_t)l->in.L * C;
    for (int blk = 0, e0 = 0; e0 < pass->B; blk++, e0 += j->E) {
        int e = pass->B - e0 < j->E ? pass->B - e0 : j->E;
        const float *bp = j->work.dy + (size_t)blk * tfb_packed_size(j->E * L, l->F);
        const float *a = j->x + e0 * lds + m;
        if (L == 1)
            tfb_kernels()->gemm_tn(n, l->F, 1, e, a, 0, lds, bp, j->dw + (size_t)m * l->F, l->F, blk > 0);
        else
            tfb_kernels()->gemm_tn(n, l->F, e, L, a, lds, C, bp, j->dw + (size_t)m * l->F, l->F, blk > 0);
    }
}

/* flip (K*F, C): weights in the order the gradient of the input meets them, taps reversed, filters and channels exchanged. */
static void flip_task(const tfb_layer_t *l, tfb_pass_t *pass, int k, void *scratch, void *arg)
{
    (void)pass, (void)scratch;
    job_t *j = arg;
    int C = l->in.C, F = l->F;
    const float *w = j->w + (size_t)(l->K - 1 - k) * C * F;
    float *out = j->work.flip + (size_t)k * F * C;
    for (int c0 = 0; c0 < C; c0 += 16)
        for (int f = 0; f < F; f++)
            for (int c = c0; c < c0 + 16 && c < C; c++) out[(size_t)f * C + c] = w[(size_t)c * F + f];
}

static void pack_flip_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)pass, (void)scratch;
    job_t *j = arg;
    int KF = l->K * l->F, C = l->in.C, p = tfb_kernels()->panel, n = task * p, w = C - n < p ? C - n : p;
    tfb_kernels()->pack(KF, w, j->work.flip + n, C, 1, j->work.packed2 + (size_t)n * KF);
}

static void dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    job_t *j = arg;
    int C = l->in.C, F = l->F, L = l->out.L;
    size_t pad = (size_t)(l->K - 1) * F, n = (size_t)L * F;
    float *dy = scratch;
    memset(dy, 0, pad * sizeof(float));
    memset(dy + pad + n, 0, pad * sizeof(float));
    for (int b = task * CHUNK; b < (task + 1) * CHUNK && b < pass->B; b++) {
        memcpy(dy + pad, j->y + (size_t)b * n, n * sizeof(float));
        tfb_kernels()->gemm(l->in.L, C, l->K * F, dy, F, j->work.packed2, j->dw + (size_t)b * l->in.L * C, C, 0);
    }
}

static void dense_dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    job_t *j = arg;
    const tfb_kernels_t *k = tfb_kernels();
    int KC = l->K * l->in.C, p = k->panel * PANELS, n = task * p, w = KC - n < p ? KC - n : p;
    k->pack(l->F, w, j->w + (size_t)n * l->F, 1, l->F, scratch);
    k->gemm(pass->B, w, l->F, j->y, l->F, scratch, j->dw + n, KC, 0);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, const float *y, float *dy, float *dx)
{
    (void)y;
    const float *w = pass->param + l->param_off;
    job_t j = {.w = w, .x = x, .y = dy};
    lay_out(l, pass->B, &j.work, pass->cache[l->index]);
    int frozen = pass->frozen && pass->frozen[l->index];
    int KC = l->K * l->in.C, p = tfb_kernels()->panel;
    if (pass->grad && !frozen) {
        j.dw = pass->grad + l->param_off;
        if (l->first) {
            tfb_tasks(l, pass, TFB_SLICES, scatter_task, &j);
            tfb_tasks(l, pass, l->K, gather_task, &j);
        } else {
            j.E = block_examples(l, pass->B);
            tfb_tasks(l, pass, (pass->B + j.E - 1) / j.E, pack_dy_task, &j);
            tfb_tasks(l, pass, (KC + ROWS - 1) / ROWS, dw_task, &j);
        }
        tfb_column_sums(l, pass, dy, l->out.L, l->F, j.work.part, j.dw + l->tensor[1].off);
    }
    if (!dx) return;
    j.dw = dx;
    if (is_dense(l)) {
        tfb_tasks(l, pass, (KC + p * PANELS - 1) / (p * PANELS), dense_dx_task, &j);
    } else {
        tfb_tasks(l, pass, l->K, flip_task, &j);
        tfb_tasks(l, pass, (l->in.C + p - 1) / p, pack_flip_task, &j);
        tfb_tasks(l, pass, (pass->B + CHUNK - 1) / CHUNK, dx_task, &j);
    }
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    *ob = beg - l->K + 1 > 0 ? beg - l->K + 1 : 0;
    *oe = end < l->out.L ? end : l->out.L;
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_stage_t *s)
{
    (void)stat;
    if (s->layer || s->relu || s->scale || s->P > 1) return 0;
    size_t n = l->tensor[0].n;
    s->layer = l;
    s->first = l->first;
    s->K = l->K;
    s->mid = s->out = l->out;
    s->w = tfb_alloc(n, sizeof(float), "weights");
    s->bias = tfb_alloc((size_t)l->F, sizeof(float), "weights");
    if (!s->w || !s->bias) return -1;
    memcpy(s->w, param, n * sizeof(float));
    memcpy(s->bias, param + l->tensor[1].off, (size_t)l->F * sizeof(float));
    return 1;
}

const tfb_kind_t tfb_kind_conv = {
    .name = "conv",
    .setup = conv_setup,
    .init = init,
    .cache = cache,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .reach = reach,
    .constant = TFB_CONSTANT_STAYS,
    .bias = 2,
    .fuse = fuse,
};
const tfb_kind_t tfb_kind_dense = {
    .name = "dense",
    .setup = dense_setup,
    .init = init,
    .cache = cache,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .reach = reach,
    .constant = TFB_CONSTANT_STAYS,
    .bias = 2,
    .fuse = fuse,
};
