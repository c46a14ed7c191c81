/* unit_fasta.h - a small FASTA file for unit programs. */
#ifndef UNIT_FASTA_H
#define UNIT_FASTA_H

#include "genome/fasta.h"
#include "unit.h"

typedef struct {
    char path[4096], fai[4200];
    tfb_fasta_t *fasta;
} unit_fasta_t;

/* Writes a contig c of these bases to a file of its own and opens it. Ends the program if it cannot. */
static inline void unit_fasta_open(unit_fasta_t *u, const char *bases)
{
    const char *tmp = getenv("TMP");
    snprintf(u->path, sizeof u->path, "%s/unit.%ld.fa", tmp ? tmp : "/tmp", (long)getpid());
    snprintf(u->fai, sizeof u->fai, "%s.fai", u->path);
    FILE *f = fopen(u->path, "w");
    if (f) fprintf(f, ">c\n%s\n", bases);
    if (f) fclose(f);
    u->fasta = tfb_fasta_open(u->path);
    CHECK(u->fasta, "open");
    if (!u->fasta) exit(1);
}

static inline void unit_fasta_close(unit_fasta_t *u)
{
    tfb_fasta_close(u->fasta);
    unlink(u->path);
    unlink(u->fai);
}

#endif
