/* finetune.c - `tfbind finetune`: a pre-trained model -> a model of one TF or a few. Options in, calls of the core out. */
#include "config.h"
#include "cmd/cmd.h"
#include "nn/model.h"
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
    const char *from, *target, *fasta, *labels, *out, *freeze, *valid, *test, *chroms;
    int64_t regions;
    int unbalanced, scratch, epochs, batch, threads, half, resume, one_strand;
    const char *precision;
    const char *weights;
    double rate, average, balance, decay;
    tfb_schedule_t schedule;
    tfb_leak_t leak;
    uint64_t seed;
} args_t;

static void usage(FILE *f)
{
    fprintf(f, "Fine-tune a pre-trained model for a TF of which some hundred bound regions are known: its last layer is replaced by a fresh one,\n"
               "and everything is trained on at a ten times lower rate (Novakovsky et al. 2021).\n"
               "\n"
               "Usage: tfbind finetune [options] --from model.safetensors --target TF -f ref.fa -l labels.bed.gz -o tf.safetensors\n"
               "\n"
               "      --from FILE          pre-trained model\n"
               "      --target LIST        TF to learn, a column of the labels; the model need not know it. Several: a joint model of them\n"
               "      --from-scratch       the control: the same network and data, fresh weights, rate 0.003\n"
               "      --freeze WHAT        layers not to train: none, conv, all-but-last, or everything up to a named layer [none]\n"
               "Data\n"
               "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
               "  -l, --labels FILE        regions and labels, as for pretrain\n"
               "      --regions INT        train on so many bound regions, drawn by --seed, and validate on an eighth of that [all]\n"
               "      --unbalanced         use every unbound region [as many as bound ones, matched by GC content in 10 bins]\n"
               "      --chroms LIST        use only regions of these contigs [all]\n"
               "      --valid LIST         contigs for validation  } [a random split by --seed: 80 %% training,\n"
               "      --test LIST          contigs for testing     }  10 %% validation, 10 %% test]\n"
               "Leaks: regions that trained or validated the parent are dropped, as published, so that nothing it has seen tests the child.\n"
               "      --reuse-training     let them train again; they still neither validate nor test\n"
               "      --allow-leak         use them like any other (recorded in the model)\n"
               "Training\n"
               "  -e, --epochs INT         passes over the training regions [10]\n"
               "  -b, --batch INT          examples a step; of every process that mpirun starts [100]\n"
               "      --rate FLOAT         Adam's learning rate [0.0003; 0.003 from scratch]\n"
               "      --schedule NAME      constant, cosine or linear [constant]\n"
               "      --average FLOAT      validate and keep a running average of the weights [0: off]\n"
               "      --balance FLOAT      with several targets: weight of a TF in the loss, (bound regions of the TF with most / its own)^FLOAT [0]\n"
               "      --weights FILE       further weights of TFs in the loss: TF, tab, weight [1]\n"
               "      --decay FLOAT        weight decay, decoupled from the gradient [0]\n"
               "      --one-strand         do not add the reverse complements\n"
               "      --precision NAME     of matrix products: float32, or bfloat16 on processors with AMX (twice as fast) [float32]\n"
               "      --seed INT           of sample, new weights, order and dropout [1]\n"
               "      --resume             go on from OUT.ckpt\n"
               "Output\n"
               "  -o, --output FILE        the model, of the epoch with the lowest validation loss\n"
               "      --half               store weights as float16\n"
               "  -@, --threads INT        threads of this process [all processors, or its part of them]\n"
               "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n"
               "  -h, --help               this text\n");
}

