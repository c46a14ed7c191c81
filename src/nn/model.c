/* model.c - model files: safetensors in, safetensors out.
 *
 * Files are untrusted: the header's length and each tensor's type, dimensions and place are checked
 * against the file's size and the architecture before use. */
#include "nn/model.h"
#include "util/sort.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t MAX_HEADER = (size_t)64 << 20; /* safetensors allows 100 MB; ours are about 10 kB */
enum { MAX_TARGETS = 65536 };

/* ---- float16: IEEE 754 binary16 ---- */

static const float HALF_OVERFLOW = 65520.0f; /* values from here up round to infinity */

static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 31, m = h & 1023, u;
    float f;
    if (e == 31)
        u = sign | 0x7f800000 | m << 13;
    else if (e)
        u = sign | (e + 112) << 23 | m << 13;
    else {
        f = (float)m * 0x1p-24f; /* zero and subnormals */
        return sign ? -f : f;
    }
    memcpy(&f, &u, 4);
    return f;
}

static uint16_t float_to_half(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    float a = fabsf(f);
    if (!(a == a)) return sign | 0x7e00;
    if (a >= HALF_OVERFLOW) return sign | 0x7c00;
    if (a < 0x1p-14f) return sign | (uint16_t)lrintf(a * 0x1p24f); /* subnormal: a multiple of 2^-24, ties to even */
    memcpy(&u, &a, 4);
    u += 0xfff + (u >> 13 & 1); /* round to nearest even */
    return sign | (uint16_t)((u - (112u << 23)) >> 13);
}

/* ---- the model in memory ---- */

tfb_model_t *tfb_model_create(tfb_net_t *net, char *const *targets, int n_targets)
{
    tfb_model_t *m = calloc(1, sizeof *m);
    if (!m || !net) {
        tfb_net_destroy(net);
        free(m);
        return NULL;
    }
    m->net = net;
    m->window = net->window;
    m->n_targets = n_targets;
    m->meta = calloc(1, sizeof *m->meta);
    m->targets = calloc((size_t)n_targets + 1, sizeof *m->targets);
    if (!m->meta || !m->targets) goto fail;
    for (int i = 0; i < n_targets; i++)
        if (!(m->targets[i] = strdup(targets[i]))) goto fail;
    if (!(m->index = tfb_index(m->targets, n_targets))) goto fail;
    if (net->n_out != n_targets) {
        tfb_error("the network has %d outputs for %d targets", net->n_out, n_targets);
        goto fail;
    }
    return m;
fail:
    tfb_model_destroy(m);
    return NULL;
}

void tfb_model_destroy(tfb_model_t *m)
{
    if (!m) return;
    tfb_net_destroy(m->net);
    tfb_strv_free(m->targets);
    tfb_strv_free(m->meta);
    tfb_calib_destroy(m->calib);
    free(m->most);
    free(m->index);
    free(m);
}

const char *tfb_model_meta(const tfb_model_t *m, const char *key)
{
    for (int i = 0; m->meta[i]; i += 2)
        if (strcmp(m->meta[i], key) == 0) return m->meta[i + 1];
    return NULL;
}

int tfb_model_meta_set(tfb_model_t *m, const char *key, const char *value)
{
    int n = 0;
    char *v = strdup(value);
    if (!v) return -1;
    for (; m->meta[n]; n += 2)
        if (strcmp(m->meta[n], key) == 0) {
            free(m->meta[n + 1]);
            m->meta[n + 1] = v;
            return 0;
        }
    char *k = strdup(key), **meta = realloc(m->meta, ((size_t)n + 3) * sizeof *meta);
    if (meta) m->meta = meta;
    if (!k || !meta) {
        free(k);
        free(v);
        return -1;
    }
    meta[n] = k;
    meta[n + 1] = v;
    meta[n + 2] = NULL;
    return 0;
}

int tfb_model_calibrate(tfb_model_t *m, tfb_calib_t *c)
{
    tfb_calib_destroy(m->calib);
    m->calib = c;
    char *text = c ? tfb_calib_format(c, m->targets) : NULL;
    int r = text ? tfb_model_meta_set(m, TFB_CALIB_KEY, text) : -1;
    free(text);
    return r;
}

