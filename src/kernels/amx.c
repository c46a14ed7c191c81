/* amx.c - matrix products in bfloat16 on the tile unit of newer Xeons: operands are rounded to 8
 * bits of mantissa, sums are float32. Only the products differ; everything else is the AVX-512
 * set.
 *
 * A never exists in bfloat16 as a whole: 32 rows of it are rounded into a buffer on the stack.
 * Overlapping rows (convolutions) are a stride there too, so each float is rounded once. A
 * packed panel keeps its float32 size, so that callers' offsets hold. Products over fewer than
 * MIN_K terms, whose padding would not fit that size, stay in float32. */
#if defined(__AMX_BF16__) && defined(__AVX512BF16__)
#include "kernels/amx.h"
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern const tfb_kernels_t tfb_kernels_avx512;

enum {
    PANEL = 32, /* columns of a panel: two tiles */
    ROWS = 32,  /* rows of A at a time: two tiles */
    KB = 32,    /* terms per tile: a row of 64 bytes */
    KC = 2048,  /* terms of A in the buffer at a time */
    MIN_K = 32,
    TILE = 16 * 64, /* bytes */
};

/* Tiles 0-3 hold sums (row, column), 4-5 A, 6-7 B. */
static const tfb_tiles_t config = TFB_WHOLE_TILES;

static __m512i pairs(__m512 even, __m512 odd)
{
    return _mm512_or_si512(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even)),
                           _mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd)), 16));
}

static inline __attribute__((always_inline)) __m512 load(const float *p, int n)
{
    if (n >= 16) return _mm512_loadu_ps(p);
    if (n <= 0) return _mm512_setzero_ps();
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

/* Returns 32 neighbouring floats as bfloat16; those beyond the first n are 0. */
static __m512i round32(const float *p, int n) { return (__m512i)_mm512_cvtne2ps_pbh(load(p + 16, n - 16), load(p, n)); }

/* Transposes: r[i] word j becomes r[j] word i. */
static void transpose16(__m512i r[16])
{
    __m512i t[16];
    for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 4; i++) {
        r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    /* r[4 q + c] holds, for rows 4q..4q+3, the columns c, 4 + c, 8 + c, 12 + c */
    for (int c = 0; c < 4; c++) {
        t[c] = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);
        t[4 + c] = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
        t[8 + c] = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
        t[12 + c] = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
    }
    for (int c = 0; c < 4; c++) {
        r[c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0x88);
        r[8 + c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0xdd);
        r[4 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0x88);
        r[12 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0xdd);
    }
}

static void pack(int K, int N, const float *b, ptrdiff_t ldk, ptrdiff_t ldn, float *out)
{
    if (K < MIN_K) {
        tfb_kernels_avx512.pack(K, N, b, ldk, ldn, out);
        return;
    }
    for (int n0 = 0; n0 < N; n0 += PANEL, out += (size_t)K * PANEL) {
        int w = N - n0 < PANEL ? N - n0 : PANEL;
        uint8_t *o = (uint8_t *)out;
        for (int k0 = 0; k0 < K; k0 += KB, o += 2 * TILE) {
            int nk = K - k0 < KB ? K - k0 : KB;
            if (ldn == 1) {
                for (int k = 0; k < KB; k += 2)
                    for (int h = 0; h < 2; h++) {
                        const float *s = b + (k0 + k) * ldk + n0 + 16 * h;
                        int left = w - 16 * h;
                        __m512 even = k < nk ? load(s, left) : _mm512_setzero_ps();
                        __m512 odd = k + 1 < nk ? load(s + ldk, left) : _mm512_setzero_ps();
                        _mm512_storeu_si512(o + h * TILE + k / 2 * 64, pairs(even, odd));
                    }
            } else
                for (int h = 0; h < 2; h++) {
                    __m512i r[16];
                    for (int n = 0; n < 16; n++)
                        r[n] = 16 * h + n < w ? round32(b + (n0 + 16 * h + n) * ldn + k0, nk) : _mm512_setzero_si512();
                    transpose16(r);
                    for (int k = 0; k < 16; k++) _mm512_storeu_si512(o + h * TILE + k * 64, r[k]);
                }
        }
    }
}

