/* enrich_tags.c - reads changes from annotate's tags, and checks whether those of two files can be
 * compared. */
#include "annotate/enrich_parts.h"
#include "genome/lines.h"
#include "genome/origin.h"
#include "genome/tag.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void tfb_enrich_tag(reader_t *a, const char *tf, const char *suffix)
{
    tfb_tag_name(&a->tag, a->o->prefix, tf, suffix); /* a->tag has room */
}

/* Returns whether a value is this TF's name. annotate replaces characters that would break a list. */
static int is_named(const char *value, size_t n, const char *tf)
{
    if (strlen(tf) != n) return 0;
    for (size_t i = 0; i < n; i++)
        if (value[i] != tf[i] && !(value[i] == '_' && (strchr(",;=|&", tf[i]) || isspace((unsigned char)tf[i]))))
            return 0;
    return 1;
}

/* Returns a change if it is valid in a tag; NaN if it is missing. */
static double change_of(const reader_t *a, int alt)
{
    return bcf_float_is_missing(a->f[alt]) || bcf_float_is_vector_end(a->f[alt]) || !(fabsf(a->f[alt]) <= 1)
               ? NAN
               : (double)a->f[alt];
}

/* Reads the change of the TF that changes most; the others get almost 0. Returns 1, or 0 if the ALT was
 * not scored. */
static int read_summary(reader_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *v)
{
    tfb_enrich_tag(a, "", TFB_TAG_TOP);
    int k = 0;
    if (bcf_get_info_string(s->hdr, rec, a->tag.s, &a->text, &a->m_text) <= 0) return 0;
    char *name = a->text;
    while (k < alt && (name = strchr(name, ','))) name++, k++;
    if (!name) return 0;
    size_t len = strcspn(name, ",");
    tfb_enrich_tag(a, "", TFB_TAG_DELTA);
    if (bcf_get_info_float(s->hdr, rec, a->tag.s, &a->f, &a->m_f) != rec->n_allele - 1 || isnan(change_of(a, alt)))
        return 0;
    for (int t = 0; t < a->s->T; t++)
        if (is_named(name, len, tfb_panel_target(a->s->panel, t))) v->v[t] = a->f[alt];
    return 1;
}

/* Reads the changes of an ALT from tags. Returns 1, 0 if it was not scored, or -1 (logged). */
int tfb_enrich_read_tags(reader_t *a, const source_t *s, bcf1_t *rec, int alt, variant_t *v)
{
    int missing = 0;
    if (!(v->v = calloc((size_t)a->s->T, sizeof *v->v))) {
        tfb_error("not enough memory for variants");
        return -1;
    }
    if (a->tags == SUMMARY) return read_summary(a, s, rec, alt, v);
    for (int t = 0; t < a->s->T; t++) {
        tfb_enrich_tag(a, tfb_panel_target(a->s->panel, t), TFB_TAG_DELTA);
        int got = bcf_get_info_float(s->hdr, rec, a->tag.s, &a->f, &a->m_f);
        if (got != rec->n_allele - 1 || isnan(change_of(a, alt)))
            missing++;
        else
            v->v[t] = a->f[alt];
    }
    if (!missing || missing == a->s->T) return missing == 0;
    tfb_error("%s: %s:%" PRId64 " has values of some TFs only (annotated with --min-percentile?): give -f ref.fa",
              tfb_input_name(s->path), bcf_seqname_safe(s->hdr, rec), (int64_t)rec->pos + 1);
    return -1;
}

/* ---- which tags ---- */

static int has_tag(const bcf_hdr_t *hdr, const char *tag)
{
    int id = bcf_hdr_id2int(hdr, BCF_DT_ID, tag);
    return id >= 0 && bcf_hdr_idinfo_exists(hdr, BCF_HL_INFO, id);
}

