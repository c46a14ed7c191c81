/* input.h - what a file holds: commands take several formats by one argument. */
#ifndef TFB_INPUT_H
#define TFB_INPUT_H

typedef enum {
    TFB_IN_BAD,
    TFB_IN_VCF,
    TFB_IN_BED,
    TFB_IN_FASTA,
    TFB_IN_BAM
} tfb_input_t; /* VCF or BCF; BAM, SAM or CRAM */

/* Finds out what *path ("-": standard input) holds: what said names (vcf, bed, fasta, or with
 * bam_too bam; NULL: nothing), else by its first bytes. A named pipe becomes standard input, and
 * *path "-", because bytes that were looked at would be lost. Standard input that is undecided
 * counts as VCF, whose reader will report what is wrong. command: who asks, for messages.
 * TFB_IN_BAD: it cannot be opened, or the command does not read it (logged). */
tfb_input_t tfb_input_kind(const char **path, const char *said, const char *command, int bam_too);

#endif
