/* test_layers.c - numerical gradient check of every layer kind, and of small whole nets; thread counts agree bit for
 * bit; processes that share a batch, played by threads, agree with one that has it whole. */
#include "graphs.h"
#include "nn/walk.h"
#include "unit.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { B = 5 };
static tfb_rng_t rng;
static int with_noise; /* check_net and check_threads: on the one-hot input */

/* Noise for n windows in w's pass, of two examples in three; to be freed. */
static float *make_noise(tfb_walk_t *w, uint8_t *noisy, int n)
{
    size_t floats = (size_t)w->pass.net->window * 4;
    float *x = tfb_alloc((size_t)n * floats, sizeof *x, "");
    tfb_rng_t r;
    tfb_rng_seed(&r, 23);
    for (size_t i = 0; i < (size_t)n * floats; i++) x[i] = (float)(tfb_rng_unit(&r) - 0.5);
    for (int b = 0; b < n; b++) {
        noisy[b] = b % 3 != 1;
        for (size_t i = 0; i < floats && !noisy[b]; i++) x[(size_t)b * floats + i] = NAN; /* not to be read */
    }
    w->pass.noise = x;
    w->pass.noisy = noisy;
    return x;
}

/* Random numbers of a spec are its own: another graph in the table changes none of them. */
static void seed_by(const char *spec)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *c = spec; *c; c++) hash = (hash ^ (uint8_t)*c) * 1099511628211u;
    tfb_rng_seed(&rng, hash);
}

/* L = sum of c * z with fixed c: its gradient is linear in dz, and every output counts. */
static double loss_of(tfb_walk_t *w, const uint8_t *code, const float *c, int n)
{
    const float *z = tfb_walk_forward(w, code, B);
    double s = 0;
    for (int i = 0; i < n; i++) s += (double)z[i] * c[i];
    return s;
}

static void check_net(const char *spec, int window, int train, double tol)
{
    char err[300];
    seed_by(spec);
    tfb_net_t *net = tfb_net_parse(spec, window, err, sizeof err);
    CHECK(net, "%s: %s", spec, err);
    if (!net) return;
    tfb_net_init(net, 5);
    for (size_t i = 0; i < net->n_param; i++) net->param[i] += (float)(0.3 * (tfb_rng_unit(&rng) - 0.5));
    for (size_t i = 0; i < net->n_stat; i++) net->stat[i] += (float)(0.2 * tfb_rng_unit(&rng));
    tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_TRAIN, NULL);
    uint8_t *code = malloc((size_t)B * window);
    for (int i = 0; i < B * window; i++) code[i] = (uint8_t)(tfb_rng_below(&rng, 40) ? tfb_rng_below(&rng, 4) : 4);
    int n = B * net->n_out;
    float *c = malloc(sizeof *c * (size_t)n), *g = tfb_alloc(net->n_param, sizeof *g, "");
    for (int i = 0; i < n; i++) c[i] = (float)(tfb_rng_unit(&rng) - 0.5);
    w->pass.train = train;
    w->pass.update_stat = 0;
    w->pass.seed = 3;
    w->pass.grad = g;
    uint8_t noisy[B];
    float *noise = with_noise ? make_noise(w, noisy, B) : NULL;
    loss_of(w, code, c, n);
    tfb_walk_backward(w, c);
    /* every layer: the largest gradient, and some at random */
    for (int i = 0; i < net->n_layers; i++) {
        const tfb_layer_t *l = &net->layer[i];
        if (!l->n_param) continue;
        double scale = 0;
        int n_unclear = 0;
        for (size_t k = 0; k < l->n_param; k++) scale = fmax(scale, fabs((double)g[l->param_off + k]));
        for (int trial = 0; trial < 12; trial++) {
            size_t k = l->param_off + tfb_rng_below(&rng, l->n_param);
            float keep = net->param[k];
            /* A kink (ReLU, a pooling maximum) inside the step spoils one width, hardly four: if it does, they
             * disagree among themselves */
            double best = INFINITY, low = INFINITY, high = -INFINITY;
            scale = fmax(scale, 1e-3);
            for (float h = 4e-3f; h > 5e-5f && best > tol; h /= 4) {
                net->param[k] = keep + h;
                double up = loss_of(w, code, c, n);
                net->param[k] = keep - h;
                double down = loss_of(w, code, c, n), slope = (up - down) / (2 * (double)h);
                net->param[k] = keep;
                best = fmin(best, fabs(slope - g[k]) / scale);
                low = fmin(low, slope);
                high = fmax(high, slope);
            }
            int unclear = best > tol && high - low > tol * scale;
            n_unclear += unclear;
            CHECK(best <= tol || unclear, "%s (train %d): gradient of %s[%zu] is %g, off by %.3g of the largest", spec,
                  train, l->name, k - l->param_off, (double)g[k], best);
        }
        CHECK(n_unclear <= 2, "%s (train %d): %d of 12 gradients of %s cannot be told from differences", spec, train,
              n_unclear, l->name);
    }
    free(c);
    free(g);
    free(code);
    free(noise);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
}

