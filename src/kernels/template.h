/* template.h - the fast kernels, written once over vectors of VL floats and compiled per instruction set.
 *
 * The including file defines VL (floats in a register), MR (rows of a full tile) and SET (the table's name and label).
 * The one idea: a tile of MR rows by 2 registers of C stays in registers while k runs; each step loads one row of a
 * packed panel (2 registers) and broadcasts MR elements of A. MR is a multiple of 3 below the register count: 12 x 2
 * accumulators of AVX-512's 32 registers, 6 x 2 of AVX2's 16. Rows of A are addressed by a base and a stride, so that
 * overlapping rows (convolutions) need no copying. Tiles of fewer rows are instances of the same code. */
#include "kernels/kernels.h"
#include "kernels/vmath.h"
#include <math.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

typedef float vf __attribute__((vector_size(VL * 4), aligned(4), may_alias));
enum { PANEL = 2 * VL };

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf v) { *(vf *)p = v; }
INLINE vf splat(float x) { return x - (vf){0}; } /* x - 0, not x + 0: keeps -0 */
typedef int32_t vi __attribute__((vector_size(VL * 4), aligned(4), may_alias));
#ifdef VMAX
INLINE vf vmax(vf a, vf b) { return (vf)VMAX(a, b); } /* b if one is NaN or both are 0 */
#else
INLINE vf vmax(vf a, vf b)
{
    vi m = a > b;
    return (vf)(((vi)a & m) | ((vi)b & ~m));
}
#endif
INLINE vf positive(vf x)
{
    return vmax((vf){0}, x);
} /* in this order NaN stays NaN, so that an overflow shows in the scores */

/* Prefetches panel rows some dozen steps ahead: a panel that does not fit the L1 cache comes
 * from L2, and this is early enough. */
INLINE void ahead(const float *p)
{
    for (int i = 0; i < PANEL; i += 16) __builtin_prefetch(p + 16 * PANEL + i);
}

static void pack(int K, int N, const float *b, ptrdiff_t ldk, ptrdiff_t ldn, float *out)
{
    for (int n0 = 0; n0 < N; n0 += PANEL, out += (size_t)K * PANEL) {
        int w = N - n0 < PANEL ? N - n0 : PANEL;
        if (ldn == 1) {
            for (int k = 0; k < K; k++) {
                memcpy(out + (size_t)k * PANEL, b + k * ldk + n0, (size_t)w * sizeof(float));
                if (w < PANEL) memset(out + (size_t)k * PANEL + w, 0, (size_t)(PANEL - w) * sizeof(float));
            }
            continue;
        }
        /* transposes 16 columns of source at a time, so that each cache line read is used completely */
        for (int k0 = 0; k0 < K; k0 += 16) {
            int k1 = k0 + 16 < K ? k0 + 16 : K;
            for (int n = 0; n < PANEL; n++) {
                const float *s = b + (n0 + n) * ldn;
                if (n < w)
                    for (int k = k0; k < k1; k++) out[(size_t)k * PANEL + n] = s[k * ldk];
                else
                    for (int k = k0; k < k1; k++) out[(size_t)k * PANEL + n] = 0;
            }
        }
    }
}

/* Computes one tile: R rows (a compile-time constant) by NV registers. */
INLINE void tile(int R, int NV, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int w, int add)
{
    vf acc[MR][2];
    const float *p[(MR + 2) / 3];
#pragma GCC unroll 16
    for (int r = 0; r < R; r += 3) p[r / 3] = a.data + r * a.ld;
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
        for (int v = 0; v < NV; v++) acc[r][v] = (vf){0};
    for (int k = 0; k < K; k++, bp += PANEL) {
        vf b0 = load(bp), b1 = NV > 1 ? load(bp + VL) : (vf){0};
        ahead(bp);
#pragma GCC unroll 16
        for (int r = 0; r < R; r++) {
            vf x = splat((p[r / 3] + r % 3 * a.ld)[k]);
            acc[r][0] += x * b0;
            if (NV > 1) acc[r][1] += x * b1;
        }
    }
    if (w == NV * VL) {
#pragma GCC unroll 16
        for (int r = 0; r < R; r++)
#pragma GCC unroll 2
            for (int v = 0; v < NV; v++) {
                float *d = c.data + r * c.ld + v * VL;
                if (add) acc[r][v] += load(d);
                store(d, acc[r][v]);
            }
    } else {
        float t[2 * VL];
#pragma GCC unroll 16
        for (int r = 0; r < R; r++) {
#pragma GCC unroll 2
            for (int v = 0; v < NV; v++) store(t + v * VL, acc[r][v]);
            float *d = c.data + r * c.ld;
            if (add)
                for (int n = 0; n < w; n++) d[n] += t[n];
            else
                memcpy(d, t, (size_t)w * sizeof(float));
        }
    }
}

