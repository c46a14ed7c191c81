/* rows_parts.h - the parts of rows: batches of rows and their output (rows.c), BED (rows_bed.c), FASTA (rows_fasta.c).
 * Only for rows*.c. */
#ifndef TFB_ROWS_PARTS_H
#define TFB_ROWS_PARTS_H

#include "annotate/rows.h"
#include "genome/lines.h"
#include "score/runstats.h"
#include "score/windows.h"
#include <htslib/bgzf.h>
#include <htslib/kstring.h>

enum {
    TFB_ROWS_BATCH = 4096,   /* rows of a batch */
    TFB_ROWS_LINE = 1 << 16, /* bytes of output kept before they are written */
};

typedef struct {
    size_t text;  /* where its text begins in text of tfb_rows_t */
    int first, n; /* its windows; n 0 = not scored */
    int open;     /* overlaps an open region; only if these are given */
    int verbatim; /* a comment among the rows: only its text is written */
} tfb_row_t;

typedef struct {
    const tfb_rows_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_lines_t in;
    tfb_open_t *open; /* or NULL */
    int is_open;      /* of the row that is added next */
    FILE *out;
    BGZF *gz;         /* compresses into out, or NULL */
    tfb_out_t *whole; /* out appears when it is complete */
    kstring_t text, seq, name, line;
    int no_room;          /* line could not grow */
    int T, W, step, best; /* best: write only the TF with the highest score */
    tfb_row_t row[TFB_ROWS_BATCH];
    int n_rows;
    tfb_windows_t win; /* of the batch */
    /* if an interval in progress has more windows than a batch: the windows scored so far */
    double *top, *sum; /* (T) */
    int64_t n_folded;
    uint8_t *old; /* (n_old) per column of BED: an earlier run wrote it, and it is replaced */
    int n_old;
    tfb_reasons_t reasons; /* of rows */
    tfb_runstats_t stats;
    int64_t n_all, n_scored;
} tfb_rows_t;

/* Opens what both formats need and calls run. Both return 0, or -1 (logged). */
int tfb_rows_run(const tfb_rows_opt_t *o, int best, int (*run)(tfb_rows_t *a));
/* Logs that memory ran out at the current line. Returns -1. */
int tfb_rows_no_memory(const tfb_rows_t *a);

/* Adds to the output. */
void tfb_rows_say(tfb_rows_t *a, const char *fmt, ...) TFB_PRINTF(2, 3);
/* Writes the added output if there is more than at_least of it. Returns 0, or -1 (logged). */
int tfb_rows_put(tfb_rows_t *a, size_t at_least);
/* Adds the names of the columns with scores, and ends the line. */
void tfb_rows_columns(tfb_rows_t *a);

/* Counts the filled window, unless it has too many Ns. Returns a reason. */
int tfb_rows_keep(tfb_rows_t *a, const uint8_t *code);
/* Adds a row of text[n]. Its windows are those added since first. reason: why it has none. Returns 0, or
 * -1 (logged). */
int tfb_rows_add(tfb_rows_t *a, const char *text, size_t n, int first, int reason);
/* Adds the current line as it is: comments stay where they are among the rows. Returns 0, or -1 (logged). */
int tfb_rows_add_comment(tfb_rows_t *a);
/* Scores the batch and writes its rows; its windows from `open` on belong to a row that is still being
 * tiled, and are folded. Returns 0, or -1 (logged). */
int tfb_rows_flush(tfb_rows_t *a, int open);

/* Makes the window [lo, lo + W) of the current interval or sequence. Returns a reason, or -1. */
typedef int tfb_rows_window_f(tfb_rows_t *a, hts_pos_t lo);
/* Tiles [beg, end), which is longer than a window. Sets *first to the first window in the batch. Returns a
 * reason, or -1. */
int tfb_rows_tile(tfb_rows_t *a, hts_pos_t beg, hts_pos_t end, tfb_rows_window_f *window, int *first);

#endif
