/* fuzz.h - what the fuzzers share: files in memory, seeds of numbers, and mutations that know the formats. */
#ifndef TFB_FUZZ_H
#define TFB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t m);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t m, unsigned int seed);

/* Writes n bytes to a file of this process in memory, named after what it is. Returns its path, which
 * stays valid; aborts on failure. */
const char *fuzz_file(const char *what, const uint8_t *data, size_t n);
/* Removes what fuzz_file wrote under that name. */
void fuzz_remove(const char *what);
/* The value of an environment variable that test/fuzz/run sets; aborts without it. */
const char *fuzz_env(const char *name);

/* Mutates n of m bytes in place and returns their number. Of BCF and BAM, compressed or not, one field of
 * a record is changed and the framing kept (what comes out is not compressed); of VCF and SAM text, one
 * field of a line. Of the rest, and now and then, libFuzzer's own mutations. */
size_t fuzz_mutate(uint8_t *data, size_t n, size_t m, unsigned int seed);
/* Does the same behind the first byte, which chooses a mode, and sets one time in `rarely` that byte to
 * one of the letters of modes. */
size_t fuzz_mutate_mode(uint8_t *data, size_t n, size_t m, unsigned int seed, const char *modes, unsigned int rarely);

#endif
