/* metrics.c - AUROC, average precision, MCC and the rest, with ties as scikit-learn treats them. */
#include "train/metrics.h"
#include "genome/labels.h"
#include "util/sort.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int higher_first(const void *a, const void *b)
{
    float x = ((const tfb_point_t *)a)->z, y = ((const tfb_point_t *)b)->z;
    return (x < y) - (x > y);
}

/* Computes AUROC and average precision of n points sorted by falling score. weight (n): how often each point counts;
 * NULL: once. */
static void areas(const tfb_point_t *p, const uint32_t *weight, int64_t n, double *auroc, double *auprc)
{
    double pos = 0, neg = 0, tp = 0, fp = 0, roc = 0, ap = 0;
    for (int64_t i = 0; i < n; i++) *(p[i].y ? &pos : &neg) += weight ? weight[i] : 1;
    for (int64_t i = 0; i < n;) {
        double dt = 0, df = 0;
        int64_t j = i;
        for (; j < n && p[j].z == p[i].z; j++)
            *(p[j].y ? &dt : &df) += weight ? weight[j] : 1; /* a group of ties is one step */
        roc += df * (tp + dt / 2);
        tp += dt;
        fp += df;
        if (dt > 0) ap += dt * tp / (tp + fp);
        i = j;
    }
    *auroc = pos > 0 && neg > 0 ? roc / (pos * neg) : NAN;
    *auprc = pos > 0 && neg > 0 ? ap / pos : NAN;
}

static double mcc_of(double tp, double fp, double tn, double fn)
{
    double d = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
    return d > 0 ? (tp * tn - fp * fn) / sqrt(d) : 0;
}

tfb_point_t *tfb_points(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int64_t *m)
{
    tfb_point_t *p = tfb_alloc((size_t)n + 1, sizeof *p, "metrics");
    *m = 0;
    for (int64_t i = 0; p && i < n; i++)
        if (label[i * label_stride] != TFB_NULL)
            p[(*m)++] = (tfb_point_t){z[i * z_stride], label[i * label_stride] == TFB_BOUND};
    if (p) tfb_sort(p, (size_t)*m, sizeof *p, higher_first);
    return p;
}

int tfb_metrics_compute(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                        int min_class, tfb_metrics_t *m)
{
    int64_t k;
    tfb_point_t *p = tfb_points(z, z_stride, label, label_stride, n, &k);
    double tp = 0, fp = 0, tn = 0, fn = 0;
    if (!p) return -1;
    for (int64_t i = 0; i < k; i++) {
        if (p[i].z > 0)
            *(p[i].y ? &tp : &fp) += 1;
        else
            *(p[i].y ? &fn : &tn) += 1;
    }
    *m = (tfb_metrics_t){.n = k, .n_bound = (int64_t)(tp + fn)};
    if (tp + fn < min_class || tn + fp < min_class)
        m->auroc = m->auprc = m->mcc = m->precision = m->recall = m->accuracy = NAN;
    else {
        areas(p, NULL, k, &m->auroc, &m->auprc);
        m->mcc = mcc_of(tp, fp, tn, fn);
        m->precision = tp + fp > 0 ? tp / (tp + fp) : 0;
        m->recall = tp / (tp + fn);
        m->accuracy = (tp + tn) / (double)k;
    }
    free(p);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int tfb_metrics_bootstrap(const float *z, int64_t z_stride, const uint8_t *label, int64_t label_stride, int64_t n,
                          int rounds, uint64_t seed, double ci[3][2])
{
    int64_t k;
    int ret = -1, m = 0;
    tfb_point_t *p = tfb_points(z, z_stride, label, label_stride, n, &k);
    uint32_t *weight = tfb_alloc((size_t)k + 1, sizeof *weight, "the bootstrap");
    double *v[3] = {NULL};
    for (int q = 0; q < 3; q++)
        if (!(v[q] = tfb_alloc((size_t)rounds, sizeof **v, "the bootstrap"))) goto done;
    if (!p || !weight) goto done;
    tfb_rng_t rng;
    tfb_rng_seed(&rng, seed);
    for (int r = 0; r < rounds; r++) {
        double roc, ap;
        memset(weight, 0, (size_t)k * sizeof *weight);
        for (int64_t i = 0; i < k; i++) weight[tfb_rng_below(&rng, (uint64_t)k)]++;
        areas(p, weight, k, &roc, &ap);
        if (isnan(roc)) continue;   /* a draw with one class only has no metrics */
        double count[2][2] = {{0}}; /* by call and label */
        for (int64_t i = 0; i < k; i++) count[p[i].z > 0][p[i].y != 0] += weight[i];
        v[0][m] = roc;
        v[1][m] = ap;
        v[2][m++] = mcc_of(count[1][1], count[1][0], count[0][0], count[0][1]);
    }
    for (int q = 0; q < 3; q++) {
        tfb_sort(v[q], (size_t)m, sizeof **v, by_value);
        ci[q][0] = m ? v[q][(int)(0.025 * (m - 1) + 0.5)] : NAN;
        ci[q][1] = m ? v[q][(int)(0.975 * (m - 1) + 0.5)] : NAN;
    }
    ret = 0;
done:
    for (int q = 0; q < 3; q++) free(v[q]);
    free(p);
    free(weight);
    return ret;
}
