/* test_low.c - low precision: every set computes the product that low.h defines; networks score nearly as in float32,
 * and in one precision the same every way. */
#include "graphs.h"
#include "kernels/low.h"
#include "nn/infer.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tfb_rng_t rng;
static float number(void) { return 2 * (float)tfb_rng_unit(&rng) - 1; }

/* ---- products ---- */

/* A product of L rows of C numbers, read from `pad` rows before a buffer's end on, and what it needs; all owned. */
typedef struct {
    const tfb_low_t *k;
    int K, C, D, rows; /* taps and their distance; rows of the input */
    uint8_t *x;        /* (rows) in low precision */
    float *w;          /* (K, C, N) */
    tfb_low_product_t p;
} product_t;

static void *room(size_t n) { return tfb_alloc(n, 1, "a test"); }

static product_t make_product(const tfb_low_t *k, const int shape[6], int affine, int low)
{
    product_t t = {.k = k, .K = shape[0], .C = shape[1], .D = shape[3], .rows = shape[5]};
    int N = shape[2], columns = (int)tfb_low_columns(N), lines = (int)tfb_low_row(k, t.C) / TFB_LOW_LINE;
    ptrdiff_t row = (ptrdiff_t)tfb_low_row(k, t.C);
    float *f = room((size_t)t.rows * (size_t)t.C * sizeof *f), *unit = room((size_t)columns * sizeof *unit);
    t.x = room((size_t)(t.rows + TFB_LOW_TILE) * (size_t)row);
    for (int i = 0; i < t.rows * t.C; i++) f[i] = k->bytes == 1 ? fabsf(number()) : number();
    k->narrow(t.rows, t.C, f, t.C, 200, t.x, row);
    free(f);
    t.w = room((size_t)t.K * (size_t)t.C * (size_t)N * sizeof *t.w);
    for (int i = 0; i < t.K * t.C * N; i++) t.w[i] = number();
    t.p = (tfb_low_product_t){.N = N, .P = shape[4], .taps = t.K, .lines = lines, .lda = row, .tap = t.D * row};
    t.p.w = room(tfb_low_packed_size(k, t.K, t.C, N));
    tfb_low_pack(k, t.K, t.C, N, t.w, t.p.w, k->bytes == 1 ? unit : NULL);
    t.p.bias = room((size_t)columns * sizeof(float));
    t.p.scale = affine ? room((size_t)columns * sizeof(float)) : NULL;
    t.p.shift = affine ? room((size_t)columns * sizeof(float)) : NULL;
    for (int n = 0; n < N; n++) {
        t.p.bias[n] = number();
        if (affine) t.p.scale[n] = number(), t.p.shift[n] = number();
    }
    t.p.unit = k->bytes == 1 ? unit : NULL;
    if (k->bytes == 2) free(unit);
    t.p.relu = !affine || N % 2;
    t.p.low = low;
    t.p.per = 3;
    t.p.ldy = low ? (ptrdiff_t)tfb_low_row(k, N) : N * (ptrdiff_t)sizeof(float);
    return t;
}

static void free_product(product_t *t)
{
    free(t->x);
    free(t->w);
    free(t->p.w);
    free(t->p.bias);
    free(t->p.scale);
    free(t->p.shift);
    free(t->p.unit);
}

/* Returns channel c of row r of the input, as the product takes it. */
static double input(const product_t *t, int r, int c)
{
    const uint8_t *row = t->x + (size_t)r * tfb_low_row(t->k, t->C);
    uint16_t h;
    if (t->k->bytes == 1) return row[c];
    memcpy(&h, row + 2 * c, 2);
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, 4);
    return (double)f;
}

static double weight(const product_t *t, int k, int c, int n)
{
    float w = t->w[((size_t)k * (size_t)t->C + (size_t)c) * (size_t)t->p.N + (size_t)n];
    return (double)(t->k->bytes == 2 ? tfb_low_bfloat16(w) : rintf(w / t->p.unit[n]));
}

