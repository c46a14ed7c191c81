/* panel.c - runs several models as one: merges equal trunks and resolves targets of the same name. */
#include "nn/panel.h"
#include "nn/combine.h"
#include "nn/installed.h"
#include "nn/walk.h"
#include "util/sort.h"
#include "util/vec.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_MERGED = 65536 }; /* most outputs of a last layer */

typedef struct {
    tfb_model_t *model; /* one trunk, with the outputs of all its models */
    tfb_infer_t *infer; /* NULL: none of its targets is in use */
    int n;              /* outputs in use */
    int *to;            /* (n): their places among the panel's targets */
} trunk_t;

struct tfb_panel_t {
    int n_given; /* models that were named; only those of which a target is used are opened */
    int n_models, n_trunks, n_targets, W;
    const tfb_low_t *low; /* products in low precision; NULL: float32 */
    int n_chosen;         /* targets before some were left out (tfb_keep_t) */
    char **source;        /* per model */
    char **genome;        /* per model: the genome that it was trained on, "" = not known */
    char *all;            /* their list */
    tfb_calib_t **calib;  /* per model, NULL = none */
    trunk_t *trunk;
    char **names; /* (n_targets), owned */
    int *of;      /* (n_targets): model */
    int *at;      /* (n_targets): place among that model's targets */
    float *z;     /* (m_z): of one trunk */
    size_t m_z;
    int fork; /* names, sources and places belong to another panel */
};

static const tfb_layer_t *last_layer(const tfb_net_t *n) { return &n->layer[n->n_layers - 1]; }

/* Returns whether all layers but the last are the same, weights included. */
static int same_trunk(const tfb_net_t *a, const tfb_net_t *b)
{
    if (a->window != b->window || a->n_layers != b->n_layers || a->n_stat != b->n_stat) return 0;
    const tfb_layer_t *la = last_layer(a), *lb = last_layer(b);
    if (la->param_off != lb->param_off || la->in.L != lb->in.L || la->in.C != lb->in.C) return 0;
    size_t n = strrchr(a->spec, ' ') - a->spec; /* "dense N" ends both */
    return strncmp(a->spec, b->spec, n) == 0 && b->spec[n] == ' ' &&
           memcmp(a->param, b->param, la->param_off * sizeof(float)) == 0 &&
           memcmp(a->stat, b->stat, a->n_stat * sizeof(float)) == 0;
}

/* Copies the last layers of a and b side by side into m's: rows of weights, then the biases. */
static void join_heads(tfb_net_t *m, const tfb_net_t *a, const tfb_net_t *b)
{
    const tfb_layer_t *l = last_layer(m), *la = last_layer(a), *lb = last_layer(b);
    size_t KC = (size_t)l->in.L * (size_t)l->in.C, na = (size_t)a->n_out, nb = (size_t)b->n_out, n = na + nb;
    float *w = m->param + l->param_off;
    const float *wa = a->param + la->param_off, *wb = b->param + lb->param_off;
    for (size_t k = 0; k <= KC; k++) {
        memcpy(w + k * n, wa + k * na, na * sizeof *w);
        memcpy(w + k * n + na, wb + k * nb, nb * sizeof *w);
    }
}

/* Makes a model with the outputs of both, a's first. Returns NULL on failure (logged). */
static tfb_model_t *merge(const tfb_model_t *a, const tfb_model_t *b)
{
    int n = a->n_targets + b->n_targets, na = a->n_targets;
    char err[200], **names = calloc((size_t)n, sizeof *names);
    if (!names) return NULL;
    tfb_model_t *m = NULL;
    tfb_net_t *net = tfb_net_with_outputs(a->net->spec, a->window, n, err, sizeof err);
    if (net) {
        for (int i = 0; i < n; i++) names[i] = i < na ? a->targets[i] : b->targets[i - na];
        tfb_net_copy_trunk(net, a->net);
        join_heads(net, a->net, b->net);
        m = tfb_model_create(net, names, n);
        if (m) m->largest = fmaxf(a->largest, b->largest);
        if (m && (a->most || b->most)) { /* the trunks are equal: either's numbers serve both */
            const float *most = a->most ? a->most : b->most;
            size_t size = (size_t)net->n_layers * sizeof *most;
            if ((m->most = malloc(size))) memcpy(m->most, most, size);
        }
    } else
        tfb_error("models that share their first layers cannot be scored together: %s", err);
    free(names);
    return m;
}

