/* attrib.c - contributions by DeepLIFT, in-silico mutagenesis and gradients. In: base codes. Out: hypothetical
 * contributions. */
#include "explain/attrib.h"
#include "explain/shuffle.h"
#include "genome/base.h"
#include "nn/walk.h"
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 32 }; /* most references of one pass */

struct tfb_attrib_t {
    tfb_model_t *model;
    tfb_walk_t *walk;
    int n_refs, m_pairs, W, T;
    tfb_strand_t strand;
    uint8_t *code; /* (2 * m_pairs, W): inputs, then references */
    float *dz;     /* (2 * m_pairs, T) */
};

tfb_attrib_t *tfb_attrib_create(tfb_model_t *m, int n_refs, tfb_strand_t strand, tfb_pool_t *pool)
{
    tfb_attrib_t *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->model = m;
    a->n_refs = n_refs;
    a->strand = strand;
    a->W = m->window;
    a->T = m->n_targets;
    a->m_pairs = n_refs < PAIRS ? n_refs : PAIRS;
    if (a->m_pairs < 1) a->m_pairs = 1;
    a->walk = tfb_walk_create(m->net, 2 * a->m_pairs, TFB_WALK_EXPLAIN, pool);
    a->code = tfb_alloc(2 * (size_t)a->m_pairs, (size_t)a->W, "sequences");
    a->dz = tfb_alloc(2 * (size_t)a->m_pairs * (size_t)a->T, sizeof *a->dz, "targets");
    if (a->walk && a->code && a->dz) return a;
    tfb_attrib_destroy(a);
    return NULL;
}

void tfb_attrib_destroy(tfb_attrib_t *a)
{
    if (!a) return;
    tfb_walk_destroy(a->walk);
    free(a->code);
    free(a->dz);
    free(a);
}

const char *tfb_attrib_unruled(const tfb_attrib_t *a)
{
    const tfb_net_t *n = a->model->net;
    for (int i = 0; i < n->n_layers; i++)
        if (n->layer[i].kind->plain_gradient) return n->layer[i].kind->name;
    return NULL;
}

/* Returns the index of row l, base c of a window on this strand. */
static size_t place(int rev, int W, int l, int c)
{
    return rev ? (size_t)(W - 1 - l) * 4 + (size_t)(3 - c) : (size_t)l * 4 + (size_t)c;
}

static void put(const uint8_t *code, int W, int rev, uint8_t *to)
{
    if (rev)
        tfb_revcomp(code, (size_t)W, to);
    else
        memcpy(to, code, (size_t)W);
}

static void want(tfb_attrib_t *a, int B, int target)
{
    memset(a->dz, 0, (size_t)B * (size_t)a->T * sizeof *a->dz);
    for (int b = 0; b < B; b++) a->dz[(size_t)b * (size_t)a->T + (size_t)target] = 1;
}

/* Strands to process, and the share of each in the result. */
static int strands(const tfb_attrib_t *a, int *rev)
{
    rev[0] = a->strand == TFB_STRAND_REV;
    rev[1] = 1;
    return a->strand == TFB_STRAND_BOTH ? 2 : 1;
}

void tfb_attrib_deeplift(tfb_attrib_t *a, const uint8_t *code, const uint8_t *ref, const int *target, int n, float *hyp,
                         double *z, double *z_ref)
{
    int W = a->W, T = a->T, rev[2], n_strands = strands(a, rev);
    float share = 1 / (float)(a->n_refs * n_strands); /* share of one reference on one strand */
    memset(hyp, 0, (size_t)n * (size_t)W * 4 * sizeof *hyp);
    memset(z, 0, (size_t)n * sizeof *z);
    memset(z_ref, 0, (size_t)n * sizeof *z_ref);
    for (int s = 0; s < n_strands; s++)
        for (int r0 = 0; r0 < a->n_refs; r0 += a->m_pairs) {
            int pairs = a->n_refs - r0 < a->m_pairs ? a->n_refs - r0 : a->m_pairs;
            for (int b = 0; b < pairs; b++) {
                put(code, W, rev[s], a->code + (size_t)b * (size_t)W);
                put(ref + (size_t)(r0 + b) * (size_t)W, W, rev[s], a->code + (size_t)(pairs + b) * (size_t)W);
            }
            const float *out = tfb_walk_forward(a->walk, a->code, 2 * pairs);
            for (int t = 0; t < n; t++)
                for (int b = 0; b < pairs; b++) {
                    z[t] += (double)out[(size_t)b * (size_t)T + (size_t)target[t]] * share;
                    z_ref[t] += (double)out[(size_t)(pairs + b) * (size_t)T + (size_t)target[t]] * share;
                }
            for (int t = 0; t < n; t++) {
                want(a, 2 * pairs, target[t]);
                const float *m =
                    tfb_walk_input(a->walk, a->dz, 1); /* (2 * pairs, W, 4); the first half is the inputs' */
                float *h = hyp + (size_t)t * (size_t)W * 4;
                for (int b = 0; b < pairs; b++)
                    for (int l = 0; l < W; l++) {
                        const float *ml = m + ((size_t)b * (size_t)W + (size_t)l) * 4;
                        uint8_t k = a->code[(size_t)(pairs + b) * (size_t)W + (size_t)l];
                        /* the reference's base here replaced with c: sum over bases of (c - reference)
                         * times multiplier */
                        float had = k < 4 ? ml[k] : 0.25f * (ml[0] + ml[1] + ml[2] + ml[3]);
                        for (int c = 0; c < 4; c++) h[place(rev[s], W, l, c)] += share * (ml[c] - had);
                    }
            }
        }
}