/* The same gradients, bit for bit, from 1, 2 and 5 threads. */
static void check_threads(const char *spec, int window)
{
    char err[300];
    float *ref = NULL;
    enum { N = 37 };
    seed_by(spec);
    uint8_t *code = malloc((size_t)N * window);
    for (int i = 0; i < N * window; i++) code[i] = (uint8_t)tfb_rng_below(&rng, 4);
    for (int threads = 1; threads <= 5; threads += threads == 1 ? 1 : 3) {
        tfb_net_t *net = tfb_net_parse(spec, window, err, sizeof err);
        CHECK(net, "%s", err);
        if (!net) break;
        tfb_net_init(net, 5);
        tfb_pool_t *pool = tfb_pool_create(threads);
        tfb_walk_t *w = tfb_walk_create(net, N, TFB_WALK_TRAIN, pool);
        float *g = tfb_alloc(net->n_param, sizeof *g, "");
        w->pass.train = 1;
        w->pass.grad = g;
        uint8_t noisy[N];
        float *noise = with_noise ? make_noise(w, noisy, N) : NULL;
        const float *z = tfb_walk_forward(w, code, N);
        float *dz = malloc(sizeof *dz * N * (size_t)net->n_out);
        for (int i = 0; i < N * net->n_out; i++) dz[i] = 0.1f * z[i];
        tfb_walk_backward(w, dz);
        if (!ref) {
            ref = g;
            g = NULL;
        } else
            CHECK(memcmp(ref, g, net->n_param * sizeof *g) == 0, "%s: %d threads give another gradient than 1", spec,
                  threads);
        free(g);
        free(dz);
        free(noise);
        tfb_walk_destroy(w);
        tfb_pool_destroy(pool);
        tfb_net_destroy(net);
    }
    free(ref);
    free(code);
}

/* A first layer with noise computes, and has the gradient of, a product with onehot + noise; tol of the largest. */
static void check_noise(const char *spec, int window, double tol)
{
    char err[300];
    uint8_t noisy[B], code[B * 64];
    tfb_net_t *net = tfb_net_parse(spec, window, err, sizeof err);
    CHECK(net, "%s: %s", spec, err);
    if (!net) return;
    tfb_net_init(net, 5);
    tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_TRAIN, NULL);
    const tfb_layer_t *l = &net->layer[0];
    int F = l->F, L = l->out.L, K = l->K;
    double *want = calloc(l->n_param, sizeof *want), worst = 0, scale = 0;
    float *noise = make_noise(w, noisy, B), *g = tfb_alloc(net->n_param, sizeof *g, ""),
          *dz = tfb_alloc((size_t)(B * L * F), sizeof *dz, "");
    for (int i = 0; i < B * window; i++) code[i] = (uint8_t)(tfb_rng_below(&rng, 20) ? tfb_rng_below(&rng, 4) : 4);
    for (int i = 0; i < B * L * F; i++) dz[i] = (float)(tfb_rng_unit(&rng) - 0.5);
    w->pass.train = 1;
    w->pass.grad = g;
    tfb_walk_forward(w, code, B);
    for (int b = 0; b < B; b++)
        for (int y = 0; y < L * F; y++) {
            int f = y % F;
            double sum = (double)net->param[l->tensor[1].off + (size_t)f];
            for (int k = 0; k < K * 4; k++) {
                int at = (b * window + y / F) * 4 + k, base = code[at / 4];
                double x = base == 4 ? 0.25 : base == at % 4;
                if (noisy[b]) x += (double)noise[at];
                sum += x * (double)net->param[(size_t)(k * F + f)];
                want[(size_t)(k * F + f)] += x * (double)dz[b * L * F + y];
            }
            worst = fmax(worst, fabs(sum - (double)w->y[0][(size_t)(b * L * F + y)]));
        }
    CHECK(worst <= tol, "%s: outputs with noise are off by %g", spec, worst);
    float *dx[TFB_MAX_INPUTS] = {NULL};
    const float *x[TFB_MAX_INPUTS] = {NULL};
    l->kind->backward(l, &w->pass, x, w->y[0], dz, dx);
    worst = 0;
    for (int i = 0; i < K * 4 * F; i++) {
        worst = fmax(worst, fabs(want[i] - (double)g[i]));
        scale = fmax(scale, fabs(want[i]));
    }
    CHECK(worst <= tol * scale, "%s: the gradient with noise is off by %g of %g", spec, worst, scale);
    free(want);
    free(noise);
    free(g);
    free(dz);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
}

