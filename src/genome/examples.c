/* examples.c - labels.bed.gz + FASTA -> examples in memory, and their split into training,
 * validation and test. */
#include "genome/base.h"
#include "genome/labels.h"
#include "genome/lines.h"
#include "util/util.h"
#include "util/vec.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* More contigs than a genome has would overflow the 16 bits an example keeps. */
enum { MAX_CONTIGS = 65535, MAX_WINDOW = 100000 };

static int grow(tfb_examples_t *e, int64_t *m)
{
    if (e->n < *m) return 0;
    int64_t n =
        *m ? *m + *m / 4 : 65536; /* by a quarter: 1.8 million regions must fit in a gigabyte even while growing */
    int ok = 1;
    e->seq = tfb_resize(e->seq, (size_t)n, (size_t)e->seq_stride, &ok);
    e->lab = tfb_resize(e->lab, (size_t)n, (size_t)e->lab_stride, &ok);
    e->contig = tfb_resize(e->contig, (size_t)n, sizeof *e->contig, &ok);
    e->beg = tfb_resize(e->beg, (size_t)n, sizeof *e->beg, &ok);
    if (!ok) {
        tfb_error("not enough memory for %" PRId64 " regions", n);
        return -1;
    }
    *m = n;
    return 0;
}

static void unknown_target(const tfb_examples_opt_t *o, const tfb_labels_t *l, const char *name)
{
    int near = tfb_nearest(name, tfb_labels_tfs(l), tfb_labels_n_tfs(l));
    if (near >= 0)
        tfb_error("%s has no TF called '%s'; did you mean %s?", o->labels, name, tfb_labels_tfs(l)[near]);
    else
        tfb_error("%s has no TF called '%s'", o->labels, name);
}

/* Returns the column of each target in the labels file, or NULL on an unknown or repeated name
 * (logged). */
static int *choose(const tfb_examples_opt_t *o, const tfb_labels_t *l, int n)
{
    int ok = 0, n_tfs = tfb_labels_n_tfs(l), *col = malloc(((size_t)n + 1) * sizeof *col);
    tfb_entry_t *index = tfb_index(tfb_labels_tfs(l), n_tfs);
    char *used = calloc((size_t)n_tfs + 1, 1);
    if (!col || !index || !used) goto done;
    for (int t = 0; t < n; t++) {
        col[t] = o->targets ? tfb_index_find(index, n_tfs, o->targets[t]) : t;
        if (col[t] < 0) {
            unknown_target(o, l, o->targets[t]);
            goto done;
        }
        if (used[col[t]]++) {
            tfb_error("target %s is named twice", o->targets[t]);
            goto done;
        }
    }
    ok = 1;
done:
    free(index);
    free(used);
    if (ok) return col;
    free(col);
    return NULL;
}

static void pack2(const uint8_t *v, int n, uint8_t *out)
{
    memset(out, 0, ((size_t)n + 3) / 4);
    for (int i = 0; i < n; i++) out[i >> 2] |= (uint8_t)(v[i] << (2 * (i & 3)));
}

static int add_contig(tfb_examples_t *e, const char *name)
{
    char **c = realloc(e->contigs, ((size_t)e->n_contigs + 2) * sizeof *c);
    if (!c) return -1;
    e->contigs = c;
    c[e->n_contigs + 1] = NULL;
    if (!(c[e->n_contigs] = strdup(name))) return -1;
    e->n_contigs++;
    return 0;
}

/* The requested contigs, for lookup (chroms NULL: all). */
typedef struct {
    tfb_entry_t *index;
    int n;
    char *used; /* (n): the contig has regions */
} wanted_t;

static int wanted(wanted_t *w, const char *contig)
{
    if (!w->index) return 1;
    int i = tfb_index_find(w->index, w->n, contig);
    if (i >= 0) w->used[i] = 1;
    return i >= 0;
}

