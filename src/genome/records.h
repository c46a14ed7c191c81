/* records.h - reads the records of a VCF or BCF and checks each before any other code uses it.
 *
 * htslib accepts a line with missing columns (and then writes a BCF that nothing can read),
 * drops columns that the header does not have, reads a POS that is not a number as 0, and
 * allocates whatever a BCF's length fields ask for. Here a record is complete, its numbers are
 * within bounds, and a file that ends within a record is an error. A complete last line without
 * a newline is accepted with a warning; empty lines at the end are skipped. */
#ifndef TFB_RECORDS_H
#define TFB_RECORDS_H

#include "genome/assoc.h"
#include <htslib/hts.h>
#include <htslib/thread_pool.h>
#include <htslib/vcf.h>

typedef struct {
    const char *in;                       /* "-": standard input */
    const char *regions, *targets;        /* NULL: none */
    int regions_file, targets_file;       /* 1: names of files */
    int regions_overlap, targets_overlap; /* 0, 1, 2 as in bcftools; -1 = htslib's default */
    int threads;                          /* threads for decompression; 0: only the caller's */
    int genotypes;                        /* 1: GT and PS will be read, so they must be numbers */
    const tfb_assoc_opt_t *table;         /* the input is a table, without regions and targets; NULL: VCF or BCF */
    tfb_fasta_t *fasta;                   /* for a table */
} tfb_records_opt_t;

typedef struct tfb_records_t tfb_records_t;

/* Opens the input. Returns NULL on failure (logged). */
tfb_records_t *tfb_records_open(const tfb_records_opt_t *o);
/* Returns a reader for a file that the caller has opened and of which only the header, hdr, was
 * read. The caller keeps ownership of both. Returns NULL on lack of memory (logged). */
tfb_records_t *tfb_records_on(const char *path, htsFile *in, bcf_hdr_t *hdr);
void tfb_records_close(tfb_records_t *r);
/* Returns the reader's own header. Reading adds contigs and tags that the file does not declare,
 * so records can be written only with this header. Anything the caller appends must be there
 * before the first record is read. */
bcf_hdr_t *tfb_records_header(tfb_records_t *r);
/* Returns the thread pool used for decompression, for the output to share; NULL: none. */
htsThreadPool *tfb_records_pool(tfb_records_t *r);
/* Returns the name of the input in messages. */
const char *tfb_records_name(const tfb_records_t *r);
/* Returns how much of the input has been read, from 0 to 1; -1 if that is unknown (a pipe, or regions). */
double tfb_records_fraction(tfb_records_t *r);
/* Adds the counts of a table; nothing for VCF and BCF. */
void tfb_records_tally(const tfb_records_t *r, tfb_tally_t *t);
/* Reads the next record that the targets do not exclude into *rec, which may be replaced by
 * another one (destroy it with bcf_destroy either way). Returns 1, 0 at the end of the input, or
 * -1 (logged: file, record, line). rec->errcode has BCF_ERR_CTG_UNDEF or BCF_ERR_TAG_UNDEF if
 * the header did not declare its contig or all of its tags when the first record was read: the
 * record cannot be written as BCF. */
int tfb_records_next(tfb_records_t *r, bcf1_t **rec);

#endif
