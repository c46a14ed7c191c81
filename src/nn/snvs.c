/* snvs.c - scores all SNVs of neighbouring positions. In: base codes of a stretch, starts of the windows around the
 * positions. Out: logits of each window and of its three SNVs.
 *
 * The first convolutions of the network, its links, are computed once for each base of the stretch: row o of a link is
 * the output that begins at base o, so row r of the window that begins at o is row o + r * S, with S the distance of
 * the window's rows. This needs no phases: a convolution over such rows is one whose taps lie S rows apart.
 *
 * An SNV changes a few rows of a window, always the same ones because it lies in the middle. In float32 a link adds to
 * the sums of the window what the changed inputs add to them (the kernel spread), for three SNVs at a time: they
 * change mostly the same channels, and half of the channels not at all. In low precision the rows are computed anew,
 * from the same rounded numbers as in infer.c. Soft maxima over a window are sums of exponentials: those of the rows
 * that do not change are added up once for all SNVs of the position. */
#include "kernels/kernels.h"
#include "nn/scoring.h"
#include <stdlib.h>
#include <string.h>

enum {
    SPAN = 1024, /* bases from the first to the last position of a block */
    ALLELES = 1 + TFB_SNVS,
    GROUP = 8,     /* positions whose SNVs the convolutions process together */
    GROUP_LOW = 4, /* the same in low precision, where activations need more of the cache */
    BATCH = 32,    /* positions for which the weights of the steps by block are read once: whole tiles */
    LINKS = 8,
    SOFT = 8
};
_Static_assert(BATCH *ALLELES <= TFB_ROWS, "a block has room for a batch");
_Static_assert(TFB_SNVS == TFB_SPREAD, "the kernel spread takes all SNVs of a position");
static const float MOST = 1e30f; /* larger sums of exponentials are computed again, from differences to the maximum */

/* A convolution that neighbouring windows share. */
typedef struct {
    int k; /* the step */
    const tfb_step_t *s;
    int S_in, S, reach; /* bases between rows of its input, between those of its output, and below a row of output */
    int b, e;           /* rows of a window that an SNV changes, on the current strand */
    int m;              /* their number, the larger of both strands */
    int gathered;       /* steps after the links read all its rows */
    float *pre, *y;     /* per base of the stretch: sums with bias (float32 products only), output */
    uint8_t *low;       /* y rounded, if it is read so */
    size_t row;         /* bytes of a rounded row */
    float *sum, *alt;   /* (GROUP, SNVS, rows, C): sums and outputs of SNVs */
    uint8_t *in;        /* (GROUP, SNVS, rows): their inputs in low precision */
} link_t;

/* A soft maximum over the rows of a link. */
typedef struct {
    int k, from; /* the step, the link */
    float r;
    float *e, *alt; /* exponentials of the link's y and alt */
} soft_t;

typedef struct tfb_snvs_s {
    int n_links, n_soft;
    link_t link[LINKS];
    soft_t soft[SOFT];
    int8_t soft_of[TFB_MAX_LAYERS]; /* per step: 1 + its soft maximum, or 0 */
    uint8_t *code, *pair;           /* the stretch on one strand */
    float *tmp;                     /* outputs before pooling */
    int32_t *channel;               /* what changes in the inputs of a link */
    float *change;
    tfb_spread_t *item;
    float *sums; /* (1 + ALLELES, C) */
} tfb_snvs_t;

/* A block's positions on one strand. */
typedef struct {
    const tfb_starts_t *j;
    const tfb_plan_t *p;
    tfb_work_t *w;
    tfb_snvs_t *v;
    int64_t i0, n, base, span;
    int rev;
} block_t;

/* The positions of a group: the first base of each window, and the codes of its SNVs. */
typedef struct {
    int n;
    int64_t o[GROUP];
    uint8_t to[GROUP][TFB_SNVS];
} group_t;

/* ---- what is shared ---- */

static int middle(const tfb_plan_t *p, int rev) { return rev ? p->W - 1 - p->W / 2 : p->W / 2; }

