/* scoring.h - what infer.c (lists of windows), stretch.c (windows of one stretch) and snvs.c (all SNVs of a stretch)
 * share: a thread's work space, and running steps in it. */
#ifndef TFB_SCORING_H
#define TFB_SCORING_H

#include "nn/infer.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <string.h>

enum {
    TFB_ROWS = 2 * TFB_INFER_TOGETHER, /* windows (each strand counts) in a block, for which weights are read once; a
                                          multiple of the tile height 12 */
    TFB_SLOTS =
        8, /* windows that the convolutions process together: 350 kB of activations for the first published model */
};

/* A window on its way through the steps by window. */
typedef struct {
    float *act, **y; /* activations; start of each step's output, in act or in a block buffer */
    uint8_t *code, *pair;
    int base;       /* slot of the window it is derived from, or -1 */
    int *beg, *end; /* per step: the rows computed here */
} tfb_slot_t;

typedef struct {
    tfb_slot_t
        slot[TFB_SLOTS + 1]; /* the last keeps a base window for those derived from it that did not fit in with it */
    const float **a;         /* groups of rows for conv_max3, and where their maxima go */
    float **c;
    float *max3;        /* its scratch */
    float *mid;         /* an op's output before the parts after it */
    tfb_low_run_t *low; /* rows for a product in low precision, one item per slot */
    uint8_t *narrow;    /* float32 rows, rounded for it */
    size_t n_narrow;    /* bytes in use */
    float *padded;      /* a window between zero rows, in steps by block */
    float **buffer;     /* the block buffers, (TFB_ROWS, size) each */
    tfb_pass_t pass;    /* for steps that run their layer's own forward */
    float *stretch;     /* outputs of the steps by window over a stretch, in every phase; NULL until one is scored */
    int64_t *run;       /* per phase: the rows needed, [first, end) */
    uint8_t *code;      /* the stretch on one strand, and its pairs */
    uint8_t *pair;
    struct tfb_snvs_s *snvs; /* the work space of snvs.c; NULL until SNVs are scored */
} tfb_work_t;

/* What is scored along a stretch: the base codes, the starts of the windows, rising, and room for the logits. */
typedef struct {
    tfb_infer_t *f;
    const uint8_t *code;
    const int64_t *at;
    tfb_strand_t strand;
    float *z;
} tfb_starts_t;

struct tfb_infer_t {
    tfb_plan_t *plan;
    tfb_pool_t *pool;
    tfb_work_t *work; /* one per thread */
    int n_threads;
    int64_t *begin; /* first window of each block; m_begin */
    int64_t m_begin;
    int fork; /* plan belongs to another */
};

/* What a step reads and writes. All point to row 0. */
typedef struct {
    const uint8_t *pair;   /* the first step's input */
    const float *const *x; /* the inputs of the others */
    const float *residual; /* NULL: none */
    float *y;
} tfb_step_io_t;

/* Writes output rows [b, e) of step s. */
void tfb_step_rows(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const tfb_step_io_t *io, int b, int e);
/* Allocates the work space of low precision. Returns 0, or -1 if memory runs out (logged). */
int tfb_low_work(const tfb_plan_t *p, tfb_work_t *w);
/* Appends output rows [b, e) of a simple product to the G existing runs. Returns their new number. */
int tfb_low_add(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, float *y, int b, int e, int G);
/* Computes the runs. */
void tfb_low_runs(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int G);
/* Writes product rows [m, m + n) to y (n, F) as float32, without the parts after the product. */
void tfb_low_product(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, int m, int n, float *y);
/* Computes a dense step over the first rows of the buffers: as a simple product, or without the parts after it. */
void tfb_low_dense(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int rows);
/* Runs the steps by block over the first rows of the buffers. Returns the logits (rows, T). */
const float *tfb_block_steps(const tfb_plan_t *p, tfb_work_t *w, int rows);
/* Returns the row of window r in the block buffer of step s. */
static inline float *tfb_block_row(const tfb_work_t *w, const tfb_step_t *s, int r)
{
    return w->buffer[s->buffer] + (size_t)r * s->stride;
}

/* Stores n logits of the first strand, or the mean of those stored and the second strand's. */
static inline void tfb_keep_logits(float *to, const float *z, size_t n, int second)
{
    if (!second)
        memcpy(to, z, n * sizeof(float));
    else
        for (size_t i = 0; i < n; i++) to[i] = 0.5f * (to[i] + z[i]);
}

/* Releases the work space of snvs.c; s may be NULL. */
void tfb_snvs_free(struct tfb_snvs_s *s);
void tfb_reverse_codes(const uint8_t *src, int n, uint8_t *dst);
/* Writes the base pairs that lookup2 reads. */
void tfb_make_pairs(const uint8_t *code, int n, uint8_t *pair);
/* Makes room in f->begin for the most blocks that n windows can make. Returns 0, or -1 if memory runs out
 * (logged). */
int tfb_room_for_blocks(tfb_infer_t *f, int64_t n);
/* Calls fn for n blocks, on all threads. */
void tfb_run_blocks(const tfb_infer_t *f, int64_t n, void (*fn)(void *arg, int block, int thread), void *arg);

#endif
