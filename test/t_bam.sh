# SAM, BAM and CRAM: the same records with tags, the same scores as BED and FASTA give for the same
# windows.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
O="-m tiny.safetensors -f ref.fa -v 1"
A="$TFBIND annotate $O --no-PG"
q() { head -c "$1" < /dev/zero | tr '\0' I; }
rec() { printf '%s\t%s\t%s\t%s\t60\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" \
    "$9" "$(q ${#9})" "${10:-XO:i:7}"; }
s=$(seq_at chr1 1001 1040) l=$(seq_at chr1 4001 4300)
snv=${s:0:20}$(other "${s:20:1}")${s:21}
long=${l:0:40}$(other "${l:40:1}")${l:41:180}$(other "${l:221:1}")${l:222}
make_sam() {
    printf '@HD\tVN:1.6\tSO:coordinate
@SQ\tSN:chr1\tLN:10000
@SQ\tSN:chr2\tLN:10000
@SQ\tSN:chrUn\tLN:5000
@CO\tkept
'
    rec edge 0 chr1 1 40M '*' 0 0 "$(seq_at chr1 1 40)"
    rec same 0 chr1 1001 40M '*' 0 0 "$s"
    rec dup 1040 chr1 1001 40M '*' 0 0 "$s"
    rec snv 0 chr1 1001 40M '*' 0 0 "$snv" yd:Z:foreign
    rec unknown 0 chr1 1001 40M '*' 0 0 "${s:0:20}N${s:21}"
    rec del 16 chr1 1001 20M2D20M '*' 0 0 "${s:0:20}$(seq_at chr1 1023 1042)"
    rec ins 0 chr1 1001 20M3I20M '*' 0 0 "${s:0:20}GGG${s:20}"
    rec clip 0 chr1 1001 7S33M3H '*' 0 0 "ACGTACG${s:0:33}"
    rec second 256 chr1 1001 40M '*' 0 0 "$s"
    rec clipped 0 chr1 1001 40S '*' 0 0 "$s"
    rec supp 2048 chr1 1001 20M20H '*' 0 0 "${s:0:20}"
    rec halfmapped 69 chr1 1001 '*' = 1001 0 "$s" | sed 's/\t60\t/\t0\t/'
    rec pair 99 chr1 2001 40M = 2101 140 "$(seq_at chr1 2001 2040)"
    rec pair 147 chr1 2101 40M = 2001 -140 "$(seq_at chr1 2101 2140)"
    rec improper 97 chr1 3001 40M = 3101 140 "$(seq_at chr1 3001 3040)"
    rec spliced 0 chr1 3201 20M200N20M '*' 0 0 "$(seq_at chr1 3201 3220)$(seq_at chr1 3421 3440)"
    rec long 0 chr1 4001 300M '*' 0 0 "$long"
    printf 'noseq\t0\tchr1\t5001\t60\t40M\t*\t0\t0\t*\t*\tXO:i:7\n'
    rec n 0 chr2 4941 40M '*' 0 0 "$(seq_at chr1 1 40)"
    rec nocontig 0 chrUn 101 40M '*' 0 0 "$s"
    rec unmapped 4 '*' 0 '*' '*' 0 0 "$s" | sed 's/\t60\t/\t0\t/'
}
make_sam | sed '/yd:Z:foreign/s/yd:Z:foreign/XO:i:7/' > in.sam
samtools view --no-PG -b -o in.bam in.sam &&
    { sed '/SN:chrUn/d; /^nocontig/d' in.sam | samtools view --no-PG -C -T ref.fa -o in.cram -; } &&
    {
        cat ref.fa
        echo '>chrUn'
        head -c 5000 /dev/zero | tr '\0' A
        echo
    } > un.fa && samtools faidx un.fa || exit 1
view() { samtools view -h --no-PG --input-fmt-option decode_md=0 --reference un.fa "$@" |
    sed 's/\t\(M5\|UR\|MD\|NM\):[^\t]*//g'; }
tags() { sed 's/\tXO:i:7//' |
    awk -F'\t' '!/^@/ { printf "%s", $1; for (i = 12; i <= NF; i++) printf "\t%s", $i; printf "\n" }' |
    sed 's/\t[a-zA-Z0-9]*:[Zf]:/\t/g'; }

# near NAME FILE FILE: equal but for rounding
near() { paste -d' ' "$2" "$3" |
    awk -v n="$(wc -l < "$2")" -v m="$(wc -l < "$3")" -v name="$1" '
        {
            for (i = 1; i <= NF / 2; i++) {
                a = $i
                b = $(i + NF / 2)
                d = a - b
                if (a + 0 == a ? d * d > 4e-10 : a != b) bad = bad " " a "!=" b
            }
        }
        END {
            if (n != m) rows = " " n " and " m " rows"
            print (bad == "" && n == m && NR > 0 ? "ok " : "not ok ") name bad rows
        }'; }

# ---- the same every way ----
$A -O sam in.sam > sam.sam
for tf in '' '--tf all' '--reads' '--reads --tf SPI1' '--window tile --step 7'; do
    $A $tf -O sam in.sam > want.sam
    for t in 1 5; do for f in sam bam cram; do
        w=want.sam
        [ $f = cram ] && {
            sed '/SN:chrUn/d; /^nocontig/d' want.sam > w.cram.sam
            w=w.cram.sam
        }
        $A $tf -@ $t -o got.$f in.$f && view got.$f > got.txt
        same "$f, $t threads $tf" $w got.txt
    done; done
done
$A -O bam in.bam | view - > got.txt; same '-O bam' sam.sam got.txt
$A in.bam > got.bin
samtools quickcheck got.bin && view got.bin > got.txt
same 'BAM if nothing else is chosen' sam.sam got.txt
$A -O sam -o got.bin in.bam; same '-O before the name, as in samtools' sam.sam got.bin
$A -O bam,level=0 in.bam > l0.bam
$A -O bam,level=9 in.bam > l9.bam
[ "$(stat -c %s l0.bam)" -gt "$(stat -c %s l9.bam)" ]
verdict $? '-O bam,level=0'
$A -o v.cram --output-fmt cram,version=2.1 in.cram; head -c 6 v.cram | od -An -tu1 | grep -q ' 2 *1$'
verdict $? '-O cram,version=2.1'
for f in in.sam in.bam in.cram; do
    $A -O sam - < $f | view - | grep -v nocontig | grep -v chrUn > got.txt
    grep -v nocontig sam.sam | grep -v chrUn > want.txt
    same "$f found out on standard input" want.txt got.txt
    cat $f | $A -O sam | view - | grep -v nocontig | grep -v chrUn > got.txt
    same "$f found out in a pipe" want.txt got.txt
done
cat in.bam | $A --input bam -O sam > got.txt; same '--input bam' sam.sam got.txt
cp in.cram x.cram && $TFBIND annotate -m tiny.safetensors -f ref.fa -v 1 --reference ref.fa -o ref.cram x.cram
verdict $? '--reference'

# ---- what is kept, what is added ----
grep -v '^@' sam.sam | cut -f 1-12 > got.txt
grep -v '^@' in.sam > want.txt
same 'records are as they were, in order, tags at the end' want.txt got.txt
grep '^@' in.sam > want.txt
grep '^@' sam.sam | grep -v '^@CO.tfbind' > got.txt
same 'the header is as it was' want.txt got.txt
tags < sam.sam |
    awk -F'\t' '$2 == "" { print $1 }' |
    sort -u |
    tr '\n' ' ' |
    grep -qx 'clipped edge halfmapped n nocontig second unmapped '
verdict $? 'only what cannot be scored is left alone' "$(tags < sam.sam |
    awk -F'\t' '$2 == "" { print $1 }' |
    tr '\n' ' ')"
$TFBIND annotate -m tiny.safetensors -f ref.fa -o x.bam in.bam 2> err.txt
reasons='1 on a contig not in the FASTA (such as chrUn), 1 too near a contig end, 1 with too many N around'
reasons="$reasons, 1 secondary, 2 unmapped, 1 without aligned bases"
grep -qF "21 records, 14 annotated, 7 not: $reasons" err.txt
verdict $? 'they are counted by reason' "$(cat err.txt)"
samtools view -H x.bam | grep -q '^@PG.ID:tfbind.PN:tfbind.VN:[0-9.]*.CL:tfbind annotate -m tiny'
verdict $? '@PG'
samtools view -H x.bam | grep '^@CO' | cut -f 2 | cut -c 1-29 > got.txt
printf 'kept\ntfbind yt:Z TF with the highe\ntfbind ys:f its probability o\n' > want.txt
same 'the header says what the tags are' want.txt got.txt
samtools view -c -e '[yt]=="CTCF" && [ys]>0' x.bam | grep -qx "$(tags < sam.sam | grep -c CTCF)"
verdict $? 'samtools filters by them'
$A -O sam sam.sam > got.txt; same 'twice = once' sam.sam got.txt
# nor if the first comment of the header is ours, which htslib does not take out
for tf in '' '--reads' '--tf all --reads'; do
    grep -v 'CO.kept' in.sam | $A $tf -O bam -o once.bam - &&
        view once.bam > want.txt &&
        $A $tf once.bam | view - > got.txt
    same "twice = once, no other comments $tf" want.txt got.txt
done
for tf in '' '--tf CTCF,SPI1'; do # a difference beside scores that it does not belong to
    $A $tf --reads in.bam | $A $tf -O sam - | tags > got.txt
    $A $tf -O sam in.sam | tags > want.txt
    same "differences go with the scores that they were of $tf" want.txt got.txt
    $A $tf --reads in.bam | $A $tf -O sam - | grep '^@CO' > got.txt
    $A $tf -O sam in.sam | grep '^@CO' > want.txt
    same "and what the header says of them $tf" want.txt got.txt
done
$A --tf SPI1,CTCF --reads in.bam | $A --tf SPI1 -O sam - | grep -c 'k1:f:' > got.txt
$A --tf SPI1,CTCF --reads -O sam in.bam | grep -c 'k1:f:' > want.txt
same 'those of other TFs stay' want.txt got.txt
$A --reads -O sam sam.sam | tags | grep -P '^edge\t' > got.txt
: > want.txt
same 'old values are removed if there is no new one' want.txt got.txt
$A --tf CTCF,SPI1 -O sam in.sam | grep -P '^same\t' | grep -q 'y0:f:.*y1:f:'
verdict $? 'a tag for each TF'
$A --tags Xt,Xs -O sam in.sam | sed 's/Xt:Z/yt:Z/; s/Xs:f/ys:f/' | grep -v '^@' > got.txt
grep -v '^@' sam.sam > want.txt
same '--tags' want.txt got.txt

# ---- the scores of the same windows by the other routes ----
$A --tf all -O sam in.sam |
    tags |
    awk -F'\t' 'NF > 2 && $1 != "long" { printf "%s %s %s %s\n", $1, $2, $3, $4 }' > got.txt
w() { printf '%s\t%d\t%d\t%s\n' "$@"; }
{
    for i in same dup snv unknown; do w chr1 1000 1040 $i; done
    w chr1 1000 1042 del
    w chr1 1000 1040 ins
    w chr1 1000 1033 clip
    w chr1 1000 1020 supp
    w chr1 2000 2140 pair
    w chr1 2000 2140 pair
    w chr1 3000 3040 improper
    w chr1 3200 3440 spliced
    w chr1 5000 5040 noseq
} > w.bed
$TFBIND annotate $O --tf all w.bed | tail -n +2 | awk '{ printf "%s %s %s %s\n", $4, $5, $6, $7 }' > want.txt
near 'windows in the middle of alignments and fragments: as BED' want.txt got.txt
$A --window tile --step 7 --tf all -O sam in.sam |
    tags |
    awk -F'\t' '$1 ~ /long|pair|spliced/ { printf "%s %s %s %s\n", $1, $2, $3, $4 }' > got.txt
{ w chr1 2000 2140 pair; w chr1 2000 2140 pair; w chr1 3200 3440 spliced; w chr1 4000 4300 long; } > t.bed
$TFBIND annotate $O --tf all --window tile --step 7 t.bed |
    tail -n +2 |
    awk '{ printf "%s %s %s %s\n", $4, $5, $7, $9 }' |
    sort > want.txt
sort got.txt > g.txt
near '--window tile: the largest, as BED' want.txt g.txt
for opt in '--scale logit' '--strand fwd' '--strand rev'; do
    $A $opt --tf SPI1 -O sam in.sam | tags | awk '$1 == "same" { printf "%s\n", $2 }' > got.txt
    $TFBIND annotate $O $opt --tf SPI1 w.bed | awk '$4 == "same" { printf "%s\n", $5 }' > want.txt
    near "$opt: as BED" want.txt got.txt
done

# ---- --reads: hand-made windows as FASTA ----
L() { seq_at chr1 "$1" "$2"; }
t1=$(L 4001 4060)
{
    printf '>snv\n%s\n>del\n%s\n>ins\n%s\n>clip\n%s\n>spliced.1\n%s\n>spliced.2\n%s\n' \
        "$(L 991 1000)$snv$(L 1041 1050)" "$(L 991 1000)${s:0:20}$(L 1023 1042)$(L 1043 1052)" \
        "$(L 994 1000)${s:0:20}GGG${s:20}$(L 1041 1050)" "$(L 987 1046)" "$(L 3201 3260)" "$(L 3381 3440)"
    for i in 0 30 60 90 120 150 180 210 240; do
        printf '>long.%d\n%s\n>longref.%d\n%s\n' $i "${long:$i:60}" $i "${l:$i:60}"
    done
    printf '>ref.snv\n%s\n>ref.del\n%s\n' "$(L 991 1050)" "$(L 992 1051)"
} > w.fa
$TFBIND annotate $O w.fa > w.tsv
score() { awk -v n="$1" '$1 == n { print $2, $3, $4 }' w.tsv; }
$A --reads --tf all -O sam in.sam | tags > reads.txt
got() { awk -F'\t' -v n="$1" '$1 == n { printf "%s %s %s\n", $2, $4, $6 }' reads.txt; }
diffs() { awk -F'\t' -v n="$1" '$1 == n { printf "%s %s %s\n", $3, $5, $7 }' reads.txt; }
for r in snv del ins clip; do
    got $r > got.txt
    score $r | awk '{ printf "%s %s %s\n", $1, $2, $3 }' > want.txt
    near "--reads: $r, as FASTA" want.txt got.txt
done
for r in snv del; do
    diffs $r > got.txt
    echo "$(score $r) $(score ref.$r)" | awk '{ printf "%.5f %.5f %.5f\n", $1 - $4, $2 - $5, $3 - $6 }' > want.txt
    near "--reads: difference of $r" want.txt got.txt
done
for r in same dup unknown clip pair spliced; do diffs $r; done | sort -u > got.txt
echo '0 0 0' > want.txt
near '--reads: reads of the reference differ by 0' want.txt got.txt
for k in 2 3 4; do awk -F'\t' -v k=$k '
    { split($1, n, ".") }
    n[1] == "long" { m = m > $k ? m : $k; v[n[2]] = $k }
    n[1] == "longref" { r[n[2]] = $k }
    END { for (i in v) { d = v[i] - r[i]; if (d * d > b * b) b = d } printf "%s %s\n", m, b }' w.tsv; done > want.txt
awk -F'\t' '$1 == "long" { for (k = 2; k <= 6; k += 2) printf "%s %s\n", $k, $(k + 1) }' reads.txt > got.txt
near '--reads: long reads are tiled' want.txt got.txt
awk '
    { split($1, n, ".") }
    n[1] == "spliced" { for (k = 2; k <= 4; k++) if ($k > m[k]) m[k] = $k }
    END { printf "%s %s %s\n", m[2], m[3], m[4] }' w.tsv > want.txt
got spliced > got.txt
near '--reads: tiles over introns do not count' want.txt got.txt
ok_if '--reads: without a sequence there is nothing to score' grep -q '^noseq$' reads.txt
$A --reads -O sam in.sam | tags | awk -F'\t' '$1 == "snv"' > got.txt
awk -F'\t' '
    NR == FNR {
        if (FNR == 1) split($0, name, "\t");
        if ($1 == "snv") for (k = 2; k <= 4; k++) s[k] = $k
        if ($1 == "ref.snv") for (k = 2; k <= 4; k++) d[k] = s[k] - $k
        next
    }
    {
        for (k = 2; k <= 4; k++) if (d[k] * d[k] > d[b] * d[b]) b = k
        e = $4 - d[b]
        f = $3 - s[b]
        print ($2 == name[b] && e * e < 1e-8 &&
            f * f < 1e-8 ? "ok" : "not ok") " --reads: the TF that changes most, its score and difference"
    }' w.tsv got.txt
$TFBIND annotate -m tiny.safetensors -f ref.fa -v 3 -O sam in.sam 2>&1 > /dev/null |
    grep -q '14 windows, of which 9 were scored'
verdict $? 'equal windows are scored once' \
    "$($TFBIND annotate -m tiny.safetensors -f ref.fa -v 3 -O sam in.sam 2>&1 > /dev/null |
    grep windows)"

