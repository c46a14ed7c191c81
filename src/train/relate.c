/* relate.c - ranks source TFs for a target. In: labels (streamed), tables of binding modes and interactions. Out: a
 * ranked list. */
#include "train/relate.h"
#include "genome/labels.h"
#include "genome/lines.h"
#include "genome/meme.h"
#include "train/modes.h"
#include "util/sort.h"
#include "util/util.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void tfb_relate_free(tfb_related_t *r, int n)
{
    for (int i = 0; r && i < n; i++) free(r[i].tf);
    free(r);
}

/* ---- tables with a header line: calls row(arg, columns, n, line) for each line below it ---- */

typedef int (*row_f)(void *arg, char **col, int n, int64_t line);

static int read_table(const char *path, int (*header)(void *arg, char **col, int n), row_f row, void *arg)
{
    tfb_lines_t in = {0};
    int ret = 0, r, headed = 0;
    if (tfb_lines_open(&in, path) < 0) return -1;
    while (ret == 0 && (r = tfb_lines_next(&in)) != 0) {
        int n;
        if (r < 0) {
            ret = -1;
            break;
        }
        while (in.s.l && isspace((unsigned char)in.s.s[in.s.l - 1])) in.s.s[--in.s.l] = 0;
        if (!in.s.l) continue;
        char **col =
            tfb_split(in.s.s, strchr(in.s.s, '\t') ? '\t' : ' ', &n); /* STRING files are separated by spaces */
        if (!col) {
            ret = -1;
            break;
        }
        ret = !headed++ ? header(arg, col, n) : row(arg, col, n, in.n);
        tfb_strv_free(col);
    }
    tfb_lines_close(&in);
    return ret;
}

static int find(char **col, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcasecmp(col[i] + (*col[i] == '#'), name) == 0) return i;
    return -1;
}

/* ---- binding modes ---- */

typedef struct {
    const tfb_relate_opt_t *o;
    tfb_related_t *tf;
    int n, target;  /* size of tf; index of the target */
    int name, mode; /* columns of the table of binding modes */
    char ***modes;  /* per TF: its modes, NULL-terminated */
    int *n_modes;
    int a, b, score; /* columns of partners */
} tables_t;

static int groups_header(void *arg, char **col, int n)
{
    tables_t *t = arg;
    static const char *const names[] = {"tf_symbols", "tf", "symbol", "gene", "name"};
    t->name = t->mode = -1;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && t->name < 0; i++) t->name = find(col, n, names[i]);
    if (t->o->group_column) {
        t->mode = find(col, n, t->o->group_column);
        if (t->mode < 0) {
            char hint[TFB_HINT];
            tfb_error("%s has no column '%s'%s", t->o->groups, t->o->group_column,
                      tfb_did_you_mean(t->o->group_column, col, n, hint));
            return -1;
        }
    }
    for (int i = 0; i < n && t->mode < 0; i++)
        if (i != t->name && (strncasecmp(col[i], "cluster", 7) == 0 || strcasecmp(col[i], "mode") == 0 ||
                             strcasecmp(col[i], "group") == 0))
            t->mode = i;
    if (t->mode < 0) t->mode = find(col, n, "tf_family");
    if (t->name < 0 || t->mode < 0) {
        tfb_error("%s:1: expected a header line with a column of TFs (tf, tf_symbols or name) and one of binding modes "
                  "(cluster..., mode, group or tf_family; --group-column names another)",
                  t->o->groups);
        return -1;
    }
    return 0;
}

static int add_mode(tables_t *t, const char *name, size_t len, const char *mode)
{
    for (int i = 0; i < t->n; i++) {
        if (strlen(t->tf[i].tf) != len || strncasecmp(t->tf[i].tf, name, len)) continue;
        char **m = realloc(t->modes[i], ((size_t)t->n_modes[i] + 2) * sizeof *m);
        if (!m) return -1;
        t->modes[i] = m;
        m[t->n_modes[i] + 1] = NULL;
        if (!(m[t->n_modes[i]] = strdup(mode))) return -1;
        t->n_modes[i]++;
    }
    return 0;
}

/* Adds the mode to every member of a dimer, written A;B or A::B. Ignores brackets after a name, as in "NFIC(var.2)". */
static int add_modes(tables_t *t, const char *names, const char *mode)
{
    for (const char *s = names; *s;) {
        size_t len = strcspn(s, ";:("), all = strcspn(s, ";:");
        if (len && add_mode(t, s, len, mode) < 0) return -1;
        s += all;
        s += strspn(s, ";: ");
    }
    return 0;
}

