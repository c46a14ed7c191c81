/* fit.c - the training loop. In: examples, a network, options. Out: the network of the best epoch; a checkpoint after
 * every epoch.
 *
 * The surprising thing: nothing depends on the number of threads. Order and dropout come from hashes of (seed, epoch,
 * step), and sums over a batch are made in fixed slices. Each rank takes a share of every batch, and of the validation
 * regions; whatever decides how the run continues is a sum over all ranks, so that all decide alike. */
#include "train/fit.h"
#include "kernels/kernels.h"
#include "nn/walk.h"
#include "train/batch.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/predict.h"
#include "train/ranks.h"
#include "train/rates.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
    if (stop_asked) { /* asked twice: leave as any program would */
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
    const uint8_t *frozen;   /* of this epoch, or NULL */
    const float *pace;       /* (layers), or NULL: all 1 */
    const float *anchor;     /* (n_param): the weights at the start, or NULL */
    double rate, correction; /* Adam's rate is rate / correction */
    float inv_sqrt_c2;
    double keep; /* of the running average */
} update_t;

enum { UPDATE = 65536 }; /* parameters a task updates */

/* Decays parameters [b, e) of layer l: towards 0, and below the head towards where they started. */
static void decay(const update_t *u, const tfb_layer_t *l, double rate, size_t b, size_t e)
{
    tfb_net_t *n = u->s->net;
    float shrink = (float)(1 - rate * u->o->decay), pull = (float)(rate * u->o->l2sp);
    /* only the products' weights decay to 0, a layer's first tensor: biases and batch norms are few and need not be
     * small */
    if (shrink < 1 && l->n_tensors && l->tensor[0].n_dims > 1)
        for (size_t k = b, we = l->param_off + l->tensor[0].n; k < e && k < we; k++) n->param[k] *= shrink;
    if (!u->anchor || l->index == n->n_layers - 1) return;
    for (size_t k = b; k < e; k++) n->param[k] -= pull * (n->param[k] - u->anchor[k]);
}

static void update_task(void *arg, int task, int thread)
{
    (void)thread;
    update_t *u = arg;
    tfb_state_t *s = u->s;
    const tfb_net_t *n = s->net;
    size_t b = (size_t)task * UPDATE, e = b + UPDATE < n->n_param ? b + UPDATE : n->n_param;
    for (int i = 0; i < n->n_layers; i++) { /* whole layers are frozen or not */
        const tfb_layer_t *l = &n->layer[i];
        size_t lb = l->param_off > b ? l->param_off : b,
               le = l->param_off + l->n_param < e ? l->param_off + l->n_param : e;
        if (lb >= le || (u->frozen && u->frozen[i])) continue;
        double rate = u->rate * (u->pace ? (double)u->pace[i] : 1);
        decay(u, l, rate, lb, le);
        tfb_kernels()->adam(le - lb, n->param + lb, s->grad + lb, s->m + lb, s->v + lb, (float)(rate / u->correction),
                            (float)BETA1, (float)BETA2, u->inv_sqrt_c2, EPSILON);
    }
    if (s->avg) {
        float keep = (float)u->keep;
        float *restrict a = s->avg;
        const float *restrict p = n->param;
        for (size_t i = b; i < e; i++) a[i] = keep * a[i] + (1 - keep) * p[i];
    }
}

/* Makes a step; u says with what, except for what depends on the number of the step. */
static void update(update_t *u)
{
    tfb_state_t *s = u->s;
    const tfb_fit_opt_t *o = u->o;
    s->step++;
    double c1 = 1 - pow(BETA1, (double)s->step), c2 = 1 - pow(BETA2, (double)s->step);
    /* a young average is a plain mean: it forgets its start */
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
    if (s->avg)
        for (size_t i = 0; i < s->net->n_stat; i++)
            s->avg_stat[i] = (float)(keep * s->avg_stat[i] + (1 - keep) * s->net->stat[i]);
}

/* Sums the gradients over the ranks, except those of frozen layers, which have none. */
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

/* Returns the learning rate of a step. One cycle: up to the full rate in the first three tenths of the run, then down
 * by a half cosine. */
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
    tfb_item_t *item, *valid; /* the training examples in an epoch's order, the validation examples */
    size_t n_item, n_valid;
    uint8_t *code, *label; /* of this rank's part of a batch */
    float *dz, *weight;    /* weight: of targets, or NULL */
    uint8_t *head_only;    /* (layers): frozen in the first epochs, or NULL */
    float *pace, *anchor;  /* see update_t */
    char id[TFB_RUN_ID];
    int strands, whole, tty;    /* whole: examples of a batch of all ranks */
    int stop;                   /* a signal came, to any rank */
    int first_epoch;            /* of this process: others were done before it resumed */
    int64_t per_epoch, n_steps; /* batches of an epoch and of the run */
    double began, busy, examples;
} run_t;

