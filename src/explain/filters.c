/* filters.c - first-layer filters -> position frequency matrices, and their importance. In: a model, labelled regions.
 */
#include "explain/filters.h"
#include "nn/infer.h"
#include "nn/walk.h"
#include "util/progress.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };

/* Returns the layer whose output is the filters' activation: the last one before positions mix or the
 * shape changes. */
static int activation_layer(const tfb_net_t *n)
{
    int a = 0;
    while (a + 1 < n->n_layers) {
        const tfb_layer_t *l = &n->layer[a + 1];
        if (l->src[0] != a || n->layer[a].n_uses > 1 || l->n_src > 1 || l->kind->reach || l->out.L != l->in.L ||
            l->out.C != l->in.C)
            break;
        a++;
    }
    return a;
}

typedef struct {
    const tfb_model_t *m;
    const tfb_examples_t *ex;
    tfb_walk_t *w;
    int a, L; /* activation layer and its positions */
    uint8_t *code;
    int *out; /* per target of the examples: the model's output */
    uint8_t *use;
    int64_t *list; /* the examples used */
    float *kept;   /* a batch's activations */
    float *z;      /* a batch's logits */
    uint8_t *own;  /* (n, n_own bytes): bit t of an example is 1 if target t binds it and is predicted to */
    size_t n_own;
    int64_t *any, n_any; /* examples for which this is true of any target */
    float *most;         /* (T, F): greatest activation over a target's own regions */
    float *most_one;     /* (F): over one region */
    int64_t *count;      /* (F, K, 4): bases under sites */
    int64_t *own_count;  /* (T, n_top, K, 4): the same in a target's own regions */
} scan_t;

/* Runs layers [from, to) on the output of the layers before them. Returns the last one's output. */
static const float *run(scan_t *s, int from, int to, int B)
{
    s->w->pass.B = B;
    s->w->pass.code = s->code;
    return tfb_walk_run(s->w, from, to);
}

static int is_used(const scan_t *s, const tfb_filters_opt_t *o, int64_t i, const float *z)
{
    int bound = 0, right = 1;
    if (o->only) return o->only[i];
    if (o->use == TFB_USE_ALL) return 1;
    for (int t = 0; t < s->ex->n_targets && right; t++) {
        int label = tfb_examples_label(s->ex, i, t);
        if (label == TFB_NULL) continue;
        right = (z[s->out[t]] > 0) == label;
        bound |= label;
    }
    return right && (bound || o->use == TFB_USE_CORRECT);
}

static void load(scan_t *s, const int64_t *list, int B)
{
    for (int b = 0; b < B; b++) tfb_examples_codes(s->ex, list[b], 0, s->code + (size_t)b * s->ex->window);
}

static int is_own(const scan_t *s, int64_t i, int t)
{
    return s->own[(size_t)i * s->n_own + (size_t)(t >> 3)] >> (t & 7) & 1;
}

/* Records which targets bind example i and are predicted to. Returns whether any does. */
static int mark_own(scan_t *s, tfb_filters_t *f, int64_t i, const float *z)
{
    int any = 0;
    for (int e = 0; e < s->ex->n_targets; e++) {
        int t = s->out[e];
        if (!(z[t] > 0) || tfb_examples_label(s->ex, i, e) != TFB_BOUND) continue;
        s->own[(size_t)i * s->n_own + (size_t)(t >> 3)] |= (uint8_t)(1 << (t & 7));
        f->n_own[t]++;
        any = 1;
    }
    return any;
}

static void widen(float *most, const float *one, int F)
{
    for (int k = 0; k < F; k++)
        if (one[k] > most[k]) most[k] = one[k];
}

