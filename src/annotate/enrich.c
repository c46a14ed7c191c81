/* enrich.c - enrichment of changes in a set of variants. Stages: hits and background into memory | scores (or tags) | per TF: rank test and
 * permutation | table, figure.
 *
 * Hits are all kept; of the background at most max_background, a uniform sample: what matters of it is its distribution. */
#include "annotate/enrich.h"
#include "annotate/windows.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "genome/draw.h"
#include "util/stats.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/kstring.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tfb_enrich_name[3] = {"change", "gain", "loss"};

enum {
    BATCH = 1024,
    AF_BINS = 20,               /* of the minor allele's frequency: 0.025 wide */
    GC_BINS = 10,               /* as for the matched examples of training */
    CLASSES = 64 * 3 * GC_BINS, /* trinucleotide, which other letter, GC of the window */
    CANDIDATES = 400000,        /* random SNVs to choose matching ones from, at most */
    SHOWN = 20,                 /* TFs of the figure */
    HITS_ONLY = 0,
    REST_ONLY,
    BOTH, /* what a file is read for; BOTH: LP decides */
};

typedef struct {
    int contig, hit, stratum; /* stratum: permutations stay within; -1: left out */
    int down;                 /* it is REF that raises the trait: changes are turned round */
    hts_pos_t pos;
    char *ref, *alt; /* one allocation */
    double w;        /* of a hit; 0 for the background */
    float *v;        /* (T) changes of probability; NULL: not known */
} variant_t;

typedef struct {
    const tfb_enrich_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_regions_t *regions;
    int T;
    char **contigs;
    int n_contigs;
    char *as_read; /* the last contig, as its file has it and as the FASTA has it */
    const char *as_fasta;
    int said_style;
    variant_t *var;
    int64_t n, m, n_hits, n_background_seen;
    int64_t n_elsewhere, n_weightless, n_no_lp, n_no_es, n_no_af, n_both, n_unmatched, n_reason[TFB_ALLELE_REASONS];
    tfb_rng_t rng;
    /* of the file being read */
    float *f;
    int32_t *i;
    int m_f, m_i;
    char *s;
    int m_s;
    kstring_t tag;
    /* statistics */
    float *x;       /* (n, T) */
    double *w;      /* (n) */
    int64_t *of;    /* (n) variants, a stratum after the other */
    int64_t *first; /* (n_strata + 1) in of */
    int n_strata;
    double *obs, *perm, *auc, *p[2], *q[2], *mean[2];
    float **column;  /* per thread: (n) */
    int64_t **order; /* per thread: (n) */
    double **weight; /* per thread: (T) sums */
    int bad;
} args_t;

void tfb_enrich_defaults(tfb_enrich_opt_t *o)
{
    *o = (tfb_enrich_opt_t){
        .tf = "all", .prefix = "TFB", .min_lp = NAN, .n_random = 10, .max_n = 20, .n_permutations = 10000, .threads = 1, .max_background = 100000, .seed = 1};
}

/* ---- variants ---- */

static int contig_of(args_t *a, const char *name)
{
    for (int c = a->n_contigs - 1; c >= 0; c--)
        if (strcmp(a->contigs[c], name) == 0) return c;
    char **v = realloc(a->contigs, ((size_t)a->n_contigs + 2) * sizeof *v);
    if (!v) return -1;
    a->contigs = v;
    v[a->n_contigs + 1] = NULL;
    return (v[a->n_contigs] = strdup(name)) ? a->n_contigs++ : -1;
}

/* The FASTA's name of a contig, so that hits, background and regions meet where their styles differ; its own where the FASTA has none. */
static const char *fasta_name(args_t *a, const char *contig)
{
    if (!a->as_read || strcmp(a->as_read, contig)) {
        int k = tfb_fasta_find(a->fasta, contig);
        free(a->as_read);
        a->as_read = strdup(contig);
        a->as_fasta = k >= 0 ? tfb_fasta_contig(a->fasta, k) : NULL;
        if (k >= 0 && strcmp(a->as_fasta, contig) && !a->said_style++)
            tfb_note("contigs are named in two styles: %s is taken for %s of %s", contig, a->as_fasta, a->o->fasta);
    }
    return a->as_fasta ? a->as_fasta : contig;
}

static void release(variant_t *v)
{
    free(v->ref);
    free(v->v);
    v->ref = NULL;
    v->v = NULL;
}

/* A place for one more: of the background, once there are enough, that of another or none. *to NULL: not wanted. */
static int place_for(args_t *a, int hit, variant_t **to)
{
    *to = NULL;
    if (!hit) {
        int64_t have = a->n - a->n_hits;
        a->n_background_seen++;
        if (have >= a->o->max_background) {
            if ((int64_t)tfb_rng_below(&a->rng, (uint64_t)a->n_background_seen) >= have) return 0;
            do *to = &a->var[tfb_rng_below(&a->rng, (uint64_t)a->n)];
            while ((*to)->hit);
            release(*to);
            return 0;
        }
    }
    if (a->n == a->m) {
        int64_t m = 2 * a->m + 1024;
        variant_t *v = realloc(a->var, (size_t)m * sizeof *v);
        if (!v) {
            tfb_error("not enough memory for %" PRId64 " variants", m);
            return -1;
        }
        a->var = v;
        a->m = m;
    }
    *to = &a->var[a->n++];
    a->n_hits += hit;
    return 0;
}

