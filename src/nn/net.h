/* net.h - a network is a graph of layers, described as data.
 *
 * In: base codes (B, W).  Out: logits (B, T).  The spec is text, one layer between semicolons:
 *
 *     conv 256 15; bn; m = relu; pool 3; r = conv 256 5 same; bn; relu; conv 256 5 same dilate 2; bn; add @r; relu;
 *     gpool max; a = dropout 0.1; gpool max @m; cat @a; dense 512; bn; relu; dense 163
 *
 * A layer reads the output of the layer before it. `@name` reads that of a named layer instead, `@bases` the sequence;
 * kinds with two inputs (add, cat) read the layer before and the named one, or two named ones. The order of the text is
 * the order in which the layers run, so a name must come before it is read.
 *
 * A layer is named by `name = kind ...`; otherwise the i-th convolution or dense layer is c<i> or d<i>, and a batch
 * norm takes the number of the layer before it: the names of the published state_dicts.
 *
 * Activations are (B, L, C), channels last: the K positions that a convolution reads are K*C neighbouring floats, so
 * im2col is not needed. Weights are (K, C, F) in memory, but PyTorch's (F, C, K) in files. */
#ifndef TFB_NET_H
#define TFB_NET_H

#include "util/util.h"
#include <stddef.h>
#include <stdint.h>

/* Limit against mistakes and attacks: the published nets have 22 layers. */
#define TFB_MAX_LAYERS  256
#define TFB_MAX_TENSORS 32
#define TFB_NAME_MAX    48
#define TFB_MAX_WINDOW  1000000

typedef struct {
    int L, C;        /* positions, channels */
    int by_position; /* what flattening means to a dense layer in PyTorch: 0 channel-major (C, L), 1 position-major (L,
                        C) */
} tfb_shape_t;

typedef struct tfb_layer_t tfb_layer_t;
typedef struct tfb_kind_t tfb_kind_t;
typedef struct tfb_net_t tfb_net_t;
struct tfb_step_s; /* steps.h */

/* The most inputs of a layer, and the index that stands for the bases. */
enum { TFB_MAX_INPUTS = 2, TFB_BASES = -1 };

/* A named array of a layer, as in files and in PyTorch. */
typedef struct {
    char suffix[32]; /* "weight", "running_mean", ... */
    int n_dims;
    int dim[3];    /* as in the file */
    int trainable; /* 1: lives in net->param; 0: a statistic, lives in net->stat */
    size_t off;    /* offset in its layer's part of its block */
    size_t n;      /* elements */
    int fck[3];    /* not all 0: the file has (F, C, K), memory (K, C, F) */
} tfb_tensor_t;

struct tfb_layer_t {
    const tfb_kind_t *kind;
    char name[TFB_NAME_MAX];
    int index;               /* in net->layer */
    int src[TFB_MAX_INPUTS]; /* the layers whose outputs it reads; TFB_BASES: the sequence */
    int n_src;
    int n_uses;          /* number of inputs of later layers that read its output */
    int first;           /* reads base codes, not floats */
    tfb_shape_t in, in2; /* of its inputs; in2 is {0} for kinds with one input */
    tfb_shape_t out;
    int F, K, n_stack; /* filters or units; kernel or pool width; stacked recurrent layers */
    int pad, dilate;   /* zero rows before and after the input; distance of neighbouring taps, at least 1 */
    int mode;          /* which variant of its kind, if the kind has several */
    float rate;        /* dropout's */
    float sharpness;   /* gpool lse's */
    int n_tensors;
    tfb_tensor_t tensor[TFB_MAX_TENSORS];
    size_t param_off, n_param; /* this layer's part of net->param */
    size_t stat_off, n_stat;
};

/* State of a pass over a batch. Buffers are sized once for the largest batch. */
typedef struct {
    tfb_net_t *net;
    tfb_pool_t *pool;
    int B; /* examples in this batch */
    /* If several processes train together, this batch is examples [first, first + B) of a whole batch of B_all, and sum
     * adds up x (n) over the processes in place, with the same result for all. One process: sum NULL, first 0. */
    void (*sum)(double *x, size_t n);
    int first, B_all;
    int train; /* batch statistics and dropout on */
    uint64_t seed,
        step; /* for dropout masks, which depend on (seed, step, layer, element of the whole batch), not on threads */
    const uint8_t *code;        /* (B, W), the input of the first layer */
    const float *noise;         /* (B, W, 4), added to the one-hot input, or NULL. For training: scoring has none */
    const uint8_t *noisy;       /* (B): the examples with noise; the noise of the others is not read */
    float *param, *stat, *grad; /* the net's blocks; grad NULL: no parameter gradients (attribution) */
    uint8_t *scratch;           /* per-thread scratch: thread t has scratch + t * m_scratch */
    size_t m_scratch;
    void **cache;          /* one block per layer, kind->cache bytes */
    int update_stat;       /* update running statistics (train only) */
    const uint8_t *frozen; /* per layer, 1 = frozen: no gradient, batch norm uses running statistics; or NULL */
} tfb_pass_t;

/* What a layer does with a constant added to a whole input channel: it is kept in an output channel, or
 * removed by the batch's statistics. */
enum { TFB_CONSTANT_STAYS = 1, TFB_CONSTANT_GOES = 2 };

