/* shuffle.h - shuffles of a sequence that keep how often each pair of neighbouring bases occurs. */
#ifndef TFB_SHUFFLE_H
#define TFB_SHUFFLE_H

#include "util/util.h"

/* Writes a shuffle of code (n) to out (n), uniform among the sequences with the same number of each
 * dinucleotide and the same first and last base (N counts as a fifth base). work has room for n bytes. */
void tfb_shuffle_dinucleotides(const uint8_t *code, int n, tfb_rng_t *rng, uint8_t *out, uint8_t *work);

#endif
