/* model.h - a model: a network, the names of its targets, and metadata about its training.
 *
 * Stored as one safetensors file (8-byte little-endian header length, JSON header, raw little-endian tensors). Tensor
 * names are those of the published PyTorch state_dicts, so weights can be exchanged unchanged. */
#ifndef TFB_MODEL_H
#define TFB_MODEL_H

#include "nn/calib.h"
#include "nn/net.h"

typedef struct {
    tfb_net_t *net; /* owned */
    char **targets; /* n_targets names, in the order of the outputs; owned */
    int n_targets;
    int window;         /* bases in a window */
    char digest[65];    /* SHA-256 of the file it was loaded from or saved to, hex; "" before either */
    char **meta;        /* key, value, key, value, ..., NULL: the other __metadata__ strings; owned */
    tfb_calib_t *calib; /* calibration in its metadata, or NULL; owned */
    float *most;        /* (net->n_layers), for int8: see tfb_infer_largest; NULL: not in its metadata; owned */
    float largest;      /* largest magnitude among its numbers when it was loaded */
    tfb_entry_t *index; /* (n_targets): the targets by name; owned. NULL: tfb_model_target searches the list */
} tfb_model_t;

/* Takes ownership of net (also on failure); copies the names. Returns NULL on failure, logged. */
tfb_model_t *tfb_model_create(tfb_net_t *net, char *const *targets, int n_targets);
/* Reads a file. Checks every size against the file's before allocating, and that every number is finite.
 * Returns NULL on failure (logged with the path). */
tfb_model_t *tfb_model_load(const char *path);
/* Like tfb_model_load, but also refuses files with tensors that the architecture does not use (except PyTorch's
 * num_batches_tracked), and with metadata that are not strings. */
tfb_model_t *tfb_model_load_strict(const char *path);
/* Returns the text of a key of a file's metadata, to be freed, from its header alone: a folder of hundreds of models is
 * listed in milliseconds. Empty if it has none (loading it reports why, if it is not a model). NULL if the file cannot
 * be read (logged). */
char *tfb_model_peek(const char *path, const char *key);
/* Writes beside path and renames. half: tensors as float16 (round to nearest even). Sets m->digest.
 * Returns 0, or -1 (logged): also if a number is not finite, or too large for float16. */
int tfb_model_save(tfb_model_t *m, const char *path, int half);
void tfb_model_destroy(tfb_model_t *m);

const char *tfb_model_meta(const tfb_model_t *m, const char *key);          /* NULL if absent */
int tfb_model_meta_set(tfb_model_t *m, const char *key, const char *value); /* copies. Returns 0, or -1 */
#define TFB_INT8_KEY "int8" /* of the metadata: LAYER=LARGEST, comma-separated */
/* Sets m->most (copied) and the metadata. Returns 0, or -1. */
int tfb_model_set_most(tfb_model_t *m, const float *most);
/* Takes ownership of c (also on failure) and puts its text into the metadata. Returns 0, or -1. */
int tfb_model_calibrate(tfb_model_t *m, tfb_calib_t *c);
/* Returns the index of a target by name, or -1. */
int tfb_model_target(const tfb_model_t *m, const char *name);
/* Resolves "all" or a comma-separated list of names to indices of targets (n_targets; index: tfb_index of
 * them), in the given order and without repeats, to be freed. Writes their number to *n. Returns NULL on
 * an unknown name (logged with the nearest name) or if memory runs out. */
int *tfb_targets_parse(char *const *targets, const tfb_entry_t *index, int n_targets, const char *list, int *n);
/* Returns the index of the first of n logits that is not usable (NaN, infinite, or so large that differences and sums
 * overflow), or -1. */
int64_t tfb_logits_fault(const float *z, int64_t n);
/* Logs that a model's score of a target is not usable. Returns -1. */
int tfb_logits_error(const char *model, const char *target);
/* Checks that all logits (n, n_targets) of a model are usable. Returns 0, or -1 (logged with the model's
 * name). */
int tfb_logits_check(const char *model, char *const *targets, int n_targets, const float *z, int64_t n);

#endif