/* Sets the rows that an SNV changes. */
static void set_changed(tfb_snvs_t *v, const tfb_plan_t *p, int rev)
{
    int b = middle(p, rev), e = b + 1;
    for (int i = 0; i < v->n_links; i++) {
        link_t *l = &v->link[i];
        int ob = 0, oe = 0;
        if (b < e) tfb_step_reach(l->s, 0, b, e, &ob, &oe);
        l->b = b = ob;
        l->e = e = ob < oe ? oe : ob;
        if (e - b > l->m) l->m = e - b;
    }
}

static int link_of(const tfb_snvs_t *v, int k)
{
    for (int i = 0; i < v->n_links; i++)
        if (v->link[i].k == k) return i;
    return -1;
}

static int is_soft(const tfb_snvs_t *v, const tfb_step_t *s)
{
    if (s->op != TFB_STEP_ROWS || s->n_in != 1 || s->residual >= 0 || s->P != 1) return 0;
    if (s->bias || s->relu || s->act || s->scale) return 0;
    int from = link_of(v, s->in[0]);
    /* exponentials of numbers that are not negative cannot all vanish */
    return from >= 0 && v->link[from].s->relu && !v->link[from].s->scale && tfb_gpool_sharpness(s->layer) > 0;
}

/* Adds step k to the links. Returns 0, or -1 if it cannot be one. */
static int add_link(tfb_snvs_t *v, const tfb_plan_t *p, int k)
{
    const tfb_step_t *s = &p->step[k];
    link_t *l = &v->link[v->n_links];
    const link_t *before = v->n_links ? l - 1 : NULL;
    int n = v->n_links++;
    if (n == LINKS || !tfb_step_is_plain(s) || s->in[0] != (before ? before->k : TFB_BASES)) return -1;
    *l = (link_t){.k = k, .s = s, .S_in = before ? before->S : 1};
    l->S = l->S_in * s->P;
    l->reach = (before ? before->reach : 1) + (s->K - 1 + s->P - 1) * l->S_in;
    l->gathered = s->stride > 0;
    return 0;
}

/* Finds the links and the soft maxima. Returns 0, or -1 if the network does not begin so. */
static int find_links(tfb_snvs_t *v, const tfb_plan_t *p)
{
    for (int i = 0; i < p->n_window; i++)
        if (!p->step[p->window[i]].alone && add_link(v, p, p->window[i]) < 0) return -1;
    for (int i = 0; i < p->n_window; i++) {
        int k = p->window[i], from;
        const tfb_step_t *s = &p->step[k];
        if (!s->alone) continue;
        if (v->n_soft < SOFT && is_soft(v, s)) {
            v->soft[v->n_soft] = (soft_t){.k = k, .from = link_of(v, s->in[0]), .r = tfb_gpool_sharpness(s->layer)};
            v->soft_of[k] = (int8_t)++v->n_soft;
            continue;
        }
        for (int n = 0; n < s->n_in + (s->residual >= 0); n++)
            if ((from = link_of(v, n < s->n_in ? s->in[n] : s->residual)) >= 0) v->link[from].gathered = 1;
    }
    return v->n_links ? 0 : -1;
}

/* ---- memory ---- */

void tfb_snvs_free(tfb_snvs_t *v)
{
    if (!v) return;
    for (int i = 0; i < v->n_links && i < LINKS; i++) {
        link_t *l = &v->link[i];
        free(l->pre);
        free(l->y);
        free(l->low);
        free(l->sum);
        free(l->alt);
        free(l->in);
    }
    for (int i = 0; i < v->n_soft; i++) {
        free(v->soft[i].e);
        free(v->soft[i].alt);
    }
    free(v->code);
    free(v->pair);
    free(v->tmp);
    free(v->channel);
    free(v->change);
    free(v->item);
    free(v->sums);
    free(v);
}

/* Returns the bytes in which output rows of link i are rounded for their reader; 0 if they are not. */
static size_t rounded_row(const tfb_snvs_t *v, const tfb_plan_t *p, int i)
{
    const link_t *l = &v->link[i];
    int read = l->s->low_out || (i + 1 < v->n_links && v->link[i + 1].s->low);
    return read ? tfb_low_row(p->low, l->s->out.C) : 0;
}

/* Returns how many input rows m output rows read. */
static int rows_in(const tfb_step_t *s, int m) { return m * s->P + s->K - 1; }

