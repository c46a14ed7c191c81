/* walk.c - forward and backward over the graph of layers. In: base codes (B, W). Out: logits, gradients. Knows no layer
 * by name. */
#include "nn/walk.h"
#include "kernels/kernels.h"
#include "nn/steps.h"
#include <stdlib.h>
#include <string.h>

static size_t n_floats(const tfb_shape_t *s) { return (size_t)s->L * s->C; }

/* Returns whether layer l overwrites its input with its output. That needs an input that nothing else
 * reads, including the backward pass of the layer that computed it. */
static int is_over_input(const tfb_net_t *net, const tfb_layer_t *l, int room)
{
    if (!l->kind->in_place || l->first || room == TFB_WALK_EXPLAIN) return 0;
    const tfb_layer_t *from = &net->layer[l->src[0]];
    return from->n_uses == 1 && !from->kind->reads_y;
}

/* ---- buffers ---- */

/* Takes a gradient buffer that is not in use. There always is one: count_slots counted them. */
static float *take(tfb_walk_t *w) { return w->idle[--w->n_idle]; }
static void give_back(tfb_walk_t *w, float *slot) { w->idle[w->n_idle++] = slot; }

/* Returns the most gradient buffers that a backward pass holds: those that back_step takes and returns, if
 * every input's gradient is needed. */
static int count_slots(const tfb_net_t *net)
{
    uint8_t has[TFB_MAX_LAYERS] = {0}; /* per layer: its output's gradient is held */
    int n = 1, most = 1;
    has[net->n_layers - 1] = 1;
    for (int i = net->n_layers - 1; i >= 0; i--) {
        const tfb_layer_t *l = &net->layer[i];
        int in_use = n + (l->kind->in_place ? 0 : l->n_src);
        if (in_use > most) most = in_use;
        has[i] = 0;
        n--;
        for (int k = 0; k < l->n_src; k++)
            if (l->src[k] != TFB_BASES && !has[l->src[k]]) has[l->src[k]] = 1, n++;
    }
    return most;
}

static int make_slots(tfb_walk_t *w, size_t widest)
{
    const tfb_net_t *net = w->pass.net;
    w->n_slots = count_slots(net);
    w->dy = calloc((size_t)net->n_layers, sizeof *w->dy);
    w->slot = calloc((size_t)w->n_slots, sizeof *w->slot);
    w->idle = calloc((size_t)w->n_slots, sizeof *w->idle);
    w->needs = calloc((size_t)net->n_layers, 1);
    if (!w->dy || !w->slot || !w->idle || !w->needs) return -1;
    for (int i = 0; i < w->n_slots; i++)
        if (!(w->slot[i] = tfb_alloc(widest, sizeof(float), "gradients of activations"))) return -1;
    return 0;
}

tfb_walk_t *tfb_walk_create(tfb_net_t *net, int m_batch, int room, tfb_pool_t *pool)
{
    tfb_walk_t *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    tfb_gemm_report();
    w->m_batch = m_batch;
    w->room = room;
    tfb_pass_t *p = &w->pass;
    p->net = net;
    p->pool = pool;
    p->param = net->param;
    p->stat = net->stat;
    p->update_stat = 1;
    size_t widest = 0, scratch = 64, n_bases = 0;
    w->y = calloc((size_t)net->n_layers, sizeof *w->y);
    p->cache = calloc((size_t)net->n_layers, sizeof *p->cache);
    if (!w->y || !p->cache) goto fail;
    for (int i = 0; i < net->n_layers; i++) {
        const tfb_layer_t *l = &net->layer[i];
        size_t n = n_floats(&l->out) * (size_t)m_batch;
        if (n > widest) widest = n;
        n_bases += l->first != 0;
        if (is_over_input(net, l, room))
            w->y[i] = w->y[l->src[0]];
        else if (!(w->y[i] = tfb_alloc(n, sizeof(float), "activations")))
            goto fail;
        if (l->kind->cache && !(p->cache[i] = tfb_alloc(l->kind->cache(l, m_batch), 1, "a layer's cache"))) goto fail;
        size_t s = l->kind->scratch ? l->kind->scratch(l, m_batch) : 0;
        if (s > scratch) scratch = s;
    }
    p->m_scratch = (scratch + 127) & ~(size_t)63;
    if (!(p->scratch = tfb_alloc((size_t)(pool ? tfb_pool_size(pool) : 1), p->m_scratch, "scratch"))) goto fail;
    if (room != TFB_WALK_FORWARD && make_slots(w, widest) < 0) goto fail;
    size_t n_input = (size_t)m_batch * net->window * 4;
    if (room == TFB_WALK_EXPLAIN && !(w->d_input = tfb_alloc(n_input, sizeof(float), "gradients of inputs"))) goto fail;
    if (room == TFB_WALK_EXPLAIN && n_bases > 1 &&
        !(w->d_branch = tfb_alloc(n_input, sizeof(float), "gradients of inputs")))
        goto fail;
    return w;
fail:
    tfb_walk_destroy(w);
    return NULL;
}

