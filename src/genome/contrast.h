/* contrast.h - peaks of one TF -> windows to learn from: those around summits, and others that have no peak. */
#ifndef TFB_CONTRAST_H
#define TFB_CONTRAST_H

#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *fasta; /* contigs, lengths and bases; contigs may be named in another style in the BED files */
    const char *peaks; /* BED or narrowPeak: windows are around the summits, else the middles */
    const char *open;  /* BED of accessible regions without a peak; NULL: random windows of like GC content */
    int width;         /* bases of a window */
    int per_bound;     /* random windows for each bound one */
    uint64_t seed;     /* of random windows */
} tfb_contrast_opt_t;

typedef struct {
    int64_t peaks, bound, unbound; /* peaks read; windows with and without a peak */
    int64_t near;                  /* open regions left out, since a peak overlaps their window */
} tfb_contrast_t;

/* Writes the windows as BED to regions, and the peaks' summits, a base each, to summits: what tfb_peaks_label reads.
 * Contigs are named as in the FASTA. Windows with an N, and those half or more of which is another's, are left out. 0,
 * or -1 (logged with file and line; also if there is no window of either kind). The caller closes the files. */
int tfb_contrast(const tfb_contrast_opt_t *o, FILE *regions, FILE *summits, tfb_contrast_t *count);

#endif
