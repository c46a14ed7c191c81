/* input.h - what a file holds: commands take several formats by one argument. */
#ifndef TFB_INPUT_H
#define TFB_INPUT_H

typedef enum { TFB_IN_BAD, TFB_IN_VCF, TFB_IN_BED, TFB_IN_FASTA, TFB_IN_BAM } tfb_input_t; /* VCF or BCF; BAM, SAM or CRAM */

/* What *path ("-": standard input) holds: as the user says (vcf, bed, fasta, or with bam_too bam; NULL: nothing), else by its first bytes. A named
 * pipe's first bytes can be looked at only where it is standard input: it becomes that, and *path "-". What cannot be opened, or says nothing, counts
 * as VCF, whose reader will say what is wrong. command is the name of who asks. TFB_IN_BAD: what it does not read (logged). */
tfb_input_t tfb_input_kind(const char **path, const char *said, const char *command, int bam_too);

#endif
