/* bam_read.c - reads SAM, BAM and CRAM, and rejects records whose numbers would cause reads out of bounds. */
#include "annotate/bam_read.h"
#include "genome/fasta.h"
#include "genome/lines.h"
#include "util/files.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/cram.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FRAGMENT = 1000000 }; /* most bases of a fragment: the mates of a longer one are scored separately */

char *tfb_bam_printable(const char *s)
{
    char *t = strdup(s);
    for (char *p = t; p && *p; p++)
        if (*p < ' ' || *p > '~') *p = '_';
    return t;
}

/* ---- opening ---- */

/* htslib trusts the index of CRAM's reference; that of o->session.fasta has been checked. */
const char *tfb_bam_reference(const tfb_bam_opt_t *o)
{
    if (!o->reference || strcmp(o->reference, o->session.fasta) == 0) return o->session.fasta;
    tfb_fasta_t *f = tfb_fasta_open(o->reference);
    tfb_fasta_close(f);
    return f ? o->reference : NULL;
}

/* Registers the files that this input, its options and those of the output name. */
static void register_files(const tfb_bam_opt_t *o)
{
    const hts_opt *const options[] = {o->in_options, o->out_options};
    tfb_reads_indexed(o->in, "the input", ".bai .csi .crai");
    if (o->reference) tfb_fasta_reads(o->reference);
    for (int i = 0; i < 2; i++)
        for (const hts_opt *p = options[i]; p; p = p->next)
            if (p->opt == CRAM_OPT_REFERENCE) tfb_fasta_reads(p->val.s);
}

/* Starts the threads that decompress and compress. Returns 0, or -1 (logged). */
static int start_threads(tfb_bam_in_t *in, int threads)
{
    int n = tfb_io_threads(threads);
    if (!n) return 0;
    if (!(in->io.pool = hts_tpool_init(n))) {
        tfb_error("cannot start %d threads", threads);
        return -1;
    }
    hts_set_opt(in->file, HTS_OPT_THREAD_POOL, &in->io);
    return 0;
}

double tfb_bam_fraction(const tfb_bam_in_t *in)
{
    return in->file->is_bgzf ? tfb_bgzf_fraction(in->file->fp.bgzf, in->size) : -1;
}

int tfb_bam_open(tfb_bam_in_t *in, const tfb_bam_opt_t *o)
{
    in->path = o->in;
    in->name = tfb_input_name(o->in);
    in->size = tfb_input_size(o->in);
    register_files(o);
    errno = 0;
    if (!(in->file = hts_open(o->in, "r"))) {
        tfb_error("cannot read %s: %s", in->name, errno ? strerror(errno) : "unknown format");
        return -1;
    }
    if (o->in_options && hts_opt_apply(in->file, o->in_options) < 0) {
        tfb_error("%s: an --input-fmt-option cannot be applied", in->name);
        return -1;
    }
    const htsFormat *f = hts_get_format(in->file);
    if (f->format != sam && f->format != bam && f->format != cram) {
        tfb_error("cannot read %s: not SAM, BAM or CRAM", in->name);
        return -1;
    }
    if ((f->format == cram || f->compression == bgzf) && hts_check_EOF(in->file) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", in->name);
        return -1;
    }
    if (f->format == cram) {
        const char *reference = tfb_bam_reference(o);
        if (!reference) return -1;
        if (hts_set_opt(in->file, CRAM_OPT_REFERENCE, reference) < 0) {
            tfb_error("cannot read %s: the reference %s cannot be used", in->name, reference);
            return -1;
        }
    }
    if (!(in->hdr = sam_hdr_read(in->file))) {
        tfb_error("cannot read %s: no header (or the file is truncated)", in->name);
        return -1;
    }
    return start_threads(
        in, o->session.threads); /* after the header: htslib 1.16 waits for ever if a pipe ends within it */
}

void tfb_bam_close(tfb_bam_in_t *in)
{
    if (in->file) hts_close(in->file);
    if (in->io.pool) hts_tpool_destroy(in->io.pool);
    sam_hdr_destroy(in->hdr);
}

/* ---- records ---- */

/* Returns the bytes of a value of an aux tag's type, or 0 if it has no fixed length. */
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

/* Reads the size of the array at s, of which left bytes belong to the record. Returns its bytes,
 * or 0 with *fault set. */
static size_t array_size(const uint8_t *s, size_t left, const char **fault)
{
    size_t each = left < 5 || *s == 'A' || *s == 'd' ? 0 : aux_size(*s);
    if (!each) {
        *fault = "an array in its tags has an unknown type";
        return 0;
    }
    uint32_t count = s[1] | (uint32_t)s[2] << 8 | (uint32_t)s[3] << 16 | (uint32_t)s[4] << 24;
    if (count <= (left - 5) / each) return 5 + count * each;
    *fault = "an array in its tags is longer than the record";
    return 0;
}

