/* pretrain.c - `tfbind pretrain`: labels.bed.gz + FASTA -> a multi-task model. Options in, one call of the core out. */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/training.h"
#include "genome/labels.h"
#include "nn/model.h"
#include "train/fit.h"
#include "train/ranks.h"
#include "train/record.h"
#include "train/start.h"
#include "train/transfer.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    tfb_training_t t;
    const char *arch, *spec, *motifs, *targets, *genome, *policy;
    int complete;
} args_t;

static void usage(FILE *f)
{
    fprintf(
        f,
        "Train a multi-task model: one output per TF of a labels file.\n"
        "\n"
        "Usage: tfbind pretrain [options] -f ref.fa -l labels.bed.gz -o model.safetensors\n"
        "\n"
        "Data\n"
        "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
        "  -l, --labels FILE        regions and labels: #chrom start end name TF1 TF2 ...; 1 bound, 0 unbound, . "
        "unresolved\n"
        "      --targets LIST       TFs to learn, comma-separated, or @FILE with one a line [all of the labels file]\n"
        "      --chroms LIST        use only regions of these contigs [all]\n"
        "      --complete           use only regions resolved for all targets [unresolved labels are left out of the "
        "loss]\n"
        "      --valid LIST         contigs for validation  } [a random split by --seed: 80 %% training,\n"
        "      --test LIST          contigs for testing     }  10 %% validation, 10 %% test]\n"
        "      --regions INT        train on so many regions, drawn by --seed, and validate on an eighth of that "
        "[all]\n"
        "      --genome NAME        name of the genome build, kept in the model [the FASTA's file name]\n"
        "      --policy NAME        name of the labels' policy, kept in the model [the labels' file name]\n"
        "Network\n"
        "  -a, --arch NAME          %s [convnet]\n"
        "      --spec TEXT          a network of your own, e.g. 'conv 64 15; bn; relu; pool 4; dense 32; relu; dense "
        "0';\n"
        "                           the last dense layer's size is set to the number of targets\n"
        "      --motifs FILE        start the first layer's filters from the targets' motifs, a MEME file [random]\n"
        "Training\n"
        "  -e, --epochs INT         passes over the training regions [15]\n"
        "  -b, --batch INT          examples a step; of every process that mpirun starts [100]\n"
        "      --rate FLOAT         Adam's learning rate [0.003]\n"
        "      --schedule NAME      rate over the run: constant, cosine, linear (down to 0), one-cycle (up and\n"
        "                           down) [constant]\n"
        "      --warmup FLOAT       share of the steps in which the rate rises from 0 [0; one-cycle: 0.3]\n"
        "      --augment LIST       change training windows at random: "
        "shift=20,mutate=0.05,insert=20,delete=30,noise=0.2, or some of these [none]\n"
        "      --clean INT          train on windows as they are in so many last epochs [0]\n"
        "      --average FLOAT      validate and keep a running average of the weights, of this decay a step [0: off]\n"
        "      --balance FLOAT      weight of a TF in the loss: (bound regions of the TF with most / its own)^FLOAT "
        "[0: all alike]\n"
        "      --task-balance FLOAT draw regions of TFs with few bound regions more often: 0 each once an epoch, 1 "
        "most "
        "evenly [0]\n"
        "      --weights FILE       further weights of TFs in the loss, such as of those that are learnt poorly: TF, "
        "tab, weight [1]\n"
        "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
        "      --one-strand         do not add the reverse complements\n"
        "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice as fast) "
        "[float32]\n"
        "      --seed INT           of weights, order, dropout and random split [1]\n"
        "      --select NAME        keep the epoch with the lowest validation loss (loss), or with the highest "
        "validation "
        "AUPRC,\n"
        "                           its mean over TFs with 10 bound and 10 unbound validation regions (auprc) [loss]\n"
        "      --resume             go on from OUT.ckpt, which is written after every epoch\n"
        "Output\n"
        "  -o, --output FILE        the model, of the epoch that --select chooses\n"
        "      --curves FILE.tsv    losses and AUPRC of every TF after every epoch; a picture: FILE.svg\n"
        "      --half               store weights as float16\n"
        "  -@, --threads INT        threads of this process [all processors, or its part of them]; the result does not "
        "depend on it\n"
        "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"
        "  -h, --help               this text\n"
        "\n"
        "On several machines: mpirun -n N tfbind pretrain ... trains as one process with N times the batch does (`man "
        "tfbind-pretrain`).\n",
        tfb_net_arch_names());
}

/* Returns an untrained network as asked for. NULL on failure (logged). */
static tfb_net_t *make_net(const args_t *a, const tfb_examples_t *ex)
{
    char err[300], *spec = a->spec ? strdup(a->spec) : tfb_net_arch(a->arch, ex->n_targets);
    if (!spec) {
        tfb_error("there is no architecture called '%s' (known: %s)", a->arch, tfb_net_arch_names());
        return NULL;
    }
    tfb_net_t *net = tfb_net_with_outputs(spec, ex->window, ex->n_targets, err, sizeof err);
    free(spec);
    if (net)
        tfb_net_init(net, a->t.fit.seed);
    else
        tfb_error("%s", err);
    return net;
}

