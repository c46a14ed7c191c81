/* transfer.c - transfer learning: copies weights from the parent, and chooses regions to train and test on. */
#include "train/transfer.h"
#include "train/record.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

tfb_net_t *tfb_transfer_net(const tfb_model_t *parent, int n_out, int keep, uint64_t seed)
{
    char err[300];
    tfb_net_t *n = tfb_net_with_outputs(parent->net->spec, parent->net->window, n_out, err, sizeof err);
    if (!n) {
        tfb_error("%s", err);
        return NULL;
    }
    tfb_net_init(n, seed);
    if (keep) tfb_net_copy_trunk(n, parent->net);
    return n;
}

int tfb_transfer_freeze(const tfb_net_t *net, const char *what, uint8_t *frozen)
{
    int upto = -1; /* layers [0, upto) are frozen */
    if (strcmp(what, "none") == 0)
        upto = 0;
    else if (strcmp(what, "all-but-last") == 0)
        upto = net->n_layers - 1;
    else if (strcmp(what, "conv") == 0) {
        for (upto = 0; upto < net->n_layers; upto++)
            if (strcmp(net->layer[upto].kind->name, "dense") == 0 || strcmp(net->layer[upto].kind->name, "bilstm") == 0)
                break;
    } else
        for (int i = 0; i < net->n_layers - 1; i++)
            if (strcmp(net->layer[i].name, what) == 0) upto = i + 1;
    if (upto < 0) {
        tfb_error("--freeze is none, conv, all-but-last or the name of a layer before the last, not '%s' (`tfbind "
                  "model` lists layers)",
                  what);
        return -1;
    }
    for (int i = 0; i < net->n_layers; i++) frozen[i] = i < upto;
    return 0;
}

/* ---- which regions trained a model ---- */

enum { HASHES = 7, BITS = 10 };

static uint64_t region_hash(const tfb_examples_t *ex, int64_t i)
{
    uint64_t h = tfb_hash64(ex->beg[i] + ((uint64_t)ex->window << 32));
    for (const char *c = ex->contigs[ex->contig[i]]; *c; c++) h = tfb_hash64(h ^ (uint8_t)*c);
    return h;
}

/* Derives the k-th hash from two (Kirsch and Mitzenmacher). */
static uint64_t bit_of(uint64_t h, int k, uint64_t n_bits) { return (h + (uint64_t)k * (tfb_hash64(h) | 1)) % n_bits; }