/* Checks that every requested contig has regions. Returns 0, or -1 (logged). */
static int all_used(const wanted_t *w, const tfb_examples_opt_t *o)
{
    for (int i = 0; w->index && i < w->n; i++)
        if (!w->used[i] &&
            tfb_index_find(w->index, w->n, o->chroms[i]) == i) { /* if named twice, the first stands for both */
            tfb_error("%s has no regions on '%s'", o->labels, o->chroms[i]);
            return -1;
        }
    return 0;
}

static void make_digest(tfb_examples_t *e)
{
    tfb_sha256_t h;
    tfb_sha256_init(&h);
    for (int t = 0; t < e->n_targets; t++) tfb_sha256_update(&h, e->targets[t], strlen(e->targets[t]) + 1);
    for (int c = 0; c < e->n_contigs; c++) tfb_sha256_update(&h, e->contigs[c], strlen(e->contigs[c]) + 1);
    for (int64_t i = 0; i < e->n; i++) {
        uint8_t where[6] = {(uint8_t)e->contig[i],     (uint8_t)(e->contig[i] >> 8), (uint8_t)e->beg[i],
                            (uint8_t)(e->beg[i] >> 8), (uint8_t)(e->beg[i] >> 16),   (uint8_t)(e->beg[i] >> 24)};
        tfb_sha256_update(&h, where, sizeof where);
    }
    tfb_sha256_update(&h, e->seq, (size_t)e->n * (size_t)e->seq_stride);
    tfb_sha256_update(&h, e->lab, (size_t)e->n * (size_t)e->lab_stride);
    tfb_sha256_hex(&h, e->digest);
}

/* State of a load while it reads. */
typedef struct {
    const tfb_examples_opt_t *o;
    tfb_examples_t *e;
    tfb_fasta_t *fasta;
    tfb_labels_t *labels;
    wanted_t contigs;
    int *col;       /* (n_targets): columns of the file */
    uint8_t *code;  /* (window): codes of the current region */
    uint8_t *label; /* (n_targets) likewise */
    char *last;     /* its contig */
    int use;        /* that contig was requested */
    int64_t m;      /* capacity in examples */
} loader_t;

/* Opens the files and chooses the columns. Returns 0, or -1. */
static int begin(loader_t *l)
{
    const tfb_examples_opt_t *o = l->o;
    tfb_examples_t *e = l->e = calloc(1, sizeof *e);
    if (o->chroms) l->contigs.index = tfb_index(o->chroms, o->n_chroms);
    l->contigs.n = o->n_chroms;
    l->contigs.used = calloc((size_t)o->n_chroms + 1, 1);
    if (!e || !l->contigs.used || (o->chroms && !l->contigs.index)) return -1;
    if (!(l->labels = tfb_labels_open(o->labels)) || !(l->fasta = tfb_fasta_open(o->fasta))) return -1;
    e->n_targets = o->targets ? o->n_targets : tfb_labels_n_tfs(l->labels);
    if (!(l->col = choose(o, l->labels, e->n_targets))) return -1;
    if (!(e->targets = calloc((size_t)e->n_targets + 1, sizeof *e->targets))) return -1;
    if (!(l->label = malloc((size_t)e->n_targets + 1))) return -1;
    for (int t = 0; t < e->n_targets; t++)
        if (!(e->targets[t] = strdup(tfb_labels_tfs(l->labels)[l->col[t]]))) return -1;
    e->window = o->window;
    e->lab_stride = (e->n_targets + 3) / 4;
    return 0;
}

/* Begins the contig of a region. Returns 0, or -1. */
static int begin_contig(loader_t *l, const tfb_region_t *r)
{
    tfb_examples_t *e = l->e;
    free(l->last);
    if (!(l->last = strdup(r->contig))) return -1;
    l->use = wanted(&l->contigs, r->contig);
    if (l->use && tfb_fasta_len(l->fasta, r->contig) < 0) {
        tfb_error("%s:%" PRId64 ": %s is not in %s", l->o->labels, r->line, r->contig, l->o->fasta);
        return -1;
    }
    if (l->use && (e->n_contigs == MAX_CONTIGS || add_contig(e, r->contig) < 0)) {
        tfb_error("%s:%" PRId64 ": too many contigs", l->o->labels, r->line);
        return -1;
    }
    return 0;
}

