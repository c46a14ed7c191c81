/* pretrain.c - `tfbind pretrain`: labels.bed.gz + FASTA -> a multi-task model. Options in, one call of the core out. */
#include "config.h"
#include "cmd/cmd.h"
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
    const char *fasta, *labels, *out, *arch, *spec, *motifs, *valid, *test, *targets, *chroms, *genome, *policy;
    int complete, half, threads, resume;
    const char *precision;
    const char *weights;
    double rate, average, balance, decay;
    tfb_schedule_t schedule;
    int epochs, batch, one_strand;
    int64_t regions;
    uint64_t seed;
} args_t;

static void usage(FILE *f)
{
    fprintf(f,
            "Train a multi-task model: one output per TF of a labels file.\n"
            "\n"
            "Usage: tfbind pretrain [options] -f ref.fa -l labels.bed.gz -o model.safetensors\n"
            "\n"
            "Data\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
            "  -l, --labels FILE        regions and labels: #chrom start end name TF1 TF2 ...; 1 bound, 0 unbound, . unresolved\n"
            "      --targets LIST       TFs to learn, comma-separated, or @FILE with one a line [all of the labels file]\n"
            "      --chroms LIST        use only regions of these contigs [all]\n"
            "      --complete           use only regions resolved for all targets [unresolved labels are left out of the loss]\n"
            "      --valid LIST         contigs for validation  } [a random split by --seed: 80 %% training,\n"
            "      --test LIST          contigs for testing     }  10 %% validation, 10 %% test]\n"
            "      --regions INT        train on so many regions, drawn by --seed, and validate on an eighth of that [all]\n"
            "      --genome NAME        name of the genome build, kept in the model [the FASTA's file name]\n"
            "      --policy NAME        name of the labels' policy, kept in the model [the labels' file name]\n"
            "Network\n"
            "  -a, --arch NAME          %s [convnet]\n"
            "      --spec TEXT          a network of your own, e.g. 'conv 64 15; bn; relu; pool 4; dense 32; relu; dense 0';\n"
            "                           the last dense layer's size is set to the number of targets\n"
            "      --motifs FILE        start the first layer's filters from the targets' motifs, a MEME file [random]\n"
            "Training\n"
            "  -e, --epochs INT         passes over the training regions [15]\n"
            "  -b, --batch INT          examples a step; of every process that mpirun starts [100]\n"
            "      --rate FLOAT         Adam's learning rate [0.003]\n"
            "      --schedule NAME      rate over the run: constant, cosine, linear (down to 0) [constant]\n"
            "      --average FLOAT      validate and keep a running average of the weights, of this decay a step [0: off]\n"
            "      --balance FLOAT      weight of a TF in the loss: (bound regions of the TF with most / its own)^FLOAT [0: all alike]\n"
            "      --weights FILE       further weights of TFs in the loss, such as of those that are learnt poorly: TF, tab, weight [1]\n"
            "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
            "      --one-strand         do not add the reverse complements\n"
            "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice as fast) [float32]\n"
            "      --seed INT           of weights, order, dropout and random split [1]\n"
            "      --resume             go on from OUT.ckpt, which is written after every epoch\n"
            "Output\n"
            "  -o, --output FILE        the model, of the epoch with the lowest validation loss\n"
            "      --half               store weights as float16\n"
            "  -@, --threads INT        threads of this process [all processors, or its part of them]; the result does not depend on it\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"
            "  -h, --help               this text\n"
            "\n"
            "On several machines: mpirun -n N tfbind pretrain ... trains as one process with N times the batch does (`man tfbind-pretrain`).\n",
            tfb_net_arch_names());
}

/* "conv ...; dense 0" with the last number replaced by n. */
static char *with_outputs(const char *spec, int n)
{
    size_t len = strlen(spec);
    while (len && (spec[len - 1] == ' ' || spec[len - 1] == ';')) len--;
    while (len && spec[len - 1] >= '0' && spec[len - 1] <= '9') len--;
    char *s = malloc(len + 16);
    if (s) snprintf(s, len + 16, "%.*s%d", (int)len, spec, n);
    return s;
}

