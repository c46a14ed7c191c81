/* fasta.c - windows of base codes from an indexed FASTA, one decoded stretch at a time. */
#include "genome/fasta.h"
#include "genome/base.h"
#include "util/util.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One file access brings this many bases: some 300 windows of a dense VCF, and little enough to be cheap for a sparse one. */
enum { STRETCH = 65536 };

struct tfb_fasta_t {
    faidx_t *fai;
    char *path;
    char *contig;            /* of the stretch, as the caller names it; NULL: none */
    const char *name;        /* the same as the FASTA names it; fai's */
    int n_other;             /* contigs recognised under another name: the first is reported */
    hts_pos_t beg, end, len; /* the stretch, and its contig's length */
    uint8_t *code;
    size_t m_code;
};

tfb_fasta_t *tfb_fasta_open(const char *path)
{
    tfb_fasta_t *f = calloc(1, sizeof *f);
    if (!f || !(f->path = strdup(path))) goto fail;
    errno = 0;
    if (!(f->fai = fai_load(path))) {
        tfb_error("cannot open reference %s or its index %s.fai%s%s", path, path, errno ? ": " : "", errno ? strerror(errno) : "");
        goto fail;
    }
    return f;
fail:
    tfb_fasta_close(f);
    return NULL;
}

void tfb_fasta_close(tfb_fasta_t *f)
{
    if (!f) return;
    if (f->fai) fai_destroy(f->fai);
    free(f->path);
    free(f->contig);
    free(f->code);
    free(f);
}

const char *tfb_fasta_path(const tfb_fasta_t *f) { return f->path; }

/* ---- contig names: chr1 and 1, chrM and MT ---- */

/* chrM of hg19 as UCSC gave it out is another sequence (NC_001807) than everybody else's MT, of 16569 bases. */
enum { OLD_CHR_M = 16571 };

/* What follows "chr", or the whole name; M, whatever the mitochondrion is called. */
static const char *bare(const char *name)
{
    if (strncasecmp(name, "chr", 3) == 0 && name[3]) name += 3;
    return strcmp(name, "MT") == 0 ? "M" : name;
}

/* The FASTA's name for a contig, or NULL. A name that the FASTA has is that contig; any other is the contig of the same name in another
 * style, where there is just one. */
static const char *find_contig(const tfb_fasta_t *f, const char *contig)
{
    const char *found = NULL;
    int n = faidx_nseq(f->fai), exact = faidx_has_seq(f->fai, contig);
    for (int i = 0; i < n; i++) {
        const char *name = faidx_iseq(f->fai, i);
        if (exact) {
            if (strcmp(name, contig) == 0) return name;
            continue;
        }
        if (strcmp(bare(name), bare(contig))) continue;
        if (strcmp(bare(name), "M") == 0 && faidx_seq_len(f->fai, name) == OLD_CHR_M) continue;
        if (found) return NULL;
        found = name;
    }
    return found;
}

hts_pos_t tfb_fasta_len(const tfb_fasta_t *f, const char *contig)
{
    const char *name = find_contig(f, contig);
    return name ? (hts_pos_t)faidx_seq_len(f->fai, name) : -1;
}

/* Makes contig the current one. 0, -1 or -2 as tfb_fasta_codes. */
static int set_contig(tfb_fasta_t *f, const char *contig)
{
    const char *name = find_contig(f, contig);
    if (!name) return -2;
    char *c = strdup(contig);
    if (!c) {
        tfb_error("not enough memory to read %s", f->path);
        return -1;
    }
    free(f->contig);
    f->contig = c;
    f->name = name;
    f->len = (hts_pos_t)faidx_seq_len(f->fai, name);
    f->beg = f->end = 0;
    if (strcmp(name, contig) && f->n_other++ == 0) tfb_note("contigs are named in two styles: %s of the input is taken for %s of %s", contig, name, f->path);
    return 0;
}

int tfb_fasta_codes(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    if (!f->contig || strcmp(contig, f->contig) != 0) {
        int r = set_contig(f, contig);
        if (r < 0) return r;
    }
    if (beg < 0 || end > f->len || beg > end) return -3;
    if (beg < f->beg || end > f->end) {
        /* a little to the left as well: windows of sorted records step back by less than a window */
        hts_pos_t b = beg > STRETCH / 16 ? beg - STRETCH / 16 : 0, e = end + STRETCH < f->len ? end + STRETCH : f->len, got;
        char *s = faidx_fetch_seq64(f->fai, f->name, b, e - 1, &got);
        if (!s || got != e - b) {
            tfb_error("cannot read %s:%" PRId64 "-%" PRId64 " from %s: %s", f->name, (int64_t)b + 1, (int64_t)e, f->path,
                      s ? "the file is shorter than its index says (truncated, or the index belongs to another file)" : "read error");
            free(s);
            f->beg = f->end = 0;
            return -1;
        }
        if ((size_t)got > f->m_code) {
            uint8_t *c = realloc(f->code, (size_t)got);
            if (!c) {
                tfb_error("not enough memory to read %s", f->path);
                free(s);
                return -1;
            }
            f->code = c;
            f->m_code = (size_t)got;
        }
        tfb_encode(s, (size_t)got, f->code);
        free(s);
        f->beg = b;
        f->end = e;
    }
    memcpy(code, f->code + (beg - f->beg), (size_t)(end - beg));
    return 0;
}

int tfb_fasta_n_contigs(const tfb_fasta_t *f) { return faidx_nseq(f->fai); }
const char *tfb_fasta_contig(const tfb_fasta_t *f, int i) { return faidx_iseq(f->fai, i); }

const char *tfb_fasta_region(const tfb_fasta_t *f, const char *s, int *i, hts_pos_t *beg, hts_pos_t *end)
{
    return fai_parse_region(f->fai, s, i, beg, end, HTS_PARSE_LIST);
}
