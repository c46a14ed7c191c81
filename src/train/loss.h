/* loss.h - binary cross-entropy with logits, averaged over the resolved labels of a batch, with a weight per target. */
#ifndef TFB_LOSS_H
#define TFB_LOSS_H

#include "genome/labels.h"
#include <stddef.h>
#include <stdint.h>

/* Labels (B, T) of a batch and the weights of their targets (T; NULL: all 1). */
typedef struct {
    const uint8_t *label;
    size_t B, T;
    const float *weight;
    const float *soft; /* (B, T) probabilities that teachers gave, or NULL */
    double hard;       /* with soft: the labels' share of the loss, 0 to 1 */
    double smooth;     /* share of the way to 1/2 that labels and probabilities are moved, 0 to 1 */
} tfb_labelled_t;

/* Returns the sum of the weights of the resolved labels. With soft, unresolved ones count with a share of 1 - hard. */
double tfb_loss_resolved(const tfb_labelled_t *l);
/* Returns the weighted sum of the losses of logits z (B, T). With soft, the loss of a resolved label is hard * its
 * cross-entropy + (1 - hard) * that against soft; an unresolved label has the second term alone. dz (B, T; NULL: not
 * needed) gets the gradient of that sum divided by m. */
double tfb_loss_sum(const tfb_labelled_t *l, const float *z, double m, float *dz);
/* Returns the weighted mean loss over the resolved labels. Writes its gradient to dz (B, T; NULL: not needed) and the
 * sum of the weights to *total (NULL: not needed). If that sum is 0, the loss and the gradient are 0. */
double tfb_loss(const tfb_labelled_t *l, const float *z, float *dz, double *total);
/* Adds the losses of logits z (B, T), without weights, to sum (T), and the counts of resolved labels to n (T). */
void tfb_loss_by_target(const tfb_labelled_t *l, const float *z, double *sum, double *n);
/* Returns weights of targets (n_targets), to be freed: (most bound regions of any target / its own)^balance, counted
 * over the training regions, times the given weights (NULL: 1). NULL on lack of memory (logged). */
float *tfb_loss_weights(const tfb_examples_t *ex, const uint8_t *part, double balance, const float *given);

#endif
