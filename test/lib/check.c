/* check.c - the library from outside: MODEL FASTA, and the records of a VCF without its header on standard input.
 *
 *     check precisions MODEL FASTA  models of several precisions at once; silent if all is well
 *     check scores MODEL FASTA     contig pos ref alt status, then each target's probabilities of REF and ALT
 *     check phred MODEL FASTA      pos alt PHRED
 *     check contracts MODEL FASTA  what the header promises; silent if it is kept
 *     check memory MODEL FASTA N   the same calls when the N-th allocation fails (test/lib/fail.c is loaded before):
 *                                  prints how it ended */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tfbind.h>

enum { MAX = 4096, THREADS = 4 };
static tfbind_variant_t variant[MAX];
static size_t n_variants;
static int bad;

#define CHECK(c, ...)                              \
    do {                                           \
        if (!(c)) {                                \
            bad = 1;                               \
            printf("line %d: %s: ", __LINE__, #c); \
            printf(__VA_ARGS__);                   \
            printf(" (%s)\n", tfbind_message());   \
        }                                          \
    } while (0)

static char *copy(const char *s) { return strcpy(malloc(strlen(s) + 1), s); }

static void read_records(void)
{
    static char line[65536];
    while (fgets(line, sizeof line, stdin)) {
        char *contig = strtok(line, "\t"), *pos = strtok(NULL, "\t"), *ref, *alts;
        strtok(NULL, "\t");
        ref = strtok(NULL, "\t");
        alts = strtok(NULL, "\t");
        if (strcmp(alts, ".") == 0) continue;
        contig = copy(contig), ref = copy(ref);
        for (char *a = strtok(alts, ","); a && n_variants < MAX; a = strtok(NULL, ","))
            variant[n_variants++] =
                (tfbind_variant_t){.contig = contig, .pos = atoll(pos) - 1, .ref = ref, .alt = copy(a)};
    }
}

typedef struct {
    const tfbind_model_t *model;
    const char *fasta;
    float *ref, *alt;
    tfbind_status_t *status;
    int code;
} job_t;

static void *score(void *arg)
{
    job_t *j = arg;
    tfbind_scorer_t *s;
    size_t T = (size_t)tfbind_model_n_targets(j->model);
    j->ref = calloc(n_variants * T + 1, sizeof *j->ref);
    j->alt = calloc(n_variants * T + 1, sizeof *j->alt);
    j->status = calloc(n_variants + 1, sizeof *j->status);
    if ((j->code = tfbind_scorer_open(&s, j->model, j->fasta)) == 0)
        j->code = tfbind_score_variants(s, variant, n_variants, j->ref, j->alt, j->status);
    tfbind_scorer_close(s);
    return NULL;
}

static void print_scores(const tfbind_model_t *m, const job_t *j)
{
    size_t T = (size_t)tfbind_model_n_targets(m);
    for (size_t i = 0; i < n_variants; i++) {
        printf("%s\t%lld\t%s\t%s\t%s", variant[i].contig, (long long)variant[i].pos + 1, variant[i].ref, variant[i].alt,
               tfbind_status_text((int)j->status[i]));
        for (size_t t = 0; t < T; t++)
            if (j->status[i] == TFBIND_SCORED)
                printf("\t%.5f\t%.5f", tfbind_probability(j->ref[i * T + t]), tfbind_probability(j->alt[i * T + t]));
            else if (isnan(j->ref[i * T + t]) && isnan(j->alt[i * T + t]))
                printf("\t.\t.");
            else
                printf("\tnot NaN");
        putchar('\n');
    }
}

static void print_phred(const tfbind_model_t *m, const job_t *j)
{
    size_t T = (size_t)tfbind_model_n_targets(m);
    for (size_t i = 0; i < n_variants; i++) {
        double phred = tfbind_phred(m, j->ref + i * T, j->alt + i * T);
        printf("%lld %s ", (long long)variant[i].pos + 1, variant[i].alt);
        if (isnan(phred))
            puts(".");
        else
            printf("%.3f\n", phred);
    }
}

static void *fail_in_thread(void *model)
{
    tfbind_model_t *m;
    CHECK(strcmp(tfbind_message(), "") == 0, "a thread begins without a message");
    CHECK(tfbind_model_open(&m, "other.safetensors", NULL) == TFBIND_E_FILE &&
              strstr(tfbind_message(), "other.safetensors"),
          "another thread's error");
    return model;
}

/* Models of two precisions are open together; neither changes the other's scores. TFBIND_CPU=plain has all precisions,
 * vec128 none but float32. */
static void precisions(const char *path, const tfbind_model_t *m)
{
    tfbind_model_t *x = (tfbind_model_t *)&bad;
    tfbind_scorer_t *s, *low;
    enum { N = 40 };
    size_t n = N * (size_t)tfbind_model_n_targets(m), W = (size_t)tfbind_model_window(m);
    float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b), *c = malloc(n * sizeof *c);
    uint8_t *code = malloc(N * W);
    double worst = 0;
    for (size_t i = 0; i < N * W; i++) code[i] = (uint8_t)(i * i / 7 % 4);
    CHECK(tfbind_model_open_as(&x, path, NULL, (tfbind_precision_t)3) == TFBIND_E_ARGUMENT && !x, "no such precision");
    int code16 = tfbind_model_open_as(&x, path, NULL, TFBIND_BFLOAT16);
    if (strcmp(getenv("TFBIND_CPU"), "plain")) {
        CHECK(code16 == TFBIND_E_PROCESSOR && !x && strstr(tfbind_message(), "bfloat16 needs"), "no processor");
        return;
    }
    CHECK(code16 == 0 && x, "bfloat16");
    CHECK(tfbind_scorer_open(&s, m, NULL) == 0 && tfbind_scorer_open(&low, x, NULL) == 0, "two scorers");
    CHECK(tfbind_score_codes(s, code, N, a) == 0 && tfbind_score_codes(low, code, N, b) == 0 &&
              tfbind_score_codes(s, code, N, c) == 0,
          "scores");
    CHECK(memcmp(a, c, n * sizeof *a) == 0, "float32 is what it was");
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    CHECK(worst > 0 && worst < 0.02, "bfloat16 differs by %g", worst);
    tfbind_scorer_close(s);
    tfbind_scorer_close(low);
    tfbind_model_close(x);
    CHECK(tfbind_model_open_as(&x, path, NULL, TFBIND_INT8) == TFBIND_E_FILE && !x && strstr(tfbind_message(), "int8"),
          "a model without steps for int8");
    CHECK(tfbind_model_open_as(&x, path, "NOSUCHTF", TFBIND_BFLOAT16) == TFBIND_E_TARGET && !x, "no such target");
    free(a), free(b), free(c), free(code);
}

