/* learn.c - `tfbind learn`: peaks of a TF -> a model of it, and a card that reports how good it is. Stages: windows and
 * labels | a split by contig | fine-tuning | measures, calibration, motif | the card. */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/finetune.h"
#include "explain/match.h"
#include "genome/contrast.h"
#include "genome/peaks.h"
#include "nn/installed.h"
#include "train/calibrate.h"
#include "train/cv.h"
#include "train/predict.h"
#include "train/ranks.h"
#include "train/recipe.h"
#include "train/record.h"
#include "train/start.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HELD_OUT = 10, /* bound regions that a contig needs to validate or test on */
    SHARE = 15,    /* % of the bound regions that validate, and that test, if contigs allow it */
    FOLDS = 5,     /* of cross-validation, if fewer than TEST_FEW test regions are bound */
    TEST_FEW = 50,
};

typedef struct {
    tfb_finetune_t f;
    const char *peaks, *open;
    const char *recipe;
    int epochs; /* 0: the recipe's */
    int cv;     /* folds; -1: chosen by the number of test regions */
    int64_t snvs;
    double precision;
} args_t;

/* Facts about the finished model. */
typedef struct {
    const args_t *a;
    char *base, *labels, *card, *parent; /* file names; owned. base: the output's without .safetensors */
    char *valid, *test;                  /* contigs; owned, or NULL: the parent's */
    int by_contig;                       /* the split */
    tfb_contrast_t windows;
    int64_t n[4], bound[4]; /* regions of each part */
    char *contigs[3];       /* of each part; owned */
    tfb_scores_t test_scores;
    char *cv;                       /* of the model's file; owned, or NULL */
    tfb_motifs_t *motifs;           /* known ones, or NULL */
    char filter[TFB_MOTIF_MAX + 1]; /* consensus of the most important filter's sites; "": it has no sites */
    int64_t filter_sites, filter_regions;
    char match[200]; /* known motif that is similar to it, or "" */
    double match_q;
    float threshold, recall; /* NaN: none */
} job_t;

static void usage(FILE *f)
{
    fprintf(f,
            "Make a model of a TF from its ChIP-seq peaks: windows, labels, split, fine-tuning, calibration and\n"
            "evaluation in one step.\n"
            "\n"
            "Usage: tfbind learn [options] --target TF -f ref.fa --peaks my.narrowPeak -o my.safetensors\n"
            "\n"
            "      --target TF          name of the TF in the model\n" TFB_USAGE_FASTA
            "      --peaks FILE         peaks of the TF: narrowPeak (windows at summits) or BED (at middles)\n"
            "      --open FILE          accessible regions of the same cells, BED: those without a peak are unbound\n"
            "                           [random windows of the same GC content, away from peaks]\n"
            "      --from FILE          parent [human.safetensors in TFBIND_MODELS, in the source tree or in the\n"
            "                           installation]\n"
            "      --motifs FILE        known motifs, MEME file: names what the first layer has learnt; a motif of\n"
            "                           the target starts a filter\n"
            "      --valid LIST         contigs for validation  } [the parent's; if they have too few peaks, other\n"
            "      --test LIST          contigs for testing     }  contigs that did not train it]\n"
            "      --recipe NAME        recipe of fine-tuning: default or published [default]\n"
            "  -e, --epochs INT         passes over the training regions [the recipe's]\n"
            "      --cv INT             models for a cross-validated interval; 0: none [5, if fewer than 50 test\n"
            "                           regions are bound]\n"
            "      --snvs INT           random SNVs that calibrate percentiles of changes; 0: none [20000]\n"
            "      --precision FLOAT    share of windows called sites that are bound [0.8]\n"
            "      --seed INT           seed for windows, split, order and dropout [1]\n"
            "Output\n"
            "  -o, --output FILE        model, my.safetensors. Beside it: my.md, a card that reports how good the\n"
            "                           model is, and my.labels.bed.gz, the labelled windows with an index\n"
            "      --half               store weights as float16\n"
            "  -@, --threads INT        total number of threads; 0: all processors [0]\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 progress [2]\n" TFB_USAGE_HELP);
}

