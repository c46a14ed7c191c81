# Annotation of VCF and BCF: the same answer every way, tags that bcftools understands, nothing lost.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
T="$TFBIND annotate -m tiny.safetensors -f ref.fa -v 1"
A="$T --no-version"

$A in.vcf.gz > plain.vcf || exit 1
$A in.bcf > from_bcf.vcf
same 'BCF in = VCF in' plain.vcf from_bcf.vcf
$A < in.vcf > stdin.vcf
same 'standard input = a file' plain.vcf stdin.vcf
cat in.bcf | $A - > stdin.vcf
same 'BCF on standard input' plain.vcf stdin.vcf
$A -@ 4 in.vcf.gz > threads.vcf
same '4 threads = 1' plain.vcf threads.vcf
for n in 1 3; do
    TFBIND_BATCH=$n $A in.vcf.gz > batch.vcf
    same "batches of $n records = one batch" plain.vcf batch.vcf
done
for o in b u z v; do
    $A -O$o in.vcf.gz > out.$o && bcftools view --no-version out.$o > back.vcf
    bcftools view --no-version plain.vcf > plain.view.vcf
    same "-O$o says the same" plain.view.vcf back.vcf
done
for name in out.bcf out.vcf.gz out.vcf; do
    $A -o $name in.vcf.gz
    bcftools view --no-version $name > back.vcf
    same "-o $name" plain.view.vcf back.vcf
done
case $(htsfile out.bcf out.vcf.gz out.vcf | tr '\n' ' ') in
    *'BCF version 2'*'VCF version 4'*'BGZF'*'VCF version 4'*) echo 'ok the name of -o decides the format' ;;
    *) echo "not ok the name of -o decides the format: $(htsfile out.bcf out.vcf.gz out.vcf | tr '\n' ' ')" ;;
esac

# nothing else changes: without our tags the input is back, and every record is there
bcftools annotate --no-version -x INFO/TFB_TOP,INFO/TFB_REF,INFO/TFB_ALT,INFO/TFB_DELTA,INFO/TFB_LOR \
    plain.vcf > stripped.vcf
bcftools view --no-version in.vcf > input.vcf
same 'without its tags the output is the input' input.vcf stripped.vcf
$A plain.vcf > twice.vcf
same 'annotating twice changes nothing' plain.vcf twice.vcf
# tags of another model are replaced, even if nothing takes their place
sed 's/TFB_TOP=[^;]*/TFB_TOP=OLD/; /noalt/s/\tPASS\t\./\tPASS\tTFB_TOP=OLD;TFB_DELTA=0.5/' plain.vcf |
    $A > replaced.vcf
same 'older tags are replaced' plain.vcf replaced.vcf

# indexes
$A -W -o i.bcf in.vcf.gz && $A --write-index=tbi -o i.vcf.gz in.vcf.gz && $A -Wcsi -o j.vcf.gz in.vcf.gz
[ -f i.bcf.csi ] && [ -f i.vcf.gz.tbi ] && [ -f j.vcf.gz.csi ]
verdict $? 'indexes are written'
for f in i.bcf i.vcf.gz j.vcf.gz; do
    bcftools view -H -r chr2:4000-9999 $f > got.txt
    bcftools view -H -t chr2:4000-9999 plain.vcf > want.txt
    same "the index of $f works" want.txt got.txt
done

# which records
want() { bcftools view -H "$@" in.vcf.gz | cut -f 1-5; }
got() { $A "$@" in.vcf.gz | grep -v '^#' | cut -f 1-5; }
printf 'chr1\t250\t650\nchr2\t5999\t6000\n' > some.bed
for opts in '-r chr1:200-600' '-R some.bed' '-t chr1:100-500' '-T some.bed' '-t ^chr1:100-500' \
    '-r chr1:501-502' '-r chr1:501-502 --regions-overlap 0'; do
    want $opts > want.txt
    got $opts > got.txt
    [ -s want.txt ] || [ "$opts" = '-r chr1:501-502 --regions-overlap 0' ] || echo "not ok $opts: selects nothing"
    same "$opts means what it means to bcftools" want.txt got.txt
done

# tags of single TFs
$A --tf SPI1,NKX2-5 in.vcf.gz > tf.vcf
bcftools view -h tf.vcf |
    grep -c '^##INFO=<ID=TFB_\(SPI1\|NKX2_5\)\(_DELTA\|_LOR\)\?,Number=[RA],Type=Float' > n.txt
[ "$(cat n.txt)" = 6 ]
verdict $? '--tf declares three tags a TF' "$(cat n.txt)"
bcftools query -f '%TFB_SPI1\t%TFB_SPI1_DELTA\t%TFB_SPI1_LOR\n' -i 'ID="snv"' tf.vcf | awk -F'[\t,]' '
    {
        d = $2 - $1 - $3
        l = log($2 / (1 - $2)) - log($1 / (1 - $1)) - $4
        if (d * d < 1e-10 && l * l < 1e-8) print "ok delta and log odds ratio fit the scores"
        else print "not ok delta and log odds ratio fit the scores: " $0
    }'
