/* calibrate.c - random SNVs | windows | scores | quantiles; labelled regions | scores | thresholds. */
#include "train/calibrate.h"
#include "genome/base.h"
#include "genome/draw.h"
#include "score/variant.h"
#include "train/metrics.h"
#include "train/transfer.h"
#include "util/progress.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 1024,     /* SNVs scored at a time */
    INT8_BATCHES = 2, /* of these SNVs' windows, the largest inputs are measured */
    FEWEST = 100,     /* fewer give no useful percentile */
    MIN_BOUND = 10,   /* fewest bound windows for a threshold: the top three of a thousand may be right by chance */
};

/* Returns e.g. "labels.bed.gz, chr20, 41370 regions", to be freed; leaves out the folder. NULL on lack of memory. */
static char *in_words(const char *path, char *const *chroms, int n_chroms, int64_t n, const char *what)
{
    size_t m = strlen(path) + 64;
    for (int i = 0; i < n_chroms; i++) m += strlen(chroms[i]) + 2;
    char *s = malloc(m);
    if (!s) return NULL;
    char *p = s + sprintf(s, "%s", tfb_base_name(path));
    for (int i = 0; i < n_chroms; i++) p += sprintf(p, "%s%s", i ? " " : ", ", chroms[i]);
    sprintf(p, ", %" PRId64 " %s", n, what);
    return s;
}

/* Measures |delta| and |lor| of SNVs, one batch at a time. */
typedef struct {
    tfb_infer_t *infer;
    tfb_windows_t win;
    tfb_variants_t maker;
    tfb_alt_t place[BATCH];
} scorer_t;

/* Makes the windows of k SNVs. 0, or -1 (logged). */
static int add_snvs(scorer_t *s, const tfb_regions_t *r, const tfb_snv_t *snv, int k)
{
    tfb_variants_clear(&s->maker);
    for (int j = 0; j < k; j++) {
        const char *contig = r->contigs[snv[j].contig];
        tfb_change_t c = {snv[j].pos, &tfb_base_char[snv[j].ref], &tfb_base_char[snv[j].alt], 1, 1};
        s->place[j] = TFB_NO_ALT;
        int why = tfb_variant_windows(&s->maker, contig, &c, &s->place[j]);
        if (why == TFB_ALLELE_OK) continue;
        tfb_error("cannot read %s:%" PRId64 " from %s a second time", contig, (int64_t)snv[j].pos + 1,
                  tfb_fasta_path(s->maker.fasta));
        return -1;
    }
    return 0;
}

/* Writes |delta| and |lor| of all SNVs to v (2, T, n), and the largest inputs of products to most. 0, or -1
 * (logged). */
static int score_snvs(const tfb_model_t *m, const tfb_calibrate_opt_t *o, tfb_fasta_t *fasta, const tfb_regions_t *r,
                      const tfb_snv_t *snv, int64_t n, float *v, float *most)
{
    int ret = -1, T = m->n_targets;
    scorer_t s = {.infer = tfb_infer_create(m->net, NULL, 0, o->pool), .win = {.W = m->window, .T = T}};
    s.maker = (tfb_variants_t){.fasta = fasta, .win = &s.win, .max_n = m->window};
    if (!s.infer) goto done;
    tfb_progress_begin("SNVs", "");
    for (int64_t i = 0; i < n; i += BATCH) {
        tfb_progress_of(i, n);
        int k = (int)(n - i < BATCH ? n - i : BATCH);
        if (add_snvs(&s, r, snv + i, k) < 0) goto done;
        if (tfb_infer_windows(s.infer, s.win.code, s.win.base, s.win.n, TFB_STRAND_BOTH, s.win.z) < 0) goto done;
        if (tfb_logits_check(o->model, m->targets, T, s.win.z, s.win.n) < 0) goto done;
        if (i < INT8_BATCHES * BATCH && tfb_infer_largest(m->net, s.win.code, (int)s.win.n, most) < 0) goto done;
        for (int j = 0; j < k; j++) {
            const float *zr = tfb_windows_z(&s.win, s.place[j].ref), *za = tfb_windows_z(&s.win, s.place[j].alt);
            for (int t = 0; t < T; t++) {
                v[(int64_t)t * n + i + j] = tfb_change(TFB_CALIB_DELTA, zr[t], za[t]);
                v[((int64_t)T + t) * n + i + j] = tfb_change(TFB_CALIB_LOR, zr[t], za[t]);
            }
        }
    }
    ret = 0;
done:
    tfb_progress_end();
    tfb_infer_destroy(s.infer);
    tfb_windows_free(&s.win);
    return ret;
}

typedef struct {
    tfb_calib_t *c;
    const float *v; /* (2, T, n) */
    int64_t n;
    float *sorted; /* (threads, n) */
} sort_t;

static void set_target(void *arg, int task, int thread)
{
    sort_t *s = arg;
    int T = s->c->n_targets;
    float *own = s->sorted + (int64_t)thread * s->n;
    memcpy(own, s->v + (int64_t)task * s->n, (size_t)s->n * sizeof *own);
    tfb_calib_set(s->c, task % T, (tfb_calib_scale_t)(task / T), own, s->n);
}

