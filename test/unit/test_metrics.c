/* test_metrics.c - measures against values from scikit-learn 1.x (roc_auc_score, average_precision_score,
 * matthews_corrcoef, ...). */
#include "genome/labels.h"
#include "train/metrics.h"
#include "unit.h"
#include <math.h>
#include <string.h>

enum { N = 12 };
static const struct {
    const char *what;
    float z[N];
    uint8_t y[N];
    double auroc, auprc, mcc, precision, recall, accuracy;
} row[] = {
    {.what = "no ties",
     .z = {2, 1.5f, 1, .5f, .2f, -.1f, -.3f, -.5f, -1, -1.2f, -2, -3},
     .y = {1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0},
     .auroc = 0.8,
     .auprc = 0.7944444444444445,
     .mcc = 0.3142857142857143,
     .precision = 0.6,
     .recall = 0.6,
     .accuracy = 0.6666666666666666},
    {.what = "ties",
     .z = {1, 1, 1, 1, 0, 0, 0, 0, -1, -1, -1, -1},
     .y = {1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1},
     .auroc = 0.7285714285714286,
     .auprc = 0.6333333333333333,
     .mcc = 0.47809144373375745,
     .precision = 0.75,
     .recall = 0.6,
     .accuracy = 0.75},
    {.what = "nothing predicted",
     .z = {-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12},
     .y = {0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0},
     .auroc = 0.85,
     .auprc = 0.5,
     .mcc = 0,
     .precision = 0,
     .recall = 0,
     .accuracy = 10 / 12.0},
    {.what = "perfect",
     .z = {3, 2, 1, -1, -2, -3, -4, -5, -6, -7, -8, -9},
     .y = {1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     .auroc = 1,
     .auprc = 1,
     .mcc = 1,
     .precision = 1,
     .recall = 1,
     .accuracy = 1},
};

static void near(const char *what, const char *name, double got, double want)
{
    CHECK(fabs(got - want) < 1e-12, "%s: %s is %.17g, not %.17g", what, name, got, want);
}

int main(void)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        tfb_metrics_t m;
        float z[4 * N];
        uint8_t y[2 * N];
        for (int k = 0; k < N; k++) { /* strides, and unresolved regions that must not count */
            z[2 * k] = row[i].z[N - 1 - k];
            y[k] = row[i].y[N - 1 - k];
            z[2 * (N + k)] = 99;
            y[N + k] = TFB_NULL;
        }
        CHECK(tfb_metrics_compute(z, 2, y, 1, 2 * N, 2, &m) == 0 && m.n == N, "%s", row[i].what);
        near(row[i].what, "auroc", m.auroc, row[i].auroc);
        near(row[i].what, "auprc", m.auprc, row[i].auprc);
        near(row[i].what, "mcc", m.mcc, row[i].mcc);
        near(row[i].what, "precision", m.precision, row[i].precision);
        near(row[i].what, "recall", m.recall, row[i].recall);
        near(row[i].what, "accuracy", m.accuracy, row[i].accuracy);
        CHECK(tfb_metrics_compute(z, 2, y, 1, 2 * N, 8, &m) == 0 && isnan(m.auroc) && isnan(m.mcc) && m.n_bound > 0,
              "%s: too few of a class", row[i].what);
        double ci[3][2], again[3][2];
        CHECK(tfb_metrics_bootstrap(z, 2, y, 1, 2 * N, 400, 1, ci) == 0 &&
                  tfb_metrics_bootstrap(z, 2, y, 1, 2 * N, 400, 1, again) == 0,
              "bootstrap");
        CHECK(memcmp(ci, again, sizeof ci) == 0, "the same seed gives the same intervals");
        CHECK(ci[0][0] <= row[i].auroc && row[i].auroc <= ci[0][1] && ci[1][0] <= row[i].auprc + 0.1 &&
                  ci[0][0] <= ci[0][1],
              "%s: [%g, %g]", row[i].what, ci[0][0], ci[0][1]);
    }
    return unit_failed;
}
