/* contrast.h - peaks of one TF -> windows to learn from: bound ones around summits, and unbound ones without a peak. */
#ifndef TFB_CONTRAST_H
#define TFB_CONTRAST_H

#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *fasta; /* contigs, lengths and bases; contigs may be named in another style in the BED files */
    const char *peaks; /* BED or narrowPeak: windows are centred on summits or, if there are none, on middles */
    const char *open;  /* BED of accessible regions without a peak; NULL: random windows of the same GC content */
    int width;         /* bases per window */
    int per_bound;     /* random windows per bound window */
    uint64_t seed;     /* seed of random windows */
} tfb_contrast_opt_t;

typedef struct {
    int64_t peaks, bound, unbound; /* peaks read; windows with and without a peak */
    int64_t near;                  /* open regions skipped because a peak overlaps their window */
} tfb_contrast_t;

/* Writes the windows as BED to regions, and the summits of the peaks, one base each, to summits,
 * for tfb_peaks_label. Contigs have the names of the FASTA. Skips windows with an N, and those
 * that overlap another by half or more. Returns 0, or -1 (logged with file and line; also if
 * windows of one kind are missing). The caller closes the files. */
int tfb_contrast(const tfb_contrast_opt_t *o, FILE *regions, FILE *summits, tfb_contrast_t *count);

#endif
