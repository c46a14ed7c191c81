/* fasta.h - windows of base codes from an indexed FASTA, plain or bgzip.
 *
 * One stretch of a contig is kept decoded, so that reading windows in genome order costs one file
 * access per stretch. A missing index is built, as samtools does. An index that does not fit the file
 * is an error, and one that is older than the file a warning.
 *
 * A contig that the FASTA lacks is looked for in the other styles that are about: with or without chr, M or MT. It is taken where exactly
 * one contig of the FASTA fits, and that is said once. hg19's old chrM (16571 bases) is never taken for MT. */
#ifndef TFB_FASTA_H
#define TFB_FASTA_H

#include <htslib/faidx.h>
#include <htslib/hts.h>
#include <stdint.h>

typedef struct tfb_fasta_t tfb_fasta_t;

/* NULL on failure, logged with the path. */
tfb_fasta_t *tfb_fasta_open(const char *path);
/* Registers it and its indexes as read, for a command that opens its outputs first. */
void tfb_fasta_reads(const char *path);
void tfb_fasta_close(tfb_fasta_t *f);
const char *tfb_fasta_path(const tfb_fasta_t *f);
/* From now on contig names come from one file: where two of them mean one contig,
 * tfb_fasta_codes fails (-1, logged). */
void tfb_fasta_one_file(tfb_fasta_t *f);
/* Which contig that is, in any style; -1: none, or more than one. */
int tfb_fasta_find(const tfb_fasta_t *f, const char *contig);
/* Length of a contig, or -1 where the FASTA does not have it in any style. */
hts_pos_t tfb_fasta_len(const tfb_fasta_t *f, const char *contig);
/* Codes of contig:[beg,end) into code (end - beg bytes). 0; -1 on a read error (logged: file,
 * contig, position); -2 contig absent; -3 [beg,end) not inside the contig (nothing is logged for
 * -2 and -3). Not thread-safe. */
int tfb_fasta_codes(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code);
/* Contigs, in the order of the file. */
int tfb_fasta_n_contigs(const tfb_fasta_t *f);
const char *tfb_fasta_contig(const tfb_fasta_t *f, int i);
/* The first region of a comma-separated list as samtools writes them, the contig in any style:
 * contig i, [*beg, *end), the end where none is said being the contig's or beyond. Where the
 * next one begins, or NULL where there is no such contig or no region (nothing is logged). */
const char *tfb_fasta_region(tfb_fasta_t *f, const char *s, int *i, hts_pos_t *beg, hts_pos_t *end);

#endif
