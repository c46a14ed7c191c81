/* bigwig.h - writes bigWig: intervals with values, an index over them, and zoom levels.
 *
 * The format is that of Kent et al. (2010), Bioinformatics 26:2204, with bedGraph sections.
 * Every write is checked: after the first error nothing more is written. Memory: 32 bytes for
 * each 2728 intervals, and a block of each zoom level. */
#ifndef TFB_BIGWIG_H
#define TFB_BIGWIG_H

#include "genome/fasta.h"
#include <stdio.h>

typedef struct tfb_bigwig_t tfb_bigwig_t;

/* Begins a bigWig with the contigs of fasta in f, which must be seekable and empty; the caller
 * closes f. spill: a temporary file that holds the zoom levels until the end; several bigWigs
 * may share it. path is for messages. Returns NULL on failure (logged). */
tfb_bigwig_t *tfb_bigwig_begin(FILE *f, FILE *spill, const char *path, const tfb_fasta_t *fasta);
/* Adds [beg, end) of contig: contigs in the order of the FASTA, ascending and without overlaps.
 * Returns 0, or -1 (logged). */
int tfb_bigwig_add(tfb_bigwig_t *w, const char *contig, hts_pos_t beg, hts_pos_t end, float v);
/* Writes the rest: index, zoom levels and header. Returns 0, or -1 (logged). */
int tfb_bigwig_end(tfb_bigwig_t *w);
void tfb_bigwig_destroy(tfb_bigwig_t *w);

#endif
