/* evaluate.c - `tfbind evaluate`: a model's predictions against labels, a row a target. */
#include "cmd/cmd.h"
#include "genome/labels.h"
#include "nn/infer.h"
#include "train/fit.h"
#include "train/metrics.h"
#include "train/transfer.h"
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *model, *fasta, *labels, *chroms, *tf, *out, *predictions;
    tfb_strand_t strand;
    int threads, bootstrap, balanced;
    uint64_t seed;
} args_t;

static void usage(FILE *f)
{
    fprintf(f, "Compare a model's predictions with labels: a table with one header line, a row per target, and their mean.\n"
               "\n"
               "Usage: tfbind evaluate [options] -m model.safetensors -f ref.fa -l labels.bed.gz\n"
               "\n"
               "  -m, --model FILE         model\n"
               "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
               "  -l, --labels FILE        regions and labels, as for pretrain\n"
               "      --chroms LIST        only regions of these contigs [all]\n"
               "      --tf LIST            only these targets [those that model and labels share]\n"
               "      --strand WHICH       both, fwd or rev [both: the mean of the logits]\n"
               "      --balanced           compare on each target's bound regions and as many unbound ones, matched by GC content in 10 bins and\n"
               "                           drawn by --seed, as the published single-TF models were tested [all resolved regions]\n"
               "      --bootstrap INT      95 %% intervals of AUROC, AUPRC and MCC from so many resamplings of the regions [0]\n"
               "      --seed INT           of the bootstrap and of --balanced [1]\n"
               "      --predictions FILE   also write the logits of each region compared, tab-separated\n"
               "  -o, --output FILE        the table [standard output]\n"
               "  -@, --threads INT        threads in all [all processors]\n"
               "  -h, --help               this text\n"
               "\n"
               "n and n_bound count the regions compared. Measures are `.` for targets with fewer than 10 regions of either class; mcc, precision,\n"
               "recall and accuracy are at a probability of 0.5. The last row is the mean over targets with measures, n their number.\n");
}

static void put(FILE *f, double v)
{
    if (isnan(v))
        fputs("\t.", f);
    else
        fprintf(f, "\t%.4f", v);
}

/* Contigs that are both evaluated and in the training list of the model or of one that it was fine-tuned from. */
static void warn_of_leak(const tfb_model_t *m, const tfb_examples_t *ex)
{
    static const char *const keys[] = {"train_chroms", "ancestor_chroms"};
    const char *split = tfb_model_meta(m, "split"), *where = NULL;
    int hits = 0;
    for (int k = 0; k < 2; k++) {
        const char *list = tfb_model_meta(m, keys[k]);
        int n = 0, before = hits;
        char **v = list && *list ? tfb_split(list, ',', &n) : NULL;
        for (int c = 0; v && c < ex->n_contigs; c++) {
            int hit = 0;
            for (int i = 0; i < n; i++) hit |= strcmp(v[i], ex->contigs[c]) == 0;
            hits += hit;
        }
        if (hits > before) where = k == 0 && split && strncmp(split, "random", 6) == 0 ? "a random split" : list;
        tfb_strv_free(v);
        if (hits) break;
    }
    if (hits) tfb_warn("%s: the model was trained on regions of %d of these contigs; held-out ones give honest numbers", where, hits);
}

/* Which regions count for which target: take (n, T). All resolved ones, or a balanced sample of them. */
static uint8_t *choose(const args_t *a, const tfb_examples_t *ex)
{
    int T = ex->n_targets;
    uint8_t *take = tfb_alloc((size_t)ex->n * (size_t)T, 1, "the regions to compare"), *part = tfb_alloc((size_t)ex->n, 1, "the regions to compare");
    int64_t bound;
    for (int t = 0; take && part && t < T; t++) {
        memset(part, TFB_TEST, (size_t)ex->n);
        if (a->balanced && tfb_transfer_balance(ex, t, TFB_TEST, 0, a->seed, part, &bound) < 0) {
            free(take);
            take = NULL;
            break;
        }
        for (int64_t i = 0; i < ex->n; i++) take[i * T + t] = part[i] == TFB_TEST && tfb_examples_label(ex, i, t) != TFB_NULL;
    }
    if (!part) free(take), take = NULL;
    free(part);
    return take;
}

