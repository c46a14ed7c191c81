/* conv.c - convolutions and dense layers. A dense layer is a convolution as wide as its input.
 *
 * `conv F K`, `conv F K same` (zero rows at both ends keep the length), `conv F K dilate D` (neighbouring
 * taps lie D positions apart); `dense F`. In: x (B, L, C), or base codes.  Out: y (B, L + 2 pad - (K-1) D,
 * F), stride 1. A convolution multiplies a matrix with its weights (K*C, F). Because activations are
 * channels-last, row l of that matrix is the K*C floats from x + l*C: rows overlap and nothing is copied.
 * A dilated convolution is K products of one tap each. Padded layers work on a copy of x with zero rows.
 *
 * A layer that reads bases looks up their weights instead of multiplying. Noise on the one-hot input adds
 * a product: conv(onehot + noise) = lookup(code) + conv(noise) - bias, and likewise for the weights'
 * gradient. */
#include "kernels/blas.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 2,  /* examples per forward task: the packed weights are read once per panel and chunk */
    ROWS = 48,  /* rows of a weight gradient per task: a multiple of the tile's 12 */
    PANELS = 2, /* panels of packed weights per dense task */
};

/* ---- data kept between forward and backward, and shared work space ---- */
typedef struct {
    float *packed;  /* weights packed for the forward product; first layer: the look-up table (K, 5, Fp) */
    float *packed2; /* weights reversed, for the gradient of the input */
    float *flip;    /* (K*F, C), before packing */
    float *dy;      /* dy packed, a block of examples after the other; first layer: TFB_SLICES tables */
    float *padded;  /* (B, L + 2 pad, C): the input with its zero rows */
    float *noise;   /* first layer: weights, packed for the product with noise */
    double *part;   /* TFB_SLICES * F partial sums */
} work_t;

static int is_dense(const tfb_layer_t *l) { return l->out.L == 1 && !l->pad && l->dilate == 1; }
static int is_dilated(const tfb_layer_t *l) { return l->dilate > 1; }
/* Returns the positions between the first tap and the last. */
static int span(const tfb_layer_t *l) { return (l->K - 1) * l->dilate; }
/* Returns the positions of the input that the products read. */
static int padded_length(const tfb_layer_t *l) { return l->in.L + 2 * l->pad; }

/* Returns the examples whose rows make one block of the weight gradient's inner sum: about 400 rows, so
 * that a block of packed dy and its rows of x stay in the second-level cache. */
static int block_examples(const tfb_layer_t *l, int B)
{
    int n = 432 / l->out.L;
    if (n < 1) return 1;
    return n < B ? n : B;
}

/* Returns the next n bytes of a block, aligned. base NULL: only counts. */
static void *carve(uint8_t *base, size_t *off, size_t n)
{
    void *p = base ? base + *off : NULL;
    *off += (n + 63) & ~(size_t)63;
    return p;
}

static size_t lay_out(const tfb_layer_t *l, int B, work_t *w, uint8_t *base)
{
    size_t K = (size_t)l->K, C = (size_t)l->in.C, F = (size_t)l->F, off = 0, packed, packed2, dy;
    int E = block_examples(l, B), Fp = tfb_round16(l->F);
    if (l->first) {
        packed = K * 5 * (size_t)Fp;
        dy = TFB_SLICES * packed;
    } else {
        packed = is_dilated(l) ? K * tfb_packed_size((int)C, (int)F) : tfb_packed_size((int)(K * C), (int)F);
        dy = (size_t)((B + E - 1) / E) * tfb_packed_size(E * l->out.L, (int)F);
    }
    packed2 = is_dilated(l) ? K * tfb_packed_size((int)F, (int)C) : tfb_packed_size((int)(K * F), (int)C);
    w->packed = carve(base, &off, packed * sizeof(float));
    w->packed2 = carve(base, &off, is_dense(l) ? 0 : packed2 * sizeof(float));
    w->flip = carve(base, &off, is_dense(l) ? 0 : K * F * C * sizeof(float));
    w->dy = carve(base, &off, dy * sizeof(float));
    w->padded = carve(base, &off, l->pad ? (size_t)B * (size_t)padded_length(l) * C * sizeof(float) : 0);
    w->part = carve(base, &off, TFB_SLICES * F * sizeof(double));
    w->noise = carve(base, &off, l->first ? tfb_packed_size((int)(K * C), (int)F) * sizeof(float) : 0);
    return off;
}

