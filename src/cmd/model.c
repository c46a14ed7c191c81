/* model.c - `tfbind model`: what is in a model file, and its calibration. */
#include "nn/model.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "nn/installed.h"
#include "nn/panel.h"
#include "train/calibrate.h"
#include "train/record.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void usage(FILE *f)
{
    fprintf(
        f, "Show what is in a model file, after checking its sizes, shapes and numbers; or calibrate it.\n"
           "\n"
           "Usage: tfbind model [options] model\n"
           "       tfbind model --installed\n"
           "       tfbind model --calibrate -f ref.fa -l labels.bed.gz [--chroms LIST] [-o out.safetensors] "
           "model.safetensors\n"
           "\n"
           "The model is the name of an installed one, or a file. --check, --list, --calibration and the description\n"
           "also take several, comma-separated, and folders.\n"
           "\n"
           "Calibration measures how much random SNVs change the predictions, and the probability from which on a\n"
           "window is called a site of the TF. With a calibrated model, annotate writes percentiles (TFB_PCT) and\n"
           "calls (TFB_CALL: gain, loss, change).\n"
           "\n"
           "Show or convert\n"
           "      --installed          list the installed models, one per line: name, number of TFs, genome, bytes,\n"
           "                           path. -m and -m NAME find them in the folders of TFBIND_MODELS (separated by\n"
           "                           colons), in models of the source tree, and of the installation\n"
           "      --check              check more: no unused tensors, and scores are finite; print only OK\n"
           "      --list               print only the names of the targets, one per line\n"
           "      --get KEY            print only this entry of the metadata, e.g. test_metrics\n"
           "      --calibration        print the calibration, one row per target: quantiles of |delta| and |LOR|,\n"
           "                           threshold, recall; the last row is the combined change\n"
           "      --convert FILE       write the model to FILE\n"
           "      --half               with --convert: store weights as float16\n"
           "Calibrate\n"
           "      --calibrate          score random SNVs in the regions, and store quantiles of |delta| and |LOR| for\n"
           "                           each target\n" TFB_USAGE_FASTA
           "  -R, --regions-file FILE  BED regions to draw SNVs from [those of -l]\n"
           "      --combine NAME       how TFB_PHRED combines the changes of all TFs: l2-lor, l2-delta, max-delta,\n"
           "                           mean-delta, mean-lor or tail (tfbind-model(1) defines them) [l2-lor]\n"
           "      --snv-chroms LIST    draw only on these contigs [all]\n"
           "      --n INT              number of SNVs; each takes 8 bytes of memory per target [100000]\n"
           "      --max-n INT          most Ns in the window of an SNV [20]\n"
           "      --seed INT           seed of the draws [1]\n"
           "  -l, --labels FILE        labelled regions, as for pretrain: also store a threshold for each target, the\n"
           "                           lowest probability at which called sites reach --precision with at least 10\n"
           "                           bound regions\n"
           "      --chroms LIST        find thresholds on these contigs, which should not be those of training [all]\n"
           "      --precision FLOAT    share of the called sites that are bound [0.5]\n"
           "  -o, --output FILE        calibrated model [replaces the model]\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY
               TFB_USAGE_HELP);
}

static const char *or_dash(const char *s) { return s ? s : "?"; }

/* Prints the calibration in one line; --calibration prints the numbers. The text is from the file, so control
 * characters are replaced. */
static void describe_calibration(const tfb_model_t *m)
{
    const tfb_calib_t *c = m->calib;
    int n_pct = 0, n_threshold = 0;
    char text[600];
    for (int t = 0; t < m->n_targets; t++) {
        n_pct += !isnan(tfb_calib_quantiles(c, t, TFB_CALIB_DELTA)[0]);
        n_threshold += !isnan(c->threshold[t]);
    }
    int k =
        snprintf(text, sizeof text, "percentiles of %d targets from %" PRId64 " random SNVs (%.200s, seed %" PRId64 ")",
                 n_pct, c->n_snvs, or_dash(c->regions), c->seed);
    if (c->sites && k > 0 && k < (int)sizeof text)
        snprintf(text + k, sizeof text - (size_t)k, "; thresholds of %d at precision %g (%.200s)", n_threshold,
                 c->precision, c->sites);
    k = (int)strlen(text);
    if (c->combine && k < (int)sizeof text)
        snprintf(text + k, sizeof text - (size_t)k, "; changes combined by %s", c->combine->name);
    printf("%s\t", TFB_CALIB_KEY);
    for (const char *s = text; *s; s++) putchar(iscntrl((unsigned char)*s) ? ' ' : *s);
    putchar('\n');
}

