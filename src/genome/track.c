/* track.c - values along the genome, as bedGraph (plain or bgzip) or bigWig. */
#include "config.h"
#include "genome/track.h"
#include "genome/output.h"
#include "util/files.h"
#include "util/util.h"
#include <errno.h>
#include <htslib/bgzf.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_BIGWIG
#include <bigWig.h>
#endif

enum { INTERVALS = 4096 }; /* that go to libBigWig at a time */

struct tfb_track_t {
    char *path;
    tfb_out_t *out;
    const char *name; /* of the file that becomes path */
    FILE *text;
    BGZF *gz;
    int decimals;
    kstring_t line;
#ifdef HAVE_BIGWIG
    bigWigFile_t *bw;
    char *contig; /* of those that wait */
    int n, fresh; /* how many wait; fresh: none of the contig has been written */
    uint32_t beg[INTERVALS], end[INTERVALS];
    float v[INTERVALS];
    uint64_t n_bases;
#endif
};

#ifdef HAVE_BIGWIG
int tfb_track_bigwig_possible(void) { return 1; }

static int open_bigwig(tfb_track_t *t, const tfb_fasta_t *f)
{
    int n = tfb_fasta_n_contigs(f), ret = -1;
    const char **name = calloc((size_t)n + 1, sizeof *name);
    uint32_t *len = calloc((size_t)n + 1, sizeof *len);
    for (int i = 0; name && len && i < n; i++) {
        hts_pos_t l = tfb_fasta_len(f, name[i] = tfb_fasta_contig(f, i));
        if (l > UINT32_MAX) {
            tfb_error("%s is too long for bigWig", name[i]);
            goto done;
        }
        len[i] = (uint32_t)l;
    }
    errno = 0;
    /* libBigWig 0.4.7 crashes where it cannot open a file: this one is there, and ours */
    if (!name || !len || !(t->bw = bwOpen(t->name, NULL, "w")) || bwCreateHdr(t->bw, 10) != 0 || !(t->bw->cl = bwCreateChromList(name, len, n)) ||
        bwWriteHdr(t->bw) != 0)
        tfb_error("cannot write %s: %s", t->path, errno ? strerror(errno) : "libBigWig failed");
    else
        ret = 0;
done:
    free(name);
    free(len);
    return ret;
}

static int flush_bigwig(tfb_track_t *t)
{
    const char *contig = t->contig;
    int k = t->fresh && t->n ? 1 : 0, r = 0;
    if (k) r = bwAddIntervals(t->bw, &contig, t->beg, t->end, t->v, 1);
    if (r == 0 && t->n > k) r = bwAppendIntervals(t->bw, t->beg + k, t->end + k, t->v + k, (uint32_t)(t->n - k));
    for (int i = 0; i < t->n; i++) t->n_bases += t->end[i] - t->beg[i];
    if (t->n) t->fresh = 0;
    t->n = 0;
    if (r == 0) return 0;
    tfb_error("cannot write %s: libBigWig failed (is the disk full?)", t->path);
    return -1;
}

static int add_bigwig(tfb_track_t *t, const char *contig, hts_pos_t beg, hts_pos_t end, float v)
{
    if (!t->contig || strcmp(t->contig, contig)) {
        if (flush_bigwig(t) < 0) return -1;
        free(t->contig);
        if (!(t->contig = strdup(contig))) {
            tfb_error("not enough memory to write %s", t->path);
            return -1;
        }
        t->fresh = 1;
    }
    t->beg[t->n] = (uint32_t)beg, t->end[t->n] = (uint32_t)end, t->v[t->n++] = v;
    return t->n == INTERVALS ? flush_bigwig(t) : 0;
}

/* A bigWig ends as it begins. */
static int has_end(const char *path)
{
    char a[4], b[4];
    FILE *f = fopen(path, "rb");
    int ok = f && fread(a, 1, 4, f) == 4 && fseek(f, -4, SEEK_END) == 0 && fread(b, 1, 4, f) == 4 && memcmp(a, b, 4) == 0;
    if (f) fclose(f);
    return ok;
}

/* bwClose() says nothing of failure, so the file is read back: the end of its data, its index and its totals must be there, and its last bytes. */
static int close_bigwig(tfb_track_t *t, int keep)
{
    int ok = keep && flush_bigwig(t) == 0;
    if (t->bw) bwClose(t->bw);
    t->bw = NULL;
    free(t->contig);
    if (!ok) return -1;
    bigWigFile_t *b = bwOpen(t->name, NULL, "r");
    ok = b && has_end(t->name) && b->hdr && b->hdr->nBasesCovered == t->n_bases && (!t->n_bases || (b->hdr->indexOffset && b->idx && b->idx->nItems));
    if (b) bwClose(b);
    if (!ok) tfb_error("cannot write %s: it is not whole (is the disk full?)", t->path);
    return ok ? 0 : -1;
}
#else
int tfb_track_bigwig_possible(void) { return 0; }
#endif

