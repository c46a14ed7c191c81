/* explain.c - records in, contributions out: read | windows | contributions | outputs, one record at a
 * time.
 *
 * Both alleles of a variant are compared with the same references, shuffles of the REF window, so
 * that their contributions differ by as much as their logits do. */
#include "explain/explain_parts.h"
#include "score/builds.h"
#include "util/progress.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- contributions of the windows of a record ---- */

/* Checks gradients: with absurd weights they can overflow even if scores do not. Returns 0, or -1
 * (logged). */
static int check_contributions(const explainer_t *a, const window_t *w)
{
    for (int t = 0; t < a->n; t++) {
        if (isfinite(w->logit[t]) && isfinite(w->ref_logit[t]) &&
            tfb_logits_fault(w->hyp + (size_t)t * (size_t)a->s.W * 4, (int64_t)a->s.W * 4) < 0)
            continue;
        tfb_error("model %s: contributions to its score of %s are not usable numbers: the weights are too large",
                  tfb_panel_source(a->s.panel, a->target[t]), tfb_panel_target(a->s.panel, a->target[t]));
        return -1;
    }
    return 0;
}

static int explain_window(explainer_t *a, window_t *w)
{
    int W = a->s.W;
    if (a->o->method == TFB_ISM) {
        /* the panel computes all its targets; those in use move to the front */
        float *all = malloc((size_t)a->s.T * (size_t)W * 4 * sizeof *all);
        if (!all) return tfb_explain_no_memory();
        int r = tfb_ism(a->s.panel, w->code, 0, W, a->o->session.strand, all, w->z);
        for (int t = 0; r == 0 && t < a->n; t++) {
            memcpy(w->hyp + (size_t)t * (size_t)W * 4, all + (size_t)a->target[t] * (size_t)W * 4,
                   (size_t)W * 4 * sizeof *all);
            w->logit[t] = (double)w->z[a->target[t]];
        }
        free(all);
        return r;
    }
    for (int t = 0; t < a->n; t++) a->chosen[t] = a->output[a->target[t]];
    if (a->o->method == TFB_DEEPLIFT)
        tfb_attrib_deeplift(a->attrib, w->code, a->refs, a->chosen, a->n, w->hyp, w->logit, w->ref_logit);
    else
        tfb_attrib_gradient(a->attrib, w->code, a->chosen, a->n, w->hyp, w->logit);
    return check_contributions(a, w);
}

/* Returns the target with the highest score or, for a variant, the one whose probability changes most. */
static void choose_target(explainer_t *a, int n)
{
    double most = -INFINITY;
    for (int t = 0; t < a->s.T; t++) {
        double z = (double)a->win[0].z[t], by = z;
        if (n > 1) by = fabs((double)tfb_sigmoid(a->win[1].z[t]) - (double)tfb_sigmoid(a->win[0].z[t]));
        if (by > most) {
            most = by;
            a->target[0] = t;
        }
    }
}

/* Removes targets that are below --min-score in all windows, because contributions are expensive. */
static void drop_low(explainer_t *a, int n)
{
    int kept = 0, all = a->fixed ? a->s.T : 1;
    for (int t = 0; t < all; t++) {
        int k = a->fixed ? t : a->target[0], high = 0;
        for (int i = 0; i < n; i++) high |= (double)tfb_sigmoid(a->win[i].z[k]) >= a->o->min_score;
        if (high)
            a->target[kept++] = k;
        else
            a->n_low++;
    }
    a->n = kept;
}

int tfb_explain_record(explainer_t *a, int n, const variant_t *v)
{
    const tfb_explain_opt_t *o = a->o;
    record_t r = {.name = a->name.s, .contig = a->contig.s, .v = v, .win = a->win, .n = n};
    if (tfb_windows_score(&a->store, a->s.panel, o->session.strand) < 0) return -1;
    a->n_all++;
    if (!a->fixed) choose_target(a, n);
    if (o->min_score > 0) drop_low(a, n);
    if (!a->n) {
        a->n_low_all++;
        return 0;
    }
    if (o->method == TFB_DEEPLIFT && a->own_refs)
        tfb_attrib_references(a->win[0].code, a->s.W, a->n_refs, o->seed, a->refs, a->work);
    for (int i = 0; i < n; i++)
        if (explain_window(a, &a->win[i]) < 0) return -1;
    for (int t = 0; t < a->n; t++)
        if (tfb_explain_out_put(&a->out, &r, t, a->target[t]) < 0) return -1;
    a->n_done++;
    return tfb_explain_out_failed(&a->out) ? -1 : 0;
}

