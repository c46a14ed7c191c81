/* fuzz_annotate.c - any bytes as VCF, BCF or BED, annotated from end to end. The first byte chooses (b: BED, else VCF or BCF), the others are the
 * file. TFB_FUZZ_FASTA and TFB_FUZZ_MODEL name reference and model. */
#include "annotate/rows.h"
#include "annotate/vcf.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64];
    if (!*path) {
        snprintf(path, sizeof path, "/dev/shm/tfb-fuzz-in.%d", (int)getpid());
        tfb_log_level(-1);
        hts_set_log_level(HTS_LOG_OFF);
    }
    if (n < 1) return 0;
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data + 1, 1, n - 1, f) != n - 1 || fclose(f) != 0) abort();
    if (*data == 'b') {
        tfb_rows_opt_t o = {.model = getenv("TFB_FUZZ_MODEL"), .fasta = getenv("TFB_FUZZ_FASTA"), .in = path, .out = "/dev/null", .max_n = 20, .threads = 1};
        tfb_rows_bed(&o);
    } else {
        tfb_vcf_opt_t o;
        tfb_vcf_defaults(&o);
        o.model = getenv("TFB_FUZZ_MODEL"), o.fasta = getenv("TFB_FUZZ_FASTA"), o.in = path, o.out = "/dev/null", o.check_ref = 'w';
        tfb_vcf_annotate(&o);
    }
    unlink(path);
    return 0;
}
