/* test_transfer.c - what a child's layers learn at which rate, which filters reach the head, a motif in a network that
 * is trained, and what a model records of those it was made from. */
#include "train/head.h"
#include "train/rates.h"
#include "train/spare.h"
#include "train/transfer.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 30 };

static tfb_net_t *net_of(const char *spec)
{
    char err[200];
    tfb_net_t *n = tfb_net_parse(spec, W, err, sizeof err);
    CHECK(n != NULL, "%s", err);
    if (!n) exit(1);
    tfb_net_init(n, 1);
    return n;
}

static void check_rates(void)
{
    /* c1 is four products below the head by the longer of two ways: r, conv, dense, head */
    tfb_net_t *n =
        net_of("conv 4 5; bn; relu; r = conv 4 3 same; relu; conv 4 3 same; bn; add @r; relu; dense 8; relu; dense 2");
    static const float want[] = {0.0625f, 0.0625f, 0.0625f, 0.125f, 0.125f, 0.25f, 0.25f, 0.25f, 0.25f, 0.5f, 0.5f, 1};
    float pace[TFB_MAX_LAYERS];
    uint8_t frozen[TFB_MAX_LAYERS], also[TFB_MAX_LAYERS] = {0};
    tfb_rates_by_depth(n, 0.5, pace);
    CHECK(n->n_layers == 12, "%d layers", n->n_layers);
    for (int i = 0; i < n->n_layers; i++) CHECK(pace[i] == want[i], "layer %d: %g", i, (double)pace[i]);
    tfb_rates_head_only(n, also, frozen);
    for (int i = 0; i < n->n_layers; i++) CHECK(frozen[i] == (i < 11), "layer %d", i);
    tfb_net_destroy(n);
}

static void check_trace(void)
{
    int filter[64];
    tfb_net_t *n =
        net_of("conv 6 5; bn; m = relu; pool 3; conv 5 4; relu; g = gpool max; gpool max @m; cat @g; dense 2");
    CHECK(tfb_head_inputs(n) == 11, "%d inputs", tfb_head_inputs(n));
    int got = tfb_head_trace(n, filter);
    CHECK(got == 6, "%d filters reach the head", got);
    /* cat @g: the layer before it and then g */
    for (int i = 0; i < 11; i++) CHECK(filter[i] == (i < 6 ? i : -1), "input %d is filter %d", i, filter[i]);
    tfb_net_destroy(n);
    n = net_of("conv 6 5; relu; pool 4; dense 2");
    CHECK(tfb_head_trace(n, filter) == 0, "inputs that are positions have no filter of their own");
    tfb_net_destroy(n);
}

/* Examples of random windows, all of them for training. */
static tfb_examples_t *examples(int n, uint8_t *part)
{
    static char *names[] = {"TF1", NULL};
    tfb_examples_t *e = calloc(1, sizeof *e);
    tfb_rng_t r;
    tfb_rng_seed(&r, 3);
    *e = (tfb_examples_t){
        .window = W, .n_targets = 1, .targets = names, .n = n, .seq_stride = (W + 3) / 4, .lab_stride = 1};
    e->seq = calloc((size_t)n, (size_t)e->seq_stride);
    e->lab = calloc((size_t)n, 1);
    for (int i = 0; i < n * e->seq_stride; i++) e->seq[i] = (uint8_t)tfb_rng_next(&r);
    memset(part, TFB_TRAIN, (size_t)n);
    return e;
}

