/* contrast.c - windows for training on one TF. Stages: peaks into memory, sorted | windows
 * around summits | windows without a peak, from open regions or at random | both as BED. */
#include "genome/contrast.h"
#include "genome/base.h"
#include "genome/fasta.h"
#include "genome/lines.h"
#include "util/sort.h"
#include "util/util.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    AWAY = 1000,  /* bases between a random window and the next peak */
    TRIES = 1000, /* draws per random window before its GC content may differ */
    BINS = 10,    /* bins of GC content */
};

typedef struct {
    int contig; /* index of the FASTA's contig */
    hts_pos_t beg, end, summit;
} place_t;

typedef struct {
    place_t *v;
    int64_t n, m;
} places_t;

typedef struct {
    const tfb_contrast_opt_t *o;
    tfb_fasta_t *fasta;
    places_t peaks;          /* sorted */
    hts_pos_t *reach;        /* (peaks.n): the largest end up to each, within its contig */
    places_t bound, unbound; /* windows */
    int64_t want[BINS];      /* per bin of GC content: bound windows, later random windows still to draw */
    uint8_t *code;           /* (width) */
    tfb_contrast_t *count;
} maker_t;

static int by_place(const void *a, const void *b)
{
    const place_t *x = a, *y = b;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    if (x->beg != y->beg) return x->beg < y->beg ? -1 : 1;
    return x->summit < y->summit ? -1 : x->summit > y->summit;
}

static int add_place(places_t *p, place_t x)
{
    if (p->n == p->m) {
        int64_t m = p->m ? 2 * p->m : 4096;
        place_t *v = realloc(p->v, (size_t)m * sizeof *v);
        if (!v) {
            tfb_error("not enough memory for windows");
            return -1;
        }
        p->v = v;
        p->m = m;
    }
    p->v[p->n++] = x;
    return 0;
}

/* Reads a BED file's intervals with their summits. Returns 0, or -1 (logged). */
static int read_places(const maker_t *k, const char *path, places_t *to)
{
    tfb_lines_t r = {0};
    tfb_bed_t b;
    int got;
    int64_t elsewhere = 0;
    kstring_t name = {0};
    if (tfb_lines_open(&r, path) < 0) return -1;
    while ((got = tfb_lines_next(&r)) > 0) {
        if (tfb_bed_is_header(&r)) continue;
        if (tfb_bed_fields(&r, &b) < 0 || tfb_bed_summit(&r, &b, 0) < 0) got = -1;
        if (got > 0 && r.narrow == TFB_NARROW_BAD) got = tfb_bed_summit_error(&r, &b);
        name.l = 0;
        if (got > 0 && kputsn(r.s.s, b.n_contig, &name) < 0) got = tfb_lines_error(&r, "not enough memory");
        if (got < 0) break;
        int contig = tfb_fasta_find(k->fasta, name.s);
        hts_pos_t summit = tfb_bed_window(b.beg, b.end, b.summit, 0);
        if (contig < 0)
            elsewhere++;
        else if (add_place(to, (place_t){.contig = contig, .beg = b.beg, .end = b.end, .summit = summit}) < 0) {
            got = -1;
            break;
        }
    }
    tfb_lines_close(&r);
    free(name.s);
    if (got < 0) return -1;
    if (!to->n) {
        tfb_error("%s: none of the %" PRId64 " intervals is on a contig of %s", path, elsewhere, k->o->fasta);
        return -1;
    }
    if (elsewhere)
        tfb_warn("%s: %" PRId64 " intervals are on contigs that %s does not have", path, elsewhere, k->o->fasta);
    tfb_sort(to->v, (size_t)to->n, sizeof *to->v, by_place);
    return 0;
}

/* Reads a window's bases. Returns the bin of its GC content, -1 if it has an N or exceeds the contig, -2 on a read
 * error (logged). */
