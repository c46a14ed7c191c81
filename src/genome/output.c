/* output.c - outputs that htslib writes. */
#include "genome/output.h"
#include <errno.h>
#include <htslib/hfile.h>
#include <string.h>
#include <unistd.h>

htsFile *tfb_out_hts(tfb_out_t *o, const char *out, const char *mode)
{
    int fd = tfb_out_fd(o);
    errno = 0;
    hFILE *h = fd >= 0 ? hdopen(fd, mode) : hopen(out, mode); /* by name: a URL */
    htsFile *f = h ? hts_hopen(h, out, mode) : NULL;
    if (f) return f;
    if (h)
        hclose_abruptly(h);
    else if (fd >= 0)
        close(fd);
    tfb_error("cannot write %s: %s", out, errno ? strerror(errno) : "unknown format");
    return NULL;
}

BGZF *tfb_out_bgzf(tfb_out_t *o, const char *out, const char *mode)
{
    int fd = tfb_out_fd(o);
    errno = 0;
    BGZF *f = fd >= 0 ? bgzf_dopen(fd, mode) : bgzf_open(out, mode);
    if (f) return f;
    tfb_error("cannot write %s: %s", out, strerror(errno));
    if (fd >= 0) close(fd);
    return NULL;
}
