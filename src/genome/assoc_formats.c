/* assoc_formats.c - the table of formats, and the columns of a table by its first line. */
#include "genome/assoc_parts.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_COLUMNS = 4096, MAX_NAMES = 512 };

struct tfb_layout_format_t {
    const char *name;
    const char *needs;             /* columns that only this format has together; NULL: not detected by them */
    const char *field[TFB_FIELDS]; /* names of columns, the best first: "a|b" */
    int mt;                        /* the mitochondrion's number; 0: 26 */
    int no_effect;                 /* which allele the effect is of is not defined: it is not read */
};

/* Detected in this order; case does not count. The last two are found by the fields that they have. */
static const tfb_layout_format_t formats[] = {
    {.name = "gwas-catalog-hm", /* before gwas-ssf: it also has the study's own columns, of another build */
     .needs = "hm_chrom hm_pos hm_effect_allele hm_other_allele",
     .mt = 25,
     .field = {[TFB_FIELD_CHROM] = "hm_chrom",
               [TFB_FIELD_POS] = "hm_pos",
               [TFB_FIELD_EFFECT] = "hm_effect_allele",
               [TFB_FIELD_OTHER] = "hm_other_allele",
               [TFB_FIELD_RSID] = "hm_rsid",
               [TFB_FIELD_ID] = "hm_variant_id",
               [TFB_FIELD_BETA] = "hm_beta",
               [TFB_FIELD_OR] = "hm_odds_ratio",
               [TFB_FIELD_SE] = "standard_error",
               [TFB_FIELD_P] = "p_value",
               [TFB_FIELD_AF] = "hm_effect_allele_frequency",
               [TFB_FIELD_SS] = "n"}},
    {.name = "gwas-ssf",
     .needs = "chromosome base_pair_location effect_allele other_allele",
     .mt = 25,
     .field = {[TFB_FIELD_CHROM] = "chromosome",
               [TFB_FIELD_POS] = "base_pair_location",
               [TFB_FIELD_EFFECT] = "effect_allele",
               [TFB_FIELD_OTHER] = "other_allele",
               [TFB_FIELD_WHICH] = "ref_allele",
               [TFB_FIELD_RSID] = "rsid|rs_id",
               [TFB_FIELD_ID] = "variant_id",
               [TFB_FIELD_BETA] = "beta",
               [TFB_FIELD_OR] = "odds_ratio|hazard_ratio",
               [TFB_FIELD_SE] = "standard_error",
               [TFB_FIELD_P] = "p_value",
               [TFB_FIELD_LP] = "neg_log_10_p_value",
               [TFB_FIELD_AF] = "effect_allele_frequency",
               [TFB_FIELD_SS] = "n"}},
    {.name = "regenie",
     .needs = "CHROM GENPOS ALLELE0 ALLELE1",
     .field = {[TFB_FIELD_CHROM] = "CHROM",
               [TFB_FIELD_POS] = "GENPOS",
               [TFB_FIELD_EFFECT] = "ALLELE1",
               [TFB_FIELD_OTHER] = "ALLELE0",
               [TFB_FIELD_ID] = "ID",
               [TFB_FIELD_BETA] = "BETA",
               [TFB_FIELD_SE] = "SE",
               [TFB_FIELD_LP] = "LOG10P",
               [TFB_FIELD_AF] = "A1FREQ",
               [TFB_FIELD_SS] = "N",
               [TFB_FIELD_TEST] = "TEST"}},
    {.name = "saige",
     .needs = "CHR POS Allele1 Allele2 AF_Allele2",
     .field = {[TFB_FIELD_CHROM] = "CHR",
               [TFB_FIELD_POS] = "POS",
               [TFB_FIELD_EFFECT] = "Allele2",
               [TFB_FIELD_OTHER] = "Allele1",
               [TFB_FIELD_RSID] = "rsid",
               [TFB_FIELD_ID] = "MarkerID|SNPID",
               [TFB_FIELD_BETA] = "BETA",
               [TFB_FIELD_SE] = "SE",
               [TFB_FIELD_P] = "p.value",
               [TFB_FIELD_AF] = "AF_Allele2",
               [TFB_FIELD_SS] = "N"}},
    {.name = "bolt-lmm",
     .needs = "SNP CHR BP ALLELE1 ALLELE0",
     .field = {[TFB_FIELD_CHROM] = "CHR",
               [TFB_FIELD_POS] = "BP",
               [TFB_FIELD_EFFECT] = "ALLELE1",
               [TFB_FIELD_OTHER] = "ALLELE0",
               [TFB_FIELD_ID] = "SNP",
               [TFB_FIELD_BETA] = "BETA",
               [TFB_FIELD_SE] = "SE",
               [TFB_FIELD_P] = "P_BOLT_LMM|P_BOLT_LMM_INF|P_LINREG",
               [TFB_FIELD_AF] = "A1FREQ"}},
    {.name = "plink2",
     .needs = "CHROM POS REF ALT A1",
     .field = {[TFB_FIELD_CHROM] = "CHROM",
               [TFB_FIELD_POS] = "POS",
               [TFB_FIELD_EFFECT] = "A1",
               [TFB_FIELD_OTHER] = "OMITTED|AX",
               [TFB_FIELD_REF] = "REF",
               [TFB_FIELD_ALT] = "ALT",
               [TFB_FIELD_ID] = "ID",
               [TFB_FIELD_BETA] = "BETA",
               [TFB_FIELD_OR] = "OR",
               [TFB_FIELD_SE] = "SE|LOG(OR)_SE",
               [TFB_FIELD_P] = "P",
               [TFB_FIELD_LP] = "LOG10_P|NEG_LOG10_P",
               [TFB_FIELD_AF] = "A1_FREQ",
               [TFB_FIELD_SS] = "OBS_CT",
               [TFB_FIELD_TEST] = "TEST"}},
    {.name = "finngen-susie",
     .needs = "trait region chromosome position allele1 allele2 prob cs",
     .field = {[TFB_FIELD_CHROM] = "chromosome",
               [TFB_FIELD_POS] = "position",
               [TFB_FIELD_EFFECT] = "allele2",
               [TFB_FIELD_OTHER] = "allele1",
               [TFB_FIELD_RSID] = "rsid",
               [TFB_FIELD_ID] = "v",
               [TFB_FIELD_BETA] = "beta",
               [TFB_FIELD_SE] = "se",
               [TFB_FIELD_P] = "p",
               [TFB_FIELD_PIP] = "prob",
               [TFB_FIELD_CS] = "cs"}},
    {.name = "finemap",
     .needs = "rsid chromosome position allele1 allele2 prob",
     .no_effect = 1,
     .field = {[TFB_FIELD_CHROM] = "chromosome",
               [TFB_FIELD_POS] = "position",
               [TFB_FIELD_EFFECT] = "allele1",
               [TFB_FIELD_OTHER] = "allele2",
               [TFB_FIELD_RSID] = "rsid",
               [TFB_FIELD_BETA] = "beta",
               [TFB_FIELD_SE] = "se",
               [TFB_FIELD_PIP] = "prob"}},
    {.name = "polyfun",
     .needs = "CHR BP SNP A1 A2 PIP",
     .field = {[TFB_FIELD_CHROM] = "CHR",
               [TFB_FIELD_POS] = "BP",
               [TFB_FIELD_EFFECT] = "A1",
               [TFB_FIELD_OTHER] = "A2",
               [TFB_FIELD_ID] = "SNP",
               [TFB_FIELD_P] = "P",
               [TFB_FIELD_SS] = "N",
               [TFB_FIELD_PIP] = "PIP",
               [TFB_FIELD_CS] = "CREDIBLE_SET"}},
    {.name = "eqtl-catalogue",
     .needs = "molecular_trait_id variant pip",
     .field = {[TFB_FIELD_VARIANT] = "variant",
               [TFB_FIELD_RSID] = "rsid",
               [TFB_FIELD_BETA] = "beta",
               [TFB_FIELD_SE] = "se",
               [TFB_FIELD_P] = "pvalue",
               [TFB_FIELD_PIP] = "pip",
               [TFB_FIELD_CS] = "cs_id"}},
    {.name = "fastgwa",
     .needs = "CHR SNP POS A1 A2 AF1 BETA SE P",
     .field = {[TFB_FIELD_CHROM] = "CHR",
               [TFB_FIELD_POS] = "POS",
               [TFB_FIELD_EFFECT] = "A1",
               [TFB_FIELD_OTHER] = "A2",
               [TFB_FIELD_ID] = "SNP",
               [TFB_FIELD_BETA] = "BETA",
               [TFB_FIELD_SE] = "SE",
               [TFB_FIELD_P] = "P",
               [TFB_FIELD_AF] = "AF1",
               [TFB_FIELD_SS] = "N"}},
    {.name = "metal",
     .needs = "MarkerName Allele1 Allele2 Effect StdErr P-value",
     .field = {[TFB_FIELD_VARIANT] = "MarkerName",
               [TFB_FIELD_RSID] = "MarkerName",
               [TFB_FIELD_EFFECT] = "Allele1",
               [TFB_FIELD_OTHER] = "Allele2",
               [TFB_FIELD_BETA] = "Effect",
               [TFB_FIELD_SE] = "StdErr",
               [TFB_FIELD_P] = "P-value",
               [TFB_FIELD_AF] = "Freq1"}},
    {.name = "plain",
     .field = {[TFB_FIELD_CHROM] = "chrom|chr|chromosome|contig|seqnames",
               [TFB_FIELD_POS] = "pos|position|bp|base_pair_location",
               [TFB_FIELD_EFFECT] = "effect_allele|ea",
               [TFB_FIELD_OTHER] = "other_allele|non_effect_allele|nea|oa",
               [TFB_FIELD_REF] = "ref|reference_allele|ref_allele",
               [TFB_FIELD_ALT] = "alt|alternative_allele|alternate_allele|alt_allele",
               [TFB_FIELD_VARIANT] = "variant|variant_id|varid|chr_pos_ref_alt",
               [TFB_FIELD_RSID] = "rsid|rs_id|rsids|snp|rs_number",
               [TFB_FIELD_ID] = "id|variant_id|snpid|markername|name",
               [TFB_FIELD_BETA] = "beta|es|effect_size|b|slope",
               [TFB_FIELD_OR] = "or|odds_ratio",
               [TFB_FIELD_SE] = "se|standard_error|stderr|sebeta|slope_se",
               [TFB_FIELD_P] = "p|pval|p_value|pvalue|p.value|p-value|pval_nominal",
               [TFB_FIELD_LP] = "lp|mlogp|mlog10p|neglog10p|neg_log_10_p_value|neg_log10_p|log10p",
               [TFB_FIELD_AF] = "af|eaf|af_alt|alt_freq|effect_allele_frequency",
               [TFB_FIELD_SS] = "n|ss|n_total|sample_size|samplesize",
               [TFB_FIELD_PIP] = "pip|prob|posterior_prob|posterior_probability|variable_prob",
               [TFB_FIELD_CS] = "cs|cs_id|credible_set|cs_index"}},
    {.name = "rsids", .field = {[TFB_FIELD_RSID] = "rsid|rs_id|rsids|snp|rs_number|id|variant|name"}},
};
enum { N_FORMATS = sizeof formats / sizeof formats[0], PLAIN = N_FORMATS - 2, RSIDS = N_FORMATS - 1 };

