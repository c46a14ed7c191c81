/* haplotypes.c - turns variants and their carriers into groups of equal haplotypes, and those
 * into windows. */
#include "genome/haplotypes.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/vec.h"
#include <stdlib.h>
#include <string.h>

/* The change an allele makes: code text[len] replaces [beg, end). */
typedef struct {
    hts_pos_t from, to; /* REF as trimmed with this allele (alleles.h) */
    hts_pos_t beg, end; /* the part of [from, to) that changes */
    size_t text;        /* in var_t.code */
    int len;
    int ok;   /* the allele has a sequence; if 0, nothing above is set */
    int used; /* at least one haplotype carries it */
} edit_t;

typedef struct {
    int64_t number;
    hts_pos_t pos, end; /* REF */
    hts_pos_t far;      /* end of the farthest REF longer than TFB_HAPS_LONG, as trimmed; -1: none is that long */
    int given_up;       /* the input may not have reached the end of those REFs */
    int n_jumps;        /* alleles in use that change more than W bases */
    uint8_t *code;      /* all alleles, concatenated, REF first */
    size_t m_code;
    edit_t *edit; /* (n_allele); [0] unused */
    int n_allele, m_allele;
    tfb_carrier_t *car; /* those applied */
    int n_car, m_car;
    tfb_phase_set_t *set;
    int n_set, m_set;
} var_t;

/* Haplotypes form a tree: a node is its parent plus one allele. */
typedef struct {
    int parent, var, allele;
    int child, sibling; /* latest child; the child added before this one */
} node_t;

typedef struct {
    const edit_t *e;
    const var_t *v;
} applied_t;

/* A stretch of the genome that windows may reach, both ends included. more: bases that deletions
 * in it may add on each side. */
typedef struct {
    hts_pos_t lo, hi, more;
} stretch_t;

enum {
    FAR = 20000, /* bases; farther than this from a variant, the genome is cached in blocks */
    BLOCK = 1024,
    N_BLOCKS = 8,
};

/* Bases of the genome next to the far end of a long deletion. */
typedef struct {
    hts_pos_t beg, end; /* empty: beg = end */
    uint8_t code[BLOCK];
} block_t;

/* The position of a slot's last change. */
typedef struct {
    hts_pos_t beg, end;
} edge_t;

struct tfb_haps_t {
    int W, n_samples;
    var_t **v; /* (n), by number */
    int n, m;
    var_t **spare;
    int n_spare, m_spare;
    var_t **lengthy; /* the members of v whose REF is longer than TFB_HAPS_LONG */
    int n_lengthy, m_lengthy;
    int64_t next;
    hts_pos_t last;
    hts_pos_t least_end;   /* no variant in v ends before this */
    hts_pos_t until;       /* records up to here may have to wait for the end of a REF longer than TFB_HAPS_LONG */
    size_t waiting, most;  /* bytes of such records, and their limit */
    int64_t asked;         /* the variant last found not ready */
    hts_pos_t asked_until; /* how far the input must get before it can be ready */
    edge_t *edge;          /* (m_edge), per slot: the applied change that ends last */
    int m_edge;
    stretch_t *near;
    int n_near, m_near, n_jumps; /* n_jumps: summed over v */
    int n_het;                   /* variants in v with phase sets */
    int *touched;                /* variants that change bases in those stretches, as indexes of v */
    int n_touched, m_touched;
    /* of the latest grouping */
    int centre, n_slots;
    int32_t *group, *set; /* per slot; per sample */
    int m_group;
    node_t *node;
    int n_nodes, m_nodes;
    applied_t *path;
    int n_path, m_path;
    uint8_t *middle;
    size_t m_middle;
    block_t block[N_BLOCKS]; /* filled round robin */
    int n_blocks;
    tfb_haps_count_t count;
};

tfb_haps_t *tfb_haps_create(int W, int n_samples, size_t most)
{
    tfb_haps_t *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->W = W;
    h->n_samples = n_samples;
    h->most = most;
    h->until = h->asked = -1;
    if ((h->set = malloc(((size_t)n_samples + 1) * sizeof *h->set))) return h;
    free(h);
    return NULL;
}

