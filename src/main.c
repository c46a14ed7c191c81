/* main.c - the table of commands, the help and the dispatch. Tests also walk the table. */
#include "config.h"
#include "cmd/cmd.h"
#include "kernels/blas.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/hts.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND(in, word, text)                                             \
    {                                                                       \
        .group = (in), .name = #word, .run = tfb_cmd_##word, .what = (text) \
    }
const tfb_command_t tfb_commands[] = {
    COMMAND("Predict", annotate, "add predicted TF binding to VCF, BCF, BED or BAM"),
    COMMAND("Predict", enrich, "compare the changes of a set of variants with those of others"),
    COMMAND("Predict", tables, "make a VCF of a table of variants, such as a GWAS's"),
    COMMAND("Predict", scan, "predict binding along a genome: bedGraph or bigWig"),
    COMMAND("Train", labels, "label regions from accessibility, peaks and binding sites"),
    COMMAND("Train", pretrain, "train a multi-task model from labelled regions"),
    COMMAND("Train", finetune, "fine-tune a model for a TF with few known regions"),
    COMMAND("Train", learn, "make a model of a TF from its peaks, in one step"),
    COMMAND("Train", distill, "train one model to predict what several do"),
    COMMAND("Train", relate, "rank TFs to pre-train on for a target"),
    COMMAND("Train", evaluate, "compare a model's predictions with labels"),
    COMMAND("Explain", motifs, "show what the first layer's filters detect"),
    COMMAND("Explain", explain, "show which bases a prediction rests on"),
    COMMAND("Explain", report, "make a page about annotated variants"),
    COMMAND("Models", model, "show what is in a model file, or calibrate it"),
    {.group = NULL},
};

static void usage(FILE *f)
{
    const char *group = "";
    fprintf(f,
            "\nProgram: tfbind (transcription-factor binding from DNA, in VCF, BED and BAM)\nVersion: %s (using htslib "
            "%s)\n\n"
            "Usage:   tfbind <command> [options]\n\n",
            PACKAGE_VERSION, hts_version());
    for (const tfb_command_t *c = tfb_commands; c->group; c++) {
        if (strcmp(group, c->group)) fprintf(f, "%s -- %s\n", *group ? "\n" : "", c->group);
        group = c->group;
        fprintf(f, "    %-12s %s\n", c->name, c->what);
    }
    fprintf(f, "\n`tfbind <command> -h` shows a command's options. Inside bcftools: `bcftools +tfbind`.\n\n");
}

static int unknown(const char *s)
{
    char *names[64];
    int n = 0;
    for (const tfb_command_t *c = tfb_commands; c->group; c++) names[n++] = (char *)c->name;
    int near = tfb_nearest(s, names, n);
    if (*s == '-')
        tfb_error("unknown option %s: a command comes first (`tfbind help` lists them)", s);
    else if (near >= 0)
        tfb_error("unknown command '%s'; did you mean %s?", s, names[near]);
    else
        tfb_error("unknown command '%s' (`tfbind help` lists them)", s);
    return 1;
}

static int run(int argc, char **argv)
{
    char prefix[64];
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("tfbind %s\nUsing htslib %s\n", PACKAGE_VERSION, hts_version());
        printf("Compression: %s\n", hts_features() & HTS_FEATURE_LIBDEFLATE ? "libdeflate" : "zlib");
        printf("OpenBLAS: %s\n", tfb_blas_file() ? tfb_blas_file() : "left out");
        return 0;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2) {
        argv[1] = argv[2];
        argv[2] = "-h";
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "complete") == 0) return tfb_cmd_complete(tfb_commands, argc - 1, argv + 1);
    for (const tfb_command_t *c = tfb_commands; c->group; c++) {
        if (strcmp(argv[1], c->name)) continue;
        snprintf(prefix, sizeof prefix, "tfbind %s", c->name);
        tfb_log_prefix(prefix);
        errno = 0;
        tfb_run_begin();
        int status = tfb_cmd_end(c->run(argc - 1, argv + 1), 1);
        tfb_run_end();
        return status;
    }
    return unknown(argv[1]);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return 1;
    }
    return tfb_cmd_end(run(argc, argv), 1);
}