int tfb_model_set_most(tfb_model_t *m, const float *most)
{
    const tfb_net_t *net = m->net;
    size_t n = (size_t)net->n_layers, room = n * (TFB_NAME_MAX + 20) + 1;
    char *text = calloc(room, 1), *to = text;
    float *copy = malloc(n * sizeof *copy);
    int ret = -1;
    if (text && copy) {
        for (int i = 0; i < net->n_layers; i++)
            if (most[i] > 0) to += sprintf(to, "%s%s=%.9g", to > text ? "," : "", net->layer[i].name, (double)most[i]);
        memcpy(copy, most, n * sizeof *copy);
        ret = tfb_model_meta_set(m, TFB_INT8_KEY, text);
    }
    free(text);
    free(m->most);
    m->most = copy;
    return ret;
}

int tfb_model_target(const tfb_model_t *m, const char *name)
{
    if (m->index) return tfb_index_find(m->index, m->n_targets, name);
    for (int i = 0; i < m->n_targets; i++)
        if (strcmp(m->targets[i], name) == 0) return i;
    return -1;
}

static void unknown_target(char *const *names, int n, const char *name)
{
    int near = tfb_nearest(name, names, n);
    if (near >= 0)
        tfb_error("the model has no TF called '%s'; did you mean %s?", name, names[near]);
    else
        tfb_error("the model has no TF called '%s' (`tfbind model --list` names its %d)", name, n);
}

int *tfb_targets_parse(char *const *targets, const tfb_entry_t *index, int n_targets, const char *list, int *n)
{
    int *out = malloc(((size_t)n_targets + 1) * sizeof *out), n_names = 0, ok = 0;
    char *seen = calloc((size_t)n_targets + 1, 1), **names = NULL;
    *n = 0;
    if (!out || !seen) goto done;
    if (strcmp(list, "all") == 0) {
        for (int i = 0; i < n_targets; i++) out[(*n)++] = i;
        ok = 1;
        goto done;
    }
    if (!(names = tfb_split(list, ',', &n_names))) goto done;
    for (int i = 0; i < n_names; i++) {
        int t = tfb_index_find(index, n_targets, names[i]);
        if (t < 0) {
            unknown_target(targets, n_targets, names[i]);
            goto done;
        }
        if (!seen[t]) out[(*n)++] = t;
        seen[t] = 1;
    }
    ok = *n > 0;
    if (!ok) tfb_error("the list of TFs is empty");
done:
    tfb_strv_free(names);
    free(seen);
    if (ok) return out;
    free(out);
    return NULL;
}

int64_t tfb_logits_fault(const float *z, int64_t n)
{
    static const float largest = 1e30f;
    uint32_t bound, most = 0; /* magnitudes as integers: NaN and infinity are the largest, and the loop has no branch */
    memcpy(&bound, &largest, 4);
    for (int64_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, &z[i], 4);
        u &= 0x7fffffff;
        most = u > most ? u : most;
    }
    if (most <= bound) return -1;
    for (int64_t i = 0; i < n; i++)
        if (!(fabsf(z[i]) <= largest)) return i;
    return -1;
}

int tfb_logits_error(const char *model, const char *target)
{
    tfb_error("model %s: its score of %s is not a usable number: the weights are too large (a damaged file, or a "
              "training that failed)",
              model, target);
    return -1;
}

int tfb_logits_check(const char *model, char *const *targets, int n_targets, const float *z, int64_t n)
{
    int64_t at = tfb_logits_fault(z, n * n_targets);
    return at < 0 ? 0 : tfb_logits_error(model, targets[at % n_targets]);
}

/* ---- reading ---- */

typedef struct {
    const char *path;
    uint8_t *raw; /* the file */
    size_t n;
    const uint8_t *data; /* its tensors */
    size_t n_data;
    json_t *header;
    float largest; /* magnitude among the numbers read so far */
} reader_t;

static uint64_t header_length(const uint8_t *b)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) n |= (uint64_t)b[i] << (8 * i);
    return n;
}

static int read_bytes(reader_t *r, FILE *f, size_t from, size_t to)
{
    if (fread(r->raw + from, 1, to - from, f) == to - from) return 0;
    tfb_error("cannot read model %s: %s", r->path, ferror(f) ? strerror(errno) : "it shrank while being read");
    return -1;
}

/* Checks from the first bytes that the file is safetensors, and reads the header's length. Returns 0, or
 * -1 (logged). */
