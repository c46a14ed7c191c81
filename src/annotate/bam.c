/* bam.c - annotates SAM, BAM and CRAM. Stages over batches of records, in input order:
 * read (bam_read.c) | alignments to windows (bam_batch.c) | score | tags (bam_tags.c) | write. */
#include "annotate/bam.h"
#include "annotate/bam_tags.h"
#include "genome/fasta.h"
#include "genome/output.h"
#include "score/builds.h"
#include "score/runstats.h"
#include "util/files.h"
#include "util/progress.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const tfb_bam_opt_t *o;
    htsFile *file;
    htsFormat fmt;
    tfb_out_t *whole; /* the output appears when it is complete, with its index */
    const char *index;
} output_t;

typedef struct {
    const tfb_bam_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_bam_in_t in;
    tfb_bam_batch_t batch;
    tfb_bam_tags_t tags;
    output_t out;
    int64_t n_windows; /* windows scored */
    tfb_runstats_t stats;
} args_t;

/* ---- the output ---- */

static const char *mode_of(const htsFormat *f)
{
    if (f->format == bam) return "wb";
    if (f->format == cram) return "wc";
    return f->compression == bgzf ? "wz" : "w";
}

/* Parses --output-fmt and sets mode to htslib's mode for the output. Returns 0, or -1 (logged). */
static int output_mode(output_t *out, char mode[16])
{
    const tfb_bam_opt_t *o = out->o;
    strcpy(mode, "w");
    if (!o->format) {
        if (sam_open_mode(mode + 1, o->out, NULL) < 0) strcpy(mode, "wb"); /* like samtools: by the name, else BAM */
        return 0;
    }
    int bad = hts_parse_format(&out->fmt, o->format) < 0;
    enum htsExactFormat f = out->fmt.format;
    if (bad || (f != sam && f != bam && f != cram)) {
        tfb_error("--output-fmt is sam, bam or cram, with or without options (bam,level=1), not '%s'", o->format);
        return -1;
    }
    for (const hts_opt *p = out->fmt.specific; p; p = p->next)
        if (p->opt == CRAM_OPT_REFERENCE) tfb_fasta_reads(p->val.s);
    strcpy(mode, mode_of(&out->fmt));
    return 0;
}

/* Opens the file with the options that the user gave for it. Returns 0, or -1 (logged). */
static int open_file(output_t *out)
{
    const tfb_bam_opt_t *o = out->o;
    char mode[16];
    if (output_mode(out, mode) < 0) return -1;
    if (!(out->whole = tfb_out_begin(o->out)) || !(out->file = tfb_out_hts(out->whole, o->out, mode))) return -1;
    if (o->format) out->file->format.format = out->fmt.format;
    if (out->fmt.specific && hts_opt_apply(out->file, out->fmt.specific) < 0) {
        tfb_error("%s: an option of --output-fmt cannot be applied", o->out);
        return -1;
    }
    if (o->out_options && hts_opt_apply(out->file, o->out_options) < 0) {
        tfb_error("%s: an --output-fmt-option cannot be applied", o->out);
        return -1;
    }
    return 0;
}

/* Adds the index to the output if the user asked for one. Returns 0, or -1 (logged). */
static int add_index(output_t *out, enum htsExactFormat f)
{
    const tfb_bam_opt_t *o = out->o;
    const char *suffix = o->write_index == 2 ? ".bai" : ".csi";
    if (f == cram) suffix = ".crai";
    if (!o->write_index) return 0;
    return (out->index = tfb_out_index(out->whole, suffix)) ? 0 : -1;
}

/* Opens the output and writes in's header. Returns 0, or -1 (logged). */
static int open_output(output_t *out, tfb_bam_in_t *in)
{
    const tfb_bam_opt_t *o = out->o;
    const char *reference = NULL;
    if (open_file(out) < 0) return -1;
    enum htsExactFormat f = out->file->format.format;
    int text = f == sam || f == text_format;
    if (o->write_index && (!tfb_out_name(out->whole) || text || (f == cram && o->write_index == 2))) {
        tfb_error(f == cram ? "--write-index=bai is for BAM" : "--write-index needs an output file in BAM or CRAM");
        return -1;
    }
    if (f == cram && !(reference = tfb_bam_reference(o))) return -1;
    if (add_index(out, f) < 0) return -1;
    if (f == cram && hts_set_opt(out->file, CRAM_OPT_REFERENCE, reference) < 0) {
        tfb_error("cannot write %s: the reference %s cannot be used", o->out, reference);
        return -1;
    }
    if (in->io.pool) hts_set_opt(out->file, HTS_OPT_THREAD_POOL, &in->io);
    errno = 0;
    return sam_hdr_write(out->file, in->hdr) < 0 ? tfb_file_write_error(o->out) : 0;
}

/* After closing: with htslib 1.16 an index made while threads write is unreliable. htslib counts only threads beside
 * the caller. */
static int build_index(const output_t *out)
{
    const tfb_bam_opt_t *o = out->o;
    const char *why = ": is it sorted?";
    int shift = o->write_index == 2 ? 0 : 14, others = o->session.threads - 1;
    int r = sam_index_build3(tfb_out_name(out->whole), out->index, shift, others);
    if (r >= 0) return 0;
    if (r == -2) why = ": cannot read it back";
    if (r == -4) why = ": cannot write the index";
    tfb_error("cannot index %s%s", o->out, why);
    return -1;
}

/* Closes the output, indexes it and puts it in place, or removes it if ret is -1. Returns ret,
 * or -1 (logged). */
