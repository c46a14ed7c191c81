/* predict.c - scores examples a few thousand at a time to limit memory. */
#include "train/predict.h"
#include "train/loss.h"
#include "train/metrics.h"
#include "train/ranks.h"
#include "util/progress.h"
#include <math.h>
#include <stdlib.h>

enum { PREDICT = 4096 }; /* windows scored at a time */

/* Scores windows by an infer or a panel. */
typedef struct {
    tfb_infer_t *infer; /* or NULL */
    tfb_panel_t *panel;
    int T;
} by_t;

static int score(const by_t *by, const uint8_t *code, int n, tfb_strand_t strand, float *z)
{
    return by->infer ? tfb_infer_windows(by->infer, code, NULL, n, strand, z)
                     : tfb_panel_windows(by->panel, code, NULL, n, strand, z);
}

static int predict(const by_t *by, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                   tfb_pool_t *pool, float *z)
{
    int ret = -1;
    uint8_t *code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows");
    tfb_item_t *item = tfb_alloc(PREDICT, sizeof *item, "windows");
    if (!code || !item) goto done;
    for (size_t i = 0; i < n_idx; i += PREDICT) {
        int n = n_idx - i < PREDICT ? (int)(n_idx - i) : PREDICT;
        tfb_progress_of((int64_t)i, (int64_t)n_idx);
        for (int k = 0; k < n; k++) item[k] = idx[i + k] << 1;
        tfb_batch_fetch(&(tfb_batch_t){.ex = ex, .item = item, .code = code, .n = n}, pool);
        if (score(by, code, n, strand, z + i * (size_t)by->T) < 0) goto done;
    }
    ret = 0;
done:
    free(code);
    free(item);
    return ret;
}

int tfb_predict_panel(tfb_panel_t *p, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                      tfb_pool_t *pool, float *z)
{
    return predict(&(by_t){.panel = p, .T = tfb_panel_n_targets(p)}, ex, idx, n_idx, strand, pool, z);
}

int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                tfb_pool_t *pool, float *z)
{
    tfb_infer_t *f = tfb_infer_create(net, NULL, 0, pool);
    const by_t by = {.infer = f, .T = net->n_out};
    int ret = f ? predict(&by, ex, idx, n_idx, strand, pool, z) : -1;
    tfb_infer_destroy(f);
    return ret;
}

int tfb_predict_loss(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                     const float *weight, tfb_pool_t *pool, double *loss)
{
    return tfb_predict_targets(net, ex, item, n_item, weight, pool, loss, NULL);
}

double tfb_mean_known(const double *x, int n, int *n_known)
{
    double sum = 0;
    int known = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(x[i])) sum += x[i], known++;
    if (n_known) *n_known = known;
    return known ? sum / known : NAN;
}

/* ---- by target ---- */

/* Collects the values of a tfb_by_target_t. */
typedef struct {
    const tfb_by_target_t *by;
    const tfb_examples_t *ex;
    const tfb_item_t *item;
    size_t n_regions;
    int first;      /* this rank's first target */
    double *sum;    /* (2, T): losses, resolved labels */
    float *z;       /* (regions, T): mean logits */
    uint8_t *label; /* (threads, regions) */
} gather_t;

static int gather_begin(gather_t *g, size_t n_item, tfb_pool_t *pool)
{
    size_t T = (size_t)g->ex->n_targets;
    g->n_regions = n_item / (size_t)g->by->strands;
    g->sum = tfb_alloc(2 * T, sizeof *g->sum, "losses of targets");
    g->z = tfb_alloc(g->n_regions * T, sizeof *g->z, "logits of the validation regions");
    g->label =
        tfb_alloc(g->n_regions * (size_t)(pool ? tfb_pool_size(pool) : 1), 1, "labels of the validation regions");
    return g->sum && g->z && g->label ? 0 : -1;
}

