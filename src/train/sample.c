/* sample.c - weights of training examples by the TFs that bind them, and draws by weight.
 *
 * Sampling is systematic: equidistant points on a line on which every item has a segment as long as its weight. Counts
 * vary less than with independent draws, and with equal weights every item is drawn once. */
#include "train/sample.h"
#include "train/ranks.h"
#include <math.h>
#include <stdlib.h>

/* Writes (1 / bound training regions)^balance to weight (T, zeroed). All ranks get the bits of rank 0, as pow may
 * differ between machines. label: room for T. */
static void weights_of_targets(const tfb_examples_t *ex, const uint8_t *part, double balance, uint8_t *label,
                               double *weight)
{
    int T = ex->n_targets;
    for (int64_t i = 0; i < ex->n; i++) {
        if (part[i] != TFB_TRAIN) continue;
        tfb_examples_labels(ex, i, label);
        for (int t = 0; t < T; t++) weight[t] += label[t] == TFB_BOUND;
    }
    for (int t = 0; t < T; t++) weight[t] = pow(fmax(weight[t], TFB_SAMPLE_FEW), -balance);
    tfb_ranks_share(weight, (size_t)T * sizeof *weight);
}

double *tfb_sample_weights(const tfb_examples_t *ex, const uint8_t *part, double balance)
{
    size_t n = 0, k = 0, n_bound = 0;
    int T = ex->n_targets;
    double sum = 0;
    for (int64_t i = 0; i < ex->n; i++) n += part[i] == TFB_TRAIN;
    double *w = tfb_alloc(n + 1, sizeof *w, "weights of examples"),
           *of = tfb_alloc((size_t)T, sizeof *of, "weights of examples");
    uint8_t *label = tfb_alloc((size_t)T, 1, "weights of examples");
    if (!w || !of || !label) {
        free(w);
        w = NULL;
        goto done;
    }
    weights_of_targets(ex, part, balance, label, of);
    for (int64_t i = 0; i < ex->n; i++) {
        if (part[i] != TFB_TRAIN) continue;
        tfb_examples_labels(ex, i, label);
        for (int t = 0; t < T; t++)
            if (label[t] == TFB_BOUND && of[t] > w[k]) w[k] = of[t];
        sum += w[k];
        n_bound += w[k++] > 0;
    }
    for (k = 0; k < n; k++) w[k] = w[k] > 0 ? w[k] * ((double)n_bound / sum) : 1;
done:
    free(of);
    free(label);
    return w;
}

void tfb_sample(tfb_rng_t *rng, const double *weight, int strands, const tfb_item_t *all, size_t n, tfb_item_t *item)
{
    double sum = 0, end = 0, start = tfb_rng_unit(rng);
    for (size_t i = 0; i < n; i++) sum += weight[i / (size_t)strands];
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        end += weight[i / (size_t)strands];
        while (k < n && ((double)k + start) * sum < end * (double)n) item[k++] = all[i];
    }
    while (k < n) item[k++] = all[n - 1]; /* rounding */
}
