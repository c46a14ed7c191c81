/* enrich_write.c - the table and the figure of enrich. */
#include "annotate/enrich_parts.h"
#include "genome/lines.h"
#include "util/util.h"
#include "util/xml.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SHOWN = 20 }; /* TFs in the figure */

static void put(FILE *f, const char *format, double v)
{
    fputc('\t', f);
    if (isfinite(v))
        fprintf(f, format, v);
    else
        fputc('.', f);
}

int tfb_stats_table(const stats_t *a, const int *order)
{
    tfb_out_t *out;
    FILE *f = tfb_out_open(a->o->out, &out);
    if (!f) return -1;
    fprintf(f, "tf\tn_hits\tn_background\tmean_hits\tmean_background\tauc\tp_rank\tq_rank\tp_perm\tq_perm\tauc_"
               "low\tauc_high\n");
    for (int k = 0; k < a->T; k++) {
        int t = order[k];
        fprintf(f, "%s\t%" PRId64 "\t%" PRId64, tfb_panel_target(a->panel, t), a->n_hits, a->n - a->n_hits);
        put(f, "%.4g", a->mean[0][t]), put(f, "%.4g", a->mean[1][t]), put(f, "%.4f", a->auc[t]);
        for (int i = 0; i < 2; i++) put(f, "%.4g", a->p[i][t]), put(f, "%.4g", a->q[i][t]);
        for (int i = 0; i < 2; i++) put(f, "%.4f", a->interval[2 * t + i]);
        fputc('\n', f);
    }
    return tfb_out_close(f, out, 1);
}

/* ---- the figure ---- */

/* Longest TF name shown, in letters. */
enum { LETTERS = 24 };

static int widest_name(const stats_t *a, const int *order, int n)
{
    size_t most = 0;
    for (int k = 0; k < n; k++) {
        size_t len = strlen(tfb_panel_target(a->panel, order[k]));
        if (len > most) most = len;
    }
    return most < LETTERS ? (int)most : LETTERS;
}

/* Where things are, in pixels, and the range of AUC shown. */
typedef struct {
    const stats_t *a;
    FILE *f;
    int n, left, right, top, bottom; /* rows; edges of the plot */
    double lo, hi;
} plot_t;

enum { ROW = 22, WIDE = 360, COLUMNS = 320 }; /* of a row, the plot, and the numbers right of it */

static double x_of(const plot_t *p, double auc) { return p->left + (auc - p->lo) / (p->hi - p->lo) * WIDE; }

/* Chooses the range of the axis: the intervals shown and 0.5, at tenths. */
static void choose_range(plot_t *p, const int *order)
{
    p->lo = p->hi = 0.5;
    for (int k = 0; k < p->n; k++) {
        const double v[3] = {p->a->auc[order[k]], p->a->interval[2 * order[k]], p->a->interval[2 * order[k] + 1]};
        for (int i = 0; i < 3; i++) {
            if (!isfinite(v[i])) continue;
            p->lo = fmin(p->lo, v[i]);
            p->hi = fmax(p->hi, v[i]);
        }
    }
    p->lo = fmax(0, floor(p->lo * 10 - 0.001) / 10);
    p->hi = fmin(1, ceil(p->hi * 10 + 0.001) / 10);
}

/* Writes a line of the heading. */
static void put_line(FILE *f, int y, const char *attr, const char *text)
{
    fprintf(f, "<text x=\"12\" y=\"%d\" %s>", y, attr);
    tfb_xml_put(f, text);
    fputs("</text>\n", f);
}

static void describe_background(const tfb_enrich_opt_t *o, char *text, size_t n)
{
    const char *from = o->regions ? o->regions : o->open.path;
    if (o->background)
        snprintf(text, n, "%.200s", tfb_base_name(tfb_input_name(o->background)));
    else if (!isnan(o->min_lp))
        snprintf(text, n, "its other records");
    else if (o->within)
        snprintf(text, n, "random SNVs within %" PRId64 " bases of each", o->within);
    else
        snprintf(text, n, "random SNVs from %.200s", from ? tfb_base_name(from) : "anywhere");
}

