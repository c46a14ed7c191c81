/* explain.c - records in, contributions out: read | windows | contributions | outputs, a record at a time.
 *
 * Both alleles of a variant are compared with the same references, shuffles of the REF window, so that their contributions differ by as
 * much as their logits do. */
#include "explain/explain.h"
#include "explain/figure.h"
#include "explain/logo.h"
#include "explain/npz.h"
#include "explain/overlay.h"
#include "genome/base.h"
#include "genome/lines.h"
#include "genome/records.h"
#include "score/effect.h"
#include "score/session.h"
#include "score/variant.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/khash.h>
#include <htslib/vcf.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

KHASH_SET_INIT_STR(drawn)

enum {
    MAX_REFS = 10000,
    MAX_NAME = 160,
    MAX_TF = 60, /* bytes of a record's and a TF's name in the name of a file, which may have 255 */
};

typedef struct {
    FILE *f;
    tfb_out_t *out;
} file_t;

/* One window and what is known about it; of a variant there are two, REF and ALT. */
typedef struct {
    uint8_t *code; /* (W) of the store */
    float *z;      /* (T) of the store: logits of all the panel's targets */
    float *hyp;    /* (T, W, 4), of the targets asked for */
    double *logit, *ref_logit;
    hts_pos_t beg;          /* of its first base, on the contig */
    const char *name;       /* "REF", "ALT", or "." */
    int at, n_ref, n_bases; /* of a variant: where the allele begins, bases of REF, of the allele */
} window_t;

typedef struct {
    const tfb_explain_opt_t *o;
    tfb_session_t s;
    tfb_windows_t store;  /* of the one or two windows of a record */
    tfb_variants_t maker; /* fills it */
    tfb_model_t *model;   /* for DeepLIFT and gradients */
    tfb_attrib_t *attrib;
    tfb_motifs_t *db;
    int fixed;      /* targets are the same for all records */
    int *target, n; /* (T) of the panel, in use for this record */
    int *output;    /* (T): the model's output of a panel target */
    int *chosen;    /* (T) outputs in use */
    uint8_t *refs, *work;
    int n_refs, own_refs;
    window_t win[2];
    float *contrib; /* (W) */
    file_t table, scores;
    tfb_track_t **track;     /* (n_tracks) */
    tfb_overlay_t **overlay; /* (n_tracks): what goes to them */
    int n_tracks;
    tfb_npz_t **onehot, **hyp; /* (n) */
    khash_t(drawn) * drawn;    /* names of SVG files written */
    kstring_t name, contig, path, seq, alleles;
    int64_t n_all, n_done, n_low, n_low_all;
    double worst;   /* of the convergence deltas */
    int64_t n_mean; /* regions that overlap, of the track that has most */
} args_t;

static const char *in_name(const args_t *a) { return strcmp(a->o->in, "-") == 0 ? "standard input" : a->o->in; }

static const char *method_name(tfb_method_t m) { return m == TFB_DEEPLIFT ? "DeepLIFT" : m == TFB_ISM ? "in-silico mutagenesis" : "gradient x input"; }

static int memory(void)
{
    tfb_error("not enough memory");
    return -1;
}

/* ---- outputs ---- */

static int open_file(file_t *f, const char *path, const char *header)
{
    if (!path) return 0;
    if (!(f->f = tfb_out_open(path, &f->out))) return -1;
    fputs(header, f->f);
    return 0;
}

/* Closes it; it is put in place or removed by tfb_out_end. told: errors are of interest. */
static int finish_file(file_t *f, int told)
{
    if (!f->f) return 0;
    int r = told ? tfb_out_finish(f->f, f->out) : 0;
    if (!told && f->f != stdout) fclose(f->f);
    f->f = NULL;
    return r;
}

static int close_file(file_t *f, int keep)
{
    if (!f->f) return 0;
    int r = tfb_out_close(f->f, f->out, keep);
    f->f = NULL;
    return keep ? r : 0;
}

/* A part of a file's name: what would trouble a shell or a file system becomes _. */
static void put_safe(kstring_t *s, const char *text, int most)
{
    for (int n = 0; *text && n < most; n++, text++) kputc(isalnum((unsigned char)*text) || strchr("._-+", *text) ? *text : '_', s);
}

