/* test_filters.c - motifs and importance of filters, on a network whose filters were set by hand. */
#include "explain/filters.h"
#include "nn/infer.h"
#include "nn/model.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

enum { W = 40, N = 300, K = 5, F = 3 };

/* Filter 0 answers 1.5 to GATTA and 0.5 to one mismatch; filter 1 answers 1.5 to CCCCC; filter 2 is silent. Target 0
 * hears filter 0, target 1 filter 1. */
static tfb_model_t *make(const char *spec)
{
    char err[200], *names[] = {"GATTA", "CCCCC"};
    tfb_net_t *n = tfb_net_parse(spec, W, err, sizeof err);
    if (!n) {
        fprintf(stderr, "%s\n", err);
        exit(1);
    }
    tfb_net_init(n, 1);
    const tfb_layer_t *c = &n->layer[0];
    float w[F * 4 * K], *bias = n->param + c->param_off + c->tensor[1].off;
    for (int f = 0; f < F; f++)
        for (int k = 0; k < K; k++)
            for (int b = 0; b < 4; b++) w[(f * 4 + b) * K + k] = f < 2 && b == (f ? 1 : "\2\0\3\3\0"[k]) ? 1 : 0;
    tfb_tensor_from_file(n, c, &c->tensor[0], w);
    bias[0] = bias[1] = -3.5f;
    bias[2] = -100;
    const tfb_layer_t *d = &n->layer[n->n_layers - 1];
    int L = d->in.L;
    float *dw = calloc((size_t)2 * F * L, sizeof *dw), *db = n->param + d->param_off + d->tensor[1].off;
    for (int t = 0; t < 2; t++)
        for (int l = 0; l < L; l++) dw[(t * F + t) * L + l] = 4;
    tfb_tensor_from_file(n, d, &d->tensor[0], dw);
    free(dw);
    db[0] = db[1] = -3;
    return tfb_model_create(n, names, 2);
}

/* Random sequences; a target is bound where its word is. */
static void sequences(tfb_examples_t *e, uint8_t *plain)
{
    static char *names[] = {"GATTA", "CCCCC", NULL};
    tfb_rng_t r;
    tfb_rng_seed(&r, 5);
    *e = (tfb_examples_t){.window = W, .n_targets = 2, .targets = names, .n = N, .seq_stride = W / 4, .lab_stride = 1};
    e->seq = calloc(N, W / 4);
    e->lab = calloc(N, 1);
    for (int i = 0; i < N; i++) {
        uint8_t *s = plain + i * W;
        for (int w = 0; w < W; w++) s[w] = (uint8_t)tfb_rng_below(&r, 4);
        if (i % 3 == 0) memcpy(s + i % 30, "\2\0\3\3\0", K);
        if (i % 5 == 0) memcpy(s + 30, "\1\1\1\1\1", K);
        for (int w = 0; w < W; w++) e->seq[i * (W / 4) + w / 4] |= (uint8_t)(s[w] << (2 * (w % 4)));
        int has[2] = {0, 0};
        for (int w = 0; w + K <= W; w++)
            has[0] |= !memcmp(s + w, "\2\0\3\3\0", K), has[1] |= !memcmp(s + w, "\1\1\1\1\1", K);
        e->lab[i] = (uint8_t)(has[0] | has[1] << 2);
    }
}

static int count(const uint8_t *plain, const char *word, const uint8_t *used)
{
    int n = 0;
    for (int i = 0; i < N; i++)
        for (int w = 0; used[i] && w + K <= W; w++) n += !memcmp(plain + i * W + w, word, K);
    return n;
}

/* Checks the importance of all filters against silencing them one by one. */
static void check_importance(const char *spec, tfb_model_t *m, const tfb_examples_t *e, const uint8_t *plain,
                             tfb_filters_t *const *of)
{
    for (int k = 0; k < F; k++) {
        tfb_model_t *q = make(spec);
        const tfb_layer_t *c = &q->net->layer[0];
        (q->net->param + c->param_off + c->tensor[1].off)[k] = -1000;
        tfb_infer_t *a = tfb_infer_create(m->net, NULL, 0, NULL), *b = tfb_infer_create(q->net, NULL, 0, NULL);
        static float za[N * 2], zb[N * 2];
        tfb_infer_windows(a, plain, NULL, N, TFB_STRAND_FWD, za);
        tfb_infer_windows(b, plain, NULL, N, TFB_STRAND_FWD, zb);
        for (int t = 0; t < 6; t++) { /* two targets, three places */
            const tfb_filters_t *x = of[t / 2];
            double sum = 0;
            int n = 0, T = t & 1;
            for (int i = 0; i < N; i++) {
                int own[2] = {za[2 * i] > 0 && (e->lab[i] & 3) == 1, za[2 * i + 1] > 0 && (e->lab[i] >> 2 & 3) == 1};
                int counts[] = {[TFB_ON_USED] = x->used[i], [TFB_ON_BOUND] = own[0] || own[1], [TFB_ON_OWN] = own[T]};
                if (!counts[t / 2]) continue;
                double d = tfb_sigmoid(za[2 * i + T]) - tfb_sigmoid(zb[2 * i + T]);
                sum += d * d;
                n++;
            }
            CHECK(n == x->n_measured[T] && n > 20 && fabs(x->importance[k * 2 + T] - sum / n) < 1e-6,
                  "%s: importance of %d to %d, place %d: %g, by hand %g (%d regions, %d)", spec, k, T, t / 2,
                  x->importance[k * 2 + T], sum / n, (int)x->n_measured[T], n);
        }
        tfb_infer_destroy(a);
        tfb_infer_destroy(b);
        tfb_model_destroy(q);
    }
}

