/* peaks.c - makes a labels file. Stages: regions into memory, sorted | per cell type: open
 * regions | per TF: peaks and sites, file by file, onto the regions they overlap | write. Files
 * are read line by line and not kept: the regions of an interval are found by bisection, so
 * files need not be sorted. */
#include "genome/peaks.h"
#include "genome/base.h"
#include "genome/labels.h"
#include "genome/lines.h"
#include "genome/output.h"
#include "util/files.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/vec.h"
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

enum { OPEN, PEAKS, TFBS, KINDS };

typedef struct {
    char *cell, *tf, *path;
    int kind, c, t, line; /* c, t: indexes of its cell type and TF; -1: none */
} sample_t;

typedef struct {
    const tfb_peaks_opt_t *o;
    tfb_fasta_t *fasta;
    char **contigs;             /* contigs of the regions, in order of first appearance */
    int n_contigs, last_contig; /* last_contig: the one found last */
    khash_t(contig) * index;    /* name -> number; an assembly may have many thousands of contigs */
    region_t *region;
    int64_t n;
    int m;
    int64_t *first;   /* (n_contigs + 1): first region of each contig */
    sample_t *sample; /* by TF, then in the order of the sheet; samples without a TF first */
    int n_samples, m_samples;
    int *of_tf; /* (n_tfs + 2): the samples of TF t are [of_tf[t], of_tf[t + 1]); those without a TF come first */
    char **cells, **tfs; /* sorted, unique */
    int n_cells, n_tfs;
    uint8_t **open;   /* per cell type: one bit per region */
    uint8_t *label;   /* (n_tfs, n / 4): 2 bits per region */
    uint8_t *score;   /* (n): scores of the current TF */
    uint8_t *seen[3]; /* one bit per region: summit or site in one cell type; site in every cell type */
    kstring_t line, contig;
    int64_t n_elsewhere;
    int n_peaks, n_narrow; /* peak files; those read as narrowPeak */
} maker_t;

/* ---- reading BED, line by line ---- */

/* Reads the next interval and its contig. Returns 1, 0 at the end, or -1 (logged). */
static int next_bed(tfb_lines_t *r, tfb_bed_t *b, kstring_t *contig)
{
    int got;
    do
        if ((got = tfb_lines_next(r)) <= 0) return got;
    while (tfb_bed_is_header(r));
    if (tfb_bed_fields(r, b) < 0) return -1;
    contig->l = 0;
    return kputsn(r->s.s, b->n_contig, contig) < 0 ? tfb_lines_error(r, "not enough memory") : 1;
}

/* Returns the fourth column of the current line and sets *n to its length without trailing
 * blanks (0: none). */
static const char *name_column(const tfb_lines_t *r, size_t *n)
{
    const char *s = r->s.s;
    for (int i = 0; i < 3 && s; i++)
        if ((s = strchr(s, '\t'))) s++;
    *n = s ? strcspn(s, "\t") : 0;
    while (*n && s[*n - 1] == ' ') --*n;
    return s;
}

/* ---- regions ---- */