/* Ends the writing of a track, which is not in its place yet. keep 0: it will not get there. 0, or -1 (an error is logged). */
static int finish_track(tfb_track_t *t, int keep)
{
    int ret = keep ? 0 : -1;
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
#ifdef HAVE_BIGWIG
    else if (t->bw)
        ret = close_bigwig(t, keep);
#endif
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

static tfb_track_t *open_track(const char *path, int bigwig, const tfb_fasta_t *f, int decimals)
{
    tfb_track_t *t = calloc(1, sizeof *t);
    if (!t || !(t->path = strdup(path))) goto fail;
    (void)f;
    t->decimals = decimals;
    if (bigwig) {
#ifdef HAVE_BIGWIG
        if (!(t->out = tfb_out_begin(path))) goto fail;
        int fd = tfb_out_fd(t->out); /* libBigWig opens it by name */
        if (fd >= 0) close(fd);
        if (!(t->name = tfb_out_name(t->out))) {
            tfb_error("cannot write %s: bigWig needs a file", path);
            goto fail;
        }
        if (open_bigwig(t, f) < 0) {
            if (t->bw) bwClose(t->bw);
            t->bw = NULL;
            goto fail;
        }
#else
        goto fail; /* tfb_tracks_open has said so */
#endif
    } else if (tfb_file_gz_name(path)) {
        if (!(t->out = tfb_out_begin(path)) || !(t->gz = tfb_out_bgzf(t->out, path, "w"))) goto fail;
    } else if (!(t->text = tfb_out_open(path, &t->out)))
        goto fail;
    return t;
fail:
    if (t) put_in_place(t, 0);
    return NULL;
}

static int ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcasecmp(s + n - m, suffix) == 0;
}

tfb_track_t **tfb_tracks_open(const tfb_tracks_opt_t *o, const tfb_fasta_t *f)
{
    struct stat st;
    const char *hole = strstr(o->out, "{tf}");
    int folder = !hole && strcmp(o->out, "-") && (ends_with(o->out, "/") || (stat(o->out, &st) == 0 && S_ISDIR(st.st_mode))), n = o->n_tfs, ok = 0;
    int bigwig = o->format ? strcmp(o->format, "bigwig") == 0 : ends_with(o->out, ".bw") || ends_with(o->out, ".bigwig");
    kstring_t *path = calloc((size_t)n, sizeof *path);
    tfb_track_t **track = calloc((size_t)n, sizeof(tfb_track_t *));
    if (!path || !track) {
        tfb_error("not enough memory for %d tracks", n);
        goto done;
    }
    if (bigwig && !tfb_track_bigwig_possible()) {
        tfb_error("%s: this tfbind was built without libBigWig and writes bedGraph only (install libBigWig, Debian's libbigwig-dev, and configure again)",
                  o->out);
        goto done;
    }
    if (bigwig && strcmp(o->out, "-") == 0) {
        tfb_error("bigWig needs a file: %s FILE.bw", o->option);
        goto done;
    }
    if (n > 1 && !hole && !folder) {
        tfb_error("%d TFs are %d tracks: give %s a name with {tf}, such as %s '{tf}.bw', or a folder", n, n, o->option, o->option);
        goto done;
    }
    for (int t = 0; t < n; t++) {
        kstring_t tf = {0, 0, NULL};
        if (kputs(o->tf[t], &tf) < 0 || ks_resize(&path[t], strlen(o->out) + tf.l + 16) < 0) {
            tfb_error("not enough memory for %d tracks", n);
            free(tf.s);
            goto done;
        }
        for (char *p = tf.s; *p; p++)
            if (*p == '/') *p = '_';
        if (hole)
            ksprintf(&path[t], "%.*s%s%s", (int)(hole - o->out), o->out, tf.s, hole + 4);
        else if (folder)
            ksprintf(&path[t], "%s%s%s%s", o->out, ends_with(o->out, "/") ? "" : "/", tf.s, bigwig ? ".bw" : ".bedGraph");
        else
            kputs(o->out, &path[t]);
        free(tf.s);
        for (int k = 0; k < t; k++)
            if (strcmp(path[k].s, path[t].s) == 0) {
                tfb_error("two TFs would be written to %s", path[t].s);
                goto done;
            }
        if (!(track[t] = open_track(path[t].s, bigwig, f, o->decimals))) goto done;
    }
    ok = 1;
done:
    for (int t = 0; path && t < n; t++) free(path[t].s);
    free(path);
    if (!ok) {
        tfb_tracks_close(track, n, 0);
        track = NULL;
    }
    return track;
}

/* All are complete before the first is put in its place. */
int tfb_tracks_close(tfb_track_t **track, int n, int keep)
{
    int ret = keep ? 0 : -1;
    for (int t = 0; track && t < n; t++)
        if (track[t] && finish_track(track[t], ret == 0) < 0) ret = -1;
    for (int t = 0; track && t < n; t++)
        if (track[t] && put_in_place(track[t], ret == 0) < 0) ret = -1;
    free(track);
    return ret;
}

int tfb_track_add(tfb_track_t *t, const char *contig, hts_pos_t beg, hts_pos_t end, float v)
{
#ifdef HAVE_BIGWIG
    if (t->bw) return add_bigwig(t, contig, beg, end, v);
#endif
    t->line.l = 0;
    errno = 0;
    if (ksprintf(&t->line, "%s\t%" PRId64 "\t%" PRId64 "\t", contig, (int64_t)beg, (int64_t)end) > 0 &&
        ksprintf(&t->line, t->decimals < 0 ? "%.*g\n" : "%.*f\n", t->decimals < 0 ? 6 : t->decimals, (double)v) > 0 &&
        (t->gz ? bgzf_write(t->gz, t->line.s, t->line.l) == (ssize_t)t->line.l : fwrite(t->line.s, 1, t->line.l, t->text) == t->line.l))
        return 0;
    tfb_error("cannot write to %s: %s", strcmp(t->path, "-") ? t->path : "standard output", errno ? strerror(errno) : "write error (is the disk full?)");
    return -1;
}