/* Checks a region's width, which the first one may decide. Returns 0, or -1. */
static int check_width(loader_t *l, const tfb_region_t *r)
{
    tfb_examples_t *e = l->e;
    int64_t width = r->end - r->beg;
    if (!e->window) {
        if (width > MAX_WINDOW) {
            tfb_error("%s:%" PRId64 ": a region of %" PRId64 " bases is longer than the %d a window may have",
                      l->o->labels, r->line, width, MAX_WINDOW);
            return -1;
        }
        e->window = (int)width;
    }
    if (width != e->window) {
        tfb_error("%s:%" PRId64 ": the region has %" PRId64 " bases, %s %d", l->o->labels, r->line, width,
                  l->o->window ? "the model's window" : "the first one", e->window);
        return -1;
    }
    if (!l->code) {
        e->seq_stride = (e->window + 3) / 4;
        if (!(l->code = malloc((size_t)e->window))) return -1;
    }
    return 0;
}

/* Reads the region's codes. Returns 0, or -1 (logged). */
static int read_codes(const loader_t *l, const tfb_region_t *r)
{
    int got = tfb_fasta_codes(l->fasta, r->contig, r->beg, r->end, l->code);
    if (got == -3)
        tfb_error("%s:%" PRId64 ": %s:%" PRId64 "-%" PRId64 " reaches beyond the %" PRId64 " bases that %s has",
                  l->o->labels, r->line, r->contig, (int64_t)r->beg + 1, (int64_t)r->end,
                  (int64_t)tfb_fasta_len(l->fasta, r->contig), l->o->fasta);
    return got < 0 ? -1 : 0;
}

/* Adds the window in l->code with the labels in l->label, which begins at beg of a contig. Returns 0, or -1 (logged).
 */
static int add_example(loader_t *l, int contig, hts_pos_t beg)
{
    tfb_examples_t *e = l->e;
    if (grow(e, &l->m) < 0) return -1;
    pack2(l->code, e->window, e->seq + (size_t)e->n * e->seq_stride);
    pack2(l->label, e->n_targets, e->lab + (size_t)e->n * e->lab_stride);
    e->contig[e->n] = (uint16_t)contig;
    e->beg[e->n] = (uint32_t)beg;
    e->n++;
    return 0;
}

/* Adds a region, unless the options exclude it. Returns 0, or -1. */
static int add_region(loader_t *l, const tfb_region_t *r)
{
    tfb_examples_t *e = l->e;
    int n_null = 0;
    if ((!l->last || strcmp(l->last, r->contig) != 0) && begin_contig(l, r) < 0) return -1;
    if (!l->use) return 0;
    if (check_width(l, r) < 0) return -1;
    for (int t = 0; t < e->n_targets; t++) n_null += (l->label[t] = r->label[l->col[t]]) == TFB_NULL;
    if (n_null == e->n_targets || (l->o->complete && n_null)) {
        e->n_dropped_null++;
        return 0;
    }
    if (read_codes(l, r) < 0) return -1;
    if (tfb_count_n(l->code, (size_t)e->window)) {
        e->n_dropped_n++;
        return 0;
    }
    if (r->beg > UINT32_MAX) {
        tfb_error("%s:%" PRId64 ": start %" PRId64 " is beyond 4 Gb", l->o->labels, r->line, (int64_t)r->beg);
        return -1;
    }
    return add_example(l, e->n_contigs - 1, r->beg);
}

/* Returns the number of the contig of an unlabelled region, adding it if it is new; -1 if the
 * contig was not requested, -2 on failure (logged). */
