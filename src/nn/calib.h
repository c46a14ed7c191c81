/* calib.h - what a model's numbers are worth, per target: how large a change random SNVs make, and from which
 * probability on a window is a site.
 *
 * Deltas of different targets are not on one scale: a target of many strong sites has large ones, a rare one hardly
 * any. Quantiles of |delta| over random SNVs turn a delta into a percentile, which says the same of each target.
 * Thresholds are probabilities at which a stated share of the windows called sites are bound, on regions with labels.
 *
 * Stored in a model's metadata as one JSON text, "calibration":
 *     {"format":1, "snvs":100000, "seed":1, "strand":"both", "regions":"...", "grid":[0,...,1],
 *      "delta":{"CTCF":[...],...}, "lor":{"CTCF":[...],...}, "precision":0.5, "sites":"...",
 * "threshold":{"CTCF":[0.31,0.62],...}} delta, lor: quantiles at the fractions of grid, of |ALT - REF| in probability
 * and in log odds; threshold: probability, and the share of bound regions at or above it. A target may be absent of any
 * of them. */
#ifndef TFB_CALIB_H
#define TFB_CALIB_H

#include <stdint.h>

#define TFB_CALIB_KEY "calibration"

typedef enum { TFB_CALIB_DELTA = 0, TFB_CALIB_LOR = 1 } tfb_calib_scale_t;

typedef struct {
    int n_targets, n_grid;
    int64_t n_snvs, seed;
    char *strand, *regions, *sites; /* "both", ...; in words, where the SNVs and where the thresholds are from (NULL: no
                                       thresholds); owned */
    double precision;               /* that the thresholds aim at */
    double *grid;                   /* (n_grid) fractions, rising, the last one 1 */
    float *quantile; /* (n_targets, 2, n_grid): of |delta|, of |lor|, not falling; the first NaN: the target has none */
    float *threshold, *recall; /* (n_targets): NaN = none */
} tfb_calib_t;

/* Room for quantiles at the usual fractions; nothing is known yet of any target. NULL on lack of memory. */
tfb_calib_t *tfb_calib_create(int n_targets);
void tfb_calib_destroy(tfb_calib_t *c);
/* Reads a text that anyone may have written. names: the model's targets, in order; entries of others are passed over. 0
 * and *c; 0 and *c = NULL where the format is a later one; -1, with the cause in err, where the text is not what it
 * should be. */
int tfb_calib_parse(const char *text, char *const *names, int n_targets, tfb_calib_t **c, char *err, int m_err);
/* The text, to be freed; NULL on lack of memory. */
char *tfb_calib_format(const tfb_calib_t *c, char *const *names);

/* Sets target t's quantiles of a scale from n values (not negative, finite; sorted here). */
void tfb_calib_set(tfb_calib_t *c, int t, tfb_calib_scale_t scale, float *v, int64_t n);
static inline const float *tfb_calib_quantiles(const tfb_calib_t *c, int t, tfb_calib_scale_t scale)
{
    return c->quantile + (2 * (int64_t)t + (int64_t)scale) * c->n_grid;
}
/* Share of random SNVs, in per cent, whose change is smaller than v: from 0 to 100 n / (n + 1), since n SNVs tell
 * nothing of what is rarer. NaN where target t has no quantiles or v is NaN. Between quantiles the logarithm of the
 * rest (100 - percentile) is taken to be linear in v. */
double tfb_calib_percentile(const tfb_calib_t *c, int t, tfb_calib_scale_t scale, double v);

#endif