/* The n regions idx of ex, and their logits z (n, T). */
static int write_predictions(const args_t *a, const tfb_examples_t *ex, const uint32_t *idx, int64_t n, const float *z)
{
    tfb_out_t *whole;
    FILE *f = tfb_out_open(a->predictions, &whole);
    if (!f) return -1;
    fprintf(f, "#chrom\tstart\tend");
    for (int t = 0; t < ex->n_targets; t++) fprintf(f, "\t%s", ex->targets[t]);
    for (int64_t i = 0; i < n; i++) {
        uint32_t k = idx[i];
        fprintf(f, "\n%s\t%u\t%u", ex->contigs[ex->contig[k]], ex->beg[k], ex->beg[k] + (uint32_t)ex->window);
        for (int t = 0; t < ex->n_targets; t++) fprintf(f, "\t%.5f", (double)z[(size_t)i * (size_t)ex->n_targets + (size_t)t]);
    }
    fputc('\n', f);
    return tfb_out_close(f, whole, 1);
}

static int table(const args_t *a, const tfb_examples_t *ex, const uint8_t *take, const uint32_t *idx, int64_t n, const float *z, FILE *f)
{
    int T = ex->n_targets, n_mean = 0;
    double sum[6] = {0};
    uint8_t *label = tfb_alloc((size_t)n, 1, "labels");
    if (!label) return -1;
    fprintf(f, "target\tn\tn_bound\tauroc\tauprc\tmcc\tprecision\trecall\taccuracy%s\n",
            a->bootstrap ? "\tauroc_low\tauroc_high\tauprc_low\tauprc_high\tmcc_low\tmcc_high" : "");
    for (int t = 0; t < T; t++) {
        tfb_metrics_t m;
        for (int64_t i = 0; i < n; i++) label[i] = take[(int64_t)idx[i] * T + t] ? (uint8_t)tfb_examples_label(ex, idx[i], t) : TFB_NULL;
        if (tfb_metrics_compute(z + t, T, label, 1, n, 10, &m) < 0) goto fail;
        const double v[6] = {m.auroc, m.auprc, m.mcc, m.precision, m.recall, m.accuracy};
        fprintf(f, "%s\t%" PRId64 "\t%" PRId64, ex->targets[t], m.n, m.n_bound);
        for (int k = 0; k < 6; k++) put(f, v[k]);
        if (!isnan(m.auroc)) {
            for (int k = 0; k < 6; k++) sum[k] += v[k];
            n_mean++;
        }
        if (a->bootstrap) {
            double ci[3][2] = {{NAN, NAN}, {NAN, NAN}, {NAN, NAN}};
            if (!isnan(m.auroc) && tfb_metrics_bootstrap(z + t, T, label, 1, n, a->bootstrap, a->seed, ci) < 0) goto fail;
            for (int k = 0; k < 3; k++) put(f, ci[k][0]), put(f, ci[k][1]);
        }
        fputc('\n', f);
    }
    fprintf(f, "mean\t%d\t.", n_mean);
    for (int k = 0; k < 6; k++) put(f, n_mean ? sum[k] / n_mean : NAN);
    for (int k = 0; a->bootstrap && k < 6; k++) fputs("\t.", f);
    fputc('\n', f);
    free(label);
    return 0;
fail:
    free(label);
    return -1;
}