/* ---- files ---- */

/* Returns a formatted string, to be freed. NULL on lack of memory (logged). */
static char *text_of(const char *fmt, ...) TFB_PRINTF(1, 2);
static char *text_of(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n >= 0) return s;
    tfb_error("not enough memory");
    return NULL;
}

static int name_files(job_t *j)
{
    const args_t *a = j->a;
    const char *out = a->f.t.out;
    if (!tfb_ends_with(out, ".safetensors")) {
        tfb_error(
            "the name of the output must end with .safetensors, not '%s': the card and the labels are named after it",
            out);
        return -1;
    }
    j->base = text_of("%.*s", (int)(strlen(out) - strlen(".safetensors")), out);
    j->labels = j->base ? text_of("%s.labels.bed.gz", j->base) : NULL;
    j->card = j->base ? text_of("%s.md", j->base) : NULL;
    j->parent = tfb_model_find(a->f.from);
    return j->base && j->labels && j->card && j->parent ? 0 : -1;
}

/* Checks that all outputs can be written later. 0, or -1 (logged). */
static int claim_files(const job_t *j)
{
    return tfb_run_claim(j->a->f.t.out) < 0 || tfb_run_claim(j->labels) < 0 || tfb_run_claim(j->card) < 0 ? -1 : 0;
}

/* ---- labels ---- */

/* A temporary file for making the labels. */
typedef struct {
    tfb_out_t *out;
    FILE *f;
} scratch_t;

static int open_scratch(const job_t *j, const char *suffix, scratch_t *s)
{
    char *path = text_of("%s%s", j->base, suffix);
    s->f = path ? tfb_out_open(path, &s->out) : NULL;
    free(path);
    return s->f ? 0 : -1;
}

static int finish_scratch(scratch_t *s)
{
    int ret = s->f ? tfb_out_finish(s->f, s->out) : -1;
    s->f = NULL;
    return ret;
}

static const char *file_of(const scratch_t *s) { return tfb_base_name(tfb_out_name(s->out)); }

/* Makes windows of W bases and labels them: a sheet of one cell type in which all windows are open. 0, or -1 (logged).
 */
static int make_labels(job_t *j, int W)
{
    const args_t *a = j->a;
    enum { REGIONS, SUMMITS, SHEET };
    scratch_t s[3] = {{0}};
    int ret = -1, level = tfb_log_get_level();
    const tfb_contrast_opt_t o = {
        .fasta = a->f.t.fasta, .peaks = a->peaks, .open = a->open, .width = W, .per_bound = 2, .seed = a->f.t.fit.seed};
    if (open_scratch(j, ".windows.bed", &s[REGIONS]) < 0 || open_scratch(j, ".summits.bed", &s[SUMMITS]) < 0 ||
        open_scratch(j, ".sheet.tsv", &s[SHEET]) < 0 || tfb_contrast(&o, s[REGIONS].f, s[SUMMITS].f, &j->windows) < 0)
        goto done;
    fprintf(s[SHEET].f, "cell\ttf\tkind\tpath\nown\t.\topen\t%s\nown\t%s\tpeaks\t%s\n", file_of(&s[REGIONS]),
            a->f.target, file_of(&s[SUMMITS]));
    for (int i = 0; i < 3; i++)
        if (finish_scratch(&s[i]) < 0) goto done;
    const tfb_peaks_opt_t p = {.fasta = a->f.t.fasta,
                               .samples = tfb_out_name(s[SHEET].out),
                               .regions = tfb_out_name(s[REGIONS].out),
                               .out = j->labels,
                               .width = W,
                               .policy = TFB_POLICY_PEAKS};
    tfb_log_level(level > 1 ? 1 : level);
    ret = tfb_peaks_label(&p);
    tfb_log_level(level);
    if (ret == 0)
        tfb_note("%" PRId64 " peaks: %" PRId64 " bound windows of %d bases, %" PRId64 " unbound ones, %s",
                 j->windows.peaks, j->windows.bound, W, j->windows.unbound,
                 a->open ? "open without a peak" : "random, of the same GC content");
done:
    for (int i = 0; i < 3; i++) {
        if (s[i].f) fclose(s[i].f);
        if (!s[i].out) continue;
        tfb_reads_no_more(tfb_out_name(s[i].out)); /* its inode may become that of an output */
        tfb_out_end(s[i].out, 0);
    }
    return ret;
}