#define ROWS(R, CALL, M)               \
    for (; m + (R) <= (M); m += (R)) { \
        CALL(R);                       \
    }

/* Computes a panel's w columns of C. */
INLINE void gemm_panel(int M, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int w, int add)
{
    int m = 0;
#define A_AT  ((tfb_rows_t){a.data + m * a.ld, a.ld})
#define C_AT  ((tfb_rows_out_t){c.data + m * c.ld, c.ld})
#define T2(R) tile(R, 2, K, A_AT, bp, C_AT, w, add)
#define T1(R) tile(R, 1, K, A_AT, bp, C_AT, w, add)
    if (w > VL) {
        ROWS(MR, T2, M)
        ROWS(6, T2, M)
        ROWS(3, T2, M)
        ROWS(1, T2, M)
    } else {
        ROWS(MR, T1, M)
        ROWS(6, T1, M)
        ROWS(3, T1, M)
        ROWS(1, T1, M)
    }
#undef T2
#undef T1
#undef A_AT
#undef C_AT
}

static void gemm(int M, int N, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int add)
{
    for (int n = 0; n < N; n += PANEL, bp += (size_t)K * PANEL, c.data += PANEL)
        gemm_panel(M, K, a, bp, c, N - n < PANEL ? N - n : PANEL, add);
}

/* tfb_after_t for the columns of a panel. */
typedef struct {
    vf bias[2], scale[2], shift[2];
    int relu, affine;
    int w; /* columns */
} after_t;

INLINE after_t after_load(const tfb_after_t *a, int n, int w)
{
    float t[3][PANEL] = {{0}};
    after_t r;
    memcpy(t[0], a->bias + n, (size_t)w * sizeof(float));
    if (a->scale) {
        memcpy(t[1], a->scale + n, (size_t)w * sizeof(float));
        memcpy(t[2], a->shift + n, (size_t)w * sizeof(float));
    }
    for (int v = 0; v < 2; v++) {
        r.bias[v] = load(t[0] + v * VL);
        r.scale[v] = load(t[1] + v * VL);
        r.shift[v] = load(t[2] + v * VL);
    }
    r.relu = a->relu;
    r.affine = a->scale != NULL;
    r.w = w;
    return r;
}

INLINE vf after(const after_t *a, int v, vf x)
{
    x += a->bias[v];
    if (a->relu) x = positive(x);
    if (a->affine) x = x * a->scale[v] + a->shift[v];
    return x;
}

/* Stores the first w floats of NV registers. */
INLINE void store_part(float *d, const vf *x, int NV, int w)
{
    float t[PANEL];
    if (w == NV * VL) {
#pragma GCC unroll 2
        for (int v = 0; v < NV; v++) store(d + v * VL, x[v]);
        return;
    }
#pragma GCC unroll 2
    for (int v = 0; v < NV; v++) store(t + v * VL, x[v]);
    memcpy(d, t, (size_t)w * sizeof(float));
}

/* Evaluates six rows of C floats, beginning at x, at the six points: u, u + plane, ... Rows from
 * n on count as zero. */
INLINE void max3_in(int n, int C, const float *x, ptrdiff_t lda, float *u, size_t plane)
{
    const float *d4 = x + 4 * lda, *d5 = x + 5 * lda;
    int i = 0;
#define AT_POINTS(T, LOAD, STORE)                                                                       \
    T x0 = LOAD(x + i), x1 = LOAD(x + lda + i), x2 = LOAD(x + 2 * lda + i), x3 = LOAD(x + 3 * lda + i), \
      x4 = n > 4 ? LOAD(d4 + i) : (T){0}, x5 = n > 5 ? LOAD(d5 + i) : (T){0};                           \
    STORE(u + i, x0 + 1.5f * (x1 - x3) - 2 * x2 + x4);                                                  \
    STORE(u + plane + i, x4 - x1 - 2.5f * x2 - 0.5f * x3);                                              \
    STORE(u + 2 * plane + i, x4 + x1 + 0.5f * x2 - 2.5f * x3);                                          \
    STORE(u + 3 * plane + i, x4 - x2 + 0.5f * (x3 - x1));                                               \
    STORE(u + 4 * plane + i, x4 - x2 + 2 * (x1 - x3));                                                  \
    STORE(u + 5 * plane + i, x5 + x1 + 1.5f * (x2 - x4) - 2 * x3);
#define LOAD1(p)     (*(p))
#define STORE1(p, v) (*(p) = (v))
    for (; i + VL <= C; i += VL) {
        AT_POINTS(vf, load, store)
    }
    for (; i < C; i++) {
        AT_POINTS(float, LOAD1, STORE1)
    }
#undef AT_POINTS
#undef LOAD1
#undef STORE1
}

