/* explain_out.c - contributions to tables, arrays, tracks and figures. */
#include "explain/explain_parts.h"
#include "explain/logo.h"
#include "genome/base.h"
#include "genome/build.h"
#include "score/effect.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Most bytes of a record's and a TF's name in a file name, which may have 255. */
enum { MAX_NAME = 160, MAX_TF = 60 };

const char *tfb_explain_method(tfb_method_t m)
{
    if (m == TFB_DEEPLIFT) return "DeepLIFT";
    return m == TFB_ISM ? "in-silico mutagenesis" : "gradient x input";
}

int tfb_explain_no_memory(void)
{
    tfb_error("not enough memory");
    return -1;
}

static int open_file(file_t *f, const char *path, const char *header)
{
    if (!path) return 0;
    if (!(f->f = tfb_out_open(path, &f->out))) return -1;
    fputs(header, f->f);
    return 0;
}

/* Closes the file. tfb_out_end then moves it into place or removes it. told: report errors. */
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

/* Appends a part of a file name. Replaces characters that are special to a shell or a file system with _. */
static void put_safe(kstring_t *s, const char *text, int most)
{
    for (int n = 0; *text && n < most; n++, text++)
        kputc(isalnum((unsigned char)*text) || strchr("._-+", *text) ? *text : '_', s);
}

/* Returns the position of base l of a window on its contig (0-based), or -1 for an inserted base. */
static hts_pos_t genome_position(const window_t *w, int l)
{
    if (l < w->at || w->n_bases < 0) return w->beg + l;
    int k = l - w->at;
    if (k < w->n_bases) return k < w->n_ref ? w->beg + l : -1;
    return w->beg + l - w->n_bases + w->n_ref;
}

static void write_table(const outputs_t *a, const record_t *r, const window_t *w, const char *tf, const float *hyp)
{
    for (int l = 0; l < a->s->W; l++) {
        hts_pos_t pos = genome_position(w, l);
        fprintf(a->table.f, "%s\t%s\t%s\t%s\t", r->name, tf, w->name, r->contig);
        if (pos < 0)
            fputc('.', a->table.f);
        else
            fprintf(a->table.f, "%" PRId64, (int64_t)pos + 1);
        fprintf(a->table.f, "\t%c\t%.6g", tfb_base_char[w->code[l]], (double)a->contrib[l]);
        for (int c = 0; c < 4; c++) fprintf(a->table.f, "\t%.6g", (double)hyp[4 * l + c]);
        fputc('\n', a->table.f);
    }
}

static int open_tracks(outputs_t *a)
{
    const char **tf = malloc((size_t)a->n * sizeof *tf);
    if (!tf || !(a->overlay = calloc((size_t)a->n, sizeof(tfb_overlay_t *)))) {
        free(tf);
        return tfb_explain_no_memory();
    }
    for (int t = 0; t < a->n; t++) tf[t] = tfb_panel_target(a->s->panel, t);
    tfb_tracks_opt_t o = {.out = a->o->track, .option = "--track", .tf = tf, .n_tfs = a->n, .decimals = -1};
    a->track = tfb_tracks_open(&o, a->s->fasta);
    free(tf);
    if (!a->track) return -1;
    for (int t = 0; t < a->n; t++)
        if (!(a->overlay[t] = tfb_overlay_create(a->s->W))) return -1;
    return 0;
}

/* Opens NAME.TF.svg in the folder of logos, or NAME.TF.2.svg if that name was used before: names may be
 * equal, or become equal when truncated. */
static int open_svg(outputs_t *a, const char *name, const char *tf, file_t *svg)
{
    const char *folder = a->o->logos;
    a->path.l = 0;
    if (ks_resize(&a->path, strlen(folder) + MAX_NAME + MAX_TF + 32) < 0)
        return tfb_explain_no_memory(); /* so that appending to it cannot fail */
    ksprintf(&a->path, "%s/", folder);
    size_t file = a->path.l;
    kputc('_', &a->path); /* keeps a name that begins with a dot from being hidden */
    put_safe(&a->path, name, MAX_NAME);
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
            return tfb_explain_no_memory();
        }
        kh_put(drawn, a->drawn, path, &is_new);
        if (is_new <= 0) free(path);
        if (is_new < 0) return tfb_explain_no_memory();
    }
    return open_file(svg, a->path.s, "");
}

