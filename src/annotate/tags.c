/* tags.c - the table of tags, with their descriptions in the header and the functions of their values. */
#include "annotate/tags.h"
#include "genome/tag.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- descriptions ---- */

enum { OPTIONS = 250, MODEL = 800 }; /* bytes of the options in a description, and of model and options */

/* Writes the model of target t (-1: all) and the options that must agree for values to be comparable.
 * genome/origin.h reads them. */
static void name_model(const tfb_tag_run_t *run, int t, char *by, size_t m)
{
    static const char *const strand[3] = {"", "; --strand fwd", "; --strand rev"};
    char least[OPTIONS] = "";
    tfb_precision_t low = tfb_panel_precision(run->panel);
    double min = run->effect->min_percentile;
    if (min > 0) snprintf(least, sizeof least, "; --min-percentile %g", min);
    if (low != TFB_FLOAT32) {
        size_t n = strlen(least);
        snprintf(least + n, sizeof least - n, "; --precision %s", tfb_precision_name[low]);
    }
    if (run->session) tfb_session_limits(run->session, least, sizeof least);
    snprintf(by, m, "model %.500s%s%s", tfb_panel_source(run->panel, t), strand[run->strand], least);
}

static const char *name_tf(const tfb_tag_run_t *run, int t)
{
    return t < 0 ? "the TF in TOP" : tfb_panel_target(run->panel, t);
}

static void describe_top(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    static const char *const rank[TFB_RANKS] = {"binding probability changes most",
                                                "change is most unusual (its percentile the highest)",
                                                "log odds change most", "change adds most to the combined change"};
    char by[MODEL];
    name_model(run, t, by, sizeof by);
    snprintf(what, m, "TF whose %s between REF and ALT (%s)", rank[run->effect->rank], by);
}

static void describe_pct(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    const char *scale = run->effect->scale == TFB_CALIB_LOR ? "log odds" : "probability";
    char by[MODEL];
    name_model(run, t, by, sizeof by);
    snprintf(what, m, "Percentile of the change of %s of %s among random SNVs (%s)", scale, name_tf(run, t), by);
}

static void describe_call(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    char by[MODEL];
    name_model(run, t, by, sizeof by);
    snprintf(what, m,
             "gain, loss or change of a site of %s: which alleles reach its threshold, by a change at percentile %g or "
             "above (%s)",
             name_tf(run, t), run->effect->call_percentile, by);
}

static void describe_hap(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    const char *who = t < 0 ? "the TF in HAP_TF" : name_tf(run, t);
    snprintf(what, m, "Probability that %s binds the window of each haplotype, in the order of GT (%s)", who,
             tfb_panel_source(run->panel, t));
}

static void describe_hap_diff(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    snprintf(what, m,
             "Largest departure, over the haplotypes with this ALT, of the probability that %s binds from that for ALT "
             "alone (%s)",
             name_tf(run, t), tfb_panel_source(run->panel, t));
}

static void describe_hap_tf(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    (void)run;
    (void)t;
    snprintf(what, m, "TF of FORMAT/HAP: of those in TOP, that of the largest change");
}

/* Begins every description of PHRED; with --tf, WITH_TF comes before the model. */
#define PHRED_FIRST "-10 log10 of the share of random SNVs with at least this combined change of all TFs"
#define WITH_TF     ", with --tf"

static void describe_phred(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    char by[MODEL];
    const char *how = tfb_panel_combination(run->panel);
    name_model(run, t, by, sizeof by);
    snprintf(what, m, PHRED_FIRST " (%s): 10, 20, 30 are the top 10, 1, 0.1 %%%s (%s)", how ? how : "",
             run->per_tf ? WITH_TF : "", by);
}

/* Begins every description of OPEN. */
#define OPEN_FIRST "1 if the bases that the ALT changes overlap open chromatin, else 0"

static void describe_open(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    const tfb_open_opt_t *o = run->open_by;
    char least[60] = "";
    (void)t;
    if (o->has_min) snprintf(least, sizeof least, ", values of at least %g", o->min);
    snprintf(what, m, OPEN_FIRST "%s (%.100s%s)", run->per_tf ? WITH_TF : "", tfb_base_name(o->path), least);
}

static int open_is_ours(const tfb_tag_run_t *run, const char *description)
{
    const char *first = strstr(description, OPEN_FIRST);
    return first && (strncmp(first + strlen(OPEN_FIRST), WITH_TF, strlen(WITH_TF)) == 0) == run->per_tf;
}

