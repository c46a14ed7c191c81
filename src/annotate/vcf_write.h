/* vcf_write.h - writes the output VCF or BCF and its index. */
#ifndef TFB_VCF_WRITE_H
#define TFB_VCF_WRITE_H

#include "annotate/vcf.h"
#include "genome/output.h"
#include <htslib/thread_pool.h>
#include <htslib/vcf.h>

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_out_t *whole; /* the output appears when it is complete, with its index */
    const char *index;
    htsFile *out;
} tfb_vcf_write_t;

/* Opens the output and writes the header. w is zeroed before. pool: NULL, or threads to compress with. Returns 0, or -1
 * (logged). */
int tfb_vcf_write_open(tfb_vcf_write_t *w, const tfb_vcf_opt_t *o, const bcf_hdr_t *hdr, htsThreadPool *pool);
/* Writes a record as it is now. in: name of the input in messages. Returns 0, or -1 (logged). */
int tfb_vcf_write_record(tfb_vcf_write_t *w, const bcf_hdr_t *hdr, bcf1_t *rec, const char *in);
/* Ends the output. If ok, puts it and its index in place; else an existing output stays. Returns 0, or -1 if not ok or
 * on failure (logged). */
int tfb_vcf_write_close(tfb_vcf_write_t *w, int ok);

#endif
