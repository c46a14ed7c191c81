/* windows.c - a growing block of windows. */
#include "annotate/windows.h"
#include "util/util.h"
#include <stdlib.h>

uint8_t *tfb_windows_next(tfb_windows_t *w)
{
    if (w->n == w->m) {
        int m = w->m ? 2 * w->m : 2304; /* a batch of VCF and what its last record adds */
        uint8_t *c = realloc(w->code, (size_t)m * (size_t)w->W);
        if (c) w->code = c;
        int32_t *b = realloc(w->base, (size_t)m * sizeof *b);
        if (b) w->base = b;
        float *z = realloc(w->z, (size_t)m * (size_t)w->T * sizeof *z);
        if (z) w->z = z;
        if (!c || !b || !z) {
            tfb_error("not enough memory for %d windows", m);
            return NULL;
        }
        w->m = m;
    }
    return w->code + (size_t)w->n * (size_t)w->W;
}

int tfb_windows_keep(tfb_windows_t *w, int base)
{
    w->base[w->n] = base;
    return w->n++;
}

void tfb_windows_free(tfb_windows_t *w)
{
    free(w->code);
    free(w->base);
    free(w->z);
}
