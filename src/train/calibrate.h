/* calibrate.h - a model's calibration, measured: quantiles of |delta| over random SNVs, thresholds
 * at a stated precision (nn/calib.h). */
#ifndef TFB_CALIBRATE_H
#define TFB_CALIBRATE_H

#include "genome/labels.h"
#include "nn/model.h"
#include "util/util.h"

typedef struct {
    const char *model; /* its file, for messages */
    const char *fasta;
    const char *regions; /* BED or labels file: where SNVs are drawn */
    char *const *snv_chroms;
    int n_snv_chroms; /* of the regions, only these contigs; NULL: all */
    int64_t n;        /* SNVs; 8 bytes of memory each and target */
    uint64_t seed;
    int max_n;          /* N allowed in a window */
    const char *labels; /* thresholds: labels file, NULL = none */
    char *const *chroms;
    int n_chroms; /* of the labels, likewise */
    double precision;
    tfb_pool_t *pool;
} tfb_calibrate_opt_t;

/* Measures, and sets m->calib and the metadata. 0, or -1 (logged). The result does not depend on
 * the number of threads. */
int tfb_calibrate(tfb_model_t *m, const tfb_calibrate_opt_t *o);

/* The lowest score at which at least `precision` of the windows that score as much or more are
 * bound, with at least min_bound bound ones among them; *recall gets their share of all bound. z
 * (n) scores with stride z_stride, label (n). *threshold is NaN where no score is. 0 or -1
 * (memory). */
int tfb_calibrate_threshold(const float *z, int64_t z_stride, const uint8_t *label, int64_t n, double precision,
                            int min_bound, float *threshold, float *recall);

#endif
