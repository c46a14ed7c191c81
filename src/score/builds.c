/* builds.c - warns of a genome that is another build than the models', or than the input's. */
#include "score/builds.h"
#include "genome/lines.h"
#include "util/util.h"
#include <string.h>

/* Warns that the models' genome is another one than that of a file, unless it is the same. Returns whether it warned.
 */
static int check_models(const tfb_panel_t *panel, const char *file, const tfb_build_t *on)
{
    for (int i = 0; i < tfb_panel_n_models(panel); i++) {
        const tfb_build_t *of = tfb_build_named(tfb_panel_genome(panel, i));
        if (!of || of == on) continue;
        if (strcmp(of->species, on->species) == 0)
            tfb_warn(
                "%s is on %s by its contig lengths, and %s was trained on %s: a window with the same bases has the "
                "same prediction on both, but all files must be on %s",
                file, on->text, tfb_panel_model(panel, i), of->text, on->name);
        else
            tfb_warn("%s is on %s %s by its contig lengths, and %s was trained on %s %s: predictions for another "
                     "species were not measured",
                     file, on->species, on->text, tfb_panel_model(panel, i), of->species, of->text);
        return 1;
    }
    return 0;
}

int tfb_builds_check(const tfb_panel_t *panel, const tfb_fasta_t *fasta, const char *input, const tfb_build_t *on)
{
    const tfb_build_t *of_fasta = tfb_build_of_fasta(fasta);
    if (on && of_fasta && on != of_fasta) {
        tfb_warn("%s is on %s and %s on %s, by their contig lengths: use the FASTA of the input's build, or lift the "
                 "input",
                 tfb_input_name(input), on->text, tfb_fasta_path(fasta), of_fasta->text);
        return 1;
    }
    if (of_fasta) return check_models(panel, tfb_fasta_path(fasta), of_fasta);
    return on ? check_models(panel, tfb_input_name(input), on) : 0;
}