/* Sets all quantiles from the changes of the SNVs, v (2, T, n). Those of the combined change come last, because it may
 * depend on the others. 0, or -1 (logged). */
static int set_quantiles(tfb_calib_t *c, const tfb_calibrate_opt_t *o, const float *v, int64_t n)
{
    const tfb_combine_t *how = o->combine ? o->combine : tfb_combines;
    const float *of = v + (int64_t)how->scale * c->n_targets * n;
    sort_t s = {.c = c, .v = v, .n = n};
    s.sorted = tfb_alloc((size_t)tfb_pool_size(o->pool) * (size_t)n, sizeof *s.sorted, "sorted changes");
    if (!s.sorted) return -1;
    tfb_pool_run(o->pool, 2 * c->n_targets, set_target, &s);
    c->combine = how;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int t = 0; t < c->n_targets; t++) sum = how->add(sum, how->term(c, t, (double)of[(int64_t)t * n + i]));
        s.sorted[i] = (float)how->end(sum, c->n_targets);
    }
    tfb_calib_set_combined(c, how, s.sorted, n);
    free(s.sorted);
    return 0;
}

static int quantiles(const tfb_model_t *m, const tfb_calibrate_opt_t *o, tfb_calib_t *c, float *most)
{
    int ret = -1;
    tfb_rng_t rng;
    float *v = NULL;
    tfb_snv_t *snv = NULL;
    tfb_regions_t *r = NULL;
    tfb_fasta_t *fasta = tfb_fasta_open(o->fasta);
    if (!fasta || !(r = tfb_regions_load(o->regions, o->snv_chroms, o->n_snv_chroms, fasta))) goto done;
    if (!(snv = tfb_alloc((size_t)o->n, sizeof *snv, "random SNVs"))) goto done;
    tfb_rng_seed(&rng, o->seed);
    int64_t n = tfb_snvs_draw(r, fasta, m->window, o->max_n, &rng, snv, o->n);
    if (n < 0) goto done;
    if (n < FEWEST) {
        tfb_error("%s: only %" PRId64 " random SNVs in %s have a window of %d bases with at most %d N", o->fasta, n,
                  o->regions, m->window, o->max_n);
        goto done;
    }
    if (n < o->n)
        tfb_warn("only %" PRId64 " of %" PRId64 " random SNVs have a window with at most %d N", n, o->n, o->max_n);
    if (!(v = tfb_alloc((size_t)n * 2 * (size_t)m->n_targets, sizeof *v, "changes by random SNVs (fewer: --n)")))
        goto done;
    if (score_snvs(m, o, fasta, r, snv, n, v, most) < 0) goto done;
    tfb_calib_set_count(c, n);
    c->seed = (int64_t)o->seed;
    c->strand = strdup("both");
    c->regions = in_words(o->regions, o->snv_chroms, o->n_snv_chroms, r->n_read, "regions");
    if (!c->strand || !c->regions) goto done;
    ret = set_quantiles(c, o, v, n);
done:
    tfb_regions_destroy(r);
    tfb_fasta_close(fasta);
    free(snv);
    free(v);
    return ret;
}

/* ---- thresholds ---- */

int tfb_calibrate_threshold(const float *z, int64_t z_stride, const uint8_t *label, int64_t n, double precision,
                            int min_bound, float *threshold, float *recall)
{
    int64_t k, tp = 0, at = 0; /* after the loop tp counts all bound ones */
    tfb_point_t *p = tfb_points(z, z_stride, label, 1, n, &k);
    *threshold = *recall = NAN;
    if (!p) return -1;
    for (int64_t i = 0; i < k; i++) {
        tp += p[i].y;
        if (i + 1 < k && p[i + 1].z == p[i].z) continue; /* equal scores are called together */
        if (tp >= min_bound && (double)tp >= precision * (double)(i + 1)) {
            *threshold = p[i].z;
            at = tp;
        }
    }
    if (!isnan(*threshold)) *recall = (float)((double)at / (double)tp);
    free(p);
    return 0;
}

/* Warns if the regions trained the model: thresholds from them are too optimistic. 0, or -1 on lack of memory (logged).
 */
static int warn_of_training(const tfb_model_t *m, const tfb_examples_t *ex, const char *labels)
{
    int64_t n = 0;
    uint8_t *seen = tfb_alloc((size_t)ex->n, 1, "regions");
    int known = seen ? tfb_transfer_seen(m, ex, seen) : -1;
    for (int64_t i = 0; known >= 0 && i < ex->n; i++) n += (seen[i] & (TFB_SEEN_CONTIG | TFB_SEEN_REGION)) != 0;
    if (n > ex->n / 20) /* fewer may be false positives of the filter */
        tfb_warn("%s: %" PRId64 " of %" PRId64
                 " regions trained the model: thresholds from them are too low (--chroms chooses others)",
                 labels, n, ex->n);
    free(seen);
    return known < 0 ? -1 : 0;
}

