/* infer.c - scoring windows. In: base codes (B, W). Out: logits (B, T).
 *
 * Steps by window run over a few windows at a time, whose activations stay in the second cache. Steps by
 * block run over a block of windows, so that their weights are read once per block. A window derived from
 * another (an ALT allele from its REF window) recomputes only the rows that can differ and copies the
 * others it needs. Sums and their order are the same, so the result is bit for bit the same. */
#include "nn/infer.h"
#include "kernels/blas.h"
#include "nn/scoring.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

float tfb_sigmoid(float z) { return 1 / (1 + expf(-z)); }

int tfb_infer_window(const tfb_infer_t *f) { return f->plan->W; }
int tfb_infer_n_targets(const tfb_infer_t *f) { return f->plan->T; }

/* ---- work space ---- */

static void work_free(tfb_work_t *w, const tfb_plan_t *p)
{
    for (int i = 0; i <= TFB_SLOTS; i++) {
        free(w->slot[i].act);
        free(w->slot[i].y);
        free(w->slot[i].code);
        free(w->slot[i].beg);
    }
    for (int i = 0; w->buffer && i < p->n_buffers; i++) free(w->buffer[i]);
    for (int i = 0; w->pass.cache && i < p->net->n_layers; i++) free(w->pass.cache[i]);
    free(w->buffer);
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
    free(w->low);
    free(w->narrow);
    free(w->padded);
    tfb_snvs_free(w->snvs);
}

/* Allocates room for a layer that runs its own forward. Threads are not shared within a block, so it runs
 * on this thread only. */
static int pass_init(const tfb_plan_t *p, tfb_work_t *w, const tfb_layer_t *l)
{
    size_t m = l->kind->scratch ? l->kind->scratch(l, TFB_ROWS) : 0;
    w->pass.net = p->net;
    w->pass.param = p->net->param;
    w->pass.stat = p->net->stat;
    if (!w->pass.cache && !(w->pass.cache = calloc((size_t)p->net->n_layers, sizeof *w->pass.cache))) return -1;
    if (!(w->pass.cache[l->index] = tfb_alloc(l->kind->cache ? l->kind->cache(l, TFB_ROWS) : 1, 1, "activations")))
        return -1;
    if (m <= w->pass.m_scratch) return 0;
    free(w->pass.scratch);
    w->pass.m_scratch = m;
    return (w->pass.scratch = tfb_alloc(m, 1, "scratch")) ? 0 : -1;
}

static int slot_init(const tfb_plan_t *p, tfb_slot_t *s)
{
    size_t n = (size_t)p->n_steps;
    if (!(s->act = tfb_alloc(p->n_act + 1, sizeof(float), "activations")) || !(s->y = calloc(n, sizeof *s->y)) ||
        !(s->code = tfb_alloc(2 * (size_t)p->W, 1, "activations")) ||
        !(s->beg = tfb_alloc(2 * n, sizeof *s->beg, "activations")))
        return -1;
    s->pair = s->code + p->W;
    s->end = s->beg + n;
    return 0;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static int work_init(const tfb_plan_t *p, tfb_work_t *w)
{
    size_t mid = 1, padded = 0, groups = 1, max3 = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const tfb_step_t *s = &p->step[i];
        mid = larger(mid, (size_t)s->mid.L * s->mid.C);
        groups = larger(groups, (size_t)s->out.L);
        if (s->pad && s->by_block) {
            size_t C = larger((size_t)s->src.C, p->step[s->in[0]].row);
            padded = larger(padded, ((size_t)s->src.L + 2 * (size_t)s->pad) * C + p->slack);
        }
        if (tfb_step_is_grouped(s)) max3 = larger(max3, tfb_max3_scratch(s->K, s->src.C));
        if (s->op == TFB_STEP_WHOLE && pass_init(p, w, s->layer) < 0) return -1;
    }
    if (tfb_low_work(p, w) < 0) return -1;
    if (max3 && !(w->max3 = tfb_alloc(max3, sizeof(float), "scratch"))) return -1;
    if (padded && !(w->padded = tfb_alloc(padded, sizeof(float), "scratch"))) return -1;
    if (!(w->mid = tfb_alloc(mid, sizeof(float), "activations")) ||
        !(w->a = tfb_alloc(TFB_SLOTS * groups, sizeof *w->a, "activations")) ||
        !(w->c = tfb_alloc(TFB_SLOTS * groups, sizeof *w->c, "activations")) ||
        !(w->buffer = calloc((size_t)p->n_buffers + 1, sizeof *w->buffer)))
        return -1;
    for (int i = 0; i < p->n_buffers; i++)
        if (!(w->buffer[i] = tfb_alloc(TFB_ROWS * p->m_buffer[i] + p->slack, sizeof(float), "activations"))) return -1;
    for (int i = 0; i <= TFB_SLOTS; i++)
        if (slot_init(p, &w->slot[i]) < 0) return -1;
    return 0;
}

