/* distill.c - `tfbind distill`: several trained models and labelled regions -> one model that predicts what they do.
 * Options in, calls of the core out. */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/training.h"
#include "nn/installed.h"
#include "train/fit.h"
#include "train/head.h"
#include "train/ranks.h"
#include "train/record.h"
#include "train/teach.h"
#include "train/transfer.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_STUDENT "pooled"

typedef struct {
    tfb_training_t t;
    const char *teachers, *from, *arch, *spec, *motifs, *targets;
} args_t;

static void usage(FILE *f)
{
    fprintf(f,
            "Train one model, the student, to predict what several models, its teachers, predict together.\n"
            "\n"
            "Usage: tfbind distill [options] --teachers MODELS -f ref.fa -l labels.bed.gz -o student.safetensors\n"
            "\n"
            "Teachers\n"
            "      --teachers LIST      model files and folders, comma-separated. For each TF the student learns the\n"
            "                           mean logit of all teachers that predict it, on every window, even if the\n"
            "                           label is unresolved\n"
            "      --hard FLOAT         share of the label in the loss, if it is resolved; the rest is the teachers'\n"
            "                           prediction [0.3]\n"
            "Data\n" TFB_USAGE_FASTA TFB_USAGE_LABELS
            "      --unlabelled FILE    BED or narrowPeak of further windows to train on, without labels\n"
            "      --targets LIST       TFs to learn, comma-separated, or @FILE with one per line [all TFs of\n"
            "                           the labels file]\n"
            "      --regions INT        number of training regions to sample by --seed; validation uses an\n"
            "                           eighth of that number [all]\n"
            "      --chroms LIST        use only regions on these contigs [all]\n"
            "      --valid LIST         contigs for validation [the first teacher's]\n"
            "      --test LIST          contigs for testing [the first teacher's]\n"
            "Student\n"
            "  -a, --arch NAME          %s [%s]\n"
            "      --spec TEXT          your own network, as for pretrain\n"
            "      --motifs FILE        MEME file; the first layer's filters start as motifs of the targets\n"
            "                           [random filters]\n"
            "      --from FILE          start from the weights of this model (excludes -a, --spec and --motifs)\n"
            "Training (teachers score changed windows, but without noise; validation uses the labels alone)\n"
            "  -e, --epochs INT         passes over the training regions [15]\n" TFB_USAGE_BATCH
            "      --rate FLOAT         learning rate of Adam [0.003]\n" TFB_USAGE_STEPS
            "      --seed INT           seed for weights, order and dropout [1]\n" TFB_USAGE_RUN,
            tfb_net_arch_names(), DEFAULT_STUDENT);
}

typedef struct {
    const args_t *a;
    tfb_training_data_t d;
    tfb_teachers_t *teachers;
    tfb_model_t *from;
} job_t;

/* Splits the regions as the first teacher's were, and checks that none held out trained a teacher. 0, or -1 (logged).
 */
static int split(const args_t *a, job_t *j)
{
    const tfb_examples_t *ex = j->d.ex;
    const tfb_model_t *first = tfb_teachers_model(j->teachers, 0);
    if (tfb_transfer_split(first, ex, a->t.valid, a->t.test, TFB_LEAK_REUSE, a->t.fit.seed, j->d.part) < 0) return -1;
    for (int64_t i = ex->n_labelled; i < ex->n; i++) /* windows without labels can only train */
        if (j->d.part[i] != TFB_TRAIN) j->d.part[i] = TFB_UNUSED;
    int64_t n = a->t.regions, n_valid = n / 8 > 10 ? n / 8 : 10;
    if (n && (tfb_transfer_sample(ex, TFB_TRAIN, n, a->t.fit.seed, j->d.part) < 0 ||
              tfb_transfer_sample(ex, TFB_VALID, n_valid, a->t.fit.seed, j->d.part) < 0))
        return -1;
    for (int i = 0; i < tfb_teachers_n(j->teachers); i++) {
        const tfb_model_t *m = tfb_teachers_model(j->teachers, i);
        if (tfb_transfer_check_teacher(m, tfb_teachers_path(j->teachers, i), ex, j->d.part) < 0) return -1;
    }
    return 0;
}

/* Makes the student's network: fresh, or with the weights of --from. 0, or -1 (logged). */
static int make_net(const args_t *a, job_t *j)
{
    const tfb_examples_t *ex = j->d.ex;
    uint64_t seed = a->t.fit.seed;
    if (!a->from) return (j->d.net = tfb_training_net(a->arch, a->spec, a->motifs, seed, ex)) ? 0 : -1;
    char *path = tfb_model_find(a->from);
    j->from = path ? tfb_model_load(path) : NULL;
    free(path);
    if (!j->from) return -1;
    if (j->from->window != ex->window) {
        tfb_error("%s has windows of %d bases, the regions have %d", a->from, j->from->window, ex->window);
        return -1;
    }
    if (!(j->d.net = tfb_transfer_net(j->from, ex->n_targets, 1, seed))) return -1;
    for (int t = 0; t < ex->n_targets; t++) {
        int k = tfb_model_target(j->from, ex->targets[t]);
        if (k >= 0) tfb_head_copy(j->d.net, t, j->from->net, k);
    }
    return 0;
}

