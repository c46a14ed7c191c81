/* fail.c - allocations that fail when they are told to: loaded before a program (LD_PRELOAD), or linked into it.
 *
 * fail_allocation(n) makes the n-th allocation from now on fail, counted over malloc, calloc, realloc, aligned_alloc, strdup and their like; 0: none.
 * Loaded from outside, FAIL_AT=N does the same from the start of main's process. FAIL_COUNT=FILE writes at exit how many there were. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail_allocation(long n);
long failed_allocations(void);

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long at, count, failed;

void fail_allocation(long n)
{
    count = failed = 0;
    at = n;
}
long failed_allocations(void) { return failed; }

static int fails(void)
{
    long i = ++count;
    if (!at || i != at) return 0;
    failed++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return fails() ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return fails() ? NULL : __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n)
{
    if (fails() || !(*p = __libc_memalign(a, n))) return ENOMEM;
    return 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("FAIL_AT");
    fail_allocation(n ? atol(n) : 0);
}

__attribute__((destructor)) static void finish(void)
{
    const char *path = getenv("FAIL_COUNT");
    long n = count;
    at = 0;
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f) return;
    fprintf(f, "%ld\n", n);
    fclose(f);
}
