/* input.h - detects the format of a file, for commands that read several formats. */
#ifndef TFB_INPUT_H
#define TFB_INPUT_H

typedef enum {
    TFB_IN_BAD,
    TFB_IN_VCF,
    TFB_IN_BED,
    TFB_IN_FASTA,
    TFB_IN_BAM,
    TFB_IN_TABLE
} tfb_input_t; /* VCF or BCF; BAM, SAM or CRAM; TABLE: of variants (genome/assoc.h) */

/* Detects the format of *path ("-": standard input). said: the format named by the user (vcf, bed, fasta, or with
 * all bam or table); NULL: decides by the first bytes. all: the command also reads BAM and tables. A named pipe becomes
 * standard input and *path "-", because the bytes read would be lost. Undecided standard input counts as VCF, whose
 * reader reports what is wrong. command: its name, for messages. Returns TFB_IN_BAD if the file cannot be opened or the
 * command does not read it (logged). */
tfb_input_t tfb_input_kind(const char **path, const char *said, const char *command, int all);
/* Returns whether path is a table, by its first bytes, without a message. Named pipes are not looked at: 0. */
int tfb_input_is_table(const char *path);

#endif
