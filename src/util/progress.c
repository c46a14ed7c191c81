/* progress.c - the progress line. One stage at a time, of one thread; log.c removes the line before messages of any
 * thread. */
#include "util/progress.h"
#include "util/util.h"
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double first_line = 0.5, next_line = 0.2, next_message = 60; /* seconds */
static const char *unit;                                                  /* NULL: no stage */
static int on_terminal;
static double began, next, every;
static atomic_int shown; /* a line is on the terminal */

void tfb_progress_begin(const char *what, const char *out)
{
    const char *seconds = getenv("TFBIND_PROGRESS"); /* for tests */
    int std = !out || strcmp(out, "-") == 0;
    tfb_progress_end();
    if (tfb_log_get_level() < 2) return;
    unit = what;
    on_terminal = isatty(STDERR_FILENO) && !(std && isatty(STDOUT_FILENO));
    every = on_terminal ? next_line : next_message;
    if (seconds) every = atof(seconds);
    began = tfb_now();
    next = began + (on_terminal && !seconds ? first_line : every);
}

int tfb_progress_due(void) { return unit && tfb_now() >= next; }

/* Writes seconds as 1:02:03 or 2:03. */
static void write_time(double s, char text[32])
{
    int64_t t = s < 1e9 ? (int64_t)(s + 0.5) : 1000000000;
    int m = (int)(t / 60 % 60), sec = (int)(t % 60);
    if (t >= 3600)
        snprintf(text, 32, "%" PRId64 ":%02d:%02d", t / 3600, m, sec);
    else
        snprintf(text, 32, "%d:%02d", m, sec);
}

/* Writes "1200 records, 350 a second, chr1:12345, 34 %, 1:20 left". */
static void write_line(int64_t n, double fraction, const char *contig, int64_t pos, char *text, size_t m)
{
    char left[32];
    double s = tfb_now() - began, rate = s > 0 ? (double)n / s : 0;
    size_t k = (size_t)snprintf(text, m, "%" PRId64 " %s, %.*f a second", n, unit, rate < 10 ? 1 : 0, rate);
    if (contig && k < m) k += (size_t)snprintf(text + k, m - k, ", %.100s:%" PRId64, contig, pos + 1);
    if (fraction > 1) fraction = 1;
    if (!(fraction > 0) || k >= m) return;
    write_time(s * (1 - fraction) / fraction, left);
    snprintf(text + k, m - k, ", %.0f %%, %s left", floor(100 * fraction), left);
}

void tfb_progress(int64_t n, double fraction, const char *contig, int64_t pos)
{
    char text[300];
    struct winsize w;
    if (!unit) return;
    next = tfb_now() + every;
    write_line(n, fraction, contig, pos, text, sizeof text);
    tfb_printable(text); /* names of contigs are untrusted */
    if (!on_terminal) {
        tfb_note("%s", text);
        return;
    }
    int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col : 80;
    fprintf(stderr, "\r%.*s\033[K", columns - 1, text);
    fflush(stderr);
    atomic_store(&shown, 1);
}

void tfb_progress_of(int64_t n, int64_t all)
{
    if (tfb_progress_due()) tfb_progress(n, all > 0 ? (double)n / (double)all : -1, NULL, 0);
}

void tfb_progress_clear(void)
{
    if (atomic_exchange(&shown, 0)) fputs("\r\033[K", stderr);
}

void tfb_progress_end(void)
{
    unit = NULL;
    tfb_progress_clear();
}
