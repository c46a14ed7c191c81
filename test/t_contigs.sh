# Contig names of the input and of the FASTA in two styles: the same scores, said once, and never a
# guess.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
A="$TFBIND annotate -m tiny.safetensors"
strip() { sed 's/^chr//; s/ID=chr/ID=/'; }
$A -v 1 --no-version -f ref.fa in.vcf > want.vcf; strip < want.vcf > want.bare.vcf
sed 's/^>chr/>/' ref.fa > bare.fa; sed 's/^>chr/>CHR/' ref.fa > upper.fa
strip < in.vcf > bare.vcf
$A --no-version -f bare.fa in.vcf > got.vcf 2> err.txt; same 'chr1 in the VCF, 1 in the FASTA' want.vcf got.vcf
[ "$(grep -c 'two styles' err.txt)" = 1 ] && grep -q "taking chr1 of the input for 1 of bare.fa" err.txt
verdict $? 'it is said once' "$(cat err.txt)"
$A -v 1 --no-version -f ref.fa bare.vcf > got.vcf; same '1 in the VCF, chr1 in the FASTA' want.bare.vcf got.vcf
$A -v 1 --no-version -f upper.fa in.vcf > got.vcf; same 'chr1 in the VCF, CHR1 in the FASTA' want.vcf got.vcf
$A --no-version -f ref.fa in.vcf 2>&1 > got.vcf | grep -q 'two styles' &&
    echo 'not ok the same style: nothing is said' ||
    echo 'ok the same style: nothing is said'
host +tfbind in.vcf.gz -- -m tiny.safetensors -v 1 --no-version -f bare.fa > got.vcf
same 'the plugin' want.vcf got.vcf
$A -v 1 --no-version -f bare.fa -r chr1:200-600 in.vcf.gz | grep -v '^#' > got.txt
grep -v '^#' want.vcf | awk '$1 == "chr1" && $2 >= 200 && $2 <= 600' > want.txt
same '-r keeps the names of the VCF' want.txt got.txt
$A -v 1 -f ref.fa --tf all labels.bed > want.txt
$A -v 1 -f bare.fa --tf all labels.bed > got.txt
same 'BED' want.txt got.txt
# the mitochondrion
awk '/^>chr2/ { exit } 1' ref.fa | sed 's/^>.*/>MT/' > mt.fa; sed 's/MT/chrM/' mt.fa > chrm.fa
printf 'chrM\t1000\t1060\n' > chrm.bed; printf 'MT\t1000\t1060\n' > mt.bed; printf 'chr1\t1000\t1060\n' > chr1.bed
score() { $A -v 1 -f $1 --tf SPI1 $2 | tail -n 1 | cut -f 4; }
w=$(score ref.fa chr1.bed)
for pair in 'mt.fa chrm.bed' 'chrm.fa mt.bed' 'mt.fa mt.bed' 'chrm.fa chrm.bed'; do
    [ "$(score $pair)" = "$w" ]
    verdict $? "chrM and MT: $pair" "$(score $pair), not $w"
done
# guesses that would be wrong
{ echo '>chrM'; awk 'NR > 1' ref.fa | grep -v '>' | tr -d '\n' | head -c 16571; echo; } > old.fa
[ "$(score old.fa mt.bed)" = . ] && [ "$(score old.fa chrm.bed)" != . ]
verdict $? "hg19's old chrM is not MT"
cat chrm.fa > both.fa; sed 's/chrM/M/' chrm.fa >> both.fa
ok_if 'two that fit: neither is taken' [ "$(score both.fa mt.bed)" = . ]
awk '/^>/ { print; next } { gsub(/[ACGT]/, "A"); print }' bare.fa > a.fa; cat ref.fa a.fa > mixed.fa
$A -v 1 --no-version -f mixed.fa in.vcf > got.vcf
same 'a FASTA with both styles: the very name is meant' want.vcf got.vcf
# regions of scan and enrich
S="$TFBIND scan -m tiny.safetensors --tf SPI1 --step 50"
for r in chr1:1001-2000 '{chr1}:1001-2000' chr2:7-500,chr1:1-300 chr1; do
    $S -v 1 -f ref.fa -r "$r" | strip > want.txt
    $S -f bare.fa -r "$r" > got.txt 2> err.txt
    same "scan -r $r" want.txt got.txt
    grep -q 'taking chr[12] of the input for [12] of bare.fa' err.txt || echo "not ok scan -r $r: it is said"
done
fails 'scan: a contig in no style' 'no region chr3:1-50 in bare.fa' $S -f bare.fa -r chr3:1-50
fails 'scan: no region' 'no region chr1:x in bare.fa' $S -f bare.fa -r chr1:x
printf 'chr1\t1000\t2000\n' > r.bed
$S -v 1 -f ref.fa -R r.bed | strip > want.txt
$S -f bare.fa -R r.bed > got.txt 2> err.txt
same 'scan -R' want.txt got.txt
grep -q 'taking chr1 of r.bed for 1 of bare.fa' err.txt || echo 'not ok scan -R: it is said'
# a file that names a contig in both styles
for f in vcf bed; do
    if [ $f = vcf ]; then {
        grep '^##' in.vcf
        sed -n 's/^\(##contig=<ID=\)chr/\1/p' in.vcf
        records < in.vcf
        records < bare.vcf | grep -v '^#'
    } > two.vcf; else {
        cat r.bed
        strip < r.bed
    } > two.bed; fi
    for fa in ref.fa bare.fa; do
        rm -f out.*
        $A -f $fa -o out.$f two.$f 2> err.txt
        [ $? -eq 1 ] &&
            grep -q 'the input names both chr1 and 1, which would both be \(chr\)\?1 of' err.txt &&
            [ ! -e out.$f ]
        verdict $? "both styles in one $f, $fa: an error" "$(tail -n 1 err.txt)"
    done
done
E="$TFBIND enrich -m tiny.safetensors -v 1 --permutations 50"
grep -v 'POS=0' in.vcf | bcftools view --no-version -i 'POS<800' > hits.vcf
bcftools view --no-version in.vcf > back.vcf
strip < back.vcf > back.bare.vcf
printf 'chr1\t0\t10000\nchr2\t0\t10000\n' > open.bed
strip < open.bed > open.bare.bed
$E -f ref.fa --background back.vcf hits.vcf > want.txt
$E -f ref.fa --background back.bare.vcf hits.vcf > got.txt
same 'enrich: hits in the background are found in another style' want.txt got.txt
$E -f ref.fa -R open.bed --background back.vcf hits.vcf > want.txt
$E -f bare.fa -R open.bare.bed --background back.vcf hits.vcf > got.txt
same 'enrich -R' want.txt got.txt
