/* assoc.c - tables of variants as records. Stages: rows (assoc_row.c) | positions of rsIDs (dbsnp.c) | genome order
 * (assoc_sort.c) | alleles as the FASTA has them | records. */
#include "config.h"
#include "genome/assoc.h"
#include "genome/assoc_parts.h"
#include "genome/base.h"
#include "util/progress.h"
#include "util/util.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY = 256 << 20, /* bytes of rows kept in memory by default */
    ANOTHER_BUILD = 10, /* one of so many rows with neither allele in the FASTA is worth a warning, */
    NOT_FEW = 3,        /* if there are so many */
};

struct tfb_assoc_t {
    const tfb_assoc_opt_t *o;
    const char *path;
    tfb_fasta_t *fasta;
    tfb_assoc_count_t count;
    tfb_rows_in_t in;
    tfb_sorter_t *sorter;
    bcf_hdr_t *hdr;
    char *allele[2]; /* REF and ALT of the row, upper case */
    size_t m_allele[2];
    uint8_t *code; /* of the FASTA */
    size_t m_code;
    kstring_t text;
    int64_t n_rows, n_done; /* rows to make records of, and those used */
    int ended;              /* the counts are logged */
};

/* ---- opening ---- */

/* Reads all rows into the sorter. d: for rsIDs, or NULL. Returns 0, or -1 (logged). */
static int read_rows(tfb_assoc_t *a, tfb_dbsnp_t *d)
{
    tfb_left_t why;
    int got;
    tfb_progress_begin("rows", "");
    while ((got = tfb_rows_in_next(&a->in, &why)) > 0) {
        const tfb_assoc_row_t *row = (const tfb_assoc_row_t *)(const void *)a->in.row.s;
        if (tfb_progress_due()) tfb_progress(a->count.read, tfb_lines_fraction(&a->in.in), NULL, 0);
        if ((why == TFB_LEFT_NOT ? tfb_sorter_add(a->sorter, row) : tfb_dbsnp_add(d, row)) < 0) return -1;
    }
    if (got < 0 || (d && tfb_dbsnp_find(d, &a->in, a->path, a->sorter) < 0)) return -1;
    a->n_rows = tfb_sorter_n(a->sorter);
    return tfb_sorter_end(a->sorter);
}

/* Reads and sorts the table. Returns 0, or -1 (logged). */
static int read_table(tfb_assoc_t *a)
{
    tfb_dbsnp_t *d = a->o->dbsnp ? tfb_dbsnp_open() : NULL;
    int ret = a->o->dbsnp && !d ? -1 : read_rows(a, d);
    tfb_progress_end();
    tfb_dbsnp_close(d);
    return ret;
}

double tfb_assoc_fraction(const tfb_assoc_t *a) { return a->n_rows ? (double)a->n_done / (double)a->n_rows : -1; }

/* The fields of GWAS-VCF that the records have, if the table has one of two columns. */
static const struct {
    tfb_field_t from, or_from;
    const char *line;
} tags[] = {
    {TFB_FIELD_BETA, TFB_FIELD_OR,
     "##FORMAT=<ID=ES,Number=A,Type=Float,Description=\"Effect size estimate relative to the alternative allele\">"},
    {TFB_FIELD_SE, TFB_FIELD_SE,
     "##FORMAT=<ID=SE,Number=A,Type=Float,Description=\"Standard error of effect size estimate\">"},
    {TFB_FIELD_P, TFB_FIELD_LP,
     "##FORMAT=<ID=LP,Number=A,Type=Float,Description=\"-log10 p-value for effect estimate\">"},
    {TFB_FIELD_AF, TFB_FIELD_AF,
     "##FORMAT=<ID=AF,Number=A,Type=Float,Description=\"Alternative allele frequency in trait subset\">"},
    {TFB_FIELD_SS, TFB_FIELD_SS,
     "##FORMAT=<ID=SS,Number=A,Type=Integer,Description=\"Sample size used to estimate genetic effect\">"},
    {TFB_FIELD_ID, TFB_FIELD_VARIANT, "##FORMAT=<ID=ID,Number=1,Type=String,Description=\"Study variant identifier\">"},
    {TFB_FIELD_PIP, TFB_FIELD_PIP,
     "##INFO=<ID=PIP,Number=A,Type=Float,Description=\"Posterior inclusion probability of fine-mapping\">"},
    {TFB_FIELD_CS, TFB_FIELD_CS, "##INFO=<ID=CS,Number=1,Type=String,Description=\"Credible set of fine-mapping\">"},
};
enum { N_TAGS = sizeof tags / sizeof tags[0], ES = 0, SAMPLE_TAGS = 6, WITHOUT_ID = 5 };

