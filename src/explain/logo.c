/* logo.c - draws sequence logos. In: heights (L, 4). Out: an <svg> element.
 *
 * All letters of a base are one path, so that a logo is four paths however long it is and a page of hundreds stays
 * light. */
#include "explain/logo.h"
#include "explain/html.h"
#include "util/xml.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Dark enough for 3 to 1 against white (WCAG's limit for graphics), and of different lightness for those who confuse
 * green and red. */
const char *const tfb_logo_colour[4] = {"#0a8a4a", "#1f5fc4", "#c67600", "#c4262e"};

/* Letters in a unit box, y upwards: commands M L C and Z, each followed by its coordinates. A's second outline is its
 * hole (even-odd). */
typedef struct {
    char cmd;
    float xy[6];
} step_t;

static const step_t letter_a[] = {
    {'M', {0, 0}},         {'L', {.39f, 1}},     {'L', {.61f, 1}}, {'L', {1, 0}}, {'L', {.79f, 0}},
    {'L', {.705f, .24f}},  {'L', {.295f, .24f}}, {'L', {.21f, 0}}, {'Z', {0}},    {'M', {.345f, .385f}},
    {'L', {.655f, .385f}}, {'L', {.5f, .83f}},   {'Z', {0}},       {0, {0}}};
static const step_t letter_c[] = {{'M', {1, .67f}},
                                  {'C', {.97f, .88f, .77f, 1, .52f, 1}},
                                  {'C', {.2f, 1, 0, .8f, 0, .5f}},
                                  {'C', {0, .2f, .2f, 0, .52f, 0}},
                                  {'C', {.77f, 0, .97f, .12f, 1, .33f}},
                                  {'L', {.8f, .36f}},
                                  {'C', {.77f, .23f, .67f, .15f, .52f, .15f}},
                                  {'C', {.31f, .15f, .2f, .28f, .2f, .5f}},
                                  {'C', {.2f, .72f, .31f, .85f, .52f, .85f}},
                                  {'C', {.67f, .85f, .77f, .77f, .8f, .64f}},
                                  {'Z', {0}},
                                  {0, {0}}};
static const step_t letter_g[] = {{'M', {.99f, .7f}},
                                  {'C', {.95f, .89f, .77f, 1, .53f, 1}},
                                  {'C', {.2f, 1, 0, .8f, 0, .5f}},
                                  {'C', {0, .2f, .2f, 0, .53f, 0}},
                                  {'C', {.72f, 0, .88f, .06f, 1, .16f}},
                                  {'L', {1, .54f}},
                                  {'L', {.52f, .54f}},
                                  {'L', {.52f, .39f}},
                                  {'L', {.81f, .39f}},
                                  {'L', {.81f, .23f}},
                                  {'C', {.74f, .18f, .64f, .15f, .53f, .15f}},
                                  {'C', {.31f, .15f, .2f, .28f, .2f, .5f}},
                                  {'C', {.2f, .72f, .31f, .85f, .53f, .85f}},
                                  {'C', {.67f, .85f, .76f, .79f, .79f, .67f}},
                                  {'Z', {0}},
                                  {0, {0}}};
static const step_t letter_t[] = {{'M', {0, 1}},   {'L', {1, 1}},   {'L', {1, .85f}},   {'L', {.6f, .85f}},
                                  {'L', {.6f, 0}}, {'L', {.4f, 0}}, {'L', {.4f, .85f}}, {'L', {0, .85f}},
                                  {'Z', {0}},      {0, {0}}};
static const step_t *const letters[4] = {letter_a, letter_c, letter_g, letter_t};

/* Two decimals, without the zeros and the sign of zero: logos are mostly coordinates. */
static void put_num(FILE *f, double v)
{
    long n = lround(v * 100);
    if (n < 0) fputc('-', f), n = -n;
    fprintf(f, "%ld", n / 100);
    if (n % 100) {
        fputc('.', f);
        fputc((int)('0' + n % 100 / 10), f);
        if (n % 10) fputc((int)('0' + n % 10), f);
    }
}

/* One letter in the box from (x, y0) to (x + w, y1); y1 is where the letter's top is, which may be the lower end on the
 * screen. */
static void put_letter(FILE *f, const step_t *l, double x, double w, double y0, double y1)
{
    for (; l->cmd; l++) {
        fputc(l->cmd, f);
        int n = l->cmd == 'C' ? 6 : l->cmd == 'Z' ? 0 : 2;
        for (int i = 0; i < n; i += 2) {
            if (i) fputc(' ', f);
            put_num(f, x + w * l->xy[i]);
            fputc(' ', f);
            put_num(f, y0 + (y1 - y0) * l->xy[i + 1]);
        }
    }
}

static double finite_or_0(float v) { return isfinite(v) ? v : 0; }

void tfb_logo_contrib(const unsigned char *code, const float *contrib, int L, float *h)
{
    memset(h, 0, (size_t)L * 4 * sizeof *h);
    for (int l = 0; l < L; l++)
        if (code[l] < 4) h[4 * l + code[l]] = contrib[l];
}

void tfb_logo_range(const float *h, int L, double *lo, double *hi)
{
    for (int l = 0; l < L; l++) {
        double up = 0, down = 0;
        for (int c = 0; c < 4; c++) {
            double v = finite_or_0(h[4 * l + c]);
            if (v > 0)
                up += v;
            else
                down += v;
        }
        if (up > *hi) *hi = up;
        if (down < *lo) *lo = down;
    }
}

/* A step of 1, 2 or 5 times a power of ten that puts at most n labels on span. */
static double nice_step(double span, int n)
{
    double raw = span / n, p = pow(10, floor(log10(raw)));
    return raw <= p ? p : raw <= 2 * p ? 2 * p : raw <= 5 * p ? 5 * p : 10 * p;
}

