/* figure.c - draws a variant's figure. In: windows, contributions and scores of REF and ALT. Out:
 * an <svg> element.
 *
 * REF and ALT stand in the same columns: the flanks agree base by base, and the shorter allele is
 * followed by empty columns. The motif below stands where it fits the allele with the better site. */
#include "explain/figure.h"
#include "explain/html.h"
#include "explain/logo.h"
#include "genome/base.h"
#include "score/effect.h"
#include "util/xml.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLANK = 25,  /* bases on each side by default; the sites of most TFs span at most 20 */
    SHOWN = 40,  /* most bases shown of an allele */
    COLUMN = 14, /* pixels */
    LEFT = 50,   /* x of the logos' first column: the width of the axis with its label */
    TITLE = 20,  /* height of a logo's title */
    BELOW = 17,  /* height of the positions below a logo */
    ROW = 16,    /* height of a row of letters */
    SCALE = 300, /* width of the scale of probabilities */
    PLOT = 90,   /* height of a contribution logo */
    MOTIF = 60,  /* height of the motif */
    LINE = 17,   /* height of a line of text */
};

/* ---- the best motif ---- */

/* Log odds (w, 4) of a motif, centred per position: an N or a flat position gives 0. */
static void log_odds(const tfb_motif_t *m, int rev, float *q)
{
    const float few = 0.01f; /* keeps a base that was never seen from outweighing all else */
    for (int i = 0; i < m->w; i++) {
        float *r = q + (size_t)i * 4, mean = 0;
        for (int c = 0; c < 4; c++) {
            float p = rev ? m->p[(size_t)(m->w - 1 - i) * 4 + (size_t)(3 - c)] : m->p[(size_t)i * 4 + (size_t)c];
            r[c] = logf((p + few) / (1 + 4 * few));
            mean += 0.25f * r[c];
        }
        for (int c = 0; c < 4; c++) r[c] -= mean;
    }
}

tfb_match_t tfb_match_motif(const tfb_motifs_t *db, const float *hyp, int n, int beg, int end, const char *tf)
{
    tfb_match_t best = {-1, 0, 0, 0, 0}, own = best;
    float *h = malloc((size_t)n * 4 * sizeof *h), *q = malloc(TFB_MOTIF_MAX * 4 * sizeof *q);
    double *upto = malloc(((size_t)n + 1) * sizeof *upto); /* sums of squares of h before a position */
    if (!h || !q || !upto) {
        best.motif = own.motif = -2;
        goto done;
    }
    upto[0] = 0;
    for (int l = 0; l < n; l++) {
        float mean = 0.25f * (hyp[4 * l] + hyp[4 * l + 1] + hyp[4 * l + 2] + hyp[4 * l + 3]);
        upto[l + 1] = upto[l];
        for (int c = 0; c < 4; c++) {
            h[4 * l + c] = hyp[4 * l + c] - mean;
            upto[l + 1] += (double)h[4 * l + c] * h[4 * l + c];
        }
    }
    if (!(upto[n] > 0)) goto done;
    for (int i = 0; i < db->n; i++) {
        const tfb_motif_t *m = &db->motif[i];
        int mine = tf && tfb_motif_is_of(m, tf);
        for (int rev = 0; rev < 2; rev++) {
            double qq = 0;
            log_odds(m, rev, q);
            for (int k = 0; k < 4 * m->w; k++) qq += (double)q[k] * q[k];
            if (!(qq > 0)) continue;
            for (int at = beg - m->w + 1 > 0 ? beg - m->w + 1 : 0; at < end && at + m->w <= n; at++) {
                float dot = 0;
                for (int k = 0; k < 4 * m->w; k++) dot += q[k] * h[4 * at + k];
                double here = upto[at + m->w] - upto[at], score = dot / sqrt(qq * upto[n]);
                tfb_match_t t = {
                    .motif = i, .at = at, .rev = rev, .alike = here > 0 ? dot / sqrt(qq * here) : 0, .score = score};
                if (score > best.score) best = t;
                if (mine && score > own.score) own = t;
            }
        }
    }
    if (own.motif >= 0 && own.score >= 0.9 * best.score) best = own;
done:
    free(h);
    free(q);
    free(upto);
    return best;
}

