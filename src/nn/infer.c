/* infer.c - scoring windows. In: base codes (B, W). Out: logits (B, T).
 *
 * Convolution stages run over a few windows at a time, whose activations stay in the second cache; dense stages run over a block of
 * windows, so that their weights are read once a block. A window derived from another (an ALT allele from its REF window) makes
 * anew only the rows that can differ and copies what is needed of the others: the same sums in the same order, so the result is
 * the same bit for bit. */
#include "nn/infer.h"
#include "kernels/kernels.h"
#include "nn/stage.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 2 * TFB_INFER_TOGETHER, /* windows (strands counted) of a block: dense weights are read once for so many; a multiple of the tile's 12 */
    SLOTS = 8,                     /* windows that go through the convolutions together: 350 kB of activations for the main model */
};

/* A window on its way through the convolutions. */
typedef struct {
    float *act, *out; /* outputs of the window stages but the last, one after the other; of the last, in the block's first dense input */
    uint8_t *code, *pair;
    int base;       /* slot of the window it is derived from, or -1 */
    int *beg, *end; /* per window stage: the rows that are made here */
} slot_t;

typedef struct {
    slot_t slot[SLOTS + 1]; /* the last keeps a base window for those derived from it that did not fit in with it */
    const float **a;        /* groups of rows for conv_max3, and where their maxima go */
    float **c;
    float *max3;     /* its scratch */
    float *mid;      /* a product before pooling */
    float *dense[2]; /* (ROWS, widest) in turn */
    tfb_pass_t pass; /* for stages that run by their layer's own forward */
    float *stretch;  /* outputs of all window stages over a stretch, in every phase; NULL until one is scored */
    int64_t *run;    /* per phase: the rows that are wanted, first and end */
    uint8_t *code;   /* of the stretch, in one strand; and its pairs */
    uint8_t *pair;
} work_t;

struct tfb_infer_t {
    tfb_net_t *net;
    tfb_stage_t *stage;
    int n_stages, n_window; /* stages that run window by window come first */
    size_t *off, n_act;     /* where each of those has its output in work.act */
    int W, T;
    tfb_pool_t *pool;
    work_t *work; /* one per thread */
    int n_threads;
    int64_t *begin; /* first window of each block; m_begin */
    int64_t m_begin;
    int fork; /* net, stage and off are another's */
};

float tfb_sigmoid(float z) { return 1 / (1 + expf(-z)); }

int tfb_infer_window(const tfb_infer_t *f) { return f->W; }
int tfb_infer_n_targets(const tfb_infer_t *f) { return f->T; }

/* Keeps only the wanted outputs of the last stage, in the order asked for. */
static int choose_targets(tfb_stage_t *s, const int *targets, int n)
{
    int F = s->out.C;
    size_t KC = (size_t)s->K * s->in.C;
    float *w = tfb_alloc(KC * (size_t)n, sizeof *w, "weights"), *b = tfb_alloc((size_t)n, sizeof *b, "weights");
    if (!w || !b) {
        free(w);
        free(b);
        return -1;
    }
    for (size_t k = 0; k < KC; k++)
        for (int t = 0; t < n; t++) w[k * n + t] = s->w[k * F + targets[t]];
    for (int t = 0; t < n; t++) b[t] = s->bias[targets[t]];
    free(s->w);
    free(s->bias);
    s->w = w;
    s->bias = b;
    s->mid.C = s->out.C = n;
    return 0;
}

static int build_stages(tfb_infer_t *f)
{
    tfb_net_t *net = f->net;
    if (!(f->stage = calloc((size_t)net->n_layers, sizeof *f->stage))) return -1;
    tfb_stage_t *s = NULL;
    for (int i = 0; i < net->n_layers; i++) {
        const tfb_layer_t *l = &net->layer[i];
        for (int fresh = 0;; fresh = 1) {
            int r = s && !s->whole ? l->kind->fuse(l, net->param + l->param_off, net->stat + l->stat_off, s) : 0;
            if (r > 0) break;
            if (r < 0 || (fresh && r == 0)) return -1;
            s = &f->stage[f->n_stages++];
            s->in = s->mid = s->out = l->in;
            s->P = 1;
        }
    }
    return 0;
}