/* ---- shares of a batch ---- */

enum { WHOLE = 23, MOST = 5 };
static int n_shares;
static pthread_barrier_t meet;
static double table[MOST][4096];
static _Thread_local int my_share;

/* What tfb_ranks_sum does between processes. */
static void sum_of_shares(double *x, size_t n)
{
    memcpy(table[my_share], x, n * sizeof *x);
    pthread_barrier_wait(&meet);
    for (size_t i = 0; i < n; i++) {
        x[i] = 0;
        for (int r = 0; r < n_shares; r++) x[i] += table[r][i];
    }
    pthread_barrier_wait(&meet);
}

typedef struct {
    const char *spec;
    int window, share, all; /* all: examples of the whole batch */
    const uint8_t *code;
    float *z, *grad,
        *stat; /* (all, T) of which the share is written; the share's own gradient; running statistics after the step */
    size_t n_param, n_stat;
} share_t;

static void *run_share(void *arg)
{
    share_t *s = arg;
    char err[300];
    tfb_net_t *net = tfb_net_parse(s->spec, s->window, err, sizeof err);
    if (!net) return NULL;
    int beg = s->all * s->share / n_shares, end = s->all * (s->share + 1) / n_shares, T = net->n_out;
    my_share = s->share;
    tfb_net_init(net, 5);
    tfb_walk_t *w = tfb_walk_create(net, WHOLE, TFB_WALK_TRAIN, NULL);
    s->grad = tfb_alloc(net->n_param, sizeof *s->grad, "");
    for (size_t i = 0; i < net->n_param; i++) s->grad[i] = 99; /* what is left of the step before */
    s->stat = tfb_alloc(net->n_stat + 1, sizeof *s->stat, "");
    w->pass.train = 1;
    w->pass.seed = 3;
    w->pass.grad = s->grad;
    w->pass.sum = n_shares > 1 ? sum_of_shares : NULL;
    w->pass.first = beg;
    w->pass.B_all = s->all;
    const float *z = tfb_walk_forward(w, s->code + (size_t)beg * s->window, end - beg);
    float *dz = malloc(sizeof *dz * (size_t)(s->all * T));
    for (int i = 0; i < (end - beg) * T; i++) {
        s->z[beg * T + i] = z[i];
        dz[i] = z[i] * 0.1f + (float)((beg * T + i) % 5) * 0.05f;
    }
    tfb_walk_backward(w, dz);
    memcpy(s->stat, net->stat, net->n_stat * sizeof(float));
    s->n_param = net->n_param;
    s->n_stat = net->n_stat;
    free(dz);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
    return NULL;
}

/* Logits, running statistics and summed gradients of n shares of a batch of `all` examples are those of one share, to
 * tol of the largest (batch norm over few rows magnifies rounding). */