static int set(args_t *a, variant_t *v, const char *contig, hts_pos_t pos, const char *ref, const char *alt, int hit, double w)
{
    size_t n = strlen(ref) + 1, k = strlen(alt) + 1;
    *v = (variant_t){.contig = contig_of(a, contig), .hit = hit, .pos = pos, .w = w};
    if (v->contig < 0 || !(v->ref = malloc(n + k))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    v->alt = v->ref + n;
    memcpy(v->ref, ref, n);
    memcpy(v->alt, alt, k);
    return 0;
}

static int by_place(const void *x, const void *y)
{
    const variant_t *a = x, *b = y;
    int c;
    if (a->contig != b->contig) return a->contig < b->contig ? -1 : 1;
    if (a->pos != b->pos) return a->pos < b->pos ? -1 : 1;
    return (c = strcasecmp(a->ref, b->ref)) ? c : strcasecmp(a->alt, b->alt);
}

/* ---- reading ---- */

/* Entry `alt` of a numeric tag "INFO/X" or "FORMAT/X" (the first sample's) that has one value or one for each ALT; NaN where missing. 0, or -1
 * where the header does not declare such a tag (logged). */
static int number(args_t *a, const char *path, bcf_hdr_t *hdr, bcf1_t *rec, const char *spec, int alt, double *v)
{
    int format = strncmp(spec, "FORMAT/", 7) == 0, type = format ? BCF_HL_FMT : BCF_HL_INFO, got;
    const char *tag = format ? spec + 7 : strncmp(spec, "INFO/", 5) == 0 ? spec + 5 : spec;
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag), ints, n = rec->n_allele - 1;
    *v = NAN;
    if (id < 0 || !bcf_hdr_idinfo_exists(hdr, type, id) ||
        ((ints = bcf_hdr_id2type(hdr, type, (uint32_t)id) == BCF_HT_INT) == 0 && bcf_hdr_id2type(hdr, type, (uint32_t)id) != BCF_HT_REAL)) {
        tfb_error("%s declares no numeric %s/%s", path, format ? "FORMAT" : "INFO", tag);
        return -1;
    }
    if (format)
        got = ints ? bcf_get_format_int32(hdr, rec, tag, &a->i, &a->m_i) : bcf_get_format_float(hdr, rec, tag, &a->f, &a->m_f);
    else
        got = ints ? bcf_get_info_int32(hdr, rec, tag, &a->i, &a->m_i) : bcf_get_info_float(hdr, rec, tag, &a->f, &a->m_f);
    if (format && got > 0) got /= bcf_hdr_nsamples(hdr);
    if (got < 1) return 0;
    int k = got == 1 ? 0 : alt;
    if (k >= got || (got != 1 && got != n)) return 0;
    if (ints ? a->i[k] == bcf_int32_missing || a->i[k] == bcf_int32_vector_end : bcf_float_is_missing(a->f[k]) || bcf_float_is_vector_end(a->f[k])) return 0;
    *v = ints ? a->i[k] : (double)a->f[k];
    return 0;
}

/* a->tag has room: see tfb_enrich. */
static void make_tag(args_t *a, const char *tf, const char *suffix)
{
    a->tag.l = 0;
    ksprintf(&a->tag, "%s%s%s_%s", a->o->prefix, *tf ? "_" : "", tf, suffix);
    for (size_t i = 0; i < a->tag.l; i++)
        if (!isalnum((unsigned char)a->tag.s[i]) && a->tag.s[i] != '.') a->tag.s[i] = '_';
}

static int declares(const bcf_hdr_t *hdr, int type, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, type, id);
}

/* Which allele raises the trait (*down), and the bin of the minor allele's frequency, as far as they are asked for. 1; 0 where a number is missing
 * (counted); -1 (logged). */
static int trait(args_t *a, const char *path, bcf_hdr_t *hdr, bcf1_t *rec, int alt, int hit, int role, int *down, int *stratum)
{
    double es, af;
    *down = *stratum = 0;
    if (a->o->by_effect && (role != REST_ONLY || declares(hdr, BCF_HL_FMT, "ES"))) { /* a background that is no GWAS has gains and losses of ALT */
        if (number(a, path, hdr, rec, "FORMAT/ES", alt, &es) < 0) return -1;
        if (hit && (isnan(es) || es == 0)) {
            a->n_no_es++;
            return 0;
        }
        *down = es < 0;
    }
    if (!a->o->match_af) return 1;
    if (number(a, path, hdr, rec, declares(hdr, BCF_HL_FMT, "AF") ? "FORMAT/AF" : "INFO/AF", alt, &af) < 0) return -1;
    if (!(af >= 0 && af <= 1)) {
        a->n_no_af++;
        return 0;
    }
    *stratum = (int)((af > 0.5 ? 1 - af : af) * 2 * AF_BINS);
    if (*stratum == AF_BINS) (*stratum)--;
    return 1;
}

static int has_tag(const bcf_hdr_t *hdr, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, BCF_HL_INFO, id);
}