static void var_free(var_t *v)
{
    if (!v) return;
    free(v->code);
    free(v->edit);
    free(v->car);
    free(v->set);
    free(v);
}

void tfb_haps_destroy(tfb_haps_t *h)
{
    if (!h) return;
    for (int i = 0; i < h->n; i++) var_free(h->v[i]);
    for (int i = 0; i < h->n_spare; i++) var_free(h->spare[i]);
    free(h->v);
    free(h->spare);
    free(h->lengthy);
    free(h->edge);
    free(h->near);
    free(h->touched);
    free(h->group);
    free(h->set);
    free(h->node);
    free(h->path);
    free(h->middle);
    free(h);
}

/* Keeps the storage of a variant for reuse, except the sequences of a long one. */
static void put_back(tfb_haps_t *h, var_t *v)
{
    enum { ROOM = 1 << 16 };
    if (v->m_code > ROOM) {
        free(v->code);
        v->code = NULL;
        v->m_code = 0;
    }
    if (TFB_RESERVE(h->spare, h->m_spare, h->n_spare + 1, "haplotypes") < 0)
        var_free(v);
    else
        h->spare[h->n_spare++] = v;
}

void tfb_haps_reset(tfb_haps_t *h)
{
    for (int i = 0; i < h->n; i++) put_back(h, h->v[i]);
    h->n = h->n_lengthy = h->n_jumps = h->n_het = 0;
    h->last = h->least_end = 0;
    h->until = h->asked = -1;
    h->waiting = 0;
    for (int i = 0; i < N_BLOCKS; i++) h->block[i].beg = h->block[i].end = 0;
    for (int i = 0; i < h->m_edge; i++) h->edge[i] = (edge_t){-1, -1};
}

void tfb_haps_at(tfb_haps_t *h, hts_pos_t pos) { h->last = pos; }
const tfb_haps_count_t *tfb_haps_count(const tfb_haps_t *h) { return &h->count; }

/* Returns the index of a variant in v. It must be there. */
static int find(const tfb_haps_t *h, int64_t number)
{
    int lo = 0, hi = h->n - 1;
    while (lo < hi) {
        int i = (lo + hi) / 2;
        if (h->v[i]->number < number)
            lo = i + 1;
        else
            hi = i;
    }
    return lo;
}

/* Returns the number of variants in v that begin before pos. */
static int n_before(const tfb_haps_t *h, hts_pos_t pos)
{
    int lo = 0, hi = h->n;
    while (lo < hi) {
        int i = lo + (hi - lo) / 2;
        if (h->v[i]->pos < pos)
            lo = i + 1;
        else
            hi = i;
    }
    return lo;
}

static int is_long(const edit_t *e) { return e->to - e->from > TFB_HAPS_LONG; }
static int is_lengthy(const var_t *v) { return v->end - v->pos > TFB_HAPS_LONG; }

/* ---- adding variants ---- */

static int overlap(hts_pos_t beg, hts_pos_t end, const edit_t *b)
{
    if (beg == end && b->beg == b->end) return beg == b->beg;
    return beg < b->end && b->beg < end;
}

/* Returns whether change e overlaps the variant's change to the slot, if any. */
static int is_changed(const var_t *v, int slot, const edit_t *e)
{
    int lo = 0, hi = v->n_car - 1;
    if (v->end < e->beg || v->n_car == 0) return 0;
    while (lo < hi) {
        int k = (lo + hi) / 2;
        if (v->car[k].slot < slot)
            lo = k + 1;
        else
            hi = k;
    }
    const edit_t *b = &v->edit[v->car[lo].allele];
    return v->car[lo].slot == slot && overlap(b->beg, b->end, e);
}

/* Returns whether change e overlaps a change already applied to the slot. */
static int is_taken(const tfb_haps_t *h, int slot, const edit_t *e)
{
    const edge_t *last = &h->edge[slot];
    if (e->beg > last->end || (e->beg == last->end && e->end > e->beg)) return 0; /* nearly always the case */
    if (overlap(last->beg, last->end, e)) return 1;
    for (int i = h->n - 1; i >= 0 && h->v[i]->pos >= e->beg - TFB_HAPS_LONG; i--)
        if (is_changed(h->v[i], slot, e)) return 1;
    for (int i = 0; i < h->n_lengthy; i++)
        if (is_changed(h->lengthy[i], slot, e)) return 1;
    return 0;
}