void tfb_walk_destroy(tfb_walk_t *w)
{
    if (!w) return;
    const tfb_net_t *net = w->pass.net;
    for (int i = 0; w->y && w->pass.cache && i < net->n_layers; i++) {
        if (!is_over_input(net, &net->layer[i], w->room)) free(w->y[i]);
        free(w->pass.cache[i]);
    }
    for (int i = 0; w->slot && i < w->n_slots; i++) free(w->slot[i]);
    free(w->y);
    free(w->pass.cache);
    free(w->pass.scratch);
    free(w->dy);
    free(w->slot);
    free(w->idle);
    free(w->needs);
    free(w->d_input);
    free(w->d_branch);
    free(w);
}

/* ---- forward ---- */

/* Sets x[k] to each input of layer l, NULL for bases. */
static void inputs_of(const tfb_walk_t *w, const tfb_layer_t *l, const float *x[TFB_MAX_INPUTS])
{
    for (int k = 0; k < TFB_MAX_INPUTS; k++) x[k] = k < l->n_src && l->src[k] != TFB_BASES ? w->y[l->src[k]] : NULL;
}

const float *tfb_walk_run(tfb_walk_t *w, int from, int to)
{
    tfb_pass_t *p = &w->pass;
    for (int i = from; i < to; i++) {
        const tfb_layer_t *l = &p->net->layer[i];
        const float *x[TFB_MAX_INPUTS];
        inputs_of(w, l, x);
        if (l->kind->in_place && w->y[i] != x[0]) {
            memcpy(w->y[i], x[0], n_floats(&l->in) * (size_t)p->B * sizeof(float));
            x[0] = w->y[i];
        }
        if (p->B || l->kind->joint) l->kind->forward(l, p, x, w->y[i]);
    }
    return w->y[to - 1];
}

const float *tfb_walk_forward(tfb_walk_t *w, const uint8_t *code, int B)
{
    tfb_pass_t *p = &w->pass;
    p->B = B;
    if (!p->sum) p->first = 0, p->B_all = B;
    p->code = code;
    return tfb_walk_run(w, 0, p->net->n_layers);
}

/* ---- backward ---- */

/* A bias whose constant a later batch norm removes has a gradient of 0. The computed value is rounding
 * error, which Adam, ignoring the size of gradients, would turn into full steps: running means would lag
 * behind, and results would depend on the order of sums. */
static int bias_goes(const tfb_pass_t *p, int i)
{
    const tfb_net_t *n = p->net;
    if (!p->train || !n->layer[i].kind->bias) return 0;
    for (const tfb_layer_t *l = &n->layer[i]; l->n_uses == 1;) {
        const tfb_layer_t *next = l + 1;
        while (next->src[0] != l->index && (next->n_src < 2 || next->src[1] != l->index)) next++;
        l = next;
        if (l->kind->constant == TFB_CONSTANT_GOES) return !(p->frozen && p->frozen[l->index]);
        if (l->kind->constant != TFB_CONSTANT_STAYS || l->pad)
            return 0; /* padding: the ends do not have the constant */
    }
    return 0;
}

/* Marks the layers that must pass on a gradient: to parameters (grad), or to the bases. */
static void mark_needs(tfb_walk_t *w)
{
    const tfb_pass_t *p = &w->pass;
    for (int i = 0; i < p->net->n_layers; i++) {
        const tfb_layer_t *l = &p->net->layer[i];
        w->needs[i] = p->grad ? l->n_param && !(p->frozen && p->frozen[i]) : l->first;
        for (int k = 0; k < l->n_src; k++)
            if (l->src[k] != TFB_BASES) w->needs[i] |= w->needs[l->src[k]];
    }
}

typedef struct {
    float *restrict to;
    const float *restrict x;
    size_t n; /* floats of an example */
} add_t;

static void add_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)l, (void)scratch;
    const add_t *a = arg;
    size_t b = (size_t)tfb_slice(s, pass->B) * a->n, e = (size_t)tfb_slice(s + 1, pass->B) * a->n;
    for (size_t i = b; i < e; i++) a->to[i] += a->x[i];
}

static void add_to(tfb_walk_t *w, float *to, const float *x, size_t n)
{
    tfb_tasks(NULL, &w->pass, TFB_SLICES, add_task, &(add_t){.to = to, .x = x, .n = n});
}

/* Adds slot g to the gradient of layer from's output, or makes it that gradient if no other reader has
 * given one. */
static void hand_down(tfb_walk_t *w, int from, float *g)
{
    if (!w->dy[from]) {
        w->dy[from] = g;
        return;
    }
    add_to(w, w->dy[from], g, n_floats(&w->pass.net->layer[from].out));
    give_back(w, g);
}

/* Adds up the gradient with respect to the bases: the last layer that reads them writes it first, and the
 * others are added. */
static void add_branch(tfb_walk_t *w, int *n_bases)
{
    if ((*n_bases)++ > 0) add_to(w, w->d_input, w->d_branch, (size_t)w->pass.net->window * 4);
}

