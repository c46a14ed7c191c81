/* blas.c - OpenBLAS behind the interface of kernels.h. In: matrices. Out: their products.
 *
 * B is packed into panels too, each a plain matrix (K, its columns), because callers pack some
 * columns at a time. BLAS refuses rows that overlap, so a product over them is computed as a sum of
 * products whose rows do not. */
#include "config.h"
#include "kernels/blas.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PANEL = TFB_PANEL_WIDEST, ROWS_TIMES = 4, ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

static const tfb_kernels_t *blas; /* set, if the library was opened */
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef TFB_OPENBLAS
#include <dlfcn.h>

static tfb_kernels_t set;
static struct {
    void(*sgemm) TFB_BLAS_PARAMETERS(float);
    void (*set_threads)(int n);
    char *(*config)(void);
    tfb_sbgemm_t sbgemm;
} lib;

static void pack(int K, int N, const float *b, ptrdiff_t ldk, ptrdiff_t ldn, float *out)
{
    for (int n0 = 0; n0 < N; n0 += PANEL) {
        int w = N - n0 < PANEL ? N - n0 : PANEL;
        if (ldn == 1) {
            for (int k = 0; k < K; k++) memcpy(out + (size_t)k * w, b + k * ldk + n0, (size_t)w * sizeof *out);
        } else
            for (int k0 = 0; k0 < K; k0 += 16) /* uses each cache line of the source completely */
                for (int n = 0; n < w; n++)
                    for (int k = k0; k < k0 + 16 && k < K; k++) out[(size_t)k * w + n] = b[k * ldk + (n0 + n) * ldn];
        out += (size_t)K * w;
    }
}

/* BLAS refuses a distance of rows below their length, even if there is only one row. */
static int at_least(ptrdiff_t ld, int n) { return ld < n ? n : (int)ld; }

static void gemm_direct(int M, int N, int K, tfb_rows_t a, tfb_matrix_t b, tfb_rows_out_t c, int add)
{
    int plain = b.ldn == 1, step = a.ld > 0 && a.ld < K && M > 1 ? (int)a.ld : K;
    for (int k = 0; k < K; k += step) {
        int terms = K - k < step ? K - k : step, ldb = plain ? at_least(b.ldk, N) : at_least(b.ldn, terms);
        lib.sgemm(ROW_MAJOR, PLAIN, plain ? PLAIN : TRANSPOSED, M, N, terms, 1, a.data + k, at_least(a.ld, terms),
                  b.data + k * b.ldk, ldb, add || k ? 1 : 0, c.data, at_least(c.ld, N));
    }
}

static void gemm_tn_direct(int M, int N, tfb_blocks_t a, tfb_matrix_t b, tfb_rows_out_t c, int add)
{
    int plain = b.ldn == 1, step = a.ld > 0 && a.ld < M && a.rows > 1 ? (int)a.ld : M;
    for (int m = 0; m < M; m += step) {
        int rows = M - m < step ? M - m : step, ldb = plain ? at_least(b.ldk, N) : at_least(b.ldn, a.rows);
        for (int s = 0; s < a.n; s++)
            lib.sgemm(ROW_MAJOR, TRANSPOSED, plain ? PLAIN : TRANSPOSED, rows, N, a.rows, 1, a.data + s * a.block + m,
                      at_least(a.ld, rows), b.data + (ptrdiff_t)s * a.rows * b.ldk, ldb, add || s ? 1 : 0,
                      c.data + m * c.ld, at_least(c.ld, N));
    }
}

static void gemm(int M, int N, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int add)
{
    for (int n = 0; n < N; n += PANEL, bp += (size_t)K * PANEL, c.data += PANEL) {
        int w = N - n < PANEL ? N - n : PANEL;
        gemm_direct(M, w, K, a, (tfb_matrix_t){bp, w, 1}, c, add);
    }
}

static void gemm_tn(int M, int N, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int add)
{
    for (int n = 0; n < N; n += PANEL, bp += (size_t)a.n * a.rows * PANEL, c.data += PANEL) {
        int w = N - n < PANEL ? N - n : PANEL;
        gemm_tn_direct(M, w, a, (tfb_matrix_t){bp, w, 1}, c, add);
    }
}

