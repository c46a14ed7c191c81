/* fit.c - the training loop. In: examples, a network, options. Out: the network of the best epoch; a checkpoint after
 * every epoch.
 *
 * Nothing depends on the number of threads: order and dropout come from hashes of (seed, epoch, step), and sums over a
 * batch are made in fixed slices. Each rank processes a share of every batch and of the validation regions. Whatever
 * decides how the run continues is a sum over all ranks, so all ranks decide alike. */
#include "train/fit.h"
#include "kernels/kernels.h"
#include "nn/walk.h"
#include "train/batch.h"
#include "train/checkpoint.h"
#include "train/curves.h"
#include "train/loss.h"
#include "train/predict.h"
#include "train/ranks.h"
#include "train/rates.h"
#include "train/sample.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    if (stop_asked) { /* a second signal ends the program */
        tfb_out_quit(sig);
    }
    stop_asked = 1;
}

void tfb_fit_catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

/* ---- one step of Adam ---- */

static const double BETA1 = 0.9, BETA2 = 0.999; /* decay of the moments */
static const float EPSILON = 1e-8f;

typedef struct {
    tfb_state_t *s;
    const tfb_fit_opt_t *o;
    const uint8_t *frozen;   /* (layers): layers frozen in this epoch, or NULL */
    const float *pace;       /* (layers): factors of the rate, or NULL: all 1 */
    const float *anchor;     /* (n_param): the weights at the start, or NULL */
    double rate, correction; /* Adam uses rate / correction */
    float inv_sqrt_c2;
    double keep; /* of the running average */
} update_t;

enum { UPDATE = 65536 }; /* parameters that a task updates */

/* Decays parameters [b, e) of layer l towards 0 and, below the head, towards their values at the start. */
static void decay(const update_t *u, const tfb_layer_t *l, double rate, size_t b, size_t e)
{
    tfb_net_t *n = u->s->net;
    float shrink = (float)(1 - rate * u->o->decay), pull = (float)(rate * u->o->l2sp);
    /* only a layer's first tensor, the weights of products, decays to 0: biases and batch norms have few parameters */
    if (shrink < 1 && l->n_tensors && l->tensor[0].n_dims > 1)
        for (size_t k = b, we = l->param_off + l->tensor[0].n; k < e && k < we; k++) n->param[k] *= shrink;
    if (!u->anchor || l->index == n->n_layers - 1) return;
    for (size_t k = b; k < e; k++) n->param[k] -= pull * (n->param[k] - u->anchor[k]);
}

/* Of layers that are updated only: the average of a frozen weight is the weight, but for rounding. */
static void average(float *restrict a, const float *restrict p, size_t n, float keep)
{
    for (size_t i = 0; i < n; i++) a[i] = keep * a[i] + (1 - keep) * p[i];
}

static void update_task(void *arg, int task, int thread)
{
    (void)thread;
    update_t *u = arg;
    tfb_state_t *s = u->s;
    const tfb_net_t *n = s->net;
    size_t b = (size_t)task * UPDATE, e = b + UPDATE < n->n_param ? b + UPDATE : n->n_param;
    for (int i = 0; i < n->n_layers; i++) { /* frozen applies to whole layers */
        const tfb_layer_t *l = &n->layer[i];
        size_t lb = l->param_off > b ? l->param_off : b,
               le = l->param_off + l->n_param < e ? l->param_off + l->n_param : e;
        if (lb >= le || (u->frozen && u->frozen[i])) continue;
        double rate = u->rate * (u->pace ? (double)u->pace[i] : 1);
        decay(u, l, rate, lb, le);
        const tfb_adam_t by = {.rate = (float)(rate / u->correction),
                               .b1 = (float)BETA1,
                               .b2 = (float)BETA2,
                               .inv_sqrt_c2 = u->inv_sqrt_c2,
                               .eps = EPSILON};
        tfb_kernels()->adam(le - lb, n->param + lb, s->grad + lb, s->m + lb, s->v + lb, &by);
        if (s->avg) average(s->avg + lb, n->param + lb, le - lb, (float)u->keep);
    }
}

