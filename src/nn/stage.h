/* stage.h - what scoring makes of a network: a short list of stages, each a product with everything after it folded in.
 *
 *     y = pool(relu(W x + bias) * scale + shift)
 *
 * A batch norm right after the product disappears into W and bias; one after the ReLU becomes scale and shift. Layer kinds say how
 * they join a stage (tfb_kind_t.fuse), so that this stays a walk over the list that knows no layer by name. */
#ifndef TFB_STAGE_H
#define TFB_STAGE_H

#include "nn/net.h"

typedef struct tfb_stage_s {
    const tfb_layer_t *layer; /* the conv or dense layer; NULL: no product, y = x */
    tfb_shape_t in, mid, out; /* before the product, after it, after pooling */
    int K;                    /* width of the product */
    float *w;                 /* (K, C, F), folded; NULL where there is no product */
    float *bias;              /* (F) */
    int relu;
    float *scale, *shift; /* (F) or NULL */
    int P;                /* pool width, 1 = none */
    float *packed;        /* w packed for gemm; first stage: the table of lookup2 */
    int first;
    int whole; /* not a product: runs by the layer's own forward over a block of windows (recurrent layers) */
} tfb_stage_t;

#endif
