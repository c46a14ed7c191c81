/* logo.c - draws sequence logos. In: heights (L, 4). Out: an <svg> element.
 *
 * All letters of a base are one path, so a logo of any length has four paths. A page with hundreds of logos
 * has the letters once, and its logos refer to them. */
#include "explain/logo.h"
#include "explain/html.h"
#include "util/xml.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Dark enough for 3 to 1 against white (WCAG's limit for graphics), and different in lightness for readers
 * who confuse green and red. */
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

/* Formats two decimals, without trailing zeros or the sign of zero, because logos are mostly coordinates. */
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

/* Draws one letter in the box from (x, y0), its foot, to (x + w, y1). */
static void put_letter(FILE *f, const step_t *l, double x, double w, double y0, double y1)
{
    for (; l->cmd; l++) {
        fputc(l->cmd, f);
        int n = 2;
        if (l->cmd == 'C') n = 6;
        if (l->cmd == 'Z') n = 0;
        for (int i = 0; i < n; i += 2) {
            if (i) fputc(' ', f);
            put_num(f, x + w * l->xy[i]);
            fputc(' ', f);
            put_num(f, y0 + (y1 - y0) * l->xy[i + 1]);
        }
    }
}

const char *tfb_logo_commas(int64_t v, char text[TFB_COMMAS])
{
    char digits[TFB_COMMAS];
    int n = snprintf(digits, 21, "%" PRId64, v), m = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) text[m++] = ',';
        text[m++] = digits[i];
    }
    text[m] = 0;
    return text;
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

