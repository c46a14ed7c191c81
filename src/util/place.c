/* place.c - finds the place of an output file: follows links, and recognises pipes and devices. */
#include "util/util.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS = 40 }; /* as many as Linux follows */

static int begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

/* Returns the target of the link at path, relative to the current folder. NULL with errno set on failure. */
static char *follow(const char *path)
{
    char to[PATH_MAX];
    ssize_t n = readlink(path, to, sizeof to - 1);
    if (n < 0) return NULL;
    to[n] = 0;
    const char *slash = *to == '/' ? NULL : strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
    char *s = malloc(dir + (size_t)n + 1);
    if (!s) return NULL;
    memcpy(s, path, dir);
    memcpy(s + dir, to, (size_t)n + 1);
    return s;
}

char *tfb_place(const char *path)
{
    struct stat st;
    /* htslib opens URLs, except those of local files */
    if (begins(path, "file:///")) path += strlen("file://");
    if (begins(path, "file://localhost/")) path += strlen("file://localhost");
    errno = 0;
    if (strstr(path, "://")) return NULL;
    char *s = strdup(path);
    for (int i = 0; s && i < LINKS; i++) {
        /* /dev/stdout may lead to a plain file that other programs also write to, and renaming would remove the link
         * for all */
        if (begins(s, "/dev/std") || begins(s, "/dev/fd/") || begins(s, "/proc/")) {
            free(s);
            errno = 0;
            return NULL;
        }
        int there = lstat(s, &st) == 0;
        if (!there || S_ISREG(st.st_mode)) return s;
        if (!S_ISLNK(st.st_mode)) { /* pipes and devices cannot be replaced by renaming */
            free(s);
            errno = 0;
            return NULL;
        }
        /* stat: the system may refuse to follow another user's link out of a shared folder */
        char *next = stat(s, &st) == 0 || errno == ENOENT ? follow(s) : NULL;
        int err = errno;
        free(s);
        s = next;
        errno = next ? 0 : err;
    }
    if (!s) return NULL;
    free(s);
    errno = ELOOP;
    return NULL;
}
