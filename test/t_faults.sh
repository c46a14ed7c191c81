# Bad luck: no memory, writes that are cut short, a full disk. Each ends with the output as it
# should be, or with an error and nothing that looks whole.
. "$SRCDIR/test/lib.sh"
[ -n "${SANITIZED:-}" ] && { echo 'skip faults: the sanitizers have an allocator of their own'; exit 0; }
[ -n "${COVERAGE:-}" ] && { echo 'skip faults: gcov allocates in the same program, and cannot do without'; exit 0; }
make_inputs || exit 1
${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o fail.so "$SRCDIR/test/lib/fail.c" 2> err.txt || {
    echo "not ok fail.c compiles: $(head -n 1 err.txt)"
    exit 1
}
perl "$SRCDIR/test/phased.pl" random 5 60 ref.fa > phased.vcf
grep -v '^#' labels.bed | cut -f 1-4 | head -n 40 > w.bed
awk '{ print $1 ":" $2 + 1 "-" $3 }' w.bed > r.txt; samtools faidx -r r.txt ref.fa > w.fa
{
    printf '@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:10000\n@SQ\tSN:chr2\tLN:10000\n'
    for i in $(seq 100 97 5000); do
        s=$(seq_at chr1 $i $((i + 49)))
        printf 'r%d\t0\tchr1\t%d\t60\t50M\t*\t0\t0\t%s\t*\n' $i $i "$s"
    done
} | samtools view --no-PG -b -o in.bam -
head -n 60 labels.bed > few.bed
awk '!/^#/ { print $1 "\t" $2 "\t" $3 "\tp" NR "\t0\t.\t1\t1\t1\t30" }' labels.bed | head -n 60 > p.narrowPeak
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tp.narrowPeak\nA\tX\tpeaks\tp.narrowPeak\n' > sheet.tsv
T="$TFBIND"
M='-v 1 -m tiny.safetensors -f ref.fa'
bcftools view --no-version -Ob -o hits.bcf -i 'POS<700' in.vcf
printf 'MEME version 4

MOTIF A a
letter-probability matrix: alength= 4 w= 4
%s
MOTIF B b
letter-probability matrix: alength= 4 w= 3
%s' \
    "$(printf '0.7 0.1 0.1 0.1\n0.1 0.7 0.1 0.1\n0.1 0.1 0.1 0.7\n0.1 0.1 0.7 0.1\n')" \
    "$(printf '0.1 0.1 0.7 0.1\n0.1 0.1 0.1 0.7\n0.7 0.1 0.1 0.1\n')" > two.meme

awk 'BEGIN { print "rsid\tchr\tpos\tref\talt\tbeta\tp\tpip\tcs\tid" } !/^#/ && $5 ~ /^[ACGT]+$/ {
    printf "%s\t%s\t%s\t%s\t%s\t0.1\t1e-9\t0.5\t1\tx%d\n", n++ % 3 ? "." : "rs" n, n % 3 ? $1 : ".", $2, $4, $5, n
    }' in.vcf > table.txt
{ grep '^##' in.vcf; printf 'chr1\t100\trs1\tA\tC,G\t.\t.\t.\n'; } > dbsnp.vcf

# What is run: a name, then the command; it writes out.*
COMMANDS="vcf|$T annotate $M --no-version --tf all -W -o out.bcf in.vcf.gz
plugin|bcftools +tfbind in.vcf.gz -- $M --no-version --tf all -W -Ob -o out.bcf
tables|$T tables -f ref.fa -m 100 --no-version --dbsnp dbsnp.vcf -W -o out.bcf table.txt
text|$T annotate $M --no-version --csq -o out.vcf in.bcf
haplotypes|$T annotate $M --no-version --haplotypes -W=tbi -o out.vcf.gz phased.vcf
bed|$T annotate $M --tf all -o out.bed labels.bed.gz
tile|$T annotate $M --window tile --step 7 -o out.tsv w.bed
bedgz|$T annotate $M --tf SPI1 -o out.bed.gz w.bed
fasta|$T annotate -v 1 -m tiny.safetensors -o out.tsv w.fa
bam|$T annotate $M --no-PG --write-index -o out.bam in.bam
reads|$T annotate $M --no-PG --reads -o out.sam in.bam
scan|$T scan $M --tf SPI1 --step 40 -o out.bedGraph.gz
scantext|$T scan $M --tf all --step 40 -o out.{tf}.txt
snvs|$T scan --snvs $M --no-version -r chr1:100-400 -W -o out.bcf
snvstable|$T scan --snvs $M --no-version --tf all -r chr1:100-400 -W -o out.tsv.gz
scanhub|$T scan $M --tf CTCF,SPI1 --step 40 -O bigwig -o out.{tf}.bw --hub out.hub --igv out.igv --genome g
enrich|$T enrich $M --permutations 20 --background in.bcf --svg out.svg -o out.tsv hits.bcf
labels|$T labels -v 1 -f ref.fa --samples sheet.tsv --width 60 -o out.bed.gz few.bed
model|$T model --convert out.safetensors --half tiny.safetensors
evaluate|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed.gz --predictions out.logits -o out.tsv
calibrate|$T model --calibrate -f ref.fa -l labels.bed.gz --n 300 -o out.safetensors tiny.safetensors
explain|$T explain $M --tf CTCF -o out.tsv few.bed
figures|$T explain $M --db two.meme --logos out.d hits.bcf
report|$T report -o out.html ann.bcf"
$T annotate $M --tf all --no-version -Ob -o ann.bcf in.vcf

