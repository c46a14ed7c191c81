/* haplotypes.h - windows of haplotypes: the genome with a sample's variants applied, insertions
 * and deletions included.
 *
 * Variants are added in the order of one contig, each with the haplotypes that carry its
 * alleles. A haplotype is a slot: haplotype k of sample s is slot k * n_samples + s, whatever
 * its ploidy. Only variants that a window may still need are kept, so memory grows with their
 * density and not with the contig.
 *
 * An allele is applied to a haplotype when its variant is added, unless its change overlaps one
 * already applied to that haplotype; it is then left out and counted. The change is what remains
 * of REF and ALT, as trimmed (alleles.h), without the bases they share at the front and then at
 * the back. So an SNV and an insertion behind the same base are both applied, but two insertions
 * at one position are not.
 *
 * The window of a haplotype at a variant is centred on what the haplotype has in place of the
 * variant's REF. REF is trimmed with one of the variant's alleles: the haplotype's own, if it
 * has one. W/2 - a/2 bases of the haplotype lie to the left of those a bases, the rest to their
 * right. If a exceeds W, the window is the middle W of them. With no other variant near, this is
 * the window of the allele alone. Variants nested in REF are part of what the haplotype has in its
 * place. If an earlier deletion reaches into REF, only the remainder of REF counts; if nothing
 * remains, the window lies around the gap. An insertion belongs to the base before it.
 *
 * A window beside a long deletion needs the variants behind the deletion's end. Its record waits
 * for them, and so do all records in between. If they take too many bytes (tfb_haps_wait),
 * windows are unknown for haplotypes that have this deletion or have a REF of such length in
 * their middle; all others are unaffected. Which windows these are depends only on the records. */
#ifndef TFB_HAPLOTYPES_H
#define TFB_HAPLOTYPES_H

#include "genome/alleles.h"

enum {
    TFB_NO_SET = INT32_MIN, /* no phase set: phased throughout, homozygous or unknown; fits every phase set */
    TFB_HAPS_LONG = 10000,  /* bases; the end of a REF up to this length is always waited for */
    TFB_HAPS_UNKNOWN =
        TFB_ALLELE_REASONS, /* another reason why a haplotype has no window, besides those in alleles.h */
};

typedef struct {
    int32_t slot, allele; /* allele > 0 */
    int32_t set;          /* the genotype's phase set, or TFB_NO_SET */
} tfb_carrier_t;

typedef struct {
    int32_t sample, set; /* sample and phase set of a heterozygous genotype */
} tfb_phase_set_t;

typedef struct {
    int64_t n_applied, n_overlaps; /* alleles applied; alleles left out for overlapping an earlier one */
    int64_t n_no_sequence;         /* alleles left out because they have no sequence, such as symbolic ones */
    int64_t n_given_up;            /* variants with a REF whose end was not waited for */
    int64_t n_other_set; /* times that a neighbour was left out of a haplotype's window because its phase set differs */
} tfb_haps_count_t;

typedef struct tfb_haps_t tfb_haps_t;

/* Returns an empty set, or NULL on lack of memory. most: limit in bytes of the records that wait
 * for the end of a REF longer than TFB_HAPS_LONG. */
tfb_haps_t *tfb_haps_create(int W, int n_samples, size_t most);
void tfb_haps_destroy(tfb_haps_t *h);
/* Removes all variants, for a new contig. */
void tfb_haps_reset(tfb_haps_t *h);
/* Records that the input has reached this position, whether or not it has a variant. */
void tfb_haps_at(tfb_haps_t *h, hts_pos_t pos);
/* Adds the next variant. allele[0] is REF; car[n_car] is in slot order, set[n_set] in sample
 * order. Returns its number, counted from 0, or -1 on lack of memory (logged). Positions must
 * not decrease. */
int64_t tfb_haps_add(tfb_haps_t *h, hts_pos_t pos, int n_allele, char *const *allele, const tfb_carrier_t *car,
                     int n_car, const tfb_phase_set_t *set, int n_set);
/* Records how many bytes the last record takes while it waits, whether or not it has a variant. */
void tfb_haps_wait(tfb_haps_t *h, size_t bytes);
/* Returns whether all variants that a window at this one may need have been added, given sorted
 * input. */
int tfb_haps_ready(tfb_haps_t *h, int64_t number);
/* Groups n_slots haplotypes that have the same alleles around the variant. Groups are numbered
 * from 0, the reference. Returns an upper limit on their number, or -1 on lack of memory
 * (logged). The groups are valid until the next call. */
int tfb_haps_group(tfb_haps_t *h, int64_t number, int n_slots);
int tfb_haps_group_of(const tfb_haps_t *h, int slot);
/* Returns the group's allele of the variant, or 0 if it was left out. */
int tfb_haps_group_allele(const tfb_haps_t *h, int group);
/* Returns whether the group has lost bases of the variant's REF to another variant. */
int tfb_haps_group_gap(const tfb_haps_t *h, int group);
/* Writes the group's window at the variant: W codes, centred on what the group has in place of
 * REF, which is trimmed with `allele` (1 or higher, with a sequence). Returns a reason from
 * alleles.h (0 = OK), TFB_HAPS_UNKNOWN, or -1 on failure (logged). */
int tfb_haps_window(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, int group, int allele, int max_n, uint8_t *code);
/* Declares that no more windows of this variant or an earlier one are needed. */
void tfb_haps_done(tfb_haps_t *h, int64_t number);
const tfb_haps_count_t *tfb_haps_count(const tfb_haps_t *h);

#endif
