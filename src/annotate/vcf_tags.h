/* vcf_tags.h - writes scores into the tags of a record. */
#ifndef TFB_VCF_TAGS_H
#define TFB_VCF_TAGS_H

#include "annotate/tags.h"
#include "annotate/vcf_batch.h"
#include "annotate/vcf_header.h"
#include "score/runstats.h"

typedef struct {
    const tfb_vcf_header_t *h;
    tfb_phased_t *phased; /* NULL: no haplotypes */
    tfb_tag_alt_t *alt;   /* (m_alts) of the record */
    float *value;         /* (m_alts + 1) of a tag */
    int32_t *whole;       /* (m_alts + 1) of a tag of Type=Integer */
    int m_alts, n_alts;
    char *has;      /* (n_sets): whether the record has tags of this set */
    int main_t;     /* target of tags that are of a record and not of an ALT */
    kstring_t info; /* packed tags, not yet added to the record */
    int n_info;
    kstring_t text;
    size_t longest_name;   /* of a TF */
    tfb_runstats_t *stats; /* or NULL */
    int64_t n_below;       /* records without tags: no ALT reaches --min-percentile */
} tfb_vcf_tags_t;

/* w is zeroed before; h and phased stay the caller's. Returns 0, or -1 if memory runs out (logged). */
int tfb_vcf_tags_init(tfb_vcf_tags_t *w, const tfb_vcf_header_t *h, tfb_phased_t *phased);
/* Replaces an earlier run's tags in a record of a scored batch with this run's. Returns 0, or -1 (logged). */
int tfb_vcf_tags_write(tfb_vcf_tags_t *w, const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it);
void tfb_vcf_tags_free(tfb_vcf_tags_t *w);

#endif
