/* finetune.c - `tfbind finetune`: a pre-trained model -> a model of one TF or a few. Options in, calls of the core out.
 */
#include "config.h"
#include "cmd/finetune.h"
#include "cmd/cmd.h"
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
#include <dirent.h>
#include <errno.h>
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
        "Fine-tune a pre-trained model for a TF of which some hundred bound regions are known: its last layer "
        "is replaced by a fresh one,\n"
        "and everything is trained on at a ten times lower rate (Novakovsky et al. 2021).\n"
        "\n"
        "Usage: tfbind finetune [options] --from model.safetensors --target TF -f ref.fa -l labels.bed.gz -o "
        "tf.safetensors\n"
        "\n"
        "      --from FILE          pre-trained model\n"
        "      --target LIST        TF to learn, a column of the labels; the model need not know it. Several: a "
        "joint model of them\n"
        "      --from-scratch       the control: the same network and data, fresh weights, rate 0.003\n"
        "      --recipe NAME        a set of values for the options of training: default, published (the paper's), or "
        "few (for tens to\n"
        "                           hundreds of bound regions); other options change single values [default]\n"
        "      --freeze WHAT        layers not to train: none, conv, all-but-last, or everything up to a named "
        "layer [none]\n"
        "The new head\n"
        "      --head-from WHAT     its row for a TF starts as random; as the parent's row of a TF that is named, or "
        "of the one most like\n"
        "                           it (auto); or from the motif alone, if the first layer reaches the head "
        "(motif) [random]\n"
        "      --motifs FILE        put the targets' motifs, of a MEME file, into the filters of the first layer "
        "that are used least\n"
        "      --relate auto        as --head-from auto, and report the candidates, why they rank so, and what "
        "they give untrained\n"
        "      --groups FILE        binding modes for that, as for relate: TFs of the target's mode come first\n"
        "      --group-column NAME  the column with the mode, if there are several\n"
        "      --parents FOLDER     choose the parent among the models there, by their TFs (in place of --from)\n"
        "      --try INT            fine-tune so many of them, the best first; keep the best on the validation "
        "regions [1]\n"
        "Data\n"
        "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
        "  -l, --labels FILE        regions and labels, as for pretrain\n"
        "      --regions INT        train on so many bound regions, drawn by --seed, and validate on an eighth "
        "of that [all]\n"
        "      --unbalanced         use every unbound region [as many as bound ones, matched by GC content in "
        "10 bins]\n"
        "      --chroms LIST        use only regions of these contigs [all]\n"
        "      --valid LIST         contigs for validation  } [the parent's; if it has none, a random split by "
        "--seed:\n"
        "      --test LIST          contigs for testing     }  80 %% training, 10 %% validation, 10 %% test]\n"
        "Leaks: regions that trained or validated the parent are dropped, as published; contigs that it held "
        "out do not train.\n"
        "      --reuse-training     let the parent's regions train again; they still neither validate nor test\n"
        "      --allow-leak         use all regions like any other (recorded in the model)\n"
        "      --cv INT             first train so many more models, each without a part of the training regions, "
        "and report\n"
        "                           AUROC and AUPRC on those parts with 95 %% intervals [0]\n"
        "Training (values in brackets are those of the default recipe)\n"
        "  -e, --epochs INT         passes over the training regions [10]\n"
        "  -b, --batch INT          examples a step; of every process that mpirun starts [100]\n"
        "      --rate FLOAT         Adam's learning rate [0.0003; 0.003 from scratch]\n"
        "      --schedule NAME      constant, cosine, linear or one-cycle [constant]\n"
        "      --warmup FLOAT       share of the steps in which the rate rises from 0 [0; one-cycle: 0.3]\n"
        "      --augment LIST       change training windows at random: "
        "shift=20,mutate=0.05,insert=20,delete=30, or some of these [none]\n"
        "      --clean INT          train on windows as they are in so many last epochs [0]\n"
        "      --average FLOAT      validate and keep a running average of the weights [0: off]\n"
        "      --balance FLOAT      with several targets: weight of a TF in the loss, (bound regions of the TF "
        "with most / its own)^FLOAT [0]\n"
        "      --weights FILE       further weights of TFs in the loss: TF, tab, weight [1]\n"
        "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
        "      --head-epochs INT    train only the new head in so many first epochs [0]\n"
        "      --depth-rate FLOAT   the rate of each layer with weights, as a part of that of the one above [1]\n"
        "      --l2sp FLOAT         decay towards the parent's weights, decoupled from the gradient [0]\n"
        "      --patience INT       stop after so many epochs without a lower validation loss [0: never]\n"
        "      --one-strand         do not add the reverse complements\n"
        "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice as "
        "fast) [float32]\n"
        "      --seed INT           of sample, new weights, order and dropout [1]\n"
        "      --resume             go on from OUT.ckpt\n"
        "Output\n"
        "  -o, --output FILE        the model, of the epoch with the lowest validation loss\n"
        "      --half               store weights as float16\n"
        "  -@, --threads INT        threads of this process [all processors, or its part of them]\n"
        "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"
        "  -h, --help               this text\n");
}