/* Training, validation and test regions: split, kept apart from the parent's, sampled. */
static int choose_regions(const args_t *a, const tfb_model_t *parent, const tfb_examples_t *ex, uint8_t *part, int64_t n[4])
{
    if (tfb_examples_split(ex, a->valid, a->test, a->seed, part) < 0) return -1;
    int64_t dropped = a->scratch && a->leak == TFB_LEAK_ALLOW ? 0 : tfb_transfer_drop(parent, ex, a->leak, part), bound;
    if (dropped < 0) return -1;
    if (dropped) tfb_note("%" PRId64 " regions dropped because they trained or validated the parent", dropped);
    if (ex->n_targets == 1 && !a->unbalanced) {
        int64_t bound_valid, valid = a->regions ? (a->regions / 8 > 10 ? a->regions / 8 : 10) : 0;
        if (tfb_transfer_balance(ex, 0, TFB_TRAIN, a->regions, a->seed, part, &bound) < 0) return -1;
        if (!bound) {
            tfb_error("no regions are left for training: none with %s bound%s", ex->targets[0],
                      dropped ? "; the parent has seen the others (--reuse-training lets them train again)" : "");
            return -1;
        }
        if (a->regions && bound < a->regions) tfb_warn("%s has only %" PRId64 " bound regions to train on, not %" PRId64, ex->targets[0], bound, a->regions);
        if (tfb_transfer_balance(ex, 0, TFB_VALID, valid, a->seed, part, &bound_valid) < 0) return -1;
    }
    memset(n, 0, 4 * sizeof *n);
    for (int64_t i = 0; i < ex->n; i++) n[part[i]]++;
    if (ex->n_targets == 1 && !a->unbalanced && n[TFB_TRAIN] < 2 * bound)
        tfb_warn("%s has only %" PRId64 " unbound regions to train on beside %" PRId64 " bound ones", ex->targets[0], n[TFB_TRAIN] - bound, bound);
    if (n[TFB_TRAIN] < 2) {
        tfb_error("no regions are left for training%s", dropped ? ": the parent has seen them all (--reuse-training lets them train again)" : "");
        return -1;
    }
    if (!n[TFB_VALID]) tfb_warn("no regions for validation: the last epoch will be kept, not the best");
    tfb_note("%" PRId64 " training, %" PRId64 " validation, %" PRId64 " test regions of %d bases, %d target%s", n[0], n[1], n[2], ex->window, ex->n_targets,
             ex->n_targets > 1 ? "s" : "");
    return 0;
}

static int describe(const args_t *a, tfb_model_t *m, const tfb_model_t *parent, const tfb_examples_t *ex, const uint8_t *part, const int64_t n[4],
                    const tfb_fit_report_t *rep, const char *command)
{
    static const char *const leak[] = {"dropped", "training regions reused for training", "allowed"};
    static const char *const keep[] = {"genome", "label_policy"};
    int bad = tfb_record_set(m, "tfbind_version", "%s", PACKAGE_VERSION) || tfb_record_set(m, "command", "tfbind %s", command) ||
              tfb_record_set(m, "data_digest", "%s", ex->digest) || tfb_record_set(m, "seed", "%" PRIu64, a->seed) ||
              tfb_record_set(m, "n_train", "%" PRId64, n[TFB_TRAIN]) || tfb_record_set(m, "epoch", "%d", rep->best_epoch) ||
              tfb_record_set(m, "epochs", "%d", rep->epochs_run) || tfb_record_set(m, "valid_loss", "%.6f", rep->best_loss) ||
              tfb_record_set(m, "train_loss", "%.6f", rep->train_loss) || tfb_record_set(m, "freeze", "%s", a->freeze) ||
              tfb_record_set(m, "leak", "%s", leak[a->leak]) ||
              tfb_record_set(m, "split", a->valid || a->test ? "contigs, sampled" : "random 80/10/10 by seed");
    if (tfb_ranks_n() > 1) bad |= tfb_record_set(m, "ranks", "%d", tfb_ranks_n());
    if (!a->scratch) bad |= tfb_record_set(m, "parent_sha256", "%s", parent->digest) || tfb_transfer_record_ancestors(m, parent) < 0;
    for (int i = 0; i < 2; i++)
        if (tfb_model_meta(parent, keep[i])) bad |= tfb_record_set(m, keep[i], "%s", tfb_model_meta(parent, keep[i]));
    static const char *const keys[] = {"train_chroms", "valid", "test"};
    for (int k = 0; k < 3 && !bad; k++) {
        char *s = tfb_record_contigs(ex, part, k);
        bad = !s || tfb_record_set(m, keys[k], "%s", s);
        free(s);
    }
    return bad || tfb_transfer_record_regions(m, ex, part) < 0 ? -1 : 0;
}

typedef struct {
    char **targets, **chroms;
    tfb_model_t *parent;
    tfb_examples_t *ex;
    tfb_net_t *net;
    uint8_t *part, *frozen;
    float *weights;
    int64_t n[4];
} job_t;

