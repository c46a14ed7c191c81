/* tool_tiny_model.c - writes a small untrained model for tests: tool_tiny_model OUT SPEC WINDOW TF,TF,... SEED
 *
 * Weights are PyTorch's initialisation made louder, running statistics are not trivial, so that predictions differ
 * visibly. */
#include "nn/model.h"
#include <stdlib.h>

int main(int argc, char **argv)
{
    char err[300];
    int n;
    if (argc != 6) return 77;
    char **names = tfb_split(argv[4], ',', &n);
    tfb_net_t *net = tfb_net_parse(argv[2], atoi(argv[3]), err, sizeof err);
    if (!net) {
        fprintf(stderr, "%s\n", err);
        return 1;
    }
    tfb_rng_t r;
    uint64_t seed = strtoull(argv[5], NULL, 10);
    tfb_net_init(net, seed);
    tfb_rng_seed(&r, seed + 1);
    for (size_t i = 0; i < net->n_stat; i++) net->stat[i] += (float)(0.2 * tfb_rng_unit(&r));
    for (size_t i = 0; i < net->n_param; i++) net->param[i] *= 1.5f;
    tfb_model_t *m = tfb_model_create(net, names, n);
    tfb_strv_free(names);
    if (!m || tfb_model_meta_set(m, "genome", "made-up") < 0 || tfb_model_save(m, argv[1], 0) < 0) return 1;
    tfb_model_destroy(m);
    return 0;
}
