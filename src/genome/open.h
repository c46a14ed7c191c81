/* open.h - where chromatin is open: the merged intervals of a peaks file, or the bases of a bigWig with a value of at
 * least some minimum. All are kept in memory, 20 bytes for each merged interval. */
#ifndef TFB_OPEN_H
#define TFB_OPEN_H

#include "genome/draw.h"

typedef struct {
    const char *path; /* BED, narrowPeak (plain or gzip) or bigWig; NULL: none */
    double min;       /* of a bigWig's values */
    int has_min;
} tfb_open_opt_t;

typedef struct tfb_open_t tfb_open_t;

/* Reads the file. Contigs get the names of the FASTA; those that it does not have are left out, with a note. fasta
 * NULL: names stay as they are. Returns NULL on failure (logged), also if no interval is left. */
tfb_open_t *tfb_open_load(const tfb_open_opt_t *o, const tfb_fasta_t *fasta);
void tfb_open_destroy(tfb_open_t *p);
/* Returns whether an interval overlaps [beg, end) of a contig, named in any style if there is a FASTA. */
int tfb_open_overlaps(tfb_open_t *p, const char *contig, hts_pos_t beg, hts_pos_t end);
/* Returns the intervals; they belong to p. */
const tfb_regions_t *tfb_open_regions(const tfb_open_t *p);
/* Takes the intervals from p, and destroys it. Release with tfb_regions_destroy. */
tfb_regions_t *tfb_open_take(tfb_open_t *p);

#endif
