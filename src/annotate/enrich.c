/* enrich.c - enrichment of changes in a set of variants. Stages: hits and background into memory | scores (or tags) | per TF: rank test and
 * permutation | table, figure.
 *
 * Hits are all kept; of the background at most max_background, a uniform sample: what matters of it is its distribution. Of every variant that was read a
 * number is kept, some 20 bytes, so that it counts once however often it is there: memory is flat but for that. */
#include "annotate/enrich.h"
#include "annotate/near.h"
#include "genome/base.h"
#include "genome/draw.h"
#include "genome/origin.h"
#include "genome/records.h"
#include "genome/values.h"
#include "genome/variant.h"
#include "score/session.h"
#include "score/variant.h"
#include "util/stats.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/khash.h>
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
    NEAREST = 100,              /* bases around a hit in which random SNVs are looked for first; measured: regions that are open are that short */
    MANY_TFS = 10,              /* tested: from so many on most of them cannot be the answer */
    HITS_ONLY = 0,
    REST_ONLY,
    BOTH,        /* what a file is read for; BOTH: LP decides */
    SUMMARY = 1, /* kinds of tags */
    PER_TF = 2,
};

/* cppcheck-suppress unknownMacro */
KHASH_MAP_INIT_INT64(hits, int64_t)
KHASH_SET_INIT_INT64(rest)

typedef struct {
    int contig, hit, stratum; /* stratum: permutations stay within; -1: left out */
    int down;                 /* it is REF that raises the trait: changes are turned round */
    hts_pos_t pos;
    char *ref, *alt; /* one allocation */
    uint64_t key;    /* tfb_variant_key */
    double w;        /* of a hit; 0 for the background */
    float *v;        /* (T) changes of probability; NULL: not known */
} variant_t;

/* A VCF that is being read. */
typedef struct {
    const char *path;
    htsFile *fp;
    bcf_hdr_t *hdr;
    int role, sample; /* what it is read for; whose values FORMAT has */
    int kinds, n_tfs; /* of tags; TFs of the panel that it has tags of */
    int64_t n;        /* records read */
} source_t;

typedef struct {
    const tfb_enrich_opt_t *o;
    tfb_session_t s;
    tfb_regions_t *regions;
    char **contigs;
    int n_contigs;
    char *as_read; /* the last contig, as its file has it and as the FASTA has it */
    const char *as_fasta;
    variant_t *var;
    int64_t n, m, n_hits, n_background_seen;
    khash_t(hits) * hits; /* every hit's key -> its place in var, or -1: it is left out, and no background either */
    khash_t(rest) * rest; /* keys of the background, also of what was not sampled */
    int64_t n_elsewhere, n_weightless, n_no_lp, n_no_es, n_no_af, n_bad_af, n_both, n_unmatched, n_same, n_not_finite, n_mismatch;
    int64_t n_repeated[2]; /* of the background, of the hits */
    int sets;              /* each hit with its own background is a stratum */
    tfb_rng_t rng;
    source_t in[2]; /* hits; background, if it is a file */
    int tags;       /* SUMMARY or PER_TF; 0: alleles are scored */
    /* of the file being read */
    float *f;
    int32_t *i;
    int m_f, m_i;
    char *text;
    int m_text;
    kstring_t tag;
    /* statistics */
    float *x;       /* (n, T) */
    double *w;      /* (n) */
    int64_t *of;    /* (n) variants, a stratum after the other */
    int64_t *first; /* (n_strata + 1) in of */
    int n_strata;
    double *obs, *perm, *auc, *interval, *p[2], *q[2], *mean[2]; /* interval: (T, 2), of auc */
    float **column;                                              /* per thread: (n) */
    int64_t **order;                                             /* per thread: (n) */
    double **weight;                                             /* per thread: (T) sums */
    int bad;
} args_t;

void tfb_enrich_defaults(tfb_enrich_opt_t *o)
{
    *o = (tfb_enrich_opt_t){.tf = "all",
                            .prefix = "TFB",
                            .min_lp = NAN,
                            .n_random = 10,
                            .within = 50000,
                            .max_n = 20,
                            .n_permutations = 10000,
                            .threads = 1,
                            .max_background = 100000,
                            .seed = 1};
}

static const char *name_of(const char *path) { return strcmp(path, "-") ? path : "standard input"; }

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
        int k = tfb_session_contig(&a->s, contig, NULL);
        free(a->as_read);
        a->as_read = strdup(contig);
        a->as_fasta = k >= 0 ? tfb_fasta_contig(a->s.fasta, k) : NULL;
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

