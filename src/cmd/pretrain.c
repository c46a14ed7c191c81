/* pretrain.c - `tfbind pretrain`: labels.bed.gz + FASTA -> a multi-task model. Parses options and calls the core. */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/training.h"
#include "genome/build.h"
#include "genome/labels.h"
#include "nn/model.h"
#include "train/fit.h"
#include "train/ranks.h"
#include "train/record.h"
#include "train/transfer.h"
#include <errno.h>
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
    fprintf(f,
            "Train a multi-task model: one output per TF of a labels file.\n"
            "\n"
            "Usage: tfbind pretrain [options] -f ref.fa -l labels.bed.gz -o model.safetensors\n"
            "\n"
            "Data\n" TFB_USAGE_FASTA
            "  -l, --labels FILE        regions and labels: #chrom start end name TF1 TF2 ...;\n"
            "                           1 bound, 0 unbound, . unresolved\n"
            "      --targets LIST       TFs to learn, comma-separated, or @FILE with one per line [all TFs of\n"
            "                           the labels file]\n"
            "      --chroms LIST        use only regions on these contigs [all]\n"
            "      --complete           use only regions resolved for all targets [use all; an unresolved label\n"
            "                           does not enter the loss]\n"
            "      --valid LIST         contigs for validation  } [a random split by --seed: 80 %% training,\n"
            "      --test LIST          contigs for testing     }  10 %% validation, 10 %% test]\n"
            "      --regions INT        number of training regions to sample by --seed; validation uses an\n"
            "                           eighth of that number [all]\n"
            "      --genome NAME        genome build to record in the model [by the FASTA's contig lengths,\n"
            "                           or the name of the file]\n"
            "      --policy NAME        labelling policy to record in the model [name of the labels file]\n"
            "Network\n"
            "  -a, --arch NAME          %s [convnet]\n"
            "      --spec TEXT          your own network, e.g.\n"
            "                           'conv 64 15; bn; relu; pool 4; dense 32; relu; dense 0';\n"
            "                           the last dense layer gets one output per target\n"
            "      --motifs FILE        MEME file; the first layer's filters start as motifs of the targets\n"
            "                           [random filters]\n"
            "Training\n"
            "  -e, --epochs INT         passes over the training regions [15]\n" TFB_USAGE_BATCH
            "      --rate FLOAT         learning rate of Adam [0.003]\n" TFB_USAGE_STEPS
            "      --seed INT           seed for weights, order, dropout and random split [1]\n" TFB_USAGE_RUN "\n"
            "On several machines: mpirun -n N tfbind pretrain ... trains like one process with an N times\n"
            "larger batch (see `man tfbind-pretrain`).\n",
            tfb_net_arch_names());
}

typedef struct {
    const args_t *a;
    tfb_training_data_t d;
    const char *genome; /* to record */
} job_t;

/* Returns the name of a FASTA's genome: that of its build by the lengths of its contigs, else the name of the file. */
static const char *name_genome(const char *path)
{
    tfb_fasta_t *f = tfb_fasta_open(path);
    const tfb_build_t *b = tfb_build_of_fasta(f);
    tfb_fasta_close(f);
    return b ? b->ucsc : tfb_base_name(path);
}

/* Loads the examples, splits them and makes the network to train. 0, or -1 (logged). */
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
    j->genome = a->genome ? a->genome : name_genome(t->fasta);
    tfb_training_count(&j->d);
    int64_t n = j->d.n[TFB_TRAIN];
    if (ex->n_dropped_n) tfb_note("skipped %" PRId64 " regions with N in their sequence", ex->n_dropped_n);
    if (!n) {
        tfb_error("no training regions left");
        return -1;
    }
    if (tfb_training_check_targets(&j->d) < 0) return -1;
    if (n < t->regions) tfb_warn("there are only %" PRId64 " regions to train on, not %" PRId64, n, t->regions);
    return (j->d.net = tfb_training_net(a->arch, a->spec, a->motifs, t->fit.seed, ex)) ? 0 : -1;
}

/* Adds the metadata that only pretrain records. 0 or -1. */
static int describe(void *arg, tfb_model_t *m)
{
    const job_t *j = arg;
    const args_t *a = j->a;
    const tfb_training_t *t = &a->t;
    int by_contig = t->valid || t->test;
    const char *split = by_contig ? "contigs" : "random 80/10/10 by seed";
    const char *policy = a->policy ? a->policy : tfb_base_name(t->labels);
    if (tfb_record_set(m, "genome", "%s", j->genome) || tfb_record_set(m, "label_policy", "%s", policy) ||
        tfb_record_set(m, "split", "%s%s", split, t->regions ? ", sampled" : ""))
        return -1;
    if (by_contig && !t->regions) return 0;
    return tfb_transfer_record_regions(m, j->d.ex, j->d.part);
}

static int run(args_t *a, int argc, char **argv)
{
    job_t j = {.a = a};
    char identity[900], split[500];
    int ret = tfb_ranks_agree(prepare(a, &j));
    snprintf(identity, sizeof identity, "%s regions=%" PRId64, tfb_training_split(&a->t, split), a->t.regions);
    if (ret == 0) ret = tfb_training_run(&a->t, &j.d, identity, describe, &j, argc, argv);
    tfb_training_free(&j.d);
    return ret;
}

static const tfb_option_t options[] = {
    {"targets", TFB_TEXT(targets)},
    {"complete", TFB_FLAG(complete)},
    {"genome", TFB_TEXT(genome)},
    {"policy", TFB_TEXT(policy)},
    {"arch", .id = 'a', TFB_TEXT(arch), .listed = tfb_net_arch_names},
    {"spec", TFB_TEXT(spec)},
    {"motifs", TFB_TEXT(motifs)},
    TFB_OPTIONS_TRAINING(t),
};

int tfb_cmd_pretrain(int argc, char **argv)
{
    args_t a = {.t.fit = {.rate = 0.003, .epochs = 15, .batch = 100, .seed = 1}, .arch = "convnet"};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {
        {a.t.fasta, "-f ref.fa"}, {a.t.labels, "-l labels.bed.gz"}, {a.t.out, "-o model.safetensors"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("pretrain", argc, argv, usage, need, NULL, NULL)) return 1;
    if (a.t.regions == 1) {
        tfb_error("--regions 1: training needs at least two regions");
        return 1;
    }
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
