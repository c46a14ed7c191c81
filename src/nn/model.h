/* model.h - a model: a network, the names of its targets, and what is known about how it came to be.
 *
 * Stored as one safetensors file (8-byte little-endian header length, JSON header, raw little-endian tensors) whose
 * tensor names are those of the published PyTorch state_dicts, so that weights travel both ways unchanged. */
#ifndef TFB_MODEL_H
#define TFB_MODEL_H

#include "nn/calib.h"
#include "nn/net.h"

typedef struct {
    tfb_net_t *net; /* owned */
    char **targets; /* n_targets names, in the order of the outputs; owned */
    int n_targets;
    int window;         /* bases a window has */
    char digest[65];    /* SHA-256 of the file it was loaded from or saved to, hex; "" before either */
    char **meta;        /* key, value, key, value, ..., NULL: the other __metadata__ strings; owned */
    tfb_calib_t *calib; /* what its metadata say of calibration, NULL: nothing; owned */
    float largest;      /* magnitude among its numbers when it was loaded */
    tfb_entry_t *index; /* (n_targets): the targets by name; owned. NULL: tfb_model_target searches the list */
} tfb_model_t;

/* Takes ownership of net (also on failure); copies the names. NULL on failure, logged. */
tfb_model_t *tfb_model_create(tfb_net_t *net, char *const *targets, int n_targets);
/* Reads a file. Every size is checked against the file's before anything is allocated, every number for being finite.
 * NULL on failure, logged with the path. */
tfb_model_t *tfb_model_load(const char *path);
/* Reads a file as tfb_model_load does, and refuses one with anything that a file of ours has not: tensors that the
 * architecture does not use (PyTorch's num_batches_tracked aside), metadata that are no strings. */
tfb_model_t *tfb_model_load_strict(const char *path);
/* How many targets a file names, by its header alone: 0 where it is no model of ours (which loading it says), -1 where
 * it cannot be read (logged). */
int tfb_model_count_targets(const char *path);
/* Writes beside path and renames. half: tensors as float16 (round to nearest even). Sets m->digest. 0, or -1 (logged):
 * also if a number is not finite, or too large for float16. */
int tfb_model_save(tfb_model_t *m, const char *path, int half);
void tfb_model_destroy(tfb_model_t *m);

const char *tfb_model_meta(const tfb_model_t *m, const char *key);          /* NULL where absent */
int tfb_model_meta_set(tfb_model_t *m, const char *key, const char *value); /* copies; 0 or -1 */
/* Takes ownership of c (also on failure) and puts its text into the metadata. 0 or -1. */
int tfb_model_calibrate(tfb_model_t *m, tfb_calib_t *c);
/* Index of a target by name, or -1. */
int tfb_model_target(const tfb_model_t *m, const char *name);
/* Resolves "all" or a comma-separated list of names to places among targets (n_targets; index: tfb_index of them), in
 * the order given, without repeats. *n gets the count. NULL on an unknown name (logged, with the nearest name) or lack
 * of memory. The caller frees it. */
int *tfb_targets_parse(char *const *targets, const tfb_entry_t *index, int n_targets, const char *list, int *n);
/* Returns the place of the first of n logits that is no usable number (NaN, infinite, or so large that differences and
 * sums overflow), or -1. */
int64_t tfb_logits_fault(const float *z, int64_t n);
/* Logs that a model's score of a target is such a number. -1. */
int tfb_logits_error(const char *model, const char *target);
/* Are all logits (n, n_targets) of a model usable numbers? 0, or -1 (logged with the model's name). */
int tfb_logits_check(const char *model, char *const *targets, int n_targets, const float *z, int64_t n);

#endif
