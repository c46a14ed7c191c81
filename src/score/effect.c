/* effect.c - from logits of REF and ALT to a TF, a percentile, a call. */
#include "score/effect.h"
#include <math.h>

const char *const tfb_rank_name[TFB_RANKS] = {"delta", "percentile", "lor", "phred"};

int tfb_effect_check(const tfb_effect_opt_t *o, const tfb_panel_t *p)
{
    int n = tfb_panel_n_calibrated(p), all = tfb_panel_n_targets(p);
    if (o->rank == TFB_RANK_PHRED && tfb_panel_no_phred(p)) {
        tfb_error("--rank-by phred: %s", tfb_panel_no_phred(p));
        return -1;
    }
    if (o->rank != TFB_RANK_PERCENTILE && o->min_percentile <= 0) return 0;
    const char *what = o->rank == TFB_RANK_PERCENTILE ? "--rank-by percentile" : "--min-percentile";
    if (n == 0) {
        tfb_error("%s needs a calibrated model (`tfbind model --calibrate`); %s has no calibration", what,
                  tfb_panel_source(p, -1));
        return -1;
    }
    if (n < all) tfb_warn("%d of %d TFs have no calibration: %s skips them", all - n, all, what);
    return 0;
}

double tfb_effect_percentile(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt)
{
    double d =
        o->scale == TFB_CALIB_LOR ? (double)(z_alt - z_ref) : (double)tfb_sigmoid(z_alt) - (double)tfb_sigmoid(z_ref);
    return tfb_panel_percentile(p, t, o->scale, fabs(d));
}

const char *tfb_effect_call(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt)
{
    float at = tfb_panel_threshold(p, t);
    int before = tfb_sigmoid(z_ref) >= at, after = tfb_sigmoid(z_alt) >= at; /* both false without a threshold */
    if ((!before && !after) || !(tfb_effect_percentile(o, p, t, z_ref, z_alt) >= o->call_percentile)) return NULL;
    if (!before) return "gain";
    return after ? "change" : "loss";
}

int tfb_effect_top(const tfb_effect_opt_t *o, const tfb_panel_t *p, const float *z_ref, const float *z_alt)
{
    int top = -1, T = tfb_panel_n_targets(p);
    double best = -1, best_delta = -1;
    for (int t = 0; t < T; t++) {
        double delta = fabs((double)(tfb_sigmoid(z_alt[t]) - tfb_sigmoid(z_ref[t]))), by = delta;
        if (o->rank == TFB_RANK_PERCENTILE || o->min_percentile > 0) {
            double pct = tfb_effect_percentile(o, p, t, z_ref[t], z_alt[t]);
            if (isnan(pct) || pct < o->min_percentile) continue;
            if (o->rank == TFB_RANK_PERCENTILE) by = pct;
        }
        if (o->rank == TFB_RANK_LOR) by = fabs((double)(z_alt[t] - z_ref[t]));
        if (o->rank == TFB_RANK_PHRED) by = tfb_panel_part(p, t, z_ref[t], z_alt[t]);
        if (isnan(by)) by = 0; /* limits the effect of absurdly large weights */
        if (by > best ||
            (by == best && delta > best_delta)) { /* percentiles tie beyond the largest change of the sample */
            best = by;
            best_delta = delta;
            top = t;
        }
    }
    return top;
}
