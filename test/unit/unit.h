/* unit.h - the little that unit programs share. A program's exit status is its verdict: 0 passed, 1 failed, 77 skipped.
 */
#ifndef TFB_UNIT_H
#define TFB_UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int unit_failed;

#define CHECK(cond, ...)                                               \
    do {                                                               \
        if (!(cond)) {                                                 \
            unit_failed = 1;                                           \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
            fprintf(stderr, __VA_ARGS__);                              \
            fputc('\n', stderr);                                       \
        }                                                              \
    } while (0)

/* n bytes that end right before a page nobody may touch: reading or writing one too many is a crash. They stay until
 * unguard(). */
static struct unit_map {
    struct unit_map *next;
    size_t n;
    void *p;
} * unit_maps;

static inline void unguard(void)
{
    while (unit_maps) {
        struct unit_map *m = unit_maps;
        unit_maps = m->next;
        munmap(m->p, m->n);
        free(m);
    }
}

static inline void *guarded(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), m = (n + page - 1) / page * page;
    char *p = mmap(NULL, m + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + m, page, PROT_NONE) < 0) {
        perror("mmap");
        exit(1);
    }
    struct unit_map *map = malloc(sizeof *map);
    if (map) {
        *map = (struct unit_map){unit_maps, m + page, p};
        unit_maps = map;
    }
    return p + m - n;
}

#endif
