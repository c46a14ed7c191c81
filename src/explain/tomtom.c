/* tomtom.c - motif against database. In: a query (w, 4).  Out: p- and q-value, offset and strand for every motif of the
 * database. */
#include "explain/tomtom.h"
#include "util/sort.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 100 }; /* steps in the range of column scores: Tomtom's resolution */

struct tfb_tomtom_t {
    const tfb_motifs_t *db;
    int n_cols;  /* columns of both strands */
    float *col;  /* (n_cols, 4): each motif, then its reverse complement */
    int *beg;    /* (n): first column of each motif */
    int w_max;   /* of the database */
    int *widths; /* distinct widths, n_widths */
    int n_widths;
};

tfb_tomtom_t *tfb_tomtom_create(const tfb_motifs_t *db)
{
    tfb_tomtom_t *t = calloc(1, sizeof *t);
    if (!t) goto memory;
    t->db = db;
    for (int i = 0; i < db->n; i++) {
        t->n_cols += 2 * db->motif[i].w;
        if (db->motif[i].w > t->w_max) t->w_max = db->motif[i].w;
    }
    t->col = malloc(((size_t)t->n_cols * 4 + 1) * sizeof *t->col);
    t->beg = malloc(((size_t)db->n + 1) * sizeof *t->beg);
    t->widths = malloc(((size_t)t->w_max + 1) * sizeof *t->widths);
    if (!t->col || !t->beg || !t->widths) goto memory;
    float *c = t->col;
    for (int i = 0; i < db->n; i++) {
        const tfb_motif_t *m = &db->motif[i];
        t->beg[i] = (int)((c - t->col) / 4);
        memcpy(c, m->p, (size_t)m->w * 4 * sizeof *c);
        c += 4 * m->w;
        for (int k = 0; k < 4 * m->w; k++)
            c[k] = m->p[4 * m->w - 1 - k]; /* reversing the whole block also exchanges A with T, C with G */
        c += 4 * m->w;
    }
    for (int w = 1; w <= t->w_max; w++)
        for (int i = 0; i < db->n; i++)
            if (db->motif[i].w == w) {
                t->widths[t->n_widths++] = w;
                break;
            }
    return t;
memory:
    tfb_error("not enough memory for the motif database");
    tfb_tomtom_destroy(t);
    return NULL;
}

