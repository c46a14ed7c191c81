/* replay.c - runs a fuzzer's function on the files that are named, without libFuzzer: what was found,
 * again. With -m N, on N mutations of each as well, each of the one before it, in files of less than 64
 * kB. */
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20, MOST_MUTATED = 1 << 14 };

#pragma weak LLVMFuzzerCustomMutator

/* As libFuzzer's, in small: some bytes are changed, dropped or put in. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t m)
{
    static uint32_t rng = 1;
    size_t at = n ? (rng = rng * 1664525 + 1013904223) >> 8 : 0;
    if (n) at %= n;
    rng = rng * 1664525 + 1013904223;
    uint32_t how = rng >> 24;
    if (how < 64 && n < m) {
        memmove(data + at + 1, data + at, n - at);
        data[at] = (uint8_t)(rng >> 16);
        return n + 1;
    }
    if (how < 128 && n > 1) {
        memmove(data + at, data + at + 1, n - at - 1);
        return n - 1;
    }
    if (n) data[at] ^= (uint8_t)(1 << (rng >> 16 & 7));
    return n;
}

static int run(const uint8_t *data, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1); /* so that a byte too many is found by the sanitizers */
    if (!exact) return -1;
    memcpy(exact, data, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

/* Leaves the input that is being run, so that it can be looked at if it is the last one. */
static void keep(const char *path, const uint8_t *data, size_t n)
{
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (!f) return;
    fwrite(data, 1, n, f);
    fclose(f);
}

int main(int argc, char **argv)
{
    static uint8_t data[MOST];
    int first = 1, n_mutations = 0, n_runs = 0;
    if (argc > 2 && strcmp(argv[1], "-m") == 0) n_mutations = atoi(argv[2]), first = 3;
    for (int i = first; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        fprintf(stderr, "%s\n", argv[i]);
        if (run(data, n) < 0) return 1;
        n_runs++;
        static uint8_t mutated[MOST_MUTATED];
        size_t k = n < MOST_MUTATED ? n : 0;
        for (int j = 0; k && j < n_mutations; j++, n_runs++) {
            if (j % 4 == 0) memcpy(mutated, data, k = n);
            unsigned int seed = (unsigned int)(i * 7919 + j);
            k = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(mutated, k, sizeof mutated, seed)
                                        : LLVMFuzzerMutate(mutated, k, sizeof mutated);
            keep(getenv("TFB_FUZZ_KEEP"), mutated, k);
            if (run(mutated, k) < 0) return 1;
        }
    }
    printf("%d inputs\n", n_runs);
    return 0;
}
