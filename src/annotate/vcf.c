/* vcf.c - annotates VCF/BCF. Stages over batches of records: read and check (vcf_read) | alleles to windows
 * (vcf_batch) | score | scores to tags (vcf_tags) | write (vcf_write), in input order.
 *
 * There are two batches. While the pool's threads score one, the calling thread writes the other, refills
 * it, and then helps with scoring. */
#include "annotate/vcf.h"
#include "annotate/vcf_batch.h"
#include "annotate/vcf_header.h"
#include "annotate/vcf_read.h"
#include "annotate/vcf_tags.h"
#include "annotate/vcf_write.h"
#include "score/builds.h"
#include "score/runstats.h"
#include "util/files.h"
#include "util/progress.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_open_t *open; /* or NULL */
    tfb_vcf_read_t read;
    tfb_vcf_header_t header;
    tfb_vcf_queue_t queue;
    tfb_vcf_tags_t tags;
    tfb_vcf_write_t write;
    tfb_runstats_t stats;
    int failed; /* reading or writing beside the scoring */
} args_t;

void tfb_vcf_defaults(tfb_vcf_opt_t *o)
{
    *o = (tfb_vcf_opt_t){.session = {.max_n = 20, .threads = 1},
                         .in = "-",
                         .out = "-",
                         .prefix = "TFB",
                         .effect = TFB_EFFECT_DEFAULTS,
                         .phase = 'r',
                         .check_ref = 'e',
                         .regions_overlap = -1,
                         .targets_overlap = -1,
                         .level = -1,
                         .tool = "tfbind"};
}

/* ---- set-up ---- */

/* Opens what the caller has not opened: threads, models, FASTA and input. Returns 0, or -1 (logged). */
static int open_inputs(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    a->panel = o->panel;
    a->fasta = o->reference;
    if (!(a->pool = tfb_pool_create(o->session.threads - tfb_io_threads(o->session.threads)))) return -1;
    if (!a->panel && !(a->panel = tfb_session_panel(&o->session, a->pool))) return -1;
    if (!a->fasta && !(a->fasta = tfb_fasta_open(o->session.fasta))) return -1;
    if (o->open.path && !(a->open = tfb_open_load(&o->open, a->fasta))) return -1;
    if (tfb_vcf_read_open(&a->read, o, a->fasta) < 0) return -1;
    tfb_builds_check(a->panel, a->fasta, tfb_vcf_read_name(&a->read), tfb_build_of_vcf(a->read.hdr));
    tfb_fasta_one_file(a->fasta);
    if (tfb_effect_check(&o->effect, a->panel) < 0) return -1;
    if (o->session.strand != TFB_STRAND_BOTH && tfb_panel_n_calibrated(a->panel) > 0)
        tfb_warn("percentiles and calls were calibrated on both strands; with --strand %s they are only a guide",
                 tfb_strand_name[o->session.strand]);
    return 0;
}

static int open_output(args_t *a)
{
    bcf_hdr_t *h = tfb_vcf_header_of_output(&a->header);
    int r = h ? tfb_vcf_write_open(&a->write, a->o, h, tfb_records_pool(a->read.in)) : -1;
    tfb_vcf_header_end(&a->header, h);
    return r;
}

/* Opens everything and makes the header. Returns 0, or -1 (logged). */
static int set_up(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    if (!isalpha((unsigned char)*o->prefix) && *o->prefix != '_') { /* required of a key by the VCF specification */
        tfb_error("--prefix begins with a letter or _, not '%s'", o->prefix);
        return -1;
    }
    if (tfb_vcf_read_check(o) < 0 || open_inputs(a) < 0) return -1;
    int W = tfb_panel_window(a->panel), T = tfb_panel_n_targets(a->panel);
    if (tfb_vcf_queue_open(&a->queue, o, &a->read, W, T) < 0) return -1;
    if (tfb_vcf_header_make(&a->header, o, a->panel, a->open, a->read.hdr, tfb_vcf_read_name(&a->read)) < 0) return -1;
    if (tfb_vcf_tags_init(&a->tags, &a->header, a->queue.phased) < 0) return -1;
    if (tfb_runstats_open(&a->stats, a->panel) < 0) return -1;
    if (a->stats.path) a->tags.stats = &a->stats;
    const char *no_phred = o->session.tf && strcmp(o->session.tf, "all") ? NULL : tfb_panel_no_phred(a->panel);
    if (no_phred) tfb_note("%s_PHRED is not written: %s", o->prefix, no_phred);
    return tfb_vcf_read_filter(&a->read) < 0 ? -1 : open_output(a);
}

/* ---- running ---- */

/* Writes the ready records of a batch that has been scored. Returns 0, or -1 (logged). */
static int write_batch(args_t *a)
{
    const tfb_vcf_batch_t *b = a->queue.b;
    for (int i = 0; i < b->n_ready; i++) {
        if (tfb_vcf_tags_write(&a->tags, b, &b->item[i]) < 0) return -1;
        if (tfb_vcf_write_record(&a->write, a->read.hdr, b->item[i].rec, tfb_vcf_read_name(&a->read)) < 0) return -1;
    }
    return 0;
}

