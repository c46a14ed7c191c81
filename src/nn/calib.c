/* calib.c - calibration of a model: its text in the metadata, and percentiles from it. The text is
 * untrusted. */
#include "nn/calib.h"
#include "nn/combine.h"
#include "util/sort.h"
#include "util/util.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_GRID = 256 };

/* Denser at the end, because large changes matter. The last quantile is the largest change. */
static const double usual[] = {0,   .1,   .2,  .3,   .4,    .5,   .6,    .7,    .8, .9,
                               .95, .975, .99, .995, .9975, .999, .9995, .9999, 1};
enum { N_USUAL = sizeof usual / sizeof usual[0] };

static tfb_calib_t *create(int n_targets, int n_grid)
{
    tfb_calib_t *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->n_targets = n_targets;
    c->n_grid = n_grid;
    size_t n = (size_t)n_targets;
    if (!(c->grid = malloc((size_t)n_grid * sizeof *c->grid)) ||
        !(c->quantile = malloc(n * 2 * (size_t)n_grid * sizeof *c->quantile)) ||
        !(c->combined = malloc((size_t)n_grid * sizeof *c->combined)) ||
        !(c->rarity = malloc((size_t)n_grid * sizeof *c->rarity)) ||
        !(c->threshold = malloc(n * sizeof *c->threshold)) || !(c->recall = malloc(n * sizeof *c->recall))) {
        tfb_calib_destroy(c);
        return NULL;
    }
    for (size_t i = 0; i < n * 2 * (size_t)n_grid; i++) c->quantile[i] = NAN;
    for (int i = 0; i < n_grid; i++) c->combined[i] = NAN;
    for (size_t i = 0; i < n; i++) c->threshold[i] = c->recall[i] = NAN;
    return c;
}

tfb_calib_t *tfb_calib_create(int n_targets)
{
    tfb_calib_t *c = create(n_targets, N_USUAL);
    if (c) memcpy(c->grid, usual, sizeof usual);
    return c;
}

void tfb_calib_destroy(tfb_calib_t *c)
{
    if (!c) return;
    free(c->strand);
    free(c->regions);
    free(c->sites);
    free(c->grid);
    free(c->quantile);
    free(c->combined);
    free(c->rarity);
    free(c->threshold);
    free(c->recall);
    free(c);
}

/* ---- reading ---- */

static int TFB_PRINTF(3, 4) refuse(char *err, int m_err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, (size_t)m_err, fmt, ap);
    va_end(ap);
    return -1;
}

/* Reads a number within [lo, hi] at index i of an array. Returns 0, or -1. */
static int number(const json_t *a, size_t i, double lo, double hi, double *v)
{
    const json_t *j = json_array_get(a, i);
    if (!json_is_number(j)) return -1;
    *v = json_number_value(j);
    return *v >= lo && *v <= hi ? 0 : -1;
}

static int text_of(const json_t *root, const char *key, char **to)
{
    const char *s = json_string_value(json_object_get(root, key));
    return s && !(*to = strdup(s)) ? -1 : 0;
}

/* Reads the quantiles q (n_grid) of what and whose from an array. Returns 0, or -1. */
static int read_list(const tfb_calib_t *c, const json_t *a, float *q, double most, const char *what, const char *whose,
                     char *err, int m_err)
{
    double v = 0, last = 0;
    if (!json_is_array(a) || json_array_size(a) != (size_t)c->n_grid)
        return refuse(err, m_err, "'%s'%s%.60s should be a list of %d numbers", what, *whose ? " of " : "", whose,
                      c->n_grid);
    for (int i = 0; i < c->n_grid; i++) {
        if (number(a, (size_t)i, last, most, &v) < 0)
            return refuse(err, m_err, "'%s'%s%.60s: entry %d is not a number from %g to %g", what, *whose ? " of " : "",
                          whose, i + 1, last, most);
        q[i] = (float)(last = v);
    }
    return 0;
}

/* Reads the combined change, if there is one. Returns 0, or -1. */
static int read_combined(tfb_calib_t *c, const json_t *root, char *err, int m_err)
{
    const json_t *how = json_object_get(root, "combine"), *a = json_object_get(root, "combined");
    if (!how && !a) return 0;
    if (!json_is_string(how)) return refuse(err, m_err, "'combine' is not a name");
    if (read_list(c, a, c->combined, 1e12, "combined", "", err, m_err) < 0) return -1;
    if (!(c->combine = tfb_combine_find(json_string_value(how))))
        tfb_warn("the model's calibration combines changes by an unknown '%.40s', of a later version: it is ignored",
                 json_string_value(how));
    return 0;
}

