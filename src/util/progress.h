/* progress.h - how far a command is: a line on a terminal that is rewritten, else a message each minute.
 *
 * Only the thread that began may call these functions, and only at verbosity 2 or more anything is printed. Between
 * messages a call costs a look at the clock. */
#ifndef TFB_PROGRESS_H
#define TFB_PROGRESS_H

#include <stdint.h>

/* Begins a stage, or another one. unit: what is counted, such as "records"; must outlive the stage. out: where the
 * command writes; if that is the terminal (NULL or "-"), there is no line. */
void tfb_progress_begin(const char *unit, const char *out);
/* Returns whether it is time for tfb_progress; 0 outside of a stage. */
int tfb_progress_due(void);
/* Shows that n units are done. fraction: of the whole, from 0 to 1; negative: unknown. contig, pos (from 0): where;
 * contig NULL: nowhere in particular. */
void tfb_progress(int64_t n, double fraction, const char *contig, int64_t pos);
/* Shows, if it is time, that n of `all` units are done. */
void tfb_progress_of(int64_t n, int64_t all);
/* Removes the line and ends the stage. Does nothing outside of one. */
void tfb_progress_end(void);
/* For log.c: removes the line before a message. */
void tfb_progress_clear(void);

#endif
