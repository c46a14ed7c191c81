/* input.h - detects the format of a file, for commands that read several formats. */
#ifndef TFB_INPUT_H
#define TFB_INPUT_H

typedef enum {
    TFB_IN_BAD,
    TFB_IN_VCF,
    TFB_IN_BED,
    TFB_IN_FASTA,
    TFB_IN_BAM
} tfb_input_t; /* VCF or BCF; BAM, SAM or CRAM */

/* Detects the format of *path ("-": standard input). said: the format named by the user (vcf, bed, fasta, or with
 * bam_too bam); NULL: decides by the first bytes. A named pipe becomes standard input and *path "-", because the bytes
 * read would be lost. Undecided standard input counts as VCF, whose reader reports what is wrong. command: its name,
 * for messages. Returns TFB_IN_BAD if the file cannot be opened or the command does not read it (logged). */
tfb_input_t tfb_input_kind(const char **path, const char *said, const char *command, int bam_too);

#endif
