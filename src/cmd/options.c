/* options.c - reading option values. */
#include "cmd/cmd.h"
#include "kernels/kernels.h"
#include "util/util.h"
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char **tfb_cmd_list(const char *s, int *n)
{
    if (*s != '@') return tfb_split(s, ',', n);
    tfb_reads(s + 1, "the input");
    FILE *f = fopen(s + 1, "r");
    char **v = NULL, *line = NULL;
    size_t m = 0;
    ssize_t len;
    *n = 0;
    if (!f) {
        tfb_error("cannot read %s: %s", s + 1, strerror(errno));
        return NULL;
    }
    while ((len = getline(&line, &m, f)) >= 0) {
        while (len && strchr(" \t\r\n", line[len - 1])) line[--len] = 0;
        if (!len || *line == '#') continue;
        char **p = realloc(v, ((size_t)*n + 2) * sizeof *p);
        if (!p || !(p[*n] = strdup(line))) {
            if (p) v = p, v[*n] = NULL;
            tfb_strv_free(v);
            v = NULL;
            break;
        }
        v = p;
        v[++*n] = NULL;
    }
    if (!*n) tfb_error("%s holds no names", s + 1);
    free(line);
    fclose(f);
    return v;
}

int tfb_cmd_end(int status)
{
    if (status && errno == ENOMEM && !tfb_log_errors()) tfb_error("not enough memory");
    return status;
}

int tfb_cmd_int(const char *option, const char *s, long lo, long hi, long *v)
{
    char *end;
    errno = 0;
    long x = strtol(s, &end, 10);
    if (end == s || *end || errno || x < lo || x > hi) {
        tfb_error("--%s takes a whole number from %ld to %ld, not '%s'", option, lo, hi, s);
        return 1;
    }
    *v = x;
    return 0;
}

int tfb_cmd_double(const char *option, const char *s, double lo, double hi, double *v)
{
    char *end;
    double x = strtod(s, &end);
    if (end == s || *end || !(x >= lo && x <= hi)) {
        tfb_error("--%s takes a number from %g to %g, not '%s'", option, lo, hi, s);
        return 1;
    }
    *v = x;
    return 0;
}

float *tfb_cmd_weights(const char *path, char *const *targets, int n_targets)
{
    tfb_reads(path, "the input");
    FILE *f = fopen(path, "r");
    float *w = tfb_alloc((size_t)n_targets, sizeof *w, "weights of targets");
    char *line = NULL;
    size_t m = 0;
    ssize_t len;
    int64_t n_line = 0, found = 0, bad = 0;
    if (!f) tfb_error("cannot read %s: %s", path, strerror(errno));
    for (int t = 0; w && t < n_targets; t++) w[t] = 1;
    while (f && w && !bad && (len = getline(&line, &m, f)) >= 0) {
        n_line++;
        while (len && strchr(" \t\r\n", line[len - 1])) line[--len] = 0;
        if (!len || *line == '#') continue;
        char *tab = strchr(line, '\t'), *end = NULL;
        double x = tab ? strtod(tab + 1, &end) : 0;
        if (!tab || end == tab + 1 || *end || !(x >= 1e-6 && x <= 1e6)) {
            tfb_error("%s, line %" PRId64 ": a TF, a tab and a weight from 1e-6 to 1e6 are wanted, not '%.60s'", path, n_line, line);
            bad = 1;
            break;
        }
        *tab = 0;
        for (int t = 0; t < n_targets; t++)
            if (strcmp(targets[t], line) == 0) w[t] = (float)x, found++;
    }
    if (f && w && !bad && !found) tfb_error("%s names none of the targets", path), bad = 1;
    free(line);
    if (f) fclose(f);
    if (f && w && !bad) return w;
    free(w);
    return NULL;
}

int tfb_cmd_schedule(const char *s, int *schedule)
{
    static const char *const name[] = {"constant", "cosine", "linear", "one-cycle"}; /* in the order of tfb_schedule_t */
    for (int i = 0; i < 4; i++)
        if (strcmp(s, name[i]) == 0) {
            *schedule = i;
            return 0;
        }
    tfb_error("--schedule is constant, cosine, linear or one-cycle, not '%s'", s);
    return 1;
}

int tfb_cmd_strand(const char *s, tfb_strand_t *strand)
{
    static const char *const name[] = {"both", "fwd", "rev"}; /* in the order of tfb_strand_t */
    for (int i = 0; i < 4; i++)
        if (strcmp(s, name[i]) == 0) {
            *strand = (tfb_strand_t)i;
            return 0;
        }
    tfb_error("--strand is both, fwd or rev, not '%s'", s);
    return 1;
}

int tfb_cmd_precision(const char *s)
{
    int r = tfb_kernels_set_precision(s);
    if (r == -1) tfb_error("--precision is float32 or bfloat16, not '%s'", s);
    if (r == -2) tfb_error("this processor has no bfloat16 tiles (AMX), or TFBIND_CPU or the system keeps them back: leave --precision out");
    return r != 0;
}

int tfb_cmd_incomplete(const char *command, int argc, char **argv, void (*usage)(FILE *to), const char *const (*need)[2], const char **in, const char *what)
{
    int n = argc - optind, most = in != NULL;
    if (argc == 1) {
        usage(stderr);
        return 1;
    }
    if (n > most) {
        if (most)
            tfb_error("one %s at a time: unexpected argument '%s'", what, argv[optind + 1]);
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
    cpu_set_t set; /* what a batch system or container leaves us, not what the machine has */
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 1024 ? (int)n : 1;
}
