/* plan.c - prepares a network for scoring. In: the graph of layers. Out: steps with folded and packed
 * weights, their order, and places for their outputs. */
#include "kernels/blas.h"
#include "nn/steps.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- layers to steps ---- */

typedef struct {
    tfb_plan_t *p;
    int root[TFB_MAX_LAYERS]; /* the layer whose output a layer's is, in scoring: itself, or below dropout the layer
                                 before */
    int uses[TFB_MAX_LAYERS]; /* how many inputs of other layers a root's output is */
    int at[TFB_MAX_LAYERS];   /* the step that computes it */
} build_t;

static void find_roots(build_t *b)
{
    const tfb_net_t *net = b->p->net;
    for (int i = 0; i < net->n_layers; i++) {
        const tfb_layer_t *l = &net->layer[i];
        b->root[i] = l->kind->identity ? b->root[l->src[0]] : i;
        for (int k = 0; k < l->n_src && !l->kind->identity; k++)
            if (l->src[k] != TFB_BASES) b->uses[b->root[l->src[k]]]++;
    }
}

static tfb_step_t *new_step(build_t *b, const tfb_layer_t *l)
{
    tfb_step_t *s = &b->p->step[b->p->n_steps++];
    s->layer = l;
    s->n_in = l->n_src;
    for (int k = 0; k < l->n_src; k++) s->in[k] = l->src[k] == TFB_BASES ? TFB_BASES : b->at[b->root[l->src[k]]];
    s->src = l->in;
    s->mid = s->out = l->out;
    s->K = s->D = s->P = 1;
    s->residual = -1;
    s->buffer = -1;
    s->other = l->n_src > 1 ? s->in[1] : -1;
    return s;
}

int tfb_fuse_rows(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)l, (void)param, (void)stat;
    if (s->op != TFB_STEP_FRESH) return 0;
    s->op = TFB_STEP_ROWS;
    return 1;
}

/* Adds layer l to the step that computes its input if nothing else reads that; else begins a new step. */
static int add_layer(build_t *b, const tfb_layer_t *l)
{
    const tfb_net_t *net = b->p->net;
    const float *param = net->param + l->param_off, *stat = net->stat + l->stat_off;
    if (!l->first) {
        /* of two inputs, the one computed later: the other is ready by then */
        int r0 = b->root[l->src[0]], r1 = l->n_src > 1 ? b->root[l->src[1]] : r0;
        int late = b->at[r0] >= b->at[r1] ? r0 : r1, early = late == r0 ? r1 : r0;
        tfb_step_t *s = &b->p->step[b->at[late]];
        s->other = b->at[early];
        int r = b->uses[late] == 1 ? l->kind->fuse(l, param, stat, s) : 0;
        if (r != 0) {
            b->at[l->index] = b->at[late];
            s->out = l->out;
            return r;
        }
    }
    tfb_step_t *s = new_step(b, l);
    b->at[l->index] = b->p->n_steps - 1;
    if (l->kind->fuse(l, param, stat, s) <= 0) return -1;
    if (s->op == TFB_STEP_PRODUCT || s->op == TFB_STEP_ROWS) {
        s->first = l->first;
        s->K = l->K ? l->K : 1;
        s->D = l->dilate;
        s->pad = l->pad;
    } else if (s->op == TFB_STEP_EACH) {
        s->mid = l->in;
        s->n_in = 1; /* the other one, if any, is the residual */
    }
    return 0;
}

static int build_steps(tfb_plan_t *p)
{
    build_t *b = calloc(1, sizeof *b);
    int ret = -1;
    if (!b || !(p->step = calloc((size_t)p->net->n_layers, sizeof *p->step))) goto done;
    b->p = p;
    find_roots(b);
    for (int i = 0; i < p->net->n_layers; i++) {
        const tfb_layer_t *l = &p->net->layer[i];
        if (!l->kind->identity && add_layer(b, l) < 0) goto done;
    }
    ret = 0;
done:
    free(b);
    return ret;
}

