/* vcf_write.c - opens, writes and indexes the output. */
#include "annotate/vcf_write.h"
#include "util/files.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/tbx.h>
#include <inttypes.h>
#include <string.h>

int tfb_vcf_set_type(const char *s, tfb_vcf_opt_t *o)
{
    if (!*s || !strchr("buzv0123456789", *s) || (s[1] && (!isdigit((unsigned char)s[1]) || s[2]))) {
        tfb_error("--output-type is b, u, z or v and a level from 0 to 9, not '%s'", s);
        return -1;
    }
    if (isdigit((unsigned char)*s))
        o->level = *s - '0';
    else {
        o->out_type = *s;
        if (s[1]) o->level = s[1] - '0';
    }
    return 0;
}

/* As in bcftools: a recognised name decides, then -O, then plain VCF. */
static char out_type(const tfb_vcf_opt_t *o)
{
    if (tfb_ends_with_case(o->out, ".bcf")) return o->out_type == 'u' ? 'u' : 'b';
    if (tfb_ends_with_case(o->out, ".vcf.gz") || tfb_ends_with_case(o->out, ".vcf.bgz")) return 'z';
    if (tfb_ends_with_case(o->out, ".vcf")) return 'v';
    return o->out_type ? o->out_type : 'v';
}

int tfb_vcf_write_open(tfb_vcf_write_t *w, const tfb_vcf_opt_t *o, const bcf_hdr_t *hdr, htsThreadPool *pool)
{
    char t = out_type(o), mode[8] = "w";
    int n = 1;
    if (t == 'b' || t == 'u') mode[n++] = 'b';
    if (t == 'u') mode[n++] = 'u';
    if (t == 'z') mode[n++] = 'z';
    if (o->level >= 0 && (t == 'b' || t == 'z')) mode[n++] = (char)('0' + o->level);
    mode[n] = 0;
    w->o = o;
    if (!(w->whole = tfb_out_begin(o->out))) return -1;
    if (o->write_index && (t == 'u' || t == 'v' || !tfb_out_name(w->whole))) {
        tfb_error("--write-index needs an output file in .vcf.gz or .bcf");
        return -1;
    }
    const char *suffix = t == 'b' || o->write_index == 1 ? ".csi" : ".tbi";
    if (o->write_index && !(w->index = tfb_out_index(w->whole, suffix))) return -1;
    if (!(w->out = tfb_out_hts(w->whole, o->out, mode))) return -1;
    /* htslib learns from the header that text is VCF. Before, it would set up a writer of SAM, which it never frees */
    if (t == 'z' || t == 'v') w->out->format.format = vcf;
    if (pool && t != 'v') hts_set_opt(w->out, HTS_OPT_THREAD_POOL, pool);
    errno = 0;
    return bcf_hdr_write(w->out, (bcf_hdr_t *)hdr) < 0 ? tfb_file_write_error(o->out) : 0;
}

int tfb_vcf_write_record(tfb_vcf_write_t *w, const bcf_hdr_t *hdr, bcf1_t *rec, const char *in)
{
    int as_bcf = w->out->format.format == bcf;
    errno = 0;
    if (as_bcf && rec->errcode)
        tfb_error("%s:%" PRId64 ": contig or tags are not declared in the header of %s, which BCF needs; write VCF, or "
                  "fix the header with `bcftools reheader`",
                  bcf_seqname_safe(hdr, rec), (int64_t)rec->pos + 1, in);
    else if (as_bcf && rec->pos >= INT32_MAX)
        tfb_error("%s:%" PRId64 ": BCF has no room for this POS (%s); write VCF", bcf_seqname_safe(hdr, rec),
                  (int64_t)rec->pos + 1, in);
    else if (bcf_write(w->out, (bcf_hdr_t *)hdr, rec) == 0)
        return 0;
    else
        tfb_file_write_error(w->o->out);
    return -1;
}

/* Makes the index after closing: with htslib 1.16 one made while threads write is corrupt. htslib counts only
 * threads beside the caller. Returns 0, or -1 (logged). */
static int build_index(const tfb_vcf_write_t *w)
{
    const tfb_vcf_opt_t *o = w->o;
    const char *name = tfb_out_name(w->whole), *why = ": is it sorted?";
    int shift = o->write_index == 2 ? 0 : 14, others = o->session.threads - 1, r;
    if (out_type(o) == 'b')
        r = bcf_index_build3(name, w->index, 14, others);
    else
        r = tbx_index_build3(name, w->index, shift, others, &tbx_conf_vcf);
    if (r == 0) return 0;
    if (r == -2) why = ": cannot read it back";
    if (r == -4) why = ": cannot write the index";
    tfb_error("cannot index %s%s", o->out, why);
    return -1;
}

int tfb_vcf_write_close(tfb_vcf_write_t *w, int ok)
{
    int ret = ok ? 0 : -1;
    if (ok) errno = 0;
    if (w->out && hts_close(w->out) < 0 && ok) ret = tfb_file_write_error(w->o->out);
    if (ret == 0 && w->index) ret = build_index(w);
    return tfb_out_end(w->whole, ret == 0) < 0 ? -1 : ret;
}
