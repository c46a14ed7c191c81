/* teach.c - scores windows with all teachers and averages their logits, target by target. */
#include "train/teach.h"
#include "genome/base.h"
#include "nn/infer.h"
#include "nn/panel.h"
#include "nn/walk.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    tfb_model_t *model;
    char *path;
    tfb_infer_t *infer; /* float32, or NULL */
    tfb_walk_t *walk;   /* bfloat16, or NULL */
    int n;              /* outputs that the student learns */
    int *at;            /* (n): their places among the model's targets */
    int *to;            /* (n): their places among the student's */
} teacher_t;

struct tfb_teachers_t {
    int n, T, W;
    teacher_t *teacher;
    float *share;   /* (T): 1 / teachers of the target */
    char *list;     /* names and digests */
    size_t m;       /* windows that there is room for */
    uint8_t *code;  /* (2 m, W): windows, for a walk followed by their reverse complements */
    float *z, *sum; /* (m, T): of one teacher, of all */
};

/* Chooses the outputs of a teacher that the student learns. *n_of (T) counts the teachers of each target. 0, or -1 on
 * lack of memory. */
static int choose(tfb_teachers_t *t, teacher_t *m, char *const *targets, int *n_of)
{
    m->at = tfb_alloc((size_t)t->T, sizeof *m->at, "teachers");
    m->to = tfb_alloc((size_t)t->T, sizeof *m->to, "teachers");
    if (!m->at || !m->to) return -1;
    for (int k = 0; k < t->T; k++) {
        int at = tfb_model_target(m->model, targets[k]);
        if (at < 0) continue;
        m->at[m->n] = at;
        m->to[m->n++] = k;
        n_of[k]++;
    }
    return 0;
}

/* Loads one teacher. 0, or -1 (logged). */
static int load(tfb_teachers_t *t, const char *path, char *const *targets, int *n_of)
{
    teacher_t *m = &t->teacher[t->n];
    if (!(m->model = tfb_model_load(path))) return -1;
    t->n++;
    if (!(m->path = strdup(path))) return -1;
    if (m->model->window != t->W) {
        tfb_error("%s has windows of %d bases, the regions have %d", path, m->model->window, t->W);
        return -1;
    }
    if (tfb_model_try(m->model, path) < 0 || choose(t, m, targets, n_of) < 0) return -1;
    if (!m->n) tfb_warn("%s predicts none of the targets: it does not affect the student", path);
    const char *base = tfb_base_name(path);
    size_t had = t->list ? strlen(t->list) : 0;
    char *list = realloc(t->list, had + strlen(base) + sizeof m->model->digest + 4);
    if (!list) return -1;
    t->list = list;
    sprintf(list + had, "%s%s %s", had ? "; " : "", base, m->model->digest);
    return 0;
}

/* Loads all teachers and checks that every target has one. 0, or -1 (logged). */
static int load_all(tfb_teachers_t *t, char **files, int n, char *const *targets)
{
    int *n_of = tfb_alloc((size_t)t->T, sizeof *n_of, "teachers"), ret = -1;
    t->teacher = tfb_alloc((size_t)n, sizeof *t->teacher, "teachers");
    t->share = tfb_alloc((size_t)t->T, sizeof *t->share, "teachers");
    if (!n_of || !t->teacher || !t->share) goto done;
    for (int i = 0; i < n; i++)
        if (load(t, files[i], targets, n_of) < 0) goto done;
    for (int k = 0; k < t->T; k++) {
        if (!n_of[k]) {
            tfb_error("no teacher predicts %s: leave it out (--targets) or add a model that does", targets[k]);
            goto done;
        }
        t->share[k] = 1 / (float)n_of[k];
    }
    ret = 0;
done:
    free(n_of);
    return ret;
}

tfb_teachers_t *tfb_teachers_open(const char *paths, char *const *targets, int n_targets, int window)
{
    int n = 0, ok = 0;
    char **files = tfb_panel_files(paths, &n);
    tfb_teachers_t *t = tfb_alloc(1, sizeof *t, "teachers");
    if (files && t) {
        t->T = n_targets;
        t->W = window;
        ok = load_all(t, files, n, targets) == 0;
    }
    tfb_strv_free(files);
    if (ok) return t;
    tfb_teachers_close(t);
    return NULL;
}

