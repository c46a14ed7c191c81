/* npz.c - arrays of examples to .npz files. The header of the array says how many examples there are, so they wait in an unnamed file; libzip
 * reads that, compresses it, and puts the archive in its place when it is whole. */
#include "config.h"
#include "explain/npz.h"
#include "util/util.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBZIP

#include <zip.h>

enum { HEADER = 128 }; /* bytes before the data: room for any shape, and a multiple of 64 as the format asks */

struct tfb_npz_t {
    char *path;
    FILE *f;
    int L;
    int64_t n;
    float *turned; /* (4, L) */
};

int tfb_npz_possible(void) { return 1; }

static void destroy(tfb_npz_t *z)
{
    if (z->f) fclose(z->f);
    free(z->path);
    free(z->turned);
    free(z);
}

tfb_npz_t *tfb_npz_open(const char *path, int L)
{
    tfb_npz_t *z = calloc(1, sizeof *z);
    static const char none[HEADER];
    if (!z || !(z->path = strdup(path)) || !(z->turned = malloc((size_t)L * 4 * sizeof *z->turned))) {
        tfb_error("not enough memory to write %s", path);
        if (z) destroy(z);
        return NULL;
    }
    z->L = L;
    if (!(z->f = tmpfile()) || fwrite(none, 1, HEADER, z->f) != HEADER) {
        tfb_error("cannot make a temporary file for %s: %s", path, strerror(errno));
        destroy(z);
        return NULL;
    }
    return z;
}

static int add(tfb_npz_t *z)
{
    z->n++;
    if (fwrite(z->turned, sizeof(float), (size_t)z->L * 4, z->f) == (size_t)z->L * 4) return 0;
    tfb_error("cannot write the temporary file of %s: %s", z->path, strerror(errno));
    return -1;
}

int tfb_npz_add(tfb_npz_t *z, const float *x)
{
    for (int l = 0; l < z->L; l++)
        for (int c = 0; c < 4; c++) z->turned[(size_t)c * (size_t)z->L + (size_t)l] = x[(size_t)l * 4 + (size_t)c];
    return add(z);
}

int tfb_npz_add_codes(tfb_npz_t *z, const uint8_t *code)
{
    for (int l = 0; l < z->L; l++)
        for (int c = 0; c < 4; c++) z->turned[(size_t)c * (size_t)z->L + (size_t)l] = code[l] == c ? 1 : code[l] > 3 ? 0.25f : 0;
    return add(z);
}

int tfb_npz_close(tfb_npz_t *z, int keep)
{
    if (!z) return 0;
    int ret = -1;
    if (!keep) {
        destroy(z);
        return 0;
    }
    /* NEP 1, version 1.0: magic, length of what follows (little-endian), a Python dictionary padded with spaces to a newline */
    char head[HEADER + 1];
    static const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER - 10, 0};
    memcpy(head, magic, 10);
    int m = snprintf(head + 10, sizeof head - 10, "{'descr': '%cf4', 'fortran_order': False, 'shape': (%" PRId64 ", 4, %d), }",
                     __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>', z->n, z->L);
    memset(head + 10 + m, ' ', (size_t)(HEADER - 10 - m));
    head[HEADER - 1] = '\n';
    if (fseek(z->f, 0, SEEK_SET) != 0 || fwrite(head, 1, HEADER, z->f) != HEADER || fflush(z->f) != 0 ||
        fseek(z->f, 0, SEEK_SET) != 0) { /* libzip counts from where the file stands */
        tfb_error("cannot write the temporary file of %s: %s", z->path, strerror(errno));
        destroy(z);
        return -1;
    }
    int code = 0;
    zip_error_t error;
    zip_t *a = zip_open(z->path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!a) {
        zip_error_init_with_code(&error, code);
        tfb_error("cannot write %s: %s", z->path, zip_error_strerror(&error));
        zip_error_fini(&error);
        destroy(z);
        return -1;
    }
    zip_source_t *s = zip_source_filep(a, z->f, 0, HEADER + z->n * z->L * 4 * (zip_int64_t)sizeof(float));
    zip_int64_t i = -1;
    if (s) {
        z->f = NULL; /* the source's now */
        if ((i = zip_file_add(a, "arr_0.npy", s, ZIP_FL_OVERWRITE)) < 0) zip_source_free(s);
    }
    /* a fixed date, 2 January 1980 as the archive counts: the same array makes the same file, in every time zone */
    if (i >= 0 && zip_file_set_dostime(a, (zip_uint64_t)i, 0, 1 << 5 | 2, 0) == 0 && zip_close(a) == 0)
        ret = 0;
    else {
        tfb_error("cannot write %s: %s", z->path, zip_strerror(a));
        zip_discard(a);
    }
    destroy(z);
    return ret;
}

#else

int tfb_npz_possible(void) { return 0; }
tfb_npz_t *tfb_npz_open(const char *path, int L)
{
    (void)L;
    tfb_error("%s: this tfbind was built without libzip and cannot write .npz", path);
    return NULL;
}
int tfb_npz_add(tfb_npz_t *z, const float *x) { return (void)z, (void)x, -1; }
int tfb_npz_add_codes(tfb_npz_t *z, const uint8_t *code) { return (void)z, (void)code, -1; }
int tfb_npz_close(tfb_npz_t *z, int keep) { return (void)z, (void)keep, 0; }

#endif
