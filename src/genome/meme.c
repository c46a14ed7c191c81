/* meme.c - reads and writes MEME motif files. What it reads is untrusted. */
#include "genome/meme.h"
#include "genome/lines.h"
#include "util/util.h"
#include <ctype.h>
#include <errno.h>
#include <htslib/kstring.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

tfb_motifs_t *tfb_motifs_create(void)
{
    tfb_motifs_t *s = calloc(1, sizeof *s);
    if (!s) {
        tfb_error("not enough memory for motifs");
        return NULL;
    }
    for (int i = 0; i < 4; i++) s->bg[i] = 0.25f;
    return s;
}

static void motif_free(tfb_motif_t *m)
{
    free(m->id);
    free(m->name);
    free(m->p);
}

void tfb_motifs_destroy(tfb_motifs_t *s)
{
    if (!s) return;
    for (int i = 0; i < s->n; i++) motif_free(&s->motif[i]);
    free(s->motif);
    free(s);
}

tfb_motif_t *tfb_motifs_add(tfb_motifs_t *s, const char *id, const char *name, const float *p, int w, double n_sites)
{
    tfb_motif_t m = {strdup(id), strdup(name ? name : ""), w, malloc(((size_t)w * 4 + 1) * sizeof(float)), n_sites};
    if (!m.id || !m.name || !m.p) goto memory;
    if (s->n == s->m) {
        int n = s->m ? 2 * s->m : 64;
        tfb_motif_t *v = realloc(s->motif, (size_t)n * sizeof *v);
        if (!v) goto memory;
        s->motif = v;
        s->m = n;
    }
    memcpy(m.p, p, (size_t)w * 4 * sizeof(float));
    s->motif[s->n] = m;
    return &s->motif[s->n++];
memory:
    tfb_error("not enough memory for motif %s", id);
    motif_free(&m);
    return NULL;
}

int tfb_motifs_find(const tfb_motifs_t *s, const char *id)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->motif[i].id, id) == 0) return i;
    for (int i = 0; i < s->n; i++)
        if (strcasecmp(s->motif[i].name, id) == 0) return i;
    return -1;
}

int tfb_motif_is_of(const tfb_motif_t *m, const char *tf)
{
    size_t n = strlen(tf);
    if (!n) return 0;
    for (const char *s = m->name; *s;) {
        size_t k = 0;
        while (s[k] && strncmp(s + k, "::", 2) != 0 && s[k] != '(') k++;
        if (k == n && strncasecmp(s, tf, n) == 0) return 1;
        if (strncmp(s + k, "::", 2) != 0) break;
        s += k + 2;
    }
    return 0;
}

double tfb_motif_bits(const float *p, int w, const float bg[4], float *h)
{
    double sum = 0;
    for (int i = 0; i < w; i++, p += 4) {
        double bits = 0;
        for (int c = 0; c < 4; c++)
            if (p[c] > 0 && bg[c] > 0) bits += p[c] * log2(p[c] / bg[c]);
        if (bits < 0) bits = 0; /* rounding */
        sum += bits;
        for (int c = 0; h && c < 4; c++) h[i * 4 + c] = (float)(p[c] * bits);
    }
    return sum;
}

/* ---- reading ---- */

typedef struct {
    tfb_lines_t in;
    kstring_t id, name;
    int again;          /* the current line was not used yet */
    float *row;         /* (m_rows, 4) */
    int n_rows, m_rows; /* rows of the matrix being read */
} reader_t;

#define bad(r, ...) tfb_lines_error(&(r)->in, __VA_ARGS__)

/* Reads the next line that is not blank and trims blanks at both ends. Returns 1, 0 at the end,
 * or -1 on an error (logged). */
static int next_line(reader_t *r)
{
    if (r->again) {
        r->again = 0;
        return 1;
    }
    for (;;) {
        int got = tfb_lines_next(&r->in);
        if (got <= 0) return got;
        char *s = r->in.s.s;
        while (isspace((unsigned char)*s)) s++;
        r->in.s.l -= (size_t)(s - r->in.s.s);
        memmove(r->in.s.s, s, r->in.s.l + 1);
        while (r->in.s.l && isspace((unsigned char)r->in.s.s[r->in.s.l - 1])) r->in.s.s[--r->in.s.l] = 0;
        if (r->in.s.l) return 1;
    }
}

static int begins(const reader_t *r, const char *word) { return strncmp(r->in.s.s, word, strlen(word)) == 0; }

