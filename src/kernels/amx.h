/* amx.h - products in bfloat16 on tile registers. */
#ifndef TFB_AMX_H
#define TFB_AMX_H

#include "kernels/kernels.h"

/* Requests the tile registers from the system. Returns whether the processor and the system have them. */
int tfb_amx_permitted(void);
/* Fills k with AVX-512's kernels and bfloat16 products, and requests the tile registers from the
 * system. Returns 0, or -1 if the processor or the system does not have them. */
int tfb_amx_start(tfb_kernels_t *k);

#endif
