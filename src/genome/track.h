/* track.h - values along the genome, one track per TF, as bedGraph (plain or bgzip) or bigWig. */
#ifndef TFB_TRACK_H
#define TFB_TRACK_H

#include "genome/fasta.h"

typedef struct tfb_track_t tfb_track_t;

typedef struct {
    /* A file name; for several TFs, one with {tf}, or a folder that exists or ends in /; "-":
     * standard output, bedGraph only. TF names are written as tfb_file_part makes them. */
    const char *out;
    const char *option;    /* the option that set out, for messages */
    const char *format;    /* "bedgraph" or "bigwig"; NULL: bigWig if out ends in .bw or .bigwig */
    const char *const *tf; /* (n_tfs) */
    int n_tfs;
    int decimals; /* decimals of values in bedGraph; -1: six significant digits. bigWig holds floats */
} tfb_tracks_opt_t;

/* Returns the tracks' paths (n_tfs, to be freed with tfb_strv_free) and whether they are bigWigs; NULL on failure
 * (logged). */
char **tfb_tracks_paths(const tfb_tracks_opt_t *o, int *is_bigwig);
/* Opens a track for each TF. A bigWig has the contigs of f. Returns an array of n_tfs, or NULL
 * on failure (logged). */
tfb_track_t **tfb_tracks_open(const tfb_tracks_opt_t *o, const tfb_fasta_t *f);
/* Closes all tracks and frees the array. If keep is 0, or on an error, no file remains. Returns
 * 0, or -1 (errors are logged). track may be NULL. */
int tfb_tracks_close(tfb_track_t **track, int n, int keep);
/* Adds [beg, end) of contig: contigs in the order of the FASTA, ascending and without overlaps.
 * Returns 0, or -1 (logged). */
int tfb_track_add(tfb_track_t *t, const char *contig, hts_pos_t beg, hts_pos_t end, float v);

#endif
