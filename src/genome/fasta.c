/* fasta.c - windows of base codes from an indexed FASTA, one decoded stretch at a time.
 *
 * The index is untrusted input: its numbers are checked before use, and the line ends that it
 * predicts are checked against the file. htslib only builds it. */
#include "genome/fasta.h"
#include "genome/base.h"
#include "genome/lines.h"
#include "util/util.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/faidx.h>
#include <htslib/khash.h>
#include <htslib/kstring.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bases per file access: enough for some 300 windows of a dense VCF, and few enough to be cheap
 * for a sparse one. */
enum {
    STRETCH = 65536,
    LINE_END = 256, /* bytes of white space that may follow the bases of a line, at most */
    HEADER = 1024,  /* bytes before a sequence that are searched for its header line */
};

KHASH_MAP_INIT_STR(contig, int)

void tfb_fasta_reads(const char *path) { tfb_reads_indexed(path, "the reference", ".fai .gzi"); }

typedef struct {
    char *name;
    hts_pos_t len;
    int64_t offset;           /* offset of the first base in the uncompressed file */
    int64_t n_bases, n_bytes; /* length of a line, without and with its line end */
    int checked;              /* its header line was found where the index predicts */
} contig_t;

struct tfb_fasta_t {
    char *path, *index; /* index: path.fai */
    BGZF *fp;           /* compressed or remote, or NULL */
    int fd;             /* else the file itself; -1: none */
    int64_t size;       /* uncompressed bytes; INT64_MAX: unknown */
    contig_t *all;
    int n, m;
    khash_t(contig) * by_name, *by_bare; /* by_bare: by bare(name); -1: several contigs */
    char *contig;                        /* contig of the stretch, as named by the caller; NULL: none */
    const contig_t *now;                 /* the same contig in the FASTA */
    int n_other;                         /* contigs found under another name: the first is reported */
    int one_file;                        /* names come from one file, so each contig has one name */
    char **used;                         /* (n): each contig's name in that file; NULL: none yet */
    hts_pos_t beg, end;                  /* the stretch */
    uint8_t *code;                       /* its codes */
    char *text;                          /* the stretch as bytes of the file */
    size_t m_code, m_text;
};

/* ---- contig names: chr1 and 1, chrM and MT ---- */

/* UCSC's chrM of hg19 is a different sequence (NC_001807) from the usual MT of 16569 bases. */
enum { OLD_CHR_M = 16571 };

/* Returns what follows "chr", or the whole name; M for every name of the mitochondrion. */
static const char *bare(const char *name)
{
    if (strncasecmp(name, "chr", 3) == 0 && name[3]) name += 3;
    return strcmp(name, "MT") == 0 ? "M" : name;
}

/* Adds the names of the contig that was just appended to the lookup tables. Returns 0, 1 if the
 * name is taken, or -1 on lack of memory. */
static int add_names(tfb_fasta_t *f)
{
    int i = f->n - 1, absent;
    const char *name = f->all[i].name, *key = bare(name);
    khint_t k = kh_put(contig, f->by_name, name, &absent);
    if (absent <= 0) return absent < 0 ? -1 : 1;
    kh_val(f->by_name, k) = i;
    if (strcmp(key, "M") == 0 && f->all[i].len == OLD_CHR_M) return 0;
    k = kh_put(contig, f->by_bare, key, &absent);
    if (absent < 0) return -1;
    kh_val(f->by_bare, k) = absent ? i : -1;
    return 0;
}

/* ---- the index ---- */

/* Reads a column of digits, up to the largest file offset. Returns what follows it and any white
 * space, or NULL. */
static const char *number(const char *s, int64_t *v)
{
    hts_pos_t x;
    if (!(s = tfb_position(s, &x)) || (*s && !isspace((unsigned char)*s))) return NULL;
    *v = (int64_t)x;
    while (isspace((unsigned char)*s)) s++;
    return s;
}

