/* scan_snvs_out.h - writes records as VCF, BCF or a table of contig, position, alleles and tags. */
#ifndef TFB_SCAN_SNVS_OUT_H
#define TFB_SCAN_SNVS_OUT_H

#include "annotate/vcf_header.h"
#include "annotate/vcf_write.h"
#include <htslib/bgzf.h>

typedef struct {
    const tfb_vcf_opt_t *o;
    const tfb_vcf_header_t *h;
    htsThreadPool threads;
    tfb_vcf_write_t vcf; /* VCF and BCF */
    int table;
    tfb_out_t *whole; /* the table, and its index */
    const char *index;
    BGZF *to;
    kstring_t line;
} tfb_scan_snvs_out_t;

/* Opens the output and writes the header. w is zeroed before; the header stays the caller's. The output is a table if
 * o->out_type is 't' or the name ends in .tsv, .tsv.gz or .tsv.bgz. Returns 0, or -1 (logged). */
int tfb_scan_snvs_open(tfb_scan_snvs_out_t *w, const tfb_vcf_opt_t *o, const tfb_vcf_header_t *h);
/* Writes a record. Returns 0, or -1 (logged). */
int tfb_scan_snvs_write(tfb_scan_snvs_out_t *w, bcf1_t *rec);
/* Ends the output. If ok, puts it and its index in place; else an existing output stays. Returns 0, or -1 if not ok or
 * on failure (logged). */
int tfb_scan_snvs_close(tfb_scan_snvs_out_t *w, int ok);

#endif
