/* run.c - the files of a run: checks that no output replaces an input or another output.
 *
 * A file is identified by device and inode, so that links do not hide it. A file that does not exist yet (an output, an
 * index that htslib makes) is identified by its name and the device and inode of its folder. For one thread, and only
 * between tfb_run_begin and tfb_run_end: the library writes no files and registers none. */
#include "util/util.h"
#include "util/vec.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum { UNUSED, READ, CLAIMED, OPEN } use_t;

typedef struct {
    use_t use;
    char *path;       /* as given by the user */
    const char *what; /* of an input: a literal such as "the reference" */
    char *place;      /* target of a link */
    const char *base; /* last part of place; NULL: no name */
    int there;        /* dev and ino are known */
    dev_t dev, dir_dev;
    ino_t ino, dir_ino;
} entry_t;

static entry_t *entry;
static int n_entries, m_entries, on, incomplete;

static void clear(entry_t *e)
{
    free(e->path);
    free(e->place);
    *e = (entry_t){0};
}

void tfb_run_end(void)
{
    for (int i = 0; i < n_entries; i++) clear(&entry[i]);
    free(entry);
    entry = NULL;
    n_entries = m_entries = on = incomplete = 0;
}

void tfb_run_begin(void)
{
    tfb_run_end();
    on = 1;
}

/* Finds the folder of e->place. Returns 0, or -1 if it does not exist. */
static int find_folder(entry_t *e)
{
    struct stat st;
    char *slash = strrchr(e->place, '/');
    e->base = slash ? slash + 1 : e->place;
    char kept = slash ? slash[1] : 0;
    if (slash) slash[1] = 0;
    int r = stat(slash ? e->place : ".", &st);
    if (slash) slash[1] = kept;
    if (r < 0) e->base = NULL;
    if (r == 0) e->dir_dev = st.st_dev, e->dir_ino = st.st_ino;
    return r;
}

/* Fills e for path; "-" is the standard stream fd. Returns 1, 0 if path is not and will not be a plain file, -1 on lack
 * of memory. */
static int identify(entry_t *e, const char *path, int fd)
{
    struct stat st;
    *e = (entry_t){0};
    if (!(e->path = strdup(path))) return -1;
    int std = strcmp(path, "-") == 0;
    if (!std && !(e->place = tfb_place(path)) && errno == ENOMEM) return -1;
    int err = std ? fstat(fd, &st) : stat(e->place ? e->place : path, &st);
    e->there = err == 0 && S_ISREG(st.st_mode);
    if (e->there) e->dev = st.st_dev, e->ino = st.st_ino;
    if (e->place) find_folder(e);
    return e->there || e->base;
}

static int same(const entry_t *a, const entry_t *b)
{
    if (a->there && b->there && a->dev == b->dev && a->ino == b->ino) return 1;
    return a->base && b->base && a->dir_dev == b->dir_dev && a->dir_ino == b->dir_ino && strcmp(a->base, b->base) == 0;
}

/* Stores e. Returns its index, or -1 on lack of memory (logged). */
static int keep(const entry_t *e)
{
    int i = 0;
    while (i < n_entries && entry[i].use != UNUSED) i++;
    if (TFB_RESERVE(entry, m_entries, i + 1, "the list of files") < 0) return -1;
    if (i == n_entries) n_entries++;
    entry[i] = *e;
    return i;
}

void tfb_reads(const char *path, const char *what)
{
    entry_t e;
    if (!on || !path) return;
    int r = identify(&e, path, STDIN_FILENO);
    e.use = READ;
    e.what = what;
    for (int i = 0; r > 0 && i < n_entries; i++) /* files are opened again and again */
        if (entry[i].use == READ && entry[i].there == e.there && strcmp(entry[i].path, path) == 0 &&
            same(&entry[i], &e))
            r = 0;
    if (r > 0 && keep(&e) >= 0) return;
    if (r != 0) incomplete = 1; /* outputs cannot be checked any more */
    clear(&e);
}

void tfb_reads_indexed(const char *path, const char *what, const char *suffixes)
{
    if (!on || !path) return;
    const char *own = strstr(path, "##idx##"); /* htslib's syntax for naming both */
    size_t n = own ? (size_t)(own - path) : strlen(path);
    char *s = malloc(n + strlen(suffixes) + 1);
    if (!s) {
        incomplete = 1;
        return;
    }
    memcpy(s, path, n);
    s[n] = 0;
    tfb_reads(s, what);
    if (own) tfb_reads(own + strlen("##idx##"), "an index of the input");
    for (const char *p = suffixes; *p && strcmp(s, "-"); p += *p == ' ') {
        size_t k = strcspn(p, " ");
        memcpy(s + n, p, k);
        s[n + k] = 0;
        tfb_reads(s, "an index of the input");
        s[n] = 0;
        p += k;
    }
    free(s);
}