/* Names of the fields for --columns. */
static const char *const keys[TFB_FIELDS] = {
    [TFB_FIELD_CHROM] = "chrom",   [TFB_FIELD_POS] = "pos",
    [TFB_FIELD_EFFECT] = "effect", [TFB_FIELD_OTHER] = "other",
    [TFB_FIELD_REF] = "ref",       [TFB_FIELD_ALT] = "alt",
    [TFB_FIELD_WHICH] = "which",   [TFB_FIELD_VARIANT] = "variant",
    [TFB_FIELD_RSID] = "rsid",     [TFB_FIELD_ID] = "id",
    [TFB_FIELD_BETA] = "beta",     [TFB_FIELD_OR] = "or",
    [TFB_FIELD_SE] = "se",         [TFB_FIELD_P] = "p",
    [TFB_FIELD_LP] = "lp",         [TFB_FIELD_AF] = "af",
    [TFB_FIELD_SS] = "n",          [TFB_FIELD_PIP] = "pip",
    [TFB_FIELD_CS] = "cs",         [TFB_FIELD_TEST] = "test",
};

void tfb_layout_list(const tfb_layout_t *t, kstring_t *s)
{
    const char *before = "";
    for (int i = 0; i < TFB_FIELDS; i++) {
        if (t->column[i] < 0) continue;
        if (t->headerless)
            ksprintf(s, "%s%s=%d", before, keys[i], t->column[i] + 1);
        else
            ksprintf(s, "%s%s=%s", before, keys[i], t->name[i]);
        before = ",";
    }
}

