/* spare.c - puts a target's own motif into a trained network. In: motifs, the network, training regions. Out:
 * its least used filters, the batch norm behind them, the target's row of the head. */
#include "train/spare.h"
#include "train/head.h"
#include "train/start.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 512 }; /* training windows to measure a new filter's statistics on */
/* Weight of a motif's filters in the target's row, over both orientations. */
static const float WEIGHT = 1;
/* Orientations at least this similar count as one: the motif is a palindrome. */
static const double PALINDROME = 0.9;

typedef struct {
    tfb_net_t *net;
    const tfb_layer_t *first;
    double *use; /* (F): how much the layers above use each filter; infinite: replaced */
} net_t;

/* ---- how much each filter is used ---- */

static int is_a(const tfb_layer_t *l, const char *kind) { return strcmp(l->kind->name, kind) == 0; }

/* Adds the weights of a product that meet channels [at, at + F) of its input, times scale (F). */
static void add_weights(const net_t *s, const tfb_layer_t *l, int at, const float *scale)
{
    const float *w = s->net->param + l->param_off + l->tensor[0].off; /* (K, C, F of l) */
    for (int k = 0; k < l->K; k++)
        for (int f = 0; f < s->first->F; f++) {
            const float *row = w + (size_t)(k * l->in.C + at + f) * (size_t)l->F;
            for (int o = 0; o < l->F; o++) s->use[f] += (double)(scale[f] * fabsf(row[o]));
        }
}

/* Adds the use of the filters by all layers that read the output of layer i, in which the filters are channels
 * [at, at + F). 0, or -1 on lack of memory (logged). */
static int add_readers(const net_t *s, int i, int at, const float *scale)
{
    int F = s->first->F, ret = 0;
    for (int r = i + 1; r < s->net->n_layers && ret == 0; r++) {
        const tfb_layer_t *l = &s->net->layer[r];
        for (int k = 0; k < l->n_src && ret == 0; k++) {
            if (l->src[k] != i) continue;
            if (is_a(l, "conv") || is_a(l, "dense"))
                add_weights(s, l, at, scale);
            else if (is_a(l, "bn")) {
                float *by = tfb_alloc((size_t)F, sizeof *by, "the use of filters");
                const float *gamma = s->net->param + l->param_off + l->tensor[0].off + at;
                for (int f = 0; by && f < F; f++) by[f] = scale[f] * fabsf(gamma[f]);
                ret = by ? add_readers(s, r, at, by) : -1;
                free(by);
            } else if (!(l->n_tensors && l->tensor[0].n_dims > 1)) /* other products are skipped */
                ret = add_readers(s, r, is_a(l, "cat") && k ? at + l->in.C : at, scale);
        }
    }
    return ret;
}

/* Measures the use of each filter by the layers above or, if that is unknown, its size. 0, or -1 (logged). */
static int measure_use(net_t *s)
{
    int F = s->first->F, used = 0;
    float *one = tfb_alloc((size_t)F, sizeof *one, "the use of filters");
    if (!one || !(s->use = tfb_alloc((size_t)F, sizeof *s->use, "the use of filters"))) {
        free(one);
        return -1;
    }
    for (int f = 0; f < F; f++) one[f] = 1;
    int ret = add_readers(s, 0, 0, one);
    free(one);
    for (int f = 0; f < F; f++) used |= s->use[f] > 0;
    const float *w = s->net->param + s->first->param_off + s->first->tensor[0].off;
    for (int k = 0; !used && k < 4 * s->first->K; k++)
        for (int f = 0; f < F; f++) s->use[f] += fabs((double)w[(size_t)k * (size_t)F + (size_t)f]);
    return ret;
}

/* ---- one filter ---- */

typedef struct {
    double mean, var; /* of its output before the bias, over positions and windows */
    double most;      /* mean over windows of its maximum */
} output_t;

/* Measures a filter (K, 4) on training windows. */
static output_t measure_output(const net_t *s, const float *filter, const tfb_examples_t *ex, const uint8_t *part,
                               uint8_t *code)
{
    int K = s->first->K, L = ex->window - (K - 1) * s->first->dilate, n = 0;
    double sum = 0, square = 0, most = 0;
    for (int64_t i = 0; i < ex->n && n < SAMPLE; i++) {
        if (part[i] != TFB_TRAIN) continue;
        double best = -INFINITY;
        tfb_examples_codes(ex, i, 0, code);
        for (int at = 0; at < L; at++) {
            double x = 0;
            for (int k = 0; k < K; k++) x += (double)filter[4 * k + code[at + k * s->first->dilate]];
            sum += x;
            square += x * x;
            if (x > best) best = x;
        }
        most += best;
        n++;
    }
    double all = (double)n * L, mean = all > 0 ? sum / all : 0;
    return (output_t){.mean = mean, .var = all > 0 ? square / all - mean * mean : 1, .most = n ? most / n : 0};
}

