/* tables.h - a table of variants in, a sorted VCF or BCF out. */
#ifndef TFB_TABLES_H
#define TFB_TABLES_H

#include "annotate/vcf.h"

/* Converts out->in with the options of out->table: the output's part of out is used. Returns 0, or -1 (logged; no
 * output appears). */
int tfb_tables_convert(const tfb_vcf_opt_t *out);

#endif
