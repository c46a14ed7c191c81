/* tables.c - `tfbind tables`: makes a VCF or BCF of a table of variants. */
#include "annotate/tables.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "util/util.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *f)
{
    fprintf(f,
            "Make a sorted VCF or BCF of a table of variants, with the fields of GWAS-VCF (ES, SE, LP, AF, SS and ID)\n"
            "and INFO/PIP and CS.\n"
            "Usage: tfbind tables [options] -f ref.fa -o gwas.bcf gwas.tsv.gz\n"
            "\n"
            "The table is GWAS-SSF, or the output of REGENIE, SAIGE, BOLT-LMM, PLINK2, fastGWA, METAL, FINEMAP or\n"
            "SuSiE, or has columns of chrom, pos, ref and alt, or is a list of rsIDs; separated by tabs, blanks or\n"
            "commas; .gz or not. Its header decides. REF is the allele that the FASTA has: ES and AF are turned to\n"
            "belong to ALT.\n"
            "\n"
            "Table\n" TFB_USAGE_FASTA TFB_USAGE_ASSOC "      --list               list the formats and their columns\n"
            "      --study NAME         name of the sample [the name of the file]\n"
            "Output\n"
            "      --to vcf             what the table becomes [vcf]\n"
            "  -o, --output FILE        output file [standard output]\n"
            "  -O, --output-type b|u|z|v[0-9]  compressed BCF (b), uncompressed BCF (u), compressed VCF (z) or plain\n"
            "                           VCF (v), and compression level [by the name of -o, else v]\n"
            "  -W, --write-index[=csi|tbi]  index the output\n"
            "  -m, --max-mem SIZE       rows kept in memory: bytes, or a number and k, M or G [256M]\n"
            "  -T, --temp-dir FOLDER    for temporary files, to sort more rows than that [$TMPDIR, or /tmp]\n"
            "      --no-version         do not append version and command line to the header\n" TFB_USAGE_STATS
                TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP);
}

typedef struct {
    tfb_vcf_opt_t o;
    tfb_assoc_opt_t table;
    const char *type;
    int list, to;
} args_t;

static const char *const to_name[] = {"vcf"}, *const index_name[] = {"csi", "tbi"};

static int set_index(void *args, const tfb_option_t *row, const char *value)
{
    args_t *a = args;
    if (value && *value == '=') value++;
    a->o.write_index = value ? 1 + tfb_word(row->name, value, row->words, row->n_words) : 1;
    return !a->o.write_index;
}

static int set_memory(void *args, const tfb_option_t *row, const char *value)
{
    args_t *a = args;
    char *end;
    double v = strtod(value, &end);
    const char *units = "kKmMgG", *unit = *end ? strchr(units, *end) : NULL;
    int power = unit ? 10 * (1 + (int)(unit - units) / 2) : 0;
    if (end == value || (*end && (!unit || end[1])) || !(v > 0) || v * (double)(1 << power) > 1e15) {
        tfb_error("--%s is a number of bytes, or a number and k, M or G, not '%s'", row->name, value);
        return 1;
    }
    a->table.memory = (int64_t)(v * (double)(1 << power));
    if (a->table.memory < 1) a->table.memory = 1;
    return 0;
}

static const tfb_option_t options[] = {
    {TFB_OPTION_FASTA(o.session.fasta)},
    TFB_OPTIONS_ASSOC(table),
    {"list", TFB_FLAG(list)},
    {"study", TFB_TEXT(table.study)},
    {"to", TFB_WORD(to, to_name, 1)},
    {TFB_OPTION_OUTPUT(o.out)},
    {"output-type", .id = 'O', TFB_TEXT(type)},
    {"write-index", .id = 'W', .arg = 2, .set = set_index, .words = index_name, .n_words = 2},
    {"max-mem", .id = 'm', .arg = 1, .set = set_memory},
    {"temp-dir", .id = 'T', TFB_TEXT(table.tmp)},
    {"no-version", TFB_FLAG(o.no_version)},
    {TFB_OPTION_THREADS(o.session.threads)},
    {TFB_OPTION_STATS(o.session.stats)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Returns the command line for the header, to be freed. NULL on lack of memory. */
static char *join_command(int argc, char **argv)
{
    size_t m = 16;
    for (int i = 0; i < argc; i++) m += strlen(argv[i]) + 1;
    char *command = malloc(m);
    if (!command) return NULL;
    strcpy(command, "tfbind");
    for (int i = 0; i < argc; i++) strcat(strcat(command, " "), argv[i]);
    for (char *p = command; *p; p++)
        if (iscntrl((unsigned char)*p)) *p = ' ';
    return command;
}

int tfb_cmd_tables(int argc, char **argv)
{
    args_t a = {.to = 0};
    tfb_vcf_defaults(&a.o);
    char *command = join_command(argc, argv);
    int r = tfb_cmd_parse(options, usage, &a, argc, argv, NULL);
    if (!command) r = 1; /* reported as lack of memory */
    if (r) goto done;
    if (a.list) {
        tfb_assoc_list(stdout);
        goto done;
    }
    const char *const need[][2] = {{a.o.session.fasta, "-f ref.fa"}, {NULL, NULL}};
    a.o.table = &a.table;
    a.o.command = command;
    r = tfb_cmd_incomplete("tables", argc, argv, usage, need, &a.o.in, "table") ||
        (a.type && tfb_vcf_set_type(a.type, &a.o) < 0) || tfb_tables_convert(&a.o) < 0;
done:
    free(command);
    return r > 0;
}
