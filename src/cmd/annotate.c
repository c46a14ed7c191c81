/* annotate.c - `tfbind annotate` and `bcftools +tfbind`: the same options, the same core call. */
#include "config.h"
#include "annotate/bam.h"
#include "annotate/rows.h"
#include "annotate/vcf.h"
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "genome/input.h"
#include <getopt.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Not in the plugin: its host's htslib may have no support for what BAM needs. */
__attribute__((weak)) int tfb_bam_annotate(const tfb_bam_opt_t *o);

/* What the usage texts of program and plugin say differently. */
typedef struct {
    const char *title, *usage, *inputs, *open, *expressions, *tables, *rows, *output;
} words_t;

static const words_t program_words = {
    .title = "Add predicted transcription-factor binding to VCF, BCF, BED, FASTA, BAM or a table of variants.",
    .usage = "tfbind annotate [options] -f ref.fa in.vcf.gz",
    .inputs = "The input may also be BED (lines get score columns; the window is around the middle of the interval,\n"
              "or around narrowPeak's summit), FASTA (the output is a table with one row per sequence), or SAM, BAM "
              "or\n"
              "CRAM (records get aux tags; the window is around the middle of the alignment or, for proper pairs, of\n"
              "the fragment). A table of variants (GWAS-SSF, REGENIE, SAIGE, BOLT-LMM, PLINK2, fine-mapping, or plain\n"
              "chrom, pos, ref and alt; .gz) is read as the VCF that `tfbind tables` makes of it.\n\n",
    .open = "; BED gets a column tfb_open",
    .expressions = "only in the plugin, `bcftools +tfbind`",
    .tables = "Tables of variants\n" TFB_USAGE_ASSOC
              "      --study NAME         name of the sample with the table's values [the name of the file]\n"
              "      --temp-dir FOLDER    for temporary files, to sort long tables [$TMPDIR, or /tmp]\n",
    .rows = "BED, FASTA and BAM\n"
            "      --input vcf|bed|fasta|bam|table  input format [detected]\n"
            "      --scale probability|logit  scale of the scores [probability]\n"
            "      --window center|tile     score one window, or windows along a longer interval, sequence or\n"
            "                               read: the largest score and the mean (reads: the largest) [center]\n"
            "      --step INT               bases from one tiled window to the next [half a window]\n"
            "SAM, BAM and CRAM (-O, --output-fmt sam|bam|cram[,OPTION=VALUE] [by the name of -o, else bam]; -W, "
            "--write-index[=csi|bai])\n"
            "      --reads                  score the read's own bases instead of the reference, and the difference\n"
            "      --tags LIST              names of the tags [yt,ys,yd: best TF, score, difference; with --tf\n"
            "                               y0,y1,... and k0,k1,...]\n"
            "      --reference FILE         reference sequence of CRAM [that of -f]\n"
            "      --input-fmt-option OPT[=VAL]  as in samtools; may be repeated\n"
            "      --output-fmt-option OPT[=VAL]  as in samtools; may be repeated\n"
            "      --no-PG                  do not add a @PG line to the header\n",
    .output = "; BED and FASTA: bgzip if the name ends in .gz",
};
static const words_t plugin_words = {
    .title = "Predict how variants change transcription-factor binding.",
    .usage = "bcftools +tfbind in.vcf.gz -- [options] -f ref.fa",
    .inputs = "",
    .open = "",
    .expressions = "others are dropped",
    .tables = "",
    .rows = "",
    .output = "",
};

