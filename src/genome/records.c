/* records.c - reads the records of a VCF or BCF and checks them. */
#include "config.h"
#include "genome/records.h"
#include "genome/lines.h"
#include "util/files.h"
#include "util/util.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts_endian.h>
#include <htslib/kstring.h>
#include <htslib/synced_bcf_reader.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 1 << 16,   /* bytes of text read at a time */
    PIECE = 1 << 20,   /* bytes of a BCF record read at a time: a wrong length allocates no more than the file holds */
    FIXED_COLUMNS = 8, /* CHROM to INFO */
};
static const hts_pos_t LARGEST_POS = (hts_pos_t)1 << 60; /* POS plus the length of a REF or END cannot overflow */

struct tfb_records_t {
    const char *path, *name;
    int targets_overlap, genotypes; /* genotypes are read, so they must be numbers */
    bcf_srs_t *sr; /* opens the input and reads regions; all else is read here. NULL: the caller opened */
    htsFile *in;   /* sr's or the caller's, as is hdr; NULL: a table */
    tfb_assoc_t *table;
    bcf_hdr_t *hdr;
    char *chunk; /* text already read; [at, n_chunk) is not yet used */
    size_t at, n_chunk;
    kstring_t line;
    int ends;                       /* the line ends with a newline */
    int64_t blank;                  /* number of an earlier empty line; 0: none */
    int64_t n;                      /* records read */
    int n_contigs, n_ids;           /* declared when the first record was read; -1: not yet */
    int warned;                     /* about an undeclared contig */
    int64_t size;                   /* bytes of the file; 0: unknown */
    kstring_t contig, chrom, where; /* contig of the last record; contig of a line; for messages */
    hts_pos_t pos;
};

/* ---- opening ---- */

const char *tfb_records_name(const tfb_records_t *r) { return r->name; }
bcf_hdr_t *tfb_records_header(tfb_records_t *r) { return r->hdr; }
htsThreadPool *tfb_records_pool(tfb_records_t *r) { return r->sr ? r->sr->p : NULL; }

static int set_regions(bcf_srs_t *sr, const tfb_records_opt_t *o)
{
    if (o->regions) {
        bcf_sr_set_opt(sr, BCF_SR_REQUIRE_IDX);
        if (o->regions_overlap >= 0) bcf_sr_set_opt(sr, BCF_SR_REGIONS_OVERLAP, o->regions_overlap);
        if (bcf_sr_set_regions(sr, o->regions, o->regions_file) < 0) {
            tfb_error("cannot read regions %s", o->regions);
            return -1;
        }
    }
    if (o->targets) {
        if (o->targets_overlap >= 0) bcf_sr_set_opt(sr, BCF_SR_TARGETS_OVERLAP, o->targets_overlap);
        if (bcf_sr_set_targets(sr, o->targets, o->targets_file, 0) < 0) {
            tfb_error("cannot read targets %s", o->targets);
            return -1;
        }
    }
    return 0;
}

static tfb_records_t *create(const char *path)
{
    tfb_records_t *r = calloc(1, sizeof *r);
    if (r && (r->chunk = malloc(CHUNK))) {
        r->path = path;
        r->name = tfb_input_name(path);
        r->n_contigs = -1;
        r->size = tfb_input_size(path);
        return r;
    }
    tfb_error("not enough memory to read %s", path);
    free(r);
    return NULL;
}

