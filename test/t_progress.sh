# Progress: messages in the chosen interval with counts, rate, place and time left, a line on a terminal that
# goes away, and nothing with -v 1 or less. --stats: JSON and table with the counts of the summary.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
T=$TFBIND M='-m tiny.safetensors -f ref.fa'
cp "$SRCDIR"/test/data/table.* . && samtools faidx table.fa || exit 1
"$T" annotate -v 0 $M --no-version -o plain.vcf in.vcf || exit 1

# ---- messages ----
line='[0-9]+ %s, [0-9.]+ a second(, [^ ,]+:[0-9]+)?(, [0-9]+ %%, ([0-9]+:)?[0-9]+:[0-9][0-9] left)?'
# tells NAME UNIT COMMAND...: messages of this kind, and the same output as without them
tells() {
    local name=$1 unit=$2 pattern
    shift 2
    pattern="^\[tfbind [a-z]+\] $(printf "$line" "$unit")\$"
    TFBIND_PROGRESS=0 "$@" > out.txt 2> err.txt < /dev/null && grep -qE "$pattern" err.txt
    verdict $? "$name" "$(head -n 1 err.txt)"
    "$@" 2>&1 > /dev/null < /dev/null | grep -qE "$pattern" && echo "not ok $name: within a minute" ||
        echo "ok $name: not within a minute"
}
samtools view -h -b -o few.bam - 2> /dev/null << 'END'
@HD	VN:1.6	SO:coordinate
@SQ	SN:chr1	LN:10000
r1	0	chr1	101	60	20M	*	0	0	ACGTACGTACGTACGTACGT	*
r2	0	chr1	201	60	20M	*	0	0	ACGTACGTACGTACGTACGT	*
END
tells 'annotate, VCF' records "$T" annotate $M --no-version -o o.vcf in.vcf
same 'messages do not change the output' plain.vcf o.vcf
tells 'annotate, VCF.gz' records "$T" annotate $M in.vcf.gz
tells 'annotate, BCF' records "$T" annotate $M in.bcf
tells 'annotate, BED' rows "$T" annotate $M labels.bed.gz
tells 'annotate, BAM' records "$T" annotate $M few.bam
tells 'annotate, a table' rows "$T" annotate -m tiny.safetensors -f table.fa table.gwas-ssf.tsv
tells 'tables' records "$T" tables -f table.fa table.gwas-ssf.tsv
tells 'tables, dbSNP' 'lines of dbSNP' "$T" tables -f table.fa --dbsnp table.dbsnp.vcf table.rsids.txt
tells 'scan' bases "$T" scan $M --tf SPI1 --step 200
tells 'enrich, reading' 'variants read' "$T" enrich $M --permutations 10 in.bcf
tells 'enrich, scoring' 'variants scored' "$T" enrich $M --permutations 10 in.bcf
tells 'enrich, permutations' permutations "$T" enrich $M --permutations 10 in.bcf
tells 'explain, VCF' 'ALT alleles' "$T" explain $M --tf SPI1 in.vcf
tells 'explain, BED' sequences "$T" explain $M --tf SPI1 labels.bed
tells 'evaluate' regions "$T" evaluate --allow-leak $M -l labels.bed.gz
tells 'motifs' 'regions, pass 1' "$T" motifs $M -l labels.bed --use all
tells 'calibrate' SNVs "$T" model --calibrate -f ref.fa -l labels.bed --n 100 -o cal.safetensors tiny.safetensors
TFBIND_PROGRESS=0 "$T" annotate $M -v 1 in.vcf > out.txt 2> err.txt
grep -q 'a second' err.txt
[ $? -eq 1 ]
verdict $? 'no messages with -v 1'
TFBIND_PROGRESS=0 "$T" annotate $M in.vcf.gz 2>&1 > /dev/null | grep -q ' %, '
verdict $? 'a file has a share and a time left'
cat in.vcf | TFBIND_PROGRESS=0 "$T" annotate $M - 2>&1 > /dev/null | grep 'a second' | grep -q ' %, '
[ $? -eq 1 ]
verdict $? 'a pipe has none'

# ---- a terminal ----
if command -v script > /dev/null && script -qec true /dev/null > /dev/null 2>&1 < /dev/null; then
    terminal() { TFBIND_PROGRESS=0 script -qec "$1" /dev/null < /dev/null > screen.txt; }
    terminal "'$T' annotate $M -o o.vcf in.vcf"
    LC_ALL=C grep -q $'\r[0-9]* records, .*\033\[K' screen.txt
    verdict $? 'a line that is rewritten'
    # what stays on the screen: the last text of each line after a return
    tr -d '\n' < screen.txt | sed 's/\r\r*$//' | grep -q $'\r\033\[K\[tfbind annotate\]'
    verdict $? 'the line goes away before a message'
    terminal "'$T' annotate -v 0 $M -o o.vcf in.vcf"
    [ ! -s screen.txt ]
    verdict $? 'silent with -v 0'
    terminal "'$T' annotate $M in.vcf"
    ! LC_ALL=C grep -q $'records, .*\033\[K' screen.txt
    verdict $? 'no line among records on the terminal'
else
    echo 'skip a terminal: no script(1)'
fi

# ---- --stats ----
number() { awk -F'\t' -v s="$2" -v n="$3" '$1 == s && $2 == n { print $3 }' "$1"; }
"$T" model --calibrate -v 0 -f ref.fa --n 300 -l labels.bed -o cal.safetensors tiny.safetensors
C='-m cal.safetensors -f ref.fa'
"$T" annotate $C --stats s.tsv -o o.vcf in.vcf 2> err.txt && head -n 1 s.tsv | grep -qx $'section\tname\tvalue' &&
    grep -q "$(number s.tsv counts records) records, $(number s.tsv counts annotated) annotated" err.txt &&
    grep -q "$(number s.tsv counts alleles_scored) ALT alleles scored" err.txt
