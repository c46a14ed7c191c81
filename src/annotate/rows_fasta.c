/* rows_fasta.c - reads FASTA and writes a table, one row per sequence. */
#include "annotate/rows_parts.h"
#include "genome/alleles.h"
#include "genome/base.h"

static int sequence_window(tfb_rows_t *a, hts_pos_t lo)
{
    uint8_t *c = tfb_windows_next(&a->win);
    if (!c) return -1;
    tfb_encode(a->seq.s + lo, (size_t)a->W, c);
    return tfb_rows_keep(a, c);
}

static int run_fasta(tfb_rows_t *a)
{
    int got;
    tfb_rows_say(a, "name");
    tfb_rows_columns(a);
    while ((got = tfb_sequences_next(&a->in, &a->name, &a->seq, "; annotate takes windows, scan takes genomes")) > 0) {
        int first = a->win.n, why = TFB_ALLELE_MANY_N;
        if (a->o->tile && a->seq.l > (size_t)a->W)
            why = tfb_rows_tile(a, 0, (hts_pos_t)a->seq.l, sequence_window, &first);
        else if (a->seq.l > 0) {
            uint8_t *c = tfb_windows_next(&a->win);
            if (!c) return -1;
            tfb_sequence_middle(&a->seq, a->W, c);
            why = tfb_rows_keep(a, c);
        }
        if (why < 0 || tfb_rows_add(a, a->name.s, a->name.l, first, why) < 0) return -1;
    }
    return got < 0 ? -1 : tfb_rows_flush(a, a->win.n);
}

int tfb_rows_fasta(const tfb_rows_opt_t *o) { return tfb_rows_run(o, 0, run_fasta); }
