/* vmath.h - functions without branches or calls, so that the compiler vectorises the loops
 * around them for whatever instruction set the loop is compiled for. */
#ifndef TFB_VMATH_H
#define TFB_VMATH_H

#include <math.h>
#include <stdint.h>

#define TFB_VMATH static inline __attribute__((always_inline))

/* Returns exp(x) to about 1e-7 relative, without a branch or a call, so that the loops around it
 * become vector code: x = n ln 2 + r, 2^n by its exponent bits, exp(r) by its Taylor polynomial,
 * |r| <= 0.35. */
TFB_VMATH float tfb_exp(float x)
{
    x = x > 87 ? 87 : x < -87 ? -87 : x;
    float t = x * 1.44269504f, shift = 12582912.0f /* 1.5 * 2^23: adding it rounds to a whole number */,
          n = (t + shift) - shift;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1;
    p = p * r + 1;
    union {
        int32_t i;
        float f;
    } two = {((int32_t)n + 127) << 23};
    return p * two.f;
}
/* Returns log(x) of a positive normal number to about 1e-7: x = m 2^e, m in [sqrt(1/2), sqrt(2)), and the series of
 * 2 artanh((m - 1) / (m + 1)). */
TFB_VMATH float tfb_log(float x)
{
    union {
        float f;
        int32_t i;
    } u = {x};
    int32_t from = u.i - 0x3f3504f3 /* sqrt(1/2) */, e = from >> 23;
    u.i = (from & 0x7fffff) + 0x3f3504f3;
    float s = (u.f - 1) / (u.f + 1), q = s * s;
    float p = 2.0f / 9;
    p = p * q + 2.0f / 7;
    p = p * q + 2.0f / 5;
    p = p * q + 2.0f / 3;
    p = p * q * s + 2 * s;
    return p - (float)e * 2.12194440e-4f + (float)e * 0.693359375f; /* ln 2 in two parts */
}
TFB_VMATH float tfb_sigmoid_v(float x) { return 1 / (1 + tfb_exp(-x)); }
TFB_VMATH float tfb_tanh(float x) { return 2 / (1 + tfb_exp(-2 * x)) - 1; }
/* Returns erf(x) to about 2e-7, by Abramowitz and Stegun 7.1.26. */
TFB_VMATH float tfb_erf(float x)
{
    float a = fabsf(x), t = 1 / (1 + 0.3275911f * a);
    float p = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    return copysignf(1 - p * tfb_exp(-a * a), x);
}

#endif
