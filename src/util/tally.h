/* tally.h - numbers and texts by section and name, written as JSON or as a table. */
#ifndef TFB_TALLY_H
#define TFB_TALLY_H

#include <stdint.h>

typedef struct {
    char *section, *name, *value;
    int text; /* value is a text, not a number */
} tfb_tally_entry_t;

/* Initialise with zeros. Entries of a section follow each other. */
typedef struct {
    tfb_tally_entry_t *entry;
    int n, m;
    int failed; /* memory ran out */
} tfb_tally_t;

/* Add an entry. They copy their texts. */
void tfb_tally_whole(tfb_tally_t *t, const char *section, const char *name, int64_t v);
/* Adds nothing if v is not finite. */
void tfb_tally_real(tfb_tally_t *t, const char *section, const char *name, double v);
void tfb_tally_text(tfb_tally_t *t, const char *section, const char *name, const char *v);
/* Adds a number that is written as this text. */
void tfb_tally_number(tfb_tally_t *t, const char *section, const char *name, const char *v);
/* Writes a file: JSON, an object for each section, if its name ends in .json, else a table of section, name and value
 * separated by tabs. Returns 0, or -1 (logged). */
int tfb_tally_write(const tfb_tally_t *t, const char *path);
void tfb_tally_free(tfb_tally_t *t);

#endif