static size_t cache(const tfb_layer_t *l, int B)
{
    work_t w;
    return lay_out(l, B, &w, NULL);
}

/* ---- the kernels of each product ---- */

static const tfb_kernels_t *forward_kernels(const tfb_layer_t *l)
{
    int C = l->in.C, K = is_dilated(l) ? C : l->K * C;
    return tfb_gemm(is_dense(l) ? TFB_GEMM_BATCH : TFB_GEMM_ROWS, l->F, K);
}

static const tfb_kernels_t *dw_kernels(const tfb_layer_t *l, int B)
{
    int E = block_examples(l, B);
    return tfb_gemm(is_dense(l) && E == B ? TFB_GEMM_SUMS : TFB_GEMM_BLOCKED, l->F, E * l->out.L);
}

static const tfb_kernels_t *dx_kernels(const tfb_layer_t *l)
{
    if (is_dense(l)) return tfb_gemm(TFB_GEMM_ROWS, l->K * l->in.C, l->F);
    return tfb_gemm(TFB_GEMM_ROWS, l->in.C, is_dilated(l) ? l->F : l->K * l->F);
}

static const tfb_kernels_t *noise_kernels(const tfb_layer_t *l) { return tfb_gemm(TFB_GEMM_ROWS, l->F, l->K * 4); }

/* Returns the floats of one example's dy, packed, for the gradient from noise. */
static size_t noise_dy(const tfb_layer_t *l) { return (tfb_packed_size(l->out.L, l->F) + 15) & ~(size_t)15; }

static size_t scratch(const tfb_layer_t *l, int B)
{
    (void)B;
    size_t n = ((size_t)l->out.L + 2 * (size_t)span(l)) * (size_t)l->F;
    size_t panels = (size_t)l->F * PANELS * (size_t)dx_kernels(l)->panel;
    size_t noise = l->first ? noise_dy(l) + (size_t)l->K * 4 * (size_t)l->F : 0;
    if (n < panels) n = panels;
    if (n < noise) n = noise;
    return n * sizeof(float);
}

/* ---- set-up ---- */

static int finish_setup(tfb_layer_t *l, char *err, size_t m_err)
{
    if (l->F < 1 || l->F > 65536 || l->K < 1 || l->K > l->in.L || span(l) + 1 > padded_length(l)) {
        snprintf(err, m_err, "%s: %d filters of width %d do not fit an input of %d positions", l->kind->name, l->F,
                 span(l) + 1, l->in.L);
        return -1;
    }
    l->out = (tfb_shape_t){padded_length(l) - span(l), l->F, 0};
    return 0;
}

int tfb_conv_options(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    char word[16], *end;
    int same = 0;
    while (tfb_arg_word(&args, word, sizeof word)) {
        long d = 0;
        if (strcmp(word, "same") == 0) {
            same = 1;
            continue;
        }
        if (strcmp(word, "dilate") == 0 && tfb_arg_word(&args, word, sizeof word)) d = strtol(word, &end, 10);
        if (d < 1 || d > 65536 || *end) {
            snprintf(err, m_err, "%s takes `same` and `dilate D` after its width, as in `conv 100 5 same dilate 2`",
                     l->kind->name);
            return -1;
        }
        l->dilate = (int)d;
    }
    if (l->first && (same || l->dilate > 1)) {
        snprintf(err, m_err, "a layer that reads bases can be neither padded nor dilated");
        return -1;
    }
    if (l->K > TFB_MAX_WINDOW || (int64_t)(l->K - 1) * l->dilate > TFB_MAX_WINDOW) {
        snprintf(err, m_err, "%s: a width of %d at a distance of %d is too large", l->kind->name, l->K, l->dilate);
        return -1;
    }
    if (same && span(l) % 2) {
        snprintf(err, m_err, "`same` needs an odd width, or an even distance of taps");
        return -1;
    }
    if (same) l->pad = span(l) / 2;
    return 0;
}

