/* bam_batch.c - turns alignments into windows. Note that --reads scores the reference with the read's
 * aligned bases in place of its own, because a read may be shorter than a window. */
#include "annotate/bam_batch.h"
#include "genome/base.h"
#include "util/vec.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORDS = 4096,   /* records of a batch, at most */
    WINDOWS = 4096,   /* windows after which a batch is full: 2.7 MB of logits for 163 TFs */
    BYTES = 64 << 20, /* of records, likewise: a long read has a megabyte */
    KEEP = 1 << 16,   /* a record's memory beyond this is freed after its batch */
    SPAN = 10000000,  /* most bases of a tiled alignment: longer than any gene */
};

const char *tfb_bam_reason(int r)
{
    static const char *const text[TFB_BAM_REASONS] = {
        [TFB_BAM_SECONDARY] = "secondary",
        [TFB_BAM_UNMAPPED] = "unmapped",
        [TFB_BAM_CLIPPED] = "without aligned bases",
        [TFB_BAM_NO_BASES] = "without a sequence",
        [TFB_BAM_OTHER_LENGTH] = "on a contig of another length than in the FASTA",
        [TFB_BAM_TOO_LONG] = "over more than 10 Mb of the reference",
    };
    return text[r] ? text[r] : tfb_allele_reason((tfb_allele_t)r);
}

/* ---- the read along the reference ---- */

/* Makes room for n_ref positions and most bases. Returns 0, or -1 (logged). */
static int reserve_read(tfb_bam_aligned_t *r, size_t n_ref, size_t most)
{
    if (n_ref + 1 > r->m_at) {
        int32_t *at = realloc(r->at, 2 * n_ref * sizeof *at + sizeof *at);
        if (at) r->at = at;
        uint8_t *own = realloc(r->own, 2 * n_ref + 1);
        if (own) r->own = own;
        if (!at || !own) goto memory;
        r->m_at = 2 * n_ref + 1;
    }
    if (most + n_ref > r->m_base) {
        uint8_t *base = realloc(r->base, 2 * most + n_ref);
        if (!base) goto memory;
        r->base = base;
        r->m_base = 2 * most + n_ref;
    }
    return 0;
memory:
    tfb_error("not enough memory for a read over %zu bases", n_ref);
    return -1;
}

static uint8_t read_code(const uint8_t *seq, int q)
{
    int c = seq_nt16_int[bam_seqi(seq, q)];
    return c < 4 ? (uint8_t)c : TFB_N;
}

/* Lays the read's aligned bases beside the reference. Returns a reason, or -1 (logged). */
static int lay_out(tfb_bam_batch_t *b, const bam1_t *rec)
{
    tfb_bam_aligned_t *r = &b->read;
    const uint32_t *cigar = bam_get_cigar(rec);
    const uint8_t *seq = bam_get_seq(rec);
    size_t n_ref = (size_t)(r->end - r->beg), most = n_ref + (size_t)rec->core.l_qseq;
    if (most > INT32_MAX) return TFB_BAM_TOO_LONG;
    if (reserve_read(r, n_ref, most) < 0) return -1;
    uint8_t *ref = r->base + r->m_base - n_ref; /* at the end, which the read does not reach */
    int why = tfb_allele_bases(b->fasta, r->contig, r->beg, r->end, ref);
    if (why) return why;
    int q = 0, n = 0, p = 0;
    for (uint32_t i = 0; i < rec->core.n_cigar; i++) {
        int op = bam_cigar_op(cigar[i]), len = (int)bam_cigar_oplen(cigar[i]), type = bam_cigar_type(op);
        if (type == 3 || (op == BAM_CINS && p > 0 && (size_t)p < n_ref))
            for (int k = 0; k < len; k++) {
                uint8_t c = read_code(seq, q + k);
                if (type == 3) {
                    if (c == TFB_N) c = ref[p]; /* N, an IUPAC code or = */
                    r->at[p] = n;
                    r->own[p++] = 1;
                }
                r->base[n++] = c;
            }
        else if (type == 2)
            for (int k = 0; k < len; k++, p++) {
                r->at[p] = n;
                r->own[p] = op == BAM_CDEL;
                if (op != BAM_CDEL) r->base[n++] = ref[p];
            }
        if (type & 1) q += len;
    }
    r->at[p] = n;
    r->n = n;
    return TFB_ALLELE_OK;
}

/* Returns whether the read has a base in [lo, lo + W). Windows in its introns would equal the reference's. */
static int has_bases(const tfb_bam_batch_t *b, hts_pos_t lo)
{
    return memchr(b->read.own + (lo - b->read.beg), 1, (size_t)b->W) != NULL;
}

