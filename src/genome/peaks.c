/* peaks.c - makes a labels file. Stages: regions into memory, sorted | per cell type: which are open | per TF: peaks and sites, file
 * by file, onto the regions they meet | write.
 *
 * Files are read a line at a time and never held: an interval finds its regions by bisection, so that nothing needs to be sorted. */
#include "genome/peaks.h"
#include "genome/base.h"
#include "genome/labels.h"
#include "genome/lines.h"
#include "genome/output.h"
#include "util/files.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/khash.h>
#include <htslib/kstring.h>
#include <htslib/tbx.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const tfb_policy_name[TFB_POLICIES] = {"sparse", "less-sparse", "full", "peaks"};

KHASH_MAP_INIT_STR(contig, int)

typedef struct {
    int contig;
    hts_pos_t beg;
    int64_t line;
    char *name;
} region_t;

typedef struct {
    char *cell, *tf, *kind, *path;
} sample_t;

typedef struct {
    const tfb_peaks_opt_t *o;
    tfb_fasta_t *fasta;
    char **contigs;             /* those of the regions, in the order they came */
    int n_contigs, last_contig; /* the one found last */
    khash_t(contig) * index;    /* name -> its number; an assembly may have many thousands */
    region_t *region;
    int64_t n, m;
    int64_t *first; /* first region of each contig; n_contigs + 1 */
    sample_t *sample;
    int n_samples;
    char **cells, **tfs; /* sorted, unique */
    int n_cells, n_tfs;
    uint8_t **open;   /* per cell: a bit a region */
    uint8_t *label;   /* (n_tfs, n / 4): 2 bits a region */
    uint8_t *score;   /* (n): of the TF being made */
    uint8_t *seen[3]; /* a bit a region: summit, site, of one cell; site of every cell */
    kstring_t line;
    int64_t n_elsewhere;
} maker_t;

/* ---- reading BED, a line at a time ---- */

static int number(const char *s, hts_pos_t *v)
{
    char *e;
    errno = 0;
    long long x = strtoll(s, &e, 10);
    if (e == s || *e || errno || x < 0 || *s == '-' || *s == '+') return -1;
    *v = (hts_pos_t)x;
    return 0;
}

enum { COLUMNS = 11 }; /* one more than narrowPeak has, to tell it from BED12 */

/* Next interval; col gets the line's first columns, valid until the next call. 1, 0 at the end, -1 (logged). */
static int next_bed(tfb_lines_t *r, hts_pos_t *beg, hts_pos_t *end, char *col[COLUMNS], int *n_col)
{
    for (;;) {
        int got = tfb_lines_next(r);
        if (got <= 0) return got;
        char *s = r->s.s;
        while (r->s.l && s[r->s.l - 1] == ' ') s[--r->s.l] = 0;
        if (tfb_bed_is_header(s)) continue;
        *n_col = 0;
        for (char *p = s; *n_col < COLUMNS; p++) {
            col[(*n_col)++] = p;
            p += strcspn(p, "\t");
            if (!*p) break;
            *p = 0;
        }
        if (*n_col < 3 || number(col[1], beg) < 0 || number(col[2], end) < 0)
            return tfb_lines_error(r, "not BED: contig, start and end are wanted, tab-separated");
        if (*end < *beg) return tfb_lines_error(r, "end is before start");
        return 1;
    }
}

/* ---- regions ---- */

static int contig_of(maker_t *k, const char *name)
{
    if (k->last_contig >= 0 && k->last_contig < k->n_contigs && strcmp(k->contigs[k->last_contig], name) == 0) return k->last_contig;
    khint_t i = kh_get(contig, k->index, name);
    return k->last_contig = i == kh_end(k->index) ? -1 : kh_val(k->index, i);
}