/* Adds the labels and logits of the items from first on. */
static void gather_add(gather_t *g, const tfb_labelled_t *l, const float *z, size_t first)
{
    size_t strands = (size_t)g->by->strands;
    tfb_loss_by_target(l, z, g->sum, g->sum + l->T);
    for (size_t k = 0; k < l->B; k++) {
        float *to = g->z + (first + k) / strands * l->T;
        for (size_t t = 0; t < l->T; t++) to[t] += z[k * l->T + t] / (float)strands;
    }
}

static void auprc_task(void *arg, int task, int thread)
{
    gather_t *g = arg;
    int t = g->first + task, T = g->ex->n_targets;
    uint8_t *label = g->label + (size_t)thread * g->n_regions;
    tfb_metrics_t m;
    for (size_t i = 0; i < g->n_regions; i++)
        label[i] = (uint8_t)tfb_examples_label(g->ex, g->item[i * (size_t)g->by->strands] >> 1, t);
    int ok = tfb_metrics_compute(g->z + t, T, label, 1, (int64_t)g->n_regions, TFB_AUPRC_REGIONS, &m) == 0;
    g->by->auprc[t] = ok ? m.auprc : -1;
}

/* Writes the result to g->by. Every rank sorts the scores of its share of the targets. 0, or -1 (logged). */
static int gather_end(gather_t *g, tfb_pool_t *pool)
{
    int T = g->ex->n_targets, me = tfb_ranks_me(), end = (int)tfb_ranks_first(T, me + 1);
    tfb_ranks_sum(g->sum, 2 * (size_t)T);
    tfb_ranks_sum_float(g->z, g->n_regions * (size_t)T);
    g->first = (int)tfb_ranks_first(T, me);
    for (int t = 0; t < T; t++) {
        g->by->loss[t] = g->sum[T + t] > 0 ? g->sum[t] / g->sum[T + t] : NAN;
        g->by->auprc[t] = 0;
    }
    if (pool)
        tfb_pool_run(pool, end - g->first, auprc_task, g);
    else
        for (int t = 0; t < end - g->first; t++) auprc_task(g, t, 0);
    for (int t = g->first; t < end; t++)
        if (g->by->auprc[t] < 0) return -1;
    tfb_ranks_sum(g->by->auprc, (size_t)T);
    return 0;
}

int tfb_predict_targets(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                        const float *weight, tfb_pool_t *pool, double *loss, const tfb_by_target_t *by)
{
    double sum[2] = {0}; /* sum of losses, sum of weights */
    int ret = -1, me = tfb_ranks_me();
    size_t first = (size_t)tfb_ranks_first((int64_t)n_item, me), end = (size_t)tfb_ranks_first((int64_t)n_item, me + 1);
    size_t T = (size_t)ex->n_targets;
    uint8_t *code = NULL, *label = NULL;
    float *z = NULL;
    gather_t g = {.by = by, .ex = ex, .item = item};
    tfb_infer_t *f = tfb_infer_create(net, NULL, 0, pool);
    if (by && gather_begin(&g, n_item, pool) < 0) goto done;
    if (!f || !(code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows")) ||
        !(label = tfb_alloc(PREDICT * T, 1, "labels")) || !(z = tfb_alloc(PREDICT * T, sizeof *z, "logits")))
        goto done;
    for (size_t i = first; i < end; i += PREDICT) {
        int n = end - i < PREDICT ? (int)(end - i) : PREDICT;
        double m;
        tfb_batch_fetch(&(tfb_batch_t){.ex = ex, .item = item + i, .code = code, .label = label, .n = n}, pool);
        if (tfb_infer_windows(f, code, NULL, n, TFB_STRAND_FWD, z) < 0) goto done;
        const tfb_labelled_t labelled = {.label = label, .B = (size_t)n, .T = T, .weight = weight};
        sum[0] += tfb_loss(&labelled, z, NULL, &m) * m;
        sum[1] += m;
        if (by) gather_add(&g, &labelled, z, i);
    }
    tfb_ranks_sum(sum, 2);
    *loss = sum[1] > 0 ? sum[0] / sum[1] : 0;
    ret = by ? gather_end(&g, pool) : 0;
done:
    tfb_infer_destroy(f);
    free(code);
    free(label);
    free(z);
    free(g.sum);
    free(g.z);
    free(g.label);
    return ret;
}
