/* fit.c - the training loop. In: examples, a network, options. Out: the network of the best epoch; a checkpoint an epoch.
 *
 * The surprising thing: nothing depends on the number of threads. Order and dropout come from hashes of (seed, epoch, step), and
 * sums over a batch are made in fixed slices. Ranks each take a share of every batch, and of the validation regions; whatever
 * decides what happens next is a sum over all of them, so that all decide alike. */
#include "train/fit.h"
#include "kernels/kernels.h"
#include "nn/infer.h"
#include "nn/walk.h"
#include "train/ranks.h"
#include <errno.h>
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

/* ---- loss ---- */

/* The sum of the weights of resolved labels. */
static double resolved(const uint8_t *label, size_t B, size_t T, const float *weight)
{
    double m = 0;
    for (size_t b = 0, i = 0; b < B; b++)
        for (size_t t = 0; t < T; t++, i++)
            if (label[i] != TFB_NULL) m += weight ? (double)weight[t] : 1;
    return m;
}

/* The weighted sum of losses; dz (or NULL) gets the gradient of that sum over m. */
static double loss_sum(const float *z, const uint8_t *label, size_t B, size_t T, const float *weight, double m, float *dz)
{
    double loss = 0;
    for (size_t b = 0, i = 0; b < B; b++)
        for (size_t t = 0; t < T; t++, i++) {
            if (label[i] == TFB_NULL) {
                if (dz) dz[i] = 0;
                continue;
            }
            float w = weight ? weight[t] : 1, y = label[i] == TFB_BOUND, a = expf(-fabsf(z[i])); /* of the larger side, so that nothing overflows */
            loss += (double)(w * ((z[i] > 0 ? z[i] : 0) - z[i] * y + log1pf(a)));
            if (dz) dz[i] = ((z[i] >= 0 ? 1 : a) / (1 + a) - y) * (float)((double)w / m);
        }
    return loss;
}

double tfb_loss(const float *z, const uint8_t *label, size_t B, size_t T, const float *weight, float *dz, double *total)
{
    double m = resolved(label, B, T, weight), loss = loss_sum(z, label, B, T, weight, m, dz);
    if (total) *total = m;
    return m > 0 ? loss / m : 0;
}

/* Targets with few bound regions count for more: (most / bound)^balance. Below 30 regions there is too little to learn from to weigh it up further.
 * Times the given ones (NULL: 1). */
static float *target_weights(const tfb_examples_t *ex, const uint8_t *part, double balance, const float *given)
{
    float *w = tfb_alloc((size_t)ex->n_targets, sizeof *w, "weights of targets");
    int64_t *n = tfb_alloc((size_t)ex->n_targets, sizeof *n, "weights of targets"), most = 30;
    if (w && n) {
        for (int t = 0; t < ex->n_targets; t++) {
            for (int64_t i = 0; i < ex->n; i++) n[t] += part[i] == TFB_TRAIN && tfb_examples_label(ex, i, t) == TFB_BOUND;
            if (n[t] > most) most = n[t];
        }
        for (int t = 0; t < ex->n_targets; t++) w[t] = (float)pow((double)most / (double)(n[t] > 30 ? n[t] : 30), balance) * (given ? given[t] : 1);
    } else {
        free(w);
        w = NULL;
    }
    free(n);
    return w;
}

/* ---- predictions ---- */

typedef struct {
    const tfb_examples_t *ex;
    const uint32_t *item; /* example << 1 | reverse strand */
    uint8_t *code, *label;
    int n;
    const tfb_augment_t *augment; /* NULL: windows as they are */
    uint64_t key;                 /* of this epoch */
} fetch_t;

enum { FETCH = 32 }; /* examples a task fetches */

static void fetch_task(void *arg, int task, int thread)
{
    (void)thread;
    fetch_t *f = arg;
    uint8_t spare[2 * TFB_AUGMENT_WINDOW];
    for (int i = task * FETCH; i < (task + 1) * FETCH && i < f->n; i++) {
        uint8_t *code = f->code + (size_t)i * f->ex->window;
        tfb_examples_codes(f->ex, f->item[i] >> 1, f->item[i] & 1, code);
        if (f->augment) tfb_augment(f->augment, tfb_hash64(f->key + f->item[i]), code, f->ex->window, spare);
        if (f->label) tfb_examples_labels(f->ex, f->item[i] >> 1, f->label + (size_t)i * f->ex->n_targets);
    }
}

