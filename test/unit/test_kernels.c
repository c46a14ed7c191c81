/* test_kernels.c - every fast kernel against its plain twin, on lengths around the vector width, against a guard page.
 */
#include "kernels/blas.h"
#include "unit.h"
#include "util/util.h"
#include <float.h>
#include <math.h>
#include <string.h>

static tfb_rng_t rng;
static const tfb_kernels_t *plain;

/* Small whole numbers: sums are exact in float, so that sets of kernels must agree bit for bit whatever their order. */
static float *whole(size_t n)
{
    float *p = guarded(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = (float)((int)tfb_rng_below(&rng, 17) - 8);
    return p;
}

static float *real(size_t n)
{
    float *p = guarded(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = (float)(2 * tfb_rng_unit(&rng) - 1);
    return p;
}

static void same(const char *set, const char *what, const float *a, const float *b, size_t n, float tol)
{
    float worst = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= worst)) worst = fabsf(a[i] - b[i]);
    CHECK(worst <= tol, "%s %s: differs by %g", set, what, (double)worst);
}

static float *copy(const float *p, size_t n)
{
    float *q = guarded(n * sizeof *q);
    memcpy(q, p, n * sizeof *q);
    return q;
}

static const int sizes[] = {1, 2, 3, 4, 6, 7, 8, 9, 12, 13, 15, 16, 17, 25, 31, 32, 33, 47, 64, 100};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };
static int pick(void) { return sizes[tfb_rng_below(&rng, N_SIZES)]; }

static void test_gemm(const tfb_kernels_t *k, int M, int N, int K, int lda)
{
    char what[80];
    float *a = whole((size_t)(M - 1) * lda + K), *b = whole((size_t)K * N), *bt = guarded((size_t)K * N * sizeof *bt);
    float *p0 = tfb_alloc(tfb_packed_size(K, N), sizeof *p0, ""),
          *p1 = tfb_alloc(tfb_packed_size(K, N), sizeof *p1, "");
    for (int i = 0; i < K; i++)
        for (int j = 0; j < N; j++) bt[(size_t)j * K + i] = b[(size_t)i * N + j];
    plain->pack(K, N, b, N, 1, p0);
    for (int t = 0; t < 2; t++) {
        memset(p1, 0xff, tfb_packed_size(K, N) * sizeof *p1);
        if (t)
            k->pack(K, N, bt, 1, K, p1);
        else
            k->pack(K, N, b, N, 1, p1);
        for (int add = 0; add < 2; add++) {
            int ldc = N + 3;
            float *c0 = whole((size_t)(M - 1) * ldc + N), *c1 = copy(c0, (size_t)(M - 1) * ldc + N);
            plain->gemm(M, N, K, (tfb_rows_t){a, lda}, p0, (tfb_rows_out_t){c0, ldc}, add);
            k->gemm(M, N, K, (tfb_rows_t){a, lda}, p1, (tfb_rows_out_t){c1, ldc}, add);
            snprintf(what, sizeof what, "gemm M %d N %d K %d lda %d add %d transposed %d", M, N, K, lda, add, t);
            same(k->name, what, c1, c0, (size_t)(M - 1) * ldc + N, 0);
            if (!k->gemm_direct) continue;
            tfb_matrix_t direct = t ? (tfb_matrix_t){bt, 1, K} : (tfb_matrix_t){b, N, 1};
            float *c2 = whole((size_t)(M - 1) * ldc + N);
            for (int i = 0; i < M; i++)
                for (int j = 0; j < ldc && i * ldc + j < (M - 1) * ldc + N; j++)
                    if (j >= N) c2[i * ldc + j] = c0[i * ldc + j];
            k->gemm_direct(M, N, K, (tfb_rows_t){a, lda}, direct, (tfb_rows_out_t){c2, ldc}, 0);
            if (!add) same(k->name, "direct product", c2, c0, (size_t)(M - 1) * ldc + N, 0);
        }
    }
    free(p0);
    free(p1);
}

