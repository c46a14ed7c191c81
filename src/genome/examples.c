/* examples.c - labels.bed.gz + FASTA -> examples in memory, and their split into training, validation and test. */
#include "genome/base.h"
#include "genome/labels.h"
#include "util/util.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* More contigs than a genome has would overflow the 16 bits an example keeps. */
enum { MAX_CONTIGS = 65535, MAX_WINDOW = 100000 };

static int grow(tfb_examples_t *e, int64_t *m)
{
    if (e->n < *m) return 0;
    int64_t n = *m ? *m + *m / 4 : 65536; /* by a quarter: 1.8 million regions must fit in a gigabyte while growing, too */
    void *p;
#define GROW(field, size)                                          \
    if (!(p = realloc(e->field, (size_t)n * (size)))) {            \
        tfb_error("not enough memory for %" PRId64 " regions", n); \
        return -1;                                                 \
    }                                                              \
    e->field = p
    GROW(seq, (size_t)e->seq_stride);
    GROW(lab, (size_t)e->lab_stride);
    GROW(contig, sizeof *e->contig);
    GROW(beg, sizeof *e->beg);
#undef GROW
    *m = n;
    return 0;
}

/* Column of each target in the labels file; NULL on an unknown name. */
static int *choose(const tfb_examples_opt_t *o, const tfb_labels_t *l, int n)
{
    int *col = malloc(((size_t)n + 1) * sizeof *col);
    for (int t = 0; col && t < n; t++) {
        col[t] = o->targets ? -1 : t;
        for (int i = 0; o->targets && i < tfb_labels_n_tfs(l); i++)
            if (strcmp(o->targets[t], tfb_labels_tfs(l)[i]) == 0) col[t] = i;
        if (col[t] < 0) {
            int near = tfb_nearest(o->targets[t], tfb_labels_tfs(l), tfb_labels_n_tfs(l));
            tfb_error("%s has no TF called '%s'%s%s%s", o->labels, o->targets[t], near >= 0 ? "; did you mean " : "", near >= 0 ? tfb_labels_tfs(l)[near] : "",
                      near >= 0 ? "?" : "");
            free(col);
            return NULL;
        }
        for (int k = 0; k < t; k++)
            if (col[k] == col[t]) {
                tfb_error("target %s is named twice", o->targets[t]);
                free(col);
                return NULL;
            }
    }
    return col;
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

static int wanted(const tfb_examples_opt_t *o, const char *contig, char *used)
{
    for (int i = 0; i < o->n_chroms; i++)
        if (strcmp(o->chroms[i], contig) == 0) {
            used[i] = 1;
            return 1;
        }
    return !o->chroms;
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

tfb_examples_t *tfb_examples_load(const tfb_examples_opt_t *o)
{
    tfb_examples_t *e = calloc(1, sizeof *e);
    tfb_fasta_t *fa = NULL;
    tfb_labels_t *l = NULL;
    tfb_region_t r;
    int *col = NULL, got, ok = 0, use = 0;
    int64_t m = 0;
    uint8_t *code = NULL, *label = NULL;
    char *last = NULL, *used = calloc((size_t)o->n_chroms + 1, 1);
    if (!e || !used || !(l = tfb_labels_open(o->labels)) || !(fa = tfb_fasta_open(o->fasta))) goto done;
    e->n_targets = o->targets ? o->n_targets : tfb_labels_n_tfs(l);
    if (!(col = choose(o, l, e->n_targets)) || !(e->targets = calloc((size_t)e->n_targets + 1, sizeof *e->targets)) ||
        !(label = malloc((size_t)e->n_targets + 1)))
        goto done;
    for (int t = 0; t < e->n_targets; t++)
        if (!(e->targets[t] = strdup(tfb_labels_tfs(l)[col[t]]))) goto done;
    e->window = o->window;
    e->lab_stride = (e->n_targets + 3) / 4;
    while ((got = tfb_labels_next(l, &r)) > 0) {
        if (!last || strcmp(last, r.contig) != 0) {
            free(last);
            if (!(last = strdup(r.contig))) goto done;
            use = wanted(o, r.contig, used);
            if (use && tfb_fasta_len(fa, r.contig) < 0) {
                tfb_error("%s:%" PRId64 ": %s is not in %s", o->labels, r.line, r.contig, o->fasta);
                goto done;
            }
            if (use && (e->n_contigs == MAX_CONTIGS || add_contig(e, r.contig) < 0)) {
                tfb_error("%s:%" PRId64 ": too many contigs", o->labels, r.line);
                goto done;
            }
        }
        if (!use) continue;
        if (!e->window) {
            if (r.end - r.beg > MAX_WINDOW) {
                tfb_error("%s:%" PRId64 ": a region of %" PRId64 " bases is longer than the %d a window may have", o->labels, r.line, (int64_t)(r.end - r.beg),
                          MAX_WINDOW);
                goto done;
            }
            e->window = (int)(r.end - r.beg);
        }
        if (r.end - r.beg != e->window) {
            tfb_error("%s:%" PRId64 ": the region has %" PRId64 " bases, %s %d", o->labels, r.line, (int64_t)(r.end - r.beg),
                      o->window ? "the model's window" : "the first one", e->window);
            goto done;
        }
        if (!code) {
            e->seq_stride = (e->window + 3) / 4;
            if (!(code = malloc((size_t)e->window))) goto done;
        }
        int n_null = 0;
        for (int t = 0; t < e->n_targets; t++) n_null += (label[t] = r.label[col[t]]) == TFB_NULL;
        if (n_null == e->n_targets || (o->complete && n_null)) {
            e->n_dropped_null++;
            continue;
        }
        got = tfb_fasta_codes(fa, r.contig, r.beg, r.end, code);
        if (got == -3)
            tfb_error("%s:%" PRId64 ": %s:%" PRId64 "-%" PRId64 " reaches beyond the %" PRId64 " bases that %s has", o->labels, r.line, r.contig,
                      (int64_t)r.beg + 1, (int64_t)r.end, (int64_t)tfb_fasta_len(fa, r.contig), o->fasta);
        if (got < 0) goto done;
        if (tfb_count_n(code, (size_t)e->window)) {
            e->n_dropped_n++;
            continue;
        }
        if (r.beg > UINT32_MAX) {
            tfb_error("%s:%" PRId64 ": start %" PRId64 " is beyond 4 Gb", o->labels, r.line, (int64_t)r.beg);
            goto done;
        }
        if (grow(e, &m) < 0) goto done;
        pack2(code, e->window, e->seq + (size_t)e->n * e->seq_stride);
        pack2(label, e->n_targets, e->lab + (size_t)e->n * e->lab_stride);
        e->contig[e->n] = (uint16_t)(e->n_contigs - 1);
        e->beg[e->n] = (uint32_t)r.beg;
        e->n++;
    }
    if (got < 0) goto done;
    for (int i = 0; i < o->n_chroms; i++)
        if (!used[i]) {
            tfb_error("%s has no regions on '%s'", o->labels, o->chroms[i]);
            goto done;
        }
    if (e->n == 0) {
        tfb_error("%s: no regions are left%s", o->labels,
                  e->n_dropped_null ? o->complete ? ": none is resolved for all targets" : ": none is resolved for any target" : "");
        goto done;
    }
    make_digest(e);
    ok = 1;
done:
    tfb_labels_close(l);
    tfb_fasta_close(fa);
    free(col);
    free(code);
    free(label);
    free(last);
    free(used);
    if (!ok) {
        tfb_examples_destroy(e);
        e = NULL;
    }
    return e;
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

static int mark(const tfb_examples_t *e, const char *list, uint8_t which, const char *what, uint8_t *of_contig)
{
    int n, bad = 0;
    char **v = tfb_split(list, ',', &n);
    if (!v) return -1;
    for (int i = 0; i < n; i++) {
        int c = 0;
        while (c < e->n_contigs && strcmp(e->contigs[c], v[i])) c++;
        if (c == e->n_contigs) {
            int near = tfb_nearest(v[i], e->contigs, e->n_contigs);
            tfb_error("--%s: there are no regions on '%s'%s%s%s", what, v[i], near >= 0 ? "; did you mean " : "", near >= 0 ? e->contigs[near] : "",
                      near >= 0 ? "?" : "");
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

int tfb_examples_split(const tfb_examples_t *e, const char *valid, const char *test, uint64_t seed, uint8_t *part)
{
    if (valid || test) {
        uint8_t *of = calloc((size_t)e->n_contigs + 1, 1);
        if (!of || (valid && mark(e, valid, TFB_VALID, "valid", of) < 0) || (test && mark(e, test, TFB_TEST, "test", of) < 0)) {
            free(of);
            return -1;
        }
        for (int64_t i = 0; i < e->n; i++) part[i] = of[e->contig[i]];
        free(of);
        return 0;
    }
    uint32_t *order = tfb_alloc((size_t)e->n, sizeof *order, "the split");
    tfb_rng_t r;
    if (!order) return -1;
    for (int64_t i = 0; i < e->n; i++) order[i] = (uint32_t)i;
    tfb_rng_seed(&r, tfb_hash64(seed ^ 0x73706c6974)); /* "split" */
    tfb_rng_shuffle(&r, order, (size_t)e->n);
    for (int64_t i = 0; i < e->n; i++) part[order[i]] = i < e->n * 8 / 10 ? TFB_TRAIN : i < e->n * 9 / 10 ? TFB_VALID : TFB_TEST;
    free(order);
    return 0;
}
