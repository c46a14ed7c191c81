/* low8_avx512.c - int8 by AVX-512 VNNI. */
#if defined(__AVX512VNNI__)
#define BYTES     1
#define SET       tfb_low8_avx512
#define SET_NAME  "avx512"
#define SUMS_FROM "kernels/low_avx512.h"
#include "kernels/low_template.h"
#else
typedef int tfb_low8_avx512_absent_t;
#endif
