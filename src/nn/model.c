/* model.c - model files: safetensors in, safetensors out.
 *
 * Files come from strangers: the header's length, every tensor's type, dimensions and place are checked against the file's size
 * and against what the architecture wants before they are used. */
#include "nn/model.h"
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t MAX_HEADER = (size_t)64 << 20; /* safetensors itself allows 100 MB; ours are some 10 kB */
enum { MAX_TARGETS = 65536 };

/* ---- float16: IEEE 754 binary16 ---- */

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
    if (a >= 65520.0f) return sign | 0x7c00;                       /* rounds to infinity */
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

int tfb_model_target(const tfb_model_t *m, const char *name)
{
    for (int i = 0; i < m->n_targets; i++)
        if (strcmp(m->targets[i], name) == 0) return i;
    return -1;
}

int *tfb_model_targets_parse(const tfb_model_t *m, const char *list, int *n)
{
    int *out = malloc(((size_t)m->n_targets + 1) * sizeof *out), n_names = 0;
    char *seen = calloc((size_t)m->n_targets + 1, 1), **names = NULL;
    *n = 0;
    if (!out || !seen) goto fail;
    if (strcmp(list, "all") == 0) {
        for (int i = 0; i < m->n_targets; i++) out[(*n)++] = i;
        free(seen);
        return out;
    }
    if (!(names = tfb_split(list, ',', &n_names))) goto fail;
    for (int i = 0; i < n_names; i++) {
        int t = tfb_model_target(m, names[i]);
        if (t < 0) {
            int near = tfb_nearest(names[i], m->targets, m->n_targets);
            if (near >= 0)
                tfb_error("the model has no TF called '%s'; did you mean %s?", names[i], m->targets[near]);
            else
                tfb_error("the model has no TF called '%s' (`tfbind model --list` names its %d)", names[i], m->n_targets);
            goto fail;
        }
        if (!seen[t]) out[(*n)++] = t;
        seen[t] = 1;
    }
    if (*n == 0) {
        tfb_error("the list of TFs is empty");
        goto fail;
    }
    tfb_strv_free(names);
    free(seen);
    return out;
fail:
    tfb_strv_free(names);
    free(seen);
    free(out);
    return NULL;
}

/* ---- reading ---- */

