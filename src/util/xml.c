/* xml.c - escaping. */
#include "util/xml.h"
#include <limits.h>

static const char *entity(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return c < 32 || c == 127 ? " " : NULL;
    }
}

void tfb_xml_put_first(FILE *f, const char *text, int most)
{
    int n = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c & 0xc0) != 0x80 && n++ == most) return; /* the next character, in UTF-8 */
        const char *e = entity(c);
        if (e)
            fputs(e, f);
        else
            fputc(c, f);
    }
}

void tfb_xml_put(FILE *f, const char *text) { tfb_xml_put_first(f, text, INT_MAX); }
