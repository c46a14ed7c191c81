/* record.h - the metadata of a model file that describe its training. */
#ifndef TFB_RECORD_H
#define TFB_RECORD_H

#include "genome/labels.h"
#include "nn/model.h"
#include "train/fit.h"
#include "train/predict.h"

/* Returns a comma-separated list of the contigs with regions in part `which`, to be freed. NULL on lack of memory. */
char *tfb_record_contigs(const tfb_examples_t *ex, const uint8_t *part, int which);
/* Sets a metadata string printf-style. 0 or -1. */
int tfb_record_set(tfb_model_t *m, const char *key, const char *fmt, ...) TFB_PRINTF(3, 4);
/* Computes per-target metrics on the regions in part `which` and stores them in metadata `key` as one JSON object,
 * {"TF":{"n":..,"n_bound":..,"auroc":..,...},...,"mean":{...}}. Logs the averages over targets. Does nothing if there
 * are no such regions. 0 or -1 (logged). */
int tfb_record_metrics(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part, int which, tfb_pool_t *pool,
                       const char *key);
/* Returns the command line as one shell-quoted string, to be freed. NULL on lack of memory. */
char *tfb_record_command(int argc, char **argv);

#endif
