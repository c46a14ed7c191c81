/* haplotypes.c - variants and who carries them -> groups of equal haplotypes -> their windows. */
#include "genome/haplotypes.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

/* What an allele does: code text[len] in place of [beg, end). */
typedef struct {
    hts_pos_t beg, end;
    size_t text; /* in var_t.code */
    int len, ok;
} edit_t;

typedef struct {
    int64_t number;
    hts_pos_t pos, end; /* REF */
    hts_pos_t shrink;   /* most bases that an allele in use takes away */
    uint8_t *code;      /* all alleles, one after the other: REF first */
    size_t m_code;
    edit_t *edit; /* (n_allele); [0] unused */
    int n_allele, m_allele;
    tfb_carrier_t *car; /* those that are applied */
    int n_car, m_car;
    tfb_phase_set_t *set;
    int n_set, m_set;
} var_t;

/* Haplotypes form a tree: a node is its parent with an allele more. */
typedef struct {
    int parent, var, allele;
    int child, sibling; /* latest child; the one before */
} node_t;

typedef struct {
    const edit_t *e;
    const var_t *v;
} applied_t;

struct tfb_haps_t {
    int W, n_samples;
    var_t **v; /* (n), by number */
    int n, m;
    var_t **spare;
    int n_spare, m_spare;
    int64_t next;
    hts_pos_t last;
    hts_pos_t *end; /* (m_end), per slot: end of the last change applied */
    int m_end;
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
    tfb_haps_count_t count;
};

/* Room for n elements in *p; 0 or -1 (logged). New room is not initialised. */
static int reserve(void **p, int *m, int n, size_t size)
{
    if (n <= *m) return 0;
    int k = n + n / 2 + 8;
    void *q = realloc(*p, (size_t)k * size);
    if (!q) {
        tfb_error("not enough memory for haplotypes");
        return -1;
    }
    *p = q;
    *m = k;
    return 0;
}
#define RESERVE(p, m, n) reserve((void **)&(p), &(m), (n), sizeof *(p))

tfb_haps_t *tfb_haps_create(int W, int n_samples)
{
    tfb_haps_t *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->W = W;
    h->n_samples = n_samples;
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
    free(h->end);
    free(h->group);
    free(h->set);
    free(h->node);
    free(h->path);
    free(h->middle);
    free(h);
}

/* Keeps the storage of a variant for another one. */
static void put_back(tfb_haps_t *h, var_t *v)
{
    if (RESERVE(h->spare, h->m_spare, h->n_spare + 1) < 0)
        var_free(v);
    else
        h->spare[h->n_spare++] = v;
}

void tfb_haps_reset(tfb_haps_t *h)
{
    for (int i = 0; i < h->n; i++) put_back(h, h->v[i]);
    h->n = 0;
    h->last = 0;
    for (int i = 0; i < h->m_end; i++) h->end[i] = -1;
}

void tfb_haps_at(tfb_haps_t *h, hts_pos_t pos) { h->last = pos; }
const tfb_haps_count_t *tfb_haps_count(const tfb_haps_t *h) { return &h->count; }
int tfb_haps_n_kept(const tfb_haps_t *h) { return h->n; }

/* Place of a variant in v; it must be there. */
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

/* ---- adding variants ---- */

static int overlap(const edit_t *a, const edit_t *b)
{
    if (a->beg == a->end && b->beg == b->end) return a->beg == b->beg;
    return a->beg < b->end && b->beg < a->end;
}

/* Does a change overlap one that the slot has? */
static int is_taken(const tfb_haps_t *h, int slot, const edit_t *e)
{
    if (e->beg > h->end[slot]) return 0; /* as nearly always */
    for (int i = h->n - 1; i >= 0; i--) {
        const var_t *v = h->v[i];
        int lo = 0, hi = v->n_car - 1;
        if (v->end < e->beg) continue;
        while (lo < hi) {
            int k = (lo + hi) / 2;
            if (v->car[k].slot < slot)
                lo = k + 1;
            else
                hi = k;
        }
        if (v->n_car && v->car[lo].slot == slot && overlap(&v->edit[v->car[lo].allele], e)) return 1;
    }
    return 0;
}

