/* near.c - finds SNVs near an SNV that resemble it. */
#include "annotate/near.h"
#include "genome/base.h"
#include "util/util.h"
#include "util/vec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* The contents of a window. */
typedef struct {
    int gc, acgt;
} content_t;

static void count(content_t *c, uint8_t base, int by)
{
    if (base >= TFB_N) return;
    c->acgt += by;
    if (base == 1 || base == 2) c->gc += by;
}

static double share(const content_t *c) { return c->acgt ? (double)c->gc / c->acgt : NAN; }

/* Returns the letter that makes the change at code[0] equal to (l, r > to, r'), on the same strand or the
 * other; -1 if the trinucleotide differs. */
static int like(const uint8_t *code, const uint8_t tri[3], uint8_t to)
{
    if (code[-1] == tri[0] && code[0] == tri[1] && code[1] == tri[2]) return to;
    if (code[-1] == 3 - tri[2] && code[0] == 3 - tri[1] && code[1] == 3 - tri[0]) return 3 - to;
    return -1;
}

static int add(tfb_near_t *t, hts_pos_t pos, uint8_t ref, int alt)
{
    if (TFB_RESERVE(t->snv, t->m, t->n + 1, "SNVs near a hit") < 0) return -1;
    t->snv[t->n++] = (tfb_near_snv_t){.pos = pos, .ref = ref, .alt = (uint8_t)alt};
    return 0;
}

/* Reads contig:[lo, hi). Returns a reason from tfb_fasta_codes, or -1. */
static int read_codes(tfb_near_t *t, tfb_fasta_t *f, const char *contig, hts_pos_t lo, hts_pos_t hi)
{
    size_t n = (size_t)(hi - lo);
    if (n > t->m_code) {
        uint8_t *p = realloc(t->code, n);
        if (!p) {
            tfb_error("not enough memory for %zu bases", n);
            return -1;
        }
        t->code = p;
        t->m_code = n;
    }
    return tfb_fasta_codes(f, contig, lo, hi, t->code);
}

int64_t tfb_near_find(tfb_near_t *t, tfb_fasta_t *f, const char *contig, hts_pos_t pos, uint8_t ref, uint8_t alt,
                      hts_pos_t radius)
{
    const int left = t->W / 2, right = t->W - left;
    hts_pos_t len = tfb_fasta_len(f, contig), lo = pos - radius - left, hi = pos + radius + right;
    t->n = 0;
    if (t->W < 3 || pos < left || pos + right > len || ref >= TFB_N || alt >= TFB_N) return 0;
    if (lo < 0) lo = 0;
    if (hi > len) hi = len;
    int got = read_codes(t, f, contig, lo, hi);
    if (got < 0) return got == -1 ? -1 : 0;
    const uint8_t *own = t->code + (pos - lo), tri[3] = {own[-1], own[0], own[1]};
    if (tri[0] >= TFB_N || tri[1] != ref || tri[2] >= TFB_N) return 0;
    content_t mine = {.gc = 0}, c = {.gc = 0};
    for (int i = -left; i < right; i++) count(&mine, own[i], 1);
    if (t->W - mine.acgt > t->max_n) return 0;
    for (int i = 0; i < t->W; i++) count(&c, t->code[i], 1);
    for (hts_pos_t at = lo + left; at + right <= hi; at++) {
        const uint8_t *here = t->code + (at - lo);
        int to = like(here, tri, alt);
        if (at != pos && to >= 0 && t->W - c.acgt <= t->max_n && fabs(share(&c) - share(&mine)) <= 0.05 &&
            add(t, at, *here, to) < 0)
            return -1;
        count(&c, here[-left], -1);
        if (at + right < hi) count(&c, here[right], 1);
    }
    return t->n;
}

void tfb_near_free(tfb_near_t *t)
{
    free(t->code);
    free(t->snv);
}