/* Computes the maximum over three outputs from the products at the points, m (6, block, PANEL). */
INLINE void max3_out(int NV, const float *m, const after_t *af, float *c)
{
    vf best[2];
#pragma GCC unroll 2
    for (int v = 0; v < NV; v++) {
        vf p[TFB_MAX3_POINTS];
#pragma GCC unroll 6
        for (int i = 0; i < TFB_MAX3_POINTS; i++) p[i] = load(m + (size_t)i * TFB_MAX3_BLOCK * PANEL + v * VL);
        vf even = p[1] + p[2], odd = p[1] - p[2];
        best[v] = after(af, v, p[0] + even + (p[3] + p[4]));
        best[v] = vmax(after(af, v, odd + 2 * p[3] - 0.5f * p[4]), best[v]);
        best[v] = vmax(after(af, v, even + (4 * p[3] + 0.25f * p[4]) + p[5]), best[v]);
    }
    store_part(c, best, NV, af->w);
}

static void conv_max3(int N, int K, int C, const tfb_groups_t *groups, const float *bp, const tfb_after_t *follow,
                      float *scratch)
{
    int Q = tfb_max3_chunks(K), D = Q * C, G = groups->n;
    ptrdiff_t ld = groups->ld;
    size_t plane = (size_t)TFB_MAX3_BLOCK * (size_t)D;
    float *u = scratch, *mid = scratch + TFB_MAX3_POINTS * plane;
    for (int done = 0; done < G; done += TFB_MAX3_BLOCK) {
        int M = G - done < TFB_MAX3_BLOCK ? G - done : TFB_MAX3_BLOCK;
        for (int g = 0; g < M; g++)
            for (int q = 0; q < Q; q++)
                max3_in(K + 2 - 3 * q, C, groups->from[done + g] + 3 * q * ld, ld, u + (size_t)g * D + (size_t)q * C,
                        plane);
        const float *b = bp;
        for (int n = 0; n < N; n += PANEL) {
            int w = N - n < PANEL ? N - n : PANEL;
            after_t af = after_load(follow, n, w);
            /* a point's panel stays in the L1 cache while all groups use it */
            for (int p = 0; p < TFB_MAX3_POINTS; p++, b += (size_t)D * PANEL) {
                tfb_rows_t at = {u + p * plane, D};
                tfb_rows_out_t to = {mid + (size_t)p * TFB_MAX3_BLOCK * PANEL, PANEL};
                gemm_panel(M, D, at, b, to, w > VL ? PANEL : VL, 0);
            }
            for (int g = 0; g < M; g++) {
                float *to = groups->to[done + g] + n;
                if (w > VL)
                    max3_out(2, mid + (size_t)g * PANEL, &af, to);
                else
                    max3_out(1, mid + (size_t)g * PANEL, &af, to);
            }
        }
    }
}

INLINE void tile_tn(int R, int NV, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int w, int add)
{
    vf acc[MR][2];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++)
#pragma GCC unroll 2
        for (int v = 0; v < NV; v++) acc[r][v] = (vf){0};
    for (int s = 0; s < a.n; s++) {
        const float *p = a.data + s * a.block;
        for (int k = 0; k < a.rows; k++, bp += PANEL, p += a.ld) {
            vf b0 = load(bp), b1 = NV > 1 ? load(bp + VL) : (vf){0};
            ahead(bp);
            __builtin_prefetch(p + 12 * a.ld);
            __builtin_prefetch(p + 12 * a.ld + R - 1);
#pragma GCC unroll 16
            for (int r = 0; r < R; r++) {
                vf x = splat(p[r]);
                acc[r][0] += x * b0;
                if (NV > 1) acc[r][1] += x * b1;
            }
        }
    }
    float t[2 * VL];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
        float *d = c.data + r * c.ld;
#pragma GCC unroll 2
        for (int v = 0; v < NV; v++) store(t + v * VL, acc[r][v]);
        if (w == NV * VL) {
#pragma GCC unroll 2
            for (int v = 0; v < NV; v++) {
                if (add) acc[r][v] += load(d + v * VL);
                store(d + v * VL, acc[r][v]);
            }
        } else
            for (int n = 0; n < w; n++) d[n] = add ? d[n] + t[n] : t[n];
    }
}

