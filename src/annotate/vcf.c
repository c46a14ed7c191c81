/* vcf.c - annotates VCF/BCF. Stages over batches of records: read and check | alleles to windows | score | write tags, in input order.
 *
 * Records wait in a batch's queue. Those up to n_ready have their windows; without haplotypes that is all of them, with haplotypes a record
 * waits for its neighbours (phased.h). There are two batches: while the pool's threads score one, the calling thread writes the one before and
 * reads into it again, and then helps scoring; records that still wait move on. Nothing is allocated per record once the largest batch has been seen,
 * and memory does not depend on the input's size. */
#include "config.h"
#include "annotate/vcf.h"
#include "annotate/phased.h"
#include "annotate/windows.h"
#include "genome/alleles.h"
#include "genome/output.h"
#include "genome/records.h"
#include "util/files.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/khash_str2int.h>
#include <htslib/tbx.h>
#include <htslib/thread_pool.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORDS = 1024,    /* records of a batch, at most */
    WINDOWS = 2048,    /* windows after which a batch is closed: 1.3 MB of logits for 163 TFs */
    BYTES = 32 << 20,  /* of records, likewise: with 100,000 samples one record has a megabyte */
    TEXT = 256,        /* what --csq writes for an ALT beside names and alleles, at most */
    MOST_INFO = 65535, /* tags of a record, by BCF; htslib counts them without a check */
    MOST_FORMAT = 255,
};

/* bcftools' own filtering expressions. Inside bcftools these are the host's functions; in the stand-alone program they are absent. */
typedef struct _filter_t filter_t;
__attribute__((weak)) filter_t *filter_init(bcf_hdr_t *hdr, const char *str);
__attribute__((weak)) void filter_destroy(filter_t *filter);
__attribute__((weak)) int filter_test(filter_t *filter, bcf1_t *rec, const uint8_t **samples);

typedef struct {
    bcf1_t *rec;
    int keep;  /* 0: passes through untouched */
    int why;   /* what is wrong with REF: a tfb_allele_t */
    int first; /* of this record's ALTs in alt[] */
    tfb_phased_rec_t hap;
} item_t;

typedef struct {
    item_t *item; /* the queue; [0, n_ready) have their windows. Those beyond n_items have a record to read into */
    int n_items, n_ready, m_items;
    size_t n_bytes; /* of the ready records */
    tfb_windows_t win;
    tfb_alt_t *alt; /* of the ready records */
    int n_alts, m_alts;
} batch_t;

/* A line of the header for a tag. */
typedef struct {
    char *text;
    const char *tag;
    int field, old; /* BCF_HL_INFO or BCF_HL_FMT; does the input have one that it replaces */
} line_t;

/* A tag that is only removed. */
typedef struct {
    char *tag;
    int field, type; /* BCF_HL_INFO or BCF_HL_FMT; BCF_HT_* */
} stale_t;

typedef struct {
    const tfb_vcf_opt_t *o;
    tfb_panel_t *panel;
    tfb_pool_t *pool;
    tfb_fasta_t *fasta;
    tfb_phased_t *phased; /* NULL: no haplotypes */
    tfb_records_t *in;
    bcf_hdr_t *hdr;   /* the reader's own, with our lines added: what parsing adds to it (contigs or tags that the file does
                                  not declare) must be known when the record is written */
    tfb_out_t *whole; /* the output appears when it is complete, with its index */
    const char *index;
    htsFile *out;
    filter_t *filter;
    int n_targets, W;
    char **tag;          /* summary: TOP REF ALT DELTA LOR PCT CALL; else per TF: score, DELTA, LOR, PCT, CALL */
    int *tag_id, n_tags; /* their numbers in hdr; -1 = not declared */
    int pct, call;       /* is the model calibrated, has it thresholds: else PCT, CALL of an earlier run are only removed */
    char **hap_tag;      /* FORMAT score and INFO departure of the summary or of each TF in turn; last, in the summary, INFO TF */
    int n_hap_tags;
    char *csq_tag;  /* NULL: none */
    stale_t *stale; /* tags of a former run with options that this one does not have */
    int n_stale;
    char **summary_tag; /* with --tf: names that no TF's tag may have */
    void *names;        /* of all these, to find out about equal ones */
    line_t *line;       /* what the header is to say of the tags that are written */
    int n_lines, m_lines;

    batch_t store[2], *b; /* b: the one that is read into and written; the other is being scored */
    int batch;            /* records that fill one */
    int at_end;           /* all records have been read */
    int failed;           /* reading or writing beside the scoring */
    float *value;         /* tag values of a record */
    int *top;             /* TF of each of its ALTs */
    int m_value;
    kstring_t info; /* tags of a record, packed, that are yet to be added to it */
    int n_info;
    size_t longest_name;       /* of a TF */
    kstring_t text, no_contig; /* no_contig: the first one that the FASTA lacks */

    int64_t n_records, n_scored, n_dropped, n_below, n_no_alt, n_reason[TFB_ALLELE_REASONS], n_warned;
} args_t;

void tfb_vcf_defaults(tfb_vcf_opt_t *o)
{
    *o = (tfb_vcf_opt_t){.in = "-",
                         .out = "-",
                         .prefix = "TFB",
                         .effect = TFB_EFFECT_DEFAULTS,
                         .phase = 'r',
                         .check_ref = 'e',
                         .max_n = 20,
                         .regions_overlap = -1,
                         .targets_overlap = -1,
                         .level = -1,
                         .threads = 1,
                         .tool = "tfbind"};
}

/* Places of the tags of the summary; those of a single TF begin two places later: its first one has both REF and ALT. */
enum { TOP, REF, ALT, DELTA, LOR, PCT, CALL, TAGS_OF_SUMMARY, TAGS_OF_TF = TAGS_OF_SUMMARY - 2 };
/* Which of them tag k is. */
static int place_of(const args_t *a, int k) { return a->o->tf ? k % TAGS_OF_TF + 2 : k; }

/* ---- set-up ---- */

static const char *in_name(const args_t *a) { return tfb_records_name(a->in); }

static int has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcasecmp(s + n - m, suffix) == 0;
}

/* As in bcftools: a recognised name decides, then -O, then plain VCF. */
static char out_type(const tfb_vcf_opt_t *o)
{
    if (has_suffix(o->out, ".bcf")) return o->out_type == 'u' ? 'u' : 'b';
    if (has_suffix(o->out, ".vcf.gz") || has_suffix(o->out, ".vcf.bgz")) return 'z';
    if (has_suffix(o->out, ".vcf")) return 'v';
    return o->out_type ? o->out_type : 'v';
}

/* Registers what htslib and bcftools open for us. A filter names files as @FILE. */
static void register_inputs(const tfb_vcf_opt_t *o)
{
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    if (o->regions_file) tfb_reads_indexed(o->regions, "the regions", ".csi .tbi");
    if (o->targets_file) tfb_reads_indexed(o->targets + (*o->targets == '^'), "the targets", ".csi .tbi");
    for (const char *s = o->filter; s && (s = strchr(s, '@')); s++) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(s + 1, " \t()&|,\"'"), s + 1);
        tfb_reads(name, "the input");
    }
}

static tfb_records_t *open_input(const tfb_vcf_opt_t *o)
{
    tfb_records_opt_t r = {.in = o->in, .regions = o->regions, .targets = o->targets, .regions_file = o->regions_file, .targets_file = o->targets_file};
    r.regions_overlap = o->regions_overlap;
    r.targets_overlap = o->targets_overlap;
    r.threads = tfb_io_threads(o->threads);
    r.genotypes = o->haplotypes;
    register_inputs(o);
    return tfb_records_open(&r);
}

