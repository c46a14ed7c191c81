/* net.c - spec text -> list of layers with shapes, names and parameter blocks. */
#include "nn/net.h"
#include "nn/walk.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* X(kind): every kind of layer, once. A new kind is its file and a row here. */
#define KINDS(X) \
    X(conv)      \
    X(dense)     \
    X(dwconv) X(bn) X(relu) X(gelu) X(silu) X(exp) X(pool) X(gpool) X(attend) X(add) X(cat) X(dropout) X(bilstm)

#define DECLARE(kind) extern const tfb_kind_t tfb_kind_##kind;
KINDS(DECLARE)
#define ROW(kind) &tfb_kind_##kind,
const tfb_kind_t *const tfb_kinds[] = {KINDS(ROW) NULL};

/* Likewise: the published nets have under 10 million parameters. */
static const size_t MAX_PARAM = (size_t)1 << 28;
static const size_t MAX_ACTIVATION = (size_t)1 << 28;

/* ---- for the kinds ---- */

int tfb_args(const char *args, double *v, int n)
{
    int i = 0;
    for (;; i++) {
        while (isspace((unsigned char)*args)) args++;
        if (!*args) return i;
        if (i == n) return -1;
        char *end;
        v[i] = strtod(args, &end);
        if (end == args || !(v[i] >= 0 && v[i] < 1e9)) return -1;
        args = end;
    }
}

size_t tfb_arg_word(const char **args, char *word, size_t m)
{
    const char *a = *args + strspn(*args, " \t");
    size_t n = strcspn(a, " \t");
    snprintf(word, m, "%.*s", (int)n, a);
    *args = a + n;
    return n;
}

tfb_tensor_t *tfb_layer_tensor(tfb_layer_t *l, const char *suffix, int trainable, int n_dims, int d0, int d1, int d2)
{
    tfb_tensor_t *t = &l->tensor[l->n_tensors++];
    memset(t, 0, sizeof *t);
    snprintf(t->suffix, sizeof t->suffix, "%s", suffix);
    t->trainable = trainable;
    t->n_dims = n_dims;
    t->dim[0] = d0, t->dim[1] = d1, t->dim[2] = d2;
    t->n = (size_t)d0;
    if (n_dims > 1) t->n *= (size_t)d1;
    if (n_dims > 2) t->n *= (size_t)d2;
    size_t *n = trainable ? &l->n_param : &l->n_stat;
    t->off = *n;
    *n += t->n;
    return t;
}

/* ---- specs ---- */

static const struct {
    const char *name, *spec;
} archs[] = {
    /* a new architecture is a row here */
    {"convnet", "conv 100 19; bn; relu; pool 3; conv 200 7; bn; relu; pool 3; conv 200 4; bn; relu; pool 3; "
                "dense 1000; bn; relu; dropout 0.3; dense 1000; bn; relu; dropout 0.3; dense %d"},
    {"convnet-bn-after-relu",
     "conv 100 19; relu; bn; pool 3; conv 200 7; relu; bn; pool 3; conv 200 4; relu; bn; pool 3; "
     "dense 1000; relu; bn; dropout 0.3; dense 1000; relu; bn; dropout 0.3; dense %d"},
    {"shallow",
     "conv 100 19; bn; relu; pool 10; conv 200 5; bn; relu; pool 4; dense 600; bn; relu; dropout 0.3; dense %d"},
    {"danq", "Conv1=conv 320 26; relu; pool 13; dropout 0.2; BiLSTM=bilstm 320 2 0.5; Linear1=dense 925; relu; "
             "Linear2=dense %d"},
    /* soft maxima over the window at two depths, instead of positions: see the comparison in
     * models/human.md */
    {"pooled", "conv 128 19; bn; relu; m = pool 3; conv 192 7; bn; relu; pool 3; conv 256 4; bn; relu; "
               "g = gpool lse 3; gpool lse 3 @m; cat @g; dense 512; bn; relu; dense %d"},
    {"pooled-large", "conv 256 19; bn; relu; m = pool 3; conv 256 7; bn; relu; pool 3; conv 384 4; bn; relu; "
                     "g = gpool lse 3; gpool lse 3 @m; cat @g; dense 768; bn; relu; dense %d"},
};
enum { N_ARCHS = sizeof archs / sizeof archs[0] };

char *tfb_net_arch(const char *arch, int n_out)
{
    for (int i = 0; i < N_ARCHS; i++)
        if (strcmp(arch, archs[i].name) == 0) {
            size_t m = strlen(archs[i].spec) + 16;
            char *s = malloc(m);
            if (s) snprintf(s, m, archs[i].spec, n_out);
            return s;
        }
    return NULL;
}

