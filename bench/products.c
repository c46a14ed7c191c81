/* products.c - our own matrix products beside OpenBLAS's, and htslib's compression beside zlib's.
 *
 *     products [SECONDS]        a line for each shape of the networks: what it is, M, N, K, GFLOP/s of our kernels and
 *                               of OpenBLAS (processor time of one thread, best of alternating runs of SECONDS in
 *                               all), ours over OpenBLAS's time, which one tfbind takes, and OpenBLAS's bfloat16
 *     products bgzf FILE        MB/s: the blocks of FILE (BGZF) compressed by htslib, and by zlib, at level 6
 *
 * Weights of scoring are packed once and so not counted; those of training are packed for each product or for all
 * examples of a batch, as the layers do. */
#include "config.h"
#include "kernels/blas.h"
#include "util/util.h"
#include <htslib/bgzf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

typedef struct {
    const char *name;
    tfb_gemm_use_t use;
    int M, N, K;
    int ld; /* of A; less than a row if rows overlap */
    int n;  /* products (rows of A in n pieces of M; sums: pieces of K rows), one packing for all */
} shape_t;

/* Batches of 100 examples in training, blocks of 64 windows in scoring. */
static const shape_t shapes[] = {
    {"score: dense 512", TFB_GEMM_SCORE, 64, 512, 448, 448, 1},
    {"score: dense 1000", TFB_GEMM_SCORE, 64, 1000, 1000, 1000, 1},
    {"score: dense 163", TFB_GEMM_SCORE, 64, 163, 512, 512, 1},
    {"score: dense 925 of danq", TFB_GEMM_SCORE, 64, 925, 8320, 8320, 1},
    {"score: conv 200 5, pool 4", TFB_GEMM_SCORE, 18, 200, 500, 100, 20},
    {"train: conv 200 7", TFB_GEMM_ROWS, 54, 200, 700, 100, 20},
    {"train: conv 200 4", TFB_GEMM_ROWS, 15, 200, 800, 200, 40},
    {"train: dx of conv 200 7", TFB_GEMM_ROWS, 60, 100, 1400, 200, 20},
    {"train: dx of conv 200 4", TFB_GEMM_ROWS, 18, 200, 800, 200, 40},
    {"train: dw of conv 200 7", TFB_GEMM_BLOCKED, 700, 200, 54, 100, 8},
    {"train: dw of conv 200 4", TFB_GEMM_BLOCKED, 800, 200, 15, 200, 28},
    {"train: dense 1000 of 3000", TFB_GEMM_BATCH, 100, 1000, 3000, 3000, 1},
    {"train: dense 1000 of 1000", TFB_GEMM_BATCH, 100, 1000, 1000, 1000, 1},
    {"train: dense 50 of 1000", TFB_GEMM_BATCH, 100, 50, 1000, 1000, 1},
    {"train: dense 512 of 448", TFB_GEMM_BATCH, 100, 512, 448, 448, 1},
    {"train: dense 163 of 512", TFB_GEMM_BATCH, 100, 163, 512, 512, 1},
    {"train: dense 925 of 8320", TFB_GEMM_BATCH, 100, 925, 8320, 8320, 1},
    {"train: dx of dense 1000", TFB_GEMM_ROWS, 100, 1000, 1000, 1000, 1},
    {"train: dx of dense 50", TFB_GEMM_ROWS, 100, 1000, 50, 50, 1},
    {"train: dw of dense 1000", TFB_GEMM_SUMS, 1000, 1000, 100, 1000, 1},
    {"train: dw of dense 50", TFB_GEMM_SUMS, 1000, 50, 100, 1000, 1},
    {"train: dw of dense 163", TFB_GEMM_SUMS, 512, 163, 100, 512, 1},
    {"train: dw of dense 512", TFB_GEMM_SUMS, 448, 512, 100, 448, 1},
    {"train: lstm, input", TFB_GEMM_ROWS, 96, 1280, 640, 640, 13},
    {"train: lstm, step", TFB_GEMM_ROWS, 24, 1280, 320, 320, 13},
    {"train: lstm, step back", TFB_GEMM_ROWS, 24, 320, 1280, 1280, 13},
    {"train: lstm, dx", TFB_GEMM_ROWS, 96, 640, 1280, 1280, 13},
    {"train: lstm, dw", TFB_GEMM_SUMS, 640, 1280, 1300, 640, 1},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0], ROWS = 48 };

