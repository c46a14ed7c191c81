/* effect.h - what the scores of two alleles say: the TF to name, how unusual its change is, and whether a site comes or goes.
 *
 * Deltas of different TFs are not on one scale, so that "the TF whose probability changes most" is often one of the few with many strong sites. A
 * calibrated model (nn/calib.h) says how large a TF's change is among those by random SNVs, its percentile, and from which probability on a window
 * is a site of the TF; with the two, a variant is called
 *     gain     the ALT allele is a site and the REF allele is not
 *     loss     the REF allele is a site and the ALT allele is not
 *     change   both are
 * where the change is an unusual one (call_percentile): near its threshold a site would come and go by changes that mean nothing. */
#ifndef TFB_EFFECT_H
#define TFB_EFFECT_H

#include "nn/panel.h"

typedef enum { TFB_RANK_DELTA = 0, TFB_RANK_PERCENTILE, TFB_RANK_LOR } tfb_rank_t;
extern const char *const tfb_rank_name[3];

typedef struct {
    tfb_rank_t rank;
    tfb_calib_scale_t scale; /* of which the percentiles are */
    double min_percentile;   /* TFs whose change is below are not written; 0 = all are */
    double call_percentile;  /* changes below are not called */
} tfb_effect_opt_t;

#define TFB_EFFECT_DEFAULTS ((tfb_effect_opt_t){.call_percentile = 95})

/* 0, or -1 (logged) where the options need a calibration that the panel lacks altogether. */
int tfb_effect_check(const tfb_effect_opt_t *o, const tfb_panel_t *p);
/* From the logits of REF and ALT: the percentile of target t's change; NaN without calibration. */
double tfb_effect_percentile(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt);
/* "gain", "loss", "change", or NULL: none of them, or no threshold. */
const char *tfb_effect_call(const tfb_effect_opt_t *o, const tfb_panel_t *p, int t, float z_ref, float z_alt);
/* The target that ranks first among those that reach min_percentile, or -1. z_ref, z_alt: (T) logits. */
int tfb_effect_top(const tfb_effect_opt_t *o, const tfb_panel_t *p, const float *z_ref, const float *z_alt);

#endif
