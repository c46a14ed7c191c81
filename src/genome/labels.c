/* labels.c - reads labels.bed.gz, a region at a time, and trusts nothing of it. */
#include "genome/labels.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct tfb_labels_t {
    char *path;
    BGZF *fp;
    kstring_t line, last_contig;
    int64_t n_line;
    int n_tfs;
    char **tfs;
    uint8_t *label;
    hts_pos_t last_beg;
    char **seen; /* contigs whose block has ended or is being read, NULL-terminated */
    int n_seen;
};

/* 1 a line, 0 the end, -1 an error (logged). */
static int next_line(tfb_labels_t *l)
{
    int r = bgzf_getline(l->fp, '\n', &l->line);
    if (r == -1) return 0;
    l->n_line++;
    if (r < -1) {
        tfb_error("%s:%" PRId64 ": cannot read on: the file is truncated or damaged", l->path, l->n_line);
        return -1;
    }
    if (l->line.l && l->line.s[l->line.l - 1] == '\r') l->line.s[--l->line.l] = 0;
    return 1;
}

static int read_header(tfb_labels_t *l)
{
    int n, r = next_line(l);
    if (r < 0) return -1;
    char **v = r && l->line.l ? tfb_split(l->line.s, '\t', &n) : NULL;
    if (!v || n < 5 || (strcmp(v[0], "#chrom") && strcmp(v[0], "#chr"))) {
        tfb_error("%s:1: not a labels file: the first line must be `#chrom start end name TF1 TF2 ...`, tab-separated", l->path);
        tfb_strv_free(v);
        return -1;
    }
    l->n_tfs = n - 4;
    l->tfs = v;
    for (int i = 0; i < 4; i++) free(v[i]);
    memmove(v, v + 4, ((size_t)l->n_tfs + 1) * sizeof *v);
    for (int i = 0; i < l->n_tfs; i++) {
        if (!*v[i] || strchr(v[i], ',')) {
            tfb_error("%s:1: column %d: '%s' cannot be a TF's name", l->path, i + 5, v[i]);
            return -1;
        }
        for (int k = 0; k < i; k++)
            if (strcmp(v[i], v[k]) == 0) {
                tfb_error("%s:1: TF %s has two columns, %d and %d", l->path, v[i], k + 5, i + 5);
                return -1;
            }
    }
    return (l->label = malloc((size_t)l->n_tfs)) ? 0 : -1;
}

tfb_labels_t *tfb_labels_open(const char *path)
{
    tfb_labels_t *l = calloc(1, sizeof *l);
    if (!l || !(l->path = strdup(path))) goto fail;
    if (!(l->fp = bgzf_open(path, "r"))) {
        tfb_error("cannot open labels %s: %s", path, strerror(errno));
        goto fail;
    }
    /* a BGZF file without its end marker has lost its end; other errors will show while reading */
    if (strcmp(path, "-") != 0 && bgzf_compression(l->fp) == 2 && bgzf_check_EOF(l->fp) == 0) {
        tfb_error("%s is truncated: its end-of-file marker is missing", path);
        goto fail;
    }
    if (read_header(l) < 0) goto fail;
    return l;
fail:
    tfb_labels_close(l);
    return NULL;
}

int tfb_labels_n_tfs(const tfb_labels_t *l) { return l->n_tfs; }
char *const *tfb_labels_tfs(const tfb_labels_t *l) { return l->tfs; }

#define BAD(l, ...) return bad_line(l, __VA_ARGS__)
static int TFB_PRINTF(2, 3) bad_line(const tfb_labels_t *l, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tfb_error("%s:%" PRId64 ": %s", l->path, l->n_line, text);
    return -1;
}

static int position(const char *s, hts_pos_t *v)
{
    if (*s < '0' || *s > '9') return -1;
    char *end;
    errno = 0;
    long long x = strtoll(s, &end, 10);
    if (*end || errno || x > HTS_POS_MAX) return -1;
    *v = (hts_pos_t)x;
    return 0;
}

static int new_contig(tfb_labels_t *l, const char *contig)
{
    for (int i = 0; i < l->n_seen; i++)
        if (strcmp(l->seen[i], contig) == 0) BAD(l, "%s again after %s: the file is not sorted", contig, l->last_contig.s);
    char **s = realloc(l->seen, ((size_t)l->n_seen + 2) * sizeof *s);
    if (!s) return -1;
    l->seen = s;
    s[l->n_seen + 1] = NULL;
    if (!(s[l->n_seen] = strdup(contig))) return -1;
    l->n_seen++;
    l->last_contig.l = 0;
    l->last_beg = 0;
    return kputs(contig, &l->last_contig) < 0 ? -1 : 0;
}

int tfb_labels_next(tfb_labels_t *l, tfb_region_t *r)
{
    int got;
    do
        if ((got = next_line(l)) <= 0) return got;
    while (l->line.l == 0 || l->line.s[0] == '#');
    char *f[4], *s = l->line.s;
    for (int i = 0; i < 4; i++) {
        f[i] = s;
        if (!(s = strchr(s, '\t'))) BAD(l, "%d columns, the header has %d", i + 1, l->n_tfs + 4);
        *s++ = 0;
    }
    if (!*f[0]) BAD(l, "the contig is empty");
    if (position(f[1], &r->beg) < 0) BAD(l, "start '%.40s' is not a position", f[1]);
    if (position(f[2], &r->end) < 0) BAD(l, "end '%.40s' is not a position", f[2]);
    if (r->end <= r->beg) BAD(l, "end is %s start", r->end < r->beg ? "before" : "the same as");
    if (!l->last_contig.s || strcmp(f[0], l->last_contig.s) != 0) {
        if (new_contig(l, f[0]) < 0) return -1;
    } else if (r->beg < l->last_beg)
        BAD(l, "start %" PRId64 " after %" PRId64 ": the file is not sorted", (int64_t)r->beg, (int64_t)l->last_beg);
    l->last_beg = r->beg;
    const char *end = l->line.s + l->line.l;
    int n = 0;
    for (;; s += 2, n++) {
        if (n == l->n_tfs) BAD(l, "more columns than the header's %d", l->n_tfs + 4);
        uint8_t v = *s == '.' ? TFB_NULL : *s == '0' ? TFB_UNBOUND : *s == '1' ? TFB_BOUND : 9;
        if (v == 9 || (s + 1 < end && s[1] != '\t')) BAD(l, "%s (column %d): label '%.*s' is not 1, 0 or .", l->tfs[n], n + 5, (int)strcspn(s, "\t"), s);
        l->label[n] = v;
        if (s + 1 >= end) break;
    }
    if (n + 1 != l->n_tfs) BAD(l, "%d columns, the header has %d", n + 5, l->n_tfs + 4);
    r->contig = f[0];
    r->name = f[3];
    r->label = l->label;
    r->line = l->n_line;
    return 1;
}

void tfb_labels_close(tfb_labels_t *l)
{
    if (!l) return;
    if (l->fp) bgzf_close(l->fp);
    free(l->path);
    free(l->line.s);
    free(l->last_contig.s);
    free(l->label);
    tfb_strv_free(l->tfs);
    tfb_strv_free(l->seen);
    free(l);
}
