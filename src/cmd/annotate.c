/* annotate.c - `tfbind annotate` and `bcftools +tfbind`: the same options, the same core call. */
#include "config.h"
#include "annotate/bam.h"
#include "annotate/rows.h"
#include "annotate/vcf.h"
#include "cmd/cmd.h"
#include "genome/input.h"
#include <ctype.h>
#include <getopt.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <stdlib.h>
#include <string.h>

/* The plugin leaves this out: its host's htslib may lack what BAM needs. */
__attribute__((weak)) int tfb_bam_annotate(const tfb_bam_opt_t *o);

static void usage(FILE *f, const char *tool)
{
    int plugin = strcmp(tool, "tfbind") != 0;
    fprintf(f,
            "%s\n"
            "Usage: %s\n"
            "\n"
            "%s"
            "Every REF and ALT allele is scored in the middle of its own window, on both strands. By default each ALT gets the TF whose\n"
            "binding probability changes most: INFO/TFB_TOP, TFB_REF, TFB_ALT, TFB_DELTA (ALT - REF) and TFB_LOR (change of log odds).\n"
            "With --tf each TF gets its own TFB_<TF> (Number=R), TFB_<TF>_DELTA and TFB_<TF>_LOR (Number=A). A calibrated model adds PCT, the\n"
            "percentile of the change among those by random SNVs, and CALL: gain, loss or change of a site.\n"
            "\n"
            "Model\n"
            "  -m, --model FILE         model, as pretrain makes it and models/ has it; several, comma-separated: a TF that more than one knows\n"
            "                           is the last one's, and layers that they share are computed once. A folder stands for its models,\n"
            "                           of many TFs before of few\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
            "      --tf LIST            tags for these TFs, comma-separated, or all [a summary]\n"
            "      --prefix STR         first part of the tags' names [TFB]\n"
            "      --rank-by WHAT       the summary's TF is the one of the largest delta, percentile or lor [delta]\n"
            "      --min-percentile NUM  write only TFs whose change exceeds that of so many per cent of random SNVs; this, PCT and CALL\n"
            "                           need a calibrated model (tfbind model --calibrate)\n"
            "      --percentile-of WHAT  percentiles are by the change of delta or lor [delta]\n"
            "      --call-percentile NUM  gain, loss or change of a site is called from this percentile on [95]\n"
            "      --strand WHICH       both, fwd or rev [both: the mean of the logits]\n"
            "      --csq                INFO/TFB_CSQ as well: all in one string, which `bcftools +split-vep` reads\n"
            "Genotypes\n"
            "      --haplotypes         score each sample's haplotypes as they are, with all their variants: FORMAT/TFB_HAP (with --tf: TFB_<TF>_HAP), a\n"
            "                           value for each allele of GT, and INFO/TFB_HAP_DIFF, the largest departure from the variant alone\n"
            "  -p, --phase a|m|r|R|s    of heterozygous genotypes with a /: take as they are (0/1 -> 0|1), merge all into one haplotype (0/1 -> 1),\n"
            "                           require phase, non-reference haplotypes (0/1 -> 1|1), skip [r]\n"
            "Records\n"
            "  -c, --check-ref e|w|x    where REF is not what the FASTA has: error, warn and leave unannotated, drop [e]\n"
            "      --max-n INT          leave alleles with more N in their window unannotated [20]\n"
            "  -i, --include EXPR       annotate sites for which the expression is true  } bcftools' expressions;\n"
            "  -e, --exclude EXPR       annotate sites for which the expression is false } %s\n"
            "  -k, --keep-sites         keep sites that -i/-e leave out, unannotated\n"
            "  -r, --regions REGION     restrict to comma-separated regions\n"
            "  -R, --regions-file FILE  restrict to regions listed in a file\n"
            "      --regions-overlap 0|1|2  include if POS is in the region (0), the record overlaps (1), the variant overlaps (2) [1]\n"
            "  -t, --targets REGION     similar to -r but streams rather than index-jumps; ^ excludes\n"
            "  -T, --targets-file FILE  similar to -R but streams rather than index-jumps; ^ excludes\n"
            "      --targets-overlap 0|1|2  the same for targets [0]\n"
            "%s"
            "Output\n"
            "  -o, --output FILE        write here%s [standard output]\n"
            "  -O, --output-type b|u|z|v[0-9]  compressed or uncompressed BCF, compressed or plain VCF, and level [by name of -o, else v]\n"
            "  -W, --write-index[=csi|tbi]  index the output\n"
            "      --no-version         do not append version and command line to the header\n"
            "  -@, --threads INT        threads in all [%s]\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 summaries [2]\n"
            "  -h, --help               this text\n",
            plugin ? "Predict how variants change transcription-factor binding." : "Predict transcription-factor binding of variants, in the file they are in.",
            plugin ? "bcftools +tfbind in.vcf.gz -- [options] -m model.safetensors -f ref.fa"
                   : "tfbind annotate [options] -m model.safetensors -f ref.fa in.vcf.gz",
            plugin ? ""
                   : "The input may also be BED (its lines come out with score columns; the window lies in the middle of the interval, of narrowPeak on\n"
                     "the summit), FASTA (a table comes out, a row a sequence), or SAM, BAM or CRAM (records get aux tags; the window lies in the middle\n"
                     "of the alignment or, of proper pairs, of the fragment).\n\n",
            plugin ? "others are dropped" : "only in the plugin, `bcftools +tfbind`",
            plugin ? ""
                   : "BED, FASTA and BAM\n"
                     "      --input vcf|bed|fasta|bam  what the input is [found out]\n"
                     "      --scale probability|logit  of the scores [probability]\n"
                     "      --window center|tile     one window, or windows all over a longer interval, sequence or read: the\n"
                     "                               largest score and the mean (of reads: the largest) [center]\n"
                     "      --step INT               from one tiled window to the next [half a window]\n"
                     "SAM, BAM and CRAM (-O, --output-fmt sam|bam|cram[,OPTION=VALUE] [by name of -o, else bam]; -W, --write-index[=csi|bai])\n"
                     "      --reads                  score the read's own bases in place of the reference, and their difference to it\n"
                     "      --tags LIST              names of the tags [yt,ys,yd: best TF, score, difference; with --tf y0,y1,... and k0,k1,...]\n"
                     "      --reference FILE         reference of CRAM [that of -f]\n"
                     "      --input-fmt-option OPT[=VAL]  as in samtools; may be repeated\n"
                     "      --output-fmt-option OPT[=VAL]  likewise\n"
                     "      --no-PG                  do not add a @PG line to the header\n",
            plugin ? "" : "; BED and FASTA: as bgzip where the name ends in .gz", "1");
}

