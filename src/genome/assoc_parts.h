/* assoc_parts.h - the parts of assoc: the layout of a table, its rows, and their order. Only for assoc*.c. */
#ifndef TFB_ASSOC_PARTS_H
#define TFB_ASSOC_PARTS_H

#include "genome/assoc.h"
#include "genome/lines.h"

/* ---- the layout: which column is which field (assoc_formats.c) ---- */

typedef enum {
    TFB_FIELD_CHROM,
    TFB_FIELD_POS,
    TFB_FIELD_EFFECT, /* the allele of effect and frequency */
    TFB_FIELD_OTHER,  /* the other allele */
    TFB_FIELD_REF,    /* these two also serve as the other and the effect allele */
    TFB_FIELD_ALT,
    TFB_FIELD_WHICH,   /* GWAS-SSF's ref_allele: EA or OA */
    TFB_FIELD_VARIANT, /* chrom:pos:ref:alt, or with _ */
    TFB_FIELD_RSID,
    TFB_FIELD_ID,
    TFB_FIELD_BETA,
    TFB_FIELD_OR,
    TFB_FIELD_SE,
    TFB_FIELD_P,
    TFB_FIELD_LP, /* -log10 p */
    TFB_FIELD_AF,
    TFB_FIELD_SS,
    TFB_FIELD_PIP,
    TFB_FIELD_CS,
    TFB_FIELD_TEST, /* only rows with ADD, the additive effect, are read */
    TFB_FIELDS
} tfb_field_t;

typedef struct tfb_layout_format_t tfb_layout_format_t;
typedef struct {
    const tfb_layout_format_t *format;
    char sep;               /* tab, comma, or space: any number of blanks */
    int n_columns;          /* of the first line */
    int headerless;         /* the first line is a row */
    int column[TFB_FIELDS]; /* from 0; -1: none */
    int last;               /* the last of them */
    char *name[TFB_FIELDS]; /* of these columns in the file, for messages */
} tfb_layout_t;

/* Finds the columns by the first line of a table. Zero t first. Returns 0, or -1 (logged). */
int tfb_layout_make(tfb_layout_t *t, const tfb_lines_t *in, const tfb_assoc_opt_t *o);
void tfb_layout_free(tfb_layout_t *t);
/* Splits a line in place. Writes the first m fields to field. Returns the number of fields. */
int tfb_layout_split(char sep, char *line, char **field, int m);
const char *tfb_layout_name(const tfb_layout_t *t);
/* Appends the columns in the form of --columns. */
void tfb_layout_list(const tfb_layout_t *t, kstring_t *s);
/* Returns the number that the format uses for the mitochondrion: 25 or 26. */
int tfb_layout_mt(const tfb_layout_t *t);
/* Returns whether the format leaves open which allele has the effect. */
int tfb_layout_no_effect(const tfb_layout_t *t);

/* ---- rows (assoc_row.c) ---- */

/* Texts of a row. */
typedef enum { TFB_ROW_EFFECT, TFB_ROW_OTHER, TFB_ROW_ID, TFB_ROW_RSID, TFB_ROW_CS, TFB_ROW_TEXTS } tfb_row_text_t;

/* A row, and after it its texts, each with its zero byte. */
typedef struct {
    hts_pos_t pos; /* from 0 */
    int64_t line;
    int32_t contig; /* of the FASTA */
    int32_t size;   /* bytes of this and the texts, a multiple of 8 */
    float es, se, lp, af, pip;
    int32_t ss;                 /* bcf_int32_missing: missing, as the BCF's missing values of the others */
    int32_t ref;                /* which allele the table calls REF: TFB_ROW_EFFECT or TFB_ROW_OTHER; -1: unknown */
    uint32_t at[TFB_ROW_TEXTS]; /* offsets of the texts */
} tfb_assoc_row_t;

static inline const char *tfb_row_text(const tfb_assoc_row_t *r, tfb_row_text_t k)
{
    return (const char *)r + r->at[k];
}

/* Why a row is left out. */
typedef enum {
    TFB_LEFT_NOT = 0,
    TFB_LEFT_TEST,
    TFB_LEFT_POS,
    TFB_LEFT_DBSNP,
    TFB_LEFT_CONTIG,
    TFB_LEFT_EDGE,
    TFB_LEFT_ALLELES,
    TFB_LEFT_ACGT,
    TFB_LEFT_SAME,
    TFB_LEFT_MISMATCH,
    TFB_LEFT_AMBIGUOUS,
    TFB_LEFT_REASONS
} tfb_left_t;