static int read_length(reader_t *r, FILE *f, uint64_t *n)
{
    uint8_t first[9] = {0};
    size_t m = r->n < sizeof first ? r->n : sizeof first;
    r->raw = first;
    int got = read_bytes(r, f, 0, m);
    r->raw = NULL;
    if (got < 0) return -1;
    *n = header_length(first);
    if (m < sizeof first || first[8] != '{' || *n > MAX_HEADER) {
        tfb_error("%s is not a model: it is not a safetensors file", r->path);
        return -1;
    }
    if (*n > r->n - 8) {
        tfb_error("%s is truncated: its header should have %llu bytes, the file has %zu", r->path,
                  (unsigned long long)*n, r->n);
        return -1;
    }
    return 0;
}

/* Reads the file's header and, if whole, its tensors into memory. */
static int read_open(reader_t *r, FILE *f, int whole)
{
    struct stat st;
    uint64_t n;
    if (!f || fstat(fileno(f), &st) < 0) {
        tfb_error("cannot read model %s: %s", r->path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        tfb_error("%s is not a model: it is %s, not a file", r->path,
                  S_ISDIR(st.st_mode) ? "a folder" : "a pipe or device");
        return -1;
    }
    r->n = (size_t)st.st_size;
    if (read_length(r, f, &n) < 0) return -1;
    size_t size = whole ? r->n : 8 + (size_t)n;
    if (!(r->raw = malloc(size))) {
        tfb_error("not enough memory for model %s (%zu bytes)", r->path, size);
        return -1;
    }
    rewind(f);
    return read_bytes(r, f, 0, size);
}

static int read_file(reader_t *r, int whole)
{
    tfb_reads(r->path, "the model");
    int fd =
        open(r->path, O_RDONLY | O_CLOEXEC |
                          O_NONBLOCK); /* a named pipe would wait for a writer, before it is known to be none of ours */
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
    int ret = read_open(r, f, whole);
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    return ret;
}

static int read_header(reader_t *r)
{
    json_error_t err;
    uint64_t n = header_length(r->raw);
    r->header = json_loadb((const char *)r->raw + 8, n, JSON_REJECT_DUPLICATES, &err);
    if (!r->header || !json_is_object(r->header)) {
        tfb_error("%s is not a model: it is not a safetensors file, its header is not JSON (%s)", r->path,
                  r->header ? "not an object" : err.text);
        return -1;
    }
    r->data = r->raw + 8 + n;
    r->n_data = r->n - 8 - n;
    return 0;
}

static const char *meta_string(const reader_t *r, const char *key)
{
    return json_string_value(json_object_get(json_object_get(r->header, "__metadata__"), key));
}

static void tensor_name(const tfb_layer_t *l, const tfb_tensor_t *t, char name[TFB_NAME_MAX + 40])
{
    snprintf(name, TFB_NAME_MAX + 40, "%s.%s", l->name, t->suffix);
}

/* Reads data_offsets of a tensor. Returns 0, or -1 if they are invalid. */
static int offsets(const json_t *j, json_int_t *b, json_int_t *e)
{
    const json_t *off = json_object_get(j, "data_offsets"), *x = json_array_get(off, 0), *y = json_array_get(off, 1);
    *b = json_integer_value(x);
    *e = json_integer_value(y);
    return json_array_size(off) == 2 && json_is_integer(x) && json_is_integer(y) ? 0 : -1;
}

static int check_shape(const reader_t *r, const char *name, const json_t *shape, const tfb_tensor_t *t)
{
    int same = json_array_size(shape) == (size_t)t->n_dims;
    for (int d = 0; same && d < t->n_dims; d++)
        same = json_is_integer(json_array_get(shape, (size_t)d)) &&
               json_integer_value(json_array_get(shape, (size_t)d)) == t->dim[d];
    if (same) return 0;
    char *got = json_dumps(shape, JSON_COMPACT), need[80];
    size_t len = (size_t)snprintf(need, sizeof need, "%d", t->dim[0]);
    for (int d = 1; d < t->n_dims; d++) len += (size_t)snprintf(need + len, sizeof need - len, ",%d", t->dim[d]);
    tfb_error("%s: tensor %s has shape %.80s, the architecture needs [%s]", r->path, name, got ? got : "?", need);
    free(got);
    return -1;
}

/* Converts a tensor's n numbers of `size` bytes, and checks that they are numbers to compute with. */
static int convert(reader_t *r, const char *name, const tfb_tensor_t *t, const uint8_t *s, size_t size, float *out)
{
    int is_var = strcmp(t->suffix, "running_var") == 0;
    for (size_t i = 0; i < t->n; i++) {
        if (size == 4) {
            uint32_t u = (uint32_t)s[4 * i] | (uint32_t)s[4 * i + 1] << 8 | (uint32_t)s[4 * i + 2] << 16 |
                         (uint32_t)s[4 * i + 3] << 24;
            memcpy(&out[i], &u, 4);
        } else
            out[i] = half_to_float((uint16_t)(s[2 * i] | s[2 * i + 1] << 8));
        if (!isfinite(out[i])) {
            tfb_error("%s: tensor %s holds a value that is not a finite number", r->path, name);
            return -1;
        }
        if (is_var && out[i] < 0) {
            tfb_error("%s: tensor %s holds a negative variance, %g", r->path, name, (double)out[i]);
            return -1;
        }
        if (fabsf(out[i]) > r->largest) r->largest = fabsf(out[i]);
    }
    return 0;
}

/* Finds a tensor, checks its entry in the header, and converts it to floats (t->n of them). */
static int read_tensor(reader_t *r, const tfb_layer_t *l, const tfb_tensor_t *t, float *out)
{
    char name[TFB_NAME_MAX + 40];
    tensor_name(l, t, name);
    json_t *j = json_object_get(r->header, name), *shape = json_object_get(j, "shape");
    const char *dtype = json_string_value(json_object_get(j, "dtype"));
    json_int_t b, e;
    if (!j) {
        tfb_error("%s: tensor %s is missing", r->path, name);
        return -1;
    }
    if (!dtype || !json_is_array(shape) || offsets(j, &b, &e) < 0) {
        tfb_error("%s: tensor %s is malformed", r->path, name);
        return -1;
    }
    if (check_shape(r, name, shape, t) < 0) return -1;
    size_t size = 0;
    if (strcmp(dtype, "F32") == 0) size = 4;
    if (strcmp(dtype, "F16") == 0) size = 2;
    if (!size) {
        tfb_error("%s: tensor %s is of type %.20s; only F32 and F16 are supported", r->path, name, dtype);
        return -1;
    }
    if (b < 0 || e < b || (uint64_t)e > r->n_data || (uint64_t)(e - b) != (uint64_t)t->n * size) {
        tfb_error("%s: tensor %s lies at bytes %lld-%lld of %zu, and should have %zu: the file is truncated or damaged",
                  r->path, name, (long long)b, (long long)e, r->n_data, t->n * size);
        return -1;
    }
    return convert(r, name, t, r->data + b, size, out);
}

/* Reads all tensors of the network. */
static int read_net(reader_t *r, tfb_net_t *net)
{
    size_t most = 0;
    int ret = -1;
    for (int i = 0; i < net->n_layers; i++)
        for (int k = 0; k < net->layer[i].n_tensors; k++)
            if (net->layer[i].tensor[k].n > most) most = net->layer[i].tensor[k].n;
    float *buf = tfb_alloc(most, sizeof *buf, "a tensor");
    if (!buf) return -1;
    for (int i = 0; i < net->n_layers; i++)
        for (int k = 0; k < net->layer[i].n_tensors; k++) {
            const tfb_tensor_t *t = &net->layer[i].tensor[k];
            if (read_tensor(r, &net->layer[i], t, buf) < 0) goto done;
            tfb_tensor_from_file(net, &net->layer[i], t, buf);
        }
    ret = 0;
done:
    free(buf);
    return ret;
}

/* ---- requirements of the format for all tensors, used or not ---- */

typedef struct {
    const char *name; /* the header's */
    json_int_t b, e;
} span_t;

static int by_place(const void *a, const void *b)
{
    const span_t *x = a, *y = b;
    if (x->b != y->b) return x->b < y->b ? -1 : 1;
    return (x->e > y->e) - (x->e < y->e);
}

/* Checks that every byte after the header belongs to exactly one tensor. */
static int check_layout(const reader_t *r)
{
    const char *key;
    json_t *v;
    size_t n = 0;
    json_int_t at = 0, n_data = (json_int_t)r->n_data;
    int ret = -1;
    span_t *s = malloc((json_object_size(r->header) + 1) * sizeof *s);
    if (!s) return -1;
    json_object_foreach (r->header, key, v) {
        if (strcmp(key, "__metadata__") == 0) continue;
        if (offsets(v, &s[n].b, &s[n].e) < 0 || s[n].b < 0 || s[n].e < s[n].b || s[n].e > n_data) {
            tfb_error("%s: tensor %.80s is malformed: its data_offsets are not two places in the file", r->path, key);
            goto done;
        }
        s[n++].name = key;
    }
    tfb_sort(s, n, sizeof *s, by_place);
    for (size_t i = 0; i < n; at = s[i++].e) {
        if (s[i].b == at) continue;
        if (s[i].b < at)
            tfb_error("%s: tensors %.80s and %.80s overlap: the file is damaged", r->path, s[i - 1].name, s[i].name);
        else
            tfb_error("%s: %lld bytes before tensor %.80s belong to no tensor: the file is damaged", r->path,
                      (long long)(s[i].b - at), s[i].name);
        goto done;
    }
    if (at < n_data)
        tfb_error("%s: the last %lld bytes belong to no tensor: the file is damaged", r->path,
                  (long long)(n_data - at));
    else
        ret = 0;
done:
    free(s);
    return ret;
}

/* Returns whether the network uses a tensor of this name. */
static int is_used(const tfb_net_t *net, const char *key)
{
    char name[TFB_NAME_MAX + 40];
    for (int i = 0; i < net->n_layers; i++)
        for (int k = 0; k < net->layer[i].n_tensors; k++) {
            tensor_name(&net->layer[i], &net->layer[i].tensor[k], name);
            if (strcmp(name, key) == 0) return 1;
        }
    return 0;
}

/* Checks that there are no tensors except the network's, and that metadata are strings. */
static int check_extra(const reader_t *r, const tfb_net_t *net)
{
    static const char counter[] =
        ".num_batches_tracked"; /* PyTorch's batch norm counts batches; nothing depends on it */
    const char *key;
    json_t *v;
    json_object_foreach (json_object_get(r->header, "__metadata__"), key, v)
        if (!json_is_string(v)) {
            tfb_error("%s: its metadata %.80s is not a string", r->path, key);
            return -1;
        }
    json_object_foreach (r->header, key, v) {
        size_t n = strlen(key), m = sizeof counter - 1;
        if (strcmp(key, "__metadata__") == 0 || (n > m && strcmp(key + n - m, counter) == 0) || is_used(net, key))
            continue;
        tfb_error("%s: tensor %.80s is not part of the architecture", r->path,
                  key); /* the first ends the search, so that it is short */
        return -1;
    }
    return 0;
}

/* ---- models ---- */

/* Reads and checks the names of targets; sets *n to their number. Returns NULL on failure (logged). */
static char **read_targets(const reader_t *r, const char *list, int *n)
{
    int twice = -1;
    char **v = tfb_split(list, ',', n);
    if (!v) return NULL;
    if (*n < 1 || *n > MAX_TARGETS) {
        tfb_error("%s: %d targets are not between 1 and %d", r->path, *n, MAX_TARGETS);
        goto fail;
    }
    for (int i = 0; i < *n; i++) {
        const char *fault = tfb_name_fault(v[i]);
        if (!fault) continue;
        tfb_error("%s: the name of target %d, '%.60s', %s", r->path, i + 1, v[i], fault);
        goto fail;
    }
    tfb_entry_t *index = tfb_index(v, *n);
    if (!index) goto fail;
    twice = tfb_index_twice(index, *n);
    free(index);
    if (twice < 0) return v;
    tfb_error("%s: two targets are called %.60s", r->path, v[twice]);
fail:
    tfb_strv_free(v);
    return NULL;
}

/* Builds the network that the metadata describe, and reads its numbers. Returns NULL on failure (logged). */
static tfb_net_t *read_spec(reader_t *r, const char *spec, int window, int n_targets)
{
    char err[300];
    /* before anything of the network's size is allocated: a file with fewer bytes than half its parameters cannot be
     * whole */
    tfb_net_t *net = tfb_net_parse_sized(spec, window, r->n_data / 2, err, sizeof err);
    if (!net)
        tfb_error("%s: %s", r->path, err);
    else if (net->n_out != n_targets)
        tfb_error("%s: the network has %d outputs for %d targets", r->path, net->n_out, n_targets);
    else if (read_net(r, net) == 0 && check_layout(r) == 0)
        return net;
    tfb_net_destroy(net);
    return NULL;
}

/* Reads the strings of the header that do not describe the model's structure. Keys are unique here
 * (JSON_REJECT_DUPLICATES). */
static int read_meta(const reader_t *r, tfb_model_t *m)
{
    const json_t *meta = json_object_get(r->header, "__metadata__");
    char **v = calloc(2 * json_object_size(meta) + 1, sizeof *v);
    const char *key;
    json_t *j;
    int n = 0;
    if (!v) return -1;
    tfb_strv_free(m->meta);
    m->meta = v;
    json_object_foreach ((json_t *)meta, key, j) {
        if (!json_is_string(j) || !strcmp(key, "targets") || !strcmp(key, "window") || !strcmp(key, "spec") ||
            !strcmp(key, "arch"))
            continue;
        if (!(v[n] = strdup(key)) || !(v[n + 1] = strdup(json_string_value(j)))) return -1;
        n += 2;
    }
    return 0;
}

static int read_calibration(const reader_t *r, tfb_model_t *m)
{
    char err[300];
    const char *calib = tfb_model_meta(m, TFB_CALIB_KEY);
    if (!calib || tfb_calib_parse(calib, m->targets, m->n_targets, &m->calib, err, sizeof err) == 0) return 0;
    tfb_error("%s: its calibration is damaged: %s", r->path, err);
    return -1;
}

/* Reads the largest inputs of products, which int8 needs, if they are in the metadata. Returns 0, or -1 (logged). */
static int read_most(const reader_t *r, tfb_model_t *m)
{
    const char *s = tfb_model_meta(m, TFB_INT8_KEY);
    if (!s) return 0;
    if (!(m->most = calloc((size_t)m->net->n_layers, sizeof *m->most))) return -1;
    while (*s) {
        char name[TFB_NAME_MAX], *end = NULL;
        size_t n = strcspn(s, "=,");
        int k = -1;
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), s);
        if (n < sizeof name) k = tfb_net_find(m->net, name);
        double v = s[n] == '=' ? strtod(s + n + 1, &end) : 0;
        if (k < 0 || !(v > 0 && v < 1e30) || (*end && *end != ',')) {
            tfb_error("%s: its steps for int8 are damaged at '%.40s'", r->path, s);
            return -1;
        }
        m->most[k] = (float)v;
        s = *end ? end + 1 : end;
    }
    return 0;
}

