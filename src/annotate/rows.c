/* rows.c - BED or FASTA in, lines with scores out. Stages over batches of rows: read | windows | score | write, in input order. */
#include "annotate/rows.h"
#include "annotate/files.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 4096,    /* rows of a batch */
    WINDOWS = 8192, /* windows of a batch, when intervals are tiled */
};

typedef struct {
    size_t text;  /* where its text begins in args.text */
    int first, n; /* its windows; n 0 = not scored */
} row_t;

typedef struct {
    const tfb_rows_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    BGZF *in;
    FILE *out;
    kstring_t line, text, seq, name;
    int T, W, step, best; /* best: write only the TF with the highest score */
    row_t row[ROWS];
    int n_rows, n_windows, m_windows;
    uint8_t *code;
    float *z;
    int64_t n_line, n_all, n_scored, n_reason[TFB_ALLELE_REASONS];
} args_t;

static const char *in_name(const args_t *a) { return strcmp(a->o->in, "-") == 0 ? "standard input" : a->o->in; }

static int start(args_t *a)
{
    const tfb_rows_opt_t *o = a->o;
    if (!(a->pool = tfb_pool_create(o->threads)) || !(a->panel = tfb_panel_open(o->model, o->tf ? o->tf : "all", a->pool))) return -1;
    a->W = tfb_panel_window(a->panel);
    a->T = tfb_panel_n_targets(a->panel);
    a->step = o->step > 0 ? o->step : a->W / 2 > 0 ? a->W / 2 : 1;
    if (!(a->in = bgzf_open(o->in, "r"))) {
        tfb_error("cannot read %s: %s", in_name(a), strerror(errno));
        return -1;
    }
    if (strcmp(o->in, "-") && bgzf_compression(a->in) == 2 && bgzf_check_EOF(a->in) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", o->in);
        return -1;
    }
    if (tfb_file_same(o->in, o->out)) {
        tfb_error("%s is the input: write to another file", o->out);
        return -1;
    }
    if (!(a->out = strcmp(o->out, "-") ? fopen(o->out, "w") : stdout)) {
        tfb_error("cannot write %s: %s", o->out, strerror(errno));
        return -1;
    }
    return 0;
}

/* 1 a line, 0 the end, -1 an error (logged). */
static int next_line(args_t *a)
{
    int r = bgzf_getline(a->in, '\n', &a->line);
    if (r == -1) return 0;
    a->n_line++;
    if (r < -1) {
        tfb_error("%s:%" PRId64 ": cannot read on: the file is truncated or damaged", in_name(a), a->n_line);
        return -1;
    }
    if (a->line.l && a->line.s[a->line.l - 1] == '\r') a->line.s[--a->line.l] = 0;
    return 1;
}

/* Room for one more window; its codes, or NULL (logged). */
static uint8_t *new_window(args_t *a)
{
    if (a->n_windows == a->m_windows) {
        int m = a->m_windows ? 2 * a->m_windows : 1024;
        uint8_t *c = realloc(a->code, (size_t)m * (size_t)a->W);
        if (c) a->code = c;
        float *z = realloc(a->z, (size_t)m * (size_t)a->T * sizeof *z);
        if (z) a->z = z;
        if (!c || !z) {
            tfb_error("not enough memory for %d windows", m);
            return NULL;
        }
        a->m_windows = m;
    }
    return a->code + (size_t)a->n_windows * (size_t)a->W;
}

static float scaled(const args_t *a, float z) { return a->o->logit ? z : tfb_sigmoid(z); }

static void write_row(args_t *a, const row_t *r)
{
    const float *z = a->z + (size_t)r->first * (size_t)a->T;
    fputs(a->text.s + r->text, a->out);
    if (a->best) {
        int w = 0, t = 0;
        if (!r->n) {
            fputs("\t.\t.\n", a->out);
            return;
        }
        for (int i = 0; i < r->n * a->T; i++)
            if (z[i] > z[w * a->T + t]) w = i / a->T, t = i % a->T;
        fprintf(a->out, "\t%s\t%.5f\n", tfb_panel_target(a->panel, t), (double)scaled(a, z[w * a->T + t]));
        return;
    }
    for (int t = 0; t < a->T; t++) {
        double top = -INFINITY, sum = 0;
        for (int w = 0; w < r->n; w++) {
            double v = (double)scaled(a, z[(size_t)w * (size_t)a->T + (size_t)t]);
            sum += v;
            if (v > top) top = v;
        }
        if (!r->n)
            fputs(a->o->tile ? "\t.\t." : "\t.", a->out);
        else if (a->o->tile)
            fprintf(a->out, "\t%.5f\t%.5f", top, sum / r->n);
        else
            fprintf(a->out, "\t%.5f", top);
    }
    fputc('\n', a->out);
}

