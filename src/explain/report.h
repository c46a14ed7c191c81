/* report.h - writes a page about an annotated VCF in one pass. Memory does not grow with the file. */
#ifndef TFB_REPORT_H
#define TFB_REPORT_H

#include "genome/expressed.h"
#include "genome/fasta.h"
#include "genome/meme.h"
#include "genome/open.h"
#include "nn/panel.h"
#include <stdio.h>

typedef struct {
    const char *in, *prefix;       /* "-" = standard input; prefix of the tags: "TFB" */
    int n_top, n_figures;          /* variants listed; how many of them get figures (needs panel and fasta) */
    double delta;                  /* changes of at least this count as gains and losses */
    int by_phred;                  /* list the variants with the highest PHRED rather than the largest delta */
    tfb_open_opt_t open;           /* only ALTs that change bases in open chromatin; path NULL: all */
    tfb_expressed_opt_t expressed; /* only TFs that the cell has; path NULL: all */
    const char *track;             /* BED file of gains and losses to write; NULL: none */
    const char *genome;            /* build of the positions, for links; NULL: by the lengths of contigs */
    const char *title, *command;
    tfb_panel_t *panel; /* or NULL: no figures */
    tfb_fasta_t *fasta;
    const tfb_motifs_t *db; /* for the figures' best match, or NULL */
    int threads;            /* that draw figures; they do not change the page */
} tfb_report_opt_t;

/* Writes the page. Returns 0, or -1 (logged). */
int tfb_report(const tfb_report_opt_t *o, FILE *out);

#endif
