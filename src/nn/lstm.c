/* lstm.c - stacked bidirectional LSTM, as PyTorch's nn.LSTM(batch_first, bidirectional). `bilstm H N RATE`: H units per
 * direction, N layers, dropout RATE between them.
 *
 * In: x (B, L, C).  Out: y (B, L, 2H), forward direction first.  Gates are in PyTorch's order i, f, g, o.
 * The input products of all positions are computed at once, the recurrent product step by step. A task
 * runs some examples through all steps of one direction, so threads never wait for each other within a
 * layer. */
#include "kernels/blas.h"
#include "nn/steps.h"
#include "nn/walk.h"
#include <math.h>
#include <string.h>

enum {
    CHUNK = 24, /* examples per recurrent task: two full tiles */
    ROWS = 96
};

/* Tensors of layer n, direction d, in file order: weight_ih, weight_hh, bias_ih, bias_hh. */
static int tensor_of(int n, int d, int which) { return (2 * n + d) * 4 + which; }

static int setup(tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    double v[3] = {0, 1, 0};
    int n = tfb_args(args, v, 3);
    if (n < 1 || v[0] < 1 || v[0] > 8192 || v[1] < 1 || v[1] > TFB_MAX_TENSORS / 8 || !(v[2] < 1)) {
        snprintf(
            err, m_err,
            "bilstm takes units per direction, layers (at most %d) and dropout between them, as in `bilstm 320 2 0.5`",
            TFB_MAX_TENSORS / 8);
        return -1;
    }
    l->F = (int)v[0];
    l->n_stack = (int)v[1];
    l->rate = (float)v[2];
    l->out = (tfb_shape_t){l->in.L, 2 * l->F, 1};
    for (int s = 0; s < l->n_stack; s++)
        for (int d = 0; d < 2; d++) {
            char name[32];
            const char *rev = d ? "_reverse" : "";
            int H = l->F, C = s ? 2 * H : l->in.C;
            snprintf(name, sizeof name, "weight_ih_l%d%s", s, rev);
            tfb_tensor_t *t = tfb_layer_tensor(l, name, 1, 2, 4 * H, C, 0);
            t->fck[0] = 4 * H, t->fck[1] = C, t->fck[2] = 1;
            snprintf(name, sizeof name, "weight_hh_l%d%s", s, rev);
            t = tfb_layer_tensor(l, name, 1, 2, 4 * H, H, 0);
            t->fck[0] = 4 * H, t->fck[1] = H, t->fck[2] = 1;
            snprintf(name, sizeof name, "bias_ih_l%d%s", s, rev);
            tfb_layer_tensor(l, name, 1, 1, 4 * H, 0, 0);
            snprintf(name, sizeof name, "bias_hh_l%d%s", s, rev);
            tfb_layer_tensor(l, name, 1, 1, 4 * H, 0, 0);
        }
    return 0;
}

static void init(const tfb_layer_t *l, float *p, float *s, tfb_rng_t *r)
{
    (void)s;
    double bound = 1 / sqrt((double)l->F);
    for (size_t i = 0; i < l->n_param; i++) p[i] = (float)((2 * tfb_rng_unit(r) - 1) * bound);
}

/* Data kept for a layer of the stack (both directions), and shared work space. Shapes: N = B*L rows. */
typedef struct {
    float *in;      /* (N, C): input after dropout; layer 0 reads x itself */
    float *out;     /* (N, 2H); the last layer's is y itself */
    float *gate[2]; /* (N, 4H): activated gates */
    float *cell[2]; /* (N, H) */
} kept_t;

typedef struct {
    kept_t kept[TFB_MAX_TENSORS / 8];
    float *packed_ih[2], *packed_hh[2]; /* forward or, in backward, transposed */
    float *bias[2];
    float *dgate[2];     /* (N, 4H) */
    float *prev;         /* (N, H): h of the step before */
    float *packed_dg;    /* (N, 4H) packed */
    float *d_out, *d_in; /* (N, 2H) each */
    double *part;
} work_t;

