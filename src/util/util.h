/* util.h - helpers for all folders: messages, checked sizes, random numbers, digests.
 *
 * Nothing here depends on genomes or networks. */
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
/* Sets which messages are printed: 0 errors only, 1 + warnings, 2 + notes (default), 3 + debugging. */
void tfb_log_level(int level);
int tfb_log_get_level(void);
/* Returns the number of errors logged. */
int tfb_log_errors(void);
/* For the library: keeps this thread's last error in text (m bytes), and prints only its messages up to level print
 * (-1: none). text NULL turns this off. */
void tfb_log_keep(char *text, size_t m, int print);
void tfb_error(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_warn(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_note(const char *fmt, ...) TFB_PRINTF(1, 2);
void tfb_debug(const char *fmt, ...) TFB_PRINTF(1, 2);

/* ---- memory ---- */

/* Return a * b (+ c), or 0 with *ok = 0 on overflow. *ok is never set to 1, so a chain needs only one test at its end.
 */
size_t tfb_mul(size_t a, size_t b, int *ok);
size_t tfb_add(size_t a, size_t b, int *ok);
/* Allocates n elements of size bytes, zeroed and aligned to 64 bytes (a cache line, and an
 * AVX-512 register). Free with free(). Returns NULL on overflow or lack of memory (logged with
 * what it was for). */
void *tfb_alloc(size_t n, size_t size, const char *what);

/* ---- random numbers: xoshiro256++ for sequences, a hash of a counter if threads must agree ---- */

typedef struct {
    uint64_t s[4];
} tfb_rng_t;
void tfb_rng_seed(tfb_rng_t *r, uint64_t seed);
uint64_t tfb_rng_next(tfb_rng_t *r);
double tfb_rng_unit(tfb_rng_t *r);                /* uniform in [0, 1) */
uint64_t tfb_rng_below(tfb_rng_t *r, uint64_t n); /* uniform in [0, n), unbiased; n > 0 */
uint64_t tfb_hash64(uint64_t x);                  /* finaliser of splitmix64: a good hash of a counter */
/* Shuffles n indices (Fisher-Yates). */
void tfb_rng_shuffle(tfb_rng_t *r, uint32_t *a, size_t n);

/* ---- SHA-256 (FIPS 180-4), for the identity of model files and of training data ---- */

typedef struct {
    uint32_t h[8];
    uint64_t n;
    uint8_t buf[64];
} tfb_sha256_t;
void tfb_sha256_init(tfb_sha256_t *s);
void tfb_sha256_update(tfb_sha256_t *s, const void *data, size_t n);
void tfb_sha256_hex(tfb_sha256_t *s, char hex[65]); /* ends; call init before using s again */

/* ---- the files of a run: no output replaces an input, or another output (run.c) ---- */

/* Begin and end the register of a command's files. Outside of it, nothing is registered or refused. */
void tfb_run_begin(void);
void tfb_run_end(void);
/* Registers an input file; "-": standard input, NULL: none. what: its name in messages, e.g. "the reference"; must
 * outlive the run. The file need not exist yet: htslib makes missing indexes. */
void tfb_reads(const char *path, const char *what);
/* Does the same for a file and indexes that may be beside it: suffixes separated by spaces, such as ".fai .gzi". */
void tfb_reads_indexed(const char *path, const char *what, const char *suffixes);
/* Removes a file from the register, for a command that rewrites it on purpose. */
void tfb_reads_no_more(const char *path);
/* Checks at the start of a command that an output can be written later: it is not an input or
 * another output, and its folder is writable. path NULL or "-": checks nothing. Returns 0, or -1
 * (logged). */
int tfb_run_claim(const char *path);
/* For out.c: registers an output. Returns its number, 0 if it needs none, or -1 if it clashes (logged). */
int tfb_run_open(const char *path);
/* Returns -1 (logged) if a file opened for reading since then is the output itself, else 0. */
int tfb_run_check(int number);
void tfb_run_close(int number);

/* ---- output files: complete or not at all (out.c) ---- */

/* Returns the name that a new file for path is renamed to: path, or the target of a link. Free with free(). NULL with
 * errno 0: written in place, because it is a pipe, a device, a URL or the name of an open file such as /dev/stdout.
 * NULL with another errno: failure. */
char *tfb_place(const char *path);

typedef struct tfb_out_t tfb_out_t;
/* Makes a temporary file with a unique name beside path; the file at path does not change until
 * tfb_out_end. Standard output (path NULL or "-"), pipes and devices are opened directly. The
 * temporary file is removed if exit() or a signal other than SIGKILL ends the program early.
 * Returns NULL on failure (logged). */
tfb_out_t *tfb_out_begin(const char *path);
/* Returns a descriptor to write to, owned by the caller. Call it once. -1 if it was taken before, or if path is a URL.
 */
int tfb_out_fd(tfb_out_t *o);
/* Returns the temporary file's name, for writers that open by name and for reading back, or NULL for a stream. */
const char *tfb_out_name(const tfb_out_t *o);
/* Returns its name as the user gave it, or "standard output". */
const char *tfb_out_path(const tfb_out_t *o);
/* Adds an index, path with this suffix, which appears with the output. Older indexes of other kinds are then removed,
 * because htslib might use them for the new file. Returns its temporary name, or NULL on failure (logged). */
const char *tfb_out_index(tfb_out_t *o, const char *suffix);
/* Puts the output in place, or removes it if keep is 0. Frees o, which may be NULL. Close all
 * writers first. Returns 0, or -1 if keep is 0 or on failure (logged). */
int tfb_out_end(tfb_out_t *o, int keep);
/* Removes all temporary files and ends the program with this signal. For signal handlers. */
void tfb_out_quit(int sig);

/* Does the same as tfb_out_begin, but opens a stream (stream.c). Returns NULL on failure (logged). */
FILE *tfb_out_open(const char *path, tfb_out_t **out);
/* Closes the stream (flushes standard output), then does the same as tfb_out_end. */
int tfb_out_close(FILE *f, tfb_out_t *o, int keep);
/* Closes the stream and leaves the output to tfb_out_end. Returns 0, or -1 on a write error
 * (logged). */
int tfb_out_finish(FILE *f, const tfb_out_t *o);

/* ---- strings ---- */

/* Splits s at each sep into a NULL-terminated array of copies, and writes their number to *n. Free with tfb_strv_free.
 */
char **tfb_split(const char *s, char sep, int *n);
void tfb_strv_free(char **v);
/* Returns whether s ends with suffix. */
int tfb_ends_with(const char *s, const char *suffix);
/* Does the same, and ignores case. */
int tfb_ends_with_case(const char *s, const char *suffix);
/* Returns the part of path after its last slash. */
const char *tfb_base_name(const char *path);
/* Writes text to part (at least strlen(text) + 2 bytes) as a safe part of a file name: slashes and control characters
 * become _, and so does every character of a name that is empty or only dots. */
void tfb_file_part(const char *text, char *part);
/* Returns the index of s among the n words of the option, or -1 (logged with the words and the nearest one). */
int tfb_word(const char *option, const char *s, const char *const *words, int n);
/* Returns the index of the entry of names[n] nearest to s in edit distance (case-insensitive), or -1 if none is near.
 * For "did you mean". */
int tfb_nearest(const char *s, char *const *names, int n);
/* Returns the end of a message about the unknown name s: "; did you mean X?", in hint, or "" if none is near. */
enum { TFB_HINT = 320 };
const char *tfb_did_you_mean(const char *s, char *const *names, int n, char hint[TFB_HINT]);

/* A name and its place in a list. */
typedef struct {
    const char *name; /* not owned */
    int at;
} tfb_entry_t;
/* Returns names[n] sorted by name, then by place, for looking up many names. Free with free();
 * the names must outlive it. Returns NULL on lack of memory. */
tfb_entry_t *tfb_index(char *const *names, int n);
/* Returns the first place of a name, or -1. */
int tfb_index_find(const tfb_entry_t *index, int n, const char *name);
/* Returns the place of the second of two equal names, or -1 if all differ. */
int tfb_index_twice(const tfb_entry_t *index, int n);
/* Returns why text cannot be a TF's name, such as "is empty", or NULL if it can. Names are untrusted: control
 * characters could forge rows or control the terminal. */
const char *tfb_name_fault(const char *name);
/* Replaces bytes that are not UTF-8 by '?', in place, for text in JSON. Returns s. */
char *tfb_utf8(char *s);
/* Replaces control characters except tabs by '?', in place, for text from a file on the terminal. Returns s. */
char *tfb_printable(char *s);

/* ---- threads ---- */

typedef struct tfb_pool_t tfb_pool_t;
/* Makes a pool of n_threads threads, including the caller (1: starts no thread). Returns NULL on
 * failure (logged). */
tfb_pool_t *tfb_pool_create(int n_threads);
void tfb_pool_destroy(tfb_pool_t *p);
int tfb_pool_size(const tfb_pool_t *p);
/* Calls fn(arg, task, thread) for every task in [0, n), in any order, on all threads, and returns when all are done.
 * thread is in [0, size): use it only to choose scratch memory, because it must not affect the result. One call at a
 * time per pool. */
void tfb_pool_run(tfb_pool_t *p, int n, void (*fn)(void *arg, int task, int thread), void *arg);
/* Lets the caller of the next tfb_pool_run call fn(arg) before it takes tasks, while the other threads start on them.
 * So reading and writing overlap with computing without another thread. fn must not use the pool. */
void tfb_pool_beside(tfb_pool_t *p, void (*fn)(void *arg), void *arg);
/* Calls that fn now if no tfb_pool_run has called it. */
void tfb_pool_end_beside(tfb_pool_t *p);

/* Returns the time in seconds of a monotonic clock. */
double tfb_now(void);

#endif