/* Builds the network and its targets from the header's metadata. Returns NULL on failure (logged). */
static tfb_model_t *read_model(reader_t *r, int strict)
{
    const char *list = meta_string(r, "targets"), *window = meta_string(r, "window"), *s = meta_string(r, "spec"),
               *arch = meta_string(r, "arch");
    char **targets = NULL, *spec = NULL, *end;
    int n = 0;
    tfb_net_t *net = NULL;
    tfb_model_t *m = NULL;
    if (!list || !window || (!s && !arch)) {
        const char *lack = !list ? "targets" : "spec and arch";
        tfb_error("%s is a safetensors file but not a tfbind model: its metadata have no %s", r->path,
                  list && !window ? "window" : lack);
        return NULL;
    }
    if (!(targets = read_targets(r, list, &n))) return NULL;
    long w = strtol(window, &end, 10);
    if (*end || end == window || w < 1 || w > TFB_MAX_WINDOW) {
        tfb_error("%s: a window of '%.20s' bases is not between 1 and %d", r->path, window, TFB_MAX_WINDOW);
        goto done;
    }
    if (!s && !(spec = tfb_net_arch(arch, n))) {
        tfb_error("%s: unknown architecture '%.40s' (known: %s)", r->path, arch, tfb_net_arch_names());
        goto done;
    }
    if (!(net = read_spec(r, s ? s : spec, (int)w, n)) || (strict && check_extra(r, net) < 0)) goto done;
    m = tfb_model_create(net, targets, n);
    net = NULL;
    if (m && (read_meta(r, m) < 0 || read_calibration(r, m) < 0 || read_most(r, m) < 0)) {
        tfb_model_destroy(m);
        m = NULL;
    }
done:
    tfb_net_destroy(net);
    tfb_strv_free(targets);
    free(spec);
    return m;
}

