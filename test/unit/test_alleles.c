/* test_alleles.c - allele windows against windows written out by hand. */
#include "genome/alleles.h"
#include "genome/base.h"
#include "unit.h"
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

int main(void)
{
    char path[4096], fai[4200];
    snprintf(path, sizeof path, "%s/test_alleles.%ld.fa", getenv("TMP") ? getenv("TMP") : "/tmp", (long)getpid());
    snprintf(fai, sizeof fai, "%s.fai", path);
    FILE *f = fopen(path, "w");
    fprintf(f, ">c\n%s\n", seq);
    fclose(f);
    tfb_fasta_t *fa = tfb_fasta_open(path);
    CHECK(fa, "open");
    if (!fa) return 1;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint8_t *code = guarded((size_t)row[i].W);
        char text[64] = "";
        int r = tfb_allele_window(fa, "c", row[i].pos, row[i].rlen, row[i].allele, (int)strlen(row[i].allele), row[i].W, row[i].max_n, code);
        CHECK(r == row[i].reason, "%s: %s", row[i].what, r < 0 ? "failure" : tfb_allele_reason((tfb_allele_t)r));
        if (r != TFB_ALLELE_OK || !row[i].window) continue;
        for (int k = 0; k < row[i].W; k++) text[k] = tfb_base_char[code[k]];
        CHECK(strcmp(text, row[i].window) == 0, "%s: %s, not %s", row[i].what, text, row[i].window);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        CHECK(tfb_allele_kind(kinds[i].allele) == kinds[i].kind, "'%s' is %s", kinds[i].allele, tfb_allele_reason(tfb_allele_kind(kinds[i].allele)));
    uint8_t code[16];
    CHECK(tfb_allele_window(fa, "d", 10, 1, "C", 1, 10, 9, code) == TFB_ALLELE_NO_CONTIG, "another contig");
    int at;
    char base;
    CHECK(tfb_allele_check_ref(fa, "c", 10, "gcA", &at, &base) == TFB_ALLELE_OK, "REF as it is");
    CHECK(tfb_allele_check_ref(fa, "c", 10, "GCT", &at, &base) == TFB_ALLELE_MISMATCH && at == 2 && base == 'A', "REF as it is not");
    CHECK(tfb_allele_check_ref(fa, "c", 15, "CGT", &at, &base) == TFB_ALLELE_OK, "an N in the FASTA contradicts nothing");
    CHECK(tfb_allele_check_ref(fa, "c", 39, "AC", &at, &base) == TFB_ALLELE_EDGE, "REF beyond the contig");
    /* windows in any order come from the same stretch or another: all the same */
    for (int i = 0; i < 100; i++) {
        int b = i * 7 % 30;
        uint8_t want[10];
        tfb_encode(seq + b, 10, want);
        CHECK(tfb_fasta_codes(fa, "c", b, b + 10, code) == 0 && memcmp(code, want, 10) == 0, "[%d, %d)", b, b + 10);
    }
    CHECK(tfb_fasta_codes(fa, "c", -1, 5, code) == -3 && tfb_fasta_codes(fa, "c", 35, 41, code) == -3 && tfb_fasta_codes(fa, "e", 0, 5, code) == -2, "outside");
    tfb_fasta_close(fa);
    unlink(path);
    unlink(fai);
    return unit_failed;
}