/* Returns how many of the next n rows a tile takes. */
INLINE int tile_rows(int n)
{
    if (n >= MR) return MR;
    if (n >= 6) return 6;
    return n >= 3 ? 3 : 1;
}

static void gemm_tn(int M, int N, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int add)
{
    /* rows of A in the outer loop: MR columns of A (one cache line per row) are reused by every
     * panel of B */
    for (int m = 0, step; m < M; m += step) {
        step = tile_rows(M - m);
        tfb_blocks_t at = a;
        at.data += m;
        const float *b = bp;
        for (int n = 0; n < N; n += PANEL, b += (size_t)a.n * a.rows * PANEL) {
            int w = N - n < PANEL ? N - n : PANEL;
            tfb_rows_out_t to = {c.data + m * c.ld + n, c.ld};
#define T(R, NV) tile_tn(R, NV, at, b, to, w, add)
            if (w > VL) {
                if (step == MR)
                    T(MR, 2);
                else if (step == 6)
                    T(6, 2);
                else if (step == 3)
                    T(3, 2);
                else
                    T(1, 2);
            } else {
                if (step == MR)
                    T(MR, 1);
                else if (step == 6)
                    T(6, 1);
                else if (step == 3)
                    T(3, 1);
                else
                    T(1, 1);
            }
#undef T
        }
    }
}

/* Computes the lookup for NV registers of filters, which are kept while it walks the taps. */
INLINE void lookup_cols(int NV, int L, int K, const uint8_t *code, tfb_rows_t table, const float *bias,
                        tfb_rows_out_t y, int w)
{
    for (int l = 0; l < L; l++) {
        vf acc[8];
        float t[8 * VL];
        memset(t, 0, sizeof t);
        memcpy(t, bias, (size_t)w * sizeof(float));
#pragma GCC unroll 8
        for (int v = 0; v < NV; v++) acc[v] = load(t + v * VL);
        for (int k = 0; k < K; k++) {
            const float *row = table.data + (k * 5 + code[l + k]) * table.ld;
#pragma GCC unroll 8
            for (int v = 0; v < NV; v++) acc[v] += load(row + v * VL);
        }
        float *d = y.data + l * y.ld;
        if (w == NV * VL) {
#pragma GCC unroll 8
            for (int v = 0; v < NV; v++) store(d + v * VL, acc[v]);
        } else {
#pragma GCC unroll 8
            for (int v = 0; v < NV; v++) store(t + v * VL, acc[v]);
            memcpy(d, t, (size_t)w * sizeof(float));
        }
    }
}

static void lookup(int L, int F, int K, const uint8_t *code, const float *table, const float *bias, float *y)
{
    int Fp = tfb_round16(F), f = 0;
    while (f < F) {
        int left = F - f, nv = (left + VL - 1) / VL;
        if (nv > 8) nv = 8;
        int w = left < nv * VL ? left : nv * VL;
        tfb_rows_t t = {table + f, Fp};
        tfb_rows_out_t to = {y + f, F};
        switch (nv) {
        case 8: lookup_cols(8, L, K, code, t, bias + f, to, w); break;
        case 7: lookup_cols(7, L, K, code, t, bias + f, to, w); break;
        case 6: lookup_cols(6, L, K, code, t, bias + f, to, w); break;
        case 5: lookup_cols(5, L, K, code, t, bias + f, to, w); break;
        case 4: lookup_cols(4, L, K, code, t, bias + f, to, w); break;
        case 3: lookup_cols(3, L, K, code, t, bias + f, to, w); break;
        case 2: lookup_cols(2, L, K, code, t, bias + f, to, w); break;
        default: lookup_cols(1, L, K, code, t, bias + f, to, w); break;
        }
        f += w;
    }
}

/* Computes lookup2 for R outputs at a time, as independent chains of sums. */
INLINE void lookup2_rows(int R, int NV, int P, int K2, const uint8_t *pair, const float *table, const after_t *af,
                         float *y)
{
    vf best[2] = {{0}, {0}};
    for (int p = 0; p < P; p += R) {
        vf acc[3][2];
        const float *t = table;
#pragma GCC unroll 3
        for (int r = 0; r < R; r++) acc[r][0] = acc[r][1] = (vf){0};
        for (int k = 0; k < K2; k++, t += 25 * PANEL)
#pragma GCC unroll 3
            for (int r = 0; r < R; r++) {
                const float *row = t + pair[p + r + 2 * k] * PANEL;
                acc[r][0] += load(row);
                if (NV > 1) acc[r][1] += load(row + VL);
            }
#pragma GCC unroll 3
        for (int r = 0; r < R; r++)
#pragma GCC unroll 2
            for (int v = 0; v < NV; v++) {
                vf x = after(af, v, acc[r][v]);
                if (p + r) x = vmax(x, best[v]);
                best[v] = x;
            }
    }
    store_part(y, best, NV, af->w);
}

