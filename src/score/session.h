/* session.h - what commands that score have in common: threads, models and FASTA, opened and closed
 * together, and why things were not scored, counted and reported. */
#ifndef TFB_SESSION_H
#define TFB_SESSION_H

#include "genome/alleles.h"
#include "nn/panel.h"
#include <htslib/kstring.h>

/* ---- reasons ---- */

enum { TFB_REASONS = 24 }; /* room for those of alleles.h and a command's own */

/* Begins zeroed. */
typedef struct {
    int64_t n[TFB_REASONS];          /* n[0]: scored */
    int n_kinds;                     /* reasons in use; 0: those of alleles.h */
    const char *(*text)(int reason); /* in words; NULL: tfb_allele_reason */
    char *unknown;                   /* the first contig that the FASTA does not have */
} tfb_reasons_t;

/* Counts a reason. contig: noted if the FASTA does not have it; NULL: not noted. */
void tfb_reasons_count(tfb_reasons_t *r, int reason, const char *contig);
/* Appends "before3 symbolic, 2 on a contig that the FASTA lacks (such as X)", or nothing if there
 * was no reason. Returns how many were not scored. */
int64_t tfb_reasons_list(const tfb_reasons_t *r, const char *before, kstring_t *s);
/* Reports that nothing was `done` ("scored") because the FASTA has none of the contigs: a warning
 * if some were lost for other reasons (partly), else an error. 0, or -1 for the error. */
int tfb_reasons_no_contig(const tfb_reasons_t *r, const char *done, const tfb_fasta_t *fasta, int partly);
void tfb_reasons_free(tfb_reasons_t *r);

/* ---- models and reference ---- */

/* Options of all commands that score: cmd/table.h has their rows. */
typedef struct {
    const char *model, *tf; /* as tfb_panel_open; a command may give tf NULL a meaning of its own */
    const char *fasta;      /* NULL: none */
    tfb_strand_t strand;
    int max_n;   /* N allowed in a window */
    int threads; /* 0: no pool */
} tfb_session_opt_t;

/* Names of tfb_strand_t, in its order. */
extern const char *const tfb_strand_name[3];

/* Begins zeroed. */
typedef struct {
    tfb_session_opt_t o;
    tfb_pool_t *pool;
    tfb_panel_t *panel;
    tfb_fasta_t *fasta;
    int W, T; /* bases of a window, targets */
    int noted_style;
    tfb_reasons_t reasons;
} tfb_session_t;

/* Opens the pool, the panel, then the FASTA. The paths of o must outlive s. 0, or -1 (logged):
 * close it all the same. */
int tfb_session_open(tfb_session_t *s, const tfb_session_opt_t *o);
/* The same in two steps, for a command that checks something in between. */
int tfb_session_models(tfb_session_t *s, const tfb_session_opt_t *o);
int tfb_session_fasta(tfb_session_t *s);
void tfb_session_close(tfb_session_t *s);
/* Returns the index of a contig in the FASTA, or -1. Notes once if the two name contigs in
 * different styles; from: the file that has this name, or NULL to leave it out of the note. */
int tfb_session_contig(tfb_session_t *s, const char *contig, const char *from);

#endif