static void fetch(tfb_pool_t *pool, fetch_t *f)
{
    int n = (f->n + FETCH - 1) / FETCH;
    if (pool)
        tfb_pool_run(pool, n, fetch_task, f);
    else
        for (int i = 0; i < n; i++) fetch_task(f, i, 0);
}

enum { PREDICT = 4096 }; /* windows scored at a time: bounds memory */

static tfb_infer_t *infer_of(const tfb_net_t *net, tfb_pool_t *pool)
{
    tfb_model_t m = {.net = (tfb_net_t *)net, .n_targets = net->n_out, .window = net->window};
    return tfb_infer_create(&m, NULL, 0, pool);
}

int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, int strand, tfb_pool_t *pool, float *z)
{
    int ret = -1;
    uint8_t *code = NULL;
    uint32_t *item = NULL;
    tfb_infer_t *f = infer_of(net, pool);
    if (!f || !(code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows")) || !(item = tfb_alloc(PREDICT, sizeof *item, "windows"))) goto done;
    for (size_t i = 0; i < n_idx; i += PREDICT) {
        int n = n_idx - i < PREDICT ? (int)(n_idx - i) : PREDICT;
        for (int k = 0; k < n; k++) item[k] = idx[i + k] << 1;
        fetch(pool, &(fetch_t){.ex = ex, .item = item, .code = code, .n = n});
        if (tfb_infer_windows(f, code, NULL, n, (tfb_strand_t)strand, z + i * net->n_out) < 0) goto done;
    }
    ret = 0;
done:
    tfb_infer_destroy(f);
    free(code);
    free(item);
    return ret;
}

/* *loss gets the mean loss over the given items (each strand an example of its own), each rank scoring its share. 0, or -1 (logged). */
static int mean_loss(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *item, size_t n_item, const float *weight, tfb_pool_t *pool, double *loss)
{
    double sum[2] = {0}; /* of losses, of weights */
    int ret = -1;
    size_t first = (size_t)tfb_ranks_first((int64_t)n_item, tfb_ranks_me()), end = (size_t)tfb_ranks_first((int64_t)n_item, tfb_ranks_me() + 1);
    size_t T = (size_t)ex->n_targets;
    uint8_t *code = NULL, *label = NULL;
    float *z = NULL;
    tfb_infer_t *f = infer_of(net, pool);
    if (!f || !(code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows")) || !(label = tfb_alloc(PREDICT * T, 1, "labels")) ||
        !(z = tfb_alloc(PREDICT * T, sizeof *z, "logits")))
        goto done;
    for (size_t i = first; i < end; i += PREDICT) {
        int n = end - i < PREDICT ? (int)(end - i) : PREDICT;
        double m;
        fetch(pool, &(fetch_t){.ex = ex, .item = item + i, .code = code, .label = label, .n = n});
        if (tfb_infer_windows(f, code, NULL, n, TFB_STRAND_FWD, z) < 0) goto done;
        sum[0] += tfb_loss(z, label, (size_t)n, T, weight, NULL, &m) * m;
        sum[1] += m;
    }
    tfb_ranks_sum(sum, 2);
    *loss = sum[1] > 0 ? sum[0] / sum[1] : 0;
    ret = 0;
done:
    tfb_infer_destroy(f);
    free(code);
    free(label);
    free(z);
    return ret;
}

/* ---- state, and its file ---- */

typedef struct {
    tfb_net_t *net;          /* weights in training */
    float *grad, *m, *v;     /* (n_param) */
    float *avg, *avg_stat;   /* running averages, or NULL */
    float *best, *best_stat; /* of the best epoch */
    int64_t step;            /* Adam's */
    int epoch, best_epoch;   /* epochs done */
    double best_loss, train_loss;
} state_t;

/* A checkpoint: MAGIC, the identity of its run (64 hex digits and 0), the pieces of the state, and the SHA-256 of all that, 64 hex digits. */
static const char MAGIC[16] = "tfbind-ckpt-3\n";
enum { DIGEST = 64, ID = 65 };

static int put(FILE *f, tfb_sha256_t *sha, const void *p, size_t n)
{
    tfb_sha256_update(sha, p, n);
    return fwrite(p, 1, n, f) == n ? 0 : -1;
}

typedef struct {
    void *p;
    size_t n; /* bytes */
} piece_t;
enum { PIECES = 13 };

/* Everything of a state, in the order of the checkpoint; returns how many pieces. */
static int pieces(state_t *s, piece_t v[PIECES])
{
    size_t P = s->net->n_param * sizeof(float), S = s->net->n_stat * sizeof(float);
    const piece_t all[PIECES] = {{&s->step, sizeof s->step},
                                 {&s->epoch, sizeof s->epoch},
                                 {&s->best_epoch, sizeof s->best_epoch},
                                 {&s->best_loss, sizeof s->best_loss},
                                 {&s->train_loss, sizeof s->train_loss},
                                 {s->net->param, P},
                                 {s->net->stat, S},
                                 {s->m, P},
                                 {s->v, P},
                                 {s->best, P},
                                 {s->best_stat, S},
                                 {s->avg, P},
                                 {s->avg_stat, S}};
    memcpy(v, all, sizeof all);
    return s->avg ? PIECES : PIECES - 2;
}

/* All ranks get rank 0's: at the start, where it alone has read the checkpoint, and after every epoch, since processors of another kind may
 * have rounded an update otherwise. */
static void share(state_t *s)
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    for (int i = 0; i < n; i++) tfb_ranks_share(v[i].p, v[i].n);
}

/* Writes a state. id is a digest of what must agree with a run that goes on from it. 0 or -1. */
static int checkpoint_write(FILE *f, state_t *s, const char id[ID])
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    char digest[DIGEST + 1];
    tfb_sha256_t sha;
    tfb_sha256_init(&sha);
    if (put(f, &sha, MAGIC, sizeof MAGIC) < 0 || put(f, &sha, id, ID) < 0) return -1;
    for (int i = 0; i < n; i++)
        if (put(f, &sha, v[i].p, v[i].n) < 0) return -1;
    tfb_sha256_hex(&sha, digest);
    return fwrite(digest, 1, DIGEST, f) == DIGEST ? 0 : -1;
}

/* Is a checkpoint what was written? NULL, or what is wrong with it. Leaves f after MAGIC. */
static const char *checkpoint_verify(FILE *f)
{
    char buf[1 << 16], magic[sizeof MAGIC], digest[DIGEST + 1], stored[DIGEST];
    tfb_sha256_t sha;
    if (fread(magic, 1, sizeof magic, f) != sizeof magic || memcmp(magic, MAGIC, 12)) return "is damaged";
    if (memcmp(magic, MAGIC, sizeof magic)) return "was written by another version of tfbind";
    if (fseeko(f, 0, SEEK_END) < 0) return "cannot be read";
    off_t left = ftello(f) - DIGEST;
    rewind(f);
    tfb_sha256_init(&sha);
    while (left > 0) {
        size_t n = left < (off_t)sizeof buf ? (size_t)left : sizeof buf;
        if (fread(buf, 1, n, f) != n) return "cannot be read";
        tfb_sha256_update(&sha, buf, n);
        left -= (off_t)n;
    }
    tfb_sha256_hex(&sha, digest);
    if (left < 0 || fread(stored, 1, DIGEST, f) != DIGEST || memcmp(stored, digest, DIGEST)) return "is damaged";
    return fseeko(f, sizeof MAGIC, SEEK_SET) < 0 ? "cannot be read" : NULL;
}

/* Reads a state. NULL, or what is wrong with the file. */
static const char *checkpoint_read(FILE *f, state_t *s, const char id[ID])
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    char got[ID];
    const char *wrong = checkpoint_verify(f);
    if (wrong) return wrong;
    if (fread(got, 1, ID, f) != ID || memcmp(got, id, ID)) return "is of another run (other data, targets, architecture or options)";
    for (int i = 0; i < n; i++)
        if (fread(v[i].p, 1, v[i].n, f) != v[i].n) return "is damaged";
    int counted = s->step >= 0 && s->epoch > 0 && s->best_epoch >= 0 && s->best_epoch <= s->epoch;
    return counted ? NULL : "has impossible counts of epochs or steps";
}

