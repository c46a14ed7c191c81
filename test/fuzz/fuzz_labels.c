/* fuzz_labels.c - any bytes as a labels file, read to its end or its first error. */
#include "genome/labels.h"
#include "util/util.h"
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64];
    if (!*path) {
        snprintf(path, sizeof path, "/dev/shm/tfb-fuzz-labels.%d", (int)getpid());
        tfb_log_level(-1);
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) abort();
    tfb_region_t r;
    int bound = 0;
    tfb_labels_t *l = tfb_labels_open(path);
    while (l && tfb_labels_next(l, &r) > 0)
        for (int t = 0; t < tfb_labels_n_tfs(l); t++) bound += r.label[t] == TFB_BOUND;
    tfb_labels_close(l);
    unlink(path);
    return bound < 0;
}