static void test_gemm_tn(const tfb_kernels_t *k, int M, int N, int S, int R)
{
    char what[80];
    int lda = 1 + (int)tfb_rng_below(&rng, 9), lds = R * lda + (int)tfb_rng_below(&rng, 5);
    size_t na = (size_t)(S - 1) * lds + (size_t)(R - 1) * lda + M;
    float *a = whole(na), *b = whole((size_t)S * R * N);
    float *p0 = tfb_alloc(tfb_packed_size(S * R, N), sizeof *p0, ""),
          *p1 = tfb_alloc(tfb_packed_size(S * R, N), sizeof *p1, "");
    tfb_blocks_t blocks = {.data = a, .block = lds, .ld = lda, .n = S, .rows = R};
    plain->pack(S * R, N, b, N, 1, p0);
    k->pack(S * R, N, b, N, 1, p1);
    for (int add = 0; add < 2; add++) {
        float *c0 = whole((size_t)M * N), *c1 = copy(c0, (size_t)M * N);
        plain->gemm_tn(M, N, blocks, p0, (tfb_rows_out_t){c0, N}, add);
        k->gemm_tn(M, N, blocks, p1, (tfb_rows_out_t){c1, N}, add);
        snprintf(what, sizeof what, "gemm_tn M %d N %d S %d R %d", M, N, S, R);
        same(k->name, what, c1, c0, (size_t)M * N, 0);
        if (!k->gemm_tn_direct || add) continue;
        k->gemm_tn_direct(M, N, blocks, (tfb_matrix_t){b, N, 1}, (tfb_rows_out_t){c1, N}, 0);
        same(k->name, "direct sum", c1, c0, (size_t)M * N, 0);
    }
    free(p0);
    free(p1);
}

/* A row's product does not depend on the rows beside it, or scoring would depend on what is scored together. tol: 0,
 * or what OpenBLAS makes of it on x86-64. */
static void test_alone(const tfb_kernels_t *k, int M, int N, int K, float tol)
{
    float *a = real((size_t)M * K), *b = real((size_t)K * N), *all = whole((size_t)M * N), *some = whole((size_t)M * N);
    float *packed = tfb_alloc(tfb_packed_size(K, N), sizeof *packed, "");
    k->pack(K, N, b, N, 1, packed);
    k->gemm(M, N, K, (tfb_rows_t){a, K}, packed, (tfb_rows_out_t){all, N}, 0);
    for (int m = 0, n; m < M; m += n) {
        n = 1 + (int)tfb_rng_below(&rng, 20);
        if (n > M - m) n = M - m;
        k->gemm(n, N, K, (tfb_rows_t){a + (size_t)m * K, K}, packed, (tfb_rows_out_t){some + (size_t)m * N, N}, 0);
    }
    same(k->name, "some rows of a product", some, all, (size_t)M * N, tol);
    free(packed);
}

static void test_lookup(const tfb_kernels_t *k, int L, int F, int K)
{
    int Fp = tfb_round16(F);
    uint8_t *code = guarded((size_t)(L + K - 1));
    for (int i = 0; i < L + K - 1; i++) code[i] = (uint8_t)tfb_rng_below(&rng, 5);
    float *table = whole((size_t)K * 5 * Fp), *bias = whole((size_t)F);
    float *y0 = whole((size_t)L * F), *y1 = whole((size_t)L * F);
    plain->lookup(L, F, K, code, table, bias, y0);
    k->lookup(L, F, K, code, table, bias, y1);
    same(k->name, "lookup", y1, y0, (size_t)L * F, 0);
    float *t1 = copy(table, (size_t)K * 5 * Fp);
    plain->scatter(L, F, K, code, y0, table);
    k->scatter(L, F, K, code, y0, t1);
    same(k->name, "scatter", t1, table, (size_t)K * 5 * Fp, 0);
}

/* What follows a product: v chooses which parts there are. */
static tfb_after_t after(int v, int N)
{
    const float *bias = whole((size_t)N), *scale = whole((size_t)N), *shift = whole((size_t)N);
    tfb_after_t a = {.bias = bias, .relu = v & 1};
    if (v & 2) a.scale = scale, a.shift = shift;
    return a;
}

/* Against the definition of a convolution. exact: on whole numbers and weights that are multiples of 15, whose values
 * at the points of the short algorithm are whole; else on any, where it may be off by some roundings of a sum's size.
 */
