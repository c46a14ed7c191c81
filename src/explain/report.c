/* report.c - annotated VCF or BCF -> one self-contained page. In: annotate's INFO tags, either the
 * summary's or one set per TF. */
#include "explain/report.h"
#include "explain/figure.h"
#include "explain/html.h"
#include "explain/logo.h"
#include "genome/alleles.h"
#include "genome/lines.h"
#include "genome/origin.h"
#include "genome/records.h"
#include "genome/tag.h"
#include "genome/values.h"
#include "score/builds.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/xml.h"
#include <ctype.h>
#include <htslib/khash.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 3 };
static const char *const call_name[CALLS] = {"gain", "loss", "change"};

enum { P_REF, P_ALT, DELTA, LOR, PCT, PHRED, VALUES }; /* of an ALT */

enum { BINS = 40, MAX_TFS = 20000, MAX_ALLELE = 1000, MOST_NAMED = 500 };

/* cppcheck-suppress unknownMacro */
KHASH_MAP_INIT_STR(tf, int)

typedef struct {
    char *name;
    int64_t n, gain, loss;
    int64_t call[CALLS]; /* annotate's calls */
    double most, least;  /* greatest gain and loss */
} tf_t;

typedef struct {
    char *contig, *id, *ref, *alt, *tf, *call;
    hts_pos_t pos;
    double p_ref, p_alt, delta, lor, pct, phred; /* NAN = not given */
    int64_t order;                               /* order in the file, which sorts equal changes */
} top_t;

typedef struct {
    const tfb_report_opt_t *o;
    bcf_hdr_t *hdr;
    int64_t n_records, n_alts, n_scored, n_gain, n_loss, call[CALLS], bin[BINS]; /* call: of all TFs */
    khash_t(tf) * index;
    tf_t *tf;
    int n_tfs, m_tfs, n_more;
    top_t *top;
    int n_top;
    char **name;      /* names in tags of TFs with their own tags, NULL-terminated; NULL = the summary */
    char **real;      /* (n_names, NULL-terminated): the TFs' names (NKX3-1 for TFB_NKX3_1_DELTA) */
    tfb_open_t *open; /* or NULL */
    tfb_expressed_t *expressed;
    int64_t n_closed, n_not_expressed; /* ALTs left out; ALTs and TFs left out */
    int called;                        /* the file has calls */
    int other;                         /* the figures use a different model than the annotations */
    char *by;                          /* the models that annotated; NULL: the header names none */
    const tfb_build_t *build;          /* of the positions, or NULL */
    const char *genome;                /* its name, for figures */
    FILE *track;                       /* or NULL */
    tfb_out_t *track_out;
    tfb_strand_t strand; /* strand that annotate used */
    int n_names;
    float *num[VALUES];
    char *str[2];
    int m_num[VALUES], m_str[2];
    kstring_t tag;
} report_t;

static int tf_of(report_t *r, const char *name)
{
    int ret;
    khiter_t k = kh_get(tf, r->index, name);
    if (k != kh_end(r->index)) return kh_val(r->index, k);
    if (r->n_tfs == MAX_TFS) {
        r->n_more = 1;
        return -1;
    }
    if (r->n_tfs == r->m_tfs) {
        int m = r->m_tfs ? 2 * r->m_tfs : 256;
        tf_t *v = realloc(r->tf, (size_t)m * sizeof *v);
        if (!v) return -2;
        r->tf = v;
        r->m_tfs = m;
    }
    tf_t *t = &r->tf[r->n_tfs];
    *t = (tf_t){.name = strdup(name)};
    if (!t->name) return -2;
    k = kh_put(tf, r->index, t->name, &ret);
    if (ret < 0) {
        free(t->name);
        return -2;
    }
    kh_val(r->index, k) = r->n_tfs;
    return r->n_tfs++;
}

static void top_free(top_t *t)
{
    free(t->contig);
    free(t->id);
    free(t->ref);
    free(t->alt);
    free(t->tf);
    free(t->call);
}

/* Returns whether a change belongs before another one: by PHRED if asked, then by |delta|. */
static int is_before(const report_t *r, double phred, double delta, const top_t *t)
{
    double x = isnan(phred) ? -1 : phred, y = isnan(t->phred) ? -1 : t->phred;
    return r->o->by_phred && x != y ? x > y : fabs(delta) > fabs(t->delta);
}

/* Inserts into the greatest changes, which stay sorted: the list is short. */
static int keep(report_t *r, const bcf1_t *rec, int alt, const char *tf, const double v[VALUES], const char *call)
{
    int n = r->n_top, max = r->o->n_top;
    if (max == 0 || (n == max && !is_before(r, v[PHRED], v[DELTA], &r->top[n - 1]))) return 0;
    top_t t = {strdup(bcf_seqname_safe(r->hdr, rec)),
               strdup(rec->d.id),
               strdup(rec->d.allele[0]),
               strdup(rec->d.allele[alt]),
               strdup(tf),
               call ? strdup(call) : NULL,
               rec->pos,
               v[0],
               v[1],
               v[2],
               v[3],
               v[4],
               v[PHRED],
               r->n_alts};
    if (!t.contig || !t.id || !t.ref || !t.alt || !t.tf || (call && !t.call)) {
        top_free(&t);
        return -1;
    }
    if (n == max) top_free(&r->top[--n]);
    int at = n;
    while (at > 0 && is_before(r, v[PHRED], v[DELTA], &r->top[at - 1])) at--;
    memmove(&r->top[at + 1], &r->top[at], (size_t)(n - at) * sizeof t);
    r->top[at] = t;
    r->n_top = n + 1;
    return 0;
}

/* Writes text without spaces, which end a field in some programs. */
static void put_word(FILE *f, const char *text)
{
    for (; *text; text++) fputc(isgraph((unsigned char)*text) || (*text & 0x80) ? *text : '_', f);
}