/* Makes one step of Adam. Sets those members of u that depend on the number of the step. */
static void update(update_t *u)
{
    tfb_state_t *s = u->s;
    const tfb_fit_opt_t *o = u->o;
    s->step++;
    double c1 = 1 - pow(BETA1, (double)s->step), c2 = 1 - pow(BETA2, (double)s->step);
    /* the first steps take a plain mean, so that the initial weights do not count */
    double keep = (double)s->step / ((double)s->step + 10);
    if (keep > o->average) keep = o->average;
    u->correction = c1;
    u->inv_sqrt_c2 = (float)(1 / sqrt(c2));
    u->keep = keep;
    int n = (int)((s->net->n_param + UPDATE - 1) / UPDATE);
    if (o->pool)
        tfb_pool_run(o->pool, n, update_task, u);
    else
        for (int i = 0; i < n; i++) update_task(u, i, 0);
    for (int i = 0; s->avg && i < s->net->n_layers; i++) {
        const tfb_layer_t *l = &s->net->layer[i];
        if (u->frozen && u->frozen[i]) continue;
        for (size_t k = l->stat_off; k < l->stat_off + l->n_stat; k++)
            s->avg_stat[k] = (float)(keep * s->avg_stat[k] + (1 - keep) * s->net->stat[k]);
    }
}

/* Sums the gradients over the ranks, except for frozen layers, which have no gradients. */
static void sum_gradients(tfb_state_t *s, const uint8_t *frozen)
{
    const tfb_net_t *n = s->net;
    size_t beg = 0, end = 0;
    for (int i = 0; i < n->n_layers; i++) {
        const tfb_layer_t *l = &n->layer[i];
        if (!l->n_param || (frozen && frozen[i])) continue;
        if (l->param_off != end) {
            tfb_ranks_sum_float(s->grad + beg, end - beg);
            beg = l->param_off;
        }
        end = l->param_off + l->n_param;
    }
    tfb_ranks_sum_float(s->grad + beg, end - beg);
}

/* Returns the learning rate of a step. One-cycle: rises to the full rate in the first three tenths of the run, then
 * falls along a half cosine. */
static double rate_at(const tfb_fit_opt_t *o, int64_t step, int64_t n_steps)
{
    double x = n_steps > 0 ? (double)step / (double)n_steps : 0, up = o->warmup;
    if (o->schedule == TFB_RATE_ONE_CYCLE && up <= 0) up = 0.3;
    if (x < up) return o->rate * (x + 0.5 / (double)n_steps) / up;
    switch (o->schedule) {
    case TFB_RATE_COSINE: return o->rate * 0.5 * (1 + cos(M_PI * x));
    case TFB_RATE_LINEAR: return o->rate * (1 - x);
    case TFB_RATE_ONE_CYCLE: return o->rate * 0.5 * (1 + cos(M_PI * (x - up) / (1 - up)));
    default: return o->rate;
    }
}

/* ---- a run ---- */

