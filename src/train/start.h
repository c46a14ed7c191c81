/* start.h - motifs as the first filters of a network: what is known of a TF's site need not be learnt again from a few
 * hundred regions. */
#ifndef TFB_START_H
#define TFB_START_H

#include "genome/meme.h"
#include "nn/net.h"

/* Sets filters of the first layer (a convolution) to the log odds of the targets' motifs, in both orientations, as many
 * as there is room for; what is like a filter already set is left out, and filters that are left over stay as they
 * were. A long motif gives the stretch of K positions with most information. Returns the number of filters set, or -1
 * (logged): the first layer is no convolution, or no target has a motif. */
int tfb_start_motifs(tfb_net_t *net, char *const *targets, int n_targets, const tfb_motifs_t *motifs);

#endif