const char *tfb_layout_name(const tfb_layout_t *t) { return t->format->name; }
int tfb_layout_mt(const tfb_layout_t *t) { return t->format->mt ? t->format->mt : 26; }
int tfb_layout_no_effect(const tfb_layout_t *t) { return t->format->no_effect; }

void tfb_assoc_list(FILE *f)
{
    fprintf(f, "format\tfield\tcolumns\n");
    for (int k = 0; k < N_FORMATS; k++)
        for (int i = 0; i < TFB_FIELDS; i++)
            if (formats[k].field[i]) fprintf(f, "%s\t%s\t%s\n", formats[k].name, keys[i], formats[k].field[i]);
}

/* ---- a line's fields ---- */

static char separator(const char *line)
{
    if (strchr(line, '\t')) return '\t';
    return strchr(line, ',') && !strchr(line, ' ') ? ',' : ' ';
}

/* Removes blanks and quotes around a field, as R's write.table puts them. */
static char *bare(char *s, char *end)
{
    while (end > s && end[-1] == ' ') end--;
    while (s < end && *s == ' ') s++;
    if (end - s >= 2 && *s == '"' && end[-1] == '"') s++, end--;
    *end = 0;
    return s;
}

int tfb_layout_split(char sep, char *line, char **field, int m)
{
    int n = 0;
    if (sep == ' ') {
        for (char *s = line + strspn(line, " "); *s; n++) {
            char *end = s + strcspn(s, " "), *next = end + strspn(end, " ");
            if (n < m) field[n] = bare(s, end);
            s = next;
        }
        return n;
    }
    for (char *s = line; s; n++) {
        char *end = strchr(s, sep), *next = end ? end + 1 : NULL;
        if (n < m) field[n] = bare(s, end ? end : s + strlen(s));
        s = next;
    }
    return n;
}