static void make_id(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_fit_opt_t *o, char id[65])
{
    char text[256];
    tfb_sha256_t h;
    tfb_sha256_init(&h);
    tfb_sha256_update(&h, net->spec, strlen(net->spec));
    tfb_sha256_update(&h, ex->digest, strlen(ex->digest));
    if (o->identity) tfb_sha256_update(&h, o->identity, strlen(o->identity));
    if (o->frozen) tfb_sha256_update(&h, o->frozen, (size_t)net->n_layers);
    /* epochs only where the rate depends on them, so that a finished run can be prolonged */
    snprintf(text, sizeof text, "%d %.9g %d %d %llu %d %.9g", net->window, o->rate, (int)o->schedule, o->batch * tfb_ranks_n(), (unsigned long long)o->seed,
             o->one_strand, o->average);
    tfb_sha256_update(&h, text, strlen(text));
    if (o->balance > 0 || o->decay > 0 || o->precision) {
        snprintf(text, sizeof text, " %.9g %.9g %s", o->balance, o->decay, o->precision ? o->precision : "");
        tfb_sha256_update(&h, text, strlen(text));
    }
    const tfb_augment_t *g = &o->augment;
    if (tfb_augmented(g) || o->warmup > 0) {
        snprintf(text, sizeof text, " %d %.9g %d %d %d %.9g", g->shift, g->mutate, g->insert, g->delete, o->clean, o->warmup);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->weights) tfb_sha256_update(&h, o->weights, (size_t)ex->n_targets * sizeof *o->weights);
    if (o->schedule != TFB_RATE_CONSTANT || o->clean || o->warmup > 0) tfb_sha256_update(&h, &o->epochs, sizeof o->epochs);
    tfb_sha256_hex(&h, id);
}

