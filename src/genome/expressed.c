/* expressed.c - reads tables of expression: their header, then symbol and TPM of each row. */
#include "genome/expressed.h"
#include "genome/lines.h"
#include <errno.h>
#include <htslib/khash.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* cppcheck-suppress unknownMacro */
KHASH_MAP_INIT_STR(tpm, double)
KHASH_MAP_INIT_STR(symbol, char *)

struct tfb_expressed_t {
    khash_t(tpm) * tpm; /* by symbol */
    double min;
};

typedef struct {
    tfb_lines_t in;
    const tfb_expressed_opt_t *o;
    int symbol, id, value;       /* columns; -1: none */
    khash_t(symbol) * symbol_of; /* by gene_id, or NULL */
} table_t;

enum { LISTED = 300 }; /* letters of a list of columns in a message */

static const char *const symbol_names[] = {"symbol",      "gene_symbol", "gene_name", "gene name", "external_gene_name",
                                           "hgnc_symbol", "description", "tf",        "gene",      NULL};
static const char *const id_names[] = {"gene_id", "gene id", "ensembl_gene_id", "ensembl", "name", NULL};
static const char *const value_names[] = {"tpm", NULL};

static int no_memory(const table_t *t) { return tfb_lines_error(&t->in, "not enough memory"); }

/* Returns the length of the field at s. */
static size_t field(const char *s) { return strcspn(s, "\t"); }
static const char *next(const char *s) { return s[field(s)] ? s + field(s) + 1 : NULL; }

/* Returns field k of a line, or NULL if it has fewer. */
static const char *field_of(const char *line, int k)
{
    while (line && k-- > 0) line = next(line);
    return line;
}

static int equals(const char *s, const char *name)
{
    return strlen(name) == field(s) && !strncasecmp(s, name, field(s));
}

/* Returns the column with one of the names, in their order; -1 if there is none. */
static int column(const char *line, const char *const *names)
{
    for (; *names; names++) {
        int k = 0;
        for (const char *s = line; s; s = next(s), k++)
            if (equals(s, *names)) return k;
    }
    return -1;
}

/* Writes the names of a line's columns from k on to list. */
static void list_columns(const char *line, int k, char list[LISTED])
{
    size_t n = 0;
    *list = 0;
    for (const char *s = field_of(line, k); s && n < LISTED; s = next(s))
        n += (size_t)snprintf(list + n, LISTED - n, "%s%.*s", n ? ", " : "", (int)field(s), s);
    if (n >= LISTED) strcpy(list + LISTED - 4, "...");
}

/* Chooses the column of values. Returns 0, or -1 (logged). */
static int choose_value(table_t *t, const char *line)
{
    const char *names[2] = {t->o->tissue, NULL};
    char list[LISTED];
    int first = 1 + (t->symbol > t->id ? t->symbol : t->id), n = 0;
    for (const char *s = line; s; s = next(s)) n++;
    t->value = column(line, t->o->tissue ? names : value_names);
    if (t->value >= 0) return 0;
    if (!t->o->tissue && n == first + 1) t->value = first;
    if (t->value >= 0) return 0;
    list_columns(line, first, list);
    if (t->o->tissue) return tfb_lines_error(&t->in, "no column '%s' (--tissue); there are %s", t->o->tissue, list);
    return tfb_lines_error(&t->in, "several columns of values: choose one with --tissue (%s)", list);
}

/* Reads the header in the current line. Returns 1, 0 if the line is a row of symbol and TPM already, or -1 (logged). */
static int read_header(table_t *t)
{
    const char *line = t->in.s.s;
    char *end;
    t->id = column(line, id_names);
    t->symbol = column(line, symbol_names);
    if (t->symbol < 0 && t->id < 0) {
        const char *value = next(line);
        if (!value || next(value) || (strtod(value, &end), end == value || *end))
            return tfb_lines_error(&t->in,
                                   "not a table of expression: expected a header with a column of symbols (gene, "
                                   "symbol, gene_name) and one of TPM, or rows of symbol and TPM");
        t->symbol = 0;
        t->value = 1;
        return 0;
    }
    return choose_value(t, line) < 0 ? -1 : 1;
}

