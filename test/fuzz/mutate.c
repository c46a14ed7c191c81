/* mutate.c - mutations that know BCF, BAM, VCF and SAM: a field gets a value at the end of its range or
 * beyond it, and the rest stays readable, so that the value reaches the code that uses it. */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_RAW = 1 << 16, MAX_PARTS = 512 };

typedef struct {
    uint8_t *d;
    size_t n, m;
    uint64_t rng;
} text_t;

/* A stretch of a record whose elements have a type: of BCF with a descriptor, of BAM a field. */
typedef struct {
    size_t at, n;        /* its elements, in bytes of text_t */
    size_t desc, n_desc; /* the descriptor before it; n_desc 0: none that could be changed */
    int size, is_float;  /* of an element */
    int is_key, each;    /* a number of the header's dictionary; elements come once a sample */
    size_t length;       /* where the 32-bit length of the block around it is */
} part_t;

static uint32_t below(text_t *t, uint32_t n)
{
    t->rng ^= t->rng << 13;
    t->rng ^= t->rng >> 7;
    t->rng ^= t->rng << 17;
    return (uint32_t)(t->rng >> 32) % n;
}

static uint32_t get(const text_t *t, size_t at, int size)
{
    uint32_t v = 0;
    for (int i = 0; i < size; i++) v |= (uint32_t)t->d[at + (size_t)i] << (8 * i);
    return v;
}

static void set(text_t *t, size_t at, int size, uint32_t v)
{
    for (int i = 0; i < size; i++) t->d[at + (size_t)i] = (uint8_t)(v >> (8 * i));
}

/* Replaces n_old bytes at a place by n_new, zeros if they are more. 0, or -1 if they do not fit. */
static int resize(text_t *t, size_t at, size_t n_old, size_t n_new)
{
    if (at + n_old > t->n || t->n - n_old + n_new > t->m) return -1;
    memmove(t->d + at + n_new, t->d + at + n_old, t->n - at - n_old);
    if (n_new > n_old) memset(t->d + at + n_old, 0, n_new - n_old);
    t->n = t->n - n_old + n_new;
    return 0;
}

/* A value at an end of the range of so many bytes, near 0, or any. */
static uint32_t odd(text_t *t, int size, int is_float)
{
    static const uint32_t f[] = {0x7f800001, 0x7f800002, 0x7fc00000, 0x7f800000, 0xff800000,
                                 0,          0x3f800000, 0xbf800000, 0x7f7fffff, 1};
    uint32_t top = 1u << (8 * size - 1);
    if (is_float) return f[below(t, 10)];
    switch (below(t, 8)) {
    case 0: return below(t, 16);
    case 1: return 0u - 1 - below(t, 8);
    case 2: return top + below(t, 12); /* the least: BCF's missing and end of vector, and what is reserved */
    case 3: return top - 1 - below(t, 4);
    case 4: return 1u << below(t, (uint32_t)(8 * size));
    case 5: return 2 * below(t, 12) + below(t, 2); /* alleles of a genotype */
    case 6: return 9900 + below(t, 200);           /* the contigs of the tests end at 10000 */
    default: return below(t, UINT32_MAX);
    }
}

/* ---- BCF ---- */

/* A typed value whose descriptor is at *at, times `each` samples; *at moves behind it. 0, or -1 at what is
 * not one. */
static int typed(const text_t *t, size_t *at, size_t end, size_t each, part_t *p)
{
    static const int size[16] = {0, 1, 2, 4, 0, 4, 0, 1};
    if (*at >= end) return -1;
    p->desc = *at;
    int type = t->d[*at] & 15;
    size_t n = t->d[(*at)++] >> 4;
    if (n == 15) {
        if (*at >= end) return -1;
        int s = size[t->d[(*at)++] & 15];
        if (!s || *at + (size_t)s > end) return -1;
        n = get(t, *at, s);
        *at += (size_t)s;
    }
    p->n_desc = *at - p->desc;
    p->at = *at;
    p->size = size[type];
    p->is_float = type == 5;
    if ((p->size == 0 && n) || n > MAX_RAW || n * (size_t)p->size * each > end - *at) return -1;
    p->n = n * (size_t)p->size * each;
    *at += p->n;
    return 0;
}

