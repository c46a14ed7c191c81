/* act_exp.c - exp(x), for the first layer after its batch norm (Koo and Ploenzke 2021). Arguments above 20
 * count as 20: scores of trained filters are smaller, and sums must stay finite. */
#include "nn/act.h"

TFB_ACTIVATION(exp, tfb_exp(x > 20 ? 20 : x), x > 20 ? 0 : y);
