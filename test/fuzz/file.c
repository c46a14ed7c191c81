/* file.c - files in memory for the fuzzers. */
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    char what[32], path[128];
} files[16];

static const char *path_of(const char *what)
{
    const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    for (int i = 0; i < 16; i++) {
        if (!*files[i].what) {
            snprintf(files[i].what, sizeof files[i].what, "%s", what);
            snprintf(files[i].path, sizeof files[i].path, "%s/tfb-fuzz.%d.%s", dir, (int)getpid(), what);
        }
        if (strcmp(files[i].what, what) == 0) return files[i].path;
    }
    abort();
}

const char *fuzz_file(const char *what, const uint8_t *data, size_t n)
{
    const char *path = path_of(what);
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f) != 0) abort();
    return path;
}

void fuzz_remove(const char *what) { unlink(path_of(what)); }

const char *fuzz_env(const char *name)
{
    const char *s = getenv(name);
    if (!s) abort();
    return s;
}