/* Everything that is read: the parent, examples and their split, and the network to train on. */
static int prepare(const args_t *a, job_t *j)
{
    int n_targets = 0, n_chroms = 0;
    if (!(j->parent = tfb_model_load(a->from)) || !(j->targets = tfb_cmd_list(a->target, &n_targets))) return -1;
    if (a->chroms && !(j->chroms = tfb_cmd_list(a->chroms, &n_chroms))) return -1;
    tfb_examples_opt_t eo = {.fasta = a->fasta,
                             .labels = a->labels,
                             .targets = j->targets,
                             .n_targets = n_targets,
                             .chroms = j->chroms,
                             .n_chroms = n_chroms,
                             .window = j->parent->window};
    if (!(j->ex = tfb_examples_load(&eo)) || !(j->part = tfb_alloc((size_t)j->ex->n + 1, 1, "the split"))) return -1;
    if (a->weights && !(j->weights = tfb_cmd_weights(a->weights, j->ex->targets, j->ex->n_targets))) return -1;
    if (choose_regions(a, j->parent, j->ex, j->part, j->n) < 0) return -1;
    if (!(j->net = tfb_transfer_net(j->parent, n_targets, !a->scratch, a->seed)) || !(j->frozen = tfb_alloc((size_t)j->net->n_layers, 1, "layers"))) return -1;
    return tfb_transfer_freeze(j->net, a->freeze, j->frozen);
}