static int set_alleles(var_t *v, int n_allele, char *const *allele)
{
    size_t total = 0, at = 0;
    for (int i = 0; i < n_allele; i++) total += strlen(allele[i]);
    if (RESERVE(v->edit, v->m_allele, n_allele) < 0) return -1;
    if (total > v->m_code) {
        uint8_t *c = realloc(v->code, 2 * total);
        if (!c) {
            tfb_error("not enough memory for haplotypes");
            return -1;
        }
        v->code = c;
        v->m_code = 2 * total;
    }
    v->n_allele = n_allele;
    int ref_ok = tfb_allele_kind(allele[0]) == TFB_ALLELE_OK, R = (int)strlen(allele[0]);
    for (int i = 0; i < n_allele; i++) {
        int n = (int)strlen(allele[i]), front = 0, back = 0;
        tfb_encode(allele[i], (size_t)n, v->code + at);
        const uint8_t *r = v->code, *a = v->code + at;
        while (front < R && front < n && r[front] == a[front]) front++;
        while (back < R - front && back < n - front && r[R - 1 - back] == a[n - 1 - back]) back++;
        v->edit[i] = (edit_t){v->pos + front, v->pos + R - back, at + (size_t)front, n - front - back, ref_ok && tfb_allele_kind(allele[i]) == TFB_ALLELE_OK};
        at += (size_t)n;
    }
    v->end = v->pos + R;
    return 0;
}

static int grow_slots(tfb_haps_t *h, int n)
{
    int m = h->m_end;
    if (RESERVE(h->end, h->m_end, n) < 0) return -1;
    for (int i = m; i < h->m_end; i++) h->end[i] = -1;
    return RESERVE(h->group, h->m_group, n);
}

int64_t tfb_haps_add(tfb_haps_t *h, hts_pos_t pos, int n_allele, char *const *allele, const tfb_carrier_t *car, int n_car, const tfb_phase_set_t *set,
                     int n_set)
{
    if (RESERVE(h->v, h->m, h->n + 1) < 0) return -1;
    var_t *v = h->n_spare ? h->spare[--h->n_spare] : calloc(1, sizeof *v);
    if (!v) {
        tfb_error("not enough memory for haplotypes");
        return -1;
    }
    v->number = h->next;
    v->pos = pos;
    v->shrink = 0;
    v->n_car = 0;
    if (set_alleles(v, n_allele, allele) < 0 || RESERVE(v->car, v->m_car, n_car) < 0 || RESERVE(v->set, v->m_set, n_set) < 0) goto fail;
    if (n_set) memcpy(v->set, set, (size_t)n_set * sizeof *set);
    v->n_set = n_set;
    for (int i = 0; i < n_car; i++) {
        const edit_t *e = &v->edit[car[i].allele];
        if (grow_slots(h, car[i].slot + 1) < 0) goto fail;
        if (!e->ok)
            h->count.n_no_sequence += strcmp(allele[car[i].allele], "*") != 0; /* that one says nothing of its own */
        else if (v->end - pos > TFB_HAPS_LONGEST)
            h->count.n_long++;
        else if (is_taken(h, car[i].slot, e))
            h->count.n_overlaps++;
        else {
            v->car[v->n_car++] = car[i];
            if (e->end > h->end[car[i].slot]) h->end[car[i].slot] = e->end;
            if (e->end - e->beg - e->len > v->shrink) v->shrink = e->end - e->beg - e->len;
            h->count.n_applied++;
        }
    }
    h->v[h->n++] = v;
    h->last = pos;
    return h->next++;
fail:
    put_back(h, v);
    return -1;
}

/* ---- how far windows reach, every deletion on the way taken as if it were on the same haplotype ---- */

/* A variant that ends below this has no part in a window at variant c or a later one. A REF may begin before another and yet
 * change bases behind it, so the order of variants says nothing: round after round, until no more come in. */
