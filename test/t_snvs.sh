# scan --snvs: all SNVs of regions have the tags that annotate gives them, in every output, and look up as records do.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
"$TFBIND" model --calibrate -f ref.fa -l labels.bed --n 1000 --precision 0.5 -o cal.safetensors tiny.safetensors \
    > /dev/null 2>&1 || echo 'not ok a calibrated model'
"$UNIT_DIR/tool_tiny_model" soft.safetensors \
    'conv 16 7; bn; relu; m = pool 3; conv 24 5; bn; relu; pool 3; conv 16 3; bn; relu; g = gpool lse 3; gpool lse 3 @m; cat @g; dense 20; bn; relu; dense 3' \
    60 CTCF,SPI1,NKX2-5 6
S="$TFBIND scan --snvs -v 0 --no-version -f ref.fa"
A="$TFBIND annotate -v 0 --no-version -f ref.fa"
# every_snv CONTIG FROM TO: all SNVs of these bases as VCF records
every_snv() {
    printf '%s\t%s\n' "$1:$2" "$(seq_at "$1" "$2" "$3")" | awk -F '[:\t]' -v OFS='\t' '{
        for (i = 1; i <= length($3); i++)
            for (k = 1; k <= 4; k++)
                if (substr("ACGT", k, 1) != substr($3, i, 1) && substr($3, i, 1) != "N")
                    print $1, $2 + i - 1, ".", substr($3, i, 1), substr("ACGT", k, 1), ".", ".", "."
    }'
}
list() {
    awk '{ print "##contig=<ID=" $1 ",length=" $2 ">" }' ref.fa.fai | sed '1i##fileformat=VCFv4.2'
    printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    cat
}
# near NAME WANT GOT: the same records and tags; numbers to 0.001 of 1 + their size, few other words (ties of TOP)
near() {
    paste <(bcftools view -H "$2") <(bcftools view -H "$3") | awk -F '\t' '
        function number(s) { return s ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ }
        function far(a, b) { d = a - b; return (d < 0 ? -d : d) > 1e-3 * (1 + (a < 0 ? -a : a)) }
        { all++; bad = 0; for (i = 1; i <= 7; i++) if ($i != $(i + 8)) other = $0
          n = split($8, x, "[;=,|]"); if (n != split($16, y, "[;=,|]")) bad = 1
          for (i = 1; i <= n; i++) if (x[i] != y[i] && (!number(x[i]) || !number(y[i]) || far(x[i], y[i]))) bad = 1
          if (bad) { wrong++; why = $0 } }
        END { if (other) why = other; if (other || wrong * 500 > all || !all) { print wrong " of " all ": " why; exit 1 } }' > why.txt
    verdict $? "$1" "$(cut -c 1-300 why.txt)"
}
{ every_snv chr1 200 700; every_snv chr2 4930 5010; } | list > list.vcf
R=chr1:200-700,chr2:4930-5010
for m in cal soft; do
    for o in '' '--tf all' '--tf SPI1 --strand fwd' '--strand rev --csq'; do
        $A -m $m.safetensors $o list.vcf > want.vcf 2> err.txt
        $S -m $m.safetensors $o -r $R > got.vcf 2> err.txt
        near "$m $o" <(grep -v '^chr2.*POS' want.vcf | awk '/^#/ || /TFB_/') got.vcf
    done
done
for cpu in plain vec128 avx2; do
    TFBIND_CPU=$cpu $A -m soft.safetensors list.vcf > want.vcf && TFBIND_CPU=$cpu $S -m soft.safetensors -r $R > got.vcf
    near "$cpu kernels" <(awk '/^#/ || /TFB_/' want.vcf) got.vcf
done
for p in bfloat16 int8; do
    export TFBIND_CPU=plain
    $A -m cal.safetensors --precision $p --tf all list.vcf > want.vcf
    $S -m cal.safetensors --precision $p --tf all -r $R > got.vcf
    near "$p" <(awk '/^#/ || /TFB_/' want.vcf) got.vcf
    unset TFBIND_CPU
done
printf 'chr1\t299\t320\nchr1\t399\t450\n' > open.bed
for o in '--rank-by lor' '--rank-by percentile --percentile-of lor' '--min-percentile 60 --call-percentile 20' \
    '--rank-by phred' '--prefix MY' '--open open.bed' '--max-n 0'; do
    $A -m cal.safetensors $o list.vcf > want.vcf && $S -m cal.safetensors $o -r $R > got.vcf 2> err.txt
    more=TFB_; case $o in --prefix*) more=MY_ ;; --min*) more=chr1 ;; esac
    near "$o" <(awk -v m="$more" '/^#/ || $0 ~ m' want.vcf) <(awk -v m="$more" '/^#/ || $0 ~ m' got.vcf)
