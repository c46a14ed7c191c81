/* bigwig.c - writes bigWig. Stages: contigs | data blocks, and zoom levels into a temporary file
 * | index | zoom levels | header, in front. */
#include "genome/bigwig.h"
#include "util/sort.h"
#include "util/util.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    HEADER = 64, /* bytes of the file header */
    LEVELS = 10, /* zoom levels at most, each FACTOR times coarser than the one before */
    FACTOR = 4,
    FINEST = 10,       /* intervals per record of the finest level */
    LEVEL_HEADER = 24, /* bytes */
    SUMMARY = 40,      /* bytes */
    SECTION = 24,      /* bytes before the intervals of a block */
    ITEM = 12,         /* bytes of an interval */
    ITEMS = 2728,      /* of a block */
    RECORD = 32,       /* bytes of a zoom record */
    RECORDS = 512,     /* of a block */
    BLOCK = 32768,     /* bytes of a block before compression, at most */
    CHILDREN = 256,    /* per index node */
    INDEX_HEADER = 48, /* bytes */
};

#define MAGIC       0x888FFC26u
#define INDEX_MAGIC 0x2468ACE0u
#define TREE_MAGIC  0x78CA8C91u

/* A block and its offset: in the file or, for a zoom level that is not yet finished, in spill. */
typedef struct {
    uint32_t tid, beg, last_tid, end;
    uint64_t at, size;
} block_t;

typedef struct {
    block_t *v;
    size_t n, m;
} blocks_t;

/* Summary of the values over a stretch. */
typedef struct {
    uint32_t tid, beg, end, n; /* n: bases with a value */
    float least, most;
    double sum, squares;
} record_t;

typedef struct {
    uint32_t width; /* bases per record */
    record_t now;   /* the record being summed; now.n 0: none */
    uint8_t raw[RECORDS * RECORD];
    int n;         /* records in raw */
    block_t range; /* the range they cover */
    blocks_t blocks;
} level_t;

struct tfb_bigwig_t {
    FILE *f, *spill;
    const char *path;
    const tfb_fasta_t *fasta;
    int failed;
    char *contig; /* contig of the last interval; tid: its number */
    uint32_t tid;
    uint8_t raw[BLOCK];
    uint8_t *packed; /* (n_packed) */
    uLong n_packed;
    int n; /* intervals in raw */
    block_t range;
    blocks_t blocks;
    level_t *level; /* (LEVELS); NULL until the first block is full, which decides how fine they are */
    uint64_t n_bases, tree_at, summary_at, data_at;
    double least, most, sum, squares;
};

/* ---- numbers and bytes ---- */

static uint8_t *put_16(uint8_t *p, unsigned v)
{
    *p++ = (uint8_t)v;
    *p++ = (uint8_t)(v >> 8);
    return p;
}

static uint8_t *put_32(uint8_t *p, uint32_t v) { return put_16(put_16(p, v & 0xffff), v >> 16); }
static uint8_t *put_64(uint8_t *p, uint64_t v) { return put_32(put_32(p, (uint32_t)v), (uint32_t)(v >> 32)); }

static uint8_t *put_float(uint8_t *p, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return put_32(p, bits);
}

static uint8_t *put_double(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return put_64(p, bits);
}

/* Logs the first error only. Set errno to 0 before the call that failed, unless that call sets
 * it. Returns -1. */
static int fail(tfb_bigwig_t *w, const char *what)
{
    if (!what) what = errno ? strerror(errno) : "write error (is the disk full?)";
    if (!w->failed) tfb_error("cannot write %s: %s", w->path, what);
    w->failed = 1;
    return -1;
}

static int put(tfb_bigwig_t *w, const void *bytes, size_t n)
{
    errno = 0;
    return fwrite(bytes, 1, n, w->f) == n ? 0 : fail(w, NULL);
}

/* Sets *at to the current offset in f. Returns 0, or -1 (logged). */
static int tell(tfb_bigwig_t *w, FILE *f, uint64_t *at)
{
    errno = 0;
    off_t o = ftello(f);
    *at = (uint64_t)o;
    return o < 0 ? fail(w, NULL) : 0;
}

static int add_block(tfb_bigwig_t *w, blocks_t *b, block_t range)
{
    if (b->n == b->m) {
        size_t m = 2 * b->m + 64;
        block_t *v = realloc(b->v, m * sizeof *v);
        if (!v) return fail(w, "not enough memory");
        b->v = v;
        b->m = m;
    }
    b->v[b->n++] = range;
    return 0;
}

