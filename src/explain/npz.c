/* npz.c - writes arrays of examples to .npz files. The array's header contains the number of examples, so
 * examples are first stored in an unnamed file, which libzip compresses. libzip's own temporary file would
 * remain if a signal ended the program, so libzip writes through callbacks in this file. */
#include "config.h"
#include "explain/npz.h"
#include "util/util.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBZIP

#include <zip.h>

enum { HEADER = 128 }; /* bytes before the data: room for any shape, and a multiple of 64 as the format requires */

struct tfb_npz_t {
    char *path;
    tfb_out_t *out;
    FILE *f, *to; /* the stored examples, the archive */
    zip_error_t error;
    int L;
    int64_t n;
    float *turned; /* (4, L) */
};

int tfb_npz_possible(void) { return 1; }

static void destroy(tfb_npz_t *z)
{
    if (z->f) fclose(z->f);
    if (z->to) fclose(z->to);
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
    if (!(z->out = tfb_out_begin(path))) {
        destroy(z);
        return NULL;
    }
    int fd = tfb_out_fd(z->out); /* reopened for writing, because there may be hundreds */
    if (fd >= 0) close(fd);
    if (!(z->f = tmpfile()) || fwrite(none, 1, HEADER, z->f) != HEADER) {
        tfb_error("cannot make a temporary file for %s: %s", path, strerror(errno));
        tfb_out_end(z->out, 0);
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

static float share_of(uint8_t code, int c)
{
    if (code > 3) return 0.25f;
    return code == c;
}

int tfb_npz_add_codes(tfb_npz_t *z, const uint8_t *code)
{
    for (int l = 0; l < z->L; l++)
        for (int c = 0; c < 4; c++) z->turned[(size_t)c * (size_t)z->L + (size_t)l] = share_of(code[l], c);
    return add(z);
}

/* libzip's commands for a new archive at z->to. */
static zip_int64_t archive(void *user, void *data, zip_uint64_t n, zip_source_cmd_t command)
{
    tfb_npz_t *z = user;
    int ok = 1;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                              ZIP_SOURCE_SUPPORTS, ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
                                              ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
                                              ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
    case ZIP_SOURCE_STAT: zip_error_set(&z->error, ZIP_ER_READ, ENOENT); return -1; /* no archive exists yet */
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&z->error, data, n);
    case ZIP_SOURCE_WRITE: ok = fwrite(data, 1, n, z->to) == n; break;
    case ZIP_SOURCE_SEEK_WRITE: {
        const zip_source_args_seek_t *at = data;
        ok = fseeko(z->to, (off_t)at->offset, at->whence) == 0;
        n = 0;
        break;
    }
    case ZIP_SOURCE_TELL_WRITE: return (zip_int64_t)ftello(z->to);
    case ZIP_SOURCE_COMMIT_WRITE:
        ok = fflush(z->to) == 0 && !ferror(z->to);
        n = 0;
        break;
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_REMOVE:
    case ZIP_SOURCE_FREE: return 0;
    default: ok = 0; errno = EOPNOTSUPP; /* reading */
    }
    if (ok) return (zip_int64_t)n;
    zip_error_set(&z->error, ZIP_ER_WRITE, errno);
    return -1;
}

/* Compresses the array into the archive. Returns 0, or -1 (logged). */
static int write_archive(tfb_npz_t *z)
{
    int ret = -1;
    zip_error_t error;
    const char *name = tfb_out_name(z->out);
    if (!(z->to = fopen(name ? name : z->path, "wb"))) {
        tfb_error("cannot write %s: %s", z->path, strerror(errno));
        return -1;
    }
    zip_error_init(&error);
    zip_error_init(&z->error);
    zip_source_t *to = zip_source_function_create(archive, z, &error);
    zip_t *a = to ? zip_open_from_source(to, ZIP_CREATE | ZIP_TRUNCATE, &error) : NULL;
    if (!a) {
        tfb_error("cannot write %s: %s", z->path, zip_error_strerror(&error));
        if (to) zip_source_free(to);
        goto done;
    }
    zip_source_t *s = zip_source_filep(a, z->f, 0, HEADER + z->n * z->L * 4 * (zip_int64_t)sizeof(float));
    zip_int64_t i = -1;
    if (s) {
        z->f = NULL; /* owned by the source now */
        if ((i = zip_file_add(a, "arr_0.npy", s, ZIP_FL_OVERWRITE)) < 0) zip_source_free(s);
    }
    /* a fixed date, 2 January 1980 in the archive's count, so that the same array makes the same file in
     * every time zone */
    if (i >= 0 && zip_file_set_dostime(a, (zip_uint64_t)i, 0, 1 << 5 | 2, 0) == 0 && zip_close(a) == 0)
        ret = 0;
    else {
        tfb_error("cannot write %s: %s", z->path, zip_strerror(a));
        zip_discard(a);
    }
done:
    zip_error_fini(&error);
    zip_error_fini(&z->error);
    if (fclose(z->to) != 0 && ret == 0) {
        tfb_error("cannot write %s: %s", z->path, strerror(errno));
        ret = -1;
    }
    z->to = NULL;
    return ret;
}

int tfb_npz_close(tfb_npz_t *z, int keep)
{
    if (!z) return 0;
    int ret = keep ? -1 : 0;
    if (!keep) goto done;
    /* NEP 1, version 1.0: magic, length of what follows (little-endian), a Python dictionary padded with spaces to a
     * newline */
    char head[HEADER + 1];
    static const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER - 10, 0};
    memcpy(head, magic, 10);
    int m = snprintf(head + 10, sizeof head - 10,
                     "{'descr': '%cf4', 'fortran_order': False, 'shape': (%" PRId64 ", 4, %d), }",
                     __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>', z->n, z->L);
    memset(head + 10 + m, ' ', (size_t)(HEADER - 10 - m));
    head[HEADER - 1] = '\n';
    if (fseek(z->f, 0, SEEK_SET) != 0 || fwrite(head, 1, HEADER, z->f) != HEADER || fflush(z->f) != 0 ||
        fseek(z->f, 0, SEEK_SET) != 0) /* libzip counts from the current offset */
        tfb_error("cannot write the temporary file of %s: %s", z->path, strerror(errno));
    else
        ret = write_archive(z);
done:
    if (tfb_out_end(z->out, keep && ret == 0) < 0 && keep) ret = -1;
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
