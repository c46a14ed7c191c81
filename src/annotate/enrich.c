/* enrich.c - enrichment of changes in a set of variants. Stages: hits and background into memory |
 * scores (or tags) | per TF: rank test and permutation | table, figure.
 *
 * All hits are kept, and at most max_background of the background, as a uniform sample: only its
 * distribution matters. A key of about 20 bytes is kept for each variant read, so that repeats count once.
 * Apart from these keys, memory does not grow. */
#include "annotate/enrich_parts.h"
#include "genome/lines.h"
#include "score/runstats.h"
#include "util/sort.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const tfb_enrich_name[3] = {"change", "gain", "loss"};

enum { MANY_TFS = 10 }; /* tested: with this many or more, most of them cannot be the answer */

void tfb_enrich_defaults(tfb_enrich_opt_t *o)
{
    *o = (tfb_enrich_opt_t){.session = {.tf = "all", .max_n = 20, .threads = 1},
                            .prefix = "TFB",
                            .min_lp = NAN,
                            .hit_tag = "FORMAT/LP",
                            .n_random = 10,
                            .within = 50000,
                            .n_permutations = 10000,
                            .max_background = 100000,
                            .seed = 1};
}

const char *tfb_enrich_hit_name(const tfb_enrich_opt_t *o) { return strchr(o->hit_tag, '/') + 1; }

/* Without a FASTA, the only problem an allele can have is missing tags. */
static const char *reason_by_tags(int r)
{
    return r == TFB_ALLELE_NOT_ACGT ? "without tags" : tfb_allele_reason((tfb_allele_t)r);
}

static void summary(const study_t *a, const reader_t *r)
{
    kstring_t s = {0, 0, NULL};
    int64_t n = tfb_reasons_list(&a->s.reasons, ": ", &s);
    tfb_note("%" PRId64 " hits, %" PRId64 " in the background; %" PRId64 " ALT alleles not scored%s", a->set.n_hits,
             a->set.n - a->set.n_hits, n, n ? s.s : "");
    if (r->n_elsewhere)
        tfb_note("%" PRId64 " ALT alleles outside %s", r->n_elsewhere,
                 a->o->open.path ? a->o->open.path : a->o->regions);
    if (r->n_both) tfb_note("%" PRId64 " ALT alleles of the background are hits, and count as such", r->n_both);
    if (r->n_repeated[1]) tfb_note("%" PRId64 " hits are repeated, and count once", r->n_repeated[1]);
    if (r->n_repeated[0])
        tfb_note("%" PRId64 " ALT alleles of the background are repeated, and count once", r->n_repeated[0]);
    if (r->n_same) tfb_note("%" PRId64 " ALT alleles equal REF and are left out", r->n_same);
    if (a->set.n_not_finite)
        tfb_note("%" PRId64 " variants with a score that is not finite are left out", a->set.n_not_finite);
    if (r->n_weightless)
        tfb_note("%" PRId64 " hits without a weight above 0 in %s are left out", r->n_weightless, a->o->weight);
    if (r->n_no_es) tfb_note("%" PRId64 " hits without an effect (ES) are left out", r->n_no_es);
    if (r->n_no_af) tfb_note("%" PRId64 " ALT alleles without a frequency (AF) are left out", r->n_no_af);
    if (r->n_bad_af)
        tfb_note("%" PRId64 " ALT alleles whose frequency (AF) is not from 0 to 1 are left out", r->n_bad_af);
    if (r->n_no_lp) tfb_note("%" PRId64 " ALT alleles without %s are left out", r->n_no_lp, tfb_enrich_hit_name(a->o));
    if (a->set.n_background_seen > a->o->max_background)
        tfb_note("the background is a sample: %" PRId64 " of %" PRId64, a->o->max_background, a->set.n_background_seen);
    if (a->set.n_hits < 10 && a->o->n_permutations)
        tfb_warn("%" PRId64 " hits are few: trust p_perm more than p_rank", a->set.n_hits);
    free(s.s);
}