typedef struct {
    char **targets, **chroms, *spec;
    tfb_examples_t *ex;
    tfb_motifs_t *motifs;
    tfb_net_t *net;
    uint8_t *part;
    float *weights;
    int64_t n[4];
} job_t;

/* Everything that is read: examples and their split, and a network to train. */
static int prepare(const args_t *a, job_t *j)
{
    int n_targets = 0, n_chroms = 0;
    char err[300];
    if (a->targets && !(j->targets = tfb_cmd_list(a->targets, &n_targets))) return -1;
    if (a->chroms && !(j->chroms = tfb_cmd_list(a->chroms, &n_chroms))) return -1;
    tfb_examples_opt_t eo = {.fasta = a->fasta,
                             .labels = a->labels,
                             .targets = j->targets,
                             .n_targets = n_targets,
                             .complete = a->complete,
                             .chroms = j->chroms,
                             .n_chroms = n_chroms};
    tfb_examples_t *ex = j->ex = tfb_examples_load(&eo);
    if (!ex || !(j->part = tfb_alloc((size_t)ex->n + 1, 1, "the split"))) return -1;
    if (a->weights && !(j->weights = tfb_cmd_weights(a->weights, ex->targets, ex->n_targets))) return -1;
    if (tfb_examples_split(ex, a->valid, a->test, a->seed, j->part) < 0) return -1;
    if (a->regions && (tfb_transfer_sample(ex, TFB_TRAIN, a->regions, a->seed, j->part) < 0 ||
                       tfb_transfer_sample(ex, TFB_VALID, a->regions / 8 > 10 ? a->regions / 8 : 10, a->seed, j->part) < 0))
        return -1;
    int64_t *n = j->n;
    for (int64_t i = 0; i < ex->n; i++) n[j->part[i]]++;
    if (n[0] < a->regions) tfb_warn("there are only %" PRId64 " regions to train on, not %" PRId64, n[0], a->regions);
    tfb_note("%" PRId64 " training, %" PRId64 " validation, %" PRId64 " test regions of %d bases, %d targets", n[0], n[1], n[2], ex->window, ex->n_targets);
    if (ex->n_dropped_n) tfb_note("%" PRId64 " regions with an N in their sequence left out", ex->n_dropped_n);
    if (!n[0]) {
        tfb_error("no regions are left for training");
        return -1;
    }
    if (!n[1]) tfb_warn("no regions for validation: the last epoch will be kept, not the best");
    j->spec = a->spec ? with_outputs(a->spec, ex->n_targets) : tfb_net_arch(a->arch, ex->n_targets);
    if (!j->spec) {
        tfb_error("there is no architecture called '%s' (known: %s)", a->arch, tfb_net_arch_names());
        return -1;
    }
    if (!(j->net = tfb_net_parse(j->spec, ex->window, err, sizeof err))) {
        tfb_error("%s", err);
        return -1;
    }
    tfb_net_init(j->net, a->seed);
    if (a->motifs && (!(j->motifs = tfb_motifs_read(a->motifs)) || tfb_start_motifs(j->net, ex->targets, ex->n_targets, j->motifs) < 0)) return -1;
    return 0;
}

