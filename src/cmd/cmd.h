/* cmd.h - the subcommands, and what they share in reading their options. */
#ifndef TFB_CMD_H
#define TFB_CMD_H

#include <stdio.h>

typedef struct {
    const char *group; /* heading in the help; NULL ends the table */
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
    const char *what;                  /* one line of help */
} tfb_command_t;

extern const tfb_command_t tfb_commands[];

int tfb_cmd_annotate(int argc, char **argv);
int tfb_cmd_distill(int argc, char **argv);
int tfb_cmd_enrich(int argc, char **argv);
int tfb_cmd_evaluate(int argc, char **argv);
int tfb_cmd_explain(int argc, char **argv);
int tfb_cmd_finetune(int argc, char **argv);
int tfb_cmd_labels(int argc, char **argv);
int tfb_cmd_learn(int argc, char **argv);
int tfb_cmd_model(int argc, char **argv);
int tfb_cmd_motifs(int argc, char **argv);
int tfb_cmd_pretrain(int argc, char **argv);
int tfb_cmd_relate(int argc, char **argv);
int tfb_cmd_scan(int argc, char **argv);
int tfb_cmd_report(int argc, char **argv);

/* The annotate command as the plugin runs it: another name in messages and headers, host's filters. Returns the exit
 * status. */
int tfb_cmd_annotate_as(int argc, char **argv, const char *tool, const char *prefix, int fail_status);

/* Ends a command whose errno was 0 when it began. Reports lack of memory if nothing else was logged, and
 * standard output that cannot be written. Returns status, or fail_status if only that failed. */
int tfb_cmd_end(int status, int fail_status);
/* getopt_long, except that an option which is unknown, ambiguous, without its value or with one too many
 * is logged as other errors are, with a hint. Returns '?' for those. letters: without a colon in front; a
 * `+` may be. */
struct option;
int tfb_cmd_getopt(int argc, char **argv, const char *letters, const struct option *opts);
/* Names from "a,b,c" or, from "@FILE", one a line; NULL-terminated, release with tfb_strv_free. NULL on failure
 * (logged). */
char **tfb_cmd_list(const char *s, int *n);
/* Parses a whole or a decimal number within [lo, hi]. Returns 0, or 1 (logged with the option's name) and
 * leaves *v as it is. */
int tfb_cmd_int(const char *option, const char *s, long lo, long hi, long *v);
int tfb_cmd_double(const char *option, const char *s, double lo, double hi, double *v);
/* Reads the targets' weights from a table of TF, tab, weight (# comments). Targets that it leaves out get
 * 1; names that are no targets are skipped, so that one table serves many runs. Returns (n_targets),
 * release with free(); NULL (logged) on failure, or if a target has two weights or none has one. */
float *tfb_cmd_weights(const char *path, char *const *targets, int n_targets);
/* Takes the value of -@, in which 0 means 1, or of -v, which is applied: 0, or 1 (logged). */
int tfb_cmd_threads(const char *s, int *threads);
int tfb_cmd_verbosity(const char *s);
/* Applies the value of --precision: 0, or 1 (logged). */
int tfb_cmd_precision(const char *s);
/* After the options: without any the usage, on standard error; else an error for an argument too many or for the first
 * option that is not there. need: values, and what to call those that are NULL; ends with a name of NULL. in: what gets
 * the one argument that a command takes, a `what` (set before: where there is none); NULL: it takes none. Whether there
 * was something. */
int tfb_cmd_incomplete(const char *command, int argc, char **argv, void (*usage)(FILE *to),
                       const char *const (*need)[2], const char **in, const char *what);
/* Processors this process may use. */
int tfb_cmd_processors(void);

#endif
