/* low8_plain.c - int8 in plain C: the specification, for tests. */
#define BYTES     1
#define SET       tfb_low8_plain
#define SET_NAME  "plain"
#define SUMS_FROM "kernels/low_sums.h"
#include "kernels/low_template.h"
