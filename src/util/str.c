/* str.c - lists of names, and the nearest name to a misspelt one. */
#include "util/util.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char **tfb_split(const char *s, char sep, int *n)
{
    size_t m = 2;
    for (const char *p = s; *p; p++) m += *p == sep;
    char **v = calloc(m, sizeof *v);
    *n = 0;
    if (!v) return NULL;
    for (;;) {
        const char *e = strchr(s, sep);
        if (!(v[*n] = strndup(s, e ? (size_t)(e - s) : strlen(s)))) {
            tfb_strv_free(v);
            return NULL;
        }
        ++*n;
        if (!e) return v;
        s = e + 1;
    }
}

void tfb_strv_free(char **v)
{
    for (char **p = v; v && *p; p++) free(*p);
    free(v);
}

void tfb_file_part(const char *text, char *part)
{
    int dots = text[strspn(text, ".")] == 0;
    char *p = part;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        *p++ = dots || c == '/' || c < ' ' || c == 127 ? '_' : (char)c;
    }
    if (p == part) *p++ = '_';
    *p = 0;
}

/* Edit distance (optimal string alignment without transpositions), case ignored; names are short. */
static int distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    int n = (int)strlen(a), m = (int)strlen(b), row[MAX + 1];
    if (n > MAX || m > MAX) return MAX;
    for (int j = 0; j <= m; j++) row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diag = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int d = diag + (toupper((unsigned char)a[i - 1]) != toupper((unsigned char)b[j - 1]));
            diag = row[j];
            if (row[j] + 1 < d) d = row[j] + 1;
            if (row[j - 1] + 1 < d) d = row[j - 1] + 1;
            row[j] = d;
        }
    }
    return row[m];
}

int tfb_nearest(const char *s, char *const *names, int n)
{
    int best = -1, least = 1 + (int)strlen(s) / 2; /* further off is another name, not a misspelling */
    for (int i = 0; i < n; i++) {
        int d = distance(s, names[i]);
        if (d < least) least = d, best = i;
    }
    return best;
}
