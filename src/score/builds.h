/* builds.h - compares the genome builds of an input, a FASTA and the models. */
#ifndef TFB_SCORE_BUILDS_H
#define TFB_SCORE_BUILDS_H

#include "genome/build.h"
#include "nn/panel.h"

/* Warns if the builds differ, by the lengths of contigs and by what the models record. input: its name, and on: its
 * build by its header; NULL if it has none. fasta may be NULL. Returns 1 if it warned, else 0. */
int tfb_builds_check(const tfb_panel_t *panel, const tfb_fasta_t *fasta, const char *input, const tfb_build_t *on);

#endif