/* Chooses the examples and finds each filter's greatest activation over them. */
static void first_pass(scan_t *s, const tfb_filters_opt_t *o, tfb_filters_t *f)
{
    int n_layers = s->m->net->n_layers;
    int64_t list[BATCH];
    tfb_progress_begin("regions, pass 1", "");
    for (int64_t i = 0; i < s->ex->n; i += BATCH) {
        tfb_progress_of(i, s->ex->n);
        int B = s->ex->n - i < BATCH ? (int)(s->ex->n - i) : BATCH;
        for (int b = 0; b < B; b++) list[b] = i + b;
        load(s, list, B);
        const float *act = run(s, 0, s->a + 1, B);
        memcpy(s->kept, act, (size_t)B * s->L * f->F * sizeof *act); /* later layers may work in place on it */
        const float *z = o->only ? s->z : run(s, s->a + 1, n_layers, B);
        for (int b = 0; b < B; b++) {
            const float *y = s->kept + (size_t)b * s->L * f->F;
            int used = is_used(s, o, i + b, z + (size_t)b * f->T),
                own = o->only ? 0 : mark_own(s, f, i + b, z + (size_t)b * f->T);
            if (!used && !own) continue;
            if (own) s->any[s->n_any++] = i + b;
            memset(s->most_one, 0, (size_t)f->F * sizeof(float));
            for (int l = 0; l < s->L; l++)
                for (int k = 0; k < f->F; k++)
                    if (y[(size_t)l * f->F + k] > s->most_one[k]) s->most_one[k] = y[(size_t)l * f->F + k];
            if (used) {
                s->list[f->n_used++] = i + b;
                f->used[i + b] = 1;
                widen(f->most, s->most_one, f->F);
            }
            for (int t = 0; own && t < f->T; t++)
                if (is_own(s, i + b, t)) widen(s->most + (size_t)t * f->F, s->most_one, f->F);
        }
    }
}

/* Collects the sites: positions where a filter's activation exceeds its threshold. */
static void second_pass(scan_t *s, const tfb_filters_opt_t *o, tfb_filters_t *f, int64_t *count)
{
    int F = f->F, K = f->K;
    tfb_progress_begin("regions, pass 2", "");
    for (int64_t i = 0; i < f->n_used; i += BATCH) {
        tfb_progress_of(i, f->n_used);
        int B = f->n_used - i < BATCH ? (int)(f->n_used - i) : BATCH;
        load(s, s->list + i, B);
        const float *y = run(s, 0, s->a + 1, B);
        for (int b = 0; b < B; b++)
            for (int l = 0; l < s->L; l++, y += F)
                for (int k = 0; k < F; k++) {
                    if (!(y[k] > o->threshold * f->most[k]) || f->most[k] <= 0) continue;
                    const uint8_t *c = s->code + (size_t)b * s->ex->window + l;
                    int64_t *to = count + (size_t)k * K * 4;
                    for (int j = 0; j < K; j++)
                        if (c[j] < 4) to[4 * j + c[j]]++;
                    f->n_sites[k]++;
                }
    }
}

static void frequencies(const int64_t *count, size_t n, float *pfm)
{
    for (size_t j = 0; j < n; j++, count += 4, pfm += 4) {
        double sum = (double)(count[0] + count[1] + count[2] + count[3]);
        for (int b = 0; b < 4; b++) pfm[b] = sum > 0 ? (float)((double)count[b] / sum) : 0.25f;
    }
}

/* Finds the n_top most important filters of each target. Filters of equal importance keep their order. */
static void choose_top(tfb_filters_t *f)
{
    for (int t = 0; t < f->T; t++) {
        int *top = f->top + (size_t)t * f->n_top;
        for (int r = 0; r < f->n_top; r++) {
            int best = -1;
            for (int k = 0; k < f->F; k++) {
                int taken = 0;
                for (int i = 0; i < r; i++) taken |= top[i] == k;
                if (!taken &&
                    (best < 0 || f->importance[(size_t)k * f->T + t] > f->importance[(size_t)best * f->T + t]))
                    best = k;
            }
            top[r] = best;
        }
    }
}

