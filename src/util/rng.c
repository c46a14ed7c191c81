/* rng.c - xoshiro256++ (Blackman and Vigna), seeded through splitmix64 as its authors advise. */
#include "util/util.h"

uint64_t tfb_hash64(uint64_t z)
{
    z += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

void tfb_rng_seed(tfb_rng_t *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) r->s[i] = tfb_hash64(seed + (uint64_t)i * 0x9e3779b97f4a7c15ull);
}

static uint64_t rotl(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t tfb_rng_next(tfb_rng_t *r)
{
    uint64_t *s = r->s, out = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

double tfb_rng_unit(tfb_rng_t *r) { return (double)(tfb_rng_next(r) >> 11) * 0x1p-53; }

uint64_t tfb_rng_below(tfb_rng_t *r, uint64_t n)
{
    uint64_t over = -n % n, x; /* 2^64 mod n: the numbers that would favour small results */
    do x = tfb_rng_next(r);
    while (x < over);
    return x % n;
}

void tfb_rng_shuffle(tfb_rng_t *r, uint32_t *a, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = tfb_rng_below(r, i);
        uint32_t t = a[i - 1];
        a[i - 1] = a[j];
        a[j] = t;
    }
}
