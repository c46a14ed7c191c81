/* curves_svg.c - the picture of learning curves: mean losses, mean AUPRC, and a small panel for each target's AUPRC. */
#include "train/curves.h"
#include "util/util.h"
#include "util/xml.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 1000,
    LEFT = 62, /* of the large panels: room for the labels of their axis */
    TOP = 92,
    LARGE = 390, /* width of a large panel */
    HIGH = 200,
    GAP = 106,  /* between the two large panels */
    CELLS = 8,  /* small panels per row */
    CELL = 120, /* width and height of a small panel with its margins */
    CELL_HIGH = 78,
    SMALL = 104, /* width and height of its frame */
    SMALL_HIGH = 44,
    LETTERS = 10, /* of a target's name */
};
static const double GAIN = 0.01; /* an AUPRC that rises by more than this share still gains */
static const char *const colour[TFB_CURVE_VALUES] = {"#1f6fb4", "#d9731a", "#2b7a4b"};

/* A panel: where it is, and the values at its bottom and top. */
typedef struct {
    double x, y, w, h, lo, hi;
} panel_t;

/* Summary of a target's AUPRC. */
typedef struct {
    int target;
    double best, gain; /* highest AUPRC, 0: none; its rise after the epoch of the best mean loss, as a share */
    int at;            /* row of the highest */
} course_t;

static double value(const tfb_curves_t *c, int e, int t, int which)
{
    return c->value[(size_t)e * (size_t)(c->n_targets + 1) + (size_t)t].v[which];
}

static double x_of(const tfb_curves_t *c, const panel_t *p, int e)
{
    int first = c->epoch[0], span = c->epoch[c->n - 1] - first;
    return p->x + p->w * (span ? (double)(c->epoch[e] - first) / span : 0.5);
}

static double y_of(const panel_t *p, double v) { return p->y + p->h * (1 - (v - p->lo) / (p->hi - p->lo)); }

/* Draws a curve of target t divided by unit, in pieces if epochs have no value. */
static void draw_curve(FILE *f, const tfb_curves_t *c, const panel_t *p, int t, int which, double unit,
                       const char *stroke)
{
    int open = 0;
    for (int e = 0; e < c->n; e++) {
        double v = value(c, e, t, which) / unit;
        if (isnan(v)) {
            if (open) fputs("\"/>\n", f);
            open = 0;
            continue;
        }
        if (!open) fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", stroke);
        fprintf(f, "%s%.1f,%.1f", open ? " " : "", x_of(c, p, e), y_of(p, v));
        open = 1;
    }
    if (open) fputs("\"/>\n", f);
}

static void draw_dot(FILE *f, double x, double y, double r, const char *fill)
{
    fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>\n", x, y, r, fill);
}

/* Draws the epoch of the best mean loss, if there is one. */
static void draw_best(FILE *f, const tfb_curves_t *c, const panel_t *p, int best)
{
    if (best < 0) return;
    double x = x_of(c, p, best);
    fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#888\" stroke-dasharray=\"3 3\"/>\n", x,
            p->y, x, p->y + p->h);
}

/* Returns a round distance for about five marks over a range. */
static double step_of(double range)
{
    double step = pow(10, floor(log10(range / 5)));
    if (range / step > 20) return 5 * step;
    return range / step > 8 ? 2 * step : step;
}

/* Draws the axes of a large panel, with round values on the left and epochs below. */
static void draw_axes(FILE *f, const tfb_curves_t *c, const panel_t *p)
{
    double step = step_of(p->hi - p->lo);
    for (double v = ceil(p->lo / step) * step; v <= p->hi + step / 1000; v += step) {
        fprintf(f, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>", p->x, y_of(p, v),
                p->x + p->w, y_of(p, v));
        fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill=\"#555\">%.4g</text>\n", p->x - 7,
                y_of(p, v) + 4, v);
    }
    int first = c->epoch[0], span = c->epoch[c->n - 1] - first, every = span ? (int)ceil(step_of(span)) : 1;
    for (int e = 0; e < c->n; e++)
        if (c->epoch[e] % every == 0 || !span)
            fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#555\">%d</text>\n", x_of(c, p, e),
                    p->y + p->h + 17, c->epoch[e]);
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#555\">epoch</text>\n", p->x + p->w / 2,
            p->y + p->h + 34);
}

