/* phased.c - turns genotypes into haplotypes, and their scores into tags. */
#include "annotate/phased.h"
#include "genome/alleles.h"
#include "nn/infer.h"
#include "util/util.h"
#include "util/vec.h"
#include <htslib/kstring.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* States of a haplotype in tfb_phased_rec_t.win before it has its window; 0 or more: its allele in the
 * genotype. */
enum { NO_VALUE = -1, ABSENT = -2, STAR = -3, UNKNOWN = -4, UNMADE = -5 };
enum {
    UNNAMED_SET = INT32_MAX, /* the phase set of phased genotypes without PS in a file that has it */
    WAITING = 128 << 20,     /* bytes of records that may wait for the end of a long REF */
};

struct tfb_phased_t {
    const char *in;
    char phase;
    int W, max_n, n_samples, rid, has_ps;
    hts_pos_t last;
    uint8_t *seen; /* (n_seen) contigs that have ended or are current */
    int n_seen;
    tfb_haps_t *haps;
    int32_t *gt, *ps;
    int m_gt, m_ps;
    char **ps_text;
    int m_ps_text;
    tfb_carrier_t *car;
    tfb_phase_set_t *set;
    int m_car, m_set;
    /* for the record whose windows are being made */
    const tfb_alt_t *alt;
    int main;    /* the first ALT with a score */
    int *window; /* per group: its window, or a state */
    int m_window;
    float *value;
    int m_value;
    int64_t n_haps, n_windows, n_no_window, n_unknown, n_skipped;
    kstring_t text;
};

static int no_memory(void)
{
    tfb_error("not enough memory for haplotypes");
    return -1;
}

tfb_phased_t *tfb_phased_create(const bcf_hdr_t *hdr, const char *in, char phase, int W, int max_n)
{
    int n = bcf_hdr_nsamples(hdr), gt = bcf_hdr_id2int(hdr, BCF_DT_ID, "GT"), ps = bcf_hdr_id2int(hdr, BCF_DT_ID, "PS");
    if (n == 0 || gt < 0 || !bcf_hdr_idinfo_exists(hdr, BCF_HL_FMT, gt)) {
        tfb_error("%s: --haplotypes needs genotypes, and there are no %s", in, n ? "FORMAT/GT" : "samples");
        return NULL;
    }
    tfb_phased_t *p = calloc(1, sizeof *p);
    const char *most = getenv("TFBIND_WAITING"); /* for tests */
    if (!p || !(p->haps = tfb_haps_create(W, n, most ? (size_t)atoi(most) : WAITING))) {
        no_memory();
        free(p);
        return NULL;
    }
    p->in = in;
    p->phase = phase;
    p->W = W;
    p->max_n = max_n;
    p->n_samples = n;
    p->rid = -1;
    p->has_ps = ps >= 0 && bcf_hdr_idinfo_exists(hdr, BCF_HL_FMT, ps);
    return p;
}

void tfb_phased_destroy(tfb_phased_t *p)
{
    if (!p) return;
    tfb_haps_destroy(p->haps);
    free(p->seen);
    free(p->gt);
    free(p->ps);
    if (p->ps_text) free(p->ps_text[0]);
    free(p->ps_text);
    free(p->car);
    free(p->set);
    free(p->window);
    free(p->value);
    free(p->text.s);
    free(p);
}

void tfb_phased_rec_free(tfb_phased_rec_t *r)
{
    free(r->win);
    free(r->pair);
}

/* ---- genotypes ---- */

/* Reports what is wrong with a record, or with a sample's genotype if sample is not -1. Returns -1. */
static int malformed(const tfb_phased_t *p, const bcf_hdr_t *hdr, const bcf1_t *rec, int sample, const char *what)
{
    const char *contig = bcf_seqname_safe(hdr, rec);
    int64_t pos = (int64_t)rec->pos + 1;
    if (sample < 0)
        tfb_error("%s:%" PRId64 ": %s (%s)", contig, pos, what, p->in);
    else
        tfb_error("%s:%" PRId64 ": the genotype of %s %s (%s)", contig, pos, hdr->samples[sample], what, p->in);
    return -1;
}

/* Returns whether this is an allele and not missing. Some writers use the integers' missing value for a
 * missing allele. */
static int known(int32_t g) { return g != bcf_int32_vector_end && g != bcf_int32_missing && !bcf_gt_is_missing(g); }

static int is_integer(const bcf_fmt_t *f)
{
    return f->type == BCF_BT_INT8 || f->type == BCF_BT_INT16 || f->type == BCF_BT_INT32;
}