/* Keeps only the requested outputs of the last step, in that order. */
static int choose_targets(tfb_step_t *s, const int *targets, int n)
{
    int F = s->out.C;
    size_t KC = (size_t)s->K * s->src.C;
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

/* ---- weights as the kernels expect them ---- */

static void warn_gemm(void)
{
    const char *problem = tfb_gemm_problem();
    if (problem) tfb_warn("%s", problem);
}

void tfb_gemm_report(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, warn_gemm);
}

int tfb_step_is_grouped(const tfb_step_t *s)
{
    return s->op == TFB_STEP_PRODUCT && !s->first && !s->low && s->P == 3 && s->K >= 3 && s->D == 1 &&
           s->residual < 0 && !s->act && tfb_kernels()->conv_max3;
}

int tfb_step_is_plain(const tfb_step_t *s)
{
    return s->op == TFB_STEP_PRODUCT && s->n_in == 1 && s->mid.L > 1 && s->D == 1 && !s->pad && s->residual < 0 &&
           !s->act && s->P <= TFB_LOW_MAX_POOL;
}

int tfb_step_is_dense(const tfb_step_t *s)
{
    return s->op == TFB_STEP_PRODUCT && !s->first && s->mid.L == 1 && s->D == 1 && !s->pad;
}

/* Returns the weight of base c at tap k for filter n. An N counts a quarter of each base. */
static float tap(const tfb_step_t *s, int k, int c, int n)
{
    const float *w = s->w + (size_t)k * 4 * s->mid.C + n;
    int F = s->mid.C;
    if (k >= s->K) return 0;
    return c < 4 ? w[c * F] : 0.25f * (w[0] + w[F] + w[2 * F] + w[3 * F]);
}

/* Adds up two taps' weights for each pair of bases. An odd width ends with half a pair. */
static int pack_pairs(tfb_step_t *s)
{
    int F = s->mid.C, q = tfb_kernels()->panel, K2 = (s->K + 1) / 2, panels = (F + q - 1) / q;
    if (!(s->packed = tfb_alloc((size_t)K2 * 25 * (size_t)panels, (size_t)q * sizeof(float), "weights"))) return -1;
    for (int n = 0; n < F; n++) {
        float *t = s->packed + (size_t)(n / q) * K2 * 25 * q + n % q;
        for (int k = 0; k < 2 * K2; k += 2)
            for (int i = 0; i < 25; i++, t += q) *t = tap(s, k, i / 5, n) + tap(s, k + 1, i % 5, n);
    }
    return 0;
}

static int pack_grouped(tfb_step_t *s)
{
    int F = s->mid.C, n = TFB_MAX3_POINTS * tfb_max3_chunks(s->K) * s->src.C;
    float *at = tfb_alloc((size_t)n * (size_t)F, sizeof *at, "weights");
    if (at && (s->packed = tfb_alloc(tfb_packed_size(n, F), sizeof(float), "weights"))) {
        tfb_max3_weights(s->K, s->src.C, F, s->w, at);
        tfb_gemm(TFB_GEMM_SCORE, F, n)->pack(n, F, at, F, 1, s->packed);
    }
    free(at);
    return s->packed ? 0 : -1;
}

/* Packs one matrix, or one per tap if taps are dilated. */
static int pack_taps(tfb_step_t *s)
{
    int F = s->mid.C, n = s->D > 1 ? s->K : 1, KC = s->K * s->src.C / n;
    s->tap = tfb_packed_size(KC, F);
    if (!(s->packed = tfb_alloc((size_t)n * s->tap, sizeof(float), "weights"))) return -1;
    for (int k = 0; k < n; k++)
        tfb_gemm(TFB_GEMM_SCORE, F, KC)->pack(KC, F, s->w + (size_t)k * KC * F, F, 1, s->packed + (size_t)k * s->tap);
    return 0;
}