typedef struct {
    float *a, *b, *c, *packed;
    uint16_t *a16, *b16;
} room_t;

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int is_sum(const shape_t *s) { return s->use == TFB_GEMM_SUMS || s->use == TFB_GEMM_BLOCKED; }

static void product(const shape_t *s, const tfb_kernels_t *k, const room_t *r)
{
    int dense = s->use == TFB_GEMM_BATCH || (s->use == TFB_GEMM_ROWS && s->n == 1);
    int step = dense ? 2 * k->panel : s->N;
    if (is_sum(s)) {
        int rows = tfb_gemm_rows(k, ROWS);
        tfb_blocks_t a = {.data = r->a, .block = (ptrdiff_t)(s->K + 6) * s->ld, .ld = s->ld, .n = s->n, .rows = s->K};
        if (!k->gemm_tn_direct) k->pack(s->n * s->K, s->N, r->b, s->N, 1, r->packed);
        for (int m = 0; m < s->M; m += rows, a.data += rows) {
            tfb_rows_out_t c = {r->c + (size_t)m * s->N, s->N};
            int left = s->M - m < rows ? s->M - m : rows;
            if (k->gemm_tn_direct)
                k->gemm_tn_direct(left, s->N, a, (tfb_matrix_t){r->b, s->N, 1}, c, 0);
            else
                k->gemm_tn(left, s->N, a, r->packed, c, 0);
        }
        return;
    }
    for (int n = 0; n < s->N; n += step) {
        int w = s->N - n < step ? s->N - n : step;
        /* a dense layer's dx reads the weights transposed */
        tfb_matrix_t b = {r->b + n, s->N, 1};
        if (dense && s->use == TFB_GEMM_ROWS) b = (tfb_matrix_t){r->b + (size_t)n * s->K, 1, s->K};
        if (dense && k->gemm_direct) {
            k->gemm_direct(s->M, w, s->K, (tfb_rows_t){r->a, s->ld}, b, (tfb_rows_out_t){r->c + n, s->N}, 0);
            continue;
        }
        if (s->use != TFB_GEMM_SCORE) k->pack(s->K, w, b.data, b.ldk, b.ldn, r->packed);
        for (int i = 0; i < s->n; i++)
            k->gemm(s->M, w, s->K, (tfb_rows_t){r->a + (size_t)i * s->M * s->ld, s->ld}, r->packed,
                    (tfb_rows_out_t){r->c + (size_t)i * s->M * s->N + n, s->N}, 0);
    }
}

/* OpenBLAS's product of numbers that are bfloat16 already; A is taken as if its rows did not overlap. */
static void product16(const shape_t *s, tfb_sbgemm_t f, const room_t *r)
{
    for (int i = 0; i < s->n; i++)
        f(101, is_sum(s) ? 112 : 111, 111, s->M, s->N, s->K, 1, r->a16, is_sum(s) ? s->M : s->K, r->b16, s->N, 0, r->c,
          s->N);
}