/* Sets *e to the change made by an allele whose codes begin at v->code + at. */
static void set_edit(var_t *v, const char *ref, const char *allele, size_t at, edit_t *e)
{
    tfb_change_t c;
    tfb_allele_t kind = tfb_allele_trim(v->pos, ref, allele, &c);
    *e = (edit_t){.ok = kind == TFB_ALLELE_OK || kind == TFB_ALLELE_SAME};
    if (!e->ok) return;
    const uint8_t *r = v->code + (c.ref - ref), *a = v->code + at + (c.alt - allele);
    int front = 0, back = 0;
    while (front < c.n_ref && front < c.n_alt && r[front] == a[front]) front++;
    while (back < c.n_ref - front && back < c.n_alt - front && r[c.n_ref - 1 - back] == a[c.n_alt - 1 - back]) back++;
    e->from = c.pos;
    e->to = c.pos + c.n_ref;
    e->beg = e->from + front;
    e->end = e->to - back;
    e->text = (size_t)(a - v->code) + (size_t)front;
    e->len = c.n_alt - front - back;
    if (is_long(e) && e->to > v->far) v->far = e->to;
}

/* Makes room for n bases. 0, or -1 (logged). */
static int reserve_bases(uint8_t **code, size_t *m, size_t n)
{
    if (n <= *m) return 0;
    uint8_t *p = realloc(*code, 2 * n);
    if (!p) {
        tfb_error("not enough memory for haplotypes");
        return -1;
    }
    *code = p;
    *m = 2 * n;
    return 0;
}

static int set_alleles(var_t *v, int n_allele, char *const *allele)
{
    size_t total = 0, at = 0;
    for (int i = 0; i < n_allele; i++) total += strlen(allele[i]);
    if (TFB_RESERVE(v->edit, v->m_allele, n_allele, "haplotypes") < 0) return -1;
    if (reserve_bases(&v->code, &v->m_code, total) < 0) return -1;
    v->n_allele = n_allele;
    v->end = v->pos + (hts_pos_t)strlen(allele[0]);
    v->far = -1;
    for (int i = 0; i < n_allele; i++) {
        size_t n = strlen(allele[i]);
        tfb_encode(allele[i], n, v->code + at);
        if (i) set_edit(v, allele[0], allele[i], at, &v->edit[i]);
        at += n;
    }
    return 0;
}

static int grow_slots(tfb_haps_t *h, int n)
{
    int m = h->m_edge;
    if (TFB_RESERVE(h->edge, h->m_edge, n, "haplotypes") < 0) return -1;
    for (int i = m; i < h->m_edge; i++) h->edge[i] = (edge_t){-1, -1};
    return TFB_RESERVE(h->group, h->m_group, n, "haplotypes");
}

/* Applies an allele to a haplotype, or counts why it was not applied. Returns 0, or -1 on lack
 * of memory (logged). */
static int apply(tfb_haps_t *h, var_t *v, const tfb_carrier_t *car, const char *allele)
{
    edit_t *e = &v->edit[car->allele];
    if (grow_slots(h, car->slot + 1) < 0) return -1;
    if (!e->ok)
        h->count.n_no_sequence += strcmp(allele, "*") != 0; /* "*" carries no information of its own */
    else if (e->beg == e->end && e->len == 0)
        return 0; /* ALT is REF */
    else if (is_taken(h, car->slot, e))
        h->count.n_overlaps++;
    else {
        v->car[v->n_car++] = *car;
        v->n_jumps += !e->used && e->end - e->beg > h->W;
        e->used = 1;
        if (e->end > h->edge[car->slot].end) h->edge[car->slot] = (edge_t){e->beg, e->end};
        h->count.n_applied++;
    }
    return 0;
}