struct tfb_kind_t {
    const char *name;
    /* Parses the arguments after the name, checks the input shape, fills out, F, K, rate and tensors (with
     * offsets relative to the layer). Returns 0, or -1 with a message in err. */
    int (*setup)(tfb_layer_t *l, const char *args, char *err, size_t m_err);
    /* PyTorch's default initialisation; p and s are the layer's parts of the blocks. NULL if there is
     * nothing to initialise. */
    void (*init)(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r);
    /* Bytes kept from forward to backward, and bytes of scratch a thread needs, for batches of at most B. NULL = 0. */
    size_t (*cache)(const tfb_layer_t *l, int B);
    size_t (*scratch)(const tfb_layer_t *l, int B);
    int n_inputs; /* 0 means 1 */
    /* Writes y (B, out.L, out.C) from x[0] (B, in.L, in.C), and x[1] (B, in2.L, in2.C) if the kind has two inputs; x[0]
     * is NULL for a layer that reads bases (pass->code). in_place kinds get x[0] == y. */
    void (*forward)(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y);
    /* Writes dx[i] (NULL: not needed; (B, W, 4) for a layer that reads bases: the gradient of their
     * one-hot) from dy. Overwrites dx and the parameters' part of pass->grad; never accumulates: the walk
     * adds up the gradients of a value with several readers. y is what forward left in y, x its input (for
     * in_place kinds x[0] == y). dy may be overwritten; in_place kinds get dx[0] == dy. */
    void (*backward)(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                     float *const *dx);
    /* DeepLIFT: the same with multipliers in place of gradients, under the rescale rule. The batch is B/2
     * pairs, example b an input and example b + B/2 its reference; both have multipliers. x is the input
     * of forward (also for in_place kinds: the walk keeps it). Runs in scoring mode, without parameter
     * gradients. NULL: gradients are multipliers (linear kinds), or stand in for them (plain_gradient). */
    void (*rescale)(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, float *dy,
                    float *const *dx);
    int plain_gradient; /* neither linear nor with its own rule: contributions do not add up exactly beyond this layer
                         */
    /* Outputs [*ob, *oe) that can change if inputs [beg, end) change; beg < end. NULL = the same positions. */
    void (*reach)(const tfb_layer_t *l, int beg, int end, int *ob, int *oe);
    int in_place;
    int reads_y;  /* backward reads y, so no in-place layer may overwrite it */
    int constant; /* TFB_CONSTANT_*, or 0: neither */
    int bias;     /* 1 + the index of the tensor that is added to its channels; 0 = none */
    int joint;    /* in training it sums over the other processes (pass->sum), so it is called even without examples */
    int identity; /* scoring passes its input through unchanged (dropout) */
    /* Joins the scoring step s, which ends with the layer's first input (or, for kinds with two, with the later of
     * them), if the order product, residual sum, activation, affine, pool allows it: 1 joined, 0 a new step must begin
     * (s is then offered again, fresh), -1 lack of memory. See steps.h. */
    int (*fuse)(const tfb_layer_t *l, const float *param, const float *stat, struct tfb_step_s *s);
    /* Kinds whose step is neither a product nor element-wise: writes rows [b, e) of y (out.L, out.C), all of one
     * window, from x[i], which point to row 0 and have l->pad zero rows before and after. NULL for all others. */
    void (*rows)(const tfb_layer_t *l, const float *param, const float *const *x, float *y, int b, int e);
};

struct tfb_net_t {
    char *spec;        /* normalised text */
    int window, n_out; /* W bases in, T logits out */
    int n_layers;
    tfb_layer_t *layer; /* in the order in which they run; the last one gives the logits */
    float *param;
    size_t n_param;
    float *stat;
    size_t n_stat;
};

/* The table of kinds, ended by NULL. */
extern const tfb_kind_t *const tfb_kinds[];

/* Builds a network of zeros from a spec for windows of W bases. Returns NULL on failure, with a message in
 * err. */
tfb_net_t *tfb_net_parse(const char *spec, int window, char *err, size_t m_err);
/* Does the same, but refuses networks of more than max_param numbers before allocating them. */
tfb_net_t *tfb_net_parse_sized(const char *spec, int window, size_t max_param, char *err, size_t m_err);
/* Does the same as tfb_net_parse for a spec that ends with "dense N", with n outputs instead of N. */
tfb_net_t *tfb_net_with_outputs(const char *spec, int window, int n, char *err, size_t m_err);
/* Copies the parameters and statistics of all layers but the last, which must be the same in both networks. */
void tfb_net_copy_trunk(tfb_net_t *to, const tfb_net_t *from);
/* Returns the spec of a named architecture (the table archs, net.c) with n outputs, to be freed; NULL: unknown name. */
char *tfb_net_arch(const char *arch, int n_out);
/* Returns the index of the layer with that name, or -1. */
int tfb_net_find(const tfb_net_t *n, const char *name);
/* Returns the name of n's architecture, or NULL if it has none. */
const char *tfb_net_arch_of(const tfb_net_t *n);
/* Returns the comma-separated names of the architectures. */
const char *tfb_net_arch_names(void);
void tfb_net_init(tfb_net_t *n, uint64_t seed);
tfb_net_t *tfb_net_clone(const tfb_net_t *n);
void tfb_net_destroy(tfb_net_t *n);

/* Copies a tensor of a layer between the orders of file and memory. */
void tfb_tensor_to_file(const tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, float *file);
void tfb_tensor_from_file(tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, const float *file);
/* Does the same for any block laid out like the tensor in memory, such as its gradient. */
void tfb_tensor_permute(const tfb_tensor_t *t, const float *mem, float *file);

#endif
