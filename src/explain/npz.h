/* npz.h - NumPy's .npz, an array a file, as TF-MoDISco-lite takes them: `modisco motifs -s P.onehot.npz -a P.hyp.npz`.
 *
 * Each holds `arr_0`, float32 (N, 4, L): examples, bases A C G T, positions. An N is a quarter of each base in the
 * one-hot. */
#ifndef TFB_NPZ_H
#define TFB_NPZ_H

#include <stdint.h>

typedef struct tfb_npz_t tfb_npz_t;

/* Whether this build can write them (it needs libzip). */
int tfb_npz_possible(void);
/* An array of examples of L positions, to become path; examples wait in a temporary file. NULL on failure (logged). */
tfb_npz_t *tfb_npz_open(const char *path, int L);
/* Adds an example, x (L, 4); it is turned. 0, or -1 (logged). */
int tfb_npz_add(tfb_npz_t *z, const float *x);
/* The same from codes (L), as one-hot. */
int tfb_npz_add_codes(tfb_npz_t *z, const uint8_t *code);
/* Writes the file (keep 0: no file) and frees z. 0, or -1 (logged). NULL is legal. */
int tfb_npz_close(tfb_npz_t *z, int keep);

#endif
