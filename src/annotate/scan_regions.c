/* scan_regions.c - reads, sorts and merges the regions of scan. */
#include "annotate/scan_regions.h"
#include "genome/lines.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/vec.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    tfb_session_t *s;
    const tfb_open_opt_t *open; /* or NULL */
    tfb_scan_region_t *region;
    int n_regions, m_regions;
} list_t;

static int add_region(list_t *a, int tid, hts_pos_t beg, hts_pos_t end)
{
    hts_pos_t len = tfb_fasta_len(a->s->fasta, tfb_fasta_contig(a->s->fasta, tid));
    if (TFB_RESERVE(a->region, a->m_regions, a->n_regions + 1, "regions") < 0) return -1;
    a->region[a->n_regions++] = (tfb_scan_region_t){.tid = tid, .beg = beg < 0 ? 0 : beg, .end = end < len ? end : len};
    return 0;
}

static int parse_regions(list_t *a, const char *s)
{
    int tid;
    hts_pos_t beg, end;
    if (!*s) { /* an unset variable of a script */
        tfb_error("-r is empty");
        return -1;
    }
    while (*s) {
        const char *next = tfb_fasta_region(a->s->fasta, s, &tid, &beg, &end);
        if (!next) {
            tfb_error("no region %.*s in %s", (int)strcspn(s, ","), s, a->s->o.fasta);
            return -1;
        }
        if (add_region(a, tid, beg, end) < 0) return -1;
        s = next;
    }
    return 0;
}

/* Parses a line of contig, position and end, both from 1; without an end, one base. Returns 0, or -1
 * (logged). */
static int region_fields(const tfb_lines_t *in, tfb_bed_t *b)
{
    const char *s = in->s.s, *e;
    b->n_contig = strcspn(s, "\t ");
    s += b->n_contig;
    s += strspn(s, "\t ");
    s = b->n_contig ? tfb_position(s, &b->beg) : NULL;
    if (!s || (*s && *s != '\t' && *s != ' ') || b->beg < 1) goto bad;
    s += strspn(s, "\t ");
    if (!(e = tfb_position(s, &b->end)) || (*e && *e != '\t' && *e != ' ')) b->end = b->beg;
    if (b->end < b->beg) goto bad;
    b->beg--;
    return 0;
bad:
    return tfb_lines_error(in, "not a region: expected contig, position and end, from 1");
}

/* Reads regions as bcftools does: BED counts from 0; other files have contig, position and end, both from
 * 1, and one base has no end. */
static int read_regions(list_t *a, const char *path)
{
    size_t n = strlen(path);
    int bed = (n > 4 && strcasecmp(path + n - 4, ".bed") == 0) || (n > 7 && strcasecmp(path + n - 7, ".bed.gz") == 0),
        ret = -1, r, tid;
    kstring_t contig = {0, 0, NULL};
    tfb_lines_t in = {0};
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((r = tfb_lines_next(&in)) > 0) {
        tfb_bed_t b;
        if (tfb_bed_is_header(&in)) continue;
        if ((bed ? tfb_bed_fields(&in, &b) : region_fields(&in, &b)) < 0) goto done;
        contig.l = 0;
        if (kputsn(in.s.s, b.n_contig, &contig) < 0) {
            tfb_lines_error(&in, "not enough memory");
            goto done;
        }
        if ((tid = tfb_session_contig(a->s, contig.s, path)) < 0) {
            tfb_lines_error(&in, "%s has no contig %s", a->s->o.fasta, contig.s);
            goto done;
        }
        if (add_region(a, tid, b.beg, b.end) < 0) goto done;
    }
    ret = r;
done:
    free(contig.s);
    tfb_lines_close(&in);
    return ret;
}

static int by_place(const void *x, const void *y)
{
    const tfb_scan_region_t *a = x, *b = y;
    if (a->tid != b->tid) return a->tid < b->tid ? -1 : 1;
    return a->beg < b->beg ? -1 : a->beg > b->beg;
}

/* Writes the intersection of two lists of regions, both sorted and merged, to a->region. Returns 0, or -1 (logged). */
static int intersect(list_t *a, const tfb_scan_region_t *x, int n_x, const tfb_scan_region_t *y, int n_y)
{
    a->n_regions = 0;
    for (int i = 0, k = 0; i < n_x && k < n_y;) {
        hts_pos_t beg = x[i].beg > y[k].beg ? x[i].beg : y[k].beg, end = x[i].end < y[k].end ? x[i].end : y[k].end;
        if (x[i].tid == y[k].tid && beg < end && add_region(a, x[i].tid, beg, end) < 0) return -1;
        int x_ends = x[i].tid != y[k].tid ? x[i].tid < y[k].tid : x[i].end <= y[k].end;
        if (x_ends)
            i++;
        else
            k++;
    }
    return 0;
}

/* Keeps what is open of the regions. Returns 0, or -1 (logged). */
static int keep_open(list_t *a)
{
    tfb_open_t *open = tfb_open_load(a->open, a->s->fasta);
    const tfb_regions_t *r = open ? tfb_open_regions(open) : NULL;
    tfb_scan_region_t *x = a->region, *y = NULL;
    int n = a->n_regions, m = 0, ret = -1;
    if (r && r->n <= INT32_MAX) {
        a->region = NULL;
        a->m_regions = 0;
        ret = TFB_RESERVE(y, m, r->n, "regions");
        for (int64_t i = 0; i < r->n && ret == 0; i++)
            y[i] = (tfb_scan_region_t){tfb_fasta_find(a->s->fasta, r->contigs[r->contig[i]]), r->beg[i], r->end[i]};
        if (ret == 0) tfb_sort(y, (size_t)r->n, sizeof *y, by_place);
        if (ret == 0) ret = intersect(a, x, n, y, (int)r->n);
        free(x);
    }
    if (ret == 0 && !a->n_regions)
        tfb_warn("%s has no interval in the regions: there is nothing to scan", a->open->path);
    free(y);
    tfb_open_destroy(open);
    return ret;
}

/* Makes the sorted, merged list. Returns 0, or -1 (logged). */
static int make_regions(list_t *a, const tfb_scan_where_t *o)
{
    int m = 0;
    if (o->regions && parse_regions(a, o->regions) < 0) return -1;
    if (o->file && read_regions(a, o->file) < 0) return -1;
    if (!o->regions && !o->file)
        for (int i = 0; i < tfb_fasta_n_contigs(a->s->fasta); i++)
            if (add_region(a, i, 0, HTS_POS_MAX) < 0) return -1;
    tfb_sort(a->region, (size_t)a->n_regions, sizeof *a->region, by_place);
    for (int i = 0; i < a->n_regions; i++) {
        tfb_scan_region_t r = a->region[i], *last = m ? &a->region[m - 1] : NULL;
        if (r.beg >= r.end) continue;
        if (last && last->tid == r.tid && r.beg <= last->end)
            last->end = r.end > last->end ? r.end : last->end;
        else
            a->region[m++] = r;
    }
    a->n_regions = m;
    return a->open && a->open->path ? keep_open(a) : 0;
}

int tfb_scan_regions(tfb_session_t *s, const tfb_scan_where_t *o, const tfb_open_opt_t *open, tfb_scan_region_t **list,
                     int *n)
{
    list_t a = {.s = s, .open = open};
    int ret = make_regions(&a, o);
    *list = a.region;
    *n = a.n_regions;
    return ret;
}
