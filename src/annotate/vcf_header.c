/* vcf_header.c - chooses the tags of a run and plans the lines of the header. */
#include "config.h"
#include "annotate/vcf_header.h"
#include "genome/tag.h"
#include <ctype.h>
#include <htslib/khash_str2int.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int no_memory(const char *what)
{
    tfb_error("not enough memory for %s", what);
    return -1;
}

static const char *field_name(const tfb_tag_t *kind) { return kind->field == BCF_HL_INFO ? "INFO" : "FORMAT"; }

/* Returns a tag's name, to be freed; NULL if memory runs out (logged). */
static char *make_name(const tfb_vcf_header_t *h, int t, const char *suffix)
{
    kstring_t s = {0, 0, NULL};
    const char *tf = t < 0 ? "" : tfb_panel_target(h->run.panel, t);
    if (tfb_tag_name(&s, h->o->prefix, tf, suffix) == 0) return s.s;
    no_memory("the names of the tags");
    free(s.s);
    return NULL;
}

/* ---- equal names ---- */

/* The owner of a tag's name, and whether this run writes the tag. */
enum { OF_SUMMARY = 0, OF_TF = 1, WRITTEN = 2 };

/* Claims the name of a tag. Returns 0, or -1 (logged) if another tag has it. */
static int take_name(tfb_vcf_header_t *h, const char *name, int whose)
{
    int before;
    if (khash_str2int_get(h->names, name, &before) == 0) {
        if ((before & OF_TF) && whose == OF_TF)
            tfb_error("two TFs would have the same tag, %s: choose one of them with --tf", name);
        else
            tfb_error("a TF's tag would be %s, which is a tag of the summary or of --csq: leave that TF out of --tf",
                      name);
        return -1;
    }
    return khash_str2int_set(h->names, name, whose) < 0 ? no_memory("the names of the tags") : 0;
}

/* With --tf: no TF may have a tag of the summary or of --csq, which are in the file already or may come into it. */
static int reserve_names(tfb_vcf_header_t *h)
{
    int n = 0;
    if (!(h->reserved = calloc((size_t)tfb_n_tags + 1, sizeof *h->reserved))) return no_memory("the names of the tags");
    for (int k = 0; k < tfb_n_tags; k++) {
        if (!(tfb_tags[k].scope & TFB_TAG_OF_SUMMARY)) continue;
        char *name = h->reserved[n] = make_name(h, -1, tfb_tags[k].suffix);
        if (!name || take_name(h, name, OF_SUMMARY) < 0) return -1;
        n++;
    }
    return 0;
}

/* ---- lines ---- */

/* Warns of a tag that the input declares differently. Returns 0, or -1 (logged) if its values cannot stay. */
static int check_old_line(tfb_vcf_header_t *h, const bcf_hrec_t *old, const tfb_tag_t *kind)
{
    int number = bcf_hrec_find_key((bcf_hrec_t *)old, "Number"), type = bcf_hrec_find_key((bcf_hrec_t *)old, "Type"),
        id = bcf_hrec_find_key((bcf_hrec_t *)old, "ID");
    if (number < 0 || type < 0 || id < 0) return 0;
    int same_type = strcmp(old->vals[type], kind->type) == 0;
    if (same_type && strcmp(old->vals[number], kind->number) == 0) return 0;
    if (h->o->keep_sites && !same_type) {
        tfb_error("%s: %s/%s is Type=%s, not %s, and -k would keep its values: choose other names with --prefix", h->in,
                  field_name(kind), old->vals[id], old->vals[type], kind->type);
        return -1;
    }
    tfb_warn("%s: %s/%s was Number=%s, Type=%s and is replaced", h->in, field_name(kind), old->vals[id],
             old->vals[number], old->vals[type]);
    return 0;
}

