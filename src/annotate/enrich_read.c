/* enrich_read.c - reads variants from VCF: which are hits, their weights, and which allele raises the
 * trait. */
#include "annotate/enrich_parts.h"
#include "genome/alleles.h"
#include "genome/input.h"
#include "genome/lines.h"
#include "genome/records.h"
#include "genome/values.h"
#include "genome/variant.h"
#include "score/builds.h"
#include "util/progress.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns the FASTA's name of a contig, so that hits, background and regions match even if their styles
 * differ; its own name if the FASTA does not have it. */
static const char *fasta_name(reader_t *a, const char *contig)
{
    if (!a->as_read || strcmp(a->as_read, contig)) {
        int k = tfb_session_contig(a->s, contig, NULL);
        free(a->as_read);
        a->as_read = strdup(contig);
        a->as_fasta = k >= 0 ? tfb_fasta_contig(a->s->fasta, k) : NULL;
    }
    return a->as_fasta ? a->as_fasta : contig;
}

/* ---- reading ---- */

/* Returns whether a tag (weight, effect or frequency) is a FORMAT tag. Sets *tag to its name. */
static int is_format(const char *spec, const char **tag)
{
    int format = strncmp(spec, "FORMAT/", 7) == 0;
    *tag = spec;
    if (format)
        *tag += 7;
    else if (strncmp(spec, "INFO/", 5) == 0)
        *tag += 5;
    return format;
}

static int declares(const bcf_hdr_t *hdr, int type, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, type, id);
}

/* Reads entry `alt` of a numeric tag "INFO/X" or "FORMAT/X" (of the source's sample) that has one value or
 * one per ALT; NaN if it is missing. Returns 0, or -1 if the header does not declare such a tag (logged). */
static int number(reader_t *a, const source_t *s, bcf1_t *rec, const char *spec, int alt, double *v)
{
    const char *tag;
    int format = is_format(spec, &tag), type = format ? BCF_HL_FMT : BCF_HL_INFO, got, first = 0;
    int id = bcf_hdr_id2int(s->hdr, BCF_DT_ID, tag), ints, n = rec->n_allele - 1;
    *v = NAN;
    if (id < 0 || !bcf_hdr_idinfo_exists(s->hdr, type, id) ||
        ((ints = bcf_hdr_id2type(s->hdr, type, (uint32_t)id) == BCF_HT_INT) == 0 &&
         bcf_hdr_id2type(s->hdr, type, (uint32_t)id) != BCF_HT_REAL)) {
        tfb_error("%s declares no numeric %s/%s", tfb_input_name(s->path), format ? "FORMAT" : "INFO", tag);
        return -1;
    }
    if (format)
        got = ints ? bcf_get_format_int32(s->hdr, rec, tag, &a->i, &a->m_i)
                   : bcf_get_format_float(s->hdr, rec, tag, &a->f, &a->m_f);
    else
        got = ints ? bcf_get_info_int32(s->hdr, rec, tag, &a->i, &a->m_i)
                   : bcf_get_info_float(s->hdr, rec, tag, &a->f, &a->m_f);
    if (format && got > 0) {
        got /= bcf_hdr_nsamples(s->hdr);
        first = s->sample * got;
    }
    if (got < 1 || (got != 1 && got != n)) return 0;
    int k = first + (got == 1 ? 0 : alt);
    if (ints ? a->i[k] == bcf_int32_missing || a->i[k] == bcf_int32_vector_end
             : bcf_float_is_missing(a->f[k]) || bcf_float_is_vector_end(a->f[k]))
        return 0;
    *v = ints ? a->i[k] : (double)a->f[k];
    return 0;
}

