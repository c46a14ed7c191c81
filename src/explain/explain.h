/* explain.h - reads sequences, regions or variants and writes each base's contribution, as tables, arrays,
 * tracks and figures. */
#ifndef TFB_EXPLAIN_H
#define TFB_EXPLAIN_H

#include "explain/attrib.h"
#include "genome/input.h"
#include "score/session.h"

typedef struct {
    /* tf: names or "all"; NULL: the TF with the highest score (for a variant: with the largest change). fasta is not
     * needed for FASTA. */
    tfb_session_opt_t session;
    const char *in;    /* "-" = standard input */
    tfb_input_t input; /* VCF, BED or FASTA */
    tfb_method_t method;
    int n_refs;
    uint64_t seed;
    const char *references; /* FASTA of references for all sequences; NULL = shuffles */
    double min_score;       /* probability below which a sequence is not explained */
    /* outputs; NULL = none, "-" = standard output */
    const char *table, *scores;
    const char *track; /* for regions: bedGraph or bigWig; for several TFs a name with {tf}, or a folder */
    const char *npz;   /* first part of file names: .TF.onehot.npz, .TF.hyp.npz */
    const char *logos; /* a folder, created if it does not exist */
    const char *db;    /* motifs for the figures of variants */
    int flank;         /* bases beside a variant in its figure; 0 = the default */
} tfb_explain_opt_t;

/* Reads all records in order, one at a time. Places windows as annotate does. Returns 0, or -1 (logged
 * with file and record). */
int tfb_explain(const tfb_explain_opt_t *o);

#endif
