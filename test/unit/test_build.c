/* test_build.c - genome builds: each chromosome alone names its build; names of builds and of chromosomes. */
#include "genome/build.h"
#include "unit.h"
#include <inttypes.h>
#include <string.h>

/* Returns the build of a VCF and of a BAM with contigs of these lengths (n); they must agree. */
static const tfb_build_t *build_of(const int64_t *length, int n)
{
    bcf_hdr_t *vcf = bcf_hdr_init("w");
    kstring_t sam = {0, 0, NULL};
    char line[100];
    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof line, "##contig=<ID=any%d,length=%" PRId64 ">", i, length[i]);
        bcf_hdr_append(vcf, line);
        ksprintf(&sam, "@SQ\tSN:any%d\tLN:%" PRId64 "\n", i, length[i]);
    }
    CHECK(bcf_hdr_sync(vcf) == 0, "no memory");
    sam_hdr_t *bam = sam_hdr_parse(sam.l, sam.s ? sam.s : "");
    const tfb_build_t *a = tfb_build_of_vcf(vcf), *b = tfb_build_of_bam(bam);
    CHECK(a == b, "VCF %s, BAM %s", a ? a->name : "none", b ? b->name : "none");
    bcf_hdr_destroy(vcf);
    sam_hdr_destroy(bam);
    free(sam.s);
    return a;
}

static void lengths(void)
{
    const tfb_build_t *b = tfb_builds;
    for (int i = 0; i < TFB_BUILDS; i++) {
        int n = 0;
        while (n < TFB_BUILD_CHROMS && b[i].length[n]) n++;
        CHECK(n == (strcmp(b[i].species, "human") ? 21 : 24), "%s has %d chromosomes", b[i].name, n);
        for (int c = 0; c < n; c++)
            CHECK(build_of(&b[i].length[c], 1) == &b[i], "%s, chromosome %d of %d", b[i].name, c + 1, n);
    }
    const int64_t none[] = {10000, 48129894}, tie[] = {b[0].length[0], b[3].length[0]};
    const int64_t most[] = {b[0].length[0], b[1].length[23], b[0].length[20], 16569};
    CHECK(!build_of(NULL, 0), "a file without contigs");
    CHECK(!build_of(none, 2), "other lengths");
    CHECK(!build_of(tie, 2), "two builds with as many");
    CHECK(build_of(most, 4) == &b[0], "the build of most");
    CHECK(!tfb_build_of_fasta(NULL), "no FASTA");
}

static void names(void)
{
    static const struct {
        const char *text, *ucsc; /* "" = none */
    } row[] = {{"hg38", "hg38"},
               {"GRCh38.p14", "hg38"},
               {"GCA_000001405.15_GRCh38_no_alt.fna", "hg38"},
               {"hg38.dhs.fa.gz", "hg38"},
               {"HG19", "hg19"},
               {"b37", "hg19"},
               {"hs37d5.fa", "hg19"},
               {"human_g1k_v37.fasta", ""},
               {"hs1", "hs1"},
               {"T2T-CHM13v2.0", "hs1"},
               {"mm10.fa", "mm10"},
               {"GRCm38", "mm10"},
               {"Mus_musculus.GRCm39.dna.fa", "mm39"},
               {"hg380", ""},
               {"hg18", ""},
               {"bb37", ""},
               {"ref.fa", ""},
               {"", ""}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const tfb_build_t *b = tfb_build_named(row[i].text);
        CHECK(strcmp(b ? b->ucsc : "", row[i].ucsc) == 0, "%s: %s", row[i].text, b ? b->ucsc : "none");
    }
    CHECK(!tfb_build_named(NULL), "no text");
}

static void chromosomes(void)
{
    static const struct {
        int build;
        const char *contig, *ucsc, *ensembl; /* ucsc NULL = it is no chromosome */
    } row[] = {{0, "chr7", "chr7", "7"}, {0, "22", "chr22", "22"},   {0, "chrX", "chrX", "X"},
               {0, "MT", "chrM", "MT"},  {0, "chrM", "chrM", "MT"},  {0, "23", NULL, NULL},
               {0, "07", NULL, NULL},    {0, "chrUn_1", NULL, NULL}, {0, "", NULL, NULL},
               {0, "7a", NULL, NULL},    {3, "19", "chr19", "19"},   {3, "chr20", NULL, NULL}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        kstring_t s[2] = {{0, 0, NULL}, {0, 0, NULL}};
        for (int chr = 0; chr < 2; chr++) {
            const char *want = chr ? row[i].ucsc : row[i].ensembl;
            int r = tfb_build_chrom(&tfb_builds[row[i].build], row[i].contig, chr, &s[chr]);
            CHECK(r == (want ? 0 : -1) && (!want || strcmp(s[chr].s, want) == 0), "%s: %s", row[i].contig,
                  s[chr].s ? s[chr].s : "none");
            free(s[chr].s);
        }
    }
}

int main(void)
{
    lengths();
    names();
    chromosomes();
    return unit_failed;
}
