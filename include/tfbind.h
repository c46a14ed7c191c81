/* tfbind.h - predicts transcription-factor binding from DNA, for other programs: open a model, score windows or
 * alleles.
 *
 *     tfbind_model_t *model;
 *     tfbind_scorer_t *scorer;
 *     if (tfbind_model_open(&model, "human.safetensors", "CTCF,SPI1") < 0 ||
 *         tfbind_scorer_open(&scorer, model, "hg38.fa") < 0)
 *         fprintf(stderr, "%s\n", tfbind_message());
 *
 * Link with `pkg-config --cflags --libs tfbind`. doc/example.c is a complete program.
 *
 * Threads. A model does not change after it is opened, and any number of threads may use it at the same time. A scorer
 * holds buffers: any number of scorers may share a model, but only one thread at a time may use a scorer. The library
 * starts no threads.
 *
 * Errors. Functions that can fail return 0 (TFBIND_OK) or a negative code; tfbind_message() returns the text. After a
 * failure the outputs are undefined, but handles remain usable. The library never ends the process. It prints nothing
 * unless tfbind_log_level() enables messages; htslib may print messages about a damaged FASTA, which
 * hts_set_log_level() controls. Scoring fails with TFBIND_E_FILE if a model gives scores that are not finite. The
 * library neither depends on the locale nor changes it.
 *
 * Names. T is the number of targets of a model, and W is the number of bases in its windows. Scores are logits, in
 * rows: z[i * T + t] is the score of window i for target t. Positions are 0-based. */
#ifndef TFBIND_H
#define TFBIND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFBIND_VERSION "0.1.0"

/* Returns the version of the library at run time, such as "0.1.0". */
const char *tfbind_version(void);

/* ---- errors ---- */

typedef enum {
    TFBIND_OK = 0,
    TFBIND_E_ARGUMENT = -1, /* NULL, a number out of its range, a sequence of the wrong length, ... */
    TFBIND_E_FILE = -2,     /* a file cannot be read, or is not valid */
    TFBIND_E_TARGET = -3,   /* the model has no target of that name */
    TFBIND_E_MEMORY = -4,
    TFBIND_E_PROCESSOR = -5 /* this processor does not have the precision */
} tfbind_error_t;

/* Returns the message of the last call that failed in this thread, or "" if none did. Valid until this thread's next
 * call that can fail. */
const char *tfbind_message(void);
/* Sets which messages are printed to standard error: -1 none (the default), 0 errors, 1 also warnings, 2 also notes.
 * Applies to the whole process: call it before other threads use the library. */
void tfbind_log_level(int level);

/* ---- models ---- */

typedef struct tfbind_model_t tfbind_model_t;

/* Opens a model, or several (comma-separated) to score together. If several predict a target, the last one wins.
 * paths: files, folders, or names of installed models, such as "human", which are looked for in the folders of the
 * environment variable TFBIND_MODELS (separated by colons), then where tfbind is installed; NULL: "human".
 * targets: comma-separated names, which set the order of scores; NULL: all. Sets *model, or NULL on failure. Close it
 * with tfbind_model_close. */
int tfbind_model_open(tfbind_model_t **model, const char *paths, const char *targets);

/* Precision of the products. The lower ones are faster and less exact (doc/speed.md); scores of one precision do not
 * depend on how many windows are scored together. */
typedef enum {
    TFBIND_FLOAT32 = 0,
    TFBIND_BFLOAT16 = 1, /* needs AMX-BF16 or AVX-512 BF16 */
    TFBIND_INT8 = 2 /* needs AMX-INT8, AVX-512 VNNI or AVX-VNNI, and a model that `tfbind model --calibrate` made */
} tfbind_precision_t;
/* Opens a model as tfbind_model_open does, to score in a precision. Models of several precisions can be open. */
int tfbind_model_open_as(tfbind_model_t **model, const char *paths, const char *targets, tfbind_precision_t precision);
/* Closes a model. Close its scorers first. model may be NULL. */
void tfbind_model_close(tfbind_model_t *model);
int tfbind_model_window(const tfbind_model_t *model);    /* W */
int tfbind_model_n_targets(const tfbind_model_t *model); /* T */
/* Returns the name of target t, owned by the model; NULL if t is not in [0, T). */
const char *tfbind_model_target(const tfbind_model_t *model, int t);

