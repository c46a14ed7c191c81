/* report.c - `tfbind report`: a page about an annotated VCF. */
#include "explain/report.h"
#include "cmd/cmd.h"
#include "score/session.h"
#include "train/record.h"
#include "util/util.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f,
            "Make a page about annotated variants: counts, distribution of changes, strongest variants with figures,\n"
            "table of TFs.\n"
            "\n"
            "Usage: tfbind report [options] annotated.vcf.gz > report.html\n"
            "\n"
            "  -o, --output FILE        HTML page; it needs no other file [standard output]\n"
            "  -m, --model FILE         model that annotated the variants, for figures (with -f)\n"
            "  -f, --fasta-ref FILE     reference sequence, indexed FASTA, for figures\n"
            "  -d, --db FILE            known motifs in MEME format; figures show the best match\n"
            "      --top INT            number of variants to list [50]\n"
            "      --figures INT        number of listed variants with a figure [20]\n"
            "      --delta NUM          count changes of at least NUM; gained and lost sites are those that the CALL\n"
            "                           tags name [0.2]\n"
            "      --prefix STR         prefix of the tag names, as for annotate [TFB]\n"
            "      --title TEXT         heading of the page\n"
            "  -h, --help               print this text\n");
}

int tfb_cmd_report(int argc, char **argv)
{
    enum { TOP = 256, FIGURES, DELTA, PREFIX, TITLE };
    static const struct option opts[] = {
        {"output", 1, NULL, 'o'},  {"model", 1, NULL, 'm'},     {"fasta-ref", 1, NULL, 'f'},
        {"db", 1, NULL, 'd'},      {"top", 1, NULL, TOP},       {"figures", 1, NULL, FIGURES},
        {"delta", 1, NULL, DELTA}, {"prefix", 1, NULL, PREFIX}, {"title", 1, NULL, TITLE},
        {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0}};
    tfb_report_opt_t o = {.prefix = "TFB", .n_top = 50, .n_figures = 20, .delta = 0.2};
    const char *path = NULL, *model = NULL, *fasta = NULL, *db = NULL;
    char title[300], *command = NULL;
    int c, bad = 0, ret = -1;
    long v = 0;
    while ((c = tfb_cmd_getopt(argc, argv, "o:m:f:d:h", opts)) >= 0) switch (c) {
        case 'o': path = optarg; break;
        case 'm': model = optarg; break;
        case 'f': fasta = optarg; break;
        case 'd': db = optarg; break;
        case TOP: bad |= tfb_cmd_int("top", optarg, 0, 10000, &v), o.n_top = (int)v; break;
        case FIGURES: bad |= tfb_cmd_int("figures", optarg, 0, 10000, &v), o.n_figures = (int)v; break;
        case DELTA: bad |= tfb_cmd_double("delta", optarg, 0, 1, &o.delta); break;
        case PREFIX: o.prefix = optarg; break;
        case TITLE: o.title = optarg; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    if (bad) return 1;
    const char *const need[][2] = {{NULL, NULL}};
    if (tfb_cmd_incomplete("report", argc, argv, usage, need, &o.in, "VCF or BCF from tfbind annotate")) return 1;
    if (!model != !fasta || (db && !model)) {
        tfb_error("figures need both -m and -f");
        return 1;
    }
    if (strlen(o.prefix) > 100) {
        tfb_error("--prefix is too long");
        return 1;
    }
    tfb_reads_indexed(o.in, "the input", ".csi .tbi");
    if (fasta) tfb_fasta_reads(fasta);
    if (tfb_run_claim(path) < 0) return 1;
    if (!o.title) {
        const char *base = strrchr(o.in, '/');
        snprintf(title, sizeof title, "Predicted TF binding: %.200s",
                 strcmp(o.in, "-") == 0 ? "variants"
                 : base                 ? base + 1
                                        : o.in);
        o.title = title;
    }
    tfb_session_t s = {.T = 0};
    tfb_motifs_t *motifs = NULL;
    tfb_out_t *to = NULL;
    FILE *out = NULL;
    if (!(o.command = command = tfb_record_command(argc, argv))) goto done;
    if (db && !(motifs = tfb_motifs_read(db))) goto done;
    o.db = motifs;
    if (model && tfb_session_open(&s, &(tfb_session_opt_t){.model = model, .tf = "all", .fasta = fasta}) < 0) goto done;
    o.panel = s.panel;
    o.fasta = s.fasta;
    if (!(out = tfb_out_open(path, &to))) goto done;
    ret = tfb_report(&o, out);
    ret = tfb_out_close(out, to, ret == 0);
done:
    tfb_session_close(&s);
    tfb_motifs_destroy(motifs);
    free(command);
    return ret < 0 ? 1 : 0;
}
