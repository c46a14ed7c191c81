/* draw.c - random SNVs in regions of a genome. */
#include "genome/draw.h"
#include "genome/base.h"
#include "genome/lines.h"
#include "util/sort.h"
#include <htslib/khash.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- regions ---- */

typedef struct {
    int contig;
    hts_pos_t beg, end;
} span_t;

static int by_place(const void *a, const void *b)
{
    const span_t *x = a, *y = b;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    return x->beg < y->beg ? -1 : x->beg > y->beg;
}

KHASH_MAP_INIT_STR(contig, int)

/* Returns the number of a contig of the regions, adding it if it is new, or -1 on lack of memory. */
static int contig_of(tfb_regions_t *r, khash_t(contig) * index, const char *name)
{
    int absent;
    khint_t k = kh_get(contig, index, name);
    if (k != kh_end(index)) return kh_val(index, k);
    if (r->n_contigs + 1 >= r->m_contigs) {
        int m = 2 * r->m_contigs + 16;
        char **v = realloc(r->contigs, (size_t)m * sizeof *v);
        if (!v) return -1;
        r->contigs = v;
        r->m_contigs = m;
    }
    r->contigs[r->n_contigs + 1] = NULL;
    if (!(r->contigs[r->n_contigs] = strdup(name))) return -1;
    k = kh_put(contig, index, r->contigs[r->n_contigs++], &absent);
    if (absent < 0) return -1;
    kh_val(index, k) = r->n_contigs - 1;
    return r->n_contigs - 1;
}

typedef struct {
    const char *name;
    int i;
} named_t;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named_t *)a)->name, ((const named_t *)b)->name);
}

/* Sorts the contigs by name, for tfb_regions_has. Returns 0, or -1. */
static int index_names(tfb_regions_t *r)
{
    named_t *v = malloc(((size_t)r->n_contigs + 1) * sizeof *v);
    if (!v || !(r->by_name = malloc(((size_t)r->n_contigs + 1) * sizeof *r->by_name))) {
        free(v);
        return -1;
    }
    for (int c = 0; c < r->n_contigs; c++) v[c] = (named_t){r->contigs[c], c};
    tfb_sort(v, (size_t)r->n_contigs, sizeof *v, by_name);
    for (int c = 0; c < r->n_contigs; c++) r->by_name[c] = v[c].i;
    free(v);
    return 0;
}

/* Sorts and merges spans into the regions. Returns 0, or -1. */
static int settle(tfb_regions_t *r, span_t *s, int64_t n)
{
    tfb_sort(s, (size_t)n, sizeof *s, by_place);
    r->n_read = n;
    r->contig = malloc(((size_t)n + 1) * sizeof *r->contig);
    r->beg = malloc(((size_t)n + 1) * sizeof *r->beg);
    r->end = malloc(((size_t)n + 1) * sizeof *r->end);
    if (!r->contig || !r->beg || !r->end || index_names(r) < 0) return -1;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = r->n - 1;
        if (k >= 0 && r->contig[k] == s[i].contig && s[i].beg <= r->end[k]) {
            if (s[i].end > r->end[k]) r->end[k] = s[i].end;
            continue;
        }
        r->contig[++k] = s[i].contig;
        r->beg[k] = s[i].beg;
        r->end[k] = s[i].end;
        r->n = k + 1;
    }
    for (int64_t i = 0; i < r->n; i++) r->n_bases += r->end[i] - r->beg[i];
    return 0;
}

/* State for reading regions: which contigs are used, and the contig of the last line. */
typedef struct {
    const tfb_fasta_t *fasta;
    char *const *chroms;
    int n_chroms;
    char *used; /* (n_chroms) */
    khash_t(contig) * index;
    kstring_t name; /* the last line's contig */
    int contig;     /* its number; -1: it is not used */
    hts_pos_t len;
} reader_t;

/* Sets the reader's contig to that of the current line, its first n letters. Returns 0, or -1
 * (logged). */
static int set_contig(reader_t *c, tfb_regions_t *r, const tfb_lines_t *in, size_t n)
{
    if (c->name.l == n && strncmp(c->name.s, in->s.s, n) == 0) return 0;
    int use = !c->chroms;
    c->name.l = 0;
    if (kputsn(in->s.s, n, &c->name) < 0) return tfb_lines_error(in, "not enough memory");
    for (int i = 0; i < c->n_chroms; i++)
        if (strcmp(c->chroms[i], c->name.s) == 0) use = c->used[i] = 1;
    c->contig = -1;
    if (!use) return 0;
    int k = c->fasta ? tfb_fasta_find(c->fasta, c->name.s) : -1;
    if (c->fasta && k < 0) return tfb_lines_error(in, "%s is not in %s", c->name.s, tfb_fasta_path(c->fasta));
    /* the FASTA's name, so that files of two styles meet */
    const char *name = k >= 0 ? tfb_fasta_contig(c->fasta, k) : c->name.s;
    c->len = k >= 0 ? tfb_fasta_len(c->fasta, name) : HTS_POS_MAX;
    c->contig = contig_of(r, c->index, name);
    return c->contig < 0 ? tfb_lines_error(in, "not enough memory") : 0;
}

