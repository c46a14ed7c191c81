/* log.c - messages on stderr, one line each; lines of several threads do not mix. */
#include "util/progress.h"
#include "util/util.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

static char prefix[64] = "tfbind";
static int level = 2;
static _Thread_local char *kept; /* buffer for this thread's errors; NULL: standard error */
static _Thread_local size_t m_kept;
static _Thread_local int kept_level;
static atomic_int n_errors;

void tfb_log_prefix(const char *p) { snprintf(prefix, sizeof prefix, "%s", p); }
void tfb_log_level(int l) { level = l; }
int tfb_log_get_level(void) { return level; }
int tfb_log_errors(void) { return n_errors; }

void tfb_log_keep(char *text, size_t m, int print)
{
    kept = text;
    m_kept = m;
    kept_level = print;
}

static void say(int at, const char *kind, const char *fmt, va_list ap)
{
    char text[4096];
    int saved = errno; /* the caller may still need errno */
    n_errors += at == 0;
    if ((kept ? kept_level : level) < at && !(kept && at == 0)) return;
    vsnprintf(text, sizeof text, fmt, ap);
    tfb_printable(text); /* names and metadata are untrusted: they must not break the line or control the terminal */
    if (kept && at == 0) {
        snprintf(kept, m_kept, "%s", text);
        if (kept_level < 0) {
            errno = saved;
            return;
        }
    }
    tfb_progress_clear();
    fprintf(stderr, "[%s] %s%s\n", prefix, kind, text);
    errno = saved;
}

#define MESSAGE(name, at, kind)     \
    void name(const char *fmt, ...) \
    {                               \
        va_list ap;                 \
        va_start(ap, fmt);          \
        say(at, kind, fmt, ap);     \
        va_end(ap);                 \
    }

MESSAGE(tfb_error, 0, "error: ")
MESSAGE(tfb_warn, 1, "warning: ")
MESSAGE(tfb_note, 2, "")
MESSAGE(tfb_debug, 3, "debug: ")
