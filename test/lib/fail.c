/* fail.c - allocations that fail when they are told to: loaded before a program (LD_PRELOAD), or linked into it.
 *
 * fail_allocation(n) makes the n-th allocation from now on fail, counted over malloc, calloc, realloc, aligned_alloc and strdup; 0: none.
 * Only calls from tfbind's own code count: jansson 2.14 and htslib 1.16 crash by themselves where some of theirs fail.
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
static atomic_int counting;

void fail_allocation(long n)
{
    count = failed = 0;
    at = n;
    counting = n > 0 || getenv("FAIL_COUNT");
}
long failed_allocations(void) { return failed; }

static int ours(const void *caller)
{
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && !strstr(info.dli_fname, "/libhts") && !strstr(info.dli_fname, "/libjansson") &&
           !strstr(info.dli_fname, "/libc.") && !strstr(info.dli_fname, "/ld-");
}

static int fails(const void *caller)
{
    static _Thread_local int inside; /* dladdr may allocate */
    if (!counting || inside) return 0;
    inside = 1;
    int mine = ours(caller);
    inside = 0;
    if (!mine) return 0;
    long i = ++count;
    if (!at || i != at) return 0;
    failed++;
    errno = ENOMEM;
    return 1;
}
#define FAILS fails(__builtin_return_address(0))

void *malloc(size_t n) { return FAILS ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return FAILS ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return FAILS ? NULL : __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return FAILS ? NULL : __libc_memalign(a, n); }
char *strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = FAILS ? NULL : __libc_malloc(n);
    return p ? memcpy(p, s, n) : NULL;
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
    counting = 0;
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f) return;
    fprintf(f, "%ld\n", n);
    fclose(f);
}
