/* test_score.c - the store of windows, each sequence once; variants to windows, and which reasons
 * they are left out for. */
#include "genome/base.h"
#include "score/session.h"
#include "score/variant.h"
#include "unit_fasta.h"
#include <string.h>

/*                        0         1         2         3 */
/*                        0123456789012345678901234567890123456789 */
static const char seq[] = "ACGTACGTTTGCAAGCNNACGTTGCATGCCGATAGGCTTA";
enum { W = 10 };

static int add(tfb_windows_t *w, const char *bases, int base)
{
    uint8_t *code = tfb_windows_next(w);
    if (!code) return -1;
    tfb_encode(bases, W, code);
    return tfb_windows_once(w, base);
}

static void sequences_once(void)
{
    tfb_windows_t w = {.W = W, .T = 1};
    CHECK(add(&w, "ACGTACGTAC", -1) == 0 && add(&w, "CCGTACGTAC", 0) == 1, "two sequences");
    CHECK(add(&w, "ACGTACGTAC", -1) == 0 && add(&w, "CCGTACGTAC", -1) == 1 && w.n == 2, "the same again");
    CHECK(add(&w, "CCGTACGTAA", 1) == 2 && w.base[1] == 0 && w.base[2] == -1, "a base that was derived itself is none");
    tfb_windows_unlist(&w);
    CHECK(add(&w, "ACGTACGTAC", -1) == 3, "not listed any more");
    CHECK(tfb_windows_list(&w, 0) == 3 && tfb_windows_list(&w, 1) == 1, "listed by hand");
    CHECK(add(&w, "CCGTACGTAC", -1) == 1 && w.n == 4, "found by hand");
    tfb_windows_clear(&w);
    CHECK(w.n == 0 && add(&w, "CCGTACGTAC", -1) == 0, "cleared");
    tfb_windows_free(&w);
}

/* More windows than the first allocation has room for, each twice. */
static void many(void)
{
    enum { N = 6000 };
    tfb_windows_t w = {.W = W, .T = 1};
    char bases[W + 1] = "";
    int bad = 0;
    for (int i = 0; i < 2 * N; i++) {
        for (int k = 0, x = i % N; k < W; k++, x /= 4) bases[k] = "ACGT"[x % 4];
        bad += add(&w, bases, -1) != i % N;
    }
    CHECK(bad == 0 && w.n == N, "%d of %d are elsewhere, %d windows", bad, 2 * N, w.n);
    for (int i = 0; i < N; i++)
        for (int k = 0, x = i; k < W; k++, x /= 4) bad += tfb_windows_code(&w, i)[k] != x % 4;
    CHECK(bad == 0, "codes move with the store");
    tfb_windows_free(&w);
}

static const struct {
    const char *what, *contig;
    int pos;
    const char *ref, *alt;
    int reason, w_ref, w_alt; /* windows; -1: none */
} row[] = {
    {.what = "an SNV",
     .contig = "c",
     .pos = 10,
     .ref = "G",
     .alt = "C",
     .reason = TFB_ALLELE_OK,
     .w_ref = 0,
     .w_alt = 1},
    {.what = "another ALT shares REF",
     .contig = "c",
     .pos = 10,
     .ref = "G",
     .alt = "T",
     .reason = TFB_ALLELE_OK,
     .w_ref = 0,
     .w_alt = 2},
    {.what = "padded, the same REF",
     .contig = "c",
     .pos = 9,
     .ref = "TG",
     .alt = "TA",
     .reason = TFB_ALLELE_OK,
     .w_ref = 0,
     .w_alt = 3},
    {.what = "a deletion has another",
     .contig = "c",
     .pos = 10,
     .ref = "GC",
     .alt = "G",
     .reason = TFB_ALLELE_OK,
     .w_ref = 4,
     .w_alt = 5},
    {.what = "ALT is REF",
     .contig = "c",
     .pos = 10,
     .ref = "G",
     .alt = "g",
     .reason = TFB_ALLELE_SAME,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "ALT is REF, which the FASTA does not have",
     .contig = "c",
     .pos = 10,
     .ref = "A",
     .alt = "A",
     .reason = TFB_ALLELE_MISMATCH,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "symbolic before all else",
     .contig = "c",
     .pos = 10,
     .ref = "A",
     .alt = "<DEL>",
     .reason = TFB_ALLELE_SYMBOLIC,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "REF differs in what is trimmed",
     .contig = "c",
     .pos = 9,
     .ref = "AG",
     .alt = "AC",
     .reason = TFB_ALLELE_MISMATCH,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "no such contig",
     .contig = "d",
     .pos = 10,
     .ref = "G",
     .alt = "C",
     .reason = TFB_ALLELE_NO_CONTIG,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "too near an end",
     .contig = "c",
     .pos = 2,
     .ref = "G",
     .alt = "C",
     .reason = TFB_ALLELE_EDGE,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "too many N",
     .contig = "c",
     .pos = 15,
     .ref = "C",
     .alt = "A",
     .reason = TFB_ALLELE_MANY_N,
     .w_ref = -1,
     .w_alt = -1},
    {.what = "REF is made again after that",
     .contig = "c",
     .pos = 10,
     .ref = "GC",
     .alt = "GCA",
     .reason = TFB_ALLELE_OK,
     .w_ref = 6,
     .w_alt = 7},
};

