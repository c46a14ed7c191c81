/* tags.h - the tags that annotate writes into VCF and BCF: one row each.
 *
 * The header, the writer and the code that removes an earlier run's tags loop over this table, so a new
 * tag is a row in tags.c and a function for its value. Within a group, rows stand in the order in which
 * tags are written. */
#ifndef TFB_TAGS_H
#define TFB_TAGS_H

#include "annotate/phased.h"
#include "genome/open.h"
#include "score/effect.h"
#include "score/session.h"
#include "score/variant.h"
#include <htslib/kstring.h>
#include <htslib/vcf.h>

/* Which tags are written together. Those of the first two groups come once for the summary, or once for each TF. */
typedef enum { TFB_TAGS_OF_ALT, TFB_TAGS_OF_HAPLOTYPES, TFB_TAGS_OF_RECORD, TFB_TAG_GROUPS } tfb_tag_group_t;

enum { TFB_TAG_OF_SUMMARY = 1, TFB_TAG_OF_TF = 2 };

/* What a tag needs: properties of the model, or options. */
enum {
    TFB_NEEDS_CALIBRATION = 1,
    TFB_NEEDS_THRESHOLDS = 2,
    TFB_NEEDS_HAPLOTYPES = 4,
    TFB_NEEDS_CSQ = 8,
    TFB_NEEDS_PHRED = 16,
    TFB_NEEDS_OPEN = 32
};

/* Data shared by all records. */
typedef struct {
    const tfb_effect_opt_t *effect;
    const tfb_panel_t *panel;
    tfb_strand_t strand;
    const tfb_session_opt_t *session; /* NULL: no limits */
    const tfb_open_opt_t *open_by;    /* the file that open was read from */
    tfb_open_t *open;                 /* NULL: none */
    int per_tf;                       /* --tf: tags for each TF, not for the summary */
    unsigned have;                    /* the TFB_NEEDS_* that this run has */
} tfb_tag_run_t;

/* An ALT of a record. */
typedef struct {
    const tfb_tag_run_t *run;
    int t;                      /* TF that the tag is for; -1: none changes enough, or the ALT is not scored */
    const float *z_ref, *z_alt; /* (T) logits; NULL: the ALT is not scored */
    const char *allele;         /* as in the record */
    const char *contig;
    tfb_change_t change; /* trimmed; only if the ALT is scored */
    int i, window;       /* index among the record's ALTs, from 0; its window, -1 = none */
    const tfb_phased_rec_t *hap;
    const tfb_windows_t *windows;
} tfb_tag_alt_t;

typedef struct {
    const char *suffix, *number, *type; /* last part of the name ("": none), Number and Type in the header */
    int field;                          /* BCF_HL_INFO or BCF_HL_FMT */
    tfb_tag_group_t group;
    int scope;      /* TFB_TAG_OF_SUMMARY, TFB_TAG_OF_TF or both */
    unsigned needs; /* TFB_NEEDS_* */
    /* One of these: the Description, a sentence with %s for the TF, to which the model is added; or a
     * function that writes it for target t (-1: the summary) to what, which has m characters. */
    const char *says;
    void (*describe)(const tfb_tag_run_t *run, int t, char *what, size_t m);
    /* One of these; neither: FORMAT, the score of each haplotype. Number=R: REF is an ALT that equals REF. */
    /* Returns a value; one that is not finite is written as missing. For Type=Integer it is a small whole number. */
    float (*number_of)(const tfb_tag_alt_t *a);
    int (*text_of)(const tfb_tag_alt_t *a, kstring_t *s); /* appends, "." if missing; returns whether it has a value.
                                                           * s has room: see TFB_TAG_TEXT */
    int (*is_ours)(const tfb_tag_run_t *run,
                   const char *); /* returns whether a run of the same kind wrote this Description, for tags whose name
                                     two kinds share; or NULL */
} tfb_tag_t;

enum { TFB_TAG_TEXT = 256 }; /* most that text_of appends, without the names of the allele and the TF */

extern const tfb_tag_t tfb_tags[];
extern const int tfb_n_tags;
/* Writes the Description of a tag for target t (-1: the summary) to what, of m characters. */
void tfb_tag_describe(const tfb_tag_t *tag, const tfb_tag_run_t *run, int t, char *what, size_t m);

#endif