static void put_usage_model(FILE *f, const words_t *w)
{
    fprintf(
        f,
        "Each REF and ALT allele is scored in the middle of its own window, on both strands. By default each ALT\n"
        "gets tags for the TF whose binding probability changes most: INFO/TFB_TOP, TFB_REF, TFB_ALT, TFB_DELTA\n"
        "(ALT - REF) and TFB_LOR (change of the log odds). With --tf each TF gets its own tags: TFB_<TF>\n"
        "(Number=R), TFB_<TF>_DELTA and TFB_<TF>_LOR (Number=A). A calibrated model adds PCT, the percentile of\n"
        "the change among changes by random SNVs, CALL: gain, loss or change of a site, and INFO/TFB_PHRED, the rank\n"
        "of the combined change of all TFs: 10, 20, 30 are the top 10, 1, 0.1 %% of random SNVs.\n"
        "\n"
        "Model\n" TFB_USAGE_MODELS TFB_USAGE_FASTA
        "      --tf LIST            write tags for these TFs: a,b,c, @FILE with one a line, or all [only the\n"
        "                           summary]\n" TFB_USAGE_CELL TFB_USAGE_PREFIX
        "      --rank-by WHAT       summarise the TF with the largest delta, percentile or lor, or with the largest\n"
        "                           part of the combined change (phred) [delta]\n"
        "      --min-percentile NUM  write only TFs whose change exceeds that of NUM %% of random SNVs; this\n"
        "                           option, PCT and CALL need a calibrated model (tfbind model --calibrate)\n"
        "      --percentile-of WHAT  percentiles rank the change by delta or lor [delta]\n"
        "      --call-percentile NUM  call gain, loss or change of a site at this percentile or above "
        "[95]\n" TFB_USAGE_STRAND TFB_USAGE_PRECISION
        "      --csq                also write INFO/TFB_CSQ: all values in one string, for `bcftools +split-vep`\n"
        "      --open FILE          also write INFO/TFB_OPEN, 1 if the changed bases overlap an interval of this\n"
        "                           peaks file (BED, narrowPeak, .gz) or bigWig, else 0%s\n" TFB_USAGE_OPEN_MIN,
        w->open);
}

static void put_usage_genotypes(FILE *f)
{
    fputs("Genotypes\n"
          "      --haplotypes         score each sample's haplotypes with all their variants: FORMAT/TFB_HAP (with\n"
          "                           --tf: TFB_<TF>_HAP) has a value for each allele of GT, and\n"
          "                           INFO/TFB_HAP_DIFF is the largest difference from the variant alone\n"
          "  -p, --phase a|m|r|R|s    unphased heterozygous genotypes: take as they are (0/1 -> 0|1), merge into one\n"
          "                           haplotype (0/1 -> 1), require phase, make non-reference haplotypes\n"
          "                           (0/1 -> 1|1), skip [r]\n",
          f);
}

static void put_usage_records(FILE *f, const words_t *w)
{
    fprintf(f,
            "Records\n"
            "  -c, --check-ref e|w|x    if REF disagrees with the FASTA: fail (e), warn and do not annotate (w), drop\n"
            "                           the record (x) [e]\n"
            "      --max-n INT          do not annotate alleles with more Ns in their window [20]\n"
            "  -i, --include EXPR       annotate sites for which the expression is true  } bcftools expressions;\n"
            "  -e, --exclude EXPR       annotate sites for which the expression is false } %s\n"
            "  -k, --keep-sites         keep sites that -i/-e do not select, unannotated\n"
            "  -r, --regions REGION     restrict to comma-separated regions\n"
            "  -R, --regions-file FILE  restrict to regions listed in a file\n"
            "      --regions-overlap 0|1|2  include if POS is in the region (0), if the record overlaps (1) or if the\n"
            "                           variant overlaps (2) [1]\n"
            "  -t, --targets REGION     similar to -r but streams rather than index-jumps; ^ excludes\n"
            "  -T, --targets-file FILE  similar to -R but streams rather than index-jumps; ^ excludes\n"
            "      --targets-overlap 0|1|2  the same for targets [0]\n",
            w->expressions);
}

static void usage(FILE *f, const char *tool)
{
    const words_t *w = strcmp(tool, "tfbind") ? &plugin_words : &program_words;
    fprintf(f, "%s\nUsage: %s\n\n%s", w->title, w->usage, w->inputs);
    put_usage_model(f, w);
    put_usage_genotypes(f);
    put_usage_records(f, w);
    fprintf(f,
            "%s%s"
            "Output\n"
            "  -o, --output FILE        output file%s [standard output]\n"
            "  -O, --output-type b|u|z|v[0-9]  compressed BCF (b), uncompressed BCF (u), compressed VCF (z) or plain\n"
            "                           VCF (v), and compression level [by the name of -o, else v]\n"
            "  -W, --write-index[=csi|tbi]  index the output\n"
            "      --no-version         do not append version and command line to the header\n" TFB_USAGE_STATS
                TFB_USAGE_THREADS TFB_USAGE_VERBOSITY TFB_USAGE_HELP,
            w->tables, w->rows, w->output);
}

/* ---- options: one row each ---- */

