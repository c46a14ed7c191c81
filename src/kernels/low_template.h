/* low_template.h - low.h's functions, compiled for each instruction set.
 *
 * The including file defines SET (the table) and SET_NAME, BYTES (of a number: 2 bfloat16, 1 int8), and
 * SUMS_FROM, a file with
 *   sums(p, tiles, rows, a, b, s): s (tiles, 16, 16) = products of `tiles` tiles of rows with one panel b. Tile i is
 *   the rows from a[i] on; rows of s after the first rows[i] are undefined.
 *   BEGIN() and END(), which enclose products.
 * Loops over a tile's 16 columns have no branches, so that they become vectors. */
#include "kernels/low.h"
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#if BYTES == 2
typedef uint16_t low_t;
typedef float sum_t;
#else
typedef uint8_t low_t;
typedef int32_t sum_t;
#endif
enum { TILE = TFB_LOW_TILE, TILES = TFB_LOW_TILES };
#define INLINE static inline __attribute__((always_inline))

#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are arguments of functions that are always inlined */

/* 16 columns. The compiler splits them into what registers the set has. */
typedef float vf __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t vu __attribute__((vector_size(64), aligned(4), may_alias));
typedef sum_t vs __attribute__((vector_size(64), aligned(64), may_alias));

INLINE vf choose(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }

#if BYTES == 2
/* Rounds to the nearest, ties to even. NaN stays NaN. */
INLINE void store_low(low_t *to, vf x, float per)
{
    (void)per;
#ifdef __AVX512BF16__
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh((__m512)x));
#else
    vu b = (vu)x, r = (b + 0x7fff + (b >> 16 & 1)) >> 16, nan = b >> 16 | 0x40;
    r = (vu)choose((vi)((b & 0x7fffffff) > 0x7f800000), (vf)nan, (vf)r);
    for (int c = 0; c < TILE; c++) to[c] = (low_t)r[c];
#endif
}
INLINE vf load_low(const low_t *from)
{
    vu b;
    for (int c = 0; c < TILE; c++) b[c] = (uint32_t)from[c] << 16;
    return (vf)b;
}
#else
/* Rounds x * per to a whole number of 0 to 255, ties to even. */
INLINE void store_low(low_t *to, vf x, float per)
{
    vf v = x * per;
    v = choose(v > (vf){0}, v, (vf){0}); /* NaN becomes 0 */
    v = choose(v < (vf){0} + 255, v, (vf){0} + 255);
#ifdef __AVX512BW__
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32((__m512)v)));
#else
    v = v + 12582912.0f - 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    for (int c = 0; c < TILE; c++) to[c] = (low_t)v[c];
#endif
}
#endif

#include SUMS_FROM

INLINE vf load_part(const float *x, int n)
{
    vf v = (vf){0};
    memcpy(&v, x, (size_t)(n < TILE ? n : TILE) * sizeof *x);
    return v;
}

/* Rounds a row of x (C), and writes zeros up to n bytes. */
INLINE void narrow_row(int C, const float *x, float per, low_t *to, size_t n)
{
    int c = 0;
    for (; c + TILE <= C; c += TILE) store_low(to + c, *(const vf *)(x + c), per);
    if (c < C) store_low(to + c, load_part(x + c, C - c), per), c += TILE;
    memset(to + c, 0, n - (size_t)c * sizeof *to);
}

static void narrow(int R, int C, const float *x, ptrdiff_t ldx, float per, void *y, ptrdiff_t ldy)
{
    for (int r = 0; r < R; r++, x += ldx) narrow_row(C, x, per, (low_t *)((uint8_t *)y + r * ldy), (size_t)ldy);
}

#if BYTES == 2
static void split(int R, int C, const float *x, void *y, ptrdiff_t lda)
{
    size_t part = (size_t)lda / 3;
    uint8_t *to = y;
    for (int r = 0; r < R; r++, x += C, to += lda) {
        low_t *l = (low_t *)(to + part);
        narrow_row(C, x, 0, (low_t *)to, part);
        memset(l, 0, part);
        for (int c = 0; c < C; c += TILE) store_low(l + c, load_part(x + c, C - c) - load_low((low_t *)to + c), 0);
        memcpy(to + 2 * part, to, part);
    }
}
#endif

/* What follows the sums of a panel. */
typedef struct {
    vf unit, bias, scale, shift;
    float per;
    int relu, affine;
} after_t;

#if BYTES == 2
INLINE vf to_float(vs s) { return (vf)s; }
#else
INLINE vf to_float(vs s) { return __builtin_convertvector(s, vf); }
#endif

INLINE vf after(const after_t *f, vs s)
{
    vf v = to_float(s);
    if (BYTES == 1) v = v * f->unit;
    v = v + f->bias;
    if (f->relu) v = choose(v < (vf){0}, (vf){0}, v); /* NaN stays NaN */
    if (f->affine) v = v * f->scale + f->shift;
    return v;
}

