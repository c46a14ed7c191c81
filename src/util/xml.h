/* xml.h - text inside HTML and SVG. */
#ifndef TFB_XML_H
#define TFB_XML_H

#include <stdio.h>

/* Writes text with & < > " ' escaped, fit for element content and quoted attributes; control characters become spaces.
 */
void tfb_xml_put(FILE *f, const char *text);
/* Does the same for the first characters of text, at most `most`. */
void tfb_xml_put_first(FILE *f, const char *text, int most);

#endif
