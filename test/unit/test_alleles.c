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
    {.what = "SNV: index W/2", .pos = 10, .rlen = 1, .allele = "C", .W = 10, .max_n = 9, .window = "CGTTTCCAAG"},
    {.what = "its REF", .pos = 10, .rlen = 1, .allele = "G", .W = 10, .max_n = 9, .window = "CGTTTGCAAG"},
    {.what = "odd W", .pos = 10, .rlen = 1, .allele = "C", .W = 9, .max_n = 9, .window = "GTTTCCAAG"},
    {.what = "MNV of two", .pos = 10, .rlen = 2, .allele = "AA", .W = 10, .max_n = 9, .window = "GTTTAAAAGC"},
    {.what = "insertion of two after an anchor",
     .pos = 10,
     .rlen = 1,
     .allele = "GTT",
     .W = 10,
     .max_n = 9,
     .window = "GTTTGTTCAA"},
    {.what = "deletion of two: ALT", .pos = 10, .rlen = 3, .allele = "G", .W = 10, .max_n = 9, .window = "CGTTTGAGCN"},
    {.what = "deletion of two: REF",
     .pos = 10,
     .rlen = 3,
     .allele = "GCA",
     .W = 10,
     .max_n = 9,
     .window = "GTTTGCAAGC"},
    {.what = "an allele as long as the window",
     .pos = 10,
     .rlen = 1,
     .allele = "ACGTACGTAC",
     .W = 10,
     .max_n = 9,
     .window = "ACGTACGTAC"},
    {.what = "a longer one: its middle",
     .pos = 10,
     .rlen = 1,
     .allele = "TTACGTACGTACGG",
     .W = 10,
     .max_n = 9,
     .window = "ACGTACGTAC"},
    {.what = "lower case", .pos = 10, .rlen = 1, .allele = "c", .W = 10, .max_n = 9, .window = "CGTTTCCAAG"},
    {.what = "the first place with room",
     .pos = 5,
     .rlen = 1,
     .allele = "A",
     .W = 10,
     .max_n = 9,
     .window = "ACGTAAGTTT"},
    {.what = "one before it", .pos = 4, .rlen = 1, .allele = "C", .W = 10, .max_n = 9, .reason = TFB_ALLELE_EDGE},
    {.what = "the last place with room",
     .pos = 35,
     .rlen = 1,
     .allele = "C",
     .W = 10,
     .max_n = 9,
     .window = "GATAGCCTTA"},
    {.what = "one after it", .pos = 36, .rlen = 1, .allele = "C", .W = 10, .max_n = 9, .reason = TFB_ALLELE_EDGE},
    {.what = "as many N as allowed", .pos = 14, .rlen = 1, .allele = "T", .W = 10, .max_n = 2, .window = "TGCAATCNNA"},
    {.what = "one N too many", .pos = 14, .rlen = 1, .allele = "T", .W = 10, .max_n = 1, .reason = TFB_ALLELE_MANY_N},
    {.what = "a deletion into the N",
     .pos = 14,
     .rlen = 3,
     .allele = "G",
     .W = 10,
     .max_n = 1,
     .reason = TFB_ALLELE_OK,
     .window = "TGCAAGNACG"},
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
    {.ref = "A", .alt = "C", .kind = TFB_ALLELE_OK, .to_ref = "A", .to_alt = "C"},
    {.ref = "AC", .alt = "CC", .kind = TFB_ALLELE_OK, .to_ref = "A", .to_alt = "C"}, /* padded on the right, */
    {.ref = "CCA", .alt = "CCC", .kind = TFB_ALLELE_OK, .shift = 2, .to_ref = "A", .to_alt = "C"}, /* on the left, */
    {.ref = "GGACTT", .alt = "GGCATT", .kind = TFB_ALLELE_OK, .shift = 2, .to_ref = "AC", .to_alt = "CA"}, /* on both
                                                                                                              sides */
    {.ref = "ACA",
     .alt = "TCT",
     .kind = TFB_ALLELE_OK,
     .to_ref = "ACA",
     .to_alt = "TCT"}, /* what is shared inside stays */
    {.ref = "GT",
     .alt = "G",
     .kind = TFB_ALLELE_OK,
     .to_ref = "GT",
     .to_alt = "G"}, /* the base before an indel stays */
    {.ref = "G", .alt = "GTT", .kind = TFB_ALLELE_OK, .to_ref = "G", .to_alt = "GTT"},
    {.ref = "TG",
     .alt = "G",
     .kind = TFB_ALLELE_OK,
     .to_ref = "TG",
     .to_alt = "G"}, /* and so does the one behind, at the start of a contig */
    {.ref = "CAA",
     .alt = "C",
     .kind = TFB_ALLELE_OK,
     .to_ref = "CAA",
     .to_alt = "C"}, /* a joined record of a run of A */
    {.ref = "CAA", .alt = "CA", .kind = TFB_ALLELE_OK, .to_ref = "CA", .to_alt = "C"},
    {.ref = "CAA", .alt = "CAAA", .kind = TFB_ALLELE_OK, .to_ref = "C", .to_alt = "CA"},
    {.ref = "CAA", .alt = "TAA", .kind = TFB_ALLELE_OK, .to_ref = "C", .to_alt = "T"},
    {.ref = "AA", .alt = "A", .kind = TFB_ALLELE_OK, .to_ref = "AA", .to_alt = "A"}, /* nothing moves along a repeat */
    {.ref = "TTCAGG", .alt = "TTCGG", .kind = TFB_ALLELE_OK, .shift = 2, .to_ref = "CA", .to_alt = "C"},
    {.ref = "GCT", .alt = "GA", .kind = TFB_ALLELE_OK, .shift = 1, .to_ref = "CT", .to_alt = "A"}, /* no base need be
                                                                                                      shared */
    {.ref = "ac", .alt = "CC", .kind = TFB_ALLELE_OK, .to_ref = "a", .to_alt = "C"}, /* case is no difference */
    {.ref = "cca", .alt = "CCC", .kind = TFB_ALLELE_OK, .shift = 2, .to_ref = "a", .to_alt = "C"},
    {.ref = "A", .alt = "A", .kind = TFB_ALLELE_SAME, .to_ref = "A", .to_alt = "A"},
    {.ref = "ACG", .alt = "acg", .kind = TFB_ALLELE_SAME, .to_ref = "A", .to_alt = "a"},
    {.ref = "A", .alt = "<DEL>", .kind = TFB_ALLELE_SYMBOLIC},
    {.ref = "N", .alt = "<DEL>", .kind = TFB_ALLELE_SYMBOLIC},
    {.ref = "AN", .alt = "A", .kind = TFB_ALLELE_NOT_ACGT},
    {.ref = "A", .alt = "AN", .kind = TFB_ALLELE_NOT_ACGT},
    {.ref = "", .alt = "A", .kind = TFB_ALLELE_NOT_ACGT},
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
