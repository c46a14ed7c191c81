/* checkpoint.c - the state of a training run: memory, sharing between ranks, the file. */
#include "train/checkpoint.h"
#include "train/ranks.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the state ---- */

int tfb_state_init(tfb_state_t *s, tfb_net_t *net, int average)
{
    size_t P = net->n_param, S = net->n_stat;
    *s = (tfb_state_t){.net = net, .best_loss = INFINITY, .best_auprc = -1};
    s->grad = tfb_alloc(P, sizeof *s->grad, "gradients");
    s->m = tfb_alloc(P, sizeof *s->m, "Adam's first moments");
    s->v = tfb_alloc(P, sizeof *s->v, "Adam's second moments");
    s->best = tfb_alloc(P, sizeof *s->best, "the best weights");
    s->best_stat = tfb_alloc(S + 1, sizeof *s->best_stat, "the best weights");
    if (!s->grad || !s->m || !s->v || !s->best || !s->best_stat) return -1;
    tfb_state_keep_best(s);
    if (!average) return 0;
    s->avg = tfb_alloc(P, sizeof *s->avg, "averaged weights");
    s->avg_stat = tfb_alloc(S + 1, sizeof *s->avg_stat, "averaged weights");
    if (!s->avg || !s->avg_stat) return -1;
    memcpy(s->avg, net->param, P * sizeof(float));
    memcpy(s->avg_stat, net->stat, S * sizeof(float));
    return 0;
}

void tfb_state_free(tfb_state_t *s)
{
    float *const all[] = {s->grad, s->m, s->v, s->avg, s->avg_stat, s->best, s->best_stat};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

void tfb_state_keep_best(tfb_state_t *s)
{
    memcpy(s->best, s->net->param, s->net->n_param * sizeof(float));
    memcpy(s->best_stat, s->net->stat, s->net->n_stat * sizeof(float));
}

void tfb_state_swap_average(tfb_state_t *s)
{
    if (!s->avg) return;
    float *p = s->net->param, *t = s->net->stat;
    s->net->param = s->avg, s->avg = p;
    s->net->stat = s->avg_stat, s->avg_stat = t;
}

/* ---- its pieces, in file order ---- */

typedef struct {
    void *p;
    size_t n; /* bytes */
} piece_t;
enum { PIECES = 14 };

/* Lists the pieces of a checkpoint. Returns their number. */
static int pieces(tfb_state_t *s, piece_t v[PIECES])
{
    size_t P = s->net->n_param * sizeof(float), S = s->net->n_stat * sizeof(float);
    const piece_t all[PIECES - 1] = {{&s->step, sizeof s->step},
                                     {&s->epoch, sizeof s->epoch},
                                     {&s->best_epoch, sizeof s->best_epoch},
                                     {&s->best_loss, sizeof s->best_loss},
                                     {&s->train_loss, sizeof s->train_loss},
                                     {s->net->param, P},
                                     {s->net->stat, S},
                                     {s->m, P},
                                     {s->v, P},
                                     {s->best, P},
                                     {s->best_stat, S},
                                     {s->avg, P},
                                     {s->avg_stat, S}};
    int n = s->avg ? PIECES - 1 : PIECES - 3;
    memcpy(v, all, sizeof all);
    if (s->by_auprc) v[n++] = (piece_t){&s->best_auprc, sizeof s->best_auprc};
    return n;
}

void tfb_state_share(tfb_state_t *s)
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    for (int i = 0; i < n; i++) tfb_ranks_share(v[i].p, v[i].n);
}

/* ---- identity of a run ---- */

void tfb_run_id(const tfb_net_t *net, const tfb_examples_t *ex, const tfb_fit_opt_t *o, char id[TFB_RUN_ID])
{
    char text[256];
    tfb_sha256_t h;
    tfb_sha256_init(&h);
    tfb_sha256_update(&h, net->spec, strlen(net->spec));
    tfb_sha256_update(&h, ex->digest, strlen(ex->digest));
    if (o->identity) tfb_sha256_update(&h, o->identity, strlen(o->identity));
    if (o->frozen) tfb_sha256_update(&h, o->frozen, (size_t)net->n_layers);
    /* epochs only if the rate depends on them, so that a finished run can be continued */
    snprintf(text, sizeof text, "%d %.9g %d %d %llu %d %.9g", net->window, o->rate, (int)o->schedule,
             o->batch * tfb_ranks_n(), (unsigned long long)o->seed, o->one_strand, o->average);
    tfb_sha256_update(&h, text, strlen(text));
    if (o->balance > 0 || o->decay > 0 || o->precision) {
        snprintf(text, sizeof text, " %.9g %.9g %s", o->balance, o->decay, o->precision ? o->precision : "");
        tfb_sha256_update(&h, text, strlen(text));
    }
    const tfb_augment_t *g = &o->augment;
    if (tfb_augmented(g) || o->warmup > 0) {
        snprintf(text, sizeof text, " %d %.9g %d %d %d %.9g", g->shift, g->mutate, g->insert, g->delete, o->clean,
                 o->warmup);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->teachers) {
        snprintf(text, sizeof text, " teachers %.9g ", o->hard);
        tfb_sha256_update(&h, text, strlen(text));
        tfb_sha256_update(&h, tfb_teachers_list(o->teachers), strlen(tfb_teachers_list(o->teachers)));
    }
    if (g->noise > 0) {
        snprintf(text, sizeof text, " noise %.9g", g->noise);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->task_balance > 0) {
        snprintf(text, sizeof text, " task %.9g", o->task_balance);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->smooth > 0) {
        snprintf(text, sizeof text, " smooth %.9g", o->smooth);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->select == TFB_SELECT_AUPRC) tfb_sha256_update(&h, " auprc", 6);
    if (o->head_epochs || o->depth_rate > 0 || o->l2sp > 0 || o->patience) {
        snprintf(text, sizeof text, " layers %d %.9g %.9g %d", o->head_epochs, o->depth_rate, o->l2sp, o->patience);
        tfb_sha256_update(&h, text, strlen(text));
    }
    if (o->weights) tfb_sha256_update(&h, o->weights, (size_t)ex->n_targets * sizeof *o->weights);
    if (o->schedule != TFB_RATE_CONSTANT || o->clean || o->warmup > 0)
        tfb_sha256_update(&h, &o->epochs, sizeof o->epochs);
    tfb_sha256_hex(&h, id);
}

