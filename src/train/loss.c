/* loss.c - the loss of a batch, its gradient, and the weights of targets. */
#include "train/loss.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>

double tfb_loss_resolved(const tfb_labelled_t *l)
{
    double m = 0, unresolved = l->soft ? 1 - l->hard : 0;
    for (size_t b = 0, i = 0; b < l->B; b++)
        for (size_t t = 0; t < l->T; t++, i++)
            m += (l->label[i] == TFB_NULL ? unresolved : 1) * (l->weight ? (double)l->weight[t] : 1);
    return m;
}

/* Returns the loss of logit z for label y (0 to 1), and its slope. Takes exponentials of negative numbers only, so
 * nothing overflows. */
static inline float cross_entropy(float z, float y, float *slope)
{
    float a = expf(-fabsf(z)), positive = z > 0 ? z : 0;
    *slope = (z >= 0 ? 1 : a) / (1 + a) - y;
    return positive - z * y + log1pf(a);
}

double tfb_loss_sum(const tfb_labelled_t *l, const float *z, double m, float *dz)
{
    double loss = 0;
    float hard = (float)l->hard, smooth = (float)l->smooth;
    for (size_t b = 0, i = 0; b < l->B; b++)
        for (size_t t = 0; t < l->T; t++, i++) {
            float w = l->weight ? l->weight[t] : 1, y = l->label[i] == TFB_BOUND, slope;
            if (l->label[i] == TFB_NULL && !l->soft) {
                if (dz) dz[i] = 0;
                continue;
            }
            /* cross-entropy is linear in the label, so that two of them are one against their mean */
            if (l->soft && l->label[i] != TFB_NULL) y = hard * y + (1 - hard) * l->soft[i];
            if (l->soft && l->label[i] == TFB_NULL) y = l->soft[i], w *= 1 - hard;
            y += smooth * (0.5f - y);
            loss += (double)(w * cross_entropy(z[i], y, &slope));
            if (dz) dz[i] = slope * (float)((double)w / m);
        }
    return loss;
}

double tfb_loss(const tfb_labelled_t *l, const float *z, float *dz, double *total)
{
    double m = tfb_loss_resolved(l), loss = tfb_loss_sum(l, z, m, dz);
    if (total) *total = m;
    return m > 0 ? loss / m : 0;
}

void tfb_loss_by_target(const tfb_labelled_t *l, const float *z, double *sum, double *n)
{
    float slope;
    for (size_t b = 0, i = 0; b < l->B; b++)
        for (size_t t = 0; t < l->T; t++, i++) {
            if (l->label[i] == TFB_NULL) continue;
            sum[t] += (double)cross_entropy(z[i], l->label[i] == TFB_BOUND, &slope);
            n[t]++;
        }
}

float *tfb_loss_weights(const tfb_examples_t *ex, const uint8_t *part, double balance, const float *given)
{
    enum { FEW = 30 }; /* fewer bound regions do not raise the weight further: there is too little to learn from */
    float *w = tfb_alloc((size_t)ex->n_targets, sizeof *w, "weights of targets");
    int64_t *n = tfb_alloc((size_t)ex->n_targets, sizeof *n, "weights of targets"), most = FEW;
    if (!w || !n) {
        free(w);
        free(n);
        return NULL;
    }
    for (int t = 0; t < ex->n_targets; t++) {
        for (int64_t i = 0; i < ex->n; i++) n[t] += part[i] == TFB_TRAIN && tfb_examples_label(ex, i, t) == TFB_BOUND;
        if (n[t] > most) most = n[t];
    }
    for (int t = 0; t < ex->n_targets; t++) {
        int64_t own = n[t] > FEW ? n[t] : FEW;
        w[t] = (float)pow((double)most / (double)own, balance) * (given ? given[t] : 1);
    }
    free(n);
    return w;
}