/* ---- what is shown ---- */

typedef struct {
    int left, right;    /* flanks, the same for both alleles */
    int n[2], shown[2]; /* bases of the allele in its window, and those shown */
    int beg[2];         /* where the allele begins in its window */
    int wide, L;        /* columns for the alleles; for all */
} plan_t;

static int least(int a, int b) { return a < b ? a : b; }

static plan_t plan(const char *ref, const char *alt, int W, int flank)
{
    plan_t p = {.left = flank, .right = flank};
    for (int i = 0; i < 2; i++) {
        int a = (int)strlen(i ? alt : ref);
        p.n[i] = least(a, W);
        p.beg[i] = a < W ? W / 2 - a / 2 : 0; /* alleles.h */
        if (p.beg[i] < 0) p.beg[i] = 0;
        p.shown[i] = least(p.n[i], SHOWN);
        p.left = least(p.left, p.beg[i]);
        p.right = least(p.right, W - p.beg[i] - p.n[i]);
    }
    p.wide = p.shown[0] > p.shown[1] ? p.shown[0] : p.shown[1];
    p.L = p.left + p.wide + p.right;
    return p;
}

/* Sets [*beg, *end) to the positions of an allele's window (0 REF, 1 ALT) that the figure shows: the allele (its first
 * bases if it is long) and `flank` bases on both sides, as far as both windows reach. */
static void span_of(const char *ref, const char *alt, int W, int flank, int allele, int *beg, int *end)
{
    plan_t p = plan(ref, alt, W, flank > 0 ? flank : FLANK);
    *beg = p.beg[allele] - p.left;
    *end = p.beg[allele] + p.n[allele] + p.right;
}

/* Returns the position in the allele's window that column l shows, or -1. */
static int column(const plan_t *p, int allele, int l)
{
    if (l < p->left + p->shown[allele]) return p->beg[allele] - p->left + l;
    if (l < p->left + p->wide) return -1;
    return p->beg[allele] + p->n[allele] + (l - p->left - p->wide);
}

/* ---- drawing ---- */

static void text(FILE *f, double x, double y, const char *attr, const char *what)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attr);
    tfb_xml_put(f, what);
    fputs("</text>", f);
}

/* Breaks words into lines of at most `most` letters. Returns the height used. */
static double paragraph(FILE *f, double x, double y, int most, const char *attr, char *words)
{
    double y0 = y;
    while (*words) {
        size_t n = strlen(words);
        if (n > (size_t)most) {
            n = (size_t)most;
            while (n > 0 && words[n] != ' ') n--;
            if (n == 0) n = (size_t)most;
        }
        char cut = words[n];
        words[n] = 0;
        text(f, x, y, attr, words);
        words[n] = cut;
        y += LINE;
        words += n;
        while (*words == ' ') words++;
    }
    return y - y0;
}

/* Writes an allele, shortened if it is long. */
static void put_allele(kstring_t *s, const char *a)
{
    size_t n = strlen(a);
    kputsn(a, n < 12 ? n : 10, s);
    if (n >= 12) ksprintf(s, "... (%zu bases)", n);
}

/* Describes what the ALT allele does. Only the call decides whether a site is gained or lost, so figures
 * and tags agree. */
static const char *verb(const tfb_figure_t *f)
{
    double d = f->p_alt - f->p_ref;
    if (f->call && strcmp(f->call, "gain") == 0) return "makes a predicted binding site of";
    if (f->call && strcmp(f->call, "loss") == 0) return "breaks a predicted binding site of";
    if (f->call && d != 0)
        return d > 0 ? "strengthens a predicted binding site of" : "weakens a predicted binding site of";
    if (fabs(d) < 0.05) return "hardly changes predicted binding of";
    return d > 0 ? "raises predicted binding of" : "lowers predicted binding of";
}

