/* fasta.h - windows of base codes from an indexed FASTA, plain or bgzip.
 *
 * One stretch of a contig is kept decoded, so that reading windows in genome order costs one
 * file access per stretch. A missing index is built, as samtools does. An index that does not
 * fit the file is an error; one that is older than the file causes a warning.
 *
 * If the FASTA has no contig of a given name, the name's other styles are tried: with or without
 * chr, M or MT. A contig is used if it is the only one that fits, and this is reported once.
 * hg19's old chrM (16571 bases) is never used for MT. */
#ifndef TFB_FASTA_H
#define TFB_FASTA_H

#include <htslib/faidx.h>
#include <htslib/hts.h>
#include <stdint.h>

typedef struct tfb_fasta_t tfb_fasta_t;

/* Opens a FASTA. Returns NULL on failure (logged with the path). */
tfb_fasta_t *tfb_fasta_open(const char *path);
/* Registers the FASTA and its indexes as inputs, for a command that opens its outputs first. */
void tfb_fasta_reads(const char *path);
void tfb_fasta_close(tfb_fasta_t *f);
const char *tfb_fasta_path(const tfb_fasta_t *f);
/* Declares that all following contig names come from one file. If two of them mean the same contig, tfb_fasta_codes
 * fails (-1, logged). */
void tfb_fasta_one_file(tfb_fasta_t *f);
/* Returns the index of a contig named in any style, or -1 if there is none or more than one. */
int tfb_fasta_find(const tfb_fasta_t *f, const char *contig);
/* Returns the length of a contig, or -1 if the FASTA does not have it in any style. */
hts_pos_t tfb_fasta_len(const tfb_fasta_t *f, const char *contig);
/* Writes the codes of contig:[beg,end) to code (end - beg bytes). Returns 0; -1 on a read error
 * (logged: file, contig, position); -2 if the contig is absent; -3 if [beg,end) is not inside
 * the contig (nothing is logged for -2 and -3). Not thread-safe. */
int tfb_fasta_codes(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code);
/* Return the number of contigs, and the name of one, in the order of the file. */
int tfb_fasta_n_contigs(const tfb_fasta_t *f);
const char *tfb_fasta_contig(const tfb_fasta_t *f, int i);
/* Parses the first region of a comma-separated list as samtools writes them, the contig in any
 * style, to [*beg, *end) of contig *i. If no end is given, *end is at or past the contig's end.
 * Returns the beginning of the next one, or NULL if there is no such contig or no region (nothing
 * is logged). */
const char *tfb_fasta_region(tfb_fasta_t *f, const char *s, int *i, hts_pos_t *beg, hts_pos_t *end);

#endif
