/* runstats.h - what a run did, for --stats: counts, reasons, calls by TF, models, version, seconds. */
#ifndef TFB_RUNSTATS_H
#define TFB_RUNSTATS_H

#include "score/session.h"
#include "util/tally.h"

/* Counts by TF. TOP: it changes most; SITES: windows with at least its threshold's probability. */
typedef enum {
    TFB_COUNT_TOP,
    TFB_COUNT_GAIN,
    TFB_COUNT_LOSS,
    TFB_COUNT_CHANGE,
    TFB_COUNT_SITES,
    TFB_COUNTS
} tfb_count_t;

/* Initialise with zeros. Without a path all calls do nothing. */
typedef struct {
    const char *path;
    double began;
    const tfb_panel_t *panel;
    tfb_tally_t tally;      /* of the command: counts and whatever else it adds */
    int64_t *n[TFB_COUNTS]; /* (T) */
    float *least;           /* (T) logits of the thresholds; NaN: none */
} tfb_runstats_t;

/* Begins. path: of --stats, or NULL. out: the run's output, if the command has not claimed it itself. Returns 0, or -1
 * (logged), also if both are one file. */
int tfb_runstats_begin(tfb_runstats_t *s, const char *path, const char *out);
/* Makes room for counts by TF. Returns 0, or -1 (logged). */
int tfb_runstats_open(tfb_runstats_t *s, const tfb_panel_t *panel);
static inline void tfb_runstats_count(tfb_runstats_t *s, tfb_count_t what, int t)
{
    if (s->panel) s->n[what][t]++;
}
/* Counts a call of tfb_effect_call; NULL: none. */
void tfb_runstats_call(tfb_runstats_t *s, int t, const char *call);
/* Counts the sites of a window by its logits (T). */
void tfb_runstats_window(tfb_runstats_t *s, const float *z);
/* Add to the tally: a count of the command; the reasons why things were not scored. */
void tfb_runstats_add(tfb_runstats_t *s, const char *name, int64_t n);
void tfb_runstats_reasons(tfb_runstats_t *s, const tfb_reasons_t *r);
/* Writes the file. in: the input. Returns 0, or -1 (logged). */
int tfb_runstats_write(tfb_runstats_t *s, const char *command, const char *in, const tfb_session_opt_t *o);
void tfb_runstats_free(tfb_runstats_t *s);

#endif
