/* scan.c - `tfbind scan`: scores along a genome. */
#include "annotate/scan.h"
#include "cmd/cmd.h"
#include "nn/net.h"
#include "util/util.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f, "Predict binding along a genome or regions of it, one track per TF.\n"
               "Usage: tfbind scan [options] -m model.safetensors -f ref.fa --tf CTCF -o ctcf.bw\n"
               "\n"
               "Each interval of --step bases gets the score of the window around its middle. Stretches of N get no\n"
               "score.\n"
               "\n"
               "Model\n"
               "  -m, --model FILE         model, or several, comma-separated\n"
               "  -f, --fasta-ref FILE     reference sequence, indexed FASTA\n"
               "      --tf LIST            TFs, comma-separated, or all\n"
               "      --strand WHICH       both, fwd or rev [both: the mean of the logits]\n"
               "      --scale probability|logit  scale of the scores [probability]\n"
               "Regions\n"
               "  -r, --regions REGION     comma-separated regions [the whole genome]\n"
               "  -R, --regions-file FILE  file of regions: BED, or contig, position and end, 1-based\n"
               "      --step INT           bases from one window to the next. Multiples of the product of the model's\n"
               "                           pool widths (27 in the shipped model) share the most work [54]\n"
               "      --max-n INT          write no value for windows with more Ns [20]\n"
               "Output\n"
               "  -o, --output FILE        bigWig if the name ends in .bw or .bigWig, else bedGraph (.gz: bgzip). For\n"
               "                           several TFs: a name with {tf}, or a folder [standard output]\n"
               "  -O, --output-type bedgraph|bigwig  output format [by the name of -o]\n"
               "  -@, --threads INT        total number of threads [all processors]\n"
               "  -v, --verbosity INT      0 errors, 1 warnings, 2 summaries [2]\n"
               "  -h, --help               print this text\n");
}

int tfb_cmd_scan(int argc, char **argv)
{
    tfb_scan_opt_t o = {.out = "-", .step = 54, .max_n = 20, .threads = tfb_cmd_processors()};
    enum { TF = 256, STRAND, SCALE, STEP, MAX_N };
    static const struct option opts[] = {
        {"model", 1, NULL, 'm'},        {"fasta-ref", 1, NULL, 'f'},   {"tf", 1, NULL, TF},
        {"strand", 1, NULL, STRAND},    {"scale", 1, NULL, SCALE},     {"regions", 1, NULL, 'r'},
        {"regions-file", 1, NULL, 'R'}, {"step", 1, NULL, STEP},       {"max-n", 1, NULL, MAX_N},
        {"output", 1, NULL, 'o'},       {"output-type", 1, NULL, 'O'}, {"threads", 1, NULL, '@'},
        {"verbosity", 1, NULL, 'v'},    {"help", 0, NULL, 'h'},        {NULL, 0, NULL, 0}};
    static const char *const scale[] = {"probability", "logit"}, *const type[] = {"bedgraph", "bigwig"};
    int c, k, bad = 0;
    long v;
    while ((c = tfb_cmd_getopt(argc, argv, "m:f:r:R:o:O:@:v:h", opts)) >= 0) {
        switch (c) {
        case 'm': o.model = optarg; break;
        case 'f': o.fasta = optarg; break;
        case TF: o.tf = optarg; break;
        case STRAND: bad |= tfb_cmd_strand(optarg, &o.strand); break;
        case SCALE: bad |= (k = tfb_word("scale", optarg, scale, 2)) < 0, o.logit = k == 1; break;
        case 'r': o.regions = optarg; break;
        case 'R': o.regions_file = optarg; break;
        case STEP: bad |= tfb_cmd_int("step", optarg, 1, TFB_MAX_WINDOW, &v), o.step = bad ? 1 : (int)v; break;
        case MAX_N: bad |= tfb_cmd_int("max-n", optarg, 0, TFB_MAX_WINDOW, &v), o.max_n = bad ? 0 : (int)v; break;
        case 'o': o.out = optarg; break;
        case 'O': o.format = optarg, bad |= tfb_word("output-type", optarg, type, 2) < 0; break;
        case '@': bad |= tfb_cmd_int("threads", optarg, 0, 1024, &v), o.threads = bad || v < 1 ? 1 : (int)v; break;
        case 'v': bad |= tfb_cmd_int("verbosity", optarg, 0, 9, &v), tfb_log_level(bad ? 2 : (int)v); break;
        case 'h': usage(stdout); return 0;
        default: bad = 1;
        }
    }
    const char *const need[][2] = {
        {o.model, "-m model.safetensors"}, {o.fasta, "-f ref.fa"}, {o.tf, "--tf"}, {NULL, NULL}};
    return bad || tfb_cmd_incomplete("scan", argc, argv, usage, need, NULL, NULL) || tfb_scan(&o) < 0;
}