/* Writes a gain or a loss to the track: the bases that change, named after the TF. */
static void put_track(report_t *r, const bcf1_t *rec, int alt, const char *tf, double delta, const char *call)
{
    tfb_change_t c;
    int loss = strcmp(call, "loss") == 0, has_id = strcmp(rec->d.id, ".") != 0;
    if (!loss && strcmp(call, "gain")) return;
    if (tfb_allele_trim(rec->pos, rec->d.allele[0], rec->d.allele[alt], &c) != TFB_ALLELE_OK) return;
    int64_t beg = c.pos, end = c.pos + c.n_ref;
    fprintf(r->track, "%s\t%" PRId64 "\t%" PRId64 "\t", bcf_seqname_safe(r->hdr, rec), beg, end);
    put_word(r->track, tf);
    fprintf(r->track, ":%s%s", call, has_id ? ":" : "");
    if (has_id) put_word(r->track, rec->d.id);
    fprintf(r->track, "\t%.0f\t.\t%" PRId64 "\t%" PRId64 "\t%s\n", fabs(delta) * 1000, beg, end,
            loss ? TFB_DOWN_RGB : TFB_UP_RGB);
}

static int add(report_t *r, const bcf1_t *rec, int alt, const char *tf, const double v[VALUES], const char *call)
{
    double d = v[2];
    if (!(d >= -1 && d <= 1)) return 0;
    if (r->expressed && tfb_expressed_has(r->expressed, tf) <= 0) {
        r->n_not_expressed++;
        return 0;
    }
    int b = (int)floor((d + 1) / 2 * BINS), k = tf_of(r, tf);
    if (k == -2) return -1;
    r->bin[b < BINS ? b : BINS - 1]++;
    r->n_gain += d >= r->o->delta;
    r->n_loss += d <= -r->o->delta;
    for (int c = 0; call && c < CALLS; c++) r->call[c] += strcmp(call, call_name[c]) == 0;
    if (k >= 0) {
        tf_t *t = &r->tf[k];
        t->n++;
        t->gain += d >= r->o->delta;
        t->loss += d <= -r->o->delta;
        if (d > t->most) t->most = d;
        if (d < t->least) t->least = d;
        for (int c = 0; call && c < CALLS; c++) t->call[c] += strcmp(call, call_name[c]) == 0;
    }
    if (r->track && call) put_track(r, rec, alt, tf, d, call);
    return keep(r, rec, alt, tf, v, call);
}

/* Opens the track, if there is one. Returns 0, or -1 (logged). */
static int open_track(report_t *r)
{
    const char *path = r->o->track;
    if (!path) return 0;
    if (!r->called) {
        tfb_error("%s has no calls of gain and loss, which --track needs: annotate it with a calibrated model",
                  tfb_input_name(r->o->in));
        return -1;
    }
    if (!(r->track = tfb_out_open(path, &r->track_out))) return -1;
    fputs("track name=\"TF binding\" description=\"Predicted gain (blue) and loss (orange) of TF binding, tfbind\" "
          "itemRgb=On visibility=pack\n",
          r->track);
    return 0;
}

/* Closes the track, which stays if keep is 1. Returns 0, or -1 (logged). */
static int close_track(report_t *r, int keep)
{
    int ret = r->track ? tfb_out_close(r->track, r->track_out, keep) : 0;
    r->track = NULL;
    return keep ? ret : -1;
}

/* Returns the name of a tag, valid until the next call. tf "": the summary's. */
static const char *tag_of(report_t *r, const char *tf, const char *suffix)
{
    tfb_tag_name(&r->tag, r->o->prefix, tf, suffix); /* look_for_tags made room */
    return r->tag.s;
}

/* Reads the numbers of a tag. Returns how many there are, 0 if the record has none. */
static int numbers(report_t *r, bcf1_t *rec, const char *tf, const char *suffix, int k)
{
    int n = bcf_get_info_float(r->hdr, rec, tag_of(r, tf, suffix), &r->num[k], &r->m_num[k]);
    return n > 0 ? n : 0;
}

static double value(const report_t *r, int k, int n, int i)
{
    return i < n && isfinite(r->num[k][i]) ? r->num[k][i] : NAN; /* missing values are NaN, too */
}

static int strings(report_t *r, bcf1_t *rec, const char *tf, const char *suffix, int k)
{
    return bcf_get_info_string(r->hdr, rec, tag_of(r, tf, suffix), &r->str[k], &r->m_str[k]) > 0;
}

/* Reads the calls of a record, one per ALT; NULL if it has none. Returns 0, or -1 if memory runs out. */
static int calls_of(report_t *r, bcf1_t *rec, const char *tf, char ***call, int *n)
{
    *call = NULL;
    *n = 0;
    return strings(r, rec, tf, TFB_TAG_CALL, 1) && !(*call = tfb_split(r->str[1], ',', n)) ? -1 : 0;
}

static const char *one_call(char **call, int n, int alt)
{
    return alt < n && strcmp(call[alt], ".") ? call[alt] : NULL;
}

/* Returns whether an ALT changes bases in open chromatin, as annotate --open decides it. */
static int is_open(report_t *r, const bcf1_t *rec, int alt)
{
    tfb_change_t c;
    if (!r->open) return 1;
    tfb_allele_t why = tfb_allele_trim(rec->pos, rec->d.allele[0], rec->d.allele[alt], &c);
    int open =
        why == TFB_ALLELE_OK && tfb_open_overlaps(r->open, bcf_seqname_safe(r->hdr, rec), c.pos, c.pos + c.n_ref);
    return open;
}