$A --tf all in.vcf.gz > all.vcf
bcftools query -f '%ID\t%TFB_TOP\t%TFB_DELTA\n' plain.vcf | awk '$1 == "snv"' > top.txt
tf=$(cut -f 2 top.txt); tag=TFB_$(echo "$tf" | tr - _)_DELTA
[ "$(bcftools query -f "%$tag\n" -i 'ID="snv"' all.vcf)" = "$(cut -f 3 top.txt)" ]
verdict $? 'the summary is the TF with the largest change'
bcftools query -f '%TFB_CTCF_DELTA %TFB_SPI1_DELTA %TFB_NKX2_5_DELTA\n' -i 'ID="snv"' all.vcf |
    awk -v top="$(cut -f 3 top.txt)" '
        {
            m = 0
            for (i = 1; i <= 3; i++) { a = $i < 0 ? -$i : $i; if (a > m) m = a }
            t = top < 0 ? -top : top
            if (m == t) print "ok no TF changes more than TFB_TOP"
            else print "not ok no TF changes more than TFB_TOP: " m " " t
        }'
$A --prefix XX in.vcf.gz | grep -q 'XX_TOP='
verdict $? '--prefix'

# multi-allelic records: splitting before or after is the same
$A --tf all in.vcf.gz | bcftools norm --no-version -m- 2> /dev/null | grep -v '^##' | cut -f 1-8 > after.txt
bcftools norm --no-version -m- in.vcf.gz 2> /dev/null | $A --tf all | grep -v '^##' | cut -f 1-8 > before.txt
# records that end up with no scored ALT carry '.' when split afterwards and no tags when split
# before: drop the empty tags
clean() { sed 's/TFB_[A-Z0-9_]*=\(\.\|[0-9.e-]*,\.\);\?//g; s/;$//; s/;\t/\t/'; }
clean < after.txt > a.txt; clean < before.txt > b.txt
same 'split after annotating = annotating after the split' a.txt b.txt
bcftools norm -m- plain.vcf 2> /dev/null |
    bcftools norm -m+ 2> /dev/null |
    bcftools query -f '%ID %TFB_TOP\n' -i 'ID="multi"' |
    grep -q 'CTCF\|SPI1'
verdict $? 'tags survive norm -m- and -m+'
bcftools view -H -i 'ABS(TFB_DELTA)>0.02' plain.vcf | wc -l | grep -qv '^0$'
verdict $? 'view -i filters on a tag'

# REF and ALT exchanged: minus the delta
awk -F'\t' -v OFS='\t' '/^#/ || $3 == "snv" || $3 == "mnv" || $3 == "del" || $3 == "ins"' in.vcf > simple.vcf
bcftools query -f '%CHROM\t%POS\t%REF\t%ALT\n' simple.vcf > v.txt
$A simple.vcf | bcftools query -f '%TFB_DELTA\n' > fwd.txt
i=0
while IFS=$'\t' read -r c p r x; do
    i=$((i + 1))
    # a genome that carries the ALT allele
    samtools faidx ref.fa $c |
        awk -v p="$p" -v r="$r" -v x="$x" '
            /^>/ { print; next }
            { s = s $0 }
            END { print substr(s, 1, p - 1) x substr(s, p + length(r)) }' > swapped.fa
    samtools faidx swapped.fa
    {
        grep '^##' in.vcf
        printf '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n%s\t%s\t.\t%s\t%s\t.\t.\t.\n' $c $p $x $r
    } > swapped.vcf
    d=$($TFBIND annotate -v 0 -m tiny.safetensors -f swapped.fa swapped.vcf | bcftools query -f '%TFB_DELTA\n')
    awk -v a="$(sed -n ${i}p fwd.txt)" -v b="$d" 'BEGIN { s = a + b; exit !(a != 0 && s * s < 1e-10) }'
    verdict $? "$c:$p $r>$x exchanged gives minus the delta" "$(sed -n ${i}p fwd.txt) and $d"
done < v.txt

# what cannot be scored passes through and is counted by reason
$TFBIND annotate -m tiny.safetensors -f ref.fa in.vcf.gz > /dev/null 2> summary.txt
for part in '19 records, 10 annotated' '2 symbolic' '1 * (deleted' '1 breakend' \
    '2 too near a contig end' '1 on a contig not in the FASTA' 'with letters other than A, C, G, T'; do
    grep -qF -- "$part" summary.txt
    verdict $? "summary says: $part" "$(cat summary.txt)"
