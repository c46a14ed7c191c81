/* match.c - compares filters with a motif database. In: filters, motifs. Out: matches, tables, a page. */
#include "explain/match.h"
#include "explain/html.h"
#include "explain/logo.h"
#include "util/sort.h"
#include "util/xml.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float even[4] = {.25f, .25f, .25f, .25f};

typedef struct {
    tfb_matches_t *m;
    tfb_tomtom_t *t;
    double trim;
    int bad;
} job_t;

/* Finds all matches of a motif (w, 4) after trimming its flat ends. Returns 1 if nothing is left, 0, or -1. */
static int query(const job_t *j, const float *p, int w, tfb_likeness_t *match)
{
    int b = 0, e = w;
    while (b < e && tfb_motif_bits(p + 4 * b, 1, even, NULL) < j->trim) b++;
    while (e > b && tfb_motif_bits(p + 4 * (e - 1), 1, even, NULL) < j->trim) e--;
    if (b == e) return 1;
    if (tfb_tomtom_query(j->t, p + 4 * b, e - b, match) < 0) return -1;
    for (int i = 0; i < j->m->db->n; i++) match[i].offset += b;
    return 0;
}

static tfb_found_t found(int filter, int rank, int motif, const tfb_likeness_t *m)
{
    return (tfb_found_t){
        .filter = filter, .motif = motif, .rank = rank, .p = m->p, .q = m->q, .offset = m->offset, .rev = m->rev};
}

