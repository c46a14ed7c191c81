/* stats.h - the few tests that enrichment needs. Equal to scipy's, ties included. */
#ifndef TFB_STATS_H
#define TFB_STATS_H

#include <stdint.h>

/* Are the values with weight larger than those without? Wilcoxon's rank sum with mid-ranks, its variance under
 * permutation of the ranks (which has the correction for ties in it), the normal approximation, one-sided; weights all
 * equal: with correction for continuity, scipy's mannwhitneyu(alternative='greater', method='asymptotic'). x (n) finite
 * values     w (n) weights: 0 = background, else a hit's *auc                    the chance that a hit, drawn by
 * weight, exceeds one of the background (ties half) interval                of auc, 95 % (low, high): tfb_auc_interval;
 * NULL: not needed All are NaN if either group is empty. p is 1 if all values are the same, and 2.2e-308 (DBL_MIN) if
 * it is less. 0 or -1 (memory, logged). */
int tfb_rank_test(const float *x, const double *w, int64_t n, double *auc, double *p, double interval[2]);

/* The 95 % confidence interval of an AUC from the variance that DeLong's method gives it, on the logit scale, so that
 * it stays within 0 and 1. If there is no such variance (0 or NaN: the groups are apart, all is tied, one hit),
 * Newcombe's method 5, which needs the AUC and the sizes only. n_hits   with weights their effective number, (sum w)^2
 * / sum w^2 */
void tfb_auc_interval(double auc, double variance, double n_hits, double n_background, double interval[2]);

/* Benjamini and Hochberg's false discovery rates of p (n); NaN stays NaN and does not count. 0 or -1 (memory). */
int tfb_bh(const double *p, int n, double *q);

#endif