static int close_output(output_t *out, int ret)
{
    if (ret == 0) errno = 0;
    if (out->file && hts_close(out->file) < 0 && ret == 0) ret = tfb_file_write_error(out->o->out);
    if (ret == 0 && out->index) ret = build_index(out);
    if (tfb_out_end(out->whole, ret == 0) < 0) ret = -1;
    hts_opt_free(out->fmt.specific);
    return ret;
}

/* ---- batches ---- */

/* Scores the batch and writes its records. Returns 0, or -1 (logged). */
static int flush(args_t *a)
{
    tfb_bam_batch_t *b = &a->batch;
    if (tfb_windows_score(&b->windows, a->panel, a->o->session.strand) < 0) return -1;
    for (int i = 0; i < b->n_items; i++) {
        for (int k = 0; a->stats.path && k < b->item[i].n; k++)
            tfb_runstats_window(&a->stats, tfb_bam_logits(b, b->pair[b->item[i].first + k].own));
        if (tfb_bam_tags_write(&a->tags, b, &b->item[i]) < 0) return -1;
        errno = 0;
        if (sam_write1(a->out.file, a->in.hdr, b->item[i].b) < 0) return tfb_file_write_error(a->o->out);
    }
    a->n_windows += b->windows.n;
    tfb_bam_batch_clear(b);
    return 0;
}

static int annotate(args_t *a)
{
    int r, full;
    tfb_progress_begin("records", a->o->out);
    while ((r = tfb_bam_next(&a->in, tfb_bam_batch_next(&a->batch))) > 0) {
        if (tfb_progress_due()) tfb_progress(a->in.n, tfb_bam_fraction(&a->in), NULL, 0);
        if ((full = tfb_bam_batch_add(&a->batch)) < 0) return -1;
        if (full && flush(a) < 0) return -1;
    }
    return r < 0 ? -1 : flush(a);
}

/* ---- the run ---- */

static void summary(const args_t *a)
{
    const tfb_bam_batch_t *b = &a->batch;
    kstring_t s = {0, 0, NULL};
    tfb_reasons_list(&b->reasons, ": ", &s);
    tfb_note("%" PRId64 " records, %" PRId64 " annotated, %" PRId64 " not%s", a->in.n, b->n_scored,
             a->in.n - b->n_scored, s.l ? s.s : "");
    tfb_debug("%" PRId64 " windows, of which %" PRId64 " were scored: the others had the same sequence as one of them",
              b->n_made, a->n_windows);
    free(s.s);
}

/* Writes the file of --stats. Returns 0, or -1 (logged). */
static int write_stats(args_t *a)
{
    tfb_runstats_add(&a->stats, "records", a->in.n);
    tfb_runstats_add(&a->stats, "annotated", a->batch.n_scored);
    tfb_runstats_reasons(&a->stats, &a->batch.reasons);
    return tfb_runstats_write(&a->stats, "annotate", a->in.name, &a->o->session);
}

/* Reports whether nothing was scored because contigs are missing. Returns 0, or -1 if the FASTA has none
 * of the input's. */
static int check_contigs(const args_t *a)
{
    const int64_t *n = a->batch.reasons.n;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->batch.n_scored) return 0;
    int partly = n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[TFB_BAM_NO_BASES] || n[TFB_BAM_OTHER_LENGTH] ||
                 n[TFB_BAM_TOO_LONG];
    return tfb_reasons_no_contig(&a->batch.reasons, "scored", a->fasta, partly);
}

/* Opens all but the output. Returns 0, or -1. */
static int start(args_t *a)
{
    const tfb_bam_opt_t *o = a->o;
    if (!(a->pool = tfb_pool_create(o->session.threads - tfb_io_threads(o->session.threads)))) return -1;
    if (!(a->panel = tfb_session_panel(&o->session, a->pool))) return -1;
    if (!(a->fasta = tfb_fasta_open(o->session.fasta))) return -1;
    if (tfb_bam_open(&a->in, o) < 0) return -1;
    tfb_builds_check(a->panel, a->fasta, o->in, tfb_build_of_bam(a->in.hdr));
    tfb_fasta_one_file(a->fasta);
    if (tfb_bam_tags_init(&a->tags, &a->in, o, a->panel) < 0) return -1;
    if (tfb_runstats_open(&a->stats, a->panel) < 0) return -1;
    int W = tfb_panel_window(a->panel), T = tfb_panel_n_targets(a->panel);
    return tfb_bam_batch_init(&a->batch, &a->in, o, a->fasta, W, T);
}

int tfb_bam_annotate(const tfb_bam_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = a->out.o = o;
    int ret = tfb_runstats_begin(&a->stats, o->session.stats, o->out);
    if (ret == 0) ret = start(a);
    if (ret == 0) ret = tfb_bam_tags_header(&a->tags, &a->in);
    if (ret == 0) ret = open_output(&a->out, &a->in);
    if (ret == 0) ret = annotate(a);
    tfb_progress_end();
    ret = close_output(&a->out, ret);
    if (ret == 0) {
        summary(a);
        int wrote = write_stats(a);
        ret = check_contigs(a); /* the output is complete all the same */
        if (wrote < 0) ret = -1;
    }
    tfb_runstats_free(&a->stats);
    tfb_bam_close(&a->in);
    tfb_bam_tags_free(&a->tags);
    tfb_bam_batch_free(&a->batch);
    tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    tfb_fasta_close(a->fasta);
    free(a);
    return ret;
}