/* Returns whether the records have tag k. */
static int has(const tfb_assoc_t *a, int k)
{
    const int *column = a->in.layout.column;
    if (k == ES && tfb_layout_no_effect(&a->in.layout)) return 0;
    return column[tags[k].from] >= 0 || column[tags[k].or_from] >= 0;
}

/* Returns the name of the sample: --study, or the file's name up to the first dot. To be freed; NULL on lack of
 * memory. */
static char *study(const tfb_assoc_t *a)
{
    const char *s = a->o->study;
    if (!s) s = strcmp(a->path, "-") == 0 ? "study" : tfb_base_name(a->path);
    char *name = a->o->study ? strdup(s) : strndup(s, strcspn(s, "."));
    for (char *p = name; p && *p; p++)
        if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p)) *p = '_';
    if (name && *name) return name;
    free(name);
    return strdup("study");
}

/* Makes the header. Returns 0, or -1 (logged). */
static int make_header(tfb_assoc_t *a)
{
    int any = 0, ok = 1;
    char *name = NULL;
    if (!(a->hdr = bcf_hdr_init("w"))) goto fail;
    for (int i = 0; i < tfb_fasta_n_contigs(a->fasta) && ok; i++) {
        const char *contig = tfb_fasta_contig(a->fasta, i);
        a->text.l = 0;
        ksprintf(&a->text, "##contig=<ID=%s,length=%" PRId64 ">", contig, (int64_t)tfb_fasta_len(a->fasta, contig));
        ok = bcf_hdr_append(a->hdr, a->text.s) == 0;
    }
    for (int k = 0; k < N_TAGS && ok; k++) {
        if (!has(a, k)) continue;
        ok = bcf_hdr_append(a->hdr, tags[k].line) == 0;
        any |= k < WITHOUT_ID;
    }
    if (ok && any) ok = (name = study(a)) && bcf_hdr_add_sample(a->hdr, name) == 0;
    free(name);
    if (ok && bcf_hdr_sync(a->hdr) == 0) return 0;
fail:
    tfb_error("not enough memory for the header of %s, or an impossible contig", a->path);
    return -1;
}

tfb_assoc_t *tfb_assoc_open(const tfb_assoc_opt_t *o, const char *path, tfb_fasta_t *fasta)
{
    tfb_assoc_t *a = calloc(1, sizeof *a);
    if (!a) {
        tfb_error("not enough memory to read %s", path);
        return NULL;
    }
    a->o = o;
    a->path = path;
    a->fasta = fasta;
    a->in.o = o;
    a->in.fasta = fasta;
    a->in.count = &a->count;
    tfb_reads(o->dbsnp, "the dbSNP file");
    if (tfb_rows_in_open(&a->in, path) < 0 || !(a->sorter = tfb_sorter_open(o->memory ? o->memory : MEMORY, o->tmp)) ||
        make_header(a) < 0)
        goto fail;
    a->text.l = 0;
    tfb_layout_list(&a->in.layout, &a->text);
    tfb_note("%s is read as %s: %s", tfb_input_name(path), tfb_layout_name(&a->in.layout), a->text.s);
    if (tfb_layout_no_effect(&a->in.layout) && a->in.layout.column[TFB_FIELD_BETA] >= 0)
        tfb_note("%s does not define which allele has the effect: ES is not written (to write it, give --format plain "
                 "and --columns with effect and other)",
                 tfb_layout_name(&a->in.layout));
    if (read_table(a) == 0) return a;
fail:
    tfb_assoc_close(a);
    return NULL;
}

void tfb_assoc_close(tfb_assoc_t *a)
{
    if (!a) return;
    tfb_rows_in_close(&a->in);
    tfb_sorter_close(a->sorter);
    if (a->hdr) bcf_hdr_destroy(a->hdr);
    for (int i = 0; i < 2; i++) free(a->allele[i]);
    free(a->code);
    free(a->text.s);
    free(a->count.contig);
    free(a);
}

bcf_hdr_t *tfb_assoc_header(tfb_assoc_t *a) { return a->hdr; }

/* ---- alleles ---- */

/* What was done to a row. */
typedef struct {
    int turned, flipped, ambiguous, masked;
} orient_t;

