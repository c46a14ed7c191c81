/* low8_amx.c - int8 on tile registers (AMX). */
#if defined(__AMX_INT8__) && defined(__AVX512BW__)
#define BYTES     1
#define SET       tfb_low8_amx
#define SET_NAME  "amx"
#define SUMS_FROM "kernels/low_amx.h"
#define DP        _tile_dpbusd
#include "kernels/low_template.h"
#else
typedef int tfb_low8_amx_absent_t;
#endif