/* Where base l of a window lies on its contig (0-based), or -1: an inserted base lies nowhere. */
static hts_pos_t position(const window_t *w, int l)
{
    if (l < w->at || w->n_bases < 0) return w->beg + l;
    int k = l - w->at;
    if (k < w->n_bases) return k < w->n_ref ? w->beg + l : -1;
    return w->beg + l - w->n_bases + w->n_ref;
}

static void write_table(args_t *a, const window_t *w, const char *tf, const float *hyp)
{
    for (int l = 0; l < a->s.W; l++) {
        hts_pos_t pos = position(w, l);
        fprintf(a->table.f, "%s\t%s\t%s\t%s\t", a->name.s, tf, w->name, a->contig.s);
        if (pos < 0)
            fputc('.', a->table.f);
        else
            fprintf(a->table.f, "%" PRId64, (int64_t)pos + 1);
        fprintf(a->table.f, "\t%c\t%.6g", tfb_base_char[w->code[l]], (double)a->contrib[l]);
        for (int c = 0; c < 4; c++) fprintf(a->table.f, "\t%.6g", (double)hyp[4 * l + c]);
        fputc('\n', a->table.f);
    }
}

static int open_tracks(args_t *a)
{
    const char **tf = malloc((size_t)a->n * sizeof *tf);
    a->n_tracks = a->n;
    if (!tf || !(a->overlay = calloc((size_t)a->n, sizeof(tfb_overlay_t *)))) {
        free(tf);
        return memory();
    }
    for (int t = 0; t < a->n; t++) tf[t] = tfb_panel_target(a->s.panel, t);
    tfb_tracks_opt_t o = {.out = a->o->track, .option = "--track", .tf = tf, .n_tfs = a->n, .decimals = -1};
    a->track = tfb_tracks_open(&o, a->s.fasta);
    free(tf);
    if (!a->track) return -1;
    for (int t = 0; t < a->n; t++)
        if (!(a->overlay[t] = tfb_overlay_create(a->s.W))) return -1;
    return 0;
}

/* Opens NAME.TF.svg in the folder of logos; where one of that name was drawn before, NAME.TF.2.svg: names may be the same, or become so when cut. */
static int open_svg(args_t *a, const char *tf, file_t *svg)
{
    const char *folder = a->o->logos;
    a->path.l = 0;
    if (ks_resize(&a->path, strlen(folder) + MAX_NAME + MAX_TF + 32) < 0) return memory(); /* so that what appends to it cannot fail */
    ksprintf(&a->path, "%s/", folder);
    size_t file = a->path.l;
    kputc('_', &a->path); /* keeps a name that begins with a dot from being hidden */
    put_safe(&a->path, a->name.s, MAX_NAME);
    kputc('.', &a->path);
    put_safe(&a->path, tf, MAX_TF);
    if (a->path.s[file + 1] != '.') memmove(a->path.s + file, a->path.s + file + 1, a->path.l-- - file);
    size_t end = a->path.l;
    for (int is_new = 0, n = 1; !is_new; n++) {
        a->path.l = end;
        if (n > 1) ksprintf(&a->path, ".%d", n);
        kputs(".svg", &a->path);
        char *path = strdup(a->path.s);
        if (!path || (!a->drawn && !(a->drawn = kh_init(drawn)))) {
            free(path);
            return memory();
        }
        kh_put(drawn, a->drawn, path, &is_new);
        if (is_new <= 0) free(path);
        if (is_new < 0) return memory();
    }
    return open_file(svg, a->path.s, "");
}

static int draw_sequence(args_t *a, const window_t *w, const char *tf, double p)
{
    float *h = malloc((size_t)a->s.W * 4 * sizeof *h);
    kstring_t title = {0, 0, NULL};
    file_t svg = {NULL, NULL};
    int ret = -1;
    if (!h || ksprintf(&title, "%s: %s, probability of binding %.2f; contributions to the log odds by %s", a->name.s, tf, p, method_name(a->o->method)) < 0)
        memory();
    else if (open_svg(a, tf, &svg) == 0) {
        tfb_logo_opt_t o = {.col_width = 8, .height = 80, .axis = 1, .first = 1, .title = title.s, .y_label = "contribution"};
        tfb_logo_contrib(w->code, a->contrib, a->s.W, h);
        tfb_logo_svg(svg.f, h, a->s.W, &o);
        fputc('\n', svg.f);
        ret = close_file(&svg, 1);
    }
    free(h);
    free(title.s);
    return ret;
}