/* Reads up to the header, past the first lines of GCT and comments. Returns 1, or -1 (logged). */
static int find_header(table_t *t)
{
    int got;
    while ((got = tfb_lines_next(&t->in)) > 0) {
        char *line = t->in.s.s;
        if (t->in.n == 1 && strncmp(line, "#1.", 3) == 0) { /* the sizes follow */
            if ((got = tfb_lines_next(&t->in)) <= 0) break;
            continue;
        }
        if (!*line || (*line == '#' && !strchr(line, '\t'))) continue;
        if (*line == '#') memmove(line, line + 1, t->in.s.l--); /* #gene TPM */
        return 1;
    }
    if (got == 0) tfb_error("%s holds no table", t->in.name);
    return -1;
}

/* Copies a field, an id without its version (ENSG00000000003.15), to s. Returns 0, or -1 (logged). */
static int copy(const table_t *t, const char *from, int is_id, kstring_t *s)
{
    size_t n = field(from);
    const char *dot = is_id && strncmp(from, "ENS", 3) == 0 ? memchr(from, '.', n) : NULL;
    s->l = 0;
    return kputsn(from, dot ? (size_t)(dot - from) : n, s) < 0 ? no_memory(t) : 0;
}

/* Returns the symbol of the current row, or NULL if it has none. Sets *bad on failure (logged). */
static const char *symbol_of(const table_t *t, kstring_t *s, int *bad)
{
    const char *from = field_of(t->in.s.s, t->symbol >= 0 ? t->symbol : t->id);
    *bad = 0;
    if (!from) {
        *bad = tfb_lines_error(&t->in, "the row has no column %d", (t->symbol >= 0 ? t->symbol : t->id) + 1);
        return NULL;
    }
    if ((*bad = copy(t, from, t->symbol < 0, s)) < 0) return NULL;
    if (t->symbol >= 0) return s->l ? s->s : NULL;
    if (!t->symbol_of) { /* some programs are run with symbols as ids */
        if (strncmp(s->s, "ENS", 3)) return s->s;
        *bad = tfb_lines_error(&t->in,
                               "genes are named by ids such as %s: give --genes, a table of gene_id and symbol "
                               "(a table of GTEx is one)",
                               s->s);
        return NULL;
    }
    khint_t k = kh_get(symbol, t->symbol_of, s->s);
    return k == kh_end(t->symbol_of) ? NULL : kh_val(t->symbol_of, k);
}

/* Reads the value of the current row. Returns 1, 0 if it is missing, or -1 (logged). */
static int value_of(const table_t *t, double *v)
{
    const char *s = field_of(t->in.s.s, t->value);
    char *end;
    if (!s) return tfb_lines_error(&t->in, "the row has no column %d", t->value + 1);
    if (!field(s) || equals(s, "NA") || equals(s, ".") || equals(s, "NaN")) return 0;
    *v = strtod(s, &end);
    if (end != s + field(s) || !isfinite(*v) || *v < 0)
        return tfb_lines_error(&t->in, "'%.*s' is not a TPM", field(s) < 40 ? (int)field(s) : 40, s);
    return 1;
}

/* Adds the current row. Returns 0, or -1 (logged). */
static int add_row(table_t *t, tfb_expressed_t *e, kstring_t *s)
{
    double v = 0;
    int bad = 0, absent = 0, got = value_of(t, &v);
    const char *name = got < 0 ? NULL : symbol_of(t, s, &bad);
    if (got < 0 || bad < 0) return -1;
    if (!got || !name) return 0;
    khint_t k = kh_get(tpm, e->tpm, name);
    if (k == kh_end(e->tpm)) {
        char *own = strdup(name);
        k = own ? kh_put(tpm, e->tpm, own, &absent) : 0;
        if (!own || absent < 0) {
            free(own);
            return no_memory(t);
        }
        kh_val(e->tpm, k) = 0;
    }
    kh_val(e->tpm, k) += v;
    return 0;
}

/* Reads all rows. Returns 0, or -1 (logged). */
static int read_rows(table_t *t, tfb_expressed_t *e)
{
    kstring_t s = {0, 0, NULL};
    int got = find_header(t) < 0 ? -1 : read_header(t), ret = got < 0 ? -1 : 0;
    if (got == 0) ret = add_row(t, e, &s);
    while (ret == 0 && (got = tfb_lines_next(&t->in)) > 0)
        if (t->in.s.l && *t->in.s.s != '#') ret = add_row(t, e, &s);
    if (got < 0) ret = -1;
    if (ret == 0 && !kh_size(e->tpm)) {
        tfb_error("%s has no gene with a symbol and a TPM%s", t->in.name,
                  t->symbol < 0 ? ": are the gene_id those of --genes?" : "");
        ret = -1;
    }
    free(s.s);
    return ret;
}