static int record(report_t *r, bcf1_t *rec)
{
    int n[VALUES], n_tops = 0, n_calls = 0, ret = 0, n_alts = rec->n_allele - 1;
    char **top = NULL, **call = NULL, *scored = calloc((size_t)rec->n_allele + 1, 1);
    if (!scored) return -1;
    r->n_records++;
    n[PHRED] = numbers(r, rec, "", TFB_TAG_PHRED, PHRED);
    if (!r->name) {
        static const char *const suffix[PHRED] = {TFB_TAG_REF, TFB_TAG_ALT, TFB_TAG_DELTA, TFB_TAG_LOR, TFB_TAG_PCT};
        if (strings(r, rec, "", TFB_TAG_TOP, 0) && !(top = tfb_split(r->str[0], ',', &n_tops))) ret = -1;
        if (calls_of(r, rec, "", &call, &n_calls) < 0) ret = -1;
        for (int k = 0; k < PHRED; k++) n[k] = numbers(r, rec, "", suffix[k], k);
        for (int a = 0; a < n_alts && ret == 0; a++) {
            double v[VALUES];
            for (int k = 0; k < VALUES; k++) v[k] = value(r, k, n[k], a);
            if (a >= n_tops || strcmp(top[a], ".") == 0 || isnan(v[2])) continue;
            scored[a] = 1;
            if (is_open(r, rec, a + 1)) ret = add(r, rec, a + 1, top[a], v, one_call(call, n_calls, a));
        }
    }
    for (int t = 0; t < r->n_names && ret == 0; t++) {
        n[2] = numbers(r, rec, r->name[t], TFB_TAG_DELTA, 2);
        if (!n[2]) continue;
        n[0] = numbers(r, rec, r->name[t], "", 0);
        n[3] = numbers(r, rec, r->name[t], TFB_TAG_LOR, 3);
        n[4] = numbers(r, rec, r->name[t], TFB_TAG_PCT, 4);
        if (calls_of(r, rec, r->name[t], &call, &n_calls) < 0) ret = -1;
        for (int a = 0; a < n_alts && ret == 0; a++) {
            double v[VALUES] = {value(r, 0, n[0], 0), value(r, 0, n[0], a + 1), value(r, 2, n[2], a),
                                value(r, 3, n[3], a), value(r, 4, n[4], a),     value(r, PHRED, n[PHRED], a)};
            if (isnan(v[2])) continue;
            scored[a] = 1;
            if (is_open(r, rec, a + 1)) ret = add(r, rec, a + 1, r->real[t], v, one_call(call, n_calls, a));
        }
        tfb_strv_free(call);
        call = NULL;
    }
    for (int a = 0; a < n_alts; a++) {
        r->n_alts++;
        r->n_scored += scored[a];
        r->n_closed += scored[a] && !is_open(r, rec, a + 1);
    }
    tfb_strv_free(top);
    tfb_strv_free(call);
    free(scored);
    return ret;
}

/* Returns whether the header declares INFO/prefix[_tf]_suffix. */
static int declared(report_t *r, const char *tf, const char *suffix)
{
    int id = bcf_hdr_id2int(r->hdr, BCF_DT_ID, tag_of(r, tf, suffix));
    return id >= 0 && bcf_hdr_idinfo_exists(r->hdr, BCF_HL_INFO, id);
}

/* Returns whether annotate writes tag for tf. annotate replaces characters that the VCF specification does
 * not allow in a key. */
static int is_tag_of(const char *tag, const char *tf)
{
    for (; *tag && *tf; tag++, tf++)
        if (*tag != tfb_tag_char(*tf)) return 0;
    return *tag == *tf;
}

/* Returns the TF of a tag under the model's name for it, if there is a model that predicts it. */
static const char *real_name(const report_t *r, const char *tag)
{
    for (int k = 0; r->o->panel && k < tfb_panel_n_targets(r->o->panel); k++)
        if (is_tag_of(tag, tfb_panel_target(r->o->panel, k))) return tfb_panel_target(r->o->panel, k);
    return tag;
}

static int no_memory(void)
{
    tfb_error("not enough memory for the report");
    return -1;
}

/* Adds models to those that annotated, unless they are among them. Returns 0, or -1 (logged). */
static int add_models(report_t *r, const char *models)
{
    char *all = NULL;
    if (!*models || (r->by && strstr(r->by, models))) return 0;
    if (r->by && strlen(r->by) > MOST_NAMED) return 0; /* a page, not a list */
    if (asprintf(&all, "%s%s%s", r->by ? r->by : "", r->by ? "; " : "", models) < 0) return no_memory();
    free(r->by);
    r->by = all;
    return 0;
}

/* Notes the model that wrote a tag, compares it with the panel's (t: its target, -1: all of it; -2: none), and warns of
 * the first difference. Returns 0, or -1 (logged). */
static int check_origin(report_t *r, const char *tag, int t)
{
    tfb_origin_t o, panel = {.digests = NULL};
    char source[512];
    int ret = -1;
    if (tfb_origin_read(r->hdr, tag, &o) < 0) return -1;
    if (strstr(o.options, "--strand fwd")) r->strand = TFB_STRAND_FWD;
    if (strstr(o.options, "--strand rev")) r->strand = TFB_STRAND_REV;
    if (add_models(r, o.models) < 0) goto done;
    if (t > -2 && !r->other) {
        snprintf(source, sizeof source, "%.500s", tfb_panel_source(r->o->panel, t)); /* annotate cuts long lists */
        if (tfb_origin_parse(source, &panel) < 0) goto done;
        r->other = tfb_origin_known(&o) && strcmp(o.digests, panel.digests);
        if (r->other)
            tfb_warn("%s was annotated by %s: the figures are by another model, %s", tfb_input_name(r->o->in), o.models,
                     source);
        tfb_origin_free(&panel);
    }
    ret = 0;
done:
    tfb_origin_free(&o);
    return ret;
}