/* ---- start and end ---- */

static int open_models(explainer_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    int walks = o->method != TFB_ISM, n = 0, ret;
    tfb_session_opt_t session = o->session;
    if (!session.tf) session.tf = "all";
    if (o->input == TFB_IN_FASTA) session.fasta = NULL;
    if (tfb_session_models(&a->s, &session) < 0) return -1;
    if (!walks) return 0;
    char **file = tfb_panel_files(o->session.model, &n);
    if (n > 1) tfb_error("%s explains only one model; --method ism takes several", tfb_explain_method(o->method));
    ret = n == 1 && (a->model = tfb_model_load(file[0])) ? 0 : -1;
    tfb_strv_free(file);
    return ret;
}

/* Allocates memory for a record. Returns 0, or -1 (logged). */
static int make_room(explainer_t *a)
{
    size_t W = (size_t)a->s.W, T = (size_t)a->s.T, n;
    a->fixed = a->o->session.tf != NULL;
    a->n = a->fixed ? a->s.T : 1;
    n = (size_t)a->n;
    if (!(a->target = calloc(T, sizeof *a->target)) || !(a->output = calloc(T, sizeof *a->output)) ||
        !(a->chosen = calloc(T, sizeof *a->chosen)) ||
        !(a->out.contrib = tfb_alloc(W, sizeof(float), "contributions")) || !(a->work = tfb_alloc(W, 1, "references")))
        return tfb_explain_no_memory();
    for (int t = 0; t < a->s.T; t++) {
        a->target[t] = t;
        a->output[t] = a->model ? tfb_model_target(a->model, tfb_panel_target(a->s.panel, t)) : -1;
    }
    a->store = (tfb_windows_t){.W = a->s.W, .T = a->s.T};
    if (!tfb_windows_next(&a->store)) return -1; /* has room for more than two: its arrays stay where they are */
    for (int i = 0; i < (a->o->input == TFB_IN_VCF ? 2 : 1); i++) {
        window_t *w = &a->win[i];
        w->code = a->store.code + (size_t)i * W;
        w->z = a->store.z + (size_t)i * T;
        w->name = ".";
        w->n_bases = -1;
        if (!(w->hyp = tfb_alloc(n * W * 4, sizeof *w->hyp, "contributions")) ||
            !(w->logit = calloc(n, sizeof *w->logit)) || !(w->ref_logit = calloc(n, sizeof *w->ref_logit)))
            return tfb_explain_no_memory();
    }
    return 0;
}

/* Sets up what DeepLIFT and gradients need. Returns 0, or -1 (logged). */
static int prepare_method(explainer_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    if (o->method == TFB_DEEPLIFT && o->references) {
        if (tfb_explain_references(a, o->references) < 0) return -1;
    } else if (o->method == TFB_DEEPLIFT) {
        a->own_refs = 1;
        a->n_refs = o->n_refs;
        if (!(a->refs = tfb_alloc((size_t)a->n_refs, (size_t)a->s.W, "references"))) return -1;
    }
    if (a->model && !(a->attrib = tfb_attrib_create(a->model, a->n_refs, o->session.strand, a->s.pool))) return -1;
    if (o->method == TFB_DEEPLIFT && tfb_attrib_unruled(a->attrib))
        tfb_warn("%s has a layer without a DeepLIFT rule (%s), through which gradients are taken: contributions do not "
                 "sum to the change of the logit",
                 tfb_panel_source(a->s.panel, -1), tfb_attrib_unruled(a->attrib));
    return 0;
}