/* Reads the record's genotypes into p->gt, and checks that the record has each allele. Returns the number
 * of values per sample, 0 if there are none, or -1 (logged). htslib checks that the bytes exist, but not
 * their contents, and ends the process if their type is one that genotypes cannot have. */
static int read_genotypes(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec)
{
    if (rec->n_fmt == 0) return 0;
    if ((int)rec->n_sample != p->n_samples)
        return malformed(p, hdr, rec, -1, "the record and the header differ in the number of samples");
    const bcf_fmt_t *f = bcf_get_fmt(hdr, rec, "GT");
    if (!f || !f->p || f->n <= 0) return 0;
    if (!is_integer(f)) return malformed(p, hdr, rec, -1, "FORMAT/GT holds no genotypes");
    int n = bcf_get_genotypes(hdr, rec, &p->gt, &p->m_gt);
    if (n == -4) return no_memory();
    if (n <= 0 || n % p->n_samples)
        return malformed(p, hdr, rec, -1, "cannot read FORMAT/GT: it must be declared with Type=String");
    for (int i = 0; i < n; i++) {
        int32_t g = p->gt[i];
        if (!known(g)) {
            if (g == bcf_int32_missing) p->gt[i] = bcf_gt_missing;
        } else if (g < 0)
            return malformed(p, hdr, rec, i / (n / p->n_samples), "has a negative allele");
        else if (bcf_gt_allele(g) >= (int)rec->n_allele)
            return malformed(p, hdr, rec, i / (n / p->n_samples), "has an allele that is not in the record");
    }
    return n / p->n_samples;
}

/* Applies --phase to the genotype g[n]. Returns 1 if the result is heterozygous, 0 if not, 2 to skip it,
 * or -1 (logged). */
static int settle(tfb_phased_t *p, const bcf_hdr_t *hdr, const bcf1_t *rec, int sample, int32_t *g, int n)
{
    int phased = 1, het = 0, some = -1, alt = 0, missing = 0;
    for (int k = 0; k < n && g[k] != bcf_int32_vector_end; k++) {
        if (k > 0)
            phased &=
                bcf_gt_is_phased(g[k]); /* its separator; the first allele has none, and its bit depends on htslib */
        missing |= bcf_gt_is_missing(g[k]);
        if (!known(g[k])) continue;
        if (some >= 0 && bcf_gt_allele(g[k]) != some) het = 1;
        some = bcf_gt_allele(g[k]);
        if (!alt) alt = some;
    }
    if (p->phase == 'm') {
        g[0] = some < 0 ? bcf_gt_missing : bcf_gt_unphased(alt);
        for (int k = 1; k < n; k++) g[k] = bcf_int32_vector_end;
        return 0;
    }
    if (phased || (!het && !(missing && alt))) return het;
    if (het && p->phase == 'r') {
        tfb_error("%s:%" PRId64 ": the genotype of %s is heterozygous and not phased (%s); see --phase",
                  bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, hdr->samples[sample], p->in);
        return -1;
    }
    if (p->phase == 'r' || p->phase == 's') return 2;
    if (p->phase == 'R')
        for (int k = 0; k < n; k++)
            if (known(g[k]) && bcf_gt_allele(g[k]) == 0) g[k] = bcf_gt_unphased(alt);
    return het;
}

/* Maps named phase sets to numbers. Returns 0, or -1 on failure (logged). */
static int read_set_names(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec)
{
    if (bcf_get_format_string(hdr, rec, "PS", &p->ps_text, &p->m_ps_text) < 0)
        return malformed(p, hdr, rec, -1, "cannot read FORMAT/PS");
    if (TFB_RESERVE(p->ps, p->m_ps, p->n_samples, "haplotypes") < 0) return -1;
    for (int s = 0; s < p->n_samples; s++) { /* FNV-1a */
        uint32_t x = 2166136261u;
        for (const char *c = p->ps_text[s]; *c; c++) x = (x ^ (uint8_t)*c) * 16777619u;
        p->ps[s] = strcmp(p->ps_text[s], ".") ? (int32_t)(x & 0x3fffffff) : bcf_int32_missing;
    }
    return 0;
}