static void test_conv_max3(const tfb_kernels_t *k, int G, int N, int K, int C, int lda, int exact)
{
    char what[100];
    size_t rows = (size_t)(K + 1) * (size_t)lda + C, KC = (size_t)K * C;
    float *x = exact ? whole((size_t)G * rows) : real((size_t)G * rows), *w = exact ? whole(KC * N) : real(KC * N),
          *y0 = whole((size_t)G * N), *y1 = whole((size_t)G * N);
    int n = TFB_MAX3_POINTS * tfb_max3_chunks(K) * C;
    float *at = tfb_alloc((size_t)n * N, sizeof *at, ""), *bp = tfb_alloc(tfb_packed_size(n, N), sizeof *bp, "");
    float *scratch = guarded(tfb_max3_scratch(K, C) * sizeof *scratch);
    const float **a = tfb_alloc((size_t)G + 1, sizeof *a, "");
    float **c = tfb_alloc((size_t)G + 1, sizeof *c, "");
    for (size_t i = 0; exact && i < KC * N; i++) w[i] = (float)(15 * ((int)w[i] / 4));
    tfb_max3_weights(K, C, N, w, at);
    k->pack(n, N, at, N, 1, bp);
    for (int g = 0; g < G; g++) {
        a[g] = x + (size_t)(G - 1 - g) * rows; /* groups in any order */
        c[g] = y1 + (size_t)g * N;
    }
    for (int v = 0; v < 4; v++) {
        tfb_after_t af = after(v, N);
        for (int g = 0; g < G; g++)
            for (int f = 0; f < N; f++)
                for (int r = 0; r < 3; r++) {
                    double s = 0;
                    for (int i = 0; i < K; i++)
                        for (int j = 0; j < C; j++)
                            s += (double)a[g][(r + i) * lda + j] * (double)w[((size_t)i * C + j) * N + f];
                    s += (double)af.bias[f];
                    if (af.relu && s < 0) s = 0;
                    if (af.scale) s = s * (double)af.scale[f] + (double)af.shift[f];
                    float *to = &y0[(size_t)g * N + f];
                    if (r == 0 || (float)s > *to) *to = (float)s;
                }
        memset(scratch, 0xff, tfb_max3_scratch(K, C) * sizeof *scratch);
        k->conv_max3(N, K, C, &(tfb_groups_t){.n = G, .from = a, .ld = lda, .to = c}, bp, &af, scratch);
        snprintf(what, sizeof what, "conv_max3 G %d N %d K %d C %d lda %d after %d exact %d", G, N, K, C, lda, v,
                 exact);
        same(k->name, what, y1, y0, (size_t)G * N, exact ? 0 : 4e-6f * (float)(8 * sqrt((double)KC)));
    }
    free(at);
    free(bp);
    free(a);
    free(c);
}

static void test_lookup2(const tfb_kernels_t *k, int Lo, int P, int F, int K2)
{
    char what[80];
    int n = Lo * P + 2 * (K2 - 1), q[2] = {plain->panel, k->panel};
    uint8_t *pair = guarded((size_t)n);
    for (int i = 0; i < n; i++) pair[i] = (uint8_t)tfb_rng_below(&rng, 25);
    float *w = whole((size_t)K2 * 25 * F), *t[2], *y[2];
    for (int s = 0; s < 2; s++) {
        int panels = (F + q[s] - 1) / q[s];
        t[s] = guarded(sizeof(float) * (size_t)(panels * K2) * 25 * (size_t)q[s]);
        y[s] = whole((size_t)Lo * F);
        for (int r = 0; r < K2 * 25; r++)
            for (int f = 0; f < panels * q[s]; f++)
                t[s][((size_t)(f / q[s]) * K2 * 25 + r) * q[s] + f % q[s]] = f < F ? w[(size_t)r * F + f] : 0;
    }
    for (int v = 0; v < 4; v++) {
        tfb_after_t af = after(v, F);
        plain->lookup2(Lo, P, F, K2, pair, t[0], &af, y[0]);
        k->lookup2(Lo, P, F, K2, pair, t[1], &af, y[1]);
        snprintf(what, sizeof what, "lookup2 Lo %d P %d F %d K2 %d after %d", Lo, P, F, K2, v);
        same(k->name, what, y[1], y[0], (size_t)Lo * F, 0);
    }
}