static size_t lay_out(const tfb_layer_t *l, int B, work_t *w, uint8_t *base)
{
    size_t H = (size_t)l->F, N = (size_t)B * l->in.L, wide = 2 * H > (size_t)l->in.C ? 2 * H : (size_t)l->in.C, off = 0;
#define TAKE(p, n)                                      \
    do {                                                \
        (p) = base ? (void *)(base + off) : NULL;       \
        off += ((n) * sizeof(*(p)) + 63) & ~(size_t)63; \
    } while (0)
    for (int s = 0; s < l->n_stack; s++) {
        kept_t *k = &w->kept[s];
        TAKE(k->in, s ? N * 2 * H : 0);
        TAKE(k->out, s + 1 < l->n_stack ? N * 2 * H : 0);
        for (int d = 0; d < 2; d++) {
            TAKE(k->gate[d], N * 4 * H);
            TAKE(k->cell[d], N * H);
        }
    }
    for (int d = 0; d < 2; d++) {
        size_t ih = tfb_packed_size((int)wide, (int)(4 * H)), iht = tfb_packed_size((int)(4 * H), (int)wide);
        size_t hh = tfb_packed_size((int)H, (int)(4 * H)), hht = tfb_packed_size((int)(4 * H), (int)H);
        TAKE(w->packed_ih[d], ih > iht ? ih : iht);
        TAKE(w->packed_hh[d], hh > hht ? hh : hht);
        TAKE(w->bias[d], 4 * H);
        TAKE(w->dgate[d], N * 4 * H);
    }
    TAKE(w->prev, N * H);
    TAKE(w->packed_dg, tfb_packed_size((int)N, (int)(4 * H)));
    TAKE(w->d_out, N * 2 * H);
    TAKE(w->d_in, N * wide);
    TAKE(w->part, TFB_SLICES * 4 * H);
#undef TAKE
    return off;
}

static size_t cache(const tfb_layer_t *l, int B)
{
    work_t w;
    return lay_out(l, B, &w, NULL);
}

static size_t scratch(const tfb_layer_t *l, int B)
{
    (void)B;
    return (size_t)CHUNK * (size_t)l->F * 2 * sizeof(float);
}

typedef struct {
    work_t w;
    int stack, C;    /* which layer of the stack, its input channels */
    const float *x;  /* (N, C) */
    float *y;        /* (N, 2H) */
    const float *dy; /* (N, 2H) */
    float *dx;       /* (N, C) */
    float *dw;       /* gradient of one matrix */
    int d, M;
} job_t;

/* ---- the kernels of each product: what packs a matrix also multiplies it ---- */

static const tfb_kernels_t *input_kernels(const tfb_layer_t *l, int C) { return tfb_gemm(TFB_GEMM_ROWS, 4 * l->F, C); }
static const tfb_kernels_t *step_kernels(const tfb_layer_t *l) { return tfb_gemm(TFB_GEMM_ROWS, 4 * l->F, l->F); }
static const tfb_kernels_t *back_kernels(const tfb_layer_t *l, int C) { return tfb_gemm(TFB_GEMM_ROWS, C, 4 * l->F); }
static const tfb_kernels_t *dw_kernels(const tfb_layer_t *l, int B)
{
    return tfb_gemm(TFB_GEMM_SUMS, 4 * l->F, B * l->in.L);
}

static const float *param_of(const tfb_layer_t *l, const tfb_pass_t *pass, int s, int d, int which)
{
    return pass->param + l->param_off + l->tensor[tensor_of(s, d, which)].off;
}

/* ---- forward ---- */

static void input_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int H4 = 4 * l->F, N = pass->B * l->in.L, r = task / 2 * ROWS, n = N - r < ROWS ? N - r : ROWS, d = task & 1;
    float *g = j->w.kept[j->stack].gate[d] + (size_t)r * H4;
    tfb_rows_t x = {j->x + (size_t)r * j->C, j->C};
    input_kernels(l, j->C)->gemm(n, H4, j->C, x, j->w.packed_ih[d], (tfb_rows_out_t){g, H4}, 0);
    tfb_kernels()->finish(n, H4, 1, g, &(tfb_after_t){.bias = j->w.bias[d]}, g);
}

