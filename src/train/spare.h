/* spare.h - puts a target's own motif into a trained network. */
#ifndef TFB_SPARE_H
#define TFB_SPARE_H

#include "genome/labels.h"
#include "genome/meme.h"
#include "nn/net.h"

typedef struct {
    int motifs;  /* targets that have a motif */
    int filters; /* replaced filters */
    int heads;   /* targets whose row of the head starts with weight on their motif's filters */
} tfb_spare_t;

/* Replaces the filters of the first layer that the layers above use least by the motifs of the targets of ex, in both
 * orientations. Updates the statistics of a following batch norm to those of the new filters on the training regions.
 * If filters reach the head directly (tfb_head_trace), the target's row starts with weight on the filters of its motif.
 * 0, or -1 (logged) if the first layer is not a convolution or has too few filters, or no target has a motif. */
int tfb_spare_motifs(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_motifs_t *motifs,
                     tfb_spare_t *done);

#endif
