/* vcf_batch.c - alleles and haplotypes to windows. */
#include "annotate/vcf_batch.h"
#include "genome/alleles.h"
#include "util/vec.h"
#include <stdlib.h>
#include <string.h>

enum {
    RECORDS = 1024,   /* records of a batch, at most */
    WINDOWS = 2048,   /* windows after which a batch is closed: 1.3 MB of logits for 163 TFs */
    BYTES = 32 << 20, /* of records, likewise: with 100,000 samples one record has a megabyte */
};

int tfb_vcf_queue_open(tfb_vcf_queue_t *q, const tfb_vcf_opt_t *o, tfb_vcf_read_t *read, int W, int T)
{
    const char *most = getenv("TFBIND_BATCH"); /* for tests: where a batch ends must not show */
    q->o = o;
    q->read = read;
    q->most = most && atoi(most) > 0 && atoi(most) < RECORDS ? atoi(most) : RECORDS;
    q->b = q->store;
    for (int k = 0; k < 2; k++) q->store[k].win = (tfb_windows_t){.W = W, .T = T};
    q->maker = (tfb_variants_t){.fasta = read->fasta, .win = &q->b->win, .max_n = o->session.max_n};
    if (!o->haplotypes) return 0;
    q->phased = tfb_phased_create(read->hdr, tfb_vcf_read_name(read), o->phase, W, o->session.max_n);
    return q->phased ? 0 : -1;
}

void tfb_vcf_queue_close(tfb_vcf_queue_t *q)
{
    for (int k = 0; k < 2; k++) {
        tfb_vcf_batch_t *b = &q->store[k];
        for (int i = 0; i < b->m_items; i++) {
            if (b->item[i].rec) bcf_destroy(b->item[i].rec);
            tfb_phased_rec_free(&b->item[i].hap);
        }
        free(b->item);
        free(b->alt);
        tfb_windows_free(&b->win);
    }
    tfb_phased_destroy(q->phased);
    tfb_reasons_free(&q->reasons);
}

/* ---- the windows of a record ---- */

/* Makes room for the ALTs of a record, none of them scored. Returns 0, or -1 if memory runs out (logged). */
static int add_alts(tfb_vcf_batch_t *b, tfb_vcf_item_t *it, int n_alt)
{
    it->first = b->n_alts;
    if (TFB_RESERVE(b->alt, b->m_alts, b->n_alts + n_alt, "alleles") < 0) return -1;
    b->n_alts += n_alt;
    for (int i = 0; i < n_alt; i++) b->alt[it->first + i] = TFB_NO_ALT;
    return 0;
}

/* Returns the window of the same REF in this record, among the ALTs seen so far, or in the previous
 * record, or -1: split multi-allelic sites and dense VCFs repeat a REF. */
static int find_ref(const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it, int i, const tfb_change_t *c)
{
    enum { BACK = 64 }; /* limits the search in a record with thousands of ALTs */
    const tfb_vcf_item_t *before = it > b->item ? it - 1 : NULL;
    int first = it->first;
    if (before && before->rec->rid == it->rec->rid && before->rec->pos == it->rec->pos) first = before->first;
    for (int k = it->first + i - 1; k >= first && k >= it->first + i - BACK; k--)
        if (b->alt[k].ref >= 0 && tfb_change_same_ref(&b->alt[k].change, c)) return b->alt[k].ref;
    return -1;
}

/* Makes the windows of ALT i, and of REF as trimmed with it. Returns a reason, or -1 on failure (logged). */
static int add_windows(tfb_vcf_queue_t *q, const tfb_vcf_item_t *it, const char *contig, int i)
{
    tfb_change_t c;
    tfb_alt_t *alt = &q->b->alt[it->first + i];
    int r = (int)tfb_allele_trim(it->rec->pos, it->rec->d.allele[0], it->rec->d.allele[i + 1], &c);
    if ((r == TFB_ALLELE_OK || r == TFB_ALLELE_SAME) && it->why != TFB_ALLELE_OK) r = it->why;
    if (r != TFB_ALLELE_OK) return r;
    alt->ref = find_ref(q->b, it, i, &c);
    return tfb_variant_windows(&q->maker, contig, &c, alt);
}

/* Makes the windows of one record. Returns 0, or -1 on failure (logged). */
static int make_windows(tfb_vcf_queue_t *q, tfb_vcf_item_t *it)
{
    const char *contig = bcf_seqname(q->read->hdr, it->rec);
    int n_alt = it->rec->n_allele - 1, scored = 0;
    if (add_alts(q->b, it, n_alt) < 0) return -1;
    q->n_no_alt += n_alt == 0;
    if (!it->keep) return 0;
    for (int i = 0; i < n_alt; i++) {
        int r = add_windows(q, it, contig, i);
        if (r < 0) return -1;
        tfb_reasons_count(&q->reasons, r, contig);
        scored += r == TFB_ALLELE_OK;
    }
    q->n_scored += scored > 0;
    if (!q->phased || !scored) return 0;
    return tfb_phased_windows(q->phased, q->read->fasta, contig, &it->hap, q->b->alt + it->first, n_alt, &q->b->win);
}