/* A model that may become the parent, and the regions that its child would have. */
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
    parent_t *parent; /* n_parents, the best first; [0] is the one that is used */
    int n_parents;
    tfb_pool_t *pool;
    tfb_motifs_t *motifs;
    char *head; /* in words: where each row of the head comes from */
    tfb_scores_t *cv;
    int cv_by_contig;
} job_t;

/* ---- regions ---- */

/* Reports that bound regions are so few that the measures on held-out ones will mean little. */
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

/* Samples balanced training and validation regions of one target. *bound gets the bound training regions. 0, or -1
 * (logged). */
static int balance(const job_t *j, int64_t dropped, uint8_t *part, int64_t *bound)
{
    const tfb_training_t *t = &j->a->t;
    const tfb_examples_t *ex = j->d.ex;
    int64_t bound_valid, valid = t->regions ? (t->regions / 8 > 10 ? t->regions / 8 : 10) : 0;
    if (tfb_transfer_balance(ex, 0, TFB_TRAIN, t->regions, t->fit.seed, part, bound) < 0) return -1;
    if (!*bound) {
        tfb_error("no regions are left for training: none with %s bound%s", ex->targets[0],
                  dropped ? "; the parent has seen the others (--reuse-training lets them train again)" : "");
        return -1;
    }
    if (t->regions && *bound < t->regions)
        tfb_warn("%s has only %" PRId64 " bound regions to train on, not %" PRId64, ex->targets[0], *bound, t->regions);
    return tfb_transfer_balance(ex, 0, TFB_VALID, valid, t->fit.seed, part, &bound_valid);
}

/* Training, validation and test regions of a parent's child: split, kept apart from the parent's, sampled. 0, or -1
 * (logged). */
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
        tfb_error("no regions are left for training%s",
                  dropped ? ": the parent has seen them all (--reuse-training lets them train again)" : "");
        return -1;
    }
    if (tfb_training_check_targets(&j->d) < 0) return -1;
    if (balanced && n < 2 * bound)
        tfb_warn("%s has only %" PRId64 " unbound regions to train on beside %" PRId64 " bound ones", ex->targets[0],
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

/* Starts row t of the head as the options say. why (m): in words, from which TF. 0, or -1 (logged). */
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
        int near = tfb_nearest(from, p->m->targets, p->m->n_targets);
        tfb_error("--head-from is random, auto, motif or one of the parent's TFs, not '%s'%s%s%s", from,
                  near >= 0 ? "; did you mean " : "", near >= 0 ? p->m->targets[near] : "", near >= 0 ? "?" : "");
        return -1;
    } else
        snprintf(why, m, "%.60s", from);
    tfb_head_copy(net, t, p->m->net, k);
    return 0;
}

/* Puts the motifs in. 0, or -1 (logged). */
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

/* Writes source i of a parent in words: why it ranks there, and what its output gives as it is. */
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

static int is_model(const struct dirent *d) { return tfb_ends_with(d->d_name, ".safetensors"); }

static void free_parent(parent_t *p)
{
    free(p->path);
    free(p->part);
    tfb_model_destroy(p->m);
}