/* Describes the effect in one or two sentences. */
static void sentence(kstring_t *s, const tfb_figure_t *f)
{
    double odds = exp(fabs(f->lor));
    ksprintf(s, "The ALT allele %s %s: the probability of binding is %.2f with REF and %.2f with ALT", verb(f), f->tf,
             f->p_ref, f->p_alt);
    if (isfinite(odds))
        ksprintf(s, "; the odds are %s %.*f", f->lor < 0 ? "divided by" : "times", odds < 10 ? 1 : 0, odds);
    kputs(". ", s);
    if (f->percentile >= 99 && f->percentile <= 100) { /* cut off, not rounded: 99.997 is not 100 */
        double rest = 100 - f->percentile, one_in = 100 / (rest > 1e-4 ? rest : 1e-4),
               unit = pow(10, floor(log10(one_in)) - 1);
        ksprintf(s, "The change is larger than that of %.2f %% of random SNVs: about 1 in %.0f changes it as much. ",
                 floor(f->percentile * 100) / 100, round(one_in / unit) * unit);
    } else if (f->percentile >= 0 && f->percentile < 99)
        ksprintf(s, "The change is larger than that of %.0f %% of random SNVs. ", f->percentile);
}

/* Returns the base that column l of a row of letters shows, 0 to 4; -1: the column is empty. */
static int shown_base(const tfb_figure_t *f, const plan_t *p, int allele, int complement, int l)
{
    int at = column(p, allele, l);
    if (at < 0) return -1;
    int c = f->code[allele][at];
    return complement && c < 4 ? 3 - c : c;
}

/* The row of letters below a logo, the allele in bold, or with complement 1 the other strand. Each colour is one
 * element, with the places of its letters. */
static void letters(FILE *out, const tfb_figure_t *f, const plan_t *p, int allele, int complement, double y)
{
    static const char *const grey[2] = {"#777", "#999"};
    fputs("<g font-family=\"monospace\" font-size=\"13\" text-anchor=\"middle\">", out);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 9, y, complement ? "\u2212" : "+");
    for (int k = 0; k < 12; k++) { /* five bases and the empty column, beside the allele and in it */
        int base = k % 6 == 5 ? -1 : k % 6, bold = k > 5, n = 0;
        for (int l = 0; l < p->L; l++) {
            int inside = l >= p->left && l < p->left + p->wide;
            if (inside != bold || shown_base(f, p, allele, complement, l) != base) continue;
            fprintf(out, n++ ? " %d" : "<text x=\"%d", LEFT + l * COLUMN + COLUMN / 2);
        }
        if (!n) continue;
        fprintf(out, "\" y=\"%.1f\" fill=\"%s\"%s>", y, base >= 0 && base < 4 ? tfb_logo_colour[base] : grey[base < 0],
                bold && base >= 0 ? " font-weight=\"bold\"" : "");
        while (n--) fputc(base < 0 ? '-' : tfb_base_char[base], out);
        fputs("</text>", out);
    }
    fputs("</g>", out);
}

/* Returns the most bytes that any text of the figure takes. */
static size_t words_room(const tfb_figure_t *f, const tfb_motifs_t *db)
{
    size_t longest =
        strlen(f->contig) + (f->id ? strlen(f->id) : 0) + strlen(f->method) + strlen(f->model) + 2 * strlen(f->genome);
    for (int i = 0; db && i < db->n; i++) {
        size_t n = strlen(db->motif[i].id) + strlen(db->motif[i].name);
        if (n > longest) longest = n;
    }
    return longest + strlen(f->tf) + 1024; /* numbers and words */
}

/* A figure in progress. Its parts are appended to body from top to bottom. The frame is written last, when
 * the height is known. */
typedef struct {
    const tfb_figure_t *f;
    plan_t p;
    FILE *body;
    float *h;     /* (3, L, 4) letters of REF, ALT and the motif */
    int64_t *pos; /* (2, L) positions of the columns of REF and ALT on the contig, from 1; -1: none */
    double lo, hi, width, y;
    kstring_t t;
} canvas_t;

