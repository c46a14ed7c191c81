/* overlay.h - contributions of windows, in any order, laid over one another to a track that has each position once.
 *
 * Where windows overlap, a base has the mean of what it contributes in them: that depends neither on their order nor on
 * which is whose neighbour. */
#ifndef TFB_OVERLAY_H
#define TFB_OVERLAY_H

#include "genome/track.h"

typedef struct tfb_overlay_t tfb_overlay_t;

/* Windows of W bases. Their values wait in an unnamed temporary file, so that memory holds a place for each window
 * only. NULL on failure (logged). */
tfb_overlay_t *tfb_overlay_create(int W);
void tfb_overlay_destroy(tfb_overlay_t *o);
/* The window that begins at base beg of the FASTA's contig tid: v (W). 0, or -1 (logged). */
int tfb_overlay_add(tfb_overlay_t *o, int tid, hts_pos_t beg, const float *v);
/* Writes all, in the order of the FASTA. *n_mean gets the number of windows that overlap the one before. 0, or -1
 * (logged). */
int tfb_overlay_write(tfb_overlay_t *o, const tfb_fasta_t *f, tfb_track_t *track, int64_t *n_mean);

#endif