static int draw_variant(args_t *a, const tfb_figure_t *f)
{
    file_t svg = {NULL, NULL};
    if (!isfinite(f->lor)) {
        tfb_warn("%s: no figure for %s: the model's score is no number", a->name.s, f->tf);
        return 0;
    }
    if (open_svg(a, f->tf, &svg) < 0) return -1;
    int drawn = tfb_figure_draw(svg.f, f, a->o->flank, a->db) == 0;
    fputc('\n', svg.f);
    int closed = close_file(&svg, drawn);
    return drawn ? closed : memory();
}

/* ---- contributions of the windows of a record ---- */

/* Gradients of absurd weights overflow where scores do not. 0, or -1 (logged). */
static int check_contributions(const args_t *a, const window_t *w)
{
    for (int t = 0; t < a->n; t++) {
        if (isfinite(w->logit[t]) && isfinite(w->ref_logit[t]) && tfb_logits_fault(w->hyp + (size_t)t * (size_t)a->s.W * 4, (int64_t)a->s.W * 4) < 0) continue;
        tfb_error("model %s: contributions to its score of %s are not usable numbers: the weights are too large", tfb_panel_source(a->s.panel, a->target[t]),
                  tfb_panel_target(a->s.panel, a->target[t]));
        return -1;
    }
    return 0;
}

static int explain_window(args_t *a, window_t *w)
{
    int W = a->s.W;
    if (a->o->method == TFB_ISM) {
        /* the panel gives all its targets; those in use move to the front */
        float *all = malloc((size_t)a->s.T * (size_t)W * 4 * sizeof *all);
        if (!all) return memory();
        int r = tfb_ism(a->s.panel, w->code, 0, W, a->o->strand, all, w->z);
        for (int t = 0; r == 0 && t < a->n; t++) {
            memcpy(w->hyp + (size_t)t * (size_t)W * 4, all + (size_t)a->target[t] * (size_t)W * 4, (size_t)W * 4 * sizeof *all);
            w->logit[t] = (double)w->z[a->target[t]];
        }
        free(all);
        return r;
    }
    for (int t = 0; t < a->n; t++) a->chosen[t] = a->output[a->target[t]];
    if (a->o->method == TFB_DEEPLIFT)
        tfb_attrib_deeplift(a->attrib, w->code, a->refs, a->chosen, a->n, w->hyp, w->logit, w->ref_logit);
    else
        tfb_attrib_gradient(a->attrib, w->code, a->chosen, a->n, w->hyp, w->logit);
    return check_contributions(a, w);
}

/* Scores, targets, contributions and outputs of n windows (1, or REF and ALT of rec). */
typedef struct {
    const char *id, *ref, *alt;
    hts_pos_t pos;
} variant_t;