# ---- index ----
$A --write-index -o i.bam in.bam && [ -s i.bam.csi ] && samtools view i.bam chr1:2101-2102 | cut -f 1 > got.txt
echo pair > want.txt
same '--write-index: BAM' want.txt got.txt
$A -@ 3 --write-index=bai -o j.bam in.bam &&
    [ -s j.bam.bai ] &&
    samtools view j.bam chr1:2101-2102 | cut -f 1 > got.txt
same '--write-index=bai, three threads' want.txt got.txt
$A -W -o i.cram in.cram && [ -s i.cram.crai ] && samtools view -T ref.fa i.cram chr1:2101-2102 | cut -f 1 > got.txt
same '-W: CRAM' want.txt got.txt

# ---- bad input and bad luck ----
for f in in.bam in.cram in.sam; do
    n=$(stat -c %s $f) bad=
    for at in $(seq 1 97 $((n - 1))) $((n - 28)) $((n - 1)); do
        head -c "$at" $f > cut.in
        [ $f = in.sam ] && [ -z "$(tail -c 1 cut.in | tr -d '\n')" ] && continue
        rm -f out.bam
        $A --input bam -o out.bam cut.in > /dev/null 2> err.txt
        [ $? -eq 1 ] && grep -q 'error: .*cut.in' err.txt && [ ! -e out.bam ] || bad="$bad $at"
        [ $f = in.sam ] && continue
        $A --input bam -o out.bam < cut.in > /dev/null 2> err.txt
        [ $? -eq 1 ] && [ ! -e out.bam ] || bad="$bad stdin:$at"
        # with threads, htslib 1.16 takes half an end marker for one
        [ $f = in.cram ] && [ "$at" -gt $((n - 38)) ] && continue
        cat cut.in | $A -@ 3 --input bam -o out.bam - > /dev/null 2> err.txt
        [ $? -eq 1 ] && grep -q 'error: ' err.txt && [ ! -e out.bam ] || bad="$bad pipe:$at"
    done
    [ -z "$bad" ]
    verdict $? "$f cut anywhere is an error" "not at$bad of $n"