static void find_kinds(reader_t *a, source_t *s)
{
    for (int t = 0; t < a->s->T; t++) {
        tfb_enrich_tag(a, tfb_panel_target(a->s->panel, t), TFB_TAG_DELTA);
        s->n_tfs += has_tag(s->hdr, a->tag.s);
    }
    if (s->n_tfs == a->s->T) s->kinds |= PER_TF;
    tfb_enrich_tag(a, "", TFB_TAG_DELTA);
    if (has_tag(s->hdr, a->tag.s)) s->kinds |= SUMMARY;
}

/* Returns a tag that annotate wrote with another prefix; NULL if none was found. */
static const char *other_tag(const bcf_hdr_t *hdr)
{
    for (int i = 0; i < hdr->n[BCF_DT_ID]; i++) {
        const char *key = hdr->id[BCF_DT_ID][i].key;
        if (!key || !tfb_ends_with(key, "_" TFB_TAG_DELTA) || !bcf_hdr_idinfo_exists(hdr, BCF_HL_INFO, i)) continue;
        tfb_origin_t o;
        if (tfb_origin_read(hdr, key, &o) < 0) return NULL;
        int ours = tfb_origin_known(&o);
        tfb_origin_free(&o);
        if (ours) return key;
    }
    return NULL;
}

/* Logs why a file has no kind of tags. Returns -1. */
static int no_tags(const reader_t *a, const source_t *s)
{
    const char *path = tfb_input_name(s->path), *other = other_tag(s->hdr);
    size_t n = strlen(a->o->prefix);
    if (s->n_tfs)
        tfb_error("%s has tags of some of the TFs only, %d of %d: annotate it with --tf %s, or give -f ref.fa, or test "
                  "these with --tf",
                  path, s->n_tfs, a->s->T, a->o->session.tf);
    else if (other && (strncmp(other, a->o->prefix, n) || other[n] != '_'))
        tfb_error("%s is not annotated with tags %s_..., but it has %s: annotate hits and background with the same "
                  "--prefix, or give -f ref.fa",
                  path, a->o->prefix, other);
    else if (other)
        tfb_error(
            "%s is annotated, but with none of the TFs of -m and --tf (it has %s): choose others, or give -f ref.fa",
            path, other);
    else
        tfb_error("%s is not annotated: annotate it with --tf %s, or give -f ref.fa", path, a->o->session.tf);
    return -1;
}

static const char *kind_name(const reader_t *a, const source_t *s, kstring_t *text)
{
    text->l = 0;
    if (s->kinds & PER_TF)
        kputs("tags per TF", text);
    else if (s->n_tfs)
        ksprintf(text, "the summary, and tags of %d of %d TFs", s->n_tfs, a->s->T);
    else
        kputs("only the summary", text);
    return text->s ? text->s : "";
}

/* Logs that the files have no kind of tags in common. Returns -1. */
static int other_kinds(const reader_t *a)
{
    kstring_t text[2] = {{0, 0, NULL}, {0, 0, NULL}};
    tfb_error("%s has %s, %s has %s: annotate both alike, with --tf %s, or give -f ref.fa",
              tfb_input_name(a->in[0].path), kind_name(a, &a->in[0], &text[0]), tfb_input_name(a->in[1].path),
              kind_name(a, &a->in[1], &text[1]), a->o->session.tf);
    for (int i = 0; i < 2; i++) free(text[i].s);
    return -1;
}

/* Checks that a tag means the same in both files. Returns 0, or -1 (logged). */
static int compare_origins(const reader_t *a, const tfb_origin_t *x, const tfb_origin_t *y)
{
    const char *hits = tfb_input_name(a->in[0].path), *rest = tfb_input_name(a->in[1].path);
    if (tfb_origin_known(x) && tfb_origin_known(y) && strcmp(x->digests, y->digests))
        tfb_error("%s was annotated by %s, %s by %s: values of two models cannot be compared; annotate both with one, "
                  "or give -f ref.fa",
                  hits, x->models, rest, y->models);
    else if (strcmp(x->options, y->options)) {
        const char *of_hits = *x->options ? x->options : "the default options";
        const char *of_rest = *y->options ? y->options : "the default options";
        tfb_error("%s was annotated with %s, %s with %s: annotate both alike, or give -f ref.fa", hits, of_hits, rest,
                  of_rest);
    } else if (strcmp(x->meaning, y->meaning))
        tfb_error("INFO/%s is '%s' in %s, and '%s' in %s: annotate both alike, or give -f ref.fa", a->tag.s, x->meaning,
                  hits, y->meaning, rest);
    else
        return 0;
    return -1;
}