/* ---- the split ---- */

/* A candidate for a validation or test contig. */
typedef struct {
    int64_t n, bound, trained, validated; /* regions; of them: bound, seen by the parent in training, in validation */
    int taken;
} contig_t;

/* Returns the contig whose share of the bound regions is nearest to SHARE, among those that did not train the parent
 * (test: nor validate it); -1 if there is none. Few regions of a contig may look like the parent's: its record is a
 * Bloom filter. */
static int best_contig(const contig_t *c, int n, int64_t total, int is_test)
{
    int best = -1;
    int64_t off = 0, wanted = total * SHARE / 100;
    for (int k = 0; k < n; k++) {
        if (c[k].taken || c[k].bound < HELD_OUT || c[k].trained > c[k].n / 32 || (is_test && c[k].validated)) continue;
        if (best >= 0 && llabs(c[k].bound - wanted) >= off) continue;
        off = llabs(c[k].bound - wanted);
        best = k;
    }
    return best;
}

/* Chooses a contig to test on and one to validate on, so that three tenths of the bound regions stay to train on. 0, or
 * -1 on lack of memory (logged); none is chosen if there are too few. */
static int choose_contigs(job_t *j, const tfb_examples_t *ex, const uint8_t *seen)
{
    int64_t total = 0;
    contig_t *c = tfb_alloc((size_t)ex->n_contigs, sizeof *c, "contigs");
    if (!c) return -1;
    for (int64_t i = 0; i < ex->n; i++) {
        contig_t *x = &c[ex->contig[i]];
        int bound = tfb_examples_label(ex, i, 0) == TFB_BOUND;
        x->n++;
        x->bound += bound;
        x->trained += (seen[i] & (TFB_SEEN_CONTIG | TFB_SEEN_REGION)) != 0;
        x->validated += (seen[i] & TFB_SEEN_VALID) != 0;
        total += bound;
    }
    int ret = 0, t = best_contig(c, ex->n_contigs, total, 1);
    if (t >= 0) c[t].taken = 1;
    int v = best_contig(c, ex->n_contigs, total, 0);
    if (t >= 0 && v >= 0 && 10 * (total - c[t].bound - c[v].bound) >= 3 * total) {
        j->test = text_of("%s", ex->contigs[t]);
        j->valid = text_of("%s", ex->contigs[v]);
        ret = j->test && j->valid ? 0 : -1;
    }
    free(c);
    return ret;
}

/* Chooses the validation and test contigs: those of the options, the parent's, or others that did not train it. 0, or
 * -1 (logged). */