int64_t tfb_haps_add(tfb_haps_t *h, hts_pos_t pos, int n_allele, char *const *allele, const tfb_carrier_t *car,
                     int n_car, const tfb_phase_set_t *set, int n_set)
{
    if (TFB_RESERVE(h->v, h->m, h->n + 1, "haplotypes") < 0 ||
        TFB_RESERVE(h->lengthy, h->m_lengthy, h->n_lengthy + 1, "haplotypes") < 0)
        return -1;
    var_t *v = h->n_spare ? h->spare[--h->n_spare] : calloc(1, sizeof *v);
    if (!v) {
        tfb_error("not enough memory for haplotypes");
        return -1;
    }
    v->number = h->next;
    v->pos = pos;
    v->n_car = v->n_jumps = v->given_up = 0;
    if (set_alleles(v, n_allele, allele) < 0 || TFB_RESERVE(v->car, v->m_car, n_car, "haplotypes") < 0 ||
        TFB_RESERVE(v->set, v->m_set, n_set, "haplotypes") < 0)
        goto fail;
    if (n_set) memcpy(v->set, set, (size_t)n_set * sizeof *set);
    v->n_set = n_set;
    for (int i = 0; i < n_car; i++)
        if (apply(h, v, &car[i], allele[car[i].allele]) < 0) goto fail;
    if (TFB_RESERVE(h->near, h->m_near, 1 + 2 * (h->n_jumps + v->n_jumps), "haplotypes") < 0) goto fail;
    if (h->n == 0 || v->end < h->least_end) h->least_end = v->end;
    h->v[h->n++] = v;
    if (is_lengthy(v)) h->lengthy[h->n_lengthy++] = v;
    h->n_jumps += v->n_jumps;
    h->n_het += n_set > 0;
    h->last = pos;
    if (v->far > h->until) h->until = v->far;
    return h->next++;
fail:
    put_back(h, v);
    return -1;
}

void tfb_haps_wait(tfb_haps_t *h, size_t bytes)
{
    if (h->last > h->until) {
        h->waiting = 0;
        return;
    }
    if ((h->waiting += bytes) <= h->most) return;
    for (int i = 0; i < h->n_lengthy; i++) {
        var_t *v = h->lengthy[i];
        if (v->given_up || v->far < h->last) continue;
        v->given_up = 1;
        h->count.n_given_up++;
    }
    h->until = h->asked = -1;
    h->waiting = 0;
}

/* ---- how far windows reach, as if every deletion on the way were on the same haplotype ---- */

static int touches(const edit_t *e, const stretch_t *s)
{
    return e->used && e->end >= s->lo - s->more && e->beg <= s->hi + s->more;
}

/* Adds a stretch next to a long change, unless it is already listed. tfb_haps_add reserved the room. */
static void add_stretch(tfb_haps_t *h, hts_pos_t lo, hts_pos_t hi)
{
    for (int i = 0; i < h->n_near; i++)
        if (h->near[i].lo == lo && h->near[i].hi == hi) return;
    h->near[h->n_near++] = (stretch_t){.lo = lo, .hi = hi};
}

/* Returns the most bases by which the variant's changes of up to W bases could lengthen a stretch. */
static hts_pos_t lengthens(const tfb_haps_t *h, const var_t *v, const stretch_t *s)
{
    hts_pos_t most = 0;
    for (int a = 1; a < v->n_allele; a++) {
        const edit_t *e = &v->edit[a];
        if (touches(e, s) && e->end - e->beg <= h->W && e->end - e->beg > most) most = e->end - e->beg;
    }
    return most;
}

/* Lengthens stretch k until no more changes fall into it. Changes of more than W bases are
 * stepped over: windows do not reach what lies inside them, only what lies behind their ends. If
 * such a change was given up, nothing behind its far end is reached. */
static void lengthen(tfb_haps_t *h, const var_t *c, int k)
{
    stretch_t *s = &h->near[k];
    hts_pos_t before;
    do {
        hts_pos_t more = 0;
        before = s->more;
        for (int i = n_before(h, s->hi + s->more + 1) - 1; i >= 0 && h->v[i]->pos >= s->lo - s->more - TFB_HAPS_LONG;
             i--)
            if (h->v[i] != c && !is_lengthy(h->v[i])) more += lengthens(h, h->v[i], s);
        for (int i = 0; i < h->n_lengthy; i++)
            if (h->lengthy[i] != c) more += lengthens(h, h->lengthy[i], s);
        s->more = more;
    } while (s->more > before);
}

