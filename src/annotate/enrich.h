/* enrich.h - tests whether the variants of a set change TFs' sites more than other variants. VCF in, a
 * table (and a figure) out. */
#ifndef TFB_ENRICH_H
#define TFB_ENRICH_H

#include "genome/assoc.h"
#include "genome/open.h"
#include "score/session.h"

typedef enum { TFB_ENRICH_CHANGE = 0, TFB_ENRICH_GAIN, TFB_ENRICH_LOSS } tfb_enrich_what_t;
extern const char *const tfb_enrich_name[3];

typedef struct {
    tfb_session_opt_t session; /* fasta NULL: read changes from the tags of both files */
    const char *in;
    const char *background; /* VCF; NULL: random SNVs near the hits, or with min_lp the rest of in */
    const char *regions;    /* BED: only variants in them, and random SNVs from them; NULL: anywhere */
    tfb_open_opt_t open;    /* the same as regions, from peaks or a bigWig; path NULL: none */
    const char *prefix;     /* of the tags */
    const char *weight;     /* INFO/X or FORMAT/X, of each hit; NULL: 1 */
    const char *sample;     /* sample whose FORMAT values are read; NULL: the first */
    const char *out, *svg;  /* svg NULL: none */
    int by_effect;          /* gain and loss refer to the allele that raises the trait: REF if FORMAT/ES < 0 */
    int match_af;  /* sample the background to match the hits' minor allele frequencies (FORMAT/AF, else INFO/AF) */
    double min_lp; /* hits are records with at least this value of hit_tag; NaN: all are hits */
    const char *hit_tag;   /* FORMAT/LP or INFO/PIP */
    tfb_assoc_opt_t table; /* how tables of variants are read */
    tfb_enrich_what_t what;
    int n_random;   /* SNVs for each hit */
    int64_t within; /* bases around a hit to draw random SNVs from; 0: anywhere */
    int n_permutations;
    int64_t max_background; /* a larger background is sampled */
    uint64_t seed;
} tfb_enrich_opt_t;

void tfb_enrich_defaults(tfb_enrich_opt_t *o);
/* Tests the variants of o->in. Returns 0, or -1 (logged; no output is left). The result depends on the
 * seed, not on the number of threads. */
int tfb_enrich(const tfb_enrich_opt_t *o);

#endif