/* Input formats as bits: those that an option is for (0: all). The plugin reads VCF and BCF only. */
enum { VCF = 1, BED = 2, FASTA = 4, BAM = 8, PLUGIN = 16, TABLE = TFB_FORMAT_TABLE };
enum { FILES = VCF | PLUGIN, VARIANTS = FILES | TABLE, PROGRAM = VCF | BED | FASTA | BAM | TABLE };

/* Groups of options. If one is given for a wrong format, the error names the whole group. */
enum { NO_GROUP, RECORDS, EFFECTS, GENOTYPES, OPEN, TABLES = TFB_GROUP_TABLES, ALIGNMENTS, GROUPS };

typedef struct {
    tfb_vcf_opt_t vcf; /* also has the options common to all formats */
    tfb_rows_opt_t rows;
    tfb_bam_opt_t bam;
    tfb_assoc_opt_t table;
    const char *input, *type;
    int n_in;
    char given[TFB_MAX_OPTIONS]; /* one flag per row */
    const char *tool;
    char *command;
} args_t;

static void *field(void *args, size_t offset) { return (char *)args + offset; }

/* Stores a name, and what kind of name it is. */
static int set_text_of_kind(void *args, const tfb_option_t *row, const char *value)
{
    *(int *)field(args, row->also) = row->number;
    return tfb_set_text(args, row, value);
}

static int set_filter(void *args, const tfb_option_t *row, const char *value)
{
    args_t *a = args;
    int twice = a->vcf.filter != NULL;
    if (twice) tfb_error("only one -i or -e expression can be given");
    set_text_of_kind(a, row, value);
    return twice;
}

static int set_letter(void *args, const tfb_option_t *row, const char *value)
{
    if (strlen(value) != 1 || !strchr(row->letters, *value)) {
        tfb_error("--%s is %s, not '%s'", row->name, row->hint, value);
        return 1;
    }
    *(char *)field(args, row->to) = *value;
    return 0;
}

/* bcftools also takes a word for each number. */
static int set_overlap(void *args, const tfb_option_t *row, const char *value)
{
    static const char *const word[3] = {"pos", "record", "variant"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, word[i]) == 0 || (*value == '0' + i && !value[1])) {
            *(int *)field(args, row->to) = i;
            return 0;
        }
    char hint[TFB_HINT];
    tfb_error("--%s is 0 (pos), 1 (record) or 2 (variant), not '%s'%s", row->name, value,
              tfb_did_you_mean(value, (char *const *)word, 3, hint));
    return 1;
}

static int set_index(void *args, const tfb_option_t *row, const char *value)
{
    args_t *a = args;
    if (value && *value == '=') value++;
    a->vcf.write_index = value ? 1 + tfb_word(row->name, value, row->words, row->n_words) : 1;
    return !a->vcf.write_index;
}

static int set_hts_option(void *args, const tfb_option_t *row, const char *value)
{
    if (hts_opt_add(field(args, row->to), value) == 0) return 0;
    tfb_error("--%s takes an htslib option such as level=1 or required_fields=0x1, not '%s'", row->name, value);
    return 1;
}

#define ALSO(field, value)  .also = offsetof(args_t, field), .number = (value)
#define VALUE(set_function) .arg = 1, .set = (set_function)
#define EFFECT              .formats = VARIANTS, .group = EFFECTS
#define RECORD              .formats = FILES, .group = RECORDS

static const char *const scale_name[] = {"delta", "lor"}, *const unit_name[] = {"probability", "logit"},
                         *const window_name[] = {"center", "tile"}, *const index_name[] = {"csi", "tbi", "bai"};