static tfb_model_t *load(const char *path, int strict)
{
    reader_t r = {.path = path};
    tfb_model_t *m = read_file(&r, 1) < 0 || read_header(&r) < 0 ? NULL : read_model(&r, strict);
    if (m) {
        tfb_sha256_t sha;
        tfb_sha256_init(&sha);
        tfb_sha256_update(&sha, r.raw, r.n);
        tfb_sha256_hex(&sha, m->digest);
        m->largest = r.largest;
    }
    json_decref(r.header);
    free(r.raw);
    return m;
}

tfb_model_t *tfb_model_load(const char *path) { return load(path, 0); }
tfb_model_t *tfb_model_load_strict(const char *path) { return load(path, 1); }

/* Finds the text of a key of the metadata without parsing the header, most of which is calibration: in JSON no text
 * contains a quote after a comma or a brace that is not the start of another text. Returns a copy, or NULL if it must
 * be parsed. */
static char *find_text(const reader_t *r, const char *key)
{
    char word[64];
    const char *begin = (const char *)r->raw + 8, *end = begin + header_length(r->raw), *p = begin;
    int n = snprintf(word, sizeof word, "\"%s\":\"", key);
    while ((p = memmem(p, (size_t)(end - p), word, (size_t)n))) {
        const char *text = p + n, *quote = memchr(text, '"', (size_t)(end - text));
        if (p > begin && (p[-1] == ',' || p[-1] == '{') && quote)
            return memchr(text, '\\', (size_t)(quote - text)) ? NULL : strndup(text, (size_t)(quote - text));
        p = text;
    }
    return NULL;
}