done
if [ -w /dev/full ]; then
    for i in $(seq 200); do grep -v '^@' in.sam; done | cat <(grep '^@' in.sam) - > big.sam
    for f in sam bam cram; do for t in 1 5; do
        leaves_nothing "a full disk, $f, threads $t" 'cannot write to standard output: ' sh \
            -c "$A -@ $t --reference un.fa -O $f big.sam > /dev/full"
        leaves_nothing "a full disk at the end, $f, threads $t" 'cannot write to standard output: ' sh \
            -c "$A -@ $t --reference un.fa -O $f in.sam > /dev/full"
    done; done
else echo 'skip a full disk: no /dev/full'; fi
cp in.bam both.bam && ln -sf both.bam link.bam
leaves_nothing 'onto itself' 'link.bam is the input' $A -o link.bam both.bam
cmp -s in.bam both.bam
verdict $? 'it is still whole'
leaves_nothing 'a folder that is not there' 'cannot write none/out.bam: No such file' $A -o none/out.bam in.bam
leaves_nothing 'a tag with a meaning' '--tags: NM has, or may get, a meaning in SAM' $A --tags NM,Xs -o out.bam in.bam
leaves_nothing 'a tag that is none' "--tags: a tag's name is a letter and a letter or digit, not 'x'" $A --tags x,Xs \
    -o out.bam in.bam