static char *make_tag(const char *prefix, const char *tf, const char *suffix)
{
    size_t m = strlen(prefix) + strlen(tf) + strlen(suffix) + 3;
    char *t = malloc(m);
    if (!t) return NULL;
    snprintf(t, m, "%s%s%s%s%s", prefix, *tf ? "_" : "", tf, *suffix ? "_" : "", suffix);
    for (char *p = t; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.') *p = '_'; /* what the VCF specification allows in a key */
    return t;
}

/* ---- the header: everything is decided by the input's, and then changed at once. htslib's tables are not to be
 * read between a change and bcf_hdr_sync(), and one of those for each line would take a time quadratic in the
 * header's size ---- */

static int no_memory(const char *what)
{
    tfb_error("not enough memory for %s", what);
    return -1;
}

/* Whose tag has a name, and whether this run writes it. */
enum { OF_SUMMARY = 0, OF_TF = 1, WRITTEN = 2 };

/* Takes the name of a tag. 0, or -1 (logged): another one has it. */
static int take_name(args_t *a, const char *tag, int whose)
{
    int before;
    if (!tag) return no_memory("the names of the tags");
    if (khash_str2int_get(a->names, tag, &before) == 0) {
        if ((before & OF_TF) && whose == OF_TF)
            tfb_error("two TFs would have the same tag, %s: choose one of them by --tf", tag);
        else
            tfb_error("a TF's tag would be %s, which is a tag of the summary or of --csq: leave that TF out of --tf", tag);
        return -1;
    }
    return khash_str2int_set(a->names, tag, whose) < 0 ? no_memory("the names of the tags") : 0;
}

/* Warns of a tag that the input declares in another way. 0, or -1 (logged) if its values cannot stay. */
static int check_old_line(args_t *a, const bcf_hrec_t *old, const char *name, const char *number, const char *type)
{
    int i = bcf_hrec_find_key((bcf_hrec_t *)old, "Number"), k = bcf_hrec_find_key((bcf_hrec_t *)old, "Type"), id = bcf_hrec_find_key((bcf_hrec_t *)old, "ID");
    if (i < 0 || k < 0 || id < 0 || (strcmp(old->vals[i], number) == 0 && strcmp(old->vals[k], type) == 0)) return 0;
    if (a->o->keep_sites && strcmp(old->vals[k], type)) {
        tfb_error("%s: %s/%s is Type=%s, not %s, and -k would keep its values: choose other names by --prefix", in_name(a), name, old->vals[id], old->vals[k],
                  type);
        return -1;
    }
    tfb_warn("%s: %s/%s was Number=%s, Type=%s and is replaced", in_name(a), name, old->vals[id], old->vals[i], old->vals[k]);
    return 0;
}

/* Plans a header line, which will replace one of the same tag. field: BCF_HL_INFO or BCF_HL_FMT. tag: stays the
 * caller's. 0, or -1 (logged). */
static int add_line(args_t *a, int field, const char *tag, const char *number, const char *type, const char *what)
{
    kstring_t s = {0, 0, NULL};
    const char *name = field == BCF_HL_INFO ? "INFO" : "FORMAT";
    int whose = 0;
    bcf_hrec_t *old = bcf_hdr_get_hrec(a->hdr, field, "ID", tag, NULL);
    if (old && check_old_line(a, old, name, number, type) < 0) return -1;
    if (a->n_lines == a->m_lines) {
        int m = 2 * a->m_lines + 64;
        line_t *p = realloc(a->line, (size_t)m * sizeof *p);
        if (!p) return no_memory("the header");
        a->line = p;
        a->m_lines = m;
    }
    khash_str2int_get(a->names, tag, &whose);
    if (ks_resize(&s, strlen(tag) + strlen(number) + strlen(type) + strlen(what) + 64) < 0 || khash_str2int_set(a->names, tag, whose | WRITTEN) < 0) {
        free(s.s);
        return no_memory("the header");
    }
    ksprintf(&s, "##%s=<ID=%s,Number=%s,Type=%s,Description=\"", name, tag, number, type);
    for (; *what; what++) kputc(*what == '"' || *what == '\\' || iscntrl((unsigned char)*what) ? '_' : *what, &s); /* names are untrusted */
    kputs("\">", &s);
    a->line[a->n_lines++] = (line_t){s.s, tag, field, old != NULL};
    return 0;
}

/* `bcftools +split-vep` takes the names of the subfields from what follows Format:, and needs one that is called
 * Consequence. Its formats and filters would take subfields called REF and ALT for the columns. find_stale() knows
 * tags of earlier versions by how the text begins. */
static int plan_csq(args_t *a)
{
    char what[1024];
    snprintf(what, sizeof what, "Change of binding of the TF%s that changes most, model %.500s. Format: Allele|Consequence|TF|P_REF|P_ALT|DELTA|LOR|PCT|CALL",
             a->o->tf ? " of --tf" : "", tfb_panel_source(a->panel, -1));
    if (!(a->csq_tag = make_tag(a->o->prefix, "", "CSQ"))) return no_memory("the names of the tags");
    return add_line(a, BCF_HL_INFO, a->csq_tag, "A", "String", what);
}

/* Number=. in FORMAT: as many values as the genotype has alleles, for which older htslib has no letter. Splitting a record copies them whole,
 * which is right: they belong to the haplotype and not to an ALT. */
static int plan_haplotypes(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    int n = o->tf ? a->n_targets : 1;
    char what[1024];
    a->n_hap_tags = 2 * n + !o->tf;
    if (!(a->hap_tag = calloc((size_t)a->n_hap_tags + 1, sizeof *a->hap_tag))) return no_memory("the names of the tags");
    for (int t = 0; t < n; t++) {
        const char *tf = o->tf ? tfb_panel_target(a->panel, t) : "", *who = o->tf ? tf : "the TF in HAP_TF",
                   *source = tfb_panel_source(a->panel, o->tf ? t : -1);
        char **tag = &a->hap_tag[(ptrdiff_t)2 * t];
        int whose = o->tf ? OF_TF : OF_SUMMARY;
        if (take_name(a, tag[0] = make_tag(o->prefix, tf, "HAP"), whose) < 0 || take_name(a, tag[1] = make_tag(o->prefix, tf, "HAP_DIFF"), whose) < 0)
            return -1;
        snprintf(what, sizeof what, "Probability that %s binds the window of each haplotype, in the order of GT (%s)", who, source);
        if (add_line(a, BCF_HL_FMT, tag[0], ".", "Float", what) < 0) return -1;
        snprintf(what, sizeof what, "Largest departure, over the haplotypes with this ALT, of the probability that %s binds from that for ALT alone (%s)",
                 o->tf ? tf : "the TF in TOP", source);
        if (add_line(a, BCF_HL_INFO, tag[1], "A", "Float", what) < 0) return -1;
    }
    if (o->tf) return 0;
    if (take_name(a, a->hap_tag[2] = make_tag(o->prefix, "", "HAP_TF"), OF_SUMMARY) < 0) return -1;
    return add_line(a, BCF_HL_INFO, a->hap_tag[2], "1", "String", "TF of FORMAT/HAP: of those in TOP, that of the largest change");
}

/* Notes a tag that the input declares and this run does not write. 0, or -1 (logged). */
static int add_stale(args_t *a, int field, const char *tf, const char *suffix, int written)
{
    if (written) return 0;
    char *tag = make_tag(a->o->prefix, tf, suffix);
    int id = tag ? bcf_hdr_id2int(a->hdr, BCF_DT_ID, tag) : -1, whose = 0;
    if (!tag) return no_memory("the names of the tags");
    khash_str2int_get(a->names, tag, &whose);
    if (id < 0 || !bcf_hdr_idinfo_exists(a->hdr, field, id) || (whose & WRITTEN)) {
        free(tag);
        return 0;
    }
    a->stale[a->n_stale++] = (stale_t){tag, field, (int)bcf_hdr_id2type(a->hdr, field, (uint32_t)id)};
    return 0;
}

/* Did a run of the same kind write the input's CSQ? Both kinds call it the same. */
static int csq_is_ours(args_t *a)
{
    char *tag = make_tag(a->o->prefix, "", "CSQ");
    bcf_hrec_t *h = tag ? bcf_hdr_get_hrec(a->hdr, BCF_HL_INFO, "ID", tag, NULL) : NULL;
    int k = h ? bcf_hrec_find_key(h, "Description") : -1;
    free(tag);
    return k >= 0 && strstr(h->vals[k], "Change of binding of the TF") && !strstr(h->vals[k], " of --tf that") == !a->o->tf;
}

/* What a former run of the same kind (a summary, or these TFs) wrote by options that are not given now would be beside values that it does not
 * belong to. A run of the other kind keeps its tags, so that a file can have both. */
static int find_stale(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    int n_sets = o->tf ? a->n_targets : 1;
    if (!(a->stale = calloc((size_t)n_sets * 4 + 2, sizeof *a->stale))) return no_memory("the names of the tags");
    for (int t = 0; t < n_sets; t++) {
        const char *name = o->tf ? tfb_panel_target(a->panel, t) : "";
        if (add_stale(a, BCF_HL_INFO, name, "PCT", a->pct) < 0 || add_stale(a, BCF_HL_INFO, name, "CALL", a->call) < 0 ||
            add_stale(a, BCF_HL_FMT, name, "HAP", o->haplotypes) < 0 || add_stale(a, BCF_HL_INFO, name, "HAP_DIFF", o->haplotypes) < 0)
            return -1;
    }
    if (!o->tf && add_stale(a, BCF_HL_INFO, "", "HAP_TF", o->haplotypes) < 0) return -1;
    return add_stale(a, BCF_HL_INFO, "", "CSQ", o->csq || !csq_is_ours(a));
}

/* The model of target t (-1: all), and the options without which values of other files are not comparable: what genome/origin.h reads. */
static void describe_model(const args_t *a, int t, char *by, size_t m)
{
    static const char *const strand[3] = {"", "; --strand fwd", "; --strand rev"};
    char least[40] = "";
    if (a->o->effect.min_percentile > 0) snprintf(least, sizeof least, "; --min-percentile %g", a->o->effect.min_percentile);
    snprintf(by, m, "model %.500s%s%s", tfb_panel_source(a->panel, t), strand[a->o->strand], least);
}

/* What the header says of tag k, which is of the TF or of the summary. m: room in what. */
static void describe(const args_t *a, int k, const char *tf, const char *by, char *what, size_t m)
{
    static const char *const rank[3] = {"binding probability changes most", "change is most unusual (its percentile the highest)", "log odds change most"};
    const tfb_effect_opt_t *e = &a->o->effect;
    int place = place_of(a, k);
    if (a->o->tf && place == REF)
        snprintf(what, m, "Probability that %s binds the window around each allele (%s)", tf, by);
    else if (place == TOP)
        snprintf(what, m, "TF whose %s between REF and ALT (%s)", rank[e->rank], by);
    else if (place == REF || place == ALT)
        snprintf(what, m, "Probability that %s binds the %s allele (%s)", tf, place == REF ? "REF" : "ALT", by);
    else if (place == DELTA)
        snprintf(what, m, "Change of the probability that %s binds, ALT - REF (%s)", tf, by);
    else if (place == LOR)
        snprintf(what, m, "Change of the log odds (natural) that %s binds, ALT - REF (%s)", tf, by);
    else if (place == PCT)
        snprintf(what, m, "Percentile of the change of %s of %s among random SNVs (%s)", e->scale == TFB_CALIB_LOR ? "log odds" : "probability", tf, by);
    else
        snprintf(what, m, "gain, loss or change of a site of %s: which alleles reach its threshold, by a change at percentile %g or above (%s)", tf,
                 e->call_percentile, by);
}

/* The tags of set t: of a TF, or of the summary. */
static int plan_tags(args_t *a, int t)
{
    static const char *const suffix[2][7] = {{"TOP", "REF", "ALT", "DELTA", "LOR", "PCT", "CALL"}, {"", "DELTA", "LOR", "PCT", "CALL", NULL, NULL}};
    const tfb_vcf_opt_t *o = a->o;
    const char *tf = o->tf ? tfb_panel_target(a->panel, t) : "the TF in TOP";
    int n = o->tf ? TAGS_OF_TF : TAGS_OF_SUMMARY;
    char what[1024], by[600];
    describe_model(a, o->tf ? t : -1, by, sizeof by);
    for (int k = 0; k < n; k++) {
        char **tag = &a->tag[n * t + k];
        int place = place_of(a, k), text = place == TOP || place == CALL;
        *tag = make_tag(o->prefix, o->tf ? tf : "", suffix[o->tf != NULL][k]);
        if (take_name(a, *tag, o->tf ? OF_TF : OF_SUMMARY) < 0) return -1;
        if ((place == PCT && !a->pct) || (place == CALL && !a->call)) continue;
        describe(a, k, tf, by, what, sizeof what);
        if (add_line(a, BCF_HL_INFO, *tag, o->tf && k == 0 ? "R" : "A", text ? "String" : "Float", what) < 0) return -1;
    }
    return 0;
}

/* With --tf: no TF may have a tag of the summary or of --csq, which are in the file already or may come into it. */
static int take_summary_names(args_t *a)
{
    static const char *const name[] = {"TOP", "REF", "ALT", "DELTA", "LOR", "PCT", "CALL", "CSQ", "HAP", "HAP_DIFF", "HAP_TF"};
    if (!(a->summary_tag = calloc(sizeof name / sizeof *name + 1, sizeof *a->summary_tag))) return no_memory("the names of the tags");
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (take_name(a, a->summary_tag[i] = make_tag(a->o->prefix, "", name[i]), OF_SUMMARY) < 0) return -1;
    return 0;
}

/* Changes the header as planned, and only then reads its tables. */
static int change_header(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    for (int i = 0; i < a->n_lines; i++)
        if (a->line[i].old) bcf_hdr_remove(a->hdr, a->line[i].field, a->line[i].tag);
    for (int i = 0; i < a->n_lines; i++)
        if (bcf_hdr_append(a->hdr, a->line[i].text) < 0) return no_memory("the header");
    if (!o->no_version) {
        struct tm tm;
        time_t now = time(NULL);
        char date[64];
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &tm));
        if (bcf_hdr_printf(a->hdr, "##%sVersion=%s+htslib-%s", o->tool, PACKAGE_VERSION, hts_version()) < 0 ||
            bcf_hdr_printf(a->hdr, "##%sCommand=%s; Date=%s", o->tool, o->command ? o->command : "", date) < 0)
            return no_memory("the header");
    }
    return bcf_hdr_sync(a->hdr) < 0 ? no_memory("the header") : 0;
}

