/* bwread.c - reads bigWig: the contigs' tree | the index's leaves, in order | a block at a time. */
#include "genome/bwread.h"
#include "util/util.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    HEADER = 64,
    SECTION = 24,     /* bytes before the values of a block */
    DEPTH = 40,       /* levels of a tree at most */
    NAME = 1024,      /* bytes of a contig's name at most */
    MOST = 1 << 26,   /* bytes of a block at most */
    CONTIGS = 1 << 24 /* at most */
};

#define MAGIC       0x888FFC26u
#define SWAPPED     0x26FC8F88u
#define TREE_MAGIC  0x78CA8C91u
#define INDEX_MAGIC 0x2468ACE0u

typedef struct {
    FILE *f;
    const char *path;
    uint64_t size;   /* of the file */
    uint64_t n_read; /* entries of both trees: more than fit into the file are a loop */
    uint32_t unpack; /* bytes of the largest block, 0: blocks are not compressed */
    char **contig;   /* (n_contigs), NULL: none of this number */
    uint32_t n_contigs;
    uint8_t *raw, *block; /* as in the file; unpacked */
    size_t m_raw;
    int (*item)(void *arg, const char *contig, hts_pos_t beg, hts_pos_t end, float v);
    void *arg;
} reader_t;

/* ---- bytes ---- */

static uint32_t get_16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t get_32(const uint8_t *p) { return get_16(p) | get_16(p + 2) << 16; }
static uint64_t get_64(const uint8_t *p) { return get_32(p) | (uint64_t)get_32(p + 4) << 32; }