static int link_init(tfb_snvs_t *v, const tfb_plan_t *p, int i)
{
    link_t *l = &v->link[i];
    size_t n = (size_t)p->W + SPAN, C = (size_t)l->s->out.C, m = GROUP * TFB_SNVS * (size_t)l->m;
    l->row = rounded_row(v, p, i);
    int product = i && !l->s->low;
    if (!(l->y = tfb_alloc(n * C, sizeof(float), "a stretch"))) return -1;
    if (l->row && !(l->low = tfb_alloc((n + TFB_LOW_TILE) * l->row, 1, "a stretch"))) return -1;
    if (product && !(l->pre = tfb_alloc(n * C, sizeof(float), "a stretch"))) return -1;
    if (product && !(l->sum = tfb_alloc(m * (size_t)l->s->P * C, sizeof(float), "SNVs"))) return -1;
    if (i && l->s->low) {
        size_t rows = GROUP * TFB_SNVS * (size_t)rows_in(l->s, l->m) + TFB_LOW_TILE;
        if (!(l->in = tfb_alloc(rows * v->link[i - 1].row, 1, "SNVs"))) return -1;
    }
    return (l->alt = tfb_alloc(m * C, sizeof(float), "SNVs")) ? 0 : -1;
}

static int soft_init(tfb_snvs_t *v, const tfb_plan_t *p, soft_t *a)
{
    const link_t *l = &v->link[a->from];
    size_t C = (size_t)l->s->out.C;
    a->e = tfb_alloc(((size_t)p->W + SPAN) * C, sizeof(float), "a stretch");
    a->alt = tfb_alloc(GROUP * TFB_SNVS * (size_t)l->m * C, sizeof(float), "SNVs");
    return a->e && a->alt ? 0 : -1;
}

/* Makes a thread's work space. Returns 0, or -1 if memory runs out (logged). */
static int work_init(const tfb_plan_t *p, tfb_work_t *w, const tfb_snvs_t *found)
{
    size_t span = (size_t)p->W + SPAN, most = 1, changes = 1, rows = 1;
    if (w->snvs) return 0;
    tfb_snvs_t *v = w->snvs = malloc(sizeof *v);
    if (!v) return -1;
    *v = *found;
    set_changed(v, p, 0);
    set_changed(v, p, 1);
    for (int i = 0; i < v->n_links; i++) {
        const link_t *l = &v->link[i];
        size_t C = (size_t)l->s->out.C, n = GROUP * (size_t)l->m;
        if (link_init(v, p, i) < 0) return -1;
        most = C > most ? C : most;
        changes = n * C > changes ? n * C : changes;
        rows = n > rows ? n : rows;
    }
    for (int i = 0; i < v->n_soft; i++)
        if (soft_init(v, p, &v->soft[i]) < 0) return -1;
    v->code = tfb_alloc(span, 1, "a stretch");
    v->pair = tfb_alloc(span, 1, "a stretch");
    v->tmp = tfb_alloc(span * most, sizeof(float), "a stretch");
    v->channel = tfb_alloc(changes, sizeof *v->channel, "SNVs");
    v->change = tfb_alloc(changes, TFB_SNVS * sizeof *v->change, "SNVs");
    v->item = tfb_alloc(2 * rows, sizeof *v->item, "SNVs");
    v->sums = tfb_alloc((1 + ALLELES) * most, sizeof *v->sums, "SNVs");
    return v->code && v->pair && v->tmp && v->channel && v->change && v->item && v->sums ? 0 : -1;
}

/* Packs the weights of the links in float32. Returns 0, or -1 if memory runs out (logged). */
static int pack_links(const tfb_snvs_t *v, tfb_plan_t *p)
{
    for (int i = 1; i < v->n_links; i++) {
        tfb_step_t *s = &p->step[v->link[i].k];
        int C = s->src.C, F = s->mid.C;
        size_t tap = tfb_packed_size(C, F);
        if (s->low || s->spread) continue;
        float *taps = tfb_alloc((size_t)s->K * tap, sizeof *taps, "weights");
        float *spread = tfb_alloc(tfb_spread_size(s->K, C, F), sizeof *spread, "weights");
        if (!taps || !spread) {
            free(taps);
            free(spread);
            return -1;
        }
        for (int t = 0; t < s->K; t++)
            tfb_kernels()->pack(C, F, s->w + (size_t)t * (size_t)C * (size_t)F, F, 1, taps + (size_t)t * tap);
        tfb_spread_pack(s->K, C, F, s->w, spread);
        s->taps = taps;
        s->spread = spread;
    }
    return 0;
}

