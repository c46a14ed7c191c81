/* vcf_batch.h - records to windows, by batches.
 *
 * Records wait in a batch's queue. Those up to n_ready have their windows: without haplotypes that is all of them, with
 * haplotypes a record waits for its neighbours (phased.h). There are two batches: while one is scored, the other is
 * written and read into again, and records that still wait move on (tfb_vcf_queue_turn). Nothing is allocated per
 * record once the largest batch has been seen, and memory does not depend on the input's size. */
#ifndef TFB_VCF_BATCH_H
#define TFB_VCF_BATCH_H

#include "annotate/phased.h"
#include "annotate/vcf_read.h"
#include "score/session.h"
#include "score/variant.h"

typedef struct {
    bcf1_t *rec;
    int keep;  /* 0: passes through untouched */
    int why;   /* check of REF: a tfb_allele_t */
    int first; /* of this record's ALTs in alt[] */
    tfb_phased_rec_t hap;
} tfb_vcf_item_t;

typedef struct {
    tfb_vcf_item_t *item;          /* the queue; those beyond n_items have a record to read into */
    int n_items, n_ready, m_items; /* [0, n_ready) have their windows */
    size_t n_bytes;                /* of the ready records */
    tfb_windows_t win;
    tfb_alt_t *alt; /* of the ready records */
    int n_alts, m_alts;
} tfb_vcf_batch_t;

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_vcf_read_t *read;
    tfb_phased_t *phased;         /* NULL: no haplotypes */
    int most;                     /* records that fill a batch */
    int at_end;                   /* all records have been read */
    tfb_vcf_batch_t store[2], *b; /* b: the one that is read into and written; the other is being scored */
    tfb_variants_t maker;         /* makes windows, in b */
    tfb_reasons_t reasons;        /* of ALTs */
    int64_t n_scored, n_no_alt;   /* records */
} tfb_vcf_queue_t;

/* Prepares the queue of an opened input, for a panel of window W and T targets. q is zeroed before; o and read stay
 * the caller's. Returns 0, or -1 (logged). */
int tfb_vcf_queue_open(tfb_vcf_queue_t *q, const tfb_vcf_opt_t *o, tfb_vcf_read_t *read, int W, int T);
void tfb_vcf_queue_close(tfb_vcf_queue_t *q);
/* Reads into q->b until the batch is full or the input ends. Returns 0, or -1 (logged). */
int tfb_vcf_queue_fill(tfb_vcf_queue_t *q);
/* Empties q->b, whose records have been written, and moves to it the records that still wait in the other
 * batch. Returns 0, or -1 if memory runs out (logged). */
int tfb_vcf_queue_turn(tfb_vcf_queue_t *q);
/* Returns the other batch. */
static inline tfb_vcf_batch_t *tfb_vcf_queue_other(tfb_vcf_queue_t *q) { return &q->store[q->b == q->store]; }

/* Returns the logits of ALT i of a record, or NULL if it is not scored. */
static inline const float *tfb_vcf_alt_logits(const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it, int i)
{
    int w = b->alt[it->first + i].alt;
    return w < 0 ? NULL : tfb_windows_z(&b->win, w);
}
/* Returns the logits of REF as trimmed with ALT i, which must be scored. */
static inline const float *tfb_vcf_ref_logits(const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it, int i)
{
    return tfb_windows_z(&b->win, b->alt[it->first + i].ref);
}

#endif
