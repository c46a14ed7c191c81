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

/* The parts of that. Returns the motif of a TF, one of the TF alone before one of a dimer, or NULL. */
const tfb_motif_t *tfb_start_motif_of(const tfb_motifs_t *motifs, const char *tf);
/* Sets f (K, 4) to the log odds of motif m against even bases, in the middle of the filter, or to its best stretch of K
 * positions; 0 elsewhere. */
void tfb_start_filter(const tfb_motif_t *m, int K, int reverse, float *f);
/* Returns how alike two such filters (K, 4) are at their best offset: 1 for the same filter. */
double tfb_start_likeness(const float *a, const float *b, int K);

#endif
