/* test_calib.c - percentiles against quantiles by numpy, and texts of calibration that anyone may have written. */
#include "genome/labels.h"
#include "nn/calib.h"
#include "nn/combine.h"
#include "train/calibrate.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static char *names[] = {"CTCF", "SPI1", NULL};

static void refused(const char *text, const char *why)
{
    tfb_calib_t *c;
    char err[300] = "";
    int r = tfb_calib_parse(text, names, 2, &c, err, sizeof err);
    CHECK(r < 0 && c == NULL, "not refused: %s", text);
    CHECK(strstr(err, why) != NULL, "'%s' does not say '%s' (%s)", err, why, text);
    tfb_calib_destroy(c);
}

static void near(const char *what, double got, double want, double eps)
{
    CHECK(fabs(got - want) <= eps, "%s is %.12g, not %.12g", what, got, want);
}

/* The combined change: its ranks, and the text that keeps them. */
static void test_combined(void)
{
    tfb_calib_t *c = tfb_calib_create(2), *d = NULL;
    float v[1000], z_ref[2] = {0, 1}, z_alt[2] = {3, -3};
    const int target[2] = {0, 1}, second = 1;
    char err[300] = "";
    tfb_calib_set_count(c, 1000);
    CHECK(isnan(tfb_calib_phred(c, 1)), "a rank without quantiles");
    for (int i = 0; i < 1000; i++) v[i] = (float)(i + 1) / 100;
    tfb_calib_set_combined(c, tfb_combine_find("l2-lor"), v, 1000);
    near("top 10 %", tfb_calib_phred(c, c->combined[9]), 10, 1e-6);
    near("top 1 %", tfb_calib_phred(c, c->combined[12]), 20, 1e-6);
    near("nothing", tfb_calib_phred(c, 0), 0, 0);
    near("more than all", tfb_calib_phred(c, 99), 10 * log10(1001), 1e-9);
    near("3 and 4", tfb_combined(c, target, 2, z_ref, z_alt), 5, 1e-6);
    near("only 4", tfb_combined(c, &second, 1, z_ref + 1, z_alt + 1), 4, 1e-6);
    z_alt[0] = NAN;
    CHECK(isnan(tfb_combined(c, target, 2, z_ref, z_alt)), "a logit that is no number");
    z_alt[0] = 1e30f;
    near("absurd", tfb_combined(c, target, 1, z_ref, z_alt), 1e6, 0);
    z_alt[0] = 3;
    c->combine = tfb_combine_find("mean-lor");
    near("the mean of 3 and 4", tfb_combined(c, target, 2, z_ref, z_alt), 3.5, 1e-6);
    near("the mean of nothing and 4", tfb_combined(c, &second, 1, z_ref + 1, z_alt + 1), 2, 1e-6);
    c->combine = tfb_combine_find("max-delta");
    near("the larger", tfb_combined(c, target, 2, z_ref, z_alt), 0.683633, 1e-5);
    c->combine = tfb_combine_find("tail");
    near("no quantiles, no rarity", tfb_combined(c, target, 2, z_ref, z_alt), 0, 0);
    CHECK(!tfb_combine_find("l3-lor"), "an unknown combination");
    c->combine = tfb_combine_find("tail");
    char *text = tfb_calib_format(c, names);
    CHECK(text && tfb_calib_parse(text, names, 2, &d, err, sizeof err) == 0 && d && d->combine == c->combine, "%s",
          err);
    for (int i = 0; d && i < c->n_grid; i++) near("read back", d->combined[i], c->combined[i], 1e-3);
    free(text);
    tfb_calib_destroy(c);
    tfb_calib_destroy(d);
    const char *begin = "{\"format\":1,\"snvs\":10,\"grid\":[0,1],\"delta\":{},\"lor\":{},";
    char bad[300];
    snprintf(bad, sizeof bad, "%s\"combine\":\"l2-lor\",\"combined\":[1]}", begin);
    refused(bad, "'combined' should be a list of 2 numbers");
    snprintf(bad, sizeof bad, "%s\"combine\":\"l2-lor\",\"combined\":[2,1]}", begin);
    refused(bad, "'combined': entry 2 is not a number from 2");
    snprintf(bad, sizeof bad, "%s\"combine\":7,\"combined\":[1,2]}", begin);
    refused(bad, "'combine' is not a name");
    snprintf(bad, sizeof bad, "%s\"combine\":\"l2-lor\"}", begin);
    refused(bad, "'combined' should be a list");
}

