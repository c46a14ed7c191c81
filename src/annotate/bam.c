/* bam.c - annotates SAM, BAM and CRAM. Stages over batches of records: read | alignments to windows | score | write tags, in input order.
 *
 * The windows of a batch are held once each: mates, duplicates and reads of the same allele share theirs. The surprising thing is what --reads scores: not the
 * read alone, which may be shorter than a window, but the reference with the read's aligned bases in place of its own. */
#include "config.h"
#include "annotate/bam.h"
#include "genome/alleles.h"
#include "genome/base.h"
#include "genome/output.h"
#include "util/files.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/cram.h>
#include <htslib/sam.h>
#include <htslib/thread_pool.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORDS = 4096,   /* records of a batch, at most */
    WINDOWS = 4096,   /* windows after which a batch is closed: 2.7 MB of logits for 163 TFs */
    BYTES = 64 << 20, /* of records, likewise: a long read has a megabyte */
    KEEP = 1 << 16,   /* a record's memory beyond this is given back after its batch */

    FRAGMENT = 1000000, /* bases of a fragment, at most: a pair further apart is scored by its reads */
    SPAN = 10000000,    /* bases of an alignment with windows all over, at most: longer than any gene */
};

/* Why a record is not scored: those of alleles.h, and these. */
enum { SECONDARY = TFB_ALLELE_REASONS, UNMAPPED, CLIPPED, NO_BASES, OTHER_LENGTH, TOO_LONG, REASONS };

typedef struct {
    bam1_t *b;
    int first, n; /* its pairs */
    int touch;    /* 0: passes through untouched */
} item_t;

typedef struct {
    int ref, mine; /* windows; mine: with the read's bases, == ref where they are the same */
} pair_t;

typedef struct {
    const tfb_bam_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    htsThreadPool io;
    htsFile *in, *out;
    htsFormat fmt;    /* of the output */
    tfb_out_t *whole; /* the output appears when it is complete, with its index */
    const char *index;
    sam_hdr_t *hdr;
    int T, W, step;
    char (*tag)[3]; /* best TF, score, difference; or per TF scores, then differences */
    int n_tags;
    char (*stale)[3]; /* differences of an earlier run with --reads, where this one is without */
    int n_stale;
    char **top_name;     /* per TF: its name as a value of a tag */
    int8_t *contig_ok;   /* per contig: 0 not yet looked at, 1 as long as in the FASTA (or absent from it), -1 not as long */
    const char *unknown; /* the first contig that the FASTA lacks */

    item_t item[RECORDS];
    int n_items;
    size_t n_bytes; /* of those records */
    pair_t *pair;
    int n_pairs, m_pairs;
    uint8_t *code;  /* (m_windows + 1, W): the last is where the next one is made */
    int32_t *base;  /* (m_windows) */
    uint64_t *hash; /* (m_windows) */
    int32_t *slot;  /* (4 * m_windows) hash table of windows: index + 1, 0 = empty */
    float *z;       /* (m_windows, T) */
    int n_windows, m_windows;

    /* the read being looked at */
    uint8_t *read; /* its aligned bases, deletions left out, introns filled with the reference */
    int32_t *at;   /* per reference position from the first aligned one to the one after the last: where in read */
    uint8_t *own;  /* per reference position: 1 = the read has a base there, or a deletion */
    size_t m_read, m_at;
    int n_read;

    int64_t n_records, n_scored, n_reason[REASONS], n_made; /* windows asked for */
    int64_t n_run;                                          /* windows scored */
} args_t;

static const char *reason(int r)
{
    static const char *const text[REASONS - TFB_ALLELE_REASONS] = {"secondary",
                                                                   "unmapped",
                                                                   "without aligned bases",
                                                                   "without a sequence",
                                                                   "on a contig of another length than in the FASTA",
                                                                   "over more than 10 Mb of the reference"};
    return r < TFB_ALLELE_REASONS ? tfb_allele_reason((tfb_allele_t)r) : text[r - TFB_ALLELE_REASONS];
}

/* ---- set-up ---- */

static const char *in_name(const tfb_bam_opt_t *o) { return strcmp(o->in, "-") == 0 ? "standard input" : o->in; }

/* SAM leaves tags with a lower-case letter, and those that begin with X, Y or Z, to users; the others have meanings. */
static int check_tag(const char *t)
{
    if (!isalpha((unsigned char)t[0]) || !isalnum((unsigned char)t[1]) || t[2]) {
        tfb_error("--tags: a tag's name is a letter and a letter or digit, not '%s'", t);
        return -1;
    }
    if (!islower((unsigned char)t[0]) && !islower((unsigned char)t[1]) && !strchr("XYZ", t[0])) {
        tfb_error("--tags: %s has, or may get, a meaning in SAM; tags with a lower-case letter and X?, Y?, Z? are free", t);
        return -1;
    }
    return 0;
}