static int run(const args_t *a, int argc, char **argv)
{
    int ret = -1;
    char *ckpt = NULL, *command = NULL, *s = NULL, identity[900];
    job_t j = {0};
    tfb_model_t *m = NULL;
    tfb_pool_t *pool = NULL;
    if (tfb_ranks_agree(prepare(a, &j)) < 0) goto done;
    tfb_examples_t *ex = j.ex;
    const uint8_t *part = j.part;
    if (!(pool = tfb_pool_create(tfb_ranks_threads(a->threads, tfb_cmd_processors()))) || !(ckpt = malloc(strlen(a->out) + 8))) goto done;
    sprintf(ckpt, "%s.ckpt", a->out);
    snprintf(identity, sizeof identity, "valid=%.200s test=%.200s regions=%" PRId64, a->valid ? a->valid : "", a->test ? a->test : "", a->regions);
    tfb_fit_opt_t fo = {.rate = a->rate,
                        .schedule = a->schedule,
                        .epochs = a->epochs,
                        .batch = a->batch,
                        .seed = a->seed,
                        .one_strand = a->one_strand,
                        .average = a->average,
                        .balance = a->balance,
                        .weights = j.weights,
                        .decay = a->decay,
                        .precision = a->precision,
                        .pool = pool,
                        .checkpoint = ckpt,
                        .resume = a->resume,
                        .identity = identity};
    tfb_fit_report_t rep;
    tfb_fit_catch_signals();
    if (tfb_fit(j.net, ex, part, &fo, &rep) < 0) goto done;
    if (rep.interrupted) {
        tfb_warn("stopped after epoch %d; the same command with --resume goes on from %s", rep.epochs_run, ckpt);
        goto done;
    }
    if (tfb_ranks_me() > 0) { /* the rest is files, which rank 0 writes */
        ret = 0;
        goto done;
    }
    m = tfb_model_create(j.net, ex->targets, ex->n_targets);
    j.net = NULL;
    if (!m || !(command = tfb_record_command(argc, argv))) goto done;
    const char *base = strrchr(a->fasta, '/'), *lbase = strrchr(a->labels, '/');
    int by_contig = a->valid || a->test;
    int bad = tfb_record_set(m, "tfbind_version", "%s", PACKAGE_VERSION) || tfb_record_set(m, "command", "tfbind %s", command) ||
              tfb_record_set(m, "genome", "%s",
                             a->genome ? a->genome
                             : base    ? base + 1
                                       : a->fasta) ||
              tfb_record_set(m, "label_policy", "%s",
                             a->policy ? a->policy
                             : lbase   ? lbase + 1
                                       : a->labels) ||
              tfb_record_set(m, "data_digest", "%s", ex->digest) ||
              tfb_record_set(m, "split", "%s%s", by_contig ? "contigs" : "random 80/10/10 by seed", a->regions ? ", sampled" : "") ||
              tfb_record_set(m, "seed", "%" PRIu64, a->seed) || tfb_record_set(m, "n_train", "%" PRId64, j.n[0]) ||
              tfb_record_set(m, "epoch", "%d", rep.best_epoch) || tfb_record_set(m, "epochs", "%d", rep.epochs_run) ||
              tfb_record_set(m, "valid_loss", "%.6f", rep.best_loss) || tfb_record_set(m, "train_loss", "%.6f", rep.train_loss);
    if (tfb_ranks_n() > 1) bad |= tfb_record_set(m, "ranks", "%d", tfb_ranks_n());
    const char *keys[] = {"train_chroms", "valid", "test"};
    for (int k = 0; k < 3 && !bad; k++) {
        if (!(s = tfb_record_contigs(ex, part, k))) goto done;
        bad = tfb_record_set(m, keys[k], "%s", s);
        free(s);
    }
    if (!by_contig || a->regions) bad |= tfb_transfer_record_regions(m, ex, part) < 0;
    if (bad || tfb_record_metrics(m, ex, part, TFB_VALID, pool, "valid_metrics") < 0 || tfb_record_metrics(m, ex, part, TFB_TEST, pool, "test_metrics") < 0 ||
        tfb_model_save(m, a->out, a->half) < 0)
        goto done;
    unlink(ckpt);
    tfb_note("%s: epoch %d of %d, validation loss %.5f, %.0f regions/s in training, SHA-256 %.12s", a->out, rep.best_epoch, rep.epochs_run, rep.best_loss,
             rep.per_second, m->digest);
    ret = 0;
done:
    tfb_strv_free(j.targets);
    tfb_strv_free(j.chroms);
    tfb_examples_destroy(j.ex);
    tfb_motifs_destroy(j.motifs);
    tfb_net_destroy(j.net);
    tfb_model_destroy(m);
    tfb_pool_destroy(pool);
    free(j.part);
    free(j.weights);
    free(j.spec);
    free(ckpt);
    free(command);
    return ret;
}

