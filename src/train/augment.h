/* augment.h - random changes to training windows that keep their labels (EvoAug: Lee et al., Genome Biology 2023). The
 * network sees different sequences in every epoch. */
#ifndef TFB_AUGMENT_H
#define TFB_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

/* The longest window that can be changed. */
enum { TFB_AUGMENT_WINDOW = 4096 };

typedef struct {
    int shift;     /* move the window by at most this many bases, either way */
    double mutate; /* replace this share of the bases by random ones */
    int insert;    /* insert at most this many random bases */
    int delete;    /* delete at most this many bases */
    double noise;  /* add Gaussian noise of this standard deviation to the one-hot input */
} tfb_augment_t;

/* Reads one or more of "shift=20,mutate=0.05,insert=20,delete=30,noise=0.2". 0, or -1 (logged). */
int tfb_augment_parse(const char *text, tfb_augment_t *a);
/* Returns whether a changes anything. */
static inline int tfb_augmented(const tfb_augment_t *a)
{
    return a->shift || a->mutate > 0 || a->insert || a->delete || a->noise > 0;
}
/* Changes code (W) in place. Applies each change of a to the bases with probability 1/2, at a random place and with a
 * random length; gaps get random bases. The same key gives the same changes. spare: room for 2 * W bytes. */
void tfb_augment(const tfb_augment_t *a, uint64_t key, uint8_t *code, int W, uint8_t *spare);
/* With probability 1/2, writes Gaussian noise of mean 0 and standard deviation a->noise to x (n), to be added to a
 * one-hot window, and returns 1. Otherwise returns 0 and leaves x as it is. The same key gives the same noise. */
int tfb_augment_noise(const tfb_augment_t *a, uint64_t key, float *x, size_t n);

#endif