/* Plans the header line of a tag, which will replace one of the same name. Returns 0, or -1 (logged). */
static int plan_line(tfb_vcf_header_t *h, tfb_vcf_tag_t *tag)
{
    kstring_t s = {0, 0, NULL};
    const tfb_tag_t *kind = tag->kind;
    char what[1200];
    int whose = 0;
    bcf_hrec_t *old = bcf_hdr_get_hrec(h->hdr, kind->field, "ID", tag->name, NULL);
    if (old && check_old_line(h, old, kind) < 0) return -1;
    khash_str2int_get(h->names, tag->name, &whose);
    tfb_tag_describe(kind, &h->run, tag->t, what, sizeof what);
    if (ks_resize(&s, strlen(tag->name) + strlen(kind->number) + strlen(kind->type) + strlen(what) + 64) < 0 ||
        khash_str2int_set(h->names, tag->name, whose | WRITTEN) < 0) {
        free(s.s);
        return no_memory("the header");
    }
    ksprintf(&s, "##%s=<ID=%s,Number=%s,Type=%s,Description=\"", field_name(kind), tag->name, kind->number, kind->type);
    for (const char *c = what; *c; c++) { /* names are untrusted */
        int bad = *c == '"' || *c == '\\' || iscntrl((unsigned char)*c);
        kputc(bad ? '_' : *c, &s);
    }
    kputs("\">", &s);
    tag->line = s.s;
    tag->replaces = old != NULL;
    return 0;
}

/* ---- tags ---- */

static int is_in(const tfb_vcf_header_t *h, const tfb_tag_t *kind, int group)
{
    int scope = h->run.per_tf ? TFB_TAG_OF_TF : TFB_TAG_OF_SUMMARY;
    return (int)kind->group == group && (kind->scope & scope);
}

/* Adds the tag of a row for target t, or the summary. Returns 0, or -1 (logged). */
static int add_tag(tfb_vcf_header_t *h, const tfb_tag_t *kind, int t)
{
    tfb_vcf_tag_t *tag = &h->tag[h->n_tags++];
    int reserved = h->run.per_tf && t < 0;
    *tag = (tfb_vcf_tag_t){.kind = kind, .t = t, .id = -1, .written = !(kind->needs & ~h->run.have)};
    if (!(tag->name = make_name(h, t, kind->suffix))) return -1;
    /* for haplotypes and records, only written tags claim their names */
    if ((tag->written || kind->group == TFB_TAGS_OF_ALT) && !reserved &&
        take_name(h, tag->name, t >= 0 ? OF_TF : OF_SUMMARY) < 0)
        return -1;
    if (!tag->written) return 0;
    h->writes[kind->group] = 1;
    return plan_line(h, tag);
}

static int add_tags(tfb_vcf_header_t *h)
{
    if (!(h->tag = calloc((size_t)tfb_n_tags * (size_t)h->n_sets, sizeof *h->tag)))
        return no_memory("the names of the tags");
    for (int g = 0; g < TFB_TAG_GROUPS; g++) {
        int by_tf = h->run.per_tf && g != TFB_TAGS_OF_RECORD, n_sets = by_tf ? h->n_sets : 1;
        h->first[g] = h->n_tags;
        for (int k = 0; k < tfb_n_tags; k++) h->n_in_set[g] += is_in(h, &tfb_tags[k], g);
        for (int s = 0; s < n_sets; s++)
            for (int k = 0; k < tfb_n_tags; k++)
                if (is_in(h, &tfb_tags[k], g) && add_tag(h, &tfb_tags[k], by_tf ? s : -1) < 0) return -1;
    }
    return 0;
}

static int is_ours(const tfb_vcf_header_t *h, const tfb_vcf_tag_t *tag)
{
    if (!tag->kind->is_ours) return 1;
    bcf_hrec_t *line = bcf_hdr_get_hrec(h->hdr, tag->kind->field, "ID", tag->name, NULL);
    int k = line ? bcf_hrec_find_key(line, "Description") : -1;
    return k >= 0 && tag->kind->is_ours(&h->run, line->vals[k]);
}

/* Marks as stale the tags of an earlier run of the same kind (a summary, or these TFs) that needed options
 * not given now: they do not belong to the new values. Tags of the other kind stay, so that a file can
 * have both. */
static void find_stale(tfb_vcf_header_t *h)
{
    for (int k = 0; k < h->n_tags; k++) {
        tfb_vcf_tag_t *tag = &h->tag[k];
        int whose = 0, id = tag->written ? -1 : bcf_hdr_id2int(h->hdr, BCF_DT_ID, tag->name);
        if (id < 0 || !bcf_hdr_idinfo_exists(h->hdr, tag->kind->field, id)) continue;
        khash_str2int_get(h->names, tag->name, &whose);
        tag->stale = !(whose & WRITTEN) && is_ours(h, tag);
        h->n_stale += tag->stale;
    }
}