static void step_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int H = l->F, L = l->in.L, d = task & 1, b0 = task / 2 * CHUNK, n = pass->B - b0 < CHUNK ? pass->B - b0 : CHUNK;
    const kept_t *k = &j->w.kept[j->stack];
    for (int i = 0; i < L; i++) {
        int t = d ? L - 1 - i : i, before = d ? t + 1 : t - 1;
        float *g = k->gate[d] + ((size_t)b0 * L + t) * 4 * H;
        if (i) {
            tfb_rows_t h = {j->y + ((size_t)b0 * L + before) * 2 * H + (size_t)d * H, (ptrdiff_t)L * 2 * H};
            tfb_rows_out_t to = {g, (ptrdiff_t)L * 4 * H};
            step_kernels(l)->gemm(n, 4 * H, H, h, j->w.packed_hh[d], to, 1);
        }
        for (int b = 0; b < n; b++) {
            size_t row = (size_t)(b0 + b) * L;
            tfb_kernels()->lstm_cell(H, k->gate[d] + (row + t) * 4 * H, i ? k->cell[d] + (row + before) * H : NULL,
                                     k->cell[d] + (row + t) * H, j->y + (row + t) * 2 * H + (size_t)d * H);
        }
    }
}

static void mask_task(const tfb_layer_t *l, tfb_pass_t *pass, int s, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    size_t n = (size_t)l->in.L * 2 * (size_t)l->F;
    tfb_dropout_mask(pass, l->index | (j->stack + 1) << 12, l->rate, j->dx, n, tfb_slice(s, pass->B),
                     tfb_slice(s + 1, pass->B));
}

static void forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, float *y)
{
    int H = l->F, N = pass->B * l->in.L;
    job_t j = {.x = in[0], .C = l->in.C};
    lay_out(l, pass->B, &j.w, pass->cache[l->index]);
    for (int s = 0; s < l->n_stack; s++) {
        j.stack = s;
        if (s) {
            j.C = 2 * H;
            j.x = j.y;
            if (pass->train && l->rate > 0) {
                j.dx = j.w.kept[s].in;
                memcpy(j.dx, j.y, (size_t)N * 2 * H * sizeof(float));
                tfb_tasks(l, pass, TFB_SLICES, mask_task, &j);
                j.x = j.dx;
            }
        }
        j.y = s + 1 < l->n_stack ? j.w.kept[s].out : y;
        for (int d = 0; d < 2; d++) {
            const float *bi = param_of(l, pass, s, d, 2), *bh = param_of(l, pass, s, d, 3);
            input_kernels(l, j.C)->pack(j.C, 4 * H, param_of(l, pass, s, d, 0), 4 * H, 1, j.w.packed_ih[d]);
            step_kernels(l)->pack(H, 4 * H, param_of(l, pass, s, d, 1), 4 * H, 1, j.w.packed_hh[d]);
            for (int i = 0; i < 4 * H; i++) j.w.bias[d][i] = bi[i] + bh[i];
        }
        tfb_tasks(l, pass, 2 * ((N + ROWS - 1) / ROWS), input_task, &j);
        tfb_tasks(l, pass, 2 * ((pass->B + CHUNK - 1) / CHUNK), step_task, &j);
    }
}

/* ---- backward ---- */

