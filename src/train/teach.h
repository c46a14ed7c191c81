/* teach.h - teachers of a distillation: trained models whose mean logits a student learns. */
#ifndef TFB_TEACH_H
#define TFB_TEACH_H

#include "nn/model.h"
#include "train/batch.h"

typedef struct tfb_teachers_t tfb_teachers_t;

/* Loads the models of a list of files and folders (as tfb_panel_open reads it). Every target must be predicted by at
 * least one of them, and their windows must have `window` bases. NULL on failure (logged). */
tfb_teachers_t *tfb_teachers_open(const char *paths, char *const *targets, int n_targets, int window);
void tfb_teachers_close(tfb_teachers_t *t);
int tfb_teachers_n(const tfb_teachers_t *t);
/* Returns the i-th model. Owned by t. */
const tfb_model_t *tfb_teachers_model(const tfb_teachers_t *t, int i);
/* Returns the path of the i-th model. Owned by t. */
const char *tfb_teachers_path(const tfb_teachers_t *t, int i);
/* Returns "NAME.safetensors DIGEST; ..." of all teachers, with full SHA-256 digests. Owned by t. */
const char *tfb_teachers_list(const tfb_teachers_t *t);
/* Prepares scoring of up to m windows at a time with a pool, which is borrowed (NULL: this thread alone). bfloat16:
 * with the matrix products of training instead of those of scoring, which are float32. 0, or -1 (logged). */
int tfb_teachers_begin(tfb_teachers_t *t, int m, int bfloat16, tfb_pool_t *pool);
/* Writes the teachers' probabilities p (n, n_targets) for windows code (n, W): the logistic function of the mean logit,
 * over both strands and over all teachers that predict the target. If item[i] is the reverse strand of item[i - 1], its
 * window must be the reverse complement of the one before, and gets the same values. 0, or -1 (logged). */
int tfb_teachers_score(tfb_teachers_t *t, const uint8_t *code, const tfb_item_t *item, int n, float *p);

#endif