/* ---- the stretch ---- */

static tfb_after_t after_of(const tfb_step_t *s)
{
    return (tfb_after_t){.relu = s->relu, .scale = s->scale, .shift = s->shift};
}

/* Computes n rows of a product of float32: the sums, and to y what follows them except pooling. */
static void stretch_float(const link_t *l, const float *x, int n, float *y)
{
    const tfb_kernels_t *k = tfb_kernels();
    const tfb_step_t *s = l->s;
    int C = s->src.C, F = s->mid.C;
    size_t tap = tfb_packed_size(C, F), apart = (size_t)l->S_in * (size_t)C;
    tfb_after_t after = after_of(s);
    for (int t = 0; t < s->K; t++)
        k->gemm(n, F, C, (tfb_rows_t){x + (size_t)t * apart, C}, s->taps + (size_t)t * tap, (tfb_rows_out_t){l->pre, F},
                t > 0);
    if (s->bias) k->finish(n, F, 1, l->pre, &(tfb_after_t){.bias = s->bias}, l->pre);
    k->finish(n, F, 1, l->pre, &after, y);
}

/* Does the same in low precision, without the sums. x: rounded rows of `row` bytes. */
static void stretch_low(const block_t *b, const link_t *l, const uint8_t *x, size_t row, int n, float *y)
{
    tfb_low_product_t q = *l->s->low;
    q.taps = l->s->K;
    q.lines = (int)(row / TFB_LOW_LINE);
    q.tap = l->S_in * (ptrdiff_t)row;
    q.P = 1;
    q.low = 0;
    q.ldy = l->s->mid.C * (ptrdiff_t)sizeof(float);
    b->p->low->product(&q, 1, &(tfb_low_run_t){.a = x, .y = y, .n = n});
}

/* Computes link i over the stretch. */
static void stretch_link(const block_t *b, int i)
{
    const tfb_kernels_t *k = tfb_kernels();
    const link_t *l = &b->v->link[i], *before = i ? l - 1 : NULL;
    const tfb_step_t *s = l->s;
    int n = (int)b->span - l->reach + 1, m = n + (s->P - 1) * l->S_in, F = s->mid.C;
    float *y = s->P > 1 ? b->v->tmp : l->y;
    tfb_after_t after = after_of(s);
    after.bias = s->bias;
    if (!i)
        k->lookup2(m, 1, F, (s->K + 1) / 2, b->v->pair, s->packed, &after, y);
    else if (s->low)
        stretch_low(b, l, before->low, before->row, m, y);
    else
        stretch_float(l, before->y, m, y);
    if (s->P > 1) k->max_along((size_t)n * (size_t)F, s->P, (size_t)l->S_in * (size_t)F, y, l->y);
    for (int a = 0; a < b->v->n_soft; a++)
        if (b->v->soft[a].from == i) k->exps((size_t)n * (size_t)F, b->v->soft[a].r, l->y, b->v->soft[a].e);
}

/* Returns the number by which output rows of link i are multiplied when they are rounded. */
static float rounded_per(const tfb_snvs_t *v, int i)
{
    const tfb_step_t *s = v->link[i].s;
    return s->low_out ? 1 / s->low_step : v->link[i + 1].s->low_per;
}

static void stretch(const block_t *b)
{
    for (int i = 0; i < b->v->n_links; i++) {
        const link_t *l = &b->v->link[i];
        int n = (int)b->span - l->reach + 1, C = l->s->out.C;
        stretch_link(b, i);
        if (l->low) b->p->low->narrow(n, C, l->y, C, rounded_per(b->v, i), l->low, (ptrdiff_t)l->row);
    }
}

/* ---- rows that SNVs change ---- */

