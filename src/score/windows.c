/* windows.c - a growing store of windows, which can keep each sequence once. */
#include "score/windows.h"
#include "util/util.h"
#include "util/vec.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST = 2304 }; /* windows in the first allocation: a batch of VCF with its last record */

static int no_memory(int n)
{
    tfb_error("not enough memory for %d windows", n);
    return -1;
}

uint8_t *tfb_windows_next(tfb_windows_t *w)
{
    if (w->n == w->m) {
        int m = w->m ? 2 * w->m : FIRST, ok = 1;
        w->code = tfb_resize(w->code, (size_t)m, (size_t)w->W, &ok);
        w->base = tfb_resize(w->base, (size_t)m, sizeof *w->base, &ok);
        w->z = tfb_resize(w->z, (size_t)m, (size_t)w->T * sizeof *w->z, &ok);
        if (!ok) {
            no_memory(m);
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

/* ---- each sequence once ---- */

static uint64_t hash_of(const uint8_t *code, int n)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (int i = 0; i < n; i++) h = (h ^ code[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

/* Returns the slot of the listed window with these bases, or the empty slot for it. */
static size_t find_slot(const tfb_windows_t *w, uint64_t h, const uint8_t *code)
{
    size_t m = 4 * (size_t)w->m_listed, i = h % m;
    for (; w->slot[i]; i = i + 1 < m ? i + 1 : 0) {
        int k = w->slot[i] - 1;
        if (w->hash[k] == h && memcmp(tfb_windows_code(w, k), code, (size_t)w->W) == 0) break;
    }
    return i;
}

static void list(tfb_windows_t *w, size_t slot, int i)
{
    w->slot[slot] = i + 1;
    w->used[w->n_listed++] = (int32_t)slot;
}

/* Makes the table as large as the store. Returns 0, or -1 if memory runs out (logged). */
static int grow_table(tfb_windows_t *w)
{
    size_t m = (size_t)w->m, n = (size_t)w->n_listed;
    if (w->m_listed == w->m) return 0;
    uint64_t *h = realloc(w->hash, m * sizeof *h);
    if (h) w->hash = h;
    int32_t *u = realloc(w->used, m * sizeof *u);
    if (u) w->used = u;
    int32_t *s = calloc(4 * m, sizeof *s), *listed = calloc(n + 1, sizeof *listed);
    if (!h || !u || !s || !listed) {
        free(s);
        free(listed);
        return no_memory(w->m);
    }
    for (size_t k = 0; k < n; k++) listed[k] = w->slot[w->used[k]] - 1;
    free(w->slot);
    w->slot = s;
    w->m_listed = w->m;
    w->n_listed = 0;
    for (size_t k = 0; k < n; k++) list(w, find_slot(w, w->hash[listed[k]], tfb_windows_code(w, listed[k])), listed[k]);
    free(listed);
    return 0;
}

/* Lists window i, which may be the one just filled. Returns it or an equal one, or -1. */
static int look_up(tfb_windows_t *w, int i)
{
    if (grow_table(w) < 0) return -1;
    const uint8_t *code = tfb_windows_code(w, i);
    uint64_t h = hash_of(code, w->W);
    size_t slot = find_slot(w, h, code);
    if (w->slot[slot]) return w->slot[slot] - 1;
    w->hash[i] = h;
    list(w, slot, i);
    return i;
}

int tfb_windows_once(tfb_windows_t *w, int base)
{
    int i = look_up(w, w->n);
    if (i != w->n) return i;
    return tfb_windows_keep(w, base >= 0 && w->base[base] < 0 ? base : -1);
}

int tfb_windows_list(tfb_windows_t *w, int i) { return look_up(w, i); }

void tfb_windows_unlist(tfb_windows_t *w)
{
    for (int k = 0; k < w->n_listed; k++) w->slot[w->used[k]] = 0;
    w->n_listed = 0;
}

/* ---- scores ---- */

int tfb_windows_score(tfb_windows_t *w, tfb_panel_t *panel, tfb_strand_t strand)
{
    return tfb_panel_windows(panel, w->code, w->base, w->n, strand, w->z);
}

void tfb_windows_clear(tfb_windows_t *w)
{
    tfb_windows_unlist(w);
    w->n = 0;
}

void tfb_windows_free(tfb_windows_t *w)
{
    free(w->code);
    free(w->base);
    free(w->z);
    free(w->hash);
    free(w->slot);
    free(w->used);
    *w = (tfb_windows_t){.W = w->W, .T = w->T};
}
