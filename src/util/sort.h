/* sort.h - qsort for lists that may be empty. */
#ifndef TFB_SORT_H
#define TFB_SORT_H

#include <stdlib.h>

/* Sorts the n elements of v, of size bytes each. An empty list may be NULL, which the C standard forbids to qsort. */
static inline void tfb_sort(void *v, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
    if (n > 1) qsort(v, n, size, cmp);
}

#endif
