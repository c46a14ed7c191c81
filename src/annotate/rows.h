/* rows.h - BED in, the same lines with score columns out; FASTA in, a table out. */
#ifndef TFB_ROWS_H
#define TFB_ROWS_H

#include "genome/fasta.h"
#include "genome/open.h"
#include "score/session.h"

typedef struct {
    tfb_session_opt_t session; /* tf NULL: BED gets the best TF and its score, FASTA all TFs; fasta: for BED */
    tfb_open_opt_t open;       /* for BED: column tfb_open; path NULL: none */
    const char *in, *out;      /* "-" = standard streams; bgzip if out ends in .gz or .bgz */
    int logit;                 /* scores are logits rather than probabilities */
    /* Tile longer intervals and sequences with windows every step bases (0: half a window), and write the largest score
     * and the mean. */
    int tile, step;
    /* NULL, or a model (of these TFs) and a reference that the caller has opened, for many small files. */
    tfb_panel_t *panel;
    tfb_fasta_t *reference;
} tfb_rows_opt_t;

/* Annotates BED of 3 or more columns (narrowPeak: 10, with the summit in the last), plain, gzip or bgzip,
 * header lines kept. The window lies in the middle of the interval (narrowPeak: on the summit). Rows that
 * cannot be scored get `.`, counted by reason in a summary on stderr. Input order, bounded memory. Returns
 * 0, or -1 (logged with file and line). */
int tfb_rows_bed(const tfb_rows_opt_t *o);
/* Scores FASTA, plain, gzip or bgzip: a header line `name TF1 TF2 ...`, then one row per sequence. If a
 * sequence is longer than the model's window, its middle is scored (with tile: all of it). A shorter one
 * is padded with N on both sides, as far as --max-n allows. */
int tfb_rows_fasta(const tfb_rows_opt_t *o);

#endif
