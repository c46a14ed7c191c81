/* model.c - `tfbind model`: what is in a model file. */
#include "nn/model.h"
#include "cmd/cmd.h"
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void usage(FILE *f)
{
    fprintf(f, "Show what is in a model file; a file that shows is whole: its sizes, shapes and numbers have been checked.\n"
               "\n"
               "Usage: tfbind model [options] model.safetensors\n"
               "\n"
               "      --check           print nothing but OK\n"
               "      --list            print the names of the targets, one a line, and nothing else\n"
               "      --get KEY         print one entry of the metadata (such as test_metrics) and nothing else\n"
               "      --convert FILE    write the model to FILE (--half: as float16)\n"
               "      --half            with --convert\n"
               "  -h, --help            this text\n");
}

static void describe(const tfb_model_t *m, const char *path)
{
    struct stat st;
    printf("file\t%s\n", path);
    if (stat(path, &st) == 0) printf("bytes\t%lld\n", (long long)st.st_size);
    printf("sha256\t%s\nwindow\t%d\n", m->digest, m->window);
    const char *arch = tfb_net_arch_of(m->net);
    if (arch) printf("arch\t%s\n", arch);
    printf("spec\t%s\nparameters\t%zu\ntargets\t%d", m->net->spec, m->net->n_param, m->n_targets);
    for (int i = 0; i < m->n_targets && i < 8; i++) printf("%s%s", i ? "," : "\t", m->targets[i]);
    printf("%s\n", m->n_targets > 8 ? ",..." : "");
    for (int i = 0; m->meta[i]; i += 2) {
        const char *v = m->meta[i + 1];
        size_t n = strlen(v);
        printf("%s\t", m->meta[i]);
        for (size_t k = 0; k < n && k < (n > 300 ? 100 : 300); k++) putchar(iscntrl((unsigned char)v[k]) ? ' ' : v[k]); /* a row stays a row */
        puts(n > 300 ? "... (--get shows all)" : "");
    }
    printf("\nlayer\tname\tpositions\tchannels\tparameters\n");
    for (int i = 0; i < m->net->n_layers; i++) {
        const tfb_layer_t *l = &m->net->layer[i];
        printf("%s\t%s\t%d\t%d\t%zu\n", l->kind->name, l->n_tensors ? l->name : ".", l->out.L, l->out.C, l->n_param);
    }
}

int tfb_cmd_model(int argc, char **argv)
{
    enum { CHECK = 256, LIST, GET, CONVERT, HALF };
    static const struct option opts[] = {{"check", 0, NULL, CHECK}, {"list", 0, NULL, LIST}, {"get", 1, NULL, GET}, {"convert", 1, NULL, CONVERT},
                                         {"half", 0, NULL, HALF},   {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    int c, check = 0, list = 0, half = 0, ret = 1;
    const char *get = NULL, *convert = NULL;
    while ((c = getopt_long(argc, argv, "h", opts, NULL)) >= 0) switch (c) {
        case CHECK: check = 1; break;
        case LIST: list = 1; break;
        case GET: get = optarg; break;
        case CONVERT: convert = optarg; break;
        case HALF: half = 1; break;
        case 'h': usage(stdout); return 0;
        default: return 1;
        }
    if (argc - optind != 1) {
        if (argc == 1)
            usage(stderr);
        else
            tfb_error("one model file is wanted");
        return 1;
    }
    tfb_model_t *m = tfb_model_load(argv[optind]);
    if (!m) return 1;
    if (check)
        printf("%s\tOK\n", argv[optind]);
    else if (list)
        for (int i = 0; i < m->n_targets; i++) puts(m->targets[i]);
    else if (get) {
        const char *v = tfb_model_meta(m, get);
        if (!v) {
            tfb_error("%s has no '%s' in its metadata", argv[optind], get);
            goto done;
        }
        puts(v);
    } else if (convert) {
        if (tfb_model_save(m, convert, half) < 0) goto done;
    } else
        describe(m, argv[optind]);
    ret = 0;
done:
    tfb_model_destroy(m);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        tfb_error("cannot write to standard output");
        ret = 1;
    }
    return ret;
}