/* Returns the offset of a base of a contig in the file. */
static int64_t offset_of(const contig_t *c, hts_pos_t pos)
{
    return c->offset + pos / c->n_bases * c->n_bytes + pos % c->n_bases;
}

/* Returns why an entry of the index is impossible, or NULL. */
static const char *impossible(const tfb_fasta_t *f, const contig_t *c)
{
    if (!c->len) return NULL;
    if (c->n_bases < 1) return "lines of no bases";
    if (c->n_bytes < c->n_bases) return "lines with more bases than bytes";
    if (c->n_bytes == c->n_bases && c->len > c->n_bases) return "lines without an end";
    if (c->n_bytes - c->n_bases > LINE_END) return "lines with more white space than bases";
    if (c->len / c->n_bases > (INT64_MAX - c->offset - c->n_bytes) / c->n_bytes)
        return "a sequence longer than any file";
    if (c->offset >= f->size || offset_of(c, c->len - 1) >= f->size) return "a sequence beyond the end of the file";
    return NULL;
}

/* Reads one line of the index. Returns 0, or -1 (logged). */
static int add_contig(tfb_fasta_t *f, const tfb_lines_t *in)
{
    contig_t c = {.name = NULL};
    size_t n = strcspn(in->s.s, " \t");
    const char *s = in->s.s + n, *why;
    while (isspace((unsigned char)*s)) s++;
    if (!n || !(s = number(s, &c.len)) || !(s = number(s, &c.offset)) || !(s = number(s, &c.n_bases)) ||
        !(s = number(s, &c.n_bytes)) || *s)
        return tfb_lines_error(
            in, "not an index of a FASTA: expected name, length, offset, bases and bytes of a line (samtools faidx %s)",
            f->path);
    if ((why = impossible(f, &c)))
        return tfb_lines_error(in, "%.*s has %s: index %s again (samtools faidx)", n < 200 ? (int)n : 200, in->s.s, why,
                               f->path);
    if (f->n == f->m) {
        int m = f->m < INT32_MAX / 4 ? 2 * f->m + 64 : 0;
        contig_t *p = m ? realloc(f->all, (size_t)m * sizeof *p) : NULL;
        if (!p) return tfb_lines_error(in, "not enough memory");
        f->all = p;
        f->m = m;
    }
    if (!(c.name = strndup(in->s.s, n))) return tfb_lines_error(in, "not enough memory");
    f->all[f->n++] = c;
    int r = add_names(f);
    if (r < 0) return tfb_lines_error(in, "not enough memory");
    if (r > 0) {
        tfb_warn("%s:%" PRId64 ": %s occurs twice: the first one counts", in->name, in->n, c.name);
        free(f->all[--f->n].name);
    }
    return 0;
}

static int read_index(tfb_fasta_t *f)
{
    tfb_lines_t in = {0};
    int got;
    if (tfb_lines_open(&in, f->index) < 0) return -1;
    while ((got = tfb_lines_next(&in)) > 0)
        if (add_contig(f, &in) < 0) {
            got = -1;
            break;
        }
    if (got == 0 && !f->n) got = tfb_lines_error(&in, "the index is empty: index %s again (samtools faidx)", f->path);
    tfb_lines_close(&in);
    return got;
}

static uint64_t little_endian(const uint8_t *b)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | b[i];
    return v;
}

/* Checks path.gzi, which htslib trusts: its offsets must ascend and lie within the compressed
 * file of size bytes. Returns 0, or -1 (logged). */