static void check_spare(void)
{
    enum { N = 64 };
    uint8_t part[N];
    float p[4 * 6];
    tfb_spare_t done;
    const char *word = "GATTAC"; /* not its own reverse complement */
    for (int i = 0; i < 6; i++)
        for (int c = 0; c < 4; c++) p[4 * i + c] = "ACGT"[c] == word[i] ? 0.94f : 0.02f;
    tfb_motifs_t *motifs = tfb_motifs_create();
    if (!motifs || !tfb_motifs_add(motifs, "M1", "tf1", p, 6, 20)) exit(1);
    tfb_examples_t *ex = examples(N, part);
    tfb_net_t *n =
        net_of("conv 6 6; bn; m = relu; pool 3; conv 5 4; relu; g = gpool max; gpool max @m; cat @g; dense 1");
    const tfb_layer_t *c1 = &n->layer[0], *bn = &n->layer[1], *head = &n->layer[n->n_layers - 1];
    float *gamma = n->param + bn->param_off;
    gamma[4] = gamma[1] = 0; /* nothing above reads filters 1 and 4 */
    float *before = malloc(n->n_param * sizeof *before);
    if (!before) exit(1);
    memcpy(before, n->param, n->n_param * sizeof *before);
    CHECK(tfb_spare_motifs(n, ex, part, motifs, &done) == 0, "failed");
    CHECK(done.motifs == 1 && done.filters == 2 && done.heads == 1, "%d motifs, %d filters, %d heads", done.motifs,
          done.filters, done.heads);
    const float *w = n->param + c1->param_off, *was = before + c1->param_off;
    for (int f = 0; f < 6; f++) {
        int same = 1;
        for (int k = 0; k < 24; k++) same &= w[k * 6 + f] == was[k * 6 + f];
        CHECK(same == (f != 1 && f != 4), "filter %d", f);
    }
    for (int k = 0; k < 6; k++) /* G A T T A C: its letter has the largest weight; filter 4 is the other strand */
        for (int c = 0; c < 4; c++) {
            CHECK((w[(4 * k + c) * 6 + 1] > 0) == ("ACGT"[c] == word[k]), "position %d, base %d", k, c);
            CHECK(w[(4 * (5 - k) + 3 - c) * 6 + 4] == w[(4 * k + c) * 6 + 1], "position %d, base %d", k, c);
        }
    const float *var = n->stat + bn->stat_off + bn->tensor[3].off, *h = n->param + head->param_off;
    CHECK(gamma[1] > 0.5f && var[1] > 0 && var[1] != 1, "gamma %g, variance %g", (double)gamma[1], (double)var[1]);
    CHECK(h[1] == 0.5f && h[4] == 0.5f && h[head->tensor[1].off] < before[head->param_off + head->tensor[1].off],
          "head %g and %g", (double)h[1], (double)h[4]);
    free(before);
    free(ex->seq);
    free(ex->lab);
    free(ex);
    tfb_motifs_destroy(motifs);
    tfb_net_destroy(n);
}

static tfb_model_t *model_of(const char *split)
{
    static char *names[] = {"TF1", "TF2"};
    tfb_model_t *m = tfb_model_create(net_of("dense 2"), names, 2);
    if (!m || tfb_model_meta_set(m, "split", split) < 0) exit(1);
    return m;
}

static int has(const tfb_model_t *m, const char *key, const char *want)
{
    const char *s = tfb_model_meta(m, key);
    return want ? s && strcmp(s, want) == 0 : !s;
}

/* What a model inherits from one that was trained on a sample of its contigs, in both ways in which that counts, and
 * from a second one: no entry twice. */
static void check_seen(void)
{
    tfb_model_t *old = model_of("contigs, sampled");
    tfb_model_meta_set(old, "train_chroms", "1,2");
    tfb_model_meta_set(old, "valid", "3");
    tfb_model_meta_set(old, "test", "4");
    tfb_model_meta_set(old, "train_regions", "00ff");
    tfb_model_meta_set(old, "ancestor_chroms", "2,5");
    tfb_model_meta_set(old, "ancestor_regions", "abcd");
    for (int rule = 0; rule < 2; rule++) {
        int whole = rule == TFB_SAMPLED_CONTIGS;
        tfb_model_t *m = model_of("contigs");
        for (int twice = 0; twice < 2; twice++) {
            CHECK(tfb_transfer_record_seen(m, old, (tfb_sampled_t)rule) == 0, "memory");
            CHECK(has(m, "held_out_chroms", "3,4"), "rule %d: held out", rule);
            CHECK(has(m, "ancestor_chroms", whole ? "1,2,3,5" : "2,5"), "rule %d: contigs", rule);
            CHECK(has(m, "ancestor_regions", whole ? "abcd" : "00ff,abcd"), "rule %d: regions", rule);
        }
        tfb_model_destroy(m);
    }
    tfb_model_destroy(old);
    /* a random split: regions alone, by either rule */
    old = model_of("random 80/10/10 by seed");
    tfb_model_meta_set(old, "train_chroms", "1,2");
    tfb_model_meta_set(old, "train_regions", "00ff");
    for (int rule = 0; rule < 2; rule++) {
        tfb_model_t *m = model_of("contigs");
        CHECK(tfb_transfer_record_seen(m, old, (tfb_sampled_t)rule) == 0, "memory");
        CHECK(has(m, "held_out_chroms", NULL) && has(m, "ancestor_chroms", NULL) && has(m, "ancestor_regions", "00ff"),
              "rule %d: a random split", rule);
        tfb_model_destroy(m);
    }
    tfb_model_destroy(old);
}

int main(void)
{
    tfb_log_level(0);
    check_rates();
    check_trace();
    check_spare();
    check_seen();
    return unit_failed;
}
