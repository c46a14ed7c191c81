/* rows.c - BED or FASTA in, lines with scores out. Stages over batches of rows: read | windows |
 * score | write, in input order. */
#include "annotate/rows.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "genome/lines.h"
#include "score/session.h"
#include "util/files.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROWS = 4096,    /* rows of a batch */
    WINDOWS = 8192, /* windows of a batch, when intervals are tiled */
    LINE = 1 << 16, /* bytes of output kept before they are written */
};

enum { OLD_SCORE = 1, OLD_NAME };

typedef struct {
    size_t text;  /* where its text begins in args.text */
    int first, n; /* its windows; n 0 = not scored */
    int verbatim; /* a comment among the rows: its text and no more */
} row_t;

typedef struct {
    const tfb_rows_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_lines_t in;
    FILE *out;
    BGZF *gz;         /* what compresses into out, or NULL */
    tfb_out_t *whole; /* out appears once it is complete */
    kstring_t text, seq, name, line;
    int no_room;          /* line could not grow */
    int T, W, step, best; /* best: write only the TF with the highest score */
    row_t row[ROWS];
    int n_rows, n_windows, m_windows;
    uint8_t *code;
    float *z;
    /* of an interval that is being tiled and has had more windows than a batch: those that were
     * scored already */
    double *top, *sum; /* (T) */
    int64_t n_folded;
    uint8_t *old; /* (n_old) per column of BED: OLD_SCORE, OLD_NAME: an earlier run wrote it, and it is replaced */
    int n_old;
    tfb_reasons_t reasons; /* of rows */
    int64_t n_all, n_scored;
} args_t;

static int start(args_t *a)
{
    const tfb_rows_opt_t *o = a->o;
    a->panel = o->panel;
    a->fasta = o->reference;
    if (!(a->pool = tfb_pool_create(o->threads)) ||
        (!a->panel && !(a->panel = tfb_panel_open(o->model, o->tf ? o->tf : "all", a->pool))))
        return -1;
    a->W = tfb_panel_window(a->panel);
    a->T = tfb_panel_n_targets(a->panel);
    a->step = o->step > 0 ? o->step : a->W / 2;
    if (a->step < 1) a->step = 1;
    if (tfb_lines_open(&a->in, o->in) < 0) return -1;
    if (o->fasta) tfb_fasta_reads(o->fasta); /* it is opened later */
    if (!(a->top = tfb_alloc(2 * (size_t)a->T, sizeof *a->top, "scores"))) return -1;
    a->sum = a->top + a->T;
    if (!(a->out = tfb_out_open(o->out, &a->whole))) return -1;
    if (!tfb_file_gz_name(o->out)) return 0;
    int fd = dup(fileno(a->out)); /* BGZF closes what it is given */
    if (fd >= 0 && (a->gz = bgzf_dopen(fd, "w"))) return 0;
    tfb_error("cannot write %s: %s", o->out, strerror(errno));
    if (fd >= 0) close(fd);
    return -1;
}

/* errno is to be 0 before the call that may fail. */
static int write_error(const args_t *a)
{
    tfb_error("cannot write %s: %s", a->o->out, errno ? strerror(errno) : "write error");
    return -1;
}

static int memory_error(const args_t *a) { return tfb_lines_error(&a->in, "not enough memory"); }

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

/* Adds to the output. */
static void say(args_t *a, const char *fmt, ...) TFB_PRINTF(2, 3);
static void say(args_t *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (kvsprintf(&a->line, fmt, ap) < 0) a->no_room = 1;
    va_end(ap);
}

/* Writes what was added, once there is more than at_least of it. */
static int put(args_t *a, size_t at_least)
{
    if (a->no_room) return memory_error(a);
    if (a->line.l <= at_least) return 0;
    errno = 0;
    if (a->gz ? bgzf_write(a->gz, a->line.s, a->line.l) != (ssize_t)a->line.l
              : fwrite(a->line.s, 1, a->line.l, a->out) != a->line.l)
        return write_error(a);
    a->line.l = 0;
    return 0;
}

static float scaled(const args_t *a, float z) { return a->o->logit ? z : tfb_sigmoid(z); }

/* Adds the open row's windows to top and sum. */
static void fold(args_t *a, const float *z, int n)
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

static void say_score(args_t *a, int t, int scored)
{
    if (!scored)
        say(a, a->o->tile ? "\t.\t." : "\t.");
    else if (a->o->tile)
        say(a, "\t%.5f\t%.5f", a->top[t], a->sum[t] / (double)a->n_folded);
    else
        say(a, "\t%.5f", a->top[t]);
}

