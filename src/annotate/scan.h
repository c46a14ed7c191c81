/* scan.h - scores along a genome, one track per TF. */
#ifndef TFB_SCAN_H
#define TFB_SCAN_H

#include "annotate/scan_regions.h"
#include "genome/open.h"
#include "score/session.h"

typedef struct {
    tfb_session_opt_t session; /* tf: names or "all" */
    const char *out;           /* a file; for several TFs a name with {tf}, or a folder; "-" = standard output */
    tfb_scan_where_t where;
    const char *format;    /* "bedgraph" or "bigwig"; NULL: by the name of out, else bedGraph */
    const char *hub, *igv; /* files that show the tracks, bigWigs; NULL: none */
    const char *genome;    /* its name for them; NULL: UCSC's, by the lengths of contigs */
    tfb_open_opt_t open;   /* within the regions; path NULL: all of them */
    int step;
    int logit;
} tfb_scan_opt_t;

/* Writes one track per TF. Contigs are cut into intervals of step bases, beginning at their first base. An
 * interval gets the score of the window in its middle, as in BED. So a base's value does not depend on the
 * regions, which only clip intervals. Windows that reach beyond the contig or have more than max_n Ns give
 * no score. Contigs come in the order of the FASTA, regions sorted and merged. Memory does not grow with
 * the genome. Returns 0, or -1 (logged; no file is left). */
int tfb_scan(const tfb_scan_opt_t *o);

#endif