static int choose_split(job_t *j, const tfb_model_t *parent)
{
    const args_t *a = j->a;
    int ret = -1, level = tfb_log_get_level();
    int64_t bound[4] = {0};
    char *targets[] = {(char *)a->f.target, NULL};
    const tfb_examples_opt_t eo = {
        .fasta = a->f.t.fasta, .labels = j->labels, .targets = targets, .n_targets = 1, .window = parent->window};
    tfb_examples_t *ex = tfb_examples_load(&eo);
    uint8_t *part = NULL, *seen = NULL;
    if (!ex || !(part = tfb_alloc((size_t)ex->n, 1, "the split")) ||
        !(seen = tfb_alloc((size_t)ex->n, 1, "the split")) || tfb_transfer_seen(parent, ex, seen) < 0)
        goto done;
    if (a->f.t.valid || a->f.t.test) {
        ret = 0;
        goto done;
    }
    tfb_log_level(0);
    int by = tfb_transfer_split(parent, ex, NULL, NULL, TFB_LEAK_REUSE, a->f.t.fit.seed, part);
    if (by > 0 && tfb_transfer_drop(parent, ex, TFB_LEAK_REUSE, part) < 0) by = -1;
    tfb_log_level(level);
    for (int64_t i = 0; i < ex->n; i++) bound[part[i]] += tfb_examples_label(ex, i, 0) == TFB_BOUND;
    ret = by > 0 && bound[TFB_VALID] >= HELD_OUT && bound[TFB_TEST] >= HELD_OUT ? 0 : choose_contigs(j, ex, seen);
done:
    tfb_examples_destroy(ex);
    free(part);
    free(seen);
    return ret;
}

/* ---- how good the model is ---- */

/* Measures on the test regions. 0, or -1 (logged). */
static int test(job_t *j, const tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part, tfb_pool_t *pool)
{
    size_t n = 0;
    uint32_t *idx = tfb_alloc((size_t)ex->n + 1, sizeof *idx, "test regions");
    float *z = tfb_alloc((size_t)ex->n + 1, sizeof *z, "test logits");
    uint8_t *label = tfb_alloc((size_t)ex->n + 1, 1, "test labels");
    int ret = -1;
    if (!idx || !z || !label) goto done;
    for (int64_t i = 0; i < ex->n; i++) {
        int l = tfb_examples_label(ex, i, 0);
        j->n[part[i]]++;
        j->bound[part[i]] += l == TFB_BOUND;
        if (part[i] != TFB_TEST) continue;
        label[n] = (uint8_t)l;
        idx[n++] = (uint32_t)i;
    }
    for (int k = 0; k < 3; k++)
        if (!(j->contigs[k] = tfb_record_contigs(ex, part, k))) goto done;
    if (tfb_predict(m->net, ex, idx, n, TFB_STRAND_BOTH, pool, z) < 0 ||
        tfb_scores(z, 1, 0, label, (int64_t)n, j->a->f.t.fit.seed, &j->test_scores) < 0)
        goto done;
    ret = 0;
done:
    free(idx);
    free(z);
    free(label);
    return ret;
}

/* Finds the consensus of the most important filter in the target's regions, and the known motif that is most similar.
 * 0, or -1 (logged). */
static int find_motif(job_t *j, const tfb_model_t *m, const tfb_examples_t *ex, tfb_pool_t *pool)
{
    const tfb_filters_opt_t o = {.threshold = 0.5, .on = TFB_ON_OWN, .n_importance = 200, .n_top = 1};
    const tfb_layer_t *l = &m->net->layer[0];
    if (!l->first || strcmp(l->kind->name, "conv") || l->K > TFB_MOTIF_MAX) return 0;
    tfb_filters_t *f = tfb_filters_scan(m, ex, &o, pool);
    if (!f) return -1;
    tfb_matches_t *x = NULL;
    int ret = 0;
    if (f->n_own[0] > 0 && f->own_sites[0] > 0) {
        tfb_filters_consensus(f->own_pfm, f->K, j->filter);
        j->filter_sites = f->own_sites[0];
        j->filter_regions = f->n_own[0];
    }
    if (*j->filter && j->motifs && !(x = tfb_matches_create(m, f, j->motifs, 0.25, pool))) ret = -1;
    if (x && x->own_best[0].motif >= 0) {
        const tfb_motif_t *k = &j->motifs->motif[x->own_best[0].motif];
        snprintf(j->match, sizeof j->match, "%.90s %.90s", k->id, k->name);
        j->match_q = x->own_best[0].q;
    }
    tfb_matches_destroy(x);
    tfb_filters_destroy(f);
    return ret;
}

