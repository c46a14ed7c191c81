/* tool_grad.c - prints what the network core computes, for comparison with PyTorch (test/peer/parity.py).
 *
 *     tool_grad MODEL CODES LABELS B [STEPS RATE OUT]
 *
 * CODES: bytes (B, W) of base codes; LABELS: bytes (B, T) of 0, 1, 2 = unresolved. Writes to stdout, as raw float32:
 * logits in scoring mode (B, T), loss (1), then every parameter's gradient in training mode in the order and layout of
 * the file. With STEPS: as many Adam steps on the same batch, after which the model is written to OUT. Without
 * arguments: exit 77, so that a runner of unit programs skips it. */
#include "kernels/kernels.h"
#include "nn/infer.h"
#include "nn/model.h"
#include "nn/walk.h"
#include "train/loss.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *slurp(const char *path, size_t n)
{
    void *p = malloc(n);
    FILE *f = fopen(path, "rb");
    if (!f || fread(p, 1, n, f) != n) {
        fprintf(stderr, "cannot read %zu bytes from %s\n", n, path);
        exit(1);
    }
    fclose(f);
    return p;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 77;
    tfb_model_t *m = tfb_model_load(argv[1]);
    if (!m) return 1;
    int B = atoi(argv[4]), T = m->n_targets;
    uint8_t *code = slurp(argv[2], (size_t)B * m->window), *label = slurp(argv[3], (size_t)B * T);
    tfb_pool_t *pool = tfb_pool_create(2);
    tfb_infer_t *f = tfb_infer_create(m->net, NULL, 0, pool);
    float *z = malloc(sizeof(float) * (size_t)B * T), *dz = malloc(sizeof(float) * (size_t)B * T);
    if (tfb_infer_windows(f, code, NULL, B, TFB_STRAND_FWD, z) < 0) return 1;
    fwrite(z, sizeof(float), (size_t)B * T, stdout);

    tfb_net_t *n = m->net;
    float *grad = tfb_alloc(n->n_param, sizeof(float), "gradients"),
          *buf = tfb_alloc(n->n_param, sizeof(float), "a tensor");
    tfb_walk_t *w = tfb_walk_create(n, B, TFB_WALK_TRAIN, pool);
    w->pass.grad = grad;
    w->pass.train = 1;
    for (int i = 0; i < n->n_layers; i++) n->layer[i].rate = 0; /* dropout masks are each library's own */
    int steps = argc > 7 ? atoi(argv[5]) : 0;
    float *mm = tfb_alloc(n->n_param, sizeof(float), "m"), *vv = tfb_alloc(n->n_param, sizeof(float), "v");
    for (int s = 0; s < steps || s == 0; s++) {
        const float *zt = tfb_walk_forward(w, code, B);
        float loss = (float)tfb_loss(&(tfb_labelled_t){.label = label, .B = (size_t)B, .T = (size_t)T}, zt, dz, NULL);
        tfb_walk_backward(w, dz);
        if (s == 0) {
            fwrite(&loss, sizeof loss, 1, stdout);
            for (int i = 0; i < n->n_layers; i++)
                for (int k = 0; k < n->layer[i].n_tensors; k++) {
                    const tfb_tensor_t *t = &n->layer[i].tensor[k];
                    if (!t->trainable) continue;
                    tfb_tensor_permute(t, grad + n->layer[i].param_off + t->off, buf);
                    fwrite(buf, sizeof(float), t->n, stdout);
                }
        }
        if (!steps) break;
        double c1 = 1 - pow(0.9, s + 1), c2 = 1 - pow(0.999, s + 1);
        tfb_adam_t by = {.rate = (float)(atof(argv[6]) / c1),
                         .b1 = 0.9f,
                         .b2 = 0.999f,
                         .inv_sqrt_c2 = (float)(1 / sqrt(c2)),
                         .eps = 1e-8f};
        tfb_kernels()->adam(n->n_param, n->param, grad, mm, vv, &by);
    }
    if (steps && tfb_model_save(m, argv[7], 0) < 0) return 1;
    return 0;
}
