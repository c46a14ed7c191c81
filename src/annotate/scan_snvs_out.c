/* scan_snvs_out.c - writes records as VCF, BCF or a table. */
#include "annotate/scan_snvs_out.h"
#include "util/files.h"
#include <errno.h>
#include <htslib/tbx.h>
#include <inttypes.h>
#include <stdlib.h>

static int is_compressed(const tfb_vcf_opt_t *o)
{
    return tfb_ends_with_case(o->out, ".gz") || tfb_ends_with_case(o->out, ".bgz");
}

static int is_table(const tfb_vcf_opt_t *o)
{
    static const char *const table[] = {".tsv", ".tsv.gz", ".tsv.bgz"}, *const vcf[] = {".bcf", ".vcf", ".vcf.gz",
                                                                                        ".vcf.bgz"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (tfb_ends_with_case(o->out, table[i])) return 1;
    for (size_t i = 0; i < sizeof vcf / sizeof *vcf; i++)
        if (tfb_ends_with_case(o->out, vcf[i])) return 0;
    return o->out_type == 't';
}

static int put_line(tfb_scan_snvs_out_t *w)
{
    errno = 0;
    if (kputc('\n', &w->line) >= 0 && bgzf_write(w->to, w->line.s, w->line.l) == (ssize_t)w->line.l) return 0;
    return tfb_file_write_error(w->o->out);
}

/* Writes the lines of the tags, as in a VCF, and the names of the columns. Returns 0, or -1 (logged). */
static int put_header(tfb_scan_snvs_out_t *w)
{
    for (int k = 0; k < w->h->n_tags; k++) {
        w->line.l = 0;
        if (w->h->tag[k].written && (kputs(w->h->tag[k].line, &w->line) < 0 || put_line(w) < 0)) return -1;
    }
    w->line.l = 0;
    kputs("#CHROM\tPOS\tREF\tALT", &w->line);
    for (int k = 0; k < w->h->n_tags; k++)
        if (w->h->tag[k].written) ksprintf(&w->line, "\t%s", w->h->tag[k].name);
    return put_line(w);
}

static int open_table(tfb_scan_snvs_out_t *w)
{
    const tfb_vcf_opt_t *o = w->o;
    int compressed = is_compressed(o);
    char mode[] = {'w', 'u', 0};
    if (compressed) mode[1] = o->level >= 0 ? (char)('0' + o->level) : 0;
    w->table = 1;
    if (!(w->whole = tfb_out_begin(o->out))) return -1;
    if (o->write_index && (!compressed || !tfb_out_name(w->whole))) {
        tfb_error("--write-index needs an output file in .tsv.gz, .vcf.gz or .bcf");
        return -1;
    }
    if (o->write_index && !(w->index = tfb_out_index(w->whole, o->write_index == 2 ? ".tbi" : ".csi"))) return -1;
    if (!(w->to = tfb_out_bgzf(w->whole, o->out, mode))) return -1;
    if (compressed && w->threads.pool) bgzf_thread_pool(w->to, w->threads.pool, 0);
    return put_header(w);
}

int tfb_scan_snvs_open(tfb_scan_snvs_out_t *w, const tfb_vcf_opt_t *o, const tfb_vcf_header_t *h)
{
    int threads = tfb_io_threads(o->session.threads);
    w->o = o;
    w->h = h;
    if (threads && !(w->threads.pool = hts_tpool_init(threads))) {
        tfb_error("cannot start %d threads", threads);
        return -1;
    }
    if (is_table(o)) return open_table(w);
    return tfb_vcf_write_open(&w->vcf, o, h->hdr, w->threads.pool ? &w->threads : NULL);
}

int tfb_scan_snvs_write(tfb_scan_snvs_out_t *w, bcf1_t *rec)
{
    bcf_hdr_t *hdr = w->h->hdr;
    if (!w->table) return tfb_vcf_write_record(&w->vcf, hdr, rec, w->o->out);
    w->line.l = 0;
    if (bcf_unpack(rec, BCF_UN_INFO) < 0) {
        tfb_error("not enough memory for a record");
        return -1;
    }
    ksprintf(&w->line, "%s\t%" PRId64 "\t%s\t%s", bcf_seqname(hdr, rec), (int64_t)rec->pos + 1, rec->d.allele[0],
             rec->d.allele[1]);
    for (int k = 0; k < w->h->n_tags; k++) {
        if (!w->h->tag[k].written) continue;
        const bcf_info_t *v = bcf_get_info_id(rec, w->h->tag[k].id);
        kputc('\t', &w->line);
        if (!v)
            kputc('.', &w->line);
        else
            bcf_fmt_array(&w->line, v->len, v->type, v->vptr);
    }
    return put_line(w);
}

static int close_table(tfb_scan_snvs_out_t *w, int ok)
{
    static const tbx_conf_t columns = {.preset = TBX_GENERIC, .sc = 1, .bc = 2, .ec = 2, .meta_char = '#'};
    int ret = ok ? 0 : -1;
    errno = 0;
    if (w->to && bgzf_close(w->to) < 0 && ok) ret = tfb_file_write_error(w->o->out);
    if (ret == 0 && w->index) {
        int shift = w->o->write_index == 2 ? 0 : 14;
        if (tbx_index_build3(tfb_out_name(w->whole), w->index, shift, w->o->session.threads - 1, &columns) < 0) {
            tfb_error("cannot index %s", w->o->out);
            ret = -1;
        }
    }
    return tfb_out_end(w->whole, ret == 0) < 0 ? -1 : ret;
}

int tfb_scan_snvs_close(tfb_scan_snvs_out_t *w, int ok)
{
    int ret = w->table ? close_table(w, ok) : tfb_vcf_write_close(&w->vcf, ok);
    if (w->threads.pool) hts_tpool_destroy(w->threads.pool);
    free(w->line.s);
    return ret;
}
