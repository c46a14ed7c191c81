/* finetune.c - `tfbind finetune`: a pre-trained model -> a model of one TF or a few. Parses options and calls the core.
 */
#include "config.h"
#include "cmd/finetune.h"
#include "cmd/cmd.h"
#include "nn/installed.h"
#include "nn/panel.h"
#include "train/cv.h"
#include "train/fit.h"
#include "train/head.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/ranks.h"
#include "train/recipe.h"
#include "train/record.h"
#include "train/source.h"
#include "train/spare.h"
#include "train/transfer.h"
#include "util/sort.h"
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(FILE *f)
{
    fprintf(
        f,
        "Fine-tune a pre-trained model for a TF with few known binding sites: a few hundred bound regions are\n"
        "enough. A new last layer replaces the old one and is trained; then all layers are, at a lower learning\n"
        "rate than the parent's (after Novakovsky et al. 2021).\n"
        "\n"
        "Usage: tfbind finetune [options] --from model.safetensors --target TF -f ref.fa -l labels.bed.gz -o "
        "tf.safetensors\n"
        "\n"
        "      --from FILE          pre-trained model, the parent\n"
        "      --target LIST        TF to learn, a column of the labels file; the pre-trained model need not\n"
        "                           predict it. A list of TFs gives one model for all of them\n"
        "      --from-scratch       train a control: same network and data, random weights, rate 0.003\n"
        "      --recipe NAME        values for the options of training; options override them [default]:\n"
        "                           default    -e 30 -b 32 --rate 0.003 --patience 8 --average 0.9\n"
        "                                      --augment shift=10 --head-epochs 2 --head-from auto\n"
        "                           published  -e 10 -b 100 --rate 0.0003, as in the paper\n"
        "      --freeze WHAT        layers not to train: none, conv, all-but-last, or the name of a layer\n"
        "                           (freezes it and all before it) [none]\n"
        "New head\n"
        "      --head-from WHAT     first weights of the head for a TF: random; the parent's weights for a TF\n"
        "                           given by name or for the most similar one (auto); or motif, if the first\n"
        "                           layer reaches the head directly [the recipe's; random]\n"
        "      --motifs FILE        MEME file; motifs of the targets replace the least used filters of the first\n"
        "                           layer\n"
        "      --relate auto        like --head-from auto, but also report the candidates, why they rank so and\n"
        "                           what the parent's outputs for them achieve\n"
        "      --groups FILE        table of binding modes, as for relate: TFs that share the target's mode rank\n"
        "                           first\n"
        "      --group-column NAME  column with the mode, if there are several\n"
        "      --parents LIST       choose the parent among these model files and folders, by their TFs, instead of\n"
        "                           --from\n"
        "      --try INT            fine-tune this many of them, best first; keep the best on the validation\n"
        "                           regions [1]\n"
        "Data\n" TFB_USAGE_FASTA TFB_USAGE_LABELS
        "      --regions INT        number of bound training regions to sample by --seed; validation uses\n"
        "                           an eighth of that number [all]\n"
        "      --unbalanced         use every unbound region [as many as bound ones, matched by GC content\n"
        "                           in 10 bins]\n"
        "      --chroms LIST        use only regions on these contigs [all]\n"
        "      --valid LIST         contigs for validation  } [the parent's; if it has none, a random split\n"
        "      --test LIST          contigs for testing     }  by --seed: 80 %% training, 10 %% validation,\n"
        "                                                      10 %% test]\n"
        "Leaks: regions that trained or validated the parent are dropped; contigs it held out do not train\n"
        "      --reuse-training     train on the parent's regions again, but do not validate or test on them\n"
        "      --allow-leak         use all regions; the model records this\n"
        "      --cv INT             first train this many more models, each without a part of the training\n"
        "                           regions, and report AUROC and AUPRC on these parts with 95 %% intervals [0]\n"
        "Training (in brackets: the value if the recipe has none)\n"
        "  -e, --epochs INT         passes over the training regions [the recipe's]\n"
        "  -b, --batch INT          examples per step and process [the recipe's]\n"
        "      --rate FLOAT         learning rate of Adam [the recipe's; from scratch: 0.003]\n" TFB_USAGE_STEPS
        "      --head-epochs INT    number of first epochs that train only the new head [0]\n"
        "      --depth-rate FLOAT   rate of each layer with weights / rate of the next one above [1]\n"
        "      --l2sp FLOAT         decay towards the parent's weights, decoupled from the gradient [0]\n"
        "      --seed INT           seed for sample, new weights, order and dropout [1]\n" TFB_USAGE_RUN);
}

