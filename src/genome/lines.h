/* lines.h - reads text files line by line, and the fields of BED and FASTA in them: plain, gzip
 * or bgzip, or standard input.
 *
 * One reader serves all formats, so every error names file and line, and no truncated file is
 * taken for a complete one. */
#ifndef TFB_LINES_H
#define TFB_LINES_H

#include "util/util.h"
#include <htslib/bgzf.h>
#include <htslib/hts.h>
#include <htslib/kstring.h>

typedef struct {
    BGZF *fp;
    const char *name; /* file name for messages; not owned */
    kstring_t s;      /* the current line, without its line end; never NULL while open */
    int64_t n;        /* its number, from 1 */
    int64_t size;     /* bytes of the file; 0: unknown */
    int narrow;       /* tfb_narrow_t: the kind of the first line of ten columns, which decides for the whole file */
    int scored;       /* ten columns plus annotate's scores: they count as ten */
} tfb_lines_t;

/* Returns what messages call an input: its path, or "standard input" for "-". */
static inline const char *tfb_input_name(const char *path)
{
    return path[0] == '-' && !path[1] ? "standard input" : path;
}
/* Opens path ("-": standard input), which must stay valid until closing. Zero l first. Returns
 * 0, or -1 (logged; nothing to close). */
int tfb_lines_open(tfb_lines_t *l, const char *path);
/* Reads the next line, without a UTF-8 byte-order mark. Returns 1, 0 at the end, or -1 on a read
 * error, UTF-16 or a zero byte (logged). */
int tfb_lines_next(tfb_lines_t *l);
/* Returns the bytes of a regular file ("-": standard input), else 0. */
int64_t tfb_input_size(const char *path);
/* Returns how much of a file of `size` bytes has been read, from 0 to 1; -1 if size is 0. f may be NULL. */
double tfb_bgzf_fraction(BGZF *f, int64_t size);
/* Returns how much of the file has been read, from 0 to 1; -1 if that is unknown (a pipe). */
double tfb_lines_fraction(const tfb_lines_t *l);
/* Logs what is wrong with the current line. Returns -1. */
int tfb_lines_error(const tfb_lines_t *l, const char *fmt, ...) TFB_PRINTF(2, 3);
/* Closes l, which may be zeroed or closed already. */
void tfb_lines_close(tfb_lines_t *l);

/* Reads a number that consists of digits only, at most HTS_POS_MAX. Returns what follows it, or
 * NULL. */
const char *tfb_position(const char *s, hts_pos_t *v);

/* The kind of a line of ten columns. TFB_NARROW_BAD: all but the tenth column is as in narrowPeak. */
typedef enum { TFB_NARROW_UNKNOWN, TFB_NARROW_NO, TFB_NARROW_BAD, TFB_NARROW_YES } tfb_narrow_t;

typedef struct {
    size_t n_contig;            /* the contig is the line's first n_contig letters */
    hts_pos_t beg, end, summit; /* summit: from narrowPeak; -1: none */
} tfb_bed_t;

/* Returns whether the current line is not an interval: empty, a comment, or a browser's track or
 * browser line. */
int tfb_bed_is_header(tfb_lines_t *l);
/* Reads the current line as BED without changing it. Returns 0, or -1 (logged). */
int tfb_bed_fields(const tfb_lines_t *l, tfb_bed_t *b);
/* Sets b->summit if the file is narrowPeak. It is narrowPeak if its first line of ten columns
 * has what narrowPeak has: a strand, three numbers, and an offset within the interval or -1. It
 * is not if those columns have the column names or numbers of labels files, bedtools intersect
 * -wo or BED with fewer than 12 columns. In a narrowPeak file any other line of ten columns is
 * an error. note: report once which format a file of ten columns is taken for. Returns 0, or -1
 * (logged). */
int tfb_bed_summit(tfb_lines_t *l, tfb_bed_t *b, int note);
/* Logs what is wrong with the tenth column of a TFB_NARROW_BAD line. Returns -1. */
int tfb_bed_summit_error(const tfb_lines_t *l, const tfb_bed_t *b);
/* Returns the start of the window of W bases centred on the interval's summit or, if it has
 * none, on its middle. */
hts_pos_t tfb_bed_window(hts_pos_t beg, hts_pos_t end, hts_pos_t summit, int W);

/* Reads the next sequence of FASTA, and its name up to the first blank. Skips blanks within a
 * sequence; characters other than letters and - are errors. Do not use l for anything else
 * between calls. too_long: added to the error for a sequence longer than a billion bases.
 * Returns 1, 0 at the end, or -1 (logged). */
int tfb_sequences_next(tfb_lines_t *l, kstring_t *name, kstring_t *seq, const char *too_long);
/* Writes the codes (W) of the middle W bases of seq, or of all of it padded with N on both
 * sides. Returns the start of the window in seq (negative: within the padding). */
hts_pos_t tfb_sequence_middle(const kstring_t *seq, int W, uint8_t *code);

#endif
