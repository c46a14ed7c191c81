/* assoc_row.c - rows of a table: their fields as numbers and texts, their contigs, and why rows are left out. */
#include "genome/assoc_parts.h"
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const left_text[TFB_LEFT_REASONS] = {
    [TFB_LEFT_TEST] = "of another TEST than ADD",
    [TFB_LEFT_POS] = "without a position",
    [TFB_LEFT_DBSNP] = "not in the dbSNP file",
    [TFB_LEFT_CONTIG] = "on a contig not in the FASTA",
    [TFB_LEFT_EDGE] = "beyond the end of a contig",
    [TFB_LEFT_ALLELES] = "without two alleles",
    [TFB_LEFT_ACGT] = "with alleles other than ACGT",
    [TFB_LEFT_SAME] = "with equal alleles",
    [TFB_LEFT_MISMATCH] = "of which the FASTA has neither allele",
    [TFB_LEFT_AMBIGUOUS] = "of ambiguous strand",
};
const char *tfb_left_text(tfb_left_t why) { return left_text[why]; }

int tfb_row_leave(tfb_assoc_count_t *n, tfb_left_t why, const char *contig, int strict, const char *path, int64_t line)
{
    n->left[why]++;
    if (why == TFB_LEFT_CONTIG && contig && !n->contig) n->contig = strdup(contig);
    if (!strict || why == TFB_LEFT_TEST) return 0;
    tfb_error("%s:%" PRId64 ": a row %s (--strict)", tfb_input_name(path), line, left_text[why]);
    return -1;
}

/* ---- contigs ---- */

int tfb_assoc_contig(tfb_fasta_t *f, const char *name, int mt)
{
    char other[8];
    int k = tfb_fasta_find(f, name);
    if (k >= 0) return k;
    const char *s = name;
    if (strncasecmp(s, "chr", 3) == 0) s += 3;
    size_t digits = strspn(s, "0123456789");
    int whole = digits && (!s[digits] || strcmp(s + digits, ".0") == 0); /* pandas writes 1.0 if any is missing */
    long n = whole ? strtol(s, NULL, 10) : 0;
    if (strncmp(name, "NC_", 3) == 0) n = strtol(name + 3, NULL, 10); /* NC_000001.11, of any version */
    if (n == 12920 || n == mt)
        snprintf(other, sizeof other, "MT");
    else if (n == 24)
        snprintf(other, sizeof other, "Y");
    else if (n == 23 || n == 25) /* 25: PLINK's pseudoautosomal region */
        snprintf(other, sizeof other, "X");
    else if (n >= 1 && n <= 22) /* 01 */
        snprintf(other, sizeof other, "%ld", n);
    else
        return -1;
    return tfb_fasta_find(f, other);
}

/* ---- fields ---- */

static int is_missing(const char *s)
{
    static const char *const word[] = {"", ".", "NA", "#NA", "N/A", "nan", "-nan", "null", "None", "-", "<NA>"};
    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
        if (strcasecmp(s, word[i]) == 0) return 1;
    return 0;
}

/* Returns a field's text, or NULL if the table does not have it or it is missing. */
static const char *text_of(const tfb_rows_in_t *r, tfb_field_t f)
{
    int k = r->layout.column[f];
    return k < 0 || is_missing(r->field[k]) ? NULL : r->field[k];
}

static int bad(const tfb_rows_in_t *r, tfb_field_t f, const char *should)
{
    return tfb_lines_error(&r->in, "%s is '%.40s', not %s", r->layout.name[f], r->field[r->layout.column[f]], should);
}

/* Reads a number; NaN: missing. Returns 0, or -1 (logged). */
static int number(const tfb_rows_in_t *r, tfb_field_t f, double *v)
{
    const char *s = text_of(r, f);
    char *end;
    *v = NAN;
    if (!s) return 0;
    *v = strtod(s, &end);
    return *end || isnan(*v) ? bad(r, f, "a number") : 0;
}

/* Reads a number from 0 to hi, up to rounding. Returns 0, or -1 (logged). */
static int number_within(const tfb_rows_in_t *r, tfb_field_t f, double hi, const char *should, double *v)
{
    if (number(r, f, v) < 0) return -1;
    if (*v < 0 || *v > hi * (1 + 1e-6)) return bad(r, f, should);
    if (*v > hi) *v = hi;
    return 0;
}

