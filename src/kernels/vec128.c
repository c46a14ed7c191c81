/* vec128.c - the kernel template over 4-float registers, which every 64-bit processor has (SSE2, NEON, ...). */
#define VL       4
#define MR       6
#define SET      tfb_kernels_vec128
#define SET_NAME "vec128"
#include "kernels/template.h"
