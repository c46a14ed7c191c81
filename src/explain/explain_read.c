/* explain_read.c - reads variants, regions and sequences, one at a time, into the current windows. */
#include "explain/explain_parts.h"
#include "genome/base.h"
#include "genome/lines.h"
#include "genome/records.h"
#include "score/builds.h"
#include "util/progress.h"
#include <errno.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REFS = 10000 };

static void leave_out(explainer_t *a, int reason)
{
    a->n_all++;
    tfb_reasons_count(&a->s.reasons, reason, a->contig.s);
}

/* Explains the current window, unless there is a reason not to. Returns 0, or -1. */
static int explain_sequence(explainer_t *a, int reason)
{
    if (!reason && tfb_count_n(a->win[0].code, (size_t)a->s.W) > (size_t)a->o->session.max_n)
        reason = TFB_ALLELE_MANY_N;
    tfb_windows_clear(&a->store);
    tfb_windows_keep(&a->store, -1);
    if (!reason) return tfb_explain_record(a, 1, NULL);
    leave_out(a, reason);
    return 0;
}

int tfb_explain_bed(explainer_t *a)
{
    tfb_lines_t in = {0};
    int got, ret = -1;
    if (tfb_lines_open(&in, a->o->in) < 0) return -1;
    while ((got = tfb_lines_next(&in)) > 0) {
        window_t *w = &a->win[0];
        tfb_bed_t b;
        if (tfb_progress_due()) tfb_progress(a->n_all, tfb_lines_fraction(&in), NULL, 0);
        if (tfb_bed_is_header(&in)) continue;
        if (tfb_bed_fields(&in, &b) < 0 || tfb_bed_summit(&in, &b, 1) < 0) goto done;
        a->contig.l = a->name.l = 0;
        if (kputsn(in.s.s, b.n_contig, &a->contig) < 0 ||
            ksprintf(&a->name, "%s:%" PRId64 "-%" PRId64, a->contig.s, (int64_t)b.beg + 1, (int64_t)b.end) < 0) {
            tfb_explain_no_memory();
            goto done;
        }
        w->beg = tfb_bed_window(b.beg, b.end, b.summit, a->s.W);
        int r = tfb_allele_bases(a->s.fasta, a->contig.s, w->beg, w->beg + a->s.W, w->code);
        if (r < 0 || explain_sequence(a, r) < 0) goto done;
    }
    ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

int tfb_explain_fasta(explainer_t *a)
{
    tfb_lines_t in = {0};
    window_t *w = &a->win[0];
    int got, ret = -1;
    if (tfb_lines_open(&in, a->o->in) < 0) return -1;
    while ((got = tfb_sequences_next(&in, &a->name, &a->seq, " to be a window")) > 0) {
        a->contig.l = 0;
        if (kputs(a->name.s, &a->contig) < 0) {
            tfb_explain_no_memory();
            goto done;
        }
        if (tfb_progress_due()) tfb_progress(a->n_all, tfb_lines_fraction(&in), NULL, 0);
        w->beg = tfb_sequence_middle(&a->seq, a->s.W, w->code);
        if (explain_sequence(a, a->seq.l ? TFB_ALLELE_OK : TFB_ALLELE_MANY_N) < 0) goto done;
    }
    ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

int tfb_explain_references(explainer_t *a, const char *path)
{
    tfb_lines_t in = {0};
    int got, ret = -1;
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((got = tfb_sequences_next(&in, &a->name, &a->seq, " to be a window")) > 0) {
        if ((int)a->seq.l != a->s.W) {
            tfb_error("%s: %s has %zu bases, a reference must have the window's %d", path, a->name.s, a->seq.l, a->s.W);
            goto done;
        }
        if (a->n_refs == MAX_REFS) {
            tfb_error("%s holds more than %d references", path, MAX_REFS);
            goto done;
        }
        uint8_t *p = realloc(a->refs, ((size_t)a->n_refs + 1) * (size_t)a->s.W);
        if (!p) {
            tfb_explain_no_memory();
            goto done;
        }
        a->refs = p;
        tfb_encode(a->seq.s, a->seq.l, a->refs + (size_t)a->n_refs++ * (size_t)a->s.W);
    }
    if (got == 0 && !a->n_refs)
        tfb_error("%s holds no sequences", path);
    else
        ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

/* Places the window of REF (which 0) or ALT (which 1) of a change, and the allele in it. */
static void place_window(window_t *w, const tfb_change_t *c, int which, int W)
{
    int n = which ? c->n_alt : c->n_ref,
        from = n > W ? n / 2 - W / 2 : 0; /* the window of a long allele is its middle */
    w->n_ref = c->n_ref - from;
    w->n_bases = n < W ? n : W;
    w->at = tfb_allele_left(n, W);
    w->beg = c->pos + from - w->at;
    w->name = which ? "ALT" : "REF";
}

/* Explains one ALT of a record. Returns 0, or -1. */
static int run_allele(explainer_t *a, const bcf1_t *rec, const char *alt)
{
    const char *ref = rec->d.allele[0];
    tfb_alt_t place;
    tfb_variants_clear(&a->maker);
    int r = tfb_variant_add(&a->maker, a->contig.s, rec->pos, ref, alt, &place);
    tfb_change_t c = place.change;
    if (r == TFB_ALLELE_MISMATCH) {
        int at = a->maker.at;
        tfb_error("%s:%" PRId64 ": REF is %c but %s has %c (%s); `bcftools norm -c` finds all such records",
                  a->contig.s, (int64_t)rec->pos + 1 + at, ref[at], tfb_fasta_path(a->s.fasta), a->maker.base,
                  tfb_input_name(a->o->in));
        return -1;
    }
    if (r < 0) return -1;
    if (r > 0) {
        leave_out(a, r);
        return 0;
    }
    for (int i = 0; i < 2; i++) place_window(&a->win[i], &c, i, a->s.W);
    a->name.l = 0;
    if (ks_resize(&a->name, a->contig.l + 160) < 0)
        return tfb_explain_no_memory(); /* so that appending to it cannot fail */
    ksprintf(&a->name, "%s:%" PRId64 ":", a->contig.s, (int64_t)rec->pos + 1);
    for (int i = 0; i < 2; i++) { /* an allele of hundreds of bases is too long for a name */
        const char *s = i ? alt : ref;
        size_t n = strlen(s);
        if (i) kputc('>', &a->name);
        if (n > 40)
            ksprintf(&a->name, "%.20s..%zu", s, n);
        else
            kputs(s, &a->name);
    }
    a->alleles.l = 0;
    if (ks_resize(&a->alleles, (size_t)c.n_ref + (size_t)c.n_alt + 2) < 0) return tfb_explain_no_memory();
    kputsn(c.ref, (size_t)c.n_ref, &a->alleles);
    kputc(0, &a->alleles);
    kputsn(c.alt, (size_t)c.n_alt, &a->alleles);
    variant_t v = {rec->d.id, a->alleles.s, a->alleles.s + c.n_ref + 1, c.pos};
    return tfb_explain_record(a, 2, &v);
}

int tfb_explain_vcf(explainer_t *a)
{
    int r, ret = -1;
    htsFile *in = hts_open(a->o->in, "r");
    bcf_hdr_t *hdr = NULL;
    tfb_records_t *records = NULL;
    bcf1_t *rec = bcf_init();
    if (!in) {
        tfb_error("cannot read %s: %s", tfb_input_name(a->o->in), strerror(errno));
        goto done;
    }
    if ((in->format.format != vcf && in->format.format != bcf) || !(hdr = bcf_hdr_read(in))) {
        tfb_error("%s is not VCF or BCF (for other formats use --input bed or --input fasta)",
                  tfb_input_name(a->o->in));
        goto done;
    }
    if (!rec) {
        tfb_explain_no_memory();
        goto done;
    }
    tfb_builds_check(a->s.panel, a->s.fasta, a->o->in, tfb_build_of_vcf(hdr));
    if (!(records = tfb_records_on(a->o->in, in, hdr))) goto done;
    while ((r = tfb_records_next(records, &rec)) > 0) {
        if (tfb_progress_due())
            tfb_progress(a->n_all, tfb_records_fraction(records), bcf_seqname_safe(hdr, rec), rec->pos);
        a->contig.l = 0;
        if (bcf_unpack(rec, BCF_UN_STR) < 0 || kputs(bcf_seqname(hdr, rec), &a->contig) < 0) {
            tfb_explain_no_memory();
            goto done;
        }
        for (int i = 1; i < rec->n_allele; i++)
            if (run_allele(a, rec, rec->d.allele[i]) < 0) goto done;
    }
    ret = r;
done:
    tfb_records_close(records);
    if (rec) bcf_destroy(rec);
    if (hdr) bcf_hdr_destroy(hdr);
    if (in && hts_close(in) < 0 && ret == 0) {
        tfb_error("%s: cannot read to its end", tfb_input_name(a->o->in));
        ret = -1;
    }
    return ret;
}
