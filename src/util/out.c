/* out.c - outputs that appear complete or not at all: written to a temporary file in the same folder, then renamed.
 *
 * Temporary files are removed if a signal or exit() ends the program early. The signal handler reads the list of
 * outputs, so code that changes the list sets `state` first. A handler that runs during a change only notes the signal,
 * and the end of the change then does the handler's work. Nothing is synced to the disk: this protects against programs
 * that end, not against machines that fail. */
#include "util/util.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PARTS = 8,    /* a file, its index, and older indexes of other kinds */
    NAME = 200,   /* bytes of a name that its temporary file starts with, so that the whole name has at most 255 */
    TRIES = 1000, /* attempts at a name that does not exist yet */
};

typedef struct {
    char *path, *place, *tmp; /* tmp NULL: a stream, or a file to remove */
    int fd, number;           /* fd -1: owned by the writer. number: as in run.c */
    dev_t dev;
    ino_t ino; /* of tmp, to check that it was not replaced */
} part_t;

struct tfb_out_t {
    part_t part[PARTS]; /* the first is the output */
    int n;
    tfb_out_t *next;
};

/* ---- signals ---- */

enum { IDLE, CHANGING, QUITTING };
static atomic_int state, noted; /* noted: signal that arrived while the list was changing */
static tfb_out_t *_Atomic outs; /* the outputs that have temporary files */
static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
enum { SIGNALS = sizeof signals / sizeof signals[0] };
static struct sigaction before[SIGNALS];
static int caught[SIGNALS];

static void sweep(void)
{
    for (tfb_out_t *o = outs; o; o = o->next)
        for (int i = 0; i < o->n; i++)
            if (o->part[i].tmp) unlink(o->part[i].tmp);
}

void tfb_out_quit(int sig)
{
    int idle = IDLE;
    sigset_t set;
    atomic_store(&noted, sig);
    if (!atomic_compare_exchange_strong(&state, &idle, QUITTING)) return; /* leave() does it */
    sweep();
    signal(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
}

/* For exit() within a library: bcftools' filters end the program that way. */
__attribute__((destructor)) static void at_exit(void)
{
    int idle = IDLE;
    if (outs && atomic_compare_exchange_strong(&state, &idle, QUITTING)) sweep();
}

static void enter(void)
{
    int idle;
    while (idle = IDLE, !atomic_compare_exchange_weak(&state, &idle, CHANGING))
        sched_yield(); /* forever if the program is ending */
}

static void leave(void)
{
    atomic_store(&state, IDLE);
    int sig = atomic_exchange(&noted, 0);
    if (sig) tfb_out_quit(sig);
}

/* Handles only signals that would end the program: ignored signals stay ignored, and existing handlers, such as that of
 * training, stay. */
static void catch_signals(void)
{
    struct sigaction a = {.sa_handler = tfb_out_quit, .sa_flags = SA_RESTART};
    sigemptyset(&a.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        if (!caught[i] && sigaction(signals[i], NULL, &before[i]) == 0 && !(before[i].sa_flags & SA_SIGINFO) &&
            before[i].sa_handler == SIG_DFL)
            caught[i] = sigaction(signals[i], &a, NULL) == 0;
}

static void release_signals(void)
{
    struct sigaction now;
    for (int i = 0; i < SIGNALS; i++) {
        if (caught[i] && sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == tfb_out_quit)
            sigaction(signals[i], &before[i], NULL);
        caught[i] = 0;
    }
}

/* ---- temporary files ---- */

static uint64_t random_number(void)
{
    static uint64_t n;
    uint64_t r = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &r, sizeof r) != sizeof r) r = 0;
        close(fd);
    }
    return tfb_hash64(r ^ (uint64_t)time(NULL) << 32 ^ (uint64_t)getpid() ^ ++n << 20);
}

/* Makes p->tmp beside p->place with the same mode and, if permitted, the same owner. Returns 0,
 * or -1 with errno. */