/* Notes the models that annotated, and whether the figures use them. Returns 0, or -1 (logged). */
static int check_origins(report_t *r)
{
    const tfb_panel_t *p = r->o->panel;
    char tag[512];
    snprintf(tag, sizeof tag, "%s_DELTA", r->o->prefix);
    if (!r->name) return check_origin(r, tag, p ? -1 : -2);
    for (int i = 0; i < r->n_names; i++) {
        int t = p ? tfb_panel_n_targets(p) - 1 : -1;
        while (t >= 0 && strcmp(tfb_panel_target(p, t), r->real[i])) t--;
        snprintf(tag, sizeof tag, "%s_%s_DELTA", r->o->prefix, r->name[i]);
        if (check_origin(r, tag, t < 0 ? -2 : t) < 0) return -1;
    }
    return 0;
}

/* Finds the build of the positions: the one given, that of the header, or that of the FASTA. Returns 0, or -1 (logged).
 */
static int find_build(report_t *r)
{
    const tfb_report_opt_t *o = r->o;
    const tfb_build_t *of_fasta = tfb_build_of_fasta(o->fasta);
    if (o->genome && !(r->build = tfb_build_named(o->genome))) {
        tfb_error("--genome %s is not known: hg38, hg19, hs1, mm10 or mm39", o->genome);
        return -1;
    }
    if (!r->build) r->build = tfb_build_of_vcf(r->hdr);
    if (!r->build) r->build = of_fasta;
    if (o->fasta) r->genome = of_fasta ? of_fasta->text : tfb_base_name(tfb_fasta_path(o->fasta));
    return 0;
}

/* Looks for the summary's tags, or else for TFs with tags PREFIX_tf_DELTA. Returns 0, or -1 (logged). */
static int look_for_tags(report_t *r)
{
    char what[300];
    size_t np = strlen(r->o->prefix), longest = 0;
    for (int i = 0; i < r->hdr->n[BCF_DT_ID]; i++) {
        const char *key = r->hdr->id[BCF_DT_ID][i].key;
        if (key && strlen(key) > longest) longest = strlen(key);
    }
    if (ks_resize(&r->tag, np + longest + 16) < 0) return no_memory();
    r->strand = TFB_STRAND_BOTH;
    r->called = declared(r, "", TFB_TAG_CALL);
    if (declared(r, "", TFB_TAG_TOP)) return 0;
    r->called = 0;
    for (int i = 0; i < r->hdr->n[BCF_DT_ID]; i++) {
        const char *key = r->hdr->id[BCF_DT_ID][i].key;
        size_t n = key ? strlen(key) : 0;
        if (!key || !bcf_hdr_idinfo_exists(r->hdr, BCF_HL_INFO, i) || n < np + 8 || strncmp(key, r->o->prefix, np) ||
            key[np] != '_' || strcmp(key + n - 6, "_DELTA"))
            continue;
        char **v = realloc(r->name, ((size_t)r->n_names + 2) * sizeof *v);
        if (!v) return no_memory();
        r->name = v;
        v[r->n_names + 1] = NULL;
        if (!(v[r->n_names] = strndup(key + np + 1, n - np - 7))) return no_memory();
        r->called |= declared(r, v[r->n_names], TFB_TAG_CALL);
        r->n_names++;
    }
    if (!(r->real = calloc((size_t)r->n_names + 1, sizeof *r->real))) return no_memory();
    for (int i = 0; i < r->n_names; i++)
        if (!(r->real[i] = strdup(real_name(r, r->name[i])))) return no_memory();
    if (r->n_names) return 0;
    snprintf(what, sizeof what, "%s_TOP", r->o->prefix);
    tfb_error("%s has no %s tags: annotate it first (tfbind annotate), or give --prefix", r->o->in, what);
    return -1;
}

/* ---- the page ---- */

static void histogram(const report_t *r, FILE *f)
{
    double most = 1, w = 9, h = 150, left = 46, top = 8;
    for (int b = 0; b < BINS; b++)
        if (r->bin[b] > most) most = (double)r->bin[b];
    double decades = ceil(log10(most));
    if (decades < 1) decades = 1;
    static const char *const ends[] = {"\u22121", "\u22120.5", "0", "+0.5", "+1"};
    const double one = 0.3; /* height of a count of 1, in decades */
    fprintf(f,
            "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%g\" height=\"%g\" viewBox=\"0 0 "
            "%g %g\" font-family=\"sans-serif\" "
            "font-size=\"11\" "
            "fill=\"#333\"><title>Distribution of delta</title>\n",
            left + BINS * w + 10, h + 46, left + BINS * w + 10, h + 46);
    for (int d = 0; d <= (int)decades; d++) {
        double y = top + h - h * (d + one) / (decades + one);
        fprintf(f,
                "<line x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dbe3ea\"/><text x=\"%g\" y=\"%.1f\" "
                "text-anchor=\"end\">%.0f</text>\n",
                left, left + BINS * w, y, y, left - 5, y + 4, pow(10, d));
    }
    for (int b = 0; b < BINS; b++) {
        if (!r->bin[b]) continue;
        double x = h * (log10((double)r->bin[b]) + one) / (decades + one), lo = -1 + 2.0 * b / BINS;
        fprintf(f,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%+.2f to %+.2f: %" PRId64
                "</title></rect>\n",
                left + b * w + 1, top + h - x, w - 2, x, b < BINS / 2 ? TFB_DOWN : TFB_UP, lo, lo + 2.0 / BINS,
                r->bin[b]);
    }
    for (int k = -2; k <= 2; k++)
        fprintf(f, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n", left + (k + 2) * BINS * w / 4,
                top + h + 15, ends[k + 2]);
    fprintf(f,
            "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">delta: probability with ALT minus "
            "REF</text></svg>\n<figcaption>Changes of TFs by delta. Counts on a logarithmic "
            "scale.</figcaption></figure>\n",
            left + BINS * w / 2, top + h + 33);
}