/* Compresses n bytes and appends them to f as a block. Returns 0, or -1 (logged). */
static int put_block(tfb_bigwig_t *w, FILE *f, const uint8_t *raw, size_t n, block_t range, blocks_t *blocks)
{
    uLongf size = w->n_packed;
    if (compress(w->packed, &size, raw, (uLong)n) != Z_OK) return fail(w, "not enough memory");
    if (tell(w, f, &range.at) < 0) return -1;
    range.size = size;
    errno = 0;
    if (fwrite(w->packed, 1, size, f) != size)
        return fail(w, f == w->spill ? "its temporary file cannot be written" : NULL);
    return add_block(w, blocks, range);
}

/* ---- trees: contigs by name, blocks by position ----
 *
 * Both are written from the root down. All nodes except the last of each level are full. */

/* Returns the number of nodes over n items, `height` levels above the leaves (0: the leaves). */
static size_t nodes_at(size_t n, int height)
{
    for (int h = 0; h <= height; h++) n = (n + CHILDREN - 1) / CHILDREN;
    return n;
}

/* Returns the number of items under a full node of that height. */
static size_t items_under(int height)
{
    size_t n = CHILDREN;
    while (height-- > 0) n *= CHILDREN;
    return n;
}

/* Writes an item of a leaf, or the first part of an item of a higher node: what items [from, to)
 * have in common. Returns the end of what it wrote. */
typedef uint8_t *entry_fn(const void *arg, size_t from, size_t to, int leaf, uint8_t *p);

/* Writes a tree over n items. inner, leaf: bytes per item of a higher node (ending with the
 * child's offset) and of a leaf. Returns 0, or -1 (logged). */
static int put_tree(tfb_bigwig_t *w, size_t n, size_t inner, size_t leaf, entry_fn *entry, const void *arg)
{
    int height = 0, ret = -1;
    uint64_t at;
    uint8_t *node = malloc(4 + CHILDREN * (inner > leaf ? inner : leaf));
    if (!node) return fail(w, "not enough memory");
    while (nodes_at(n, height) > 1) height++;
    if (tell(w, w->f, &at) < 0) goto done;
    for (int h = height; h >= 0; h--) {
        size_t n_nodes = n ? nodes_at(n, h) : 1, n_children = n, each = 1, size = leaf;
        if (h) {
            n_children = nodes_at(n, h - 1);
            each = items_under(h) / CHILDREN;
            size = inner;
        }
        at += 4 * n_nodes + n_children * size; /* where the next level begins */
        for (size_t i = 0; i < n_nodes; i++) {
            size_t first = i * CHILDREN, last = first + CHILDREN < n_children ? first + CHILDREN : n_children;
            uint8_t *p = node;
            *p++ = h == 0;
            *p++ = 0;
            p = put_16(p, (unsigned)(last - first));
            for (size_t k = first; k < last; k++) {
                size_t to = (k + 1) * each < n ? (k + 1) * each : n;
                p = entry(arg, k * each, to, h == 0, p);
                if (h) p = put_64(p, at + k * (4 + CHILDREN * (h > 1 ? inner : leaf)));
            }
            if (put(w, node, (size_t)(p - node)) < 0) goto done;
        }
    }
    ret = 0;
done:
    free(node);
    return ret;
}

typedef struct {
    const char *name;
    uint32_t tid, len;
} contig_t;

typedef struct {
    contig_t *v;
    size_t key; /* bytes per name, padded with zeros */
} contigs_t;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const contig_t *)a)->name, ((const contig_t *)b)->name);
}

static uint8_t *contig_entry(const void *arg, size_t from, size_t to, int leaf, uint8_t *p)
{
    const contigs_t *c = arg;
    size_t n = strlen(c->v[from].name);
    (void)to;
    memset(p, 0, c->key);
    memcpy(p, c->v[from].name, n);
    p += c->key;
    return leaf ? put_32(put_32(p, c->v[from].tid), c->v[from].len) : p;
}

