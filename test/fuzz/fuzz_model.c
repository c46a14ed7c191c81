/* fuzz_model.c - any bytes as a model file: loaded, and if that succeeds, scored with. */
#include "fuzz.h"
#include "nn/infer.h"
#include "nn/model.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    tfb_log_level(-1);
    const char *path = fuzz_file("model", data, n);
    tfb_model_t *m = tfb_model_load(path);
    fuzz_remove("model");
    if (m && m->window <= 4096 && m->n_targets <= 64) {
        tfb_infer_t *s = tfb_infer_create(m->net, NULL, 0, NULL);
        uint8_t *code = calloc(1, (size_t)m->window);
        float *z = calloc((size_t)m->n_targets, sizeof *z);
        if (s && code && z) tfb_infer_windows(s, code, NULL, 1, TFB_STRAND_BOTH, z);
        tfb_infer_destroy(s);
        free(code);
        free(z);
    }
    tfb_model_destroy(m);
    return 0;
}
