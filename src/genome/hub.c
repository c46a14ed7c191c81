/* hub.c - writes a track hub, with all its settings in one file, and an IGV session. */
#include "genome/hub.h"
#include "util/util.h"
#include "util/xml.h"
#include <ctype.h>
#include <string.h>

enum { SHOWN = 10 }; /* tracks that a browser shows at first, if there are more */

/* Returns the length of a path's folder, with its slash. */
static size_t folder_of(const char *path) { return (size_t)(tfb_base_name(path) - path); }

static int same_folder(const char *a, const char *b)
{
    size_t n = folder_of(a);
    return n == folder_of(b) && strncmp(a, b, n) == 0;
}

/* Checks one of the files against the bigWigs. Returns 0, or -1 (logged). */
static int check_file(const tfb_hub_t *h, const char *option, const char *file)
{
    if (!file) return 0;
    if (tfb_run_claim(file) < 0) return -1;
    for (int t = 0; t < h->n; t++) {
        if (strcmp(file, h->path[t]) == 0) {
            tfb_error("%s %s is the name of a track: give it another name", option, file);
            return -1;
        }
        if (same_folder(file, h->path[t])) continue;
        tfb_error("%s %s is not in the folder of %s: the file names tracks relative to its own folder", option, file,
                  h->path[t]);
        return -1;
    }
    return 0;
}

int tfb_hub_check(const tfb_hub_t *h)
{
    return check_file(h, "--hub", h->hub) < 0 || check_file(h, "--igv", h->igv) < 0 ? -1 : 0;
}

/* Writes a setting on one line, of one text or two. */
static void put_line(FILE *f, const char *what, const char *text, const char *more)
{
    fprintf(f, "%s ", what);
    for (; *text; text++) fputc(iscntrl((unsigned char)*text) ? ' ' : *text, f);
    fprintf(f, "%s\n", more);
}

/* Writes a name relative to the hub, percent-encoded as a part of an address. */
static void put_url(FILE *f, const char *name)
{
    for (; *name; name++)
        if (isalnum((unsigned char)*name) || strchr("-._~", *name))
            fputc(*name, f);
        else
            fprintf(f, "%%%02X", (unsigned char)*name);
}

static void put_hub(FILE *f, const tfb_hub_t *h)
{
    const char *limits = h->from_0_to_1 ? "viewLimits 0:1\nautoScale off\n" : "autoScale on\n";
    fputs("hub tfbind\nshortLabel tfbind\n", f);
    put_line(f, "longLabel", h->about, "");
    fputs("useOneFile on\nemail none\n\n", f);
    put_line(f, "genome", h->genome, "");
    fputs("\ntrack tfbind\ncompositeTrack on\nshortLabel TF binding\n", f);
    put_line(f, "longLabel", h->about, "");
    fprintf(f, "type bigWig\nvisibility full\n%smaxHeightPixels 100:40:16\ncolor 31,95,196\n", limits);
    for (int t = 0; t < h->n; t++) {
        fprintf(f, "\n    track tfbind_%d\n    parent tfbind %s\n    bigDataUrl ", t + 1, t < SHOWN ? "on" : "off");
        put_url(f, tfb_base_name(h->path[t]));
        fputc('\n', f);
        put_line(f, "    shortLabel", h->tf[t], "");
        put_line(f, "    longLabel", h->tf[t], ": predicted binding");
        fputs("    type bigWig\n", f);
    }
}

static void put_igv(FILE *f, const tfb_hub_t *h)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<Session genome=\"", f);
    tfb_xml_put(f, h->genome);
    fputs("\" version=\"8\">\n    <Resources>\n", f);
    for (int t = 0; t < h->n; t++) {
        fputs("        <Resource path=\"", f);
        tfb_xml_put(f, tfb_base_name(h->path[t]));
        fputs("\" type=\"bw\"/>\n", f);
    }
    fputs("    </Resources>\n    <Panel name=\"DataPanel\">\n", f);
    for (int t = 0; t < h->n; t++) {
        fputs("        <Track id=\"", f);
        tfb_xml_put(f, tfb_base_name(h->path[t]));
        fputs("\" name=\"", f);
        tfb_xml_put(f, h->tf[t]);
        fprintf(f,
                "\" color=\"31,95,196\" renderer=\"BAR_CHART\" autoScale=\"%s\" windowFunction=\"mean\" "
                "visible=\"true\">\n",
                h->from_0_to_1 ? "false" : "true");
        if (h->from_0_to_1)
            fputs("            <DataRange baseline=\"0.0\" minimum=\"0.0\" maximum=\"1.0\" type=\"LINEAR\"/>\n", f);
        fputs("        </Track>\n", f);
    }
    fputs("    </Panel>\n</Session>\n", f);
}

/* Writes a file completely, beside its place. Returns 0, or -1 (logged). */
static int write_file(const char *path, void (*put)(FILE *, const tfb_hub_t *), const tfb_hub_t *h, tfb_out_t **out)
{
    FILE *f = path ? tfb_out_open(path, out) : NULL;
    if (!path) return 0;
    if (!f) return -1;
    put(f, h);
    return tfb_out_finish(f, *out);
}

int tfb_hub_write(tfb_hub_t *h)
{
    return write_file(h->hub, put_hub, h, &h->out[0]) < 0 || write_file(h->igv, put_igv, h, &h->out[1]) < 0 ? -1 : 0;
}

int tfb_hub_end(tfb_hub_t *h, int keep)
{
    int ret = keep ? 0 : -1;
    for (int i = 0; i < 2; i++) {
        if (h->out[i] && tfb_out_end(h->out[i], ret == 0) < 0) ret = -1;
        h->out[i] = NULL;
    }
    return ret;
}