/* Returns what is wrong with the aux tags, or NULL. */
static const char *aux_fault(const bam1_t *b)
{
    const uint8_t *s = bam_get_aux(b), *end = b->data + b->l_data;
    const char *fault = NULL;
    while (s < end) {
        if (end - s < 4) return "its tags are cut off";
        uint8_t type = s[2];
        size_t left = (size_t)(end - (s += 3)), n = aux_size(type);
        if (type == 'Z' || type == 'H') {
            const uint8_t *zero = memchr(s, 0, left);
            if (!zero) return "a tag's text has no end";
            n = (size_t)(zero - s) + 1;
        } else if (type == 'B') {
            if (!(n = array_size(s, left, &fault))) return fault;
        }
        if (!n) return "a tag is of no type";
        if (n > left) return "its tags are cut off";
        s += n;
    }
    return NULL;
}

/* Returns what is wrong with the record's lengths and indices, or NULL. htslib checks some of
 * them in some formats. n_ref: contigs in the header. */
static const char *record_fault(const bam1_t *b, int n_ref)
{
    const bam1_core_t *c = &b->core;
    const uint32_t *cigar = bam_get_cigar(b);
    int64_t bases = 0;
    size_t n_seq = c->l_qseq < 0 ? 0 : (size_t)c->l_qseq;
    size_t used = c->l_qname + ((size_t)c->n_cigar << 2) + (n_seq + 1) / 2 + n_seq;
    if (c->l_qseq < 0 || b->l_data < 0 || used > (size_t)b->l_data) return "its parts are longer than the record";
    if (c->tid < -1 || c->tid >= n_ref || c->mtid < -1 || c->mtid >= n_ref)
        return "it is on a contig that the header does not have";
    if (c->pos < -1 || c->mpos < -1 || c->pos > INT64_MAX / 4) return "its position is not valid";
    for (uint32_t i = 0; i < c->n_cigar; i++) {
        if (bam_cigar_op(cigar[i]) > BAM_CDIFF) return "its CIGAR has an unknown operation";
        if (bam_cigar_type(bam_cigar_op(cigar[i])) & 1) bases += bam_cigar_oplen(cigar[i]);
    }
    if (c->n_cigar && c->l_qseq && !(c->flag & BAM_FUNMAP) && bases != c->l_qseq)
        return "its CIGAR and its sequence differ in length";
    return aux_fault(b);
}

/* Returns whether the file was truncated where htslib sees its end. */
static int cut_off(const tfb_bam_in_t *in)
{
    const htsFormat *f = hts_get_format(in->file);
    if (f->format == cram) return cram_eof(in->file->fp.cram) == 2;
    if (f->compression == bgzf) return in->file->fp.bgzf->no_eof_block; /* a pipe that ended early */
    return f->format == sam && f->compression == no_compression && tfb_file_cut_short(in->path);
}

int tfb_bam_next(tfb_bam_in_t *in, bam1_t *b)
{
    int r = sam_read1(in->file, in->hdr, b);
    if (r == -1 && !cut_off(in)) return 0;
    if (r < 0) {
        tfb_error("%s: cannot read past record %" PRId64 ": the file is truncated or damaged", in->name, in->n);
        return -1;
    }
    in->n++;
    const char *fault = record_fault(b, sam_hdr_nref(in->hdr));
    if (!fault) return 1;
    char *name = b->core.l_qname ? tfb_bam_printable(bam_get_qname(b)) : NULL;
    tfb_error("%s: record %" PRId64 " (%s) is malformed: %s", in->name, in->n, name ? name : "*", fault);
    free(name);
    return -1;
}

int tfb_bam_fragment(const tfb_bam_in_t *in, const bam1_core_t *c, hts_pos_t *beg, hts_pos_t *end)
{
    static const int flags = BAM_FPAIRED | BAM_FPROPER_PAIR | BAM_FMUNMAP | BAM_FSUPPLEMENTARY;
    if ((c->flag & flags) != (BAM_FPAIRED | BAM_FPROPER_PAIR) || c->mtid != c->tid || c->mpos < 0) return 0;
    if (!c->isize || c->isize > FRAGMENT || c->isize < -FRAGMENT) return 0;
    hts_pos_t from = c->pos < c->mpos ? c->pos : c->mpos, n = llabs((long long)c->isize);
    if (from > sam_hdr_tid2len(in->hdr, c->tid) - n) return 0;
    *beg = from;
    *end = from + n;
    return 1;
}