static int clamp(int v, int most)
{
    if (v < 0) return 0;
    return v < most ? v : most;
}

/* Writes the read's window [lo, lo + W) to c. Its middle base stays in the middle, so insertions and
 * deletions move what is left and right of it. Returns a reason, or -1 (logged). */
static int read_window(const tfb_bam_batch_t *b, hts_pos_t lo, uint8_t *c)
{
    const tfb_bam_aligned_t *a = &b->read;
    int W = b->W, from = a->at[lo + W / 2 - a->beg] - W / 2, to = from + W, r;
    int left = clamp(-from, W), right = clamp(to - a->n, W);
    hts_pos_t left_at = a->beg + from, right_at = a->end + to - a->n - right;
    if (left && (r = tfb_allele_bases(b->fasta, a->contig, left_at, left_at + left, c)) != 0) return r;
    if (W - left - right > 0) memcpy(c + left, a->base + from + left, (size_t)(W - left - right));
    if (right && (r = tfb_allele_bases(b->fasta, a->contig, right_at, right_at + right, c + W - right)) != 0) return r;
    return tfb_count_n(c, (size_t)W) > (size_t)b->o->session.max_n ? TFB_ALLELE_MANY_N : TFB_ALLELE_OK;
}

/* ---- windows of a record ---- */

/* Adds the window that was made at tfb_windows_next: mates, duplicates and reads of the same allele share theirs.
 * Returns its index, or -1 (logged). */
static int keep_window(tfb_bam_batch_t *b, int base)
{
    b->n_made++;
    return tfb_windows_once(&b->windows, base);
}

static int add_pair(tfb_bam_batch_t *b, int ref, int own)
{
    if (TFB_RESERVE(b->pair, b->m_pairs, b->n_pairs + 1, "windows") < 0) return -1;
    b->pair[b->n_pairs++] = (tfb_bam_pair_t){ref, own};
    return 0;
}

/* Adds the window at lo and, with --reads, the read's. Returns a reason, or -1 (logged). */
static int add_window(tfb_bam_batch_t *b, hts_pos_t lo)
{
    tfb_windows_t *w = &b->windows;
    uint8_t *c = tfb_windows_next(w);
    if (!c) return -1;
    int r = tfb_allele_bases(b->fasta, b->read.contig, lo, lo + b->W, c);
    if (r) return r;
    if (tfb_count_n(c, (size_t)b->W) > (size_t)b->o->session.max_n) return TFB_ALLELE_MANY_N;
    int ref = keep_window(b, -1), own = ref;
    if (ref >= 0 && b->o->reads) {
        if (!(c = tfb_windows_next(w))) return -1;
        if ((r = read_window(b, lo, c)) != 0) return r;
        own = keep_window(b, ref);
    }
    return ref < 0 || own < 0 ? -1 : add_pair(b, ref, own);
}

/* Adds a window every step bases, and one at the end. Returns a reason, or -1 (logged). */
static int add_tiles(tfb_bam_batch_t *b)
{
    int r, why = TFB_ALLELE_OK;
    hts_pos_t last = b->read.end - b->W;
    for (hts_pos_t lo = b->read.beg;; lo = lo + b->step < last ? lo + b->step : last) {
        if ((!b->o->reads || has_bases(b, lo)) && (r = add_window(b, lo)) != 0) {
            if (r < 0) return -1;
            why = r;
        }
        if (lo >= last) return why;
    }
}

/* Compares the contig's length with the FASTA's: scores of another genome than the reads were
 * mapped to would be wrong. Returns a reason. */
static int check_contig(tfb_bam_batch_t *b, int tid)
{
    if (!b->contig_ok[tid]) {
        const char *contig = sam_hdr_tid2name(b->in->hdr, tid);
        hts_pos_t expected = sam_hdr_tid2len(b->in->hdr, tid), len = tfb_fasta_len(b->fasta, contig);
        b->contig_ok[tid] = len < 0 || len == expected ? 1 : -1;
        if (len >= 0 && len != expected)
            tfb_warn("%s has %" PRId64 " bases in %s and %" PRId64
                     " in %s (another genome build?): its records are not scored",
                     contig, (int64_t)expected, b->in->name, (int64_t)len, tfb_fasta_path(b->fasta));
    }
    return b->contig_ok[tid] > 0 ? TFB_ALLELE_OK : TFB_BAM_OTHER_LENGTH;
}

static int has_aligned_bases(const bam1_t *b)
{
    const uint32_t *cigar = bam_get_cigar(b);
    for (uint32_t i = 0; i < b->core.n_cigar; i++)
        if (bam_cigar_type(bam_cigar_op(cigar[i])) == 3 && bam_cigar_oplen(cigar[i])) return 1;
    return 0;
}