/* Reads the leading numbers of args, at most n, and sets *rest to what follows. Returns how many there
 * were. */
static int leading_numbers(const char *args, double *v, int n, const char **rest)
{
    char word[32];
    int i = 0;
    for (*rest = args; i < n; i++, *rest = args)
        if (!tfb_arg_word(&args, word, sizeof word) || tfb_args(word, &v[i], 1) != 1) break;
    return i;
}

static int conv_setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[2];
    const char *rest;
    if (leading_numbers(args, v, 2, &rest) != 2) {
        snprintf(err, m_err, "conv takes a number of filters and a width, as in `conv 100 19`");
        return -1;
    }
    l->F = (int)v[0];
    l->K = (int)v[1];
    if (tfb_conv_options(l, rest, err, m_err) < 0 || finish_setup(l, err, m_err) < 0) return -1;
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
    /* position-major flattening is (F, K, C) in the file: as a (F, K*C, 1) tensor it reaches (K*C, F) in the same way
     */
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

/* Makes the look-up table of a first layer: rows A C G T as they are, row N their mean. */
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
    int W = l->in.L, L = l->out.L, F = l->F;
    for (int b = task * CHUNK; b < (task + 1) * CHUNK && b < pass->B; b++) {
        float *y = j->y + (size_t)b * L * F;
        tfb_kernels()->lookup(L, F, l->K, pass->code + (size_t)b * W, j->work.packed, j->bias, y);
        if (pass->noise && pass->noisy[b]) {
            tfb_rows_t x = {pass->noise + (size_t)b * W * 4, 4};
            noise_kernels(l)->gemm(L, F, l->K * 4, x, j->work.noise, (tfb_rows_out_t){y, F}, 1);
        }
    }
}

/* Copies the examples of a chunk, with zero rows around them. */
static void pad_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->in.L * l->in.C, side = (size_t)l->pad * l->in.C;
    for (int b = task * CHUNK; b < (task + 1) * CHUNK && b < pass->B; b++) {
        float *to = j->work.padded + (size_t)b * (n + 2 * side);
        memset(to, 0, side * sizeof(float));
        memcpy(to + side, j->x + (size_t)b * n, n * sizeof(float));
        memset(to + side + n, 0, side * sizeof(float));
    }
}

static void conv_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int C = l->in.C, F = l->F, L = l->out.L, KC = l->K * C;
    const tfb_kernels_t *k = forward_kernels(l);
    size_t tap = tfb_packed_size(C, F), step = (size_t)l->dilate * (size_t)C;
    int b0 = task * CHUNK, b1 = b0 + CHUNK < pass->B ? b0 + CHUNK : pass->B;
    for (int b = b0; b < b1; b++) {
        const float *x = j->x + (size_t)b * (size_t)padded_length(l) * C;
        float *y = j->y + (size_t)b * L * F;
        tfb_rows_out_t to = {y, F};
        if (is_dilated(l))
            for (int t = 0; t < l->K; t++)
                k->gemm(L, F, C, (tfb_rows_t){x + (size_t)t * step, C}, j->work.packed + (size_t)t * tap, to, t > 0);
        else
            k->gemm(L, F, KC, (tfb_rows_t){x, C}, j->work.packed, to, 0);
        tfb_kernels()->finish(L, F, 1, y, &(tfb_after_t){.bias = j->bias}, y);
    }
}