static int make_header(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    a->hdr = tfb_records_header(a->in);
    a->pct = tfb_panel_n_calibrated(a->panel) > 0;
    a->call = a->pct && tfb_panel_n_thresholds(a->panel) > 0;
    int n_sets = o->tf ? a->n_targets : 1;
    a->n_tags = (o->tf ? TAGS_OF_TF : TAGS_OF_SUMMARY) * n_sets;
    if (!(a->tag = calloc((size_t)a->n_tags + 1, sizeof *a->tag)) || !(a->tag_id = malloc((size_t)a->n_tags * sizeof *a->tag_id)) ||
        !(a->names = khash_str2int_init()))
        return no_memory("the names of the tags");
    if (o->tf && take_summary_names(a) < 0) return -1;
    for (int t = 0; t < n_sets; t++)
        if (plan_tags(a, t) < 0) return -1;
    if ((o->haplotypes && plan_haplotypes(a) < 0) || (o->csq && plan_csq(a) < 0) || find_stale(a) < 0 || change_header(a) < 0) return -1;
    for (int k = 0; k < a->n_tags; k++) {
        int id = bcf_hdr_id2int(a->hdr, BCF_DT_ID, a->tag[k]);
        a->tag_id[k] = id >= 0 && bcf_hdr_idinfo_exists(a->hdr, BCF_HL_INFO, id) ? id : -1;
    }
    return 0;
}

