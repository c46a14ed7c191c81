/* amx.h - products in bfloat16 on tile registers. */
#ifndef TFB_AMX_H
#define TFB_AMX_H

#include "kernels/kernels.h"

/* Fills k with AVX-512's kernels and bfloat16 products, and asks the system for the tile registers. 0; -1: the
 * processor or the system has none. */
int tfb_amx_start(tfb_kernels_t *k);

#endif
