/* act.h - an activation is one file and one row of the table of kinds: the file gives the function, its slope and its
 * name.
 *
 *     TFB_ACTIVATION(silu, 0, x * tfb_sigmoid_v(x), ...)
 *
 * defines everything else: the loops, compiled for each instruction set (the functions of vmath.h have no branches, so
 * they become vector code), forward, backward, DeepLIFT's rescale rule, and the place in a scoring step. */
#ifndef TFB_ACT_H
#define TFB_ACT_H

#include "kernels/kernels.h"
#include "kernels/vmath.h"
#include "nn/steps.h"
#include "nn/walk.h"

typedef struct {
    tfb_act_f value;                                                    /* x becomes f(x) */
    void (*slope)(size_t n, const float *x, const float *y, float *dy); /* dy becomes dy * f'(x); y = f(x) */
} tfb_act_loops_t;

/* The loops for the instruction set in use: [0] for any processor, [1] AVX2, [2] AVX-512. */
const tfb_act_loops_t *tfb_act_loops(const tfb_act_loops_t loops[3]);

int tfb_act_setup(tfb_layer_t *l, const char *args, char *err, size_t m_err);
void tfb_act_forward(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, float *y);
void tfb_act_backward(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, const float *y,
                      float *dy, float *dx);
void tfb_act_rescale(const tfb_layer_t *l, tfb_pass_t *pass, const tfb_act_loops_t *f, const float *x, const float *y,
                     float *dy, float *dx);
int tfb_act_fuse(tfb_step_t *s, tfb_act_f f);

#if defined(__x86_64__) && defined(__GNUC__)
#define TFB_FOR_AVX2   __attribute__((target("avx2,fma")))
#define TFB_FOR_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma")))
#else
#define TFB_FOR_AVX2
#define TFB_FOR_AVX512
#endif

#define TFB_ACT_LOOPS(NAME, SET, FOR)                                                                                  \
    FOR static void NAME##_value_##SET(size_t n, float *x)                                                             \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) x[i] = NAME##_f(x[i]);                                                          \
    }                                                                                                                  \
    FOR static void NAME##_slope_##SET(size_t n, const float *restrict x, const float *restrict y, float *restrict dy) \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) dy[i] *= NAME##_df(x[i], y[i]);                                                 \
    }

/* NAME: of the kind. VALUE: f(x), an expression of x. SLOPE: f'(x), an expression of x and y = f(x). */
#define TFB_ACTIVATION(NAME, VALUE, SLOPE)                                                                     \
    TFB_VMATH float NAME##_f(float x) { return VALUE; }                                                        \
    TFB_VMATH float NAME##_df(float x, float y)                                                                \
    {                                                                                                          \
        (void)x, (void)y;                                                                                      \
        return SLOPE;                                                                                          \
    }                                                                                                          \
    TFB_ACT_LOOPS(NAME, any, )                                                                                 \
    TFB_ACT_LOOPS(NAME, avx2, TFB_FOR_AVX2)                                                                    \
    TFB_ACT_LOOPS(NAME, avx512, TFB_FOR_AVX512)                                                                \
    static const tfb_act_loops_t NAME##_loops[3] = {{NAME##_value_any, NAME##_slope_any},                      \
                                                    {NAME##_value_avx2, NAME##_slope_avx2},                    \
                                                    {NAME##_value_avx512, NAME##_slope_avx512}};               \
    static void NAME##_forward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, float *y)        \
    {                                                                                                          \
        tfb_act_forward(l, pass, tfb_act_loops(NAME##_loops), x[0], y);                                        \
    }                                                                                                          \
    static void NAME##_backward(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y, \
                                float *dy, float *const *dx)                                                   \
    {                                                                                                          \
        tfb_act_backward(l, pass, tfb_act_loops(NAME##_loops), x[0], y, dy, dx[0]);                            \
    }                                                                                                          \
    static void NAME##_rescale(const tfb_layer_t *l, tfb_pass_t *pass, const float *const *x, const float *y,  \
                               float *dy, float *const *dx)                                                    \
    {                                                                                                          \
        tfb_act_rescale(l, pass, tfb_act_loops(NAME##_loops), x[0], y, dy, dx[0]);                             \
    }                                                                                                          \
    static int NAME##_fuse(const tfb_layer_t *l, const float *param, const float *stat, tfb_step_t *s)         \
    {                                                                                                          \
        (void)l, (void)param, (void)stat;                                                                      \
        return tfb_act_fuse(s, tfb_act_loops(NAME##_loops)->value);                                            \
    }                                                                                                          \
    const tfb_kind_t tfb_kind_##NAME = {                                                                       \
        .name = #NAME,                                                                                         \
        .setup = tfb_act_setup,                                                                                \
        .forward = NAME##_forward,                                                                             \
        .backward = NAME##_backward,                                                                           \
        .rescale = NAME##_rescale,                                                                             \
        .reads_y = 1,                                                                                          \
        .fuse = NAME##_fuse,                                                                                   \
    }

#endif