verdict $? 'the counts are those of the summary' "$(tail -n 1 err.txt)"
sum=$(awk -F'\t' '$1 == "not_scored" { n += $3 } END { print n + 0 }' s.tsv)
grep -q "scored, $sum not" err.txt
verdict $? 'the reasons add up'
for call in gain loss change; do
    n=$(bcftools query -f '%TFB_CALL\n' o.vcf | tr , '\n' | grep -cx $call)
    [ "$(awk -F'\t' -v c=$call '$1 == c { n += $3 } END { print n + 0 }' s.tsv)" = "$n" ] || break
done
verdict $? "calls by TF ($call)"
[ "$(awk -F'\t' '$1 == "top" { n += $3 } END { print n }' s.tsv)" = "$(number s.tsv counts alleles_scored)" ]
verdict $? 'each scored allele has a TF that changes most'
[ "$(number s.tsv models cal.safetensors)" = "$(sha256sum cal.safetensors | cut -c 1-12)" ] &&
    [ -n "$(number s.tsv run seconds)" ] && [ "$(number s.tsv run version)" = "$("$T" --version | sed -n 's/tfbind //p')" ]
verdict $? 'model, seconds and version'
"$T" annotate -v 0 $C --stats s.json -o o.vcf in.vcf &&
    perl -MJSON::PP -e 'local $/; my $d = decode_json(<STDIN>); my %t;
        open my $f, "<", "s.tsv"; $_ = <$f>; for (split /\n/) { my ($s, $n, $v) = split /\t/; $t{$s}{$n} = $v }
        delete $t{section};
        delete $_->{run}{seconds} for $d, \%t;
        for my $s (keys %t) { for my $n (keys %{$t{$s}}) { $d->{$s}{$n} eq $t{$s}{$n} or die "$s $n" } }
        keys %t == keys %$d or die "sections"' < s.json 2> err.txt
verdict $? 'JSON has the same' "$(head -n 1 err.txt)"
host +tfbind in.vcf -- $C -v 0 --stats p.tsv > /dev/null && grep -v seconds p.tsv > got.txt &&
    grep -v 'seconds' s.tsv | sed 's/\tin\.vcf$/\tin.vcf/' > want.txt
same 'the plugin' want.txt got.txt
"$T" annotate -v 0 $C --stats b.tsv -o o.bed labels.bed && [ "$(number b.tsv counts rows)" = "$(grep -vc '^#' labels.bed)" ] &&
    grep -q '^sites' b.tsv
verdict $? 'BED'
"$T" annotate -v 0 $C --stats b.tsv -o o.bam few.bam && [ "$(number b.tsv counts records)" = 2 ]
verdict $? 'BAM'
"$T" scan -v 0 $C --tf SPI1 --stats b.tsv -o o.txt && [ "$(number b.tsv counts windows_scored)" -gt 0 ]
verdict $? 'scan'
"$T" enrich -v 0 $C --permutations 10 --stats b.tsv -o o.txt in.bcf &&
    [ "$(number b.tsv counts hits)" = "$(awk 'NR == 2 { print $2 }' o.txt)" ] && [ -n "$(number b.tsv auc SPI1)" ]
verdict $? 'enrich'
"$T" tables -v 0 -f table.fa --stats b.tsv -o o.vcf table.gwas-ssf.tsv && [ "$(number b.tsv table rows)" = 15 ] &&
    [ "$(number b.tsv run format)" = gwas-ssf ] && [ "$(awk -F'\t' '$1 == "table_left_out" { n += $3 } END { print n }' b.tsv)" = 4 ]
verdict $? 'tables'
"$T" annotate -v 0 -m tiny.safetensors -f table.fa --stats b.tsv -o o.vcf table.gwas-ssf.tsv &&
    [ "$(number b.tsv table records)" = "$(number b.tsv counts records)" ]
verdict $? 'annotate of a table'
fails 'an input is not overwritten' 'choose another output file' "$T" annotate $M --stats in.vcf -o o.vcf in.vcf
for c in "annotate $M in.vcf" "annotate $M labels.bed" "annotate $M few.bam" "scan $M --tf SPI1" "enrich $M in.bcf" \
    'tables -f table.fa table.snp'; do
    fails "nor the output, ${c%% *}" 'two outputs cannot both be written to o.x' "$T" $c --stats o.x -o o.x
done
fails 'a folder that is not there' 'cannot write none/s.json' "$T" annotate $M --stats none/s.json -o o.vcf in.vcf

# ---- MultiQC ----
cp s.tsv a.stats.tsv
cp s.tsv b.stats.tsv
awk -v section=counts -v plot=table -f "$SRCDIR/doc/multiqc.awk" a.stats.tsv b.stats.tsv > c_mqc.tsv
[ "$(grep -v '^#' c_mqc.tsv | cut -f 1 | tr '\n' ' ')" = 'Sample a b ' ] &&
    [ "$(grep '^a' c_mqc.tsv | cut -f 2)" = "$(number s.tsv counts records)" ]
verdict $? 'custom content of MultiQC'
if command -v multiqc > /dev/null && [ -z "$SANITIZED" ]; then
    multiqc -q -o mqc . > mqc.txt 2>&1 && grep -q 'tfbind: counts' mqc/multiqc_report.html
    verdict $? 'MultiQC renders it' "$(tail -n 1 mqc.txt)"
fi
