/* npz.h - NumPy's .npz, one array per file, as TF-MoDISco-lite reads them: `modisco motifs -s P.onehot.npz
 * -a P.hyp.npz`.
 *
 * Each holds `arr_0`, float32 (N, 4, L): examples, bases A C G T, positions. An N is a quarter of each base in the
 * one-hot. */
#ifndef TFB_NPZ_H
#define TFB_NPZ_H

#include <stdint.h>

typedef struct tfb_npz_t tfb_npz_t;

/* Returns whether this build can write .npz files (it needs libzip). */
int tfb_npz_possible(void);
/* Begins an array of examples of L positions, to be written to path. Examples are stored in a temporary
 * file until then. Returns NULL on failure (logged). */
tfb_npz_t *tfb_npz_open(const char *path, int L);
/* Adds an example, x (L, 4), transposed. Returns 0, or -1 (logged). */
int tfb_npz_add(tfb_npz_t *z, const float *x);
/* Does the same from codes (L), as one-hot. */
int tfb_npz_add_codes(tfb_npz_t *z, const uint8_t *code);
/* Writes the file (keep 0: no file) and frees z. Returns 0, or -1 (logged). NULL is legal. */
int tfb_npz_close(tfb_npz_t *z, int keep);

#endif
