/* curves.c - the table of learning curves, written after every epoch and read back when a run is resumed. */
#include "train/curves.h"
#include "genome/lines.h"
#include "util/vec.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char TITLE[] = "# tfbind learning curves of run ";
static const char HEADER[] = "epoch\ttarget\ttrain_loss\tvalid_loss\tvalid_auprc";
enum { COLUMNS = 2 + TFB_CURVE_VALUES };

char *tfb_curves_picture(const char *path)
{
    if (!tfb_ends_with(path, ".tsv")) {
        tfb_error("--curves %s: expected the name of a table, FILE.tsv; the picture is written to FILE.svg", path);
        return NULL;
    }
    char *svg = strdup(path);
    if (svg)
        memcpy(svg + strlen(svg) - 3, "svg", 3);
    else
        tfb_error("not enough memory");
    return svg;
}

int tfb_curves_init(tfb_curves_t *c, const char *path, const char *id, char *const *targets, int n_targets)
{
    *c = (tfb_curves_t){.path = path, .id = id, .targets = targets, .n_targets = n_targets};
    return (c->svg = tfb_curves_picture(path)) ? 0 : -1;
}

void tfb_curves_free(tfb_curves_t *c)
{
    free(c->svg);
    free(c->epoch);
    free(c->value);
}

tfb_curve_t *tfb_curves_add(tfb_curves_t *c, int epoch)
{
    int64_t row = c->n_targets + 1;
    if (TFB_RESERVE(c->epoch, c->m_epoch, c->n + 1, "learning curves") < 0 ||
        TFB_RESERVE(c->value, c->m_value, (c->n + 1) * row, "learning curves") < 0)
        return NULL;
    c->epoch[c->n] = epoch;
    return c->value + c->n++ * row;
}

/* ---- reading ---- */

static const char *name_of(const tfb_curves_t *c, int t) { return t < c->n_targets ? c->targets[t] : "mean"; }

/* Reads a value: a number that is not negative, or "." for NaN. 0 or -1. */
static int read_value(const char *s, double *v)
{
    char *end;
    *v = NAN;
    if (strcmp(s, ".") == 0) return 0;
    *v = strtod(s, &end);
    return *s && !*end && *v >= 0 && isfinite(*v) ? 0 : -1;
}

/* Reads the current line, the row of name t (n_targets: the mean). Returns the epoch, or -1 if it is another row. */
static int read_row(const tfb_curves_t *c, tfb_lines_t *l, int t, tfb_curve_t *v)
{
    char *field[COLUMNS], *at = l->s.s, *end;
    for (int i = 0; i < COLUMNS; i++) {
        field[i] = at;
        at += strcspn(at, "\t");
        if ((*at == '\t') != (i < COLUMNS - 1)) return -1;
        if (*at) *at++ = 0;
    }
    for (int i = 0; i < TFB_CURVE_VALUES; i++)
        if (read_value(field[2 + i], &v->v[i]) < 0) return -1;
    long epoch = strtol(field[0], &end, 10);
    return !*end && epoch > 0 && epoch < INT32_MAX && strcmp(field[1], name_of(c, t)) == 0 ? (int)epoch : -1;
}

/* Reads the rows of epochs up to `upto`. 0, or -1 (logged). */
static int read_rows(tfb_curves_t *c, tfb_lines_t *l, int upto)
{
    int status = 0, epoch = 0, last = 0;
    tfb_curve_t *row = NULL, v;
    for (int t = 0; (status = tfb_lines_next(l)) > 0; t = t < c->n_targets ? t + 1 : 0) {
        int of = read_row(c, l, t, &v);
        if (of < 0 || (t ? of != epoch : of <= last))
            return tfb_lines_error(l, "expected the row of %s: remove the file to start again", name_of(c, t));
        if (of > upto) return 0;
        epoch = of;
        if (t == 0 && !(row = tfb_curves_add(c, epoch))) return -1;
        row[t] = v;
        if (t == c->n_targets) last = epoch, row = NULL;
    }
    if (status < 0) return -1;
    if (row) return tfb_lines_error(l, "the table ends within epoch %d: remove the file to start again", epoch);
    return 0;
}

int tfb_curves_read(tfb_curves_t *c, int upto)
{
    tfb_lines_t l = {0};
    if (access(c->path, F_OK) < 0 && errno == ENOENT) {
        tfb_warn("%s is missing: the curves begin with epoch %d", c->path, upto + 1);
        return 0;
    }
    if (tfb_lines_open(&l, c->path) < 0) return -1;
    int status = tfb_lines_next(&l), ret = status < 0 ? -1 : 0;
    if (ret == 0 && (!status || strncmp(l.s.s, TITLE, sizeof TITLE - 1) || strcmp(l.s.s + sizeof TITLE - 1, c->id)))
        ret = tfb_lines_error(&l, "the curves belong to a different run: remove the file to start again");
    if (ret == 0 && (status = tfb_lines_next(&l)) < 0) ret = -1;
    if (ret == 0 && (!status || strcmp(l.s.s, HEADER)))
        ret = tfb_lines_error(&l, "expected the names of the columns: remove the file to start again");
    if (ret == 0) ret = read_rows(c, &l, upto);
    tfb_lines_close(&l);
    tfb_reads_no_more(c->path); /* it is rewritten */
    if (ret == 0 && c->n < upto) tfb_warn("%s has %d of the %d epochs before this one", c->path, c->n, upto);
    return ret;
}

/* ---- writing ---- */

/* Returns v as text, in the format of the table. */
static const char *text_of(double v, char text[32])
{
    snprintf(text, 32, "%.6f", v);
    return isnan(v) ? "." : text;
}

/* Rounds the values of the last epoch to the digits of the table. */
static void round_last(tfb_curves_t *c)
{
    int row = c->n_targets + 1;
    char text[32];
    for (tfb_curve_t *v = c->value + (size_t)(c->n - 1) * row, *end = v + row; v < end; v++)
        for (int i = 0; i < TFB_CURVE_VALUES; i++)
            if (!isnan(v->v[i])) v->v[i] = strtod(text_of(v->v[i], text), NULL);
}

int tfb_curves_write(tfb_curves_t *c)
{
    tfb_out_t *out;
    char text[32];
    if (c->n) round_last(c);
    FILE *f = tfb_out_open(c->path, &out);
    if (!f) return -1;
    fprintf(f, "%s%s\n%s\n", TITLE, c->id, HEADER);
    const tfb_curve_t *v = c->value;
    for (int e = 0; e < c->n; e++)
        for (int t = 0; t <= c->n_targets; t++, v++) {
            fprintf(f, "%d\t%s", c->epoch[e], name_of(c, t));
            for (int i = 0; i < TFB_CURVE_VALUES; i++) fprintf(f, "\t%s", text_of(v->v[i], text));
            fputc('\n', f);
        }
    return tfb_out_close(f, out, 1) < 0 ? -1 : tfb_curves_draw(c);
}
