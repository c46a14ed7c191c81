/* scan.c - scores along a genome. Stages over chunks of intervals: read a stretch | leave out
 * windows of N | score what is left, sharing what overlaps | write.
 *
 * Intervals are always those of the whole contig, even with regions, so that pieces scanned separately
 * join seamlessly. */
#include "annotate/scan.h"
#include "genome/base.h"
#include "genome/hub.h"
#include "genome/lines.h"
#include "genome/track.h"
#include "score/builds.h"
#include "score/runstats.h"
#include "score/session.h"
#include "util/progress.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/vec.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    WINDOWS = 16384, /* most per chunk */
    BASES = 1 << 20, /* likewise */
};

typedef struct {
    int tid;
    hts_pos_t beg, end;
} region_t;

typedef struct {
    const tfb_scan_opt_t *o;
    tfb_session_t s;
    tfb_track_t **track; /* per TF */
    const char **tf;     /* their names */
    char **path;         /* their paths, for hub */
    tfb_hub_t hub;       /* path NULL: none */
    char about[500];
    region_t *region;
    int n_regions, m_regions;
    uint8_t *code;
    int32_t *n_before; /* per base of code: how many N come before it */
    size_t m_code;
    int64_t at[WINDOWS]; /* windows to score, in code */
    hts_pos_t beg[WINDOWS], end[WINDOWS];
    float *z;
    int64_t n_all, n_scored, n_bases, all_bases;
    tfb_runstats_t stats;
} args_t;

/* ---- regions ---- */

static int add_region(args_t *a, int tid, hts_pos_t beg, hts_pos_t end)
{
    hts_pos_t len = tfb_fasta_len(a->s.fasta, tfb_fasta_contig(a->s.fasta, tid));
    if (TFB_RESERVE(a->region, a->m_regions, a->n_regions + 1, "regions") < 0) return -1;
    a->region[a->n_regions++] = (region_t){.tid = tid, .beg = beg < 0 ? 0 : beg, .end = end < len ? end : len};
    return 0;
}

static int parse_regions(args_t *a, const char *s)
{
    int tid;
    hts_pos_t beg, end;
    if (!*s) { /* an unset variable of a script */
        tfb_error("-r is empty");
        return -1;
    }
    while (*s) {
        const char *next = tfb_fasta_region(a->s.fasta, s, &tid, &beg, &end);
        if (!next) {
            tfb_error("no region %.*s in %s", (int)strcspn(s, ","), s, a->o->session.fasta);
            return -1;
        }
        if (add_region(a, tid, beg, end) < 0) return -1;
        s = next;
    }
    return 0;
}

/* Parses a line of contig, position and end, both from 1; without an end, one base. Returns 0, or -1
 * (logged). */
static int region_fields(const tfb_lines_t *in, tfb_bed_t *b)
{
    const char *s = in->s.s, *e;
    b->n_contig = strcspn(s, "\t ");
    s += b->n_contig;
    s += strspn(s, "\t ");
    s = b->n_contig ? tfb_position(s, &b->beg) : NULL;
    if (!s || (*s && *s != '\t' && *s != ' ') || b->beg < 1) goto bad;
    s += strspn(s, "\t ");
    if (!(e = tfb_position(s, &b->end)) || (*e && *e != '\t' && *e != ' ')) b->end = b->beg;
    if (b->end < b->beg) goto bad;
    b->beg--;
    return 0;
bad:
    return tfb_lines_error(in, "not a region: expected contig, position and end, from 1");
}

/* Reads regions as bcftools does: BED counts from 0; other files have contig, position and end, both from
 * 1, and one base has no end. */