const char *tfb_net_arch_of(const tfb_net_t *n)
{
    for (int i = 0; i < N_ARCHS; i++) {
        char *s = tfb_net_arch(archs[i].name, n->n_out);
        int same = s && n->window == 200 && strcmp(s, n->spec) == 0;
        free(s);
        if (same) return archs[i].name;
    }
    return NULL;
}

const char *tfb_net_arch_names(void)
{
    static char names[256]; /* every thread writes the same text */
    char text[sizeof names];
    size_t n = 0;
    for (int i = 0; i < N_ARCHS && n < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", archs[i].name);
    return strcpy(names, text);
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s)) s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1])) s[--n] = 0;
    return s;
}

static int is_product(const tfb_kind_t *k) { return k == &tfb_kind_conv || k == &tfb_kind_dense; }

int tfb_net_find(const tfb_net_t *n, const char *name)
{
    for (int i = 0; i < n->n_layers; i++)
        if (strcmp(n->layer[i].name, name) == 0) return i;
    return -1;
}

/* Splits the name from "Conv1 = conv 320 26" and returns the rest. Sets *name to NULL if there is none.
 * Returns NULL if a layer cannot have this name. */
static char *take_name(int i, char *text, char **name, char *err, size_t m_err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    char *eq = strchr(text, '=');
    *name = NULL;
    if (!eq) return text;
    *eq = 0;
    *name = trim(text);
    size_t n = strlen(*name);
    if (n && n < TFB_NAME_MAX - 16 && strspn(*name, letters) == n && strcmp(*name, "bases")) return trim(eq + 1);
    snprintf(err, m_err, "layer %d: a layer's name is letters, digits and _, not '%.40s'", i + 1, *name);
    return NULL;
}

/* Removes the references (@name) from a layer's arguments and sets its inputs. Returns 0, or -1 with a
 * message in err. */
static int take_inputs(const tfb_net_t *net, tfb_layer_t *l, char *args, char *err, size_t m_err)
{
    int ref[TFB_MAX_INPUTS], n = 0;
    for (char *at = strchr(args, '@'); at; at = strchr(at, '@')) {
        char name[TFB_NAME_MAX];
        size_t len = strcspn(at + 1, " \t@");
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), at + 1);
        if (n == l->n_src) {
            snprintf(err, m_err, "%s has %d input%s, not more", l->kind->name, n, n == 1 ? "" : "s");
            return -1;
        }
        ref[n] = strcmp(name, "bases") == 0 ? TFB_BASES : tfb_net_find(net, name);
        if (ref[n] < 0 && strcmp(name, "bases")) {
            snprintf(err, m_err, "no layer before it is called '%s'", name);
            return -1;
        }
        n++;
        memset(at, ' ', len + 1);
    }
    if (n < l->n_src - 1) { /* one input is the layer before it */
        snprintf(err, m_err, "%s has %d inputs: name %s, as @layer", l->kind->name, l->n_src,
                 l->n_src > 2 ? "the others" : "the other");
        return -1;
    }
    for (int k = 0; k < l->n_src; k++) {
        int from = n == l->n_src ? k : k - 1; /* the layer before comes first, unless all inputs are named */
        l->src[k] = from < 0 ? l->index - 1 : ref[from];
    }
    return 0;
}

/* Sets the name of an unnamed layer, as in the published files. number: of the last product, counted from
 * 1. */
static void default_name(const tfb_net_t *net, tfb_layer_t *l, int number)
{
    int i = l->index;
    if (is_product(l->kind))
        snprintf(l->name, sizeof l->name, "%c%d", l->kind->name[0], number);
    else if (l->n_tensors)
        snprintf(l->name, sizeof l->name, "%s%d", l->kind->name, number);
    else
        snprintf(l->name, sizeof l->name, "%s@%d", l->kind->name, i + 1);
    if (tfb_net_find(net, l->name) >= 0) /* two batch norms after one layer: bn2, bn2_7 */
        snprintf(l->name, sizeof l->name, "%s%d_%d", l->kind->name, number, i + 1);
}

/* Sets the shapes of l's inputs and has its kind set up the rest. */
static int set_up(tfb_net_t *net, tfb_layer_t *l, const char *args, char *err, size_t m_err)
{
    tfb_shape_t in[TFB_MAX_INPUTS] = {{0}};
    for (int k = 0; k < l->n_src; k++) {
        if (l->src[k] == TFB_BASES && !is_product(l->kind)) {
            snprintf(err, m_err, "only conv and dense read bases, not %s", l->kind->name);
            return -1;
        }
        if (l->src[k] != TFB_BASES) net->layer[l->src[k]].n_uses++;
        in[k] = l->src[k] == TFB_BASES ? (tfb_shape_t){net->window, 4, 0} : net->layer[l->src[k]].out;
    }
    l->first = l->src[0] == TFB_BASES;
    l->in = in[0];
    l->in2 = in[1];
    l->dilate = 1;
    if (l->kind->setup(l, args, err, m_err) < 0) return -1;
    if ((size_t)l->out.L * (size_t)l->out.C > MAX_ACTIVATION || l->n_param > MAX_PARAM) {
        snprintf(err, m_err, "%s is too large", l->kind->name);
        return -1;
    }
    return 0;
}

