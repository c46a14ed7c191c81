/* installed.c - the folders of installed models, and models by name in them. */
#include "nn/installed.h"
#include "util/util.h"
#include "util/vec.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef TFB_MODELDIR
#define TFB_MODELDIR "/usr/local/share/tfbind/models"
#endif

typedef struct {
    char **v; /* NULL-terminated */
    int n, m;
} list_t;

/* Adds a string and takes ownership of it. Returns 0, or -1 if memory ran out (logged; s released). */
static int add(list_t *l, char *s)
{
    if (!s || TFB_RESERVE(l->v, l->m, (int64_t)l->n + 2, "the folders of models") < 0) {
        if (!s) tfb_error("not enough memory for the folders of models");
        free(s);
        return -1;
    }
    l->v[l->n++] = s;
    l->v[l->n] = NULL;
    return 0;
}

/* Returns "a/b", to be freed; NULL if memory runs out. */
static char *join(const char *a, const char *b, const char *suffix)
{
    size_t n = strlen(a);
    const char *slash = n && a[n - 1] == '/' ? "" : "/";
    char *s = malloc(n + strlen(b) + strlen(suffix) + 2);
    if (s) sprintf(s, "%s%s%s%s", a, slash, b, suffix);
    return s;
}

static int is_folder(const char *path, struct stat *st) { return stat(path, st) == 0 && S_ISDIR(st->st_mode); }

