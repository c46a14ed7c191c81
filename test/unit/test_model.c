/* test_model.c - model files: saved and loaded they are the same; damaged and absurd ones are refused; scoring is the
 * same every way. */
#include "graphs.h"
#include "kernels/kernels.h"
#include "nn/infer.h"
#include "nn/model.h"
#include "nn/walk.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static const char *const names[] = {"CTCF", "SPI1", "NKX2-5"};
static char path[4096], other[4096];

static tfb_model_t *make(const char *spec, int window, uint64_t seed)
{
    char err[300];
    tfb_net_t *net = tfb_net_parse(spec, window, err, sizeof err);
    if (!net) {
        CHECK(0, "%s", err);
        exit(1);
    }
    tfb_net_init(net, seed);
    tfb_rng_t r;
    tfb_rng_seed(&r, seed);
    for (size_t i = 0; i < net->n_stat; i++) net->stat[i] += (float)(0.5 * tfb_rng_unit(&r));
    for (size_t i = 0; i < net->n_param; i++) net->param[i] += (float)(0.2 * (tfb_rng_unit(&r) - 0.5));
    return tfb_model_create(net, (char *const *)names, 3);
}

static const char spec[] =
    "conv 20 5; bn; relu; pool 3; conv 17 3; relu; bn; pool 2; dense 30; bn; relu; dropout 0.3; dense 3";

static void test_round_trip(void)
{
    for (int half = 0; half < 2; half++) {
        tfb_model_t *m = make(spec, 60, 3);
        CHECK(tfb_model_meta_set(m, "seed", "3") == 0 && tfb_model_meta_set(m, "seed", "4") == 0, "meta");
        CHECK(tfb_model_save(m, path, half) == 0, "save");
        tfb_model_t *q = tfb_model_load(path);
        CHECK(q, "load");
        if (!q) return;
        CHECK(strcmp(q->digest, m->digest) == 0 && strlen(q->digest) == 64, "digests %s %s", q->digest, m->digest);
        CHECK(q->n_targets == 3 && strcmp(q->targets[2], "NKX2-5") == 0 && q->window == 60, "targets");
        CHECK(tfb_model_meta(q, "seed") && strcmp(tfb_model_meta(q, "seed"), "4") == 0, "metadata");
        float worst = 0;
        for (size_t i = 0; i < m->net->n_param; i++)
            worst = fmaxf(worst, fabsf(q->net->param[i] - m->net->param[i]) / (1e-3f + fabsf(m->net->param[i])));
        CHECK(half ? worst > 0 && worst < 1e-3f : worst == 0, "half %d: weights differ by %g", half, (double)worst);
        /* a half file saved again is the same file */
        CHECK(tfb_model_save(q, other, half) == 0 && strcmp(q->digest, m->digest) == 0,
              "saved again it is another file");
        tfb_model_destroy(m);
        tfb_model_destroy(q);
    }
}

static void spoil(const char *what, size_t keep, size_t at, const char *bytes, const char *find, const char *put)
{
    FILE *f = fopen(path, "rb");
    static char buf[1 << 20];
    size_t n = fread(buf, 1, sizeof buf, f);
    fclose(f);
    if (keep < n) n = keep;
    if (bytes) memcpy(buf + at, bytes, strlen(bytes));
    if (find) {
        char *p = memmem(buf, n, find, strlen(find));
        CHECK(p, "%s: '%s' is not in the file", what, find);
        if (p) memcpy(p, put, strlen(put));
    }
    f = fopen(other, "wb");
    fwrite(buf, 1, n, f);
    fclose(f);
    tfb_model_t *m = tfb_model_load(other);
    CHECK(!m, "a file with %s was accepted", what);
    tfb_model_destroy(m);
}

static void test_hostile(void)
{
    tfb_model_t *m = make(spec, 60, 3);
    CHECK(tfb_model_save(m, path, 0) == 0, "save");
    tfb_model_destroy(m);
    tfb_log_level(-1); /* the messages are wanted, not here */
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    fclose(f);
    size_t cuts[] = {0, 4, 8, 100, n / 2, n - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) spoil("a missing end", cuts[i], 0, NULL, NULL, NULL);
    spoil("an absurd header length", n, 0, "\xff\xff\xff\xff\xff\xff\xff\x7f", NULL, NULL);
    spoil("a header length past the end", n, 2, "\x7f", NULL, NULL);
    spoil("a header that is not JSON", n, 8, "x", NULL, NULL);
    spoil("another type of tensor", n, 0, NULL, "\"F32\"", "\"I64\"");
    spoil("another shape", n, 0, NULL, "[20,4,5]", "[20,5,4]");
    spoil("a window of other size", n, 0, NULL, "\"window\":\"60\"", "\"window\":\"99\"");
    spoil("an absurd width", n, 0, NULL, "dense 30", "dense 3e8");
    spoil("an unknown layer", n, 0, NULL, "dropout", "dripout");
    spoil("a missing tensor", n, 0, NULL, "d3.bias", "d3.bear");
    spoil("offsets beyond the file", n, 0, NULL, "\"data_offsets\":[0,", "\"data_offsets\":[9,");
    spoil("fewer targets than outputs", n, 0, NULL, "CTCF,SPI1", "CTCF.SPI1");
    spoil("a NaN", n, n - 4, "\xff\xff\xff\x7f", NULL, NULL);
    CHECK(!tfb_model_load("/nonexistent/x"), "a file that is not there was loaded");
    CHECK(!tfb_model_load("/"), "a folder was loaded");
    tfb_log_level(2);
}