/* Quantiles, percentiles, and the text that keeps them. */
static void test_quantiles(void)
{
    /* quantiles: numpy.quantile([...], grid) of (i / 10)^2, i = 0 .. 10, shuffled */
    tfb_calib_t *c = tfb_calib_create(2), *d = NULL;
    float v[11] = {.49f, .01f, .09f, 1.0f, .25f, .04f, .81f, .16f, 0, .64f, .36f}, w[11];
    memcpy(w, v, sizeof v);
    tfb_calib_set(c, 0, TFB_CALIB_DELTA, v, 11);
    tfb_calib_set(c, 0, TFB_CALIB_LOR, w, 11);
    tfb_calib_set_count(c, 11);
    c->seed = 7;
    const float *q = tfb_calib_quantiles(c, 0, TFB_CALIB_DELTA);
    near("the least", q[0], 0, 0);
    near("p10", q[1], .01, 1e-7);
    near("p50", q[5], .25, 1e-7);
    near("p95", q[10], .905, 1e-6); /* 0.81 + 0.5 * 0.19 */
    near("the largest", q[c->n_grid - 1], 1, 0);
    /* percentiles: exact at quantiles, rising in between, never more than the sample tells */
    near("at p50", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, .25), 50, 1e-4);
    near("at p90", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, q[9]), 90, 1e-4);
    near("between p50 and p60", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, .305), 100 * (1 - .5 * sqrt(.4 / .5)),
         1e-4);
    near("beyond the largest", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, 5), 100 * 11 / 12.0, 1e-9);
    near("the largest", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, 1), 100 * 11 / 12.0, 1e-9);
    near("nothing", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, 0), 0, 1e-9);
    double last = -1;
    for (double x = 0; x <= 1.2; x += 0.001) {
        double p = tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, x);
        CHECK(p >= last && p <= 100 * 11 / 12.0, "percentile of %g is %g after %g", x, p, last);
        last = p;
    }
    CHECK(isnan(tfb_calib_percentile(c, 1, TFB_CALIB_DELTA, .5)), "a target without quantiles");
    CHECK(isnan(tfb_calib_percentile(c, 0, TFB_CALIB_LOR, NAN)), "a change that is no number");

    /* text and back */
    c->threshold[1] = .25f;
    c->recall[1] = .5f;
    c->precision = .5;
    c->sites = strdup("sites");
    c->regions = strdup("regions");
    char *text = tfb_calib_format(c, names), err[300];
    CHECK(text && tfb_calib_parse(text, names, 2, &d, err, sizeof err) == 0 && d, "read back: %s", text);
    if (d) {
        CHECK(d->n_grid == c->n_grid && d->n_snvs == 11 && d->seed == 7 && strcmp(d->sites, "sites") == 0 &&
                  d->precision == .5,
              "read back");
        CHECK(isnan(d->threshold[0]) && d->threshold[1] == .25f && d->recall[1] == .5f, "thresholds read back");
        for (int i = 0; i < c->n_grid; i++)
            near("a quantile read back", tfb_calib_quantiles(d, 0, TFB_CALIB_DELTA)[i], q[i], 1e-4);
        CHECK(isnan(tfb_calib_quantiles(d, 1, TFB_CALIB_DELTA)[0]), "a target without quantiles read back");
    }
    free(text);
    tfb_calib_destroy(d);
    tfb_calib_destroy(c);
}

