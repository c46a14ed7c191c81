/* low_amx.h - low_template.h's sums on the tile unit of newer Xeons. The including file defines DP(sum, a, b), the
 * product of tiles.
 *
 * Four tiles of rows share each tile of weights: 5 tiles are loaded for 4 products, and weights come from the second
 * cache at a quarter of what it can deliver. Rows of a tile may overlap, so convolutions copy nothing. */
#include "kernels/amx.h"
#include <immintrin.h>

/* Tiles 0-3 hold sums, 4 and 5 rows, 6 weights. */
static const tfb_tiles_t config = TFB_WHOLE_TILES;
#define BEGIN() _tile_loadconfig(&config)
#define END()   _tile_release()

enum { SUMS = TILE * TILE };

/* Prefetches a tile of weights that is read some 6 tiles later: those of all layers fill the second cache. */
INLINE void ahead(const uint8_t *b)
{
    for (int i = 0; i < 16; i++) __builtin_prefetch(b + 6 * 1024 + i * 64);
}

/* One place of one tap: N tiles of rows with a tile of weights. */
#define TILES1(i)                \
    ahead(b);                    \
    _tile_loadd(6, b, 64);       \
    _tile_loadd(4, a0 + i, lda); \
    DP(0, 4, 6);
#define TILES2(i)                \
    TILES1(i)                    \
    _tile_loadd(5, a1 + i, lda); \
    DP(1, 5, 6);
#define TILES3(i)                \
    TILES2(i)                    \
    _tile_loadd(4, a2 + i, lda); \
    DP(2, 4, 6);
#define TILES4(i)                \
    TILES3(i)                    \
    _tile_loadd(5, a3 + i, lda); \
    DP(3, 5, 6);
#define WALK(PLACE)                                                                        \
    for (int t = 0; t < p->taps; t++)                                                      \
        for (ptrdiff_t i = t * p->tap, e = i + p->lines * 64; i < e; i += 64, b += 1024) { \
            PLACE(i)                                                                       \
        }

static void sums(const tfb_low_product_t *p, int tiles, const int *rows, const uint8_t *const *a, const uint8_t *b,
                 sum_t *s)
{
    const uint8_t *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];
    ptrdiff_t lda = p->lda;
    (void)rows;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (tiles == 4) {
        WALK(TILES4)
    } else if (tiles == 3) {
        WALK(TILES3)
    } else if (tiles == 2) {
        WALK(TILES2)
    } else {
        WALK(TILES1)
    }
    _tile_stored(0, s, 64);
    if (tiles > 1) _tile_stored(1, s + SUMS, 64);
    if (tiles > 2) _tile_stored(2, s + 2 * SUMS, 64);
    if (tiles > 3) _tile_stored(3, s + 3 * SUMS, 64);
}
