/* test_alleles.c - allele windows against windows written out by hand. */
#include "genome/alleles.h"
#include "genome/base.h"
#include "unit_fasta.h"
#include "util/util.h"
#include <string.h>

/*                        0         1         2         3 */
/*                        0123456789012345678901234567890123456789 */
static const char seq[] = "ACGTACGTTTGCAAGCNNACGTTGCATGCCGATAGGCTTA";

static const struct {
    const char *what;
    int pos; /* 0-based */
    int rlen;
    const char *allele;
    int W, max_n, reason;
    const char *window;
} row[] = {
    {"SNV: index W/2", 10, 1, "C", 10, 9, 0, "CGTTTCCAAG"},
    {"its REF", 10, 1, "G", 10, 9, 0, "CGTTTGCAAG"},
    {"odd W", 10, 1, "C", 9, 9, 0, "GTTTCCAAG"},
    {"MNV of two", 10, 2, "AA", 10, 9, 0, "GTTTAAAAGC"},
    {"insertion of two after an anchor", 10, 1, "GTT", 10, 9, 0, "GTTTGTTCAA"},
    {"deletion of two: ALT", 10, 3, "G", 10, 9, 0, "CGTTTGAGCN"},
    {"deletion of two: REF", 10, 3, "GCA", 10, 9, 0, "GTTTGCAAGC"},
    {"an allele as long as the window", 10, 1, "ACGTACGTAC", 10, 9, 0, "ACGTACGTAC"},
    {"a longer one: its middle", 10, 1, "TTACGTACGTACGG", 10, 9, 0, "ACGTACGTAC"},
    {"lower case", 10, 1, "c", 10, 9, 0, "CGTTTCCAAG"},
    {"the first place with room", 5, 1, "A", 10, 9, 0, "ACGTAAGTTT"},
    {"one before it", 4, 1, "C", 10, 9, TFB_ALLELE_EDGE, NULL},
    {"the last place with room", 35, 1, "C", 10, 9, 0, "GATAGCCTTA"},
    {"one after it", 36, 1, "C", 10, 9, TFB_ALLELE_EDGE, NULL},
    {"as many N as allowed", 14, 1, "T", 10, 2, 0, "TGCAATCNNA"},
    {"one N too many", 14, 1, "T", 10, 1, TFB_ALLELE_MANY_N, NULL},
    {"a deletion into the N", 14, 3, "G", 10, 1, TFB_ALLELE_OK, "TGCAAGNACG"},
};

static const struct {
    const char *allele;
    tfb_allele_t kind;
} kinds[] = {
    {"A", TFB_ALLELE_OK},
    {"acgt", TFB_ALLELE_OK},
    {"<DEL>", TFB_ALLELE_SYMBOLIC},
    {"<*>", TFB_ALLELE_SYMBOLIC},
    {"*", TFB_ALLELE_STAR},
    {"G]17:198982]", TFB_ALLELE_BREAKEND},
    {"]13:123]T", TFB_ALLELE_BREAKEND},
    {".A", TFB_ALLELE_BREAKEND},
    {"G.", TFB_ALLELE_BREAKEND},
    {"R", TFB_ALLELE_NOT_ACGT},
    {"AN", TFB_ALLELE_NOT_ACGT},
    {".", TFB_ALLELE_NOT_ACGT},
    {"", TFB_ALLELE_NOT_ACGT},
    {"A*", TFB_ALLELE_NOT_ACGT},
};

static const struct {
    const char *ref, *alt;
    tfb_allele_t kind;
    int shift;                   /* of pos */
    const char *to_ref, *to_alt; /* what remains */
} trims[] = {
    {"A", "C", TFB_ALLELE_OK, 0, "A", "C"},
    {"AC", "CC", TFB_ALLELE_OK, 0, "A", "C"},           /* padded on the right, */
    {"CCA", "CCC", TFB_ALLELE_OK, 2, "A", "C"},         /* on the left, */
    {"GGACTT", "GGCATT", TFB_ALLELE_OK, 2, "AC", "CA"}, /* on both sides */
    {"ACA", "TCT", TFB_ALLELE_OK, 0, "ACA", "TCT"},     /* what is shared inside stays */
    {"GT", "G", TFB_ALLELE_OK, 0, "GT", "G"},           /* the base before an indel stays */
    {"G", "GTT", TFB_ALLELE_OK, 0, "G", "GTT"},
    {"TG", "G", TFB_ALLELE_OK, 0, "TG", "G"},   /* and so does the one behind, at the start of a contig */
    {"CAA", "C", TFB_ALLELE_OK, 0, "CAA", "C"}, /* a joined record of a run of A */
    {"CAA", "CA", TFB_ALLELE_OK, 0, "CA", "C"},
    {"CAA", "CAAA", TFB_ALLELE_OK, 0, "C", "CA"},
    {"CAA", "TAA", TFB_ALLELE_OK, 0, "C", "T"},
    {"AA", "A", TFB_ALLELE_OK, 0, "AA", "A"}, /* nothing moves along a repeat */
    {"TTCAGG", "TTCGG", TFB_ALLELE_OK, 2, "CA", "C"},
    {"GCT", "GA", TFB_ALLELE_OK, 1, "CT", "A"}, /* no base need be shared */
    {"ac", "CC", TFB_ALLELE_OK, 0, "a", "C"},   /* case is no difference */
    {"cca", "CCC", TFB_ALLELE_OK, 2, "a", "C"},
    {"A", "A", TFB_ALLELE_SAME, 0, "A", "A"},
    {"ACG", "acg", TFB_ALLELE_SAME, 0, "A", "a"},
    {"A", "<DEL>", TFB_ALLELE_SYMBOLIC, 0, NULL, NULL},
    {"N", "<DEL>", TFB_ALLELE_SYMBOLIC, 0, NULL, NULL},
    {"AN", "A", TFB_ALLELE_NOT_ACGT, 0, NULL, NULL},
    {"A", "AN", TFB_ALLELE_NOT_ACGT, 0, NULL, NULL},
    {"", "A", TFB_ALLELE_NOT_ACGT, 0, NULL, NULL},
};

