/* scan.c - scores along a genome. Stages over chunks of intervals: read a stretch | leave out
 * windows of N | score what is left, sharing what overlaps | write.
 *
 * Intervals are always those of the whole contig, even with regions, so that pieces scanned separately
 * join seamlessly. */
#include "annotate/scan.h"
#include "annotate/scan_regions.h"
#include "genome/base.h"
#include "genome/hub.h"
#include "genome/track.h"
#include "score/builds.h"
#include "score/runstats.h"
#include "score/session.h"
#include "util/progress.h"
#include "util/util.h"
#include "util/vec.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    WINDOWS = 16384, /* most per chunk */
    BASES = 1 << 20, /* likewise */
};

typedef struct {
    const tfb_scan_opt_t *o;
    tfb_session_t s;
    tfb_track_t **track; /* per TF */
    const char **tf;     /* their names */
    char **path;         /* their paths, for hub */
    tfb_hub_t hub;       /* path NULL: none */
    char about[500];
    tfb_scan_region_t *region;
    int n_regions;
    uint8_t *code;
    int32_t *n_before; /* per base of code: how many N come before it */
    size_t m_code;
    int64_t at[WINDOWS]; /* windows to score, in code */
    hts_pos_t beg[WINDOWS], end[WINDOWS];
    float *z;
    int64_t n_all, n_scored, n_bases, all_bases;
    tfb_runstats_t stats;
} args_t;

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
static int chunk(args_t *a, const char *contig, hts_pos_t len, const tfb_scan_region_t *g, hts_pos_t k, int n)
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

static int scan_region(args_t *a, const tfb_scan_region_t *g)
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
    if (!(a->z = tfb_alloc((size_t)WINDOWS * (size_t)a->s.T, sizeof(float), "scores")) ||
        tfb_scan_regions(&a->s, &o->where, &o->open, &a->region, &a->n_regions) < 0 || open_tracks(a) < 0)
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