/* Writes the contigs. Returns 0, or -1 (logged). */
static int put_contigs(tfb_bigwig_t *w)
{
    size_t n = (size_t)tfb_fasta_n_contigs(w->fasta);
    contigs_t c = {calloc(n + 1, sizeof *c.v), 1};
    uint8_t head[32], *p = head;
    int ret = -1;
    if (!c.v) return fail(w, "not enough memory");
    for (size_t i = 0; i < n; i++) {
        const char *name = tfb_fasta_contig(w->fasta, (int)i);
        hts_pos_t len = tfb_fasta_len(w->fasta, name);
        if (len > UINT32_MAX) {
            tfb_error("%s is too long for bigWig", name);
            w->failed = 1;
            goto done;
        }
        if (strlen(name) > c.key) c.key = strlen(name);
        c.v[i] = (contig_t){name, (uint32_t)i, (uint32_t)len};
    }
    tfb_sort(c.v, n, sizeof *c.v, by_name);
    p = put_32(put_32(p, TREE_MAGIC), n < CHILDREN ? (uint32_t)n : CHILDREN);
    p = put_32(put_32(p, (uint32_t)c.key), 8);
    put_64(put_64(p, n), 0);
    if (tell(w, w->f, &w->tree_at) == 0 && put(w, head, sizeof head) == 0)
        ret = put_tree(w, n, c.key + 8, c.key + 8, contig_entry, &c);
done:
    free(c.v);
    return ret;
}

static uint8_t *block_entry(const void *arg, size_t from, size_t to, int leaf, uint8_t *p)
{
    const block_t *b = arg, *last = b + to - 1;
    b += from;
    p = put_32(put_32(p, b->tid), b->beg);
    p = put_32(put_32(p, last->last_tid), last->end);
    return leaf ? put_64(put_64(p, b->at), b->size) : p;
}

/* Writes the index of blocks and sets *at to its offset. items: per block. Returns 0, or -1
 * (logged). */
static int put_index(tfb_bigwig_t *w, const blocks_t *b, int items, uint64_t *at)
{
    uint8_t head[INDEX_HEADER] = {0}, *p = head;
    if (tell(w, w->f, at) < 0) return -1;
    p = put_32(put_32(p, INDEX_MAGIC), CHILDREN);
    p = put_64(p, b->n);
    p = b->n ? block_entry(b->v, 0, b->n, 0, p) : p + 16;
    put_32(put_64(p, *at), (uint32_t)items);
    if (put(w, head, sizeof head) < 0) return -1;
    return put_tree(w, b->n, 24, 32, block_entry, b->v);
}

/* ---- zoom levels ---- */

static int flush_level(tfb_bigwig_t *w, level_t *z)
{
    if (!z->n) return 0;
    size_t n = (size_t)z->n * RECORD;
    z->n = 0;
    return put_block(w, w->spill, z->raw, n, z->range, &z->blocks);
}

static int add_record(tfb_bigwig_t *w, int l, const record_t *r);

/* Ends the record being summed and adds it to the next level. Returns 0, or -1 (logged). */
static int end_record(tfb_bigwig_t *w, int l)
{
    level_t *z = &w->level[l];
    const record_t *r = &z->now;
    if (!r->n) return 0;
    if (!z->n) z->range = (block_t){.tid = r->tid, .beg = r->beg};
    z->range.last_tid = r->tid;
    z->range.end = r->end;
    uint8_t *p = z->raw + (size_t)z->n++ * RECORD;
    p = put_32(put_32(p, r->tid), r->beg);
    p = put_32(put_32(p, r->end), r->n);
    p = put_float(put_float(p, r->least), r->most);
    put_float(put_float(p, (float)r->sum), (float)r->squares);
    if (z->n == RECORDS && flush_level(w, z) < 0) return -1;
    if (l + 1 < LEVELS && w->level[l + 1].width && add_record(w, l + 1, r) < 0) return -1;
    z->now.n = 0;
    return 0;
}

/* Adds a record to level l. Returns 0, or -1 (logged). */
static int add_record(tfb_bigwig_t *w, int l, const record_t *r)
{
    level_t *z = &w->level[l];
    record_t *now = &z->now;
    if (now->n && (now->tid != r->tid || r->beg - now->beg >= z->width) && end_record(w, l) < 0) return -1;
    if (!now->n) {
        *now = *r;
        return 0;
    }
    now->end = r->end;
    now->n += r->n;
    if (r->least < now->least) now->least = r->least;
    if (r->most > now->most) now->most = r->most;
    now->sum += r->sum;
    now->squares += r->squares;
    return 0;
}