/* Makes the windows of a record. Returns a reason, or -1 (logged). */
static int make_windows(tfb_bam_batch_t *b, tfb_bam_item_t *it)
{
    const tfb_bam_opt_t *o = b->o;
    const bam1_core_t *c = &it->b->core;
    sam_hdr_t *hdr = b->in->hdr;
    int why;
    it->first = b->n_pairs;
    it->n = it->scorable = 0;
    if (c->flag & BAM_FSECONDARY) return TFB_BAM_SECONDARY;
    if (c->flag & BAM_FUNMAP || c->tid < 0 || c->pos < 0) return TFB_BAM_UNMAPPED;
    if (!has_aligned_bases(it->b)) return TFB_BAM_CLIPPED;
    it->scorable = 1;
    const char *contig = sam_hdr_tid2name(hdr, c->tid);
    if (!contig) return TFB_BAM_UNMAPPED;
    if ((why = check_contig(b, c->tid)) != 0) return why;
    if (c->pos > sam_hdr_tid2len(hdr, c->tid)) return TFB_ALLELE_EDGE;
    hts_pos_t beg = c->pos, end = bam_endpos(it->b);
    int all_over = end - beg > b->W && (o->reads || o->tile);
    if (!o->reads && tfb_bam_fragment(b->in, c, &beg, &end)) all_over = end - beg > b->W && o->tile;
    if ((all_over || o->reads) && end - beg > SPAN) return TFB_BAM_TOO_LONG;
    b->read.contig = contig;
    b->read.beg = beg;
    b->read.end = end;
    if (o->reads) {
        if (!c->l_qseq) return TFB_BAM_NO_BASES;
        if ((why = lay_out(b, it->b)) != 0) return why;
    }
    why = all_over ? add_tiles(b) : add_window(b, beg + (end - beg) / 2 - b->W / 2);
    if (why < 0) return -1;
    it->n = b->n_pairs - it->first;
    return it->n ? TFB_ALLELE_OK : why;
}

/* ---- the batch ---- */

int tfb_bam_batch_init(tfb_bam_batch_t *b, const tfb_bam_in_t *in, const tfb_bam_opt_t *o, tfb_fasta_t *fasta, int W,
                       int T)
{
    b->in = in;
    b->o = o;
    b->fasta = fasta;
    b->reasons = (tfb_reasons_t){.n_kinds = TFB_BAM_REASONS, .text = tfb_bam_reason};
    b->W = b->windows.W = W;
    b->windows.T = T;
    b->step = o->step > 0 ? o->step : W / 2;
    if (b->step < 1) b->step = 1;
    if (!(b->contig_ok = calloc((size_t)sam_hdr_nref(in->hdr) + 1, 1))) return -1;
    if (!(b->item = calloc(RECORDS, sizeof *b->item))) return -1;
    for (; b->m_items < RECORDS; b->m_items++)
        if (!(b->item[b->m_items].b = bam_init1())) return -1;
    return 0;
}

void tfb_bam_batch_free(tfb_bam_batch_t *b)
{
    for (int i = 0; i < b->m_items; i++) bam_destroy1(b->item[i].b);
    free(b->item);
    free(b->pair);
    free(b->contig_ok);
    tfb_windows_free(&b->windows);
    free(b->read.base);
    free(b->read.at);
    free(b->read.own);
    tfb_reasons_free(&b->reasons);
}

bam1_t *tfb_bam_batch_next(tfb_bam_batch_t *b) { return b->item[b->n_items].b; }

int tfb_bam_batch_add(tfb_bam_batch_t *b)
{
    tfb_bam_item_t *it = &b->item[b->n_items];
    int why = make_windows(b, it);
    if (why < 0) return -1;
    tfb_reasons_count(&b->reasons, why,
                      why == TFB_ALLELE_NO_CONTIG ? sam_hdr_tid2name(b->in->hdr, it->b->core.tid) : NULL);
    b->n_scored += it->n > 0;
    b->n_items++;
    b->n_bytes += (size_t)it->b->l_data;
    return b->n_items == RECORDS || b->windows.n >= WINDOWS || b->n_bytes >= BYTES;
}

/* Frees the memory of a long record. Otherwise every record of the batch could, over time, keep that much. */
static void release_long(bam1_t *b)
{
    if (b->m_data <= KEEP) return;
    free(b->data);
    b->data = NULL;
    b->m_data = 0;
    b->l_data = 0;
}

void tfb_bam_batch_clear(tfb_bam_batch_t *b)
{
    for (int i = 0; i < b->n_items; i++) release_long(b->item[i].b);
    tfb_windows_clear(&b->windows);
    b->n_items = b->n_pairs = 0;
    b->n_bytes = 0;
}