static void check_shares(const char *spec, int window, int n, int all, double tol)
{
    static float z[2][WHOLE * 16];
    seed_by(spec);
    uint8_t *code = malloc((size_t)WHOLE * window);
    for (int i = 0; i < WHOLE * window; i++) code[i] = (uint8_t)tfb_rng_below(&rng, 4);
    share_t one = {spec, window, 0, all, code, z[0], NULL, NULL, 0, 0}, s[MOST];
    pthread_t t[MOST];
    n_shares = 1;
    run_share(&one);
    n_shares = n;
    pthread_barrier_init(&meet, NULL, (unsigned)n);
    for (int r = 0; r < n; r++) {
        s[r] = (share_t){.spec = spec, .window = window, .share = r, .all = all, .code = code, .z = z[1]};
        pthread_create(&t[r], NULL, run_share, &s[r]);
    }
    for (int r = 0; r < n; r++) pthread_join(t[r], NULL);
    pthread_barrier_destroy(&meet);
    double scale = 0, worst = 0;
    CHECK(one.grad && one.n_param, "%s: no net", spec);
    for (size_t i = 0; i < one.n_param; i++) {
        double sum = 0;
        for (int r = 0; r < n; r++) sum += (double)s[r].grad[i];
        scale = fmax(scale, fabs((double)one.grad[i]));
        worst = fmax(worst, fabs(sum - (double)one.grad[i]));
    }
    CHECK(scale > 0 && worst <= tol * scale, "%s: the gradient of %d shares of %d is off by %g of %g", spec, n, all,
          worst, scale);
    worst = 0;
    for (int i = 0; i < all * 3; i++) worst = fmax(worst, fabs((double)(z[0][i] - z[1][i])));
    CHECK(worst <= tol, "%s: logits of %d shares of %d are off by %g", spec, n, all, worst);
    for (int r = 0; r < n; r++) {
        worst = 0;
        for (size_t i = 0; i < one.n_stat; i++) worst = fmax(worst, fabs((double)(one.stat[i] - s[r].stat[i])));
        CHECK(worst <= 1e-5, "%s: running statistics of share %d of %d are off by %g", spec, r, n, worst);
        CHECK(memcmp(s[r].stat, s[0].stat, one.n_stat * sizeof(float)) == 0,
              "%s: shares disagree about running statistics", spec);
    }
    for (int r = 0; r < n; r++) {
        free(s[r].grad);
        free(s[r].stat);
    }
    free(one.grad);
    free(one.stat);
    free(code);
}

static void must_fail(const char *spec, const char *why)
{
    char err[300] = "";
    tfb_net_t *n = tfb_net_parse(spec, 20, err, sizeof err);
    CHECK(!n && strstr(err, why), "spec '%s': %s, wanted '%s'", spec, n ? "accepted" : err, why);
    tfb_net_destroy(n);
}

static void test_refused(void)
{
    must_fail("", "no layers");
    must_fail("conv 5", "number of filters and a width");
    must_fail("conv 5 30; dense 1", "do not fit");
    must_fail("conv 5 3; gulp; dense 1", "unknown kind of layer 'gulp'");
    must_fail("conv 5 3; gelu 2; dense 1", "gelu takes no arguments");
    must_fail("conv 5 3; add @c1; add @nobody; dense 1", "no layer before it is called 'nobody'");
    must_fail("conv 5 3; r = conv 5 3; add @c1; dense 1",
              "inputs of one shape, not 16 positions of 5 channels and 18 of 5");
    must_fail("conv 5 3; conv 5 3; cat @c1; dense 1", "the same number of positions, not 16 and 18");
    must_fail("conv 5 3; r = relu; conv 5 3 @c1; dense 1", "no layer reads the output of relu");
    must_fail("conv 5 3; relu @c1 @c1; dense 1", "relu has 1 input, not more");
    must_fail("conv 5 3; relu @bases; dense 1", "only conv and dense read bases");
    must_fail("conv 5 3 same; dense 1", "neither padded nor dilated");
    must_fail("conv 5 3; conv 5 4 same; dense 1", "needs an odd width");
    must_fail("conv 5 3; conv 5 3 dilate; dense 1", "takes `same` and `dilate D`");
    must_fail("conv 5 3; conv 5 3 dilate 9; dense 1", "do not fit");
    must_fail("conv 5 3; conv 5 3 sane; dense 1", "takes `same` and `dilate D`");
    must_fail("conv 5 3; dwconv 30; dense 1", "dwconv takes a width");
    must_fail("conv 5 3; gpool; dense 1", "gpool takes max, mean, or lse");
    must_fail("conv 5 3; gpool max 3; dense 1", "gpool takes max, mean, or lse");
    must_fail("conv 5 3; gpool lse 0; dense 1", "gpool takes max, mean, or lse");
    must_fail("conv 5 3; attend; dense 1", "attend takes a number of queries");
    must_fail("bases = conv 5 3; dense 1", "letters, digits");
    must_fail("bn; dense 1", "first layer");
    must_fail("conv 5 3; bn", "last layer must be dense");
    must_fail("conv 5 3; relu 3; dense 1", "no arguments");
    must_fail("conv 5 3; dropout 1; dense 1", "rate");
    must_fail("conv 5 3; pool 99; dense 1", "pool takes");
    must_fail("a=conv 5 3; a=dense 1", "same name");
    must_fail("a/b=conv 5 3; dense 1", "letters, digits");
    must_fail("conv 65536 1; conv 65536 1; dense 65536", "too large");
    must_fail("conv 99999999 3; dense 1", "do not fit");
}

