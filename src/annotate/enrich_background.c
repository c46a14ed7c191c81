/* enrich_background.c - random SNVs that match the hits; a background thinned to the hits'
 * frequencies. */
#include "annotate/enrich_parts.h"
#include "annotate/near.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    GC_BINS = 10,               /* as for the matched examples of training */
    CLASSES = 64 * 3 * GC_BINS, /* trinucleotide, which other letter, GC of the window */
    CANDIDATES = 400000,        /* random SNVs to choose matching ones from, at most */
    NEAREST = 100,              /* bases around a hit to search first: open regions are that short */
};

/* Returns the class of an SNV in the middle of its window: the trinucleotide and change on either strand,
 * and the tenth of GC; -1: none. */
static int class_of(const uint8_t *code, int W, uint8_t alt)
{
    int b = W / 2, l, m, r, gc = 0, n = 0;
    if (W < 3 || code[b - 1] > 3 || code[b] > 3 || code[b + 1] > 3 || alt > 3 || alt == code[b]) return -1;
    l = code[b - 1], m = code[b], r = code[b + 1];
    for (int i = 0; i < W; i++) {
        gc += code[i] == 1 || code[i] == 2;
        n += code[i] < 4;
    }
    if (m >= 2) { /* G and T are C and A on the other strand */
        int k = 3 - l;
        l = 3 - r, m = 3 - m, r = k, alt = (uint8_t)(3 - alt);
    }
    int bin = gc * GC_BINS / n;
    return ((l * 16 + m * 4 + r) * 3 + (alt - m + 4) % 4 - 1) * GC_BINS + (bin < GC_BINS ? bin : GC_BINS - 1);
}

/* Adds up to n_random SNVs from around hit i, from the nearest ring that has enough. Returns their number,
 * or -1 (logged). */
static int add_near(study_t *a, int64_t i, tfb_near_t *near)
{
    const tfb_enrich_opt_t *o = a->o;
    const variant_t hit = a->set.var[i]; /* the array may move */
    const char *contig = a->set.contigs[hit.contig];
    uint8_t base[2] = {tfb_base_code[(uint8_t)*hit.ref], tfb_base_code[(uint8_t)*hit.alt]};
    int n_taken = 0, got;
    for (hts_pos_t radius = NEAREST, inner = 0;; inner = radius, radius *= 2) {
        if (radius > o->within) radius = o->within;
        int64_t n = tfb_near_find(near, a->s.fasta, contig, hit.pos, base[0], base[1], radius);
        if (n < 0) return -1;
        for (; n > 0 && n_taken < o->n_random; n--) {
            int64_t k = (int64_t)tfb_rng_below(&a->set.rng, (uint64_t)n);
            tfb_near_snv_t snv = near->snv[k];
            near->snv[k] = near->snv[n - 1];
            if (llabs((long long)(snv.pos - hit.pos)) <= inner ||
                (a->regions && !tfb_regions_has(a->regions, contig, snv.pos)))
                continue;
            tfb_change_t c = {snv.pos, &tfb_base_char[snv.ref], &tfb_base_char[snv.alt], 1, 1};
            variant_t it;
            if (tfb_set_fill(&a->set, &it, contig, &c, 0, 0) < 0) return -1;
            it.stratum = hit.stratum;
            if ((got = tfb_set_add_random(&a->set, &it)) < 0) return -1;
            n_taken += got;
        }
        if (n_taken == o->n_random || radius >= o->within) return n_taken;
    }
}

/* Each hit with the SNVs around it is a stratum. Hits that get none are removed after scoring has reported
 * why (arrange). */
int tfb_enrich_neighbours(study_t *a)
{
    tfb_near_t near = {.W = a->s.W, .max_n = a->o->session.max_n};
    int64_t n_hits = a->set.n;
    int got = 0;
    a->set.sets = 1;
    for (int64_t i = 0; i < n_hits && got >= 0; i++) {
        variant_t *v = &a->set.var[i];
        v->stratum = strlen(v->ref) == 1 && strlen(v->alt) == 1 ? (int)i : -1;
        a->set.n_unmatched += v->stratum < 0;
        if (v->stratum >= 0) got = add_near(a, i, &near);
    }
    tfb_near_free(&near);
    return got < 0 ? -1 : 0;
}

/* Random SNVs to choose from, and how many of each class are needed. */
typedef struct {
    tfb_snv_t *snv; /* (n) */
    int *class;     /* (n) */
    uint32_t *order;
    int64_t n;
    int *want, *left; /* (CLASSES); left: how many have been added */
    uint8_t *code;    /* (W) */
} candidates_t;

/* Counts the classes of the hits, which become their strata. Returns 0, or -1 (logged). */
static int count_classes(study_t *a, candidates_t *c)
{
    for (int64_t i = 0; i < a->set.n; i++) {
        variant_t *v = &a->set.var[i];
        tfb_change_t change = {.pos = v->pos, .ref = v->ref, .alt = v->alt, .n_ref = 1, .n_alt = 1};
        int k = TFB_ALLELE_EDGE;
        if (strlen(v->ref) == 1 && strlen(v->alt) == 1)
            k = tfb_allele_window(a->s.fasta, a->set.contigs[v->contig], &change, 0, a->s.W, a->o->session.max_n,
                                  c->code);
        if (k < 0) return -1;
        v->stratum = k == TFB_ALLELE_OK ? class_of(c->code, a->s.W, tfb_base_code[(uint8_t)*v->alt]) : -1;
        if (v->stratum >= 0) c->want[v->stratum] += a->o->n_random;
    }
    return 0;
}

