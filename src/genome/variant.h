/* variant.h - is that the same change of the genome? */
#ifndef TFB_VARIANT_H
#define TFB_VARIANT_H

#include <htslib/hts.h>
#include <stdint.h>

/* A number for a variant, the same however it is written: bases that REF and ALT share at their ends do not count, nor
 * does upper or lower case, nor chr and M against MT in the contig's name. An indel in a repeat has as many numbers as
 * places (`bcftools norm` gives it one). 0 if ALT equals REF.
 *
 * 64 bits of a hash: among ten million variants, two different ones meet with a chance of 3 in a million. */
uint64_t tfb_variant_key(const char *contig, hts_pos_t pos, const char *ref, const char *alt);

#endif