/* Measures percentiles, and a threshold on the validation contigs, since the training contigs would give one that is
 * too good. 0, or -1 (logged). */
static int calibrate(job_t *j, tfb_model_t *m, tfb_pool_t *pool)
{
    const args_t *a = j->a;
    int n = 0, ret = 0;
    int which = j->bound[TFB_VALID] >= HELD_OUT ? TFB_VALID : TFB_TEST;
    j->threshold = j->recall = NAN;
    if (!a->snvs) return 0;
    char **chroms = j->by_contig && *j->contigs[which] ? tfb_split(j->contigs[which], ',', &n) : NULL;
    const tfb_calibrate_opt_t o = {.model = a->f.t.out,
                                   .fasta = a->f.t.fasta,
                                   .regions = j->labels,
                                   .n = a->snvs,
                                   .seed = a->f.t.fit.seed,
                                   .max_n = 20,
                                   .labels = chroms ? j->labels : NULL,
                                   .chroms = chroms,
                                   .n_chroms = n,
                                   .precision = a->precision,
                                   .pool = pool};
    ret = tfb_calibrate(m, &o);
    tfb_strv_free(chroms);
    if (ret == 0 && m->calib) {
        j->threshold = m->calib->threshold[0];
        j->recall = m->calib->recall[0];
    }
    return ret;
}

/* Measures everything on the card and adds calibration and measures to the model. 0, or -1 (logged). */
static int describe(void *arg, tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part)
{
    job_t *j = arg;
    int ret = -1;
    const char *split = tfb_model_meta(m, "split"), *cv = tfb_model_meta(m, "cv");
    tfb_pool_t *pool = tfb_pool_create(tfb_ranks_threads(j->a->f.t.threads, tfb_cmd_processors()));
    j->by_contig = split && strncmp(split, "contigs", 7) == 0;
    if (cv && !(j->cv = strdup(cv))) goto done;
    if (!pool || test(j, m, ex, part, pool) < 0 || find_motif(j, m, ex, pool) < 0 || calibrate(j, m, pool) < 0)
        goto done;
    const tfb_interval_t *x = &j->test_scores.auprc, *y = &j->test_scores.auroc;
    ret = 0;
    if (!isnan(x->value))
        ret = tfb_record_set(m, "test_intervals", "{\"auprc\":[%.4f,%.4f,%.4f],\"auroc\":[%.4f,%.4f,%.4f]}", x->value,
                             x->low, x->high, y->value, y->low, y->high);
done:
    tfb_pool_destroy(pool);
    return ret;
}

/* ---- the card ---- */

static void write_interval(FILE *f, const char *name, const tfb_interval_t *x, double chance)
{
    if (isnan(x->value))
        fprintf(f, "| %s | too few regions | | |\n", name);
    else
        fprintf(f, "| %s | %.3f | %.3f to %.3f | %.3f |\n", name, x->value, x->low, x->high, chance);
}

/* Reads an interval of the target from the text of cross-validation. */
static tfb_interval_t interval_of(const json_t *target, const char *key)
{
    const json_t *v = json_object_get(target, key);
    if (json_array_size(v) != 3) return (tfb_interval_t){NAN, NAN, NAN};
    return (tfb_interval_t){json_number_value(json_array_get(v, 0)), json_number_value(json_array_get(v, 1)),
                            json_number_value(json_array_get(v, 2))};
}

