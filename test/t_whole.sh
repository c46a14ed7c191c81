# Outputs are whole or not there, whatever ends the run: signals at random moments, failures, full
# disks. With --slow: hundreds of kills.
. "$SRCDIR/test/lib.sh"
[ -n "${COVERAGE:-}" ] && { echo 'skip whole outputs: gcov writes files when a program ends'; exit 0; }
make_inputs || exit 1
T=$TFBIND
M='-v 0 -m tiny.safetensors -f ref.fa'
export BCFTOOLS_PLUGINS=$PLUGIN_DIR

# ---- inputs that take a moment ----
size=1; [ -n "$SLOW" ] && size=4
awk -v every=$((12 / size)) '
    /^>/ { c = substr($1, 2); n = 0; next }
    { s[c] = s[c] $0 }
    END {
        print "##fileformat=VCFv4.2"
        print "##contig=<ID=chr1,length=10000>\n##contig=<ID=chr2,length=10000>"
        print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
        for (k = 1; k <= 2; k++) for (i = 100; i < 4800; i += every) {
            b = substr(s["chr" k], i, 1)
            print "chr" k "\t" i "\t.\t" b "\t" (b == "A" ? "C" : "A") "\t.\t.\t."
        }
    }' ref.fa > many.vcf
bcftools view --no-version -Ob -o many.bcf many.vcf && bcftools index many.bcf
awk -v every=$((12 / size)) '
    /^>/ { c = substr($1, 2); next }
    { s[c] = s[c] $0 }
    END {
        print "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:10000\n@SQ\tSN:chr2\tLN:10000"
        for (i = 100; i < 4800; i += every)
            printf "r%d\t0\tchr1\t%d\t60\t50M\t*\t0\t0\t%s\t*\n", i, i, substr(s["chr1"], i, 50)
    }' ref.fa |
    samtools view --no-PG -b -o many.bam -
awk '{ for (i = 100; i < 4800; i += 12) print $1 "\t" i "\t" i + 60 }' ref.fa.fai > many.bed
awk '
    { print ">" $1 ":" $2; for (i = 0; i < 3; i++) print "ACGTACGTTGCATGCAATCGACTAGCATCGACTACGATCAGCGACGACTAC" }' \
        many.bed > many.fa
awk '!/^#/ { print $1 "\t" $2 "\t" $3 "\tp" NR "\t0\t.\t1\t1\t1\t30" }' labels.bed > p.narrowPeak
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tp.narrowPeak\nA\tX\tpeaks\tp.narrowPeak\n' > sheet.tsv
$T annotate $M --tf all --no-version -Ob -o ann.bcf many.bcf &&
    bcftools view --no-version -Ob -o hits.bcf -i 'POS<700' ann.bcf ||
    exit 1
$T model -v 0 --calibrate -f ref.fa -l labels.bed --n 300 --precision 0.2 -o cal.safetensors tiny.safetensors &&
    $T annotate -v 0 -m cal.safetensors -f ref.fa --call-percentile 0 --no-version -Ob -o called.bcf many.bcf || exit 1
head -n 30 many.bed > few.bed
bcftools query -e 'ALT~"<"' -f '%CHROM\t%POS\t%REF\t%ALT\n' many.bcf | grep -v , > table.txt
samtools view -h many.bam | head -n 30 | samtools view --no-PG -b -o in.bam -