static hts_pos_t leftmost(const tfb_haps_t *h, int c)
{
    hts_pos_t low = h->v[c]->pos - h->W, before;
    do {
        before = low;
        low = h->v[c]->pos - h->W;
        for (int i = 0; i <= c; i++)
            if (h->v[i]->end >= before) low -= h->v[i]->shrink;
    } while (low < before);
    return low;
}

/* The same to the right: a variant that begins beyond it. *last gets the last one that does not. */
static hts_pos_t rightmost(const tfb_haps_t *h, int c, int *last)
{
    hts_pos_t high = h->v[c]->end;
    for (int i = 0; i < c; i++)
        if (h->v[i]->end > high) high = h->v[i]->end;
    high += h->W;
    for (*last = c; *last + 1 < h->n && h->v[*last + 1]->pos <= high; ++*last) high += h->v[*last + 1]->shrink;
    return high;
}

int tfb_haps_ready(const tfb_haps_t *h, int64_t number)
{
    int last;
    return h->last > rightmost(h, find(h, number), &last);
}

void tfb_haps_done(tfb_haps_t *h, int64_t number)
{
    int c = find(h, number), n = 0;
    hts_pos_t low = leftmost(h, c); /* on any haplotype, later windows begin further right */
    for (int i = 0; i < h->n; i++)
        if (i <= c && h->v[i]->end < low)
            put_back(h, h->v[i]);
        else
            h->v[n++] = h->v[i];
    h->n = n;
}

/* ---- groups ---- */

/* The phase set of each sample at the variant: its own there, else that of the nearest heterozygous variant, the earlier of two. */
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
    if (RESERVE(h->node, h->m_nodes, h->n_nodes + 1) < 0) return -1;
    h->node[h->n_nodes] = (node_t){parent, var, allele, -1, -1};
    if (parent >= 0) {
        h->node[h->n_nodes].sibling = h->node[parent].child;
        h->node[parent].child = h->n_nodes;
    }
    return h->n_nodes++;
}