static int flush(args_t *a)
{
    if (tfb_panel_windows(a->panel, a->code, NULL, a->n_windows, a->o->strand, a->z) < 0) return -1;
    for (int i = 0; i < a->n_rows; i++) write_row(a, &a->row[i]);
    a->n_rows = a->n_windows = 0;
    a->text.l = 0;
    if (!ferror(a->out)) return 0;
    tfb_error("cannot write %s: %s", a->o->out, strerror(errno));
    return -1;
}

/* Adds a row with the text that `text` gets from at on. Its windows are those made since first. */
static int add_row(args_t *a, size_t at, int first, int reason)
{
    kputc(0, &a->text);
    a->row[a->n_rows++] = (row_t){at, first, a->n_windows - first};
    a->n_reason[reason]++;
    a->n_all++;
    a->n_scored += a->n_windows > first;
    return a->n_rows == ROWS || a->n_windows >= WINDOWS ? flush(a) : 0;
}

static void column_names(args_t *a)
{
    if (a->best)
        fputs("\ttop_tf\ttop_score", a->out);
    else
        for (int t = 0; t < a->T; t++) {
            const char *name = tfb_panel_target(a->panel, t);
            fprintf(a->out, a->o->tile ? "\t%s\t%s_mean" : "\t%s", name, name);
        }
    fputc('\n', a->out);
}

static int finish(args_t *a, int ret)
{
    kstring_t s = {0, 0, NULL};
    if (a->out && (fflush(a->out) != 0 || ferror(a->out)) && ret == 0) {
        tfb_error("cannot write %s: %s", a->o->out, strerror(errno));
        ret = -1;
    }
    if (a->out && a->out != stdout && fclose(a->out) != 0 && ret == 0) {
        tfb_error("cannot write %s: %s", a->o->out, strerror(errno));
        ret = -1;
    }
    for (int r = 1; r < TFB_ALLELE_REASONS; r++)
        if (a->n_reason[r]) ksprintf(&s, "%s%" PRId64 " %s", s.l ? ", " : ": ", a->n_reason[r], tfb_allele_reason((tfb_allele_t)r));
    if (ret == 0) tfb_note("%" PRId64 " rows, %" PRId64 " scored, %" PRId64 " not%s", a->n_all, a->n_scored, a->n_all - a->n_scored, s.s ? s.s : "");
    free(s.s);
    if (a->in) bgzf_close(a->in);
    tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    tfb_fasta_close(a->fasta);
    free(a->code);
    free(a->z);
    free(a->line.s);
    free(a->text.s);
    free(a->seq.s);
    free(a->name.s);
    free(a);
    return ret;
}

/* ---- BED ---- */

/* Fields 1 to 3 of the line, and narrowPeak's summit (-1 = none). The line stays as it is. */
static int parse_bed(args_t *a, hts_pos_t *beg, hts_pos_t *end, hts_pos_t *summit)
{
    char *s = strpbrk(a->line.s, "\t "), *e;
    int n = 3;
    *summit = -1;
    a->name.l = 0;
    if (!s || s == a->line.s) goto bad;
    kputsn(a->line.s, (size_t)(s - a->line.s), &a->name);
    errno = 0;
    *beg = strtoll(s + 1, &e, 10);
    if (e == s + 1 || (*e != '\t' && *e != ' ') || *beg < 0) goto bad;
    s = e;
    *end = strtoll(s + 1, &e, 10);
    if (e == s + 1 || (*e && *e != '\t' && *e != ' ') || *end < *beg || errno) goto bad;
    for (s = e; *s; n++) { /* the tenth and last of narrowPeak's columns */
        char *f = s + 1, *next = f + strcspn(f, "\t");
        if (n == 9 && !*next) {
            long long v = strtoll(f, &e, 10);
            if (e > f && !*e && v >= 0 && *beg + v < *end) *summit = *beg + v;
        }
        s = next;
    }
    return 0;
bad:
    tfb_error("%s:%" PRId64 ": not BED: contig, start and end are wanted, with 0 <= start <= end", in_name(a), a->n_line);
    return -1;
}

/* The window [lo, lo + W). A reason, or -1. */
static int bed_window(args_t *a, hts_pos_t lo)
{
    uint8_t *c = new_window(a);
    if (!c) return -1;
    int r = tfb_fasta_codes(a->fasta, a->name.s, lo, lo + a->W, c);
    if (r < 0) return r == -2 ? TFB_ALLELE_NO_CONTIG : r == -3 ? TFB_ALLELE_EDGE : -1;
    if (tfb_count_n(c, (size_t)a->W) > (size_t)a->o->max_n) return TFB_ALLELE_MANY_N;
    a->n_windows++;
    return TFB_ALLELE_OK;
}

static int is_header(const char *s) { return *s == '#' || strncmp(s, "track", 5) == 0 || strncmp(s, "browser", 7) == 0; }

