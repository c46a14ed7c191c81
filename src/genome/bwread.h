/* bwread.h - reads the values of a bigWig, of any program: bedGraph, variableStep and fixedStep sections, compressed or
 * not. The file is untrusted: sizes and offsets are checked before they are used. */
#ifndef TFB_BWREAD_H
#define TFB_BWREAD_H

#include <htslib/hts.h>

/* Returns 1 if the file begins as a bigWig of this byte order, -1 if as one of the other, else 0. */
int tfb_bigwig_is(const char *path);
/* Calls item for each value of the file, in its order: contigs, then ascending positions. item returns 0, or -1
 * (logged) to stop. Returns 0, or -1 (logged). */
int tfb_bigwig_read(const char *path, int (*item)(void *arg, const char *contig, hts_pos_t beg, hts_pos_t end, float v),
                    void *arg);

#endif
