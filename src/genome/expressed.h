/* expressed.h - which genes a cell expresses, from a table of expression.
 *
 * The table is tab-separated, plain or gzip, and recognised by its header:
 *     GCT (GTEx): #1.2, sizes, then Name, Description (the symbol) and a column for each tissue
 *     any table with a column of symbols (tf, gene, symbol, gene_symbol, gene_name, ...) and one called TPM
 *     RSEM (ENCODE): gene_id and TPM, without symbols: a table of gene_id and symbol is needed, too
 *     without a header: symbol and TPM
 * If several rows have one symbol, their TPM are added. Symbols are compared as they are: aliases are not guessed. */
#ifndef TFB_EXPRESSED_H
#define TFB_EXPRESSED_H

typedef struct {
    const char *path;   /* NULL: none; every gene counts as expressed */
    const char *tissue; /* name of the column with TPM; NULL: the one called TPM, or the only one */
    const char *genes;  /* table of gene_id and symbol; NULL: the table has symbols */
    double min_tpm;
    int has_min; /* 0: min_tpm is 1 */
} tfb_expressed_opt_t;

typedef struct tfb_expressed_t tfb_expressed_t;

/* Reads a table. Returns NULL on failure (logged with file and line). */
tfb_expressed_t *tfb_expressed_load(const tfb_expressed_opt_t *o);
void tfb_expressed_destroy(tfb_expressed_t *e);
/* Returns 1 if the symbol has at least the least TPM, 0 if it has less, -1 if the table does not have it. */
int tfb_expressed_has(const tfb_expressed_t *e, const char *symbol);
/* Checks that no other option is given without a table. Returns 0, or -1 (logged). */
int tfb_expressed_check(const tfb_expressed_opt_t *o);
/* Returns the least TPM of what counts as expressed. */
double tfb_expressed_min(const tfb_expressed_opt_t *o);

#endif
