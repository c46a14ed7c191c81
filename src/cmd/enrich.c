/* enrich.c - `tfbind enrich`: tests which TFs' sites a set of variants changes more than other variants do. */
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
        "Test whether a set of variants changes the sites of TFs more than other variants do. The table has one\n"
        "row per TF, the most significant first.\n"
        "\n"
        "Usage: tfbind enrich [options] --background common.vcf.gz hits.tfb.bcf\n"
        "       tfbind enrich [options] -f ref.fa hits.vcf.gz\n"
        "       tfbind enrich [options] -f ref.fa --min-lp 7.3 gwas.vcf.gz\n"
        "       tfbind enrich [options] -f ref.fa --max-p 5e-8 gwas.tsv.gz\n"
        "\n" TFB_USAGE_MODELS
        "  -f, --fasta-ref FILE     reference sequence, indexed FASTA; scores the variants. Without -f both files\n"
        "                           must be annotated: after annotate --tf all every TF is tested, after a\n"
        "                           summary only the TF that changes most counts\n"
        "      --background FILE    VCF or BCF of variants to compare with; hits in it are skipped\n"
        "                           [random SNVs near the hits, matched by trinucleotide, change and GC of the\n"
        "                           window; needs -f]\n"
        "      --random INT         random SNVs per hit [10]\n"
        "      --within INT         draw random SNVs within INT bases of their hit, the nearest first; 0: anywhere\n"
        "                           [50000; with -R 0]\n"
        "      --min-lp NUM         GWAS-VCF: hits are the records with FORMAT/LP (-log10 p) of at least NUM;\n"
        "                           without --background the other records are the background\n"
        "      --max-p NUM          the same by p: 5e-8 is --min-lp 7.30103\n"
        "      --min-pip NUM        fine-mapping: hits are the records with INFO/PIP of at least NUM; without\n"
        "                           --background the other records are the background\n"
        "      --weight TAG         weight of a hit, e.g. INFO/PIP or FORMAT/PP; at least 0 [1]\n"
        "      --sample NAME        sample (in a GWAS-VCF, the study) with the FORMAT values [the first]\n"
        "  -R, --regions-file FILE  BED: use only variants in these regions, and random SNVs from them [anywhere]\n"
        "      --open FILE          the same from a peaks file or a bigWig of open chromatin\n" TFB_USAGE_OPEN_MIN
        "      --test WHAT          change (|delta|), gain (delta above 0) or loss (delta below 0) [change]\n"
        "      --by-effect          test gain and loss for the allele that raises the trait: ALT, or REF if\n"
        "                           FORMAT/ES is negative [for ALT]\n"
        "      --match-af           sample the background to the hits' minor allele frequencies (FORMAT/AF, else\n"
        "                           INFO/AF)\n" TFB_USAGE_ASSOC
        "      --temp-dir FOLDER    for temporary files, to sort long tables [$TMPDIR, or /tmp]\n"
        "      --tf LIST            test only these TFs, a,b,c or @FILE [all]\n" TFB_USAGE_CELL TFB_USAGE_PREFIX
        "      --strand WHICH       both, fwd or rev [both]\n" TFB_USAGE_PRECISION
        "      --max-n INT          skip alleles with more Ns in their window [20]\n"
        "      --permutations INT   number of permutations for the permutation test [10000]\n"
        "      --max-background INT  sample a larger background down to this size [100000]\n"
        "      --seed INT           seed of all random draws [1]\n"
        "      --svg FILE           draw the first 20 TFs: auc with its interval, both q, and how many TFs are\n"
        "                           significant\n"
        "  -o, --output FILE        table [standard output]\n" TFB_USAGE_STATS TFB_USAGE_THREADS TFB_USAGE_VERBOSITY
            TFB_USAGE_HELP "\n"
        "Columns: weighted means of the changes of hits and background; auc, the chance that a hit changes the TF\n"
        "more than a background variant does; one-sided p of the rank test and of permutations of the mean, each\n"
        "with its false discovery rate (q); auc_low and auc_high, the 95 %% confidence interval of auc. A repeated\n"
        "variant counts once. Hits are never part of the background. Hits and background may be tables of variants,\n"
        "with -f; --format and --columns are those of the hits.\n");
}

typedef struct {
    tfb_enrich_opt_t o;
    int64_t within;        /* -1: not given */
    double max_p, min_pip; /* NaN: not given */
} args_t;