/* Weight of base c at tap k for filter n; an N counts a quarter of each base. */
static float tap(const tfb_stage_t *s, int k, int c, int n)
{
    const float *w = s->w + (size_t)k * 4 * s->mid.C + n;
    int F = s->mid.C;
    return k >= s->K ? 0 : c < 4 ? w[c * F] : 0.25f * (w[0] + w[F] + w[2 * F] + w[3 * F]);
}

/* Pooled over 3 and wide enough for the short algorithm to pay. */
static int is_grouped(const tfb_stage_t *s) { return s->layer && !s->whole && !s->first && s->P == 3 && s->K >= 3 && tfb_kernels()->conv_max3; }

static int pack_stage(tfb_stage_t *s)
{
    int F = s->mid.C;
    if (!s->w) return 0;
    if (s->first) { /* two taps' weights added up, for each pair of bases; an odd width ends with half a pair */
        int q = tfb_kernels()->panel, K2 = (s->K + 1) / 2, panels = (F + q - 1) / q;
        if (!(s->packed = tfb_alloc((size_t)K2 * 25 * (size_t)panels, (size_t)q * sizeof(float), "weights"))) return -1;
        for (int n = 0; n < F; n++) {
            float *t = s->packed + (size_t)(n / q) * K2 * 25 * q + n % q;
            for (int k = 0; k < 2 * K2; k += 2)
                for (int i = 0; i < 25; i++, t += q) *t = tap(s, k, i / 5, n) + tap(s, k + 1, i % 5, n);
        }
    } else if (is_grouped(s)) {
        int n = TFB_MAX3_POINTS * tfb_max3_chunks(s->K) * s->in.C;
        float *at = tfb_alloc((size_t)n * (size_t)F, sizeof *at, "weights");
        if (at && (s->packed = tfb_alloc(tfb_packed_size(n, F), sizeof(float), "weights"))) {
            tfb_max3_weights(s->K, s->in.C, F, s->w, at);
            tfb_kernels()->pack(n, F, at, F, 1, s->packed);
        }
        free(at);
        if (!s->packed) return -1;
    } else {
        int KC = s->K * s->in.C;
        if (!(s->packed = tfb_alloc(tfb_packed_size(KC, F), sizeof(float), "weights"))) return -1;
        tfb_kernels()->pack(KC, F, s->w, F, 1, s->packed);
    }
    free(s->w);
    s->w = NULL;
    return 0;
}

static void work_free(work_t *w, int n_layers)
{
    for (int i = 0; i <= SLOTS; i++) {
        free(w->slot[i].act);
        free(w->slot[i].code);
        free(w->slot[i].beg);
    }
    for (int i = 0; i < 2; i++) free(w->dense[i]);
    for (int i = 0; w->pass.cache && i < n_layers; i++) free(w->pass.cache[i]);
    free(w->pass.cache);
    free(w->pass.scratch);
    free(w->stretch);
    free(w->run);
    free(w->code);
    free(w->pair);
    free(w->a);
    free(w->c);
    free(w->max3);
    free(w->mid);
}

