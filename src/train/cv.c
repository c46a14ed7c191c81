/* cv.c - cross-validation. In: examples, their split, a function that makes networks. Out: measures with intervals. */
#include "train/cv.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/transfer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 1000, /* of the bootstrap */
    FEWEST = 5,    /* fewest bound and unbound regions for a measure */
};

int tfb_scores(const float *z, int T, int t, const uint8_t *label, int64_t n, uint64_t seed, tfb_scores_t *s)
{
    tfb_metrics_t m;
    double ci[3][2] = {{NAN, NAN}, {NAN, NAN}, {NAN, NAN}};
    if (tfb_metrics_compute(z + t, T, label, 1, n, FEWEST, &m) < 0 ||
        (!isnan(m.auroc) && tfb_metrics_bootstrap(z + t, T, label, 1, n, ROUNDS, seed, ci) < 0))
        return -1;
    *s = (tfb_scores_t){.n = m.n,
                        .n_bound = m.n_bound,
                        .auroc = {m.auroc, ci[0][0], ci[0][1]},
                        .auprc = {m.auprc, ci[1][0], ci[1][1]},
                        .mcc = {m.mcc, ci[2][0], ci[2][1]}};
    return 0;
}

int tfb_scores_say_nothing(const tfb_scores_t *s)
{
    return isnan(s->auprc.value) || !(s->auprc.low > (double)s->n_bound / (double)s->n);
}

typedef struct {
    const tfb_cv_opt_t *o;
    int16_t *fold; /* (ex->n): the fold of a training region; -1: none */
    uint8_t *part; /* (ex->n): the split of one fold */
    uint32_t *idx; /* (n of a fold) */
    float *z;      /* (ex->n, T) */
} cv_t;

/* Returns whether any target is bound in example i. */
static int is_bound(const tfb_examples_t *ex, int64_t i)
{
    for (int t = 0; t < ex->n_targets; t++)
        if (tfb_examples_label(ex, i, t) == TFB_BOUND) return 1;
    return 0;
}

/* Assigns whole contigs to folds, the largest first, each to the fold with the fewest bound regions so far.
 * Returns 1; 0 if there are too few contigs for folds that differ by less than their own size; -1 on lack of memory
 * (logged). */
static int deal_contigs(cv_t *c)
{
    const tfb_examples_t *ex = c->o->ex;
    int K = c->o->folds, ok = 0;
    int64_t *bound = tfb_alloc((size_t)ex->n_contigs + 1, sizeof *bound, "folds"),
            *has = tfb_alloc((size_t)K, sizeof *has, "folds"), total = 0;
    int16_t *of = tfb_alloc((size_t)ex->n_contigs + 1, sizeof *of, "folds");
    if (!bound || !has || !of) {
        ok = -1;
        goto done;
    }
    for (int64_t i = 0; i < ex->n; i++) bound[ex->contig[i]] += c->o->part[i] == TFB_TRAIN && is_bound(ex, i);
    for (int k = 0; k < ex->n_contigs; k++) total += bound[k];
    for (int n = 0; n < ex->n_contigs; n++) {
        int next = -1, to = 0;
        for (int k = 0; k < ex->n_contigs; k++)
            if (bound[k] >= 0 && (next < 0 || bound[k] > bound[next])) next = k;
        for (int k = 1; k < K; k++)
            if (has[k] < has[to]) to = k;
        has[to] += bound[next];
        of[next] = (int16_t)to;
        bound[next] = -1;
    }
    ok = 1;
    for (int k = 0; k < K; k++) ok &= has[k] * K >= total / 2 && has[k] * K <= 2 * total && has[k] > 0;
    for (int64_t i = 0; ok && i < ex->n; i++)
        if (c->o->part[i] == TFB_TRAIN) c->fold[i] = of[ex->contig[i]];
done:
    free(bound);
    free(has);
    free(of);
    return ok;
}

/* Assigns the training regions to folds at random, bound and unbound ones separately. 0, or -1 (logged). */
static int deal_regions(cv_t *c)
{
    const tfb_examples_t *ex = c->o->ex;
    tfb_rng_t r;
    tfb_rng_seed(&r, tfb_hash64(c->o->fit.seed ^ 0x666f6c6473)); /* "folds" */
    for (int bound = 0; bound < 2; bound++) {
        size_t n = 0;
        for (int64_t i = 0; i < ex->n; i++)
            if (c->o->part[i] == TFB_TRAIN && is_bound(ex, i) == bound) c->idx[n++] = (uint32_t)i;
        tfb_rng_shuffle(&r, c->idx, n);
        for (size_t i = 0; i < n; i++) c->fold[c->idx[i]] = (int16_t)(i % (size_t)c->o->folds);
    }
    return 0;
}

