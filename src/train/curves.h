/* curves.h - learning curves: losses and AUPRC of every epoch and target, as a table (TSV) and a picture (SVG). */
#ifndef TFB_CURVES_H
#define TFB_CURVES_H

/* What is known of a target after an epoch. */
enum { TFB_CURVE_TRAIN, TFB_CURVE_VALID, TFB_CURVE_AUPRC, TFB_CURVE_VALUES };
typedef struct {
    double v[TFB_CURVE_VALUES]; /* training loss, validation loss, validation AUPRC; NaN: not known */
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

/* Returns the name of the picture that belongs to a table, to be freed. NULL on failure (logged): path does not end in
 * .tsv, or lack of memory. */
char *tfb_curves_picture(const char *path);
/* Begins curves without epochs. 0, or -1 (logged); free them in either case. */
int tfb_curves_init(tfb_curves_t *c, const char *path, const char *id, char *const *targets, int n_targets);
void tfb_curves_free(tfb_curves_t *c);
/* Reads epochs 1 to `upto` back from the table of a run that is resumed, and leaves out later ones. Warns if some are
 * missing. 0, or -1 (logged): the table cannot be read, is of another run, or is damaged. */
int tfb_curves_read(tfb_curves_t *c, int upto);
/* Adds an epoch. Returns its n_targets + 1 values, to be set; NULL on lack of memory (logged). */
tfb_curve_t *tfb_curves_add(tfb_curves_t *c, int epoch);
/* Writes both files. Rounds the values of the last epoch as the table has them, so that a resumed run writes the same
 * files. 0, or -1 (logged). */
int tfb_curves_write(tfb_curves_t *c);
/* Writes the picture alone, as an <svg> element. 0, or -1 (logged). */
int tfb_curves_draw(const tfb_curves_t *c);

#endif