/* Reads the lines into *span, which the caller frees. Returns how many, or -1 (logged). */
static int64_t read_spans(reader_t *c, tfb_regions_t *r, tfb_lines_t *in, span_t **span)
{
    int64_t n = 0, m = 0;
    int got;
    while ((got = tfb_lines_next(in)) > 0) {
        tfb_bed_t b;
        if (tfb_bed_is_header(in)) continue;
        if (tfb_bed_fields(in, &b) < 0 || set_contig(c, r, in, b.n_contig) < 0) return -1;
        if (c->contig < 0) continue;
        if (b.end > c->len) b.end = c->len;
        if (b.beg >= b.end) continue;
        if (n == m) {
            span_t *q = realloc(*span, (size_t)(m = 2 * m + 1024) * sizeof *q);
            if (!q) return tfb_lines_error(in, "not enough memory");
            *span = q;
        }
        (*span)[n++] = (span_t){c->contig, b.beg, b.end};
    }
    return got < 0 ? -1 : n;
}

tfb_regions_t *tfb_regions_load(const char *path, char *const *chroms, int n_chroms, const tfb_fasta_t *fasta)
{
    tfb_lines_t in = {0};
    int64_t n;
    int ok = 0;
    span_t *span = NULL;
    reader_t c = {.fasta = fasta, .chroms = chroms, .n_chroms = n_chroms, .contig = -1};
    tfb_regions_t *r = calloc(1, sizeof *r);
    if (tfb_lines_open(&in, path) < 0) goto done;
    if (!r || !(c.used = calloc((size_t)n_chroms + 1, 1)) || !(c.index = kh_init(contig)) ||
        !(r->contigs = calloc(1, sizeof *r->contigs)))
        goto memory;
    r->m_contigs = 1;
    if ((n = read_spans(&c, r, &in, &span)) < 0) goto done;
    for (int i = 0; i < n_chroms; i++)
        if (!c.used[i]) {
            tfb_error("%s has no regions on '%s'", path, chroms[i]);
            goto done;
        }
    if (!n) {
        tfb_error("%s holds no regions", path);
        goto done;
    }
    if (settle(r, span, n) < 0) goto memory;
    ok = 1;
    goto done;
memory:
    tfb_error("not enough memory for the regions of %s", path);
done:
    tfb_lines_close(&in);
    free(span);
    free(c.used);
    free(c.name.s);
    if (c.index) kh_destroy(contig, c.index);
    if (!ok) {
        tfb_regions_destroy(r);
        r = NULL;
    }
    return r;
}

/* ---- from intervals ---- */

struct tfb_regions_builder_t {
    const char *path;
    const tfb_fasta_t *fasta;
    tfb_regions_t *r;
    khash_t(contig) * index;
    span_t *span;
    int64_t n, m, n_elsewhere;
    kstring_t name; /* the last contig */
    int contig;     /* its number; -1: the FASTA does not have it */
    hts_pos_t len;
    char *elsewhere; /* the first contig that the FASTA does not have */
};

static int builder_memory(const tfb_regions_builder_t *b)
{
    tfb_error("not enough memory for the regions of %s", b->path);
    return -1;
}

tfb_regions_builder_t *tfb_regions_begin(const char *path, const tfb_fasta_t *fasta)
{
    tfb_regions_builder_t *b = calloc(1, sizeof *b);
    if (b) {
        *b = (tfb_regions_builder_t){.path = path, .fasta = fasta, .contig = -1, .r = calloc(1, sizeof *b->r)};
        b->index = kh_init(contig);
        if (b->r) b->r->contigs = calloc(1, sizeof *b->r->contigs);
        if (b->r && b->index && b->r->contigs) {
            b->r->m_contigs = 1;
            return b;
        }
    }
    tfb_error("not enough memory for the regions of %s", path);
    tfb_regions_cancel(b);
    return NULL;
}

void tfb_regions_cancel(tfb_regions_builder_t *b)
{
    if (!b) return;
    tfb_regions_destroy(b->r);
    if (b->index) kh_destroy(contig, b->index);
    free(b->span);
    free(b->name.s);
    free(b->elsewhere);
    free(b);
}

