/* options.c - parsing options and their values. */
#include "cmd/cmd.h"
#include "genome/lines.h"
#include "kernels/kernels.h"
#include "util/util.h"
#include "util/vec.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the names in the lines of an open file without blank lines and comments, NULL-terminated; *n gets their
 * number. NULL on failure (logged). */
static char **names_of(tfb_lines_t *l, int *n)
{
    char **v = NULL;
    int got, m = 0;
    *n = 0;
    while ((got = tfb_lines_next(l)) > 0) {
        char *line = l->s.s;
        size_t len = l->s.l;
        while (len && strchr(" \t\r", line[len - 1])) line[--len] = 0;
        if (!len || *line == '#') continue;
        if (TFB_RESERVE(v, m, *n + 2, "a list of names") < 0) break;
        v[*n + 1] = NULL;
        if (!(v[*n] = strdup(line))) break;
        ++*n;
    }
    if (got == 0 && *n) return v;
    if (got == 0) tfb_error("%s holds no names", l->name);
    tfb_strv_free(v);
    return NULL;
}

char **tfb_cmd_list(const char *s, int *n)
{
    tfb_lines_t l = {0};
    if (*s != '@') return tfb_split(s, ',', n);
    if (tfb_lines_open(&l, s + 1) < 0) return NULL;
    char **v = names_of(&l, n);
    tfb_lines_close(&l);
    return v;
}

/* Texts that live until the command ends. */
static char **joined;
static int n_joined, m_joined;

const char *tfb_cmd_joined(const char *s)
{
    int n = 0;
    size_t size = 1;
    char **v = tfb_cmd_list(s, &n), *text = NULL, *p;
    for (int i = 0; i < n; i++) size += strlen(v[i]) + 1;
    if (v && TFB_RESERVE(joined, m_joined, n_joined + 1, "a list of names") == 0 &&
        (p = text = tfb_alloc(size, 1, "a list of names"))) {
        for (int i = 0; i < n; i++) p += sprintf(p, "%s%s", i ? "," : "", v[i]);
        joined[n_joined++] = text;
    }
    tfb_strv_free(v);
    return text;
}

static void free_joined(void)
{
    for (int i = 0; i < n_joined; i++) free(joined[i]);
    free(joined);
    joined = NULL;
    n_joined = m_joined = 0;
}

int tfb_cmd_end(int status, int fail_status)
{
    free_joined();
    if (status && errno == ENOMEM && !tfb_log_errors()) tfb_error("not enough memory");
    if (status) return status;
    /* usage texts and tables may still be in the buffer */
    if (fflush(stdout) != 0)
        tfb_error("cannot write to standard output: %s", strerror(errno));
    else if (ferror(stdout))
        tfb_error("cannot write to standard output");
    else
        return 0;
    return fail_status;
}

/* ---- what getopt cannot parse ---- */

static const char *const see_help = "(-h shows all options)";

/* Reports an unknown long option, or an abbreviation of several: getopt does not tell which. */
static void log_unknown(const char *arg, const struct option *opts)
{
    enum { MAX = 64 };
    char *names[MAX], list[512] = "", word[80];
    int n = 0, n_alike = 0;
    size_t len = strcspn(arg + 2, "=");
    snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), arg + 2);
    for (const struct option *o = opts; o->name && n < MAX; o++) {
        names[n++] = (char *)o->name;
        if (strncmp(o->name, word, len)) continue;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s--%s", n_alike++ ? ", " : "", o->name);
    }
    int near = tfb_nearest(word, names, n);
    if (n_alike && len)
        tfb_error("--%s is short for several options: %s", word, list);
    else if (near >= 0)
        tfb_error("unknown option --%s; did you mean --%s?", word, names[near]);
    else
        tfb_error("unknown option --%s %s", word, see_help);
}

int tfb_cmd_getopt(int argc, char **argv, const char *letters, const struct option *opts)
{
    char quiet[200]; /* the leading colon makes getopt tell a missing value from an unknown option */
    int ordered = *letters == '+';
    snprintf(quiet, sizeof quiet, "%s:%s", ordered ? "+" : "", letters + ordered);
    opterr = 0;
    optopt = 0;
    int c = getopt_long(argc, argv, quiet, opts, NULL);
    if (c != '?' && c != ':') return c;
    const char *arg = argv[optind - 1];
    int is_long = strncmp(arg, "--", 2) == 0 && arg[2];
    int known = optopt && optopt != ':' && strchr(letters + ordered, optopt);
    for (const struct option *o = opts; o->name && !known; o++) known = optopt && o->val == optopt;
    if (c == ':' && is_long)
        tfb_error("%s needs a value %s", arg, see_help);
    else if (c == ':')
        tfb_error("-%c needs a value %s", optopt, see_help);
    else if (!optopt)
        log_unknown(arg, opts);
    else if (known)
        tfb_error("%.*s takes no value: remove '%s'", (int)strcspn(arg, "="), arg, arg + strcspn(arg, "="));
    else
        tfb_error("unknown option -%c %s", optopt, see_help);
    return '?';
}

/* ---- values ---- */