/* Writes an allele in upper case to a->allele[which], reversed and complemented if flip. Returns its length, or -1 if
 * it is not ACGT, or -2 on lack of memory (logged). */
static int64_t take_allele(tfb_assoc_t *a, int which, const char *s, int flip)
{
    size_t n = strlen(s);
    if (n + 1 > a->m_allele[which]) {
        char *p = realloc(a->allele[which], n + 64);
        if (!p) {
            tfb_error("not enough memory for an allele of %zu bases", n);
            return -2;
        }
        a->allele[which] = p;
        a->m_allele[which] = n + 64;
    }
    char *to = a->allele[which];
    for (size_t i = 0; i < n; i++) {
        uint8_t c = tfb_base_code[(unsigned char)s[i]];
        if (c == TFB_N) return -1;
        if (flip)
            to[n - 1 - i] = tfb_base_char[tfb_base_comp(c)];
        else
            to[i] = tfb_base_char[c];
    }
    to[n] = 0;
    return (int64_t)n;
}

/* Returns whether the FASTA has an allele at the place of a row; an N fits any base and sets *masked. -1 on a read
 * error (logged). */
static int fits(tfb_assoc_t *a, const tfb_assoc_row_t *r, const char *allele, int *masked)
{
    size_t n = strlen(allele);
    if (n > a->m_code) {
        uint8_t *p = realloc(a->code, n + 64);
        if (!p) {
            tfb_error("not enough memory for an allele of %zu bases", n);
            return -1;
        }
        a->code = p;
        a->m_code = n + 64;
    }
    const char *contig = tfb_fasta_contig(a->fasta, r->contig);
    int got = tfb_fasta_codes(a->fasta, contig, r->pos, r->pos + (hts_pos_t)n, a->code);
    if (got) return got == -1 ? -1 : 0;
    for (size_t i = 0; i < n; i++) {
        if (a->code[i] == TFB_N)
            *masked = 1;
        else if (a->code[i] != tfb_base_code[(unsigned char)allele[i]])
            return 0;
    }
    return 1;
}

static void swap_alleles(tfb_assoc_t *a)
{
    char *t = a->allele[0];
    size_t m = a->m_allele[0];
    a->allele[0] = a->allele[1];
    a->m_allele[0] = a->m_allele[1];
    a->allele[1] = t;
    a->m_allele[1] = m;
}

/* Returns whether an allele is the other one on the other strand. */
static int is_ambiguous(const tfb_assoc_t *a)
{
    const char *x = a->allele[0], *y = a->allele[1];
    size_t n = strlen(x);
    if (n != strlen(y)) return 0;
    for (size_t i = 0; i < n; i++)
        if (tfb_base_code[(unsigned char)x[i]] != tfb_base_comp(tfb_base_code[(unsigned char)y[n - 1 - i]])) return 0;
    return 1;
}

/* Writes REF and ALT, as the FASTA has them, to a->allele: the other allele is REF if it fits, else the effect allele,
 * else one of them on the other strand. Returns TFB_LEFT_NOT, why they cannot be written, or -1 (logged). */
static int orient(tfb_assoc_t *a, const tfb_assoc_row_t *r, orient_t *to)
{
    *to = (orient_t){0};
    for (int flip = 0; flip < 2; flip++) {
        int64_t n = take_allele(a, 0, tfb_row_text(r, TFB_ROW_OTHER), flip);
        int64_t m = n < 0 ? n : take_allele(a, 1, tfb_row_text(r, TFB_ROW_EFFECT), flip);
        if (m < 0) return m == -1 ? TFB_LEFT_ACGT : -1;
        if (strcmp(a->allele[0], a->allele[1]) == 0) return TFB_LEFT_SAME;
        if (!flip && r->pos + (n < m ? n : m) > tfb_fasta_len(a->fasta, tfb_fasta_contig(a->fasta, r->contig)))
            return TFB_LEFT_EDGE;
        if (flip && n != m) break; /* an indel on the other strand has another position */
        int other = fits(a, r, a->allele[0], &to->masked), effect = fits(a, r, a->allele[1], &to->masked);
        if (other < 0 || effect < 0) return -1;
        if (!other && !effect) continue;
        to->ambiguous = is_ambiguous(a) || (other && effect && n != m && r->ref < 0);
        if (to->ambiguous && a->o->drop_ambiguous) return TFB_LEFT_AMBIGUOUS;
        to->flipped = flip;
        to->turned = effect && (!other || r->ref == TFB_ROW_EFFECT);
        if (to->turned) swap_alleles(a);
        return TFB_LEFT_NOT;
    }
    return TFB_LEFT_MISMATCH;
}

