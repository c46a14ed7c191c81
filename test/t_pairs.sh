# Annotating twice: every pair of option sets, with freed memory overwritten (MALLOC_PERTURB_) so
# that reading it cannot go unnoticed; tags that would collide.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
$TFBIND model --calibrate -f ref.fa -l labels.bed.gz --n 1000 --precision 0.5 -o cal.safetensors \
    tiny.safetensors > /dev/null 2>&1 ||
    echo 'not ok --calibrate'
export MALLOC_PERTURB_=255
perl "$SRCDIR/test/pairs.pl" "$TFBIND" ref.fa in.vcf 2> pairs.err
grep 'Sanitizer\|runtime error' pairs.err | head -n 3 | sed 's/^/not ok sanitizer: /'

# as BCF, whose records carry numbers of header lines rather than names
A="$TFBIND annotate -v 0 --no-version -f ref.fa"
$A -m cal.safetensors --tf all --csq --haplotypes -p a -Ob -o first.bcf in.bcf
for second in '' '--csq' '--tf SPI1' '--tf all --haplotypes -p a'; do
    $A -m tiny.safetensors $second -Ob first.bcf | bcftools view --no-version > got.vcf
    $A -m cal.safetensors --tf all --csq --haplotypes -p a in.vcf |
        $A -m tiny.safetensors $second |
        bcftools view --no-version > want.vcf
    same "BCF = VCF: then '$second'" want.vcf got.vcf
done

# many TFs: a header that is gone through for each line would take seconds
perl -e 'print join ",", map { "TF$_" } 1 .. 3000' > names.txt
"$UNIT_DIR/tool_tiny_model" many.safetensors 'conv 2 3; relu; pool 4; dense 3000' 60 "$(cat names.txt)" 1
grep -v '^#' in.vcf | head -n 2 > two.txt; { grep '^#' in.vcf; cat two.txt; } > two.vcf
began=$SECONDS
$A -m many.safetensors --tf all -o many.vcf two.vcf && $A -m many.safetensors --tf all -o again.vcf many.vcf
same '3000 TFs, twice' many.vcf again.vcf
[ $((SECONDS - began)) -lt 30 ]
verdict $? '3000 TFs take a time linear in their number' "$((SECONDS - began)) s"
fails 'FORMAT has no room for 3000 TFs' 'chr1:100: a record can have 255 FORMAT tags and would have more' \
    $TFBIND annotate -m many.safetensors -f ref.fa --tf all --haplotypes -p a two.vcf
few=$(cut -d, -f 1-254 names.txt)
$A -m many.safetensors --tf "$few" --haplotypes -p a two.vcf > a.vcf &&
    $A -m many.safetensors --tf "$few" --haplotypes -p a a.vcf > b.vcf
same 'but for 254 and GT, twice' a.vcf b.vcf
ok_if 'and they have values' [ "$(bcftools query -f '[%TFB_TF254_HAP]\n' a.vcf | grep -c ',')" = 1 ]

# names that collide
odd() { perl "$SRCDIR/test/oracle.pl" model 20 "$1" > odd.safetensors; }
for tf in CSQ TOP REF HAP HAP_DIFF HAP_TF CALL; do
    odd "$tf,SPI1"
    fails "a TF called $tf" "TFB_$tf, which is a tag of the summary or of --csq" $TFBIND annotate \
        -m odd.safetensors -f ref.fa --tf all --csq --haplotypes -p a in.vcf
    [ "$(grep -c error: fails.txt)" = 1 ] || echo "not ok a TF called $tf: one error"
done
$TFBIND annotate -v 0 -m odd.safetensors -f ref.fa --tf SPI1 --csq in.vcf | grep -q 'TFB_SPI1='
verdict $? "it can be left out"
$TFBIND annotate -v 0 -m odd.safetensors -f ref.fa in.vcf | grep -q 'TFB_TOP='
verdict $? "the summary may name it"
for tfs in SPI1,SPI1_DELTA SPI1_LOR,SPI1 SPI1,SPI1_CALL; do
    odd $tfs
    fails "two TFs called $tfs" 'two TFs would have the same tag, TFB_SPI1_' $TFBIND annotate -m \
        odd.safetensors -f ref.fa --tf all in.vcf
done
odd SPI1,SPI1_HAP
fails 'two TFs called SPI1,SPI1_HAP' 'two TFs would have the same tag, TFB_SPI1_HAP' $TFBIND annotate \
    -m odd.safetensors -f ref.fa --tf all --haplotypes -p a in.vcf

# the tag of an earlier version, and one of somebody else
$A -m tiny.safetensors --csq in.vcf | sed 's/|PCT|CALL">/|PCT">/' > old.vcf
$A -m tiny.safetensors old.vcf > got.vcf
$A -m tiny.safetensors in.vcf > want.vcf
same "TFB_CSQ of an earlier version is removed" want.vcf got.vcf
$A -m tiny.safetensors --csq in.vcf |
    sed 's/ID=TFB_CSQ\(.*\)Description=.*/ID=TFB_CSQ\1Description="mine">/' > mine.vcf
$A -m tiny.safetensors mine.vcf | grep -c 'TFB_CSQ=' > got.txt
grep -c 'TFB_CSQ=' mine.vcf > want.txt
same "somebody else's TFB_CSQ stays" want.txt got.txt
sed 's/ID=AF,Number=A,Type=Float/ID=TFB_TOP,Number=1,Type=Integer/' in.vcf > type.vcf
host +tfbind type.vcf -- -m tiny.safetensors -f ref.fa -k -i 'POS>300' > /dev/null 2> err.txt
[ $? -eq 255 ] && grep -q 'INFO/TFB_TOP is Type=Integer, not String, and -k would keep its values' err.txt
verdict $? '-k and a tag of another type' "$(head -n 1 err.txt)"