/* Prints a row's quantiles. */
static void put_quantiles(const tfb_calib_t *c, const float *q)
{
    for (int i = 0; i < c->n_grid; i++)
        if (isnan(q[0]))
            printf("\t.");
        else
            printf("\t%.4g", (double)q[i]);
    putchar('\n');
}

static void table_calibration(const tfb_model_t *m)
{
    const tfb_calib_t *c = m->calib;
    printf("target\tthreshold\trecall\tscale");
    for (int i = 0; i < c->n_grid; i++) printf("\tp%g", 100 * c->grid[i]);
    putchar('\n');
    for (int t = 0; t < m->n_targets; t++)
        for (int k = 0; k < 2; k++) {
            const float *q = tfb_calib_quantiles(c, t, (tfb_calib_scale_t)k);
            if (isnan(c->threshold[t]))
                printf("%s\t.\t.\t%s", m->targets[t], k ? "lor" : "delta");
            else
                printf("%s\t%.4g\t%.4g\t%s", m->targets[t], (double)c->threshold[t], (double)c->recall[t],
                       k ? "lor" : "delta");
            put_quantiles(c, q);
        }
    if (!c->combine) return;
    printf("all\t.\t.\t%s", c->combine->name);
    put_quantiles(c, c->combined);
}

static void describe(const tfb_model_t *m, const char *path)
{
    struct stat st;
    printf("file\t%s\n", path);
    if (stat(path, &st) == 0) printf("bytes\t%lld\n", (long long)st.st_size);
    printf("sha256\t%s\nwindow\t%d\n", m->digest, m->window);
    const char *arch = tfb_net_arch_of(m->net);
    if (arch) printf("arch\t%s\n", arch);
    printf("spec\t%s\nparameters\t%zu\ntargets\t%d", m->net->spec, m->net->n_param, m->n_targets);
    for (int i = 0; i < m->n_targets && i < 8; i++) printf("%s%s", i ? "," : "\t", m->targets[i]);
    printf("%s\n", m->n_targets > 8 ? ",..." : "");
    if (m->calib) describe_calibration(m);
    for (int i = 0; m->meta[i]; i += 2) {
        if (m->calib && strcmp(m->meta[i], TFB_CALIB_KEY) == 0) continue;
        const char *v = m->meta[i + 1];
        size_t n = strlen(v), shown = n > 300 ? 100 : n;
        for (const char *k = m->meta[i]; *k; k++) putchar(iscntrl((unsigned char)*k) ? ' ' : *k);
        putchar('\t');
        for (size_t k = 0; k < shown; k++) putchar(iscntrl((unsigned char)v[k]) ? ' ' : v[k]); /* a row stays a row */
        puts(n > 300 ? "... (--get shows all)" : "");
    }
    printf("\nlayer\tname\tpositions\tchannels\tparameters\n");
    for (int i = 0; i < m->net->n_layers; i++) {
        const tfb_layer_t *l = &m->net->layer[i];
        printf("%s\t%s\t%d\t%d\t%zu\n", l->kind->name, l->n_tensors ? l->name : ".", l->out.L, l->out.C, l->n_param);
    }
}

typedef struct {
    int check, list, show, half, cal, installed;
    int only_cal; /* an option for --calibrate only was given */
    int threads;
    const char *get, *convert, *out, *snv_chroms, *chroms;
    tfb_calibrate_opt_t o;
} args_t;

static int calibrate(tfb_model_t *m, args_t *g, const char *out, char *command)
{
    int ret = -1;
    tfb_calibrate_opt_t *o = &g->o;
    char **a = NULL, **b = NULL;
    tfb_pool_t *pool = tfb_pool_create(g->threads);
    o->pool = pool;
    if (!o->regions) o->regions = o->labels;
    if (!pool || (g->snv_chroms && !(a = tfb_cmd_list(g->snv_chroms, &o->n_snv_chroms))) ||
        (g->chroms && !(b = tfb_cmd_list(g->chroms, &o->n_chroms))))
        goto done;
    if (tfb_run_claim(out) < 0) goto done;
    o->snv_chroms = a;
    o->chroms = b;
    if (tfb_calibrate(m, o) < 0) goto done;
    ret = !command || tfb_model_meta_set(m, "calibration_command", command) < 0 ? -1 : tfb_model_save(m, out, g->half);
done:
    tfb_strv_free(a);
    tfb_strv_free(b);
    tfb_pool_destroy(pool);
    return ret;
}