/* Adds an interval to the finest level, cut at the ends of records. Returns 0, or -1 (logged). */
static int zoom(tfb_bigwig_t *w, uint32_t tid, uint32_t beg, uint32_t end, float v)
{
    const level_t *z = &w->level[0];
    while (beg < end) {
        uint32_t from = z->now.n && z->now.tid == tid && beg - z->now.beg < z->width ? z->now.beg : beg;
        uint32_t n = end - from > z->width ? from + z->width - beg : end - beg;
        record_t r = {tid, beg, beg + n, n, v, v, (double)v * n, (double)v * v * n};
        if (add_record(w, 0, &r) < 0) return -1;
        beg += n;
    }
    return 0;
}

/* Chooses the levels by the mean width of the first block's intervals. Returns 0, or -1
 * (logged). */
static int choose_levels(tfb_bigwig_t *w)
{
    uint64_t width = FINEST * (w->n_bases / (uint64_t)w->n);
    if (!(w->level = calloc(LEVELS, sizeof *w->level))) return fail(w, "not enough memory");
    for (int l = 0; l < LEVELS && width <= INT32_MAX; l++, width *= FACTOR) w->level[l].width = (uint32_t)width;
    return 0;
}

/* ---- data ---- */

static uint32_t get_32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int flush(tfb_bigwig_t *w)
{
    if (!w->n) return 0;
    if (!w->level && choose_levels(w) < 0) return -1;
    if (w->level[0].width)
        for (int i = 0; i < w->n; i++) {
            const uint8_t *item = w->raw + SECTION + i * ITEM;
            uint32_t bits = get_32(item + 8);
            float v;
            memcpy(&v, &bits, sizeof v);
            if (zoom(w, w->tid, get_32(item), get_32(item + 4), v) < 0) return -1;
        }
    uint8_t *p = put_32(put_32(w->raw, w->tid), w->range.beg);
    p = put_64(put_32(p, w->range.end), 0);
    *p++ = 1; /* bedGraph */
    *p++ = 0;
    put_16(p, (unsigned)w->n);
    size_t n = SECTION + (size_t)w->n * ITEM;
    w->n = 0;
    return put_block(w, w->f, w->raw, n, w->range, &w->blocks);
}

static int set_contig(tfb_bigwig_t *w, const char *contig)
{
    if (flush(w) < 0) return -1;
    free(w->contig);
    w->contig = strdup(contig);
    w->tid = (uint32_t)tfb_fasta_find(w->fasta, contig);
    return w->contig ? 0 : fail(w, "not enough memory");
}

int tfb_bigwig_add(tfb_bigwig_t *w, const char *contig, hts_pos_t beg, hts_pos_t end, float v)
{
    if (w->failed || ((!w->contig || strcmp(w->contig, contig)) && set_contig(w, contig) < 0)) return -1;
    if (!w->n) w->range = (block_t){.tid = w->tid, .beg = (uint32_t)beg, .last_tid = w->tid};
    w->range.end = (uint32_t)end;
    put_float(put_32(put_32(w->raw + SECTION + w->n * ITEM, (uint32_t)beg), (uint32_t)end), v);
    w->n++;
    double n = (double)(end - beg);
    w->n_bases += (uint64_t)(end - beg);
    w->sum += n * (double)v;
    w->squares += n * (double)v * (double)v;
    if ((double)v < w->least) w->least = (double)v;
    if ((double)v > w->most) w->most = (double)v;
    return w->n == ITEMS ? flush(w) : 0;
}

tfb_bigwig_t *tfb_bigwig_begin(FILE *f, FILE *spill, const char *path, const tfb_fasta_t *fasta)
{
    static const uint8_t zero[HEADER + LEVELS * LEVEL_HEADER] = {0};
    tfb_bigwig_t *w = calloc(1, sizeof *w);
    if (w) w->n_packed = compressBound(BLOCK);
    if (!w || !(w->packed = malloc(w->n_packed))) {
        tfb_error("not enough memory to write %s", path);
        free(w);
        return NULL;
    }
    w->f = f, w->spill = spill, w->path = path, w->fasta = fasta;
    w->least = INFINITY, w->most = -INFINITY;
    int seeks = fseeko(f, 0, SEEK_CUR) == 0 || fail(w, "bigWig needs a file") == 0;
    if (seeks && put(w, zero, sizeof zero) == 0 && put_contigs(w) == 0 && tell(w, f, &w->summary_at) == 0 &&
        put(w, zero, SUMMARY) == 0 && tell(w, f, &w->data_at) == 0 && put(w, zero, 8) == 0)
        return w;
    tfb_bigwig_destroy(w);
    return NULL;
}