/* Runs one layer backwards: takes w->dy[i] and adds to its inputs' gradients. */
static void back_step(tfb_walk_t *w, int i, int rescale, int *n_bases)
{
    tfb_pass_t *p = &w->pass;
    const tfb_layer_t *l = &p->net->layer[i];
    float *dy = w->dy[i], *dx[TFB_MAX_INPUTS] = {NULL};
    const float *x[TFB_MAX_INPUTS];
    inputs_of(w, l, x);
    if (l->kind->in_place) x[0] = w->room == TFB_WALK_EXPLAIN && rescale ? x[0] : w->y[i];
    w->dy[i] = NULL;
    for (int k = 0; k < l->n_src; k++) {
        int from = l->src[k];
        if (from == TFB_BASES)
            dx[k] = p->grad || !w->d_input ? NULL : *n_bases ? w->d_branch : w->d_input;
        else if (w->needs[from])
            dx[k] = l->kind->in_place ? dy : take(w);
    }
    if (p->B || l->kind->joint) {
        if (rescale && l->kind->rescale)
            l->kind->rescale(l, p, x, w->y[i], dy, dx);
        else
            l->kind->backward(l, p, x, w->y[i], dy, dx);
    }
    if (p->grad && bias_goes(p, i)) {
        const tfb_tensor_t *t = &l->tensor[l->kind->bias - 1];
        memset(p->grad + l->param_off + t->off, 0, t->n * sizeof(float));
    }
    if (l->first && dx[0]) add_branch(w, n_bases);
    if (!(l->kind->in_place && dx[0])) give_back(w, dy);
    for (int k = 0; k < l->n_src; k++)
        if (dx[k] && l->src[k] != TFB_BASES) hand_down(w, l->src[k], dx[k]);
}

static void backward(tfb_walk_t *w, const float *dz, int rescale)
{
    const tfb_pass_t *p = &w->pass;
    int top = p->net->n_layers - 1, n_bases = 0;
    mark_needs(w);
    if (!w->needs[top]) return;
    memcpy(w->idle, w->slot, (size_t)w->n_slots * sizeof *w->slot);
    w->n_idle = w->n_slots;
    memset(w->dy, 0, (size_t)p->net->n_layers * sizeof *w->dy);
    w->dy[top] = take(w);
    memcpy(w->dy[top], dz, (size_t)p->B * p->net->n_out * sizeof(float));
    for (int i = top; i >= 0; i--)
        if (w->dy[i]) back_step(w, i, rescale, &n_bases);
}

void tfb_walk_backward(tfb_walk_t *w, const float *dz)
{
    tfb_pass_t *p = &w->pass;
    if (!p->B && p->grad) memset(p->grad, 0, p->net->n_param * sizeof(float));
    backward(w, dz, 0);
}

const float *tfb_walk_input(tfb_walk_t *w, const float *dz, int rescale)
{
    float *grad = w->pass.grad;
    w->pass.grad = NULL;
    backward(w, dz, rescale);
    w->pass.grad = grad;
    return w->d_input;
}

typedef struct {
    const tfb_layer_t *l;
    tfb_pass_t *pass;
    tfb_task_f fn;
    void *arg;
} task_t;

static void run_task(void *arg, int task, int thread)
{
    task_t *t = arg;
    t->fn(t->l, t->pass, task, t->pass->scratch + (size_t)thread * t->pass->m_scratch, t->arg);
}

void tfb_tasks(const tfb_layer_t *l, tfb_pass_t *pass, int n, tfb_task_f fn, void *arg)
{
    task_t t = {.l = l, .pass = pass, .fn = fn, .arg = arg};
    if (pass->pool)
        tfb_pool_run(pass->pool, n, run_task, &t);
    else
        for (int i = 0; i < n; i++) run_task(&t, i, 0);
}

void tfb_forward_slices(const tfb_layer_t *l, tfb_pass_t *pass, tfb_task_f fn, const float *const *x, float *y)
{
    tfb_tasks(l, pass, TFB_SLICES, fn, &(tfb_slices_t){.x = x, .y = y});
}

void tfb_backward_slices(const tfb_layer_t *l, tfb_pass_t *pass, tfb_task_f fn, const float *dy, float *const *dx)
{
    tfb_tasks(l, pass, TFB_SLICES, fn, &(tfb_slices_t){.dy = dy, .dx = dx});
}

typedef struct {
    const float *x;
    int R, C;
    double *part;
} sums_t;

static void sum_slice(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)l, (void)scratch;
    sums_t *a = arg;
    int b = tfb_slice(s, pass->B), e = tfb_slice(s + 1, pass->B);
    double *sum = a->part + (size_t)s * a->C;
    memset(sum, 0, (size_t)a->C * sizeof *sum);
    tfb_kernels()->moments((e - b) * a->R, a->C, a->x + (size_t)b * a->R * a->C, NULL, sum, NULL);
}

void tfb_column_sums(const tfb_layer_t *l, tfb_pass_t *pass, const float *x, int R, int C, double *part, float *out)
{
    sums_t a = {.x = x, .R = R, .C = C, .part = part};
    tfb_tasks(l, pass, TFB_SLICES, sum_slice, &a);
    for (int c = 0; c < C; c++) {
        double s = 0;
        for (int i = 0; i < TFB_SLICES; i++) s += part[(size_t)i * C + c];
        out[c] = (float)s;
    }
}