typedef struct {
    int64_t read, written, turned, flipped, ambiguous, masked, zero_p, no_effect, several;
    int64_t mirrored,
        not_mirrored; /* A/T and C/G SNVs that the FASTA has, or has not: the strand makes no difference */
    int64_t left[TFB_LEFT_REASONS];
    char *contig; /* the first that the FASTA does not have */
} tfb_assoc_count_t;

typedef struct {
    tfb_lines_t in;
    tfb_layout_t layout;
    tfb_fasta_t *fasta;
    const tfb_assoc_opt_t *o;
    tfb_assoc_count_t *count;
    char **field; /* (layout.last + 1) */
    char *chrom;  /* the last contig's name, and its index */
    int contig;
    int again;         /* the current line is a row that has not been read */
    kstring_t alleles; /* the parts of a variant's name */
    kstring_t row;     /* a tfb_assoc_row_t */
} tfb_rows_in_t;

/* Opens a table. Zero r first, but for o, fasta and count. Returns 0, or -1 (logged). */
int tfb_rows_in_open(tfb_rows_in_t *r, const char *path);
void tfb_rows_in_close(tfb_rows_in_t *r);
/* Reads the next row into r->row. *why is TFB_LEFT_NOT, or why it has no position: TFB_LEFT_POS with an rsID if dbSNP
 * may have one. Rows that cannot be used are counted and skipped. Returns 1, 0 at the end, or -1 (logged). */
int tfb_rows_in_next(tfb_rows_in_t *r, tfb_left_t *why);
/* Counts a row that is left out. contig: its name, or NULL. Returns 0, or -1 with --strict (logged). */
int tfb_row_leave(tfb_assoc_count_t *n, tfb_left_t why, const char *contig, int strict, const char *path, int64_t line);
/* Makes the row in s from a row and its texts. s must not hold r. Returns 0, or -1 on lack of memory (logged). */
int tfb_row_pack(kstring_t *s, const tfb_assoc_row_t *r, const char *const text[TFB_ROW_TEXTS]);
const char *tfb_left_text(tfb_left_t why);
/* Returns the FASTA's index of a contig with this name, number (X is 23) or RefSeq accession; -1: none. */
int tfb_assoc_contig(tfb_fasta_t *f, const char *name, int mt);

/* ---- order (assoc_sort.c) ---- */

typedef struct tfb_sorter_t tfb_sorter_t;
/* Sorts rows by contig, position and line. Keeps about `memory` bytes, the rest in an unnamed file in the folder tmp.
 * Returns NULL on failure (logged). */
tfb_sorter_t *tfb_sorter_open(int64_t memory, const char *tmp);
/* Adds a row. Returns 0, or -1 (logged). */
int tfb_sorter_add(tfb_sorter_t *s, const tfb_assoc_row_t *r);
/* Returns the number of rows added. */
int64_t tfb_sorter_n(const tfb_sorter_t *s);
/* Ends adding. Returns 0, or -1 (logged). */
int tfb_sorter_end(tfb_sorter_t *s);
/* Sets *r to the next row, which stays until the next call. Returns 1, 0 at the end, or -1 (logged). */
int tfb_sorter_next(tfb_sorter_t *s, const tfb_assoc_row_t **r);
void tfb_sorter_close(tfb_sorter_t *s);

/* ---- rsIDs (dbsnp.c) ---- */

typedef struct tfb_dbsnp_t tfb_dbsnp_t;
tfb_dbsnp_t *tfb_dbsnp_open(void);
/* Keeps a row without a position, which has an rsID. Returns 0, or -1 (logged). */
int tfb_dbsnp_add(tfb_dbsnp_t *d, const tfb_assoc_row_t *r);
/* Looks up all of them in a VCF, and adds those found to s. Rows without alleles get a row for each ALT. Others are
 * counted. path: the table, for messages. Returns 0, or -1 (logged). */
int tfb_dbsnp_find(tfb_dbsnp_t *d, const tfb_rows_in_t *in, const char *path, tfb_sorter_t *s);
void tfb_dbsnp_close(tfb_dbsnp_t *d);

#endif