static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(o.session),
    {"background", TFB_TEXT(o.background)},
    {"random", TFB_INT(o.n_random, 1, 10000)},
    {"within", TFB_INT64(within, 0, 10000000)},
    {"min-lp", TFB_NUM(o.min_lp, 0, 1e9)},
    {"max-p", TFB_NUM(max_p, 1e-300, 1)},
    {"min-pip", TFB_NUM(min_pip, 0, 1)},
    TFB_OPTIONS_ASSOC(o.table),
    {"temp-dir", TFB_TEXT(o.table.tmp)},
    {"sample", TFB_TEXT(o.sample)},
    {"weight", TFB_TEXT(o.weight)},
    {"regions-file", .id = 'R', TFB_TEXT(o.regions)},
    {TFB_OPTION_OPEN(o.open)},
    {TFB_OPTION_OPEN_MIN(o.open)},
    {"test", TFB_WORD(o.what, tfb_enrich_name, 3)},
    {"by-effect", TFB_FLAG(o.by_effect)},
    {"match-af", TFB_FLAG(o.match_af)},
    {TFB_OPTION_PREFIX(o.prefix)},
    {"permutations", TFB_INT(o.n_permutations, 0, 10000000)},
    {"max-background", TFB_INT64(o.max_background, 1, 100000000)},
    {TFB_OPTION_SEED(o.seed)},
    {"svg", TFB_TEXT(o.svg)},
    {TFB_OPTION_OUTPUT(o.out)},
    {TFB_OPTION_STATS(o.session.stats)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Turns the thresholds of hits into one. Returns 0, or -1 (logged). */
static int set_threshold(args_t *a)
{
    tfb_enrich_opt_t *o = &a->o;
    if (!isnan(o->min_lp) + !isnan(a->max_p) + !isnan(a->min_pip) > 1) {
        tfb_error("--min-lp, --max-p and --min-pip all choose the hits: give one of them");
        return -1;
    }
    if (!isnan(a->max_p)) o->min_lp = -log10(a->max_p);
    if (!isnan(a->min_pip)) {
        o->min_lp = a->min_pip;
        o->hit_tag = "INFO/PIP";
    }
    return 0;
}

/* Checks the options together. Returns 0, or -1 (logged). */
static int check_options(const tfb_enrich_opt_t *o, int random, int within)
{
    const char *wrong = NULL;
    int scored = !o->background && isnan(o->min_lp); /* the background: random SNVs */
    int reads_format = (!isnan(o->min_lp) && *o->hit_tag == 'F') || o->by_effect || o->match_af ||
                       (o->weight && strncmp(o->weight, "FORMAT/", 7) == 0);
    if (scored && !o->session.fasta)
        wrong = "--background is missing; for matched random SNVs, give -f ref.fa";
    else if (o->by_effect && o->what == TFB_ENRICH_CHANGE)
        wrong = "--by-effect needs --test gain or loss";
    else if (o->match_af && scored)
        wrong = "--match-af needs a background with allele frequencies: --background, or a GWAS-VCF with --min-lp";
    else if (random && !scored)
        wrong = "--random is for a background of random SNVs: it cannot be used with --background or --min-lp";
    else if (within && !scored)
        wrong = "--within is for a background of random SNVs: it cannot be used with --background or --min-lp";
    else if (o->sample && !reads_format)
        wrong = "--sample is for FORMAT values: it needs --min-lp, --by-effect, --match-af or --weight FORMAT/...";
    else if (o->regions && o->open.path)
        wrong = "-R and --open both choose regions: give one of the two";
    else if (o->open.has_min && !o->open.path)
        wrong = "--open-min needs --open";
    else if (o->background && strcmp(o->background, "-") == 0 && strcmp(o->in, "-") == 0)
        wrong = "hits and background cannot both be standard input";
    if (wrong) tfb_error("%s", wrong);
    return wrong ? -1 : 0;
}

int tfb_cmd_enrich(int argc, char **argv)
{
    args_t a = {.within = -1, .max_p = NAN, .min_pip = NAN};
    tfb_enrich_opt_t *o = &a.o;
    char given[TFB_MAX_OPTIONS] = {0};
    tfb_enrich_defaults(o);
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, given);
    if (r) return r > 0;
    const char *const need[][2] = {{NULL, NULL}};
    if (tfb_cmd_incomplete("enrich", argc, argv, usage, need, &o->in, "VCF, BCF or table of hits") ||
        set_threshold(&a) < 0 || check_options(o, given[tfb_options_row(options, "random")], a.within >= 0) < 0)
        return 1;
    if (a.within >= 0 || o->regions || o->open.path) o->within = a.within >= 0 ? a.within : 0;
    if ((given[tfb_options_row(options, "strand")] || given[tfb_options_row(options, "max-n")] ||
         given[tfb_options_row(options, "precision")]) &&
        !o->session.fasta)
        tfb_warn("--strand, --precision and --max-n need -f: without it, variants are not scored again");
    return tfb_enrich(o) < 0;
}
