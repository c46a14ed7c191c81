/* curves.h - learning curves: losses and AUPRC of every epoch and target, as a table (TSV) and a picture (SVG). */
#ifndef TFB_CURVES_H
#define TFB_CURVES_H

/* Values of a target after an epoch. */
enum { TFB_CURVE_TRAIN, TFB_CURVE_VALID, TFB_CURVE_AUPRC, TFB_CURVE_VALUES };
typedef struct {
    double v[TFB_CURVE_VALUES]; /* training loss, validation loss, validation AUPRC; NaN: unknown */
} tfb_curve_t;

typedef struct {
    const char *path;     /* of the table, FILE.tsv: not owned */
    char *svg;            /* of the picture, FILE.svg */
    const char *id;       /* of the run (tfb_run_id): not owned */
    char *const *targets; /* not owned */
    int n_targets;
    int n, m_epoch, m_value; /* epochs; room */
    int *epoch;              /* (n): their numbers, from 1, rising */
    tfb_curve_t *value;      /* (n, n_targets + 1): the targets, then their mean */
} tfb_curves_t;

/* Returns the name of the picture of a table, to be freed. NULL if path does not end in .tsv or on lack of memory
 * (logged). */
char *tfb_curves_picture(const char *path);
/* Initialises curves without epochs. 0, or -1 (logged). Call tfb_curves_free() in either case. */
int tfb_curves_init(tfb_curves_t *c, const char *path, const char *id, char *const *targets, int n_targets);
void tfb_curves_free(tfb_curves_t *c);
/* Reads epochs 1 to `upto` from the table of a run that is resumed, and skips later ones. Warns if some are missing. 0,
 * or -1 (logged) if the table cannot be read, is damaged or belongs to a different run. */
int tfb_curves_read(tfb_curves_t *c, int upto);
/* Adds an epoch. Returns its n_targets + 1 values for the caller to set. NULL on lack of memory (logged). */
tfb_curve_t *tfb_curves_add(tfb_curves_t *c, int epoch);
/* Writes both files. Rounds the values of the last epoch to the digits of the table, so that a resumed run writes the
 * same files. 0, or -1 (logged). */
int tfb_curves_write(tfb_curves_t *c);
/* Writes only the picture, as an <svg> element. 0, or -1 (logged). */
int tfb_curves_draw(const tfb_curves_t *c);

#endif