/* Reads `key= 5` or `key=5` in the line. Returns 0, or -1 if it is absent or not a number. */
static int key(const char *line, const char *word, double *v)
{
    size_t n = strlen(word);
    for (const char *s = strstr(line, word); s; s = strstr(s + 1, word)) {
        if (s > line && !isspace((unsigned char)s[-1])) continue; /* other keys, too, may end in w= */
        char *end;
        *v = strtod(s + n, &end);
        return end == s + n ? -1 : 0;
    }
    return -1;
}

/* Reads four numbers with nothing after them. Returns 0, or -1. */
static int four(const char *s, double v[4])
{
    for (int c = 0; c < 4; c++) {
        char *end;
        v[c] = strtod(s, &end);
        if (end == s || (*end && !isspace((unsigned char)*end)) || !isfinite(v[c])) return -1;
        s = end;
    }
    return *s ? -1 : 0;
}

/* Reads the rows after a matrix's header and appends the motif. Returns 0, or -1 (logged). */
static int read_matrix(reader_t *r, tfb_motifs_t *s)
{
    double alength = 4, w = 0, n_sites = 20, v[4];
    int got;
    key(r->in.s.s, "alength=", &alength);
    if (alength != 4)
        return bad(r, "motif %s has an alphabet of %g letters: only DNA motifs are read", r->id.s, alength);
    int known = key(r->in.s.s, "w=", &w) == 0;
    if (known && !(w >= 1 && w <= TFB_MOTIF_MAX && w == floor(w)))
        return bad(r, "motif %s: w= %g is not a width from 1 to %d", r->id.s, w, TFB_MOTIF_MAX);
    if (key(r->in.s.s, "nsites=", &n_sites) == 0 && !(n_sites >= 0 && isfinite(n_sites)))
        return bad(r, "motif %s: nsites is not a number", r->id.s);
    r->n_rows = 0;
    while (!known || r->n_rows < (int)w) {
        if ((got = next_line(r)) < 0) return -1;
        if (got == 0 || four(r->in.s.s, v) < 0) {
            if (got && known) return bad(r, "motif %s: position %d is not four numbers", r->id.s, r->n_rows + 1);
            if (!got && known) return bad(r, "motif %s ends after %d of %d positions", r->id.s, r->n_rows, (int)w);
            if (r->n_rows == 0) return bad(r, "motif %s has no positions", r->id.s);
            r->again = got;
            break;
        }
        double sum = v[0] + v[1] + v[2] + v[3];
        for (int c = 0; c < 4; c++)
            if (v[c] < 0) return bad(r, "motif %s: position %d has a negative probability", r->id.s, r->n_rows + 1);
        if (fabs(sum - 1) > 0.02)
            return bad(r, "motif %s: the probabilities of position %d sum to %g, not 1", r->id.s, r->n_rows + 1, sum);
        if (r->n_rows == TFB_MOTIF_MAX) return bad(r, "motif %s has more than %d positions", r->id.s, TFB_MOTIF_MAX);
        if (r->n_rows == r->m_rows) {
            int m = r->m_rows ? 2 * r->m_rows : 32;
            float *p = realloc(r->row, (size_t)m * 4 * sizeof *p);
            if (!p) return bad(r, "not enough memory");
            r->row = p;
            r->m_rows = m;
        }
        for (int c = 0; c < 4; c++) r->row[4 * r->n_rows + c] = (float)(v[c] / sum);
        r->n_rows++;
    }
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->motif[i].id, r->id.s) == 0) return bad(r, "there are two motifs called %s", r->id.s);
    const char *name = r->name.l ? r->name.s : "";
    return tfb_motifs_add(s, r->id.s, name, r->row, r->n_rows, n_sites) ? 0 : -1;
}

/* Reads `A 0.25 C 0.25 G 0.25 T 0.25`. Returns 0, or -1 (logged). */
static int read_background(reader_t *r, tfb_motifs_t *s)
{
    int got = next_line(r);
    if (got <= 0) return got;
    float v[4] = {0};
    double sum = 0;
    const char *t = r->in.s.s;
    for (int i = 0; i < 4; i++) {
        char *end;
        const char *letters = "ACGT", *at;
        while (isspace((unsigned char)*t)) t++;
        if (!*t || !(at = strchr(letters, toupper((unsigned char)*t))))
            return bad(r, "background frequencies are written as A 0.25 C 0.25 G 0.25 T 0.25");
        double x = strtod(t + 1, &end);
        if (end == t + 1 || !(x > 0 && x < 1))
            return bad(r, "the background frequency of %c is not between 0 and 1", *t);
        v[at - letters] = (float)x;
        sum += x;
        t = end;
    }
    if (fabs(sum - 1) > 0.02 || v[0] <= 0 || v[1] <= 0 || v[2] <= 0 || v[3] <= 0)
        return bad(r, "the background frequencies do not sum to 1");
    for (int c = 0; c < 4; c++) s->bg[c] = (float)(v[c] / sum);
    return 0;
}

