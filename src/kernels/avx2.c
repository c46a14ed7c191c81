/* avx2.c - the kernel template over 8-float registers. Compiled with AVX2 and FMA, called only if the processor has
 * them. */
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define VMAX     _mm256_max_ps
#define VL       8
#define MR       6
#define SET      tfb_kernels_avx2
#define SET_NAME "avx2"
#include "kernels/template.h"
#else
typedef int tfb_no_avx2_kernels_t;
#endif