/* Lists the models of the folder. 0, or -1 (logged). */
static int list_parents(job_t *j)
{
    const char *folder = j->a->parents;
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, is_model, alphasort), ret = 0;
    if (n < 0) {
        tfb_error("cannot read folder %s: %s", folder, strerror(errno));
        return -1;
    }
    if (!n) {
        tfb_error("%s holds no models (*.safetensors)", folder);
        ret = -1;
    }
    if (ret == 0 && !(j->parent = calloc((size_t)n, sizeof *j->parent))) ret = -1;
    for (int i = 0; i < n; i++) {
        if (ret == 0) {
            size_t m = strlen(folder) + strlen(entry[i]->d_name) + 2;
            parent_t *p = &j->parent[j->n_parents++];
            if ((p->path = malloc(m)))
                snprintf(p->path, m, "%s/%s", folder, entry[i]->d_name);
            else
                ret = -1;
        }
        free(entry[i]);
    }
    free(entry);
    return ret;
}

static int load_parent(parent_t *p) { return (p->m = tfb_model_load(p->path)) ? tfb_model_try(p->m, p->path) : -1; }

/* Returns a file's name without its folder. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Reports a parent's best TFs, most of them. */
static void report_sources(const job_t *j, const parent_t *p, int most)
{
    char text[300];
    for (int i = 0; i < p->sources.n && i < most; i++)
        tfb_note("%s%s%s", j->n_parents > 1 ? base_name(p->path) : "", j->n_parents > 1 ? ", " : "",
                 source_text(p, i, text));
}

static double key_of(const parent_t *p) { return p->sources.n ? p->sources.source[0].key : -1; }

/* Returns the AUPRC of the best TF's output as it is; 0 if it was not measured. */
static double untrained(const parent_t *p)
{
    double v = p->sources.n ? p->sources.source[0].valid_auprc : NAN;
    return isnan(v) ? 0 : v;
}

/* The best source first; what was tried, by loss, before what was not. */
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

/* Trains the child of a parent as the options say, and measures it on the n regions idx. 0, or -1 (logged). */
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

/* Tries the first n parents, and puts the best one first. 0, or -1 (logged). */
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

/* Ranks the parents by their TFs, tries the best ones, and puts the one to use first. 0, or -1 (logged). */
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

