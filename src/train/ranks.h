/* ranks.h - processes that train one model together: each has all examples in memory, and takes its share of every
 * batch.
 *
 * mpirun starts them, MPI carries their sums. In a build without MPI, and wherever mpirun has not started more than one
 * process, there is one rank, and nothing here does anything.
 *
 * All but begin, end, n and me must be called by all ranks in the same order, from the thread that called begin. What
 * cannot go on ends all ranks: a rank whose tfb_ranks_end gets a failure of its own, a rank that dies, a connection
 * that breaks. */
#ifndef TFB_RANKS_H
#define TFB_RANKS_H

#include <stddef.h>
#include <stdint.h>

/* Joins the other ranks. From here on ranks other than 0 print nothing but why they fail. Call it after the options are
 * read (their -v counts). 0; -1 where that cannot be (logged): mpirun started several processes, and this build has no
 * MPI. */
int tfb_ranks_begin(void);
/* The last call; status is the exit status to be, and is returned. A failure that not all ranks have together ends the
 * others too. */
int tfb_ranks_end(int status);
/* How many ranks there are, 1 or more, and which one this is, from 0. Rank 0 alone writes files. */
int tfb_ranks_n(void);
int tfb_ranks_me(void);
/* ret of this rank, 0 or -1 -> 0 where no rank has -1; else -1 for all, after rank 0 has printed the others' last
 * errors where they are not its own. The ranks then end quietly, together. */
int tfb_ranks_agree(int ret);
/* The failure that follows is known to all ranks alike: none need end the others, and rank 0's message is enough. */
void tfb_ranks_together(void);
/* x (n) becomes its sum over the ranks, added in the order of ranks: the same bits on all ranks and in every run. */
void tfb_ranks_sum(double *x, size_t n);
/* The same for many floats, each added in double and rounded once. */
void tfb_ranks_sum_float(float *x, size_t n);
/* p (n bytes) becomes rank 0's. */
void tfb_ranks_share(void *p, size_t n);
/* Threads for this rank: asked, or where that is 0 its part of the processors it may use, of which others may use the
 * same; alone all of `processors`. Says how many ranks there are, warns where there are more threads than processors.
 */
int tfb_ranks_threads(int asked, int processors);
/* The first of n things that are rank r's: it has those from there to tfb_ranks_first(n, r + 1). */
static inline int64_t tfb_ranks_first(int64_t n, int r)
{
    return n / tfb_ranks_n() * r + n % tfb_ranks_n() * r / tfb_ranks_n();
}

#endif