/* Parses one layer from its text, e.g. "Conv1=conv 320 26". */
static int parse_layer(tfb_net_t *net, char *text, int *number, char *err, size_t m_err)
{
    int i = net->n_layers;
    tfb_layer_t *l = &net->layer[i];
    char msg[200], *name;
    l->index = i;
    if (!(text = take_name(i, trim(text), &name, err, m_err))) return -1;
    size_t n = strcspn(text, " \t");
    for (int k = 0; tfb_kinds[k]; k++)
        if (strlen(tfb_kinds[k]->name) == n && memcmp(text, tfb_kinds[k]->name, n) == 0) l->kind = tfb_kinds[k];
    if (!l->kind) {
        snprintf(err, m_err, "layer %d: unknown kind of layer '%.*s'", i + 1, (int)(n < 40 ? n : 40), text);
        return -1;
    }
    l->n_src = l->kind->n_inputs ? l->kind->n_inputs : 1;
    if (i == 0 && !is_product(l->kind)) {
        snprintf(err, m_err, "the first layer reads bases and must be conv or dense, not %s", l->kind->name);
        return -1;
    }
    if (take_inputs(net, l, text + n, msg, sizeof msg) < 0 || set_up(net, l, text + n, msg, sizeof msg) < 0) {
        snprintf(err, m_err, "layer %d: %s", i + 1, msg);
        return -1;
    }
    if (is_product(l->kind)) ++*number;
    if (name)
        snprintf(l->name, sizeof l->name, "%s", name);
    else
        default_name(net, l, *number);
    int same = tfb_net_find(net, l->name); /* n_layers does not count this one yet */
    if (same >= 0) {
        snprintf(err, m_err, "layers %d and %d have the same name, %s", same + 1, i + 1, l->name);
        return -1;
    }
    l->param_off = net->n_param;
    l->stat_off = net->n_stat;
    net->n_param += l->n_param;
    net->n_stat += l->n_stat;
    net->n_layers++;
    return 0;
}

/* Checks that the last layer gives the logits and that all others lead to it. */
static int check_ends(const tfb_net_t *net, char *err, size_t m_err)
{
    if (!net->n_layers) {
        snprintf(err, m_err, "the network has no layers");
        return -1;
    }
    const tfb_layer_t *last = &net->layer[net->n_layers - 1];
    if (last->out.L != 1 || last->kind != &tfb_kind_dense) {
        snprintf(err, m_err, "the last layer must be dense (it gives the logits), not %s", last->kind->name);
        return -1;
    }
    for (const tfb_layer_t *l = net->layer; l < last; l++)
        if (!l->n_uses) {
            snprintf(err, m_err, "layer %d: no layer reads the output of %s", l->index + 1, l->kind->name);
            return -1;
        }
    return 0;
}

/* Writes "conv 100 19; bn; ..." with single spaces, as normalised text. */
static char *normalise(const char *spec)
{
    char *out = malloc(2 * strlen(spec) + 1), *o = out;
    if (!out) return NULL;
    for (const char *s = spec; *s; s++) {
        if (isspace((unsigned char)*s)) {
            if (o > out && o[-1] != ' ') *o++ = ' ';
        } else if (*s == ';') {
            while (o > out && o[-1] == ' ') o--;
            if (o > out && o[-1] != ';') *o++ = ';', *o++ = ' ';
        } else
            *o++ = *s;
    }
    while (o > out && (o[-1] == ' ' || o[-1] == ';')) o--;
    *o = 0;
    return out;
}

tfb_net_t *tfb_net_parse(const char *spec, int window, char *err, size_t m_err)
{
    return tfb_net_parse_sized(spec, window, MAX_PARAM, err, m_err);
}

