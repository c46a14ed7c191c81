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
    char *contig;     /* of the stretch, as the caller names it; NULL: none */
    const char *name; /* the same as the FASTA names it; fai's */
    int n_other;      /* contigs recognised under another name: the first is reported */
    int one_file;     /* names come from one file: each contig has one of them */
    char **used;      /* (contigs) its name there, NULL: none yet; n_used entries */
    int n_used;
    hts_pos_t beg, end, len; /* the stretch, and its contig's length */
    uint8_t *code;
    size_t m_code;
};

void tfb_fasta_reads(const char *path) { tfb_reads_indexed(path, "the reference", ".fai .gzi"); }

tfb_fasta_t *tfb_fasta_open(const char *path)
{
    tfb_fasta_reads(path);
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
    for (int i = 0; f->used && i < f->n_used; i++) free(f->used[i]);
    free(f->used);
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

int tfb_fasta_find(const tfb_fasta_t *f, const char *contig)
{
    int n = faidx_nseq(f->fai), exact = faidx_has_seq(f->fai, contig), found = -1;
    for (int i = 0; i < n; i++) {
        const char *name = faidx_iseq(f->fai, i);
        if (exact) {
            if (strcmp(name, contig) == 0) return i;
            continue;
        }
        if (strcmp(bare(name), bare(contig))) continue;
        if (strcmp(bare(name), "M") == 0 && faidx_seq_len(f->fai, name) == OLD_CHR_M) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

hts_pos_t tfb_fasta_len(const tfb_fasta_t *f, const char *contig)
{
    int i = tfb_fasta_find(f, contig);
    return i >= 0 ? (hts_pos_t)faidx_seq_len(f->fai, faidx_iseq(f->fai, i)) : -1;
}

void tfb_fasta_one_file(tfb_fasta_t *f)
{
    for (int i = 0; i < f->n_used; i++) {
        free(f->used[i]);
        f->used[i] = NULL;
    }
    free(f->contig); /* so that the next one is looked up */
    f->contig = NULL;
    f->one_file = 1;
}

/* Says once that contig was taken for the FASTA's name. */
static void say_other(tfb_fasta_t *f, const char *contig, const char *name)
{
    if (strcmp(name, contig) && f->n_other++ == 0) tfb_note("contigs are named in two styles: %s of the input is taken for %s of %s", contig, name, f->path);
}

/* Is contig i known under another name from the same file? Then one of them is not what it seems. 0, or -1 (logged). */
static int check_used(tfb_fasta_t *f, const char *contig, int i)
{
    int n = faidx_nseq(f->fai);
    if (!f->one_file) return 0;
    if (!f->used && !(f->used = calloc((size_t)n, sizeof *f->used))) goto memory;
    f->n_used = n;
    if (!f->used[i] && !(f->used[i] = strdup(contig))) goto memory;
    if (strcmp(f->used[i], contig) == 0) return 0;
    tfb_error("the input names both %s and %s, which would both be %s of %s: name it in one style", f->used[i], contig, faidx_iseq(f->fai, i), f->path);
    return -1;
memory:
    tfb_error("not enough memory to read %s", f->path);
    return -1;
}

/* Makes contig the current one. 0, -1 or -2 as tfb_fasta_codes. */
static int set_contig(tfb_fasta_t *f, const char *contig)
{
    int i = tfb_fasta_find(f, contig);
    if (i < 0) return -2;
    if (check_used(f, contig, i) < 0) return -1;
    const char *name = faidx_iseq(f->fai, i);
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
    say_other(f, contig, name);
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

const char *tfb_fasta_region(tfb_fasta_t *f, const char *s, int *i, hts_pos_t *beg, hts_pos_t *end)
{
    int level = hts_get_log_level();
    hts_set_log_level(HTS_LOG_OFF); /* the caller knows more to say */
    const char *next = fai_parse_region(f->fai, s, i, beg, end, HTS_PARSE_LIST);
    size_t whole = strcspn(s, ","), n = *s == '{' ? strcspn(s + 1, "}") : strcspn(s, ":,"), braces = *s == '{' && s[n + 1] == '}';
    char *name = next || !n ? NULL : strndup(s + braces, n);
    int k = name ? tfb_fasta_find(f, name) : -1;
    if (k >= 0) { /* the same in the FASTA's style */
        size_t skip = n + 2 * braces, m = strlen(faidx_iseq(f->fai, k)) + whole + 4;
        char *t = whole >= skip ? malloc(m) : NULL;
        if (t) {
            snprintf(t, m, "{%s}%.*s", faidx_iseq(f->fai, k), (int)(whole - skip), s + skip);
            if (fai_parse_region(f->fai, t, i, beg, end, HTS_PARSE_LIST)) {
                next = s + whole + (s[whole] == ',');
                say_other(f, name, faidx_iseq(f->fai, k));
            }
        }
        free(t);
    }
    free(name);
    hts_set_log_level(level);
    return next;
}