typedef struct {
    const tfb_examples_t *ex;
    const uint8_t *part;
    const tfb_fit_opt_t *o;
    tfb_state_t s;
    tfb_walk_t *walk;
    tfb_item_t *item, *valid; /* training examples in the order of the epoch; validation examples */
    size_t n_item, n_valid;
    tfb_item_t *all;       /* training examples to draw those of an epoch from; NULL: every epoch has each once */
    double *chance;        /* weights of the training regions in these draws, or NULL */
    uint8_t *code, *label; /* for this rank's share of a batch */
    float *dz, *weight;    /* weight: of targets, or NULL */
    float *soft;           /* (batch, targets): the teachers' probabilities, or NULL */
    float *noise;          /* (batch, W, 4) for this rank's share of a batch, or NULL: no noise */
    uint8_t *noisy;        /* (batch) */
    uint8_t *head_only;    /* (layers): layers frozen in the first epochs, or NULL */
    float *pace, *anchor;  /* see update_t */
    char id[TFB_RUN_ID];
    int strands, whole, tty;    /* whole: examples of a batch of all ranks */
    int paired;                 /* strands side by side, so that teachers score their window once */
    int stop;                   /* some rank received a signal */
    int first_epoch;            /* epochs of this process, without those before it resumed */
    int64_t per_epoch, n_steps; /* batches of an epoch and of the run */
    tfb_by_target_t by;         /* validation results by target; by.loss NULL: not computed */
    double *learnt;             /* (2, T): losses and resolved labels of this rank in the epoch, for curves; or NULL */
    tfb_curves_t curves;        /* only rank 0's are written */
    double began, busy, examples;
} run_t;

/* The progress of an epoch. */
typedef struct {
    double since, shown; /* start of the epoch; time of the last progress line */
    double sum;          /* over the losses of its batches */
    int64_t n_batches, done;
    uint64_t key; /* seed of the changes to windows */
} epoch_t;

