/* bam.h - SAM, BAM or CRAM in, the same records with predictions as scalar aux tags out.
 *
 * The program only: the htslib of a plugin's host may not have the functions that this needs. */
#ifndef TFB_BAM_H
#define TFB_BAM_H

#include "score/session.h"

typedef struct {
    /* tf NULL: the best TF and its score; "all" or names: a tag per TF. fasta: what is scored */
    tfb_session_opt_t session;
    const char *in, *out;  /* "-" = standard streams */
    const char *reference; /* of CRAM; NULL: session.fasta */
    /* As samtools' -O: sam, bam or cram, with options (cram,version=3.0). NULL: by the name of
     * out, else bam. */
    const char *format;
    /* As samtools' --input-fmt-option and --output-fmt-option. Not owned; NULL: none. */
    struct hts_opt *in_options, *out_options;
    const char *tags;    /* names of the tags, comma-separated; NULL: yt,ys,yd or, per TF, y0,y1,... and k0,k1,... */
    int reads;           /* score the bases of the read, and the difference to the reference */
    int logit;           /* scores are logits rather than probabilities */
    int tile, step;      /* tile the alignment or fragment with windows every step bases (0: half a window) */
    int write_index;     /* 0 no, 1 csi (CRAM: crai), 2 bai */
    int no_pg;           /* no @PG line */
    const char *command; /* the command line, for the @PG line */
} tfb_bam_opt_t;

/* Annotates o->in. The window lies in the middle of the alignment or, for proper pairs, of the
 * fragment, so that both mates have the same one. With reads it lies in the middle of the
 * alignment and has the read's bases if they are aligned (insertions and deletions included),
 * else the reference's; longer alignments are tiled. Tags:
 *     best TF      string   the TF with the highest score; with reads: the TF whose score the read's bases change
 *                           most, if they change any
 *     its score    float    with reads: of the read's own bases
 *     difference   float    with reads: that score - the reference's, in the same window
 * Per TF: the highest score of the windows, and with reads the largest difference. Secondary and
 * unmapped records and those without aligned bases pass through untouched; other records that
 * cannot be scored lose these tags. Input order; memory does not grow with the input. Returns 0,
 * or -1 (logged). On failure no output appears and an existing one stays, as does its index. */
int tfb_bam_annotate(const tfb_bam_opt_t *o);

#endif
