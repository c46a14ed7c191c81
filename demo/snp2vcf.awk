# snp2vcf.awk - HISAT2's list of dbSNP variants -> VCF.   awk -f snp2vcf.awk contig=NAME genome.fa variants.snp
#
# In: FASTA of one contig; then lines `id type contig position0 value`: single (value = ALT base),
# deletion (value = bases deleted), insertion (value = bases inserted before position0). Out: VCF,
# indels anchored on the preceding base, in the order of the list.
FNR == 1 { file++ }
file == 1 { if (!/^>/) seq = seq $0; next }
!header {
    header = 1
    print "##fileformat=VCFv4.2"
    print "##source=HISAT2_example_22_20-21M.snp_dbSNP"
    print "##contig=<ID=" contig ",length=" length(seq) ">"
    vt = "Variant type in the source .snp file: single, deletion or insertion"
    print "##INFO=<ID=VT,Number=1,Type=String,Description=\"" vt "\">"
    print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
}
{
    if ($2 == "single") { pos = $4 + 1; ref = substr(seq, pos, 1); alt = $5 }
    else if ($2 == "deletion") { pos = $4; ref = substr(seq, pos, 1 + $5); alt = substr(seq, pos, 1) }
    else if ($2 == "insertion") { pos = $4; ref = substr(seq, pos, 1); alt = ref $5 }
    else { print "line " FNR ": unknown type " $2 > "/dev/stderr"; exit 1 }
    print contig "\t" pos "\t" $1 "\t" ref "\t" alt "\t.\t.\tVT=" $2
}
