/* explain.c - `tfbind explain`: parses options and calls tfb_explain. */
#include "explain/explain.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "explain/npz.h"
#include "genome/track.h"
#include "util/files.h"
#include "util/util.h"
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f,
            "Show which bases a prediction rests on: how much each one adds to a TF's log odds of binding.\n"
            "\n"
            "Usage: tfbind explain [options] -f ref.fa in.vcf.gz|in.bed\n"
            "       tfbind explain [options] in.fa\n"
            "\n"
            "Variants are explained as pairs, REF and ALT. Regions and sequences are explained in the window around\n"
            "their middle (narrowPeak: around the summit).\n"
            "\n"
            "Model and input\n"
            "  -m, --model LIST         model: an installed one by name, or a file; --method ism also takes several,\n"
            "                           comma-separated, or a folder [human]\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA; not needed for FASTA input\n"
            "      --tf LIST            TFs: a,b,c, @FILE or all [the TF with the highest score; for a variant, with\n"
            "                           the largest change]\n" TFB_USAGE_CELL
            "      --input vcf|bed|fasta  input format [detected]\n"
            "      --max-n INT          skip windows with more Ns [20]\n"
            "      --min-score FLOAT    explain only what is bound with at least this probability (a variant: with\n"
            "                           either allele) [0]\n"
            "      --strand WHICH       both, fwd or rev [both: contributions to the mean of the "
            "logits]\n" TFB_USAGE_PRECISION "Method\n"
            "      --method deeplift|ism|gradient  DeepLIFT (rescale rule) against reference sequences, in-silico\n"
            "                           mutagenesis, or gradient x input [ism for variants, else deeplift]\n"
            "      --references INT     DeepLIFT: number of shuffles of the sequence to compare with; they keep its\n"
            "                           dinucleotides [10]\n"
            "      --references-fasta FILE  DeepLIFT: use these sequences, as long as the window, instead of shuffles\n"
            "      --seed INT           seed of the shuffles [1]\n"
            "Output\n"
            "  -o, --output FILE        table with one row per base: its contribution, and the hypothetical\n"
            "                           contributions of A, C, G and T [standard output, if there is no other output]\n"
            "      --scores FILE        table with one row per sequence and TF: its score, and how exactly the\n"
            "                           contributions add up to it\n"
            "      --npz PREFIX         arrays for TF-MoDISco-lite: PREFIX.TF.onehot.npz and PREFIX.TF.hyp.npz%s\n"
            "      --track FILE         track of contributions, for BED input: bigWig if the name ends in .bw or\n"
            "                           .bigwig, else bedGraph (.gz: bgzip). For several TFs: a name with {tf}, or a\n"
            "                           folder. If regions overlap, a base gets the mean\n"
            "      --logos FOLDER       one SVG per sequence and TF; for a variant it shows REF, ALT and the motif\n"
            "                           that they match\n"
            "      --db FILE            motifs for these figures, in MEME format\n"
            "      --flank INT          bases that these figures show on each side of the variant "
            "[25]\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP,
            tfb_npz_possible() ? "" : " (not in this build)");
}

typedef struct {
    tfb_explain_opt_t o;
    const char *input;
    int method; /* -1: by the input */
} args_t;

static const char *const method_name[] = {"deeplift", "ism", "gradient"}; /* in the order of tfb_method_t */

static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(o.session),
    {"input", TFB_TEXT(input)},
    {"min-score", TFB_NUM(o.min_score, 0, 1)},
    {"method", TFB_WORD(method, method_name, 3)},
    {"references", TFB_INT(o.n_refs, 1, 10000)},
    {"references-fasta", TFB_TEXT(o.references)},
    {TFB_OPTION_SEED(o.seed)},
    {TFB_OPTION_OUTPUT(o.table)},
    {"scores", TFB_TEXT(o.scores)},
    {"npz", TFB_TEXT(o.npz)},
    {"track", TFB_TEXT(o.track)},
    {"logos", TFB_TEXT(o.logos)},
    {TFB_OPTION_DB(o.db)},
    {"flank", TFB_INT(o.flank, 1, 500)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Checks the options together. Returns 0, or -1 (logged). */
static int check_options(const tfb_explain_opt_t *o, const char *given)
{
    int of_shuffles = given[tfb_options_row(options, "references")] || given[tfb_options_row(options, "seed")];
    const char *wrong = NULL;
    if (o->input != TFB_IN_FASTA && !o->session.fasta)
        wrong = "-f ref.fa is missing (tfbind explain -h shows all options)";
    else if ((of_shuffles || o->references) && o->method != TFB_DEEPLIFT)
        wrong = "--references, --references-fasta and --seed are for --method deeplift";
    else if (o->session.precision != TFB_FLOAT32 && o->method != TFB_ISM)
        wrong = "--precision is for --method ism: gradients and DeepLIFT are float32";
    else if (of_shuffles && o->references)
        wrong = "--references and --seed are for shuffles: they cannot be used with --references-fasta";
    else if (o->npz && !o->session.tf)
        wrong = "--npz needs --tf";
    else if (o->track && (o->input != TFB_IN_BED || !o->session.tf))
        wrong = "--track needs --tf and BED input";
    else if (o->db && (o->input != TFB_IN_VCF || !o->logos))
        wrong = "--db is for figures of variants: it needs --logos and VCF input";
    if (wrong) tfb_error("%s", wrong);
    return wrong ? -1 : 0;
}

int tfb_cmd_explain(int argc, char **argv)
{
    args_t a = {.o = {.session = {.max_n = 20, .threads = 1}, .in = "-", .n_refs = 10, .seed = 1}, .method = -1};
    tfb_explain_opt_t *o = &a.o;
    char given[TFB_MAX_OPTIONS] = {0};
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, given);
    if (r) return r > 0;
    const char *const need[][2] = {{NULL, NULL}};
    if (tfb_cmd_incomplete("explain", argc, argv, usage, need, &o->in, "input")) return 1;
    if ((o->input = tfb_input_kind(&o->in, a.input, "explain", 0)) == TFB_IN_BAD) return 1;
    o->method = o->input == TFB_IN_VCF ? TFB_ISM : TFB_DEEPLIFT;
    if (a.method >= 0) o->method = (tfb_method_t)a.method;
    if (!o->table && !o->scores && !o->npz && !o->track && !o->logos) o->table = "-";
    return check_options(o, given) < 0 || tfb_explain(o) < 0;
}