/* ---- records ---- */

static float turned(float v, int turn, float from)
{
    if (!turn || bcf_float_is_missing(v)) return v;
    return from - v;
}

/* Replaces what a value of VCF cannot have, in place. Returns s. */
static char *safe(char *s, const char * not )
{
    for (char *p = s; *p; p++)
        if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p) || strchr(not, *p)) *p = '_';
    return s;
}

/* Writes a row's text to a->text without characters that VCF cannot have. Returns it, or NULL: none. */
static char *text_of(tfb_assoc_t *a, const tfb_assoc_row_t *r, tfb_row_text_t k, const char * not )
{
    a->text.l = 0;
    if (!*tfb_row_text(r, k) || kputs(tfb_row_text(r, k), &a->text) < 0) return NULL;
    return safe(a->text.s, not );
}

/* Sets ID: the rsIDs, or the study's name of the variant. Returns 0, or -1. */
static int set_id(tfb_assoc_t *a, const tfb_assoc_row_t *r, bcf1_t *rec)
{
    char *id = text_of(a, r, TFB_ROW_RSID, ";");
    if (!id) id = text_of(a, r, TFB_ROW_ID, ";");
    for (char *p = id; p && *p; p++)
        if (*p == ',') *p = ';'; /* FinnGen has several */
    return bcf_update_id(a->hdr, rec, id ? id : ".");
}

/* Sets the values that the header declares. Returns 0, or -1. */
static int set_values(tfb_assoc_t *a, const tfb_assoc_row_t *r, const orient_t *to, bcf1_t *rec)
{
    float es = turned(r->es, to->turned, 0), af = turned(r->af, to->turned, 1);
    const float *value[] = {&es, &r->se, &r->lp, &af};
    static const char *const name[] = {"ES", "SE", "LP", "AF"};
    int bad = 0;
    if (bcf_hdr_nsamples(a->hdr)) {
        rec->n_sample = 1;
        for (int k = 0; k < 4; k++)
            if (has(a, k)) bad |= bcf_update_format_float(a->hdr, rec, name[k], value[k], 1);
        if (has(a, 4)) bad |= bcf_update_format_int32(a->hdr, rec, "SS", &r->ss, 1);
        const char *id = text_of(a, r, TFB_ROW_ID, ":,;=");
        if (has(a, WITHOUT_ID) && id) bad |= bcf_update_format_string(a->hdr, rec, "ID", &id, 1);
    }
    if (has(a, 6) && !bcf_float_is_missing(r->pip)) bad |= bcf_update_info_float(a->hdr, rec, "PIP", &r->pip, 1);
    const char *set = has(a, 7) ? text_of(a, r, TFB_ROW_CS, ";=,") : NULL;
    if (set) bad |= bcf_update_info_string(a->hdr, rec, "CS", set);
    return bad ? -1 : 0;
}

/* Makes a record of a row. Returns 1, 0 if it is left out (counted), or -1 (logged). */
static int make_record(tfb_assoc_t *a, const tfb_assoc_row_t *r, bcf1_t *rec)
{
    orient_t to;
    tfb_assoc_count_t *n = &a->count;
    int why = orient(a, r, &to), pass = bcf_hdr_id2int(a->hdr, BCF_DT_ID, "PASS");
    if (why < 0) return -1;
    n->not_mirrored += why == TFB_LEFT_MISMATCH && is_ambiguous(a);
    if (why) return tfb_row_leave(n, (tfb_left_t)why, NULL, a->o->strict, a->path, r->line);
    const char *alleles[2] = {a->allele[0], a->allele[1]};
    bcf_clear(rec);
    rec->rid = r->contig;
    rec->pos = r->pos;
    bcf_float_set_missing(rec->qual);
    if (bcf_update_alleles(a->hdr, rec, alleles, 2) < 0 || set_id(a, r, rec) < 0 ||
        bcf_update_filter(a->hdr, rec, &pass, 1) < 0 || set_values(a, r, &to, rec) < 0) {
        tfb_error("%s:%" PRId64 ": cannot make a record, not enough memory", tfb_input_name(a->path), r->line);
        return -1;
    }
    rec->rlen = (hts_pos_t)strlen(alleles[0]);
    n->written++;
    n->turned += to.turned;
    n->flipped += to.flipped;
    n->ambiguous += to.ambiguous;
    n->masked += to.masked;
    n->mirrored += is_ambiguous(a);
    return 1;
}

