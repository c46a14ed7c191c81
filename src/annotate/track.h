/* track.h - a value along the genome, as bedGraph (plain or bgzip) or bigWig. */
#ifndef TFB_TRACK_H
#define TFB_TRACK_H

#include "genome/fasta.h"

typedef struct tfb_track_t tfb_track_t;

/* Was this built with libBigWig? */
int tfb_track_has_bigwig(void);
/* path "-": standard output, bedGraph only. contigs of a bigWig are those of f. NULL on failure (logged). */
tfb_track_t *tfb_track_open(const char *path, int bigwig, const tfb_fasta_t *f);
/* [beg, end) of contig, ascending and without overlaps. 0, or -1 (logged). */
int tfb_track_add(tfb_track_t *t, const char *contig, hts_pos_t beg, hts_pos_t end, float v);
/* keep 0, or an error: no file is left. 0, or -1 (logged) where the file is not whole. t may be NULL. */
int tfb_track_close(tfb_track_t *t, int keep);

#endif