/* NaN and infinity, of an overflow, pass through ReLU in every column, alone and after a product. */
static void test_overflow(const tfb_kernels_t *k, const float *x, int R, int C)
{
    size_t n = (size_t)R * C;
    float *y = copy(x, n), *z = whole(n);
    for (size_t i = 0; i < n; i++) {
        memcpy(y, x, n * sizeof *y);
        y[i] = NAN;
        k->finish(R, C, 1, y, &(tfb_after_t){.relu = 1}, z);
        CHECK(isnan(z[i]), "%s finish with relu: column %zu of %zu loses NaN", k->name, i, n);
        k->relu(n, y);
        CHECK(isnan(y[i]), "%s relu: column %zu of %zu loses NaN", k->name, i, n);
        y[i] = INFINITY;
        k->relu(n, y);
        CHECK(y[i] > FLT_MAX, "%s relu: column %zu of %zu loses infinity", k->name, i, n);
    }
}

static void test_norm(const tfb_kernels_t *k, int R, int C)
{
    size_t n = (size_t)R * C;
    float *x = whole(n), *dy = whole(n), *m = whole((size_t)C), *s = whole((size_t)C), *d = whole((size_t)C),
          *y0 = whole(n), *y1 = whole(n);
    double a0[2][128] = {{0}}, a1[2][128] = {{0}};
    for (int about = 0; about < 2; about++) {
        plain->moments(R, C, x, about ? m : NULL, a0[0], a0[1]);
        k->moments(R, C, x, about ? m : NULL, a1[0], a1[1]);
        CHECK(memcmp(a0, a1, sizeof a0) == 0, "%s moments %d x %d", k->name, R, C);
    }
    plain->bn_sums(R, C, x, dy, m, a0[0], a0[1]);
    k->bn_sums(R, C, x, dy, m, a1[0], a1[1]);
    CHECK(memcmp(a0, a1, sizeof a0) == 0, "%s bn_sums %d x %d", k->name, R, C);
    plain->affine(R, C, x, s, d, y0);
    k->affine(R, C, x, s, d, y1);
    same(k->name, "affine", y1, y0, n, 0);
    plain->bn_grad(R, C, x, dy, s, m, d, y0);
    k->bn_grad(R, C, x, dy, s, m, d, y1);
    same(k->name, "bn_grad", y1, y0, n, 0);
    plain->mul_add(R, C, s, x, y0); /* both have the same sums in them */
    k->mul_add(R, C, s, x, y1);
    same(k->name, "mul_add", y1, y0, n, 0);
}

static void test_pooling(const tfb_kernels_t *k, int R, int C)
{
    size_t n = (size_t)R * C;
    float *x = whole(n), *dy = whole(n), *m = whole((size_t)C), *s = whole((size_t)C), *d = whole((size_t)C),
          *y0 = whole(n), *y1 = whole(n);
    float *e0 = real(2 * (size_t)C), *e1 = real(2 * (size_t)C);
    plain->exp_sums(R, C - C / 3, C, 3, x + C / 3, e0, e0 + C); /* some of the columns */
    k->exp_sums(R, C - C / 3, C, 3, x + C / 3, e1, e1 + C);
    same(k->name, "exp_sums: maxima", e1, e0, (size_t)(C - C / 3), 0);
    same(k->name, "exp_sums: sums", e1 + C, e0 + C, (size_t)(C - C / 3), 1e-5f);
    for (int P = 1; P <= 4; P++)
        for (int v = 0; v < 16; v++) {
            int Lo = R / P;
            tfb_after_t after = {.relu = v & 2};
            if (v & 1) after.bias = m;
            if (v & 4) after.scale = s, after.shift = d;
            if (v & 8) after.residual = dy;
            plain->finish(Lo, C, P, x, &after, y0);
            k->finish(Lo, C, P, x, &after, y1);
            same(k->name, "finish", y1, y0, (size_t)Lo * C, 0);
        }
    for (int P = 1; P <= 4; P++) { /* whole numbers: ties are common */
        int Lo = R / P;
        float *x2 = whole((size_t)Lo * P * C), *y2 = whole((size_t)Lo * C), *dy2 = whole((size_t)Lo * C);
        float *dx0 = whole((size_t)Lo * P * C), *dx1 = whole((size_t)Lo * P * C);
        plain->finish(Lo, C, P, x2, NULL, y2);
        plain->pool_grad(Lo, C, P, x2, y2, dy2, dx0);
        k->pool_grad(Lo, C, P, x2, y2, dy2, dx1);
        same(k->name, "pool_grad", dx1, dx0, (size_t)Lo * P * C, 0);
    }
}