char *tfb_model_peek(const char *path, const char *key)
{
    reader_t r = {.path = path};
    char *text = NULL;
    int ok = read_file(&r, 0) == 0;
    if (ok && !(text = find_text(&r, key)) && (ok = read_header(&r) == 0)) {
        const char *v = meta_string(&r, key);
        text = strdup(v ? v : "");
    }
    if (ok && !text) tfb_error("not enough memory for model %s", path);
    json_decref(r.header);
    free(r.raw);
    return text;
}

/* ---- writing ---- */

static char *join(char *const *v, int n)
{
    size_t len = 1;
    for (int i = 0; i < n; i++) len += strlen(v[i]) + 1;
    char *s = malloc(len), *p = s;
    if (!s) return NULL;
    for (int i = 0; i < n; i++) p += sprintf(p, "%s%s", i ? "," : "", v[i]);
    *p = 0;
    return s;
}

/* Replaces what is not UTF-8: JSON allows only UTF-8, and a command line may contain anything. Returns
 * NULL if memory runs out. */
static json_t *json_text(const char *s)
{
    json_t *j = json_string(s);
    if (j) return j;
    char *copy = strdup(s);
    if (copy) j = json_string(tfb_utf8(copy));
    free(copy);
    return j;
}

static json_t *make_header(const tfb_model_t *m, int half)
{
    json_t *h = json_object(), *meta = json_object();
    char num[32], *targets = join(m->targets, m->n_targets);
    const char *arch = tfb_net_arch_of(m->net);
    snprintf(num, sizeof num, "%d", m->window);
    int bad = !h || !meta || !targets;
    if (!bad) {
        if (arch) bad |= json_object_set_new(meta, "arch", json_string(arch));
        bad |= json_object_set_new(meta, "format_version", json_string("1"));
        bad |= json_object_set_new(meta, "spec", json_string(m->net->spec));
        bad |= json_object_set_new(meta, "targets", json_text(targets));
        bad |= json_object_set_new(meta, "window", json_string(num));
        for (int i = 0; m->meta[i]; i += 2) bad |= json_object_set_new(meta, m->meta[i], json_text(m->meta[i + 1]));
        bad |= json_object_set_new(h, "__metadata__", meta);
    }
    size_t off = 0;
    for (int i = 0; !bad && i < m->net->n_layers; i++)
        for (int k = 0; k < m->net->layer[i].n_tensors; k++) {
            const tfb_tensor_t *t = &m->net->layer[i].tensor[k];
            char name[TFB_NAME_MAX + 40];
            snprintf(name, sizeof name, "%s.%s", m->net->layer[i].name, t->suffix);
            json_t *shape = json_array();
            for (int d = 0; d < t->n_dims; d++) json_array_append_new(shape, json_integer(t->dim[d]));
            size_t end = off + t->n * (half ? 2 : 4);
            json_t *j = json_pack("{s:s, s:o, s:[I, I]}", "dtype", half ? "F16" : "F32", "shape", shape, "data_offsets",
                                  (json_int_t)off, (json_int_t)end);
            bad |= !j || json_object_set_new(h, name, j);
            off = end;
        }
    free(targets);
    if (bad) {
        json_decref(h);
        return NULL;
    }
    return h;
}

