/* input.c - detects the format of a file without consuming it. In: a path. Out: VCF, BED, FASTA,
 * BAM or a table. */
#include "genome/input.h"
#include "genome/assoc.h"
#include "genome/lines.h"
#include "util/util.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PEEK = 65536, /* bytes: a block of bgzip is no longer, and a pipe holds as many */
};

/* Where looking at text stopped: at a line that decides the format or rules out all that we
 * read; in the middle of a line; after header lines only; there is no text. */
typedef enum { DECIDED, CUT, HEADERS, EMPTY, VCF_WITHOUT_FIRST_LINE } look_t;

/* Returns the first bytes of standard input as a file of their own, without consuming them, and
 * sets *n to their number. Returns NULL if that is impossible. */
static hFILE *peek_stdin(size_t *n)
{
    char buf[PEEK];
    int fd[2];
    ssize_t got = -1;
    if (pipe(fd) < 0) return NULL;
    if (lseek(0, 0, SEEK_CUR) >= 0 && (got = pread(0, buf, sizeof buf, lseek(0, 0, SEEK_CUR))) > 0) {
        /* not tee, which would not wait for the first byte; if our pipe is smaller it takes less */
        fcntl(fd[1], F_SETFL, O_NONBLOCK);
        got = write(fd[1], buf, (size_t)got);
    }
#ifdef SPLICE_F_MOVE /* Linux */
    if (got < 0) got = tee(0, fd[1], sizeof buf, 0);
#endif
    close(fd[1]);
    hFILE *f = got > 0 ? hdopen(fd[0], "r") : NULL;
    if (!f) close(fd[0]);
    *n = f ? (size_t)got : 0;
    return f;
}

/* Waits until standard input, a pipe of which n bytes were seen after `looks` looks, holds more.
 * Returns whether another look is worthwhile. The kernel adds no bytes to a page that was looked
 * at, and a writer blocks when all 16 pages are in use; so half of the pages are kept for full
 * pages. */
static int more_in_stdin(size_t n, int looks)
{
#ifdef SPLICE_F_MOVE
    if (n >= PEEK / 2 || looks > 6 || fcntl(0, F_GETPIPE_SZ) < PEEK) return 0;
    for (;;) {
        struct pollfd p = {.fd = 0, .events = POLLIN};
        int held = 0, ended = poll(&p, 1, 0) < 0 || (p.revents & (POLLHUP | POLLERR));
        if (ioctl(0, FIONREAD, &held) < 0) return 0;
        if ((size_t)held > n) return 1;
        if (ended) return 0;
        poll(NULL, 0, 5 << looks); /* longer each time, for a writer that writes line by line */
    }
#else
    return (void)n, (void)looks, 0;
#endif
}

static tfb_input_t kind_of_format(enum htsExactFormat f)
{
    switch (f) {
    case vcf:
    case bcf: return TFB_IN_VCF;
    case sam:
    case bam:
    case cram: return TFB_IN_BAM;
    case fasta_format: return TFB_IN_FASTA;
    case bed: return TFB_IN_BED;
    default: return TFB_IN_BAD;
    }
}

/* Writes the first bytes of a text, plain or compressed, to buf (PEEK), zero-terminated, and
 * closes f. Returns how many there are. */
static size_t first_bytes(hFILE *f, char *buf)
{
    int level = hts_get_log_level();
    hts_set_log_level(HTS_LOG_OFF); /* the first bytes of a compressed stream end within a block */
    BGZF *b = bgzf_hopen(f, "r");
    size_t n = 0;
    while (b && n < PEEK - 1 && bgzf_read(b, buf + n, 1) == 1) n++;
    if (b) bgzf_close(b);
    if (!b) hclose_abruptly(f);
    hts_set_log_level(level);
    buf[n] = 0;
    return n;
}

/* Returns the format by the first line that decides it: a header or a row of a table, > begins
 * FASTA, and two numbers in columns 2 and 3 mean BED. Returns TFB_IN_BAD if the line is neither or has not arrived yet;
 * *look tells which. Closes f. */