tfb_records_t *tfb_records_open(const tfb_records_opt_t *o)
{
    tfb_records_t *r = create(o->in);
    if (!r) return NULL;
    r->targets_overlap = o->targets_overlap;
    r->genotypes = o->genotypes;
    if (o->table) {
        if (!(r->table = tfb_assoc_open(o->table, o->in, o->fasta))) goto fail;
        r->hdr = tfb_assoc_header(r->table);
        return r;
    }
    if (!(r->sr = bcf_sr_init())) {
        tfb_error("not enough memory to read %s", r->name);
        goto fail;
    }
    if (set_regions(r->sr, o) < 0) goto fail;
    if (o->threads && bcf_sr_set_threads(r->sr, o->threads) < 0) { /* before the reader is added */
        tfb_error("cannot start %d threads", o->threads);
        goto fail;
    }
    errno = 0;
    if (!bcf_sr_add_reader(r->sr, o->in)) {
        const char *why = bcf_sr_strerror(r->sr->errnum);
        if (r->sr->errnum == open_failed && errno) why = strerror(errno);
        tfb_error("cannot read %s: %s", r->name, why);
        goto fail;
    }
    r->in = r->sr->readers[0].file;
    r->hdr = bcf_sr_get_header(r->sr, 0);
    return r;
fail:
    tfb_records_close(r);
    return NULL;
}

tfb_records_t *tfb_records_on(const char *path, htsFile *in, bcf_hdr_t *hdr)
{
    tfb_records_t *r = create(path);
    if (!r) return NULL;
    r->in = in;
    r->hdr = hdr;
    return r;
}

void tfb_records_close(tfb_records_t *r)
{
    if (!r) return;
    if (r->sr) bcf_sr_destroy(r->sr);
    tfb_assoc_close(r->table);
    free(r->chunk);
    free(r->line.s);
    free(r->contig.s);
    free(r->chrom.s);
    free(r->where.s);
    free(r);
}

double tfb_records_fraction(tfb_records_t *r)
{
    if (r->table) return tfb_assoc_fraction(r->table);
    if ((r->sr && r->sr->regions) || r->size <= 0) return -1;
    if (r->in->is_bgzf) return tfb_bgzf_fraction(r->in->fp.bgzf, r->size);
    return (double)htell(r->in->fp.hfile) / (double)r->size;
}

void tfb_records_tally(const tfb_records_t *r, tfb_tally_t *t)
{
    if (r->table) tfb_assoc_tally(r->table, t);
}

/* ---- messages ---- */

static int in_regions(const tfb_records_t *r) { return r->sr && r->sr->regions; }
static int is_text(const tfb_records_t *r) { return r->in->format.format == vcf; }

/* Returns the place of a record for messages: "record 3 (chr1:100)", with the line if the input
 * is text. Owned by r. */
static const char *where(tfb_records_t *r, const bcf1_t *rec)
{
    r->where.l = 0;
    ksprintf(&r->where, "record %" PRId64 " (%.200s:%" PRId64, r->n, bcf_seqname_safe(r->hdr, rec),
             (int64_t)rec->pos + 1);
    if (is_text(r) && !in_regions(r)) ksprintf(&r->where, ", line %" PRId64, (int64_t)r->in->lineno);
    kputc(')', &r->where);
    return r->where.s;
}

/* Writes the position of the current line to r->where, as in the file, because vcf_parse() takes
 * the line apart. Returns 0, or -1 on lack of memory. */
static int note_line(tfb_records_t *r)
{
    kstring_t *w = &r->where;
    w->l = 0;
    if (ksprintf(w, "record %" PRId64 " (", r->n) < 0) return -1;
    int tabs = 0;
    for (const char *s = r->line.s; *s && w->l < 150; s++) { /* CHROM:POS */
        if (*s == '\t' && ++tabs == 2) break;
        int c = iscntrl((unsigned char)*s) ? '?' : *s;
        if (kputc(*s == '\t' ? ':' : c, w) < 0) return -1;
    }
    return ksprintf(w, ", line %" PRId64 ")", (int64_t)r->in->lineno) < 0 ? -1 : 0;
}