static int open_output(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    char t = out_type(o), mode[8] = "w";
    int n = 1;
    if (t == 'b' || t == 'u') mode[n++] = 'b';
    if (t == 'u') mode[n++] = 'u';
    if (t == 'z') mode[n++] = 'z';
    if (o->level >= 0 && (t == 'b' || t == 'z')) mode[n++] = (char)('0' + o->level);
    mode[n] = 0;
    if (!(a->whole = tfb_out_begin(o->out))) return -1;
    if (o->write_index && (t == 'u' || t == 'v' || !tfb_out_name(a->whole))) {
        tfb_error("--write-index needs an output file in .vcf.gz or .bcf");
        return -1;
    }
    if (o->write_index && !(a->index = tfb_out_index(a->whole, t == 'b' || o->write_index == 1 ? ".csi" : ".tbi"))) return -1;
    if (!(a->out = tfb_out_hts(a->whole, o->out, mode))) return -1;
    htsThreadPool *pool = tfb_records_pool(a->in);
    if (pool) hts_set_opt(a->out, HTS_OPT_THREAD_POOL, pool);
    bcf_hdr_t *h = a->hdr;
    if (a->n_stale && !o->keep_sites) { /* records that -k leaves alone keep theirs. a->hdr goes on declaring them: it reads records, too */
        if (!(h = bcf_hdr_dup(a->hdr))) {
            tfb_error("not enough memory for the header of %s", o->out);
            return -1;
        }
        for (int k = 0; k < a->n_stale; k++) bcf_hdr_remove(h, a->stale[k].field, a->stale[k].tag);
    }
    errno = 0;
    int r = (h != a->hdr && bcf_hdr_sync(h) < 0) || bcf_hdr_write(a->out, h) < 0 ? tfb_file_write_error(o->out) : 0;
    if (h != a->hdr) bcf_hdr_destroy(h);
    return r;
}

/* ---- alleles to windows ---- */

/* Makes the window of REF (which 0) or ALT (which 1); *w gets its index, or -1 and a reason is returned. -1 on a read error or lack of memory. */
static int add_window(args_t *a, const char *contig, const tfb_change_t *c, int which, int base, int *w)
{
    uint8_t *code = tfb_windows_next(&a->b->win);
    *w = -1;
    if (!code) return -1;
    int r = tfb_allele_window(a->fasta, contig, c, which, a->W, a->o->max_n, code);
    if (r == TFB_ALLELE_OK) *w = tfb_windows_keep(&a->b->win, base);
    return r;
}

/* REF against the FASTA. Returns a reason, or -1. */
static int check_ref(args_t *a, const char *contig, const bcf1_t *rec)
{
    int at = 0;
    char base = 'N', place[300];
    int r = tfb_allele_check_ref(a->fasta, contig, rec->pos, rec->d.allele[0], &at, &base);
    if (r != TFB_ALLELE_MISMATCH) return r;
    snprintf(place, sizeof place, "%.200s:%" PRId64, contig, (int64_t)rec->pos + 1 + at);
    if (a->o->check_ref == 'e') {
        tfb_error("%s: REF is %c but %s has %c (%s); -c w leaves such records unannotated, -c x drops them", place, rec->d.allele[0][at],
                  tfb_fasta_path(a->fasta), base, in_name(a));
        return -1;
    }
    if (a->o->check_ref == 'w' && a->n_warned++ < 10)
        tfb_warn("%s: REF is %c but %s has %c (%s)%s", place, rec->d.allele[0][at], tfb_fasta_path(a->fasta), base, in_name(a),
                 a->n_warned == 10 ? "; further ones are only counted" : "");
    return r;
}

/* Looks at a record that has been read. 1 keep, 0 drop it, -1 failure. */
static int examine(args_t *a, item_t *it)
{
    bcf1_t *rec = it->rec;
    if (bcf_unpack(rec, BCF_UN_STR) < 0) return no_memory("a record");
    it->why = TFB_ALLELE_OK;
    if (!it->keep || rec->n_allele < 2) return 1;
    it->why = tfb_allele_kind(rec->d.allele[0]) == TFB_ALLELE_OK ? check_ref(a, bcf_seqname(a->hdr, rec), rec) : TFB_ALLELE_NOT_ACGT;
    if (it->why < 0) return -1;
    if (it->why != TFB_ALLELE_MISMATCH || a->o->check_ref != 'x') return 1;
    a->n_dropped++;
    return 0;
}

/* Room for the ALTs of a record, none of them scored. 0, or -1 on lack of memory (logged). */
static int add_alts(batch_t *b, item_t *it, int n_alt)
{
    it->first = b->n_alts;
    if (b->n_alts + n_alt > b->m_alts) {
        int m = 2 * (b->n_alts + n_alt) + 64;
        tfb_alt_t *p = realloc(b->alt, (size_t)m * sizeof *p);
        if (!p) {
            tfb_error("not enough memory for %d alleles", m);
            return -1;
        }
        b->alt = p;
        b->m_alts = m;
    }
    b->n_alts += n_alt;
    for (int i = 0; i < n_alt; i++) b->alt[it->first + i] = (tfb_alt_t){.ref = -1, .alt = -1};
    return 0;
}

/* The window of the same REF in this record, as far as its ALTs have been looked at, or in the one before: split multi-allelic sites and dense VCFs
 * repeat a REF. -1: there is none. */
static int find_ref(const args_t *a, const item_t *it, int i, const tfb_change_t *c)
{
    enum { BACK = 64 }; /* of a record with thousands of ALTs not all are searched */
    const batch_t *b = a->b;
    const item_t *before = it > b->item ? it - 1 : NULL;
    int first = it->first;
    if (before && before->rec->rid == it->rec->rid && before->rec->pos == it->rec->pos) first = before->first;
    for (int k = it->first + i - 1; k >= first && k >= it->first + i - BACK; k--)
        if (b->alt[k].ref >= 0 && tfb_change_same_ref(&b->alt[k].change, c)) return b->alt[k].ref;
    return -1;
}

/* Windows of ALT i, and of REF as it is trimmed with it. A reason, or -1 on failure (logged). */
static int add_windows(args_t *a, const item_t *it, const char *contig, int i)
{
    tfb_change_t c;
    int w, r = (int)tfb_allele_trim(it->rec->pos, it->rec->d.allele[0], it->rec->d.allele[i + 1], &c);
    if ((r == TFB_ALLELE_OK || r == TFB_ALLELE_SAME) && it->why != TFB_ALLELE_OK) r = it->why;
    if (r != TFB_ALLELE_OK) return r;
    if ((w = find_ref(a, it, i, &c)) < 0 && (r = add_window(a, contig, &c, 0, -1, &w)) != TFB_ALLELE_OK) return r;
    tfb_alt_t *alt = &a->b->alt[it->first + i];
    alt->change = c;
    alt->ref = w;
    return add_window(a, contig, &c, 1, w, &alt->alt); /* differs from the REF window in the allele, and after an indel in one half */
}

