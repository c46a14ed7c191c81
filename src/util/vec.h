/* vec.h - arrays that grow. */
#ifndef TFB_VEC_H
#define TFB_VEC_H

#include <stddef.h>
#include <stdint.h>

/* Returns p with room for n elements of size bytes and sets *m to how many there is room for, at least half as many
 * again; new room is not initialised. If there is room already, or on failure (logged: what names what it is for),
 * returns p as it is and leaves *m. */
void *tfb_grow(void *p, int *m, int64_t n, size_t size, const char *what);

/* Makes room for n elements in the array p, which has room for m (an int). 0, or -1 (logged). Names its arguments more
 * than once. */
#define TFB_RESERVE(p, m, n, what) ((p) = tfb_grow((p), &(m), (n), sizeof *(p), (what)), (n) <= (m) ? 0 : -1)

/* Returns p resized to n elements of size bytes, or p as it is and *ok = 0 on failure (not logged): for several arrays
 * of one length, with one test at the end. */
void *tfb_resize(void *p, size_t n, size_t size, int *ok);

#endif
