/* alleles.c - REF and ALT alleles -> windows of base codes. */
#include "genome/alleles.h"
#include "genome/base.h"
#include <string.h>

const char *tfb_allele_reason(tfb_allele_t r)
{
    static const char *const text[TFB_ALLELE_REASONS] = {
        "scored",
        "symbolic",
        "* (deleted by another variant)",
        "breakend",
        "with letters other than A, C, G, T",
        "on a contig that the FASTA lacks",
        "too near a contig end",
        "with too many N around",
        "with a REF that the FASTA does not have",
        "equal to REF",
    };
    return text[r];
}

tfb_allele_t tfb_allele_kind(const char *s)
{
    if (s[0] == '<') return TFB_ALLELE_SYMBOLIC;
    if (s[0] == '*' && !s[1]) return TFB_ALLELE_STAR;
    size_t n = strlen(s);
    if (strpbrk(s, "[]") || (n > 1 && (s[0] == '.' || s[n - 1] == '.'))) return TFB_ALLELE_BREAKEND;
    for (size_t i = 0; i < n; i++)
        if (tfb_base_code[(uint8_t)s[i]] == TFB_N) return TFB_ALLELE_NOT_ACGT;
    return n ? TFB_ALLELE_OK : TFB_ALLELE_NOT_ACGT;
}

int tfb_allele_bases(tfb_fasta_t *f, const char *contig, hts_pos_t beg, hts_pos_t end, uint8_t *code)
{
    int r = tfb_fasta_codes(f, contig, beg, end, code);
    return r == -2 ? TFB_ALLELE_NO_CONTIG : r == -3 ? TFB_ALLELE_EDGE : r;
}

int tfb_allele_window(tfb_fasta_t *f, const char *contig, hts_pos_t pos, hts_pos_t rlen, const char *allele, int a, int W, int max_n, uint8_t *code)
{
    int left = W / 2 - a / 2, from = 0, n = a;
    if (a > W) {
        from = a / 2 - W / 2;
        n = W;
    }
    if (left < 0) left = 0;
    int right = W - left - n, r;
    if ((r = tfb_allele_bases(f, contig, pos - left, pos, code)) != 0 ||
        (r = tfb_allele_bases(f, contig, pos + rlen, pos + rlen + right, code + left + n)) != 0)
        return r;
    tfb_encode(allele + from, (size_t)n, code + left);
    return tfb_count_n(code, (size_t)W) > (size_t)max_n ? TFB_ALLELE_MANY_N : TFB_ALLELE_OK;
}

int tfb_allele_check_ref(tfb_fasta_t *f, const char *contig, hts_pos_t pos, const char *ref, int *at, char *base)
{
    uint8_t code[256];
    size_t n = strlen(ref);
    for (size_t i = 0; i < n; i += sizeof code) {
        size_t m = n - i < sizeof code ? n - i : sizeof code;
        int r = tfb_allele_bases(f, contig, pos + (hts_pos_t)i, pos + (hts_pos_t)(i + m), code);
        if (r != 0) return r;
        for (size_t k = 0; k < m; k++) {
            uint8_t c = tfb_base_code[(uint8_t)ref[i + k]];
            if (code[k] != c && code[k] != TFB_N && c != TFB_N) {
                *at = (int)(i + k);
                *base = tfb_base_char[code[k]];
                return TFB_ALLELE_MISMATCH;
            }
        }
    }
    return TFB_ALLELE_OK;
}