/* Trains without fold k, and scores it. 0, or -1 (logged). */
static int run_fold(cv_t *c, int k)
{
    const tfb_examples_t *ex = c->o->ex;
    size_t n = 0, T = (size_t)ex->n_targets;
    tfb_fit_opt_t fit = c->o->fit;
    tfb_fit_report_t rep;
    fit.checkpoint = fit.curves = NULL;
    fit.resume = 0;
    memcpy(c->part, c->o->part, (size_t)ex->n);
    for (int64_t i = 0; i < ex->n; i++) {
        if (c->fold[i] != k) continue;
        c->part[i] = TFB_UNUSED;
        c->idx[n++] = (uint32_t)i;
    }
    tfb_net_t *net = c->o->make(c->o->arg, c->part);
    float *z = tfb_alloc((n + 1) * T, sizeof *z, "logits of a fold");
    int ret = net && z ? tfb_fit(net, ex, c->part, &fit, &rep) : -1;
    if (ret == 0 && rep.interrupted) {
        tfb_warn("stopped in cross-validation");
        ret = -1;
    }
    if (ret == 0) ret = tfb_predict(net, ex, c->idx, n, TFB_STRAND_BOTH, fit.pool, z);
    for (size_t i = 0; ret == 0 && i < n; i++) memcpy(c->z + c->idx[i] * T, z + i * T, T * sizeof *z);
    free(z);
    tfb_net_destroy(net);
    return ret;
}

/* Counts the training regions of each target and sets the measures to NaN. Returns whether each fold can have a bound
 * and an unbound region. */
static int count_regions(const tfb_cv_opt_t *o, tfb_scores_t *scores)
{
    const tfb_interval_t none = {NAN, NAN, NAN};
    int64_t bound = 0, n = 0;
    for (int t = 0; t < o->ex->n_targets; t++) scores[t] = (tfb_scores_t){.auroc = none, .auprc = none, .mcc = none};
    for (int64_t i = 0; i < o->ex->n; i++) {
        if (o->part[i] != TFB_TRAIN) continue;
        n++;
        bound += is_bound(o->ex, i);
        for (int t = 0; t < o->ex->n_targets; t++) {
            int l = tfb_examples_label(o->ex, i, t);
            scores[t].n += l != TFB_NULL;
            scores[t].n_bound += l == TFB_BOUND;
        }
    }
    return bound >= o->folds && n - bound >= o->folds;
}

int tfb_cv(const tfb_cv_opt_t *o, tfb_scores_t *scores, int *by_contig)
{
    const tfb_examples_t *ex = o->ex;
    size_t N = (size_t)ex->n, T = (size_t)ex->n_targets;
    int ret = -1;
    *by_contig = 0;
    if (!count_regions(o, scores)) return 0;
    cv_t c = {.o = o,
              .fold = tfb_alloc(N, sizeof *c.fold, "folds"),
              .part = tfb_alloc(N, 1, "folds"),
              .idx = tfb_alloc(N + 1, sizeof *c.idx, "folds"),
              .z = tfb_alloc(N * T, sizeof *c.z, "logits of folds")};
    uint8_t *label = tfb_alloc(N, 1, "labels");
    if (!c.fold || !c.part || !c.idx || !c.z || !label) goto done;
    for (size_t i = 0; i < N; i++) c.fold[i] = -1;
    if ((*by_contig = deal_contigs(&c)) < 0 || (!*by_contig && deal_regions(&c) < 0)) goto done;
    for (int k = 0; k < o->folds; k++)
        if (run_fold(&c, k) < 0) goto done;
    for (size_t t = 0; t < T; t++) {
        for (size_t i = 0; i < N; i++)
            label[i] = c.fold[i] < 0 ? TFB_NULL : (uint8_t)tfb_examples_label(ex, (int64_t)i, (int)t);
        if (tfb_scores(c.z, (int)T, (int)t, label, ex->n, o->fit.seed, &scores[t]) < 0) goto done;
    }
    ret = 0;
done:
    free(c.fold);
    free(c.part);
    free(c.idx);
    free(c.z);
    free(label);
    return ret;
}