/* Which tags a file has: 2 of each TF, 1 the summary, -1 neither (logged). */
static int tags_of(args_t *a, const char *path, const bcf_hdr_t *hdr)
{
    int have = 0;
    for (int t = 0; t < a->T; t++) {
        make_tag(a, tfb_panel_target(a->panel, t), "DELTA");
        have += has_tag(hdr, a->tag.s);
    }
    if (have == a->T) return 2;
    make_tag(a, "", "DELTA");
    if (!have && has_tag(hdr, a->tag.s)) return 1;
    tfb_error("%s %s: annotate it with --tf %s, or give -f ref.fa", path, have ? "has tags of some of the TFs only" : "is not annotated", a->o->tf);
    return -1;
}

/* Changes of an ALT from tags. 1, 0 where it was not scored, -1 (logged). */
static int read_tags(args_t *a, const char *path, bcf_hdr_t *hdr, bcf1_t *rec, int kind, int alt, variant_t *v)
{
    int n = rec->n_allele - 1, missing = 0;
    if (!(v->v = calloc((size_t)a->T, sizeof *v->v))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    for (int t = 0; kind == 2 && t < a->T; t++) {
        make_tag(a, tfb_panel_target(a->panel, t), "DELTA");
        int got = bcf_get_info_float(hdr, rec, a->tag.s, &a->f, &a->m_f);
        if (got != n || bcf_float_is_missing(a->f[alt]) || bcf_float_is_vector_end(a->f[alt]))
            missing++;
        else
            v->v[t] = a->f[alt];
    }
    if (kind == 2) {
        if (missing && missing < a->T) {
            tfb_error("%s: %s:%" PRId64 " has values of some TFs only (annotated with --min-percentile?): give -f ref.fa", path, bcf_seqname_safe(hdr, rec),
                      (int64_t)rec->pos + 1);
            return -1;
        }
        return missing == 0;
    }
    /* the summary: the TF that changes most, and as good as nothing for the others */
    make_tag(a, "", "TOP");
    int got = bcf_get_info_string(hdr, rec, a->tag.s, &a->s, &a->m_s), k = 0;
    if (got <= 0) return 0;
    char *name = a->s;
    while (k < alt && (name = strchr(name, ','))) name++, k++;
    if (!name) return 0;
    size_t len = strcspn(name, ",");
    make_tag(a, "", "DELTA");
    if (bcf_get_info_float(hdr, rec, a->tag.s, &a->f, &a->m_f) != n || bcf_float_is_missing(a->f[alt])) return 0;
    for (int t = 0; t < a->T; t++)
        if (strlen(tfb_panel_target(a->panel, t)) == len && strncmp(tfb_panel_target(a->panel, t), name, len) == 0) v->v[t] = a->f[alt];
    return 1;
}

static int read_record(args_t *a, const char *path, bcf_hdr_t *hdr, bcf1_t *rec, int role, int tags, int64_t n_before)
{
    const char *contig = bcf_seqname(hdr, rec);
    if (contig && a->fasta) contig = fasta_name(a, contig);
    if (!contig || bcf_unpack(rec, BCF_UN_ALL) < 0 || rec->n_allele < 1) {
        tfb_error("%s: a record is damaged, after %" PRId64 " others", path, n_before);
        return -1;
    }
    for (int alt = 0; alt + 1 < rec->n_allele; alt++) {
        double w = 1, lp;
        int hit = role != REST_ONLY, why = tfb_allele_kind(rec->d.allele[alt + 1]);
        variant_t *v, it;
        if (why == TFB_ALLELE_OK && tfb_allele_kind(rec->d.allele[0]) != TFB_ALLELE_OK) why = TFB_ALLELE_NOT_ACGT;
        if (why != TFB_ALLELE_OK) {
            a->n_reason[why]++;
            continue;
        }
        if (a->regions && !tfb_regions_has(a->regions, contig, rec->pos)) {
            a->n_elsewhere++;
            continue;
        }
        if (!isnan(a->o->min_lp) && role != REST_ONLY) {
            if (number(a, path, hdr, rec, "FORMAT/LP", alt, &lp) < 0) return -1;
            if (isnan(lp)) {
                a->n_no_lp++;
                continue;
            }
            if (!(hit = lp >= a->o->min_lp) && role == HITS_ONLY) continue;
        }
        if (hit && a->o->weight) {
            if (number(a, path, hdr, rec, a->o->weight, alt, &w) < 0) return -1;
            if (!(w > 0) || !isfinite(w)) {
                a->n_weightless++;
                continue;
            }
        }
        int down, stratum, r = trait(a, path, hdr, rec, alt, hit, role, &down, &stratum);
        if (r < 0) return -1;
        if (r == 0) continue;
        if (set(a, &it, contig, rec->pos, rec->d.allele[0], rec->d.allele[alt + 1], hit, hit ? w : 0) < 0) return -1;
        it.down = down;
        it.stratum = stratum;
        if (role == REST_ONLY && bsearch(&it, a->var, (size_t)a->n_hits, sizeof it, by_place)) { /* hits come first and are sorted */
            a->n_both++;
            r = 0;
        } else if (tags && (r = read_tags(a, path, hdr, rec, tags, alt, &it)) == 0)
            a->n_reason[TFB_ALLELE_NOT_ACGT]++;
        if (r > 0) r = place_for(a, hit, &v) < 0 ? -1 : v != NULL;
        if (r > 0)
            *v = it;
        else
            release(&it);
        if (r < 0) return -1;
    }
    return 0;
}

static int read_file(args_t *a, const char *path, int role)
{
    int ret = -1, got, tags = 0;
    int64_t n = 0;
    bcf1_t *rec = bcf_init();
    bcf_hdr_t *hdr = NULL;
    htsFile *fp = hts_open(path, "r");
    if (!fp) {
        tfb_error("cannot read %s: %s", path, strerror(errno));
        goto done;
    }
    if (!rec || (fp->format.format != vcf && fp->format.format != bcf) || !(hdr = bcf_hdr_read(fp))) {
        tfb_error("%s is not VCF or BCF", path);
        goto done;
    }
    if (strcmp(path, "-") && fp->format.compression == bgzf && hts_check_EOF(fp) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", path);
        goto done;
    }
    if (!a->fasta && (tags = tags_of(a, path, hdr)) < 0) goto done;
    while ((got = bcf_read(fp, hdr, rec)) == 0) {
        if (read_record(a, path, hdr, rec, role, tags, n) < 0) goto done;
        n++;
    }
    if (got < -1 || rec->errcode) {
        tfb_error("%s: cannot read on after %" PRId64 " records: it is damaged or truncated", path, n);
        goto done;
    }
    ret = 0;
done:
    if (rec) bcf_destroy(rec);
    if (hdr) bcf_hdr_destroy(hdr);
    if (fp) hts_close(fp);
    return ret;
}

/* ---- matched random SNVs ---- */

/* What an SNV in the middle of its window is compared with: the same trinucleotide and change on either strand, the same tenth of GC. -1: none. */
static int class_of(const uint8_t *code, int W, uint8_t alt)
{
    int b = W / 2, l, m, r, gc = 0, n = 0;
    if (W < 3 || code[b - 1] > 3 || code[b] > 3 || code[b + 1] > 3 || alt > 3 || alt == code[b]) return -1;
    l = code[b - 1], m = code[b], r = code[b + 1];
    for (int i = 0; i < W; i++) {
        gc += code[i] == 1 || code[i] == 2;
        n += code[i] < 4;
    }
    if (m >= 2) { /* G and T are C and A of the other strand */
        int k = 3 - l;
        l = 3 - r, m = 3 - m, r = k, alt = (uint8_t)(3 - alt);
    }
    int bin = gc * GC_BINS / n;
    return ((l * 16 + m * 4 + r) * 3 + (alt - m + 4) % 4 - 1) * GC_BINS + (bin < GC_BINS ? bin : GC_BINS - 1);
}

static int add_random(args_t *a)
{
    const tfb_enrich_opt_t *o = a->o;
    int ret = -1, W = tfb_panel_window(a->panel);
    int64_t m = 200 * a->n_hits * (int64_t)o->n_random, n_hits = a->n, n_taken = 0;
    if (m < 20000) m = 20000;
    if (m > CANDIDATES) m = CANDIDATES;
    tfb_regions_t *whole = a->regions ? NULL : tfb_regions_whole(o->fasta);
    const tfb_regions_t *r = a->regions ? a->regions : whole;
    tfb_snv_t *snv = tfb_alloc((size_t)m, sizeof *snv, "random SNVs");
    int *class = tfb_alloc((size_t)m, sizeof *class, "random SNVs");
    uint32_t *order = tfb_alloc((size_t)m, sizeof *order, "random SNVs");
    int *want = calloc(CLASSES, sizeof *want), *left = calloc(CLASSES, sizeof *left);
    uint8_t *code = malloc((size_t)W);
    if (!r || !snv || !class || !order || !want || !left || !code) goto done;
    for (int64_t i = 0; i < n_hits; i++) {
        variant_t *v = &a->var[i];
        tfb_change_t c;
        int snp = tfb_allele_trim(v->pos, v->ref, v->alt, &c) == TFB_ALLELE_OK && c.n_ref == 1 && c.n_alt == 1;
        int k = snp ? tfb_allele_window(a->fasta, a->contigs[v->contig], &c, 0, W, o->max_n, code) : TFB_ALLELE_EDGE;
        if (k < 0) goto done;
        v->stratum = k == TFB_ALLELE_OK ? class_of(code, W, tfb_base_code[(uint8_t)*c.alt]) : -1;
        if (v->stratum >= 0) want[v->stratum] += o->n_random;
    }
    if ((m = tfb_snvs_draw(r, a->fasta, W, o->max_n, &a->rng, snv, m)) < 0) goto done;
    for (int64_t i = 0; i < m; i++) {
        if (tfb_fasta_codes(a->fasta, r->contigs[snv[i].contig], snv[i].pos - W / 2, snv[i].pos - W / 2 + W, code) != 0) {
            tfb_error("cannot read %s again", o->fasta);
            goto done;
        }
        class[i] = class_of(code, W, snv[i].alt);
        order[i] = (uint32_t)i;
    }
    tfb_rng_shuffle(&a->rng, order, (size_t)m);
    for (int64_t i = 0; i < m; i++) {
        const tfb_snv_t *s = &snv[order[i]];
        int k = class[order[i]];
        if (k < 0 || left[k] == want[k]) continue;
        const char ref[2] = {tfb_base_char[s->ref], 0}, alt[2] = {tfb_base_char[s->alt], 0};
        variant_t *v, it;
        if (set(a, &it, r->contigs[s->contig], s->pos, ref, alt, 0, 0) < 0) goto done;
        it.stratum = k;
        if (bsearch(&it, a->var, (size_t)n_hits, sizeof it, by_place)) {
            release(&it);
            continue;
        }
        left[k]++;
        n_taken++;
        if (place_for(a, 0, &v) < 0) {
            release(&it);
            goto done;
        }
        if (v)
            *v = it;
        else
            release(&it);
    }
    for (int64_t i = 0; i < n_hits; i++)
        if (a->var[i].stratum < 0 || left[a->var[i].stratum] == 0) {
            a->n_unmatched++;
            a->var[i].stratum = -1;
        }
    tfb_note("%" PRId64 " random SNVs match %" PRId64 " hits in trinucleotide, change and GC; %" PRId64 " hits are left out: no SNVs, or none matches", n_taken,
             n_hits - a->n_unmatched, a->n_unmatched);
    ret = 0;
done:
    tfb_regions_destroy(whole);
    free(snv);
    free(class);
    free(order);
    free(want);
    free(left);
    free(code);
    return ret;
}

/* ---- matched frequencies ---- */

/* Thins the background so that each bin of frequencies has as many variants for a hit as any other: the most that all bins with hits can give, but
 * one at least. Hits of bins without background are left out. */
static int match_frequencies(args_t *a)
{
    int64_t hits[AF_BINS] = {0}, rest[AF_BINS] = {0}, taken[AF_BINS] = {0}, ratio = INT64_MAX, n = 0;
    uint32_t *order = tfb_alloc((size_t)a->n + 1, sizeof *order, "an order");
    if (!order) return -1;
    for (int64_t i = 0; i < a->n; i++) {
        (a->var[i].hit ? hits : rest)[a->var[i].stratum]++;
        order[i] = (uint32_t)i;
    }
    for (int b = 0; b < AF_BINS; b++)
        if (hits[b] && rest[b] && rest[b] / hits[b] < ratio) ratio = rest[b] / hits[b];
    if (ratio < 1 || ratio == INT64_MAX) ratio = 1;
    tfb_rng_shuffle(&a->rng, order, (size_t)a->n);
    for (int64_t i = 0; i < a->n; i++) {
        variant_t *v = &a->var[order[i]];
        int b = v->stratum;
        if (v->hit ? rest[b] > 0 : taken[b] < ratio * hits[b]) {
            if (!v->hit) taken[b]++, n++;
        } else {
            a->n_unmatched += v->hit;
            v->stratum = -1;
        }
    }
    tfb_note("%" PRId64 " variants of the background, up to %" PRId64 " for each hit, match the hits in the minor allele's frequency; %" PRId64
             " hits are left out: none matches",
             n, ratio, a->n_unmatched);
    free(order);
    return 0;
}

/* ---- scoring ---- */

static int score(args_t *a)
{
    int ret = -1, T = a->T;
    int64_t n_mismatch = 0;
    int pair[BATCH][2];
    tfb_windows_t win = {.W = tfb_panel_window(a->panel), .T = T};
    qsort(a->var, (size_t)a->n, sizeof *a->var, by_place);
    for (int64_t i = 0; i < a->n; i += BATCH) {
        int k = (int)(a->n - i < BATCH ? a->n - i : BATCH);
        win.n = 0;
        for (int j = 0; j < k; j++) {
            variant_t *v = &a->var[i + j];
            const char *contig = a->contigs[v->contig];
            tfb_change_t c;
            int at = 0, r;
            char base = 'N';
            pair[j][0] = pair[j][1] = -1;
            if (v->stratum < 0) continue;
            if ((r = tfb_allele_check_ref(a->fasta, contig, v->pos, v->ref, &at, &base)) == TFB_ALLELE_MISMATCH && n_mismatch++ == 0)
                tfb_warn("%s:%" PRId64 ": REF is %c but %s has %c; such variants are left out and counted", contig, (int64_t)v->pos + 1 + at, v->ref[at],
                         tfb_fasta_path(a->fasta), base);
            if (r == TFB_ALLELE_OK) r = (int)tfb_allele_trim(v->pos, v->ref, v->alt, &c);
            for (int s = 0; s < 2 && r == TFB_ALLELE_OK; s++) {
                uint8_t *code = tfb_windows_next(&win);
                if (!code) goto done;
                r = tfb_allele_window(a->fasta, contig, &c, s, win.W, a->o->max_n, code);
                if (r == TFB_ALLELE_OK) pair[j][s] = tfb_windows_keep(&win, s ? pair[j][0] : -1);
            }
            if (r < 0) goto done;
            a->n_reason[r]++;
        }
        if (tfb_panel_windows(a->panel, win.code, win.base, win.n, a->o->strand, win.z) < 0) goto done;
        for (int j = 0; j < k; j++) {
            variant_t *v = &a->var[i + j];
            if (pair[j][1] < 0) continue;
            const float *zr = tfb_windows_z(&win, pair[j][0]), *za = tfb_windows_z(&win, pair[j][1]);
            if (!(v->v = malloc((size_t)T * sizeof *v->v))) {
                tfb_error("not enough memory for %" PRId64 " variants", a->n);
                goto done;
            }
            for (int t = 0; t < T; t++) v->v[t] = tfb_sigmoid(za[t]) - tfb_sigmoid(zr[t]);
        }
    }
    ret = 0;
done:
    tfb_windows_free(&win);
    return ret;
}

/* ---- statistics ---- */

static int by_stratum(const void *x, const void *y) /* hits first within each */
{
    const variant_t *a = x, *b = y;
    if (a->stratum != b->stratum) return a->stratum < b->stratum ? -1 : 1;
    if (a->hit != b->hit) return b->hit - a->hit;
    return by_place(x, y);
}

/* The values, a row a variant, strata together. */
static int arrange(args_t *a)
{
    int64_t n = 0;
    int T = a->T;
    for (int64_t i = 0; i < a->n; i++) {
        if (a->var[i].v && a->var[i].stratum >= 0)
            a->var[n++] = a->var[i];
        else
            release(&a->var[i]);
    }
    a->n = n;
    qsort(a->var, (size_t)n, sizeof *a->var, by_stratum);
    a->x = tfb_alloc((size_t)n * (size_t)T + 1, sizeof *a->x, "changes");
    a->w = tfb_alloc((size_t)n + 1, sizeof *a->w, "weights");
    a->first = tfb_alloc((size_t)n + 2, sizeof *a->first, "strata");
    if (!a->x || !a->w || !a->first) return -1;
    a->n_hits = 0;
    for (int64_t i = 0; i < n; i++) {
        const variant_t *v = &a->var[i];
        if (i == 0 || v->stratum != v[-1].stratum) a->first[a->n_strata++] = i;
        a->w[i] = v->hit ? v->w : 0;
        a->n_hits += v->hit;
        for (int t = 0; t < T; t++) {
            float d = v->down ? -v->v[t] : v->v[t];
            a->x[i * T + t] = a->o->what == TFB_ENRICH_GAIN ? fmaxf(d, 0) : a->o->what == TFB_ENRICH_LOSS ? fmaxf(-d, 0) : fabsf(d);
        }
    }
    a->first[a->n_strata] = n;
    return 0;
}

static void test_target(void *arg, int t, int thread)
{
    args_t *a = arg;
    double sum[2] = {0}, W = 0;
    int64_t n_changed = 0;
    float *x = a->column[thread];
    for (int64_t i = 0; i < a->n; i++) {
        x[i] = a->x[i * a->T + t];
        sum[a->w[i] <= 0] += (a->w[i] > 0 ? a->w[i] : 1) * (double)x[i];
        W += a->w[i];
        n_changed += x[i] > 0;
    }
    a->obs[t] = sum[0];
    a->mean[0][t] = sum[0] / W;
    a->mean[1][t] = sum[1] / (double)(a->n - a->n_hits);
    if (tfb_rank_test(x, a->w, a->n, &a->auc[t], &a->p[0][t]) < 0) a->bad = 1; /* all threads write the same */
    /* where nearly all are tied at nothing (the summary's tags), the rank sum is far from normal: the permutations must tell */
    if ((double)n_changed * (double)a->n_hits < 5 * (double)a->n) a->p[0][t] = NAN;
}

/* One permutation, for all TFs at once: within each stratum the hits' weights go to variants drawn without repeats. */
static void permute(void *arg, int task, int thread)
{
    args_t *a = arg;
    tfb_rng_t rng;
    int64_t *order = a->order[thread], *swap = order + a->n;
    double *sum = a->perm + (size_t)task * (size_t)a->T;
    tfb_rng_seed(&rng, tfb_hash64(a->o->seed) + (uint64_t)task);
    for (int s = 0; s < a->n_strata; s++) {
        int64_t b = a->first[s], size = a->first[s + 1] - b, k = 0;
        for (; k < size && a->w[b + k] > 0; k++) {
            int64_t j = k + (int64_t)tfb_rng_below(&rng, (uint64_t)(size - k)), q = order[b + j];
            order[b + j] = order[b + k];
            order[b + k] = q;
            swap[b + k] = j;
            const float *x = a->x + q * a->T;
            for (int t = 0; t < a->T; t++) sum[t] += a->w[b + k] * (double)x[t];
        }
        while (k-- > 0) { /* back in order: what a permutation is must not depend on those before it */
            int64_t j = swap[b + k], q = order[b + j];
            order[b + j] = order[b + k];
            order[b + k] = q;
        }
    }
}

static int test(args_t *a)
{
    int T = a->T, n_threads = tfb_pool_size(a->pool), B = a->o->n_permutations;
    double **all[] = {&a->obs, &a->auc, &a->p[0], &a->p[1], &a->q[0], &a->q[1], &a->mean[0], &a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!(*all[i] = tfb_alloc((size_t)T, sizeof **all[i], "statistics"))) return -1;
    if (!(a->perm = tfb_alloc((size_t)B * (size_t)T + 1, sizeof *a->perm, "permutations")) || !(a->column = calloc((size_t)n_threads, sizeof *a->column)) ||
        !(a->order = calloc((size_t)n_threads, sizeof *a->order)))
        return -1;
    for (int k = 0; k < n_threads; k++) {
        if (!(a->column[k] = tfb_alloc((size_t)a->n + 1, sizeof **a->column, "ranks")) ||
            !(a->order[k] = tfb_alloc((size_t)a->n * 2 + 1, sizeof **a->order, "ranks")))
            return -1;
        for (int64_t i = 0; i < a->n; i++) a->order[k][i] = i;
    }
    tfb_pool_run(a->pool, T, test_target, a);
    if (a->bad) return -1;
    if (B) tfb_pool_run(a->pool, B, permute, a);
    for (int t = 0; t < T; t++) {
        int64_t as_large = 0;
        for (int r = 0; r < B; r++) as_large += a->perm[(size_t)r * (size_t)T + (size_t)t] >= a->obs[t] * (1 - 1e-9); /* sums of other orders */
        a->p[1][t] = B ? (double)(as_large + 1) / (B + 1) : NAN;
    }
    return tfb_bh(a->p[0], T, a->q[0]) < 0 || tfb_bh(a->p[1], T, a->q[1]) < 0 ? -1 : 0;
}

/* ---- out ---- */

/* Does TF t come before u? By p of the rank test, without one by that of the permutations, then by AUC. */
static int before(const args_t *a, int t, int u)
{
    for (int k = 0; k < 2; k++) {
        double x = isnan(a->p[k][t]) ? 2 : a->p[k][t], y = isnan(a->p[k][u]) ? 2 : a->p[k][u];
        if (x != y) return x < y;
        if (k == 0 && x < 2 && a->auc[t] != a->auc[u]) return a->auc[t] > a->auc[u];
    }
    return 0;
}

static int *sorted(const args_t *a)
{
    int *v = malloc(((size_t)a->T + 1) * sizeof *v);
    for (int t = 0; v && t < a->T; t++) {
        int k = t;
        for (; k > 0 && before(a, t, v[k - 1]); k--) v[k] = v[k - 1];
        v[k] = t;
    }
    return v;
}

static void put(FILE *f, double v)
{
    if (isnan(v))
        fputs("\t.", f);
    else
        fprintf(f, "\t%.4g", v);
}

static int write_table(const args_t *a, const int *order)
{
    tfb_out_t *out;
    FILE *f = tfb_out_open(a->o->out, &out);
    if (!f) return -1;
    fprintf(f, "tf\tn_hits\tn_background\tmean_hits\tmean_background\tauc\tp_rank\tq_rank\tp_perm\tq_perm\n");
    for (int k = 0; k < a->T; k++) {
        int t = order[k];
        fprintf(f, "%s\t%" PRId64 "\t%" PRId64 "\t%.4g\t%.4g\t%.4f", tfb_panel_target(a->panel, t), a->n_hits, a->n - a->n_hits, a->mean[0][t], a->mean[1][t],
                a->auc[t]);
        for (int i = 0; i < 2; i++) put(f, a->p[i][t]), put(f, a->q[i][t]);
        fputc('\n', f);
    }
    return tfb_out_close(f, out, 1);
}

static void escaped(FILE *f, const char *s)
{
    for (; *s; s++) switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        default: fputc(iscntrl((unsigned char)*s) ? '_' : *s, f);
        }
}