tfb_infer_t *tfb_infer_create(const tfb_net_t *net, const int *targets, int n_targets, tfb_pool_t *pool)
{
    return tfb_infer_create_low(net, targets, n_targets, pool, NULL, NULL);
}

tfb_infer_t *tfb_infer_create_low(const tfb_net_t *net, const int *targets, int n_targets, tfb_pool_t *pool,
                                  const tfb_low_t *low, const float *most)
{
    tfb_infer_t *f = calloc(1, sizeof *f);
    if (!f) goto memory;
    f->pool = pool;
    f->n_threads = pool ? tfb_pool_size(pool) : 1;
    if (!(f->plan = tfb_plan_create(net, targets, n_targets, low, most)) ||
        !(f->work = calloc((size_t)f->n_threads, sizeof *f->work)))
        goto memory;
    for (int i = 0; i < f->n_threads; i++)
        if (work_init(f->plan, &f->work[i]) < 0) goto memory;
    return f;
memory:
    tfb_error("not enough memory to prepare the model for scoring");
    tfb_infer_destroy(f);
    return NULL;
}

void tfb_infer_destroy(tfb_infer_t *f)
{
    if (!f) return;
    for (int i = 0; f->work && i < f->n_threads; i++) work_free(&f->work[i], f->plan);
    free(f->work);
    free(f->begin);
    if (!f->fork) tfb_plan_destroy(f->plan);
    free(f);
}

tfb_infer_t *tfb_infer_fork(const tfb_infer_t *from)
{
    tfb_infer_t *f = calloc(1, sizeof *f);
    if (f) {
        f->plan = from->plan;
        f->fork = 1;
        f->n_threads = 1;
        if ((f->work = calloc(1, sizeof *f->work)) && work_init(f->plan, f->work) == 0) return f;
    }
    tfb_error("not enough memory to prepare the model for scoring");
    tfb_infer_destroy(f);
    return NULL;
}

/* ---- steps ---- */

static tfb_after_t after_of(const tfb_step_t *s)
{
    return (tfb_after_t){.bias = s->bias, .relu = s->relu, .scale = s->scale, .shift = s->shift};
}

/* Applies the parts after op to n rows of x, if the activation is a function: before it, the activation,
 * and after it. Overwrites x. */
static void finish_act(const tfb_step_t *s, int n, float *x, const float *bias, const float *residual, float *y)
{
    const tfb_kernels_t *k = tfb_kernels();
    int F = s->mid.C;
    if (bias || residual) k->finish(n, F, 1, x, &(tfb_after_t){.bias = bias, .residual = residual}, x);
    for (int r = 0; r < n; r++)
        s->act((size_t)F, x + (size_t)r * F); /* row by row, so that values do not depend on where the rows begin */
    k->finish(n / s->P, F, s->P, x, &(tfb_after_t){.scale = s->scale, .shift = s->shift}, y);
}

/* Applies the parts after op to n rows of x, before pooling. An activation that is a function overwrites
 * x. */
static void finish_rows(const tfb_step_t *s, int n, float *x, const float *residual, float *y)
{
    tfb_after_t after = after_of(s);
    after.residual = residual;
    if (s->act)
        finish_act(s, n, x, s->bias, residual, y);
    else
        tfb_kernels()->finish(n / s->P, s->mid.C, s->P, x, &after, y);
}

/* Does the same for steps without op: x is another step's output. */
static void each_rows(const tfb_step_t *s, tfb_work_t *w, int n, const float *x, const float *residual, float *y)
{
    tfb_after_t after = after_of(s);
    after.residual = residual;
    if (s->act) {
        memcpy(w->mid, x, (size_t)n * s->mid.C * sizeof *x);
        finish_act(s, n, w->mid, NULL, residual, y);
    } else
        tfb_kernels()->finish(n / s->P, s->mid.C, s->P, x, &after, y);
}

