/* predict.c - scores examples a few thousand at a time, which bounds memory. */
#include "train/predict.h"
#include "train/loss.h"
#include "train/ranks.h"
#include <stdlib.h>

enum { PREDICT = 4096 }; /* windows scored at a time */

int tfb_predict_by(tfb_infer_t *f, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                   tfb_pool_t *pool, float *z)
{
    int ret = -1;
    uint8_t *code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows");
    tfb_item_t *item = tfb_alloc(PREDICT, sizeof *item, "windows");
    if (!code || !item) goto done;
    for (size_t i = 0; i < n_idx; i += PREDICT) {
        int n = n_idx - i < PREDICT ? (int)(n_idx - i) : PREDICT;
        for (int k = 0; k < n; k++) item[k] = idx[i + k] << 1;
        tfb_batch_fetch(&(tfb_batch_t){.ex = ex, .item = item, .code = code, .n = n}, pool);
        if (tfb_infer_windows(f, code, NULL, n, strand, z + i * (size_t)tfb_infer_n_targets(f)) < 0) goto done;
    }
    ret = 0;
done:
    free(code);
    free(item);
    return ret;
}

int tfb_predict(const tfb_net_t *net, const tfb_examples_t *ex, const uint32_t *idx, size_t n_idx, tfb_strand_t strand,
                tfb_pool_t *pool, float *z)
{
    tfb_infer_t *f = tfb_infer_create(net, NULL, 0, pool);
    int ret = f ? tfb_predict_by(f, ex, idx, n_idx, strand, pool, z) : -1;
    tfb_infer_destroy(f);
    return ret;
}

int tfb_predict_loss(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_item_t *item, size_t n_item,
                     const float *weight, tfb_pool_t *pool, double *loss)
{
    double sum[2] = {0}; /* of losses, of weights */
    int ret = -1, me = tfb_ranks_me();
    size_t first = (size_t)tfb_ranks_first((int64_t)n_item, me), end = (size_t)tfb_ranks_first((int64_t)n_item, me + 1);
    size_t T = (size_t)ex->n_targets;
    uint8_t *code = NULL, *label = NULL;
    float *z = NULL;
    tfb_infer_t *f = tfb_infer_create(net, NULL, 0, pool);
    if (!f || !(code = tfb_alloc((size_t)PREDICT * ex->window, 1, "windows")) ||
        !(label = tfb_alloc(PREDICT * T, 1, "labels")) || !(z = tfb_alloc(PREDICT * T, sizeof *z, "logits")))
        goto done;
    for (size_t i = first; i < end; i += PREDICT) {
        int n = end - i < PREDICT ? (int)(end - i) : PREDICT;
        double m;
        tfb_batch_fetch(&(tfb_batch_t){.ex = ex, .item = item + i, .code = code, .label = label, .n = n}, pool);
        if (tfb_infer_windows(f, code, NULL, n, TFB_STRAND_FWD, z) < 0) goto done;
        sum[0] += tfb_loss(&(tfb_labelled_t){label, (size_t)n, T, weight}, z, NULL, &m) * m;
        sum[1] += m;
    }
    tfb_ranks_sum(sum, 2);
    *loss = sum[1] > 0 ? sum[0] / sum[1] : 0;
    ret = 0;
done:
    tfb_infer_destroy(f);
    free(code);
    free(label);
    free(z);
    return ret;
}
