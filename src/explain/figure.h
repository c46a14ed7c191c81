/* figure.h - a figure of what a variant does to a TF's site: REF and ALT as logos of contributions, the motif they
 * match, and text. */
#ifndef TFB_FIGURE_H
#define TFB_FIGURE_H

#include "explain/attrib.h"
#include "genome/alleles.h"
#include "genome/meme.h"
#include <stdio.h>

/* A variant, its TF and everything that the figure shows. Owns nothing. */
typedef struct {
    const char *contig, *id; /* id NULL or "." = none */
    hts_pos_t pos;           /* 0-based, of the first base of REF */
    const char *ref, *alt;   /* ACGT, trimmed: tfb_allele_trim */
    const char *tf;
    double p_ref, p_alt; /* probability of binding */
    double lor;          /* logit of ALT - logit of REF */
    double percentile;   /* of the change among those by random SNVs, 0 to 100; below 0 or NaN: unknown */
    const char *call;    /* "gain", "loss" or "change", as TFB_CALL; NULL = none: no site is said to come or go */
    const char *method;  /* how contributions were made, in a few words */
    int W;
    const uint8_t *code[2]; /* (W) windows of REF and ALT, as tfb_allele_window makes them */
    const float *hyp[2];    /* (W, 4) hypothetical contributions; the figure reads [*beg, *end) of tfb_figure_span */
} tfb_figure_t;

/* Positions of the window of allele (0 REF, 1 ALT) that the figure shows: the allele (the first bases if it is long)
 * and `flank` bases on both sides, as far as both windows have them. */
void tfb_figure_span(const char *ref, const char *alt, int W, int flank, int allele, int *beg, int *end);
/* Writes an <svg> element to out. db: motifs to look for the best match in; NULL = none. 0, or -1
 * on lack of memory, before anything is written; that out took it all is for the caller to see. */
int tfb_figure_draw(FILE *out, const tfb_figure_t *f, int flank, const tfb_motifs_t *db);

/* What tfb_figure_variant is to draw. Nothing is owned. */
typedef struct {
    const char *contig, *id; /* id NULL or "." = none */
    hts_pos_t pos;
    const char *ref, *alt;
    int target;             /* of the panel; -1: the one whose probability changes most */
    const tfb_motifs_t *db; /* or NULL */
    tfb_strand_t strand;
    int flank;         /* 0 = 25 */
    int annotated;     /* percentile and call are those that a file has, and not the panel's */
    double percentile; /* below 0 or NaN: the file has none */
    const char *call;  /* NULL: the file has none */
} tfb_figure_ask_t;

enum { TFB_FIGURE_NO_NUMBER = TFB_ALLELE_REASONS }; /* the model's scores are not finite */

/* All of it, by in-silico mutagenesis on panel. 0 with the <svg> written to out; a reason
 * (tfb_allele_t) why an allele cannot be scored, REF that the FASTA does not have among them, or
 * TFB_FIGURE_NO_NUMBER; -1 on failure (logged); nothing is written in these cases. */
int tfb_figure_variant(FILE *out, tfb_panel_t *panel, tfb_fasta_t *fasta, const tfb_figure_ask_t *ask);

/* The motif that the contributions hyp (n, 4) look most like, over places that touch [beg, end). */
typedef struct {
    int motif;    /* index in the set; -1 = none, -2 = not enough memory to look */
    int at, rev;  /* its first position in hyp; 1: its reverse complement */
    double alike; /* cosine of contributions and log odds there, both centred: 1 = the same shape */
    double score; /* alike times the share of all contributions that lies there: what is maximised */
} tfb_match_t;
/* tf: among motifs that match nearly as well as the best, one of this TF is preferred; may be NULL. */
tfb_match_t tfb_match_motif(const tfb_motifs_t *db, const float *hyp, int n, int beg, int end, const char *tf);

#endif
