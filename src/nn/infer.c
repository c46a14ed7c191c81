/* infer.c - scoring windows. In: base codes (B, W). Out: logits (B, T).
 *
 * Convolution stages run window by window, so that a window's activations never leave the first caches; dense stages run over a
 * block of windows, so that their weights are read once a block. A window derived from another (an ALT allele from its REF window)
 * starts from the activations of that one and makes anew only the rows that can differ: the same sums in the same order, so
 * the result is the same bit for bit. */
#include "nn/infer.h"
#include "kernels/kernels.h"
#include "nn/stage.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 2 * TFB_INFER_TOGETHER }; /* windows (strands counted) of a block: dense weights are read once for so many */

typedef struct {
    float *act[2];    /* per strand: outputs of all window stages of the base window, one after the other */
    float *mine;      /* the same for a derived window */
    float *mid;       /* a product before pooling */
    float *dense[2];  /* (ROWS, widest) in turn */
    uint8_t *code[2]; /* per strand: the base window's codes */
    tfb_pass_t pass;  /* for stages that run by their layer's own forward */
    uint8_t *rc;      /* the current window's codes, reverse-complemented */
    float *stretch;   /* outputs of all window stages over a stretch, in every phase; NULL until one is scored */
    int64_t *run;     /* per phase: the rows that are wanted, first and end */
    uint8_t *rc_stretch;
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

static int pack_stage(tfb_stage_t *s)
{
    int F = s->mid.C;
    if (!s->w) return 0;
    if (s->first) {
        int Fp = tfb_round16(F);
        if (!(s->packed = tfb_alloc((size_t)s->K * 5 * Fp, sizeof(float), "weights"))) return -1;
        for (int k = 0; k < s->K; k++) {
            float *t = s->packed + (size_t)k * 5 * Fp;
            const float *w = s->w + (size_t)k * 4 * F;
            for (int n = 0; n < F; n++) {
                for (int c = 0; c < 4; c++) t[c * Fp + n] = w[c * F + n];
                t[4 * Fp + n] = 0.25f * (w[n] + w[F + n] + w[2 * F + n] + w[3 * F + n]);
            }
        }
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
    for (int i = 0; i < 2; i++) {
        free(w->act[i]);
        free(w->dense[i]);
        free(w->code[i]);
    }
    for (int i = 0; w->pass.cache && i < n_layers; i++) free(w->pass.cache[i]);
    free(w->pass.cache);
    free(w->pass.scratch);
    free(w->mine);
    free(w->stretch);
    free(w->run);
    free(w->rc_stretch);
    free(w->mid);
    free(w->rc);
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
    if (!(w->mine = tfb_alloc(f->n_act + 1, sizeof(float), "activations")) || !(w->mid = tfb_alloc(mid, sizeof(float), "activations")) ||
        !(w->rc = tfb_alloc((size_t)f->W, 1, "activations")))
        return -1;
    for (int i = 0; i < 2; i++)
        if (!(w->act[i] = tfb_alloc(f->n_act + 1, sizeof(float), "activations")) || !(w->dense[i] = tfb_alloc(ROWS * wide, sizeof(float), "activations")) ||
            !(w->code[i] = tfb_alloc((size_t)f->W, 1, "activations")))
            return -1;
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
    for (int i = 0; i < f->n_window; i++) {
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

/* Output rows [b, e) of stage s from input x (or codes) into y; x and y point to row 0. */
static void stage_rows(const tfb_stage_t *s, const uint8_t *code, const float *x, float *mid, float *y, int b, int e)
{
    const tfb_kernels_t *k = tfb_kernels();
    int C = s->in.C, F = s->mid.C, m = b * s->P, n = (e - b) * s->P;
    y += (size_t)b * F;
    if (s->first) {
        k->lookup(n, F, s->K, code + m, s->packed, s->bias, mid);
        k->finish(e - b, F, s->P, mid, NULL, s->relu, s->scale, s->shift, y);
    } else if (s->layer) {
        k->gemm(n, F, s->K * C, x + (size_t)m * C, C, s->packed, mid, F, 0);
        k->finish(e - b, F, s->P, mid, s->bias, s->relu, s->scale, s->shift, y);
    } else
        k->finish(e - b, F, s->P, x + (size_t)m * C, NULL, s->relu, s->scale, s->shift, y);
}

static void run_window(const tfb_infer_t *f, work_t *w, const uint8_t *code, float *act)
{
    for (int i = 0; i < f->n_window; i++) {
        const tfb_stage_t *s = &f->stage[i];
        stage_rows(s, code, i ? act + f->off[i - 1] : NULL, w->mid, act + f->off[i], 0, s->out.L);
    }
}

/* The same for a window that differs from the base window in [b, e) only. */
static void run_derived(const tfb_infer_t *f, work_t *w, const uint8_t *code, const float *base, int b, int e)
{
    memcpy(w->mine, base, f->n_act * sizeof(float));
    for (int i = 0; i < f->n_window && b < e; i++) {
        const tfb_stage_t *s = &f->stage[i];
        int K = s->layer ? s->K : 1;
        b = b - K + 1 > 0 ? b - K + 1 : 0; /* reach of the product, then of the pool */
        e = e < s->mid.L ? e : s->mid.L;
        b = b / s->P;
        e = (e + s->P - 1) / s->P;
        if (e > s->out.L) e = s->out.L;
        if (b >= e) break; /* only positions that pooling drops */
        stage_rows(s, code, i ? w->mine + f->off[i - 1] : NULL, w->mid, w->mine + f->off[i], b, e);
    }
}

static void revcomp(const uint8_t *src, int n, uint8_t *dst)
{
    for (int i = 0; i < n; i++) dst[i] = src[n - 1 - i] < 4 ? 3 - src[n - 1 - i] : 4;
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
                stage_rows(s, NULL, w->dense[cur] + (size_t)r * in, w->mid, w->dense[!cur] + (size_t)r * s->out.L * s->out.C, 0, s->out.L);
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
        int64_t held = -1; /* the window whose activations and codes are kept */
        for (int64_t i = i0; i < i1; i++) {
            const uint8_t *code = j->code + i * f->W;
            if (rev) {
                revcomp(code, f->W, w->rc);
                code = w->rc;
            }
            float *out = w->dense[0] + (size_t)(s * n + (int)(i - i0)) * n_top;
            int64_t from = j->base ? j->base[i] : -1;
            if (from >= 0 && from == held) {
                int b = 0, e = f->W;
                while (b < e && code[b] == w->code[s][b]) b++;
                while (e > b && code[e - 1] == w->code[s][e - 1]) e--;
                run_derived(f, w, code, w->act[s], b, e);
                memcpy(out, w->mine + f->off[f->n_window - 1], n_top * sizeof(float));
            } else {
                float *act = from < 0 ? w->act[s] : w->mine;
                if (from < 0) {
                    held = i;
                    memcpy(w->code[s], code, (size_t)f->W);
                }
                run_window(f, w, code, act);
                memcpy(out, act + f->off[f->n_window - 1], n_top * sizeof(float));
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

int tfb_infer_windows(tfb_infer_t *f, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand, float *z)
{
    int most = strand == TFB_STRAND_BOTH ? ROWS / 2 : ROWS;
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    if (n + 1 > f->m_begin) {
        int64_t m = n + 1 + n / 2, *b = realloc(f->begin, (size_t)m * sizeof *b);
        if (!b) {
            tfb_error("not enough memory to score %lld windows", (long long)n);
            return -1;
        }
        f->begin = b;
        f->m_begin = m;
    }
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
    for (int64_t done = 0; done < n_blocks; done++) { /* tfb_pool_run counts in int */
        if (f->pool && n_blocks < INT32_MAX) {
            tfb_pool_run(f->pool, (int)n_blocks, run_block, &j);
            break;
        }
        run_block(&j, (int)done, 0);
    }
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
static void phase_rows(const tfb_stage_t *s, const uint8_t *code, const float *x, int64_t R, int S, int64_t R_out, int64_t p, int64_t b, int64_t e, float *mid,
                       float *y)
{
    const float *in = x ? x + (size_t)((p % S) * R + p / S) * s->in.C : NULL;
    float *out = y + (size_t)(p * R_out) * s->out.C;
    for (int64_t r = b; r < e; r += s->out.L) /* mid has room for the rows of a window */
        stage_rows(s, code + p + (s->first ? r * s->P : 0), in ? in + (size_t)(r * s->P) * s->in.C : NULL, mid, out + (size_t)r * s->out.C, 0,
                   (int)(r + s->out.L < e ? s->out.L : e - r));
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
        const uint8_t *code = j->code + base;
        const float *x = NULL;
        float *y = w->stretch;
        int64_t R = 0, R_out = 0;
        if (rev) {
            revcomp(code, (int)span, w->rc_stretch);
            code = w->rc_stretch;
        }
        for (int t = 0; t < f->n_window; t++) {
            const tfb_stage_t *s = &f->stage[t];
            int64_t step = (int64_t)S * s->P;
            R_out = span / step + 1;
            memset(w->run, 0, 2 * (size_t)step * sizeof *w->run);
            for (int64_t i = 0; i < n; i++) { /* in the order of this strand */
                int64_t o = rev ? span - f->W - (j->at[i0 + n - 1 - i] - base) : j->at[i0 + i] - base, p = o % step, b = o / step;
                if (b > w->run[2 * p + 1]) { /* a gap: what came before is complete */
                    phase_rows(s, code, x, R, S, R_out, p, w->run[2 * p], w->run[2 * p + 1], w->mid, y);
                    w->run[2 * p] = b;
                } else if (w->run[2 * p + 1] == 0)
                    w->run[2 * p] = b;
                w->run[2 * p + 1] = b + s->out.L;
            }
            for (int64_t p = 0; p < step; p++) phase_rows(s, code, x, R, S, R_out, p, w->run[2 * p], w->run[2 * p + 1], w->mid, y);
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
    return (w->run = tfb_alloc(2 * S, sizeof *w->run, "a stretch")) && (w->rc_stretch = tfb_alloc(span, 1, "a stretch")) &&
                   (w->stretch = tfb_alloc(n, sizeof(float), "a stretch"))
               ? 0
               : -1;
}

int tfb_infer_stretch(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    for (int t = 0; t < f->n_threads; t++)
        if (stretch_init(f, &f->work[t]) < 0) return -1;
    if (n + 1 > f->m_begin) {
        int64_t m = n + 1 + n / 2, *b = realloc(f->begin, (size_t)m * sizeof *b);
        if (!b) {
            tfb_error("not enough memory to score %lld windows", (long long)n);
            return -1;
        }
        f->begin = b;
        f->m_begin = m;
    }
    /* enough windows for dense weights to be read once for many, enough bases for them to share */
    for (int64_t i = 0; i < n;) {
        int64_t e = i + 1;
        while (e < n && at[e] - at[i] <= STRETCH && (e - i < ROWS / 2 || at[e] - at[i] < 8 * f->W)) e++;
        f->begin[n_blocks++] = i;
        i = e;
    }
    f->begin[n_blocks] = n;
    stretch_t j = {f, code, at, strand, z};
    if (f->pool && n_blocks < INT32_MAX)
        tfb_pool_run(f->pool, (int)n_blocks, stretch_block, &j);
    else
        for (int64_t i = 0; i < n_blocks; i++) stretch_block(&j, (int)i, 0);
    return 0;
}