/* The typed values of the record at a place: how many. */
static int bcf_parts(const text_t *t, size_t at, part_t *p)
{
    size_t shared = at + 32, end = at + 8 + get(t, at, 4), n_fmt_sample = get(t, at + 28, 4),
           n_allele_info = get(t, at + 24, 4);
    size_t n_info = n_allele_info & 0xffff, n_sample = n_fmt_sample & 0xffffff, n_fmt = n_fmt_sample >> 24;
    int n = 0;
    for (size_t i = 0; i < 2 + (n_allele_info >> 16) && n < MAX_PARTS - 2; i++) {
        p[n] = (part_t){.length = at, .each = 1};
        if (typed(t, &shared, end, 1, &p[n]) < 0) return n;
        n++;
    }
    for (size_t i = 0; i < 2 * n_info && n < MAX_PARTS - 2; i++) {
        p[n] = (part_t){.length = at, .each = 1, .is_key = !(i & 1)};
        if (typed(t, &shared, end, 1, &p[n]) < 0) return n;
        n++;
    }
    size_t indiv = end;
    end += get(t, at + 4, 4);
    for (size_t i = 0; i < 2 * n_fmt && n < MAX_PARTS - 2; i++) {
        int key = !(i & 1);
        p[n] = (part_t){.length = at + 4, .each = key ? 1 : (int)n_sample, .is_key = key};
        if (typed(t, &indiv, end, (size_t)p[n].each, &p[n]) < 0) return n;
        n++;
    }
    return n;
}

/* Starts of the records behind the header: how many, 0 if the framing is broken. */
static int bcf_records(const text_t *t, size_t *at)
{
    int n = 0;
    size_t p = 9 + (size_t)get(t, 5, 4);
    while (n < MAX_PARTS && p + 32 <= t->n) {
        size_t len = 8 + (size_t)get(t, p, 4) + get(t, p + 4, 4);
        if (get(t, p, 4) < 24 || len > t->n - p) break;
        at[n++] = p;
        p += len;
    }
    at[n] = p;
    return n;
}

/* One element more or fewer in a value, its descriptor and the block's length with it. */
static void bcf_resize(text_t *t, const part_t *p)
{
    size_t count = t->d[p->desc] >> 4, step = (size_t)p->size * (size_t)p->each;
    if (p->n_desc != 1 || !step) return;
    int more = count < 14 && (count == 0 || below(t, 2));
    if (resize(t, p->at, more ? 0 : step, more ? step : 0) < 0) return;
    set(t, p->desc, 1, (uint32_t)((count + (more ? 1u : -1u)) << 4 | (t->d[p->desc] & 15)));
    set(t, p->length, 4, get(t, p->length, 4) + (uint32_t)(more ? step : 0u - step));
    for (size_t i = 0; more && i < step; i += (size_t)p->size) set(t, p->at + i, p->size, odd(t, p->size, p->is_float));
}

static void copy_record(text_t *t, const size_t *at, int n, int r)
{
    size_t len = at[r + 1] - at[r], to = at[below(t, (uint32_t)n + 1)];
    uint8_t *copy = malloc(len);
    if (copy) memcpy(copy, t->d + at[r], len);
    if (copy && resize(t, to, 0, len) == 0) memcpy(t->d + to, copy, len);
    free(copy);
}

