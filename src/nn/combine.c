/* combine.c - the table of combinations. */
#include "nn/combine.h"
#include "nn/infer.h"
#include <math.h>
#include <string.h>

float tfb_change(tfb_calib_scale_t scale, float z_ref, float z_alt)
{
    const float most = 1e6f; /* limits the effect of absurdly large weights */
    if (scale == TFB_CALIB_DELTA) return fabsf(tfb_sigmoid(z_alt) - tfb_sigmoid(z_ref));
    float lor = fabsf(z_alt - z_ref);
    return lor > most ? most : lor;
}

static double plain(const tfb_calib_t *c, int t, double change)
{
    (void)c;
    (void)t;
    return change;
}

static double square(const tfb_calib_t *c, int t, double change)
{
    (void)c;
    (void)t;
    return change * change;
}

/* Tail: how rare the change of this target is. A target without quantiles adds nothing. */
static double rarity(const tfb_calib_t *c, int t, double change)
{
    double rare = tfb_calib_rarity(c, t, c->combine->scale, change);
    return isnan(rare) ? 0 : rare;
}

static double larger(double sum, double term) { return fmax(sum, term); }
static double plus(double sum, double term) { return sum + term; }

static double as_it_is(double sum, int n_targets)
{
    (void)n_targets;
    return sum;
}

static double mean(double sum, int n_targets) { return sum / n_targets; }

static double root(double sum, int n_targets)
{
    (void)n_targets;
    return sqrt(sum);
}

const tfb_combine_t tfb_combines[TFB_COMBINES] = {
    {"l2-lor", TFB_CALIB_LOR, square, plus, root},           {"l2-delta", TFB_CALIB_DELTA, square, plus, root},
    {"max-delta", TFB_CALIB_DELTA, plain, larger, as_it_is}, {"mean-delta", TFB_CALIB_DELTA, plain, plus, mean},
    {"mean-lor", TFB_CALIB_LOR, plain, plus, mean},          {"tail", TFB_CALIB_DELTA, rarity, plus, as_it_is},
};

const tfb_combine_t *tfb_combine_find(const char *name)
{
    for (int i = 0; i < TFB_COMBINES; i++)
        if (strcmp(tfb_combines[i].name, name) == 0) return &tfb_combines[i];
    return NULL;
}

double tfb_combined(const tfb_calib_t *c, const int *target, int n, const float *z_ref, const float *z_alt)
{
    const tfb_combine_t *how = c->combine;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        float change = tfb_change(how->scale, z_ref[i], z_alt[i]);
        if (isnan(change)) return NAN;
        sum = how->add(sum, how->term(c, target[i], (double)change));
    }
    return how->end(sum, c->n_targets);
}
