/* attrib.h - computes what each base of a window contributes to a TF's score.
 *
 * In: base codes (W). Out: hypothetical contributions (W, 4) per target, of every base at every
 * position. The contribution of the sequence is their value at its own base (tfb_attrib_actual).
 * Three methods:
 *     DeepLIFT   mean over references of the contributions by the rescale rule; they sum to the
 *                logit minus the mean logit of the references
 *     ISM        in-silico mutagenesis: the logit with the base there, minus the mean over the
 *                four bases
 *     gradient   of the logit with respect to the one-hot input
 * With both strands, the logit is the mean of both, as in scoring. */
#ifndef TFB_ATTRIB_H
#define TFB_ATTRIB_H

#include "nn/model.h"
#include "nn/panel.h"

typedef enum { TFB_DEEPLIFT, TFB_ISM, TFB_GRADIENT } tfb_method_t;

typedef struct tfb_attrib_t tfb_attrib_t;

/* Prepares DeepLIFT against n_refs references, and gradients. Borrows m and pool (NULL: this thread only).
 * Returns NULL if memory runs out (logged). */
tfb_attrib_t *tfb_attrib_create(tfb_model_t *m, int n_refs, tfb_strand_t strand, tfb_pool_t *pool);
void tfb_attrib_destroy(tfb_attrib_t *a);
/* Returns a kind of layer in the model that DeepLIFT has no rule for, so that contributions do not add up;
 * NULL if there is none. */
const char *tfb_attrib_unruled(const tfb_attrib_t *a);
/* Runs DeepLIFT on code (W) for the model's outputs target (n):
 *   ref   (n_refs, W) references of the same length
 *   hyp   (n, W, 4) hypothetical contributions
 *   z     (n) logits;  z_ref (n) mean logits of the references */
void tfb_attrib_deeplift(tfb_attrib_t *a, const uint8_t *code, const uint8_t *ref, const int *target, int n, float *hyp,
                         double *z, double *z_ref);
/* Computes the gradient: hyp (n, W, 4), z (n). */
void tfb_attrib_gradient(tfb_attrib_t *a, const uint8_t *code, const int *target, int n, float *hyp, double *z);
/* Writes dinucleotide shuffles of code (W) to ref (n, W). They depend only on the sequence and the seed,
 * not on earlier shuffles. */
void tfb_attrib_references(const uint8_t *code, int W, int n, uint64_t seed, uint8_t *ref, uint8_t *work);

/* Mutates positions [beg, end) of code (W) in silico, by variant-local inference. Writes hyp (T, end -
 * beg, 4) and z (T) for all T targets of the panel. Returns 0, or -1 if memory runs out (logged). */
int tfb_ism(tfb_panel_t *p, const uint8_t *code, int beg, int end, tfb_strand_t strand, float *hyp, float *z);

/* Writes contrib (n): hyp (n, 4) at the base in code (n); an N gets the mean of the four. Returns their
 * sum. */
double tfb_attrib_actual(const uint8_t *code, const float *hyp, int n, float *contrib);

#endif
