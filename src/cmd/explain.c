/* explain.c - `tfbind explain`: parses options and calls tfb_explain. */
#include "explain/explain.h"
#include "cmd/cmd.h"
#include "explain/npz.h"
#include "genome/track.h"
#include "util/files.h"
#include "util/util.h"
#include <getopt.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f,
            "Show which bases a prediction rests on: how much each one adds to a TF's log odds of binding.\n"
            "\n"
            "Usage: tfbind explain [options] -m model.safetensors -f ref.fa in.vcf.gz|in.bed\n"
            "       tfbind explain [options] -m model.safetensors in.fa\n"
            "\n"
            "Variants are explained as pairs, REF and ALT. Regions and sequences are explained in the window around\n"
            "their middle (narrowPeak: around the summit).\n"
            "\n"
            "Model and input\n"
            "  -m, --model FILE         model; --method ism also takes several, comma-separated, or a folder\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA; not needed for FASTA input\n"
            "      --tf LIST            TFs, comma-separated, or all [the TF with the highest score; for a variant,\n"
            "                           with the largest change]\n"
            "      --input vcf|bed|fasta  input format [detected]\n"
            "      --max-n INT          skip windows with more Ns [20]\n"
            "      --min-score FLOAT    explain only what is bound with at least this probability (a variant: with\n"
            "                           either allele) [0]\n"
            "      --strand WHICH       both, fwd or rev [both: contributions to the mean of the logits]\n"
            "Method\n"
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
            "      --flank INT          bases that these figures show on each side of the variant [25]\n"
            "  -@, --threads INT        total number of threads [1]\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 summaries [2]\n"
            "  -h, --help               print this text\n",
            tfb_npz_possible() ? "" : " (not in this build)");
}

int tfb_cmd_explain(int argc, char **argv)
{
    enum {
        TF = 256,
        INPUT,
        MAX_N,
        MIN_SCORE,
        STRAND,
        METHOD,
        REFS,
        REFS_FASTA,
        SEED,
        SCORES,
        NPZ,
        TRACK,
        LOGOS,
        DB,
        FLANK
    };
    static const struct option opts[] = {{"model", 1, NULL, 'm'},       {"fasta-ref", 1, NULL, 'f'},
                                         {"tf", 1, NULL, TF},           {"input", 1, NULL, INPUT},
                                         {"max-n", 1, NULL, MAX_N},     {"min-score", 1, NULL, MIN_SCORE},
                                         {"strand", 1, NULL, STRAND},   {"method", 1, NULL, METHOD},
                                         {"references", 1, NULL, REFS}, {"references-fasta", 1, NULL, REFS_FASTA},
                                         {"seed", 1, NULL, SEED},       {"output", 1, NULL, 'o'},
                                         {"scores", 1, NULL, SCORES},   {"npz", 1, NULL, NPZ},
                                         {"track", 1, NULL, TRACK},     {"logos", 1, NULL, LOGOS},
                                         {"db", 1, NULL, DB},           {"flank", 1, NULL, FLANK},
                                         {"threads", 1, NULL, '@'},     {"verbosity", 1, NULL, 'v'},
                                         {"help", 0, NULL, 'h'},        {NULL, 0, NULL, 0}};
    tfb_explain_opt_t o = {.n_refs = 10, .seed = 1, .max_n = 20, .threads = 1};
    const char *input = NULL;
    static const char *const method_name[] = {"deeplift", "ism", "gradient"}; /* in the order of tfb_method_t */
    int c, k, bad = 0, method = -1, seen = 0;
    long v = 0;
    while ((c = tfb_cmd_getopt(argc, argv, "m:f:o:@:v:h", opts)) >= 0) switch (c) {
        case 'm': o.model = optarg; break;
        case 'f': o.fasta = optarg; break;
        case TF: o.tf = optarg; break;
        case INPUT: input = optarg; break;
        case MAX_N: bad |= tfb_cmd_int("max-n", optarg, 0, TFB_MAX_WINDOW, &v), o.max_n = (int)v; break;
        case MIN_SCORE: bad |= tfb_cmd_double("min-score", optarg, 0, 1, &o.min_score); break;
        case STRAND: bad |= tfb_cmd_strand(optarg, &o.strand); break;
        case METHOD: bad |= (k = tfb_word("method", optarg, method_name, 3)) < 0, method = k; break;
        case REFS: bad |= tfb_cmd_int("references", optarg, 1, 10000, &v), o.n_refs = (int)v, seen = 1; break;
        case REFS_FASTA: o.references = optarg; break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), o.seed = (uint64_t)v, seen = 1; break;
        case 'o': o.table = optarg; break;
        case SCORES: o.scores = optarg; break;
        case NPZ: o.npz = optarg; break;
        case TRACK: o.track = optarg; break;
        case LOGOS: o.logos = optarg; break;
        case DB: o.db = optarg; break;
        case FLANK: bad |= tfb_cmd_int("flank", optarg, 1, 500, &v), o.flank = (int)v; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 0, 1024, &v), o.threads = v < 1 ? 1 : (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level(bad ? 2 : (int)v); break;
        case 'h': usage(stdout); return 0;
        default: bad = 1;
        }
    const char *const need[][2] = {{o.model, "-m model.safetensors"}, {NULL, NULL}};
    o.in = "-";
    if (bad || tfb_cmd_incomplete("explain", argc, argv, usage, need, &o.in, "input")) return 1;
    if ((o.input = tfb_input_kind(&o.in, input, "explain", 0)) == TFB_IN_BAD) return 1;
    o.method = method >= 0 ? (tfb_method_t)method : o.input == TFB_IN_VCF ? TFB_ISM : TFB_DEEPLIFT;
    if (!o.table && !o.scores && !o.npz && !o.track && !o.logos) o.table = "-";
    if (o.input != TFB_IN_FASTA && !o.fasta)
        tfb_error("-f ref.fa is missing (tfbind explain -h shows all options)");
    else if ((seen || o.references) && o.method != TFB_DEEPLIFT)
        tfb_error("--references, --references-fasta and --seed are for --method deeplift");
    else if (seen && o.references)
        tfb_error("--references and --seed are for shuffles: they cannot be used with --references-fasta");
    else if (o.npz && !o.tf)
        tfb_error("--npz needs --tf");
    else if (o.track && (o.input != TFB_IN_BED || !o.tf))
        tfb_error("--track needs --tf and BED input");
    else if (o.db && (o.input != TFB_IN_VCF || !o.logos))
        tfb_error("--db is for figures of variants: it needs --logos and VCF input");
    else
        return tfb_explain(&o) == 0 ? 0 : 1;
    return 1;
}
