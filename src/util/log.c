/* log.c - messages on stderr, one line each, whole lines even from several threads. */
#include "util/util.h"
#include <string.h>

static char prefix[64] = "tfbind";
static int level = 2;

void tfb_log_prefix(const char *p) { snprintf(prefix, sizeof prefix, "%s", p); }
void tfb_log_level(int l) { level = l; }
int tfb_log_get_level(void) { return level; }

static void say(int at, const char *kind, const char *fmt, va_list ap)
{
    char text[4096];
    if (level < at) return;
    vsnprintf(text, sizeof text, fmt, ap);
    fprintf(stderr, "[%s] %s%s\n", prefix, kind, text);
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