static int work_init(const tfb_infer_t *f, work_t *w)
{
    const tfb_stage_t *top = &f->stage[f->n_window - 1];
    size_t mid = 1, wide = (size_t)top->out.L * top->out.C; /* what a window hands to the block */
    for (int i = 0; i < f->n_stages; i++) {
        const tfb_stage_t *s = &f->stage[i];
        size_t n = (size_t)s->mid.L * s->mid.C;
        if (n > mid) mid = n;
        if (i >= f->n_window && n > wide) wide = n;
        if (s->whole) { /* threads are not shared within a block, so the layer runs on this one alone */
            const tfb_layer_t *l = s->layer;
            size_t m = l->kind->scratch ? l->kind->scratch(l, ROWS) : 0;
            w->pass.net = f->net;
            w->pass.param = f->net->param;
            w->pass.stat = f->net->stat;
            if (!w->pass.cache && !(w->pass.cache = calloc((size_t)f->net->n_layers, sizeof *w->pass.cache))) return -1;
            if (!(w->pass.cache[l->index] = tfb_alloc(l->kind->cache ? l->kind->cache(l, ROWS) : 1, 1, "activations"))) return -1;
            if (m > w->pass.m_scratch) {
                free(w->pass.scratch);
                w->pass.m_scratch = m;
                if (!(w->pass.scratch = tfb_alloc(m, 1, "scratch"))) return -1;
            }
        }
    }
    size_t groups = 1, max3 = 0;
    for (int i = 0; i < f->n_stages; i++) {
        const tfb_stage_t *s = &f->stage[i];
        if ((size_t)s->out.L > groups) groups = (size_t)s->out.L;
        if (is_grouped(s) && tfb_max3_scratch(s->K, s->in.C) > max3) max3 = tfb_max3_scratch(s->K, s->in.C);
    }
    if (max3 && !(w->max3 = tfb_alloc(max3, sizeof(float), "scratch"))) return -1;
    if (!(w->mid = tfb_alloc(mid, sizeof(float), "activations")) || !(w->a = tfb_alloc(SLOTS * groups, sizeof *w->a, "activations")) ||
        !(w->c = tfb_alloc(SLOTS * groups, sizeof *w->c, "activations")))
        return -1;
    for (int i = 0; i < 2; i++)
        if (!(w->dense[i] = tfb_alloc(ROWS * wide, sizeof(float), "activations"))) return -1;
    for (int i = 0; i <= SLOTS; i++) {
        slot_t *s = &w->slot[i];
        if (!(s->act = tfb_alloc(f->n_act + 1, sizeof(float), "activations")) || !(s->code = tfb_alloc(2 * (size_t)f->W, 1, "activations")) ||
            !(s->beg = tfb_alloc(2 * (size_t)f->n_window, sizeof *s->beg, "activations")))
            return -1;
        s->pair = s->code + f->W;
        s->end = s->beg + f->n_window;
    }
    return 0;
}

tfb_infer_t *tfb_infer_create(const tfb_model_t *m, const int *targets, int n_targets, tfb_pool_t *pool)
{
    tfb_infer_t *f = calloc(1, sizeof *f);
    if (!f) goto memory;
    f->pool = pool;
    f->n_threads = pool ? tfb_pool_size(pool) : 1;
    f->W = m->window;
    f->T = targets ? n_targets : m->n_targets;
    if (!(f->net = tfb_net_clone(m->net)) || build_stages(f) < 0) goto memory;
    tfb_stage_t *last = &f->stage[f->n_stages - 1];
    if (targets && choose_targets(last, targets, n_targets) < 0) goto memory;
    for (int i = 0; i < f->n_stages; i++)
        if (pack_stage(&f->stage[i]) < 0) goto memory;
    /* from the first product that takes the whole width on, everything is a row a window */
    while (f->n_window < f->n_stages && !(f->n_window > 0 && f->stage[f->n_window].layer && (f->stage[f->n_window].whole || f->stage[f->n_window].mid.L == 1)))
        f->n_window++;
    if (f->n_window == f->n_stages) f->n_window = f->n_stages - 1 > 0 ? f->n_stages - 1 : 1;
    if (!(f->off = calloc((size_t)f->n_window + 1, sizeof *f->off)) || !(f->work = calloc((size_t)f->n_threads, sizeof *f->work))) goto memory;
    for (int i = 0; i < f->n_window - 1; i++) {
        f->off[i] = f->n_act;
        f->n_act += ((size_t)f->stage[i].out.L * f->stage[i].out.C + 15) & ~(size_t)15;
    }
    for (int i = 0; i < f->n_threads; i++)
        if (work_init(f, &f->work[i]) < 0) goto memory;
    int whole = 0;
    for (int i = 0; i < f->n_stages; i++) whole |= f->stage[i].whole;
    if (!whole) { /* the unfolded weights have served */
        free(f->net->param);
        f->net->param = NULL;
    }
    return f;
memory:
    tfb_error("not enough memory to prepare the model for scoring");
    tfb_infer_destroy(f);
    return NULL;
}

void tfb_infer_destroy(tfb_infer_t *f)
{
    if (!f) return;
    for (int i = 0; f->work && i < f->n_threads; i++) work_free(&f->work[i], f->net->n_layers);
    free(f->work);
    free(f->begin);
    if (f->fork) {
        free(f);
        return;
    }
    for (int i = 0; f->stage && i < f->n_stages; i++) {
        tfb_stage_t *s = &f->stage[i];
        free(s->w);
        free(s->bias);
        free(s->scale);
        free(s->shift);
        free(s->packed);
    }
    free(f->stage);
    free(f->off);
    tfb_net_destroy(f->net);
    free(f);
}