static int bcf(text_t *t)
{
    static const int field[] = {8, 12, 16, 20, 24, 26, 28, 31}, width[] = {4, 4, 4, 4, 2, 2, 3, 1};
    size_t at[MAX_PARTS + 1];
    part_t parts[MAX_PARTS];
    int n = t->n > 9 ? bcf_records(t, at) : 0;
    if (!n) return -1;
    int r = (int)below(t, (uint32_t)n), n_parts = bcf_parts(t, at[r], parts), last = n_parts ? n_parts - 1 : 0;
    int k = (int)below(t, (uint32_t)last + 1);
    if (n_parts && below(t, 2)) k = last - k / 3; /* genotypes stand at the end */
    const part_t *p = &parts[k];
    uint32_t op = below(t, n_parts ? 16 : 3);
    if (op < 2) {
        int f = (int)below(t, 8);
        set(t, at[r] + (size_t)field[f], width[f], odd(t, width[f], 0));
    } else if (op == 2)
        copy_record(t, at, n, r);
    else if (op == 3 && n > 1)
        resize(t, at[r], at[r + 1] - at[r], 0);
    else if (op == 4)
        set(t, at[r] + 4 * below(t, 2), 4, odd(t, 4, 0));
    else if (op == 5)
        set(t, p->desc, 1, (t->d[p->desc] & 0xf0) | below(t, 8));
    else if (op == 6)
        set(t, p->desc, 1, (t->d[p->desc] & 0x0f) | below(t, 16) << 4);
    else if (op < 10)
        bcf_resize(t, p);
    else if (p->n)
        set(t, p->at + (size_t)p->size * below(t, (uint32_t)(p->n / (size_t)p->size)), p->size,
            p->is_key ? below(t, 48) : odd(t, p->size, p->is_float));
    return 0;
}

/* ---- BAM ---- */

static int bam_records(const text_t *t, size_t *at)
{
    int n = 0;
    size_t p = 8 + (size_t)get(t, 4, 4), n_ref;
    if (p + 4 > t->n) return 0;
    n_ref = get(t, p, 4);
    p += 4;
    for (size_t i = 0; i < n_ref; i++) {
        if (p + 8 > t->n || get(t, p, 4) > t->n - p - 8) return 0;
        p += 8 + get(t, p, 4);
    }
    while (n < MAX_PARTS && p + 36 <= t->n && get(t, p, 4) >= 32 && get(t, p, 4) <= t->n - p - 4) {
        at[n++] = p;
        p += 4 + get(t, p, 4);
    }
    at[n] = p;
    return n;
}

/* An aux field at *at; *at moves behind it. 0 or -1. */
static int bam_aux(const text_t *t, size_t *at, size_t end, part_t *p)
{
    if (*at + 4 > end) return -1;
    char type = (char)t->d[*at + 2];
    p->desc = *at + 2;
    p->at = *at + 3;
    size_t n = 1;
    if (type == 'B') {
        if (*at + 8 > end) return -1;
        type = (char)t->d[*at + 3];
        n = get(t, *at + 4, 4);
        p->at = *at + 8;
    } else if (type == 'Z' || type == 'H') {
        const uint8_t *zero = memchr(t->d + p->at, 0, end - p->at);
        if (!zero) return -1;
        n = (size_t)(zero - (t->d + p->at)) + 1;
    }
    const char *types = "cCAZHsSiIf", *s = strchr(types, type);
    if (!s || !type) return -1;
    p->is_float = type == 'f';
    p->size = s - types < 5 ? 1 : s - types < 7 ? 2 : 4;
    if (n > MAX_RAW || n * (size_t)p->size > end - p->at) return -1;
    p->n = n * (size_t)p->size;
    *at = p->at + p->n;
    return 0;
}

/* The stretches behind the fixed fields: name, CIGAR, bases, qualities, and aux fields. How many. */
static int bam_parts(const text_t *t, size_t at, part_t *p)
{
    size_t end = at + 4 + get(t, at, 4), from = at + 36, l_seq = get(t, at + 20, 4);
    size_t length[4] = {get(t, at + 12, 1), 4 * (size_t)get(t, at + 16, 2), l_seq / 2 + (l_seq & 1), l_seq};
    int n = 0;
    for (int i = 0; i < 4; i++) {
        if (length[i] > end - from) return n;
        if (length[i]) p[n++] = (part_t){.length = at, .at = from, .n = length[i], .size = i == 1 ? 4 : 1};
        from += length[i];
    }
    for (; n < MAX_PARTS - 2; n++) {
        p[n] = (part_t){.length = at};
        if (bam_aux(t, &from, end, &p[n]) < 0) break;
    }
    return n;
}