/* Returns -log10 of the two-sided p of z. */
static double lp_of_z(double z)
{
    z = fabs(z);
    if (z < 30) return -log10(erfc(z * sqrt(0.5)));
    /* the first terms of the tail's asymptotic series */
    double ln = -z * z / 2 - log(z) + 0.5 * log(2 / M_PI) + log1p(-1 / (z * z) + 3 / (z * z * z * z));
    return -ln / log(10);
}

/* Returns -log10 of the text of a p, which may be below the smallest double; NaN if it is 0. */
static double lp_of_text(const char *s, double p)
{
    char mantissa[64];
    size_t e = strcspn(s, "eE");
    if (p >= DBL_MIN) return fabs(log10(p));
    if (!s[e]) return p > 0 ? -log10(p) : NAN;
    snprintf(mantissa, sizeof mantissa, "%.*s", e < sizeof mantissa ? (int)e : (int)sizeof mantissa - 1, s);
    double digits = strtod(mantissa, NULL);
    return digits > 0 ? -(log10(digits) + (double)strtol(s + e + 1, NULL, 10)) : NAN;
}

/* Reads the significance. A p of 0 was too small for the program that wrote it: z = beta / se gives it, or else the
 * smallest double is taken. Returns 0, or -1 (logged). */
static int read_lp(const tfb_rows_in_t *r, double es, double se, double *lp)
{
    double p;
    if (number(r, TFB_FIELD_LP, lp) < 0) return -1;
    if (*lp < 0 && *lp > -1e-6) *lp = 0;
    if (*lp < 0) return bad(r, TFB_FIELD_LP, "-log10 of a p, which is not negative");
    if (isfinite(*lp)) return 0;
    if (isnan(*lp)) {
        if (number_within(r, TFB_FIELD_P, 1, "a p from 0 to 1", &p) < 0) return -1;
        if (isnan(p)) return 0;
        *lp = lp_of_text(text_of(r, TFB_FIELD_P), p);
        if (!isnan(*lp)) return 0;
    }
    r->count->zero_p++;
    *lp = se > 0 && isfinite(es) && es != 0 ? lp_of_z(es / se) : -log10(DBL_MIN);
    return 0;
}

/* Reads the effect: beta, or the logarithm of a ratio. Returns 0, or -1 (logged). */
static int read_effect(const tfb_rows_in_t *r, double *es)
{
    double ratio;
    if (number(r, TFB_FIELD_BETA, es) < 0 ||
        number_within(r, TFB_FIELD_OR, INFINITY, "a ratio, which is not negative", &ratio) < 0)
        return -1;
    if (isnan(*es) && !isnan(ratio)) *es = log(ratio);
    if (isinf(*es)) {
        *es = NAN;
        r->count->no_effect++;
    }
    return 0;
}

/* Sets a BCF's float. */
static void set_float(float *to, double v)
{
    if (isnan(v))
        bcf_float_set_missing(*to);
    else
        *to = (float)v;
}

static int read_numbers(const tfb_rows_in_t *r, tfb_assoc_row_t *row)
{
    double es, se, lp, af, pip, n;
    if (read_effect(r, &es) < 0 || number_within(r, TFB_FIELD_SE, INFINITY, "a standard error", &se) < 0 ||
        read_lp(r, es, se, &lp) < 0 || number_within(r, TFB_FIELD_AF, 1, "a frequency from 0 to 1", &af) < 0 ||
        number_within(r, TFB_FIELD_PIP, 1, "a probability from 0 to 1", &pip) < 0 ||
        number_within(r, TFB_FIELD_SS, INT32_MAX, "a number of samples", &n) < 0)
        return -1;
    if (tfb_layout_no_effect(&r->layout)) es = NAN;
    set_float(&row->es, es);
    set_float(&row->se, isinf(se) ? NAN : se);
    set_float(&row->lp, lp);
    set_float(&row->af, af);
    set_float(&row->pip, pip);
    row->ss = isnan(n) ? bcf_int32_missing : (int32_t)lround(n);
    return 0;
}

/* ---- place and alleles ---- */

/* Splits chrom:pos:ref:alt (also with _ or /, or without alleles) in r->name. Returns the number of parts, at most 4.
 */
