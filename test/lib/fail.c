/* fail.c - allocations that fail when they are told to: loaded before a program (LD_PRELOAD), or linked into it.
 *
 * fail_allocation(n) makes the n-th allocation from now on fail, counted over malloc, calloc, realloc, aligned_alloc
 * and strdup; 0: none. Only calls from tfbind's own code count: jansson 2.14 and htslib 1.16 crash by themselves if
 * some of theirs fail. FAIL_IN=FILE: only calls from the object of that name count, such as a plugin's, whose host is
 * not ours. Loaded from outside, FAIL_AT=N does the same from the start of main's process. FAIL_COUNT=FILE writes at
 * exit how many there were. FAIL_SHORT=1 makes each write() take half of what it is given, as it may if the system
 * is busy. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void fail_allocation(long n);
long failed_allocations(void);

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long at, count, failed;
static atomic_int counting;
static const char *where;

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
    if (!dladdr(caller, &info) || !info.dli_fname) return 0;
    return where ? !!strstr(info.dli_fname, where)
                 : !strstr(info.dli_fname, ".so") || strstr(info.dli_fname, "tfbind.so");
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
    Dl_info info;
    if (getenv("FAIL_SAY") && dladdr(caller, &info)) /* addr2line -i -f -e tfbind */
        fprintf(stderr, "fails at %s %#zx\n", info.dli_fname,
                (size_t)((const char *)caller - (const char *)info.dli_fbase) - 1);
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

ssize_t write(int fd, const void *p, size_t n)
{
    static int half = -1;
    if (half < 0) half = getenv("FAIL_SHORT") != NULL;
    return syscall(SYS_write, fd, p, half && n > 1 ? n / 2 : n);
}

__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("FAIL_AT");
    where = getenv("FAIL_IN");
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