int main(void)
{
    for (int train = 0; train < 2; train++) {
        check_net("dense 3", 9, train, 2e-3);
        check_net("conv 5 3; dense 2", 11, train, 2e-3);
        check_net("conv 5 3; conv 4 3; dense 2", 11, train, 2e-3);
        check_net("conv 5 3; bn; dense 2", 11, train, 5e-3);
        check_net("conv 5 3; relu; dense 2", 11, train, 2e-3);
        check_net("conv 5 4; pool 3; dense 2", 12, train, 2e-3);
        check_net("conv 5 3; dropout 0.4; dense 2", 11, train, 2e-3);
        check_net("conv 5 3; bilstm 4 2 0.3; dense 2", 9, train, 5e-3);
        check_net("conv 6 3; bn; relu; pool 3; conv 7 2; relu; bn; pool 2; dense 6; bn; relu; dropout 0.3; dense 3", 40,
                  train, 3e-2);
    }
    check_threads("conv 20 5; bn; relu; pool 3; conv 17 3; bn; relu; pool 2; dense 30; bn; relu; dropout 0.3; dense 9",
                  60);
    check_threads("conv 20 5; relu; pool 3; dropout 0.2; bilstm 9 2 0.5; dense 30; relu; dense 9", 60);
    check_noise("conv 5 3; dense 1", 11, 1e-5);
    check_noise("conv 70 9; dense 1", 60, 1e-5);
    check_noise("dense 37; dense 1", 20, 1e-5);
    with_noise = 1;
    check_net("conv 5 3; bn; relu; dense 2", 11, 1, 5e-3);
    check_net("dense 3", 9, 1, 2e-3);
    check_net("conv 6 5; relu; a = gpool max; conv 5 9 @bases; relu; gpool mean; cat @a; dense 3", 60, 1, 3e-2);
    check_threads("conv 20 5; bn; relu; pool 3; conv 17 3; bn; relu; pool 2; dense 9", 60);
    with_noise = 0;
    static const char *const shared[] = {
        "conv 20 5; bn; relu; pool 3; conv 17 3; bn; relu; pool 2; dense 30; bn; relu; dropout 0.3; dense 3",
        "conv 20 5; relu; bn; pool 3; dropout 0.2; bilstm 9 2 0.5; dense 30; relu; dense 3"};
    for (int i = 0; i < 2; i++) {
        check_shares(shared[i], 60, 2, WHOLE, 1e-5);
        check_shares(shared[i], 60, 4, WHOLE, 1e-5);
        check_shares(shared[i], 60, 5, 3, 1e-5); /* the end of an epoch: some have none */
    }
    test_refused();
    for (int train = 0; train < 2; train++) { /* dropout must not write over what pool and bilstm look at */
        check_net("conv 5 3; relu; pool 3; dropout 0.4; dense 2", 11, train, 2e-3);
        check_net("conv 5 3; bilstm 3; dropout 0.4; dense 2", 9, train, 5e-3);
    }
    for (int i = 0; i < N_GRAPHS; i++) {
        for (int train = 0; train < 2; train++) check_net(graphs[i].spec, GRAPH_WINDOW, train, 3e-2);
        check_threads(graphs[i].spec, GRAPH_WINDOW);
        check_shares(graphs[i].spec, GRAPH_WINDOW, 4, WHOLE, 2e-4);
        check_shares(graphs[i].spec, GRAPH_WINDOW, 5, 3, 1e-3);
    }
    return unit_failed;
}
