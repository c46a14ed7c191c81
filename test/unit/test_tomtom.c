/* test_tomtom.c - p-values against the enumeration of every way to draw columns, on databases small enough for it. */
#include "explain/tomtom.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

#define A   1, 0, 0, 0
#define C   0, 1, 0, 0
#define G   0, 0, 1, 0
#define T   0, 0, 0, 1
#define ANY .25f, .25f, .25f, .25f

static double col[64][4]; /* all columns, both strands */
static int n_col;

static double dist(const float *q, const double *t)
{
    double s = 0;
    for (int c = 0; c < 4; c++) s += (q[c] - t[c]) * (q[c] - t[c]);
    return -sqrt(s);
}

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(const float *q)
{
    double v[64];
    for (int k = 0; k < n_col; k++) v[k] = dist(q, col[k]);
    qsort(v, (size_t)n_col, sizeof *v, cmp);
    return n_col % 2 ? v[n_col / 2] : (v[n_col / 2 - 1] + v[n_col / 2]) / 2;
}

/* How many of the n_col^(e-b) draws of columns for query positions [b, e) score at least s, as a fraction. */
static double enumerate(const float *q, int b, int e, double s)
{
    long n = 1, hit = 0;
    double med[8];
    for (int i = b; i < e; i++) n *= n_col, med[i] = median_of(q + 4 * i);
    for (long k = 0; k < n; k++) {
        double sum = 0;
        long r = k;
        for (int i = b; i < e; i++, r /= n_col) sum += dist(q + 4 * i, col[r % n_col]) - med[i];
        hit += sum >= s - 1e-6;
    }
    return (double)hit / (double)n;
}

static void compare(const tfb_motifs_t *db, const float *q, int w, const char *what)
{
    tfb_likeness_t m[8];
    tfb_tomtom_t *t = tfb_tomtom_create(db);
    n_col = 0;
    for (int i = 0; i < db->n; i++)
        for (int rev = 0; rev < 2; rev++)
            for (int k = 0; k < db->motif[i].w; k++, n_col++)
                for (int c = 0; c < 4; c++)
                    col[n_col][c] =
                        rev ? db->motif[i].p[4 * (db->motif[i].w - 1 - k) + 3 - c] : db->motif[i].p[4 * k + c];
    CHECK(t && tfb_tomtom_query(t, q, w, m) == 0, "%s", what);
    for (int i = 0; i < db->n; i++) {
        int v = db->motif[i].w;
        double best = -1e9, below = 1;
        for (int rev = 0; rev < 2; rev++)
            for (int o = 1 - v; o < w; o++) {
                double s = 0;
                for (int k = 0; k < w; k++) {
                    int at = k - o;
                    double x[4];
                    if (at < 0 || at >= v) continue;
                    for (int c = 0; c < 4; c++)
                        x[c] = rev ? db->motif[i].p[4 * (v - 1 - at) + 3 - c] : db->motif[i].p[4 * at + c];
                    s += dist(q + 4 * k, x) - median_of(q + 4 * k);
                }
                if (s > best) best = s;
            }
        for (int o = 1 - v; o < w; o++) below *= 1 - enumerate(q, o > 0 ? o : 0, o + v < w ? o + v : w, best);
        double p = 1 - below * below;
        CHECK(fabs(m[i].p - p) < 1e-9, "%s, motif %d: p %.12g, enumerated %.12g (offset %d, strand %d)", what, i,
              m[i].p, p, m[i].offset, m[i].rev);
    }
    tfb_tomtom_destroy(t);
}

int main(void)
{
    tfb_motifs_t *db = tfb_motifs_create();
    const float m0[] = {A, C, G}, m1[] = {T, ANY}, m2[] = {G, G, A, ANY};
    tfb_motifs_add(db, "a", NULL, m0, 3, 20);
    tfb_motifs_add(db, "b", NULL, m1, 2, 20);
    tfb_motifs_add(db, "c", NULL, m2, 4, 20);
    const float q0[] = {A, C}, q1[] = {A, C, G}, q2[] = {T, C, C}, q3[] = {G}, q4[] = {C, ANY, T, A};
    compare(db, q0, 2, "AC");
    compare(db, q1, 3, "ACG");
    compare(db, q2, 3, "TCC");
    compare(db, q3, 1, "G");
    compare(db, q4, 4, "CNTA");
    /* offsets and strands: c is GGAN; TCC is its reverse complement's second to fourth column */
    tfb_likeness_t m[3];
    tfb_tomtom_t *t = tfb_tomtom_create(db);
    tfb_tomtom_query(t, q2, 3, m);
    CHECK(m[2].rev == 1 && m[2].offset == -1 && m[2].overlap == 3, "GGAN against TCC: strand %d, offset %d, overlap %d",
          m[2].rev, m[2].offset, m[2].overlap);
    tfb_tomtom_query(t, q1, 3, m);
    CHECK(m[0].rev == 0 && m[0].offset == 0 && m[0].overlap == 3, "ACG against itself");
    /* q-values by hand: Benjamini and Hochberg over three */
    double p[3] = {m[0].p, m[1].p, m[2].p}, s[3];
    memcpy(s, p, sizeof s);
    qsort(s, 3, sizeof *s, cmp);
    for (int i = 0; i < 3; i++) {
        int r = 0;
        while (s[r] != p[i]) r++;
        double q = 1;
        for (int k = 2; k >= r; k--) q = fmin(q, s[k] * 3 / (k + 1));
        CHECK(fabs(m[i].q - q) < 1e-12, "q of %d: %g, by hand %g", i, m[i].q, q);
    }
    /* a query without any information matches nothing */
    const float flat[] = {ANY, ANY, ANY, ANY};
    CHECK(tfb_tomtom_query(t, flat, 4, m) == 0 && m[0].p > 0.3, "no information: p %g", m[0].p);
    tfb_tomtom_destroy(t);
    tfb_motifs_destroy(db);
    return unit_failed;
}
