/* test_explain.c - dinucleotide shuffles keep their counts and are uniform; mutagenesis is what scoring every mutant
 * says; DeepLIFT's contributions sum to the change of the logit on both strands; the motif that is there is found. */
#include "config.h"
#include "explain/attrib.h"
#include "explain/figure.h"
#include "explain/npz.h"
#include "explain/shuffle.h"
#include "genome/base.h"
#include "nn/walk.h"
#include "unit_net.h"
#include <math.h>
#include <string.h>
#ifdef HAVE_LIBZIP
#include <zip.h>
#endif

static tfb_rng_t rng;

static void count(const uint8_t *code, int n, int pair[25])
{
    memset(pair, 0, 25 * sizeof *pair);
    for (int i = 0; i + 1 < n; i++) pair[code[i] * 5 + code[i + 1]]++;
}

static void check_shuffle(void)
{
    enum { MAX = 300 };
    for (int trial = 0; trial < 2000; trial++) {
        int n = trial % 7 == 0 ? (int)tfb_rng_below(&rng, 8) : 8 + (int)tfb_rng_below(&rng, MAX - 8),
            k = 1 + (int)tfb_rng_below(&rng, 5);
        uint8_t *code = guarded((size_t)n), *out = guarded((size_t)n), *work = guarded((size_t)n);
        int a[25], b[25], same = 1;
        for (int i = 0; i < n; i++)
            code[i] = (uint8_t)(trial % 5 == 0 && tfb_rng_below(&rng, 90) ? 0 : tfb_rng_below(&rng, (uint64_t)k));
        tfb_shuffle_dinucleotides(code, n, &rng, out, work);
        count(code, n, a);
        count(out, n, b);
        CHECK(memcmp(a, b, sizeof a) == 0, "a shuffle of %d bases changes how often dinucleotides occur", n);
        CHECK(n == 0 || (out[0] == code[0] && out[n - 1] == code[n - 1]),
              "a shuffle of %d bases changes the first or last one", n);
        for (int i = 0; i < n; i++) same &= out[i] == code[i];
        if (trial % 5 && n > 100 && k > 2) CHECK(!same, "a shuffle of %d bases leaves them as they were", n);
    }
    /* all orders of a short sequence occur equally often */
    const char *seqs[] = {"ACAGATACCA", "AACACGACTG", "AAAAAACAAAG"};
    for (int q = 0; q < 3; q++) {
        enum { N = 60000 };
        int n = (int)strlen(seqs[q]), kinds = 0, times[4000];
        uint8_t code[16], out[16], work[16], seen[4000][16];
        tfb_encode(seqs[q], (size_t)n, code);
        for (int i = 0; i < N; i++) {
            tfb_shuffle_dinucleotides(code, n, &rng, out, work);
            int k = 0;
            while (k < kinds && memcmp(seen[k], out, (size_t)n)) k++;
            if (k == kinds) memcpy(seen[kinds], out, (size_t)n), times[kinds++] = 0;
            times[k]++;
        }
        double chi = 0, want = (double)N / kinds;
        for (int k = 0; k < kinds; k++) chi += (times[k] - want) * (times[k] - want) / want;
        CHECK(kinds > 5, "%s: %d orders only", seqs[q], kinds);
        /* distinct sequences stand for equally many Euler paths: the edges between the same two bases exchanged */
        CHECK(chi < kinds - 1 + 5 * sqrt(2.0 * kinds), "%s: orders are not equally likely (chi square %g, %d orders)",
              seqs[q], chi, kinds);
    }
    /* the same from the same seed, whatever came before; another from another */
    uint8_t code[200], a[3 * 200], b[3 * 200], work[200];
    for (int i = 0; i < 200; i++) code[i] = (uint8_t)tfb_rng_below(&rng, 4);
    tfb_attrib_references(code, 200, 3, 7, a, work);
    tfb_rng_next(&rng);
    tfb_attrib_references(code, 200, 3, 7, b, work);
    CHECK(memcmp(a, b, sizeof a) == 0, "references differ under the same seed");
    CHECK(memcmp(a, a + 200, 200), "two references are the same");
    tfb_attrib_references(code, 200, 3, 8, b, work);
    CHECK(memcmp(a, b, sizeof a), "references are the same under another seed");
}

