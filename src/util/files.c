/* files.c - what formats share about the files they read and write. */
#include "config.h"
#include "util/files.h"
#include "util/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tfb_file_same(const char *in, const char *out)
{
    struct stat a, b;
    if (!in || !out || strcmp(out, "-") == 0 || (strcmp(in, "-") ? stat(in, &a) : fstat(0, &a)) < 0 || stat(out, &b) < 0) return 0;
    if (!S_ISREG(a.st_mode) || a.st_dev != b.st_dev || a.st_ino != b.st_ino) return 0;
    tfb_error("%s is the input: write to another file", out);
    return 1;
}

int tfb_file_cut_short(const char *in)
{
    struct stat st;
    char last = '\n';
    int std = strcmp(in, "-") == 0, fd = std ? 0 : open(in, O_RDONLY);
    if (fd < 0) return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1) last = '\n';
    if (!std) close(fd);
    return last != '\n';
}

int tfb_file_gz_name(const char *out)
{
    size_t n = strlen(out);
    return (n > 3 && strcmp(out + n - 3, ".gz") == 0) || (n > 4 && strcmp(out + n - 4, ".bgz") == 0);
}

void tfb_file_remove(const char *out)
{
    struct stat st;
    char *place = strcmp(out, "-") ? tfb_place(out) : NULL;
    if (place && stat(place, &st) == 0) unlink(place);
    free(place);
}

int tfb_file_write_error(const char *out)
{
    tfb_error("cannot write to %s: %s", strcmp(out, "-") ? out : "standard output", errno ? strerror(errno) : "write error (is the disk full?)");
    return -1;
}