static int groups_row(void *arg, char **col, int n, int64_t line)
{
    tables_t *t = arg;
    if (n <= t->name || n <= t->mode) {
        tfb_error("%s:%" PRId64 ": only %d columns, fewer than the header", t->o->groups, line, n);
        return -1;
    }
    return add_modes(t, col[t->name], col[t->mode]);
}

/* Returns 1 if the first line with text starts a MEME file, 0 if not, -1 if the file cannot be read (logged). */
static int is_meme(const char *path)
{
    tfb_lines_t in = {0};
    int yes = 0, r;
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((r = tfb_lines_next(&in)) > 0) {
        const char *c = in.s.s;
        while (isspace((unsigned char)*c)) c++;
        if (!*c) continue;
        yes = strncmp(c, "MEME version", 12) == 0;
        break;
    }
    tfb_lines_close(&in);
    return r < 0 ? -1 : yes;
}

static int groups_of_motifs(tables_t *t)
{
    int ret = -1, n, *mode = NULL;
    tfb_motifs_t *m = tfb_motifs_read(t->o->groups);
    if (!m || !(mode = tfb_alloc((size_t)m->n, sizeof *mode, "binding modes")) ||
        (n = tfb_modes_cluster(m, t->o->mode_cut, mode)) < 0)
        goto done;
    tfb_note("%s: %d motifs in %d binding modes", t->o->groups, m->n, n);
    for (int i = 0; i < m->n; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", mode[i]);
        if (add_modes(t, *m->motif[i].name ? m->motif[i].name : m->motif[i].id, text) < 0) goto done;
    }
    ret = 0;
done:
    tfb_motifs_destroy(m);
    free(mode);
    return ret;
}

static int share(char **a, char **b)
{
    for (; a && *a; a++)
        for (char **p = b; p && *p; p++)
            if (strcmp(*a, *p) == 0) return 1;
    return 0;
}

/* ---- partners ---- */

static int partners_header(void *arg, char **col, int n)
{
    tables_t *t = arg;
    static const char *const a[] = {"preferredName_A", "protein1", "node1", "tf1", "a"}, *const b[] = {
                                                                                             "preferredName_B",
                                                                                             "protein2", "node2", "tf2",
                                                                                             "b"};
    t->a = t->b = -1;
    for (int i = 0; i < 5 && t->a < 0; i++) t->a = find(col, n, a[i]), t->b = find(col, n, b[i]);
    t->score = find(col, n, "combined_score");
    if (t->score < 0) t->score = find(col, n, "score");
    if (t->a >= 0 && t->b >= 0 && t->score >= 0) return 0;
    tfb_error("%s:1: expected a header line with two columns of TFs (preferredName_A and _B, protein1 and 2, node1 and "
              "2) and one column score or combined_score",
              t->o->partners);
    return -1;
}

static int partners_row(void *arg, char **col, int n, int64_t line)
{
    tables_t *t = arg;
    char *end;
    if (n <= t->a || n <= t->b || n <= t->score) {
        tfb_error("%s:%" PRId64 ": only %d columns, fewer than the header", t->o->partners, line, n);
        return -1;
    }
    double v = strtod(col[t->score], &end);
    if (end == col[t->score] || *end || !(v >= 0)) {
        tfb_error("%s:%" PRId64 ": '%.40s' is not a score", t->o->partners, line, col[t->score]);
        return -1;
    }
    const char *self = t->tf[t->target].tf, *other = NULL;
    if (strcasecmp(col[t->a], self) == 0)
        other = col[t->b];
    else if (strcasecmp(col[t->b], self) == 0)
        other = col[t->a];
    for (int i = 0; other && i < t->n; i++)
        if (strcasecmp(t->tf[i].tf, other) == 0 && v > t->tf[i].partner) t->tf[i].partner = v;
    return 0;
}

/* ---- counting and ranking ---- */