static void product_rows(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, int m, int n)
{
    int C = s->src.C, F = s->mid.C, K = s->D == 1 ? s->K * C : C;
    const tfb_kernels_t *k = tfb_gemm(TFB_GEMM_SCORE, F, K);
    if (s->low) {
        tfb_low_product(p, s, w, x, m, n, w->mid);
        return;
    }
    x += (ptrdiff_t)(m - s->pad) * C;
    tfb_rows_out_t mid = {w->mid, F};
    if (s->D == 1) {
        k->gemm(n, F, K, (tfb_rows_t){x, C}, s->packed, mid, 0);
        return;
    }
    for (int t = 0; t < s->K; t++)
        k->gemm(n, F, C, (tfb_rows_t){x + (size_t)t * s->D * C, C}, s->packed + (size_t)t * s->tap, mid, t > 0);
}

static void lookup_rows(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const uint8_t *pair,
                        const float *residual, float *y, int b, int e)
{
    const tfb_kernels_t *k = tfb_kernels();
    const tfb_after_t after = after_of(s), bias = {.bias = s->bias};
    int F = s->mid.C, K2 = (s->K + 1) / 2, m = b * s->P, n = (e - b) * s->P;
    if (s->low_out) {
        k->lookup2(e - b, s->P, F, K2, pair + m, s->packed, &after, w->mid);
        p->low->narrow(e - b, F, w->mid, F, 1 / s->low_step, y, (ptrdiff_t)(s->row * sizeof *y));
        return;
    }
    if (!s->act && !residual) {
        k->lookup2(e - b, s->P, F, K2, pair + m, s->packed, &after, y);
        return;
    }
    tfb_after_t rest = after;
    rest.bias = NULL;
    rest.residual = residual;
    k->lookup2(n, 1, F, K2, pair + m, s->packed, &bias, w->mid);
    if (s->act)
        finish_act(s, n, w->mid, NULL, residual, y);
    else
        k->finish(e - b, F, s->P, w->mid, &rest, y);
}

/* Appends groups of rows [b, e) for conv_max3 to the G existing ones. Returns their new number. */
static int add_groups(const tfb_step_t *s, tfb_work_t *w, const float *x, float *y, int b, int e, int G)
{
    for (int r = b; r < e; r++, G++) {
        w->a[G] = x + (ptrdiff_t)(3 * r - s->pad) * s->src.C;
        w->c[G] = y + (size_t)r * s->mid.C;
    }
    return G;
}

static void run_groups(const tfb_step_t *s, tfb_work_t *w, int G)
{
    const tfb_after_t after = after_of(s);
    const tfb_groups_t groups = {.n = G, .from = w->a, .ld = s->src.C, .to = w->c};
    const tfb_kernels_t *k = tfb_gemm(TFB_GEMM_SCORE, s->mid.C, TFB_MAX3_POINTS * tfb_max3_chunks(s->K) * s->src.C);
    if (G) k->conv_max3(s->mid.C, s->K, s->src.C, &groups, s->packed, &after, w->max3);
}

void tfb_step_rows(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const tfb_step_io_t *io, int b, int e)
{
    int F = s->mid.C, m = b * s->P, n = (e - b) * s->P;
    const float *const *x = io->x, *residual = io->residual;
    float *to = io->y + (size_t)b * s->row;
    if (residual) residual += (size_t)m * F;
    if (s->first)
        lookup_rows(p, s, w, io->pair, residual, to, b, e);
    else if (tfb_step_is_grouped(s))
        run_groups(s, w, add_groups(s, w, x[0], io->y, b, e, 0));
    else if (s->low && tfb_low_is_simple(s))
        tfb_low_runs(p, s, w, tfb_low_add(p, s, w, x[0], io->y, b, e, 0));
    else if (s->op == TFB_STEP_PRODUCT) {
        product_rows(p, s, w, x[0], m, n);
        finish_rows(s, n, w->mid, residual, to);
    } else if (s->op == TFB_STEP_ROWS) {
        s->layer->kind->rows(s->layer, p->net->param + s->layer->param_off, x, w->mid, m, m + n);
        finish_rows(s, n, w->mid + (size_t)m * F, residual, to);
    } else
        each_rows(s, w, n, x[0] + (size_t)m * F, residual, to);
}

