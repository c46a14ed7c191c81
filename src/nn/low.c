/* low.c - scoring in low precision: which steps of a plan run in it, and running them.
 *
 * Products of convolutions read rounded rows. An output stays rounded if nothing but such products reads it. Everything
 * else is float32; a product that reads float32 rounds its rows first. Rounding depends on nothing but the number, so
 * rows can be computed or copied in any company.
 *
 * Dense layers have few products, but read what is left of a small change after a maximum or a mean over the whole
 * window, so they are nearly exact: x and w are split into their roundings and what these miss, x = h + l, w = H + L,
 * and the product is that of (h, l, h) with (H, H, L). */
#include "nn/scoring.h"
#include "nn/walk.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the plan ---- */

int tfb_low_is_simple(const tfb_step_t *s) { return !s->act && s->residual < 0 && s->P <= TFB_LOW_MAX_POOL; }

/* Returns the product that reads step i in low precision, if nothing else reads it; else NULL. */
static const tfb_step_t *low_reader(const tfb_plan_t *p, int i)
{
    const tfb_step_t *found = NULL;
    for (int k = i + 1; k < p->n_steps; k++) {
        const tfb_step_t *s = &p->step[k];
        int reads = 0;
        for (int n = 0; n < s->n_in; n++) reads += s->in[n] == i;
        if (s->residual == i || (reads && (!s->low || s->low_split))) return NULL;
        if (reads && (!found || s->low_per < found->low_per)) found = s;
    }
    return found;
}

/* Decides whether step s is a product in low precision. Returns 0, or -1 if memory runs out. */
static int mark_product(const tfb_plan_t *p, tfb_step_t *s, float most)
{
    int int8 = p->low && p->low->precision == TFB_INT8, split = tfb_step_is_dense(s);
    s->row = (size_t)s->out.C;
    s->low_step = s->low_per = 1;
    if (!p->low || s->op != TFB_STEP_PRODUCT || s->first) return 0;
    if (split ? !p->split : int8 && !(most > 0)) return 0;
    if (int8 && !split) s->low_per = 255 / most;
    s->low_split = split;
    return (s->low = calloc(1, sizeof *s->low)) ? 0 : -1;
}

int tfb_low_mark(tfb_plan_t *p, const float *most)
{
    if (p->low) p->split = p->low->split ? p->low : tfb_low(TFB_BFLOAT16);
    for (int i = 0; i < p->n_steps; i++)
        if (mark_product(p, &p->step[i], most ? most[p->step[i].layer->index] : 0) < 0) return -1;
    for (int i = 0; i < p->n_steps; i++) {
        tfb_step_t *s = &p->step[i];
        const tfb_step_t *to = (s->low && !s->low_split) || s->first ? low_reader(p, i) : NULL;
        if (!to || s->act || s->residual >= 0 || (s->low && !tfb_low_is_simple(s))) continue;
        s->low_out = 1;
        s->low_step = 1 / to->low_per;
        s->row = tfb_low_row(p->low, s->out.C) / sizeof(float);
        if (TFB_LOW_TILE * s->row > p->slack) p->slack = TFB_LOW_TILE * s->row;
    }
    return 0;
}

/* Copies n numbers to *to, with zeros up to whole tiles. from NULL: all zeros. Returns 0, or -1. */
static int columns(float **to, const float *from, int n)
{
    if (!(*to = tfb_alloc(tfb_low_columns(n), sizeof **to, "weights"))) return -1;
    if (from) memcpy(*to, from, (size_t)n * sizeof **to);
    return 0;
}

/* Allocates the arrays of columns. Returns 0, or -1 if memory runs out. */
static int pack_columns(const tfb_step_t *s, int units)
{
    tfb_low_product_t *q = s->low;
    int F = s->mid.C, simple = tfb_low_is_simple(s), scaled = simple && s->scale;
    if (simple) q->relu = s->relu;
    if (columns(&q->bias, simple ? s->bias : NULL, F) < 0 || (units && columns(&q->unit, NULL, F) < 0)) return -1;
    return scaled && (columns(&q->scale, s->scale, F) < 0 || columns(&q->shift, s->shift, F) < 0) ? -1 : 0;
}

