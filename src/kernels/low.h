/* low.h - products of scoring in bfloat16 or int8, with activations that stay in that precision between steps.
 *
 * A row of activations holds its channels, rounded, and zeros up to a whole number of lines of 64 bytes. Sums are
 * float32 (bfloat16) or int32 (int8). int8 activations are numbers 0 to 255 of a step that the model stores; weights
 * are -127 to 127 of a step for each output. A result depends only on its own rows, never on the rows beside it. */
#ifndef TFB_LOW_H
#define TFB_LOW_H

#include <stddef.h>
#include <stdint.h>

typedef enum { TFB_FLOAT32, TFB_BFLOAT16, TFB_INT8, TFB_N_PRECISIONS } tfb_precision_t;
/* Names of tfb_precision_t, in the same order. */
extern const char *const tfb_precision_name[TFB_N_PRECISIONS];

enum {
    TFB_LOW_LINE = 64,    /* bytes: rows of activations are a multiple of this, and begin at one */
    TFB_LOW_TILE = 16,    /* rows and columns of a tile; products read whole tiles of rows, up to 15 beyond the last */
    TFB_LOW_TILES = 4,    /* tiles of rows that share a read of the weights */
    TFB_LOW_MAX_POOL = 64 /* widest pooling that a product can do */
};

/* Neighbouring outputs: n rows from y on. a: the first of the n * P rows that they are computed from. */
typedef struct {
    const void *a;
    void *y;
    int n;
} tfb_low_run_t;

/* y = the maximum over P rows of relu(a * w * unit + bias) * scale + shift. Arrays of columns have
 * tfb_low_columns(N) floats, zero beyond N. */
typedef struct {
    int N, P;
    int taps, lines;    /* row a is read at `taps` places, `lines` lines at each */
    ptrdiff_t lda, tap; /* bytes between rows of a, and between taps */
    void *w;            /* packed */
    float *bias;
    float *scale, *shift; /* both NULL: none */
    float *unit;          /* int8: the product of the steps of inputs and weights; NULL: 1 */
    int relu;
    ptrdiff_t ldy; /* bytes between rows of y */
    int low;       /* y is rounded (and zeros up to ldy); 0: float32, N a row */
    float per;     /* int8, y rounded: 1 / its step */
} tfb_low_product_t;

typedef struct {
    const char *name;
    tfb_precision_t precision;
    int bytes; /* of a number */
    /* Rounds R rows of x (C) to y, with zeros up to ldy bytes. per: 1 / the step (int8 only). */
    void (*narrow)(int R, int C, const float *x, ptrdiff_t ldx, float per, void *y, ptrdiff_t ldy);
    /* Rounds R neighbouring rows of x (C) to y in three parts of equal size, lda bytes in all: the rounded numbers,
     * what rounding missed, and the rounded numbers again. NULL for int8. */
    void (*split)(int R, int C, const float *x, void *y, ptrdiff_t lda);
    void (*product)(const tfb_low_product_t *p, int n_runs, const tfb_low_run_t *run);
} tfb_low_t;

/* Returns the fastest set for a precision that this processor and TFBIND_CPU allow, or NULL. TFBIND_CPU=plain
 * emulates each precision; avx512 leaves out the tile unit. */
const tfb_low_t *tfb_low(tfb_precision_t precision);
/* Returns all sets that run here, plain ones first, NULL-terminated (for tests and benchmarks). */
const tfb_low_t *const *tfb_low_all(void);
/* Returns what the precision needs, for messages. */
const char *tfb_low_needs(tfb_precision_t precision);

/* Returns the bytes of a row of C numbers, a multiple of TFB_LOW_LINE. */
static inline size_t tfb_low_row(const tfb_low_t *k, int C)
{
    return ((size_t)C * (size_t)k->bytes + TFB_LOW_LINE - 1) / TFB_LOW_LINE * TFB_LOW_LINE;
}
/* Returns N rounded up to whole tiles. */
static inline size_t tfb_low_columns(int N) { return ((size_t)N + TFB_LOW_TILE - 1) / TFB_LOW_TILE * TFB_LOW_TILE; }
/* Returns the bytes of packed weights (K, C, N). */
static inline size_t tfb_low_packed_size(const tfb_low_t *k, int K, int C, int N)
{
    return (size_t)K * tfb_low_row(k, C) * tfb_low_columns(N);
}
/* Returns w (finite) rounded to bfloat16. */
float tfb_low_bfloat16(float w);
/* Packs the weights w (K, C, N) of K taps: panels of 16 columns, each K * lines tiles of 16 x 16 words. A word holds
 * neighbouring channels of one column. unit (N): receives the steps of the columns; NULL unless int8. */
void tfb_low_pack(const tfb_low_t *k, int K, int C, int N, const float *w, void *out, float *unit);

#endif