static int pack_step(const tfb_plan_t *p, tfb_step_t *s)
{
    int r;
    if (!s->w) return 0;
    if (s->first)
        r = pack_pairs(s);
    else if (s->low)
        r = tfb_low_pack_step(p, s);
    else
        r = tfb_step_is_grouped(s) ? pack_grouped(s) : pack_taps(s);
    if (tfb_step_is_plain(s) && !s->first && !s->low) return r;
    free(s->w);
    s->w = NULL;
    return r;
}

/* ---- order and places ---- */

/* Lists what step s reads: in[0], in[1], residual, except bases. Returns how many. */
static int reads(const tfb_step_t *s, int from[TFB_MAX_INPUTS + 1])
{
    int n = 0;
    for (int k = 0; k < s->n_in; k++)
        if (s->in[k] != TFB_BASES) from[n++] = s->in[k];
    if (s->residual >= 0) from[n++] = s->residual;
    return n;
}

/* Splits the steps. Those before the first that reads a whole window at once run window by window; the
 * others run over a block of windows, so that weights are read once for many. */
static int order_steps(tfb_plan_t *p)
{
    p->window = calloc(TFB_MAX_LAYERS, sizeof *p->window);
    p->block = calloc(TFB_MAX_LAYERS, sizeof *p->block);
    if (!p->window || !p->block) return -1;
    p->sharable = 1;
    for (int i = 0; i < p->n_steps; i++) {
        tfb_step_t *s = &p->step[i];
        int from[TFB_MAX_INPUTS + 1], n = reads(s, from);
        s->by_block = s->op == TFB_STEP_WHOLE || tfb_step_is_dense(s);
        s->alone = s->mid.L != s->out.L && s->out.L == 1;
        s->alone |= s->op == TFB_STEP_ROWS && s->out.L == 1;
        for (int k = 0; k < n; k++) {
            tfb_step_t *x = &p->step[from[k]];
            s->by_block |= x->by_block;
            s->alone |= x->alone;
            x->n_uses++;
        }
        if (s->by_block)
            p->block[p->n_block++] = i;
        else
            p->window[p->n_window++] = i;
        if (s->pad && !s->by_block) p->sharable = 0;
    }
    return 0;
}

/* Places outputs. Steps by window that are read by steps by block write directly to a block buffer; the
 * others keep their output in the slot. */
static void place_windows(tfb_plan_t *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        tfb_step_t *s = &p->step[i];
        int from[TFB_MAX_INPUTS + 1], n = reads(s, from);
        s->last_use = i == p->n_steps - 1 ? p->n_steps : s->last_use;
        for (int k = 0; k < n; k++) {
            tfb_step_t *x = &p->step[from[k]];
            x->last_use = i;
            if (s->op == TFB_STEP_PRODUCT && s->pad > x->halo) x->halo = s->pad;
            if (s->by_block) x->slot_kept = -1;
        }
    }
    for (int i = 0; i < p->n_window; i++) {
        tfb_step_t *s = &p->step[p->window[i]];
        int exported = s->slot_kept < 0 || p->window[i] == p->n_steps - 1;
        s->slot_kept = !exported || s->halo;
        s->stride = exported ? (size_t)s->out.L * s->row : 0;
        if (!s->slot_kept) continue;
        s->off = p->n_act + (size_t)s->halo * s->row;
        p->n_act += (((size_t)s->out.L + 2 * (size_t)s->halo) * s->row + 15) & ~(size_t)15;
    }
    p->n_act += p->slack;
}

/* Returns the first block buffer that is free from step i. busy: the last step that needs it. */
static int free_buffer(tfb_plan_t *p, int *busy, int i, size_t size)
{
    int k = 0;
    while (k < p->n_buffers && busy[k] >= i) k++;
    if (k == p->n_buffers) p->n_buffers++;
    if (size > p->m_buffer[k]) p->m_buffer[k] = size;
    return k;
}

