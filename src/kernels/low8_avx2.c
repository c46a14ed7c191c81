/* low8_avx2.c - int8 by AVX-VNNI. */
#if defined(__AVXVNNI__)
#define BYTES     1
#define SET       tfb_low8_avx2
#define SET_NAME  "avx2"
#define SUMS_FROM "kernels/low_avx2.h"
#include "kernels/low_template.h"
#else
typedef int tfb_low8_avx2_absent_t;
#endif
