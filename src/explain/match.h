/* match.h - a network's filters beside a motif database, as tables and as a page. */
#ifndef TFB_MATCH_H
#define TFB_MATCH_H

#include "explain/filters.h"
#include "explain/tomtom.h"

typedef struct {
    int filter, motif; /* motif of the database, or -1: none */
    int rank;          /* in the target's list of filters */
    double p, q;
    int offset, rev; /* as tfb_likeness_t, in the filter's own columns */
} tfb_found_t;

typedef struct {
    const tfb_model_t *model;
    const tfb_filters_t *f;
    const tfb_motifs_t *db; /* or NULL: nothing is compared */
    tfb_found_t *best;      /* (F): each filter's best match; q over the database */
    tfb_found_t *named;     /* (F): its best match among motifs named after one of the model's targets; q as above */
    tfb_found_t
        *own; /* (T): best match of the sites in a target's own regions to a motif named after the target; q over all
                 filters and motifs compared for that target; motif -1 if the database or the regions have none */
    tfb_found_t *own_best; /* (T): the best match to any motif; q likewise */
    int *has_motif;        /* (T): the database has a motif of that name */
} tfb_matches_t;

/* Compares the filters with the database. Positions with fewer bits than trim are first cut off both ends
 * of a filter's motif, because flat flanks match the flat columns of long motifs. Borrows all arguments.
 * Returns NULL if memory runs out (logged). */
tfb_matches_t *tfb_matches_create(const tfb_model_t *m, const tfb_filters_t *f, const tfb_motifs_t *db, double trim,
                                  tfb_pool_t *pool);
void tfb_matches_destroy(tfb_matches_t *m);

/* Write tables: one row per filter (before: the same filters of another model, or NULL; q: a match counts
 * below this value), one row per target, and the importance of filters (rows) to targets. */
void tfb_matches_filters_tsv(const tfb_matches_t *m, const tfb_matches_t *before, double q, FILE *f);
void tfb_matches_targets_tsv(const tfb_matches_t *m, FILE *f);
void tfb_matches_importance_tsv(const tfb_matches_t *m, FILE *f);

typedef struct {
    const char *title, *command, *model; /* model: name and digest */
    const char *before_name;             /* name of the model compared with, or NULL */
    const char *where; /* regions that importance was measured on: a phrase that follows its explanation, or "" */
    double q;          /* a match counts below this value */
} tfb_page_opt_t;
/* Writes a self-contained HTML page with logos. Returns 0, or -1 if memory runs out (logged). */
int tfb_matches_html(const tfb_matches_t *m, const tfb_matches_t *before, const tfb_page_opt_t *opt, FILE *f);

#endif
