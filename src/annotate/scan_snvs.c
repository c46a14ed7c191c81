/* scan_snvs.c - all SNVs of regions. Stages over batches of positions: read the reference | score | make records with
 * tags | write. While the pool's threads score one batch, the calling thread writes the other and refills it. */
#include "annotate/scan_snvs.h"
#include "annotate/scan_snvs_out.h"
#include "annotate/vcf_batch.h"
#include "annotate/vcf_header.h"
#include "annotate/vcf_tags.h"
#include "genome/base.h"
#include "score/builds.h"
#include "score/runstats.h"
#include "util/files.h"
#include "util/progress.h"
#include "util/util.h"
#include "util/vec.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ALLELES = 1 + TFB_SNVS };

/* A position to score, and where its window begins in the batch's bases. */
typedef struct {
    int tid;
    hts_pos_t pos;
} place_t;

typedef struct {
    uint8_t *code; /* stretches of the reference, one after the other */
    int n_code, m_code, n;
    int64_t *at; /* (most) windows in code */
    place_t *place;
    tfb_vcf_batch_t of_tags; /* what tfb_vcf_tags_write reads: logits and ALTs */
} batch_t;

typedef struct {
    const tfb_scan_snvs_opt_t *o;
    tfb_session_t s;
    tfb_open_t *open; /* or NULL */
    bcf_hdr_t *hdr;
    tfb_vcf_header_t header;
    tfb_vcf_tags_t tags;
    tfb_scan_snvs_out_t out;
    tfb_scan_region_t *region;
    int n_regions, at_region;
    hts_pos_t at_pos; /* next position of that region */
    int most;         /* positions of a batch */
    batch_t store[2], *b;
    bcf1_t *rec;
    int64_t all_bases; /* of the regions */
    tfb_runstats_t stats;
    int failed;
} args_t;

/* ---- set-up ---- */

/* Makes a header with the contigs of the FASTA. Returns NULL if memory runs out (logged). */
static bcf_hdr_t *make_header(const tfb_fasta_t *fasta)
{
    bcf_hdr_t *h = bcf_hdr_init("w");
    int ok = h != NULL;
    for (int i = 0; ok && i < tfb_fasta_n_contigs(fasta); i++) {
        const char *name = tfb_fasta_contig(fasta, i);
        ok = bcf_hdr_printf(h, "##contig=<ID=%s,length=%" PRId64 ">", name, (int64_t)tfb_fasta_len(fasta, name)) == 0;
    }
    if (ok && bcf_hdr_sync(h) == 0) return h;
    tfb_error("not enough memory for the header");
    if (h) bcf_hdr_destroy(h);
    return NULL;
}

static int make_batches(args_t *a)
{
    enum { EACH = 1024, LEAST = 4, MOST = 16 }; /* positions for each thread; threads */
    int threads = a->o->vcf.session.threads, T = a->s.T;
    if (threads < LEAST) threads = LEAST;
    if (threads > MOST) threads = MOST;
    a->most = EACH * threads;
    for (int k = 0; k < 2; k++) {
        batch_t *b = &a->store[k];
        size_t n = (size_t)a->most;
        b->at = tfb_alloc(n, sizeof *b->at, "positions");
        b->place = tfb_alloc(n, sizeof *b->place, "positions");
        b->of_tags.alt = tfb_alloc(n, TFB_SNVS * sizeof *b->of_tags.alt, "positions");
        b->of_tags.win = (tfb_windows_t){.T = T, .z = tfb_alloc(n * ALLELES, (size_t)T * sizeof(float), "scores")};
        if (!b->at || !b->place || !b->of_tags.alt || !b->of_tags.win.z) return -1;
    }
    a->b = a->store;
    return 0;
}

static int set_up(args_t *a)
{
    const tfb_vcf_opt_t *o = &a->o->vcf;
    if (!isalpha((unsigned char)*o->prefix) && *o->prefix != '_') {
        tfb_error("--prefix begins with a letter or _, not '%s'", o->prefix);
        return -1;
    }
    tfb_session_opt_t session = o->session;
    session.threads -= tfb_io_threads(session.threads);
    if (tfb_session_open(&a->s, &session) < 0 || tfb_effect_check(&o->effect, a->s.panel) < 0) return -1;
    tfb_builds_check(a->s.panel, a->s.fasta, NULL, NULL);
    if (o->session.strand != TFB_STRAND_BOTH && tfb_panel_n_calibrated(a->s.panel) > 0)
        tfb_warn("percentiles and calls were calibrated on both strands; with --strand %s they are only a guide",
                 tfb_strand_name[o->session.strand]);
    if (tfb_scan_regions(&a->s, &a->o->where, NULL, &a->region, &a->n_regions) < 0) return -1;
    if (a->n_regions) a->at_pos = a->region->beg;
    if (o->open.path && !(a->open = tfb_open_load(&o->open, a->s.fasta))) return -1;
    if (!(a->hdr = make_header(a->s.fasta)) || !(a->rec = bcf_init()) || make_batches(a) < 0) return -1;
    if (tfb_vcf_header_make(&a->header, o, a->s.panel, a->open, a->hdr, o->out) < 0) return -1;
    if (tfb_vcf_tags_init(&a->tags, &a->header, NULL) < 0 || tfb_runstats_open(&a->stats, a->s.panel) < 0) return -1;
    if (a->stats.path) a->tags.stats = &a->stats;
    return tfb_scan_snvs_open(&a->out, o, &a->header);
}

