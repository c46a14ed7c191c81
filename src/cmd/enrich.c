/* enrich.c - `tfbind enrich`: tests which TFs' sites a set of variants changes more than other variants do. */
#include "annotate/enrich.h"
#include "cmd/cmd.h"
#include <getopt.h>
#include <math.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(
        f, "Test whether a set of variants changes the sites of TFs more than other variants do. The table has one\n"
           "row per TF, the most significant first.\n"
           "\n"
           "Usage: tfbind enrich [options] -m model.safetensors --background common.vcf.gz hits.tfb.bcf\n"
           "       tfbind enrich [options] -m model.safetensors -f ref.fa hits.vcf.gz\n"
           "       tfbind enrich [options] -m model.safetensors -f ref.fa --min-lp 7.3 gwas.vcf.gz\n"
           "\n"
           "  -m, --model FILE         model, or several, comma-separated, as for annotate\n"
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
           "      --weight TAG         weight of a hit, e.g. INFO/PIP or FORMAT/PP; at least 0 [1]\n"
           "      --sample NAME        sample (in a GWAS-VCF, the study) with the FORMAT values [the first]\n"
           "  -R, --regions-file FILE  BED: use only variants in these regions, and random SNVs from them [anywhere]\n"
           "      --test WHAT          change (|delta|), gain (delta above 0) or loss (delta below 0) [change]\n"
           "      --by-effect          test gain and loss for the allele that raises the trait: ALT, or REF if\n"
           "                           FORMAT/ES is negative [for ALT]\n"
           "      --match-af           sample the background to the hits' minor allele frequencies (FORMAT/AF, else\n"
           "                           INFO/AF)\n"
           "      --tf LIST            test only these TFs [all]\n"
           "      --prefix STR         prefix of the tag names [TFB]\n"
           "      --strand WHICH       both, fwd or rev [both]\n"
           "      --max-n INT          skip alleles with more Ns in their window [20]\n"
           "      --permutations INT   number of permutations for the permutation test [10000]\n"
           "      --max-background INT  sample a larger background down to this size [100000]\n"
           "      --seed INT           seed of all random draws [1]\n"
           "      --svg FILE           draw the first 20 TFs\n"
           "  -o, --output FILE        table [standard output]\n"
           "  -@, --threads INT        total number of threads [all processors]\n"
           "  -v, --verbosity INT      0 errors, 1 warnings, 2 summaries [2]\n"
           "  -h, --help               print this text\n"
           "\n"
           "Columns: weighted means of the changes of hits and background; auc, the chance that a hit changes the TF\n"
           "more than a background variant does; one-sided p of the rank test and of permutations of the mean, each\n"
           "with its false discovery rate (q); auc_low and auc_high, the 95 %% confidence interval of auc. A repeated\n"
           "variant counts once. Hits are never part of the background.\n");
}