static int phred_is_ours(const tfb_tag_run_t *run, const char *description)
{
    return strstr(description, PHRED_FIRST) && (strstr(description, WITH_TF " (model ") != NULL) == run->per_tf;
}

/* The first subfields of CSQ in every version. They distinguish it from VEP's. */
#define CSQ_FIRST "Format: Allele|Consequence|TF|"
/* Only a CSQ written with --tf has this before its format. */
#define CSQ_OF_TF " of --tf "

/* `bcftools +split-vep` takes the names of the subfields from what follows Format:, and needs one named
 * Consequence. Its formats and filters would confuse subfields named REF and ALT with the columns. */
static void describe_csq(const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    snprintf(what, m,
             "Change of binding of the TF%sthat changes most, model %.500s. " CSQ_FIRST
             "P_REF|P_ALT|DELTA|LOR|PCT|CALL",
             run->per_tf ? CSQ_OF_TF : " ", tfb_panel_source(run->panel, t));
}

static int csq_is_ours(const tfb_tag_run_t *run, const char *description)
{
    const char *format = strstr(description, CSQ_FIRST), *of_tf = strstr(description, CSQ_OF_TF);
    return format && (of_tf && of_tf < format) == run->per_tf;
}

/* ---- values ---- */

static float ref_of(const tfb_tag_alt_t *a) { return tfb_sigmoid(a->z_ref[a->t]); }
static float alt_of(const tfb_tag_alt_t *a) { return tfb_sigmoid(a->z_alt[a->t]); }
static float delta_of(const tfb_tag_alt_t *a) { return alt_of(a) - ref_of(a); }
static float lor_of(const tfb_tag_alt_t *a) { return a->z_alt[a->t] - a->z_ref[a->t]; }

static float pct_of(const tfb_tag_alt_t *a)
{
    return (float)tfb_effect_percentile(a->run->effect, a->run->panel, a->t, a->z_ref[a->t], a->z_alt[a->t]);
}

static float phred_of(const tfb_tag_alt_t *a) { return (float)tfb_panel_phred(a->run->panel, a->z_ref, a->z_alt); }

static float open_of(const tfb_tag_alt_t *a)
{
    const tfb_change_t *c = &a->change;
    return (float)tfb_open_overlaps(a->run->open, a->contig, c->pos, c->pos + c->n_ref);
}

static float hap_diff_of(const tfb_tag_alt_t *a)
{
    float d;
    tfb_phased_departure(a->hap, a->windows, a->i, a->t < 0 ? -1 : a->window, a->t, &d);
    return d;
}

/* Writes a name as a value, without separators, which would break the list or the string of --csq. */
static void put_name(kstring_t *s, const char *name)
{
    for (const char *c = name; *c; c++) kputc(strchr(",;=|&", *c) || isspace((unsigned char)*c) ? '_' : *c, s);
}

static int put_top(const tfb_tag_alt_t *a, kstring_t *s)
{
    put_name(s, a->t < 0 ? "." : tfb_panel_target(a->run->panel, a->t));
    return a->t >= 0;
}

static const char *call_of(const tfb_tag_alt_t *a)
{
    if (a->t < 0 || !(a->run->have & TFB_NEEDS_THRESHOLDS)) return NULL;
    return tfb_effect_call(a->run->effect, a->run->panel, a->t, a->z_ref[a->t], a->z_alt[a->t]);
}

static int put_call(const tfb_tag_alt_t *a, kstring_t *s)
{
    const char *call = call_of(a);
    kputs(call ? call : ".", s);
    return call != NULL;
}

static void put_finite(kstring_t *s, double v)
{
    if (isfinite(v)) ksprintf(s, "%.6g", v);
}

/* Writes everything about an ALT in one string, for the summary's TF or, with --tf, the one that would be.
 * The consequence is the call: a direction without a call would claim a gain or loss that CALL denies, so
 * the term is then the neutral one. An ALT without a score has the same subfields, all empty except its
 * name. */
static int put_csq(const tfb_tag_alt_t *a, kstring_t *s)
{
    put_name(s, a->allele); /* a breakend's contig may have any letters */
    if (a->t < 0) {
        kputs("||||||||", s);
        return 1;
    }
    const char *call = call_of(a);
    ksprintf(s, "|TF_binding_site_%s|", call ? call : "variant");
    put_name(s, tfb_panel_target(a->run->panel, a->t));
    ksprintf(s, "|%.6g|%.6g|%.6g|", (double)ref_of(a), (double)alt_of(a), (double)delta_of(a));
    put_finite(s, (double)lor_of(a));
    kputc('|', s);
    if (a->run->have & TFB_NEEDS_CALIBRATION)
        put_finite(s, tfb_effect_percentile(a->run->effect, a->run->panel, a->t, a->z_ref[a->t], a->z_alt[a->t]));
    ksprintf(s, "|%s", call ? call : "");
    return 1;
}