static void lookup2(int Lo, int P, int F, int K2, const uint8_t *pair, const float *table, const tfb_after_t *follow,
                    float *y)
{
    /* columns in the outer loop: the table of one panel (32 kB for 19 taps with AVX-512) stays
     * in the L1 cache */
    for (int f = 0; f < F; f += PANEL, table += (size_t)K2 * 25 * PANEL) {
        int w = F - f < PANEL ? F - f : PANEL;
        after_t af = after_load(follow, f, w);
#define EACH(R, NV) \
    for (int l = 0; l < Lo; l++) lookup2_rows(R, NV, P, K2, pair + (size_t)l * P, table, &af, y + (size_t)l * F + f)
        if (w > VL && P == 3)
            EACH(3, 2);
        else if (w > VL)
            EACH(1, 2);
        else if (P == 3)
            EACH(3, 1);
        else
            EACH(1, 1);
#undef EACH
    }
}

static void scatter(int L, int F, int K, const uint8_t *code, const float *dy, float *table)
{
    int Fp = tfb_round16(F), whole = F / VL * VL;
    for (int l = 0; l < L; l++) {
        const float *d = dy + (size_t)l * F;
        for (int k = 0; k < K; k++) {
            float *row = table + ((size_t)k * 5 + code[l + k]) * Fp;
            for (int f = 0; f < whole; f += VL) store(row + f, load(row + f) + load(d + f));
            for (int f = whole; f < F; f++) row[f] += d[f];
        }
    }
}

static void finish(int Lo, int C, int P, const float *x, const tfb_after_t *after, float *y)
{
    static const tfb_after_t nothing;
    const tfb_after_t a = after ? *after : nothing;
    const float *add = a.residual;
    for (int l = 0; l < Lo; l++, x += (size_t)P * C, y += C) {
        int c = 0;
        for (; c + VL <= C; c += VL) {
            vf b = a.bias ? load(a.bias + c) : (vf){0}, best = (vf){0};
            for (int p = 0; p < P; p++) {
                vf v = load(x + (size_t)p * C + c) + b;
                if (add) v += load(add + (size_t)p * C + c);
                if (a.relu) v = positive(v);
                if (a.scale) v = v * load(a.scale + c) + load(a.shift + c);
                best = p ? vmax(v, best) : v;
            }
            store(y + c, best);
        }
        for (; c < C; c++) {
            float best = 0;
            for (int p = 0; p < P; p++) {
                float v = x[(size_t)p * C + c] + (a.bias ? a.bias[c] : 0);
                if (add) v += add[(size_t)p * C + c];
                if (a.relu && v < 0) v = 0;
                if (a.scale) v = v * a.scale[c] + a.shift[c];
                if (p == 0 || v > best) best = v;
            }
            y[c] = best;
        }
        if (add) add += (size_t)P * C;
    }
}

static void pool_grad(int Lo, int C, int P, const float *x, const float *y, const float *dy, float *dx)
{
    for (int l = 0; l < Lo; l++, x += (size_t)P * C, dx += (size_t)P * C, y += C, dy += C) {
        int c = 0;
        for (; c + VL <= C; c += VL) {
            vf best = load(y + c);
            vi left = (vi)load(dy + c); /* the gradient not yet assigned to a row */
            for (int p = 0; p < P; p++) {
                vi hit = load(x + (size_t)p * C + c) == best;
                store(dx + (size_t)p * C + c, (vf)(left & hit));
                left &= ~hit;
            }
        }
        for (; c < C; c++) {
            float left = dy[c];
            for (int p = 0; p < P; p++) {
                int hit = x[(size_t)p * C + c] == y[c];
                dx[(size_t)p * C + c] = hit ? left : 0;
                if (hit) left = 0;
            }
        }
    }
}

