/* lines.c - lines of text, and the fields of BED and FASTA in them. */
#include "genome/lines.h"
#include "genome/base.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int tfb_lines_open(tfb_lines_t *l, const char *path)
{
    int std = strcmp(path, "-") == 0;
    *l = (tfb_lines_t){.name = std ? "standard input" : path};
    tfb_reads(path, "the input");
    if (!(l->fp = bgzf_open(path, "r"))) {
        tfb_error("cannot read %s: %s", l->name, strerror(errno));
        return -1;
    }
    /* a BGZF file without its end marker has lost its end; other errors will show while reading */
    if (!std && bgzf_compression(l->fp) == 2 && bgzf_check_EOF(l->fp) == 0)
        tfb_error("%s is truncated: its end-of-file marker is missing", path);
    else if (ks_resize(&l->s, 256) < 0)
        tfb_error("not enough memory to read %s", l->name);
    else {
        *l->s.s = 0;
        return 0;
    }
    tfb_lines_close(l);
    return -1;
}

int tfb_lines_next(tfb_lines_t *l)
{
    int r = bgzf_getline(l->fp, '\n', &l->s);
    if (r == -1) {
        l->s.l = 0;
        *l->s.s = 0;
        return 0;
    }
    l->n++;
    if (r < -1) return tfb_lines_error(l, "cannot read on: the file is truncated or damaged");
    if (l->s.l && l->s.s[l->s.l - 1] == '\r') l->s.l--;
    l->s.s[l->s.l] = 0;
    return 1;
}

int tfb_lines_error(const tfb_lines_t *l, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    tfb_error("%s:%" PRId64 ": %s", l->name, l->n, text);
    return -1;
}

void tfb_lines_close(tfb_lines_t *l)
{
    if (l->fp) bgzf_close(l->fp);
    free(l->s.s);
    *l = (tfb_lines_t){0};
}

/* ---- BED ---- */

static int is_word(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncmp(s, word, n) == 0 && (!s[n] || s[n] == ' ' || (s[n] == '\t' && strchr(s, '='))); /* not a contig whose name begins so, or is that */
}

int tfb_bed_is_header(const char *s) { return !*s || *s == '#' || is_word(s, "track") || is_word(s, "browser"); }

int tfb_bed_fields(const tfb_lines_t *l, size_t *n_contig, hts_pos_t *beg, hts_pos_t *end, hts_pos_t *summit)
{
    char *s = strpbrk(l->s.s, "\t "), *e;
    int n = 3;
    *beg = *end = *summit = -1;
    if (!s || s == l->s.s) goto bad;
    *n_contig = (size_t)(s - l->s.s);
    errno = 0;
    *beg = strtoll(s + 1, &e, 10);
    if (e == s + 1 || (*e != '\t' && *e != ' ') || *beg < 0) goto bad;
    s = e;
    *end = strtoll(s + 1, &e, 10);
    if (e == s + 1 || (*e && *e != '\t' && *e != ' ') || *end < *beg || errno || *end > HTS_POS_MAX) goto bad; /* there is room for a window beyond */
    for (s = e; *s; n++) {                                                                                     /* the tenth and last of narrowPeak's columns */
        char *f = s + 1, *next = f + strcspn(f, "\t");
        if (n == 9 && !*next) {
            long long v = strtoll(f, &e, 10);
            if (e > f && !*e && v >= 0 && v < *end - *beg) *summit = *beg + v;
        }
        s = next;
    }
    return 0;
bad:
    return tfb_lines_error(l, "not BED: contig, start and end are wanted, with 0 <= start <= end");
}

hts_pos_t tfb_bed_window(hts_pos_t beg, hts_pos_t end, hts_pos_t summit, int W) { return (summit >= 0 ? summit : beg + (end - beg) / 2) - W / 2; }

/* ---- FASTA ---- */

int tfb_sequences_next(tfb_lines_t *l, kstring_t *name, kstring_t *seq, const char *too_long)
{
    int got = 1;
    if (l->n == 0) do
            got = tfb_lines_next(l);
        while (got > 0 && !l->s.l);
    if (got < 0) return -1;
    if (!l->s.l) return 0; /* the end, where the line in hand is none */
    if (*l->s.s != '>') return tfb_lines_error(l, "not FASTA: no > before the first sequence");
    name->l = seq->l = 0;
    if (kputsn(l->s.s + 1, strcspn(l->s.s + 1, " \t"), name) < 0 || ks_resize(seq, 1) < 0) return tfb_lines_error(l, "not enough memory");
    while ((got = tfb_lines_next(l)) > 0 && *l->s.s != '>') {
        if (seq->l + l->s.l > INT32_MAX / 2) return tfb_lines_error(l, "sequence %.200s is too long%s", name->s, too_long);
        if (kputsn(l->s.s, l->s.l, seq) < 0) return tfb_lines_error(l, "not enough memory");
    }
    return got < 0 ? -1 : 1;
}

hts_pos_t tfb_sequence_middle(const kstring_t *seq, int W, uint8_t *code)
{
    int L = (int)seq->l;
    hts_pos_t from = L > W ? L / 2 - W / 2 : -((W - L) / 2);
    memset(code, TFB_N, (size_t)W);
    tfb_encode(seq->s + (from > 0 ? from : 0), (size_t)(L < W ? L : W), code + (from < 0 ? -from : 0));
    return from;
}
