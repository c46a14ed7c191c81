/* modes.h - binding modes: clusters of similar motifs. */
#ifndef TFB_MODES_H
#define TFB_MODES_H

#include "genome/meme.h"

#define TFB_MODES_MOTIFS_MAX 8192 /* the similarity matrix then takes a quarter of a gigabyte */

/* Returns the similarity of two motifs, from -1 to 1: the correlation of their probabilities about 0.25 over the
 * overlapping positions, times the share of positions that overlap (the "Ncor" of RSAT matrix-clustering), at the best
 * offset and orientation. At least 5 positions overlap, or all of the shorter motif. p (wp, 4), q (wq, 4). */
double tfb_modes_similarity(const float *p, int wp, const float *q, int wq);

/* Clusters the motifs by average linkage. Clusters with a mean similarity of at least cut are merged. Writes the number
 * of its cluster to mode (n) for each motif; clusters are numbered from 0 in file order. Returns the number of modes,
 * or -1 (logged): too many motifs, or not enough memory. */
int tfb_modes_cluster(const tfb_motifs_t *s, double cut, int *mode);

#endif