tfb_infer_t *tfb_infer_fork(const tfb_infer_t *from)
{
    tfb_infer_t *f = malloc(sizeof *f);
    if (f) {
        *f = *from;
        f->fork = 1;
        f->pool = NULL;
        f->n_threads = 1;
        f->begin = NULL;
        f->m_begin = 0;
        if ((f->work = calloc(1, sizeof *f->work)) && work_init(f, f->work) == 0) return f;
    }
    tfb_error("not enough memory to prepare the model for scoring");
    tfb_infer_destroy(f);
    return NULL;
}

/* Output rows [b, e) of stage s from input x (or pairs) into y; x, pair and y point to row 0. */
static void stage_rows(const tfb_stage_t *s, work_t *w, const uint8_t *pair, const float *x, float *y, int b, int e)
{
    const tfb_kernels_t *k = tfb_kernels();
    const tfb_after_t after = {s->bias, s->relu, s->scale, s->shift};
    int C = s->in.C, F = s->mid.C, m = b * s->P, n = (e - b) * s->P;
    y += (size_t)b * F;
    if (s->first) {
        k->lookup2(e - b, s->P, F, (s->K + 1) / 2, pair + m, s->packed, &after, y);
    } else if (is_grouped(s)) {
        for (int r = 0; r < e - b; r++) {
            w->a[r] = x + (size_t)(m + 3 * r) * C;
            w->c[r] = y + (size_t)r * F;
        }
        k->conv_max3(e - b, F, s->K, C, w->a, C, s->packed, &after, w->c, w->max3);
    } else if (s->layer) {
        k->gemm(n, F, s->K * C, x + (size_t)m * C, C, s->packed, w->mid, F, 0);
        k->finish(e - b, F, s->P, w->mid, s->bias, s->relu, s->scale, s->shift, y);
    } else
        k->finish(e - b, F, s->P, x + (size_t)m * C, NULL, s->relu, s->scale, s->shift, y);
}

/* Which rows of each stage a slot must make: all, or those within reach of the codes that differ from its base's. */
static void set_ranges(const tfb_infer_t *f, const work_t *w, slot_t *t)
{
    int b = 0, e = f->W;
    if (t->base >= 0) {
        const uint8_t *other = w->slot[t->base].code;
        while (b < e && t->code[b] == other[b]) b++;
        while (e > b && t->code[e - 1] == other[e - 1]) e--;
    }
    for (int i = 0; i < f->n_window; i++) {
        const tfb_stage_t *s = &f->stage[i];
        if (t->base < 0) {
            b = 0, e = s->out.L;
        } else if (b < e) {
            int K = s->layer ? s->K : 1;
            b = b - K + 1 > 0 ? b - K + 1 : 0; /* reach of the product, then of the pool */
            e = e < s->mid.L ? e : s->mid.L;
            b = b / s->P;
            e = (e + s->P - 1) / s->P;
            if (e > s->out.L) e = s->out.L; /* positions that pooling drops */
        }
        if (b >= e) b = e = 0;
        t->beg[i] = b;
        t->end[i] = e;
    }
}

static float *slot_out(const tfb_infer_t *f, const slot_t *t, int i) { return i < f->n_window - 1 ? t->act + f->off[i] : t->out; }

/* Fills in those of output rows [beg, end) of stage i that were not made, from the base. */
static void copy_rows(const tfb_infer_t *f, const work_t *w, const slot_t *t, int i)
{
    const tfb_stage_t *s = &f->stage[i];
    size_t C = (size_t)s->out.C;
    int b = t->beg[i], e = t->end[i], beg = 0, end = s->out.L;
    if (i + 1 < f->n_window) { /* just what the next stage will look at */
        const tfb_stage_t *next = &f->stage[i + 1];
        if (t->beg[i + 1] >= t->end[i + 1]) return;
        beg = t->beg[i + 1] * next->P;
        end = t->end[i + 1] * next->P + (next->layer ? next->K - 1 : 0);
    }
    float *to = slot_out(f, t, i);
    const float *from = slot_out(f, &w->slot[t->base], i);
    if (b >= e) b = e = end;
    if (b > end) b = end;
    if (e < beg) e = beg;
    if (b > beg) memcpy(to + (size_t)beg * C, from + (size_t)beg * C, (size_t)(b - beg) * C * sizeof(float));
    if (end > e) memcpy(to + (size_t)e * C, from + (size_t)e * C, (size_t)(end - e) * C * sizeof(float));
}

