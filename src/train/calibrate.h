/* calibrate.h - measures a model's calibration: quantiles of |delta| over random SNVs, and thresholds for a given
 * precision (nn/calib.h). */
#ifndef TFB_CALIBRATE_H
#define TFB_CALIBRATE_H

#include "genome/labels.h"
#include "nn/combine.h"
#include "nn/model.h"
#include "util/util.h"

typedef struct {
    const char *model; /* file name, for messages */
    const char *fasta;
    const char *regions; /* BED or labels file to draw SNVs from */
    char *const *snv_chroms;
    int n_snv_chroms; /* contigs to draw from; NULL: all */
    int64_t n;        /* number of SNVs; each needs 8 bytes of memory per target */
    uint64_t seed;
    int max_n;          /* most Ns in a window */
    const char *labels; /* labels file for thresholds; NULL: no thresholds */
    char *const *chroms;
    int n_chroms; /* contigs of the labels to use; NULL: all */
    double precision;
    const tfb_combine_t *combine; /* how changes are combined for TFB_PHRED; NULL: the default */
    tfb_pool_t *pool;
} tfb_calibrate_opt_t;

/* Measures, then sets m->calib and the metadata. 0, or -1 (logged). The result does not depend on the number of
 * threads. */
int tfb_calibrate(tfb_model_t *m, const tfb_calibrate_opt_t *o);

/* Writes to *threshold the lowest score s such that at least `precision` of the windows with scores >= s are bound, and
 * at least min_bound of them; NaN if there is none. Writes to *recall the share of all bound windows that reach it. z
 * (n): scores with stride z_stride. label (n). 0, or -1 on lack of memory (logged). */
int tfb_calibrate_threshold(const float *z, int64_t z_stride, const uint8_t *label, int64_t n, double precision,
                            int min_bound, float *threshold, float *recall);

#endif
