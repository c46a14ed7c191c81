/* tool_local.c - tool_local MODEL FASTA [PRECISION] < "contig pos ref alt" lines: scores the windows of each allele as
 * annotate does, from what the REF window has and without that knowledge, and prints how many alleles there were and
 * the largest difference. */
#include "genome/alleles.h"
#include "nn/panel.h"
#include "util/util.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    enum { N = 4000 };
    static char contig[100], ref[10000], alt[10000];
    long long pos;
    tfb_pool_t *pool = tfb_pool_create(2);
    tfb_precision_t as = TFB_FLOAT32;
    for (int i = 0; argc == 4 && i < TFB_N_PRECISIONS; i++)
        if (strcmp(argv[3], tfb_precision_name[i]) == 0) as = (tfb_precision_t)i;
    tfb_panel_t *p = argc >= 3 ? tfb_panel_open_as(argv[1], "all", as, pool) : NULL;
    tfb_fasta_t *fa = p ? tfb_fasta_open(argv[2]) : NULL;
    if (!fa) return 1;
    int W = tfb_panel_window(p), T = tfb_panel_n_targets(p), n = 0, n_all = 0;
    uint8_t *code = malloc((size_t)N * (size_t)W);
    int32_t base[N];
    float *z = malloc(sizeof *z * N * (size_t)T), *z1 = malloc(sizeof *z * N * (size_t)T), worst = 0;
    for (int more = 1; more;) {
        more = scanf("%99s %lld %9999s %9999s", contig, &pos, ref, alt) == 4;
        tfb_change_t c;
        if (more && tfb_allele_trim(pos - 1, ref, alt, &c) == TFB_ALLELE_OK)
            for (int a = 0; a < 2; a++) {
                if (tfb_allele_window(fa, contig, &c, a, W, 20, code + (size_t)(n + a) * (size_t)W) != TFB_ALLELE_OK)
                    break;
                base[n + a] = a ? n : -1;
                if (a) n += 2, n_all++;
            }
        if (n < N - 2 && more) continue;
        if (tfb_panel_windows(p, code, base, n, TFB_STRAND_BOTH, z) < 0 ||
            tfb_panel_windows(p, code, NULL, n, TFB_STRAND_BOTH, z1) < 0)
            return 1;
        for (size_t i = 0; i < (size_t)n * (size_t)T; i++)
            if (!(fabsf(z[i] - z1[i]) <= worst)) worst = fabsf(z[i] - z1[i]);
        n = 0;
    }
    printf("%d %g\n", n_all, (double)worst);
    return 0;
}