/* Writes a number. column: "" or " " and the class of its column, by which narrow screens name it. */
static void put_number(FILE *f, const char *column, const char *format, double v)
{
    fprintf(f, "<td class=\"n%s\">", column);
    if (!isfinite(v))
        fputc('.', f);
    else
        fprintf(f, format, v);
    fputs("</td>", f);
}

/* Writes a delta in blue or orange. One that rounds to 0 gets no colour and no sign. */
static void put_delta(FILE *f, double d, const char *column)
{
    if (fabs(d) < 0.0005)
        fprintf(f, "<td class=\"n%s\">0.000</td>", column);
    else
        fprintf(f, "<td class=\"n %s%s\">%+.3f</td>", d < 0 ? "down" : "up", column, d);
}

/* Writes the greatest change in one direction; 0: none. */
static void put_extreme(FILE *f, double d)
{
    if (d == 0)
        fputs("<td class=\"n\">.</td>", f);
    else
        put_delta(f, d, "");
}

static void put_allele(FILE *f, const char *a)
{
    char text[48];
    size_t n = strlen(a);
    if (n > 24)
        snprintf(text, sizeof text, "%.12s...(%zu)", a, n);
    else
        snprintf(text, sizeof text, "%s", a);
    tfb_xml_put(f, text);
}

