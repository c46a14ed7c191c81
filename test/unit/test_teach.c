/* test_teach.c - pairs of strands for teachers: changed alike, each draw differently, and scored by the window that the
 * student sees, however an epoch is cut into batches. */
#include "nn/model.h"
#include "train/teach.h"
#include "unit_net.h"
#include <math.h>
#include <string.h>

enum { N = 5, W = 40, T = 2, STRIDE = (W + 3) / 4, ITEMS = 12 };
static const char PATH[] = "teacher.safetensors";
static char *names[] = {"A", "B"};
static uint8_t seq[N * STRIDE], lab[N];
static tfb_examples_t ex = {
    .n_targets = T, .n = N, .window = W, .seq = seq, .seq_stride = STRIDE, .lab = lab, .lab_stride = 1};
/* pairs, of which one is drawn twice in a row, and one again later */
static const tfb_item_t item[ITEMS] = {2, 3, 2, 3, 8, 9, 0, 1, 2, 3, 6, 7};

static int is_revcomp(const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < W; i++)
        if (a[i] != 3 - b[W - 1 - i]) return 0;
    return 1;
}

/* Fetches items [beg, end) as an epoch with repeats does. */
static void fetch(int beg, int end, uint8_t *code, float *noise, uint8_t *noisy)
{
    tfb_augment_t augment;
    CHECK(tfb_augment_parse("shift=10,mutate=0.2,insert=5,delete=5,noise=0.2", &augment) == 0, "augment");
    tfb_batch_fetch(&(tfb_batch_t){.ex = &ex,
                                   .item = item + beg,
                                   .code = code,
                                   .n = end - beg,
                                   .augment = &augment,
                                   .key = 17,
                                   .paired = 1,
                                   .repeats = 1,
                                   .at = (size_t)beg,
                                   .noise = noise,
                                   .noisy = noisy},
                    NULL);
}

static void check_fetch(const uint8_t *code, const float *noise, const uint8_t *noisy)
{
    static uint8_t part[ITEMS * W];
    static float part_noise[ITEMS * W * 4];
    uint8_t part_noisy[ITEMS];
    int n_noisy = 0;
    for (int i = 0; i < ITEMS; i += 2) CHECK(is_revcomp(code + i * W, code + (i + 1) * W), "items %d, %d", i, i + 1);
    CHECK(memcmp(code, code + 2 * W, W) && memcmp(code, code + 8 * W, W), "two draws are changed alike");
    for (int cut = 1; cut < ITEMS; cut++) {
        fetch(0, cut, part, part_noise, part_noisy);
        fetch(cut, ITEMS, part + cut * W, part_noise + cut * W * 4, part_noisy + cut);
        CHECK(memcmp(part, code, sizeof part) == 0, "cut at %d: other windows", cut);
        CHECK(memcmp(part_noisy, noisy, sizeof part_noisy) == 0, "cut at %d: noise of other items", cut);
    }
    for (int i = 0; i < ITEMS; i++) n_noisy += noisy[i];
    CHECK(n_noisy > 0 && n_noisy < ITEMS, "%d of %d items have noise", n_noisy, ITEMS);
    for (int i = 0; i + 1 < ITEMS; i++)
        CHECK(!noisy[i] || !noisy[i + 1] || memcmp(noise + i * W * 4, noise + (i + 1) * W * 4, W * 4 * sizeof *noise),
              "items %d and %d have the same noise", i, i + 1);
}

/* Scores as a whole, in two parts and one by one: every item gets what its own window scores. */
static void check_score(tfb_teachers_t *t, const uint8_t *code)
{
    float whole[ITEMS * T], part[ITEMS * T], one[T];
    CHECK(tfb_teachers_score(t, code, item, ITEMS, whole) == 0, "scores");
    for (int i = 0; i < ITEMS; i++) {
        CHECK(tfb_teachers_score(t, code + i * W, item + i, 1, one) == 0, "scores one");
        for (int k = 0; k < T; k++)
            CHECK(fabsf(one[k] - whole[i * T + k]) < 1e-5f, "item %d, target %d: %g, alone %g", i, k,
                  (double)whole[i * T + k], (double)one[k]);
    }
    for (int cut = 1; cut < ITEMS; cut++) {
        CHECK(tfb_teachers_score(t, code, item, cut, part) == 0 &&
                  tfb_teachers_score(t, code + cut * W, item + cut, ITEMS - cut, part + cut * T) == 0,
              "scores in parts");
        for (int i = 0; i < ITEMS * T; i++) CHECK(fabsf(part[i] - whole[i]) < 1e-5f, "cut at %d: item %d", cut, i / T);
    }
    for (int i = 0; i < ITEMS; i += 2)
        CHECK(memcmp(whole + i * T, whole + (i + 1) * T, sizeof one) == 0, "strands of item %d differ", i);
    CHECK(memcmp(whole, whole + 2 * T, sizeof one) != 0, "two draws get one score");
}

int main(void)
{
    tfb_rng_t rng;
    tfb_rng_seed(&rng, 3);
    for (size_t i = 0; i < sizeof seq; i++) seq[i] = (uint8_t)tfb_rng_below(&rng, 256);
    char folder[] = "/tmp/tfbind-teach.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0) return 1;
    tfb_model_t *m = tfb_model_create(unit_net("conv 8 5; relu; gpool max; dense 2", W, &rng), names, T);
    CHECK(m && tfb_model_save(m, PATH, 0) == 0, "a model");
    tfb_teachers_t *t = tfb_teachers_open(PATH, names, T, W);
    CHECK(t && tfb_teachers_begin(t, ITEMS, 0, NULL) == 0, "teachers");
    if (!t) return 1;
    static uint8_t code[ITEMS * W];
    static float noise[ITEMS * W * 4];
    uint8_t noisy[ITEMS];
    fetch(0, ITEMS, code, noise, noisy);
    check_fetch(code, noise, noisy);
    check_score(t, code);
    tfb_teachers_close(t);
    tfb_model_destroy(m);
    CHECK(unlink(PATH) == 0 && chdir("/") == 0 && rmdir(folder) == 0, "temporary files");
    return unit_failed;
}
