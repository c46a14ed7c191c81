/* bench.c - measures the network core: bench score|snv|train|peak [THREADS] [SECONDS] [PRECISION] [ARCH].
 *
 * Prints two numbers: windows, SNVs or regions (of peak, GFLOP) a second of time, and the same a second of processor
 * time on all threads together, which a busy machine disturbs less. 163 targets (train: batches of 100, 50 targets, as
 * torch_ref.py bench has them). ARCH: of the network, such as pooled for that of the shipped model [convnet]. */
#include "kernels/kernels.h"
#include "nn/infer.h"
#include "nn/walk.h"
#include "train/loss.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { W = 200 };

typedef struct {
    double wall, cpu;
} clocks_t;

static clocks_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (clocks_t){tfb_now(), (double)t.tv_sec + 1e-9 * (double)t.tv_nsec};
}

static void print_rate(double n, clocks_t began, int threads)
{
    clocks_t e = now();
    printf("%.6g %.6g\n", n / (e.wall - began.wall), n * threads / (e.cpu - began.cpu));
}

static uint8_t *random_codes(int n)
{
    uint8_t *c = malloc((size_t)n * W);
    for (int i = 0; c && i < n * W; i++) c[i] = tfb_hash64((uint64_t)i) & 3;
    return c;
}

static const char *arch = "convnet";

static tfb_net_t *network(int n_out)
{
    char err[300], *spec = tfb_net_arch(arch, n_out);
    if (!spec) return NULL;
    tfb_net_t *n = tfb_net_parse(spec, W, err, sizeof err);
    free(spec);
    if (n) tfb_net_init(n, 1);
    return n;
}

static void score(int threads, double seconds, int snv, const tfb_low_t *low, const float *most)
{
    enum { N = 2048 };
    tfb_pool_t *pool = tfb_pool_create(threads);
    tfb_net_t *net = network(163);
    tfb_infer_t *f = tfb_infer_create_low(net, NULL, 0, pool, low, most);
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
    clocks_t began = now();
    double n = 0;
    do {
        tfb_infer_windows(f, code, snv ? base : NULL, N, strand, z);
        n += snv ? N / 2 : N;
    } while (tfb_now() - began.wall < seconds);
    print_rate(n, began, threads);
    tfb_infer_destroy(f);
    tfb_net_destroy(net);
    tfb_pool_destroy(pool);
    free(code);
    free(base);
    free(z);
}

static void train(int threads, double seconds)
{
    enum { B = 100, T = 50 };
    tfb_pool_t *pool = tfb_pool_create(threads);
    tfb_net_t *net = network(T);
    tfb_walk_t *w = tfb_walk_create(net, B, TFB_WALK_TRAIN, pool);
    uint8_t *code = random_codes(B), label[B * T];
    float dz[B * T], *g[3];
    const tfb_adam_t by = {.rate = 1e-3f, .b1 = 0.9f, .b2 = 0.999f, .inv_sqrt_c2 = 1, .eps = 1e-8f};
    for (int i = 0; i < 3; i++) g[i] = tfb_alloc(net->n_param, sizeof **g, "gradients");
    for (int i = 0; i < B * T; i++) label[i] = tfb_hash64((uint64_t)i) % 10 == 0;
    w->pass.train = 1;
    w->pass.grad = g[0];
    double n = 0;
    clocks_t began = now();
    for (int i = 0; i < 3 || tfb_now() - began.wall < seconds; i++) {
        if (i == 2) began = now(), n = 0;
        tfb_loss(&(tfb_labelled_t){.label = label, .B = B, .T = T}, tfb_walk_forward(w, code, B), dz, NULL);
        tfb_walk_backward(w, dz);
        tfb_kernels()->adam(net->n_param, net->param, g[0], g[1], g[2], &by);
        n += B;
    }
    print_rate(n, began, threads);
    tfb_walk_destroy(w);
    tfb_net_destroy(net);
    tfb_pool_destroy(pool);
    free(code);
    for (int i = 0; i < 3; i++) free(g[i]);
}

/* ---- what the multiply-add units can do: chains of them in registers, nothing read or written ---- */

