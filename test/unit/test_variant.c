/* test_variant.c - one number for a variant however it is written; SNVs near an SNV against a search that tries every
 * base; headers' models. */
#include "annotate/near.h"
#include "genome/base.h"
#include "genome/origin.h"
#include "genome/variant.h"
#include "unit_fasta.h"
#include <math.h>
#include <string.h>

static void keys(void)
{
    static const struct {
        const char *what, *contig[2];
        hts_pos_t pos[2];
        const char *ref[2], *alt[2];
        int same;
    } row[] = {
        {"the same", {"chr1", "chr1"}, {9, 9}, {"A", "A"}, {"C", "C"}, 1},
        {"lower case", {"chr1", "chr1"}, {9, 9}, {"A", "a"}, {"C", "c"}, 1},
        {"another ALT", {"chr1", "chr1"}, {9, 9}, {"A", "A"}, {"C", "G"}, 0},
        {"another place", {"chr1", "chr1"}, {9, 10}, {"A", "A"}, {"C", "C"}, 0},
        {"another contig", {"chr1", "chr2"}, {9, 9}, {"A", "A"}, {"C", "C"}, 0},
        {"two styles", {"chr1", "1"}, {9, 9}, {"A", "A"}, {"C", "C"}, 1},
        {"mitochondria", {"chrM", "MT"}, {9, 9}, {"A", "A"}, {"C", "C"}, 1},
        {"padded on the right", {"chr1", "chr1"}, {9, 9}, {"A", "ATG"}, {"C", "CTG"}, 1},
        {"padded on the left", {"chr1", "chr1"}, {9, 7}, {"A", "GTA"}, {"C", "GTC"}, 1},
        {"a deletion padded", {"chr1", "chr1"}, {9, 8}, {"AT", "GAT"}, {"A", "GA"}, 1},
        {"a deletion in a joined record", {"chr1", "chr1"}, {9, 9}, {"CAA", "CAAA"}, {"CA", "CAA"}, 1},
        {"an insertion padded", {"chr1", "chr1"}, {9, 9}, {"A", "AC"}, {"AT", "ATC"}, 1},
        {"REF and ALT exchanged", {"chr1", "chr1"}, {9, 9}, {"A", "C"}, {"C", "A"}, 0},
        {"bases that move from REF to ALT", {"chr1", "chr1"}, {9, 9}, {"AC", "A"}, {"G", "CG"}, 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint64_t k[2];
        for (int j = 0; j < 2; j++)
            k[j] = tfb_variant_key(row[i].contig[j], row[i].pos[j], row[i].ref[j], row[i].alt[j]);
        CHECK(k[0] && k[1] && (k[0] == k[1]) == row[i].same, "%s", row[i].what);
    }
    CHECK(tfb_variant_key("chr1", 9, "ACG", "acg") == 0, "no change");
}

static int like(const uint8_t *at, const uint8_t *own, uint8_t alt, uint8_t *to)
{
    int same = 1, turned = 1;
    for (int i = -1; i <= 1; i++) {
        same &= at[i] == own[i];
        turned &= at[i] == 3 - own[-i];
    }
    *to = same ? alt : (uint8_t)(3 - alt);
    return same || turned;
}

static double gc_of(const uint8_t *code, int W)
{
    int gc = 0, n = 0;
    for (int i = 0; i < W; i++) gc += code[i] == 1 || code[i] == 2, n += code[i] < TFB_N;
    return (double)gc / n;
}

static void neighbours(void)
{
    enum { L = 3000, W = 61, MAX_N = 5 };
    char *seq = calloc(L + 1, 1);
    int most = 0;
    unsigned state = 5;
    CHECK(seq, "set-up");
    if (!seq) return;
    for (int i = 0; i < L; i++) {
        state = state * 1103515245 + 12345;
        seq[i] = i > 1000 && i < 1040 && i % 3 ? 'N' : "ACGT"[(state >> 16) & 3];
    }
    unit_fasta_t file;
    unit_fasta_open(&file, seq);
    tfb_fasta_t *f = file.fasta;
    tfb_near_t near = {.W = W, .max_n = MAX_N};
    uint8_t *code = malloc(L);
    CHECK(code, "set-up");
    for (int i = 0; code && i < L; i++) code[i] = tfb_base_code[(uint8_t)seq[i]];
    for (int pos = 0; f && code && pos < L; pos += 97) {
        uint8_t ref = code[pos], alt = (uint8_t)((ref + 1) & 3);
        if (ref == TFB_N) continue;
        for (hts_pos_t radius = 10; radius < 5000; radius *= 7) {
            int64_t n = tfb_near_find(&near, f, "c", pos, ref, alt, radius), k = 0;
            int left = W / 2, right = W - left,
                mine = pos >= left && pos + right <= L && tfb_count_n(code + pos - left, W) <= MAX_N &&
                       code[pos - 1] < TFB_N;
            mine = mine && code[pos + 1] < TFB_N;
            for (int p = left; mine && p + right <= L; p++) {
                uint8_t to;
                if (p == pos || p < pos - radius || p > pos + radius || tfb_count_n(code + p - left, W) > MAX_N ||
                    !like(code + p, code + pos, alt, &to) ||
                    fabs(gc_of(code + p - left, W) - gc_of(code + pos - left, W)) > 0.05)
                    continue;
                CHECK(k < n && near.snv[k].pos == p && near.snv[k].alt == to && near.snv[k].ref == code[p],
                      "%d within %d of %d", p, (int)radius, pos);
                k++;
            }
            CHECK(n == k, "%d within %d of %d, not %d", (int)n, (int)radius, pos, (int)k);
            if (n > most) most = (int)n;
            CHECK(tfb_near_find(&near, f, "c", pos, alt, ref, radius) == 0, "REF is not the genome's");
        }
    }
    CHECK(most > 10, "hardly any are found");
    tfb_near_free(&near);
    unit_fasta_close(&file);
    free(code);
    free(seq);
}

static void origins(void)
{
    static const struct {
        const char *description, *models, *digests, *options, *meaning;
    } row[] = {
        {.description = "Change (model a.safetensors 0123456789ab)",
         .models = "a.safetensors 0123456789ab",
         .digests = "0123456789ab",
         .options = "",
         .meaning = "Change"},
        {.description = "Change (model a b; c 0123456789ab; d) 0123456789ac; --strand fwd)",
         .models = "c 0123456789ab; d) 0123456789ac",
         .digests = "0123456789ab 0123456789ac",
         .options = "--strand fwd",
         .meaning = "Change"},
        {.description = "Of (model x (model a 0123456789ab; --strand rev; --min-percentile 99)",
         .models = "a 0123456789ab",
         .digests = "0123456789ab",
         .options = "--strand rev; --min-percentile 99",
         .meaning = "Of (model x"},
        {.description = "Change (model A 0123456789AB)",
         .models = "",
         .digests = "",
         .options = "",
         .meaning = "Change"},
        {.description = "Somebody's own", .models = "", .digests = "", .options = "", .meaning = "Somebody's own"},
        {.description = "", .models = "", .digests = "", .options = "", .meaning = ""},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        bcf_hdr_t *hdr = bcf_hdr_init("w");
        tfb_origin_t o;
        bcf_hdr_printf(hdr, "##INFO=<ID=X,Number=A,Type=Float,Description=\"%s\">", row[i].description);
        CHECK(bcf_hdr_sync(hdr) == 0 && tfb_origin_read(hdr, "X", &o) == 0, "set-up");
        CHECK(strcmp(o.models, row[i].models) == 0, "%s: %s", row[i].description, o.models);
        CHECK(strcmp(o.digests, row[i].digests) == 0, "%s: %s", row[i].description, o.digests);
        CHECK(strcmp(o.options, row[i].options) == 0, "%s: %s", row[i].description, o.options);
        CHECK(strcmp(o.meaning, row[i].meaning) == 0, "%s: %s", row[i].description, o.meaning);
        CHECK(tfb_origin_known(&o) == (*row[i].digests != 0), "%s", row[i].description);
        tfb_origin_free(&o);
        CHECK(tfb_origin_read(hdr, "Y", &o) == 0 && !*o.digests && !*o.meaning, "not declared");
        tfb_origin_free(&o);
        bcf_hdr_destroy(hdr);
    }
    tfb_origin_t o;
    CHECK(tfb_origin_parse("a 0123456789ab; b 0123456789ac", &o) == 0 &&
              strcmp(o.digests, "0123456789ab 0123456789ac") == 0,
          "a panel's source");
    tfb_origin_free(&o);
}

int main(void)
{
    keys();
    neighbours();
    origins();
    return unit_failed;
}
