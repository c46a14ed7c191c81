/* table.h - a command's options as a table with one row each, and the rows that several commands share. */
#ifndef TFB_TABLE_H
#define TFB_TABLE_H

#include "score/session.h"
#include <stddef.h>
#include <stdio.h>

typedef struct tfb_option_t tfb_option_t;
struct tfb_option_t {
    const char *name; /* NULL ends a table */
    int arg, id;      /* as struct option: 0 no value, 1 a value, 2 an optional value; a letter, or 0 */
    /* Stores a value in a command's arguments. Returns 0, or 1 (logged). */
    int (*set)(void *args, const tfb_option_t *row, const char *value);
    size_t to, also; /* offsets in the arguments of the fields to set */
    int number;      /* value to set `also` to */
    const char *const *words;
    int n_words;
    const char *(*listed)(void); /* for completion: words as "a, b, c", if they are in no array */
    const char *letters, *hint;  /* letters allowed; the same as text */
    double lo, hi;               /* limits of a number */
    /* For commands that take some options only for some inputs or together with others. */
    unsigned formats; /* 0: all */
    int group;
    const char *shown;    /* name in messages, if not -x or --name */
    int first_is_default; /* the first word is the default: it counts as not given */
};

enum { TFB_MAX_OPTIONS = 64, TFB_HELP = -1 };
/* `formats` and `group` of the options for tables of variants, which annotate shares with others. */
enum { TFB_FORMAT_TABLE = 32, TFB_GROUP_TABLES = 5 };

/* Parses all options in the order of argv, even after a wrong one. Stops at the first other argument if order is "+",
 * else skips such arguments. Sets given (TFB_MAX_OPTIONS), one flag per row, for the options that occur; the caller
 * clears it. Returns 0, 1 on an error (logged), or TFB_HELP at -h. */
int tfb_options_parse(const tfb_option_t *table, const char *order, void *args, int argc, char **argv, char *given);
/* Does the same with order "", and prints the usage at -h. given NULL: not needed. */
int tfb_cmd_parse(const tfb_option_t *table, void (*usage)(FILE *to), void *args, int argc, char **argv, char *given);
/* Returns the table that was parsed last, for completion. */
const tfb_option_t *tfb_options_last(void);
/* Returns the row of the option called name. */
int tfb_options_row(const tfb_option_t *table, const char *name);

/* Functions for `set`, by the type of the field: const char *, int, int64_t (or uint64_t) or double. */
int tfb_set_text(void *args, const tfb_option_t *row, const char *value);
/* A list of names: those in the file of "@FILE" become "a,b,c". The text lives until tfb_cmd_end. */
int tfb_set_names(void *args, const tfb_option_t *row, const char *value);
int tfb_set_flag(void *args, const tfb_option_t *row, const char *value);
int tfb_set_word(void *args, const tfb_option_t *row, const char *value);
int tfb_set_int(void *args, const tfb_option_t *row, const char *value);
int tfb_set_int64(void *args, const tfb_option_t *row, const char *value);
/* Also sets the int at `also`, unless that is 0, to 1. */
int tfb_set_double(void *args, const tfb_option_t *row, const char *value);
int tfb_set_threads(void *args, const tfb_option_t *row, const char *value);
int tfb_set_verbosity(void *args, const tfb_option_t *row, const char *value);

/* Common parts of rows. The type of a command's arguments must be called args_t. */
#define TFB_TO(field)              .to = offsetof(args_t, field)
#define TFB_TEXT(field)            .arg = 1, .set = tfb_set_text, TFB_TO(field)
#define TFB_FLAG(field)            .set = tfb_set_flag, TFB_TO(field)
#define TFB_INT(field, min, max)   .arg = 1, .set = tfb_set_int, TFB_TO(field), .lo = (min), .hi = (max)
#define TFB_INT64(field, min, max) .arg = 1, .set = tfb_set_int64, TFB_TO(field), .lo = (min), .hi = (max)
#define TFB_NUM(field, min, max)   .arg = 1, .set = tfb_set_double, TFB_TO(field), .lo = (min), .hi = (max)
#define TFB_WORD(field, list, n)   .arg = 1, .set = tfb_set_word, TFB_TO(field), .words = (list), .n_words = (n)

/* ---- options that several commands share: a row, and its line of usage text if all have the same ---- */

#define TFB_OPTION_MODEL(field)   "model", .id = 'm', TFB_TEXT(field)
#define TFB_OPTION_FASTA(field)   "fasta-ref", .id = 'f', TFB_TEXT(field)
#define TFB_OPTION_LABELS(field)  "labels", .id = 'l', TFB_TEXT(field)
#define TFB_OPTION_CHROMS(field)  "chroms", TFB_TEXT(field)
#define TFB_OPTION_TF(field)      "tf", .arg = 1, .set = tfb_set_names, TFB_TO(field)
#define TFB_OPTION_PREFIX(field)  "prefix", TFB_TEXT(field)
#define TFB_OPTION_STRAND(field)  "strand", TFB_WORD(field, tfb_strand_name, 3)
#define TFB_OPTION_MAX_N(field)   "max-n", TFB_INT(field, 0, TFB_MAX_WINDOW)
#define TFB_OPTION_DB(field)      "db", TFB_TEXT(field)
#define TFB_OPTION_SEED(field)    "seed", TFB_INT64(field, 0, INT32_MAX)
#define TFB_OPTION_OUTPUT(field)  "output", .id = 'o', TFB_TEXT(field)
#define TFB_OPTION_THREADS(field) "threads", .id = '@', .arg = 1, .set = tfb_set_threads, TFB_TO(field)
#define TFB_OPTION_VERBOSITY      "verbosity", .id = 'v', .arg = 1, .set = tfb_set_verbosity
#define TFB_OPTION_HELP           "help", .id = 'h'