static int read_regions(args_t *a, const char *path)
{
    size_t n = strlen(path);
    int bed = (n > 4 && strcasecmp(path + n - 4, ".bed") == 0) || (n > 7 && strcasecmp(path + n - 7, ".bed.gz") == 0),
        ret = -1, r, tid;
    kstring_t contig = {0, 0, NULL};
    tfb_lines_t in = {0};
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((r = tfb_lines_next(&in)) > 0) {
        tfb_bed_t b;
        if (tfb_bed_is_header(&in)) continue;
        if ((bed ? tfb_bed_fields(&in, &b) : region_fields(&in, &b)) < 0) goto done;
        contig.l = 0;
        if (kputsn(in.s.s, b.n_contig, &contig) < 0) {
            tfb_lines_error(&in, "not enough memory");
            goto done;
        }
        if ((tid = tfb_session_contig(&a->s, contig.s, path)) < 0) {
            tfb_lines_error(&in, "%s has no contig %s", a->o->session.fasta, contig.s);
            goto done;
        }
        if (add_region(a, tid, b.beg, b.end) < 0) goto done;
    }
    ret = r;
done:
    free(contig.s);
    tfb_lines_close(&in);
    return ret;
}

static int by_place(const void *x, const void *y)
{
    const region_t *a = x, *b = y;
    if (a->tid != b->tid) return a->tid < b->tid ? -1 : 1;
    return a->beg < b->beg ? -1 : a->beg > b->beg;
}

/* Writes the intersection of two lists of regions, both sorted and merged, to a->region. Returns 0, or -1 (logged). */
static int intersect(args_t *a, const region_t *x, int n_x, const region_t *y, int n_y)
{
    a->n_regions = 0;
    for (int i = 0, k = 0; i < n_x && k < n_y;) {
        hts_pos_t beg = x[i].beg > y[k].beg ? x[i].beg : y[k].beg, end = x[i].end < y[k].end ? x[i].end : y[k].end;
        if (x[i].tid == y[k].tid && beg < end && add_region(a, x[i].tid, beg, end) < 0) return -1;
        int x_ends = x[i].tid != y[k].tid ? x[i].tid < y[k].tid : x[i].end <= y[k].end;
        if (x_ends)
            i++;
        else
            k++;
    }
    return 0;
}

/* Keeps what is open of the regions. Returns 0, or -1 (logged). */
static int keep_open(args_t *a)
{
    tfb_open_t *open = tfb_open_load(&a->o->open, a->s.fasta);
    const tfb_regions_t *r = open ? tfb_open_regions(open) : NULL;
    region_t *x = a->region, *y = NULL;
    int n = a->n_regions, m = 0, ret = -1;
    if (r && r->n <= INT32_MAX) {
        a->region = NULL;
        a->m_regions = 0;
        ret = TFB_RESERVE(y, m, r->n, "regions");
        for (int64_t i = 0; i < r->n && ret == 0; i++) {
            int tid = tfb_fasta_find(a->s.fasta, r->contigs[r->contig[i]]);
            y[i] = (region_t){.tid = tid, .beg = r->beg[i], .end = r->end[i]};
        }
        if (ret == 0) tfb_sort(y, (size_t)r->n, sizeof *y, by_place);
        if (ret == 0) ret = intersect(a, x, n, y, (int)r->n);
        free(x);
    }
    if (ret == 0 && !a->n_regions)
        tfb_warn("%s has no interval in the regions: there is nothing to scan", a->o->open.path);
    free(y);
    tfb_open_destroy(open);
    return ret;
}

static int make_regions(args_t *a)
{
    const tfb_scan_opt_t *o = a->o;
    int m = 0;
    if (o->regions && parse_regions(a, o->regions) < 0) return -1;
    if (o->regions_file && read_regions(a, o->regions_file) < 0) return -1;
    if (!o->regions && !o->regions_file)
        for (int i = 0; i < tfb_fasta_n_contigs(a->s.fasta); i++)
            if (add_region(a, i, 0, HTS_POS_MAX) < 0) return -1;
    tfb_sort(a->region, (size_t)a->n_regions, sizeof *a->region, by_place);
    for (int i = 0; i < a->n_regions; i++) {
        region_t r = a->region[i], *last = m ? &a->region[m - 1] : NULL;
        if (r.beg >= r.end) continue;
        if (last && last->tid == r.tid && r.beg <= last->end)
            last->end = r.end > last->end ? r.end : last->end;
        else
            a->region[m++] = r;
    }
    a->n_regions = m;
    return o->open.path ? keep_open(a) : 0;
}

/* ---- outputs ---- */