leaves_nothing 'a tag twice' '--tags: Xs is given twice' $A --tags Xs,Xs -o out.bam in.bam
leaves_nothing 'too few tags' '--tags takes 3 names here (best TF, score, difference), not 2' $A --reads --tags Xt,Xs \
    -o out.bam in.bam
make_sam > foreign.sam
leaves_nothing 'a tag of another type' 'foreign.sam: snv (chr1:1001) cannot get the tag yd: it has one of a different type' \
    $A --reads -o out.bam foreign.sam
leaves_nothing 'an unknown format' '--output-fmt is sam, bam or cram' $A -O vcf -o out.bam in.bam
leaves_nothing 'a format of VCF' '--output-fmt is sam, bam or cram' $A -O z -o out.bam in.bam
leaves_nothing 'a format of BAM for VCF' '--output-type is b, u, z or v' $A -O bam -o out.vcf in.vcf
leaves_nothing 'an index of SAM' '--write-index needs an output file in BAM or CRAM' $A -W -o out.sam in.bam
leaves_nothing 'an index of standard output' '--write-index needs an output file' $A -W in.bam
leaves_nothing 'a tabix index' '--write-index=tbi is not for SAM' $A -W=tbi -o out.bam in.bam
leaves_nothing 'options of VCF' 'in.bam is SAM, BAM or CRAM: -i, -e' $A -r chr1 -o out.bam in.bam
leaves_nothing 'options of BAM' '--reads, --tags, --reference and --...-fmt-option are for SAM, BAM and CRAM' $A --reads \
    -o out.vcf in.vcf
