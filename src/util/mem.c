/* mem.c - checked sizes, aligned memory, the clock. */
#include "util/util.h"
#include "util/vec.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t tfb_mul(size_t a, size_t b, int *ok)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r)) {
        *ok = 0;
        return 0;
    }
    return r;
}

size_t tfb_add(size_t a, size_t b, int *ok)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r)) {
        *ok = 0;
        return 0;
    }
    return r;
}

void *tfb_alloc(size_t n, size_t size, const char *what)
{
    int ok = 1;
    size_t bytes = tfb_add(tfb_mul(n, size, &ok), 63, &ok) & ~(size_t)63;
    void *p = NULL;
    if (!bytes) bytes = 64;
    if (!ok || !(p = aligned_alloc(64, bytes))) {
        tfb_error("not enough memory for %s (%zu times %zu bytes)", what, n, size);
        return NULL;
    }
    memset(p, 0, bytes);
    return p;
}

double tfb_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void *tfb_grow(void *p, int *m, int64_t n, size_t size, const char *what)
{
    if (n <= *m) return p;
    void *q = n <= INT32_MAX / 2 ? realloc(p, (size_t)(n + n / 2 + 8) * size) : NULL;
    if (!q) {
        tfb_error("not enough memory for %s", what);
        return p;
    }
    *m = (int)(n + n / 2 + 8);
    return q;
}

void *tfb_resize(void *p, size_t n, size_t size, int *ok)
{
    size_t bytes;
    void *q = __builtin_mul_overflow(n, size, &bytes) ? NULL : realloc(p, bytes);
    if (q) return q;
    *ok = 0;
    return p;
}