static void filter_task(const job_t *j, int k, tfb_likeness_t *match)
{
    tfb_matches_t *m = j->m;
    if (!m->f->n_sites[k]) return;
    int r = query(j, m->f->pfm + (size_t)k * m->f->K * 4, m->f->K, match);
    if (r < 0) ((job_t *)j)->bad = 1;
    if (r) return;
    for (int i = 0; i < m->db->n; i++) {
        if (m->best[k].motif < 0 || match[i].p < m->best[k].p) m->best[k] = found(k, 0, i, &match[i]);
        if (m->named[k].motif >= 0 && match[i].p >= m->named[k].p) continue;
        for (int t = 0; t < m->f->T; t++)
            if (tfb_motif_is_of(&m->db->motif[i], m->model->targets[t])) {
                m->named[k] = found(k, 0, i, &match[i]);
                break;
            }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns Benjamini and Hochberg's q of a p-value from the sorted list p (n). */
static double q_of(const double *p, int n, double v)
{
    double q = 1;
    for (int i = n - 1; i >= 0 && p[i] >= v; i--)
        if (p[i] * n / (i + 1) < q) q = p[i] * n / (i + 1);
    return q;
}

static void target_task(const job_t *j, int t, tfb_likeness_t *match)
{
    tfb_matches_t *m = j->m;
    const tfb_filters_t *f = m->f;
    int n_db = m->db->n, n = 0;
    double *p = malloc((size_t)f->n_top * n_db * sizeof *p);
    if (!p) {
        ((job_t *)j)->bad = 1;
        return;
    }
    for (int r = 0; r < f->n_top; r++) {
        size_t tr = (size_t)t * f->n_top + r;
        if (!f->own_sites[tr]) continue;
        int got = query(j, f->own_pfm + tr * f->K * 4, f->K, match);
        if (got < 0) ((job_t *)j)->bad = 1;
        if (got) continue;
        for (int i = 0; i < n_db; i++) {
            p[n++] = match[i].p;
            if (m->own_best[t].motif < 0 || match[i].p < m->own_best[t].p)
                m->own_best[t] = found(f->top[tr], r, i, &match[i]);
            if (tfb_motif_is_of(&m->db->motif[i], m->model->targets[t]) &&
                (m->own[t].motif < 0 || match[i].p < m->own[t].p))
                m->own[t] = found(f->top[tr], r, i, &match[i]);
        }
    }
    tfb_sort(p, (size_t)n, sizeof *p, by_value);
    if (m->own[t].motif >= 0) m->own[t].q = q_of(p, n, m->own[t].p);
    if (m->own_best[t].motif >= 0) m->own_best[t].q = q_of(p, n, m->own_best[t].p);
    free(p);
}

static void run_task(void *arg, int task, int thread)
{
    (void)thread;
    const job_t *j = arg;
    tfb_likeness_t *match = malloc(((size_t)j->m->db->n + 1) * sizeof *match);
    if (!match)
        ((job_t *)arg)->bad = 1;
    else if (task < j->m->f->F)
        filter_task(j, task, match);
    else
        target_task(j, task - j->m->f->F, match);
    free(match);
}

tfb_matches_t *tfb_matches_create(const tfb_model_t *model, const tfb_filters_t *f, const tfb_motifs_t *db, double trim,
                                  tfb_pool_t *pool)
{
    tfb_matches_t *m = calloc(1, sizeof *m);
    job_t j = {.m = m, .trim = trim};
    if (!m) goto memory;
    m->model = model;
    m->f = f;
    m->db = db;
    size_t F = (size_t)f->F, T = (size_t)f->T;
    if (!(m->best = calloc(F, sizeof *m->best)) || !(m->named = calloc(F, sizeof *m->named)) ||
        !(m->own = calloc(T, sizeof *m->own)) || !(m->own_best = calloc(T, sizeof *m->own_best)) ||
        !(m->has_motif = calloc(T, sizeof *m->has_motif)))
        goto memory;
    for (size_t k = 0; k < F; k++) m->best[k].motif = m->named[k].motif = -1;
    for (size_t t = 0; t < T; t++) m->own[t].motif = m->own_best[t].motif = -1;
    if (!db) return m;
    for (size_t t = 0; t < T; t++)
        for (int i = 0; i < db->n; i++) m->has_motif[t] |= tfb_motif_is_of(&db->motif[i], model->targets[t]);
    if (!(j.t = tfb_tomtom_create(db))) goto fail;
    int n = f->F + (f->n_top ? f->T : 0);
    if (pool)
        tfb_pool_run(pool, n, run_task, &j);
    else
        for (int i = 0; i < n; i++) run_task(&j, i, 0);
    tfb_tomtom_destroy(j.t);
    if (j.bad) goto memory;
    return m;
memory:
    tfb_error("not enough memory to compare %d filters with motifs", f->F);
fail:
    tfb_matches_destroy(m);
    return NULL;
}

void tfb_matches_destroy(tfb_matches_t *m)
{
    if (!m) return;
    free(m->best);
    free(m->named);
    free(m->own);
    free(m->own_best);
    free(m->has_motif);
    free(m);
}

/* ---- tables ---- */

/* id, name, p, q */
static void put_match(FILE *f, const tfb_matches_t *m, const tfb_found_t *x)
{
    if (x->motif < 0)
        fputs("\t.\t.\t.\t.", f);
    else
        fprintf(f, "\t%s\t%s\t%.3g\t%.3g", m->db->motif[x->motif].id,
                *m->db->motif[x->motif].name ? m->db->motif[x->motif].name : ".", x->p, x->q);
}

static int top_target(const tfb_filters_t *f, int k)
{
    int best = 0;
    for (int t = 1; f->importance && t < f->T; t++)
        if (f->importance[(size_t)k * f->T + t] > f->importance[(size_t)k * f->T + best]) best = t;
    return f->importance && f->importance[(size_t)k * f->T + best] > 0 ? best : -1;
}

static const float *pfm_of(const tfb_filters_t *f, int k) { return f->pfm + (size_t)k * f->K * 4; }

static int is_named(const tfb_matches_t *m, int k, double q) { return m->named[k].motif >= 0 && m->named[k].q < q; }

/* Describes what became of a filter: whether it matched a motif of the model's targets before, and whether
 * it does now. */
typedef enum { NEVER, BECAME, KEPT, LOST } fate_t;
static const char *const fate_name[] = {"no", "became", "kept", "lost"};
static fate_t fate(const tfb_matches_t *m, const tfb_matches_t *before, int k, double q)
{
    int was = is_named(before, k, q);
    if (is_named(m, k, q)) return was ? KEPT : BECAME;
    return was ? LOST : NEVER;
}

void tfb_matches_filters_tsv(const tfb_matches_t *m, const tfb_matches_t *before, double q, FILE *out)
{
    const tfb_filters_t *f = m->f;
    fputs("filter\tn_sites\tmax_activation\tbits\tconsensus\tmotif\tname\tp\tq\toffset\tstrand\ttop_target\timportance",
          out);
    if (before)
        fputs("\tbefore_consensus\tbefore_motif\tbefore_name\tbefore_p\tbefore_q\tsimilarity\ttarget_motif\ttarget_"
              "name\ttarget_p\ttarget_q\tbefore_target_"
              "q\ttarget_match",
              out);
    fputc('\n', out);
    for (int k = 0; k < f->F; k++) {
        char text[TFB_MOTIF_MAX + 1];
        int t = top_target(f, k), w = f->K < TFB_MOTIF_MAX ? f->K : TFB_MOTIF_MAX;
        tfb_filters_consensus(pfm_of(f, k), w, text);
        fprintf(out, "%d\t%" PRId64 "\t%.4g\t%.2f\t%s", k, f->n_sites[k], f->most[k],
                tfb_motif_bits(pfm_of(f, k), f->K, even, NULL), f->n_sites[k] ? text : ".");
        put_match(out, m, &m->best[k]);
        if (m->best[k].motif >= 0)
            fprintf(out, "\t%d\t%c", m->best[k].offset, m->best[k].rev ? '-' : '+');
        else
            fputs("\t.\t.", out);
        if (t >= 0)
            fprintf(out, "\t%s\t%.4g", m->model->targets[t], f->importance[(size_t)k * f->T + t]);
        else
            fputs("\t.\t.", out);
        if (before) {
            tfb_filters_consensus(pfm_of(before->f, k), w, text);
            fprintf(out, "\t%s", before->f->n_sites[k] ? text : ".");
            put_match(out, before, &before->best[k]);
            fprintf(out, "\t%.3f", tfb_filters_similarity(f, k, before->f, k));
            put_match(out, m, &m->named[k]);
            if (before->named[k].motif >= 0)
                fprintf(out, "\t%.3g", before->named[k].q);
            else
                fputs("\t.", out);
            fprintf(out, "\t%s", fate_name[fate(m, before, k, q)]);
        }
        fputc('\n', out);
    }
}

void tfb_matches_targets_tsv(const tfb_matches_t *m, FILE *out)
{
    const tfb_filters_t *f = m->f;
    fputs("target\tn_regions\tmotif_known\tfilter\trank\tn_sites\tconsensus\tmotif\tname\tp\tq\tbest_filter\tbest_"
          "motif\tbest_name\tbest_p\tbest_q\n",
          out);
    for (int t = 0; t < f->T; t++) {
        char text[TFB_MOTIF_MAX + 1] = ".";
        const tfb_found_t *x = &m->own[t], *b = &m->own_best[t];
        const char *known = ".";
        if (m->db) known = m->has_motif[t] ? "yes" : "no";
        fprintf(out, "%s\t%" PRId64 "\t%s", m->model->targets[t], f->n_own[t], known);
        if (x->motif >= 0) {
            size_t tr = (size_t)t * f->n_top + x->rank;
            tfb_filters_consensus(f->own_pfm + tr * f->K * 4, f->K < TFB_MOTIF_MAX ? f->K : TFB_MOTIF_MAX, text);
            fprintf(out, "\t%d\t%d\t%" PRId64 "\t%s", x->filter, x->rank + 1, f->own_sites[tr], text);
        } else
            fputs("\t.\t.\t.\t.", out);
        put_match(out, m, x);
        if (b->motif >= 0)
            fprintf(out, "\t%d", b->filter);
        else
            fputs("\t.", out);
        put_match(out, m, b);
        fputc('\n', out);
    }
}

void tfb_matches_importance_tsv(const tfb_matches_t *m, FILE *out)
{
    const tfb_filters_t *f = m->f;
    fputs("filter", out);
    for (int t = 0; t < f->T; t++) fprintf(out, "\t%s", m->model->targets[t]);
    fputc('\n', out);
    for (int k = 0; k < f->F; k++) {
        fprintf(out, "%d", k);
        for (int t = 0; t < f->T; t++) fprintf(out, "\t%.4g", f->importance[(size_t)k * f->T + t]);
        fputc('\n', out);
    }
}

/* ---- the page ---- */

typedef struct {
    FILE *f;
    float *h; /* heights; room for a filter and the widest motif */
    int m_h, bad;
} page_t;

/* Draws a motif's logo in a frame of n columns, its first column at `at`, reverse-complemented if rev. */
static void logo(page_t *g, const float *p, int w, int rev, int at, int n, const char *about)
{
    if (n > g->m_h) {
        float *h = realloc(g->h, (size_t)n * 4 * sizeof *h);
        if (!h) {
            g->bad = 1;
            return;
        }
        g->h = h;
        g->m_h = n;
    }
    memset(g->h, 0, (size_t)n * 4 * sizeof *g->h);
    float *h = g->h + (size_t)at * 4;
    tfb_motif_bits(p, w, even, h);
    for (int k = 0; rev && k < 2 * w; k++) {
        float v = h[k];
        h[k] = h[4 * w - 1 - k];
        h[4 * w - 1 - k] = v;
    }
    tfb_logo_opt_t o = {.col_width = 9, .height = 34, .hi = 2, .shared = 1, .description = about};
    tfb_logo_svg(g->f, g->h, n, &o);
}

/* Draws a filter's motif and, aligned below it, the motif that it matches. */
static void logos(page_t *g, const tfb_matches_t *m, const float *p, int K, const tfb_found_t *x, const char *about)
{
    int b = 0, e = K;
    const tfb_motif_t *d = x && x->motif >= 0 ? &m->db->motif[x->motif] : NULL;
    if (d) {
        if (x->offset < b) b = x->offset;
        if (x->offset + d->w > e) e = x->offset + d->w;
    }
    logo(g, p, K, 0, -b, e - b, about);
    if (!x || !d) return;
    char text[256];
    snprintf(text, sizeof text, "%.60s %.60s%s", d->id, d->name, x->rev ? ", reverse complement" : "");
    fputs("<br>", g->f);
    logo(g, d->p, d->w, x->rev, x->offset - b, e - b, text);
}

static void match_cells(page_t *g, const tfb_matches_t *m, const tfb_found_t *x, double q)
{
    if (x->motif < 0) {
        fputs("<td class=\"b\">none</td><td class=\"n\"></td>", g->f);
        return;
    }
    const tfb_motif_t *d = &m->db->motif[x->motif];
    fputs("<td class=\"b\">", g->f);
    if (x->q < q) fputs("<b>", g->f);
    tfb_xml_put(g->f, *d->name ? d->name : d->id);
    if (x->q < q) fputs("</b>", g->f);
    fputs(" <span class=\"sub\">", g->f);
    if (*d->name) tfb_xml_put(g->f, d->id);
    fprintf(g->f, "%s</span></td><td class=\"n\">%.2g</td>", x->rev ? " (&minus;)" : "", x->q);
}

enum { FEW = 20 }; /* regions or sites: a motif of fewer is a guess, and grey */

typedef struct {
    double key, next; /* next decides if keys are equal */
    int k;
} order_t;

static int by_key(const void *a, const void *b)
{
    const order_t *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->next != y->next) return x->next < y->next ? -1 : 1;
    return x->k - y->k;
}

/* Returns the targets with a motif to show, sorted by q: first those with a known motif. Writes their number to *n.
 * NULL if memory runs out. */
static order_t *order_targets(const tfb_matches_t *m, int *n)
{
    order_t *order = malloc((size_t)m->f->T * sizeof *order);
    *n = 0;
    for (int t = 0; order && t < m->f->T; t++) {
        const tfb_found_t *x = &m->own[t], *best = &m->own_best[t];
        if (x->motif < 0 && best->motif < 0) continue;
        order[(*n)++] = (order_t){x->motif >= 0 ? x->q : 2 + best->q, x->motif >= 0 ? x->p : best->p, t};
    }
    if (order) tfb_sort(order, (size_t)*n, sizeof *order, by_key);
    return order;
}

static void target_row(page_t *g, const tfb_matches_t *m, double q, int t)
{
    const tfb_filters_t *f = m->f;
    const tfb_found_t *x = &m->own[t], *show = x->motif >= 0 ? x : &m->own_best[t];
    fprintf(g->f, "<tr%s id=\"", f->n_own[t] < FEW ? " class=\"few\"" : "");
    tfb_html_id(g->f, "t-", m->model->targets[t]);
    fputs("\"><td>", g->f);
    tfb_xml_put(g->f, m->model->targets[t]);
    fprintf(g->f, "</td><td class=\"n\">%" PRId64 "</td><td class=\"n\"><a href=\"#f%d\">%d</a></td><td>", f->n_own[t],
            show->filter, show->filter);
    logos(g, m, f->own_pfm + ((size_t)t * f->n_top + show->rank) * f->K * 4, f->K, show, m->model->targets[t]);
    fputs("</td>", g->f);
    if (x->motif >= 0)
        match_cells(g, m, x, q);
    else
        fprintf(g->f, "<td class=\"sub\">%s</td><td></td>", m->has_motif[t] ? "none" : "not in the database");
    match_cells(g, m, &m->own_best[t], q);
    fputs("</tr>\n", g->f);
}

static void targets_section(page_t *g, const tfb_matches_t *m, double q)
{
    const tfb_filters_t *f = m->f;
    int n = 0, n_silent = 0;
    order_t *order = order_targets(m, &n);
    if (!order) {
        g->bad = 1;
        return;
    }
    fprintf(
        g->f,
        "<h2 id=\"targets\">Targets</h2>\n<p>For each target the %d filters that matter most to it, looked at in "
        "the regions that it binds and is predicted to bind; shown is the one most like a known motif of that target. "
        "q counts all filters and motifs compared for the target. Sorted by q, first the targets with a known motif. "
        "Bold: q below %g. Grey: fewer than %d regions.</p>\n"
        "<div class=\"wide\"><table class=\"s\">\n<thead><tr><th>target</th><th class=\"n\">regions</th><th "
        "class=\"n\">filter</th><th>what it finds there, and the known "
        "motif</th><th>motif</th><th class=\"n\">q</th><th>best of all motifs</th><th "
        "class=\"n\">q</th></tr></thead>\n<tbody>\n",
        f->n_top, q, FEW);
    for (int i = 0; i < n; i++) target_row(g, m, q, order[i].k);
    fputs("</tbody></table></div>\n", g->f);
    n_silent = f->T - n;
    if (n_silent) {
        fprintf(g->f, "<p class=\"sub\">%d targets have no region here that is bound and predicted bound: ", n_silent);
        for (int t = 0, k = 0; t < f->T; t++)
            if (m->own[t].motif < 0 && m->own_best[t].motif < 0) {
                if (k++) fputs(", ", g->f);
                tfb_xml_put(g->f, m->model->targets[t]);
            }
        fputs(".</p>\n", g->f);
    }
    free(order);
}

/* Writes the three targets that a filter matters to most. */
static void important_to(page_t *g, const tfb_matches_t *m, int k)
{
    const tfb_filters_t *f = m->f;
    int done[3];
    for (int r = 0; r < 3 && r < f->T; r++) {
        int best = -1;
        for (int t = 0; t < f->T; t++) {
            int taken = 0;
            for (int i = 0; i < r; i++) taken |= done[i] == t;
            if (!taken && (best < 0 || f->importance[(size_t)k * f->T + t] > f->importance[(size_t)k * f->T + best]))
                best = t;
        }
        done[r] = best;
        if (!(f->importance[(size_t)k * f->T + best] > 0)) break;
        if (r) fputs("<br>", g->f);
        if (m->own_best[best].motif >= 0) {
            fputs("<a href=\"#", g->f);
            tfb_html_id(g->f, "t-", m->model->targets[best]);
            fputs("\">", g->f);
        }
        tfb_xml_put(g->f, m->model->targets[best]);
        if (m->own_best[best].motif >= 0) fputs("</a>", g->f);
        fprintf(g->f, " <span class=\"sub\">%.2g</span>", f->importance[(size_t)k * f->T + best]);
    }
}

static void filters_head(page_t *g, const tfb_matches_t *m, const tfb_matches_t *before, const tfb_page_opt_t *o)
{
    fprintf(
        g->f,
        "<h2 id=\"filters\">Filters</h2>\n<p>What each filter of the first layer finds in the regions used, and "
        "below it, column under column, the motif of "
        "the database "
        "that it is most like. Sorted by q. Bold: q below %g. Grey: fewer than %d sites. Importance is the mean "
        "squared change of a target's probability "
        "when the filter is silenced%s.</p>\n"
        "<div class=\"wide\"><table class=\"s\">\n<thead><tr><th class=\"n\">filter</th><th class=\"n\">sites</th><th "
        "class=\"n\">bits</th><th>motif, and best match</th>",
        o->q, FEW, o->where);
    if (m->db) fputs("<th>best match</th><th class=\"n\">q</th>", g->f);
    if (before) {
        fputs("<th>before", g->f);
        if (o->before_name) {
            fputs("<br><span class=\"sub\">", g->f);
            tfb_xml_put(g->f, o->before_name);
            fputs("</span>", g->f);
        }
        fprintf(g->f, "</th>%s<th class=\"n\">similarity</th>",
                m->db ? "<th>best match before</th><th class=\"n\">q</th>" : "");
    }
    if (m->f->importance) fputs("<th>most important to</th>", g->f);
    fputs("</tr></thead>\n<tbody>\n", g->f);
}

static void filter_row(page_t *g, const tfb_matches_t *m, const tfb_matches_t *before, double q, int k)
{
    const tfb_filters_t *f = m->f;
    char about[64];
    snprintf(about, sizeof about, "filter %d", k);
    fprintf(g->f,
            "<tr%s id=\"f%d\"><td class=\"n\">%d</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">%.1f</td><td>",
            f->n_sites[k] < FEW ? " class=\"few\"" : "", k, k, f->n_sites[k],
            tfb_motif_bits(pfm_of(f, k), f->K, even, NULL));
    logos(g, m, pfm_of(f, k), f->K, m->db ? &m->best[k] : NULL, about);
    fputs("</td>", g->f);
    if (m->db) match_cells(g, m, &m->best[k], q);
    if (before) {
        fputs("<td>", g->f);
        if (before->f->n_sites[k])
            logos(g, before, pfm_of(before->f, k), f->K, before->db ? &before->best[k] : NULL, about);
        fputs("</td>", g->f);
        if (m->db) match_cells(g, before, &before->best[k], q);
        fprintf(g->f, "<td class=\"n\">%.2f</td>", tfb_filters_similarity(f, k, before->f, k));
    }
    if (f->importance) {
        fputs("<td>", g->f);
        important_to(g, m, k);
        fputs("</td>", g->f);
    }
    fputs("</tr>\n", g->f);
}

static void filters_section(page_t *g, const tfb_matches_t *m, const tfb_matches_t *before, const tfb_page_opt_t *o)
{
    const tfb_filters_t *f = m->f;
    order_t *order = malloc((size_t)f->F * sizeof *order);
    int n_dead = 0;
    if (!order) {
        g->bad = 1;
        return;
    }
    for (int k = 0; k < f->F; k++) {
        order[k] = (order_t){m->best[k].motif >= 0 ? m->best[k].q : 1, m->best[k].motif >= 0 ? m->best[k].p : 1, k};
        n_dead += !f->n_sites[k];
    }
    tfb_sort(order, (size_t)f->F, sizeof *order, by_key);
    filters_head(g, m, before, o);
    for (int i = 0; i < f->F; i++)
        if (f->n_sites[order[i].k]) filter_row(g, m, before, o->q, order[i].k);
    fputs("</tbody></table></div>\n", g->f);
    if (n_dead)
        fprintf(g->f, "<p class=\"sub\">%d of the %d filters are never active in these regions.</p>\n", n_dead, f->F);
    free(order);
}

/* Writes the filters that match the target's motif now or did before, which shows what fine-tuning did to
 * them. */
static void compare_section(page_t *g, const tfb_matches_t *m, const tfb_matches_t *before, const tfb_page_opt_t *o)
{
    const tfb_filters_t *f = m->f;
    static const char *const words[] = {"", "<b>became it</b>", "was it before", "is it no longer"};
    int n = 0;
    order_t *order = malloc((size_t)f->F * sizeof *order);
    if (!order) {
        g->bad = 1;
        return;
    }
    for (int k = 0; k < f->F; k++)
        if (fate(m, before, k, o->q) != NEVER) order[n++] = (order_t){m->named[k].q, m->named[k].p, k};
    tfb_sort(order, (size_t)n, sizeof *order, by_key);
    fputs("<h2 id=\"compare\">Before and now</h2>\n<p>Filters that match a motif named after ", g->f);
    if (f->T == 1)
        tfb_xml_put(g->f, m->model->targets[0]);
    else
        fputs("a target of the model", g->f);
    fprintf(g->f,
            ", now or in %s, on the same regions: q &lt; %g counts. If q changes little, a filter has only crossed "
            "that line. Similarity (1 = the same) shows how "
            "much the motif itself has changed.</p>\n",
            o->before_name ? "the other model" : "another model", o->q);
    if (!n) fputs("<p class=\"sub\">None does.</p>\n", g->f);
    if (n)
        fputs("<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">filter</th><th>the target&#39;s "
              "motif</th><th>before</th><th>now</th><th class=\"n\">q "
              "before</th><th class=\"n\">q now</th><th class=\"n\">similarity</th><th>known "
              "motif</th></tr></thead>\n<tbody>\n",
              g->f);
    for (int i = 0; i < n; i++) {
        int k = order[i].k;
        char about[64];
        snprintf(about, sizeof about, "filter %d", k);
        fprintf(g->f, "<tr><td class=\"n\"><a href=\"#f%d\">%d</a></td><td>%s</td><td>", k, k,
                words[fate(m, before, k, o->q)]);
        if (before->f->n_sites[k]) logos(g, before, pfm_of(before->f, k), f->K, NULL, about);
        fputs("</td><td>", g->f);
        if (f->n_sites[k]) logos(g, m, pfm_of(f, k), f->K, &m->named[k], about);
        fprintf(g->f, before->named[k].motif >= 0 ? "</td><td class=\"n\">%.2g</td>" : "</td><td class=\"n\">.</td>",
                before->named[k].q);
        fprintf(g->f, m->named[k].motif >= 0 ? "<td class=\"n\">%.2g</td>" : "<td class=\"n\">.</td>", m->named[k].q);
        fprintf(g->f, "<td class=\"n\">%.2f</td>", tfb_filters_similarity(f, k, before->f, k));
        fputs("<td>", g->f);
        if (m->named[k].motif >= 0) {
            const tfb_motif_t *d = &m->db->motif[m->named[k].motif];
            tfb_xml_put(g->f, *d->name ? d->name : d->id);
            if (*d->name) fputs(" <span class=\"sub\">", g->f), tfb_xml_put(g->f, d->id), fputs("</span>", g->f);
        }
        fputs("</td>", g->f);
        fputs("</tr>\n", g->f);
    }
    if (n) fputs("</tbody></table></div>\n", g->f);
    free(order);
}

int tfb_matches_html(const tfb_matches_t *m, const tfb_matches_t *before, const tfb_page_opt_t *o, FILE *out)
{
    const tfb_filters_t *f = m->f;
    page_t g = {.f = out};
    int n_found = 0, n_active = 0, n_own = 0, n_known = 0, n_fate[4] = {0};
    for (int k = 0; k < f->F; k++) {
        n_active += f->n_sites[k] > 0;
        n_found += m->best[k].motif >= 0 && m->best[k].q < o->q;
        if (before && m->db) n_fate[fate(m, before, k, o->q)]++;
    }
    for (int t = 0; t < f->T; t++) {
        n_own += m->own[t].motif >= 0 && m->own[t].q < o->q;
        n_known += m->own[t].motif >= 0;
    }
    tfb_html_begin(out, o->title);
    tfb_logo_letters(out);
    fputs("<dl class=\"facts\">\n", out);
    tfb_html_fact(out, "Model", o->model);
    tfb_html_made(out, o->command);
    fputs("<nav>", out);
    if (f->n_top && m->db) fputs("<a href=\"#targets\">Targets</a>", out);
    if (before && m->db) fputs("<a href=\"#compare\">Before and now</a>", out);
    fprintf(out,
            "<a href=\"#filters\">Filters</a></nav>\n<ul class=\"cards\"><li><b>%" PRId64
            "</b>regions used</li><li><b>%d of %d</b>filters active</li>",
            f->n_used, n_active, f->F);
    if (m->db) fprintf(out, "<li><b>%d</b>filters match one of %d motifs, q &lt; %g</li>", n_found, m->db->n, o->q);
    if (m->db && f->n_top)
        fprintf(out, "<li><b>%d of %d</b>targets with their own motif, q &lt; %g</li>", n_own, n_known, o->q);
    if (before && m->db)
        fprintf(out,
                "<li><b>%d</b>filters became the target&#39;s motif</li><li><b>%d</b>were it "
                "before</li><li><b>%d</b>are it no longer</li>",
                n_fate[BECAME], n_fate[KEPT], n_fate[LOST]);
    fputs("</ul>\n", out);
    if (f->n_top && m->db) targets_section(&g, m, o->q);
    if (before && m->db) compare_section(&g, m, before, o);
    filters_section(&g, m, before, o);
    tfb_html_end(out);
    free(g.h);
    if (g.bad) tfb_error("not enough memory for the page");
    return g.bad ? -1 : 0;
}