/* Changes the header as planned, and only then reads its tables. */
static int change_header(tfb_vcf_header_t *h)
{
    const tfb_vcf_opt_t *o = h->o;
    for (int k = 0; k < h->n_tags; k++)
        if (h->tag[k].replaces) bcf_hdr_remove(h->hdr, h->tag[k].kind->field, h->tag[k].name);
    for (int k = 0; k < h->n_tags; k++)
        if (h->tag[k].line && bcf_hdr_append(h->hdr, h->tag[k].line) < 0) return no_memory("the header");
    if (!o->no_version) {
        struct tm tm;
        time_t now = time(NULL);
        char date[64];
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &tm));
        if (bcf_hdr_printf(h->hdr, "##%sVersion=%s+htslib-%s", o->tool, PACKAGE_VERSION, hts_version()) < 0 ||
            bcf_hdr_printf(h->hdr, "##%sCommand=%s; Date=%s", o->tool, o->command ? o->command : "", date) < 0)
            return no_memory("the header");
    }
    if (bcf_hdr_sync(h->hdr) < 0) return no_memory("the header");
    for (int k = 0; k < h->n_tags; k++)
        if (h->tag[k].written || h->tag[k].stale) h->tag[k].id = bcf_hdr_id2int(h->hdr, BCF_DT_ID, h->tag[k].name);
    return 0;
}

/* Returns the TFB_NEEDS_* that this run has. */
static unsigned properties(const tfb_vcf_opt_t *o, const tfb_panel_t *panel)
{
    unsigned have = 0;
    if (tfb_panel_n_calibrated(panel) > 0) have |= TFB_NEEDS_CALIBRATION;
    if (have && tfb_panel_n_thresholds(panel) > 0) have |= TFB_NEEDS_THRESHOLDS;
    if (!tfb_panel_no_phred(panel)) have |= TFB_NEEDS_PHRED;
    if (o->open.path) have |= TFB_NEEDS_OPEN;
    if (o->haplotypes) have |= TFB_NEEDS_HAPLOTYPES;
    if (o->csq) have |= TFB_NEEDS_CSQ;
    return have;
}

int tfb_vcf_header_make(tfb_vcf_header_t *h, const tfb_vcf_opt_t *o, const tfb_panel_t *panel, tfb_open_t *open,
                        bcf_hdr_t *hdr, const char *in)
{
    h->o = o;
    h->hdr = hdr;
    h->in = in;
    h->run = (tfb_tag_run_t){.effect = &o->effect,
                             .panel = panel,
                             .strand = o->session.strand,
                             .session = &o->session,
                             .open_by = &o->open,
                             .open = open,
                             .per_tf = o->session.tf != NULL,
                             .have = properties(o, panel)};
    h->n_sets = o->session.tf ? tfb_panel_n_targets(panel) : 1;
    if (!(h->names = khash_str2int_init())) return no_memory("the names of the tags");
    if ((o->session.tf && reserve_names(h) < 0) || add_tags(h) < 0) return -1;
    find_stale(h);
    return change_header(h);
}

bcf_hdr_t *tfb_vcf_header_of_output(const tfb_vcf_header_t *h)
{
    /* Records that -k leaves alone keep theirs. h->hdr goes on declaring them: it reads records, too */
    if (!h->n_stale || h->o->keep_sites) return h->hdr;
    bcf_hdr_t *out = bcf_hdr_dup(h->hdr);
    for (int k = 0; out && k < h->n_tags; k++)
        if (h->tag[k].stale) bcf_hdr_remove(out, h->tag[k].kind->field, h->tag[k].name);
    if (out && bcf_hdr_sync(out) == 0) return out;
    tfb_error("not enough memory for the header of %s", h->o->out);
    if (out) bcf_hdr_destroy(out);
    return NULL;
}

void tfb_vcf_header_end(const tfb_vcf_header_t *h, bcf_hdr_t *of_output)
{
    if (of_output && of_output != h->hdr) bcf_hdr_destroy(of_output);
}

void tfb_vcf_header_free(tfb_vcf_header_t *h)
{
    if (h->names) khash_str2int_destroy(h->names); /* its keys are the names */
    for (int k = 0; k < h->n_tags; k++) {
        free(h->tag[k].name);
        free(h->tag[k].line);
    }
    free(h->tag);
    tfb_strv_free(h->reserved);
}