static tfb_model_t *make_model(const char *spec, int window, int T)
{
    tfb_net_t *net = unit_net(spec, window, &rng);
    char name[8][8], *names[8];
    for (int t = 0; t < T; t++) snprintf(names[t] = name[t], sizeof name[t], "TF%d", t);
    return tfb_model_create(net, names, T);
}

/* The logits of code on a strand, by the plain walk. */
static void logits(tfb_model_t *m, const uint8_t *code, tfb_strand_t strand, double *z)
{
    uint8_t two[2 * 400];
    tfb_walk_t *w = tfb_walk_create(m->net, 2, TFB_WALK_FORWARD, NULL);
    memcpy(two, code, (size_t)m->window);
    tfb_revcomp(code, (size_t)m->window, two + m->window);
    const float *out = tfb_walk_forward(w, two, 2);
    for (int t = 0; t < m->n_targets; t++) {
        double fwd = (double)out[t], rev = (double)out[m->n_targets + t];
        z[t] = 0.5 * (fwd + rev);
        if (strand == TFB_STRAND_FWD) z[t] = fwd;
        if (strand == TFB_STRAND_REV) z[t] = rev;
    }
    tfb_walk_destroy(w);
}

static void check_mirror(tfb_model_t *m, const char *spec, const uint8_t *code, const uint8_t *ref, int refs)
{
    /* one strand is the other's mirror: the reverse complement on the reverse strand has the same contributions, read
     * backwards */
    const int t0 = 1, W = m->window;
    uint8_t *rc = malloc((size_t)W), *rref = malloc((size_t)refs * W);
    float *back = malloc(sizeof *back * (size_t)W * 4), *hyp = malloc(sizeof *hyp * (size_t)W * 4);
    double z, zr;
    tfb_revcomp(code, (size_t)W, rc);
    for (int r = 0; r < refs; r++) tfb_revcomp(ref + r * W, (size_t)W, rref + r * W);
    tfb_attrib_t *f = tfb_attrib_create(m, refs, TFB_STRAND_FWD, NULL),
                 *r = tfb_attrib_create(m, refs, TFB_STRAND_REV, NULL);
    tfb_attrib_deeplift(f, code, ref, &t0, 1, hyp, &z, &zr);
    tfb_attrib_deeplift(r, rc, rref, &t0, 1, back, &z, &zr);
    double apart = 0;
    for (int l = 0; l < W; l++)
        for (int c = 0; c < 4; c++) apart = fmax(apart, fabs((double)hyp[4 * l + c] - back[4 * (W - 1 - l) + 3 - c]));
    CHECK(apart < 1e-6, "%s: the strands are not mirrors: %g", spec, apart);
    tfb_attrib_destroy(f);
    tfb_attrib_destroy(r);
    free(rc);
    free(rref);
    free(back);
    free(hyp);
}

/* code: changed and restored. The panel has the targets 2 and 0 of the model. */
static void check_mutagenesis(tfb_model_t *m, tfb_panel_t *panel, const char *spec, uint8_t *code, tfb_strand_t strand)
{
    enum { T = 3 };
    const int target[2] = {2, 0}, W = m->window;
    double want[T];
    float *ism = malloc(sizeof *ism * 2 * (size_t)W * 4), zi[2];
    logits(m, code, strand, want);
    /* in-silico mutagenesis against scoring every mutant, all of the window and a part of it */
    for (int part = 0; part < 2; part++) {
        int beg = part ? W / 3 : 0, end = part ? W / 3 + 5 : W, L = end - beg;
        CHECK(tfb_ism(panel, code, beg, end, strand, ism, zi) == 0, "mutagenesis fails");
        double worst = 0, largest = 0;
        for (int l = beg; l < end; l++) {
            double v[4][T], mean[T] = {0};
            uint8_t was = code[l];
            for (int c = 0; c < 4; c++) {
                code[l] = (uint8_t)c;
                logits(m, code, strand, v[c]);
                for (int t = 0; t < T; t++) mean[t] += v[c][t] / 4;
            }
            code[l] = was;
            for (int t = 0; t < 2; t++)
                for (int c = 0; c < 4; c++) {
                    double brute = v[c][target[t]] - mean[target[t]];
                    worst = fmax(worst, fabs(brute - ism[((size_t)t * L + (l - beg)) * 4 + c]));
                    largest = fmax(largest, fabs(brute));
                }
        }
        CHECK(worst < 1e-5 && largest > 1e-3, "%s: strand %d: mutagenesis is off by %g (largest effect %g)", spec,
              strand, worst, largest);
        CHECK(fabs((double)zi[0] - want[2]) < 1e-5, "%s: strand %d: mutagenesis has another logit", spec, strand);
    }
    free(ism);
}

