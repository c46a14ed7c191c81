/* training.c - options in, a model's file out: the road that pretrain and finetune have in common. */
#include "config.h"
#include "cmd/training.h"
#include "cmd/cmd.h"
#include "train/ranks.h"
#include "train/record.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tfb_training_option(tfb_training_t *t, int c, const char *value)
{
    tfb_fit_opt_t *f = &t->fit;
    long v = 1;
    int bad = 0;
    switch (c) {
    case 'f': t->fasta = value; break;
    case 'l': t->labels = value; break;
    case 'o': t->out = value; break;
    case 'e': bad = tfb_cmd_int("epochs", value, 1, 100000, &v), f->epochs = (int)v; break;
    case 'b': bad = tfb_cmd_int("batch", value, 2, 65536, &v), f->batch = (int)v; break;
    case '@': bad = tfb_cmd_int("threads", value, 1, 1024, &v), t->threads = (int)v; break;
    case 'v': bad = tfb_cmd_int("verbosity", value, 0, 9, &v), tfb_log_level((int)v); break;
    case TFB_TRAINING_CHROMS: t->chroms = value; break;
    case TFB_TRAINING_VALID: t->valid = value; break;
    case TFB_TRAINING_TEST: t->test = value; break;
    case TFB_TRAINING_REGIONS: bad = tfb_cmd_int("regions", value, 1, INT32_MAX, &v), t->regions = v; break;
    case TFB_TRAINING_RATE: bad = tfb_cmd_double("rate", value, 1e-9, 10, &f->rate); break;
    case TFB_TRAINING_SCHEDULE: bad = tfb_cmd_schedule(value, (int *)&f->schedule); break;
    case TFB_TRAINING_AVERAGE: bad = tfb_cmd_double("average", value, 0, 0.999999, &f->average); break;
    case TFB_TRAINING_BALANCE: bad = tfb_cmd_double("balance", value, 0, 1, &f->balance); break;
    case TFB_TRAINING_WEIGHTS: t->weights = value; break;
    case TFB_TRAINING_DECAY: bad = tfb_cmd_double("decay", value, 0, 100, &f->decay); break;
    case TFB_TRAINING_ONE_STRAND: f->one_strand = 1; break;
    case TFB_TRAINING_PRECISION:
        bad = tfb_cmd_precision(value), f->precision = strcmp(value, "float32") ? value : NULL;
        break;
    case TFB_TRAINING_SEED: bad = tfb_cmd_int("seed", value, 0, INT32_MAX, &v), f->seed = (uint64_t)v; break;
    case TFB_TRAINING_RESUME: f->resume = 1; break;
    case TFB_TRAINING_HALF: t->half = 1; break;
    case TFB_TRAINING_AUGMENT: bad = tfb_augment_parse(value, &f->augment) < 0; break;
    case TFB_TRAINING_CLEAN: bad = tfb_cmd_int("clean", value, 0, 100000, &v), f->clean = (int)v; break;
    case TFB_TRAINING_WARMUP: bad = tfb_cmd_double("warmup", value, 0, 0.9, &f->warmup); break;
    case TFB_TRAINING_PATIENCE: bad = tfb_cmd_int("patience", value, 0, 100000, &v), f->patience = (int)v; break;
    default: return 1;
    }
    return bad;
}

int tfb_training_load(const tfb_training_t *t, const char *list, int complete, int window, tfb_training_data_t *d)
{
    int n_targets = 0, n_chroms = 0;
    if (list && !(d->targets = tfb_cmd_list(list, &n_targets))) return -1;
    if (t->chroms && !(d->chroms = tfb_cmd_list(t->chroms, &n_chroms))) return -1;
    tfb_examples_opt_t o = {.fasta = t->fasta,
                            .labels = t->labels,
                            .targets = d->targets,
                            .n_targets = n_targets,
                            .complete = complete,
                            .chroms = d->chroms,
                            .n_chroms = n_chroms,
                            .window = window};
    if (!(d->ex = tfb_examples_load(&o)) || !(d->part = tfb_alloc((size_t)d->ex->n + 1, 1, "the split"))) return -1;
    if (tfb_augmented(&t->fit.augment) && d->ex->window > TFB_AUGMENT_WINDOW) {
        tfb_error("--augment: windows of %d bases are longer than %d", d->ex->window, TFB_AUGMENT_WINDOW);
        return -1;
    }
    return t->weights && !(d->weights = tfb_cmd_weights(t->weights, d->ex->targets, d->ex->n_targets)) ? -1 : 0;
}

