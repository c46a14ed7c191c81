/* replay.c - runs a fuzzer's function on the files that are named: the corpus as a test, without libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        static uint8_t data[1 << 20];
        FILE *f = fopen(argv[i], "rb");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        uint8_t *exact = malloc(n ? n : 1); /* so that a byte too many is found by the sanitizers */
        if (!exact) return 1;
        for (size_t k = 0; k < n; k++) exact[k] = data[k];
        fprintf(stderr, "%s\n", argv[i]);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
