/* recipe.h - named sets of values for fine-tuning. */
#ifndef TFB_RECIPE_H
#define TFB_RECIPE_H

#include "train/fit.h"

typedef struct {
    const char *name;
    double rate, scratch_rate; /* of a child; of a network from scratch */
    double average;
    int epochs, batch, patience;
    tfb_augment_t augment;
    int head_epochs;       /* of a child only */
    const char *head_from; /* random, auto, motif or the name of a TF */
} tfb_recipe_t;

/* The names; the first is the default. */
enum { TFB_RECIPES = 2 };
extern const char *const tfb_recipe_name[TFB_RECIPES];

/* Sets those members of fit that recipe k (an index of tfb_recipe_name) has. Returns the recipe. */
const tfb_recipe_t *tfb_recipe_apply(int k, int scratch, tfb_fit_opt_t *fit);

#endif