/* ---- the end ---- */

/* Appends ", 3 what" to s if n is not 0. */
static void list(kstring_t *s, int64_t n, const char *what)
{
    if (n) ksprintf(s, "%s%" PRId64 " %s", s->l ? ", " : "", n, what);
}

/* Warns if the rows seem to be of another genome. With the wrong one most SNVs still fit on one of the strands, but
 * half of A/T and C/G do not. */
static void warn_of_build(const tfb_assoc_count_t *n, const char *in)
{
    int64_t all = n->left[TFB_LEFT_MISMATCH], some = n->not_mirrored, of = some + n->mirrored;
    if (some >= NOT_FEW && some * ANOTHER_BUILD > of)
        tfb_warn("%s: the FASTA has neither allele of %" PRId64 " of %" PRId64 " A/T and C/G SNVs: is it the genome "
                 "build of the table?",
                 in, some, of);
    else if (all >= NOT_FEW && all * ANOTHER_BUILD > n->read)
        tfb_warn("%s: the FASTA has neither allele of %" PRId64 " of %" PRId64 " rows: is it the genome build of the "
                 "table?",
                 in, all, n->read);
}

/* Logs the counts. Returns 0, or -1 if all rows were left out (logged). */
static int finish(tfb_assoc_t *a)
{
    const tfb_assoc_count_t *n = &a->count;
    kstring_t how = {0, 0, NULL}, left = {0, 0, NULL};
    int64_t out = 0;
    list(&how, n->turned, "turned (the effect allele is REF)");
    list(&how, n->flipped, "from the other strand");
    list(&how, n->ambiguous, "ambiguous (A/T, C/G or an indel that fits both ways)");
    list(&how, n->masked, "with N in the FASTA");
    list(&how, n->several, "further ALTs of rsIDs");
    list(&how, n->zero_p, "with a p of 0");
    list(&how, n->no_effect, "without a finite effect");
    for (int k = 1; k < TFB_LEFT_REASONS; k++) {
        out += n->left[k];
        list(&left, n->left[k], tfb_left_text((tfb_left_t)k));
        if (k == TFB_LEFT_CONTIG && n->left[k] && n->contig) ksprintf(&left, " (such as %.100s)", n->contig);
    }
    const char *in = tfb_input_name(a->path), *of = how.l ? how.s : "as they stand", *why = left.l ? left.s : "";
    tfb_note("%s: %" PRId64 " rows read, %" PRId64 " records written: %s; %" PRId64 " left out%s%s", in, n->read,
             n->written, of, out, out ? ": " : "", why);
    warn_of_build(n, in);
    int none = n->read && !n->written;
    if (none) tfb_error("%s: no row could be written: %s", in, why);
    free(how.s);
    free(left.s);
    return none ? -1 : 0;
}

void tfb_assoc_tally(const tfb_assoc_t *a, tfb_tally_t *t)
{
    const tfb_assoc_count_t *n = &a->count;
    const struct {
        const char *name;
        int64_t n;
    } all[] = {{"rows", n->read},
               {"records", n->written},
               {"turned", n->turned},
               {"from_other_strand", n->flipped},
               {"ambiguous", n->ambiguous},
               {"with_n", n->masked},
               {"further_alts", n->several},
               {"p_of_0", n->zero_p},
               {"without_finite_effect", n->no_effect}};
    tfb_tally_text(t, "run", "format", tfb_layout_name(&a->in.layout));
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) tfb_tally_whole(t, "table", all[k].name, all[k].n);
    for (int k = 1; k < TFB_LEFT_REASONS; k++)
        if (n->left[k]) tfb_tally_whole(t, "table_left_out", tfb_left_text((tfb_left_t)k), n->left[k]);
}

int tfb_assoc_next(tfb_assoc_t *a, bcf1_t *rec)
{
    const tfb_assoc_row_t *row;
    int got;
    if (a->ended) return 0;
    while ((got = tfb_sorter_next(a->sorter, &row)) > 0) {
        a->n_done++;
        if ((got = make_record(a, row, rec)) != 0) return got;
    }
    a->ended = 1;
    return got < 0 ? -1 : finish(a);
}
