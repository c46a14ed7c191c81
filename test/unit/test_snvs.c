/* test_snvs.c - all SNVs of a stretch are scored as their windows are: in every kind of network, every precision and
 * with all strands; and the same however they are cut and shared. */
#include "graphs.h"
#include "nn/infer.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

enum { W = GRAPH_WINDOW, BASES = 700, N = 150, EACH = 1 + TFB_SNVS, T = 3 };
static tfb_rng_t rng;
static uint8_t code[BASES], list[N * EACH * W];
static int64_t at[N];
static int32_t base[N * EACH];

/* Makes a stretch with N, and positions: neighbours, some apart, and some beyond the overlap of their windows. */
static void make_positions(void)
{
    for (int i = 0; i < BASES; i++) code[i] = (uint8_t)(tfb_rng_below(&rng, 30) ? tfb_rng_below(&rng, 4) : 4);
    for (int i = 0, o = 0; i < N; i++, o++) {
        if (i % 50 == 49) o += i % 100 == 49 ? 3 : W + 7;
        at[i] = o;
        if (code[o + W / 2] > 3) code[o + W / 2] = (uint8_t)(i & 3);
    }
    for (int i = 0; i < N; i++)
        for (int a = 0, c = -1; a < EACH; a++) {
            uint8_t *to = list + (i * EACH + a) * W;
            memcpy(to, code + at[i], W);
            base[i * EACH + a] = a ? i * EACH : -1;
            if (!a) continue;
            c += c + 1 == code[at[i] + W / 2] ? 2 : 1;
            to[W / 2] = (uint8_t)c;
        }
}

static float distance(const float *a, const float *b, int n)
{
    float worst = 0;
    for (int i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= worst)) worst = fabsf(a[i] - b[i]);
    return worst;
}

static void test_net(const char *spec, const tfb_low_t *low, tfb_pool_t *pool)
{
    static const tfb_strand_t strands[] = {TFB_STRAND_BOTH, TFB_STRAND_FWD, TFB_STRAND_REV};
    static float z[N * EACH * T], y[N * EACH * T], part[N * EACH * T], most[TFB_MAX_LAYERS];
    const char *name = low ? tfb_precision_name[low->precision] : "float32";
    char err[300];
    tfb_net_t *net = tfb_net_parse(spec, W, err, sizeof err);
    if (!net) {
        CHECK(0, "%s: %s", spec, err);
        return;
    }
    tfb_net_init(net, 7);
    if (low && low->precision == TFB_INT8) CHECK(tfb_infer_largest(net, list, N, most) == 0, "%s: largest", spec);
    tfb_infer_t *f = tfb_infer_create_low(net, NULL, 0, NULL, low, most),
                *g = tfb_infer_create_low(net, NULL, 0, pool, low, most);
    for (int s = 0; s < 3; s++) {
        float size = 0;
        tfb_infer_windows(f, list, base, N * EACH, strands[s], y);
        CHECK(tfb_infer_snvs(f, code, at, N, strands[s], z) == 0, "%s: SNVs", spec);
        for (int i = 0; i < N * EACH * T; i++) size = fmaxf(size, fabsf(y[i]));
        float d = distance(z, y, N * EACH * T), limit = (low ? 1e-3f : 1e-5f) * (1 + size);
        CHECK(d <= limit, "%s: %s, strand %d: SNVs differ from their windows by %g of %g", spec, name, s, (double)d,
              (double)size);
        tfb_infer_snvs(g, code, at, N, strands[s], part);
        CHECK(memcmp(z, part, sizeof z) == 0, "%s: %s: three threads give other scores than one", spec, name);
        for (int i = 0, n = 1; i < N; i += n, n = n * 3 % 50 + 1) {
            if (n > N - i) n = N - i;
            tfb_infer_snvs(f, code, at + i, n, strands[s], part + i * EACH * T);
        }
        CHECK(memcmp(z, part, sizeof z) == 0, "%s: %s: pieces give other scores than the whole", spec, name);
    }
    tfb_infer_destroy(f);
    tfb_infer_destroy(g);
    tfb_net_destroy(net);
}

int main(void)
{
    static const char *const specs[] = {
        "conv 20 7; bn; relu; m = pool 3; conv 33 5; bn; relu; pool 2; conv 24 3; bn; relu; g = gpool lse 3; "
        "gpool lse 3 @m; cat @g; dense 12; bn; relu; dense 3",
        "conv 16 6; relu; bn; pool 3; conv 18 4; relu; bn; pool 3; dense 20; relu; dense 3",
        "conv 20 5; bn; relu; m = pool 2; conv 40 7; relu; pool 3; g = gpool max; gpool mean @m; cat @g; dense 3",
        "conv 8 9; relu; conv 12 11; relu; gpool lse 100; dense 3", /* exponentials too large for sums */
        "conv 5 30; bn; relu; pool 7; dense 3",
    };
    enum { SPECS = sizeof specs / sizeof specs[0] };
    tfb_pool_t *pool = tfb_pool_create(3);
    tfb_rng_seed(&rng, 11);
    make_positions();
    for (int i = 0; i < SPECS + N_GRAPHS; i++) {
        const char *spec = i < SPECS ? specs[i] : graphs[i - SPECS].spec;
        test_net(spec, NULL, pool);
        for (const tfb_low_t *const *k = tfb_low_all(); *k; k++) test_net(spec, *k, pool);
    }
    tfb_pool_destroy(pool);
    return unit_failed;
}
