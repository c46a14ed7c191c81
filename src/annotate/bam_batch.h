/* bam_batch.h - a batch of alignments and their windows. Each distinct window is stored and scored once. */
#ifndef TFB_BAM_BATCH_H
#define TFB_BAM_BATCH_H

#include "annotate/bam_read.h"
#include "genome/alleles.h"
#include "score/session.h"
#include "score/windows.h"

/* More reasons why a record is not scored, besides those of alleles.h. */
enum {
    TFB_BAM_SECONDARY = TFB_ALLELE_REASONS,
    TFB_BAM_UNMAPPED,
    TFB_BAM_CLIPPED,
    TFB_BAM_NO_BASES,
    TFB_BAM_OTHER_LENGTH,
    TFB_BAM_TOO_LONG,
    TFB_BAM_REASONS
};

typedef struct {
    bam1_t *b;
    int first, n; /* its pairs */
    int scorable; /* 0: the record passes through untouched */
} tfb_bam_item_t;

typedef struct {
    int ref, own; /* windows; own: with the read's bases, == ref if these change nothing */
} tfb_bam_pair_t;

/* The current read along the reference positions [beg, end) that it aligns to. */
typedef struct {
    const char *contig;
    hts_pos_t beg, end;
    uint8_t *base; /* (n): its aligned bases, deletions left out, introns filled with the reference */
    int32_t *at;   /* (end - beg + 1), per position: its index in base */
    uint8_t *own;  /* (end - beg), per position: 1 = the read has a base there, or a deletion */
    size_t m_base, m_at;
    int n;
} tfb_bam_aligned_t;

typedef struct {
    const tfb_bam_opt_t *o;
    const tfb_bam_in_t *in;
    tfb_fasta_t *fasta; /* not owned */
    int W, step;
    tfb_bam_item_t *item;
    int n_items, m_items;
    size_t n_bytes; /* of those records */
    tfb_bam_pair_t *pair;
    int n_pairs, m_pairs;
    tfb_windows_t windows; /* each is stored once */
    int64_t n_made;        /* windows asked for, duplicates included */
    tfb_bam_aligned_t read;
    int8_t *contig_ok;     /* per contig: 0 not checked yet, 1 same length as in the FASTA (or not in it), -1 different
                              length */
    tfb_reasons_t reasons; /* of records */
    int64_t n_scored;
} tfb_bam_batch_t;

/* Prepares an empty batch for windows of W bases and T targets. b is zeroed and is to be freed in any
 * case. in has been opened; it, o and fasta outlive b. Returns 0, or -1 if memory runs out. */
int tfb_bam_batch_init(tfb_bam_batch_t *b, const tfb_bam_in_t *in, const tfb_bam_opt_t *o, tfb_fasta_t *fasta, int W,
                       int T);
void tfb_bam_batch_free(tfb_bam_batch_t *b);
/* Returns the record to read the next alignment into. */
bam1_t *tfb_bam_batch_next(tfb_bam_batch_t *b);
/* Adds that alignment and makes its windows. Returns 1 if the batch is full, 0 if not, or -1
 * (logged). */
int tfb_bam_batch_add(tfb_bam_batch_t *b);
/* Empties the batch, after its windows have been scored and its records written. */
void tfb_bam_batch_clear(tfb_bam_batch_t *b);

/* Returns the text of a reason, for the summary. */
const char *tfb_bam_reason(int reason);
/* Returns the logits (T) of a window. */
static inline const float *tfb_bam_logits(const tfb_bam_batch_t *b, int window)
{
    return tfb_windows_z(&b->windows, window);
}

#endif
