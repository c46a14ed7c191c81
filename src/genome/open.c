/* open.c - intervals of open chromatin, and lookups in them. */
#include "genome/open.h"
#include "genome/bwread.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct tfb_open_t {
    tfb_regions_t *regions;
    const tfb_fasta_t *fasta;
    char *asked;        /* the last contig */
    const char *contig; /* its name in the regions; NULL: the FASTA does not have it */
};

typedef struct {
    tfb_regions_builder_t *builder;
    double min;
} values_t;

static int add_value(void *arg, const char *contig, hts_pos_t beg, hts_pos_t end, float v)
{
    values_t *a = arg;
    return (double)v >= a->min && tfb_regions_add(a->builder, contig, beg, end) < 0 ? -1 : 0;
}

/* Reads a bigWig. Returns NULL on failure (logged). */
static tfb_regions_t *read_bigwig(const tfb_open_opt_t *o, const tfb_fasta_t *fasta)
{
    values_t a = {tfb_regions_begin(o->path, fasta), o->min};
    tfb_reads(o->path, "the open regions");
    if (a.builder && tfb_bigwig_read(o->path, add_value, &a) == 0) return tfb_regions_end(a.builder);
    tfb_regions_cancel(a.builder);
    return NULL;
}

tfb_open_t *tfb_open_load(const tfb_open_opt_t *o, const tfb_fasta_t *fasta)
{
    int kind = strcmp(o->path, "-") == 0 ? 0 : tfb_bigwig_is(o->path);
    tfb_open_t *p = calloc(1, sizeof *p);
    if (!p)
        tfb_error("not enough memory for %s", o->path);
    else if (kind < 0)
        tfb_error("%s is a bigWig in the byte order of another kind of machine: convert it", o->path);
    else if (kind && !o->has_min)
        tfb_error("%s is a bigWig: --open-min says which values count as open", o->path);
    else if (!kind && o->has_min)
        tfb_error("--open-min is for values: %s is not a bigWig", o->path);
    else
        p->regions = kind ? read_bigwig(o, fasta) : tfb_regions_of_bed(o->path, fasta);
    if (p && p->regions) {
        p->fasta = fasta;
        return p;
    }
    tfb_open_destroy(p);
    return NULL;
}

void tfb_open_destroy(tfb_open_t *p)
{
    if (!p) return;
    tfb_regions_destroy(p->regions);
    free(p->asked);
    free(p);
}

tfb_regions_t *tfb_open_take(tfb_open_t *p)
{
    tfb_regions_t *r = p->regions;
    p->regions = NULL;
    tfb_open_destroy(p);
    return r;
}

const tfb_regions_t *tfb_open_regions(const tfb_open_t *p) { return p->regions; }

int tfb_open_overlaps(tfb_open_t *p, const char *contig, hts_pos_t beg, hts_pos_t end)
{
    if (!p->asked || strcmp(p->asked, contig)) {
        int k = p->fasta ? tfb_fasta_find(p->fasta, contig) : -1;
        free(p->asked);
        p->asked = strdup(contig); /* NULL: it is looked up again next time */
        p->contig = k >= 0 ? tfb_fasta_contig(p->fasta, k) : NULL;
    }
    const char *name = p->fasta ? p->contig : contig;
    return name && tfb_regions_overlap(p->regions, name, beg, end);
}