static void write_cv(const job_t *j, FILE *f)
{
    json_t *all = j->cv ? json_loads(j->cv, 0, NULL) : NULL, *t = json_object_get(all, j->a->f.target);
    double n = json_number_value(json_object_get(t, "n")), bound = json_number_value(json_object_get(t, "n_bound"));
    if (t) {
        tfb_interval_t auroc = interval_of(t, "auroc"), auprc = interval_of(t, "auprc");
        const char *by = json_string_value(json_object_get(all, "by"));
        fprintf(
            f, "\n%d models, each without one part of the training %ss, on those parts (%.0f regions, %.0f bound):\n\n",
            (int)json_integer_value(json_object_get(all, "folds")), by ? by : "region", n, bound);
        fprintf(f, "| | value | 95 %% interval | guessing |\n|---|---|---|---|\n");
        write_interval(f, "AUROC", &auroc, 0.5);
        write_interval(f, "AUPRC", &auprc, n > 0 ? bound / n : NAN);
    }
    json_decref(all);
}

static void write_trust(const job_t *j, FILE *f)
{
    const tfb_scores_t *s = &j->test_scores;
    if (isnan(s->auprc.value))
        fprintf(f,
                "- **It is not tested**: %" PRId64
                " held-out bound regions are too few. More peaks, or peaks on more contigs, would help.\n",
                s->n_bound);
    else if (tfb_scores_say_nothing(s))
        fprintf(f, "- **The test cannot distinguish it from guessing**: the interval of AUPRC includes the share of "
                   "bound regions. "
                   "Do not use it for conclusions.\n");
    else
        fprintf(f, "- It ranks windows better than guessing: the whole interval of AUPRC lies above the share of bound "
                   "regions.\n");
    if (j->a->open)
        fprintf(f, "- It learnt to distinguish bound from unbound regions among open ones. It has not seen closed "
                   "chromatin.\n");
    else
        fprintf(f, "- Its unbound windows are random ones, most of them in closed chromatin. It may partly predict "
                   "accessibility. `--open` with accessible regions makes a model of the TF alone.\n");
    if (!j->by_contig)
        fprintf(f,
                "- Regions were split at random, not by contig. Neighbours may have trained it: the numbers may be too "
                "good.\n");
    if (*j->filter)
        fprintf(f,
                "- The first layer detects `%s`. If that is not the TF's motif, the peaks may be of another factor, "
                "or of open chromatin.\n",
                j->filter);
    else
        fprintf(f,
                "- No filter of the first layer has sites in the regions that it predicts bound: it has not learnt a "
                "motif.\n");
    if (!isnan(j->threshold))
        fprintf(
            f,
            "- Of windows with a probability of %.2f or more, at least %.0f %% were bound on held-out contigs; "
            "these were %.0f %% of the bound windows. `annotate` calls gains and losses at this threshold. The share "
            "of bound windows in a genome is smaller.\n",
            (double)j->threshold, 100 * j->a->precision, 100 * (double)j->recall);
    else if (j->a->snvs)
        fprintf(f,
                "- It has no threshold: too few bound regions are held out, or none reaches the precision. `annotate` "
                "writes percentiles but no calls of gain and loss.\n");
}

