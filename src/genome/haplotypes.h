/* haplotypes.h - windows of haplotypes: the genome with a sample's variants applied, insertions and
 * deletions included.
 *
 * Variants come in the order of one contig, each with the haplotypes that carry its alleles. A
 * haplotype is a slot: haplotype k of sample s is slot k * n_samples + s, whatever its ploidy. The
 * set keeps just the variants that a window may still need, so memory grows with their density and
 * not with the contig.
 *
 * Which variants a haplotype has is decided when they come: an allele whose change overlaps one
 * that the haplotype has already is left out and counted. The change is what remains of REF and ALT
 * as they are trimmed (alleles.h) without the bases they share at the front, then at the back; so
 * an SNV and an insertion behind the same base are both applied, and two insertions at one place
 * are not.
 *
 * The window of a haplotype at a variant has in its middle whatever the haplotype has in place of
 * the variant's REF, as that is trimmed with one of its alleles, the haplotype's if it has one: W/2
 * - a/2 bases of the haplotype to the left of those a bases, the rest to their right; of more than
 * W, the middle W. With no other variant near that is the window of the allele alone. Nested
 * variants lie inside; of an earlier deletion that reaches into REF only the remainder of REF
 * counts, and if nothing remains the window lies around the gap. An insertion belongs to the base
 * before it.
 *
 * A window beside a long deletion needs the variants behind the deletion's end, so its record waits
 * for them, and so do all records in between. If their bytes are too many (tfb_haps_wait),
 * windows of haplotypes that have this deletion, or have a REF of such length in their middle, are
 * unknown; all others are as before. Which these are depends on the records alone. */
#ifndef TFB_HAPLOTYPES_H
#define TFB_HAPLOTYPES_H

#include "genome/alleles.h"

enum {
    TFB_NO_SET = INT32_MIN, /* phased for good, homozygous, or unknown: compatible with every phase set */
    TFB_HAPS_LONG = 10000,  /* bases of a REF whose end is always waited for */
    TFB_HAPS_UNKNOWN =
        TFB_ALLELE_REASONS, /* a further reason why a haplotype has no window, besides those of alleles.h */
};

typedef struct {
    int32_t slot, allele; /* allele > 0 */
    int32_t set;          /* the genotype's phase set, or TFB_NO_SET */
} tfb_carrier_t;

typedef struct {
    int32_t sample, set; /* of a heterozygous genotype */
} tfb_phase_set_t;

typedef struct {
    int64_t n_applied, n_overlaps; /* alleles on haplotypes: applied, or left out for an earlier one */
    int64_t n_no_sequence;         /* ... for what they are: symbolic and the like */
    int64_t n_given_up;            /* variants with a REF whose end was not waited for */
    int64_t n_other_set; /* times that a neighbour of another phase set was left out of a haplotype's window */
} tfb_haps_count_t;

typedef struct tfb_haps_t tfb_haps_t;

/* most: bytes of records that may wait for the end of a REF longer than TFB_HAPS_LONG. NULL on
 * lack of memory. */
tfb_haps_t *tfb_haps_create(int W, int n_samples, size_t most);
void tfb_haps_destroy(tfb_haps_t *h);
/* Removes all variants, for a new contig. */
void tfb_haps_reset(tfb_haps_t *h);
/* Records that the input has reached this position, with a variant or not. */
void tfb_haps_at(tfb_haps_t *h, hts_pos_t pos);
/* Adds the next variant. allele[0] is REF; car[n_car] in the order of slots, set[n_set] of samples.
 * Returns its number, counted on from 0, or -1 on lack of memory (logged). Positions must not
 * decrease. */
int64_t tfb_haps_add(tfb_haps_t *h, hts_pos_t pos, int n_allele, char *const *allele, const tfb_carrier_t *car,
                     int n_car, const tfb_phase_set_t *set, int n_set);
/* Records how many bytes the last record takes while it waits, with a variant or not. */
void tfb_haps_wait(tfb_haps_t *h, size_t bytes);
/* Returns whether all variants have been added that a window at this one may need, if the input is sorted. */
int tfb_haps_ready(tfb_haps_t *h, int64_t number);
/* Sorts n_slots haplotypes into groups that have the same alleles around the variant. Groups are
 * numbered from 0, the reference. Returns how many there may be, or -1 on lack of memory (logged).
 * Valid until the next call. */
int tfb_haps_group(tfb_haps_t *h, int64_t number, int n_slots);
int tfb_haps_group_of(const tfb_haps_t *h, int slot);
/* Returns the allele of the variant that a group has, 0 if that was left out. */
int tfb_haps_group_allele(const tfb_haps_t *h, int group);
/* Returns whether the group has lost bases of the variant's REF to another variant. */
int tfb_haps_group_gap(const tfb_haps_t *h, int group);
/* Writes the group's window at the variant: W codes, in the middle what it has in place of REF
 * as that is trimmed with an allele (from 1, with a sequence). Returns a reason of alleles.h (0
 * = OK), TFB_HAPS_UNKNOWN, or -1 on failure (logged). */
int tfb_haps_window(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, int group, int allele, int max_n, uint8_t *code);
/* Declares that no more windows of this variant or an earlier one are needed. */
void tfb_haps_done(tfb_haps_t *h, int64_t number);
const tfb_haps_count_t *tfb_haps_count(const tfb_haps_t *h);

#endif