static double minus_log(double p) { return isnan(p) ? 0 : -log10(fmax(p, 1e-300)); }

static int write_svg(const args_t *a, const int *order)
{
    const int row = 22, left = 110, wide = 400, top = 58, n = a->T < SHOWN ? a->T : SHOWN, bottom = top + n * row;
    const int by = isnan(a->p[0][order[0]]); /* the rank test, or the permutations */
    const double *p = a->p[by], *q = a->q[by];
    double most = 2;
    tfb_out_t *out;
    FILE *f = tfb_out_open(a->o->svg, &out);
    if (!f) return -1;
    for (int k = 0; k < n; k++) most = fmax(most, minus_log(p[order[k]]));
    double step = pow(10, floor(log10(most / 3))), scale;
    step *= most / step > 15 ? 5 : most / step > 6 ? 2 : 1;
    most = step * ceil(most / step);
    scale = wide / most;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">%s of binding sites: %" PRId64 " variants against %" PRId64 "</text>\n"
            "<text x=\"12\" y=\"42\" fill=\"#555\">%s, one-sided; blue: false discovery rate below 5 %%</text>\n"
            "<text x=\"%d\" y=\"42\" fill=\"#555\">AUC</text><text x=\"%d\" y=\"42\" fill=\"#555\">q</text>\n",
            left + wide + 170, bottom + 52, left + wide + 170, bottom + 52,
            a->o->what == TFB_ENRICH_GAIN   ? "Gain"
            : a->o->what == TFB_ENRICH_LOSS ? "Loss"
                                            : "Change",
            a->n_hits, a->n - a->n_hits, by ? "permutations" : "rank test", left + wide + 24, left + wide + 84);
    for (double x = 0; x <= most + step / 2; x += step)
        fprintf(f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%g</text>\n",
                left + x * scale, top - 6, left + x * scale, bottom, left + x * scale, bottom + 18, x);
    for (int k = 0; k < n; k++) {
        int t = order[k], y = top + k * row + row / 2;
        double x = left + scale * minus_log(p[t]);
        const char *colour = q[t] < 0.05 ? "#1f6fb4" : "#999";
        fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", left - 10, y + 4);
        escaped(f, tfb_panel_target(a->panel, t));
        fprintf(f,
                "</text><line x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"/><circle cx=\"%.1f\" cy=\"%d\" r=\"5\" fill=\"%s\"/>"
                "<text x=\"%d\" y=\"%d\">%.3f</text><text x=\"%d\" y=\"%d\">%.2g</text>\n",
                left, y, x, y, colour, x, y, colour, left + wide + 24, y + 4, a->auc[t], left + wide + 84, y + 4, q[t]);
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">&#8722;log10 p</text>\n</svg>\n", left + wide / 2, bottom + 40);
    return tfb_out_close(f, out, 1);
}

