/* tag.c - names of tags. */
#include "genome/tag.h"
#include <ctype.h>
#include <string.h>

char tfb_tag_char(char c) { return isalnum((unsigned char)c) || c == '.' ? c : '_'; }

int tfb_tag_name(kstring_t *s, const char *prefix, const char *tf, const char *suffix)
{
    s->l = 0;
    if (ks_resize(s, strlen(prefix) + strlen(tf) + strlen(suffix) + 3) < 0) return -1;
    kputs(prefix, s);
    if (*tf) kputc('_', s);
    kputs(tf, s);
    if (*suffix) kputc('_', s);
    kputs(suffix, s);
    for (char *p = s->s; *p; p++) *p = tfb_tag_char(*p);
    return 0;
}