/* ---- windows in slots ---- */

static float *output_of(const tfb_step_t *s, const tfb_slot_t *t, const tfb_work_t *w, int row)
{
    return s->slot_kept ? t->act + s->off : tfb_block_row(w, s, row);
}

/* Sets which rows of each step a slot must compute: all, or those within reach of the codes that differ
 * from its base's. */
static void set_ranges(const tfb_plan_t *p, const tfb_work_t *w, tfb_slot_t *t)
{
    int b = 0, e = p->W;
    if (t->base >= 0) {
        const uint8_t *other = w->slot[t->base].code;
        while (b < e && t->code[b] == other[b]) b++;
        while (e > b && t->code[e - 1] == other[e - 1]) e--;
    }
    for (int i = 0; i < p->n_window; i++) {
        int k = p->window[i], beg = 0, end = 0;
        const tfb_step_t *s = &p->step[k];
        if (t->base < 0) end = s->out.L;
        for (int n = 0; t->base >= 0 && n < s->n_in + (s->residual >= 0); n++) {
            int from = n < s->n_in ? s->in[n] : s->residual, ob, oe;
            int xb = from == TFB_BASES ? b : t->beg[from], xe = from == TFB_BASES ? e : t->end[from];
            if (xb >= xe) continue;
            tfb_step_reach(s, n == s->n_in, xb, xe, &ob, &oe);
            if (ob >= oe) continue; /* positions that pooling drops */
            if (beg == end)
                beg = ob, end = oe;
            else {
                if (ob < beg) beg = ob;
                if (oe > end) end = oe;
            }
        }
        t->beg[k] = beg;
        t->end[k] = end;
    }
}

/* Sets [*beg, *end) to the rows of step k's output in slot t that later steps read; all rows if a block
 * reads it. */
static void rows_read(const tfb_plan_t *p, const tfb_slot_t *t, int k, int *beg, int *end)
{
    const tfb_step_t *s = &p->step[k];
    *beg = *end = 0;
    if (s->stride) {
        *end = s->out.L;
        return;
    }
    for (int i = 0; i < p->n_window; i++) {
        int r = p->window[i];
        const tfb_step_t *to = &p->step[r];
        if (r <= k || t->beg[r] >= t->end[r]) continue;
        for (int n = 0; n < to->n_in + (to->residual >= 0); n++) {
            int nb = t->beg[r] * to->P, ne = t->end[r] * to->P;
            if ((n < to->n_in ? to->in[n] : to->residual) != k) continue;
            if (n < to->n_in) tfb_step_needs(to, t->beg[r], t->end[r], &nb, &ne);
            if (*beg == *end)
                *beg = nb, *end = ne;
            else {
                if (nb < *beg) *beg = nb;
                if (ne > *end) *end = ne;
            }
        }
    }
}

/* Copies from the base those rows of step k that are read but were not computed. */
static void copy_rows(const tfb_plan_t *p, const tfb_work_t *w, const tfb_slot_t *t, int k)
{
    size_t C = p->step[k].row;
    int b = t->beg[k], e = t->end[k], beg, end;
    rows_read(p, t, k, &beg, &end);
    if (beg >= end) return;
    float *to = t->y[k];
    const float *from = w->slot[t->base].y[k];
    if (b >= e) b = e = end;
    if (b > end) b = end;
    if (e < beg) e = beg;
    if (b > beg) memcpy(to + (size_t)beg * C, from + (size_t)beg * C, (size_t)(b - beg) * C * sizeof(float));
    if (end > e) memcpy(to + (size_t)e * C, from + (size_t)e * C, (size_t)(end - e) * C * sizeof(float));
}

static void slot_inputs(const tfb_step_t *s, const tfb_slot_t *t, const float *x[TFB_MAX_INPUTS])
{
    for (int k = 0; k < TFB_MAX_INPUTS; k++) x[k] = k < s->n_in && s->in[k] != TFB_BASES ? t->y[s->in[k]] : NULL;
}

