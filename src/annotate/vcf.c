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
#include "util/files.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/synced_bcf_reader.h>
#include <htslib/tbx.h>
#include <htslib/thread_pool.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORDS = 1024,   /* records of a batch, at most */
    WINDOWS = 2048,   /* windows after which a batch is closed: 1.3 MB of logits for 163 TFs */
    BYTES = 32 << 20, /* of records, likewise: with 100,000 samples one record has a megabyte */
    TEXT = 256,       /* what --csq writes for an ALT beside names and alleles, at most */
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
    int ref;   /* index of the REF window, -1 = none */
    int first; /* of this record's ALTs in alt[] */
    tfb_phased_rec_t hap;
} item_t;

typedef struct {
    item_t *item; /* the queue; [0, n_ready) have their windows. Those beyond n_items have a record to read into */
    int n_items, n_ready, m_items;
    size_t n_bytes; /* of the ready records */
    tfb_windows_t win;
    int *alt; /* window of each ALT of the ready records, -1 = not scored */
    int n_alts, m_alts;
} batch_t;

/* A tag that only goes. */
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
    bcf_srs_t *sr;
    bcf_hdr_t *hdr; /* the reader's own, with our lines added: what parsing adds to it (contigs or tags that the file does
                                  not declare) must be known when the record is written */
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

    batch_t store[2], *b; /* b: the one that is read into and written; the other is being scored */
    int batch;            /* records that fill one */
    int at_end;           /* all records have been read */
    int failed;           /* reading or writing beside the scoring */
    float *value;         /* tag values of a record */
    int *top;             /* TF of each of its ALTs */
    int m_value;
    kstring_t info; /* tags of a record, packed, that are yet to be added to it */
    int n_info;
    size_t longest_name;                    /* of a TF */
    kstring_t text, last_contig, no_contig; /* no_contig: the first one that the FASTA lacks */
    hts_pos_t last_pos;

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

static const char *in_name(const tfb_vcf_opt_t *o) { return strcmp(o->in, "-") == 0 ? "standard input" : o->in; }

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