/* Checks that the options can be used together. 0, or -1 (logged). */
static int check_args(const args_t *g)
{
    const tfb_calibrate_opt_t *o = &g->o;
    const char *wrong = NULL;
    if (!g->cal && g->only_cal)
        wrong = "-f, -R, -l, -o, --combine, --snv-chroms, --n, --max-n, --seed, --chroms and --precision are for "
                "--calibrate";
    else if (g->cal && (g->check || g->list || g->get || g->show || g->convert))
        wrong = "--calibrate cannot be used with --check, --list, --get, --calibration or --convert";
    else if (g->installed && (g->cal || g->check || g->list || g->get || g->show || g->convert))
        wrong = "--installed lists models: it takes no other option";
    else if (g->cal && !o->fasta)
        wrong = "--calibrate needs -f ref.fa";
    else if (g->cal && !o->labels && !o->regions)
        wrong = "--calibrate needs regions: -l labels.bed.gz or -R regions.bed";
    else if (g->cal && g->chroms && !o->labels)
        wrong = "--chroms needs the labels of -l; for the contigs of SNVs use --snv-chroms";
    if (wrong) tfb_error("%s", wrong);
    return wrong ? -1 : 0;
}

/* Prints or writes what the options ask for, from a loaded model. 0, or -1 (logged). */
static int act(tfb_model_t *m, args_t *g, const char *path, int argc, char **argv)
{
    if ((g->check || g->cal) && tfb_model_try(m, path) < 0) return -1;
    g->o.model = path;
    if (g->cal) {
        char *command = tfb_record_command(argc, argv);
        const char *out = g->out ? g->out : path;
        if (strcmp(out, path) == 0) tfb_reads_no_more(path);
        int ret = calibrate(m, g, out, command);
        free(command);
        if (ret == 0) describe_calibration(m);
        return ret;
    }
    if (g->check)
        printf("%s\tOK\n", path);
    else if (g->list)
        for (int i = 0; i < m->n_targets; i++) puts(m->targets[i]);
    else if (g->show) {
        if (!m->calib) {
            tfb_error("%s has no calibration (--calibrate makes one)", path);
            return -1;
        }
        table_calibration(m);
    } else if (g->get) {
        const char *text = tfb_model_meta(m, g->get);
        if (!text) {
            tfb_error("%s has no '%s' in its metadata", path, g->get);
            return -1;
        }
        puts(text);
    } else if (g->convert)
        return tfb_model_save(m, g->convert, g->half);
    else
        describe(m, path);
    return 0;
}

static int set_combine(void *args, const tfb_option_t *row, const char *value)
{
    const char *names[TFB_COMBINES];
    for (int i = 0; i < TFB_COMBINES; i++) names[i] = tfb_combines[i].name;
    int k = tfb_word(row->name, value, names, TFB_COMBINES);
    if (k >= 0) ((args_t *)args)->o.combine = &tfb_combines[k];
    return k < 0;
}