/* Stores the candidates: of one parent its best TFs, of several the best TF of each and what was tried. 0 or -1. */
static int record_sources(const job_t *j, tfb_model_t *m)
{
    char text[300], *all = calloc((size_t)(j->n_parents + TFB_SOURCES), 500);
    size_t n = 0, size = (size_t)(j->n_parents + TFB_SOURCES) * 500;
    for (int k = 0; all && k < j->n_parents; k++) {
        const parent_t *p = &j->parent[k];
        for (int i = 0; i < p->sources.n && (i == 0 || j->n_parents == 1); i++) {
            n += (size_t)snprintf(all + n, size - n, "%s", n ? "; " : "");
            if (j->n_parents > 1) n += (size_t)snprintf(all + n, size - n, "%.100s, ", base_name(p->path));
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
            tfb_note("%s: %" PRId64 " of %" PRId64 " training regions are bound: too few to say how good the model is",
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

/* What the model says beside what every model does. */
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
    if (a->motifs) bad |= tfb_record_set(m, "motifs", "%s", base_name(a->motifs));
    if (p->sources.n) bad |= record_sources(j, m) < 0;
    if (j->cv) bad |= record_cv(j, m) < 0;
    if (!a->scratch)
        bad |= tfb_record_set(m, "parent_sha256", "%s", p->m->digest) || tfb_transfer_record_ancestors(m, p->m) < 0;
    for (int i = 0; i < 2; i++)
        if (tfb_model_meta(p->m, keep[i])) bad |= tfb_record_set(m, keep[i], "%s", tfb_model_meta(p->m, keep[i]));
    if (bad || tfb_transfer_record_regions(m, j->d.ex, j->d.part) < 0) return -1;
    return a->describe ? a->describe(a->arg, m, j->d.ex, j->d.part) : 0;
}

/* Everything that is read: the parents, examples and their split, and the network to train on. */
static int prepare(const tfb_finetune_t *a, job_t *j)
{
    tfb_training_data_t *d = &j->d;
    if (a->parents) {
        if (list_parents(j) < 0) return -1;
    } else {
        if (!(j->parent = calloc(1, sizeof *j->parent)) || !(j->parent[0].path = strdup(a->from))) return -1;
        j->n_parents = 1;
    }
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
    char identity[900], start[65] = "";
    int ret = tfb_ranks_agree(prepare(a, j));
    if (ret == 0 && a->cv) ret = cross_validate(j);
    if (ret < 0) return -1;
    if (strcmp(a->head_from, "random") ||
        a->motifs) { /* the weights to begin with depend on more than parent and seed */
        tfb_sha256_t h;
        tfb_sha256_init(&h);
        tfb_sha256_update(&h, j->d.net->param, j->d.net->n_param * sizeof(float));
        tfb_sha256_hex(&h, start);
    }
    snprintf(identity, sizeof identity, "valid=%.200s test=%.200s from=%s %d regions=%" PRId64 " %d leak=%d%s%s",
             a->t.valid ? a->t.valid : "", a->t.test ? a->t.test : "", j->parent[0].m->digest, a->scratch, a->t.regions,
             a->unbalanced, (int)a->leak, *start ? " start=" : "", start);
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

enum {
    FROM = 256,
    TARGET,
    SCRATCH,
    FREEZE,
    UNBALANCED,
    REUSE,
    ALLOW,
    RECIPE,
    HEAD_FROM,
    MOTIFS,
    RELATE,
    GROUPS,
    COLUMN,
    PARENTS,
    TRY,
    CV,
    HEAD_EPOCHS,
    DEPTH_RATE,
    L2SP
};
static const struct option opts[] = {{"from", 1, NULL, FROM},
                                     {"target", 1, NULL, TARGET},
                                     {"targets", 1, NULL, TARGET},
                                     {"from-scratch", 0, NULL, SCRATCH},
                                     {"freeze", 1, NULL, FREEZE},
                                     {"unbalanced", 0, NULL, UNBALANCED},
                                     {"reuse-training", 0, NULL, REUSE},
                                     {"allow-leak", 0, NULL, ALLOW},
                                     {"recipe", 1, NULL, RECIPE},
                                     {"head-from", 1, NULL, HEAD_FROM},
                                     {"motifs", 1, NULL, MOTIFS},
                                     {"relate", 1, NULL, RELATE},
                                     {"groups", 1, NULL, GROUPS},
                                     {"group-column", 1, NULL, COLUMN},
                                     {"parents", 1, NULL, PARENTS},
                                     {"try", 1, NULL, TRY},
                                     {"cv", 1, NULL, CV},
                                     {"head-epochs", 1, NULL, HEAD_EPOCHS},
                                     {"depth-rate", 1, NULL, DEPTH_RATE},
                                     {"l2sp", 1, NULL, L2SP},
                                     TFB_TRAINING_OPTIONS};

/* Takes one option. 0, or 1 if its value is wrong (logged). */
static int take_option(tfb_finetune_t *a, int c)
{
    static const char *const relate[] = {"auto"};
    tfb_fit_opt_t *f = &a->t.fit;
    int bad = 0;
    long v = 0;
    switch (c) {
    case FROM: a->from = optarg; break;
    case TARGET: a->target = optarg; break;
    case SCRATCH: a->scratch = 1; break;
    case FREEZE: a->freeze = optarg; break;
    case UNBALANCED: a->unbalanced = 1; break;
    case REUSE: a->leak = TFB_LEAK_REUSE; break;
    case ALLOW: a->leak = TFB_LEAK_ALLOW; break;
    case RECIPE: a->recipe = optarg; break;
    case HEAD_FROM: a->head_from = optarg; break;
    case MOTIFS: a->motifs = optarg; break;
    case RELATE: bad = tfb_word("relate", optarg, relate, 1) < 0, a->relate = 1; break;
    case GROUPS: a->groups = optarg; break;
    case COLUMN: a->group_column = optarg; break;
    case PARENTS: a->parents = optarg; break;
    case TRY: bad = tfb_cmd_int("try", optarg, 1, 1000, &v), a->tries = (int)v; break;
    case CV: bad = tfb_cmd_int("cv", optarg, 2, 1000, &v), a->cv = (int)v; break;
    case HEAD_EPOCHS: bad = tfb_cmd_int("head-epochs", optarg, 0, 100000, &v), f->head_epochs = (int)v; break;
    case DEPTH_RATE: bad = tfb_cmd_double("depth-rate", optarg, 1e-6, 1, &f->depth_rate); break;
    case L2SP: bad = tfb_cmd_double("l2sp", optarg, 0, 100, &f->l2sp); break;
    default: return tfb_training_option(&a->t, c, optarg);
    }
    return bad;
}

/* Do the options go together? 0, or -1 (logged). */
static int check_args(const tfb_finetune_t *a)
{
    const tfb_fit_opt_t *f = &a->t.fit;
    const char *wrong = NULL;
    int by_source = strcmp(a->head_from, "auto") == 0;
    if (a->t.regions && (a->unbalanced || strchr(a->target, ','))) {
        tfb_error("--regions samples the regions of one target, balanced: it makes no sense with %s",
                  a->unbalanced ? "--unbalanced" : "several targets");
        return -1;
    }
    if (a->scratch && strcmp(a->freeze, "none")) {
        tfb_error("--from-scratch leaves nothing worth freezing: --freeze %s makes no sense with it", a->freeze);
        return -1;
    }
    if (a->from && a->parents)
        wrong = "--from names one parent and --parents a folder of them: give one of the two";
    else if (a->tries && !a->parents)
        wrong = "--try is for --parents";
    else if (a->parents && strchr(a->target, ','))
        wrong = "--parents compares parents for one target, not for several";
    else if (a->scratch && (strcmp(a->head_from, "random") || a->relate || a->parents || a->motifs || f->head_epochs ||
                            f->depth_rate > 0 || f->l2sp > 0))
        wrong = "--from-scratch takes nothing from the parent: --head-from, --relate, --parents, --motifs, "
                "--head-epochs, --depth-rate and --l2sp make no sense with it";
    else if (a->relate && !by_source)
        wrong = "--relate auto chooses the head's row: --head-from makes no sense with it";
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

int tfb_cmd_finetune(int argc, char **argv)
{
    tfb_finetune_t a = {.t.fit = {.seed = 1}, .freeze = "none", .recipe = tfb_recipe_name[0]};
    int c, bad = 0, of_recipe = 0;
    /* twice: the recipe's values come before those of the options, in whatever order they are given */
    for (int pass = 0; pass < 2; pass++) {
        optind = 1;
        if (pass && tfb_finetune_recipe(&a, a.recipe, a.scratch) < 0) return 1;
        if (pass && a.relate) a.head_from = "auto";
        of_recipe = a.t.fit.head_epochs;
        while ((c = tfb_cmd_getopt(argc, argv, TFB_TRAINING_LETTERS, opts)) >= 0) {
            if (c == 'h') usage(stdout);
            if (c == 'h' || c == '?') return c == '?';
            bad |= take_option(&a, c);
        }
        if (bad) return 1;
    }
    tfb_fit_opt_t *f = &a.t.fit; /* a run of few epochs has no room for the recipe's */
    if (f->head_epochs == of_recipe && of_recipe >= f->epochs) f->head_epochs = f->epochs - 1;
    const char *const need[][2] = {{a.from || a.parents ? "" : NULL, "--from model.safetensors"},
                                   {a.target, "--target TF"},
                                   {a.t.fasta, "-f ref.fa"},
                                   {a.t.labels, "-l labels.bed.gz"},
                                   {a.t.out, "-o tf.safetensors"},
                                   {NULL, NULL}};
    if (tfb_cmd_incomplete("finetune", argc, argv, usage, need, NULL, NULL) || check_args(&a) < 0) return 1;
    return tfb_ranks_end(tfb_ranks_begin() < 0 || tfb_finetune(&a, argc, argv) < 0);
}