/* Returns output i of column n by the definition. */
static double expected(const product_t *t, int i, int n)
{
    double best = 0;
    for (int r = 0; r < t->p.P; r++) {
        double s = 0;
        for (int k = 0; k < t->K; k++)
            for (int c = 0; c < t->C; c++) s += input(t, i * t->p.P + r + k * t->D, c) * weight(t, k, c, n);
        if (t->p.unit) s *= (double)t->p.unit[n];
        s += (double)t->p.bias[n];
        if (t->p.relu && s < 0) s = 0;
        if (t->p.scale) s = s * (double)t->p.scale[n] + (double)t->p.shift[n];
        if (r == 0 || s > best) best = s;
    }
    return best;
}

/* Returns number n of row i of y. */
static double output(const product_t *t, const uint8_t *y, int i, int n)
{
    const uint8_t *row = y + i * t->p.ldy;
    float f;
    uint32_t u = 0;
    if (t->p.low && t->k->bytes == 1) return row[n];
    if (t->p.low)
        memcpy((uint8_t *)&u + 2, row + 2 * n, 2); /* little-endian, as all low sets but the plain ones */
    else
        memcpy(&u, row + 4 * n, 4);
    memcpy(&f, &u, 4);
    return (double)f;
}

static void test_product(const tfb_low_t *k, const int shape[6], int affine, int low)
{
    product_t t = make_product(k, shape, affine, low);
    int n_out = (t.rows - (t.K - 1) * t.D) / t.p.P, cut = n_out / 3;
    uint8_t *y = room((size_t)(n_out * t.p.ldy)), *one = room((size_t)(n_out * t.p.ldy));
    ptrdiff_t step = t.p.P * t.p.lda;
    k->product(&t.p, 1, &(tfb_low_run_t){.a = t.x, .y = y, .n = n_out});
    double worst = 0;
    for (int i = 0; i < n_out; i++)
        for (int n = 0; n < t.p.N; n++) {
            double want = expected(&t, i, n), got = output(&t, y, i, n), room_for = 1e-4 * (1 + fabs(want));
            if (low && k->bytes == 1) {
                want = fmin(fmax(want * 3, 0), 255);
                room_for = 0.501;
            } else if (low)
                room_for += fabs(want) / 256;
            worst = fmax(worst, fabs(want - got) / room_for);
        }
    CHECK(worst <= 1, "%s %s: K %d C %d N %d D %d P %d, affine %d, low %d: %g times what rounding explains", k->name,
          tfb_precision_name[k->precision], shape[0], shape[1], shape[2], shape[3], shape[4], affine, low, worst);
    for (int i = 0; low && i < n_out; i++)
        for (ptrdiff_t b = (ptrdiff_t)t.p.N * k->bytes; b < t.p.ldy; b++)
            CHECK(y[i * t.p.ldy + b] == 0, "%s: a row does not end with zeros", k->name);
    /* a row alone, or in another company, is the same */
    tfb_low_run_t run[3] = {{t.x, one, cut},
                            {t.x + cut * step, one + cut * t.p.ldy, 1},
                            {t.x + (cut + 1) * step, one + (cut + 1) * t.p.ldy, n_out - cut - 1}};
    for (int i = 2; i >= 0; i--) k->product(&t.p, 1, &run[i]);
    CHECK(memcmp(y, one, (size_t)(n_out * t.p.ldy)) == 0, "%s: rows depend on their company", k->name);
    memset(one, 1, (size_t)(n_out * t.p.ldy));
    k->product(&t.p, 3, run);
    CHECK(memcmp(y, one, (size_t)(n_out * t.p.ldy)) == 0, "%s: rows depend on the number of runs", k->name);
    free(y);
    free(one);
    free_product(&t);
}

/* ---- networks ---- */

enum { N = 170, FAMILY = 19, W = GRAPH_WINDOW };