/* The window stages over n slots. */
static void run_slots(const tfb_infer_t *f, work_t *w, int n)
{
    const tfb_kernels_t *k = tfb_kernels();
    for (int i = 0; i < f->n_window; i++) {
        const tfb_stage_t *s = &f->stage[i];
        const tfb_after_t after = {s->bias, s->relu, s->scale, s->shift};
        int F = s->mid.C, C = s->in.C, G = 0, grouped = is_grouped(s);
        for (int j = 0; j < n; j++) {
            slot_t *t = &w->slot[j];
            const float *x = i ? t->act + f->off[i - 1] : NULL;
            float *y = slot_out(f, t, i);
            int b = t->beg[i], e = t->end[i];
            if (b == e) continue;
            if (!grouped) stage_rows(s, w, t->pair, x, y, b, e);
            for (int r = b; grouped && r < e; r++, G++) { /* all slots' groups in one product */
                w->a[G] = x + (size_t)r * 3 * C;
                w->c[G] = y + (size_t)r * F;
            }
        }
        if (G) k->conv_max3(G, F, s->K, C, w->a, C, s->packed, &after, w->c, w->max3);
        for (int j = 0; j < n; j++)
            if (w->slot[j].base >= 0) copy_rows(f, w, &w->slot[j], i);
    }
}

static void revcomp(const uint8_t *src, int n, uint8_t *dst)
{
    for (int i = 0; i < n; i++) dst[i] = src[n - 1 - i] < 4 ? 3 - src[n - 1 - i] : 4;
}

/* What lookup2 reads. */
static void make_pairs(const uint8_t *code, int n, uint8_t *pair)
{
    for (int i = 0; i < n; i++) pair[i] = (uint8_t)(5 * code[i] + (i + 1 < n ? code[i + 1] : 0));
}

typedef struct {
    tfb_infer_t *f;
    const uint8_t *code;
    const int32_t *base;
    int64_t n;
    tfb_strand_t strand;
    float *z;
} job_t;

/* The stages after those of windows, over the rows in w->dense[0]: the logits. */
static const float *dense_stages(const tfb_infer_t *f, work_t *w, int rows)
{
    int cur = 0;
    for (int i = f->n_window; i < f->n_stages; i++) {
        const tfb_stage_t *s = &f->stage[i];
        const tfb_kernels_t *k = tfb_kernels();
        int in = s->in.L * s->in.C, F = s->mid.C;
        if (s->whole) {
            w->pass.B = rows;
            s->layer->kind->forward(s->layer, &w->pass, w->dense[cur], w->dense[!cur]);
            cur = !cur;
        } else if (s->mid.L > 1) {
            for (int r = 0; r < rows; r++)
                stage_rows(s, w, NULL, w->dense[cur] + (size_t)r * in, w->dense[!cur] + (size_t)r * s->out.L * s->out.C, 0, s->out.L);
            cur = !cur;
        } else if (s->layer) {
            k->gemm(rows, F, in, w->dense[cur], in, s->packed, w->dense[!cur], F, 0);
            k->finish(rows, F, 1, w->dense[!cur], s->bias, s->relu, s->scale, s->shift, w->dense[!cur]);
            cur = !cur;
        } else
            k->finish(rows, F, 1, w->dense[cur], NULL, s->relu, s->scale, s->shift, w->dense[cur]);
    }
    return w->dense[cur];
}

