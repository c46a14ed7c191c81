/* start.c - motifs as the first filters of a network. In: motifs, the targets' names. Out: weights of the first
 * convolution. */
#include "train/start.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Filters with at least this cosine at their best offset count as equal: at 0.8 the motifs of a family (bZIP, ETS)
 * share one filter. */
static const double SAME = 0.8;
/* Norm of a filter: about three times that of a random one, so that the first steps of Adam do not erase the motif. */
static const double NORM = 1.8;

void tfb_start_filter(const tfb_motif_t *m, int K, int reverse, float *f)
{
    static const float even[4] = {0.25f, 0.25f, 0.25f, 0.25f};
    int from = 0, n = m->w < K ? m->w : K;
    double best = -1, norm = 0;
    for (int i = 0; i + n <= m->w; i++) {
        double b = tfb_motif_bits(m->p + 4 * i, n, even, NULL);
        if (b > best) best = b, from = i;
    }
    memset(f, 0, (size_t)K * 4 * sizeof *f);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 4; c++) {
            float x = log2f((m->p[4 * (from + i) + c] + 0.01f) / 1.04f / 0.25f);
            int at = (K - n) / 2 + i;
            f[reverse ? 4 * (K - 1 - at) + 3 - c : 4 * at + c] = x;
            norm += (double)(x * x);
        }
    for (int i = 0; i < 4 * K; i++) f[i] *= (float)(NORM / sqrt(norm > 0 ? norm : 1));
}

double tfb_start_likeness(const float *a, const float *b, int K)
{
    double best = 0;
    for (int s = -K / 2; s <= K / 2; s++) {
        double dot = 0;
        for (int i = s > 0 ? s : 0; i < K && i - s < K; i++)
            for (int c = 0; c < 4; c++) dot += (double)(a[4 * i + c] * b[4 * (i - s) + c]);
        if (dot > best) best = dot;
    }
    return best / (NORM * NORM);
}

const tfb_motif_t *tfb_start_motif_of(const tfb_motifs_t *motifs, const char *tf)
{
    for (int i = 0; i < motifs->n; i++)
        if (strcasecmp(motifs->motif[i].name, tf) == 0) return &motifs->motif[i];
    for (int i = 0; i < motifs->n; i++)
        if (tfb_motif_is_of(&motifs->motif[i], tf)) return &motifs->motif[i];
    return NULL;
}

int tfb_start_motifs(tfb_net_t *net, char *const *targets, int n_targets, const tfb_motifs_t *motifs)
{
    const tfb_layer_t *l = &net->layer[0];
    int ret = -1, n = 0, known = 0, K = l->K, F = l->F;
    if (!l->first || strcmp(l->kind->name, "conv")) {
        tfb_error("motifs need a convolution as the first layer");
        return -1;
    }
    size_t size = 4 * (size_t)K;
    float *all = tfb_alloc(2 * (size_t)n_targets * size, sizeof *all, "filters"); /* the motifs, in both orientations */
    double *like = tfb_alloc(2 * (size_t)n_targets, sizeof *like,
                             "filters"); /* similarity to the closest chosen filter; -1: chosen */
    int *chosen = tfb_alloc((size_t)F, sizeof *chosen, "filters"), n_all = 0;
    if (!all || !like || !chosen) goto done;
    for (int t = 0; t < n_targets; t++) {
        const tfb_motif_t *m = tfb_start_motif_of(motifs, targets[t]);
        known += m != NULL;
        for (int reverse = 0; m && reverse < 2; reverse++)
            tfb_start_filter(m, K, reverse, all + size * (size_t)n_all++);
    }
    /* adds the filter least similar to those chosen, so that every family has one before any has two */
    while (n < F && n < n_all) {
        int next = -1;
        for (int i = 0; i < n_all; i++)
            if (like[i] >= 0 && (next < 0 || like[i] < like[next])) next = i;
        if (like[next] > SAME) break;
        chosen[n++] = next;
        like[next] = -1;
        for (int i = 0; i < n_all; i++) {
            double x = like[i] < 0 ? 0 : tfb_start_likeness(all + size * (size_t)i, all + size * (size_t)next, K);
            if (x > like[i] && like[i] >= 0) like[i] = x;
        }
    }
    float *w = net->param + l->param_off + l->tensor[0].off;
    for (int f = 0; f < n; f++)
        for (int k = 0; k < 4 * K; k++)
            w[(size_t)k * (size_t)F + (size_t)f] =
                all[size * (size_t)chosen[f] + (size_t)k] + 0.1f * w[(size_t)k * (size_t)F + (size_t)f];
    if (known) {
        tfb_note("%d of %d filters start as motifs of %d of %d targets", n, F, known, n_targets);
        ret = n;
    } else
        tfb_error("no motif has the name of a target");
done:
    free(all);
    free(like);
    free(chosen);
    return ret;
}
