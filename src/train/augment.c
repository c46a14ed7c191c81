/* augment.c - random changes to windows. In: base codes, a key. Out: base codes, noise. */
#include "train/augment.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1000 };
static const double LOUDEST = 10; /* noise */

static int set(tfb_augment_t *a, const char *name, const char *value)
{
    char *end;
    double v = strtod(value, &end);
    if (!*value || *end || !(v >= 0)) return -1;
    int whole = (int)(v <= LONGEST ? v : LONGEST + 1);
    if (strcmp(name, "mutate") == 0) {
        a->mutate = v;
        return v <= 1 ? 0 : -1;
    }
    if (strcmp(name, "noise") == 0) {
        a->noise = v;
        return v <= LOUDEST ? 0 : -1;
    }
    if (whole != v || whole > LONGEST) return -1;
    if (strcmp(name, "shift") == 0)
        a->shift = whole;
    else if (strcmp(name, "insert") == 0)
        a->insert = whole;
    else if (strcmp(name, "delete") == 0)
        a->delete = whole;
    else
        return -1;
    return 0;
}

int tfb_augment_parse(const char *text, tfb_augment_t *a)
{
    int n = 0, bad = 0;
    *a = (tfb_augment_t){0};
    char **part = tfb_split(text, ',', &n);
    for (int i = 0; part && i < n && !bad; i++) {
        char *eq = strchr(part[i], '=');
        if (eq) *eq = 0;
        bad = !eq || set(a, part[i], eq + 1) < 0;
        if (bad)
            tfb_error(
                "--augment %s: expected shift=BASES, mutate=SHARE, insert=BASES, delete=BASES (up to %d bases) or "
                "noise=DEVIATION (up to %g)",
                text, LONGEST, LOUDEST);
    }
    tfb_strv_free(part);
    return !part || bad ? -1 : 0;
}

static uint8_t any_base(tfb_rng_t *r) { return (uint8_t)(tfb_rng_next(r) >> 62); }

static void fill(tfb_rng_t *r, uint8_t *code, int n)
{
    for (int i = 0; i < n; i++) code[i] = any_base(r);
}

/* Replaces code[at, at + gone) by n random bases. The middle of the result stays in the middle of the window: both ends
 * are cut if the result is too long, or filled with random bases if it is too short. */
static void splice(tfb_rng_t *r, uint8_t *code, int W, int at, int gone, int n, uint8_t *spare)
{
    int longer = n - gone, left = longer / 2; /* cut off on the left; negative: added */
    memcpy(spare, code, (size_t)at);
    fill(r, spare + at, n);
    memcpy(spare + at + n, code + at + gone, (size_t)(W - at - gone));
    int have = W + longer;
    if (longer >= 0) {
        memcpy(code, spare + left, (size_t)W);
        return;
    }
    fill(r, code, -left);
    memcpy(code - left, spare, (size_t)have);
    fill(r, code - left + have, W - have + left);
}

void tfb_augment(const tfb_augment_t *a, uint64_t key, uint8_t *code, int W, uint8_t *spare)
{
    tfb_rng_t r;
    tfb_rng_seed(&r, key);
    int which = (int)(tfb_rng_next(&r) >> 60); /* four bits, one for each change */
    if (a->delete &&which & 1) {
        int n = (int)tfb_rng_below(&r, (uint64_t)(a->delete < W ? a->delete : W) + 1);
        splice(&r, code, W, (int)tfb_rng_below(&r, (uint64_t)(W - n) + 1), n, 0, spare);
    }
    if (a->insert && which & 2) {
        int n = (int)tfb_rng_below(&r, (uint64_t)(a->insert < W ? a->insert : W) + 1);
        splice(&r, code, W, (int)tfb_rng_below(&r, (uint64_t)W + 1), 0, n, spare);
    }
    if (a->shift && which & 4) {
        int most = a->shift < W ? a->shift : W, by = (int)tfb_rng_below(&r, 2 * (uint64_t)most + 1) - most;
        memmove(code + (by > 0 ? by : 0), code + (by < 0 ? -by : 0), (size_t)(W - abs(by)));
        fill(&r, by > 0 ? code : code + W + by, abs(by));
    }
    if (a->mutate > 0 && which & 8)
        for (int i = 0; i < W; i++)
            if (tfb_rng_unit(&r) < a->mutate) code[i] = any_base(&r);
}

int tfb_augment_noise(const tfb_augment_t *a, uint64_t key, float *x, size_t n)
{
    tfb_rng_t r;
    tfb_rng_seed(&r, key + 0x6e6f6973); /* "nois": the other changes are the same with and without it */
    if (!(a->noise > 0) || tfb_rng_next(&r) >> 63) return 0;
    for (size_t i = 0; i < n; i += 2) { /* Box and Muller: two at a time */
        double radius = a->noise * sqrt(-2 * log(1 - tfb_rng_unit(&r))), angle = 2 * M_PI * tfb_rng_unit(&r);
        x[i] = (float)(radius * cos(angle));
        if (i + 1 < n) x[i + 1] = (float)(radius * sin(angle));
    }
    return 1;
}