/* Runs on the calling thread while the other batch is scored. */
static void beside(void *arg)
{
    args_t *a = arg;
    a->failed = write_batch(a) < 0 || tfb_vcf_queue_turn(&a->queue) < 0 || tfb_vcf_queue_fill(&a->queue) < 0;
}

static int annotate_batches(args_t *a)
{
    tfb_vcf_queue_t *q = &a->queue;
    tfb_progress_begin("records", a->o->out);
    if (tfb_vcf_queue_fill(q) < 0) return -1;
    while (q->b->n_ready > 0) {
        tfb_windows_t *w = &q->b->win;
        q->b = tfb_vcf_queue_other(q);
        a->failed = 1;
        tfb_pool_beside(a->pool, beside, a);
        int r = tfb_panel_windows(a->panel, w->code, w->base, w->n, a->o->session.strand, w->z);
        tfb_pool_end_beside(a->pool); /* if there was nothing to score */
        if (r < 0 || a->failed) return -1;
    }
    q->b = tfb_vcf_queue_other(q);
    return write_batch(a);
}

/* ---- the end ---- */

/* Returns whether the FASTA and the input's header have a contig in common. */
static int has_common_contig(const args_t *a)
{
    const bcf_hdr_t *hdr = a->read.hdr;
    for (int i = 0; i < hdr->n[BCF_DT_CTG]; i++)
        if (hdr->id[BCF_DT_CTG][i].key && tfb_fasta_find(a->fasta, hdr->id[BCF_DT_CTG][i].key) >= 0) return 1;
    return 0;
}

/* Reports an error if the FASTA has none of the contigs, because it is then another genome. Regions and
 * targets may legitimately select only contigs that it does not have, as in a workflow that loops over all
 * contigs. Returns 0, or -1 (logged). */
static int check_contigs(const args_t *a)
{
    const int64_t *n = a->queue.reasons.n;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->queue.n_scored) return 0;
    int partly = n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[TFB_ALLELE_MISMATCH] || a->read.n_dropped;
    if (a->o->regions || a->o->targets) partly = partly || has_common_contig(a);
    return tfb_reasons_no_contig(&a->queue.reasons, "scored", a->fasta, partly);
}

static void print_summary(args_t *a)
{
    const tfb_vcf_queue_t *q = &a->queue;
    kstring_t s = {0, 0, NULL};
    int64_t unscored = tfb_reasons_list(&q->reasons, ": ", &s);
    tfb_note("%" PRId64 " records, %" PRId64 " annotated, %" PRId64 " without ALT; %" PRId64 " ALT alleles scored, "
             "%" PRId64 " not%s",
             a->read.n_records, q->n_scored, q->n_no_alt, q->reasons.n[TFB_ALLELE_OK], unscored, s.s ? s.s : "");
    if (a->o->effect.min_percentile > 0)
        tfb_note("%" PRId64 " of the annotated records have no tags: their changes are below percentile %g",
                 a->tags.n_below, a->o->effect.min_percentile);
    if (q->phased) tfb_note("%s", tfb_phased_summary(q->phased));
    if (a->read.n_dropped)
        tfb_note("%" PRId64 " records dropped because REF differs from the FASTA", a->read.n_dropped);
    free(s.s);
}

/* Writes the file of --stats. Returns 0, or -1 (logged). */
static int write_stats(args_t *a)
{
    const tfb_vcf_queue_t *q = &a->queue;
    if (a->stats.path) tfb_records_tally(a->read.in, &a->stats.tally);
    tfb_runstats_add(&a->stats, "records", a->read.n_records);
    tfb_runstats_add(&a->stats, "annotated", q->n_scored);
    tfb_runstats_add(&a->stats, "without_alt", q->n_no_alt);
    tfb_runstats_add(&a->stats, "dropped", a->read.n_dropped);
    tfb_runstats_add(&a->stats, "below_min_percentile", a->tags.n_below);
    tfb_runstats_add(&a->stats, "alleles_scored", q->reasons.n[TFB_ALLELE_OK]);
    tfb_runstats_reasons(&a->stats, &q->reasons);
    return tfb_runstats_write(&a->stats, "annotate", tfb_vcf_read_name(&a->read), &a->o->session);
}

int tfb_vcf_annotate(const tfb_vcf_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    int ret = tfb_runstats_begin(&a->stats, o->session.stats, o->out);
    if (ret == 0) ret = set_up(a) < 0 ? -1 : annotate_batches(a);
    tfb_progress_end();
    ret = tfb_vcf_write_close(&a->write, ret == 0);
    if (ret == 0) {
        print_summary(a);
        int wrote = write_stats(a);
        ret = check_contigs(a); /* the output is complete all the same */
        if (wrote < 0) ret = -1;
    }
    tfb_vcf_tags_free(&a->tags);
    tfb_runstats_free(&a->stats);
    tfb_vcf_queue_close(&a->queue);
    tfb_vcf_header_free(&a->header);
    tfb_vcf_read_close(&a->read);
    if (!o->panel) tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    tfb_open_destroy(a->open);
    if (!o->reference) tfb_fasta_close(a->fasta);
    free(a);
    return ret;
}