/* Reports what is wrong with the current line. Returns -1. */
static int TFB_PRINTF(2, 3) bad_line(tfb_records_t *r, const char *fmt, ...)
{
    char what[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    tfb_error("%s: %s %s", r->name, r->where.s, what);
    return -1;
}

/* Reports a read error, naming the last good record. Returns -1. */
static int read_error(tfb_records_t *r, const char *why)
{
    char after[300] = "before the first record";
    if (r->contig.l)
        snprintf(after, sizeof after, "after %.200s:%" PRId64 " (record %" PRId64 ")", r->contig.s, (int64_t)r->pos + 1,
                 r->n);
    tfb_error("%s: cannot read on %s: %s", r->name, after, why);
    return -1;
}

static int out_of_memory(tfb_records_t *r) { return read_error(r, "not enough memory for the next record"); }

/* ---- text ---- */

/* Reads a line into r->line without its line end. Returns 1, 0 at the end of the file, or -1
 * (logged). */
static int read_line(tfb_records_t *r)
{
    r->line.l = 0;
    r->ends = 0;
    while (!r->ends) {
        if (r->at == r->n_chunk) {
            ssize_t n =
                r->in->is_bgzf ? bgzf_read(r->in->fp.bgzf, r->chunk, CHUNK) : hread(r->in->fp.hfile, r->chunk, CHUNK);
            if (n < 0) return read_error(r, "the file is truncated or damaged");
            if (n == 0) break;
            r->at = 0;
            r->n_chunk = (size_t)n;
        }
        char *from = r->chunk + r->at, *end = memchr(from, '\n', r->n_chunk - r->at);
        size_t n = end ? (size_t)(end - from) : r->n_chunk - r->at;
        if (r->line.l + n > INT32_MAX) return read_error(r, "the next line is longer than 2 GB");
        if (kputsn(from, n, &r->line) < 0) return out_of_memory(r);
        r->at += n + (end != NULL);
        r->ends = end != NULL;
    }
    if (!r->ends && r->line.l == 0) return 0;
    r->in->lineno++;
    if (r->line.l > 0 && r->line.s[r->line.l - 1] == '\r') r->line.s[--r->line.l] = 0;
    return 1;
}

/* Returns whether the text up to the next tab is not empty and has only characters from set. */
static int column_of(const char *s, const char *set)
{
    size_t n = strspn(s, set);
    return n > 0 && (s[n] == '\t' || s[n] == 0);
}

/* Checks the number of columns: CHROM to INFO and, if there are samples, FORMAT and one for
 * each. Returns 0, or -1 (logged). */
static int check_columns(tfb_records_t *r)
{
    int n_samples = bcf_hdr_nsamples(r->hdr), need = n_samples ? FIXED_COLUMNS + 1 + n_samples : FIXED_COLUMNS, n = 1;
    const char *s = r->line.s, *end = s + r->line.l;
    for (const char *p = s; p < end; p++) n += *p == '\t';
    if (n < need && !r->ends)
        return bad_line(r, "has %d of %d columns and the last line does not end: the file is truncated", n, need);
    if (n == 1 && strchr(s, ' ')) return bad_line(r, "has no tabs: columns are separated by tabs, not by spaces");
    if (n < need) return bad_line(r, "has missing columns: %d, but the header has %d", n, need);
    if (end[-1] == '\t' && n > need) n--;
    if (n > need && n > FIXED_COLUMNS + 1) return bad_line(r, "has %d columns, but the header has %d", n, need);
    return 0;
}

/* Checks what vcf_parse() does not. Returns 0, or -1 (logged). */
static int check_line(tfb_records_t *r)
{
    const char *s = r->line.s;
    if (memchr(s, 0, r->line.l)) return bad_line(r, "has a NUL byte");
    if (strncmp(s, "##", 2) == 0 || strncmp(s, "#CHROM\t", 7) == 0)
        return bad_line(r, "is a line of a header: join files with `bcftools concat`");
    if (check_columns(r) < 0) return -1;
    if (*s == '\t') return bad_line(r, "has no contig");
    const char *pos = strchr(s, '\t') + 1, *qual = pos;
    if (!column_of(pos, "0123456789")) return bad_line(r, "has a POS that is no number");
    for (int i = 0; i < 4; i++) qual = strchr(qual, '\t') + 1; /* QUAL is the sixth column, and there are eight */
    if (!column_of(qual, "0123456789+-.eE") && !column_of(qual, "NnAaIiFfTtYy+-"))
        return bad_line(r, "has a QUAL that is no number");
    if (!r->ends)
        tfb_warn("%s: the last line (%" PRId64
                 ") does not end with a newline. It has all columns and is used; is the file complete?",
                 r->name, (int64_t)r->in->lineno);
    return 0;
}

/* Declares the contig of the line if the header does not. htslib does so too, but scans the
 * whole header each time, which is slow with many scaffolds. Returns 0, or -1 (logged). */
static int declare_contig(tfb_records_t *r)
{
    size_t n = strcspn(r->line.s, "\t");
    if (r->contig.l == n && memcmp(r->contig.s, r->line.s, n) == 0) return 0;
    r->chrom.l = 0;
    if (kputsn(r->line.s, n, &r->chrom) < 0) return out_of_memory(r);
    const char *name = r->chrom.s;
    if (bcf_hdr_name2id(r->hdr, name) >= 0 || strpbrk(name, ",<>\"\\=[]{}()'` "))
        return 0; /* htslib reports odd names */
    if (!r->warned++) tfb_warn("%s: the header does not declare contig %s; others are not reported", r->name, name);
    kstring_t s = {0, 0, NULL};
    int len, ret = -1;
    bcf_hrec_t *h = ksprintf(&s, "##contig=<ID=%s>", name) < 0 ? NULL : bcf_hdr_parse_line(r->hdr, s.s, &len);
    if (h && (ret = bcf_hdr_add_hrec(r->hdr, h)) < 0) bcf_hrec_destroy(h);
    free(s.s);
    return ret < 0 ? out_of_memory(r)
                   : 0; /* the header is synchronised when a record is written (it is dirty): names are there before */
}

/* Reads and checks the next line. Returns 1, 0 at the end, or -1 (logged). */
static int read_text(tfb_records_t *r, bcf1_t *rec)
{
    int got;
    while ((got = read_line(r)) > 0 && r->line.l == 0)
        if (!r->blank) r->blank = (int64_t)r->in->lineno;
    if (got < 0) return -1;
    if (got == 0) {
        if (r->sr && r->sr->errnum) return read_error(r, bcf_sr_strerror(r->sr->errnum));
        /* there are no records, so the last line is the header's, which htslib has read */
        return r->n == 0 && !r->in->is_bgzf && tfb_file_cut_short(r->path)
                   ? read_error(r, "the last line does not end; the file is truncated")
                   : 0;
    }
    r->n++;
    if (r->blank) {
        tfb_error("%s: line %" PRId64 " is empty, and others follow", r->name, r->blank);
        return -1;
    }
    if (note_line(r) < 0) return out_of_memory(r);
    if (check_line(r) < 0 || declare_contig(r) < 0) return -1;
    if (vcf_parse(&r->line, r->hdr, rec) == 0) return 1;
    return bad_line(r, "is malformed"); /* htslib has logged the reason */
}

/* ---- BCF ---- */

/* Reads n bytes. Returns 0, or -1 (logged). */
static int read_bytes(tfb_records_t *r, kstring_t *s, size_t n)
{
    s->l = 0;
    if (ks_resize(s, 1) < 0) return out_of_memory(r); /* htslib's own reader always allocates a buffer */
    while (s->l < n) {
        size_t left = n - s->l, piece = left > PIECE ? PIECE : left;
        size_t room = s->l > piece ? s->l : piece;
        if (room > left) room = left;
        if (s->l + piece > s->m && ks_resize(s, s->l + room) < 0) return out_of_memory(r);
        if (bgzf_read(r->in->fp.bgzf, s->s + s->l, piece) != (ssize_t)piece)
            return read_error(r, "the file is truncated or damaged");
        s->l += piece;
    }
    return 0;
}

/* Reads a record like htslib's bcf_read(), but allocates only as much as the file holds. Returns
 * 1, 0 at the end, or -1 (logged). */
static int read_bcf(tfb_records_t *r, bcf1_t *rec)
{
    uint8_t x[32];
    ssize_t n = bgzf_read(r->in->fp.bgzf, x, sizeof x);
    if (n == 0) return r->sr && r->sr->errnum ? read_error(r, bcf_sr_strerror(r->sr->errnum)) : 0;
    if (n != sizeof x) return read_error(r, "the file is truncated or damaged");
    bcf_clear(rec);
    uint32_t n_shared = le_to_u32(x), n_indiv = le_to_u32(x + 4), n_fmt_sample = le_to_u32(x + 28);
    if (n_shared < 24 || n_shared > INT32_MAX || n_indiv > INT32_MAX)
        return read_error(r, "the next record has an impossible length; the file is damaged");
    rec->rid = le_to_i32(x + 8);
    rec->pos = le_to_u32(x + 12);
    if (rec->pos == UINT32_MAX) rec->pos = -1; /* POS 0: a telomere */
    rec->rlen = le_to_i32(x + 16);
    rec->qual = le_to_float(x + 20);
    rec->n_info = le_to_u16(x + 24);
    rec->n_allele = le_to_u16(x + 26);
    rec->n_sample = n_fmt_sample & 0xffffff;
    rec->n_fmt = n_fmt_sample >> 24;
    if (read_bytes(r, &rec->shared, n_shared - 24) < 0 || read_bytes(r, &rec->indiv, n_indiv) < 0) return -1;
    r->n++;
    if (!rec->indiv.l || !rec->n_sample)
        rec->n_fmt = 0; /* old bcftools wrote a nonzero n_fmt for records whose samples were removed */
    return 1;
}

typedef struct {
    const uint8_t *at, *end;
} bytes_t;

static bytes_t bytes_of(const kstring_t *s)
{
    static const uint8_t none[1];
    const uint8_t *p = s->s ? (const uint8_t *)s->s : none; /* a record without samples may have no buffer */
    return (bytes_t){p, p + s->l};
}

/* Reads a number of the given type. Returns 0, or -1 if there is none. */
static int take_number(bytes_t *b, int type, int32_t *v)
{
    ptrdiff_t left = b->end - b->at;
    if (type == BCF_BT_INT8 && left >= 1) {
        *v = (int8_t)*b->at;
        b->at += 1;
    } else if (type == BCF_BT_INT16 && left >= 2) {
        *v = le_to_i16(b->at);
        b->at += 2;
    } else if (type == BCF_BT_INT32 && left >= 4) {
        *v = le_to_i32(b->at);
        b->at += 4;
    } else
        return -1;
    return 0;
}

static int take_typed_number(bytes_t *b, int32_t *v)
{
    if (b->at >= b->end) return -1;
    int type = *b->at++ & 15;
    return take_number(b, type, v);
}

static int is_integer(int type) { return type == BCF_BT_INT8 || type == BCF_BT_INT16 || type == BCF_BT_INT32; }

/* Reads the type and length of a vector. Returns 0, or -1 if there is none or its type is not
 * one of BCF's. */
static int take_head(bytes_t *b, int *type, int32_t *n)
{
    if (b->at >= b->end) return -1;
    int x = *b->at++;
    *type = x & 15;
    *n = x >> 4;
    if (*n == 15 && (take_typed_number(b, n) < 0 || *n < 0)) return -1;
    if (*type == BCF_BT_NULL) return *n == 0 ? 0 : -1;
    return is_integer(*type) || *type == BCF_BT_FLOAT || *type == BCF_BT_CHAR ? 0 : -1;
}

/* Skips the values of `times` vectors of n values. Returns 0, or -1 if some are missing. */
static int skip_values(bytes_t *b, int type, int32_t n, size_t times)
{
    size_t size = ((size_t)n << bcf_type_shift[type]) * times; /* below 2^31 * 4 * 2^24 */
    if ((size_t)(b->end - b->at) < size) return -1;
    b->at += size;
    return 0;
}

static int declared(const bcf_hdr_t *h, int32_t id)
{
    return id >= 0 && id < h->n[BCF_DT_ID] && h->id[BCF_DT_ID][id].key;
}

/* Checks ID, alleles, FILTER and INFO. Returns NULL, or what is wrong. */
static const char *check_shared(const tfb_records_t *r, const bcf1_t *rec)
{
    bytes_t b = bytes_of(&rec->shared);
    int type;
    int32_t n, id;
    if (rec->n_allele < 1) return "has no REF";
    for (int i = 0; i < 1 + (int)rec->n_allele; i++) /* ID first */
        if (take_head(&b, &type, &n) < 0 || (type != BCF_BT_CHAR && (i > 0 || n > 0)) ||
            skip_values(&b, type, n, 1) < 0)
            return i ? "has a damaged allele" : "has a damaged ID";
    if (is_text(r))
        return b.at == b.end ? "has missing columns" : NULL; /* otherwise records that htslib parsed are sound */
    if (take_head(&b, &type, &n) < 0 || (n > 0 && !is_integer(type))) return "has a damaged FILTER";
    for (int i = 0; i < n; i++)
        if (take_number(&b, type, &id) < 0 || !declared(r->hdr, id))
            return "has a FILTER that the header does not declare";
    for (int i = 0; i < (int)rec->n_info; i++) {
        if (take_typed_number(&b, &id) < 0) return "has fewer INFO tags than it states";
        if (!declared(r->hdr, id)) return "has an INFO tag that the header does not declare";
        if (take_head(&b, &type, &n) < 0 || skip_values(&b, type, n, 1) < 0) return "has a damaged INFO tag";
    }
    return b.at == b.end ? NULL : "continues after its last INFO tag";
}

/* Checks FORMAT. Returns NULL, or what is wrong. */
static const char *check_samples(const tfb_records_t *r, const bcf1_t *rec)
{
    bytes_t b = bytes_of(&rec->indiv);
    int type, number = r->genotypes; /* htslib would exit on genotypes that are not numbers */
    int32_t n, id;
    if ((int)rec->n_sample != bcf_hdr_nsamples(r->hdr)) return "has a different number of samples than the header";
    if (is_text(r)) return NULL;
    for (int i = 0; i < (int)rec->n_fmt; i++) {
        if (take_typed_number(&b, &id) < 0) return "has fewer FORMAT tags than it states";
        if (!declared(r->hdr, id)) return "has a FORMAT tag that the header does not declare";
        if (take_head(&b, &type, &n) < 0 || skip_values(&b, type, n, rec->n_sample) < 0)
            return "has a damaged FORMAT tag";
        const char *key = r->hdr->id[BCF_DT_ID][id].key;
        if (strcmp(key, "GT") == 0 && !is_integer(type) && (number || type != BCF_BT_NULL))
            return "has genotypes that are no numbers";
        if (number && strcmp(key, "PS") == 0 && !is_integer(type) &&
            bcf_hdr_id2type(r->hdr, BCF_HL_FMT, (uint32_t)id) == BCF_HT_INT)
            return "has phase sets that are no numbers";
    }
    return NULL;
}

/* Checks every number of a record that htslib uses as an index or a length. Returns 0, or -1
 * (logged). */
static int check_record(tfb_records_t *r, bcf1_t *rec)
{
    const char *what = NULL;
    if (rec->rid < 0 || rec->rid >= r->hdr->n[BCF_DT_CTG] || !r->hdr->id[BCF_DT_CTG][rec->rid].key)
        what = "has a contig that the header does not declare";
    else if (rec->pos < -1 || rec->pos > LARGEST_POS)
        what = "has an impossible POS";
    else if (rec->errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF))
        what = "is malformed";
    if (!what) what = check_shared(r, rec);
    if (!what) what = check_samples(r, rec);
    if (!what && rec->rlen < 0 && bcf_unpack(rec, BCF_UN_STR) == 0) rec->rlen = (hts_pos_t)strlen(rec->d.allele[0]);
    if (!what) return 0;
    tfb_error("%s: %s %s", r->name, where(r, rec), what);
    return -1;
}