static void test_variants(tfbind_scorer_t *s, tfbind_scorer_t *no_fasta, float *a, float *b)
{
    tfbind_status_t st;
    tfbind_variant_t v = {"chr1", 100, "A", "C"}, far = {"chr1", INT64_MAX, "A", "C"};
    CHECK(tfbind_score_variants(no_fasta, &v, 1, a, b, &st) == TFBIND_E_ARGUMENT &&
              strstr(tfbind_message(), "without a FASTA"),
          "no FASTA, no variants");
    CHECK(tfbind_score_variants(s, &far, 1, a, b, &st) == TFBIND_E_ARGUMENT, "pos out of range");
    v.contig = NULL;
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == TFBIND_E_ARGUMENT, "no contig");
    v = (tfbind_variant_t){.contig = "chr1", .pos = 100000000, .ref = "A", .alt = "C"};
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == 0 && st == TFBIND_EDGE && isnan(*a) && isnan(*b),
          "beyond the contig");
    v.pos = -1;
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == TFBIND_E_ARGUMENT && strstr(tfbind_message(), "variant 0"),
          "pos below 0");
    v = (tfbind_variant_t){.contig = "chr1", .pos = (int64_t)1 << 62, .ref = "AC", .alt = "A"};
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == TFBIND_E_ARGUMENT || st == TFBIND_EDGE,
          "pos that overflows with the window");
    v = (tfbind_variant_t){.contig = "chr1", .pos = INT64_MAX / 2 - 1, .ref = "AC", .alt = "A"};
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == 0 && st == TFBIND_EDGE, "the largest pos");
    v = (tfbind_variant_t){.contig = "chr1", .pos = 200, .ref = "", .alt = "A"};
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == 0 && st == TFBIND_NOT_ACGT, "an empty ref");
    v = (tfbind_variant_t){.contig = "chrNone", .pos = 200, .ref = "A", .alt = "C"};
    CHECK(tfbind_score_variants(s, &v, 1, a, b, &st) == 0 && st == TFBIND_NO_CONTIG, "no such contig");
}

