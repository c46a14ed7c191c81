/* test_augment.c - changed windows: a function of the key, within the window, and each change does what it says. */
#include "train/augment.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

enum { W = 60, N = 2000 };
static uint8_t plain[W];

static void fill(void)
{
    for (int i = 0; i < W; i++) plain[i] = (uint8_t)(i * 7 / 3 % 4);
}

/* The longest run of the plain window that is found in code, wherever it lies. */
static int longest(const uint8_t *code)
{
    int best = 0;
    for (int i = 0; i < W; i++)
        for (int j = 0; j < W; j++) {
            int n = 0;
            while (i + n < W && j + n < W && code[i + n] == plain[j + n]) n++;
            if (n > best) best = n;
        }
    return best;
}

/* How many of N keys change the window, and the shortest piece of it that is left in any. */
static int changed(const char *text, int *piece)
{
    tfb_augment_t a;
    int n = 0;
    *piece = W;
    CHECK(tfb_augment_parse(text, &a) == 0, "%s", text);
    for (uint64_t key = 0; key < N; key++) {
        uint8_t *code = guarded(W), *spare = guarded(2 * W), again[W];
        memcpy(code, plain, W);
        memcpy(again, plain, W);
        tfb_augment(&a, tfb_hash64(key), code, W, spare);
        tfb_augment(&a, tfb_hash64(key), again, W, spare);
        CHECK(memcmp(code, again, W) == 0, "%s: key %d gives two windows", text, (int)key);
        for (int i = 0; i < W; i++) CHECK(code[i] < 4, "%s: base %d", text, code[i]);
        n += memcmp(code, plain, W) != 0;
        int l = longest(code);
        if (l < *piece) *piece = l;
        unguard();
    }
    return n;
}

/* noise=0.2: half of the keys, Gaussian of that deviation, the same for the same key; bases are left alone. */
static void check_noise(void)
{
    enum { FLOATS = 4 * W + 1 };
    tfb_augment_t a;
    double n = 0, sum = 0, squares = 0, fourth = 0, beyond = 0, beside = 0;
    int noisy = 0;
    CHECK(tfb_augment_parse("noise=0.2", &a) == 0 && tfb_augmented(&a), "noise=0.2");
    for (uint64_t key = 0; key < N; key++) {
        uint8_t code[W], spare[2 * W];
        float *x = guarded(FLOATS * sizeof *x), again[FLOATS];
        memcpy(code, plain, W);
        tfb_augment(&a, tfb_hash64(key), code, W, spare);
        CHECK(memcmp(code, plain, W) == 0, "noise changes bases");
        x[0] = again[0] = 99;
        int has = tfb_augment_noise(&a, tfb_hash64(key), x, FLOATS);
        CHECK(has == tfb_augment_noise(&a, tfb_hash64(key), again, FLOATS), "key %d: with and without", (int)key);
        CHECK(has ? memcmp(x, again, sizeof again) == 0 : x[0] == 99, "key %d: other noise", (int)key);
        for (int i = 0; has && i < FLOATS; i++) {
            double z = (double)x[i] / 0.2;
            n++;
            sum += z;
            squares += z * z;
            fourth += z * z * z * z;
            beyond += fabs(z) > 1.96;
            if (i) beside += z * (double)x[i - 1] / 0.2;
        }
        noisy += has;
        unguard();
    }
    CHECK(noisy > N * 46 / 100 && noisy < N * 54 / 100, "%d of %d have noise", noisy, N);
    CHECK(fabs(sum / n) < 0.01 && fabs(squares / n - 1) < 0.02 && fabs(fourth / n - 3) < 0.1 &&
              fabs(beyond / n - 0.05) < 0.003 && fabs(beside / n) < 0.01,
          "moments %g %g %g, beyond 1.96: %g, neighbours %g", sum / n, squares / n, fourth / n, beyond / n, beside / n);
    a.noise = 0;
    CHECK(!tfb_augmented(&a), "noise=0 is none");
    for (uint64_t key = 0; key < 50; key++) CHECK(!tfb_augment_noise(&a, key, NULL, FLOATS), "noise of 0");
}

static void must_fail(const char *text)
{
    tfb_augment_t a;
    CHECK(tfb_augment_parse(text, &a) < 0, "'%s' was accepted", text);
}

int main(void)
{
    int piece, n;
    fill();
    n = changed("shift=20", &piece); /* half of the keys, but for those whose shift is 0 */
    CHECK(n > N * 44 / 100 && n < N * 53 / 100 && piece >= W - 20 && piece < W - 10, "shift: %d changed, %d left", n,
          piece);
    n = changed("delete=30", &piece);
    CHECK(n > N * 44 / 100 && n < N * 53 / 100 && piece >= (W - 30) / 2 && piece < W / 2, "delete: %d changed, %d left",
          n, piece);
    n = changed("insert=20", &piece);
    CHECK(n > N * 44 / 100 && n < N * 53 / 100 && piece >= (W - 20) / 2 && piece < W / 2, "insert: %d changed, %d left",
          n, piece);
    n = changed("mutate=0.05", &piece); /* 60 bases, 3 of 4 drawn anew differ: 10 % of those chosen stay as they are */
    CHECK(n > N * 40 / 100 && n < N * 50 / 100, "mutate: %d changed", n);
    n = changed("shift=20,mutate=0.05,insert=20,delete=30", &piece);
    CHECK(n > N * 85 / 100 && n < N, "all: %d changed", n);
    n = changed("shift=1000,insert=1000,delete=1000", &piece); /* beyond the window: cut down to it */
    CHECK(n > N * 80 / 100, "long ones: %d changed", n);
    check_noise();
    tfb_log_level(-1);
    must_fail("");
    must_fail("shift");
    must_fail("shift=");
    must_fail("shift=-1");
    must_fail("shift=1.5");
    must_fail("shift=1001");
    must_fail("mutate=1.1");
    must_fail("mutate=nan");
    must_fail("noise=11");
    must_fail("noise=-0.1");
    must_fail("turn=3");
    return unit_failed;
}