static int is_text(const char *s, int n, const char *text)
{
    return (size_t)n == strlen(text) && memcmp(s, text, (size_t)n) == 0;
}

/* Both ways: exchanging REF and ALT exchanges what remains. */
static void check_trim(int i)
{
    for (int turned = 0; turned < 2; turned++) {
        const char *ref = trims[i].ref, *alt = trims[i].alt;
        tfb_change_t c;
        if (turned && !trims[i].to_ref) continue;
        tfb_allele_t kind = turned ? tfb_allele_trim(100, alt, ref, &c) : tfb_allele_trim(100, ref, alt, &c);
        CHECK(kind == trims[i].kind, "%s>%s: %s", ref, alt, tfb_allele_reason(kind));
        if (kind != trims[i].kind || !trims[i].to_ref) continue;
        const char *r = turned ? c.alt : c.ref, *a = turned ? c.ref : c.alt;
        int n = turned ? c.n_alt : c.n_ref, m = turned ? c.n_ref : c.n_alt;
        CHECK(c.pos == 100 + trims[i].shift && is_text(r, n, trims[i].to_ref) && is_text(a, m, trims[i].to_alt),
              "%s>%s becomes %d %.*s>%.*s", ref, alt, (int)c.pos - 100, n, r, m, a);
    }
}

int main(void)
{
    unit_fasta_t file;
    unit_fasta_open(&file, seq);
    tfb_fasta_t *fa = file.fasta;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint8_t *code = guarded((size_t)row[i].W);
        char text[64] = "";
        tfb_change_t c = {row[i].pos, NULL, row[i].allele, row[i].rlen, (int)strlen(row[i].allele)};
        int r = tfb_allele_window(fa, "c", &c, 1, row[i].W, row[i].max_n, code);
        CHECK(r == row[i].reason, "%s: %s", row[i].what, r < 0 ? "failure" : tfb_allele_reason((tfb_allele_t)r));
        if (r != TFB_ALLELE_OK || !row[i].window) continue;
        for (int k = 0; k < row[i].W; k++) text[k] = tfb_base_char[code[k]];
        CHECK(strcmp(text, row[i].window) == 0, "%s: %s, not %s", row[i].what, text, row[i].window);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        CHECK(tfb_allele_kind(kinds[i].allele) == kinds[i].kind, "'%s' is %s", kinds[i].allele,
              tfb_allele_reason(tfb_allele_kind(kinds[i].allele)));
    for (size_t i = 0; i < sizeof trims / sizeof trims[0]; i++) check_trim((int)i);
    uint8_t code[16];
    tfb_change_t other = {10, "G", "C", 1, 1};
    CHECK(tfb_allele_window(fa, "d", &other, 1, 10, 9, code) == TFB_ALLELE_NO_CONTIG, "another contig");
    int at;
    char base;
    CHECK(tfb_allele_check_ref(fa, "c", 10, "gcA", &at, &base) == TFB_ALLELE_OK, "REF as it is");
    CHECK(tfb_allele_check_ref(fa, "c", 10, "GCT", &at, &base) == TFB_ALLELE_MISMATCH && at == 2 && base == 'A',
          "REF as it is not");
    CHECK(tfb_allele_check_ref(fa, "c", 15, "CGT", &at, &base) == TFB_ALLELE_OK,
          "an N in the FASTA contradicts nothing");
    CHECK(tfb_allele_check_ref(fa, "c", 39, "AC", &at, &base) == TFB_ALLELE_EDGE, "REF beyond the contig");
    /* windows in any order come from the same stretch or another: all the same */
    for (int i = 0; i < 100; i++) {
        int b = i * 7 % 30;
        uint8_t want[10];
        tfb_encode(seq + b, 10, want);
        CHECK(tfb_fasta_codes(fa, "c", b, b + 10, code) == 0 && memcmp(code, want, 10) == 0, "[%d, %d)", b, b + 10);
    }
    CHECK(tfb_fasta_codes(fa, "c", -1, 5, code) == -3 && tfb_fasta_codes(fa, "c", 35, 41, code) == -3 &&
              tfb_fasta_codes(fa, "e", 0, 5, code) == -2,
          "outside");
    unit_fasta_close(&file);
    return unit_failed;
}
