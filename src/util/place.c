/* place.c - where a file that appears whole is to be put. */
#include "util/util.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int begins(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

char *tfb_place(const char *path)
{
    struct stat st;
    errno = 0;
    /* /dev/stdout may lead to a plain file, which others write to, too; and a rename would put an end to the link, for everyone */
    if (begins(path, "/dev/std") || begins(path, "/dev/fd/") || begins(path, "/proc/")) return NULL;
    int there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) return NULL; /* pipes and devices cannot be renamed over */
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        errno = 0;
        return there ? realpath(path, NULL) : NULL; /* a link to nothing yet: opening it makes the file */
    }
    errno = 0;
    return strdup(path);
}
