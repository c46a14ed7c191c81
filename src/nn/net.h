/* net.h - a network is a list of layers, described as data.
 *
 * In: base codes (B, W).  Out: logits (B, T).  The spec is text, one layer between semicolons:
 *
 *     conv 100 19; bn; relu; pool 3; conv 200 7; bn; relu; pool 3; conv 200 4; bn; relu; pool 3;
 *     dense 1000; bn; relu; dropout 0.3; dense 1000; bn; relu; dropout 0.3; dense 163
 *
 * A layer may be named (`Conv1=conv 320 26`); otherwise the i-th convolution or dense layer is c<i> or d<i>, and a batch norm
 * takes the number of the layer before it: the names of the published state_dicts.
 *
 * The surprising thing: activations are (B, L, C), channels last, so that the K positions a convolution sees are K*C
 * neighbouring floats and no im2col is ever made; weights are (K, C, F) in memory. Files keep PyTorch's (F, C, K). */
#ifndef TFB_NET_H
#define TFB_NET_H

#include "util/util.h"
#include <stddef.h>
#include <stdint.h>

#define TFB_MAX_TENSORS 32
#define TFB_NAME_MAX    48
#define TFB_MAX_WINDOW  1000000

typedef struct {
    int L, C;        /* positions, channels */
    int by_position; /* what flattening means to a dense layer in PyTorch: 0 channel-major (C, L), 1 position-major (L, C) */
} tfb_shape_t;

typedef struct tfb_layer_t tfb_layer_t;
typedef struct tfb_kind_t tfb_kind_t;
typedef struct tfb_net_t tfb_net_t;
struct tfb_stage_s; /* stage.h */

/* A named array of a layer, as files and PyTorch know it. */
typedef struct {
    char suffix[32]; /* "weight", "running_mean", ... */
    int n_dims;
    int dim[3];    /* as in the file */
    int trainable; /* 1: lives in net->param; 0: a statistic, lives in net->stat */
    size_t off;    /* where it begins in its layer's part of its block */
    size_t n;      /* elements */
    int fck[3];    /* not all 0: the file has (F, C, K), memory (K, C, F) */
} tfb_tensor_t;

struct tfb_layer_t {
    const tfb_kind_t *kind;
    char name[TFB_NAME_MAX];
    int index; /* in net->layer */
    int first; /* reads base codes, not floats */
    tfb_shape_t in, out;
    int F, K, n_stack; /* filters or units; kernel or pool width; stacked recurrent layers */
    float rate;        /* dropout */
    int n_tensors;
    tfb_tensor_t tensor[TFB_MAX_TENSORS];
    size_t param_off, n_param; /* this layer's part of net->param */
    size_t stat_off, n_stat;
};

/* What a pass over a batch carries: buffers are sized once for the largest batch. */
typedef struct {
    tfb_net_t *net;
    tfb_pool_t *pool;
    int B; /* examples in this batch */
    /* Where several processes train together, this batch is examples [first, first + B) of a whole one of B_all, and sum adds x (n) up over
     * the processes, in place, with the same result for all. Alone: sum NULL, first 0. */
    void (*sum)(double *x, size_t n);
    int first, B_all;
    int train;                  /* batch statistics and dropout on */
    uint64_t seed, step;        /* of dropout masks: a function of (seed, step, layer, element of the whole batch), never of threads */
    const uint8_t *code;        /* (B, W), the input of the first layer */
    float *param, *stat, *grad; /* the net's blocks; grad NULL = no parameter gradients wanted (attribution) */
    uint8_t *scratch;           /* per-thread scratch: thread t has scratch + t * m_scratch */
    size_t m_scratch;
    void **cache;          /* one block per layer, kind->cache bytes */
    int update_stat;       /* running statistics move (train only) */
    const uint8_t *frozen; /* per layer, 1 = frozen: no gradient, batch norm uses running statistics; or NULL */
} tfb_pass_t;

/* What becomes of a constant that is added to all of an input channel: it is one of the output's channels, or a batch's own statistics take
 * it away. */
enum { TFB_CONSTANT_STAYS = 1, TFB_CONSTANT_GOES = 2 };

