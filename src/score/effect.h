/* effect.h - from the scores of two alleles: which TF to name, how unusual its change is, and
 * whether a site is gained or lost.
 *
 * Changes of different TFs are not on one scale: the TF with the largest change is often one of the few
 * with many strong sites. A calibrated model (nn/calib.h) ranks a change among those by random SNVs (its
 * percentile) and has a threshold, the lowest probability at which a window counts as a site of the TF.
 * With both, a variant is called
 *     gain     if the ALT allele is a site and the REF allele is not
 *     loss     if the REF allele is a site and the ALT allele is not
 *     change   if both are
 * provided that the change is unusual (call_percentile). Without this condition, small changes
 * near a threshold would be called. */
#ifndef TFB_EFFECT_H
#define TFB_EFFECT_H

#include "nn/panel.h"

typedef enum { TFB_RANK_DELTA = 0, TFB_RANK_PERCENTILE, TFB_RANK_LOR, TFB_RANK_PHRED, TFB_RANKS } tfb_rank_t;
extern const char *const tfb_rank_name[TFB_RANKS];

typedef struct {
    tfb_rank_t rank;
    tfb_calib_scale_t scale; /* the measure that percentiles rank */
    double min_percentile;   /* TFs with a smaller change are not written; 0: all are */
    double call_percentile;  /* smaller changes are not called */
} tfb_effect_opt_t;

#define TFB_EFFECT_DEFAULTS ((tfb_effect_opt_t){.call_percentile = 95})

/* Returns 0, or -1 (logged) if the options need a calibration and the panel has none. */
int tfb_effect_check(const tfb_effect_opt_t *o, const tfb_panel_t *p);
/* Returns the percentile of target t's change from the logits of REF and ALT; NaN without calibration. */
double tfb_effect_percentile(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt);
/* Returns "gain", "loss" or "change"; NULL if none applies or there is no threshold. */
const char *tfb_effect_call(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt);
/* Returns the target that ranks first among those that reach min_percentile, or -1. z_ref, z_alt: (T) logits. */
int tfb_effect_top(const tfb_effect_opt_t *o, const tfb_panel_t *p, const float *z_ref, const float *z_alt);

#endif