static void step_over(tfb_haps_t *h, const var_t *v, int k)
{
    for (int a = 1; a < v->n_allele && v->n_jumps; a++) {
        const edit_t *e = &v->edit[a];
        if (!touches(e, &h->near[k]) || e->end - e->beg <= h->W) continue;
        add_stretch(h, e->beg - h->W, e->beg);
        if (!v->given_up || !is_long(e)) add_stretch(h, e->end, e->end + h->W);
    }
}

/* Sets h->near to the stretches that windows at variant c may reach. */
static void find_reach(tfb_haps_t *h, const var_t *c)
{
    hts_pos_t lo = c->end, hi = c->pos;
    for (int a = 1; a < c->n_allele; a++) {
        const edit_t *e = &c->edit[a];
        if (!e->ok || (c->given_up && is_long(e))) continue;
        if (e->from < lo) lo = e->from;
        if (e->to > hi) hi = e->to;
    }
    if (lo > hi) lo = hi;
    h->n_near = 0;
    add_stretch(h, lo - h->W, hi + h->W);
    for (int k = 0; k < h->n_near; k++) {
        lengthen(h, c, k);
        const stretch_t *s = &h->near[k];
        for (int i = n_before(h, s->hi + s->more + 1) - 1; i >= 0 && h->v[i]->pos >= s->lo - s->more - TFB_HAPS_LONG;
             i--)
            if (h->v[i] != c && !is_lengthy(h->v[i])) step_over(h, h->v[i], k);
        for (int i = 0; i < h->n_lengthy; i++)
            if (h->lengthy[i] != c) step_over(h, h->lengthy[i], k);
    }
}

int tfb_haps_ready(tfb_haps_t *h, int64_t number)
{
    if (number == h->asked && h->last <= h->asked_until) return 0;
    find_reach(h, h->v[find(h, number)]);
    h->asked = number;
    h->asked_until = 0;
    for (int k = 0; k < h->n_near; k++)
        if (h->near[k].hi + h->near[k].more > h->asked_until) h->asked_until = h->near[k].hi + h->near[k].more;
    return h->last > h->asked_until;
}

void tfb_haps_done(tfb_haps_t *h, int64_t number)
{
    int c = find(h, number), n = 0;
    find_reach(h, h->v[c]);
    hts_pos_t low = h->near[0].lo - h->near[0].more; /* on any haplotype, later windows begin further right */
    for (int k = 1; k < h->n_near; k++)
        if (h->near[k].lo - h->near[k].more < low) low = h->near[k].lo - h->near[k].more;
    if (low <= h->least_end) return;
    int n_lengthy = 0;
    for (int i = 0; i < h->n_lengthy; i++)
        if (h->lengthy[i]->number > number || h->lengthy[i]->end >= low) h->lengthy[n_lengthy++] = h->lengthy[i];
    h->n_lengthy = n_lengthy;
    h->least_end = INT64_MAX;
    for (int i = 0; i < h->n; i++) {
        var_t *v = h->v[i];
        if (i <= c && v->end < low) {
            h->n_jumps -= v->n_jumps;
            h->n_het -= v->n_set > 0;
            put_back(h, v);
            continue;
        }
        h->v[n++] = v;
        if (v->end < h->least_end) h->least_end = v->end;
    }
    h->n = n;
}

/* ---- groups ---- */

/* Sets h->set to the phase set of each sample at the centre variant: its own set there,
 * otherwise that of the nearest heterozygous variant (the earlier one on a tie). */
static void choose_sets(tfb_haps_t *h, int first, int last)
{
    int c = h->centre, lo = c - 1, hi = c + 1;
    for (int s = 0; s < h->n_samples; s++) h->set[s] = TFB_NO_SET;
    for (int i = c; i >= 0;) {
        for (int k = 0; k < h->v[i]->n_set; k++)
            if (h->set[h->v[i]->set[k].sample] == TFB_NO_SET) h->set[h->v[i]->set[k].sample] = h->v[i]->set[k].set;
        hts_pos_t pos = h->v[c]->pos;
        if (lo >= first && (hi > last || pos - h->v[lo]->pos <= h->v[hi]->pos - pos))
            i = lo--;
        else if (hi <= last)
            i = hi++;
        else
            i = -1;
    }
}

