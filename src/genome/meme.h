/* meme.h - motifs in MEME's text format (version 4): the format of JASPAR's and HOCOMOCO's files
 * and of Tomtom.
 *
 * A motif is a matrix of base probabilities, one row per position. Files are plain, gzip or bgzip. */
#ifndef TFB_MEME_H
#define TFB_MEME_H

#include <stdio.h>

#define TFB_MOTIF_MAX 1000 /* positions a motif may have */

typedef struct {
    char *id, *name; /* `MOTIF id name`; name is "" if there is none */
    int w;           /* positions */
    float *p;        /* (w, 4) probabilities of A C G T; each row sums to 1 */
    double n_sites;  /* sequences it was made from; 20 if the file does not give it, which is MEME's default */
} tfb_motif_t;

typedef struct {
    tfb_motif_t *motif; /* n, in the order of the file; owned */
    int n, m;
    float bg[4]; /* background frequencies; 0.25 each if the file does not give them */
} tfb_motifs_t;

/* Returns an empty set, or NULL on lack of memory (logged). */
tfb_motifs_t *tfb_motifs_create(void);
void tfb_motifs_destroy(tfb_motifs_t *s);
/* Reads a file. These are errors: a motif without a probability matrix, an alphabet other than
 * ACGT, a row that is not four numbers summing to about 1, and two motifs with one id. Returns
 * NULL on failure (logged: file:line: what). */
tfb_motifs_t *tfb_motifs_read(const char *path);
/* Appends a motif of w positions and copies its probabilities (w, 4); name may be NULL. Returns the motif, or NULL on
 * lack of memory (logged). */
tfb_motif_t *tfb_motifs_add(tfb_motifs_t *s, const char *id, const char *name, const float *p, int w, double n_sites);
/* Returns the index of the motif with this id, else of the first with this name (case ignored),
 * or -1. */
int tfb_motifs_find(const tfb_motifs_t *s, const char *id);
/* Writes the set as MEME text. The caller opens, closes and checks f. */
void tfb_motifs_write(const tfb_motifs_t *s, FILE *f);
/* Returns whether tf is the name of a motif, or a member of a dimer's name (A::B). Ignores case and JASPAR's "(var.2)".
 */
int tfb_motif_is_of(const tfb_motif_t *m, const char *tf);
/* Computes the bits of information of each position against bg. Writes h (w, 4) = p times the
 * position's bits: the heights of a logo's letters; h may be NULL. Returns the sum over
 * positions. */
double tfb_motif_bits(const float *p, int w, const float bg[4], float *h);

#endif