static float *alt_of(const link_t *l, int g, int a)
{
    return l->alt + (size_t)((g * TFB_SNVS + a) * (l->e - l->b)) * (size_t)l->s->out.C;
}

/* Returns row r of the window that begins at o. */
static const float *row_of(const link_t *l, int64_t o, int r)
{
    return l->y + (size_t)(o + (int64_t)r * l->S) * (size_t)l->s->out.C;
}

/* Computes the changed rows of the first link. */
static void alt_first(const block_t *b, const group_t *g)
{
    const link_t *l = &b->v->link[0];
    const tfb_step_t *s = l->s;
    int from = l->b * s->P, n = (l->e - l->b) * s->P + s->K, q = middle(b->p, b->rev);
    tfb_after_t after = after_of(s);
    after.bias = s->bias;
    for (int i = 0; i < g->n; i++) {
        uint8_t *pair = b->v->pair + g->o[i] + q, *code = b->v->code + g->o[i] + q;
        uint8_t kept = pair[0], kept_before = q ? pair[-1] : 0;
        for (int a = 0; a < TFB_SNVS; a++) { /* the pairs are changed in place, and restored */
            pair[0] = (uint8_t)(kept + 5 * (g->to[i][a] - *code));
            if (q) pair[-1] = (uint8_t)(kept_before + g->to[i][a] - *code);
            if (n > s->K)
                tfb_kernels()->lookup2(l->e - l->b, s->P, s->mid.C, (s->K + 1) / 2, b->v->pair + g->o[i] + from,
                                       s->packed, &after, alt_of(l, i, a));
        }
        pair[0] = kept;
        if (q) pair[-1] = kept_before;
    }
}

/* Copies the sums of product i for position k of the group, once for each SNV. Returns those of the first. */
static float *copy_sums(const link_t *l, int64_t o, int k)
{
    const tfb_step_t *s = l->s;
    int rows = (l->e - l->b) * s->P;
    size_t F = (size_t)s->mid.C, apart = (size_t)l->S_in * F, size = (size_t)rows * F;
    float *sum = l->sum + (size_t)k * TFB_SNVS * size;
    const float *pre = l->pre + (size_t)o * F + (size_t)(l->b * s->P) * apart;
    for (int a = 0; a < TFB_SNVS; a++)
        for (int r = 0; r < rows; r++)
            memcpy(sum + (size_t)a * size + (size_t)r * F, pre + (size_t)r * apart, F * sizeof *sum);
    return sum;
}

/* Splits an item at channel c: *to gets the channels from c on. */
static void split_item(tfb_spread_t *item, int c, tfb_spread_t *to)
{
    int n = 0;
    while (n < item->n && item->channel[n] < c) n++;
    *to = *item;
    to->n -= n;
    to->channel += n;
    to->change += n;
    item->n = n;
}

/* Computes the changed rows of a float32 product. */
static void alt_float(const block_t *b, const group_t *g, int i)
{
    const link_t *l = &b->v->link[i], *before = l - 1;
    const tfb_step_t *s = l->s;
    int C = s->src.C, F = s->mid.C, first = l->b * s->P, rows = (l->e - l->b) * s->P, n = 0;
    tfb_spread_t *item = b->v->item;
    ptrdiff_t row = (ptrdiff_t)C, sequence = (before->e - before->b) * row;
    if (!rows) return;
    for (int k = 0; k < g->n; k++) {
        float *sum = copy_sums(l, g->o[k], k);
        for (int r = before->b; r < before->e; r++, n++) {
            int32_t *channel = b->v->channel + (size_t)n * (size_t)C;
            float *change = b->v->change + (size_t)n * TFB_SNVS * (size_t)C;
            item[n] = (tfb_spread_t){.channel = channel, .change = change, .y = sum + (ptrdiff_t)(r - first) * F};
            item[n].n = tfb_kernels()->changed(C, row_of(before, g->o[k], r),
                                               alt_of(before, k, 0) + (r - before->b) * row, sequence, channel, change);
            item[n].t0 = r - (first + rows - 1) > 0 ? r - (first + rows - 1) : 0;
            item[n].t1 = r - first + 1 < s->K ? r - first + 1 : s->K;
        }
    }
    /* half of the channels at a time: their weights of a few outputs stay in the first cache */
    for (int k = 0; k < n; k++) split_item(&item[k], C / 2, &item[n + k]);
    tfb_after_t after = after_of(s);
    tfb_kernels()->spread(F, s->K, C, (ptrdiff_t)rows * F, s->spread, 2 * n, item);
    tfb_kernels()->finish(g->n * TFB_SNVS * (l->e - l->b), F, s->P, l->sum, &after, l->alt);
}

