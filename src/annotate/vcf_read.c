/* vcf_read.c - reads records, applies the filter, and compares REF with the FASTA. */
#include "annotate/vcf_read.h"
#include "genome/alleles.h"
#include "util/files.h"
#include "util/progress.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* bcftools' own filtering expressions. Inside bcftools these are the host's functions; in the stand-alone program
 * they are absent. */
typedef struct _filter_t filter_t;
__attribute__((weak)) filter_t *filter_init(bcf_hdr_t *hdr, const char *str);
__attribute__((weak)) void filter_destroy(filter_t *filter);
__attribute__((weak)) int filter_test(filter_t *filter, bcf1_t *rec, const uint8_t **samples);

int tfb_vcf_read_check(const tfb_vcf_opt_t *o)
{
    if (!o->filter || filter_init) return 0;
    tfb_error("filtering expressions are bcftools' own: use `bcftools +tfbind -i ...`, or pipe through "
              "`bcftools view -i`");
    return -1;
}

/* Registers the files that htslib and bcftools open for us. A filter names files as @FILE. */
static void register_inputs(const tfb_vcf_opt_t *o)
{
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    if (o->regions_file) tfb_reads_indexed(o->regions, "the regions", ".csi .tbi");
    if (o->targets_file) tfb_reads_indexed(o->targets + (*o->targets == '^'), "the targets", ".csi .tbi");
    for (const char *s = o->filter; s && (s = strchr(s, '@')); s++) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(s + 1, " \t()&|,\"'"), s + 1);
        tfb_reads(name, "the input");
    }
}

int tfb_vcf_read_open(tfb_vcf_read_t *r, const tfb_vcf_opt_t *o, tfb_fasta_t *fasta)
{
    const tfb_records_opt_t records = {
        .in = o->in,
        .regions = o->regions,
        .targets = o->targets,
        .regions_file = o->regions_file,
        .targets_file = o->targets_file,
        .regions_overlap = o->regions_overlap,
        .targets_overlap = o->targets_overlap,
        .threads = tfb_io_threads(o->session.threads),
        .genotypes = o->haplotypes,
        .table = o->table,
        .fasta = fasta,
    };
    register_inputs(o);
    r->o = o;
    r->fasta = fasta;
    if (!(r->in = tfb_records_open(&records))) return -1;
    r->hdr = tfb_records_header(r->in);
    return 0;
}

int tfb_vcf_read_filter(tfb_vcf_read_t *r)
{
    return r->o->filter && !(r->filter = filter_init(r->hdr, r->o->filter)) ? -1 : 0;
}

void tfb_vcf_read_close(tfb_vcf_read_t *r)
{
    if (r->filter) filter_destroy(r->filter);
    tfb_records_close(r->in);
}

/* Compares REF with the FASTA. Returns a reason, or -1 (logged). */
static int check_ref(tfb_vcf_read_t *r, const char *contig, const bcf1_t *rec)
{
    int at = 0;
    char base = 'N', place[300];
    const char *fasta = tfb_fasta_path(r->fasta), *in = tfb_vcf_read_name(r);
    int why = tfb_allele_check_ref(r->fasta, contig, rec->pos, rec->d.allele[0], &at, &base);
    if (why != TFB_ALLELE_MISMATCH) return why;
    snprintf(place, sizeof place, "%.200s:%" PRId64, contig, (int64_t)rec->pos + 1 + at);
    if (r->o->check_ref == 'e') {
        tfb_error("%s: REF is %c but %s has %c (%s); -c w leaves such records unannotated, -c x drops them", place,
                  rec->d.allele[0][at], fasta, base, in);
        return -1;
    }
    if (r->o->check_ref == 'w' && r->n_warned++ < 10)
        tfb_warn("%s: REF is %c but %s has %c (%s)%s", place, rec->d.allele[0][at], fasta, base, in,
                 r->n_warned == 10 ? "; further ones are only counted" : "");
    return why;
}

/* Checks a record that has been read. Returns 1 to keep it, 0 to drop it, -1 on failure (logged). */
static int examine(tfb_vcf_read_t *r, bcf1_t *rec, int keep, int *why)
{
    *why = TFB_ALLELE_OK;
    if (bcf_unpack(rec, BCF_UN_STR) < 0) {
        tfb_error("not enough memory for a record");
        return -1;
    }
    if (!keep || rec->n_allele < 2) return 1;
    *why = TFB_ALLELE_NOT_ACGT;
    if (tfb_allele_kind(rec->d.allele[0]) == TFB_ALLELE_OK) *why = check_ref(r, bcf_seqname(r->hdr, rec), rec);
    if (*why < 0) return -1;
    if (*why != TFB_ALLELE_MISMATCH || r->o->check_ref != 'x') return 1;
    r->n_dropped++;
    return 0;
}

int tfb_vcf_read_next(tfb_vcf_read_t *r, bcf1_t **rec, int *keep, int *why)
{
    for (;;) {
        int got = tfb_records_next(r->in, rec);
        if (got <= 0) return got;
        r->n_records++;
        if (tfb_progress_due())
            tfb_progress(r->n_records, tfb_records_fraction(r->in), bcf_seqname_safe(r->hdr, *rec), (*rec)->pos);
        *keep = !r->filter || filter_test(r->filter, *rec, NULL) != !!r->o->exclude;
        if (!*keep && !r->o->keep_sites) continue;
        if ((got = examine(r, *rec, *keep, why)) != 0) return got;
    }
}