struct tfb_kind_t {
    const char *name;
    /* Parses the arguments after the name, checks the input shape, fills out, F, K, rate and tensors (with offsets relative to the
     * layer). 0, or -1 with a message in err. */
    int (*setup)(tfb_layer_t *l, const char *args, char *err, size_t m_err);
    /* PyTorch's default initialisation; p and s are the layer's parts of the blocks. NULL where there is nothing to initialise. */
    void (*init)(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r);
    /* Bytes kept from forward to backward, and bytes of scratch a thread needs, for batches of at most B. NULL = 0. */
    size_t (*cache)(const tfb_layer_t *l, int B);
    size_t (*scratch)(const tfb_layer_t *l, int B);
    /* y (B, out.L, out.C) from x (B, in.L, in.C); x is NULL for the first layer (pass->code). in_place kinds get x == y. */
    void (*forward)(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, float *y);
    /* dx (may be NULL: not wanted; of the first layer (B, W, 4), for the one-hot of its codes) from dy, and adds nothing: parameter gradients are overwritten in pass->grad. y is what
     * forward left in y; x what it was given (for in_place kinds x == y). dy may be overwritten; in_place kinds get dx == dy. */
    void (*backward)(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, const float *y, float *dy, float *dx);
    /* DeepLIFT: the same with multipliers in place of gradients, under the rescale rule. The batch is B/2 pairs, example b an input and
     * example b + B/2 its reference; both have multipliers. x is what forward was given (also of in_place kinds: the walk keeps it),
     * scoring mode and no parameter gradients are understood. NULL: gradients are multipliers (linear kinds), or stand in for them
     * (plain_gradient). */
    void (*rescale)(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, const float *y, float *dy, float *dx);
    int plain_gradient; /* neither linear nor with a rule of its own: contributions do not add up exactly beyond this layer */
    /* Outputs [*ob, *oe) that can change when inputs [beg, end) change. NULL = the same positions. */
    void (*reach)(const tfb_layer_t *l, int beg, int end, int *ob, int *oe);
    int in_place;
    int constant; /* TFB_CONSTANT_*, or 0: neither */
    int bias;     /* 1 + the index of the tensor that is added to its channels; 0 = none */
    int joint;    /* in training it asks what the other processes have (pass->sum): called even for no examples */
    /* Joins scoring stage s if the order product, ReLU, affine, pool allows it: 1 joined, 0 a new stage must begin (s is then
     * offered again, fresh: no product, shapes set), -1 lack of memory. See stage.h. */
    int (*fuse)(const tfb_layer_t *l, const float *param, const float *stat, struct tfb_stage_s *s);
};

struct tfb_net_t {
    char *spec;        /* normalised text */
    int window, n_out; /* W bases in, T logits out */
    int n_layers;
    tfb_layer_t *layer;
    float *param;
    size_t n_param;
    float *stat;
    size_t n_stat;
};

/* The table of kinds, ended by NULL. */
extern const tfb_kind_t *const tfb_kinds[];

/* Builds a net of zeros from a spec for windows of W bases. NULL on failure, with a message in err. */
tfb_net_t *tfb_net_parse(const char *spec, int window, char *err, size_t m_err);
/* The same, but refuses nets of more than max_param numbers before allocating them. */
tfb_net_t *tfb_net_parse_sized(const char *spec, int window, size_t max_param, char *err, size_t m_err);
/* The spec of a published architecture (convnet, convnet-bn-after-relu, shallow, danq) with n outputs, to be freed; NULL = unknown name. */
char *tfb_net_arch(const char *arch, int n_out);
/* The name of the published architecture that n is, or NULL. */
const char *tfb_net_arch_of(const tfb_net_t *n);
/* Comma-separated names of the published architectures. */
const char *tfb_net_arch_names(void);
void tfb_net_init(tfb_net_t *n, uint64_t seed);
tfb_net_t *tfb_net_clone(const tfb_net_t *n);
void tfb_net_destroy(tfb_net_t *n);

/* Copies a tensor of a layer between the file's order and memory's. */
void tfb_tensor_to_file(const tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, float *file);
void tfb_tensor_from_file(tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, const float *file);
/* The same for any block laid out as the tensor is in memory, such as its gradient. */
void tfb_tensor_permute(const tfb_tensor_t *t, const float *mem, float *file);

#endif
