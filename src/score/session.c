/* session.c - opens and closes what scoring needs, and summarises what was not scored. */
#include "score/session.h"
#include "util/util.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const tfb_strand_name[3] = {"both", "fwd", "rev"};

/* ---- reasons ---- */

void tfb_reasons_count(tfb_reasons_t *r, int reason, const char *contig)
{
    r->n[reason]++;
    if (reason == TFB_ALLELE_NO_CONTIG && !r->unknown && contig) r->unknown = strdup(contig);
}

static const char *text_of(const tfb_reasons_t *r, int reason)
{
    return r->text ? r->text(reason) : tfb_allele_reason((tfb_allele_t)reason);
}

int64_t tfb_reasons_list(const tfb_reasons_t *r, const char *before, kstring_t *s)
{
    int64_t n = 0;
    int n_kinds = r->n_kinds ? r->n_kinds : (int)TFB_ALLELE_REASONS;
    for (int k = 1; k < n_kinds; k++) {
        if (!r->n[k]) continue;
        ksprintf(s, "%s%" PRId64 " %s", n ? ", " : before, r->n[k], text_of(r, k));
        if (k == TFB_ALLELE_NO_CONTIG && r->unknown) ksprintf(s, " (such as %s)", r->unknown);
        n += r->n[k];
    }
    return n;
}

int tfb_reasons_no_contig(const tfb_reasons_t *r, const char *done, const tfb_fasta_t *fasta, int partly)
{
    (partly ? tfb_warn : tfb_error)(
        "nothing was %s: %s has no contig %s, with or without chr, or as M or MT (is it another genome?)", done,
        tfb_fasta_path(fasta), r->unknown ? r->unknown : "");
    return partly ? 0 : -1;
}

void tfb_reasons_free(tfb_reasons_t *r)
{
    free(r->unknown);
    r->unknown = NULL;
}

/* ---- TFs that the cell has ---- */

enum { NAMED = 8 }; /* TFs that a message names */

typedef struct {
    tfb_expressed_t *table;
    int n_unknown;
    kstring_t unknown; /* the first of those that the table does not have */
} cell_t;

static int in_cell(void *arg, const char *tf)
{
    cell_t *c = arg;
    int has = tfb_expressed_has(c->table, tf);
    if (has < 0 && c->n_unknown++ < NAMED) ksprintf(&c->unknown, "%s%s", c->unknown.l ? ", " : "", tf);
    return has > 0;
}

/* Reports which TFs the cell has. */
static void report_cell(const tfb_session_opt_t *o, const cell_t *c, const tfb_keep_t *keep)
{
    const tfb_expressed_opt_t *e = &o->expressed;
    double least = tfb_expressed_min(e);
    if (e->tissue)
        tfb_note("%d of %d TFs have %g TPM or more in %s (%s)", keep->n_kept, keep->n_asked, least, e->path, e->tissue);
    else
        tfb_note("%d of %d TFs have %g TPM or more in %s", keep->n_kept, keep->n_asked, least, e->path);
    if (c->n_unknown)
        tfb_warn("%s does not have %d of the TFs under their names, which count as not expressed (aliases are not "
                 "guessed): %s%s",
                 e->path, c->n_unknown, c->unknown.s ? c->unknown.s : "", c->n_unknown > NAMED ? ", ..." : "");
}

tfb_panel_t *tfb_session_panel(const tfb_session_opt_t *o, tfb_pool_t *pool)
{
    const char *tf = o->tf ? o->tf : "all";
    cell_t c = {.n_unknown = 0};
    tfb_keep_t keep = {.keep = in_cell, .arg = &c};
    if (tfb_expressed_check(&o->expressed) < 0) return NULL;
    if (!o->expressed.path) return tfb_panel_open_as(o->model, tf, o->precision, pool);
    if (!(c.table = tfb_expressed_load(&o->expressed))) return NULL;
    tfb_panel_t *p = tfb_panel_open_kept(o->model, tf, o->precision, &keep, pool);
    if (keep.n_asked) report_cell(o, &c, &keep);
    if (!p && keep.n_asked && !keep.n_kept)
        tfb_error("%s: none of the %d TFs is expressed: choose a lower --min-tpm, or check the symbols",
                  o->expressed.path, keep.n_asked);
    tfb_expressed_destroy(c.table);
    free(c.unknown.s);
    return p;
}

void tfb_session_limits(const tfb_session_opt_t *o, char *what, size_t m)
{
    const tfb_expressed_opt_t *e = &o->expressed;
    size_t n = strlen(what);
    if (!e->path) return;
    n += (size_t)snprintf(what + n, m - n, "; --expressed %.60s; --min-tpm %g", tfb_base_name(e->path),
                          tfb_expressed_min(e));
    if (e->tissue && n < m) snprintf(what + n, m - n, "; --tissue %.60s", e->tissue);
}

/* ---- models and reference ---- */

int tfb_session_models(tfb_session_t *s, const tfb_session_opt_t *o)
{
    s->o = *o;
    if (o->threads && !(s->pool = tfb_pool_create(o->threads))) return -1;
    if (!(s->panel = tfb_session_panel(o, s->pool))) return -1;
    s->W = tfb_panel_window(s->panel);
    s->T = tfb_panel_n_targets(s->panel);
    return 0;
}

int tfb_session_fasta(tfb_session_t *s)
{
    if (s->o.fasta && !(s->fasta = tfb_fasta_open(s->o.fasta))) return -1;
    return 0;
}

int tfb_session_open(tfb_session_t *s, const tfb_session_opt_t *o)
{
    return tfb_session_models(s, o) < 0 ? -1 : tfb_session_fasta(s);
}

void tfb_session_close(tfb_session_t *s)
{
    tfb_panel_close(s->panel);
    tfb_pool_destroy(s->pool);
    tfb_fasta_close(s->fasta);
    tfb_reasons_free(&s->reasons);
    *s = (tfb_session_t){.T = 0};
}

int tfb_session_contig(tfb_session_t *s, const char *contig, const char *from)
{
    int k = tfb_fasta_find(s->fasta, contig);
    if (k < 0 || s->noted_style) return k;
    const char *own = tfb_fasta_contig(s->fasta, k);
    if (strcmp(own, contig) == 0) return k;
    s->noted_style = 1;
    tfb_note("contigs are named in two styles: taking %s%s%s for %s of %s", contig, from ? " of " : "",
             from ? from : "", own, s->o.fasta);
    return k;
}