/* Packs a dense layer's weights for split operands: three layers of all its inputs as one tap. */
static int pack_split(const tfb_plan_t *p, const tfb_step_t *s)
{
    tfb_low_product_t *q = s->low;
    int F = s->mid.C, in = s->src.L * s->src.C, row = (int)tfb_low_row(p->split, in);
    size_t n = (size_t)in * (size_t)F;
    float *w = tfb_alloc(3 * n, sizeof *w, "weights");
    *q = (tfb_low_product_t){.N = F, .P = 1, .taps = 1, .lines = 3 * row / TFB_LOW_LINE, .lda = 3 * row};
    q->ldy = F * (ptrdiff_t)sizeof(float);
    q->w = tfb_alloc(tfb_low_packed_size(p->split, 3, in, F), 1, "weights");
    if (w && q->w && pack_columns(s, 0) == 0) {
        for (size_t i = 0; i < n; i++) {
            w[i] = w[n + i] = s->w[i];
            w[2 * n + i] = s->w[i] - tfb_low_bfloat16(s->w[i]);
        }
        tfb_low_pack(p->split, 3, in, F, w, q->w, NULL);
        free(w);
        return 0;
    }
    free(w);
    return -1;
}

int tfb_low_pack_step(const tfb_plan_t *p, tfb_step_t *s)
{
    tfb_low_product_t *q = s->low;
    int F = s->mid.C, C = s->src.C, simple = tfb_low_is_simple(s), int8 = p->low->precision == TFB_INT8;
    int lines = (int)(tfb_low_row(p->low, C) / TFB_LOW_LINE);
    if (s->low_split) return pack_split(p, s);
    *q = (tfb_low_product_t){.N = F, .P = simple ? s->P : 1, .taps = 1, .lines = s->K * lines, .per = 1 / s->low_step};
    q->lda = lines * TFB_LOW_LINE;
    if (s->D > 1) {
        q->taps = s->K;
        q->lines = lines;
        q->tap = s->D * q->lda;
    }
    q->w = tfb_alloc(tfb_low_packed_size(p->low, s->K, C, F), 1, "weights");
    if (!q->w || pack_columns(s, int8) < 0) return -1;
    q->low = s->low_out;
    q->ldy = (ptrdiff_t)((s->low_out ? s->row : (size_t)F) * sizeof(float));
    tfb_low_pack(p->low, s->K, C, F, s->w, q->w, q->unit);
    for (int n = 0; int8 && n < F; n++) q->unit[n] /= s->low_per;
    return 0;
}

void tfb_low_free(tfb_step_t *s)
{
    if (!s->low) return;
    free(s->low->w);
    free(s->low->bias);
    free(s->low->unit);
    free(s->low->scale);
    free(s->low->shift);
    free(s->low);
}

/* ---- running ---- */

int tfb_low_work(const tfb_plan_t *p, tfb_work_t *w)
{
    size_t narrow = 0;
    if (!p->low) return 0;
    for (int i = 0; i < p->n_steps; i++) {
        const tfb_step_t *s = &p->step[i];
        size_t row = tfb_low_row(p->low, s->src.C), L = (size_t)s->src.L + 2 * (size_t)s->pad;
        size_t n = (TFB_SLOTS * L + TFB_LOW_TILE) * row;
        if (s->low_split) n = TFB_ROWS * (size_t)s->low->lda;
        if (s->low && !tfb_low_in(p, s, 0) && n > narrow) narrow = n;
    }
    w->low = tfb_alloc(TFB_SLOTS, sizeof *w->low, "activations");
    w->narrow = tfb_alloc(narrow + 1, 1, "activations");
    return w->low && w->narrow ? 0 : -1;
}