void tfb_training_count(tfb_training_data_t *d)
{
    int64_t *n = d->n;
    memset(n, 0, sizeof d->n);
    for (int64_t i = 0; i < d->ex->n; i++) n[d->part[i]]++;
    tfb_note("%" PRId64 " training, %" PRId64 " validation, %" PRId64 " test regions of %d bases, %d target%s",
             n[TFB_TRAIN], n[TFB_VALID], n[TFB_TEST], d->ex->window, d->ex->n_targets, d->ex->n_targets > 1 ? "s" : "");
    if (n[TFB_TRAIN] && !n[TFB_VALID]) tfb_warn("no regions for validation: the last epoch will be kept, not the best");
}

/* Names (n of d's targets with kind[t] == which) in a warning, the first few. */
static void warn_of_targets(const tfb_training_data_t *d, const uint8_t *kind, int which, const char *lack)
{
    char text[600];
    int n = 0, len = 0;
    for (int t = 0; t < d->ex->n_targets; t++) {
        if (kind[t] != which || n++ >= 8) continue;
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%.60s", len ? ", " : "", d->ex->targets[t]);
    }
    if (n > 8) snprintf(text + len, sizeof text - (size_t)len, " and %d more", n - 8);
    if (n)
        tfb_warn("%s: %s among the training regions, so that the model's output for %s means nothing", text, lack,
                 n > 1 ? "them" : "it");
}

int tfb_training_check_targets(const tfb_training_data_t *d)
{
    enum { LEARNABLE, UNRESOLVED, NO_BOUND, NO_UNBOUND };
    const tfb_examples_t *ex = d->ex;
    int n_bad = 0;
    uint8_t *kind = tfb_alloc((size_t)ex->n_targets, 1, "targets"),
            *label = tfb_alloc((size_t)ex->n_targets, 1, "targets");
    if (!kind || !label) {
        free(kind);
        free(label);
        return -1;
    }
    for (int64_t i = 0; i < ex->n; i++) { /* one bit for each class that was met */
        if (d->part[i] != TFB_TRAIN) continue;
        tfb_examples_labels(ex, i, label);
        for (int t = 0; t < ex->n_targets; t++) kind[t] |= (uint8_t)(1 << label[t]);
    }
    for (int t = 0; t < ex->n_targets; t++) {
        int bound = kind[t] >> TFB_BOUND & 1, unbound = kind[t] >> TFB_UNBOUND & 1;
        kind[t] = LEARNABLE;
        if (!bound) kind[t] = unbound ? NO_BOUND : UNRESOLVED;
        if (bound && !unbound) kind[t] = NO_UNBOUND;
        n_bad += !bound;
    }
    warn_of_targets(d, kind, UNRESOLVED, "no resolved label");
    warn_of_targets(d, kind, NO_BOUND, "no bound region");
    warn_of_targets(d, kind, NO_UNBOUND, "no unbound region");
    free(kind);
    free(label);
    if (n_bad < ex->n_targets) return 0;
    tfb_error("there is nothing to learn: no training region is bound for any target");
    return -1;
}

void tfb_training_free(tfb_training_data_t *d)
{
    tfb_strv_free(d->targets);
    tfb_strv_free(d->chroms);
    tfb_examples_destroy(d->ex);
    tfb_net_destroy(d->net);
    free(d->part);
    free(d->weights);
    free(d->frozen);
}

/* Writes the options that decide how a network is trained, as the model's file has them. */
static const char *options_of(const tfb_fit_opt_t *f, char text[600])
{
    static const char *const schedule[] = {"constant", "cosine", "linear", "one-cycle"};
    const tfb_augment_t *g = &f->augment;
    snprintf(text, 600,
             "rate=%g schedule=%s warmup=%g average=%g decay=%g balance=%g epochs=%d batch=%d "
             "augment=shift:%d,mutate:%g,insert:%d,delete:%d clean=%d patience=%d head_epochs=%d depth_rate=%g l2sp=%g",
             f->rate, schedule[f->schedule], f->warmup, f->average, f->decay, f->balance, f->epochs, f->batch, g->shift,
             g->mutate, g->insert, g->delete, f->clean, f->patience, f->head_epochs,
             f->depth_rate > 0 ? f->depth_rate : 1, f->l2sp);
    return text;
}