static void pack_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)pass, (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = l->first ? noise_kernels(l) : forward_kernels(l);
    int C = l->in.C, KC = l->K * C, p = k->panel, n = task * p, w = l->F - n < p ? l->F - n : p;
    size_t tap = tfb_packed_size(C, l->F);
    if (!is_dilated(l)) {
        k->pack(KC, w, j->w + n, l->F, 1, (l->first ? j->work.noise : j->work.packed) + (size_t)task * p * KC);
        return;
    }
    for (int t = 0; t < l->K; t++)
        k->pack(C, w, j->w + (size_t)t * C * l->F + n, l->F, 1,
                j->work.packed + (size_t)t * tap + (size_t)task * p * C);
}

/* Dense: each task computes some columns of y for the whole batch, and packs only their weights. */
static void dense_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = forward_kernels(l);
    int KC = l->K * l->in.C, p = k->panel * PANELS, n = task * p, w = l->F - n < p ? l->F - n : p;
    float *packed = j->work.packed + (size_t)n * KC;
    tfb_rows_t x = {j->x, KC};
    tfb_rows_out_t to = {j->y + n, l->F};
    if (k->gemm_direct)
        k->gemm_direct(pass->B, w, KC, x, (tfb_matrix_t){j->w + n, l->F, 1}, to, 0);
    else {
        k->pack(KC, w, j->w + n, l->F, 1, packed);
        k->gemm(pass->B, w, KC, x, packed, to, 0);
    }
    for (int b = 0; b < pass->B; b++) {
        float *y = j->y + (size_t)b * l->F + n;
        for (int f = 0; f < w; f++) y[f] += j->bias[n + f];
    }
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    const float *w = pass->param + l->param_off;
    job_t j = {.w = w, .bias = w + l->tensor[1].off, .x = in[0], .y = y};
    lay_out(l, pass->B, &j.work, pass->cache[l->index]);
    int chunks = (pass->B + CHUNK - 1) / CHUNK, p = (l->first ? noise_kernels(l) : forward_kernels(l))->panel;
    if (l->first) {
        make_table(l, w, j.work.packed);
        if (pass->noise) tfb_tasks(l, pass, (l->F + p - 1) / p, pack_task, &j);
        tfb_tasks(l, pass, chunks, first_task, &j);
    } else if (is_dense(l)) {
        tfb_tasks(l, pass, (l->F + p * PANELS - 1) / (p * PANELS), dense_task, &j);
    } else {
        tfb_tasks(l, pass, (l->F + p - 1) / p, pack_task, &j);
        if (l->pad) {
            tfb_tasks(l, pass, chunks, pad_task, &j);
            j.x = j.work.padded;
        }
        tfb_tasks(l, pass, chunks, conv_task, &j);
    }
}

/* ---- backward ---- */

/* Adds the contribution of the noise of examples [beg, end) to the weights' gradient, in table (K, 5, Fp). */
static void scatter_noise(const tfb_layer_t *l, const tfb_pass_t *pass, const job_t *j, int beg, int end,
                          float *scratch, float *table)
{
    int L = l->out.L, F = l->F, Fp = tfb_round16(F), rows = l->K * 4, any = 0;
    const tfb_kernels_t *k = noise_kernels(l);
    float *dw = scratch + noise_dy(l); /* (K * 4, F) */
    for (int b = beg; b < end; b++) {
        if (!pass->noisy[b]) continue;
        k->pack(L, F, j->y + (size_t)b * L * F, F, 1, scratch);
        tfb_blocks_t x = {.data = pass->noise + (size_t)b * l->in.L * 4, .ld = 4, .n = 1, .rows = L};
        k->gemm_tn(rows, F, x, scratch, (tfb_rows_out_t){dw, F}, any);
        any = 1;
    }
    for (int i = 0; any && i < rows; i++) {
        float *to = table + ((size_t)(i / 4) * 5 + (size_t)(i % 4)) * Fp;
        for (int f = 0; f < F; f++) to[f] += dw[(size_t)i * F + f];
    }
}

static void scatter_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    job_t *j = arg;
    int beg = tfb_slice(s, pass->B), end = tfb_slice(s + 1, pass->B);
    size_t n = (size_t)l->K * 5 * (size_t)tfb_round16(l->F);
    float *table = j->work.dy + (size_t)s * n;
    memset(table, 0, n * sizeof(float));
    for (int b = beg; b < end; b++)
        tfb_kernels()->scatter(l->out.L, l->F, l->K, pass->code + (size_t)b * l->in.L,
                               j->y + (size_t)b * l->out.L * l->F, table);
    if (pass->noise) scatter_noise(l, pass, j, beg, end, scratch, table);
}

