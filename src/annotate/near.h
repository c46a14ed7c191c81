/* near.h - finds SNVs near an SNV that resemble it: the default background of a hit.
 *
 * Neighbours share properties that affect sites but are in no table: openness, GC over kilobases, repeats. */
#ifndef TFB_NEAR_H
#define TFB_NEAR_H

#include "genome/fasta.h"

typedef struct {
    hts_pos_t pos;
    uint8_t ref, alt; /* codes */
} tfb_near_snv_t;

typedef struct {
    int W, max_n;  /* length of a window; N allowed in it */
    uint8_t *code; /* of the neighbourhood; begins zeroed and grows, as snv does */
    size_t m_code;
    tfb_near_snv_t *snv; /* (n) of the last call, by position */
    int64_t n;
    int m;
} tfb_near_t;

/* Finds the SNVs within radius bases of contig:pos whose trinucleotide and change, on either strand, are
 * those of ref > alt (codes) there, and whose window's share of G and C is within 0.05 of the window's at
 * pos. Skips that SNV itself. Returns their number, which is also in t->n; 0 if the genome has another
 * base than ref, or no window; -1 on a read error or if memory runs out (logged). */
int64_t tfb_near_find(tfb_near_t *t, tfb_fasta_t *f, const char *contig, hts_pos_t pos, uint8_t ref, uint8_t alt,
                      hts_pos_t radius);
void tfb_near_free(tfb_near_t *t);

#endif