static int write_row(args_t *a, const row_t *r)
{
    say(a, "%s", a->text.s + r->text);
    if (r->verbatim) {
        say(a, "\n");
        return put(a, LINE);
    }
    if (r->n) fold(a, a->z + (size_t)r->first * (size_t)a->T, r->n);
    int scored = a->n_folded > 0;
    if (a->best) {
        int t = 0;
        for (int k = 1; k < a->T; k++)
            if (a->top[k] > a->top[t]) t = k;
        say(a, "\t%s", scored ? tfb_panel_target(a->panel, t) : ".");
        say_score(a, t, scored);
    } else
        for (int t = 0; t < a->T; t++) say_score(a, t, scored);
    say(a, "\n");
    a->n_folded = 0;
    return put(a, LINE);
}

/* Scores the batch and writes its rows; its windows from `open` on belong to a row that is still
 * being tiled, and are folded. */
static int flush(args_t *a, int open)
{
    if (tfb_panel_windows(a->panel, a->code, NULL, a->n_windows, a->o->strand, a->z) < 0) return -1;
    for (int i = 0; i < a->n_rows; i++) /* none if something is folded already: they were written then */
        if (write_row(a, &a->row[i]) < 0) return -1;
    if (a->n_windows > open) fold(a, a->z + (size_t)open * (size_t)a->T, a->n_windows - open);
    a->n_rows = a->n_windows = 0;
    a->text.l = 0;
    return put(a, 0);
}

/* Adds a row of text[n]. Its windows are those made since first. */
static int add_row(args_t *a, const char *text, size_t n, int first, int reason)
{
    size_t at = a->text.l;
    if (kputsn(text, n, &a->text) < 0 || kputc(0, &a->text) < 0) return memory_error(a);
    a->row[a->n_rows++] = (row_t){at, first, a->n_windows - first, 0};
    tfb_reasons_count(&a->reasons, reason, NULL);
    a->n_all++;
    a->n_scored += a->n_windows > first || a->n_folded;
    return a->n_rows == ROWS || a->n_windows >= WINDOWS ? flush(a, a->n_windows) : 0;
}

/* A line without scores: comments stay where they are among the rows. */
static int add_comment(args_t *a)
{
    size_t at = a->text.l;
    if (kputsn(a->in.s.s, a->in.s.l, &a->text) < 0 || kputc(0, &a->text) < 0) return memory_error(a);
    a->row[a->n_rows++] = (row_t){at, 0, 0, 1};
    return a->n_rows == ROWS ? flush(a, a->n_windows) : 0;
}

static void column_names(args_t *a)
{
    if (a->best)
        say(a, a->o->tile ? "\ttop_tf\ttop_score\ttop_mean" : "\ttop_tf\ttop_score");
    else
        for (int t = 0; t < a->T; t++) {
            const char *name = tfb_panel_target(a->panel, t);
            if (a->o->tile)
                say(a, "\t%s\t%s_mean", name, name);
            else
                say(a, "\t%s", name);
        }
    say(a, "\n");
}

/* Reports what was done. 0, or -1 if nothing could be scored because the FASTA has none of the
 * contigs. */
static int summary(const args_t *a)
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