/* Adds up the slices' tables. An N counts a quarter for each base. */
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

/* Packs dy of one block of examples as the right-hand side of the weight gradient. */
static void pack_dy_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int e0 = task * j->E, e = pass->B - e0 < j->E ? pass->B - e0 : j->E, L = l->out.L;
    dw_kernels(l, pass->B)
        ->pack(e * L, l->F, j->y + (size_t)e0 * L * l->F, l->F, 1,
               j->work.dy + (size_t)task * tfb_packed_size(j->E * L, l->F));
}

/* Returns the rows of the weight gradient per product: all taps are neighbours, unless they are dilated. */
static int dw_rows(const tfb_layer_t *l) { return is_dilated(l) ? l->in.C : l->K * l->in.C; }

static void dw_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = dw_kernels(l, pass->B);
    int C = l->in.C, L = l->out.L, all = dw_rows(l), step = tfb_gemm_rows(k, ROWS), chunks = (all + step - 1) / step;
    int t = task / chunks, m = task % chunks * step, n = all - m < step ? all - m : step;
    ptrdiff_t example = (ptrdiff_t)padded_length(l) * C;
    tfb_rows_out_t dw = {j->dw + ((size_t)t * C + m) * l->F, l->F};
    for (int blk = 0, e0 = 0; e0 < pass->B; blk++, e0 += j->E) {
        int e = pass->B - e0 < j->E ? pass->B - e0 : j->E;
        const float *bp = j->work.dy + (size_t)blk * tfb_packed_size(j->E * L, l->F);
        tfb_blocks_t x = {.data = j->x + e0 * example + (ptrdiff_t)t * l->dilate * C + m};
        if (L == 1)
            x.n = 1, x.rows = e, x.ld = example;
        else
            x.n = e, x.rows = L, x.block = example, x.ld = C;
        if (k->gemm_tn_direct)
            k->gemm_tn_direct(n, l->F, x, (tfb_matrix_t){j->y + (size_t)e0 * L * l->F, l->F, 1}, dw, blk > 0);
        else
            k->gemm_tn(n, l->F, x, bp, dw, blk > 0);
    }
}

/* Writes flip (K*F, C): weights in the order in which the gradient of the input uses them, with taps
 * reversed, and filters and channels exchanged. */
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
    const tfb_kernels_t *k = dx_kernels(l);
    int F = l->F, KF = l->K * F, C = l->in.C, p = k->panel, n = task * p, w = C - n < p ? C - n : p;
    size_t tap = tfb_packed_size(F, C);
    if (!is_dilated(l)) {
        k->pack(KF, w, j->work.flip + n, C, 1, j->work.packed2 + (size_t)n * KF);
        return;
    }
    for (int t = 0; t < l->K; t++)
        k->pack(F, w, j->w + ((size_t)t * C + n) * F, 1, F, j->work.packed2 + (size_t)t * tap + (size_t)n * F);
}

/* dx at a position is a product of the taps with dy at earlier positions, so dy gets a zero row for each
 * position that the taps can reach. */
static void dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    job_t *j = arg;
    const tfb_kernels_t *k = dx_kernels(l);
    int C = l->in.C, F = l->F, L = l->out.L;
    size_t zeros = (size_t)span(l) * F, n = (size_t)L * F, tap = tfb_packed_size(F, C);
    float *dy = scratch;
    memset(dy, 0, zeros * sizeof(float));
    memset(dy + zeros + n, 0, zeros * sizeof(float));
    for (int b = task * CHUNK; b < (task + 1) * CHUNK && b < pass->B; b++) {
        float *dx = j->dw + (size_t)b * l->in.L * C;
        memcpy(dy + zeros, j->y + (size_t)b * n, n * sizeof(float));
        /* the last tap's row for position 0; the first tap's is one span further */
        const float *at = dy + (size_t)l->pad * F;
        tfb_rows_out_t to = {dx, C};
        if (is_dilated(l))
            for (int t = 0; t < l->K; t++) {
                tfb_rows_t from = {at + zeros - (size_t)t * l->dilate * F, F};
                k->gemm(l->in.L, C, F, from, j->work.packed2 + (size_t)t * tap, to, t > 0);
            }
        else
            k->gemm(l->in.L, C, l->K * F, (tfb_rows_t){at, F}, j->work.packed2, to, 0);
    }
}