int tfb_cmd_pretrain(int argc, char **argv)
{
    args_t a = {.arch = "convnet", .rate = 0.003, .epochs = 15, .batch = 100, .seed = 1};
    enum {
        TARGETS = 256,
        CHROMS,
        COMPLETE,
        VALID,
        TEST,
        GENOME,
        POLICY,
        SPEC,
        RATE,
        SCHEDULE,
        AVERAGE,
        ONE,
        SEED,
        RESUME,
        HALF,
        MOTIFS,
        BALANCE,
        WEIGHTS,
        DECAY,
        PRECISION,
        REGIONS
    };
    static const struct option opts[] = {{"fasta-ref", 1, NULL, 'f'},
                                         {"labels", 1, NULL, 'l'},
                                         {"targets", 1, NULL, TARGETS},
                                         {"chroms", 1, NULL, CHROMS},
                                         {"complete", 0, NULL, COMPLETE},
                                         {"valid", 1, NULL, VALID},
                                         {"test", 1, NULL, TEST},
                                         {"genome", 1, NULL, GENOME},
                                         {"policy", 1, NULL, POLICY},
                                         {"arch", 1, NULL, 'a'},
                                         {"spec", 1, NULL, SPEC},
                                         {"epochs", 1, NULL, 'e'},
                                         {"batch", 1, NULL, 'b'},
                                         {"rate", 1, NULL, RATE},
                                         {"schedule", 1, NULL, SCHEDULE},
                                         {"average", 1, NULL, AVERAGE},
                                         {"one-strand", 0, NULL, ONE},
                                         {"seed", 1, NULL, SEED},
                                         {"resume", 0, NULL, RESUME},
                                         {"output", 1, NULL, 'o'},
                                         {"half", 0, NULL, HALF},
                                         {"motifs", 1, NULL, MOTIFS},
                                         {"balance", 1, NULL, BALANCE},
                                         {"weights", 1, NULL, WEIGHTS},
                                         {"regions", 1, NULL, REGIONS},
                                         {"decay", 1, NULL, DECAY},
                                         {"precision", 1, NULL, PRECISION},
                                         {"threads", 1, NULL, '@'},
                                         {"verbosity", 1, NULL, 'v'},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    int c, bad = 0;
    long v = 1;
    while ((c = getopt_long(argc, argv, "f:l:a:e:b:o:@:v:h", opts, NULL)) >= 0) switch (c) {
        case 'f': a.fasta = optarg; break;
        case 'l': a.labels = optarg; break;
        case 'o': a.out = optarg; break;
        case 'a': a.arch = optarg; break;
        case 'e': bad |= tfb_cmd_int("epochs", optarg, 1, 100000, &v), a.epochs = (int)v; break;
        case 'b': bad |= tfb_cmd_int("batch", optarg, 2, 65536, &v), a.batch = (int)v; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 1, 1024, &v), a.threads = (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level((int)v); break;
        case TARGETS: a.targets = optarg; break;
        case CHROMS: a.chroms = optarg; break;
        case COMPLETE: a.complete = 1; break;
        case VALID: a.valid = optarg; break;
        case TEST: a.test = optarg; break;
        case REGIONS: bad |= tfb_cmd_int("regions", optarg, 2, INT32_MAX, &v), a.regions = v; break;
        case GENOME: a.genome = optarg; break;
        case POLICY: a.policy = optarg; break;
        case SPEC: a.spec = optarg; break;
        case RATE: bad |= tfb_cmd_double("rate", optarg, 1e-9, 10, &a.rate); break;
        case AVERAGE: bad |= tfb_cmd_double("average", optarg, 0, 0.999999, &a.average); break;
        case SCHEDULE: bad |= tfb_cmd_schedule(optarg, (int *)&a.schedule); break;
        case ONE: a.one_strand = 1; break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), a.seed = (uint64_t)v; break;
        case RESUME: a.resume = 1; break;
        case HALF: a.half = 1; break;
        case MOTIFS: a.motifs = optarg; break;
        case WEIGHTS: a.weights = optarg; break;
        case BALANCE: bad |= tfb_cmd_double("balance", optarg, 0, 1, &a.balance); break;
        case DECAY: bad |= tfb_cmd_double("decay", optarg, 0, 100, &a.decay); break;
        case PRECISION: bad |= tfb_cmd_precision(optarg), a.precision = strcmp(optarg, "float32") ? optarg : NULL; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    const char *const need[][2] = {{a.fasta, "-f ref.fa"}, {a.labels, "-l labels.bed.gz"}, {a.out, "-o model.safetensors"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("pretrain", argc, argv, usage, need)) return 1;
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