static void run_block(void *arg, int task, int thread)
{
    job_t *j = arg;
    tfb_infer_t *f = j->f;
    work_t *w = &f->work[thread];
    int64_t i0 = f->begin[task], i1 = f->begin[task + 1];
    int n = (int)(i1 - i0), both = j->strand == TFB_STRAND_BOTH, rows = both ? 2 * n : n;
    const tfb_stage_t *top = &f->stage[f->n_window - 1];
    size_t n_top = (size_t)top->out.L * top->out.C;
    for (int s = 0; s < (both ? 2 : 1); s++) {
        int rev = both ? s : j->strand == TFB_STRAND_REV;
        int64_t kept = -1; /* the window in the last slot */
        for (int64_t i = i0, first; i < i1;) {
            int m = 0, last = -1; /* slots in use; the last of them that is not derived */
            for (first = i; i < i1 && m < SLOTS; i++, m++) {
                const uint8_t *code = j->code + i * f->W;
                slot_t *t = &w->slot[m];
                int64_t from = j->base ? j->base[i] : -1;
                if (rev)
                    revcomp(code, f->W, t->code);
                else
                    memcpy(t->code, code, (size_t)f->W);
                make_pairs(t->code, f->W, t->pair);
                t->base = from >= first ? (int)(from - first) : from >= 0 && from == kept ? SLOTS : -1;
                t->out = w->dense[0] + (size_t)(s * n + (int)(i - i0)) * n_top;
                set_ranges(f, w, t);
                if (from < 0) last = m;
            }
            run_slots(f, w, m);
            if (last >= 0) {
                slot_t t = w->slot[SLOTS];
                w->slot[SLOTS] = w->slot[last];
                w->slot[last] = t;
                kept = first + last;
            }
        }
    }
    const float *z = dense_stages(f, w, rows);
    float *out = j->z + i0 * f->T;
    size_t m = (size_t)n * f->T;
    if (both)
        for (size_t t = 0; t < m; t++) out[t] = 0.5f * (z[t] + z[m + t]);
    else
        memcpy(out, z, m * sizeof(float));
}

/* f->begin for as many blocks as n windows can make. 0, or -1 on lack of memory (logged). */
static int room_for_blocks(tfb_infer_t *f, int64_t n)
{
    if (n + 1 <= f->m_begin) return 0;
    int64_t m = n + 1 + n / 2, *b = realloc(f->begin, (size_t)m * sizeof *b);
    if (!b) {
        tfb_error("not enough memory to score %lld windows", (long long)n);
        return -1;
    }
    f->begin = b;
    f->m_begin = m;
    return 0;
}

static void run_blocks(const tfb_infer_t *f, int64_t n, void (*fn)(void *arg, int block, int thread), void *arg)
{
    if (f->pool && n < INT32_MAX) /* tfb_pool_run counts in int */
        tfb_pool_run(f->pool, (int)n, fn, arg);
    else
        for (int64_t i = 0; i < n; i++) fn(arg, (int)i, 0);
}

int tfb_infer_windows(tfb_infer_t *f, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand, float *z)
{
    int most = strand == TFB_STRAND_BOTH ? ROWS / 2 : ROWS;
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    if (room_for_blocks(f, n) < 0) return -1;
    /* blocks end before a base window where they can, so that it and what derives from it stay together */
    for (int64_t i = 0; i < n;) {
        f->begin[n_blocks++] = i;
        int64_t e = i + most < n ? i + most : n;
        if (base && e < n) {
            int64_t c = e;
            while (c > i && base[c] >= 0) c--;
            if (c > i) e = c;
        }
        i = e;
    }
    f->begin[n_blocks] = n;
    job_t j = {f, code, base, n, strand, z};
    run_blocks(f, n_blocks, run_block, &j);
    return 0;
}

/* ---- a stretch ---- */

enum { STRETCH = 6000 }; /* bases beyond a window that a block of a stretch has, at most: 13 MB of activations in the main model */

typedef struct {
    tfb_infer_t *f;
    const uint8_t *code;
    const int64_t *at;
    tfb_strand_t strand;
    float *z;
} stretch_t;

/* Rows [b, e) of phase p of a stage whose outputs lie S * P bases apart. Row r of phase p is where base p + r * S * P begins; what it is made of are
 * rows p / S + r * P, ... of phase p % S of the stage before. */
static void phase_rows(const tfb_stage_t *s, work_t *w, const float *x, int64_t R, int S, int64_t R_out, int64_t p, int64_t b, int64_t e, float *y)
{
    const float *in = x ? x + (size_t)((p % S) * R + p / S) * s->in.C : NULL;
    float *out = y + (size_t)(p * R_out) * s->out.C;
    int64_t most = s->first || is_grouped(s) ? (int64_t)SLOTS * s->out.L : s->out.L; /* w has room for so many */
    for (int64_t r = b; r < e; r += most)
        stage_rows(s, w, w->pair + p + (s->first ? r * s->P : 0), in ? in + (size_t)(r * s->P) * s->in.C : NULL, out + (size_t)r * s->out.C, 0,
                   (int)(r + most < e ? most : e - r));
}