static void relu(size_t n, float *y)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) store(y + i, positive(load(y + i)));
    for (; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

static void relu_grad(size_t n, const float *y, float *dy)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) store(dy + i, (vf)((vi)load(dy + i) & (load(y + i) > (vf){0})));
    for (; i < n; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

/* Sums over rows use floats within blocks of 64 rows and doubles between blocks. */
enum { BLOCK = 64 };

static void moments(int R, int C, const float *x, const float *about, double *sum, double *sumsq)
{
    for (int r0 = 0; r0 < R; r0 += BLOCK) {
        int n = R - r0 < BLOCK ? R - r0 : BLOCK, c = 0;
        const float *b = x + (size_t)r0 * C;
        for (; c + VL <= C; c += VL) {
            vf m = about ? load(about + c) : (vf){0}, s = (vf){0}, q = (vf){0};
            for (int r = 0; r < n; r++) {
                vf v = load(b + (size_t)r * C + c), d = v - m;
                s += v;
                q += d * d;
            }
            for (int i = 0; i < VL; i++) {
                if (sum) sum[c + i] += s[i];
                if (sumsq) sumsq[c + i] += q[i];
            }
        }
        for (; c < C; c++) {
            float m = about ? about[c] : 0, s = 0, q = 0;
            for (int r = 0; r < n; r++) {
                float v = b[(size_t)r * C + c];
                s += v;
                q += (v - m) * (v - m);
            }
            if (sum) sum[c] += s;
            if (sumsq) sumsq[c] += q;
        }
    }
}

static void affine(int R, int C, const float *x, const float *scale, const float *shift, float *y)
{
    for (int r = 0; r < R; r++, x += C, y += C) {
        int c = 0;
        for (; c + VL <= C; c += VL) store(y + c, load(x + c) * load(scale + c) + load(shift + c));
        for (; c < C; c++) y[c] = x[c] * scale[c] + shift[c];
    }
}

static void bn_sums(int R, int C, const float *x, const float *dy, const float *mean, double *s1, double *s2)
{
    for (int r0 = 0; r0 < R; r0 += BLOCK) {
        int n = R - r0 < BLOCK ? R - r0 : BLOCK, c = 0;
        const float *bx = x + (size_t)r0 * C, *bd = dy + (size_t)r0 * C;
        for (; c + VL <= C; c += VL) {
            vf m = load(mean + c), a = (vf){0}, q = (vf){0};
            for (int r = 0; r < n; r++) {
                vf d = load(bd + (size_t)r * C + c);
                a += d;
                q += d * (load(bx + (size_t)r * C + c) - m);
            }
            for (int i = 0; i < VL; i++) s1[c + i] += a[i], s2[c + i] += q[i];
        }
        for (; c < C; c++) {
            float a = 0, q = 0;
            for (int r = 0; r < n; r++) {
                float d = bd[(size_t)r * C + c];
                a += d;
                q += d * (bx[(size_t)r * C + c] - mean[c]);
            }
            s1[c] += a, s2[c] += q;
        }
    }
}

static void bn_grad(int R, int C, const float *x, const float *dy, const float *a, const float *b, const float *d,
                    float *dx)
{
    for (int r = 0; r < R; r++, x += C, dy += C, dx += C) {
        int c = 0;
        for (; c + VL <= C; c += VL)
            store(dx + c, load(a + c) * load(dy + c) + load(b + c) * load(x + c) + load(d + c));
        for (; c < C; c++) dx[c] = a[c] * dy[c] + b[c] * x[c] + d[c];
    }
}

static void mul_add(int R, int C, const float *w, const float *x, float *y)
{
    for (int r = 0; r < R; r++, x += C, y += C) {
        int c = 0;
        for (; c + VL <= C; c += VL) store(y + c, load(y + c) + load(w + c) * load(x + c));
        for (; c < C; c++) y[c] += w[c] * x[c];
    }
}

static void exp_sums(int L, int C, int stride, float r, const float *restrict x, float *restrict most,
                     float *restrict sum)
{
    for (int c = 0; c < C; c++) most[c] = x[c];
    for (int i = 1; i < L; i++)
        for (int c = 0; c < C; c++) {
            float v = x[(size_t)i * stride + c];
            most[c] = v > most[c] ? v : most[c];
        }
    for (int c = 0; c < C; c++) sum[c] = 0;
    for (int i = 0; i < L; i++)
        for (int c = 0; c < C; c++) sum[c] += tfb_exp(r * (x[(size_t)i * stride + c] - most[c]));
}

static int changed(int C, const float *x, const float *y, ptrdiff_t sequence, int32_t *channel, float *change)
{
    const float *y1 = y + sequence, *y2 = y1 + sequence;
    float *d0 = change, *d1 = d0 + C, *d2 = d1 + C;
    int c = 0, n = 0;
#ifdef __AVX512F__
    __m512i at = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (; c + 16 <= C; c += 16, at = _mm512_add_epi32(at, _mm512_set1_epi32(16))) {
        __m512 v = _mm512_loadu_ps(x + c), zero = _mm512_setzero_ps(), e0 = _mm512_sub_ps(_mm512_loadu_ps(y + c), v),
               e1 = _mm512_sub_ps(_mm512_loadu_ps(y1 + c), v), e2 = _mm512_sub_ps(_mm512_loadu_ps(y2 + c), v);
        __mmask16 m = _mm512_cmp_ps_mask(e0, zero, _CMP_NEQ_UQ) | _mm512_cmp_ps_mask(e1, zero, _CMP_NEQ_UQ) |
                      _mm512_cmp_ps_mask(e2, zero, _CMP_NEQ_UQ);
        /* whole registers: what does not change is overwritten. n <= c, so there is room */
        _mm512_storeu_ps(d0 + n, _mm512_maskz_compress_ps(m, e0));
        _mm512_storeu_ps(d1 + n, _mm512_maskz_compress_ps(m, e1));
        _mm512_storeu_ps(d2 + n, _mm512_maskz_compress_ps(m, e2));
        _mm512_storeu_si512(channel + n, _mm512_maskz_compress_epi32(m, at));
        n += __builtin_popcount(m);
    }
#endif
    for (; c < C; c++) {
        d0[n] = y[c] - x[c];
        d1[n] = y1[c] - x[c];
        d2[n] = y2[c] - x[c];
        channel[n] = c;
        n += (d0[n] != 0) | (d1[n] != 0) | (d2[n] != 0);
    }
    return n;
}

/* spread keeps TFB_SPREAD sequences of as many taps as registers allow, in one register of columns each. */
enum { SPREAD_TAPS = VL == 16 ? 8 : 4 };

typedef struct {
    int N, C;
    ptrdiff_t sequence;
    size_t channel; /* floats of a channel's weights in a panel */
} spread_t;

INLINE vf load_first(const float *p, int w)
{
    float t[VL] = {0};
    memcpy(t, p, (size_t)w * sizeof *t);
    return load(t);
}

/* Keeps v in a register, so that it is not read from memory for each of its uses. */
#if defined(__AVX512F__)
#define KEEP(v) __asm__("" : "+v"(v))
#elif defined(__SSE2__)
#define KEEP(v) __asm__("" : "+x"(v))
#else
#define KEEP(v)
#endif

/* Adds taps [t, t + T) of an item to w columns of its outputs, the first of which is y; T is a compile-time constant,
 * and so is w if it is VL. b: the weights of tap t of channel 0. */
INLINE void spread_taps(int T, const spread_t *p, const tfb_spread_t *item, const float *b, float *y, int w)
{
    const float *d0 = item->change, *d1 = d0 + p->C, *d2 = d1 + p->C;
    vf acc[TFB_SPREAD][SPREAD_TAPS];
#pragma GCC unroll 16
    for (int s = 0; s < TFB_SPREAD; s++)
#pragma GCC unroll 16
        for (int t = 0; t < T; t++) {
            const float *from = y + s * p->sequence - (ptrdiff_t)t * p->N;
            acc[s][t] = w == VL ? load(from) : load_first(from, w);
        }
    for (int k = 0; k < item->n; k++) {
        const float *from = b + (size_t)item->channel[k] * p->channel;
        vf x0 = splat(d0[k]), x1 = splat(d1[k]), x2 = splat(d2[k]);
#pragma GCC unroll 16
        for (int t = 0; t < T; t++) {
            vf v = load(from + t * TFB_SPREAD_COLUMNS);
            KEEP(v);
            acc[0][t] += x0 * v;
            acc[1][t] += x1 * v;
            acc[2][t] += x2 * v;
        }
    }
#pragma GCC unroll 16
    for (int s = 0; s < TFB_SPREAD; s++)
#pragma GCC unroll 16
        for (int t = 0; t < T; t++) {
            float *to = y + s * p->sequence - (ptrdiff_t)t * p->N;
            if (w == VL)
                store(to, acc[s][t]);
            else
                memcpy(to, &acc[s][t], (size_t)w * sizeof *to);
        }
}

/* Adds an item to w columns, from column c on. w is VL, as a constant, or less. */
INLINE void spread_item(const spread_t *p, const tfb_spread_t *item, const float *weights, int c, int w)
{
    for (int t = item->t0, T; t < item->t1; t += T) {
        int left = item->t1 - t;
        const float *b = weights + (size_t)t * TFB_SPREAD_COLUMNS;
        float *y = item->y - (ptrdiff_t)t * p->N + c;
        T = left >= 4 ? 4 : 1;
        if (SPREAD_TAPS == 8 && left >= 7) {
            T = 7;
            spread_taps(7, p, item, b, y, w);
        } else if (T == 4)
            spread_taps(4, p, item, b, y, w);
        else
            spread_taps(1, p, item, b, y, w);
    }
}

/* Columns are the outer loop: their weights stay in the cache for all items. */
static void spread(int N, int K, int C, ptrdiff_t sequence, const float *w, int n, const tfb_spread_t *item)
{
    const spread_t p = {N, C, sequence, (size_t)K * TFB_SPREAD_COLUMNS};
    for (int c = 0; c < N; c += VL) {
        const float *from = w + (size_t)(c / TFB_SPREAD_COLUMNS) * (size_t)C * p.channel + c % TFB_SPREAD_COLUMNS;
        for (int i = 0; i < n && c + VL <= N; i++) spread_item(&p, &item[i], from, c, VL);
        for (int i = 0; i < n && c + VL > N; i++) spread_item(&p, &item[i], from, c, N - c);
    }
}

static void max_along(size_t n, int P, size_t step, const float *x, float *y)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        vf most = load(x + i);
        for (int p = 1; p < P; p++) most = vmax(load(x + i + (size_t)p * step), most);
        store(y + i, most);
    }
    for (; i < n; i++) {
        float most = x[i];
        for (int p = 1; p < P; p++) most = x[i + (size_t)p * step] > most ? x[i + (size_t)p * step] : most;
        y[i] = most;
    }
}

