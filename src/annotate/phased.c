/* phased.c - genotypes to haplotypes, and their scores to tags. */
#include "annotate/phased.h"
#include "genome/alleles.h"
#include "nn/infer.h"
#include "util/util.h"
#include <htslib/kstring.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* States of a haplotype in tfb_phased_rec_t.win before it has its window. */
enum { NO_VALUE = -1, ABSENT = -2, STAR = -3, PRESENT = 0 };
/* The phase set of phased genotypes without PS in a file that has it. */
enum { UNNAMED_SET = INT32_MAX };

struct tfb_phased_t {
    const char *in;
    char phase;
    int W, max_n, n_samples, rid, ended, has_ps;
    hts_pos_t last;
    tfb_haps_t *haps;
    int32_t *gt, *ps;
    int m_gt, m_ps;
    char **ps_text;
    int m_ps_text;
    tfb_carrier_t *car;
    tfb_phase_set_t *set;
    int m_car, m_set;
    int *window; /* per group: its window, or a state */
    int m_window;
    int *table; /* windows of a record by their sequence: index or -1 */
    int m_table;
    float *value;
    int m_value;
    int64_t n_haps, n_windows, n_no_window, n_skipped;
    kstring_t text;
};

static int no_memory(void)
{
    tfb_error("not enough memory for haplotypes");
    return -1;
}

static int reserve(void **p, int *m, int64_t n, size_t size)
{
    if (n <= *m) return 0;
    if (n > INT32_MAX / 2) return no_memory();
    void *q = realloc(*p, (size_t)(n + n / 2) * size);
    if (!q) return no_memory();
    *p = q;
    *m = (int)(n + n / 2);
    return 0;
}
#define RESERVE(p, m, n) reserve((void **)&(p), &(m), (n), sizeof *(p))