/* The value of -O for VCF and BCF. 0, or 1 (logged). */
static int vcf_type(const char *s, tfb_vcf_opt_t *o)
{
    if (!*s || !strchr("buzv0123456789", *s) || (s[1] && (!isdigit((unsigned char)s[1]) || s[2]))) {
        tfb_error("--output-type is b, u, z or v and a level from 0 to 9, not '%s'", s);
        return 1;
    }
    if (isdigit((unsigned char)*s))
        o->level = *s - '0';
    else {
        o->out_type = *s;
        if (s[1]) o->level = s[1] - '0';
    }
    return 0;
}

/* bcftools has a word for each number. 0, or 1 (logged). */
static int overlap(const char *option, const char *s, int *to)
{
    static const char *const word[3] = {"pos", "record", "variant"};
    for (int i = 0; i < 3; i++)
        if (strcmp(s, word[i]) == 0 || (*s == '0' + i && !s[1])) {
            *to = i;
            return 0;
        }
    int near = tfb_nearest(s, (char *const *)word, 3);
    tfb_error("--%s is 0 (pos), 1 (record) or 2 (variant), not '%s'%s%s%s", option, s, near >= 0 ? "; did you mean " : "", near >= 0 ? word[near] : "",
              near >= 0 ? "?" : "");
    return 1;
}

