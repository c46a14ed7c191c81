/* ranks.h - processes that train one model together. Each holds all examples in memory and processes its share of every
 * batch.
 *
 * mpirun starts the processes and MPI transfers the sums. Without MPI, or with a single process, there is one rank and
 * these functions do nothing.
 *
 * All ranks must call all functions but begin, end, n and me in the same order, from the thread that called begin. All
 * ranks stop if one calls tfb_ranks_end with a failure of its own, if one dies or if a connection breaks. */
#ifndef TFB_RANKS_H
#define TFB_RANKS_H

#include <stddef.h>
#include <stdint.h>

/* Joins the other ranks. After this call, ranks other than 0 print only the error that stops them. Call it after
 * reading the options, because it uses their -v. 0, or -1 (logged): mpirun started several processes, but this build
 * has no MPI. */
int tfb_ranks_begin(void);
/* Leaves the other ranks; the last call. Returns status, the exit status of the program. If status is a failure that
 * the ranks do not share, it stops the other ranks, too. */
int tfb_ranks_end(int status);
/* Return the number of ranks (at least 1), and the number of this rank, from 0. Only rank 0 writes files. */
int tfb_ranks_n(void);
int tfb_ranks_me(void);
/* ret: 0 or -1 of this rank. Returns 0 on all ranks if all pass 0. Otherwise returns -1 on all ranks, after rank 0 has
 * printed those errors of other ranks that differ from its own. The ranks then end together, without more messages. */
int tfb_ranks_agree(int ret);
/* Announces a failure that all ranks share: no rank has to stop the others, and only rank 0 prints the message. */
void tfb_ranks_together(void);
/* Replaces x (n) by its sum over the ranks, added in rank order: the same bits on all ranks and in every run. */
void tfb_ranks_sum(double *x, size_t n);
/* Does the same for many floats. Each sum is computed in double and rounded once. */
void tfb_ranks_sum_float(float *x, size_t n);
/* Copies p (n bytes) from rank 0 to all ranks. */
void tfb_ranks_share(void *p, size_t n);
/* Returns the number of threads for this rank: asked if it is not 0; else this rank's share of the processors, all of
 * `processors` if there is one rank. Logs the number of ranks, and warns of more threads than processors. */
int tfb_ranks_threads(int asked, int processors);
/* Returns the first of n items of rank r; its last is tfb_ranks_first(n, r + 1) - 1. */
static inline int64_t tfb_ranks_first(int64_t n, int r)
{
    return n / tfb_ranks_n() * r + n % tfb_ranks_n() * r / tfb_ranks_n();
}

#endif
