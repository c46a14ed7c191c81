/* low16_amx.c - bfloat16 on tile registers (AMX). */
#if defined(__AMX_BF16__) && defined(__AVX512BF16__)
#define BYTES     2
#define SET       tfb_low16_amx
#define SET_NAME  "amx"
#define SUMS_FROM "kernels/low_amx.h"
#define DP        _tile_dpbf16ps
#include "kernels/low_template.h"
#else
typedef int tfb_low16_amx_absent_t;
#endif
