/* source.h - which of a parent's TFs is most like the target of its child, and what the parent's output for it is worth
 * for the target. */
#ifndef TFB_SOURCE_H
#define TFB_SOURCE_H

#include "genome/labels.h"
#include "nn/model.h"

typedef struct {
    const tfb_model_t *parent;
    const tfb_examples_t *ex; /* of the child */
    const uint8_t *part;      /* (ex->n); TFB_TRAIN regions decide the order, those of TFB_VALID are only measured */
    int t;                    /* the target, of ex */
    const char *labels;       /* the file that ex is of: it may have columns of the parent's TFs */
    const char *groups, *group_column; /* binding modes, as for relate; or NULL */
    tfb_pool_t *pool;
} tfb_source_opt_t;

typedef enum {
    TFB_SOURCE_SELF,   /* the parent knows the target itself */
    TFB_SOURCE_LABELS, /* by binding mode, then correlation of the label columns on the training regions */
    TFB_SOURCE_OUTPUT, /* the labels have none of the parent's TFs: by how well each output ranks the training regions
                        */
} tfb_source_by_t;

typedef struct {
    int output;                      /* of the parent */
    double key;                      /* larger is better; comparable between parents that are ranked in the same way */
    int same_mode;                   /* 1 yes, 0 no, -1 not known */
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

/* Ranks the parent's TFs. 0, or -1 (logged). */
int tfb_source_rank(const tfb_source_opt_t *o, tfb_sources_t *s);
/* Writes in words why a source was chosen: "same binding mode, cosine 0.41". Returns text. */
const char *tfb_source_why(const tfb_sources_t *s, int i, char text[120]);

#endif