static int write_card(const job_t *j, const char *digest)
{
    const args_t *a = j->a;
    const tfb_scores_t *s = &j->test_scores;
    tfb_out_t *out;
    static const char *const part[] = {"training", "validation", "test"};
    const char *file = tfb_base_name(a->f.t.out);
    FILE *f = tfb_out_open(j->card, &out);
    if (!f) return -1;
    fprintf(f,
            "# %s\n\nA model of %s, made by `tfbind learn` (tfbind %s) from `%s`, with `%s` as parent and the recipe "
            "`%s`. SHA-256 `%.12s`.\n",
            file, a->f.target, PACKAGE_VERSION, tfb_base_name(a->peaks), tfb_base_name(j->parent), a->f.recipe, digest);
    fprintf(f,
            "\n## Data\n\n%" PRId64 " peaks; %" PRId64 " bound windows around their summits; %" PRId64
            " unbound windows%s.\n\n| | regions | bound | contigs |\n|---|---|---|---|\n",
            j->windows.peaks, j->windows.bound, j->windows.unbound,
            a->open ? ", open regions without a peak" : ", at random, of the same GC content, away from peaks");
    for (int k = 0; k < 3; k++)
        fprintf(f, "| %s | %" PRId64 " | %" PRId64 " | %s |\n", part[k], j->n[k], j->bound[k],
                j->by_contig ? j->contigs[k] : "a random part of all");
    fprintf(f,
            "\n## How good it is\n\nOn the test regions, all of them (%" PRId64 ", %" PRId64
            " bound):\n\n| | value | 95 %% interval | guessing |\n|---|---|---|---|\n",
            s->n, s->n_bound);
    write_interval(f, "AUROC", &s->auroc, 0.5);
    write_interval(f, "AUPRC", &s->auprc, s->n ? (double)s->n_bound / (double)s->n : NAN);
    write_interval(f, "MCC", &s->mcc, 0);
    write_cv(j, f);
    fprintf(f, "\n## What it has learnt\n\n");
    if (*j->filter)
        fprintf(f,
                "The most important filter has %" PRId64 " sites in %" PRId64
                " regions that are bound and predicted bound: `%s` (n: no base has half of the sites).\n",
                j->filter_sites, j->filter_regions, j->filter);
    else
        fprintf(f, "No region is bound and predicted bound, so no filter has sites to show.\n");
    if (*j->match) fprintf(f, "The most similar known motif is %s (q = %.2g).\n", j->match, j->match_q);
    fprintf(f, "\n## What to trust\n\n");
    write_trust(j, f);
    fprintf(f,
            "\n## Use\n\n    tfbind annotate -m %s -f ref.fa -o out.vcf.gz in.vcf.gz\n"
            "    tfbind explain -m %s -f ref.fa in.vcf.gz\n",
            file, file);
    return tfb_out_close(f, out, 1);
}

/* Prints the card. 0, or -1 (logged). */
static int print_card(const job_t *j)
{
    char buf[4096];
    size_t n;
    FILE *f = fopen(j->card, "r");
    if (!f) {
        tfb_error("cannot read %s: %s", j->card, strerror(errno));
        return -1;
    }
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) fwrite(buf, 1, n, stdout);
    fclose(f);
    return 0;
}

/* ---- the run ---- */

/* Applies the recipe, and chooses the folds by the number of bound regions, if no option sets them. 0, or -1
 * (logged). */
static int choose_recipe(job_t *j, args_t *a)
{
    int64_t bound = j->windows.bound;
    if (tfb_finetune_recipe(&a->f, a->recipe ? a->recipe : tfb_recipe_name[0], 0) < 0) return -1;
    if (a->epochs) a->f.t.fit.epochs = a->epochs;
    if (a->f.t.fit.head_epochs >= a->f.t.fit.epochs) a->f.t.fit.head_epochs = a->f.t.fit.epochs - 1;
    a->f.cv = a->cv;
    if (a->cv < 0) a->f.cv = bound * SHARE / 100 < TEST_FEW ? FOLDS : 0;
    if (j->motifs && tfb_start_motif_of(j->motifs, a->f.target)) return 0;
    if (j->motifs) tfb_note("no motif of %s among the %d known ones: none starts a filter", a->f.target, j->motifs->n);
    a->f.motifs = NULL;
    return 0;
}

