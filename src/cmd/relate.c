/* relate.c - `tfbind relate`: which TFs to pre-train on for a target. */
#include "train/relate.h"
#include "cmd/cmd.h"
#include "util/util.h"
#include <getopt.h>
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
        "\n"
        "  -l, --labels FILE        regions and labels, as for pretrain\n"
        "      --target TF          TF to learn\n"
        "      --by CRITERION       correlation  cosine of the label columns, unresolved as 0 [the default]\n"
        "                           cofactor     the same, without TFs that share a binding mode with the target\n"
        "                           mode         TFs that share a binding mode, most bound regions first\n"
        "                           least        TFs that share a binding mode, least correlated first\n"
        "                           partners     interaction partners, best score first\n"
        "                           random       in random order, as a control\n"
        "      --groups FILE        binding modes, for cofactor, mode and least: a table with a header line, a\n"
        "                           column tf, tf_symbols or name (dimers as A::B or A;B) and a column cluster...,\n"
        "                           mode, group or tf_family; or motifs in MEME format, similar ones being one mode\n"
        "      --group-column NAME  column with the mode, if there are several\n"
        "      --mode-cut FLOAT     smallest mean similarity of the motifs of one mode (Ncor, 0 to 1) [0.4]\n"
        "      --partners FILE      interactions in STRING's format: preferredName_A, preferredName_B, score\n"
        "      --chroms LIST        count only regions on these contigs, e.g. those for training [all]\n"
        "      --min-bound INT      skip TFs with fewer bound regions [0]\n"
        "      --top INT            number of TFs to print [all]\n"
        "      --with-target        print the target, too, before the others\n"
        "      --list               print only names, comma-separated, for pretrain --targets\n"
        "      --seed INT           seed of random [1]\n"
        "  -h, --help               print this text\n");
}

/* Prints at most top names (0: all), after target if that is not NULL. */
static void print_names(const char *target, const tfb_related_t *r, int n, long top)
{
    int shown = 0;
    if (target) printf("%s", target), shown++;
    for (int i = 0; i < n && (!top || shown < top); i++) printf("%s%s", shown++ ? "," : "", r[i].tf);
    putchar('\n');
}

/* Prints the table in the same way. bound: number of the target's bound regions. */
static void print_table(const char *target, int64_t bound, const tfb_related_t *r, int n, long top)
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

int tfb_cmd_relate(int argc, char **argv)
{
    static const char *const by[] = {"correlation", "cofactor", "mode",
                                     "least",       "partners", "random"}; /* in the order of tfb_relate_by_t */
    enum { TARGET = 256, BY, GROUPS, COLUMN, CUT, PARTNERS, CHROMS, MIN_BOUND, TOP, WITH, LIST, SEED };
    static const struct option opts[] = {{"labels", 1, NULL, 'l'},
                                         {"target", 1, NULL, TARGET},
                                         {"by", 1, NULL, BY},
                                         {"groups", 1, NULL, GROUPS},
                                         {"group-column", 1, NULL, COLUMN},
                                         {"mode-cut", 1, NULL, CUT},
                                         {"partners", 1, NULL, PARTNERS},
                                         {"chroms", 1, NULL, CHROMS},
                                         {"min-bound", 1, NULL, MIN_BOUND},
                                         {"top", 1, NULL, TOP},
                                         {"with-target", 0, NULL, WITH},
                                         {"list", 0, NULL, LIST},
                                         {"seed", 1, NULL, SEED},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    tfb_relate_opt_t o = {.seed = 1, .mode_cut = 0.4};
    int c, k, bad = 0, with = 0, list = 0, n;
    long top = 0, v = 1;
    char **chroms = NULL;
    while ((c = tfb_cmd_getopt(argc, argv, "l:h", opts)) >= 0) switch (c) {
        case 'l': o.labels = optarg; break;
        case TARGET: o.target = optarg; break;
        case BY: bad |= (k = tfb_word("by", optarg, by, 6)) < 0, o.by = (tfb_relate_by_t)k; break;
        case GROUPS: o.groups = optarg; break;
        case COLUMN: o.group_column = optarg; break;
        case CUT: bad |= tfb_cmd_double("mode-cut", optarg, 0, 1, &o.mode_cut); break;
        case PARTNERS: o.partners = optarg; break;
        case CHROMS:
            tfb_strv_free(chroms);
            bad |= !(chroms = tfb_cmd_list(optarg, &o.n_chroms));
            break;
        case MIN_BOUND: bad |= tfb_cmd_int("min-bound", optarg, 0, INT32_MAX, &v), o.min_bound = v; break;
        case TOP: bad |= tfb_cmd_int("top", optarg, 1, 100000, &top); break;
        case WITH: with = 1; break;
        case LIST: list = 1; break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), o.seed = (uint64_t)v; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    const char *const need[][2] = {{o.labels, "-l labels.bed.gz"}, {o.target, "--target TF"}, {NULL, NULL}};
    if (bad || tfb_cmd_incomplete("relate", argc, argv, usage, need, NULL, NULL)) return 1;
    if (no_table(&o, by[o.by])) return 1;
    int64_t target_bound;
    o.chroms = chroms;
    tfb_related_t *r = tfb_relate(&o, &n, &target_bound);
    tfb_strv_free(chroms);
    if (!r) return 1;
    if (top && n + with < top) tfb_warn("only %d TFs meet the criterion, not %ld", n + with, top);
    if (list)
        print_names(with ? o.target : NULL, r, n, top);
    else
        print_table(with ? o.target : NULL, target_bound, r, n, top);
    tfb_relate_free(r, n);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tfb_error("cannot write to standard output");
        return 1;
    }
    return 0;
}