static int check_blocks(tfb_fasta_t *f, const char *gzi, int64_t size)
{
    enum { BLOCK = 65536 }; /* bytes of a BGZF block, at most */
    struct stat st;
    uint8_t b[16];
    uint64_t from = 0, plain = 0;
    FILE *in = fopen(gzi, "rb");
    int ok = in && fstat(fileno(in), &st) == 0 && fread(b, 1, 8, in) == 8;
    uint64_t n = ok ? little_endian(b) : 0;
    ok = ok && st.st_size % 16 == 8 && n == (uint64_t)st.st_size / 16;
    for (uint64_t i = 0; ok && i < n; i++) {
        ok = fread(b, 1, 16, in) == 16;
        uint64_t at = little_endian(b), bytes = little_endian(b + 8);
        ok = ok && at > from && at < (uint64_t)size && bytes >= plain && bytes - plain <= BLOCK;
        from = at, plain = bytes;
    }
    if (in) fclose(in);
    if (!ok) tfb_error("%s is damaged, or the index of another file: index %s again (samtools faidx)", gzi, f->path);
    f->size = (int64_t)plain + BLOCK;
    return ok ? 0 : -1;
}

/* ---- opening ---- */

static int no_memory(const tfb_fasta_t *f)
{
    tfb_error("not enough memory to read %s", f->path);
    return -1;
}

/* Logs that the file cannot be opened. Set errno to 0 before the call that failed, unless that
 * call sets it. Returns -1. */
static int open_error(const tfb_fasta_t *f)
{
    if (errno)
        tfb_error("cannot open reference %s or its index %s: %s", f->path, f->index, strerror(errno));
    else
        tfb_error("cannot open reference %s or its index %s", f->path, f->index);
    return -1;
}

/* Warns if an index is older than its file, as htslib does for its own indexes. */
static void warn_if_older(const tfb_fasta_t *f, const char *index, const struct stat *file)
{
    struct stat st;
    if (stat(index, &st) == 0 && st.st_mtime < file->st_mtime)
        tfb_warn("%s is older than %s: if the sequences have changed, scores are wrong; index them again (samtools "
                 "faidx %s)",
                 index, f->path, f->path);
}

/* Lets htslib build the missing indexes. gzi: NULL if the file is not compressed. Returns 0, or
 * -1 (logged). */
static int build_index(const tfb_fasta_t *f, const char *gzi)
{
    if (access(f->index, F_OK) == 0 && (!gzi || access(gzi, F_OK) == 0)) return 0;
    errno = 0;
    faidx_t *fai = fai_load(f->path);
    if (!fai) return open_error(f);
    fai_destroy(fai);
    return 0;
}

/* Opens a local file and its indexes. Returns 0, or -1 (logged). */
static int open_local(tfb_fasta_t *f, const char *gzi)
{
    struct stat st;
    errno = 0;
    if (stat(f->path, &st) < 0) return open_error(f);
    if (!S_ISREG(st.st_mode)) {
        tfb_error("cannot open reference %s: it is not a file (bases are read from it in any order)", f->path);
        return -1;
    }
    errno = 0;
    if (!(f->fp = bgzf_open(f->path, "r"))) return open_error(f);
    int how = bgzf_compression(f->fp);
    if (how == 1) {
        tfb_error("cannot open reference %s: it is compressed with gzip; compress it with bgzip", f->path);
        return -1;
    }
    if (build_index(f, how == 2 ? gzi : NULL) < 0) return -1;
    warn_if_older(f, f->index, &st);
    if (how == 2) {
        warn_if_older(f, gzi, &st);
        if (check_blocks(f, gzi, st.st_size) < 0) return -1;
        errno = 0;
        return bgzf_index_load(f->fp, f->path, ".gzi") < 0 ? open_error(f) : 0;
    }
    bgzf_close(f->fp); /* without its buffer, nearby offsets do not cost a whole block each */
    f->fp = NULL;
    f->size = st.st_size;
    errno = 0;
    return (f->fd = open(f->path, O_RDONLY | O_CLOEXEC)) < 0 ? open_error(f) : 0;
}

static int open_remote(tfb_fasta_t *f)
{
    errno = 0;
    if (!(f->fp = bgzf_open(f->path, "r")) || (bgzf_compression(f->fp) && bgzf_index_load(f->fp, f->path, ".gzi") < 0))
        return open_error(f);
    return 0;
}