int tfb_cmd_int(const char *option, const char *s, long lo, long hi, long *v)
{
    char *end;
    errno = 0;
    long x = strtol(s, &end, 10);
    if (end == s || *end || errno || s[strspn(s, "+-0123456789")] || x < lo || x > hi) {
        tfb_error("--%s takes a whole number from %ld to %ld, not '%s'", option, lo, hi, s);
        return 1;
    }
    *v = x;
    return 0;
}

/* Parses a decimal number and nothing else: not hexadecimal, not nan, and not so small that it becomes 0. 0, or 1. */
static int decimal(const char *s, double *v)
{
    char *end;
    errno = 0;
    double x = strtod(s, &end);
    if (end == s || *end || s[strspn(s, "+-.0123456789eE")] || (errno == ERANGE && x == 0)) return 1;
    *v = x;
    return 0;
}

int tfb_cmd_double(const char *option, const char *s, double lo, double hi, double *v)
{
    double x;
    if (decimal(s, &x) || !(x >= lo && x <= hi)) {
        tfb_error("--%s takes a number from %g to %g, not '%s'", option, lo, hi, s);
        return 1;
    }
    *v = x;
    return 0;
}

/* Parses a line of --weights without its newline. seen (n_targets): the line that named each target. 0, or -1 (logged).
 */
static int weigh(const char *path, int64_t n_line, char *line, char *const *targets, int n_targets, float *w,
                 int64_t *seen)
{
    char *tab = strchr(line, '\t');
    double x = 0;
    if (!tab || decimal(tab + 1, &x) || !(x >= 1e-6 && x <= 1e6)) {
        tfb_error("%s, line %" PRId64 ": expected a TF, a tab and a weight from 1e-6 to 1e6, not '%.60s'", path, n_line,
                  line);
        return -1;
    }
    *tab = 0;
    for (int t = 0; t < n_targets; t++) {
        if (strcmp(targets[t], line)) continue;
        if (seen[t]) {
            tfb_error("%s, line %" PRId64 ": %s already has a weight, in line %" PRId64, path, n_line, line, seen[t]);
            return -1;
        }
        w[t] = (float)x;
        seen[t] = n_line;
    }
    return 0;
}

float *tfb_cmd_weights(const char *path, char *const *targets, int n_targets)
{
    tfb_lines_t l = {0};
    int64_t found = 0, *seen = tfb_alloc((size_t)n_targets, sizeof *seen, "weights of targets");
    float *w = tfb_alloc((size_t)n_targets, sizeof *w, "weights of targets");
    int got = -1, bad = !w || !seen || tfb_lines_open(&l, path) < 0;
    for (int t = 0; !bad && t < n_targets; t++) w[t] = 1;
    while (!bad && (got = tfb_lines_next(&l)) > 0) {
        char *line = l.s.s;
        size_t len = l.s.l;
        while (len && strchr(" \t\r", line[len - 1])) line[--len] = 0;
        if (len && *line != '#') bad = weigh(path, l.n, line, targets, n_targets, w, seen) < 0;
    }
    bad |= got < 0;
    for (int t = 0; !bad && t < n_targets; t++) found += seen[t] > 0;
    if (!bad && !found) tfb_error("%s names none of the targets", path), bad = 1;
    tfb_lines_close(&l);
    free(seen);
    if (!bad) return w;
    free(w);
    return NULL;
}

int tfb_cmd_threads(const char *s, int *threads)
{
    long v;
    if (tfb_cmd_int("threads", s, 0, TFB_MAX_THREADS, &v)) return 1;
    *threads = v ? (int)v : tfb_cmd_processors();
    return 0;
}

int tfb_cmd_verbosity(const char *s)
{
    long v;
    if (tfb_cmd_int("verbosity", s, 0, 9, &v)) return 1;
    tfb_log_level((int)v);
    return 0;
}

int tfb_cmd_precision(const char *s)
{
    int r = tfb_kernels_set_precision(s);
    if (r == -1) tfb_error("--precision is float32 or bfloat16, not '%s'", s);
    if (r == -2)
        tfb_error("no bfloat16 tiles (AMX): the processor has none, or TFBIND_CPU or the system disables them. Omit "
                  "--precision");
    return r != 0;
}

int tfb_cmd_incomplete(const char *command, int argc, char **argv, void (*usage)(FILE *to),
                       const char *const (*need)[2], const char **in, const char *what)
{
    int n = argc - optind, most = in != NULL;
    if (argc == 1) {
        usage(stderr);
        return 1;
    }
    if (n > most) {
        if (most)
            tfb_error("expected one %s: unexpected argument '%s'", what, argv[optind + 1]);
        else
            tfb_error("unexpected argument '%s'", argv[optind]);
        return 1;
    }
    if (n == 1) *in = argv[optind];
    for (; need[0][1]; need++)
        if (!need[0][0]) {
            tfb_error("%s is missing (tfbind %s -h shows all options)", need[0][1], command);
            return 1;
        }
    if (!in || *in) return 0;
    tfb_error("a %s is missing (tfbind %s -h shows all options)", what, command);
    return 1;
}

int tfb_cmd_processors(void)
{
#ifdef CPU_COUNT
    cpu_set_t set; /* the processors that a batch system or container allows, not those of the machine */
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1) return 1;
    return n < TFB_MAX_THREADS ? (int)n : TFB_MAX_THREADS;
}
