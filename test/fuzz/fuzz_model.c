/* fuzz_model.c - any bytes as a model file: loaded, and if that succeeds, scored with. */
#include "nn/infer.h"
#include "nn/model.h"
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char path[64];
    if (!*path) {
        snprintf(path, sizeof path, "/dev/shm/tfb-fuzz-model.%d", (int)getpid());
        tfb_log_level(-1);
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) abort();
    tfb_model_t *m = tfb_model_load(path);
    unlink(path);
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