static int run(const args_t *a)
{
    int ret = -1, n = 0, n_chroms = 0, n_col = 0, *target = NULL;
    char **names = NULL, **chroms = NULL;
    tfb_examples_t *ex = NULL;
    tfb_labels_t *l = NULL;
    tfb_pool_t *pool = NULL;
    tfb_infer_t *f = NULL;
    uint8_t *code = NULL, *take = NULL;
    uint32_t *idx = NULL;
    int64_t n_idx = 0;
    float *z = NULL;
    tfb_out_t *whole;
    FILE *out;
    tfb_model_t *m = tfb_model_load(a->model);
    if (!m || !(target = tfb_model_targets_parse(m, a->tf ? a->tf : "all", &n)) || !(l = tfb_labels_open(a->labels))) goto done;
    /* targets that both sides have; asked for by name, each must be there */
    if (!(names = calloc((size_t)n + 1, sizeof *names))) goto done;
    for (int i = 0; i < n; i++) {
        const char *name = m->targets[target[i]];
        int have = 0;
        for (int k = 0; k < tfb_labels_n_tfs(l); k++) have |= strcmp(tfb_labels_tfs(l)[k], name) == 0;
        if (!have && a->tf) {
            tfb_error("%s has no labels of %s", a->labels, name);
            goto done;
        }
        if (!have) continue;
        if (!(names[n_col] = strdup(name))) goto done;
        target[n_col++] = target[i];
    }
    if (!n_col) {
        tfb_error("%s has labels of none of the model's %d targets", a->labels, n);
        goto done;
    }
    if (n_col < n) tfb_note("%d of the model's %d targets have labels in %s", n_col, n, a->labels);
    if (a->chroms && !(chroms = tfb_cmd_list(a->chroms, &n_chroms))) goto done;
    tfb_examples_opt_t eo = {
        .fasta = a->fasta, .labels = a->labels, .targets = names, .n_targets = n_col, .chroms = chroms, .n_chroms = n_chroms, .window = m->window};
    if (!(ex = tfb_examples_load(&eo))) goto done;
    warn_of_leak(m, ex);
    if (!(pool = tfb_pool_create(a->threads)) || !(f = tfb_infer_create(m, target, n_col, pool))) goto done;
    if (!(take = choose(a, ex)) || !(idx = tfb_alloc((size_t)ex->n, sizeof *idx, "the regions to compare"))) goto done;
    for (int64_t i = 0; i < ex->n; i++)
        if (memchr(take + i * n_col, 1, (size_t)n_col)) idx[n_idx++] = (uint32_t)i;
    enum { BLOCK = 4096 };
    if (!(z = tfb_alloc((size_t)n_idx * (size_t)n_col, sizeof *z, "logits")) || !(code = tfb_alloc((size_t)BLOCK * (size_t)m->window, 1, "windows"))) goto done;
    for (int64_t i = 0; i < n_idx; i += BLOCK) {
        int64_t k = n_idx - i < BLOCK ? n_idx - i : BLOCK;
        for (int64_t q = 0; q < k; q++) tfb_examples_codes(ex, idx[i + q], 0, code + q * m->window);
        if (tfb_infer_windows(f, code, NULL, k, a->strand, z + i * n_col) < 0) goto done;
    }
    if (a->predictions && write_predictions(a, ex, idx, n_idx, z) < 0) goto done;
    if (!(out = tfb_out_open(a->out, &whole))) goto done;
    ret = table(a, ex, take, idx, n_idx, z, out);
    ret = tfb_out_close(out, whole, ret == 0);
done:
    tfb_labels_close(l);
    tfb_examples_destroy(ex);
    tfb_infer_destroy(f);
    tfb_pool_destroy(pool);
    tfb_model_destroy(m);
    tfb_strv_free(names);
    tfb_strv_free(chroms);
    free(target);
    free(code);
    free(take);
    free(idx);
    free(z);
    return ret;
}

int tfb_cmd_evaluate(int argc, char **argv)
{
    args_t a = {.threads = tfb_cmd_processors(), .seed = 1};
    enum { CHROMS = 256, TF, STRAND, BALANCED, BOOTSTRAP, SEED, PREDICTIONS };
    static const struct option opts[] = {{"model", 1, NULL, 'm'},
                                         {"fasta-ref", 1, NULL, 'f'},
                                         {"labels", 1, NULL, 'l'},
                                         {"chroms", 1, NULL, CHROMS},
                                         {"tf", 1, NULL, TF},
                                         {"targets", 1, NULL, TF},
                                         {"strand", 1, NULL, STRAND},
                                         {"balanced", 0, NULL, BALANCED},
                                         {"bootstrap", 1, NULL, BOOTSTRAP},
                                         {"seed", 1, NULL, SEED},
                                         {"predictions", 1, NULL, PREDICTIONS},
                                         {"output", 1, NULL, 'o'},
                                         {"threads", 1, NULL, '@'},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    int c, bad = 0;
    long v = 1;
    while ((c = tfb_cmd_getopt(argc, argv, "m:f:l:o:@:h", opts)) >= 0) switch (c) {
        case 'm': a.model = optarg; break;
        case 'f': a.fasta = optarg; break;
        case 'l': a.labels = optarg; break;
        case 'o': a.out = optarg; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 1, 1024, &v), a.threads = (int)v; break;
        case CHROMS: a.chroms = optarg; break;
        case TF: a.tf = optarg; break;
        case STRAND: bad |= tfb_cmd_strand(optarg, &a.strand); break;
        case BALANCED: a.balanced = 1; break;
        case BOOTSTRAP: bad |= tfb_cmd_int("bootstrap", optarg, 1, 1000000, &v), a.bootstrap = (int)v; break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), a.seed = (uint64_t)v; break;
        case PREDICTIONS: a.predictions = optarg; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    const char *const need[][2] = {{a.model, "-m model.safetensors"}, {a.fasta, "-f ref.fa"}, {a.labels, "-l labels.bed.gz"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("evaluate", argc, argv, usage, need, NULL, NULL)) return 1;
    return run(&a) < 0 ? 1 : 0;
}
