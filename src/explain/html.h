/* html.h - the shared frame of a self-contained page. util/xml.h escapes text.
 *
 * A page contains its style and pictures and loads nothing, so it opens from disk and prints. A few lines of script
 * sort tables of class s; everything else works without them. */
#ifndef TFB_HTML_H
#define TFB_HTML_H

#include <stdio.h>

/* Write a page's beginning (doctype, style, title, heading) and end. */
void tfb_html_begin(FILE *f, const char *title);
void tfb_html_end(FILE *f);
/* Write what a page is about, in a <dl class="facts">: a line, and the last one: the day and the command (may be NULL)
 * that made it. The latter closes the list. */
void tfb_html_fact(FILE *f, const char *what, const char *text);
void tfb_html_made(FILE *f, const char *command);
/* Writes an id that is safe in href="#..." from any text: characters other than letters, digits, - and _
 * become their hex code. */
void tfb_html_id(FILE *f, const char *prefix, const char *text);

#endif
