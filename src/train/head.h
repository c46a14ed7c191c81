/* head.h - how the new last layer of a child begins. */
#ifndef TFB_HEAD_H
#define TFB_HEAD_H

#include "nn/model.h"

/* Starts the head's row of target t as the parent's row of its output k: weights and bias. net is the child's, with the
 * parent's layers below. */
void tfb_head_copy(tfb_net_t *net, int t, const tfb_net_t *parent, int k);
/* Does the first layer reach the head without another product, so that each input of the head is one filter's? Then
 * filter (inputs of the head) gets the first layer's filter behind each input, or -1, and the number of inputs that
 * have one is returned; 0: it does not. */
int tfb_head_trace(const tfb_net_t *net, int *filter);
/* Returns the number of inputs of the head. */
int tfb_head_inputs(const tfb_net_t *net);

#endif
