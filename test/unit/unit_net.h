/* unit_net.h - untrained networks for unit programs. */
#ifndef UNIT_NET_H
#define UNIT_NET_H

#include "nn/net.h"
#include "unit.h"
#include "util/util.h"

/* Returns a network whose weights and statistics are moved at random, so that no bias is 0 and no norm the identity.
 * Ends the program if it cannot. */
static inline tfb_net_t *unit_net(const char *spec, int window, tfb_rng_t *rng)
{
    char err[300];
    tfb_net_t *net = tfb_net_parse(spec, window, err, sizeof err);
    CHECK(net, "%s: %s", spec, err);
    if (!net) exit(1);
    tfb_net_init(net, 5);
    for (size_t i = 0; i < net->n_param; i++) net->param[i] += (float)(0.3 * (tfb_rng_unit(rng) - 0.5));
    for (size_t i = 0; i < net->n_stat; i++) net->stat[i] += (float)(0.2 * tfb_rng_unit(rng));
    return net;
}

#endif
