/* overlay.c - windows of values -> a track. Windows are sorted by place and summed in a buffer of W
 * positions. */
#include "explain/overlay.h"
#include "util/sort.h"
#include "util/util.h"
#include "util/vec.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int tid;
    hts_pos_t beg;
    int64_t at; /* place in the file, in windows */
} place_t;

struct tfb_overlay_t {
    int W;
    FILE *f;
    place_t *place;
    int64_t n;
    int m;
    float *v;    /* (W) */
    double *sum; /* (W): from the first position that is not written yet */
    int *count;  /* (W): number of windows that contain the position */
};

tfb_overlay_t *tfb_overlay_create(int W)
{
    tfb_overlay_t *o = calloc(1, sizeof *o);
    if (!o || !(o->v = calloc((size_t)W, sizeof *o->v)) || !(o->sum = calloc((size_t)W, sizeof *o->sum)) ||
        !(o->count = calloc((size_t)W, sizeof *o->count))) {
        tfb_error("not enough memory for a track");
        tfb_overlay_destroy(o);
        return NULL;
    }
    o->W = W;
    if (!(o->f = tmpfile())) {
        tfb_error("cannot make a temporary file for a track: %s", strerror(errno));
        tfb_overlay_destroy(o);
        return NULL;
    }
    return o;
}

void tfb_overlay_destroy(tfb_overlay_t *o)
{
    if (!o) return;
    if (o->f) fclose(o->f);
    free(o->place);
    free(o->v);
    free(o->sum);
    free(o->count);
    free(o);
}

int tfb_overlay_add(tfb_overlay_t *o, int tid, hts_pos_t beg, const float *v)
{
    if (TFB_RESERVE(o->place, o->m, o->n + 1, "a track") < 0) return -1;
    o->place[o->n] = (place_t){.tid = tid, .beg = beg, .at = o->n};
    o->n++;
    if (fwrite(v, sizeof *v, (size_t)o->W, o->f) == (size_t)o->W) return 0;
    tfb_error("cannot write the temporary file of a track: %s", strerror(errno));
    return -1;
}

static int by_place(const void *x, const void *y)
{
    const place_t *a = x, *b = y;
    if (a->tid != b->tid) return a->tid < b->tid ? -1 : 1;
    if (a->beg != b->beg) return a->beg < b->beg ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at); /* keeps sums independent of how qsort orders equals */
}

/* Writes the first n positions of the buffer, which begins at beg, and moves the others up. */
static int release(tfb_overlay_t *o, const char *contig, hts_pos_t beg, int n, tfb_track_t *track)
{
    for (int l = 0; l < n; l++)
        if (o->count[l] && tfb_track_add(track, contig, beg + l, beg + l + 1, (float)(o->sum[l] / o->count[l])) < 0)
            return -1;
    memmove(o->sum, o->sum + n, (size_t)(o->W - n) * sizeof *o->sum);
    memmove(o->count, o->count + n, (size_t)(o->W - n) * sizeof *o->count);
    memset(o->sum + o->W - n, 0, (size_t)n * sizeof *o->sum);
    memset(o->count + o->W - n, 0, (size_t)n * sizeof *o->count);
    return 0;
}

int tfb_overlay_write(tfb_overlay_t *o, const tfb_fasta_t *f, tfb_track_t *track, int64_t *n_mean)
{
    const place_t *last = NULL;
    *n_mean = 0;
    tfb_sort(o->place, (size_t)o->n, sizeof *o->place, by_place);
    for (int64_t i = 0; i < o->n; i++) {
        const place_t *p = &o->place[i];
        if (last) {
            int near = p->tid == last->tid && p->beg < last->beg + o->W;
            if (release(o, tfb_fasta_contig(f, last->tid), last->beg, near ? (int)(p->beg - last->beg) : o->W, track) <
                0)
                return -1;
            *n_mean += near;
        }
        if (fseeko(o->f, (off_t)p->at * o->W * (off_t)sizeof *o->v, SEEK_SET) < 0 ||
            fread(o->v, sizeof *o->v, (size_t)o->W, o->f) != (size_t)o->W) {
            tfb_error("cannot read the temporary file of a track: %s",
                      errno ? strerror(errno) : "it is too short (is the disk full?)");
            return -1;
        }
        for (int l = 0; l < o->W; l++) o->sum[l] += (double)o->v[l], o->count[l]++;
        last = p;
    }
    return last ? release(o, tfb_fasta_contig(f, last->tid), last->beg, o->W, track) : 0;
}
