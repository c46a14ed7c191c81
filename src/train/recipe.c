/* recipe.c - named sets of values for fine-tuning, one table row each. */
#include "train/recipe.h"

const char *const tfb_recipe_name[TFB_RECIPES] = {"default", "published"};

static const tfb_recipe_t recipes[TFB_RECIPES] = {
    /* chosen on chr20, with 50 to 5000 bound regions of five TFs that the parent had not learnt */
    {.name = "default",
     .rate = 0.003,
     .scratch_rate = 0.003,
     .epochs = 30,
     .batch = 32,
     .patience = 8,
     .average = 0.9,
     .augment = {.shift = 10},
     .head_epochs = 2,
     .head_from = "auto"},
    /* Novakovsky et al. 2021 */
    {.name = "published", .rate = 0.0003, .scratch_rate = 0.003, .epochs = 10, .batch = 100, .head_from = "random"},
};

const tfb_recipe_t *tfb_recipe_apply(int k, int scratch, tfb_fit_opt_t *fit)
{
    const tfb_recipe_t *r = &recipes[k];
    fit->rate = scratch ? r->scratch_rate : r->rate;
    fit->average = r->average;
    fit->epochs = r->epochs;
    fit->batch = r->batch;
    fit->patience = r->patience;
    fit->augment = r->augment;
    fit->head_epochs = scratch ? 0 : r->head_epochs;
    return r;
}