/* 16 independent chains hide the latency of every processor so far (4 to 5 cycles, 2 units). */
#define CHAINS(NAME, LANES, TARGET)                                                    \
    typedef float NAME##_v __attribute__((vector_size(LANES * 4)));                    \
    TARGET static float NAME(long n)                                                   \
    {                                                                                  \
        NAME##_v x[16], a = (NAME##_v){0} + 0.999f, b = (NAME##_v){0} + 0.001f;        \
        float s = 0;                                                                   \
        for (int i = 0; i < 16; i++) x[i] = b * (float)i;                              \
        for (; n > 0; n--) {                                                           \
            _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++) x[i] = x[i] * a + b; \
            __asm__ volatile("");                                                      \
        }                                                                              \
        for (int i = 0; i < 16; i++) s += x[i][0];                                     \
        return s;                                                                      \
    }
#pragma GCC push_options
#pragma GCC optimize("O3", "fp-contract=fast")
CHAINS(chains_plain, 4, )
#if defined(__x86_64__)
CHAINS(chains_avx2, 8, __attribute__((target("avx2,fma"))))
CHAINS(chains_avx512, 16, __attribute__((target("avx512f,fma"))))
#endif
#pragma GCC pop_options

typedef struct {
    float (*chains)(long);
    volatile float sink[256]; /* so that the compiler keeps the work */
} peak_t;

static void peak_task(void *arg, int task, int thread)
{
    peak_t *p = arg;
    (void)thread;
    p->sink[task % 256] = p->chains(1000000);
}

static void peak(int threads, double seconds)
{
    peak_t p = {.chains = chains_plain};
    int lanes = 4;
#if defined(__x86_64__)
    if (strcmp(tfb_kernels()->name, "avx2") == 0) p.chains = chains_avx2, lanes = 8;
    if (strcmp(tfb_kernels()->name, "avx512") == 0) p.chains = chains_avx512, lanes = 16;
#endif
    tfb_pool_t *pool = tfb_pool_create(threads);
    double n = 0;
    clocks_t began = now();
    do {
        tfb_pool_run(pool, 4 * threads, peak_task, &p);
        n += 4e6 * threads;
    } while (tfb_now() - began.wall < seconds);
    print_rate(n * 16 * lanes * 2 * 1e-9, began, threads);
    tfb_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    double seconds = argc > 3 ? atof(argv[3]) : 3;
    if (threads < 1) threads = 1;
    int scores = strcmp(what, "score") == 0 || strcmp(what, "snv") == 0, found = 0;
    const tfb_low_t *low = NULL;
    for (int i = 0; argc > 4 && i < TFB_N_PRECISIONS; i++)
        if (strcmp(argv[4], tfb_precision_name[i]) == 0) {
            if (scores && i != TFB_FLOAT32) low = tfb_low((tfb_precision_t)i);
            found = i == TFB_FLOAT32 || (scores ? low != NULL : tfb_kernels_set_precision(argv[4]) == 0);
        }
    if (argc > 4 && !found) {
        fprintf(stderr, "bench: this machine has no %s products\n", argv[4]);
        return 1;
    }
    if (argc > 5) arch = argv[5];
    tfb_net_t *net = network(1);
    if (!net) {
        fprintf(stderr, "bench: unknown architecture %s\n", arch);
        return 1;
    }
    tfb_net_destroy(net);
    float most[TFB_MAX_LAYERS];
    for (int i = 0; i < TFB_MAX_LAYERS; i++) most[i] = 4; /* any: the speed does not depend on it */
    if (strcmp(what, "score") == 0)
        score(threads, seconds, 0, low, most);
    else if (strcmp(what, "snv") == 0)
        score(threads, seconds, 1, low, most);
    else if (strcmp(what, "train") == 0)
        train(threads, seconds);
    else if (strcmp(what, "peak") == 0)
        peak(threads, seconds);
    else {
        fprintf(stderr, "bench score|snv|train|peak [THREADS] [SECONDS] [float32|bfloat16|int8] [ARCH]\n");
        return 1;
    }
    return 0;
}