typedef struct {
    const char *path;
    uint8_t *raw; /* the file */
    size_t n;
    const uint8_t *data; /* its tensors */
    size_t n_data;
    json_t *header;
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

/* The file's header and, where whole, its tensors, into memory. */
static int read_open(reader_t *r, FILE *f, int whole)
{
    struct stat st;
    uint8_t first[8];
    if (!f || fstat(fileno(f), &st) < 0) {
        tfb_error("cannot read model %s: %s", r->path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < 8) {
        tfb_error("%s is not a model: %s", r->path, S_ISREG(st.st_mode) ? "it is shorter than a safetensors header" : "it is not a file");
        return -1;
    }
    r->n = (size_t)st.st_size;
    r->raw = first;
    int got = read_bytes(r, f, 0, 8);
    r->raw = NULL;
    if (got < 0) return -1;
    uint64_t n = header_length(first);
    if (n > r->n - 8 || n > MAX_HEADER) {
        tfb_error("%s is not a model or is truncated: its header should have %llu bytes, the file has %zu", r->path, (unsigned long long)n, r->n);
        return -1;
    }
    size_t size = whole ? r->n : 8 + (size_t)n;
    if (!(r->raw = malloc(size))) {
        tfb_error("not enough memory for model %s (%zu bytes)", r->path, size);
        return -1;
    }
    memcpy(r->raw, first, 8);
    return read_bytes(r, f, 8, size);
}

static int read_file(reader_t *r, int whole)
{
    tfb_reads(r->path, "the model");
    FILE *f = fopen(r->path, "rb");
    int ret = read_open(r, f, whole);
    if (f) fclose(f);
    return ret;
}

static int read_header(reader_t *r)
{
    json_error_t err;
    uint64_t n = header_length(r->raw);
    r->header = json_loadb((const char *)r->raw + 8, n, JSON_REJECT_DUPLICATES, &err);
    if (!r->header || !json_is_object(r->header)) {
        tfb_error("%s is not a model: its header is not JSON (%s)", r->path, r->header ? "not an object" : err.text);
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

/* Finds a tensor, checks all that the file says of it, and converts it to floats (t->n of them). */
static int read_tensor(const reader_t *r, const tfb_layer_t *l, const tfb_tensor_t *t, float *out)
{
    char name[TFB_NAME_MAX + 40];
    snprintf(name, sizeof name, "%s.%s", l->name, t->suffix);
    json_t *j = json_object_get(r->header, name), *shape = json_object_get(j, "shape"), *off = json_object_get(j, "data_offsets");
    const char *dtype = json_string_value(json_object_get(j, "dtype"));
    if (!j) {
        tfb_error("%s: tensor %s is missing", r->path, name);
        return -1;
    }
    if (!dtype || !json_is_array(shape) || !json_is_array(off) || json_array_size(off) != 2 || !json_is_integer(json_array_get(off, 0)) ||
        !json_is_integer(json_array_get(off, 1))) {
        tfb_error("%s: tensor %s is malformed", r->path, name);
        return -1;
    }
    int same = json_array_size(shape) == (size_t)t->n_dims;
    for (int d = 0; same && d < t->n_dims; d++)
        same = json_is_integer(json_array_get(shape, (size_t)d)) && json_integer_value(json_array_get(shape, (size_t)d)) == t->dim[d];
    if (!same) {
        char *got = json_dumps(shape, JSON_COMPACT);
        tfb_error("%s: tensor %s has shape %.80s, the architecture wants [%d%s%.0d%s%.0d]", r->path, name, got ? got : "?", t->dim[0], t->n_dims > 1 ? "," : "",
                  t->n_dims > 1 ? t->dim[1] : 0, t->n_dims > 2 ? "," : "", t->n_dims > 2 ? t->dim[2] : 0);
        free(got);
        return -1;
    }
    size_t size = strcmp(dtype, "F32") == 0 ? 4 : strcmp(dtype, "F16") == 0 ? 2 : 0;
    if (!size) {
        tfb_error("%s: tensor %s is of type %.20s; only F32 and F16 are understood", r->path, name, dtype);
        return -1;
    }
    json_int_t b = json_integer_value(json_array_get(off, 0)), e = json_integer_value(json_array_get(off, 1));
    if (b < 0 || e < b || (uint64_t)e > r->n_data || (uint64_t)(e - b) != (uint64_t)t->n * size) {
        tfb_error("%s: tensor %s lies at bytes %lld-%lld of %zu, and should have %zu: the file is truncated or damaged", r->path, name, (long long)b,
                  (long long)e, r->n_data, t->n * size);
        return -1;
    }
    const uint8_t *s = r->data + b;
    for (size_t i = 0; i < t->n; i++) {
        if (size == 4) {
            uint32_t u = (uint32_t)s[4 * i] | (uint32_t)s[4 * i + 1] << 8 | (uint32_t)s[4 * i + 2] << 16 | (uint32_t)s[4 * i + 3] << 24;
            memcpy(&out[i], &u, 4);
        } else
            out[i] = half_to_float((uint16_t)(s[2 * i] | s[2 * i + 1] << 8));
        if (!isfinite(out[i])) {
            tfb_error("%s: tensor %s holds a value that is not a finite number", r->path, name);
            return -1;
        }
    }
    return 0;
}

tfb_model_t *tfb_model_load(const char *path)
{
    reader_t r = {.path = path};
    tfb_model_t *m = NULL;
    tfb_net_t *net = NULL;
    char **targets = NULL, *spec = NULL, err[300];
    float *buf = NULL;
    int n_targets = 0, ok = 0;
    if (read_file(&r, 1) < 0 || read_header(&r) < 0) goto done;

    const char *list = meta_string(&r, "targets"), *window = meta_string(&r, "window"), *s = meta_string(&r, "spec");
    const char *arch = meta_string(&r, "arch");
    if (!list || !window || (!s && !arch)) {
        tfb_error("%s is a safetensors file but not a tfbind model: its metadata lack %s", path, !list ? "targets" : !window ? "window" : "spec and arch");
        goto done;
    }
    if (!(targets = tfb_split(list, ',', &n_targets))) goto done;
    if (n_targets < 1 || n_targets > MAX_TARGETS) {
        tfb_error("%s: %d targets are not between 1 and %d", path, n_targets, MAX_TARGETS);
        goto done;
    }
    char *end;
    long w = strtol(window, &end, 10);
    if (*end || end == window || w < 1 || w > TFB_MAX_WINDOW) {
        tfb_error("%s: a window of '%.20s' bases is not between 1 and %d", path, window, TFB_MAX_WINDOW);
        goto done;
    }
    if (!s && !(spec = tfb_net_arch(arch, n_targets))) {
        tfb_error("%s: there is no architecture called '%.40s' (known: %s)", path, arch, tfb_net_arch_names());
        goto done;
    }
    /* before anything of the network's size is allocated: a file with fewer bytes than half its parameters cannot be whole */
    if (!(net = tfb_net_parse_sized(s ? s : spec, (int)w, r.n_data / 2, err, sizeof err))) {
        tfb_error("%s: %s", path, err);
        goto done;
    }
    if (net->n_out != n_targets) {
        tfb_error("%s: the network has %d outputs for %d targets", path, net->n_out, n_targets);
        goto done;
    }
    size_t most = 0;
    for (int i = 0; i < net->n_layers; i++)
        for (int k = 0; k < net->layer[i].n_tensors; k++)
            if (net->layer[i].tensor[k].n > most) most = net->layer[i].tensor[k].n;
    if (!(buf = tfb_alloc(most, sizeof *buf, "a tensor"))) goto done;
    for (int i = 0; i < net->n_layers; i++)
        for (int k = 0; k < net->layer[i].n_tensors; k++) {
            const tfb_tensor_t *t = &net->layer[i].tensor[k];
            if (read_tensor(&r, &net->layer[i], t, buf) < 0) goto done;
            tfb_tensor_from_file(net, &net->layer[i], t, buf);
        }
    m = tfb_model_create(net, targets, n_targets);
    net = NULL;
    if (!m) goto done;
    const char *key;
    json_t *v;
    json_object_foreach (json_object_get(r.header, "__metadata__"), key, v)
        if (json_is_string(v) && strcmp(key, "targets") && strcmp(key, "window") && strcmp(key, "spec") && strcmp(key, "arch"))
            if (tfb_model_meta_set(m, key, json_string_value(v)) < 0) goto done;
    const char *calib = tfb_model_meta(m, TFB_CALIB_KEY);
    if (calib && tfb_calib_parse(calib, m->targets, n_targets, &m->calib, err, sizeof err) < 0) {
        tfb_error("%s: its calibration is damaged: %s", path, err);
        goto done;
    }
    tfb_sha256_t sha;
    tfb_sha256_init(&sha);
    tfb_sha256_update(&sha, r.raw, r.n);
    tfb_sha256_hex(&sha, m->digest);
    ok = 1;
done:
    json_decref(r.header);
    free(r.raw);
    free(buf);
    free(spec);
    tfb_strv_free(targets);
    tfb_net_destroy(net);
    if (!ok) {
        tfb_model_destroy(m);
        m = NULL;
    }
    return m;
}

int tfb_model_count_targets(const char *path)
{
    reader_t r = {.path = path};
    int n = -1;
    if (read_file(&r, 0) == 0 && read_header(&r) == 0) {
        const char *list = meta_string(&r, "targets");
        for (n = list != NULL; list && *list; list++) n += *list == ',';
    }
    json_decref(r.header);
    free(r.raw);
    return n;
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
        bad |= json_object_set_new(meta, "targets", json_string(targets));
        bad |= json_object_set_new(meta, "window", json_string(num));
        for (int i = 0; m->meta[i]; i += 2) bad |= json_object_set_new(meta, m->meta[i], json_string(m->meta[i + 1]));
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
            json_t *j = json_pack("{s:s, s:o, s:[I, I]}", "dtype", half ? "F16" : "F32", "shape", shape, "data_offsets", (json_int_t)off, (json_int_t)end);
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

int tfb_model_save(tfb_model_t *m, const char *path, int half)
{
    int ret = -1;
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
    /* an aligned header of spaces after JSON is what the format suggests */
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
    size_t n = strlen(text), pad = (8 - n % 8) % 8;
    uint8_t len[8];
    for (int i = 0; i < 8; i++) len[i] = (uint8_t)((uint64_t)(n + pad) >> (8 * i));
    int bad = put(f, &sha, len, 8) || put(f, &sha, text, n) || put(f, &sha, "       ", pad);
    for (int i = 0; !bad && i < m->net->n_layers; i++)
        for (int k = 0; !bad && k < m->net->layer[i].n_tensors; k++) {
            const tfb_tensor_t *t = &m->net->layer[i].tensor[k];
            tfb_tensor_to_file(m->net, &m->net->layer[i], t, buf);
            uint8_t *b = (uint8_t *)buf; /* narrowed and put in file order in place: each write lands at or before its read */
            for (size_t j = 0; j < t->n; j++) {
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
            bad = put(f, &sha, buf, t->n * (half ? 2 : 4));
        }
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