void tfb_reads_no_more(const char *path)
{
    entry_t e;
    if (!on) return;
    if (identify(&e, path, STDIN_FILENO) > 0)
        for (int i = 0; i < n_entries; i++)
            if (entry[i].use == READ && same(&entry[i], &e)) clear(&entry[i]);
    clear(&e);
}

static const char *shown(const entry_t *e)
{
    if (strcmp(e->path, "-")) return e->path;
    return e->use == READ ? "standard input" : "standard output";
}

/* Returns whether the output e clashes with another file of the run (logged). number: its entry; -1: it has none yet,
 * and only inputs count. */
static int clashes(const entry_t *e, int number)
{
    if (incomplete) {
        tfb_error("not enough memory to write %s", shown(e));
        return 1;
    }
    for (int i = 0; i < n_entries; i++) {
        const entry_t *x = &entry[i];
        if (x->use == UNUSED || i == number || !same(x, e)) continue;
        int alike = strcmp(shown(x), shown(e)) == 0;
        if (x->use == READ) {
            tfb_error(alike ? "%s is %s: choose another output file" : "%s is %s (%s): choose another output file",
                      shown(e), x->what, shown(x));
            return 1;
        }
        if (number >= 0 || (x->use == CLAIMED && e->use == OPEN && alike)) continue; /* claimed for this */
        tfb_error(alike ? "two outputs cannot both be written to %s: give each its own file"
                        : "%s and %s are the same file: give each output its own",
                  shown(e), shown(x));
        return 1;
    }
    return 0;
}

/* Returns 1 + the number of its entry, 0 if it needs none, -1 if it must not be written or on lack of memory (logged).
 */
static int add_output(const char *path, use_t use)
{
    entry_t e;
    int r = identify(&e, path, STDOUT_FILENO), i = -1;
    e.use = use;
    if (r < 0) goto memory;
    if (r > 0 && clashes(&e, -1)) {
        clear(&e);
        return -1;
    }
    if (r > 0 && strcmp(path, "-")) { /* standard output may serve several */
        if ((i = keep(&e)) < 0) goto memory;
    } else
        clear(&e);
    return i + 1;
memory:
    tfb_error("not enough memory to write %s", path);
    clear(&e);
    return -1;
}

/* Checks that a file can be made at place, which is path without links (NULL: written in place).
 * Returns 0, or -1 with errno. */
static int possible(const char *path, char *place)
{
    struct stat st;
    char *slash = place ? strrchr(place, '/') : NULL;
    if ((slash && !slash[1]) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        errno = EISDIR;
        return -1;
    }
    if (!place) return 0;
    if (stat(place, &st) == 0 && access(place, W_OK) < 0) return -1;
    if (slash) slash[slash == place] = 0;
    return access(slash ? place : ".", W_OK | X_OK);
}

int tfb_run_claim(const char *path)
{
    if (!path || strcmp(path, "-") == 0) return 0;
    if (on && add_output(path, CLAIMED) < 0) return -1;
    errno = 0;
    char *place = tfb_place(path);
    int r = !place && errno ? -1 : possible(path, place);
    if (r < 0) tfb_error("cannot write %s: %s", path, strerror(errno));
    free(place);
    return r;
}

int tfb_run_open(const char *path) { return on ? add_output(path, OPEN) : 0; }

int tfb_run_check(int number) { return on && number > 0 && clashes(&entry[number - 1], number - 1) ? -1 : 0; }

void tfb_run_close(int number)
{
    if (!on || number <= 0) return;
    entry_t *e = &entry[number - 1];
    /* a new file has taken the place of the claimed one, whose inode any other output may now be given */
    for (int i = 0; i < n_entries; i++)
        if (entry[i].use == CLAIMED && strcmp(entry[i].path, e->path) == 0) {
            struct stat st;
            int r = stat(entry[i].place ? entry[i].place : e->path, &st);
            entry[i].there = r == 0 && S_ISREG(st.st_mode);
            if (entry[i].there) entry[i].dev = st.st_dev, entry[i].ino = st.st_ino;
        }
    clear(e);
}
