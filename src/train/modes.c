/* modes.c - motifs -> binding modes. In: a set of motifs. Out: a cluster number for each. Compares all pairs, which
 * takes seconds for a thousand motifs. */
#include "train/modes.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_OVERLAP = 5 };

/* The first position of q is aligned with position `at` of p, which may be negative. */
static double aligned(const float *p, int wp, const float *q, int wq, int at)
{
    int beg = at, end = at + wq, first = 0, last = wp; /* of the positions that both cover, and that one does */
    if (beg < 0) first = beg, beg = 0;
    if (end > wp) last = end, end = wp;
    int all = last - first;
    double pq = 0, pp = 0, qq = 0;
    for (int i = beg; i < end; i++)
        for (int c = 0; c < 4; c++) {
            double x = (double)p[4 * i + c] - 0.25, y = (double)q[4 * (i - at) + c] - 0.25;
            pq += x * y;
            pp += x * x;
            qq += y * y;
        }
    return pp > 0 && qq > 0 ? pq / sqrt(pp * qq) * (end - beg) / all : 0;
}

double tfb_modes_similarity(const float *p, int wp, const float *q, int wq)
{
    float rc[4 * TFB_MOTIF_MAX];
    int least = wp < wq ? wp : wq;
    double best = -1;
    if (least > MIN_OVERLAP) least = MIN_OVERLAP;
    for (int i = 0; i < 4 * wq; i++)
        rc[i] = q[4 * wq - 1 - i]; /* reverse strand: both the positions and A C G T are reversed */
    for (int at = least - wq; at <= wp - least; at++) {
        double x = aligned(p, wp, q, wq, at), y = aligned(p, wp, rc, wq, at);
        if (x > best) best = x;
        if (y > best) best = y;
    }
    return best;
}

static int root(int *up, int i)
{
    while (up[i] != i) i = up[i] = up[up[i]];
    return i;
}

/* Returns the cluster most similar to i; prefer wins ties. -1 if i is the only cluster left. */
static int nearest(const float *sim, const uint8_t *gone, int n, int i, int prefer)
{
    int best = prefer;
    for (int k = 0; k < n; k++)
        if (k != i && !gone[k] && (best < 0 || sim[(size_t)i * n + k] > sim[(size_t)i * n + best])) best = k;
    return best;
}

/* Average linkage by chains of nearest neighbours. Two clusters that are each other's nearest neighbour are merged at
 * once, because no later merge can come between them. A merge below the cut counts in the averages, but does not join
 * modes. */
static void link_clusters(float *sim, int n, double cut, int *up, int *size, uint8_t *gone, int *chain)
{
    int left = n, len = 0;
    while (left > 1) {
        if (!len) {
            int i = 0;
            while (gone[i]) i++;
            chain[len++] = i;
        }
        int a = chain[len - 1], before = len > 1 ? chain[len - 2] : -1, b = nearest(sim, gone, n, a, before);
        if (b != before) {
            chain[len++] = b;
            continue;
        }
        len -= 2;
        if ((double)sim[(size_t)a * n + b] >= cut) up[root(up, b)] = root(up, a);
        for (int k = 0; k < n; k++) {
            if (gone[k] || k == a || k == b) continue;
            float *x = &sim[(size_t)a * n + k];
            *x = sim[(size_t)k * n + a] =
                (float)(((double)*x * size[a] + (double)sim[(size_t)b * n + k] * size[b]) / (size[a] + size[b]));
        }
        size[a] += size[b];
        gone[b] = 1;
        left--;
    }
}

int tfb_modes_cluster(const tfb_motifs_t *s, double cut, int *mode)
{
    int n = s->n, n_modes = -1, *up = NULL, *size = NULL, *chain = NULL;
    float *sim = NULL;
    uint8_t *gone = NULL;
    if (n > TFB_MODES_MOTIFS_MAX) {
        tfb_error("%d motifs are too many: at most %d can be clustered", n, TFB_MODES_MOTIFS_MAX);
        return -1;
    }
    up = tfb_alloc((size_t)n, sizeof *up, "binding modes");
    size = tfb_alloc((size_t)n, sizeof *size, "binding modes");
    chain = tfb_alloc((size_t)n, sizeof *chain, "binding modes");
    gone = tfb_alloc((size_t)n, 1, "binding modes");
    sim = tfb_alloc((size_t)n * (size_t)n, sizeof *sim, "similarities of motifs");
    if (!up || !size || !chain || !gone || !sim) goto done;
    for (int i = 0; i < n; i++) {
        up[i] = i;
        size[i] = 1;
        for (int k = 0; k < i; k++)
            sim[(size_t)i * n + k] = sim[(size_t)k * n + i] =
                (float)tfb_modes_similarity(s->motif[i].p, s->motif[i].w, s->motif[k].p, s->motif[k].w);
    }
    link_clusters(sim, n, cut, up, size, gone, chain);
    n_modes = 0;
    for (int i = 0; i < n; i++) {
        int k = 0;
        while (k < i && root(up, k) != root(up, i)) k++;
        mode[i] = k < i ? mode[k] : n_modes++;
    }
done:
    free(up);
    free(size);
    free(chain);
    free(gone);
    free(sim);
    return n_modes;
}
