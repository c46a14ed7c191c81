/* peaks.h - regions, accessibility, ChIP-seq peaks and binding sites -> a labels file, by the
 * policies of Novakovsky et al.
 *
 * A region gets a number for each TF and cell type: 0 if the region is not open there or the TF
 * has no peaks there, else 1 if nothing was found, 2 if a peak's summit lies inside, 3 if a binding
 * site overlaps, 4 if both. The largest number over the cell types counts. The policies:
 *     policy        bound   unbound      unresolved
 *     sparse        4       1            0 2 3
 *     less-sparse   4       1 2 3        0
 *     full          4       0 1 2 3      -
 *     peaks         2 4     1 3          0
 *
 * Memory: the regions and 2 bits per region and TF, whatever the number of peaks. Files may be in
 * any order. */
#ifndef TFB_PEAKS_H
#define TFB_PEAKS_H

typedef enum {
    TFB_POLICY_SPARSE,
    TFB_POLICY_LESS_SPARSE,
    TFB_POLICY_FULL,
    TFB_POLICY_PEAKS,
    TFB_POLICIES
} tfb_policy_t;
extern const char *const tfb_policy_name[TFB_POLICIES];

typedef struct {
    const char *fasta; /* contigs and their lengths; regions with an N are dropped */
    /* A sheet, tab-separated with a header line: cell, tf, kind (open, peaks, tfbs), path
     * (relative to the sheet). tf is . for open; cell may be . for tfbs: known in every cell. */
    const char *samples;
    const char *regions;   /* BED; recentred to width */
    const char *out;       /* labels file, bgzip with a tabix index if it ends in .gz; "-" = standard output */
    int width;             /* bases */
    int keep_n, keep_null; /* keep regions with N, or resolved for no TF */
    tfb_policy_t policy;
} tfb_peaks_opt_t;

/* Writes the labels file. Returns 0, or -1 (logged with file and line). */
int tfb_peaks_label(const tfb_peaks_opt_t *o);

#endif
