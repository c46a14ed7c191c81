/* evaluate.c - `tfbind evaluate`: compares a model's predictions with labels, one row per target. */
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "genome/labels.h"
#include "nn/panel.h"
#include "train/fit.h"
#include "train/metrics.h"
#include "train/predict.h"
#include "train/transfer.h"
#include "util/progress.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *model, *fasta, *labels, *chroms, *tf, *out, *predictions;
    tfb_strand_t strand;
    tfb_precision_t precision;
    int threads, bootstrap, balanced, allow_leak;
    uint64_t seed;
} args_t;

/* The data of a run; all owned. */
typedef struct {
    const args_t *a;
    char **files; /* (n_files): the models */
    int n_files;
    tfb_pool_t *pool;
    tfb_panel_t *panel; /* their targets that have labels */
    char **names;       /* (T) the targets' names; owned by the panel */
    int T;
    tfb_examples_t *ex;
    uint8_t *seen; /* (ex->n): see tfb_transfer_seen */
    uint8_t *take; /* (ex->n, T): 1 if the region counts for the target */
    uint32_t *idx; /* (n): regions that count for any target */
    int64_t n;
    float *z; /* (n, T) */
} job_t;

static void usage(FILE *f)
{
    fprintf(
        f,
        "Compare a model's predictions with labels. The table has a header line, one row per target, and their\n"
        "mean.\n"
        "\n"
        "Usage: tfbind evaluate [options] -f ref.fa -l labels.bed.gz\n"
        "\n" TFB_USAGE_MODELS TFB_USAGE_FASTA TFB_USAGE_LABELS
        "      --chroms LIST        use only regions on these contigs [all]\n"
        "      --tf LIST            use only these targets, a,b,c or @FILE [those that model and labels share]\n"
        "      --allow-leak         compare also on regions that trained the model; the results are too good\n"
        "                           [refuse]\n" TFB_USAGE_STRAND TFB_USAGE_PRECISION
        "      --balanced           compare on each target's bound regions and as many unbound ones, matched by\n"
        "                           GC content in 10 bins and drawn by --seed, as the published single-TF models\n"
        "                           were tested [all resolved regions]\n"
        "      --bootstrap INT      resample the regions INT times for 95 %% intervals of AUROC, AUPRC and MCC [0]\n"
        "      --seed INT           seed of --bootstrap and --balanced [1]\n"
        "      --predictions FILE   also write the logits of each compared region, tab-separated\n"
        "  -o, --output FILE        table [standard output]\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP "\n"
        "n and n_bound count the compared regions. Measures are `.` for targets with fewer than 10 bound or\n"
        "unbound regions. mcc, precision, recall and accuracy are at a probability of 0.5. The last row is the\n"
        "mean over the targets with measures; its n is their number.\n");
}

static void put(FILE *f, double v)
{
    if (isnan(v))
        fputs("\t.", f);
    else
        fprintf(f, "\t%.4f", v);
}

/* Reports that n of the regions, by their bits in seen, trained the model of a file, and which contigs did not. */
static int leak_error(const job_t *j, const char *path, const uint8_t *seen, int64_t n)
{
    enum { SEEN = TFB_SEEN_CONTIG | TFB_SEEN_REGION, MOST = 6 };
    char *bad = tfb_transfer_seen_contigs(j->ex, seen, SEEN, 0, MOST),
         *good = tfb_transfer_seen_contigs(j->ex, seen, SEEN, 1, MOST);
    if (bad && good)
        tfb_error("%s was trained on %" PRId64 " of these %" PRId64
                  " regions (%s): %s%s%s, or use --allow-leak (the results are then too good)",
                  path, n, j->ex->n, bad,
                  *good ? "compare on others (--chroms " : "compare on regions that it has not seen", good,
                  *good ? ")" : "");
    free(bad);
    free(good);
    return -1;
}

/* Refuses regions that trained a model, unless they are allowed. seen (n): receives those to leave out. 0 or -1
 * (logged). */
static int check_model(const job_t *j, const tfb_model_t *m, const char *path, uint8_t *seen)
{
    int64_t n[8] = {0}, N = j->ex->n;
    int known = tfb_transfer_seen(m, j->ex, seen);
    if (known < 0) return -1;
    if (!known) {
        tfb_warn("%s does not record which regions trained it: if some of these did, the results are too good", path);
        return 0;
    }
    for (int64_t i = 0; i < N; i++) n[seen[i]]++;
    int64_t trained = n[TFB_SEEN_CONTIG] + n[TFB_SEEN_REGION];
    if (j->a->allow_leak) {
        if (trained)
            tfb_warn("%s was trained on %" PRId64 " of these %" PRId64 " regions: the results are too good", path,
                     trained, N);
        memset(seen, 0, (size_t)N);
        return 0;
    }
    /* the filter has 1 % false positives, so a few such regions are skipped with a note */
    if (n[TFB_SEEN_CONTIG] || n[TFB_SEEN_REGION] > N / 32) return leak_error(j, path, seen, trained);
    if (n[TFB_SEEN_VALID])
        tfb_note("%" PRId64 " of %" PRId64
                 " regions are on contigs that validated the model: the results may be slightly too good",
                 n[TFB_SEEN_VALID], N);
    if (trained)
        tfb_note("%" PRId64 " of %" PRId64 " regions skipped because they may have trained the model", trained, N);
    return 0;
}