static void exps(size_t n, float r, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++) y[i] = tfb_exp(r * x[i]);
}

static void add_rows(int R, int C, ptrdiff_t ld, const float *restrict x, float *restrict sum)
{
    int c = 0;
    for (; c + 4 * VL <= C; c += 4 * VL) {
        vf s0 = load(sum + c), s1 = load(sum + c + VL), s2 = load(sum + c + 2 * VL), s3 = load(sum + c + 3 * VL);
        for (int r = 0; r < R; r++) {
            const float *p = x + r * ld + c;
            s0 += load(p);
            s1 += load(p + VL);
            s2 += load(p + 2 * VL);
            s3 += load(p + 3 * VL);
        }
        store(sum + c, s0);
        store(sum + c + VL, s1);
        store(sum + c + 2 * VL, s2);
        store(sum + c + 3 * VL, s3);
    }
    for (; c < C; c++)
        for (int r = 0; r < R; r++) sum[c] += x[r * ld + c];
}

static void log_means(int C, int L, float r, const float *sum, float *y)
{
    for (int c = 0; c < C; c++) y[c] = tfb_log(sum[c] / (float)L) / r;
}

static void lstm_cell(int H, float *restrict g, const float *restrict c_prev, float *restrict c, float *restrict h)
{
    for (int u = 0; u < 2 * H; u++) g[u] = tfb_sigmoid_v(g[u]);
    for (int u = 2 * H; u < 3 * H; u++) g[u] = tfb_tanh(g[u]);
    for (int u = 3 * H; u < 4 * H; u++) g[u] = tfb_sigmoid_v(g[u]);
    if (c_prev)
        for (int u = 0; u < H; u++) c[u] = g[H + u] * c_prev[u] + g[u] * g[2 * H + u];
    else
        for (int u = 0; u < H; u++) c[u] = g[u] * g[2 * H + u];
    for (int u = 0; u < H; u++) h[u] = g[3 * H + u] * tfb_tanh(c[u]);
}

static void adam(size_t n, float *restrict p, const float *restrict g, float *restrict m, float *restrict v,
                 const tfb_adam_t *by)
{
    const float rate = by->rate, b1 = by->b1, b2 = by->b2, inv_sqrt_c2 = by->inv_sqrt_c2, eps = by->eps;
    for (size_t i = 0; i < n; i++) { /* the compiler vectorises this loop, including sqrt and division */
        float gi = fabsf(g[i]) < 1e-15f ? 0 : g[i], m1 = b1 * m[i] + (1 - b1) * gi, v1 = b2 * v[i] + (1 - b2) * gi * gi;
        m1 = fabsf(m1) < 1e-30f ? 0 : m1;
        v1 = v1 < 1e-30f ? 0 : v1;
        m[i] = m1;
        v[i] = v1;
        p[i] -= rate * m1 / (sqrtf(v1) * inv_sqrt_c2 + eps);
    }
}

const tfb_kernels_t SET = {.name = SET_NAME, .panel = PANEL, TFB_KERNELS};