/* Returns whether the list has this folder, by this or another name. */
static int has(const list_t *l, const char *path)
{
    struct stat a, b;
    int there = is_folder(path, &a);
    for (int i = 0; i < l->n; i++) {
        if (strcmp(l->v[i], path) == 0) return 1;
        if (there && is_folder(l->v[i], &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino) return 1;
    }
    return 0;
}

/* Returns the folder of the file that holds this code: the program, the plugin or the library. For a file in plugins/
 * of the source tree it is the folder above. To be freed; NULL if it is not known. */
static char *own_folder(void)
{
    static const char here = 0;
    Dl_info info;
    char *path = NULL;
    /* without a slash it is a program's name as typed, which was found along PATH */
    if (dladdr(&here, &info) && info.dli_fname && strchr(info.dli_fname, '/')) path = realpath(info.dli_fname, NULL);
    if (!path) path = realpath("/proc/self/exe", NULL);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (slash) *slash = 0;
    slash = slash ? strrchr(path, '/') : NULL;
    if (slash && strcmp(slash, "/plugins") == 0) *slash = 0;
    errno = 0; /* a missing /proc is no failure */
    return path;
}

/* Adds the folders of TFBIND_MODELS. Returns 0, or -1 (logged). */
static int add_named(list_t *l)
{
    const char *env = getenv("TFBIND_MODELS");
    int n = 0, ret = 0;
    char **v = env && *env ? tfb_split(env, ':', &n) : NULL;
    if (env && *env && !v) return add(l, NULL);
    for (int i = 0; i < n && ret == 0; i++)
        if (*v[i] && !has(l, v[i])) ret = add(l, strdup(v[i]));
    tfb_strv_free(v);
    return ret;
}

/* Adds a folder if it exists, by its real name. path: owned, NULL if memory ran out. Returns 0, or -1 (logged). */
static int add_if_there(list_t *l, char *path)
{
    struct stat st;
    char *real = path ? realpath(path, NULL) : NULL;
    int ret = path ? 0 : add(l, NULL);
    if (real && is_folder(real, &st) && !has(l, real))
        ret = add(l, real);
    else
        free(real);
    free(path);
    errno = 0; /* of folders that do not exist */
    return ret;
}

/* Adds the models of the source tree if this code runs there, or in a build folder in it. Returns 0, or -1 (logged). */
static int add_source(list_t *l)
{
    char *own = own_folder();
    int ret = 0;
    for (int up = 0; own && up < 2 && ret == 0; up++) {
        struct stat st;
        char *source = join(own, up ? "../src/main.c" : "src/main.c", "");
        if (!source || stat(source, &st) == 0) ret = add_if_there(l, join(own, up ? "../models" : "models", ""));
        free(source);
    }
    free(own);
    errno = 0;
    return ret;
}

/* Adds those of the folders beside this code that exist. Returns 0, or -1 (logged). */
static int add_beside(list_t *l)
{
    /* bin or lib, and lib/bcftools, lib/ARCH/bcftools or libexec/bcftools of an installation that was moved; the source
     * tree, and a build folder in it */
    static const char *const beside[] = {"../share/tfbind/models", "../../share/tfbind/models",
                                         "../../../share/tfbind/models", "models", "../models"};
    char *own = own_folder();
    int ret = 0;
    for (size_t i = 0; own && i < sizeof beside / sizeof *beside && ret == 0; i++)
        ret = add_if_there(l, join(own, beside[i], ""));
    free(own);
    return ret;
}

char **tfb_model_folders(void)
{
    list_t l = {.v = NULL};
    if (add_named(&l) == 0 && add_source(&l) == 0 && (has(&l, TFB_MODELDIR) || add(&l, strdup(TFB_MODELDIR)) == 0) &&
        add_beside(&l) == 0)
        return l.v;
    tfb_strv_free(l.v);
    return NULL;
}

char *tfb_model_folders_text(char *const *folder)
{
    size_t n = 1;
    for (int i = 0; folder[i]; i++) n += strlen(folder[i]) + 2;
    char *s = malloc(n), *p = s;
    if (!s) return NULL;
    *s = 0;
    for (int i = 0; folder[i]; i++) p += sprintf(p, "%s%s", i ? ", " : "", folder[i]);
    return s;
}

static int is_model(const struct dirent *e) { return *e->d_name != '.' && tfb_ends_with(e->d_name, TFB_MODEL_SUFFIX); }

/* Adds a folder's models, by name, without those whose name is in the list. Returns 0, or -1 (logged). */
static int add_models(list_t *l, const char *folder)
{
    struct dirent **e = NULL;
    int n = scandir(folder, &e, is_model, alphasort), ret = 0;
    for (int i = 0; i < n; i++) {
        int known = 0;
        for (int k = 0; k < l->n; k++) known |= strcmp(tfb_base_name(l->v[k]), e[i]->d_name) == 0;
        if (ret == 0 && !known) ret = add(l, join(folder, e[i]->d_name, ""));
        free(e[i]);
    }
    free(e);
    errno = 0; /* of folders that do not exist */
    return ret;
}

char **tfb_models_installed(char *const *folder, int *n)
{
    list_t l = {.v = NULL};
    int ret = TFB_RESERVE(l.v, l.m, 1, "the list of models");
    if (ret == 0) *l.v = NULL;
    for (int i = 0; folder[i] && ret == 0; i++) ret = add_models(&l, folder[i]);
    *n = l.n;
    if (ret == 0) return l.v;
    tfb_strv_free(l.v);
    return NULL;
}

/* Returns the name of the installed model that resembles a name, to be freed; NULL if there is none. */
static char *nearest(const char *name, char *const *folder)
{
    int n = 0;
    char **v = tfb_models_installed(folder, &n), *found = NULL;
    for (int i = 0; i < n; i++) {
        const char *base = tfb_base_name(v[i]);
        size_t len = strlen(base) - strlen(TFB_MODEL_SUFFIX);
        memmove(v[i], base, len);
        v[i][len] = 0;
    }
    int at = n ? tfb_nearest(name, v, n) : -1;
    if (at >= 0) found = strdup(v[at]);
    tfb_strv_free(v);
    return found;
}

/* Logs that there is no such model, and what may be meant. name NULL: the default. */
static void not_found(const char *name, char *const *folder)
{
    char *words = tfb_model_folders_text(folder), *near = name ? nearest(name, folder) : NULL;
    const char *where = words ? words : "";
    if (!name)
        tfb_error("no model is installed: " TFB_MODEL_DEFAULT TFB_MODEL_SUFFIX " is not in %s; give the file of a "
                  "model, or name its folder in TFBIND_MODELS",
                  where);
    else if (tfb_ends_with(name, TFB_MODEL_SUFFIX))
        tfb_error("cannot read model %s: %s, here or among the installed models (%s)", name, strerror(ENOENT), where);
    else if (near)
        tfb_error("unknown model '%s' (neither a file nor in %s); did you mean %s?", name, where, near);
    else
        tfb_error("unknown model '%s' (neither a file nor in %s): `tfbind model --installed` lists models", name,
                  where);
    free(words);
    free(near);
}

char *tfb_model_find(const char *name)
{
    struct stat st;
    const char *of = name ? name : TFB_MODEL_DEFAULT;
    if (name && (strchr(name, '/') || stat(name, &st) == 0)) return strdup(name);
    char **folder = tfb_model_folders(), *path = NULL;
    const char *suffix = tfb_ends_with(of, TFB_MODEL_SUFFIX) ? "" : TFB_MODEL_SUFFIX;
    for (int i = 0; folder && folder[i] && !path; i++) {
        path = join(folder[i], of, suffix);
        if (!path || stat(path, &st) == 0) continue;
        free(path);
        path = NULL;
    }
    errno = 0;
    if (folder && !path) not_found(name, folder);
    tfb_strv_free(folder);
    return path;
}