static int run(const args_t *a, int argc, char **argv)
{
    int ret = -1;
    char *ckpt = NULL, *command = NULL, identity[900];
    job_t j = {0};
    tfb_model_t *m = NULL;
    tfb_pool_t *pool = NULL;
    if (tfb_ranks_agree(prepare(a, &j)) < 0) goto done;
    const tfb_model_t *parent = j.parent;
    const tfb_examples_t *ex = j.ex;
    const uint8_t *part = j.part;
    if (!(pool = tfb_pool_create(tfb_ranks_threads(a->threads, tfb_cmd_processors()))) || !(ckpt = malloc(strlen(a->out) + 8)) ||
        !(command = tfb_record_command(argc, argv)))
        goto done;
    sprintf(ckpt, "%s.ckpt", a->out);
    snprintf(identity, sizeof identity, "valid=%.200s test=%.200s from=%s %d regions=%" PRId64 " %d leak=%d", a->valid ? a->valid : "", a->test ? a->test : "",
             parent->digest, a->scratch, a->regions, a->unbalanced, (int)a->leak);
    tfb_fit_opt_t fo = {.rate = a->rate > 0  ? a->rate
                                : a->scratch ? 0.003
                                             : 0.0003,
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
                        .frozen = j.frozen,
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
    if (!m || describe(a, m, parent, ex, part, j.n, &rep, command) < 0 || tfb_record_metrics(m, ex, part, TFB_VALID, pool, "valid_metrics") < 0 ||
        tfb_record_metrics(m, ex, part, TFB_TEST, pool, "test_metrics") < 0 || tfb_model_save(m, a->out, a->half) < 0)
        goto done;
    unlink(ckpt);
    tfb_note("%s: epoch %d of %d, validation loss %.5f, SHA-256 %.12s", a->out, rep.best_epoch, rep.epochs_run, rep.best_loss, m->digest);
    ret = 0;
done:
    tfb_strv_free(j.targets);
    tfb_strv_free(j.chroms);
    tfb_examples_destroy(j.ex);
    tfb_net_destroy(j.net);
    tfb_model_destroy(m);
    tfb_model_destroy(j.parent);
    tfb_pool_destroy(pool);
    free(j.part);
    free(j.weights);
    free(j.frozen);
    free(ckpt);
    free(command);
    return ret;
}

int tfb_cmd_finetune(int argc, char **argv)
{
    args_t a = {.freeze = "none", .epochs = 10, .batch = 100, .seed = 1};
    enum {
        FROM = 256,
        TARGET,
        SCRATCH,
        FREEZE,
        REGIONS,
        UNBALANCED,
        CHROMS,
        VALID,
        TEST,
        REUSE,
        ALLOW,
        RATE,
        SCHEDULE,
        AVERAGE,
        ONE,
        SEED,
        RESUME,
        HALF,
        BALANCE,
        WEIGHTS,
        DECAY,
        PRECISION
    };
    static const struct option opts[] = {{"from", 1, NULL, FROM},
                                         {"target", 1, NULL, TARGET},
                                         {"targets", 1, NULL, TARGET},
                                         {"from-scratch", 0, NULL, SCRATCH},
                                         {"freeze", 1, NULL, FREEZE},
                                         {"fasta-ref", 1, NULL, 'f'},
                                         {"labels", 1, NULL, 'l'},
                                         {"regions", 1, NULL, REGIONS},
                                         {"unbalanced", 0, NULL, UNBALANCED},
                                         {"chroms", 1, NULL, CHROMS},
                                         {"valid", 1, NULL, VALID},
                                         {"test", 1, NULL, TEST},
                                         {"reuse-training", 0, NULL, REUSE},
                                         {"allow-leak", 0, NULL, ALLOW},
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
                                         {"balance", 1, NULL, BALANCE},
                                         {"weights", 1, NULL, WEIGHTS},
                                         {"decay", 1, NULL, DECAY},
                                         {"precision", 1, NULL, PRECISION},
                                         {"threads", 1, NULL, '@'},
                                         {"verbosity", 1, NULL, 'v'},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    int c, bad = 0;
    long v = 1;
    while ((c = getopt_long(argc, argv, "f:l:e:b:o:@:v:h", opts, NULL)) >= 0) switch (c) {
        case 'f': a.fasta = optarg; break;
        case 'l': a.labels = optarg; break;
        case 'o': a.out = optarg; break;
        case 'e': bad |= tfb_cmd_int("epochs", optarg, 1, 100000, &v), a.epochs = (int)v; break;
        case 'b': bad |= tfb_cmd_int("batch", optarg, 2, 65536, &v), a.batch = (int)v; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 1, 1024, &v), a.threads = (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level((int)v); break;
        case FROM: a.from = optarg; break;
        case TARGET: a.target = optarg; break;
        case SCRATCH: a.scratch = 1; break;
        case FREEZE: a.freeze = optarg; break;
        case REGIONS: bad |= tfb_cmd_int("regions", optarg, 1, INT32_MAX, &v), a.regions = v; break;
        case UNBALANCED: a.unbalanced = 1; break;
        case CHROMS: a.chroms = optarg; break;
        case VALID: a.valid = optarg; break;
        case TEST: a.test = optarg; break;
        case REUSE: a.leak = TFB_LEAK_REUSE; break;
        case ALLOW: a.leak = TFB_LEAK_ALLOW; break;
        case RATE: bad |= tfb_cmd_double("rate", optarg, 1e-9, 10, &a.rate); break;
        case AVERAGE: bad |= tfb_cmd_double("average", optarg, 0, 0.999999, &a.average); break;
        case SCHEDULE: bad |= tfb_cmd_schedule(optarg, (int *)&a.schedule); break;
        case ONE: a.one_strand = 1; break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), a.seed = (uint64_t)v; break;
        case RESUME: a.resume = 1; break;
        case HALF: a.half = 1; break;
        case WEIGHTS: a.weights = optarg; break;
        case BALANCE: bad |= tfb_cmd_double("balance", optarg, 0, 1, &a.balance); break;
        case DECAY: bad |= tfb_cmd_double("decay", optarg, 0, 100, &a.decay); break;
        case PRECISION: bad |= tfb_cmd_precision(optarg), a.precision = strcmp(optarg, "float32") ? optarg : NULL; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    const char *const need[][2] = {{a.from, "--from model.safetensors"}, {a.target, "--target TF"},    {a.fasta, "-f ref.fa"},
                                   {a.labels, "-l labels.bed.gz"},       {a.out, "-o tf.safetensors"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("finetune", argc, argv, usage, need)) return 1;
    if (a.regions && (a.unbalanced || strchr(a.target, ','))) {
        tfb_error("--regions samples the regions of one target, balanced: it makes no sense with %s", a.unbalanced ? "--unbalanced" : "several targets");
        return 1;
    }
    if (a.scratch && strcmp(a.freeze, "none")) {
        tfb_error("--from-scratch leaves nothing worth freezing: --freeze %s makes no sense with it", a.freeze);
        return 1;
    }
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
