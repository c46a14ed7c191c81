/* enrich_set.c - the variants that enrich compares: hits, all of them, and a sample of the
 * background. */
#include "annotate/enrich_parts.h"
#include "genome/variant.h"
#include "util/vec.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int tfb_set_open(set_t *s, int64_t max_background, uint64_t seed)
{
    s->max_background = max_background;
    tfb_rng_seed(&s->rng, seed);
    if ((s->hits = kh_init(hits)) && (s->rest = kh_init(rest))) return 0;
    tfb_error("not enough memory for variants");
    return -1;
}

void tfb_set_free(set_t *s)
{
    for (int64_t i = 0; i < s->n; i++) tfb_set_release(&s->var[i]);
    if (s->hits) kh_destroy(hits, s->hits);
    if (s->rest) kh_destroy(rest, s->rest);
    tfb_strv_free(s->contigs);
    free(s->var);
}

int tfb_set_contig(set_t *s, const char *name)
{
    for (int c = s->n_contigs - 1; c >= 0; c--)
        if (strcmp(s->contigs[c], name) == 0) return c;
    char **v = realloc(s->contigs, ((size_t)s->n_contigs + 2) * sizeof *v);
    if (!v) return -1;
    s->contigs = v;
    v[s->n_contigs + 1] = NULL;
    return (v[s->n_contigs] = strdup(name)) ? s->n_contigs++ : -1;
}

void tfb_set_release(variant_t *v)
{
    free(v->ref);
    free(v->v);
    v->ref = NULL;
    v->v = NULL;
}

int tfb_set_place(set_t *s, int hit, variant_t **to)
{
    *to = NULL;
    if (!hit) {
        int64_t have = s->n - s->n_hits;
        s->n_background_seen++;
        if (have >= s->max_background) {
            if ((int64_t)tfb_rng_below(&s->rng, (uint64_t)s->n_background_seen) >= have) return 0;
            do *to = &s->var[tfb_rng_below(&s->rng, (uint64_t)s->n)];
            while ((*to)->hit);
            tfb_set_release(*to);
            return 0;
        }
    }
    if (TFB_RESERVE(s->var, s->m, s->n + 1, "variants") < 0) return -1;
    *to = &s->var[s->n++];
    s->n_hits += hit;
    return 0;
}

int tfb_set_fill(set_t *s, variant_t *v, const char *contig, const tfb_change_t *c, int hit, double w)
{
    size_t n = (size_t)c->n_ref, k = (size_t)c->n_alt;
    *v = (variant_t){.contig = tfb_set_contig(s, contig), .hit = hit, .pos = c->pos, .w = w};
    if (v->contig < 0 || !(v->ref = calloc(n + k + 2, 1))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    v->alt = v->ref + n + 1;
    memcpy(v->ref, c->ref, n);
    memcpy(v->alt, c->alt, k);
    v->key = tfb_variant_key(contig, c->pos, v->ref, v->alt);
    return 0;
}

int tfb_set_by_place(const void *x, const void *y)
{
    const variant_t *a = x, *b = y;
    int c;
    if (a->contig != b->contig) return a->contig < b->contig ? -1 : 1;
    if (a->pos != b->pos) return a->pos < b->pos ? -1 : 1;
    return (c = strcasecmp(a->ref, b->ref)) ? c : strcasecmp(a->alt, b->alt);
}

int tfb_set_add_random(set_t *s, variant_t *it)
{
    variant_t *v;
    int new = 0;
    if (kh_get(hits, s->hits, it->key) != kh_end(s->hits) || (kh_put(rest, s->rest, it->key, &new), new == 0)) {
        tfb_set_release(it);
        return 0;
    }
    if (new < 0) tfb_error("not enough memory for random SNVs");
    if (new < 0 || tfb_set_place(s, 0, &v) < 0) {
        tfb_set_release(it);
        return -1;
    }
    if (v)
        *v = *it;
    else
        tfb_set_release(it);
    return 1;
}

int64_t tfb_set_drop_hits(set_t *s)
{
    int64_t n = 0, n_both = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (!s->var[i].hit && kh_get(hits, s->hits, s->var[i].key) != kh_end(s->hits)) {
            n_both++;
            tfb_set_release(&s->var[i]);
        } else
            s->var[n++] = s->var[i];
    }
    s->n = n;
    return n_both;
}
