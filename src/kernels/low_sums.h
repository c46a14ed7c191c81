/* low_sums.h - low_template.h's sums in plain C, for sets without a processor's help. */
#define BEGIN() (void)0
#define END()   (void)0

#if BYTES == 2
INLINE float number(low_t x)
{
    uint32_t u = (uint32_t)x << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
#endif

static void sums(const tfb_low_product_t *p, int tiles, const int *rows, const uint8_t *const *a, const uint8_t *b,
                 sum_t *s)
{
    for (int t = 0; t < tiles; t++)
        for (int r = 0; r < rows[t]; r++) {
            sum_t *to = s + (t * TILE + r) * TILE;
            const low_t *w = (const low_t *)b;
            memset(to, 0, TILE * sizeof *to);
            for (int tap = 0; tap < p->taps; tap++) {
                const low_t *x = (const low_t *)(a[t] + r * p->lda + tap * p->tap);
                for (int i = 0; i < p->lines * TFB_LOW_LINE / BYTES; i += 4 / BYTES, w += TILE * 4 / BYTES)
                    for (int c = 0; c < TILE; c++)
                        for (int k = 0; k < 4 / BYTES; k++)
#if BYTES == 2
                            to[c] += number(x[i + k]) * number(w[c * 2 + k]);
#else
                            to[c] += (int)x[i + k] * (int8_t)w[c * 4 + k];
#endif
            }
        }
}
