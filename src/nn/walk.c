/* walk.c - forward and backward over the layer list. In: base codes (B, W). Out: logits, gradients. Knows no layer by name. */
#include "nn/walk.h"
#include "kernels/kernels.h"
#include <stdlib.h>
#include <string.h>

static size_t n_floats(const tfb_shape_t *s) { return (size_t)s->L * s->C; }

tfb_walk_t *tfb_walk_create(tfb_net_t *net, int m_batch, int room, tfb_pool_t *pool)
{
    tfb_walk_t *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->m_batch = m_batch;
    w->room = room;
    tfb_pass_t *p = &w->pass;
    p->net = net;
    p->pool = pool;
    p->param = net->param;
    p->stat = net->stat;
    p->update_stat = 1;
    size_t widest = 0, scratch = 64;
    w->y = calloc((size_t)net->n_layers, sizeof *w->y);
    p->cache = calloc((size_t)net->n_layers, sizeof *p->cache);
    if (!w->y || !p->cache) goto fail;
    for (int i = 0; i < net->n_layers; i++) {
        const tfb_layer_t *l = &net->layer[i];
        size_t n = n_floats(&l->out) * (size_t)m_batch;
        if (n > widest) widest = n;
        if (!l->first && n_floats(&l->in) * (size_t)m_batch > widest) widest = n_floats(&l->in) * (size_t)m_batch;
        if (l->kind->in_place && i > 0 && room != TFB_WALK_EXPLAIN)
            w->y[i] = w->y[i - 1];
        else if (!(w->y[i] = tfb_alloc(n, sizeof(float), "activations")))
            goto fail;
        if (l->kind->cache && !(p->cache[i] = tfb_alloc(l->kind->cache(l, m_batch), 1, "a layer's cache"))) goto fail;
        size_t s = l->kind->scratch ? l->kind->scratch(l, m_batch) : 0;
        if (s > scratch) scratch = s;
    }
    p->m_scratch = (scratch + 127) & ~(size_t)63;
    if (!(p->scratch = tfb_alloc((size_t)(pool ? tfb_pool_size(pool) : 1), p->m_scratch, "scratch"))) goto fail;
    if (room != TFB_WALK_FORWARD)
        for (int i = 0; i < 2; i++)
            if (!(w->dy[i] = tfb_alloc(widest, sizeof(float), "gradients of activations"))) goto fail;
    if (room == TFB_WALK_EXPLAIN && !(w->d_input = tfb_alloc((size_t)m_batch * net->window * 4, sizeof(float), "gradients of inputs"))) goto fail;
    return w;
fail:
    tfb_walk_destroy(w);
    return NULL;
}

void tfb_walk_destroy(tfb_walk_t *w)
{
    if (!w) return;
    for (int i = 0; w->y && w->pass.cache && i < w->pass.net->n_layers; i++) {
        if (i == 0 || w->y[i] != w->y[i - 1]) free(w->y[i]);
        free(w->pass.cache[i]);
    }
    free(w->y);
    free(w->pass.cache);
    free(w->pass.scratch);
    free(w->dy[0]);
    free(w->dy[1]);
    free(w->d_input);
    free(w);
}

const float *tfb_walk_forward(tfb_walk_t *w, const uint8_t *code, int B)
{
    tfb_pass_t *p = &w->pass;
    p->B = B;
    if (!p->sum) p->first = 0, p->B_all = B;
    p->code = code;
    const float *x = NULL;
    for (int i = 0; i < p->net->n_layers; i++) {
        const tfb_layer_t *l = &p->net->layer[i];
        if (l->kind->in_place && w->y[i] != x) {
            memcpy(w->y[i], x, n_floats(&l->in) * (size_t)B * sizeof(float));
            x = w->y[i];
        }
        if (B || l->kind->joint) l->kind->forward(l, p, x, w->y[i]);
        x = w->y[i];
    }
    return x;
}

/* A bias whose constant a later batch norm takes away has a gradient of 0. What is computed is rounding, and Adam, to which the size of a
 * gradient means nothing, would make whole steps of it: running means would lag behind them, and results depend on the order of sums. */
static int bias_goes(const tfb_pass_t *p, int i)
{
    const tfb_net_t *n = p->net;
    if (!p->train || !n->layer[i].kind->bias) return 0;
    for (i++; i < n->n_layers && n->layer[i].kind->constant == TFB_CONSTANT_STAYS; i++) continue;
    return i < n->n_layers && n->layer[i].kind->constant == TFB_CONSTANT_GOES && !(p->frozen && p->frozen[i]);
}

void tfb_walk_backward(tfb_walk_t *w, const float *dz)
{
    tfb_pass_t *p = &w->pass;
    const tfb_net_t *n = p->net;
    int stop = 0, cur = 0; /* below stop no layer has a gradient to receive */
    if (p->grad && p->frozen)
        while (stop < n->n_layers && (p->frozen[stop] || n->layer[stop].n_param == 0)) stop++;
    if (!p->B && p->grad) memset(p->grad, 0, n->n_param * sizeof(float));
    memcpy(w->dy[0], dz, (size_t)p->B * n->n_out * sizeof(float));
    for (int i = n->n_layers - 1; i >= stop; i--) {
        const tfb_layer_t *l = &n->layer[i];
        const float *x = i ? w->y[i - 1] : NULL;
        float *dx = i == stop || l->first ? NULL : l->kind->in_place ? w->dy[cur] : w->dy[!cur];
        if (!dx && l->n_param == 0) break;
        if (p->B || l->kind->joint) l->kind->backward(l, p, x, w->y[i], w->dy[cur], dx);
        if (p->grad && bias_goes(p, i)) {
            const tfb_tensor_t *t = &l->tensor[l->kind->bias - 1];
            memset(p->grad + l->param_off + t->off, 0, t->n * sizeof(float));
        }
        if (dx != w->dy[cur]) cur = !cur;
    }
}

const float *tfb_walk_input(tfb_walk_t *w, const float *dz, int rescale)
{
    tfb_pass_t *p = &w->pass;
    const tfb_net_t *n = p->net;
    int cur = 0;
    float *grad = p->grad;
    p->grad = NULL;
    memcpy(w->dy[0], dz, (size_t)p->B * n->n_out * sizeof(float));
    for (int i = n->n_layers - 1; i >= 0; i--) {
        const tfb_layer_t *l = &n->layer[i];
        float *dx = l->first ? w->d_input : l->kind->in_place ? w->dy[cur] : w->dy[!cur];
        (rescale && l->kind->rescale ? l->kind->rescale : l->kind->backward)(l, p, i ? w->y[i - 1] : NULL, w->y[i], w->dy[cur], dx);
        if (dx != w->dy[cur]) cur = !cur;
    }
    p->grad = grad;
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
    task_t t = {l, pass, fn, arg};
    if (pass->pool)
        tfb_pool_run(pass->pool, n, run_task, &t);
    else
        for (int i = 0; i < n; i++) run_task(&t, i, 0);
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
    sums_t a = {x, R, C, part};
    tfb_tasks(l, pass, TFB_SLICES, sum_slice, &a);
    for (int c = 0; c < C; c++) {
        double s = 0;
        for (int i = 0; i < TFB_SLICES; i++) s += part[(size_t)i * C + c];
        out[c] = (float)s;
    }
}
