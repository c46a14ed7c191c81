/* vec.h - arrays that grow. */
#ifndef TFB_VEC_H
#define TFB_VEC_H

#include <stddef.h>
#include <stdint.h>

/* Grows p to hold n elements of size bytes, and sets *m to the new capacity, at least 1.5 times the old one. New
 * elements are not initialised. If p is large enough, or on failure (logged with what it is for), returns p and does
 * not change *m. */
void *tfb_grow(void *p, int *m, int64_t n, size_t size, const char *what);

/* Grows the array p with capacity m (an int) to hold n elements. Returns 0, or -1 (logged).
 * Evaluates its arguments more than once. */
#define TFB_RESERVE(p, m, n, what) ((p) = tfb_grow((p), &(m), (n), sizeof *(p), (what)), (n) <= (m) ? 0 : -1)

/* Returns p resized to n elements of size bytes, or p as it is and *ok = 0 on failure (not logged): for several arrays
 * of one length, with one test at the end. */
void *tfb_resize(void *p, size_t n, size_t size, int *ok);

#endif