static void test_elements(const tfb_kernels_t *k, int R, int C)
{
    size_t n = (size_t)R * C;
    float *r0 = whole(n), *r1 = copy(r0, n), *rd0 = whole(n), *rd1 = copy(rd0, n);
    plain->relu(n, r0);
    k->relu(n, r1);
    same(k->name, "relu", r1, r0, n, 0);
    test_overflow(k, r0, R, C);
    plain->relu_grad(n, r0, rd0);
    k->relu_grad(n, r1, rd1);
    same(k->name, "relu_grad", rd1, rd0, n, 0);
    if (R % 4 == 0) { /* g (4H), H = R*C/4 */
        int H = (int)(n / 4);
        float *g0 = real(n), *cp = real((size_t)H), *c0 = real((size_t)H), *c1 = real((size_t)H), *h0 = real((size_t)H),
              *h1 = real((size_t)H);
        for (size_t i = 0; i < n; i++) g0[i] *= i % 5 ? 3 : 100;
        float *g1 = copy(g0, n);
        for (int prev = 0; prev < 2; prev++) {
            plain->lstm_cell(H, g0, prev ? cp : NULL, c0, h0);
            k->lstm_cell(H, g1, prev ? cp : NULL, c1, h1);
            same(k->name, "lstm_cell g", g1, g0, n, 1e-6f);
            same(k->name, "lstm_cell c", c1, c0, (size_t)H, 1e-6f);
            same(k->name, "lstm_cell h", h1, h0, (size_t)H, 1e-6f);
        }
    }
}

static void test_adam(const tfb_kernels_t *k, size_t n)
{
    tfb_adam_t by = {.rate = 0.01f, .b1 = 0.9f, .b2 = 0.999f, .inv_sqrt_c2 = 1.5f, .eps = 1e-8f};
    float *p0 = real(n), *p1 = copy(p0, n), *g = real(n), *m0 = real(n), *m1 = copy(m0, n), *v0 = real(n);
    for (size_t i = 0; i < n; i++) v0[i] = fabsf(v0[i]);
    float *v1 = copy(v0, n);
    plain->adam(n, p0, g, m0, v0, &by);
    k->adam(n, p1, g, m1, v1, &by);
    same(k->name, "adam p", p1, p0, n, 1e-4f);
    same(k->name, "adam m", m1, m0, n, 1e-6f);
    same(k->name, "adam v", v1, v0, n, 1e-6f);
    /* without gradient the moments end at 0, not among denormals */
    memset((void *)g, 0, n * sizeof *g);
    by.b2 = 0.9f;
    for (int i = 0; i < 1500; i++) k->adam(n, p1, g, m1, v1, &by);
    for (size_t i = 0; i < n; i++)
        CHECK(m1[i] == 0 && v1[i] == 0, "%s adam: moments %g, %g after 1500 steps without gradient", k->name,
              (double)m1[i], (double)v1[i]);
}