/* Reports an invalid number and its record. Returns -1. */
static int bad_number(const source_t *s, bcf1_t *rec, const char *spec, double v, const char *should, int is_error)
{
    (is_error ? tfb_error : tfb_warn)("%s, record %" PRId64 " (%s:%" PRId64 "): %s is %g; %s", tfb_input_name(s->path),
                                      s->n + 1, bcf_seqname_safe(s->hdr, rec), (int64_t)rec->pos + 1, spec, v, should);
    return -1;
}

/* Finds the bin of the minor allele's frequency. Returns 1, 0 if there is none (counted), or -1 (logged). */
static int frequency(reader_t *a, const source_t *s, bcf1_t *rec, int alt, int *stratum)
{
    const char *spec = declares(s->hdr, BCF_HL_FMT, "AF") ? "FORMAT/AF" : "INFO/AF";
    double af;
    if (number(a, s, rec, spec, alt, &af) < 0) return -1;
    if (!(af >= 0 && af <= 1)) {
        if (!isnan(af) && a->n_bad_af++ == 0)
            bad_number(s, rec, spec, af, "a frequency must be from 0 to 1: such alleles are left out", 0);
        a->n_no_af += isnan(af);
        return 0;
    }
    *stratum = (int)((af > 0.5 ? 1 - af : af) * 2 * TFB_AF_BINS);
    if (*stratum == TFB_AF_BINS) (*stratum)--;
    return 1;
}

/* Finds which allele raises the trait (*down) and the bin of the minor allele's frequency, if requested.
 * Returns 1, 0 if a number is missing (counted), or -1 (logged). */
static int trait(reader_t *a, const source_t *s, bcf1_t *rec, int alt, int hit, int *down, int *stratum)
{
    double es;
    *down = *stratum = 0;
    if (a->o->by_effect &&
        (s->role != REST_ONLY ||
         declares(s->hdr, BCF_HL_FMT, "ES"))) { /* in a background that is not a GWAS, gains and losses refer to ALT */
        if (number(a, s, rec, "FORMAT/ES", alt, &es) < 0) return -1;
        if (hit && (isnan(es) || es == 0)) {
            a->n_no_es++;
            return 0;
        }
        *down = es < 0;
    }
    return a->o->match_af ? frequency(a, s, rec, alt, stratum) : 1;
}

/* Reads a hit's weight. Returns 1, 0 if it has none above 0 (*w is 0), or -1 (logged). */
static int weight(reader_t *a, const source_t *s, bcf1_t *rec, int alt, double *w)
{
    *w = 1;
    if (!a->o->weight) return 1;
    if (number(a, s, rec, a->o->weight, alt, w) < 0) return -1;
    if (*w < 0 || isinf(*w)) return bad_number(s, rec, a->o->weight, *w, "weights must be finite and not negative", 1);
    if (*w > 0) return 1;
    *w = 0;
    return 0;
}

/* Decides whether an ALT is a hit. Returns 1 if so, 0 if not, -1 (logged), or -2 if it is neither hit nor
 * background (counted if it has no LP). */
static int is_hit(reader_t *a, const source_t *s, bcf1_t *rec, int alt)
{
    double lp;
    if (s->role == REST_ONLY) return 0;
    if (isnan(a->o->min_lp)) return 1;
    if (number(a, s, rec, a->o->hit_tag, alt, &lp) < 0) return -1;
    if (isnan(lp)) {
        a->n_no_lp++;
        return -2;
    }
    if (lp >= a->o->min_lp) return 1;
    return s->role == HITS_ONLY ? -2 : 0;
}

/* Keeps a variant that is read, or complete, for the first time. Returns 0, or -1 (logged). */
static int keep(reader_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *it)
{
    variant_t *v;
    int r = 1, new = 0;
    if (a->tags && (r = tfb_enrich_read_tags(a, s, rec, alt, it)) == 0) a->s->reasons.n[TFB_ALLELE_NOT_ACGT]++;
    if (r > 0 && !it->hit && kh_put(rest, a->set->rest, it->key, &new) == kh_end(a->set->rest)) r = -1;
    if (new < 0) {
        tfb_error("not enough memory for %" PRId64 " variants", a->set->n_background_seen);
        r = -1;
    }
    if (r > 0) r = tfb_set_place(a->set, it->hit, &v) < 0 ? -1 : v != NULL;
    if (r <= 0) {
        tfb_set_release(it);
        return r;
    }
    *v = *it;
    if (it->hit) kh_val(a->set->hits, kh_get(hits, a->set->hits, it->key)) = v - a->set->var;
    return 0;
}