static double median(double *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && v[j] < v[j - 1]; j--) {
            double t = v[j];
            v[j] = v[j - 1], v[j - 1] = t;
        }
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Measures a shape: alternating runs until the time is over. */
static void shape(const shape_t *s, double seconds, const room_t *r)
{
    enum { MOST = 1000 };
    static double ratio[MOST];
    const tfb_kernels_t *own = tfb_kernels(), *blas = tfb_blas();
    tfb_sbgemm_t f = tfb_blas_sbgemm();
    double flop = 2.0 * s->M * s->N * s->K * s->n, best[3] = {INFINITY, INFINITY, INFINITY};
    const char *taken = tfb_gemm(s->use, s->N, is_sum(s) ? s->n * s->K : s->K)->name;
    int n = 0;
    for (double end = cpu() + seconds; n < 3 || (n < MOST && cpu() < end); n++) {
        double t[3] = {cpu()};
        product(s, own, r);
        t[1] = cpu();
        if (blas) product(s, blas, r);
        t[2] = cpu();
        ratio[n] = (t[2] - t[1]) / (t[1] - t[0]);
        best[0] = fmin(best[0], t[1] - t[0]);
        best[1] = fmin(best[1], t[2] - t[1]);
        if (!f) continue;
        product16(s, f, r);
        best[2] = fmin(best[2], cpu() - t[2]);
    }
    printf("%s\t%d\t%d\t%d\t%.1f", s->name, s->M, s->N, s->K, flop / best[0] * 1e-9);
    if (blas)
        printf("\t%.1f\t%.2f\t%s", flop / best[1] * 1e-9, median(ratio, n), taken);
    else
        printf("\t-\t-\t%s", taken);
    if (f)
        printf("\t%.1f\n", flop / best[2] * 1e-9);
    else
        printf("\t-\n");
    fflush(stdout);
}

static int products(double seconds)
{
    size_t n = (size_t)16 << 20;
    room_t r = {.a = tfb_alloc(n, sizeof(float), "A"), .b = tfb_alloc(n, sizeof(float), "B")};
    r.c = tfb_alloc(n, sizeof(float), "C");
    r.packed = tfb_alloc(n, sizeof(float), "B");
    r.a16 = tfb_alloc(n, sizeof(uint16_t), "A");
    r.b16 = tfb_alloc(n, sizeof(uint16_t), "B");
    if (!r.a || !r.b || !r.c || !r.packed || !r.a16 || !r.b16) return 1;
    for (size_t i = 0; i < n; i++) {
        r.a[i] = (float)(i % 97) / 97 - 0.5f;
        r.b[i] = (float)(i % 89) / 89 - 0.5f;
        r.a16[i] = r.b16[i] = 0x3dcd; /* 0.1 */
    }
    printf("#product\tM\tN\tK\t%s\t%s\town/openblas\ttaken\tsbgemm\n", tfb_kernels()->name,
           tfb_blas() ? tfb_blas_config() : "no OpenBLAS");
    for (int i = 0; i < N_SHAPES; i++) shape(&shapes[i], seconds / N_SHAPES, &r);
    free(r.a), free(r.b), free(r.c), free(r.packed), free(r.a16), free(r.b16);
    return 0;
}

/* ---- compression ---- */

static size_t deflated(const uint8_t *from, size_t n, uint8_t *to, size_t m)
{
    z_stream z = {.next_in = (uint8_t *)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)m};
    if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return m - z.avail_out;
}

static int compression(const char *path)
{
    enum { BLOCK = BGZF_BLOCK_SIZE };
    uint8_t in[BLOCK], out[BGZF_MAX_BLOCK_SIZE];
    BGZF *f = bgzf_open(path, "r");
    double time[2] = {0, 0}, size[2] = {0, 0}, all = 0;
    ssize_t n;
    if (!f) return 1;
    while ((n = bgzf_read(f, in, BLOCK)) > 0) {
        size_t m = sizeof out;
        double t0 = cpu();
        if (bgzf_compress(out, &m, in, (size_t)n, 6) < 0) return 1;
        double t1 = cpu();
        size[1] += (double)deflated(in, (size_t)n, out, sizeof out);
        time[0] += t1 - t0;
        time[1] += cpu() - t1;
        size[0] += (double)m;
        all += (double)n;
    }
    bgzf_close(f);
    printf("%.0f %.0f %.4f\n", all / time[0] * 1e-6, all / time[1] * 1e-6, size[0] / size[1]);
    return n < 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "bgzf") == 0) return compression(argv[2]);
    return products(argc > 1 ? atof(argv[1]) : 20);
}