/* Does so for all models: a region that one of them saw is left out for the TFs of all. 0 or -1 (logged). */
static int check_leak(job_t *j)
{
    size_t N = (size_t)j->ex->n;
    uint8_t *seen = tfb_alloc(N, 1, "the regions to compare");
    int ret = seen && (j->seen = tfb_alloc(N, 1, "the regions to compare")) ? 0 : -1;
    for (int i = 0; i < j->n_files && ret == 0; i++) {
        tfb_model_t *m = tfb_model_load(j->files[i]);
        ret = m ? check_model(j, m, j->files[i], seen) : -1;
        for (size_t k = 0; k < N && ret == 0; k++) j->seen[k] |= seen[k];
        tfb_model_destroy(m);
    }
    free(seen);
    return ret;
}

/* Sets take (n, T): 1 if the region counts for the target. Takes all resolved regions that do not leak, or a balanced
 * sample of them. */
static uint8_t *choose(const job_t *j)
{
    const args_t *a = j->a;
    const tfb_examples_t *ex = j->ex;
    int T = ex->n_targets;
    uint8_t *take = tfb_alloc((size_t)ex->n * (size_t)T, 1, "the regions to compare"),
            *part = tfb_alloc((size_t)ex->n, 1, "the regions to compare");
    int64_t bound;
    for (int t = 0; take && part && t < T; t++) {
        for (int64_t i = 0; i < ex->n; i++)
            part[i] = j->seen[i] & (TFB_SEEN_CONTIG | TFB_SEEN_REGION) ? TFB_UNUSED : TFB_TEST;
        if (a->balanced && tfb_transfer_balance(ex, t, TFB_TEST, 0, a->seed, part, &bound) < 0) {
            free(take);
            take = NULL;
            break;
        }
        for (int64_t i = 0; i < ex->n; i++)
            take[i * T + t] = part[i] == TFB_TEST && tfb_examples_label(ex, i, t) != TFB_NULL;
    }
    if (!part) free(take), take = NULL;
    free(part);
    return take;
}

/* Writes the n regions idx of ex and their logits z (n, T). */
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
        for (int t = 0; t < ex->n_targets; t++)
            fprintf(f, "\t%.5f", (double)z[(size_t)i * (size_t)ex->n_targets + (size_t)t]);
    }
    fputc('\n', f);
    return tfb_out_close(f, whole, 1);
}

