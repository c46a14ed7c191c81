/* stats.c - rank sums and false discovery rates. */
#include "util/stats.h"
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

int tfb_rank_test(const float *x, const double *w, int64_t n, double *auc, double *p)
{
    double W = 0, W2 = 0, S = 0, R2 = 0, below = 0, wins = 0, first = 0, n_hits = 0, mid = ((double)n + 1) / 2;
    int equal = 1;
    *auc = *p = NAN;
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
        qsort(v, (size_t)n, sizeof *v, rising);
        for (int64_t i = 0, j; i < n; i = j) {
            double hits = 0, others = 0, rank;
            for (j = i; j < n && v[j].x == v[i].x; j++) {
                if (w[v[j].i] > 0)
                    hits += w[v[j].i];
                else
                    others++;
            }
            rank = (double)(i + 1 + j) / 2 - mid; /* the mean of i + 1 .. j, from the middle */
            S += hits * rank;
            R2 += (double)(j - i) * rank * rank;
            wins += hits * (below + others / 2);
            below += others;
        }
        *auc = wins / (W * n_background);
        double var = (W2 - W * W / (double)n) * R2 / (double)(n - 1); /* of sum w R, the ranks in random order */
        *p = var > 0 ? 0.5 * erfc((S - (equal ? 0.5 * first : 0)) / sqrt(2 * var)) : 1;
        if (*p < DBL_MIN) *p = DBL_MIN; /* beyond what a double holds; 0 would claim too much */
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
    qsort(v, (size_t)m, sizeof *v, by_p);
    double least = 1;
    for (int k = m - 1; k >= 0; k--) {
        double x = v[k].p * m / (k + 1);
        if (x < least) least = x;
        q[v[k].i] = least;
    }
    free(v);
    return 0;
}