/* Returns 1 if the panel's model wrote a tag, 0 if another did, or -1 (logged). t: the tag's TF; -1: the
 * summary. */
static int is_by_panel(const reader_t *a, const tfb_origin_t *tag, int t)
{
    tfb_origin_t panel;
    char source[512]; /* annotate cuts long lists */
    snprintf(source, sizeof source, "%.500s", tfb_panel_source(a->s->panel, t));
    if (tfb_origin_parse(source, &panel) < 0) return -1;
    int same = !tfb_origin_known(tag) || strcmp(tag->digests, panel.digests) == 0;
    tfb_origin_free(&panel);
    return same;
}

/* Compares the tags of one TF, or of the summary (t -1: first TOP, then DELTA). *warned: the run has
 * already warned that -m differs from this file's model. */
static int check_tag(reader_t *a, int t, const char *suffix, int warned[2])
{
    tfb_origin_t o[2] = {{0}, {0}};
    int n = a->in[1].hdr ? 2 : 1, ret = 0;
    for (int i = 0; i < n && ret == 0; i++) {
        const char *path = tfb_input_name(a->in[i].path);
        tfb_enrich_tag(a, t < 0 ? "" : tfb_panel_target(a->s->panel, t), suffix);
        if ((ret = tfb_origin_read(a->in[i].hdr, a->tag.s, &o[i])) < 0) break;
        int same = is_by_panel(a, &o[i], t);
        if (same < 0) ret = -1;
        if (strstr(o[i].options, "--min-percentile")) {
            tfb_error("%s was annotated with %s: changes below are missing, not small; annotate it without, or give -f "
                      "ref.fa",
                      path, o[i].options);
            ret = -1;
        }
        if (same == 0 && !warned[i]++)
            tfb_warn("%s was annotated by %s, not by -m (%s), which gives only the TFs' names", path, o[i].models,
                     tfb_panel_source(a->s->panel, t));
        if (n == 2 && !tfb_origin_known(&o[i]) && !warned[i]++)
            tfb_warn("%s: the header does not tell which model wrote INFO/%s; make sure that it is the one of the "
                     "other file",
                     path, a->tag.s);
    }
    if (ret == 0 && n == 2) ret = compare_origins(a, &o[0], &o[1]);
    for (int i = 0; i < 2; i++) tfb_origin_free(&o[i]);
    return ret;
}

/* Chooses which kind of tags to read: tags per TF if all files have them, else the summary. Returns 0, or
 * -1 (logged). */
int tfb_enrich_choose_tags(reader_t *a)
{
    int warned[2] = {0, 0}, common = SUMMARY | PER_TF;
    for (int i = 0; i < 2 && a->in[i].hdr; i++) {
        find_kinds(a, &a->in[i]);
        common &= a->in[i].kinds;
    }
    for (int i = 0; i < 2 && a->in[i].hdr; i++)
        if (!a->in[i].kinds) return no_tags(a, &a->in[i]);
    if (!common) return other_kinds(a);
    a->tags = common & PER_TF ? PER_TF : SUMMARY;
    if (a->tags == SUMMARY)
        return check_tag(a, -1, "TOP", warned) < 0 || check_tag(a, -1, "DELTA", warned) < 0 ? -1 : 0;
    for (int t = 0; t < a->s->T; t++)
        if (check_tag(a, t, "DELTA", warned) < 0) return -1;
    return 0;
}