/* Computes the changed rows of a product in low precision. */
static void alt_low(const block_t *b, const group_t *g, int i)
{
    const link_t *l = &b->v->link[i], *before = l - 1;
    const tfb_step_t *s = l->s;
    tfb_low_run_t run[GROUP * TFB_SNVS];
    int rows = l->e - l->b, first = l->b * s->P, last = first + rows_in(s, rows), C = s->src.C;
    int from = before->b > first ? before->b : first, to = before->e < last ? before->e : last;
    size_t row = before->row;
    float per = rounded_per(b->v, i - 1);
    if (!rows) return;
    for (int k = 0; k < g->n * TFB_SNVS; k++) {
        uint8_t *in = l->in + (size_t)(k * (last - first)) * row;
        int64_t o = g->o[k / TFB_SNVS];
        for (int r = first; r < last; r++)
            if (r < before->b || r >= before->e)
                memcpy(in + (size_t)(r - first) * row, before->low + (size_t)(o + (int64_t)r * before->S) * row, row);
        const float *alt = alt_of(before, k / TFB_SNVS, k % TFB_SNVS) + (size_t)(from - before->b) * (size_t)C;
        if (from < to) b->p->low->narrow(to - from, C, alt, C, per, in + (size_t)(from - first) * row, (ptrdiff_t)row);
        run[k] = (tfb_low_run_t){.a = in, .y = alt_of(l, k / TFB_SNVS, k % TFB_SNVS), .n = rows};
    }
    tfb_low_product_t q = *s->low;
    q.low = 0;
    q.ldy = s->mid.C * (ptrdiff_t)sizeof(float);
    b->p->low->product(&q, g->n * TFB_SNVS, run);
}

/* ---- from rows to logits ---- */

/* Copies all rows of a link, in an allele (0: REF) of position i of the group, to y. */
static void gather(const block_t *b, const group_t *g, int from, int i, int a, float *y)
{
    const link_t *l = &b->v->link[from];
    size_t row = l->s->row * sizeof(float);
    for (int r = 0; r < l->s->out.L; r++) {
        uint8_t *to = (uint8_t *)y + (size_t)r * row;
        int changed = a && r >= l->b && r < l->e, C = l->s->out.C;
        const float *x = changed ? alt_of(l, i, a - 1) + (size_t)(r - l->b) * (size_t)C : row_of(l, g->o[i], r);
        if (!l->s->low_out)
            memcpy(to, x, row);
        else if (changed)
            b->p->low->narrow(1, C, x, C, rounded_per(b->v, from), to, (ptrdiff_t)row);
        else
            memcpy(to, l->low + (size_t)(g->o[i] + (int64_t)r * l->S) * l->row, row);
    }
}

static float *output_of(const block_t *b, int k, int a, int row)
{
    const tfb_step_t *s = &b->p->step[k];
    return s->slot_kept ? b->w->slot[a].act + s->off : tfb_block_row(b->w, s, row);
}

/* Computes a step that reads whole windows, of one allele. */
static void alone_step(const block_t *b, int k, int a)
{
    const tfb_step_t *s = &b->p->step[k];
    tfb_slot_t *t = &b->w->slot[a];
    const float *x[TFB_MAX_INPUTS] = {NULL};
    for (int n = 0; n < s->n_in; n++) x[n] = t->y[s->in[n]];
    tfb_step_io_t io = {.x = x, .y = t->y[k]};
    if (s->residual >= 0) io.residual = t->y[s->residual];
    tfb_step_rows(b->p, s, b->w, &io, 0, s->out.L);
}