/* Writes what was compared, and how many TFs are significant. */
static void put_heading(const plot_t *p)
{
    static const char *const what[3] = {"Change", "Gain", "Loss"};
    const stats_t *a = p->a;
    char text[700], background[300];
    int n[2] = {0, 0}, both = 0;
    for (int t = 0; t < a->T; t++) {
        n[0] += a->q[0][t] < 0.05;
        n[1] += a->q[1][t] < 0.05;
        both += a->q[0][t] < 0.05 && a->q[1][t] < 0.05;
    }
    describe_background(a->o, background, sizeof background);
    snprintf(text, sizeof text, "%s of binding sites: %.200s against %s", what[a->o->what],
             tfb_base_name(tfb_input_name(a->o->in)), background);
    put_line(p->f, 22, "font-size=\"15\" font-weight=\"bold\"", text);
    snprintf(text, sizeof text, "%" PRId64 " hits, %" PRId64 " background variants", a->n_hits, a->n - a->n_hits);
    put_line(p->f, 42, "fill=\"#555\"", text);
    snprintf(text, sizeof text,
             "q below 0.05: %d of %d TFs by the rank test, %d by permutations of the mean, %d by both", n[0], a->T,
             n[1], both);
    put_line(p->f, 60, "fill=\"#555\"", text);
    put_line(p->f, 78, "fill=\"#555\"",
             a->T > p->n ? "Filled: by both; ring: by one; grey: by none. The first TFs of the table are shown"
                         : "Filled: by both; ring: by one; grey: by none");
}

static void put_axis(const plot_t *p)
{
    static const char *const column[] = {"AUC", "95 %", "q (rank)", "q (mean)"};
    static const int at[] = {0, 50, 160, 240};
    for (int i = 0; i < 4; i++)
        fprintf(p->f, "<text x=\"%d\" y=\"%d\" fill=\"#555\">%s</text>", p->right + at[i], p->top - 8, column[i]);
    fputc('\n', p->f);
    for (int k = (int)lround(p->lo * 10); k <= (int)lround(p->hi * 10); k++) {
        double x = x_of(p, k / 10.0);
        fprintf(p->f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/><text x=\"%.1f\" y=\"%d\" "
                "text-anchor=\"middle\" fill=\"#555\">%.1f</text>\n",
                x, p->top, x, p->bottom, k == 5 ? "#555" : "#ddd", x, p->bottom + 18, k / 10.0);
    }
    fprintf(p->f,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">AUC: the chance that a hit changes the TF more than a "
            "background variant (0.5: as often as not)</text>\n",
            (p->right + COLUMNS) / 2, p->bottom + 40);
}

static void put_q(FILE *f, int x, int y, double q)
{
    fprintf(f, "<text x=\"%d\" y=\"%d\"%s>", x, y, q < 0.05 ? " font-weight=\"bold\"" : "");
    if (isfinite(q))
        fprintf(f, "%.2g</text>", q);
    else
        fputs(".</text>", f);
}

static void put_row(const plot_t *p, int k, int t)
{
    const stats_t *a = p->a;
    FILE *f = p->f;
    const double *range = a->interval + (ptrdiff_t)2 * t;
    int y = p->top + k * ROW + ROW / 2, n = (a->q[0][t] < 0.05) + (a->q[1][t] < 0.05);
    const char *colour = n ? "#1f5fc4" : "#777";
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", p->left - 10, y + 4);
    tfb_xml_put_first(f, tfb_panel_target(a->panel, t), LETTERS);
    fputs("</text>", f);
    if (isfinite(range[0]))
        fprintf(f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"/><text x=\"%d\" "
                "y=\"%d\" fill=\"#555\">%.3f&#8211;%.3f</text>",
                x_of(p, range[0]), y, x_of(p, range[1]), y, colour, p->right + 50, y + 4, range[0], range[1]);
    if (isfinite(a->auc[t]))
        fprintf(f,
                "<circle cx=\"%.1f\" cy=\"%d\" r=\"5\" stroke=\"%s\" stroke-width=\"2\" fill=\"%s\"/><text x=\"%d\" "
                "y=\"%d\">%.3f</text>",
                x_of(p, a->auc[t]), y, colour, n == 1 ? "#fff" : colour, p->right, y + 4, a->auc[t]);
    put_q(f, p->right + 160, y + 4, a->q[0][t]);
    put_q(f, p->right + 240, y + 4, a->q[1][t]);
    fputc('\n', f);
}

int tfb_stats_svg(const stats_t *a, const int *order)
{
    plot_t p = {.a = a, .n = a->T < SHOWN ? a->T : SHOWN, .top = 110};
    tfb_out_t *out;
    if (!(p.f = tfb_out_open(a->o->svg, &out))) return -1;
    p.left = 8 * widest_name(a, order, p.n) + 30;
    if (p.left < 110) p.left = 110;
    p.right = p.left + WIDE + 24;
    p.bottom = p.top + p.n * ROW;
    choose_range(&p, order);
    fprintf(p.f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            p.right + COLUMNS, p.bottom + 52, p.right + COLUMNS, p.bottom + 52);
    put_heading(&p);
    put_axis(&p);
    for (int k = 0; k < p.n; k++) put_row(&p, k, order[k]);
    fputs("</svg>\n", p.f);
    return tfb_out_close(p.f, out, 1);
}
