/* test_explain_walk.c - gradients of the input against differences, and DeepLIFT's multipliers against what they
 * promise: over a network of kinds with rules, they add up to the change of the logits; of a linear network they are
 * its gradient. */
#include "graphs.h"
#include "nn/walk.h"
#include "unit_net.h"
#include <math.h>
#include <string.h>

enum { PAIRS = 7, B = 2 * PAIRS };
static tfb_rng_t rng;

/* The share of base c in code k: an N is a quarter of each. */
static double share(uint8_t k, int c) { return k == c ? 1 : k == 4 ? 0.25 : 0; }

/* adds_up: contributions of every pair and target sum to the difference of their logits; threads do not matter. */
static void check(const char *spec, int window, int adds_up)
{
    tfb_net_t *net = unit_net(spec, window, &rng);
    int T = net->n_out;
    uint8_t *code = guarded((size_t)B * window);
    for (int i = 0; i < B * window; i++) code[i] = (uint8_t)(tfb_rng_below(&rng, 30) ? tfb_rng_below(&rng, 4) : 4);
    float *first = NULL;
    for (int threads = 1; threads <= 3; threads += 2) {
        tfb_pool_t *pool = tfb_pool_create(threads);
        tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_EXPLAIN, pool),
                   *plain = tfb_walk_create(net, B, TFB_WALK_FORWARD, pool);
        const float *zw = tfb_walk_forward(w, code, B);
        float *z = malloc(sizeof *z * B * (size_t)T), *dz = calloc((size_t)B * T, sizeof *dz);
        memcpy(z, zw, sizeof *z * B * (size_t)T);
        CHECK(memcmp(z, tfb_walk_forward(plain, code, B), sizeof *z * B * (size_t)T) == 0,
              "%s: keeping every input changes the logits", spec);
        double worst = 0, apart = 0, scale = 0;
        for (int t = 0; t < T; t++) {
            for (int b = 0; b < B; b++)
                for (int u = 0; u < T; u++) dz[b * T + u] = u == t;
            const float *m = tfb_walk_input(w, dz, 1);
            for (int b = 0; b < PAIRS; b++) {
                double sum = 0;
                for (int l = 0; l < window; l++)
                    for (int c = 0; c < 4; c++) {
                        size_t i = ((size_t)b * window + l) * 4 + c, r = i + (size_t)PAIRS * window * 4;
                        sum +=
                            (double)m[i] * (share(code[b * window + l], c) - share(code[(b + PAIRS) * window + l], c));
                        apart = fmax(apart, fabs((double)m[i] - m[r]));
                        scale = fmax(scale, fabs((double)m[i]));
                    }
                worst = fmax(worst, fabs(sum - ((double)z[b * T + t] - z[(b + PAIRS) * T + t])));
            }
        }
        CHECK(scale > 0, "%s: all multipliers are 0", spec);
        if (adds_up) {
            CHECK(worst < 2e-5, "%s: contributions miss the change of the logits by %g", spec, worst);
            CHECK(apart <= 1e-4 * scale, "%s: multipliers of an input and of its reference differ by %g", spec, apart);
        }
        if (!first) {
            first = malloc(sizeof *first * B * (size_t)window * 4);
            memcpy(first, w->d_input, sizeof *first * B * (size_t)window * 4);
        } else
            CHECK(memcmp(first, w->d_input, sizeof *first * B * (size_t)window * 4) == 0,
                  "%s: 3 threads give other multipliers than 1", spec);
        tfb_walk_destroy(w);
        tfb_walk_destroy(plain);
        tfb_pool_destroy(pool);
        free(z);
        free(dz);
    }
    free(first);
    tfb_net_destroy(net);
}

/* The gradient with respect to the one-hot, from the first layer's point of view: replacing a base moves a linear
 * network by the difference of two of its numbers. With nothing but linear layers the multipliers must be that gradient
 * too. */
static void check_linear(const char *spec, int window)
{
    tfb_net_t *net = unit_net(spec, window, &rng);
    int T = net->n_out;
    uint8_t *code = guarded((size_t)B * window);
    for (int i = 0; i < B * window; i++) code[i] = (uint8_t)tfb_rng_below(&rng, 4);
    tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_EXPLAIN, NULL);
    float *dz = calloc((size_t)B * T, sizeof *dz), *g = malloc(sizeof *g * B * (size_t)window * 4);
    double *z = malloc(sizeof *z * B);
    for (int b = 0; b < B; b++) dz[b * T + T - 1] = 1;
    const float *zw = tfb_walk_forward(w, code, B);
    for (int b = 0; b < B; b++) z[b] = zw[b * T + T - 1];
    memcpy(g, tfb_walk_input(w, dz, 0), sizeof *g * B * (size_t)window * 4);
    tfb_walk_input(w, dz, 1);
    for (size_t i = 0; i < (size_t)B * window * 4; i++)
        if (fabsf(g[i] - w->d_input[i]) > 1e-6f)
            CHECK(0, "%s: multiplier %zu is %g, the gradient %g", spec, i, (double)w->d_input[i], (double)g[i]);
    for (int l = 0; l < window; l++) {
        uint8_t was[B];
        for (int b = 0; b < B; b++) {
            was[b] = code[b * window + l];
            code[b * window + l] = (uint8_t)((was[b] + 1 + b % 3) % 4);
        }
        zw = tfb_walk_forward(w, code, B);
        for (int b = 0; b < B; b++) {
            size_t i = ((size_t)b * window + l) * 4;
            double want = (double)zw[b * T + T - 1] - z[b], got = (double)g[i + code[b * window + l]] - g[i + was[b]];
            CHECK(fabs(want - got) < 1e-5, "%s: position %d: the logit moves by %g, the gradient says %g", spec, l,
                  want, got);
            code[b * window + l] = was[b];
        }
    }
    free(dz);
    free(g);
    free(z);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
}

int main(void)
{
    tfb_rng_seed(&rng, 12);
    check_linear("dense 3", 9);
    check_linear("conv 5 3; dense 2", 11);
    check_linear("conv 5 3; r = conv 5 3 same; dwconv 3 same dilate 2; add @r; conv 4 3 dilate 2; gpool mean; dense 2",
                 19);
    check_linear("conv 5 3; a = conv 4 3; conv 3 5 @bases; cat @a; dense 2", 19);
    check_linear("conv 21 3; bn; dropout 0.3; conv 4 3; bn; dense 2", 17);
    check("dense 6; relu; dense 2", 9, 1);
    check("conv 8 3; relu; dense 2", 11, 1);
    check("conv 8 4; pool 3; dense 2", 14, 1);
    check("conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense 3", 60, 1);
    check("conv 16 7; relu; bn; pool 3; conv 12 5; relu; bn; pool 2; dense 20; relu; bn; dense 3", 60, 1);
    check("conv 6 3; relu; pool 2; bilstm 4 2 0.3; dense 5; relu; dense 2", 19, 0);
    for (int i = 0; i < N_GRAPHS; i++) check(graphs[i].spec, GRAPH_WINDOW, graphs[i].rule);
    return unit_failed;
}