static int add_node(tfb_haps_t *h, int parent, int var, int allele)
{
    if (TFB_RESERVE(h->node, h->m_nodes, h->n_nodes + 1, "haplotypes") < 0) return -1;
    h->node[h->n_nodes] = (node_t){.parent = parent, .var = var, .allele = allele, .child = -1, .sibling = -1};
    if (parent >= 0) {
        h->node[h->n_nodes].sibling = h->node[parent].child;
        h->node[parent].child = h->n_nodes;
    }
    return h->n_nodes++;
}

static int add_touched(tfb_haps_t *h, int i)
{
    if (TFB_RESERVE(h->touched, h->m_touched, h->n_touched + 1, "haplotypes") < 0) return -1;
    h->touched[h->n_touched++] = i;
    return 0;
}

static int by_index(const void *x, const void *y)
{
    int a = *(const int *)x, b = *(const int *)y;
    return (a > b) - (a < b);
}

static int touches_any(const var_t *v, const stretch_t *s, int n)
{
    for (int a = 1; a < v->n_allele; a++)
        for (int k = 0; k < n; k++)
            if (touches(&v->edit[a], &s[k])) return 1;
    return 0;
}

/* Lists in order c and the variants that windows at c may show. Returns 0, or -1 on lack of
 * memory (logged). */
static int find_touched(tfb_haps_t *h, int c)
{
    find_reach(h, h->v[c]);
    h->n_touched = 0;
    if (add_touched(h, c) < 0) return -1;
    for (int k = 0; k < h->n_near; k++) {
        const stretch_t *s = &h->near[k];
        int end = n_before(h, s->hi + s->more + 1);
        for (int i = n_before(h, s->lo - s->more - TFB_HAPS_LONG); i < end; i++)
            if (i != c && !is_lengthy(h->v[i]) && touches_any(h->v[i], s, 1) && add_touched(h, i) < 0) return -1;
    }
    for (int i = 0; i < h->n_lengthy; i++) {
        int k = find(h, h->lengthy[i]->number);
        if (k != c && touches_any(h->lengthy[i], h->near, h->n_near) && add_touched(h, k) < 0) return -1;
    }
    tfb_sort(h->touched, (size_t)h->n_touched, sizeof *h->touched, by_index);
    int n = 0;
    for (int i = 0; i < h->n_touched; i++)
        if (n == 0 || h->touched[n - 1] != h->touched[i]) h->touched[n++] = h->touched[i];
    h->n_touched = n;
    return 0;
}

/* Adds the variant's allele to the carrier's haplotype. Returns 0, or -1 on lack of memory (logged). */
static int branch(tfb_haps_t *h, int i, const tfb_carrier_t *x)
{
    int g = h->group[x->slot], d = h->node[g].child;
    while (d >= 0 && h->node[d].var == i && h->node[d].allele != x->allele) d = h->node[d].sibling;
    if (d < 0 || h->node[d].var != i) d = add_node(h, g, i, x->allele);
    if (d < 0) return -1;
    h->group[x->slot] = d;
    return 0;
}

int tfb_haps_group(tfb_haps_t *h, int64_t number, int n_slots)
{
    int c = find(h, number), sets = 0;
    h->centre = c;
    h->n_slots = n_slots;
    h->n_nodes = 0;
    if (find_touched(h, c) < 0 || grow_slots(h, n_slots) < 0 || add_node(h, -1, -1, 0) < 0) return -1;
    memset(h->group, 0, (size_t)n_slots * sizeof *h->group);
    int first = h->touched[0], last = h->touched[h->n_touched - 1];
    for (int i = first; i <= last && h->n_het && !sets; i++) sets = h->v[i]->n_set;
    if (sets) choose_sets(h, first, last);
    for (int j = 0; j < h->n_touched; j++) {
        const var_t *v = h->v[h->touched[j]];
        for (int k = 0; k < v->n_car; k++) {
            const tfb_carrier_t *x = &v->car[k];
            if (x->slot >= n_slots) continue;
            if (sets && x->set != TFB_NO_SET && h->set[x->slot % h->n_samples] != x->set)
                h->count.n_other_set++;
            else if (branch(h, h->touched[j], x) < 0)
                return -1;
        }
    }
    return h->n_nodes;
}

int tfb_haps_group_of(const tfb_haps_t *h, int slot) { return h->group[slot]; }

