/* variant.c - makes windows of a variant's alleles. */
#include "score/variant.h"
#include <string.h>

int tfb_variant_judge(tfb_variants_t *v, const char *contig, hts_pos_t pos, const char *ref, const char *alt,
                      tfb_change_t *c)
{
    tfb_allele_t kind = tfb_allele_trim(pos, ref, alt, c);
    if (kind != TFB_ALLELE_OK && kind != TFB_ALLELE_SAME) return (int)kind;
    int r = tfb_allele_check_ref(v->fasta, contig, pos, ref, &v->at, &v->base);
    return r == TFB_ALLELE_OK ? (int)kind : r;
}

/* Makes the window of REF (which 0) or ALT (which 1), and sets *w. Returns a reason, or -1 (logged). */
static int add_window(tfb_variants_t *v, const char *contig, const tfb_change_t *c, int which, int base, int *w)
{
    uint8_t *code = tfb_windows_next(v->win);
    if (!code) return -1;
    int r = tfb_allele_window(v->fasta, contig, c, which, v->win->W, v->max_n, code);
    if (r == TFB_ALLELE_OK) *w = tfb_windows_keep(v->win, base);
    return r;
}

static int is_last_ref(const tfb_variants_t *v, const char *contig, const tfb_change_t *c)
{
    return v->last_ref > 0 && strcmp(v->contig, contig) == 0 && tfb_change_same_ref(&v->last, c);
}

int tfb_variant_windows(tfb_variants_t *v, const char *contig, const tfb_change_t *c, tfb_alt_t *to)
{
    int r;
    to->change = *c;
    to->alt = -1;
    if (to->ref < 0 && is_last_ref(v, contig, c)) to->ref = v->last_ref - 1;
    if (to->ref < 0) {
        v->last_ref = 0;
        if ((r = add_window(v, contig, c, 0, -1, &to->ref)) != TFB_ALLELE_OK) return r;
        v->contig = contig;
        v->last = *c;
        v->last_ref = to->ref + 1;
    }
    /* differs from the REF window in the allele, and after an indel in one half */
    return add_window(v, contig, c, 1, to->ref, &to->alt);
}

int tfb_variant_add(tfb_variants_t *v, const char *contig, hts_pos_t pos, const char *ref, const char *alt,
                    tfb_alt_t *to)
{
    tfb_change_t c;
    *to = TFB_NO_ALT;
    int r = tfb_variant_judge(v, contig, pos, ref, alt, &c);
    return r == TFB_ALLELE_OK ? tfb_variant_windows(v, contig, &c, to) : r;
}

void tfb_variants_clear(tfb_variants_t *v)
{
    tfb_windows_clear(v->win);
    v->last_ref = 0;
}
