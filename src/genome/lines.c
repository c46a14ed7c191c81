/* lines.c - lines of text, and the fields of BED and FASTA in them. */
#include "genome/lines.h"
#include "genome/base.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/hfile.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

int tfb_lines_open(tfb_lines_t *l, const char *path)
{
    int std = strcmp(path, "-") == 0;
    *l = (tfb_lines_t){.name = tfb_input_name(path)};
    tfb_reads(path, "the input");
    l->size = tfb_input_size(path);
    if (!(l->fp = bgzf_open(path, "r"))) {
        tfb_error("cannot read %s: %s", l->name, strerror(errno));
        return -1;
    }
    /* without its end marker a BGZF file is truncated; other errors will show while reading */
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

/* Drops the byte-order mark that Excel and Notepad put before the first line. Returns 0, or -1
 * (logged). */
static int skip_mark(tfb_lines_t *l)
{
    if (l->s.l >= 3 && memcmp(l->s.s, "\xef\xbb\xbf", 3) == 0) {
        l->s.l -= 3;
        memmove(l->s.s, l->s.s + 3, l->s.l + 1);
    }
    if (l->s.l >= 2 && (memcmp(l->s.s, "\xff\xfe", 2) == 0 || memcmp(l->s.s, "\xfe\xff", 2) == 0))
        return tfb_lines_error(l, "this is UTF-16 text: save it as UTF-8");
    return 0;
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
    if (l->n == 1 && skip_mark(l) < 0) return -1;
    if (memchr(l->s.s, 0, l->s.l)) return tfb_lines_error(l, "a zero byte: this is not text");
    if (l->s.l && l->s.s[l->s.l - 1] == '\r') l->s.l--;
    l->s.s[l->s.l] = 0;
    return 1;
}

int64_t tfb_input_size(const char *path)
{
    struct stat st;
    int got = strcmp(path, "-") ? stat(path, &st) : fstat(0, &st);
    return got == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : 0;
}

double tfb_bgzf_fraction(BGZF *f, int64_t size)
{
    if (!f || size <= 0) return -1;
    /* of BGZF, the block in use, because threads may have read further */
    return (double)(f->is_compressed && !f->is_gzip ? f->block_address : htell(f->fp)) / (double)size;
}

double tfb_lines_fraction(const tfb_lines_t *l) { return tfb_bgzf_fraction(l->fp, l->size); }

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
    return strncmp(s, word, n) == 0 &&
           (!s[n] || s[n] == ' ' ||
            (s[n] == '\t' && strchr(s, '='))); /* not a contig whose name begins with the word, or equals it */
}

const char *tfb_position(const char *s, hts_pos_t *v)
{
    if (*s < '0' || *s > '9') return NULL;
    for (*v = 0; *s >= '0' && *s <= '9'; s++) {
        int digit = *s - '0';
        if (*v > (HTS_POS_MAX - digit) / 10) return NULL;
        *v = 10 * *v + digit;
    }
    return s;
}

/* Returns what follows the end of a column: a tab, with or without blanks around it, or blanks
 * alone. */
static const char *next_column(const char *s)
{
    s += strspn(s, " ");
    s += *s == '\t';
    return s + strspn(s, " ");
}

static int ends_column(char c) { return c == '\t' || c == ' '; }

enum { COLUMNS = 10 }; /* columns of narrowPeak */

typedef struct {
    const char *s;
    int n; /* length without trailing blanks */
} column_t;

/* Splits a line at tabs, or at blanks if it has no tab. Returns the number of columns; those
 * beyond COLUMNS are only counted. */
static int split(const char *s, column_t col[COLUMNS])
{
    int tab = strchr(s, '\t') != NULL, n = 0;
    for (;; n++) {
        size_t len = strcspn(s, tab ? "\t" : " "), next = len;
        if (!tab) next += strspn(s + len, " ");
        while (len && s[len - 1] == ' ') len--;
        if (n < COLUMNS) col[n] = (column_t){s, (int)len};
        s += next;
        if (!*s) return n + 1;
        s += tab;
    }
}

/* Returns whether the tenth column has narrowPeak's name for it, or the name that annotate gives
 * unnamed columns. */
static int names_summit(column_t c)
{
    static const char *const word[] = {"peak", "summit", "pointsource", "column10"};
    for (size_t w = 0; w < sizeof word / sizeof word[0]; w++)
        for (int i = 0, n = (int)strlen(word[w]); i + n <= c.n; i++)
            if (strncasecmp(c.s + i, word[w], (size_t)n) == 0) return 1;
    return 0;
}

