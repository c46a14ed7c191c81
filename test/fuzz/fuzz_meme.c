/* fuzz_meme.c - any bytes as a file of motifs, read, looked up and written again. */
#include "fuzz.h"
#include "genome/meme.h"
#include "util/util.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static FILE *null;
    if (!null && !(null = fopen("/dev/null", "w"))) abort();
    tfb_log_level(-1);
    tfb_motifs_t *s = tfb_motifs_read(fuzz_file("in", data, n));
    for (int i = 0; s && i < s->n; i++) {
        if (tfb_motifs_find(s, s->motif[i].id) < 0) abort();
        tfb_motif_is_of(&s->motif[i], "JUN");
        double bits = tfb_motif_bits(s->motif[i].p, s->motif[i].w, s->bg, NULL);
        if (!(bits >= -1e-3)) abort();
    }
    if (s) tfb_motifs_write(s, null);
    tfb_motifs_destroy(s);
    fuzz_remove("in");
    return 0;
}