static int finish(args_t *a, int ret)
{
    if (ret == 0) errno = 0; /* else it still says whether memory ran out */
    if (a->gz && bgzf_close(a->gz) < 0 && ret == 0) ret = write_error(a);
    if (a->out && tfb_out_close(a->out, a->whole, ret == 0) < 0) ret = -1;
    if (ret == 0) ret = summary(a); /* the output is whole all the same */
    tfb_lines_close(&a->in);
    if (!a->o->panel) tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    if (!a->o->reference) tfb_fasta_close(a->fasta);
    free(a->code);
    free(a->z);
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

/* ---- tiles ---- */

/* Makes the window [lo, lo + W) of the interval or sequence in hand. Returns a reason, or -1. */
typedef int window_fn(args_t *a, hts_pos_t lo);

/* Windows all over [beg, end), which is longer than one, *first the first of them in the batch.
 * A reason, or -1. */
static int tile(args_t *a, hts_pos_t beg, hts_pos_t end, window_fn *window, int *first)
{
    int why = TFB_ALLELE_OK;
    for (hts_pos_t lo = beg;;
         lo = lo + a->step < end - a->W ? lo + a->step : end - a->W) { /* every step bases, and once at the end */
        int r = window(a, lo);
        if (r < 0) return -1;
        if (r != TFB_ALLELE_OK) why = r;
        if (r == TFB_ALLELE_NO_CONTIG || r == TFB_ALLELE_EDGE || lo >= end - a->W)
            break;                     /* behind the contig's end there are no more */
        if (a->n_windows >= WINDOWS) { /* long intervals take no more memory than short ones */
            if (flush(a, *first) < 0) return -1;
            *first = 0;
        }
    }
    return a->n_windows > *first || a->n_folded ? TFB_ALLELE_OK : why;
}

/* ---- BED ---- */

/* The window [lo, lo + W). Returns a reason, or -1. */
static int bed_window(args_t *a, hts_pos_t lo)
{
    uint8_t *c = new_window(a);
    if (!c) return -1;
    int r = tfb_allele_bases(a->fasta, a->name.s, lo, lo + a->W, c);
    if (r) return r;
    if (tfb_count_n(c, (size_t)a->W) > (size_t)a->o->max_n) return TFB_ALLELE_MANY_N;
    a->n_windows++;
    return TFB_ALLELE_OK;
}

/* Is a column called as one that this run, or one like it with or without --window tile, writes?
 * Returns OLD_SCORE, OLD_NAME or 0. */
static int is_ours(const args_t *a, const char *name, size_t n)
{
    static const char *const best[] = {"top_score", "top_mean", "top_tf"};
    for (int i = 0; a->best && i < 3; i++)
        if (strlen(best[i]) == n && strncmp(best[i], name, n) == 0) return i < 2 ? OLD_SCORE : OLD_NAME;
    for (int t = 0; !a->best && t < a->T; t++) {
        const char *tf = tfb_panel_target(a->panel, t);
        size_t m = strlen(tf);
        if (n >= m && strncmp(tf, name, m) == 0 && (n == m || (n == m + 5 && strncmp(name + m, "_mean", 5) == 0)))
            return OLD_SCORE;
    }
    return 0;
}

/* Is the text a score as we write it? Else the column is the user's own. */
static int is_score(const char *s, size_t n)
{
    size_t sign = n && *s == '-', whole = strspn(s + sign, "0123456789");
    const char *dot = s + sign + whole;
    return whole && n == sign + whole + 6 && *dot == '.' && strspn(dot + 1, "0123456789") == 5;
}

/* Finds the columns that an earlier run wrote and this one writes anew: by their names, and by
 * their values in row, the first one (NULL: there is none). Others of that name, as labels files
 * have them, are the user's and stay. Returns 0, or -1 (logged). */
static int find_old(args_t *a, const char *names, const char *row)
{
    int n = 1, n_named = 0, n_scores = 0, n_other = 0, i = 0;
    const char *first = NULL;
    for (const char *p = names; *p; p++) n += *p == '\t';
    if (!(a->old = calloc((size_t)n, 1))) return memory_error(a);
    for (const char *p = names; p; i++) {
        size_t len = strcspn(p, "\t"), value = row ? strcspn(row, "\t") : 0;
        if (i > 2 && (a->old[i] = (uint8_t)is_ours(a, p, len)) && n_named++ == 0) first = p;
        if (row && a->old[i] == OLD_SCORE) {
            if (is_score(row, value))
                n_scores++;
            else
                n_other += value != 1 || *row != '.';
        }
        p = p[len] ? p + len + 1 : NULL;
        if (row) row = row[value] ? row + value + 1 : NULL;
    }
    if (!n_named) return 0;
    int len = (int)strcspn(first, "\t");
    const char *more = n_named > 1 ? ", ..." : "";
    if (n_scores && !n_other) {
        a->n_old = n;
        tfb_note("%s: columns of an earlier run are replaced: %.*s%s", a->in.name, len, first, more);
    } else
        tfb_warn("%s has columns with the names of new ones (%.*s%s): they stay, and the new ones are the last",
                 a->in.name, len, first, more);
    return 0;
}

/* Takes the columns that are replaced out of a line, in place. rows: its values must be ours. 0,
 * or -1 (logged). */
static int drop_old(args_t *a, char *line, size_t *n, int rows)
{
    char *to = line;
    int i = 0;
    for (char *p = line;; i++) {
        size_t len = strcspn(p, "\t");
        int last = !p[len];
        if (i >= a->n_old || !a->old[i]) {
            if (i) *to++ = '\t';
            memmove(to, p, len);
            to += len;
        } else if (rows && a->old[i] == OLD_SCORE && !is_score(p, len) && (len != 1 || *p != '.'))
            return tfb_lines_error(
                &a->in, "column %d would be replaced by new scores, but '%.*s' is not a score: rename the column",
                i + 1, len < 40 ? (int)len : 40, p);
        if (last) break;
        p += len + 1;
    }
    *to = 0;
    if (n) *n = (size_t)(to - line);
    return 0;
}

/* Before the first row (NULL: there is none): the column names, behind the file's own if it has
 * them. held: the last of its header lines, or NULL. Returns 0, or -1 (logged). */
static int bed_columns(args_t *a, char *held, const char *row)
{
    static const char *const name[] = {"#chrom", "start", "end", "name", "score", "strand"};
    int own = held && *held == '#' && strchr(held, '\t'), n = 1;
    if (held && !own) say(a, "%s\n", held);
    if (own) {
        if (find_old(a, held, row) < 0 || (a->n_old && drop_old(a, held, NULL, 0) < 0)) return -1;
        say(a, "%s", held);
    } else {
        for (const char *p = row; *p; p++) n += *p == '\t';
        for (int i = 0; i < n; i++)
            if (i < 6)
                say(a, "%s%s", i ? "\t" : "", name[i]);
            else
                say(a, "\tcolumn%d", i + 1);
    }
    column_names(a);
    return 0;
}

/* Keeps a header line until it is known whether it is the last: that one gets our column names.
 * Returns 0, or -1 (logged). */
static int hold(args_t *a, char **held)
{
    if (*held) say(a, "%s\n", *held);
    if (put(a, LINE) < 0) return -1; /* a header may be longer than memory */
    free(*held);
    return (*held = strdup(a->in.s.s)) ? 0 : memory_error(a);
}

/* The row in the current line. Returns 0, or -1 (logged). */
static int bed_row(args_t *a)
{
    tfb_bed_t b;
    int first = a->n_windows, why;
    if (a->n_old && drop_old(a, a->in.s.s, &a->in.s.l, 1) < 0) return -1;
    if (tfb_bed_fields(&a->in, &b) < 0 || tfb_bed_summit(&a->in, &b, 1) < 0) return -1;
    a->name.l = 0;
    if (kputsn(a->in.s.s, b.n_contig, &a->name) < 0) return memory_error(a);
    if (a->o->tile && b.end - b.beg > a->W)
        why = tile(a, b.beg, b.end, bed_window, &first);
    else
        why = bed_window(a, tfb_bed_window(b.beg, b.end, b.summit, a->W));
    if (why < 0) return -1;
    if (why == TFB_ALLELE_NO_CONTIG && !a->reasons.unknown && !(a->reasons.unknown = strdup(a->name.s)))
        return memory_error(a);
    return add_row(a, a->in.s.s, a->in.s.l, first, why);
}

static int run_bed(args_t *a)
{
    int got, named = 0, ret = -1;
    char *held = NULL;
    while ((got = tfb_lines_next(&a->in)) > 0) {
        if (tfb_bed_is_header(&a->in)) {
            if ((named ? add_comment(a) : hold(a, &held)) < 0) goto done;
            continue;
        }
        if (!named && bed_columns(a, held, a->in.s.s) < 0) goto done;
        named = 1;
        if (bed_row(a) < 0) goto done;
    }
    if (held && !named && *held == '#' && strchr(held, '\t')) {
        if (bed_columns(a, held, NULL) < 0) goto done;
    } else if (held && !named)
        say(a, "%s\n", held);
    if (got == 0) ret = flush(a, a->n_windows);
done:
    free(held);
    return ret;
}

int tfb_rows_bed(const tfb_rows_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) {
        tfb_error("not enough memory");
        return -1;
    }
    a->o = o;
    a->best = !o->tf;
    int ret = start(a);
    if (ret == 0 && !a->fasta && !(a->fasta = tfb_fasta_open(o->fasta))) ret = -1;
    if (ret == 0) {
        tfb_fasta_one_file(a->fasta);
        ret = run_bed(a);
    }
    return finish(a, ret);
}

