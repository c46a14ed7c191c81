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
        "on a contig not in the FASTA",
        "too near a contig end",
        "with too many N around",
        "with a REF that differs from the FASTA",
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
    if (r == -2) return TFB_ALLELE_NO_CONTIG;
    return r == -3 ? TFB_ALLELE_EDGE : r;
}

tfb_allele_t tfb_allele_trim(hts_pos_t pos, const char *ref, const char *alt, tfb_change_t *c)
{
    tfb_allele_t kind = tfb_allele_kind(alt); /* more informative than the fault in REF, often N beside <DEL> */
    if (kind != TFB_ALLELE_OK) return kind;
    if (tfb_allele_kind(ref) != TFB_ALLELE_OK) return TFB_ALLELE_NOT_ACGT;
    size_t n = strlen(ref), m = strlen(alt);
    while (n > 1 && m > 1 && tfb_base_code[(uint8_t)ref[n - 1]] == tfb_base_code[(uint8_t)alt[m - 1]]) n--, m--;
    while (n > 1 && m > 1 && tfb_base_code[(uint8_t)*ref] == tfb_base_code[(uint8_t)*alt])
        ref++, alt++, pos++, n--, m--;
    *c = (tfb_change_t){.pos = pos, .ref = ref, .alt = alt, .n_ref = (int)n, .n_alt = (int)m};
    return n == 1 && m == 1 && tfb_base_code[(uint8_t)*ref] == tfb_base_code[(uint8_t)*alt] ? TFB_ALLELE_SAME
                                                                                            : TFB_ALLELE_OK;
}

int tfb_change_same_ref(const tfb_change_t *a, const tfb_change_t *b)
{
    return a->pos == b->pos && a->n_ref == b->n_ref && memcmp(a->ref, b->ref, (size_t)a->n_ref) == 0;
}

int tfb_allele_left(int a, int W) { return a < W ? W / 2 - a / 2 : 0; }

int tfb_allele_window(tfb_fasta_t *f, const char *contig, const tfb_change_t *c, int which, int W, int max_n,
                      uint8_t *code)
{
    const char *allele = which ? c->alt : c->ref;
    int a = which ? c->n_alt : c->n_ref, left = tfb_allele_left(a, W), from = 0, n = a;
    if (a > W) {
        from = a / 2 - W / 2;
        n = W;
    }
    int right = W - left - n, r;
    hts_pos_t end = c->pos + c->n_ref;
    if ((r = tfb_allele_bases(f, contig, c->pos - left, c->pos, code)) != 0 ||
        (r = tfb_allele_bases(f, contig, end, end + right, code + left + n)) != 0)
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
