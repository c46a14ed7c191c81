/* output.h - outputs that htslib writes. */
#ifndef TFB_OUTPUT_H
#define TFB_OUTPUT_H

#include "util/util.h"
#include <htslib/bgzf.h>
#include <htslib/hts.h>

/* Opens an output for htslib to write; o was begun by tfb_out_begin, out is its name. Returns
 * NULL on failure (logged). Close it before tfb_out_end. */
htsFile *tfb_out_hts(tfb_out_t *o, const char *out, const char *mode);
BGZF *tfb_out_bgzf(tfb_out_t *o, const char *out, const char *mode);

#endif
