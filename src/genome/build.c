/* build.c - genome builds: their chromosomes' lengths and their names in other programs. */
#include "genome/build.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const tfb_build_t tfb_builds[TFB_BUILDS] = {
    {.name = "GRCh38",
     .ucsc = "hg38",
     .species = "human",
     .text = "GRCh38 (hg38)",
     .ensembl = "https://www.ensembl.org/Homo_sapiens",
     .length = {248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
                138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
                83257441,  80373285,  58617616,  64444167,  46709983,  50818468,  156040895, 57227415}},
    {.name = "GRCh37",
     .ucsc = "hg19",
     .species = "human",
     .text = "GRCh37 (hg19)",
     .ensembl = "https://grch37.ensembl.org/Homo_sapiens",
     .length = {249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
                141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
                81195210,  78077248,  59128983,  63025520,  48129895,  51304566,  155270560, 59373566}},
    {.name = "T2T-CHM13v2.0",
     .ucsc = "hs1",
     .species = "human",
     .text = "T2T-CHM13v2.0 (hs1)",
     .length = {248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331,
                150617247, 134758134, 135127769, 133324548, 113566686, 101161492, 99753195,  96330374,
                84276897,  80542538,  61707364,  66210255,  45090682,  51324926,  154259566, 62460029}},
    {.name = "GRCm38",
     .ucsc = "mm10",
     .species = "mouse",
     .text = "GRCm38 (mm10)",
     .length = {195471971, 182113224, 160039680, 156508116, 151834684, 149736546, 145441459,
                129401213, 124595110, 130694993, 122082543, 120129022, 120421639, 124902244,
                104043685, 98207768,  94987271,  90702639,  61431566,  171031299, 91744698}},
    {.name = "GRCm39",
     .ucsc = "mm39",
     .species = "mouse",
     .text = "GRCm39 (mm39)",
     .ensembl = "https://www.ensembl.org/Mus_musculus",
     .length = {195154279, 181755017, 159745316, 156860686, 151758149, 149588044, 144995196,
                130127694, 124359700, 130530862, 121973369, 120092757, 120883175, 125139656,
                104073951, 98008968,  95294699,  90720763,  61420004,  169476592, 91455967}},
};

const tfb_build_t *tfb_build_named(const char *text)
{
    static const struct {
        const char *word;
        int build;
    } words[] = {{"hg38", 0},  {"grch38", 0}, {"hg19", 1}, {"grch37", 1}, {"hs37d5", 1}, {"b37", 1},   {"hs1", 2},
                 {"chm13", 2}, {"t2t", 2},    {"mm10", 3}, {"grcm38", 3}, {"mm39", 4},   {"grcm39", 4}};
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].word);
        for (const char *s = text; *s; s++) {
            int begins = s == text || !isalnum((unsigned char)s[-1]);
            if (begins && strncasecmp(s, words[i].word, n) == 0 && !isdigit((unsigned char)s[n]))
                return &tfb_builds[words[i].build];
        }
    }
    return NULL;
}

/* Counts how many contigs have the length of a chromosome, for each build. */
typedef struct {
    int n[TFB_BUILDS];
} votes_t;

static void vote(votes_t *v, int64_t length)
{
    if (length <= 0) return; /* not known, and the end of a build's lengths */
    for (int b = 0; b < TFB_BUILDS; b++)
        for (int c = 0; c < TFB_BUILD_CHROMS; c++) v->n[b] += tfb_builds[b].length[c] == length;
}

static const tfb_build_t *winner(const votes_t *v)
{
    int best = 0, n_best = 0;
    for (int b = 1; b < TFB_BUILDS; b++)
        if (v->n[b] > v->n[best]) best = b;
    for (int b = 0; b < TFB_BUILDS; b++) n_best += v->n[b] == v->n[best];
    return v->n[best] && n_best == 1 ? &tfb_builds[best] : NULL;
}

const tfb_build_t *tfb_build_of_fasta(const tfb_fasta_t *f)
{
    votes_t v = {{0}};
    for (int i = 0; f && i < tfb_fasta_n_contigs(f); i++) vote(&v, tfb_fasta_len(f, tfb_fasta_contig(f, i)));
    return winner(&v);
}

const tfb_build_t *tfb_build_of_vcf(const bcf_hdr_t *hdr)
{
    votes_t v = {{0}};
    for (int i = 0; i < hdr->n[BCF_DT_CTG]; i++) {
        const bcf_idinfo_t *info = hdr->id[BCF_DT_CTG][i].val;
        if (info) vote(&v, (int64_t)info->info[0]); /* htslib keeps a contig's length there */
    }
    return winner(&v);
}

const tfb_build_t *tfb_build_of_bam(const sam_hdr_t *hdr)
{
    votes_t v = {{0}};
    for (int i = 0; i < sam_hdr_nref(hdr); i++) vote(&v, sam_hdr_tid2len(hdr, i));
    return winner(&v);
}

int tfb_build_chrom(const tfb_build_t *b, const char *contig, int chr, kstring_t *s)
{
    int n = 0;
    char *end;
    if (strncmp(contig, "chr", 3) == 0) contig += 3;
    while (n < TFB_BUILD_CHROMS && b->length[n]) n++;
    long number = strtol(contig, &end, 10);
    int is_number = isdigit((unsigned char)*contig) && *contig != '0' && !*end && number <= n - 2;
    int is_m = strcmp(contig, "M") == 0 || strcmp(contig, "MT") == 0;
    if (!is_number && !is_m && strcmp(contig, "X") && strcmp(contig, "Y")) return -1;
    if (is_m) contig = chr ? "M" : "MT";
    return ksprintf(s, "%s%s", chr ? "chr" : "", contig) < 0 ? -1 : 0;
}