/* ---- FASTA ---- */

static int keep_unless_n(args_t *a, const uint8_t *c)
{
    if (tfb_count_n(c, (size_t)a->W) > (size_t)a->o->max_n) return TFB_ALLELE_MANY_N;
    a->n_windows++;
    return TFB_ALLELE_OK;
}

static int sequence_window(args_t *a, hts_pos_t lo)
{
    uint8_t *c = new_window(a);
    if (!c) return -1;
    tfb_encode(a->seq.s + lo, (size_t)a->W, c);
    return keep_unless_n(a, c);
}

static int run_fasta(args_t *a)
{
    int got;
    say(a, "name");
    column_names(a);
    while ((got = tfb_sequences_next(&a->in, &a->name, &a->seq, "; annotate takes windows, scan takes genomes")) > 0) {
        int first = a->n_windows, why = TFB_ALLELE_MANY_N;
        if (a->o->tile && a->seq.l > (size_t)a->W)
            why = tile(a, 0, (hts_pos_t)a->seq.l, sequence_window, &first);
        else if (a->seq.l > 0) {
            uint8_t *c = new_window(a);
            if (!c) return -1;
            tfb_sequence_middle(&a->seq, a->W, c);
            why = keep_unless_n(a, c);
        }
        if (why < 0 || add_row(a, a->name.s, a->name.l, first, why) < 0) return -1;
    }
    return got < 0 ? -1 : flush(a, a->n_windows);
}

int tfb_rows_fasta(const tfb_rows_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) {
        tfb_error("not enough memory");
        return -1;
    }
    a->o = o;
    int ret = start(a);
    if (ret == 0) ret = run_fasta(a);
    return finish(a, ret);
}
