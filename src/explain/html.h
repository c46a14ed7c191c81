/* html.h - the shared frame of a self-contained page. util/xml.h escapes text.
 *
 * A page contains its style and pictures. It loads nothing and runs no script, so it opens from disk and
 * prints. */
#ifndef TFB_HTML_H
#define TFB_HTML_H

#include <stdio.h>

/* Write a page's beginning (doctype, style, title, heading) and end (a line on how it was made; command
 * may be NULL). */
void tfb_html_begin(FILE *f, const char *title);
void tfb_html_end(FILE *f, const char *command);
/* Writes an id that is safe in href="#..." from any text: characters other than letters, digits, - and _
 * become their hex code. */
void tfb_html_id(FILE *f, const char *prefix, const char *text);

#endif
