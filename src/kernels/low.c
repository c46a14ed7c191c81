/* low.c - chooses the set of low-precision products, and packs weights for them. */
#include "config.h"
#include "kernels/low.h"
#include "kernels/amx.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

const char *const tfb_precision_name[TFB_N_PRECISIONS] = {"float32", "bfloat16", "int8"};

extern const tfb_low_t tfb_low16_plain, tfb_low8_plain, tfb_low16_amx, tfb_low8_amx, tfb_low16_avx512, tfb_low8_avx512,
    tfb_low8_avx2;

#ifdef HAVE_AVXVNNI_KERNELS
static int has_avxvnni(void) { return __builtin_cpu_supports("avxvnni") && __builtin_cpu_supports("avx2"); }
#endif
#ifdef HAVE_AVX512LOW_KERNELS
static int has_avx512(void) { return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"); }
static int has_bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
static int has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
#endif
#ifdef HAVE_AMX_KERNELS
static int has_amx16(void) { return tfb_amx_permitted() && __builtin_cpu_supports("amx-bf16"); }
static int has_amx8(void) { return tfb_amx_permitted() && __builtin_cpu_supports("amx-int8"); }
#endif

/* The sets, best last. runs: returns whether this processor supports the set; NULL: every processor does. */
static const struct {
    const tfb_low_t *set;
    int (*runs)(void);
} sets[] = {
    {.set = &tfb_low16_plain},
    {.set = &tfb_low8_plain},
#ifdef HAVE_AVXVNNI_KERNELS
    {.set = &tfb_low8_avx2, .runs = has_avxvnni},
#endif
#ifdef HAVE_AVX512LOW_KERNELS
    {.set = &tfb_low16_avx512, .runs = has_bf16},
    {.set = &tfb_low8_avx512, .runs = has_vnni},
#endif
#ifdef HAVE_AMX_KERNELS
    {.set = &tfb_low16_amx, .runs = has_amx16},
    {.set = &tfb_low8_amx, .runs = has_amx8},
#endif
};
enum { N_SETS = sizeof sets / sizeof sets[0] };

static const tfb_low_t *have[N_SETS + 1]; /* the sets that run here, then NULL */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void)
{
    int n = 0;
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
#endif
    for (int i = 0; i < N_SETS; i++)
        if (!sets[i].runs || sets[i].runs()) have[n++] = sets[i].set;
}

const tfb_low_t *const *tfb_low_all(void)
{
    pthread_once(&once, find);
    return have;
}

/* Returns whether TFBIND_CPU allows a set. The plain ones are only for those who ask for them. */
static int allowed(const char *name)
{
    static const char *const order[] = {"plain", "vec128", "avx2", "avx512", "amx"};
    const char *most = tfb_kernels_asked();
    int set = 0, limit = 4;
    for (int i = 0; i < 5; i++) {
        if (strcmp(order[i], name) == 0) set = i;
        if (most && strcmp(order[i], most) == 0) limit = i;
    }
    return limit == 0 ? set == 0 : set > 0 && set <= limit;
}

const tfb_low_t *tfb_low(tfb_precision_t precision)
{
    const tfb_low_t *best = NULL;
    for (const tfb_low_t *const *k = tfb_low_all(); *k; k++)
        if ((*k)->precision == precision && allowed((*k)->name)) best = *k;
    return best;
}

const char *tfb_low_needs(tfb_precision_t precision)
{
    return precision == TFB_INT8 ? "a processor with AMX-INT8, AVX-512 VNNI or AVX-VNNI"
                                 : "a processor with AMX-BF16 or AVX-512 BF16";
}

/* ---- weights ---- */

/* Rounds to the nearest, ties to even. w is finite. */
static uint16_t bfloat16(float w)
{
    uint32_t u;
    memcpy(&u, &w, sizeof u);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

float tfb_low_bfloat16(float w)
{
    uint32_t u = (uint32_t)bfloat16(w) << 16;
    memcpy(&w, &u, sizeof w);
    return w;
}

/* Returns the step of a column, so that its largest weight is 127. */
static float step_of(int KC, int N, const float *w)
{
    float most = 0;
    for (int k = 0; k < KC; k++) most = fmaxf(most, fabsf(w[(size_t)k * N]));
    return most > 0 ? most / 127 : 1;
}

void tfb_low_pack(const tfb_low_t *k, int K, int C, int N, const float *w, void *out, float *unit)
{
    int row = (int)tfb_low_row(k, C) / k->bytes, word = 4 / k->bytes, columns = (int)tfb_low_columns(N);
    size_t panel = (size_t)K * (size_t)row * TFB_LOW_TILE;
    memset(out, 0, panel * (size_t)(columns / TFB_LOW_TILE) * (size_t)k->bytes);
    for (int n = 0; n < N; n++) {
        float step = unit ? unit[n] = step_of(K * C, N, w + n) : 1;
        size_t to = (size_t)(n / TFB_LOW_TILE) * panel + (size_t)(n % TFB_LOW_TILE * word);
        for (int t = 0; t < K; t++)
            for (int c = 0; c < C; c++) {
                size_t i = to + (size_t)((t * row + c) / word) * (size_t)(TFB_LOW_TILE * word) + (size_t)(c % word);
                float v = w[((size_t)t * C + c) * N + n];
                if (k->bytes == 2)
                    ((uint16_t *)out)[i] = bfloat16(v);
                else
                    ((int8_t *)out)[i] = (int8_t)lrintf(v / step);
            }
    }
}