/* Warns if the result describes the background rather than the hits. */
static void doubt(const reader_t *r, const stats_t *a, const int *order)
{
    int n = 0, more = 0, less = 0, odd = 0;
    const char *advice = r->set->sets ? "give -R open.bed" : "omit --within, or give -R open.bed";
    if (a->o->regions || a->o->open.path) advice = "give narrower regions (-R, --open)";
    if (r->in[0].role == BOTH) advice = "match them (--match-af, -R open.bed)";
    if (r->in[1].path)
        advice = "match them (-f without --background draws SNVs near the hits; -R open.bed; --match-af)";
    for (int t = 0; t < a->T; t++) {
        double q = isnan(a->p[0][t]) ? a->q[1][t] : a->q[0][t];
        n += !isnan(q);
        if (q < 0.05) {
            more++;
            odd += a->mean[0][t] < a->mean[1][t];
        } else
            less += a->interval[2 * t + 1] < 0.5;
    }
    if (n >= MANY_TFS && (2 * more > n || 2 * less > n))
        tfb_warn("%d of %d TFs are significant%s: hits and background differ in something that changes all sites, such "
                 "as openness, GC or allele frequency, and "
                 "p is not informative; %s, and compare TFs by auc",
                 2 * more > n ? more : less, n,
                 2 * more > n ? " (q below 0.05)" : ", but the other way (auc_high below 0.5)", advice);
    int first = order[0], heads = a->mean[0][first] < a->mean[1][first]; /* the table */
    if (odd && (heads || 10 * odd >= more))
        tfb_warn("mean_hits is below mean_background for %d of the %d significant TFs: most hits change their sites a "
                 "little more, but fewer change them much; "
                 "p_perm is of the means",
                 odd, more);
}

static int open_all(study_t *a, reader_t *r)
{
    const tfb_enrich_opt_t *o = a->o;
    if (tfb_session_open(&a->s, &o->session) < 0) return -1;
    if (!o->session.fasta) a->s.reasons.text = reason_by_tags;
    if (o->open.path) {
        tfb_open_t *open = tfb_open_load(&o->open, a->s.fasta);
        if (!open) return -1;
        a->regions = tfb_open_take(open);
    }
    if (o->regions && !(a->regions = tfb_regions_load(o->regions, NULL, 0, a->s.fasta))) return -1;
    if (tfb_set_open(&a->set, o->max_background, o->seed) < 0) return -1;
    *r = (reader_t){.o = o, .s = &a->s, .set = &a->set, .regions = a->regions};
    return tfb_reader_open(r, !isnan(o->min_lp) && !o->background ? BOTH : HITS_ONLY);
}

/* Reads hits and background into the set. Returns 0, or -1 (logged). */
static int read_all(study_t *a, reader_t *r)
{
    const tfb_enrich_opt_t *o = a->o;
    if (tfb_reader_hits(r) < 0) return -1;
    if (r->in[0].role == BOTH) return 0;
    tfb_sort(a->set.var, (size_t)a->set.n, sizeof *a->set.var, tfb_set_by_place);
    if (o->background) return tfb_reader_background(r);
    return o->within ? tfb_enrich_neighbours(a) : tfb_enrich_random(a);
}

/* Checks that there is something to compare. Returns 0, or -1 (logged). */
static int check_set(const study_t *a, const reader_t *r)
{
    const set_t *s = &a->set;
    if (s->sets)
        tfb_note("%" PRId64 " random SNVs match %" PRId64 " hits in trinucleotide, change and GC, within %" PRId64
                 " bases of each; %" PRId64 " hits are left out: no SNVs, or none matches",
                 s->n - s->n_hits, s->n_hits, a->o->within, s->n_unmatched);
    if (s->n_hits && s->n_hits < s->n) return 0;
    summary(a, r);
    tfb_error("%s: nothing to compare: %s", tfb_input_name(a->o->in),
              s->n_hits ? "the background is empty" : "no hit could be scored");
    return -1;
}