static void bam_cigar(text_t *t, size_t at)
{
    size_t n = get(t, at + 16, 2), cigar = at + 36 + get(t, at + 12, 1), end = at + 4 + get(t, at, 4);
    if (cigar + 4 * n > end) return;
    if (n && below(t, 3)) { /* one operation, of any length */
        uint32_t len = below(t, 3) ? below(t, 300) : odd(t, 4, 0) >> 4;
        set(t, cigar + 4 * below(t, (uint32_t)n), 4, len << 4 | below(t, 10));
    } else if (n && below(t, 2)) {
        if (resize(t, cigar, 4, 0) == 0) set(t, at + 16, 2, (uint32_t)n - 1), set(t, at, 4, get(t, at, 4) - 4);
    } else if (resize(t, cigar, 0, 4) == 0) {
        set(t, cigar, 4, below(t, 200) << 4 | below(t, 10));
        set(t, at + 16, 2, (uint32_t)n + 1);
        set(t, at, 4, get(t, at, 4) + 4);
    }
}

static int bam(text_t *t)
{
    static const int field[] = {4, 8, 12, 13, 14, 16, 18, 20, 24, 28, 32}, width[] = {4, 4, 1, 1, 2, 2, 2, 4, 4, 4, 4};
    size_t at[MAX_PARTS + 1];
    part_t parts[MAX_PARTS];
    int n = t->n > 12 ? bam_records(t, at) : 0;
    if (!n) return -1;
    int r = (int)below(t, (uint32_t)n), n_parts = bam_parts(t, at[r], parts);
    const part_t *p = &parts[n_parts ? below(t, (uint32_t)n_parts) : 0];
    uint32_t op = below(t, n_parts ? 12 : 8);
    if (op < 4) {
        int f = (int)below(t, 11);
        set(t, at[r] + (size_t)field[f], width[f], odd(t, width[f], 0));
    } else if (op == 4)
        copy_record(t, at, n, r);
    else if (op == 5)
        set(t, at[r], 4, odd(t, 4, 0));
    else if (op < 8)
        bam_cigar(t, at[r]);
    else if (op == 8 && p->desc)
        set(t, p->desc, 1, (uint32_t) "cCAZHsSiIfB"[below(t, 11)]);
    else if (op == 9 && p->desc && p->at == p->desc + 6) /* the count of an array */
        set(t, p->desc + 2, 4, odd(t, 4, 0));
    else if (p->n)
        set(t, p->at + (size_t)p->size * below(t, (uint32_t)(p->n / (size_t)p->size)), p->size,
            odd(t, p->size, p->is_float));
    return 0;
}

/* ---- VCF and SAM as text ---- */

static const char *const word[] = {
    "0",
    "1",
    "-1",
    "10000",
    "10001",
    "2147483647",
    "2147483648",
    "-2147483648",
    "99999999999",
    ".",
    "*",
    "",
    "chr1",
    "chr2",
    "chrUn",
    "A",
    "ac",
    "N",
    "R",
    "<DEL>",
    "<NON_REF>",
    "A[chr2:5[",
    "A,C,G",
    "A,*,<X>",
    "ACGTACGTACGTACGTACGT",
    "0|1",
    "1|0",
    ".|1",
    "1|.",
    "./.",
    "0/1",
    "1|0/1",
    "1",
    "|",
    "-1|0",
    "9|9",
    "255|0",
    "2147483647|0",
    "0|1|1",
    "TFB_DELTA=nan",
    "TFB_TOP=CTCF,SPI1",
    "TFB_PCT=.,1e99",
    "TFB_A=0.5,0.5",
    "TFB_A_DELTA=-1,inf",
    "TFB_CALL=gain,gain",
    "TFB_CSQ=A|.|.",
    "TFB_HAP_TF=A,B",
    "END=-5",
    "SVLEN=-2147483648",
    "GT:PS",
    "GT:TFB_HAP",
    "PS:GT",
    "100M",
    "5S10M3I4D2147M",
    "268435455M",
    "*",
    "=",
    "99",
    "147",
    "yt:Z:",
    "ys:f:nan",
    "y0:B:f,1,2",
    "ys:i:-5",
};

