/* tables.c - writes the records of a table of variants. */
#include "config.h"
#include "annotate/tables.h"
#include "annotate/vcf_write.h"
#include "genome/lines.h"
#include "score/runstats.h"
#include "util/progress.h"
#include "util/util.h"
#include <stdlib.h>
#include <string.h>

/* Adds the lines that tell how the file was made. Returns 0, or -1. */
static int add_version(bcf_hdr_t *hdr, const tfb_vcf_opt_t *o)
{
    size_t m = strlen(o->command) + strlen(PACKAGE_VERSION) + 64;
    char *line = malloc(m);
    if (!line) return -1;
    snprintf(line, m, "##tfbind_tablesVersion=%s", PACKAGE_VERSION);
    int ret = bcf_hdr_append(hdr, line);
    snprintf(line, m, "##tfbind_tablesCommand=%s", o->command);
    if (ret == 0) ret = bcf_hdr_append(hdr, line);
    free(line);
    return ret == 0 ? bcf_hdr_sync(hdr) : -1;
}

/* Writes all records. pool: NULL, or threads to compress with. Returns 0, or -1 (logged). */
static int write_records(tfb_assoc_t *a, const tfb_vcf_opt_t *o, tfb_vcf_write_t *w, htsThreadPool *pool)
{
    bcf_hdr_t *hdr = tfb_assoc_header(a);
    bcf1_t *rec = bcf_init();
    int64_t n = 0;
    int got = -1;
    tfb_progress_begin("records", o->out);
    if (!rec || (!o->no_version && add_version(hdr, o) < 0))
        tfb_error("not enough memory for the header of %s", o->out);
    else if (tfb_vcf_write_open(w, o, hdr, pool) == 0)
        while ((got = tfb_assoc_next(a, rec)) > 0) {
            n++;
            if (tfb_progress_due()) tfb_progress(n, tfb_assoc_fraction(a), bcf_seqname_safe(hdr, rec), rec->pos);
            if (tfb_vcf_write_record(w, hdr, rec, o->in) < 0) {
                got = -1;
                break;
            }
        }
    tfb_progress_end();
    bcf_destroy(rec);
    return got;
}

int tfb_tables_convert(const tfb_vcf_opt_t *o)
{
    tfb_vcf_write_t w = {.o = o};
    tfb_assoc_t *a = NULL;
    tfb_runstats_t stats = {.path = NULL};
    tfb_fasta_reads(o->session.fasta);
    tfb_reads(o->in, "the input");
    if (tfb_runstats_begin(&stats, o->session.stats, NULL) < 0 || tfb_run_claim(o->out) < 0) return -1;
    tfb_fasta_t *fasta = tfb_fasta_open(o->session.fasta);
    htsThreadPool pool = {0};
    int others = o->session.threads - 1, ok = fasta && (a = tfb_assoc_open(o->table, o->in, fasta));
    if (ok && others && !(pool.pool = hts_tpool_init(others))) {
        tfb_error("cannot start %d threads", others);
        ok = 0;
    }
    ok = ok && write_records(a, o, &w, pool.pool ? &pool : NULL) == 0;
    int ret = tfb_vcf_write_close(&w, ok);
    if (ret == 0 && stats.path) {
        tfb_assoc_tally(a, &stats.tally);
        ret = tfb_runstats_write(&stats, "tables", tfb_input_name(o->in), &o->session);
    }
    tfb_runstats_free(&stats);
    if (pool.pool) hts_tpool_destroy(pool.pool);
    tfb_assoc_close(a);
    tfb_fasta_close(fasta);
    return ret;
}
