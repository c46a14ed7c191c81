/* test_loss.c - the loss against its definition, with labels, teachers' probabilities and smoothing; its gradient
 * against differences. */
#include "train/loss.h"
#include "unit.h"
#include <math.h>

enum { B = 7, T = 3, N = B * T };

/* The definition, in double precision. */
static double entropy(double z, double y, double smooth)
{
    double p = 1 / (1 + exp(-z));
    y = (1 - smooth) * y + smooth / 2;
    return -(y * log(p) + (1 - y) * log(1 - p));
}

static double expected(const tfb_labelled_t *l, const float *z)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double w = l->weight ? (double)l->weight[i % T] : 1, hard = l->soft ? l->hard : 1;
        if (l->label[i] != TFB_NULL) sum += w * hard * entropy((double)z[i], l->label[i] == TFB_BOUND, l->smooth);
        if (l->soft) sum += w * (1 - hard) * entropy((double)z[i], (double)l->soft[i], l->smooth);
    }
    return sum;
}

static void check(const char *name, const tfb_labelled_t *l, float *z)
{
    float dz[N];
    double sum = tfb_loss_sum(l, z, 2, dz), want = expected(l, z);
    CHECK(fabs(sum - want) < 1e-5 * want, "%s: loss %.8g, expected %.8g", name, sum, want);
    for (int i = 0; i < N; i++) {
        float kept = z[i], step = 0.01f;
        z[i] = kept + step;
        double up = expected(l, z);
        z[i] = kept - step;
        double slope = (up - expected(l, z)) / (2 * (double)step) / 2;
        z[i] = kept;
        CHECK(fabs(slope - (double)dz[i]) < 1e-4, "%s: slope of logit %d is %.6f, expected %.6f", name, i,
              (double)dz[i], slope);
    }
}

int main(void)
{
    static const uint8_t kinds[] = {TFB_BOUND, TFB_UNBOUND, TFB_NULL};
    uint8_t label[N];
    float z[N], soft[N], weight[T] = {1, 0.5f, 3};
    for (int i = 0; i < N; i++) {
        label[i] = kinds[(i * 5 + i / 4) % 3];
        z[i] = (float)(i - N / 2) * 0.7f;
        soft[i] = (float)i / N;
    }
    for (int k = 0; k < 3; k++) {
        const double smooth = k * 0.1;
        check("labels", &(tfb_labelled_t){.label = label, .B = B, .T = T, .smooth = smooth}, z);
        check("weights", &(tfb_labelled_t){.label = label, .B = B, .T = T, .weight = weight, .smooth = smooth}, z);
        check("teachers",
              &(tfb_labelled_t){
                  .label = label, .B = B, .T = T, .weight = weight, .soft = soft, .hard = 0.3, .smooth = smooth},
              z);
    }
    return unit_failed;
}
