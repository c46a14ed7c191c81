/* low_avx512.h - low_template.h's sums on 512-bit vectors: a tile's 16 rows of sums stay in 16 registers. */
#include <immintrin.h>

#define BEGIN() (void)0
#define END()   (void)0
#if BYTES == 2
typedef __m512 acc_t;
#define DP(s, x, w)  _mm512_dpbf16_ps(s, (__m512bh)(x), (__m512bh)(w))
#define STORE(to, s) _mm512_store_ps(to, s)
#else
typedef __m512i acc_t;
#define DP(s, x, w)  _mm512_dpbusd_epi32(s, x, w)
#define STORE(to, s) _mm512_store_si512(to, s)
#endif

/* Row r: from each third pointer, by the address modes of the processor. */
#define ROW(r) ((r) % 3 == 0 ? x[(r) / 3] : (r) % 3 == 1 ? x[(r) / 3] + lda : x[(r) / 3] + 2 * lda)

/* Computes R rows (a compile-time constant). */
INLINE void rows_of(int R, const tfb_low_product_t *p, const uint8_t *a, const uint8_t *b, sum_t *s)
{
    acc_t sum[TILE];
    const uint8_t *x[(TILE + 2) / 3];
    const ptrdiff_t lda = p->lda, n = p->lines * TFB_LOW_LINE;
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) sum[r] = (acc_t){0};
    for (int t = 0; t < p->taps; t++) {
#pragma GCC unroll 16
        for (int r = 0; r < R; r += 3) x[r / 3] = a + t * p->tap + r * lda;
        for (ptrdiff_t i = 0; i < n; i += 4, b += TFB_LOW_LINE) {
            __m512i w = _mm512_load_si512(b);
#pragma GCC unroll 16
            for (int r = 0; r < R; r++) {
                int32_t word;
                memcpy(&word, ROW(r) + i, sizeof word);
                sum[r] = DP(sum[r], _mm512_set1_epi32(word), w);
            }
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) STORE(s + r * TILE, sum[r]);
}

static void sums(const tfb_low_product_t *p, int tiles, const int *rows, const uint8_t *const *a, const uint8_t *b,
                 sum_t *s)
{
    for (int t = 0; t < tiles; t++, s += TILE * TILE) {
        if (rows[t] > 8)
            rows_of(16, p, a[t], b, s);
        else if (rows[t] > 1)
            rows_of(8, p, a[t], b, s);
        else
            rows_of(1, p, a[t], b, s);
    }
}