void tfb_tomtom_destroy(tfb_tomtom_t *t)
{
    if (!t) return;
    free(t->col);
    free(t->beg);
    free(t->widths);
    free(t);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    tfb_sort(v, (size_t)n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

typedef struct {
    int w, lo, hi;     /* width of the query; least and greatest column score */
    int16_t *score;    /* (w, n_cols), the median at 0 */
    double *pmf;       /* (w, hi - lo + 1) */
    double *below;     /* for each stretch [i, j) of the query: log P(sum < s), s from (j - i) * lo */
    int n;             /* w * (hi - lo) + 1 sums */
    double *log_below; /* per width of a target (w_max + 1, n): log P(no alignment scores s or more) */
} query_t;

static int column_scores(const tfb_tomtom_t *t, const float *p, query_t *q)
{
    int n = t->n_cols, w = q->w;
    double *d = malloc((size_t)n * (size_t)w * sizeof *d), *sorted = malloc((size_t)n * sizeof *sorted), lo = INFINITY,
           hi = -INFINITY;
    if (!d || !sorted || !(q->score = malloc((size_t)n * (size_t)w * sizeof *q->score))) {
        free(d);
        free(sorted);
        return -1;
    }
    for (int i = 0; i < w; i++) {
        double *row = d + (size_t)i * n;
        for (int k = 0; k < n; k++) {
            double s = 0;
            for (int c = 0; c < 4; c++)
                s += (double)(p[4 * i + c] - t->col[4 * k + c]) * (p[4 * i + c] - t->col[4 * k + c]);
            row[k] = -sqrt(s);
        }
        memcpy(sorted, row, (size_t)n * sizeof *sorted);
        double m = median(sorted, n);
        for (int k = 0; k < n; k++) {
            row[k] -= m;
            if (row[k] < lo) lo = row[k];
            if (row[k] > hi) hi = row[k];
        }
    }
    double scale = hi > lo ? STEPS / (hi - lo) : 1;
    q->lo = (int)lround(lo * scale);
    q->hi = (int)lround(hi * scale);
    for (size_t k = 0; k < (size_t)n * w; k++) q->score[k] = (int16_t)lround(d[k] * scale);
    free(d);
    free(sorted);
    return 0;
}

static double *stretch(const query_t *q, int i, int j)
{
    return q->below + ((size_t)i * q->w + (size_t)(j - 1)) * q->n;
}

/* Computes the distributions of the sums over every stretch of the query: convolves column by column, then
 * sums from the top, so that small tails stay exact. */
static int distributions(const tfb_tomtom_t *t, query_t *q)
{
    int w = q->w, m = q->hi - q->lo + 1, n = q->n = w * (m - 1) + 1;
    q->pmf = calloc((size_t)w * m, sizeof *q->pmf);
    q->below = calloc((size_t)w * w * n, sizeof *q->below);
    if (!q->pmf || !q->below) return -1;
    for (int i = 0; i < w; i++) {
        double *f = q->pmf + (size_t)i * m;
        for (int k = 0; k < t->n_cols; k++) f[q->score[(size_t)i * t->n_cols + k] - q->lo]++;
        for (int k = 0; k < m; k++) f[k] /= t->n_cols;
    }
    for (int i = 0; i < w; i++) {
        memcpy(stretch(q, i, i + 1), q->pmf + (size_t)i * m, (size_t)m * sizeof(double));
        for (int j = i + 2; j <= w; j++) { /* its sums run from (j - i) * lo */
            const double *a = stretch(q, i, j - 1), *f = q->pmf + (size_t)(j - 1) * m;
            double *b = stretch(q, i, j);
            int len = (j - i - 1) * (m - 1) + 1;
            for (int k = 0; k < m; k++)
                for (int s = 0; f[k] > 0 && s < len; s++) b[s + k] += a[s] * f[k];
        }
    }
    for (int i = 0; i < w; i++)
        for (int j = i + 1; j <= w; j++) {
            double *b = stretch(q, i, j), sum = 0;
            for (int s = (j - i) * (m - 1); s >= 0; s--) {
                sum += b[s];
                b[s] = sum < 1 ? log1p(-sum) : -INFINITY;
            }
        }
    return 0;
}

/* Returns log P(sum over [i, j) < s). Columns outside count as 0, their median. */
static double log_below(const query_t *q, int i, int j, int s)
{
    int k = s - (j - i) * q->lo;
    if (k <= 0) return -INFINITY;
    if (k > (j - i) * (q->hi - q->lo)) return 0;
    return stretch(q, i, j)[k];
}

static int combine(const tfb_tomtom_t *t, query_t *q)
{
    if (!(q->log_below = malloc(((size_t)t->w_max + 1) * q->n * sizeof *q->log_below))) return -1;
    for (int x = 0; x < t->n_widths; x++) {
        int v = t->widths[x];
        double *row = q->log_below + (size_t)v * q->n;
        for (int k = 0; k < q->n; k++) {
            double sum = 0;
            for (int o = 1 - v; o < q->w && sum > -INFINITY; o++) {
                int beg = o > 0 ? o : 0, end = o + v;
                if (end > q->w) end = q->w;
                sum += log_below(q, beg, end, k + q->w * q->lo);
            }
            row[k] = sum;
        }
    }
    return 0;
}

int tfb_tomtom_query(const tfb_tomtom_t *t, const float *p, int w, tfb_likeness_t *match)
{
    query_t q = {.w = w};
    int ret = -1, n_db = t->db->n;
    double(*order)[2] = malloc(((size_t)n_db + 1) * sizeof *order);
    if (!order || column_scores(t, p, &q) < 0 || distributions(t, &q) < 0 || combine(t, &q) < 0) {
        tfb_error("not enough memory to compare a motif of %d positions", w);
        goto done;
    }
    for (int i = 0; i < n_db; i++) {
        int v = t->db->motif[i].w, best = INT32_MIN;
        for (int rev = 0; rev < 2; rev++)
            for (int o = 1 - v; o < w; o++) {
                int b = o > 0 ? o : 0, e = o + v, s = 0;
                if (e > w) e = w;
                const int16_t *score = q.score + t->beg[i] + (rev ? v : 0) - o;
                for (int k = b; k < e; k++) s += score[(ptrdiff_t)k * t->n_cols + k];
                if (s > best) {
                    best = s;
                    match[i] = (tfb_likeness_t){.score = s, .offset = o, .overlap = e - b, .rev = rev};
                }
            }
        double one = -expm1(q.log_below[(size_t)v * q.n + (best - w * q.lo)]);
        match[i].p = one * (2 - one); /* 1 - (1 - one)^2: either strand */
        order[i][0] = match[i].p;
        order[i][1] = i;
    }
    tfb_sort(order, (size_t)n_db, sizeof *order, by_value);
    double least = 1;
    for (int i = n_db - 1; i >= 0; i--) {
        double v = order[i][0] * n_db / (i + 1);
        if (v < least) least = v;
        match[(int)order[i][1]].q = least;
    }
    ret = 0;
done:
    free(order);
    free(q.score);
    free(q.pmf);
    free(q.below);
    free(q.log_below);
    return ret;
}
