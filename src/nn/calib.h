/* calib.h - calibrates a model's scores for each target: how large the changes by random SNVs are, and
 * which probability makes a window a site.
 *
 * Deltas of different targets are not on one scale: they are large for a target with many strong sites and
 * small for a rare one. Quantiles of |delta| over random SNVs turn a delta into a percentile, which means
 * the same for each target. Thresholds are probabilities at which a given share of the windows called
 * sites are bound, on labelled regions.
 *
 * Stored in a model's metadata as one JSON text, "calibration":
 *     {"format":1, "snvs":100000, "seed":1, "strand":"both", "regions":"...", "grid":[0,...,1],
 *      "delta":{"CTCF":[...],...}, "lor":{"CTCF":[...],...}, "precision":0.5, "sites":"...",
 *      "threshold":{"CTCF":[0.31,0.62],...}, "combine":"l2-lor", "combined":[...]}
 * delta, lor: quantiles, at the fractions of grid, of |ALT - REF| in probability and in log odds. threshold:
 * probability, and the share of bound regions at or above it. Each of them may omit a target. combined: quantiles of
 * the combined change of all targets (nn/combine.h names the combination); both may be missing. */
#ifndef TFB_CALIB_H
#define TFB_CALIB_H

#include <stdint.h>

#define TFB_CALIB_KEY "calibration"

typedef enum { TFB_CALIB_DELTA = 0, TFB_CALIB_LOR = 1 } tfb_calib_scale_t;

struct tfb_combine_t; /* nn/combine.h */

typedef struct {
    int n_targets, n_grid;
    int64_t n_snvs, seed;
    char *strand, *regions,
        *sites; /* "both", ...; texts that describe the source of the SNVs and of the thresholds (NULL: none); owned */
    double precision; /* target precision of the thresholds */
    double *grid;     /* (n_grid) fractions, rising, the last one 1 */
    double *rarity;   /* (n_grid) -log10 of the shares above them, at most log10(n_snvs + 1) */
    float *quantile; /* (n_targets, 2, n_grid): of |delta|, of |lor|, not falling; the first NaN: the target has none */
    float *threshold, *recall;           /* (n_targets): NaN = none */
    const struct tfb_combine_t *combine; /* NULL: no quantiles of the combined change */
    float *combined;                     /* (n_grid): its quantiles, not falling */
} tfb_calib_t;

/* Allocates quantiles at the usual fractions, without values for any target. Returns NULL if memory runs
 * out. */
tfb_calib_t *tfb_calib_create(int n_targets);
void tfb_calib_destroy(tfb_calib_t *c);
/* Parses untrusted text. names: the model's targets, in order; other entries are ignored. Sets *c and returns 0; *c is
 * NULL if the format is a later one. Returns -1 with the cause in err if the text is not valid. */
int tfb_calib_parse(const char *text, char *const *names, int n_targets, tfb_calib_t **c, char *err, int m_err);
/* Returns the text, to be freed; NULL if memory runs out. */
char *tfb_calib_format(const tfb_calib_t *c, char *const *names);

/* Sets the number of random SNVs behind the quantiles, and with it the rarities. */
void tfb_calib_set_count(tfb_calib_t *c, int64_t n);
/* Sets target t's quantiles of a scale from n values (not negative, finite; sorted here). */
void tfb_calib_set(tfb_calib_t *c, int t, tfb_calib_scale_t scale, float *v, int64_t n);
static inline const float *tfb_calib_quantiles(const tfb_calib_t *c, int t, tfb_calib_scale_t scale)
{
    return c->quantile + (2 * (int64_t)t + (int64_t)scale) * c->n_grid;
}
/* Returns the percentage of random SNVs with a change smaller than v, from 0 to 100 n / (n + 1), the most
 * that n SNVs can show. NaN if target t has no quantiles or v is NaN. Between quantiles, interpolates the
 * logarithm of (100 - percentile) linearly in v. */
double tfb_calib_percentile(const tfb_calib_t *c, int t, tfb_calib_scale_t scale, double v);
/* Returns -log10 of the share of random SNVs with a change of at least v, 0 to log10(n + 1). NaN as above. */
double tfb_calib_rarity(const tfb_calib_t *c, int t, tfb_calib_scale_t scale, double v);

/* Sets the quantiles of the combined change from n values (not negative, finite; sorted here). */
void tfb_calib_set_combined(tfb_calib_t *c, const struct tfb_combine_t *how, float *v, int64_t n);
/* Returns -10 log10 of the share of random SNVs with a combined change of at least v. NaN if there are no quantiles. */
double tfb_calib_phred(const tfb_calib_t *c, double v);

#endif