/* Windows of one record. 0, or -1 on failure (logged). */
static int make_windows(args_t *a, item_t *it)
{
    const char *contig = bcf_seqname(a->hdr, it->rec);
    int n_alt = it->rec->n_allele - 1, scored = 0;
    if (add_alts(a->b, it, n_alt) < 0) return -1;
    a->n_no_alt += n_alt == 0;
    if (!it->keep) return 0;
    for (int i = 0; i < n_alt; i++) {
        int r = add_windows(a, it, contig, i);
        if (r < 0) return -1;
        if (r == TFB_ALLELE_NO_CONTIG && !a->no_contig.l) kputs(contig, &a->no_contig);
        a->n_reason[r]++;
        scored += r == TFB_ALLELE_OK;
    }
    a->n_scored += scored > 0;
    return a->phased && scored ? tfb_phased_windows(a->phased, a->fasta, contig, &it->hap, a->b->alt + it->first, n_alt, &a->b->win) : 0;
}

/* ---- scores to tags ---- */

/* A value of a tag: never inf or nan, which weights of absurd size could make. (The missing value is a NaN with a meaning, so it
 * is not passed around: some processors would change it.) */
static void set_value(float *to, float v)
{
    if (isfinite(v))
        *to = v;
    else
        bcf_float_set_missing(*to);
}

static int tag_error(args_t *a, const bcf1_t *rec, const char *tag)
{
    tfb_error("%s:%" PRId64 ": cannot add INFO/%s", bcf_seqname_safe(a->hdr, rec), (int64_t)rec->pos + 1, tag);
    return -1;
}

static int too_many(args_t *a, const bcf1_t *rec, const char *field, int most)
{
    tfb_error("%s:%" PRId64 ": a record can have %d %s tags and would have more (%s): choose fewer TFs by --tf", bcf_seqname_safe(a->hdr, rec),
              (int64_t)rec->pos + 1, most, field, in_name(a));
    return -1;
}

/* Tags are packed as BCF has them and appended to the record together: bcf_update_info() looks through all of a record's tags for each that it adds, and
 * --tf all adds some hundreds. A record that htslib will pack anew, as tags were removed, has none appended. */
static int update(args_t *a, bcf1_t *rec, int tag, const float *v, int n)
{
    if (rec->n_info + (unsigned)a->n_info >= MOST_INFO) return too_many(a, rec, "INFO", MOST_INFO);
    if (rec->d.shared_dirty) return bcf_update_info_float(a->hdr, rec, a->tag[tag], v, n) == 0 ? 0 : tag_error(a, rec, a->tag[tag]);
    a->n_info++;
    if (bcf_enc_int1(&a->info, a->tag_id[tag]) < 0 || bcf_enc_vfloat(&a->info, n, (float *)v) < 0) return tag_error(a, rec, a->tag[tag]);
    return 0;
}

static int append_tags(args_t *a, bcf1_t *rec)
{
    if (!a->n_info) return 0;
    if (kputsn(a->info.s, a->info.l, &rec->shared) < 0) return tag_error(a, rec, a->tag[0]);
    rec->n_info += (unsigned)a->n_info;
    rec->unpacked &= ~BCF_UN_INFO; /* not known to whoever looked before */
    a->n_info = 0;
    a->info.l = 0;
    return 0;
}

/* A name as a value: a separator inside it would break the list, or the string of --csq. */
static void put_name(kstring_t *s, const char *name)
{
    for (const char *c = name; *c; c++) kputc(strchr(",;=|&", *c) || isspace((unsigned char)*c) ? '_' : *c, s);
}

static int update_text(args_t *a, bcf1_t *rec, int tag)
{
    if (rec->n_info + (unsigned)a->n_info >= MOST_INFO) return too_many(a, rec, "INFO", MOST_INFO);
    if (rec->d.shared_dirty) return bcf_update_info_string(a->hdr, rec, a->tag[tag], a->text.s) == 0 ? 0 : tag_error(a, rec, a->tag[tag]);
    a->n_info++;
    if (bcf_enc_int1(&a->info, a->tag_id[tag]) < 0 || bcf_enc_vchar(&a->info, (int)a->text.l, a->text.s) < 0) return tag_error(a, rec, a->tag[tag]);
    return 0;
}

/* Logits of ALT i of a record, or NULL: it is not scored. */
static const float *alt_logits(const args_t *a, const item_t *it, int i)
{
    int w = a->b->alt[it->first + i].alt;
    return w < 0 ? NULL : tfb_windows_z(&a->b->win, w);
}

/* Logits of REF as ALT i, which is scored, is trimmed. */
static const float *ref_logits(const args_t *a, const item_t *it, int i) { return tfb_windows_z(&a->b->win, a->b->alt[it->first + i].ref); }

/* Percentile and call of target t (-1: none) of an ALT; the call is added to the list in a->text. Returns whether there is one. */
static int add_call(args_t *a, int t, const float *zr, const float *za, float *pct, int i)
{
    const char *call = a->call && t >= 0 ? tfb_effect_call(&a->o->effect, a->panel, t, zr[t], za[t]) : NULL;
    if (i) kputc(',', &a->text);
    kputs(call ? call : ".", &a->text);
    if (a->pct && t >= 0) set_value(pct, (float)tfb_effect_percentile(&a->o->effect, a->panel, t, zr[t], za[t]));
    return call != NULL;
}

/* 1 written, 0 no ALT reaches --min-percentile, -1 failure. */
static int write_summary(args_t *a, const item_t *it, int n_alt)
{
    int any = 0, called = 0;
    float *v = a->value, *ref = v, *alt = ref + n_alt, *delta = alt + n_alt, *lor = delta + n_alt, *pct = lor + n_alt;
    int *top = a->top;
    a->text.l = 0;
    for (int i = 0; i < n_alt; i++) {
        const float *za = alt_logits(a, it, i), *zr = za ? ref_logits(a, it, i) : NULL;
        if (i) kputc(',', &a->text);
        if ((top[i] = za ? tfb_effect_top(&a->o->effect, a->panel, zr, za) : -1) < 0) {
            kputc('.', &a->text);
            for (int k = 0; k < 5; k++) bcf_float_set_missing(v[k * n_alt + i]);
            continue;
        }
        put_name(&a->text, tfb_panel_target(a->panel, top[i]));
        ref[i] = tfb_sigmoid(zr[top[i]]);
        alt[i] = tfb_sigmoid(za[top[i]]);
        delta[i] = alt[i] - ref[i];
        set_value(&lor[i], za[top[i]] - zr[top[i]]);
        bcf_float_set_missing(pct[i]);
        any = 1;
    }
    if (!any) return 0;
    if (update_text(a, it->rec, TOP) < 0) return -1;
    a->text.l = 0;
    for (int i = 0; i < n_alt; i++) {
        const float *za = alt_logits(a, it, i);
        called |= add_call(a, top[i], za ? ref_logits(a, it, i) : NULL, za, &pct[i], i);
    }
    for (int k = REF; k <= (a->pct ? PCT : LOR); k++)
        if (update(a, it->rec, k, v + (k - REF) * n_alt, n_alt) < 0) return -1;
    return called && update_text(a, it->rec, CALL) < 0 ? -1 : 1;
}

