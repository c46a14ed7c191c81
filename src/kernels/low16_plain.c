/* low16_plain.c - bfloat16 in plain C: the specification, for tests. */
#define BYTES     2
#define SET       tfb_low16_plain
#define SET_NAME  "plain"
#define SUMS_FROM "kernels/low_sums.h"
#include "kernels/low_template.h"
