/* dbsnp.c - positions of rsIDs, by a VCF of dbSNP that is read once from beginning to end. The rows that look for a
 * position are kept in memory. */
#include "genome/assoc_parts.h"
#include "genome/base.h"
#include "util/progress.h"
#include "util/vec.h"
#include <htslib/khash.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

KHASH_MAP_INIT_INT64(rsid, int)

typedef struct {
    tfb_assoc_row_t *row;
    int next; /* of the same rsID; -1: none */
    int found;
} entry_t;

struct tfb_dbsnp_t {
    khash_t(rsid) * by_id; /* the last entry of an rsID */
    entry_t *entry;
    int n, m;
    kstring_t row;
};

/* A record of dbSNP. */
typedef struct {
    char *chrom, *ref, *alt; /* alt: "A,C" */
    hts_pos_t pos;           /* from 0 */
    int contig;
} site_t;

/* Returns the number of an rsID, or -1. */
static int64_t number_of(const char *s)
{
    hts_pos_t v;
    return strncasecmp(s, "rs", 2) == 0 && tfb_position(s + 2, &v) ? (int64_t)v : -1;
}

tfb_dbsnp_t *tfb_dbsnp_open(void)
{
    tfb_dbsnp_t *d = calloc(1, sizeof *d);
    if (d && (d->by_id = kh_init(rsid))) return d;
    tfb_error("not enough memory for rsIDs");
    free(d);
    return NULL;
}

void tfb_dbsnp_close(tfb_dbsnp_t *d)
{
    if (!d) return;
    for (int i = 0; i < d->n; i++) free(d->entry[i].row);
    free(d->entry);
    kh_destroy(rsid, d->by_id);
    free(d->row.s);
    free(d);
}

int tfb_dbsnp_add(tfb_dbsnp_t *d, const tfb_assoc_row_t *r)
{
    int absent;
    if (TFB_RESERVE(d->entry, d->m, (int64_t)d->n + 1, "rsIDs") < 0) return -1;
    tfb_assoc_row_t *copy = malloc((size_t)r->size);
    khiter_t k = kh_put(rsid, d->by_id, number_of(tfb_row_text(r, TFB_ROW_RSID)), &absent);
    if (!copy || absent < 0) {
        free(copy);
        tfb_error("not enough memory for %d rsIDs", d->n);
        return -1;
    }
    memcpy(copy, r, (size_t)r->size);
    d->entry[d->n] = (entry_t){.row = copy, .next = absent ? -1 : kh_val(d->by_id, k)};
    kh_val(d->by_id, k) = d->n++;
    return 0;
}

/* ---- the alleles of a row ---- */

/* Returns whether a is b, or its reverse complement. */
static int same_allele(const char *a, const char *b)
{
    size_t n = strlen(a);
    int other = n == strlen(b);
    if (strcasecmp(a, b) == 0) return 1;
    for (size_t i = 0; i < n && other; i++)
        other = tfb_base_code[(unsigned char)a[i]] == tfb_base_comp(tfb_base_code[(unsigned char)b[n - 1 - i]]);
    return other;
}

/* Adds a row with this site's place. alt NULL: it keeps its own alleles. Returns 0, or -1 (logged). */
static int add(tfb_dbsnp_t *d, const tfb_assoc_row_t *r, const site_t *site, const char *alt, tfb_sorter_t *s)
{
    tfb_assoc_row_t row = *r;
    const char *text[TFB_ROW_TEXTS];
    for (int k = 0; k < TFB_ROW_TEXTS; k++) text[k] = tfb_row_text(r, (tfb_row_text_t)k);
    row.contig = site->contig;
    row.pos = site->pos;
    if (alt) {
        int ref_effect = *text[TFB_ROW_EFFECT] && same_allele(text[TFB_ROW_EFFECT], site->ref);
        text[TFB_ROW_EFFECT] = ref_effect ? site->ref : alt;
        text[TFB_ROW_OTHER] = ref_effect ? alt : site->ref;
        row.ref = ref_effect ? TFB_ROW_EFFECT : TFB_ROW_OTHER;
    }
    if (tfb_row_pack(&d->row, &row, text) < 0) {
        tfb_error("not enough memory for a row of rsIDs");
        return -1;
    }
    return tfb_sorter_add(s, (const tfb_assoc_row_t *)(const void *)d->row.s);
}

