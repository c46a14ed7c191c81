/* fuzz_bam.c - any bytes as SAM or BAM, annotated from end to end. The first byte's bits: reads scored,
 * windows tiled, a tag per TF, SAM out. CRAM is htslib's to decode, and left out. TFB_FUZZ_FASTA and
 * TFB_FUZZ_MODEL name reference and model. */
#include "annotate/bam.h"
#include "fuzz.h"
#include <htslib/hts_log.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    hts_set_log_level(HTS_LOG_OFF);
    tfb_log_level(-1);
    if (n < 5 || memcmp(data + 1, "CRAM", 4) == 0) return 0;
    tfb_bam_opt_t o = {.session = {.model = fuzz_env("TFB_FUZZ_MODEL"),
                                   .fasta = fuzz_env("TFB_FUZZ_FASTA"),
                                   .tf = *data & 4 ? "all" : NULL,
                                   .max_n = 20,
                                   .threads = 1},
                       .in = fuzz_file("in", data + 1, n - 1),
                       .out = "/dev/null",
                       .reads = *data & 1,
                       .tile = *data >> 1 & 1,
                       .format = *data & 8 ? "sam" : "bam,level=0"};
    tfb_bam_annotate(&o);
    fuzz_remove("in");
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t m, unsigned int seed)
{
    if (n < 2) return LLVMFuzzerMutate(data, n, m);
    if (seed % 8 == 0) data[0] = (uint8_t)(seed / 8 % 16);
    return 1 + fuzz_mutate(data + 1, n - 1, m - 1, seed);
}