leaves_nothing 'not SAM' 'cannot read in.vcf: not SAM, BAM or CRAM' $A --input bam -o out.bam in.vcf
leaves_nothing 'no such input' 'cannot read none.bam: No such file' $A --input bam -o out.bam none.bam
sed 's/LN:10000/LN:12000/' in.sam > build.sam
$A -O sam build.sam 2> err.txt | tags | awk -F'\t' 'NF > 1 { n++ } END { exit n > 0 }' &&
    grep -q 'chr1 has 12000 bases in build.sam and 10000 in ref.fa (another genome build?)' err.txt
verdict $? 'another genome build is not scored' "$(cat err.txt)"
{
    grep '^@' in.sam
    grep -v '^@' in.sam | tac
} > unsorted.sam
echo old > unsorted.bam
$A -W -o unsorted.bam unsorted.sam 2> err.txt
[ $? -eq 1 ] &&
    grep -q 'cannot index unsorted.bam: is it sorted' err.txt &&
    [ "$(cat unsorted.bam)" = old ] &&
    [ "$(ls unsorted.bam* | wc -l)" = 1 ]
verdict $? '-W of unsorted records: an error, and what was there stays' "$(tail -n 1 err.txt)"
# samtools' global options
$A --output-fmt-option level=1 -o l1.bam in.bam
$A --output-fmt-option level=9 -o l9.bam in.bam
[ "$(stat -c %s l9.bam)" -lt "$(stat -c %s l1.bam)" ] &&
    view l1.bam > a.txt &&
    view l9.bam > b.txt &&
    same '--output-fmt-option level' a.txt b.txt ||
    echo 'not ok --output-fmt-option level'
$A -O sam --input-fmt-option 'filter=pos>3000' in.bam | grep -v '^@' > got.txt
$A -O sam in.bam | grep -v '^@' | awk '$4 > 3000' > want.txt
[ -s want.txt ] && same '--input-fmt-option filter' want.txt got.txt
leaves_nothing 'an unknown option of the format' "--output-fmt-option takes an htslib option" $A \
    --output-fmt-option nonsense=1 -o out.bam in.bam
