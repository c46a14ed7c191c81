/* vcf_tags.c - writes the tags of the table into records, and removes those of an earlier run. */
#include "annotate/vcf_tags.h"
#include "util/vec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_INFO = 65535, /* most tags of a record in BCF; htslib does not check the count */
    MOST_FORMAT = 255,
};

int tfb_vcf_tags_init(tfb_vcf_tags_t *w, const tfb_vcf_header_t *h, tfb_phased_t *phased)
{
    w->h = h;
    w->phased = phased;
    for (int t = 0; t < tfb_panel_n_targets(h->run.panel); t++) {
        size_t n = strlen(tfb_panel_target(h->run.panel, t));
        if (n > w->longest_name) w->longest_name = n;
    }
    if ((w->has = calloc((size_t)h->n_sets, 1))) return 0;
    tfb_error("not enough memory for the tags of a record");
    return -1;
}

void tfb_vcf_tags_free(tfb_vcf_tags_t *w)
{
    free(w->alt);
    free(w->value);
    free(w->whole);
    free(w->has);
    free(w->info.s);
    free(w->text.s);
}

/* ---- adding to a record ---- */

/* Writes a value of a tag, never inf or nan, which weights of absurd size could make. */
static void set_value(float *to, float v)
{
    if (isfinite(v))
        *to = v;
    else
        bcf_float_set_missing(*to);
}

static int tag_error(const tfb_vcf_tags_t *w, const bcf1_t *rec, const char *name)
{
    tfb_error("%s:%" PRId64 ": cannot add INFO/%s", bcf_seqname_safe(w->h->hdr, rec), (int64_t)rec->pos + 1, name);
    return -1;
}

static int too_many(const tfb_vcf_tags_t *w, const bcf1_t *rec, const char *field, int most)
{
    tfb_error("%s:%" PRId64 ": a record can have %d %s tags and would have more (%s): choose fewer TFs with --tf",
              bcf_seqname_safe(w->h->hdr, rec), (int64_t)rec->pos + 1, most, field, w->h->in);
    return -1;
}

/* Packs the numbers v[n] of a tag into w->info, or sets them in the record if this has been changed. Returns as
 * htslib's functions do. */
static int put_numbers(tfb_vcf_tags_t *w, bcf1_t *rec, const tfb_vcf_tag_t *tag, const float *v, int n)
{
    int whole = strcmp(tag->kind->type, "Integer") == 0;
    for (int i = 0; whole && i < n; i++) w->whole[i] = bcf_float_is_missing(v[i]) ? bcf_int32_missing : (int32_t)v[i];
    if (rec->d.shared_dirty)
        return whole ? bcf_update_info_int32(w->h->hdr, rec, tag->name, w->whole, n)
                     : bcf_update_info_float(w->h->hdr, rec, tag->name, v, n);
    return whole ? bcf_enc_vint(&w->info, n, w->whole, -1) : bcf_enc_vfloat(&w->info, n, (float *)v);
}

/* Adds v[n], or the text of w if v is NULL. Tags are packed as in BCF and appended to the record together:
 * bcf_update_info() looks through all of a record's tags for each that it adds, and --tf all adds some
 * hundreds. Nothing is appended to a record that htslib will repack because tags were removed. Returns 0,
 * or -1 (logged). */
static int add_info(tfb_vcf_tags_t *w, bcf1_t *rec, const tfb_vcf_tag_t *tag, const float *v, int n)
{
    int r;
    if (rec->n_info + (unsigned)w->n_info >= MOST_INFO) return too_many(w, rec, "INFO", MOST_INFO);
    if (rec->d.shared_dirty && v)
        r = put_numbers(w, rec, tag, v, n);
    else if (rec->d.shared_dirty)
        r = bcf_update_info_string(w->h->hdr, rec, tag->name, w->text.s);
    else {
        w->n_info++;
        r = bcf_enc_int1(&w->info, tag->id);
        if (r >= 0 && v) r = put_numbers(w, rec, tag, v, n);
        if (r >= 0 && !v) r = bcf_enc_vchar(&w->info, (int)w->text.l, w->text.s);
    }
    return r < 0 ? tag_error(w, rec, tag->name) : 0;
}

static int append_tags(tfb_vcf_tags_t *w, bcf1_t *rec)
{
    if (!w->n_info) return 0;
    if (kputsn(w->info.s, w->info.l, &rec->shared) < 0) return tag_error(w, rec, w->h->tag[0].name);
    rec->n_info += (unsigned)w->n_info;
    rec->unpacked &= ~BCF_UN_INFO; /* not known to whoever looked before */
    w->n_info = 0;
    w->info.l = 0;
    return 0;
}

/* Writes the numbers of a tag. A tag of Number=R begins with REF's value, taken from the first ALT with a
 * score. */