int tfb_transfer_record_regions(tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part)
{
    size_t n = 0;
    for (int64_t i = 0; i < ex->n; i++) n += part[i] == TFB_TRAIN || part[i] == TFB_VALID;
    size_t n_bytes = (n * BITS + 7) / 8 + 8;
    uint8_t *bits = tfb_alloc(n_bytes, 1, "a digest of regions");
    char *text = malloc(2 * n_bytes + 1);
    int ret = -1;
    if (bits && text) {
        for (int64_t i = 0; i < ex->n; i++) {
            if (part[i] != TFB_TRAIN && part[i] != TFB_VALID) continue;
            uint64_t h = region_hash(ex, i);
            for (int k = 0; k < HASHES; k++) {
                uint64_t b = bit_of(h, k, n_bytes * 8);
                bits[b >> 3] |= (uint8_t)(1 << (b & 7));
            }
        }
        for (size_t i = 0; i < n_bytes; i++) sprintf(text + 2 * i, "%02x", bits[i]);
        ret = tfb_model_meta_set(m, "train_regions", text);
    }
    free(bits);
    free(text);
    return ret;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int seen_by(const char *filter, size_t n_bytes, uint64_t h)
{
    for (int k = 0; k < HASHES; k++) {
        uint64_t b = bit_of(h, k, n_bytes * 8);
        int hi = nibble(filter[2 * (b >> 3)]), lo = nibble(filter[2 * (b >> 3) + 1]);
        if (hi < 0 || lo < 0 || !((hi << 4 | lo) >> (b & 7) & 1)) return 0;
    }
    return 1;
}

/* Returns a contig's name without "chr", because genomes differ in it and a leak counts under either name. */
static const char *bare(const char *name) { return strncasecmp(name, "chr", 3) == 0 ? name + 3 : name; }

/* Sets `bit` in in (ex->n_contigs) for the contigs in a comma-separated list (NULL: none). 0, or -1 on lack of memory
 * (logged). */
static int mark_contigs(const tfb_examples_t *ex, const char *list, uint8_t bit, uint8_t *in)
{
    int n = 0, ret = -1;
    if (!list || !*list) return 0;
    char **v = tfb_split(list, ',', &n), **names = v ? malloc(((size_t)n + 1) * sizeof *names) : NULL;
    tfb_entry_t *e = NULL;
    for (int i = 0; names && i < n; i++) names[i] = (char *)bare(v[i]);
    if (names && (e = tfb_index(names, n))) {
        for (int c = 0; c < ex->n_contigs; c++)
            if (tfb_index_find(e, n, bare(ex->contigs[c])) >= 0) in[c] |= bit;
        ret = 0;
    } else
        tfb_error("not enough memory for a list of contigs");
    free(e);
    free(names);
    tfb_strv_free(v);
    return ret;
}

/* Use of a contig by a model, as its metadata record it. */
enum {
    TRAIN = 1,
    VALID = 2,
    TEST = 4,
    HELD = 8,
    OLD = 16,
    CHOSEN_VALID = 32,
    CHOSEN_TEST = 64,
    CHOSEN = CHOSEN_VALID | CHOSEN_TEST
};

/* Returns the uses of each contig (ex->n_contigs), to be freed. NULL on lack of memory (logged). */
static uint8_t *contigs_of(const tfb_model_t *m, const tfb_examples_t *ex)
{
    uint8_t *in = tfb_alloc((size_t)ex->n_contigs + 1, 1, "contigs");
    if (in && mark_contigs(ex, tfb_model_meta(m, "train_chroms"), TRAIN, in) == 0 &&
        mark_contigs(ex, tfb_model_meta(m, "valid"), VALID, in) == 0 &&
        mark_contigs(ex, tfb_model_meta(m, "test"), TEST, in) == 0 &&
        mark_contigs(ex, tfb_model_meta(m, "held_out_chroms"), HELD, in) == 0 &&
        mark_contigs(ex, tfb_model_meta(m, "ancestor_chroms"), OLD, in) == 0)
        return in;
    free(in);
    return NULL;
}

/* Returns whether the model was split by contigs, sampled or not. If so, its lists of contigs overlap only by allowed
 * leaks. */
static int has_contig_split(const tfb_model_t *m)
{
    const char *split = tfb_model_meta(m, "split");
    return tfb_model_meta(m, "train_chroms") && split && strncmp(split, "contigs", 7) == 0;
}

static int is_by_contig(const tfb_model_t *m)
{
    const char *split = tfb_model_meta(m, "split");
    return tfb_model_meta(m, "train_chroms") && split &&
           strcmp(split, "contigs") == 0; /* not "contigs, sampled": those have a filter */
}

/* Returns the texts that are not empty, joined by commas, to be freed; NULL if there are none. Sets *bad on lack of
 * memory. */
static char *join(const char *const *text, int n, int *bad)
{
    size_t len = 0;
    for (int i = 0; i < n; i++) len += text[i] && *text[i] ? strlen(text[i]) + 1 : 0;
    char *s = len ? malloc(len) : NULL, *p = s;
    if (len && !s) *bad = 1;
    for (int i = 0; s && i < n; i++)
        if (text[i] && *text[i]) p += sprintf(p, "%s%s", p == s ? "" : ",", text[i]);
    return s;
}

/* Adds the entries of a comma-separated list (NULL: none) to the list under a key, without repeats. 0 or -1. */
static int add_to_list(tfb_model_t *m, const char *key, const char *list)
{
    const char *had = tfb_model_meta(m, key);
    int n = 0, n_own = 0, bad = 0;
    if (!list || !*list) return 0;
    char **v = tfb_split(list, ',', &n), **own = had && *had ? tfb_split(had, ',', &n_own) : NULL;
    const char **keep = malloc(((size_t)n + (size_t)n_own + 1) * sizeof *keep);
    char *text = NULL;
    int n_keep = 0;
    for (int i = 0; v && keep && i < n + n_own; i++) {
        const char *s = i < n_own ? own[i] : v[i - n_own];
        int k = 0;
        while (k < n_keep && strcmp(keep[k], s)) k++;
        if (k == n_keep) keep[n_keep++] = s;
    }
    if (v && keep) text = join(keep, n_keep, &bad);
    int ret = text && !bad ? tfb_model_meta_set(m, key, text) : -1;
    free(text);
    free(keep);
    tfb_strv_free(v);
    tfb_strv_free(own);
    return ret;
}

int tfb_transfer_record_seen(tfb_model_t *m, const tfb_model_t *other, tfb_sampled_t sampled)
{
    int has = has_contig_split(other), by = sampled == TFB_SAMPLED_CONTIGS ? has : is_by_contig(other), bad = 0;
    const struct {
        const char *to, *from;
        int counts;
    } list[] = {
        {"held_out_chroms", "valid", has},
        {"held_out_chroms", "test", has},
        {"held_out_chroms", "held_out_chroms", 1},
        {"ancestor_regions", "train_regions", !by},
        {"ancestor_regions", "ancestor_regions", 1},
        {"ancestor_chroms", "train_chroms", by},
        {"ancestor_chroms", "valid", by},
        {"ancestor_chroms", "ancestor_chroms", 1},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i].counts) bad |= add_to_list(m, list[i].to, tfb_model_meta(other, list[i].from)) < 0;
    return bad ? -1 : 0;
}

