/* enrich_parts.h - the parts of enrich, each with its struct: the set of variants, the reader, the
 * statistics. Only for enrich*.c. */
#ifndef TFB_ENRICH_PARTS_H
#define TFB_ENRICH_PARTS_H

#include "annotate/enrich.h"
#include "genome/draw.h"
#include "genome/records.h"
#include "score/session.h"
#include "score/variant.h"
#include <htslib/khash.h>
#include <htslib/kstring.h>
#include <htslib/vcf.h>

/* cppcheck-suppress unknownMacro */
KHASH_MAP_INIT_INT64(hits, int64_t)
KHASH_SET_INIT_INT64(rest)

/* ---- the set (enrich_set.c) ---- */

typedef struct {
    int contig, hit, stratum; /* stratum: permutations stay within it; -1: not used */
    int down;                 /* REF raises the trait: reverse the sign of changes */
    hts_pos_t pos;
    char *ref, *alt; /* one allocation */
    uint64_t key;    /* tfb_variant_key */
    double w;        /* a hit's weight; 0 for the background */
    float *v;        /* (T) changes of probability; NULL: not known */
} variant_t;

typedef struct {
    char **contigs;
    int n_contigs;
    variant_t *var;
    int m;
    int64_t n, n_hits, n_background_seen, max_background;
    khash_t(hits) * hits; /* every hit's key -> its place in var, or -1: it is left out of hits and background */
    khash_t(rest) * rest; /* keys of the background, also of what was not sampled */
    tfb_rng_t rng;
    int sets; /* each hit and its own background form a stratum */
    int64_t n_unmatched, n_not_finite;
} set_t;

int tfb_set_open(set_t *s, int64_t max_background, uint64_t seed);
void tfb_set_free(set_t *s);
/* Returns the index of a contig's name, and adds the name if it is new; -1 if memory runs out. */
int tfb_set_contig(set_t *s, const char *name);
void tfb_set_release(variant_t *v);
/* Sets *to to a place for one more variant. If the background is full, that is another variant's place, or
 * *to is NULL. Returns 0, or -1 (logged). */
int tfb_set_place(set_t *s, int hit, variant_t **to);
/* Fills *v with a change. Variants are kept trimmed, as they are scored. Returns 0, or -1 (logged). */
int tfb_set_fill(set_t *s, variant_t *v, const char *contig, const tfb_change_t *c, int hit, double w);
/* For qsort: by contig, position and alleles. */
int tfb_set_by_place(const void *x, const void *y);
/* Adds a random SNV to the background, unless it is a hit or already present. Returns 1 if it was added,
 * 0, or -1 (logged). *it is released or handed on. */
int tfb_set_add_random(set_t *s, variant_t *it);
/* Removes variants of the background that turned out to be hits later. Returns their number. */
int64_t tfb_set_drop_hits(set_t *s);

/* Shared by all parts. */
typedef struct {
    const tfb_enrich_opt_t *o;
    tfb_session_t s;
    tfb_regions_t *regions;
    set_t set;
} study_t;

/* ---- the reader (enrich_read.c, enrich_tags.c) ---- */

enum { HITS_ONLY = 0, REST_ONLY, BOTH }; /* role of a file; BOTH: LP decides per record */
enum { SUMMARY = 1, PER_TF = 2 };        /* kinds of tags */
enum { TFB_AF_BINS = 20 };               /* bins of the minor allele's frequency: 0.025 wide */

/* A VCF or a table in use. */
typedef struct {
    const char *path;
    htsFile *fp;
    tfb_records_t *table; /* the same of a table, which owns hdr */
    tfb_assoc_opt_t how;  /* a table is read */
    bcf_hdr_t *hdr;
    int role, sample; /* its role; the sample whose FORMAT values are read */
    int kinds, n_tfs; /* kinds of tags; number of the panel's TFs with tags in it */
    int64_t n;        /* records read */
} source_t;