static int open_input(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    if (!(a->sr = bcf_sr_init())) return -1;
    if (o->regions) {
        bcf_sr_set_opt(a->sr, BCF_SR_REQUIRE_IDX);
        if (o->regions_overlap >= 0) bcf_sr_set_opt(a->sr, BCF_SR_REGIONS_OVERLAP, o->regions_overlap);
        if (bcf_sr_set_regions(a->sr, o->regions, o->regions_file) < 0) {
            tfb_error("cannot read regions %s", o->regions);
            return -1;
        }
    }
    if (o->targets) {
        if (o->targets_overlap >= 0) bcf_sr_set_opt(a->sr, BCF_SR_TARGETS_OVERLAP, o->targets_overlap);
        if (bcf_sr_set_targets(a->sr, o->targets, o->targets_file, 0) < 0) {
            tfb_error("cannot read targets %s", o->targets);
            return -1;
        }
    }
    if (tfb_io_threads(o->threads) && bcf_sr_set_threads(a->sr, tfb_io_threads(o->threads)) < 0) { /* before the reader is added */
        tfb_error("cannot start %d threads", o->threads);
        return -1;
    }
    if (!bcf_sr_add_reader(a->sr, o->in)) {
        tfb_error("cannot read %s: %s", in_name(o), a->sr->errnum == open_failed && errno ? strerror(errno) : bcf_sr_strerror(a->sr->errnum));
        return -1;
    }
    return 0;
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

/* Adds a header line, replacing one of the same key. field: BCF_HL_INFO or BCF_HL_FMT. */
static int add_line(args_t *a, int field, const char *tag, const char *number, const char *type, const char *what)
{
    kstring_t s = {0, 0, NULL};
    const char *name = field == BCF_HL_INFO ? "INFO" : "FORMAT";
    if (ks_resize(&s, strlen(tag) + strlen(number) + strlen(type) + strlen(what) + 64) < 0) return -1;
    int ret = -1, id = bcf_hdr_id2int(a->hdr, BCF_DT_ID, tag);
    if (id >= 0 && bcf_hdr_idinfo_exists(a->hdr, field, id)) {
        bcf_hrec_t *old = bcf_hdr_get_hrec(a->hdr, field, "ID", tag, NULL);
        int i = old ? bcf_hrec_find_key(old, "Number") : -1, k = old ? bcf_hrec_find_key(old, "Type") : -1;
        if (i >= 0 && k >= 0 && (strcmp(old->vals[i], number) || strcmp(old->vals[k], type)))
            tfb_warn("%s: %s/%s was Number=%s, Type=%s and is replaced", in_name(a->o), name, tag, old->vals[i], old->vals[k]);
        bcf_hdr_remove(a->hdr, field, tag);
    }
    ksprintf(&s, "##%s=<ID=%s,Number=%s,Type=%s,Description=\"", name, tag, number, type);
    for (; *what; what++) kputc(*what == '"' || *what == '\\' || iscntrl((unsigned char)*what) ? '_' : *what, &s); /* names are strangers' */
    kputs("\">", &s);
    if (bcf_hdr_append(a->hdr, s.s) == 0) ret = 0;
    free(s.s);
    return ret;
}

/* `bcftools +split-vep` takes the names of the subfields from what follows Format:, and needs one that is called Consequence. Its
 * formats and filters would take subfields called REF and ALT for the columns. */
static int make_csq_header(args_t *a)
{
    char what[1024];
    snprintf(what, sizeof what, "Change of binding of the TF%s that changes most, model %.500s. Format: Allele|Consequence|TF|P_REF|P_ALT|DELTA|LOR|PCT",
             a->o->tf ? " of --tf" : "", tfb_panel_source(a->panel, -1));
    return (a->csq_tag = make_tag(a->o->prefix, "", "CSQ")) ? add_line(a, BCF_HL_INFO, a->csq_tag, "A", "String", what) : -1;
}

/* Number=. in FORMAT: as many values as the genotype has alleles, for which older htslib has no letter. Splitting a record copies them whole,
 * which is right: they belong to the haplotype and not to an ALT. */
static int make_hap_header(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    int n = o->tf ? a->n_targets : 1;
    char what[1024];
    a->n_hap_tags = 2 * n + !o->tf;
    if (!(a->hap_tag = calloc((size_t)a->n_hap_tags + 1, sizeof *a->hap_tag))) return -1;
    for (int t = 0; t < n; t++) {
        const char *tf = o->tf ? tfb_panel_target(a->panel, t) : "", *who = o->tf ? tf : "the TF in HAP_TF";
        char **tag = &a->hap_tag[(ptrdiff_t)2 * t];
        if (!(tag[0] = make_tag(o->prefix, tf, "HAP")) || !(tag[1] = make_tag(o->prefix, tf, "HAP_DIFF"))) return -1;
        for (int k = 0; k < a->n_tags; k++)
            if (strcmp(a->tag[k], tag[1]) == 0) {
                tfb_error("two TFs would have the same tag, %s", tag[1]);
                return -1;
            }
        snprintf(what, sizeof what, "Probability that %s binds the window of each haplotype, in the order of GT (%s)", who,
                 tfb_panel_source(a->panel, o->tf ? t : -1));
        if (add_line(a, BCF_HL_FMT, tag[0], ".", "Float", what) < 0) return -1;
        snprintf(what, sizeof what, "Largest departure, over the haplotypes with this ALT, of the probability that %s binds from that for ALT alone (%s)",
                 o->tf ? tf : "the TF in TOP", tfb_panel_source(a->panel, o->tf ? t : -1));
        if (add_line(a, BCF_HL_INFO, tag[1], "A", "Float", what) < 0) return -1;
    }
    if (o->tf) return 0;
    return !(a->hap_tag[2] = make_tag(o->prefix, "", "HAP_TF")) ||
                   add_line(a, BCF_HL_INFO, a->hap_tag[2], "1", "String", "TF of FORMAT/HAP: of those in TOP, that of the largest change") < 0
               ? -1
               : 0;
}

/* Notes a tag that the input declares and this run does not write. 0, or -1 on lack of memory. */
static int add_stale(args_t *a, int field, const char *tf, const char *suffix, int written)
{
    char *tag = written ? NULL : make_tag(a->o->prefix, tf, suffix);
    int id = tag ? bcf_hdr_id2int(a->hdr, BCF_DT_ID, tag) : -1;
    if (!written && !tag) return -1;
    if (id < 0 || !bcf_hdr_idinfo_exists(a->hdr, field, id)) {
        free(tag);
        return 0;
    }
    a->stale[a->n_stale++] = (stale_t){tag, field, (int)bcf_hdr_id2type(a->hdr, field, (uint32_t)id)};
    return 0;
}

/* What a former run of the same kind (a summary, or these TFs) wrote by options that are not given now would be beside values that it does not
 * belong to. A run of the other kind keeps its tags, so that a file can have both. */
static int find_stale(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    int n_sets = o->tf ? a->n_targets : 1, csq = o->csq;
    if (!(a->stale = calloc((size_t)n_sets * 4 + 2, sizeof *a->stale))) return -1;
    for (int t = 0; t < n_sets; t++) {
        const char *name = o->tf ? tfb_panel_target(a->panel, t) : "";
        if (add_stale(a, BCF_HL_INFO, name, "PCT", a->pct) < 0 || add_stale(a, BCF_HL_INFO, name, "CALL", a->call) < 0 ||
            add_stale(a, BCF_HL_FMT, name, "HAP", o->haplotypes) < 0 || add_stale(a, BCF_HL_INFO, name, "HAP_DIFF", o->haplotypes) < 0)
            return -1;
    }
    if (!o->tf && add_stale(a, BCF_HL_INFO, "", "HAP_TF", o->haplotypes) < 0) return -1;
    if (!csq) {
        char *tag = make_tag(o->prefix, "", "CSQ");
        bcf_hrec_t *h = tag ? bcf_hdr_get_hrec(a->hdr, BCF_HL_INFO, "ID", tag, NULL) : NULL;
        int k = h ? bcf_hrec_find_key(h, "Description") : -1;
        if (!tag) return -1;
        free(tag);
        csq = k < 0 || !strstr(h->vals[k], "Change of binding of the TF") || !strstr(h->vals[k], " of --tf that") != !o->tf;
    }
    return add_stale(a, BCF_HL_INFO, "", "CSQ", csq);
}

/* The model of target t (-1: all), and the options without which values of other files are not comparable: what genome/origin.h reads. */
static void describe_model(const args_t *a, int t, char *by, size_t m)
{
    static const char *const strand[3] = {"", "; --strand fwd", "; --strand rev"};
    char least[40] = "";
    if (a->o->effect.min_percentile > 0) snprintf(least, sizeof least, "; --min-percentile %g", a->o->effect.min_percentile);
    snprintf(by, m, "model %.500s%s%s", tfb_panel_source(a->panel, t), strand[a->o->strand], least);
}

static int make_header(args_t *a)
{
    const tfb_vcf_opt_t *o = a->o;
    char what[1024], by[600];
    a->hdr = bcf_sr_get_header(a->sr, 0);
    a->pct = tfb_panel_n_calibrated(a->panel) > 0;
    a->call = a->pct && tfb_panel_n_thresholds(a->panel) > 0;
    const char *scale = o->effect.scale == TFB_CALIB_LOR ? "log odds" : "probability";
    static const char *const suffix[2][7] = {{"TOP", "REF", "ALT", "DELTA", "LOR", "PCT", "CALL"}, {"", "DELTA", "LOR", "PCT", "CALL", NULL, NULL}};
    static const char *const rank[3] = {"binding probability changes most", "change is most unusual (its percentile the highest)", "log odds change most"};
    int n = o->tf ? TAGS_OF_TF : TAGS_OF_SUMMARY, n_sets = o->tf ? a->n_targets : 1;
    a->n_tags = n * n_sets;
    if (!(a->tag = calloc((size_t)a->n_tags + 1, sizeof *a->tag))) return -1;
    for (int t = 0; t < n_sets; t++) {
        const char *tf = o->tf ? tfb_panel_target(a->panel, t) : "the TF in TOP", *name = o->tf ? tf : "";
        describe_model(a, o->tf ? t : -1, by, sizeof by);
        for (int k = 0; k < n; k++) {
            char **tag = &a->tag[n * t + k];
            int what_is = place_of(a, k);
            if (!(*tag = make_tag(o->prefix, name, suffix[o->tf != NULL][k]))) return -1;
            for (int i = 0; i < n * t + k; i++)
                if (strcmp(a->tag[i], *tag) == 0) {
                    tfb_error("two TFs would have the same tag, %s", *tag);
                    return -1;
                }
            if ((what_is == PCT && !a->pct) || (what_is == CALL && !a->call)) continue;
            if (o->tf && k == 0)
                snprintf(what, sizeof what, "Probability that %s binds the window around each allele (%s)", tf, by);
            else if (what_is == TOP)
                snprintf(what, sizeof what, "TF whose %s between REF and ALT (%s)", rank[o->effect.rank], by);
            else if (what_is == REF || what_is == ALT)
                snprintf(what, sizeof what, "Probability that %s binds the %s allele (%s)", tf, what_is == REF ? "REF" : "ALT", by);
            else if (what_is == DELTA)
                snprintf(what, sizeof what, "Change of the probability that %s binds, ALT - REF (%s)", tf, by);
            else if (what_is == LOR)
                snprintf(what, sizeof what, "Change of the log odds (natural) that %s binds, ALT - REF (%s)", tf, by);
            else if (what_is == PCT)
                snprintf(what, sizeof what, "Percentile of the change of %s of %s among random SNVs (%s)", scale, tf, by);
            else
                snprintf(what, sizeof what,
                         "gain, loss or change of a site of %s: which alleles reach its threshold, by a change at percentile %g or above (%s)", tf,
                         o->effect.call_percentile, by);
            if (add_line(a, BCF_HL_INFO, *tag, o->tf && k == 0 ? "R" : "A", what_is == TOP || what_is == CALL ? "String" : "Float", what) < 0) return -1;
        }
    }
    if (o->haplotypes && make_hap_header(a) < 0) return -1;
    if (o->csq && make_csq_header(a) < 0) return -1;
    if (find_stale(a) < 0) return -1;
    if (!o->no_version) {
        struct tm tm;
        time_t now = time(NULL);
        char date[64];
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &tm));
        if (bcf_hdr_printf(a->hdr, "##%sVersion=%s+htslib-%s", o->tool, PACKAGE_VERSION, hts_version()) < 0 ||
            bcf_hdr_printf(a->hdr, "##%sCommand=%s; Date=%s", o->tool, o->command ? o->command : "", date) < 0)
            return -1;
    }
    if (bcf_hdr_sync(a->hdr) < 0 || !(a->tag_id = malloc((size_t)a->n_tags * sizeof *a->tag_id))) return -1;
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
    if (o->write_index && (t == 'u' || t == 'v' || strcmp(o->out, "-") == 0)) {
        tfb_error("--write-index needs an output file in .vcf.gz or .bcf");
        return -1;
    }
    if (tfb_file_same(o->in, o->out)) return -1;
    if (!(a->out = hts_open(o->out, mode))) {
        tfb_error("cannot write %s: %s", o->out, strerror(errno));
        return -1;
    }
    if (a->sr->p) hts_set_opt(a->out, HTS_OPT_THREAD_POOL, a->sr->p);
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