/* Returns whether one of a comma-separated list of filters contains a region. */
static int seen_by_any(const char *filters, uint64_t h)
{
    while (filters && *filters) {
        size_t n = strcspn(filters, ",");
        if (n >= 2 && seen_by(filters, n / 2, h)) return 1;
        filters += n + (filters[n] == ',');
    }
    return 0;
}

/* Returns the contigs of ex with a bit of `with` and none of `without`, joined by commas; NULL if there are none. Sets
 * *bad on lack of memory. */
static char *list_contigs(const tfb_examples_t *ex, const uint8_t *in, int with, int without, int *bad)
{
    size_t len = 0;
    for (int c = 0; c < ex->n_contigs; c++)
        if (in[c] & with && !(in[c] & without)) len += strlen(ex->contigs[c]) + 1;
    char *s = len ? malloc(len) : NULL, *p = s;
    if (len && !s) *bad = 1;
    for (int c = 0; s && c < ex->n_contigs; c++)
        if (in[c] & with && !(in[c] & without)) p += sprintf(p, "%s%s", p == s ? "" : ",", ex->contigs[c]);
    return s;
}

static void leave_out(const tfb_examples_t *ex, const uint8_t *in, int with, int without, uint8_t *part)
{
    for (int64_t i = 0; i < ex->n; i++)
        if (in[ex->contig[i]] & with && !(in[ex->contig[i]] & without)) part[i] = TFB_UNUSED;
}

int tfb_transfer_split(const tfb_model_t *parent, const tfb_examples_t *ex, const char *valid, const char *test,
                       tfb_leak_t rule, uint64_t seed, uint8_t *part)
{
    int bad = 0, ret = -1;
    char *own_valid = NULL, *own_test = NULL, *left = NULL;
    int by = has_contig_split(parent);
    if (rule == TFB_LEAK_ALLOW || (!by && !tfb_model_meta(parent, "held_out_chroms")))
        return tfb_examples_split(ex, valid, test, seed, part) < 0 ? -1 : valid || test;
    uint8_t *in = contigs_of(parent, ex);
    for (int c = 0; in && !by && c < ex->n_contigs; c++)
        in[c] &= HELD; /* after a random split only the ancestors' lists count */
    if (!in || mark_contigs(ex, valid, CHOSEN_VALID, in) < 0 || mark_contigs(ex, test, CHOSEN_TEST, in) < 0) goto done;
    /* contigs that trained the parent are never held out */
    if (!valid) valid = own_valid = list_contigs(ex, in, VALID, TRAIN | TEST | CHOSEN, &bad);
    if (!test) test = own_test = list_contigs(ex, in, TEST | HELD, TRAIN | VALID | CHOSEN, &bad);
    if (bad || tfb_examples_split(ex, valid, test, seed, part) < 0) goto done;
    if (own_valid) tfb_note("validation on %s, as the parent's", own_valid);
    if (own_test) tfb_note("test on %s, as the parent's", own_test);
    if (mark_contigs(ex, valid, CHOSEN_VALID, in) < 0 || mark_contigs(ex, test, CHOSEN_TEST, in) < 0) goto done;
    left = list_contigs(ex, in, VALID | TEST | HELD, TRAIN | CHOSEN, &bad);
    if (bad) goto done;
    if (left) {
        tfb_note("not using %s: held out by the parent, but in neither --valid nor --test", left);
        leave_out(ex, in, VALID | TEST | HELD, TRAIN | CHOSEN, part);
    }
    ret = valid || test;
done:
    free(in);
    free(own_valid);
    free(own_test);
    free(left);
    if (bad) tfb_error("not enough memory for the split");
    return ret;
}