void tfb_teachers_close(tfb_teachers_t *t)
{
    if (!t) return;
    for (int i = 0; i < t->n; i++) {
        tfb_infer_destroy(t->teacher[i].infer);
        tfb_walk_destroy(t->teacher[i].walk);
        tfb_model_destroy(t->teacher[i].model);
        free(t->teacher[i].path);
        free(t->teacher[i].at);
        free(t->teacher[i].to);
    }
    free(t->teacher);
    free(t->share);
    free(t->list);
    free(t->code);
    free(t->z);
    free(t->sum);
    free(t);
}

int tfb_teachers_n(const tfb_teachers_t *t) { return t->n; }
const tfb_model_t *tfb_teachers_model(const tfb_teachers_t *t, int i) { return t->teacher[i].model; }
const char *tfb_teachers_path(const tfb_teachers_t *t, int i) { return t->teacher[i].path; }
const char *tfb_teachers_list(const tfb_teachers_t *t) { return t->list; }

int tfb_teachers_begin(tfb_teachers_t *t, int m, int bfloat16, tfb_pool_t *pool)
{
    t->m = (size_t)m;
    t->code = tfb_alloc(2 * t->m * (size_t)t->W, 1, "windows");
    t->z = tfb_alloc(t->m * (size_t)t->T, sizeof *t->z, "the teachers' logits");
    t->sum = tfb_alloc(t->m * (size_t)t->T, sizeof *t->sum, "the teachers' logits");
    if (!t->code || !t->z || !t->sum) return -1;
    for (int i = 0; i < t->n; i++) {
        teacher_t *k = &t->teacher[i];
        if (k->n && bfloat16 && !(k->walk = tfb_walk_create(k->model->net, 2 * m, TFB_WALK_FORWARD, pool))) return -1;
        if (k->n && !bfloat16 && !(k->infer = tfb_infer_create(k->model->net, k->at, k->n, pool))) return -1;
    }
    return 0;
}

/* Adds a teacher's logits of n windows, the mean of both strands, to t->sum. 0, or -1 (logged). */
static int add_logits(tfb_teachers_t *t, const teacher_t *k, size_t n)
{
    size_t T = (size_t)t->T, own = (size_t)k->model->n_targets;
    if (k->infer) {
        if (tfb_infer_windows(k->infer, t->code, NULL, (int64_t)n, TFB_STRAND_BOTH, t->z) < 0) return -1;
        for (size_t i = 0; i < n; i++)
            for (int o = 0; o < k->n; o++) t->sum[i * T + (size_t)k->to[o]] += t->z[i * (size_t)k->n + (size_t)o];
        return 0;
    }
    k->walk->pass.param = k->model->net->param;
    k->walk->pass.stat = k->model->net->stat;
    const float *z = tfb_walk_forward(k->walk, t->code, 2 * (int)n);
    for (size_t i = 0; i < n; i++)
        for (int o = 0; o < k->n; o++) {
            size_t at = (size_t)k->at[o];
            t->sum[i * T + (size_t)k->to[o]] += 0.5f * (z[i * own + at] + z[(n + i) * own + at]);
        }
    return 0;
}

/* Returns whether item i is the reverse strand of the one before. */
static int repeats(const tfb_item_t *item, int i) { return i > 0 && item[i] & 1 && item[i - 1] == item[i] - 1; }

int tfb_teachers_score(tfb_teachers_t *t, const uint8_t *code, const tfb_item_t *item, int n, float *p)
{
    size_t W = (size_t)t->W, T = (size_t)t->T, n_own = 0;
    for (int i = 0; i < n; i++)
        if (!repeats(item, i)) memcpy(t->code + W * n_own++, code + W * (size_t)i, W);
    for (size_t i = 0; i < n_own; i++) tfb_revcomp(t->code + W * i, W, t->code + W * (n_own + i));
    memset(t->sum, 0, n_own * T * sizeof *t->sum);
    for (int k = 0; k < t->n; k++)
        if (t->teacher[k].n && add_logits(t, &t->teacher[k], n_own) < 0) return -1;
    for (size_t i = 0; i < n_own; i++)
        for (size_t k = 0; k < T; k++) t->sum[i * T + k] = tfb_sigmoid(t->sum[i * T + k] * t->share[k]);
    for (int i = 0, own = -1; i < n; i++) {
        own += !repeats(item, i);
        memcpy(p + T * (size_t)i, t->sum + T * (size_t)own, T * sizeof *p);
    }
    return 0;
}
