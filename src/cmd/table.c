/* table.c - parsing a command's options by its table. */
#include "cmd/table.h"
#include "cmd/cmd.h"
#include "util/util.h"
#include <getopt.h>
#include <string.h>

/* ---- what a row does with its value ---- */

static void *field_of(void *args, const tfb_option_t *row) { return (char *)args + row->to; }

int tfb_set_text(void *args, const tfb_option_t *row, const char *value)
{
    *(const char **)field_of(args, row) = value;
    return 0;
}

int tfb_set_names(void *args, const tfb_option_t *row, const char *value)
{
    const char *names = *value == '@' ? tfb_cmd_joined(value) : value;
    *(const char **)field_of(args, row) = names;
    return !names;
}

int tfb_set_flag(void *args, const tfb_option_t *row, const char *value)
{
    (void)value;
    *(int *)field_of(args, row) = 1;
    return 0;
}

int tfb_set_word(void *args, const tfb_option_t *row, const char *value)
{
    int k = tfb_word(row->name, value, row->words, row->n_words);
    if (k >= 0) *(int *)field_of(args, row) = k;
    return k < 0;
}

int tfb_set_int(void *args, const tfb_option_t *row, const char *value)
{
    long v;
    if (tfb_cmd_int(row->name, value, (long)row->lo, (long)row->hi, &v)) return 1;
    *(int *)field_of(args, row) = (int)v;
    return 0;
}

int tfb_set_int64(void *args, const tfb_option_t *row, const char *value)
{
    long v;
    if (tfb_cmd_int(row->name, value, (long)row->lo, (long)row->hi, &v)) return 1;
    *(int64_t *)field_of(args, row) = v;
    return 0;
}

int tfb_set_double(void *args, const tfb_option_t *row, const char *value)
{
    if (row->also) *(int *)((char *)args + row->also) = 1;
    return tfb_cmd_double(row->name, value, row->lo, row->hi, field_of(args, row));
}

int tfb_set_threads(void *args, const tfb_option_t *row, const char *value)
{
    return tfb_cmd_threads(value, field_of(args, row));
}

int tfb_set_verbosity(void *args, const tfb_option_t *row, const char *value)
{
    (void)args;
    (void)row;
    return tfb_cmd_verbosity(value);
}

/* ---- the table ---- */

/* Options without a letter are numbered by row, from here. */
enum { FIRST_ID = 256 };

/* Writes the table in the form of getopt_long. opts: room for TFB_MAX_OPTIONS rows and an end; letters: for 3
 * characters per row. */
static void make_getopt(const tfb_option_t *table, struct option *opts, char *letters)
{
    int n = 0;
    for (; n < TFB_MAX_OPTIONS && table[n].name; n++) {
        const tfb_option_t *row = &table[n];
        opts[n] = (struct option){.name = row->name, .has_arg = row->arg, .val = row->id ? row->id : FIRST_ID + n};
        if (row->id) *letters++ = (char)row->id;
        for (int i = 0; row->id && i < row->arg; i++) *letters++ = ':'; /* one: a value, two: it may have one */
    }
    opts[n] = (struct option){.name = NULL};
    *letters = 0;
}

static int find_row(const tfb_option_t *table, int id)
{
    if (id >= FIRST_ID) return id - FIRST_ID;
    int k = 0;
    while (table[k].id != id) k++;
    return k;
}

int tfb_options_row(const tfb_option_t *table, const char *name)
{
    int k = 0;
    while (strcmp(table[k].name, name)) k++;
    return k;
}

static const tfb_option_t *last_table;

const tfb_option_t *tfb_options_last(void) { return last_table; }

int tfb_options_parse(const tfb_option_t *table, const char *order, void *args, int argc, char **argv, char *given)
{
    struct option opts[TFB_MAX_OPTIONS + 1];
    char letters[3 * TFB_MAX_OPTIONS + 2];
    int c, bad = 0;
    last_table = table;
    strcpy(letters, order);
    make_getopt(table, opts, letters + strlen(letters));
    while ((c = tfb_cmd_getopt(argc, argv, letters, opts)) >= 0) {
        if (c == 'h') return TFB_HELP;
        if (c == '?') {
            bad = 1;
            continue;
        }
        int k = find_row(table, c);
        bad |= table[k].set(args, &table[k], optarg);
        given[k] = !table[k].first_is_default || *(int *)field_of(args, &table[k]);
    }
    return bad;
}

int tfb_cmd_parse(const tfb_option_t *table, void (*usage)(FILE *to), void *args, int argc, char **argv, char *given)
{
    char none[TFB_MAX_OPTIONS];
    int r = tfb_options_parse(table, "", args, argc, argv, given ? given : none);
    if (r == TFB_HELP) usage(stdout);
    return r;
}
