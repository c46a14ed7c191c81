/* vcf.h - VCF or BCF in, the same out with predictions as INFO tags. Both the program and the bcftools plugin call
 * this. */
#ifndef TFB_VCF_H
#define TFB_VCF_H

#include "genome/assoc.h"
#include "genome/fasta.h"
#include "genome/open.h"
#include "score/effect.h"
#include "score/session.h"

typedef struct {
    tfb_session_opt_t session;    /* tf NULL: the summary; "all" or names: a set of tags per TF */
    const char *in, *out;         /* "-" = standard streams */
    const tfb_assoc_opt_t *table; /* in is a table of variants; NULL: VCF or BCF */
    const char *prefix;           /* of tags: "TFB" */
    int csq;                      /* also write one string with all values, for `bcftools +split-vep` */
    int haplotypes;               /* score each sample's haplotypes too */
    char phase;                   /* how to read unphased genotypes: phased.h */
    tfb_open_opt_t open;          /* path NULL: no OPEN */
    tfb_effect_opt_t effect;      /* which TF is named, what is not written, what is called */
    char check_ref;               /* 'e' error, 'w' warn and leave unannotated, 'x' drop */
    const char *regions, *targets;
    int regions_file, targets_file;       /* -R, -T rather than -r, -t */
    int regions_overlap, targets_overlap; /* -1 = htslib's default */
    const char *filter;                   /* -i or -e expression, NULL = none */
    int exclude, keep_sites;              /* -e; -k: records that fail are kept, unannotated */
    char out_type;                        /* b u z v; 0 = by the name of out, else v */
    int level;                            /* compression, -1 = default */
    int write_index;                      /* 0 no, 1 csi, 2 tbi */
    int no_version;
    tfb_panel_t *panel; /* NULL, or the opened model (of these TFs) and reference, the caller's: for many small files */
    tfb_fasta_t *reference;
    const char *tool;    /* header provenance: "tfbind" or "bcftools_tfbind" */
    const char *command; /* the command line, for the header */
} tfb_vcf_opt_t;

void tfb_vcf_defaults(tfb_vcf_opt_t *o);
/* Parses the value of -O for VCF and BCF. Returns 0, or -1 (logged). */
int tfb_vcf_set_type(const char *s, tfb_vcf_opt_t *o);
/* Annotates a file. Returns 0, or -1 (logged). On failure no output appears, and an existing output and its index stay.
 * If nothing was scored because no contig is in the FASTA, it also returns -1, but writes the whole output. */
int tfb_vcf_annotate(const tfb_vcf_opt_t *o);

#endif