/* Collects the sites of those filters in the targets' own regions. */
static void third_pass(scan_t *s, const tfb_filters_opt_t *o, tfb_filters_t *f, int64_t *count)
{
    int F = f->F, K = f->K, W = s->ex->window;
    tfb_progress_begin("regions, pass 3", "");
    for (int64_t i = 0; i < s->n_any; i += BATCH) {
        tfb_progress_of(i, s->n_any);
        int B = s->n_any - i < BATCH ? (int)(s->n_any - i) : BATCH;
        const int64_t *list = s->any + i;
        load(s, list, B);
        const float *act = run(s, 0, s->a + 1, B);
        for (int b = 0; b < B; b++)
            for (int t = 0; t < f->T; t++) {
                if (!is_own(s, list[b], t)) continue;
                for (int r = 0; r < f->n_top; r++) {
                    size_t tr = (size_t)t * f->n_top + r;
                    int k = f->top[tr];
                    float most = s->most[(size_t)t * F + k];
                    for (int l = 0; most > 0 && l < s->L; l++) {
                        if (!(act[((size_t)b * s->L + l) * F + k] > o->threshold * most)) continue;
                        const uint8_t *c = s->code + (size_t)b * W + l;
                        for (int j = 0; j < K; j++) count[(tr * K + j) * 4 + c[j]]++; /* examples have no N */
                        f->own_sites[tr]++;
                    }
                }
            }
    }
}

/* Writes the regions that importance is measured on to chosen, which has room for all of s->any or
 * f->used. Returns their number. */
static int64_t choose_regions(const scan_t *s, const tfb_filters_t *f, const tfb_filters_opt_t *o, int64_t *chosen)
{
    int64_t n = 0, n_from = o->on == TFB_ON_USED ? f->n_used : s->n_any, most = o->n_importance;
    const int64_t *from = o->on == TFB_ON_USED ? s->list : s->any;
    if (o->on != TFB_ON_OWN) {
        n = most < n_from ? most : n_from;
        for (int64_t i = 0; i < n; i++) chosen[i] = from[i * n_from / n];
        return n;
    }
    /* the same for each target: its k-th region is taken if k = i * n_own / m for some i. A region counts
     * for all targets that it belongs to */
    int64_t *k = calloc((size_t)f->T, sizeof *k);
    for (int64_t i = 0; k && i < n_from; i++) {
        int take = 0;
        for (int t = 0; t < f->T; t++) {
            if (!is_own(s, from[i], t)) continue;
            int64_t m = most < f->n_own[t] ? most : f->n_own[t];
            take |= (k[t] * m + f->n_own[t] - 1) / f->n_own[t] * f->n_own[t] < (k[t] + 1) * m;
            k[t]++;
        }
        if (take) chosen[n++] = from[i];
    }
    free(k);
    return n;
}

/* Returns 0, or -1 if memory runs out. */
static int measure_importance(scan_t *s, tfb_filters_t *f, const tfb_filters_opt_t *o)
{
    int F = f->F, T = f->T, n_layers = s->m->net->n_layers, a = s->a;
    size_t n_act = (size_t)s->L * F;
    int64_t *chosen = malloc(((size_t)s->ex->n + 1) * sizeof *chosen);
    if (!chosen) return -1;
    f->n_importance = choose_regions(s, f, o, chosen);
    tfb_progress_begin("regions silenced", "");
    for (int64_t i = 0; i < f->n_importance; i += BATCH) {
        tfb_progress_of(i, f->n_importance);
        int B = f->n_importance - i < BATCH ? (int)(f->n_importance - i) : BATCH;
        const int64_t *list = chosen + i;
        load(s, list, B);
        const float *y = run(s, 0, a + 1, B);
        memcpy(s->kept, y, (size_t)B * n_act * sizeof *y);
        const float *z = run(s, a + 1, n_layers, B);
        for (int k = 0; k < B * T; k++) s->z[k] = tfb_sigmoid(z[k]);
        for (int b = 0; b < B; b++)
            for (int t = 0; t < T; t++) f->n_measured[t] += o->on != TFB_ON_OWN || is_own(s, list[b], t);
        for (int k = 0; k < F; k++) {
            float *to = s->w->y[a];
            int active = 0; /* silencing a filter changes nothing if it is inactive in the whole batch */
            memcpy(to, s->kept, (size_t)B * n_act * sizeof *to); /* later layers may work in place on it */
            for (size_t r = 0; r < (size_t)B * s->L; r++) {
                active |= to[r * F + k] != 0;
                to[r * F + k] = 0;
            }
            if (!active) continue;
            z = run(s, a + 1, n_layers, B);
            for (int b = 0; b < B; b++)
                for (int t = 0; t < T; t++) {
                    double d = tfb_sigmoid(z[b * T + t]) - s->z[b * T + t];
                    if (o->on != TFB_ON_OWN || is_own(s, list[b], t)) f->importance[(size_t)k * T + t] += d * d;
                }
        }
    }
    for (size_t k = 0; k < (size_t)F * T; k++)
        if (f->n_measured[k % T]) f->importance[k] /= (double)f->n_measured[k % T];
    free(chosen);
    return 0;
}