/* Reads everything: examples, teachers, the split, and the student. 0, or -1 (logged). */
static int prepare(const args_t *a, job_t *j)
{
    if (tfb_training_load(&a->t, a->targets, 0, 0, &j->d) < 0) return -1;
    const tfb_examples_t *ex = j->d.ex;
    j->teachers = tfb_teachers_open(a->teachers, ex->targets, ex->n_targets, ex->window);
    if (!j->teachers || split(a, j) < 0) return -1;
    tfb_training_count(&j->d);
    tfb_note("%d teacher%s, %" PRId64 " unlabelled windows", tfb_teachers_n(j->teachers),
             tfb_teachers_n(j->teachers) > 1 ? "s" : "", ex->n - ex->n_labelled);
    if (j->d.n[TFB_TRAIN] < 2) {
        tfb_error("no training regions left");
        return -1;
    }
    return make_net(a, j);
}

/* Adds what distillation knows to the model: teachers, genome and labels as theirs, what must not test it. */
static int describe(void *arg, tfb_model_t *m)
{
    static const char *const keep[] = {"genome", "label_policy"};
    const job_t *j = arg;
    const tfb_model_t *first = tfb_teachers_model(j->teachers, 0);
    int by_contig = tfb_model_meta(first, "train_chroms") || j->a->t.valid || j->a->t.test;
    const char *split = by_contig ? "contigs" : "random 80/10/10 by seed";
    int bad = tfb_record_set(m, "teachers", "%s", tfb_teachers_list(j->teachers)) < 0 ||
              tfb_record_set(m, "hard", "%g", j->a->t.fit.hard) < 0 ||
              tfb_record_set(m, "split", "%s%s", split, j->a->t.regions ? ", sampled" : "") < 0;
    for (int i = 0; i < 2 && !bad; i++)
        if (tfb_model_meta(first, keep[i])) bad = tfb_record_set(m, keep[i], "%s", tfb_model_meta(first, keep[i])) < 0;
    for (int i = 0; i < tfb_teachers_n(j->teachers) && !bad; i++)
        bad = tfb_transfer_record_seen(m, tfb_teachers_model(j->teachers, i), TFB_SAMPLED_CONTIGS) < 0;
    if (j->from && !bad)
        bad = tfb_record_set(m, "parent_sha256", "%s", j->from->digest) < 0 ||
              tfb_transfer_record_seen(m, j->from, TFB_SAMPLED_CONTIGS) < 0;
    return bad || ((!by_contig || j->a->t.regions) && tfb_transfer_record_regions(m, j->d.ex, j->d.part) < 0) ? -1 : 0;
}

static int run(args_t *a, int argc, char **argv)
{
    job_t j = {.a = a};
    char identity[900], split[500];
    int ret = tfb_ranks_agree(prepare(a, &j));
    snprintf(identity, sizeof identity, "distill %s from=%s regions=%" PRId64, tfb_training_split(&a->t, split),
             j.from ? j.from->digest : "", a->t.regions);
    a->t.fit.teachers = j.teachers;
    if (ret == 0) ret = tfb_training_run(&a->t, &j.d, identity, describe, &j, argc, argv);
    tfb_training_free(&j.d);
    tfb_teachers_close(j.teachers);
    tfb_model_destroy(j.from);
    return ret;
}

static const tfb_option_t options[] = {
    {"teachers", TFB_TEXT(teachers)},
    {"hard", TFB_NUM(t.fit.hard, 0, 1)},
    {"unlabelled", TFB_TEXT(t.unlabelled)},
    {"targets", TFB_TEXT(targets)},
    {"arch", .id = 'a', TFB_TEXT(arch), .listed = tfb_net_arch_names},
    {"spec", TFB_TEXT(spec)},
    {"motifs", TFB_TEXT(motifs)},
    {"from", TFB_TEXT(from)},
    TFB_OPTIONS_TRAINING(t),
};

int tfb_cmd_distill(int argc, char **argv)
{
    args_t a = {.t.fit = {.rate = 0.003, .epochs = 15, .batch = 100, .seed = 1, .hard = 0.3}};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{a.teachers, "--teachers models"},
                                   {a.t.fasta, "-f ref.fa"},
                                   {a.t.labels, "-l labels.bed.gz"},
                                   {a.t.out, "-o student.safetensors"},
                                   {NULL, NULL}};
    if (tfb_cmd_incomplete("distill", argc, argv, usage, need, NULL, NULL)) return 1;
    if (a.from && (a.arch || a.spec || a.motifs)) {
        tfb_error("--from starts from a model's network and weights: it cannot be used with -a, --spec or --motifs");
        return 1;
    }
    if (!a.arch) a.arch = DEFAULT_STUDENT;
    return tfb_ranks_end(tfb_ranks_begin() < 0 || run(&a, argc, argv) < 0);
}
