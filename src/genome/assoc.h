/* assoc.h - reads tables of variants as VCF records: GWAS-SSF, REGENIE, SAIGE, BOLT-LMM, PLINK2, FINEMAP, credible
 * sets, plain chrom, pos, ref and alt, and lists of rsIDs; plain text, gzip or bgzip.
 *
 * Every row is read first and sorted into genome order, in files on the disk if there are many. Then each row is
 * compared with the FASTA: REF is the allele that the FASTA has, and effect and frequency are turned to belong to ALT.
 * The records have the fields of GWAS-VCF (ES, SE, LP, AF, SS and ID, as far as the table has them), INFO/PIP and
 * INFO/CS. What is left out is counted by reason. */
#ifndef TFB_ASSOC_H
#define TFB_ASSOC_H

#include "genome/fasta.h"
#include "util/tally.h"
#include <htslib/vcf.h>
#include <stdio.h>

typedef struct {
    const char *format;  /* name of a format; NULL: by the header */
    const char *columns; /* "chrom=NAME,pos=NAME,...", which override the format's; NULL: none */
    const char *dbsnp;   /* VCF with the positions of rsIDs; NULL: none */
    const char *study;   /* name of the sample; NULL: by the name of the file */
    const char *tmp;     /* folder for temporary files; NULL: that of TMPDIR, or /tmp */
    int64_t memory;      /* bytes of rows kept before they are written to a file; 0: 256 MB */
    int strict;          /* rows that cannot be written are errors */
    int drop_ambiguous;  /* leave out A/T and C/G SNVs */
} tfb_assoc_opt_t;

typedef struct tfb_assoc_t tfb_assoc_t;

/* Returns whether text, the beginning of a file, is that of a table: it has the header of a format, or rows of chrom,
 * pos, ref and alt or of rsIDs without a header. */
int tfb_assoc_detect(const char *text);
/* Returns 1 if the options say that an input is a table, whatever its text. */
static inline int tfb_assoc_said(const tfb_assoc_opt_t *o) { return o->format || o->columns; }

/* Reads all rows of path ("-": standard input) and sorts them. o, path and fasta must outlive it. Returns NULL on
 * failure (logged). */
tfb_assoc_t *tfb_assoc_open(const tfb_assoc_opt_t *o, const char *path, tfb_fasta_t *fasta);
void tfb_assoc_close(tfb_assoc_t *a);
/* Returns the header of the records, which a owns. The caller may append to it before it reads the first record. */
bcf_hdr_t *tfb_assoc_header(tfb_assoc_t *a);
/* Writes the next record. Returns 1, 0 at the end, where it logs the counts, or -1 (logged), also if rows were read but
 * none could be written. */
int tfb_assoc_next(tfb_assoc_t *a, bcf1_t *rec);

/* Returns how many of the rows have become records or were left out, from 0 to 1. */
double tfb_assoc_fraction(const tfb_assoc_t *a);

/* Adds the counts of the closing line: sections "table" and "table_left_out". */
void tfb_assoc_tally(const tfb_assoc_t *a, tfb_tally_t *t);

/* Writes the formats and the names of their columns. */
void tfb_assoc_list(FILE *f);

#endif