/* ---- scorers ---- */

typedef struct tfbind_scorer_t tfbind_scorer_t;

typedef enum {
    TFBIND_STRAND_BOTH = 0, /* mean of the logits of a window and its reverse complement (default) */
    TFBIND_STRAND_FWD = 1,
    TFBIND_STRAND_REV = 2
} tfbind_strand_t;

/* Opens a scorer. fasta: reference sequence, plain or bgzip, with an index beside it (if there is none and the folder
 * is writable, one is made); NULL: only windows will be scored. The model must outlive the scorer. Sets *scorer, or
 * NULL on failure. Close it with tfbind_scorer_close. */
int tfbind_scorer_open(tfbind_scorer_t **scorer, const tfbind_model_t *model, const char *fasta);
void tfbind_scorer_close(tfbind_scorer_t *scorer); /* Closes a scorer, which may be NULL. */
int tfbind_scorer_strand(tfbind_scorer_t *scorer, tfbind_strand_t strand);
/* Sets the largest number of Ns in an allele's window, 0 to W. The default is 20, as in `tfbind annotate`. */
int tfbind_scorer_max_n(tfbind_scorer_t *scorer, int n);

/* Scores n windows.
 *   code   (n, W) 0 1 2 3 = A C G T, 4 = N
 *   z      (n, T) logits */
int tfbind_score_codes(tfbind_scorer_t *scorer, const uint8_t *code, size_t n, float *z);
/* Scores n windows given as text.
 *   seq    n strings of W letters each: ACGT in either case; any other letter is an N */
int tfbind_score_text(tfbind_scorer_t *scorer, const char *const *seq, size_t n, float *z);

typedef struct {
    const char *contig;
    int64_t pos;           /* position of REF's first base, 0-based: POS - 1 */
    const char *ref, *alt; /* alleles as in a VCF record; each ALT is a separate variant */
} tfbind_variant_t;

/* Status of a variant: scored, or why not. */
typedef enum {
    TFBIND_SCORED = 0,
    TFBIND_SYMBOLIC,
    TFBIND_STAR,
    TFBIND_BREAKEND,
    TFBIND_NOT_ACGT,
    TFBIND_NO_CONTIG,
    TFBIND_EDGE,
    TFBIND_MANY_N,
    TFBIND_REF_MISMATCH,
    TFBIND_SAME /* alt equals ref: there is no change to score */
} tfbind_status_t;
/* Returns the text of a status, such as "too near a contig end"; NULL if the number is not a status. */
const char *tfbind_status_text(int status);

/* Scores the REF and ALT alleles of n variants as `tfbind annotate` does, each in the middle of its own window. Bases
 * that ref and alt share are trimmed as by `bcftools norm`, so padding does not change the score. Variants in genome
 * order are fastest: neighbours with the same REF share its work. An allele that cannot be scored is not an error.
 *   ref_z, alt_z   (n, T) logits; NaN if the status is not TFBIND_SCORED
 *   status         (n) */
int tfbind_score_variants(tfbind_scorer_t *scorer, const tfbind_variant_t *variant, size_t n, float *ref_z,
                          float *alt_z, tfbind_status_t *status);

/* Returns the rank of the combined change of all TFs from a variant's logits (T): -10 log10 of the share of random SNVs
 * with at least this change; 10, 20 and 30 are the top 10, 1 and 0.1 %. NaN if a logit is, if the model is not
 * calibrated for it, if several models are open, or if not all targets are. */
double tfbind_phred(const tfbind_model_t *model, const float *ref_z, const float *alt_z);

/* Returns the probability of binding for a logit: 1 / (1 + exp(-z)). */
float tfbind_probability(float z);

#ifdef __cplusplus
}
#endif

#endif
