/* labels.h - labels.bed.gz + FASTA -> examples in memory: 2 bits a base, 2 bits a label.
 *
 * The labels file: `#chrom start end name TF1 TF2 ...`, then one region a line, 0-based
 * half-open, sorted by start within a contig, each contig in one block; values 1 (bound), 0
 * (unbound), . (unresolved). Plain, gzip or bgzip. */
#ifndef TFB_LABELS_H
#define TFB_LABELS_H

#include "genome/fasta.h"

#define TFB_UNBOUND 0
#define TFB_BOUND   1
#define TFB_NULL    2 /* unresolved */

/* ---- streaming reader ---- */
typedef struct tfb_labels_t tfb_labels_t;
typedef struct {
    const char *contig, *name; /* valid until the next read */
    hts_pos_t beg, end;
    const uint8_t *label; /* n_tfs labels: TFB_UNBOUND, TFB_BOUND, TFB_NULL */
    int64_t line;         /* 1-based line number, for messages */
} tfb_region_t;

tfb_labels_t *tfb_labels_open(const char *path); /* NULL on failure (logged) */
int tfb_labels_n_tfs(const tfb_labels_t *l);
char *const *tfb_labels_tfs(const tfb_labels_t *l); /* names, owned by l */
/* Reads a region. Returns 1, 0 at the end, or -1 if the file is malformed, unsorted or truncated (logged: file:line:
 * what). */
int tfb_labels_next(tfb_labels_t *l, tfb_region_t *r);
void tfb_labels_close(tfb_labels_t *l);

/* ---- examples ---- */
typedef struct {
    int window;       /* W, bases of a region */
    int n_targets;    /* T */
    char **targets;   /* T names */
    int64_t n;        /* regions */
    int seq_stride;   /* bytes per sequence: ceil(W / 4) */
    int lab_stride;   /* bytes of labels per region: ceil(T / 4) */
    uint8_t *seq;     /* (n, seq_stride): base w in bits 2*(w%4).. of byte w/4 */
    uint8_t *lab;     /* (n, lab_stride): label t likewise */
    uint16_t *contig; /* (n): index into contigs */
    uint32_t *beg;    /* (n): start of the region (contigs are below 4 Gb) */
    char **contigs;   /* n_contigs names in the order of the file */
    int n_contigs;
    int64_t n_dropped_n;    /* regions skipped for an N in their sequence */
    int64_t n_labelled;     /* number of regions of the labels file, which come first; the rest are unlabelled */
    int64_t n_dropped_null; /* regions skipped as unresolved for every target (with complete: for any target) */
    char digest[65];        /* SHA-256 over targets, coordinates, sequences and labels kept */
} tfb_examples_t;

typedef struct {
    const char *fasta, *labels;
    char *const *targets; /* NULL: all TFs of the file */
    int n_targets;
    int complete;        /* keep only regions resolved for all targets */
    char *const *chroms; /* use only regions on these contigs; NULL: all */
    int n_chroms;
    int window;             /* 0: the width of the first region; regions of another width are an error */
    const char *unlabelled; /* BED or narrowPeak: windows around the middle or summit of its intervals, unresolved for
                               all targets, follow the labelled ones; or NULL */
} tfb_examples_opt_t;

/* Reads all examples. An unknown target or contig is an error that suggests the nearest name.
 * Returns NULL on failure (logged with file and line). */
tfb_examples_t *tfb_examples_load(const tfb_examples_opt_t *opt);
void tfb_examples_destroy(tfb_examples_t *e);
/* Writes the codes of example i to code (W bytes), reverse-complemented if rev. */
void tfb_examples_codes(const tfb_examples_t *e, int64_t i, int rev, uint8_t *code);
/* Writes the labels of example i to label (T bytes). */
void tfb_examples_labels(const tfb_examples_t *e, int64_t i, uint8_t *label);
static inline int tfb_examples_label(const tfb_examples_t *e, int64_t i, int t)
{
    return e->lab[(size_t)i * e->lab_stride + (t >> 2)] >> (2 * (t & 3)) & 3;
}

/* ---- splits ---- */
enum { TFB_TRAIN = 0, TFB_VALID = 1, TFB_TEST = 2 };
/* Sets part (n) to TFB_TRAIN, TFB_VALID or TFB_TEST. If lists are given, splits by contig
 * (comma-separated, each may be NULL; names absent from the examples are errors); otherwise by a
 * shuffle seeded with seed: 80 / 10 / 10 %. Returns 0, or -1 (logged). */
int tfb_examples_split(const tfb_examples_t *e, const char *valid, const char *test, uint64_t seed, uint8_t *part);

#endif