static int put(FILE *f, tfb_sha256_t *sha, const void *p, size_t n)
{
    tfb_sha256_update(sha, p, n);
    return fwrite(p, 1, n, f) == n ? 0 : -1;
}

/* Checks that all numbers can be stored: a file that could not be read again is not written. Returns 0, or
 * -1 (logged). */
static int check_values(const tfb_model_t *m, const char *path, int half)
{
    for (int i = 0; i < m->net->n_layers; i++)
        for (int k = 0; k < m->net->layer[i].n_tensors; k++) {
            const tfb_layer_t *l = &m->net->layer[i];
            const tfb_tensor_t *t = &l->tensor[k];
            const float *v = (t->trainable ? m->net->param + l->param_off : m->net->stat + l->stat_off) + t->off;
            for (size_t j = 0; j < t->n; j++) {
                if (!isfinite(v[j])) {
                    tfb_error("cannot write model %s: tensor %s.%s holds a value that is not a finite number", path,
                              l->name, t->suffix);
                    return -1;
                }
                if (half && fabsf(v[j]) >= HALF_OVERFLOW) {
                    tfb_error("cannot write model %s: tensor %s.%s holds %g, and float16 goes up to 65504: store it "
                              "without --half",
                              path, l->name, t->suffix, (double)v[j]);
                    return -1;
                }
            }
        }
    return 0;
}