static char *describe(const char *path, const tfb_model_t *m)
{
    char *s = malloc(strlen(path) + 16);
    if (s) sprintf(s, "%.400s %.12s", tfb_base_name(path), m->digest);
    return s;
}

/* An output of a trunk, before equal names are resolved. */
typedef struct {
    const char *name;            /* owned by the trunk's model */
    int trunk, place, model, at; /* at: place among the model's own targets */
} output_t;

/* Returns the trunk that m can share, with room in its last layer; p->n_trunks if there is none. */
static int trunk_of(const tfb_panel_t *p, const tfb_model_t *m)
{
    int t = 0;
    while (t < p->n_trunks &&
           (p->trunk[t].model->n_targets + m->n_targets > MAX_MERGED || !same_trunk(p->trunk[t].model->net, m->net)))
        t++;
    return t;
}

/* Adds model i and takes ownership of it. Writes the index of its first output in the trunk to *first. Returns the
 * trunk, or -1 (logged). */
static int add_model(tfb_panel_t *p, tfb_model_t *m, int i, const char *path, const char *path0, int *first)
{
    *first = 0;
    p->n_models++;
    p->calib[i] = m->calib; /* outlives the model, which may be merged with another */
    m->calib = NULL;
    if (p->W && m->window != p->W) {
        tfb_error("%s has windows of %d bases, %s of %d: they cannot be scored together", path, m->window, path0, p->W);
        tfb_model_destroy(m);
        return -1;
    }
    p->W = m->window;
    int t = trunk_of(p, m);
    if (t == p->n_trunks) {
        p->trunk[p->n_trunks++].model = m;
        return t;
    }
    *first = p->trunk[t].model->n_targets;
    tfb_model_t *both = merge(p->trunk[t].model, m);
    tfb_model_destroy(m);
    if (!both) return -1;
    tfb_model_destroy(p->trunk[t].model);
    p->trunk[t].model = both;
    return t;
}

/* Reads the models; *out (*n_out) gets all their outputs, in order. */
static int load(tfb_panel_t *p, char **paths, int n, output_t **out, int *n_out)
{
    for (int i = 0; i < n; i++) {
        tfb_model_t *m = tfb_model_load(paths[i]);
        if (!m) return -1;
        int add = m->n_targets, first;
        output_t *o = realloc(*out, ((size_t)*n_out + (size_t)add) * sizeof *o);
        if (o) *out = o;
        const char *genome = tfb_model_meta(m, "genome");
        if (!o || !(p->source[i] = describe(paths[i], m)) || !(p->genome[i] = strdup(genome ? genome : ""))) {
            tfb_model_destroy(m);
            return -1;
        }
        int t = add_model(p, m, i, paths[i], paths[0], &first);
        if (t < 0) return -1;
        for (int k = 0; k < add; k++) o[(*n_out)++] = (output_t){.trunk = t, .place = first + k, .model = i, .at = k};
    }
    for (int k = 0; k < *n_out; k++) (*out)[k].name = p->trunk[(*out)[k].trunk].model->targets[(*out)[k].place];
    return 0;
}

/* Keeps the output of the last model with each name, in the order of first mention. Returns how many are
 * left, or -1. */
static int settle(output_t *o, int n)
{
    int m = 0, *last = NULL; /* per output: the one that replaces it; -1: it is not the first of its name */
    char **names = malloc(((size_t)n + 1) * sizeof *names);
    tfb_entry_t *e = NULL;
    for (int i = 0; names && i < n; i++) names[i] = (char *)o[i].name;
    output_t *from = malloc(((size_t)n + 1) * sizeof *from);
    if (!names || !from || !(e = tfb_index(names, n)) || !(last = malloc(((size_t)n + 1) * sizeof *last))) {
        m = -1;
        goto done;
    }
    memcpy(from, o, (size_t)n * sizeof *o);
    for (int i = 0, first = 0; i < n; i++) { /* equal names are adjacent, ordered by place */
        if (strcmp(e[i].name, e[first].name)) first = i;
        last[e[i].at] = -1;
        last[e[first].at] = e[i].at;
    }
    for (int i = 0; i < n; i++)
        if (last[i] >= 0) o[m++] = from[last[i]];
done:
    free(names);
    free(from);
    free(last);
    free(e);
    return m;
}