static tfb_input_t kind_of_text(hFILE *f, look_t *look, const char *name)
{
    char buf[PEEK], *s = buf;
    size_t n = first_bytes(f, buf);
    *look = !n ? EMPTY : HEADERS;
    if (strncmp(buf, "#CHROM\tPOS", 10) == 0) *look = VCF_WITHOUT_FIRST_LINE; /* not BED */
    if (n >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0) s += 3;
    if (n >= 2 && (memcmp(buf, "\xff\xfe", 2) == 0 || memcmp(buf, "\xfe\xff", 2) == 0)) {
        tfb_error("%s is UTF-16 text: save it as UTF-8", name);
        *look = DECIDED;
        return TFB_IN_BAD;
    }
    if (s > buf && strncmp(s, "##fileformat=VCF", 16) == 0) {
        tfb_error("%s begins with a byte-order mark, which VCF does not allow: save it without", name);
        *look = DECIDED;
        return TFB_IN_BAD;
    }
    if (*look != EMPTY && tfb_assoc_detect(s)) return TFB_IN_TABLE;
    for (; *s; s += strcspn(s, "\n"), s += *s == '\n') {
        long long beg, end;
        int k = 0;
        if (*s == '#' || *s == '\n' || *s == '\r' || strncmp(s, "track", 5) == 0 || strncmp(s, "browser", 7) == 0)
            continue;
        if (*s == '>') return TFB_IN_FASTA;
        if (sscanf(s, "%*s%lld%lld%n", &beg, &end, &k) == 2 && k && (!s[k] || isspace((unsigned char)s[k])) &&
            !memchr(s, '\n', (size_t)k))
            return TFB_IN_BED;
        *look = strchr(s, '\n') ? DECIDED : CUT;
        break;
    }
    return TFB_IN_BAD;
}

/* Returns the name to read from. A named pipe, such as bash's <(...), can be read only once, and
 * looking at its first bytes would consume them. It therefore becomes standard input, which is
 * looked at through a copy. */
static const char *input_of(const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISFIFO(st.st_mode)) return path;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || dup2(fd, 0) < 0) return path;
    if (fd) close(fd);
    return "-";
}

/* Returns the format named by --input, or TFB_IN_BAD if the command does not read it (logged). */
static tfb_input_t kind_said(const char *said, int all)
{
    static const char *const name[] = {"vcf", "bcf", "bed", "fasta", "bam", "sam", "cram", "table"};
    static const tfb_input_t kind[] = {TFB_IN_VCF, TFB_IN_VCF, TFB_IN_BED, TFB_IN_FASTA,
                                       TFB_IN_BAM, TFB_IN_BAM, TFB_IN_BAM, TFB_IN_TABLE};
    for (int i = 0; i < (all ? 8 : 4); i++)
        if (strcmp(said, name[i]) == 0) return kind[i];
    int near = tfb_nearest(said, (char *const *)name, all ? 8 : 4);
    const char *known = all ? "vcf, bed, fasta, bam or table" : "vcf, bed or fasta";
    if (near >= 0)
        tfb_error("--input is %s, not '%s'; did you mean %s?", known, said, name[near]);
    else
        tfb_error("--input is %s, not '%s'", known, said);
    return TFB_IN_BAD;
}

/* Returns whether path can be read; logs why not. */
static int readable(const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0 || strstr(path, "://")) return 1;
    errno = 0;
    if (stat(path, &st) == 0 && access(path, R_OK) == 0) {
        if (!S_ISDIR(st.st_mode)) return 1;
        errno = EISDIR;
    }
    tfb_error("cannot read %s: %s", path, strerror(errno));
    return 0;
}

/* Returns the format of a named file whose text does not decide it: BED by its name, else
 * TFB_IN_BAD (logged). */