/* ---- symbols of gene ids ---- */

static void destroy_symbols(khash_t(symbol) * h)
{
    if (!h) return;
    for (khint_t k = kh_begin(h); k != kh_end(h); k++) {
        if (!kh_exist(h, k)) continue;
        free((char *)kh_key(h, k));
        free(kh_val(h, k));
    }
    kh_destroy(symbol, h);
}

/* Adds the row's id and symbol. Returns 0, or -1 (logged). */
static int add_symbol(table_t *t, kstring_t *id, kstring_t *name)
{
    const char *from = field_of(t->in.s.s, t->id), *to = field_of(t->in.s.s, t->symbol);
    int absent = 0;
    if (!from || !to) return tfb_lines_error(&t->in, "the row has no gene_id and symbol");
    if (copy(t, from, 1, id) < 0 || copy(t, to, 0, name) < 0) return -1;
    if (kh_get(symbol, t->symbol_of, id->s) != kh_end(t->symbol_of)) return 0;
    char *key = strdup(id->s), *value = strdup(name->s);
    khint_t k = key && value ? kh_put(symbol, t->symbol_of, key, &absent) : 0;
    if (!key || !value || absent < 0) {
        free(key);
        free(value);
        return no_memory(t);
    }
    kh_val(t->symbol_of, k) = value;
    return 0;
}

/* Reads --genes into t->symbol_of. Returns 0, or -1 (logged). */
static int read_symbols(table_t *to, const char *path)
{
    table_t t = {.o = to->o, .symbol_of = kh_init(symbol)};
    kstring_t id = {0, 0, NULL}, name = {0, 0, NULL};
    int got = 0, ret = -1;
    to->symbol_of = t.symbol_of;
    if (!t.symbol_of || tfb_lines_open(&t.in, path) < 0) return -1;
    if (find_header(&t) > 0) {
        t.id = column(t.in.s.s, id_names);
        t.symbol = column(t.in.s.s, symbol_names);
        ret = t.id < 0 || t.symbol < 0
                  ? tfb_lines_error(&t.in, "not a table of genes: expected a header with gene_id and symbol")
                  : 0;
    }
    while (ret == 0 && (got = tfb_lines_next(&t.in)) > 0)
        if (t.in.s.l && *t.in.s.s != '#') ret = add_symbol(&t, &id, &name);
    if (got < 0) ret = -1;
    free(id.s);
    free(name.s);
    tfb_lines_close(&t.in);
    return ret;
}

/* ---- interface ---- */

int tfb_expressed_check(const tfb_expressed_opt_t *o)
{
    if (o->path || (!o->has_min && !o->tissue && !o->genes)) return 0;
    tfb_error("--min-tpm, --tissue and --genes need --expressed");
    return -1;
}

double tfb_expressed_min(const tfb_expressed_opt_t *o) { return o->has_min ? o->min_tpm : 1; }

tfb_expressed_t *tfb_expressed_load(const tfb_expressed_opt_t *o)
{
    table_t t = {.o = o, .symbol = -1, .id = -1, .value = -1};
    tfb_expressed_t *e = calloc(1, sizeof *e);
    int ret = -1;
    if (!e || !(e->tpm = kh_init(tpm)))
        tfb_error("not enough memory for %s", o->path);
    else if ((!o->genes || read_symbols(&t, o->genes) == 0) && tfb_lines_open(&t.in, o->path) == 0) {
        e->min = tfb_expressed_min(o);
        ret = read_rows(&t, e);
    }
    tfb_lines_close(&t.in);
    destroy_symbols(t.symbol_of);
    if (ret == 0) return e;
    tfb_expressed_destroy(e);
    return NULL;
}

void tfb_expressed_destroy(tfb_expressed_t *e)
{
    if (!e) return;
    if (e->tpm) {
        for (khint_t k = kh_begin(e->tpm); k != kh_end(e->tpm); k++)
            if (kh_exist(e->tpm, k)) free((char *)kh_key(e->tpm, k));
        kh_destroy(tpm, e->tpm);
    }
    free(e);
}

int tfb_expressed_has(const tfb_expressed_t *e, const char *symbol)
{
    khint_t k = kh_get(tpm, e->tpm, symbol);
    return k == kh_end(e->tpm) ? -1 : kh_val(e->tpm, k) >= e->min;
}
