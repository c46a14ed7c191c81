/* source.h - ranks a parent's TFs by similarity to the target of its child, and measures how well the parent's outputs
 * for them predict the target. */
#ifndef TFB_SOURCE_H
#define TFB_SOURCE_H

#include "genome/labels.h"
#include "nn/model.h"

typedef struct {
    const tfb_model_t *parent;
    const tfb_examples_t *ex; /* of the child */
    const uint8_t *part;      /* (ex->n); TFB_TRAIN regions decide the order, TFB_VALID regions are only measured */
    int t;                    /* the target, of ex */
    const char *labels;       /* labels file of ex; may have columns of the parent's TFs */
    const char *groups, *group_column; /* binding modes, as for relate; or NULL */
    tfb_pool_t *pool;
} tfb_source_opt_t;

typedef enum {
    TFB_SOURCE_SELF,   /* the parent predicts the target itself */
    TFB_SOURCE_LABELS, /* by binding mode, then correlation of the label columns on the training regions */
    TFB_SOURCE_OUTPUT, /* by how well each output ranks the training regions; if the labels have none of the TFs */
} tfb_source_by_t;

typedef struct {
    int output;                      /* of the parent */
    double key;                      /* larger is better; comparable between parents that are ranked in the same way */
    int same_mode;                   /* 1 yes, 0 no, -1 unknown */
    double cosine;                   /* of the label columns; NaN if not compared */
    double auroc;                    /* of the output on the training regions; NaN if not compared */
    double valid_auroc, valid_auprc; /* of the parent's output, untrained, on the validation regions; NaN: too few */
} tfb_source_t;

enum { TFB_SOURCES = 5 };
typedef struct {
    tfb_source_by_t by;
    int n; /* at most TFB_SOURCES, the best first */
    tfb_source_t source[TFB_SOURCES];
} tfb_sources_t;

/* Ranks the parent's TFs and writes the best to *s. 0, or -1 (logged). */
int tfb_source_rank(const tfb_source_opt_t *o, tfb_sources_t *s);
/* Writes the reason for the rank of a source to text, e.g. "same binding mode, cosine 0.41". Returns text. */
const char *tfb_source_why(const tfb_sources_t *s, int i, char text[120]);

#endif