/* For training: 0, the default, stays 0; tfb_ranks_threads replaces it by this rank's share of the processors. */
#define TFB_OPTION_RANK_THREADS(field) "threads", .id = '@', TFB_INT(field, 0, TFB_MAX_THREADS)

#define TFB_OPTION_STATS(field)     "stats", TFB_TEXT(field)
#define TFB_OPTION_PRECISION(field) "precision", TFB_WORD(field, tfb_precision_name, TFB_N_PRECISIONS)
/* The rows of commands that score, into a tfb_session_opt_t. */
/* clang-format off */
#define TFB_OPTIONS_SESSION(field)   \
    {TFB_OPTION_MODEL(field.model)}, \
    {TFB_OPTION_FASTA(field.fasta)}, \
    {TFB_OPTION_TF(field.tf)}, \
    {TFB_OPTION_STRAND(field.strand)}, \
    {TFB_OPTION_PRECISION(field.precision)}, \
    {TFB_OPTION_MAX_N(field.max_n)}, \
    {TFB_OPTION_THREADS(field.threads)}, \
    TFB_OPTIONS_CELL(field.expressed)
/* Those of open chromatin, into a tfb_open_opt_t. */
#define TFB_OPTION_OPEN(field)     "open", TFB_TEXT(field.path)
#define TFB_OPTION_OPEN_MIN(field) "open-min", TFB_NUM(field.min, 0, 1e30), .also = offsetof(args_t, field.has_min)
/* Those of an expression table, into a tfb_expressed_opt_t. */
#define TFB_OPTIONS_CELL(field) \
    {"expressed", TFB_TEXT(field.path)}, \
    {"min-tpm", TFB_NUM(field.min_tpm, 0, 1e9), .also = offsetof(args_t, field.has_min)}, \
    {"tissue", TFB_TEXT(field.tissue)}, \
    {"genes", TFB_TEXT(field.genes)}
/* Those of tables of variants, into a tfb_assoc_opt_t. */
#define TFB_FOR_TABLES .formats = TFB_FORMAT_TABLE, .group = TFB_GROUP_TABLES
#define TFB_OPTIONS_ASSOC(field) \
    {"format", TFB_TEXT(field.format), TFB_FOR_TABLES}, \
    {"columns", TFB_TEXT(field.columns), TFB_FOR_TABLES}, \
    {"dbsnp", TFB_TEXT(field.dbsnp), TFB_FOR_TABLES}, \
    {"strict", TFB_FLAG(field.strict), TFB_FOR_TABLES}, \
    {"drop-ambiguous", TFB_FLAG(field.drop_ambiguous), TFB_FOR_TABLES}
/* clang-format on */

#define TFB_USAGE_MODELS                                                                                         \
    "  -m, --model LIST         models, comma-separated: installed ones by name (tfbind model --installed),\n"   \
    "                           files, or folders of models. If several predict a TF, the last one wins (in a\n" \
    "                           folder: the one with the fewest TFs) [human]\n"
#define TFB_USAGE_FASTA  "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
#define TFB_USAGE_LABELS "  -l, --labels FILE        regions and labels, as for pretrain\n"
#define TFB_USAGE_CELL                                                                                               \
    "      --expressed FILE     only TFs that the cell has: a table of symbols and TPM (GTEx's GCT, RSEM's or any\n" \
    "                           with such columns); see tfbind-annotate(1)\n"                                        \
    "      --min-tpm NUM        least TPM of such a TF [1]\n"                                                        \
    "      --tissue NAME        column of the table, e.g. Liver [TPM]\n"                                             \
    "      --genes FILE         table of gene_id and symbol, if the first one has no symbols\n"
#define TFB_USAGE_ASSOC                                                                                             \
    "      --format NAME        format of the table; `tfbind tables --list` lists them [by its header]\n"           \
    "      --columns LIST       columns by name or number, for other tables: chrom=..,pos=..,effect=..,other=..;\n" \
    "                           fields: chrom, pos, effect, other, ref, alt, variant, rsid, id, beta, or, se, p,\n" \
    "                           lp (-log10 p), af, n, pip, cs, test\n"                                              \
    "      --dbsnp FILE         VCF of dbSNP: finds the positions of rsIDs\n"                                       \
    "      --strict             fail at the first row that cannot be used [leave it out and count it]\n"            \
    "      --drop-ambiguous     leave out A/T and C/G SNVs, and indels that fit both ways [keep and count them]\n"
#define TFB_USAGE_OPEN_MIN  "      --open-min NUM       for a bigWig: values of at least NUM are open\n"
#define TFB_USAGE_STRAND    "      --strand WHICH       both, fwd or rev [both: the mean of the logits]\n"
#define TFB_USAGE_PREFIX    "      --prefix STR         prefix of the tag names [TFB]\n"
#define TFB_USAGE_THREADS   "  -@, --threads INT        total number of threads; 0: all processors [1]\n"
#define TFB_USAGE_VERBOSITY "  -v, --verbosity INT      0 errors, 1 warnings, 2 summaries [2]\n"
#define TFB_USAGE_STATS                                                                                         \
    "      --stats FILE         write counts, reasons, calls by TF, models, version and seconds: JSON if the\n" \
    "                           name ends in .json, else a table\n"
#define TFB_USAGE_HELP "  -h, --help               print this text\n"

#define TFB_USAGE_PRECISION                                                                                          \
    "      --precision float32|bfloat16|int8  of the products: the lower ones are faster and less exact, and need\n" \
    "                           a processor with AMX, AVX-512 BF16 or VNNI [float32]\n"

#endif