static int make_file(part_t *p)
{
    struct stat old, st;
    const char *base = tfb_base_name(p->place);
    size_t dir = (size_t)(base - p->place), n = strlen(base) < NAME ? strlen(base) : NAME, m = dir + n + 32;
    int there = stat(p->place, &old) == 0;
    if (!n || (there && access(p->place, W_OK) < 0)) {
        if (!n) errno = EISDIR;
        return -1;
    }
    char *tmp = malloc(m);
    if (!tmp) return -1;
    for (int i = 0; i < TRIES && p->fd < 0; i++) {
        snprintf(tmp, m, "%.*s.tmp.%010llx", (int)(dir + n), p->place,
                 (unsigned long long)random_number() & 0xffffffffff);
        p->fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (p->fd < 0 && errno != EEXIST) break;
    }
    if (p->fd < 0 || fstat(p->fd, &st) < 0) {
        int err = errno;
        if (p->fd >= 0) unlink(tmp);
        free(tmp);
        errno = err;
        return -1;
    }
    if (there) {
        if ((old.st_uid != st.st_uid || old.st_gid != st.st_gid) && fchown(p->fd, old.st_uid, old.st_gid) < 0)
            errno = 0; /* only root may */
        if (fchmod(p->fd, old.st_mode & 0777) < 0) errno = 0;
    }
    p->dev = st.st_dev;
    p->ino = st.st_ino;
    p->tmp = tmp;
    return 0;
}

/* Opens an output that cannot be replaced by renaming. Returns 0, or -1 with errno. */
static int open_stream(part_t *p)
{
    static const char *const name[] = {"/dev/fd/", "/proc/self/fd/"};
    int n = -1;
    if (strstr(p->path, "://")) return 0; /* htslib opens it */
    if (strcmp(p->path, "/dev/stdout") == 0) n = STDOUT_FILENO;
    if (strcmp(p->path, "/dev/stderr") == 0) n = STDERR_FILENO;
    for (int i = 0; i < 2; i++) {
        size_t k = strlen(name[i]);
        if (strncmp(p->path, name[i], k) == 0 && p->path[k] && strspn(p->path + k, "0123456789") == strlen(p->path + k))
            n = atoi(p->path + k);
    }
    /* opening a plain file again would truncate it */
    p->fd = n >= 0 ? fcntl(n, F_DUPFD_CLOEXEC, 3) : open(p->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return p->fd < 0 ? -1 : 0;
}

static void free_part(part_t *p)
{
    if (p->fd >= 0) close(p->fd);
    tfb_run_close(p->number);
    free(p->path);
    free(p->place);
    free(p->tmp);
    *p = (part_t){.fd = -1};
}

/* Logs why a file could not be made, by errno. */
static void cannot(const char *path)
{
    const char *why = strerror(errno);
    if (errno == ENOMEM)
        tfb_error("not enough memory to write %s", path);
    else if ((errno == EACCES || errno == EPERM || errno == EROFS) && access(path, W_OK) == 0)
        tfb_error("cannot write %s: no temporary file can be made in its folder (%s): choose another folder, or write "
                  "to standard output",
                  path, why);
    else
        tfb_error("cannot write %s: %s", path, why);
}

/* ---- outputs ---- */

/* Adds p to o and makes its temporary file, if it has one. Returns 0, or -1 with errno. */
static int append(tfb_out_t *o, part_t *p, int to_remove)
{
    enter();
    if (p->place) catch_signals(); /* before any temporary file exists */
    int ret = to_remove || !p->place ? 0 : make_file(p), err = errno;
    if (ret == 0) {
        o->part[o->n++] = *p;
        if (o->n == 1 && p->tmp) {
            o->next = outs;
            outs = o;
        }
    }
    if (!outs) release_signals();
    leave();
    errno = err;
    return ret;
}

/* Adds a part for path with suffix. A file that will only be removed has no temporary file.
 * Returns 0, or -1 (logged). */
static int add_part(tfb_out_t *o, const char *path, const char *suffix, int to_remove)
{
    part_t p = {.fd = -1};
    char *s = malloc(strlen(path) + strlen(suffix) + 1);
    if (!s || o->n == PARTS) {
        free(s);
        tfb_error("not enough memory to write %s%s", path, suffix);
        return -1;
    }
    p.path = strcat(strcpy(s, path), suffix);
    if ((p.number = tfb_run_open(s)) < 0) {
        free_part(&p);
        return -1;
    }
    p.place = tfb_place(s);
    /* opening a pipe waits for its reader, so signals must not be held back */
    if ((p.place || errno == 0) && (p.place || to_remove || open_stream(&p) == 0) && append(o, &p, to_remove) == 0)
        return 0;
    cannot(p.path);
    free_part(&p);
    return -1;
}

static tfb_out_t *begin_stdout(tfb_out_t *o)
{
    part_t *p = &o->part[0];
    o->n = 1;
    p->fd = -1;
    if ((p->number = tfb_run_open("-")) >= 0) {
        if ((p->path = strdup("standard output")) && (p->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0) return o;
        tfb_error("cannot write to standard output: %s", strerror(errno));
    }
    free_part(p);
    free(o);
    return NULL;
}

tfb_out_t *tfb_out_begin(const char *path)
{
    tfb_out_t *o = calloc(1, sizeof *o);
    if (!o) {
        tfb_error("not enough memory to write %s", path ? path : "standard output");
        return NULL;
    }
    if (!path || strcmp(path, "-") == 0) return begin_stdout(o);
    if (add_part(o, path, "", 0) == 0) return o;
    free(o);
    return NULL;
}

int tfb_out_fd(tfb_out_t *o)
{
    int fd = o->part[0].fd;
    o->part[0].fd = -1;
    return fd;
}

const char *tfb_out_name(const tfb_out_t *o) { return o->part[0].tmp; }
const char *tfb_out_path(const tfb_out_t *o) { return o->part[0].path; }

/* Lets a file with this suffix be removed when the output appears. Returns 0, or -1 (logged). */
static int outdate(tfb_out_t *o, const char *suffix)
{
    struct stat st;
    size_t m = strlen(o->part[0].path) + strlen(suffix) + 1;
    char *s = malloc(m);
    if (!s) {
        tfb_error("not enough memory to write %s", o->part[0].path);
        return -1;
    }
    snprintf(s, m, "%s%s", o->part[0].path, suffix);
    int there = lstat(s, &st) == 0;
    free(s);
    return there ? add_part(o, o->part[0].path, suffix, 1) : 0;
}

const char *tfb_out_index(tfb_out_t *o, const char *suffix)
{
    static const char *const all[] = {".csi", ".tbi", ".bai", ".crai"};
    if (add_part(o, o->part[0].path, suffix, 0) < 0) return NULL;
    part_t *p = &o->part[o->n - 1];
    if (p->fd >= 0) close(p->fd); /* htslib opens it by name */
    p->fd = -1;
    if (!p->tmp) {
        tfb_error("cannot write %s: it is not a plain file", p->path);
        return NULL;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i], suffix) && outdate(o, all[i]) < 0) return NULL;
    return p->tmp;
}