static void summary(const args_t *a)
{
    kstring_t s = {0, 0, NULL};
    int64_t n = 0;
    for (int r = 1; r < TFB_ALLELE_REASONS; r++) {
        if (!a->n_reason[r]) continue;
        ksprintf(&s, "%s%" PRId64 " %s", n ? ", " : ": ", a->n_reason[r],
                 a->fasta || r != TFB_ALLELE_NOT_ACGT ? tfb_allele_reason((tfb_allele_t)r) : "without tags");
        n += a->n_reason[r];
    }
    tfb_note("%" PRId64 " hits, %" PRId64 " in the background; %" PRId64 " ALT alleles not scored%s", a->n_hits, a->n - a->n_hits, n, n ? s.s : "");
    if (a->n_elsewhere) tfb_note("%" PRId64 " ALT alleles outside %s", a->n_elsewhere, a->o->regions);
    if (a->n_both) tfb_note("%" PRId64 " ALT alleles of the background are hits, and count as such", a->n_both);
    if (a->n_weightless) tfb_note("%" PRId64 " hits without a weight above 0 in %s are left out", a->n_weightless, a->o->weight);
    if (a->n_no_es) tfb_note("%" PRId64 " hits without an effect (ES) are left out", a->n_no_es);
    if (a->n_no_af) tfb_note("%" PRId64 " ALT alleles without a frequency (AF) are left out", a->n_no_af);
    if (a->n_no_lp) tfb_note("%" PRId64 " ALT alleles without LP are left out", a->n_no_lp);
    if (a->n_background_seen > a->o->max_background)
        tfb_note("the background is a sample: %" PRId64 " of %" PRId64, a->o->max_background, a->n_background_seen);
    if (a->n_hits < 10 && a->o->n_permutations) tfb_warn("%" PRId64 " hits are few: trust p_perm more than p_rank", a->n_hits);
    free(s.s);
}

