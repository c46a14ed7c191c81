/* metrics.h - how well scores separate bound from unbound regions. Equal to scikit-learn's values, ties included. */
#ifndef TFB_METRICS_H
#define TFB_METRICS_H

#include <stdint.h>

typedef struct {
    int64_t n, n_bound;  /* resolved regions; bound ones among them */
    double auroc, auprc; /* NaN where there are fewer than min_class of either class; auprc = average precision */
    double mcc, precision, recall, accuracy; /* at z > 0, i.e. probability 0.5; precision NaN -> 0 as in scikit-learn */
} tfb_metrics_t;

/* A resolved region: its logit, and whether it is bound. */
typedef struct {
    float z;
    uint8_t y;
} tfb_point_t;

/* The *m resolved ones of n regions, by falling logit; arguments as below. Release with free(). NULL on lack of memory
 * (logged). */
tfb_point_t *tfb_points(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int64_t *m);

/* z (n) logits, stride z_stride; label (n) of TFB_UNBOUND / TFB_BOUND / TFB_NULL. min_class: 10 as in the peer. 0 or -1
 * (memory). */
int tfb_metrics_compute(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int min_class, tfb_metrics_t *m);

/* Percentile intervals (2.5 %, 97.5 %) of AUROC, AUPRC and MCC from so many resamplings of the regions. 0 or -1
 * (memory). */
int tfb_metrics_bootstrap(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                          int rounds, uint64_t seed, double ci[3][2]);

#endif
