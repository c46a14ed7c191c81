/* test_meme.c - MEME motif files: what is read, what is refused, and that what is written reads the same. */
#include "genome/meme.h"
#include "unit.h"
#include "util/util.h"
#include <math.h>
#include <string.h>

#define HEAD "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"

static const char *file(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "test_meme.%ld", (long)getpid());
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) exit(1);
    return path;
}

/* A text is refused with a message that has part in it. */
static void refuse(const char *what, const char *text, const char *part)
{
    fflush(stderr);
    FILE *err = tmpfile();
    int keep = dup(2);
    char said[4096] = "";
    const char *path = file(text);
    dup2(fileno(err), 2);
    tfb_motifs_t *s = tfb_motifs_read(path);
    fflush(stderr);
    dup2(keep, 2);
    close(keep);
    rewind(err);
    said[fread(said, 1, sizeof said - 1, err)] = 0;
    fclose(err);
    CHECK(!s, "%s is read", what);
    CHECK(strstr(said, part) && strstr(said, path), "%s: '%s' is not said, but '%s'", what, part, said);
    tfb_motifs_destroy(s);
    unlink(path);
}

static void test_good(void)
{
    const char *path = file("MEME version 5.4.1 (Release date: Sat Aug 21)\r\n\nALPHABET= ACGT\nBackground letter "
                            "frequencies (from uniform)\nA 0.3 C 0.2 G 0.2 T 0.3\n\n"
                            "MOTIF MA0001.1 Abc::Def(var.2)\nletter-probability matrix: alength= 4 w= 2 nsites= 41 E= "
                            "0\n 1 0 0 0\n 0.25 0.25 0.25 0.25\nURL http://x\n\n"
                            "MOTIF two\nlog-odds matrix: alength= 4 w= 1 E= 0\n 100 -100 -100 -100\nletter-probability "
                            "matrix:\n0.1\t0.2 0.3 0.39999\n0 0 0 1\n\n");
    tfb_motifs_t *s = tfb_motifs_read(path), *t;
    CHECK(s && s->n == 2, "a good file is read");
    if (!s || s->n != 2) return;
    CHECK(fabsf(s->bg[0] - 0.3f) < 1e-6 && fabsf(s->bg[2] - 0.2f) < 1e-6, "the background is read");
    CHECK(strcmp(s->motif[0].id, "MA0001.1") == 0 && strcmp(s->motif[0].name, "Abc::Def(var.2)") == 0 &&
              s->motif[0].w == 2 && s->motif[0].n_sites == 41,
          "the first");
    CHECK(strcmp(s->motif[1].id, "two") == 0 && !*s->motif[1].name && s->motif[1].w == 2 && s->motif[1].n_sites == 20,
          "the second, without keys");
    CHECK(fabsf(s->motif[1].p[3] - 0.4f) < 1e-5 && s->motif[1].p[7] == 1, "its probabilities sum to 1");
    CHECK(tfb_motifs_find(s, "two") == 1 && tfb_motifs_find(s, "abc::def(VAR.2)") == 0 &&
              tfb_motifs_find(s, "abc") == -1,
          "found by id and by name");
    CHECK(tfb_motif_is_of(&s->motif[0], "abc") && tfb_motif_is_of(&s->motif[0], "DEF") &&
              !tfb_motif_is_of(&s->motif[0], "AB") && !tfb_motif_is_of(&s->motif[0], "") &&
              !tfb_motif_is_of(&s->motif[0], "Abc::Def") && !tfb_motif_is_of(&s->motif[1], "two"),
          "members of a dimer");
    /* bits by hand: log2(1 / 0.25) = 2; an even position has none; against (0.3, 0.2, 0.2, 0.3) an A has log2(1 / 0.3)
     */
    const float even[4] = {.25f, .25f, .25f, .25f};
    float h[8];
    CHECK(fabs(tfb_motif_bits(s->motif[0].p, 2, even, h) - 2) < 1e-6 && h[0] == 2 && h[1] == 0 && h[4] == 0,
          "information");
    CHECK(fabs(tfb_motif_bits(s->motif[0].p, 1, s->bg, NULL) + log2(0.3)) < 1e-6, "information against a background");
    /* written and read again: the same */
    FILE *f = fopen(path, "w");
    tfb_motifs_write(s, f);
    fclose(f);
    CHECK((t = tfb_motifs_read(path)) && t->n == s->n, "what is written is read");
    for (int i = 0; t && i < t->n; i++) {
        tfb_motif_t *a = &s->motif[i], *b = &t->motif[i];
        CHECK(strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && a->w == b->w && a->n_sites == b->n_sites,
              "motif %d", i);
        for (int k = 0; k < 4 * a->w; k++)
            CHECK(fabsf(a->p[k] - b->p[k]) < 2e-6, "motif %d, number %d: %g %g", i, k, a->p[k], b->p[k]);
    }
    tfb_motifs_destroy(t);
    tfb_motifs_destroy(s);
    unlink(path);
}

static void test_refused(void)
{
#define M "letter-probability matrix: alength= 4 w= 2 nsites= 41 E= 0\n"
    refuse("nothing", "", "is empty");
    refuse("a header alone", HEAD, "no motifs");
    refuse("another format", ">seq\nACGT\n", "must begin with `MEME version 4`");
    refuse("an old version", "MEME version 3\n", "must begin with `MEME version 4`");
    refuse("proteins", "MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n", "only DNA");
    refuse("20 letters", HEAD "MOTIF a\nletter-probability matrix: alength= 20 w= 1\n", "alphabet of 20");
    refuse("three numbers", HEAD "MOTIF a\n" M "1 0 0 0\n1 0 0\n", ":10: motif a: position 2 is not four numbers");
    refuse("five numbers", HEAD "MOTIF a\n" M "1 0 0 0 0\n", "position 1 is not four numbers");
    refuse("not a number", HEAD "MOTIF a\n" M "nan 0 0 1\n", "position 1 is not four numbers");
    refuse("counts", HEAD "MOTIF a\n" M "10 0 3 4\n", "sum to 17, not 1");
    refuse("a negative", HEAD "MOTIF a\n" M "-0.5 0.5 0.5 0.5\n", "negative probability");
    refuse("a short matrix", HEAD "MOTIF a\n" M "1 0 0 0\n", "ends after 1 of 2");
    refuse("no matrix", HEAD "MOTIF a\nMOTIF b\n" M "1 0 0 0\n1 0 0 0\n", "a has no letter-probability matrix");
    refuse("no matrix at the end", HEAD "MOTIF a\n", "a has no letter-probability matrix");
    refuse("no motif", HEAD M "1 0 0 0\n1 0 0 0\n", "without a MOTIF line");
    refuse("no rows", HEAD "MOTIF a\nletter-probability matrix:\nURL x\n", "no positions");
    refuse("a huge width", HEAD "MOTIF a\nletter-probability matrix: w= 1e18\n", "not a width");
    refuse("a width of 0", HEAD "MOTIF a\nletter-probability matrix: w= 0\n", "not a width");
    refuse("twice", HEAD "MOTIF a\n" M "1 0 0 0\n1 0 0 0\nMOTIF a\n" M "1 0 0 0\n1 0 0 0\n", "two motifs called a");
    refuse("a background of 3", HEAD "Background letter frequencies\nA 0.5 C 0.5 G 0.5 T 0.5\n", "do not sum to 1");
    refuse("a background of words", HEAD "Background letter frequencies\nA x\n", "not between 0 and 1");
}

int main(void)
{
    test_good();
    test_refused();
    return unit_failed;
}
