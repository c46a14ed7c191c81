/* ranks.c - communication between processes that train together. The only file that uses MPI.
 *
 * MPI only moves floats and never adds them: the order in which MPI_Allreduce adds may change from run to run. Sums are
 * made here, in rank order, so a run can be repeated bit for bit. */
#include "config.h"
#include "train/ranks.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

/* Returns the number of processes that the launcher started, 1 if there is no launcher. With one process MPI is not
 * used: its children inherit the launcher's variables, and a second MPI_Init under the same name would fail. */
static int launched(void)
{
    /* Open MPI; MPICH, Intel MPI and Slurm's PMI */
    static const char *const size[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (int i = 0; i < 2; i++) {
        const char *s = getenv(size[i]);
        if (s) return atoi(s) > 1 ? atoi(s) : 1;
    }
    /* PMIx gives only the number of this process; Slurm gives the number of tasks */
    const char *s = getenv("SLURM_STEP_NUM_TASKS");
    if (!getenv("PMIX_RANK")) return 1;
    return s ? atoi(s) : 2;
}

#ifdef HAVE_MPI
#define OMPI_SKIP_MPICXX  1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>
#include <time.h>

enum { TEXT = 1024, BLOCK = 1 << 22 }; /* bytes of a message; floats sent at a time, which limits memory */

static int on, n_ranks = 1, me, together;
static char text[TEXT]; /* this rank's last error */
static double *others;  /* (n_ranks, m_others): received from the other ranks */
static float *parts;    /* (n_ranks, ceil(BLOCK / n_ranks)) */
static size_t m_others;
static int *counts, *starts, *own_counts, *own_starts;

/* Ends all ranks. Prints the last error of this rank; rank 0 has printed its own. */
static void give_up(void)
{
    tfb_log_keep(NULL, 0, 0);
    if (me && *text) tfb_error("rank %d: %s", me, text);
    fflush(NULL);
    /* mpirun drops what it has not forwarded yet when it ends the job */
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

int tfb_ranks_begin(void)
{
    int level = tfb_log_get_level(), got;
    if (launched() < 2) return 0;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &got); /* if MPI fails, it prints a message and ends the job */
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    on = 1;
    if (me) tfb_log_level(0);
    tfb_log_keep(text, sizeof text, me ? -1 : level);
    size_t n = (size_t)n_ranks;
    parts = tfb_alloc(n * ((BLOCK + n - 1) / n), sizeof *parts, "gradients of other ranks");
    counts = tfb_alloc(4 * n, sizeof *counts, "gradients of other ranks");
    if (!parts || !counts) {
        give_up();
        return -1;
    }
    starts = counts + n;
    own_counts = starts + n;
    own_starts = own_counts + n;
    return 0;
}

int tfb_ranks_end(int status)
{
    if (!on) return status;
    if (status && !together) give_up();
    tfb_log_keep(NULL, 0, 0);
    on = 0;
    free(others);
    free(parts);
    free(counts);
    MPI_Finalize();
    return status;
}

int tfb_ranks_n(void) { return n_ranks; }
int tfb_ranks_me(void) { return me; }
void tfb_ranks_together(void) { together = 1; }

int tfb_ranks_agree(int ret)
{
    int bad = ret < 0, any = 0;
    if (!on) return ret < 0 ? -1 : 0;
    if (!bad) *text = 0;
    MPI_Allreduce(&bad, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (!any) return 0;
    together = 1;
    char *all = me ? NULL : calloc((size_t)n_ranks, TEXT);
    int have = me || all != NULL;
    MPI_Bcast(&have, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (have) MPI_Gather(text, TEXT, MPI_CHAR, all, TEXT, MPI_CHAR, 0, MPI_COMM_WORLD);
    for (int r = 1; all && r < n_ranks; r++) { /* prints each message once */
        int same = 0, first = r;
        while (first > 0 && strcmp(all + (size_t)(first - 1) * TEXT, all + (size_t)r * TEXT)) first--;
        for (int q = r; q < n_ranks; q++) same += strcmp(all + (size_t)q * TEXT, all + (size_t)r * TEXT) == 0;
        if (!all[(size_t)r * TEXT] || first) continue;
        if (same > 1)
            tfb_error("rank %d and %d more: %s", r, same - 1, all + (size_t)r * TEXT);
        else
            tfb_error("rank %d: %s", r, all + (size_t)r * TEXT);
    }
    free(all);
    return -1;
}

void tfb_ranks_sum(double *x, size_t n)
{
    if (!on) return;
    if (n > m_others) {
        free(others);
        others = tfb_alloc((size_t)n_ranks * n, sizeof *others, "sums of other ranks");
        if (!others) give_up();
        m_others = n;
    }
    MPI_Allgather(x, (int)n, MPI_DOUBLE, others, (int)n, MPI_DOUBLE, MPI_COMM_WORLD);
    for (size_t i = 0; i < n; i++) {
        double s = others[i];
        for (int r = 1; r < n_ranks; r++) s += others[(size_t)r * n + i];
        x[i] = s;
    }
}

/* Each rank adds up one part of x and sends the sums to all. Each rank sends about twice the size of x, regardless of
 * the number of ranks. */
void tfb_ranks_sum_float(float *x, size_t n)
{
    if (!on) return;
    for (size_t at = 0; at < n; at += BLOCK, x += BLOCK) {
        int m = n - at < BLOCK ? (int)(n - at) : BLOCK;
        for (int r = 0; r < n_ranks; r++) {
            starts[r] = (int)tfb_ranks_first(m, r);
            counts[r] = (int)tfb_ranks_first(m, r + 1) - starts[r];
        }
        int own = counts[me];
        for (int r = 0; r < n_ranks; r++) own_counts[r] = own, own_starts[r] = r * own;
        MPI_Alltoallv(x, counts, starts, MPI_FLOAT, parts, own_counts, own_starts, MPI_FLOAT, MPI_COMM_WORLD);
        for (int i = 0; i < own; i++) {
            double s = (double)parts[i];
            for (int r = 1; r < n_ranks; r++) s += (double)parts[(size_t)r * (size_t)own + (size_t)i];
            x[starts[me] + i] = (float)s;
        }
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, x, counts, starts, MPI_FLOAT, MPI_COMM_WORLD);
    }
}

void tfb_ranks_share(void *p, size_t n)
{
    for (size_t at = 0; on && at < n; at += BLOCK)
        MPI_Bcast((char *)p + at, (int)(n - at < BLOCK ? n - at : BLOCK), MPI_BYTE, 0, MPI_COMM_WORLD);
}

int tfb_ranks_threads(int asked, int processors)
{
    if (!on) return asked ? asked : processors;
    MPI_Comm here; /* the ranks on this machine */
    int n_here, first, machines;
    double share = 0;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, me, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &n_here);
    MPI_Comm_rank(here, &first);
    first = first == 0;
    MPI_Allreduce(&first, &machines, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
#ifdef CPU_COUNT
    /* mpirun may bind ranks to processors, and several ranks to the same ones */
    cpu_set_t own, *all = calloc((size_t)n_here, sizeof *all);
    if (!all || sched_getaffinity(0, sizeof own, &own) != 0) CPU_ZERO(&own);
    int have = all != NULL;
    MPI_Allreduce(MPI_IN_PLACE, &have, 1, MPI_INT, MPI_MIN, here);
    if (have) MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, here);
    for (int c = 0; have && c < CPU_SETSIZE; c++) {
        int users = 0;
        for (int r = 0; r < n_here; r++) users += CPU_ISSET(c, &all[r]) != 0;
        if (CPU_ISSET(c, &own)) share += 1.0 / users;
    }
    free(all);
#endif
    if (share == 0) share = (double)processors / n_here;
    MPI_Comm_free(&here);
    int n = asked;
    if (!asked) n = share >= 1 ? (int)(share + 1e-6) : 1;
    tfb_note("%d ranks on %d machine%s, %d thread%s each", n_ranks, machines, machines > 1 ? "s" : "", n,
             n > 1 ? "s" : "");
    if (asked > processors)
        tfb_warn("-@ %d, but mpirun lets this rank use only %d processor%s (mpirun -bind-to none allows all)", asked,
                 processors, processors > 1 ? "s" : "");
    return n;
}

#else

int tfb_ranks_begin(void)
{
    int n = launched();
    if (n < 2) return 0;
    tfb_error("this tfbind was built without MPI: the %d processes would each train a model and write it to the same "
              "file (configure --with-mpi)",
              n);
    return -1;
}

int tfb_ranks_end(int status) { return status; }
int tfb_ranks_n(void) { return 1; }
int tfb_ranks_me(void) { return 0; }
int tfb_ranks_agree(int ret) { return ret < 0 ? -1 : 0; }
void tfb_ranks_together(void) {}
void tfb_ranks_sum(double *x, size_t n) { (void)x, (void)n; }
void tfb_ranks_sum_float(float *x, size_t n) { (void)x, (void)n; }
void tfb_ranks_share(void *p, size_t n) { (void)p, (void)n; }
int tfb_ranks_threads(int asked, int processors) { return asked ? asked : processors; }

#endif