/* A candidate for the parent, and the regions of its child. */
typedef struct {
    char *path;
    tfb_model_t *m;
    uint8_t *part;
    int by_contig; /* the split */
    tfb_sources_t sources;
    double loss; /* of its child on the regions that validate all children; NaN: not tried */
} parent_t;

typedef struct {
    const tfb_finetune_t *a;
    tfb_training_data_t d;
    parent_t *parent; /* (n_parents), best first; [0] is used */
    int n_parents;
    tfb_pool_t *pool;
    tfb_motifs_t *motifs;
    char *head; /* origin of each row of the head, as text */
    tfb_scores_t *cv;
    int cv_by_contig;
} job_t;

/* ---- regions ---- */

/* Notes if there are too few bound regions for measures that mean something. */
static void note_few(const job_t *j, const uint8_t *part)
{
    enum { TRAIN_FEW = 50, TEST_FEW = 10 };
    const tfb_examples_t *ex = j->d.ex;
    int64_t n[4] = {0};
    for (int64_t i = 0; i < ex->n; i++) n[part[i]] += tfb_examples_label(ex, i, 0) == TFB_BOUND;
    if (n[TFB_TRAIN] >= TRAIN_FEW && n[TFB_VALID] + n[TFB_TEST] >= TEST_FEW) return;
    tfb_note("%s has %" PRId64 " bound regions to train on and %" PRId64 " to validate or test on%s", ex->targets[0],
             n[TFB_TRAIN], n[TFB_VALID] + n[TFB_TEST],
             j->a->cv ? "" : ": too few to tell how good the model is (--cv 5 gives an interval)");
}

/* Samples balanced training and validation regions of one target. Writes the number of bound training regions to
 * *bound. 0, or -1 (logged). */
static int balance(const job_t *j, int64_t dropped, uint8_t *part, int64_t *bound)
{
    const tfb_training_t *t = &j->a->t;
    const tfb_examples_t *ex = j->d.ex;
    int64_t bound_valid, valid = t->regions / 8;
    if (t->regions && valid < 10) valid = 10;
    if (tfb_transfer_balance(ex, 0, TFB_TRAIN, t->regions, t->fit.seed, part, bound) < 0) return -1;
    if (!*bound) {
        tfb_error("no training regions left with %s bound%s", ex->targets[0],
                  dropped ? ": the parent has seen all others (--reuse-training trains on them again)" : "");
        return -1;
    }
    if (t->regions && *bound < t->regions)
        tfb_warn("%s has only %" PRId64 " bound regions to train on, not %" PRId64, ex->targets[0], *bound, t->regions);
    return tfb_transfer_balance(ex, 0, TFB_VALID, valid, t->fit.seed, part, &bound_valid);
}

/* Splits the regions of a parent's child, drops those that the parent has seen, and samples. 0, or -1 (logged). */
static int choose_regions(job_t *j, parent_t *p)
{
    const tfb_finetune_t *a = j->a;
    const tfb_training_t *t = &a->t;
    const tfb_examples_t *ex = j->d.ex;
    uint8_t *part = p->part;
    if ((p->by_contig = tfb_transfer_split(p->m, ex, t->valid, t->test, a->leak, t->fit.seed, part)) < 0) return -1;
    int64_t dropped = a->scratch && a->leak == TFB_LEAK_ALLOW ? 0 : tfb_transfer_drop(p->m, ex, a->leak, part),
            bound = 0;
    if (dropped < 0) return -1;
    if (dropped) tfb_note("%" PRId64 " regions dropped because they trained or validated the parent", dropped);
    int balanced = ex->n_targets == 1 && !a->unbalanced;
    if (balanced && balance(j, dropped, part, &bound) < 0) return -1;
    int64_t n = 0;
    for (int64_t i = 0; i < ex->n; i++) n += part[i] == TFB_TRAIN;
    memcpy(j->d.part, part, (size_t)ex->n);
    tfb_training_count(&j->d);
    if (n < 2) {
        tfb_error("no training regions left%s",
                  dropped ? ": the parent has seen them all (--reuse-training trains on them again)" : "");
        return -1;
    }
    if (tfb_training_check_targets(&j->d) < 0) return -1;
    if (balanced && n < 2 * bound)
        tfb_warn("%s has only %" PRId64 " unbound regions to train on for %" PRId64 " bound ones", ex->targets[0],
                 n - bound, bound);
    if (balanced) note_few(j, part);
    return 0;
}

/* ---- the network to train ---- */

static int rank_sources(const job_t *j, const parent_t *p, const uint8_t *part, int t, tfb_sources_t *s)
{
    return tfb_source_rank(&(tfb_source_opt_t){.parent = p->m,
                                               .ex = j->d.ex,
                                               .part = part,
                                               .t = t,
                                               .labels = j->a->t.labels,
                                               .groups = j->a->groups,
                                               .group_column = j->a->group_column,
                                               .pool = j->pool},
                           s);
}

