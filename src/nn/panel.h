/* panel.h - one or several models scored together, as one list of targets.
 *
 * Models whose layers are the same up to the last (heads fine-tuned with --freeze all-but-last, and their parent) are
 * recognised, and their common trunk is computed once. A TF that several models know is the last one's: a fine-tuned
 * model replaces its parent's output. */
#ifndef TFB_PANEL_H
#define TFB_PANEL_H

#include "nn/calib.h"
#include "nn/infer.h"
#include "nn/model.h"

typedef struct tfb_panel_t tfb_panel_t;

/* paths: one or more model files, separated by commas; a folder stands for all its *.safetensors, those of many targets
 * before those of few. tf: "all" or names, as tfb_targets_parse. pool is borrowed. NULL on failure (logged). */
tfb_panel_t *tfb_panel_open(const char *paths, const char *tf, tfb_pool_t *pool);
void tfb_panel_close(tfb_panel_t *p);
/* Returns the files that a list of files and folders stands for, in the order described above; *n gets their number.
 * Release with tfb_strv_free. NULL on failure (logged). */
char **tfb_panel_files(const char *paths, int *n);
/* Another one over the same weights, for another thread: p is only read, now and later, and must outlive it. NULL on
 * lack of memory (logged). */
tfb_panel_t *tfb_panel_fork(const tfb_panel_t *p);
int tfb_panel_window(const tfb_panel_t *p);
int tfb_panel_n_targets(const tfb_panel_t *p);
const char *tfb_panel_target(const tfb_panel_t *p, int t);
/* Where target t comes from, "NAME.safetensors 0123456789ab" (file and digest); t -1: all models, "; " between them.
 * Owned by p. */
const char *tfb_panel_source(const tfb_panel_t *p, int t);
/* Calibration of target t, that of the model it comes from: the percentile of a change (not negative) and the
 * probability from which on a window is a site; NaN where that model has none. */
double tfb_panel_percentile(const tfb_panel_t *p, int t, tfb_calib_scale_t scale, double v);
float tfb_panel_threshold(const tfb_panel_t *p, int t);
/* Targets that have quantiles; thresholds. */
int tfb_panel_n_calibrated(const tfb_panel_t *p);
int tfb_panel_n_thresholds(const tfb_panel_t *p);
/* Scores a window with all outputs of a model: 0, or -1 (logged with its path) if a score is no usable number. */
int tfb_model_try(const tfb_model_t *m, const char *path);
/* As tfb_infer_windows; also -1, logged with the model's name, if a score is no usable number (tfb_logits_fault). */
int tfb_panel_windows(tfb_panel_t *p, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand,
                      float *z);
/* As tfb_infer_stretch. */
int tfb_panel_stretch(tfb_panel_t *p, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z);

#endif
