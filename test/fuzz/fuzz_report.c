/* fuzz_report.c - any bytes as an annotated VCF or BCF. The first byte chooses: r a page, R one with
 * figures, e the hits of enrich, s hits to be scored, g GWAS-VCF, x explained. TFB_FUZZ_FASTA,
 * TFB_FUZZ_MODEL and TFB_FUZZ_ANNOTATED name reference, model and an annotated file. */
#include "annotate/enrich.h"
#include "explain/explain.h"
#include "explain/report.h"
#include "fuzz.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <string.h>

static const char modes[] = "rresgxR";

static void report(char mode, const char *in)
{
    static tfb_panel_t *panel;
    static tfb_fasta_t *fasta;
    static FILE *null;
    tfb_report_opt_t o = {
        .in = in, .prefix = "TFB", .n_top = 5, .n_figures = 1, .delta = 0.001, .title = "t", .command = "c"};
    if (!null && !(null = fopen("/dev/null", "w"))) abort();
    if (mode == 'R') {
        if (!panel && !(panel = tfb_panel_open(fuzz_env("TFB_FUZZ_MODEL"), "all", NULL))) abort();
        o.panel = panel;
        if (!fasta && !(fasta = tfb_fasta_open(fuzz_env("TFB_FUZZ_FASTA")))) abort();
        o.fasta = fasta;
    }
    tfb_report(&o, null);
}

static void enrich(char mode, const char *in)
{
    tfb_enrich_opt_t o;
    tfb_enrich_defaults(&o);
    o.session.model = fuzz_env("TFB_FUZZ_MODEL");
    o.in = in;
    o.background = fuzz_env("TFB_FUZZ_ANNOTATED");
    o.out = "/dev/null";
    o.n_permutations = 10;
    o.session.threads = 1;
    if (mode == 's') o.session.fasta = fuzz_env("TFB_FUZZ_FASTA"), o.weight = "INFO/AF";
    if (mode == 'g') o.background = NULL, o.min_lp = 3, o.by_effect = 1, o.match_af = 1, o.what = TFB_ENRICH_GAIN;
    tfb_enrich(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    hts_set_log_level(HTS_LOG_OFF);
    tfb_log_level(-1);
    if (n < 1) return 0;
    const char *in = fuzz_file("in", data + 1, n - 1);
    if (*data == 'x') {
        tfb_explain_opt_t o = {.session = {.model = fuzz_env("TFB_FUZZ_MODEL"),
                                           .fasta = fuzz_env("TFB_FUZZ_FASTA"),
                                           .max_n = 20,
                                           .threads = 1},
                               .in = in,
                               .input = TFB_IN_VCF,
                               .method = TFB_ISM,
                               .table = "/dev/null"};
        tfb_explain(&o);
    } else if (*data && strchr("esg", *data))
        enrich((char)*data, in);
    else
        report((char)*data, in);
    fuzz_remove("in");
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t m, unsigned int seed)
{
    return fuzz_mutate_mode(data, n, m, seed, modes, 8);
}