static int draw_sequence(outputs_t *a, const record_t *r, int k, const char *tf, double p)
{
    const window_t *w = &r->win[0];
    float *h = malloc((size_t)a->s->W * 4 * sizeof *h);
    int64_t *pos = malloc((size_t)a->s->W * sizeof *pos);
    kstring_t title = {0, 0, NULL}, axis = {0, 0, NULL};
    file_t svg = {.f = NULL};
    int ret = -1;
    if (!h || !pos ||
        ksprintf(&title, "%s: %s, probability of binding %.2f; contributions to the log odds by %s; model %s", r->name,
                 tf, p, tfb_explain_method(a->o->method), tfb_panel_source(a->s->panel, k)) < 0 ||
        ksprintf(&axis, a->genome ? "position on %s, %s" : "position in %s", r->contig, a->genome) < 0)
        tfb_explain_no_memory();
    else if (open_svg(a, r->name, tf, &svg) == 0) {
        tfb_logo_opt_t o = {
            .col_width = 8, .height = 80, .axis = 1, .pos = pos, .title = title.s, .y_label = "contribution"};
        o.x_label = axis.s;
        for (int l = 0; l < a->s->W; l++) pos[l] = w->beg + l + 1;
        tfb_logo_contrib(w->code, a->contrib, a->s->W, h);
        tfb_logo_svg(svg.f, h, a->s->W, &o);
        fputc('\n', svg.f);
        ret = close_file(&svg, 1);
    }
    free(h);
    free(pos);
    free(title.s);
    free(axis.s);
    return ret;
}

static int draw_figure(outputs_t *a, const char *name, const tfb_figure_t *f)
{
    file_t svg = {.f = NULL};
    if (!isfinite(f->lor)) {
        tfb_warn("%s: no figure for %s: the model's score is not finite", name, f->tf);
        return 0;
    }
    if (open_svg(a, name, f->tf, &svg) < 0) return -1;
    int drawn = tfb_figure_draw(svg.f, f, a->o->flank, a->db) == 0;
    fputc('\n', svg.f);
    int closed = close_file(&svg, drawn);
    return drawn ? closed : tfb_explain_no_memory();
}

/* Writes the text under a figure. */
static const char *method_words(tfb_method_t m)
{
    if (m == TFB_DEEPLIFT) return "DeepLIFT: against shuffles of the sequence";
    return m == TFB_ISM ? "in-silico mutagenesis: against the mean of the four bases there" : "gradient x input";
}

static int draw_variant(outputs_t *a, const record_t *r, int t, int k)
{
    static const tfb_effect_opt_t usual = TFB_EFFECT_DEFAULTS;
    const window_t *ref = &r->win[0], *alt = &r->win[1];
    const variant_t *v = r->v;
    tfb_figure_t f = {.contig = r->contig, .id = v->id, .pos = v->pos, .ref = v->ref, .alt = v->alt, .W = a->s->W};
    f.tf = tfb_panel_target(a->s->panel, k);
    f.p_ref = 1 / (1 + exp(-ref->logit[t]));
    f.p_alt = 1 / (1 + exp(-alt->logit[t]));
    f.lor = alt->logit[t] - ref->logit[t];
    f.percentile = tfb_panel_percentile(a->s->panel, k, TFB_CALIB_DELTA, fabs(f.p_alt - f.p_ref));
    f.call = tfb_effect_call(&usual, a->s->panel, k, ref->z[k], alt->z[k]);
    f.threshold = (double)tfb_panel_threshold(a->s->panel, k);
    f.method = method_words(a->o->method);
    f.model = tfb_panel_source(a->s->panel, k);
    f.genome = a->genome;
    for (int i = 0; i < 2; i++) {
        f.code[i] = r->win[i].code;
        f.hyp[i] = r->win[i].hyp + (size_t)t * (size_t)a->s->W * 4;
    }
    return draw_figure(a, r->name, &f);
}

static void write_score(outputs_t *a, const record_t *r, const window_t *w, const char *tf, int t, double sum)
{
    double missed = sum - (w->logit[t] - w->ref_logit[t]);
    fprintf(a->scores.f, "%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t", r->name, tf, w->name, 1 / (1 + exp(-w->logit[t])),
            w->logit[t], sum);
    if (a->o->method == TFB_DEEPLIFT)
        fprintf(a->scores.f, "%.6g\t%.2g\n", w->ref_logit[t], missed);
    else
        fputs(".\t.\n", a->scores.f);
}