/* ---- the file ---- */

/* A checkpoint: MAGIC, the identity of its run (64 hex digits and 0), the pieces of the state, and the SHA-256 of all
 * of this (64 hex digits). */
static const char MAGIC[16] = "tfbind-ckpt-3\n";
enum { DIGEST = 64 };

static int put(FILE *f, tfb_sha256_t *sha, const void *p, size_t n)
{
    tfb_sha256_update(sha, p, n);
    return fwrite(p, 1, n, f) == n ? 0 : -1;
}

/* Writes a state with the identity of its run. 0 or -1. */
static int checkpoint_write(FILE *f, tfb_state_t *s, const char id[TFB_RUN_ID])
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    char digest[DIGEST + 1];
    tfb_sha256_t sha;
    tfb_sha256_init(&sha);
    if (put(f, &sha, MAGIC, sizeof MAGIC) < 0 || put(f, &sha, id, TFB_RUN_ID) < 0) return -1;
    for (int i = 0; i < n; i++)
        if (put(f, &sha, v[i].p, v[i].n) < 0) return -1;
    tfb_sha256_hex(&sha, digest);
    return fwrite(digest, 1, DIGEST, f) == DIGEST ? 0 : -1;
}

/* Verifies the digest. Returns NULL or what is wrong, as the end of a message. Leaves f after MAGIC. */
static const char *checkpoint_verify(FILE *f)
{
    char buf[1 << 16], magic[sizeof MAGIC], digest[DIGEST + 1], stored[DIGEST];
    tfb_sha256_t sha;
    if (fread(magic, 1, sizeof magic, f) != sizeof magic || memcmp(magic, MAGIC, 12)) return "is damaged";
    if (memcmp(magic, MAGIC, sizeof magic)) return "was written by another version of tfbind";
    if (fseeko(f, 0, SEEK_END) < 0) return "cannot be read";
    off_t left = ftello(f) - DIGEST;
    rewind(f);
    tfb_sha256_init(&sha);
    while (left > 0) {
        size_t n = left < (off_t)sizeof buf ? (size_t)left : sizeof buf;
        if (fread(buf, 1, n, f) != n) return "cannot be read";
        tfb_sha256_update(&sha, buf, n);
        left -= (off_t)n;
    }
    tfb_sha256_hex(&sha, digest);
    if (left < 0 || fread(stored, 1, DIGEST, f) != DIGEST || memcmp(stored, digest, DIGEST)) return "is damaged";
    return fseeko(f, sizeof MAGIC, SEEK_SET) < 0 ? "cannot be read" : NULL;
}

/* Reads a state. Returns NULL or what is wrong with the file, as the end of a message. */
static const char *checkpoint_read(FILE *f, tfb_state_t *s, const char id[TFB_RUN_ID])
{
    piece_t v[PIECES];
    int n = pieces(s, v);
    char got[TFB_RUN_ID];
    const char *wrong = checkpoint_verify(f);
    if (wrong) return wrong;
    if (fread(got, 1, TFB_RUN_ID, f) != TFB_RUN_ID || memcmp(got, id, TFB_RUN_ID))
        return "belongs to a different run (other data, targets, architecture or options)";
    for (int i = 0; i < n; i++)
        if (fread(v[i].p, 1, v[i].n, f) != v[i].n) return "is damaged";
    int counted = s->step >= 0 && s->epoch > 0 && s->best_epoch >= 0 && s->best_epoch <= s->epoch;
    return counted ? NULL : "has impossible counts of epochs or steps";
}

int tfb_checkpoint_save(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID])
{
    tfb_out_t *out;
    FILE *f = tfb_out_open(path, &out);
    if (!f) return -1;
    int bad = checkpoint_write(f, s, id) || fflush(f) || (tfb_out_name(out) && fsync(fileno(f)));
    if (bad) tfb_error("cannot write checkpoint %s: %s", path, strerror(errno));
    return tfb_out_close(f, out, !bad);
}

int tfb_checkpoint_load(const char *path, tfb_state_t *s, const char id[TFB_RUN_ID])
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        if (errno == ENOENT) return 0;
        tfb_error("cannot read checkpoint %s: %s", path, strerror(errno));
        return -1;
    }
    const char *wrong = checkpoint_read(f, s, id);
    fclose(f);
    if (!wrong) return 1;
    tfb_error("checkpoint %s %s; remove it to start again", path, wrong);
    return -1;
}