/* Computes the letter heights of both alleles, and their range. */
static void measure(canvas_t *c)
{
    const tfb_figure_t *f = c->f;
    size_t L = (size_t)c->p.L;
    for (int i = 0; i < 2; i++) {
        float *h = c->h + (size_t)i * L * 4;
        for (int l = 0; l < c->p.L; l++) {
            int at = column(&c->p, i, l);
            if (at >= 0 && f->code[i][at] < 4) h[4 * l + f->code[i][at]] = f->hyp[i][(size_t)at * 4 + f->code[i][at]];
        }
        tfb_logo_range(h, c->p.L, &c->lo, &c->hi);
    }
    if (c->hi - c->lo >= 1) return;
    if (c->hi < 0.7) c->hi = 0.7; /* keeps noise from filling the frame */
    if (c->lo > -0.3) c->lo = -0.3;
}

/* Sets the positions of the columns of allele i. Bases of ALT beyond REF's length are inserted, and have none. */
static void locate(canvas_t *c, int i)
{
    const plan_t *p = &c->p;
    int n_ref = (int)strlen(c->f->ref);
    for (int l = 0; l < p->L; l++) {
        int64_t *to = &c->pos[(size_t)i * (size_t)p->L + (size_t)l], at = c->f->pos + 1 + l - p->left;
        int after = l - p->left - p->wide;
        *to = at;
        if (after >= 0) *to = c->f->pos + 1 + n_ref + after;
        if (l >= p->left && after < 0 && (l - p->left >= p->shown[i] || l - p->left >= n_ref)) *to = -1;
    }
}

static void draw_heading(canvas_t *c)
{
    const tfb_figure_t *f = c->f;
    kstring_t *t = &c->t;
    c->y = 20;
    if (f->id && *f->id && strcmp(f->id, ".")) ksprintf(t, "%s \u00b7 ", f->id);
    ksprintf(t, "%s:%" PRId64 " ", f->contig, (int64_t)f->pos + 1);
    put_allele(t, f->ref);
    kputc('>', t);
    put_allele(t, f->alt);
    ksprintf(t, " \u00b7 %s", f->tf);
    text(c->body, 10, c->y, "font-size=\"16\" font-weight=\"bold\" fill=\"#111\"", t->s);
    c->y += 22;
    t->l = 0;
    sentence(t, f);
    c->y += paragraph(c->body, 10, c->y, (int)((c->width - 20) / 6.6), "font-size=\"13\"", t->s) - 4;
}

/* Draws an allele's probability on the scale, with its text above, towards the side away from the other allele. */
static void draw_probability(canvas_t *c, double x0, int alt, int right, double y, const char *colour)
{
    double p = alt ? c->f->p_alt : c->f->p_ref, x = x0 + p * SCALE;
    c->t.l = 0;
    ksprintf(&c->t, "%s %.2f", alt ? "ALT" : "REF", p);
    fprintf(c->body, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" stroke=\"%s\" stroke-width=\"2\" fill=\"%s\"/>", x, y,
            colour, alt ? colour : "#fff");
    text(c->body, x + (right ? -5 : 5), y - 10, right ? "font-size=\"12\"" : "font-size=\"12\" text-anchor=\"end\"",
         c->t.s);
}

static void draw_threshold(canvas_t *c, double x0, double y)
{
    double p = c->f->threshold, x = x0 + p * SCALE;
    c->t.l = 0;
    ksprintf(&c->t, "threshold of a site %.2f", p);
    fprintf(c->body, "<path d=\"M%.1f %.1fv28\" stroke=\"#111\" stroke-width=\"1.5\" stroke-dasharray=\"3 2\"/>", x,
            y - 8);
    text(c->body, x + (p < 0.5 ? 5 : -5), y + 18, p < 0.5 ? "font-size=\"11\"" : "font-size=\"11\" text-anchor=\"end\"",
         c->t.s);
}