/* ---- the queue ---- */

static int is_full(const tfb_vcf_queue_t *q)
{
    return q->b->n_ready >= q->most || q->b->win.n >= WINDOWS || q->b->n_bytes >= BYTES;
}

/* Makes windows of the records whose neighbours are known, until the batch is full. all: no more
 * neighbours will come; beyond: they cannot wait for the next batch either. Returns 0, or -1 (logged). */
static int make_ready(tfb_vcf_queue_t *q, int all, int beyond)
{
    tfb_vcf_batch_t *b = q->b;
    while (b->n_ready < b->n_items && (beyond || !is_full(q))) {
        tfb_vcf_item_t *it = &b->item[b->n_ready];
        if (q->phased && !all && !tfb_phased_ready(q->phased, &it->hap)) break;
        if (make_windows(q, it) < 0) return -1;
        b->n_ready++;
        b->n_bytes += it->rec->shared.l + it->rec->indiv.l;
        if (q->phased) b->n_bytes += (size_t)it->hap.m_win * sizeof *it->hap.win;
    }
    return 0;
}

/* Returns the place behind the queue, with a record to read into, or NULL if memory runs out (logged). */
static tfb_vcf_item_t *next_item(tfb_vcf_batch_t *b)
{
    if (b->n_items == b->m_items) {
        int m = b->m_items ? 2 * b->m_items : RECORDS;
        tfb_vcf_item_t *p = realloc(b->item, (size_t)m * sizeof *p);
        if (p) {
            b->item = p;
            memset(p + b->m_items, 0, (size_t)(m - b->m_items) * sizeof *p);
            b->m_items = m;
        }
    }
    tfb_vcf_item_t *it = b->n_items < b->m_items ? &b->item[b->n_items] : NULL;
    if (it && (it->rec || (it->rec = bcf_init()))) return it;
    tfb_error("not enough memory for %d records", b->n_items + 1);
    return NULL;
}

/* Reads the haplotypes of a record that has been read; on a new contig, first makes the windows of waiting
 * records, whose neighbours have all been read. Returns its item, which may have moved, or NULL (logged). */
static tfb_vcf_item_t *meet_neighbours(tfb_vcf_queue_t *q, tfb_vcf_item_t *it)
{
    if (tfb_phased_new_contig(q->phased, it->rec)) {
        bcf1_t *rec = it->rec;
        tfb_vcf_item_t was = *it;
        it->rec = NULL;
        if (make_ready(q, 1, 1) < 0 || !(it = next_item(q->b))) {
            bcf_destroy(rec);
            return NULL;
        }
        bcf_destroy(it->rec);
        it->rec = rec;
        it->keep = was.keep;
        it->why = was.why;
    }
    int usable = it->keep && it->why == TFB_ALLELE_OK && it->rec->n_allele > 1;
    return tfb_phased_read(q->phased, q->read->hdr, it->rec, usable, &it->hap) < 0 ? NULL : it;
}

int tfb_vcf_queue_fill(tfb_vcf_queue_t *q)
{
    if (make_ready(q, q->at_end, 0) < 0) return -1;
    if (q->at_end) return 0;
    while (!is_full(q)) {
        tfb_vcf_item_t *it = next_item(q->b);
        int got = it ? tfb_vcf_read_next(q->read, &it->rec, &it->keep, &it->why) : -1;
        if (got < 0) return -1;
        if (got == 0) {
            q->at_end = 1;
            return make_ready(q, 1, 0);
        }
        if (q->phased && !meet_neighbours(q, it)) return -1;
        q->b->n_items++;
        if (make_ready(q, 0, 0) < 0) return -1;
    }
    return 0;
}

int tfb_vcf_queue_turn(tfb_vcf_queue_t *q)
{
    tfb_vcf_batch_t *b = q->b, *other = tfb_vcf_queue_other(q);
    b->n_items = b->n_ready = b->n_alts = 0;
    b->n_bytes = 0;
    q->maker.win = &b->win;
    tfb_variants_clear(&q->maker);
    for (int i = other->n_ready; i < other->n_items; i++) { /* swaps waiting records with empty ones */
        tfb_vcf_item_t *it = next_item(b), t;
        if (!it) return -1;
        t = *it;
        *it = other->item[i];
        other->item[i] = t;
        b->n_items++;
    }
    other->n_items = other->n_ready;
    return 0;
}