/* Makes the next window; *w gets its index, or -1 and a reason is returned. -1 on a read error or lack of memory. */
static int add_window(args_t *a, const char *contig, hts_pos_t pos, hts_pos_t rlen, const char *allele, int base, int *w)
{
    uint8_t *code = tfb_windows_next(&a->b->win);
    *w = -1;
    if (!code) return -1;
    int r = tfb_allele_window(a->fasta, contig, pos, rlen, allele, (int)strlen(allele), a->W, a->o->max_n, code);
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
                  tfb_fasta_path(a->fasta), base, in_name(a->o));
        return -1;
    }
    if (a->o->check_ref == 'w' && a->n_warned++ < 10)
        tfb_warn("%s: REF is %c but %s has %c (%s)%s", place, rec->d.allele[0][at], tfb_fasta_path(a->fasta), base, in_name(a->o),
                 a->n_warned == 10 ? "; further ones are only counted" : "");
    return r;
}

/* Looks at a record that has been read. 1 keep, 0 drop it, -1 failure. */
static int examine(args_t *a, item_t *it)
{
    bcf1_t *rec = it->rec;
    const char *contig = bcf_seqname(a->hdr, rec);
    if (!contig || bcf_unpack(rec, BCF_UN_STR) < 0 || rec->n_allele < 1) {
        tfb_error("%s: record %" PRId64 " is damaged", in_name(a->o), a->n_records);
        return -1;
    }
    it->why = TFB_ALLELE_OK;
    if (!it->keep || rec->n_allele < 2) return 1;
    it->why = tfb_allele_kind(rec->d.allele[0]) == TFB_ALLELE_OK ? check_ref(a, contig, rec) : TFB_ALLELE_NOT_ACGT;
    if (it->why < 0) return -1;
    if (it->why != TFB_ALLELE_MISMATCH || a->o->check_ref != 'x') return 1;
    a->n_dropped++;
    return 0;
}

