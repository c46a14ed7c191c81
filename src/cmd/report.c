/* report.c - `tfbind report`: a page about an annotated VCF. */
#include "explain/report.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "score/session.h"
#include "train/record.h"
#include "util/files.h"
#include "util/util.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(
        f,
        "Make a page about annotated variants: counts, distribution of changes, strongest variants with figures,\n"
        "table of TFs.\n"
        "\n"
        "Usage: tfbind report [options] annotated.vcf.gz > report.html\n"
        "\n"
        "  -o, --output FILE        HTML page; it needs no other file [standard output]\n"
        "  -f, --fasta-ref FILE     reference sequence, indexed FASTA: draws figures\n"
        "  -m, --model LIST         model that annotated the variants, for figures: an installed one by name, or\n"
        "                           a file; several as for annotate [human]\n"
        "  -d, --db FILE            known motifs in MEME format; figures show the best match\n"
        "      --top INT            number of variants to list [50]\n"
        "      --figures INT        number of listed variants with a figure [20]\n"
        "      --rank-by delta|phred  list the variants with the largest change of probability, or the highest\n"
        "                           PHRED (the combined change of all TFs) [delta]\n"
        "      --delta NUM          count deltas of at least NUM in either direction; gain, loss and change are\n"
        "                           those of the CALL tags [0.2]\n"
        "      --open FILE          only changes of bases in open chromatin: a peaks file (BED, narrowPeak, .gz) or a\n"
        "                           bigWig. Without -f its contigs are named as in the input\n" TFB_USAGE_OPEN_MIN
            TFB_USAGE_CELL
        "      --genome NAME        build of the positions, for links to UCSC and Ensembl: hg38, hg19, hs1, mm10\n"
        "                           or mm39 [by the lengths of contigs in the header, or those of -f]\n"
        "      --track FILE         also write gains and losses as a BED track (BED9), blue and orange, such as\n"
        "                           gains.bed\n"
        "      --prefix STR         prefix of the tag names, as for annotate [TFB]\n"
        "      --title TEXT         heading of the page\n" TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP);
}

typedef struct {
    tfb_report_opt_t o;
    const char *out, *model, *fasta, *db;
} args_t;

static const char *const rank_name[] = {"delta", "phred"};

static const tfb_option_t options[] = {
    {TFB_OPTION_OUTPUT(out)},
    {TFB_OPTION_MODEL(model)},
    {TFB_OPTION_FASTA(fasta)},
    {TFB_OPTION_DB(db), .id = 'd'},
    {"top", TFB_INT(o.n_top, 0, 10000)},
    {"figures", TFB_INT(o.n_figures, 0, 10000)},
    {"rank-by", TFB_WORD(o.by_phred, rank_name, 2)},
    {"delta", TFB_NUM(o.delta, 0, 1)},
    {TFB_OPTION_OPEN(o.open)},
    {TFB_OPTION_OPEN_MIN(o.open)},
    TFB_OPTIONS_CELL(o.expressed),
    {"genome", TFB_TEXT(o.genome)},
    {"track", TFB_TEXT(o.track)},
    {TFB_OPTION_PREFIX(o.prefix)},
    {"title", TFB_TEXT(o.title)},
    {TFB_OPTION_THREADS(o.threads)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Opens what the page is made from and with, and makes it. Returns 0, or -1 (logged). */
static int make_page(args_t *a)
{
    int ret = -1;
    tfb_report_opt_t *o = &a->o;
    tfb_session_t s = {.T = 0};
    tfb_motifs_t *motifs = NULL;
    tfb_out_t *to = NULL;
    FILE *out = NULL;
    if (a->db && !(motifs = tfb_motifs_read(a->db))) goto done;
    o->db = motifs;
    if (a->fasta && tfb_session_open(&s, &(tfb_session_opt_t){.model = a->model, .tf = "all", .fasta = a->fasta}) < 0)
        goto done;
    o->panel = s.panel;
    o->fasta = s.fasta;
    if (!(out = tfb_out_open(a->out, &to))) goto done;
    ret = tfb_report(o, out);
    ret = tfb_out_close(out, to, ret == 0);
done:
    tfb_session_close(&s);
    tfb_motifs_destroy(motifs);
    return ret;
}

int tfb_cmd_report(int argc, char **argv)
{
    args_t a = {.o = {.prefix = "TFB", .n_top = 50, .n_figures = 20, .delta = 0.2, .threads = 1}};
    tfb_report_opt_t *o = &a.o;
    char title[300];
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (r) return r > 0;
    const char *const need[][2] = {{NULL, NULL}};
    if (tfb_cmd_incomplete("report", argc, argv, usage, need, &o->in, "VCF or BCF from tfbind annotate")) return 1;
    if (!a.fasta && (a.model || a.db)) {
        tfb_error("figures need -f ref.fa");
        return 1;
    }
    if (o->open.has_min && !o->open.path) {
        tfb_error("--open-min needs --open");
        return 1;
    }
    if (o->track && tfb_file_gz_name(o->track)) {
        tfb_error("--track %s: the track is plain BED: compress it with bgzip", o->track);
        return 1;
    }
    if (strlen(o->prefix) > 100) {
        tfb_error("--prefix is too long");
        return 1;
    }
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    if (a.fasta) tfb_fasta_reads(a.fasta);
    if (tfb_run_claim(a.out) < 0 || tfb_run_claim(o->track) < 0) return 1;
    if (!o->title) {
        snprintf(title, sizeof title, "Predicted TF binding: %.200s",
                 strcmp(o->in, "-") == 0 ? "variants" : tfb_base_name(o->in));
        o->title = title;
    }
    char *command = tfb_record_command(argc, argv);
    o->command = command;
    int ret = command ? make_page(&a) : -1;
    free(command);
    return ret < 0;
}