static tfb_input_t kind_of_name(const char *path, look_t look, int all)
{
    static const char *const suffix[] = {".bed",           ".bed.gz",    ".narrowPeak",
                                         ".narrowPeak.gz", ".broadPeak", ".broadPeak.gz"};
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++)
        if (n > strlen(suffix[i]) && strcasecmp(path + n - strlen(suffix[i]), suffix[i]) == 0) return TFB_IN_BED;
    if (look == VCF_WITHOUT_FIRST_LINE)
        tfb_error("cannot read %s: VCF begins with ##fileformat=VCF", path);
    else if (look == EMPTY)
        tfb_error("cannot read %s: it is empty", path);
    else
        tfb_error("cannot read %s: it is not %s (--input names the format)", path,
                  all ? "VCF, BCF, BED, FASTA, SAM, BAM, CRAM or a table of variants" : "VCF, BCF, BED or FASTA");
    return TFB_IN_BAD;
}

tfb_input_t tfb_input_kind(const char **in, const char *said, const char *command, int all)
{
    htsFormat fmt = {0};
    const char *path = *in = input_of(*in);
    if (!readable(path)) return TFB_IN_BAD;
    if (said) return kind_said(said, all);
    int std = strcmp(path, "-") == 0, looks = 0, errors = tfb_log_errors();
    const char *name = tfb_input_name(path);
    look_t look;
    size_t n = 0;
    tfb_input_t kind;
    do {
        hFILE *f = std ? peek_stdin(&n) : hopen(path, "r");
        if (!f) return TFB_IN_VCF;
        kind = hts_detect_format(f, &fmt) < 0 ? TFB_IN_VCF : kind_of_format(fmt.format);
        if (kind == TFB_IN_VCF || (kind == TFB_IN_BAM && all)) {
            hclose_abruptly(f);
            return kind;
        }
        if (kind == TFB_IN_BAM || fmt.format == fastq_format) {
            tfb_error("%s is %s, which %s does not read", name, kind == TFB_IN_BAM ? "SAM, BAM or CRAM" : "FASTQ",
                      command);
            hclose_abruptly(f);
            return TFB_IN_BAD;
        }
        tfb_input_t text = kind_of_text(f, &look, name);
        if (text == TFB_IN_TABLE && !all) {
            tfb_error("%s is a table of variants, which %s does not read: `tfbind tables` makes a VCF of it", name,
                      command);
            return TFB_IN_BAD;
        }
        if (text != TFB_IN_BAD || tfb_log_errors() > errors) return text;
    } while (std && look != DECIDED && more_in_stdin(n, ++looks));
    if (kind != TFB_IN_BAD) return kind;
    if (look == HEADERS) return TFB_IN_BED;
    return std ? TFB_IN_VCF
               : kind_of_name(path, look, all); /* VCF is most often meant, and its reader will report what is wrong */
}

int tfb_input_is_table(const char *path)
{
    htsFormat fmt = {0};
    struct stat st;
    int std = strcmp(path, "-") == 0, looks = 0, level = tfb_log_get_level();
    look_t look = EMPTY;
    size_t n = 0;
    tfb_input_t kind;
    if (!std && (stat(path, &st) < 0 || !S_ISREG(st.st_mode))) return 0;
    do {
        hFILE *f = std ? peek_stdin(&n) : hopen(path, "r");
        if (!f) return 0;
        kind = hts_detect_format(f, &fmt) < 0 ? TFB_IN_VCF : kind_of_format(fmt.format);
        if (kind == TFB_IN_VCF || kind == TFB_IN_BAM) {
            hclose_abruptly(f);
            return 0;
        }
        tfb_log_level(-1); /* the reader will report what is wrong */
        kind = kind_of_text(f, &look, path);
        tfb_log_level(level);
        if (kind != TFB_IN_BAD) return kind == TFB_IN_TABLE;
    } while (std && look != DECIDED && more_in_stdin(n, ++looks));
    return 0;
}
