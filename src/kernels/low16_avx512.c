/* low16_avx512.c - bfloat16 by AVX-512 BF16. */
#if defined(__AVX512BF16__)
#define BYTES     2
#define SET       tfb_low16_avx512
#define SET_NAME  "avx512"
#define SUMS_FROM "kernels/low_avx512.h"
#include "kernels/low_template.h"
#else
typedef int tfb_low16_avx512_absent_t;
#endif