static int write_numbers(tfb_vcf_tags_t *w, bcf1_t *rec, const tfb_vcf_tag_t *tag)
{
    int n = 0;
    if (*tag->kind->number == 'R') {
        const tfb_tag_alt_t *first = w->alt;
        while (!first->z_alt) first++;
        tfb_tag_alt_t ref = *first;
        ref.t = tag->t;
        ref.z_alt = ref.z_ref;
        set_value(&w->value[n++], tag->kind->number_of(&ref));
    }
    for (int i = 0; i < w->n_alts; i++, n++) {
        bcf_float_set_missing(w->value[n]);
        if (w->alt[i].t >= 0) set_value(&w->value[n], tag->kind->number_of(&w->alt[i]));
    }
    return add_info(w, rec, tag, w->value, n);
}

/* Writes the text of a tag, if any ALT has one. */
static int write_text(tfb_vcf_tags_t *w, bcf1_t *rec, const tfb_vcf_tag_t *tag)
{
    int any = 0;
    w->text.l = 0;
    if (*tag->kind->number == '1') {
        tfb_tag_alt_t of_record = w->alt[0];
        of_record.t = w->main_t;
        any = tag->kind->text_of(&of_record, &w->text);
    } else
        for (int i = 0; i < w->n_alts; i++) {
            if (i) kputc(',', &w->text);
            any |= tag->kind->text_of(&w->alt[i], &w->text);
        }
    return any ? add_info(w, rec, tag, NULL, 0) : 0;
}

static int write_format(tfb_vcf_tags_t *w, bcf1_t *rec, const tfb_vcf_tag_t *tag)
{
    const tfb_tag_alt_t *a = w->alt;
    if (rec->n_fmt >= MOST_FORMAT && !bcf_get_fmt_id(rec, tag->id)) return too_many(w, rec, "FORMAT", MOST_FORMAT);
    return tfb_phased_format(w->phased, w->h->hdr, rec, a->hap, a->windows, w->main_t, tag->name);
}

/* Writes the tags of set s of a group. Returns 0, or -1 (logged). */
static int write_set(tfb_vcf_tags_t *w, bcf1_t *rec, tfb_tag_group_t group, int s)
{
    const tfb_vcf_header_t *h = w->h;
    const tfb_vcf_tag_t *tag = &h->tag[h->first[group] + s * h->n_in_set[group]];
    for (int k = 0; k < h->n_in_set[group]; k++, tag++) {
        int r = 0;
        if (!tag->written) continue;
        if (tag->kind->number_of)
            r = write_numbers(w, rec, tag);
        else if (tag->kind->text_of)
            r = write_text(w, rec, tag);
        else
            r = write_format(w, rec, tag);
        if (r < 0) return -1;
    }
    return 0;
}

/* ---- the TF of each ALT ---- */

/* Chooses the TF that changes most for each ALT. Returns whether any has one. */
static int choose_top(tfb_vcf_tags_t *w)
{
    const tfb_tag_run_t *run = &w->h->run;
    int any = 0;
    for (int i = 0; i < w->n_alts; i++) {
        tfb_tag_alt_t *a = &w->alt[i];
        a->t = a->z_alt ? tfb_effect_top(run->effect, run->panel, a->z_ref, a->z_alt) : -1;
        any |= a->t >= 0;
    }
    return any;
}

/* Chooses target t for each ALT that changes it enough. Returns whether any does. */
static int choose_tf(tfb_vcf_tags_t *w, int t)
{
    const tfb_tag_run_t *run = &w->h->run;
    const double least = run->effect->min_percentile;
    int any = 0;
    for (int i = 0; i < w->n_alts; i++) {
        tfb_tag_alt_t *a = &w->alt[i];
        a->t = a->z_alt ? t : -1;
        if (a->z_alt && least > 0 &&
            !(tfb_effect_percentile(run->effect, run->panel, t, a->z_ref[t], a->z_alt[t]) >= least))
            a->t = -1;
        any |= a->t >= 0;
    }
    return any;
}

/* Returns the TF of the ALT with the largest change: one for all haplotypes, so that their values compare. */
static int largest_change(const tfb_vcf_tags_t *w)
{
    float most = -1;
    int t = 0;
    for (int i = 0; i < w->n_alts; i++) {
        const tfb_tag_alt_t *a = &w->alt[i];
        float d = a->t >= 0 ? fabsf(tfb_sigmoid(a->z_alt[a->t]) - tfb_sigmoid(a->z_ref[a->t])) : -1;
        if (d > most) most = d, t = a->t;
    }
    return t;
}

/* Writes the tags of haplotypes after all others. With --tf, a TF without other tags gets none here.
 * Without --tf, the TF of each ALT has been chosen. */
static int write_haplotypes(tfb_vcf_tags_t *w, bcf1_t *rec)
{
    if (!w->h->run.per_tf) {
        w->main_t = largest_change(w);
        return write_set(w, rec, TFB_TAGS_OF_HAPLOTYPES, 0);
    }
    for (int t = 0; t < w->h->n_sets; t++) {
        if (!w->has[t]) continue;
        w->main_t = t;
        for (int i = 0; i < w->n_alts; i++) w->alt[i].t = t;
        if (write_set(w, rec, TFB_TAGS_OF_HAPLOTYPES, t) < 0) return -1;
    }
    return 0;
}

/* ---- a record ---- */

