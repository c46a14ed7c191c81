/* lib.c - the public library (include/tfbind.h) over score.
 *
 * Every function that can fail starts with begin() and returns through end(). In between, what this thread logs becomes
 * its message instead of being printed, and numbers are read and written in the C locale, as the host's locale may use
 * a decimal comma. */
#include "config.h"
#include "genome/base.h"
#include "score/variant.h"
#include "tfbind.h"
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

enum { WINDOWS = 1024 }; /* alleles scored at a time, which limits a scorer's buffers */

struct tfbind_model_t {
    tfb_panel_t *panel; /* read only: scorers fork it */
};

struct tfbind_scorer_t {
    tfb_panel_t *panel;
    tfb_fasta_t *fasta;
    int max_n;
    tfb_strand_t strand;
    tfb_windows_t win; /* of the current variants or texts */
};

/* the public status codes are those of genome, in the same order */
_Static_assert((int)TFBIND_SYMBOLIC == (int)TFB_ALLELE_SYMBOLIC &&
                   (int)TFBIND_REF_MISMATCH == (int)TFB_ALLELE_MISMATCH && (int)TFBIND_SAME == (int)TFB_ALLELE_SAME &&
                   (int)TFBIND_SAME + 1 == (int)TFB_ALLELE_REASONS && (int)TFBIND_EDGE == (int)TFB_ALLELE_EDGE,
               "tfbind_status_t is tfb_allele_t");
_Static_assert((int)TFBIND_STRAND_FWD == (int)TFB_STRAND_FWD && (int)TFBIND_STRAND_REV == (int)TFB_STRAND_REV,
               "tfbind_strand_t is tfb_strand_t");

static _Thread_local char message[1024];
static _Thread_local locale_t ours, theirs; /* between begin() and end() */
static int log_level = -1;

static void begin(void)
{
    message[0] = 0;
    ours = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    theirs = uselocale(ours); /* for this thread only; 0 (lack of memory) changes nothing */
    tfb_log_keep(message, sizeof message, log_level);
    errno = 0;
}

/* Ends what begin() began and returns code. errno tells of lack of memory at any level below. */
static int end(int code)
{
    if (code == TFBIND_E_FILE && errno == ENOMEM) code = TFBIND_E_MEMORY;
    if (code != TFBIND_OK && !message[0]) tfb_error(code == TFBIND_E_MEMORY ? "not enough memory" : "failed");
    tfb_log_keep(NULL, 0, 0);
    uselocale(theirs);
    if (ours) freelocale(ours);
    return code;
}

static int argument(const char *what)
{
    tfb_error("%s", what);
    return end(TFBIND_E_ARGUMENT);
}

/* Returns why scoring failed: lack of memory, or a model file that gives scores that are not finite. */
static int scoring(void) { return errno == ENOMEM ? TFBIND_E_MEMORY : TFBIND_E_FILE; }

API const char *tfbind_version(void) { return PACKAGE_VERSION; }
API const char *tfbind_message(void) { return message; }
API void tfbind_log_level(int level) { log_level = level; }
API float tfbind_probability(float z) { return tfb_sigmoid(z); }
API const char *tfbind_status_text(int s)
{
    return s >= 0 && s <= TFBIND_SAME ? tfb_allele_reason((tfb_allele_t)s) : NULL;
}

/* ---- models ---- */

/* the public precisions are those of kernels, in the same order */
_Static_assert((int)TFBIND_BFLOAT16 == (int)TFB_BFLOAT16 && (int)TFBIND_INT8 == (int)TFB_INT8 &&
                   (int)TFBIND_INT8 + 1 == (int)TFB_N_PRECISIONS,
               "tfbind_precision_t is tfb_precision_t");

/* Returns why a model did not open: a name if it opens without the names, else the file. */
static int opening(const char *paths, const char *targets, tfb_precision_t precision)
{
    if (errno == ENOMEM) return TFBIND_E_MEMORY;
    if (!targets) return TFBIND_E_FILE;
    char kept[sizeof message];
    memcpy(kept, message, sizeof kept);
    tfb_log_keep(message, sizeof message, -1);
    tfb_panel_t *all = tfb_panel_open_as(paths, "all", precision, NULL);
    int code = all ? TFBIND_E_TARGET : TFBIND_E_FILE;
    tfb_panel_close(all);
    memcpy(message, kept, sizeof kept);
    return code;
}