/* ---- the short algorithm: conv_max3 of template.h, with its products by OpenBLAS ---- */

/* Evaluates six rows of C floats at the points; rows from n on count as zero. */
static void at_points(int n, int C, const float *x, ptrdiff_t ld, float *u, size_t plane)
{
    for (int i = 0; i < C; i++) {
        float x0 = x[i], x1 = x[ld + i], x2 = x[2 * ld + i], x3 = x[3 * ld + i];
        float x4 = n > 4 ? x[4 * ld + i] : 0, x5 = n > 5 ? x[5 * ld + i] : 0;
        u[i] = x0 + 1.5f * (x1 - x3) - 2 * x2 + x4;
        u[plane + i] = x4 - x1 - 2.5f * x2 - 0.5f * x3;
        u[2 * plane + i] = x4 + x1 + 0.5f * x2 - 2.5f * x3;
        u[3 * plane + i] = x4 - x2 + 0.5f * (x3 - x1);
        u[4 * plane + i] = x4 - x2 + 2 * (x1 - x3);
        u[5 * plane + i] = x5 + x1 + 1.5f * (x2 - x4) - 2 * x3;
    }
}

static inline float follow(const tfb_after_t *a, int n, float x)
{
    x += a->bias[n];
    if (a->relu && x < 0) x = 0; /* NaN stays NaN */
    return a->scale ? x * a->scale[n] + a->shift[n] : x;
}

/* Writes w columns, from n0 on, of a group's maxima, from its products m at the points. */
static void best_of_three(int n0, int w, const float *m, size_t plane, const tfb_after_t *after, float *to)
{
    for (int n = 0; n < w; n++) {
        const float *p = m + n;
        float p1 = p[plane], p2 = p[2 * plane], p3 = p[3 * plane], p4 = p[4 * plane];
        float even = p1 + p2, odd = p1 - p2;
        float a = follow(after, n0 + n, p[0] + even + (p3 + p4));
        float b = follow(after, n0 + n, odd + 2 * p3 - 0.5f * p4);
        float c = follow(after, n0 + n, even + (4 * p3 + 0.25f * p4) + p[5 * plane]);
        if (!(a > b)) a = b;
        if (!(a > c)) a = c;
        to[n0 + n] = a;
    }
}

static void conv_max3(int N, int K, int C, const tfb_groups_t *groups, const float *bp, const tfb_after_t *after,
                      float *scratch)
{
    int Q = tfb_max3_chunks(K), D = Q * C;
    size_t plane = (size_t)TFB_MAX3_BLOCK * (size_t)D;
    float *u = scratch, *mid = scratch + TFB_MAX3_POINTS * plane;
    for (int g0 = 0; g0 < groups->n; g0 += TFB_MAX3_BLOCK) {
        int G = groups->n - g0 < TFB_MAX3_BLOCK ? groups->n - g0 : TFB_MAX3_BLOCK;
        const float *b = bp;
        for (int g = 0; g < G; g++)
            for (int q = 0; q < Q; q++)
                at_points(K + 2 - 3 * q, C, groups->from[g0 + g] + 3 * q * groups->ld, groups->ld,
                          u + (size_t)g * D + (size_t)q * C, plane);
        /* all rows of the block, however many count: a group's result depends only on its own rows */
        for (int p = 0; p < TFB_MAX3_POINTS; p++)
            memset(u + p * plane + (size_t)G * D, 0, (size_t)(TFB_MAX3_BLOCK - G) * (size_t)D * sizeof *u);
        for (int n0 = 0; n0 < N; n0 += PANEL) {
            int w = N - n0 < PANEL ? N - n0 : PANEL;
            size_t out = (size_t)TFB_MAX3_BLOCK * (size_t)w;
            for (int p = 0; p < TFB_MAX3_POINTS; p++, b += (size_t)D * w)
                lib.sgemm(ROW_MAJOR, PLAIN, PLAIN, TFB_MAX3_BLOCK, w, D, 1, u + p * plane, D, b, w, 0, mid + p * out,
                          w);
            for (int g = 0; g < G; g++) best_of_three(n0, w, mid + (size_t)g * w, out, after, groups->to[g0 + g]);
        }
    }
}

/* ---- the library ---- */