/* Looks up whether a variant has been read before. Returns 1 (counted), 0, or -1 (logged). Registers every
 * hit, even one that will be left out. */
static int is_repeated(reader_t *a, const source_t *s, bcf1_t *rec, int alt, int hit, uint64_t key)
{
    khiter_t k = kh_get(hits, a->set->hits, key);
    int new;
    double w;
    if (!hit) {
        int known = k != kh_end(a->set->hits), again = kh_get(rest, a->set->rest, key) != kh_end(a->set->rest);
        a->n_both += known;
        a->n_repeated[0] += !known && again;
        return known || again;
    }
    if (k == kh_end(a->set->hits)) {
        k = kh_put(hits, a->set->hits, key, &new);
        if (new < 0) {
            tfb_error("not enough memory for %" PRId64 " hits", a->set->n_hits);
            return -1;
        }
        kh_val(a->set->hits, k) = -1;
    }
    if (kh_val(a->set->hits, k) < 0) return 0;
    a->n_repeated[1]++;
    variant_t *v = &a->set->var[kh_val(a->set->hits, k)];
    if (weight(a, s, rec, alt, &w) < 0) return -1;
    if (w > v->w) v->w = w; /* whatever the order of the records */
    return 1;
}

void tfb_enrich_mismatch(const tfb_session_t *s, const char *contig, hts_pos_t pos, const char *ref,
                         const tfb_variants_t *at)
{
    if (s->reasons.n[TFB_ALLELE_MISMATCH]) return;
    tfb_warn("%s:%" PRId64 ": REF is %c but %s has %c; such variants are left out and counted", contig,
             (int64_t)pos + 1 + at->at, ref[at->at], tfb_fasta_path(s->fasta), at->base);
}

/* Checks the whole REF of a record if trimming shortened it. The remaining bases are checked when it is
 * scored. */
static int check_padding(reader_t *a, const char *contig, const bcf1_t *rec, const tfb_change_t *c)
{
    const char *ref = rec->d.allele[0];
    tfb_variants_t v = {.base = 'N'};
    if (strlen(ref) == (size_t)c->n_ref) return TFB_ALLELE_OK;
    int r = tfb_allele_check_ref(a->s->fasta, contig, rec->pos, ref, &v.at, &v.base);
    if (r == TFB_ALLELE_MISMATCH) tfb_enrich_mismatch(a->s, contig, rec->pos, ref, &v);
    return r == TFB_ALLELE_MISMATCH || r < 0 ? r : TFB_ALLELE_OK;
}