$T scan $M --tf SPI1 --step 40 -o bw.bw 2> /dev/null && COMMANDS="$COMMANDS
bigwig|$T scan $M --tf SPI1 --step 40 -o out.bw"

# a folder's files become files as those of other commands
flat() {
    [ -d "$1out.d" ] || return
    for f in "$1"out.d/*; do [ -e "$f" ] && mv "$f" "$1out.${f##*/}"; done
    rmdir "$1out.d"
}

# fault: what the command that just ran with status $status has left is right, or not there
fault() {
    local f
    flat ''
    if [ "$status" -gt 1 ] && [ "$name $status" != 'plugin 255' ]; then
        echo "ended with $status"
        return
    fi
    if [ "$status" -ne 0 ] && ! grep -q 'error: ' err.txt; then
        echo "no message"
        return
    fi
    for f in out.*; do
        [ -e "$f" ] || continue
        case $f in *.tmp*)
            echo "left $f"
            return
            ;;
        esac
        cmp -s "$f" "want/$f" || {
            echo "left another $f"
            return
        }
    done
    if [ "$status" -eq 0 ]; then for f in $(cd want && ls); do [ -e "$f" ] || {
        echo "no $f"
        return
    }; done; fi
}
while IFS='|' read -r name command; do
    rm -rf out.* want
    mkdir want
    if [ "$name" = plugin ]; then export FAIL_IN=tfbind.so; else unset FAIL_IN; fi
    FAIL_COUNT=count.txt LD_PRELOAD=$PWD/fail.so $command > stdout.txt 2> err.txt < /dev/null || {
        echo "not ok $name: $(tail -n 1 err.txt)"
        continue
    }
    flat ''
    mv out.* want/
    n=$(cat count.txt) size=$(cat want/* | wc -c)
    # memory: spread over all allocations, half of them among the first, where set-up is
    [ -n "$SLOW" ] && at=$(seq 1 "$n") || at=$( (
        seq 1 $((n / 24 + 1)) $((n < 400 ? n : 400))
        seq 1 $((n / 8 + 1)) "$n"
    ) | sort -nu)
    bad= k=0
    for i in $at; do
        rm -f out.*
        k=$((k + 1))
        FAIL_AT=$i LD_PRELOAD=$PWD/fail.so $command > stdout.txt 2> err.txt < /dev/null
        status=$?
        v=$(fault)
        [ -n "$v" ] && bad="$bad; $i: $v"
    done
    [ -z "$bad" ] &&
        echo "ok $name without memory" ||
        echo "not ok $name without memory, of $n allocations at$(echo "$bad" | cut -c1-300)"
    # a write that is cut short at any byte, and fails from then on
    [ -n "$SLOW" ] &&
        at=$(seq 0 $((size / 300 + 1)) "$size") ||
        at=$(echo 0 1 $((size / 3)) $((size / 2)) $((size - 1)))
    bad=
    for i in $at; do
        rm -f out.*
        (
            trap '' XFSZ
            exec prlimit --fsize="$i" $command
        ) 2>&1 > /dev/null < /dev/null | cat > err.txt
        status=${PIPESTATUS[0]}
        v=$(fault)
        [ -n "$v" ] && bad="$bad; $i: $v"
    done
    [ -z "$bad" ] &&
        echo "ok $name, no room for more bytes" ||
        echo "not ok $name, no room for more bytes, of $size after$(echo "$bad" | cut -c1-300)"
    # writes that take half
    rm -f out.*
    FAIL_SHORT=1 LD_PRELOAD=$PWD/fail.so $command > stdout.txt 2> err.txt < /dev/null
    status=$?
    v=$(fault)
    [ -z "$v" ] && [ $status = 0 ]
    verdict $? "$name, short writes" "$v $(tail -n 1 err.txt)"
done <<< "$COMMANDS"

# a small disk
mkdir -p disk
on_disk() { $(echo "$command" | sed 's| out\.| disk/out.|g') > /dev/null 2> err.txt < /dev/null; }
while IFS='|' read -r name command; do
    mkdir whole.$name
    on_disk
    flat disk/
    mv disk/out.* whole.$name
done <<< "$COMMANDS"
if mount -t tmpfs -o size=16k tfbind-test disk 2> /dev/null; then
    trap 'umount "$TMP/disk" 2> /dev/null' EXIT
    while IFS='|' read -r name command; do
        rm -rf want
        cp -r whole.$name want
        for fill in 0 8192 12288; do
            rm -f disk/*
            head -c $fill /dev/zero > disk/filler
            on_disk
            status=$?
            flat disk/
            rm -f out.*
            cp disk/out.* . 2> /dev/null
            v=$(fault)
            [ -n "$v" ] && echo "not ok $name on a disk with $((16384 - fill)) bytes: $v"
        done
    done <<< "$COMMANDS"
    umount disk
    echo 'ok all of them on a small disk'
else echo 'skip a small disk: this user may not mount one'; fi
