/* out.c - output files that appear whole or not at all: written beside their place, then renamed. */
#include "util/util.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tfb_out_t {
    char *path, *place, *tmp; /* place and tmp NULL: written in place (standard output, a pipe, a device) */
};

FILE *tfb_out_open(const char *path, tfb_out_t **out)
{
    tfb_out_t *o = calloc(1, sizeof *o);
    FILE *f = NULL;
    *out = NULL;
    if (!path || strcmp(path, "-") == 0) {
        if (!o || !(o->path = strdup("standard output"))) goto memory;
        *out = o;
        return stdout;
    }
    if (!o || !(o->path = strdup(path)) || (!(o->place = tfb_place(path)) && errno == ENOMEM)) goto memory;
    if (o->place) {
        size_t m = strlen(o->place) + 32;
        if (!(o->tmp = malloc(m))) goto memory;
        snprintf(o->tmp, m, "%s.tmp.%ld", o->place, (long)getpid());
    }
    if (!(f = fopen(o->tmp ? o->tmp : path, "w"))) {
        tfb_error("cannot write %s: %s", path, strerror(errno));
        goto fail;
    }
    *out = o;
    return f;
memory:
    tfb_error("not enough memory to write %s", path ? path : "standard output");
fail:
    if (o) {
        free(o->path);
        free(o->place);
        free(o->tmp);
        free(o);
    }
    return NULL;
}

int tfb_out_close(FILE *f, tfb_out_t *o, int keep)
{
    if (!f || !o) return -1;
    int bad = fflush(f) != 0 || ferror(f), err = errno;
    if (f != stdout && fclose(f) != 0 && !bad) bad = 1, err = errno;
    if (keep && !bad && o->tmp && rename(o->tmp, o->place) < 0) bad = 1, err = errno;
    if (keep && bad) tfb_error("cannot write %s: %s", o->path, strerror(err));
    if ((bad || !keep) && o->tmp) unlink(o->tmp);
    free(o->path);
    free(o->place);
    free(o->tmp);
    free(o);
    return bad || !keep ? -1 : 0;
}