/* Sets the first weights of output t of the head as the options say. Writes the TF they come from to why (m). 0, or -1
 * (logged). */
static int start_row(const job_t *j, const parent_t *p, const uint8_t *part, int t, tfb_net_t *net, char *why, size_t m)
{
    const char *from = j->a->head_from;
    tfb_sources_t s;
    char text[120];
    int k;
    snprintf(why, m, "random");
    if (j->a->scratch || strcmp(from, "random") == 0 || strcmp(from, "motif") == 0) return 0;
    if (strcmp(from, "auto") == 0) {
        if (rank_sources(j, p, part, t, &s) < 0) return -1;
        if (!s.n) return 0;
        k = s.source[0].output;
        snprintf(why, m, "%.60s (%s)", p->m->targets[k], tfb_source_why(&s, 0, text));
    } else if ((k = tfb_model_target(p->m, from)) < 0) {
        char hint[TFB_HINT];
        tfb_error("--head-from is random, auto, motif or one of the parent's TFs, not '%s'%s", from,
                  tfb_did_you_mean(from, p->m->targets, p->m->n_targets, hint));
        return -1;
    } else
        snprintf(why, m, "%.60s", from);
    tfb_head_copy(net, t, p->m->net, k);
    return 0;
}

/* Sets filters of the first layer to the motifs. 0, or -1 (logged). */
static int start_motifs(const job_t *j, const uint8_t *part, tfb_net_t *net, int report)
{
    tfb_spare_t done;
    int only = strcmp(j->a->head_from, "motif") == 0;
    if (!j->motifs) return 0;
    if (tfb_spare_motifs(net, j->d.ex, part, j->motifs, &done) < 0) return -1;
    if (only && !done.heads) {
        tfb_error("--head-from motif: the first layer does not reach the head of this network directly");
        return -1;
    }
    if (report)
        tfb_note("%d of %d filters are now motifs of %d targets%s", done.filters, net->layer[0].F, done.motifs,
                 done.heads ? ", and the head starts with weight on them" : "");
    return 0;
}

/* Makes the network of a parent's child, untrained, for this split. report: log and record how it starts. NULL on
 * failure (logged). */
static tfb_net_t *make_child(job_t *j, const parent_t *p, const uint8_t *part, int report)
{
    int T = j->d.ex->n_targets, bad = 0;
    size_t len = 0, m = (size_t)T * 300 + 1;
    char why[200], *head = report ? calloc(m, 1) : NULL;
    tfb_net_t *net = tfb_transfer_net(p->m, T, !j->a->scratch, j->a->t.fit.seed);
    for (int t = 0; net && t < T && !bad; t++) {
        bad = start_row(j, p, part, t, net, why, sizeof why) < 0;
        if (bad || !head) continue;
        len += (size_t)snprintf(head + len, m - len, "%s%.60s: %s", t ? "; " : "", j->d.ex->targets[t], why);
        if (strcmp(why, "random")) tfb_note("the head's row of %s starts as that of %s", j->d.ex->targets[t], why);
    }
    if (net && (bad || start_motifs(j, part, net, report) < 0)) {
        tfb_net_destroy(net);
        net = NULL;
    }
    if (report) {
        free(j->head);
        j->head = head;
    }
    return net;
}

/* ---- choosing a parent ---- */

/* Writes source i of a parent to text: the reason for its rank, and the measures of its untrained output. Returns text.
 */
static const char *source_text(const parent_t *p, int i, char text[300])
{
    char why[120];
    const tfb_source_t *s = &p->sources.source[i];
    int n = snprintf(text, 300, "%.60s: %s, ", p->m->targets[s->output], tfb_source_why(&p->sources, i, why));
    if (isnan(s->valid_auroc))
        snprintf(text + n, 300 - (size_t)n, "too few validation regions to say what it gives untrained");
    else
        snprintf(text + n, 300 - (size_t)n, "untrained AUROC %.3f, AUPRC %.3f on the validation regions",
                 s->valid_auroc, s->valid_auprc);
    return text;
}

static void free_parent(parent_t *p)
{
    free(p->path);
    free(p->part);
    tfb_model_destroy(p->m);
}

