/* files.c - helpers for the files that all formats read and write. */
#include "config.h"
#include "util/files.h"
#include "util/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tfb_file_cut_short(const char *in)
{
    struct stat st;
    char last = '\n';
    int std = strcmp(in, "-") == 0, fd = std ? 0 : open(in, O_RDONLY);
    if (fd < 0) return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
        last = '\n';
    if (!std) close(fd);
    return last != '\n';
}

int tfb_file_gz_name(const char *out) { return tfb_ends_with(out, ".gz") || tfb_ends_with(out, ".bgz"); }

int tfb_file_write_error(const char *out)
{
    tfb_error("cannot write to %s: %s", strcmp(out, "-") ? out : "standard output",
              errno ? strerror(errno) : "write error (is the disk full?)");
    return -1;
}
