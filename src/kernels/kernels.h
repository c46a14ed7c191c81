/* kernels.h - the hot loops, once in plain C (the specification) and once as a template compiled
 * for each instruction set.
 *
 * The set is chosen on first use from what the processor supports.
 * TFBIND_CPU=plain|vec128|avx2|avx512 can lower it; the tests use this to compare the sets. All
 * matrices are row-major float32. */
#ifndef TFB_KERNELS_H
#define TFB_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define TFB_PANEL_MAX    32  /* widest panel of our own sets, in floats: 2 AVX-512 registers */
#define TFB_PANEL_WIDEST 128 /* panel of OpenBLAS: see blas.h */

/* Rows of floats: row r begins at data + r * ld. Rows that are only read may overlap. */
typedef struct {
    const float *data;
    ptrdiff_t ld;
} tfb_rows_t;
typedef struct {
    float *data;
    ptrdiff_t ld;
} tfb_rows_out_t;

/* A matrix: element (k, n) is data[k*ldk + n*ldn]; ldk or ldn is 1. */
typedef struct {
    const float *data;
    ptrdiff_t ldk, ldn;
} tfb_matrix_t;

/* n blocks of `rows` rows each: row r of block b begins at data + b * block + r * ld. */
typedef struct {
    const float *data;
    ptrdiff_t block, ld;
    int n, rows;
} tfb_blocks_t;

/* Groups of rows for conv_max3: group g reads rows at from[g], from[g] + ld, ... and writes to[g]. */
typedef struct {
    int n;
    const float *const *from;
    ptrdiff_t ld;
    float *const *to;
} tfb_groups_t;

/* Changed inputs of an output's neighbours, for spread. n channels of one input row: channel[i] changes by
 * change[s * C + i] in sequence s. Tap t of [t0, t1) adds to row y - t * N of the first sequence. */
typedef struct {
    int n, t0, t1;
    const int32_t *channel;
    const float *change;
    float *y;
} tfb_spread_t;
enum { TFB_SPREAD = 3, TFB_SPREAD_COLUMNS = 16 }; /* sequences that spread changes together; columns of its panels */

/* The constants of a step of Adam. */
typedef struct {
    float rate, b1, b2, inv_sqrt_c2, eps;
} tfb_adam_t;

/* Applied to a product in its column: x becomes relu(x + bias + residual) * scale + shift; each (N). */
typedef struct {
    const float *bias;
    int relu;                   /* 0: no ReLU */
    const float *scale, *shift; /* both NULL: none */
    const float *residual;      /* finish only: (Lo*P, C), added before the ReLU; NULL: none */
} tfb_after_t;