/* ---- positions ---- */

/* Adds position pos of a contig, whose window begins at `at` in the batch. */
static void add_position(args_t *a, int tid, hts_pos_t pos, int64_t at)
{
    batch_t *b = a->b;
    int middle = tfb_allele_left(1, a->s.W), ref = b->code[at + middle], why = TFB_ALLELE_OK;
    if (ref == TFB_N)
        why = TFB_ALLELE_NOT_ACGT;
    else if (tfb_count_n(b->code + at, (size_t)a->s.W) > (size_t)a->o->vcf.session.max_n)
        why = TFB_ALLELE_MANY_N;
    tfb_reasons_count(&a->s.reasons, why, NULL);
    if (why != TFB_ALLELE_OK) return;
    b->at[b->n] = at;
    b->place[b->n++] = (place_t){tid, pos};
}

/* Adds positions [beg, end) of a contig. Returns 0, or -1 (logged). */
static int add_stretch(args_t *a, int tid, hts_pos_t beg, hts_pos_t end)
{
    batch_t *b = a->b;
    const char *contig = tfb_fasta_contig(a->s.fasta, tid);
    hts_pos_t len = tfb_fasta_len(a->s.fasta, contig), W = a->s.W, left = tfb_allele_left(1, a->s.W);
    hts_pos_t lo = beg < left ? left : beg, hi = end < len - W + left + 1 ? end : len - W + left + 1;
    a->s.reasons.n[TFB_ALLELE_EDGE] += hi > lo ? (lo - beg) + (end - hi) : end - beg;
    if (hi <= lo) return 0;
    int n = (int)(hi - lo + W - 1);
    if (TFB_RESERVE(b->code, b->m_code, b->n_code + n, "bases") < 0) return -1;
    if (tfb_fasta_codes(a->s.fasta, contig, lo - left, lo - left + n, b->code + b->n_code) < 0) return -1;
    for (hts_pos_t p = lo; p < hi; p++) add_position(a, tid, p, b->n_code + (p - lo));
    b->n_code += n;
    return 0;
}

/* Fills the batch with the next positions. Returns 0, or -1 (logged). */
static int fill(args_t *a)
{
    batch_t *b = a->b;
    int limit = 4 * a->most; /* bases of short regions and of N */
    b->n = b->n_code = 0;
    while (a->at_region < a->n_regions && b->n < a->most && b->n_code < limit) {
        const tfb_scan_region_t *g = &a->region[a->at_region];
        hts_pos_t end = a->at_pos + (a->most - b->n);
        if (end > g->end) end = g->end;
        if (add_stretch(a, g->tid, a->at_pos, end) < 0) return -1;
        a->at_pos = end;
        if (end == g->end && ++a->at_region < a->n_regions) a->at_pos = a->region[a->at_region].beg;
    }
    return 0;
}

/* ---- records ---- */

/* Makes the record of an SNV, packed as in BCF: an ID that is missing, two alleles, no FILTER. Returns 0, or -1
 * (logged). */
static int make_record(args_t *a, const place_t *p, char ref, char alt)
{
    bcf1_t *rec = a->rec;
    bcf_clear(rec);
    rec->rid = bcf_hdr_name2id(a->hdr, tfb_fasta_contig(a->s.fasta, p->tid));
    rec->pos = p->pos;
    rec->rlen = 1;
    rec->n_allele = 2;
    if (bcf_enc_size(&rec->shared, 0, BCF_BT_CHAR) >= 0 && bcf_enc_vchar(&rec->shared, 1, &ref) >= 0 &&
        bcf_enc_vchar(&rec->shared, 1, &alt) >= 0 && bcf_enc_vint(&rec->shared, 0, NULL, -1) >= 0 &&
        bcf_unpack(rec, BCF_UN_STR) >= 0)
        return 0;
    tfb_error("not enough memory for a record");
    return -1;
}

/* Writes the SNVs of position i of a batch that has been scored. Returns 0, or -1 (logged). */
static int write_position(args_t *a, int i)
{
    batch_t *b = a->b;
    int ref = b->code[b->at[i] + tfb_allele_left(1, a->s.W)];
    for (int c = 0, k = 0; c < 4; c++) {
        if (c == ref) continue;
        tfb_vcf_item_t it = {.rec = a->rec, .keep = 1, .first = 0};
        if (make_record(a, &b->place[i], tfb_base_char[ref], tfb_base_char[c]) < 0) return -1;
        b->of_tags.alt[0] = (tfb_alt_t){.ref = i * ALLELES, .alt = i * ALLELES + ++k};
        b->of_tags.alt[0].change = (tfb_change_t){
            .pos = b->place[i].pos, .ref = a->rec->d.allele[0], .alt = a->rec->d.allele[1], .n_ref = 1, .n_alt = 1};
        if (tfb_vcf_tags_write(&a->tags, &b->of_tags, &it) < 0) return -1;
        if (tfb_scan_snvs_write(&a->out, a->rec) < 0) return -1;
    }
    return 0;
}

