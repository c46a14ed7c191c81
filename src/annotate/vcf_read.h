/* vcf_read.h - reads the selected records of a VCF or BCF, filters them and compares REF with the FASTA. */
#ifndef TFB_VCF_READ_H
#define TFB_VCF_READ_H

#include "annotate/vcf.h"
#include "genome/records.h"
#include <htslib/vcf.h>

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_fasta_t *fasta;
    tfb_records_t *in;
    bcf_hdr_t *hdr; /* the reader's own */
    struct _filter_t *filter;
    int64_t n_records, n_dropped, n_warned;
} tfb_vcf_read_t;

/* Checks that a filtering expression, if any, can be evaluated. Returns 0, or -1 (logged). */
int tfb_vcf_read_check(const tfb_vcf_opt_t *o);
/* Opens the input. r is zeroed before; o and fasta stay the caller's. Returns 0, or -1 (logged). */
int tfb_vcf_read_open(tfb_vcf_read_t *r, const tfb_vcf_opt_t *o, tfb_fasta_t *fasta);
/* Prepares the filter, if any, with the header as it will be. Returns 0, or -1 (logged). */
int tfb_vcf_read_filter(tfb_vcf_read_t *r);
/* Reads the next record into *rec, which may become another one. *keep is 0 if it passes through untouched; *why gets
 * what is wrong with REF, a tfb_allele_t. Returns 1, 0 at the end of the input, or -1 (logged). */
int tfb_vcf_read_next(tfb_vcf_read_t *r, bcf1_t **rec, int *keep, int *why);
void tfb_vcf_read_close(tfb_vcf_read_t *r);
/* Returns the name of the input in messages. */
static inline const char *tfb_vcf_read_name(const tfb_vcf_read_t *r) { return tfb_records_name(r->in); }

#endif
