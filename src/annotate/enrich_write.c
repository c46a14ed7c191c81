/* enrich_write.c - the table and the figure of enrich. */
#include "annotate/enrich_parts.h"
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

static double minus_log(double p) { return isnan(p) ? 0 : -log10(fmax(p, 1e-300)); }

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

/* Writes the text right of a row: AUC, its interval, and q. */
static void put_numbers(FILE *f, const stats_t *a, int t, double q, int x, int y)
{
    const double *range = a->interval + (ptrdiff_t)2 * t;
    if (isfinite(a->auc[t])) fprintf(f, "<text x=\"%d\" y=\"%d\">%.3f</text>", x, y, a->auc[t]);
    if (isfinite(range[0]))
        fprintf(f, "<text x=\"%d\" y=\"%d\" fill=\"#555\">%.3f&#8211;%.3f</text>", x + 50, y, range[0], range[1]);
    fprintf(f, "<text x=\"%d\" y=\"%d\">", x + 162, y);
    if (isfinite(q))
        fprintf(f, "%.2g</text>\n", q);
    else
        fputs(".</text>\n", f);
}

int tfb_stats_svg(const stats_t *a, const int *order)
{
    const int row = 22, wide = 400, top = 58, n = a->T < SHOWN ? a->T : SHOWN, bottom = top + n * row;
    const int by = isnan(a->p[0][order[0]]); /* the rank test, or the permutations */
    const int names = 8 * widest_name(a, order, n) + 30, left = names > 110 ? names : 110, right = left + wide + 24;
    static const char *const what[3] = {"Change", "Gain", "Loss"};
    const double *p = a->p[by], *q = a->q[by];
    double most = 2;
    tfb_out_t *out;
    FILE *f = tfb_out_open(a->o->svg, &out);
    if (!f) return -1;
    for (int k = 0; k < n; k++) most = fmax(most, minus_log(p[order[k]]));
    double step = pow(10, floor(log10(most / 3))), scale;
    if (most / step > 15)
        step *= 5;
    else if (most / step > 6)
        step *= 2;
    most = step * ceil(most / step);
    scale = wide / most;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">%s of binding sites: %" PRId64
            " variants against %" PRId64 "</text>\n"
            "<text x=\"12\" y=\"42\" fill=\"#555\">%s, one-sided; blue: false discovery rate below 5 %%</text>\n"
            "<text x=\"%d\" y=\"42\" fill=\"#555\">AUC</text><text x=\"%d\" y=\"42\" fill=\"#555\">95 %%</text><text "
            "x=\"%d\" y=\"42\" "
            "fill=\"#555\">q</text>\n",
            right + 234, bottom + 52, right + 234, bottom + 52, what[a->o->what], a->n_hits, a->n - a->n_hits,
            by ? "permutations" : "rank test", right, right + 50, right + 162);
    for (double x = 0; x <= most + step / 2; x += step)
        fprintf(f,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" "
                "text-anchor=\"middle\" fill=\"#555\">%g</text>\n",
                left + x * scale, top - 6, left + x * scale, bottom, left + x * scale, bottom + 18, x);
    for (int k = 0; k < n; k++) {
        int t = order[k], y = top + k * row + row / 2;
        double x = left + scale * minus_log(p[t]);
        const char *colour = q[t] < 0.05 ? "#1f6fb4" : "#999";
        fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", left - 10, y + 4);
        tfb_xml_put_first(f, tfb_panel_target(a->panel, t), LETTERS);
        fprintf(f,
                "</text><line x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\" stroke-width=\"2\"/><circle "
                "cx=\"%.1f\" cy=\"%d\" r=\"5\" fill=\"%s\"/>",
                left, y, x, y, colour, x, y, colour);
        put_numbers(f, a, t, q[t], right, y + 4);
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">&#8722;log10 p</text>\n</svg>\n", left + wide / 2,
            bottom + 40);
    return tfb_out_close(f, out, 1);
}