/* Windows of one record. 0, or -1 on failure (logged). */
static int make_windows(args_t *a, item_t *it)
{
    bcf1_t *rec = it->rec;
    const char *contig = bcf_seqname(a->hdr, rec), *ref = rec->d.allele[0];
    int n_alt = rec->n_allele - 1, why = it->why;
    it->ref = -1;
    it->first = a->b->n_alts;
    if (a->b->n_alts + n_alt > a->b->m_alts) {
        int m = 2 * (a->b->n_alts + n_alt) + 64, *p = realloc(a->b->alt, (size_t)m * sizeof *p);
        if (!p) {
            tfb_error("not enough memory for %d alleles", m);
            return -1;
        }
        a->b->alt = p;
        a->b->m_alts = m;
    }
    a->b->n_alts += n_alt;
    for (int i = 0; i < n_alt; i++) a->b->alt[it->first + i] = -1;
    a->n_no_alt += n_alt == 0;
    if (!it->keep || n_alt == 0) return 0;
    /* split multi-allelic sites and dense VCFs repeat a REF */
    const item_t *before = it > a->b->item ? it - 1 : NULL;
    if (why == TFB_ALLELE_OK && before && before->ref >= 0 && before->rec->rid == rec->rid && before->rec->pos == rec->pos &&
        strcmp(before->rec->d.allele[0], ref) == 0)
        it->ref = before->ref;
    else if (why == TFB_ALLELE_OK && (why = add_window(a, contig, rec->pos, (hts_pos_t)strlen(ref), ref, -1, &it->ref)) < 0)
        return -1;
    int scored = 0;
    for (int i = 0; i < n_alt; i++) {
        const char *alt = rec->d.allele[i + 1];
        int r = (int)tfb_allele_kind(alt); /* what the ALT is says more than what is wrong with its REF, often N beside <DEL> */
        if (r == TFB_ALLELE_OK) r = why;
        if (r == TFB_ALLELE_OK) /* differs from the REF window in the allele, and after an indel in one half */
            r = add_window(a, contig, rec->pos, (hts_pos_t)strlen(ref), alt, it->ref, &a->b->alt[it->first + i]);
        if (r < 0) return -1;
        if (r == TFB_ALLELE_NO_CONTIG && !a->no_contig.l) kputs(contig, &a->no_contig);
        a->n_reason[r]++;
        scored += r == TFB_ALLELE_OK;
    }
    a->n_scored += scored > 0;
    return a->phased && scored ? tfb_phased_windows(a->phased, a->fasta, contig, &it->hap, it->ref, a->b->alt + it->first, n_alt, &a->b->win) : 0;
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

/* Tags are packed as BCF has them and appended to the record together: bcf_update_info() looks through all of a record's tags for each that it adds, and
 * --tf all adds some hundreds. A record that htslib will pack anew, as tags were removed, has none appended. */
static int update(args_t *a, bcf1_t *rec, int tag, const float *v, int n)
{
    if (rec->d.shared_dirty) return bcf_update_info_float(a->hdr, rec, a->tag[tag], v, n) == 0 ? 0 : tag_error(a, rec, a->tag[tag]);
    a->n_info++;
    if (bcf_enc_int1(&a->info, a->tag_id[tag]) < 0 || bcf_enc_vfloat(&a->info, n, (float *)v) < 0) return tag_error(a, rec, a->tag[tag]);
    return 0;
}

static int append_tags(args_t *a, bcf1_t *rec)
{
    if (!a->n_info) return 0;
    if (rec->n_info + a->n_info > 65535 || kputsn(a->info.s, a->info.l, &rec->shared) < 0) return tag_error(a, rec, a->tag[0]);
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
    if (rec->d.shared_dirty) return bcf_update_info_string(a->hdr, rec, a->tag[tag], a->text.s) == 0 ? 0 : tag_error(a, rec, a->tag[tag]);
    a->n_info++;
    if (bcf_enc_int1(&a->info, a->tag_id[tag]) < 0 || bcf_enc_vchar(&a->info, (int)a->text.l, a->text.s) < 0) return tag_error(a, rec, a->tag[tag]);
    return 0;
}

/* Of a window, or NULL: none. */
static const float *logits(const args_t *a, int w) { return w < 0 ? NULL : tfb_windows_z(&a->b->win, w); }

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
        const float *zr = logits(a, it->ref), *za = logits(a, a->b->alt[it->first + i]);
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
        called |= add_call(a, top[i], logits(a, it->ref), logits(a, a->b->alt[it->first + i]), &pct[i], i);
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
    const float *zr = logits(a, it->ref);
    for (int t = 0; t < T; t++) {
        int any = 0, called = 0;
        score[0] = tfb_sigmoid(zr[t]);
        a->text.l = 0;
        for (int i = 0; i < n_alt; i++) {
            const float *za = logits(a, a->b->alt[it->first + i]);
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
            delta[i] = score[i + 1] - score[0];
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

/* Everything about an ALT in one string, for the summary's TF or the one of --tf that would be. Where the change is called, the call is the
 * consequence, else its direction: that alone is no call of a site's gain or loss. */
static int write_csq(args_t *a, const item_t *it, int n_alt)
{
    kstring_t *s = &a->text;
    const float *zr = logits(a, it->ref);
    s->l = 0;
    for (int i = 0; i < n_alt; i++) {
        const float *za = logits(a, a->b->alt[it->first + i]);
        int t = za ? tfb_effect_top(&a->o->effect, a->panel, zr, za) : -1;
        if (i) kputc(',', s);
        if (t < 0) {
            kputc('.', s);
            continue;
        }
        float ref = tfb_sigmoid(zr[t]), alt = tfb_sigmoid(za[t]);
        const char *call = a->call ? tfb_effect_call(&a->o->effect, a->panel, t, zr[t], za[t]) : NULL;
        ksprintf(s, "%s|TF_binding_site_%s|", it->rec->d.allele[i + 1], call ? call : alt > ref ? "increase" : alt < ref ? "decrease" : "variant");
        put_name(s, tfb_panel_target(a->panel, t));
        ksprintf(s, "|%.6g|%.6g|%.6g|", (double)ref, (double)alt, (double)(alt - ref));
        if (isfinite(za[t] - zr[t])) ksprintf(s, "%.6g", (double)(za[t] - zr[t]));
        kputc('|', s);
        double pct = a->pct ? tfb_effect_percentile(&a->o->effect, a->panel, t, zr[t], za[t]) : NAN;
        if (isfinite(pct)) ksprintf(s, "%.6g", pct);
    }
    if (bcf_update_info_string(a->hdr, it->rec, a->csq_tag, s->s) == 0) return 0;
    tfb_error("%s:%" PRId64 ": cannot add INFO/%s", bcf_seqname_safe(a->hdr, it->rec), (int64_t)it->rec->pos + 1, a->csq_tag);
    return -1;
}

/* The departures of all ALTs: for target t, or t -1: each for its own TOP. */
static int write_departure(args_t *a, const item_t *it, int n_alt, int t, const char *tag)
{
    for (int i = 0; i < n_alt; i++) {
        int k = t >= 0 ? t : a->top[i];
        tfb_phased_departure(&it->hap, &a->b->win, i, k >= 0 ? a->b->alt[it->first + i] : -1, k, &a->value[i]);
    }
    if (bcf_update_info_float(a->hdr, it->rec, tag, a->value, n_alt) == 0) return 0;
    tfb_error("%s:%" PRId64 ": cannot add INFO/%s", bcf_seqname_safe(a->hdr, it->rec), (int64_t)it->rec->pos + 1, tag);
    return -1;
}

/* After the other tags: of --tf, TFs that have none have none here; the summary has set a->top. */
static int write_haplotypes(args_t *a, const item_t *it, int n_alt)
{
    char **tag = a->hap_tag;
    if (it->hap.number < 0) return 0;
    for (int t = 0; a->o->tf && t < a->n_targets; t++, tag += 2) {
        const bcf_info_t *own = bcf_get_info_id(it->rec, a->tag_id[(ptrdiff_t)TAGS_OF_TF * t]);
        if (own && own->vptr && /* one that was removed is still there, without a value */
            (tfb_phased_format(a->phased, a->hdr, it->rec, &it->hap, &a->b->win, t, tag[0]) < 0 || write_departure(a, it, n_alt, t, tag[1]) < 0))
            return -1;
    }
    if (a->o->tf) return 0;
    float best = -1; /* one TF for all haplotypes, so that their values compare */
    int top = 0;
    for (int i = 0; i < n_alt; i++) {
        int t = a->top[i];
        float d = t >= 0 ? fabsf(tfb_sigmoid(logits(a, a->b->alt[it->first + i])[t]) - tfb_sigmoid(logits(a, it->ref)[t])) : -1;
        if (d > best) best = d, top = t;
    }
    a->text.l = 0;
    put_name(&a->text, tfb_panel_target(a->panel, top));
    if (tfb_phased_format(a->phased, a->hdr, it->rec, &it->hap, &a->b->win, top, tag[0]) < 0 || write_departure(a, it, n_alt, -1, tag[1]) < 0) return -1;
    return bcf_update_info_string(a->hdr, it->rec, tag[2], a->text.s) < 0 ? -1 : 0;
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

static int write_record(args_t *a, item_t *it)
{
    bcf1_t *rec = it->rec;
    int n_alt = rec->n_allele - 1, any = 0;
    for (int i = 0; i < n_alt; i++) any |= a->b->alt[it->first + i] >= 0;
    if (it->keep && remove_tags(a, rec) < 0) return -1;
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
    errno = 0;
    if (bcf_write(a->out, a->hdr, rec) == 0) return 0;
    if (!rec->errcode) return tfb_file_write_error(a->o->out);
    tfb_error("%s:%" PRId64 ": contig or tags are not declared in the header of %s, which BCF needs; write VCF, or mend the header with `bcftools reheader`",
              bcf_seqname_safe(a->hdr, rec), (int64_t)rec->pos + 1, in_name(a->o));
    return -1;
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

/* Says what a record that is not there any more was after. */
static int read_error(args_t *a)
{
    char after[300] = "before the first record";
    if (a->last_contig.l)
        snprintf(after, sizeof after, "after %.200s:%" PRId64 " (record %" PRId64 ")", a->last_contig.s, (int64_t)a->last_pos + 1, a->n_records);
    tfb_error("%s: cannot read on %s: %s", in_name(a->o), after,
              a->sr->errnum ? bcf_sr_strerror(a->sr->errnum) : "the last line does not end; the file is truncated (or lacks a newline)");
    return -1;
}

/* Text has no end-of-file marker, but its last line ends with a newline where the file is whole. 0 also where nobody can tell. */
static int cut_short(const args_t *a)
{
    const htsFile *in = a->sr->readers[0].file;
    return in->format.compression == no_compression && in->format.format == vcf && tfb_file_cut_short(a->o->in);
}

/* Reads until the batch is full or the input ends. */
static int fill(args_t *a)
{
    if (make_ready(a, a->at_end, 0) < 0) return -1;
    if (a->at_end) return 0;
    while (!is_full(a) && bcf_sr_next_line(a->sr)) {
        item_t *it = next_item(a);
        if (!it) return -1;
        bcf_sr_swap_line(a->sr, 0, it->rec);
        bcf1_t *rec = it->rec;
        const char *contig;
        a->n_records++;
        if ((rec->errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF)) || !(contig = bcf_seqname(a->hdr, rec))) {
            tfb_error("%s: record %" PRId64 " (%s:%" PRId64 ") is malformed", in_name(a->o), a->n_records, bcf_seqname_safe(a->hdr, rec),
                      (int64_t)rec->pos + 1);
            return -1;
        }
        if (!a->last_contig.s || strcmp(a->last_contig.s, contig)) {
            a->last_contig.l = 0;
            kputs(contig, &a->last_contig);
        }
        a->last_pos = rec->pos;
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
    if (is_full(a)) return 0;
    if (a->sr->errnum || cut_short(a)) return read_error(a);
    a->at_end = 1;
    return make_ready(a, 1, 0);
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
    if (a->n_reason[TFB_ALLELE_NO_CONTIG] && !a->n_scored)
        tfb_warn("nothing was scored: %s has no contig %s, nor one that chr or M and MT would explain (is it another genome?)", tfb_fasta_path(a->fasta),
                 a->no_contig.s);
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
    int shift = o->write_index == 2 ? 0 : 14;
    int r = out_type(o) == 'b' ? bcf_index_build3(o->out, NULL, 14, o->threads) : tbx_index_build3(o->out, NULL, shift, o->threads, &tbx_conf_vcf);
    if (r == 0) return 0;
    tfb_error("cannot index %s%s", o->out, r == -2 ? ": cannot read it back" : r == -4 ? ": cannot write the index" : ": is it sorted?");
    kstring_t index = {0, 0, NULL}; /* whatever there is of it now is no index of this output */
    if (ksprintf(&index, "%s.%s", o->out, out_type(o) == 'b' || shift ? "csi" : "tbi") > 0) unlink(index.s);
    free(index.s);
    return -1;
}

int tfb_vcf_annotate(const tfb_vcf_opt_t *o)
{
    int ret = -1, began = 0;
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
        open_input(a) < 0)
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
    if (o->haplotypes && !(a->phased = tfb_phased_create(bcf_sr_get_header(a->sr, 0), in_name(o), o->phase, a->W, o->max_n))) goto done;
    if (make_header(a) < 0) {
        tfb_error("%s: cannot make the output's header", in_name(o));
        goto done;
    }
    if (o->filter && !(a->filter = filter_init(a->hdr, o->filter))) goto done;
    if (open_output(a) < 0) goto done;
    began = 1;
    ret = run(a);
done:
    if (ret == 0) errno = 0;
    if (a->out && hts_close(a->out) < 0 && ret == 0) ret = tfb_file_write_error(o->out);
    if (ret < 0 && began) tfb_file_remove(o->out);        /* nothing half-written */
    if (ret == 0 && o->write_index) ret = build_index(a); /* the output is whole even where it cannot be indexed */
    if (ret == 0) summary(a);
    if (a->filter) filter_destroy(a->filter);
    if (a->sr) bcf_sr_destroy(a->sr);
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
    tfb_strv_free(a->tag);
    tfb_strv_free(a->hap_tag);
    free(a->csq_tag);
    for (int k = 0; k < a->n_stale; k++) free(a->stale[k].tag);
    free(a->stale);
    free(a->tag_id);
    if (!o->panel) tfb_panel_close(a->panel);
    tfb_pool_destroy(a->pool);
    if (!o->reference) tfb_fasta_close(a->fasta);
    free(a->value);
    free(a->top);
    free(a->text.s);
    free(a->info.s);
    free(a->last_contig.s);
    free(a->no_contig.s);
    free(a);
    return ret;
}