static void check_model(const char *spec, int W)
{
    enum { T = 3, REFS = 37 };
    tfb_model_t *m = make_model(spec, W, T);
    char path[] = "/tmp/test_explain.XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0 && tfb_model_save(m, path, 0) == 0, "cannot save a model");
    close(fd);
    tfb_pool_t *pool = tfb_pool_create(3);
    tfb_panel_t *panel = tfb_panel_open(path, "TF2,TF0", pool);
    uint8_t *code = guarded((size_t)W), *ref = malloc((size_t)REFS * W), *work = malloc((size_t)W);
    float *hyp = malloc(sizeof *hyp * T * (size_t)W * 4), *contrib = malloc(sizeof *hyp * (size_t)W);
    for (int i = 0; i < W; i++) code[i] = (uint8_t)(i == 7 ? 4 : tfb_rng_below(&rng, 4));
    tfb_attrib_references(code, W, REFS, 1, ref, work);
    for (int strand = 0; strand < 3; strand++) {
        const int target[2] = {2, 0};
        double z[2], zr[2], want[T], sum_ref[T] = {0};
        tfb_attrib_t *a = tfb_attrib_create(m, REFS, (tfb_strand_t)strand, pool);
        tfb_attrib_deeplift(a, code, ref, target, 2, hyp, z, zr);
        logits(m, code, (tfb_strand_t)strand, want);
        for (int r = 0; r < REFS; r++) {
            double one[T];
            logits(m, ref + r * W, (tfb_strand_t)strand, one);
            for (int t = 0; t < T; t++) sum_ref[t] += one[t];
        }
        for (int t = 0; t < 2; t++) {
            double sum = tfb_attrib_actual(code, hyp + (size_t)t * W * 4, W, contrib),
                   change = want[target[t]] - sum_ref[target[t]] / REFS;
            CHECK(fabs(z[t] - want[target[t]]) < 1e-5 && fabs(z[t] - zr[t] - change) < 1e-5,
                  "%s: strand %d: logits %g, %g", spec, strand, z[t], zr[t]);
            CHECK(fabs(sum - change) < 2e-5, "%s: strand %d: contributions sum to %g, the logit changes by %g", spec,
                  strand, sum, change);
        }
        check_mutagenesis(m, panel, spec, code, (tfb_strand_t)strand);
        /* the gradient at each base, against a mean of differences: exact where nothing bends, so only its sign of life
         * is checked here */
        tfb_attrib_gradient(a, code, target, 2, hyp, z);
        CHECK(fabs(z[0] - want[2]) < 1e-5 && tfb_attrib_actual(code, hyp, W, contrib) != 0, "%s: strand %d: gradient",
              spec, strand);
        tfb_attrib_destroy(a);
    }
    check_mirror(m, spec, code, ref, REFS);
    unlink(path);
    free(ref);
    free(work);
    free(hyp);
    free(contrib);
    tfb_panel_close(panel);
    tfb_pool_destroy(pool);
    tfb_model_destroy(m);
}

