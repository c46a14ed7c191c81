/* tomtom.h - how alike a motif is to each of a database: Tomtom's comparison (Gupta et al. 2007; complete scores:
 * Tanaka et al. 2011).
 *
 * Columns are compared by Euclidean distance. A query column's distribution of scores is what it scores against all
 * columns of the database, both strands; the score of an alignment is the sum over the query's columns, those that hang
 * over counting as their median; its distribution, for every stretch of the query that can be covered, comes from
 * dynamic programming over scores in steps of a hundredth of their range. The best alignment's p-value is corrected for
 * all offsets and both strands, q-values (Benjamini and Hochberg) are over the database. */
#ifndef TFB_TOMTOM_H
#define TFB_TOMTOM_H

#include "genome/meme.h"

typedef struct {
    double p, q;
    double score; /* of the best alignment, larger is better; 0 = what a random column would give */
    int offset;  /* where the target's first column stands in the query (on the strand that matched); may be negative */
    int overlap; /* columns aligned */
    int rev;     /* 1: the target's reverse complement matched */
} tfb_likeness_t;

typedef struct tfb_tomtom_t tfb_tomtom_t;

/* Prepares a database, which must outlive the result. NULL on lack of memory (logged). */
tfb_tomtom_t *tfb_tomtom_create(const tfb_motifs_t *db);
void tfb_tomtom_destroy(tfb_tomtom_t *t);
/* Compares p (w, 4) with every motif: match gets an entry each, in the order of the database. Thread-safe. 0, or -1 on
 * lack of memory (logged). */
int tfb_tomtom_query(const tfb_tomtom_t *t, const float *p, int w, tfb_likeness_t *match);

#endif
