/* alleles.h - REF and ALT alleles -> windows of base codes.
 *
 * Bases that REF and an ALT share are trimmed before windows are placed, first from the right,
 * then from the left, until one of the two is a single base. So a change has the same value
 * however a record pads it. `bcftools norm` trims a single ALT in the same way, but also moves
 * indels along a repeat. The base that an indel shares with REF stays.
 *
 * Each allele then lies in the middle of its own window of W bases: W/2 - a/2 bases of the
 * genome to its left (a = the allele's length, integer division), the rest to its right. For an
 * SNV that is [pos - W/2, pos - W/2 + W) with the variant at index W/2. If an allele is longer
 * than W, the window is its middle W bases. The ALTs of a record may share different bases with
 * REF, and then have different windows of REF. Splitting or joining records changes nothing, and
 * exchanging REF and ALT exchanges windows. */
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
    TFB_ALLELE_MISMATCH,  /* REF disagrees with the FASTA */
    TFB_ALLELE_SAME,      /* an ALT that is REF: nothing changes, so no TF's binding changes most */
    TFB_ALLELE_REASONS
} tfb_allele_t;

/* Returns the text of a reason for summaries: "symbolic", "too near a contig end", ... */
const char *tfb_allele_reason(tfb_allele_t r);

/* Checks an allele's text. Returns OK for one or more of ACGT in either case, else the reason. */
tfb_allele_t tfb_allele_kind(const char *allele);

/* Reads the codes of contig:[beg, end). Returns a reason (0 = OK), or -1 on a read error (logged). */
int tfb_allele_bases(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code);

/* REF and an ALT without the bases that they share. */
typedef struct {
    hts_pos_t pos;         /* position of REF's first base, 0-based */
    const char *ref, *alt; /* point into the trimmed strings; not terminated */
    int n_ref, n_alt;      /* bases, at least one */
} tfb_change_t;

/* Trims REF and an ALT of a record at pos, ignoring case. Returns OK, SAME, or why the ALT
 * cannot be scored (NOT_ACGT also if REF is not ACGT). Sets *c for OK and SAME. Every window of
 * a variant begins with this call. */
tfb_allele_t tfb_allele_trim(hts_pos_t pos, const char *ref, const char *alt, tfb_change_t *c);
/* Returns whether the REFs of two changes on a contig are the same bases at the same place. */
int tfb_change_same_ref(const tfb_change_t *a, const tfb_change_t *b);
/* Returns the number of genome bases to the left of an allele of a bases in its window. */
int tfb_allele_left(int a, int W);

/* Writes the window of REF (which 0) or ALT (which 1) of a change to code (W). max_n: most Ns in the window. Returns a
 * reason (0 = OK), or -1 on a read error (logged). */
int tfb_allele_window(tfb_fasta_t *f, const char *contig, const tfb_change_t *c, int which, int W, int max_n,
                      uint8_t *code);

/* Compares REF with the FASTA, ignoring case. Returns TFB_ALLELE_OK, _MISMATCH (*at gets the
 * offset of the first difference, *base the FASTA's letter), _NO_CONTIG, _EDGE (REF reaches
 * beyond the contig), or -1 on a read error. An N or IUPAC code on either side is not a
 * mismatch, because a masked reference does not contradict REF (`bcftools norm -c` would report
 * a mismatch). */
int tfb_allele_check_ref(tfb_fasta_t *f, const char *contig, hts_pos_t pos, const char *ref, int *at, char *base);

#endif