static void test_opening(const char *path, const tfbind_model_t *m, const char *fasta)
{
    tfbind_model_t *x = (tfbind_model_t *)&bad;
    tfbind_scorer_t *s = NULL;
    int T = tfbind_model_n_targets(m);
    CHECK(strcmp(tfbind_version(), TFBIND_VERSION) == 0, "header and library are one version");
    CHECK(tfbind_model_target(m, T) == NULL && tfbind_model_target(m, -1) == NULL, "no target beyond");
    CHECK(tfbind_status_text(-1) == NULL && tfbind_status_text(99) == NULL, "no status beyond");
    CHECK(tfbind_model_open(&x, "none.safetensors", NULL) == TFBIND_E_FILE && !x &&
              strstr(tfbind_message(), "none.safetensors"),
          "no file");
    CHECK(tfbind_model_open(&x, fasta, NULL) == TFBIND_E_FILE && !x, "not a model");
    CHECK(tfbind_model_open(&x, path, "NOSUCHTF") == TFBIND_E_TARGET && !x && strstr(tfbind_message(), "NOSUCHTF"),
          "no such target");
    CHECK(tfbind_model_open(&x, "", NULL) == TFBIND_E_ARGUMENT &&
              tfbind_model_open(NULL, path, NULL) == TFBIND_E_ARGUMENT,
          "NULL");
    setenv("TFBIND_MODELS", "named", 1); /* the test puts the model there as human.safetensors */
    CHECK(tfbind_model_open(&x, NULL, NULL) == 0 && tfbind_model_n_targets(x) == T, "the installed model");
    tfbind_model_close(x);
    CHECK(tfbind_model_open(&x, "human", "SPI1") == 0 && tfbind_model_n_targets(x) == 1, "an installed model by name");
    tfbind_model_close(x);
    CHECK(tfbind_model_open(&x, "humen", NULL) == TFBIND_E_FILE && !x && strstr(tfbind_message(), "named"),
          "no model of this name: the message names the folders");
    CHECK(tfbind_scorer_open(&s, m, "none.fa") == TFBIND_E_FILE && !s && strstr(tfbind_message(), "none.fa"),
          "no FASTA");
}

/* Messages are a thread's own. */
static void test_messages(void)
{
    tfbind_model_t *x = NULL;
    pthread_t thread;
    CHECK(tfbind_model_open(&x, "mine.safetensors", NULL) < 0, "my error");
    pthread_create(&thread, NULL, fail_in_thread, NULL);
    pthread_join(thread, NULL);
    CHECK(strstr(tfbind_message(), "mine.safetensors"), "my message is still mine");
}

static void contracts(const char *path, const tfbind_model_t *m, const char *fasta)
{
    tfbind_scorer_t *s = NULL, *no_fasta = NULL;
    int T = tfbind_model_n_targets(m), W = tfbind_model_window(m);
    size_t n = 2500; /* more than are scored at a time */
    test_opening(path, m, fasta);
    CHECK(tfbind_scorer_open(&s, NULL, fasta) == TFBIND_E_ARGUMENT, "no model");
    CHECK(tfbind_scorer_open(&s, m, fasta) == 0 && s, "a scorer");
    CHECK(tfbind_scorer_open(&no_fasta, m, NULL) == 0, "a scorer without FASTA");
    CHECK(strcmp(tfbind_message(), "") == 0, "no message after success");

    /* text = codes, in any chunk; a strand is the mean's half */
    char *text = malloc(n * (size_t)(W + 1));
    const char **seq = malloc(n * sizeof *seq);
    uint8_t *code = malloc(n * (size_t)W);
    float *a = malloc(n * (size_t)T * sizeof *a), *b = malloc(n * (size_t)T * sizeof *b),
          *c = malloc(n * (size_t)T * sizeof *c);
    unsigned r = 1;
    for (size_t i = 0; i < n; i++) {
        seq[i] = text + i * (size_t)(W + 1);
        for (int k = 0; k < W; k++) {
            r = r * 1664525u + 1013904223u;
            int base = (int)(r >> 24) % 17 ? (int)(r >> 16 & 3) : 4;
            code[i * (size_t)W + (size_t)k] = (uint8_t)base;
            text[i * (size_t)(W + 1) + (size_t)k] = (r >> 13 & 1 ? "ACGTN" : "acgtR")[base];
        }
        text[i * (size_t)(W + 1) + (size_t)W] = 0;
    }
    CHECK(tfbind_score_codes(no_fasta, code, n, a) == 0 && tfbind_score_text(no_fasta, seq, n, b) == 0, "windows");
    CHECK(memcmp(a, b, n * (size_t)T * sizeof *a) == 0, "text and codes give the same");
    for (size_t i = 0; i < n; i++) tfbind_score_codes(s, code + i * (size_t)W, 1, c + i * (size_t)T);
    double worst = 0;
    for (size_t i = 0; i < n * (size_t)T; i++) worst = fmax(worst, fabs(a[i] - c[i]));
    CHECK(worst < 1e-5, "one at a time differs by %g", worst);
    CHECK(tfbind_scorer_strand(s, TFBIND_STRAND_FWD) == 0 && tfbind_score_codes(s, code, n, b) == 0 &&
              tfbind_scorer_strand(s, TFBIND_STRAND_REV) == 0 && tfbind_score_codes(s, code, n, c) == 0,
          "strands");
    worst = 0;
    for (size_t i = 0; i < n * (size_t)T; i++) worst = fmax(worst, fabs(a[i] - (b[i] + c[i]) / 2));
    CHECK(worst < 1e-5 && memcmp(b, c, sizeof *b * (size_t)T * n), "both is the mean of the strands, but for %g",
          worst);
    CHECK(tfbind_scorer_strand(s, (tfbind_strand_t)7) == TFBIND_E_ARGUMENT, "no such strand");
    CHECK(tfbind_scorer_max_n(s, -1) == TFBIND_E_ARGUMENT && tfbind_scorer_max_n(s, W + 1) == TFBIND_E_ARGUMENT &&
              tfbind_scorer_max_n(s, W) == 0,
          "max_n");
    code[5 * W + 3] = 5;
    CHECK(tfbind_score_codes(s, code, n, a) == TFBIND_E_ARGUMENT &&
              strstr(tfbind_message(), "code 5 at base 3 of window 5"),
          "a code that is none");
    text[W - 1] = 0;
    CHECK(tfbind_score_text(s, seq, n, a) == TFBIND_E_ARGUMENT && strstr(tfbind_message(), "sequence 0"),
          "a short sequence");
    CHECK(tfbind_score_codes(s, NULL, 0, NULL) == 0, "nothing is scored at once");
    test_variants(s, no_fasta, a, b);

    test_messages();
    tfbind_model_close(NULL);
    tfbind_scorer_close(NULL);
    tfbind_scorer_close(s);
    tfbind_scorer_close(no_fasta);
    free(text), free(seq), free(code), free(a), free(b), free(c);
}