tfb_net_t *tfb_net_parse_sized(const char *spec, int window, size_t max_param, char *err, size_t m_err)
{
    char *copy = NULL;
    tfb_net_t *net = calloc(1, sizeof *net);
    if (!net || !(net->spec = normalise(spec)) || !(copy = strdup(net->spec)) ||
        !(net->layer = calloc(TFB_MAX_LAYERS, sizeof *net->layer))) {
        snprintf(err, m_err, "out of memory");
        goto fail;
    }
    net->window = window;
    if (window < 1 || window > TFB_MAX_WINDOW) {
        snprintf(err, m_err, "a window of %d bases is not between 1 and %d", window, TFB_MAX_WINDOW);
        goto fail;
    }
    int number = 0;
    char *save = NULL;
    for (char *t = strtok_r(copy, ";", &save); t; t = strtok_r(NULL, ";", &save)) {
        if (net->n_layers == TFB_MAX_LAYERS) {
            snprintf(err, m_err, "more than %d layers", TFB_MAX_LAYERS);
            goto fail;
        }
        if (parse_layer(net, t, &number, err, m_err) < 0) goto fail;
        if (net->n_param + net->n_stat > max_param) {
            snprintf(
                err, m_err,
                max_param < MAX_PARAM
                    ? "the file is truncated, or its architecture is too large for it: it has room for %zu parameters"
                    : "more than %zu parameters",
                max_param);
            goto fail;
        }
    }
    if (check_ends(net, err, m_err) < 0) goto fail;
    net->n_out = net->layer[net->n_layers - 1].out.C;
    net->param = tfb_alloc(net->n_param, sizeof(float), "parameters");
    net->stat = tfb_alloc(net->n_stat + 1, sizeof(float), "statistics");
    if (!net->param || !net->stat) {
        snprintf(err, m_err, "out of memory");
        goto fail;
    }
    free(copy);
    return net;
fail:
    free(copy);
    tfb_net_destroy(net);
    return NULL;
}

tfb_net_t *tfb_net_with_outputs(const char *spec, int window, int n, char *err, size_t m_err)
{
    char *text = normalise(spec);
    size_t len = text ? strlen(text) : 0, m = len + 16;
    char *with = malloc(m);
    tfb_net_t *net = NULL;
    while (len && isdigit((unsigned char)text[len - 1])) len--;
    if (text && with) {
        snprintf(with, m, "%.*s%d", (int)len, text, n);
        net = tfb_net_parse(with, window, err, m_err);
    } else
        snprintf(err, m_err, "out of memory");
    free(text);
    free(with);
    return net;
}

void tfb_net_copy_trunk(tfb_net_t *to, const tfb_net_t *from)
{
    memcpy(to->param, from->param, to->layer[to->n_layers - 1].param_off * sizeof(float));
    memcpy(to->stat, from->stat, to->n_stat * sizeof(float)); /* the last layer, dense, has none */
}

void tfb_net_init(tfb_net_t *n, uint64_t seed)
{
    tfb_rng_t r;
    tfb_rng_seed(&r, seed);
    for (int i = 0; i < n->n_layers; i++) {
        const tfb_layer_t *l = &n->layer[i];
        if (l->kind->init) l->kind->init(l, n->param + l->param_off, n->stat + l->stat_off, &r);
    }
}

tfb_net_t *tfb_net_clone(const tfb_net_t *n)
{
    char err[200];
    tfb_net_t *c = tfb_net_parse(n->spec, n->window, err, sizeof err);
    if (!c) return NULL;
    memcpy(c->param, n->param, n->n_param * sizeof(float));
    memcpy(c->stat, n->stat, n->n_stat * sizeof(float));
    return c;
}

void tfb_net_destroy(tfb_net_t *n)
{
    if (!n) return;
    free(n->spec);
    free(n->layer);
    free(n->param);
    free(n->stat);
    free(n);
}

/* ---- tensors between memory (K, C, F) and file (F, C, K) ---- */

void tfb_tensor_permute(const tfb_tensor_t *t, const float *mem, float *file)
{
    size_t F = (size_t)t->fck[0], C = (size_t)t->fck[1], K = (size_t)t->fck[2];
    if (!F) {
        memcpy(file, mem, t->n * sizeof(float));
        return;
    }
    for (size_t k = 0; k < K; k++)
        for (size_t c = 0; c < C; c++)
            for (size_t f = 0; f < F; f++) file[(f * C + c) * K + k] = mem[(k * C + c) * F + f];
}

void tfb_tensor_to_file(const tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, float *file)
{
    tfb_tensor_permute(t, (t->trainable ? n->param + l->param_off : n->stat + l->stat_off) + t->off, file);
}

void tfb_tensor_from_file(tfb_net_t *n, const tfb_layer_t *l, const tfb_tensor_t *t, const float *file)
{
    float *mem = (t->trainable ? n->param + l->param_off : n->stat + l->stat_off) + t->off;
    size_t F = (size_t)t->fck[0], C = (size_t)t->fck[1], K = (size_t)t->fck[2];
    if (!F) {
        memcpy(mem, file, t->n * sizeof(float));
        return;
    }
    for (size_t k = 0; k < K; k++)
        for (size_t c = 0; c < C; c++)
            for (size_t f = 0; f < F; f++) mem[(k * C + c) * F + f] = file[(f * C + c) * K + k];
}
