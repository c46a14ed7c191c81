/* combine.h - one number for the changes of all TFs by a variant.
 *
 * A calibrated model ranks this number among those of random SNVs (TFB_PHRED). Its calibration names the combination,
 * so a new one is a row of the table in combine.c: models keep the one that they were calibrated with. */
#ifndef TFB_COMBINE_H
#define TFB_COMBINE_H

#include "nn/calib.h"

typedef struct tfb_combine_t tfb_combine_t;
struct tfb_combine_t {
    const char *name;        /* in calibrations and options */
    tfb_calib_scale_t scale; /* of the changes: |delta| or |lor| */
    /* Returns the term of target t for its change (not negative): more for a larger change, 0 if there is none. */
    double (*term)(const tfb_calib_t *c, int t, double change);
    double (*add)(double sum, double term); /* sum: 0 at first */
    double (*end)(double sum, int n_targets);
};

/* The first is the default. */
extern const tfb_combine_t tfb_combines[];
enum { TFB_COMBINES = 6 };

/* Returns the combination of this name, or NULL. */
const tfb_combine_t *tfb_combine_find(const char *name);
/* Returns the change of a target, not negative, from the logits of REF and ALT. */
float tfb_change(tfb_calib_scale_t scale, float z_ref, float z_alt);
/* Returns the combined change of n targets of c, the others being unchanged. target (n): their indices in c. z_ref,
 * z_alt (n): their logits. Returns NaN if one is NaN. c must name a combination. */
double tfb_combined(const tfb_calib_t *c, const int *target, int n, const float *z_ref, const float *z_alt);

#endif