int tfb_bed_is_header(tfb_lines_t *l)
{
    const char *s = l->s.s;
    column_t c[COLUMNS];
    int n = *s == '#' && strchr(s, '\t') ? split(s, c) : 0;
    if (n >= COLUMNS && !names_summit(c[9]))
        l->narrow = TFB_NARROW_NO;
    else if (n > COLUMNS)
        l->scored = strncmp(c[9].s + c[9].n, "\tcolumn11", 9) != 0; /* "column11" would mean BED12 with scores */
    return !*s || *s == '#' || is_word(s, "track") || is_word(s, "browser");
}

/* Reads a column that consists of digits only. Returns 0, or -1. */
static int whole_number(column_t c, hts_pos_t *v) { return tfb_position(c.s, v) == c.s + c.n ? 0 : -1; }

/* Returns whether a column is a number. Does not use strtod, which depends on the locale. */
static int is_number(column_t c)
{
    const char *s = c.s, *end = c.s + c.n;
    int digits = 0;
    if (c.n == 3 && strncasecmp(s, "inf", 3) == 0) return 1;
    s += *s == '-' || *s == '+';
    for (; *s >= '0' && *s <= '9'; s++) digits++;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++) digits++;
    if (digits && (*s == 'e' || *s == 'E')) {
        s += s[1] == '-' || s[1] == '+' ? 2 : 1;
        digits = 0;
        for (; *s >= '0' && *s <= '9'; s++) digits++;
    }
    return digits && s == end;
}

static int same_text(column_t a, column_t b) { return a.n == b.n && memcmp(a.s, b.s, (size_t)a.n) == 0; }

/* Returns whether the current line has the columns of narrowPeak, and splits it into c. */
static int split_narrow(const tfb_lines_t *l, column_t c[COLUMNS])
{
    int n = split(l->s.s, c);
    return n == COLUMNS || (n > COLUMNS && l->scored);
}

/* Returns the kind of the current line if it has ten columns, else TFB_NARROW_UNKNOWN. *peak
 * gets its tenth column. */
static tfb_narrow_t narrow_kind(const tfb_lines_t *l, const tfb_bed_t *b, hts_pos_t *peak)
{
    column_t c[COLUMNS];
    hts_pos_t from, to;
    *peak = -1;
    if (!split_narrow(l, c)) return TFB_NARROW_UNKNOWN;
    if (c[5].n != 1 || !strchr("+-.", *c[5].s) || !is_number(c[6]) || !is_number(c[7]) || !is_number(c[8]))
        return TFB_NARROW_NO;
    /* bedtools with BED6 against BED3 on a contig named 1: columns 7 to 9 are another interval on it */
    if (same_text(c[6], c[0]) && whole_number(c[7], &from) == 0 && whole_number(c[8], &to) == 0 && from < to)
        return TFB_NARROW_NO;
    /* BED9 plus a count, or BED10: the interval's thick part and the color 0 */
    if (whole_number(c[6], &from) == 0 && whole_number(c[7], &to) == 0 && from >= b->beg && to <= b->end &&
        from <= to && c[8].n == 1 && *c[8].s == '0' && (b->beg || to))
        return TFB_NARROW_NO;
    if (c[9].n == 2 && strncmp(c[9].s, "-1", 2) == 0) return TFB_NARROW_YES;
    if (whole_number(c[9], peak) < 0 || *peak >= b->end - b->beg) return TFB_NARROW_BAD;
    return TFB_NARROW_YES;
}

int tfb_bed_fields(const tfb_lines_t *l, tfb_bed_t *b)
{
    const char *s = strpbrk(l->s.s, "\t ");
    *b = (tfb_bed_t){.summit = -1};
    if (!s || s == l->s.s) goto bad;
    b->n_contig = (size_t)(s - l->s.s);
    if (!(s = tfb_position(next_column(s), &b->beg)) || !ends_column(*s)) goto bad;
    if (!(s = tfb_position(next_column(s), &b->end)) || (*s && !ends_column(*s))) goto bad;
    if (b->end < b->beg) return tfb_lines_error(l, "not BED: end is before start");
    return 0;
bad:
    return tfb_lines_error(l, "not BED: expected contig, start and end, with 0 <= start <= end");
}

