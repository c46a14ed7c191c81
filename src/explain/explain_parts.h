/* explain_parts.h - the parts of explain, each with its struct: outputs, current record. Only for
 * explain*.c. */
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

/* One window and its data. A variant has two, REF and ALT. */
typedef struct {
    uint8_t *code; /* (W), in the store */
    float *z;      /* (T), in the store: logits of all targets of the panel */
    float *hyp;    /* (T, W, 4), for the requested targets */
    double *logit, *ref_logit;
    hts_pos_t beg;          /* position of its first base on the contig */
    const char *name;       /* "REF", "ALT", or "." */
    int at, n_ref, n_bases; /* for a variant: start of the allele, bases of REF, bases of the allele */
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
    int n; /* most targets per record: those with arrays and tracks */
    file_t table, scores;
    tfb_track_t **track;       /* (n) */
    tfb_overlay_t **overlay;   /* (n): the values for the tracks */
    tfb_npz_t **onehot, **hyp; /* (n) */
    khash_t(drawn) * drawn;    /* names of SVG files written */
    tfb_motifs_t *db;
    float *contrib;     /* (W) */
    const char *genome; /* its name, for figures */
    kstring_t path;
    double worst;   /* largest convergence delta */
    int64_t n_mean; /* overlapping regions of the track with the most */
} outputs_t;

/* The current record. */
typedef struct {
    const char *name, *contig;
    const variant_t *v; /* NULL: a sequence */
    const window_t *win;
    int n; /* windows */
} record_t;

/* Opens all files that the options name. Returns 0, or -1 (logged). */
int tfb_explain_out_open(outputs_t *out);
/* Writes the results of a record for target k of the panel, the t-th in its windows' hyp and logits.
 * Returns 0, or -1 (logged, or told when closing). */
int tfb_explain_out_put(outputs_t *out, const record_t *r, int t, int k);
/* Returns whether writing a table failed. Closing reports which one and why. */
int tfb_explain_out_failed(const outputs_t *out);
/* Completes the outputs, or removes them if ok is 0. Returns 0, or -1 (logged); always -1 if ok is 0. */
int tfb_explain_out_close(outputs_t *out, int ok);
void tfb_explain_out_free(outputs_t *out);
/* Returns the name of a method as text. */
const char *tfb_explain_method(tfb_method_t m);
/* Logs that memory ran out. Returns -1. */
int tfb_explain_no_memory(void);

/* ---- the whole (explain.c) ---- */

typedef struct {
    const tfb_explain_opt_t *o;
    tfb_session_t s;
    tfb_windows_t store;  /* the one or two windows of a record */
    tfb_variants_t maker; /* fills it */
    tfb_model_t *model;   /* for DeepLIFT and gradients */
    tfb_attrib_t *attrib;
    outputs_t out;
    int fixed;      /* targets are the same for all records */
    int *target, n; /* (T): panel targets in use for this record */
    int *output;    /* (T): the model's output of a panel target */
    int *chosen;    /* (T) outputs in use */
    uint8_t *refs, *work;
    int n_refs, own_refs;
    window_t win[2];
    kstring_t name, contig, seq, alleles;
    int64_t n_all, n_done, n_low, n_low_all;
} explainer_t;

/* Explains the n current windows: 1, or REF and ALT of v. Returns 0, or -1 (logged). */
int tfb_explain_record(explainer_t *a, int n, const variant_t *v);

/* ---- the readers (explain_read.c): 0, or -1 (logged) ---- */

int tfb_explain_bed(explainer_t *a);
int tfb_explain_fasta(explainer_t *a);
int tfb_explain_vcf(explainer_t *a);
/* Reads the references of DeepLIFT from a FASTA. */
int tfb_explain_references(explainer_t *a, const char *path);

#endif
