/* fuzz_annotate.c - any bytes as VCF, BCF, BED or FASTA, annotated from end to end. The first byte chooses (b: BED, f: FASTA, else VCF or BCF, with
 * other options where it is h, t or c), the others are the file. TFB_FUZZ_FASTA and TFB_FUZZ_MODEL name reference and model, which stay open. */
#include "annotate/rows.h"
#include "annotate/vcf.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64];
    static tfb_panel_t *panel;
    static tfb_fasta_t *fasta;
    if (!panel) {
        snprintf(path, sizeof path, "/dev/shm/tfb-fuzz-in.%d", (int)getpid());
        hts_set_log_level(HTS_LOG_OFF);
        if (!(fasta = tfb_fasta_open(getenv("TFB_FUZZ_FASTA"))) || !(panel = tfb_panel_open(getenv("TFB_FUZZ_MODEL"), "all", NULL))) abort();
        tfb_log_level(-1);
    }
    if (n < 1) return 0;
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data + 1, 1, n - 1, f) != n - 1 || fclose(f) != 0) abort();
    if (*data == 'b' || *data == 'f') {
        tfb_rows_opt_t o = {.panel = panel, .reference = fasta, .in = path, .out = "/dev/null", .max_n = 20, .threads = 1, .tile = *data == 'b' && n % 2};
        if (*data == 'b')
            tfb_rows_bed(&o);
        else
            tfb_rows_fasta(&o);
    } else {
        tfb_vcf_opt_t o;
        tfb_vcf_defaults(&o);
        o.panel = panel, o.reference = fasta, o.in = path, o.out = "/dev/null", o.check_ref = 'w';
        if (*data == 'h') o.haplotypes = 1, o.phase = 'a';
        if (*data == 't') o.tf = "all", o.out_type = 'b';
        if (*data == 'c') o.csq = 1;
        tfb_vcf_annotate(&o);
    }
    unlink(path);
    return 0;
}
