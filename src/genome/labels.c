/* labels.c - reads labels.bed.gz one region at a time, as untrusted input. */
#include "genome/labels.h"
#include "genome/lines.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/khash.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

KHASH_SET_INIT_STR(seen)

struct tfb_labels_t {
    char *path;
    tfb_lines_t in;
    kstring_t last_contig;
    int n_tfs;
    char **tfs;
    uint8_t *label;
    hts_pos_t last_beg;
    khash_t(seen) * seen; /* contigs whose block has ended or is being read; names owned */
};

static int read_header(tfb_labels_t *l)
{
    int n, r = tfb_lines_next(&l->in);
    if (r < 0) return -1;
    char **v = r && l->in.s.l ? tfb_split(l->in.s.s, '\t', &n) : NULL;
    if (!v || n < 5 || (strcmp(v[0], "#chrom") && strcmp(v[0], "#chr"))) {
        tfb_error("%s:1: not a labels file: the first line must be `#chrom start end name TF1 TF2 ...`, tab-separated",
                  l->path);
        tfb_strv_free(v);
        return -1;
    }
    l->n_tfs = n - 4;
    l->tfs = v;
    for (int i = 0; i < 4; i++) free(v[i]);
    memmove(v, v + 4, ((size_t)l->n_tfs + 1) * sizeof *v);
    for (int i = 0; i < l->n_tfs; i++) {
        const char *fault = tfb_name_fault(v[i]);
        if (!fault) continue;
        tfb_error("%s:1: column %d: '%s' cannot be a TF's name: it %s", l->path, i + 5, v[i], fault);
        return -1;
    }
    tfb_entry_t *index = tfb_index(v, l->n_tfs);
    if (!index) return -1;
    int twice = tfb_index_twice(index, l->n_tfs);
    if (twice >= 0)
        tfb_error("%s:1: TF %s has two columns, %d and %d", l->path, v[twice],
                  tfb_index_find(index, l->n_tfs, v[twice]) + 5, twice + 5);
    free(index);
    return twice >= 0 || !(l->label = malloc((size_t)l->n_tfs)) ? -1 : 0;
}

tfb_labels_t *tfb_labels_open(const char *path)
{
    tfb_labels_t *l = calloc(1, sizeof *l);
    if (!l || !(l->path = strdup(path)) || tfb_lines_open(&l->in, l->path) < 0) goto fail;
    if (read_header(l) < 0) goto fail;
    return l;
fail:
    tfb_labels_close(l);
    return NULL;
}

int tfb_labels_n_tfs(const tfb_labels_t *l) { return l->n_tfs; }
char *const *tfb_labels_tfs(const tfb_labels_t *l) { return l->tfs; }

#define BAD(l, ...) return tfb_lines_error(&(l)->in, __VA_ARGS__)

/* Reads a column that is a position and nothing else. Returns 0, or -1. */
static int position(const char *s, hts_pos_t *v)
{
    const char *end = tfb_position(s, v);
    return end && !*end ? 0 : -1;
}

static int new_contig(tfb_labels_t *l, const char *contig)
{
    int fresh;
    if (!l->seen && !(l->seen = kh_init(seen))) return -1;
    if (kh_get(seen, l->seen, contig) != kh_end(l->seen))
        BAD(l, "%s again after %s: the file is not sorted", contig, l->last_contig.s);
    char *name = strdup(contig);
    if (!name) return -1;
    kh_put(seen, l->seen, name, &fresh);
    if (fresh < 0) {
        free(name);
        return -1;
    }
    l->last_contig.l = 0;
    l->last_beg = 0;
    return kputs(contig, &l->last_contig) < 0 ? -1 : 0;
}

/* Returns a label by its letter in the file, or -1. */
static int label_of(char c)
{
    switch (c) {
    case '.': return TFB_NULL;
    case '0': return TFB_UNBOUND;
    case '1': return TFB_BOUND;
    default: return -1;
    }
}

int tfb_labels_next(tfb_labels_t *l, tfb_region_t *r)
{
    int got;
    do
        if ((got = tfb_lines_next(&l->in)) <= 0) return got;
    while (l->in.s.l == 0 || l->in.s.s[0] == '#');
    char *f[4], *s = l->in.s.s;
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
    const char *end = l->in.s.s + l->in.s.l;
    int n = 0;
    for (;; s += 2, n++) {
        if (n == l->n_tfs) BAD(l, "more columns than the header's %d", l->n_tfs + 4);
        int v = label_of(*s);
        if (v < 0 || (s + 1 < end && s[1] != '\t'))
            BAD(l, "%s (column %d): label '%.*s' is not 1, 0 or .", l->tfs[n], n + 5, (int)strcspn(s, "\t"), s);
        l->label[n] = (uint8_t)v;
        if (s + 1 >= end) break;
    }
    if (n + 1 != l->n_tfs) BAD(l, "%d columns, the header has %d", n + 5, l->n_tfs + 4);
    r->contig = f[0];
    r->name = f[3];
    r->label = l->label;
    r->line = l->in.n;
    return 1;
}

void tfb_labels_close(tfb_labels_t *l)
{
    if (!l) return;
    tfb_lines_close(&l->in);
    free(l->path);
    free(l->last_contig.s);
    free(l->label);
    tfb_strv_free(l->tfs);
    for (khint_t k = 0; l->seen && k < kh_end(l->seen); k++)
        if (kh_exist(l->seen, k)) free((char *)kh_key(l->seen, k));
    kh_destroy(seen, l->seen);
    free(l);
}