/* What scores the SNVs of a position. Whole numbers, some of them equal, so that few channels change. */
static void test_spread(const tfb_kernels_t *k, int N, int K, int C)
{
    int rows = K + 2;
    size_t sequence = (size_t)rows * N, n = TFB_SPREAD * sequence;
    float *w = whole((size_t)K * C * N), *packed = tfb_alloc(tfb_spread_size(K, C, N), sizeof *packed, "");
    float *x = whole((size_t)C), *y = whole(TFB_SPREAD * (size_t)C), *y0 = whole(n), *y1 = copy(y0, n);
    float *d0 = guarded(TFB_SPREAD * (size_t)C * sizeof *d0), *d1 = guarded(TFB_SPREAD * (size_t)C * sizeof *d1);
    int32_t *c0 = guarded((size_t)C * sizeof *c0), *c1 = guarded((size_t)C * sizeof *c1);
    for (int c = 0; c < C; c++)
        for (int s = 0; s < TFB_SPREAD && tfb_rng_below(&rng, 2); s++) y[s * C + c] = x[c];
    tfb_spread_pack(K, C, N, w, packed);
    int m = plain->changed(C, x, y, C, c0, d0), same_list = m == k->changed(C, x, y, C, c1, d1);
    CHECK(same_list && memcmp(c0, c1, (size_t)m * sizeof *c0) == 0, "%s: changed channels of %d", k->name, C);
    for (int s = 0; s < TFB_SPREAD; s++) same(k->name, "changed", d1 + s * C, d0 + s * C, (size_t)m, 0);
    tfb_spread_t item[2] = {{.n = m, .t0 = 0, .t1 = K, .channel = c0, .change = d0, .y = y0 + (ptrdiff_t)(K - 1) * N},
                            {.n = m / 2, .t0 = K / 3, .t1 = K, .channel = c0, .change = d0}};
    item[1].y = y0 + (ptrdiff_t)K * N;
    plain->spread(N, K, C, (ptrdiff_t)sequence, packed, 2, item);
    item[0].y = y1 + (ptrdiff_t)(K - 1) * N;
    item[1].y = y1 + (ptrdiff_t)K * N;
    k->spread(N, K, C, (ptrdiff_t)sequence, packed, 2, item);
    same(k->name, "spread", y1, y0, n, 0);
    free(packed);
}

static void test_soft(const tfb_kernels_t *k, int R, int C)
{
    size_t n = (size_t)R * C;
    float *x = real(n), *a = guarded(n * sizeof *a), *b = guarded(n * sizeof *b), *s = guarded((size_t)C * sizeof *s);
    plain->exps(n, 3, x, a);
    k->exps(n, 3, x, b);
    same(k->name, "exps", b, a, n, 1e-5f);
    for (int c = 0; c < C; c++) s[c] = 1;
    float *t = copy(s, (size_t)C);
    plain->add_rows(R, C, C, a, s);
    k->add_rows(R, C, C, a, t);
    same(k->name, "add_rows", t, s, (size_t)C, 1e-3f * (float)R);
    plain->log_means(C, R, 3, s, a);
    k->log_means(C, R, 3, s, b);
    same(k->name, "log_means", b, a, (size_t)C, 1e-6f);
    plain->max_along((size_t)C, R, (size_t)C, x, a);
    k->max_along((size_t)C, R, (size_t)C, x, b);
    same(k->name, "max_along", b, a, (size_t)C, 0);
}

/* Both, with size i in each place. */
static void test_snvs(const tfb_kernels_t *k, int i)
{
    test_spread(k, sizes[i], 7, 40);
    test_spread(k, 33, 1 + i, sizes[i]);
    test_soft(k, sizes[i], 47);
    test_soft(k, 6, sizes[i]);
}

static void test_rows(const tfb_kernels_t *k, int R, int C)
{
    test_norm(k, R, C);
    test_pooling(k, R, C);
    test_elements(k, R, C);
    test_adam(k, (size_t)R * C);
}

static void test_blas(void)
{
    const tfb_kernels_t *k = tfb_blas();
    if (!k) {
        printf("no OpenBLAS here\n");
        return;
    }
    for (int i = 0; i < 100; i++) {
        int K = pick() + pick(), C = pick();
        test_gemm(k, pick(), pick() + pick(), K, (int)tfb_rng_below(&rng, (uint64_t)K) + 1);
        test_gemm(k, pick(), pick() + pick(), K, K + (int)tfb_rng_below(&rng, 9));
        test_gemm_tn(k, pick(), pick() + pick(), 1 + (int)tfb_rng_below(&rng, 4), pick());
        test_conv_max3(k, pick(), pick(), 3 + (int)tfb_rng_below(&rng, 9), C, C + (int)tfb_rng_below(&rng, 3), i & 1);
    }
    test_conv_max3(k, 100, 140, 7, 40, 40, 0);
#if defined(__x86_64__)
    test_alone(k, 100, 200, 700, 1e-4f);
#else
    test_alone(k, 100, 200, 700, 0);
#endif
    printf("%s: %s\n", tfb_blas_config(), unit_failed ? "differs" : "as plain");
    unguard();
}