/* Lists the models to choose the parent from. 0, or -1 (logged). */
static int list_parents(job_t *j)
{
    const tfb_finetune_t *a = j->a;
    char **file = a->parents ? tfb_panel_files(a->parents, &j->n_parents) : NULL;
    if (a->parents && !file) return -1;
    if (!file) j->n_parents = 1;
    if (!(j->parent = calloc((size_t)j->n_parents, sizeof *j->parent))) j->n_parents = 0;
    int ret = j->parent ? 0 : -1;
    for (int k = 0; k < j->n_parents; k++)
        if (!(j->parent[k].path = file ? strdup(file[k]) : tfb_model_find(a->from))) ret = -1;
    tfb_strv_free(file);
    return ret;
}

static int load_parent(parent_t *p) { return (p->m = tfb_model_load(p->path)) ? tfb_model_try(p->m, p->path) : -1; }

/* Logs the best TFs of a parent, at most `most`. */
static void report_sources(const job_t *j, const parent_t *p, int most)
{
    char text[300];
    for (int i = 0; i < p->sources.n && i < most; i++) {
        source_text(p, i, text);
        if (j->n_parents > 1)
            tfb_note("%s, %s", tfb_base_name(p->path), text);
        else
            tfb_note("%s", text);
    }
}

static double key_of(const parent_t *p) { return p->sources.n ? p->sources.source[0].key : -1; }

/* Returns the AUPRC of the best TF's untrained output, 0 if it was not measured. */
static double untrained(const parent_t *p)
{
    double v = p->sources.n ? p->sources.source[0].valid_auprc : NAN;
    return isnan(v) ? 0 : v;
}