/* Writes the file of --stats: counts, and the results of each TF. Returns 0, or -1 (logged). */
static int write_stats(tfb_runstats_t *s, const study_t *a, const reader_t *r, const stats_t *t)
{
    int64_t n = 0;
    if (s->path && r->in[0].table) tfb_records_tally(r->in[0].table, &s->tally);
    for (int i = 0; i < t->T; i++) n += t->q[0][i] < 0.05;
    tfb_runstats_add(s, "hits", a->set.n_hits);
    tfb_runstats_add(s, "background", a->set.n - a->set.n_hits);
    tfb_runstats_add(s, "significant_tfs", n);
    tfb_runstats_add(s, "elsewhere", r->n_elsewhere);
    tfb_runstats_add(s, "in_both", r->n_both);
    tfb_runstats_add(s, "repeated_hits", r->n_repeated[1]);
    tfb_runstats_add(s, "repeated_background", r->n_repeated[0]);
    tfb_runstats_add(s, "equal_to_ref", r->n_same);
    tfb_runstats_add(s, "not_finite", a->set.n_not_finite);
    tfb_runstats_add(s, "without_weight", r->n_weightless);
    tfb_runstats_add(s, "without_effect", r->n_no_es);
    tfb_runstats_add(s, "without_frequency", r->n_no_af + r->n_bad_af);
    tfb_runstats_add(s, "without_threshold_value", r->n_no_lp);
    tfb_runstats_add(s, "unmatched_hits", a->set.n_unmatched);
    tfb_runstats_reasons(s, &a->s.reasons);
    for (int i = 0; s->path && i < t->T; i++)
        tfb_tally_real(&s->tally, "auc", tfb_panel_target(t->panel, i), t->auc[i]);
    for (int i = 0; s->path && i < t->T; i++)
        tfb_tally_real(&s->tally, "q_rank", tfb_panel_target(t->panel, i), t->q[0][i]);
    return tfb_runstats_write(s, "enrich", tfb_input_name(a->o->in), &a->o->session);
}

int tfb_enrich(const tfb_enrich_opt_t *o)
{
    int ret = -1, *order = NULL;
    tfb_runstats_t stats = {.path = NULL};
    study_t a = {.o = o};
    reader_t r = {.o = o};
    stats_t t = {.o = o};
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    tfb_reads_indexed(o->background, "the input", ".csi .tbi");
    if (tfb_runstats_begin(&stats, o->session.stats, NULL) < 0) goto done;
    if (tfb_run_claim(o->out) < 0 || tfb_run_claim(o->svg) < 0) goto done;
    if (open_all(&a, &r) < 0 || tfb_runstats_open(&stats, a.s.panel) < 0 || read_all(&a, &r) < 0) goto done;
    if ((o->match_af && tfb_enrich_match_af(&a) < 0) || (a.s.fasta && tfb_enrich_score(&a) < 0)) goto done;
    if (tfb_stats_arrange(&t, &a) < 0 || check_set(&a, &r) < 0) goto done;
    if (tfb_stats_test(&t) < 0 || !(order = tfb_stats_order(&t))) goto done;
    /* the figure and statistics first: a reader of the table may close the pipe after some lines, which ends us */
    if ((o->svg && tfb_stats_svg(&t, order) < 0) || write_stats(&stats, &a, &r, &t) < 0 ||
        tfb_stats_table(&t, order) < 0)
        goto done;
    summary(&a, &r);
    doubt(&r, &t, order);
    ret = 0;
done:
    tfb_runstats_free(&stats);
    free(order);
    tfb_stats_free(&t);
    tfb_reader_close(&r);
    tfb_set_free(&a.set);
    tfb_regions_destroy(a.regions);
    tfb_session_close(&a.s);
    return ret;
}
