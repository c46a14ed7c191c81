/* assoc_sort.c - sorts rows by contig, position and line, in constant memory: a buffer that is full is sorted and
 * appended to an unnamed file as a run, and the runs are merged. */
#include "genome/assoc_parts.h"
#include "util/sort.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST = 1 << 16,     /* bytes of the buffer at first */
    LEAST = 1 << 13,     /* bytes of a run that are read at a time, at least */
    MOST = 1 << 20,      /* and at most */
    KEY = sizeof(size_t) /* bytes that sorting needs for a row */
};

/* A run while it is merged: [at, n) of buf is not yet used. */
typedef struct {
    off_t beg, end; /* not yet read, in the file */
    char *buf;
    size_t at, n, m;
} run_t;

struct tfb_sorter_t {
    int64_t memory;
    const char *folder;
    char *mem; /* rows */
    size_t n, m;
    size_t *row; /* (n_rows): their offsets in mem */
    size_t n_rows, m_rows, next;
    int64_t n_added;
    int ordered; /* so far */
    int fd;      /* -1: all rows are in mem */
    off_t size;
    run_t *run;
    int n_runs, m_runs;
    int *heap, n_heap; /* runs, the one with the first row on top */
    int taken;         /* the top run's row is in use */
};

static int no_memory(const tfb_sorter_t *s)
{
    tfb_error("not enough memory to sort %zu rows", s->n_rows);
    return -1;
}

