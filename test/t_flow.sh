# The annotation workflow: pieces joined are one run, whatever the pieces; a killed one goes on;
# what must not be is said.
. "$SRCDIR/test/lib.sh"
command -v snakemake > /dev/null || { echo 'skip the annotation workflow: snakemake is not installed'; exit 0; }
W=$SRCDIR/workflow/annotate
S() { XDG_CACHE_HOME=$TMP/cache snakemake -s "$W/Snakefile" -j 2 -q --config \
    "tfbind=${WRAPPED:-$TFBIND}" model=tiny.safetensors fasta=ref.fa threads=1 "$@"; }
make_inputs || exit 1
# records at the ends of contigs' pieces, and beyond the length that the header states
{
    sed -e '/^##contig=<ID=chr2,/s/length=10000/length=9000/' -e '/^##contig=/s/ID=chrUn,/ID=HLA:A*01,/' \
        -e 's/^chrUn/HLA:A*01/' in.vcf |
        grep -v '^chr2'
    for p in 850 851 1700; do printf 'chr1\t%s\tend%s\t%s\t%s\t.\tPASS\t.\tGT\t0/1\n' $p $p \
        "$(base_at chr1 $p)" "$(other "$(base_at chr1 $p)")"; done
    grep '^chr2' in.vcf
} > all.vcf
bcftools sort -Ob -o cohort.bcf all.vcf 2> sort.txt &&
    bcftools index cohort.bcf &&
    bcftools sort -Oz -o cohort.vcf.gz all.vcf 2> sort.txt &&
    bcftools index -t cohort.vcf.gz ||
    echo 'not ok inputs'
for o in b z; do "$TFBIND" annotate -v 0 -c w -m tiny.safetensors -f ref.fa -O $o -o one.$o cohort.bcf 2> err.txt ||
    echo "not ok one run: $(head -n 1 err.txt)"; done

for run in 'cohort.bcf bcf b 850' 'cohort.vcf.gz vcf.gz z 3000' 'cohort.vcf.gz bcf b 0'; do
    set -- $run
    S input=$1 output=out.$2 size=$4 'options=-c w' > log.txt 2>&1 || {
        echo "not ok pieces of $4: $run"
        tail -n 20 log.txt >&2
        continue
    }
    # the records as they are in the file: the bytes that follow the header
    bcftools view -H one.$3 > want.txt
    bcftools view -H out.$2 > got.txt
    same "$1 in pieces of $4 = one run" want.txt got.txt
    if [ $3 = b ]; then
        for f in one.b out.bcf; do bgzip -dc $f |
            perl -0777 -ne 'print substr($_, 9 + unpack("x5V", $_))' > $f.records; done
        same "$1 in pieces of $4: the same bytes" one.b.records out.bcf.records
    fi
    [ -f out.$2.csi ] && [ "$(bcftools view -H -r chr2 out.$2 | wc -l)" = "$(grep -c '^chr2' want.txt)" ]
    verdict $? "$1 in pieces of $4: its index"
    ls out.$2.pieces | grep -v 'log$' > left.txt
    ! [ -s left.txt ]
    verdict $? "$1 in pieces of $4: nothing is left over" "$(head -n 1 left.txt)"
    rm -rf out.*
done

# killed in the midst of a piece: that piece is done again, those done before are not
cat > slow << END
#!/bin/sh
echo "\$@" >> calls.txt
# whichever piece comes second: their order is the scheduler's
if [ "\$(wc -l < calls.txt)" = 2 ] && [ ! -e killed ]; then
    for a; do case \$a in out.bcf.pieces/*) part=\$a ;; esac; done
    echo "\$part" > killed
    "$TFBIND" "\$@" -o part.bcf
    head -c 300 part.bcf > "\$part"
    kill -9 \$(cat pid)
    sleep 60 &
    echo \$! > sleeper
    wait
fi
exec "$TFBIND" "\$@"
END
chmod +x slow
(
    XDG_CACHE_HOME=$TMP/cache exec snakemake -s "$W/Snakefile" -j 1 -q --config \
        "tfbind=$PWD/slow" model=tiny.safetensors fasta=ref.fa threads=1 input=cohort.bcf output=out.bcf \
        size=850 'options=-c w' > killed.txt 2>&1
) &
echo $! > pid
wait %1 2> wait.txt
[ -e killed ] && [ ! -e out.bcf ]
verdict $? 'killed: no output'
kill "$(cat sleeper)" 2> /dev/null
WRAPPED=$PWD/slow S input=cohort.bcf output=out.bcf size=850 'options=-c w' --unlock > log.txt 2>&1
cp calls.txt before.txt
WRAPPED=$PWD/slow S input=cohort.bcf output=out.bcf size=850 'options=-c w' --rerun-incomplete > log.txt 2>&1 || {
    echo 'not ok killed: goes on'
    tail -n 20 log.txt >&2
}
bcftools view -H one.b > want.txt; bcftools view -H out.bcf > got.txt
same 'killed: goes on to the same records' want.txt got.txt
[ "$(grep -cF -- "$(cat killed)" calls.txt)" = 2 ] &&
    [ "$(sort calls.txt | uniq -d | grep -vcF -- "$(cat killed)")" = 0 ] &&
    [ "$(wc -l < before.txt)" -gt 1 ]
verdict $? 'killed: only the broken piece is done twice' "$(wc -l < before.txt) before, $(wc -l < calls.txt) in all"

# refused, with a word on why
says() {
    local name=$1 text=$2
    shift 2
    if S input=cohort.bcf output=bad.bcf "$@" > log.txt 2>&1; then
        echo "not ok $name: succeeded"
        return
    fi
    grep -qF -- "$text" log.txt
    verdict $? "$name" "$(tail -n 3 log.txt | tr '\n' ' ')"
}
says 'options that are its own' 'options: -Ou is the workflow' 'options=--tf all -Ou'
says 'options that are its own, shortened' 'options: --region=chr1 is the workflow' 'options=--region=chr1'
says '--haplotypes in pieces' '--haplotypes needs variants on both sides' 'options=--haplotypes' size=100
says 'an output of another kind' 'ends in neither .bcf nor .vcf.gz' output=bad.vcf
says 'an input without an index' 'has no index' input=in.vcf
says 'output = input' 'are the same file' output=./cohort.bcf
sed "s/\tsnv\t./\tsnv\t$(other "$(base_at chr1 100)")/" in.vcf | bcftools view --no-version -Ob -o wrong.bcf &&
    bcftools index wrong.bcf
says 'a REF that is wrong: the message, and no output' 'chr1:100' input=wrong.bcf
# regions do not reach a telomere's record at POS 0: not one may be lost without a word
{
    cat in.vcf
    printf 'chr1\t0\ttelomere\tN\t<DEL>\t.\tPASS\t.\tGT\t0/1\n'
} | bcftools sort -Ob -o zero.bcf 2> sort.txt && bcftools index zero.bcf
says 'a record that no piece has' '20 records went in and 19 came out' input=zero.bcf 'options=-c w'
ok_if 'errors: no output' [ ! -e bad.bcf ]