static void back_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    job_t *j = arg;
    int H = l->F, L = l->in.L, d = task & 1, b0 = task / 2 * CHUNK, n = pass->B - b0 < CHUNK ? pass->B - b0 : CHUNK;
    const kept_t *k = &j->w.kept[j->stack];
    float *dh = scratch, *dc = dh + (size_t)CHUNK * H; /* gradient from the next step */
    memset(dh, 0, (size_t)CHUNK * H * 2 * sizeof(float));
    for (int i = L - 1; i >= 0; i--) {
        int t = d ? L - 1 - i : i, before = d ? t + 1 : t - 1;
        for (int b = 0; b < n; b++) {
            size_t row = (size_t)(b0 + b) * L;
            const float *restrict g = k->gate[d] + (row + t) * 4 * H, *restrict c = k->cell[d] + (row + t) * H;
            const float *restrict cp = i ? k->cell[d] + (row + before) * H : NULL, *restrict dy = j->dy +
                                                                                                  (row + t) * 2 * H +
                                                                                                  (size_t)d * H;
            float *restrict dg = j->w.dgate[d] + (row + t) * 4 * H, *restrict dcb = dc + (size_t)b * H,
                            *restrict dhb = dh + (size_t)b * H;
            const float *restrict h = j->y + (row + t) * 2 * H + (size_t)d * H;
            for (int u = 0; u < H; u++) {
                float ig = g[u], fg = g[H + u], gg = g[2 * H + u], og = g[3 * H + u];
                /* tanh(c) is h / o, but o may be tiny */
                float tc = og > 1e-3f ? h[u] / og : tanhf(c[u]), dhu = dy[u] + dhb[u],
                      dcu = dcb[u] + dhu * og * (1 - tc * tc);
                dg[u] = dcu * gg * ig * (1 - ig);
                dg[H + u] = cp ? dcu * cp[u] * fg * (1 - fg) : 0;
                dg[2 * H + u] = dcu * ig * (1 - gg * gg);
                dg[3 * H + u] = dhu * tc * og * (1 - og);
                dcb[u] = dcu * fg;
            }
        }
        if (i) {
            tfb_rows_t dg = {j->w.dgate[d] + ((size_t)b0 * L + t) * 4 * H, (ptrdiff_t)L * 4 * H};
            back_kernels(l, H)->gemm(n, H, 4 * H, dg, j->w.packed_hh[d], (tfb_rows_out_t){dh, H}, 0);
        }
    }
}

static void dw_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = dw_kernels(l, pass->B);
    int N = pass->B * l->in.L, H4 = 4 * l->F, step = tfb_gemm_rows(k, ROWS);
    int m = task * step, n = j->M - m < step ? j->M - m : step;
    tfb_blocks_t x = {.data = j->x + m, .ld = j->M, .n = 1, .rows = N};
    tfb_rows_out_t dw = {j->dw + (size_t)m * H4, H4};
    if (k->gemm_tn_direct)
        k->gemm_tn_direct(n, H4, x, (tfb_matrix_t){j->w.dgate[j->d], H4, 1}, dw, 0);
    else
        k->gemm_tn(n, H4, x, j->w.packed_dg, dw, 0);
}

static void dx_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    int H4 = 4 * l->F, N = pass->B * l->in.L, r = task * ROWS, n = N - r < ROWS ? N - r : ROWS;
    for (int d = 0; d < 2; d++) {
        tfb_rows_t dg = {j->w.dgate[d] + (size_t)r * H4, H4};
        tfb_rows_out_t to = {j->dx + (size_t)r * j->C, j->C};
        back_kernels(l, j->C)->gemm(n, j->C, H4, dg, j->w.packed_ih[d], to, d);
    }
}

static void pack_task(const tfb_layer_t *l, tfb_pass_t *pass, int task, void *scratch, void *arg)
{
    (void)scratch;
    job_t *j = arg;
    const tfb_kernels_t *k = dw_kernels(l, pass->B);
    int p = k->panel, n = task * p, H4 = 4 * l->F, N = pass->B * l->in.L, w = H4 - n < p ? H4 - n : p;
    k->pack(N, w, j->w.dgate[j->d] + n, H4, 1, j->w.packed_dg + (size_t)n * N);
}