int tfb_haps_group_allele(const tfb_haps_t *h, int group)
{
    for (int g = group; g > 0; g = h->node[g].parent)
        if (h->node[g].var == h->centre) return h->node[g].allele;
    return 0;
}

int tfb_haps_group_gap(const tfb_haps_t *h, int group)
{
    const var_t *c = h->v[h->centre];
    for (int g = group; g > 0; g = h->node[g].parent) {
        const edit_t *e = &h->v[h->node[g].var]->edit[h->node[g].allele];
        if (h->node[g].var != h->centre && e->beg < c->end && e->end > c->pos) return 1;
    }
    return 0;
}

/* ---- windows ---- */

/* Lists the changes of a group in h->path, from left to right. An insertion precedes a change
 * that begins at the same position. Returns 0, or -1 on lack of memory (logged). */
static int collect(tfb_haps_t *h, int group)
{
    h->n_path = 0;
    for (int g = group; g > 0; g = h->node[g].parent) {
        const var_t *v = h->v[h->node[g].var];
        applied_t a = {&v->edit[h->node[g].allele], v};
        if (TFB_RESERVE(h->path, h->m_path, h->n_path + 1, "haplotypes") < 0) return -1;
        int i = h->n_path++;
        for (; i > 0; i--) {
            const edit_t *b = h->path[i - 1].e;
            if (b->beg < a.e->beg || (b->beg == a.e->beg && b->end <= a.e->end)) break;
            h->path[i] = h->path[i - 1];
        }
        h->path[i] = a;
    }
    return 0;
}

/* Returns the block that contains base `at` of a contig, cached or read now. Returns NULL if
 * there is none, with *why a reason or -1 (logged). */
static const block_t *get_block(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t at, int *why)
{
    for (int i = 0; i < N_BLOCKS; i++)
        if (at >= h->block[i].beg && at < h->block[i].end) return &h->block[i];
    block_t *b = &h->block[h->n_blocks++ % N_BLOCKS];
    hts_pos_t beg = at - at % BLOCK, end = beg + BLOCK, len = tfb_fasta_len(f, contig);
    if (end > len) end = len;
    b->beg = b->end = 0;
    if (at < 0 || at >= end)
        *why = TFB_ALLELE_EDGE;
    else if ((*why = tfb_allele_bases(f, contig, beg, end, b->code)) == 0) {
        b->beg = beg;
        b->end = end;
        return b;
    }
    return NULL;
}

/* Writes bases [beg, end) of the genome, part of a window at the latest grouping's variant, to
 * code. The FASTA reader caches one stretch around the variant; far bases are cached in blocks
 * instead, because alternating between the variant and the ends of a long deletion would reread
 * that stretch each time. Returns TFB_ALLELE_OK, a reason, or -1 (logged). */
static int flank(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    hts_pos_t here = h->v[h->centre]->pos;
    if (beg >= end) return TFB_ALLELE_OK;
    if (beg < here + FAR && end > here - FAR) return tfb_allele_bases(f, contig, beg, end, code);
    while (beg < end) {
        int why = 0;
        const block_t *b = get_block(h, f, contig, beg, &why);
        if (!b) return why;
        hts_pos_t stop = end < b->end ? end : b->end;
        memcpy(code, b->code + (beg - b->beg), (size_t)(stop - beg));
        code += stop - beg;
        beg = stop;
    }
    return TFB_ALLELE_OK;
}

/* Returns whether the input may not have reached the end of this change. */
static int is_unknown(const var_t *v, const edit_t *e) { return v->given_up && is_long(e); }

/* Writes to h->middle what the haplotype has in place of REF up to end, using the changes
 * path[i, k). Bases before `from` are already deleted. Sets *to to where the genome continues.
 * Returns the length, or -1. */