/* Returns whether an alphabet line means DNA: `ALPHABET= ACGT`, or `ALPHABET "DNA" DNA-LIKE`
 * with its definitions below. */
static int is_dna(const char *line)
{
    const char *s = strchr(line, '=');
    if (!s) return strstr(line, "DNA") != NULL;
    while (*++s && isspace((unsigned char)*s)) {
    }
    return strcasecmp(s, "ACGT") == 0;
}

static int read_motif_name(reader_t *r)
{
    char *s = r->in.s.s + 5, *e;
    while (isspace((unsigned char)*s)) s++;
    for (e = s; *e && !isspace((unsigned char)*e); e++) {
    }
    r->id.l = r->name.l = 0;
    if (e == s) return bad(r, "a motif has no name");
    if (kputsn(s, (int)(e - s), &r->id) < 0) return -1;
    for (s = e; isspace((unsigned char)*s); s++) {
    }
    for (e = s; *e && !isspace((unsigned char)*e); e++) {
    }
    return kputsn(s, (int)(e - s), &r->name) < 0 ? -1 : 0;
}

tfb_motifs_t *tfb_motifs_read(const char *path)
{
    reader_t r = {.again = 0};
    int got, ok = 0, seen = 0, waiting = 0; /* seen: the first line; waiting: for the matrix of a named motif */
    tfb_motifs_t *s = tfb_motifs_create();
    if (!s) return NULL;
    if (tfb_lines_open(&r.in, path) < 0) goto done;
    while ((got = next_line(&r)) > 0) {
        if (!seen) {
            if (!begins(&r, "MEME version") || atoi(r.in.s.s + 12) < 4) {
                bad(&r, "not a MEME motif file: it must begin with `MEME version 4`");
                goto done;
            }
            seen = 1;
        } else if (begins(&r, "ALPHABET") && !is_dna(r.in.s.s)) {
            bad(&r, "'%.60s': only DNA motifs are read", r.in.s.s);
            goto done;
        } else if (begins(&r, "Background letter frequencies")) {
            if (read_background(&r, s) < 0) goto done;
        } else if (begins(&r, "MOTIF") && isspace((unsigned char)r.in.s.s[5])) {
            if (waiting) {
                bad(&r, "motif %s has no letter-probability matrix", r.id.s);
                goto done;
            }
            if (read_motif_name(&r) < 0) goto done;
            waiting = 1;
        } else if (begins(&r, "letter-probability matrix:")) {
            if (!waiting) {
                bad(&r, "a letter-probability matrix without a MOTIF line before it");
                goto done;
            }
            if (read_matrix(&r, s) < 0) goto done;
            waiting = 0;
        }
    }
    if (got < 0) goto done;
    if (waiting)
        bad(&r, "motif %s has no letter-probability matrix", r.id.s);
    else if (!s->n)
        bad(&r, "%s", r.in.n ? "there are no motifs in this file" : "the file is empty");
    else
        ok = 1;
done:
    tfb_lines_close(&r.in);
    free(r.id.s);
    free(r.name.s);
    free(r.row);
    if (!ok) {
        tfb_motifs_destroy(s);
        s = NULL;
    }
    return s;
}

/* ---- writing ---- */

void tfb_motifs_write(const tfb_motifs_t *s, FILE *f)
{
    fprintf(f,
            "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA %.6g C %.6g G %.6g T "
            "%.6g\n",
            s->bg[0], s->bg[1], s->bg[2], s->bg[3]);
    for (int i = 0; i < s->n; i++) {
        const tfb_motif_t *m = &s->motif[i];
        fprintf(f, "\nMOTIF %s%s%s\nletter-probability matrix: alength= 4 w= %d nsites= %.10g E= 0\n", m->id,
                *m->name ? " " : "", m->name, m->w, m->n_sites);
        for (int k = 0; k < m->w; k++) {
            const float *p = m->p + 4 * k;
            fprintf(f, " %.6f  %.6f  %.6f  %.6f\n", p[0], p[1], p[2], p[3]);
        }
    }
}
