/* rows_bed.c - reads BED and writes its lines with score columns, which replace those of an earlier run. */
#include "annotate/rows_parts.h"
#include "genome/alleles.h"
#include "score/builds.h"
#include <stdlib.h>
#include <string.h>

enum { OLD_SCORE = 1, OLD_NAME }; /* of tfb_rows_t.old */

/* Makes the window [lo, lo + W). Returns a reason, or -1. */
static int bed_window(tfb_rows_t *a, hts_pos_t lo)
{
    uint8_t *c = tfb_windows_next(&a->win);
    if (!c) return -1;
    int r = tfb_allele_bases(a->fasta, a->name.s, lo, lo + a->W, c);
    if (r) return r;
    return tfb_rows_keep(a, c);
}

/* Checks whether a column has the name of one that this run, or the same run with or without --window
 * tile, writes. Returns OLD_SCORE, OLD_NAME or 0. */
static int is_ours(const tfb_rows_t *a, const char *name, size_t n)
{
    static const char *const best[] = {"top_score", "top_mean", "top_tf"};
    for (int i = 0; a->best && i < 3; i++)
        if (strlen(best[i]) == n && strncmp(best[i], name, n) == 0) return i < 2 ? OLD_SCORE : OLD_NAME;
    if (n == 8 && strncmp(name, "tfb_open", 8) == 0) return OLD_NAME;
    for (int t = 0; !a->best && t < a->T; t++) {
        const char *tf = tfb_panel_target(a->panel, t);
        size_t m = strlen(tf);
        if (n >= m && strncmp(tf, name, m) == 0 && (n == m || (n == m + 5 && strncmp(name + m, "_mean", 5) == 0)))
            return OLD_SCORE;
    }
    return 0;
}

/* Returns whether the text has the form of our scores. If not, the column is the user's own. */
static int is_score(const char *s, size_t n)
{
    size_t sign = n && *s == '-', whole = strspn(s + sign, "0123456789");
    const char *dot = s + sign + whole;
    return whole && n == sign + whole + 6 && *dot == '.' && strspn(dot + 1, "0123456789") == 5;
}

/* Finds the columns of an earlier run that this one replaces, by their names and by their values in row,
 * the first row (NULL: none). Other columns of the same name, as in labels files, are the user's and stay.
 * Returns 0, or -1 (logged). */
static int find_old(tfb_rows_t *a, const char *names, const char *row)
{
    int n = 1, n_named = 0, n_scores = 0, n_other = 0, i = 0;
    const char *first = NULL;
    for (const char *p = names; *p; p++) n += *p == '\t';
    if (!(a->old = calloc((size_t)n, 1))) return tfb_rows_no_memory(a);
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

/* Removes the replaced columns from a line, in place. rows: its values must be ours. Returns 0, or -1
 * (logged). */
static int drop_old(tfb_rows_t *a, char *line, size_t *n, int rows)
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

/* Writes the column names before the first row (NULL: none), after the file's own names if it has any.
 * held: the last of its header lines, or NULL. Returns 0, or -1 (logged). */
static int bed_columns(tfb_rows_t *a, char *held, const char *row)
{
    static const char *const name[] = {"#chrom", "start", "end", "name", "score", "strand"};
    int own = held && *held == '#' && strchr(held, '\t'), n = 1;
    if (held && !own) tfb_rows_say(a, "%s\n", held);
    if (own) {
        if (find_old(a, held, row) < 0 || (a->n_old && drop_old(a, held, NULL, 0) < 0)) return -1;
        tfb_rows_say(a, "%s", held);
    } else {
        for (const char *p = row; *p; p++) n += *p == '\t';
        for (int i = 0; i < n; i++)
            if (i < 6)
                tfb_rows_say(a, "%s%s", i ? "\t" : "", name[i]);
            else
                tfb_rows_say(a, "\tcolumn%d", i + 1);
    }
    tfb_rows_columns(a);
    return 0;
}

/* Keeps a header line until it is known whether it is the last, which gets our column names. Returns 0, or
 * -1 (logged). */
static int hold(tfb_rows_t *a, char **held)
{
    if (*held) tfb_rows_say(a, "%s\n", *held);
    if (tfb_rows_put(a, TFB_ROWS_LINE) < 0) return -1; /* a header may be longer than memory */
    free(*held);
    return (*held = strdup(a->in.s.s)) ? 0 : tfb_rows_no_memory(a);
}

/* Adds the row in the current line. Returns 0, or -1 (logged). */
static int bed_row(tfb_rows_t *a)
{
    tfb_bed_t b;
    int first = a->win.n, why;
    if (a->n_old && drop_old(a, a->in.s.s, &a->in.s.l, 1) < 0) return -1;
    if (tfb_bed_fields(&a->in, &b) < 0 || tfb_bed_summit(&a->in, &b, 1) < 0) return -1;
    a->name.l = 0;
    if (kputsn(a->in.s.s, b.n_contig, &a->name) < 0) return tfb_rows_no_memory(a);
    a->is_open = a->open && tfb_open_overlaps(a->open, a->name.s, b.beg, b.end);
    if (a->o->tile && b.end - b.beg > a->W)
        why = tfb_rows_tile(a, b.beg, b.end, bed_window, &first);
    else
        why = bed_window(a, tfb_bed_window(b.beg, b.end, b.summit, a->W));
    if (why < 0) return -1;
    if (why == TFB_ALLELE_NO_CONTIG && !a->reasons.unknown && !(a->reasons.unknown = strdup(a->name.s)))
        return tfb_rows_no_memory(a);
    return tfb_rows_add(a, a->in.s.s, a->in.s.l, first, why);
}

static int run_bed(tfb_rows_t *a)
{
    int got, named = 0, ret = -1;
    char *held = NULL;
    if (!a->fasta && !(a->fasta = tfb_fasta_open(a->o->session.fasta))) return -1;
    if (a->o->open.path && !(a->open = tfb_open_load(&a->o->open, a->fasta))) return -1;
    tfb_builds_check(a->panel, a->fasta, NULL, NULL);
    tfb_fasta_one_file(a->fasta);
    while ((got = tfb_lines_next(&a->in)) > 0) {
        if (tfb_bed_is_header(&a->in)) {
            if ((named ? tfb_rows_add_comment(a) : hold(a, &held)) < 0) goto done;
            continue;
        }
        if (!named && bed_columns(a, held, a->in.s.s) < 0) goto done;
        named = 1;
        if (bed_row(a) < 0) goto done;
    }
    if (held && !named && *held == '#' && strchr(held, '\t')) {
        if (bed_columns(a, held, NULL) < 0) goto done;
    } else if (held && !named)
        tfb_rows_say(a, "%s\n", held);
    if (got == 0) ret = tfb_rows_flush(a, a->win.n);
done:
    free(held);
    return ret;
}

int tfb_rows_bed(const tfb_rows_opt_t *o) { return tfb_rows_run(o, !o->session.tf, run_bed); }