static void stretch_block(void *arg, int task, int thread)
{
    stretch_t *j = arg;
    tfb_infer_t *f = j->f;
    work_t *w = &f->work[thread];
    int64_t i0 = f->begin[task], n = f->begin[task + 1] - i0, base = j->at[i0], span = j->at[i0 + n - 1] + f->W - base;
    const tfb_stage_t *top = &f->stage[f->n_window - 1];
    size_t n_top = (size_t)top->out.L * top->out.C;
    for (int k = 0; k < (j->strand == TFB_STRAND_BOTH ? 2 : 1); k++) {
        int rev = j->strand == TFB_STRAND_BOTH ? k : j->strand == TFB_STRAND_REV, S = 1;
        const float *x = NULL;
        float *y = w->stretch;
        int64_t R = 0, R_out = 0;
        if (rev) revcomp(j->code + base, (int)span, w->code);
        make_pairs(rev ? w->code : j->code + base, (int)span, w->pair);
        for (int t = 0; t < f->n_window; t++) {
            const tfb_stage_t *s = &f->stage[t];
            int64_t step = (int64_t)S * s->P;
            R_out = span / step + 1;
            memset(w->run, 0, 2 * (size_t)step * sizeof *w->run);
            for (int64_t i = 0; i < n; i++) { /* in the order of this strand */
                int64_t o = rev ? span - f->W - (j->at[i0 + n - 1 - i] - base) : j->at[i0 + i] - base, p = o % step, b = o / step;
                if (b > w->run[2 * p + 1]) { /* a gap: what came before is complete */
                    phase_rows(s, w, x, R, S, R_out, p, w->run[2 * p], w->run[2 * p + 1], y);
                    w->run[2 * p] = b;
                } else if (w->run[2 * p + 1] == 0)
                    w->run[2 * p] = b;
                w->run[2 * p + 1] = b + s->out.L;
            }
            for (int64_t p = 0; p < step; p++) phase_rows(s, w, x, R, S, R_out, p, w->run[2 * p], w->run[2 * p + 1], y);
            x = y;
            y += (size_t)(step * R_out) * s->out.C;
            S = (int)step;
            R = R_out;
        }
        for (int64_t i = 0; i < n; i += ROWS) {
            int rows = (int)(n - i < ROWS ? n - i : ROWS);
            for (int r = 0; r < rows; r++) {
                int64_t at = j->at[i0 + i + r] - base, o = rev ? span - f->W - at : at;
                memcpy(w->dense[0] + (size_t)r * n_top, x + (size_t)((o % S) * R + o / S) * top->out.C, n_top * sizeof(float));
            }
            const float *z = dense_stages(f, w, rows);
            float *out = j->z + (i0 + i) * f->T;
            size_t m = (size_t)rows * f->T;
            if (k == 0)
                memcpy(out, z, m * sizeof(float));
            else
                for (size_t t = 0; t < m; t++) out[t] = 0.5f * (out[t] + z[t]);
        }
    }
}

static int stretch_init(const tfb_infer_t *f, work_t *w)
{
    size_t n = 0, span = (size_t)f->W + STRETCH, S = 1;
    if (w->stretch) return 0;
    for (int t = 0; t < f->n_window; t++) {
        S *= (size_t)f->stage[t].P;
        n += (span + S) * (size_t)f->stage[t].out.C;
    }
    return (w->run = tfb_alloc(2 * S, sizeof *w->run, "a stretch")) && (w->code = tfb_alloc(span, 1, "a stretch")) &&
                   (w->pair = tfb_alloc(span, 1, "a stretch")) && (w->stretch = tfb_alloc(n, sizeof(float), "a stretch"))
               ? 0
               : -1;
}

int tfb_infer_stretch(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    for (int t = 0; t < f->n_threads; t++)
        if (stretch_init(f, &f->work[t]) < 0) return -1;
    if (room_for_blocks(f, n) < 0) return -1;
    /* enough windows for dense weights to be read once for many, enough bases for them to share */
    for (int64_t i = 0; i < n;) {
        int64_t e = i + 1;
        while (e < n && at[e] - at[i] <= STRETCH && (e - i < ROWS / 2 || at[e] - at[i] < 8 * f->W)) e++;
        f->begin[n_blocks++] = i;
        i = e;
    }
    f->begin[n_blocks] = n;
    stretch_t j = {f, code, at, strand, z};
    run_blocks(f, n_blocks, stretch_block, &j);
    return 0;
}
