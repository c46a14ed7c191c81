/* variant.c - variants as numbers. */
#include "genome/variant.h"
#include "util/util.h"
#include <ctype.h>
#include <string.h>

/* Adds bytes to an FNV-1a hash. */
static uint64_t add(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3;
    return h;
}

static uint64_t add_bases(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)toupper((unsigned char)s[i]);
        h = add(h, &c, 1);
    }
    return add(h, ">", 1);
}

static int same_base(char a, char b) { return toupper((unsigned char)a) == toupper((unsigned char)b); }

uint64_t tfb_variant_key(const char *contig, hts_pos_t pos, const char *ref, const char *alt)
{
    size_t r = strlen(ref), a = strlen(alt);
    for (; r && a && same_base(ref[r - 1], alt[a - 1]); r--) a--;
    for (; r && a && same_base(*ref, *alt); r--, a--) ref++, alt++, pos++;
    if (!r && !a) return 0;
    int64_t at = pos;
    if (strncmp(contig, "chr", 3) == 0 && contig[3]) contig += 3;
    if (strcmp(contig, "M") == 0) contig = "MT";
    uint64_t h = add(0xcbf29ce484222325, contig, strlen(contig) + 1);
    h = add_bases(add_bases(add(h, &at, sizeof at), ref, r), alt, a);
    h = tfb_hash64(h);
    return h ? h : 1;
}