static int checkpoint_save(const char *path, state_t *s, char id[65])
{
    tfb_out_t *out;
    FILE *f = tfb_out_open(path, &out);
    if (!f) return -1;
    int bad = checkpoint_write(f, s, id) || fflush(f) || (tfb_out_name(out) && fsync(fileno(f)));
    if (bad) tfb_error("cannot write checkpoint %s: %s", path, strerror(errno));
    return tfb_out_close(f, out, !bad);
}

/* 1 loaded, 0 there is none, -1 it cannot be used (logged). */
static int checkpoint_load(const char *path, state_t *s, char id[65])
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        if (errno == ENOENT) return 0;
        tfb_error("cannot read checkpoint %s: %s", path, strerror(errno));
        return -1;
    }
    const char *wrong = checkpoint_read(f, s, id);
    fclose(f);
    if (!wrong) return 1;
    tfb_error("checkpoint %s %s; remove it to start afresh", path, wrong);
    return -1;
}

/* ---- one step ---- */

typedef struct {
    state_t *s;
    const tfb_fit_opt_t *o;
    float lr_t, inv_sqrt_c2, shrink; /* shrink: what decay leaves of a weight */
    double keep;                     /* of the running average */
} update_t;

enum { UPDATE = 65536 }; /* parameters a task updates */

static void update_task(void *arg, int task, int thread)
{
    (void)thread;
    update_t *u = arg;
    state_t *s = u->s;
    const tfb_net_t *n = s->net;
    size_t b = (size_t)task * UPDATE, e = b + UPDATE < n->n_param ? b + UPDATE : n->n_param;
    for (int i = 0; i < n->n_layers; i++) { /* whole layers are frozen or not */
        const tfb_layer_t *l = &n->layer[i];
        size_t lb = l->param_off > b ? l->param_off : b, le = l->param_off + l->n_param < e ? l->param_off + l->n_param : e;
        if (lb >= le || (u->o->frozen && u->o->frozen[i])) continue;
        /* decay is for the products' weights, which are a layer's first tensor; biases and batch norms are few and have no reason to be small */
        if (u->shrink < 1 && l->n_tensors && l->tensor[0].n_dims > 1)
            for (size_t k = lb, we = l->param_off + l->tensor[0].n; k < le && k < we; k++) n->param[k] *= u->shrink;
        tfb_kernels()->adam(le - lb, n->param + lb, s->grad + lb, s->m + lb, s->v + lb, u->lr_t, 0.9f, 0.999f, u->inv_sqrt_c2, 1e-8f);
    }
    if (s->avg) {
        float keep = (float)u->keep;
        float *restrict a = s->avg;
        const float *restrict p = n->param;
        for (size_t i = b; i < e; i++) a[i] = keep * a[i] + (1 - keep) * p[i];
    }
}