tfb_phased_t *tfb_phased_create(const bcf_hdr_t *hdr, const char *in, char phase, int W, int max_n)
{
    int n = bcf_hdr_nsamples(hdr), gt = bcf_hdr_id2int(hdr, BCF_DT_ID, "GT"), ps = bcf_hdr_id2int(hdr, BCF_DT_ID, "PS");
    if (n == 0 || gt < 0 || !bcf_hdr_idinfo_exists(hdr, BCF_HL_FMT, gt)) {
        tfb_error("%s: --haplotypes needs genotypes, and there are no %s", in, n ? "FORMAT/GT" : "samples");
        return NULL;
    }
    tfb_phased_t *p = calloc(1, sizeof *p);
    if (!p || !(p->haps = tfb_haps_create(W, n))) {
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
    free(p->gt);
    free(p->ps);
    if (p->ps_text) free(p->ps_text[0]);
    free(p->ps_text);
    free(p->car);
    free(p->set);
    free(p->window);
    free(p->table);
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

static int known(int32_t g) { return g != bcf_int32_vector_end && !bcf_gt_is_missing(g); }

/* Applies --phase to the genotype g[n]. 1 heterozygous (what is left of it), 0 not, 2 skip it, -1 an error (logged). */
static int settle(tfb_phased_t *p, const bcf_hdr_t *hdr, const bcf1_t *rec, int sample, int32_t *g, int n)
{
    int phased = 0, het = 0, some = -1, alt = 0, missing = 0;
    for (int k = 0; k < n && g[k] != bcf_int32_vector_end; k++) {
        phased |= bcf_gt_is_phased(g[k]); /* the first allele's bit means nothing in older files: any one says it */
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
        tfb_error("%s:%" PRId64 ": the genotype of %s is heterozygous and not phased (%s); see --phase", bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1,
                  hdr->samples[sample], p->in);
        return -1;
    }
    if (p->phase == 'r' || p->phase == 's') return 2;
    if (p->phase == 'R')
        for (int k = 0; k < n; k++)
            if (known(g[k]) && bcf_gt_allele(g[k]) == 0) g[k] = bcf_gt_unphased(alt);
    return het;
}

/* The record's phase sets into p->ps: n_samples values, or 0 where it has none. */
static int read_sets(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec)
{
    if (!p->has_ps || (p->phase != 'r' && p->phase != 's')) return 0;
    int n = bcf_get_format_int32(hdr, rec, "PS", &p->ps, &p->m_ps);
    if (n == p->n_samples) return n;
    if (n != -2) return 0; /* not there */
    if (bcf_get_format_string(hdr, rec, "PS", &p->ps_text, &p->m_ps_text) < 0 || RESERVE(p->ps, p->m_ps, p->n_samples) < 0) return 0;
    for (int s = 0; s < p->n_samples; s++) { /* a name: FNV-1a */
        uint32_t x = 2166136261u;
        for (const char *c = p->ps_text[s]; *c; c++) x = (x ^ (uint8_t)*c) * 16777619u;
        p->ps[s] = strcmp(p->ps_text[s], ".") ? (int32_t)(x & 0x3fffffff) : bcf_int32_missing;
    }
    return p->n_samples;
}

int tfb_phased_new_contig(const tfb_phased_t *p, const bcf1_t *rec) { return p->rid >= 0 && p->rid != rec->rid; }

int tfb_phased_ready(const tfb_phased_t *p, const tfb_phased_rec_t *r) { return r->number < 0 || tfb_haps_ready(p->haps, r->number); }

int tfb_phased_read(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, int usable, tfb_phased_rec_t *r)
{
    int n_samples = p->n_samples, n_car = 0, n_set = 0;
    r->number = -1;
    r->n_pair = 0;
    if (p->rid != rec->rid) {
        tfb_haps_reset(p->haps);
        p->rid = rec->rid;
    } else if (rec->pos < p->last) {
        tfb_error("%s:%" PRId64 " comes after %" PRId64 " in %s: --haplotypes needs sorted records", bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1,
                  (int64_t)p->last + 1, p->in);
        return -1;
    }
    p->last = rec->pos;
    tfb_haps_at(p->haps, rec->pos);
    if (!usable) return 0;
    int n = bcf_get_genotypes(hdr, rec, &p->gt, &p->m_gt);
    if (n < n_samples) return 0; /* no genotypes here */
    int ploidy = n / n_samples, n_ps = read_sets(p, hdr, rec);
    if (RESERVE(r->win, r->m_win, n) < 0 || RESERVE(p->car, p->m_car, n) < 0 || RESERVE(p->set, p->m_set, n_samples) < 0) return -1;
    for (int s = 0; s < n_samples; s++) {
        int32_t *g = p->gt + (size_t)s * (size_t)ploidy;
        int het = settle(p, hdr, rec, s, g, ploidy);
        if (het < 0) return -1;
        if (het == 2) {
            p->n_skipped++;
            for (int k = 0; k < ploidy; k++)
                if (g[k] != bcf_int32_vector_end) g[k] = bcf_gt_missing;
        }
        if (het == 1 && p->has_ps && (p->phase == 'r' || p->phase == 's'))
            p->set[n_set++] = (tfb_phase_set_t){s, n_ps && p->ps[s] != bcf_int32_missing ? p->ps[s] : UNNAMED_SET};
    }
    r->ploidy = p->phase == 'm' ? 1 : ploidy;
    for (int k = 0; k < r->ploidy; k++)
        for (int s = 0, i = 0; s < n_samples; s++) {
            int32_t g = p->gt[(size_t)s * (size_t)ploidy + (size_t)k], *win = &r->win[(size_t)k * (size_t)n_samples + (size_t)s];
            while (i < n_set && p->set[i].sample < s) i++;
            *win = g == bcf_int32_vector_end ? ABSENT : NO_VALUE;
            if (!known(g)) continue;
            int a = bcf_gt_allele(g);
            if (a >= rec->n_allele) {
                tfb_error("%s:%" PRId64 ": the genotype of %s has an allele that the record lacks (%s)", bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1,
                          hdr->samples[s], p->in);
                return -1;
            }
            tfb_allele_t kind = a ? tfb_allele_kind(rec->d.allele[a]) : TFB_ALLELE_OK;
            if (kind == TFB_ALLELE_OK)
                *win = PRESENT;
            else if (kind == TFB_ALLELE_STAR)
                *win = STAR;
            if (a) p->car[n_car++] = (tfb_carrier_t){k * n_samples + s, a, i < n_set && p->set[i].sample == s ? p->set[i].set : TFB_NO_SET};
        }
    r->number = tfb_haps_add(p->haps, rec->pos, rec->n_allele, rec->d.allele, p->car, n_car, p->set, n_set);
    return r->number < 0 ? -1 : 0;
}

/* ---- windows ---- */

/* The window of this sequence: one of the record's, or the one just filled, which is then kept. */
static int same_window(tfb_phased_t *p, tfb_windows_t *w, const uint8_t *code, int base)
{
    uint64_t x = 1469598103934665603u; /* FNV-1a */
    for (int i = 0; i < w->W; i++) x = (x ^ code[i]) * 1099511628211u;
    unsigned mask = (unsigned)p->m_table - 1, at = (unsigned)(x ^ (x >> 32)) & mask;
    for (; p->table[at] >= 0; at = (at + 1) & mask)
        if (memcmp(w->code + (size_t)p->table[at] * (size_t)w->W, code, (size_t)w->W) == 0) return p->table[at];
    if (code == w->code + (size_t)w->n * (size_t)w->W) {
        tfb_windows_keep(w, base);
        p->n_windows++;
    }
    return p->table[at] = (int)((code - w->code) / w->W);
}

int tfb_phased_windows(tfb_phased_t *p, tfb_fasta_t *f, const char *contig, tfb_phased_rec_t *r, int ref, const int *alt, int n_alt, tfb_windows_t *w)
{
    if (r->number < 0) return 0;
    int n_slots = r->ploidy * p->n_samples, n = tfb_haps_group(p->haps, r->number, n_slots), m = 64;
    if (n < 0 || RESERVE(p->window, p->m_window, n) < 0) return -1;
    while (m < 2 * (n + n_alt + 1)) m *= 2;
    if (m > p->m_table) {
        int *t = realloc(p->table, (size_t)m * sizeof *t);
        if (!t) return no_memory();
        p->table = t;
        p->m_table = m;
    }
    for (int i = 0; i < p->m_table; i++) p->table[i] = -1;
    enum { UNMADE = -9 };
    for (int g = 0; g < n; g++) p->window[g] = UNMADE;
    /* windows of single alleles first: most haplotypes have just these */
    if (ref >= 0) same_window(p, w, w->code + (size_t)ref * (size_t)w->W, -1);
    for (int i = 0; i < n_alt; i++)
        if (alt[i] >= 0) same_window(p, w, w->code + (size_t)alt[i] * (size_t)w->W, -1);
    for (int s = 0; s < n_slots; s++) {
        int g = tfb_haps_group_of(p->haps, s);
        if (r->win[s] == STAR) r->win[s] = tfb_haps_group_gap(p->haps, g) ? PRESENT : NO_VALUE;
        if (r->win[s] < 0) continue;
        if (p->window[g] == UNMADE) {
            uint8_t *code = tfb_windows_next(w);
            int why = code ? tfb_haps_window(p->haps, f, contig, g, p->max_n, code) : -1, a = tfb_haps_group_allele(p->haps, g);
            if (why < 0) return -1;
            p->window[g] = why == TFB_ALLELE_OK ? same_window(p, w, code, ref) : NO_VALUE;
            if (a > 0 && p->window[g] >= 0) {
                if (RESERVE(r->pair, r->m_pair, 2 * (r->n_pair + 1)) < 0) return -1;
                r->pair[2 * r->n_pair] = a - 1;
                r->pair[2 * r->n_pair++ + 1] = p->window[g];
            }
        }
        r->win[s] = p->window[g];
        p->n_haps++;
        p->n_no_window += r->win[s] < 0;
    }
    tfb_haps_done(p->haps, r->number);
    return 0;
}

/* ---- values ---- */

int tfb_phased_format(tfb_phased_t *p, const bcf_hdr_t *hdr, bcf1_t *rec, const tfb_phased_rec_t *r, const tfb_windows_t *w, int t, const char *tag)
{
    int n = r->ploidy * p->n_samples;
    if (RESERVE(p->value, p->m_value, n) < 0) return -1;
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
    ksprintf(s, "%" PRId64 " haplotypes of records and samples, %" PRId64 " windows more to score for them", p->n_haps, p->n_windows);
    if (c->n_overlaps) ksprintf(s, "; %" PRId64 " alleles left out of haplotypes that have an earlier variant there", c->n_overlaps);
    if (c->n_no_sequence) ksprintf(s, "; %" PRId64 " alleles without a sequence, such as <DEL>, left out", c->n_no_sequence);
    if (c->n_long) ksprintf(s, "; %" PRId64 " alleles of a REF longer than %d left out", c->n_long, TFB_HAPS_LONGEST);
    if (p->n_skipped) ksprintf(s, "; %" PRId64 " unphased genotypes skipped", p->n_skipped);
    if (c->n_other_set) ksprintf(s, "; %" PRId64 " times neighbours of another phase set left out", c->n_other_set);
    if (p->n_no_window) ksprintf(s, "; %" PRId64 " without a window (contig end, N)", p->n_no_window);
    return s->s ? s->s : "";
}