int tfb_cmd_enrich(int argc, char **argv)
{
    enum {
        BACKGROUND = 256,
        RANDOM,
        MIN_LP,
        WEIGHT,
        TEST,
        TF,
        PREFIX,
        STRAND,
        MAX_N,
        PERMUTATIONS,
        MAX_BACKGROUND,
        SEED,
        SVG,
        BY_EFFECT,
        MATCH_AF,
        SAMPLE,
        WITHIN
    };
    static const struct option opts[] = {{"model", 1, NULL, 'm'},
                                         {"fasta-ref", 1, NULL, 'f'},
                                         {"background", 1, NULL, BACKGROUND},
                                         {"random", 1, NULL, RANDOM},
                                         {"within", 1, NULL, WITHIN},
                                         {"min-lp", 1, NULL, MIN_LP},
                                         {"sample", 1, NULL, SAMPLE},
                                         {"weight", 1, NULL, WEIGHT},
                                         {"regions-file", 1, NULL, 'R'},
                                         {"test", 1, NULL, TEST},
                                         {"by-effect", 0, NULL, BY_EFFECT},
                                         {"match-af", 0, NULL, MATCH_AF},
                                         {"tf", 1, NULL, TF},
                                         {"prefix", 1, NULL, PREFIX},
                                         {"strand", 1, NULL, STRAND},
                                         {"max-n", 1, NULL, MAX_N},
                                         {"permutations", 1, NULL, PERMUTATIONS},
                                         {"max-background", 1, NULL, MAX_BACKGROUND},
                                         {"seed", 1, NULL, SEED},
                                         {"svg", 1, NULL, SVG},
                                         {"output", 1, NULL, 'o'},
                                         {"threads", 1, NULL, '@'},
                                         {"verbosity", 1, NULL, 'v'},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    tfb_enrich_opt_t o;
    int c, k, bad = 0, random = 0, scoring = 0;
    int64_t within = -1;
    long v = 0;
    tfb_enrich_defaults(&o);
    o.threads = tfb_cmd_processors();
    while ((c = tfb_cmd_getopt(argc, argv, "m:f:R:o:@:v:h", opts)) >= 0) switch (c) {
        case 'm': o.model = optarg; break;
        case 'f': o.fasta = optarg; break;
        case 'R': o.regions = optarg; break;
        case 'o': o.out = optarg; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 1, 1024, &v), o.threads = (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level((int)v); break;
        case BACKGROUND: o.background = optarg; break;
        case RANDOM: bad |= tfb_cmd_int("random", optarg, 1, 10000, &v), o.n_random = (int)v, random = 1; break;
        case WITHIN: bad |= tfb_cmd_int("within", optarg, 0, 10000000, &v), within = v; break;
        case SAMPLE: o.sample = optarg; break;
        case MIN_LP: bad |= tfb_cmd_double("min-lp", optarg, 0, 1e9, &o.min_lp); break;
        case WEIGHT: o.weight = optarg; break;
        case TEST: bad |= (k = tfb_word("test", optarg, tfb_enrich_name, 3)) < 0, o.what = (tfb_enrich_what_t)k; break;
        case TF: o.tf = optarg; break;
        case PREFIX: o.prefix = optarg; break;
        case STRAND: bad |= tfb_cmd_strand(optarg, &o.strand), scoring = 1; break;
        case MAX_N: scoring = 1, bad |= tfb_cmd_int("max-n", optarg, 0, TFB_MAX_WINDOW, &v), o.max_n = (int)v; break;
        case PERMUTATIONS:
            bad |= tfb_cmd_int("permutations", optarg, 0, 10000000, &v), o.n_permutations = (int)v;
            break;
        case MAX_BACKGROUND:
            bad |= tfb_cmd_int("max-background", optarg, 1, 100000000, &v), o.max_background = v;
            break;
        case SEED: bad |= tfb_cmd_int("seed", optarg, 0, INT32_MAX, &v), o.seed = (uint64_t)v; break;
        case SVG: o.svg = optarg; break;
        case BY_EFFECT: o.by_effect = 1; break;
        case MATCH_AF: o.match_af = 1; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    if (bad) return 1;
    const char *const need[][2] = {{o.model, "-m model.safetensors"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("enrich", argc, argv, usage, need, &o.in, "VCF or BCF of hits")) return 1;
    if (!o.background && isnan(o.min_lp) && !o.fasta)
        tfb_error("--background is missing; for matched random SNVs, give -f ref.fa");
    else if (o.by_effect && o.what == TFB_ENRICH_CHANGE)
        tfb_error("--by-effect needs --test gain or loss");
    else if (o.match_af && !o.background && isnan(o.min_lp))
        tfb_error("--match-af needs a background with allele frequencies: --background, or a GWAS-VCF with --min-lp");
    else if ((random || within >= 0) && (o.background || !isnan(o.min_lp)))
        tfb_error("%s is for a background of random SNVs: it cannot be used with --background or --min-lp",
                  random ? "--random" : "--within");
    else if (o.sample && isnan(o.min_lp) && !o.by_effect && !o.match_af &&
             (!o.weight || strncmp(o.weight, "FORMAT/", 7)))
        tfb_error("--sample is for FORMAT values: it needs --min-lp, --by-effect, --match-af or --weight FORMAT/...");
    else if (o.background && strcmp(o.background, "-") == 0 && strcmp(o.in, "-") == 0)
        tfb_error("hits and background cannot both be standard input");
    else {
        if (within >= 0 || o.regions) o.within = within >= 0 ? within : 0;
        if (scoring && !o.fasta) tfb_warn("--strand and --max-n need -f: without it, variants are not scored again");
        return tfb_enrich(&o) < 0 ? 1 : 0;
    }
    return 1;
}