/* Computes an output from the sums of P rows. What follows is monotonous if it has no scale, so the largest sum is
 * enough. */
INLINE vf pooled(const after_t *f, int P, const sum_t *s)
{
    vs most = *(const vs *)s;
    if (f->affine) {
        vf x = after(f, most);
        for (int i = 1; i < P; i++) {
            vf v = after(f, *(const vs *)(s + i * TILE));
            x = choose(v > x, v, x);
        }
        return x;
    }
    for (int i = 1; i < P; i++) {
        vs v = *(const vs *)(s + i * TILE);
        most = (vs)choose((vi)(v > most), (vf)v, (vf)most);
    }
    return after(f, most);
}

/* Writes n outputs of P rows each, in the columns of panel n0. */
INLINE void finish(const tfb_low_product_t *p, const after_t *f, int P, int n0, int n, const sum_t *s, uint8_t *y)
{
    int w = p->N - n0 < TILE ? p->N - n0 : TILE;
    for (int i = 0; i < n; i++, s += P * TILE, y += p->ldy) {
        vf x = pooled(f, P, s);
        if (p->low)
            store_low((low_t *)y + n0, x, f->per);
        else if (w == TILE)
            *(vf *)((float *)y + n0) = x;
        else
            memcpy((float *)y + n0, &x, (size_t)w * sizeof(float));
    }
}

static after_t after_of(const tfb_low_product_t *p, int n0)
{
    after_t f = {.relu = p->relu, .affine = p->scale != NULL, .per = p->per};
    f.bias = *(const vf *)(p->bias + n0);
    if (p->unit) f.unit = *(const vf *)(p->unit + n0);
    if (p->scale) f.scale = *(const vf *)(p->scale + n0);
    if (p->shift) f.shift = *(const vf *)(p->shift + n0);
    return f;
}

/* Tiles of rows that are multiplied together, and the outputs that they are for. */
typedef struct {
    int tiles, parts;
    const uint8_t *a[TILES];
    int rows[TILES];
    int first[TILES], n[TILES]; /* per part: its first tile, its outputs */
    uint8_t *y[TILES];
} group_t;

static void run_group(const tfb_low_product_t *p, group_t *g)
{
    sum_t s[TILES * TILE * TILE] __attribute__((aligned(64)));
    const uint8_t *b = p->w;
    size_t panel = (size_t)p->taps * (size_t)p->lines * TILE * TFB_LOW_LINE;
    int last = (int)tfb_low_columns(p->N), relu = p->relu;
    for (int n0 = 0; n0 < last; n0 += TILE, b += panel) {
        after_t f = after_of(p, n0);
        sums(p, g->tiles, g->rows, g->a, b, s);
        for (int k = 0; k < g->parts; k++) {
            const sum_t *from = s + g->first[k] * TILE * TILE;
            if (p->P == 1)
                finish(p, &f, 1, n0, g->n[k], from, g->y[k]);
            else if (p->P == 3 && relu)
                finish(p, &f, 3, n0, g->n[k], from, g->y[k]);
            else
                finish(p, &f, p->P, n0, g->n[k], from, g->y[k]);
        }
    }
    ptrdiff_t used = (ptrdiff_t)last * (ptrdiff_t)sizeof(low_t);
    if (p->low && used < p->ldy)
        for (int k = 0; k < g->parts; k++)
            for (int i = 0; i < g->n[k]; i++) memset(g->y[k] + i * p->ldy + used, 0, (size_t)(p->ldy - used));
    g->tiles = g->parts = 0;
}

static void product(const tfb_low_product_t *p, int n_runs, const tfb_low_run_t *run)
{
    group_t g = {.tiles = 0};
    int most = TILES * TILE / p->P; /* outputs of a group */
    BEGIN();
    for (int k = 0; k < n_runs; k++) {
        for (int i = 0, n; i < run[k].n; i += n) {
            n = run[k].n - i < most ? run[k].n - i : most;
            int rows = n * p->P, tiles = (rows + TILE - 1) / TILE;
            if (g.tiles + tiles > TILES) run_group(p, &g);
            g.first[g.parts] = g.tiles;
            g.n[g.parts] = n;
            g.y[g.parts++] = (uint8_t *)run[k].y + i * p->ldy;
            for (int t = 0; t < tiles; t++, g.tiles++) {
                g.a[g.tiles] = (const uint8_t *)run[k].a + ((ptrdiff_t)i * p->P + t * TILE) * p->lda;
                g.rows[g.tiles] = rows - t * TILE < TILE ? rows - t * TILE : TILE;
            }
        }
    }
    if (g.tiles) run_group(p, &g);
    END();
}

const tfb_low_t SET = {
    .name = SET_NAME,
    .precision = BYTES == 2 ? TFB_BFLOAT16 : TFB_INT8,
    .bytes = BYTES,
    .narrow = narrow,
#if BYTES == 2
    .split = split,
#endif
    .product = product,
};
