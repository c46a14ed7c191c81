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

int tfb_word(const char *option, const char *s, const char *const *words, int n)
{
    char list[256];
    size_t len = 0;
    for (int i = 0; i < n; i++)
        if (strcmp(s, words[i]) == 0) return i;
    for (int i = 0; i < n && len < sizeof list; i++) {
        const char *after = i == n - 2 ? " or " : ", ";
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", words[i], i < n - 1 ? after : "");
    }
    int near = tfb_nearest(s, (char *const *)words, n);
    if (near >= 0)
        tfb_error("--%s is %s, not '%s'; did you mean %s?", option, list, s, words[near]);
    else
        tfb_error("--%s is %s, not '%s'", option, list, s);
    return -1;
}

/* Edit distance (optimal string alignment: two swapped letters are one edit), case ignored; names are short. */
static int distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    int n = (int)strlen(a), m = (int)strlen(b), rows[3][MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    if (n > MAX || m > MAX) return MAX;
    for (int j = 0; j <= m; j++) above[j] = j;
    for (int i = 1; i <= n; i++) {
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int x = toupper((unsigned char)a[i - 1]), y = toupper((unsigned char)b[j - 1]);
            int d = above[j - 1] + (x != y);
            if (above[j] + 1 < d) d = above[j] + 1;
            if (row[j - 1] + 1 < d) d = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == toupper((unsigned char)b[j - 2]) && y == toupper((unsigned char)a[i - 2]) && before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            row[j] = d;
        }
        int *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[m];
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