/* Returns a step of 1, 2 or 5 times a power of ten that puts at most n labels on span. */
static double nice_step(double span, int n)
{
    double raw = span / n, p = pow(10, floor(log10(raw)));
    if (raw <= p) return p;
    if (raw <= 2 * p) return 2 * p;
    return raw <= 5 * p ? 5 * p : 10 * p;
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

/* A logo in its frame, in pixels. */
typedef struct {
    FILE *f;
    const float *h;
    int L;
    const tfb_logo_opt_t *o;
    double cw, ph, lo, hi;   /* width of a column, height of the plot, range of heights shown */
    double left, top, width; /* left and top of the plot; width of the whole */
    double height;           /* of all of it */
    double scale, zero;      /* pixels per unit; y of the axis */
} frame_t;

static void lay_out(frame_t *r)
{
    const tfb_logo_opt_t *o = r->o;
    r->cw = o->col_width > 0 ? o->col_width : 12;
    r->ph = o->height > 0 ? o->height : 60;
    r->lo = o->lo;
    r->hi = o->hi;
    if (r->lo == 0 && r->hi == 0) tfb_logo_range(r->h, r->L, &r->lo, &r->hi);
    if (r->lo > 0) r->lo = 0;
    if (r->hi < 0) r->hi = 0;
    if (r->hi - r->lo < 1e-30) r->hi = r->lo + 1;
    r->left = r->top = 1;
    if (o->axis) r->left = o->y_label ? 50 : 36, r->top = 7;
    if (o->title) r->top = 20;
    r->width = r->left + r->L * r->cw + (o->axis ? 9 : 1);
    r->height = r->top + r->ph + (o->axis ? 17 : 1) + (o->x_label ? 14 : 0);
    r->scale = r->ph / (r->hi - r->lo);
    r->zero = r->top + r->hi * r->scale;
}

static void put_head(const frame_t *r)
{
    FILE *f = r->f;
    const char *about = r->o->title ? r->o->title : "sequence logo";
    if (r->o->description) about = r->o->description;
    fputs(r->o->shared ? "<svg" : "<svg xmlns=\"http://www.w3.org/2000/svg\"", f); /* shared: inside HTML */
    fputs(" role=\"img\" width=\"", f);
    put_num(f, r->width);
    fputs("\" height=\"", f);
    put_num(f, r->height);
    fputs("\" viewBox=\"0 0 ", f);
    put_num(f, r->width);
    fputc(' ', f);
    put_num(f, r->height);
    int has_text = r->o->axis || r->o->title;
    fputs(has_text ? "\" font-family=\"sans-serif\" font-size=\"10\" fill=\"#333\"><title>" : "\"><title>", f);
    tfb_xml_put(f, about);
    fputs("</title>", f);
}

/* Shades the marked columns, behind the letters. */
static void put_mark(const frame_t *r)
{
    FILE *f = r->f;
    double b = fmax(r->o->mark_beg, 0), e = fmin(r->o->mark_end, r->L);
    fputs("<rect fill=\"#ffe9a8\" x=\"", f);
    put_num(f, r->left + b * r->cw);
    fputs("\" y=\"", f);
    put_num(f, r->top);
    fputs("\" width=\"", f);
    put_num(f, (e > b ? e - b : 0) * r->cw);
    fputs("\" height=\"", f);
    put_num(f, r->ph);
    fputs("\"/>", f);
}

static void put_title(const frame_t *r)
{
    fputs("<text font-size=\"12\" x=\"", r->f);
    put_num(r->f, r->left);
    fputs("\" y=\"13\">", r->f);
    tfb_xml_put(r->f, r->o->title);
    fputs("</text>", r->f);
}

static void put_position(const frame_t *r, int l, const char *text)
{
    fputs("<text x=\"", r->f);
    put_num(r->f, r->left + (l + .5) * r->cw);
    fputs("\" y=\"", r->f);
    put_num(r->f, r->top + r->ph + 12);
    fprintf(r->f, "\" text-anchor=\"middle\">%s</text>", text);
}

/* Labels positions on the genome, which are round and have room. */
static void put_genome_positions(const frame_t *r)
{
    enum { ROOM = 80 }; /* pixels for a label */
    char text[TFB_COMMAS];
    double span = r->L * r->cw, last = -ROOM, longest = span / ROOM;
    int every = (int)nice_step(r->L, longest >= 1 ? (int)longest : 1);
    for (int l = 0; l < r->L; l++) {
        double x = (l + .5) * r->cw;
        if (r->o->pos[l] < 0 || r->o->pos[l] % (every > 0 ? every : 1) || x - last < ROOM || x > span - ROOM / 4)
            continue;
        put_position(r, l, tfb_logo_commas(r->o->pos[l], text));
        last = x;
    }
}

/* Labels columns by their numbers. */
static void put_numbers(const frame_t *r)
{
    int first = r->o->first, n_labels = (int)(r->L * r->cw / 40), every = 5;
    char text[16];
    if (!(r->L * r->cw < 60)) every = (int)nice_step(r->L, n_labels > 0 ? n_labels : 1);
    if (every < 1) every = 1;
    for (int l = 0; l < r->L; l++) {
        int labelled = (first + l) % every == 0 || (l == 0 && every > 1);
        if (!labelled || (l > 0 && l * r->cw < 18 && every > 1)) continue; /* the latter: too near the first one */
        snprintf(text, sizeof text, "%d", first + l);
        put_position(r, l, text);
    }
}

/* Labels heights on the left and positions below. */
static void put_axes(const frame_t *r)
{
    FILE *f = r->f;
    double step = nice_step(r->hi - r->lo, r->ph >= 50 ? 4 : 2);
    for (double k = ceil(r->lo / step - 1e-9); k * step <= r->hi + 1e-9 * step; k++) {
        double y = r->zero - k * step * r->scale;
        put_line(f, r->left - 4, y, r->left - 1, y, "#777");
        put_text(f, r->left - 6, y + 3.5, "end", "%.4g", k == 0 ? 0 : k * step);
    }
    put_line(f, r->left - 1, r->top, r->left - 1, r->top + r->ph, "#777");
    if (r->o->pos)
        put_genome_positions(r);
    else
        put_numbers(r);
    if (r->o->x_label) {
        fputs("<text text-anchor=\"middle\" x=\"", f);
        put_num(f, r->left + r->L * r->cw / 2);
        fputs("\" y=\"", f);
        put_num(f, r->top + r->ph + 26);
        fputs("\">", f);
        tfb_xml_put(f, r->o->x_label);
        fputs("</text>", f);
    }
    if (!r->o->y_label) return;
    fputs("<text text-anchor=\"middle\" transform=\"translate(10 ", f);
    put_num(f, r->top + r->ph / 2);
    fputs(") rotate(-90)\">", f);
    tfb_xml_put(f, r->o->y_label);
    fputs("</text>", f);
}

/* Sets the extent of letter c of a column, [*from, *to), cut to the frame. The smaller letters of its sign
 * lie between it and the axis. */
static void stack(const frame_t *r, const float *h, int c, double *from, double *to)
{
    double v = finite_or_0(h[c]), below = 0;
    for (int k = 0; k < 4; k++) {
        double u = finite_or_0(h[k]);
        if (k != c && (u > 0) == (v > 0) && (fabs(u) < fabs(v) || (fabs(u) == fabs(v) && k < c))) below += u;
    }
    *from = fmax(fmin(below, r->hi), r->lo);
    *to = fmax(fmin(below + v, r->hi), r->lo);
}

/* Writes one path for all occurrences of a letter, or with shared letters a reference for each. */
static void put_letters(const frame_t *r, int c)
{
    int any = 0, shared = r->o->shared;
    double least = shared ? 1 : 0.05; /* pixels */
    for (int l = 0; l < r->L; l++) {
        double from, to, x = r->left + l * r->cw + 0.03 * r->cw;
        if (fabs(finite_or_0(r->h[4 * l + c])) * r->scale < least) continue;
        stack(r, r->h + 4 * l, c, &from, &to);
        if (from == to) continue;
        double y0 = r->zero - from * r->scale, y1 = r->zero - to * r->scale;
        if (shared) {
            fprintf(r->f, "<use href=\"#L%c\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", "ACGT"[c], x,
                    fmin(y0, y1), 0.94 * r -> cw, fabs(y1 - y0));
            continue;
        }
        if (!any++) fprintf(r->f, "<path fill-rule=\"evenodd\" fill=\"%s\" d=\"", tfb_logo_colour[c]);
        put_letter(r->f, letters[c], x, 0.94 * r->cw, fmax(y0, y1), fmin(y0, y1));
    }
    if (any) fputs("\"/>", r->f);
}

void tfb_logo_letters(FILE *f)
{
    fputs("<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\">", f);
    for (int c = 0; c < 4; c++) {
        fprintf(f,
                "<symbol id=\"L%c\" viewBox=\"0 0 1 1\" preserveAspectRatio=\"none\"><path fill-rule=\"evenodd\" "
                "fill=\"%s\" d=\"",
                "ACGT"[c], tfb_logo_colour[c]);
        put_letter(f, letters[c], 0, 1, 1, 0);
        fputs("\"/></symbol>", f);
    }
    fputs("</svg>\n", f);
}

void tfb_logo_svg(FILE *f, const float *h, int L, const tfb_logo_opt_t *opt)
{
    static const tfb_logo_opt_t none = {0};
    frame_t r = {.f = f, .h = h, .L = L, .o = opt ? opt : &none};
    lay_out(&r);
    put_head(&r);
    if (r.o->mark_end > r.o->mark_beg) put_mark(&r);
    if (r.o->title) put_title(&r);
    if (r.o->axis) put_axes(&r);
    if (r.lo < 0) put_line(f, r.left, r.zero, r.left + L * r.cw, r.zero, "#999");
    for (int c = 0; c < 4; c++) put_letters(&r, c);
    fputs("</svg>", f);
}
