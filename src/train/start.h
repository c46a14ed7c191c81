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

#endif