/* Runs the steps by window over n slots, the first of which is window `row` of the block. */
static void run_slots(const tfb_plan_t *p, tfb_work_t *w, int n, int row)
{
    for (int i = 0; i < p->n_window; i++) {
        int k = p->window[i], G = 0, grouped, together;
        const tfb_step_t *s = &p->step[k];
        grouped = tfb_step_is_grouped(s);
        together = s->low && tfb_low_is_simple(s);
        for (int j = 0; j < n; j++) {
            tfb_slot_t *t = &w->slot[j];
            const float *x[TFB_MAX_INPUTS];
            if (t->beg[k] == t->end[k]) continue;
            slot_inputs(s, t, x);
            tfb_step_io_t io = {.pair = t->pair, .x = x, .y = t->y[k]};
            if (s->residual >= 0) io.residual = t->y[s->residual];
            if (grouped) /* all slots' groups in one product */
                G = add_groups(s, w, x[0], io.y, t->beg[k], t->end[k], G);
            else if (together)
                G = tfb_low_add(p, s, w, x[0], io.y, t->beg[k], t->end[k], G);
            else
                tfb_step_rows(p, s, w, &io, t->beg[k], t->end[k]);
        }
        if (together)
            tfb_low_runs(p, s, w, G);
        else
            run_groups(s, w, G);
        for (int j = 0; j < n; j++) {
            if (w->slot[j].base >= 0) copy_rows(p, w, &w->slot[j], k);
            if (s->slot_kept && s->stride)
                memcpy(tfb_block_row(w, s, row + j), w->slot[j].y[k], s->stride * sizeof(float));
        }
    }
}

void tfb_reverse_codes(const uint8_t *src, int n, uint8_t *dst)
{
    for (int i = 0; i < n; i++) dst[i] = src[n - 1 - i] < 4 ? 3 - src[n - 1 - i] : 4;
}

void tfb_make_pairs(const uint8_t *code, int n, uint8_t *pair)
{
    for (int i = 0; i < n; i++) pair[i] = (uint8_t)(5 * code[i] + (i + 1 < n ? code[i + 1] : 0));
}

/* ---- blocks ---- */

/* Computes one row of a step by block that is not a product over the whole width. */
static void block_row(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int r)
{
    const float *x[TFB_MAX_INPUTS] = {NULL};
    for (int k = 0; k < s->n_in; k++) x[k] = tfb_block_row(w, &p->step[s->in[k]], r);
    if (s->pad && s->op == TFB_STEP_PRODUCT) {
        size_t C = p->step[s->in[0]].row, side = (size_t)s->pad * C, n = (size_t)s->src.L * C;
        memset(w->padded, 0, side * sizeof(float));
        memcpy(w->padded + side, x[0], n * sizeof(float));
        memset(w->padded + side + n, 0, side * sizeof(float));
        x[0] = w->padded + side;
    }
    tfb_step_io_t io = {.x = x, .y = tfb_block_row(w, s, r)};
    if (s->residual >= 0) io.residual = tfb_block_row(w, &p->step[s->residual], r);
    tfb_step_rows(p, s, w, &io, 0, s->out.L);
}

static void block_dense(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int rows)
{
    const tfb_step_t *x = &p->step[s->in[0]];
    int F = s->mid.C, in = s->src.L * s->src.C;
    float *y = w->buffer[s->buffer];
    tfb_after_t after = after_of(s);
    if (s->residual >= 0) after.residual = w->buffer[p->step[s->residual].buffer];
    if (s->low)
        tfb_low_dense(p, s, w, rows);
    else
        tfb_gemm(TFB_GEMM_SCORE, F, in)
            ->gemm(rows, F, in, (tfb_rows_t){w->buffer[x->buffer], in}, s->packed, (tfb_rows_out_t){y, F}, 0);
    if (s->low && tfb_low_is_simple(s)) return;
    if (s->act)
        finish_act(s, rows, y, s->bias, after.residual, y);
    else
        tfb_kernels()->finish(rows, F, 1, y, &after, y);
}

const float *tfb_block_steps(const tfb_plan_t *p, tfb_work_t *w, int rows)
{
    for (int i = 0; i < p->n_block; i++) {
        const tfb_step_t *s = &p->step[p->block[i]];
        if (s->op == TFB_STEP_WHOLE) {
            const float *x[TFB_MAX_INPUTS] = {w->buffer[p->step[s->in[0]].buffer], NULL};
            w->pass.B = rows;
            s->layer->kind->forward(s->layer, &w->pass, x, w->buffer[s->buffer]);
        } else if (tfb_step_is_dense(s) && s->P == 1)
            block_dense(p, s, w, rows);
        else
            for (int r = 0; r < rows; r++) block_row(p, s, w, r);
    }
    return w->buffer[p->step[p->n_steps - 1].buffer];
}