/* Sets the builder's contig. Returns 0, or -1 (logged). */
static int use_contig(tfb_regions_builder_t *b, const char *contig)
{
    if (b->name.l && strcmp(b->name.s, contig) == 0) return 0;
    int k = b->fasta ? tfb_fasta_find(b->fasta, contig) : -1;
    b->name.l = 0;
    b->contig = -1;
    if (kputs(contig, &b->name) < 0) return builder_memory(b);
    if (b->fasta && k < 0) {
        if (!b->elsewhere) b->elsewhere = strdup(contig);
        return 0;
    }
    const char *name = k >= 0 ? tfb_fasta_contig(b->fasta, k) : contig;
    b->len = k >= 0 ? tfb_fasta_len(b->fasta, name) : HTS_POS_MAX;
    b->contig = contig_of(b->r, b->index, name);
    return b->contig < 0 ? builder_memory(b) : 0;
}

int tfb_regions_add(tfb_regions_builder_t *b, const char *contig, hts_pos_t beg, hts_pos_t end)
{
    if (use_contig(b, contig) < 0) return -1;
    if (b->contig < 0) {
        b->n_elsewhere++;
        return 0;
    }
    if (end > b->len) end = b->len;
    if (beg >= end) return 1;
    span_t *last = b->n ? &b->span[b->n - 1] : NULL;
    if (last && last->contig == b->contig && beg >= last->beg && beg <= last->end) {
        if (end > last->end) last->end = end;
        return 1;
    }
    if (b->n == b->m) {
        span_t *q = realloc(b->span, (size_t)(2 * b->m + 1024) * sizeof *q);
        if (!q) return builder_memory(b);
        b->span = q;
        b->m = 2 * b->m + 1024;
    }
    b->span[b->n++] = (span_t){b->contig, beg, end};
    return 1;
}

tfb_regions_t *tfb_regions_end(tfb_regions_builder_t *b)
{
    tfb_regions_t *r = NULL;
    if (b->n_elsewhere)
        tfb_note("%s: %" PRId64 " intervals are on contigs that %s does not have (such as %s), and are left out",
                 b->path, b->n_elsewhere, tfb_fasta_path(b->fasta), b->elsewhere ? b->elsewhere : "");
    if (!b->n)
        tfb_error("%s holds no regions%s", b->path, b->n_elsewhere ? " on contigs of the reference" : "");
    else if (settle(b->r, b->span, b->n) < 0)
        builder_memory(b);
    else {
        r = b->r;
        b->r = NULL;
    }
    tfb_regions_cancel(b);
    return r;
}

tfb_regions_t *tfb_regions_of_bed(const char *path, const tfb_fasta_t *fasta)
{
    tfb_lines_t in = {0};
    kstring_t name = {0, 0, NULL};
    int got = -1;
    tfb_regions_builder_t *b = tfb_lines_open(&in, path) < 0 ? NULL : tfb_regions_begin(path, fasta);
    while (b && (got = tfb_lines_next(&in)) > 0) {
        tfb_bed_t bed;
        if (tfb_bed_is_header(&in)) continue;
        name.l = 0;
        got = tfb_bed_fields(&in, &bed);
        if (got == 0 && kputsn(in.s.s, bed.n_contig, &name) < 0) got = tfb_lines_error(&in, "not enough memory");
        if (got < 0 || (got = tfb_regions_add(b, name.s, bed.beg, bed.end)) < 0) break;
    }
    free(name.s);
    tfb_lines_close(&in);
    if (got == 0) return tfb_regions_end(b);
    tfb_regions_cancel(b);
    return NULL;
}

tfb_regions_t *tfb_regions_whole(const tfb_fasta_t *fasta)
{
    tfb_regions_t *r = calloc(1, sizeof *r);
    span_t *span = NULL;
    int n = tfb_fasta_n_contigs(fasta), k = 0, ok = 0;
    if (!r || n < 1 || !(r->contigs = calloc((size_t)n + 1, sizeof *r->contigs)) ||
        !(span = malloc((size_t)n * sizeof *span)))
        goto done;
    for (int i = 0; i < n; i++) {
        const char *name = tfb_fasta_contig(fasta, i);
        hts_pos_t len = tfb_fasta_len(fasta, name);
        if (!(r->contigs[i] = strdup(name))) goto done;
        r->n_contigs++;
        if (len > 0) span[k++] = (span_t){i, 0, len};
    }
    ok = settle(r, span, k) == 0 && r->n;
done:
    if (!ok) {
        tfb_error("cannot list the contigs of %s", tfb_fasta_path(fasta));
        tfb_regions_destroy(r);
        r = NULL;
    }
    free(span);
    return r;
}

