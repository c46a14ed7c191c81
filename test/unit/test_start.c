/* test_start.c - filters that start as motifs: log odds in the middle, both orientations, families once, the rest
 * untouched. */
#include "train/start.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { K = 5, F = 4 };

static float weight(const tfb_net_t *n, int f, int k, int c) { return n->param[(size_t)(k * 4 + c) * F + (size_t)f]; }

/* p (w, 4): `word` with probability 0.94 at each position */
static void add(tfb_motifs_t *s, const char *name, const char *word)
{
    float p[4 * 16];
    int w = (int)strlen(word);
    for (int i = 0; i < w; i++)
        for (int c = 0; c < 4; c++) p[4 * i + c] = "ACGT"[c] == word[i] ? 0.94f : 0.02f;
    if (!tfb_motifs_add(s, name, name, p, w, 20)) abort();
}

static tfb_net_t *net(void)
{
    char err[200];
    tfb_net_t *n = tfb_net_parse("conv 4 5; relu; dense 2", 10, err, sizeof err);
    CHECK(n != NULL, "%s", err);
    return n; /* of zeros: what stays 0 was left alone */
}

static int is_zero(const tfb_net_t *n, int f)
{
    int zero = 1;
    for (int k = 0; k < K; k++)
        for (int c = 0; c < 4; c++) zero &= weight(n, f, k, c) == 0;
    return zero;
}

int main(void)
{
    char *targets[] = {"AAA1", "pal", "none", "TWIN"};
    tfb_motifs_t *s = tfb_motifs_create();
    tfb_log_level(0);
    add(s, "AAA1", "ACC"); /* 3 of 5 positions */
    add(s, "PAL", "ACGT"); /* its own reverse complement */
    add(s, "TWIN", "ACC"); /* as AAA1 */
    add(s, "OTHER", "GATTACA");
    tfb_net_t *n = net();
    int set = tfb_start_motifs(n, targets, 4, s);
    CHECK(set == 3, "%d filters for ACC, GGT and ACGT", set);
    CHECK(is_zero(n, 3), "a filter without a motif was changed");
    /* ACC in the middle: log odds log2((0.94 + 0.01) / 1.04 / 0.25) of its letters, the same ratio to the others
     * everywhere */
    float hit = log2f(0.95f / 1.04f / 0.25f), miss = log2f(0.03f / 1.04f / 0.25f),
          norm = 1.8f / sqrtf(3 * hit * hit + 9 * miss * miss);
    for (int k = 0; k < K; k++)
        for (int c = 0; c < 4; c++) {
            int i = k - 1; /* (5 - 3) / 2 */
            float want = i < 0 || i > 2 ? 0 : "ACGT"[c] == "ACC"[i] ? hit * norm : miss * norm;
            CHECK(fabsf(weight(n, 0, k, c) - want) < 1e-5f, "filter 0, position %d, base %d: %g, not %g", k, c,
                  (double)weight(n, 0, k, c), (double)want);
        }
    /* GGT is there as the reverse complement of ACC, in filter 1 or 2 */
    int f = weight(n, 1, 1, 2) > 0 && weight(n, 1, 2, 2) > 0 && weight(n, 1, 3, 3) > 0 ? 1 : 2;
    for (int k = 0; k < K; k++)
        for (int c = 0; c < 4; c++)
            CHECK(fabsf(weight(n, f, k, c) - weight(n, 0, K - 1 - k, 3 - c)) < 1e-5f,
                  "filter %d is not the reverse complement of filter 0", f);
    /* a motif longer than the filter: the stretch with most information */
    tfb_net_t *l = net();
    float p[4 * 7];
    for (int i = 0; i < 28; i++) p[i] = 0.25f;
    for (int i = 2; i < 7; i++)
        for (int c = 0; c < 4; c++) p[4 * i + c] = c == 3 ? 0.94f : 0.02f;
    char *longer[] = {"LONG"};
    if (!tfb_motifs_add(s, "LONG", "LONG", p, 7, 20)) abort();
    CHECK(tfb_start_motifs(l, longer, 1, s) == 2, "two orientations of a poly-T");
    for (int k = 0; k < K; k++) CHECK(weight(l, 0, k, 3) > 0, "position %d of the informative stretch", k);
    char *unknown[] = {"NOBODY"};
    CHECK(tfb_start_motifs(l, unknown, 1, s) == -1, "a target without a motif");
    tfb_net_destroy(n);
    tfb_net_destroy(l);
    tfb_motifs_destroy(s);
    return unit_failed;
}