tfb_fasta_t *tfb_fasta_open(const char *path)
{
    tfb_fasta_reads(path);
    size_t m = strlen(path) + 5;
    char *gzi = malloc(m);
    tfb_fasta_t *f = calloc(1, sizeof *f);
    if (f) f->fd = -1;
    if (!gzi || !f || !(f->path = strdup(path)) || !(f->index = malloc(m)) || !(f->by_name = kh_init(contig)) ||
        !(f->by_bare = kh_init(contig))) {
        tfb_error("not enough memory to read %s", path);
        goto fail;
    }
    snprintf(f->index, m, "%s.fai", path);
    snprintf(gzi, m, "%s.gzi", path);
    f->size = INT64_MAX;
    if ((strstr(path, "://") ? open_remote(f) : open_local(f, gzi)) < 0 || read_index(f) < 0) goto fail;
    free(gzi);
    return f;
fail:
    free(gzi);
    tfb_fasta_close(f);
    return NULL;
}

void tfb_fasta_close(tfb_fasta_t *f)
{
    if (!f) return;
    if (f->fp) bgzf_close(f->fp);
    if (f->fd >= 0) close(f->fd);
    for (int i = 0; i < f->n; i++) {
        free(f->all[i].name);
        if (f->used) free(f->used[i]);
    }
    if (f->by_name) kh_destroy(contig, f->by_name);
    if (f->by_bare) kh_destroy(contig, f->by_bare);
    free(f->all);
    free(f->used);
    free(f->path);
    free(f->index);
    free(f->contig);
    free(f->code);
    free(f->text);
    free(f);
}

const char *tfb_fasta_path(const tfb_fasta_t *f) { return f->path; }
int tfb_fasta_n_contigs(const tfb_fasta_t *f) { return f->n; }
const char *tfb_fasta_contig(const tfb_fasta_t *f, int i) { return f->all[i].name; }

int tfb_fasta_find(const tfb_fasta_t *f, const char *contig)
{
    khint_t k = kh_get(contig, f->by_name, contig);
    if (k != kh_end(f->by_name)) return kh_val(f->by_name, k);
    k = kh_get(contig, f->by_bare, bare(contig));
    return k != kh_end(f->by_bare) ? kh_val(f->by_bare, k) : -1;
}

hts_pos_t tfb_fasta_len(const tfb_fasta_t *f, const char *contig)
{
    int i = tfb_fasta_find(f, contig);
    return i >= 0 ? f->all[i].len : -1;
}

/* ---- reading ---- */

