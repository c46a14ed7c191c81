/* stats.c - rank sums and false discovery rates. */
#include "util/stats.h"
#include "util/sort.h"
#include "util/util.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

typedef struct {
    float x;
    int64_t i;
} value_t;

static int rising(const void *a, const void *b)
{
    float x = ((const value_t *)a)->x, y = ((const value_t *)b)->x;
    return x < y ? -1 : x > y;
}

/* Returns Hanley and McNeil's variance of an AUC, with both sizes replaced by their mean as in Newcombe's method 5. */
static double newcombe(double auc, double m, double n)
{
    double both = (m + n) / 2 - 1;
    return auc * (1 - auc) / (m * n) * (1 + both * ((1 - auc) / (2 - auc) + auc / (1 + auc)));
}

static const double z95 = 1.959963984540054;

void tfb_auc_interval(double auc, double variance, double n_hits, double n_background, double interval[2])
{
    if (auc > 0 && auc < 1 && variance > 1e-15) {
        double logit = log(auc / (1 - auc)), half = z95 * sqrt(variance) / (auc * (1 - auc));
        for (int k = 0; k < 2; k++) interval[k] = 1 / (1 + exp(-(logit + (k ? half : -half))));
        return;
    }
    for (int k = 0; k < 2; k++) { /* the limit of the values that are not rejected, between auc and 0 or 1 */
        double near = auc, far = k;
        for (int i = 0; i < 60; i++) {
            double mid = (near + far) / 2;
            if (fabs(auc - mid) > z95 * sqrt(newcombe(mid, n_hits, n_background)))
                far = mid;
            else
                near = mid;
        }
        interval[k] = near;
    }
}

/* Returns DeLong's variance of the AUC of sorted values; NaN if a group has one member. W, W2: sums of the weights and
 * of their squares. */
static double delong(const value_t *v, const double *w, int64_t n, double auc, double W, double W2, double n_background)
{
    double below = 0, weight_below = 0, s_hits = 0, s_background = 0, n_hits = W * W / W2;
    for (int64_t i = 0, j; i < n; i = j) {
        double hits = 0, hits2 = 0, others = 0;
        for (j = i; j < n && v[j].x == v[i].x; j++) {
            double weight = w[v[j].i];
            if (weight > 0)
                hits += weight, hits2 += weight * weight;
            else
                others++;
        }
        double of_hit = (below + others / 2) / n_background - auc, of_other = (W - weight_below - hits / 2) / W - auc;
        s_hits += hits2 * of_hit * of_hit;
        s_background += others * of_other * of_other;
        below += others;
        weight_below += hits;
    }
    if (n_hits < 1 + 1e-9 || n_background < 2) return NAN;
    return s_hits / (W * W) * n_hits / (n_hits - 1) + s_background / (n_background * (n_background - 1));
}

int tfb_rank_test(const float *x, const double *w, int64_t n, double *auc, double *p, double interval[2])
{
    double W = 0, W2 = 0, S = 0, R2 = 0, below = 0, wins = 0, first = 0, n_hits = 0, mid = ((double)n + 1) / 2;
    int equal = 1;
    *auc = *p = NAN;
    if (interval) interval[0] = interval[1] = NAN;
    value_t *v = tfb_alloc((size_t)n + 1, sizeof *v, "ranks");
    if (!v) return -1;
    for (int64_t i = 0; i < n; i++) {
        v[i] = (value_t){x[i], i};
        if (w[i] <= 0) continue;
        if (n_hits++ == 0) first = w[i];
        equal &= w[i] == first;
        W += w[i];
        W2 += w[i] * w[i];
    }
    double n_background = (double)n - n_hits;
    if (n_hits > 0 && n_background > 0) {
        tfb_sort(v, (size_t)n, sizeof *v, rising);
        for (int64_t i = 0, j; i < n; i = j) {
            double hits = 0, others = 0, rank;
            for (j = i; j < n && v[j].x == v[i].x; j++) {
                if (w[v[j].i] > 0)
                    hits += w[v[j].i];
                else
                    others++;
            }
            rank = (double)(i + 1 + j) / 2 - mid; /* the mean of i + 1 .. j, relative to the middle */
            S += hits * rank;
            R2 += (double)(j - i) * rank * rank;
            wins += hits * (below + others / 2);
            below += others;
        }
        *auc = wins / (W * n_background);
        double var = (W2 - W * W / (double)n) * R2 / (double)(n - 1); /* of sum w R, the ranks in random order */
        double shift = equal ? 0.5 * first : 0;
        *p = var > 0 ? 0.5 * erfc((S - shift) / sqrt(2 * var)) : 1;
        if (*p < DBL_MIN) *p = DBL_MIN; /* too small for a double; 0 would be wrong */
        if (interval)
            tfb_auc_interval(*auc, delong(v, w, n, *auc, W, W2, n_background), W * W / W2, n_background, interval);
    }
    free(v);
    return 0;
}

typedef struct {
    double p;
    int i;
} p_t;

static int by_p(const void *a, const void *b)
{
    double x = ((const p_t *)a)->p, y = ((const p_t *)b)->p;
    return x < y ? -1 : x > y;
}

int tfb_bh(const double *p, int n, double *q)
{
    int m = 0;
    p_t *v = tfb_alloc((size_t)n + 1, sizeof *v, "false discovery rates");
    if (!v) return -1;
    for (int i = 0; i < n; i++) {
        q[i] = NAN;
        if (!isnan(p[i])) v[m++] = (p_t){p[i], i};
    }
    tfb_sort(v, (size_t)m, sizeof *v, by_p);
    double least = 1;
    for (int k = m - 1; k >= 0; k--) {
        double x = v[k].p * m / (k + 1);
        if (x < least) least = x;
        q[v[k].i] = least;
    }
    free(v);
    return 0;
}
