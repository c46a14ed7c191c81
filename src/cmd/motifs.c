/* motifs.c - `tfbind motifs`: what the first layer's filters detect. */
#include "config.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "explain/match.h"
#include "nn/installed.h"
#include "nn/panel.h"
#include "train/record.h"
#include "util/util.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *model, *before, *fasta, *labels, *db, *chroms, *out, *meme, *html, *targets, *importance;
    tfb_filters_opt_t scan;
    double trim, q;
    int threads;
    char *command;
} args_t;

static void usage(FILE *f)
{
    fprintf(
        f,
        "Show what the filters of a model's first layer detect, and which known motifs they match.\n"
        "\n"
        "Usage: tfbind motifs [options] -f ref.fa -l labels.bed.gz > filters.tsv\n"
        "\n"
        "  -m, --model LIST         model: an installed one by name, or a file. Several, or a folder, are each\n"
        "                           shown by itself: names of output files then need {model} [human]\n" TFB_USAGE_FASTA
        "  -l, --labels FILE        regions and labels, as for evaluate; preferably not those of training\n"
        "      --chroms LIST        use only regions on these contigs, a,b,c or @FILE [all]\n"
        "  -d, --db FILE            known motifs in MEME format (JASPAR, HOCOMOCO); reports the best matches with\n"
        "                           p- and q-values as Tomtom computes them\n"
        "      --compare FILE       another model with the same first layer, e.g. the parent of a fine-tuned one;\n"
        "                           reports which filters became, stayed or ceased to be the target's motif\n"
        "Output\n"
        "  -o, --output FILE        table of filters [standard output]\n"
        "      --meme FILE          motifs of the filters, in MEME format\n"
        "      --targets FILE       table of targets: is a target's own motif among its most important filters?\n"
        "                           -: standard output, instead of the table of filters\n"
        "      --importance FILE    table of the importance of each filter for each target\n"
        "      --html FILE          a page with all results and logos\n"
        "Method\n"
        "      --use WHICH          regions to use: correct (all known labels predicted right), bound (those of\n"
        "                           them that are bound) or all [correct]\n"
        "      --threshold NUM      a filter has a site if it reaches this share of its maximum [0.5]\n"
        "      --importance-on WHICH  measure importance on: used (the regions used), bound (those that are bound\n"
        "                           and predicted bound for any target) or own (for each target those that are\n"
        "                           bound and predicted bound for it) [used]\n"
        "      --regions INT        number of these regions to sample evenly (own: for each target); 0: do not\n"
        "                           measure importance [500]\n"
        "      --top INT            number of most important filters to report for each target [5]\n"
        "      --trim BITS          before comparing, trim ends of motifs with less information than this [0.25]\n"
        "      --max-q NUM          a match counts below this q-value, on the page and for --compare "
        "[0.01]\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP);
}

static int write_to(const char *path, const args_t *a, const tfb_filters_t *f, const tfb_matches_t *m,
                    const tfb_matches_t *before, int what)
{
    tfb_out_t *o;
    FILE *out = tfb_out_open(path, &o);
    int ok = out != NULL;
    if (!out) return -1;
    if (what == 'o') tfb_matches_filters_tsv(m, before, a->q, out);
    if (what == 't') tfb_matches_targets_tsv(m, out);
    if (what == 'i') tfb_matches_importance_tsv(m, out);
    if (what == 'm') {
        tfb_motifs_t *s = tfb_filters_motifs(f);
        if (s) tfb_motifs_write(s, out);
        ok = s != NULL;
        tfb_motifs_destroy(s);
    }
    if (what == 'h') {
        char title[512], model[512];
        snprintf(title, sizeof title, "What the filters of %s detect", tfb_base_name(a->model));
        static const char *const on[] = {"regions used", "regions bound and predicted bound by any target",
                                         "regions of each target"};
        char where[100];
        snprintf(where, sizeof where, ", in %" PRId64 " %s", f->n_importance, on[a->scan.on]);
        snprintf(model, sizeof model, "%.400s %.12s", tfb_base_name(a->model), m->model->digest);
        tfb_page_opt_t p = {
            title,    a->command, .model = model, .before_name = a->before, .where = f->importance ? where : "",
            .q = a->q};
        ok = tfb_matches_html(m, before, &p, out) == 0;
    }
    return tfb_out_close(out, o, ok);
}

/* Loads the examples with labels for the model's targets. NULL on failure (logged). */
static tfb_examples_t *load(const args_t *a, const tfb_model_t *m)
{
    int n = 0, n_chroms = 0;
    tfb_examples_t *ex = NULL;
    char **chroms = NULL, **names = NULL;
    tfb_labels_t *l = tfb_labels_open(a->labels);
    if (!l || !(names = calloc((size_t)m->n_targets + 1, sizeof *names)) ||
        (a->chroms && !(chroms = tfb_cmd_list(a->chroms, &n_chroms))))
        goto done;
    for (int t = 0; t < m->n_targets; t++)
        for (int k = 0; k < tfb_labels_n_tfs(l); k++)
            if (strcmp(tfb_labels_tfs(l)[k], m->targets[t]) == 0) names[n++] = m->targets[t];
    if (!n) {
        tfb_error("%s has no labels for any of the model's %d targets", a->labels, m->n_targets);
        goto done;
    }
    if (n < m->n_targets) tfb_note("%d of the model's %d targets have labels in %s", n, m->n_targets, a->labels);
    tfb_examples_opt_t o = {.fasta = a->fasta,
                            .labels = a->labels,
                            .targets = names,
                            .n_targets = n,
                            .chroms = chroms,
                            .n_chroms = n_chroms,
                            .window = m->window};
    ex = tfb_examples_load(&o);
done:
    tfb_labels_close(l);
    tfb_strv_free(chroms);
    free(names);
    return ex;
}

/* On standard output, the table of targets replaces the table of filters. */
static int writes_filters(const args_t *a) { return !a->targets || strcmp(a->targets, "-") != 0; }

/* Checks early that the outputs can be written. 0, or -1 (logged). */
static int claim(const args_t *a)
{
    const char *const out[] = {writes_filters(a) ? a->out : NULL, a->targets, a->importance, a->meme, a->html};
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
        if (tfb_run_claim(out[i]) < 0) return -1;
    return 0;
}

static int run(const args_t *a)
{
    int ret = -1;
    tfb_model_t *m = tfb_model_load(a->model), *bm = NULL;
    tfb_examples_t *ex = NULL;
    tfb_motifs_t *db = NULL;
    tfb_pool_t *pool = NULL;
    tfb_filters_t *f = NULL, *bf = NULL;
    tfb_matches_t *x = NULL, *bx = NULL;
    if (!m || tfb_model_try(m, a->model) < 0 || (a->db && !(db = tfb_motifs_read(a->db)))) goto done;
    if (a->before) {
        if (!(bm = tfb_model_load(a->before)) || tfb_model_try(bm, a->before) < 0) goto done;
        const tfb_layer_t *p = &m->net->layer[0], *q = &bm->net->layer[0];
        if (m->window != bm->window || p->kind != q->kind || p->F != q->F || p->K != q->K) {
            tfb_error("%s and %s do not have the same first layer: filters cannot be compared one by one", a->model,
                      a->before);
            goto done;
        }
    }
    if (!(ex = load(a, m)) || claim(a) < 0 || !(pool = tfb_pool_create(a->threads)) ||
        !(f = tfb_filters_scan(m, ex, &a->scan, pool)) || !(x = tfb_matches_create(m, f, db, a->trim, pool)))
        goto done;
    if (bm) { /* on the same regions, for the targets of the new model */
        tfb_filters_opt_t o = a->scan;
        o.only = f->used;
        o.n_importance = 0;
        o.n_top = 0;
        if (!(bf = tfb_filters_scan(bm, ex, &o, pool))) goto done;
        bf->T = f->T;
        if (!(bx = tfb_matches_create(m, bf, db, a->trim, pool))) goto done;
    }
    tfb_note("%" PRId64 " of %" PRId64 " regions used, importance on %" PRId64, f->n_used, ex->n, f->n_importance);
    if (writes_filters(a) && write_to(a->out, a, f, x, bx, 'o') < 0) goto done;
    if (a->targets && write_to(a->targets, a, f, x, bx, 't') < 0) goto done;
    if (a->importance && write_to(a->importance, a, f, x, bx, 'i') < 0) goto done;
    if (a->meme && write_to(a->meme, a, f, x, bx, 'm') < 0) goto done;
    if (a->html && write_to(a->html, a, f, x, bx, 'h') < 0) goto done;
    ret = 0;
done:
    tfb_matches_destroy(x);
    tfb_matches_destroy(bx);
    tfb_filters_destroy(f);
    tfb_filters_destroy(bf);
    tfb_examples_destroy(ex);
    tfb_motifs_destroy(db);
    tfb_pool_destroy(pool);
    tfb_model_destroy(m);
    tfb_model_destroy(bm);
    return ret;
}

/* ---- several models ---- */

#define MODEL "{model}"

/* The options that name outputs. */
enum { OUTPUTS = 5 };
static const struct {
    const char *option;
    size_t to; /* in args_t */
} outputs[OUTPUTS] = {{"-o", offsetof(args_t, out)},
                      {"--meme", offsetof(args_t, meme)},
                      {"--html", offsetof(args_t, html)},
                      {"--targets", offsetof(args_t, targets)},
                      {"--importance", offsetof(args_t, importance)}};

static const char **output(args_t *a, int i) { return (const char **)((char *)a + outputs[i].to); }

/* Returns an output's name with {model} replaced, to be freed; NULL if memory runs out (logged). */
static char *name_output(const char *pattern, const char *model)
{
    const char *at = strstr(pattern, MODEL), *base = tfb_base_name(model);
    size_t n = strlen(base) - (tfb_ends_with(base, TFB_MODEL_SUFFIX) ? strlen(TFB_MODEL_SUFFIX) : 0);
    char *s = NULL;
    if (asprintf(&s, "%.*s%.*s%s", (int)(at - pattern), pattern, (int)n, base, at + strlen(MODEL)) >= 0) return s;
    tfb_error("not enough memory");
    return NULL;
}

/* Checks that the outputs of several models differ. 0, or -1 (logged). */
static int check_outputs(args_t *a, int n)
{
    for (int i = 0; i < OUTPUTS; i++) {
        const char *name = *output(a, i);
        int used = name || (i == 0 && writes_filters(a));
        if (!used || (name && strstr(name, MODEL))) continue;
        tfb_error("%d models need a file each: give %s a name with " MODEL, n, outputs[i].option);
        return -1;
    }
    return 0;
}

/* Runs for one of several models. 0, or -1 (logged). */
static int run_one(const args_t *all, const char *model)
{
    args_t a = *all;
    char *name[OUTPUTS] = {NULL};
    int ret = 0;
    a.model = model;
    for (int i = 0; i < OUTPUTS && ret == 0; i++) {
        if (!*output(&a, i)) continue;
        if (!(name[i] = name_output(*output(&a, i), model))) ret = -1;
        *output(&a, i) = name[i];
    }
    if (ret == 0) ret = run(&a);
    for (int i = 0; i < OUTPUTS; i++) free(name[i]);
    return ret;
}

static int run_all(args_t *a)
{
    int n = 0, ret = 0;
    char **file = tfb_panel_files(a->model, &n), *before = a->before ? tfb_model_find(a->before) : NULL;
    if (!file || (a->before && !before)) ret = -1;
    a->before = before;
    if (ret == 0 && n == 1) {
        a->model = file[0];
        ret = run(a);
    } else if (ret == 0)
        ret = check_outputs(a, n);
    for (int i = 0; i < n && n > 1 && ret == 0; i++) ret = run_one(a, file[i]);
    free(before);
    tfb_strv_free(file);
    return ret;
}

/* In the order of their types. */
static const char *const use_name[] = {"correct", "bound", "all"}, *const on_name[] = {"used", "bound", "own"};

static const tfb_option_t options[] = {
    {TFB_OPTION_MODEL(model)},
    {TFB_OPTION_FASTA(fasta)},
    {TFB_OPTION_LABELS(labels)},
    {TFB_OPTION_CHROMS(chroms)},
    {TFB_OPTION_DB(db), .id = 'd'},
    {"compare", TFB_TEXT(before)},
    {TFB_OPTION_OUTPUT(out)},
    {"meme", TFB_TEXT(meme)},
    {"targets", TFB_TEXT(targets)},
    {"importance", TFB_TEXT(importance)},
    {"html", TFB_TEXT(html)},
    {"importance-on", TFB_WORD(scan.on, on_name, 3)},
    {"use", TFB_WORD(scan.use, use_name, 3)},
    {"threshold", TFB_NUM(scan.threshold, 0, 1)},
    {"regions", TFB_INT64(scan.n_importance, 0, INT32_MAX)},
    {"top", TFB_INT(scan.n_top, 1, 1000)},
    {"trim", TFB_NUM(trim, 0, 2)},
    {"max-q", TFB_NUM(q, 0, 1)},
    {TFB_OPTION_THREADS(threads)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

int tfb_cmd_motifs(int argc, char **argv)
{
    args_t a = {.threads = 1, .trim = 0.25, .q = 0.01, .scan = {.threshold = 0.5, .n_importance = 500, .n_top = 5}};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{a.fasta, "-f ref.fa"}, {a.labels, "-l labels.bed.gz"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("motifs", argc, argv, usage, need, NULL, NULL)) return 1;
    if (a.targets && !a.db) {
        tfb_error("--targets needs -d, a file of known motifs");
        return 1;
    }
    if (!a.scan.n_importance && (a.targets || a.importance)) {
        tfb_error("--%s needs the importance of filters, which --regions 0 turns off",
                  a.targets ? "targets" : "importance");
        return 1;
    }
    if (!a.db && !a.importance && !a.html) a.scan.n_importance = 0; /* no output has it */
    a.command = tfb_record_command(argc, argv);
    int ret = run_all(&a);
    free(a.command);
    return ret < 0 ? 1 : 0;
}