static int explain_record(args_t *a, int n, const variant_t *v)
{
    static const tfb_effect_opt_t usual = TFB_EFFECT_DEFAULTS;
    const tfb_explain_opt_t *o = a->o;
    int W = a->s.W, T = a->s.T;
    if (tfb_windows_score(&a->store, a->s.panel, o->strand) < 0) return -1;
    a->n_all++;
    if (!a->fixed) {
        double most = -INFINITY;
        for (int t = 0; t < T; t++) {
            double p = (double)tfb_sigmoid(a->win[0].z[t]), x = n == 1 ? (double)a->win[0].z[t] : fabs((double)tfb_sigmoid(a->win[1].z[t]) - p);
            if (x > most) most = x, a->target[0] = t;
        }
    }
    if (o->min_score > 0) { /* contributions are dear, so targets that are below in all windows are left out before */
        int kept = 0, all = a->fixed ? T : 1;
        for (int t = 0; t < all; t++) {
            int k = a->fixed ? t : a->target[0], high = 0;
            for (int i = 0; i < n; i++) high |= (double)tfb_sigmoid(a->win[i].z[k]) >= o->min_score;
            if (high)
                a->target[kept++] = k;
            else
                a->n_low++;
        }
        a->n = kept;
        if (!kept) {
            a->n_low_all++;
            return 0;
        }
    }
    if (o->method == TFB_DEEPLIFT && a->own_refs) tfb_attrib_references(a->win[0].code, W, a->n_refs, o->seed, a->refs, a->work);
    for (int i = 0; i < n; i++)
        if (explain_window(a, &a->win[i]) < 0) return -1;
    for (int t = 0; t < a->n; t++) {
        const char *tf = tfb_panel_target(a->s.panel, a->target[t]);
        for (int i = 0; i < n; i++) {
            const window_t *w = &a->win[i];
            const float *hyp = w->hyp + (size_t)t * (size_t)W * 4;
            double sum = tfb_attrib_actual(w->code, hyp, W, a->contrib), p = 1 / (1 + exp(-w->logit[t]));
            if (a->table.f) write_table(a, w, tf, hyp);
            if (o->method == TFB_DEEPLIFT && fabs(sum - (w->logit[t] - w->ref_logit[t])) > a->worst) a->worst = fabs(sum - (w->logit[t] - w->ref_logit[t]));
            if (a->scores.f) {
                fprintf(a->scores.f, "%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t", a->name.s, tf, w->name, p, w->logit[t], sum);
                if (o->method == TFB_DEEPLIFT)
                    fprintf(a->scores.f, "%.6g\t%.2g\n", w->ref_logit[t], sum - (w->logit[t] - w->ref_logit[t]));
                else
                    fputs(".\t.\n", a->scores.f);
            }
            if (a->onehot && (tfb_npz_add_codes(a->onehot[a->target[t]], w->code) < 0 || tfb_npz_add(a->hyp[a->target[t]], hyp) < 0)) return -1;
            if (a->overlay && tfb_overlay_add(a->overlay[a->target[t]], tfb_fasta_find(a->s.fasta, a->contig.s), w->beg, a->contrib) < 0) return -1;
            if (o->logos && n == 1 && draw_sequence(a, w, tf, p) < 0) return -1;
        }
        if (o->logos && v) {
            tfb_figure_t f = {.contig = a->contig.s, .id = v->id, .pos = v->pos, .ref = v->ref, .alt = v->alt, .tf = tf, .W = W};
            f.p_ref = 1 / (1 + exp(-a->win[0].logit[t]));
            f.p_alt = 1 / (1 + exp(-a->win[1].logit[t]));
            f.lor = a->win[1].logit[t] - a->win[0].logit[t];
            f.percentile = tfb_panel_percentile(a->s.panel, a->target[t], TFB_CALIB_DELTA, fabs(f.p_alt - f.p_ref));
            f.call = tfb_effect_call(&usual, a->s.panel, a->target[t], a->win[0].z[a->target[t]], a->win[1].z[a->target[t]]);
            f.method = o->method == TFB_DEEPLIFT ? "DeepLIFT: against shuffles of the sequence"
                       : o->method == TFB_ISM    ? "in-silico mutagenesis: against the mean of the four bases there"
                                                 : "gradient x input";
            for (int i = 0; i < 2; i++) f.code[i] = a->win[i].code, f.hyp[i] = a->win[i].hyp + (size_t)t * (size_t)W * 4;
            if (draw_variant(a, &f) < 0) return -1;
        }
    }
    a->n_done++;
    FILE *f[] = {a->table.f, a->scores.f};
    for (int i = 0; i < 2; i++)
        if (f[i] && ferror(f[i])) return -1; /* closing says which and why */
    return 0;
}

static void leave_out(args_t *a, int reason)
{
    a->n_all++;
    tfb_reasons_count(&a->s.reasons, reason, a->contig.s);
}

/* The window in hand, unless there is a reason not to. 0 or -1. */
static int explain_sequence(args_t *a, int reason)
{
    if (!reason && tfb_count_n(a->win[0].code, (size_t)a->s.W) > (size_t)a->o->max_n) reason = TFB_ALLELE_MANY_N;
    tfb_windows_clear(&a->store);
    tfb_windows_keep(&a->store, -1);
    if (!reason) return explain_record(a, 1, NULL);
    leave_out(a, reason);
    return 0;
}

/* ---- readers ---- */

