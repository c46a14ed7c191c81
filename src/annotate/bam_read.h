/* bam_read.h - the records of SAM, BAM or CRAM, checked. */
#ifndef TFB_BAM_READ_H
#define TFB_BAM_READ_H

#include "annotate/bam.h"
#include <htslib/sam.h>
#include <htslib/thread_pool.h>

typedef struct {
    const char *path, *name; /* name: for messages */
    htsFile *file;
    sam_hdr_t *hdr;
    htsThreadPool io; /* its pool is NULL if there are no spare threads */
    int64_t n;        /* records read */
    int64_t size;     /* bytes of the file; 0: unknown */
} tfb_bam_in_t;

/* Opens o->in and reads its header. in is zeroed and is to be closed in any case. Returns 0, or
 * -1 (logged). */
int tfb_bam_open(tfb_bam_in_t *in, const tfb_bam_opt_t *o);
void tfb_bam_close(tfb_bam_in_t *in);

/* Reads the next record. Returns 1, 0 at the end, or -1 (logged) if the file is truncated or the
 * record malformed. */
int tfb_bam_next(tfb_bam_in_t *in, bam1_t *b);

/* Returns how much of the file has been read, from 0 to 1; -1 if that is unknown (a pipe, CRAM, or text). */
double tfb_bam_fraction(const tfb_bam_in_t *in);

/* Sets [*beg, *end) to the fragment that the record and its mate agree on. Returns 1, or 0 and
 * leaves both as they are if there is none within the contig and of a credible length. */
int tfb_bam_fragment(const tfb_bam_in_t *in, const bam1_core_t *c, hts_pos_t *beg, hts_pos_t *end);

/* Returns the FASTA that CRAM is read and written with, or NULL (logged) if it does not match
 * its index. */
const char *tfb_bam_reference(const tfb_bam_opt_t *o);

/* Returns a copy of s with _ for every character that SAM does not allow, or NULL on lack of memory. Names are
 * untrusted. */
char *tfb_bam_printable(const char *s);

#endif
