/* scan.c - `tfbind scan`: scores along a genome, or all its SNVs. */
#include "annotate/scan.h"
#include "annotate/scan_snvs.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "nn/net.h"
#include "util/util.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void put_usage_output(FILE *f)
{
    fputs(
        "Output\n"
        "  -o, --output FILE        bigWig if the name ends in .bw or .bigWig, else bedGraph (.gz: bgzip). For\n"
        "                           several TFs: a name with {tf}, or a folder [standard output]\n"
        "  -O, --output-type bedgraph|bigwig  output format [by the name of -o]\n"
        "      --hub FILE           also write a UCSC track hub of the bigWigs, in their folder: hub.txt\n"
        "      --igv FILE           also write an IGV session of them, in their folder: igv.xml\n"
        "      --genome NAME        name of the genome for these two [UCSC's, by the contig lengths of -f]\n"
        "All SNVs\n"
        "      --snvs               write the three SNVs of each base as sites of a VCF, with the tags that annotate\n"
        "                           would write, for `bcftools annotate -a`; --tf, if given, chooses tags as there\n"
        "  -O, --output-type b|u|z|v|t[0-9]  BCF (b: compressed), VCF (z: compressed) or table (t), and compression\n"
        "                           level [by the name of -o (.bcf, .vcf.gz, .vcf, .tsv.gz, .tsv), else v]\n"
        "  -W, --write-index[=csi|tbi]  index the output\n"
        "      --open FILE          write INFO/TFB_OPEN as annotate does; -R restricts the SNVs\n" TFB_USAGE_PREFIX
        "      --rank-by WHAT       delta, percentile, lor or phred: see tfbind-annotate(1) for this and the next "
        "[delta]\n"
        "      --min-percentile NUM  write only TFs with a larger change\n"
        "      --percentile-of WHAT  delta or lor [delta]\n"
        "      --call-percentile NUM  call gain, loss or change at this percentile or above [95]\n"
        "      --csq                also write INFO/TFB_CSQ\n"
        "      --no-version         do not append version and command line to the header\n"
        "Other\n" TFB_USAGE_STATS TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP,
        f);
}

static void usage(FILE *f)
{
    fprintf(
        f,
        "Predict binding along a genome or regions of it, one track per TF; or score all their SNVs.\n"
        "Usage: tfbind scan [options] -f ref.fa --tf CTCF -o ctcf.bw\n"
        "       tfbind scan --snvs [options] -f ref.fa -R regions.bed -o snvs.bcf\n"
        "\n"
        "Each interval of --step bases gets the score of the window around its middle. Stretches of N get no\n"
        "score.\n"
        "\n"
        "Model\n" TFB_USAGE_MODELS TFB_USAGE_FASTA
        "      --tf LIST            TFs: a,b,c, @FILE or all\n" TFB_USAGE_CELL TFB_USAGE_STRAND TFB_USAGE_PRECISION
        "      --scale probability|logit  scale of the scores [probability]\n"
        "Regions\n"
        "  -r, --regions REGION     comma-separated regions [the whole genome]\n"
        "  -R, --regions-file FILE  file of regions: BED, or contig, position and end, 1-based\n"
        "      --open FILE          scan only what overlaps an interval of this peaks file (BED, narrowPeak, .gz) or\n"
        "                           bigWig of open chromatin, within the regions if these are "
        "given\n" TFB_USAGE_OPEN_MIN
        "      --step INT           bases from one window to the next. Multiples of the product of the model's\n"
        "                           pool widths (9 in the shipped model) share the most work [54]\n"
        "      --max-n INT          write no value for windows with more Ns [20]\n");
    put_usage_output(f);
}

/* Options of one mode. */
enum { TRACKS = 1, SNVS = 2 };

typedef struct {
    tfb_scan_opt_t o;
    tfb_scan_snvs_opt_t v; /* session and regions: those of o */
    int snvs;
    const char *type;
} args_t;

static const char *const scale_name[] = {"probability", "logit"}, *const type_name[] = {"bedgraph", "bigwig"},
                         *const measure_name[] = {"delta", "lor"}, *const index_name[] = {"csi", "tbi"};

static int set_index(void *args, const tfb_option_t *row, const char *value)
{
    args_t *a = args;
    if (value && *value == '=') value++;
    a->v.vcf.write_index = value ? 1 + tfb_word(row->name, value, row->words, row->n_words) : 1;
    return !a->v.vcf.write_index;
}

