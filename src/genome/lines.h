/* lines.h - text files by the line, and the fields of BED and FASTA in them: plain, gzip or
 * bgzip, or standard input.
 *
 * One reader for all of them, so that every error names file and line, and no truncated file is
 * taken for a whole one. */
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
    int narrow;       /* tfb_narrow_t: what the first line of ten columns is. It decides for the whole file */
    int scored;       /* ten columns and the scores of annotate: they count as ten */
} tfb_lines_t;

/* Returns what messages call an input: its path, or "standard input" for "-". */
static inline const char *tfb_input_name(const char *path)
{
    return path[0] == '-' && !path[1] ? "standard input" : path;
}
/* Opens path ("-": standard input), which must stay valid until closing. l is to be
 * zeroed. Returns 0, or -1 (logged; nothing to close). */
int tfb_lines_open(tfb_lines_t *l, const char *path);
/* Reads the next line, without a UTF-8 byte-order mark: 1, 0 at the end, -1 on a read error,
 * UTF-16 or a zero byte (logged). */
int tfb_lines_next(tfb_lines_t *l);
/* Logs what is wrong with the line in hand. -1. */
int tfb_lines_error(const tfb_lines_t *l, const char *fmt, ...) TFB_PRINTF(2, 3);
/* Closes l, which may be zeroed or closed already. */
void tfb_lines_close(tfb_lines_t *l);

/* Reads a number made of digits alone, at most HTS_POS_MAX. Returns what follows it, or NULL. */
const char *tfb_position(const char *s, hts_pos_t *v);

/* What a line of ten columns is. TFB_NARROW_BAD: all but the tenth column is as in narrowPeak. */
typedef enum { TFB_NARROW_UNKNOWN, TFB_NARROW_NO, TFB_NARROW_BAD, TFB_NARROW_YES } tfb_narrow_t;

typedef struct {
    size_t n_contig;            /* the line's first letters: the contig */
    hts_pos_t beg, end, summit; /* summit: of narrowPeak; -1: none */
} tfb_bed_t;

/* Is the current line none of an interval: empty, a comment, or a browser's track or browser
 * line? */
int tfb_bed_is_header(tfb_lines_t *l);
/* Reads the current line as BED and leaves it as it is. Returns 0, or -1 (logged). */
int tfb_bed_fields(const tfb_lines_t *l, tfb_bed_t *b);
/* Sets b->summit if the file is narrowPeak. It is if its first line of ten columns has what
 * narrowPeak has: a strand, three numbers, and an offset within the interval or -1. Column names
 * and numbers that labels files, bedtools intersect -wo and BED with fewer than 12 columns have
 * there tell them from it. In a narrowPeak file any other line of ten columns is an error. note:
 * report once what a file of ten columns is taken for. Returns 0, or -1 (logged). */
int tfb_bed_summit(tfb_lines_t *l, tfb_bed_t *b, int note);
/* Logs what is wrong with the tenth column of a TFB_NARROW_BAD line. -1. */
int tfb_bed_summit_error(const tfb_lines_t *l, const tfb_bed_t *b);
/* Returns the start of the window of W bases that has the interval's summit, else its middle, in
 * its middle. */
hts_pos_t tfb_bed_window(hts_pos_t beg, hts_pos_t end, hts_pos_t summit, int W);

/* Reads the next sequence of FASTA, and its name up to the first blank. Blanks within a sequence
 * are skipped; other characters than letters and - are errors. Use l for nothing else between
 * calls. too_long: what to add to the error for a sequence beyond a billion bases. 1, 0 at the
 * end, -1 (logged). */
int tfb_sequences_next(tfb_lines_t *l, kstring_t *name, kstring_t *seq, const char *too_long);
/* Writes the codes (W) of the middle W bases of seq, or of all of it with N on both sides. Returns
 * the start of the window in it (negative: in those N). */
hts_pos_t tfb_sequence_middle(const kstring_t *seq, int W, uint8_t *code);

#endif