/* Adds a row, with a record for each ALT that may be its. Returns their number, or -1 (logged). */
static int add_row(tfb_dbsnp_t *d, const tfb_assoc_row_t *r, const site_t *site, tfb_sorter_t *s)
{
    const char *effect = tfb_row_text(r, TFB_ROW_EFFECT), *other = tfb_row_text(r, TFB_ROW_OTHER);
    int n = 0;
    char *alts = strdup(site->alt);
    if (!alts) {
        tfb_error("not enough memory for a row of rsIDs");
        return -1;
    }
    if (*effect && *other) {
        n = add(d, r, site, NULL, s) < 0 ? -1 : 1;
    } else
        for (char *a = alts, *next; a && n >= 0; a = next) {
            if ((next = strchr(a, ','))) *next++ = 0;
            if (*a == '.' || *a == '<' || *a == '*') continue;
            if (*effect && !same_allele(effect, site->ref) && !same_allele(effect, a)) continue;
            n = add(d, r, site, a, s) < 0 ? -1 : n + 1;
        }
    free(alts);
    return n;
}

/* ---- the file ---- */

/* Splits a record up to ALT in place. Returns the number of its rsID if one of the rows has it, else -1. Returns -2 if
 * it is no record (logged). */
static khiter_t look_up(const tfb_dbsnp_t *d, tfb_lines_t *in, site_t *site)
{
    char *c[5], *s = in->s.s;
    for (int i = 0; i < 5; i++) {
        c[i] = s;
        if (!s || !(s = strchr(s, '\t'))) {
            tfb_lines_error(in, "not a record of VCF: fewer than five columns");
            return kh_end(d->by_id) + 1;
        }
        *s++ = 0;
    }
    const char *end = tfb_position(c[1], &site->pos);
    if (!end || *end) {
        tfb_lines_error(in, "not a record of VCF: POS is '%.40s'", c[1]);
        return kh_end(d->by_id) + 1;
    }
    site->pos--;
    site->chrom = c[0];
    site->ref = c[3];
    site->alt = c[4];
    return kh_get(rsid, d->by_id, number_of(c[2]));
}

/* Adds the rows of an rsID. Returns 0, or -1 (logged). */
static int take(tfb_dbsnp_t *d, const tfb_rows_in_t *in, const site_t *site, int first, tfb_sorter_t *s)
{
    for (int i = first; i >= 0; i = d->entry[i].next) {
        entry_t *e = &d->entry[i];
        if (e->found) continue; /* at its first place: PAR is in X and Y */
        int n = site->contig < 0 ? 0 : add_row(d, e->row, site, s);
        if (n < 0) return -1;
        e->found = n > 0;
        if (n > 1) in->count->several += n - 1;
    }
    return 0;
}

int tfb_dbsnp_find(tfb_dbsnp_t *d, const tfb_rows_in_t *in, const char *path, tfb_sorter_t *s)
{
    tfb_lines_t l = {0};
    site_t site = {.contig = -1};
    char *chrom = NULL;
    int got, ret = -1;
    if (!d->n) return 0;
    if (tfb_lines_open(&l, in->o->dbsnp) < 0) return -1;
    tfb_progress_begin("lines of dbSNP", "");
    while ((got = tfb_lines_next(&l)) > 0) {
        if (tfb_progress_due()) tfb_progress(l.n, tfb_lines_fraction(&l), site.contig < 0 ? NULL : chrom, site.pos);
        if (l.n == 1 && strncmp(l.s.s, "##fileformat=VCF", 16)) {
            tfb_error("%s is not VCF (a BCF: convert it with `bcftools view`)", l.name);
            goto done;
        }
        if (*l.s.s == '#' || !*l.s.s) continue;
        khiter_t k = look_up(d, &l, &site);
        if (k == kh_end(d->by_id)) continue;
        if (k > kh_end(d->by_id)) goto done;
        if (!chrom || strcmp(chrom, site.chrom)) {
            free(chrom);
            chrom = strdup(site.chrom);
            site.contig = tfb_assoc_contig(in->fasta, site.chrom, 26);
        }
        if (take(d, in, &site, kh_val(d->by_id, k), s) < 0) goto done;
    }
    ret = got;
    for (int i = 0; i < d->n && ret == 0; i++)
        if (!d->entry[i].found)
            ret = tfb_row_leave(in->count, TFB_LEFT_DBSNP, NULL, in->o->strict, path, d->entry[i].row->line);
done:
    free(chrom);
    tfb_lines_close(&l);
    return ret;
}
