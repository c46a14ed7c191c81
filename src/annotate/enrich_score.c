/* enrich_score.c - changes of probability from the alleles of variants. */
#include "annotate/enrich_parts.h"
#include "util/progress.h"
#include "util/sort.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 1024 };

/* Makes the windows of k variants. Returns 0, or -1 (logged). */
static int add_windows(study_t *a, tfb_variants_t *maker, const variant_t *v, int k, tfb_alt_t *place)
{
    tfb_variants_clear(maker);
    for (int j = 0; j < k; j++) {
        const char *contig = a->set.contigs[v[j].contig];
        place[j] = TFB_NO_ALT;
        if (v[j].stratum < 0) continue;
        int r = tfb_variant_add(maker, contig, v[j].pos, v[j].ref, v[j].alt, &place[j]);
        if (r < 0) return -1;
        if (r == TFB_ALLELE_MISMATCH) tfb_enrich_mismatch(&a->s, contig, v[j].pos, v[j].ref, maker);
        tfb_reasons_count(&a->s.reasons, r, NULL);
    }
    return 0;
}

/* Keeps the changes of probability of a variant from the logits of its alleles, unless they are not
 * finite. Returns 0, or -1 (logged). */
static int keep_changes(study_t *a, variant_t *v, const float *z_ref, const float *z_alt)
{
    int finite = 1;
    if (!(v->v = malloc((size_t)a->s.T * sizeof *v->v))) {
        tfb_error("not enough memory for %" PRId64 " variants", a->set.n);
        return -1;
    }
    for (int t = 0; t < a->s.T; t++) {
        v->v[t] = tfb_sigmoid(z_alt[t]) - tfb_sigmoid(z_ref[t]);
        finite &= isfinite(v->v[t]) != 0;
    }
    if (finite) return 0;
    if (a->set.n_not_finite++ == 0)
        tfb_warn("%s:%" PRId64 ": the model's score is not finite; such variants are left out and counted",
                 a->set.contigs[v->contig], (int64_t)v->pos + 1);
    free(v->v);
    v->v = NULL;
    return 0;
}

int tfb_enrich_score(study_t *a)
{
    int ret = -1;
    tfb_alt_t place[BATCH];
    tfb_windows_t win = {.W = a->s.W, .T = a->s.T};
    tfb_variants_t maker = {.fasta = a->s.fasta, .win = &win, .max_n = a->o->session.max_n};
    tfb_sort(a->set.var, (size_t)a->set.n, sizeof *a->set.var, tfb_set_by_place);
    tfb_progress_begin("variants scored", a->o->out);
    for (int64_t i = 0; i < a->set.n; i += BATCH) {
        if (tfb_progress_due())
            tfb_progress(i, (double)i / (double)a->set.n, a->set.contigs[a->set.var[i].contig], a->set.var[i].pos);
        int k = (int)(a->set.n - i < BATCH ? a->set.n - i : BATCH);
        variant_t *v = a->set.var + i;
        if (add_windows(a, &maker, v, k, place) < 0 || tfb_windows_score(&win, a->s.panel, a->o->session.strand) < 0)
            goto done;
        for (int j = 0; j < k; j++)
            if (place[j].alt >= 0 &&
                keep_changes(a, &v[j], tfb_windows_z(&win, place[j].ref), tfb_windows_z(&win, place[j].alt)) < 0)
                goto done;
    }
    ret = 0;
done:
    tfb_progress_end();
    tfb_windows_free(&win);
    return ret;
}
