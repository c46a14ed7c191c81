/* bam_tags.c - names, describes and writes aux tags, and removes those of an earlier run. */
#include "config.h"
#include "annotate/bam_tags.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns the type of a tag: text or a float. */
static char tag_type(const tfb_bam_tags_t *t, int i) { return !t->o->session.tf && i == 0 ? 'Z' : 'f'; }

/* ---- names ---- */

/* SAM leaves tags with a lower-case letter, and those that begin with X, Y or Z, to users; the
 * others have meanings. */
static int check_tag(const char *t)
{
    if (!isalpha((unsigned char)t[0]) || !isalnum((unsigned char)t[1]) || t[2]) {
        tfb_error("--tags: a tag's name is a letter and a letter or digit, not '%s'", t);
        return -1;
    }
    if (!islower((unsigned char)t[0]) && !islower((unsigned char)t[1]) && !strchr("XYZ", t[0])) {
        tfb_error("--tags: %s has, or may get, a meaning in SAM; tags with a lower-case letter and X?, Y?, Z? are free",
                  t);
        return -1;
    }
    return 0;
}

/* Names the tags as the manual does. Returns 0, or -1 (logged) if there are too many. */
static int name_by_default(tfb_bam_tags_t *t)
{
    static const char digit[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char best[][3] = {"yt", "ys", "yd"};
    if (!t->o->session.tf) {
        memcpy(t->name, best, (size_t)t->n * sizeof *best);
        return 0;
    }
    if (t->T > 3 * 62) {
        tfb_error("--tf: %d TFs are too many: there are not enough free tags", t->T);
        return -1;
    }
    for (int i = 0; i < t->n; i++) {
        int k = i % t->T, difference = i >= t->T;
        t->name[i][0] = (difference ? "kjh" : "yzw")[k / 62];
        t->name[i][1] = digit[k % 62];
    }
    return 0;
}

/* Names the tags by the n names of --tags. Returns 0, or -1 (logged). */
static int name_by_option(tfb_bam_tags_t *t, char *const *names, int n)
{
    static const char *const expected[2][2] = {
        {"best TF, score", "best TF, score, difference"},
        {"one for each TF", "one for each TF, then as many for the differences"},
    };
    if (n != t->n) {
        tfb_error("--tags takes %d names here (%s), not %d", t->n, expected[t->o->session.tf != NULL][t->o->reads != 0],
                  n);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        if (check_tag(names[i]) < 0) return -1;
        memcpy(t->name[i], names[i], 3);
        for (int k = 0; k < i; k++)
            if (strcmp(t->name[k], t->name[i]) == 0) {
                tfb_error("--tags: %s is given twice", names[i]);
                return -1;
            }
    }
    return 0;
}

int tfb_bam_tags_init(tfb_bam_tags_t *t, const tfb_bam_in_t *in, const tfb_bam_opt_t *o, const tfb_panel_t *panel)
{
    t->in = in;
    t->o = o;
    t->panel = panel;
    t->T = tfb_panel_n_targets(panel);
    t->n = o->session.tf ? t->T : 2;
    if (o->reads) t->n += o->session.tf ? t->T : 1;
    if (!(t->name = calloc((size_t)t->n, sizeof *t->name))) return -1;
    if (!(t->top = calloc((size_t)t->T + 1, sizeof *t->top))) return -1;
    for (int i = 0; i < t->T; i++)
        if (!(t->top[i] = tfb_bam_printable(tfb_panel_target(panel, i)))) return -1;
    if (!o->tags) return name_by_default(t);
    int n, ret;
    char **names = tfb_split(o->tags, ',', &n);
    if (!names) return -1;
    ret = name_by_option(t, names, n);
    tfb_strv_free(names);
    return ret;
}

void tfb_bam_tags_free(tfb_bam_tags_t *t)
{
    tfb_strv_free(t->top);
    free(t->name);
    free(t->stale);
}

/* ---- the header's comments ---- */

static const char comment[] = "@CO\ttfbind "; /* then the tag, :, its type, and a blank before what it is */

/* Appends the description of tag i. Returns -1 if memory runs out. is_stale reads it again. */
static int describe(const tfb_bam_tags_t *t, int i, kstring_t *s)
{
    const char *of = t->o->logit ? "log odds" : "probability";
    if (t->o->session.tf) {
        const char *tf = t->top[i % t->T];
        if (i >= t->T) return ksprintf(s, "change by the read's own bases of the %s that %s binds", of, tf);
        return ksprintf(s, "%s that %s binds%s", of, tf, t->o->reads ? " the read's own bases" : "");
    }
    if (!t->o->reads) return ksprintf(s, i == 0 ? "TF with the highest %s of binding" : "its %s of binding", of);
    if (i == 0) return ksprintf(s, "TF whose binding the read's own bases change most, else the best one");
    return ksprintf(s, i == 1 ? "%s that it binds the read's own bases" : "change of that %s, read - reference", of);
}

/* Returns whether this comment describes a difference from an earlier run with --reads, next to scores
 * that this run, without --reads, replaces. what: the text after the tag and its type. */
static int is_stale(const tfb_bam_tags_t *t, const char *what, size_t n)
{
    static const char one[] = "change of that ", each[] = "change by the read's own bases of the ";
    const char *begin = t->o->session.tf ? each : one;
    if (t->o->reads || strncmp(what, begin, strlen(begin))) return 0;
    if (!t->o->session.tf) return 1;
    const char *that = strstr(what, " that ");
    for (int i = 0; i < t->T && that && that < what + n; i++) {
        size_t m = strlen(t->top[i]);
        if (strncmp(that + 6, t->top[i], m) == 0 && strncmp(that + 6 + m, " binds (", 8) == 0) return 1;
    }
    return 0;
}

static int add_stale(tfb_bam_tags_t *t, const char *tag)
{
    char(*p)[3] = realloc(t->stale, ((size_t)t->n_stale + 1) * sizeof *p);
    if (!p) return -1;
    t->stale = p;
    memcpy(p[t->n_stale], tag, 2);
    p[t->n_stale++][2] = 0;
    return 0;
}

/* Returns whether this header line of n letters is an earlier run's comment about a tag that this run
 * writes or removes; -1 if memory runs out. Adds a tag to remove to t->stale. */
static int is_ours(tfb_bam_tags_t *t, const char *line, size_t n)
{
    const size_t n_begin = sizeof comment - 1;
    const char *tag = line + n_begin;
    if (n <= n_begin + 5 || strncmp(line, comment, n_begin) || tag[2] != ':' || tag[4] != ' ') return 0;
    for (int i = 0; i < t->n; i++)
        if (strncmp(tag, t->name[i], 2) == 0 && tag[3] == tag_type(t, i)) return 1;
    if (tag[3] != 'f' || !is_stale(t, tag + 5, n - n_begin - 5)) return 0;
    return add_stale(t, tag) < 0 ? -1 : 1;
}

/* Removes an earlier run's comments from the header, through its text, because sam_hdr_remove_line_pos()
 * leaves the first line of a kind. Returns 0, or -1. */
static int remove_comments(tfb_bam_tags_t *t, sam_hdr_t **hdr)
{
    const char *text = sam_hdr_str(*hdr);
    kstring_t s = {0, 0, NULL};
    sam_hdr_t *h = NULL;
    int ret = -1, ours;
    if (!text) return -1;
    size_t n_text = sam_hdr_length(*hdr);
    if (ks_resize(&s, n_text + 2) < 0) return -1;
    for (const char *p = text, *end; p < text + n_text; p = end) {
        const char *nl = memchr(p, '\n', (size_t)(text + n_text - p));
        end = nl ? nl + 1 : text + n_text;
        if ((ours = is_ours(t, p, (size_t)(end - p))) < 0) goto done;
        if (!ours) kputsn(p, (size_t)(end - p), &s);
    }
    ret = 0;
    if (s.l == n_text) goto done;
    if (!(h = sam_hdr_parse(s.l, s.s)) || sam_hdr_nref(h) != sam_hdr_nref(*hdr)) {
        sam_hdr_destroy(h);
        ret = -1;
        goto done;
    }
    sam_hdr_destroy(*hdr);
    *hdr = h;
done:
    free(s.s);
    return ret;
}

/* Adds the comment about tag i. Returns 0, or -1. */
static int add_comment(const tfb_bam_tags_t *t, int i, sam_hdr_t *hdr)
{
    kstring_t s = {0, 0, NULL};
    char *by = tfb_bam_printable(tfb_panel_source(t->panel, t->o->session.tf ? i % t->T : -1));
    int ret = -1;
    if (by && ksprintf(&s, "%s%s:%c ", comment, t->name[i], tag_type(t, i)) > 0 && describe(t, i, &s) >= 0 &&
        ksprintf(&s, " (%s)\n", by) > 0)
        ret = sam_hdr_add_lines(hdr, s.s, s.l);
    free(s.s);
    free(by);
    return ret;
}

static int add_program(const tfb_bam_opt_t *o, sam_hdr_t *hdr)
{
    char *line = tfb_bam_printable(o->command ? o->command : "");
    int ret = -1;
    if (line && *line)
        ret = sam_hdr_add_pg(hdr, "tfbind", "VN", PACKAGE_VERSION, "CL", line, NULL);
    else if (line)
        ret = sam_hdr_add_pg(hdr, "tfbind", "VN", PACKAGE_VERSION, NULL);
    free(line);
    return ret;
}

int tfb_bam_tags_header(tfb_bam_tags_t *t, tfb_bam_in_t *in)
{
    int ret = remove_comments(t, &in->hdr);
    for (int i = 0; i < t->n && ret == 0; i++)
        if (add_comment(t, i, in->hdr) < 0) ret = -1;
    if (ret == 0 && !t->o->no_pg && add_program(t->o, in->hdr) < 0) ret = -1;
    if (ret < 0) tfb_error("%s: cannot make the output's header", in->name);
    return ret;
}

/* ---- scores ---- */

static float scaled(const tfb_bam_tags_t *t, float z) { return t->o->logit ? z : tfb_sigmoid(z); }

/* Reports by errno that a record cannot get a tag. Returns -1. */
static int tag_error(const tfb_bam_tags_t *t, const bam1_t *b, int tag)
{
    const char *why = errno ? strerror(errno) : "the record is damaged";
    if (errno == EINVAL) why = "it has one of a different type; choose other names with --tags";
    char *name = tfb_bam_printable(bam_get_qname(b));
    tfb_error("%s: %s (%s:%" PRId64 ") cannot get the tag %s: %s", t->in->name, name ? name : "*",
              sam_hdr_tid2name(t->in->hdr, b->core.tid), (int64_t)b->core.pos + 1, t->name[tag], why);
    free(name);
    return -1;
}

static int set_text(const tfb_bam_tags_t *t, bam1_t *b, int tag, const char *s)
{
    errno = 0;
    return bam_aux_update_str(b, t->name[tag], -1, s) == 0 ? 0 : tag_error(t, b, tag);
}

static int set_score(const tfb_bam_tags_t *t, bam1_t *b, int tag, float v)
{
    errno = 0;
    if (isfinite(v)) return bam_aux_update_float(b, t->name[tag], v) == 0 ? 0 : tag_error(t, b, tag);
    /* weights of absurd size could make inf or nan, which SAM does not have */
    uint8_t *old = bam_aux_get(b, t->name[tag]);
    if (!old || (*old == 'f' && bam_aux_del(b, old) == 0)) return 0;
    errno = EINVAL;
    return tag_error(t, b, tag);
}

/* Writes one tag per TF: the highest score of the windows and, with --reads, the largest difference. */
static int write_each(const tfb_bam_tags_t *t, const tfb_bam_batch_t *b, const tfb_bam_item_t *it)
{
    const tfb_bam_pair_t *p = b->pair + it->first;
    for (int k = 0; k < t->T; k++) {
        float top = -INFINITY, most = 0;
        for (int i = 0; i < it->n; i++) {
            float ref = scaled(t, tfb_bam_logits(b, p[i].ref)[k]), own = scaled(t, tfb_bam_logits(b, p[i].own)[k]);
            if (own > top) top = own;
            if (fabsf(own - ref) > fabsf(most)) most = own - ref;
        }
        if (set_score(t, it->b, k, top) < 0) return -1;
        if (t->o->reads && set_score(t, it->b, t->T + k, most) < 0) return -1;
    }
    return 0;
}

/* Writes the TF of the largest difference, or of the highest score if there is none. */
static int write_best(const tfb_bam_tags_t *t, const tfb_bam_batch_t *b, const tfb_bam_item_t *it)
{
    const tfb_bam_pair_t *p = b->pair + it->first;
    float most = 0, top = -INFINITY;
    int best = 0, window = 0;
    for (int i = 0; i < it->n; i++) {
        const float *ref = tfb_bam_logits(b, p[i].ref), *own = tfb_bam_logits(b, p[i].own);
        for (int k = 0; k < t->T; k++) {
            float d = p[i].ref == p[i].own ? 0 : scaled(t, own[k]) - scaled(t, ref[k]);
            if (fabsf(d) < fabsf(most) || (fabsf(d) == fabsf(most) && own[k] <= top)) continue;
            most = d, top = own[k], window = i, best = k;
        }
    }
    if (set_text(t, it->b, 0, t->top[best]) < 0) return -1;
    if (set_score(t, it->b, 1, scaled(t, tfb_bam_logits(b, p[window].own)[best])) < 0) return -1;
    return t->o->reads ? set_score(t, it->b, 2, most) : 0;
}

static void remove_tag(bam1_t *b, const char *name, char type)
{
    uint8_t *old = bam_aux_get(b, name);
    if (old && *old == type) bam_aux_del(b, old);
}

int tfb_bam_tags_write(const tfb_bam_tags_t *t, const tfb_bam_batch_t *b, const tfb_bam_item_t *it)
{
    if (!it->scorable) return 0;
    for (int k = 0; k < t->n_stale; k++) remove_tag(it->b, t->stale[k], 'f');
    if (it->n) return t->o->session.tf ? write_each(t, b, it) : write_best(t, b, it);
    for (int k = 0; k < t->n; k++) remove_tag(it->b, t->name[k], tag_type(t, k));
    return 0;
}