/* Reads the record's phase sets into p->ps. Returns 1, 0 if it has none that matter, or -1 (logged). */
static int read_sets(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec)
{
    if (!p->has_ps || (p->phase != 'r' && p->phase != 's')) return 0;
    const bcf_fmt_t *f = bcf_get_fmt(hdr, rec, "PS");
    if (!f || !f->p || f->n <= 0) return 0;
    int n_samples = p->n_samples, id = bcf_hdr_id2int(hdr, BCF_DT_ID, "PS"),
        type = (int)bcf_hdr_id2type(hdr, BCF_HL_FMT, (uint32_t)id);
    if (type == BCF_HT_STR && f->type == BCF_BT_CHAR) return read_set_names(p, hdr, rec) < 0 ? -1 : 1;
    if (type != BCF_HT_INT || !is_integer(f))
        return malformed(p, hdr, rec, -1, "FORMAT/PS is neither integers nor names of phase sets");
    int n = bcf_get_format_int32(hdr, rec, "PS", &p->ps, &p->m_ps);
    if (n == -4) return no_memory();
    if (n <= 0 || n % n_samples) return malformed(p, hdr, rec, -1, "cannot read FORMAT/PS");
    for (int s = 0, m = n / n_samples; s < n_samples; s++) {
        for (int k = 1; k < m; k++)
            if (p->ps[s * m + k] != bcf_int32_vector_end)
                return malformed(p, hdr, rec, -1, "FORMAT/PS has more than one phase set for a sample");
        p->ps[s] = p->ps[s * m] == bcf_int32_vector_end ? bcf_int32_missing : p->ps[s * m];
    }
    return 1;
}

int tfb_phased_new_contig(const tfb_phased_t *p, const bcf1_t *rec) { return p->rid >= 0 && p->rid != rec->rid; }

int tfb_phased_ready(const tfb_phased_t *p, const tfb_phased_rec_t *r)
{
    return r->number < 0 || tfb_haps_ready(p->haps, r->number);
}

/* Checks that the next record keeps the input sorted. Returns 0, or -1 (logged). */
static int move_on(tfb_phased_t *p, const bcf_hdr_t *hdr, const bcf1_t *rec)
{
    if (p->rid == rec->rid && rec->pos < p->last) {
        tfb_error("%s:%" PRId64 " comes after %" PRId64 " in %s: --haplotypes needs sorted records",
                  bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, (int64_t)p->last + 1, p->in);
        return -1;
    }
    if (p->rid != rec->rid) {
        int n = p->n_seen;
        if (TFB_RESERVE(p->seen, p->n_seen, rec->rid + 1, "haplotypes") < 0) return -1;
        memset(p->seen + n, 0, (size_t)(p->n_seen - n));
        if (p->seen[rec->rid]) {
            tfb_error("%s:%" PRId64 " comes after %s in %s: --haplotypes needs sorted records",
                      bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, bcf_hdr_id2name(hdr, p->rid), p->in);
            return -1;
        }
        p->seen[rec->rid] = 1;
        tfb_haps_reset(p->haps);
    }
    p->rid = rec->rid;
    p->last = rec->pos;
    tfb_haps_at(p->haps, rec->pos);
    return 0;
}

/* Applies --phase to a record's genotypes, with ploidy values per sample, and records the phase sets of
 * heterozygous ones, *n_set in all. Returns 0, or -1 (logged). */
static int settle_all(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, int ploidy, int *n_set)
{
    int n_ps = read_sets(p, hdr, rec), by_set = p->has_ps && (p->phase == 'r' || p->phase == 's');
    *n_set = 0;
    if (n_ps < 0 || TFB_RESERVE(p->set, p->m_set, p->n_samples, "haplotypes") < 0) return -1;
    for (int s = 0; s < p->n_samples; s++) {
        int32_t *g = p->gt + (size_t)s * (size_t)ploidy;
        int het = settle(p, hdr, rec, s, g, ploidy);
        if (het < 0) return -1;
        if (het == 2) {
            p->n_skipped++;
            for (int k = 0; k < ploidy; k++)
                if (g[k] != bcf_int32_vector_end) g[k] = bcf_gt_missing;
        }
        if (het == 1 && by_set)
            p->set[(*n_set)++] = (tfb_phase_set_t){s, n_ps && p->ps[s] != bcf_int32_missing ? p->ps[s] : UNNAMED_SET};
    }
    return 0;
}

/* Returns the state of a haplotype with this genotype value, before it has its window. */
static int state(const bcf1_t *rec, int32_t g)
{
    if (g == bcf_int32_vector_end) return ABSENT;
    if (!known(g)) return NO_VALUE;
    int a = bcf_gt_allele(g);
    tfb_allele_t kind = a ? tfb_allele_kind(rec->d.allele[a]) : TFB_ALLELE_OK;
    if (kind == TFB_ALLELE_STAR) return STAR;
    return kind == TFB_ALLELE_OK ? a : NO_VALUE;
}