static int64_t fill_middle(tfb_haps_t *h, int i, int k, hts_pos_t from, hts_pos_t end, hts_pos_t *to)
{
    const var_t *c = h->v[h->centre];
    size_t n = 0, need = 1 + (size_t)(end > from ? end - from : 0);
    for (int j = i; j < k; j++) need += (size_t)h->path[j].e->len;
    if (reserve_bases(&h->middle, &h->m_middle, need) < 0) return -1;
    hts_pos_t at = from;
    for (; i <= k; i++) {
        hts_pos_t stop = i < k ? h->path[i].e->beg : end;
        if (at < stop) {
            memcpy(h->middle + n, c->code + (at - c->pos), (size_t)(stop - at));
            n += (size_t)(stop - at);
            at = stop;
        }
        if (i == k) break;
        const edit_t *e = h->path[i].e;
        memcpy(h->middle + n, h->path[i].v->code + e->text, (size_t)e->len);
        n += (size_t)e->len;
        at = e->end;
    }
    *to = at;
    return (int64_t)n;
}

/* Fills code[0, n) with the bases to the left of `at`, nearest last, using changes path[0, k). */
static int fill_left(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t at, int k, int n, uint8_t *code)
{
    while (n > 0) {
        hts_pos_t stop = k > 0 ? h->path[k - 1].e->end : -1;
        int64_t take = n, r;
        if (k > 0 && at - stop < n) take = at > stop ? at - stop : 0;
        if ((r = flank(h, f, contig, at - take, at, code + n - take)) != 0) return (int)r;
        if ((n -= (int)take) == 0) break;
        const edit_t *e = h->path[--k].e;
        int len = e->len < n ? e->len : n;
        memcpy(code + n - len, h->path[k].v->code + e->text + (e->len - len), (size_t)len);
        n -= len;
        at = e->beg;
    }
    return 0;
}

/* Fills code[0, n) with the bases from `at` onwards, using changes path[k, n_path). */
static int fill_right(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t at, int k, int n, uint8_t *code)
{
    while (n > 0) {
        int more = k < h->n_path;
        int64_t take = more && h->path[k].e->beg - at < n ? h->path[k].e->beg - at : n, r;
        if ((r = flank(h, f, contig, at, at + take, code)) != 0) return (int)r;
        code += take;
        if ((n -= (int)take) == 0) break;
        const edit_t *e = h->path[k].e;
        int len = e->len < n ? e->len : n;
        memcpy(code, h->path[k].v->code + e->text, (size_t)len);
        code += len;
        n -= len;
        at = e->end;
        if (n > 0 && is_unknown(h->path[k].v, e)) return TFB_HAPS_UNKNOWN;
        k++;
    }
    return 0;
}

int tfb_haps_window(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, int group, int allele, int max_n, uint8_t *code)
{
    int W = h->W, i = 0, k, r;
    const var_t *v = h->v[h->centre];
    const edit_t *c = &v->edit[allele];
    hts_pos_t from = c->from, to;
    if (is_unknown(v, c)) return TFB_HAPS_UNKNOWN;
    if (collect(h, group) < 0) return -1;
    /* [0, i) lies to the left, [i, k) in the middle, the rest to the right. An insertion belongs
     * with the base before it. */
    for (; i < h->n_path; i++) {
        const edit_t *e = h->path[i].e;
        if (!(e->beg < c->from || (e->beg == c->from && e->end == c->from && e->from < c->from))) break;
        if (e->end > c->from && is_unknown(h->path[i].v, e)) return TFB_HAPS_UNKNOWN;
        if (e->end > from) from = e->end;
    }
    for (k = i; k < h->n_path; k++) {
        const edit_t *e = h->path[k].e;
        if (!(e->beg < c->to || (e->beg == c->to && e->end == c->to && e->from < c->to))) break;
        if (is_unknown(h->path[k].v, e)) return TFB_HAPS_UNKNOWN;
    }
    int64_t n_middle = fill_middle(h, i, k, from, c->to, &to);
    if (n_middle < 0) return -1;
    int fits = n_middle < W, left = fits ? (int)(W / 2 - n_middle / 2) : 0;
    int n = fits ? (int)n_middle : W;
    memcpy(code + left, h->middle + (fits ? 0 : n_middle / 2 - W / 2), (size_t)n);
    if ((r = fill_left(h, f, contig, c->from, i, left, code)) != 0 ||
        (r = fill_right(h, f, contig, to, k, W - left - n, code + left + n)) != 0)
        return r;
    return tfb_count_n(code, (size_t)W) > (size_t)max_n ? TFB_ALLELE_MANY_N : TFB_ALLELE_OK;
}
