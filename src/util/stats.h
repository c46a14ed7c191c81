/* stats.h - the few tests that enrichment needs. Equal to scipy's, ties included. */
#ifndef TFB_STATS_H
#define TFB_STATS_H

#include <stdint.h>

/* Are the values with weight larger than those without? Wilcoxon's rank sum with mid-ranks, its variance under permutation of the ranks (which has
 * the correction for ties in it), the normal approximation, one-sided; weights all equal: with correction for continuity, scipy's
 * mannwhitneyu(alternative='greater', method='asymptotic').
 *     x (n) finite values     w (n) weights: 0 = background, else a hit's
 *     *auc                    the chance that a hit, drawn by weight, exceeds one of the background (ties half)
 * p and auc are NaN where either is empty; p is 1 where all values are the same, and
 * 2.2e-308 (DBL_MIN) where it is less. 0 or -1 (memory, logged). */
int tfb_rank_test(const float *x, const double *w, int64_t n, double *auc, double *p);

/* Benjamini and Hochberg's false discovery rates of p (n); NaN stays NaN and does not count. 0 or -1 (memory). */
int tfb_bh(const double *p, int n, double *q);

#endif