/* Draws the mean of all targets: values of the kinds [from, to). Draws nothing if none is known. */
static void draw_large(FILE *f, const tfb_curves_t *c, double x, int from, int to, int best)
{
    static const char *const name[TFB_CURVE_VALUES] = {"training loss", "validation loss",
                                                       "validation AUPRC, mean over TFs"};
    panel_t p = {x, TOP, LARGE, HIGH, INFINITY, -INFINITY};
    int mean = c->n_targets;
    for (int e = 0; e < c->n; e++)
        for (int k = from; k < to; k++) {
            p.lo = fmin(p.lo, value(c, e, mean, k));
            p.hi = fmax(p.hi, value(c, e, mean, k));
        }
    if (!(p.hi >= p.lo)) return;
    double room = p.hi > p.lo ? 0.05 * (p.hi - p.lo) : fmax(0.05 * p.hi, 1e-3);
    p.lo -= room;
    p.hi += room;
    draw_axes(f, c, &p);
    draw_best(f, c, &p, best);
    for (int k = from, at = 0; k < to; k++) {
        draw_curve(f, c, &p, mean, k, 1, colour[k]);
        for (int e = 0; e < c->n; e++)
            if (!isnan(value(c, e, mean, k)))
                draw_dot(f, x_of(c, &p, e), y_of(&p, value(c, e, mean, k)), 2.2, colour[k]);
        fprintf(f, "<text x=\"%.1f\" y=\"%d\" fill=\"%s\" font-weight=\"bold\">%s</text>\n", x + at, TOP - 12,
                colour[k], name[k]);
        at += 120;
    }
}

/* Returns the row of the lowest mean validation loss, or -1. */
static int best_row(const tfb_curves_t *c)
{
    int best = -1;
    for (int e = 0; e < c->n; e++) {
        double v = value(c, e, c->n_targets, TFB_CURVE_VALID);
        if (!isnan(v) && (best < 0 || v < value(c, best, c->n_targets, TFB_CURVE_VALID))) best = e;
    }
    return best;
}

static course_t course_of(const tfb_curves_t *c, int t, int best)
{
    course_t k = {.target = t};
    double before = 0;
    for (int e = 0; e < c->n; e++) {
        double v = value(c, e, t, TFB_CURVE_AUPRC);
        if (v > k.best) k.best = v, k.at = e;
        if (e <= best && v > before) before = v;
    }
    if (before > 0) k.gain = k.best / before - 1;
    return k;
}

/* Compares targets: those that still gain come first, by their gain; then the others, in their order. */
static int by_gain(const void *a, const void *b)
{
    const course_t *x = a, *y = b;
    double p = x->gain > GAIN ? x->gain : 0, q = y->gain > GAIN ? y->gain : 0;
    if (p != q) return p < q ? 1 : -1;
    return x->target - y->target;
}

/* Writes at most LETTERS characters of a name. */
static void put_name(FILE *f, const char *name)
{
    char text[4 * LETTERS + 1];
    size_t n = 0, letters = 0;
    for (; n < sizeof text - 1 && name[n]; n++) {
        letters += ((unsigned char)name[n] & 0xc0) != 0x80; /* a character of UTF-8 is not cut */
        if (letters > LETTERS) break;
        text[n] = name[n];
    }
    text[n] = 0;
    tfb_xml_put(f, text);
}