static int start(explainer_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    if (open_models(a) < 0 || make_room(a) < 0 || tfb_session_fasta(&a->s) < 0) return -1;
    if (a->s.fasta) tfb_fasta_one_file(a->s.fasta);
    if (a->s.fasta && o->input == TFB_IN_BED) tfb_builds_check(a->s.panel, a->s.fasta, NULL, NULL);
    a->maker = (tfb_variants_t){.fasta = a->s.fasta, .win = &a->store, .max_n = o->session.max_n};
    a->out.o = o;
    a->out.s = &a->s;
    a->out.n = a->n;
    if (o->db && !(a->out.db = tfb_motifs_read(o->db))) return -1;
    if (prepare_method(a) < 0) return -1;
    if (strcmp(o->in, "-") && !strstr(o->in, "://") && access(o->in, R_OK) < 0) { /* before any output has its header */
        tfb_error("cannot read %s: %s", o->in, strerror(errno));
        return -1;
    }
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    return tfb_explain_out_open(&a->out);
}

/* Reports whether nothing was explained because contigs are missing. Returns 0, or -1 if the FASTA has
 * none of the input's. */
static int check_contigs(const explainer_t *a)
{
    const int64_t *n = a->s.reasons.n;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->n_done || a->n_low_all) return 0;
    int partly = n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[TFB_ALLELE_MISMATCH];
    return tfb_reasons_no_contig(&a->s.reasons, "explained", a->s.fasta, partly);
}

static void summary(const explainer_t *a)
{
    kstring_t s = {0, 0, NULL};
    int64_t not = tfb_reasons_list(&a->s.reasons, ": ", &s);
    if (a->n_low_all) ksprintf(&s, "%s%" PRId64 " with every score below --min-score", not ? ", " : ": ", a->n_low_all);
    tfb_note("%" PRId64 " %s, %" PRId64 " explained by %s, %" PRId64 " not%s", a->n_all,
             a->o->input == TFB_IN_VCF ? "ALT alleles" : "sequences", a->n_done, tfb_explain_method(a->o->method),
             a->n_all - a->n_done, s.s ? s.s : "");
    if (a->out.n_mean)
        tfb_note("%" PRId64 " regions overlap the one before: there the track has the mean of their contributions",
                 a->out.n_mean);
    if (a->o->method == TFB_DEEPLIFT && a->n_done) {
        if (a->out.worst > 1e-3 && !tfb_attrib_unruled(a->attrib))
            tfb_warn("contributions miss the change of the logit by up to %.2g", a->out.worst);
        else
            tfb_note("contributions sum to the change of the logit from %d references, within %.2g", a->n_refs,
                     a->out.worst);
    }
    free(s.s);
}

static void free_all(explainer_t *a)
{
    tfb_explain_out_free(&a->out);
    tfb_attrib_destroy(a->attrib);
    tfb_model_destroy(a->model);
    tfb_windows_free(&a->store);
    tfb_session_close(&a->s);
    for (int i = 0; i < 2; i++) {
        free(a->win[i].hyp);
        free(a->win[i].logit);
        free(a->win[i].ref_logit);
    }
    free(a->target);
    free(a->output);
    free(a->chosen);
    free(a->refs);
    free(a->work);
    kstring_t *s[] = {&a->name, &a->contig, &a->seq, &a->alleles};
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) free(s[i]->s);
}

int tfb_explain(const tfb_explain_opt_t *o)
{
    explainer_t a = {.o = o};
    int ret = start(&a);
    tfb_progress_begin(o->input == TFB_IN_VCF ? "ALT alleles" : "sequences", o->table);
    if (ret == 0 && o->input == TFB_IN_VCF)
        ret = tfb_explain_vcf(&a);
    else if (ret == 0)
        ret = o->input == TFB_IN_BED ? tfb_explain_bed(&a) : tfb_explain_fasta(&a);
    tfb_progress_end();
    ret = tfb_explain_out_close(&a.out, ret == 0);
    if (ret == 0) {
        summary(&a);
        ret = check_contigs(&a);
    }
    free_all(&a);
    return ret;
}