/* Variants are kept trimmed, as they are scored. */
static int set(args_t *a, variant_t *v, const char *contig, const tfb_change_t *c, int hit, double w)
{
    size_t n = (size_t)c->n_ref, k = (size_t)c->n_alt;
    *v = (variant_t){.contig = contig_of(a, contig), .hit = hit, .pos = c->pos, .w = w};
    if (v->contig < 0 || !(v->ref = calloc(n + k + 2, 1))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    v->alt = v->ref + n + 1;
    memcpy(v->ref, c->ref, n);
    memcpy(v->alt, c->alt, k);
    v->key = tfb_variant_key(contig, c->pos, v->ref, v->alt);
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

/* Is a tag of a weight, an effect or a frequency a sample's? *tag gets its name. */
static int is_format(const char *spec, const char **tag)
{
    int format = strncmp(spec, "FORMAT/", 7) == 0;
    *tag = format ? spec + 7 : strncmp(spec, "INFO/", 5) == 0 ? spec + 5 : spec;
    return format;
}

static int declares(const bcf_hdr_t *hdr, int type, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, type, id);
}

/* Entry `alt` of a numeric tag "INFO/X" or "FORMAT/X" (of the source's sample) that has one value or one for each ALT; NaN if it is missing. 0, or -1
 * if the header does not declare such a tag (logged). */
static int number(args_t *a, const source_t *s, bcf1_t *rec, const char *spec, int alt, double *v)
{
    const char *tag;
    int format = is_format(spec, &tag), type = format ? BCF_HL_FMT : BCF_HL_INFO, got, first = 0;
    int id = bcf_hdr_id2int(s->hdr, BCF_DT_ID, tag), ints, n = rec->n_allele - 1;
    *v = NAN;
    if (id < 0 || !bcf_hdr_idinfo_exists(s->hdr, type, id) ||
        ((ints = bcf_hdr_id2type(s->hdr, type, (uint32_t)id) == BCF_HT_INT) == 0 && bcf_hdr_id2type(s->hdr, type, (uint32_t)id) != BCF_HT_REAL)) {
        tfb_error("%s declares no numeric %s/%s", name_of(s->path), format ? "FORMAT" : "INFO", tag);
        return -1;
    }
    if (format)
        got = ints ? bcf_get_format_int32(s->hdr, rec, tag, &a->i, &a->m_i) : bcf_get_format_float(s->hdr, rec, tag, &a->f, &a->m_f);
    else
        got = ints ? bcf_get_info_int32(s->hdr, rec, tag, &a->i, &a->m_i) : bcf_get_info_float(s->hdr, rec, tag, &a->f, &a->m_f);
    if (format && got > 0) {
        got /= bcf_hdr_nsamples(s->hdr);
        first = s->sample * got;
    }
    if (got < 1 || (got != 1 && got != n)) return 0;
    int k = first + (got == 1 ? 0 : alt);
    if (ints ? a->i[k] == bcf_int32_missing || a->i[k] == bcf_int32_vector_end : bcf_float_is_missing(a->f[k]) || bcf_float_is_vector_end(a->f[k])) return 0;
    *v = ints ? a->i[k] : (double)a->f[k];
    return 0;
}

/* Says where a number is that cannot be what it should be, of the first one as a warning. Returns -1. */
static int bad_number(const source_t *s, bcf1_t *rec, const char *spec, double v, const char *should, int is_error)
{
    (is_error ? tfb_error : tfb_warn)("%s, record %" PRId64 " (%s:%" PRId64 "): %s is %g; %s", name_of(s->path), s->n + 1, bcf_seqname_safe(s->hdr, rec),
                                      (int64_t)rec->pos + 1, spec, v, should);
    return -1;
}

/* The bin of the minor allele's frequency. 1; 0 if there is none (counted); -1 (logged). */
static int frequency(args_t *a, const source_t *s, bcf1_t *rec, int alt, int *stratum)
{
    const char *spec = declares(s->hdr, BCF_HL_FMT, "AF") ? "FORMAT/AF" : "INFO/AF";
    double af;
    if (number(a, s, rec, spec, alt, &af) < 0) return -1;
    if (!(af >= 0 && af <= 1)) {
        if (!isnan(af) && a->n_bad_af++ == 0) bad_number(s, rec, spec, af, "a frequency is from 0 to 1: such alleles are left out", 0);
        a->n_no_af += isnan(af);
        return 0;
    }
    *stratum = (int)((af > 0.5 ? 1 - af : af) * 2 * AF_BINS);
    if (*stratum == AF_BINS) (*stratum)--;
    return 1;
}

/* Which allele raises the trait (*down), and the bin of the minor allele's frequency, as far as they are asked for. 1; 0 if a number is missing
 * (counted); -1 (logged). */
static int trait(args_t *a, const source_t *s, bcf1_t *rec, int alt, int hit, int *down, int *stratum)
{
    double es;
    *down = *stratum = 0;
    if (a->o->by_effect && (s->role != REST_ONLY || declares(s->hdr, BCF_HL_FMT, "ES"))) { /* a background that is no GWAS has gains and losses of ALT */
        if (number(a, s, rec, "FORMAT/ES", alt, &es) < 0) return -1;
        if (hit && (isnan(es) || es == 0)) {
            a->n_no_es++;
            return 0;
        }
        *down = es < 0;
    }
    return a->o->match_af ? frequency(a, s, rec, alt, stratum) : 1;
}

/* Of a hit. 1; 0 if it has none above 0 (*w is 0); -1 (logged). */
static int weight(args_t *a, const source_t *s, bcf1_t *rec, int alt, double *w)
{
    *w = 1;
    if (!a->o->weight) return 1;
    if (number(a, s, rec, a->o->weight, alt, w) < 0) return -1;
    if (*w < 0 || isinf(*w)) return bad_number(s, rec, a->o->weight, *w, "weights are finite, and not below 0", 1);
    if (*w > 0) return 1;
    *w = 0;
    return 0;
}

/* Is an ALT a hit? 1, 0 no, -1 (logged), -2 it is nothing (counted). */
static int is_hit(args_t *a, const source_t *s, bcf1_t *rec, int alt)
{
    double lp;
    if (s->role == REST_ONLY) return 0;
    if (isnan(a->o->min_lp)) return 1;
    if (number(a, s, rec, "FORMAT/LP", alt, &lp) < 0) return -1;
    if (isnan(lp)) {
        a->n_no_lp++;
        return -2;
    }
    if (lp >= a->o->min_lp) return 1;
    return s->role == HITS_ONLY ? -2 : 0;
}

/* a->tag has room: see tfb_enrich. */
static void make_tag(args_t *a, const char *tf, const char *suffix)
{
    a->tag.l = 0;
    ksprintf(&a->tag, "%s%s%s_%s", a->o->prefix, *tf ? "_" : "", tf, suffix);
    for (size_t i = 0; i < a->tag.l; i++)
        if (!isalnum((unsigned char)a->tag.s[i]) && a->tag.s[i] != '.') a->tag.s[i] = '_';
}

/* Does a TF's name read so as a value? annotate replaces what would break a list. */
static int is_named(const char *value, size_t n, const char *tf)
{
    if (strlen(tf) != n) return 0;
    for (size_t i = 0; i < n; i++)
        if (value[i] != tf[i] && !(value[i] == '_' && (strchr(",;=|&", tf[i]) || isspace((unsigned char)tf[i])))) return 0;
    return 1;
}

/* A change that a tag can hold; NaN if it is missing. */
static double change_of(const args_t *a, int alt)
{
    return bcf_float_is_missing(a->f[alt]) || bcf_float_is_vector_end(a->f[alt]) || !(fabsf(a->f[alt]) <= 1) ? NAN : (double)a->f[alt];
}

/* The TF that changes most, and as good as nothing for the others. 1, or 0 if it was not scored. */
static int read_summary(args_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *v)
{
    make_tag(a, "", "TOP");
    int k = 0;
    if (bcf_get_info_string(s->hdr, rec, a->tag.s, &a->text, &a->m_text) <= 0) return 0;
    char *name = a->text;
    while (k < alt && (name = strchr(name, ','))) name++, k++;
    if (!name) return 0;
    size_t len = strcspn(name, ",");
    make_tag(a, "", "DELTA");
    if (bcf_get_info_float(s->hdr, rec, a->tag.s, &a->f, &a->m_f) != rec->n_allele - 1 || isnan(change_of(a, alt))) return 0;
    for (int t = 0; t < a->s.T; t++)
        if (is_named(name, len, tfb_panel_target(a->s.panel, t))) v->v[t] = a->f[alt];
    return 1;
}

/* Changes of an ALT from tags. 1, 0 if it was not scored, -1 (logged). */
static int read_tags(args_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *v)
{
    int missing = 0;
    if (!(v->v = calloc((size_t)a->s.T, sizeof *v->v))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    if (a->tags == SUMMARY) return read_summary(a, s, rec, alt, v);
    for (int t = 0; t < a->s.T; t++) {
        make_tag(a, tfb_panel_target(a->s.panel, t), "DELTA");
        int got = bcf_get_info_float(s->hdr, rec, a->tag.s, &a->f, &a->m_f);
        if (got != rec->n_allele - 1 || isnan(change_of(a, alt)))
            missing++;
        else
            v->v[t] = a->f[alt];
    }
    if (!missing || missing == a->s.T) return missing == 0;
    tfb_error("%s: %s:%" PRId64 " has values of some TFs only (annotated with --min-percentile?): give -f ref.fa", name_of(s->path),
              bcf_seqname_safe(s->hdr, rec), (int64_t)rec->pos + 1);
    return -1;
}

/* Keeps a variant that is there for the first time, or for the first time whole. 0, or -1 (logged). */
static int keep(args_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *it)
{
    variant_t *v;
    int r = 1, new = 0;
    if (a->tags && (r = read_tags(a, s, rec, alt, it)) == 0) a->s.reasons.n[TFB_ALLELE_NOT_ACGT]++;
    if (r > 0 && !it->hit && kh_put(rest, a->rest, it->key, &new) == kh_end(a->rest)) r = -1;
    if (new < 0) {
        tfb_error("not enough memory for %" PRId64 " variants", a->n_background_seen);
        r = -1;
    }
    if (r > 0) r = place_for(a, it->hit, &v) < 0 ? -1 : v != NULL;
    if (r <= 0) {
        release(it);
        return r;
    }
    *v = *it;
    if (it->hit) kh_val(a->hits, kh_get(hits, a->hits, it->key)) = v - a->var;
    return 0;
}

/* Has a variant been read before? 1 (counted), 0, or -1 (logged). Every hit is known from here on, also one that will be left out. */
static int is_repeated(args_t *a, const source_t *s, bcf1_t *rec, int alt, int hit, uint64_t key)
{
    khiter_t k = kh_get(hits, a->hits, key);
    int new;
    double w;
    if (!hit) {
        int known = k != kh_end(a->hits), again = kh_get(rest, a->rest, key) != kh_end(a->rest);
        a->n_both += known;
        a->n_repeated[0] += !known && again;
        return known || again;
    }
    if (k == kh_end(a->hits)) {
        k = kh_put(hits, a->hits, key, &new);
        if (new < 0) {
            tfb_error("not enough memory for %" PRId64 " hits", a->n_hits);
            return -1;
        }
        kh_val(a->hits, k) = -1;
    }
    if (kh_val(a->hits, k) < 0) return 0;
    a->n_repeated[1]++;
    variant_t *v = &a->var[kh_val(a->hits, k)];
    if (weight(a, s, rec, alt, &w) < 0) return -1;
    if (w > v->w) v->w = w; /* whatever the order of the records */
    return 1;
}

/* Counts a REF that the FASTA does not have; warns of the first. */
static void count_mismatch(args_t *a, const char *contig, hts_pos_t pos, const char *ref, const tfb_variants_t *at)
{
    if (a->n_mismatch++) return;
    tfb_warn("%s:%" PRId64 ": REF is %c but %s has %c; such variants are left out and counted", contig, (int64_t)pos + 1 + at->at, ref[at->at],
             tfb_fasta_path(a->s.fasta), at->base);
}

/* The whole REF of a record of which more is written than is kept: the rest is checked when it is scored. */
static int check_padding(args_t *a, const char *contig, const bcf1_t *rec, const tfb_change_t *c)
{
    const char *ref = rec->d.allele[0];
    tfb_variants_t v = {.base = 'N'};
    if (strlen(ref) == (size_t)c->n_ref) return TFB_ALLELE_OK;
    int r = tfb_allele_check_ref(a->s.fasta, contig, rec->pos, ref, &v.at, &v.base);
    if (r == TFB_ALLELE_MISMATCH) count_mismatch(a, contig, rec->pos, ref, &v);
    return r == TFB_ALLELE_MISMATCH || r < 0 ? r : TFB_ALLELE_OK;
}

/* One ALT of a record. 0, or -1 (logged). */
static int read_alt(args_t *a, const source_t *s, bcf1_t *rec, const char *contig, int alt)
{
    const char *ref = rec->d.allele[0], *other = rec->d.allele[alt + 1];
    tfb_change_t c;
    int why = (int)tfb_allele_trim(rec->pos, ref, other, &c), hit, r, down, stratum;
    double w = 0;
    variant_t it;
    if (why == TFB_ALLELE_OK && a->s.fasta && (why = check_padding(a, contig, rec, &c)) < 0) return -1;
    if (why == TFB_ALLELE_SAME) {
        a->n_same++;
        return 0;
    }
    if (why != TFB_ALLELE_OK) {
        a->s.reasons.n[why]++;
        return 0;
    }
    if (a->regions && !tfb_regions_has(a->regions, contig, c.pos)) {
        a->n_elsewhere++;
        return 0;
    }
    if ((hit = is_hit(a, s, rec, alt)) < 0) return hit == -1 ? -1 : 0;
    uint64_t key = tfb_variant_key(contig, rec->pos, ref, other); /* trims by itself */
    if ((r = is_repeated(a, s, rec, alt, hit, key)) != 0) return r < 0 ? -1 : 0;
    if (hit && (r = weight(a, s, rec, alt, &w)) <= 0) {
        a->n_weightless += r == 0;
        return r;
    }
    if ((r = trait(a, s, rec, alt, hit, &down, &stratum)) <= 0) return r;
    if (set(a, &it, contig, &c, hit, w) < 0) return -1;
    it.down = down;
    it.stratum = stratum;
    return keep(a, s, rec, alt, &it);
}

static int read_record(args_t *a, const source_t *s, bcf1_t *rec)
{
    const char *contig = bcf_seqname(s->hdr, rec);
    if (contig && a->s.fasta) contig = fasta_name(a, contig);
    if (!contig || (rec->errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF)) || bcf_unpack(rec, BCF_UN_ALL) < 0 || rec->n_allele < 1) {
        tfb_error("%s: record %" PRId64 " (%s:%" PRId64 ") is malformed", name_of(s->path), s->n + 1, bcf_seqname_safe(s->hdr, rec), (int64_t)rec->pos + 1);
        return -1;
    }
    for (int alt = 0; alt + 1 < rec->n_allele; alt++)
        if (read_alt(a, s, rec, contig, alt) < 0) return -1;
    return 0;
}

static int read_file(args_t *a, source_t *s)
{
    int got, ret = -1;
    bcf1_t *rec = bcf_init();
    tfb_records_t *in = NULL;
    if (!rec) {
        tfb_error("not enough memory for a record of %s", name_of(s->path));
        return -1;
    }
    if (!(in = tfb_records_on(s->path, s->fp, s->hdr))) goto done;
    for (; (got = tfb_records_next(in, &rec)) > 0; s->n++)
        if (tfb_values_check(s->path, s->hdr, rec) < 0 || read_record(a, s, rec) < 0) goto done;
    ret = got;
done:
    tfb_records_close(in);
    bcf_destroy(rec);
    return ret;
}

/* Does this run read what FORMAT has? */
static int reads_format(const args_t *a, const source_t *s)
{
    const tfb_enrich_opt_t *o = a->o;
    const char *tag;
    int hits = s->role != REST_ONLY;
    if (hits && (!isnan(o->min_lp) || (o->weight && is_format(o->weight, &tag)))) return 1;
    return (o->by_effect && (hits || declares(s->hdr, BCF_HL_FMT, "ES"))) || (o->match_af && declares(s->hdr, BCF_HL_FMT, "AF"));
}

/* Whose values FORMAT has: --sample, or the first. A background of one sample may have any name. 0, or -1 (logged). */
static int choose_sample(const args_t *a, source_t *s)
{
    int n = bcf_hdr_nsamples(s->hdr), k = a->o->sample ? bcf_hdr_id2int(s->hdr, BCF_DT_SAMPLE, a->o->sample) : 0;
    if (!reads_format(a, s)) return 0;
    if (!a->o->sample && n > 1)
        tfb_warn("%s has %d samples (studies): only the first, %s, is used; --sample chooses another", name_of(s->path), n, s->hdr->samples[0]);
    if (k < 0 && s->role == REST_ONLY && n == 1) k = 0;
    if (k >= 0) {
        s->sample = k;
        return 0;
    }
    int near = tfb_nearest(a->o->sample, s->hdr->samples, n);
    tfb_error("%s has no sample '%s'%s%s%s", name_of(s->path), a->o->sample, near >= 0 ? "; did you mean " : "", near >= 0 ? s->hdr->samples[near] : "",
              near >= 0 ? "?"
              : n       ? "; `bcftools query -l` lists those that it has"
                        : ": it has none");
    return -1;
}

static int open_source(args_t *a, source_t *s, const char *path, int role)
{
    s->path = path;
    s->role = role;
    tfb_reads_indexed(path, "the input", ".csi .tbi");
    if (!(s->fp = hts_open(path, "r"))) {
        tfb_error("cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    if ((s->fp->format.format != vcf && s->fp->format.format != bcf) || !(s->hdr = bcf_hdr_read(s->fp))) {
        tfb_error("%s is not VCF or BCF", path);
        return -1;
    }
    if (strcmp(path, "-") && s->fp->format.compression == bgzf && hts_check_EOF(s->fp) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", path);
        return -1;
    }
    return choose_sample(a, s);
}

static void close_source(source_t *s)
{
    if (s->hdr) bcf_hdr_destroy(s->hdr);
    if (s->fp) hts_close(s->fp);
    s->hdr = NULL;
    s->fp = NULL;
}

/* ---- which tags ---- */

static int has_tag(const bcf_hdr_t *hdr, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, BCF_HL_INFO, id);
}

static void find_kinds(args_t *a, source_t *s)
{
    for (int t = 0; t < a->s.T; t++) {
        make_tag(a, tfb_panel_target(a->s.panel, t), "DELTA");
        s->n_tfs += has_tag(s->hdr, a->tag.s);
    }
    if (s->n_tfs == a->s.T) s->kinds |= PER_TF;
    make_tag(a, "", "DELTA");
    if (has_tag(s->hdr, a->tag.s)) s->kinds |= SUMMARY;
}

/* A tag that annotate wrote with another prefix; NULL: none is seen. */
static const char *other_tag(const bcf_hdr_t *hdr)
{
    for (int i = 0; i < hdr->n[BCF_DT_ID]; i++) {
        const char *key = hdr->id[BCF_DT_ID][i].key;
        size_t n = key ? strlen(key) : 0;
        if (n <= 6 || strcmp(key + n - 6, "_DELTA") || !bcf_hdr_idinfo_exists(hdr, BCF_HL_INFO, i)) continue;
        tfb_origin_t o;
        if (tfb_origin_read(hdr, key, &o) < 0) return NULL;
        int ours = tfb_origin_known(&o);
        tfb_origin_free(&o);
        if (ours) return key;
    }
    return NULL;
}

/* Logs why a file has no kind of tags. Returns -1. */
static int no_tags(const args_t *a, const source_t *s)
{
    const char *path = name_of(s->path), *other = other_tag(s->hdr);
    size_t n = strlen(a->o->prefix);
    if (s->n_tfs)
        tfb_error("%s has tags of some of the TFs only, %d of %d: annotate it with --tf %s, or give -f ref.fa, or test these with --tf", path, s->n_tfs, a->s.T,
                  a->o->tf);
    else if (other && (strncmp(other, a->o->prefix, n) || other[n] != '_'))
        tfb_error("%s is not annotated with tags %s_..., but it has %s: annotate hits and background with the same --prefix, or give -f ref.fa", path,
                  a->o->prefix, other);
    else if (other)
        tfb_error("%s is annotated, but with none of the TFs of -m and --tf (it has %s): choose others, or give -f ref.fa", path, other);
    else
        tfb_error("%s is not annotated: annotate it with --tf %s, or give -f ref.fa", path, a->o->tf);
    return -1;
}

static const char *kind_name(const args_t *a, const source_t *s, kstring_t *text)
{
    text->l = 0;
    if (s->kinds & PER_TF)
        kputs("tags per TF", text);
    else if (s->n_tfs)
        ksprintf(text, "the summary, and tags of %d of %d TFs", s->n_tfs, a->s.T);
    else
        kputs("only the summary", text);
    return text->s ? text->s : "";
}

/* Logs that the files have no kind of tags in common. Returns -1. */
static int other_kinds(const args_t *a)
{
    kstring_t text[2] = {{0, 0, NULL}, {0, 0, NULL}};
    tfb_error("%s has %s, %s has %s: annotate both alike, with --tf %s, or give -f ref.fa", name_of(a->in[0].path), kind_name(a, &a->in[0], &text[0]),
              name_of(a->in[1].path), kind_name(a, &a->in[1], &text[1]), a->o->tf);
    for (int i = 0; i < 2; i++) free(text[i].s);
    return -1;
}

/* Are a tag's values in both files the same thing? 0, or -1 (logged). */
static int compare_origins(const args_t *a, const tfb_origin_t *x, const tfb_origin_t *y)
{
    const char *hits = name_of(a->in[0].path), *rest = name_of(a->in[1].path);
    if (tfb_origin_known(x) && tfb_origin_known(y) && strcmp(x->digests, y->digests))
        tfb_error("%s was annotated by %s, %s by %s: values of two models cannot be compared; annotate both with one, or give -f ref.fa", hits, x->models, rest,
                  y->models);
    else if (strcmp(x->options, y->options))
        tfb_error("%s was annotated with %s, %s with %s: annotate both alike, or give -f ref.fa", hits, *x->options ? x->options : "the default options", rest,
                  *y->options ? y->options : "the default options");
    else if (strcmp(x->meaning, y->meaning))
        tfb_error("INFO/%s is '%s' in %s, and '%s' in %s: annotate both alike, or give -f ref.fa", a->tag.s, x->meaning, hits, y->meaning, rest);
    else
        return 0;
    return -1;
}

/* Whether the panel's model wrote a tag: 1, or 0 if another did. t: its TF; -1: of the summary. -1 (logged). */
static int is_by_panel(const args_t *a, const tfb_origin_t *tag, int t)
{
    tfb_origin_t panel;
    char source[512]; /* annotate cuts long lists */
    snprintf(source, sizeof source, "%.500s", tfb_panel_source(a->s.panel, t));
    if (tfb_origin_parse(source, &panel) < 0) return -1;
    int same = !tfb_origin_known(tag) || strcmp(tag->digests, panel.digests) == 0;
    tfb_origin_free(&panel);
    return same;
}

/* Compares the tags of one TF, or of the summary (t -1: first TOP, then DELTA). *warned: it has been said of this file that -m is another model. */
static int check_tag(args_t *a, int t, const char *suffix, int warned[2])
{
    tfb_origin_t o[2] = {{0}, {0}};
    int n = a->in[1].hdr ? 2 : 1, ret = 0;
    for (int i = 0; i < n && ret == 0; i++) {
        const char *path = name_of(a->in[i].path);
        make_tag(a, t < 0 ? "" : tfb_panel_target(a->s.panel, t), suffix);
        if ((ret = tfb_origin_read(a->in[i].hdr, a->tag.s, &o[i])) < 0) break;
        int same = is_by_panel(a, &o[i], t);
        if (same < 0) ret = -1;
        if (strstr(o[i].options, "--min-percentile")) {
            tfb_error("%s was annotated with %s: changes below are missing, not small; annotate it without, or give -f ref.fa", path, o[i].options);
            ret = -1;
        }
        if (same == 0 && !warned[i]++)
            tfb_warn("%s was annotated by %s, not by -m (%s), which gives only the TFs' names", path, o[i].models, tfb_panel_source(a->s.panel, t));
        if (n == 2 && !tfb_origin_known(&o[i]) && !warned[i]++)
            tfb_warn("%s: the header does not tell which model wrote INFO/%s; make sure that it is the one of the other file", path, a->tag.s);
    }
    if (ret == 0 && n == 2) ret = compare_origins(a, &o[0], &o[1]);
    for (int i = 0; i < 2; i++) tfb_origin_free(&o[i]);
    return ret;
}

/* Which kind of tags to read: tags per TF if all files have them, else the summary. 0, or -1 (logged). */
static int choose_tags(args_t *a)
{
    int warned[2] = {0, 0}, common = SUMMARY | PER_TF;
    for (int i = 0; i < 2 && a->in[i].hdr; i++) {
        find_kinds(a, &a->in[i]);
        common &= a->in[i].kinds;
    }
    for (int i = 0; i < 2 && a->in[i].hdr; i++)
        if (!a->in[i].kinds) return no_tags(a, &a->in[i]);
    if (!common) return other_kinds(a);
    a->tags = common & PER_TF ? PER_TF : SUMMARY;
    if (a->tags == SUMMARY) return check_tag(a, -1, "TOP", warned) < 0 || check_tag(a, -1, "DELTA", warned) < 0 ? -1 : 0;
    for (int t = 0; t < a->s.T; t++)
        if (check_tag(a, t, "DELTA", warned) < 0) return -1;
    return 0;
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

/* Adds a random SNV to the background, unless it is a hit or there already. 1, 0, or -1 (logged); it is released or handed on. */
static int take_random(args_t *a, variant_t *it)
{
    variant_t *v;
    int new = 0;
    if (kh_get(hits, a->hits, it->key) != kh_end(a->hits) || (kh_put(rest, a->rest, it->key, &new), new == 0)) {
        release(it);
        return 0;
    }
    if (new < 0) tfb_error("not enough memory for random SNVs");
    if (new < 0 || place_for(a, 0, &v) < 0) {
        release(it);
        return -1;
    }
    if (v)
        *v = *it;
    else
        release(it);
    return 1;
}

/* Adds SNVs from around hit i, up to n_random, the nearest ring that has enough of them: their number, or -1 (logged). */
static int add_near(args_t *a, int64_t i, tfb_near_t *near)
{
    const tfb_enrich_opt_t *o = a->o;
    const variant_t hit = a->var[i]; /* the array may move */
    const char *contig = a->contigs[hit.contig];
    uint8_t base[2] = {tfb_base_code[(uint8_t)*hit.ref], tfb_base_code[(uint8_t)*hit.alt]};
    int n_taken = 0, got;
    for (hts_pos_t radius = NEAREST, inner = 0;; inner = radius, radius *= 2) {
        if (radius > o->within) radius = o->within;
        int64_t n = tfb_near_find(near, a->s.fasta, contig, hit.pos, base[0], base[1], radius);
        if (n < 0) return -1;
        for (; n > 0 && n_taken < o->n_random; n--) {
            int64_t k = (int64_t)tfb_rng_below(&a->rng, (uint64_t)n);
            tfb_near_snv_t snv = near->snv[k];
            near->snv[k] = near->snv[n - 1];
            if (llabs((long long)(snv.pos - hit.pos)) <= inner || (a->regions && !tfb_regions_has(a->regions, contig, snv.pos))) continue;
            tfb_change_t c = {snv.pos, &tfb_base_char[snv.ref], &tfb_base_char[snv.alt], 1, 1};
            variant_t it;
            if (set(a, &it, contig, &c, 0, 0) < 0) return -1;
            it.stratum = hit.stratum;
            if ((got = take_random(a, &it)) < 0) return -1;
            n_taken += got;
        }
        if (n_taken == o->n_random || radius >= o->within) return n_taken;
    }
}

/* Each hit with the SNVs around it is a stratum. Those that get none are left out once scoring has told why (arrange). */
static int add_neighbours(args_t *a)
{
    tfb_near_t near = {.W = a->s.W, .max_n = a->o->max_n};
    int64_t n_hits = a->n;
    int got = 0;
    a->sets = 1;
    for (int64_t i = 0; i < n_hits && got >= 0; i++) {
        variant_t *v = &a->var[i];
        v->stratum = strlen(v->ref) == 1 && strlen(v->alt) == 1 ? (int)i : -1;
        a->n_unmatched += v->stratum < 0;
        if (v->stratum >= 0) got = add_near(a, i, &near);
    }
    tfb_near_free(&near);
    return got < 0 ? -1 : 0;
}

static int add_random(args_t *a)
{
    const tfb_enrich_opt_t *o = a->o;
    int ret = -1, W = a->s.W, got;
    int64_t m = 200 * a->n_hits * (int64_t)o->n_random, n_hits = a->n, n_taken = 0;
    if (m < 20000) m = 20000;
    if (m > CANDIDATES) m = CANDIDATES;
    tfb_regions_t *whole = a->regions ? NULL : tfb_regions_whole(a->s.fasta);
    const tfb_regions_t *r = a->regions ? a->regions : whole;
    tfb_snv_t *snv = tfb_alloc((size_t)m, sizeof *snv, "random SNVs");
    int *class = tfb_alloc((size_t)m, sizeof *class, "random SNVs");
    uint32_t *order = tfb_alloc((size_t)m, sizeof *order, "random SNVs");
    int *want = calloc(CLASSES, sizeof *want), *left = calloc(CLASSES, sizeof *left);
    uint8_t *code = malloc((size_t)W);
    if (!r || !snv || !class || !order || !want || !left || !code) goto done;
    for (int64_t i = 0; i < n_hits; i++) {
        variant_t *v = &a->var[i];
        int snp = strlen(v->ref) == 1 && strlen(v->alt) == 1;
        tfb_change_t c = {v->pos, v->ref, v->alt, 1, 1};
        int k = snp ? tfb_allele_window(a->s.fasta, a->contigs[v->contig], &c, 0, W, o->max_n, code) : TFB_ALLELE_EDGE;
        if (k < 0) goto done;
        v->stratum = k == TFB_ALLELE_OK ? class_of(code, W, tfb_base_code[(uint8_t)*v->alt]) : -1;
        if (v->stratum >= 0) want[v->stratum] += o->n_random;
    }
    if ((m = tfb_snvs_draw(r, a->s.fasta, W, o->max_n, &a->rng, snv, m)) < 0) goto done;
    for (int64_t i = 0; i < m; i++) {
        if (tfb_fasta_codes(a->s.fasta, r->contigs[snv[i].contig], snv[i].pos - W / 2, snv[i].pos - W / 2 + W, code) != 0) {
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
        tfb_change_t c = {s->pos, &tfb_base_char[s->ref], &tfb_base_char[s->alt], 1, 1};
        variant_t it;
        if (set(a, &it, r->contigs[s->contig], &c, 0, 0) < 0) goto done;
        it.stratum = k;
        if ((got = take_random(a, &it)) < 0) goto done;
        left[k] += got;
        n_taken += got;
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

/* Makes the windows of k variants. 0, or -1 (logged). */
static int add_windows(args_t *a, tfb_variants_t *maker, const variant_t *v, int k, tfb_alt_t *place)
{
    tfb_variants_clear(maker);
    for (int j = 0; j < k; j++) {
        const char *contig = a->contigs[v[j].contig];
        place[j] = TFB_NO_ALT;
        if (v[j].stratum < 0) continue;
        int r = tfb_variant_add(maker, contig, v[j].pos, v[j].ref, v[j].alt, &place[j]);
        if (r < 0) return -1;
        if (r == TFB_ALLELE_MISMATCH) count_mismatch(a, contig, v[j].pos, v[j].ref, maker);
        tfb_reasons_count(&a->s.reasons, r, NULL);
    }
    return 0;
}

/* Keeps the changes of probability of a variant from the logits of its alleles, unless they are no numbers. 0, or -1 (logged). */
static int keep_changes(args_t *a, variant_t *v, const float *z_ref, const float *z_alt)
{
    int finite = 1;
    if (!(v->v = malloc((size_t)a->s.T * sizeof *v->v))) {
        tfb_error("not enough memory for %" PRId64 " variants", a->n);
        return -1;
    }
    for (int t = 0; t < a->s.T; t++) {
        v->v[t] = tfb_sigmoid(z_alt[t]) - tfb_sigmoid(z_ref[t]);
        finite &= isfinite(v->v[t]) != 0;
    }
    if (finite) return 0;
    if (a->n_not_finite++ == 0)
        tfb_warn("%s:%" PRId64 ": the model's score is no number; such variants are left out and counted", a->contigs[v->contig], (int64_t)v->pos + 1);
    free(v->v);
    v->v = NULL;
    return 0;
}

static int score(args_t *a)
{
    int ret = -1;
    tfb_alt_t place[BATCH];
    tfb_windows_t win = {.W = a->s.W, .T = a->s.T};
    tfb_variants_t maker = {.fasta = a->s.fasta, .win = &win, .max_n = a->o->max_n};
    qsort(a->var, (size_t)a->n, sizeof *a->var, by_place);
    for (int64_t i = 0; i < a->n; i += BATCH) {
        int k = (int)(a->n - i < BATCH ? a->n - i : BATCH);
        variant_t *v = a->var + i;
        if (add_windows(a, &maker, v, k, place) < 0 || tfb_windows_score(&win, a->s.panel, a->o->strand) < 0) goto done;
        for (int j = 0; j < k; j++)
            if (place[j].alt >= 0 && keep_changes(a, &v[j], tfb_windows_z(&win, place[j].ref), tfb_windows_z(&win, place[j].alt)) < 0) goto done;
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

/* Leaves out, of sorted variants, strata that have no hit or nothing but the hit: there is nothing to compare. */
static void drop_lone(args_t *a)
{
    int64_t n = 0;
    for (int64_t i = 0, j; i < a->n; i = j) {
        for (j = i; j < a->n && a->var[j].stratum == a->var[i].stratum; j++)
            ;
        int whole = a->var[i].hit && !a->var[j - 1].hit;
        a->n_unmatched += !whole && a->var[i].hit;
        for (int64_t k = i; k < j; k++) {
            if (whole)
                a->var[n++] = a->var[k];
            else
                release(&a->var[k]);
        }
    }
    a->n = n;
}

/* The values, a row a variant, strata together. */
static int arrange(args_t *a)
{
    int64_t n = 0;
    int T = a->s.T;
    for (int64_t i = 0; i < a->n; i++) {
        if (a->var[i].v && a->var[i].stratum >= 0)
            a->var[n++] = a->var[i];
        else
            release(&a->var[i]);
    }
    a->n = n;
    if (n) qsort(a->var, (size_t)n, sizeof *a->var, by_stratum);
    if (a->sets) drop_lone(a);
    n = a->n;
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
        x[i] = a->x[i * a->s.T + t];
        sum[a->w[i] <= 0] += (a->w[i] > 0 ? a->w[i] : 1) * (double)x[i];
        W += a->w[i];
        n_changed += x[i] > 0;
    }
    a->obs[t] = sum[0];
    a->mean[0][t] = sum[0] / W;
    a->mean[1][t] = sum[1] / (double)(a->n - a->n_hits);
    if (tfb_rank_test(x, a->w, a->n, &a->auc[t], &a->p[0][t], a->interval + (ptrdiff_t)2 * t) < 0) a->bad = 1; /* all threads write the same */
    /* where nearly all are tied at nothing (the summary's tags), the rank sum is far from normal: the permutations must tell */
    if ((double)n_changed * (double)a->n_hits < 5 * (double)a->n) a->p[0][t] = NAN;
}

/* One permutation, for all TFs at once: within each stratum the hits' weights go to variants drawn without repeats. */
static void permute(void *arg, int task, int thread)
{
    args_t *a = arg;
    tfb_rng_t rng;
    int64_t *order = a->order[thread], *swap = order + a->n;
    double *sum = a->perm + (size_t)task * (size_t)a->s.T;
    tfb_rng_seed(&rng, tfb_hash64(a->o->seed) + (uint64_t)task);
    for (int s = 0; s < a->n_strata; s++) {
        int64_t b = a->first[s], size = a->first[s + 1] - b, k = 0;
        for (; k < size && a->w[b + k] > 0; k++) {
            int64_t j = k + (int64_t)tfb_rng_below(&rng, (uint64_t)(size - k)), q = order[b + j];
            order[b + j] = order[b + k];
            order[b + k] = q;
            swap[b + k] = j;
            const float *x = a->x + q * a->s.T;
            for (int t = 0; t < a->s.T; t++) sum[t] += a->w[b + k] * (double)x[t];
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
    int T = a->s.T, n_threads = tfb_pool_size(a->s.pool), B = a->o->n_permutations;
    double **all[] = {&a->obs, &a->auc, &a->p[0], &a->p[1], &a->q[0], &a->q[1], &a->mean[0], &a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!(*all[i] = tfb_alloc((size_t)T, sizeof **all[i], "statistics"))) return -1;
    if (!(a->interval = tfb_alloc((size_t)T * 2, sizeof *a->interval, "statistics"))) return -1;
    if (!(a->perm = tfb_alloc((size_t)B * (size_t)T + 1, sizeof *a->perm, "permutations")) || !(a->column = calloc((size_t)n_threads, sizeof *a->column)) ||
        !(a->order = calloc((size_t)n_threads, sizeof *a->order)))
        return -1;
    for (int k = 0; k < n_threads; k++) {
        if (!(a->column[k] = tfb_alloc((size_t)a->n + 1, sizeof **a->column, "ranks")) ||
            !(a->order[k] = tfb_alloc((size_t)a->n * 2 + 1, sizeof **a->order, "ranks")))
            return -1;
        for (int64_t i = 0; i < a->n; i++) a->order[k][i] = i;
    }
    tfb_pool_run(a->s.pool, T, test_target, a);
    if (a->bad) return -1;
    if (B) tfb_pool_run(a->s.pool, B, permute, a);
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
    int *v = malloc(((size_t)a->s.T + 1) * sizeof *v);
    for (int t = 0; v && t < a->s.T; t++) {
        int k = t;
        for (; k > 0 && before(a, t, v[k - 1]); k--) v[k] = v[k - 1];
        v[k] = t;
    }
    return v;
}

static void put(FILE *f, const char *format, double v)
{
    fputc('\t', f);
    if (isfinite(v))
        fprintf(f, format, v);
    else
        fputc('.', f);
}

static int write_table(const args_t *a, const int *order)
{
    tfb_out_t *out;
    FILE *f = tfb_out_open(a->o->out, &out);
    if (!f) return -1;
    fprintf(f, "tf\tn_hits\tn_background\tmean_hits\tmean_background\tauc\tp_rank\tq_rank\tp_perm\tq_perm\tauc_low\tauc_high\n");
    for (int k = 0; k < a->s.T; k++) {
        int t = order[k];
        fprintf(f, "%s\t%" PRId64 "\t%" PRId64, tfb_panel_target(a->s.panel, t), a->n_hits, a->n - a->n_hits);
        put(f, "%.4g", a->mean[0][t]), put(f, "%.4g", a->mean[1][t]), put(f, "%.4f", a->auc[t]);
        for (int i = 0; i < 2; i++) put(f, "%.4g", a->p[i][t]), put(f, "%.4g", a->q[i][t]);
        for (int i = 0; i < 2; i++) put(f, "%.4f", a->interval[2 * t + i]);
        fputc('\n', f);
    }
    return tfb_out_close(f, out, 1);
}

static void escaped(FILE *f, const char *s, int most)
{
    for (int n = 0; *s && n < most; s++, n++) switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        default: fputc(iscntrl((unsigned char)*s) ? '_' : *s, f);
        }
}

static double minus_log(double p) { return isnan(p) ? 0 : -log10(fmax(p, 1e-300)); }

/* A TF's name is cut after so many letters. */
enum { LETTERS = 24 };

static int widest_name(const args_t *a, const int *order, int n)
{
    size_t most = 0;
    for (int k = 0; k < n; k++) {
        size_t len = strlen(tfb_panel_target(a->s.panel, order[k]));
        if (len > most) most = len;
    }
    return most < LETTERS ? (int)most : LETTERS;
}

/* What stands right of a row: AUC, its interval, and q. */
static void put_numbers(FILE *f, const args_t *a, int t, double q, int x, int y)
{
    const double *range = a->interval + (ptrdiff_t)2 * t;
    if (isfinite(a->auc[t])) fprintf(f, "<text x=\"%d\" y=\"%d\">%.3f</text>", x, y, a->auc[t]);
    if (isfinite(range[0])) fprintf(f, "<text x=\"%d\" y=\"%d\" fill=\"#555\">%.3f&#8211;%.3f</text>", x + 50, y, range[0], range[1]);
    fprintf(f, "<text x=\"%d\" y=\"%d\">", x + 162, y);
    if (isfinite(q))
        fprintf(f, "%.2g</text>\n", q);
    else
        fputs(".</text>\n", f);
}

static int write_svg(const args_t *a, const int *order)
{
    const int row = 22, wide = 400, top = 58, n = a->s.T < SHOWN ? a->s.T : SHOWN, bottom = top + n * row;
    const int by = isnan(a->p[0][order[0]]); /* the rank test, or the permutations */
    const int names = 8 * widest_name(a, order, n) + 30, left = names > 110 ? names : 110, right = left + wide + 24;
    static const char *const what[3] = {"Change", "Gain", "Loss"};
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
            "<text x=\"%d\" y=\"42\" fill=\"#555\">AUC</text><text x=\"%d\" y=\"42\" fill=\"#555\">95 %%</text><text x=\"%d\" y=\"42\" "
            "fill=\"#555\">q</text>\n",
            right + 234, bottom + 52, right + 234, bottom + 52, what[a->o->what], a->n_hits, a->n - a->n_hits, by ? "permutations" : "rank test", right,
            right + 50, right + 162);
    for (double x = 0; x <= most + step / 2; x += step)
        fprintf(f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%g</text>\n",
                left + x * scale, top - 6, left + x * scale, bottom, left + x * scale, bottom + 18, x);
    for (int k = 0; k < n; k++) {
        int t = order[k], y = top + k * row + row / 2;
        double x = left + scale * minus_log(p[t]);
        const char *colour = q[t] < 0.05 ? "#1f6fb4" : "#999";
        fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", left - 10, y + 4);
        escaped(f, tfb_panel_target(a->s.panel, t), LETTERS);
        fprintf(f,
                "</text><line x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"/><circle cx=\"%.1f\" cy=\"%d\" r=\"5\" fill=\"%s\"/>",
                left, y, x, y, colour, x, y, colour);
        put_numbers(f, a, t, q[t], right, y + 4);
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">&#8722;log10 p</text>\n</svg>\n", left + wide / 2, bottom + 40);
    return tfb_out_close(f, out, 1);
}

/* Without a FASTA, alleles lack tags and nothing else. */
static const char *reason_by_tags(int r) { return r == TFB_ALLELE_NOT_ACGT ? "without tags" : tfb_allele_reason((tfb_allele_t)r); }

static void summary(const args_t *a)
{
    kstring_t s = {0, 0, NULL};
    int64_t n = tfb_reasons_list(&a->s.reasons, ": ", &s);
    tfb_note("%" PRId64 " hits, %" PRId64 " in the background; %" PRId64 " ALT alleles not scored%s", a->n_hits, a->n - a->n_hits, n, n ? s.s : "");
    if (a->n_elsewhere) tfb_note("%" PRId64 " ALT alleles outside %s", a->n_elsewhere, a->o->regions);
    if (a->n_both) tfb_note("%" PRId64 " ALT alleles of the background are hits, and count as such", a->n_both);
    if (a->n_repeated[1]) tfb_note("%" PRId64 " hits are there again, and count once", a->n_repeated[1]);
    if (a->n_repeated[0]) tfb_note("%" PRId64 " ALT alleles of the background are there again, and count once", a->n_repeated[0]);
    if (a->n_same) tfb_note("%" PRId64 " ALT alleles equal REF and are left out", a->n_same);
    if (a->n_not_finite) tfb_note("%" PRId64 " variants whose score is no number are left out", a->n_not_finite);
    if (a->n_weightless) tfb_note("%" PRId64 " hits without a weight above 0 in %s are left out", a->n_weightless, a->o->weight);
    if (a->n_no_es) tfb_note("%" PRId64 " hits without an effect (ES) are left out", a->n_no_es);
    if (a->n_no_af) tfb_note("%" PRId64 " ALT alleles without a frequency (AF) are left out", a->n_no_af);
    if (a->n_bad_af) tfb_note("%" PRId64 " ALT alleles whose frequency (AF) is not from 0 to 1 are left out", a->n_bad_af);
    if (a->n_no_lp) tfb_note("%" PRId64 " ALT alleles without LP are left out", a->n_no_lp);
    if (a->n_background_seen > a->o->max_background)
        tfb_note("the background is a sample: %" PRId64 " of %" PRId64, a->o->max_background, a->n_background_seen);
    if (a->n_hits < 10 && a->o->n_permutations) tfb_warn("%" PRId64 " hits are few: trust p_perm more than p_rank", a->n_hits);
    free(s.s);
}

/* Warns if the answer is of the background rather than of the hits. */
static void doubt(const args_t *a, const int *order)
{
    int n = 0, more = 0, less = 0, odd = 0;
    const char *advice = a->sets ? "give -R open.bed" : "leave --within out, or give -R open.bed";
    if (a->o->regions) advice = "give narrower regions (-R)";
    if (a->in[0].role == BOTH) advice = "match them (--match-af, -R open.bed)";
    if (a->in[1].path) advice = "match them (-f without --background draws SNVs near the hits; -R open.bed; --match-af)";
    for (int t = 0; t < a->s.T; t++) {
        double q = isnan(a->p[0][t]) ? a->q[1][t] : a->q[0][t];
        n += !isnan(q);
        if (q < 0.05) {
            more++;
            odd += a->mean[0][t] < a->mean[1][t];
        } else
            less += a->interval[2 * t + 1] < 0.5;
    }
    if (n >= MANY_TFS && (2 * more > n || 2 * less > n))
        tfb_warn(
            "%d of %d TFs are significant%s: hits and background differ in something that changes all sites, such as openness, GC or allele frequency, and "
            "p says little; %s, and compare TFs by auc",
            2 * more > n ? more : less, n, 2 * more > n ? " (q below 0.05)" : ", but the other way (auc_high below 0.5)", advice);
    int first = order[0], heads = a->mean[0][first] < a->mean[1][first]; /* the table */
    if (odd && (heads || 10 * odd >= more))
        tfb_warn("mean_hits is below mean_background for %d of the %d significant TFs: most hits change their sites a little more, but fewer change them much; "
                 "p_perm is of the means",
                 odd, more);
}

/* Logs why there is no hit. */
static void no_hits(const args_t *a)
{
    const tfb_enrich_opt_t *o = a->o;
    const source_t *s = &a->in[0];
    int n = bcf_hdr_nsamples(s->hdr);
    kstring_t why = {0, 0, NULL};
    if (a->n_no_es || a->n_no_af || a->n_bad_af)
        kputs(": those there are have no ES or AF", &why);
    else if (a->n_weightless)
        kputs(": none has a weight above 0 in --weight", &why);
    else if (!isnan(o->min_lp)) {
        ksprintf(&why, ": no record has an LP of %g or more (--min-lp)", o->min_lp);
        if (n) ksprintf(&why, " in sample %s", s->hdr->samples[s->sample]);
        if (n > 1) ksprintf(&why, ", one of %d; --sample chooses another", n);
        if (!n) kputs(": it has no samples", &why);
    } else if (a->n_elsewhere)
        kputs(": none lies in the regions of -R", &why);
    else if (a->n_same)
        kputs(": ALT equals REF", &why);
    tfb_error("%s has no hits%s", name_of(s->path), why.s ? why.s : "");
    free(why.s);
}

static int open_all(args_t *a, int role)
{
    const tfb_enrich_opt_t *o = a->o;
    size_t longest = 0;
    if (tfb_session_open(&a->s, &(tfb_session_opt_t){.model = o->model, .tf = o->tf, .fasta = o->fasta, .threads = o->threads}) < 0) return -1;
    if (!o->fasta) a->s.reasons.text = reason_by_tags;
    if (o->regions && !(a->regions = tfb_regions_load(o->regions, NULL, 0, a->s.fasta))) return -1;
    for (int t = 0; t < a->s.T; t++)
        if (strlen(tfb_panel_target(a->s.panel, t)) > longest) longest = strlen(tfb_panel_target(a->s.panel, t));
    if (ks_resize(&a->tag, strlen(o->prefix) + longest + 16) < 0 || !(a->hits = kh_init(hits)) || !(a->rest = kh_init(rest))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    if (open_source(a, &a->in[0], o->in, role) < 0) return -1;
    /* of a pipe, the background is not touched before the hits have been read, unless its tags must be known */
    if (!a->s.fasta && o->background && open_source(a, &a->in[1], o->background, REST_ONLY) < 0) return -1;
    return a->s.fasta ? 0 : choose_tags(a);
}

/* Variants of a background that were read before it was known that they are hits. */
static void drop_hits(args_t *a)
{
    int64_t n = 0;
    for (int64_t i = 0; i < a->n; i++) {
        if (!a->var[i].hit && kh_get(hits, a->hits, a->var[i].key) != kh_end(a->hits)) {
            a->n_both++;
            release(&a->var[i]);
        } else
            a->var[n++] = a->var[i];
    }
    a->n = n;
}

static int read_all(args_t *a)
{
    const tfb_enrich_opt_t *o = a->o;
    if (read_file(a, &a->in[0]) < 0) return -1;
    if (!a->n_hits) {
        no_hits(a);
        return -1;
    }
    if (a->in[0].role == BOTH) {
        drop_hits(a);
        return 0;
    }
    qsort(a->var, (size_t)a->n, sizeof *a->var, by_place);
    if (!o->background) return o->within ? add_neighbours(a) : add_random(a);
    if (!a->in[1].hdr && open_source(a, &a->in[1], o->background, REST_ONLY) < 0) return -1;
    return read_file(a, &a->in[1]);
}

static void free_all(args_t *a)
{
    for (int64_t i = 0; i < a->n; i++) release(&a->var[i]);
    for (int k = 0; a->s.pool && k < tfb_pool_size(a->s.pool); k++) {
        if (a->column) free(a->column[k]);
        if (a->order) free(a->order[k]);
    }
    free(a->column);
    free(a->order);
    double *all[] = {a->w, a->obs, a->perm, a->auc, a->interval, a->p[0], a->p[1], a->q[0], a->q[1], a->mean[0], a->mean[1]};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    for (int i = 0; i < 2; i++) close_source(&a->in[i]);
    if (a->hits) kh_destroy(hits, a->hits);
    if (a->rest) kh_destroy(rest, a->rest);
    tfb_regions_destroy(a->regions);
    tfb_session_close(&a->s);
    free(a->as_read);
    tfb_strv_free(a->contigs);
    free(a->var);
    free(a->x);
    free(a->first);
    free(a->f);
    free(a->i);
    free(a->text);
    free(a->tag.s);
    free(a);
}

int tfb_enrich(const tfb_enrich_opt_t *o)
{
    int ret = -1, *order = NULL;
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    tfb_rng_seed(&a->rng, o->seed);
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    tfb_reads_indexed(o->background, "the input", ".csi .tbi");
    if (tfb_run_claim(o->out) < 0 || tfb_run_claim(o->svg) < 0) goto done;
    if (open_all(a, !isnan(o->min_lp) && !o->background ? BOTH : HITS_ONLY) < 0 || read_all(a) < 0) goto done;
    if ((o->match_af && match_frequencies(a) < 0) || (a->s.fasta && score(a) < 0) || arrange(a) < 0) goto done;
    if (a->sets)
        tfb_note("%" PRId64 " random SNVs match %" PRId64 " hits in trinucleotide, change and GC, within %" PRId64 " bases of each; %" PRId64
                 " hits are left out: no SNVs, or none matches",
                 a->n - a->n_hits, a->n_hits, o->within, a->n_unmatched);
    if (!a->n_hits || a->n_hits == a->n) {
        summary(a);
        tfb_error("%s: nothing to compare: %s", name_of(o->in), a->n_hits ? "the background is empty" : "no hit could be scored");
        goto done;
    }
    /* the picture first: whoever reads the table may have enough after some lines, and end us */
    if (test(a) < 0 || !(order = sorted(a)) || (o->svg && write_svg(a, order) < 0) || write_table(a, order) < 0) goto done;
    summary(a);
    doubt(a, order);
    ret = 0;
done:
    free(order);
    free_all(a);
    return ret;
}
