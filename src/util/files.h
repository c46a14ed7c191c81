/* files.h - what formats share about the files they read and write. */
#ifndef TFB_FILES_H
#define TFB_FILES_H

/* Does text that was read from a regular file lack its last newline? It has no other end-of-file marker. 0 also where
 * nobody can tell (a pipe). */
int tfb_file_cut_short(const char *in);
/* Does the name ask for bgzip? */
int tfb_file_gz_name(const char *out);
/* Logs that the output cannot be written, and returns -1. Set errno to 0 before the call that may fail: an error in one
 * of htslib's threads does not reach ours, and an older one would mislead. */
int tfb_file_write_error(const char *out);
/* Of the threads asked for, those that compress and uncompress, beside which the others compute: all together are no
 * more. A few leave it to the one that reads and writes. */
static inline int tfb_io_threads(int threads) { return threads >= 64 ? 16 : threads >= 4 ? threads / 4 : 0; }

#endif