static void variants(tfb_fasta_t *fa)
{
    tfb_windows_t w = {.W = W, .T = 1};
    tfb_variants_t v = {.fasta = fa, .win = &w, .max_n = 1};
    tfb_alt_t to;
    uint8_t code[W];
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        int r = tfb_variant_add(&v, row[i].contig, row[i].pos, row[i].ref, row[i].alt, &to);
        CHECK(r == row[i].reason, "%s: %s", row[i].what, r < 0 ? "failure" : tfb_allele_reason((tfb_allele_t)r));
        CHECK(to.alt == row[i].w_alt && (r != TFB_ALLELE_OK || to.ref == row[i].w_ref), "%s: windows %d and %d",
              row[i].what, to.ref, to.alt);
        for (int k = 0; k < 2 && r == TFB_ALLELE_OK; k++) {
            int at = k ? to.alt : to.ref;
            CHECK(tfb_allele_window(fa, "c", &to.change, k, W, 1, code) == TFB_ALLELE_OK &&
                      memcmp(code, tfb_windows_code(&w, at), W) == 0,
                  "%s: bases of %d", row[i].what, k);
            CHECK(w.base[at] == (k ? to.ref : -1), "%s: window %d is derived from %d", row[i].what, at, w.base[at]);
        }
    }
    CHECK(tfb_variant_add(&v, "c", 9, "TA", "TC", &to) == TFB_ALLELE_MISMATCH && v.at == 1 && v.base == 'G',
          "which base differs: %d, %c", v.at, v.base);
    tfb_change_t c = {10, "G", "A", 1, 1};
    to = (tfb_alt_t){.ref = 3, .alt = -1};
    CHECK(tfb_variant_windows(&v, "c", &c, &to) == TFB_ALLELE_OK && to.ref == 3 && to.alt == 8 && w.base[8] == 3,
          "the caller's REF");
    tfb_variants_clear(&v);
    CHECK(tfb_variant_add(&v, "c", 10, "GC", "GCA", &to) == TFB_ALLELE_OK && to.ref == 0 && to.alt == 1,
          "cleared: REF is made again");
    tfb_windows_free(&w);
}

static const char *own_text(int r)
{
    return r == TFB_ALLELE_REASONS ? "of a kind of its own" : tfb_allele_reason((tfb_allele_t)r);
}

static void reasons(tfb_fasta_t *fa)
{
    tfb_reasons_t r = {{0}, 0, NULL, NULL};
    kstring_t s = {0, 0, NULL};
    tfb_reasons_count(&r, TFB_ALLELE_OK, "c");
    CHECK(tfb_reasons_list(&r, ": ", &s) == 0 && s.l == 0, "nothing was left out");
    tfb_reasons_count(&r, TFB_ALLELE_NO_CONTIG, "x");
    tfb_reasons_count(&r, TFB_ALLELE_NO_CONTIG, "y");
    tfb_reasons_count(&r, TFB_ALLELE_SYMBOLIC, "z");
    tfb_reasons_count(&r, TFB_ALLELE_REASONS, "z");
    CHECK(tfb_reasons_list(&r, ": ", &s) == 3 &&
              strcmp(s.s, ": 1 symbolic, 2 on a contig not in the FASTA (such as x)") == 0,
          "%s", s.s);
    s.l = 0;
    r.n_kinds = TFB_ALLELE_REASONS + 1;
    r.text = own_text;
    CHECK(tfb_reasons_list(&r, "", &s) == 4 &&
              strcmp(s.s, "1 symbolic, 2 on a contig not in the FASTA (such as x), 1 of a kind of its own") == 0,
          "%s", s.s);
    tfb_log_level(-1);
    CHECK(tfb_reasons_no_contig(&r, "scored", fa, 1) == 0 && tfb_reasons_no_contig(&r, "scored", fa, 0) == -1,
          "partly a warning");
    tfb_log_level(2);
    tfb_reasons_free(&r);
    free(s.s);
}

int main(void)
{
    unit_fasta_t file;
    unit_fasta_open(&file, seq);
    tfb_fasta_t *fa = file.fasta;
    sequences_once();
    many();
    variants(fa);
    reasons(fa);
    unit_fasta_close(&file);
    return unit_failed;
}
