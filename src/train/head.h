/* head.h - the first weights of a child's new last layer. */
#ifndef TFB_HEAD_H
#define TFB_HEAD_H

#include "nn/model.h"

/* Copies weights and bias of the parent's output k to output t of net, the child's network. Both have the same layers
 * below the head. */
void tfb_head_copy(tfb_net_t *net, int t, const tfb_net_t *parent, int k);
/* Writes the first layer's filter behind each input of the head to filter (inputs of the head): the filter that alone
 * decides this input, or -1 if another product lies between. Returns the number of inputs that have one. */
int tfb_head_trace(const tfb_net_t *net, int *filter);
/* Returns the number of inputs of the head. */
int tfb_head_inputs(const tfb_net_t *net);

#endif