# ---- kills ----
if [ -z "${SANITIZED:-}" ] &&
    ${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o kill.so "$SRCDIR/test/lib/kill.c" \
        -ldl 2> err.txt; then export KILL_SO=$PWD/kill.so; fi
n=1; [ -n "$SLOW" ] && n=60
kills() { perl "$SRCDIR/test/kills.pl" -n "$n" -s "${SEED:-1}" "$@"; }
printf '#!/bin/sh\nexec "$TFBIND" pretrain --spec "conv 8 9; relu; pool 4; dense 0" "$@"\n' > pretrain &&
    chmod +x pretrain
# name, outputs as for kills.pl, command
MOTIFS="$T motifs -m tiny.safetensors -f ref.fa -l labels.bed --use all --regions 20"
COMMANDS="VCF|o.vcf|$T annotate $M --no-version -@ 5 -o o.vcf many.bcf
VCF.gz with csi|o.vcf.gz+o.vcf.gz.csi|$T annotate $M --no-version -W -o o.vcf.gz many.bcf
VCF.gz with tbi|o.vcf.gz+o.vcf.gz.tbi|$T annotate $M --no-version -W=tbi -@ 5 -o o.vcf.gz many.bcf
BCF with csi|o.bcf+o.bcf.csi|$T annotate $M --no-version --tf all -W -o o.bcf many.vcf
SNVs as BCF|o.bcf+o.bcf.csi|$T scan --snvs $M --no-version -@ 5 -W -r chr1:1-2000 -o o.bcf
SNVs as a table|o.tsv.gz+o.tsv.gz.tbi|$T scan --snvs $M --no-version -W=tbi -r chr1:1-2000 -o o.tsv.gz
BCF of the plugin|o.bcf+o.bcf.csi|bcftools +tfbind many.vcf -- $M --no-version -W -o o.bcf
SAM|o.sam|$T annotate $M --no-PG -o o.sam many.bam
BAM with csi|o.bam+o.bam.csi|$T annotate $M --no-PG -W -o o.bam many.bam
BAM with bai|o.bam+o.bam.bai|$T annotate $M --no-PG -W=bai -@ 5 -o o.bam many.bam
CRAM with crai|o.cram+o.cram.crai|$T annotate $M --no-PG -W -o o.cram many.bam
BED|o.bed|$T annotate $M --tf all -o o.bed many.bed
BED.gz|o.bed.gz|$T annotate $M --tf all -o o.bed.gz many.bed
a table|o.tsv|$T annotate -v 0 -m tiny.safetensors --window tile --step 9 -o o.tsv many.fa
bedGraph, a file a TF|o.CTCF.txt,o.SPI1.txt,o.NKX2-5.txt|$T scan $M --tf all --step 5 -o o.{tf}.txt
bedGraph.gz|o.bedGraph.gz|$T scan $M --tf SPI1 --step 5 -o o.bedGraph.gz
labels with tbi|o.bed.gz+o.bed.gz.tbi|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o o.bed.gz labels.bed
a table and a figure|o.tsv,o.svg|$T enrich $M --permutations 200 --background ann.bcf --svg o.svg -o o.tsv hits.bcf
a table and predictions|o.tsv,o.txt|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed --predictions o.txt -o o.tsv
motifs and pages|o.tsv,o.meme,o.html,o.txt|$MOTIFS --importance o.txt --meme o.meme --html o.html -o o.tsv
a model|o.safetensors|$T model --half --convert o.safetensors tiny.safetensors
a calibrated model|o.safetensors|$T model --calibrate -f ref.fa -R many.bed --n 300 -o o.safetensors tiny.safetensors
BCF of a table|o.bcf+o.bcf.csi|$T tables -f ref.fa -m 1k --no-version -W -o o.bcf table.txt
a table, annotated|o.vcf|$T annotate $M --no-version -o o.vcf table.txt
a report|o.html|$T report -o o.html ann.bcf
a report and its track|o.html,o.bed|$T report --track o.bed -o o.html called.bcf"
$T scan $M --tf SPI1 --step 40 -o x.bw 2> /dev/null && COMMANDS="$COMMANDS
bigWig|o.bw|$T scan $M --tf SPI1 --step 5 -o o.bw
bigWigs and what shows them|o.CTCF.bw,o.SPI1.bw,o.hub,o.igv|$T scan $M --tf CTCF,SPI1 --step 40 -o o.{tf}.bw --hub o.hub --igv o.igv --genome g"
npz=; $T explain $M --tf CTCF --npz x few.bed 2> /dev/null && npz=,o.CTCF.onehot.npz,o.CTCF.hyp.npz
EXPLAIN="$T explain $M --tf CTCF ${npz:+--npz o}"
COMMANDS="$COMMANDS
contributions and arrays|o.tsv,o.scores,o.bedGraph$npz|$EXPLAIN --track o.bedGraph --scores o.scores -o o.tsv few.bed"
PRETRAIN="./pretrain --resume -v 0 -f ref.fa -l labels.bed -e 8 -@ 1"
TRAINING="training, and going on|o.safetensors,o.safetensors.ckpt?|$PRETRAIN -o o.safetensors"

while IFS='|' read -r name outputs command; do kills "$name" "$outputs" $command; done <<< "$COMMANDS" > kills.txt
IFS='|' read -r name outputs command <<< "$TRAINING"; kills -a "$name" "$outputs" $command >> kills.txt
cat kills.txt
[ -n "$SLOW" ] &&
    echo "ok $(sed -n 's/^ok.*, \([0-9]*\) kills: .*/\1/p' kills.txt | paste -sd + | bc 2> /dev/null) kills in all"

# ---- failures: what was there stays, nothing is left beside it ----
# stays NAME OUTPUTS STATUS MESSAGE COMMAND...: the outputs hold "old" before and after
stays() {
    local name=$1 outputs=$2 want=$3 message=$4 f bad= status
    shift 4
    outputs=$(echo "$outputs" | tr ',+' '\n\n' | grep -v '?')
    for f in $outputs; do echo old > "$f"; done
    "$@" 2>&1 > stays.out < /dev/null | cat > stays.err # through a pipe: files may be limited
    status=${PIPESTATUS[0]}
    [ "$status" = "$want" ] || [ "$want $status" = '1 255' ] || bad="status $status"
    [ -z "$message" ] || grep -q "$message" stays.err || bad="$bad $(tail -n 1 stays.err)"
    for f in $outputs; do [ "$(cat "$f")" = old ] || bad="$bad $f was changed"; done
    for f in *.tmp.*; do [ -e "$f" ] && bad="$bad left $f" && rm "$f"; done
    rm -f $outputs
    [ -z "$bad" ] && echo "ok $name" || {
        echo "not ok $name: $bad"
        return 1
    }
}
# no room for a byte: an error, or the end by a signal if the limit is enforced so
bad=
while IFS='|' read -r name outputs command; do
    v=$(stays "$name" "$outputs" 153 '' prlimit --fsize=1 $command) || bad="$bad; $v"
    [ -n "$SLOW" ] || continue
    v=$(stays "$name" "$outputs" 1 'error: ' bash -c 'trap "" XFSZ; exec prlimit --fsize=1 "$@"' sh $command) ||
        bad="$bad; $v"
done <<< "$COMMANDS
$TRAINING"
[ -z "$bad" ] &&
    echo 'ok no room for a byte: what was there stays' ||
    echo "not ok no room for a byte: what was there stays$(echo "$bad" | cut -c1-400)"
# late failures of the input
awk '
    NR == FNR { n = NR; next }
    FNR == n { $4 = $4 == "A" ? "C" : "A"; $5 = "G" }
    { print }' OFS='\t' many.vcf many.vcf > late.vcf
for o in o.vcf o.vcf.gz o.bcf; do
    stays "REF of the last record is wrong, $o" $o 1 'REF is' $T annotate $M -o $o late.vcf
done
stays 'REF of the last record is wrong, with an index' o.bcf+o.bcf.csi 1 'REF is' $T annotate $M -W -o o.bcf late.vcf
stays 'REF of the last record is wrong, plugin' o.bcf+o.bcf.csi 1 'REF is' bcftools +tfbind late.vcf -- $M -W -o o.bcf
head -c -30 many.bam > cut.bam
for o in o.sam o.bam o.cram; do stays "a truncated BAM, $o" $o 1 truncated $T annotate $M -o $o cut.bam; done
samtools view -h many.bam > cut.sam; echo junk >> cut.sam
for o in o.sam o.bam o.cram; do stays "a damaged SAM, $o" $o 1 damaged $T annotate $M -o $o cut.sam; done
{ cat many.bed; echo 'chr1 x'; } > late.bed
for o in o.bed o.bed.gz; do stays "a bad last line, $o" $o 1 'not BED' $T annotate $M -o $o late.bed; done
stays 'a bad last line, tables and tracks' o.tsv,o.scores,o.bedGraph$npz 1 'not BED' $T explain $M --tf \
    CTCF ${npz:+--npz o} --track o.bedGraph --scores o.scores -o o.tsv late.bed
[ -n "${KILL_SO:-}" ] &&
    stays 'a library that ends the program' o.bcf+o.bcf.csi 3 '' env LD_PRELOAD="$KILL_SO" \
        KILL_AT=3 KILL_SIGNAL=EXIT bcftools +tfbind in.vcf -- $M -W -o o.bcf
stays 'a filter that ends the program' o.bcf 1 '' bcftools +tfbind in.vcf -- $M -i 'GT[9]="alt"' -o o.bcf

# ---- every command on a full disk, standard output ----
if [ -w /dev/full ]; then
    bad=
    while IFS='|' read -r name command; do
        $command > /dev/full 2> err.txt < /dev/null
        status=$?
        [ $status -eq 1 ] &&
            grep -q 'error: cannot write' err.txt ||
            bad="$bad $name: status $status $(head -n 1 err.txt);"
    done << END
VCF|$T annotate $M in.vcf
VCF.gz|$T annotate $M -Oz in.vcf
BCF|$T annotate $M -Ob in.vcf
SAM|$T annotate $M -O sam in.bam
BAM|$T annotate $M many.bam
CRAM|$T annotate $M -O cram many.bam
BED|$T annotate $M few.bed
FASTA|$T annotate -v 0 -m tiny.safetensors many.fa
scan|$T scan $M --tf SPI1 --step 50
enrich|$T enrich $M --permutations 0 --background ann.bcf hits.bcf
labels|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 labels.bed
evaluate|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed
relate|$T relate -l labels.bed --target SPI1
relate --list|$T relate -l labels.bed --target SPI1 --list
motifs|$T motifs -m tiny.safetensors -f ref.fa -l labels.bed --use all --regions 0
explain|$T explain $M few.bed
report|$T report ann.bcf
model|$T model tiny.safetensors
model --list|$T model --list tiny.safetensors
model --check|$T model --check tiny.safetensors
model --convert|$T model --convert - tiny.safetensors
END
    [ -z "$bad" ]
    verdict $? 'standard output on a full disk' "$bad"
else echo 'skip standard output on a full disk: no /dev/full'; fi

# ---- names and modes ----
echo victim > victim
bash -c 'ln -s victim p.bed.tmp.$$; exec "$@"' sh $T annotate $M -o p.bed few.bed
[ "$(cat victim)" = victim ] && [ -f p.bed ] && [ ! -L p.bed ]
verdict $? 'a link where a temporary file might be'
rm -f p.bed*
mode() { stat -c %a "$1"; }
(umask 027; $T annotate $M -W -o u.bcf in.vcf); [ "$(mode u.bcf) $(mode u.bcf.csi)" = '640 640' ]
verdict $? 'a new file has the mode that umask leaves' "$(mode u.bcf) $(mode u.bcf.csi)"
chmod 604 u.bcf; $T annotate $M -o u.bcf in.vcf; [ "$(mode u.bcf)" = 604 ]
verdict $? 'a file that is replaced keeps its mode' "$(mode u.bcf)"
long=$(printf 'n%.0s' $(seq 251)).vcf; $T annotate $M -o "$long" in.vcf && [ -s "$long" ]
verdict $? 'a name of 255 bytes'
mkdir far; ln -s far/a.bcf b.bcf; ln -s b.bcf c.bcf; ln -s far/i.csi c.bcf.csi
$T annotate $M --no-version -W -o c.bcf in.vcf; $T annotate $M --no-version -o d.bcf in.vcf
[ -L c.bcf ] &&
    [ -L b.bcf ] &&
    [ -L c.bcf.csi ] &&
    cmp -s far/a.bcf d.bcf &&
    bcftools view -H -r chr2:1-9000 c.bcf 2> err.txt | grep -q chr2 &&
    [ ! -s err.txt ] &&
    [ "$(ls far | wc -l)" = 2 ]
verdict $? 'links are written through, with the index' "$(ls -l far b.bcf c.bcf* | tail -n 5)"
ln -s l2 l1; ln -s l1 l2; fails 'a circle of links' 'Too many levels' $T annotate $M -o l1 in.vcf
mkdir d.vcf; fails 'a folder as output' 'cannot write d.vcf: Is a directory' $T annotate $M -o d.vcf in.vcf
fails 'a name that ends in /' 'cannot write d.vcf/: Is a directory' $T annotate $M -o d.vcf/ in.vcf
if [ "$(id -u)" = 0 ] &&
    setpriv --reuid=65534 --regid=65534 --clear-groups test -r \
        ref.fa 2> /dev/null; then as='setpriv --reuid=65534 --regid=65534 --clear-groups'; else as=; fi
[ "$(id -u)" != 0 ] || [ -n "$as" ] && {
    mkdir locked
    echo old > locked/x.vcf
    echo old > ro.vcf
    chmod 666 locked/x.vcf
    chmod 444 ro.vcf
    chmod 555 locked
    fails 'a folder that takes no file' 'no temporary file can be made in its folder' $as $T annotate $M -o locked/x.vcf in.vcf
    fails 'a file that may not be written' 'cannot write ro.vcf: Permission denied' $as $T annotate $M \
        -o ro.vcf in.vcf
    ok_if 'and both stay' [ "$(cat locked/x.vcf ro.vcf)" = "$(printf 'old\nold')" ]
    chmod 755 locked
}

# ---- indexes ----
$T annotate $M -W -o i.vcf.gz in.vcf; $T annotate $M -W=tbi --csq -o i.vcf.gz in.vcf
[ ! -e i.vcf.gz.csi ] &&
    [ ! i.vcf.gz.tbi -ot i.vcf.gz ] &&
    bcftools view -H -r chr2:1-5000 i.vcf.gz 2> err.txt | grep -q TFB_CSQ &&
    [ ! -s err.txt ]
verdict $? 'an index of another kind is not left beside new data' "$(ls i.vcf.gz*) $(cat err.txt)"

# ---- streams ----
$T annotate $M --no-version in.vcf > want.vcf
mkfifo pipe
cat pipe > got.vcf &
$T annotate $M --no-version -o pipe in.vcf
wait
same 'a named pipe stays a stream' want.vcf got.vcf
[ -p pipe ] || echo 'not ok the pipe is still there'
echo before > got.vcf
$T annotate $M --no-version -o /dev/fd/1 in.vcf >> got.vcf
{
    echo before
    cat want.vcf
} > want2.vcf
same 'an open file is written to where it stands' want2.vcf got.vcf
$T annotate $M --no-version -o "file://$PWD/url.vcf" in.vcf; same 'the URL of a local file' want.vcf url.vcf

# ---- signals that are none of ours ----
(
    trap '' HUP INT
    $T annotate $M --no-version -o hup.vcf many.bcf &
    sleep 0.02
    kill -HUP $!
    kill -INT $!
    wait $!
) && [ -s hup.vcf ]
verdict $? 'ignored signals stay ignored'
rm -f *.tmp.*
$T enrich $M --permutations 0 --background ann.bcf --svg /dev/full -o pipe.tsv hits.bcf 2> /dev/null
$T explain $M --tf all --scores s.tsv -o - few.bed 2> /dev/null | head -n 1 > /dev/null
! ls *.tmp.* > /dev/null 2>&1
verdict $? 'a reader that has enough leaves no temporary file'

# ---- what cannot be written is known before the work ----
for o in none/o far d.vcf/; do
    bad=
    for c in "./pretrain -f ref.fa -l labels.bed -e 1000 -o" \
        "$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed -o" \
        "$T report ann.bcf -o" "$T enrich $M --background ann.bcf hits.bcf --svg"; do
        timeout 20 $c $o > /dev/null 2> err.txt < /dev/null
        s=$?
        [ $s = 1 ] && grep -q "error: cannot write $o: " err.txt || bad="$bad $c: status $s $(tail -n 1 err.txt);"
    done
    [ -z "$bad" ]
    verdict $? "known at the start: $o" "$bad"
done
