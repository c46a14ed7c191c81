/* session.h - what commands that score share: opens and closes threads, models and FASTA together, and counts and
 * reports why things were not scored. */
#ifndef TFB_SESSION_H
#define TFB_SESSION_H

#include "genome/alleles.h"
#include "genome/expressed.h"
#include "nn/panel.h"
#include <htslib/kstring.h>

/* ---- reasons ---- */

enum { TFB_REASONS = 24 }; /* room for the reasons of alleles.h and of a command */

/* Initialise with zeros. */
typedef struct {
    int64_t n[TFB_REASONS];          /* n[0]: scored */
    int n_kinds;                     /* number of reasons; 0: those of alleles.h */
    const char *(*text)(int reason); /* their texts; NULL: tfb_allele_reason */
    char *unknown;                   /* the first contig that the FASTA does not have */
} tfb_reasons_t;

/* Counts a reason. contig: remembered if the FASTA does not have it; may be NULL. */
void tfb_reasons_count(tfb_reasons_t *r, int reason, const char *contig);
/* Appends before and, e.g., "3 symbolic, 2 on a contig not in the FASTA (such as X)", or nothing if there is no reason.
 * Returns the number not scored. */
int64_t tfb_reasons_list(const tfb_reasons_t *r, const char *before, kstring_t *s);
/* Reports that nothing was `done` ("scored") because the FASTA has none of the contigs. Logs a warning and returns 0 if
 * some were not scored for other reasons (partly); else logs an error and returns -1. */
int tfb_reasons_no_contig(const tfb_reasons_t *r, const char *done, const tfb_fasta_t *fasta, int partly);
void tfb_reasons_free(tfb_reasons_t *r);

/* ---- models and reference ---- */

/* Options of all commands that score: cmd/table.h has their rows. */
typedef struct {
    const char *model, *tf; /* as tfb_panel_open; a command may give tf NULL a meaning of its own */
    const char *fasta;      /* NULL: none */
    tfb_strand_t strand;
    tfb_precision_t precision;
    int max_n;                     /* most Ns in a window */
    int threads;                   /* 0: no pool */
    const char *stats;             /* file for --stats, of commands that have it; NULL: none */
    tfb_expressed_opt_t expressed; /* leaves out TFs that a cell does not have; path NULL: none */
} tfb_session_opt_t;

/* Opens the models of o with the TFs of o->tf (NULL: all) that the cell has. Reports how many and, by name, those that
 * its table does not have. Returns NULL on failure (logged). */
tfb_panel_t *tfb_session_panel(const tfb_session_opt_t *o, tfb_pool_t *pool);
/* Appends e.g. "; --expressed genes.tsv; --min-tpm 1", which describe what limits the TFs, to what, of m characters;
 * nothing if there is no limit. */
void tfb_session_limits(const tfb_session_opt_t *o, char *what, size_t m);

/* Names of tfb_strand_t, in the same order. */
extern const char *const tfb_strand_name[3];

/* Initialise with zeros. */
typedef struct {
    tfb_session_opt_t o;
    tfb_pool_t *pool;
    tfb_panel_t *panel;
    tfb_fasta_t *fasta;
    int W, T; /* bases of a window, targets */
    int noted_style;
    tfb_reasons_t reasons;
} tfb_session_t;

/* Opens the pool, the panel and the FASTA. The paths of o must outlive s. Returns 0, or -1 (logged). Close
 * s in either case. */
int tfb_session_open(tfb_session_t *s, const tfb_session_opt_t *o);
/* Do the same in two steps, for a command that checks something in between. */
int tfb_session_models(tfb_session_t *s, const tfb_session_opt_t *o);
int tfb_session_fasta(tfb_session_t *s);
void tfb_session_close(tfb_session_t *s);
/* Returns the index of a contig in the FASTA, or -1. If input and FASTA name contigs in different styles, logs a note
 * once. from: the file with this name, or NULL not to mention it. */
int tfb_session_contig(tfb_session_t *s, const char *contig, const char *from);

#endif
