/* fuzz_tables.c - any bytes as one of the tables that commands read. The first byte chooses: p peaks, o
 * open regions or r regions of `labels`, s its sheet; b regions to draw variants from; R the regions of
 * `scan`; g binding modes or q partners of `relate`; w open chromatin (peaks or bigWig); e a table of
 * expression, n one of gene ids and symbols; v variants, d dbSNP for a list of rsIDs. TFB_FUZZ_FASTA, TFB_FUZZ_MODEL
 * and TFB_FUZZ_LABELS name reference, model and labels. */
#include "annotate/scan.h"
#include "fuzz.h"
#include "genome/assoc.h"
#include "genome/draw.h"
#include "genome/expressed.h"
#include "genome/open.h"
#include "genome/peaks.h"
#include "train/relate.h"
#include "util/util.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <string.h>

static const char modes[] = "porsbRgqwenvd";
static const char open_regions[] = "chr1\t100\t900\nchr2\t100\t900\n", sites[] = "chr1\t150\t160\n",
                  regions[] = "chr1\t100\t200\nchr2\t300\t400\n";

static void labels(char mode, const uint8_t *data, size_t n)
{
    char sheet[600];
    const char *path[4];
    static const char *const what[4] = {"open", "peaks", "tfbs", "regions"};
    for (int i = 0; i < 4; i++) {
        const char *text = i == 0 ? open_regions : i == 2 ? sites : regions;
        int its = mode == "oprr"[i] && (i != 2);
        path[i] = its ? fuzz_file(what[i], data, n) : fuzz_file(what[i], (const uint8_t *)text, strlen(text));
    }
    int len = snprintf(sheet, sizeof sheet, "cell\ttf\tkind\tpath\nA\t.\topen\t%s\nA\tT\tpeaks\t%s\n.\tT\ttfbs\t%s\n",
                       path[0], path[1], path[2]);
    const char *samples =
        mode == 's' ? fuzz_file("sheet", data, n) : fuzz_file("sheet", (const uint8_t *)sheet, (size_t)len);
    tfb_peaks_opt_t o = {
        .fasta = fuzz_env("TFB_FUZZ_FASTA"), .samples = samples, .regions = path[3], .out = "/dev/null", .width = 60};
    tfb_peaks_label(&o);
    fuzz_remove("sheet");
    for (int i = 0; i < 4; i++) fuzz_remove(what[i]);
}

static void draw(const char *in)
{
    static tfb_fasta_t *fasta;
    tfb_snv_t snv[8];
    tfb_rng_t rng;
    if (!fasta && !(fasta = tfb_fasta_open(fuzz_env("TFB_FUZZ_FASTA")))) abort();
    tfb_regions_t *r = tfb_regions_load(in, NULL, 0, fasta);
    tfb_rng_seed(&rng, 1);
    if (r && tfb_snvs_draw(r, fasta, 12, 2, &rng, snv, 8) > 8) abort();
    if (r) tfb_regions_has(r, "chr1", 150);
    tfb_regions_destroy(r);
}

static void open_chromatin(const char *in)
{
    static tfb_fasta_t *fasta;
    if (!fasta && !(fasta = tfb_fasta_open(fuzz_env("TFB_FUZZ_FASTA")))) abort();
    for (int has_min = 0; has_min < 2; has_min++) {
        tfb_open_t *p = tfb_open_load(&(tfb_open_opt_t){in, 1, has_min}, fasta);
        if (p) tfb_open_overlaps(p, "chr1", 150, 151);
        tfb_open_destroy(p);
    }
}

static void expressed(char mode, const char *in)
{
    static const char table[] = "gene_id\tTPM\nENSG1\t3\nENSG2\t0\n";
    const char *ids = fuzz_file("ids", (const uint8_t *)table, strlen(table));
    tfb_expressed_opt_t o = {.path = mode == 'n' ? ids : in, .genes = mode == 'n' ? in : NULL};
    tfb_expressed_t *e = tfb_expressed_load(&o);
    if (e) tfb_expressed_has(e, "SPI1");
    tfb_expressed_destroy(e);
    fuzz_remove("ids");
}

static void variants(char mode, const char *in)
{
    static tfb_fasta_t *fasta;
    static const char list[] = "rs1\nrs2\n";
    if (!fasta && !(fasta = tfb_fasta_open(fuzz_env("TFB_FUZZ_FASTA")))) abort();
    const char *ids = fuzz_file("ids", (const uint8_t *)list, strlen(list));
    tfb_assoc_opt_t o = {.memory = 300, .dbsnp = mode == 'd' ? in : NULL}; /* with a run on disk for a few rows */
    tfb_assoc_t *a = tfb_assoc_open(&o, mode == 'd' ? ids : in, fasta);
    bcf1_t *rec = bcf_init();
    while (a && tfb_assoc_next(a, rec) > 0)
        if (rec->n_allele != 2) abort();
    bcf_destroy(rec);
    tfb_assoc_close(a);
    fuzz_remove("ids");
}

static void relate(char mode, const char *in)
{
    tfb_relate_opt_t o = {.labels = fuzz_env("TFB_FUZZ_LABELS"), .target = "CTCF", .mode_cut = 0.4, .seed = 1};
    int n;
    int64_t bound;
    if (mode == 'g') o.by = TFB_RELATE_COFACTOR, o.groups = in;
    if (mode == 'q') o.by = TFB_RELATE_PARTNERS, o.partners = in;
    tfb_related_t *r = tfb_relate(&o, &n, &bound);
    if (r) tfb_relate_free(r, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    hts_set_log_level(HTS_LOG_OFF);
    tfb_log_level(-1);
    if (n < 1) return 0;
    if (*data && strchr("pors", *data)) {
        labels((char)*data, data + 1, n - 1);
        return 0;
    }
    const char *in = fuzz_file("in", data + 1, n - 1);
    tfb_scan_opt_t o = {
        .session = {.model = fuzz_env("TFB_FUZZ_MODEL"), .fasta = fuzz_env("TFB_FUZZ_FASTA"), .tf = "A", .threads = 1},
        .out = "/dev/null",
        .where = {.file = in},
        .step = 7};
    if (*data == 'R')
        tfb_scan(&o);
    else if (*data == 'b')
        draw(in);
    else if (*data == 'w')
        open_chromatin(in);
    else if (*data == 'e' || *data == 'n')
        expressed((char)*data, in);
    else if (*data == 'v' || *data == 'd')
        variants((char)*data, in);
    else
        relate((char)*data, in);
    fuzz_remove("in");
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t m, unsigned int seed)
{
    return fuzz_mutate_mode(data, n, m, seed, modes, 16);
}
