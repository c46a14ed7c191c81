/* fuzz_checkpoint.c - a checkpoint with some bytes changed, resumed from. Bit 0 of the first byte: its
 * digest is made to fit again; bit 1: what follows is the whole file, else triples of a place (2 bytes)
 * and a byte to be put there. TFB_FUZZ_FASTA and TFB_FUZZ_LABELS name the data. */
#include "fuzz.h"
#include "genome/labels.h"
#include "train/fit.h"
#include "util/util.h"
#include <htslib/hts_log.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 64, MOST = 1 << 16 };

static struct {
    tfb_examples_t *ex;
    uint8_t *part, file[MOST];
    size_t n;
    tfb_pool_t *pool;
} data_set;

static int fit(const char *checkpoint, int resume)
{
    char err[256];
    tfb_fit_report_t report;
    tfb_fit_opt_t o = {.rate = 0.01,
                       .epochs = 1,
                       .batch = 50,
                       .seed = 1,
                       .pool = data_set.pool,
                       .checkpoint = checkpoint,
                       .resume = resume};
    tfb_net_t *net = tfb_net_parse("conv 2 3; bn; relu; pool 29; dense 3", data_set.ex->window, err, sizeof err);
    if (!net) abort();
    tfb_net_init(net, 1);
    int r = tfb_fit(net, data_set.ex, data_set.part, &o, &report);
    tfb_net_destroy(net);
    return r;
}

static void prepare(void)
{
    tfb_examples_opt_t o = {.fasta = fuzz_env("TFB_FUZZ_FASTA"), .labels = fuzz_env("TFB_FUZZ_LABELS")};
    hts_set_log_level(HTS_LOG_OFF);
    tfb_log_level(-1);
    if (!(data_set.ex = tfb_examples_load(&o)) || !(data_set.part = calloc((size_t)data_set.ex->n, 1)) ||
        !(data_set.pool = tfb_pool_create(1)) || tfb_examples_split(data_set.ex, "chr2", NULL, 1, data_set.part) < 0)
        abort();
    const char *path = fuzz_file("ckpt", NULL, 0);
    fuzz_remove("ckpt");
    if (fit(path, 0) < 0) abort();
    FILE *f = fopen(path, "rb");
    data_set.n = f ? fread(data_set.file, 1, MOST, f) : 0;
    if (!data_set.n || data_set.n == MOST || fclose(f)) abort();
}

/* The digest of all before it, as if these were the bytes that were written. */
static void seal(uint8_t *file, size_t n)
{
    char hex[DIGEST + 1];
    tfb_sha256_t sha;
    if (n < DIGEST) return;
    tfb_sha256_init(&sha);
    tfb_sha256_update(&sha, file, n - DIGEST);
    tfb_sha256_hex(&sha, hex);
    memcpy(file + n - DIGEST, hex, DIGEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t file[MOST];
    if (!data_set.ex) prepare();
    if (n < 1) return 0;
    size_t n_file = *data & 2 ? n - 1 : data_set.n;
    if (n_file > MOST) return 0;
    memcpy(file, *data & 2 ? data + 1 : data_set.file, n_file);
    for (size_t i = 1; !(*data & 2) && i + 3 <= n; i += 3)
        file[(data[i] | (size_t)data[i + 1] << 8) % n_file] = data[i + 2];
    if (*data & 1) seal(file, n_file);
    fit(fuzz_file("ckpt", file, n_file), 1);
    fuzz_remove("ckpt");
    return 0;
}