/* Likewise; a TF that no ALT changes enough is left out. */
static int write_per_tf(args_t *a, const item_t *it, int n_alt)
{
    int T = a->n_targets, written = 0;
    const double least = a->o->effect.min_percentile;
    float *score = a->value, *delta = score + n_alt + 1, *lor = delta + n_alt, *pct = lor + n_alt;
    int main_alt = 0; /* the value of REF is that beside the first ALT with a score */
    while (!alt_logits(a, it, main_alt)) main_alt++;
    for (int t = 0; t < T; t++) {
        int any = 0, called = 0;
        score[0] = tfb_sigmoid(ref_logits(a, it, main_alt)[t]);
        a->text.l = 0;
        for (int i = 0; i < n_alt; i++) {
            const float *za = alt_logits(a, it, i), *zr = za ? ref_logits(a, it, i) : NULL;
            bcf_float_set_missing(pct[i]);
            if (za && least > 0 && !(tfb_effect_percentile(&a->o->effect, a->panel, t, zr[t], za[t]) >= least)) za = NULL;
            called |= add_call(a, za ? t : -1, zr, za, &pct[i], i);
            if (!za) {
                bcf_float_set_missing(score[i + 1]);
                bcf_float_set_missing(delta[i]);
                bcf_float_set_missing(lor[i]);
                continue;
            }
            score[i + 1] = tfb_sigmoid(za[t]);
            delta[i] = score[i + 1] - tfb_sigmoid(zr[t]);
            set_value(&lor[i], za[t] - zr[t]);
            any = 1;
        }
        if (!any) continue;
        int tag = TAGS_OF_TF * t;
        if (update(a, it->rec, tag, score, n_alt + 1) || update(a, it->rec, tag + 1, delta, n_alt) || update(a, it->rec, tag + 2, lor, n_alt) ||
            (a->pct && update(a, it->rec, tag + 3, pct, n_alt)) || (called && update_text(a, it->rec, tag + 4) < 0))
            return -1;
        written = 1;
    }
    return written;
}

/* Everything about an ALT in one string, for the summary's TF or the one of --tf that would be. The consequence is
 * the call: a direction without a call would claim a gain or loss that TFB_CALL denies, so the term is then the
 * neutral one. An ALT without a score has as many subfields, all but its name empty. */
static int write_csq(args_t *a, const item_t *it, int n_alt)
{
    kstring_t *s = &a->text;
    s->l = 0;
    for (int i = 0; i < n_alt; i++) {
        const float *za = alt_logits(a, it, i), *zr = za ? ref_logits(a, it, i) : NULL;
        int t = za ? tfb_effect_top(&a->o->effect, a->panel, zr, za) : -1;
        if (i) kputc(',', s);
        put_name(s, it->rec->d.allele[i + 1]); /* a breakend's contig may have any letters */
        if (t < 0) {
            kputs("||||||||", s);
            continue;
        }
        float ref = tfb_sigmoid(zr[t]), alt = tfb_sigmoid(za[t]);
        const char *call = a->call ? tfb_effect_call(&a->o->effect, a->panel, t, zr[t], za[t]) : NULL;
        ksprintf(s, "|TF_binding_site_%s|", call ? call : "variant");
        put_name(s, tfb_panel_target(a->panel, t));
        ksprintf(s, "|%.6g|%.6g|%.6g|", (double)ref, (double)alt, (double)(alt - ref));
        if (isfinite(za[t] - zr[t])) ksprintf(s, "%.6g", (double)(za[t] - zr[t]));
        kputc('|', s);
        double pct = a->pct ? tfb_effect_percentile(&a->o->effect, a->panel, t, zr[t], za[t]) : NAN;
        if (isfinite(pct)) ksprintf(s, "%.6g", pct);
        ksprintf(s, "|%s", call ? call : "");
    }
    if (it->rec->n_info >= MOST_INFO) return too_many(a, it->rec, "INFO", MOST_INFO);
    return bcf_update_info_string(a->hdr, it->rec, a->csq_tag, s->s) == 0 ? 0 : tag_error(a, it->rec, a->csq_tag);
}

/* The departures of all ALTs: for target t, or t -1: each for its own TOP. */
static int write_departure(args_t *a, const item_t *it, int n_alt, int t, const char *tag)
{
    for (int i = 0; i < n_alt; i++) {
        int k = t >= 0 ? t : a->top[i];
        tfb_phased_departure(&it->hap, &a->b->win, i, k >= 0 ? a->b->alt[it->first + i].alt : -1, k, &a->value[i]);
    }
    return bcf_update_info_float(a->hdr, it->rec, tag, a->value, n_alt) == 0 ? 0 : tag_error(a, it->rec, tag);
}

/* After the other tags: of --tf, TFs that have none have none here; the summary has set a->top. */
static int write_haplotypes(args_t *a, const item_t *it, int n_alt)
{
    char **tag = a->hap_tag;
    if (it->hap.number < 0) return 0;
    for (int t = 0; a->o->tf && t < a->n_targets; t++, tag += 2) {
        const bcf_info_t *own = bcf_get_info_id(it->rec, a->tag_id[(ptrdiff_t)TAGS_OF_TF * t]);
        if (!own || !own->vptr) continue; /* one that was removed is still there, without a value */
        if (it->rec->n_fmt >= MOST_FORMAT && !bcf_get_fmt(a->hdr, it->rec, tag[0])) return too_many(a, it->rec, "FORMAT", MOST_FORMAT);
        if (it->rec->n_info >= MOST_INFO) return too_many(a, it->rec, "INFO", MOST_INFO);
        if ((tfb_phased_format(a->phased, a->hdr, it->rec, &it->hap, &a->b->win, t, tag[0]) < 0 || write_departure(a, it, n_alt, t, tag[1]) < 0)) return -1;
    }
    if (a->o->tf) return 0;
    float best = -1; /* one TF for all haplotypes, so that their values compare */
    int top = 0;
    for (int i = 0; i < n_alt; i++) {
        int t = a->top[i];
        float d = t >= 0 ? fabsf(tfb_sigmoid(alt_logits(a, it, i)[t]) - tfb_sigmoid(ref_logits(a, it, i)[t])) : -1;
        if (d > best) best = d, top = t;
    }
    a->text.l = 0;
    put_name(&a->text, tfb_panel_target(a->panel, top));
    if (it->rec->n_fmt >= MOST_FORMAT && !bcf_get_fmt(a->hdr, it->rec, tag[0])) return too_many(a, it->rec, "FORMAT", MOST_FORMAT);
    if (it->rec->n_info + 2 > MOST_INFO) return too_many(a, it->rec, "INFO", MOST_INFO);
    if (tfb_phased_format(a->phased, a->hdr, it->rec, &it->hap, &a->b->win, top, tag[0]) < 0 || write_departure(a, it, n_alt, -1, tag[1]) < 0) return -1;
    return bcf_update_info_string(a->hdr, it->rec, tag[2], a->text.s) < 0 ? tag_error(a, it->rec, tag[2]) : 0;
}

/* What an earlier run wrote is replaced, also where there is nothing to put in its place. */
static int remove_tags(args_t *a, bcf1_t *rec)
{
    for (int k = 0; k < a->n_tags; k++)
        if (a->tag_id[k] >= 0 && bcf_get_info_id(rec, a->tag_id[k]) &&
            bcf_update_info(a->hdr, rec, a->tag[k], NULL, 0, place_of(a, k) == TOP || place_of(a, k) == CALL ? BCF_HT_STR : BCF_HT_REAL) < 0)
            return -1;
    for (int k = 0; k < a->n_hap_tags; k++) {
        int format = k % 2 == 0 && k < a->n_hap_tags - !a->o->tf; /* the summary's last one is text */
        if (format && bcf_get_fmt(a->hdr, rec, a->hap_tag[k]) && bcf_update_format_float(a->hdr, rec, a->hap_tag[k], NULL, 0) < 0) return -1;
        if (!format && bcf_get_info(a->hdr, rec, a->hap_tag[k]) && bcf_update_info(a->hdr, rec, a->hap_tag[k], NULL, 0, k % 2 ? BCF_HT_REAL : BCF_HT_STR) < 0)
            return -1;
    }
    for (int k = 0; k < a->n_stale; k++) {
        const stale_t *s = &a->stale[k];
        if (s->field == BCF_HL_INFO ? bcf_get_info(a->hdr, rec, s->tag) && bcf_update_info(a->hdr, rec, s->tag, NULL, 0, s->type) < 0
                                    : bcf_get_fmt(a->hdr, rec, s->tag) && bcf_update_format(a->hdr, rec, s->tag, NULL, 0, s->type) < 0)
            return -1;
    }
    return a->csq_tag && bcf_get_info(a->hdr, rec, a->csq_tag) ? bcf_update_info(a->hdr, rec, a->csq_tag, NULL, 0, BCF_HT_STR) : 0;
}