static int gc_bin(maker_t *k, int contig, hts_pos_t beg)
{
    int W = k->o->width, gc = 0;
    const char *name = tfb_fasta_contig(k->fasta, contig);
    if (beg < 0 || beg + W > tfb_fasta_len(k->fasta, name)) return -1;
    if (tfb_fasta_codes(k->fasta, name, beg, beg + W, k->code) < 0) return -2;
    if (tfb_count_n(k->code, (size_t)W)) return -1;
    for (int i = 0; i < W; i++) gc += k->code[i] == 1 || k->code[i] == 2;
    return gc * BINS / W < BINS ? gc * BINS / W : BINS - 1;
}

/* Returns whether a peak overlaps [beg, end). */
static int has_peak(const maker_t *k, int contig, hts_pos_t beg, hts_pos_t end)
{
    int64_t lo = 0, hi = k->peaks.n; /* the first peak that begins at end or later */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        const place_t *p = &k->peaks.v[mid];
        if (p->contig < contig || (p->contig == contig && p->beg < end))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && k->peaks.v[lo - 1].contig == contig && k->reach[lo - 1] > beg;
}

/* Adds windows around the summits of places, which are sorted, except those that overlap the
 * previous window by half or more. unbound: adds only windows without a peak. Returns 0, or -1
 * (logged). */
static int add_windows(maker_t *k, const places_t *from, places_t *to, int unbound)
{
    int W = k->o->width;
    for (int64_t i = 0; i < from->n; i++) {
        const place_t *p = &from->v[i];
        hts_pos_t beg = tfb_bed_window(p->summit, p->summit + 1, -1, W);
        if (to->n && to->v[to->n - 1].contig == p->contig && llabs(beg - to->v[to->n - 1].beg) <= W / 2) continue;
        if (unbound && has_peak(k, p->contig, beg, beg + W)) {
            k->count->near++;
            continue;
        }
        int bin = gc_bin(k, p->contig, beg);
        if (bin == -2) return -1;
        if (bin < 0) continue;
        if (!unbound) k->want[bin]++;
        if (add_place(to, (place_t){.contig = p->contig, .beg = beg, .end = beg + W, .summit = p->summit}) < 0)
            return -1;
    }
    return 0;
}

/* Sorts windows and removes those that overlap another by half or more. */
static void thin(places_t *p, int W)
{
    int64_t n = 0;
    tfb_sort(p->v, (size_t)p->n, sizeof *p->v, by_place);
    for (int64_t i = 0; i < p->n; i++)
        if (!n || p->v[n - 1].contig != p->v[i].contig || p->v[i].beg - p->v[n - 1].beg > W / 2) p->v[n++] = p->v[i];
    p->n = n;
}

/* Draws random windows on the contigs that have peaks, with the GC content of the bound ones. Returns 0, or -1
 * (logged). */
static int draw_windows(maker_t *k)
{
    int n_contigs = tfb_fasta_n_contigs(k->fasta), W = k->o->width;
    hts_pos_t *end = tfb_alloc((size_t)n_contigs, sizeof *end, "contigs"), total = 0; /* of each, cumulative */
    uint8_t *has = tfb_alloc((size_t)n_contigs, 1, "contigs");
    tfb_rng_t r;
    int64_t left = 0, tries = 0;
    int ret = end && has ? 0 : -1;
    tfb_rng_seed(&r, tfb_hash64(k->o->seed + 0x72616e64)); /* "rand" */
    for (int64_t i = 0; ret == 0 && i < k->peaks.n; i++) has[k->peaks.v[i].contig] = 1;
    for (int c = 0; ret == 0 && c < n_contigs; c++) {
        hts_pos_t len = tfb_fasta_len(k->fasta, tfb_fasta_contig(k->fasta, c)) - W + 1;
        end[c] = total += has[c] && len > 0 ? len : 0;
    }
    for (int b = 0; b < BINS; b++) left += k->want[b] *= k->o->per_bound;
    int64_t most = left * TRIES;
    while (ret == 0 && total > 0 && left && tries++ < most) {
        hts_pos_t at = (hts_pos_t)tfb_rng_below(&r, (uint64_t)total);
        int c = 0, lo = 0, hi = n_contigs - 1;
        while (lo < hi) { /* the first contig that ends after at */
            int mid = (lo + hi) / 2;
            if (end[mid] <= at)
                lo = mid + 1;
            else
                hi = mid;
        }
        c = lo;
        hts_pos_t beg = at - (c ? end[c - 1] : 0);
        if (has_peak(k, c, beg - AWAY, beg + W + AWAY)) continue;
        int bin = gc_bin(k, c, beg), slack = tries > most / 2; /* then neighbouring bins are allowed */
        if (bin == -2) ret = -1;
        if (bin < 0) continue;
        if (!k->want[bin] && slack) {
            if (bin + 1 < BINS && k->want[bin + 1])
                bin++;
            else if (bin && k->want[bin - 1])
                bin--;
        }
        if (!k->want[bin]) continue;
        k->want[bin]--;
        left--;
        ret = add_place(&k->unbound, (place_t){.contig = c, .beg = beg, .end = beg + W, .summit = beg});
    }
    if (ret == 0 && left)
        tfb_warn("%" PRId64
                 " random windows less than asked for: the contigs with peaks have no more of that GC content",
                 left);
    thin(&k->unbound, W);
    free(end);
    free(has);
    return ret;
}