static int table(const args_t *a, const tfb_examples_t *ex, const uint8_t *take, const uint32_t *idx, int64_t n,
                 const float *z, FILE *f)
{
    int T = ex->n_targets, n_mean = 0;
    double sum[6] = {0};
    uint8_t *label = tfb_alloc((size_t)n, 1, "labels");
    if (!label) return -1;
    fprintf(f, "target\tn\tn_bound\tauroc\tauprc\tmcc\tprecision\trecall\taccuracy%s\n",
            a->bootstrap ? "\tauroc_low\tauroc_high\tauprc_low\tauprc_high\tmcc_low\tmcc_high" : "");
    for (int t = 0; t < T; t++) {
        tfb_metrics_t m;
        for (int64_t i = 0; i < n; i++)
            label[i] = take[(int64_t)idx[i] * T + t] ? (uint8_t)tfb_examples_label(ex, idx[i], t) : TFB_NULL;
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
            if (!isnan(m.auroc) && tfb_metrics_bootstrap(z + t, T, label, 1, n, a->bootstrap, a->seed, ci) < 0)
                goto fail;
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

/* The columns of the labels file, to choose targets by. */
typedef struct {
    const args_t *a;
    tfb_labels_t *l;
    tfb_entry_t *index;
} columns_t;

/* Returns whether the labels have a target; -1 (logged) if not, and it was given by name. */
static int has_labels(void *arg, const char *target)
{
    const columns_t *c = arg;
    int have = tfb_index_find(c->index, tfb_labels_n_tfs(c->l), target) >= 0;
    if (have || !c->a->tf) return have;
    tfb_error("%s has no labels of %s", c->a->labels, target);
    return -1;
}

/* Opens the models with the targets that they share with the labels. Each target given by name must be in both. 0 or
 * -1 (logged). */
static int open_models(job_t *j)
{
    const args_t *a = j->a;
    columns_t c = {.a = a};
    tfb_keep_t keep = {.keep = has_labels, .arg = &c};
    int ret = -1;
    if (!(j->files = tfb_panel_files(a->model, &j->n_files)) || !(j->pool = tfb_pool_create(a->threads)) ||
        !(c.l = tfb_labels_open(a->labels)) || !(c.index = tfb_index(tfb_labels_tfs(c.l), tfb_labels_n_tfs(c.l))))
        goto done;
    j->panel = tfb_panel_open_kept(a->model, a->tf ? a->tf : "all", a->precision, &keep, j->pool);
    if (!j->panel && keep.n_asked && !keep.n_kept)
        tfb_error("%s has no labels for any of the model's %d targets", a->labels, keep.n_asked);
    if (!j->panel || !(j->names = calloc((size_t)keep.n_kept + 1, sizeof *j->names))) goto done;
    j->T = keep.n_kept;
    for (int t = 0; t < j->T; t++) j->names[t] = (char *)tfb_panel_target(j->panel, t);
    if (j->T < keep.n_asked) tfb_note("%d of the model's %d targets have labels in %s", j->T, keep.n_asked, a->labels);
    ret = 0;
done:
    free(c.index);
    tfb_labels_close(c.l);
    return ret;
}

static int load_examples(job_t *j)
{
    const args_t *a = j->a;
    int n_chroms = 0;
    char **chroms = NULL;
    if (a->chroms && !(chroms = tfb_cmd_list(a->chroms, &n_chroms))) return -1;
    tfb_examples_opt_t eo = {.fasta = a->fasta,
                             .labels = a->labels,
                             .targets = j->names,
                             .n_targets = j->T,
                             .chroms = chroms,
                             .n_chroms = n_chroms,
                             .window = tfb_panel_window(j->panel)};
    j->ex = tfb_examples_load(&eo);
    tfb_strv_free(chroms);
    return j->ex ? 0 : -1;
}

/* Computes the logits of the regions idx. 0 or -1 (logged). */
static int score(job_t *j)
{
    if (!(j->z = tfb_alloc((size_t)j->n * (size_t)j->T, sizeof *j->z, "logits"))) return -1;
    tfb_progress_begin("regions", j->a->out);
    int ret = tfb_predict_panel(j->panel, j->ex, j->idx, (size_t)j->n, j->a->strand, j->pool, j->z);
    tfb_progress_end();
    return ret;
}

static int run(const args_t *a)
{
    int ret = -1;
    job_t j = {.a = a};
    tfb_out_t *whole;
    FILE *out;
    if (open_models(&j) < 0 || load_examples(&j) < 0 || check_leak(&j) < 0) goto done;
    if (tfb_run_claim(a->predictions) < 0 || tfb_run_claim(a->out) < 0) goto done; /* before the long part */
    if (!(j.take = choose(&j)) || !(j.idx = tfb_alloc((size_t)j.ex->n, sizeof *j.idx, "the regions to compare")))
        goto done;
    for (int64_t i = 0; i < j.ex->n; i++)
        if (memchr(j.take + i * j.T, 1, (size_t)j.T)) j.idx[j.n++] = (uint32_t)i;
    if (score(&j) < 0 || (a->predictions && write_predictions(a, j.ex, j.idx, j.n, j.z) < 0)) goto done;
    if (!(out = tfb_out_open(a->out, &whole))) goto done;
    ret = table(a, j.ex, j.take, j.idx, j.n, j.z, out);
    ret = tfb_out_close(out, whole, ret == 0);
done:
    tfb_examples_destroy(j.ex);
    tfb_panel_close(j.panel);
    tfb_pool_destroy(j.pool);
    tfb_strv_free(j.files);
    free(j.names);
    free(j.seen);
    free(j.take);
    free(j.idx);
    free(j.z);
    return ret;
}

static const tfb_option_t options[] = {
    {TFB_OPTION_MODEL(model)},
    {TFB_OPTION_FASTA(fasta)},
    {TFB_OPTION_LABELS(labels)},
    {TFB_OPTION_CHROMS(chroms)},
    {TFB_OPTION_TF(tf)},
    {"targets", .arg = 1, .set = tfb_set_names, TFB_TO(tf)},
    {TFB_OPTION_STRAND(strand)},
    {TFB_OPTION_PRECISION(precision)},
    {"allow-leak", TFB_FLAG(allow_leak)},
    {"balanced", TFB_FLAG(balanced)},
    {"bootstrap", TFB_INT(bootstrap, 1, 1000000)},
    {TFB_OPTION_SEED(seed)},
    {"predictions", TFB_TEXT(predictions)},
    {TFB_OPTION_OUTPUT(out)},
    {TFB_OPTION_THREADS(threads)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

int tfb_cmd_evaluate(int argc, char **argv)
{
    args_t a = {.threads = 1, .seed = 1};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{a.fasta, "-f ref.fa"}, {a.labels, "-l labels.bed.gz"}, {NULL, NULL}};
    return tfb_cmd_incomplete("evaluate", argc, argv, usage, need, NULL, NULL) || run(&a) < 0;
}