static int contig_of(loader_t *l, const tfb_lines_t *in, const char *name)
{
    tfb_examples_t *e = l->e;
    if (!wanted(&l->contigs, name)) return -1;
    for (int c = 0; c < e->n_contigs; c++)
        if (!strcmp(e->contigs[c], name)) return c;
    if (tfb_fasta_len(l->fasta, name) < 0) {
        tfb_lines_error(in, "%s is not in %s", name, l->o->fasta);
        return -2;
    }
    if (e->n_contigs == MAX_CONTIGS || add_contig(e, name) < 0) {
        tfb_lines_error(in, "too many contigs");
        return -2;
    }
    return e->n_contigs - 1;
}

/* Adds the window around the current interval, unless it reaches beyond its contig or has an N.
 * *contig: contig of the previous interval, and on return of this one. Returns 0, or -1
 * (logged). */
static int add_unlabelled(loader_t *l, tfb_lines_t *in, int *contig)
{
    tfb_examples_t *e = l->e;
    tfb_bed_t b;
    if (tfb_bed_fields(in, &b) < 0 || tfb_bed_summit(in, &b, 1) < 0) return -1;
    free(l->last);
    if (!(l->last = strndup(in->s.s, b.n_contig))) return -1;
    if (*contig < 0 || strcmp(e->contigs[*contig], l->last)) *contig = contig_of(l, in, l->last);
    if (*contig < 0) return *contig == -1 ? 0 : -1;
    hts_pos_t beg = (b.summit >= 0 ? b.summit : b.beg + (b.end - b.beg) / 2) - e->window / 2;
    if (beg < 0 || beg > UINT32_MAX || beg + e->window > tfb_fasta_len(l->fasta, l->last)) return 0;
    if (tfb_fasta_codes(l->fasta, l->last, beg, beg + e->window, l->code) < 0) return -1;
    if (tfb_count_n(l->code, (size_t)e->window)) {
        e->n_dropped_n++;
        return 0;
    }
    return add_example(l, *contig, beg);
}

/* Adds the unlabelled windows. Returns 0, or -1 (logged). */
static int load_unlabelled(loader_t *l)
{
    tfb_lines_t in = {0};
    int got, ret = 0, contig = -1;
    if (tfb_lines_open(&in, l->o->unlabelled) < 0) return -1;
    memset(l->label, TFB_NULL, (size_t)l->e->n_targets);
    while (ret == 0 && (got = tfb_lines_next(&in)) != 0) {
        if (got < 0)
            ret = -1;
        else if (!tfb_bed_is_header(&in))
            ret = add_unlabelled(l, &in, &contig);
    }
    tfb_lines_close(&in);
    return ret;
}

static void none_left(const loader_t *l)
{
    const char *why = "";
    if (l->e->n_dropped_null)
        why = l->o->complete ? ": none is resolved for all targets" : ": none is resolved for any target";
    tfb_error("%s: no usable regions%s", l->o->labels, why);
}

static int load(loader_t *l)
{
    tfb_region_t r;
    int got;
    if (begin(l) < 0) return -1;
    while ((got = tfb_labels_next(l->labels, &r)) > 0)
        if (add_region(l, &r) < 0) return -1;
    if (got < 0 || all_used(&l->contigs, l->o) < 0) return -1;
    if (l->e->n == 0) {
        none_left(l);
        return -1;
    }
    l->e->n_labelled = l->e->n;
    if (l->o->unlabelled && load_unlabelled(l) < 0) return -1;
    make_digest(l->e);
    return 0;
}

tfb_examples_t *tfb_examples_load(const tfb_examples_opt_t *o)
{
    loader_t l = {.o = o};
    if (load(&l) < 0) {
        tfb_examples_destroy(l.e);
        l.e = NULL;
    }
    tfb_labels_close(l.labels);
    tfb_fasta_close(l.fasta);
    free(l.col);
    free(l.code);
    free(l.label);
    free(l.last);
    free(l.contigs.index);
    free(l.contigs.used);
    return l.e;
}