/* ---- scores that are not finite ---- */

/* Checks that all logits (n, k->n) of a trunk are usable numbers. Returns 0, or -1 (logged). */
static int check_logits(const tfb_panel_t *p, const trunk_t *k, const float *z, int64_t n)
{
    int64_t at = tfb_logits_fault(z, n * k->n);
    if (at < 0) return 0;
    int t = k->to[at % k->n];
    return tfb_logits_error(p->source[p->of[t]], p->names[t]);
}

/* Returns a window that repeats all bases in turn, to be freed; NULL if memory runs out (logged). */
static uint8_t *some_window(int W)
{
    uint8_t *code = tfb_alloc((size_t)W, 1, "a window");
    for (int i = 0; code && i < W; i++) code[i] = (uint8_t)(i % 5);
    return code;
}

/* Returns the scores (T) of that window, to be freed; NULL if memory runs out (logged). */
static float *try_window(tfb_infer_t *f)
{
    uint8_t *code = some_window(tfb_infer_window(f));
    float *z = code ? tfb_alloc((size_t)tfb_infer_n_targets(f), sizeof *z, "scores") : NULL;
    if (z && tfb_infer_windows(f, code, NULL, 1, TFB_STRAND_FWD, z) < 0) {
        free(z);
        z = NULL;
    }
    free(code);
    return z;
}

static int all_finite(const float *x, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * 0; /* 0, or NaN if x[i] is not finite */
    return sum == 0;
}

/* Checks that the outputs of all layers but the last are usable numbers for that window. An overflow there
 * need not show in the scores, because pooling may drop it. Returns 0, or -1 (logged). */
static int try_layers(const tfb_model_t *m, const char *name)
{
    enum {
        SMALL = 10000,
        MOST = 1 << 26
    }; /* numbers in the model that make none too large; of all layers, that are worth keeping for this */
    const tfb_net_t *net = m->net;
    size_t n = 0;
    int ret = -1;
    for (int i = 0; i < net->n_layers; i++) n += (size_t)net->layer[i].out.L * (size_t)net->layer[i].out.C;
    if (n > MOST || m->largest < SMALL) return 0;
    uint8_t *code = some_window(net->window);
    tfb_walk_t *w = code ? tfb_walk_create(m->net, 1, TFB_WALK_EXPLAIN, NULL) : NULL; /* every layer's output is kept */
    if (w) tfb_walk_forward(w, code, 1);
    for (int i = 0; w && i + 1 < net->n_layers; i++) {
        if (all_finite(w->y[i], (size_t)net->layer[i].out.L * (size_t)net->layer[i].out.C)) continue;
        tfb_error("model %s: its layer %s does not compute usable numbers: the weights are too large (a damaged "
                  "file, or a training that failed)",
                  name, net->layer[i].name);
        goto done;
    }
    if (w) ret = 0;
done:
    tfb_walk_destroy(w);
    free(code);
    return ret;
}

/* Refuses a model that cannot score that window, before any work is done. Returns 0, or -1 (logged). */
static int try_trunk(const tfb_panel_t *p, const trunk_t *k)
{
    float *z = try_layers(k->model, p->source[p->of[k->to[0]]]) < 0 ? NULL : try_window(k->infer);
    int ret = z ? check_logits(p, k, z, 1) : -1;
    free(z);
    return ret;
}

/* Checks that the model has what int8 needs. 0, or -1 (logged with its name). */
static int check_int8(const tfb_model_t *m, const char *name)
{
    if (m->most || !tfb_infer_has_steps(m->net)) return 0;
    tfb_error("model %s has no steps for int8: `tfbind model --calibrate` measures them (or use bfloat16)", name);
    return -1;
}