static int name_tags(args_t *a)
{
    static const char digit[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const tfb_bam_opt_t *o = a->o;
    int ret = -1, n = 0, each = o->tf ? a->T : 2;
    a->n_tags = o->tf ? (o->reads ? 2 * a->T : a->T) : o->reads ? 3 : 2;
    if (!(a->tag = calloc((size_t)a->n_tags, sizeof *a->tag))) return -1;
    if (!o->tags) {
        if (o->tf && a->T > 3 * 62) {
            tfb_error("--tf: %d TFs are more than there are free tags", a->T);
            return -1;
        }
        for (int i = 0; i < a->n_tags; i++) {
            int t = i % each, diff = i / each;
            a->tag[i][0] = o->tf ? (diff ? "kjh" : "yzw")[t / 62] : 'y';
            a->tag[i][1] = o->tf ? digit[t % 62] : "tsd"[i];
        }
        return 0;
    }
    char **v = tfb_split(o->tags, ',', &n);
    if (!v) return -1;
    if (n != a->n_tags)
        tfb_error("--tags takes %d names here (%s), not %d", a->n_tags,
                  o->tf ? (o->reads ? "one for each TF, then as many for the differences" : "one for each TF")
                        : (o->reads ? "best TF, score, difference" : "best TF, score"),
                  n);
    else {
        int i = 0;
        for (; i < n && check_tag(v[i]) == 0; i++) {
            memcpy(a->tag[i], v[i], 3);
            int k = 0;
            while (k < i && strcmp(a->tag[k], a->tag[i])) k++;
            if (k < i) {
                tfb_error("--tags: %s is there twice", v[i]);
                break;
            }
        }
        ret = i == n ? 0 : -1;
    }
    tfb_strv_free(v);
    return ret;
}

/* Names are strangers'; SAM text is printable. A copy. */
static char *printable(const char *s)
{
    char *t = strdup(s);
    for (char *p = t; p && *p; p++)
        if (*p < ' ' || *p > '~') *p = '_';
    return t;
}

/* A comment line that says what a tag is. */
static int add_comment(args_t *a, int i, const char *what, const char *tf, const char *by)
{
    kstring_t s = {0, 0, NULL};
    char *name = printable(tf);
    int ret = -1, string = !a->o->tf && i == 0;
    if (name && ksprintf(&s, "@CO\ttfbind %s:%c ", a->tag[i], string ? 'Z' : 'f') > 0 && ksprintf(&s, what, name) >= 0 && ksprintf(&s, " (%s)\n", by) > 0)
        ret = sam_hdr_add_lines(a->hdr, s.s, s.l);
    free(s.s);
    free(name);
    return ret;
}

/* Is this comment about a difference that an earlier run with --reads wrote, beside scores that this run, without it, replaces? */
static int is_stale(const args_t *a, const char *what, size_t n)
{
    static const char one[] = "change of that ", each[] = "change by the read's own bases of the ";
    const char *begin = a->o->tf ? each : one;
    if (a->o->reads || strncmp(what, begin, strlen(begin))) return 0;
    if (!a->o->tf) return 1;
    const char *that = strstr(what, " that ");
    for (int t = 0; t < a->T && that && that < what + n; t++) {
        size_t m = strlen(a->top_name[t]);
        if (strncmp(that + 6, a->top_name[t], m) == 0 && strncmp(that + 6 + m, " binds (", 8) == 0) return 1;
    }
    return 0;
}

/* Takes the comments of an earlier run out of the header, and notes the tags that only go. By way of the text: sam_hdr_remove_line_pos() leaves the first
 * line of a kind. 0, or -1. */
static int remove_comments(args_t *a)
{
    static const char begin[] = "@CO\ttfbind ";
    const size_t n_begin = sizeof begin - 1;
    const char *text = sam_hdr_str(a->hdr);
    kstring_t s = {0, 0, NULL};
    if (!text) return -1;
    size_t n_text = sam_hdr_length(a->hdr);
    if (ks_resize(&s, n_text + 2) < 0) return -1;
    for (const char *p = text, *end; p < text + n_text; p = end) {
        const char *nl = memchr(p, '\n', (size_t)(text + n_text - p)), *tag = p + n_begin;
        end = nl ? nl + 1 : text + n_text;
        int ours = 0;
        if (end - p > (ptrdiff_t)n_begin + 5 && strncmp(p, begin, n_begin) == 0 && tag[2] == ':' && tag[4] == ' ') {
            for (int i = 0; i < a->n_tags && !ours; i++) ours = strncmp(tag, a->tag[i], 2) == 0 && tag[3] == (!a->o->tf && i == 0 ? 'Z' : 'f');
            if (!ours && tag[3] == 'f' && is_stale(a, tag + 5, (size_t)(end - tag) - 5)) {
                char(*q)[3] = realloc(a->stale, ((size_t)a->n_stale + 1) * sizeof *q);
                if (!q) {
                    free(s.s);
                    return -1;
                }
                a->stale = q;
                memcpy(q[a->n_stale], tag, 2);
                q[a->n_stale++][2] = 0;
                ours = 1;
            }
        }
        if (!ours) kputsn(p, (size_t)(end - p), &s);
    }
    int ret = 0;
    if (s.l < n_text) {
        sam_hdr_t *h = sam_hdr_parse(s.l, s.s);
        if (h && sam_hdr_nref(h) == sam_hdr_nref(a->hdr)) {
            sam_hdr_destroy(a->hdr);
            a->hdr = h;
        } else {
            sam_hdr_destroy(h);
            ret = -1;
        }
    }
    free(s.s);
    return ret;
}

static int make_header(args_t *a)
{
    const tfb_bam_opt_t *o = a->o;
    const char *of = o->logit ? "log odds" : "probability";
    char what[200];
    char *by = NULL;
    int ret = -1;
    if (remove_comments(a) < 0) return -1;
    for (int i = 0; i < a->n_tags; i++) {
        int t = o->tf ? i % a->T : -1, diff = o->tf ? i / a->T : 0;
        free(by);
        if (!(by = printable(tfb_panel_source(a->panel, t)))) return -1;
        if (o->tf)
            snprintf(what, sizeof what, diff ? "change by the read's own bases of the %s that %%s binds" : "%s that %%s binds%s", of,
                     o->reads ? " the read's own bases" : "");
        else if (o->reads)
            snprintf(what, sizeof what,
                     i == 0   ? "TF whose binding the read's own bases change most, else the best one"
                     : i == 1 ? "%s that it binds the read's own bases"
                              : "change of that %s, read - reference",
                     of);
        else
            snprintf(what, sizeof what, i == 0 ? "TF with the highest %s of binding" : "its %s of binding", of);
        if (add_comment(a, i, what, t < 0 ? "" : tfb_panel_target(a->panel, t), by) < 0) goto done;
    }
    if (!o->no_pg) {
        free(by);
        if (!(by = printable(o->command ? o->command : "")) ||
            sam_hdr_add_pg(a->hdr, "tfbind", "VN", PACKAGE_VERSION, *by ? "CL" : NULL, *by ? by : NULL, NULL) < 0)
            goto done;
    }
    ret = 0;
done:
    free(by);
    return ret;
}

/* htslib trusts the index of a CRAM's reference; that of the other one was checked. 0, or -1 (logged). */
static int check_reference(const tfb_bam_opt_t *o)
{
    if (!o->reference || strcmp(o->reference, o->fasta) == 0) return 0;
    tfb_fasta_t *f = tfb_fasta_open(o->reference);
    tfb_fasta_close(f);
    return f ? 0 : -1;
}

static int open_input(args_t *a)
{
    const tfb_bam_opt_t *o = a->o;
    tfb_reads_indexed(o->in, "the input", ".bai .csi .crai");
    if (o->reference) tfb_fasta_reads(o->reference);
    const hts_opt *const options[] = {o->in_options, o->out_options};
    for (int i = 0; i < 2; i++)
        for (const hts_opt *p = options[i]; p; p = p->next)
            if (p->opt == CRAM_OPT_REFERENCE) tfb_fasta_reads(p->val.s);
    errno = 0;
    if (!(a->in = hts_open(o->in, "r"))) {
        tfb_error("cannot read %s: %s", in_name(o), errno ? strerror(errno) : "unknown format");
        return -1;
    }
    if (o->in_options && hts_opt_apply(a->in, o->in_options) < 0) {
        tfb_error("%s: an --input-fmt-option cannot be applied", in_name(o));
        return -1;
    }
    const htsFormat *f = hts_get_format(a->in);
    if (f->format != sam && f->format != bam && f->format != cram) {
        tfb_error("cannot read %s: not SAM, BAM or CRAM", in_name(o));
        return -1;
    }
    if ((f->format == cram || f->compression == bgzf) && hts_check_EOF(a->in) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", in_name(o));
        return -1;
    }
    if (f->format == cram && check_reference(o) < 0) return -1;
    if (f->format == cram && hts_set_opt(a->in, CRAM_OPT_REFERENCE, o->reference ? o->reference : o->fasta) < 0) {
        tfb_error("cannot read %s: the reference %s cannot be used", in_name(o), o->reference ? o->reference : o->fasta);
        return -1;
    }
    if (!(a->hdr = sam_hdr_read(a->in))) {
        tfb_error("cannot read %s: no header (or the file is truncated)", in_name(o));
        return -1;
    }
    if (tfb_io_threads(o->threads)) { /* after the header: htslib 1.16 waits for ever where a pipe ends within it */
        if (!(a->io.pool = hts_tpool_init(tfb_io_threads(o->threads)))) {
            tfb_error("cannot start %d threads", o->threads);
            return -1;
        }
        hts_set_opt(a->in, HTS_OPT_THREAD_POOL, &a->io);
    }
    return 0;
}

static int open_output(args_t *a)
{
    const tfb_bam_opt_t *o = a->o;
    char mode[16] = "w";
    if (o->format && (hts_parse_format(&a->fmt, o->format) < 0 || (a->fmt.format != sam && a->fmt.format != bam && a->fmt.format != cram))) {
        tfb_error("--output-fmt is sam, bam or cram, with or without options (bam,level=1), not '%s'", o->format);
        return -1;
    }
    if (!o->format && sam_open_mode(mode + 1, o->out, NULL) < 0) strcpy(mode, "wb"); /* as samtools: by the name, else BAM */
    for (const hts_opt *p = a->fmt.specific; p; p = p->next)
        if (p->opt == CRAM_OPT_REFERENCE) tfb_fasta_reads(p->val.s);
    if (o->format) strcpy(mode, a->fmt.format == bam ? "wb" : a->fmt.format == cram ? "wc" : a->fmt.compression == bgzf ? "wz" : "w");
    if (!(a->whole = tfb_out_begin(o->out)) || !(a->out = tfb_out_hts(a->whole, o->out, mode))) return -1;
    if (o->format) a->out->format.format = a->fmt.format;
    if (a->fmt.specific && hts_opt_apply(a->out, a->fmt.specific) < 0) {
        tfb_error("%s: an option of --output-fmt cannot be applied", o->out);
        return -1;
    }
    if (o->out_options && hts_opt_apply(a->out, o->out_options) < 0) {
        tfb_error("%s: an --output-fmt-option cannot be applied", o->out);
        return -1;
    }
    enum htsExactFormat f = a->out->format.format;
    int text = f == sam || f == text_format;
    if (o->write_index && (!tfb_out_name(a->whole) || text || (f == cram && o->write_index == 2))) {
        tfb_error(f == cram ? "--write-index=bai is for BAM" : "--write-index needs an output file in BAM or CRAM");
        return -1;
    }
    if (f == cram && check_reference(o) < 0) return -1;
    if (o->write_index && !(a->index = tfb_out_index(a->whole, f == cram ? ".crai" : o->write_index == 2 ? ".bai" : ".csi"))) return -1;
    if (f == cram && hts_set_opt(a->out, CRAM_OPT_REFERENCE, o->reference ? o->reference : o->fasta) < 0) {
        tfb_error("cannot write %s: the reference %s cannot be used", o->out, o->reference ? o->reference : o->fasta);
        return -1;
    }
    if (a->io.pool) hts_set_opt(a->out, HTS_OPT_THREAD_POOL, &a->io);
    errno = 0;
    return sam_hdr_write(a->out, a->hdr) < 0 ? tfb_file_write_error(o->out) : 0;
}

/* ---- alignments to windows ---- */

static uint64_t hash_of(const uint8_t *c, int n)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (int i = 0; i < n; i++) h = (h ^ c[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static int32_t *find_slot(const args_t *a, uint64_t h, const uint8_t *c)
{
    size_t m = 4 * (size_t)a->m_windows, i = h % m;
    while (a->slot[i] && (a->hash[a->slot[i] - 1] != h || memcmp(a->code + (size_t)(a->slot[i] - 1) * (size_t)a->W, c, (size_t)a->W)))
        i = i + 1 < m ? i + 1 : 0;
    return &a->slot[i];
}

static int more_windows(args_t *a)
{
    size_t m = a->m_windows ? 2 * (size_t)a->m_windows : WINDOWS + 1024;
    uint8_t *c = m < INT32_MAX / 4 ? realloc(a->code, (m + 1) * (size_t)a->W) : NULL;
    if (c) a->code = c;
    int32_t *b = realloc(a->base, m * sizeof *b);
    if (b) a->base = b;
    uint64_t *h = realloc(a->hash, m * sizeof *h);
    if (h) a->hash = h;
    int32_t *s = realloc(a->slot, 4 * m * sizeof *s);
    if (s) a->slot = s;
    float *z = realloc(a->z, m * (size_t)a->T * sizeof *z);
    if (z) a->z = z;
    if (!c || !b || !h || !s || !z) {
        tfb_error("not enough memory for %zu windows", m);
        return -1;
    }
    a->m_windows = (int)m;
    memset(a->slot, 0, 4 * m * sizeof *s);
    for (int i = 0; i < a->n_windows; i++) *find_slot(a, a->hash[i], a->code + (size_t)i * (size_t)a->W) = i + 1;
    return 0;
}

static uint8_t *next_window(args_t *a) { return a->n_windows < a->m_windows || more_windows(a) == 0 ? a->code + (size_t)a->n_windows * (size_t)a->W : NULL; }

/* Takes the window that was made at next_window: its index, or that of one with the same bases. base: the window it was derived from, or -1. */
static int keep_window(args_t *a, int base)
{
    uint8_t *c = a->code + (size_t)a->n_windows * (size_t)a->W;
    uint64_t h = hash_of(c, a->W);
    int32_t *s = find_slot(a, h, c);
    a->n_made++;
    if (*s) return *s - 1;
    a->hash[a->n_windows] = h;
    a->base[a->n_windows] = base >= 0 && a->base[base] < 0 ? base : -1;
    *s = ++a->n_windows;
    return *s - 1;
}

static int add_pair(args_t *a, int ref, int mine)
{
    if (a->n_pairs == a->m_pairs) {
        int m = a->m_pairs ? 2 * a->m_pairs : WINDOWS;
        pair_t *p = realloc(a->pair, (size_t)m * sizeof *p);
        if (!p) {
            tfb_error("not enough memory for %d windows", m);
            return -1;
        }
        a->pair = p;
        a->m_pairs = m;
    }
    a->pair[a->n_pairs++] = (pair_t){ref, mine};
    return 0;
}

/* The read's aligned bases beside the reference's [beg, end): a->read, at, own. A reason, or -1. */
static int lay_out(args_t *a, const bam1_t *b, const char *contig, hts_pos_t beg, hts_pos_t end)
{
    const uint32_t *cigar = bam_get_cigar(b);
    const uint8_t *seq = bam_get_seq(b);
    size_t n_ref = (size_t)(end - beg), most = n_ref + (size_t)b->core.l_qseq;
    if (most > INT32_MAX) return TOO_LONG;
    if (n_ref + 1 > a->m_at) {
        int32_t *at = realloc(a->at, 2 * n_ref * sizeof *at + sizeof *at);
        if (at) a->at = at;
        uint8_t *own = realloc(a->own, 2 * n_ref + 1);
        if (own) a->own = own;
        if (!at || !own) goto memory;
        a->m_at = 2 * n_ref + 1;
    }
    if (most + n_ref > a->m_read) {
        uint8_t *r = realloc(a->read, 2 * most + n_ref);
        if (!r) goto memory;
        a->read = r;
        a->m_read = 2 * most + n_ref;
    }
    uint8_t *ref = a->read + a->m_read - n_ref; /* at the end, where the read does not reach */
    int r = tfb_allele_bases(a->fasta, contig, beg, end, ref);
    if (r) return r;
    int q = 0, n = 0, p = 0;
    for (uint32_t i = 0; i < b->core.n_cigar; i++) {
        int op = bam_cigar_op(cigar[i]), len = (int)bam_cigar_oplen(cigar[i]), type = bam_cigar_type(op);
        if (type == 3 || (op == BAM_CINS && p > 0 && (hts_pos_t)p < end - beg))
            for (int k = 0; k < len; k++) {
                uint8_t c = seq_nt16_int[bam_seqi(seq, q + k)] < 4 ? (uint8_t)seq_nt16_int[bam_seqi(seq, q + k)] : TFB_N;
                if (type == 3) {
                    if (c == TFB_N) c = ref[p]; /* N, an IUPAC code or =: the read says nothing else */
                    a->at[p] = n;
                    a->own[p++] = 1;
                }
                a->read[n++] = c;
            }
        else if (type == 2)
            for (int k = 0; k < len; k++) {
                a->at[p] = n;
                a->own[p] = op == BAM_CDEL;
                if (op != BAM_CDEL) a->read[n++] = ref[p];
                p++;
            }
        if (type & 1) q += len;
    }
    a->at[p] = n;
    a->n_read = n;
    return TFB_ALLELE_OK;
memory:
    tfb_error("not enough memory for a read over %zu bases", n_ref);
    return -1;
}

/* The window [lo, lo + W) as the read has it: its middle base stays in the middle, so that insertions and deletions move what is left and right
 * of it. c: where to. A reason, or -1. */
static int read_window(args_t *a, const char *contig, hts_pos_t beg, hts_pos_t end, hts_pos_t lo, uint8_t *c)
{
    int W = a->W, from = a->at[lo + W / 2 - beg] - W / 2, to = from + W, r;
    int left = from < 0 ? (to < 0 ? W : -from) : 0, right = to > a->n_read ? (from > a->n_read ? W : to - a->n_read) : 0;
    if (left && (r = tfb_allele_bases(a->fasta, contig, beg + from, beg + from + left, c)) != 0) return r;
    if (W - left - right > 0) memcpy(c + left, a->read + from + left, (size_t)(W - left - right));
    if (right && (r = tfb_allele_bases(a->fasta, contig, end + to - a->n_read - right, end + to - a->n_read, c + W - right)) != 0) return r;
    return tfb_count_n(c, (size_t)W) > (size_t)a->o->max_n ? TFB_ALLELE_MANY_N : TFB_ALLELE_OK;
}

/* The window at lo, and with --reads the read's. A reason, or -1. */
static int add_window(args_t *a, const char *contig, hts_pos_t beg, hts_pos_t end, hts_pos_t lo)
{
    uint8_t *c = next_window(a);
    if (!c) return -1;
    int r = tfb_allele_bases(a->fasta, contig, lo, lo + a->W, c);
    if (r) return r;
    if (tfb_count_n(c, (size_t)a->W) > (size_t)a->o->max_n) return TFB_ALLELE_MANY_N;
    int ref = keep_window(a, -1), mine = ref;
    if (a->o->reads) {
        if (!(c = next_window(a))) return -1;
        if ((r = read_window(a, contig, beg, end, lo, c)) != 0) return r;
        mine = keep_window(a, ref);
    }
    return add_pair(a, ref, mine);
}

/* Does the read have a base in [lo, lo + W)? Tiles over its introns say nothing about it. */
static int has_bases(const args_t *a, hts_pos_t beg, hts_pos_t lo) { return memchr(a->own + (lo - beg), 1, (size_t)a->W) != NULL; }

/* Whatever is said about another genome than the reads were mapped to is wrong. A reason. */
static int check_contig(args_t *a, int tid)
{
    if (!a->contig_ok[tid]) {
        const char *contig = sam_hdr_tid2name(a->hdr, tid);
        hts_pos_t want = sam_hdr_tid2len(a->hdr, tid), len = tfb_fasta_len(a->fasta, contig);
        a->contig_ok[tid] = len < 0 || len == want ? 1 : -1;
        if (len >= 0 && len != want)
            tfb_warn("%s has %" PRId64 " bases in %s and %" PRId64 " in %s (another genome build?): its records are not scored", contig, (int64_t)want,
                     in_name(a->o), (int64_t)len, tfb_fasta_path(a->fasta));
    }
    return a->contig_ok[tid] > 0 ? TFB_ALLELE_OK : OTHER_LENGTH;
}

/* ---- records ---- */

/* Bytes of a value of an aux tag's type; 0: of no known length. */
static size_t aux_size(uint8_t type)
{
    switch (type) {
    case 'A':
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'd': return 8;
    default: return 0;
    }
}

/* What is wrong with the aux tags, or NULL. */
static const char *check_aux(const bam1_t *b)
{
    const uint8_t *s = bam_get_aux(b), *end = b->data + b->l_data;
    while (s < end) {
        if (end - s < 4) return "its tags are cut off";
        uint8_t type = s[2];
        size_t left = (size_t)(end - (s += 3)), n = aux_size(type);
        if (type == 'Z' || type == 'H') {
            const uint8_t *zero = memchr(s, 0, left);
            if (!zero) return "a tag's text has no end";
            n = (size_t)(zero - s) + 1;
        } else if (type == 'B') {
            size_t each = left < 5 || *s == 'A' || *s == 'd' ? 0 : aux_size(*s);
            if (!each) return "an array in its tags is of no type";
            uint32_t count = s[1] | (uint32_t)s[2] << 8 | (uint32_t)s[3] << 16 | (uint32_t)s[4] << 24;
            if (count > (left - 5) / each) return "an array in its tags is longer than the record";
            n = 5 + count * each;
        }
        if (!n) return "a tag is of no type";
        if (n > left) return "its tags are cut off";
        s += n;
    }
    return NULL;
}

/* What is wrong with the numbers of a record that are indices and lengths, or NULL. htslib checks some
 * of them in some formats. */
static const char *check_record(const args_t *a, const bam1_t *b)
{
    const bam1_core_t *c = &b->core;
    const uint32_t *cigar = bam_get_cigar(b);
    int n_ref = sam_hdr_nref(a->hdr);
    int64_t bases = 0;
    size_t used = c->l_qname + ((size_t)c->n_cigar << 2) + ((size_t)(c->l_qseq < 0 ? 0 : c->l_qseq) + 1) / 2 + (size_t)(c->l_qseq < 0 ? 0 : c->l_qseq);
    if (c->l_qseq < 0 || b->l_data < 0 || used > (size_t)b->l_data) return "its parts are longer than the record";
    if (c->tid < -1 || c->tid >= n_ref || c->mtid < -1 || c->mtid >= n_ref) return "it is on a contig that the header does not have";
    if (c->pos < -1 || c->mpos < -1 || c->pos > INT64_MAX / 4) return "its position is not one";
    for (uint32_t i = 0; i < c->n_cigar; i++) {
        if (bam_cigar_op(cigar[i]) > BAM_CDIFF) return "its CIGAR has an unknown operation";
        if (bam_cigar_type(bam_cigar_op(cigar[i])) & 1) bases += bam_cigar_oplen(cigar[i]);
    }
    if (c->n_cigar && c->l_qseq && !(c->flag & BAM_FUNMAP) && bases != c->l_qseq) return "its CIGAR is of another length than its sequence";
    return check_aux(b);
}

/* Reports a malformed record. -1. */
static int malformed(const args_t *a, const bam1_t *b, const char *why)
{
    char *name = b->core.l_qname ? printable(bam_get_qname(b)) : NULL;
    tfb_error("%s: record %" PRId64 " (%s) is malformed: %s", in_name(a->o), a->n_records, name ? name : "*", why);
    free(name);
    return -1;
}

/* Do both mates' records agree on a fragment, within the contig and of a credible length? Then it
 * becomes [*beg, *end). */
static int fragment(const args_t *a, const bam1_core_t *c, hts_pos_t *beg, hts_pos_t *end)
{
    static const int flags = BAM_FPAIRED | BAM_FPROPER_PAIR | BAM_FMUNMAP | BAM_FSUPPLEMENTARY;
    if ((c->flag & flags) != (BAM_FPAIRED | BAM_FPROPER_PAIR) || c->mtid != c->tid || c->mpos < 0) return 0;
    if (!c->isize || c->isize > FRAGMENT || c->isize < -FRAGMENT) return 0;
    hts_pos_t from = c->pos < c->mpos ? c->pos : c->mpos, n = c->isize < 0 ? -c->isize : c->isize;
    if (from > sam_hdr_tid2len(a->hdr, c->tid) - n) return 0;
    *beg = from;
    *end = from + n;
    return 1;
}

/* Windows every step bases of [beg, end), and once at the end. A reason, or -1. */
static int tile(args_t *a, const char *contig, hts_pos_t beg, hts_pos_t end)
{
    int r, why = TFB_ALLELE_OK;
    for (hts_pos_t lo = beg;; lo = lo + a->step < end - a->W ? lo + a->step : end - a->W) {
        if ((!a->o->reads || has_bases(a, beg, lo)) && (r = add_window(a, contig, beg, end, lo)) != 0) {
            if (r < 0) return -1;
            why = r;
        }
        if (lo >= end - a->W) return why;
    }
}

/* Windows of one record. A reason, or -1. */
static int make_windows(args_t *a, item_t *it)
{
    const bam1_t *b = it->b;
    const bam1_core_t *c = &b->core;
    const uint32_t *cigar = bam_get_cigar(b);
    const char *wrong = check_record(a, b);
    int aligned = 0, why;
    it->first = a->n_pairs;
    it->n = it->touch = 0;
    if (wrong) return malformed(a, b, wrong);
    if (c->flag & BAM_FSECONDARY) return SECONDARY;
    if (c->flag & BAM_FUNMAP || c->tid < 0 || c->pos < 0) return UNMAPPED;
    for (uint32_t i = 0; i < c->n_cigar; i++) aligned |= bam_cigar_type(bam_cigar_op(cigar[i])) == 3 && bam_cigar_oplen(cigar[i]);
    if (!aligned) return CLIPPED;
    it->touch = 1;
    const char *contig = sam_hdr_tid2name(a->hdr, c->tid);
    if (!contig) return UNMAPPED;
    if ((why = check_contig(a, c->tid)) != 0) return why;
    if (c->pos > sam_hdr_tid2len(a->hdr, c->tid)) return TFB_ALLELE_EDGE;
    hts_pos_t beg = c->pos, end = bam_endpos(b);
    int all_over = end - beg > a->W && (a->o->reads || a->o->tile);
    if (!a->o->reads && fragment(a, c, &beg, &end)) all_over = end - beg > a->W && a->o->tile;
    if ((all_over || a->o->reads) && end - beg > SPAN) return TOO_LONG;
    if (a->o->reads) {
        if (!c->l_qseq) return NO_BASES;
        if ((why = lay_out(a, b, contig, beg, end)) != 0) return why;
    }
    why = all_over ? tile(a, contig, beg, end) : add_window(a, contig, beg, end, beg + (end - beg) / 2 - a->W / 2);
    if (why < 0) return -1;
    it->n = a->n_pairs - it->first;
    return it->n ? TFB_ALLELE_OK : why;
}

/* ---- scores to tags ---- */

static float scaled(const args_t *a, float z) { return a->o->logit ? z : tfb_sigmoid(z); }

static int put(args_t *a, bam1_t *b, int tag, const char *s, float v)
{
    errno = 0;
    /* weights of absurd size could make inf or nan, which SAM does not have */
    if (!s && !isfinite(v)) {
        uint8_t *old = bam_aux_get(b, a->tag[tag]);
        if (!old || (*old == 'f' && bam_aux_del(b, old) == 0)) return 0;
        errno = EINVAL;
    } else if ((s ? bam_aux_update_str(b, a->tag[tag], -1, s) : bam_aux_update_float(b, a->tag[tag], v)) == 0)
        return 0;
    const char *why = errno ? strerror(errno) : "the record is damaged";
    if (errno == EINVAL) why = "it has one of another type; choose other names with --tags";
    char *name = printable(bam_get_qname(b));
    tfb_error("%s: %s (%s:%" PRId64 ") cannot get the tag %s: %s", in_name(a->o), name ? name : "*", sam_hdr_tid2name(a->hdr, b->core.tid),
              (int64_t)b->core.pos + 1, a->tag[tag], why);
    free(name);
    return -1;
}

static int write_tags(args_t *a, const item_t *it)
{
    size_t T = (size_t)a->T, w = 0, t = 0;
    const pair_t *p = a->pair + it->first;
    float most = 0, top = -INFINITY;
    if (a->o->tf) {
        for (t = 0; t < T; t++) {
            top = -INFINITY, most = 0;
            for (int i = 0; i < it->n; i++) {
                float ref = scaled(a, a->z[(size_t)p[i].ref * T + t]), mine = scaled(a, a->z[(size_t)p[i].mine * T + t]);
                if (mine > top) top = mine;
                if (fabsf(mine - ref) > fabsf(most)) most = mine - ref;
            }
            if (put(a, it->b, (int)t, NULL, top) < 0 || (a->o->reads && put(a, it->b, (int)(T + t), NULL, most) < 0)) return -1;
        }
        return 0;
    }
    for (int i = 0; i < it->n; i++) { /* the largest change; without any, the highest score */
        const float *ref = a->z + (size_t)p[i].ref * T, *mine = a->z + (size_t)p[i].mine * T;
        for (size_t k = 0; k < T; k++) {
            float d = p[i].ref == p[i].mine ? 0 : scaled(a, mine[k]) - scaled(a, ref[k]);
            if (fabsf(d) < fabsf(most) || (fabsf(d) == fabsf(most) && mine[k] <= top)) continue;
            most = d, top = mine[k], w = (size_t)i, t = k;
        }
    }
    if (put(a, it->b, 0, a->top_name[t], 0) < 0 || put(a, it->b, 1, NULL, scaled(a, a->z[(size_t)p[w].mine * T + t])) < 0) return -1;
    return a->o->reads ? put(a, it->b, 2, NULL, most) : 0;
}

static int write_record(args_t *a, item_t *it)
{
    for (int k = 0; k < a->n_stale && it->touch; k++) {
        uint8_t *old = bam_aux_get(it->b, a->stale[k]);
        if (old && *old == 'f') bam_aux_del(it->b, old);
    }
    if (it->n) {
        if (write_tags(a, it) < 0) return -1;
    } else if (it->touch) /* what an earlier run wrote goes, also where there is nothing to put in its place */
        for (int k = 0; k < a->n_tags; k++) {
            uint8_t *old = bam_aux_get(it->b, a->tag[k]);
            if (old && *old == (!a->o->tf && k == 0 ? 'Z' : 'f')) bam_aux_del(it->b, old);
        }
    errno = 0;
    if (sam_write1(a->out, a->hdr, it->b) < 0) return tfb_file_write_error(a->o->out);
    if (it->b->m_data > KEEP) { /* else as many long reads as a batch has records would be kept, over time */
        free(it->b->data);
        it->b->data = NULL;
        it->b->m_data = 0;
        it->b->l_data = 0;
    }
    return 0;
}

static int flush(args_t *a)
{
    if (tfb_panel_windows(a->panel, a->code, a->base, a->n_windows, a->o->strand, a->z) < 0) return -1;
    for (int i = 0; i < a->n_items; i++)
        if (write_record(a, &a->item[i]) < 0) return -1;
    a->n_run += a->n_windows;
    a->n_items = a->n_windows = a->n_pairs = 0;
    a->n_bytes = 0;
    if (a->slot) memset(a->slot, 0, 4 * (size_t)a->m_windows * sizeof *a->slot);
    return 0;
}

static int run(args_t *a)
{
    int r;
    while ((r = sam_read1(a->in, a->hdr, a->item[a->n_items].b)) >= 0) {
        item_t *it = &a->item[a->n_items];
        a->n_records++;
        int why = make_windows(a, it);
        if (why < 0) return -1;
        a->n_reason[why]++;
        if (why == TFB_ALLELE_NO_CONTIG && !a->unknown) a->unknown = sam_hdr_tid2name(a->hdr, it->b->core.tid);
        a->n_scored += it->n > 0;
        a->n_items++;
        a->n_bytes += (size_t)it->b->l_data;
        if ((a->n_items == RECORDS || a->n_windows >= WINDOWS || a->n_bytes >= BYTES) && flush(a) < 0) return -1;
    }
    const htsFormat *f = hts_get_format(a->in);
    if (r == -1 && f->compression == bgzf && f->format != cram && a->in->fp.bgzf->no_eof_block) r = -2; /* a pipe that ended too soon */
    if (r == -1 && f->format == cram && cram_eof(a->in->fp.cram) == 2) r = -2;
    if (r == -1 && f->format == sam && f->compression == no_compression && tfb_file_cut_short(a->o->in)) r = -2;
    if (r < -1) {
        tfb_error("%s: cannot read on after record %" PRId64 ": the file is truncated or damaged", in_name(a->o), a->n_records);
        return -1;
    }
    return flush(a);
}

static void summary(const args_t *a)
{
    kstring_t s = {0, 0, NULL};
    for (int r = 1; r < REASONS; r++) {
        if (!a->n_reason[r]) continue;
        ksprintf(&s, "%s%" PRId64 " %s", s.l ? ", " : ": ", a->n_reason[r], reason(r));
        if (r == TFB_ALLELE_NO_CONTIG) ksprintf(&s, " (such as %s)", a->unknown);
    }
    tfb_note("%" PRId64 " records, %" PRId64 " annotated, %" PRId64 " not%s", a->n_records, a->n_scored, a->n_records - a->n_scored, s.l ? s.s : "");
    tfb_debug("%" PRId64 " windows, of which %" PRId64 " were scored: the others were the same as one of them", a->n_made, a->n_run);
    free(s.s);
}

/* Reports if nothing was scored for want of contigs. 0, or -1 if the FASTA has none of the input's. */
static int check_contigs(const args_t *a)
{
    const int64_t *n = a->n_reason;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->n_scored) return 0;
    int partly = n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[NO_BASES] || n[OTHER_LENGTH] || n[TOO_LONG];
    (partly ? tfb_warn : tfb_error)("nothing was scored: %s has no contig %s, nor one that chr or M and MT would explain (is it another genome?)",
                                    tfb_fasta_path(a->fasta), a->unknown);
    return partly ? 0 : -1;
}

/* After closing: with htslib 1.16 an index made while threads write is not to be trusted. */
static int build_index(const args_t *a)
{
    const tfb_bam_opt_t *o = a->o;
    int r = sam_index_build3(tfb_out_name(a->whole), a->index, o->write_index == 2 ? 0 : 14, o->threads);
    if (r >= 0) return 0;
    tfb_error("cannot index %s%s", o->out, r == -2 ? ": cannot read it back" : r == -4 ? ": cannot write the index" : ": is it sorted?");
    return -1;
}

int tfb_bam_annotate(const tfb_bam_opt_t *o)
{
    int ret = -1;
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    a->o = o;
    for (int i = 0; i < RECORDS; i++)
        if (!(a->item[i].b = bam_init1())) goto done;
    if (!(a->pool = tfb_pool_create(o->threads - tfb_io_threads(o->threads))) || !(a->panel = tfb_panel_open(o->model, o->tf ? o->tf : "all", a->pool)) ||
        !(a->fasta = tfb_fasta_open(o->fasta)) || open_input(a) < 0)
        goto done;
    tfb_fasta_one_file(a->fasta);
    a->W = tfb_panel_window(a->panel);
    a->T = tfb_panel_n_targets(a->panel);
    a->step = o->step > 0 ? o->step : a->W / 2 > 0 ? a->W / 2 : 1;
    if (name_tags(a) < 0) goto done;
    if (!(a->contig_ok = calloc((size_t)sam_hdr_nref(a->hdr) + 1, 1)) || !(a->top_name = calloc((size_t)a->T + 1, sizeof *a->top_name))) goto done;
    for (int t = 0; t < a->T; t++)
        if (!(a->top_name[t] = printable(tfb_panel_target(a->panel, t)))) goto done;
    if (make_header(a) < 0) {
        tfb_error("%s: cannot make the output's header", in_name(o));
        goto done;
    }
    ret = open_output(a);
    if (ret == 0) ret = run(a);
done:
    if (ret == 0) errno = 0;
    if (a->out && hts_close(a->out) < 0 && ret == 0) ret = tfb_file_write_error(o->out);
    if (ret == 0 && a->index) ret = build_index(a);
    if (tfb_out_end(a->whole, ret == 0) < 0) ret = -1;
    if (ret == 0) {
        summary(a);
        ret = check_contigs(a); /* the output is whole all the same */
    }
    if (a->in) hts_close(a->in);
    if (a->io.pool) hts_tpool_destroy(a->io.pool);
    sam_hdr_destroy(a->hdr);
    for (int i = 0; i < RECORDS; i++) bam_destroy1(a->item[i].b);
    tfb_strv_free(a->top_name);
    tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    tfb_fasta_close(a->fasta);
    hts_opt_free(a->fmt.specific);
    free(a->tag);
    free(a->stale);
    free(a->contig_ok);
    free(a->pair);
    free(a->code);
    free(a->base);
    free(a->hash);
    free(a->slot);
    free(a->z);
    free(a->read);
    free(a->at);
    free(a->own);
    free(a);
    return ret;
}
