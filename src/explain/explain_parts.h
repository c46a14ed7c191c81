/* explain_parts.h - the parts of explain, each with its struct: the outputs, the record in hand.
 * Only for explain*.c. */
#ifndef TFB_EXPLAIN_PARTS_H
#define TFB_EXPLAIN_PARTS_H

#include "explain/explain.h"
#include "explain/figure.h"
#include "explain/npz.h"
#include "explain/overlay.h"
#include "score/session.h"
#include "score/variant.h"
#include <htslib/khash.h>
#include <htslib/kstring.h>

/* cppcheck-suppress unknownMacro */
KHASH_SET_INIT_STR(drawn)

/* One window and what is known about it; of a variant there are two, REF and ALT. */
typedef struct {
    uint8_t *code; /* (W) of the store */
    float *z;      /* (T) of the store: logits of all the panel's targets */
    float *hyp;    /* (T, W, 4), of the targets asked for */
    double *logit, *ref_logit;
    hts_pos_t beg;          /* of its first base, on the contig */
    const char *name;       /* "REF", "ALT", or "." */
    int at, n_ref, n_bases; /* of a variant: where the allele begins, bases of REF, of the allele */
} window_t;

typedef struct {
    const char *id, *ref, *alt; /* trimmed */
    hts_pos_t pos;
} variant_t;

/* ---- outputs (explain_out.c) ---- */

typedef struct {
    FILE *f;
    tfb_out_t *out;
} file_t;

typedef struct {
    const tfb_explain_opt_t *o;
    const tfb_session_t *s;
    int n; /* targets, at most, of a record: those that have arrays and tracks */
    file_t table, scores;
    tfb_track_t **track;       /* (n) */
    tfb_overlay_t **overlay;   /* (n): what goes to them */
    tfb_npz_t **onehot, **hyp; /* (n) */
    khash_t(drawn) * drawn;    /* names of SVG files written */
    tfb_motifs_t *db;
    float *contrib; /* (W) */
    kstring_t path;
    double worst;   /* of the convergence deltas */
    int64_t n_mean; /* regions that overlap, of the track that has most */
} outputs_t;

/* The record in hand. */
typedef struct {
    const char *name, *contig;
    const variant_t *v; /* NULL: a sequence */
    const window_t *win;
    int n; /* windows */
} record_t;

/* Opens all files that the options ask for. 0, or -1 (logged). */
int tfb_explain_out_open(outputs_t *out);
/* Writes what is known of a record and target k of the panel, the t-th of its windows' hyp and
 * logit. 0, or -1 (logged, or told when closing). */
int tfb_explain_out_put(outputs_t *out, const record_t *r, int t, int k);
/* Returns whether writing a table failed. Closing reports which one and why. */
int tfb_explain_out_failed(const outputs_t *out);
/* Completes the outputs, or removes them if ok is 0. 0, or -1 (logged) also if ok is 0. */
int tfb_explain_out_close(outputs_t *out, int ok);
void tfb_explain_out_free(outputs_t *out);
/* Returns the name of a method as text. */
const char *tfb_explain_method(tfb_method_t m);
/* Logs lack of memory. Returns -1. */
int tfb_explain_no_memory(void);

/* ---- the whole (explain.c) ---- */

typedef struct {
    const tfb_explain_opt_t *o;
    tfb_session_t s;
    tfb_windows_t store;  /* of the one or two windows of a record */
    tfb_variants_t maker; /* fills it */
    tfb_model_t *model;   /* for DeepLIFT and gradients */
    tfb_attrib_t *attrib;
    outputs_t out;
    int fixed;      /* targets are the same for all records */
    int *target, n; /* (T) of the panel, in use for this record */
    int *output;    /* (T): the model's output of a panel target */
    int *chosen;    /* (T) outputs in use */
    uint8_t *refs, *work;
    int n_refs, own_refs;
    window_t win[2];
    kstring_t name, contig, seq, alleles;
    int64_t n_all, n_done, n_low, n_low_all;
} explainer_t;

/* Explains the n windows in hand: 1, or REF and ALT of v. 0, or -1 (logged). */
int tfb_explain_record(explainer_t *a, int n, const variant_t *v);

/* ---- the readers (explain_read.c): 0, or -1 (logged) ---- */

int tfb_explain_bed(explainer_t *a);
int tfb_explain_fasta(explainer_t *a);
int tfb_explain_vcf(explainer_t *a);
/* Reads the references of DeepLIFT from a FASTA. */
int tfb_explain_references(explainer_t *a, const char *path);

#endif
