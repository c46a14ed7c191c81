/* stream.c - outputs (out.c) as streams, including standard output. Not in the library, which writes neither. */
#include "util/util.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *tfb_out_open(const char *path, tfb_out_t **out)
{
    tfb_out_t *o = *out = tfb_out_begin(path);
    if (!o) return NULL;
    if (!path || strcmp(path, "-") == 0) return stdout;
    int fd = tfb_out_fd(o);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f) return f;
    tfb_error("cannot write %s: %s", path, fd < 0 ? "it is a URL" : strerror(errno));
    if (fd >= 0) close(fd);
    tfb_out_end(o, 0);
    *out = NULL;
    return NULL;
}

int tfb_out_finish(FILE *f, const tfb_out_t *o)
{
    errno = 0;
    int bad = fflush(f) != 0 || ferror(f), err = errno;
    if (f != stdout && fclose(f) != 0 && !bad) bad = 1, err = errno;
    if (bad) tfb_error("cannot write %s: %s", tfb_out_path(o), err ? strerror(err) : "write error (is the disk full?)");
    return bad ? -1 : 0;
}

int tfb_out_close(FILE *f, tfb_out_t *o, int keep)
{
    if (!f || !o) return -1;
    if (!keep) {
        if (f == stdout)
            fflush(f);
        else
            fclose(f);
    } else if (tfb_out_finish(f, o) < 0)
        keep = 0;
    return tfb_out_end(o, keep);
}