const char *tfb_blas_file(void) { return TFB_OPENBLAS; }
const char *tfb_blas_config(void) { return blas && lib.config ? lib.config() : ""; }
tfb_sbgemm_t tfb_blas_sbgemm(void) { return tfb_blas() ? lib.sbgemm : NULL; }

/* Looks up a function: ISO C has no conversion from data pointers. */
static void symbol(void *file, const char *name, void *to)
{
    void *p = dlsym(file, name);
    memcpy(to, &p, sizeof p);
}

static void start(void)
{
    /* the library would start threads of its own as it is opened */
    static const char threads[] = "OPENBLAS_NUM_THREADS";
    const char *old = getenv(threads);
    char *keep = old ? strdup(old) : NULL;
    setenv(threads, "1", 1);
    void *file = dlopen(TFB_OPENBLAS, RTLD_NOW | RTLD_LOCAL);
    if (keep)
        setenv(threads, keep, 1);
    else
        unsetenv(threads);
    free(keep);
    if (!file) return;
    symbol(file, "cblas_sgemm", &lib.sgemm);
    symbol(file, "cblas_sbgemm", &lib.sbgemm);
    symbol(file, "openblas_set_num_threads", &lib.set_threads);
    symbol(file, "openblas_get_config", &lib.config);
    if (!lib.sgemm || !lib.set_threads) {
        dlclose(file);
        return;
    }
    lib.set_threads(1);
    set = (tfb_kernels_t){.name = "openblas", .panel = PANEL};
    set.pack = pack;
    set.gemm = gemm;
    set.gemm_tn = gemm_tn;
    set.gemm_direct = gemm_direct;
    set.gemm_tn_direct = gemm_tn_direct;
    set.conv_max3 = conv_max3;
    blas = &set;
}
#else
#define TFB_OPENBLAS ""
const char *tfb_blas_file(void) { return NULL; }
const char *tfb_blas_config(void) { return ""; }
tfb_sbgemm_t tfb_blas_sbgemm(void) { return NULL; }
static void start(void) {}
#endif

const tfb_kernels_t *tfb_blas(void)
{
    pthread_once(&once, start);
    return blas;
}

int tfb_gemm_rows(const tfb_kernels_t *k, int n) { return k->panel == PANEL ? n * ROWS_TIMES : n; }

/* ---- the choice ---- */

static enum { FASTER, OWN, BLAS } asked;
static const char *problem;
static pthread_once_t asked_once = PTHREAD_ONCE_INIT;

static void ask(void)
{
    const char *want = getenv("TFBIND_GEMM");
    if (!want || !*want) {
#if !defined(__x86_64__)
        /* no kernels for this processor: its compiler's 128-bit vectors are all we have */
        if (!tfb_kernels_asked()) asked = BLAS;
#endif
        return;
    }
    if (strcmp(want, "own") == 0)
        asked = OWN;
    else if (strcmp(want, "blas"))
        problem = "TFBIND_GEMM is ignored: it can be own or blas";
    else if (!tfb_blas())
        problem = tfb_blas_file() ? "TFBIND_GEMM=blas: cannot open " TFB_OPENBLAS ": using tfbind's own products"
                                  : "TFBIND_GEMM=blas: this build has no OpenBLAS: using tfbind's own products";
    else
        asked = BLAS;
}

const char *tfb_gemm_problem(void)
{
    pthread_once(&asked_once, ask);
    return problem;
}

/* Returns whether OpenBLAS is the faster one, as measured with AVX-512 and AVX2: see doc/speed.md. */
static int blas_wins(tfb_gemm_use_t use, int N, int K)
{
    switch (use) {
    case TFB_GEMM_BATCH: return K >= 256;
    case TFB_GEMM_SUMS: return K >= 512 || (K >= 64 && N > 32 && N < 128);
    default: return 0;
    }
}

const tfb_kernels_t *tfb_gemm(tfb_gemm_use_t use, int N, int K)
{
    const tfb_kernels_t *own = tfb_kernels();
    pthread_once(&asked_once, ask);
    if (asked == OWN || !own->conv_max3) return own; /* the products of bfloat16 are our own */
    if (asked == FASTER && !blas_wins(use, N, K)) return own;
    return tfb_blas() ? tfb_blas() : own;
}