static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(o.session),
    {"scale", TFB_WORD(o.logit, scale_name, 2), .formats = TRACKS},
    {"regions", .id = 'r', TFB_TEXT(o.where.regions)},
    {"regions-file", .id = 'R', TFB_TEXT(o.where.file)},
    {TFB_OPTION_OPEN(o.open)},
    {TFB_OPTION_OPEN_MIN(o.open)},
    {"step", TFB_INT(o.step, 1, TFB_MAX_WINDOW), .formats = TRACKS},
    {TFB_OPTION_OUTPUT(o.out)},
    {"output-type", .id = 'O', TFB_TEXT(type)},
    {TFB_OPTION_STATS(o.session.stats)},
    {"hub", TFB_TEXT(o.hub), .formats = TRACKS},
    {"igv", TFB_TEXT(o.igv), .formats = TRACKS},
    {"genome", TFB_TEXT(o.genome), .formats = TRACKS},
    {"snvs", TFB_FLAG(snvs)},
    {"write-index", .id = 'W', .arg = 2, .set = set_index, .words = index_name, .n_words = 2, .formats = SNVS},
    {TFB_OPTION_PREFIX(v.vcf.prefix), .formats = SNVS},
    {"rank-by", TFB_WORD(v.vcf.effect.rank, tfb_rank_name, TFB_RANKS), .formats = SNVS},
    {"min-percentile", TFB_NUM(v.vcf.effect.min_percentile, 0, 100), .formats = SNVS},
    {"percentile-of", TFB_WORD(v.vcf.effect.scale, measure_name, 2), .formats = SNVS},
    {"call-percentile", TFB_NUM(v.vcf.effect.call_percentile, 0, 100), .formats = SNVS},
    {"csq", TFB_FLAG(v.vcf.csq), .formats = SNVS},
    {"no-version", TFB_FLAG(v.vcf.no_version), .formats = SNVS},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Refuses options of the other mode. Returns 0, or 1 (logged). */
static int check_options(const args_t *a, const char *given)
{
    unsigned mode = a->snvs ? SNVS : TRACKS;
    for (int k = 0; options[k].name; k++)
        if (given[k] && options[k].formats && options[k].formats != mode) {
            tfb_error("--%s is %s --snvs", options[k].name, a->snvs ? "not for" : "only for");
            return 1;
        }
    if (!a->o.open.has_min || a->o.open.path) return 0;
    tfb_error("--open-min needs --open");
    return 1;
}

/* Parses the value of -O for SNVs. Returns 0, or -1 (logged). */
static int set_type(const char *s, tfb_vcf_opt_t *o)
{
    if (*s != 't') return tfb_vcf_set_type(s, o);
    if (s[1] && (!isdigit((unsigned char)s[1]) || s[2])) {
        tfb_error("--output-type t takes a level from 0 to 9, not '%s'", s + 1);
        return -1;
    }
    o->out_type = 't';
    if (s[1]) o->level = s[1] - '0';
    return 0;
}

static int run_snvs(args_t *a, int argc, char **argv)
{
    tfb_vcf_opt_t *o = &a->v.vcf;
    o->session = a->o.session;
    o->out = a->o.out;
    o->open = a->o.open;
    a->v.where = a->o.where;
    if (a->type && set_type(a->type, o) < 0) return 1;
    char *command = tfb_cmd_line(argc, argv, "tfbind");
    o->command = command;
    int ret = command && tfb_scan_snvs(&a->v) == 0 ? 0 : 1;
    free(command);
    return ret;
}

int tfb_cmd_scan(int argc, char **argv)
{
    args_t a = {.o = {.session = {.max_n = 20, .threads = 1}, .out = "-", .step = 54}};
    tfb_scan_opt_t *o = &a.o;
    char given[TFB_MAX_OPTIONS] = {0};
    tfb_vcf_defaults(&a.v.vcf);
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, given);
    if (r) return r > 0;
    const char *const need[][2] = {
        {o->session.fasta, "-f ref.fa"}, {a.snvs ? "" : o->session.tf, "--tf"}, {NULL, NULL}};
    if (check_options(&a, given)) return 1;
    if (a.type && !a.snvs) {
        int k = tfb_word("output-type", a.type, type_name, 2);
        if (k < 0) return 1;
        o->format = type_name[k];
    }
    if (tfb_cmd_incomplete("scan", argc, argv, usage, need, NULL, NULL)) return 1;
    return a.snvs ? run_snvs(&a, argc, argv) : tfb_scan(o) < 0;
}
