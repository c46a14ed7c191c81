/* enrich_test.c - per TF: are the hits' changes larger than the background's? Rank test and
 * permutation within strata. */
#include "annotate/enrich_parts.h"
#include "util/progress.h"
#include "util/sort.h"
#include "util/stats.h"
#include <math.h>
#include <stdlib.h>

static int by_stratum(const void *x, const void *y) /* hits first within each */
{
    const variant_t *a = x, *b = y;
    if (a->stratum != b->stratum) return a->stratum < b->stratum ? -1 : 1;
    if (a->hit != b->hit) return b->hit - a->hit;
    return tfb_set_by_place(x, y);
}

/* Removes strata without hits, or with nothing but the hit, from the sorted variants: there is nothing to
 * compare. */
static void drop_lone(set_t *a)
{
    int64_t n = 0;
    for (int64_t i = 0, j; i < a->n; i = j) {
        for (j = i; j < a->n && a->var[j].stratum == a->var[i].stratum; j++)
            ;
        int whole = a->var[i].hit && !a->var[j - 1].hit;
        a->n_unmatched += !whole && a->var[i].hit;
        for (int64_t k = i; k < j; k++) {
            if (whole)
                a->var[n++] = a->var[k];
            else
                tfb_set_release(&a->var[k]);
        }
    }
    a->n = n;
}

/* Returns how much a variant's binding changes in the requested direction. */
static float size_of(tfb_enrich_what_t what, float d)
{
    if (what == TFB_ENRICH_GAIN) return fmaxf(d, 0);
    return what == TFB_ENRICH_LOSS ? fmaxf(-d, 0) : fabsf(d);
}

/* Removes variants without values or stratum, and sorts the others. */
static void sort_set(set_t *s)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->var[i].v && s->var[i].stratum >= 0)
            s->var[n++] = s->var[i];
        else
            tfb_set_release(&s->var[i]);
    }
    s->n = n;
    tfb_sort(s->var, (size_t)n, sizeof *s->var, by_stratum);
    if (s->sets) drop_lone(s);
}

int tfb_stats_arrange(stats_t *a, study_t *study)
{
    set_t *s = &study->set;
    sort_set(s);
    int T = study->s.T;
    int64_t n = s->n;
    a->o = study->o;
    a->panel = study->s.panel;
    a->pool = study->s.pool;
    a->T = T;
    a->n = n;
    a->x = tfb_alloc((size_t)n * (size_t)T + 1, sizeof *a->x, "changes");
    a->w = tfb_alloc((size_t)n + 1, sizeof *a->w, "weights");
    a->first = tfb_alloc((size_t)n + 2, sizeof *a->first, "strata");
    if (!a->x || !a->w || !a->first) return -1;
    for (int64_t i = 0; i < n; i++) {
        const variant_t *v = &s->var[i];
        if (i == 0 || v->stratum != v[-1].stratum) a->first[a->n_strata++] = i;
        a->w[i] = v->hit ? v->w : 0;
        a->n_hits += v->hit;
        for (int t = 0; t < T; t++) a->x[i * T + t] = size_of(a->o->what, v->down ? -v->v[t] : v->v[t]);
    }
    a->first[a->n_strata] = n;
    s->n_hits = a->n_hits;
    return 0;
}

static void test_target(void *arg, int t, int thread)
{
    stats_t *a = arg;
    double sum[2] = {0}, W = 0;
    int64_t n_changed = 0;
    float *x = a->column[thread];
    for (int64_t i = 0; i < a->n; i++) {
        x[i] = a->x[i * a->T + t];
        sum[a->w[i] <= 0] += (a->w[i] > 0 ? a->w[i] : 1) * (double)x[i];
        W += a->w[i];
        n_changed += x[i] > 0;
    }
    a->obs[t] = sum[0];
    a->mean[0][t] = sum[0] / W;
    a->mean[1][t] = sum[1] / (double)(a->n - a->n_hits);
    if (tfb_rank_test(x, a->w, a->n, &a->auc[t], &a->p[0][t], a->interval + (ptrdiff_t)2 * t) < 0)
        a->bad = 1; /* all threads write the same */
    /* if nearly all are tied at 0 (the summary's tags), the rank sum is far from normal, so the
     * permutations must decide */
    if ((double)n_changed * (double)a->n_hits < 5 * (double)a->n) a->p[0][t] = NAN;
}

/* Makes one permutation for all TFs: within each stratum, assigns the hits' weights to variants drawn
 * without repeats. */