static int read_quantiles(tfb_calib_t *c, const json_t *of, char *const *names, tfb_calib_scale_t scale,
                          const char *key, char *err, int m_err)
{
    double most = scale == TFB_CALIB_DELTA ? 1 : 1e6; /* a probability changes by at most 1 */
    if (!json_is_object(of)) return refuse(err, m_err, "'%s' is not an object", key);
    for (int t = 0; t < c->n_targets; t++) {
        const json_t *a = json_object_get(of, names[t]);
        float *q = c->quantile + (2 * (int64_t)t + (int64_t)scale) * c->n_grid;
        if (a && read_list(c, a, q, most, key, names[t], err, m_err) < 0) return -1;
    }
    return 0;
}

static int read_all(const json_t *root, char *const *names, int n_targets, tfb_calib_t **to, char *err, int m_err)
{
    const json_t *grid = json_object_get(root, "grid"), *th = json_object_get(root, "threshold"),
                 *n = json_object_get(root, "snvs"), *seed = json_object_get(root, "seed"),
                 *precision = json_object_get(root, "precision");
    size_t n_grid = json_array_size(grid);
    double last = -1, v;
    if (n_grid < 2 || n_grid > MAX_GRID)
        return refuse(err, m_err, "'grid' should be a list of 2 to %d fractions", MAX_GRID);
    if (!json_is_integer(n) || json_integer_value(n) < 1 || json_integer_value(n) > INT64_C(1) << 40)
        return refuse(err, m_err, "'snvs' is not a count");
    if (precision &&
        !(json_is_number(precision) && json_number_value(precision) >= 0 && json_number_value(precision) <= 1))
        return refuse(err, m_err, "'precision' is not between 0 and 1");
    tfb_calib_t *c = *to = create(n_targets, (int)n_grid);
    if (!c || text_of(root, "strand", &c->strand) < 0 || text_of(root, "regions", &c->regions) < 0 ||
        text_of(root, "sites", &c->sites) < 0)
        return refuse(err, m_err, "not enough memory");
    c->seed = json_is_integer(seed) ? json_integer_value(seed) : 0;
    c->precision = json_number_value(precision);
    for (size_t i = 0; i < n_grid; i++) {
        if (number(grid, i, 0, 1, &v) < 0 || !(v > last))
            return refuse(err, m_err, "'grid': entry %zu is not a fraction larger than the one before", i + 1);
        c->grid[i] = last = v;
    }
    if (last < 1) return refuse(err, m_err, "'grid' does not end with 1");
    tfb_calib_set_count(c, json_integer_value(n));
    if (read_quantiles(c, json_object_get(root, "delta"), names, TFB_CALIB_DELTA, "delta", err, m_err) < 0 ||
        read_quantiles(c, json_object_get(root, "lor"), names, TFB_CALIB_LOR, "lor", err, m_err) < 0 ||
        read_combined(c, root, err, m_err) < 0)
        return -1;
    for (int t = 0; t < n_targets; t++) {
        const json_t *a = json_object_get(th, names[t]);
        double p, r;
        if (!a) continue;
        if (!json_is_array(a) || json_array_size(a) != 2 || number(a, 0, 0, 1, &p) < 0 || number(a, 1, 0, 1, &r) < 0)
            return refuse(err, m_err, "'threshold' of %.60s should be a probability and a recall", names[t]);
        c->threshold[t] = (float)p;
        c->recall[t] = (float)r;
    }
    return 0;
}

int tfb_calib_parse(const char *text, char *const *names, int n_targets, tfb_calib_t **c, char *err, int m_err)
{
    json_error_t e;
    int ret = -1;
    *c = NULL;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &e);
    const json_t *format = json_object_get(root, "format");
    if (!root || !json_is_object(root))
        refuse(err, m_err, "not JSON (%.100s)", root ? "not an object" : e.text);
    else if (!json_is_integer(format) || json_integer_value(format) < 1)
        refuse(err, m_err, "'format' is missing");
    else if (json_integer_value(format) > 1) {
        tfb_warn("the model's calibration has a later format (%lld) and is ignored",
                 (long long)json_integer_value(format));
        ret = 0;
    } else
        ret = read_all(root, names, n_targets, c, err, m_err);
    json_decref(root);
    if (ret < 0) {
        tfb_calib_destroy(*c);
        *c = NULL;
    }
    return ret;
}

/* ---- writing ---- */

static json_t *list(const float *v, int n)
{
    json_t *a = json_array();
    for (int i = 0; a && i < n; i++)
        if (json_array_append_new(a, v[i] > 0 ? json_real(v[i]) : json_integer(0)) < 0) {
            json_decref(a);
            return NULL;
        }
    return a;
}

