/* test_stats.c - rank tests and false discovery rates against values from scipy 1.17 (mannwhitneyu,
 * false_discovery_control). */
#include "unit.h"
#include "util/stats.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static void near(const char *what, double got, double want)
{
    CHECK(fabs(got - want) < 1e-9 * fmax(1, fabs(want)), "%s is %.17g, not %.17g", what, got, want);
}

/* Two sets of hits that several tests use. */
static const float y[] = {.5f, .1f, .9f, .3f, .2f, .7f};
static const double v[] = {1, 0, 2, 0, 0, 0};
static const float same[] = {1, 1, 1};
static const double one[] = {1, 0, 0}, none[] = {0, 0, 0}, every[] = {1, 1, 1};

static void test_ranks(void)
{
    enum { MOST = 13 };
    static const struct {
        const char *what;
        int n_hits, n;
        float x[MOST]; /* hits first */
        double auc, p;
    } row[] = {
        {.what = "ties between the two",
         .n_hits = 6,
         .n = 13,
         .x = {.5f, .1f, .9f, .3f, .3f, .8f, .2f, .3f, .1f, 0, .4f, .3f, .6f},
         .auc = 0.7023809523809523,
         .p = 0.12291713349011668},
        {.what = "no ties", .n_hits = 3, .n = 7, .x = {3, 4, 5, 1, 2, 2.5f, 2.75f}, .auc = 1, .p = 0.02591496360895484},
        {.what = "nearly all the same",
         .n_hits = 3,
         .n = 8,
         .x = {1, 1, 2, 1, 1, 1, 2, 1},
         .auc = 0.5666666666666667,
         .p = 0.4218344747759831},
    };
    double auc, p, w[MOST];
    float x[MOST];
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        for (int turn = 0; turn < 2; turn++) { /* hits first or last; a weight that all have is no weight */
            int n = row[i].n;
            for (int k = 0; k < n; k++) {
                int to = turn ? n - 1 - k : k;
                x[to] = row[i].x[k];
                w[to] = 0;
                if (k < row[i].n_hits) w[to] = turn ? 0.25 : 1;
            }
            CHECK(tfb_rank_test(x, w, n, &auc, &p, NULL) == 0, "memory");
            near(row[i].what, auc, row[i].auc);
            near(row[i].what, p, row[i].p);
        }
    /* weights: the normal approximation with mean and variance over all 30 ways to hand 2 and 1 to six variants */
    CHECK(tfb_rank_test(y, v, 6, &auc, &p, NULL) == 0, "memory");
    near("weighted p", p, 0.05804156686932752);
    near("weighted AUC", auc, (2 * 4 + 1 * 3) / (3 * 4.0));
    CHECK(tfb_rank_test(same, one, 3, &auc, &p, NULL) == 0 && p == 1 && auc == 0.5, "all the same: p %g, AUC %g", p,
          auc);
    CHECK(tfb_rank_test(same, none, 3, &auc, &p, NULL) == 0 && isnan(p) && isnan(auc), "no hits");
    CHECK(tfb_rank_test(same, every, 3, &auc, &p, NULL) == 0 && isnan(p) && isnan(auc), "no background");
}

/* Intervals: DeLong's variance by its definition, on the logit scale; Newcombe's method 5 if there is none. */
static void test_intervals(void)
{
    double auc, p, range[2];
    float h6[] = {.5f, .1f, .9f, .3f, .3f, .8f, .2f, .3f, .1f, 0, .4f, .3f, .6f};
    double one6[13] = {1, 1, 1, 1, 1, 1};
    CHECK(tfb_rank_test(h6, one6, 13, &auc, &p, range) == 0, "memory");
    near("low", range[0], 0.3580006638865354), near("high", range[1], 0.9089909070510688);
    CHECK(tfb_rank_test(y, v, 6, &auc, &p, range) == 0, "memory");
    near("weighted, low", range[0], 0.21324482068637327), near("weighted, high", range[1], 0.9977649781827805);
    CHECK(tfb_rank_test((float[]){3, 4, 5, 1, 2, 2.5f, 2.75f}, (double[]){1, 1, 1, 0, 0, 0, 0}, 7, &auc, &p, range) ==
              0,
          "memory");
    near("apart, low", range[0], 0.5396916671967271), near("apart, high", range[1], 1);
    CHECK(tfb_rank_test(same, one, 3, &auc, &p, range) == 0, "memory");
    near("tied, low", range[0], 0.0786180531858596), near("tied, high", range[1], 0.9213819468141404);
    tfb_auc_interval(0, NAN, 10, 20, range);
    near("none above, low", range[0], 0), near("none above, high", range[1], 0.15107864652600006);
    CHECK(tfb_rank_test(same, none, 3, &auc, &p, range) == 0 && isnan(range[0]) && isnan(range[1]),
          "no hits, no interval");
}

static void test_smallest_p(void)
{
    double auc, p;
    enum { LOW = 17000, MANY = 20000 };
    float *rising = malloc(MANY * sizeof *rising);
    double *last = calloc(MANY, sizeof *last);
    CHECK(rising && last, "memory");
    for (int i = 0; rising && last && i < MANY; i++) rising[i] = (float)i, last[i] = i >= LOW;
    CHECK(tfb_rank_test(rising, last, MANY, &auc, &p, NULL) == 0 && auc == 1 && p == DBL_MIN,
          "less than a double holds: %g", p);
    free(rising);
    free(last);
}

static void test_bh(void)
{
    const double ps[] = {.01, .04, .03, NAN, .5, .002, .04}, want[] = {.03, .048, .048, NAN, .5, .012, .048};
    double q[7];
    CHECK(tfb_bh(ps, 7, q) == 0, "memory");
    for (int i = 0; i < 7; i++)
        if (isnan(want[i]))
            CHECK(isnan(q[i]), "NaN is passed on");
        else
            near("q", q[i], want[i]);
}

int main(void)
{
    test_ranks();
    test_intervals();
    test_smallest_p();
    test_bh();
    return unit_failed;
}