/* Reads n bytes at an offset of the uncompressed file. Returns how many were read, or -1. */
static int64_t read_at(tfb_fasta_t *f, int64_t offset, char *buf, size_t n)
{
    if (f->fp) return bgzf_useek(f->fp, (off_t)offset, SEEK_SET) < 0 ? -1 : (int64_t)bgzf_read(f->fp, buf, n);
    size_t have = 0;
    while (have < n) {
        ssize_t got = pread(f->fd, buf + have, n - have, (off_t)(offset + (int64_t)have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        have += (size_t)got;
    }
    return (int64_t)have;
}

static int misfit(const tfb_fasta_t *f, const contig_t *c, hts_pos_t pos)
{
    tfb_error("cannot read %s:%" PRId64
              " from %s: %s is the index of another file, or of an earlier one: index it again (samtools faidx %s)",
              c->name, (int64_t)pos + 1, f->path, f->index, f->path);
    return -1;
}

/* Checks that the line before a contig's sequence is its header. Returns 0, or -1 (logged). */
static int check_header(tfb_fasta_t *f, contig_t *c)
{
    char s[HEADER + 1];
    int64_t from = c->offset > HEADER ? c->offset - HEADER : 0;
    size_t all = (size_t)(c->offset - from), n = all, at;
    if (c->checked || !c->len) return 0;
    if (read_at(f, from, s, all) != (int64_t)all) return misfit(f, c, 0);
    while (n && isspace((unsigned char)s[n - 1])) n--;
    for (at = n; at && s[at - 1] != '\n'; at--) {
    }
    s[n] = 0;
    c->checked = 1;
    if (!at && from) return 0; /* the header line is longer than HEADER */
    if (n == all || s[at] != '>') return misfit(f, c, 0);
    s[at + 1 + strcspn(s + at + 1, " \t\r\v\f")] = 0;
    const char *name = s + at + 1;
    if (strcmp(name, c->name) == 0) return 0;
    if (kh_get(contig, f->by_name, name) != kh_end(f->by_name)) return misfit(f, c, 0);
    tfb_warn("%s calls %s what is %.200s in %s", f->index, c->name, name, f->path);
    return 0;
}

/* Reports a byte that is not a base. Returns -1. */
static int odd_byte(const tfb_fasta_t *f, const contig_t *c, hts_pos_t pos, unsigned char byte)
{
    if (byte == '\n' || byte == '\r' || byte == '>') return misfit(f, c, pos);
    const char *format = "cannot read %s:%" PRId64 " from %s: byte 0x%02x is not a base";
    if (isspace(byte))
        format = "cannot read %s:%" PRId64
                 " from %s: white space (0x%02x) within a line of the sequence: remove it and index the file again";
    else if (byte > ' ' && byte < 127)
        format = "cannot read %s:%" PRId64 " from %s: '%c' is not a base";
    tfb_error(format, c->name, (int64_t)pos + 1, f->path, byte);
    return -1;
}

/* Encodes [beg, end) of a contig from the bytes of the file, whose lines must agree with the
 * index. Returns 0, or -1 (logged). */
static int encode_lines(const tfb_fasta_t *f, const contig_t *c, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    const char *s = f->text;
    int64_t between = c->n_bytes - c->n_bases;
    for (hts_pos_t pos = beg; pos < end;) {
        hts_pos_t n = c->n_bases - pos % c->n_bases;
        if (n > end - pos) n = end - pos;
        for (hts_pos_t i = 0; i < n; i++)
            if (!tfb_is_residue((unsigned char)s[i])) return odd_byte(f, c, pos + i, (unsigned char)s[i]);
        tfb_encode(s, (size_t)n, code + (pos - beg));
        pos += n;
        s += n;
        if (pos == end) break;
        for (int64_t i = 0; i < between; i++)
            if (!isspace((unsigned char)s[i])) return misfit(f, c, pos);
        s += between;
        if (s[-1] != '\n') return misfit(f, c, pos);
    }
    return 0;
}

/* Reads [beg, end), which is not empty, as the new stretch. Returns 0, or -1 (logged). */
static int read_stretch(tfb_fasta_t *f, hts_pos_t beg, hts_pos_t end)
{
    const contig_t *c = f->now;
    int64_t from = offset_of(c, beg), got;
    size_t bytes = (size_t)(offset_of(c, end - 1) + 1 - from), bases = (size_t)(end - beg);
    f->beg = f->end = 0;
    if (bytes > f->m_text) {
        char *p = realloc(f->text, bytes);
        if (!p) return no_memory(f);
        f->text = p;
        f->m_text = bytes;
    }
    if (bases > f->m_code) {
        uint8_t *p = realloc(f->code, bases);
        if (!p) return no_memory(f);
        f->code = p;
        f->m_code = bases;
    }
    if ((got = read_at(f, from, f->text, bytes)) != (int64_t)bytes) {
        tfb_error("cannot read %s:%" PRId64 "-%" PRId64 " from %s: %s", c->name, (int64_t)beg + 1, (int64_t)end,
                  f->path,
                  got < 0 ? "read error"
                          : "the file is shorter than in its index (truncated, or the index belongs to another file)");
        return -1;
    }
    if (encode_lines(f, c, beg, end, f->code) < 0) return -1;
    f->beg = beg;
    f->end = end;
    return 0;
}

/* ---- the caller's names ---- */

void tfb_fasta_one_file(tfb_fasta_t *f)
{
    for (int i = 0; f->used && i < f->n; i++) {
        free(f->used[i]);
        f->used[i] = NULL;
    }
    free(f->contig); /* so that the next one is looked up */
    f->contig = NULL;
    f->one_file = 1;
}

/* Notes once that contig is read as the FASTA's name. */
static void say_other(tfb_fasta_t *f, const char *contig, const char *name)
{
    if (strcmp(name, contig) && f->n_other++ == 0)
        tfb_note("contigs are named in two styles: taking %s of the input for %s of %s", contig, name, f->path);
}

/* Checks that contig i has no other name from the same file: then one of the two names would be
 * wrong. Returns 0, or -1 (logged). */
static int check_used(tfb_fasta_t *f, const char *contig, int i)
{
    if (!f->one_file) return 0;
    if (!f->used && !(f->used = calloc((size_t)f->n, sizeof *f->used))) return no_memory(f);
    if (!f->used[i] && !(f->used[i] = strdup(contig))) return no_memory(f);
    if (strcmp(f->used[i], contig) == 0) return 0;
    tfb_error("the input names both %s and %s, which would both be %s of %s: name it in one style", f->used[i], contig,
              f->all[i].name, f->path);
    return -1;
}

/* Makes contig the current one. Returns 0, -1 or -2, as tfb_fasta_codes does. */
static int set_contig(tfb_fasta_t *f, const char *contig)
{
    int i = tfb_fasta_find(f, contig);
    if (i < 0) return -2;
    if (check_used(f, contig, i) < 0 || check_header(f, &f->all[i]) < 0) return -1;
    char *c = strdup(contig);
    if (!c) return no_memory(f);
    free(f->contig);
    f->contig = c;
    f->now = &f->all[i];
    f->beg = f->end = 0;
    say_other(f, contig, f->now->name);
    return 0;
}

int tfb_fasta_codes(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    if (!f->contig || strcmp(contig, f->contig) != 0) {
        int r = set_contig(f, contig);
        if (r < 0) return r;
    }
    hts_pos_t len = f->now->len;
    if (beg < 0 || end > len || beg > end) return -3;
    if (beg == end) return 0;
    if (beg < f->beg || end > f->end) {
        /* starts a little to the left: windows of sorted records step back by less than a window */
        hts_pos_t b = beg > STRETCH / 16 ? beg - STRETCH / 16 : 0, e = end + STRETCH;
        if (e > len) e = len;
        if (read_stretch(f, b, e) < 0) return -1;
    }
    memcpy(code, f->code + (beg - f->beg), (size_t)(end - beg));
    return 0;
}

/* ---- regions ---- */

typedef struct {
    const tfb_fasta_t *f;
    kstring_t other; /* the name found in another style */
} name_lookup_t;

static int look_up(void *arg, const char *name)
{
    name_lookup_t *l = arg;
    int i = tfb_fasta_find(l->f, name);
    if (i < 0 || strcmp(l->f->all[i].name, name) == 0) return i;
    l->other.l = 0;
    return kputs(name, &l->other) < 0 ? -2 : i;
}

const char *tfb_fasta_region(tfb_fasta_t *f, const char *s, int *i, hts_pos_t *beg, hts_pos_t *end)
{
    name_lookup_t l = {f, {0, 0, NULL}};
    int level = hts_get_log_level();
    hts_set_log_level(HTS_LOG_OFF); /* the caller's message is better */
    const char *next = hts_parse_region(s, i, beg, end, look_up, &l, HTS_PARSE_LIST);
    hts_set_log_level(level);
    if (next && l.other.l) say_other(f, l.other.s, f->all[*i].name);
    free(l.other.s);
    return next;
}