static void dense_dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    job_t *j = arg;
    const tfb_kernels_t *k = dx_kernels(l);
    int KC = l->K * l->in.C, p = k->panel * PANELS, n = task * p, w = KC - n < p ? KC - n : p;
    tfb_rows_t dy = {j->y, l->F};
    tfb_rows_out_t dx = {j->dw + n, KC};
    if (k->gemm_direct)
        k->gemm_direct(pass->B, w, l->F, dy, (tfb_matrix_t){j->w + (size_t)n * l->F, 1, l->F}, dx, 0);
    else {
        k->pack(l->F, w, j->w + (size_t)n * l->F, 1, l->F, scratch);
        k->gemm(pass->B, w, l->F, dy, scratch, dx, 0);
    }
}

/* Writes the gradient of weights and bias to pass->grad. */
static void parameter_gradients(const tfb_layer_t *l, tfb_pass_t *pass, job_t *j)
{
    float *dy = j->y;
    j->dw = pass->grad + l->param_off;
    if (l->first) {
        tfb_tasks(l, pass, TFB_SLICES, scatter_task, j);
        tfb_tasks(l, pass, l->K, gather_task, j);
    } else {
        const tfb_kernels_t *k = dw_kernels(l, pass->B);
        int taps = is_dilated(l) ? l->K : 1, step = tfb_gemm_rows(k, ROWS);
        j->E = block_examples(l, pass->B);
        if (!k->gemm_tn_direct) tfb_tasks(l, pass, (pass->B + j->E - 1) / j->E, pack_dy_task, j);
        tfb_tasks(l, pass, taps * ((dw_rows(l) + step - 1) / step), dw_task, j);
    }
    tfb_column_sums(l, pass, dy, l->out.L, l->F, j->work.part, j->dw + l->tensor[1].off);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    (void)y;
    const float *w = pass->param + l->param_off;
    job_t j = {.w = w, .x = in[0], .y = dy};
    lay_out(l, pass->B, &j.work, pass->cache[l->index]);
    if (l->pad) j.x = j.work.padded;
    int KC = l->K * l->in.C, p = dx_kernels(l)->panel;
    if (pass->grad && !(pass->frozen && pass->frozen[l->index])) parameter_gradients(l, pass, &j);
    if (!d_in[0]) return;
    j.dw = d_in[0];
    if (is_dense(l)) {
        tfb_tasks(l, pass, (KC + p * PANELS - 1) / (p * PANELS), dense_dx_task, &j);
    } else {
        if (!is_dilated(l)) tfb_tasks(l, pass, l->K, flip_task, &j);
        tfb_tasks(l, pass, (l->in.C + p - 1) / p, pack_flip_task, &j);
        tfb_tasks(l, pass, (pass->B + CHUNK - 1) / CHUNK, dx_task, &j);
    }
}

void tfb_conv_reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    int b = beg + l->pad - span(l), e = end + l->pad;
    *ob = b > 0 ? b : 0;
    *oe = e < l->out.L ? e : l->out.L;
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)stat;
    if (s->op != TFB_STEP_FRESH) return 0;
    size_t n = l->tensor[0].n;
    s->op = TFB_STEP_PRODUCT;
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
    .reach = tfb_conv_reach,
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
    .reach = tfb_conv_reach,
    .constant = TFB_CONSTANT_STAYS,
    .bias = 2,
    .fuse = fuse,
};
