/* base.h - base codes: A C G T = 0 1 2 3 (either case), anything else = 4 (N). */
#ifndef TFB_BASE_H
#define TFB_BASE_H

#include <stddef.h>
#include <stdint.h>

#define TFB_N 4

extern const uint8_t tfb_base_code[256]; /* ASCII -> code */
extern const char tfb_base_char[5];      /* code -> "ACGTN" */

static inline uint8_t tfb_base_comp(uint8_t c) { return c == TFB_N ? TFB_N : (uint8_t)(3 - c); }

/* Returns whether c is allowed in a sequence: a letter (a base, or counted as N) or a gap. */
static inline int tfb_is_residue(unsigned char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-'; }

void tfb_encode(const char *seq, size_t n, uint8_t *code);
/* Writes the reverse complement of n codes. src and dst must not overlap. */
void tfb_revcomp(const uint8_t *src, size_t n, uint8_t *dst);
size_t tfb_count_n(const uint8_t *code, size_t n);

#endif