typedef struct {
    const tfb_enrich_opt_t *o;
    tfb_session_t *s;
    set_t *set;
    const tfb_regions_t *regions;
    source_t in[2]; /* hits; background, if it is a file */
    int tags;       /* SUMMARY or PER_TF; 0: alleles are scored */
    char *as_read;  /* the last contig's names in its file and in the FASTA */
    const char *as_fasta;
    int64_t n_elsewhere, n_weightless, n_no_lp, n_no_es, n_no_af, n_bad_af, n_both, n_same;
    int64_t n_repeated[2]; /* repeats in the background, in the hits */
    /* of the record being read */
    float *f;
    int32_t *i;
    int m_f, m_i;
    char *text;
    int m_text;
    kstring_t tag;
    int noted_build; /* warned that builds differ */
} reader_t;

/* Returns the name of the tag whose values decide what is a hit: LP or PIP. */
const char *tfb_enrich_hit_name(const tfb_enrich_opt_t *o);
/* Opens the hits, and the background if its tags must be known at once. role: role of the hits. Returns 0,
 * or -1 (logged). */
int tfb_reader_open(reader_t *a, int role);
/* Reads the hits into the set. Returns 0, or -1 (logged), also if there is none. */
int tfb_reader_hits(reader_t *a);
/* Reads the background's file into the set. Returns 0, or -1 (logged). */
int tfb_reader_background(reader_t *a);
void tfb_reader_close(reader_t *a);
/* Warns of the first REF that differs from the FASTA; at: has the place of the difference. Call it before
 * the reason is counted. */
void tfb_enrich_mismatch(const tfb_session_t *s, const char *contig, hts_pos_t pos, const char *ref,
                         const tfb_variants_t *at);
/* Writes the name of a tag to a->tag, for which tfb_reader_open made room. tf "": the summary's. */
void tfb_enrich_tag(reader_t *a, const char *tf, const char *suffix);
/* Reads the changes of an ALT from tags. Returns 1, 0 if it was not scored, or -1 (logged). */
int tfb_enrich_read_tags(reader_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *v);
/* Chooses which kind of tags to read: tags per TF if all files have them, else the summary. Returns 0, or
 * -1 (logged). */
int tfb_enrich_choose_tags(reader_t *a);

/* ---- the background (enrich_background.c) and scores (enrich_score.c): 0, or -1 (logged) ---- */

/* Adds random SNVs from around each hit. Each hit with its SNVs is a stratum; hits that get none are
 * removed after scoring has reported why. */
int tfb_enrich_neighbours(study_t *a);
/* Adds random SNVs from anywhere, or from the regions. */
int tfb_enrich_random(study_t *a);
/* Thins the background so that each bin of frequencies has the same number of variants per hit: the most
 * that all bins with hits can supply, but at least one. Removes hits of bins without background. */
int tfb_enrich_match_af(study_t *a);
/* Scores all variants that have a stratum. */
int tfb_enrich_score(study_t *a);

/* ---- statistics (enrich_test.c) and their output (enrich_write.c) ---- */

typedef struct {
    const tfb_enrich_opt_t *o;
    const tfb_panel_t *panel;
    tfb_pool_t *pool;
    int T;
    int64_t n, n_hits;
    float *x;       /* (n, T) */
    double *w;      /* (n) */
    int64_t *first; /* (n_strata + 1): first row of each stratum */
    int n_strata;
    double *obs, *perm, *auc, *interval, *p[2], *q[2], *mean[2]; /* interval: (T, 2), of auc */
    float **column;                                              /* per thread: (n) */
    int64_t **order;                                             /* per thread: (2 n) */
    int bad;
} stats_t;

/* Arranges the set's changes, one row per variant, strata together. Removes variants that cannot be
 * compared. Returns 0, or -1 (logged). */
int tfb_stats_arrange(stats_t *a, study_t *study);
int tfb_stats_test(stats_t *a);
/* Returns the (T) TFs in the order of the table, or NULL if memory runs out. Release with free(). */
int *tfb_stats_order(const stats_t *a);
int tfb_stats_table(const stats_t *a, const int *order);
int tfb_stats_svg(const stats_t *a, const int *order);
void tfb_stats_free(stats_t *a);

#endif