done
$TFBIND annotate -m tiny.safetensors -f ref.fa --max-n 0 in.vcf.gz 2>&1 > /dev/null | grep -q 'with too many N'
verdict $? '--max-n 0'

# REF that the FASTA does not have
b=$(base_at chr1 2000)
{
    cat in.vcf | sed '/^chr2/,$d'
    printf 'chr1\t2000\tbad\t%s\t%s\t.\tPASS\t.\tGT\t0/1\n' "$(other "$b")" "$b"
    sed -n '/^chr2/,$p' in.vcf
} > bad.vcf
$T bad.vcf > out.vcf 2> err.txt &&
    echo 'not ok -c e stops' ||
    { grep -q "chr1:2000: REF is $(other "$b") but ref.fa has $b (bad.vcf)" err.txt &&
        echo 'ok -c e stops and names the place' ||
        echo "not ok -c e names the place: $(cat err.txt)"; }
$A -c w bad.vcf 2> err.txt | grep -v '^#' | grep -P '\tbad\t' | grep -q TFB &&
    echo 'not ok -c w leaves the record unannotated' ||
    echo 'ok -c w leaves the record unannotated'
ok_if '-c w warns' grep -q 'chr1:2000' err.txt
$A -c x bad.vcf > x.vcf 2> /dev/null
same '-c x drops it' plain.vcf x.vcf
$T -o left.bcf bad.vcf 2> /dev/null; ok_if 'nothing half-written is left' [ ! -e left.bcf ]

# header provenance
$T in.vcf.gz | grep -c '^##tfbind\(Version\|Command\)=' | grep -qx 2
verdict $? 'version and command in the header'
! grep -q '^##tfbind' plain.vcf
verdict $? '--no-version'
ok_if 'model and digest in the header' grep -q 'TFB_TOP.*model tiny.safetensors [0-9a-f]\{12\}' plain.vcf

# inputs cut short
{ grep '^#' in.vcf; bcftools view -H in.vcf | awk '$3 == "snv" { for (i = 0; i < 30000; i++) print }'; } > long.vcf
bcftools view --no-version -Oz -o long.vcf.gz long.vcf; bcftools view -Ob -o long.bcf long.vcf
for f in long.vcf.gz long.bcf; do
    n=$(stat -c %s $f)
    head -c $((n * 3 / 4)) $f > cut.$f
    if $T cut.$f > /dev/null 2> err.txt; then echo "not ok a truncated $f is an error"; else
        grep -q "cut.$f.*\(after chr1:100\|truncated\)" err.txt &&
            echo "ok a truncated $f is an error that says where" ||
            echo "not ok a truncated $f says where: $(tail -n 1 err.txt)"
    fi
done
head -c 3000 tiny.safetensors > cut.safetensors
$TFBIND annotate -m cut.safetensors -f ref.fa in.vcf.gz > /dev/null 2> err.txt &&
    echo 'not ok a truncated model is an error' ||
    { grep -q 'cut.safetensors.*truncated' err.txt &&
        echo 'ok a truncated model is an error' ||
        echo "not ok a truncated model: $(cat err.txt)"; }
cp ref.fa.fai cut.fa.fai; head -c 5000 ref.fa > cut.fa
$TFBIND annotate -m tiny.safetensors -f cut.fa in.vcf.gz > /dev/null 2> err.txt &&
    echo 'not ok a truncated FASTA is an error' ||
    { grep -q 'cut.fa' err.txt &&
        echo 'ok a truncated FASTA is an error' ||
        echo "not ok a truncated FASTA: $(cat err.txt)"; }

# a VCF that declares neither contigs nor tags
{
    echo '##fileformat=VCFv4.2'
    grep -v '^##' plain.vcf | sed 's/TFB_[A-Z]*=[^;\t]*;\?//g; s/AF=/UNDECLARED=/; s/;\t/\t/'
} > bare.vcf
$A bare.vcf 2> /dev/null | grep -v '^#' | grep -o 'TFB_DELTA=[^;\t]*' > got.txt
grep -o 'TFB_DELTA=[^;\t]*' plain.vcf > want.txt
same 'a VCF without declarations' want.txt got.txt
{ grep '^#' in.vcf; } > empty.vcf; $A empty.vcf | grep -vc '^#' | grep -qx 0
verdict $? 'a VCF without records'

# memory does not grow with the input: 30,000 records more
if [ -z "$SANITIZED" ] && [ -x /usr/bin/time ]; then
    /usr/bin/time -f %M $T long.bcf 2> large.txt > /dev/null
    awk -v b="$(tail -n 1 large.txt)" '
        BEGIN {
            if (b > 0 && b < 60000) print "ok 30,000 records take " b " kB"
            else print "not ok memory is bounded: " b " kB"
        }'
fi
