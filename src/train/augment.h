/* augment.h - changes to training windows that leave their labels as they are (EvoAug: Lee et al., Genome Biology
 * 2023), so that a network sees other sequences every epoch. */
#ifndef TFB_AUGMENT_H
#define TFB_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

/* Longest window that can be changed. */
enum { TFB_AUGMENT_WINDOW = 4096 };

typedef struct {
    int shift;     /* moves the window by up to so many bases, either way */
    double mutate; /* share of the bases that are drawn anew */
    int insert;    /* up to so many random bases are put in somewhere */
    int delete;    /* up to so many bases are taken out somewhere */
    double noise;  /* standard deviation of the Gaussian noise added to the one-hot input */
} tfb_augment_t;

/* Reads "shift=20,mutate=0.05,insert=20,delete=30,noise=0.2", any of them. 0, or -1 (logged). */
int tfb_augment_parse(const char *text, tfb_augment_t *a);
/* Does it change anything? */
static inline int tfb_augmented(const tfb_augment_t *a)
{
    return a->shift || a->mutate > 0 || a->insert || a->delete || a->noise > 0;
}
/* Changes code (W) in place: each of a's changes to bases with probability 1/2, places and lengths drawn at random,
 * random bases wherever some are needed. A function of key alone. spare: room for 2 * W bytes. */
void tfb_augment(const tfb_augment_t *a, uint64_t key, uint8_t *code, int W, uint8_t *spare);
/* With probability 1/2, writes noise to x (n), to be added to a one-hot window: Gaussian, of mean 0 and standard
 * deviation a->noise. Returns whether it did; if not, leaves x as it is. A function of key alone. */
int tfb_augment_noise(const tfb_augment_t *a, uint64_t key, float *x, size_t n);

#endif
