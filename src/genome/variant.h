/* variant.h - recognises the same change of the genome in different notations. */
#ifndef TFB_VARIANT_H
#define TFB_VARIANT_H

#include <htslib/hts.h>
#include <stdint.h>

/* Returns a number for a variant that does not depend on its notation: it ignores bases that REF and ALT share at their
 * ends, case, and chr or M for MT in the contig's name. An indel in a repeat has one number per position (`bcftools
 * norm` gives it one position). 0 if ALT equals REF.
 *
 * It is a 64-bit hash: among ten million variants, two different ones collide with a chance of 3 in a million. */
uint64_t tfb_variant_key(const char *contig, hts_pos_t pos, const char *ref, const char *alt);

#endif
