/* track.c - values along the genome, as bedGraph (plain or bgzip) or bigWig. */
#include "genome/track.h"
#include "genome/bigwig.h"
#include "genome/output.h"
#include "util/files.h"
#include "util/sort.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct tfb_track_t {
    char *path;
    FILE *text; /* bigWig too */
    tfb_out_t *out;
    BGZF *gz;
    tfb_bigwig_t *bw;
    FILE *spill; /* shared by all bigWigs: the first track closes it */
    int decimals;
    kstring_t line;
};

/* Ends the writing of a track without putting it in place. keep 0: it will not be put in place.
 * Returns 0, or -1 (an error is logged). */
static int finish_track(tfb_track_t *t, int keep)
{
    int ret = keep ? 0 : -1;
    if (t->bw && keep && tfb_bigwig_end(t->bw) < 0) keep = 0, ret = -1;
    tfb_bigwig_destroy(t->bw);
    t->bw = NULL;
    if (t->text) {
        if (keep)
            ret = tfb_out_finish(t->text, t->out);
        else if (t->text != stdout)
            fclose(t->text);
    } else if (t->gz) {
        errno = 0;
        if (bgzf_close(t->gz) < 0 && ret == 0) {
            tfb_error("cannot write to %s: %s", t->path, errno ? strerror(errno) : "write error (is the disk full?)");
            ret = -1;
        }
    }
    return ret;
}

static int put_in_place(tfb_track_t *t, int keep)
{
    int ret = tfb_out_end(t->out, keep);
    free(t->line.s);
    free(t->path);
    free(t);
    return ret;
}

/* Opens a track. spill: a temporary file for bigWig, else NULL. Returns NULL on failure (logged). */
static tfb_track_t *open_track(const char *path, FILE *spill, const tfb_fasta_t *f, int decimals)
{
    tfb_track_t *t = calloc(1, sizeof *t);
    if (!t || !(t->path = strdup(path))) {
        tfb_error("not enough memory to write %s", path);
        goto fail;
    }
    t->decimals = decimals;
    if (!spill && tfb_file_gz_name(path)) {
        if (!(t->out = tfb_out_begin(path)) || !(t->gz = tfb_out_bgzf(t->out, path, "w"))) goto fail;
    } else if (!(t->text = tfb_out_open(path, &t->out)) ||
               (spill && !(t->bw = tfb_bigwig_begin(t->text, spill, t->path, f))))
        goto fail;
    return t;
fail:
    if (t) {
        finish_track(t, 0);
        put_in_place(t, 0);
    }
    return NULL;
}

/* Returns the path of a TF's track (free with free()), or NULL. hole: {tf} in the name of the
 * output, or NULL. */
