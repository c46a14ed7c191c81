/* phased.h - records with genotypes -> haplotypes -> windows of each -> FORMAT values and departures.
 *
 * --phase (the letters of `bcftools csq -p`) sets how to read a heterozygous genotype that is not phased,
 * that is, not all its separators are |:
 *     r   fails
 *     s   skips it: the sample has no value there, and its neighbours do not see the genotype
 *     a   takes it as it is: 0/1 is 0|1
 *     R   makes both haplotypes non-reference: 0/1 is 1|1, 1/2 is 1|2
 *     m   merges all genotypes, phased or not, into one haplotype: 0/1 is 1, 1/2 is 1
 * Genotypes that are partly missing and not phased (./1) are skipped by r and s and kept by the
 * others. With r and s, heterozygous neighbours in another phase set (FORMAT/PS) are not in a
 * record's windows, because it is not known how they combine.
 *
 * A haplotype has no value for a missing or symbolic allele and the like, and for * if it has lost
 * no base. A missing or symbolic allele of a neighbour counts as the reference. Any ploidy is
 * allowed, and it may differ between samples. */
#ifndef TFB_PHASED_H
#define TFB_PHASED_H

#include "genome/haplotypes.h"
#include "score/variant.h"
#include <htslib/vcf.h>

typedef struct tfb_phased_t tfb_phased_t;

/* The haplotypes of a record. Initialise with zeros once; it is reused. Free with tfb_phased_rec_free. */
typedef struct {
    int64_t number; /* number among the variants; -1: not used */
    int ploidy;     /* most haplotypes of a sample */
    int32_t *win;   /* (ploidy, n_samples): window of each haplotype, negative: no value */
    int m_win;
    int32_t *pair; /* (n_pair, 2): an ALT (from 0) and a window of haplotypes that have it */
    int n_pair, m_pair;
} tfb_phased_rec_t;

/* Prepares the haplotypes of a file. phase: one of "amrRs". Returns NULL on failure (logged), also if the
 * file has no genotypes. */
tfb_phased_t *tfb_phased_create(const bcf_hdr_t *hdr, const char *in, char phase, int W, int max_n);
void tfb_phased_destroy(tfb_phased_t *p);
void tfb_phased_rec_free(tfb_phased_rec_t *r);
/* Adds the next record. usable: its alleles may be applied and scored; if 0, the record only shows how far
 * the input has been read. If the contig differs from the last record's, all windows of the last contig
 * must have been made: see tfb_phased_new_contig. Returns 0, or -1 (logged). */
int tfb_phased_read(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, int usable, tfb_phased_rec_t *r);
int tfb_phased_new_contig(const tfb_phased_t *p, const bcf1_t *rec);
/* Returns whether all neighbours have been read. */
int tfb_phased_ready(const tfb_phased_t *p, const tfb_phased_rec_t *r);
/* Makes the windows of a record's haplotypes, each sequence once; alt[n_alt] has the existing windows; at
 * least one ALT is scored. The middle of a haplotype is REF as trimmed with the ALT in its genotype or, if
 * it has none, with the first scored ALT. Call it for records in order. Returns 0, or -1 (logged). */
int tfb_phased_windows(tfb_phased_t *p, tfb_fasta_t *f, const char *contig, tfb_phased_rec_t *r, const tfb_alt_t *alt,
                       int n_alt, tfb_windows_t *w);
/* Writes the FORMAT value of each haplotype for target t. Returns 0, or -1 (logged). */
int tfb_phased_format(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, const tfb_phased_rec_t *r,
                      const tfb_windows_t *w, int t, const char *tag);
/* Writes to *d the largest departure, signed, of P(haplotype) from P(ALT alone) for target t, among the
 * haplotypes with ALT i; the missing value if no haplotype has it. alt: the ALT's own window, -1 = none. */
void tfb_phased_departure(const tfb_phased_rec_t *r, const tfb_windows_t *w, int i, int alt, int t, float *d);
/* Returns a sentence on what was skipped, "" if nothing was. Owned by p. */
const char *tfb_phased_summary(tfb_phased_t *p);

#endif
