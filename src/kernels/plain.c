/* plain.c - every kernel in plain loops: the specification that the fast kernels are tested against. */
#include "kernels/kernels.h"
#include <math.h>
#include <string.h>

enum { PANEL = 8 };

static void pack(int K, int N, const float *b, ptrdiff_t ldk, ptrdiff_t ldn, float *out)
{
    for (int n0 = 0; n0 < N; n0 += PANEL)
        for (int k = 0; k < K; k++)
            for (int n = n0; n < n0 + PANEL; n++) *out++ = n < N ? b[k * ldk + n * ldn] : 0;
}

static inline float packed(const float *bp, int K, int k, int n)
{
    return bp[((size_t)(n / PANEL) * K + k) * PANEL + n % PANEL];
}

static void gemm(int M, int N, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int add)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            float s = add ? c.data[m * c.ld + n] : 0;
            for (int k = 0; k < K; k++) s += a.data[m * a.ld + k] * packed(bp, K, k, n);
            c.data[m * c.ld + n] = s;
        }
}

static void gemm_tn(int M, int N, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int add)
{
    int R = a.rows, all = a.n * R;
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            float v = add ? c.data[m * c.ld + n] : 0;
            for (int s = 0; s < a.n; s++)
                for (int r = 0; r < R; r++) v += a.data[s * a.block + r * a.ld + m] * packed(bp, all, s * R + r, n);
            c.data[m * c.ld + n] = v;
        }
}

static float follow(const tfb_after_t *a, int n, float x)
{
    x += a->bias[n];
    if (a->relu && x < 0) x = 0;
    return a->scale ? x * a->scale[n] + a->shift[n] : x;
}

static void conv_max3(int N, int K, int C, const tfb_groups_t *groups, const float *bp, const tfb_after_t *after,
                      float *scratch)
{
    static const float in[TFB_MAX3_POINTS][6] = {{1, 1.5f, -2, -1.5f, 1, 0}, {0, -1, -2.5f, -0.5f, 1, 0},
                                                 {0, 1, 0.5f, -2.5f, 1, 0},  {0, -0.5f, -1, 0.5f, 1, 0},
                                                 {0, 2, -1, -2, 1, 0},       {0, 1, 1.5f, -2, -1.5f, 1}};
    static const float out[3][TFB_MAX3_POINTS] = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -0.5f, 0}, {0, 1, 1, 4, 0.25f, 1}};
    int Q = tfb_max3_chunks(K), D = Q * C;
    float *u = scratch; /* (6, Q, C) */
    for (int g = 0; g < groups->n; g++) {
        const float *from = groups->from[g];
        float *to = groups->to[g];
        for (int p = 0; p < TFB_MAX3_POINTS; p++)
            for (int q = 0; q < Q; q++)
                for (int i = 0; i < C; i++) {
                    float s = 0;
                    for (int r = 0; r < 6 && 3 * q + r < K + 2; r++) s += in[p][r] * from[(3 * q + r) * groups->ld + i];
                    u[p * D + q * C + i] = s;
                }
        for (int n = 0; n < N; n++) {
            float m[TFB_MAX3_POINTS];
            for (int p = 0; p < TFB_MAX3_POINTS; p++) {
                m[p] = 0;
                for (int d = 0; d < D; d++) m[p] += u[p * D + d] * packed(bp, TFB_MAX3_POINTS * D, p * D + d, n);
            }
            for (int r = 0; r < 3; r++) {
                float s = 0;
                for (int p = 0; p < TFB_MAX3_POINTS; p++) s += out[r][p] * m[p];
                s = follow(after, n, s);
                if (r == 0 || s > to[n]) to[n] = s;
            }
        }
    }
}

static void lookup(int L, int F, int K, const uint8_t *code, const float *table, const float *bias, float *y)
{
    int Fp = tfb_round16(F);
    for (int l = 0; l < L; l++)
        for (int f = 0; f < F; f++) {
            float s = bias[f];
            for (int k = 0; k < K; k++) s += table[((size_t)k * 5 + code[l + k]) * Fp + f];
            y[(size_t)l * F + f] = s;
        }
}

static void lookup2(int Lo, int P, int F, int K2, const uint8_t *pair, const float *table, const tfb_after_t *after,
                    float *y)
{
    for (int l = 0; l < Lo; l++)
        for (int f = 0; f < F; f++)
            for (int p = 0; p < P; p++) {
                float s = 0, *to = &y[(size_t)l * F + f];
                for (int k = 0; k < K2; k++)
                    s += table[(((size_t)(f / PANEL) * K2 + k) * 25 + pair[l * P + p + 2 * k]) * PANEL + f % PANEL];
                s = follow(after, f, s);
                if (p == 0 || s > *to) *to = s;
            }
}

static void scatter(int L, int F, int K, const uint8_t *code, const float *dy, float *table)
{
    int Fp = tfb_round16(F);
    for (int k = 0; k < K; k++)
        for (int l = 0; l < L; l++)
            for (int f = 0; f < F; f++) table[((size_t)k * 5 + code[l + k]) * Fp + f] += dy[(size_t)l * F + f];
}

static void finish(int Lo, int C, int P, const float *x, const tfb_after_t *after, float *y)
{
    static const tfb_after_t nothing;
    const tfb_after_t *a = after ? after : &nothing;
    for (int l = 0; l < Lo; l++)
        for (int c = 0; c < C; c++) {
            float best = 0;
            for (int p = 0; p < P; p++) {
                size_t i = ((size_t)l * P + p) * C + c;
                float v = x[i] + (a->bias ? a->bias[c] : 0);
                if (a->residual) v += a->residual[i];
                if (a->relu && v < 0) v = 0;
                if (a->scale) v = v * a->scale[c] + a->shift[c];
                if (p == 0 || v > best) best = v;
            }
            y[(size_t)l * C + c] = best;
        }
}