/* What an epoch has come to. */
typedef struct {
    double since, shown; /* when it began; when the progress line was last written */
    double sum;          /* of the losses of its batches */
    int64_t n_batches, done;
    uint64_t key; /* of the changes to windows */
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

/* Forward, backward and update over batch b. `all` examples, of which this rank takes its part, perhaps none. 0, or -1
 * (logged). */
static int step(run_t *r, epoch_t *e, int64_t b, int all)
{
    const tfb_fit_opt_t *o = r->o;
    tfb_state_t *s = &r->s;
    tfb_pass_t *pass = &r->walk->pass;
    int me = tfb_ranks_me(), first = (int)tfb_ranks_first(all, me), B = (int)tfb_ranks_first(all, me + 1) - first;
    const tfb_augment_t *augment = tfb_augmented(&o->augment) && s->epoch < o->epochs - o->clean ? &o->augment : NULL;
    tfb_batch_fetch(&(tfb_batch_t){r->ex, r->item + b * r->whole + first, r->code, r->label, B, augment, e->key},
                    o->pool);
    const tfb_labelled_t labelled = {r->label, (size_t)B, (size_t)r->ex->n_targets, r->weight};
    double sums[2] = {tfb_loss_resolved(&labelled), stop_asked};
    tfb_ranks_sum(sums, 2);
    double m = sums[0];
    r->stop = sums[1] > 0;
    pass->first = first;
    pass->B_all = all;
    pass->step = (uint64_t)s->step;
    pass->param = s->net->param;
    pass->stat = s->net->stat;
    double loss = tfb_loss_sum(&labelled, tfb_walk_forward(r->walk, r->code, B), m, r->dz);
    tfb_ranks_sum(&loss, 1);
    if (m > 0) loss /= m;
    if (!isfinite(loss)) {
        tfb_ranks_together();
        tfb_error("the loss is not finite at epoch %d, step %lld: the learning rate of %g is too high for these data",
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

/* Freezes all but the head in the first epochs, if so asked. When the other layers join, Adam begins anew, as its
 * counts of steps would be wrong for them. */
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

/* Has the validation loss stopped falling? Epochs that train only the head do not count. */
static int is_stalled(const run_t *r)
{
    const tfb_state_t *s = &r->s;
    int since = s->best_epoch > r->o->head_epochs ? s->best_epoch : r->o->head_epochs;
    return r->o->patience && r->n_valid && s->epoch - since >= r->o->patience;
}

/* Trains for an epoch. Its order is a function of seed and epoch alone, so that a resumed run repeats it. 0, or -1
 * (logged). */
static int epoch(run_t *r, epoch_t *e)
{
    uint64_t seed = r->o->seed, n = (uint64_t)r->s.epoch;
    tfb_rng_t rng;
    choose_layers(r);
    tfb_batch_items(r->ex, r->part, TFB_TRAIN, r->strands, r->item);
    tfb_rng_seed(&rng, tfb_hash64(seed) + n);
    tfb_rng_shuffle(&rng, r->item, r->n_item);
    *e = (epoch_t){.since = tfb_now(), .key = tfb_hash64(tfb_hash64(seed + 0x61756721) + n)}; /* "aug!" */
    e->shown = e->since;
    for (int64_t b = 0; b < r->per_epoch && !r->stop; b++) {
        size_t left = r->n_item - (size_t)b * (size_t)r->whole;
        int all = left < (size_t)r->whole ? (int)left : r->whole;
        if (all < 2) break; /* one example has no batch statistics */
        if (step(r, e, b, all) < 0) return -1;
        show_progress(r, e);
    }
    return 0;
}

/* *loss gets the validation loss of what would be kept, NaN without validation regions. Keeps it if it is the best. 0,
 * or -1 (logged). */
static int validate(run_t *r, double *loss)
{
    tfb_state_t *s = &r->s;
    *loss = NAN;
    if (r->n_valid && tfb_predict_loss(s->net, r->ex, r->valid, r->n_valid, r->weight, r->o->pool, loss) < 0) return -1;
    if (r->n_valid && !isfinite(*loss)) {
        tfb_ranks_together();
        tfb_error(
            "the validation loss is not finite after epoch %d: the learning rate of %g is too high for these data",
            s->epoch + 1, r->o->rate);
        return -1;
    }
    s->epoch++;
    if (!(*loss < s->best_loss) && r->n_valid) return 0;
    s->best_loss = *loss;
    s->best_epoch = s->epoch;
    tfb_state_keep_best(s);
    return 0;
}

/* Ends an epoch: validation, a line of the log, the checkpoint. 0, or -1 (logged). */
static int end_epoch(run_t *r, const epoch_t *e)
{
    tfb_state_t *s = &r->s;
    double took = tfb_now() - e->since, valid;
    char loss[32] = ".", left[32];
    r->busy += took;
    r->examples += (double)e->done;
    s->train_loss = e->n_batches ? e->sum / (double)e->n_batches : 0;
    tfb_state_share(s);
    tfb_state_swap_average(s);
    int ret = validate(r, &valid);
    tfb_state_swap_average(s);
    if (ret < 0) return -1;
    if (r->tty) fputc('\r', stderr);
    if (r->n_valid) snprintf(loss, sizeof loss, "%.5f%s", valid, s->best_epoch == s->epoch ? " *" : "  ");
    clock_of((tfb_now() - r->began) / (s->epoch - r->first_epoch) * (r->o->epochs - s->epoch), left);
    tfb_note("epoch %d/%d  train %.5f  valid %s  %.0f regions/s  %s left", s->epoch, r->o->epochs, s->train_loss, loss,
             (double)e->done / took, left);
    return r->o->checkpoint && !tfb_ranks_me() ? tfb_checkpoint_save(r->o->checkpoint, s, r->id) : 0;
}

/* ---- its beginning ---- */

enum { MAX_BATCH = 1 << 24 }; /* of all ranks together */

/* Counts the examples, and refuses what cannot be trained on. 0, or -1 (logged). */
static int count_examples(run_t *r)
{
    size_t n_train = 0;
    for (int64_t i = 0; i < r->ex->n; i++) n_train += r->part[i] == TFB_TRAIN, r->n_valid += r->part[i] == TFB_VALID;
    r->n_item = n_train * (size_t)r->strands;
    r->n_valid *= (size_t)r->strands;
    if (r->n_item < 2) {
        tfb_error("%zu training regions are too few", n_train);
        return -1;
    }
    if (n_train >= (size_t)1 << 30) {
        tfb_error("%zu training regions are more than the 2^30 that fit", n_train);
        return -1;
    }
    if (r->o->batch > MAX_BATCH / tfb_ranks_n()) {
        tfb_error("%d ranks with %d examples each are a batch of more than %d", tfb_ranks_n(), r->o->batch, MAX_BATCH);
        return -1;
    }
    return 0;
}

/* Allocates what differs between layers and epochs. 0, or -1 (logged). */
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

/* Allocates what a run needs. 0, or -1 (logged). */
static int prepare(run_t *r, tfb_net_t *net)
{
    const tfb_fit_opt_t *o = r->o;
    size_t B = (size_t)o->batch, T = (size_t)r->ex->n_targets;
    r->item = tfb_alloc(r->n_item, sizeof *r->item, "the order of examples");
    r->valid = tfb_alloc(r->n_valid + 1, sizeof *r->valid, "validation examples");
    r->code = tfb_alloc(B * r->ex->window, 1, "a batch");
    r->label = tfb_alloc(B * T, 1, "a batch");
    r->dz = tfb_alloc(B * T, sizeof *r->dz, "a batch");
    if (!r->item || !r->valid || !r->code || !r->label || !r->dz || tfb_state_init(&r->s, net, o->average > 0) < 0)
        return -1;
    if (prepare_layers(r, net) < 0) return -1;
    if (!(r->walk = tfb_walk_create(net, o->batch, TFB_WALK_TRAIN, o->pool))) return -1;
    if ((o->balance > 0 || o->weights) && !(r->weight = tfb_loss_weights(r->ex, r->part, o->balance, o->weights)))
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

/* Makes sure that all ranks do the same run, and continues from its checkpoint if asked to. 0, or -1 (logged). */
static int resume(run_t *r)
{
    const tfb_fit_opt_t *o = r->o;
    tfb_state_t *s = &r->s;
    char id0[TFB_RUN_ID];
    tfb_run_id(s->net, r->ex, o, r->id);
    memcpy(id0, r->id, sizeof id0);
    tfb_ranks_share(id0, sizeof id0);
    int ret = memcmp(r->id, id0, sizeof id0) ? -1 : 0;
    if (ret < 0) tfb_error("its data, targets, architecture or options are not those of rank 0");
    if (tfb_ranks_agree(ret) < 0) return -1;
    if (o->checkpoint && o->resume && !tfb_ranks_me()) {
        ret = tfb_checkpoint_load(o->checkpoint, s, r->id);
        if (ret > 0 && r->n_valid)
            tfb_note("resuming after epoch %d (best so far: epoch %d, validation loss %.5f)", s->epoch, s->best_epoch,
                     s->best_loss);
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
    free(r->valid);
    free(r->code);
    free(r->label);
    free(r->dz);
    free(r->weight);
    free(r->head_only);
    free(r->pace);
    free(r->anchor);
}

/* Leaves the best epoch's weights in the network. */
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
        tfb_note("no lower validation loss for %d epochs: training ends", o->patience);
    finish(&r, report);
    ret = 0;
done:
    release(&r);
    return ret;
}