int main(void)
{
    const tfb_kernels_t *const *all = tfb_kernels_all();
    tfb_rng_seed(&rng, 1);
    plain = all[0];
    CHECK(strcmp(plain->name, "plain") == 0, "the first set is %s", plain->name);
    int n = 0;
    for (const tfb_kernels_t *const *k = all; *k; k++, n++) {
        for (int i = 0; i < N_SIZES; i++) {
            test_gemm(*k, sizes[i], 33, 9, 9);
            test_gemm(*k, 13, sizes[i], 9, 4); /* overlapping rows */
            test_gemm(*k, 7, 17, sizes[i], sizes[i]);
            test_gemm_tn(*k, sizes[i], 33, 2, 3);
            test_gemm_tn(*k, 13, sizes[i], 3, 2);
            test_conv_max3(*k, sizes[i], 33, 3 + i % 9, 5, 5, 1);
            test_conv_max3(*k, 13, sizes[i], 7, 9, 11, 1);
            test_conv_max3(*k, 7, 17, 4, sizes[i], sizes[i], 1);
            test_conv_max3(*k, 5, 33, 3 + i, sizes[i], sizes[i], 0);
            test_lookup2(*k, sizes[i], 3, 9, 3);
            test_lookup2(*k, 5, 1 + i % 5, sizes[i], 4);
            test_lookup(*k, sizes[i], 9, 3);
            test_lookup(*k, 5, sizes[i], 4);
            test_rows(*k, sizes[i], 9);
            test_rows(*k, 70, sizes[i]);
            test_snvs(*k, i);
        }
        test_conv_max3(*k, 0, 33, 9, 9, 9, 1);
        if (k != all) test_alone(*k, 100, 70, 700, 0);
        test_lookup2(*k, 0, 3, 9, 1);
        for (int i = 0; i < 60; i++) {
            int K = pick();
            test_conv_max3(*k, pick(), pick(), 3 + (int)tfb_rng_below(&rng, 9), K, K + (int)tfb_rng_below(&rng, 3),
                           i & 1);
            test_lookup2(*k, pick(), 1 + (int)tfb_rng_below(&rng, 6), pick(), 1 + (int)tfb_rng_below(&rng, 10));
            test_gemm(*k, pick(), pick(), K, (int)tfb_rng_below(&rng, (uint64_t)K) + 1);
            test_gemm_tn(*k, pick(), pick(), 1 + (int)tfb_rng_below(&rng, 4), pick());
            test_lookup(*k, pick(), pick(), 1 + (int)tfb_rng_below(&rng, 19));
        }
        printf("%s: %s\n", (*k)->name, unit_failed ? "differs" : "as plain");
        unguard(); /* a process may not have more than some 60,000 maps */
    }
    test_blas();
    /* whole numbers up to 8 are exact in bfloat16 too */
    if (tfb_kernels_set_precision("bfloat16") == 0) {
        const tfb_kernels_t *k = tfb_kernels();
        for (int i = 0; i < 300; i++) {
            int K = pick() + pick();
            test_gemm(k, pick(), pick(), K, (int)tfb_rng_below(&rng, (uint64_t)K) + 1);
            test_gemm(k, pick(), pick(), K, K + (int)tfb_rng_below(&rng, 9));
            test_gemm_tn(k, pick(), pick(), 1 + (int)tfb_rng_below(&rng, 4), pick());
        }
        test_gemm(k, 40, 40, 5000, 5000); /* more terms than fit the buffer of rounded rows */
        test_gemm(k, 40, 40, 5000, 7);
        test_gemm_tn(k, 40, 40, 50, 100);
        printf("%s: %s\n", k->name, unit_failed ? "differs" : "as plain");
    } else
        printf("no bfloat16 here\n");
    CHECK(tfb_kernels_set_precision("float31") == -1, "an unknown precision is taken");
    CHECK(n >= 2, "only %d sets of kernels", n);
    return unit_failed;
}