/* Computes a soft maximum for the alleles of position i of the group. */
static void soft_step(const block_t *b, const group_t *g, const soft_t *f, int i)
{
    const tfb_kernels_t *k = tfb_kernels();
    const link_t *l = &b->v->link[f->from];
    int C = l->s->out.C, L = l->s->out.L, rows = l->e - l->b;
    size_t n = (size_t)C, apart = (size_t)l->S * n;
    const float *e = f->e + (size_t)g->o[i] * n;
    float *same = b->v->sums;
    memset(same, 0, n * sizeof *same);
    k->add_rows(l->b, C, (ptrdiff_t)apart, e, same);
    k->add_rows(L - l->e, C, (ptrdiff_t)apart, e + (size_t)l->e * apart, same);
    for (int a = 0; a < ALLELES; a++) {
        float *sum = same + (size_t)(1 + a) * n;
        memcpy(sum, same, n * sizeof *sum);
        if (a)
            k->add_rows(rows, C, C, f->alt + (size_t)((i * TFB_SNVS + a - 1) * rows) * n, sum);
        else
            k->add_rows(rows, C, (ptrdiff_t)apart, e + (size_t)l->b * apart, sum);
        int usable = 1;
        for (int c = 0; c < C; c++) usable &= sum[c] <= MOST;
        if (usable) {
            k->log_means(C, L, f->r, sum, b->w->slot[a].y[f->k]);
            continue;
        }
        if (!l->gathered) gather(b, g, f->from, i, a, b->w->slot[a].y[l->k]);
        alone_step(b, f->k, a);
    }
}

/* Computes what follows the links for position i of the group, whose alleles are rows `row` on of the block. */
static void finish_position(const block_t *b, const group_t *g, int i, int row)
{
    const tfb_plan_t *p = b->p;
    for (int a = 0; a < ALLELES; a++)
        for (int n = 0; n < p->n_window; n++) {
            int k = p->window[n];
            b->w->slot[a].y[k] = output_of(b, k, a, row + a);
        }
    for (int n = 0; n < b->v->n_links; n++)
        for (int a = 0; a < ALLELES && b->v->link[n].gathered; a++)
            gather(b, g, n, i, a, b->w->slot[a].y[b->v->link[n].k]);
    for (int n = 0; n < p->n_window; n++) {
        int k = p->window[n];
        if (b->v->soft_of[k]) soft_step(b, g, &b->v->soft[b->v->soft_of[k] - 1], i);
        for (int a = 0; a < ALLELES && p->step[k].alone && !b->v->soft_of[k]; a++) alone_step(b, k, a);
        const tfb_step_t *s = &p->step[k];
        for (int a = 0; a < ALLELES && s->slot_kept && s->stride; a++)
            memcpy(tfb_block_row(b->w, s, row + a), b->w->slot[a].y[k], s->stride * sizeof(float));
    }
}

/* Computes the rows of the block for the positions of a group. */
static void run_group(const block_t *b, const group_t *g, int row)
{
    tfb_snvs_t *v = b->v;
    alt_first(b, g);
    for (int i = 1; i < v->n_links; i++) (v->link[i].s->low ? alt_low : alt_float)(b, g, i);
    for (int i = 0; i < v->n_soft; i++) {
        const link_t *l = &v->link[v->soft[i].from];
        size_t n = (size_t)(g->n * TFB_SNVS * (l->e - l->b)) * (size_t)l->s->out.C;
        tfb_kernels()->exps(n, v->soft[i].r, l->alt, v->soft[i].alt);
    }
    for (int i = 0; i < g->n; i++) finish_position(b, g, i, row + i * ALLELES);
}

/* Returns where position i of the block begins, and sets the codes of its SNVs: the other bases in the order of the
 * forward strand. */
static int64_t place(const block_t *b, int64_t i, uint8_t to[TFB_SNVS])
{
    int64_t at = b->j->at[b->i0 + i] - b->base;
    int ref = b->j->code[b->base + at + b->p->W / 2], n = 0;
    for (int c = 0; c < 4; c++)
        if (c != ref && n < TFB_SNVS) to[n++] = (uint8_t)(b->rev ? 3 - c : c);
    return b->rev ? b->span - b->p->W - at : at;
}