done
grep -c 'TFB_OPEN=1' <($S -m cal.safetensors --open open.bed -r $R) | grep -qx 216
verdict $? '--open writes a tag and limits nothing'
# headers: as those of annotate
$A -m cal.safetensors list.vcf | grep '^##INFO' > want.txt; $S -m cal.safetensors -r $R | grep '^##INFO' > got.txt
same 'the lines of the tags' want.txt got.txt
# regions: sorted, merged, each SNV once
$S -m cal.safetensors -r chr1:200-700 > want.vcf
printf 'chr1\t500\t700\nchr1\t199\t600\nchr1\t299\t310\n' > r.bed
$S -m cal.safetensors -R r.bed > got.vcf; same 'regions that overlap, of -R' want.vcf got.vcf
$S -m cal.safetensors -r chr1:200-450 > one.vcf; $S -m cal.safetensors -r chr1:451-700 > two.vcf
cat one.vcf <(grep -v '^#' two.vcf) > got.vcf; same 'pieces give the whole' want.vcf got.vcf
$S -m soft.safetensors > all.vcf
[ "$(grep -vc '^#' all.vcf)" -eq $((3 * (20000 - 50 - 2 * 59 - 19))) ]
verdict $? 'the whole genome, but for N and ends' "$(grep -vc '^#' all.vcf)"
$TFBIND scan --snvs -m soft.safetensors -f ref.fa 2>&1 > /dev/null |
    grep -q '20000 bases, 59439 SNVs .*; 187 bases not scored: 50 with letters .*, 118 too near a contig end, 19 with too many N'
verdict $? 'the summary counts what is left out' "$($TFBIND scan --snvs -m soft.safetensors -f ref.fa 2>&1 > /dev/null)"
awk 'NR > 1 && !/^#/ { if ($1 == c && $2 < p) exit 1; c = $1; p = $2 }' all.vcf; verdict $? 'sorted'
# outputs and threads
for n in 1 3 8; do $S -@ $n -m soft.safetensors -W -o $n.bcf; done
cmp -s 1.bcf 3.bcf && cmp -s 1.bcf 8.bcf && cmp -s <(bcftools view --no-version -H 1.bcf) <(grep -v '^#' all.vcf)
verdict $? 'BCF: one thread = three = eight = VCF'
[ "$(bcftools index -n 1.bcf)" -eq 59439 ] && [ "$(bcftools view -H 1.bcf chr2:6000-6009 | wc -l)" -eq 30 ]
verdict $? 'an index of BCF'
$S -m soft.safetensors -W=tbi -o o.vcf.gz && [ -s o.vcf.gz.tbi ] &&
    cmp -s <(bcftools view -H o.vcf.gz) <(grep -v '^#' all.vcf)
verdict $? 'VCF.gz and tbi'
$S -m soft.safetensors -r $R -Ou | bcftools view -H > got.txt; $S -m soft.safetensors -r $R | grep -v '^#' > want.txt
same '-Ou' want.txt got.txt
C='%CHROM\t%POS\t%REF\t%ALT\t%TFB_TOP\t%TFB_REF\t%TFB_ALT\t%TFB_DELTA\t%TFB_LOR\n'
bcftools query -f "$C" 1.bcf > want.txt
$S -m soft.safetensors -W -o o.tsv.gz && bgzip -dc o.tsv.gz | grep -v '^#' > got.txt; same 'a table' want.txt got.txt
$S -m soft.safetensors -O t > plain.tsv; cmp -s <(bgzip -dc o.tsv.gz) plain.tsv; verdict $? '-O t'
[ "$(tabix o.tsv.gz chr2:6000-6009 | wc -l)" -eq 30 ]; verdict $? 'an index of a table'
$S -m cal.safetensors -r chr1:200-300 -O t | grep -v '^##' | awk -F '\t' 'NF != 12 { exit 1 } /^#/ { exit $11 != "TFB_CALL" }'
verdict $? 'a table: . where a record has no tag'
# look-up
bgzip -c list.vcf > list.vcf.gz && bcftools index list.vcf.gz
$S -m cal.safetensors -W -o snvs.bcf
$S -m cal.safetensors -W -o snvs.tsv.gz
$A -m cal.safetensors list.vcf | awk '/^#/ || /TFB_/' > want.vcf
bcftools annotate --no-version -a snvs.bcf -c INFO list.vcf.gz > got.vcf
near 'bcftools annotate -a BCF' want.vcf <(awk '/^#/ || /TFB_/' got.vcf)
tabix -H snvs.tsv.gz | grep '^##' > lines.txt
bcftools annotate --no-version -a snvs.tsv.gz -c "$(tabix -H snvs.tsv.gz | tail -n 1 | tr -d '#' | tr '\t' ,)" \
    -h lines.txt list.vcf.gz > got2.vcf 2> err.txt
near 'bcftools annotate -a table' want.vcf <(awk '/^#/ || /TFB_/' got2.vcf)
