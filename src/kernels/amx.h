/* amx.h - products in bfloat16 on tile registers. */
#ifndef TFB_AMX_H
#define TFB_AMX_H

#include "kernels/kernels.h"

/* What _tile_loadconfig reads: the shapes of the tiles. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t colsb[16];
    uint8_t rows[16];
} tfb_tiles_t;

/* All eight tiles with 16 rows of 64 bytes. */
#define TFB_WHOLE_TILES                                                                                     \
    {                                                                                                       \
        .palette = 1, .colsb = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = { 16, 16, 16, 16, 16, 16, 16, 16 } \
    }

/* Requests the tile registers from the system. Returns whether the processor and the system have them. */
int tfb_amx_permitted(void);
/* Fills k with AVX-512's kernels and bfloat16 products, and requests the tile registers from the
 * system. Returns 0, or -1 if the processor or the system does not have them. */
int tfb_amx_start(tfb_kernels_t *k);

#endif
