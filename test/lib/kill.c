/* kill.c - a process that kills itself: preloaded, at the KILL_AT-th call that makes, renames or removes a file, by
 * KILL_SIGNAL (KILL or TERM), before the call is made. EXIT: it calls exit(3). */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void count(void)
{
    static int n, at = -1;
    const char *s = getenv("KILL_SIGNAL");
    if (at < 0) at = getenv("KILL_AT") ? atoi(getenv("KILL_AT")) : 0;
    if (!at || ++n != at) return;
    if (s && strcmp(s, "EXIT") == 0) exit(3);
    kill(getpid(), s && strcmp(s, "TERM") == 0 ? SIGTERM : SIGKILL);
}

int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    count();
    return next(from, to);
}

int unlink(const char *path)
{
    int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    count();
    return next(path);
}

int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list ap;
    va_start(ap, flags);
    int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
    va_end(ap);
    if (flags & O_CREAT) count();
    return next(path, flags, mode);
}
