/* util.h - the small things every folder needs: messages, checked sizes, random numbers, digests.
 *
 * Nothing here knows about genomes or networks. */
#ifndef TFB_UTIL_H
#define TFB_UTIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TFB_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- messages: one line each on stderr, prefixed with the program's (or plugin's) name ---- */

/* Sets the prefix of every later message, e.g. "tfbind annotate"; the string is copied. Not thread-safe: call it once
 * from main. */
void tfb_log_prefix(const char *prefix);
/* 0 errors only, 1 + warnings, 2 + notes (default), 3 + debugging. */
void tfb_log_level(int level);
int tfb_log_get_level(void);
/* How many errors have been logged. */
int tfb_log_errors(void);
/* For the library: from now on this thread's last error is kept in text (m bytes), and of its messages those up to
 * level print are printed (-1 none). text NULL ends that. */
void tfb_log_keep(char *text, size_t m, int print);
void tfb_error(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_warn(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_note(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_debug(const char *fmt, ...) TFB_PRINTF(1, 2);

/* ---- memory ---- */

/* a * b (+ c), or 0 with *ok = 0 on overflow; *ok is never set to 1, so a chain needs one test at its end. */
size_t tfb_mul(size_t a, size_t b, int *ok);
size_t tfb_add(size_t a, size_t b, int *ok);
/* n elements of size bytes, zeroed, aligned to 64 bytes (a cache line and an AVX-512 register). NULL on overflow or
 * lack of memory, after logging what it was for. Release with free(). */
void *tfb_alloc(size_t n, size_t size, const char *what);

/* ---- random numbers: xoshiro256++ for sequences, a hash of a counter where threads must agree ---- */

typedef struct {
    uint64_t s[4];
} tfb_rng_t;
void tfb_rng_seed(tfb_rng_t *r, uint64_t seed);
uint64_t tfb_rng_next(tfb_rng_t *r);
double tfb_rng_unit(tfb_rng_t *r);                /* uniform in [0, 1) */
uint64_t tfb_rng_below(tfb_rng_t *r, uint64_t n); /* uniform in [0, n), unbiased; n > 0 */
uint64_t tfb_hash64(uint64_t x);                  /* splitmix64's finaliser: a good hash of a counter */
/* Fisher-Yates shuffle of n indices. */
void tfb_rng_shuffle(tfb_rng_t *r, uint32_t *a, size_t n);

/* ---- SHA-256 (FIPS 180-4), for the identity of model files and of training data ---- */

typedef struct {
    uint32_t h[8];
    uint64_t n;
    uint8_t buf[64];
} tfb_sha256_t;
void tfb_sha256_init(tfb_sha256_t *s);
void tfb_sha256_update(tfb_sha256_t *s, const void *data, size_t n);
void tfb_sha256_hex(tfb_sha256_t *s, char hex[65]); /* finishes; s may not be used afterwards without init */

/* ---- the files of a run: no output replaces an input, or another output (run.c) ---- */

/* Begins and ends the register of a command's files. Without it nothing is registered or refused. */
void tfb_run_begin(void);
void tfb_run_end(void);
/* Registers a file that is read; "-": standard input, NULL: none. what names it in messages ("the input", "the
 * reference") and stays the caller's. The file need not exist yet: htslib makes an index that is missing. */
void tfb_reads(const char *path, const char *what);
/* The same, with the indexes that may lie beside it: suffixes separated by a space, such as ".fai .gzi". */
void tfb_reads_indexed(const char *path, const char *what, const char *suffixes);
/* Takes a file from the register, for a command that is asked to rewrite it. */
void tfb_reads_no_more(const char *path);
/* Checks at the start of a command that an output can be written later: it is neither an input nor another output, and
 * its folder takes files. path NULL or "-": nothing to check. 0, or -1 (logged). */
int tfb_run_claim(const char *path);
/* For out.c: registers an output that is being written. Returns its number, 0 if it needs none, or -1 if it clashes
 * (logged). */
int tfb_run_open(const char *path);
/* Returns -1 (logged) if what was read since it was opened is the output itself, else 0. */
int tfb_run_check(int number);
void tfb_run_close(int number);

/* ---- output files: whole or not at all (out.c) ---- */

/* Returns the name that a new file for path is renamed to: path, or what it links to. NULL with errno 0: it is written
 * in place, as pipes, devices, URLs and names of open files such as /dev/stdout are. NULL with another errno: failure.
 * Release with free(). */
char *tfb_place(const char *path);

typedef struct tfb_out_t tfb_out_t;
/* Makes a temporary file beside path, under a name of its own; the file at path stays as it is until tfb_out_end.
 * Standard output (path NULL or "-"), pipes and devices are opened themselves. Removed if the program ends early, by
 * exit() or a signal other than SIGKILL. NULL on failure (logged). */
tfb_out_t *tfb_out_begin(const char *path);
/* Returns a descriptor to write to, which is the caller's from now on. Call it once. -1: it has been taken, or path is
 * a URL. */
int tfb_out_fd(tfb_out_t *o);
/* Returns the temporary file's name, for writers that open by name and for reading back, or NULL for a stream. */
const char *tfb_out_name(const tfb_out_t *o);
/* Returns its name as the user gave it, or "standard output". */
const char *tfb_out_path(const tfb_out_t *o);
/* Adds an index, path with this suffix, that appears with the output. Older indexes of other kinds are removed then, as
 * htslib might take them for the new file's. Returns its temporary name, or NULL on failure (logged). */
const char *tfb_out_index(tfb_out_t *o, const char *suffix);
/* Puts the output in place, or removes it if keep is 0, and frees o, which may be NULL. All writers must be closed. 0,
 * or -1 on an error (logged) or if keep is 0. */
int tfb_out_end(tfb_out_t *o, int keep);
/* Removes all temporary files and ends the program by this signal. For signal handlers. */
void tfb_out_quit(int sig);

/* The same as a stream (stream.c). NULL on failure (logged). */
FILE *tfb_out_open(const char *path, tfb_out_t **out);
/* Closes the stream (standard output is flushed), then as tfb_out_end. */
int tfb_out_close(FILE *f, tfb_out_t *o, int keep);
/* Closes the stream and leaves the output to tfb_out_end. 0, or -1 on a write error (logged). */
int tfb_out_finish(FILE *f, const tfb_out_t *o);

/* ---- strings ---- */

/* Splits s at each sep into a NULL-terminated array of copies; *n gets the count. Release with tfb_strv_free. */
char **tfb_split(const char *s, char sep, int *n);
void tfb_strv_free(char **v);
/* Does s end with suffix? */
int tfb_ends_with(const char *s, const char *suffix);
/* The same, whatever the case of the letters. */
int tfb_ends_with_case(const char *s, const char *suffix);
/* Writes text to part (at least strlen(text) + 2 bytes) as a part of a file's name, which does not leave its folder:
 * slashes and control characters become
 * _, and so does all of a name that is empty or made of dots. */
void tfb_file_part(const char *text, char *part);
/* Returns the index of s among the n words that the option takes, or -1 (logged, with the words and the nearest one).
 */
int tfb_word(const char *option, const char *s, const char *const *words, int n);
/* Index of the entry of names[n] nearest to s in edit distance (case-insensitive), or -1 where none is near. For "did
 * you mean". */
int tfb_nearest(const char *s, char *const *names, int n);

/* A name of a list, and its place there. */
typedef struct {
    const char *name; /* not owned */
    int at;
} tfb_entry_t;
/* names[n] sorted by name, equal ones by place: for looking up many of them. Release with free(); the names must
 * outlive it. NULL on lack of memory. */
tfb_entry_t *tfb_index(char *const *names, int n);
/* Returns the first place of a name, or -1. */
int tfb_index_find(const tfb_entry_t *index, int n, const char *name);
/* Returns the place of the second of two equal names, or -1 if all differ. */
int tfb_index_twice(const tfb_entry_t *index, int n);
/* Returns why text cannot be a TF's name, such as "is empty", or NULL if it can. Names are untrusted: control
 * characters would forge rows and drive terminals. */
const char *tfb_name_fault(const char *name);
/* Replaces bytes that are not UTF-8 by '?', in place: for text that JSON is to hold. Returns s. */
char *tfb_utf8(char *s);
/* Replaces control characters by '?', in place: text from a file, for a line on the terminal. Tabs stay. Returns s. */
char *tfb_printable(char *s);

/* ---- threads ---- */

typedef struct tfb_pool_t tfb_pool_t;
/* A pool of n_threads threads, the caller counted in (1 = no thread is started). NULL on failure. */
tfb_pool_t *tfb_pool_create(int n_threads);
void tfb_pool_destroy(tfb_pool_t *p);
int tfb_pool_size(const tfb_pool_t *p);
/* Calls fn(arg, task, thread) for every task in [0, n), in any order, on all threads, and returns when all are done.
 * thread is in [0, size): use it to pick scratch, never to decide what is computed. One call at a time per pool. */
void tfb_pool_run(tfb_pool_t *p, int n, void (*fn)(void *arg, int task, int thread), void *arg);
/* The next tfb_pool_run has its calling thread call fn(arg) before it takes tasks, while the others begin with them:
 * reading and writing beside computing, without a thread more. fn may not use the pool. */
void tfb_pool_beside(tfb_pool_t *p, void (*fn)(void *arg), void *arg);
/* Calls it here and now if no tfb_pool_run has. */
void tfb_pool_end_beside(tfb_pool_t *p);

/* Seconds on a monotonic clock. */
double tfb_now(void);

#endif