/* Contributions made of one motif, turned round, among noise: it is found where it was put. */
static void check_match(void)
{
    enum { N = 51, W = 8, MOTIFS = 12 };
    tfb_motifs_t *db = tfb_motifs_create();
    float p[W * 4], hyp[N * 4];
    for (int i = 0; i < MOTIFS; i++) {
        char id[16];
        for (int l = 0; l < W; l++) {
            int top = (int)tfb_rng_below(&rng, 4);
            for (int c = 0; c < 4; c++) p[4 * l + c] = c == top ? 0.91f : 0.03f;
        }
        snprintf(id, sizeof id, "M%d", i);
        tfb_motifs_add(db, id, i == 5 ? "FIVE" : "OTHER", p, W, 20);
    }
    for (int rev = 0; rev < 2; rev++) {
        for (int i = 0; i < N * 4; i++) hyp[i] = (float)(0.1 * (tfb_rng_unit(&rng) - 0.5));
        for (int l = 0; l < W; l++)
            for (int c = 0; c < 4; c++)
                hyp[4 * (20 + l) + c] += rev ? db->motif[5].p[4 * (W - 1 - l) + 3 - c] : db->motif[5].p[4 * l + c];
        tfb_match_t m = tfb_match_motif(db, hyp, N, 25, 26, "FIVE");
        CHECK(m.motif == 5 && m.at == 20 && m.rev == rev && m.alike > 0.9, "motif %d at %d (%d), likeness %g", m.motif,
              m.at, m.rev, m.alike);
        m = tfb_match_motif(db, hyp, N, 40, 41, NULL);
        CHECK(m.motif < 0 || (m.at + W > 40 && m.at <= 40), "a motif that does not touch the variant");
    }
    tfb_motifs_destroy(db);
}

/* An archive as libzip reads it: one array, its header as NumPy wants it, the numbers turned. */
static void check_npz(void)
{
#ifdef HAVE_LIBZIP
    enum { L = 7, N = 3 };
    char path[] = "/tmp/test_npz.XXXXXX", got[128 + N * 4 * L * sizeof(float) + 1];
    int fd = mkstemp(path), code = 0;
    tfb_npz_t *z = tfb_npz_open(path, L);
    float x[L * 4];
    uint8_t seq[L] = {0, 1, 2, 3, 4, 3, 2};
    for (int i = 0; i < L * 4; i++) x[i] = (float)i;
    CHECK(fd >= 0 && z && tfb_npz_add(z, x) == 0 && tfb_npz_add_codes(z, seq) == 0 && tfb_npz_add(z, x) == 0 &&
              tfb_npz_close(z, 1) == 0,
          "cannot write");
    close(fd);
    zip_t *a = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    CHECK(a && zip_get_num_entries(a, 0) == 1, "not an archive of one file");
    zip_file_t *f = a ? zip_fopen(a, "arr_0.npy", 0) : NULL;
    zip_int64_t n = f ? zip_fread(f, got, sizeof got) : -1;
    CHECK(n == (zip_int64_t)sizeof got - 1, "arr_0.npy has %d bytes", (int)n);
    if (n == (zip_int64_t)sizeof got - 1) {
        float *y = (float *)(void *)(got + 128);
        CHECK(memcmp(got, "\x93NUMPY\1\0\x76\0", 10) == 0 && got[127] == '\n', "the header's frame");
        CHECK(strstr(got + 10, "'fortran_order': False, 'shape': (3, 4, 7)"), "the header's words: %.117s", got + 10);
        CHECK(y[1] == 4 && y[L] == 1 && y[4 * L] == 1 && y[4 * L + 4] == 0.25f && y[8 * L + L + 2] == 9, "the numbers");
    }
    if (f) zip_fclose(f);
    if (a) zip_discard(a);
    unlink(path);
    z = tfb_npz_open(path, L);
    CHECK(z && tfb_npz_close(z, 0) == 0 && access(path, F_OK) != 0, "an array thrown away leaves a file");
    tfb_log_level(-1);
    CHECK(!tfb_npz_open("/nonexistent/x.npz", L), "an unwritable file is no error");
#endif
}

int main(void)
{
    tfb_rng_seed(&rng, 21);
    check_shuffle();
    check_model("conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense 3",
                60);
    check_model("conv 16 7; relu; bn; pool 3; dense 20; relu; bn; dense 3", 60);
    check_match();
    check_npz();
    return unit_failed;
}