static int run_bed(args_t *a)
{
    tfb_lines_t in = {0};
    int got, ret = -1;
    if (tfb_lines_open(&in, a->o->in) < 0) return -1;
    while ((got = tfb_lines_next(&in)) > 0) {
        window_t *w = &a->win[0];
        tfb_bed_t b;
        if (tfb_bed_is_header(&in)) continue;
        if (tfb_bed_fields(&in, &b) < 0 || tfb_bed_summit(&in, &b, 1) < 0) goto done;
        a->contig.l = a->name.l = 0;
        if (kputsn(in.s.s, b.n_contig, &a->contig) < 0 || ksprintf(&a->name, "%s:%" PRId64 "-%" PRId64, a->contig.s, (int64_t)b.beg + 1, (int64_t)b.end) < 0) {
            memory();
            goto done;
        }
        w->beg = tfb_bed_window(b.beg, b.end, b.summit, a->s.W);
        int r = tfb_allele_bases(a->s.fasta, a->contig.s, w->beg, w->beg + a->s.W, w->code);
        if (r < 0 || explain_sequence(a, r) < 0) goto done;
    }
    ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

static int run_fasta(args_t *a)
{
    tfb_lines_t in = {0};
    window_t *w = &a->win[0];
    int got, ret = -1;
    if (tfb_lines_open(&in, a->o->in) < 0) return -1;
    while ((got = tfb_sequences_next(&in, &a->name, &a->seq, " to be a window")) > 0) {
        a->contig.l = 0;
        if (kputs(a->name.s, &a->contig) < 0) {
            memory();
            goto done;
        }
        w->beg = tfb_sequence_middle(&a->seq, a->s.W, w->code);
        if (explain_sequence(a, a->seq.l ? TFB_ALLELE_OK : TFB_ALLELE_MANY_N) < 0) goto done;
    }
    ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

static int read_references(args_t *a, const char *path)
{
    tfb_lines_t in = {0};
    int got, ret = -1;
    if (tfb_lines_open(&in, path) < 0) return -1;
    while ((got = tfb_sequences_next(&in, &a->name, &a->seq, " to be a window")) > 0) {
        if ((int)a->seq.l != a->s.W) {
            tfb_error("%s: %s has %zu bases, a reference must have the window's %d", path, a->name.s, a->seq.l, a->s.W);
            goto done;
        }
        if (a->n_refs == MAX_REFS) {
            tfb_error("%s holds more than %d references", path, MAX_REFS);
            goto done;
        }
        uint8_t *p = realloc(a->refs, ((size_t)a->n_refs + 1) * (size_t)a->s.W);
        if (!p) {
            memory();
            goto done;
        }
        a->refs = p;
        tfb_encode(a->seq.s, a->seq.l, a->refs + (size_t)a->n_refs++ * (size_t)a->s.W);
    }
    if (got == 0 && !a->n_refs)
        tfb_error("%s holds no sequences", path);
    else
        ret = got;
done:
    tfb_lines_close(&in);
    return ret;
}

/* Where the window of REF (which 0) or ALT (which 1) of a change lies, and the allele in it. */
static void place_window(window_t *w, const tfb_change_t *c, int which, int W)
{
    int n = which ? c->n_alt : c->n_ref, from = n > W ? n / 2 - W / 2 : 0; /* of a long allele the window is the middle */
    w->n_ref = c->n_ref - from;
    w->n_bases = n < W ? n : W;
    w->at = tfb_allele_left(n, W);
    w->beg = c->pos + from - w->at;
    w->name = which ? "ALT" : "REF";
}

/* One ALT of a record. 0, or -1. */
static int run_allele(args_t *a, const bcf1_t *rec, const char *alt)
{
    const char *ref = rec->d.allele[0];
    tfb_alt_t place;
    tfb_variants_clear(&a->maker);
    int r = tfb_variant_add(&a->maker, a->contig.s, rec->pos, ref, alt, &place);
    tfb_change_t c = place.change;
    if (r == TFB_ALLELE_MISMATCH) {
        int at = a->maker.at;
        tfb_error("%s:%" PRId64 ": REF is %c but %s has %c (%s); `bcftools norm -c` finds all such records", a->contig.s, (int64_t)rec->pos + 1 + at, ref[at],
                  tfb_fasta_path(a->s.fasta), a->maker.base, in_name(a));
        return -1;
    }
    if (r < 0) return -1;
    if (r > 0) {
        leave_out(a, r);
        return 0;
    }
    for (int i = 0; i < 2; i++) place_window(&a->win[i], &c, i, a->s.W);
    a->name.l = 0;
    if (ks_resize(&a->name, a->contig.l + 160) < 0) return memory(); /* so that what appends to it cannot fail */
    ksprintf(&a->name, "%s:%" PRId64 ":", a->contig.s, (int64_t)rec->pos + 1);
    for (int i = 0; i < 2; i++) { /* an allele of hundreds of bases is no name */
        const char *s = i ? alt : ref;
        size_t n = strlen(s);
        if (i) kputc('>', &a->name);
        if (n > 40)
            ksprintf(&a->name, "%.20s..%zu", s, n);
        else
            kputs(s, &a->name);
    }
    a->alleles.l = 0;
    if (ks_resize(&a->alleles, (size_t)c.n_ref + (size_t)c.n_alt + 2) < 0) return memory();
    kputsn(c.ref, (size_t)c.n_ref, &a->alleles);
    kputc(0, &a->alleles);
    kputsn(c.alt, (size_t)c.n_alt, &a->alleles);
    variant_t v = {rec->d.id, a->alleles.s, a->alleles.s + c.n_ref + 1, c.pos};
    return explain_record(a, 2, &v);
}

static int run_vcf(args_t *a)
{
    int r, ret = -1;
    htsFile *in = hts_open(a->o->in, "r");
    bcf_hdr_t *hdr = NULL;
    tfb_records_t *records = NULL;
    bcf1_t *rec = bcf_init();
    if (!in) {
        tfb_error("cannot read %s: %s", in_name(a), strerror(errno));
        goto done;
    }
    if ((in->format.format != vcf && in->format.format != bcf) || !(hdr = bcf_hdr_read(in))) {
        tfb_error("%s is not VCF or BCF (--input bed or --input fasta says what it is)", in_name(a));
        goto done;
    }
    if (!rec) {
        memory();
        goto done;
    }
    if (!(records = tfb_records_on(a->o->in, in, hdr))) goto done;
    while ((r = tfb_records_next(records, &rec)) > 0) {
        a->contig.l = 0;
        if (bcf_unpack(rec, BCF_UN_STR) < 0 || kputs(bcf_seqname(hdr, rec), &a->contig) < 0) {
            memory();
            goto done;
        }
        for (int i = 1; i < rec->n_allele; i++)
            if (run_allele(a, rec, rec->d.allele[i]) < 0) goto done;
    }
    ret = r;
done:
    tfb_records_close(records);
    if (rec) bcf_destroy(rec);
    if (hdr) bcf_hdr_destroy(hdr);
    if (in && hts_close(in) < 0 && ret == 0) {
        tfb_error("%s: cannot read to its end", in_name(a));
        ret = -1;
    }
    return ret;
}

/* ---- start and end ---- */

static int start(args_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    int walks = o->method != TFB_ISM;
    struct stat st;
    if (walks && (strchr(o->model, ',') || (stat(o->model, &st) == 0 && S_ISDIR(st.st_mode)))) {
        tfb_error("%s explains one model at a time; --method ism takes several", method_name(o->method));
        return -1;
    }
    tfb_session_opt_t session = {.model = o->model, .tf = o->tf ? o->tf : "all", .threads = o->threads};
    if (o->input != TFB_IN_FASTA) session.fasta = o->fasta;
    if (tfb_session_models(&a->s, &session) < 0) return -1;
    if (walks && !(a->model = tfb_model_load(o->model))) return -1;
    a->fixed = o->tf != NULL;
    a->n = a->fixed ? a->s.T : 1;
    size_t W = (size_t)a->s.W, n = (size_t)a->n;
    if (!(a->target = calloc((size_t)a->s.T, sizeof *a->target)) || !(a->output = calloc((size_t)a->s.T, sizeof *a->output)) ||
        !(a->chosen = calloc((size_t)a->s.T, sizeof *a->chosen)) || !(a->contrib = tfb_alloc(W, sizeof *a->contrib, "contributions")) ||
        !(a->work = tfb_alloc(W, 1, "references")))
        return memory();
    for (int t = 0; t < a->s.T; t++) {
        a->target[t] = t;
        a->output[t] = walks ? tfb_model_target(a->model, tfb_panel_target(a->s.panel, t)) : -1;
    }
    a->store = (tfb_windows_t){.W = a->s.W, .T = a->s.T};
    if (!tfb_windows_next(&a->store)) return -1; /* has room for more than two: its arrays stay where they are */
    for (int i = 0; i < (o->input == TFB_IN_VCF ? 2 : 1); i++) {
        window_t *w = &a->win[i];
        w->code = a->store.code + (size_t)i * W;
        w->z = a->store.z + (size_t)i * (size_t)a->s.T;
        w->name = ".";
        w->n_bases = -1;
        if (!(w->hyp = tfb_alloc(n * W * 4, sizeof *w->hyp, "contributions")) || !(w->logit = calloc(n, sizeof *w->logit)) ||
            !(w->ref_logit = calloc(n, sizeof *w->ref_logit)))
            return memory();
    }
    if (tfb_session_fasta(&a->s) < 0) return -1;
    if (a->s.fasta) tfb_fasta_one_file(a->s.fasta);
    a->maker = (tfb_variants_t){.fasta = a->s.fasta, .win = &a->store, .max_n = o->max_n};
    if (o->db && !(a->db = tfb_motifs_read(o->db))) return -1;
    if (o->method == TFB_DEEPLIFT) {
        if (o->references) {
            if (read_references(a, o->references) < 0) return -1;
        } else {
            a->own_refs = 1;
            a->n_refs = o->n_refs;
            if (!(a->refs = tfb_alloc((size_t)a->n_refs, W, "references"))) return -1;
        }
    }
    if (walks && !(a->attrib = tfb_attrib_create(a->model, a->n_refs, o->strand, a->s.pool))) return -1;
    if (o->method == TFB_DEEPLIFT && tfb_attrib_unruled(a->attrib))
        tfb_warn("%s has a layer without a DeepLIFT rule (%s), through which gradients are taken: contributions do not sum to the change of the logit",
                 o->model, tfb_attrib_unruled(a->attrib));
    if (strcmp(o->in, "-") && !strstr(o->in, "://") && access(o->in, R_OK) < 0) { /* before any output has its header */
        tfb_error("cannot read %s: %s", o->in, strerror(errno));
        return -1;
    }
    tfb_reads_indexed(o->in, "the input", ".csi .tbi");
    if (open_file(&a->table, o->table, "name\ttarget\tallele\tcontig\tpos\tbase\tcontribution\tA\tC\tG\tT\n") < 0 ||
        open_file(&a->scores, o->scores, "name\ttarget\tallele\tprobability\tlogit\tsum\treference_logit\tdelta\n") < 0 || (o->track && open_tracks(a) < 0))
        return -1;
    if (o->logos && mkdir(o->logos, 0777) < 0 && errno != EEXIST) {
        tfb_error("cannot make folder %s: %s", o->logos, strerror(errno));
        return -1;
    }
    if (!o->npz) return 0;
    if (!(a->onehot = calloc(n, sizeof *a->onehot)) || !(a->hyp = calloc(n, sizeof *a->hyp))) return memory();
    for (int t = 0; t < a->n; t++)
        for (int i = 0; i < 2; i++) {
            a->path.l = 0;
            if (ks_resize(&a->path, strlen(o->npz) + MAX_TF + 16) < 0) return memory();
            ksprintf(&a->path, "%s.", o->npz);
            put_safe(&a->path, tfb_panel_target(a->s.panel, t), MAX_TF);
            kputs(i ? ".hyp.npz" : ".onehot.npz", &a->path);
            if (!(*(i ? &a->hyp[t] : &a->onehot[t]) = tfb_npz_open(a->path.s, a->s.W))) return -1;
        }
    return 0;
}

/* Reports if nothing was explained for want of contigs. 0, or -1 if the FASTA has none of the input's. */
static int check_contigs(const args_t *a)
{
    const int64_t *n = a->s.reasons.n;
    if (!n[TFB_ALLELE_NO_CONTIG] || a->n_done || a->n_low_all) return 0;
    int partly = n[TFB_ALLELE_EDGE] || n[TFB_ALLELE_MANY_N] || n[TFB_ALLELE_MISMATCH];
    return tfb_reasons_no_contig(&a->s.reasons, "explained", a->s.fasta, partly);
}

static void summary(const args_t *a)
{
    kstring_t s = {0, 0, NULL};
    int64_t not = tfb_reasons_list(&a->s.reasons, ": ", &s);
    if (a->n_low_all) ksprintf(&s, "%s%" PRId64 " with every score below --min-score", not ? ", " : ": ", a->n_low_all);
    tfb_note("%" PRId64 " %s, %" PRId64 " explained by %s, %" PRId64 " not%s", a->n_all, a->o->input == TFB_IN_VCF ? "ALT alleles" : "sequences", a->n_done,
             method_name(a->o->method), a->n_all - a->n_done, s.s ? s.s : "");
    if (a->n_mean) tfb_note("%" PRId64 " regions overlap the one before: there the track has the mean of their contributions", a->n_mean);
    if (a->o->method == TFB_DEEPLIFT && a->n_done) {
        if (a->worst > 1e-3 && !tfb_attrib_unruled(a->attrib))
            tfb_warn("contributions miss the change of the logit by up to %.2g", a->worst);
        else
            tfb_note("contributions sum to the change of the logit from %d references, within %.2g", a->n_refs, a->worst);
    }
    free(s.s);
}

int tfb_explain(const tfb_explain_opt_t *o)
{
    args_t *a = calloc(1, sizeof *a);
    if (!a) return memory();
    a->o = o;
    int ret = start(a);
    if (ret == 0) ret = o->input == TFB_IN_VCF ? run_vcf(a) : o->input == TFB_IN_BED ? run_bed(a) : run_fasta(a);
    int ok = ret == 0;
    /* a write error counts, and is told by whichever file has it */
    FILE *f[] = {a->table.f, a->scores.f};
    int write_error = 0;
    for (int i = 0; i < 2; i++) write_error |= f[i] && ferror(f[i]);
    if (finish_file(&a->table, ok || write_error) < 0) ret = -1;
    if (finish_file(&a->scores, ok || write_error) < 0) ret = -1;
    for (int t = 0; ret == 0 && a->track && t < a->n_tracks; t++) {
        int64_t n = 0;
        if (tfb_overlay_write(a->overlay[t], a->s.fasta, a->track[t], &n) < 0) ret = -1;
        if (n > a->n_mean) a->n_mean = n;
    }
    if (a->track && tfb_tracks_close(a->track, a->n_tracks, ret == 0) < 0) ret = -1;
    for (int t = 0; a->overlay && t < a->n_tracks; t++) tfb_overlay_destroy(a->overlay[t]);
    for (int t = 0; a->onehot && a->hyp && t < (a->fixed ? a->s.T : 1); t++) {
        if (tfb_npz_close(a->onehot[t], ret == 0) < 0) ret = -1;
        if (tfb_npz_close(a->hyp[t], ret == 0) < 0) ret = -1;
    }
    if (a->table.out && tfb_out_end(a->table.out, ret == 0) < 0) ret = -1;
    if (a->scores.out && tfb_out_end(a->scores.out, ret == 0) < 0) ret = -1;
    if (ret == 0) {
        summary(a);
        ret = check_contigs(a);
    }
    tfb_attrib_destroy(a->attrib);
    tfb_model_destroy(a->model);
    tfb_windows_free(&a->store);
    tfb_session_close(&a->s);
    tfb_motifs_destroy(a->db);
    for (int i = 0; i < 2; i++) {
        free(a->win[i].hyp);
        free(a->win[i].logit);
        free(a->win[i].ref_logit);
    }
    free(a->target);
    free(a->output);
    free(a->chosen);
    free(a->refs);
    free(a->work);
    free(a->contrib);
    free(a->overlay);
    free(a->onehot);
    free(a->hyp);
    for (khint_t k = 0; a->drawn && k < kh_end(a->drawn); k++)
        if (kh_exist(a->drawn, k)) free((char *)kh_key(a->drawn, k));
    if (a->drawn) kh_destroy(drawn, a->drawn);
    kstring_t *s[] = {&a->name, &a->contig, &a->path, &a->seq, &a->alleles};
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) free(s[i]->s);
    free(a);
    return ret;
}
