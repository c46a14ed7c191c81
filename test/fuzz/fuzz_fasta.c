/* fuzz_fasta.c - any bytes as a FASTA file and its index, parted by the first zero byte: opened, and
 * windows of every contig read. */
#include "fuzz.h"
#include "genome/fasta.h"
#include "util/util.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <string.h>

static void read_windows(tfb_fasta_t *f)
{
    enum { MOST = 4096 };
    for (int i = 0; i < tfb_fasta_n_contigs(f) && i < 64; i++) {
        const char *contig = tfb_fasta_contig(f, i);
        hts_pos_t len = tfb_fasta_len(f, contig), beg[] = {0, -1, len - 7, len, len / 2, INT64_MAX - MOST};
        for (int k = 0; k < 6; k++)
            for (int n = 1; n <= MOST; n *= 8) {
                uint8_t *code = malloc((size_t)n); /* exactly: one byte more is found */
                if (code && tfb_fasta_codes(f, contig, beg[k], beg[k] + n, code) == 0)
                    for (int j = 0; j < n; j++)
                        if (code[j] > 4) abort();
                free(code);
            }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    hts_set_log_level(HTS_LOG_OFF);
    tfb_log_level(-1);
    const uint8_t *zero = n ? memchr(data, 0, n) : NULL;
    size_t n_fasta = zero ? (size_t)(zero - data) : n;
    const char *path = fuzz_file("in.fa", data, n_fasta);
    if (zero) fuzz_file("in.fa.fai", zero + 1, n - n_fasta - 1);
    tfb_fasta_t *f = tfb_fasta_open(path);
    if (f) read_windows(f);
    tfb_fasta_close(f);
    char fai[200];
    snprintf(fai, sizeof fai, "%s.fai", path);
    fuzz_remove("in.fa");
    remove(fai); /* one that was made, too */
    return 0;
}