void fail_allocation(long n); /* test/lib/fail.c */
long failed_allocations(void);

#ifdef WITH_FAIL
static const char *outcome(int r)
{
    if (r == 0) return "fine";
    if (r == TFBIND_E_MEMORY) return "memory";
    return r == TFBIND_E_FILE ? "file" : "another error";
}

static int memory(const char *path, const char *fasta, long n)
{
    tfbind_model_t *m = NULL;
    tfbind_scorer_t *s = NULL;
    float a[64], b[64];
    tfbind_status_t st;
    tfbind_variant_t v = {"chr1", 300, "A", "C"};
    fail_allocation(n);
    int r = tfbind_model_open(&m, path, "CTCF,SPI1");
    if (r == 0) r = tfbind_scorer_open(&s, m, fasta);
    if (r == 0) r = tfbind_score_variants(s, &v, 1, a, b, &st);
    long failed = failed_allocations();
    fail_allocation(0);
    puts(failed ? outcome(r) : "end");
    if (r < 0 && !*tfbind_message()) printf("without a message\n");
    tfbind_scorer_close(s);
    tfbind_model_close(m);
    return 0;
}
#endif

int main(int argc, char **argv)
{
    tfbind_model_t *m;
    job_t job[THREADS];
    pthread_t thread[THREADS];
#ifdef WITH_FAIL
    if (argc == 5 && strcmp(argv[1], "memory") == 0) return memory(argv[2], argv[3], atol(argv[4]));
#endif
    if (argc != 4) return 2;
    if (tfbind_model_open(&m, argv[2], NULL) < 0) {
        printf("%s\n", tfbind_message());
        return 1;
    }
    if (strcmp(argv[1], "contracts") == 0)
        contracts(argv[2], m, argv[3]);
    else if (strcmp(argv[1], "precisions") == 0)
        precisions(argv[2], m);
    else { /* several threads over one model, all of the same opinion */
        size_t T = (size_t)tfbind_model_n_targets(m);
        read_records();
        for (int i = 0; i < THREADS; i++) {
            job[i] = (job_t){.model = m, .fasta = argv[3]};
            pthread_create(&thread[i], NULL, score, &job[i]);
        }
        for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
        for (int i = 0; i < THREADS; i++) {
            CHECK(job[i].code == 0, "thread %d", i);
            CHECK(memcmp(job[0].ref, job[i].ref, n_variants * T * sizeof(float)) == 0 &&
                      memcmp(job[0].alt, job[i].alt, n_variants * T * sizeof(float)) == 0 &&
                      memcmp(job[0].status, job[i].status, n_variants * sizeof *job[0].status) == 0,
                  "thread %d differs", i);
        }
        (strcmp(argv[1], "phred") == 0 ? print_phred : print_scores)(m, &job[0]);
        for (int i = 0; i < THREADS; i++) free(job[i].ref), free(job[i].alt), free(job[i].status);
    }
    tfbind_model_close(m);
    return bad;
}