/* Completes what --hub and --igv need, with the paths of the tracks. Returns 0, or -1 (logged). */
static int prepare_hub(args_t *a, const tfb_tracks_opt_t *o)
{
    const tfb_build_t *b = tfb_build_of_fasta(a->s.fasta);
    int bigwig = 0;
    if (!a->o->hub && !a->o->igv) return 0;
    if (!(a->path = tfb_tracks_paths(o, &bigwig))) return -1;
    snprintf(a->about, sizeof a->about, "Predicted TF binding, by tfbind scan with %.400s",
             tfb_panel_source(a->s.panel, -1));
    a->hub = (tfb_hub_t){.hub = a->o->hub, .igv = a->o->igv, .genome = a->o->genome, .about = a->about};
    if (!a->hub.genome && b) a->hub.genome = b->ucsc;
    if (!a->hub.genome && !a->hub.hub) a->hub.genome = tfb_fasta_path(a->s.fasta);
    a->hub.path = a->path;
    a->hub.tf = o->tf;
    a->hub.n = o->n_tfs;
    a->hub.from_0_to_1 = !a->o->logit;
    if (!bigwig) {
        tfb_error("--hub and --igv show bigWigs: give -O bigwig, or -o a name that ends in .bw");
        return -1;
    }
    if (a->hub.genome) return tfb_hub_check(&a->hub);
    tfb_error("--hub needs UCSC's name of the genome, which the contig lengths of %s do not tell: give --genome NAME",
              a->o->session.fasta);
    return -1;
}

static int open_tracks(args_t *a)
{
    if (!(a->tf = malloc((size_t)a->s.T * sizeof *a->tf))) return -1;
    for (int t = 0; t < a->s.T; t++) a->tf[t] = tfb_panel_target(a->s.panel, t);
    tfb_tracks_opt_t o = {.out = a->o->out, .option = "-o", .format = a->o->format, .n_tfs = a->s.T, .decimals = 5};
    o.tf = a->tf;
    if (prepare_hub(a, &o) < 0) return -1;
    a->track = tfb_tracks_open(&o, a->s.fasta);
    return a->track ? 0 : -1;
}

/* ---- scanning ---- */

/* Returns where the window of the interval [b, e) begins. */
static hts_pos_t window_of(const args_t *a, hts_pos_t b, hts_pos_t e) { return b + (e - b) / 2 - a->s.W / 2; }

/* Scores intervals [k, k + n) of a contig. */
static int chunk(args_t *a, const char *contig, hts_pos_t len, const region_t *g, hts_pos_t k, int n)
{
    hts_pos_t step = a->o->step, last = (k + n) * step < len ? (k + n) * step : len;
    hts_pos_t from = window_of(a, k * step, k * step + step < len ? k * step + step : len),
              to = window_of(a, (k + n - 1) * step, last) + a->s.W;
    int m = 0;
    if (from < 0) from = 0;
    if (to > len) to = len;
    a->n_all += n;
    if (to - from < a->s.W) return 0;
    size_t size = (size_t)(to - from);
    if (size > a->m_code) {
        int ok = 1;
        a->code = tfb_resize(a->code, size, 1, &ok);
        a->n_before = tfb_resize(a->n_before, size + 1, sizeof *a->n_before, &ok);
        if (!ok) {
            tfb_error("not enough memory for %zu bases", size);
            return -1;
        }
        a->m_code = size;
    }
    if (tfb_fasta_codes(a->s.fasta, contig, from, to, a->code) < 0) return -1;
    a->n_before[0] = 0;
    for (size_t i = 0; i < size; i++) a->n_before[i + 1] = a->n_before[i] + (a->code[i] == TFB_N);
    for (int i = 0; i < n; i++) {
        hts_pos_t b = (k + i) * step, e = b + step < len ? b + step : len, lo = window_of(a, b, e);
        if (lo < from || lo + a->s.W > to ||
            a->n_before[lo - from + a->s.W] - a->n_before[lo - from] > a->o->session.max_n)
            continue;
        a->at[m] = lo - from;
        a->beg[m] = b > g->beg ? b : g->beg;
        a->end[m++] = e < g->end ? e : g->end;
    }
    if (tfb_panel_stretch(a->s.panel, a->code, a->at, m, a->o->session.strand, a->z) < 0) return -1;
    for (int i = 0; i < m; i++) tfb_runstats_window(&a->stats, a->z + (size_t)i * (size_t)a->s.T);
    for (int i = 0; i < m; i++)
        for (int t = 0; t < a->s.T; t++) {
            float z = a->z[(size_t)i * (size_t)a->s.T + (size_t)t];
            if (tfb_track_add(a->track[t], contig, a->beg[i], a->end[i], a->o->logit ? z : tfb_sigmoid(z)) < 0)
                return -1;
        }
    a->n_scored += m;
    return 0;
}

