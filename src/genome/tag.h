/* tag.h - names of the tags that annotate writes into VCF and BCF, for all code that writes or
 * reads them. */
#ifndef TFB_TAG_H
#define TFB_TAG_H

#include <htslib/kstring.h>

/* Last parts of the names that other commands read. All tags are in annotate/tags.c. */
#define TFB_TAG_TOP   "TOP"
#define TFB_TAG_REF   "REF"
#define TFB_TAG_ALT   "ALT"
#define TFB_TAG_DELTA "DELTA"
#define TFB_TAG_LOR   "LOR"
#define TFB_TAG_PCT   "PCT"
#define TFB_TAG_CALL  "CALL"
#define TFB_TAG_PHRED "PHRED"
#define TFB_TAG_OPEN  "OPEN"

/* Returns a character of a name as written in the tag: one that the VCF specification does not
 * allow in a key becomes _. */
char tfb_tag_char(char c);
/* Sets s to PREFIX[_TF][_SUFFIX]; tf "": a tag of the summary. Returns 0, or -1 on lack of memory (not logged). */
int tfb_tag_name(kstring_t *s, const char *prefix, const char *tf, const char *suffix);

#endif