static int split_variant(tfb_rows_in_t *r, const char *s, char *part[4])
{
    int n = 0;
    r->alleles.l = 0;
    if (kputs(s, &r->alleles) < 0) return 0;
    for (char *p = r->alleles.s; p && n < 4; n++) {
        part[n] = p;
        if ((p = strpbrk(p, ":_/"))) *p++ = 0;
    }
    return n;
}

static int contig_of(tfb_rows_in_t *r, const char *name)
{
    if (r->chrom && strcmp(r->chrom, name) == 0) return r->contig;
    free(r->chrom);
    r->chrom = strdup(name);
    r->contig = tfb_assoc_contig(r->fasta, name, tfb_layout_mt(&r->layout));
    return r->contig;
}

/* Finds the effect allele and the other one, by their own columns or by REF and ALT. Either may be NULL. */
static void find_alleles(const tfb_rows_in_t *r, char *const variant[4], tfb_assoc_row_t *row, const char **effect,
                         const char **other)
{
    const char *ref = text_of(r, TFB_FIELD_REF), *alt = text_of(r, TFB_FIELD_ALT), *which = text_of(r, TFB_FIELD_WHICH);
    if (!ref && variant[2]) ref = variant[2];
    if (!alt && variant[3]) alt = variant[3];
    *effect = text_of(r, TFB_FIELD_EFFECT);
    *other = text_of(r, TFB_FIELD_OTHER);
    if (!*effect) *effect = alt;
    if (!*other && *effect && ref) *other = strcasecmp(*effect, ref) ? ref : alt;
    row->ref = -1;
    if (which) row->ref = strcasecmp(which, "EA") == 0 ? TFB_ROW_EFFECT : TFB_ROW_OTHER;
    if (ref && *effect && strcasecmp(ref, *effect) == 0) row->ref = TFB_ROW_EFFECT;
    if (ref && *other && strcasecmp(ref, *other) == 0) row->ref = TFB_ROW_OTHER;
}

/* Finds contig and position. Returns 0, or -1 (logged). *why: why there is none. */
static int find_place(tfb_rows_in_t *r, char *const variant[4], tfb_assoc_row_t *row, tfb_left_t *why)
{
    const char *chrom = text_of(r, TFB_FIELD_CHROM), *pos = text_of(r, TFB_FIELD_POS), *end;
    int own = pos != NULL; /* from its own column */
    if (!chrom || !pos) {
        chrom = variant[1] ? variant[0] : NULL;
        pos = variant[1];
    }
    *why = TFB_LEFT_POS;
    row->contig = -1;
    row->pos = -1;
    if (!chrom || !pos) return 0;
    double v;
    if ((end = tfb_position(pos, &row->pos)) && !*end)
        row->pos--;
    else if (own && number(r, TFB_FIELD_POS, &v) == 0 && v >= 0 && v < 1e15 && v == floor(v)) /* R's 1e+05 */
        row->pos = (hts_pos_t)v - 1;
    else
        return own ? bad(r, TFB_FIELD_POS, "a position") : 0;
    if (row->pos < 0) return 0;
    row->contig = contig_of(r, chrom);
    *why = row->contig < 0 ? TFB_LEFT_CONTIG : TFB_LEFT_NOT;
    return 0;
}

int tfb_row_pack(kstring_t *s, const tfb_assoc_row_t *r, const char *const text[TFB_ROW_TEXTS])
{
    tfb_assoc_row_t row = *r;
    size_t at = sizeof row;
    for (int k = 0; k < TFB_ROW_TEXTS; k++) {
        row.at[k] = (uint32_t)at;
        at += (text[k] ? strlen(text[k]) : 0) + 1;
    }
    size_t size = (at + 7) & ~(size_t)7;
    if (size > INT32_MAX || ks_resize(s, size) < 0) return -1;
    row.size = (int32_t)size;
    memset(s->s, 0, size);
    memcpy(s->s, &row, sizeof row);
    for (int k = 0; k < TFB_ROW_TEXTS; k++)
        if (text[k]) memcpy(s->s + row.at[k], text[k], strlen(text[k]));
    s->l = size;
    return 0;
}

/* ---- reading ---- */

static int is_rsid(const char *s) { return s && strncasecmp(s, "rs", 2) == 0 && isdigit((unsigned char)s[2]); }

