/* test_sample.c - draws by --task-balance: weights by the formula, and TFs met bound as often as they say. */
#include "train/sample.h"
#include "unit.h"
#include <math.h>
#include <string.h>

/* Regions: TF 0 binds 4 of 5, TF 1 100, TF 2 5; every tenth is bound by none. */
enum { N = 3000, T = 3, STRIDE = 1, EPOCHS = 400 };
static uint8_t lab[N * STRIDE], part[N];
static double bound[T];
static tfb_examples_t ex = {.n_targets = T, .n = N, .lab_stride = STRIDE, .lab = lab};

static void label(int i, int t, int v) { lab[i] = (uint8_t)((lab[i] & ~(3 << (2 * t))) | v << (2 * t)); }

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        part[i] = (uint8_t)(i % 7 == 6 ? TFB_VALID : TFB_TRAIN);
        if (i % 10 == 3) continue;
        label(i, 0, i % 5 < 4 ? TFB_BOUND : TFB_NULL);
        label(i, 1, i % 30 == 4 ? TFB_BOUND : TFB_UNBOUND);
        label(i, 2, i % 600 == 1 ? TFB_BOUND : TFB_UNBOUND);
    }
    for (int i = 0; i < N; i++)
        for (int t = 0; t < T; t++) bound[t] += part[i] == TFB_TRAIN && tfb_examples_label(&ex, i, t) == TFB_BOUND;
}

static void check_weights(const double *w, double balance)
{
    double sum = 0, scale = 0;
    int k = 0, n = 0;
    for (int i = 0; i < N; i++) {
        if (part[i] != TFB_TRAIN) continue;
        double want = 0;
        for (int t = 0; t < T; t++)
            if (tfb_examples_label(&ex, i, t) == TFB_BOUND)
                want = fmax(want, pow(1 / fmax(bound[t], TFB_SAMPLE_FEW), balance));
        if (want > 0) {
            sum += w[k];
            n++;
            if (scale == 0) scale = w[k] / want;
            CHECK(fabs(w[k] - scale * want) < 1e-9, "balance %g: example %d weighs %g", balance, i, w[k]);
        } else
            CHECK(w[k] == 1, "balance %g: example %d, bound by none, weighs %g", balance, i, w[k]);
        k++;
    }
    CHECK(fabs(sum - n) < 1e-6, "balance %g: %d bound examples weigh %g", balance, n, sum);
}

/* Draws EPOCHS times. Sets met (T) to how often a TF is met bound in an epoch, on average. */
static void draw(const double *w, int strands, double met[T])
{
    static tfb_item_t all[2 * N], item[2 * N], again[2 * N];
    static int times[2 * N];
    size_t n = tfb_batch_items(&ex, part, TFB_TRAIN, strands, all);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += w[i / (size_t)strands];
    memset(met, 0, T * sizeof *met);
    for (int e = 0; e < EPOCHS; e++) {
        tfb_rng_t r, same;
        tfb_rng_seed(&r, (uint64_t)e);
        same = r;
        tfb_sample(&r, w, strands, all, n, item);
        tfb_sample(&same, w, strands, all, n, again);
        CHECK(memcmp(item, again, n * sizeof *item) == 0, "epoch %d: two orders from a seed", e);
        memset(times, 0, sizeof times);
        for (size_t i = 0; i < n; i++) {
            times[item[i]]++;
            for (int t = 0; t < T; t++) met[t] += tfb_examples_label(&ex, item[i] >> 1, t) == TFB_BOUND;
        }
        for (size_t i = 0; i < n; i++) {
            double want = w[i / (size_t)strands] * (double)n / sum;
            CHECK(fabs(times[all[i]] - want) < 1, "epoch %d: item %zu is drawn %d times, not %g", e, i, times[all[i]],
                  want);
        }
    }
    for (int t = 0; t < T; t++) met[t] /= (double)EPOCHS * strands;
}

int main(void)
{
    double met[T], before[T] = {0};
    fill();
    for (int strands = 1; strands < 3; strands++) {
        for (double balance = 0; balance <= 1; balance += 0.5) {
            double *w = tfb_sample_weights(&ex, part, balance);
            CHECK(w, "no weights");
            check_weights(w, balance);
            draw(w, strands, met);
            if (balance == 0) /* all weigh the same: every example once */
                for (int t = 0; t < T; t++) CHECK(met[t] == bound[t], "balance 0: TF %d is met %g times", t, met[t]);
            else
                CHECK(met[1] > before[1] * 1.5 && met[2] > before[2] * 1.5 && met[0] < before[0],
                      "balance %g: met %g %g %g times, %g %g %g before", balance, met[0], met[1], met[2], before[0],
                      before[1], before[2]);
            if (balance == 1) { /* TF 1 has 86 regions of its own, of which the formula gives each 1 / 86 */
                double sum = 0, own = 0;
                int k = 0;
                for (int i = 0; i < N; i++) {
                    if (part[i] != TFB_TRAIN) continue;
                    own += tfb_examples_label(&ex, i, 1) == TFB_BOUND ? w[k] : 0;
                    sum += w[k++];
                }
                CHECK(fabs(met[1] - own / sum * k) < 0.02 * met[1], "TF 1 is met %g times, not %g", met[1],
                      own / sum * k);
                CHECK(met[1] > 0.3 * met[0], "TF 1 is met %g times, the common one %g", met[1], met[0]);
            }
            memcpy(before, met, sizeof met);
            free(w);
        }
    }
    return unit_failed;
}
