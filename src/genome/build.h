/* build.h - which genome build a file is on, by the lengths of its contigs.
 *
 * Chromosomes have different lengths in every build, so one of them is enough, whatever its name is. */
#ifndef TFB_BUILD_H
#define TFB_BUILD_H

#include "genome/fasta.h"
#include <htslib/kstring.h>
#include <htslib/sam.h>
#include <htslib/vcf.h>

enum { TFB_BUILDS = 5, TFB_BUILD_CHROMS = 24 };

typedef struct {
    const char *name, *ucsc, *species; /* "GRCh38", "hg38", "human" */
    const char *text;                  /* for messages: "GRCh38 (hg38)" */
    const char *ensembl;               /* address of Ensembl's pages of the species; NULL: it has none */
    int64_t length[TFB_BUILD_CHROMS];  /* of chromosomes 1, 2, ..., X and Y; 0: no more */
} tfb_build_t;

extern const tfb_build_t tfb_builds[TFB_BUILDS];

/* Returns the build that a text names, such as "hg38", "GRCh38.p14" or "hg38.fa"; NULL if none. */
const tfb_build_t *tfb_build_named(const char *text);
/* Return the build that most contigs of a file have the lengths of; NULL if none has, or if two builds have as many. f
 * may be NULL. */
const tfb_build_t *tfb_build_of_fasta(const tfb_fasta_t *f);
const tfb_build_t *tfb_build_of_vcf(const bcf_hdr_t *hdr);
const tfb_build_t *tfb_build_of_bam(const sam_hdr_t *hdr);
/* Appends the name of a chromosome as UCSC writes it ("chr7", "chrM") or, with chr 0, as Ensembl does ("7", "MT").
 * Returns 0, or -1 if contig is not the name of a chromosome of the build, or if memory runs out. */
int tfb_build_chrom(const tfb_build_t *b, const char *contig, int chr, kstring_t *s);

#endif