int tfb_cmd_annotate_as(int argc, char **argv, const char *tool, const char *prefix, int fail_status)
{
    tfb_vcf_opt_t o;
    tfb_rows_opt_t rows = {0};
    tfb_bam_opt_t bam = {0};
    const char *input = NULL, *type = NULL;
    tfb_vcf_defaults(&o);
    o.tool = tool;
    tfb_log_prefix(prefix);
    enum {
        TF = 256,
        PREFIX,
        STRAND,
        MAX_N,
        ROVER,
        TOVER,
        NO_VERSION,
        INPUT,
        SCALE,
        WINDOW,
        STEP,
        READS,
        TAGS,
        REFERENCE,
        RANK,
        MIN_PCT,
        PCT_OF,
        CALL_PCT,
        HAPLOTYPES,
        CSQ,
        IN_OPTION,
        OUT_OPTION
    };
    static const struct option opts[] = {{"model", 1, NULL, 'm'},
                                         {"fasta-ref", 1, NULL, 'f'},
                                         {"tf", 1, NULL, TF},
                                         {"prefix", 1, NULL, PREFIX},
                                         {"rank-by", 1, NULL, RANK},
                                         {"min-percentile", 1, NULL, MIN_PCT},
                                         {"percentile-of", 1, NULL, PCT_OF},
                                         {"call-percentile", 1, NULL, CALL_PCT},
                                         {"strand", 1, NULL, STRAND},
                                         {"csq", 0, NULL, CSQ},
                                         {"haplotypes", 0, NULL, HAPLOTYPES},
                                         {"phase", 1, NULL, 'p'},
                                         {"check-ref", 1, NULL, 'c'},
                                         {"max-n", 1, NULL, MAX_N},
                                         {"include", 1, NULL, 'i'},
                                         {"exclude", 1, NULL, 'e'},
                                         {"keep-sites", 0, NULL, 'k'},
                                         {"regions", 1, NULL, 'r'},
                                         {"regions-file", 1, NULL, 'R'},
                                         {"regions-overlap", 1, NULL, ROVER},
                                         {"targets", 1, NULL, 't'},
                                         {"targets-file", 1, NULL, 'T'},
                                         {"targets-overlap", 1, NULL, TOVER},
                                         {"output", 1, NULL, 'o'},
                                         {"output-type", 1, NULL, 'O'},
                                         {"output-fmt", 1, NULL, 'O'},
                                         {"write-index", 2, NULL, 'W'},
                                         {"no-version", 0, NULL, NO_VERSION},
                                         {"no-PG", 0, NULL, NO_VERSION},
                                         {"input", 1, NULL, INPUT},
                                         {"scale", 1, NULL, SCALE},
                                         {"window", 1, NULL, WINDOW},
                                         {"step", 1, NULL, STEP},
                                         {"reads", 0, NULL, READS},
                                         {"tags", 1, NULL, TAGS},
                                         {"input-fmt-option", 1, NULL, IN_OPTION},
                                         {"output-fmt-option", 1, NULL, OUT_OPTION},
                                         {"reference", 1, NULL, REFERENCE},
                                         {"threads", 1, NULL, '@'},
                                         {"verbosity", 1, NULL, 'v'},
                                         {"help", 0, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    static const char *const percentile_of[] = {"delta", "lor"}, *const scale[] = {"probability", "logit"}, *const window[] = {"center", "tile"};
    static const char *const index_kind[] = {"csi", "tbi", "bai"};
    int c, k, bad = 0, n_in = 0, effect = 0, phase = 0;
    long v;
    char *command = NULL;
    size_t m = 64;
    for (int i = 0; i < argc; i++) m += strlen(argv[i]) + 1;
    if (!(command = malloc(m))) return fail_status;
    strcpy(command, strcmp(tool, "tfbind") == 0 ? "tfbind" : "plugin");
    for (int i = 0; i < argc; i++) strcat(strcat(command, " "), argv[i]);
    for (char *p = command; *p; p++)
        if (*p == '\n' || *p == '\r') *p = ' '; /* it becomes a line of the header */
    o.command = command;
    /* `--` separates the host's options from the plugin's; with or without it, on either side, means the same to us */
    int n_arg = 0;
    char **arg = malloc(((size_t)argc + 1) * sizeof *arg);
    if (!arg) {
        free(command);
        return fail_status;
    }
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--")) arg[n_arg++] = argv[i];
    arg[n_arg] = NULL;
    argc = n_arg;
    argv = arg;
    optind = 0; /* the host has parsed options before us: start afresh */
    while (optind < argc) {
        if ((c = tfb_cmd_getopt(argc, argv, "+m:f:p:c:i:e:kr:R:t:T:o:O:W::@:v:h", opts)) < 0) {
            /* files and options may come in any order */
            if (optind < argc) {
                o.in = argv[optind++];
                n_in++;
            }
            continue;
        }
        switch (c) {
        case 'm': o.model = optarg; break;
        case 'f': o.fasta = optarg; break;
        case TF: o.tf = optarg; break;
        case PREFIX: o.prefix = optarg; break;
        case RANK: bad |= (k = tfb_word("rank-by", optarg, tfb_rank_name, 3)) < 0, o.effect.rank = (tfb_rank_t)k, effect = 1; break;
        case MIN_PCT: bad |= tfb_cmd_double("min-percentile", optarg, 0, 100, &o.effect.min_percentile), effect = 1; break;
        case CALL_PCT: bad |= tfb_cmd_double("call-percentile", optarg, 0, 100, &o.effect.call_percentile), effect = 1; break;
        case PCT_OF:
            bad |= (k = tfb_word("percentile-of", optarg, percentile_of, 2)) < 0;
            o.effect.scale = k == 1 ? TFB_CALIB_LOR : TFB_CALIB_DELTA;
            effect = 1;
            break;
        case STRAND: bad |= tfb_cmd_strand(optarg, &o.strand); break;
        case CSQ: o.csq = 1; break;
        case HAPLOTYPES: o.haplotypes = 1; break;
        case 'p':
            if (strlen(optarg) != 1 || !strchr("amrRs", *optarg)) tfb_error("--phase is a, m, r, R or s, not '%s'", optarg), bad = 1;
            o.phase = *optarg;
            phase = 1;
            break;
        case 'c':
            if (strlen(optarg) != 1 || !strchr("ewx", *optarg)) tfb_error("--check-ref is e, w or x, not '%s'", optarg), bad = 1;
            o.check_ref = *optarg;
            break;
        case MAX_N: bad |= tfb_cmd_int("max-n", optarg, 0, TFB_MAX_WINDOW, &v), o.max_n = bad ? 0 : (int)v; break;
        case 'i':
        case 'e':
            if (o.filter) tfb_error("only one -i or -e expression can be given"), bad = 1;
            o.filter = optarg;
            o.exclude = c == 'e';
            break;
        case 'k': o.keep_sites = 1; break;
        case 'r': o.regions = optarg, o.regions_file = 0; break;
        case 'R': o.regions = optarg, o.regions_file = 1; break;
        case 't': o.targets = optarg, o.targets_file = 0; break;
        case 'T': o.targets = optarg, o.targets_file = 1; break;
        case ROVER: bad |= overlap("regions-overlap", optarg, &o.regions_overlap); break;
        case TOVER: bad |= overlap("targets-overlap", optarg, &o.targets_overlap); break;
        case 'o': o.out = optarg; break;
        case 'O': type = optarg; break;
        case 'W':
            if (optarg && *optarg == '=') optarg++;
            o.write_index = optarg ? 1 + tfb_word("write-index", optarg, index_kind, 3) : 1;
            bad |= !o.write_index;
            break;
        case NO_VERSION: o.no_version = 1; break;
        case INPUT: input = optarg; break;
        case SCALE: bad |= (k = tfb_word("scale", optarg, scale, 2)) < 0, rows.logit = k == 1; break;
        case WINDOW: bad |= (k = tfb_word("window", optarg, window, 2)) < 0, rows.tile = k == 1; break;
        case STEP: bad |= tfb_cmd_int("step", optarg, 1, TFB_MAX_WINDOW, &v), rows.step = bad ? 0 : (int)v; break;
        case READS: bam.reads = 1; break;
        case TAGS: bam.tags = optarg; break;
        case IN_OPTION:
        case OUT_OPTION:
            if (hts_opt_add(c == IN_OPTION ? &bam.in_options : &bam.out_options, optarg) < 0)
                tfb_error("--%s-fmt-option takes an option of htslib's, such as level=1 or required_fields=0x1, not '%s'", c == IN_OPTION ? "input" : "output",
                          optarg),
                    bad = 1;
            break;
        case REFERENCE: bam.reference = optarg; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 0, 1024, &v), o.threads = bad || v < 1 ? 1 : (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level(bad ? 2 : (int)v); break;
        case 'h':
            usage(stdout, tool);
            hts_opt_free(bam.in_options);
            hts_opt_free(bam.out_options);
            free(command);
            free(arg);
            return 0;
        default: bad = 1;
        }
    }
    int status = fail_status;
    if (argc == 1 && n_in == 0)
        usage(stderr, tool);
    else if (bad)
        ;
    else if (phase && !o.haplotypes)
        tfb_error("--phase is about the genotypes of --haplotypes");
    else if (n_in > 1)
        tfb_error("one input at a time, not %d (%s, ...)", n_in, o.in);
    else if (!o.model)
        tfb_error("-m model.safetensors is missing (-h shows all options)");
    else {
        /* the plugin's business is VCF alone */
        int plugin = strcmp(tool, "tfbind") != 0, for_bam = bam.reads || bam.tags || bam.reference || bam.in_options || bam.out_options;
        tfb_input_t kind = !plugin                                                    ? tfb_input_kind(&o.in, input, "annotate", 1)
                           : input || rows.logit || rows.tile || rows.step || for_bam ? TFB_IN_BAD
                                                                                      : TFB_IN_VCF;
        const char *what = kind == TFB_IN_BED ? "BED" : kind == TFB_IN_FASTA ? "FASTA" : "SAM, BAM or CRAM";
        rows.model = o.model, rows.fasta = o.fasta, rows.in = o.in, rows.out = o.out, rows.tf = o.tf, rows.max_n = o.max_n;
        rows.strand = o.strand, rows.threads = o.threads;
        bam.model = o.model, bam.fasta = o.fasta, bam.in = o.in, bam.out = o.out, bam.tf = o.tf, bam.max_n = o.max_n, bam.strand = o.strand;
        bam.threads = o.threads, bam.logit = rows.logit, bam.tile = rows.tile, bam.step = rows.step, bam.format = type;
        bam.write_index = o.write_index == 3 ? 2 : o.write_index, bam.no_pg = o.no_version, bam.command = command;
        if (kind == TFB_IN_BAD && plugin)
            tfb_error("--input, --scale, --window, --step, --reads, --tags, --reference and --...-fmt-option are for BED, FASTA and BAM, which `tfbind "
                      "annotate` reads");
        else if (kind == TFB_IN_BAD)
            ; /* logged */
        else if ((kind == TFB_IN_BED || kind == TFB_IN_FASTA) && (type || o.regions || o.targets || o.filter || o.write_index || o.keep_sites))
            tfb_error("%s is %s: -i, -e, -k, -r, -R, -t, -T, -O and -W are for VCF and BCF", o.in, what);
        else if (kind == TFB_IN_BAM && (o.regions || o.targets || o.filter || o.keep_sites))
            tfb_error("%s is %s: -i, -e, -k, -r, -R, -t and -T are for VCF and BCF", o.in, what);
        else if ((kind == TFB_IN_BED || kind == TFB_IN_FASTA || kind == TFB_IN_BAM) && effect)
            tfb_error("%s is %s: --rank-by, --min-percentile, --percentile-of and --call-percentile are for VCF and BCF", o.in, what);
        else if ((kind == TFB_IN_BED || kind == TFB_IN_FASTA || kind == TFB_IN_BAM) && (o.haplotypes || o.csq))
            tfb_error("%s is %s: --haplotypes and --csq are for VCF and BCF", o.in, what);
        else if (kind != TFB_IN_BAM && for_bam)
            tfb_error("--reads, --tags, --reference and --...-fmt-option are for SAM, BAM and CRAM");
        else if (o.write_index == (kind == TFB_IN_BAM ? 2 : 3))
            tfb_error("--write-index=%s is not for %s", kind == TFB_IN_BAM ? "tbi" : "bai", kind == TFB_IN_BAM ? what : "VCF and BCF");
        else if (kind != TFB_IN_FASTA && !o.fasta)
            tfb_error("-f ref.fa is missing (-h shows all options)");
        else if (kind == TFB_IN_VCF)
            status = (type && vcf_type(type, &o)) || tfb_vcf_annotate(&o) < 0 ? fail_status : 0;
        else if (kind == TFB_IN_BED)
            status = tfb_rows_bed(&rows) == 0 ? 0 : fail_status;
        else if (kind == TFB_IN_FASTA)
            status = tfb_rows_fasta(&rows) == 0 ? 0 : fail_status;
        else if (kind == TFB_IN_BAM && tfb_bam_annotate)
            status = tfb_bam_annotate(&bam) == 0 ? 0 : fail_status;
    }
    hts_opt_free(bam.in_options);
    hts_opt_free(bam.out_options);
    free(command);
    free(arg);
    return status;
}

int tfb_cmd_annotate(int argc, char **argv) { return tfb_cmd_annotate_as(argc, argv, "tfbind", "tfbind annotate", 1); }