API int tfbind_model_open_as(tfbind_model_t **model, const char *paths, const char *targets,
                             tfbind_precision_t precision)
{
    const tfb_precision_t as = (tfb_precision_t)precision;
    begin();
    if (model) *model = NULL;
    if (!model || (paths && !*paths)) return argument("tfbind_model_open: model is NULL, or paths is empty");
    if ((int)as < 0 || (int)as >= TFB_N_PRECISIONS) return argument("tfbind_model_open_as: unknown precision");
    if (as != TFB_FLOAT32 && !tfb_precision_find(as)) return end(TFBIND_E_PROCESSOR);
    tfbind_model_t *m = calloc(1, sizeof *m);
    if (!m) return end(TFBIND_E_MEMORY);
    m->panel = tfb_panel_open_as(paths, targets ? targets : "all", as, NULL);
    if (m->panel) {
        *model = m;
        return end(TFBIND_OK);
    }
    int code = opening(paths, targets, as);
    free(m);
    return end(code);
}

API int tfbind_model_open(tfbind_model_t **model, const char *paths, const char *targets)
{
    return tfbind_model_open_as(model, paths, targets, TFBIND_FLOAT32);
}

API void tfbind_model_close(tfbind_model_t *m)
{
    if (!m) return;
    tfb_panel_close(m->panel);
    free(m);
}

API int tfbind_model_window(const tfbind_model_t *m) { return tfb_panel_window(m->panel); }
API int tfbind_model_n_targets(const tfbind_model_t *m) { return tfb_panel_n_targets(m->panel); }
API const char *tfbind_model_target(const tfbind_model_t *m, int t)
{
    return t >= 0 && t < tfb_panel_n_targets(m->panel) ? tfb_panel_target(m->panel, t) : NULL;
}

API double tfbind_phred(const tfbind_model_t *m, const float *ref_z, const float *alt_z)
{
    return tfb_panel_phred(m->panel, ref_z, alt_z);
}

/* ---- scorers ---- */

API int tfbind_scorer_open(tfbind_scorer_t **scorer, const tfbind_model_t *model, const char *fasta)
{
    begin();
    if (scorer) *scorer = NULL;
    if (!scorer || !model) return argument("tfbind_scorer_open: scorer and model must not be NULL");
    if (fasta && access(fasta, R_OK) < 0) { /* before htslib prints its own message */
        tfb_error("cannot open reference %s: %s", fasta, strerror(errno));
        return end(TFBIND_E_FILE);
    }
    tfbind_scorer_t *s = calloc(1, sizeof *s);
    if (!s) return end(TFBIND_E_MEMORY);
    s->win.W = tfb_panel_window(model->panel);
    s->win.T = tfb_panel_n_targets(model->panel);
    s->max_n = s->win.W < 20 ? s->win.W : 20;
    int code = TFBIND_E_MEMORY;
    if (!(s->panel = tfb_panel_fork(model->panel)) || !tfb_windows_next(&s->win)) goto fail;
    code = TFBIND_E_FILE;
    errno = 0;
    if (fasta && !(s->fasta = tfb_fasta_open(fasta))) goto fail;
    *scorer = s;
    return end(TFBIND_OK);
fail:
    tfbind_scorer_close(s);
    return end(code);
}

API void tfbind_scorer_close(tfbind_scorer_t *s)
{
    if (!s) return;
    tfb_panel_close(s->panel);
    tfb_fasta_close(s->fasta);
    tfb_windows_free(&s->win);
    free(s);
}

API int tfbind_scorer_strand(tfbind_scorer_t *s, tfbind_strand_t strand)
{
    begin();
    if (!s || (strand != TFBIND_STRAND_BOTH && strand != TFBIND_STRAND_FWD && strand != TFBIND_STRAND_REV))
        return argument("tfbind_scorer_strand: unknown strand; expected both, fwd or rev");
    s->strand = (tfb_strand_t)strand;
    return end(TFBIND_OK);
}

API int tfbind_scorer_max_n(tfbind_scorer_t *s, int n)
{
    begin();
    if (!s || n < 0 || n > s->win.W) return argument("tfbind_scorer_max_n: n must be from 0 to the window's bases");
    s->max_n = n;
    return end(TFBIND_OK);
}

API int tfbind_score_codes(tfbind_scorer_t *s, const uint8_t *code, size_t n, float *z)
{
    begin();
    if (n == 0) return end(TFBIND_OK);
    if (!s || !code || !z || n > (size_t)INT32_MAX)
        return argument("tfbind_score_codes: scorer, code and z must not be NULL, and n must be below 2^31");
    for (size_t i = 0; i < n * (size_t)s->win.W; i++)
        if (code[i] > TFB_N) { /* the kernels use a code as an index */
            tfb_error("tfbind_score_codes: code %d at base %zu of window %zu; codes are 0 to 4", code[i],
                      i % (size_t)s->win.W, i / (size_t)s->win.W);
            return end(TFBIND_E_ARGUMENT);
        }
    for (size_t i = 0; i < n; i += WINDOWS) {
        size_t m = n - i < WINDOWS ? n - i : WINDOWS;
        if (tfb_panel_windows(s->panel, code + i * (size_t)s->win.W, NULL, (int64_t)m, s->strand,
                              z + i * (size_t)s->win.T) < 0)
            return end(scoring());
    }
    return end(TFBIND_OK);
}