/* ---- records ---- */

/* Returns whether the record is among the targets, by the same rule as htslib's reader. */
static int in_targets(tfb_records_t *r, bcf1_t *rec)
{
    if (!r->sr || !r->sr->targets) return 1;
    hts_pos_t beg = rec->pos, end = rec->pos;
    if (r->targets_overlap > 0) end += rec->rlen - 1;
    if (r->targets_overlap == 2 &&
        bcf_unpack(rec, BCF_UN_STR) == 0) { /* bases that all alleles share count as unchanged */
        hts_pos_t shared = rec->rlen;
        for (int i = 1; i < (int)rec->n_allele; i++) {
            hts_pos_t k = 0;
            const char *ref = rec->d.allele[0], *alt = rec->d.allele[i];
            while (ref[k] && alt[k] && ref[k] == alt[k]) k++;
            if (k < shared) shared = k;
        }
        beg += shared;
    }
    int in = bcf_sr_regions_overlap(r->sr->targets, bcf_seqname(r->hdr, rec), beg, end) == 0;
    return r->sr->targets_exclude ? !in : in;
}

/* Reads the next record in the regions and swaps it with *rec. htslib drops records outside the
 * targets. Returns 1, 0 at the end, or -1 (logged). */
static int read_region(tfb_records_t *r, bcf1_t **rec)
{
    if (bcf_sr_next_line(r->sr)) {
        bcf1_t **line = &r->sr->readers[0].buffer[0], *t = *line;
        *line = *rec;
        *rec = t;
        r->n++;
        return 1;
    }
    return r->sr->errnum ? read_error(r, bcf_sr_strerror(r->sr->errnum)) : 0;
}