/* Draws SNVs from regions r, up to c->n, in a random order. Returns 0, or -1 (logged). */
static int draw_candidates(study_t *a, candidates_t *c, const tfb_regions_t *r)
{
    int W = a->s.W;
    if ((c->n = tfb_snvs_draw(r, a->s.fasta, W, a->o->session.max_n, &a->set.rng, c->snv, c->n)) < 0) return -1;
    for (int64_t i = 0; i < c->n; i++) {
        hts_pos_t beg = c->snv[i].pos - W / 2;
        if (tfb_fasta_codes(a->s.fasta, r->contigs[c->snv[i].contig], beg, beg + W, c->code) != 0) {
            tfb_error("cannot read %s again", a->o->session.fasta);
            return -1;
        }
        c->class[i] = class_of(c->code, W, c->snv[i].alt);
        c->order[i] = (uint32_t)i;
    }
    tfb_rng_shuffle(&a->set.rng, c->order, (size_t)c->n);
    return 0;
}

/* Adds as many candidates of each class as needed. Returns their number, or -1 (logged). */
static int64_t take_candidates(study_t *a, candidates_t *c, const tfb_regions_t *r)
{
    int64_t n_taken = 0;
    for (int64_t i = 0; i < c->n; i++) {
        const tfb_snv_t *s = &c->snv[c->order[i]];
        int k = c->class[c->order[i]], got;
        if (k < 0 || c->left[k] == c->want[k]) continue;
        tfb_change_t change = {
            .pos = s->pos, .ref = &tfb_base_char[s->ref], .alt = &tfb_base_char[s->alt], .n_ref = 1, .n_alt = 1};
        variant_t it;
        if (tfb_set_fill(&a->set, &it, r->contigs[s->contig], &change, 0, 0) < 0) return -1;
        it.stratum = k;
        if ((got = tfb_set_add_random(&a->set, &it)) < 0) return -1;
        c->left[k] += got;
        n_taken += got;
    }
    return n_taken;
}

/* Leaves out hits whose class has no random SNVs. */
static void drop_unmatched(set_t *s, int64_t n_hits, const candidates_t *c)
{
    for (int64_t i = 0; i < n_hits; i++) {
        variant_t *v = &s->var[i];
        if (v->stratum >= 0 && c->left[v->stratum] > 0) continue;
        s->n_unmatched++;
        v->stratum = -1;
    }
}

int tfb_enrich_random(study_t *a)
{
    int64_t m = 200 * a->set.n_hits * (int64_t)a->o->n_random, n_hits = a->set.n, n_taken = -1;
    if (m < 20000) m = 20000;
    if (m > CANDIDATES) m = CANDIDATES;
    tfb_regions_t *whole = a->regions ? NULL : tfb_regions_whole(a->s.fasta);
    const tfb_regions_t *r = a->regions ? a->regions : whole;
    candidates_t c = {.n = m};
    c.snv = tfb_alloc((size_t)m, sizeof *c.snv, "random SNVs");
    c.class = tfb_alloc((size_t)m, sizeof *c.class, "random SNVs");
    c.order = tfb_alloc((size_t)m, sizeof *c.order, "random SNVs");
    c.want = calloc(CLASSES, sizeof *c.want);
    c.left = calloc(CLASSES, sizeof *c.left);
    c.code = malloc((size_t)a->s.W);
    if (r && c.snv && c.class && c.order && c.want && c.left && c.code && count_classes(a, &c) == 0 &&
        draw_candidates(a, &c, r) == 0)
        n_taken = take_candidates(a, &c, r);
    if (n_taken >= 0) {
        drop_unmatched(&a->set, n_hits, &c);
        tfb_note("%" PRId64 " random SNVs match %" PRId64 " hits in trinucleotide, change and GC; %" PRId64
                 " hits are left out: no SNVs, or none matches",
                 n_taken, n_hits - a->set.n_unmatched, a->set.n_unmatched);
    }
    tfb_regions_destroy(whole);
    free(c.snv);
    free(c.class);
    free(c.order);
    free(c.want);
    free(c.left);
    free(c.code);
    return n_taken < 0 ? -1 : 0;
}

/* ---- matched frequencies ---- */

/* Thins the background so that each bin of frequencies has the same number of variants per hit: the most
 * that all bins with hits can supply, but at least one. Removes hits of bins without background. */
int tfb_enrich_match_af(study_t *a)
{
    int64_t hits[TFB_AF_BINS] = {0}, rest[TFB_AF_BINS] = {0}, taken[TFB_AF_BINS] = {0}, ratio = INT64_MAX, n = 0;
    uint32_t *order = tfb_alloc((size_t)a->set.n + 1, sizeof *order, "an order");
    if (!order) return -1;
    for (int64_t i = 0; i < a->set.n; i++) {
        (a->set.var[i].hit ? hits : rest)[a->set.var[i].stratum]++;
        order[i] = (uint32_t)i;
    }
    for (int b = 0; b < TFB_AF_BINS; b++)
        if (hits[b] && rest[b] && rest[b] / hits[b] < ratio) ratio = rest[b] / hits[b];
    if (ratio < 1 || ratio == INT64_MAX) ratio = 1;
    tfb_rng_shuffle(&a->set.rng, order, (size_t)a->set.n);
    for (int64_t i = 0; i < a->set.n; i++) {
        variant_t *v = &a->set.var[order[i]];
        int b = v->stratum;
        if (v->hit ? rest[b] > 0 : taken[b] < ratio * hits[b]) {
            if (!v->hit) taken[b]++, n++;
        } else {
            a->set.n_unmatched += v->hit;
            v->stratum = -1;
        }
    }
    tfb_note("%" PRId64 " variants of the background, up to %" PRId64
             " for each hit, match the hits in the minor allele's frequency; %" PRId64
             " hits are left out: none matches",
             n, ratio, a->set.n_unmatched);
    free(order);
    return 0;
}
