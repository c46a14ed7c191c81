/* fuzz_labels.c - any bytes as a labels file, read to its end or its first error. */
#include "fuzz.h"
#include "genome/labels.h"
#include "util/util.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    tfb_log_level(-1);
    const char *path = fuzz_file("labels", data, n);
    tfb_region_t r;
    int bound = 0;
    tfb_labels_t *l = tfb_labels_open(path);
    while (l && tfb_labels_next(l, &r) > 0)
        for (int t = 0; t < tfb_labels_n_tfs(l); t++) bound += r.label[t] == TFB_BOUND;
    tfb_labels_close(l);
    fuzz_remove("labels");
    return bound < 0;
}