/* Makes r->row from the fields. Returns 1, 0 if it is left out (counted), or -1 (logged). */
static int make_row(tfb_rows_in_t *r, tfb_left_t *why)
{
    tfb_assoc_row_t row = {.line = r->in.n};
    const char *text[TFB_ROW_TEXTS] = {NULL}, *test = text_of(r, TFB_FIELD_TEST);
    const char *variant = text_of(r, TFB_FIELD_VARIANT), *contig;
    char *part[4] = {NULL};
    r->count->read++;
    if (r->layout.column[TFB_FIELD_TEST] >= 0 && test && strcmp(test, "ADD")) {
        r->count->left[TFB_LEFT_TEST]++;
        return 0;
    }
    if (variant && split_variant(r, variant, part) < 2) part[0] = part[1] = NULL;
    if (find_place(r, part, &row, why) < 0 || read_numbers(r, &row) < 0) return -1;
    find_alleles(r, part, &row, &text[TFB_ROW_EFFECT], &text[TFB_ROW_OTHER]);
    text[TFB_ROW_ID] = text_of(r, TFB_FIELD_ID) ? text_of(r, TFB_FIELD_ID) : variant;
    text[TFB_ROW_RSID] = text_of(r, TFB_FIELD_RSID);
    text[TFB_ROW_CS] = text_of(r, TFB_FIELD_CS);
    if (text[TFB_ROW_CS] && (strcmp(text[TFB_ROW_CS], "-1") == 0 || strcmp(text[TFB_ROW_CS], "0") == 0))
        text[TFB_ROW_CS] = NULL; /* in none */
    if (!is_rsid(text[TFB_ROW_RSID]) && is_rsid(text[TFB_ROW_ID])) text[TFB_ROW_RSID] = text[TFB_ROW_ID];
    int look_up = r->o->dbsnp && is_rsid(text[TFB_ROW_RSID]) && *why == TFB_LEFT_POS;
    if (*why == TFB_LEFT_NOT && (!text[TFB_ROW_EFFECT] || !text[TFB_ROW_OTHER])) {
        *why = TFB_LEFT_ALLELES;
        if (r->o->dbsnp && is_rsid(text[TFB_ROW_RSID])) look_up = 1;
    }
    if (look_up) *why = TFB_LEFT_POS;
    if (*why != TFB_LEFT_NOT && !look_up) {
        contig = text_of(r, TFB_FIELD_CHROM) ? text_of(r, TFB_FIELD_CHROM) : part[0];
        return tfb_row_leave(r->count, *why, contig, r->o->strict, r->in.name, r->in.n);
    }
    if (tfb_row_pack(&r->row, &row, text) < 0) return tfb_lines_error(&r->in, "not enough memory");
    return 1;
}

int tfb_rows_in_next(tfb_rows_in_t *r, tfb_left_t *why)
{
    for (;;) {
        int got = r->again ? 1 : tfb_lines_next(&r->in);
        r->again = 0;
        if (got <= 0) return got;
        char *s = r->in.s.s;
        if (!s[strspn(s, " \t")] || strncmp(s, "##", 2) == 0) continue;
        int n = tfb_layout_split(r->layout.sep, s, r->field, r->layout.last + 1);
        if (n != r->layout.n_columns)
            return tfb_lines_error(&r->in, "%d columns, but the first line has %d", n, r->layout.n_columns);
        if ((got = make_row(r, why)) != 0) return got;
    }
}

int tfb_rows_in_open(tfb_rows_in_t *r, const char *path)
{
    int got;
    if (tfb_lines_open(&r->in, path) < 0) return -1;
    /* a comment before the header begins with ## */
    while ((got = tfb_lines_next(&r->in)) > 0 && (!*r->in.s.s || strncmp(r->in.s.s, "##", 2) == 0)) continue;
    if (got == 0) tfb_error("%s is empty", r->in.name);
    if (got <= 0 || tfb_layout_make(&r->layout, &r->in, r->o) < 0) return -1;
    r->again = r->layout.headerless;
    if ((r->field = calloc((size_t)r->layout.last + 1, sizeof *r->field))) return 0;
    return tfb_lines_error(&r->in, "not enough memory");
}

void tfb_rows_in_close(tfb_rows_in_t *r)
{
    tfb_lines_close(&r->in);
    tfb_layout_free(&r->layout);
    free(r->field);
    free(r->chrom);
    free(r->alleles.s);
    free(r->row.s);
}