int tfb_model_try(const tfb_model_t *m, const char *path)
{
    if (try_layers(m, path) < 0) return -1;
    tfb_infer_t *f = tfb_infer_create(m->net, NULL, 0, NULL);
    float *z = f ? try_window(f) : NULL;
    int ret = z ? tfb_logits_check(path, m->targets, m->n_targets, z, 1) : -1;
    tfb_infer_destroy(f);
    free(z);
    return ret;
}

/* Packs the weights of a trunk for its outputs at `place`. Returns 0, or -1 (logged). */
static int make_infer(const tfb_panel_t *p, trunk_t *k, const int *place, tfb_pool_t *pool)
{
    const tfb_model_t *m = k->model;
    if (p->low && p->low->precision == TFB_INT8 && check_int8(m, p->source[p->of[k->to[0]]]) < 0) return -1;
    k->infer = tfb_infer_create_low(m->net, place, k->n, pool, p->low, m->most);
    return k->infer ? 0 : -1;
}

/* Prepares trunk t for those of all outputs o that are in use. place: room for p->n_targets. Returns 0, or
 * -1 (logged). */
static int prepare_trunk(tfb_panel_t *p, int t, const output_t *o, const int *want, int *place, tfb_pool_t *pool)
{
    trunk_t *k = &p->trunk[t];
    if (!(k->to = malloc((size_t)p->n_targets * sizeof *k->to))) return -1;
    for (int i = 0; i < p->n_targets; i++) {
        if (o[want[i]].trunk != t) continue;
        place[k->n] = o[want[i]].place;
        k->to[k->n++] = i;
    }
    if (k->n && (make_infer(p, k, place, pool) < 0 || try_trunk(p, k) < 0)) return -1;
    tfb_model_destroy(k->model); /* folded and packed; the names are copied */
    k->model = NULL;
    return 0;
}

/* Leaves out the targets that k does not keep. Returns 0, or -1 if none is left or k failed (logged). */
static int keep_targets(tfb_panel_t *p, const output_t *o, int *want, tfb_keep_t *k)
{
    k->n_asked = p->n_targets;
    k->n_kept = 0;
    for (int i = 0; i < k->n_asked; i++) {
        int keep = k->keep(k->arg, o[want[i]].name);
        if (keep < 0) {
            k->n_asked = 0;
            return -1;
        }
        if (keep) want[k->n_kept++] = want[i];
    }
    p->n_targets = k->n_kept;
    return k->n_kept ? 0 : -1;
}

static int choose(tfb_panel_t *p, const output_t *o, int n, const char *tf, tfb_keep_t *k, tfb_pool_t *pool)
{
    int ret = -1, *want = NULL, *place = NULL;
    char **names = calloc((size_t)n + 1, sizeof *names);
    if (!names) return -1;
    for (int i = 0; i < n; i++) names[i] = (char *)o[i].name;
    tfb_entry_t *index = tfb_index(names, n);
    if (!index || !(want = tfb_targets_parse(names, index, n, tf, &p->n_targets))) goto done;
    p->n_chosen = p->n_targets;
    if (k && keep_targets(p, o, want, k) < 0) goto done;
    if (!(p->names = calloc((size_t)p->n_targets + 1, sizeof *p->names)) ||
        !(p->of = malloc((size_t)p->n_targets * sizeof *p->of)) ||
        !(p->at = malloc((size_t)p->n_targets * sizeof *p->at)) ||
        !(place = malloc((size_t)p->n_targets * sizeof *place)))
        goto done;
    for (int i = 0; i < p->n_targets; i++) {
        p->of[i] = o[want[i]].model;
        p->at[i] = o[want[i]].at;
        if (!(p->names[i] = strdup(o[want[i]].name))) goto done;
    }
    ret = 0;
    for (int t = 0; t < p->n_trunks && ret == 0; t++) ret = prepare_trunk(p, t, o, want, place, pool);
done:
    free(index);
    free(want);
    free(place);
    free(names);
    return ret;
}

/* ---- folders ---- */

static int is_model(const struct dirent *e) { return e->d_name[0] != '.' && tfb_ends_with(e->d_name, ".safetensors"); }

static int memory(void)
{
    tfb_error("not enough memory for the list of models");
    return -1;
}

