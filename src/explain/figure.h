/* figure.h - a figure of what a variant does to a TF's site: REF and ALT as logos of contributions, the motif they
 * match, and text. */
#ifndef TFB_FIGURE_H
#define TFB_FIGURE_H

#include "explain/attrib.h"
#include "genome/alleles.h"
#include "genome/meme.h"
#include "score/variant.h"
#include <stdio.h>

/* A variant, its TF and everything that the figure shows. Owns nothing. */
typedef struct {
    const char *contig, *id; /* id NULL or "." = none */
    hts_pos_t pos;           /* 0-based, of the first base of REF */
    const char *ref, *alt;   /* ACGT, trimmed: tfb_allele_trim */
    const char *tf;
    double p_ref, p_alt;        /* probability of binding */
    double lor;                 /* logit of ALT - logit of REF */
    double percentile;          /* rank of the change among random SNVs, 0 to 100; below 0 or NaN: unknown */
    double threshold;           /* lowest probability of a site; NaN: unknown */
    const char *call;           /* "gain", "loss" or "change", as TFB_CALL; NULL: the text mentions no gain or loss */
    const char *method;         /* how contributions were computed, in a few words */
    const char *model, *genome; /* their names */
    int page; /* 1: for a page that has tfb_logo_letters and the heading, and explains figures: words become a paragraph
                 above the <svg> */
    int W;
    const uint8_t *code[2]; /* (W) windows of REF and ALT, as tfb_allele_window makes them */
    const float *hyp[2];    /* (W, 4) hypothetical contributions; the figure reads what it shows */
} tfb_figure_t;

/* Writes an <svg> element to out, for a page in a <figure> and after a paragraph. db: motifs to look for the best match
 * in; NULL = none. Returns 0, or -1 if memory runs out; nothing is written then. The caller checks out for write
 * errors. */
int tfb_figure_draw(FILE *out, const tfb_figure_t *f, int flank, const tfb_motifs_t *db);

/* What figure to draw of a variant. Owns nothing. */
typedef struct {
    const char *contig, *id; /* id NULL or "." = none */
    hts_pos_t pos;
    const char *ref, *alt;
    int target;             /* index in the panel; -1: the one whose probability changes most */
    const tfb_motifs_t *db; /* or NULL */
    tfb_strand_t strand;
    int flank;          /* 0 = 25 */
    const char *genome; /* its name */
    int page;           /* as in tfb_figure_t */
    int annotated;      /* 1: percentile and call come from a file, not from the panel */
    double percentile;  /* below 0 or NaN: the file has none */
    const char *call;   /* NULL: the file has none */
} tfb_figure_ask_t;

enum { TFB_FIGURE_NO_NUMBER = TFB_ALLELE_REASONS }; /* the model's scores are not finite */

/* A variant whose windows have been read, ready to be drawn. */
typedef struct {
    tfb_figure_ask_t ask; /* alleles trimmed */
    char *ref, *alt;      /* owned */
    tfb_windows_t win;    /* REF's and ALT's */
} tfb_figure_site_t;

/* Reads the windows of a variant for panel. Not thread-safe, as the FASTA. Returns 0, or the reason why an allele
 * cannot be scored (tfb_allele_t, e.g. REF disagrees with the FASTA), or -1 on failure (logged). Free s in any case.
 * What ask points to must outlive s. */
int tfb_figure_read(tfb_figure_site_t *s, const tfb_panel_t *panel, tfb_fasta_t *fasta, const tfb_figure_ask_t *ask);
/* Draws it by in-silico mutagenesis on panel. Threads may draw different sites on forks of a panel. Returns 0 if it
 * was written to out. Otherwise writes nothing and returns TFB_FIGURE_NO_NUMBER, or -1 on failure (logged). */
int tfb_figure_variant(FILE *out, tfb_panel_t *panel, tfb_figure_site_t *s);
void tfb_figure_site_free(tfb_figure_site_t *s);

/* The motif most similar to the contributions hyp (n, 4), over placements that overlap [beg, end). */
typedef struct {
    int motif;    /* index in the set; -1 = none, -2 = not enough memory to look */
    int at, rev;  /* its first position in hyp; 1: its reverse complement */
    double alike; /* cosine of contributions and log odds there, both centred: 1 = the same shape */
    double score; /* alike times the share of all contributions that lies there; the best motif maximises it */
} tfb_match_t;
/* tf: among motifs that match nearly as well as the best, one of this TF is preferred; may be NULL. */
tfb_match_t tfb_match_motif(const tfb_motifs_t *db, const float *hyp, int n, int beg, int end, const char *tf);

#endif
