# --precision: in each precision the same answer every way, near that of float32. TFBIND_CPU=plain emulates all of them;
# the processor's own are tested if it has them.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
"$TFBIND" model --calibrate -f ref.fa -l labels.bed.gz --n 300 --precision 0.5 -o cal.safetensors tiny.safetensors \
    2> err.txt || { echo "not ok a model for int8: $(tail -n 1 err.txt)"; exit 1; }
"$TFBIND" model --get int8 cal.safetensors | grep -q '^c2=[0-9.e-]*$'
verdict $? '--calibrate stores the largest input of each product'
"$TFBIND" model --convert copy.safetensors cal.safetensors && "$TFBIND" model --get int8 copy.safetensors |
    cmp -s - <("$TFBIND" model --get int8 cal.safetensors)
verdict $? '--convert keeps it'
for change in 's/c2=/cX=/' 's/c2=[0-9]/c2=-/' 's/c2=(\d)/c2 $1/'; do
    perl -pe "$change" cal.safetensors > bad.safetensors
    "$TFBIND" model bad.safetensors 2>&1 | grep -q "bad.safetensors: its steps for int8 are damaged at 'c"
    verdict $? "damaged steps: $change"
done
perl "$SRCDIR/test/phased.pl" random 5 200 ref.fa > r.vcf
M="-v 1 --no-version -m cal.safetensors -f ref.fa"
$TFBIND annotate $M --tf all r.vcf > float.vcf
$TFBIND annotate $M --tf all --precision float32 r.vcf > got.vcf
same 'float32 is the default' float.vcf got.vcf
bcftools query -f '%POS %REF %ALT\n' r.vcf |
    awk '{ split($3, a, ","); print "chr1", $1, $2, a[1] }' |
    head -n 40 > al.txt
awk '!/^#/ { print $1 "\t" $2 + 9 "\t" $3 - 9 }' labels.bed | head -n 50 > w.bed
awk '{ printf "%s:%d-%d\n", $1, $2 - 20, $3 + 19 }' w.bed | head -n 20 > w.txt
samtools faidx -r w.txt ref.fa > w.fa

# near PRECISION MOST: the LORs of got.vcf differ from float32's by no more than MOST
near() { bcftools query -f '%TFB_CTCF_LOR,%TFB_SPI1_LOR\n' "$1" | tr ',' '\n'; }

# every_way CPU PRECISION MOST
every_way() {
    local n="$2${1:+ ($1)}" p="--precision $2"
    export TFBIND_CPU=$1
    [ -n "$1" ] || unset TFBIND_CPU
    for tags in '--tf all' '--csq --haplotypes'; do
        $TFBIND annotate $M $p $tags r.vcf > want.vcf 2> err.txt || { echo "not ok $n: $(tail -n 1 err.txt)"; return; }
        host +tfbind r.vcf -- $M $p $tags > got.vcf
        same "$n: program = plugin: $tags" want.vcf got.vcf
        $TFBIND annotate $M $p $tags -@ 3 r.vcf > got.vcf
        same "$n: 1 thread = 3: $tags" want.vcf got.vcf
        TFBIND_BATCH=17 $TFBIND annotate $M $p $tags r.vcf > got.vcf
        same "$n: any batch: $tags" want.vcf got.vcf
    done
    grep -q "^##INFO=<ID=TFB_DELTA.*--precision $2)" want.vcf
    verdict $? "$n: the header gives the precision"
    $TFBIND annotate $M $p --tf all r.vcf > got.vcf
    paste <(near float.vcf) <(near got.vcf) | awk -v most="$3" '
        $1 != "." { n++; d = $1 - $2; if (d < 0) d = -d; if (d > 0) other = 1; if (d > most) bad = d }
        END { if (bad) print "differs by " bad; exit !(n > 100 && other && !bad) }' > why.txt
    verdict $? "$n: near float32" "$(cat why.txt)"
    [ "$("$UNIT_DIR/tool_local" cal.safetensors ref.fa "$2" < al.txt | cut -d ' ' -f 2)" = 0 ]
    verdict $? "$n: local = full"
    $TFBIND annotate -v 1 -m cal.safetensors -f ref.fa $p --tf all w.bed > bed.txt
    $TFBIND annotate -v 1 -m cal.safetensors $p --tf all w.fa | tail -n +2 | cut -f 2- | tr -s '\t' > a.txt
    [ "$(wc -l < bed.txt)" -gt 20 ] && [ -s a.txt ]
    verdict $? "$n: BED and FASTA"
    for o in 'scan --tf SPI1 --step 3' 'explain --tf SPI1 --method ism'; do
        $TFBIND $o $p -v 1 -m cal.safetensors -f ref.fa -@ 1 $([ "${o%% *}" = scan ] || echo w.bed) > a.txt &&
            $TFBIND $o $p -v 1 -m cal.safetensors -f ref.fa -@ 3 $([ "${o%% *}" = scan ] || echo w.bed) > b.txt
        same "$n: 1 thread = 3: $o" a.txt b.txt
    done
    $TFBIND evaluate --allow-leak -m cal.safetensors -f ref.fa -l labels.bed.gz $p -o ev.txt --predictions a.txt \
        2> err.txt && $TFBIND evaluate --allow-leak -m cal.safetensors -f ref.fa -l labels.bed.gz -o ev.txt \
        --predictions b.txt 2> err.txt && ! cmp -s a.txt b.txt
    verdict $? "$n: evaluate" "$(tail -n 1 err.txt)"
    unset TFBIND_CPU
}
every_way plain bfloat16 0.02
every_way plain int8 0.1
for p in bfloat16 int8; do
    if $TFBIND annotate $M --precision $p in.vcf > /dev/null 2> err.txt; then
        every_way '' $p "$([ $p = int8 ] && echo 0.1 || echo 0.02)"
        TFBIND_CPU=avx512 $TFBIND annotate $M --precision $p in.vcf > /dev/null 2>&1 &&
            every_way avx512 $p "$([ $p = int8 ] && echo 0.1 || echo 0.02)"
    else
        grep -q "$p needs a processor with" err.txt
        verdict $? "$p without a processor for it: the message says so"
        echo "skip $p on this processor: it has no such products"
    fi
done
TFBIND_CPU=vec128 $TFBIND annotate $M --precision bfloat16 in.vcf 2> err.txt
[ $? = 1 ] && grep -q 'bfloat16 needs a processor with AMX-BF16 or AVX-512 BF16' err.txt
verdict $? 'TFBIND_CPU rules it out: the message says so'
