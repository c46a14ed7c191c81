# Every number of the tags, and every reason for their absence, against a second implementation that
# shares nothing with tfbind: test/oracle.pl writes a linear model and works out from
# test/data/tiny.fa and tiny.vcf what each record must get.
. "$SRCDIR/test/lib.sh"
cp "$SRCDIR"/test/data/tiny.fa "$SRCDIR"/test/data/tiny.vcf . &&
    bcftools view -Oz -o tiny.vcf.gz tiny.vcf &&
    bcftools view -Ob -o tiny.bcf tiny.vcf ||
    exit 1
oracle="$SRCDIR/test/oracle.pl"
tfs=CTCF,NKX2-5,RXRA::VDR
head='%CHROM\t%POS\t%REF\t%ALT'
per_tf=$head
for t in CTCF NKX2_5 RXRA__VDR; do per_tf="$per_tf\t%TFB_$t\t%TFB_${t}_DELTA\t%TFB_${t}_LOR"; done

# near NAME: want.txt and got.txt hold the same columns and lists, and numbers that agree to 2e-5
near() {
    paste want.txt got.txt | awk -F'\t' -v name="$1" '
        function fail(why) { if (!bad) bad = why " in " $1 ":" $2 }
        { if (NF % 2) fail("columns differ")
          for (i = 1; i <= NF / 2; i++) {
              n = split($i, a, ","); m = split($(i + NF / 2), b, ",")
              if (n != m) fail("lists differ")
              for (k = 1; k <= n; k++) if (a[k] != b[k]) {
                  d = a[k] - b[k]
                  if (a[k] !~ /^-?[0-9]/ || b[k] !~ /^-?[0-9]/ || d > 2e-5 || d < -2e-5) fail(b[k] " for " a[k])
              } } }
        END { if (NR == 0) bad = "no records"; print bad ? "not ok " name ": " bad : "ok " name }'
}

for W in 20 9 21; do
    perl "$oracle" model $W $tfs > m$W.safetensors
    for strand in both fwd rev; do
        for n in 0 3; do
            perl "$oracle" tf $W $tfs $n $strand tiny.fa tiny.vcf > want.txt
            "$TFBIND" annotate -v 1 -m m$W.safetensors -f tiny.fa --tf all --max-n $n --strand $strand tiny.vcf.gz |
                bcftools query -f "$per_tf\n" > got.txt
            near "window $W, strand $strand, --max-n $n: probabilities, deltas and log-odds ratios of all TFs"
        done
    done
done
# (not with an odd window: there C>G in the very middle changes nothing in a linear model of both
# strands, and no TF is the first)
perl "$oracle" top 20 $tfs 3 both tiny.fa tiny.vcf > want.txt
for f in tiny.vcf tiny.vcf.gz tiny.bcf; do
    host +tfbind $f -- -v 1 -m m20.safetensors -f tiny.fa --max-n 3 |
        bcftools query -f "$head\t%TFB_TOP\t%TFB_REF\t%TFB_ALT\t%TFB_DELTA\t%TFB_LOR\n" > got.txt
    near "$f in the plugin: the summary"
done

perl "$oracle" reasons 20 $tfs 3 both tiny.fa tiny.vcf > want.txt
"$TFBIND" annotate -m m20.safetensors -f tiny.fa --max-n 3 tiny.vcf 2> summary.txt > all.vcf
while read -r reason n; do
    case $reason in
        scored) text="; $n ALT alleles scored" ;;
        none) text=", $n without ALT" ;;
        symbolic) text=" $n symbolic" ;;
        star) text=" $n \* (deleted" ;;
        breakend) text=" $n breakend" ;;
        letters) text=" $n with letters other than" ;;
        contig) text=" $n on a contig not in the FASTA (such as c4)" ;;
        edge) text=" $n too near a contig end" ;;
        n) text=" $n with too many N" ;;
        *) text="?" ;;
    esac
    grep -q -- "$text" summary.txt
    verdict $? "counted: $n $reason" "$(cat summary.txt)"
done < want.txt

# what is not ours stays as it was, genotypes and all
bcftools annotate --no-version -x "$(sed -n 's/^##INFO=<ID=\(TFB_[A-Z]*\),.*/INFO\/\1/p' all.vcf |
    paste -sd,)" all.vcf |
    grep -v '^##' > stripped.txt
grep -v '^##' tiny.vcf > input.txt
same 'nothing but the tags changes' input.txt stripped.txt