/* Draws both probabilities on a scale from 0 to 1, the threshold of a site, and the call. */
static void draw_scale(canvas_t *c)
{
    const tfb_figure_t *f = c->f;
    double x0 = LEFT + 10, y = c->y + 40, d = f->p_alt - f->p_ref;
    if (f->page) x0 = fmax(x0, LEFT + (c->p.L * COLUMN - SCALE) / 2); /* narrow screens show the middle */
    const char *colour = d < 0 ? TFB_DOWN : TFB_UP;
    text(c->body, x0 - 10, c->y + 12, "font-size=\"12\"", "Probability of binding");
    fprintf(c->body,
            "<path d=\"M%.1f %.1fv8m0 -4h%dm0 -4v8\" fill=\"none\" stroke=\"#999\"/><path d=\"M%.1f %.1fH%.1f\" "
            "stroke=\"%s\" stroke-width=\"4\"/>",
            x0, y - 4, SCALE, x0 + f->p_ref * SCALE, y, x0 + f->p_alt * SCALE, colour);
    text(c->body, x0, y + 18, "font-size=\"11\" text-anchor=\"middle\"", "0");
    text(c->body, x0 + SCALE, y + 18, "font-size=\"11\" text-anchor=\"middle\"", "1");
    if (isfinite(f->threshold)) draw_threshold(c, x0, y);
    draw_probability(c, x0, 0, d < 0, y, "#555");
    draw_probability(c, x0, 1, d >= 0, y, colour);
    c->t.l = 0;
    ksprintf(&c->t, "delta %+.2f%s%s", d, f->call ? ", call: " : "", f->call ? f->call : "");
    fprintf(c->body, "<g fill=\"%s\" font-weight=\"bold\">", colour);
    text(c->body, x0 + SCALE + 30, y + 5, "font-size=\"14\"", c->t.s);
    fputs("</g>", c->body);
    c->y += 70;
}

/* Draws a logo with c->t above it. */
static void draw_logo(canvas_t *c, const float *h, tfb_logo_opt_t *o)
{
    o->title = c->t.s;
    o->shared = c->f->page;
    fprintf(c->body, "<g transform=\"translate(0 %.1f)\">", c->y);
    tfb_logo_svg(c->body, h, c->p.L, o);
    fputs("</g>", c->body);
}

static void draw_allele(canvas_t *c, int i)
{
    const tfb_figure_t *f = c->f;
    const plan_t *p = &c->p;
    tfb_logo_opt_t o = {.col_width = COLUMN, .height = PLOT, .lo = c->lo, .hi = c->hi, .axis = 1, .mark_beg = p->left};
    o.pos = c->pos + (size_t)i * (size_t)p->L;
    o.mark_end = p->left + p->wide;
    o.y_label = "contribution";
    c->t.l = 0;
    kputs(i ? "ALT " : "REF ", &c->t);
    put_allele(&c->t, i ? f->alt : f->ref);
    if (p->n[i] > p->shown[i]) ksprintf(&c->t, " (the first %d of its bases are shown)", p->shown[i]);
    draw_logo(c, c->h + (size_t)i * (size_t)p->L * 4, &o);
    c->y += TITLE + PLOT + BELOW;
    for (int k = 0; k < 2; k++) letters(c->body, f, p, i, k, c->y + 10 + k * ROW);
    c->y += 2 * ROW + 6;
}

/* Copies a motif's letters, (w, 4) bits, to the columns of allele i, starting at base `at` of the window. */
static void place_motif(const canvas_t *c, int i, int at, int w, int rev, const float *bits)
{
    float *to = c->h + 2 * (size_t)c->p.L * 4;
    for (int l = 0; l < c->p.L; l++) {
        int base = column(&c->p, i, l), k = base < 0 ? -1 : base - at;
        if (k < 0 || k >= w) continue;
        for (int b = 0; b < 4; b++)
            to[4 * l + b] = rev ? bits[(size_t)(w - 1 - k) * 4 + (size_t)(3 - b)] : bits[(size_t)k * 4 + (size_t)b];
    }
}