static void run_strand(block_t *b, int second)
{
    const tfb_starts_t *j = b->j;
    size_t T = (size_t)b->p->T;
    if (b->rev)
        tfb_reverse_codes(j->code + b->base, (int)b->span, b->v->code);
    else
        memcpy(b->v->code, j->code + b->base, (size_t)b->span);
    int group = b->p->low ? GROUP_LOW : GROUP;
    tfb_make_pairs(b->v->code, (int)b->span, b->v->pair);
    set_changed(b->v, b->p, b->rev);
    stretch(b);
    for (int64_t i = 0; i < b->n; i += BATCH) {
        int n = (int)(b->n - i < BATCH ? b->n - i : BATCH);
        for (int k = 0; k < n; k += group) {
            group_t g = {.n = n - k < group ? n - k : group};
            for (int m = 0; m < g.n; m++) g.o[m] = place(b, i + k + m, g.to[m]);
            run_group(b, &g, k * ALLELES);
        }
        const float *z = tfb_block_steps(b->p, b->w, n * ALLELES);
        float *out = j->z + (size_t)(b->i0 + i) * ALLELES * T;
        size_t m = (size_t)n * ALLELES * T;
        tfb_keep_logits(out, z, m, second);
    }
}

static void snvs_block(void *arg, int task, int thread)
{
    const tfb_starts_t *j = arg;
    const tfb_infer_t *f = j->f;
    block_t b = {.j = j, .p = f->plan, .w = &f->work[thread], .v = f->work[thread].snvs, .i0 = f->begin[task]};
    b.n = f->begin[task + 1] - b.i0;
    b.base = j->at[b.i0];
    b.span = j->at[b.i0 + b.n - 1] + f->plan->W - b.base;
    b.rev = j->strand == TFB_STRAND_REV;
    run_strand(&b, 0);
    if (j->strand != TFB_STRAND_BOTH) return;
    b.rev = 1;
    run_strand(&b, 1);
}

/* Scores each window separately, from copies. */
static int one_by_one(const tfb_starts_t *j, int64_t n)
{
    enum { MOST_WINDOWS = 1024 };
    const tfb_plan_t *p = j->f->plan;
    size_t W = (size_t)p->W;
    int ret = 0, middle = p->W / 2;
    uint8_t *list = tfb_alloc(MOST_WINDOWS * W, 1, "windows");
    int32_t *base = tfb_alloc(MOST_WINDOWS, sizeof *base, "windows");
    if (!list || !base) ret = -1;
    for (int64_t i = 0; i < n && ret == 0; i += MOST_WINDOWS / ALLELES) {
        int m = 0;
        for (int64_t k = i; k < n && k < i + MOST_WINDOWS / ALLELES; k++)
            for (int c = -1; c < 4; c++) {
                const uint8_t *from = j->code + j->at[k];
                if (c == from[middle] || m == MOST_WINDOWS) continue;
                memcpy(list + (size_t)m * W, from, W);
                if (c >= 0) list[(size_t)m * W + (size_t)middle] = (uint8_t)c;
                base[m] = c >= 0 ? m / ALLELES * ALLELES : -1;
                m++;
            }
        ret = tfb_infer_windows(j->f, list, base, m, j->strand, j->z + (size_t)(i * ALLELES) * (size_t)p->T);
    }
    free(list);
    free(base);
    return ret;
}

int tfb_infer_snvs(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    tfb_starts_t j = {f, code, at, strand, z};
    int64_t n_blocks = 0;
    tfb_snvs_t found = {.n_links = 0};
    if (n <= 0) return 0;
    if (find_links(&found, f->plan) < 0) return one_by_one(&j, n);
    if (pack_links(&found, f->plan) < 0 || tfb_room_for_blocks(f, n) < 0) return -1;
    for (int t = 0; t < f->n_threads; t++)
        if (work_init(f->plan, &f->work[t], &found) < 0) return -1;
    for (int64_t i = 0; i < n;) { /* a block ends where windows overlap no more */
        int64_t e = i + 1;
        while (e < n && at[e] - at[i] <= SPAN && at[e] - at[e - 1] < f->plan->W) e++;
        f->begin[n_blocks++] = i;
        i = e;
    }
    f->begin[n_blocks] = n;
    tfb_run_blocks(f, n_blocks, snvs_block, &j);
    return 0;
}