/* Untrusted text. */
static void test_untrusted(void)
{
    tfb_calib_t *c = NULL;
    char err[300];
    static const char *const ok = "{\"format\":1,\"snvs\":9,\"grid\":[0,0.5,1],\"delta\":{\"CTCF\":[0,0.1,0.1],"
                                  "\"OTHER\":[\"x\"]},\"lor\":{\"CTCF\":[0,0,7]}}";
    CHECK(tfb_calib_parse(ok, names, 2, &c, err, sizeof err) == 0 && c, "the plain one: %s", err);
    near("a step in the quantiles", tfb_calib_percentile(c, 0, TFB_CALIB_DELTA, 0.1f), 90, 1e-9);
    near("two equal ones", tfb_calib_percentile(c, 0, TFB_CALIB_LOR, 0), 50, 1e-9);
    tfb_calib_destroy(c);
    CHECK(tfb_calib_parse("{\"format\":2,\"anything\":0}", names, 2, &c, err, sizeof err) == 0 && !c,
          "a later format is left unread");
    refused("", "not JSON");
    refused("[]", "not an object");
    refused("{\"format\":1,\"format\":1}", "not JSON");
    refused("{}", "'format' is missing");
    refused("{\"format\":1}", "'grid'");
    refused("{\"format\":1,\"grid\":7,\"snvs\":9}", "'grid'");
    refused("{\"format\":1,\"grid\":[0,1]}", "'snvs'");
    refused("{\"format\":1,\"grid\":[0,1],\"snvs\":0}", "'snvs'");
    refused("{\"format\":1,\"grid\":[0,1],\"snvs\":1e9}", "'snvs'");
    refused("{\"format\":1,\"grid\":[0,1],\"snvs\":99999999999999999}", "'snvs'");
#define HEAD "{\"format\":1,\"snvs\":9,\"grid\":[0,0.5,1],"
    refused("{\"format\":1,\"snvs\":9,\"grid\":[0,0.5,0.5,1],\"delta\":{},\"lor\":{}}", "'grid': entry 3");
    refused("{\"format\":1,\"snvs\":9,\"grid\":[0,0.5],\"delta\":{},\"lor\":{}}", "end with 1");
    refused("{\"format\":1,\"snvs\":9,\"grid\":[0,\"x\"],\"delta\":{},\"lor\":{}}", "'grid': entry 2");
    refused(HEAD "\"lor\":{}}", "'delta' is not an object");
    refused(HEAD "\"delta\":{},\"lor\":[]}", "'lor' is not an object");
    refused(HEAD "\"delta\":{\"CTCF\":[0,0.1]},\"lor\":{}}", "list of 3");
    refused(HEAD "\"delta\":{\"CTCF\":[0.2,0.1,0.3]},\"lor\":{}}", "entry 2");
    refused(HEAD "\"delta\":{\"CTCF\":[0,0.1,1.5]},\"lor\":{}}", "entry 3");
    refused(HEAD "\"delta\":{\"CTCF\":[-1,0.1,1]},\"lor\":{}}", "entry 1");
    refused(HEAD "\"delta\":{\"CTCF\":[0,null,1]},\"lor\":{}}", "entry 2");
    refused(HEAD "\"delta\":{\"CTCF\":[0,NaN,1]},\"lor\":{}}", "not JSON");
    refused(HEAD "\"delta\":{\"CTCF\":[0,1e999,1]},\"lor\":{}}", "not JSON");
    refused(HEAD "\"delta\":{},\"lor\":{\"SPI1\":[0,1,1e30]}}", "entry 3");
    refused(HEAD "\"delta\":{},\"lor\":{},\"precision\":2}", "'precision'");
    refused(HEAD "\"delta\":{},\"lor\":{},\"threshold\":{\"SPI1\":[0.5]}}", "'threshold' of SPI1");
    refused(HEAD "\"delta\":{},\"lor\":{},\"threshold\":{\"SPI1\":[1.5,0]}}", "'threshold' of SPI1");
    char *big = malloc(4000);
    strcpy(big, "{\"format\":1,\"snvs\":9,\"grid\":[0");
    for (int i = 1; i < 400; i++) sprintf(big + strlen(big), ",%g", i / 400.0);
    strcat(big, ",1],\"delta\":{},\"lor\":{}}");
    refused(big, "2 to 256");
    free(big);
}

/* Thresholds: the lowest score at the precision, ties together, unresolved ones not counted. */
static void test_thresholds(void)
{
    static const float z[] = {5, 4, 3, 3, 2, 1, 0, 9};
    static const uint8_t y[] = {1, 1, 0, 1, 0, 1, 0, TFB_NULL};
    static const struct {
        double precision;
        int min_bound;
        float at, recall;
    } row[] = {
        {.5, 1, 0, 1},   {.6, 1, 1, 1},  {.7, 1, 3, .75f}, {.75, 1, 3, .75f},
        {.8, 1, 4, .5f}, {1, 2, 4, .5f}, {1, 3, NAN, NAN}, {.5, 5, NAN, NAN},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        float at, recall;
        CHECK(tfb_calibrate_threshold(z, 1, y, 8, row[i].precision, row[i].min_bound, &at, &recall) == 0, "memory");
        CHECK(isnan(row[i].at) ? isnan(at) && isnan(recall) : at == row[i].at && recall == row[i].recall,
              "precision %g: %g (recall %g), not %g (%g)", row[i].precision, (double)at, (double)recall,
              (double)row[i].at, (double)row[i].recall);
    }
}

int main(void)
{
    tfb_log_level(0);
    test_combined();
    test_quantiles();
    test_untrusted();
    test_thresholds();
    return unit_failed;
}
