/* str.c - lists of names: looks up names, finds the nearest to a misspelt one, and tells which are not safe to print.
 */
#include "util/sort.h"
#include "util/util.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

int tfb_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

const char *tfb_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int tfb_ends_with_case(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcasecmp(s + n - m, suffix) == 0;
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
    char hint[TFB_HINT];
    tfb_error("--%s is %s, not '%s'%s", option, list, s, tfb_did_you_mean(s, (char *const *)words, n, hint));
    return -1;
}

/* Returns the edit distance (optimal string alignment: two swapped letters are one edit),
 * ignoring case. Names are short. */
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
            if (i > 1 && j > 1 && x == toupper((unsigned char)b[j - 2]) && y == toupper((unsigned char)a[i - 2]) &&
                before[j - 2] + 1 < d)
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
    int best = -1, least = 1 + (int)strlen(s) / 2; /* a larger distance is a different name, not a misspelling */
    for (int i = 0; i < n; i++) {
        int d = distance(s, names[i]);
        if (d < least) least = d, best = i;
    }
    return best;
}

const char *tfb_did_you_mean(const char *s, char *const *names, int n, char hint[TFB_HINT])
{
    int near = tfb_nearest(s, names, n);
    *hint = 0;
    if (near >= 0) snprintf(hint, TFB_HINT, "; did you mean %.300s?", names[near]);
    return hint;
}

/* ---- looking up ---- */

static int by_name(const void *a, const void *b)
{
    const tfb_entry_t *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

tfb_entry_t *tfb_index(char *const *names, int n)
{
    tfb_entry_t *e = malloc(((size_t)n + 1) * sizeof *e);
    if (!e) return NULL;
    for (int i = 0; i < n; i++) e[i] = (tfb_entry_t){names[i], i};
    tfb_sort(e, (size_t)n, sizeof *e, by_name);
    return e;
}

int tfb_index_find(const tfb_entry_t *e, int n, const char *name)
{
    int lo = 0, hi = n; /* the first entry not below name lies in [lo, hi] */
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        if (strcmp(e[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && strcmp(e[lo].name, name) == 0 ? e[lo].at : -1;
}

int tfb_index_twice(const tfb_entry_t *e, int n)
{
    for (int i = 1; i < n; i++)
        if (strcmp(e[i - 1].name, e[i].name) == 0) return e[i].at;
    return -1;
}

/* ---- untrusted text ---- */

/* Returns the length of the control character at s: 0 none, 1 ASCII, 2 one of U+0080 to U+009F in UTF-8, which
 * terminals also obey. */
static int control(const char *s)
{
    unsigned char c = (unsigned char)*s, d = c ? (unsigned char)s[1] : 0;
    if ((c && c < 0x20) || c == 0x7f) return 1;
    return c == 0xc2 && d >= 0x80 && d < 0xa0 ? 2 : 0;
}

/* Returns the length of the UTF-8 character at s, 0 if it is not valid: no overlong forms, no surrogates, nothing
 * beyond U+10FFFF. */
static int utf8(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;
    int n = 0;
    if (*c < 0x80) return 1;
    if (*c >= 0xc2 && *c < 0xf5) n = 2 + (*c >= 0xe0) + (*c >= 0xf0);
    for (int k = 1; k < n; k++)
        if ((c[k] & 0xc0) != 0x80) return 0;
    if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] >= 0xa0) || (*c == 0xf0 && c[1] < 0x90) ||
        (*c == 0xf4 && c[1] >= 0x90))
        return 0;
    return n;
}

const char *tfb_name_fault(const char *name)
{
    if (!*name) return "is empty";
    for (const char *s = name; *s; s += utf8(s)) {
        if (control(s)) return "has a control character";
        if (!utf8(s)) return "is not UTF-8";
    }
    return strchr(name, ',') ? "has a comma" : NULL;
}

char *tfb_printable(char *s)
{
    for (char *p = s; *p; p++)
        for (int k = *p == '\t' ? 0 : control(p); k > 0; k--) p[k - 1] = '?';
    return s;
}

char *tfb_utf8(char *s)
{
    for (char *p = s; *p;) {
        int n = utf8(p);
        if (!n) *p = '?';
        p += n ? n : 1;
    }
    return s;
}
