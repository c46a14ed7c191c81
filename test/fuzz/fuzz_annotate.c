/* fuzz_annotate.c - any bytes as VCF, BCF, BED or FASTA, annotated from end to end. The first byte chooses
 * the reader and options (below), the others are the file. TFB_FUZZ_FASTA and TFB_FUZZ_MODEL name
 * reference and model, which stay open. */
#include "annotate/rows.h"
#include "annotate/vcf.h"
#include "fuzz.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <string.h>

/* VCF and BCF: h haplotypes, H with all there is, m R s other meanings of unphased genotypes, t a set of
 * tags per TF, c one string, x records dropped and targets, v and the rest the summary. BED: b, n narrow
 * windows; tiled if the size is odd. FASTA: f */
static const char modes[] = "vvhHmRstcxbf";

static void annotate(char mode, const char *in, tfb_panel_t *panel, tfb_fasta_t *fasta)
{
    tfb_vcf_opt_t o;
    tfb_vcf_defaults(&o);
    o.panel = panel, o.reference = fasta, o.in = in, o.out = "/dev/null", o.check_ref = 'w';
    if (strchr("hHmRs", mode)) o.haplotypes = 1, o.phase = strchr("hH", mode) ? 'a' : mode;
    if (strchr("Ht", mode)) o.session.tf = "all", o.out_type = 'b';
    if (strchr("Hc", mode)) o.csq = 1;
    if (mode == 'x') o.check_ref = 'x', o.targets = "chr1:1-700,chr2", o.session.tf = "all";
    tfb_vcf_annotate(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static tfb_panel_t *panel;
    static tfb_fasta_t *fasta;
    if (!panel) {
        hts_set_log_level(HTS_LOG_OFF);
        tfb_log_level(-1);
        if (!(fasta = tfb_fasta_open(fuzz_env("TFB_FUZZ_FASTA"))) ||
            !(panel = tfb_panel_open(fuzz_env("TFB_FUZZ_MODEL"), "all", NULL)))
            abort();
    }
    if (n < 1) return 0;
    const char *in = fuzz_file("in", data + 1, n - 1);
    tfb_rows_opt_t o = {.panel = panel,
                        .reference = fasta,
                        .in = in,
                        .out = "/dev/null",
                        .session = {.max_n = 20, .threads = 1},
                        .tile = *data == 'b' && n % 2};
    if (*data == 'b')
        tfb_rows_bed(&o);
    else if (*data == 'f')
        tfb_rows_fasta(&o);
    else
        annotate(*data ? (char)*data : 'v', in, panel, fasta);
    fuzz_remove("in");
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t m, unsigned int seed)
{
    return fuzz_mutate_mode(data, n, m, seed, modes, 8);
}
