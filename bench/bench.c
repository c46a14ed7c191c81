/* bench.c - measures the network core: bench score|snv|train|peak [THREADS] [SECONDS]. Prints one number: windows, SNVs or regions a second; of
 * peak, GFLOP/s. convnet, 163 targets (train: batches of 100, 50 targets, as torch_ref.py bench has them). */
#include "kernels/kernels.h"
#include "nn/infer.h"
#include "nn/walk.h"
#include "train/fit.h"
#include <stdlib.h>
#include <string.h>

enum { W = 200 };

static uint8_t *random_codes(int n)
{
    uint8_t *c = malloc((size_t)n * W);
    for (int i = 0; c && i < n * W; i++) c[i] = tfb_hash64((uint64_t)i) & 3;
    return c;
}

static tfb_net_t *convnet(int n_out)
{
    char err[300], *spec = tfb_net_arch("convnet", n_out);
    tfb_net_t *n = tfb_net_parse(spec, W, err, sizeof err);
    free(spec);
    if (n) tfb_net_init(n, 1);
    return n;
}

static double score(int threads, double seconds, int snv)
{
    enum { N = 4096 };
    tfb_pool_t *pool = tfb_pool_create(threads);
    tfb_net_t *net = convnet(163);
    tfb_model_t m = {.net = net, .n_targets = 163, .window = W};
    tfb_infer_t *f = tfb_infer_create(&m, NULL, 0, pool);
    uint8_t *code = random_codes(N);
    int32_t *base = malloc(N * sizeof *base);
    float *z = malloc(sizeof *z * N * 163);
    for (int i = 0; i < N; i++) {
        base[i] = snv && i % 2 ? i - 1 : -1;
        if (base[i] < 0) continue;
        memcpy(code + i * W, code + (i - 1) * W, W);
        code[i * W + W / 2] ^= 1;
    }
    tfb_strand_t strand = snv ? TFB_STRAND_BOTH : TFB_STRAND_FWD;
    tfb_infer_windows(f, code, base, N, strand, z);
    double began = tfb_now(), n = 0;
    do {
        tfb_infer_windows(f, code, snv ? base : NULL, N, strand, z);
        n += snv ? N / 2 : N;
    } while (tfb_now() - began < seconds);
    double rate = n / (tfb_now() - began);
    tfb_infer_destroy(f);
    tfb_net_destroy(net);
    tfb_pool_destroy(pool);
    free(code);
    free(base);
    free(z);
    return rate;
}

static double train(int threads, double seconds)
{
    enum { B = 100, T = 50 };
    tfb_pool_t *pool = tfb_pool_create(threads);
    tfb_net_t *net = convnet(T);
    tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_TRAIN, pool);
    uint8_t *code = random_codes(B), label[B * T];
    float dz[B * T], *g[3];
    for (int i = 0; i < 3; i++) g[i] = tfb_alloc(net->n_param, sizeof **g, "gradients");
    for (int i = 0; i < B * T; i++) label[i] = tfb_hash64((uint64_t)i) % 10 == 0;
    w->pass.train = 1;
    w->pass.grad = g[0];
    double began = 0, n = 0;
    for (int i = 0; i < 3 || tfb_now() - began < seconds; i++) {
        if (i == 2) began = tfb_now(), n = 0;
        tfb_loss(tfb_walk_forward(w, code, B), label, (size_t)B, (size_t)T, NULL, dz, NULL);
        tfb_walk_backward(w, dz);
        tfb_kernels()->adam(net->n_param, net->param, g[0], g[1], g[2], 1e-3f, 0.9f, 0.999f, 1, 1e-8f);
        n += B;
    }
    double rate = n / (tfb_now() - began);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
    tfb_pool_destroy(pool);
    free(code);
    for (int i = 0; i < 3; i++) free(g[i]);
    return rate;
}

/* A product small enough to stay in the first caches: what the multiply-add units give this program. */
static double peak(double seconds)
{
    enum { M = 24, N = 64, K = 128 };
    const tfb_kernels_t *k = tfb_kernels();
    float *a = tfb_alloc(M * K, sizeof *a, "a"), *b = tfb_alloc(K * N, sizeof *b, "b"), *c = tfb_alloc(M * N, sizeof *c, "c");
    float *p = tfb_alloc(tfb_packed_size(K, N), sizeof *p, "b, packed");
    k->pack(K, N, b, N, 1, p);
    double began = tfb_now(), n = 0;
    do {
        for (int i = 0; i < 1000; i++) k->gemm(M, N, K, a, K, p, c, N, 0);
        n += 1000;
    } while (tfb_now() - began < seconds);
    double rate = 2e-9 * M * N * K * n / (tfb_now() - began);
    free(a), free(b), free(c), free(p);
    return rate;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    double seconds = argc > 3 ? atof(argv[3]) : 3;
    if (threads < 1) threads = 1;
    if (strcmp(what, "score") == 0)
        printf("%.0f\n", score(threads, seconds, 0));
    else if (strcmp(what, "snv") == 0)
        printf("%.0f\n", score(threads, seconds, 1));
    else if (strcmp(what, "train") == 0)
        printf("%.0f\n", train(threads, seconds));
    else if (strcmp(what, "peak") == 0)
        printf("%.1f\n", peak(seconds));
    else {
        fprintf(stderr, "bench score|snv|train|peak [THREADS] [SECONDS]\n");
        return 1;
    }
    return 0;
}