/* Returns the batch norm that reads the first layer's output, or NULL. */
static const tfb_layer_t *norm_of(const tfb_net_t *net)
{
    for (int i = 1; i < net->n_layers; i++)
        if (net->layer[i].src[0] == 0 && is_a(&net->layer[i], "bn")) return &net->layer[i];
    return NULL;
}

static float mean_of(const float *x, int n, int absolute)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += absolute ? fabs((double)x[i]) : (double)x[i];
    return (float)(sum / n);
}

/* Copies `filter` to filter f and adapts the batch norm. Returns the mean over windows of the maximum of its output
 * after the norm. */
static double replace(net_t *s, int f, const float *filter, const output_t *o)
{
    const tfb_layer_t *l = s->first, *bn = norm_of(s->net);
    float *p = s->net->param + l->param_off;
    for (int k = 0; k < 4 * l->K; k++) p[l->tensor[0].off + (size_t)k * (size_t)l->F + (size_t)f] = filter[k];
    p[l->tensor[1].off + (size_t)f] = 0;
    s->use[f] = INFINITY;
    if (!bn) return o->most;
    float *q = s->net->param + bn->param_off, *t = s->net->stat + bn->stat_off;
    float *gamma = q + bn->tensor[0].off, *beta = q + bn->tensor[1].off;
    gamma[f] = mean_of(gamma, l->F, 1);
    beta[f] = mean_of(beta, l->F, 0);
    t[bn->tensor[2].off + (size_t)f] = (float)o->mean;
    t[bn->tensor[3].off + (size_t)f] = (float)o->var;
    return (o->most - o->mean) / sqrt(o->var + 1e-5) * (double)gamma[f] + (double)beta[f];
}

/* ---- a target ---- */

/* Replaces the least used filters by a motif, and sets weights for them in row t of the head if they reach it. Returns
 * whether they do, or -1 on lack of memory (logged). */
static int give_motif(net_t *s, const tfb_motif_t *m, int t, const tfb_examples_t *ex, const uint8_t *part,
                      tfb_spare_t *done)
{
    int K = s->first->K, n_in = tfb_head_inputs(s->net), ret = -1, weighted = 0;
    const tfb_layer_t *head = &s->net->layer[s->net->n_layers - 1];
    float *w = s->net->param + head->param_off, *filter = tfb_alloc(8 * (size_t)K, sizeof *filter, "filters");
    int *behind = tfb_alloc((size_t)n_in, sizeof *behind, "filters");
    uint8_t *code = tfb_alloc((size_t)ex->window, 1, "a window");
    if (!filter || !behind || !code) goto done;
    tfb_head_trace(s->net, behind);
    for (int reverse = 0; reverse < 2; reverse++) tfb_start_filter(m, K, reverse, filter + 4 * K * reverse);
    int n = tfb_start_likeness(filter, filter + 4 * K, K) > PALINDROME ? 1 : 2;
    for (int k = 0; k < n; k++) {
        int f = 0;
        for (int i = 1; i < s->first->F; i++)
            if (s->use[i] < s->use[f]) f = i;
        output_t o = measure_output(s, filter + 4 * K * k, ex, part, code);
        double most = replace(s, f, filter + 4 * K * k, &o);
        done->filters++;
        for (int i = 0; i < n_in; i++) {
            if (behind[i] != f) continue;
            w[head->tensor[0].off + (size_t)i * (size_t)head->F + (size_t)t] = WEIGHT / (float)n;
            w[head->tensor[1].off + (size_t)t] -= WEIGHT / (float)n * (float)most;
            weighted = 1;
        }
    }
    ret = weighted;
done:
    free(filter);
    free(behind);
    free(code);
    return ret;
}

int tfb_spare_motifs(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_motifs_t *motifs,
                     tfb_spare_t *done)
{
    net_t s = {.net = net, .first = &net->layer[0]};
    int ret = 0;
    *done = (tfb_spare_t){0};
    if (!s.first->first || !is_a(s.first, "conv")) {
        tfb_error("motifs need a convolution as the first layer");
        return -1;
    }
    for (int t = 0; t < ex->n_targets; t++) done->motifs += tfb_start_motif_of(motifs, ex->targets[t]) != NULL;
    if (!done->motifs) {
        tfb_error("no motif has the name of a target");
        return -1;
    }
    if (2 * done->motifs >= s.first->F) {
        tfb_error("%d filters are too few for the motifs of %d targets", s.first->F, done->motifs);
        return -1;
    }
    if (measure_use(&s) < 0) ret = -1;
    for (int t = 0; t < ex->n_targets && ret == 0; t++) {
        const tfb_motif_t *m = tfb_start_motif_of(motifs, ex->targets[t]);
        int got = m ? give_motif(&s, m, t, ex, part, done) : 0;
        if (got < 0) ret = -1;
        done->heads += got > 0;
    }
    free(s.use);
    return ret;
}