/* Returns whether the record has a tag that was not declared when the first record was read.
 * htslib reports only the first record that has it. */
static int new_tag(const tfb_records_t *r, bcf1_t *rec)
{
    if (bcf_unpack(rec, BCF_UN_ALL) < 0) return 1;
    for (int i = 0; i < rec->d.n_flt; i++)
        if (rec->d.flt[i] >= r->n_ids) return 1;
    for (int i = 0; i < (int)rec->n_info; i++)
        if (rec->d.info[i].key >= r->n_ids) return 1;
    for (int i = 0; i < (int)rec->n_fmt && rec->n_sample; i++)
        if (rec->d.fmt[i].id >= r->n_ids) return 1;
    return 0;
}

int tfb_records_next(tfb_records_t *r, bcf1_t **to)
{
    if (r->table) return tfb_assoc_next(r->table, *to);
    if (r->n_contigs < 0) {
        r->n_contigs = r->hdr->n[BCF_DT_CTG];
        r->n_ids = r->hdr->n[BCF_DT_ID];
    }
    for (;;) {
        int got;
        if (in_regions(r))
            got = read_region(r, to);
        else
            got = is_text(r) ? read_text(r, *to) : read_bcf(r, *to);
        if (got <= 0) return got;
        bcf1_t *rec = *to;
        if (check_record(r, rec) < 0) return -1;
        if (rec->rid >= r->n_contigs) rec->errcode |= BCF_ERR_CTG_UNDEF;
        if (r->hdr->n[BCF_DT_ID] > r->n_ids && new_tag(r, rec)) rec->errcode |= BCF_ERR_TAG_UNDEF;
        const char *contig = bcf_seqname(r->hdr, rec);
        if (!r->contig.s || strcmp(r->contig.s, contig)) {
            r->contig.l = 0;
            if (kputs(contig, &r->contig) < 0) return out_of_memory(r);
        }
        r->pos = rec->pos;
        if (in_regions(r) || in_targets(r, rec)) return 1;
    }
}