static void note_narrow(const tfb_lines_t *l)
{
    if (l->narrow == TFB_NARROW_YES)
        tfb_note("%s is read as narrowPeak: windows lie on the summits in column 10", l->name);
    else if (l->narrow == TFB_NARROW_BAD)
        tfb_note("%s has ten columns, but the tenth is not a summit as in narrowPeak: windows lie in the middle",
                 l->name);
    else
        tfb_note("%s has ten columns, but is not narrowPeak: windows lie in the middle", l->name);
}

int tfb_bed_summit(tfb_lines_t *l, tfb_bed_t *b, int note)
{
    hts_pos_t peak;
    if (l->narrow == TFB_NARROW_NO) return 0;
    tfb_narrow_t kind = narrow_kind(l, b, &peak);
    if (kind == TFB_NARROW_UNKNOWN) return 0;
    if (l->narrow == TFB_NARROW_UNKNOWN) {
        l->narrow = kind;
        if (note) note_narrow(l);
    }
    if (l->narrow != TFB_NARROW_YES) return 0;
    if (kind == TFB_NARROW_BAD) return tfb_bed_summit_error(l, b);
    if (kind == TFB_NARROW_NO)
        return tfb_lines_error(
            l,
            "not narrowPeak, as lines before it are: if the file is not narrowPeak, cut it to fewer than ten columns");
    if (peak >= 0) b->summit = b->beg + peak;
    return 0;
}

int tfb_bed_summit_error(const tfb_lines_t *l, const tfb_bed_t *b)
{
    column_t c[COLUMNS];
    if (!split_narrow(l, c)) return -1;
    int n = c[9].n < 40 ? c[9].n : 40;
    if (!c[9].n || strspn(c[9].s, "0123456789") != (size_t)c[9].n)
        return tfb_lines_error(l, "'%.*s' in the tenth column is not narrowPeak's summit", n, c[9].s);
    return tfb_lines_error(l, "the summit, %.*s, lies outside the peak of %" PRId64 " bases", n, c[9].s,
                           (int64_t)(b->end - b->beg));
}

hts_pos_t tfb_bed_window(hts_pos_t beg, hts_pos_t end, hts_pos_t summit, int W)
{
    return (summit >= 0 ? summit : beg + (end - beg) / 2) - W / 2;
}

/* ---- FASTA ---- */

/* Adds the current line to a sequence, without blanks. Returns 0, or -1 (logged). */
static int add_bases(const tfb_lines_t *l, kstring_t *seq)
{
    if (ks_resize(seq, seq->l + l->s.l + 1) < 0) return tfb_lines_error(l, "not enough memory");
    for (size_t i = 0; i < l->s.l; i++) {
        unsigned char c = (unsigned char)l->s.s[i];
        if (tfb_is_residue(c))
            seq->s[seq->l++] = (char)c;
        else if (!isspace(c))
            return tfb_lines_error(l,
                                   c > ' ' && c < 127 ? "'%c' within a sequence is not a base"
                                                      : "byte 0x%02x within a sequence is not a base",
                                   c);
    }
    seq->s[seq->l] = 0;
    return 0;
}

int tfb_sequences_next(tfb_lines_t *l, kstring_t *name, kstring_t *seq, const char *too_long)
{
    int got = 1;
    if (l->n == 0) do
            got = tfb_lines_next(l);
        while (got > 0 && !l->s.l);
    if (got < 0) return -1;
    if (!l->s.l) return 0; /* the end: there is no current line */
    if (*l->s.s != '>') return tfb_lines_error(l, "not FASTA: no > before the first sequence");
    name->l = seq->l = 0;
    if (kputsn(l->s.s + 1, strcspn(l->s.s + 1, " \t"), name) < 0 || ks_resize(seq, 1) < 0)
        return tfb_lines_error(l, "not enough memory");
    while ((got = tfb_lines_next(l)) > 0 && *l->s.s != '>') {
        if (seq->l + l->s.l > INT32_MAX / 2)
            return tfb_lines_error(l, "sequence %.200s is too long%s", name->s, too_long);
        if (add_bases(l, seq) < 0) return -1;
    }
    return got < 0 ? -1 : 1;
}

hts_pos_t tfb_sequence_middle(const kstring_t *seq, int W, uint8_t *code)
{
    int L = (int)seq->l;
    hts_pos_t from = L > W ? L / 2 - W / 2 : -((W - L) / 2);
    memset(code, TFB_N, (size_t)W);
    if (from < 0)
        tfb_encode(seq->s, (size_t)L, code - from);
    else
        tfb_encode(seq->s + from, (size_t)(L < W ? L : W), code);
    return from;
}
