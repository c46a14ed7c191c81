/* panel.h - scores one or several models together, with one list of targets.
 *
 * If models differ only in the last layer (fine-tuned with --freeze all-but-last, and their parent), the shared trunk
 * is computed once. If several models predict a TF, the last one wins, so a fine-tuned model replaces its parent's
 * output. */
#ifndef TFB_PANEL_H
#define TFB_PANEL_H

#include "nn/calib.h"
#include "nn/infer.h"
#include "nn/model.h"

typedef struct tfb_panel_t tfb_panel_t;

/* Opens one or more models, separated by commas: files, names of installed models (nn/installed.h), or folders, each
 * for all its *.safetensors, those with the most targets first. paths NULL: the default model.
 * tf: "all" or names, as for tfb_targets_parse. Borrows pool. Returns NULL on failure (logged). */
tfb_panel_t *tfb_panel_open(const char *paths, const char *tf, tfb_pool_t *pool);
/* Does the same for scores of a precision. Also fails (logged) if this processor does not have it. */
tfb_panel_t *tfb_panel_open_as(const char *paths, const char *tf, tfb_precision_t precision, tfb_pool_t *pool);
tfb_precision_t tfb_panel_precision(const tfb_panel_t *p);
void tfb_panel_close(tfb_panel_t *p);
/* Returns the products of a precision, not float32. NULL: this machine does not have it (logged). */
const tfb_low_t *tfb_precision_find(tfb_precision_t precision);
/* Chooses targets by name: keep returns 1, 0 (the target is left out), or -1 (logged). */
typedef struct {
    int (*keep)(void *arg, const char *target);
    void *arg;
    int n_kept, n_asked; /* set by tfb_panel_open_kept; n_asked 0: it failed before, or keep did */
} tfb_keep_t;
/* Does the same as tfb_panel_open_as, but leaves out targets of tf that k does not keep. k NULL: keeps all. If
 * it keeps none, returns NULL and logs nothing (n_asked is then not 0). */
tfb_panel_t *tfb_panel_open_kept(const char *paths, const char *tf, tfb_precision_t precision, tfb_keep_t *k,
                                 tfb_pool_t *pool);
/* Returns the model files of such a list, in the order described above, and writes their number to *n. Release
 * with tfb_strv_free(). Returns NULL on failure (logged). */
char **tfb_panel_files(const char *paths, int *n);
/* Returns a second panel with the same weights, for another thread. Only reads p, which must outlive the
 * result. Returns NULL if memory runs out (logged). */
tfb_panel_t *tfb_panel_fork(const tfb_panel_t *p);
int tfb_panel_window(const tfb_panel_t *p);
int tfb_panel_n_targets(const tfb_panel_t *p);
const char *tfb_panel_target(const tfb_panel_t *p, int t);
/* Returns the model of target t, "NAME.safetensors 0123456789ab" (file and digest); t -1: all models, joined by "; ".
 * Owned by p. */
const char *tfb_panel_source(const tfb_panel_t *p, int t);
/* Return the number of models and the index of target t's model; of a model by index: the same text, and the name of
 * the genome that it was trained on as its file records it ("": it does not). Owned by p. */
int tfb_panel_n_models(const tfb_panel_t *p);
int tfb_panel_model_of(const tfb_panel_t *p, int t);
const char *tfb_panel_model(const tfb_panel_t *p, int i);
const char *tfb_panel_genome(const tfb_panel_t *p, int i);
/* Return the calibration of target t by its model: the percentile of a change (not negative), and the
 * lowest probability of a site. NaN if the model has none. */
double tfb_panel_percentile(const tfb_panel_t *p, int t, tfb_calib_scale_t scale, double v);
float tfb_panel_threshold(const tfb_panel_t *p, int t);
/* Returns why the combined change of a variant cannot be ranked (TFB_PHRED), a text for messages; NULL if it can. It
 * can if one model is open with all its targets (but for those that a tfb_keep_t left out, which count as unchanged)
 * and that model is calibrated for it. */
const char *tfb_panel_no_phred(const tfb_panel_t *p);
/* Returns the name of the combination of changes; NULL if it cannot be ranked. */
const char *tfb_panel_combination(const tfb_panel_t *p);
/* Returns -10 log10 of the share of random SNVs with at least the combined change of these logits (n_targets); NaN if
 * it cannot be ranked. */
double tfb_panel_phred(const tfb_panel_t *p, const float *z_ref, const float *z_alt);
/* Returns what target t adds to the combined change: larger for a larger change. NaN if it cannot be ranked. */
double tfb_panel_part(const tfb_panel_t *p, int t, float z_ref, float z_alt);
/* Return the number of targets with quantiles; with thresholds. */
int tfb_panel_n_calibrated(const tfb_panel_t *p);
int tfb_panel_n_thresholds(const tfb_panel_t *p);
/* Scores a window with all outputs of a model. Returns 0, or -1 (logged with its path) if a score is not
 * usable. */
int tfb_model_try(const tfb_model_t *m, const char *path);
/* Like tfb_infer_windows, but also returns -1 (logged with the model's name) if a score is not usable
 * (tfb_logits_fault). */
int tfb_panel_windows(tfb_panel_t *p, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand,
                      float *z);
/* Like tfb_infer_snvs. */
int tfb_panel_snvs(tfb_panel_t *p, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z);
/* Like tfb_infer_stretch. */
int tfb_panel_stretch(tfb_panel_t *p, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z);

#endif
