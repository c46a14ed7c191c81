/* values.h - checks the values of an untrusted VCF or BCF record before htslib reads them. */
#ifndef TFB_VALUES_H
#define TFB_VALUES_H

#include <htslib/vcf.h>

/* Checks all INFO and FORMAT values of a record: htslib's getters of numbers end the process if
 * a BCF record holds anything other than numbers under a tag. Values without a type, BCF's other
 * way to encode missing, count as absent. Unpacks the record. Returns 0, or -1 (logged with file
 * and record). */
int tfb_values_check(const char *path, const bcf_hdr_t *hdr, bcf1_t *rec);

#endif