int tfb_enrich(const tfb_enrich_opt_t *o)
{
    int ret = -1, *order = NULL, role = !isnan(o->min_lp) && !o->background ? BOTH : HITS_ONLY;
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    tfb_rng_seed(&a->rng, o->seed);
    if (!(a->pool = tfb_pool_create(o->threads)) || !(a->panel = tfb_panel_open(o->model, o->tf, a->pool)) ||
        (o->fasta && !(a->fasta = tfb_fasta_open(o->fasta))) || (o->regions && !(a->regions = tfb_regions_load(o->regions, NULL, 0, a->fasta))))
        goto done;
    a->T = tfb_panel_n_targets(a->panel);
    size_t longest = 0;
    for (int t = 0; t < a->T; t++)
        if (strlen(tfb_panel_target(a->panel, t)) > longest) longest = strlen(tfb_panel_target(a->panel, t));
    if (ks_resize(&a->tag, strlen(o->prefix) + longest + 16) < 0) goto done;
    if (read_file(a, o->in, role) < 0) goto done;
    if (!a->n_hits) {
        tfb_error("%s has no hits%s", strcmp(o->in, "-") ? o->in : "standard input",
                  a->n_no_es || a->n_no_af          ? ": those there are have no ES or AF"
                  : a->n_weightless                 ? ": none has a weight above 0 in --weight"
                  : a->n_no_lp || !isnan(o->min_lp) ? ": no record has an LP of --min-lp"
                  : a->n_elsewhere                  ? ": none lies in the regions of -R"
                                                    : "");
        goto done;
    }
    if (role == HITS_ONLY) {
        qsort(a->var, (size_t)a->n, sizeof *a->var, by_place);
        if ((o->background ? read_file(a, o->background, REST_ONLY) : add_random(a)) < 0) goto done;
    }
    if ((o->match_af && match_frequencies(a) < 0) || (a->fasta && score(a) < 0) || arrange(a) < 0) goto done;
    if (!a->n_hits || a->n_hits == a->n) {
        summary(a);
        tfb_error("%s: nothing to compare: %s", o->in, a->n_hits ? "the background is empty" : "no hit could be scored");
        goto done;
    }
    /* the picture first: whoever reads the table may have enough after some lines, and end us */
    if (test(a) < 0 || !(order = sorted(a)) || (o->svg && write_svg(a, order) < 0) || write_table(a, order) < 0) goto done;
    summary(a);
    ret = 0;
done:
    for (int64_t i = 0; i < a->n; i++) release(&a->var[i]);
    for (int k = 0; a->pool && k < tfb_pool_size(a->pool); k++) {
        if (a->column) free(a->column[k]);
        if (a->order) free(a->order[k]);
    }
    free(a->column);
    free(a->order);
    double *all[] = {a->w, a->obs, a->perm, a->auc, a->p[0], a->p[1], a->q[0], a->q[1], a->mean[0], a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    tfb_regions_destroy(a->regions);
    tfb_fasta_close(a->fasta);
    free(a->as_read);
    tfb_strv_free(a->contigs);
    free(a->var);
    free(a->x);
    free(a->first);
    free(a->f);
    free(a->i);
    free(a->s);
    free(a->tag.s);
    free(order);
    free(a);
    return ret;
}
