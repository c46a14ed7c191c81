/* complete.c - what a shell may offer for an unfinished command line: `tfbind complete WORD...`.
 *
 * The functions in doc/completion run it with the words after `tfbind`, the last of which is to be completed. It prints
 * one candidate per line: the whole word and, after a tab, what it means. A line `:files` asks for file names as well.
 * Words come from the tables of options and explanations from the usage texts, so completion cannot go stale. */
#include "cmd/cmd.h"
#include "cmd/table.h"
#include "genome/labels.h"
#include "nn/installed.h"
#include "nn/model.h"
#include "nn/panel.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char **word; /* (n) words before the unfinished one, without the "=" that bash makes words of */
    int n;
    const char *start; /* of the unfinished word, which all candidates keep: "--tf=CTCF," */
    int n_start;
    const char *rest;          /* the unfinished word after that */
    int is_value;              /* the word before it ended with "=" */
    const tfb_option_t *table; /* of the command */
    char *usage;               /* its usage text; owned */
} line_t;

/* Prints a candidate if it continues the unfinished word. what (n_what): its meaning. */
static void offer(const line_t *l, const char *word, int n_word, const char *what, int n_what)
{
    size_t n = strlen(l->rest);
    if ((size_t)n_word < n || strncmp(word, l->rest, n)) return;
    printf("%.*s%.*s%s%.*s\n", l->n_start, l->start, n_word, word, n_what ? "\t" : "", n_what, what);
}

static void offer_word(const line_t *l, const char *word) { offer(l, word, (int)strlen(word), "", 0); }

/* Offers each word of a text: "a|b|c" or "a, b, c". */
static void offer_words(const line_t *l, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = strcspn(text + i, "|, ");
        if (len > n - i) len = n - i;
        if (len) offer(l, text + i, (int)len, "", 0);
        i += len + 1;
    }
}

static void offer_commands(const line_t *l, const tfb_command_t *c, int first)
{
    for (; c->group; c++) offer(l, c->name, (int)strlen(c->name), c->what, (int)strlen(c->what));
    if (!first) return;
    offer_word(l, "help");
    offer_word(l, "version");
}

/* Makes the candidates of a list keep the items before the last comma. */
static void keep_items(line_t *l)
{
    const char *comma = strrchr(l->rest, ',');
    if (!comma) return;
    if (!l->n_start) l->start = l->rest;
    l->n_start += (int)(comma + 1 - l->rest);
    l->rest = comma + 1;
}

static void offer_models(line_t *l)
{
    int n = 0;
    char **folder = tfb_model_folders(), **path = folder ? tfb_models_installed(folder, &n) : NULL;
    keep_items(l);
    for (int i = 0; i < n; i++) {
        const char *name = tfb_base_name(path[i]);
        offer(l, name, (int)(strlen(name) - strlen(TFB_MODEL_SUFFIX)), path[i], (int)strlen(path[i]));
    }
    tfb_strv_free(path);
    tfb_strv_free(folder);
}

/* Returns the value that the command line gives an option, such as "-m" or "--model", or NULL. */
static const char *value_of(const line_t *l, const char *letter, const char *name)
{
    const char *value = NULL;
    size_t n = strlen(name);
    for (int i = 1; i < l->n; i++) {
        if (strncmp(l->word[i], name, n) == 0 && l->word[i][n] == '=') value = l->word[i] + n + 1;
        if (i + 1 == l->n) break;
        if (strcmp(l->word[i], letter) == 0 || strcmp(l->word[i], name) == 0) value = l->word[i + 1];
    }
    return value;
}

/* Offers the TFs of the models on the command line. */
static void offer_tfs(line_t *l)
{
    int n = 0;
    char **file = tfb_panel_files(value_of(l, "-m", "--model"), &n);
    keep_items(l);
    for (int i = 0; file && i < n; i++) {
        tfb_model_t *m = tfb_model_load(file[i]);
        for (int t = 0; m && t < m->n_targets; t++) offer_word(l, m->targets[t]);
        tfb_model_destroy(m);
    }
    tfb_strv_free(file);
    offer(l, "all", 3, "every TF of the model", 21);
}

/* Offers the TFs of the labels file on the command line. */
static void offer_labelled(line_t *l)
{
    struct stat st;
    const char *path = value_of(l, "-l", "--labels");
    /* a pipe would wait, and lose what is read */
    tfb_labels_t *labels = path && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? tfb_labels_open(path) : NULL;
    keep_items(l);
    for (int t = 0; labels && t < tfb_labels_n_tfs(labels); t++) offer_word(l, tfb_labels_tfs(labels)[t]);
    if (labels) tfb_labels_close(labels);
}

/* ---- the usage text ---- */

/* Returns the line of the usage text that describes an option, from its first dash; NULL if there is none. */
static const char *usage_line(const line_t *l, const tfb_option_t *row)
{
    char name[80];
    int n = snprintf(name, sizeof name, "--%s", row->name);
    for (const char *p = l->usage; p && *p; p = strchr(p, '\n')) {
        p += strspn(p, "\n ");
        if (*p != '-') continue;
        const char *q = p[1] == '-' ? p : p + 2 + strspn(p + 2, ", ");
        if (strncmp(q, name, (size_t)n) == 0 && strchr(" =[\n", q[n])) return q;
    }
    return NULL;
}

/* Returns how many characters of the line's text belong to its first gap: the name and what it takes. */
static size_t head_of(const char *line)
{
    size_t n = 0, end = strcspn(line, "\n");
    while (n < end && strncmp(line + n, "  ", 2)) n++;
    return n;
}