/* A header, or a first row. */
typedef struct {
    char *text, **name;
    int n;
    char sep;
} names_t;

static void names_free(names_t *h)
{
    free(h->text);
    free(h->name);
    *h = (names_t){0};
}

/* Splits a line of n characters. Returns 0, or -1 on lack of memory or with too many columns. */
static int names_of(names_t *h, const char *line, size_t n)
{
    *h = (names_t){0};
    if (n && line[n - 1] == '\r') n--;
    if (!(h->text = strndup(line, n)) || !(h->name = calloc(MAX_COLUMNS, sizeof *h->name))) return -1;
    char *s = h->text;
    if (*s == '#') s += 1 + strspn(s + 1, " ");
    h->sep = separator(s);
    h->n = tfb_layout_split(h->sep, s, h->name, MAX_COLUMNS);
    return h->n <= MAX_COLUMNS ? 0 : -1;
}

static int place_of(const names_t *h, const char *name, size_t n)
{
    for (int i = 0; i < h->n; i++)
        if (strncasecmp(h->name[i], name, n) == 0 && !h->name[i][n]) return i;
    return -1;
}

/* Returns the column of the first of the names "a|b" that the header has, or -1. */
static int place_of_any(const names_t *h, const char *list)
{
    for (const char *s = list; s && *s; s += strcspn(s, "|"), s += *s == '|') {
        int k = place_of(h, s, strcspn(s, "|"));
        if (k >= 0) return k;
    }
    return -1;
}

static int has_all(const names_t *h, const char *list)
{
    for (const char *s = list; *s; s += strcspn(s, " "), s += *s == ' ')
        if (place_of(h, s, strcspn(s, " ")) < 0) return 0;
    return 1;
}

static void take_format(tfb_layout_t *t, const names_t *h, const tfb_layout_format_t *f)
{
    t->format = f;
    for (int i = 0; i < TFB_FIELDS; i++) t->column[i] = place_of_any(h, f->field[i]);
}

static int has(const tfb_layout_t *t, tfb_field_t f) { return t->column[f] >= 0; }
static int has_place(const tfb_layout_t *t)
{
    return (has(t, TFB_FIELD_CHROM) && has(t, TFB_FIELD_POS)) || has(t, TFB_FIELD_VARIANT);
}
static int has_alleles(const tfb_layout_t *t)
{
    return has(t, TFB_FIELD_VARIANT) ||
           ((has(t, TFB_FIELD_EFFECT) || has(t, TFB_FIELD_ALT)) && (has(t, TFB_FIELD_OTHER) || has(t, TFB_FIELD_REF)));
}

/* ---- detection ---- */

static int is_number(const char *s) { return *s && s[strspn(s, "0123456789")] == 0; }
static int is_allele(const char *s) { return *s && s[strspn(s, "ACGTNacgtn")] == 0; }
static int is_rsid(const char *s) { return strncasecmp(s, "rs", 2) == 0 && is_number(s + 2); }