void tfb_examples_destroy(tfb_examples_t *e)
{
    if (!e) return;
    tfb_strv_free(e->targets);
    tfb_strv_free(e->contigs);
    free(e->seq);
    free(e->lab);
    free(e->contig);
    free(e->beg);
    free(e);
}

void tfb_examples_codes(const tfb_examples_t *e, int64_t i, int rev, uint8_t *code)
{
    const uint8_t *s = e->seq + (size_t)i * e->seq_stride;
    int W = e->window;
    if (!rev)
        for (int w = 0; w < W; w++) code[w] = s[w >> 2] >> (2 * (w & 3)) & 3;
    else
        for (int w = 0; w < W; w++) code[W - 1 - w] = 3 - (s[w >> 2] >> (2 * (w & 3)) & 3);
}

void tfb_examples_labels(const tfb_examples_t *e, int64_t i, uint8_t *label)
{
    for (int t = 0; t < e->n_targets; t++) label[t] = (uint8_t)tfb_examples_label(e, i, t);
}

static void no_regions(const tfb_examples_t *e, const char *what, const char *contig)
{
    int near = tfb_nearest(contig, e->contigs, e->n_contigs);
    if (near >= 0)
        tfb_error("--%s: there are no regions on '%s'; did you mean %s?", what, contig, e->contigs[near]);
    else
        tfb_error("--%s: there are no regions on '%s'", what, contig);
}

static int mark(const tfb_examples_t *e, const tfb_entry_t *index, const char *list, uint8_t which, uint8_t *of_contig)
{
    int n, bad = 0;
    char **v = tfb_split(list, ',', &n);
    if (!v) return -1;
    for (int i = 0; i < n && !bad; i++) {
        int c = tfb_index_find(index, e->n_contigs, v[i]);
        if (c < 0) {
            no_regions(e, which == TFB_VALID ? "valid" : "test", v[i]);
            bad = -1;
        } else if (of_contig[c] != TFB_TRAIN && of_contig[c] != which) {
            tfb_error("%s is in both --valid and --test", v[i]);
            bad = -1;
        } else
            of_contig[c] = which;
    }
    tfb_strv_free(v);
    return bad;
}

/* Splits by lists of contigs. Returns 0, or -1 (logged). */
static int split_by_contig(const tfb_examples_t *e, const char *valid, const char *test, uint8_t *part)
{
    uint8_t *of = calloc((size_t)e->n_contigs + 1, 1);
    tfb_entry_t *index = tfb_index(e->contigs, e->n_contigs);
    int ret = of && index ? 0 : -1;
    if (ret == 0 && valid) ret = mark(e, index, valid, TFB_VALID, of);
    if (ret == 0 && test) ret = mark(e, index, test, TFB_TEST, of);
    for (int64_t i = 0; ret == 0 && i < e->n; i++) part[i] = of[e->contig[i]];
    free(of);
    free(index);
    return ret;
}

int tfb_examples_split(const tfb_examples_t *e, const char *valid, const char *test, uint64_t seed, uint8_t *part)
{
    if (valid || test) return split_by_contig(e, valid, test, part);
    uint32_t *order = tfb_alloc((size_t)e->n, sizeof *order, "the split");
    tfb_rng_t r;
    if (!order) return -1;
    for (int64_t i = 0; i < e->n; i++) order[i] = (uint32_t)i;
    tfb_rng_seed(&r, tfb_hash64(seed ^ 0x73706c6974)); /* "split" */
    tfb_rng_shuffle(&r, order, (size_t)e->n);
    for (int64_t i = 0; i < e->n; i++) {
        uint8_t *p = &part[order[i]];
        *p = TFB_TRAIN;
        if (i >= e->n * 8 / 10) *p = TFB_VALID;
        if (i >= e->n * 9 / 10) *p = TFB_TEST;
    }
    free(order);
    return 0;
}