/* Messages list options in this order. */
static const tfb_option_t options[] = {
    TFB_OPTIONS_SESSION(vcf.session),
    {TFB_OPTION_PREFIX(vcf.prefix)},
    {"rank-by", TFB_WORD(vcf.effect.rank, tfb_rank_name, TFB_RANKS), EFFECT},
    {"min-percentile", TFB_NUM(vcf.effect.min_percentile, 0, 100), EFFECT},
    {"percentile-of", TFB_WORD(vcf.effect.scale, scale_name, 2), EFFECT},
    {"call-percentile", TFB_NUM(vcf.effect.call_percentile, 0, 100), EFFECT},
    {"haplotypes", TFB_FLAG(vcf.haplotypes), .formats = FILES, .group = GENOTYPES},
    {TFB_OPTION_OPEN(vcf.open), .formats = VARIANTS | BED, .group = OPEN},
    {TFB_OPTION_OPEN_MIN(vcf.open), .formats = VARIANTS | BED, .group = OPEN},
    {"csq", TFB_FLAG(vcf.csq), .formats = VARIANTS, .group = GENOTYPES},
    {"phase", .id = 'p', VALUE(set_letter), TFB_TO(vcf.phase), .letters = "amrRs", .hint = "a, m, r, R or s"},
    {"check-ref", .id = 'c', VALUE(set_letter), TFB_TO(vcf.check_ref), .letters = "ewx", .hint = "e, w or x"},
    {"include", .id = 'i', VALUE(set_filter), RECORD, TFB_TO(vcf.filter), ALSO(vcf.exclude, 0)},
    {"exclude", .id = 'e', VALUE(set_filter), RECORD, TFB_TO(vcf.filter), ALSO(vcf.exclude, 1)},
    {"keep-sites", .id = 'k', TFB_FLAG(vcf.keep_sites), RECORD},
    {"regions", .id = 'r', VALUE(set_text_of_kind), RECORD, TFB_TO(vcf.regions), ALSO(vcf.regions_file, 0)},
    {"regions-file", .id = 'R', VALUE(set_text_of_kind), RECORD, TFB_TO(vcf.regions), ALSO(vcf.regions_file, 1)},
    {"regions-overlap", VALUE(set_overlap), TFB_TO(vcf.regions_overlap)},
    {"targets", .id = 't', VALUE(set_text_of_kind), RECORD, TFB_TO(vcf.targets), ALSO(vcf.targets_file, 0)},
    {"targets-file", .id = 'T', VALUE(set_text_of_kind), RECORD, TFB_TO(vcf.targets), ALSO(vcf.targets_file, 1)},
    {"targets-overlap", VALUE(set_overlap), TFB_TO(vcf.targets_overlap)},
    {TFB_OPTION_OUTPUT(vcf.out)},
    {"output-type", .id = 'O', TFB_TEXT(type), .formats = VARIANTS | BAM, .group = RECORDS},
    {"output-fmt", .id = 'O', TFB_TEXT(type), .formats = VARIANTS | BAM, .group = RECORDS},
    {"write-index", .id = 'W', .arg = 2, .set = set_index, .words = index_name, .n_words = 3, .formats = VARIANTS | BAM,
     .group = RECORDS},
    {"no-version", TFB_FLAG(vcf.no_version)},
    {"no-PG", TFB_FLAG(vcf.no_version)},
    {"input", TFB_TEXT(input), .formats = PROGRAM},
    TFB_OPTIONS_ASSOC(table),
    {"study", TFB_TEXT(table.study), TFB_FOR_TABLES},
    {"temp-dir", TFB_TEXT(table.tmp), TFB_FOR_TABLES},
    {"scale", TFB_WORD(rows.logit, unit_name, 2), .formats = PROGRAM, .first_is_default = 1},
    {"window", TFB_WORD(rows.tile, window_name, 2), .formats = PROGRAM, .first_is_default = 1},
    {"step", TFB_INT(rows.step, 1, TFB_MAX_WINDOW), .formats = PROGRAM},
    {"reads", TFB_FLAG(bam.reads), .formats = BAM, .group = ALIGNMENTS},
    {"tags", TFB_TEXT(bam.tags), .formats = BAM, .group = ALIGNMENTS},
    {"reference", TFB_TEXT(bam.reference), .formats = BAM, .group = ALIGNMENTS},
    {"input-fmt-option", VALUE(set_hts_option), TFB_TO(bam.in_options), .formats = BAM, .group = ALIGNMENTS,
     .shown = "--...-fmt-option"},
    {"output-fmt-option", VALUE(set_hts_option), TFB_TO(bam.out_options), .formats = BAM, .group = ALIGNMENTS,
     .shown = "--...-fmt-option"},
    {TFB_OPTION_STATS(vcf.session.stats)},
    {TFB_OPTION_VERBOSITY},
    {TFB_OPTION_HELP},
    {.name = NULL},
};

/* Parses the arguments. Files and options may come in any order. Returns 0, 1 if something is wrong (logged), or
 * TFB_HELP. */
static int parse(args_t *a, int argc, char **argv)
{
    int bad = 0;
    optind = 0; /* resets getopt, which the host has used before */
    while (optind < argc) {
        int r = tfb_options_parse(options, "+", a, argc, argv, a->given);
        if (r == TFB_HELP) return r;
        bad |= r;
        if (optind >= argc) break;
        a->vcf.in = argv[optind++];
        a->n_in++;
    }
    return bad;
}