/* Sets the haplotypes of a record and the alleles that they carry. Returns 0, or -1 (logged). */
static int read_haplotypes(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, tfb_phased_rec_t *r)
{
    int n_samples = p->n_samples, n_car = 0, n_set, ploidy = read_genotypes(p, hdr, rec);
    if (ploidy <= 0) return ploidy;
    int n = ploidy * n_samples;
    if (TFB_RESERVE(r->win, r->m_win, n, "haplotypes") < 0 || TFB_RESERVE(p->car, p->m_car, n, "haplotypes") < 0 ||
        settle_all(p, hdr, rec, ploidy, &n_set) < 0)
        return -1;
    r->ploidy = p->phase == 'm' ? 1 : ploidy;
    for (int k = 0; k < r->ploidy; k++)
        for (int s = 0, i = 0; s < n_samples; s++) {
            int32_t g = p->gt[(size_t)s * (size_t)ploidy + (size_t)k];
            while (i < n_set && p->set[i].sample < s) i++;
            r->win[(size_t)k * (size_t)n_samples + (size_t)s] = state(rec, g);
            if (known(g) && bcf_gt_allele(g) > 0)
                p->car[n_car++] = (tfb_carrier_t){k * n_samples + s, bcf_gt_allele(g),
                                                  i < n_set && p->set[i].sample == s ? p->set[i].set : TFB_NO_SET};
        }
    r->number = tfb_haps_add(p->haps, rec->pos, (int)rec->n_allele, rec->d.allele, p->car, n_car, p->set, n_set);
    return r->number < 0 ? -1 : 0;
}

int tfb_phased_read(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, int usable, tfb_phased_rec_t *r)
{
    r->number = -1;
    r->n_pair = r->ploidy = 0;
    if (move_on(p, hdr, rec) < 0 || (usable && read_haplotypes(p, hdr, rec, r) < 0)) return -1;
    tfb_haps_wait(p->haps, rec->shared.l + rec->indiv.l + (size_t)r->ploidy * (size_t)p->n_samples * sizeof *r->win);
    return 0;
}

/* ---- windows ---- */

/* Forgets the windows of other records, and lists those that this record already has: most haplotypes need
 * only these. Returns 0, or -1 if memory runs out (logged). */
static int list_windows(const tfb_alt_t *alt, int n_alt, tfb_windows_t *w)
{
    tfb_windows_unlist(w);
    for (int i = 0; i < n_alt; i++) {
        if (alt[i].ref >= 0 && tfb_windows_list(w, alt[i].ref) < 0) return -1;
        if (alt[i].alt >= 0 && tfb_windows_list(w, alt[i].alt) < 0) return -1;
    }
    return 0;
}

/* Makes the window of a group of haplotypes with an allele's REF in its middle. Returns its index,
 * NO_VALUE, UNKNOWN, or UNMADE on failure (logged). */
static int make_window(tfb_phased_t *p, tfb_fasta_t *f, const char *contig, int group, int allele, int base,
                       tfb_windows_t *w)
{
    uint8_t *code = tfb_windows_next(w);
    int why = code ? tfb_haps_window(p->haps, f, contig, group, allele, p->max_n, code) : -1;
    if (why < 0) return UNMADE;
    if (why == TFB_HAPS_UNKNOWN) return UNKNOWN;
    if (why != TFB_ALLELE_OK) return NO_VALUE;
    int n = w->n, i = tfb_windows_once(w, base);
    p->n_windows += i == n;
    return i < 0 ? UNMADE : i;
}

/* Returns the window of a haplotype of this group with this allele in its genotype. Same result as
 * make_window. */
static int find_window(tfb_phased_t *p, tfb_fasta_t *f, const char *contig, tfb_phased_rec_t *r, int group, int allele,
                       tfb_windows_t *w)
{
    const tfb_alt_t *alt = p->alt;
    int a = tfb_haps_group_allele(p->haps, group), of_group = a > 0 || allele == 0 || alt[allele - 1].alt < 0;
    if (of_group && p->window[group] != UNMADE) return p->window[group];
    int middle = a;
    if (a == 0)
        middle = of_group ? p->main + 1 : allele; /* a skipped one is compared with REF as trimmed with its ALT */
    int base = alt[alt[middle - 1].ref >= 0 ? middle - 1 : p->main].ref,
        win = make_window(p, f, contig, group, middle, base, w);
    if (!of_group || win == UNMADE) return win;
    p->window[group] = win;
    if (a == 0 || win < 0) return win;
    if (TFB_RESERVE(r->pair, r->m_pair, 2 * (r->n_pair + 1), "haplotypes") < 0) return UNMADE;
    r->pair[2 * r->n_pair] = a - 1;
    r->pair[2 * r->n_pair++ + 1] = win;
    return win;
}

