/* input.c - what a file holds, found out without consuming it. In: a path. Out: VCF, BED, FASTA or BAM. */
#include "genome/input.h"
#include "util/util.h"
#include <ctype.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first bytes of standard input as a file of their own, without consuming them. NULL where that cannot be done. */
static hFILE *peek_stdin(void)
{
    char buf[4096]; /* a pipe holds at least as many */
    int fd[2];
    ssize_t n = -1;
    if (pipe(fd) < 0) return NULL;
    if (lseek(0, 0, SEEK_CUR) >= 0 && (n = pread(0, buf, sizeof buf, lseek(0, 0, SEEK_CUR))) > 0) n = write(fd[1], buf, (size_t)n);
#ifdef SPLICE_F_MOVE /* Linux */
    if (n < 0) n = tee(0, fd[1], sizeof buf, 0);
#endif
    close(fd[1]);
    hFILE *f = n > 0 ? hdopen(fd[0], "r") : NULL;
    if (!f) close(fd[0]);
    return f;
}

static tfb_input_t kind_of_format(enum htsExactFormat f)
{
    return f == vcf || f == bcf                ? TFB_IN_VCF
           : f == sam || f == bam || f == cram ? TFB_IN_BAM
           : f == fasta_format                 ? TFB_IN_FASTA
           : f == bed                          ? TFB_IN_BED
                                               : TFB_IN_BAD;
}

/* What text is, plain or compressed, by the first line that says so: > begins FASTA, and two numbers in columns 2 and 3 are BED.
 * TFB_IN_BAD: neither. f is closed. */
static tfb_input_t kind_of_text(hFILE *f)
{
    char buf[4096];
    int level = hts_get_log_level();
    hts_set_log_level(HTS_LOG_OFF); /* the first bytes of a compressed stream end within a block */
    BGZF *b = bgzf_hopen(f, "r");
    ssize_t n = 0, r;
    while (b && n < (ssize_t)sizeof buf - 1 && (r = bgzf_read(b, buf + n, 1)) == 1) n++;
    if (b) bgzf_close(b);
    if (!b) hclose_abruptly(f);
    hts_set_log_level(level);
    buf[n] = 0;
    for (char *s = buf; *s; s += strcspn(s, "\n"), s += *s == '\n') {
        long long beg, end;
        int k = 0;
        if (*s == '#' || *s == '\n' || *s == '\r' || strncmp(s, "track", 5) == 0 || strncmp(s, "browser", 7) == 0) continue;
        if (*s == '>') return TFB_IN_FASTA;
        if (sscanf(s, "%*s%lld%lld%n", &beg, &end, &k) == 2 && k && isspace((unsigned char)s[k]) && !memchr(s, '\n', (size_t)k)) return TFB_IN_BED;
        break;
    }
    return TFB_IN_BAD;
}

/* A pipe with a name, as bash's <(...) makes them, is read but once, and whoever looks at its first bytes has taken them: it becomes standard input,
 * of which a copy is looked at. The name to read from. */
static const char *input_of(const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISFIFO(st.st_mode)) return path;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || dup2(fd, 0) < 0) return path;
    if (fd) close(fd);
    return "-";
}

tfb_input_t tfb_input_kind(const char **in, const char *said, const char *command, int bam_too)
{
    htsFormat fmt = {0};
    const char *path = *in = input_of(*in);
    if (said) {
        static const char *const name[] = {"vcf", "bcf", "bed", "fasta", "bam", "sam", "cram"};
        static const tfb_input_t kind[] = {TFB_IN_VCF, TFB_IN_VCF, TFB_IN_BED, TFB_IN_FASTA, TFB_IN_BAM, TFB_IN_BAM, TFB_IN_BAM};
        for (int i = 0; i < (bam_too ? 7 : 4); i++)
            if (strcmp(said, name[i]) == 0) return kind[i];
        tfb_error("--input is %s, not '%s'", bam_too ? "vcf, bed, fasta or bam" : "vcf, bed or fasta", said);
        return TFB_IN_BAD;
    }
    int std = strcmp(path, "-") == 0;
    hFILE *f = std ? peek_stdin() : hopen(path, "r");
    if (!f) return TFB_IN_VCF;
    tfb_input_t kind = hts_detect_format(f, &fmt) < 0 ? TFB_IN_VCF : kind_of_format(fmt.format);
    if (kind == TFB_IN_VCF || (kind == TFB_IN_BAM && bam_too)) {
        hclose_abruptly(f);
        return kind;
    }
    if (kind == TFB_IN_BAM || fmt.format == fastq_format) {
        tfb_error("%s is %s, which %s does not read", std ? "standard input" : path, kind == TFB_IN_BAM ? "SAM, BAM or CRAM" : "FASTQ", command);
        hclose_abruptly(f);
        return TFB_IN_BAD;
    }
    tfb_input_t text = kind_of_text(f);
    if (text != TFB_IN_BAD) return text;
    /* neither: BED where a name says so, else what is most often meant, whose reader will say what is wrong */
    static const char *const suffix[] = {".bed", ".bed.gz", ".narrowPeak", ".narrowPeak.gz", ".broadPeak", ".broadPeak.gz"};
    size_t n = strlen(path);
    for (size_t i = 0; !std && i < sizeof suffix / sizeof suffix[0]; i++)
        if (n > strlen(suffix[i]) && strcasecmp(path + n - strlen(suffix[i]), suffix[i]) == 0) return TFB_IN_BED;
    return kind == TFB_IN_BAD ? TFB_IN_VCF : kind;
}
