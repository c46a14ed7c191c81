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
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA; regions with an N in it are left out\n"
            "      --samples FILE       tab-separated, with a header line: cell, tf, kind, path. kind is open "
            "(accessible regions of the\n"
            "                           cell type; tf is .), peaks (ChIP-seq; narrowPeak's summit, else the middle) or "
            "tfbs (binding sites;\n"
            "                           cell may be .: in every cell type). Paths are relative to the sheet; BED, "
            "plain or gzip\n"
            "      --policy NAME        sparse, less-sparse, full or peaks [sparse]\n"
            "      --width INT          regions are recentred to so many bases [200]\n"
            "      --keep-n             keep regions with an N\n"
            "      --keep-unresolved    keep regions that are resolved for no TF\n"
            "  -o, --output FILE        labels; with .gz bgzip and a tabix index [standard output, plain]\n"
            "  -v, --verbosity INT      0 errors, 1 warnings, 2 summary, 3 counts per TF [2]\n" TFB_USAGE_HELP "\n"
            "In a cell type where the region is open and the TF was ChIP-ed there is nothing (1), a peak (2), a site "
            "(3) or both (4); over cell\n"
            "types the largest counts; 0 = nowhere open and ChIP-ed.   bound | unbound | unresolved\n"
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