void tfb_bigwig_destroy(tfb_bigwig_t *w)
{
    if (!w) return;
    for (int l = 0; w->level && l < LEVELS; l++) free(w->level[l].blocks.v);
    free(w->level);
    free(w->blocks.v);
    free(w->packed);
    free(w->contig);
    free(w);
}

/* ---- the end ---- */

/* Moves the blocks of a level from spill into the file. Returns 0, or -1 (logged). */
static int move_blocks(tfb_bigwig_t *w, blocks_t *b)
{
    for (size_t i = 0; i < b->n; i++) {
        block_t *k = &b->v[i];
        errno = 0;
        if (k->size > w->n_packed || fseeko(w->spill, (off_t)k->at, SEEK_SET) < 0 ||
            fread(w->packed, 1, k->size, w->spill) != k->size)
            return fail(w, "its temporary file cannot be read");
        if (tell(w, w->f, &k->at) < 0 || put(w, w->packed, k->size) < 0) return -1;
    }
    return 0;
}

/* Writes the zoom levels, and their headers to header. Returns how many there are, or -1 (logged). */
static int put_levels(tfb_bigwig_t *w, uint8_t *header)
{
    int n = 0;
    for (int l = 0; w->level && l < LEVELS; l++)
        if (w->level[l].width && (end_record(w, l) < 0 || flush_level(w, &w->level[l]) < 0)) return -1;
    errno = 0;
    if (w->level && fflush(w->spill) != 0) return fail(w, "its temporary file cannot be written");
    for (; w->level && n < LEVELS && w->level[n].blocks.n; n++) {
        level_t *z = &w->level[n];
        uint64_t at, index;
        uint8_t count[4];
        put_32(count, (uint32_t)z->blocks.n);
        if (tell(w, w->f, &at) < 0 || put(w, count, sizeof count) < 0 || move_blocks(w, &z->blocks) < 0 ||
            put_index(w, &z->blocks, RECORDS, &index) < 0)
            return -1;
        header = put_64(put_64(put_32(put_32(header, z->width), 0), at), index);
    }
    /* for the next bigWig */
    if (w->level && fseeko(w->spill, 0, SEEK_END) < 0) return fail(w, "its temporary file cannot be written");
    return n;
}

static int put_at(tfb_bigwig_t *w, uint64_t at, const void *bytes, size_t n)
{
    errno = 0;
    return fseeko(w->f, (off_t)at, SEEK_SET) < 0 ? fail(w, NULL) : put(w, bytes, n);
}

int tfb_bigwig_end(tfb_bigwig_t *w)
{
    uint8_t head[HEADER + LEVELS * LEVEL_HEADER] = {0}, summary[SUMMARY], magic[4], count[8], *p = head;
    uint64_t index;
    if (w->failed || flush(w) < 0 || put_index(w, &w->blocks, ITEMS, &index) < 0) return -1;
    int n = put_levels(w, head + HEADER);
    put_32(magic, MAGIC);
    if (n < 0 || put(w, magic, sizeof magic) < 0) return -1;
    p = put_16(put_16(put_32(p, MAGIC), 4), (unsigned)n);
    p = put_64(put_64(put_64(p, w->tree_at), w->data_at), index);
    p = put_64(put_32(p, 0), 0); /* no fields and no autoSql: only bigBed has them */
    put_32(put_64(p, w->summary_at), BLOCK);
    int empty = !w->n_bases;
    p = put_double(put_64(summary, w->n_bases), empty ? 0 : w->least);
    put_double(put_double(put_double(p, empty ? 0 : w->most), w->sum), w->squares);
    put_64(count, w->blocks.n);
    if (put_at(w, 0, head, sizeof head) < 0 || put_at(w, w->summary_at, summary, sizeof summary) < 0 ||
        put_at(w, w->data_at, count, sizeof count) < 0)
        return -1;
    errno = 0;
    return fflush(w->f) == 0 ? 0 : fail(w, NULL);
}