static int write_batch(args_t *a)
{
    for (int i = 0; i < a->b->n; i++)
        if (write_position(a, i) < 0) return -1;
    return 0;
}

/* Runs on the calling thread while the other batch is scored. */
static void beside(void *arg)
{
    args_t *a = arg;
    a->failed = write_batch(a) < 0 || fill(a) < 0;
}

/* Shows how far the run is, if it is time. */
static void show_progress(const args_t *a)
{
    int64_t done = 0;
    if (!tfb_progress_due() || a->at_region == a->n_regions) return;
    const tfb_scan_region_t *g = &a->region[a->at_region];
    for (int i = 0; i < a->at_region; i++) done += a->region[i].end - a->region[i].beg;
    done += a->at_pos - g->beg;
    tfb_progress(done, (double)done / (double)a->all_bases, tfb_fasta_contig(a->s.fasta, g->tid), a->at_pos);
}

static int run(args_t *a)
{
    for (int i = 0; i < a->n_regions; i++) a->all_bases += a->region[i].end - a->region[i].beg;
    tfb_progress_begin("bases", a->o->vcf.out);
    if (fill(a) < 0) return -1;
    for (;;) {
        batch_t *b = a->b;
        int more = b->n || a->at_region < a->n_regions;
        a->b = &a->store[b == a->store];
        if (!more) return write_batch(a);
        show_progress(a);
        a->failed = 1;
        tfb_pool_beside(a->s.pool, beside, a);
        int r = tfb_panel_snvs(a->s.panel, b->code, b->at, b->n, a->o->vcf.session.strand, b->of_tags.win.z);
        tfb_pool_end_beside(a->s.pool); /* if there was nothing to score */
        if (r < 0 || a->failed) return -1;
    }
}

/* ---- the end ---- */

static void print_summary(args_t *a, double seconds)
{
    kstring_t s = {0, 0, NULL};
    int64_t n = a->s.reasons.n[TFB_ALLELE_OK], skipped = tfb_reasons_list(&a->s.reasons, ": ", &s);
    tfb_note("%" PRId64 " bases, %" PRId64 " SNVs in %.1f s (%.0f a second); %" PRId64 " bases not scored%s",
             n + skipped, TFB_SNVS * n, seconds, (double)(TFB_SNVS * n) / (seconds > 0 ? seconds : 1), skipped,
             s.s ? s.s : "");
    if (a->o->vcf.effect.min_percentile > 0)
        tfb_note("%" PRId64 " of the SNVs have no tags: their changes are below percentile %g", a->tags.n_below,
                 a->o->vcf.effect.min_percentile);
    free(s.s);
}

/* Writes the file of --stats. Returns 0, or -1 (logged). */
static int write_stats(args_t *a)
{
    const tfb_vcf_opt_t *o = &a->o->vcf;
    tfb_runstats_add(&a->stats, "bases", a->all_bases);
    tfb_runstats_add(&a->stats, "snvs", TFB_SNVS * a->s.reasons.n[TFB_ALLELE_OK]);
    tfb_runstats_add(&a->stats, "below_min_percentile", a->tags.n_below);
    tfb_runstats_reasons(&a->stats, &a->s.reasons);
    return tfb_runstats_write(&a->stats, "scan --snvs", o->session.fasta, &o->session);
}

static void close_all(args_t *a)
{
    for (int k = 0; k < 2; k++) {
        batch_t *b = &a->store[k];
        free(b->code);
        free(b->at);
        free(b->place);
        free(b->of_tags.alt);
        free(b->of_tags.win.z);
    }
    tfb_vcf_tags_free(&a->tags);
    tfb_vcf_header_free(&a->header);
    if (a->rec) bcf_destroy(a->rec);
    if (a->hdr) bcf_hdr_destroy(a->hdr);
    tfb_open_destroy(a->open);
    free(a->region);
    tfb_session_close(&a->s);
    free(a);
}

int tfb_scan_snvs(const tfb_scan_snvs_opt_t *o)
{
    double began = tfb_now();
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    int ret = tfb_runstats_begin(&a->stats, o->vcf.session.stats, o->vcf.out);
    if (ret == 0) ret = set_up(a) < 0 ? -1 : run(a);
    tfb_progress_end();
    ret = tfb_scan_snvs_close(&a->out, ret == 0);
    if (ret == 0) {
        print_summary(a, tfb_now() - began);
        ret = write_stats(a);
    }
    tfb_runstats_free(&a->stats);
    close_all(a);
    return ret;
}
