/* training.c - the steps that pretrain and finetune share, from options to a model file. */
#include "config.h"
#include "cmd/training.h"
#include "cmd/cmd.h"
#include "train/curves.h"
#include "train/ranks.h"
#include "train/record.h"
#include "train/start.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const tfb_schedule_name[] = {"constant", "cosine", "linear", "one-cycle"}; /* as tfb_schedule_t */
const char *const tfb_select_name[] = {"loss", "auprc"};                               /* as tfb_select_t */

int tfb_set_augment(void *args, const tfb_option_t *row, const char *value)
{
    return tfb_augment_parse(value, (tfb_augment_t *)(void *)((char *)args + row->to)) < 0;
}

int tfb_set_curves(void *args, const tfb_option_t *row, const char *value)
{
    char *svg = tfb_curves_picture(value);
    free(svg);
    return svg ? tfb_set_text(args, row, value) : 1;
}

int tfb_set_precision(void *args, const tfb_option_t *row, const char *value)
{
    return tfb_cmd_precision(value) || tfb_set_text(args, row, strcmp(value, "float32") ? value : NULL);
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
                            .window = window,
                            .unlabelled = t->unlabelled};
    if (!(d->ex = tfb_examples_load(&o)) || !(d->part = tfb_alloc((size_t)d->ex->n + 1, 1, "the split"))) return -1;
    if (tfb_augmented(&t->fit.augment) && d->ex->window > TFB_AUGMENT_WINDOW) {
        tfb_error("--augment: windows of %d bases are longer than %d", d->ex->window, TFB_AUGMENT_WINDOW);
        return -1;
    }
    return t->weights && !(d->weights = tfb_cmd_weights(t->weights, d->ex->targets, d->ex->n_targets)) ? -1 : 0;
}

tfb_net_t *tfb_training_net(const char *arch, const char *spec, const char *motifs, uint64_t seed,
                            const tfb_examples_t *ex)
{
    char err[300], *own = spec ? strdup(spec) : tfb_net_arch(arch, ex->n_targets);
    if (!own) {
        tfb_error("unknown architecture '%s' (known: %s)", arch, tfb_net_arch_names());
        return NULL;
    }
    tfb_net_t *net = tfb_net_with_outputs(own, ex->window, ex->n_targets, err, sizeof err);
    free(own);
    if (!net) {
        tfb_error("%s", err);
        return NULL;
    }
    tfb_net_init(net, seed);
    if (!motifs) return net;
    tfb_motifs_t *m = tfb_motifs_read(motifs);
    int bad = !m || tfb_start_motifs(net, ex->targets, ex->n_targets, m) < 0;
    tfb_motifs_destroy(m);
    if (!bad) return net;
    tfb_net_destroy(net);
    return NULL;
}

void tfb_training_count(tfb_training_data_t *d)
{
    int64_t *n = d->n;
    memset(n, 0, sizeof d->n);
    for (int64_t i = 0; i < d->ex->n; i++) n[d->part[i]]++;
    tfb_note("%" PRId64 " training, %" PRId64 " validation, %" PRId64 " test regions of %d bases, %d target%s",
             n[TFB_TRAIN], n[TFB_VALID], n[TFB_TEST], d->ex->window, d->ex->n_targets, d->ex->n_targets > 1 ? "s" : "");
    if (n[TFB_TRAIN] && !n[TFB_VALID]) tfb_warn("no validation regions: keeping the last epoch, not the best");
}

/* Warns of the targets with kind[t] == which; names the first few. */
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
        tfb_warn("%s: %s among the training regions; the model's output for %s has no meaning", text, lack,
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
    for (int64_t i = 0; i < ex->n; i++) { /* one bit for each class found */
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
    tfb_error("nothing to learn: no training region is bound for any target");
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

/* Writes the training options as the model records them. Returns text. */
static const char *options_of(const tfb_fit_opt_t *f, char text[600])
{
    const tfb_augment_t *g = &f->augment;
    snprintf(text, 600,
             "rate=%g schedule=%s warmup=%g average=%g decay=%g balance=%g task_balance=%g epochs=%d batch=%d "
             "augment=shift:%d,mutate:%g,insert:%d,delete:%d,noise:%g clean=%d patience=%d head_epochs=%d "
             "depth_rate=%g l2sp=%g smooth=%g",
             f->rate, tfb_schedule_name[f->schedule], f->warmup, f->average, f->decay, f->balance, f->task_balance,
             f->epochs, f->batch, g->shift, g->mutate, g->insert, g->delete, g->noise, f->clean, f->patience,
             f->head_epochs, f->depth_rate > 0 ? f->depth_rate : 1, f->l2sp, f->smooth);
    return text;
}

/* Adds the metadata that every trained model records. 0 or -1. */
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
    if (t->fit.select == TFB_SELECT_AUPRC)
        bad |= tfb_record_set(m, "select", "auprc") || tfb_record_set(m, "valid_auprc", "%.6f", rep->best_auprc);
    if (tfb_ranks_n() > 1) bad |= tfb_record_set(m, "ranks", "%d", tfb_ranks_n());
    for (int k = 0; k < 3 && !bad; k++) {
        char *s = tfb_record_contigs(d->ex, d->part, k);
        bad = !s || tfb_record_set(m, keys[k], "%s", s);
        free(s);
    }
    return bad ? -1 : 0;
}

/* Checks that all outputs can be written later; those that are NULL are skipped. 0, or -1 (logged). */
static int claim(const char *out, const char *checkpoint, const char *curves, const char *svg)
{
    const char *const all[] = {out, checkpoint, curves, svg};
    for (int i = 0; i < 4; i++)
        if (tfb_run_claim(all[i]) < 0) return -1;
    return 0;
}

char *tfb_training_split(const tfb_training_t *t, char *text)
{
    const char *valid = t->valid ? t->valid : "", *test = t->test ? t->test : "";
    snprintf(text, 500, "valid=%.200s test=%.200s", valid, test);
    return text;
}

int tfb_training_run(tfb_training_t *t, tfb_training_data_t *d, const char *identity,
                     int (*describe)(void *arg, tfb_model_t *m), void *arg, int argc, char **argv)
{
    int ret = -1;
    char *svg = NULL, *ckpt = malloc(strlen(t->out) + 8), *command = tfb_record_command(argc, argv);
    tfb_model_t *m = NULL;
    tfb_pool_t *pool = tfb_pool_create(tfb_ranks_threads(t->threads, tfb_cmd_processors()));
    if (!ckpt || !command || !pool) goto done;
    sprintf(ckpt, "%s.ckpt", t->out);
    if (t->fit.curves && !(svg = tfb_curves_picture(t->fit.curves))) goto done;
    int writes = tfb_ranks_me() == 0;
    int failed = writes && claim(t->claimed ? NULL : t->out, ckpt, t->fit.curves, svg) < 0;
    if (tfb_ranks_agree(failed ? -1 : 0) < 0) goto done;
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
        tfb_warn("stopped after epoch %d; run the same command with --resume to continue from %s", rep.epochs_run,
                 ckpt);
        goto done;
    }
    if (tfb_ranks_me() > 0) { /* only rank 0 writes files */
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
    free(svg);
    free(command);
    return ret;
}
