/* fuzz_alleles.c - REF and ALT of any text at any place: kinds, the check against the FASTA, and windows.
 *
 * Bytes: position (2), window and N allowed (1 each), then REF, a tab, ALT. TFB_FUZZ_FASTA names the reference. */
#include "genome/alleles.h"
#include "genome/base.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static tfb_fasta_t *fasta;
    int at = -1;
    char base = 0;
    if (!fasta) {
        tfb_log_level(-1);
        if (!(fasta = tfb_fasta_open(getenv("TFB_FUZZ_FASTA")))) abort();
    }
    if (n < 5) return 0;
    hts_pos_t pos = data[0] << 8 | data[1];
    int W = data[2] + 1, max_n = data[3];
    char *text = malloc(n - 3), *alt;
    memcpy(text, data + 4, n - 4);
    text[n - 4] = 0;
    if ((alt = strchr(text, '\t'))) *alt++ = 0;
    if (tfb_allele_kind(text) == TFB_ALLELE_OK) {
        int r = tfb_allele_check_ref(fasta, "chr1", pos, text, &at, &base);
        if (r == TFB_ALLELE_MISMATCH && (at < 0 || (size_t)at >= strlen(text))) abort();
    }
    uint8_t *code = malloc((size_t)W); /* exactly: one byte more is found */
    tfb_change_t c;
    tfb_allele_t kind = tfb_allele_trim(pos, text, alt ? alt : "", &c);
    int usable = kind == TFB_ALLELE_OK || kind == TFB_ALLELE_SAME;
    if (usable && (c.n_ref < 1 || c.n_alt < 1 || c.pos < pos || c.pos + c.n_ref > pos + (hts_pos_t)strlen(text)))
        abort();
    for (int k = 0; usable && k < 2; k++)
        if (tfb_allele_window(fasta, "chr1", &c, k, W, max_n, code) == TFB_ALLELE_OK)
            for (int i = 0; i < W; i++)
                if (code[i] > TFB_N) abort();
    free(code);
    free(text);
    return 0;
}
