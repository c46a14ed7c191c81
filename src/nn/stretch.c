/* stretch.c - scores windows of one stretch of sequence. In: its base codes, starts of the windows. Out:
 * logits.
 *
 * Windows that overlap share the steps by window over their common bases, as far as pooling gives them the
 * same phase: row r of phase p of a step whose outputs lie S bases apart begins at base p + r * S. Steps
 * that need a separate window (a maximum over all its positions) and the steps by block run afterwards,
 * window by window. */
#include "kernels/kernels.h"
#include "nn/scoring.h"
#include <stdlib.h>
#include <string.h>

enum {
    STRETCH = 6000
}; /* bases beyond a window that a block of a stretch has, at most: 13 MB of activations in the first published model */

/* A shared step's output over a stretch: its start, the distance of its rows, and the rows per phase. */
typedef struct {
    float *y;
    int S;
    int64_t R;
} shared_t;

/* A block's windows on one strand. */
typedef struct {
    const tfb_starts_t *j;
    const tfb_plan_t *p;
    tfb_work_t *w;
    int64_t i0, n, base, span;
    int rev;
    shared_t of[TFB_MAX_LAYERS]; /* per step */
} block_t;

/* Returns where window i of the block begins, in the order and direction of the strand. */
static int64_t begin_of(const block_t *b, int64_t i)
{
    if (!b->rev) return b->j->at[b->i0 + i] - b->base;
    return b->span - b->p->W - (b->j->at[b->i0 + b->n - 1 - i] - b->base);
}

/* Returns row r of phase p of the output of step `from`. r counts the rows of this phase in a reader whose
 * rows lie S bases apart. */
static const float *phase_of(const block_t *b, int from, int64_t p)
{
    const shared_t *x = &b->of[from];
    return x->y + (size_t)((p % x->S) * x->R + p / x->S) * b->p->step[from].row;
}

/* Computes rows [from, to) of phase p of step k. */
static void phase_rows(const block_t *b, int k, int64_t p, int64_t from, int64_t to)
{
    const tfb_step_t *s = &b->p->step[k];
    const shared_t *out = &b->of[k];
    int many = s->first ? !s->act && s->residual < 0 && !s->low_out
                        : tfb_step_is_grouped(s) || (s->low && tfb_low_is_simple(s));
    int64_t most = many ? (int64_t)TFB_SLOTS * s->out.L : s->out.L; /* the work space has room for so many */
    for (int64_t r = from; r < to; r += most) {
        const float *x[TFB_MAX_INPUTS] = {NULL}, *residual = NULL;
        for (int n = 0; n < s->n_in; n++)
            if (s->in[n] != TFB_BASES) x[n] = phase_of(b, s->in[n], p) + (size_t)(r * s->P) * b->p->step[s->in[n]].row;
        if (s->residual >= 0) residual = phase_of(b, s->residual, p) + (size_t)(r * s->P) * s->mid.C;
        tfb_step_io_t io = {.pair = b->w->pair + p + (s->first ? r * s->P : 0),
                            .x = x,
                            .residual = residual,
                            .y = out->y + (size_t)(p * out->R + r) * s->row};
        tfb_step_rows(b->p, s, b->w, &io, 0, (int)(r + most < to ? most : to - r));
    }
}

/* Runs step k over the rows that windows need, phase by phase. */
static void shared_step(block_t *b, int k)
{
    const tfb_step_t *s = &b->p->step[k];
    int step = b->of[k].S;
    int64_t *run = b->w->run;
    memset(run, 0, 2 * (size_t)step * sizeof *run);
    for (int64_t i = 0; i < b->n; i++) {
        int64_t o = begin_of(b, i), p = o % step, r = o / step;
        if (r > run[2 * p + 1]) { /* a gap: the run before it is complete */
            phase_rows(b, k, p, run[2 * p], run[2 * p + 1]);
            run[2 * p] = r;
        } else if (run[2 * p + 1] == 0)
            run[2 * p] = r;
        run[2 * p + 1] = r + s->out.L;
    }
    for (int64_t p = 0; p < step; p++) phase_rows(b, k, p, run[2 * p], run[2 * p + 1]);
}

/* Returns the bases between rows of step k's output. */
static int distance(const tfb_plan_t *p, const shared_t *of, int k)
{
    const tfb_step_t *s = &p->step[k];
    return (s->in[0] == TFB_BASES ? 1 : of[s->in[0]].S) * s->P;
}

/* Places the outputs of the shared steps over a stretch of span bases, starting at base (NULL: only
 * counts). Returns how many floats they need. */
static size_t lay_out(const tfb_plan_t *p, int64_t span, shared_t *of, float *base)
{
    size_t n = 0;
    for (int i = 0; i < p->n_window; i++) {
        int k = p->window[i];
        if (p->step[k].alone) continue;
        int S = distance(p, of, k);
        of[k] = (shared_t){.y = base ? base + n : NULL, .S = S, .R = span / S + 1};
        n += ((size_t)(S * of[k].R) * p->step[k].row + 15) & ~(size_t)15;
    }
    return n + p->slack;
}

/* Runs the steps that need a separate window, for the window that begins at o, as row r of the block
 * buffers. */
