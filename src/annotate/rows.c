/* rows.c - BED or FASTA in, lines with scores out. Stages over batches of rows: read | windows |
 * score | write, in input order. */
#include "annotate/rows_parts.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "util/files.h"
#include "util/progress.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOWS = 8192 }; /* per batch, when intervals are tiled */

static int start(tfb_rows_t *a)
{
    const tfb_rows_opt_t *o = a->o;
    a->panel = o->panel;
    a->fasta = o->reference;
    if (!(a->pool = tfb_pool_create(o->session.threads)) ||
        (!a->panel && !(a->panel = tfb_session_panel(&o->session, a->pool))))
        return -1;
    if (tfb_runstats_open(&a->stats, a->panel) < 0) return -1;
    a->W = tfb_panel_window(a->panel);
    a->T = tfb_panel_n_targets(a->panel);
    a->win.W = a->W;
    a->win.T = a->T;
    a->step = o->step > 0 ? o->step : a->W / 2;
    if (a->step < 1) a->step = 1;
    if (tfb_lines_open(&a->in, o->in) < 0) return -1;
    if (o->session.fasta) tfb_fasta_reads(o->session.fasta); /* it is opened later */
    tfb_reads(o->open.path, "the open regions");             /* so are they */
    if (!(a->top = tfb_alloc(2 * (size_t)a->T, sizeof *a->top, "scores"))) return -1;
    a->sum = a->top + a->T;
    if (!(a->out = tfb_out_open(o->out, &a->whole))) return -1;
    if (!tfb_file_gz_name(o->out)) return 0;
    int fd = dup(fileno(a->out)); /* BGZF closes its file descriptor */
    if (fd >= 0 && (a->gz = bgzf_dopen(fd, "w"))) return 0;
    tfb_error("cannot write %s: %s", o->out, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

/* Set errno to 0 before the call that may fail. */
static int write_error(const tfb_rows_t *a)
{
    tfb_error("cannot write %s: %s", a->o->out, errno ? strerror(errno) : "write error");
    return -1;
}

int tfb_rows_no_memory(const tfb_rows_t *a) { return tfb_lines_error(&a->in, "not enough memory"); }

void tfb_rows_say(tfb_rows_t *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (kvsprintf(&a->line, fmt, ap) < 0) a->no_room = 1;
    va_end(ap);
}

int tfb_rows_put(tfb_rows_t *a, size_t at_least)
{
    if (a->no_room) return tfb_rows_no_memory(a);
    if (a->line.l <= at_least) return 0;
    errno = 0;
    if (a->gz ? bgzf_write(a->gz, a->line.s, a->line.l) != (ssize_t)a->line.l
              : fwrite(a->line.s, 1, a->line.l, a->out) != a->line.l)
        return write_error(a);
    a->line.l = 0;
    return 0;
}

static float scaled(const tfb_rows_t *a, float z) { return a->o->logit ? z : tfb_sigmoid(z); }

/* Adds the open row's windows to top and sum. */
static void fold(tfb_rows_t *a, const float *z, int n)
{
    for (int t = 0; t < a->T; t++) {
        if (a->n_folded == 0) a->top[t] = -INFINITY, a->sum[t] = 0;
        for (int w = 0; w < n; w++) {
            double v = (double)scaled(a, z[(size_t)w * (size_t)a->T + (size_t)t]);
            a->sum[t] += v;
            if (v > a->top[t]) a->top[t] = v;
        }
    }
    a->n_folded += n;
}

static void say_score(tfb_rows_t *a, int t, int scored)
{
    if (!scored)
        tfb_rows_say(a, a->o->tile ? "\t.\t." : "\t.");
    else if (a->o->tile)
        tfb_rows_say(a, "\t%.5f\t%.5f", a->top[t], a->sum[t] / (double)a->n_folded);
    else
        tfb_rows_say(a, "\t%.5f", a->top[t]);
}

static int write_row(tfb_rows_t *a, const tfb_row_t *r)
{
    tfb_rows_say(a, "%s", a->text.s + r->text);
    if (r->verbatim) {
        tfb_rows_say(a, "\n");
        return tfb_rows_put(a, TFB_ROWS_LINE);
    }
    if (r->n) fold(a, a->win.z + (size_t)r->first * (size_t)a->T, r->n);
    int scored = a->n_folded > 0;
    if (a->best) {
        int t = 0;
        for (int k = 1; k < a->T; k++)
            if (a->top[k] > a->top[t]) t = k;
        tfb_rows_say(a, "\t%s", scored ? tfb_panel_target(a->panel, t) : ".");
        say_score(a, t, scored);
    } else
        for (int t = 0; t < a->T; t++) say_score(a, t, scored);
    if (a->open) tfb_rows_say(a, "\t%d", r->open);
    tfb_rows_say(a, "\n");
    a->n_folded = 0;
    return tfb_rows_put(a, TFB_ROWS_LINE);
}

int tfb_rows_flush(tfb_rows_t *a, int open)
{
    if (tfb_windows_score(&a->win, a->panel, a->o->session.strand) < 0) return -1;
    for (int i = 0; i < a->win.n; i++) tfb_runstats_window(&a->stats, tfb_windows_z(&a->win, i));
    for (int i = 0; i < a->n_rows; i++) /* none if windows are folded already: they have been written */
        if (write_row(a, &a->row[i]) < 0) return -1;
    if (a->win.n > open) fold(a, a->win.z + (size_t)open * (size_t)a->T, a->win.n - open);
    a->n_rows = 0;
    tfb_windows_clear(&a->win);
    a->text.l = 0;
    return tfb_rows_put(a, 0);
}

int tfb_rows_add(tfb_rows_t *a, const char *text, size_t n, int first, int reason)
{
    size_t at = a->text.l;
    if (kputsn(text, n, &a->text) < 0 || kputc(0, &a->text) < 0) return tfb_rows_no_memory(a);
    a->row[a->n_rows++] = (tfb_row_t){.text = at, .first = first, .n = a->win.n - first, .open = a->is_open};
    tfb_reasons_count(&a->reasons, reason, NULL);
    a->n_all++;
    if (tfb_progress_due()) tfb_progress(a->n_all, tfb_lines_fraction(&a->in), NULL, 0);
    a->n_scored += a->win.n > first || a->n_folded;
    return a->n_rows == TFB_ROWS_BATCH || a->win.n >= WINDOWS ? tfb_rows_flush(a, a->win.n) : 0;
}

int tfb_rows_add_comment(tfb_rows_t *a)
{
    size_t at = a->text.l;
    if (kputsn(a->in.s.s, a->in.s.l, &a->text) < 0 || kputc(0, &a->text) < 0) return tfb_rows_no_memory(a);
    a->row[a->n_rows++] = (tfb_row_t){.text = at, .verbatim = 1};
    return a->n_rows == TFB_ROWS_BATCH ? tfb_rows_flush(a, a->win.n) : 0;
}

void tfb_rows_columns(tfb_rows_t *a)
{
    if (a->best)
        tfb_rows_say(a, a->o->tile ? "\ttop_tf\ttop_score\ttop_mean" : "\ttop_tf\ttop_score");
    else
        for (int t = 0; t < a->T; t++) {
            const char *name = tfb_panel_target(a->panel, t);
            if (a->o->tile)
                tfb_rows_say(a, "\t%s\t%s_mean", name, name);
            else
                tfb_rows_say(a, "\t%s", name);
        }
    tfb_rows_say(a, a->open ? "\ttfb_open\n" : "\n");
}

/* Reports a summary. Returns 0, or -1 if nothing could be scored because the FASTA has none of the
 * contigs. */
static int summary(const tfb_rows_t *a)
{
    const int64_t *n = a->reasons.n;
    kstring_t s = {0, 0, NULL};
    tfb_reasons_list(&a->reasons, ": ", &s);
    tfb_note("%" PRId64 " rows, %" PRId64 " scored, %" PRId64 " not%s", a->n_all, a->n_scored, a->n_all - a->n_scored,
             s.s ? s.s : "");
    free(s.s);
    if (!n[TFB_ALLELE_NO_CONTIG] || a->n_scored) return 0;
    return tfb_reasons_no_contig(&a->reasons, "scored", a->fasta, n[TFB_ALLELE_NO_CONTIG] < a->n_all);
}

/* Writes the file of --stats. Returns 0, or -1 (logged). */
static int write_stats(tfb_rows_t *a)
{
    tfb_runstats_add(&a->stats, "rows", a->n_all);
    tfb_runstats_add(&a->stats, "scored", a->n_scored);
    tfb_runstats_reasons(&a->stats, &a->reasons);
    return tfb_runstats_write(&a->stats, "annotate", tfb_input_name(a->o->in), &a->o->session);
}

static int finish(tfb_rows_t *a, int ret)
{
    if (ret == 0) errno = 0; /* else it still shows whether memory ran out */
    if (a->gz && bgzf_close(a->gz) < 0 && ret == 0) ret = write_error(a);
    if (a->out && tfb_out_close(a->out, a->whole, ret == 0) < 0) ret = -1;
    int wrote = ret == 0 ? write_stats(a) : 0;
    if (ret == 0) ret = summary(a); /* the output is complete all the same */
    if (wrote < 0) ret = -1;
    tfb_runstats_free(&a->stats);
    tfb_lines_close(&a->in);
    if (!a->o->panel) tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    if (!a->o->reference) tfb_fasta_close(a->fasta);
    tfb_open_destroy(a->open);
    tfb_windows_free(&a->win);
    free(a->top);
    free(a->text.s);
    free(a->seq.s);
    free(a->name.s);
    free(a->line.s);
    free(a->old);
    tfb_reasons_free(&a->reasons);
    free(a);
    return ret;
}

/* ---- windows ---- */

int tfb_rows_keep(tfb_rows_t *a, const uint8_t *code)
{
    if (tfb_count_n(code, (size_t)a->W) > (size_t)a->o->session.max_n) return TFB_ALLELE_MANY_N;
    tfb_windows_keep(&a->win, -1);
    return TFB_ALLELE_OK;
}

int tfb_rows_tile(tfb_rows_t *a, hts_pos_t beg, hts_pos_t end, tfb_rows_window_f *window, int *first)
{
    int why = TFB_ALLELE_OK;
    for (hts_pos_t lo = beg;;
         lo = lo + a->step < end - a->W ? lo + a->step : end - a->W) { /* every step bases, and once at the end */
        int r = window(a, lo);
        if (r < 0) return -1;
        if (r != TFB_ALLELE_OK) why = r;
        if (r == TFB_ALLELE_NO_CONTIG || r == TFB_ALLELE_EDGE || lo >= end - a->W)
            break;                 /* no more after the contig's end */
        if (a->win.n >= WINDOWS) { /* keeps memory the same for long intervals */
            if (tfb_rows_flush(a, *first) < 0) return -1;
            *first = 0;
        }
    }
    return a->win.n > *first || a->n_folded ? TFB_ALLELE_OK : why;
}

/* ---- the run ---- */

int tfb_rows_run(const tfb_rows_opt_t *o, int best, int (*run)(tfb_rows_t *a))
{
    tfb_rows_t *a = calloc(1, sizeof *a);
    if (!a) {
        tfb_error("not enough memory");
        return -1;
    }
    a->o = o;
    a->best = best;
    int ret = tfb_runstats_begin(&a->stats, o->session.stats, o->out);
    if (ret == 0) ret = start(a);
    tfb_progress_begin("rows", o->out);
    if (ret == 0) ret = run(a);
    tfb_progress_end();
    return finish(a, ret);
}