static void update(state_t *s, const tfb_fit_opt_t *o, double rate)
{
    s->step++;
    double c1 = 1 - pow(0.9, (double)s->step), c2 = 1 - pow(0.999, (double)s->step);
    /* a young average is a plain mean: it forgets its start */
    double keep = (double)s->step / ((double)s->step + 10);
    if (keep > o->average) keep = o->average;
    update_t u = {s, o, (float)(rate / c1), (float)(1 / sqrt(c2)), (float)(1 - rate * o->decay), keep};
    int n = (int)((s->net->n_param + UPDATE - 1) / UPDATE);
    if (o->pool)
        tfb_pool_run(o->pool, n, update_task, &u);
    else
        for (int i = 0; i < n; i++) update_task(&u, i, 0);
    if (s->avg)
        for (size_t i = 0; i < s->net->n_stat; i++) s->avg_stat[i] = (float)(keep * s->avg_stat[i] + (1 - keep) * s->net->stat[i]);
}

/* Gradients summed over the ranks, but those of frozen layers, which are none. */
static void sum_gradients(state_t *s, const uint8_t *frozen)
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

/* One cycle: up to the full rate in the first three tenths of the run, then down by a half cosine. */
static double rate_at(const tfb_fit_opt_t *o, int64_t step, int64_t n_steps)
{
    double x = n_steps > 0 ? (double)step / (double)n_steps : 0, up = o->schedule == TFB_RATE_ONE_CYCLE && o->warmup <= 0 ? 0.3 : o->warmup;
    if (x < up) return o->rate * (x + 0.5 / (double)n_steps) / up;
    switch (o->schedule) {
    case TFB_RATE_COSINE: return o->rate * 0.5 * (1 + cos(M_PI * x));
    case TFB_RATE_LINEAR: return o->rate * (1 - x);
    case TFB_RATE_ONE_CYCLE: return o->rate * 0.5 * (1 + cos(M_PI * (x - up) / (1 - up)));
    default: return o->rate;
    }
}

static void swap_average(state_t *s)
{
    if (!s->avg) return;
    float *p = s->net->param, *t = s->net->stat;
    s->net->param = s->avg, s->avg = p;
    s->net->stat = s->avg_stat, s->avg_stat = t;
}

static void progress(int epoch, int epochs, double loss, int64_t done, int64_t all, double since, double began, double total)
{
    double now = tfb_now(), rate = (double)done / (now - since), left = total > 0 ? (now - began) / total * (1 - total) : 0;
    fprintf(stderr, "\repoch %d/%d  %5.1f %%  loss %.5f  %.0f regions/s  %02d:%02d:%02d left ", epoch, epochs, 100.0 * (double)done / (double)all, loss, rate,
            (int)(left / 3600), (int)(left / 60) % 60, (int)left % 60);
    fflush(stderr);
}

enum { MAX_BATCH = 1 << 24 }; /* of all ranks together */