void tfb_regions_destroy(tfb_regions_t *r)
{
    if (!r) return;
    tfb_strv_free(r->contigs);
    free(r->by_name);
    free(r->contig);
    free(r->beg);
    free(r->end);
    free(r);
}

int tfb_regions_has(const tfb_regions_t *r, const char *contig, hts_pos_t pos)
{
    return tfb_regions_overlap(r, contig, pos, pos + 1);
}

int tfb_regions_overlap(const tfb_regions_t *r, const char *contig, hts_pos_t beg, hts_pos_t end)
{
    int from = 0, to = r->n_contigs;
    while (from < to) {
        int mid = from + (to - from) / 2;
        if (strcmp(r->contigs[r->by_name[mid]], contig) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    if (from == r->n_contigs || strcmp(r->contigs[r->by_name[from]], contig)) return 0;
    int c = r->by_name[from];
    int64_t lo = 0, hi = r->n; /* the last region that begins before end */
    while (lo < hi) {
        int64_t mid = (lo + hi) / 2;
        if (r->contig[mid] < c || (r->contig[mid] == c && r->beg[mid] < end))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && r->contig[lo - 1] == c && beg < r->end[lo - 1];
}

/* ---- SNVs ---- */

typedef struct {
    int64_t at, order; /* index among the bases of the regions; order in which it was drawn */
    uint8_t other, ok;
    tfb_snv_t snv;
} draw_t;

static int by_at(const void *a, const void *b)
{
    const draw_t *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const draw_t *x = a, *y = b;
    return x->order < y->order ? -1 : 1;
}

static int by_snv(const void *a, const void *b)
{
    const tfb_snv_t *x = a, *y = b;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    if (x->pos != y->pos) return x->pos < y->pos ? -1 : 1;
    return (int)x->alt - (int)y->alt;
}

int64_t tfb_snvs_draw(const tfb_regions_t *r, tfb_fasta_t *fasta, int W, int max_n, tfb_rng_t *rng, tfb_snv_t *snv,
                      int64_t n)
{
    enum { ROUNDS = 20 };
    int64_t have = 0, drawn = 0;
    uint8_t *code = malloc((size_t)W);
    draw_t *d = NULL;
    if (!code) goto memory;
    for (int round = 0; round < ROUNDS && have < n; round++) {
        /* as many as should suffice, given the share usable so far; a masked genome rejects most */
        double rate = drawn ? (double)(have + 1) / (double)(drawn + 1) : 1;
        int64_t m = (int64_t)((double)(n - have) / rate) + 16, i = 0, k = 0, before = 0;
        if (m > 4 * n + 1024) m = 4 * n + 1024;
        draw_t *p = realloc(d, (size_t)m * sizeof *d);
        if (!p) goto memory;
        d = p;
        for (i = 0; i < m; i++) {
            d[i].at = (int64_t)tfb_rng_below(rng, (uint64_t)r->n_bases);
            d[i].other = (uint8_t)tfb_rng_below(rng, 3);
            d[i].order = i;
        }
        drawn += m;
        tfb_sort(d, (size_t)m, sizeof *d, by_at); /* the FASTA is read in one direction */
        for (i = 0; i < m; i++) {
            while (d[i].at >= before + (r->end[k] - r->beg[k])) before += r->end[k] - r->beg[k], k++;
            hts_pos_t pos = r->beg[k] + (d[i].at - before);
            int got = tfb_fasta_codes(fasta, r->contigs[r->contig[k]], pos - W / 2, pos - W / 2 + W, code);
            if (got == -1) goto fail;
            uint8_t ref = code[W / 2];
            d[i].ok = got == 0 && ref < TFB_N && tfb_count_n(code, (size_t)W) <= (size_t)max_n;
            d[i].snv = (tfb_snv_t){
                .contig = r->contig[k], .pos = pos, .ref = ref, .alt = (uint8_t)((ref + 1 + d[i].other) & 3)};
        }
        tfb_sort(d, (size_t)m, sizeof *d, by_order); /* in the order drawn: no part of the genome is preferred */
        for (i = 0; i < m && have < n; i++)
            if (d[i].ok) snv[have++] = d[i].snv;
    }
    tfb_sort(snv, (size_t)have, sizeof *snv, by_snv);
    free(code);
    free(d);
    return have;
memory:
    tfb_error("not enough memory to draw %" PRId64 " SNVs", n);
fail:
    free(code);
    free(d);
    return -1;
}