/* Finds the columns of a row without a header: chrom, pos, (id,) ref and alt, or an rsID. */
static int take_row(tfb_layout_t *t, const names_t *h)
{
    for (int i = 0; i < TFB_FIELDS; i++) t->column[i] = -1;
    t->headerless = 1;
    if (h->n == 1 && is_rsid(h->name[0])) {
        t->format = &formats[RSIDS];
        t->column[TFB_FIELD_RSID] = 0;
        return 1;
    }
    if ((h->n != 4 && h->n != 5) || !is_number(h->name[1]) || !is_allele(h->name[h->n - 2]) ||
        !is_allele(h->name[h->n - 1]) || (h->n == 5 && is_number(h->name[2])))
        return 0;
    t->format = &formats[PLAIN];
    t->column[TFB_FIELD_CHROM] = 0;
    t->column[TFB_FIELD_POS] = 1;
    if (h->n == 5) t->column[TFB_FIELD_ID] = 2;
    t->column[TFB_FIELD_REF] = h->n - 2;
    t->column[TFB_FIELD_ALT] = h->n - 1;
    return 1;
}

/* Finds the format of a table. Returns whether there is one. */
static int detect(tfb_layout_t *t, const names_t *h)
{
    t->sep = h->sep;
    if (has_all(h, "QUAL FILTER INFO")) return 0; /* a VCF without its first line */
    for (int k = 0; k < PLAIN; k++) {
        if (!has_all(h, formats[k].needs)) continue;
        take_format(t, h, &formats[k]);
        return 1;
    }
    take_format(t, h, &formats[PLAIN]);
    if (has_place(t) && has_alleles(t) &&
        (has(t, TFB_FIELD_CHROM) || h->n == 1 || has(t, TFB_FIELD_PIP) || has(t, TFB_FIELD_P) ||
         has(t, TFB_FIELD_BETA)))
        return 1;
    if (has(t, TFB_FIELD_RSID) && (h->n == 1 || has(t, TFB_FIELD_EFFECT) || has(t, TFB_FIELD_ALT))) return 1;
    return take_row(t, h);
}

int tfb_assoc_detect(const char *text)
{
    names_t h;
    tfb_layout_t t = {0};
    while (strncmp(text, "##", 2) == 0) text += strcspn(text, "\n"), text += *text == '\n';
    size_t n = strcspn(text, "\n");
    int found = n && names_of(&h, text, n) == 0 && detect(&t, &h);
    if (n) names_free(&h);
    return found;
}

/* ---- the layout ---- */

/* Appends the names of the columns, for messages. */
static void list_names(const names_t *h, kstring_t *s)
{
    for (int i = 0; i < h->n && s->l < MAX_NAMES; i++) {
        if (i) kputs(", ", s);
        kputsn(h->name[i], strlen(h->name[i]) < 60 ? strlen(h->name[i]) : 60, s);
    }
    if (s->s) tfb_printable(s->s);
}

/* Applies --columns. Returns 0, or -1 (logged). */
static int take_columns(tfb_layout_t *t, const names_t *h, const tfb_lines_t *in, const char *columns)
{
    int n, ret = -1, numbers = 1, k = -1, given[TFB_FIELDS] = {0};
    char **part = tfb_split(columns, ',', &n), hint[TFB_HINT];
    if (!part) return tfb_lines_error(in, "not enough memory");
    for (int i = 0; i < n; i++) {
        char *name = strchr(part[i], '=');
        if (name) *name++ = 0;
        for (k = TFB_FIELDS - 1; k >= 0 && strcmp(part[i], keys[k]); k--) continue;
        if (k < 0 || !name || !*name) {
            tfb_error("--columns is FIELD=COLUMN,..., not '%s'; fields are chrom, pos, effect, other, ref, alt, "
                      "variant, rsid, id, beta, or, se, p, lp, af, n, pip, cs, which and test%s",
                      part[i], k < 0 ? tfb_did_you_mean(part[i], (char *const *)keys, TFB_FIELDS, hint) : "");
            goto done;
        }
        int at = strcmp(name, "-") == 0 ? -2 : place_of(h, name, strlen(name));
        numbers = numbers && (at >= 0 ? 0 : is_number(name) || at == -2);
        if (at == -1 && is_number(name) && atoi(name) >= 1 && atoi(name) <= h->n) at = atoi(name) - 1;
        if (at == -1) {
            tfb_lines_error(in, "no column '%s' (--columns)%s", name,
                            tfb_did_you_mean(name, h->name, h->n < MAX_NAMES ? h->n : MAX_NAMES, hint));
            goto done;
        }
        t->column[k] = at;
        given[k] = 1;
    }
    /* a column that is named serves no other field by its header */
    for (int i = 0; i < TFB_FIELDS; i++)
        for (k = 0; k < TFB_FIELDS; k++)
            if (given[k] && !given[i] && t->column[i] == t->column[k]) t->column[i] = -1;
    /* columns by number: the first line is a row if it has a position */
    if (numbers && n && has(t, TFB_FIELD_POS) && is_number(h->name[t->column[TFB_FIELD_POS]])) t->headerless = 1;
    ret = 0;
done:
    tfb_strv_free(part);
    return ret;
}