/* Names a motif beside its letters, on the side that has room. */
static void name_motif(canvas_t *c, const tfb_motif_t *mo, const tfb_match_t *m, int allele)
{
    enum { WIDE = 180 }; /* pixels of the text */
    const plan_t *p = &c->p;
    const float *h = c->h + 2 * (size_t)p->L * 4;
    int first = p->L, last = -1;
    for (int k = 0; k < 4 * p->L; k++) {
        if (!(h[k] > 0)) continue;
        if (k / 4 < first) first = k / 4;
        last = k / 4;
    }
    int right = c->width - LEFT - (last + 1) * COLUMN > WIDE || first * COLUMN < WIDE;
    double x = right ? LEFT + (last + 1) * COLUMN + 12 : LEFT + first * COLUMN - 12, y = c->y + TITLE;
    fprintf(c->body, "<g font-size=\"12\"%s>", right ? "" : " text-anchor=\"end\"");
    text(c->body, x, y + 12, "font-size=\"15\" font-weight=\"bold\" fill=\"#111\"", *mo->name ? mo->name : mo->id);
    c->t.l = 0;
    ksprintf(&c->t, "%s, %s strand", mo->id, m->rev ? "\u2212" : "+");
    text(c->body, x, y + 29, "", c->t.s);
    c->t.l = 0;
    ksprintf(&c->t, "likeness to %s: %.2f", allele ? "ALT" : "REF", m->alike);
    text(c->body, x, y + 45, "", c->t.s);
    fputs("</g>", c->body);
}

/* Adds the motif that the better allele resembles, if any. Returns 0, or -1 if memory runs out. */
static int draw_motif(canvas_t *c, const tfb_motifs_t *db)
{
    const tfb_figure_t *f = c->f;
    const plan_t *p = &c->p;
    int i = f->p_alt >= f->p_ref, beg = p->beg[i] - p->left, n = p->left + p->n[i] + p->right;
    tfb_match_t m = tfb_match_motif(db, f->hyp[i] + (size_t)beg * 4, n, p->left, p->left + p->n[i], f->tf);
    if (m.motif < 0) return m.motif == -2 ? -1 : 0;
    const tfb_motif_t *mo = &db->motif[m.motif];
    float *bits = malloc((size_t)mo->w * 4 * sizeof *bits);
    if (!bits) return -1;
    tfb_motif_bits(mo->p, mo->w, db->bg, bits);
    place_motif(c, i, beg + m.at, mo->w, m.rev, bits);
    free(bits);
    name_motif(c, mo, &m, i);
    c->t.l = 0;
    ksprintf(&c->t, "Best matching motif: %s%s%s", mo->id, *mo->name ? " " : "", mo->name);
    tfb_logo_opt_t o = {.col_width = COLUMN, .height = MOTIF, .hi = 2, .axis = 1, .y_label = "bits"};
    o.pos = c->pos + (size_t)i * (size_t)p->L;
    o.description = c->t.s;
    fprintf(c->body, "<g transform=\"translate(0 %.1f)\">", c->y);
    o.title = "Best matching motif";
    o.shared = f->page;
    tfb_logo_svg(c->body, c->h + 2 * (size_t)p->L * 4, p->L, &o);
    fputs("</g>", c->body);
    c->y += TITLE + MOTIF + BELOW;
    return 0;
}

/* Names the horizontal axis, once for all logos. */
static void name_axis(canvas_t *c)
{
    c->t.l = 0;
    ksprintf(&c->t, "position on %s, %s", c->f->contig, c->f->genome);
    text(c->body, LEFT + c->p.L * COLUMN / 2.0, c->y + 10, "font-size=\"12\" text-anchor=\"middle\"", c->t.s);
    c->y += LINE;
}

static void draw_legend(canvas_t *c)
{
    c->t.l = 0;
    ksprintf(&c->t,
             "Height of a letter: what this base contributes to the log odds of binding (%s). Shaded: the allele. "
             "\u2212: the other strand. Model: %s. Genome: %s.",
             c->f->method, c->f->model, c->f->genome);
    c->y += 12;
    c->y += paragraph(c->body, 10, c->y, (int)((c->width - 20) / 5.6), "font-size=\"11\" fill=\"#555\"", c->t.s);
}