/* Makes windows; base[i]: the one from which i differs in a base or a few. */
static void make_windows(uint8_t *code, int32_t *base)
{
    for (int i = 0; i < N; i++) {
        base[i] = i % FAMILY ? i / FAMILY * FAMILY : -1;
        for (int k = 0; k < W; k++)
            code[i * W + k] =
                base[i] < 0 ? (uint8_t)(tfb_rng_below(&rng, 30) ? tfb_rng_below(&rng, 4) : 4) : code[base[i] * W + k];
        int at = (int)tfb_rng_below(&rng, W - 5), n = i % 7 == 2 ? 5 : i % 7 != 3;
        for (int k = at; base[i] >= 0 && k < at + n; k++) code[i * W + k] = (uint8_t)((code[i * W + k] + 1) & 3);
    }
}

static float distance(const float *a, const float *b, size_t n)
{
    float worst = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= worst)) worst = fabsf(a[i] - b[i]);
    return worst;
}

static void test_net(const char *spec, const tfb_low_t *low, tfb_pool_t *pool)
{
    char err[300];
    uint8_t code[N * W];
    int32_t base[N];
    int64_t at[N];
    static float z[N * 3], one[N * 3], other[N * 3], most[TFB_MAX_LAYERS];
    tfb_net_t *net = tfb_net_parse(spec, W, err, sizeof err);
    tfb_net_init(net, 7);
    make_windows(code, base);
    if (low->precision == TFB_INT8) CHECK(tfb_infer_largest(net, code, N, most) == 0, "%s: the largest inputs", spec);
    tfb_infer_t *f = tfb_infer_create(net, NULL, 0, NULL), *g = tfb_infer_create_low(net, NULL, 0, NULL, low, most),
                *h = tfb_infer_create_low(net, NULL, 0, pool, low, most);
    tfb_infer_windows(f, code, NULL, N, TFB_STRAND_BOTH, z);
    tfb_infer_windows(g, code, NULL, N, TFB_STRAND_BOTH, one);
    float size = 0;
    for (int i = 0; i < N * 3; i++) size = fmaxf(size, fabsf(z[i]));
    CHECK(distance(z, one, N * 3) <= 0.03f * size, "%s: %s %s differs from float32 by %g of %g", spec, low->name,
          tfb_precision_name[low->precision], (double)distance(z, one, N * 3), (double)size);
    tfb_infer_windows(g, code, base, N, TFB_STRAND_BOTH, other);
    CHECK(memcmp(one, other, sizeof one) == 0, "%s: %s: local differs from full", spec, low->name);
    tfb_infer_windows(h, code, base, N, TFB_STRAND_BOTH, other);
    CHECK(memcmp(one, other, sizeof one) == 0, "%s: %s: three threads differ from one", spec, low->name);
    for (int i = 0; i < N; i++) {
        at[i] = i * 7;
        tfb_infer_windows(g, code + at[i], NULL, 1, TFB_STRAND_BOTH, one + 3 * i);
    }
    tfb_infer_stretch(h, code, at, N, TFB_STRAND_BOTH, other);
    CHECK(memcmp(one, other, sizeof one) == 0, "%s: %s: a stretch differs from its windows", spec, low->name);
    tfb_infer_destroy(f);
    tfb_infer_destroy(g);
    tfb_infer_destroy(h);
    tfb_net_destroy(net);
}

int main(void)
{
    /* K, C, N, distance of taps, pool, rows of the input */
    static const int shape[][6] = {{7, 128, 20, 1, 3, 60}, {4, 70, 33, 1, 1, 18}, {1, 5, 3, 1, 1, 200},
                                   {3, 33, 16, 2, 2, 50},  {2, 64, 17, 1, 5, 90}, {2, 20, 40, 1, 64, 140}};
    tfb_pool_t *pool = tfb_pool_create(3);
    tfb_rng_seed(&rng, 5);
    for (const tfb_low_t *const *k = tfb_low_all(); *k; k++) {
        for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++)
            for (int how = 0; how < 4; how++) test_product(*k, shape[i], how & 1, how >> 1);
        for (int i = 0; i < N_GRAPHS; i++) test_net(graphs[i].spec, *k, pool);
        test_net("conv 20 5; bn; relu; pool 3; conv 40 7; relu; pool 3; dense 9; relu; dense 3", *k, pool);
    }
    tfb_pool_destroy(pool);
    return unit_failed;
}