static void offer_options(const line_t *l)
{
    char word[80];
    for (const tfb_option_t *row = l->table; row->name; row++) {
        const char *line = usage_line(l, row), *what = "";
        int n = snprintf(word, sizeof word, "--%s", row->name);
        if (!line) continue; /* another name of an option */
        if (head_of(line) < strcspn(line, "\n")) what = line + head_of(line) + strspn(line + head_of(line), " ");
        offer(l, word, n, what, (int)strcspn(what, "\n"));
    }
}

/* Returns the row of the option that a word is, or NULL. */
static const tfb_option_t *row_of(const line_t *l, const char *word, size_t n)
{
    int is_long = n > 2 && strncmp(word, "--", 2) == 0;
    for (const tfb_option_t *row = l->table; row->name; row++) {
        if (is_long && strlen(row->name) == n - 2 && strncmp(row->name, word + 2, n - 2) == 0) return row;
        if (n == 2 && *word == '-' && row->id == word[1]) return row;
    }
    return NULL;
}

static int is_one_of(const char *name, const char *const *list)
{
    while (*list && strcmp(name, *list)) list++;
    return *list != NULL;
}

/* Offers the values of an option. Returns whether file names are values, too. */
static int offer_values(line_t *l, const tfb_option_t *row)
{
    static const char *const models[] = {"model", "from", "teachers", "parents", "compare", NULL};
    static const char *const labelled[] = {"target", "targets", NULL};
    const char *line = usage_line(l, row);
    size_t head = line ? head_of(line) : 0;
    if (is_one_of(row->name, models)) {
        offer_models(l);
        return 1;
    }
    if (row->set == tfb_set_names) {
        offer_tfs(l);
        return 0;
    }
    if (is_one_of(row->name, labelled) && value_of(l, "-l", "--labels")) {
        offer_labelled(l);
        return 0;
    }
    if (row->words)
        for (int i = 0; i < row->n_words; i++) offer_word(l, row->words[i]);
    else if (row->listed)
        offer_words(l, row->listed(), strlen(row->listed()));
    else if (line && memchr(line, '|', head)) {
        size_t from = strlen(row->name) + 3, to = strcspn(line, "[");
        offer_words(l, line + from, (to < head ? to : head) - from);
    } else
        return row->set != tfb_set_int && row->set != tfb_set_int64 && row->set != tfb_set_double &&
               row->set != tfb_set_threads && row->set != tfb_set_verbosity;
    return 0;
}

/* Offers what may follow the words of a command. */
static void offer_arguments(line_t *l)
{
    const char *prev = l->word[l->n - 1], *equals = strchr(l->rest, '=');
    const tfb_option_t *row = l->n > 1 ? row_of(l, prev, strlen(prev)) : NULL;
    int files = 1;
    if (row && (row->arg == 1 || (row->arg == 2 && l->is_value)))
        files = offer_values(l, row);
    else if (*l->rest == '-' && equals && (row = row_of(l, l->rest, (size_t)(equals - l->rest)))) {
        l->start = l->rest;
        l->n_start = (int)(equals + 1 - l->rest);
        l->rest = equals + 1;
        files = offer_values(l, row);
    } else if (*l->rest == '-') {
        offer_options(l);
        files = 0;
    } else if (strcmp(l->word[0], "model") == 0)
        offer_models(l); /* its argument */
    if (files) puts(":files");
}

/* ---- the command ---- */

/* Returns a file's contents, to be freed, or NULL. */
static char *contents(FILE *f)
{
    long n = fseek(f, 0, SEEK_END) ? -1 : ftell(f);
    char *s = n < 0 ? NULL : malloc((size_t)n + 1);
    rewind(f);
    if (s) s[fread(s, 1, (size_t)n, f)] = 0;
    return s;
}

/* Runs `tfbind COMMAND -h`, to get the command's table and its usage text. Returns 0, or -1. */
static int ask(const tfb_command_t *c, line_t *l)
{
    char help[] = "-h", *argv[] = {(char *)c->name, help, NULL};
    FILE *f = tmpfile();
    int out = fflush(stdout) ? -1 : dup(STDOUT_FILENO), ok = f && out >= 0 && dup2(fileno(f), STDOUT_FILENO) >= 0;
    if (ok) {
        ok = c->run(2, argv) == 0 && fflush(stdout) == 0;
        ok &= dup2(out, STDOUT_FILENO) >= 0;
        l->table = tfb_options_last();
        l->usage = ok ? contents(f) : NULL;
    }
    if (out >= 0) close(out);
    if (f) fclose(f);
    return ok && l->table && l->usage ? 0 : -1;
}

int tfb_cmd_complete(const tfb_command_t *commands, int argc, char **argv)
{
    char empty[] = "";
    line_t l = {.rest = argc > 1 ? argv[argc - 1] : empty, .start = empty};
    const tfb_command_t *c = commands;
    tfb_log_level(-1); /* nobody reads messages while a line is being typed */
    if (!(l.word = malloc((size_t)argc * sizeof *l.word))) return 1;
    if (strcmp(l.rest, "=") == 0) {
        l.rest = empty;
        l.is_value = 1;
    }
    for (int i = 1; i + 1 < argc; i++) {
        int equals = strcmp(argv[i], "=") == 0;
        if (!equals) l.word[l.n++] = argv[i];
        if (i + 2 == argc) l.is_value |= equals;
    }
    while (l.n && c->group && strcmp(c->name, l.word[0])) c++;
    if (l.n == 0)
        offer_commands(&l, commands, 1);
    else if (strcmp(l.word[0], "help") == 0 && l.n == 1)
        offer_commands(&l, commands, 0);
    else if (c->group && ask(c, &l) == 0)
        offer_arguments(&l);
    free(l.usage);
    free(l.word);
    return 0;
}