static int place_blocks(tfb_plan_t *p)
{
    int *busy = calloc((size_t)p->n_steps + 1, sizeof *busy);
    p->m_buffer = calloc((size_t)p->n_steps + 1, sizeof *p->m_buffer);
    if (!busy || !p->m_buffer) {
        free(busy);
        return -1;
    }
    for (int i = 0; i < p->n_window; i++) { /* all are computed before the first step by block */
        tfb_step_t *s = &p->step[p->window[i]];
        if (!s->stride) continue;
        s->buffer = free_buffer(p, busy, -1, s->stride);
        busy[s->buffer] = s->last_use;
    }
    for (int i = 0; i < p->n_block; i++) {
        tfb_step_t *s = &p->step[p->block[i]];
        s->stride = (size_t)s->out.L * s->row;
        const tfb_step_t *x = s->op == TFB_STEP_EACH ? &p->step[s->in[0]] : NULL;
        if (x && s->P == 1 && x->last_use == p->block[i]) /* in place */
            s->buffer = x->buffer;
        else
            s->buffer = free_buffer(p, busy, p->block[i], s->stride);
        busy[s->buffer] = s->last_use;
    }
    free(busy);
    return 0;
}

void tfb_step_reach(const tfb_step_t *s, int residual, int beg, int end, int *ob, int *oe)
{
    const tfb_layer_t *l = s->layer;
    *ob = beg, *oe = end;
    if (s->op != TFB_STEP_EACH && !residual && l->kind->reach) l->kind->reach(l, beg, end, ob, oe);
    if (s->pool && *ob < *oe) s->pool->kind->reach(s->pool, *ob, *oe, ob, oe);
}

void tfb_step_needs(const tfb_step_t *s, int b, int e, int *nb, int *ne)
{
    int beg = b * s->P - s->pad, end = e * s->P + (s->K - 1) * s->D - s->pad;
    *nb = beg > 0 ? beg : 0;
    *ne = end < s->src.L ? end : s->src.L;
}

tfb_plan_t *tfb_plan_create(const tfb_net_t *net, const int *targets, int n_targets, const tfb_low_t *low,
                            const float *most)
{
    tfb_plan_t *p = calloc(1, sizeof *p);
    int keep = 0; /* unfolded weights are still read */
    if (!p) return NULL;
    tfb_gemm_report();
    p->W = net->window;
    p->T = targets ? n_targets : net->n_out;
    p->low = low;
    if (!(p->net = tfb_net_clone(net)) || build_steps(p) < 0) goto fail;
    if (targets && choose_targets(&p->step[p->n_steps - 1], targets, n_targets) < 0) goto fail;
    if (tfb_low_mark(p, most) < 0) goto fail;
    for (int i = 0; i < p->n_steps; i++) {
        if (pack_step(p, &p->step[i]) < 0) goto fail;
        keep |= p->step[i].op == TFB_STEP_WHOLE || p->step[i].op == TFB_STEP_ROWS;
    }
    if (order_steps(p) < 0) goto fail;
    place_windows(p);
    if (place_blocks(p) < 0) goto fail;
    if (!keep) {
        free(p->net->param);
        p->net->param = NULL;
    }
    return p;
fail:
    tfb_plan_destroy(p);
    return NULL;
}

void tfb_plan_destroy(tfb_plan_t *p)
{
    if (!p) return;
    for (int i = 0; p->step && i < p->n_steps; i++) {
        tfb_step_t *s = &p->step[i];
        free(s->w);
        free(s->bias);
        free(s->scale);
        free(s->shift);
        free(s->packed);
        free(s->taps);
        free(s->spread);
        tfb_low_free(s);
    }
    free(p->step);
    free(p->window);
    free(p->block);
    free(p->m_buffer);
    tfb_net_destroy(p->net);
    free(p);
}
