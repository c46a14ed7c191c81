/* alleles.h - REF and ALT alleles -> windows of base codes.
 *
 * Each allele sits in the middle of its own window of W bases: W/2 - a/2 bases of the genome to its left (a = the allele's length as
 * the record writes it; integer division), the rest to its right; of an allele longer than W, the middle W bases. For an SNV that is
 * [pos - W/2, pos - W/2 + W) with the variant at index W/2. Because lengths are those of the record, not of trimmed alleles, a
 * record has one REF window however many ALTs it has, splitting it changes nothing, and exchanging REF and ALT exchanges windows. */
#ifndef TFB_ALLELES_H
#define TFB_ALLELES_H

#include "genome/fasta.h"

/* Why an allele has no window. */
typedef enum {
    TFB_ALLELE_OK = 0,
    TFB_ALLELE_SYMBOLIC,  /* <DEL>, <NON_REF>, <*>, ... */
    TFB_ALLELE_STAR,      /* *: deleted by an overlapping variant */
    TFB_ALLELE_BREAKEND,  /* G]17:198982], .A, A. */
    TFB_ALLELE_NOT_ACGT,  /* IUPAC codes, N, anything else; . as ALT */
    TFB_ALLELE_NO_CONTIG, /* the contig is not in the FASTA */
    TFB_ALLELE_EDGE,      /* the window would reach beyond the contig */
    TFB_ALLELE_MANY_N,    /* more N in the window than allowed */
    TFB_ALLELE_MISMATCH,  /* REF is not what the FASTA has */
    TFB_ALLELE_SAME,      /* an ALT that is REF: nothing changes, so no TF's binding changes most */
    TFB_ALLELE_REASONS
} tfb_allele_t;

/* In words, for summaries: "symbolic", "too near a contig end", ... */
const char *tfb_allele_reason(tfb_allele_t r);

/* What an allele's text is: OK for one or more of ACGT in either case. */
tfb_allele_t tfb_allele_kind(const char *allele);

/* Codes of contig:[beg, end), as they are. A reason (0 = OK), or -1 on a read error (logged). */
int tfb_allele_bases(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code);

/* The window of an allele of a bases that stands in place of contig:[pos, pos + rlen). code gets W codes. Returns a reason (0 = OK), or
 * -1 on a read error (logged). allele must be of kind OK. max_n: N allowed in the window. */
int tfb_allele_window(tfb_fasta_t *f, const char *contig, hts_pos_t pos, hts_pos_t rlen, const char *allele, int a, int W, int max_n, uint8_t *code);

/* Compares REF with the FASTA, case ignored. TFB_ALLELE_OK, _MISMATCH (*at gets the offset of the first difference, *base the
 * FASTA's letter), _NO_CONTIG, _EDGE (REF reaches beyond the contig), or -1 on a read error. An N or IUPAC code on either side
 * contradicts nothing: a masked reference says nothing about REF (`bcftools norm -c` would call that a mismatch). */
int tfb_allele_check_ref(tfb_fasta_t *f, const char *contig, hts_pos_t pos, const char *ref, int *at, char *base);

#endif