/* Renames a part. Returns 0, or -1 (logged) without removing a complete output. */
static int rename_part(part_t *p)
{
    struct stat st;
    if (lstat(p->tmp, &st) < 0 || st.st_dev != p->dev || st.st_ino != p->ino) {
        tfb_error("cannot write %s: its temporary file %s was replaced or removed", p->path, p->tmp);
        return -1;
    }
    if (rename(p->tmp, p->place) < 0) {
        tfb_error("cannot write %s: %s; the complete output is in %s", p->path, strerror(errno), p->tmp);
        free(p->tmp);
        p->tmp = NULL;
        return -1;
    }
    free(p->tmp);
    p->tmp = NULL;
    return 0;
}

/* Removes an old index first and adds a new one last, so that no index ever lies beside data of another file. */
static int put_in_place(tfb_out_t *o)
{
    struct stat st;
    for (int i = 0; i < o->n; i++)
        if (tfb_run_check(o->part[i].number) < 0) return -1;
    for (int i = 1; i < o->n; i++) {
        const part_t *p = &o->part[i];
        const char *old = p->tmp ? p->place : p->path; /* if an old index is a link, the link is removed */
        if (old && lstat(old, &st) == 0 && unlink(old) < 0) {
            tfb_error("cannot write %s: %s", p->path, strerror(errno));
            return -1;
        }
    }
    for (int i = 0; i < o->n; i++)
        if (o->part[i].tmp && rename_part(&o->part[i]) < 0) return -1;
    return 0;
}

int tfb_out_end(tfb_out_t *o, int keep)
{
    int ret = keep ? 0 : -1;
    if (!o) return ret;
    enter();
    if (keep) ret = put_in_place(o);
    for (int i = 0; i < o->n; i++)
        if (o->part[i].tmp) unlink(o->part[i].tmp);
    for (tfb_out_t *at = outs, *last = NULL; at; last = at, at = at->next)
        if (at == o) {
            if (last)
                last->next = o->next;
            else
                outs = o->next;
            break;
        }
    for (int i = 0; i < o->n; i++) free_part(&o->part[i]);
    free(o);
    if (!outs) release_signals();
    leave();
    return ret;
}