int tfb_phased_windows(tfb_phased_t *p, tfb_fasta_t *f, const char *contig, tfb_phased_rec_t *r, const tfb_alt_t *alt,
                       int n_alt, tfb_windows_t *w)
{
    if (r->number < 0) return 0;
    p->alt = alt;
    for (p->main = 0; alt[p->main].alt < 0;) p->main++;
    int n_slots = r->ploidy * p->n_samples, n = tfb_haps_group(p->haps, r->number, n_slots);
    if (n < 0 || TFB_RESERVE(p->window, p->m_window, n, "haplotypes") < 0 || list_windows(alt, n_alt, w) < 0) return -1;
    for (int g = 0; g < n; g++) p->window[g] = UNMADE;
    for (int s = 0; s < n_slots; s++) {
        int g = tfb_haps_group_of(p->haps, s);
        if (r->win[s] == STAR) r->win[s] = tfb_haps_group_gap(p->haps, g) ? 0 : NO_VALUE;
        if (r->win[s] < 0) continue;
        if ((r->win[s] = find_window(p, f, contig, r, g, r->win[s], w)) == UNMADE) return -1;
        p->n_haps++;
        p->n_no_window += r->win[s] == NO_VALUE;
        p->n_unknown += r->win[s] == UNKNOWN;
    }
    tfb_haps_done(p->haps, r->number);
    return 0;
}

/* ---- values ---- */

int tfb_phased_format(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, const tfb_phased_rec_t *r,
                      const tfb_windows_t *w, int t, const char *tag)
{
    int n = r->ploidy * p->n_samples;
    if (TFB_RESERVE(p->value, p->m_value, n, "haplotypes") < 0) return -1;
    for (int s = 0; s < p->n_samples; s++)
        for (int k = 0; k < r->ploidy; k++) {
            float *v = &p->value[s * r->ploidy + k];
            int win = r->win[k * p->n_samples + s];
            if (win >= 0)
                *v = tfb_sigmoid(tfb_windows_z(w, win)[t]);
            else if (win == ABSENT)
                bcf_float_set_vector_end(*v);
            else
                bcf_float_set_missing(*v);
        }
    if (bcf_update_format_float(hdr, rec, tag, p->value, n) == 0) return 0;
    tfb_error("%s:%" PRId64 ": cannot add FORMAT/%s", bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, tag);
    return -1;
}

void tfb_phased_departure(const tfb_phased_rec_t *r, const tfb_windows_t *w, int i, int alt, int t, float *d)
{
    bcf_float_set_missing(*d);
    for (int k = 0, found = 0; k < r->n_pair && alt >= 0; k++) {
        if (r->pair[2 * k] != i) continue;
        float v = tfb_sigmoid(tfb_windows_z(w, r->pair[2 * k + 1])[t]) - tfb_sigmoid(tfb_windows_z(w, alt)[t]);
        if (!found || fabsf(v) > fabsf(*d)) *d = v;
        found = 1;
    }
}

const char *tfb_phased_summary(tfb_phased_t *p)
{
    const tfb_haps_count_t *c = tfb_haps_count(p->haps);
    kstring_t *s = &p->text;
    s->l = 0;
    ksprintf(s, "%" PRId64 " haplotypes of records and samples, %" PRId64 " more windows to score for them", p->n_haps,
             p->n_windows);
    if (c->n_overlaps)
        ksprintf(s, "; %" PRId64 " alleles left out of haplotypes that have an earlier variant there", c->n_overlaps);
    if (c->n_no_sequence)
        ksprintf(s, "; %" PRId64 " alleles without a sequence, such as <DEL>, left out", c->n_no_sequence);
    if (p->n_skipped) ksprintf(s, "; %" PRId64 " unphased genotypes skipped", p->n_skipped);
    if (c->n_other_set) ksprintf(s, "; %" PRId64 " times neighbours of another phase set left out", c->n_other_set);
    if (c->n_given_up)
        ksprintf(s,
                 "; %" PRId64 " haplotypes without a value for %" PRId64
                 " variants of more than %d bases that span too many records",
                 p->n_unknown, c->n_given_up, TFB_HAPS_LONG);
    if (p->n_no_window) ksprintf(s, "; %" PRId64 " without a window (contig end, N)", p->n_no_window);
    return s->s ? s->s : "";
}