int tfb_haps_group(tfb_haps_t *h, int64_t number, int n_slots)
{
    int c = find(h, number), first = c, last, sets = 0;
    hts_pos_t low = leftmost(h, c);
    rightmost(h, c, &last);
    for (int i = c - 1; i >= 0; i--)
        if (h->v[i]->end >= low) first = i;
    h->centre = c;
    h->n_slots = n_slots;
    h->n_nodes = 0;
    if (grow_slots(h, n_slots) < 0 || add_node(h, -1, -1, 0) < 0) return -1;
    memset(h->group, 0, (size_t)n_slots * sizeof *h->group);
    for (int i = first; i <= last; i++) sets |= h->v[i]->n_set;
    if (sets) choose_sets(h, first, last);
    for (int i = first; i <= last; i++) {
        const var_t *v = h->v[i];
        for (int k = 0; k < v->n_car; k++) {
            const tfb_carrier_t *x = &v->car[k];
            if (x->slot >= n_slots) continue;
            if (sets && x->set != TFB_NO_SET && h->set[x->slot % h->n_samples] != x->set) {
                h->count.n_other_set++;
                continue;
            }
            int g = h->group[x->slot], d = h->node[g].child;
            while (d >= 0 && h->node[d].var == i && h->node[d].allele != x->allele) d = h->node[d].sibling;
            if (d < 0 || h->node[d].var != i) d = add_node(h, g, i, x->allele);
            if (d < 0) return -1;
            h->group[x->slot] = d;
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

/* The changes of a group, from left to right; an insertion before a change that begins at the same place. */
static int collect(tfb_haps_t *h, int group)
{
    h->n_path = 0;
    for (int g = group; g > 0; g = h->node[g].parent) {
        const var_t *v = h->v[h->node[g].var];
        applied_t a = {&v->edit[h->node[g].allele], v};
        if (RESERVE(h->path, h->m_path, h->n_path + 1) < 0) return -1;
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

static int flank(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    return beg < end ? tfb_allele_bases(f, contig, beg, end, code) : TFB_ALLELE_OK;
}

/* What the haplotype has in place of REF [pos, end) into h->middle, from the changes path[i, k); it has lost the bases below from.
 * *to gets where the genome goes on. Its length, or -1. */
static int64_t fill_middle(tfb_haps_t *h, const var_t *c, int i, int k, hts_pos_t from, hts_pos_t *to)
{
    size_t n = 0, need = (size_t)(c->end - c->pos);
    for (int j = i; j < k; j++) need += (size_t)h->path[j].e->len;
    if (need > h->m_middle) {
        uint8_t *p = realloc(h->middle, 2 * need);
        if (!p) {
            tfb_error("not enough memory for haplotypes");
            return -1;
        }
        h->middle = p;
        h->m_middle = 2 * need;
    }
    hts_pos_t at = from;
    for (; i <= k; i++) {
        hts_pos_t stop = i < k ? h->path[i].e->beg : c->end;
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

/* code[0, n) from the bases left of at, nearest last; changes path[0, k). */
static int fill_left(const tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t at, int k, int n, uint8_t *code)
{
    while (n > 0) {
        hts_pos_t stop = k > 0 ? h->path[k - 1].e->end : -1;
        int64_t take = k > 0 && at - stop < n ? (at > stop ? at - stop : 0) : n, r;
        if ((r = flank(f, contig, at - take, at, code + n - take)) != 0) return (int)r;
        if ((n -= (int)take) == 0) break;
        const edit_t *e = h->path[--k].e;
        int len = e->len < n ? e->len : n;
        memcpy(code + n - len, h->path[k].v->code + e->text + (e->len - len), (size_t)len);
        n -= len;
        at = e->beg;
    }
    return 0;
}

/* code[0, n) from the bases from at on; changes path[k, n_path). */
static int fill_right(const tfb_haps_t *h, tfb_fasta_t *f, const char *contig, hts_pos_t at, int k, int n, uint8_t *code)
{
    while (n > 0) {
        int more = k < h->n_path;
        int64_t take = more && h->path[k].e->beg - at < n ? h->path[k].e->beg - at : n, r;
        if ((r = flank(f, contig, at, at + take, code)) != 0) return (int)r;
        code += take;
        if ((n -= (int)take) == 0) break;
        const edit_t *e = h->path[k].e;
        int len = e->len < n ? e->len : n;
        memcpy(code, h->path[k].v->code + e->text, (size_t)len);
        code += len;
        n -= len;
        at = e->end;
        k++;
    }
    return 0;
}

int tfb_haps_window(tfb_haps_t *h, tfb_fasta_t *f, const char *contig, int group, int max_n, uint8_t *code)
{
    const var_t *c = h->v[h->centre];
    int W = h->W, i = 0, k, r;
    hts_pos_t from = c->pos, to;
    if (collect(h, group) < 0) return -1;
    /* [0, i) lies to the left, [i, k) in the middle, the rest to the right; an insertion goes with the base before it */
    for (; i < h->n_path; i++) {
        const edit_t *e = h->path[i].e;
        if (!(e->beg < c->pos || (e->beg == c->pos && e->end == c->pos && h->path[i].v->pos < c->pos))) break;
        if (e->end > from) from = e->end;
    }
    for (k = i; k < h->n_path; k++) {
        const edit_t *e = h->path[k].e;
        if (!(e->beg < c->end || (e->beg == c->end && e->end == c->end && h->path[k].v->pos < c->end))) break;
    }
    int64_t a = fill_middle(h, c, i, k, from, &to);
    if (a < 0) return -1;
    int left = a < W ? (int)(W / 2 - a / 2) : 0, n = a < W ? (int)a : W;
    memcpy(code + left, h->middle + (a > W ? a / 2 - W / 2 : 0), (size_t)n);
    if ((r = fill_left(h, f, contig, c->pos, i, left, code)) != 0 || (r = fill_right(h, f, contig, to, k, W - left - n, code + left + n)) != 0) return r;
    return tfb_count_n(code, (size_t)W) > (size_t)max_n ? TFB_ALLELE_MANY_N : TFB_ALLELE_OK;
}
