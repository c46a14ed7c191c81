/* scan_regions.h - the regions of scan: given, in a file, or all contigs. */
#ifndef TFB_SCAN_REGIONS_H
#define TFB_SCAN_REGIONS_H

#include "genome/open.h"
#include "score/session.h"

typedef struct {
    const char *regions, *file; /* both NULL: all contigs */
} tfb_scan_where_t;

typedef struct {
    int tid; /* contig of the FASTA */
    hts_pos_t beg, end;
} tfb_scan_region_t;

/* Makes the list of regions, in the order of the FASTA, merged, and cut to what is open (NULL or path NULL: not cut).
 * Sets *list (to be freed, also on failure) and *n. Returns 0, or -1 (logged). */
int tfb_scan_regions(tfb_session_t *s, const tfb_scan_where_t *o, const tfb_open_opt_t *open, tfb_scan_region_t **list,
                     int *n);

#endif