/* Writes a time as hours, minutes and seconds. */
static const char *clock_of(double seconds, char text[32])
{
    int s = (int)seconds;
    snprintf(text, 32, "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    return text;
}

static void show_progress(const run_t *r, epoch_t *e)
{
    char left[32];
    double now = tfb_now(), n_batches = e->n_batches ? (double)e->n_batches : 1;
    if (!r->tty || now - e->shown <= 0.5) return;
    double part = (double)e->done / (double)r->n_item,
           total = (r->s.epoch - r->first_epoch + part) / (r->o->epochs - r->first_epoch);
    e->shown = now;
    fprintf(stderr, "\repoch %d/%d  %5.1f %%  loss %.5f  %.0f regions/s  %s left ", r->s.epoch + 1, r->o->epochs,
            100 * part, e->sum / n_batches, (double)e->done / (now - e->since),
            clock_of(total > 0 ? (now - r->began) / total * (1 - total) : 0, left));
    fflush(stderr);
}

/* Fills code and label, and noise and soft if the run has them, with the B examples of the epoch from `at` on. 0, or -1
 * (logged). */
static int fetch(run_t *r, const epoch_t *e, size_t at, int B, const tfb_augment_t *augment)
{
    const tfb_item_t *item = r->item + at;
    tfb_batch_fetch(&(tfb_batch_t){.ex = r->ex,
                                   .item = item,
                                   .code = r->code,
                                   .label = r->label,
                                   .n = B,
                                   .augment = augment,
                                   .key = e->key,
                                   .paired = r->paired,
                                   .repeats = r->all != NULL,
                                   .at = at,
                                   .noise = augment ? r->noise : NULL,
                                   .noisy = r->noisy},
                    r->o->pool);
    if (!r->soft) return 0; /* nothing can fail: the ranks need not agree */
    return tfb_ranks_agree(tfb_teachers_score(r->o->teachers, r->code, item, B, r->soft));
}

/* Runs forward, backward and update on batch b of `all` examples. This rank processes its share, which may be empty. 0,
 * or -1 (logged). */
static int step(run_t *r, epoch_t *e, int64_t b, int all)
{
    const tfb_fit_opt_t *o = r->o;
    tfb_state_t *s = &r->s;
    tfb_pass_t *pass = &r->walk->pass;
    int me = tfb_ranks_me(), first = (int)tfb_ranks_first(all, me), B = (int)tfb_ranks_first(all, me + 1) - first;
    const tfb_augment_t *augment = tfb_augmented(&o->augment) && s->epoch < o->epochs - o->clean ? &o->augment : NULL;
    if (fetch(r, e, (size_t)(b * r->whole + first), B, augment) < 0) return -1;
    const tfb_labelled_t labelled = {.label = r->label,
                                     .B = (size_t)B,
                                     .T = (size_t)r->ex->n_targets,
                                     .weight = r->weight,
                                     .soft = r->soft,
                                     .hard = o->hard,
                                     .smooth = o->smooth};
    double sums[2] = {tfb_loss_resolved(&labelled), stop_asked};
    tfb_ranks_sum(sums, 2);
    double m = sums[0];
    r->stop = sums[1] > 0;
    pass->noise = augment ? r->noise : NULL;
    pass->noisy = r->noisy;
    pass->first = first;
    pass->B_all = all;
    pass->step = (uint64_t)s->step;
    pass->param = s->net->param;
    pass->stat = s->net->stat;
    const float *z = tfb_walk_forward(r->walk, r->code, B);
    double loss = tfb_loss_sum(&labelled, z, m, r->dz);
    if (r->learnt) tfb_loss_by_target(&labelled, z, r->learnt, r->learnt + labelled.T);
    tfb_ranks_sum(&loss, 1);
    if (m > 0) loss /= m;
    if (!isfinite(loss)) {
        tfb_ranks_together();
        tfb_error("the loss is not finite (epoch %d, step %lld): the learning rate %g is too high for these data",
                  s->epoch + 1, (long long)b + 1, o->rate);
        return -1;
    }
    if (m > 0) {
        tfb_walk_backward(r->walk, r->dz);
        sum_gradients(s, pass->frozen);
        update(&(update_t){.s = s,
                           .o = o,
                           .frozen = pass->frozen,
                           .pace = r->pace,
                           .anchor = r->anchor,
                           .rate = rate_at(o, (int64_t)s->epoch * r->per_epoch + b, r->n_steps)});
        e->sum += loss;
        e->n_batches++;
    }
    e->done += all;
    return 0;
}

/* Writes the examples of an epoch to item, in random order. */
static void choose_items(run_t *r, tfb_rng_t *rng)
{
    int strands = r->paired ? 1 : r->strands; /* pairs are drawn as one and split at the end */
    size_t n = r->paired ? r->n_item / 2 : r->n_item;
    if (r->all)
        tfb_sample(rng, r->chance, strands, r->all, n, r->item);
    else
        tfb_batch_items(r->ex, r->part, TFB_TRAIN, strands, r->item);
    tfb_rng_shuffle(rng, r->item, n);
    for (size_t i = r->paired ? n : 0; i-- > 0;) r->item[2 * i + 1] = 1 | (r->item[2 * i] = r->item[i]);
}

/* Freezes all layers but the head in the first head_epochs epochs. After them Adam starts again, because its count of
 * steps is wrong for the other layers. */
static void choose_layers(run_t *r)
{
    tfb_state_t *s = &r->s;
    const tfb_fit_opt_t *o = r->o;
    r->walk->pass.frozen = s->epoch < o->head_epochs ? r->head_only : o->frozen;
    if (!o->head_epochs || s->epoch != o->head_epochs) return;
    memset(s->m, 0, s->net->n_param * sizeof *s->m);
    memset(s->v, 0, s->net->n_param * sizeof *s->v);
    s->step = 0;
}

/* Returns whether no epoch was the best for `patience` epochs. Epochs that train only the head do not count. */
static int is_stalled(const run_t *r)
{
    const tfb_state_t *s = &r->s;
    int since = s->best_epoch > r->o->head_epochs ? s->best_epoch : r->o->head_epochs;
    return r->o->patience && r->n_valid && s->epoch - since >= r->o->patience;
}

/* Trains for one epoch. The order of examples depends only on seed and epoch, so a resumed run repeats it. 0, or -1
 * (logged). */
static int epoch(run_t *r, epoch_t *e)
{
    uint64_t seed = r->o->seed, n = (uint64_t)r->s.epoch;
    tfb_rng_t rng;
    choose_layers(r);
    tfb_rng_seed(&rng, tfb_hash64(seed) + n);
    choose_items(r, &rng);
    *e = (epoch_t){.since = tfb_now(), .key = tfb_hash64(tfb_hash64(seed + 0x61756721) + n)}; /* "aug!" */
    e->shown = e->since;
    if (r->learnt) memset(r->learnt, 0, 2 * (size_t)r->ex->n_targets * sizeof *r->learnt);
    for (int64_t b = 0; b < r->per_epoch && !r->stop; b++) {
        size_t left = r->n_item - (size_t)b * (size_t)r->whole;
        int all = left < (size_t)r->whole ? (int)left : r->whole;
        if (all < 2) break; /* batch statistics need two examples */
        if (step(r, e, b, all) < 0) return -1;
        show_progress(r, e);
    }
    return 0;
}

/* Writes the validation loss and the mean validation AUPRC to *loss and *auprc: NaN if there are no validation regions
 * or AUPRC is not computed. Keeps the weights if they are the best. 0, or -1 (logged). */
static int validate(run_t *r, double *loss, double *auprc)
{
    tfb_state_t *s = &r->s;
    const tfb_by_target_t *by = r->by.loss ? &r->by : NULL;
    *loss = *auprc = NAN;
    if (r->n_valid && tfb_predict_targets(s->net, r->ex, r->valid, r->n_valid, r->weight, r->o->pool, loss, by) < 0)
        return -1;
    if (r->n_valid && by) *auprc = tfb_mean_known(by->auprc, r->ex->n_targets, NULL);
    if (r->n_valid && !isfinite(*loss)) {
        tfb_ranks_together();
        tfb_error("the validation loss is not finite (epoch %d): the learning rate %g is too high for these data",
                  s->epoch + 1, r->o->rate);
        return -1;
    }
    s->epoch++;
    int better = s->by_auprc ? *auprc > s->best_auprc : *loss < s->best_loss;
    if (!better && r->n_valid) return 0;
    s->best_loss = *loss;
    s->best_auprc = *auprc;
    s->best_epoch = s->epoch;
    tfb_state_keep_best(s);
    return 0;
}

/* Writes the validation loss of the last epoch, the mean AUPRC if computed, and a star if this is the best epoch. */
static void describe_validation(const run_t *r, double loss, double auprc, char *text, size_t m)
{
    const char *star = r->s.best_epoch == r->s.epoch ? " *" : "  ";
    if (isnan(auprc))
        snprintf(text, m, "%.5f%s", loss, star);
    else
        snprintf(text, m, "%.5f  AUPRC %.4f%s", loss, auprc, star);
}

/* Adds the last epoch to the curves and writes them. 0, or -1 (logged). */
static int draw_curves(run_t *r, double loss, double auprc)
{
    int T = r->ex->n_targets;
    const double *sum = r->learnt, *n = r->learnt + T;
    tfb_ranks_sum(r->learnt, 2 * (size_t)T);
    if (tfb_ranks_me()) return 0;
    tfb_curve_t *v = tfb_curves_add(&r->curves, r->s.epoch);
    if (!v) return -1;
    for (int t = 0; t < T; t++) v[t] = (tfb_curve_t){{n[t] > 0 ? sum[t] / n[t] : NAN, r->by.loss[t], r->by.auprc[t]}};
    v[T] = (tfb_curve_t){{r->s.train_loss, loss, auprc}};
    return tfb_curves_write(&r->curves);
}

/* Ends an epoch: validates, logs a line, writes curves and the checkpoint. 0, or -1 (logged). */
static int end_epoch(run_t *r, const epoch_t *e)
{
    tfb_state_t *s = &r->s;
    double took = tfb_now() - e->since, valid, auprc;
    char loss[64] = ".", left[32];
    r->busy += took;
    r->examples += (double)e->done;
    s->train_loss = e->n_batches ? e->sum / (double)e->n_batches : 0;
    tfb_state_share(s);
    tfb_state_swap_average(s);
    int ret = validate(r, &valid, &auprc);
    tfb_state_swap_average(s);
    if (ret < 0) return -1;
    if (r->tty) fputc('\r', stderr);
    if (r->n_valid) describe_validation(r, valid, auprc, loss, sizeof loss);
    clock_of((tfb_now() - r->began) / (s->epoch - r->first_epoch) * (r->o->epochs - s->epoch), left);
    tfb_note("epoch %d/%d  train %.5f  valid %s  %.0f regions/s  %s left", s->epoch, r->o->epochs, s->train_loss, loss,
             (double)e->done / took, left);
    if (r->o->curves && draw_curves(r, valid, auprc) < 0) return -1;
    return r->o->checkpoint && !tfb_ranks_me() ? tfb_checkpoint_save(r->o->checkpoint, s, r->id) : 0;
}

/* ---- start of a run ---- */

enum { MAX_BATCH = 1 << 24 }; /* for all ranks together */

/* Counts the examples and checks the limits. 0, or -1 (logged). */
static int count_examples(run_t *r)
{
    size_t n_train = 0;
    for (int64_t i = 0; i < r->ex->n; i++) n_train += r->part[i] == TFB_TRAIN, r->n_valid += r->part[i] == TFB_VALID;
    r->n_item = n_train * (size_t)r->strands;
    r->n_valid *= (size_t)r->strands;
    if (r->n_item < 2) {
        tfb_error("%zu training regions are too few: training needs at least two", n_train);
        return -1;
    }
    if (n_train >= (size_t)1 << 30) {
        tfb_error("%zu training regions are too many: the limit is 2^30", n_train);
        return -1;
    }
    if (r->o->batch > MAX_BATCH / tfb_ranks_n()) {
        tfb_error("%d ranks with %d examples each: a batch can have at most %d", tfb_ranks_n(), r->o->batch, MAX_BATCH);
        return -1;
    }
    return 0;
}

/* Allocates the validation results by target. Fails if the epoch is selected by AUPRC and no target has one. 0, or -1
 * (logged). */
static int prepare_targets(run_t *r)
{
    int T = r->ex->n_targets, any = 0;
    r->by = (tfb_by_target_t){.strands = r->strands};
    if (r->o->select != TFB_SELECT_AUPRC && !r->o->curves) return 0;
    r->by.loss = tfb_alloc((size_t)T, sizeof *r->by.loss, "losses of targets");
    r->by.auprc = tfb_alloc((size_t)T, sizeof *r->by.auprc, "AUPRC of targets");
    if (!r->by.loss || !r->by.auprc) return -1;
    for (int t = 0; t < T; t++) r->by.loss[t] = r->by.auprc[t] = NAN; /* if there is no validation */
    if (r->o->curves && (!(r->learnt = tfb_alloc(2 * (size_t)T, sizeof *r->learnt, "losses of targets")) ||
                         tfb_curves_init(&r->curves, r->o->curves, r->id, r->ex->targets, T) < 0))
        return -1;
    if (r->o->select != TFB_SELECT_AUPRC) return 0;
    for (int t = 0; t < T && !any; t++) {
        int64_t n[4] = {0};
        for (int64_t i = 0; i < r->ex->n; i++)
            if (r->part[i] == TFB_VALID) n[tfb_examples_label(r->ex, i, t)]++;
        any = n[TFB_BOUND] >= TFB_AUPRC_REGIONS && n[TFB_UNBOUND] >= TFB_AUPRC_REGIONS;
    }
    r->s.by_auprc = 1;
    if (any) return 0;
    tfb_error("--select auprc: no target has %d bound and %d unbound validation regions: select by loss or validate on "
              "more regions",
              TFB_AUPRC_REGIONS, TFB_AUPRC_REGIONS);
    return -1;
}

/* Allocates and fills head_only, pace and anchor as the options need them. 0, or -1 (logged). */
static int prepare_layers(run_t *r, const tfb_net_t *net)
{
    const tfb_fit_opt_t *o = r->o;
    size_t L = (size_t)net->n_layers;
    if ((o->head_epochs && !(r->head_only = tfb_alloc(L, 1, "layers"))) ||
        (o->depth_rate > 0 && !(r->pace = tfb_alloc(L, sizeof *r->pace, "rates of layers"))) ||
        (o->l2sp > 0 && !(r->anchor = tfb_alloc(net->n_param, sizeof *r->anchor, "the parent's weights"))))
        return -1;
    if (r->head_only) tfb_rates_head_only(net, o->frozen, r->head_only);
    if (r->pace) tfb_rates_by_depth(net, o->depth_rate, r->pace);
    if (r->anchor) memcpy(r->anchor, net->param, net->n_param * sizeof *r->anchor);
    return 0;
}

/* Allocates the buffers of a run. 0, or -1 (logged). */
static int prepare(run_t *r, tfb_net_t *net)
{
    const tfb_fit_opt_t *o = r->o;
    size_t B = (size_t)o->batch, T = (size_t)r->ex->n_targets;
    r->paired = o->teachers && r->strands == 2;
    r->item = tfb_alloc(r->n_item, sizeof *r->item, "the order of examples");
    r->valid = tfb_alloc(r->n_valid + 1, sizeof *r->valid, "validation examples");
    r->code = tfb_alloc(B * r->ex->window, 1, "a batch");
    r->label = tfb_alloc(B * T, 1, "a batch");
    r->dz = tfb_alloc(B * T, sizeof *r->dz, "a batch");
    if (o->augment.noise > 0 && (!(r->noise = tfb_alloc(B * r->ex->window * 4, sizeof *r->noise, "noise of a batch")) ||
                                 !(r->noisy = tfb_alloc(B, 1, "noise of a batch"))))
        return -1;
    if (!r->item || !r->valid || !r->code || !r->label || !r->dz || tfb_state_init(&r->s, net, o->average > 0) < 0)
        return -1;
    if (prepare_targets(r) < 0) return -1;
    if (o->task_balance > 0) {
        if (!(r->all = tfb_alloc(r->n_item, sizeof *r->all, "the order of examples")) ||
            !(r->chance = tfb_sample_weights(r->ex, r->part, o->task_balance)))
            return -1;
        tfb_batch_items(r->ex, r->part, TFB_TRAIN, r->paired ? 1 : r->strands, r->all);
    }
    if (prepare_layers(r, net) < 0) return -1;
    if (!(r->walk = tfb_walk_create(net, o->batch, TFB_WALK_TRAIN, o->pool))) return -1;
    if ((o->balance > 0 || o->weights) && !(r->weight = tfb_loss_weights(r->ex, r->part, o->balance, o->weights)))
        return -1;
    if (o->teachers && (!(r->soft = tfb_alloc(B * T, sizeof *r->soft, "a batch")) ||
                        tfb_teachers_begin(o->teachers, o->batch, o->precision != NULL, o->pool) < 0))
        return -1;
    tfb_batch_items(r->ex, r->part, TFB_VALID, r->strands, r->valid);
    tfb_pass_t *pass = &r->walk->pass;
    pass->grad = r->s.grad;
    pass->frozen = o->frozen;
    pass->train = 1;
    pass->sum = tfb_ranks_n() > 1 ? tfb_ranks_sum : NULL;
    pass->seed = tfb_hash64(o->seed + 0x64726f70); /* "drop" */
    r->whole = o->batch * tfb_ranks_n();
    r->per_epoch = (int64_t)((r->n_item + (size_t)r->whole - 1) / (size_t)r->whole);
    r->n_steps = r->per_epoch * o->epochs;
    return 0;
}

/* Checks that all ranks do the same run. Loads the checkpoint if resuming. 0, or -1 (logged). */
static int resume(run_t *r)
{
    const tfb_fit_opt_t *o = r->o;
    tfb_state_t *s = &r->s;
    char id0[TFB_RUN_ID];
    tfb_run_id(s->net, r->ex, o, r->id);
    memcpy(id0, r->id, sizeof id0);
    tfb_ranks_share(id0, sizeof id0);
    int ret = memcmp(r->id, id0, sizeof id0) ? -1 : 0;
    if (ret < 0) tfb_error("data, targets, architecture or options differ from those of rank 0");
    if (tfb_ranks_agree(ret) < 0) return -1;
    if (o->checkpoint && o->resume && !tfb_ranks_me()) {
        ret = tfb_checkpoint_load(o->checkpoint, s, r->id);
        if (ret > 0 && s->by_auprc)
            tfb_note("resuming after epoch %d (best so far: epoch %d, validation AUPRC %.4f)", s->epoch, s->best_epoch,
                     s->best_auprc);
        else if (ret > 0 && r->n_valid)
            tfb_note("resuming after epoch %d (best so far: epoch %d, validation loss %.5f)", s->epoch, s->best_epoch,
                     s->best_loss);
        if (ret > 0 && o->curves && tfb_curves_read(&r->curves, s->epoch) < 0) ret = -1;
        if (ret > 0 && !r->n_valid) tfb_note("resuming after epoch %d", s->epoch);
    }
    if (tfb_ranks_agree(ret) < 0) return -1;
    tfb_state_share(s);
    r->first_epoch = s->epoch;
    r->began = tfb_now();
    return 0;
}

static void release(run_t *r)
{
    tfb_walk_destroy(r->walk);
    tfb_state_free(&r->s);
    free(r->item);
    free(r->all);
    free(r->chance);
    free(r->valid);
    free(r->code);
    free(r->label);
    free(r->dz);
    free(r->weight);
    free(r->soft);
    tfb_curves_free(&r->curves);
    free(r->learnt);
    free(r->by.loss);
    free(r->by.auprc);
    free(r->noise);
    free(r->noisy);
    free(r->head_only);
    free(r->pace);
    free(r->anchor);
}

/* Copies the best epoch's weights to the network. */
static void finish(run_t *r, tfb_fit_report_t *report)
{
    const tfb_state_t *s = &r->s;
    if (r->stop) tfb_ranks_together();
    memcpy(s->net->param, s->best, s->net->n_param * sizeof(float));
    memcpy(s->net->stat, s->best_stat, s->net->n_stat * sizeof(float));
    *report = (tfb_fit_report_t){.best_epoch = s->best_epoch,
                                 .epochs_run = s->epoch,
                                 .best_loss = s->best_loss,
                                 .train_loss = s->train_loss,
                                 .best_auprc = s->by_auprc ? s->best_auprc : NAN,
                                 .per_second = r->busy > 0 ? r->examples / r->busy : 0,
                                 .interrupted = r->stop};
}

int tfb_fit(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_fit_opt_t *o,
            tfb_fit_report_t *report)
{
    int ret = -1;
    run_t r = {.ex = ex, .part = part, .o = o, .strands = o->one_strand ? 1 : 2};
    epoch_t e;
    *report = (tfb_fit_report_t){.best_loss = INFINITY};
    r.tty = isatty(STDERR_FILENO) && tfb_log_get_level() >= 2 && !tfb_ranks_me();
    if (count_examples(&r) < 0) return -1;
    if (prepare(&r, net) < 0 || resume(&r) < 0) goto done;
    while (r.s.epoch < o->epochs && !r.stop && !is_stalled(&r)) {
        if (epoch(&r, &e) < 0) goto done;
        if (!r.stop && end_epoch(&r, &e) < 0) goto done;
    }
    if (!r.stop && r.s.epoch < o->epochs)
        tfb_note("no %s for %d epochs: training ends",
                 r.s.by_auprc ? "higher validation AUPRC" : "lower validation loss", o->patience);
    finish(&r, report);
    ret = 0;
done:
    release(&r);
    return ret;
}