static char *track_path(const char *out, const char *hole, int folder, const char *tf, const char *suffix)
{
    kstring_t path = {0, 0, NULL};
    char *part = malloc(strlen(tf) + 3);
    if (!part || ks_resize(&path, strlen(out) + strlen(tf) + 16) < 0) {
        free(part);
        return NULL;
    }
    tfb_file_part(tf, part);
    if (hole)
        ksprintf(&path, "%.*s%s%s", (int)(hole - out), out, part, hole + 4);
    else if (folder)
        ksprintf(&path, "%s%s%s%s", out, tfb_ends_with_case(out, "/") ? "" : "/", part, suffix);
    else
        kputs(out, &path);
    free(part);
    return path.s;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Returns whether two of the paths (n) are the same (logged). */
static int same_path(char *const *path, int n)
{
    char **v = malloc((size_t)n * sizeof *v);
    int same = 0;
    if (!v) return 1;
    memcpy(v, path, (size_t)n * sizeof *v);
    tfb_sort(v, (size_t)n, sizeof *v, by_text);
    for (int i = 1; i < n && !same; i++)
        if ((same = strcmp(v[i - 1], v[i]) == 0)) tfb_error("two TFs would be written to %s", v[i]);
    free(v);
    return same;
}

char **tfb_tracks_paths(const tfb_tracks_opt_t *o, int *is_bigwig)
{
    struct stat st;
    int bigwig = tfb_ends_with_case(o->out, ".bw") || tfb_ends_with_case(o->out, ".bigwig");
    if (o->format) bigwig = strcmp(o->format, "bigwig") == 0;
    *is_bigwig = bigwig;
    const char *hole = strstr(o->out, "{tf}");
    int n = o->n_tfs, folder = !hole && strcmp(o->out, "-") != 0;
    if (folder && !tfb_ends_with_case(o->out, "/")) folder = stat(o->out, &st) == 0 && S_ISDIR(st.st_mode);
    if (bigwig && strcmp(o->out, "-") == 0) {
        tfb_error("bigWig needs a file: %s FILE.bw", o->option);
        return NULL;
    }
    if (n > 1 && !hole && !folder) {
        tfb_error("%d TFs are %d tracks: give %s a name with {tf}, such as %s '{tf}.bw', or a folder", n, n, o->option,
                  o->option);
        return NULL;
    }
    char **path = calloc((size_t)n + 1, sizeof *path);
    for (int t = 0; path && t < n; t++)
        if (!(path[t] = track_path(o->out, hole, folder, o->tf[t], bigwig ? ".bw" : ".bedGraph"))) {
            tfb_strv_free(path);
            path = NULL;
        }
    if (!path)
        tfb_error("not enough memory for %d tracks", n);
    else if (same_path(path, n)) {
        tfb_strv_free(path);
        path = NULL;
    }
    return path;
}

tfb_track_t **tfb_tracks_open(const tfb_tracks_opt_t *o, const tfb_fasta_t *f)
{
    int t = 0, bigwig;
    char **path = tfb_tracks_paths(o, &bigwig);
    tfb_track_t **track = path ? calloc((size_t)o->n_tfs, sizeof(tfb_track_t *)) : NULL;
    FILE *spill = NULL;
    if (!track) {
        if (path) tfb_error("not enough memory for %d tracks", o->n_tfs);
        goto done;
    }
    if (bigwig && !(spill = tmpfile())) {
        tfb_error("cannot make a temporary file for %s: %s", o->out, strerror(errno));
        goto done;
    }
    while (t < o->n_tfs && (track[t] = open_track(path[t], spill, f, o->decimals))) t++;
    if (t)
        track[0]->spill = spill;
    else if (spill)
        fclose(spill);
done:
    tfb_strv_free(path);
    if (track && t < o->n_tfs) {
        tfb_tracks_close(track, o->n_tfs, 0);
        track = NULL;
    }
    return track;
}

/* All files are complete before the first is put in place. */
int tfb_tracks_close(tfb_track_t **track, int n, int keep)
{
    int ret = keep ? 0 : -1;
    FILE *spill = track && n && track[0] ? track[0]->spill : NULL;
    for (int t = 0; track && t < n; t++)
        if (track[t] && finish_track(track[t], ret == 0) < 0) ret = -1;
    for (int t = 0; track && t < n; t++)
        if (track[t] && put_in_place(track[t], ret == 0) < 0) ret = -1;
    if (spill) fclose(spill);
    free(track);
    return ret;
}

static int add_value(tfb_track_t *t, float v)
{
    if (t->decimals < 0) return ksprintf(&t->line, "%.6g\n", (double)v);
    return ksprintf(&t->line, "%.*f\n", t->decimals, (double)v);
}

static int write_line(const tfb_track_t *t)
{
    if (t->gz) return bgzf_write(t->gz, t->line.s, t->line.l) == (ssize_t)t->line.l ? 0 : -1;
    return fwrite(t->line.s, 1, t->line.l, t->text) == t->line.l ? 0 : -1;
}

int tfb_track_add(tfb_track_t *t, const char *contig, hts_pos_t beg, hts_pos_t end, float v)
{
    if (t->bw) return tfb_bigwig_add(t->bw, contig, beg, end, v);
    t->line.l = 0;
    errno = 0;
    if (ksprintf(&t->line, "%s\t%" PRId64 "\t%" PRId64 "\t", contig, (int64_t)beg, (int64_t)end) > 0 &&
        add_value(t, v) > 0 && write_line(t) == 0)
        return 0;
    const char *why = errno ? strerror(errno) : "write error (is the disk full?)";
    tfb_error("cannot write to %s: %s", strcmp(t->path, "-") ? t->path : "standard output", why);
    return -1;
}
