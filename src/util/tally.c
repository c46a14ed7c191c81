/* tally.c - numbers and texts by section and name. */
#include "util/tally.h"
#include "util/util.h"
#include "util/vec.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add(tfb_tally_t *t, const char *section, const char *name, const char *value, int text)
{
    if (TFB_RESERVE(t->entry, t->m, (int64_t)t->n + 1, "statistics") < 0) {
        t->failed = 1;
        return;
    }
    tfb_tally_entry_t *e = &t->entry[t->n++];
    *e = (tfb_tally_entry_t){strdup(section), strdup(name), strdup(value), text};
    if (!e->section || !e->name || !e->value) t->failed = 1;
}

void tfb_tally_whole(tfb_tally_t *t, const char *section, const char *name, int64_t v)
{
    char value[32];
    snprintf(value, sizeof value, "%" PRId64, v);
    add(t, section, name, value, 0);
}

void tfb_tally_real(tfb_tally_t *t, const char *section, const char *name, double v)
{
    char value[32];
    if (!isfinite(v)) return;
    snprintf(value, sizeof value, "%.4g", v);
    add(t, section, name, value, 0);
}

void tfb_tally_number(tfb_tally_t *t, const char *section, const char *name, const char *v)
{
    add(t, section, name, v, 0);
}

void tfb_tally_text(tfb_tally_t *t, const char *section, const char *name, const char *v)
{
    add(t, section, name, v, 1);
}

void tfb_tally_free(tfb_tally_t *t)
{
    for (int i = 0; i < t->n; i++) {
        free(t->entry[i].section);
        free(t->entry[i].name);
        free(t->entry[i].value);
    }
    free(t->entry);
    *t = (tfb_tally_t){0};
}

/* ---- writing ---- */

/* Writes a string of JSON. Changes s: bytes that are not UTF-8 become '?'. */
static void put_string(FILE *f, char *s)
{
    putc('"', f);
    for (tfb_utf8(s); *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < ' ')
            fprintf(f, "\\u%04x", c);
        else
            putc(c, f);
    }
    putc('"', f);
}

static void write_json(const tfb_tally_t *t, FILE *f)
{
    const char *section = NULL;
    fputs("{", f);
    for (int i = 0; i < t->n; i++) {
        tfb_tally_entry_t *e = &t->entry[i];
        if (!section || strcmp(section, e->section)) {
            fputs(section ? "\n  },\n  " : "\n  ", f);
            section = e->section;
            put_string(f, e->section);
            fputs(": {\n    ", f);
        } else
            fputs(",\n    ", f);
        put_string(f, e->name);
        fputs(": ", f);
        if (e->text)
            put_string(f, e->value);
        else
            fputs(e->value, f);
    }
    fputs(section ? "\n  }\n}\n" : "}\n", f);
}

static void write_table(const tfb_tally_t *t, FILE *f)
{
    fputs("section\tname\tvalue\n", f);
    for (int i = 0; i < t->n; i++) {
        tfb_tally_entry_t *e = &t->entry[i];
        char *part[] = {e->section, e->name, e->value};
        for (int k = 0; k < 3; k++) {
            for (char *p = part[k]; *p; p++)
                if (*p == '\t' || *p == '\n' || *p == '\r') *p = ' ';
            fprintf(f, "%s%c", part[k], k < 2 ? '\t' : '\n');
        }
    }
}

int tfb_tally_write(const tfb_tally_t *t, const char *path)
{
    tfb_out_t *whole;
    if (t->failed) {
        tfb_error("not enough memory for %s", path);
        return -1;
    }
    FILE *f = tfb_out_open(path, &whole);
    if (!f) return -1;
    if (tfb_ends_with_case(path, ".json"))
        write_json(t, f);
    else
        write_table(t, f);
    return tfb_out_close(f, whole, 1);
}