static int scan_region(args_t *a, const region_t *g)
{
    const char *contig = tfb_fasta_contig(a->s.fasta, g->tid);
    hts_pos_t len = tfb_fasta_len(a->s.fasta, contig), step = a->o->step, most = BASES / step;
    if (most < 1) most = 1;
    if (most > WINDOWS) most = WINDOWS;
    hts_pos_t end = (g->end + step - 1) / step;
    for (hts_pos_t k = g->beg / step; k < end; k += most) {
        hts_pos_t at = k * step > g->beg ? k * step : g->beg;
        int64_t done = a->n_bases + at - g->beg;
        if (tfb_progress_due()) tfb_progress(done, (double)done / (double)a->all_bases, contig, at);
        if (chunk(a, contig, len, g, k, (int)(end - k < most ? end - k : most)) < 0) return -1;
    }
    a->n_bases += g->end - g->beg;
    return 0;
}

static int is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Writes the file of --stats. Returns 0, or -1 (logged). */
static int write_stats(args_t *a)
{
    tfb_runstats_add(&a->stats, "bases", a->n_bases);
    tfb_runstats_add(&a->stats, "windows", a->n_all);
    tfb_runstats_add(&a->stats, "windows_scored", a->n_scored);
    return tfb_runstats_write(&a->stats, "scan", a->o->session.fasta, &a->o->session);
}

int tfb_scan(const tfb_scan_opt_t *o)
{
    int ret = -1;
    double began = tfb_now();
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    int one = !strstr(o->out, "{tf}") && !is_folder(o->out);
    if (tfb_runstats_begin(&a->stats, o->session.stats, one ? o->out : NULL) < 0 ||
        tfb_session_open(&a->s, &o->session) < 0 || tfb_runstats_open(&a->stats, a->s.panel) < 0)
        goto done;
    tfb_builds_check(a->s.panel, a->s.fasta, NULL, NULL);
    if (!(a->z = tfb_alloc((size_t)WINDOWS * (size_t)a->s.T, sizeof(float), "scores")) || make_regions(a) < 0 ||
        open_tracks(a) < 0)
        goto done;
    ret = 0;
    tfb_progress_begin("bases", o->out);
    for (int i = 0; i < a->n_regions; i++) a->all_bases += a->region[i].end - a->region[i].beg;
    for (int i = 0; i < a->n_regions && ret == 0; i++) ret = scan_region(a, &a->region[i]);
done:
    tfb_progress_end();
    if (ret == 0 && a->hub.path) ret = tfb_hub_write(&a->hub);
    ret = tfb_tracks_close(a->track, a->s.T, ret == 0);
    ret = tfb_hub_end(&a->hub, ret == 0);
    double s = tfb_now() - began;
    if (ret == 0)
        tfb_note("%" PRId64 " bases in %.1f s (%.3f Mb/s), %" PRId64 " windows scored, %" PRId64
                 " with too many N or too near a contig end",
                 a->n_bases, s, (double)a->n_bases / 1e6 / s, a->n_scored, a->n_all - a->n_scored);
    if (ret == 0) ret = write_stats(a);
    tfb_runstats_free(&a->stats);
    tfb_session_close(&a->s);
    tfb_strv_free(a->path);
    free(a->tf);
    free(a->region);
    free(a->code);
    free(a->n_before);
    free(a->z);
    free(a);
    return ret;
}