int tfb_explain_out_put(outputs_t *a, const record_t *r, int t, int k)
{
    const char *tf = tfb_panel_target(a->s->panel, k);
    int W = a->s->W;
    for (int i = 0; i < r->n; i++) {
        const window_t *w = &r->win[i];
        const float *hyp = w->hyp + (size_t)t * (size_t)W * 4;
        double sum = tfb_attrib_actual(w->code, hyp, W, a->contrib),
               missed = fabs(sum - (w->logit[t] - w->ref_logit[t]));
        if (a->table.f) write_table(a, r, w, tf, hyp);
        if (a->o->method == TFB_DEEPLIFT && missed > a->worst) a->worst = missed;
        if (a->scores.f) write_score(a, r, w, tf, t, sum);
        if (a->onehot && (tfb_npz_add_codes(a->onehot[k], w->code) < 0 || tfb_npz_add(a->hyp[k], hyp) < 0)) return -1;
        if (a->overlay &&
            tfb_overlay_add(a->overlay[k], tfb_fasta_find(a->s->fasta, r->contig), w->beg, a->contrib) < 0)
            return -1;
        if (a->o->logos && r->n == 1 && draw_sequence(a, r, k, tf, 1 / (1 + exp(-w->logit[t]))) < 0) return -1;
    }
    return a->o->logos && r->v ? draw_variant(a, r, t, k) : 0;
}

int tfb_explain_out_failed(const outputs_t *a)
{
    return (a->table.f && ferror(a->table.f)) || (a->scores.f && ferror(a->scores.f));
}

static int open_arrays(outputs_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    if (!(a->onehot = calloc((size_t)a->n, sizeof *a->onehot)) || !(a->hyp = calloc((size_t)a->n, sizeof *a->hyp)))
        return tfb_explain_no_memory();
    for (int t = 0; t < a->n; t++)
        for (int i = 0; i < 2; i++) {
            tfb_npz_t **to = i ? &a->hyp[t] : &a->onehot[t];
            a->path.l = 0;
            if (ks_resize(&a->path, strlen(o->npz) + MAX_TF + 16) < 0) return tfb_explain_no_memory();
            ksprintf(&a->path, "%s.", o->npz);
            put_safe(&a->path, tfb_panel_target(a->s->panel, t), MAX_TF);
            kputs(i ? ".hyp.npz" : ".onehot.npz", &a->path);
            if (!(*to = tfb_npz_open(a->path.s, a->s->W))) return -1;
        }
    return 0;
}

int tfb_explain_out_open(outputs_t *a)
{
    const tfb_explain_opt_t *o = a->o;
    const tfb_build_t *b = tfb_build_of_fasta(a->s->fasta);
    if (a->s->fasta) a->genome = b ? b->text : tfb_base_name(tfb_fasta_path(a->s->fasta));
    if (open_file(&a->table, o->table, "name\ttarget\tallele\tcontig\tpos\tbase\tcontribution\tA\tC\tG\tT\n") < 0)
        return -1;
    if (open_file(&a->scores, o->scores, "name\ttarget\tallele\tprobability\tlogit\tsum\treference_logit\tdelta\n") < 0)
        return -1;
    if (o->track && open_tracks(a) < 0) return -1;
    if (o->logos && mkdir(o->logos, 0777) < 0 && errno != EEXIST) {
        tfb_error("cannot make folder %s: %s", o->logos, strerror(errno));
        return -1;
    }
    return o->npz ? open_arrays(a) : 0;
}

static int write_tracks(outputs_t *a)
{
    for (int t = 0; t < a->n; t++) {
        int64_t n = 0;
        if (tfb_overlay_write(a->overlay[t], a->s->fasta, a->track[t], &n) < 0) return -1;
        if (n > a->n_mean) a->n_mean = n;
    }
    return 0;
}

int tfb_explain_out_close(outputs_t *a, int ok)
{
    int ret = ok ? 0 : -1,
        told = ok || tfb_explain_out_failed(a); /* a write error counts; the file that has it reports it */
    if (finish_file(&a->table, told) < 0) ret = -1;
    if (finish_file(&a->scores, told) < 0) ret = -1;
    if (ret == 0 && a->track) ret = write_tracks(a);
    if (a->track && tfb_tracks_close(a->track, a->n, ret == 0) < 0) ret = -1;
    for (int t = 0; a->overlay && t < a->n; t++) tfb_overlay_destroy(a->overlay[t]);
    for (int t = 0; a->onehot && a->hyp && t < a->n; t++) {
        if (tfb_npz_close(a->onehot[t], ret == 0) < 0) ret = -1;
        if (tfb_npz_close(a->hyp[t], ret == 0) < 0) ret = -1;
    }
    if (a->table.out && tfb_out_end(a->table.out, ret == 0) < 0) ret = -1;
    if (a->scores.out && tfb_out_end(a->scores.out, ret == 0) < 0) ret = -1;
    return ret;
}

void tfb_explain_out_free(outputs_t *a)
{
    for (khint_t k = 0; a->drawn && k < kh_end(a->drawn); k++)
        if (kh_exist(a->drawn, k)) free((char *)kh_key(a->drawn, k));
    if (a->drawn) kh_destroy(drawn, a->drawn);
    tfb_motifs_destroy(a->db);
    free(a->contrib);
    free(a->overlay);
    free(a->onehot);
    free(a->hyp);
    free(a->path.s);
}