static void alone_steps(const block_t *b, int64_t o, int r)
{
    const tfb_plan_t *p = b->p;
    tfb_slot_t *t = &b->w->slot[0];
    for (int i = 0; i < p->n_window; i++) {
        int k = p->window[i];
        const tfb_step_t *s = &p->step[k];
        if (s->alone) {
            const float *x[TFB_MAX_INPUTS] = {NULL};
            for (int n = 0; n < s->n_in; n++) x[n] = t->y[s->in[n]];
            t->y[k] = s->slot_kept ? t->act + s->off : tfb_block_row(b->w, s, r);
            tfb_step_io_t io = {.x = x, .y = t->y[k]};
            if (s->residual >= 0) io.residual = t->y[s->residual];
            tfb_step_rows(p, s, b->w, &io, 0, s->out.L);
        } else {
            t->y[k] = b->of[k].y + (size_t)((o % b->of[k].S) * b->of[k].R + o / b->of[k].S) * s->row;
            if (s->stride) memcpy(tfb_block_row(b->w, s, r), t->y[k], s->stride * sizeof(float));
        }
    }
}

static void run_strand(block_t *b, int second)
{
    const tfb_starts_t *j = b->j;
    const tfb_plan_t *p = b->p;
    if (b->rev) tfb_reverse_codes(j->code + b->base, (int)b->span, b->w->code);
    tfb_make_pairs(b->rev ? b->w->code : j->code + b->base, (int)b->span, b->w->pair);
    lay_out(p, b->span, b->of, b->w->stretch);
    for (int i = 0; i < p->n_window; i++)
        if (!p->step[p->window[i]].alone) shared_step(b, p->window[i]);
    for (int64_t i = 0; i < b->n; i += TFB_ROWS) {
        int rows = (int)(b->n - i < TFB_ROWS ? b->n - i : TFB_ROWS);
        for (int r = 0; r < rows; r++) {
            int64_t at = j->at[b->i0 + i + r] - b->base;
            alone_steps(b, b->rev ? b->span - p->W - at : at, r);
        }
        const float *z = tfb_block_steps(p, b->w, rows);
        float *out = j->z + (b->i0 + i) * p->T;
        size_t m = (size_t)rows * p->T;
        tfb_keep_logits(out, z, m, second);
    }
}

static void stretch_block(void *arg, int task, int thread)
{
    const tfb_starts_t *j = arg;
    const tfb_infer_t *f = j->f;
    block_t b = {
        .j = j, .p = f->plan, .w = &f->work[thread], .i0 = f->begin[task], .n = f->begin[task + 1] - f->begin[task]};
    b.base = j->at[b.i0];
    b.span = j->at[b.i0 + b.n - 1] + f->plan->W - b.base;
    b.rev = j->strand == TFB_STRAND_REV;
    run_strand(&b, 0);
    if (j->strand != TFB_STRAND_BOTH) return;
    b.rev = 1;
    run_strand(&b, 1);
}

static int stretch_init(const tfb_plan_t *p, tfb_work_t *w)
{
    size_t span = (size_t)p->W + STRETCH;
    int most = 1;
    shared_t of[TFB_MAX_LAYERS];
    if (w->stretch) return 0;
    size_t n = lay_out(p, (int64_t)span, of, NULL);
    for (int i = 0; i < p->n_window; i++)
        if (!p->step[p->window[i]].alone && of[p->window[i]].S > most) most = of[p->window[i]].S;
    w->run = tfb_alloc(2 * (size_t)most, sizeof *w->run, "a stretch");
    w->code = tfb_alloc(span, 1, "a stretch");
    w->pair = tfb_alloc(span, 1, "a stretch");
    w->stretch = tfb_alloc(n, sizeof(float), "a stretch");
    return w->run && w->code && w->pair && w->stretch ? 0 : -1;
}

/* Returns whether windows can share rows. They cannot if they have their own zero rows, or if the inputs
 * of a step lie at different distances. */
static int can_share(const tfb_plan_t *p)
{
    shared_t of[TFB_MAX_LAYERS];
    if (!p->sharable) return 0;
    lay_out(p, p->W, of, NULL);
    for (int i = 0; i < p->n_window; i++) {
        const tfb_step_t *s = &p->step[p->window[i]];
        if (s->alone) continue;
        int S = distance(p, of, p->window[i]) / s->P;
        if (s->n_in > 1 && of[s->in[1]].S != S) return 0;
        if (s->residual >= 0 && of[s->residual].S != S) return 0;
    }
    return 1;
}

/* Scores each window separately, from copies, one block at a time. */
static int one_by_one(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    enum { MOST = 1024 };
    int W = f->plan->W, T = f->plan->T, ret = 0;
    uint8_t *list = tfb_alloc((size_t)(n < MOST ? n : MOST) * (size_t)W, 1, "windows");
    if (!list) return -1;
    for (int64_t i = 0; i < n && ret == 0; i += MOST) {
        int64_t m = n - i < MOST ? n - i : MOST;
        for (int64_t k = 0; k < m; k++) memcpy(list + k * W, code + at[i + k], (size_t)W);
        ret = tfb_infer_windows(f, list, NULL, m, strand, z + i * T);
    }
    free(list);
    return ret;
}

int tfb_infer_stretch(tfb_infer_t *f, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    int64_t n_blocks = 0;
    if (n <= 0) return 0;
    if (!can_share(f->plan)) return one_by_one(f, code, at, n, strand, z);
    for (int t = 0; t < f->n_threads; t++)
        if (stretch_init(f->plan, &f->work[t]) < 0) return -1;
    if (tfb_room_for_blocks(f, n) < 0) return -1;
    /* enough windows for weights to be read once for many, enough bases for them to share */
    for (int64_t i = 0; i < n;) {
        int64_t e = i + 1;
        while (e < n && at[e] - at[i] <= STRETCH && (e - i < TFB_ROWS / 2 || at[e] - at[i] < 8 * f->plan->W)) e++;
        f->begin[n_blocks++] = i;
        i = e;
    }
    f->begin[n_blocks] = n;
    tfb_starts_t j = {.f = f, .code = code, .at = at, .strand = strand, .z = z};
    tfb_run_blocks(f, n_blocks, stretch_block, &j);
    return 0;
}
