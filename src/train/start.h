/* start.h - sets the first filters of a network to known motifs, so that training with a few hundred regions need not
 * learn them. */
#ifndef TFB_START_H
#define TFB_START_H

#include "genome/meme.h"
#include "nn/net.h"

/* Sets filters of the first layer, which must be a convolution, to the log odds of the targets' motifs in both
 * orientations. Skips motifs similar to a filter already set, and stops when all filters are set; leftover filters keep
 * their weights. A motif longer than K contributes the K positions with most information. Returns the number of filters
 * set, or -1 (logged): the first layer is not a convolution, or no target has a motif. */
int tfb_start_motifs(tfb_net_t *net, char *const *targets, int n_targets, const tfb_motifs_t *motifs);

/* Returns the motif of a TF, or NULL. Prefers a motif of the TF alone to one of a dimer. */
const tfb_motif_t *tfb_start_motif_of(const tfb_motifs_t *motifs, const char *tf);
/* Writes the log odds of motif m against equal base frequencies to the middle of f (K, 4), and 0 elsewhere. If m is
 * longer than K, writes its K positions with most information. */
void tfb_start_filter(const tfb_motif_t *m, int K, int reverse, float *f);
/* Returns the cosine of two such filters (K, 4) at their best offset. */
double tfb_start_likeness(const float *a, const float *b, int K);

#endif