static int compare(const tfb_assoc_row_t *a, const tfb_assoc_row_t *b)
{
    if (a->contig != b->contig) return a->contig < b->contig ? -1 : 1;
    if (a->pos != b->pos) return a->pos < b->pos ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static const tfb_assoc_row_t *row_at(const char *mem, size_t at)
{
    return (const tfb_assoc_row_t *)(const void *)(mem + at);
}

static int by_place(const void *x, const void *y, void *mem)
{
    return compare(row_at(mem, *(const size_t *)x), row_at(mem, *(const size_t *)y));
}

tfb_sorter_t *tfb_sorter_open(int64_t memory, const char *tmp)
{
    tfb_sorter_t *s = calloc(1, sizeof *s);
    if (!s) {
        tfb_error("not enough memory to sort rows");
        return NULL;
    }
    s->memory = memory;
    s->folder = tmp;
    s->fd = -1;
    s->ordered = 1;
    return s;
}

/* ---- adding ---- */

static void sort(tfb_sorter_t *s)
{
    if (!s->ordered && s->n_rows > 1) qsort_r(s->row, s->n_rows, sizeof *s->row, by_place, s->mem);
}

static int open_file(tfb_sorter_t *s)
{
    char name[4096];
    const char *folder = s->folder ? s->folder : getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    snprintf(name, sizeof name, "%s/tfbind.XXXXXX", folder);
    if ((s->fd = mkstemp(name)) >= 0) {
        unlink(name);
        return 0;
    }
    tfb_error("cannot make a temporary file in %s: %s (--temp-dir chooses another folder)", folder, strerror(errno));
    return -1;
}

static int write_all(tfb_sorter_t *s, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(s->fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            tfb_error("cannot write a temporary file: %s (--temp-dir chooses another folder)", strerror(errno));
            return -1;
        }
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

/* Writes the buffer as a run. Returns 0, or -1 (logged). */
static int spill(tfb_sorter_t *s)
{
    enum { PIECE = 1 << 16 };
    char *piece = malloc(PIECE);
    size_t used = 0;
    int ok = piece != NULL;
    if (!ok || (s->fd < 0 && open_file(s) < 0)) {
        free(piece);
        return ok ? -1 : no_memory(s);
    }
    sort(s);
    for (size_t i = 0; i < s->n_rows && ok; i++) {
        const tfb_assoc_row_t *r = row_at(s->mem, s->row[i]);
        size_t size = (size_t)r->size;
        if (used + size > PIECE) {
            ok = write_all(s, piece, used) == 0;
            used = 0;
        }
        if (size > PIECE)
            ok = ok && write_all(s, (const char *)r, size) == 0;
        else {
            memcpy(piece + used, r, size);
            used += size;
        }
    }
    ok = ok && write_all(s, piece, used) == 0;
    free(piece);
    if (!ok) return -1;
    if (s->n_runs == s->m_runs) {
        int m = s->m_runs * 2 + 16;
        run_t *p = realloc(s->run, (size_t)m * sizeof *p);
        if (!p) return no_memory(s);
        s->run = p;
        s->m_runs = m;
    }
    s->run[s->n_runs++] = (run_t){.beg = s->size, .end = s->size + (off_t)s->n};
    s->size += (off_t)s->n;
    s->n = s->n_rows = 0;
    s->ordered = 1;
    return 0;
}

/* Makes room for a row. Returns 0, or -1 (logged). */
static int reserve(tfb_sorter_t *s, size_t size)
{
    if (s->n_rows && s->n + size + (s->n_rows + 1) * KEY > (size_t)s->memory && spill(s) < 0) return -1;
    if (s->n + size > s->m) {
        size_t m = s->m ? s->m + s->m / 2 : FIRST;
        if (m < s->n + size) m = s->n + size;
        char *p = realloc(s->mem, m);
        if (!p) return no_memory(s);
        s->mem = p;
        s->m = m;
    }
    if (s->n_rows == s->m_rows) {
        size_t m = s->m_rows ? s->m_rows + s->m_rows / 2 : FIRST / 64, *p = realloc(s->row, m * sizeof *p);
        if (!p) return no_memory(s);
        s->row = p;
        s->m_rows = m;
    }
    return 0;
}

int tfb_sorter_add(tfb_sorter_t *s, const tfb_assoc_row_t *r)
{
    if (reserve(s, (size_t)r->size) < 0) return -1;
    if (s->n_rows && s->ordered && compare(row_at(s->mem, s->row[s->n_rows - 1]), r) > 0) s->ordered = 0;
    memcpy(s->mem + s->n, r, (size_t)r->size);
    s->row[s->n_rows++] = s->n;
    s->n_added++;
    s->n += (size_t)r->size;
    return 0;
}

int64_t tfb_sorter_n(const tfb_sorter_t *s) { return s->n_added; }

/* ---- merging ---- */

/* Makes n bytes of a run readable. Returns 1, 0 at its end, or -1 (logged). */
static int fill(tfb_sorter_t *s, run_t *r, size_t n)
{
    if (r->n - r->at >= n) return 1;
    if (r->at) memmove(r->buf, r->buf + r->at, r->n - r->at);
    r->n -= r->at;
    r->at = 0;
    if (n > r->m) {
        char *p = realloc(r->buf, n);
        if (!p) return no_memory(s);
        r->buf = p;
        r->m = n;
    }
    while (r->n < r->m && r->beg < r->end) {
        size_t left = (size_t)(r->end - r->beg), room = r->m - r->n;
        ssize_t k = pread(s->fd, r->buf + r->n, left < room ? left : room, r->beg);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            tfb_error("cannot read a temporary file: %s", k < 0 ? strerror(errno) : "it has shrunk");
            return -1;
        }
        r->n += (size_t)k;
        r->beg += k;
    }
    return r->n >= n;
}

/* Makes a run's next row readable. Returns 1, 0 at its end, or -1 (logged). */
static int fill_row(tfb_sorter_t *s, run_t *r)
{
    int got = fill(s, r, sizeof(tfb_assoc_row_t));
    return got > 0 ? fill(s, r, (size_t)row_at(r->buf, r->at)->size) : got;
}

static const tfb_assoc_row_t *row_of(const tfb_sorter_t *s, int k) { return row_at(s->run[k].buf, s->run[k].at); }

/* Moves entry i of the heap down to its place. */
static void sift(tfb_sorter_t *s, int i)
{
    for (;;) {
        int least = i;
        for (int k = 2 * i + 1; k <= 2 * i + 2 && k < s->n_heap; k++)
            if (compare(row_of(s, s->heap[k]), row_of(s, s->heap[least])) < 0) least = k;
        if (least == i) return;
        int t = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = t;
        i = least;
    }
}

int tfb_sorter_end(tfb_sorter_t *s)
{
    if (s->fd < 0) {
        sort(s);
        return 0;
    }
    if (s->n_rows && spill(s) < 0) return -1;
    free(s->mem);
    free(s->row);
    s->mem = NULL;
    s->row = NULL;
    size_t each = (size_t)s->memory / (size_t)s->n_runs;
    if (each < LEAST) each = LEAST;
    if (each > MOST) each = MOST;
    if (!(s->heap = malloc((size_t)s->n_runs * sizeof *s->heap))) return no_memory(s);
    for (int k = 0; k < s->n_runs; k++) {
        if (!(s->run[k].buf = malloc(each))) return no_memory(s);
        s->run[k].m = each;
        if (fill_row(s, &s->run[k]) <= 0) return -1;
        s->heap[s->n_heap++] = k;
    }
    for (int i = s->n_heap / 2; i >= 0; i--) sift(s, i);
    return 0;
}

int tfb_sorter_next(tfb_sorter_t *s, const tfb_assoc_row_t **r)
{
    if (s->fd < 0) {
        if (s->next == s->n_rows) return 0;
        *r = row_at(s->mem, s->row[s->next++]);
        return 1;
    }
    if (s->taken) {
        run_t *top = &s->run[s->heap[0]];
        top->at += (size_t)row_at(top->buf, top->at)->size;
        int got = fill_row(s, top);
        if (got < 0) return -1;
        if (!got) s->heap[0] = s->heap[--s->n_heap];
        sift(s, 0);
    }
    s->taken = s->n_heap > 0;
    if (!s->taken) return 0;
    *r = row_of(s, s->heap[0]);
    return 1;
}

void tfb_sorter_close(tfb_sorter_t *s)
{
    if (!s) return;
    for (int k = 0; k < s->n_runs; k++) free(s->run[k].buf);
    free(s->run);
    free(s->heap);
    free(s->mem);
    free(s->row);
    if (s->fd >= 0) close(s->fd);
    free(s);
}
