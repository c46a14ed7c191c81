/* shuffle.c - dinucleotide shuffles as random Euler paths (Altschul and Erickson, Mol Biol Evol 1985).
 *
 * The sequence is a path over the bases, its dinucleotides are the edges. Reordered edges form a path with
 * the same end if and only if the last edges out of each base form a tree towards the last base. Altschul
 * and Erickson draw last edges until they do. This code draws the tree directly by a loop-erased random
 * walk (Wilson 1996), which is equally uniform and stays fast if only one in hundreds of a base's edges
 * leads to another base. */
#include "explain/shuffle.h"
#include <string.h>

enum { BASES = 5 };

static void mix(tfb_rng_t *rng, uint8_t *a, int n)
{
    for (int i = n; i > 1; i--) {
        int j = (int)tfb_rng_below(rng, (uint64_t)i);
        uint8_t t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}

void tfb_shuffle_dinucleotides(const uint8_t *code, int n, tfb_rng_t *rng, uint8_t *out, uint8_t *work)
{
    int n_out[BASES] = {0}, beg[BASES + 1] = {0}, last[BASES], in_tree[BASES] = {0};
    if (n < 3) {
        memcpy(out, code, (size_t)(n > 0 ? n : 0));
        return;
    }
    /* work: for each base the bases that follow it, one after the other */
    for (int i = 0; i + 1 < n; i++) n_out[code[i]]++;
    for (int b = 0; b < BASES; b++) beg[b + 1] = beg[b] + n_out[b];
    int at[BASES];
    memcpy(at, beg, sizeof at);
    for (int i = 0; i + 1 < n; i++) work[at[code[i]]++] = code[i + 1];
    in_tree[code[n - 1]] = 1;
    for (int b = 0; b < BASES; b++) {
        if (!n_out[b]) continue;
        for (int v = b; !in_tree[v]; v = work[last[v]]) last[v] = beg[v] + (int)tfb_rng_below(rng, (uint64_t)n_out[v]);
        for (int v = b; !in_tree[v]; v = work[last[v]]) in_tree[v] = 1; /* what the walk left last, without its loops */
    }
    for (int b = 0; b < BASES; b++) {
        int keep = n_out[b] && b != code[n - 1];
        if (keep) { /* the edge of the tree comes last */
            uint8_t t = work[last[b]];
            work[last[b]] = work[beg[b + 1] - 1];
            work[beg[b + 1] - 1] = t;
        }
        mix(rng, work + beg[b], n_out[b] - keep);
    }
    out[0] = code[0];
    memcpy(at, beg, sizeof at);
    for (int i = 1; i < n; i++) out[i] = work[at[out[i - 1]]++];
}