/* Rows of A in bfloat16: the terms [k0, k0 + terms) of K. */
typedef struct {
    int rows, k0, terms;
    const uint16_t *data;
    ptrdiff_t stride; /* from a row to the next, in bytes */
} buffered_t;

/* Computes c (buf->rows, cols) = or += the product of the buffered rows of A with one panel, from
 * the same terms on. */
static void block(int cols, const buffered_t *buf, const uint8_t *b, tfb_rows_out_t c, int add)
{
    float sum[ROWS * PANEL] __attribute__((aligned(64)));
    int rows = buf->rows;
    int low = rows > 16, wide = cols > 16;
    ptrdiff_t stride = buf->stride;
    const uint16_t *a = buf->data, *a2 = a + 16 * stride / 2, *end = a + buf->terms;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (low && wide)
        for (; a < end; a += KB, a2 += KB, b += 2 * TILE) {
            _tile_loadd(4, a, stride);
            _tile_loadd(6, b, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, b + TILE, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, a2, stride);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    else
        for (; a < end; a += KB, a2 += KB, b += 2 * TILE) {
            _tile_loadd(4, a, stride);
            _tile_loadd(6, b, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (wide) {
                _tile_loadd(7, b + TILE, 64);
                _tile_dpbf16ps(1, 4, 7);
            }
            if (low) {
                _tile_loadd(5, a2, stride);
                _tile_dpbf16ps(2, 5, 6);
            }
        }
    _tile_stored(0, sum, PANEL * 4);
    _tile_stored(1, sum + 16, PANEL * 4);
    if (low) {
        _tile_stored(2, sum + 16 * PANEL, PANEL * 4);
        _tile_stored(3, sum + 16 * PANEL + 16, PANEL * 4);
    }
    for (int r = 0; r < rows; r++)
        for (int h = 0; h <= wide; h++) {
            int n = cols - 16 * h < 16 ? cols - 16 * h : 16;
            float *to = c.data + r * c.ld + 16 * h;
            __m512 v = _mm512_load_ps(sum + r * PANEL + 16 * h);
            if (add) v = _mm512_add_ps(v, load(to, n));
            _mm512_mask_storeu_ps(to, (__mmask16)(n < 16 ? (1u << n) - 1 : 0xffff), v);
        }
}

/* Multiplies the buffered rows and terms of A with all panels. */
static void panels(int N, int K, const buffered_t *a, const float *bp, tfb_rows_out_t c, int add)
{
    for (int n = 0; n < N; n += PANEL, bp += (size_t)K * PANEL, c.data += PANEL) {
        const uint8_t *b = (const uint8_t *)bp + (size_t)(a->k0 / KB) * 2 * TILE;
        block(N - n < PANEL ? N - n : PANEL, a, b, c, add);
    }
}

static void gemm(int M, int N, int K, tfb_rows_t a, const float *bp, tfb_rows_out_t c, int add)
{
    uint16_t buf[ROWS * (KC + KB) + KB] __attribute__((aligned(64)));
    if (K < MIN_K) {
        tfb_kernels_avx512.gemm(M, N, K, a, bp, c, add);
        return;
    }
    _tile_loadconfig(&config);
    for (int k0 = 0; k0 < K; k0 += KC) {
        int kc = K - k0 < KC ? K - k0 : KC, overlap = a.ld >= 0 && a.ld < kc;
        for (int m = 0; m < M; m += ROWS) {
            int rows = M - m < ROWS ? M - m : ROWS;
            const float *from = a.data + m * a.ld + k0;
            ptrdiff_t ld = overlap ? a.ld : (kc + KB - 1) / KB * KB;
            if (overlap) { /* the last block of terms reads up to KB - 1 beyond the last row: finite, multiplied by 0 */
                int n = (int)((rows - 1) * a.ld) + kc;
                for (int i = 0; i < n; i += 32) _mm512_storeu_si512(buf + i, round32(from + i, n - i));
                memset(buf + n, 0, KB * sizeof *buf);
            } else
                for (int r = 0; r < rows; r++)
                    for (int i = 0; i < kc; i += 32)
                        _mm512_storeu_si512(buf + r * ld + i, round32(from + r * a.ld + i, kc - i));
            buffered_t part = {.rows = rows, .k0 = k0, .terms = kc, .data = buf, .stride = ld * 2};
            panels(N, K, &part, bp, (tfb_rows_out_t){c.data + m * c.ld, c.ld}, add || k0);
        }
    }
    _tile_release();
}

/* Rounds the columns of A from the first of `row` on, nk rows of them, into buf: 16 columns at a
 * time, each a row of ld terms. */
static void round_columns(int columns, const float *const *row, int nk, uint16_t *buf, int ld)
{
    for (int h = 0; 16 * h < columns; h++) {
        __m512i t[16];
        for (int i = 0; i < 16; i++) {
            __m512 even = _mm512_setzero_ps(), odd = even;
            if (2 * i < nk) even = load(row[2 * i] + 16 * h, columns - 16 * h);
            if (2 * i + 1 < nk) odd = load(row[2 * i + 1] + 16 * h, columns - 16 * h);
            t[i] = pairs(even, odd);
        }
        transpose16(t);
        for (int i = 0; i < 16; i++) _mm512_store_si512(buf + (16 * h + i) * ld, t[i]);
    }
}

static void gemm_tn(int M, int N, tfb_blocks_t a, const float *bp, tfb_rows_out_t c, int add)
{
    uint16_t buf[ROWS * KC] __attribute__((aligned(64)));
    int K = a.n * a.rows;
    if (K < MIN_K) {
        tfb_kernels_avx512.gemm_tn(M, N, a, bp, c, add);
        return;
    }
    _tile_loadconfig(&config);
    for (int m = 0; m < M; m += ROWS) {
        int rows = M - m < ROWS ? M - m : ROWS, s = 0, r = 0; /* s, r: the next block and row */
        for (int k0 = 0; k0 < K; k0 += KC) {
            int kc = K - k0 < KC ? K - k0 : KC, ld = (kc + KB - 1) / KB * KB;
            for (int k = 0; k < kc; k += KB) {
                const float *row[KB];
                int nk = kc - k < KB ? kc - k : KB;
                for (int i = 0; i < nk; i++) {
                    row[i] = a.data + s * a.block + r * a.ld + m;
                    if (++r == a.rows) r = 0, s++;
                }
                round_columns(rows, row, nk, buf + k, ld);
            }
            buffered_t part = {.rows = rows, .k0 = k0, .terms = kc, .data = buf, .stride = (ptrdiff_t)ld * 2};
            panels(N, K, &part, bp, (tfb_rows_out_t){c.data + m * c.ld, c.ld}, add || k0);
        }
    }
    _tile_release();
}

int tfb_amx_permitted(void)
{
    /* Linux grants the tile registers on request, to this process and the threads it will start;
     * 18 is their state component */
    unsigned long has = 0;
    return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("avx512bf16") &&
           syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18) == 0 &&
           syscall(SYS_arch_prctl, 0x1022 /* ARCH_GET_XCOMP_PERM */, &has) == 0 && (has >> 18 & 1);
}

int tfb_amx_start(tfb_kernels_t *k)
{
    if (!__builtin_cpu_supports("amx-bf16") || !tfb_amx_permitted()) return -1;
    *k = tfb_kernels_avx512;
    k->name = "amx-bf16";
    k->pack = pack;
    k->gemm = gemm;
    k->conv_max3 = NULL;
    k->gemm_tn = gemm_tn;
    return 0;
}
#else
typedef int tfb_no_amx_kernels_t;
#endif