static float get_float(const uint8_t *p)
{
    uint32_t bits = get_32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static int damaged(const reader_t *r, const char *what)
{
    tfb_error("%s is damaged: %s", r->path, what);
    return -1;
}

/* Reads n bytes at an offset. Returns 0, or -1 (logged). */
static int read_at(const reader_t *r, uint64_t at, void *to, size_t n)
{
    if (at > r->size || n > r->size - at) return damaged(r, "it ends within what it refers to");
    errno = 0;
    if (fseeko(r->f, (off_t)at, SEEK_SET) == 0 && fread(to, 1, n, r->f) == n) return 0;
    tfb_error("cannot read %s: %s", r->path, errno ? strerror(errno) : "read error");
    return -1;
}

/* Reads an entry of a tree. Returns 0, or -1 (logged). */
static int read_entry(reader_t *r, uint64_t at, void *to, size_t n)
{
    if (++r->n_read > r->size / 8) return damaged(r, "its trees have loops");
    return read_at(r, at, to, n);
}

/* ---- contigs ---- */

/* Keeps the name of a contig. Returns 0, or -1 (logged). */
static int add_contig(reader_t *r, const char *name, uint32_t id)
{
    if (id >= CONTIGS) return damaged(r, "a contig has an impossible number");
    if (id >= r->n_contigs) {
        uint32_t n = id + id / 2 + 16;
        char **v = realloc(r->contig, (size_t)n * sizeof *v);
        if (v) {
            memset(v + r->n_contigs, 0, (size_t)(n - r->n_contigs) * sizeof *v);
            r->contig = v;
            r->n_contigs = n;
        }
    }
    if (id < r->n_contigs && r->contig[id]) return damaged(r, "two contigs have one number");
    if (id < r->n_contigs && (r->contig[id] = strdup(name))) return 0;
    tfb_error("not enough memory for the contigs of %s", r->path);
    return -1;
}

/* Reads a node of the contigs' tree and what is below it. Returns 0, or -1 (logged). */
static int read_contigs(reader_t *r, uint64_t at, uint32_t key, int depth)
{
    uint8_t head[4], entry[NAME + 8];
    char name[NAME + 1];
    if (depth > DEPTH) return damaged(r, "its list of contigs is a loop");
    if (read_at(r, at, head, sizeof head) < 0) return -1;
    uint32_t n = get_16(head + 2);
    at += sizeof head;
    for (uint32_t i = 0; i < n; i++, at += key + 8) {
        if (read_entry(r, at, entry, key + 8) < 0) return -1;
        memcpy(name, entry, key);
        name[key] = 0;
        if ((head[0] ? add_contig(r, name, get_32(entry + key))
                     : read_contigs(r, get_64(entry + key), key, depth + 1)) < 0)
            return -1;
    }
    return 0;
}

static int read_tree(reader_t *r, uint64_t at)
{
    uint8_t head[32];
    if (read_at(r, at, head, sizeof head) < 0) return -1;
    uint32_t key = get_32(head + 8);
    if (get_32(head) != TREE_MAGIC || key > NAME) return damaged(r, "its list of contigs is none");
    return read_contigs(r, at + sizeof head, key, 0);
}

/* ---- values ---- */

/* Hands on the values of an unpacked block of n bytes. Returns 0, or -1 (logged). */
static int read_values(reader_t *r, const uint8_t *p, size_t n)
{
    if (n < SECTION) return damaged(r, "a block is too short");
    uint32_t id = get_32(p), beg = get_32(p + 4), step = get_32(p + 12), span = get_32(p + 16), type = p[20],
             n_items = get_16(p + 22);
    size_t bytes = type == 1 ? 12 : type == 2 ? 8 : 4;
    if (type < 1 || type > 3) return damaged(r, "a block is of an unknown kind");
    if (id >= r->n_contigs || !r->contig[id]) return damaged(r, "a block is on an unknown contig");
    if (n_items * bytes > n - SECTION) return damaged(r, "a block has more values than room");
    p += SECTION;
    for (uint32_t i = 0; i < n_items; i++, p += bytes) {
        hts_pos_t from = type == 3 ? (hts_pos_t)beg + (hts_pos_t)i * step : (hts_pos_t)get_32(p);
        hts_pos_t to = type == 1 ? (hts_pos_t)get_32(p + 4) : from + span;
        if (from >= to) return damaged(r, "a value is of no base");
        if (r->item(r->arg, r->contig[id], from, to, get_float(p + bytes - 4)) < 0) return -1;
    }
    return 0;
}

/* Reads a block. Returns 0, or -1 (logged). */
static int read_block(reader_t *r, uint64_t at, uint64_t n)
{
    uLongf size = r->unpack;
    if (n > MOST) return damaged(r, "a block is too large");
    if (n > r->m_raw) {
        uint8_t *p = realloc(r->raw, n);
        if (!p) {
            tfb_error("not enough memory for a block of %s", r->path);
            return -1;
        }
        r->raw = p;
        r->m_raw = n;
    }
    if (read_at(r, at, r->raw, n) < 0) return -1;
    if (!r->unpack) return read_values(r, r->raw, n);
    if (uncompress(r->block, &size, r->raw, n) != Z_OK) return damaged(r, "a block cannot be unpacked");
    return read_values(r, r->block, size);
}

/* Reads the blocks below a node of the index. Returns 0, or -1 (logged). */
static int read_node(reader_t *r, uint64_t at, int depth)
{
    uint8_t head[4], entry[32];
    if (depth > DEPTH) return damaged(r, "its index is a loop");
    if (read_at(r, at, head, sizeof head) < 0) return -1;
    uint32_t n = get_16(head + 2), bytes = head[0] ? 32 : 24;
    at += sizeof head;
    for (uint32_t i = 0; i < n; i++, at += bytes) {
        if (read_entry(r, at, entry, bytes) < 0) return -1;
        uint64_t to = get_64(entry + 16);
        if ((head[0] ? read_block(r, to, get_64(entry + 24)) : read_node(r, to, depth + 1)) < 0) return -1;
    }
    return 0;
}

static int read_all(reader_t *r)
{
    uint8_t head[HEADER], index[48];
    if (fseeko(r->f, 0, SEEK_END) < 0 || (r->size = (uint64_t)ftello(r->f)) < HEADER)
        return damaged(r, "it is too short");
    if (read_at(r, 0, head, sizeof head) < 0 || read_tree(r, get_64(head + 8)) < 0) return -1;
    uint64_t at = get_64(head + 24);
    r->unpack = get_32(head + 52);
    if (r->unpack > MOST) return damaged(r, "its blocks are too large");
    if (r->unpack && !(r->block = malloc(r->unpack))) {
        tfb_error("not enough memory for a block of %s", r->path);
        return -1;
    }
    if (read_at(r, at, index, sizeof index) < 0) return -1;
    if (get_32(index) != INDEX_MAGIC) return damaged(r, "its index is none");
    return read_node(r, at + sizeof index, 0);
}

/* ---- interface ---- */

int tfb_bigwig_is(const char *path)
{
    uint8_t b[4] = {0};
    FILE *f = fopen(path, "rb");
    int whole = f && fread(b, 1, sizeof b, f) == sizeof b;
    if (f) fclose(f);
    errno = 0;
    if (whole && get_32(b) == SWAPPED) return -1;
    return whole && get_32(b) == MAGIC;
}

int tfb_bigwig_read(const char *path, int (*item)(void *arg, const char *contig, hts_pos_t beg, hts_pos_t end, float v),
                    void *arg)
{
    reader_t r = {.path = path, .item = item, .arg = arg, .f = fopen(path, "rb")};
    int ret = -1;
    if (r.f)
        ret = read_all(&r);
    else
        tfb_error("cannot read %s: %s", path, strerror(errno));
    for (uint32_t i = 0; i < r.n_contigs; i++) free(r.contig[i]);
    free(r.contig);
    free(r.raw);
    free(r.block);
    if (r.f) fclose(r.f);
    return ret;
}
