/* act_silu.c - x times its sigmoid, as PyTorch's SiLU. */
#include "nn/act.h"

TFB_ACTIVATION(silu, x *tfb_sigmoid_v(x), tfb_sigmoid_v(x) * (1 + x * (1 - tfb_sigmoid_v(x))));