/* Allocates the results that the options ask for. Returns 0, or -1. */
static int make_results(tfb_filters_t *f, const tfb_filters_opt_t *o, const tfb_examples_t *ex)
{
    size_t F = (size_t)f->F, T = (size_t)f->T, K = (size_t)f->K;
    if (!(f->n_sites = calloc(F, sizeof *f->n_sites)) || !(f->most = calloc(F, sizeof *f->most)) ||
        !(f->pfm = calloc(F * K * 4, sizeof *f->pfm)) ||
        !(f->used = tfb_alloc((size_t)ex->n + 1, 1, "the regions used")) || !(f->n_own = calloc(T, sizeof *f->n_own)))
        return -1;
    if (!o->n_importance) return 0;
    if (o->n_top) {
        f->n_top = o->n_top < f->F ? o->n_top : f->F;
        size_t n = T * (size_t)f->n_top;
        if (!(f->top = calloc(n, sizeof *f->top)) || !(f->own_sites = calloc(n, sizeof *f->own_sites)) ||
            !(f->own_pfm = calloc(n * K * 4, sizeof *f->own_pfm)))
            return -1;
    }
    return !(f->importance = calloc(F * T, sizeof *f->importance)) ||
                   !(f->n_measured = calloc(T, sizeof *f->n_measured))
               ? -1
               : 0;
}

/* Allocates a scan's memory. Returns 0, or -1. */
static int make_scan(scan_t *s, const tfb_filters_t *f, tfb_pool_t *pool)
{
    size_t n = (size_t)s->ex->n, F = (size_t)f->F, T = (size_t)f->T;
    s->a = activation_layer(s->m->net);
    s->L = s->m->net->layer[s->a].out.L;
    s->n_own = (T + 7) / 8;
    if (!(s->count = calloc(F * (size_t)f->K * 4, sizeof *s->count)) ||
        !(s->out = calloc((size_t)s->ex->n_targets + 1, sizeof *s->out)) ||
        !(s->list = tfb_alloc(n + 1, sizeof *s->list, "the regions used")) ||
        !(s->any = tfb_alloc(n + 1, sizeof *s->any, "the regions used")) ||
        !(s->code = malloc((size_t)BATCH * s->ex->window)) || !(s->z = malloc(BATCH * T * sizeof *s->z)) ||
        !(s->kept = malloc((size_t)BATCH * s->L * F * sizeof *s->kept)) ||
        !(s->w = tfb_walk_create(s->m->net, BATCH, TFB_WALK_FORWARD, pool)) ||
        !(s->own = tfb_alloc(n, s->n_own, "the regions of each target")) ||
        !(s->most = calloc(T * F, sizeof *s->most)) || !(s->most_one = calloc(F, sizeof *s->most_one)))
        return -1;
    if (!f->n_top) return 0;
    s->own_count = tfb_alloc(T * (size_t)f->n_top * (size_t)f->K * 4, sizeof *s->own_count, "the sites of each target");
    return s->own_count ? 0 : -1;
}

static void free_scan(scan_t *s)
{
    tfb_walk_destroy(s->w);
    free(s->code);
    free(s->out);
    free(s->list);
    free(s->kept);
    free(s->z);
    free(s->own);
    free(s->any);
    free(s->most);
    free(s->most_one);
    free(s->count);
    free(s->own_count);
}