/* Returns whether an option is for this format. */
static int is_for(const tfb_option_t *row, unsigned bit) { return !row->formats || (row->formats & bit); }

/* ---- input formats ---- */

static int run_vcf(args_t *a)
{
    a->vcf.tool = a->tool;
    a->vcf.command = a->command;
    return a->type && tfb_vcf_set_type(a->type, &a->vcf) < 0 ? -1 : tfb_vcf_annotate(&a->vcf);
}

static int run_table(args_t *a)
{
    a->vcf.table = &a->table;
    return run_vcf(a);
}

static int run_rows(args_t *a, int (*run)(const tfb_rows_opt_t *o))
{
    const tfb_vcf_opt_t *o = &a->vcf;
    tfb_rows_opt_t *r = &a->rows;
    r->session = o->session;
    r->open = o->open;
    r->in = o->in;
    r->out = o->out;
    return run(r);
}

static int run_bed(args_t *a) { return run_rows(a, tfb_rows_bed); }
static int run_fasta(args_t *a) { return run_rows(a, tfb_rows_fasta); }

static int run_bam(args_t *a)
{
    const tfb_vcf_opt_t *o = &a->vcf;
    tfb_bam_opt_t *b = &a->bam;
    b->session = o->session;
    b->in = o->in;
    b->out = o->out;
    b->format = a->type;
    b->logit = a->rows.logit;
    b->tile = a->rows.tile;
    b->step = a->rows.step;
    b->write_index = o->write_index == 3 ? 2 : o->write_index;
    b->no_pg = o->no_version;
    b->command = a->command;
    return tfb_bam_annotate ? tfb_bam_annotate(b) : -1;
}

typedef struct {
    tfb_input_t kind;
    unsigned bit;
    const char *name;
    int without_fasta;          /* needs no -f */
    int bad_index;              /* value of write_index that does not fit, */
    const char *bad_index_name; /* and its name */
    int (*run)(args_t *a);      /* 0, or -1 (logged) */
} format_t;

static const format_t formats[] = {
    {TFB_IN_VCF, VCF, "VCF and BCF", .bad_index = 3, .bad_index_name = "bai", .run = run_vcf},
    {TFB_IN_TABLE, TABLE, "a table of variants", .bad_index = 3, .bad_index_name = "bai", .run = run_table},
    {TFB_IN_BED, BED, "BED", .run = run_bed},
    {TFB_IN_FASTA, FASTA, "FASTA", .without_fasta = 1, .run = run_fasta},
    {TFB_IN_BAM, BAM, "SAM, BAM or CRAM", .bad_index = 2, .bad_index_name = "tbi", .run = run_bam},
};
static const format_t of_plugin = {TFB_IN_VCF,    PLUGIN, "VCF and BCF", .bad_index = 3, .bad_index_name = "bai",
                                   .run = run_vcf};

/* Writes the name of an option, as messages have it. */
static void show(const tfb_option_t *row, char *text, size_t m)
{
    if (row->shown)
        snprintf(text, m, "%s", row->shown);
    else if (row->id)
        snprintf(text, m, "-%c", row->id);
    else
        snprintf(text, m, "--%s", row->name);
}

/* Lists the options that are not for a format, of a group (NO_GROUP: of all), as "-a, -b and --c". */
static void list_refused(unsigned bit, int group, char *list, size_t m)
{
    char shown[TFB_MAX_OPTIONS][32];
    int n = 0;
    size_t used = 0;
    for (const tfb_option_t *row = options; row->name; row++) {
        if (is_for(row, bit) || (group && row->group != group)) continue;
        show(row, shown[n], sizeof shown[n]);
        n += !n || strcmp(shown[n], shown[n - 1]); /* two names of one option */
    }
    for (int i = 0; i < n && used < m; i++) {
        const char *separator = i ? ", " : "";
        if (i && i == n - 1) separator = " and ";
        used += (size_t)snprintf(list + used, m - used, "%s%s", separator, shown[i]);
    }
}

