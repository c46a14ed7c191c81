/* source.c - ranks a parent's TFs as sources for a target. In: a parent, examples of the target, the labels file. Out:
 * outputs of the parent, best first. */
#include "train/source.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/relate.h"
#include "util/sort.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 4096, /* most regions to measure outputs on */
    FEWEST = 3,  /* fewest bound and unbound regions for a measure */
};

/* ---- which regions of the labels file train ---- */

typedef struct {
    const tfb_examples_t *ex;
    const uint8_t *part;
    int64_t i; /* the next example: both are in the order of the file */
} cursor_t;

static int trains(void *arg, const tfb_region_t *r)
{
    cursor_t *c = arg;
    const tfb_examples_t *ex = c->ex;
    if (c->i >= ex->n || ex->beg[c->i] != (uint64_t)r->beg || strcmp(ex->contigs[ex->contig[c->i]], r->contig))
        return 0;
    return c->part[c->i++] == TFB_TRAIN;
}

/* ---- untrained outputs ---- */

/* Logits of the parent on regions of one part. */
typedef struct {
    float *z;       /* (n, T) */
    uint8_t *label; /* (n) of the target */
    int64_t n;
    int T;
} scored_t;

static void free_scored(scored_t *s)
{
    free(s->z);
    free(s->label);
}

/* Scores the regions of a part that are resolved for the target, evenly drawn if there are many. 0, or -1 (logged). */
static int score(const tfb_source_opt_t *o, int which, scored_t *s)
{
    const tfb_examples_t *ex = o->ex;
    int64_t all = 0, seen = 0;
    *s = (scored_t){.T = o->parent->n_targets};
    for (int64_t i = 0; i < ex->n; i++) all += o->part[i] == which && tfb_examples_label(ex, i, o->t) != TFB_NULL;
    size_t most = (size_t)(all < MOST ? all : MOST);
    uint32_t *idx = tfb_alloc(most + 1, sizeof *idx, "regions");
    s->z = tfb_alloc((most + 1) * (size_t)s->T, sizeof *s->z, "logits");
    s->label = tfb_alloc(most + 1, 1, "labels");
    int ret = idx && s->z && s->label ? 0 : -1;
    for (int64_t i = 0; ret == 0 && i < ex->n; i++) {
        int l = tfb_examples_label(ex, i, o->t);
        if (o->part[i] != which || l == TFB_NULL) continue;
        seen++;
        if ((seen - 1) * (int64_t)most / all == seen * (int64_t)most / all) continue;
        s->label[s->n] = (uint8_t)l;
        idx[s->n++] = (uint32_t)i;
    }
    if (ret == 0 && s->n) ret = tfb_predict(o->parent->net, ex, idx, (size_t)s->n, TFB_STRAND_BOTH, o->pool, s->z);
    free(idx);
    return ret;
}

static int measure(const scored_t *s, int output, tfb_metrics_t *m)
{
    return tfb_metrics_compute(s->z + output, s->T, s->label, 1, s->n, FEWEST, m);
}

/* ---- ranking ---- */

static int better(const void *a, const void *b)
{
    const tfb_source_t *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? 1 : -1;
    return x->output - y->output;
}

/* Ranks all outputs by how well they predict the target on the training regions. 0, or -1 (logged). */
static int rank_outputs(const tfb_source_opt_t *o, tfb_sources_t *s)
{
    scored_t train;
    tfb_metrics_t m;
    int n = o->parent->n_targets, ret = score(o, TFB_TRAIN, &train);
    tfb_source_t *all = tfb_alloc((size_t)n, sizeof *all, "sources");
    if (!all) ret = -1;
    for (int k = 0; k < n && ret == 0; k++) {
        if ((ret = measure(&train, k, &m)) < 0) break;
        all[k] = (tfb_source_t){.output = k,
                                .key = isnan(m.auroc) ? 0.5 : m.auroc,
                                .same_mode = -1,
                                .cosine = NAN,
                                .auroc = m.auroc,
                                .valid_auroc = NAN,
                                .valid_auprc = NAN};
    }
    if (ret == 0) {
        tfb_sort(all, (size_t)n, sizeof *all, better);
        s->by = TFB_SOURCE_OUTPUT;
        s->n = n < TFB_SOURCES ? n : TFB_SOURCES;
        memcpy(s->source, all, (size_t)s->n * sizeof *all);
    }
    free(all);
    free_scored(&train);
    return ret;
}

/* Ranks those of the parent's TFs that the labels file has. 0, or -1 (logged); s->n stays 0 if it has none. */
static int rank_labels(const tfb_source_opt_t *o, tfb_sources_t *s)
{
    int n = 0;
    int64_t bound;
    cursor_t cursor = {o->ex, o->part, 0};
    const tfb_relate_opt_t ro = {.labels = o->labels,
                                 .target = o->ex->targets[o->t],
                                 .by = TFB_RELATE_AUTO,
                                 .groups = o->groups,
                                 .group_column = o->group_column,
                                 .mode_cut = 0.4,
                                 .use = trains,
                                 .arg = &cursor};
    tfb_related_t *r = tfb_relate(&ro, &n, &bound);
    if (!r) return -1;
    s->by = TFB_SOURCE_LABELS;
    for (int i = 0; i < n && s->n < TFB_SOURCES; i++) {
        int k = tfb_model_target(o->parent, r[i].tf);
        if (k >= 0)
            s->source[s->n++] = (tfb_source_t){.output = k,
                                               .key = r[i].key,
                                               .same_mode = r[i].same_mode,
                                               .cosine = r[i].cosine,
                                               .auroc = NAN,
                                               .valid_auroc = NAN,
                                               .valid_auprc = NAN};
    }
    tfb_relate_free(r, n);
    return 0;
}

int tfb_source_rank(const tfb_source_opt_t *o, tfb_sources_t *s)
{
    scored_t valid;
    tfb_metrics_t m;
    *s = (tfb_sources_t){.n = 0};
    int self = tfb_model_target(o->parent, o->ex->targets[o->t]);
    if (rank_labels(o, s) < 0 || (!s->n && self < 0 && rank_outputs(o, s) < 0)) return -1;
    if (self >= 0) { /* before all others */
        if (s->n == TFB_SOURCES) s->n--;
        memmove(s->source + 1, s->source, (size_t)s->n++ * sizeof s->source[0]);
        s->source[0] = (tfb_source_t){.output = self,
                                      .key = 10,
                                      .same_mode = 1,
                                      .cosine = 1,
                                      .auroc = NAN,
                                      .valid_auroc = NAN,
                                      .valid_auprc = NAN};
        s->by = TFB_SOURCE_SELF;
    }
    int ret = score(o, TFB_VALID, &valid);
    for (int i = 0; i < s->n && ret == 0; i++) {
        tfb_source_t *x = &s->source[i];
        if ((ret = measure(&valid, x->output, &m)) < 0) break;
        x->valid_auroc = m.auroc;
        x->valid_auprc = m.auprc;
    }
    free_scored(&valid);
    return ret;
}

const char *tfb_source_why(const tfb_sources_t *s, int i, char text[120])
{
    const tfb_source_t *x = &s->source[i];
    if (s->by == TFB_SOURCE_SELF && !i)
        snprintf(text, 120, "the parent predicts the target itself");
    else if (!isnan(x->auroc))
        snprintf(text, 120, "its output ranks the training regions with AUROC %.2f", x->auroc);
    else
        snprintf(text, 120, "%scosine of the labels %.2f", x->same_mode == 1 ? "same binding mode, " : "", x->cosine);
    return text;
}