void tfb_attrib_gradient(tfb_attrib_t *a, const uint8_t *code, const int *target, int n, float *hyp, double *z)
{
    int W = a->W, T = a->T, rev[2], B = strands(a, rev);
    for (int s = 0; s < B; s++) put(code, W, rev[s], a->code + (size_t)s * (size_t)W);
    const float *out = tfb_walk_forward(a->walk, a->code, B);
    memset(hyp, 0, (size_t)n * (size_t)W * 4 * sizeof *hyp);
    for (int t = 0; t < n; t++) {
        z[t] = 0;
        for (int s = 0; s < B; s++) z[t] += (double)out[(size_t)s * (size_t)T + (size_t)target[t]] / B;
    }
    for (int t = 0; t < n; t++) {
        want(a, B, target[t]);
        const float *g = tfb_walk_input(a->walk, a->dz, 0);
        float *h = hyp + (size_t)t * (size_t)W * 4;
        for (int s = 0; s < B; s++)
            for (int l = 0; l < W; l++)
                for (int c = 0; c < 4; c++)
                    h[place(rev[s], W, l, c)] += g[((size_t)s * (size_t)W + (size_t)l) * 4 + (size_t)c] / (float)B;
    }
}

void tfb_attrib_references(const uint8_t *code, int W, int n, uint64_t seed, uint8_t *ref, uint8_t *work)
{
    tfb_rng_t rng;
    uint64_t h = tfb_hash64(seed);
    for (int i = 0; i < W; i++) h = tfb_hash64(h ^ code[i]);
    tfb_rng_seed(&rng, h);
    for (int r = 0; r < n; r++) tfb_shuffle_dinucleotides(code, W, &rng, ref + (size_t)r * (size_t)W, work);
}

int tfb_ism(tfb_panel_t *p, const uint8_t *code, int beg, int end, tfb_strand_t strand, float *hyp, float *z)
{
    int W = tfb_panel_window(p), T = tfb_panel_n_targets(p), ret = -1, L = end - beg, i = 0;
    /* a window reuses the activations of one it is scored together with, so each group begins with the sequence itself
     */
    int most = 4 * L, n = most + most / (TFB_INFER_TOGETHER - 1) + 2;
    uint8_t *all = tfb_alloc((size_t)n, (size_t)W, "mutated sequences");
    int32_t *base = tfb_alloc((size_t)n, sizeof *base, "mutated sequences");
    int *where = tfb_alloc((size_t)most, sizeof *where, "mutated sequences");
    float *score = tfb_alloc((size_t)n * (size_t)T, sizeof *score, "scores");
    if (!all || !base || !where || !score) goto done;
    int group = 0;
    n = 0;
    for (i = -1; i < most; i++) {
        int l = beg + i / 4, c = i % 4;
        if (i < 0 || n - group == TFB_INFER_TOGETHER) {
            group = n;
            base[n] = -1;
            memcpy(all + (size_t)n++ * (size_t)W, code, (size_t)W);
        }
        if (i < 0) continue;
        if (code[l] == c) {
            where[i] = 0;
            continue;
        }
        where[i] = n;
        base[n] = group;
        memcpy(all + (size_t)n * (size_t)W, code, (size_t)W);
        all[(size_t)n++ * (size_t)W + (size_t)l] = (uint8_t)c;
    }
    if (tfb_panel_windows(p, all, base, n, strand, score) < 0) goto done;
    memcpy(z, score, (size_t)T * sizeof *z);
    for (int t = 0; t < T; t++)
        for (i = 0; i < most; i += 4) {
            float v[4], mean = 0, *h = hyp + ((size_t)t * (size_t)L * 4 + (size_t)i);
            for (int c = 0; c < 4; c++) {
                v[c] = score[(size_t)where[i + c] * (size_t)T + (size_t)t];
                mean += 0.25f * v[c];
            }
            for (int c = 0; c < 4; c++) h[c] = v[c] - mean;
        }
    ret = 0;
done:
    free(all);
    free(base);
    free(where);
    free(score);
    return ret;
}

double tfb_attrib_actual(const uint8_t *code, const float *hyp, int n, float *contrib)
{
    double sum = 0;
    for (int l = 0; l < n; l++) {
        const float *h = hyp + (size_t)l * 4;
        contrib[l] = code[l] < 4 ? h[code[l]] : 0.25f * (h[0] + h[1] + h[2] + h[3]);
        sum += (double)contrib[l];
    }
    return sum;
}
