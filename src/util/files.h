/* files.h - helpers for the files that all formats read and write. */
#ifndef TFB_FILES_H
#define TFB_FILES_H

/* Returns 1 if text from a regular file has no newline at its end, which is its only end-of-file marker. Returns 0
 * otherwise, and if it cannot be known (a pipe). */
int tfb_file_cut_short(const char *in);
/* Returns whether the name asks for bgzip. */
int tfb_file_gz_name(const char *out);
/* Logs that the output cannot be written, and returns -1. Set errno to 0 before the call that may fail: errors in
 * htslib's threads do not set ours, and an older value would mislead. */
int tfb_file_write_error(const char *out);
/* Returns how many of the threads asked for compress and uncompress; the others compute. If there are few, returns 0:
 * the thread that reads and writes does it. */
static inline int tfb_io_threads(int threads)
{
    if (threads < 4) return 0;
    return threads >= 64 ? 16 : threads / 4;
}

#endif