static int add_contig(maker_t *k, const char *name)
{
    int absent;
    char **c = realloc(k->contigs, ((size_t)k->n_contigs + 2) * sizeof *c);
    if (!c) return -1;
    k->contigs = c;
    c[k->n_contigs + 1] = NULL;
    if (!(c[k->n_contigs] = strdup(name))) return -1;
    khint_t i = kh_put(contig, k->index, c[k->n_contigs], &absent);
    k->n_contigs++;
    if (absent < 0) return -1;
    kh_val(k->index, i) = k->n_contigs - 1;
    return k->n_contigs - 1;
}

static int by_place(const void *a, const void *b)
{
    const region_t *x = a, *y = b;
    if (x->contig != y->contig) return x->contig < y->contig ? -1 : 1;
    if (x->beg != y->beg) return x->beg < y->beg ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

static int read_regions(maker_t *k)
{
    tfb_lines_t r = {0};
    char *col[COLUMNS];
    int n_col, got, last = -1;
    hts_pos_t beg, end, len = 0;
    int64_t beyond = 0, twice = 0;
    if (tfb_lines_open(&r, k->o->regions) < 0) return -1;
    while ((got = next_bed(&r, &beg, &end, col, &n_col)) > 0) {
        if (last < 0 || strcmp(k->contigs[last], col[0])) {
            if ((last = contig_of(k, col[0])) < 0 && (last = add_contig(k, col[0])) < 0) goto memory;
            if ((len = tfb_fasta_len(k->fasta, col[0])) < 0) {
                tfb_lines_error(&r, "%s is not in %s", col[0], k->o->fasta);
                got = -1;
                break;
            }
        }
        hts_pos_t lo = beg + (end - beg) / 2 - k->o->width / 2;
        if (lo < 0 || lo + k->o->width > len) {
            if (beyond++ == 0) tfb_warn("%s:%" PRId64 ": recentred to %d bases the region reaches beyond %s and is left out", r.name, r.n, k->o->width, col[0]);
            continue;
        }
        if (k->n == k->m) {
            int64_t m = k->m ? 2 * k->m : 65536;
            region_t *p = realloc(k->region, (size_t)m * sizeof *p);
            if (!p) goto memory;
            k->region = p;
            k->m = m;
        }
        char auto_name[32];
        snprintf(auto_name, sizeof auto_name, "%" PRId64, r.n - 1);
        k->region[k->n] = (region_t){last, lo, r.n, strdup(n_col > 3 && *col[3] ? col[3] : auto_name)};
        if (!k->region[k->n++].name) goto memory;
    }
    tfb_lines_close(&r);
    if (got < 0) return -1;
    if (beyond > 1) tfb_warn("%s: %" PRId64 " regions in all reach beyond their contig", k->o->regions, beyond);
    if (!k->n) {
        tfb_error("%s holds no regions", k->o->regions);
        return -1;
    }
    qsort(k->region, (size_t)k->n, sizeof *k->region, by_place);
    int64_t n = 0;
    for (int64_t i = 0; i < k->n; i++) {
        if (n && k->region[n - 1].contig == k->region[i].contig && k->region[n - 1].beg == k->region[i].beg) {
            twice++;
            free(k->region[i].name);
        } else
            k->region[n++] = k->region[i];
    }
    k->n = n;
    if (twice) tfb_warn("%s: %" PRId64 " regions are another one again and are left out", k->o->regions, twice);
    if (!(k->first = calloc((size_t)k->n_contigs + 1, sizeof *k->first))) return -1;
    for (int64_t i = 0; i < k->n; i++) k->first[k->region[i].contig + 1] = i + 1;
    for (int c = 1; c <= k->n_contigs; c++)
        if (k->first[c] < k->first[c - 1]) k->first[c] = k->first[c - 1];
    return 0;
memory:
    tfb_error("not enough memory for the regions of %s", k->o->regions);
    tfb_lines_close(&r);
    return -1;
}

/* ---- the sheet ---- */

static int add_name(char ***list, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (strcmp((*list)[i], name) == 0) return 0;
    char **p = realloc(*list, ((size_t)*n + 2) * sizeof *p);
    if (!p) return -1;
    *list = p;
    p[*n + 1] = NULL;
    if (!(p[*n] = strdup(name))) return -1;
    ++*n;
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int read_sheet(maker_t *k)
{
    const char *path = k->o->samples, *slash = strrchr(path, '/');
    int at[4] = {-1, -1, -1, -1}, ret = -1, got;
    static const char *const want[4] = {"cell", "tf", "kind", "path"};
    tfb_lines_t in = {0};
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((got = tfb_lines_next(&in)) > 0) {
        int n;
        while (in.s.l && strchr(" \t\r", in.s.s[in.s.l - 1])) in.s.s[--in.s.l] = 0;
        if (!in.s.l || (at[0] >= 0 && *in.s.s == '#')) continue;
        char **col = tfb_split(in.s.s, '\t', &n);
        if (!col) goto done;
        int bad = 0;
        if (at[0] < 0) {
            for (int w = 0; w < 4; w++)
                for (int i = 0; i < n; i++)
                    if (strcasecmp(col[i] + (i == 0 && *col[i] == '#'), want[w]) == 0) at[w] = i;
            for (int w = 0; w < 4; w++) bad |= at[w] < 0;
            if (bad) tfb_lines_error(&in, "a header line with the columns cell, tf, kind and path is wanted, tab-separated");
        } else {
            for (int w = 0; w < 4; w++) bad |= at[w] >= n || !*col[at[w]];
            if (bad)
                tfb_lines_error(&in, "cell, tf, kind and path must all be there (. where there is none)");
            else {
                const char *kind = col[at[2]], *tf = col[at[1]], *cell = col[at[0]];
                int open = strcmp(kind, "open") == 0;
                if (!open && strcmp(kind, "peaks") && strcmp(kind, "tfbs")) {
                    tfb_lines_error(&in, "kind is open, peaks or tfbs, not '%.40s'", kind);
                    bad = 1;
                } else if ((strcmp(tf, ".") == 0) != open || strchr(tf, ',') || (strcmp(cell, ".") == 0 && strcmp(kind, "tfbs"))) {
                    tfb_lines_error(&in, "%s",
                                    open && strcmp(tf, ".")  ? "accessibility is of a cell type, not of a TF: tf must be ."
                                    : strcmp(cell, ".") == 0 ? "only binding sites (tfbs) may be of every cell type"
                                                             : "a TF's name without commas is wanted");
                    bad = 1;
                } else {
                    sample_t *s = realloc(k->sample, ((size_t)k->n_samples + 1) * sizeof *s);
                    if (s) k->sample = s;
                    char *full = malloc(strlen(path) + strlen(col[at[3]]) + 2);
                    bad = !s || !full;
                    if (!bad) {
                        if (slash && *col[at[3]] != '/')
                            sprintf(full, "%.*s/%s", (int)(slash - path), path, col[at[3]]);
                        else
                            strcpy(full, col[at[3]]);
                        sample_t *t = &s[k->n_samples++];
                        *t = (sample_t){strdup(cell), strdup(tf), strdup(kind), full};
                        bad = !t->cell || !t->tf || !t->kind;
                        if (strcmp(cell, ".")) bad |= add_name(&k->cells, &k->n_cells, cell) < 0;
                        if (!open) bad |= add_name(&k->tfs, &k->n_tfs, tf) < 0;
                    } else
                        free(full);
                }
            }
        }
        tfb_strv_free(col);
        if (bad) goto done;
    }
    if (got < 0) goto done;
    if (!k->n_tfs)
        tfb_error("%s names no TF", path);
    else {
        qsort(k->tfs, (size_t)k->n_tfs, sizeof *k->tfs, by_name);
        ret = 0;
    }
done:
    tfb_lines_close(&in);
    return ret;
}

/* ---- intervals onto regions ---- */

/* Sets the bit of every region that [beg, end) overlaps. */
static void mark(maker_t *k, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *bits)
{
    int c = contig_of(k, contig);
    if (c < 0) {
        k->n_elsewhere++;
        return;
    }
    int64_t lo = k->first[c], hi = k->first[c + 1];
    hts_pos_t after = beg - k->o->width; /* regions that begin after this end after beg */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (k->region[mid].beg <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < k->first[c + 1] && k->region[lo].beg < end; lo++) bits[lo >> 3] |= (uint8_t)(1 << (lo & 7));
}

/* Reads a file onto bits: whole intervals, or their summits (narrowPeak's tenth column, else the middle). */
static int read_intervals(maker_t *k, const char *path, int summits, uint8_t *bits)
{
    tfb_lines_t r = {0};
    char *col[COLUMNS];
    int n_col, got;
    hts_pos_t beg, end;
    int64_t n = 0, off = k->n_elsewhere;
    if (tfb_lines_open(&r, path) < 0) return -1;
    while ((got = next_bed(&r, &beg, &end, col, &n_col)) > 0) {
        n++;
        if (summits) {
            char *e = NULL;
            long long at = n_col == 10 ? strtoll(col[9], &e, 10) : -1;
            if (n_col == 10 && (e == col[9] || *e)) {
                tfb_lines_error(&r, "'%.40s' in the tenth column is not narrowPeak's summit", col[9]);
                got = -1;
                break;
            }
            if (at >= end - beg) {
                tfb_lines_error(&r, "the summit, %lld, lies outside the peak of %" PRId64 " bases", at, (int64_t)(end - beg));
                got = -1;
                break;
            }
            beg = at >= 0 ? beg + at : beg + (end - beg) / 2;
            end = beg + 1;
        }
        if (end > beg) mark(k, col[0], beg, end, bits);
    }
    tfb_lines_close(&r);
    if (got < 0) return -1;
    if (n && k->n_elsewhere - off == n)
        tfb_warn("%s: none of its %" PRId64 " intervals is on a contig of the regions (does it name contigs in another style, such as chr1 for 1?)", path, n);
    return 0;
}

/* Scores of one TF over all cell types. */
static int make_tf(maker_t *k, int t)
{
    size_t bytes = ((size_t)k->n + 7) / 8;
    memset(k->score, 0, (size_t)k->n);
    memset(k->seen[2], 0, bytes);
    for (int i = 0; i < k->n_samples; i++) {
        const sample_t *s = &k->sample[i];
        if (strcmp(s->tf, k->tfs[t]) || strcmp(s->kind, "tfbs") || strcmp(s->cell, ".")) continue;
        if (read_intervals(k, s->path, 0, k->seen[2]) < 0) return -1;
    }
    for (int c = 0; c < k->n_cells; c++) {
        int assayed = 0;
        memset(k->seen[0], 0, bytes);
        memcpy(k->seen[1], k->seen[2], bytes);
        for (int i = 0; i < k->n_samples; i++) {
            const sample_t *s = &k->sample[i];
            if (strcmp(s->tf, k->tfs[t]) || strcmp(s->cell, k->cells[c]) || strcmp(s->kind, "peaks")) continue;
            assayed = 1;
            if (read_intervals(k, s->path, 1, k->seen[0]) < 0) return -1;
        }
        if (!assayed) continue;
        for (int i = 0; i < k->n_samples; i++) {
            const sample_t *s = &k->sample[i];
            if (strcmp(s->tf, k->tfs[t]) || strcmp(s->kind, "tfbs") || strcmp(s->cell, k->cells[c])) continue;
            if (read_intervals(k, s->path, 0, k->seen[1]) < 0) return -1;
        }
        for (int64_t i = 0; i < k->n; i++) {
            int b = 1 << (i & 7);
            if (!(k->open[c][i >> 3] & b)) continue;
            int peak = !!(k->seen[0][i >> 3] & b), site = !!(k->seen[1][i >> 3] & b), v = peak && site ? 4 : site ? 3 : peak ? 2 : 1;
            if (v > k->score[i]) k->score[i] = (uint8_t)v;
        }
    }
    static const uint8_t label[TFB_POLICIES][5] = {
        {TFB_NULL, TFB_UNBOUND, TFB_NULL, TFB_NULL, TFB_BOUND},
        {TFB_NULL, TFB_UNBOUND, TFB_UNBOUND, TFB_UNBOUND, TFB_BOUND},
        {TFB_UNBOUND, TFB_UNBOUND, TFB_UNBOUND, TFB_UNBOUND, TFB_BOUND},
        {TFB_NULL, TFB_UNBOUND, TFB_BOUND, TFB_UNBOUND, TFB_BOUND},
    };
    uint8_t *l = k->label + (size_t)t * (((size_t)k->n + 3) / 4);
    for (int64_t i = 0; i < k->n; i++) l[i >> 2] |= (uint8_t)(label[k->o->policy][k->score[i]] << (2 * (i & 3)));
    return 0;
}

static int make_labels(maker_t *k)
{
    size_t bytes = ((size_t)k->n + 7) / 8;
    if (!(k->open = calloc((size_t)k->n_cells, sizeof *k->open)) || !(k->score = tfb_alloc((size_t)k->n, 1, "scores")) ||
        !(k->seen[0] = tfb_alloc(bytes, 1, "peaks")) || !(k->seen[1] = tfb_alloc(bytes, 1, "sites")) || !(k->seen[2] = tfb_alloc(bytes, 1, "sites")) ||
        !(k->label = tfb_alloc((size_t)k->n_tfs, ((size_t)k->n + 3) / 4, "labels")))
        return -1;
    for (int c = 0; c < k->n_cells; c++) {
        int known = 0;
        if (!(k->open[c] = tfb_alloc(bytes, 1, "accessibility"))) return -1;
        for (int i = 0; i < k->n_samples; i++) {
            const sample_t *s = &k->sample[i];
            if (strcmp(s->kind, "open") || strcmp(s->cell, k->cells[c])) continue;
            known = 1;
            if (read_intervals(k, s->path, 0, k->open[c]) < 0) return -1;
        }
        if (!known) tfb_warn("%s: no accessibility of %s: its regions count as closed", k->o->samples, k->cells[c]);
    }
    for (int t = 0; t < k->n_tfs; t++)
        if (make_tf(k, t) < 0) return -1;
    return 0;
}

/* ---- writing ---- */

/* Begins the output, with an index if it is compressed and a file. NULL on failure (logged). */
static BGZF *open_labels(const char *out, int gz, tfb_out_t **whole, const char **index)
{
    if (!(*whole = tfb_out_begin(out))) return NULL;
    if (gz && tfb_out_name(*whole) && !(*index = tfb_out_index(*whole, ".tbi"))) return NULL;
    return tfb_out_bgzf(*whole, out, gz ? "w" : "wu");
}

static int write_labels(maker_t *k)
{
    const char *out = k->o->out;
    size_t n_out = strlen(out), stride = ((size_t)k->n + 3) / 4;
    int gz = n_out > 3 && strcmp(out + n_out - 3, ".gz") == 0, ret = -1, W = k->o->width;
    tfb_out_t *whole = NULL;
    const char *index = NULL;
    BGZF *fp = open_labels(out, gz, &whole, &index);
    uint8_t *code = malloc((size_t)W);
    int64_t with_n = 0, null = 0, written = 0, *bound = calloc((size_t)k->n_tfs, sizeof *bound), *unbound = calloc((size_t)k->n_tfs, sizeof *unbound);
    if (!fp || !code || !bound || !unbound) goto done;
    size_t names = 64;
    for (int t = 0; t < k->n_tfs; t++) names += strlen(k->tfs[t]) + 1;
    k->line.l = 0;
    if (ks_resize(&k->line, names) < 0) goto done; /* so that what appends to it cannot fail */
    kputs("#chrom\tstart\tend\tname", &k->line);
    for (int t = 0; t < k->n_tfs; t++) ksprintf(&k->line, "\t%s", k->tfs[t]);
    kputc('\n', &k->line);
    for (int64_t i = -1; i < k->n; i++) {
        if (i >= 0) {
            const region_t *r = &k->region[i];
            int resolved = 0, got;
            k->line.l = 0;
            if (ks_resize(&k->line, strlen(k->contigs[r->contig]) + strlen(r->name) + 2 * (size_t)k->n_tfs + 64) < 0) goto done;
            ksprintf(&k->line, "%s\t%" PRId64 "\t%" PRId64 "\t%s", k->contigs[r->contig], (int64_t)r->beg, (int64_t)r->beg + W, r->name);
            for (int t = 0; t < k->n_tfs; t++) {
                int l = k->label[(size_t)t * stride + (size_t)(i >> 2)] >> (2 * (i & 3)) & 3;
                resolved |= l != TFB_NULL;
                kputc('\t', &k->line);
                kputc(l == TFB_NULL ? '.' : l == TFB_BOUND ? '1' : '0', &k->line);
            }
            kputc('\n', &k->line);
            if (!resolved && !k->o->keep_null) {
                null++;
                continue;
            }
            if ((got = tfb_fasta_codes(k->fasta, k->contigs[r->contig], r->beg, r->beg + W, code)) < 0) goto done;
            if (!k->o->keep_n && tfb_count_n(code, (size_t)W)) {
                with_n++;
                continue;
            }
            written++;
            for (int t = 0; t < k->n_tfs; t++) {
                int l = k->label[(size_t)t * stride + (size_t)(i >> 2)] >> (2 * (i & 3)) & 3;
                bound[t] += l == TFB_BOUND;
                unbound[t] += l == TFB_UNBOUND;
            }
        }
        if (bgzf_write(fp, k->line.s, k->line.l) != (ssize_t)k->line.l) {
            tfb_error("cannot write %s: %s", out, errno ? strerror(errno) : "write error");
            goto done;
        }
    }
    ret = 0;
    tfb_note("%" PRId64 " regions labelled for %d TFs in %d cell types; left out: %" PRId64 " with an N, %" PRId64 " resolved for no TF", written, k->n_tfs,
             k->n_cells, with_n, null);
    for (int t = 0; t < k->n_tfs; t++) tfb_debug("%s: %" PRId64 " bound, %" PRId64 " unbound", k->tfs[t], bound[t], unbound[t]);
    if (k->n_elsewhere) tfb_note("%" PRId64 " intervals were on contigs without regions", k->n_elsewhere);
done:
    free(code);
    free(bound);
    free(unbound);
    if (fp && bgzf_close(fp) < 0 && ret == 0) {
        tfb_error("cannot write %s: %s", out, errno ? strerror(errno) : "write error");
        ret = -1;
    }
    if (ret == 0 && index && tbx_index_build3(tfb_out_name(whole), index, 0, 1, &tbx_conf_bed) < 0) {
        tfb_error("cannot index %s", out);
        ret = -1;
    }
    int saved = errno; /* it may still have to be told */
    ret = tfb_out_end(whole, ret == 0);
    if (ret < 0) errno = saved;
    return ret;
}

int tfb_peaks_label(const tfb_peaks_opt_t *o)
{
    maker_t k = {.o = o, .last_contig = -1, .index = kh_init(contig)};
    int ret = -1;
    if (!k.index || !(k.fasta = tfb_fasta_open(o->fasta)) || read_sheet(&k) < 0 || read_regions(&k) < 0 || make_labels(&k) < 0) goto done;
    ret = write_labels(&k);
done:
    for (int64_t i = 0; i < k.n; i++) free(k.region[i].name);
    for (int i = 0; i < k.n_samples; i++) {
        free(k.sample[i].cell);
        free(k.sample[i].tf);
        free(k.sample[i].kind);
        free(k.sample[i].path);
    }
    for (int c = 0; k.open && c < k.n_cells; c++) free(k.open[c]);
    free(k.open);
    free(k.region);
    free(k.first);
    free(k.sample);
    free(k.label);
    free(k.score);
    free(k.seen[0]);
    free(k.seen[1]);
    free(k.seen[2]);
    if (k.index) kh_destroy(contig, k.index);
    free(k.line.s);
    tfb_strv_free(k.contigs);
    tfb_strv_free(k.cells);
    tfb_strv_free(k.tfs);
    tfb_fasta_close(k.fasta);
    return ret;
}