static void write_windows(const maker_t *k, const places_t *p, const char *name, FILE *f)
{
    for (int64_t i = 0; i < p->n; i++)
        fprintf(f, "%s\t%" PRId64 "\t%" PRId64 "\t%s%" PRId64 "\n", tfb_fasta_contig(k->fasta, p->v[i].contig),
                (int64_t)p->v[i].beg, (int64_t)p->v[i].end, name, i + 1);
}

/* Computes reach, for has_peak. Returns 0, or -1 (logged). */
static int measure_reach(maker_t *k)
{
    if (!(k->reach = tfb_alloc((size_t)k->peaks.n, sizeof *k->reach, "peaks"))) return -1;
    for (int64_t i = 0; i < k->peaks.n; i++) {
        const place_t *p = &k->peaks.v[i];
        k->reach[i] = p->end;
        if (i && p[-1].contig == p->contig && k->reach[i - 1] > p->end) k->reach[i] = k->reach[i - 1];
    }
    return 0;
}

static int make(maker_t *k)
{
    const tfb_contrast_opt_t *o = k->o;
    places_t open = {0};
    if (!(k->fasta = tfb_fasta_open(o->fasta)) || !(k->code = tfb_alloc((size_t)o->width, 1, "a window")) ||
        read_places(k, o->peaks, &k->peaks) < 0 || measure_reach(k) < 0 || add_windows(k, &k->peaks, &k->bound, 0) < 0)
        return -1;
    int ret = !o->open ? draw_windows(k) : read_places(k, o->open, &open);
    if (ret == 0 && o->open) ret = add_windows(k, &open, &k->unbound, 1);
    free(open.v);
    if (ret < 0) return -1;
    if (!k->bound.n || !k->unbound.n) {
        tfb_error(k->bound.n ? "no window without a peak is left: give --open, or leave it out for random windows"
                             : "no window with a peak is left: all have an N or lie at the end of a contig");
        return -1;
    }
    return 0;
}

int tfb_contrast(const tfb_contrast_opt_t *o, FILE *regions, FILE *summits, tfb_contrast_t *count)
{
    maker_t k = {.o = o, .count = count};
    *count = (tfb_contrast_t){0};
    int ret = make(&k);
    if (ret == 0) {
        write_windows(&k, &k.bound, "peak", regions);
        write_windows(&k, &k.unbound, o->open ? "open" : "random", regions);
        for (int64_t i = 0; i < k.peaks.n; i++)
            fprintf(summits, "%s\t%" PRId64 "\t%" PRId64 "\n", tfb_fasta_contig(k.fasta, k.peaks.v[i].contig),
                    (int64_t)k.peaks.v[i].summit, (int64_t)k.peaks.v[i].summit + 1);
        count->peaks = k.peaks.n;
        count->bound = k.bound.n;
        count->unbound = k.unbound.n;
    }
    free(k.peaks.v);
    free(k.reach);
    free(k.bound.v);
    free(k.unbound.v);
    free(k.code);
    tfb_fasta_close(k.fasta);
    return ret;
}
