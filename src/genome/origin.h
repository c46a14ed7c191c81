/* origin.h - which model wrote a tag, and with which options, as recorded in the Description of the tag's header line.
 *
 * annotate closes a Description with "(model NAME DIGEST)", with several models "(model NAME DIGEST; NAME DIGEST)", and
 * adds options that change what the values mean, "(model NAME DIGEST; --strand fwd)". Values are comparable only if
 * digests and options are the same; names of files do not matter. */
#ifndef TFB_ORIGIN_H
#define TFB_ORIGIN_H

#include <htslib/vcf.h>

typedef struct {
    char *models;  /* "NAME DIGEST; NAME DIGEST", as in the header */
    char *digests; /* of these models, in order; "": the header names no model */
    char *options; /* "--strand fwd; --min-percentile 99"; "": none */
    char *meaning; /* the Description before "(model" */
} tfb_origin_t;

/* Reads the line of INFO/tag. All fields are empty if the tag is not declared. Returns 0, or -1
 * on lack of memory (logged). Free with tfb_origin_free. */
int tfb_origin_read(const bcf_hdr_t *hdr, const char *tag, tfb_origin_t *o);
/* Reads "NAME DIGEST; NAME DIGEST", as tfb_panel_source gives it. Returns the same as
 * tfb_origin_read. */
int tfb_origin_parse(const char *models, tfb_origin_t *o);
void tfb_origin_free(tfb_origin_t *o);
/* Returns whether the header names a model. */
static inline int tfb_origin_known(const tfb_origin_t *o) { return *o->digests != 0; }

#endif