/* Returns 0, or -1 (logged). */
static int find_outputs(scan_t *s)
{
    for (int t = 0; t < s->ex->n_targets; t++)
        if ((s->out[t] = tfb_model_target(s->m, s->ex->targets[t])) < 0) {
            tfb_error("the model does not predict %s", s->ex->targets[t]);
            return -1;
        }
    return 0;
}

/* Makes the passes over the regions. Returns 0, or -1 (logged). */
static int scan_regions(scan_t *s, const tfb_filters_opt_t *o, tfb_filters_t *f)
{
    first_pass(s, o, f);
    if (!f->n_used) {
        tfb_error("no region of %" PRId64 " is %s", s->ex->n,
                  o->use == TFB_USE_BOUND ? "bound and predicted bound: try --use correct or --use all"
                                          : "predicted correctly: try --use all");
        return -1;
    }
    second_pass(s, o, f, s->count);
    frequencies(s->count, (size_t)f->F * f->K, f->pfm);
    if (f->importance && measure_importance(s, f, o) < 0) {
        tfb_error("not enough memory to measure importance");
        return -1;
    }
    if (!f->n_top) return 0;
    choose_top(f);
    third_pass(s, o, f, s->own_count);
    frequencies(s->own_count, (size_t)f->T * f->n_top * f->K, f->own_pfm);
    return 0;
}

tfb_filters_t *tfb_filters_scan(const tfb_model_t *m, const tfb_examples_t *ex, const tfb_filters_opt_t *o,
                                tfb_pool_t *pool)
{
    const tfb_layer_t *first = &m->net->layer[0];
    if (first->n_tensors == 0 || first->tensor[0].n_dims != 3) {
        tfb_error("the model does not begin with a convolution, but with `%s`: it has no filters to show",
                  first->kind->name);
        return NULL;
    }
    scan_t s = {.m = m, .ex = ex};
    tfb_filters_t *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->F = first->F;
    f->K = first->K;
    f->T = m->n_targets;
    int ok = make_results(f, o, ex) == 0 && make_scan(&s, f, pool) == 0 && (o->only || find_outputs(&s) == 0) &&
             scan_regions(&s, o, f) == 0;
    free_scan(&s);
    if (ok) return f;
    tfb_filters_destroy(f);
    return NULL;
}

void tfb_filters_destroy(tfb_filters_t *f)
{
    if (!f) return;
    free(f->used);
    free(f->n_sites);
    free(f->most);
    free(f->pfm);
    free(f->importance);
    free(f->n_measured);
    free(f->n_own);
    free(f->top);
    free(f->own_sites);
    free(f->own_pfm);
    free(f);
}

tfb_motifs_t *tfb_filters_motifs(const tfb_filters_t *f)
{
    tfb_motifs_t *s = tfb_motifs_create();
    for (int k = 0; s && k < f->F; k++) {
        char id[32];
        snprintf(id, sizeof id, "filter%d", k);
        if (f->n_sites[k] && !tfb_motifs_add(s, id, NULL, f->pfm + (size_t)k * f->K * 4, f->K, (double)f->n_sites[k])) {
            tfb_motifs_destroy(s);
            return NULL;
        }
    }
    return s;
}

double tfb_filters_similarity(const tfb_filters_t *a, int i, const tfb_filters_t *b, int j)
{
    const float *x = a->pfm + (size_t)i * a->K * 4, *y = b->pfm + (size_t)j * b->K * 4;
    double xy = 0, xx = 0, yy = 0;
    if (a->K != b->K || !a->n_sites[i] || !b->n_sites[j]) return 0;
    for (int k = 0; k < 4 * a->K; k++) {
        xy += (x[k] - 0.25) * (y[k] - 0.25);
        xx += (x[k] - 0.25) * (x[k] - 0.25);
        yy += (y[k] - 0.25) * (y[k] - 0.25);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

void tfb_filters_consensus(const float *pfm, int w, char *text)
{
    for (int j = 0; j < w; j++, pfm += 4) {
        int best = 0;
        for (int c = 1; c < 4; c++)
            if (pfm[c] > pfm[best]) best = c;
        text[j] = pfm[best] >= 0.5f ? "ACGT"[best] : 'n';
    }
    text[w] = 0;
}