/* Writes the frame around the finished parts. */
static void put_frame(FILE *out, canvas_t *c, const char *drawn)
{
    c->t.l = 0;
    sentence(&c->t, c->f);
    if (c->f->page) {
        fputs("<p>", out);
        tfb_xml_put(out, c->t.s);
        fputs("</p>\n<figure class=\"wide\">", out);
    }
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
            "%.0f\" font-family=\"sans-serif\" "
            "fill=\"#333\"><title>",
            c->width, c->y, c->width, c->y);
    tfb_xml_put(out, c->t.s);
    fprintf(out, "</title><rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%s</svg>%s", drawn,
            c->f->page ? "</figure>" : "");
}

/* Draws all parts, from top to bottom. Returns 0, or -1 if memory runs out. */
static int draw_parts(canvas_t *c, const tfb_motifs_t *db)
{
    measure(c);
    locate(c, 0);
    locate(c, 1);
    if (!c->f->page) draw_heading(c);
    draw_scale(c);
    draw_allele(c, 0);
    draw_allele(c, 1);
    if (db && draw_motif(c, db) < 0) return -1;
    name_axis(c);
    if (!c->f->page) draw_legend(c);
    return 0;
}

int tfb_figure_draw(FILE *out, const tfb_figure_t *f, int flank, const tfb_motifs_t *db)
{
    char *drawn = NULL;
    size_t n_drawn = 0;
    canvas_t c = {.f = f, .p = plan(f->ref, f->alt, f->W, flank > 0 ? flank : FLANK)};
    int ret = -1;
    c.width = fmax(LEFT + c.p.L * COLUMN + 9, 640); /* the text needs this much */
    c.h = calloc((size_t)c.p.L * 4 * 3, sizeof *c.h);
    c.pos = calloc((size_t)c.p.L * 2, sizeof *c.pos);
    c.body = open_memstream(&drawn, &n_drawn);
    if (!c.h || !c.pos || !c.body || ks_resize(&c.t, words_room(f, db)) < 0 || draw_parts(&c, db) < 0) goto done;
    int bad = ferror(c.body);
    bad |= fclose(c.body) != 0;
    c.body = NULL;
    if (bad) goto done;
    put_frame(out, &c, drawn);
    ret = 0;
done:
    free(c.h);
    free(c.pos);
    free(c.t.s);
    if (c.body) fclose(c.body);
    free(drawn);
    return ret;
}

static int all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return 0;
    return 1;
}

/* Returns the target whose probability changes most. z: (2, T) logits. */
static int most_changed(const float *z, int T)
{
    int target = 0;
    double most = -1;
    for (int t = 0; t < T; t++) {
        double d = fabs((double)tfb_sigmoid(z[T + t]) - (double)tfb_sigmoid(z[t]));
        if (d > most) most = d, target = t;
    }
    return target;
}

/* Computes the contributions of the part of both windows that the figure shows, and writes those of target
 * to hyp (2, W, 4). Returns 0, -1 (logged), or -2 if memory runs out. */
static int contributions(tfb_panel_t *panel, const tfb_figure_ask_t *q, int target, const uint8_t *code, float *z,
                         float *hyp)
{
    int W = tfb_panel_window(panel), T = tfb_panel_n_targets(panel), ret = 0;
    for (int i = 0; i < 2 && ret == 0; i++) {
        int beg, end;
        span_of(q->ref, q->alt, W, q->flank, i, &beg, &end);
        size_t n = (size_t)(end - beg) * 4;
        float *all = malloc((size_t)T * n * sizeof *all);
        if (!all) return -2;
        ret = tfb_ism(panel, code + (size_t)i * (size_t)W, beg, end, q->strand, all, z + (size_t)i * (size_t)T);
        if (ret == 0)
            memcpy(hyp + ((size_t)i * (size_t)W + (size_t)beg) * 4, all + (size_t)target * n, n * sizeof *hyp);
        free(all);
    }
    return ret;
}