static const char *combine_names(void)
{
    static char names[256];
    size_t n = 0;
    for (int i = 0; i < TFB_COMBINES && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", tfb_combines[i].name);
    return names;
}

enum { CALIBRATE = 1 }; /* group of the options that are for --calibrate alone */

static const tfb_option_t options[] = {
    {"installed", TFB_FLAG(installed)},
    {"check", TFB_FLAG(check)},
    {"list", TFB_FLAG(list)},
    {"get", TFB_TEXT(get)},
    {"calibration", TFB_FLAG(show)},
    {"convert", TFB_TEXT(convert)},
    {"half", TFB_FLAG(half)},
    {"calibrate", TFB_FLAG(cal)},
    {TFB_OPTION_FASTA(o.fasta), .group = CALIBRATE},
    {"regions-file", .id = 'R', TFB_TEXT(o.regions), .group = CALIBRATE},
    {"combine", .arg = 1, .set = set_combine, TFB_TO(o.combine), .listed = combine_names, .group = CALIBRATE},
    {"snv-chroms", TFB_TEXT(snv_chroms), .group = CALIBRATE},
    {"n", TFB_INT64(o.n, 100, 100000000), .group = CALIBRATE},
    {TFB_OPTION_MAX_N(o.max_n), .group = CALIBRATE},
    {TFB_OPTION_SEED(o.seed), .group = CALIBRATE},
    {TFB_OPTION_LABELS(o.labels), .group = CALIBRATE},
    {TFB_OPTION_CHROMS(chroms), .group = CALIBRATE},
    {"precision", TFB_NUM(o.precision, 0, 1), .group = CALIBRATE},
    {TFB_OPTION_OUTPUT(out), .group = CALIBRATE},
    {TFB_OPTION_THREADS(threads)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* ---- the installed models ---- */

/* Prints the row of a model file that ends with TFB_MODEL_SUFFIX. 0, or -1 (logged). */
static int print_installed(const char *path)
{
    struct stat st;
    const char *base = tfb_base_name(path);
    char *targets = tfb_model_peek(path, "targets"), *genome = targets ? tfb_model_peek(path, "genome") : NULL;
    int n = targets && *targets, ok = genome && n && stat(path, &st) == 0;
    for (const char *s = targets; s && *s; s++) n += *s == ',';
    if (ok) {
        printf("%.*s\t%d\t", (int)(strlen(base) - strlen(TFB_MODEL_SUFFIX)), base, n);
        for (const char *p = *genome ? genome : "."; *p; p++) putchar(iscntrl((unsigned char)*p) ? ' ' : *p);
        printf("\t%lld\t%s\n", (long long)st.st_size, path);
    } else if (genome)
        tfb_model_destroy(tfb_model_load(path)); /* reports what is wrong */
    free(targets);
    free(genome);
    return ok ? 0 : -1;
}

/* Prints a row for each installed model. 0, or -1 if there is none or one is damaged (logged). */
static int list_installed(void)
{
    int n = 0, ret = -1;
    char **folder = tfb_model_folders(), *where = folder ? tfb_model_folders_text(folder) : NULL;
    char **path = where ? tfb_models_installed(folder, &n) : NULL;
    if (n) {
        puts("name\ttfs\tgenome\tbytes\tpath");
        ret = 0;
        for (int i = 0; i < n; i++)
            if (print_installed(path[i]) < 0) ret = -1;
    } else if (path)
        tfb_error("no model is installed (in %s): name a folder of models in TFBIND_MODELS", where);
    tfb_strv_free(path);
    free(where);
    tfb_strv_free(folder);
    return ret;
}

/* ---- the command ---- */

/* Returns the files of the models on the command line, and writes their number to *n. NULL on failure (logged). */
static char **find_models(const args_t *g, const char *names, int *n)
{
    char **file = tfb_panel_files(names, n);
    const char *wrong = NULL;
    if (!file) return NULL;
    if (*n > 1 && (g->cal || g->convert || g->get)) wrong = "--calibrate, --convert and --get take one model";
    if (g->cal && !g->out && *n == 1 && strcmp(file[0], names) != 0)
        wrong = "--calibrate replaces only a model given as a file: for an installed model or a folder's, give -o";
    if (!wrong) return file;
    tfb_error("%s", wrong);
    tfb_strv_free(file);
    return NULL;
}

/* Acts on one model. 0, or -1 (logged). */
static int act_on(const char *path, args_t *g, int argc, char **argv)
{
    tfb_model_t *m = g->check ? tfb_model_load_strict(path) : tfb_model_load(path);
    int ret = m ? act(m, g, path, argc, argv) : -1;
    tfb_model_destroy(m);
    return ret;
}

static int run(args_t *g, const char *names, int argc, char **argv)
{
    int n = 0, ret = 0;
    char **file = find_models(g, names, &n);
    if (!file) return -1;
    for (int i = 0; i < n && (ret == 0 || g->check); i++) {
        if (i && !g->check && !g->list) putchar('\n');
        if (act_on(file[i], g, argc, argv) < 0) ret = -1;
    }
    tfb_strv_free(file);
    return ret;
}

int tfb_cmd_model(int argc, char **argv)
{
    args_t g = {.threads = 1, .o = {.n = 100000, .seed = 1, .max_n = 20, .precision = 0.5}};
    char given[TFB_MAX_OPTIONS] = {0};
    int r = tfb_cmd_parse(options, usage, &g, argc, argv, given);
    if (r) return r > 0;
    for (int k = 0; options[k].name; k++) g.only_cal |= given[k] && options[k].group == CALIBRATE;
    const char *names = NULL, **in = g.installed ? NULL : &names, *const need[][2] = {{NULL, NULL}};
    if (tfb_cmd_incomplete("model", argc, argv, usage, need, in, "model") || check_args(&g) < 0) return 1;
    int ret = (g.installed ? list_installed() : run(&g, names, argc, argv)) < 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tfb_error("cannot write to standard output");
        ret = 1;
    }
    return ret;
}