static void pool_grad(int Lo, int C, int P, const float *x, const float *y, const float *dy, float *dx)
{
    for (int l = 0; l < Lo; l++)
        for (int c = 0; c < C; c++) {
            int given = 0;
            for (int p = 0; p < P; p++) {
                size_t i = ((size_t)l * P + p) * C + c, o = (size_t)l * C + c;
                int hit = !given && x[i] == y[o];
                dx[i] = hit ? dy[o] : 0;
                given |= hit;
            }
        }
}

static void relu(size_t n, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

static void relu_grad(size_t n, const float *y, float *dy)
{
    for (size_t i = 0; i < n; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void moments(int R, int C, const float *x, const float *about, double *sum, double *sumsq)
{
    for (int c = 0; c < C; c++) {
        float m = about ? about[c] : 0, s = 0, q = 0;
        for (int r = 0; r < R; r++) {
            float v = x[(size_t)r * C + c];
            s += v;
            q += (v - m) * (v - m);
        }
        if (sum) sum[c] += s;
        if (sumsq) sumsq[c] += q;
    }
}

static void affine(int R, int C, const float *x, const float *scale, const float *shift, float *y)
{
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) y[(size_t)r * C + c] = x[(size_t)r * C + c] * scale[c] + shift[c];
}

static void bn_sums(int R, int C, const float *x, const float *dy, const float *mean, double *s1, double *s2)
{
    for (int c = 0; c < C; c++) {
        float a = 0, b = 0;
        for (int r = 0; r < R; r++) {
            size_t i = (size_t)r * C + c;
            a += dy[i];
            b += dy[i] * (x[i] - mean[c]);
        }
        s1[c] += a;
        s2[c] += b;
    }
}

static void bn_grad(int R, int C, const float *x, const float *dy, const float *a, const float *b, const float *d,
                    float *dx)
{
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) {
            size_t i = (size_t)r * C + c;
            dx[i] = a[c] * dy[i] + b[c] * x[i] + d[c];
        }
}

static void mul_add(int R, int C, const float *w, const float *x, float *y)
{
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) y[(size_t)r * C + c] += w[c] * x[(size_t)r * C + c];
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
        for (int c = 0; c < C; c++) sum[c] += expf(r * (x[(size_t)i * stride + c] - most[c]));
}

static int changed(int C, const float *x, const float *y, ptrdiff_t sequence, int32_t *channel, float *change)
{
    int n = 0;
    for (int c = 0; c < C; c++) {
        int any = 0;
        for (int s = 0; s < TFB_SPREAD; s++) {
            change[s * C + n] = y[s * sequence + c] - x[c];
            any |= change[s * C + n] != 0;
        }
        channel[n] = c;
        n += any;
    }
    return n;
}

static void spread(int N, int K, int C, ptrdiff_t sequence, const float *w, int n, const tfb_spread_t *item)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < item[i].n; k++)
            for (int t = item[i].t0; t < item[i].t1; t++)
                for (int s = 0; s < TFB_SPREAD; s++)
                    for (int c = 0; c < N; c++) {
                        size_t panel = (size_t)(c / TFB_SPREAD_COLUMNS) * (size_t)C + (size_t)item[i].channel[k];
                        item[i].y[s * sequence - (ptrdiff_t)t * N + c] +=
                            item[i].change[s * C + k] *
                            w[(panel * (size_t)K + (size_t)t) * TFB_SPREAD_COLUMNS + c % TFB_SPREAD_COLUMNS];
                    }
}

static void max_along(size_t n, int P, size_t step, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        float most = x[i];
        for (int p = 1; p < P; p++) most = x[i + (size_t)p * step] > most ? x[i + (size_t)p * step] : most;
        y[i] = most;
    }
}

static void exps(size_t n, float r, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = expf(r * x[i]);
}

static void add_rows(int R, int C, ptrdiff_t ld, const float *x, float *sum)
{
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) sum[c] += x[r * ld + c];
}

static void log_means(int C, int L, float r, const float *sum, float *y)
{
    for (int c = 0; c < C; c++) y[c] = logf(sum[c] / (float)L) / r;
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static void lstm_cell(int H, float *g, const float *c_prev, float *c, float *h)
{
    for (int u = 0; u < H; u++) {
        float i = g[u] = sigmoid(g[u]), f = g[H + u] = sigmoid(g[H + u]), n = g[2 * H + u] = tanhf(g[2 * H + u]);
        float o = g[3 * H + u] = sigmoid(g[3 * H + u]);
        c[u] = (c_prev ? f * c_prev[u] : 0) + i * n;
        h[u] = o * tanhf(c[u]);
    }
}

static void adam(size_t n, float *p, const float *g, float *m, float *v, const tfb_adam_t *by)
{
    for (size_t i = 0; i < n; i++) {
        float gi = fabsf(g[i]) < 1e-15f ? 0 : g[i];
        m[i] = by->b1 * m[i] + (1 - by->b1) * gi;
        v[i] = by->b2 * v[i] + (1 - by->b2) * gi * gi;
        if (fabsf(m[i]) < 1e-30f) m[i] = 0;
        if (v[i] < 1e-30f) v[i] = 0;
        p[i] -= by->rate * m[i] / (sqrtf(v[i]) * by->inv_sqrt_c2 + by->eps);
    }
}

const tfb_kernels_t tfb_kernels_plain = {.name = "plain", .panel = PANEL, TFB_KERNELS};
