/* origin.c - reads "(model NAME DIGEST; ...)" of a Description. Names of files are untrusted and may contain any of
 * these characters. */
#include "genome/origin.h"
#include "util/util.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST = 12 }; /* letters of a digest in headers */

/* Returns whether text[0, n) ends with a space and a digest. */
static int is_model(const char *text, size_t n)
{
    if (n < DIGEST + 2 || text[n - DIGEST - 1] != ' ') return 0;
    for (size_t i = n - DIGEST; i < n; i++)
        if (!isdigit((unsigned char)text[i]) && !(text[i] >= 'a' && text[i] <= 'f')) return 0;
    return 1;
}

/* Appends part[0, n) to a list that has room for it. */
static void append(char *list, const char *separator, const char *part, size_t n)
{
    if (*list) strcat(list, separator);
    strncat(list, part, n);
}

static int read_parts(tfb_origin_t *o, const char *text, size_t n)
{
    size_t room = 2 * n + 1;
    if (!(o->models = calloc(room, 1)) || !(o->digests = calloc(room, 1)) || !(o->options = calloc(room, 1))) return -1;
    for (const char *p = text, *end = text + n; p < end;) {
        const char *q = p;
        while (q < end && !(q[0] == ';' && q + 1 < end && q[1] == ' ')) q++;
        size_t len = (size_t)(q - p);
        if (is_model(p, len)) {
            append(o->models, "; ", p, len);
            append(o->digests, " ", q - DIGEST, DIGEST);
        } else if (len > 2 && p[0] == '-' && p[1] == '-')
            append(o->options, "; ", p, len);
        p = q < end ? q + 2 : end;
    }
    return 0;
}

/* Reads a Description, quoted or not. */
static int read_description(tfb_origin_t *o, const char *text)
{
    const char *at = NULL;
    if (*text == '"') text++;
    for (const char *p = text; (p = strstr(p, "(model ")); p++) at = p;
    size_t n = at ? (size_t)(at - text) : strlen(text);
    while (n && strchr(" \"", text[n - 1])) n--;
    if (!(o->meaning = strndup(text, n))) return -1;
    const char *end = at ? strrchr(at, ')') : NULL;
    return end ? read_parts(o, at + 7, (size_t)(end - at - 7)) : read_parts(o, "", 0);
}

static int finish(tfb_origin_t *o, int status)
{
    if (status == 0) return 0;
    tfb_origin_free(o);
    tfb_error("not enough memory for a header line");
    return -1;
}

int tfb_origin_read(const bcf_hdr_t *hdr, const char *tag, tfb_origin_t *o)
{
    bcf_hrec_t *line = bcf_hdr_get_hrec(hdr, BCF_HL_INFO, "ID", tag, NULL);
    int k = line ? bcf_hrec_find_key(line, "Description") : -1;
    *o = (tfb_origin_t){0};
    return finish(o, read_description(o, k < 0 ? "" : line->vals[k]));
}

int tfb_origin_parse(const char *models, tfb_origin_t *o)
{
    *o = (tfb_origin_t){.meaning = calloc(1, 1)};
    return finish(o, o->meaning ? read_parts(o, models, strlen(models)) : -1);
}

void tfb_origin_free(tfb_origin_t *o)
{
    free(o->models);
    free(o->digests);
    free(o->options);
    free(o->meaning);
    *o = (tfb_origin_t){0};
}