/* Reads one ALT of a record. Returns 0, or -1 (logged). */
static int read_alt(reader_t *a, const source_t *s, bcf1_t *rec, const char *contig, int alt)
{
    const char *ref = rec->d.allele[0], *other = rec->d.allele[alt + 1];
    tfb_change_t c;
    int why = (int)tfb_allele_trim(rec->pos, ref, other, &c), hit, r, down, stratum;
    double w = 0;
    variant_t it;
    if (why == TFB_ALLELE_OK && a->s->fasta && (why = check_padding(a, contig, rec, &c)) < 0) return -1;
    if (why == TFB_ALLELE_SAME) {
        a->n_same++;
        return 0;
    }
    if (why != TFB_ALLELE_OK) {
        a->s->reasons.n[why]++;
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
    if (tfb_set_fill(a->set, &it, contig, &c, hit, w) < 0) return -1;
    it.down = down;
    it.stratum = stratum;
    return keep(a, s, rec, alt, &it);
}

static int read_record(reader_t *a, const source_t *s, bcf1_t *rec)
{
    const char *contig = bcf_seqname(s->hdr, rec);
    if (contig && a->s->fasta) contig = fasta_name(a, contig);
    if (!contig || (rec->errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF)) || bcf_unpack(rec, BCF_UN_ALL) < 0 ||
        rec->n_allele < 1) {
        tfb_error("%s: record %" PRId64 " (%s:%" PRId64 ") is malformed", tfb_input_name(s->path), s->n + 1,
                  bcf_seqname_safe(s->hdr, rec), (int64_t)rec->pos + 1);
        return -1;
    }
    for (int alt = 0; alt + 1 < rec->n_allele; alt++)
        if (read_alt(a, s, rec, contig, alt) < 0) return -1;
    return 0;
}

static int read_file(reader_t *a, source_t *s)
{
    int got, ret = -1;
    bcf1_t *rec = bcf_init();
    tfb_records_t *in = NULL;
    if (!rec) {
        tfb_error("not enough memory for a record of %s", tfb_input_name(s->path));
        return -1;
    }
    if (!(in = s->table ? s->table : tfb_records_on(s->path, s->fp, s->hdr))) goto done;
    tfb_progress_begin("variants read", a->o->out);
    for (; (got = tfb_records_next(in, &rec)) > 0; s->n++) {
        if (tfb_progress_due()) tfb_progress(s->n, tfb_records_fraction(in), bcf_seqname_safe(s->hdr, rec), rec->pos);
        if (tfb_values_check(s->path, s->hdr, rec) < 0 || read_record(a, s, rec) < 0) goto done;
    }
    ret = got;
done:
    tfb_progress_end();
    if (!s->table) tfb_records_close(in);
    bcf_destroy(rec);
    return ret;
}

/* Returns whether this run reads FORMAT values. */
static int reads_format(const reader_t *a, const source_t *s)
{
    const tfb_enrich_opt_t *o = a->o;
    const char *tag;
    int hits = s->role != REST_ONLY;
    if (hits && ((!isnan(o->min_lp) && is_format(o->hit_tag, &tag)) || (o->weight && is_format(o->weight, &tag))))
        return 1;
    return (o->by_effect && (hits || declares(s->hdr, BCF_HL_FMT, "ES"))) ||
           (o->match_af && declares(s->hdr, BCF_HL_FMT, "AF"));
}

/* Chooses the sample whose FORMAT values are read: --sample, or the first. A background of one sample may
 * have any name. Returns 0, or -1 (logged). */
static int choose_sample(const reader_t *a, source_t *s)
{
    int n = bcf_hdr_nsamples(s->hdr), k = a->o->sample ? bcf_hdr_id2int(s->hdr, BCF_DT_SAMPLE, a->o->sample) : 0;
    if (!reads_format(a, s)) return 0;
    if (!a->o->sample && n > 1)
        tfb_warn("%s has %d samples (studies): only the first, %s, is used; --sample chooses another",
                 tfb_input_name(s->path), n, s->hdr->samples[0]);
    if (k < 0 && s->role == REST_ONLY && n == 1) k = 0;
    if (k >= 0) {
        s->sample = k;
        return 0;
    }
    char hint[TFB_HINT];
    const char *end = tfb_did_you_mean(a->o->sample, s->hdr->samples, n, hint);
    if (!*end) end = n ? "; `bcftools query -l` lists those that it has" : ": it has none";
    tfb_error("%s has no sample '%s'%s", tfb_input_name(s->path), a->o->sample, end);
    return -1;
}

