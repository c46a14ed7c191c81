/* record.c - a model's provenance: split, data, command, test metrics, as metadata of its file. */
#include "train/record.h"
#include "nn/infer.h"
#include "train/metrics.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

char *tfb_record_contigs(const tfb_examples_t *ex, const uint8_t *part, int which)
{
    size_t len = 1;
    char *has = calloc((size_t)ex->n_contigs + 1, 1);
    if (!has) return NULL;
    for (int64_t i = 0; i < ex->n; i++)
        if (part[i] == which) has[ex->contig[i]] = 1;
    for (int c = 0; c < ex->n_contigs; c++) len += has[c] ? strlen(ex->contigs[c]) + 1 : 0;
    char *s = malloc(len), *p = s;
    if (s) {
        *s = 0;
        for (int c = 0; c < ex->n_contigs; c++)
            if (has[c]) p += sprintf(p, "%s%s", p == s ? "" : ",", ex->contigs[c]);
    }
    free(has);
    return s;
}

int tfb_record_set(tfb_model_t *m, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!s) return -1;
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    int r = tfb_model_meta_set(m, key, s);
    free(s);
    return r;
}

static double round4(double x) { return round(x * 1e4) / 1e4; }

int tfb_record_metrics(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part, int which, tfb_pool_t *pool,
                       const char *key)
{
    int ret = -1, n_mean = 0, T = ex->n_targets;
    size_t n = 0;
    uint32_t *idx = NULL;
    float *z = NULL;
    uint8_t *label = NULL;
    json_t *all = NULL;
    double sum[3] = {0};
    for (int64_t i = 0; i < ex->n; i++) n += part[i] == which;
    if (!n) return 0;
    idx = tfb_alloc(n, sizeof *idx, "test regions");
    z = tfb_alloc(n * (size_t)T, sizeof *z, "test logits");
    label = tfb_alloc(n, 1, "test labels");
    all = json_object();
    if (!idx || !z || !label || !all) goto done;
    n = 0;
    for (int64_t i = 0; i < ex->n; i++)
        if (part[i] == which) idx[n++] = (uint32_t)i;
    if (tfb_predict(m->net, ex, idx, n, TFB_STRAND_BOTH, pool, z) < 0 ||
        tfb_logits_check("in training", m->targets, T, z, (int64_t)n) < 0)
        goto done;
    for (int t = 0; t < T; t++) {
        tfb_metrics_t q;
        for (size_t i = 0; i < n; i++) label[i] = (uint8_t)tfb_examples_label(ex, idx[i], t);
        if (tfb_metrics_compute(z + t, T, label, 1, (int64_t)n, 10, &q) < 0) goto done;
        json_t *j = json_pack("{s:I, s:I}", "n", (json_int_t)q.n, "n_bound", (json_int_t)q.n_bound);
        if (!isnan(q.auroc)) {
            json_object_set_new(j, "auroc", json_real(round4(q.auroc)));
            json_object_set_new(j, "auprc", json_real(round4(q.auprc)));
            json_object_set_new(j, "mcc", json_real(round4(q.mcc)));
            sum[0] += q.auroc;
            sum[1] += q.auprc;
            sum[2] += q.mcc;
            n_mean++;
        }
        if (json_object_set_new(all, m->targets[t], j) < 0) goto done;
    }
    if (n_mean) {
        json_t *j = json_pack("{s:i, s:f, s:f, s:f}", "n_targets", n_mean, "auroc", round4(sum[0] / n_mean), "auprc",
                              round4(sum[1] / n_mean), "mcc", round4(sum[2] / n_mean));
        if (json_object_set_new(all, "mean", j) < 0) goto done;
        tfb_note("%s: %zu regions, mean over %d targets: AUROC %.4f, AUPRC %.4f, MCC %.4f",
                 which == TFB_TEST ? "test" : "validation", n, n_mean, sum[0] / n_mean, sum[1] / n_mean,
                 sum[2] / n_mean);
    }
    char *text = json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    ret = text ? tfb_model_meta_set(m, key, text) : -1;
    free(text);
done:
    json_decref(all);
    free(idx);
    free(z);
    free(label);
    return ret;
}

char *tfb_record_command(int argc, char **argv)
{
    size_t len = 1;
    for (int i = 0; i < argc; i++) len += 4 * strlen(argv[i]) + 4;
    char *s = malloc(len), *p = s;
    if (!s) {
        tfb_error("not enough memory");
        return NULL;
    }
    for (int i = 0; i < argc; i++) {
        if (i) *p++ = ' ';
        int plain =
            *argv[i] && strspn(argv[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:=+@%^") ==
                            strlen(argv[i]);
        if (!plain) *p++ = '\'';
        for (const char *c = argv[i]; *c; c++) {
            if (*c == '\'') {
                memcpy(p, "'\\''", 4);
                p += 4;
            } else
                *p++ = *c;
        }
        if (!plain) *p++ = '\'';
    }
    *p = 0;
    return s;
}
