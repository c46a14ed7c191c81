/* steps.h - a network compiled for scoring: a short list of steps, into which following layers are folded.
 *
 *     y = pool(act(op(x) + bias + residual) * scale + shift)
 *
 * op is a product, the rows() of a layer kind, or nothing. A batch norm right after a product is folded
 * into its weights and bias; one after the activation becomes scale and shift. Layer kinds define how they
 * join a step (tfb_kind_t.fuse), so plan.c needs no names of layer kinds. */
#ifndef TFB_STEPS_H
#define TFB_STEPS_H

#include "kernels/low.h"
#include "nn/net.h"

enum {
    TFB_STEP_FRESH,   /* no layer has joined yet */
    TFB_STEP_EACH,    /* no op: y is computed from x, position by position */
    TFB_STEP_PRODUCT, /* convolution or dense */
    TFB_STEP_ROWS,    /* the layer kind's rows() */
    TFB_STEP_WHOLE,   /* the layer's own forward over a block of windows (recurrent layers) */
};

/* Applies an activation to x (n), in place. */
typedef void (*tfb_act_f)(size_t n, float *x);

typedef struct tfb_step_s {
    int op;
    const tfb_layer_t *layer; /* the first layer that joined */
    const tfb_layer_t *pool;  /* the pooling layer that joined, or NULL */
    int in[TFB_MAX_INPUTS];   /* the steps whose outputs are read, or TFB_BASES */
    int n_in;
    int other;                 /* while a layer with two inputs is offered: the step of the earlier one */
    int residual;              /* the step whose output is added before the activation; -1 = none */
    tfb_shape_t src, mid, out; /* shapes of the first input, after op, after pooling */
    int K, D, pad, P;          /* taps, their distance, zero rows at both ends; pool width, 1 = none */
    int first;                 /* reads bases */
    float *w;                  /* (K, C, F), folded; NULL if there is no product, and once it is packed, unless
                                  tfb_step_is_plain */
    float *bias;               /* (F) or NULL */
    int relu;                  /* at most one of relu and act */
    tfb_act_f act;
    float *scale, *shift;   /* (F) or NULL */
    float *packed;          /* w packed for gemm or conv_max3, or for lookup2 if the step reads bases */
    size_t tap;             /* dilated products: floats of one tap in packed */
    float *taps, *spread;   /* w packed for snvs.c, once it is used: one matrix per tap; for the kernel spread */
    tfb_low_product_t *low; /* the product in low precision; NULL: float32 */
    float low_per;          /* int8: 1 / the step of its input */
    int low_split;          /* operands are split in two: see low.c */
    int low_out;            /* its output is kept in low precision */
    float low_step;         /* int8: the step of its output */
    size_t row;             /* floats that a row of the output takes: out.C, or less in low precision */
    int last_use;           /* the last step that reads it; n_steps for the logits */
    int n_uses;
    /* where it runs and where its output lies */
    int by_block;  /* over a block of windows; 0: window by window, as long as activations are in the cache */
    int alone;     /* needs a separate window: windows of a stretch cannot share it */
    int halo;      /* zero rows that readers need before and after its output */
    size_t off;    /* offset of row 0 in a slot's activations; steps by window only */
    int slot_kept; /* its output lies in a slot's activations; 0: in a block buffer */
    int buffer;    /* which block buffer has it; -1 = none */
    size_t stride; /* floats of a window there */
} tfb_step_t;

/* The fuse() of kinds with rows() that must come first in a step: begins a step, joins none. */
int tfb_fuse_rows(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s);

/* A network prepared for scoring; read-only afterwards. */
typedef struct {
    tfb_net_t *net;
    tfb_step_t *step;
    int n_steps;
    int *window, n_window; /* the steps that run window by window, in order */
    int *block, n_block;   /* those that run over a block */
    int W, T;
    size_t n_act; /* floats of a slot's activations */
    int n_buffers;
    size_t *m_buffer;       /* floats of a window in each block buffer */
    int sharable;           /* windows of a stretch can share convolutions: no step by window is padded */
    const tfb_low_t *low;   /* products in low precision; NULL: float32 */
    const tfb_low_t *split; /* those of dense layers, always bfloat16; NULL: float32 */
    size_t slack;           /* floats that such products may read beyond an output */
} tfb_plan_t;

/* Prepares a network for the given outputs (targets NULL: all of them, in order). net may be destroyed
 * afterwards. low: products in low precision; NULL: float32. most (n_layers): for int8, the largest input of each
 * layer's product (0: the product stays float32). Returns NULL if memory runs out. */
tfb_plan_t *tfb_plan_create(const tfb_net_t *net, const int *targets, int n_targets, const tfb_low_t *low,
                            const float *most);
void tfb_plan_destroy(tfb_plan_t *p);
/* Decides which products run in low precision and which outputs are kept in it. Returns 0, or -1 if memory runs out. */
int tfb_low_mark(tfb_plan_t *p, const float *most);
/* Packs the weights of such a product. Returns 0, or -1 if memory runs out. */
int tfb_low_pack_step(const tfb_plan_t *p, tfb_step_t *s);
void tfb_low_free(tfb_step_t *s);
/* Returns whether the product writes its output itself: no part after it is left to other functions. */
int tfb_low_is_simple(const tfb_step_t *s);
/* Returns whether the step's input k is kept in low precision. */
static inline int tfb_low_in(const tfb_plan_t *p, const tfb_step_t *s, int k)
{
    return k < s->n_in && s->in[k] != TFB_BASES && p->step[s->in[k]].low_out;
}
/* Warns once of a TFBIND_GEMM that cannot be followed. */
void tfb_gemm_report(void);
/* Returns whether the step is a convolution pooled over 3 for which conv_max3 is faster. */
int tfb_step_is_grouped(const tfb_step_t *s);
/* Returns whether the step is a convolution that snvs.c can share: neither
 * dilated nor padded, and followed by no more than ReLU, batch norm and pooling. */
int tfb_step_is_plain(const tfb_step_t *s);
/* Returns the sharpness if a layer is `gpool lse`, else 0. */
float tfb_gpool_sharpness(const tfb_layer_t *l);
/* Returns whether the step is a product over the whole width of its input, with one row per window. */
int tfb_step_is_dense(const tfb_step_t *s);
/* Sets the rows of output that can change if rows [beg, end) of input k change (k = 1 with a residual: the
 * residual); beg < end. */
void tfb_step_reach(const tfb_step_t *s, int residual, int beg, int end, int *ob, int *oe);
/* Sets the rows of the first inputs and of the residual from which output rows [b, e) are computed; b < e. */
void tfb_step_needs(const tfb_step_t *s, int b, int e, int *nb, int *ne);

#endif
