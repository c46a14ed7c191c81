# big-table.awk - a table in GWAS-SSF with a transition at each base of a FASTA, every second one with
# REF as the effect allele: awk -f big-table.awk ref.fa > big.tsv
BEGIN {
    srand(1)
    OFS = "\t"
    print "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
        "effect_allele_frequency", "p_value", "rsid"
}
/^>/ { contig = substr($1, 2); pos = 0; next }
{
    for (i = 1; i <= length($0); i++) {
        pos++
        ref = toupper(substr($0, i, 1))
        k = index("ACGT", ref)
        if (!k) continue
        alt = substr("GTAC", k, 1)
        turn = pos % 2
        print contig, pos, turn ? ref : alt, turn ? alt : ref, rand() - 0.5, 0.1, rand(), rand(), "rs" pos
    }
}