/* Sets target and names (n_targets each) to the targets of the model that the labels file has. Returns their number, or
 * -1 (logged) if there are none. */
static int labelled_targets(const tfb_model_t *m, const char *labels, int *target, char **names)
{
    int n = 0;
    tfb_labels_t *l = tfb_labels_open(labels);
    if (!l) return -1;
    tfb_entry_t *columns = tfb_index(tfb_labels_tfs(l), tfb_labels_n_tfs(l));
    for (int t = 0; columns && t < m->n_targets; t++) {
        if (tfb_index_find(columns, tfb_labels_n_tfs(l), m->targets[t]) < 0) continue;
        names[n] = m->targets[t];
        target[n++] = t;
    }
    if (columns && !n) tfb_error("%s has no labels for any of the model's %d targets", labels, m->n_targets);
    tfb_labels_close(l);
    free(columns);
    return n ? n : -1;
}

/* Returns the logits (ex->n, n) of n targets, or NULL (logged). */
static float *logits_of(const tfb_model_t *m, const tfb_calibrate_opt_t *o, const tfb_examples_t *ex, const int *target,
                        char *const *names, int n)
{
    enum { BLOCK = 4096 };
    int bad = 1;
    tfb_infer_t *f = tfb_infer_create(m->net, target, n, o->pool);
    float *z = tfb_alloc((size_t)ex->n * (size_t)n, sizeof *z, "logits");
    uint8_t *code = tfb_alloc((size_t)BLOCK * (size_t)m->window, 1, "windows");
    if (!f || !z || !code) goto done;
    tfb_progress_begin("labelled regions", "");
    for (int64_t i = 0; i < ex->n; i += BLOCK) {
        tfb_progress_of(i, ex->n);
        int64_t k = ex->n - i < BLOCK ? ex->n - i : BLOCK;
        for (int64_t q = 0; q < k; q++) tfb_examples_codes(ex, i + q, 0, code + q * m->window);
        if (tfb_infer_windows(f, code, NULL, k, TFB_STRAND_BOTH, z + i * n) < 0 ||
            tfb_logits_check(o->model, names, n, z + i * n, k) < 0)
            goto done;
    }
    bad = 0;
done:
    tfb_progress_end();
    tfb_infer_destroy(f);
    free(code);
    if (!bad) return z;
    free(z);
    return NULL;
}

static int thresholds(const tfb_model_t *m, const tfb_calibrate_opt_t *o, tfb_calib_t *c)
{
    int ret = -1, n, n_set = 0, *target = malloc(((size_t)m->n_targets + 1) * sizeof *target);
    char **names = calloc((size_t)m->n_targets + 1, sizeof *names);
    tfb_examples_t *ex = NULL;
    uint8_t *label = NULL;
    float *z = NULL;
    if (!target || !names || (n = labelled_targets(m, o->labels, target, names)) < 0) goto done;
    tfb_examples_opt_t eo = {.fasta = o->fasta,
                             .labels = o->labels,
                             .targets = names,
                             .n_targets = n,
                             .chroms = o->chroms,
                             .n_chroms = o->n_chroms,
                             .window = m->window};
    if (!(ex = tfb_examples_load(&eo)) || warn_of_training(m, ex, o->labels) < 0 ||
        !(z = logits_of(m, o, ex, target, names, n)) || !(label = tfb_alloc((size_t)ex->n, 1, "labels")))
        goto done;
    for (int k = 0; k < n; k++) {
        float at, recall;
        for (int64_t i = 0; i < ex->n; i++) label[i] = (uint8_t)tfb_examples_label(ex, i, k);
        if (tfb_calibrate_threshold(z + k, n, label, ex->n, o->precision, MIN_BOUND, &at, &recall) < 0) goto done;
        if (isnan(at)) continue;
        c->threshold[target[k]] = tfb_sigmoid(at);
        c->recall[target[k]] = recall;
        n_set++;
    }
    c->precision = o->precision;
    if (!(c->sites = in_words(o->labels, o->chroms, o->n_chroms, ex->n, "regions"))) goto done;
    tfb_note("%d of %d targets reach a precision of %g with at least %d bound regions, on %" PRId64 " regions", n_set,
             m->n_targets, o->precision, MIN_BOUND, ex->n);
    ret = 0;
done:
    tfb_examples_destroy(ex);
    free(target);
    free(names);
    free(label);
    free(z);
    return ret;
}

int tfb_calibrate(tfb_model_t *m, const tfb_calibrate_opt_t *o)
{
    float most[TFB_MAX_LAYERS] = {0};
    tfb_calib_t *c = tfb_calib_create(m->n_targets);
    if (!c || quantiles(m, o, c, most) < 0 || (o->labels && thresholds(m, o, c) < 0)) {
        tfb_calib_destroy(c);
        return -1;
    }
    if (tfb_model_calibrate(m, c) < 0) return -1;
    return tfb_infer_has_steps(m->net) ? tfb_model_set_most(m, most) : 0;
}
