/* overlay.h - merges contributions of windows, in any order, into a track with each position once.
 *
 * If windows overlap, a base gets the mean of its contributions in them, which does not depend on the
 * order of the windows or on which are neighbours. */
#ifndef TFB_OVERLAY_H
#define TFB_OVERLAY_H

#include "genome/track.h"

typedef struct tfb_overlay_t tfb_overlay_t;

/* Begins a set of windows of W bases. Their values are stored in an unnamed temporary file; memory holds
 * only the place of each window. Returns NULL on failure (logged). */
tfb_overlay_t *tfb_overlay_create(int W);
void tfb_overlay_destroy(tfb_overlay_t *o);
/* Adds the window that begins at base beg of the FASTA's contig tid: v (W). Returns 0, or -1 (logged). */
int tfb_overlay_add(tfb_overlay_t *o, int tid, hts_pos_t beg, const float *v);
/* Writes all windows, in the order of the FASTA. *n_mean gets the number of windows that overlap the one
 * before. Returns 0, or -1 (logged). */
int tfb_overlay_write(tfb_overlay_t *o, const tfb_fasta_t *f, tfb_track_t *track, int64_t *n_mean);

#endif
