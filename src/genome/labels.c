/* labels.c - reads labels.bed.gz, a region at a time, and trusts nothing of it. */
#include "genome/labels.h"
#include "genome/lines.h"
#include "util/util.h"
#include <htslib/khash.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

KHASH_SET_INIT_STR(name)

struct tfb_labels_t {
    char *path;
    tfb_lines_t in;
    kstring_t last_contig;
    int n_tfs;
    char **tfs;
    uint8_t *label;
    hts_pos_t last_beg;
    khash_t(name) * seen; /* contigs whose block has ended or is being read */
};

/* Adds a copy of a name to a set. 1, 0: it is in there, -1: no memory. */
static int add_name(khash_t(name) * set, const char *name)
{
    int absent;
    khint_t k = kh_get(name, set, name);
    if (k != kh_end(set)) return 0;
    char *copy = strdup(name);
    if (!copy) return -1;
    kh_put(name, set, copy, &absent);
    if (absent > 0) return 1;
    free(copy);
    return -1;
}

static void free_names(khash_t(name) * set)
{
    for (khint_t k = 0; set && k < kh_end(set); k++)
        if (kh_exist(set, k)) free((char *)kh_key(set, k));
    if (set) kh_destroy(name, set);
}

/* 0, or -1 where a TF has two columns, or no memory (logged). */
static int check_twice(const tfb_labels_t *l)
{
    khash_t(name) *set = kh_init(name);
    int ret = set ? 0 : -1;
    for (int i = 0; ret == 0 && i < l->n_tfs; i++) {
        int r = add_name(set, l->tfs[i]), k = 0;
        if (r > 0) continue;
        ret = -1;
        while (r == 0 && strcmp(l->tfs[k], l->tfs[i])) k++;
        if (r == 0) tfb_error("%s:1: TF %s has two columns, %d and %d", l->path, l->tfs[i], k + 5, i + 5);
    }
    free_names(set);
    return ret;
}

static int read_header(tfb_labels_t *l)
{
    int n, r = tfb_lines_next(&l->in);
    if (r < 0) return -1;
    char **v = r && l->in.s.l ? tfb_split(l->in.s.s, '\t', &n) : NULL;
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
    }
    return check_twice(l) == 0 && (l->label = malloc((size_t)l->n_tfs)) ? 0 : -1;
}

tfb_labels_t *tfb_labels_open(const char *path)
{
    tfb_labels_t *l = calloc(1, sizeof *l);
    if (!l || !(l->seen = kh_init(name)) || !(l->path = strdup(path)) || tfb_lines_open(&l->in, l->path) < 0) goto fail;
    if (read_header(l) < 0) goto fail;
    return l;
fail:
    tfb_labels_close(l);
    return NULL;
}

int tfb_labels_n_tfs(const tfb_labels_t *l) { return l->n_tfs; }
char *const *tfb_labels_tfs(const tfb_labels_t *l) { return l->tfs; }

#define BAD(l, ...) return tfb_lines_error(&(l)->in, __VA_ARGS__)

static int position(const char *s, hts_pos_t *v)
{
    const char *end = tfb_position(s, v);
    return end && !*end ? 0 : -1;
}

static int new_contig(tfb_labels_t *l, const char *contig)
{
    int r = add_name(l->seen, contig);
    if (r == 0) BAD(l, "%s again after %s: the file is not sorted", contig, l->last_contig.s);
    l->last_contig.l = 0;
    l->last_beg = 0;
    return r < 0 || kputs(contig, &l->last_contig) < 0 ? tfb_lines_error(&l->in, "not enough memory") : 0;
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
        uint8_t v = *s == '.' ? TFB_NULL : *s == '0' ? TFB_UNBOUND : *s == '1' ? TFB_BOUND : 9;
        if (v == 9 || (s + 1 < end && s[1] != '\t')) BAD(l, "%s (column %d): label '%.*s' is not 1, 0 or .", l->tfs[n], n + 5, (int)strcspn(s, "\t"), s);
        l->label[n] = v;
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
    free_names(l->seen);
    free(l);
}