typedef struct {
    const char *name;
    int panel; /* columns of a panel of packed B (the last one of a matrix may be narrower in use, never in storage) */

    /* Packs B (K, N) for gemm into panels of `panel` columns, each (K, panel), zero-filled
     * beyond N. out holds tfb_packed_size() floats, aligned to 64 bytes. Element (k, n) is
     * b[k*ldk + n*ldn]; ldk or ldn is 1. */
    void (*pack)(int K, int N, const float *b, ptrdiff_t ldk, ptrdiff_t ldn, float *out);

    /* Computes C (M, N) = A (M, K) * B, or += if add. Rows of A may
     * overlap: a convolution over channels-last data is this with ld = C. bp: B packed. */
    void (*gemm)(int M, int N, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int add);

    /* Computes a convolution for scoring, pooled over 3, by a short algorithm (described below).
     * Each group reads K + 2 rows of C floats and writes N: the maximum of its three products of
     * K rows each, with `after` applied to each. bp:
     * tfb_max3_weights(), packed. scratch: tfb_max3_scratch() floats, aligned to 64 bytes. A
     * group's result depends only on its own rows. NULL if this set's gemm is of another kind. */
    void (*conv_max3)(int N, int K, int C, const tfb_groups_t *groups, const float *bp, const tfb_after_t *after,
                      float *scratch);

    /* Computes C (M, N) = sum over blocks s of A_s^T * B_s, or += if add: the gradient of
     * weights. bp: all rows of B, packed as one (a.n * a.rows, N) matrix. */
    void (*gemm_tn)(int M, int N, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int add);

    /* Compute the same from B itself, (K, N) or (a.n * a.rows, N). Both NULL: B must be packed. */
    void (*gemm_direct)(int M, int N, int K, tfb_rows_t a, tfb_matrix_t b, tfb_rows_out_t c, int add);
    void (*gemm_tn_direct)(int M, int N, tfb_blocks_t a, tfb_matrix_t b, tfb_rows_out_t c, int add);

    /* Computes the first convolution, on base codes: y (L, F) = bias (F) + sum over k < K of
     * table[k][code[l + k]]. table is (K, 5, Fp), with Fp = F rounded up to 16. Row 4 of each k
     * is the mean of the other four (an N counts as a quarter of each base). */
    void (*lookup)(int L, int F, int K, const uint8_t *code, const float *table, const float *bias, float *y);
    /* Computes the same for scoring, two bases at a time and pooled: y (Lo, F) = the maximum
     * over P rows l of the sum over k < K2 of table[k][pair[l + 2k]], with `after` applied to
     * each sum. pair[i] = 5 * code[i] + code[i+1]. table holds (K2, 25, panel) for each panel of
     * columns, zero-filled beyond F, aligned to 64 bytes. */
    void (*lookup2)(int Lo, int P, int F, int K2, const uint8_t *pair, const float *table, const tfb_after_t *after,
                    float *y);
    /* Adds the weight gradient of lookup to table (K, 5, Fp): for each l and k, row l of dy (L,
     * F) is added to table[k][code[l + k]]. */
    void (*scatter)(int L, int F, int K, const uint8_t *code, const float *dy, float *table);

    /* Writes y (Lo, C): the maximum over P neighbouring rows of x (Lo*P, C), after `after` is
     * applied to x (NULL: not; its bias may be NULL here). P 1: no pooling. y may be x. */
    void (*finish)(int Lo, int C, int P, const float *x, const tfb_after_t *after, float *y);

    /* Writes the gradient of pooling: in each P rows of dx (Lo*P, C), the first row of x equal
     * to the maximum y gets dy (Lo, C), the others 0. */
    void (*pool_grad)(int Lo, int C, int P, const float *x, const float *y, const float *dy, float *dx);
    /* Computes y (n) = max(y, 0); NaN stays NaN. relu_grad is its gradient: it sets dy = 0
     * wherever y after relu is not positive. */
    void (*relu)(size_t n, float *y);
    void (*relu_grad)(size_t n, const float *y, float *dy);

    /* Adds up sum[c] += x and sumsq[c] += (x - about[c])^2 over the rows of x (R, C). about NULL
     * means 0; sum or sumsq may be NULL. */
    void (*moments)(int R, int C, const float *x, const float *about, double *sum, double *sumsq);
    /* Computes y (R, C) = x * scale (C) + shift (C). y may be x. */
    void (*affine)(int R, int C, const float *x, const float *scale, const float *shift, float *y);
    /* Adds up batch norm's two sums over rows: s1[c] += dy, s2[c] += dy * (x - mean[c]). */
    void (*bn_sums)(int R, int C, const float *x, const float *dy, const float *mean, double *s1, double *s2);
    /* Computes dx (R, C) = a[c] * dy + b[c] * x + d[c]. dx may be dy. */
    void (*bn_grad)(int R, int C, const float *x, const float *dy, const float *a, const float *b, const float *d,
                    float *dx);
    /* Adds one tap of a depthwise convolution: y (R, C) += w (C) * x (R, C). */
    void (*mul_add)(int R, int C, const float *w, const float *x, float *y);
    /* Writes the column maxima to most (C) and the sums of exp(r * (x - most)) to sum (C), over
     * columns [0, C) of x: L rows of `stride` floats. */
    void (*exp_sums)(int L, int C, int stride, float r, const float *x, float *most, float *sum);
    /* Lists the channels (C) in which a row y of TFB_SPREAD sequences, `sequence` floats apart, differs from x: writes
     * channel[i], rising, and change[s * C + i] = y - x. Both have room for C. Returns their number. */
    int (*changed)(int C, const float *x, const float *y, ptrdiff_t sequence, int32_t *channel, float *change);
    /* Adds to the outputs (N) of a convolution of K taps over C channels what changed inputs add to them, item by item.
     * sequence: floats between the rows of one sequence and the next. w: packed by tfb_spread_pack. */
    void (*spread)(int N, int K, int C, ptrdiff_t sequence, const float *w, int n, const tfb_spread_t *item);
    /* Computes y (n): the maximum of x[i], x[i + step], ..., P numbers. y may be x. */
    void (*max_along)(size_t n, int P, size_t step, const float *x, float *y);
    /* Computes y (n) = exp(r * x). */
    void (*exps)(size_t n, float r, const float *x, float *y);
    /* Adds R rows of x, ld floats apart, to sum (C). */
    void (*add_rows)(int R, int C, ptrdiff_t ld, const float *x, float *sum);
    /* Computes y (C) = log(sum / L) / r for positive sums. y may be sum. */
    void (*log_means)(int C, int L, float r, const float *sum, float *y);
    /* Computes one step of H LSTM units: c = f * c_prev + i * g, h = o * tanh(c). g (4H) holds
     * the gates i, f, g, o before activation, and after it on return. c_prev NULL means 0. */
    void (*lstm_cell)(int H, float *g, const float *c_prev, float *c, float *h);
    /* Updates n elements: p -= rate * m' / (sqrt(v') * inv_sqrt_c2 + eps) with m' = b1*m +
     * (1-b1)*g, v' = b2*v + (1-b2)*g*g. Gradients below 1e-15 and moments below 1e-30,
     * negligible beside eps, are taken as 0. Otherwise those of dead units would become denormal
     * numbers, where rounding keeps 0.9 * m from reaching 0 and processors are some fifty times
     * slower. */
    void (*adam)(size_t n, float *p, const float *g, float *m, float *v, const tfb_adam_t *by);
} tfb_kernels_t;