/* Checks that a row can be placed. Returns 0, or -1 (logged). */
static int check(const tfb_layout_t *t, const names_t *h, const tfb_lines_t *in, const tfb_assoc_opt_t *o)
{
    kstring_t list = {0, 0, NULL};
    int ids = has(t, TFB_FIELD_RSID), ret = -1;
    list_names(h, &list);
    const char *have = list.s ? list.s : "";
    if (!has_place(t) && !ids)
        tfb_lines_error(in, "no columns of contig and position among %s: --columns chrom=NAME,pos=NAME,... names them",
                        have);
    else if (!has_place(t) && !o->dbsnp)
        tfb_lines_error(in, "rsIDs without positions: --dbsnp FILE finds them");
    else if (!has_alleles(t) && !(ids && o->dbsnp))
        tfb_lines_error(in,
                        "no columns of two alleles among %s: --columns effect=NAME,other=NAME or ref=NAME,alt=NAME "
                        "names them",
                        have);
    else
        ret = 0;
    free(list.s);
    return ret;
}

static int keep_names(tfb_layout_t *t, const names_t *h)
{
    t->last = -1;
    t->n_columns = h->n;
    for (int i = 0; i < TFB_FIELDS; i++) {
        if (t->column[i] < 0) continue;
        if (t->column[i] > t->last) t->last = t->column[i];
        if (!(t->name[i] = strdup(t->headerless ? keys[i] : h->name[t->column[i]]))) return -1;
    }
    return 0;
}

/* Chooses the format. Returns 0, or -1 (logged). */
static int choose(tfb_layout_t *t, const names_t *h, const tfb_lines_t *in, const tfb_assoc_opt_t *o)
{
    char *known[N_FORMATS], hint[TFB_HINT];
    kstring_t list = {0, 0, NULL};
    for (int k = 0; k < N_FORMATS; k++) {
        known[k] = (char *)formats[k].name;
        if (o->format && strcmp(o->format, known[k]) == 0) {
            t->sep = h->sep;
            if ((k < PLAIN || !take_row(t, h))) {
                t->headerless = 0;
                take_format(t, h, &formats[k]);
            }
            return 0;
        }
    }
    if (o->format) {
        tfb_error("unknown format '%s' (`tfbind tables --list` lists them)%s", o->format,
                  tfb_did_you_mean(o->format, known, N_FORMATS, hint));
        return -1;
    }
    if (detect(t, h)) return 0;
    t->headerless = 0;
    take_format(t, h, &formats[PLAIN]);
    if (o->columns) return 0;
    if (has_all(h, "QUAL FILTER INFO")) {
        tfb_error("%s is VCF, not a table", in->name);
        return -1;
    }
    list_names(h, &list);
    tfb_lines_error(in, "not a table that tfbind reads by its header (%s): --columns names its columns",
                    list.s ? list.s : "");
    free(list.s);
    return -1;
}

int tfb_layout_make(tfb_layout_t *t, const tfb_lines_t *in, const tfb_assoc_opt_t *o)
{
    names_t h;
    int ret = -1;
    if (names_of(&h, in->s.s, in->s.l) < 0)
        tfb_lines_error(in, "not enough memory, or more than %d columns", MAX_COLUMNS);
    else if (choose(t, &h, in, o) == 0 && (!o->columns || take_columns(t, &h, in, o->columns) == 0) &&
             check(t, &h, in, o) == 0) {
        if ((ret = keep_names(t, &h)) < 0) tfb_lines_error(in, "not enough memory");
    }
    names_free(&h);
    return ret;
}

void tfb_layout_free(tfb_layout_t *t)
{
    for (int i = 0; i < TFB_FIELDS; i++) free(t->name[i]);
    *t = (tfb_layout_t){0};
}