typedef struct {
    tfb_infer_t *f;
    const uint8_t *code;
    const int32_t *base;
    int64_t n;
    tfb_strand_t strand;
    float *z;
} job_t;

/* Puts window code into slot t, as window `row` of the block. */
static void fill_slot(const tfb_plan_t *p, const tfb_work_t *w, tfb_slot_t *t, const uint8_t *code, int rev, int base,
                      int row)
{
    if (rev)
        tfb_reverse_codes(code, p->W, t->code);
    else
        memcpy(t->code, code, (size_t)p->W);
    tfb_make_pairs(t->code, p->W, t->pair);
    t->base = base;
    for (int i = 0; i < p->n_window; i++) t->y[p->window[i]] = output_of(&p->step[p->window[i]], t, w, row);
    set_ranges(p, w, t);
}

/* Runs the steps by window over windows [i0, i1) of the job on one strand. They are rows first, ... of the
 * block. */
static void run_windows(const job_t *j, tfb_work_t *w, int64_t i0, int64_t i1, int rev, int row)
{
    const tfb_plan_t *p = j->f->plan;
    int64_t kept = -1; /* the window in the last slot */
    for (int64_t i = i0, first; i < i1;) {
        int m = 0, last = -1; /* slots in use; the last of them that is not derived */
        for (first = i; i < i1 && m < TFB_SLOTS; i++, m++) {
            int64_t from = j->base ? j->base[i] : -1;
            int base = -1;
            if (from >= first)
                base = (int)(from - first);
            else if (from >= 0 && from == kept)
                base = TFB_SLOTS;
            fill_slot(p, w, &w->slot[m], j->code + i * p->W, rev, base, row + (int)(i - i0));
            if (from < 0) last = m;
        }
        run_slots(p, w, m, row + (int)(first - i0));
        if (last >= 0) {
            tfb_slot_t t = w->slot[TFB_SLOTS];
            w->slot[TFB_SLOTS] = w->slot[last];
            w->slot[last] = t;
            kept = first + last;
        }
    }
}

static void run_block(void *arg, int task, int thread)
{
    job_t *j = arg;
    tfb_infer_t *f = j->f;
    tfb_work_t *w = &f->work[thread];
    int64_t i0 = f->begin[task], i1 = f->begin[task + 1];
    int n = (int)(i1 - i0), both = j->strand == TFB_STRAND_BOTH, T = f->plan->T;
    run_windows(j, w, i0, i1, j->strand == TFB_STRAND_REV, 0);
    if (both) run_windows(j, w, i0, i1, 1, n);
    const float *z = tfb_block_steps(f->plan, w, both ? 2 * n : n);
    float *out = j->z + i0 * T;
    size_t m = (size_t)n * T;
    if (both)
        for (size_t t = 0; t < m; t++) out[t] = 0.5f * (z[t] + z[m + t]);
    else
        memcpy(out, z, m * sizeof(float));
}

int tfb_room_for_blocks(tfb_infer_t *f, int64_t n)
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

void tfb_run_blocks(const tfb_infer_t *f, int64_t n, void (*fn)(void *arg, int block, int thread), void *arg)
{
    if (f->pool && n < INT32_MAX) /* tfb_pool_run counts in int */
        tfb_pool_run(f->pool, (int)n, fn, arg);
    else
        for (int64_t i = 0; i < n; i++) fn(arg, (int)i, 0);
}

int tfb_infer_windows(tfb_infer_t *f, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand,
                      float *z)
{
    int most = strand == TFB_STRAND_BOTH ? TFB_ROWS / 2 : TFB_ROWS;
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    if (tfb_room_for_blocks(f, n) < 0) return -1;
    /* blocks end before a base window if possible, so that it stays together with windows derived from it */
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
    job_t j = {.f = f, .code = code, .base = base, .n = n, .strand = strand, .z = z};
    tfb_run_blocks(f, n_blocks, run_block, &j);
    return 0;
}
