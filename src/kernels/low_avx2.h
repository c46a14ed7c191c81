/* low_avx2.h - low_template.h's sums on 256-bit vectors: 6 rows by 16 columns of sums stay in 12 registers. */
#include <immintrin.h>

#define BEGIN() (void)0
#define END()   (void)0

/* Computes R rows (a compile-time constant). */
INLINE void rows_of(int R, const tfb_low_product_t *p, const uint8_t *a, const uint8_t *b, sum_t *s)
{
    __m256i sum[6][2];
#pragma GCC unroll 6
    for (int r = 0; r < R; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();
    for (int t = 0; t < p->taps; t++) {
        const uint8_t *x = a + t * p->tap;
        for (int i = 0; i < p->lines * TFB_LOW_LINE; i += 4, b += TFB_LOW_LINE) {
            __m256i w0 = _mm256_load_si256((const __m256i *)b), w1 = _mm256_load_si256((const __m256i *)(b + 32));
#pragma GCC unroll 6
            for (int r = 0; r < R; r++) {
                int32_t word;
                memcpy(&word, x + r * p->lda + i, sizeof word);
                __m256i v = _mm256_set1_epi32(word);
                sum[r][0] = _mm256_dpbusd_avx_epi32(sum[r][0], v, w0);
                sum[r][1] = _mm256_dpbusd_avx_epi32(sum[r][1], v, w1);
            }
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; r++)
        for (int h = 0; h < 2; h++) _mm256_store_si256((__m256i *)(s + r * TILE + 8 * h), sum[r][h]);
}

static void sums(const tfb_low_product_t *p, int tiles, const int *rows, const uint8_t *const *a, const uint8_t *b,
                 sum_t *s)
{
    for (int t = 0; t < tiles; t++)
        for (int r = 0; r < rows[t];) {
            const uint8_t *x = a[t] + r * p->lda;
            sum_t *to = s + (t * TILE + r) * TILE;
            if (rows[t] - r >= 6)
                rows_of(6, p, x, b, to), r += 6;
            else if (rows[t] - r >= 3)
                rows_of(3, p, x, b, to), r += 3;
            else
                rows_of(1, p, x, b, to), r++;
        }
}