/* Removes an earlier run's tags, even if nothing replaces them. */
static int remove_tags(const tfb_vcf_tags_t *w, bcf1_t *rec)
{
    for (int k = 0; k < w->h->n_tags; k++) {
        const tfb_vcf_tag_t *tag = &w->h->tag[k];
        int r = 0;
        if (tag->id < 0) continue;
        if (tag->kind->field == BCF_HL_INFO && bcf_get_info_id(rec, tag->id))
            r = bcf_update_info(w->h->hdr, rec, tag->name, NULL, 0, BCF_HT_REAL);
        if (tag->kind->field == BCF_HL_FMT && bcf_get_fmt_id(rec, tag->id))
            r = bcf_update_format(w->h->hdr, rec, tag->name, NULL, 0, BCF_HT_REAL);
        if (r < 0) return -1;
    }
    return 0;
}

/* Makes room for n ALTs of a record, so that appending to w->text cannot fail. Returns 0, or -1 (logged). */
static int reserve(tfb_vcf_tags_t *w, const bcf1_t *rec, int n)
{
    if (n > w->m_alts) {
        int m = 2 * n + 64;
        int ok = 1;
        w->alt = tfb_resize(w->alt, (size_t)m, sizeof *w->alt, &ok);
        w->value = tfb_resize(w->value, (size_t)m + 1, sizeof *w->value, &ok);
        w->whole = tfb_resize(w->whole, (size_t)m + 1, sizeof *w->whole, &ok);
        if (!ok) {
            tfb_error("not enough memory for a record with %d ALTs", n);
            return -1;
        }
        w->m_alts = m;
    }
    if (ks_resize(&w->text, rec->shared.l + (size_t)n * (w->longest_name + TFB_TAG_TEXT) + TFB_TAG_TEXT) == 0) return 0;
    tfb_error("not enough memory for the tags of a record");
    return -1;
}

/* Collects the ALTs of a record. Returns whether any is scored, or -1 (logged). */
static int collect_alts(tfb_vcf_tags_t *w, const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it)
{
    int any = 0, n = it->rec->n_allele - 1;
    for (int i = 0; i < n; i++) any |= b->alt[it->first + i].alt >= 0;
    if (!any) return 0;
    if (reserve(w, it->rec, n) < 0) return -1;
    w->n_alts = n;
    for (int i = 0; i < n; i++) {
        const float *z = tfb_vcf_alt_logits(b, it, i);
        w->alt[i] = (tfb_tag_alt_t){
            .run = &w->h->run,
            .t = -1,
            .z_alt = z,
            .z_ref = z ? tfb_vcf_ref_logits(b, it, i) : NULL,
            .allele = it->rec->d.allele[i + 1],
            .contig = bcf_seqname_safe(w->h->hdr, it->rec),
            .change = b->alt[it->first + i].change,
            .i = i,
            .window = b->alt[it->first + i].alt,
            .hap = &it->hap,
            .windows = &b->win,
        };
    }
    return 1;
}

/* Counts the calls of the TFs chosen. */
static void count_calls(tfb_vcf_tags_t *w)
{
    const tfb_tag_run_t *run = &w->h->run;
    for (int i = 0; i < w->n_alts; i++) {
        const tfb_tag_alt_t *a = &w->alt[i];
        if (a->t < 0) continue;
        if (!run->per_tf) tfb_runstats_count(w->stats, TFB_COUNT_TOP, a->t);
        tfb_runstats_call(w->stats, a->t,
                          tfb_effect_call(run->effect, run->panel, a->t, a->z_ref[a->t], a->z_alt[a->t]));
    }
}

/* Writes all tags of a record whose ALTs have been collected. Returns 0, or -1 (logged). */
static int write_tags(tfb_vcf_tags_t *w, bcf1_t *rec, int has_haplotypes)
{
    const tfb_vcf_header_t *h = w->h;
    int any = 0;
    for (int s = 0; s < h->n_sets; s++) {
        int has = h->run.per_tf ? choose_tf(w, s) : choose_top(w);
        w->has[s] = (char)has;
        any |= has;
        if (w->stats) count_calls(w);
        if (has && write_set(w, rec, TFB_TAGS_OF_ALT, s) < 0) return -1;
    }
    w->n_below += !any;
    if (!any) return 0;
    if (h->writes[TFB_TAGS_OF_RECORD]) {
        if (h->run.per_tf) choose_top(w);
        if (write_set(w, rec, TFB_TAGS_OF_RECORD, 0) < 0) return -1;
    }
    if (has_haplotypes && write_haplotypes(w, rec) < 0) return -1;
    return append_tags(w, rec);
}

int tfb_vcf_tags_write(tfb_vcf_tags_t *w, const tfb_vcf_batch_t *b, const tfb_vcf_item_t *it)
{
    bcf1_t *rec = it->rec;
    if (it->keep && remove_tags(w, rec) < 0) {
        tfb_error("%s:%" PRId64 ": cannot remove the tags of an earlier run (%s)", bcf_seqname_safe(w->h->hdr, rec),
                  (int64_t)rec->pos + 1, w->h->in);
        return -1;
    }
    int scored = collect_alts(w, b, it);
    return scored > 0 ? write_tags(w, rec, w->phased && it->hap.number >= 0) : scored;
}
