/* tfbind.h - transcription-factor binding from DNA, for other programs: open a model, score windows, score alleles.
 *
 *     tfbind_model_t *model;
 *     tfbind_scorer_t *scorer;
 *     if (tfbind_model_open(&model, "human.safetensors", "CTCF,SPI1") < 0 || tfbind_scorer_open(&scorer, model,
 * "hg38.fa") < 0) fprintf(stderr, "%s\n", tfbind_message());
 *
 * Link with `pkg-config --cflags --libs tfbind`; a whole program is in doc/example.c.
 *
 * Threads. A model is immutable once opened: any number of threads may use it at a time. A scorer holds a thread's
 * buffers: any number of them may share a model, each is for one thread at a time. The library starts no threads.
 *
 * Errors. Functions that can fail return 0 (TFBIND_OK) or a negative code; tfbind_message() has the words. After a
 * failure outputs are undefined, handles can go on being used. The library never ends the process and prints nothing,
 * unless tfbind_log_level() asks for it; messages that htslib prints about a damaged FASTA are up to
 * hts_set_log_level(). Scoring fails with TFBIND_E_FILE if a model gives scores that are not finite. The host's locale
 * changes nothing, and is not changed.
 *
 * Names. T is the number of targets of a model, W the bases of its windows. Scores are logits, row by row: z[i * T + t]
 * is that of window i and target t. Positions are 0-based. */
#ifndef TFBIND_H
#define TFBIND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFBIND_VERSION "0.1.0"

/* Of the library at run time, such as "0.1.0". */
const char *tfbind_version(void);

/* ---- errors ---- */

typedef enum {
    TFBIND_OK = 0,
    TFBIND_E_ARGUMENT = -1, /* NULL, a number out of its range, a sequence of the wrong length, ... */
    TFBIND_E_FILE = -2,     /* a file cannot be read, or is not what it should be */
    TFBIND_E_TARGET = -3,   /* the model has no target of that name */
    TFBIND_E_MEMORY = -4
} tfbind_error_t;

/* What was wrong with the last call that failed in this thread; "" where none has. Valid until this thread's next call
 * that can fail. */
const char *tfbind_message(void);
/* Also prints errors (0), warnings (1) or notes (2) on standard error; -1, the default, prints nothing. For the whole
 * process: call it before other threads use the library. */
void tfbind_log_level(int level);

/* ---- models ---- */

typedef struct tfbind_model_t tfbind_model_t;

/* Opens a model file, or several, comma-separated, that are scored together (a target that more than one knows is the
 * last one's). targets: comma-separated names, in the order wanted, or NULL for all. *model is NULL on failure. Release
 * with tfbind_model_close. */
int tfbind_model_open(tfbind_model_t **model, const char *paths, const char *targets);
/* Call it after the scorers of the model have been closed. NULL is fine. */
void tfbind_model_close(tfbind_model_t *model);
int tfbind_model_window(const tfbind_model_t *model);    /* W */
int tfbind_model_n_targets(const tfbind_model_t *model); /* T */
/* Name of target t in [0, T), owned by the model; NULL beyond. */
const char *tfbind_model_target(const tfbind_model_t *model, int t);

/* ---- scorers ---- */

typedef struct tfbind_scorer_t tfbind_scorer_t;

typedef enum {
    TFBIND_STRAND_BOTH = 0, /* the mean of the logits of a window and of its reverse complement: the default */
    TFBIND_STRAND_FWD = 1,
    TFBIND_STRAND_REV = 2
} tfbind_strand_t;

/* fasta: reference sequence, plain or bgzip, with an index beside it (one is made where the folder is writable); NULL
 * where only windows are scored. The model must outlive the scorer. *scorer is NULL on failure. Release with
 * tfbind_scorer_close. */
int tfbind_scorer_open(tfbind_scorer_t **scorer, const tfbind_model_t *model, const char *fasta);
void tfbind_scorer_close(tfbind_scorer_t *scorer); /* NULL is fine */
int tfbind_scorer_strand(tfbind_scorer_t *scorer, tfbind_strand_t strand);
/* N that an allele's window may hold: 0 to W; the default is 20, as of `tfbind annotate`. */
int tfbind_scorer_max_n(tfbind_scorer_t *scorer, int n);

/* Scores n windows.
 *   code   (n, W) 0 1 2 3 = A C G T, 4 = N
 *   z      (n, T) logits */
int tfbind_score_codes(tfbind_scorer_t *scorer, const uint8_t *code, size_t n, float *z);
/* The same from text.
 *   seq    n strings of W letters each, ACGT in either case, anything else as N */
int tfbind_score_text(tfbind_scorer_t *scorer, const char *const *seq, size_t n, float *z);

typedef struct {
    const char *contig;
    int64_t pos;           /* of REF's first base, 0-based: POS - 1 */
    const char *ref, *alt; /* as a VCF record has them; of several ALTs, each is a variant of its own */
} tfbind_variant_t;

/* Why alleles have no score. */
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
    TFBIND_SAME /* alt is ref: there is no change to score */
} tfbind_status_t;
/* In words, such as "too near a contig end"; NULL for a number that is none. */
const char *tfbind_status_text(int status);

/* Scores the REF and ALT alleles of n variants, each allele in the middle of its own window, as `tfbind annotate` does:
 * without the bases that ref and alt share, as `bcftools norm` trims them, so that a change has one score however it is
 * padded. Variants in genome order are read fastest, and neighbours that then have the same REF share its work. ref_z,
 * alt_z   (n, T) logits; NaN where status is not TFBIND_SCORED status         (n) An allele that cannot be scored is no
 * error. */
int tfbind_score_variants(tfbind_scorer_t *scorer, const tfbind_variant_t *variant, size_t n, float *ref_z,
                          float *alt_z, tfbind_status_t *status);

/* 1 / (1 + exp(-z)): the probability of binding, from a logit. */
float tfbind_probability(float z);

#ifdef __cplusplus
}
#endif

#endif