static void check(const char *spec)
{
    static uint8_t plain[N * W];
    tfb_examples_t e;
    sequences(&e, plain);
    tfb_model_t *m = make(spec);
    tfb_filters_opt_t o = {.use = TFB_USE_CORRECT, .threshold = 0.5, .n_importance = N, .n_top = 2};
    tfb_pool_t *pool = tfb_pool_create(3);
    tfb_filters_t *f = tfb_filters_scan(m, &e, &o, NULL), *g = tfb_filters_scan(m, &e, &o, pool);
    CHECK(f && g, "%s", spec);
    if (!f || !g) return;
    char text[K + 1];
    tfb_filters_t *of[3];
    tfb_filters_consensus(f->pfm, K, text);
    CHECK(strcmp(text, "GATTA") == 0 && f->pfm[2] == 1, "%s: filter 0 is %s", spec, text);
    tfb_filters_consensus(f->pfm + 4 * K, K, text);
    CHECK(strcmp(text, "CCCCC") == 0, "%s: filter 1 is %s", spec, text);
    CHECK(f->n_sites[0] == count(plain, "\2\0\3\3\0", f->used) && f->n_sites[0] > 50, "%s: %d sites of GATTA", spec,
          (int)f->n_sites[0]);
    CHECK(f->n_sites[2] == 0 && f->most[2] == 0 && f->pfm[8 * K] == 0.25f, "%s: a silent filter", spec);
    CHECK(fabsf(f->most[0] - 1.5f) < 1e-5, "%s: the greatest activation is %g", spec, f->most[0]);
    tfb_motifs_t *s = tfb_filters_motifs(f);
    CHECK(s && s->n == 2 && strcmp(s->motif[1].id, "filter1") == 0 && s->motif[0].n_sites == (double)f->n_sites[0],
          "%s: motifs", spec);
    tfb_motifs_destroy(s);
    /* a target's own filters and regions */
    CHECK(f->top[0] == 0 && f->top[2] == 1, "%s: most important to GATTA %d, to CCCCC %d", spec, f->top[0], f->top[2]);
    tfb_filters_consensus(f->own_pfm, K, text);
    CHECK(strcmp(text, "GATTA") == 0 && f->n_own[0] > 20, "%s: in the regions of GATTA: %s, %d regions", spec, text,
          (int)f->n_own[0]);
    /* importance by hand: silencing filter k is pushing its bias down; over the regions used, bound by any target,
     * bound by the target itself */
    for (int on = 0; on < 3; on++) {
        tfb_filters_opt_t w = o;
        w.on = (tfb_on_t)on;
        of[on] = tfb_filters_scan(m, &e, &w, NULL);
        CHECK(of[on], "%s", spec);
        if (!of[on]) return;
    }
    check_importance(spec, m, &e, plain, of);
    /* any number of threads */
    CHECK(!memcmp(f->pfm, g->pfm, sizeof(float) * F * K * 4) &&
              !memcmp(f->importance, g->importance, sizeof(double) * F * 2),
          "%s: 1 thread = 3", spec);
    /* another model on the same regions */
    o.only = f->used;
    o.n_importance = o.n_top = 0;
    tfb_filters_t *h = tfb_filters_scan(m, &e, &o, NULL);
    CHECK(h && h->n_used == f->n_used && !memcmp(h->pfm, f->pfm, sizeof(float) * F * K * 4),
          "%s: the same regions, the same motifs", spec);
    if (h)
        CHECK(fabs(tfb_filters_similarity(f, 0, h, 0) - 1) < 1e-6 && tfb_filters_similarity(f, 0, h, 2) == 0 &&
                  tfb_filters_similarity(f, 0, h, 1) < 0.5,
              "similarity");
    tfb_filters_destroy(f);
    tfb_filters_destroy(g);
    tfb_filters_destroy(h);
    for (int on = 0; on < 3; on++) tfb_filters_destroy(of[on]);
    tfb_pool_destroy(pool);
    tfb_model_destroy(m);
    free(e.seq);
    free(e.lab);
}

int main(void)
{
    check("conv 3 5; relu; pool 4; dense 2");
    check("conv 3 5; relu; pool 2; relu; dense 2"); /* a later layer that works in place */
    return unit_failed;
}
