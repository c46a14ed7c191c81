/* draw.h - draws random SNVs in regions of a genome, for comparison. */
#ifndef TFB_DRAW_H
#define TFB_DRAW_H

#include "genome/fasta.h"
#include "util/util.h"

/* Sorted regions without overlaps: a base counts once, however many regions contain it. */
typedef struct {
    char **contigs; /* n_contigs names, NULL-terminated */
    int n_contigs, m_contigs;
    int *by_name;               /* (n_contigs): indexes of the contigs in name order */
    int *contig;                /* (n): index into contigs */
    hts_pos_t *beg, *end;       /* (n) */
    int64_t n, n_bases, n_read; /* regions; bases in them; lines they were made from */
} tfb_regions_t;

/* Reads regions from BED or labels, plain or gz, in any order. chroms: the only contigs to use
 * (each must occur); NULL: all. Regions are cut at the contig's end, and contigs get the names
 * of the FASTA (fasta NULL: neither is done). Returns NULL on failure (logged with file and
 * line). */
tfb_regions_t *tfb_regions_load(const char *path, char *const *chroms, int n_chroms, const tfb_fasta_t *fasta);
/* Reads regions from BED, as above, but leaves out those on contigs that the FASTA does not have, with a note. Returns
 * NULL on failure (logged), also if none is left. */
tfb_regions_t *tfb_regions_of_bed(const char *path, const tfb_fasta_t *fasta);

/* Makes regions from intervals in any order. Those that touch the one before are merged with it at once. */
typedef struct tfb_regions_builder_t tfb_regions_builder_t;
/* path: their source, for messages. fasta: as above. Returns NULL if memory runs out (logged). */
tfb_regions_builder_t *tfb_regions_begin(const char *path, const tfb_fasta_t *fasta);
/* Adds [beg, end). Returns 1, 0 if it is on a contig that the FASTA does not have, or -1 (logged). */
int tfb_regions_add(tfb_regions_builder_t *b, const char *contig, hts_pos_t beg, hts_pos_t end);
/* Sorts and merges. Releases b. Returns NULL on failure (logged), also if there are none. */
tfb_regions_t *tfb_regions_end(tfb_regions_builder_t *b);
void tfb_regions_cancel(tfb_regions_builder_t *b);
/* Returns all contigs of a FASTA as regions, or NULL on failure (logged). */
tfb_regions_t *tfb_regions_whole(const tfb_fasta_t *fasta);
void tfb_regions_destroy(tfb_regions_t *r);
/* Returns whether the regions contain a position. */
int tfb_regions_has(const tfb_regions_t *r, const char *contig, hts_pos_t pos);
/* Returns whether they overlap [beg, end). */
int tfb_regions_overlap(const tfb_regions_t *r, const char *contig, hts_pos_t beg, hts_pos_t end);

typedef struct {
    int contig; /* of the regions */
    hts_pos_t pos;
    uint8_t ref, alt; /* codes */
} tfb_snv_t;

/* Draws n SNVs: each is a base of the regions, all with the same chance and possibly drawn more
 * than once, and one of the three other letters. A base is drawn again, a limited number of
 * times, if its window of W bases (pos - W/2 on) reaches beyond its contig or holds more than
 * max_n N. Writes them sorted by position to snv (n). Returns how many there are, or -1
 * (logged). */
int64_t tfb_snvs_draw(const tfb_regions_t *r, tfb_fasta_t *fasta, int W, int max_n, tfb_rng_t *rng, tfb_snv_t *snv,
                      int64_t n);

#endif
