/* values.h - what an untrusted VCF or BCF record holds, before htslib is asked for it. */
#ifndef TFB_VALUES_H
#define TFB_VALUES_H

#include <htslib/vcf.h>

/* htslib's getters of numbers end the process if a BCF record holds anything else than numbers under a
 * tag. Checks all INFO and FORMAT values of a record for that; values without a type, BCF's other way to
 * say missing, are as if they were not there. Unpacks the record. 0, or -1 (logged with file and record). */
int tfb_values_check(const char *path, const bcf_hdr_t *hdr, bcf1_t *rec);

#endif