/* Scores by the training walk and by the scoring stages agree; hints, strands, threads, targets change nothing else. */
static void test_scoring(const char *s, int W, int exact_hint)
{
    enum { N = 300, FAMILY = 19 }; /* more than a block of windows; more than go through the convolutions together */
    tfb_model_t *m = make(s, W, 9);
    tfb_rng_t r;
    tfb_rng_seed(&r, 2);
    uint8_t *code = malloc((size_t)N * W);
    int32_t base[N];
    for (int i = 0; i < N; i++) {
        base[i] = -1;
        for (int k = 0; k < W; k++) code[i * W + k] = (uint8_t)(tfb_rng_below(&r, 30) ? tfb_rng_below(&r, 4) : 4);
        if (i % FAMILY) { /* derived windows: one base, a stretch, none, or the ends */
            static const int longs[7] = {1, 1, 5, 0, 1, 1, 1};
            int b = i / FAMILY * FAMILY, at = (int)tfb_rng_below(&r, (uint64_t)W), n = longs[i % 7];
            base[i] = b;
            memcpy(code + i * W, code + b * W, (size_t)W);
            if (i % 7 == 4) at = 0;
            if (i % 7 == 5) at = W - 1;
            for (int k = at; k < at + n && k < W; k++) code[i * W + k] = (uint8_t)((code[i * W + k] + 1) & 3);
        }
    }
    base[20] = 0; /* not the window before: allowed, merely of no use */
    float *z = malloc(sizeof *z * N * 3), *z1 = malloc(sizeof *z * N * 3);
    tfb_infer_t *f = tfb_infer_create(m->net, NULL, 0, NULL);
    CHECK(f && tfb_infer_windows(f, code, NULL, N, TFB_STRAND_FWD, z) == 0, "scoring");
    tfb_walk_t *w = tfb_walk_create(m->net, N, TFB_WALK_FORWARD, NULL);
    const float *zw = tfb_walk_forward(w, code, N);
    float worst = 0;
    for (int i = 0; i < 3 * N; i++) worst = fmaxf(worst, fabsf(z[i] - zw[i]));
    CHECK(worst < 1e-4f, "%s: scoring differs from the training walk by %g", s, (double)worst);
    tfb_infer_windows(f, code, base, N, TFB_STRAND_FWD, z1);
    worst = 0;
    for (int i = 0; i < 3 * N; i++) worst = fmaxf(worst, fabsf(z[i] - z1[i]));
    CHECK(exact_hint ? worst == 0 : worst < 1e-4f, "%s: local differs from full by %g", s, (double)worst);
    /* both = mean of the strands; the reverse strand = the forward one of the reverse complement */
    float *zr = malloc(sizeof *z * N * 3), *zb = malloc(sizeof *z * N * 3);
    tfb_infer_windows(f, code, base, N, TFB_STRAND_REV, zr);
    tfb_infer_windows(f, code, base, N, TFB_STRAND_BOTH, zb);
    for (int i = 0; i < 3 * N; i++) CHECK(zb[i] == 0.5f * (z1[i] + zr[i]), "strands");
    uint8_t *rc = malloc((size_t)N * W);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < W; k++) rc[i * W + k] = code[i * W + W - 1 - k] < 4 ? 3 - code[i * W + W - 1 - k] : 4;
    tfb_infer_windows(f, rc, NULL, N, TFB_STRAND_FWD, z1);
    CHECK(memcmp(z1, zr, sizeof *z * N * 3) == 0, "the reverse strand is not the reverse complement");
    /* threads */
    tfb_pool_t *pool = tfb_pool_create(3);
    tfb_infer_t *g = tfb_infer_create(m->net, NULL, 0, pool);
    tfb_infer_windows(g, code, base, N, TFB_STRAND_BOTH, z1);
    CHECK(memcmp(z1, zb, sizeof *z * N * 3) == 0, "three threads give other scores than one");
    tfb_infer_destroy(g);
    tfb_pool_destroy(pool);
    /* some targets only */
    int want[2] = {2, 0};
    g = tfb_infer_create(m->net, want, 2, NULL);
    tfb_infer_windows(g, code, base, N, TFB_STRAND_BOTH, z1);
    for (int i = 0; i < N; i++)
        CHECK(fabsf(z1[2 * i] - zb[3 * i + 2]) < 1e-6f && fabsf(z1[2 * i + 1] - zb[3 * i]) < 1e-6f, "chosen targets");
    tfb_infer_destroy(g);
    tfb_infer_destroy(f);
    tfb_walk_destroy(w);
    tfb_model_destroy(m);
    free(z), free(z1), free(zr), free(zb), free(code), free(rc);
}

int main(void)
{
    const char *tmp = getenv("TMP") ? getenv("TMP") : "/tmp";
    snprintf(path, sizeof path, "%s/test_model.%ld.a", tmp, (long)getpid());
    snprintf(other, sizeof other, "%s/test_model.%ld.b", tmp, (long)getpid());
    test_round_trip();
    test_hostile();
    test_scoring(spec, 60, 1);
    for (int i = 0; i < N_GRAPHS; i++) test_scoring(graphs[i].spec, GRAPH_WINDOW, 1);
    test_scoring("conv 9 4; pool 2; relu; bn; conv 5 3; bn; bn; relu; dense 8; relu; dense 3", 41, 1);
    test_scoring("conv 9 4; relu; pool 7; pool 2; dense 3", 64, 1);
    test_scoring("dense 5; relu; dense 3", 30, 1);
    test_scoring("dense 3", 12, 1);
    test_scoring("conv 20 5; relu; pool 3; dropout 0.2; bilstm 9 2 0.5; dense 30; relu; dense 3", 60, 1);
    test_scoring("conv 20 5; bilstm 9; bn; relu; pool 2; conv 8 3; relu; bilstm 4; dense 3", 30, 1);
    unlink(path);
    unlink(other);
    return unit_failed;
}