/* Draws the figure of a change. win has two windows, REF's and ALT's; q has trimmed alleles. Returns the
 * same as tfb_figure_variant, or -2 if memory runs out. */
static int draw_change(FILE *out, tfb_panel_t *panel, const tfb_figure_ask_t *q, tfb_windows_t *win, float *hyp)
{
    static const tfb_effect_opt_t usual = TFB_EFFECT_DEFAULTS;
    int W = win->W, T = win->T, target = q->target;
    if (tfb_windows_score(win, panel, q->strand) < 0) return -1;
    float *z = win->z;
    if (target < 0) target = most_changed(z, T);
    const char *call =
        tfb_effect_call(&usual, panel, target, z[target], z[T + target]); /* from the same scores as annotate */
    int r = contributions(panel, q, target, win->code, z, hyp);
    if (r < 0) return r;
    float zr = z[target], za = z[T + target];
    if (!isfinite(zr) || !isfinite(za) || !all_finite(hyp, 2 * (size_t)W * 4)) return TFB_FIGURE_NO_NUMBER;
    tfb_figure_t f = {.contig = q->contig,
                      .id = q->id,
                      .pos = q->pos,
                      .ref = q->ref,
                      .alt = q->alt,
                      .tf = tfb_panel_target(panel, target),
                      .W = W};
    f.p_ref = (double)tfb_sigmoid(zr);
    f.p_alt = (double)tfb_sigmoid(za);
    f.lor = (double)za - (double)zr;
    f.percentile = q->annotated ? q->percentile : tfb_effect_percentile(&usual, panel, target, zr, za);
    f.threshold = (double)tfb_panel_threshold(panel, target);
    f.call = q->annotated ? q->call : call;
    f.model = tfb_panel_source(panel, target);
    f.genome = q->genome;
    f.page = q->page;
    f.method = "in-silico mutagenesis: against the mean of the four bases there";
    for (int i = 0; i < 2; i++) {
        f.code[i] = tfb_windows_code(win, i);
        f.hyp[i] = hyp + (size_t)i * (size_t)W * 4;
    }
    return tfb_figure_draw(out, &f, q->flank, q->db) == 0 ? 0 : -2;
}

static int no_memory(void)
{
    tfb_error("not enough memory for a figure");
    return -1;
}

int tfb_figure_read(tfb_figure_site_t *s, const tfb_panel_t *panel, tfb_fasta_t *fasta, const tfb_figure_ask_t *ask)
{
    *s = (tfb_figure_site_t){.ask = *ask, .win = {.W = tfb_panel_window(panel), .T = tfb_panel_n_targets(panel)}};
    tfb_variants_t maker = {.fasta = fasta, .win = &s->win, .max_n = s->win.W / 10};
    tfb_alt_t place;
    const tfb_change_t *c = &place.change;
    int ret = tfb_variant_add(&maker, ask->contig, ask->pos, ask->ref, ask->alt, &place);
    if (ret != TFB_ALLELE_OK) return ret;
    s->ref = strndup(c->ref, (size_t)c->n_ref);
    s->alt = strndup(c->alt, (size_t)c->n_alt);
    if (!s->ref || !s->alt) return no_memory();
    s->ask.pos = c->pos;
    s->ask.ref = s->ref;
    s->ask.alt = s->alt;
    return 0;
}

int tfb_figure_variant(FILE *out, tfb_panel_t *panel, tfb_figure_site_t *s)
{
    float *hyp = calloc(2 * (size_t)s->win.W * 4, sizeof *hyp);
    int ret = hyp ? draw_change(out, panel, &s->ask, &s->win, hyp) : -2;
    free(hyp);
    return ret == -2 ? no_memory() : ret;
}

void tfb_figure_site_free(tfb_figure_site_t *s)
{
    free(s->ref);
    free(s->alt);
    tfb_windows_free(&s->win);
    *s = (tfb_figure_site_t){.ref = NULL};
}
