/* act_gelu.c - x times the share of a normal distribution below x, as PyTorch's GELU. */
#include "nn/act.h"

TFB_ACTIVATION(gelu, 0.5f * x * (1 + tfb_erf(x * 0.70710678f)),
               0.5f * (1 + tfb_erf(x * 0.70710678f)) + x * 0.39894228f * tfb_exp(-0.5f * x * x));