API int tfbind_score_text(tfbind_scorer_t *s, const char *const *seq, size_t n, float *z)
{
    begin();
    if (n == 0) return end(TFBIND_OK);
    if (!s || !seq || !z) return argument("tfbind_score_text: scorer, seq and z must not be NULL");
    for (size_t i = 0; i < n; i += WINDOWS) {
        size_t m = n - i < WINDOWS ? n - i : WINDOWS, W = (size_t)s->win.W, T = (size_t)s->win.T;
        tfb_windows_clear(&s->win);
        for (size_t k = 0; k < m; k++) {
            const char *t = seq[i + k];
            if (!t || strlen(t) != W) {
                tfb_error("tfbind_score_text: sequence %zu has %zu bases; windows have %zu", i + k, t ? strlen(t) : 0,
                          W);
                return end(TFBIND_E_ARGUMENT);
            }
            uint8_t *code = tfb_windows_next(&s->win);
            if (!code) return end(TFBIND_E_MEMORY);
            tfb_encode(t, W, code);
            tfb_windows_keep(&s->win, -1);
        }
        if (tfb_windows_score(&s->win, s->panel, s->strand) < 0) return end(scoring());
        memcpy(z + i * T, s->win.z, m * T * sizeof *z);
    }
    return end(TFBIND_OK);
}

/* ---- variants ---- */

/* Checks a variant without reading the FASTA. Returns what is wrong, or NULL. */
static const char *fault(const tfbind_variant_t *v)
{
    if (!v->contig || !v->ref || !v->alt) return "has no contig, ref or alt";
    if (v->pos < 0 || v->pos >= INT64_MAX / 2) return "has a pos below 0, or beyond any contig";
    return strlen(v->ref) > INT32_MAX / 2 || strlen(v->alt) > INT32_MAX / 2 ? "has an allele of 2^30 bases or more"
                                                                            : NULL;
}

static void copy_logits(const tfbind_scorer_t *s, int window, float *z)
{
    size_t T = (size_t)s->win.T;
    if (window >= 0)
        memcpy(z, tfb_windows_z(&s->win, window), T * sizeof *z);
    else
        for (size_t t = 0; t < T; t++) z[t] = NAN;
}

/* Scores n variants whose windows fit a batch, and writes their logits and status. 0, or an error code (logged). */
static int score_batch(tfbind_scorer_t *s, const tfbind_variant_t *v, int n, float *ref_z, float *alt_z,
                       tfbind_status_t *status)
{
    tfb_variants_t maker = {.fasta = s->fasta, .win = &s->win, .max_n = s->max_n};
    tfb_alt_t place[WINDOWS / 2];
    tfb_variants_clear(&maker);
    for (int i = 0; i < n; i++) {
        int why = tfb_variant_add(&maker, v[i].contig, (hts_pos_t)v[i].pos, v[i].ref, v[i].alt, &place[i]);
        if (why < 0) return TFBIND_E_FILE;
        status[i] = (tfbind_status_t)why;
    }
    if (tfb_windows_score(&s->win, s->panel, s->strand) < 0) return scoring();
    for (int i = 0; i < n; i++) {
        int ok = status[i] == TFBIND_SCORED;
        copy_logits(s, ok ? place[i].ref : -1, ref_z + (size_t)i * (size_t)s->win.T);
        copy_logits(s, ok ? place[i].alt : -1, alt_z + (size_t)i * (size_t)s->win.T);
    }
    return 0;
}

API int tfbind_score_variants(tfbind_scorer_t *s, const tfbind_variant_t *v, size_t n, float *ref_z, float *alt_z,
                              tfbind_status_t *status)
{
    begin();
    if (n == 0) return end(TFBIND_OK);
    if (!s || !v || !ref_z || !alt_z || !status)
        return argument("tfbind_score_variants: scorer, variants, ref_z, alt_z and status must not be NULL");
    if (!s->fasta) return argument("tfbind_score_variants: the scorer was opened without a FASTA");
    size_t T = (size_t)s->win.T;
    for (size_t i = 0, m; i < n; i += m) {
        const char *wrong = NULL;
        for (m = 0; i + m < n && m < WINDOWS / 2 && !(wrong = fault(&v[i + m])); m++)
            ;
        int code = m ? score_batch(s, v + i, (int)m, ref_z + i * T, alt_z + i * T, status + i) : 0;
        if (code) return end(code);
        if (!wrong) continue;
        tfb_error("tfbind_score_variants: variant %zu %s", i + m, wrong);
        return end(TFBIND_E_ARGUMENT);
    }
    return end(TFBIND_OK);
}