/* Writes a record as it is now. 0, or -1 (logged). */
static int put_record(args_t *a, bcf1_t *rec)
{
    int as_bcf = a->out->format.format == bcf;
    errno = 0;
    if (as_bcf && rec->errcode)
        tfb_error("%s:%" PRId64
                  ": contig or tags are not declared in the header of %s, which BCF needs; write VCF, or mend the header with `bcftools reheader`",
                  bcf_seqname_safe(a->hdr, rec), (int64_t)rec->pos + 1, in_name(a));
    else if (as_bcf && rec->pos >= INT32_MAX)
        tfb_error("%s:%" PRId64 ": BCF has no room for this POS (%s); write VCF", bcf_seqname_safe(a->hdr, rec), (int64_t)rec->pos + 1, in_name(a));
    else if (bcf_write(a->out, a->hdr, rec) == 0)
        return 0;
    else
        tfb_file_write_error(a->o->out);
    return -1;
}

static int write_record(args_t *a, item_t *it)
{
    bcf1_t *rec = it->rec;
    int n_alt = rec->n_allele - 1, any = 0;
    for (int i = 0; i < n_alt; i++) any |= a->b->alt[it->first + i].alt >= 0;
    if (it->keep && remove_tags(a, rec) < 0) {
        tfb_error("%s:%" PRId64 ": cannot remove the tags of an earlier run (%s)", bcf_seqname_safe(a->hdr, rec), (int64_t)rec->pos + 1, in_name(a));
        return -1;
    }
    if (any) {
        if (5 * n_alt + 1 > a->m_value) {
            int m = 10 * n_alt + 64, *top = realloc(a->top, (size_t)m * sizeof *top);
            if (top) a->top = top;
            float *v = realloc(a->value, (size_t)m * sizeof *v);
            if (v) a->value = v;
            if (!v || !top) {
                tfb_error("not enough memory for a record with %d ALTs", n_alt);
                return -1;
            }
            a->m_value = m;
        }
        if (ks_resize(&a->text, rec->shared.l + (size_t)n_alt * (a->longest_name + TEXT) + TEXT) < 0) { /* so that what appends to it cannot fail */
            tfb_error("not enough memory for the tags of a record");
            return -1;
        }
        int r = a->o->tf ? write_per_tf(a, it, n_alt) : write_summary(a, it, n_alt);
        if (r < 0 || append_tags(a, rec) < 0) return -1;
        a->n_below += r == 0;
        if (r > 0 && a->csq_tag && write_csq(a, it, n_alt) < 0) return -1;
        if (r > 0 && a->phased && write_haplotypes(a, it, n_alt) < 0) return -1;
    }
    return put_record(a, rec);
}

static int is_full(const args_t *a) { return a->b->n_ready >= a->batch || a->b->win.n >= WINDOWS || a->b->n_bytes >= BYTES; }

/* Makes windows of the records whose turn it is, until the batch is full. all: no more neighbours will come; beyond: nor can they wait for a next batch. */
static int make_ready(args_t *a, int all, int beyond)
{
    batch_t *b = a->b;
    while (b->n_ready < b->n_items && (beyond || !is_full(a))) {
        item_t *it = &b->item[b->n_ready];
        if (a->phased && !all && !tfb_phased_ready(a->phased, &it->hap)) break;
        if (make_windows(a, it) < 0) return -1;
        b->n_ready++;
        b->n_bytes += it->rec->shared.l + it->rec->indiv.l + (a->phased ? (size_t)it->hap.m_win * sizeof *it->hap.win : 0);
    }
    return 0;
}

/* The place behind the queue, with a record to read into. NULL on lack of memory (logged). */
static item_t *next_item(args_t *a)
{
    if (a->b->n_items == a->b->m_items) {
        int m = a->b->m_items ? 2 * a->b->m_items : RECORDS;
        item_t *p = realloc(a->b->item, (size_t)m * sizeof *p);
        if (p) {
            a->b->item = p;
            memset(p + a->b->m_items, 0, (size_t)(m - a->b->m_items) * sizeof *p);
            a->b->m_items = m;
        }
    }
    item_t *it = a->b->n_items < a->b->m_items ? &a->b->item[a->b->n_items] : NULL;
    if (it && (it->rec || (it->rec = bcf_init()))) return it;
    tfb_error("not enough memory for %d records", a->b->n_items + 1);
    return NULL;
}

/* Tells the haplotypes of a record that has been read; on a new contig those that wait have all their neighbours first. Its item, which
 * may move, or NULL (logged). */
static item_t *meet_neighbours(args_t *a, item_t *it)
{
    if (tfb_phased_new_contig(a->phased, it->rec)) {
        bcf1_t *rec = it->rec;
        item_t was = *it;
        it->rec = NULL;
        if (make_ready(a, 1, 1) < 0 || !(it = next_item(a))) {
            bcf_destroy(rec);
            return NULL;
        }
        bcf_destroy(it->rec);
        it->rec = rec;
        it->keep = was.keep;
        it->why = was.why;
    }
    return tfb_phased_read(a->phased, a->hdr, it->rec, it->keep && it->why == TFB_ALLELE_OK && it->rec->n_allele > 1, &it->hap) < 0 ? NULL : it;
}

/* Reads until the batch is full or the input ends. */
static int fill(args_t *a)
{
    if (make_ready(a, a->at_end, 0) < 0) return -1;
    if (a->at_end) return 0;
    while (!is_full(a)) {
        item_t *it = next_item(a);
        int got = it ? tfb_records_next(a->in, &it->rec) : -1;
        if (got < 0) return -1;
        if (got == 0) {
            a->at_end = 1;
            return make_ready(a, 1, 0);
        }
        bcf1_t *rec = it->rec;
        a->n_records++;
        it->keep = 1;
        if (a->filter && filter_test(a->filter, rec, NULL) == !!a->o->exclude) {
            if (!a->o->keep_sites) continue;
            it->keep = 0;
        }
        int r = examine(a, it);
        if (r < 0) return -1;
        if (r == 0) continue;
        if (a->phased && (it = meet_neighbours(a, it)) == NULL) return -1;
        a->b->n_items++;
        if (make_ready(a, 0, 0) < 0) return -1;
    }
    return 0;
}

/* Writes the ready records of a batch that has been scored, which leaves it empty. */
static int drain(args_t *a)
{
    batch_t *b = a->b;
    for (int i = 0; i < b->n_ready; i++)
        if (write_record(a, &b->item[i]) < 0) return -1;
    b->n_items = b->n_ready = b->win.n = b->n_alts = 0;
    b->n_bytes = 0;
    return 0;
}

/* What the calling thread does while the other batch is scored. */
static void beside(void *arg)
{
    args_t *a = arg;
    batch_t *other = &a->store[a->b == a->store];
    a->failed = 1;
    if (drain(a) < 0) return;
    for (int i = other->n_ready; i < other->n_items; i++) { /* those that still wait change places with empty ones */
        item_t *it = next_item(a), t;
        if (!it) return;
        t = *it;
        *it = other->item[i];
        other->item[i] = t;
        a->b->n_items++;
    }
    other->n_items = other->n_ready;
    a->failed = fill(a) < 0;
}

