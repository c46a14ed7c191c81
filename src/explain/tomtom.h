/* tomtom.h - compares a motif with each motif of a database, as Tomtom does (Gupta et al. 2007; complete
 * scores: Tanaka et al. 2011).
 *
 * Columns are compared by Euclidean distance. A query column's score distribution consists of its scores
 * against all columns of the database, both strands. The score of an alignment is the sum over the query's
 * columns; columns that hang over count as their median. Dynamic programming over scores, in steps of a
 * hundredth of their range, gives the distribution of the sum for every stretch of the query that can be
 * covered. The best alignment's p-value is corrected for all offsets and both strands. q-values (Benjamini
 * and Hochberg) are over the database. */
#ifndef TFB_TOMTOM_H
#define TFB_TOMTOM_H

#include "genome/meme.h"

typedef struct {
    double p, q;
    double score; /* score of the best alignment, larger is better; 0 = the expected score of random columns */
    int offset;   /* position of the target's first column in the query (on the strand that matched); may be negative */
    int overlap;  /* columns aligned */
    int rev;      /* 1: the target's reverse complement matched */
} tfb_likeness_t;

typedef struct tfb_tomtom_t tfb_tomtom_t;

/* Prepares a database, which must outlive the result. Returns NULL if memory runs out (logged). */
tfb_tomtom_t *tfb_tomtom_create(const tfb_motifs_t *db);
void tfb_tomtom_destroy(tfb_tomtom_t *t);
/* Compares p (w, 4) with every motif: match gets one entry per motif, in the order of the database.
 * Thread-safe. Returns 0, or -1 if memory runs out (logged). */
int tfb_tomtom_query(const tfb_tomtom_t *t, const float *p, int w, tfb_likeness_t *match);

#endif
