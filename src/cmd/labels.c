/* labels.c - `tfbind labels`: peaks -> a labels file. */
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "genome/fasta.h"
#include "genome/peaks.h"
#include "util/util.h"
#include <stdio.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f,
            "Label regions as bound or unbound from accessibility, ChIP-seq peaks and binding sites.\n"
            "\n"
            "Usage: tfbind labels [options] -f ref.fa --samples sheet.tsv -o labels.bed.gz regions.bed.gz\n"
            "\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA; regions with an N are skipped\n"
            "      --samples FILE       tab-separated sheet with a header line: cell, tf, kind, path. Paths are\n"
            "                           relative to the sheet; files are BED, plain or gzip. Kinds:\n"
            "                           open   accessible regions of the cell type; tf is .\n"
            "                           peaks  ChIP-seq peaks, taken at narrowPeak's summit, else in the middle\n"
            "                           tfbs   binding sites; cell . stands for every cell type\n"
            "      --policy NAME        sparse, less-sparse, full or peaks; see below [sparse]\n"
            "      --width INT          recentre regions to this width [200]\n"
            "      --keep-n             keep regions with an N\n"
            "      --keep-unresolved    keep regions that are resolved for no TF\n"
            "  -o, --output FILE        labels file; .gz: bgzip, with a tabix index [standard output, plain]\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 summary, 3 counts per TF [2]\n" TFB_USAGE_HELP "\n"
            "Each cell type in which the region is open and the TF has peaks gives a number: 1 for neither peak\n"
            "nor site, 2 for a peak, 3 for a site, 4 for both. The largest number counts; without such a cell type\n"
            "it is 0. A policy turns the number into a label:   bound | unbound | unresolved\n"
            "  sparse 4 | 1 | 0 2 3      less-sparse 4 | 1 2 3 | 0      full 4 | 0 1 2 3 |      peaks 2 4 | 1 3 | 0\n");
}

typedef tfb_peaks_opt_t args_t;

static const tfb_option_t options[] = {
    {TFB_OPTION_FASTA(fasta)},
    {"samples", TFB_TEXT(samples)},
    {"policy", TFB_WORD(policy, tfb_policy_name, TFB_POLICIES)},
    {"width", TFB_INT(width, 1, 100000)},
    {"keep-n", TFB_FLAG(keep_n)},
    {"keep-unresolved", TFB_FLAG(keep_null)},
    {TFB_OPTION_OUTPUT(out)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

int tfb_cmd_labels(int argc, char **argv)
{
    args_t o = {.width = 200, .out = "-"};
    int r = tfb_cmd_parse(options, usage, &o, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{o.fasta, "-f ref.fa"}, {o.samples, "--samples sheet.tsv"}, {NULL, NULL}};
    if (tfb_cmd_incomplete("labels", argc, argv, usage, need, &o.regions, "file of regions")) return 1;
    tfb_fasta_reads(o.fasta);
    tfb_reads(o.regions, "the input");
    tfb_reads(o.samples, "the input");
    return tfb_run_claim(o.out) < 0 || tfb_peaks_label(&o) < 0 ? 1 : 0;
}