static int run(args_t *a)
{
    if (fill(a) < 0) return -1;
    while (a->b->n_ready > 0) {
        tfb_windows_t *w = &a->b->win;
        a->b = &a->store[a->b == a->store];
        tfb_pool_beside(a->pool, beside, a);
        int r = tfb_panel_windows(a->panel, w->code, w->base, w->n, a->o->strand, w->z);
        tfb_pool_end_beside(a->pool); /* where there was nothing to score */
        if (r < 0 || a->failed) return -1;
    }
    a->b = &a->store[a->b == a->store];
    return drain(a);
}

/* Do the FASTA and the input's header have a contig in common? */
static int knows_a_contig(const args_t *a)
{
    for (int i = 0; i < a->hdr->n[BCF_DT_CTG]; i++)
        if (a->hdr->id[BCF_DT_CTG][i].key && tfb_fasta_find(a->fasta, a->hdr->id[BCF_DT_CTG][i].key) >= 0) return 1;
    return 0;
}

/* Tells if every contig was unknown to the FASTA: then it is another genome, an error. Regions and targets may
 * well choose just the contigs that it does not have, as a workflow does that goes through all. 0, or -1 (logged). */
static int check_contigs(const args_t *a)
{
    const int64_t *n = a->n_reason;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->n_scored) return 0;
    int partly =
        n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[TFB_ALLELE_MISMATCH] || a->n_dropped || ((a->o->regions || a->o->targets) && knows_a_contig(a));
    (partly ? tfb_warn : tfb_error)("nothing was scored: %s has no contig %s, nor one that chr or M and MT would explain (is it another genome?)",
                                    tfb_fasta_path(a->fasta), a->no_contig.s);
    return partly ? 0 : -1;
}

static void summary(args_t *a)
{
    int64_t unscored = 0;
    kstring_t s = {0, 0, NULL};
    for (int r = 1; r < TFB_ALLELE_REASONS; r++) {
        if (!a->n_reason[r]) continue;
        ksprintf(&s, "%s%" PRId64 " %s", unscored ? ", " : "", a->n_reason[r], tfb_allele_reason((tfb_allele_t)r));
        if (r == TFB_ALLELE_NO_CONTIG) ksprintf(&s, " (such as %s)", a->no_contig.s);
        unscored += a->n_reason[r];
    }
    tfb_note("%" PRId64 " records, %" PRId64 " annotated, %" PRId64 " without ALT; %" PRId64 " ALT alleles scored, %" PRId64 " not%s%s", a->n_records,
             a->n_scored, a->n_no_alt, a->n_reason[TFB_ALLELE_OK], unscored, unscored ? ": " : "", unscored ? s.s : "");
    if (a->o->effect.min_percentile > 0)
        tfb_note("%" PRId64 " of the annotated records have no tags: their changes are below percentile %g", a->n_below, a->o->effect.min_percentile);
    if (a->phased) tfb_note("%s", tfb_phased_summary(a->phased));
    if (a->n_dropped) tfb_note("%" PRId64 " records dropped for a REF that the FASTA does not have", a->n_dropped);
    free(s.s);
}

/* After closing: with htslib 1.16 an index made while threads write is corrupt. */
static int build_index(const args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    const char *name = tfb_out_name(a->whole);
    int shift = o->write_index == 2 ? 0 : 14;
    int r = out_type(o) == 'b' ? bcf_index_build3(name, a->index, 14, o->threads) : tbx_index_build3(name, a->index, shift, o->threads, &tbx_conf_vcf);
    if (r == 0) return 0;
    tfb_error("cannot index %s%s", o->out, r == -2 ? ": cannot read it back" : r == -4 ? ": cannot write the index" : ": is it sorted?");
    return -1;
}

static void free_tags(args_t *a)
{
    if (a->names) khash_str2int_destroy(a->names); /* its keys are these */
    tfb_strv_free(a->tag);
    tfb_strv_free(a->hap_tag);
    tfb_strv_free(a->summary_tag);
    free(a->csq_tag);
    for (int k = 0; k < a->n_stale; k++) free(a->stale[k].tag);
    free(a->stale);
    for (int k = 0; k < a->n_lines; k++) free(a->line[k].text);
    free(a->line);
    free(a->tag_id);
}

int tfb_vcf_annotate(const tfb_vcf_opt_t *o)
{
    int ret = -1;
    args_t *a = calloc(1, sizeof *a);
    if (!a) return -1;
    const char *batch = getenv("TFBIND_BATCH"); /* for tests: where a batch ends must not show */
    a->o = o;
    a->batch = batch && atoi(batch) > 0 && atoi(batch) < RECORDS ? atoi(batch) : RECORDS;
    if (!isalpha((unsigned char)*o->prefix) && *o->prefix != '_') { /* what the VCF specification asks of a key */
        tfb_error("--prefix begins with a letter or _, not '%s'", o->prefix);
        goto done;
    }
    if (o->filter && !filter_init) {
        tfb_error("filtering expressions are bcftools' own: use `bcftools +tfbind -i ...`, or pipe through `bcftools view -i`");
        goto done;
    }
    a->panel = o->panel;
    a->fasta = o->reference;
    if (!(a->pool = tfb_pool_create(o->threads - tfb_io_threads(o->threads))) ||
        (!a->panel && !(a->panel = tfb_panel_open(o->model, o->tf ? o->tf : "all", a->pool))) || (!a->fasta && !(a->fasta = tfb_fasta_open(o->fasta))) ||
        !(a->in = open_input(o)))
        goto done;
    tfb_fasta_one_file(a->fasta);
    if (tfb_effect_check(&o->effect, a->panel) < 0) goto done;
    if (o->strand != TFB_STRAND_BOTH && tfb_panel_n_calibrated(a->panel) > 0)
        tfb_warn("percentiles and calls are those of scores from both strands; with --strand %s they are only a guide",
                 o->strand == TFB_STRAND_FWD ? "fwd" : "rev");
    a->W = tfb_panel_window(a->panel);
    a->n_targets = tfb_panel_n_targets(a->panel);
    for (int t = 0; t < a->n_targets; t++)
        if (strlen(tfb_panel_target(a->panel, t)) > a->longest_name) a->longest_name = strlen(tfb_panel_target(a->panel, t));
    a->b = a->store;
    for (int k = 0; k < 2; k++) a->store[k].win = (tfb_windows_t){.W = a->W, .T = a->n_targets};
    if (o->haplotypes && !(a->phased = tfb_phased_create(tfb_records_header(a->in), in_name(a), o->phase, a->W, o->max_n))) goto done;
    if (make_header(a) < 0) goto done;
    if (o->filter && !(a->filter = filter_init(a->hdr, o->filter))) goto done;
    if (open_output(a) < 0) goto done;
    ret = run(a);
done:
    if (ret == 0) errno = 0;
    if (a->out && hts_close(a->out) < 0 && ret == 0) ret = tfb_file_write_error(o->out);
    if (ret == 0 && a->index) ret = build_index(a);
    if (tfb_out_end(a->whole, ret == 0) < 0) ret = -1;
    if (ret == 0) {
        summary(a);
        ret = check_contigs(a); /* the output is whole all the same */
    }
    if (a->filter) filter_destroy(a->filter);
    tfb_records_close(a->in);
    for (int k = 0; k < 2; k++) {
        batch_t *b = &a->store[k];
        for (int i = 0; i < b->m_items; i++) {
            if (b->item[i].rec) bcf_destroy(b->item[i].rec);
            tfb_phased_rec_free(&b->item[i].hap);
        }
        free(b->item);
        free(b->alt);
        tfb_windows_free(&b->win);
    }
    tfb_phased_destroy(a->phased);
    free_tags(a);
    if (!o->panel) tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    if (!o->reference) tfb_fasta_close(a->fasta);
    free(a->value);
    free(a->top);
    free(a->text.s);
    free(a->info.s);
    free(a->no_contig.s);
    free(a);
    return ret;
}
