/* example.c - the change of binding that a variant makes, for the TFs where it is largest.
 *
 *     cc -o example example.c $(pkg-config --cflags --libs tfbind)
 *     ./example human.safetensors hg38.fa chr22 19962712 C T */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tfbind.h>

static int fail(void)
{
    fprintf(stderr, "example: %s\n", tfbind_message());
    return 1;
}

int main(int argc, char **argv)
{
    tfbind_model_t *model = NULL;
    tfbind_scorer_t *scorer = NULL;
    tfbind_status_t status;
    if (argc != 7) {
        fprintf(stderr, "Usage: example MODEL FASTA CONTIG POS REF ALT\n");
        return 1;
    }
    if (tfbind_model_open(&model, argv[1], NULL) < 0 || tfbind_scorer_open(&scorer, model, argv[2]) < 0) return fail();

    int n = tfbind_model_n_targets(model);
    float *ref = malloc(n * sizeof *ref), *alt = malloc(n * sizeof *alt);
    tfbind_variant_t variant = {argv[3], atoll(argv[4]) - 1, argv[5], argv[6]};
    if (!ref || !alt) return 1;
    if (tfbind_score_variants(scorer, &variant, 1, ref, alt, &status) < 0) return fail();
    if (status != TFBIND_SCORED) {
        fprintf(stderr, "example: not scored: %s\n", tfbind_status_text(status));
        return 1;
    }
    for (int i = 0; i < 3 && i < n; i++) { /* the three largest changes */
        int top = -1;
        for (int t = 0; t < n; t++)
            if (!isnan(ref[t]) && (top < 0 || fabsf(tfbind_probability(alt[t]) - tfbind_probability(ref[t])) >
                                                  fabsf(tfbind_probability(alt[top]) - tfbind_probability(ref[top]))))
                top = t;
        printf("%s\t%.3f -> %.3f\n", tfbind_model_target(model, top), tfbind_probability(ref[top]),
               tfbind_probability(alt[top]));
        ref[top] = NAN; /* seen */
    }
    free(ref);
    free(alt);
    tfbind_scorer_close(scorer);
    tfbind_model_close(model);
    return 0;
}
