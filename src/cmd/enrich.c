/* enrich.c - `tfbind enrich`: whose sites the variants of a set change more than others do. */
#include "annotate/enrich.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(
        f,
        "Do the variants of a set change the sites of TFs more than others do? A table, a row a TF, the most "
        "significant first.\n"
        "\n"
        "Usage: tfbind enrich [options] -m model.safetensors --background common.vcf.gz hits.tfb.bcf\n"
        "       tfbind enrich [options] -m model.safetensors -f ref.fa hits.vcf.gz\n"
        "       tfbind enrich [options] -m model.safetensors -f ref.fa --min-lp 7.3 gwas.vcf.gz\n"
        "\n"
        "  -m, --model FILE         model, or several, comma-separated, as for annotate\n"
        "  -f, --fasta-ref FILE     reference sequence, indexed FASTA: variants are scored. Without it both files "
        "must be annotated;\n"
        "                           with --tf all every TF is tested, with the summary only the TF that changes "
        "most counts\n"
        "      --background FILE    VCF or BCF of variants to compare with; hits among them are left out\n"
        "                           [random SNVs near the hits, matched in trinucleotide, change and GC of the "
        "window; needs -f]\n"
        "      --random INT         random SNVs for each hit [10]\n"
        "      --within INT         random SNVs lie within INT bases of their hit, the nearest first; 0: anywhere "
        "[50000; with -R 0]\n"
        "      --min-lp NUM         GWAS-VCF: hits are the records with FORMAT/LP (-log10 p) from this on; without "
        "--background the\n"
        "                           other records are the background\n"
        "      --weight TAG         weight of a hit, such as INFO/PIP or FORMAT/PP, 0 or more [1]\n"
        "      --sample NAME        the sample (of GWAS-VCF, the study) whose FORMAT values are read [the first]\n"
        "  -R, --regions-file FILE  BED: only variants in these regions, and random SNVs from them [anywhere]\n"
        "      --test WHAT          change (|delta|), gain (delta above 0) or loss (below) [change]\n"
        "      --by-effect          gain and loss are of the allele that raises the trait: ALT, or REF where "
        "FORMAT/ES is negative [of ALT]\n"
        "      --match-af           thin the background to the hits' minor allele frequencies (FORMAT/AF, else "
        "INFO/AF)\n"
        "      --tf LIST            only these TFs [all]\n" TFB_USAGE_PREFIX
        "      --strand WHICH       both, fwd or rev [both]\n"
        "      --max-n INT          leave out alleles with more N in their window [20]\n"
        "      --permutations INT   of the permutation test [10000]\n"
        "      --max-background INT  a larger background is sampled [100000]\n"
        "      --seed INT           of all that is random [1]\n"
        "      --svg FILE           draw the first 20 TFs\n"
        "  -o, --output FILE        the table [standard output]\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP
        "\n"
        "Columns: weighted means of the hits' and the background's changes; auc, the chance that a hit changes the "
        "TF more than a variant\n"
        "of the background; one-sided p of the rank test and of permutations of the mean, each with its false "
        "discovery rate (q);\n"
        "auc_low and auc_high, the 95 %% confidence interval of auc. A variant counts once however often it is "
        "there, and hits are never\n"
        "their own background.\n");
}

typedef struct {
    tfb_enrich_opt_t o;
    int64_t within; /* -1: not given */
} args_t;

static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(o.session),
    {"background", TFB_TEXT(o.background)},
    {"random", TFB_INT(o.n_random, 1, 10000)},
    {"within", TFB_INT64(within, 0, 10000000)},
    {"min-lp", TFB_NUM(o.min_lp, 0, 1e9)},
    {"sample", TFB_TEXT(o.sample)},
    {"weight", TFB_TEXT(o.weight)},
    {"regions-file", .id = 'R', TFB_TEXT(o.regions)},
    {"test", TFB_WORD(o.what, tfb_enrich_name, 3)},
    {"by-effect", TFB_FLAG(o.by_effect)},
    {"match-af", TFB_FLAG(o.match_af)},
    {TFB_OPTION_PREFIX(o.prefix)},
    {"permutations", TFB_INT(o.n_permutations, 0, 10000000)},
    {"max-background", TFB_INT64(o.max_background, 1, 100000000)},
    {TFB_OPTION_SEED(o.seed)},
    {"svg", TFB_TEXT(o.svg)},
    {TFB_OPTION_OUTPUT(o.out)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Checks the options together. Returns 0, or -1 (logged). */
static int check_options(const tfb_enrich_opt_t *o, int random, int within)
{
    const char *wrong = NULL;
    int scored = !o->background && isnan(o->min_lp); /* the background: random SNVs */
    int reads_format =
        !isnan(o->min_lp) || o->by_effect || o->match_af || (o->weight && strncmp(o->weight, "FORMAT/", 7) == 0);
    if (scored && !o->session.fasta)
        wrong = "--background is missing, or -f ref.fa for matched random SNVs";
    else if (o->by_effect && o->what == TFB_ENRICH_CHANGE)
        wrong = "--by-effect is about the direction of changes: it goes with --test gain or loss";
    else if (o->match_af && scored)
        wrong =
            "--match-af needs a background that has frequencies: --background, or the rest of a GWAS-VCF (--min-lp)";
    else if (random && !scored)
        wrong = "--random is for a background of random SNVs: it goes with neither --background nor --min-lp";
    else if (within && !scored)
        wrong = "--within is for a background of random SNVs: it goes with neither --background nor --min-lp";
    else if (o->sample && !reads_format)
        wrong = "--sample chooses whose FORMAT values are read: it goes with --min-lp, --by-effect, --match-af or "
                "--weight FORMAT/...";
    else if (o->background && strcmp(o->background, "-") == 0 && strcmp(o->in, "-") == 0)
        wrong = "hits and background cannot both be standard input";
    if (wrong) tfb_error("%s", wrong);
    return wrong ? -1 : 0;
}

int tfb_cmd_enrich(int argc, char **argv)
{
    args_t a = {.within = -1};
    tfb_enrich_opt_t *o = &a.o;
    char given[TFB_MAX_OPTIONS] = {0};
    tfb_enrich_defaults(o);
    o->session.threads = tfb_cmd_processors();
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, given);
    if (r) return r > 0;
    const char *const need[][2] = {{o->session.model, "-m model.safetensors"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("enrich", argc, argv, usage, need, &o->in, "VCF or BCF of hits") ||
        check_options(o, given[tfb_options_row(options, "random")], a.within >= 0) < 0)
        return 1;
    if (a.within >= 0 || o->regions) o->within = a.within >= 0 ? a.within : 0;
    if ((given[tfb_options_row(options, "strand")] || given[tfb_options_row(options, "max-n")]) && !o->session.fasta)
        tfb_warn("--strand and --max-n are for scoring: without -f the tags count as they are");
    return tfb_enrich(o) < 0;
}