static int count(const tfb_relate_opt_t *o, tables_t *t)
{
    tfb_region_t r;
    int got = -1, *used = NULL;
    tfb_labels_t *l = tfb_labels_open(o->labels);
    if (!l) return -1;
    t->n = tfb_labels_n_tfs(l);
    t->target = -1;
    if (!(t->tf = calloc((size_t)t->n, sizeof *t->tf))) goto done;
    for (int i = 0; i < t->n; i++) {
        if (!(t->tf[i].tf = strdup(tfb_labels_tfs(l)[i]))) goto done;
        if (strcmp(t->tf[i].tf, o->target) == 0) t->target = i;
    }
    if (t->target < 0) {
        char hint[TFB_HINT];
        tfb_error("%s has no TF called '%s'%s", o->labels, o->target,
                  tfb_did_you_mean(o->target, tfb_labels_tfs(l), t->n, hint));
        goto done;
    }
    if (!(used = calloc((size_t)o->n_chroms + 1, sizeof *used))) goto done;
    while ((got = tfb_labels_next(l, &r)) > 0) {
        int use = !o->chroms;
        for (int i = 0; i < o->n_chroms; i++)
            if (strcmp(o->chroms[i], r.contig) == 0) use = used[i] = 1;
        if (!use || (o->use && !o->use(o->arg, &r))) continue;
        int with = r.label[t->target] == TFB_BOUND;
        for (int i = 0; i < t->n; i++) {
            if (r.label[i] != TFB_BOUND) continue;
            t->tf[i].n_bound++;
            t->tf[i].n_both += with;
        }
    }
    for (int i = 0; got == 0 && i < o->n_chroms; i++)
        if (!used[i]) {
            tfb_error("%s has no regions on '%s'", o->labels, o->chroms[i]);
            got = -1;
        }
done:
    free(used);
    tfb_labels_close(l);
    return got < 0 ? -1 : 0;
}

/* Returns what a TF is ranked by; cosines are at most 1. */
static double key_of(tfb_relate_by_t by, const tfb_related_t *r, double luck)
{
    switch (by) {
    case TFB_RELATE_MODE: return (double)r->n_bound;
    case TFB_RELATE_LEAST: return -r->cosine;
    case TFB_RELATE_PARTNERS: return r->partner;
    case TFB_RELATE_RANDOM: return luck;
    case TFB_RELATE_AUTO: return r->cosine + 2 * (r->same_mode == 1);
    default: return r->cosine;
    }
}

static int by_key(const void *a, const void *b)
{
    const tfb_related_t *x = a, *y = b;
    if (x->key < y->key) return 1;
    if (x->key > y->key) return -1;
    return x->column - y->column;
}

tfb_related_t *tfb_relate(const tfb_relate_opt_t *o, int *n, int64_t *target_bound)
{
    tables_t t = {.o = o};
    tfb_related_t *out = NULL;
    tfb_rng_t rng;
    int ok = 0;
    *n = 0;
    if (count(o, &t) < 0) goto done;
    if (!(t.modes = calloc((size_t)t.n, sizeof *t.modes)) || !(t.n_modes = calloc((size_t)t.n, sizeof *t.n_modes)))
        goto done;
    int meme = o->groups ? is_meme(o->groups) : 0;
    if (meme < 0 ||
        (o->groups && (meme ? groups_of_motifs(&t) : read_table(o->groups, groups_header, groups_row, &t)) < 0))
        goto done;
    if (o->partners && read_table(o->partners, partners_header, partners_row, &t) < 0) goto done;
    if (o->groups && !t.n_modes[t.target] &&
        (o->by == TFB_RELATE_MODE || o->by == TFB_RELATE_LEAST || o->by == TFB_RELATE_COFACTOR)) {
        tfb_error("%s has no binding mode for %s", o->groups, o->target);
        goto done;
    }
    tfb_rng_seed(&rng, o->seed);
    double bound = (double)t.tf[t.target].n_bound;
    *target_bound = t.tf[t.target].n_bound;
    if (!(out = calloc((size_t)t.n, sizeof *out))) goto done;
    for (int i = 0; i < t.n; i++) {
        tfb_related_t *r = &t.tf[i];
        double luck = tfb_rng_unit(&rng);
        r->cosine = r->n_bound && bound > 0 ? (double)r->n_both / sqrt((double)r->n_bound * bound) : 0;
        r->same_mode = !o->groups || !t.n_modes[i] ? -1 : share(t.modes[i], t.modes[t.target]);
        if (i == t.target || r->n_bound < o->min_bound || (o->by == TFB_RELATE_COFACTOR && r->same_mode == 1) ||
            ((o->by == TFB_RELATE_MODE || o->by == TFB_RELATE_LEAST) && r->same_mode != 1) ||
            (o->by == TFB_RELATE_PARTNERS && r->partner <= 0))
            continue;
        r->key = key_of(o->by, r, luck);
        r->column = i;
        out[(*n)++] = *r;
        r->tf = NULL;
    }
    tfb_sort(out, (size_t)*n, sizeof *out, by_key);
    ok = 1;
done:
    for (int i = 0; t.modes && i < t.n; i++) tfb_strv_free(t.modes[i]);
    free(t.modes);
    free(t.n_modes);
    tfb_relate_free(t.tf, t.n);
    if (!ok) {
        tfb_relate_free(out, *n);
        out = NULL;
    }
    return out;
}
