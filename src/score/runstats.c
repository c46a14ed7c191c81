/* runstats.c - what a run did, for --stats. */
#include "config.h"
#include "score/runstats.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const count_name[TFB_COUNTS] = {"top", "gain", "loss", "change", "sites"};

int tfb_runstats_begin(tfb_runstats_t *s, const char *path, const char *out)
{
    s->path = path;
    s->began = tfb_now();
    return path && (tfb_run_claim(out) < 0 || tfb_run_claim(path) < 0) ? -1 : 0;
}

int tfb_runstats_open(tfb_runstats_t *s, const tfb_panel_t *panel)
{
    size_t T = (size_t)tfb_panel_n_targets(panel);
    if (!s->path) return 0;
    if (!(s->least = tfb_alloc(T, sizeof *s->least, "statistics"))) return -1;
    for (int k = 0; k < TFB_COUNTS; k++)
        if (!(s->n[k] = tfb_alloc(T, sizeof *s->n[k], "statistics"))) return -1;
    for (size_t t = 0; t < T; t++) {
        float p = tfb_panel_threshold(panel, (int)t);
        s->least[t] = p > 0 && p < 1 ? logf(p / (1 - p)) : NAN;
    }
    s->panel = panel;
    return 0;
}

void tfb_runstats_call(tfb_runstats_t *s, int t, const char *call)
{
    for (int k = TFB_COUNT_GAIN; call && k <= TFB_COUNT_CHANGE; k++)
        if (strcmp(call, count_name[k]) == 0) tfb_runstats_count(s, (tfb_count_t)k, t);
}

void tfb_runstats_window(tfb_runstats_t *s, const float *z)
{
    if (!s->panel) return;
    int T = tfb_panel_n_targets(s->panel);
    for (int t = 0; t < T; t++) s->n[TFB_COUNT_SITES][t] += z[t] >= s->least[t];
}

void tfb_runstats_add(tfb_runstats_t *s, const char *name, int64_t n)
{
    if (s->path) tfb_tally_whole(&s->tally, "counts", name, n);
}

void tfb_runstats_reasons(tfb_runstats_t *s, const tfb_reasons_t *r)
{
    int n_kinds = r->n_kinds ? r->n_kinds : (int)TFB_ALLELE_REASONS;
    for (int k = 1; s->path && k < n_kinds; k++)
        if (r->n[k])
            tfb_tally_whole(&s->tally, "not_scored", r->text ? r->text(k) : tfb_allele_reason((tfb_allele_t)k),
                            r->n[k]);
}

/* Adds file and digest of each model. */
static void add_models(tfb_tally_t *t, const tfb_panel_t *panel)
{
    for (int i = 0; i < tfb_panel_n_models(panel); i++) {
        char *name = strdup(tfb_panel_model(panel, i)), *digest = name ? strrchr(name, ' ') : NULL;
        if (digest) *digest++ = 0;
        if (name)
            tfb_tally_text(t, "models", name, digest ? digest : "");
        else
            t->failed = 1;
        free(name);
    }
}

/* Adds the entries of another tally: those of section run, or the others. */
static void append(tfb_tally_t *to, const tfb_tally_t *from, int run)
{
    to->failed |= from->failed;
    for (int i = 0; i < from->n && !to->failed; i++) {
        const tfb_tally_entry_t *e = &from->entry[i];
        if ((strcmp(e->section, "run") == 0) != run) continue;
        if (e->text)
            tfb_tally_text(to, e->section, e->name, e->value);
        else
            tfb_tally_number(to, e->section, e->name, e->value);
    }
}

int tfb_runstats_write(tfb_runstats_t *s, const char *command, const char *in, const tfb_session_opt_t *o)
{
    tfb_tally_t all = {0};
    if (!s->path) return 0;
    tfb_tally_text(&all, "run", "command", command);
    tfb_tally_text(&all, "run", "version", PACKAGE_VERSION);
    tfb_tally_text(&all, "run", "input", in);
    if (o->fasta) tfb_tally_text(&all, "run", "reference", o->fasta);
    tfb_tally_whole(&all, "run", "threads", o->threads);
    tfb_tally_real(&all, "run", "seconds", tfb_now() - s->began);
    append(&all, &s->tally, 1);
    if (s->panel) add_models(&all, s->panel);
    append(&all, &s->tally, 0);
    for (int k = 0; s->panel && k < TFB_COUNTS; k++)
        for (int t = 0; t < tfb_panel_n_targets(s->panel); t++)
            if (s->n[k][t]) tfb_tally_whole(&all, count_name[k], tfb_panel_target(s->panel, t), s->n[k][t]);
    int ret = tfb_tally_write(&all, s->path);
    tfb_tally_free(&all);
    return ret;
}

void tfb_runstats_free(tfb_runstats_t *s)
{
    tfb_tally_free(&s->tally);
    for (int k = 0; k < TFB_COUNTS; k++) free(s->n[k]);
    free(s->least);
    *s = (tfb_runstats_t){0};
}