/* Returns rows [from, from + n) of a product's input x in low precision. */
static const void *rounded(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, int from, int n)
{
    ptrdiff_t row = (ptrdiff_t)tfb_low_row(p->low, s->src.C);
    if (tfb_low_in(p, s, 0)) return (const uint8_t *)(const void *)x + from * row;
    uint8_t *to = w->narrow + w->n_narrow;
    p->low->narrow(n, s->src.C, x + (ptrdiff_t)from * s->src.C, s->src.C, s->low_per, to, row);
    w->n_narrow += (size_t)(n * row);
    return to;
}

/* Returns how many rows of input n rows of the product read. */
static int rows_in(const tfb_step_t *s, int n) { return n + (s->K - 1) * s->D; }

int tfb_low_add(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, float *y, int b, int e, int G)
{
    w->low[G].a = rounded(p, s, w, x, b * s->P - s->pad, rows_in(s, (e - b) * s->P));
    w->low[G].y = y + (size_t)b * s->row;
    w->low[G].n = e - b;
    return G + 1;
}

void tfb_low_runs(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int G)
{
    if (G) p->low->product(s->low, G, w->low);
    w->n_narrow = 0;
}

void tfb_low_product(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, const float *x, int m, int n, float *y)
{
    tfb_low_run_t run = {.a = rounded(p, s, w, x, m - s->pad, rows_in(s, n)), .y = y, .n = n};
    p->low->product(s->low, 1, &run);
    w->n_narrow = 0;
}

void tfb_low_dense(const tfb_plan_t *p, const tfb_step_t *s, tfb_work_t *w, int rows)
{
    const tfb_step_t *from = &p->step[s->in[0]];
    const tfb_low_run_t run = {.a = w->narrow, .y = w->buffer[s->buffer], .n = rows};
    int in = s->src.L * s->src.C;
    p->split->split(rows, in, w->buffer[from->buffer], w->narrow, s->low->lda);
    p->split->product(s->low, 1, &run);
}

/* ---- steps for int8 ---- */

extern const tfb_kind_t tfb_kind_conv;

static int is_product(const tfb_layer_t *l) { return l->kind == &tfb_kind_conv && !l->first; }

int tfb_infer_has_steps(const tfb_net_t *net)
{
    for (int i = 0; i < net->n_layers; i++)
        if (is_product(&net->layer[i])) return 1;
    return 0;
}

/* Raises *most to the largest of x (n); sets it to -1 if one is negative. */
static void raise_to(const float *x, size_t n, float *most)
{
    float up = 0, down = 0;
    for (size_t i = 0; i < n; i++) {
        up = x[i] > up ? x[i] : up;
        down = x[i] < down ? x[i] : down;
    }
    if (down < 0)
        *most = -1;
    else if (*most >= 0 && up > *most)
        *most = up;
}

int tfb_infer_largest(tfb_net_t *net, const uint8_t *code, int n, float *most)
{
    enum { BATCH = 32 };
    size_t W = (size_t)net->window;
    int ret = -1;
    uint8_t *both = tfb_alloc(BATCH * W, 1, "windows");
    tfb_walk_t *w = both ? tfb_walk_create(net, BATCH, TFB_WALK_EXPLAIN, NULL) : NULL; /* keeps all outputs */
    if (!w) goto done;
    for (int i = 0; i < n; i += BATCH / 2) {
        int m = n - i < BATCH / 2 ? n - i : BATCH / 2;
        memcpy(both, code + (size_t)i * W, (size_t)m * W);
        for (int k = 0; k < m; k++)
            tfb_reverse_codes(code + (size_t)(i + k) * W, net->window, both + (size_t)(m + k) * W);
        tfb_walk_forward(w, both, 2 * m);
        for (int k = 0; k < net->n_layers; k++) {
            const tfb_layer_t *l = &net->layer[k];
            if (is_product(l)) raise_to(w->y[l->src[0]], 2 * (size_t)m * (size_t)l->in.L * (size_t)l->in.C, &most[k]);
        }
    }
    ret = 0;
done:
    tfb_walk_destroy(w);
    free(both);
    return ret;
}