static int run(job_t *j, args_t *a, int argc, char **argv)
{
    tfb_model_t *m = NULL;
    int ret = -1;
    if (name_files(j) < 0 || !(m = tfb_model_load(j->parent)) || claim_files(j) < 0 ||
        (a->f.motifs && !(j->motifs = tfb_motifs_read(a->f.motifs))) || make_labels(j, m->window) < 0 ||
        choose_split(j, m) < 0 || choose_recipe(j, a) < 0)
        goto done;
    a->f.from = j->parent;
    a->f.t.claimed = 1;
    a->f.t.labels = j->labels;
    if (j->valid) a->f.t.valid = j->valid;
    if (j->test) a->f.t.test = j->test;
    a->f.describe = describe;
    a->f.arg = j;
    if (tfb_finetune(&a->f, argc, argv) < 0) goto done;
    tfb_model_destroy(m);
    if (!(m = tfb_model_load(a->f.t.out))) goto done;
    ret = write_card(j, m->digest) < 0 || print_card(j) < 0 ? -1 : 0;
done:
    tfb_model_destroy(m);
    return ret;
}

static void free_job(job_t *j)
{
    char *const all[] = {j->base, j->labels, j->card, j->parent, j->valid, j->test, j->cv};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    for (int k = 0; k < 3; k++) free(j->contigs[k]);
    tfb_motifs_destroy(j->motifs);
}

static const tfb_option_t options[] = {
    {"target", TFB_TEXT(f.target)},
    {TFB_OPTION_FASTA(f.t.fasta)},
    {"peaks", TFB_TEXT(peaks)},
    {"open", TFB_TEXT(open)},
    {"from", TFB_TEXT(f.from)},
    {"motifs", TFB_TEXT(f.motifs)},
    {"valid", TFB_TEXT(f.t.valid)},
    {"test", TFB_TEXT(f.t.test)},
    {"recipe", TFB_TEXT(recipe), .words = tfb_recipe_name, .n_words = TFB_RECIPES},
    {"epochs", .id = 'e', TFB_INT(epochs, 1, 100000)},
    {"cv", TFB_INT(cv, 0, 1000)},
    {"snvs", TFB_INT64(snvs, 0, 100000000)},
    {"precision", TFB_NUM(precision, 0, 1)},
    {TFB_OPTION_SEED(f.t.fit.seed)},
    {TFB_OPTION_OUTPUT(f.t.out)},
    {"half", TFB_FLAG(f.t.half)},
    {TFB_OPTION_RANK_THREADS(f.t.threads)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Checks the values of the options. 0, or -1 (logged). */
static int check_args(const args_t *a)
{
    const char *fault = tfb_name_fault(a->f.target);
    if (a->recipe && tfb_word("recipe", a->recipe, tfb_recipe_name, TFB_RECIPES) < 0) return -1;
    if (fault || strchr(a->f.target, ',') || *a->f.target == '@' || strcmp(a->f.target, ".") == 0)
        tfb_error("--target '%s' cannot be a TF's name: it %s", a->f.target,
                  fault ? fault : "has a comma, begins with @ or is a dot");
    else if (a->cv == 1)
        tfb_error("--cv 1: each model is trained without a part of the regions, so at least two are needed (0: none)");
    else if (a->snvs && a->snvs < 100)
        tfb_error("--snvs takes 0 or at least 100");
    else
        return 0;
    return -1;
}

int tfb_cmd_learn(int argc, char **argv)
{
    args_t a = {.f = {.t.fit = {.seed = 1}, .freeze = "none", .leak = TFB_LEAK_REUSE},
                .cv = -1,
                .snvs = 20000,
                .precision = 0.8};
    job_t j = {.a = &a};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{a.f.target, "--target TF"},
                                   {a.f.t.fasta, "-f ref.fa"},
                                   {a.peaks, "--peaks my.narrowPeak"},
                                   {a.f.t.out, "-o my.safetensors"},
                                   {NULL, NULL}};
    if (tfb_cmd_incomplete("learn", argc, argv, usage, need, NULL, NULL) || check_args(&a) < 0) return 1;
    tfb_fasta_reads(a.f.t.fasta);
    tfb_reads(a.peaks, "the peaks");
    tfb_reads(a.open, "the open regions");
    int ret = tfb_ranks_begin() < 0 || run(&j, &a, argc, argv) < 0;
    free_job(&j);
    return tfb_ranks_end(ret);
}