/* One field of a line, or of one behind ; : or , replaced by a word. */
static int columns(text_t *t)
{
    size_t line[MAX_PARTS], n = 0;
    for (size_t i = 0; i + 1 < t->n && n < MAX_PARTS; i++)
        if ((i == 0 || t->d[i - 1] == '\n') && t->d[i] != '#' && t->d[i] != '@') line[n++] = i;
    if (!n) return -1;
    size_t at = line[below(t, (uint32_t)n)], end = at, f = 0, beg[64], len;
    const char *seps = below(t, 2) ? "\t" : "\t;:,=|/";
    beg[f++] = at;
    for (; end < t->n && t->d[end] != '\n'; end++)
        if (t->d[end] && strchr(seps, t->d[end]) && f < 64) beg[f++] = end + 1;
    at = beg[below(t, (uint32_t)f)];
    for (len = 0; at + len < end && !(t->d[at + len] && strchr(seps, t->d[at + len]));) len++;
    const char *s = word[below(t, sizeof word / sizeof *word)];
    if (below(t, 12) == 0 && len < 400) { /* a long one */
        if (resize(t, at, 0, 400) == 0) memset(t->d + at, 'A', 400);
        return 0;
    }
    if (resize(t, at, len, strlen(s)) == 0) memcpy(t->d + at, s, strlen(s));
    return 0;
}

/* ---- all of them ---- */

/* Inflates gzip and bgzip as far as it can be: 0, or -1 if it is neither. */
static int inflated(const uint8_t *data, size_t n, text_t *t)
{
    z_stream z = {0};
    if (n < 18 || data[0] != 31 || data[1] != 139 || inflateInit2(&z, 31) != Z_OK) return -1;
    z.next_in = (uint8_t *)data;
    z.avail_in = (uInt)n;
    z.next_out = t->d;
    z.avail_out = (uInt)t->m;
    int r;
    while ((r = inflate(&z, Z_NO_FLUSH)) == Z_OK || (r == Z_STREAM_END && z.avail_in && inflateReset(&z) == Z_OK))
        if (!z.avail_out) break;
    t->n = t->m - z.avail_out;
    inflateEnd(&z);
    return 0;
}

size_t fuzz_mutate(uint8_t *data, size_t n, size_t m, unsigned int seed)
{
    static uint8_t raw[MAX_RAW];
    text_t t = {.d = raw, .m = m < MAX_RAW ? m : MAX_RAW, .rng = (uint64_t)seed * 0x9e3779b97f4a7c15ULL + 1};
    for (int i = 0; i < 4; i++) below(&t, 2);
    if (n < 12 || n > t.m || below(&t, 4) == 0) return LLVMFuzzerMutate(data, n, m);
    if (inflated(data, n, &t) < 0) memcpy(raw, data, t.n = n);
    int changed = 0;
    for (uint32_t i = 0, times = 1 + below(&t, 3); i < times && t.n > 12; i++) {
        if (memcmp(raw, "BCF\2", 4) == 0)
            changed |= bcf(&t) == 0;
        else if (memcmp(raw, "BAM\1", 4) == 0)
            changed |= bam(&t) == 0;
        else if (memcmp(raw, "##", 2) == 0 || *raw == '@')
            changed |= columns(&t) == 0;
    }
    if (!changed) return LLVMFuzzerMutate(data, n, m);
    memcpy(data, raw, t.n);
    return t.n;
}

size_t fuzz_mutate_mode(uint8_t *data, size_t n, size_t m, unsigned int seed, const char *modes, unsigned int rarely)
{
    if (n < 2) return LLVMFuzzerMutate(data, n, m);
    if (seed % rarely == 0) data[0] = (uint8_t)modes[seed / rarely % strlen(modes)];
    return 1 + fuzz_mutate(data + 1, n - 1, m - 1, seed);
}