static void draw_small(FILE *f, const tfb_curves_t *c, const panel_t *p, const course_t *k, int best)
{
    const char *stroke = k->gain > GAIN ? "#c0392b" : "#666";
    fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" stroke=\"#ddd\"/>\n", p->x, p->y,
            p->w, p->h, k->gain > GAIN ? "#fdf0ee" : "#fff");
    draw_best(f, c, p, best);
    draw_curve(f, c, p, k->target, TFB_CURVE_AUPRC, k->best, stroke);
    draw_dot(f, x_of(c, p, k->at), y_of(p, 1), 2.2, stroke);
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"11\" fill=\"%s\">", p->x, p->y - 5, stroke);
    put_name(f, c->targets[k->target]);
    fprintf(f, "</text><text x=\"%.1f\" y=\"%.1f\" font-size=\"10\" fill=\"%s\" text-anchor=\"end\">", p->x + p->w,
            p->y - 5, stroke);
    if (k->gain > GAIN)
        fprintf(f, "+%.0f %%</text>\n", 100 * k->gain);
    else
        fprintf(f, "%.2f</text>\n", k->best);
}

/* Returns the lowest value of a small panel's axis: the lowest AUPRC of any of n targets as a share of its best. */
static double lowest(const tfb_curves_t *c, const course_t *k, int n)
{
    double low = 0.9;
    for (int i = 0; i < n; i++)
        for (int e = 0; e < c->n; e++) low = fmin(low, value(c, e, k[i].target, TFB_CURVE_AUPRC) / k[i].best);
    return floor(low * 10) / 10;
}

static void draw_heading(FILE *f, const tfb_curves_t *c, int height, int best)
{
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\"><title>Learning curves</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Learning curves: epoch %d, %d TF%s</text>\n",
            WIDTH, height, WIDTH, height, c->epoch[c->n - 1], c->n_targets, c->n_targets == 1 ? "" : "s");
    if (best >= 0)
        fprintf(f,
                "<text x=\"12\" y=\"45\" fill=\"#555\">Dashed: epoch %d, with the lowest mean validation loss</text>\n",
                c->epoch[best]);
}

/* Draws the small panels of n targets from y down. */
static void draw_targets(FILE *f, const tfb_curves_t *c, const course_t *k, int n, int best, int y)
{
    int n_gain = 0;
    double low = lowest(c, k, n);
    for (int i = 0; i < n; i++) n_gain += k[i].gain > GAIN;
    fprintf(
        f,
        "<text x=\"12\" y=\"%d\" font-weight=\"bold\">AUPRC of each TF, as a share of its best (axis from %.1f to "
        "1)</text>\n"
        "<text x=\"12\" y=\"%d\" fill=\"#555\">Red: %d of %d TFs gain more than %.0f %% after the dashed epoch, by the "
        "share given; the others' number is their best AUPRC</text>\n",
        y - 52, low, y - 33, n_gain, n, 100 * GAIN);
    for (int i = 0; i < n; i++) {
        panel_t p = {14 + i % CELLS * (CELL + 2), y + i / CELLS * CELL_HIGH, SMALL, SMALL_HIGH, low, 1.04};
        draw_small(f, c, &p, &k[i], best);
    }
}

int tfb_curves_draw(const tfb_curves_t *c)
{
    int n = 0, best = best_row(c);
    tfb_out_t *out;
    if (!c->n) return 0;
    course_t *k = tfb_alloc((size_t)c->n_targets, sizeof *k, "learning curves");
    if (!k) return -1;
    for (int t = 0; t < c->n_targets; t++) {
        k[n] = course_of(c, t, best);
        n += k[n].best > 0;
    }
    qsort(k, (size_t)n, sizeof *k, by_gain);
    FILE *f = tfb_out_open(c->svg, &out);
    if (!f) {
        free(k);
        return -1;
    }
    int targets = TOP + HIGH + 124;
    int height = n ? targets + (n + CELLS - 1) / CELLS * CELL_HIGH : TOP + HIGH + 50;
    draw_heading(f, c, height, best);
    draw_large(f, c, LEFT, TFB_CURVE_TRAIN, TFB_CURVE_AUPRC, best);
    draw_large(f, c, LEFT + LARGE + GAP, TFB_CURVE_AUPRC, TFB_CURVE_VALUES, best);
    if (n) draw_targets(f, c, k, n, best, targets);
    fputs("</svg>\n", f);
    free(k);
    return tfb_out_close(f, out, 1);
}
