/* windows.h - the windows of a batch: codes to score, and the logits they get. */
#ifndef TFB_WINDOWS_H
#define TFB_WINDOWS_H

#include "genome/alleles.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int W, T, n, m; /* n windows of m that have room */
    uint8_t *code;  /* (m, W) */
    int32_t *base;  /* (m): as tfb_infer_windows */
    float *z;       /* (m, T) logits, once the batch has been scored */
} tfb_windows_t;

/* An ALT and its windows in the batch, -1 = none. REF's is of REF as it is trimmed with this ALT. */
typedef struct {
    tfb_change_t change;
    int ref, alt; /* alt < 0: the ALT is not scored */
} tfb_alt_t;

/* Room for one window more: its W codes, to be filled and then counted by tfb_windows_keep, or
 * left. NULL on lack of memory (logged). */
uint8_t *tfb_windows_next(tfb_windows_t *w);
/* Counts the window that was filled; base as tfb_infer_windows. Its index. */
int tfb_windows_keep(tfb_windows_t *w, int base);
static inline const float *tfb_windows_z(const tfb_windows_t *w, int i) { return w->z + (size_t)i * (size_t)w->T; }
void tfb_windows_free(tfb_windows_t *w);

#endif