static void backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *in, const float *y, float *dy,
                     float *const *d_in)
{
    int H = l->F, L = l->in.L, N = pass->B * L, H4 = 4 * H;
    const tfb_kernels_t *k = dw_kernels(l, pass->B);
    int rows = tfb_gemm_rows(k, ROWS);
    int want = pass->grad && !(pass->frozen && pass->frozen[l->index]), masked = pass->train && l->rate > 0;
    const float *x = in[0];
    float *dx = d_in[0];
    job_t j = {.dy = dy};
    lay_out(l, pass->B, &j.w, pass->cache[l->index]);
    for (int s = l->n_stack - 1; s >= 0; s--) {
        const float *input = s == 0 ? x : masked ? j.w.kept[s].in : j.w.kept[s - 1].out;
        j.stack = s;
        j.C = s ? 2 * H : l->in.C;
        j.y = s + 1 < l->n_stack ? j.w.kept[s].out : (float *)y;
        for (int d = 0; d < 2; d++) {
            back_kernels(l, j.C)->pack(H4, j.C, param_of(l, pass, s, d, 0), 1, H4, j.w.packed_ih[d]);
            back_kernels(l, H)->pack(H4, H, param_of(l, pass, s, d, 1), 1, H4, j.w.packed_hh[d]);
        }
        tfb_tasks(l, pass, 2 * ((pass->B + CHUNK - 1) / CHUNK), back_task, &j);
        for (int d = 0; want && d < 2; d++) {
            float *g = pass->grad + l->param_off;
            j.d = d;
            if (!k->gemm_tn_direct) tfb_tasks(l, pass, (H4 + k->panel - 1) / k->panel, pack_task, &j);
            j.x = input;
            j.M = j.C;
            j.dw = g + l->tensor[tensor_of(s, d, 0)].off;
            tfb_tasks(l, pass, (j.M + rows - 1) / rows, dw_task, &j);
            for (int b = 0; b < pass->B; b++)
                for (int t = 0; t < L; t++) {
                    int before = d ? t + 1 : t - 1;
                    float *to = j.w.prev + ((size_t)b * L + t) * H;
                    if (before < 0 || before >= L)
                        memset(to, 0, (size_t)H * sizeof(float));
                    else
                        memcpy(to, j.y + ((size_t)b * L + before) * 2 * H + (size_t)d * H, (size_t)H * sizeof(float));
                }
            j.x = j.w.prev;
            j.M = H;
            j.dw = g + l->tensor[tensor_of(s, d, 1)].off;
            tfb_tasks(l, pass, (j.M + rows - 1) / rows, dw_task, &j);
            float *bi = g + l->tensor[tensor_of(s, d, 2)].off, *bh = g + l->tensor[tensor_of(s, d, 3)].off;
            tfb_column_sums(l, pass, j.w.dgate[d], L, H4, j.w.part, bi);
            memcpy(bh, bi, (size_t)H4 * sizeof(float));
        }
        if (s == 0 && !dx) break;
        j.dx = s ? j.w.d_in : dx;
        tfb_tasks(l, pass, (N + ROWS - 1) / ROWS, dx_task, &j);
        if (s) { /* through the dropout between layers, to the layer below */
            j.stack = s;
            if (masked) tfb_tasks(l, pass, TFB_SLICES, mask_task, &j);
            memcpy(j.w.d_out, j.w.d_in, (size_t)N * 2 * H * sizeof(float));
            j.dy = j.w.d_out;
        }
    }
}

static void reach(const tfb_layer_t *l, int beg, int end, int *ob, int *oe)
{
    (void)beg, (void)end;
    *ob = 0;
    *oe = l->out.L;
}

static int fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)
{
    (void)l, (void)param, (void)stat;
    if (s->op != TFB_STEP_FRESH) return 0;
    s->op = TFB_STEP_WHOLE;
    return 1;
}

const tfb_kind_t tfb_kind_bilstm = {
    .name = "bilstm",
    .setup = setup,
    .init = init,
    .cache = cache,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .plain_gradient = 1,
    .reach = reach,
    .reads_y = 1,
    .fuse = fuse,
};
