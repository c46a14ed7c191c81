# multiqc.awk - custom content of MultiQC from the tables of --stats: one section of them, a row for each file.
#
#     awk -v section=counts -v plot=table -f multiqc.awk a.stats.tsv b.stats.tsv > tfbind_counts_mqc.tsv
#
# section: counts, not_scored, gain, loss, change, top, sites, ...; plot: table or bargraph. Samples are named
# after the files, without .stats.tsv.
BEGIN { FS = OFS = "\t" }
FNR == 1 {
    sample = FILENAME
    sub(/.*\//, "", sample)
    sub(/\.stats\.tsv$/, "", sample)
    samples[++n_samples] = sample
}
$1 == section {
    if (!($2 in column)) {
        column[$2] = 1
        columns[++n_columns] = $2
    }
    value[sample, $2] = $3
}
END {
    if (!n_columns) exit # MultiQC needs at least one number
    title = section
    gsub(/_/, " ", title)
    printf "# id: 'tfbind_%s'\n# section_name: 'tfbind: %s'\n# plot_type: '%s'\n", section, title, plot
    printf "# pconfig:\n#     id: 'tfbind_%s_%s'\n#     title: 'tfbind: %s'\n", section, plot, title
    printf "Sample"
    for (k = 1; k <= n_columns; k++) printf "\t%s", columns[k]
    print ""
    for (i = 1; i <= n_samples; i++) {
        printf "%s", samples[i]
        for (k = 1; k <= n_columns; k++) printf "\t%d", value[samples[i], columns[k]]
        print ""
    }
}
