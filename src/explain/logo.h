/* logo.h - sequence logos as SVG: letters are outlines, so they stretch alike in every viewer and need no
 * font.
 *
 * One drawing serves both kinds: heights (L, 4), positive ones stacked above the axis, negative ones below it,
 * the largest furthest from the axis. Letters below the axis are upright, too, so that they are easy to read. An
 * information logo has p times bits as heights (tfb_motif_bits in genome/meme.h), a contribution logo the
 * contributions. */
#ifndef TFB_LOGO_H
#define TFB_LOGO_H

#include <stdint.h>
#include <stdio.h>

typedef struct {
    double col_width;        /* pixels a column takes; 0 = 12 */
    double height;           /* pixels of the plotting area; 0 = 60 */
    double lo, hi;           /* range of the axis, lo <= 0 <= hi; both 0 = from the heights */
    int axis;                /* 1: the vertical axis with its ends and 0 labelled, and positions below */
    int first;               /* number of the first column, for the positions below */
    const int64_t *pos;      /* (L) or NULL: numbers of the columns instead, -1 = none; shown with commas */
    int mark_beg, mark_end;  /* columns shaded, 0-based half-open; equal = none */
    const char *title;       /* a line above; NULL = none. Any text: it is escaped */
    const char *y_label;     /* along the axis; NULL = none */
    const char *x_label;     /* below the positions; NULL = none */
    int shared;              /* 1: draw with the letters of tfb_logo_letters, for pages with many logos. Letters of
                                less than a pixel are left out */
    const char *description; /* for screen readers; NULL = the title */
} tfb_logo_opt_t;

/* Writes an <svg> element (usable inside HTML and as a file) of h (L, 4), A C G T, to f; check ferror(f)
 * afterwards. opt NULL = defaults. Values that are not finite count as 0. */
void tfb_logo_svg(FILE *f, const float *h, int L, const tfb_logo_opt_t *opt);
/* Writes the letters that shared logos use, as an invisible <svg>, once in a page and before the logos. */
void tfb_logo_letters(FILE *f);
/* Writes the heights of a signed contribution logo: h (L, 4) gets contrib (L) at the letter in code (L);
 * an N gets none. */
void tfb_logo_contrib(const unsigned char *code, const float *contrib, int L, float *h);
/* Widens *lo <= 0 <= *hi to the largest column sums of negative and of positive heights, so that several
 * logos can share an axis. */
void tfb_logo_range(const float *h, int L, double *lo, double *hi);
enum { TFB_COMMAS = 32 };
/* Writes a number that is not negative with commas: 1,234,567. Returns text. */
const char *tfb_logo_commas(int64_t v, char text[TFB_COMMAS]);
/* CSS colours of what raises binding and of what lowers it: blue and orange, which all readers can tell apart. */
#define TFB_UP       "#1f5fc4"
#define TFB_DOWN     "#b54708"
#define TFB_UP_RGB   "31,95,196" /* the same colours in a BED file */
#define TFB_DOWN_RGB "181,71,8"
/* CSS colours of A C G T: green, blue, orange, red, each at least 3 to 1 against white. */
extern const char *const tfb_logo_colour[4];

#endif
