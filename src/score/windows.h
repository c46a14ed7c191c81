/* windows.h - a store of windows: base codes to score, and their logits. */
#ifndef TFB_WINDOWS_H
#define TFB_WINDOWS_H

#include "nn/panel.h"
#include <stddef.h>
#include <stdint.h>

/* Initialise with zeros except W and T. Grows. */
typedef struct {
    int W, T, n, m; /* bases; targets; windows; room for windows */
    uint8_t *code;  /* (m, W) */
    int32_t *base;  /* (m): as tfb_infer_windows */
    float *z;       /* (m, T) logits, after tfb_windows_score */

    /* for tfb_windows_once, whose first call allocates them */
    uint64_t *hash; /* (m_listed) */
    int32_t *slot;  /* (4 * m_listed) hash table: the window's index + 1, 0 = empty */
    int32_t *used;  /* (m_listed) used slots */
    int n_listed, m_listed;
} tfb_windows_t;

/* Returns room for one more window of W codes. Fill it, then call tfb_windows_keep or tfb_windows_once to
 * add it. Returns NULL if memory runs out (logged). */
uint8_t *tfb_windows_next(tfb_windows_t *w);
/* Adds the filled window; base as for tfb_infer_windows. Returns its index. */
int tfb_windows_keep(tfb_windows_t *w, int base);

/* Does the same, but if a listed window has the same bases, returns its index instead of adding one. This
 * function and tfb_windows_list list windows. A base that was itself derived from another window counts as
 * none. Returns -1 if memory runs out (logged). */
int tfb_windows_once(tfb_windows_t *w, int base);
/* Lists window i for tfb_windows_once. Returns i, or the index of an equal listed window, or -1 if memory
 * runs out (logged). */
int tfb_windows_list(tfb_windows_t *w, int i);
/* Forgets which windows are listed; the windows stay. */
void tfb_windows_unlist(tfb_windows_t *w);

/* Scores all windows and writes w->z. Returns 0, or -1 (logged), as tfb_panel_windows. */
int tfb_windows_score(tfb_windows_t *w, tfb_panel_t *panel, tfb_strand_t strand);
/* Returns the (T) logits of window i. */
static inline const float *tfb_windows_z(const tfb_windows_t *w, int i) { return w->z + (size_t)i * (size_t)w->T; }
static inline const uint8_t *tfb_windows_code(const tfb_windows_t *w, int i)
{
    return w->code + (size_t)i * (size_t)w->W;
}

/* Empties the store and keeps its memory. */
void tfb_windows_clear(tfb_windows_t *w);
/* Releases what the store owns, and empties it. */
void tfb_windows_free(tfb_windows_t *w);

#endif