static int by_effect(const void *a, const void *b)
{
    const tf_t *x = a, *y = b;
    int64_t n = x->gain + x->loss, m = y->gain + y->loss;
    double p = x->most > -x->least ? x->most : -x->least;
    double q = y->most > -y->least ? y->most : -y->least;
    if (n != m) return n < m ? 1 : -1;
    if (p != q) return p < q ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void put_tf_link(FILE *f, const char *tf)
{
    fputs("<a href=\"#", f);
    tfb_html_id(f, "tf-", tf);
    fputs("\">", f);
    tfb_xml_put(f, tf);
    fputs("</a>", f);
}

/* ---- links ---- */

/* Writes a position, with links to UCSC and Ensembl if the build and the chromosome are known. */
static void put_place(const report_t *r, FILE *f, const top_t *t)
{
    enum { AROUND = 50 }; /* bases shown on each side */
    const tfb_build_t *b = r->build;
    kstring_t ucsc = {0, 0, NULL}, ensembl = {0, 0, NULL};
    int64_t beg = t->pos + 1, end = t->pos + (int64_t)strlen(t->ref);
    int linked = b && tfb_build_chrom(b, t->contig, 1, &ucsc) == 0 && tfb_build_chrom(b, t->contig, 0, &ensembl) == 0;
    if (linked)
        fprintf(f,
                "<a href=\"https://genome.ucsc.edu/cgi-bin/hgTracks?db=%s&amp;position=%s:%" PRId64 "-%" PRId64 "\">",
                b->ucsc, ucsc.s, beg > AROUND ? beg - AROUND : 1, end + AROUND);
    tfb_xml_put(f, t->contig);
    fprintf(f, ":%" PRId64, beg);
    if (linked) fputs("</a>", f);
    if (linked && b->ensembl)
        fprintf(f, " <a class=\"sub\" href=\"%s/Location/View?r=%s:%" PRId64 "-%" PRId64 "\">Ensembl</a>", b->ensembl,
                ensembl.s, beg, end);
    free(ucsc.s);
    free(ensembl.s);
}

/* Writes an identifier: an rsID with a link to dbSNP, or for mouse, which dbSNP left out, to Ensembl. */
static void put_id(const report_t *r, FILE *f, const char *id)
{
    const tfb_build_t *b = r->build;
    int is_rs = strncmp(id, "rs", 2) == 0 && id[2] && strspn(id + 2, "0123456789") == strlen(id + 2);
    int human = !b || strcmp(b->species, "human") == 0;
    if (is_rs && human)
        fprintf(f, "<a href=\"https://www.ncbi.nlm.nih.gov/snp/%s\">", id);
    else if (is_rs && b->ensembl)
        fprintf(f, "<a href=\"%s/Variation/Explore?v=%s\">", b->ensembl, id);
    tfb_xml_put(f, id);
    if (is_rs && (human || b->ensembl)) fputs("</a>", f);
}

/* ---- figures ---- */

static int least(int a, int b) { return a < b ? a : b; }

/* A listed variant's figure. Threads draw figures to memory; the page gets them in the order of the list. */
typedef struct {
    tfb_figure_site_t site;
    int target, got; /* in the panel, -1: none; as tfb_figure_variant */
    char *svg;
    size_t n_svg;
} figure_t;

enum { AT_ONCE = 4 }; /* figures in memory for each thread */

typedef struct {
    const report_t *r;
    tfb_pool_t *pool;
    tfb_panel_t **panel; /* (threads) the report's, and forks of it */
    figure_t *figure;    /* (m_figures) */
    int n_threads, m_figures;
} drawers_t;

/* Prepares to draw n figures. Returns 0, or -1 (logged). Close d in either case. */
static int drawers_open(drawers_t *d, const report_t *r, int n)
{
    const tfb_report_opt_t *o = r->o;
    int n_threads = least(o->threads, n);
    *d = (drawers_t){.r = r, .n_threads = n_threads > 1 ? n_threads : 1};
    d->m_figures = AT_ONCE * d->n_threads;
    d->panel = tfb_alloc((size_t)d->n_threads, sizeof(tfb_panel_t *), "figures");
    d->figure = tfb_alloc((size_t)d->m_figures, sizeof *d->figure, "figures");
    if (!d->panel || !d->figure || !(d->pool = tfb_pool_create(d->n_threads))) return -1;
    d->panel[0] = o->panel;
    for (int i = 1; i < d->n_threads; i++)
        if (!(d->panel[i] = tfb_panel_fork(o->panel))) return -1;
    return 0;
}

static void drawers_close(drawers_t *d)
{
    for (int i = 1; d->panel && i < d->n_threads; i++) tfb_panel_close(d->panel[i]);
    free(d->panel);
    free(d->figure);
    tfb_pool_destroy(d->pool);
}

/* Reads the windows of a variant, with the file's calls and percentiles if they come from this model. */
static void prepare(const report_t *r, const top_t *t, figure_t *f)
{
    const tfb_report_opt_t *o = r->o;
    tfb_figure_ask_t ask = {.contig = t->contig, .id = t->id, .pos = t->pos, .ref = t->ref, .alt = t->alt, .db = o->db};
    ask.genome = r->genome;
    ask.page = 1;
    *f = (figure_t){.target = -1, .got = 1};
    for (int k = 0; k < tfb_panel_n_targets(o->panel); k++)
        if (strcmp(tfb_panel_target(o->panel, k), t->tf) == 0) f->target = k;
    if (f->target < 0 || strlen(t->ref) >= MAX_ALLELE || strlen(t->alt) >= MAX_ALLELE) return;
    ask.target = f->target;
    ask.strand = r->strand;
    ask.annotated = !r->other && (r->called || !isnan(t->pct));
    ask.percentile = t->pct;
    ask.call = t->call;
    f->got = tfb_figure_read(&f->site, o->panel, o->fasta, &ask);
}

/* Draws a figure that has been read. For tfb_pool_run. */
static void draw(void *arg, int i, int thread)
{
    drawers_t *d = arg;
    figure_t *f = &d->figure[i];
    if (f->got) return;
    FILE *out = open_memstream(&f->svg, &f->n_svg);
    f->got = out ? tfb_figure_variant(out, d->panel[thread], &f->site) : no_memory();
    int bad = out && ferror(out);
    if (out) bad |= fclose(out) != 0;
    if (bad && f->got == 0) f->got = no_memory();
}

/* Writes why there is no figure. got: the result of tfb_figure_variant. */
static const char *why_not(int target, int got)
{
    if (target < 0) return "the model does not predict this TF";
    if (got == TFB_ALLELE_MISMATCH) return "REF disagrees with this reference";
    if (got == TFB_FIGURE_NO_NUMBER) return "the model's score is not finite";
    return "the alleles cannot be scored on this reference";
}

static void put_figure(const report_t *r, const top_t *t, int number, const figure_t *g, FILE *f)
{
    fprintf(f, "<section class=\"v\" id=\"v%d\"><h3>%d. ", number, number);
    put_tf_link(f, t->tf);
    fprintf(f, " <span class=\"%s\">%+.3f ", t->delta < 0 ? "down" : "up", t->delta);
    if (t->call) tfb_xml_put(f, t->call);
    fputs("</span> \u00b7 ", f);
    if (strcmp(t->id, ".")) put_id(r, f, t->id), fputs(" \u00b7 ", f);
    put_place(r, f, t);
    fputc(' ', f);
    put_allele(f, t->ref), fputs("&gt;", f), put_allele(f, t->alt);
    fputs("</h3>\n", f);
    if (g->got)
        fprintf(f, "<p class=\"sub\">No figure: %s.</p>", why_not(g->target, g->got));
    else
        fwrite(g->svg, 1, g->n_svg, f);
    fputs("</section>\n", f);
}

/* Draws n figures from variant `first` on, and writes them. Returns 0, or -1 (logged). */
static int put_figures(drawers_t *d, int first, int n, FILE *f)
{
    int ret = 0;
    memset(d->figure, 0, (size_t)n * sizeof *d->figure);
    for (int i = 0; i < n && ret == 0; i++) {
        prepare(d->r, &d->r->top[first + i], &d->figure[i]);
        if (d->figure[i].got < 0) ret = -1;
    }
    if (ret == 0) tfb_pool_run(d->pool, n, draw, d);
    for (int i = 0; i < n; i++) {
        figure_t *g = &d->figure[i];
        if (g->got < 0) ret = -1;
        if (ret == 0) put_figure(d->r, &d->r->top[first + i], first + i + 1, g, f);
        tfb_figure_site_free(&g->site);
        free(g->svg);
    }
    return ret;
}

static int figures(report_t *r, FILE *f)
{
    const tfb_report_opt_t *o = r->o;
    drawers_t d;
    int n = least(r->n_top, o->n_figures);
    fputs("<h2 id=\"figures\">Figures</h2>\n<p>What each base contributes to the log odds of binding, with the REF and "
          "with the ALT allele, by in-silico mutagenesis: the height of a letter is its effect against the mean of the "
          "four bases there. Shaded: the allele. \u2212: the other strand.</p>\n",
          f);
    if (r->other) {
        fputs("<p class=\"sub\">The figures are by another model (", f);
        tfb_xml_put(f, tfb_panel_source(o->panel, -1));
        fputs(") than the one that annotated the variants (", f);
        tfb_xml_put(f, r->by);
        fputs("): their probabilities and words need not agree with the table's.</p>\n", f);
    }
    int ret = drawers_open(&d, r, n);
    for (int i = 0; i < n && ret == 0; i += d.m_figures) ret = put_figures(&d, i, least(n - i, d.m_figures), f);
    drawers_close(&d);
    return ret;
}

static void put_card(FILE *f, const char *colour, int64_t n, const char *what)
{
    fprintf(f, "<li><b%s>%" PRId64 "</b>%s</li>", colour, n, what);
}

static void put_cards(const report_t *r, FILE *f)
{
    const tfb_report_opt_t *o = r->o;
    const char *const up = " class=\"up\"", *const down = " class=\"down\"";
    char what[64];
    fputs("<ul class=\"cards\">", f);
    put_card(f, "", r->n_records, "records");
    put_card(f, "", r->n_alts, "ALT alleles");
    put_card(f, "", r->n_scored, "scored");
    if (r->called) {
        put_card(f, up, r->call[0], "gains");
        put_card(f, down, r->call[1], "losses");
        put_card(f, "", r->call[2], "changes");
    }
    snprintf(what, sizeof what, "delta +%g or more", o->delta);
    put_card(f, up, r->n_gain, what);
    snprintf(what, sizeof what, "delta \u2212%g or less", o->delta);
    put_card(f, down, r->n_loss, what);
    fputs("</ul>\n", f);
}

/* Writes what the words of the page mean. */
static void put_words(const report_t *r, FILE *f)
{
    fputs("<p class=\"sub\"><b>Delta</b>: the probability of binding with ALT minus that with REF. ", f);
    if (r->called)
        fputs("<b>Gain</b>, <b>loss</b>, <b>change</b>: by the TF's own threshold a site appears, disappears or stays, "
              "and "
              "its delta is unusual among random SNVs. ",
              f);
    else
        fputs("The variants have no calls of gain and loss, because the model is not calibrated. ", f);
    fputs("These predictions describe what a change of sequence does to a binding site. They do not tell whether the "
          "site "
          "is accessible in the cells of interest. Deltas of different TFs are not on one scale.</p>\n",
          f);
}

/* Writes what the page is about. */
static void put_facts(const report_t *r, FILE *f)
{
    const tfb_report_opt_t *o = r->o;
    char text[200];
    fputs("<dl class=\"facts\">\n", f);
    tfb_html_fact(f, "Input", strcmp(o->in, "-") ? tfb_base_name(o->in) : "standard input");
    fputs("<dt>Model</dt><dd>", f);
    tfb_xml_put(f, r->by ? r->by : "not named in the header");
    if (o->panel && r->by)
        fputs(r->other ? "; the figures are by another model: " : "; the figures are by the same model", f);
    else if (o->panel)
        fputs("; the figures are by ", f);
    if (o->panel && (r->other || !r->by)) tfb_xml_put(f, tfb_panel_source(o->panel, -1));
    fputs("</dd>\n", f);
    snprintf(text, sizeof text, "%.150s", r->build ? r->build->text : "not recognised by contig lengths");
    tfb_html_fact(f, "Genome", text);
    tfb_html_made(f, o->command);
}

/* Writes the headings of the columns. */
static void put_headings(const report_t *r, FILE *f, int pct, int phred)
{
    fputs("<thead><tr><th class=\"n\">#</th><th>TF</th><th class=\"n\">delta</th>", f);
    if (r->called) fputs("<th>call</th>", f);
    fputs("<th class=\"n\">REF</th><th class=\"n\">ALT</th><th>alleles</th><th>position</th><th>variant</th>"
          "<th class=\"n\">log odds</th>",
          f);
    if (pct) fputs("<th class=\"n\">percentile</th>", f);
    if (phred) fputs("<th class=\"n\">PHRED</th>", f);
    fputs("</tr></thead>\n", f);
}

static void put_variants(const report_t *r, FILE *f, int drawn)
{
    const tfb_report_opt_t *o = r->o;
    int pct = 0, phred = 0;
    for (int i = 0; i < r->n_top; i++) {
        pct |= !isnan(r->top[i].pct);
        phred |= !isnan(r->top[i].phred);
    }
    fputs("<h2 id=\"variants\">Strongest variants</h2>\n<div class=\"wide\"><table class=\"s v\">\n", f);
    put_headings(r, f, pct, phred);
    fputs("<tbody>\n", f);
    for (int i = 0; i < r->n_top; i++) {
        const top_t *t = &r->top[i];
        fputs("<tr><td class=\"n\">", f);
        if (drawn && i < o->n_figures)
            fprintf(f, "<a href=\"#v%d\">%d</a>", i + 1, i + 1);
        else
            fprintf(f, "%d", i + 1);
        fputs("</td><td class=\"tf\">", f);
        put_tf_link(f, t->tf);
        fputs("</td>", f);
        put_delta(f, t->delta, " d");
        if (r->called) fputs("<td class=\"c\">", f), tfb_xml_put(f, t->call ? t->call : "."), fputs("</td>", f);
        put_number(f, " r", "%.3f", t->p_ref), put_number(f, " a", "%.3f", t->p_alt);
        fputs("<td class=\"b\">", f);
        put_allele(f, t->ref), fputs("&gt;", f), put_allele(f, t->alt);
        fputs("</td><td class=\"g\">", f);
        put_place(r, f, t);
        fputs("</td><td class=\"b\">", f);
        put_id(r, f, t->id);
        fputs("</td>", f);
        put_number(f, " o", "%+.2f", t->lor);
        if (pct) put_number(f, " p", "%.2f", floor(t->pct * 100) / 100); /* cut off, not rounded: 99.997 is not 100 */
        if (phred) put_number(f, " q", "%.1f", t->phred);
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
}

static void put_tfs(report_t *r, FILE *f, int drawn)
{
    const tfb_report_opt_t *o = r->o;
    int call = r->called;
    tfb_sort(r->tf, (size_t)r->n_tfs, sizeof *r->tf, by_effect);
    fprintf(f,
            "<h2 id=\"tfs\">TFs</h2>\n<p>%s Columns \u2265, \u2264, most and least are of delta.</p>\n<div "
            "class=\"wide\"><table class=\"s t\">\n<thead><tr><th>TF</th><th "
            "class=\"n\">alleles</th><th class=\"n\">\u2265 +%g</th><th class=\"n\">\u2264 \u2212%g</th>",
            r->name ? "Alleles scored for each TF." : "Alleles that change this TF more than any other TF.", o->delta,
            o->delta);
    if (call) fputs("<th class=\"n\">gain</th><th class=\"n\">loss</th><th class=\"n\">change</th>", f);
    fprintf(f, "<th class=\"n\">most</th><th class=\"n\">least</th>%s</tr></thead>\n<tbody>\n",
            drawn ? "<th class=\"m\">figures</th>" : "");
    for (int k = 0; k < r->n_tfs; k++) {
        const tf_t *t = &r->tf[k];
        fputs("<tr id=\"", f);
        tfb_html_id(f, "tf-", t->name);
        fputs("\"><td>", f);
        tfb_xml_put(f, t->name);
        fprintf(f,
                "</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">%" PRId64 "</td>",
                t->n, t->gain, t->loss);
        for (int c = 0; call && c < CALLS; c++) fprintf(f, "<td class=\"n\">%" PRId64 "</td>", t->call[c]);
        put_extreme(f, t->most), put_extreme(f, t->least);
        if (drawn) fputs("<td class=\"m\">", f);
        for (int i = 0; drawn && i < r->n_top && i < o->n_figures; i++)
            if (strcmp(r->top[i].tf, t->name) == 0) fprintf(f, "<a href=\"#v%d\">%d</a> ", i + 1, i + 1);
        fputs(drawn ? "</td></tr>\n" : "</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
    if (r->n_more)
        fprintf(f, "<p class=\"sub\">More than %d TFs are named: the others are not in this table.</p>\n", MAX_TFS);
}

/* Writes what --open and --expressed left out. */
static void put_limits(const report_t *r, FILE *f)
{
    const tfb_report_opt_t *o = r->o;
    if (o->open.path) {
        fputs("<p class=\"sub\">Only changes of bases in open chromatin (", f);
        tfb_xml_put(f, tfb_base_name(o->open.path));
        fprintf(f, "): %" PRId64 " scored ALT alleles are left out.</p>\n", r->n_closed);
    }
    if (o->expressed.path) {
        fprintf(f, "<p class=\"sub\">Only TFs with at least %g TPM (", tfb_expressed_min(&o->expressed));
        tfb_xml_put(f, tfb_base_name(o->expressed.path));
        fprintf(f, "): %" PRId64 " changes of other TFs are left out.</p>\n", r->n_not_expressed);
    }
}

static int page(report_t *r, FILE *f)
{
    const tfb_report_opt_t *o = r->o;
    int ret = 0, drawn = o->panel && o->fasta && o->n_figures > 0 && r->n_top > 0;
    tfb_html_begin(f, o->title);
    if (drawn) tfb_logo_letters(f);
    put_facts(r, f);
    fprintf(f, "<nav><a href=\"#variants\">Variants</a>%s<a href=\"#tfs\">TFs</a></nav>\n",
            drawn ? "<a href=\"#figures\">Figures</a>" : "");
    put_cards(r, f);
    put_limits(r, f);
    put_words(r, f);
    histogram(r, f);
    put_variants(r, f, drawn);
    if (drawn) ret = figures(r, f);
    put_tfs(r, f, drawn);
    tfb_html_end(f);
    return ret;
}

int tfb_report(const tfb_report_opt_t *o, FILE *out)
{
    report_t r = {.o = o, .index = kh_init(tf), .top = calloc((size_t)o->n_top + 2, sizeof *r.top)};
    htsFile *fp = hts_open(o->in, "r");
    bcf1_t *rec = bcf_init();
    tfb_records_t *in = NULL;
    int ret = -1, got, whole;
    if (!fp || (hts_get_format(fp)->format != vcf && hts_get_format(fp)->format != bcf)) {
        tfb_error("cannot read %s as VCF or BCF", o->in);
        goto done;
    }
    if (strcmp(o->in, "-") != 0 && hts_check_EOF(fp) == 0) {
        tfb_error("%s is truncated or damaged: its end-of-file marker is missing", o->in);
        goto done;
    }
    if (!rec || !r.index || !r.top) goto memory;
    if (!(r.hdr = bcf_hdr_read(fp))) {
        tfb_error("cannot read the header of %s", o->in);
        goto done;
    }
    if (tfb_expressed_check(&o->expressed) < 0) goto done;
    if (look_for_tags(&r) < 0 || find_build(&r) < 0 || check_origins(&r) < 0) goto done;
    if (o->panel) tfb_builds_check(o->panel, o->fasta, o->in, tfb_build_of_vcf(r.hdr));
    if (o->open.path && !(r.open = tfb_open_load(&o->open, o->fasta))) goto done;
    if (o->expressed.path && !(r.expressed = tfb_expressed_load(&o->expressed))) goto done;
    if (o->by_phred && !declared(&r, "", TFB_TAG_PHRED)) {
        tfb_error("%s has no %s tags, which --rank-by phred needs: annotate it with a model calibrated for them",
                  tfb_input_name(o->in), tag_of(&r, "", TFB_TAG_PHRED));
        goto done;
    }
    if (open_track(&r) < 0 || !(in = tfb_records_on(o->in, fp, r.hdr))) goto done;
    while ((got = tfb_records_next(in, &rec)) > 0) {
        if (tfb_values_check(o->in, r.hdr, rec) < 0) goto done;
        if (record(&r, rec) < 0) goto memory;
    }
    if (got < 0) goto done;
    ret = page(&r, out);
    goto done;
memory:
    no_memory();
done:
    whole = ret == 0 && (!r.track || fflush(out) == 0); /* if not, closing the page reports it */
    if (close_track(&r, whole) < 0 && whole) ret = -1;
    for (int i = 0; i < r.n_tfs; i++) free(r.tf[i].name);
    for (int i = 0; r.top && i < r.n_top; i++) top_free(&r.top[i]);
    for (int k = 0; k < VALUES; k++) free(r.num[k]);
    for (int k = 0; k < 2; k++) free(r.str[k]);
    tfb_open_destroy(r.open);
    tfb_expressed_destroy(r.expressed);
    tfb_records_close(in);
    tfb_strv_free(r.name);
    tfb_strv_free(r.real);
    free(r.by);
    free(r.tag.s);
    free(r.tf);
    free(r.top);
    if (r.index) kh_destroy(tf, r.index);
    if (r.hdr) bcf_hdr_destroy(r.hdr);
    if (rec) bcf_destroy(rec);
    if (fp) hts_close(fp);
    return ret;
}