/* Adds a string to a list, and takes ownership of it. Returns 0, or -1 if memory runs out (s released). */
static int append(char ***list, int *n, char *s)
{
    char **p = s ? realloc(*list, ((size_t)*n + 2) * sizeof *p) : NULL;
    if (!p) {
        free(s);
        return memory();
    }
    p[*n] = s;
    p[++*n] = NULL;
    *list = p;
    return 0;
}

typedef struct {
    char *path;
    int n_targets, order; /* order: by name */
} found_t;

static int by_size(const void *a, const void *b)
{
    const found_t *x = a, *y = b;
    if (x->n_targets != y->n_targets) return x->n_targets > y->n_targets ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Returns the number of targets of a model file, or -1 (logged). */
static int count_targets(const char *path)
{
    char *list = tfb_model_peek(path, "targets");
    int n = list ? *list != 0 : -1;
    for (const char *s = list; s && *s; s++) n += *s == ',';
    free(list);
    return n;
}

/* Adds a folder's models: those with many targets first, because those with few are meant to override
 * them. Equal ones are sorted by name. */
static int append_folder(char ***list, int *n, const char *path)
{
    struct dirent **e = NULL;
    int m = scandir(path, &e, is_model, alphasort), ret = m > 0 ? 0 : -1;
    found_t *file = calloc(m > 0 ? (size_t)m : 1, sizeof *file);
    if (m < 0) tfb_error("cannot read the folder %s: %s", path, strerror(errno));
    if (m == 0) tfb_error("%s holds no models (*.safetensors)", path);
    if (!file) ret = memory();
    for (int i = 0; i < m && ret == 0; i++) {
        file[i].order = i;
        if (!(file[i].path = malloc(strlen(path) + strlen(e[i]->d_name) + 2))) {
            ret = memory();
            break;
        }
        sprintf(file[i].path, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", e[i]->d_name);
        if ((file[i].n_targets = count_targets(file[i].path)) < 0) ret = -1;
    }
    if (ret == 0) tfb_sort(file, (size_t)m, sizeof *file, by_size);
    for (int i = 0; i < m; i++) {
        if (ret == 0) {
            ret = append(list, n, file[i].path);
            file[i].path = NULL;
        }
        if (file) free(file[i].path);
        free(e[i]);
    }
    free(e);
    free(file);
    return ret;
}

/* Adds what a name stands for: a file, a folder's models or an installed model. Returns 0, or -1 (logged). */
static int append_named(char ***list, int *n, const char *name)
{
    struct stat s;
    char *path = tfb_model_find(name);
    if (!path) return -1;
    if (stat(path, &s) < 0 || !S_ISDIR(s.st_mode)) return append(list, n, path);
    int ret = append_folder(list, n, path);
    free(path);
    return ret;
}

char **tfb_panel_files(const char *paths, int *n)
{
    int m = 0, ret = 0;
    char **v = paths ? tfb_split(paths, ',', &m) : NULL, **list = NULL;
    *n = 0;
    if (!paths) ret = append_named(&list, n, NULL);
    for (int i = 0; v && i < m && ret == 0; i++) ret = append_named(&list, n, v[i]);
    tfb_strv_free(v);
    if (ret == 0 && list) return list;
    tfb_strv_free(list);
    return NULL;
}

/* ---- models that are not needed ---- */

/* The targets of all models, from their headers, with the model of each. */
typedef struct {
    char **name;
    int *model;
    int n;
} heads_t;

static void heads_free(heads_t *h)
{
    if (h->name) h->name[h->n] = NULL;
    tfb_strv_free(h->name);
    free(h->model);
}

/* Reads the names of the targets of n files. Returns 0, or -1 (logged, or memory ran out). */
static int read_heads(heads_t *h, char *const *path, int n)
{
    for (int i = 0; i < n; i++) {
        int m = 0, ok = 1;
        char *list = tfb_model_peek(path[i], "targets"), **name = list ? tfb_split(list, ',', &m) : NULL;
        free(list);
        if (!name) return -1;
        h->name = tfb_resize(h->name, (size_t)h->n + (size_t)m + 1, sizeof *h->name, &ok);
        h->model = tfb_resize(h->model, (size_t)h->n + (size_t)m + 1, sizeof *h->model, &ok);
        for (int k = 0; ok && k < m; k++) {
            h->model[h->n] = i;
            h->name[h->n++] = name[k];
        }
        if (!ok) {
            tfb_strv_free(name);
            return -1;
        }
        free(name);
    }
    return 0;
}

/* Sets need[i] for the models that predict a TF of the list tf: the last one of each name. Returns 0, or -1 if memory
 * runs out. A name that no model has needs all of them, to report it. */
static int mark_needed(const heads_t *h, const char *tf, int n_models, char *need)
{
    int n = 0, all = strcmp(tf, "all") == 0;
    char **want = all ? NULL : tfb_split(tf, ',', &n);
    tfb_entry_t *e = tfb_index(h->name, h->n), *asked = want ? tfb_index(want, n) : NULL;
    if (!e || (!all && !asked)) n = -1;
    for (int i = 0; i < h->n && n >= 0; i++) { /* equal names are adjacent, ordered by place */
        int last = i + 1 == h->n || strcmp(e[i].name, e[i + 1].name) != 0;
        if (last && (all || tfb_index_find(asked, n, e[i].name) >= 0)) need[h->model[e[i].at]] = 1;
    }
    for (int i = 0; !all && i < n; i++)
        if (tfb_index_find(e, h->n, want[i]) < 0) memset(need, 1, (size_t)n_models);
    free(e);
    free(asked);
    tfb_strv_free(want);
    return n < 0 ? -1 : 0;
}

/* Removes from a list of files those models of which no target would be used: their weights are not read. */
static int drop_unused(char **path, int *n, const char *tf)
{
    heads_t h = {.n = 0};
    char *need = *n > 1 ? calloc((size_t)*n, 1) : NULL;
    int m = 0, ret = 0;
    if (*n < 2) return 0;
    if (!need || read_heads(&h, path, *n) < 0 || mark_needed(&h, tf, *n, need) < 0) ret = -1;
    for (int i = 0; i < *n && ret == 0 && memchr(need, 1, (size_t)*n); i++) {
        if (need[i])
            path[m++] = path[i];
        else
            free(path[i]);
    }
    if (m) {
        path[m] = NULL;
        *n = m;
    }
    heads_free(&h);
    free(need);
    return ret;
}

tfb_panel_t *tfb_panel_open(const char *paths, const char *tf, tfb_pool_t *pool)
{
    return tfb_panel_open_as(paths, tf, TFB_FLOAT32, pool);
}

tfb_precision_t tfb_panel_precision(const tfb_panel_t *p) { return p->low ? p->low->precision : TFB_FLOAT32; }

const tfb_low_t *tfb_precision_find(tfb_precision_t precision)
{
    const tfb_low_t *low = tfb_low(precision);
    if (!low)
        tfb_error("%s needs %s, which this machine does not have or TFBIND_CPU rules out: use float32",
                  tfb_precision_name[precision], tfb_low_needs(precision));
    return low;
}

tfb_panel_t *tfb_panel_open_as(const char *paths, const char *tf, tfb_precision_t precision, tfb_pool_t *pool)
{
    return tfb_panel_open_kept(paths, tf, precision, NULL, pool);
}

tfb_panel_t *tfb_panel_open_kept(const char *paths, const char *tf, tfb_precision_t precision, tfb_keep_t *k,
                                 tfb_pool_t *pool)
{
    int n = 0, n_out = 0, ok = 0;
    size_t len = 1;
    output_t *out = NULL;
    char **v = tfb_panel_files(paths, &n);
    tfb_panel_t *p = calloc(1, sizeof *p);
    if (p) p->n_given = n;
    if (v && drop_unused(v, &n, tf) < 0) goto done;
    if (!v || !p || !(p->source = calloc((size_t)n + 1, sizeof *p->source)) ||
        !(p->genome = calloc((size_t)n + 1, sizeof *p->genome)) || !(p->trunk = calloc((size_t)n, sizeof *p->trunk)) ||
        !(p->calib = calloc((size_t)n, sizeof *p->calib)))
        goto done;
    if (precision != TFB_FLOAT32 && !(p->low = tfb_precision_find(precision))) goto done;
    if (load(p, v, n, &out, &n_out) < 0) goto done;
    if ((n_out = settle(out, n_out)) < 0 || choose(p, out, n_out, tf, k, pool) < 0) goto done;
    tfb_debug("%d model%s, %d trunk%s, %d targets", n, n > 1 ? "s" : "", p->n_trunks, p->n_trunks > 1 ? "s" : "",
              p->n_targets);
    for (int i = 0; i < n; i++) len += strlen(p->source[i]) + 2;
    if (!(p->all = calloc(len, 1))) goto done;
    char *s = p->all;
    for (int i = 0; i < n; i++) s += sprintf(s, "%s%s", i ? "; " : "", p->source[i]);
    ok = 1;
done:
    tfb_strv_free(v);
    free(out);
    if (!ok) {
        tfb_panel_close(p);
        p = NULL;
    }
    return p;
}

void tfb_panel_close(tfb_panel_t *p)
{
    if (!p) return;
    for (int t = 0; p->trunk && t < p->n_trunks; t++) {
        tfb_model_destroy(p->trunk[t].model);
        tfb_infer_destroy(p->trunk[t].infer);
        if (!p->fork) free(p->trunk[t].to);
    }
    free(p->trunk);
    free(p->z);
    if (p->fork) {
        free(p);
        return;
    }
    for (int i = 0; p->calib && i < p->n_models; i++) tfb_calib_destroy(p->calib[i]);
    free(p->calib);
    free(p->at);
    tfb_strv_free(p->source);
    tfb_strv_free(p->genome);
    tfb_strv_free(p->names);
    free(p->all);
    free(p->of);
    free(p);
}

tfb_panel_t *tfb_panel_fork(const tfb_panel_t *from)
{
    tfb_panel_t *p = malloc(sizeof *p);
    if (!p) goto memory;
    *p = *from;
    p->fork = 1;
    p->z = NULL;
    p->m_z = 0;
    p->n_trunks = 0;
    if (!(p->trunk = calloc((size_t)from->n_trunks, sizeof *p->trunk))) goto memory;
    for (int t = 0; t < from->n_trunks; t++) {
        p->trunk[t] = from->trunk[t];
        p->n_trunks++;
        if (from->trunk[t].infer && !(p->trunk[t].infer = tfb_infer_fork(from->trunk[t].infer))) goto fail;
    }
    return p;
memory:
    tfb_error("not enough memory to prepare the model for scoring");
fail:
    tfb_panel_close(p);
    return NULL;
}

int tfb_panel_window(const tfb_panel_t *p) { return p->W; }
int tfb_panel_n_targets(const tfb_panel_t *p) { return p->n_targets; }
const char *tfb_panel_target(const tfb_panel_t *p, int t) { return p->names[t]; }
const char *tfb_panel_source(const tfb_panel_t *p, int t) { return t < 0 ? p->all : p->source[p->of[t]]; }
int tfb_panel_n_models(const tfb_panel_t *p) { return p->n_models; }
int tfb_panel_model_of(const tfb_panel_t *p, int t) { return p->of[t]; }
const char *tfb_panel_model(const tfb_panel_t *p, int i) { return p->source[i]; }
const char *tfb_panel_genome(const tfb_panel_t *p, int i) { return p->genome[i]; }

static const tfb_calib_t *calib_of(const tfb_panel_t *p, int t) { return p->calib[p->of[t]]; }

double tfb_panel_percentile(const tfb_panel_t *p, int t, tfb_calib_scale_t scale, double v)
{
    return calib_of(p, t) ? tfb_calib_percentile(calib_of(p, t), p->at[t], scale, v) : NAN;
}

float tfb_panel_threshold(const tfb_panel_t *p, int t)
{
    return calib_of(p, t) ? calib_of(p, t)->threshold[p->at[t]] : NAN;
}

const char *tfb_panel_no_phred(const tfb_panel_t *p)
{
    const tfb_calib_t *c = p->calib[0];
    if (p->n_given > 1) return "it combines the changes of all TFs of one model, and several models are open";
    if (!c || !c->combine) return "the model is not calibrated for it (`tfbind model --calibrate`)";
    if (p->n_chosen < c->n_targets) return "it combines the changes of all TFs of the model, and --tf chooses some";
    return NULL;
}

const char *tfb_panel_combination(const tfb_panel_t *p)
{
    return tfb_panel_no_phred(p) ? NULL : p->calib[0]->combine->name;
}

double tfb_panel_phred(const tfb_panel_t *p, const float *z_ref, const float *z_alt)
{
    const tfb_calib_t *c = p->calib[0];
    return tfb_panel_no_phred(p) ? NAN : tfb_calib_phred(c, tfb_combined(c, p->at, p->n_targets, z_ref, z_alt));
}

double tfb_panel_part(const tfb_panel_t *p, int t, float z_ref, float z_alt)
{
    if (tfb_panel_no_phred(p)) return NAN;
    const tfb_combine_t *how = p->calib[0]->combine;
    return how->term(p->calib[0], p->at[t], (double)tfb_change(how->scale, z_ref, z_alt));
}

int tfb_panel_n_calibrated(const tfb_panel_t *p)
{
    int n = 0;
    for (int t = 0; t < p->n_targets; t++) n += !isnan(tfb_panel_percentile(p, t, TFB_CALIB_DELTA, 0));
    return n;
}

int tfb_panel_n_thresholds(const tfb_panel_t *p)
{
    int n = 0;
    for (int t = 0; t < p->n_targets; t++) n += !isnan(tfb_panel_threshold(p, t));
    return n;
}

/* What is scored: n windows. at NULL: consecutive ones, with base; else those of a stretch, `each` windows for each. */
typedef struct {
    const uint8_t *code;
    const int32_t *base;
    const int64_t *at;
    int64_t n;
    int each;
    tfb_strand_t strand;
} list_t;

static int run(tfb_infer_t *f, const list_t *l, float *z)
{
    if (!l->at) return tfb_infer_windows(f, l->code, l->base, l->n, l->strand, z);
    return (l->each > 1 ? tfb_infer_snvs : tfb_infer_stretch)(f, l->code, l->at, l->n / l->each, l->strand, z);
}

static int score(tfb_panel_t *p, const list_t *l, float *z)
{
    size_t T = (size_t)p->n_targets;
    int64_t n = l->n;
    for (int t = 0; t < p->n_trunks; t++) {
        trunk_t *k = &p->trunk[t];
        if (!k->infer) continue;
        if ((size_t)k->n == T) /* one trunk has all targets, in order */
            return run(k->infer, l, z) < 0 ? -1 : check_logits(p, k, z, n);
        if ((size_t)n * (size_t)k->n > p->m_z) {
            size_t m = (size_t)n * (size_t)k->n;
            float *b = realloc(p->z, m * sizeof *b);
            if (!b) {
                tfb_error("not enough memory to score %lld windows", (long long)n);
                return -1;
            }
            p->z = b;
            p->m_z = m;
        }
        if (run(k->infer, l, p->z) < 0 || check_logits(p, k, p->z, n) < 0) return -1;
        for (int64_t i = 0; i < n; i++)
            for (int j = 0; j < k->n; j++)
                z[(size_t)i * T + (size_t)k->to[j]] = p->z[(size_t)i * (size_t)k->n + (size_t)j];
    }
    return 0;
}

int tfb_panel_windows(tfb_panel_t *p, const uint8_t *code, const int32_t *base, int64_t n, tfb_strand_t strand,
                      float *z)
{
    return score(p, &(list_t){.code = code, .base = base, .n = n, .strand = strand}, z);
}

int tfb_panel_stretch(tfb_panel_t *p, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    return score(p, &(list_t){.code = code, .at = at, .n = n, .each = 1, .strand = strand}, z);
}

int tfb_panel_snvs(tfb_panel_t *p, const uint8_t *code, const int64_t *at, int64_t n, tfb_strand_t strand, float *z)
{
    enum { EACH = 1 + TFB_SNVS };
    return score(p, &(list_t){.code = code, .at = at, .n = EACH * n, .each = EACH, .strand = strand}, z);
}
