/* avx512.c - the kernel template over 16-float registers. Compiled with AVX-512F/DQ/BW/VL and
 * FMA, called only if the processor has them. */
#if defined(__AVX512F__) && defined(__FMA__)
#include <immintrin.h>
#define VMAX     _mm512_max_ps
#define VL       16
#define MR       12
#define SET      tfb_kernels_avx512
#define SET_NAME "avx512"
#include "kernels/template.h"
#else
typedef int tfb_no_avx512_kernels_t;
#endif
