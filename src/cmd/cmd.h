/* cmd.h - the subcommands, and the parsing of options that they share. */
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
int tfb_cmd_tables(int argc, char **argv);

/* Prints what may complete an unfinished command line. In no table: users do not type it. */
int tfb_cmd_complete(const tfb_command_t *commands, int argc, char **argv);

/* The annotate command as the plugin runs it: another name in messages and headers, and the host's filters. Returns the
 * exit status. */
int tfb_cmd_annotate_as(int argc, char **argv, const char *tool, const char *prefix, int fail_status);

/* Returns the command line for a header, beginning with "tfbind" or, for another tool, "plugin"; to be freed. NULL if
 * memory runs out. */
char *tfb_cmd_line(int argc, char **argv, const char *tool);
/* Ends a command that began with errno 0. Flushes standard output and reports a failure to write it; reports ENOMEM if
 * nothing else was logged. Returns status, or fail_status if only the flush failed. */
int tfb_cmd_end(int status, int fail_status);
/* Like getopt_long, but logs unknown and ambiguous options, missing values and unexpected values with a hint, and
 * returns '?' for them. letters: without a leading colon; a leading `+` is allowed. */
struct option;
int tfb_cmd_getopt(int argc, char **argv, const char *letters, const struct option *opts);
/* Returns the names in "a,b,c", or in the file of "@FILE" with one name per line. NULL-terminated; free with
 * tfb_strv_free. NULL on failure (logged). */
char **tfb_cmd_list(const char *s, int *n);
/* Returns that list as "a,b,c", which lives until tfb_cmd_end. NULL on failure (logged). */
const char *tfb_cmd_joined(const char *s);
/* Parse a whole or a decimal number in [lo, hi]. Return 0, or 1 (logged with the option's name) without changing *v. */
int tfb_cmd_int(const char *option, const char *s, long lo, long hi, long *v);
int tfb_cmd_double(const char *option, const char *s, double lo, double hi, double *v);
/* Reads weights of targets from a table of TF, tab, weight (# comments). Targets not in it get 1. Other names are
 * skipped, so one table serves many runs. Returns (n_targets) weights, to be freed. NULL on failure, if a target has
 * two weights, or if no target has one (logged). */
float *tfb_cmd_weights(const char *path, char *const *targets, int n_targets);
enum { TFB_MAX_THREADS = 1024 };

/* Parses the value of -@, in which 0 means tfb_cmd_processors(). 0, or 1 (logged). */
int tfb_cmd_threads(const char *s, int *threads);
/* Applies the value of -v. 0, or 1 (logged). */
int tfb_cmd_verbosity(const char *s);
/* Applies the value of --precision. 0, or 1 (logged). */
int tfb_cmd_precision(const char *s);
/* Checks the command line after the options are parsed. Prints the usage to standard error if there are no arguments at
 * all; else logs an error for an unexpected argument or the first missing option. need: pairs of value and option name,
 * ending with a NULL name; a NULL value is a missing option. in: receives the one argument of the command, called
 * `what` in messages; if the argument is optional, set *in to the default before. NULL: the command takes no argument.
 * Returns 1 if it printed or logged anything, else 0. */
int tfb_cmd_incomplete(const char *command, int argc, char **argv, void (*usage)(FILE *to),
                       const char *const (*need)[2], const char **in, const char *what);
/* Returns the number of processors that this process may use. */
int tfb_cmd_processors(void);

#endif