/* Writes n floats at buf as little-endian numbers of 2 (half) or 4 bytes, in place: each write lands at or before its
 * read. */
static void narrow(float *buf, size_t n, int half)
{
    uint8_t *b = (uint8_t *)buf;
    for (size_t j = 0; j < n; j++) {
        float v = buf[j];
        uint32_t u;
        if (half) {
            uint16_t x = float_to_half(v);
            b[2 * j] = (uint8_t)x, b[2 * j + 1] = (uint8_t)(x >> 8);
        } else {
            memcpy(&u, &v, 4);
            for (int q = 0; q < 4; q++) b[4 * j + (size_t)q] = (uint8_t)(u >> (8 * q));
        }
    }
}

/* Writes the header and all tensors. buf: room for the largest tensor. Returns whether a write failed. */
static int write_parts(const tfb_model_t *m, FILE *f, tfb_sha256_t *sha, const char *header, float *buf, int half)
{
    /* the format suggests aligning the header with spaces after the JSON */
    size_t n = strlen(header), pad = (8 - n % 8) % 8;
    uint8_t len[8];
    for (int i = 0; i < 8; i++) len[i] = (uint8_t)((uint64_t)(n + pad) >> (8 * i));
    int bad = put(f, sha, len, 8) || put(f, sha, header, n) || put(f, sha, "       ", pad);
    for (int i = 0; !bad && i < m->net->n_layers; i++)
        for (int k = 0; !bad && k < m->net->layer[i].n_tensors; k++) {
            const tfb_tensor_t *t = &m->net->layer[i].tensor[k];
            tfb_tensor_to_file(m->net, &m->net->layer[i], t, buf);
            narrow(buf, t->n, half);
            bad = put(f, sha, buf, t->n * (half ? 2 : 4));
        }
    return bad;
}

int tfb_model_save(tfb_model_t *m, const char *path, int half)
{
    int ret = -1;
    if (check_values(m, path, half) < 0) return -1;
    size_t most = 0;
    char *text = NULL;
    float *buf = NULL;
    tfb_out_t *out = NULL;
    FILE *f = NULL;
    tfb_sha256_t sha;
    for (int i = 0; i < m->net->n_layers; i++)
        for (int k = 0; k < m->net->layer[i].n_tensors; k++)
            if (m->net->layer[i].tensor[k].n > most) most = m->net->layer[i].tensor[k].n;
    json_t *h = make_header(m, half);
    if (!h || !(text = json_dumps(h, JSON_COMPACT)) || !(buf = tfb_alloc(most + 1, sizeof *buf, "a tensor"))) {
        tfb_error("not enough memory to write model %s", path);
        goto done;
    }
    if (!(out = tfb_out_begin(path))) goto done;
    int fd = tfb_out_fd(out);
    if (fd < 0 || !(f = fdopen(fd, "w"))) {
        tfb_error("cannot write model %s: %s", path, fd < 0 ? "it is a URL" : strerror(errno));
        if (fd >= 0) close(fd);
        goto done;
    }
    tfb_sha256_init(&sha);
    int bad = write_parts(m, f, &sha, text, buf, half);
    bad |= fflush(f) != 0 || (tfb_out_name(out) && fsync(fileno(f)) != 0);
    bad |= fclose(f) != 0;
    if (bad) tfb_error("cannot write model %s: %s", path, strerror(errno));
    ret = tfb_out_end(out, !bad);
    out = NULL;
    if (ret < 0) goto done;
    tfb_sha256_hex(&sha, m->digest);
done:
    tfb_out_end(out, 0);
    json_decref(h);
    free(text);
    free(buf);
    return ret;
}
