/* rates.c - learning rates by layer. In: the graph. Out: a factor for each layer, and whether it is frozen. */
#include "train/rates.h"
#include <math.h>

static int has_weights(const tfb_layer_t *l) { return l->n_tensors > 0 && l->tensor[0].n_dims > 1; }

void tfb_rates_by_depth(const tfb_net_t *net, double factor, float *pace)
{
    int n = net->n_layers, above[TFB_MAX_LAYERS] = {0}; /* layers with weights on the longest way up */
    for (int i = n - 1; i >= 0; i--) {
        const tfb_layer_t *l = &net->layer[i];
        for (int k = 0; k < l->n_src; k++) {
            int from = l->src[k], way = above[i] + has_weights(l);
            if (from != TFB_BASES && way > above[from]) above[from] = way;
        }
        pace[i] = (float)pow(factor, above[i]);
    }
}

void tfb_rates_head_only(const tfb_net_t *net, const uint8_t *also, uint8_t *frozen)
{
    for (int i = 0; i < net->n_layers; i++) frozen[i] = i < net->n_layers - 1 || (also && also[i]);
}