/* Opens a table of variants. Returns 0, or -1 (logged). */
static int open_table(reader_t *a, source_t *s)
{
    const tfb_records_opt_t o = {.in = s->path, .table = &s->how, .fasta = a->s->fasta};
    s->how = a->o->table;
    if (s->role == REST_ONLY) s->how.format = s->how.columns = NULL; /* these are of the hits */
    if (!a->s->fasta)
        tfb_error("%s is a table of variants: -f ref.fa is missing", tfb_input_name(s->path));
    else if ((s->table = tfb_records_open(&o))) {
        s->hdr = tfb_records_header(s->table);
        return choose_sample(a, s);
    }
    return -1;
}

static int open_source(reader_t *a, source_t *s, const char *path, int role)
{
    s->path = path;
    s->role = role;
    if ((role != REST_ONLY && tfb_assoc_said(&a->o->table)) || tfb_input_is_table(path)) return open_table(a, s);
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
    if (!a->noted_build) a->noted_build = tfb_builds_check(a->s->panel, a->s->fasta, path, tfb_build_of_vcf(s->hdr));
    return choose_sample(a, s);
}

static void close_source(source_t *s)
{
    if (s->table)
        tfb_records_close(s->table);
    else if (s->hdr)
        bcf_hdr_destroy(s->hdr);
    s->table = NULL;
    if (s->fp) hts_close(s->fp);
    s->hdr = NULL;
    s->fp = NULL;
}

int tfb_reader_open(reader_t *a, int role)
{
    const tfb_enrich_opt_t *o = a->o;
    size_t longest = 0;
    for (int t = 0; t < a->s->T; t++)
        if (strlen(tfb_panel_target(a->s->panel, t)) > longest) longest = strlen(tfb_panel_target(a->s->panel, t));
    if (ks_resize(&a->tag, strlen(o->prefix) + longest + 16) < 0) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    if (open_source(a, &a->in[0], o->in, role) < 0) return -1;
    /* the background may be a pipe: it is not opened before the hits have been read, unless its tags must
     * be known */
    if (!a->s->fasta && o->background && open_source(a, &a->in[1], o->background, REST_ONLY) < 0) return -1;
    return a->s->fasta ? 0 : tfb_enrich_choose_tags(a);
}

/* Logs why there is no hit. */
static void no_hits(const reader_t *a)
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
        const char *name = tfb_enrich_hit_name(o);
        if (strcmp(name, "LP"))
            ksprintf(&why, ": no record has a %s of %g or more (--min-pip)", name, o->min_lp);
        else
            ksprintf(&why, ": no record has an LP of %g or more (--min-lp)", o->min_lp);
        if (n && is_format(o->hit_tag, &name)) ksprintf(&why, " in sample %s", s->hdr->samples[s->sample]);
        if (n > 1 && is_format(o->hit_tag, &name)) ksprintf(&why, ", one of %d; --sample chooses another", n);
        if (!n && is_format(o->hit_tag, &name)) kputs(": it has no samples", &why);
    } else if (a->n_elsewhere)
        kputs(": none lies in the regions of -R or --open", &why);
    else if (a->n_same)
        kputs(": ALT equals REF", &why);
    tfb_error("%s has no hits%s", tfb_input_name(s->path), why.s ? why.s : "");
    free(why.s);
}

int tfb_reader_hits(reader_t *a)
{
    if (read_file(a, &a->in[0]) < 0) return -1;
    if (!a->set->n_hits) {
        no_hits(a);
        return -1;
    }
    if (a->in[0].role == BOTH) a->n_both += tfb_set_drop_hits(a->set);
    return 0;
}

int tfb_reader_background(reader_t *a)
{
    if (!a->in[1].hdr && open_source(a, &a->in[1], a->o->background, REST_ONLY) < 0) return -1;
    return read_file(a, &a->in[1]);
}

void tfb_reader_close(reader_t *a)
{
    for (int i = 0; i < 2; i++) close_source(&a->in[i]);
    free(a->as_read);
    free(a->f);
    free(a->i);
    free(a->text);
    free(a->tag.s);
}
