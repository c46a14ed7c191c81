/* pool.c - a pool of threads that share a loop.
 *
 * Workers poll for the next loop for some microseconds before they sleep: training starts about fifty loops per step,
 * and waking a thread takes longer than many of these loops. */
#include "util/util.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPIN = 2000 }; /* polls, of 10 to 40 ns each */

struct tfb_pool_t {
    int n; /* threads, including the caller */
    pthread_t *thread;
    pthread_mutex_t lock;
    pthread_cond_t go, done;
    void (*fn)(void *, int, int);
    void *arg;
    void (*beside)(void *); /* task for the caller of the next loop; NULL: none */
    void *beside_arg;
    int n_tasks;
    atomic_int next, busy;      /* next task; workers still in this loop */
    atomic_ulong round;         /* counts loops */
    int n_asleep, caller_waits; /* under lock */
    atomic_int quit;
};

typedef struct {
    tfb_pool_t *p;
    int id;
} worker_t;

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

static void take_tasks(tfb_pool_t *p, int id)
{
    for (;;) {
        int t = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
        if (t >= p->n_tasks) return;
        p->fn(p->arg, t, id);
    }
}

static void *work(void *arg)
{
    worker_t w = *(worker_t *)arg;
    tfb_pool_t *p = w.p;
    unsigned long seen = 0;
    free(arg);
    for (;;) {
        for (int i = 0; i < SPIN && atomic_load(&p->round) == seen && !atomic_load(&p->quit); i++) relax();
        if (atomic_load(&p->round) == seen) {
            pthread_mutex_lock(&p->lock);
            p->n_asleep++;
            while (atomic_load(&p->round) == seen && !atomic_load(&p->quit)) pthread_cond_wait(&p->go, &p->lock);
            p->n_asleep--;
            pthread_mutex_unlock(&p->lock);
        }
        if (atomic_load(&p->quit)) return NULL;
        seen = atomic_load(&p->round);
        take_tasks(p, w.id);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            if (p->caller_waits) pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

tfb_pool_t *tfb_pool_create(int n_threads)
{
    tfb_pool_t *p = calloc(1, sizeof *p);
    if (!p || !(p->thread = calloc((size_t)n_threads, sizeof *p->thread))) {
        free(p);
        tfb_error("not enough memory for %d threads", n_threads);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->go, NULL);
    pthread_cond_init(&p->done, NULL);
    for (p->n = 1; p->n < n_threads; p->n++) {
        worker_t *w = malloc(sizeof *w);
        if (w) *w = (worker_t){p, p->n};
        if (!w || pthread_create(&p->thread[p->n], NULL, work, w) != 0) {
            free(w);
            tfb_error("cannot start thread %d of %d", p->n + 1, n_threads);
            tfb_pool_destroy(p);
            return NULL;
        }
    }
    return p;
}

void tfb_pool_destroy(tfb_pool_t *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->quit, 1);
    pthread_cond_broadcast(&p->go);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->n; i++) pthread_join(p->thread[i], NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->go);
    pthread_cond_destroy(&p->done);
    free(p->thread);
    free(p);
}

int tfb_pool_size(const tfb_pool_t *p) { return p->n; }

void tfb_pool_beside(tfb_pool_t *p, void (*fn)(void *arg), void *arg)
{
    p->beside = fn;
    p->beside_arg = arg;
}

void tfb_pool_end_beside(tfb_pool_t *p)
{
    void (*fn)(void *) = p->beside;
    p->beside = NULL;
    if (fn) fn(p->beside_arg);
}

void tfb_pool_run(tfb_pool_t *p, int n, void (*fn)(void *arg, int task, int thread), void *arg)
{
    if (p->n == 1 || n <= 1) {
        tfb_pool_end_beside(p);
        for (int i = 0; i < n; i++) fn(arg, i, 0);
        return;
    }
    p->fn = fn;
    p->arg = arg;
    p->n_tasks = n;
    atomic_store(&p->next, 0);
    atomic_store(&p->busy, p->n - 1);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->round, 1);
    if (p->n_asleep) pthread_cond_broadcast(&p->go);
    pthread_mutex_unlock(&p->lock);
    tfb_pool_end_beside(p);
    take_tasks(p, 0);
    /* every worker must have left the loop before its arguments may change */
    for (int i = 0; i < SPIN && atomic_load(&p->busy); i++) relax();
    if (atomic_load(&p->busy)) {
        pthread_mutex_lock(&p->lock);
        p->caller_waits = 1;
        while (atomic_load(&p->busy)) pthread_cond_wait(&p->done, &p->lock);
        p->caller_waits = 0;
        pthread_mutex_unlock(&p->lock);
    }
}