int tfb_fit(tfb_net_t *net, const tfb_examples_t *ex, const uint8_t *part, const tfb_fit_opt_t *o, tfb_fit_report_t *report)
{
    int ret = -1, n_ranks = tfb_ranks_n(), me = tfb_ranks_me(), stop = 0, tty = isatty(STDERR_FILENO) && tfb_log_get_level() >= 2 && !me;
    int strands = o->one_strand ? 1 : 2, whole = o->batch * n_ranks;
    size_t n_train = 0, n_valid = 0, P = net->n_param, S = net->n_stat, T = (size_t)ex->n_targets;
    uint32_t *item = NULL, *valid = NULL;
    uint8_t *code = NULL, *label = NULL;
    float *dz = NULL, *weight = NULL;
    tfb_walk_t *w = NULL;
    state_t s = {.net = net, .best_loss = INFINITY};
    char id[65], id0[65];
    double busy = 0, examples = 0;
    *report = (tfb_fit_report_t){.best_loss = INFINITY};
    for (int64_t i = 0; i < ex->n; i++) n_train += part[i] == TFB_TRAIN, n_valid += part[i] == TFB_VALID;
    if (n_train * (size_t)strands < 2) {
        tfb_error("%zu training regions are too few", n_train);
        return -1;
    }
    if (n_train >= (size_t)1 << 30) {
        tfb_error("%zu training regions are more than the 2^30 that fit", n_train);
        return -1;
    }
    if (o->batch > MAX_BATCH / n_ranks) {
        tfb_error("%d ranks with %d examples each are a batch of more than %d", n_ranks, o->batch, MAX_BATCH);
        return -1;
    }
    size_t n_item = n_train * (size_t)strands;
    item = tfb_alloc(n_item, sizeof *item, "the order of examples");
    valid = tfb_alloc(n_valid * (size_t)strands + 1, sizeof *valid, "validation examples");
    code = tfb_alloc((size_t)o->batch * ex->window, 1, "a batch");
    label = tfb_alloc((size_t)o->batch * T, 1, "a batch");
    dz = tfb_alloc((size_t)o->batch * T, sizeof *dz, "a batch");
    s.grad = tfb_alloc(P, sizeof *s.grad, "gradients");
    s.m = tfb_alloc(P, sizeof *s.m, "Adam's first moments");
    s.v = tfb_alloc(P, sizeof *s.v, "Adam's second moments");
    s.best = tfb_alloc(P, sizeof *s.best, "the best weights");
    s.best_stat = tfb_alloc(S + 1, sizeof *s.best_stat, "the best weights");
    if (o->average > 0) {
        s.avg = tfb_alloc(P, sizeof *s.avg, "averaged weights");
        s.avg_stat = tfb_alloc(S + 1, sizeof *s.avg_stat, "averaged weights");
    }
    w = tfb_walk_create(net, o->batch, TFB_WALK_TRAIN, o->pool);
    if (!item || !valid || !code || !label || !dz || !s.grad || !s.m || !s.v || !s.best || !s.best_stat || !w || (o->average > 0 && (!s.avg || !s.avg_stat)))
        goto done;
    if ((o->balance > 0 || o->weights) && !(weight = target_weights(ex, part, o->balance, o->weights))) goto done;
    size_t nv = 0;
    for (int64_t i = 0; i < ex->n; i++)
        for (int r = 0; r < strands && part[i] == TFB_VALID; r++) valid[nv++] = (uint32_t)i << 1 | (uint32_t)r;
    memcpy(s.best, net->param, P * sizeof(float));
    memcpy(s.best_stat, net->stat, S * sizeof(float));
    if (s.avg) {
        memcpy(s.avg, net->param, P * sizeof(float));
        memcpy(s.avg_stat, net->stat, S * sizeof(float));
    }
    make_id(net, ex, o, id);
    memcpy(id0, id, sizeof id);
    tfb_ranks_share(id0, sizeof id0);
    int r0 = memcmp(id, id0, sizeof id) ? -1 : 0;
    if (r0 < 0) tfb_error("its data, targets, architecture or options are not those of rank 0");
    if (tfb_ranks_agree(r0) < 0) goto done;
    if (o->checkpoint && o->resume && !me) {
        r0 = checkpoint_load(o->checkpoint, &s, id);
        if (r0 > 0 && nv) tfb_note("resuming after epoch %d (best so far: epoch %d, validation loss %.5f)", s.epoch, s.best_epoch, s.best_loss);
        if (r0 > 0 && !nv) tfb_note("resuming after epoch %d", s.epoch);
    }
    if (tfb_ranks_agree(r0) < 0) goto done;
    share(&s);
    const tfb_augment_t *augment = tfb_augmented(&o->augment) ? &o->augment : NULL;
    int64_t per_epoch = (int64_t)((n_item + (size_t)whole - 1) / (size_t)whole), n_steps = per_epoch * o->epochs;
    double began = tfb_now();
    int first_epoch = s.epoch;
    w->pass.grad = s.grad;
    w->pass.frozen = o->frozen;
    w->pass.train = 1;
    w->pass.sum = n_ranks > 1 ? tfb_ranks_sum : NULL;
    w->pass.seed = tfb_hash64(o->seed + 0x64726f70); /* "drop" */
    while (s.epoch < o->epochs && !stop) {
        /* the order of an epoch is a function of seed and epoch alone, so that a resumed run repeats it */
        tfb_rng_t rng;
        size_t k = 0;
        for (int64_t i = 0; i < ex->n; i++)
            for (int r = 0; r < strands && part[i] == TFB_TRAIN; r++) item[k++] = (uint32_t)i << 1 | (uint32_t)r;
        tfb_rng_seed(&rng, tfb_hash64(o->seed) + (uint64_t)s.epoch);
        tfb_rng_shuffle(&rng, item, n_item);
        double since = tfb_now(), shown = since, sum = 0;
        uint64_t key = tfb_hash64(tfb_hash64(o->seed + 0x61756721) + (uint64_t)s.epoch); /* "aug!" */
        int64_t n_batches = 0, done = 0;
        for (int64_t b = 0; b < per_epoch && !stop; b++) {
            size_t i0 = (size_t)b * (size_t)whole;
            int all = n_item - i0 < (size_t)whole ? (int)(n_item - i0) : whole;
            if (all < 2) break;                                                                       /* batch statistics of one example are none */
            int first = (int)tfb_ranks_first(all, me), B = (int)tfb_ranks_first(all, me + 1) - first; /* at the end of an epoch perhaps none */
            fetch(o->pool, &(fetch_t){ex, item + i0 + first, code, label, B, s.epoch < o->epochs - o->clean ? augment : NULL, key});
            double weights[2] = {resolved(label, (size_t)B, T, weight), stop_asked};
            tfb_ranks_sum(weights, 2);
            double m = weights[0];
            stop = weights[1] > 0;
            w->pass.first = first;
            w->pass.B_all = all;
            w->pass.step = (uint64_t)s.step;
            w->pass.param = net->param;
            w->pass.stat = net->stat;
            const float *z = tfb_walk_forward(w, code, B);
            double loss = loss_sum(z, label, (size_t)B, T, weight, m, dz);
            tfb_ranks_sum(&loss, 1);
            if (m > 0) loss /= m;
            if (!isfinite(loss)) {
                tfb_ranks_together();
                tfb_error("the loss is not finite at epoch %d, step %lld: the learning rate of %g is too high for these data", s.epoch + 1, (long long)b + 1,
                          o->rate);
                goto done;
            }
            if (m > 0) {
                tfb_walk_backward(w, dz);
                sum_gradients(&s, o->frozen);
                update(&s, o, rate_at(o, (int64_t)s.epoch * per_epoch + b, n_steps));
                sum += loss;
                n_batches++;
            }
            done += all;
            if (tty && tfb_now() - shown > 0.5) {
                shown = tfb_now();
                progress(s.epoch + 1, o->epochs, sum / (double)(n_batches ? n_batches : 1), done, (int64_t)n_item, since, began,
                         ((double)(s.epoch - first_epoch) + (double)done / (double)n_item) / (o->epochs - first_epoch));
            }
        }
        double took = tfb_now() - since;
        if (stop) break;
        busy += took;
        examples += (double)done;
        s.train_loss = n_batches ? sum / (double)n_batches : 0;
        share(&s);
        swap_average(&s);
        double v = NAN; /* none without validation regions */
        if (nv && mean_loss(net, ex, valid, nv, weight, o->pool, &v) < 0) {
            swap_average(&s);
            goto done;
        }
        if (nv && !isfinite(v)) {
            tfb_ranks_together();
            tfb_error("the validation loss is not finite after epoch %d: the learning rate of %g is too high for these data", s.epoch + 1, o->rate);
            swap_average(&s);
            goto done;
        }
        s.epoch++;
        int better = v < s.best_loss || !nv;
        if (better) {
            s.best_loss = v;
            s.best_epoch = s.epoch;
            memcpy(s.best, net->param, P * sizeof(float));
            memcpy(s.best_stat, net->stat, S * sizeof(float));
        }
        swap_average(&s);
        double left = (tfb_now() - began) / (s.epoch - first_epoch) * (o->epochs - s.epoch);
        if (tty) fputc('\r', stderr);
        char loss[32] = ".";
        if (nv) snprintf(loss, sizeof loss, "%.5f%s", v, better ? " *" : "  ");
        tfb_note("epoch %d/%d  train %.5f  valid %s  %.0f regions/s  %02d:%02d:%02d left", s.epoch, o->epochs, s.train_loss, loss, (double)done / took,
                 (int)(left / 3600), (int)(left / 60) % 60, (int)left % 60);
        if (o->checkpoint && !me && checkpoint_save(o->checkpoint, &s, id) < 0) goto done;
    }
    if (stop) tfb_ranks_together();
    report->interrupted = stop;
    memcpy(net->param, s.best, P * sizeof(float));
    memcpy(net->stat, s.best_stat, S * sizeof(float));
    report->best_epoch = s.best_epoch;
    report->epochs_run = s.epoch;
    report->best_loss = s.best_loss;
    report->train_loss = s.train_loss;
    report->per_second = busy > 0 ? examples / busy : 0;
    ret = 0;
done:
    tfb_walk_destroy(w);
    free(item);
    free(valid);
    free(code);
    free(label);
    free(dz);
    free(weight);
    free(s.grad);
    free(s.m);
    free(s.v);
    free(s.avg);
    free(s.avg_stat);
    free(s.best);
    free(s.best_stat);
    return ret;
}
