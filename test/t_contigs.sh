# Contig names of the input and of the FASTA in two styles: the same scores, said once, and never a guess.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
A="$TFBIND annotate -m tiny.safetensors"
strip() { sed 's/^chr//; s/ID=chr/ID=/'; }
$A -v 1 --no-version -f ref.fa in.vcf > want.vcf; strip < want.vcf > want.bare.vcf
sed 's/^>chr/>/' ref.fa > bare.fa; sed 's/^>chr/>CHR/' ref.fa > upper.fa
strip < in.vcf > bare.vcf
$A --no-version -f bare.fa in.vcf > got.vcf 2> err.txt; same 'chr1 in the VCF, 1 in the FASTA' want.vcf got.vcf
[ "$(grep -c 'two styles' err.txt)" = 1 ] && grep -q 'chr1 of the input is taken for 1 of bare.fa' err.txt && echo 'ok it is said once' || echo "not ok it is said once: $(cat err.txt)"
$A -v 1 --no-version -f ref.fa bare.vcf > got.vcf; same '1 in the VCF, chr1 in the FASTA' want.bare.vcf got.vcf
$A -v 1 --no-version -f upper.fa in.vcf > got.vcf; same 'chr1 in the VCF, CHR1 in the FASTA' want.vcf got.vcf
$A --no-version -f ref.fa in.vcf 2>&1 > got.vcf | grep -q 'two styles' && echo 'not ok the same style: nothing is said' || echo 'ok the same style: nothing is said'
host +tfbind in.vcf.gz -- -m tiny.safetensors -v 1 --no-version -f bare.fa > got.vcf; same 'the plugin' want.vcf got.vcf
$A -v 1 --no-version -f bare.fa -r chr1:200-600 in.vcf.gz | grep -v '^#' > got.txt; grep -v '^#' want.vcf | awk '$1 == "chr1" && $2 >= 200 && $2 <= 600' > want.txt
same '-r keeps the names of the VCF' want.txt got.txt
$A -v 1 -f ref.fa --tf all labels.bed > want.txt; $A -v 1 -f bare.fa --tf all labels.bed > got.txt; same 'BED' want.txt got.txt
# the mitochondrion
awk '/^>chr2/ { exit } 1' ref.fa | sed 's/^>.*/>MT/' > mt.fa; sed 's/MT/chrM/' mt.fa > chrm.fa
printf 'chrM\t1000\t1060\n' > chrm.bed; printf 'MT\t1000\t1060\n' > mt.bed; printf 'chr1\t1000\t1060\n' > chr1.bed
score() { $A -v 1 -f $1 --tf SPI1 $2 | tail -n 1 | cut -f 4; }
w=$(score ref.fa chr1.bed)
for pair in 'mt.fa chrm.bed' 'chrm.fa mt.bed' 'mt.fa mt.bed' 'chrm.fa chrm.bed'; do
    [ "$(score $pair)" = "$w" ] && echo "ok chrM and MT: $pair" || echo "not ok chrM and MT: $pair: $(score $pair), not $w"
done
# guesses that would be wrong
{ echo '>chrM'; awk 'NR > 1' ref.fa | grep -v '>' | tr -d '\n' | head -c 16571; echo; } > old.fa
[ "$(score old.fa mt.bed)" = . ] && [ "$(score old.fa chrm.bed)" != . ] && echo "ok hg19's old chrM is not MT" || echo "not ok hg19's old chrM is not MT"
cat chrm.fa > both.fa; sed 's/chrM/M/' chrm.fa >> both.fa
[ "$(score both.fa mt.bed)" = . ] && echo 'ok two that fit: neither is taken' || echo 'not ok two that fit: neither is taken'
awk '/^>/ { print; next } { gsub(/[ACGT]/, "A"); print }' bare.fa > a.fa; cat ref.fa a.fa > mixed.fa
$A -v 1 --no-version -f mixed.fa in.vcf > got.vcf; same 'a FASTA with both styles: the very name is meant' want.vcf got.vcf