static void put_text(FILE *f, double x, double y, const char *anchor, const char *fmt, double v)
{
    fputs("<text x=\"", f);
    put_num(f, x);
    fputs("\" y=\"", f);
    put_num(f, y);
    fprintf(f, "\" text-anchor=\"%s\">", anchor);
    fprintf(f, fmt, v);
    fputs("</text>", f);
}

static void put_line(FILE *f, double x0, double y0, double x1, double y1, const char *colour)
{
    double v[] = {x0, y0, x1, y1};
    static const char *const name[] = {"x1", "y1", "x2", "y2"};
    fputs("<line", f);
    for (int i = 0; i < 4; i++) {
        fprintf(f, " %s=\"", name[i]);
        put_num(f, v[i]);
        fputc('"', f);
    }
    fprintf(f, " stroke=\"%s\"/>", colour);
}

void tfb_logo_svg(FILE *f, const float *h, int L, const tfb_logo_opt_t *opt)
{
    static const tfb_logo_opt_t none = {0};
    if (!opt) opt = &none;
    double cw = opt->col_width > 0 ? opt->col_width : 12, ph = opt->height > 0 ? opt->height : 60, lo = opt->lo,
           hi = opt->hi;
    if (lo == 0 && hi == 0) tfb_logo_range(h, L, &lo, &hi);
    if (lo > 0) lo = 0;
    if (hi < 0) hi = 0;
    if (hi - lo < 1e-30) hi = lo + 1;
    double left = opt->axis ? opt->y_label ? 50 : 36 : 1,
           top = opt->title  ? 20
                 : opt->axis ? 7
                             : 1,
           bottom = opt->axis ? 17 : 1, width = left + L * cw + (opt->axis ? 9 : 1);
    double scale = ph / (hi - lo), zero = top + hi * scale;
    const char *about = opt->description ? opt->description : opt->title ? opt->title : "sequence logo";
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"", f);
    put_num(f, width);
    fputs("\" height=\"", f);
    put_num(f, top + ph + bottom);
    fputs("\" viewBox=\"0 0 ", f);
    put_num(f, width);
    fputc(' ', f);
    put_num(f, top + ph + bottom);
    fputs("\" font-family=\"sans-serif\" font-size=\"10\" fill=\"#333\"><title>", f);
    tfb_xml_put(f, about);
    fputs("</title>", f);
    if (opt->mark_end > opt->mark_beg) {
        double b = opt->mark_beg < 0 ? 0 : opt->mark_beg, e = opt->mark_end > L ? L : opt->mark_end;
        fputs("<rect fill=\"#ffe9a8\" x=\"", f);
        put_num(f, left + b * cw);
        fputs("\" y=\"", f);
        put_num(f, top);
        fputs("\" width=\"", f);
        put_num(f, (e > b ? e - b : 0) * cw);
        fputs("\" height=\"", f);
        put_num(f, ph);
        fputs("\"/>", f);
    }
    if (opt->title) {
        fputs("<text font-size=\"12\" x=\"", f);
        put_num(f, left);
        fputs("\" y=\"13\">", f);
        tfb_xml_put(f, opt->title);
        fputs("</text>", f);
    }
    if (opt->axis) {
        double step = nice_step(hi - lo, ph >= 50 ? 4 : 2);
        for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
            double y = zero - k * step * scale;
            put_line(f, left - 4, y, left - 1, y, "#777");
            put_text(f, left - 6, y + 3.5, "end", "%.4g", k == 0 ? 0 : k * step);
        }
        put_line(f, left - 1, top, left - 1, top + ph, "#777");
        int every = L * cw < 60 ? 5 : (int)nice_step(L, (int)(L * cw / 40) > 0 ? (int)(L * cw / 40) : 1);
        if (every < 1) every = 1;
        for (int l = 0; l < L; l++)
            if (l == 0 ? opt->first % every == 0 || every > 1 : (opt->first + l) % every == 0) {
                if (l > 0 && l * cw < 18 && every > 1) continue; /* too near the first one */
                put_text(f, left + (l + .5) * cw, top + ph + 12, "middle", "%.0f", opt->first + l);
            }
        if (opt->y_label) {
            fputs("<text text-anchor=\"middle\" transform=\"translate(10 ", f);
            put_num(f, top + ph / 2);
            fputs(") rotate(-90)\">", f);
            tfb_xml_put(f, opt->y_label);
            fputs("</text>", f);
        }
    }
    if (lo < 0) put_line(f, left, zero, left + L * cw, zero, "#999");
    for (int c = 0; c < 4; c++) {
        int any = 0;
        for (int l = 0; l < L; l++) {
            double v = finite_or_0(h[4 * l + c]),
                   below = 0; /* what lies between this letter and the axis: the smaller ones of its sign */
            if (fabs(v) * scale < 0.05) continue; /* less than a twentieth of a pixel */
            for (int k = 0; k < 4; k++) {
                double u = finite_or_0(h[4 * l + k]);
                if (k != c && (u > 0) == (v > 0) && (fabs(u) < fabs(v) || (fabs(u) == fabs(v) && k < c))) below += u;
            }
            double from = below, to = below + v;
            if (from > hi) from = hi;
            if (to > hi) to = hi;
            if (from < lo) from = lo;
            if (to < lo) to = lo;
            if (from == to) continue;
            if (!any++) fprintf(f, "<path fill-rule=\"evenodd\" fill=\"%s\" d=\"", tfb_logo_colour[c]);
            put_letter(f, letters[c], left + l * cw + 0.03 * cw, 0.94 * cw, zero - from * scale, zero - to * scale);
        }
        if (any) fputs("\"/>", f);
    }
    fputs("</svg>", f);
}
