/* scan_snvs.h - all SNVs of regions, with the tags that annotate would write. */
#ifndef TFB_SCAN_SNVS_H
#define TFB_SCAN_SNVS_H

#include "annotate/scan_regions.h"
#include "annotate/vcf.h"

typedef struct {
    tfb_vcf_opt_t vcf;      /* tags and output; out_type 't': a table */
    tfb_scan_where_t where; /* vcf.open limits nothing: it is a tag */
} tfb_scan_snvs_opt_t;

/* Writes the three SNVs of each base of the regions, sorted, as VCF or BCF without samples or as a table. Bases that
 * are not A, C, G, T, or whose window reaches beyond the contig or has more than max_n Ns, are left out and counted.
 * Memory does not grow with the regions. Returns 0, or -1 (logged; no file is left). */
int tfb_scan_snvs(const tfb_scan_snvs_opt_t *o);

#endif
