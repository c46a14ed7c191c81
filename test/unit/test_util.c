/* test_util.c - digests, random numbers, names, the thread pool. */
#include "unit.h"
#include "util/util.h"
#include <pthread.h>
#include <string.h>

static void test_sha256(void)
{
    static const struct {
        const char *text;
        int times;
        const char *hex;
    } row[] = {
        /* FIPS 180-4's examples, and NIST's million a */
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        tfb_sha256_t s;
        char hex[65];
        tfb_sha256_init(&s);
        for (int k = 0; k < row[i].times; k++) tfb_sha256_update(&s, row[i].text, strlen(row[i].text));
        tfb_sha256_hex(&s, hex);
        CHECK(strcmp(hex, row[i].hex) == 0, "SHA-256 of row %zu is %s", i, hex);
    }
    for (size_t n = 50; n < 70; n++) { /* around a block's end, whole and byte by byte */
        char text[70], a[65], b[65];
        tfb_sha256_t s;
        memset(text, 'x', sizeof text);
        tfb_sha256_init(&s);
        tfb_sha256_update(&s, text, n);
        tfb_sha256_hex(&s, a);
        tfb_sha256_init(&s);
        for (size_t k = 0; k < n; k++) tfb_sha256_update(&s, text + k, 1);
        tfb_sha256_hex(&s, b);
        CHECK(strcmp(a, b) == 0, "SHA-256 of %zu bytes in one and in many pieces", n);
    }
}

static void test_rng(void)
{
    tfb_rng_t r, q;
    int count[7] = {0}, place[5][5] = {{0}};
    tfb_rng_seed(&r, 1);
    tfb_rng_seed(&q, 1);
    for (int i = 0; i < 100; i++) CHECK(tfb_rng_next(&r) == tfb_rng_next(&q), "the same seed");
    for (int i = 0; i < 70000; i++) count[tfb_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        CHECK(count[i] > 9600 && count[i] < 10400, "%d came %d times of 10000", i, count[i]); /* 4 sigma */
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double u = tfb_rng_unit(&r);
        CHECK(u >= 0 && u < 1, "unit %g", u);
        sum += u;
    }
    CHECK(sum > 49500 && sum < 50500, "mean of units %g", sum / 100000);
    for (int i = 0; i < 25000; i++) { /* every element is as likely in every place */
        uint32_t a[5] = {0, 1, 2, 3, 4};
        tfb_rng_shuffle(&r, a, 5);
        for (int k = 0; k < 5; k++) place[k][a[k]]++;
    }
    for (int i = 0; i < 25; i++)
        CHECK(place[i / 5][i % 5] > 4700 && place[i / 5][i % 5] < 5300, "shuffle: %d", place[i / 5][i % 5]);
}

static void test_names(void)
{
    int n;
    char **v = tfb_split("a,,bc", ',', &n);
    CHECK(n == 3 && !strcmp(v[0], "a") && !*v[1] && !strcmp(v[2], "bc") && !v[3], "split");
    tfb_strv_free(v);
    static char *const tfs[] = {"CTCF", "SPI1", "SP1", "GATA1"};
    static const struct {
        const char *s;
        int want;
    } row[] = {{"CTFC", 0}, {"ctcf", 0}, {"SPI", 1}, {"SP1", 2}, {"GATA2", 3}, {"completely different", -1}, {"", -1}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        int got = tfb_nearest(row[i].s, tfs, 4);
        CHECK(got == row[i].want || (row[i].want == 1 && got == 2), "nearest to '%s' is %d", row[i].s, got);
    }
    int ok = 1;
    CHECK(tfb_mul(3, 4, &ok) == 12 && tfb_add(3, 4, &ok) == 7 && ok, "small sizes");
    tfb_mul(SIZE_MAX / 2, 3, &ok);
    CHECK(!ok, "a product that overflows");
    tfb_log_level(-1);
    CHECK(!tfb_alloc(SIZE_MAX / 8, 16, "a test"), "an allocation that overflows");
    tfb_log_level(2);
}

static void add(void *arg, int task, int thread)
{
    (void)thread;
    int *a = arg;
    a[task] += task + 1;
}

static void test_pool(void)
{
    enum { N = 1000 };
    for (int threads = 1; threads <= 5; threads++) {
        tfb_pool_t *p = tfb_pool_create(threads);
        int a[N] = {0}, bad = 0;
        CHECK(p && tfb_pool_size(p) == threads, "a pool of %d", threads);
        for (int round = 0; round < 200; round++) tfb_pool_run(p, round % 7 ? round % N : N, add, a);
        for (int i = 0; i < N; i++) {
            int want = 0;
            for (int round = 0; round < 200; round++) want += i < (round % 7 ? round % N : N) ? i + 1 : 0;
            bad += a[i] != want;
        }
        CHECK(bad == 0, "%d threads: %d tasks ran too often or not at all", threads, bad);
        usleep(3000); /* let them fall asleep, and wake them */
        int b[N] = {0};
        tfb_pool_run(p, N, add, b);
        for (int i = 0; i < N; i++) CHECK(b[i] == i + 1, "after a rest");
        tfb_pool_destroy(p);
    }
}

/* What runs beside a loop runs once, on the calling thread, whether the loop is empty, small or missing. */
static struct {
    pthread_t who;
    int times;
} aside;
static void note_aside(void *arg)
{
    (void)arg;
    aside.who = pthread_self();
    aside.times++;
}
static void nothing(void *arg, int task, int thread) { (void)arg, (void)task, (void)thread; }

static void test_beside(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        tfb_pool_t *p = tfb_pool_create(threads);
        for (int n = -1; n < 40; n = n < 2 ? n + 1 : n + 37) { /* -1: no loop at all */
            memset(&aside, 0, sizeof aside);
            tfb_pool_beside(p, note_aside, NULL);
            if (n >= 0) tfb_pool_run(p, n, nothing, NULL);
            CHECK(n < 0 || aside.times == 1, "%d threads, %d tasks: called %d times", threads, n, aside.times);
            tfb_pool_end_beside(p);
            tfb_pool_run(p, 3, nothing, NULL);
            CHECK(aside.times == 1 && pthread_equal(aside.who, pthread_self()), "%d threads, %d tasks: called %d times",
                  threads, n, aside.times);
        }
        tfb_pool_destroy(p);
    }
}

int main(void)
{
    test_sha256();
    test_rng();
    test_names();
    test_pool();
    test_beside();
    return unit_failed;
}
