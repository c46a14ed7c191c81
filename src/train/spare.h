/* spare.h - a target's own motif in a network that is trained already. */
#ifndef TFB_SPARE_H
#define TFB_SPARE_H

#include "genome/labels.h"
#include "genome/meme.h"
#include "nn/net.h"

typedef struct {
    int motifs;  /* targets that have a motif */
    int filters; /* filters that were replaced */
    int heads;   /* targets whose row of the head starts with weight on their motif's filters */
} tfb_spare_t;

/* Puts the motifs of the targets of ex, in both orientations, in the place of the filters of the first layer that the
 * layers above use least. A batch norm that follows gets the statistics that the new filters have on the training
 * regions. If filters reach the head directly (tfb_head_trace), the target's row starts with weight on its motif's.
 * 0, or -1 (logged): the first layer is no convolution, it has too few filters, or no target has a motif. */
int tfb_spare_motifs(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_motifs_t *motifs,
                     tfb_spare_t *done);

#endif