static int run_bed(args_t *a)
{
    int got, named = 0;
    char *held = NULL; /* a header line waits to see whether it is the last: that one gets our column names */
    while ((got = next_line(a)) > 0) {
        hts_pos_t beg, end, summit;
        if (is_header(a->line.s) || !a->line.l) {
            if (held) fprintf(a->out, "%s\n", held);
            free(held);
            if (!(held = strdup(a->line.s))) return -1;
            if (named) {
                fprintf(a->out, "%s\n", held);
                free(held);
                held = NULL;
            }
            continue;
        }
        if (parse_bed(a, &beg, &end, &summit) < 0) {
            free(held);
            return -1;
        }
        if (!named) {
            int own = held && *held == '#' && strchr(held, '\t');
            if (held && !own) fprintf(a->out, "%s\n", held);
            if (own)
                fputs(held, a->out);
            else {
                static const char *const name[] = {"#chrom", "start", "end", "name", "score", "strand"};
                int n = 1;
                for (const char *p = a->line.s; *p; p++) n += *p == '\t';
                for (int i = 0; i < n; i++)
                    if (i < 6)
                        fprintf(a->out, "%s%s", i ? "\t" : "", name[i]);
                    else
                        fprintf(a->out, "\tcolumn%d", i + 1);
            }
            column_names(a);
            named = 1;
            free(held);
            held = NULL;
        }
        int first = a->n_windows, why = TFB_ALLELE_OK;
        size_t at = a->text.l;
        if (a->o->tile && end - beg > a->W) {
            /* every step bases, and once at the end */
            for (hts_pos_t lo = beg; why >= 0; lo = lo + a->step < end - a->W ? lo + a->step : end - a->W) {
                int r = bed_window(a, lo);
                if (r != TFB_ALLELE_OK) why = r;
                if (lo >= end - a->W) break;
            }
            if (a->n_windows > first && why > 0) why = TFB_ALLELE_OK;
        } else
            why = bed_window(a, (summit >= 0 ? summit : beg + (end - beg) / 2) - a->W / 2);
        if (why < 0) return -1;
        kputsn(a->line.s, a->line.l, &a->text);
        if (add_row(a, at, first, why) < 0) return -1;
    }
    if (held) fprintf(a->out, "%s\n", held);
    free(held);
    return got < 0 ? -1 : flush(a);
}

int tfb_rows_bed(const tfb_rows_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    a->best = !o->tf;
    int ret = start(a);
    if (ret == 0 && !(a->fasta = tfb_fasta_open(o->fasta))) ret = -1;
    if (ret == 0) ret = run_bed(a);
    return finish(a, ret);
}

/* ---- FASTA ---- */

static int end_sequence(args_t *a)
{
    int L = (int)a->seq.l, W = a->W, first = a->n_windows, pad = L < W ? W - L : 0, why = TFB_ALLELE_OK;
    size_t at = a->text.l;
    uint8_t *c = new_window(a);
    if (!c) return -1;
    memset(c, TFB_N, (size_t)W);
    tfb_encode(a->seq.s + (L > W ? L / 2 - W / 2 : 0), (size_t)(L < W ? L : W), c + pad / 2);
    if (L == 0 || tfb_count_n(c, (size_t)W) > (size_t)a->o->max_n)
        why = TFB_ALLELE_MANY_N;
    else
        a->n_windows++;
    kputsn(a->name.s, a->name.l, &a->text);
    a->seq.l = 0;
    return add_row(a, at, first, why);
}

static int run_fasta(args_t *a)
{
    int got, open = 0;
    fputs("name", a->out);
    column_names(a);
    ks_resize(&a->seq, 1);
    while ((got = next_line(a)) > 0) {
        if (a->line.l && a->line.s[0] == '>') {
            if (open && end_sequence(a) < 0) return -1;
            open = 1;
            a->name.l = 0;
            kputsn(a->line.s + 1, strcspn(a->line.s + 1, " \t"), &a->name);
        } else if (open) {
            if (a->seq.l + a->line.l > INT32_MAX / 2) {
                tfb_error("%s:%" PRId64 ": sequence %s is too long; annotate takes windows, scan takes genomes", in_name(a), a->n_line, a->name.s);
                return -1;
            }
            kputsn(a->line.s, a->line.l, &a->seq);
        } else if (a->line.l) {
            tfb_error("%s:%" PRId64 ": not FASTA: no > before the first sequence", in_name(a), a->n_line);
            return -1;
        }
    }
    if (got < 0 || (open && end_sequence(a) < 0)) return -1;
    return flush(a);
}

int tfb_rows_fasta(const tfb_rows_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    int ret = start(a);
    if (ret == 0) ret = run_fasta(a);
    return finish(a, ret);
}
