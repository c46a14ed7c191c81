/* hub.h - files that show bigWigs of one folder together: a UCSC track hub and an IGV session. */
#ifndef TFB_HUB_H
#define TFB_HUB_H

typedef struct {
    const char *hub, *igv; /* files to write; NULL: none */
    const char *genome;    /* UCSC's name of the build; for IGV alone, a FASTA will do */
    const char *about;     /* one line: how the tracks were made */
    char *const *path;     /* (n) the bigWigs */
    const char *const *tf; /* (n) their TFs */
    int n;
    struct tfb_out_t *out[2]; /* of hub and igv, set by tfb_hub_write */
    int from_0_to_1;          /* the range of all values; 0: not known */
} tfb_hub_t;

/* Checks that the files can be written later and lie in the folder of the bigWigs, to which their names are relative.
 * Returns 0, or -1 (logged). */
int tfb_hub_check(const tfb_hub_t *h);
/* Writes the files completely, but not yet in place. Returns 0, or -1 (logged). */
int tfb_hub_write(tfb_hub_t *h);
/* Puts the files in place, or removes them if keep is 0. Returns 0, or -1 (logged); always -1 if keep is 0. */
int tfb_hub_end(tfb_hub_t *h, int keep);

#endif