/* What every model says of its training. */
static int record(const tfb_training_t *t, const tfb_training_data_t *d, tfb_model_t *m, const tfb_fit_report_t *rep,
                  const char *command)
{
    static const char *const keys[] = {"train_chroms", "valid", "test"};
    char text[600];
    int bad = tfb_record_set(m, "tfbind_version", "%s", PACKAGE_VERSION) ||
              tfb_record_set(m, "command", "tfbind %s", command) ||
              tfb_record_set(m, "data_digest", "%s", d->ex->digest) ||
              tfb_record_set(m, "seed", "%" PRIu64, t->fit.seed) ||
              tfb_record_set(m, "training", "%s", options_of(&t->fit, text)) ||
              tfb_record_set(m, "n_train", "%" PRId64, d->n[TFB_TRAIN]) ||
              tfb_record_set(m, "epoch", "%d", rep->best_epoch) || tfb_record_set(m, "epochs", "%d", rep->epochs_run) ||
              (!isnan(rep->best_loss) && tfb_record_set(m, "valid_loss", "%.6f", rep->best_loss)) ||
              tfb_record_set(m, "train_loss", "%.6f", rep->train_loss);
    if (tfb_ranks_n() > 1) bad |= tfb_record_set(m, "ranks", "%d", tfb_ranks_n());
    for (int k = 0; k < 3 && !bad; k++) {
        char *s = tfb_record_contigs(d->ex, d->part, k);
        bad = !s || tfb_record_set(m, keys[k], "%s", s);
        free(s);
    }
    return bad ? -1 : 0;
}

int tfb_training_run(tfb_training_t *t, tfb_training_data_t *d, const char *identity,
                     int (*describe)(void *arg, tfb_model_t *m), void *arg, int argc, char **argv)
{
    int ret = -1;
    char *ckpt = malloc(strlen(t->out) + 8), *command = tfb_record_command(argc, argv);
    tfb_model_t *m = NULL;
    tfb_pool_t *pool = tfb_pool_create(tfb_ranks_threads(t->threads, tfb_cmd_processors()));
    if (!ckpt || !command || !pool) goto done;
    sprintf(ckpt, "%s.ckpt", t->out);
    int writes = tfb_ranks_me() == 0;
    if (tfb_ranks_agree(writes && ((!t->claimed && tfb_run_claim(t->out) < 0) || tfb_run_claim(ckpt) < 0) ? -1 : 0) < 0)
        goto done;
    tfb_fit_opt_t o = t->fit;
    o.weights = d->weights;
    o.frozen = d->frozen;
    o.pool = pool;
    o.checkpoint = ckpt;
    o.identity = identity;
    tfb_fit_report_t rep;
    tfb_fit_catch_signals();
    if (tfb_fit(d->net, d->ex, d->part, &o, &rep) < 0) goto done;
    if (rep.interrupted) {
        tfb_warn("stopped after epoch %d; the same command with --resume goes on from %s", rep.epochs_run, ckpt);
        goto done;
    }
    if (tfb_ranks_me() > 0) { /* the rest is files, which rank 0 writes */
        ret = 0;
        goto done;
    }
    m = tfb_model_create(d->net, d->ex->targets, d->ex->n_targets);
    d->net = NULL;
    if (!m || record(t, d, m, &rep, command) < 0 || describe(arg, m) < 0 ||
        tfb_record_metrics(m, d->ex, d->part, TFB_VALID, pool, "valid_metrics") < 0 ||
        tfb_record_metrics(m, d->ex, d->part, TFB_TEST, pool, "test_metrics") < 0 ||
        tfb_model_save(m, t->out, t->half) < 0)
        goto done;
    unlink(ckpt);
    char loss[64] = "not validated";
    if (!isnan(rep.best_loss)) snprintf(loss, sizeof loss, "validation loss %.5f", rep.best_loss);
    tfb_note("%s: epoch %d of %d, %s, %.0f regions/s in training, SHA-256 %.12s", t->out, rep.best_epoch,
             rep.epochs_run, loss, rep.per_second, m->digest);
    ret = 0;
done:
    tfb_model_destroy(m);
    tfb_pool_destroy(pool);
    free(ckpt);
    free(command);
    return ret;
}
