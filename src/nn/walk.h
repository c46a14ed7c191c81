/* walk.h - forward and backward passes over the graph of layers, for training and tests. Scoring uses a faster walk
 * (infer.h). */
#ifndef TFB_WALK_H
#define TFB_WALK_H

#include "nn/net.h"

/* A fixed number of slices of a batch: partial sums are made per slice and added in order, so that results
 * do not depend on the number of threads. */
#define TFB_SLICES 16

/* What a walk allocates room for. */
enum {
    TFB_WALK_FORWARD, /* scores only */
    TFB_WALK_TRAIN,   /* and gradients of parameters */
    TFB_WALK_EXPLAIN, /* and gradients or DeepLIFT multipliers of the input: every layer's input is kept */
};

typedef struct {
    tfb_pass_t pass;
    int m_batch, room;
    float **y; /* per layer: its output (B, L, C); an in-place layer shares its input's if it is the only reader and not
                  all is kept */
    float **dy;   /* per layer during a backward pass: the gradient of its output, one of slot[]; NULL: none yet */
    float **slot; /* buffers for gradients of activations, each large enough for the largest */
    float **idle; /* those that are not in use */
    int n_slots, n_idle;
    uint8_t *needs;  /* per layer: its output's gradient leads to a parameter or an input that is asked for */
    float *d_input;  /* (B, W, 4) gradient of the one-hot input; TFB_WALK_EXPLAIN only */
    float *d_branch; /* the same, from one of several layers that read bases */
} tfb_walk_t;

/* Allocates buffers for batches of up to m_batch. Borrows net and pool (pool NULL: uses the calling thread
 * only). room: TFB_WALK_*. Returns NULL if memory runs out (logged). */
tfb_walk_t *tfb_walk_create(tfb_net_t *net, int m_batch, int room, tfb_pool_t *pool);
void tfb_walk_destroy(tfb_walk_t *w);
/* Scores code (B, W). Returns logits (B, T), owned by w and valid until the next call. Set w->pass.train, seed and step
 * before; if processes train together also sum, first and B_all, and B may be 0. */
const float *tfb_walk_forward(tfb_walk_t *w, const uint8_t *code, int B);
/* Runs layers [from, to) again on the outputs of the layers before them; pass.B and pass.code must be those of a
 * forward. Returns the output of layer to - 1. */
const float *tfb_walk_run(tfb_walk_t *w, int from, int to);
/* Runs backward after a forward over the same batch: from dz (B, T) to w->pass.grad (laid out as
 * net->param). grad NULL: activations only. */
void tfb_walk_backward(tfb_walk_t *w, const float *dz);
/* Computes the gradient of sum(dz * logits) with respect to the one-hot input, (B, W, 4), in w->d_input,
 * after a forward in scoring mode. Can be called repeatedly. rescale: DeepLIFT's multipliers instead; the
 * batch is then B/2 inputs followed by their B/2 references. */
const float *tfb_walk_input(tfb_walk_t *w, const float *dz, int rescale);

/* ---- for the layer kinds ---- */
/* Returns the first example of slice s of a batch of B. */
static inline int tfb_slice(int s, int B) { return (int)((int64_t)s * B / TFB_SLICES); }
/* Runs fn(layer, pass, task, scratch of the thread, arg) for task in [0, n). */
typedef void (*tfb_task_f)(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg);
void tfb_tasks(const tfb_layer_t *l, tfb_pass_t *pass, int n, tfb_task_f fn, void *arg);
/* Runs fn over the slices of a batch, with a tfb_slices_t: for kinds that need nothing else. */
typedef struct {
    const float *const *x;
    float *y;
    const float *dy;
    float *const *dx;
} tfb_slices_t;
void tfb_forward_slices(const tfb_layer_t *l, tfb_pass_t *pass, tfb_task_f fn, const float *const *x, float *y);
void tfb_backward_slices(const tfb_layer_t *l, tfb_pass_t *pass, tfb_task_f fn, const float *dy, float *const *dx);
/* Writes out (C), sums over all rows of x (B, R, C), in slice order. part has room for TFB_SLICES * C
 * doubles. */
void tfb_column_sums(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, int R, int C, double *part, float *out);
/* Drops elements of examples [beg, end) of x (B, n) with probability rate and scales up the others. which
 * distinguishes the masks of a step. */
void tfb_dropout_mask(const tfb_pass_t *pass, int which, float rate, float *x, size_t n, int beg, int end);
/* Reads up to n numbers from args. Returns how many there were, or -1 if anything else follows. */
int tfb_args(const char *args, double *v, int n);
/* Reads the next word of *args, at most m - 1 characters, into word and moves *args past it. Returns its length, or 0
 * if there is none. */
size_t tfb_arg_word(const char **args, char *word, size_t m);
/* Reads `same` and `dilate D` after the width of a convolution (l->K) into l->pad and l->dilate. Returns
 * 0, or -1 with a message in err. */
int tfb_conv_options(tfb_layer_t *l, const char *args, char *err, size_t m_err);
/* The reach() of kinds with K taps. */
void tfb_conv_reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe);
/* Appends a tensor to the layer's table. */
tfb_tensor_t *tfb_layer_tensor(tfb_layer_t *l, const char *suffix, int trainable, int n_dims, int d0, int d1, int d2);

#endif
