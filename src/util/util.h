/* util.h - the small things every folder needs: messages, checked sizes, random numbers, digests.
 *
 * Nothing here knows about genomes or networks. */
#ifndef TFB_UTIL_H
#define TFB_UTIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TFB_VERSION_STRING_UNKNOWN "0.0.0"
#define TFB_PRINTF(f, a)           __attribute__((format(printf, f, a)))

/* ---- messages: one line each on stderr, prefixed with the program's (or plugin's) name ---- */

/* Sets the prefix of every later message, e.g. "tfbind annotate"; the string is copied. Not thread-safe: call it once from main. */
void tfb_log_prefix(const char *prefix);
/* 0 errors only, 1 + warnings, 2 + notes (default), 3 + debugging. */
void tfb_log_level(int level);
int tfb_log_get_level(void);
/* How many errors have been logged. */
int tfb_log_errors(void);
/* For the library: from now on this thread's last error is kept in text (m bytes), and of its messages those up to level print are
 * printed (-1 none). text NULL ends that. */
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

/* ---- output files: whole or not at all ---- */

/* What a file written beside path is to be renamed to: path, or what it is a link to, so that links stay. NULL: written in place, as pipes, devices and
 * names of open files such as /dev/stdout are; or, with errno ENOMEM, lack of memory. Release with free(). */
char *tfb_place(const char *path);

typedef struct tfb_out_t tfb_out_t;
/* Opens a file for text beside path, to be renamed when it is complete; path NULL or "-" is standard output. *out gets what
 * tfb_out_close needs. NULL on failure (logged). */
FILE *tfb_out_open(const char *path, tfb_out_t **out);
/* Closes f and puts the file in its place; keep 0 throws it away instead. Frees o. 0, or -1 on a write error (logged) or where it was thrown away. */
int tfb_out_close(FILE *f, tfb_out_t *o, int keep);

/* ---- strings ---- */

/* Splits s at each sep into a NULL-terminated array of copies; *n gets the count. Release with tfb_strv_free. */
char **tfb_split(const char *s, char sep, int *n);
void tfb_strv_free(char **v);
/* Returns the index of s among the n words that the option takes, or -1 (logged, with the words and the nearest one). */
int tfb_word(const char *option, const char *s, const char *const *words, int n);
/* Index of the entry of names[n] nearest to s in edit distance (case-insensitive), or -1 where none is near. For "did you mean". */
int tfb_nearest(const char *s, char *const *names, int n);

/* ---- threads ---- */

typedef struct tfb_pool_t tfb_pool_t;
/* A pool of n_threads threads, the caller counted in (1 = no thread is started). NULL on failure. */
tfb_pool_t *tfb_pool_create(int n_threads);
void tfb_pool_destroy(tfb_pool_t *p);
int tfb_pool_size(const tfb_pool_t *p);
/* Calls fn(arg, task, thread) for every task in [0, n), in any order, on all threads, and returns when all are done.
 * thread is in [0, size): use it to pick scratch, never to decide what is computed. One call at a time per pool. */
void tfb_pool_run(tfb_pool_t *p, int n, void (*fn)(void *arg, int task, int thread), void *arg);
/* The next tfb_pool_run has its calling thread call fn(arg) before it takes tasks, while the others begin with them: reading and writing beside
 * computing, without a thread more. fn may not use the pool. */
void tfb_pool_beside(tfb_pool_t *p, void (*fn)(void *arg), void *arg);
/* Calls it here and now if no tfb_pool_run has. */
void tfb_pool_end_beside(tfb_pool_t *p);

/* Seconds on a monotonic clock. */
double tfb_now(void);

#endif
