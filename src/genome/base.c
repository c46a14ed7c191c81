/* base.c - base codes. */
#include "genome/base.h"

#define N4  4, 4, 4, 4
#define N16 N4, N4, N4, N4
const uint8_t tfb_base_code[256] = {
    N16, N16, N16, N16, 4,   0,   4,   1,   4,  4,  4,  2, N4, N4, N4, 3,  4,  4, 4, N4, N4, /* @A-O, P-_ */
    4,   0,   4,   1,   4,   4,   4,   2,   N4, N4, N4, 3, 4,  4,  4,  N4, N4,               /* `a-o, p-DEL */
    N16, N16, N16, N16, N16, N16, N16, N16,
};
const char tfb_base_char[5] = {'A', 'C', 'G', 'T', 'N'};

void tfb_encode(const char *seq, size_t n, uint8_t *code)
{
    for (size_t i = 0; i < n; i++) code[i] = tfb_base_code[(uint8_t)seq[i]];
}

void tfb_revcomp(const uint8_t *src, size_t n, uint8_t *dst)
{
    for (size_t i = 0; i < n; i++) dst[i] = tfb_base_comp(src[n - 1 - i]);
}

size_t tfb_count_n(const uint8_t *code, size_t n)
{
    size_t c = 0;
    for (size_t i = 0; i < n; i++) c += code[i] == TFB_N;
    return c;
}
