/* stats.h - the statistical tests for enrichment. Results equal scipy's, with ties too. */
#ifndef TFB_STATS_H
#define TFB_STATS_H

#include <stdint.h>

/* Tests whether the values with weight are larger than those without: Wilcoxon's rank sum with mid-ranks, its variance
 * under permutation of the ranks (which corrects for ties), the normal approximation, one-sided. If all weights are
 * equal, adds the correction for continuity; the result then equals scipy's
 * mannwhitneyu(alternative='greater', method='asymptotic').
 *   x (n)      finite values
 *   w (n)      weights: 0 = background, else a hit's
 *   *auc       the chance that a hit, drawn by weight, exceeds one of the background (ties count half)
 *   *p         1 if all values are the same; never below 2.2e-308 (DBL_MIN)
 *   interval   of auc, 95 % (low, high), as by tfb_auc_interval; NULL: not needed
 * All are NaN if either group is empty. Returns 0, or -1 on lack of memory (logged). */
int tfb_rank_test(const float *x, const double *w, int64_t n, double *auc, double *p, double interval[2]);

/* Computes the 95 % confidence interval of an AUC from DeLong's variance, on the logit scale so that it stays within 0
 * and 1. If the variance is 0 or NaN (the groups do not overlap, all values tie, or there is one hit), uses Newcombe's
 * method 5, which needs only the AUC and the sizes.
 *   n_hits   with weights their effective number, (sum w)^2 / sum w^2 */
void tfb_auc_interval(double auc, double variance, double n_hits, double n_background, double interval[2]);

/* Computes Benjamini and Hochberg's false discovery rates of p (n) into q (n). NaN stays NaN and does not count. 0, or
 * -1 on lack of memory (logged). */
int tfb_bh(const double *p, int n, double *q);

#endif
