/* draw.c - random SNVs in regions of a genome. */
#include "genome/draw.h"
#include "genome/base.h"
#include "genome/lines.h"
#include <errno.h>
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

static int contig_of(tfb_regions_t *r, const char *name)
{
    for (int c = r->n_contigs - 1; c >= 0; c--)
        if (strcmp(r->contigs[c], name) == 0) return c;
    char **v = realloc(r->contigs, ((size_t)r->n_contigs + 2) * sizeof *v);
    if (!v) return -1;
    r->contigs = v;
    v[r->n_contigs + 1] = NULL;
    return (v[r->n_contigs] = strdup(name)) ? r->n_contigs++ : -1;
}

/* Sorted and merged spans become the regions. 0 or -1. */
static int settle(tfb_regions_t *r, span_t *s, int64_t n)
{
    if (n) qsort(s, (size_t)n, sizeof *s, by_place);
    r->n_read = n;
    r->contig = malloc(((size_t)n + 1) * sizeof *r->contig);
    r->beg = malloc(((size_t)n + 1) * sizeof *r->beg);
    r->end = malloc(((size_t)n + 1) * sizeof *r->end);
    if (!r->contig || !r->beg || !r->end) return -1;
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

static int position(const char *s, hts_pos_t *v)
{
    char *e;
    if (*s < '0' || *s > '9') return -1;
    errno = 0;
    long long x = strtoll(s, &e, 10);
    if (*e || errno) return -1;
    *v = (hts_pos_t)x;
    return 0;
}

tfb_regions_t *tfb_regions_load(const char *path, char *const *chroms, int n_chroms, const tfb_fasta_t *fasta)
{
    tfb_lines_t in = {0};
    int64_t n = 0, m = 0;
    int got, ok = 0, contig = -1;
    span_t *span = NULL;
    hts_pos_t len = 0;
    char *used = calloc((size_t)n_chroms + 1, 1), *last = NULL;
    tfb_regions_t *r = calloc(1, sizeof *r);
    if (tfb_lines_open(&in, path) < 0) goto done;
    if (!r || !used || !(r->contigs = calloc(1, sizeof *r->contigs))) goto memory;
    while ((got = tfb_lines_next(&in)) > 0) {
        char *s = in.s.s, *col[3], *p = s;
        hts_pos_t beg, end;
        if (tfb_bed_is_header(s)) continue;
        int n_col = 0;
        for (; n_col < 3 && p; n_col++) {
            col[n_col] = p;
            if ((p = strchr(p, '\t'))) *p++ = 0;
        }
        if (n_col < 3 || position(col[1], &beg) < 0 || position(col[2], &end) < 0 || end < beg) {
            tfb_lines_error(&in, "not BED: contig, start and end (not before start) are wanted, tab-separated");
            goto done;
        }
        if (!last || strcmp(last, col[0])) {
            int use = !chroms;
            for (int i = 0; i < n_chroms; i++)
                if (strcmp(chroms[i], col[0]) == 0) use = used[i] = 1;
            free(last);
            if (!(last = strdup(col[0]))) goto memory;
            contig = -1;
            len = fasta ? tfb_fasta_len(fasta, col[0]) : HTS_POS_MAX;
            if (use && len < 0) {
                tfb_lines_error(&in, "%s is not in %s", col[0], tfb_fasta_path(fasta));
                goto done;
            }
            int k = fasta ? tfb_fasta_find(fasta, col[0]) : -1; /* the FASTA's name, so that files of two styles meet */
            if (use && (contig = contig_of(r, k >= 0 ? tfb_fasta_contig(fasta, k) : col[0])) < 0) goto memory;
        }
        if (contig < 0) continue;
        if (end > len) end = len;
        if (beg >= end) continue;
        if (n == m) {
            span_t *q = realloc(span, (size_t)(m = 2 * m + 1024) * sizeof *q);
            if (!q) goto memory;
            span = q;
        }
        span[n++] = (span_t){contig, beg, end};
    }
    if (got < 0) goto done;
    for (int i = 0; i < n_chroms; i++)
        if (!used[i]) {
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
    free(used);
    free(last);
    if (!ok) {
        tfb_regions_destroy(r);
        r = NULL;
    }
    return r;
}

tfb_regions_t *tfb_regions_whole(const char *path)
{
    tfb_regions_t *r = calloc(1, sizeof *r);
    span_t *span = NULL;
    tfb_fasta_reads(path);
    faidx_t *fai = fai_load(path);
    int n = fai ? faidx_nseq(fai) : 0, k = 0, ok = 0;
    if (!r || !fai || n < 1 || !(r->contigs = calloc((size_t)n + 1, sizeof *r->contigs)) || !(span = malloc((size_t)n * sizeof *span))) goto done;
    for (int i = 0; i < n; i++) {
        const char *name = faidx_iseq(fai, i);
        if (!(r->contigs[i] = strdup(name))) goto done;
        r->n_contigs++;
        if (faidx_seq_len(fai, name) > 0) span[k++] = (span_t){i, 0, faidx_seq_len(fai, name)};
    }
    ok = settle(r, span, k) == 0 && r->n;
done:
    if (!ok) {
        tfb_error("cannot list the contigs of %s", path);
        tfb_regions_destroy(r);
        r = NULL;
    }
    free(span);
    if (fai) fai_destroy(fai);
    return r;
}

void tfb_regions_destroy(tfb_regions_t *r)
{
    if (!r) return;
    tfb_strv_free(r->contigs);
    free(r->contig);
    free(r->beg);
    free(r->end);
    free(r);
}

int tfb_regions_has(const tfb_regions_t *r, const char *contig, hts_pos_t pos)
{
    int c = 0;
    while (c < r->n_contigs && strcmp(r->contigs[c], contig)) c++;
    int64_t lo = 0, hi = r->n; /* the last region that begins at or before pos */
    while (lo < hi) {
        int64_t mid = (lo + hi) / 2;
        if (r->contig[mid] < c || (r->contig[mid] == c && r->beg[mid] <= pos))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && r->contig[lo - 1] == c && pos < r->end[lo - 1];
}

/* ---- SNVs ---- */

typedef struct {
    int64_t at, order; /* base among those of the regions; when it was drawn */
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

int64_t tfb_snvs_draw(const tfb_regions_t *r, tfb_fasta_t *fasta, int W, int max_n, tfb_rng_t *rng, tfb_snv_t *snv, int64_t n)
{
    enum { ROUNDS = 20 };
    int64_t have = 0, drawn = 0;
    uint8_t *code = malloc((size_t)W);
    draw_t *d = NULL;
    if (!code) goto memory;
    for (int round = 0; round < ROUNDS && have < n; round++) {
        /* as many as should do by what was usable until now; a masked genome refuses most */
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
        qsort(d, (size_t)m, sizeof *d, by_at); /* the FASTA is read in one direction */
        for (i = 0; i < m; i++) {
            while (d[i].at >= before + (r->end[k] - r->beg[k])) before += r->end[k] - r->beg[k], k++;
            hts_pos_t pos = r->beg[k] + (d[i].at - before);
            int got = tfb_fasta_codes(fasta, r->contigs[r->contig[k]], pos - W / 2, pos - W / 2 + W, code);
            if (got == -1) goto fail;
            uint8_t ref = code[W / 2];
            d[i].ok = got == 0 && ref < TFB_N && tfb_count_n(code, (size_t)W) <= (size_t)max_n;
            d[i].snv = (tfb_snv_t){r->contig[k], pos, ref, (uint8_t)((ref + 1 + d[i].other) & 3)};
        }
        qsort(d, (size_t)m, sizeof *d, by_order); /* taken as they were drawn: no part of the genome is preferred */
        for (i = 0; i < m && have < n; i++)
            if (d[i].ok) snv[have++] = d[i].snv;
    }
    qsort(snv, (size_t)have, sizeof *snv, by_snv);
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