static void permute(void *arg, int task, int thread)
{
    stats_t *a = arg;
    tfb_rng_t rng;
    int64_t *order = a->order[thread], *swap = order + a->n;
    double *sum = a->perm + (size_t)task * (size_t)a->T;
    if (thread == 0) tfb_progress_of(task, a->o->n_permutations); /* the caller; tasks begin in order */
    tfb_rng_seed(&rng, tfb_hash64(a->o->seed) + (uint64_t)task);
    for (int s = 0; s < a->n_strata; s++) {
        int64_t b = a->first[s], size = a->first[s + 1] - b, k = 0;
        for (; k < size && a->w[b + k] > 0; k++) {
            int64_t j = k + (int64_t)tfb_rng_below(&rng, (uint64_t)(size - k)), q = order[b + j];
            order[b + j] = order[b + k];
            order[b + k] = q;
            swap[b + k] = j;
            const float *x = a->x + q * a->T;
            for (int t = 0; t < a->T; t++) sum[t] += a->w[b + k] * (double)x[t];
        }
        while (k-- > 0) { /* back in order: a permutation must not depend on earlier ones */
            int64_t j = swap[b + k], q = order[b + j];
            order[b + j] = order[b + k];
            order[b + k] = q;
        }
    }
}

int tfb_stats_test(stats_t *a)
{
    int T = a->T, n_threads = tfb_pool_size(a->pool), B = a->o->n_permutations;
    double **all[] = {&a->obs, &a->auc, &a->p[0], &a->p[1], &a->q[0], &a->q[1], &a->mean[0], &a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!(*all[i] = tfb_alloc((size_t)T, sizeof **all[i], "statistics"))) return -1;
    if (!(a->interval = tfb_alloc((size_t)T * 2, sizeof *a->interval, "statistics"))) return -1;
    if (!(a->perm = tfb_alloc((size_t)B * (size_t)T + 1, sizeof *a->perm, "permutations")) ||
        !(a->column = calloc((size_t)n_threads, sizeof *a->column)) ||
        !(a->order = calloc((size_t)n_threads, sizeof *a->order)))
        return -1;
    for (int k = 0; k < n_threads; k++) {
        if (!(a->column[k] = tfb_alloc((size_t)a->n + 1, sizeof **a->column, "ranks")) ||
            !(a->order[k] = tfb_alloc((size_t)a->n * 2 + 1, sizeof **a->order, "ranks")))
            return -1;
        for (int64_t i = 0; i < a->n; i++) a->order[k][i] = i;
    }
    tfb_pool_run(a->pool, T, test_target, a);
    if (a->bad) return -1;
    tfb_progress_begin("permutations", a->o->out);
    if (B) tfb_pool_run(a->pool, B, permute, a);
    tfb_progress_end();
    for (int t = 0; t < T; t++) {
        int64_t as_large = 0;
        for (int r = 0; r < B; r++)
            as_large += a->perm[(size_t)r * (size_t)T + (size_t)t] >= a->obs[t] * (1 - 1e-9); /* summed differently */
        a->p[1][t] = B ? (double)(as_large + 1) / (B + 1) : NAN;
    }
    return tfb_bh(a->p[0], T, a->q[0]) < 0 || tfb_bh(a->p[1], T, a->q[1]) < 0 ? -1 : 0;
}

/* Returns whether TF t comes before u: by p of the rank test (if there is none, of the permutations), then
 * by AUC. */
static int before(const stats_t *a, int t, int u)
{
    for (int k = 0; k < 2; k++) {
        double x = isnan(a->p[k][t]) ? 2 : a->p[k][t], y = isnan(a->p[k][u]) ? 2 : a->p[k][u];
        if (x != y) return x < y;
        if (k == 0 && x < 2 && a->auc[t] != a->auc[u]) return a->auc[t] > a->auc[u];
    }
    return 0;
}

int *tfb_stats_order(const stats_t *a)
{
    int *v = malloc(((size_t)a->T + 1) * sizeof *v);
    for (int t = 0; v && t < a->T; t++) {
        int k = t;
        for (; k > 0 && before(a, t, v[k - 1]); k--) v[k] = v[k - 1];
        v[k] = t;
    }
    return v;
}

void tfb_stats_free(stats_t *a)
{
    for (int k = 0; a->pool && k < tfb_pool_size(a->pool); k++) {
        if (a->column) free(a->column[k]);
        if (a->order) free(a->order[k]);
    }
    free(a->column);
    free(a->order);
    void *all[] = {a->x,    a->w,    a->first, a->obs,  a->perm,    a->auc,    a->interval,
                   a->p[0], a->p[1], a->q[0],  a->q[1], a->mean[0], a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}
