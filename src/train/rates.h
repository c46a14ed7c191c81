/* rates.h - learning rates by layer. */
#ifndef TFB_RATES_H
#define TFB_RATES_H

#include "nn/net.h"

/* Writes the factor of each layer's learning rate to pace (n_layers). The head's is 1. The factor of every layer with
 * weights is `factor` times that of the next one above it, along the longest path to the head. Layers without products,
 * such as batch norms, have the factor of the layer with weights that they follow. */
void tfb_rates_by_depth(const tfb_net_t *net, double factor, float *pace);
/* Writes 1 to frozen (n_layers) for all layers but the head and for those frozen in `also` (NULL: none), else 0. */
void tfb_rates_head_only(const tfb_net_t *net, const uint8_t *also, uint8_t *frozen);

#endif