/* The kernels of a set, in the file that defines a function of each name. */
#define TFB_KERNELS                                                                                               \
    .pack = pack, .gemm = gemm, .conv_max3 = conv_max3, .gemm_tn = gemm_tn, .lookup = lookup, .lookup2 = lookup2, \
    .scatter = scatter, .finish = finish, .pool_grad = pool_grad, .relu = relu, .relu_grad = relu_grad,           \
    .moments = moments, .affine = affine, .bn_sums = bn_sums, .bn_grad = bn_grad, .mul_add = mul_add,             \
    .exp_sums = exp_sums, .changed = changed, .spread = spread, .max_along = max_along, .exps = exps,             \
    .add_rows = add_rows, .log_means = log_means, .lstm_cell = lstm_cell, .adam = adam

/* Returns the set in use. Thread-safe. */
const tfb_kernels_t *tfb_kernels(void);
/* Chooses the precision of matrix products: "float32" (the default), or "bfloat16" (operands
 * rounded to 8 bits of mantissa, sums in float32), which needs a processor with tile registers.
 * Not thread-safe: call it before anything is packed. Returns 0, -1 if the name is unknown, or
 * -2 if this machine does not support it (nothing is changed). */
int tfb_kernels_set_precision(const char *name);
/* Returns the name of the set that TFBIND_CPU chose, or NULL if the processor alone did. */
const char *tfb_kernels_asked(void);
/* Returns all sets that this build and processor support, the plain one first, NULL-terminated
 * (for tests and benchmarks). */
const tfb_kernels_t *const *tfb_kernels_all(void);

/* Returns how many floats pack() writes for a (K, N) matrix in the widest set. bfloat16 panels,
 * padded to 32 terms, are no larger. */
static inline size_t tfb_packed_size(int K, int N)
{
    return (size_t)K * (((size_t)N + TFB_PANEL_MAX - 1) / TFB_PANEL_MAX * TFB_PANEL_MAX);
}
/* conv_max3 computes three neighbouring outputs of a convolution from 6 products for each 4
 * taps; the definition takes 12. It uses Toom and Cook's interpolation of short convolutions
 * (Winograd 1980, Arithmetic complexity of computations), at the points 0, 1, -1, 2, -1/2 and
 * infinity. This set of small points loses the least precision: random errors are three times
 * those of the plain sum, some 4e-7 of a sum's size. Chunk q holds taps from 3q on. */
enum { TFB_MAX3_POINTS = 6, TFB_MAX3_BLOCK = 48 /* groups at a time: their data stays in the L2 cache */ };
static inline int tfb_max3_chunks(int K) { return K > 4 ? (K + 1) / 3 : 1; }
static inline size_t tfb_max3_scratch(int K, int C)
{
    return (size_t)TFB_MAX3_POINTS * TFB_MAX3_BLOCK * ((size_t)tfb_max3_chunks(K) * (size_t)C + TFB_PANEL_WIDEST);
}
/* Writes the weights w (K, C, N) evaluated at the points to out (6, chunks, C, N), to be packed
 * as a matrix of 6 * chunks * C rows. */
void tfb_max3_weights(int K, int C, int N, const float *w, float *out);

/* Returns the floats of weights (K, C, N) packed for spread. */
static inline size_t tfb_spread_size(int K, int C, int N)
{
    size_t panels = ((size_t)N + TFB_SPREAD_COLUMNS - 1) / TFB_SPREAD_COLUMNS;
    return panels * (size_t)C * (size_t)K * TFB_SPREAD_COLUMNS;
}
/* Packs w (K, C, N) for spread: panels of TFB_SPREAD_COLUMNS columns, each (C, K), zero-filled beyond N. */
void tfb_spread_pack(int K, int C, int N, const float *w, float *out);

static inline int tfb_round16(int n) { return (n + 15) / 16 * 16; }

#endif
