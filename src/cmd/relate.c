/* relate.c - `tfbind relate`: which TFs to pre-train on for a target. */
#include "train/relate.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "util/util.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(
        f,
        "Rank the TFs of a labels file as sources for a target: pre-training on biologically relevant TFs helps\n"
        "most.\n"
        "\n"
        "Usage: tfbind relate [options] -l labels.bed.gz --target TF --by CRITERION\n"
        "\n" TFB_USAGE_LABELS "      --target TF          TF to learn\n"
        "      --by CRITERION       correlation  cosine of the label columns, unresolved as 0 [the default]\n"
        "                           cofactor     the same, without TFs that share a binding mode with the target\n"
        "                           mode         TFs that share a binding mode, most bound regions first\n"
        "                           least        TFs that share a binding mode, least correlated first\n"
        "                           partners     interaction partners, best score first\n"
        "                           random       in random order, as a control\n"
        "                           auto         TFs that share a binding mode, then all others; in each group the\n"
        "                                        best correlated first\n"
        "      --groups FILE        binding modes, for cofactor, mode, least and auto: a table with a header line, a\n"
        "                           column tf, tf_symbols or name (dimers as A::B or A;B) and a column cluster...,\n"
        "                           mode, group or tf_family; or motifs in MEME format (similar ones: one mode)\n"
        "      --group-column NAME  column with the mode, if there are several\n"
        "      --mode-cut FLOAT     smallest mean similarity of the motifs of one mode (Ncor, 0 to 1) [0.4]\n"
        "      --partners FILE      interactions in STRING's format: preferredName_A, preferredName_B, score\n"
        "      --chroms LIST        count only regions on these contigs, e.g. those for training [all]\n"
        "      --min-bound INT      skip TFs with fewer bound regions [0]\n"
        "      --top INT            number of TFs to print [all]\n"
        "      --with-target        print the target, too, before the others\n"
        "      --list               print only names, comma-separated, for pretrain --targets\n"
        "      --seed INT           seed of random [1]\n" TFB_USAGE_VERBOSITY TFB_USAGE_HELP);
}

/* Prints at most top names (0: all), after target if that is not NULL. */
static void print_names(const char *target, const tfb_related_t *r, int n, int top)
{
    int shown = 0;
    if (target) printf("%s", target), shown++;
    for (int i = 0; i < n && (!top || shown < top); i++) printf("%s%s", shown++ ? "," : "", r[i].tf);
    putchar('\n');
}

/* Prints the table in the same way. bound: number of the target's bound regions. */
static void print_table(const char *target, int64_t bound, const tfb_related_t *r, int n, int top)
{
    int shown = 0;
    printf("rank\ttf\tn_bound\tn_both\tcosine\tsame_mode\tpartner_score\n");
    if (target) printf("%d\t%s\t%" PRId64 "\t%" PRId64 "\t1.0000\tyes\t.\n", ++shown, target, bound, bound);
    for (int i = 0; i < n && (!top || shown < top); i++) {
        const char *same = r[i].same_mode ? "yes" : "no";
        if (r[i].same_mode < 0) same = ".";
        printf("%d\t%s\t%" PRId64 "\t%" PRId64 "\t%.4f\t%s\t", ++shown, r[i].tf, r[i].n_bound, r[i].n_both, r[i].cosine,
               same);
        if (r[i].partner > 0)
            printf("%g\n", r[i].partner);
        else
            printf(".\n");
    }
}

/* Logs an error and returns 1 if the table that a criterion needs was not given; else returns 0. */
static int no_table(const tfb_relate_opt_t *o, const char *by)
{
    int modes = o->by == TFB_RELATE_COFACTOR || o->by == TFB_RELATE_MODE || o->by == TFB_RELATE_LEAST;
    if (modes && !o->groups) {
        tfb_error("--by %s needs --groups, a table of binding modes or a file of motifs", by);
        return 1;
    }
    if (o->by == TFB_RELATE_PARTNERS && !o->partners) {
        tfb_error("--by partners needs --partners, a table of interactions");
        return 1;
    }
    return 0;
}

typedef struct {
    tfb_relate_opt_t o;
    const char *chroms;
    int top, with_target, list;
} args_t;

static const char *const by_name[] = {"correlation", "cofactor", "mode", "least",
                                      "partners",    "random",   "auto"}; /* in the order of tfb_relate_by_t */

static const tfb_option_t options[] = {
    {TFB_OPTION_LABELS(o.labels)},
    {"target", TFB_TEXT(o.target)},
    {"by", TFB_WORD(o.by, by_name, 7)},
    {"groups", TFB_TEXT(o.groups)},
    {"group-column", TFB_TEXT(o.group_column)},
    {"mode-cut", TFB_NUM(o.mode_cut, 0, 1)},
    {"partners", TFB_TEXT(o.partners)},
    {TFB_OPTION_CHROMS(chroms)},
    {"min-bound", TFB_INT64(o.min_bound, 0, INT32_MAX)},
    {"top", TFB_INT(top, 1, 100000)},
    {"with-target", TFB_FLAG(with_target)},
    {"list", TFB_FLAG(list)},
    {TFB_OPTION_SEED(o.seed)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

int tfb_cmd_relate(int argc, char **argv)
{
    args_t a = {.o = {.seed = 1, .mode_cut = 0.4}};
    tfb_relate_opt_t *o = &a.o;
    int n, r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{o->labels, "-l labels.bed.gz"}, {o->target, "--target TF"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("relate", argc, argv, usage, need, NULL, NULL) || no_table(o, by_name[o->by])) return 1;
    char **chroms = NULL;
    if (a.chroms && !(chroms = tfb_cmd_list(a.chroms, &o->n_chroms))) return 1;
    int64_t target_bound;
    o->chroms = chroms;
    tfb_related_t *related = tfb_relate(o, &n, &target_bound);
    tfb_strv_free(chroms);
    if (!related) return 1;
    if (a.top && n + a.with_target < a.top)
        tfb_warn("only %d TFs meet the criterion, not %d", n + a.with_target, a.top);
    if (a.list)
        print_names(a.with_target ? o->target : NULL, related, n, a.top);
    else
        print_table(a.with_target ? o->target : NULL, target_bound, related, n, a.top);
    tfb_relate_free(related, n);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tfb_error("cannot write to standard output");
        return 1;
    }
    return 0;
}