typedef struct {
    const args_t *a;
    tfb_training_data_t d;
    tfb_motifs_t *motifs;
} job_t;

/* Everything that is read: examples and their split, and a network to train. */
static int prepare(const args_t *a, job_t *j)
{
    const tfb_training_t *t = &a->t;
    if (tfb_training_load(t, a->targets, a->complete, 0, &j->d) < 0) return -1;
    tfb_examples_t *ex = j->d.ex;
    uint8_t *part = j->d.part;
    if (tfb_examples_split(ex, t->valid, t->test, t->fit.seed, part) < 0) return -1;
    if (t->regions &&
        (tfb_transfer_sample(ex, TFB_TRAIN, t->regions, t->fit.seed, part) < 0 ||
         tfb_transfer_sample(ex, TFB_VALID, t->regions / 8 > 10 ? t->regions / 8 : 10, t->fit.seed, part) < 0))
        return -1;
    tfb_training_count(&j->d);
    int64_t n = j->d.n[TFB_TRAIN];
    if (ex->n_dropped_n) tfb_note("%" PRId64 " regions with an N in their sequence left out", ex->n_dropped_n);
    if (!n) {
        tfb_error("no regions are left for training");
        return -1;
    }
    if (tfb_training_check_targets(&j->d) < 0) return -1;
    if (n < t->regions) tfb_warn("there are only %" PRId64 " regions to train on, not %" PRId64, n, t->regions);
    if (!(j->d.net = make_net(a, ex))) return -1;
    if (a->motifs && (!(j->motifs = tfb_motifs_read(a->motifs)) ||
                      tfb_start_motifs(j->d.net, ex->targets, ex->n_targets, j->motifs) < 0))
        return -1;
    return 0;
}

/* What the model says beside what every model does. */
static int describe(void *arg, tfb_model_t *m)
{
    const job_t *j = arg;
    const args_t *a = j->a;
    const tfb_training_t *t = &a->t;
    const char *base = strrchr(t->fasta, '/'), *lbase = strrchr(t->labels, '/');
    int by_contig = t->valid || t->test;
    if (tfb_record_set(m, "genome", "%s",
                       a->genome ? a->genome
                       : base    ? base + 1
                                 : t->fasta) ||
        tfb_record_set(m, "label_policy", "%s",
                       a->policy ? a->policy
                       : lbase   ? lbase + 1
                                 : t->labels) ||
        tfb_record_set(m, "split", "%s%s", by_contig ? "contigs" : "random 80/10/10 by seed",
                       t->regions ? ", sampled" : ""))
        return -1;
    return (!by_contig || t->regions) && tfb_transfer_record_regions(m, j->d.ex, j->d.part) < 0 ? -1 : 0;
}

static int run(args_t *a, int argc, char **argv)
{
    job_t j = {.a = a};
    char identity[900];
    int ret = tfb_ranks_agree(prepare(a, &j));
    snprintf(identity, sizeof identity, "valid=%.200s test=%.200s regions=%" PRId64, a->t.valid ? a->t.valid : "",
             a->t.test ? a->t.test : "", a->t.regions);
    if (ret == 0) ret = tfb_training_run(&a->t, &j.d, identity, describe, &j, argc, argv);
    tfb_training_free(&j.d);
    tfb_motifs_destroy(j.motifs);
    return ret;
}

int tfb_cmd_pretrain(int argc, char **argv)
{
    args_t a = {.t.fit = {.rate = 0.003, .epochs = 15, .batch = 100, .seed = 1}, .arch = "convnet"};
    enum { TARGETS = 256, COMPLETE, GENOME, POLICY, SPEC, MOTIFS };
    static const struct option opts[] = {{"targets", 1, NULL, TARGETS}, {"complete", 0, NULL, COMPLETE},
                                         {"genome", 1, NULL, GENOME},   {"policy", 1, NULL, POLICY},
                                         {"arch", 1, NULL, 'a'},        {"spec", 1, NULL, SPEC},
                                         {"motifs", 1, NULL, MOTIFS},   TFB_TRAINING_OPTIONS};
    int c, bad = 0;
    while ((c = tfb_cmd_getopt(argc, argv, "a:" TFB_TRAINING_LETTERS, opts)) >= 0) switch (c) {
        case 'a': a.arch = optarg; break;
        case TARGETS: a.targets = optarg; break;
        case COMPLETE: a.complete = 1; break;
        case GENOME: a.genome = optarg; break;
        case POLICY: a.policy = optarg; break;
        case SPEC: a.spec = optarg; break;
        case MOTIFS: a.motifs = optarg; break;
        case 'h': usage(stdout); return 0;
        case '?': return 1;
        default: bad |= tfb_training_option(&a.t, c, optarg);
        }
    const char *const need[][2] = {
        {a.t.fasta, "-f ref.fa"}, {a.t.labels, "-l labels.bed.gz"}, {a.t.out, "-o model.safetensors"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("pretrain", argc, argv, usage, need, NULL, NULL)) return 1;
    if (a.t.regions == 1) {
        tfb_error("--regions 1: training wants two regions at least");
        return 1;
    }
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