int64_t tfb_transfer_drop(const tfb_model_t *parent, const tfb_examples_t *ex, tfb_leak_t rule, uint8_t *part)
{
    const char *filter = tfb_model_meta(parent, "train_regions"),
               *old_filters = tfb_model_meta(parent, "ancestor_regions");
    const char *leak = tfb_model_meta(parent, "leak");
    int by_contig = is_by_contig(parent), clean = by_contig && !(leak && strcmp(leak, "allowed") == 0);
    int64_t n = 0;
    if (rule == TFB_LEAK_ALLOW) return 0;
    if (!filter && !by_contig) {
        tfb_error("the parent model does not record which regions trained it, so leaks cannot be prevented "
                  "(--allow-leak continues anyway)");
        return -1;
    }
    uint8_t *in = contigs_of(parent, ex);
    if (!in) return -1;
    for (int64_t i = 0; i < ex->n; i++) {
        int on = in[ex->contig[i]];
        if (part[i] == TFB_UNUSED || (rule == TFB_LEAK_REUSE && part[i] == TFB_TRAIN)) continue;
        uint64_t h = region_hash(ex, i);
        int validated = by_contig && on & VALID && !(on & TRAIN);
        /* ancestor_chroms includes contigs on which ancestors validated; none that trained one validates the parent */
        int old = seen_by_any(old_filters, h) || (on & OLD && !(clean && validated));
        int used = old || seen_by_any(filter, h) || (by_contig && on & (TRAIN | VALID));
        /* regions that only validated the parent may validate the child */
        if (used && !old && rule == TFB_LEAK_REUSE && part[i] == TFB_VALID && by_contig && !(on & TRAIN)) used = 0;
        if (used) part[i] = TFB_UNUSED, n++;
    }
    free(in);
    return n;
}

/* ---- which regions a model has seen ---- */

int tfb_transfer_seen(const tfb_model_t *m, const tfb_examples_t *ex, uint8_t *seen)
{
    const char *filter = tfb_model_meta(m, "train_regions"), *old_filters = tfb_model_meta(m, "ancestor_regions"),
               *leak = tfb_model_meta(m, "leak");
    int by = has_contig_split(m), clean = by && !(leak && strcmp(leak, "allowed") == 0);
    uint8_t *in = contigs_of(m, ex);
    if (!in) return -1;
    for (int64_t i = 0; i < ex->n; i++) {
        int on = in[ex->contig[i]], held = clean && on & (VALID | TEST) && !(on & TRAIN);
        uint64_t h = region_hash(ex, i);
        seen[i] = 0;
        /* ancestor_chroms includes ancestors' validation contigs; their training contigs are not in this model's own
         * lists */
        if ((on & TRAIN && (by || !filter)) || (on & OLD && !held))
            seen[i] = TFB_SEEN_CONTIG;
        else if ((!by && seen_by_any(filter, h)) || seen_by_any(old_filters, h))
            seen[i] = TFB_SEEN_REGION;
        else if (by && on & VALID)
            seen[i] = TFB_SEEN_VALID;
    }
    free(in);
    return filter || tfb_model_meta(m, "train_chroms");
}

int tfb_transfer_check_teacher(const tfb_model_t *teacher, const char *path, const tfb_examples_t *ex,
                               const uint8_t *part)
{
    static const char *const name[] = {[TFB_VALID] = "validation", [TFB_TEST] = "test"};
    int64_t n[4] = {0}, known[4] = {0}, maybe[4] = {0}; /* of each part: regions, seen for sure, by a filter */
    int by = has_contig_split(teacher);
    uint8_t *seen = tfb_alloc((size_t)ex->n + 1, 1, "regions");
    if (!seen || tfb_transfer_seen(teacher, ex, seen) < 0) {
        free(seen);
        return -1;
    }
    for (int64_t i = 0; i < ex->n; i++) {
        int p = part[i];
        n[p]++;
        known[p] += seen[i] == TFB_SEEN_CONTIG || (p == TFB_TEST && seen[i] == TFB_SEEN_VALID);
        maybe[p] += seen[i] == TFB_SEEN_REGION && !by;
    }
    free(seen);
    for (int p = TFB_VALID; p <= TFB_TEST; p++) {
        if (!known[p] && maybe[p] <= n[p] / 20) continue; /* a filter takes one region in a hundred for a seen one */
        tfb_error("%s: %" PRId64 " of the %" PRId64 " %s regions trained it: hold out what the teachers held out", path,
                  known[p] ? known[p] : maybe[p], n[p], name[p]);
        return -1;
    }
    return 0;
}