/* Compares parents: those tried come first, by loss; then the others, by their best source. */
static int by_promise(const void *a, const void *b)
{
    const parent_t *x = a, *y = b;
    if (!isnan(x->loss) && !isnan(y->loss) && x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
    if (isnan(x->loss) != isnan(y->loss)) return isnan(x->loss) ? 1 : -1;
    if (key_of(x) != key_of(y)) return key_of(x) > key_of(y) ? -1 : 1;
    double p = untrained(x), q = untrained(y);
    if (p != q) return p > q ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* Trains the child of a parent with the given options, and measures it on the n regions idx. 0, or -1 (logged). */
static int try_parent(job_t *j, parent_t *p, const uint32_t *idx, size_t n)
{
    const tfb_examples_t *ex = j->d.ex;
    tfb_fit_opt_t o = j->a->t.fit;
    tfb_fit_report_t rep;
    tfb_metrics_t m;
    int ret = -1;
    tfb_item_t *item = tfb_alloc(2 * n, sizeof *item, "validation regions");
    float *z = tfb_alloc(n, sizeof *z, "logits");
    uint8_t *label = tfb_alloc(n, 1, "labels");
    tfb_net_t *net = make_child(j, p, p->part, 0);
    o.pool = j->pool;
    o.resume = 0;
    o.curves = NULL;
    uint8_t *frozen = net ? tfb_alloc((size_t)net->n_layers, 1, "layers") : NULL;
    o.frozen = frozen;
    if (!item || !z || !label || !frozen || tfb_transfer_freeze(net, j->a->freeze, frozen) < 0 ||
        tfb_fit(net, ex, p->part, &o, &rep) < 0)
        goto done;
    if (rep.interrupted) {
        tfb_warn("stopped while parents are tried");
        goto done;
    }
    for (size_t i = 0; i < 2 * n; i++) item[i] = idx[i / 2] << 1 | (i & 1);
    for (size_t i = 0; i < n; i++) label[i] = (uint8_t)tfb_examples_label(ex, idx[i], 0);
    if (tfb_predict_loss(net, ex, item, 2 * n, NULL, j->pool, &p->loss) < 0 ||
        tfb_predict(net, ex, idx, n, TFB_STRAND_BOTH, j->pool, z) < 0 ||
        tfb_metrics_compute(z, 1, label, 1, (int64_t)n, 3, &m) < 0)
        goto done;
    tfb_note("%s: fine-tuned, loss %.5f, AUROC %.3f, AUPRC %.3f on %zu validation regions", p->path, p->loss, m.auroc,
             m.auprc, n);
    ret = 0;
done:
    tfb_net_destroy(net);
    free(frozen);
    free(item);
    free(z);
    free(label);
    return ret;
}

/* Tries the first n parents and sorts the best to the front. 0, or -1 (logged). */
static int try_parents(job_t *j, int n)
{
    const tfb_examples_t *ex = j->d.ex;
    size_t n_idx = 0;
    uint32_t *idx = tfb_alloc((size_t)ex->n + 1, sizeof *idx, "validation regions");
    int ret = idx ? 0 : -1;
    for (int64_t i = 0; idx && i < ex->n; i++) {
        int all = 1; /* the same regions for all */
        for (int k = 0; k < n; k++) all &= j->parent[k].part[i] == TFB_VALID;
        if (all) idx[n_idx++] = (uint32_t)i;
    }
    if (ret == 0 && !n_idx) {
        tfb_error("no region can validate the children of all %d parents: give --valid", n);
        ret = -1;
    }
    for (int k = 0; k < n && ret == 0; k++) ret = try_parent(j, &j->parent[k], idx, n_idx);
    free(idx);
    if (ret == 0) tfb_sort(j->parent, (size_t)j->n_parents, sizeof *j->parent, by_promise);
    return ret;
}

/* Ranks the parents by their TFs, tries the best ones and sorts the one to use to the front. 0, or -1 (logged). */
static int choose_parent(job_t *j)
{
    int level = tfb_log_get_level(), n = j->n_parents;
    for (int k = 0; k < n; k++) {
        parent_t *p = &j->parent[k];
        p->loss = NAN;
        if (!(p->part = tfb_alloc((size_t)j->d.ex->n + 1, 1, "the split"))) return -1;
        tfb_log_level(n > 1 && level > 1 ? 1 : level);
        int ret = choose_regions(j, p);
        tfb_log_level(level);
        if (ret < 0 || ((j->a->relate || n > 1) && rank_sources(j, p, p->part, 0, &p->sources) < 0)) return -1;
    }
    tfb_sort(j->parent, (size_t)n, sizeof *j->parent, by_promise);
    for (int k = 0; k < n && (j->a->relate || n > 1); k++) report_sources(j, &j->parent[k], n > 1 ? 1 : TFB_SOURCES);
    if (n == 1) return 0;
    if (j->a->tries > 1 && try_parents(j, j->a->tries < n ? j->a->tries : n) < 0) return -1;
    tfb_note("the parent is %s", j->parent[0].path);
    return choose_regions(j, &j->parent[0]);
}

/* Records the candidates: the best TFs of a single parent, or the best TF of each parent and its loss if tried. 0 or
 * -1. */
static int record_sources(const job_t *j, tfb_model_t *m)
{
    char text[300], *all = calloc((size_t)(j->n_parents + TFB_SOURCES), 500);
    size_t n = 0, size = (size_t)(j->n_parents + TFB_SOURCES) * 500;
    for (int k = 0; all && k < j->n_parents; k++) {
        const parent_t *p = &j->parent[k];
        for (int i = 0; i < p->sources.n && (i == 0 || j->n_parents == 1); i++) {
            n += (size_t)snprintf(all + n, size - n, "%s", n ? "; " : "");
            if (j->n_parents > 1) n += (size_t)snprintf(all + n, size - n, "%.100s, ", tfb_base_name(p->path));
            n += (size_t)snprintf(all + n, size - n, "%s", source_text(p, i, text));
            if (!isnan(p->loss)) n += (size_t)snprintf(all + n, size - n, ", fine-tuned loss %.5f", p->loss);
        }
    }
    int ret = all ? tfb_model_meta_set(m, "relate", all) : -1;
    free(all);
    return ret;
}

/* ---- cross-validation ---- */

static tfb_net_t *make_fold(void *arg, const uint8_t *part)
{
    job_t *j = arg;
    return make_child(j, &j->parent[0], part, 0);
}

/* Trains and scores the folds, and reports the measures. 0, or -1 (logged). */
static int cross_validate(job_t *j)
{
    const tfb_finetune_t *a = j->a;
    const tfb_examples_t *ex = j->d.ex;
    int level = tfb_log_get_level();
    tfb_cv_opt_t o = {.ex = ex, .part = j->d.part, .folds = a->cv, .fit = a->t.fit, .make = make_fold, .arg = j};
    o.fit.pool = j->pool;
    o.fit.weights = j->d.weights;
    o.fit.frozen = j->d.frozen;
    if (!(j->cv = tfb_alloc((size_t)ex->n_targets, sizeof *j->cv, "cross-validation"))) return -1;
    tfb_note("cross-validation: %d models", a->cv);
    tfb_fit_catch_signals();
    tfb_log_level(level > 1 ? 1 : level);
    int ret = tfb_cv(&o, j->cv, &j->cv_by_contig);
    tfb_log_level(level);
    for (int t = 0; t < ex->n_targets && ret == 0; t++) {
        const tfb_scores_t *s = &j->cv[t];
        if (isnan(s->auprc.value)) {
            tfb_note("%s: %" PRId64 " of %" PRId64
                     " training regions are bound: too few to measure how good the model is",
                     ex->targets[t], s->n_bound, s->n);
            continue;
        }
        tfb_note("%s, %d folds by %s: AUPRC %.3f (%.3f to %.3f; guessing: %.3f), AUROC %.3f (%.3f to %.3f)",
                 ex->targets[t], a->cv, j->cv_by_contig ? "contig" : "region", s->auprc.value, s->auprc.low,
                 s->auprc.high, (double)s->n_bound / (double)s->n, s->auroc.value, s->auroc.low, s->auroc.high);
        if (tfb_scores_say_nothing(s))
            tfb_note("%s: %" PRId64 " bound regions are too few to tell the model from guessing", ex->targets[t],
                     s->n_bound);
    }
    if (ret == 0 && a->leak != TFB_LEAK_DROP)
        tfb_note("the parent may have seen these regions: the intervals may be too good");
    return ret;
}

static json_t *interval(const tfb_interval_t *x)
{
    return json_pack("[f,f,f]", round(x->value * 1e4) / 1e4, round(x->low * 1e4) / 1e4, round(x->high * 1e4) / 1e4);
}

/* Stores the measures: {"folds":5,"by":"contig","TF":{"n":..,"n_bound":..,"auprc":[value,low,high],"auroc":[..]}}. 0 or
 * -1. */
static int record_cv(const job_t *j, tfb_model_t *m)
{
    int bad = 0;
    json_t *all = json_pack("{s:i, s:s}", "folds", j->a->cv, "by", j->cv_by_contig ? "contig" : "region");
    for (int t = 0; all && t < m->n_targets; t++) {
        const tfb_scores_t *s = &j->cv[t];
        json_t *x = json_pack("{s:I, s:I}", "n", (json_int_t)s->n, "n_bound", (json_int_t)s->n_bound);
        if (x && !isnan(s->auprc.value))
            bad |= json_object_set_new(x, "auprc", interval(&s->auprc)) < 0 ||
                   json_object_set_new(x, "auroc", interval(&s->auroc)) < 0;
        bad |= json_object_set_new(all, m->targets[t], x) < 0;
    }
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) : NULL;
    bad |= !text || tfb_model_meta_set(m, "cv", text) < 0;
    free(text);
    json_decref(all);
    return bad ? -1 : 0;
}

/* ---- the run ---- */

/* Adds the metadata that only finetune records. 0 or -1. */
static int describe(void *arg, tfb_model_t *m)
{
    static const char *const leak[] = {"dropped", "training regions reused for training", "allowed"};
    static const char *const keep[] = {"genome", "label_policy"};
    const job_t *j = arg;
    const tfb_finetune_t *a = j->a;
    const parent_t *p = &j->parent[0];
    int bad = tfb_record_set(m, "freeze", "%s", a->freeze) || tfb_record_set(m, "leak", "%s", leak[a->leak]) ||
              tfb_record_set(m, "split", p->by_contig ? "contigs, sampled" : "random 80/10/10 by seed") ||
              tfb_record_set(m, "recipe", "%s", a->recipe) ||
              (j->head && tfb_record_set(m, "head_from", "%s", j->head));
    if (a->motifs) bad |= tfb_record_set(m, "motifs", "%s", tfb_base_name(a->motifs));
    if (p->sources.n) bad |= record_sources(j, m) < 0;
    if (j->cv) bad |= record_cv(j, m) < 0;
    if (!a->scratch)
        bad |= tfb_record_set(m, "parent_sha256", "%s", p->m->digest) ||
               tfb_transfer_record_seen(m, p->m, TFB_SAMPLED_REGIONS) < 0;
    for (int i = 0; i < 2; i++)
        if (tfb_model_meta(p->m, keep[i])) bad |= tfb_record_set(m, keep[i], "%s", tfb_model_meta(p->m, keep[i]));
    if (bad || tfb_transfer_record_regions(m, j->d.ex, j->d.part) < 0) return -1;
    return a->describe ? a->describe(a->arg, m, j->d.ex, j->d.part) : 0;
}

/* Loads the parents and the examples, chooses parent and regions, and makes the network to train. 0, or -1 (logged). */
static int prepare(const tfb_finetune_t *a, job_t *j)
{
    tfb_training_data_t *d = &j->d;
    if (list_parents(j) < 0) return -1;
    for (int k = 0; k < j->n_parents; k++) {
        if (load_parent(&j->parent[k]) < 0) return -1;
        if (j->parent[k].m->window == j->parent[0].m->window) continue;
        tfb_error("%s and %s have windows of %d and %d bases: parents need the same", j->parent[0].path,
                  j->parent[k].path, j->parent[0].m->window, j->parent[k].m->window);
        return -1;
    }
    if (!(j->pool = tfb_pool_create(tfb_ranks_threads(a->t.threads, tfb_cmd_processors()))) ||
        (a->motifs && !(j->motifs = tfb_motifs_read(a->motifs))) ||
        tfb_training_load(&a->t, a->target, 0, j->parent[0].m->window, d) < 0 || choose_parent(j) < 0)
        return -1;
    if (!(d->net = make_child(j, &j->parent[0], d->part, 1)) ||
        !(d->frozen = tfb_alloc((size_t)d->net->n_layers, 1, "layers")))
        return -1;
    return tfb_transfer_freeze(d->net, a->freeze, d->frozen);
}

static int run(tfb_finetune_t *a, job_t *j, int argc, char **argv)
{
    char identity[900], split[500], start[65] = "";
    int ret = tfb_ranks_agree(prepare(a, j));
    if (ret == 0 && a->cv) ret = cross_validate(j);
    if (ret < 0) return -1;
    if (strcmp(a->head_from, "random") || a->motifs) { /* the first weights depend on more than parent and seed */
        tfb_sha256_t h;
        tfb_sha256_init(&h);
        tfb_sha256_update(&h, j->d.net->param, j->d.net->n_param * sizeof(float));
        tfb_sha256_hex(&h, start);
    }
    snprintf(identity, sizeof identity, "%s from=%s %d regions=%" PRId64 " %d leak=%d%s%s",
             tfb_training_split(&a->t, split), j->parent[0].m->digest, a->scratch, a->t.regions, a->unbalanced,
             (int)a->leak, *start ? " start=" : "", start);
    return tfb_training_run(&a->t, &j->d, identity, describe, j, argc, argv);
}

int tfb_finetune(tfb_finetune_t *a, int argc, char **argv)
{
    job_t j = {.a = a};
    int ret = run(a, &j, argc, argv);
    tfb_training_free(&j.d);
    for (int k = 0; k < j.n_parents; k++) free_parent(&j.parent[k]);
    free(j.parent);
    tfb_pool_destroy(j.pool);
    tfb_motifs_destroy(j.motifs);
    free(j.head);
    free(j.cv);
    return ret;
}

/* ---- options ---- */

int tfb_finetune_recipe(tfb_finetune_t *a, const char *name, int scratch)
{
    int k = tfb_word("recipe", name, tfb_recipe_name, TFB_RECIPES);
    if (k < 0) return -1;
    const tfb_recipe_t *r = tfb_recipe_apply(k, scratch, &a->t.fit);
    a->recipe = r->name;
    a->head_from = scratch ? "random" : r->head_from;
    return 0;
}

typedef tfb_finetune_t args_t;

static int set_leak(void *args, const tfb_option_t *row, const char *value)
{
    (void)value;
    ((args_t *)args)->leak = (tfb_leak_t)row->number;
    return 0;
}

static int set_relate(void *args, const tfb_option_t *row, const char *value)
{
    static const char *const name[] = {"auto"};
    ((args_t *)args)->relate = 1;
    return tfb_word(row->name, value, name, 1) < 0;
}

/* for completion: the words that stand for no name of a layer or a TF */
static const char *const freeze_word[] = {"none", "conv", "all-but-last"}, *const relate_word[] = {"auto"},
                         *const head_word[] = {"random", "auto", "motif"};

static const tfb_option_t options[] = {
    {"from", TFB_TEXT(from)},
    {"target", TFB_TEXT(target)},
    {"targets", TFB_TEXT(target)},
    {"from-scratch", TFB_FLAG(scratch)},
    {"recipe", TFB_TEXT(recipe), .words = tfb_recipe_name, .n_words = TFB_RECIPES},
    {"freeze", TFB_TEXT(freeze), .words = freeze_word, .n_words = 3},
    {"head-from", TFB_TEXT(head_from), .words = head_word, .n_words = 3},
    {"motifs", TFB_TEXT(motifs)},
    {"relate", .arg = 1, .set = set_relate, TFB_TO(relate), .words = relate_word, .n_words = 1},
    {"groups", TFB_TEXT(groups)},
    {"group-column", TFB_TEXT(group_column)},
    {"parents", TFB_TEXT(parents)},
    {"try", TFB_INT(tries, 1, 1000)},
    {"unbalanced", TFB_FLAG(unbalanced)},
    {"reuse-training", .set = set_leak, .number = TFB_LEAK_REUSE},
    {"allow-leak", .set = set_leak, .number = TFB_LEAK_ALLOW},
    {"cv", TFB_INT(cv, 2, 1000)},
    {"head-epochs", TFB_INT(t.fit.head_epochs, 0, 100000)},
    {"depth-rate", TFB_NUM(t.fit.depth_rate, 1e-6, 1)},
    {"l2sp", TFB_NUM(t.fit.l2sp, 0, 100)},
    TFB_OPTIONS_TRAINING(t),
};

/* Checks that the options can be used together. 0, or -1 (logged). */
static int check_args(const tfb_finetune_t *a)
{
    const tfb_fit_opt_t *f = &a->t.fit;
    const char *wrong = NULL;
    int by_source = strcmp(a->head_from, "auto") == 0;
    if (a->t.regions && (a->unbalanced || strchr(a->target, ','))) {
        tfb_error("--regions draws a balanced sample for one target: it cannot be used with %s",
                  a->unbalanced ? "--unbalanced" : "several targets");
        return -1;
    }
    if (a->scratch && strcmp(a->freeze, "none")) {
        tfb_error("--from-scratch trains all layers: it cannot be used with --freeze %s", a->freeze);
        return -1;
    }
    if (a->from && a->parents)
        wrong = "--from names one parent and --parents several: give one of the two";
    else if (a->tries && !a->parents)
        wrong = "--try is for --parents";
    else if (a->parents && strchr(a->target, ','))
        wrong = "--parents compares parents for one target, not for several";
    else if (a->scratch && (strcmp(a->head_from, "random") || a->relate || a->parents || a->motifs || f->head_epochs ||
                            f->depth_rate > 0 || f->l2sp > 0))
        wrong = "--from-scratch takes nothing from the parent: --head-from, --relate, --parents, --motifs, "
                "--head-epochs, --depth-rate and --l2sp cannot be used with it";
    else if (a->relate && !by_source)
        wrong = "--relate auto chooses the weights of the head: it cannot be used with --head-from";
    else if (a->groups && !by_source && !a->parents)
        wrong = "--groups is for --relate auto, --head-from auto and --parents";
    else if (a->group_column && !a->groups)
        wrong = "--group-column is for --groups";
    else if (strcmp(a->head_from, "motif") == 0 && !a->motifs)
        wrong = "--head-from motif needs --motifs, a file with the target's motif";
    else if (f->head_epochs >= f->epochs)
        wrong = "--head-epochs leaves no epoch for the other layers (--freeze all-but-last trains the head alone)";
    if (wrong) tfb_error("%s", wrong);
    return wrong ? -1 : 0;
}

/* The options whose values the recipe sets if they are not given. */
#define OF_RECIPE(option, member)                                       \
    {                                                                   \
        option, offsetof(args_t, member), sizeof(((args_t *)0)->member) \
    }
static const struct {
    const char *option;
    size_t to, size;
} of_recipe[] = {
    OF_RECIPE("rate", t.fit.rate),
    OF_RECIPE("average", t.fit.average),
    OF_RECIPE("epochs", t.fit.epochs),
    OF_RECIPE("batch", t.fit.batch),
    OF_RECIPE("patience", t.fit.patience),
    OF_RECIPE("augment", t.fit.augment),
    OF_RECIPE("head-epochs", t.fit.head_epochs),
    OF_RECIPE("head-from", head_from),
};

/* Sets the values of the recipe, but for those of the given options. 0, or -1 (logged). */
static int add_recipe(args_t *a, const char *given)
{
    const args_t said = *a;
    tfb_fit_opt_t *f = &a->t.fit;
    if (tfb_finetune_recipe(a, said.recipe, said.scratch) < 0) return -1;
    if (said.relate) a->head_from = "auto";
    int head_epochs = f->head_epochs;
    for (size_t i = 0; i < sizeof of_recipe / sizeof of_recipe[0]; i++)
        if (given[tfb_options_row(options, of_recipe[i].option)])
            memcpy((char *)a + of_recipe[i].to, (const char *)&said + of_recipe[i].to, of_recipe[i].size);
    /* if the recipe's number leaves no epoch for the other layers */
    if (f->head_epochs == head_epochs && head_epochs >= f->epochs) f->head_epochs = f->epochs - 1;
    return 0;
}

int tfb_cmd_finetune(int argc, char **argv)
{
    args_t a = {.t.fit = {.seed = 1}, .freeze = "none", .recipe = tfb_recipe_name[0]};
    char given[TFB_MAX_OPTIONS] = {0};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, given);
    if (r) return r > 0;
    if (add_recipe(&a, given) < 0) return 1;
    const char *const need[][2] = {{a.from || a.parents ? "" : NULL, "--from model.safetensors"},
                                   {a.target, "--target TF"},
                                   {a.t.fasta, "-f ref.fa"},
                                   {a.t.labels, "-l labels.bed.gz"},
                                   {a.t.out, "-o tf.safetensors"},
                                   {NULL, NULL}};
    if (tfb_cmd_incomplete("finetune", argc, argv, usage, need, NULL, NULL) || check_args(&a) < 0) return 1;
    return tfb_ranks_end(tfb_ranks_begin() < 0 || tfb_finetune(&a, argc, argv) < 0);
}