char *tfb_calib_format(const tfb_calib_t *c, char *const *names)
{
    json_t *root = json_object(), *grid = json_array(), *of[2] = {json_object(), json_object()}, *th = json_object();
    int bad = !root || !grid || !of[0] || !of[1] || !th;
    char *text = NULL;
    for (int i = 0; !bad && i < c->n_grid; i++) bad = json_array_append_new(grid, json_real(c->grid[i])) < 0;
    for (int t = 0; !bad && t < c->n_targets; t++) {
        for (int k = 0; k < 2; k++) {
            const float *q = tfb_calib_quantiles(c, t, (tfb_calib_scale_t)k);
            if (!isnan(q[0])) bad |= json_object_set_new(of[k], names[t], list(q, c->n_grid)) < 0;
        }
        const float p[2] = {c->threshold[t], c->recall[t]};
        if (!isnan(p[0])) bad |= json_object_set_new(th, names[t], list(p, 2)) < 0;
    }
    if (!bad) {
        bad |= json_object_set_new(root, "format", json_integer(1)) < 0 ||
               json_object_set_new(root, "snvs", json_integer(c->n_snvs)) < 0 ||
               json_object_set_new(root, "seed", json_integer(c->seed)) < 0;
        if (c->strand) bad |= json_object_set_new(root, "strand", json_string(c->strand)) < 0;
        if (c->regions) bad |= json_object_set_new(root, "regions", json_string(c->regions)) < 0;
        bad |= json_object_set(root, "grid", grid) < 0 || json_object_set(root, "delta", of[0]) < 0 ||
               json_object_set(root, "lor", of[1]) < 0;
        if (c->sites)
            bad |= json_object_set_new(root, "precision", json_real(c->precision)) < 0 ||
                   json_object_set_new(root, "sites", json_string(c->sites)) < 0 ||
                   json_object_set(root, "threshold", th) < 0;
        if (c->combine)
            bad |= json_object_set_new(root, "combine", json_string(c->combine->name)) < 0 ||
                   json_object_set_new(root, "combined", list(c->combined, c->n_grid)) < 0;
    }
    /* four digits exceed the precision of the sample */
    if (!bad) text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(4));
    json_decref(root);
    json_decref(grid);
    json_decref(of[0]);
    json_decref(of[1]);
    json_decref(th);
    return text;
}

/* ---- quantiles and percentiles ---- */

static int rising(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Writes the quantiles of v (n) to q. */
static void set_quantiles(const tfb_calib_t *c, float *q, float *v, int64_t n)
{
    tfb_sort(v, (size_t)n, sizeof *v, rising);
    for (int i = 0; i < c->n_grid; i++) { /* like numpy's default: linear between the two nearest values */
        double at = c->grid[i] * (double)(n - 1);
        int64_t k = (int64_t)at;
        q[i] = k + 1 < n ? (float)(v[k] + (at - (double)k) * (v[k + 1] - v[k])) : v[n - 1];
    }
}

void tfb_calib_set(tfb_calib_t *c, int t, tfb_calib_scale_t scale, float *v, int64_t n)
{
    set_quantiles(c, c->quantile + (2 * (int64_t)t + (int64_t)scale) * c->n_grid, v, n);
}

void tfb_calib_set_combined(tfb_calib_t *c, const tfb_combine_t *how, float *v, int64_t n)
{
    c->combine = how;
    set_quantiles(c, c->combined, v, n);
}

void tfb_calib_set_count(tfb_calib_t *c, int64_t n)
{
    c->n_snvs = n;
    /* n values cannot show that a larger one is rarer than 1 in n + 1 */
    for (int i = 0; i < c->n_grid; i++) c->rarity[i] = -log10(fmax(1 - c->grid[i], 1 / ((double)n + 1)));
}

/* Returns -log10 of the share of values of at least v, by their quantiles q; NaN if there are none. Linear between
 * quantiles, which takes no logarithm for each of many targets. */
static double rarity(const tfb_calib_t *c, const float *q, double v)
{
    int lo = 0, hi = c->n_grid - 1;
    if (isnan(q[0]) || isnan(v)) return NAN;
    if (v < q[0]) return 0;
    if (v >= q[hi]) return c->rarity[hi];
    while (hi - lo > 1) { /* q[lo] <= v < q[hi] */
        int mid = (lo + hi) / 2;
        if (q[mid] <= v)
            lo = mid;
        else
            hi = mid;
    }
    return c->rarity[lo] + (c->rarity[hi] - c->rarity[lo]) * ((v - q[lo]) / (q[hi] - q[lo]));
}

double tfb_calib_rarity(const tfb_calib_t *c, int t, tfb_calib_scale_t scale, double v)
{
    return rarity(c, tfb_calib_quantiles(c, t, scale), v);
}

double tfb_calib_percentile(const tfb_calib_t *c, int t, tfb_calib_scale_t scale, double v)
{
    return 100 * (1 - pow(10, -tfb_calib_rarity(c, t, scale, v)));
}

double tfb_calib_phred(const tfb_calib_t *c, double v) { return c->combine ? 10 * rarity(c, c->combined, v) : NAN; }
