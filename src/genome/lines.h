/* lines.h - text files by the line, and what lines of BED and FASTA say: plain, gzip or bgzip, or standard input.
 *
 * One reader for all of them, so that each names file and line where it cannot go on, and none takes a file that was cut off for a whole one. */
#ifndef TFB_LINES_H
#define TFB_LINES_H

#include "util/util.h"
#include <htslib/bgzf.h>
#include <htslib/hts.h>
#include <htslib/kstring.h>

typedef struct {
    BGZF *fp;
    const char *name; /* of the file, for messages: not owned */
    kstring_t s;      /* the line in hand, without its end; never NULL while open */
    int64_t n;        /* its number, from 1 */
} tfb_lines_t;

/* Opens path ("-": standard input), which must stay where it is until closing. l is to be zeroed. 0, or -1 (logged; nothing to close). */
int tfb_lines_open(tfb_lines_t *l, const char *path);
/* The next line: 1, 0 at the end, -1 (logged). */
int tfb_lines_next(tfb_lines_t *l);
/* Logs what is wrong with the line in hand. -1. */
int tfb_lines_error(const tfb_lines_t *l, const char *fmt, ...) TFB_PRINTF(2, 3);
/* Also of one that is zeroed or was closed. */
void tfb_lines_close(tfb_lines_t *l);

/* Is the line none of an interval: empty, a comment, or a browser's track or browser line? */
int tfb_bed_is_header(const char *line);
/* The line in hand as BED, which stays as it is: contig is its first *n_contig letters; *summit is that of narrowPeak (10 columns, the last an offset
 * within the interval), -1: none. 0, or -1 (logged). */
int tfb_bed_fields(const tfb_lines_t *l, size_t *n_contig, hts_pos_t *beg, hts_pos_t *end, hts_pos_t *summit);
/* Where a window of W bases begins that has the interval's summit, else its middle, in its middle. */
hts_pos_t tfb_bed_window(hts_pos_t beg, hts_pos_t end, hts_pos_t summit, int W);

/* The next sequence of FASTA, and its name up to the first blank: 1, 0 at the end, -1 (logged). Between calls the lines are for nobody else.
 * too_long: what is said of a sequence beyond a billion bases. */
int tfb_sequences_next(tfb_lines_t *l, kstring_t *name, kstring_t *seq, const char *too_long);
/* Codes (W) of the middle W bases of seq, or of all of it with N on both sides. Returns where the window begins in it (negative: in those N). */
hts_pos_t tfb_sequence_middle(const kstring_t *seq, int W, uint8_t *code);

#endif
