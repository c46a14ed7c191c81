/* metrics.h - how well scores separate bound from unbound regions. The values equal scikit-learn's, with ties too. */
#ifndef TFB_METRICS_H
#define TFB_METRICS_H

#include <stdint.h>

typedef struct {
    int64_t n, n_bound;  /* resolved regions; bound ones among them */
    double auroc, auprc; /* NaN if there are fewer than min_class of either class; auprc = average precision */
    double mcc, precision, recall, accuracy; /* at z > 0, i.e. probability 0.5; precision NaN -> 0 as in scikit-learn */
} tfb_metrics_t;

/* A resolved region: its logit z, and y = 1 if it is bound. */
typedef struct {
    float z;
    uint8_t y;
} tfb_point_t;

/* Returns the resolved ones of n regions by falling logit, to be freed; *m gets their number. Arguments as below. NULL
 * on lack of memory (logged). */
tfb_point_t *tfb_points(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int64_t *m);

/* Computes the metrics of n regions. z: logits with stride z_stride. label: TFB_UNBOUND, TFB_BOUND or TFB_NULL, with
 * stride label_stride. 0, or -1 on lack of memory (logged). */
int tfb_metrics_compute(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int min_class, tfb_metrics_t *m);

/* Computes percentile intervals (2.5 %, 97.5 %) of AUROC, AUPRC and MCC from `rounds` resamplings of the regions. 0, or
 * -1 on lack of memory (logged). */
int tfb_metrics_bootstrap(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                          int rounds, uint64_t seed, double ci[3][2]);

#endif
