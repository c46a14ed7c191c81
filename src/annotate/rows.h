/* rows.h - BED in, the same lines with score columns out; FASTA in, a table out. */
#ifndef TFB_ROWS_H
#define TFB_ROWS_H

#include "genome/fasta.h"
#include "nn/panel.h"

typedef struct {
    const char *model, *fasta, *in, *out; /* fasta: for BED; in, out: "-" = standard streams; out is bgzip where its name ends so */
    const char *tf;                       /* names or "all"; NULL: BED gets the best TF and its score, FASTA all TFs */
    int logit;                            /* scores are logits rather than probabilities */
    int tile, step; /* windows all over a longer interval or sequence, every step bases (0: half a window); the largest and the mean are written */
    int max_n;
    tfb_strand_t strand;
    int threads;
    tfb_panel_t *panel; /* NULL, or the opened model and reference, the caller's: for many small files. The panel is of these TFs */
    tfb_fasta_t *reference;
} tfb_rows_opt_t;

/* BED of 3 or more columns (narrowPeak: 10, with the summit in the last), plain, gzip or bgzip, header lines kept. The window lies in the
 * middle of the interval (of narrowPeak: on the summit). Rows that cannot be scored get `.`, counted by reason in a summary on
 * stderr. Input order, bounded memory. 0 or -1 (logged with file and line). */
int tfb_rows_bed(const tfb_rows_opt_t *o);
/* FASTA, plain, gzip or bgzip: a header line `name TF1 TF2 ...`, then a row a sequence. Of a longer sequence than the model's window the
 * middle counts (or all of it: tile); a shorter one gets N on both sides, as many as --max-n allows. */
int tfb_rows_fasta(const tfb_rows_opt_t *o);

#endif
