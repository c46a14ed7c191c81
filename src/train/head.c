/* head.c - the first weights of a child's new last layer. */
#include "train/head.h"
#include <string.h>

static const tfb_layer_t *head_of(const tfb_net_t *n) { return &n->layer[n->n_layers - 1]; }

int tfb_head_inputs(const tfb_net_t *net) { return head_of(net)->in.L * head_of(net)->in.C; }

void tfb_head_copy(tfb_net_t *net, int t, const tfb_net_t *parent, int k)
{
    const tfb_layer_t *to = head_of(net), *from = head_of(parent);
    size_t n = (size_t)tfb_head_inputs(net);
    float *w = net->param + to->param_off;
    const float *v = parent->param + from->param_off;
    for (size_t i = 0; i < n; i++)
        w[to->tensor[0].off + i * (size_t)to->F + (size_t)t] = v[from->tensor[0].off + i * (size_t)from->F + (size_t)k];
    w[to->tensor[1].off + (size_t)t] = v[from->tensor[1].off + (size_t)k];
}

/* Returns whether channel c of the output depends only on channel c of the input. */
static int keeps_channels(const tfb_layer_t *l)
{
    static const char *const kind[] = {"bn", "relu", "exp", "gelu", "silu", "pool", "gpool", "dropout"};
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
        if (strcmp(l->kind->name, kind[i]) == 0) return 1;
    return 0;
}

/* Returns the first layer's filter that channel c of the output of layer i depends on, or -1. */
static int filter_behind(const tfb_net_t *net, int i, int c)
{
    while (i > 0) {
        const tfb_layer_t *l = &net->layer[i];
        int second = strcmp(l->kind->name, "cat") == 0 && c >= l->in.C;
        if (strcmp(l->kind->name, "cat") && !keeps_channels(l)) return -1;
        if (second) c -= l->in.C;
        i = l->src[second];
    }
    return i == 0 && net->layer[0].first && strcmp(net->layer[0].kind->name, "conv") == 0 ? c : -1;
}

int tfb_head_trace(const tfb_net_t *net, int *filter)
{
    const tfb_layer_t *head = head_of(net);
    int n = 0, from = head->src[0];
    for (int c = 0; c < tfb_head_inputs(net); c++) {
        filter[c] = head->in.L == 1 && from != TFB_BASES ? filter_behind(net, from, c) : -1;
        n += filter[c] >= 0;
    }
    return n;
}
