/* finetune.c - `tfbind finetune`: a pre-trained model -> a model of one TF or a few. Options in, calls of the core out.
 */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/training.h"
#include "nn/panel.h"
#include "train/fit.h"
#include "train/ranks.h"
#include "train/record.h"
#include "train/transfer.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    tfb_training_t t;
    const char *from, *target, *freeze;
    int unbalanced, scratch;
    tfb_leak_t leak;
} args_t;

static void usage(FILE *f)
{
    fprintf(f, "Fine-tune a pre-trained model for a TF of which some hundred bound regions are known: its last layer "
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
               "      --freeze WHAT        layers not to train: none, conv, all-but-last, or everything up to a named "
               "layer [none]\n"
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
               "Training\n"
               "  -e, --epochs INT         passes over the training regions [10]\n"
               "  -b, --batch INT          examples a step; of every process that mpirun starts [100]\n"
               "      --rate FLOAT         Adam's learning rate [0.0003; 0.003 from scratch]\n"
               "      --schedule NAME      constant, cosine, linear or one-cycle [constant]\n"
               "      --warmup FLOAT       share of the steps in which the rate rises from 0 [0; one-cycle: 0.3]\n"
               "      --augment LIST       change training windows at random: "
               "shift=20,mutate=0.05,insert=20,delete=30,noise=0.2, or some of these [none]\n"
               "      --clean INT          train on windows as they are in so many last epochs [0]\n"
               "      --average FLOAT      validate and keep a running average of the weights [0: off]\n"
               "      --balance FLOAT      with several targets: weight of a TF in the loss, (bound regions of the TF "
               "with most / its own)^FLOAT [0]\n"
               "      --task-balance FLOAT draw regions of TFs with few bound regions more often: 0 each once an epoch,"
               " 1 most evenly [0]\n"
               "      --weights FILE       further weights of TFs in the loss: TF, tab, weight [1]\n"
               "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
               "      --one-strand         do not add the reverse complements\n"
               "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice as "
               "fast) [float32]\n"
               "      --seed INT           of sample, new weights, order and dropout [1]\n"
               "      --select NAME        keep the epoch with the lowest validation loss (loss), or with the highest "
               "validation AUPRC,\n"
               "                           its mean over TFs with 10 bound and 10 unbound validation regions (auprc) "
               "[loss]\n"
               "      --resume             go on from OUT.ckpt\n"
               "Output\n"
               "  -o, --output FILE        the model, of the epoch that --select chooses\n"
               "      --curves FILE.tsv    losses and AUPRC of every TF after every epoch; a picture: FILE.svg\n"
               "      --half               store weights as float16\n"
               "  -@, --threads INT        threads of this process [all processors, or its part of them]\n"
               "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"
               "  -h, --help               this text\n");
}

typedef struct {
    const args_t *a;
    tfb_model_t *parent;
    tfb_training_data_t d;
    int by_contig; /* its split */
} job_t;

/* Training, validation and test regions: split, kept apart from the parent's, sampled. */
static int choose_regions(const args_t *a, job_t *j)
{
    const tfb_training_t *t = &a->t;
    const tfb_examples_t *ex = j->d.ex;
    uint8_t *part = j->d.part;
    uint64_t seed = t->fit.seed;
    if ((j->by_contig = tfb_transfer_split(j->parent, ex, t->valid, t->test, a->leak, seed, part)) < 0) return -1;
    int64_t dropped = a->scratch && a->leak == TFB_LEAK_ALLOW ? 0 : tfb_transfer_drop(j->parent, ex, a->leak, part),
            bound = 0;
    if (dropped < 0) return -1;
    if (dropped) tfb_note("%" PRId64 " regions dropped because they trained or validated the parent", dropped);
    int balanced = ex->n_targets == 1 && !a->unbalanced;
    if (balanced) {
        int64_t bound_valid, valid = t->regions ? (t->regions / 8 > 10 ? t->regions / 8 : 10) : 0;
        if (tfb_transfer_balance(ex, 0, TFB_TRAIN, t->regions, seed, part, &bound) < 0) return -1;
        if (!bound) {
            tfb_error("no regions are left for training: none with %s bound%s", ex->targets[0],
                      dropped ? "; the parent has seen the others (--reuse-training lets them train again)" : "");
            return -1;
        }
        if (t->regions && bound < t->regions)
            tfb_warn("%s has only %" PRId64 " bound regions to train on, not %" PRId64, ex->targets[0], bound,
                     t->regions);
        if (tfb_transfer_balance(ex, 0, TFB_VALID, valid, seed, part, &bound_valid) < 0) return -1;
    }
    tfb_training_count(&j->d);
    int64_t n = j->d.n[TFB_TRAIN];
    if (n < 2) {
        tfb_error("no regions are left for training%s",
                  dropped ? ": the parent has seen them all (--reuse-training lets them train again)" : "");
        return -1;
    }
    if (tfb_training_check_targets(&j->d) < 0) return -1;
    if (balanced && n < 2 * bound)
        tfb_warn("%s has only %" PRId64 " unbound regions to train on beside %" PRId64 " bound ones", ex->targets[0],
                 n - bound, bound);
    return 0;
}

