/* rates.h - how fast each layer of a network learns. */
#ifndef TFB_RATES_H
#define TFB_RATES_H

#include "nn/net.h"

/* Fills pace (n_layers): what the learning rate of each layer is multiplied by. The head's is 1, and that of every
 * layer with weights below is factor times that of the one above: of several ways up, the longest counts. Batch norms
 * and other layers without products have the pace of the layer with weights that they follow. */
void tfb_rates_by_depth(const tfb_net_t *net, double factor, float *pace);
/* Fills frozen (n_layers): 1 for all layers but the head, and for those frozen in `also` (NULL: none). */
void tfb_rates_head_only(const tfb_net_t *net, const uint8_t *also, uint8_t *frozen);

#endif