/* ---- the table ---- */

#define SUMMARY      TFB_TAG_OF_SUMMARY
#define EACH_TF      TFB_TAG_OF_TF
#define INFO(n, t)   .field = BCF_HL_INFO, .number = (n), .type = (t)
#define FORMAT(n, t) .field = BCF_HL_FMT, .number = (n), .type = (t)
#define HAPLOTYPES   .group = TFB_TAGS_OF_HAPLOTYPES, .needs = TFB_NEEDS_HAPLOTYPES

/* Number=. in FORMAT: as many values as the genotype has alleles, for which older htslib has no letter. Splitting a
 * record copies them whole, which is right: they belong to the haplotype and not to an ALT. */
const tfb_tag_t tfb_tags[] = {
    {TFB_TAG_TOP, INFO("A", "String"), .scope = SUMMARY, .describe = describe_top, .text_of = put_top},
    {"", INFO("R", "Float"), .scope = EACH_TF, .says = "Probability that %s binds the window around each allele",
     .number_of = alt_of},
    {TFB_TAG_REF, INFO("A", "Float"), .scope = SUMMARY, .says = "Probability that %s binds the REF allele",
     .number_of = ref_of},
    {TFB_TAG_ALT, INFO("A", "Float"), .scope = SUMMARY, .says = "Probability that %s binds the ALT allele",
     .number_of = alt_of},
    {TFB_TAG_DELTA, INFO("A", "Float"), .scope = SUMMARY | EACH_TF,
     .says = "Change of the probability that %s binds, ALT - REF", .number_of = delta_of},
    {TFB_TAG_LOR, INFO("A", "Float"), .scope = SUMMARY | EACH_TF,
     .says = "Change of the log odds (natural) that %s binds, ALT - REF", .number_of = lor_of},
    {TFB_TAG_PCT, INFO("A", "Float"), .scope = SUMMARY | EACH_TF, .needs = TFB_NEEDS_CALIBRATION,
     .describe = describe_pct, .number_of = pct_of},
    {TFB_TAG_CALL, INFO("A", "String"), .scope = SUMMARY | EACH_TF, .needs = TFB_NEEDS_THRESHOLDS,
     .describe = describe_call, .text_of = put_call},
    {"HAP", FORMAT(".", "Float"), HAPLOTYPES, .scope = SUMMARY | EACH_TF, .describe = describe_hap},
    {"HAP_DIFF", INFO("A", "Float"), HAPLOTYPES, .scope = SUMMARY | EACH_TF, .describe = describe_hap_diff,
     .number_of = hap_diff_of},
    {"HAP_TF", INFO("1", "String"), HAPLOTYPES, .scope = SUMMARY, .describe = describe_hap_tf, .text_of = put_top},
    {TFB_TAG_PHRED, INFO("A", "Float"), .group = TFB_TAGS_OF_RECORD, .scope = SUMMARY | EACH_TF,
     .needs = TFB_NEEDS_PHRED, .describe = describe_phred, .number_of = phred_of, .is_ours = phred_is_ours},
    {TFB_TAG_OPEN, INFO("A", "Integer"), .group = TFB_TAGS_OF_RECORD, .scope = SUMMARY | EACH_TF,
     .needs = TFB_NEEDS_OPEN, .describe = describe_open, .number_of = open_of, .is_ours = open_is_ours},
    {"CSQ", INFO("A", "String"), .group = TFB_TAGS_OF_RECORD, .scope = SUMMARY | EACH_TF, .needs = TFB_NEEDS_CSQ,
     .describe = describe_csq, .text_of = put_csq, .is_ours = csq_is_ours},
};
const int tfb_n_tags = sizeof tfb_tags / sizeof *tfb_tags;

void tfb_tag_describe(const tfb_tag_t *tag, const tfb_tag_run_t *run, int t, char *what, size_t m)
{
    if (tag->describe) {
        tag->describe(run, t, what, m);
        return;
    }
    char by[MODEL];
    name_model(run, t, by, sizeof by);
    const char *at = strstr(tag->says, "%s"); /* the TF */
    snprintf(what, m, "%.*s%s%s (%s)", (int)(at - tag->says), tag->says, name_tf(run, t), at + 2, by);
}
