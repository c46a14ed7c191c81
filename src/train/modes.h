/* modes.h - binding modes: clusters of motifs that look alike. */
#ifndef TFB_MODES_H
#define TFB_MODES_H

#include "genome/meme.h"

#define TFB_MODES_MOTIFS_MAX 8192 /* the matrix of similarities takes a quarter of a gigabyte there */

/* How alike two motifs are, from -1 to 1: the correlation of their probabilities about 0.25 over the positions that
 * overlap, times the share of the positions that do (the "Ncor" of RSAT matrix-clustering), at the best offset of
 * either orientation. At least 5 positions overlap, or all of the shorter motif. p (wp, 4), q (wq, 4). */
double tfb_modes_similarity(const float *p, int wp, const float *q, int wq);

/* Clusters the motifs by average linkage; clusters whose mean similarity is cut or more are one. mode (n) gets a number
 * from 0 for each motif, in the order in which clusters appear in the file. Returns the number of modes, or -1: too
 * many motifs or too little memory (logged). */
int tfb_modes_cluster(const tfb_motifs_t *s, double cut, int *mode);

#endif