/* What the model says beside what every model does. */
static int describe(void *arg, tfb_model_t *m)
{
    static const char *const leak[] = {"dropped", "training regions reused for training", "allowed"};
    static const char *const keep[] = {"genome", "label_policy"};
    const job_t *j = arg;
    const args_t *a = j->a;
    int bad = tfb_record_set(m, "freeze", "%s", a->freeze) || tfb_record_set(m, "leak", "%s", leak[a->leak]) ||
              tfb_record_set(m, "split", j->by_contig ? "contigs, sampled" : "random 80/10/10 by seed");
    if (!a->scratch)
        bad |= tfb_record_set(m, "parent_sha256", "%s", j->parent->digest) ||
               tfb_transfer_record_ancestors(m, j->parent) < 0;
    for (int i = 0; i < 2; i++)
        if (tfb_model_meta(j->parent, keep[i]))
            bad |= tfb_record_set(m, keep[i], "%s", tfb_model_meta(j->parent, keep[i]));
    return bad || tfb_transfer_record_regions(m, j->d.ex, j->d.part) < 0 ? -1 : 0;
}

/* Everything that is read: the parent, examples and their split, and the network to train on. */
static int prepare(const args_t *a, job_t *j)
{
    tfb_training_data_t *d = &j->d;
    if (!(j->parent = tfb_model_load(a->from)) || tfb_model_try(j->parent, a->from) < 0 ||
        tfb_training_load(&a->t, a->target, 0, j->parent->window, d) < 0 || choose_regions(a, j) < 0)
        return -1;
    if (!(d->net = tfb_transfer_net(j->parent, d->ex->n_targets, !a->scratch, a->t.fit.seed)) ||
        !(d->frozen = tfb_alloc((size_t)d->net->n_layers, 1, "layers")))
        return -1;
    return tfb_transfer_freeze(d->net, a->freeze, d->frozen);
}

static int run(args_t *a, int argc, char **argv)
{
    job_t j = {.a = a};
    char identity[900];
    int ret = tfb_ranks_agree(prepare(a, &j));
    if (ret == 0) {
        snprintf(identity, sizeof identity, "valid=%.200s test=%.200s from=%s %d regions=%" PRId64 " %d leak=%d",
                 a->t.valid ? a->t.valid : "", a->t.test ? a->t.test : "", j.parent->digest, a->scratch, a->t.regions,
                 a->unbalanced, (int)a->leak);
        ret = tfb_training_run(&a->t, &j.d, identity, describe, &j, argc, argv);
    }
    tfb_training_free(&j.d);
    tfb_model_destroy(j.parent);
    return ret;
}

int tfb_cmd_finetune(int argc, char **argv)
{
    args_t a = {.t.fit = {.epochs = 10, .batch = 100, .seed = 1}, .freeze = "none"};
    enum { FROM = 256, TARGET, SCRATCH, FREEZE, UNBALANCED, REUSE, ALLOW };
    static const struct option opts[] = {{"from", 1, NULL, FROM},
                                         {"target", 1, NULL, TARGET},
                                         {"targets", 1, NULL, TARGET},
                                         {"from-scratch", 0, NULL, SCRATCH},
                                         {"freeze", 1, NULL, FREEZE},
                                         {"unbalanced", 0, NULL, UNBALANCED},
                                         {"reuse-training", 0, NULL, REUSE},
                                         {"allow-leak", 0, NULL, ALLOW},
                                         TFB_TRAINING_OPTIONS};
    int c, bad = 0;
    while ((c = tfb_cmd_getopt(argc, argv, TFB_TRAINING_LETTERS, opts)) >= 0) switch (c) {
        case FROM: a.from = optarg; break;
        case TARGET: a.target = optarg; break;
        case SCRATCH: a.scratch = 1; break;
        case FREEZE: a.freeze = optarg; break;
        case UNBALANCED: a.unbalanced = 1; break;
        case REUSE: a.leak = TFB_LEAK_REUSE; break;
        case ALLOW: a.leak = TFB_LEAK_ALLOW; break;
        case 'h': usage(stdout); return 0;
        case '?': return 1;
        default: bad |= tfb_training_option(&a.t, c, optarg);
        }
    const char *const need[][2] = {
        {a.from, "--from model.safetensors"}, {a.target, "--target TF"},      {a.t.fasta, "-f ref.fa"},
        {a.t.labels, "-l labels.bed.gz"},     {a.t.out, "-o tf.safetensors"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("finetune", argc, argv, usage, need, NULL, NULL)) return 1;
    if (a.t.regions && (a.unbalanced || strchr(a.target, ','))) {
        tfb_error("--regions samples the regions of one target, balanced: it makes no sense with %s",
                  a.unbalanced ? "--unbalanced" : "several targets");
        return 1;
    }
    if (a.scratch && strcmp(a.freeze, "none")) {
        tfb_error("--from-scratch leaves nothing worth freezing: --freeze %s makes no sense with it", a.freeze);
        return 1;
    }
    if (a.t.fit.rate == 0) a.t.fit.rate = a.scratch ? 0.003 : 0.0003;
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