static int contig_of(maker_t *k, const char *name)
{
    if (k->last_contig >= 0 && k->last_contig < k->n_contigs && strcmp(k->contigs[k->last_contig], name) == 0)
        return k->last_contig;
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

/* Adds the region in the current line, recentred. Returns 0, or -1 (logged). */
static int add_region(maker_t *k, const tfb_lines_t *r, int contig, hts_pos_t lo)
{
    char number[32];
    size_t n;
    const char *name = name_column(r, &n);
    if (TFB_RESERVE(k->region, k->m, k->n + 1, "regions") < 0) return -1;
    snprintf(number, sizeof number, "%" PRId64, r->n - 1);
    k->region[k->n] =
        (region_t){.contig = contig, .beg = lo, .line = r->n, .name = n ? strndup(name, n) : strdup(number)};
    return k->region[k->n++].name ? 0 : tfb_lines_error(r, "not enough memory");
}

/* Reads the regions in the order of the file. Returns 0, or -1 (logged). */
static int load_regions(maker_t *k, tfb_lines_t *r)
{
    int got, last = -1;
    tfb_bed_t b;
    hts_pos_t len = 0;
    int64_t beyond = 0;
    while ((got = next_bed(r, &b, &k->contig)) > 0) {
        const char *contig = k->contig.s;
        if (last < 0 || strcmp(k->contigs[last], contig)) {
            if ((last = contig_of(k, contig)) < 0 && (last = add_contig(k, contig)) < 0)
                return tfb_lines_error(r, "not enough memory");
            if ((len = tfb_fasta_len(k->fasta, contig)) < 0)
                return tfb_lines_error(r, "%s is not in %s", contig, k->o->fasta);
        }
        hts_pos_t lo = tfb_bed_window(b.beg, b.end, -1, k->o->width);
        if (lo >= 0 && lo + k->o->width <= len) {
            if (add_region(k, r, last, lo) < 0) return -1;
        } else if (beyond++ == 0)
            tfb_warn("%s:%" PRId64 ": recentred to %d bases the region reaches beyond %s and is left out", r->name,
                     r->n, k->o->width, contig);
    }
    if (beyond > 1) tfb_warn("%s: %" PRId64 " regions in all reach beyond their contig", k->o->regions, beyond);
    return got;
}

static int read_regions(maker_t *k)
{
    tfb_lines_t r = {0};
    int64_t twice = 0;
    if (tfb_lines_open(&r, k->o->regions) < 0) return -1;
    int got = load_regions(k, &r);
    tfb_lines_close(&r);
    if (got < 0) return -1;
    if (!k->n) {
        tfb_error("%s holds no regions", k->o->regions);
        return -1;
    }
    tfb_sort(k->region, (size_t)k->n, sizeof *k->region, by_place);
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
}

/* ---- the sheet ---- */

static const char *const sheet_column[4] = {"cell", "tf", "kind", "path"};
static const char *const kind_name[KINDS] = {"open", "peaks", "tfbs"};

/* Finds the sheet's columns by its header line. Returns 0, or -1 (logged). */
static int sheet_header(const tfb_lines_t *in, char **col, int n, int at[4])
{
    int bad = 0;
    for (int w = 0; w < 4; w++) {
        for (int i = 0; i < n; i++)
            if (strcasecmp(col[i] + (i == 0 && *col[i] == '#'), sheet_column[w]) == 0) at[w] = i;
        bad |= at[w] < 0;
    }
    return bad ? tfb_lines_error(in, "expected a header line with the columns cell, tf, kind and path, tab-separated")
               : 0;
}

/* Returns a copy of path, which is relative to the sheet, or NULL on lack of memory. */
static char *from_sheet(const char *sheet, const char *path)
{
    const char *slash = strrchr(sheet, '/');
    size_t folder = slash && *path != '/' ? (size_t)(slash - sheet) + 1 : 0;
    char *full = malloc(folder + strlen(path) + 1);
    if (full) {
        memcpy(full, sheet, folder);
        strcpy(full + folder, path);
    }
    return full;
}

/* Adds a line of the sheet. Returns 0, or -1 (logged). */
static int add_sample(maker_t *k, const tfb_lines_t *in, char **col, int n, const int at[4])
{
    for (int w = 0; w < 4; w++)
        if (at[w] >= n || !*col[at[w]])
            return tfb_lines_error(in, "cell, tf, kind and path must all be given (. if there is none)");
    const char *cell = col[at[0]], *tf = col[at[1]], *name = col[at[2]];
    int kind = 0;
    while (kind < KINDS && strcmp(name, kind_name[kind])) kind++;
    if (kind == KINDS) return tfb_lines_error(in, "kind is open, peaks or tfbs, not '%.40s'", name);
    if (kind == OPEN && strcmp(tf, "."))
        return tfb_lines_error(in, "open regions belong to a cell type, not to a TF: tf must be .");
    if (kind != TFBS && strcmp(cell, ".") == 0)
        return tfb_lines_error(in, "only binding sites (tfbs) may have . as cell type");
    if (kind != OPEN && (strcmp(tf, ".") == 0 || strchr(tf, ',')))
        return tfb_lines_error(in, "a TF's name must not have commas");
    if (TFB_RESERVE(k->sample, k->m_samples, k->n_samples + 1, "samples") < 0) return -1;
    sample_t *s = &k->sample[k->n_samples++];
    *s = (sample_t){.cell = strdup(cell),
                    .tf = strdup(tf),
                    .path = from_sheet(k->o->samples, col[at[3]]),
                    .kind = kind,
                    .c = -1,
                    .t = -1};
    return s->cell && s->tf && s->path ? 0 : tfb_lines_error(in, "not enough memory");
}

static int read_lines(maker_t *k, tfb_lines_t *in)
{
    int at[4] = {-1, -1, -1, -1}, got;
    while ((got = tfb_lines_next(in)) > 0) {
        int n;
        while (in->s.l && strchr(" \t\r", in->s.s[in->s.l - 1])) in->s.s[--in->s.l] = 0;
        if (!in->s.l || (at[0] >= 0 && *in->s.s == '#')) continue;
        char **col = tfb_split(in->s.s, '\t', &n);
        if (!col) return tfb_lines_error(in, "not enough memory");
        int r = at[0] < 0 ? sheet_header(in, col, n, at) : add_sample(k, in, col, n, at);
        tfb_strv_free(col);
        if (r < 0) return -1;
    }
    return got;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int index_of(char **names, int n, const char *name)
{
    char **p = n == 0 ? NULL : bsearch(&name, names, (size_t)n, sizeof *names, by_name);
    return p ? (int)(p - names) : -1;
}

/* Returns copies of the sorted, unique names in v (*n), NULL-terminated, and sets *n to their
 * number. Sorts v. Returns NULL on lack of memory. */
static char **unique(char **v, int *n)
{
    char **names = calloc((size_t)*n + 1, sizeof *names);
    int k = 0;
    if (!names) return NULL;
    tfb_sort(v, (size_t)*n, sizeof *v, by_name);
    for (int i = 0; i < *n; i++) {
        if (k && strcmp(names[k - 1], v[i]) == 0) continue;
        if (!(names[k++] = strdup(v[i]))) {
            tfb_strv_free(names);
            return NULL;
        }
    }
    *n = k;
    return names;
}

static int by_tf(const void *a, const void *b)
{
    const sample_t *x = a, *y = b;
    if (x->t != y->t) return x->t < y->t ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

/* Sets the cell type and TF indexes of the samples and groups them by TF. Returns 0, or -1 on
 * lack of memory. */
static int sort_samples(maker_t *k)
{
    char **v = malloc(((size_t)k->n_samples + 1) * sizeof *v);
    if (!v) return -1;
    for (int i = 0; i < k->n_samples; i++)
        if (strcmp(k->sample[i].cell, ".")) v[k->n_cells++] = k->sample[i].cell;
    k->cells = unique(v, &k->n_cells);
    for (int i = 0; i < k->n_samples; i++)
        if (k->sample[i].kind != OPEN) v[k->n_tfs++] = k->sample[i].tf;
    k->tfs = k->cells ? unique(v, &k->n_tfs) : NULL;
    free(v);
    if (!k->cells || !k->tfs || !(k->of_tf = calloc((size_t)k->n_tfs + 2, sizeof *k->of_tf))) return -1;
    for (int i = 0; i < k->n_samples; i++) {
        sample_t *s = &k->sample[i];
        s->line = i;
        s->c = index_of(k->cells, k->n_cells, s->cell);
        if (s->kind != OPEN) s->t = index_of(k->tfs, k->n_tfs, s->tf);
    }
    tfb_sort(k->sample, (size_t)k->n_samples, sizeof *k->sample, by_tf);
    for (int i = 0; i < k->n_samples; i++) k->of_tf[k->sample[i].t + 1] = i + 1;
    return 0;
}

static int read_sheet(maker_t *k)
{
    tfb_lines_t in = {0};
    if (tfb_lines_open(&in, k->o->samples) < 0) return -1;
    int r = read_lines(k, &in);
    tfb_lines_close(&in);
    if (r < 0) return -1;
    if (sort_samples(k) < 0)
        tfb_error("not enough memory for the samples of %s", k->o->samples);
    else if (!k->n_tfs)
        tfb_error("%s names no TF", k->o->samples);
    else
        return 0;
    return -1;
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
    hts_pos_t after = beg - k->o->width; /* regions that begin after this point end after beg */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (k->region[mid].beg <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < k->first[c + 1] && k->region[lo].beg < end; lo++) bits[lo >> 3] |= (uint8_t)(1 << (lo & 7));
}

/* Reduces the interval to its summit (narrowPeak) or its middle. Returns 0, or -1 (logged). */
static int to_summit(tfb_lines_t *r, tfb_bed_t *b)
{
    if (tfb_bed_summit(r, b, 0) < 0) return -1;
    if (r->narrow == TFB_NARROW_BAD) return tfb_bed_summit_error(r, b);
    b->beg = tfb_bed_window(b->beg, b->end, b->summit, 0);
    b->end = b->beg + 1;
    return 0;
}

/* Reads a file and sets the bits of the regions it overlaps: by summit for peaks, otherwise by
 * whole interval. Returns 0, or -1 (logged). */
static int read_intervals(maker_t *k, const sample_t *s, uint8_t *bits)
{
    tfb_lines_t r = {0};
    tfb_bed_t b;
    int got;
    int64_t n = 0, off = k->n_elsewhere;
    if (tfb_lines_open(&r, s->path) < 0) return -1;
    while ((got = next_bed(&r, &b, &k->contig)) > 0) {
        n++;
        if (s->kind == PEAKS && to_summit(&r, &b) < 0) {
            got = -1;
            break;
        }
        if (b.end > b.beg) mark(k, k->contig.s, b.beg, b.end, bits);
    }
    if (s->kind == PEAKS) {
        k->n_peaks++;
        k->n_narrow += r.narrow == TFB_NARROW_YES;
    }
    tfb_lines_close(&r);
    if (got < 0) return -1;
    if (!n)
        tfb_warn("%s holds no intervals (%s of %s)", s->path, kind_name[s->kind], s->kind == OPEN ? s->cell : s->tf);
    else if (k->n_elsewhere - off == n)
        tfb_warn(
            "%s: none of its %" PRId64
            " intervals is on a contig of the regions (does it name contigs in another style, such as chr1 for 1?)",
            s->path, n);
    return 0;
}

/* Reads the files of one kind for TF t in cell type c (-1: files for every cell type) into bits.
 * Returns the number of files, or -1 (logged). */
static int read_kind(maker_t *k, int t, int kind, int c, uint8_t *bits)
{
    int n = 0;
    for (int i = k->of_tf[t]; i < k->of_tf[t + 1]; i++) {
        const sample_t *s = &k->sample[i];
        if (s->kind != kind || s->c != c) continue;
        if (read_intervals(k, s, bits) < 0) return -1;
        n++;
    }
    return n;
}

/* Raises the scores according to the peaks and sites found in cell type c. */
static void score_cell(maker_t *k, int c)
{
    for (int64_t i = 0; i < k->n; i++) {
        int b = 1 << (i & 7);
        if (!(k->open[c][i >> 3] & b)) continue;
        int peak = !!(k->seen[0][i >> 3] & b), site = !!(k->seen[1][i >> 3] & b), v = 1 + peak + 2 * site;
        if (v > k->score[i]) k->score[i] = (uint8_t)v;
    }
}

/* Scores one TF over all cell types and sets its labels. Returns 0, or -1 (logged). */
static int make_tf(maker_t *k, int t)
{
    size_t bytes = ((size_t)k->n + 7) / 8;
    memset(k->score, 0, (size_t)k->n);
    memset(k->seen[2], 0, bytes);
    if (read_kind(k, t, TFBS, -1, k->seen[2]) < 0) return -1;
    for (int c = 0; c < k->n_cells; c++) {
        memset(k->seen[0], 0, bytes);
        memcpy(k->seen[1], k->seen[2], bytes);
        int assayed = read_kind(k, t, PEAKS, c, k->seen[0]);
        if (assayed < 0 || (assayed && read_kind(k, t, TFBS, c, k->seen[1]) < 0)) return -1;
        if (assayed) score_cell(k, c);
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
    if (!(k->open = calloc((size_t)k->n_cells, sizeof *k->open)) ||
        !(k->score = tfb_alloc((size_t)k->n, 1, "scores")) || !(k->seen[0] = tfb_alloc(bytes, 1, "peaks")) ||
        !(k->seen[1] = tfb_alloc(bytes, 1, "sites")) || !(k->seen[2] = tfb_alloc(bytes, 1, "sites")) ||
        !(k->label = tfb_alloc((size_t)k->n_tfs, ((size_t)k->n + 3) / 4, "labels")))
        return -1;
    for (int c = 0; c < k->n_cells; c++) {
        int known = 0;
        if (!(k->open[c] = tfb_alloc(bytes, 1, "accessibility"))) return -1;
        for (int i = 0; i < k->of_tf[0]; i++) { /* the samples without a TF */
            if (k->sample[i].c != c) continue;
            known = 1;
            if (read_intervals(k, &k->sample[i], k->open[c]) < 0) return -1;
        }
        if (!known) tfb_warn("%s: no accessibility of %s: its regions count as closed", k->o->samples, k->cells[c]);
    }
    for (int t = 0; t < k->n_tfs; t++)
        if (make_tf(k, t) < 0) return -1;
    return 0;
}

/* ---- writing ---- */

/* Begins the output, with an index if it is a compressed file. Returns NULL on failure (logged). */
static BGZF *open_labels(const char *out, int gz, tfb_out_t **whole, const char **index)
{
    if (!(*whole = tfb_out_begin(out))) return NULL;
    if (gz && tfb_out_name(*whole) && !(*index = tfb_out_index(*whole, ".tbi"))) return NULL;
    return tfb_out_bgzf(*whole, out, gz ? "w" : "wu");
}

/* The labels file being written. */
typedef struct {
    const char *path;
    tfb_out_t *whole;
    const char *index;
    BGZF *fp;
    uint8_t *code;            /* (width): codes of the current region */
    int64_t *bound, *unbound; /* per TF */
    int64_t with_n, null, written;
} writer_t;

static int write_error(const writer_t *w)
{
    tfb_error("cannot write %s: %s", w->path, errno ? strerror(errno) : "write error");
    return -1;
}

static int write_line(const maker_t *k, const writer_t *w)
{
    return bgzf_write(w->fp, k->line.s, k->line.l) == (ssize_t)k->line.l ? 0 : write_error(w);
}

/* Opens the output. Returns 0, or -1 (logged, except lack of memory). */
static int open_writer(const maker_t *k, writer_t *w)
{
    const char *out = k->o->out;
    w->path = out;
    w->fp = open_labels(out, tfb_ends_with(out, ".gz"), &w->whole, &w->index);
    w->code = malloc((size_t)k->o->width);
    w->bound = calloc((size_t)k->n_tfs, sizeof *w->bound);
    w->unbound = calloc((size_t)k->n_tfs, sizeof *w->unbound);
    return w->fp && w->code && w->bound && w->unbound ? 0 : -1;
}

static int write_names(maker_t *k, const writer_t *w)
{
    size_t names = 64;
    for (int t = 0; t < k->n_tfs; t++) names += strlen(k->tfs[t]) + 1;
    k->line.l = 0;
    if (ks_resize(&k->line, names) < 0) return -1; /* so that appending cannot fail */
    kputs("#chrom\tstart\tend\tname", &k->line);
    for (int t = 0; t < k->n_tfs; t++) ksprintf(&k->line, "\t%s", k->tfs[t]);
    kputc('\n', &k->line);
    return write_line(k, w);
}

static int label_at(const maker_t *k, int64_t i, int t)
{
    size_t stride = ((size_t)k->n + 3) / 4;
    return k->label[(size_t)t * stride + (size_t)(i >> 2)] >> (2 * (i & 3)) & 3;
}

/* Makes the line of region i in k->line. Returns whether the region is resolved for a TF, or -1
 * on lack of memory. */
static int make_line(maker_t *k, int64_t i)
{
    static const char letter[] = {[TFB_UNBOUND] = '0', [TFB_BOUND] = '1', [TFB_NULL] = '.'};
    const region_t *r = &k->region[i];
    const char *contig = k->contigs[r->contig];
    int resolved = 0;
    k->line.l = 0;
    if (ks_resize(&k->line, strlen(contig) + strlen(r->name) + 2 * (size_t)k->n_tfs + 64) < 0) return -1;
    ksprintf(&k->line, "%s\t%" PRId64 "\t%" PRId64 "\t%s", contig, (int64_t)r->beg, (int64_t)r->beg + k->o->width,
             r->name);
    for (int t = 0; t < k->n_tfs; t++) {
        int l = label_at(k, i, t);
        resolved |= l != TFB_NULL;
        kputc('\t', &k->line);
        kputc(letter[l], &k->line);
    }
    kputc('\n', &k->line);
    return resolved;
}

/* Writes region i, unless the options exclude it. Returns 0, or -1. */
static int write_region(maker_t *k, writer_t *w, int64_t i)
{
    const region_t *r = &k->region[i];
    int W = k->o->width, resolved = make_line(k, i);
    if (resolved < 0) return -1;
    if (!resolved && !k->o->keep_null) {
        w->null++;
        return 0;
    }
    if (tfb_fasta_codes(k->fasta, k->contigs[r->contig], r->beg, r->beg + W, w->code) < 0) return -1;
    if (!k->o->keep_n && tfb_count_n(w->code, (size_t)W)) {
        w->with_n++;
        return 0;
    }
    w->written++;
    for (int t = 0; t < k->n_tfs; t++) {
        int l = label_at(k, i, t);
        w->bound[t] += l == TFB_BOUND;
        w->unbound[t] += l == TFB_UNBOUND;
    }
    return write_line(k, w);
}

static void report(const maker_t *k, const writer_t *w)
{
    tfb_note("%" PRId64 " regions labelled for %d TFs in %d cell types; left out: %" PRId64 " with an N, %" PRId64
             " resolved for no TF",
             w->written, k->n_tfs, k->n_cells, w->with_n, w->null);
    for (int t = 0; t < k->n_tfs; t++)
        tfb_debug("%s: %" PRId64 " bound, %" PRId64 " unbound", k->tfs[t], w->bound[t], w->unbound[t]);
    if (k->n_narrow)
        tfb_note("%d of %d files of peaks are narrowPeak, with summits in column 10", k->n_narrow, k->n_peaks);
    if (k->n_elsewhere) tfb_note("%" PRId64 " intervals were on contigs without regions", k->n_elsewhere);
}

/* Closes the output, indexes it and puts it in place, or removes it if ret is -1. Returns 0, or -1. */
static int close_writer(writer_t *w, int ret)
{
    free(w->code);
    free(w->bound);
    free(w->unbound);
    if (w->fp && bgzf_close(w->fp) < 0 && ret == 0) ret = write_error(w);
    if (ret == 0 && w->index && tbx_index_build3(tfb_out_name(w->whole), w->index, 0, 0, &tbx_conf_bed) < 0) {
        tfb_error("cannot index %s", w->path);
        ret = -1;
    }
    int saved = errno; /* the caller may still report it */
    ret = tfb_out_end(w->whole, ret == 0);
    if (ret < 0) errno = saved;
    return ret;
}

static int write_labels(maker_t *k)
{
    writer_t w = {0};
    int ret = open_writer(k, &w);
    if (ret == 0) ret = write_names(k, &w);
    for (int64_t i = 0; i < k->n && ret == 0; i++) ret = write_region(k, &w, i);
    if (ret == 0) report(k, &w);
    return close_writer(&w, ret);
}

int tfb_peaks_label(const tfb_peaks_opt_t *o)
{
    maker_t k = {.o = o, .last_contig = -1, .index = kh_init(contig)};
    int ret = -1;
    if (!k.index || !(k.fasta = tfb_fasta_open(o->fasta)) || read_sheet(&k) < 0 || read_regions(&k) < 0 ||
        make_labels(&k) < 0)
        goto done;
    ret = write_labels(&k);
done:
    for (int64_t i = 0; i < k.n; i++) free(k.region[i].name);
    for (int i = 0; i < k.n_samples; i++) {
        free(k.sample[i].cell);
        free(k.sample[i].tf);
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
    free(k.contig.s);
    free(k.of_tf);
    tfb_strv_free(k.contigs);
    tfb_strv_free(k.cells);
    tfb_strv_free(k.tfs);
    tfb_fasta_close(k.fasta);
    return ret;
}
