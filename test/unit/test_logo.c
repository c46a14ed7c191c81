/* test_logo.c - sequence logos: where letters are drawn, that text is escaped, that odd numbers do no harm. */
#include "explain/html.h"
#include "explain/logo.h"
#include "unit.h"
#include <math.h>
#include <string.h>

typedef struct {
    int n_letters;
    double x0, x1, y0, y1;
} box_t;

/* The letters of a base's path and the box that holds them. */
static box_t box(const char *svg, const char *colour)
{
    box_t b = {0, 1e9, -1e9, 1e9, -1e9};
    char start[64];
    snprintf(start, sizeof start, "fill=\"%s\" d=\"", colour);
    const char *s = strstr(svg, start);
    if (!s) return b;
    s += strlen(start);
    for (int k = 0; *s != '"';) {
        if ((*s >= '0' && *s <= '9') || *s == '-') {
            char *end;
            double v = strtod(s, &end);
            if (k++ % 2 == 0) {
                if (v < b.x0) b.x0 = v;
                if (v > b.x1) b.x1 = v;
            } else {
                if (v < b.y0) b.y0 = v;
                if (v > b.y1) b.y1 = v;
            }
            s = end;
        } else
            b.n_letters += *s++ == 'Z';
    }
    return b;
}

static int near(double a, double b) { return fabs(a - b) < 0.02; }

/* The logo as a string, which the next call overwrites. */
static const char *drawn(const float *h, int L, const tfb_logo_opt_t *o)
{
    static char svg[65536];
    FILE *f = fmemopen(svg, sizeof svg, "w");
    CHECK(f, "a file in memory");
    if (!f) return "";
    tfb_logo_svg(f, h, L, o);
    CHECK(fclose(f) == 0, "it holds the logo");
    return svg;
}

int main(void)
{
    /* column 0: T 1 over C 0.5; column 1: G 0.75 above, A -0.5 below. Axis from -0.5 to 1.5, 100 pixels: 50 a unit,
     * zero at 1 + 75 */
    float h[8] = {0, .5f, 0, 1, -.5f, 0, .75f, 0};
    tfb_logo_opt_t o = {.col_width = 10, .height = 100};
    const char *s = drawn(h, 2, &o);
    box_t a = box(s, tfb_logo_colour[0]), c = box(s, tfb_logo_colour[1]), g = box(s, tfb_logo_colour[2]),
          t = box(s, tfb_logo_colour[3]);
    CHECK(c.n_letters == 1 && near(c.y1, 76) && near(c.y0, 51), "C stands on the axis: %g %g", c.y0, c.y1);
    CHECK(t.n_letters == 1 && near(t.y1, 51) && near(t.y0, 1), "T on C, to the top: %g %g", t.y0, t.y1);
    CHECK(g.n_letters == 1 && near(g.y1, 76) && near(g.y0, 76 - 37.5), "G on the axis: %g %g", g.y0, g.y1);
    CHECK(a.n_letters == 2 && near(a.y0, 76) && near(a.y1, 101), "A (two outlines) hangs below: %g %g", a.y0, a.y1);
    CHECK(c.x0 >= 1 && c.x1 <= 11 && a.x0 >= 11 && a.x1 <= 21, "in their columns: %g-%g, %g-%g", c.x0, c.x1, a.x0,
          a.x1);
    double lo = 0, hi = 0;
    tfb_logo_range(h, 2, &lo, &hi);
    CHECK(lo == -0.5 && hi == 1.5, "range %g %g", lo, hi);
    /* a given range cuts what sticks out */
    o.lo = -0.25, o.hi = 0.75;
    s = drawn(h, 2, &o);
    t = box(s, tfb_logo_colour[3]);
    CHECK(near(t.y0, 1) && near(t.y1, 26), "cut at the top: %g %g", t.y0, t.y1);
    /* text is escaped, marks and axes are there, no letter is a font's */
    tfb_logo_opt_t p = {.axis = 1, .first = 1, .mark_beg = 1, .mark_end = 9, .title = "<script>&\"'", .y_label = "a<b"};
    s = drawn(h, 2, &p);
    CHECK(!strstr(s, "<script") && strstr(s, "&lt;script&gt;&amp;&quot;&#39;") && strstr(s, "a&lt;b"), "escaped: %s",
          s);
    CHECK(strstr(s, "<rect") && strstr(s, "width=\"12\""), "the mark ends with the logo: %s", s);
    CHECK(!strstr(s, "http") || strstr(s, "http") == strstr(s, "http://www.w3.org/2000/svg"), "nothing is fetched");
    /* nothing to see, and numbers that are none */
    float odd[12] = {NAN, INFINITY, -INFINITY, 0, 1e-30f, 0, 0, 0, 3e38f, 0, 0, -3e38f};
    s = drawn(odd, 3, NULL);
    CHECK(!strstr(s, "nan") && !strstr(s, "inf") && strstr(s, "</svg>"), "odd numbers: %s", s);
    s = drawn(odd, 0, NULL);
    CHECK(strstr(s, "</svg>") && !strstr(s, "<path"), "no columns");
    unsigned char code[3] = {2, 4, 0};
    float contrib[3] = {-1, 5, 2}, hc[12];
    tfb_logo_contrib(code, contrib, 3, hc);
    for (int i = 0; i < 12; i++) CHECK(hc[i] == (i == 2 ? -1 : i == 8 ? 2 : 0), "contribution %d: %g", i, hc[i]);
    char id[64] = "";
    FILE *f = fmemopen(id, sizeof id, "w");
    CHECK(f, "a file in memory");
    if (f) tfb_html_id(f, "v-", "chr1:5 <A>"), fclose(f);
    CHECK(strcmp(id, "v-chr1_3a5_20_3cA_3e") == 0, "id %s", id);
    return unit_failed;
}
