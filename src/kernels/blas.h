/* blas.h - OpenBLAS for plain matrix products, and the choice between it and our own kernels.
 *
 * TFBIND_GEMM=own|blas takes one of them for all products. Otherwise the faster one computes a
 * product: our own kernels on x86-64, except for the shapes that doc/speed.md lists, and OpenBLAS
 * elsewhere, unless TFBIND_CPU chooses a set. The choice depends only on the product, so neither threads nor the load
 * of the machine change results.
 *
 * OpenBLAS adds up a row's product in an order that depends, on x86-64, on the rows beside it: with
 * TFBIND_GEMM=blas the last digits of scores depend there on what is scored together.
 *
 * The library is opened when the first product needs it. It runs in the calling thread. */
#ifndef TFB_BLAS_H
#define TFB_BLAS_H

#include "kernels/kernels.h"

/* The products of a network. */
typedef enum {
    TFB_GEMM_SCORE,   /* scoring: packed once, for all windows */
    TFB_GEMM_ROWS,    /* training: packed once a step, for all examples */
    TFB_GEMM_BATCH,   /* training: packed for one product, a dense layer of the whole batch */
    TFB_GEMM_SUMS,    /* training: gradients of weights, the sum over a batch's rows in one piece */
    TFB_GEMM_BLOCKED, /* the same in pieces that stay in the cache */
} tfb_gemm_use_t;

/* Returns the kernels that pack and multiply a matrix B (K, N): their pack, gemm, gemm_tn,
 * gemm_direct, gemm_tn_direct, conv_max3 and panel, and nothing else. Thread-safe. */
const tfb_kernels_t *tfb_gemm(tfb_gemm_use_t use, int N, int K);
/* Returns the kernels of OpenBLAS, or NULL if it cannot be opened (for tests and benchmarks). */
const tfb_kernels_t *tfb_blas(void);
/* Returns how many rows of a product gemm_tn should get at a time: n, or more for OpenBLAS. */
int tfb_gemm_rows(const tfb_kernels_t *k, int n);
/* Returns the file that OpenBLAS is opened from, or NULL if this build has none. Opens nothing. */
const char *tfb_blas_file(void);
/* Returns what the opened library says about itself, or "". */
const char *tfb_blas_config(void);
/* Returns what is wrong with TFBIND_GEMM, for a warning, or NULL. */
const char *tfb_gemm_problem(void);
/* The parameters of a product of the library, C (M, N) = alpha * A (M, K) * B (K, N) + beta * C. */
#define TFB_BLAS_PARAMETERS(T)                                                                              \
    (int order, int ta, int tb, int M, int N, int K, float alpha, const T *a, int lda, const T *b, int ldb, \
     float beta, float *c, int ldc)
typedef void(*tfb_sbgemm_t) TFB_BLAS_PARAMETERS(uint16_t);
/* Returns the opened library's product in bfloat16, or NULL (for benchmarks). */
tfb_sbgemm_t tfb_blas_sbgemm(void);

#endif
