/* variant.h - REF and ALT of a variant -> their windows in a store -> logits.
 *
 *     tfb_variants_t v = {.fasta = fasta, .win = &store, .max_n = 20};
 *     tfb_variant_add(&v, contig, pos, ref, alt, &place)       each variant, in genome order if possible
 *     tfb_windows_score(&store, panel, strand)
 *     tfb_windows_z(&store, place.ref), tfb_windows_z(&store, place.alt)
 *     tfb_variants_clear(&v)                                   and the next batch */
#ifndef TFB_SCORE_VARIANT_H
#define TFB_SCORE_VARIANT_H

#include "genome/alleles.h"
#include "score/windows.h"

/* An ALT and its windows in a store; -1: none. The window of REF is that of REF trimmed with this ALT. */
typedef struct {
    tfb_change_t change;
    int ref, alt; /* alt < 0: the ALT is not scored */
} tfb_alt_t;

#define TFB_NO_ALT ((tfb_alt_t){.ref = -1, .alt = -1})

typedef struct {
    tfb_fasta_t *fasta;
    tfb_windows_t *win; /* store for the windows */
    int max_n;          /* most Ns in a window */

    /* after TFB_ALLELE_MISMATCH: offset of the first difference in REF, and the letter of the FASTA there */
    int at;
    char base;

    /* the last REF: neighbouring variants often have the same one */
    const char *contig;
    tfb_change_t last;
    int last_ref; /* its window + 1; 0 = none */
} tfb_variants_t;

/* Trims REF and ALT of a record at pos, and compares all of REF with the FASTA. Returns
 * TFB_ALLELE_OK, _SAME, or why the ALT cannot be scored; -1 on a read error (logged). *c is set for
 * OK, SAME and MISMATCH. */
int tfb_variant_judge(tfb_variants_t *v, const char *contig, hts_pos_t pos, const char *ref, const char *alt,
                      tfb_change_t *c);

/* Makes the windows of a change. If to->ref >= 0, that is REF's window; else makes it, unless the last REF was the
 * same. Sets to->alt if OK. Returns a reason (0 = OK), or -1 on a read error or lack of memory (logged). contig and the
 * alleles must not change until tfb_variants_clear. */
int tfb_variant_windows(tfb_variants_t *v, const char *contig, const tfb_change_t *c, tfb_alt_t *to);

/* Does both: trims and checks REF and ALT, and makes their windows. Sets *to, or to TFB_NO_ALT if the ALT is not
 * scored. Returns the same as tfb_variant_windows. */
int tfb_variant_add(tfb_variants_t *v, const char *contig, hts_pos_t pos, const char *ref, const char *alt,
                    tfb_alt_t *to);

/* Empties the store, for the next batch. */
void tfb_variants_clear(tfb_variants_t *v);

#endif
