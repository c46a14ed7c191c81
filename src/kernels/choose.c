/* choose.c - picks the kernel set once, by what the processor supports and TFBIND_CPU allows. */
#include "config.h"
#include "kernels/amx.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern const tfb_kernels_t tfb_kernels_plain, tfb_kernels_vec128, tfb_kernels_avx2, tfb_kernels_avx512;

#ifdef HAVE_AVX2_KERNELS
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
#ifdef HAVE_AVX512_KERNELS
static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}
#endif

/* The sets, best last. runs: returns whether this processor supports the set; NULL: every
 * processor does. */
static const struct {
    const tfb_kernels_t *set;
    int (*runs)(void);
} sets[] = {
    {.set = &tfb_kernels_plain},
    {.set = &tfb_kernels_vec128},
#ifdef HAVE_AVX2_KERNELS
    {.set = &tfb_kernels_avx2, .runs = has_avx2},
#endif
#ifdef HAVE_AVX512_KERNELS
    {.set = &tfb_kernels_avx512, .runs = has_avx512},
#endif
};
enum { N_SETS = sizeof sets / sizeof sets[0] };

static const tfb_kernels_t *have[N_SETS + 1]; /* the sets that run here, then NULL */
static const tfb_kernels_t *best, *in_use;    /* in_use: best, or AMX with bfloat16 products */
#ifdef HAVE_AMX_KERNELS
static tfb_kernels_t amx; /* filled if the processor supports it */
#endif
static const char *asked; /* the set that TFBIND_CPU names, if it is one of have; else NULL */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
    int n = 0;
#ifdef HAVE_AVX2_KERNELS
    __builtin_cpu_init();
#endif
    for (int i = 0; i < N_SETS; i++)
        if (!sets[i].runs || sets[i].runs()) have[n++] = sets[i].set;
    best = have[n - 1];
    const char *want = getenv("TFBIND_CPU");
    for (int i = 0; want && i < n; i++)
        if (strcmp(want, have[i]->name) == 0) best = have[i], asked = best->name;
    in_use = best;
}

const char *tfb_kernels_asked(void)
{
    pthread_once(&once, choose);
    return asked;
}

int tfb_kernels_set_precision(const char *name)
{
    pthread_once(&once, choose);
    if (strcmp(name, "float32") == 0) {
        in_use = best;
        return 0;
    }
    if (strcmp(name, "bfloat16")) return -1;
#ifdef HAVE_AMX_KERNELS
    if (strcmp(best->name, "avx512") == 0 && tfb_amx_start(&amx) == 0) {
        in_use = &amx;
        return 0;
    }
#endif
    return -2;
}

const tfb_kernels_t *tfb_kernels(void)
{
    pthread_once(&once, choose);
    return in_use;
}

const tfb_kernels_t *const *tfb_kernels_all(void)
{
    pthread_once(&once, choose);
    return have;
}

void tfb_spread_pack(int K, int C, int N, const float *w, float *out)
{
    enum { COLUMNS = TFB_SPREAD_COLUMNS };
    for (int n0 = 0; n0 < N; n0 += COLUMNS)
        for (int c = 0; c < C; c++)
            for (int k = 0; k < K; k++, out += COLUMNS)
                for (int n = n0; n < n0 + COLUMNS; n++)
                    out[n - n0] = n < N ? w[((size_t)k * (size_t)C + (size_t)c) * (size_t)N + (size_t)n] : 0;
}

void tfb_max3_weights(int K, int C, int N, const float *w, float *out)
{
    /* row p: the powers of point p, divided by the product of its distances from the other
     * finite points */
    static const double at[TFB_MAX3_POINTS][4] = {{1, 0, 0, 0},
                                                  {-1. / 3, -1. / 3, -1. / 3, -1. / 3},
                                                  {1. / 3, -1. / 3, 1. / 3, -1. / 3},
                                                  {1. / 15, 2. / 15, 4. / 15, 8. / 15},
                                                  {-16. / 15, 8. / 15, -4. / 15, 2. / 15},
                                                  {0, 0, 0, 1}};
    int Q = tfb_max3_chunks(K);
    size_t CN = (size_t)C * (size_t)N;
    for (int p = 0; p < TFB_MAX3_POINTS; p++)
        for (int q = 0; q < Q; q++) {
            int n = q < Q - 1 ? 3 : K - 3 * q; /* the last chunk takes a fourth tap, if any */
            for (size_t i = 0; i < CN; i++) {
                double s = 0;
                for (int k = 0; k < n; k++) s += at[p][k] * (double)w[(size_t)(3 * q + k) * CN + i];
                *out++ = (float)s;
            }
        }
}
