/* scan.c - `tfbind scan`: scores along a genome. */
#include "annotate/scan.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "nn/net.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(
        f,
        "Predict binding along a genome or regions of it, one track per TF.\n"
        "Usage: tfbind scan [options] -f ref.fa --tf CTCF -o ctcf.bw\n"
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
        "      --max-n INT          write no value for windows with more Ns [20]\n"
        "Output\n"
        "  -o, --output FILE        bigWig if the name ends in .bw or .bigWig, else bedGraph (.gz: bgzip). For\n"
        "                           several TFs: a name with {tf}, or a folder [standard output]\n"
        "  -O, --output-type bedgraph|bigwig  output format [by the name of -o]\n"
        "      --hub FILE           also write a UCSC track hub of the bigWigs, in their folder: hub.txt\n"
        "      --igv FILE           also write an IGV session of them, in their folder: igv.xml\n"
        "      --genome NAME        name of the genome for these two [UCSC's, by the contig lengths of "
        "-f]\n" TFB_USAGE_STATS TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP);
}

typedef struct {
    tfb_scan_opt_t o;
    int type; /* -1: by name */
} args_t;

static const char *const scale_name[] = {"probability", "logit"}, *const type_name[] = {"bedgraph", "bigwig"};

static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(o.session),
    {"scale", TFB_WORD(o.logit, scale_name, 2)},
    {"regions", .id = 'r', TFB_TEXT(o.regions)},
    {"regions-file", .id = 'R', TFB_TEXT(o.regions_file)},
    {TFB_OPTION_OPEN(o.open)},
    {TFB_OPTION_OPEN_MIN(o.open)},
    {"step", TFB_INT(o.step, 1, TFB_MAX_WINDOW)},
    {TFB_OPTION_OUTPUT(o.out)},
    {"output-type", .id = 'O', TFB_WORD(type, type_name, 2)},
    {TFB_OPTION_STATS(o.session.stats)},
    {"hub", TFB_TEXT(o.hub)},
    {"igv", TFB_TEXT(o.igv)},
    {"genome", TFB_TEXT(o.genome)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

int tfb_cmd_scan(int argc, char **argv)
{
    args_t a = {.o = {.session = {.max_n = 20, .threads = 1}, .out = "-", .step = 54}, .type = -1};
    tfb_scan_opt_t *o = &a.o;
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{o->session.fasta, "-f ref.fa"}, {o->session.tf, "--tf"}, {NULL, NULL}};
    if (o->open.has_min && !o->open.path) {
        tfb_error("--open-min needs --open");
        return 1;
    }
    if (a.type >= 0) o->format = type_name[a.type];
    return tfb_cmd_incomplete("scan", argc, argv, usage, need, NULL, NULL) || tfb_scan(o) < 0;
}