char *tfb_transfer_seen_contigs(const tfb_examples_t *ex, const uint8_t *seen, int which, int invert, int most)
{
    size_t len = 8;
    int n = 0;
    uint8_t *has = calloc((size_t)ex->n_contigs + 1, 1);
    if (!has) return NULL;
    for (int64_t i = 0; i < ex->n; i++) has[ex->contig[i]] |= seen[i] & which ? 1 : 0;
    for (int c = 0; c < ex->n_contigs; c++) len += strlen(ex->contigs[c]) + 1;
    char *s = malloc(len), *p = s;
    if (s) *s = 0;
    for (int c = 0; s && c < ex->n_contigs; c++) {
        if (has[c] == invert) continue;
        if (n++ == most) {
            sprintf(p, ",...");
            break;
        }
        p += sprintf(p, "%s%s", p == s ? "" : ",", ex->contigs[c]);
    }
    free(has);
    return s;
}

/* ---- balanced samples ---- */

enum { BINS = 10 };

static int gc_bin(const tfb_examples_t *ex, int64_t i)
{
    const uint8_t *s = ex->seq + (size_t)i * ex->seq_stride;
    int gc = 0;
    for (int w = 0; w < ex->window; w++) {
        int c = s[w >> 2] >> (2 * (w & 3)) & 3;
        gc += c == 1 || c == 2;
    }
    int b = gc * BINS / ex->window;
    return b < BINS ? b : BINS - 1;
}

int tfb_transfer_balance(const tfb_examples_t *ex, int t, int which, int64_t n_bound, uint64_t seed, uint8_t *part,
                         int64_t *bound)
{
    int ret = -1;
    int64_t want[BINS] = {0}, left = 0;
    size_t nb = 0, nu = 0;
    uint32_t *b = tfb_alloc((size_t)ex->n, sizeof *b, "a sample"), *u = tfb_alloc((size_t)ex->n, sizeof *u, "a sample");
    tfb_rng_t r;
    if (!b || !u) goto done;
    for (int64_t i = 0; i < ex->n; i++) {
        if (part[i] != which) continue;
        int l = tfb_examples_label(ex, i, t);
        if (l == TFB_BOUND) b[nb++] = (uint32_t)i;
        if (l == TFB_UNBOUND) u[nu++] = (uint32_t)i;
        part[i] = TFB_UNUSED;
    }
    tfb_rng_seed(&r, tfb_hash64(seed + (uint64_t)which));
    tfb_rng_shuffle(&r, b, nb);
    tfb_rng_shuffle(&r, u, nu);
    if (n_bound > 0 && (size_t)n_bound < nb) nb = (size_t)n_bound;
    for (size_t i = 0; i < nb; i++) {
        part[b[i]] = (uint8_t)which;
        want[gc_bin(ex, b[i])]++;
    }
    /* takes regions of the same GC content first, then of the nearest bins */
    for (int reach = 0; reach < BINS; reach++) {
        left = 0;
        for (size_t i = 0; i < nu; i++) {
            if (part[u[i]] != TFB_UNUSED) continue;
            int g = gc_bin(ex, u[i]);
            for (int s = -1; s <= 1; s += 2) {
                int k = g + s * reach;
                if (k < 0 || k >= BINS || !want[k]) continue;
                want[k]--;
                part[u[i]] = (uint8_t)which;
                break;
            }
        }
        for (int k = 0; k < BINS; k++) left += want[k];
        if (!left) break;
    }
    *bound = (int64_t)nb;
    ret = 0;
done:
    free(b);
    free(u);
    return ret;
}

int tfb_transfer_sample(const tfb_examples_t *ex, int which, int64_t n, uint64_t seed, uint8_t *part)
{
    size_t m = 0;
    tfb_rng_t r;
    uint32_t *idx = tfb_alloc((size_t)ex->n, sizeof *idx, "a sample");
    if (!idx) return -1;
    for (int64_t i = 0; i < ex->n; i++)
        if (part[i] == which) idx[m++] = (uint32_t)i;
    tfb_rng_seed(&r, tfb_hash64((seed ^ 0x73616d706c65) + (uint64_t)which)); /* "sample" */
    tfb_rng_shuffle(&r, idx, m);
    for (size_t i = (size_t)n; i < m; i++) part[idx[i]] = TFB_UNUSED;
    free(idx);
    return 0;
}