/* Refuses options that are not for the format. Returns 0, or -1 (logged). */
static int check_options(const args_t *a, const format_t *f)
{
    char list[512] = "";
    int refused[GROUPS] = {0}, any = 0;
    for (int k = 0; options[k].name; k++)
        if (a->given[k] && !is_for(&options[k], f->bit)) refused[options[k].group] = any = 1;
    if (!any) return 0;
    if (f->bit == PLUGIN) {
        list_refused(PLUGIN, NO_GROUP, list, sizeof list);
        tfb_error("%s are for BED, FASTA, BAM and tables, which `tfbind annotate` reads", list);
        return -1;
    }
    int group = RECORDS;
    while (!refused[group] && group < ALIGNMENTS) group++;
    list_refused(f->bit, group, list, sizeof list);
    if (group == ALIGNMENTS)
        tfb_error("%s are for SAM, BAM and CRAM", list);
    else if (group == TABLES)
        tfb_error("%s is %s: %s are for tables of variants", a->vcf.in, f->name, list);
    else if (group == OPEN)
        tfb_error("%s is %s: %s are for VCF, BCF and BED", a->vcf.in, f->name, list);
    else
        tfb_error("%s is %s: %s are for VCF and BCF", a->vcf.in, f->name, list);
    return -1;
}

/* Returns the format of the input, or NULL (logged). */
static const format_t *find_format(args_t *a)
{
    if (strcmp(a->tool, "tfbind") != 0) return &of_plugin;
    const char *said = !a->input && tfb_assoc_said(&a->table) ? "table" : a->input;
    tfb_input_t kind = tfb_input_kind(&a->vcf.in, said, "annotate", 1);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].kind == kind) return &formats[i];
    return NULL;
}

/* Checks the options together and runs. Returns 0, or -1 (logged). */
static int check_and_run(args_t *a)
{
    if (a->given[tfb_options_row(options, "phase")] && !a->vcf.haplotypes)
        tfb_error("--phase needs --haplotypes");
    else if (a->vcf.open.has_min && !a->vcf.open.path)
        tfb_error("--open-min needs --open");
    else if (a->n_in > 1)
        tfb_error("expected one input, not %d (%s, ...)", a->n_in, a->vcf.in);
    else {
        const format_t *f = find_format(a);
        if (!f || check_options(a, f) < 0) return -1;
        if (a->vcf.write_index && a->vcf.write_index == f->bad_index)
            tfb_error("--write-index=%s is not for %s", f->bad_index_name, f->name);
        else if (!f->without_fasta && !a->vcf.session.fasta)
            tfb_error("-f ref.fa is missing (-h shows all options)");
        else
            return f->run(a);
    }
    return -1;
}

/* ---- the command ---- */

char *tfb_cmd_line(int argc, char **argv, const char *tool)
{
    size_t m = 64;
    for (int i = 0; i < argc; i++) m += strlen(argv[i]) + 1;
    char *command = malloc(m);
    if (!command) return NULL;
    strcpy(command, strcmp(tool, "tfbind") == 0 ? "tfbind" : "plugin");
    for (int i = 0; i < argc; i++) strcat(strcat(command, " "), argv[i]);
    for (char *p = command; *p; p++)
        if (*p == '\n' || *p == '\r') *p = ' ';
    return command;
}

/* Parses the arguments without `--`, and runs. Returns 0, or -1 (logged). */
static int parse_and_run(args_t *a, int argc, char **argv)
{
    int r = parse(a, argc, argv);
    if (r == TFB_HELP) {
        usage(stdout, a->tool);
        return 0;
    }
    if (argc == 1 && a->n_in == 0) {
        usage(stderr, a->tool);
        return -1;
    }
    return r ? -1 : check_and_run(a);
}

int tfb_cmd_annotate_as(int argc, char **argv, const char *tool, const char *prefix, int fail_status)
{
    args_t a = {.tool = tool};
    char **arg = malloc(((size_t)argc + 1) * sizeof *arg);
    int n_arg = 0, status = fail_status;
    tfb_vcf_defaults(&a.vcf);
    tfb_log_prefix(prefix);
    a.command = tfb_cmd_line(argc, argv, tool);
    if (arg && a.command) {
        /* the host uses `--` before the plugin's options; it is ignored wherever it is */
        for (int i = 0; i < argc; i++)
            if (strcmp(argv[i], "--")) arg[n_arg++] = argv[i];
        arg[n_arg] = NULL;
        if (parse_and_run(&a, n_arg, arg) == 0) status = 0;
    }
    hts_opt_free(a.bam.in_options);
    hts_opt_free(a.bam.out_options);
    free(a.command);
    free(arg);
    return status;
}

int tfb_cmd_annotate(int argc, char **argv) { return tfb_cmd_annotate_as(argc, argv, "tfbind", "tfbind annotate", 1); }
