/* finetune.h - fine-tuning as a function, for finetune and learn. */
#ifndef TFB_FINETUNE_H
#define TFB_FINETUNE_H

#include "cmd/training.h"
#include "train/transfer.h"

typedef struct {
    tfb_training_t t;
    const char *from, *parents; /* the file of the parent, or a list to choose it from */
    const char *target;         /* names, see tfb_cmd_list */
    const char *freeze, *recipe;
    const char *head_from;             /* random, auto, motif or a TF */
    const char *motifs;                /* MEME file, or NULL */
    const char *groups, *group_column; /* binding modes for head_from auto, or NULL */
    int relate, tries;                 /* report the choice of sources; parents to try */
    int cv;                            /* folds; 0: none */
    int unbalanced, scratch;
    tfb_leak_t leak;
    /* Adds to the model before it is written; NULL: nothing. 0, or -1 (logged). */
    int (*describe)(void *arg, tfb_model_t *m, const tfb_examples_t *ex, const uint8_t *part);
    void *arg;
} tfb_finetune_t;

/* Sets the values of the recipe called name, for a child or a network from scratch. 0, or -1 if the name is unknown
 * (logged). */
int tfb_finetune_recipe(tfb_finetune_t *a, const char *name, int scratch);
/* Trains and writes the model. argv: recorded. 0, or -1 (logged). */
int tfb_finetune(tfb_finetune_t *a, int argc, char **argv);

#endif
