# What users' files hold besides what they should: marks, blanks, other columns, stale and damaged
# indexes, malformed records.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="-m tiny.safetensors"
A="$TFBIND annotate $M"
yes_no() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: '$3', not '$2'"; fi; }
# said NAME TEXT: err.txt has the text
said() { if grep -qF -- "$2" err.txt; then echo "ok $1"; else echo "not ok $1: $(head -n 2 err.txt |
    tr '\n' ' ')"; fi; }
bom() { printf '\357\273\277'; cat "$1"; }
utf16() { printf '\377\376'; perl -pe 's/(.)/$1\0/gs' "$1"; }
score() { $A -v 0 -f ref.fa --tf SPI1 --input bed "$1" | tail -n 1 | awk -F'\t' '{ print $NF }'; }

# ---- a byte-order mark, UTF-16, a zero byte: in every file of text ----
printf 'chr1\t1000\t1060\ta\nchr1\t2000\t2060\tb\n' > a.bed
printf '>a\n%s\n>b\n%s\n' "$(seq_at chr1 1001 1060)" "$(seq_at chr1 2001 2060)" > a.fasta
printf 'cell\ttf\tkind\tpath\nA\t.\topen\ta.bed\nA\tX\tpeaks\ta.bed\nA\tX\ttfbs\ta.bed\n' > a.tsv
printf 'MEME version 4

ALPHABET= ACGT

MOTIF m SPI1
letter-probability matrix: alength= 4 w= 2
 0.7 0.1 0.1 0.1
 0.1 0.7 0.1 0.1
' > a.meme
printf 'tf\tcluster\nCTCF\t1\nSPI1\t1\nNKX2-5\t2\n' > a.groups
printf 'chr1\t101\t200\n' > a.regions
commands() { # what reads FILE: name|file|command
    echo "BED|a.bed|$A -v 1 -f ref.fa --tf SPI1 FILE"
    echo "FASTA|a.fasta|$A -v 1 --tf SPI1 FILE"
    echo "explained BED|a.bed|$TFBIND explain -v 0 $M -f ref.fa --tf SPI1 FILE"
    echo "a sheet|a.tsv|$TFBIND labels -v 1 -f ref.fa --width 60 --samples FILE a.bed"
    echo "regions to label|a.bed|$TFBIND labels -v 1 -f ref.fa --width 60 --samples a.tsv FILE"
    echo "regions to scan|a.regions|$TFBIND scan -v 1 $M -f ref.fa --tf SPI1 -R FILE"
    echo "labels|labels.bed|$TFBIND relate -l FILE --target CTCF"
    echo "groups|a.groups|$TFBIND relate -l labels.bed --target CTCF --by mode --groups FILE"
    echo "motifs|a.meme|$TFBIND relate -l labels.bed --target SPI1 --by mode --groups FILE"
}
commands > commands.txt
while IFS='|' read -r name file command; do
    ext=${file##*.}
    ${command//FILE/$file} > want.txt 2> err.txt || echo "not ok $name: $(head -n 1 err.txt)"
    bom "$file" > "bom.$ext"
    utf16 "$file" > "utf16.$ext"
    ${command//FILE/bom.$ext} > got.txt 2> err.txt
    same "$name with a byte-order mark" want.txt got.txt
    gzip -c "bom.$ext" > "gz.bom.$ext"
    ${command//FILE/gz.bom.$ext} > got.txt 2> err.txt
    same "$name, compressed, with a byte-order mark" want.txt got.txt
    fails "$name in UTF-16" UTF-16 ${command//FILE/utf16.$ext}
    {
        cat "$file"
        printf 'x\0y\n'
    } > "nul.$ext"
    fails "$name with a zero byte" "nul.$ext:$(wc -l < "nul.$ext"): a zero byte" ${command//FILE/nul.$ext}
done < commands.txt
bom in.vcf > bom.vcf
fails 'VCF with a byte-order mark' 'bom.vcf begins with a byte-order mark' $A -f ref.fa bom.vcf

# ---- lines of BED ----
good() {
    printf "$1" > x.bed
    yes_no "BED: $1" "$(
        printf 'chr1\t1000\t1060\n' > y.bed
        score y.bed
    )" "$(score x.bed)"
}
good 'chr1\t1000\t1060\r\n'
good 'chr1 1000 1060\n'
good 'chr1  1000   1060  \n'
good 'chr1\t1000\t1060'
good 'chr1\t 1000\t1060 \n'
good 'chr1\t1000\t1060\t\t\n'
good 'track name=x\nbrowser position chr1\n\n#\nchr1\t1030\t1030\n'; good 'chr1\t001000\t1060\n'
bad() {
    printf "$1" > x.bed
    fails "BED: $1" 'x.bed:1: not BED' $A -f ref.fa --input bed x.bed
    fails "regions: $1" 'x.bed:1: not BED' $TFBIND scan $M -f ref.fa --tf SPI1 -R x.bed
}
bad 'chr1\t1060\t1000\n'
bad 'chr1\t-5\t60\n'
bad 'chr1\t5\t-60\n'
bad 'chr1\tx\t60\n'
bad 'chr1\t5\t60x\n'
bad 'chr1\t5.5\t60\n'
bad 'chr1\t1e3\t2e3\n'
bad 'chr1\t\t60\t70\n'
bad 'chr1\t+5\t60\n'
bad 'chr1\t5\n'
bad 'chr1\n'
bad '\t5\t60\n'
bad 'chr1\t5\t9223372036854775807\n'
bad 'chr1\t18446744073709551621\t18446744073709551681\n'
bad 'chr1\t0x10\t60\n'
printf 'chr1\t5\t9223372036854775807\n' > x.bed
printf 'cell\ttf\tkind\tpath\nA\t.\topen\ta.bed\nA\tX\tpeaks\tx.bed\n' > x.tsv
fails 'peaks: an end beyond all numbers' 'x.bed:1: not BED' $TFBIND labels -f ref.fa --samples x.tsv --width 60 a.bed
fails 'regions of a calibration: an end beyond all numbers' 'x.bed:1: not BED' $TFBIND model --calibrate -f \
    ref.fa -R x.bed tiny.safetensors
for line in '0\t5' 'x\t5' '9\t5' '99999999999999999999\t5'; do
    printf "chr1\t$line\n" > x.txt
    fails "regions from 1: $line" 'x.txt:1: not a region' $TFBIND scan $M -f ref.fa --tf SPI1 -R x.txt
done
printf 'chr1\t3000000000\t3000000060\n' > x.bed; yes_no 'BED: beyond 2^31' . "$(score x.bed)"

# ---- narrowPeak and what looks like it ----
at() { printf 'chr1\t%d\t%d\n' "$(($1 - 30))" "$(($1 + 30))" > y.bed; score y.bed; }
middle=$(at 1100)
peak() { printf 'chr1\t1000\t1200\t%b\n' "$2" > x.bed; yes_no "ten columns: $1" "$(at "$3")" "$(score x.bed)"; }
peak narrowPeak 'p1\t900\t.\t7.5\t12.25\t9.5\t30' 1030
peak 'narrowPeak of whole numbers' 'p1\t900\t+\t7\t12\t9\t199' 1199
peak 'narrowPeak without p and q' 'p1\t900\t-\t7.5e+1\t-1\t-1\t0' 1000
peak 'narrowPeak without a summit' 'p1\t900\t.\t7.5\t12.25\t9.5\t-1' 1100
peak 'a summit behind the end' 'p1\t900\t.\t7.5\t12.25\t9.5\t200' 1100
peak 'a summit before the start' 'p1\t900\t.\t7.5\t12.25\t9.5\t-2' 1100
peak 'no strand' 'p1\t900\tx\t7.5\t12.25\t9.5\t30' 1100
peak 'no number' 'p1\t900\t+\tSPI1\t12.25\t9.5\t30' 1100
peak 'intersect -wo, BED3 with BED6' 'chr1\t950\t1085\tname\t0\t+\t85' 1100
peak 'BED10' 'p1\t0\t+\t1000\t1200\t0\t1' 1100
peak 'BED9 and a count' 'p1\t0\t+\t1000\t1000\t0\t30' 1100
peak 'labels of six TFs' 'r1\t1\t.\t0\t1\t0\t1' 1001 # without their header nothing tells them apart
printf '#chrom\tstart\tend\tname\tA\tB\tC\tD\tE\tF\nchr1\t1000\t1200\tr1\t1\t.\t0\t1\t0\t1\n' > x.bed
yes_no 'ten columns: labels with their header' "$middle" "$(score x.bed)"
sed 's/^>chr/>/' ref.fa > bare.fa; printf '1\t1000\t1200\tp1\t0\t+\t1\t950\t1030\t30\n' > x.bed
yes_no 'ten columns: intersect -wo, BED6 with BED3, on a contig called 1' \
    "$middle" "$($A -v 0 -f bare.fa --tf SPI1 x.bed |
    tail -n 1 |
    awk '{ print $NF }')"
printf 'chr1\t1000\t1200\tp1\t900\t.\t7.5\t12.25\t9.5\t30\n' > n.narrowPeak
$A -f ref.fa --tf SPI1 n.narrowPeak > once.bed 2> err.txt
said 'narrowPeak is noted' 'n.narrowPeak is read as narrowPeak'
$A -f ref.fa --tf SPI1 x.bed > /dev/null 2> err.txt
said 'and what is not' 'x.bed has ten columns, but is not narrowPeak'
{
    cat n.narrowPeak
    printf 'chr1\t1000\t1200\tp2\t900\t.\t7.5\t12.25\t9.5\t300\n'
} > m.narrowPeak
fails 'a summit outside, later' 'm.narrowPeak:2: the summit, 300, lies outside' $A -f ref.fa m.narrowPeak
{
    cat n.narrowPeak
    printf 'chr1\t1000\t1200\tp2\t900\t.\tx\t12.25\t9.5\t30\n'
} > m.narrowPeak
fails 'another format, later' 'm.narrowPeak:2: not narrowPeak' $A -f ref.fa m.narrowPeak
$TFBIND explain -v 0 $M -f ref.fa --tf SPI1 n.narrowPeak | cut -f 2- > got.txt
printf 'chr1\t1000\t1060\n' > y.bed
$TFBIND explain -v 0 $M -f ref.fa --tf SPI1 y.bed | cut -f 2- > want.txt
same 'explain: on the summit' want.txt got.txt
printf 'chr1\t1000\t1200\tchr1\t950\t1085\tname\t0\t+\t85\n' > wo.bed
$TFBIND explain -v 0 $M -f ref.fa --tf SPI1 wo.bed | cut -f 2- > got.txt
cut -f 1-3 wo.bed > y.bed
$TFBIND explain -v 0 $M -f ref.fa --tf SPI1 y.bed | cut -f 2- > want.txt
same 'explain: intersect -wo' want.txt got.txt
# labels: the middle, 1100, is in the first region, the false summit, 1085, in the second
printf 'chr1\t1090\t1110\tmiddle\nchr1\t1075\t1089\tfalse\n' > r.bed
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tr.bed\nA\tX\tpeaks\two.bed\n' > x.tsv
yes_no 'labels: intersect -wo' \
    'middle 1 false 0' "$($TFBIND labels -v 0 -f ref.fa --policy peaks --width 12 --samples x.tsv r.bed |
    awk '!/^#/ { print $4, $5 }' |
    sort -r |
    xargs)"

# ---- a file that was annotated before ----
$A -v 1 -f ref.fa --tf SPI1,CTCF a.bed > want.txt
$A -f ref.fa --tf SPI1,CTCF want.txt > got.txt 2> err.txt
same 'annotated twice: once in the output' want.txt got.txt
said 'and noted' 'columns of an earlier run are replaced: SPI1, ...'
$A -v 1 -f ref.fa a.bed > want.txt
$A -v 1 -f ref.fa want.txt > got.txt
same 'annotated twice with the best TF' want.txt got.txt
$A -v 1 -f ref.fa --tf SPI1 --window tile a.bed | $A -v 1 -f ref.fa --tf SPI1 --input bed - > got.txt
$A -v 1 -f ref.fa --tf SPI1 a.bed > want.txt
same 'the mean of an earlier run goes too' want.txt got.txt
$A -v 1 -f ref.fa --tf CTCF n.narrowPeak |
    $A -v 1 -f ref.fa --tf SPI1 --input bed - |
    tail -n 1 |
    awk '{ print $NF }' > got.txt
tail -n 1 once.bed | awk '{ print $NF }' > want.txt
same 'narrowPeak stays it beside scores' want.txt got.txt
{
    printf '#chrom\tstart\tend\tSPI1\n'
    printf 'chr1\t1000\t1060\tyes\n'
} > x.bed
$A -f ref.fa --tf SPI1 x.bed > got.txt 2> err.txt
said "a user's own column of that name is pointed out" 'x.bed has columns with the names of new ones (SPI1)'
yes_no "and stays" 'yes' "$(tail -n 1 got.txt | cut -f 4)"
$A -v 1 -f ref.fa --tf SPI1 a.bed > x.bed
printf 'chr1\t3000\t3060\tc\tmine\n' >> x.bed
fails 'a column that is ours, until it is not' \
    "x.bed:4: column 5 would be replaced by new scores, but 'mine' is not a score" $A -f ref.fa --tf SPI1 x.bed

# ---- FASTA ----
s=$(seq_at chr1 1001 1060)
fasta() {
    printf "$2" > x.fasta
    printf '>a\n%s\n' "$s" > y.fasta
    yes_no "FASTA with $1" "$($A -v 0 --tf SPI1 y.fasta | tail -n 1)" "$($A -v 0 --tf SPI1 x.fasta | tail -n 1)"
}
fasta 'blanks' ">a\n${s:0:10} ${s:10:20}  ${s:30} \n"
fasta 'tabs' ">a\n\t${s:0:10}\t${s:10}\n"
fasta 'Windows line ends' ">a\r\n${s:0:25}\r\n${s:25}\r\n"
fasta 'empty lines' ">a\n\n${s:0:25}\n\n${s:25}\n\n"
fasta_bad() {
    printf "$2" > x.fasta
    fails "FASTA with $1" "x.fasta:$3: $4 within a sequence is not a base" $A --tf SPI1 x.fasta
    fails "explain: FASTA with $1" "x.fasta:$3: $4" $TFBIND explain $M --tf SPI1 x.fasta
}
fasta_bad 'numbers' ">a\n1 ${s:0:10}\n" 2 "'1'"
fasta_bad 'a number at the end' ">a\n$s\n$s 60\n" 3 "'6'"
fasta_bad 'a semicolon' ">a\n;x\n$s\n" 2 "';'"
fasta_bad 'an asterisk' ">a\n$s*\n" 2 "'*'"
fasta_bad 'a control character' ">a\n${s:0:9}\001${s:9}\n" 2 'byte 0x01'
fasta_bad 'another alphabet' ">a\n${s:0:9}\303\204${s:9}\n" 2 'byte 0xc3'

# ---- the reference: white space, other letters, its indexes ----
ref() { samtools faidx "$1" 2> /dev/null; printf 'chr1\t1000\t1060\nchr1\t1030\t1090\n' > y.bed; }
printf 'chr1\t1000\t1060\nchr1\t1030\t1090\n' > y.bed; $A -v 1 -f ref.fa --tf SPI1 y.bed > want.txt
sed 's/$/\r/' ref.fa > x.fa
ref x.fa
$A -v 1 -f x.fa --tf SPI1 y.bed > got.txt
same 'a reference with Windows line ends' want.txt got.txt
sed '/>/!s/$/  /' ref.fa > x.fa
rm -f x.fa.fai
ref x.fa
$A -v 1 -f x.fa --tf SPI1 y.bed > got.txt
same 'a reference with blanks at line ends' want.txt got.txt
printf '>c\n%s' "$(tail -n +2 ref.fa | grep -v '>' | tr -d '\n' | head -c 10000)" > x.fa
rm -f x.fa.fai
ref x.fa
sed 's/chr1/c/' y.bed > z.bed
$A -v 1 -f x.fa --tf SPI1 z.bed | sed 's/^c	/chr1	/' > got.txt
same 'a reference of one line without an end' want.txt got.txt
bgzip -c ref.fa > z.fa.gz
samtools faidx z.fa.gz
$A -v 1 -f z.fa.gz --tf SPI1 y.bed > got.txt
same 'a compressed reference' want.txt got.txt
all_refuse() { # NAME TEXT FASTA: every command that reads a reference
    fails "$1: BED" "$2" $A -f "$3" y.bed
    fails "$1: VCF" "$2" $A -f "$3" in.vcf
    fails "$1: the plugin" "$2" host +tfbind in.vcf.gz -- $M -f "$3"
    fails "$1: scan" "$2" $TFBIND scan $M -f "$3" --tf SPI1
    fails "$1: explain" "$2" $TFBIND explain $M -f "$3" --tf SPI1 y.bed
    fails "$1: labels" "$2" $TFBIND labels -f "$3" --samples a.tsv --width 60 a.bed
}
sed '/>/!s/^\(.\{25\}\)/\1 /' ref.fa > x.fa
rm -f x.fa.fai
ref x.fa
all_refuse 'blanks within the lines' 'white space' x.fa
sed '2s/^./7/' ref.fa > x.fa
rm -f x.fa.fai
ref x.fa
fails 'a digit in a reference' "cannot read chr1:1 from x.fa: '7' is not a base" $TFBIND scan $M -f x.fa --tf SPI1
cp ref.fa x.fa
f() {
    printf "$2" > x.fa.fai
    fails "an index with $1" "x.fa.fai:$3" $TFBIND scan $M -f x.fa --tf SPI1
}
f 'lines of no bases' 'chr1\t10000\t6\t0\t0\n' 1
f 'no bytes' 'chr1\t10000\t6\t50\t0\n' 1
f 'fewer bytes than bases' 'chr1\t10000\t6\t50\t49\n' 1
f 'no line ends' 'chr1\t10000\t6\t50\t50\n' 1
f 'a place beyond the end' 'chr1\t10000\t6\t50\t51\nchr2\t10000\t99999\t50\t51\n' 2
f 'a length beyond the end' 'chr1\t1000000\t6\t50\t51\n' 1
f 'a negative place' 'chr1\t10000\t-6\t50\t51\n' 1
f 'a negative length' 'chr1\t-10000\t6\t50\t51\n' 1
f 'numbers that overflow' 'chr1\t9223372036854775807\t9223372036854775807\t1\t2\n' 1
f 'numbers beyond 64 bits' 'chr1\t10000\t18446744073709551622\t50\t51\n' 1
f 'lengths that overflow together' 'chr1\t4611686018427387904\t6\t1\t257\n' 1
f 'long line ends' 'chr1\t10\t6\t1\t4294967295\n' 1
f 'too few columns' 'chr1\t10000\t6\t50\n' 1
f 'columns of FASTQ' 'chr1\t10000\t6\t50\t51\t99\n' 1
f 'letters' 'chr1\tten\t6\t50\t51\n' 1; f 'nothing' '' 0; f 'a zero byte' 'chr1\t10000\t6\t50\t51\n\0\n' 2
printf 'chr1\t10000\t6\t0\t0\n' > x.fa.fai
all_refuse 'lines of no bases' 'x.fa.fai:1: chr1 has lines of no bases' x.fa
awk '{ print $1 "\t" $2 "\t" 10212 - $3 "\t" $4 "\t" $5 }' ref.fa.fai > x.fa.fai
printf 'chr2\t1000\t1060\n' > z.bed
fails 'places exchanged' 'x.fa.fai is the index of another file' $A -f x.fa z.bed
printf 'chr1\t10000\t7\t50\t51\n' > x.fa.fai
fails 'a place that is one off' 'x.fa.fai is the index of another file' $A -f x.fa y.bed
printf 'chr1\t9000\t6\t60\t61\n' > x.fa.fai
fails 'lines of another width' 'x.fa.fai is the index of another file' $A -f x.fa y.bed
cat ref.fa.fai ref.fa.fai > x.fa.fai
$A -f x.fa --tf SPI1 y.bed > got.txt 2> err.txt
same 'contigs twice: the first ones' want.txt got.txt
said 'contigs twice are pointed out' 'x.fa.fai:3: chr1 occurs twice'
{
    printf '>chr0\n'
    cat ref.fa
} > x.fa
cp ref.fa.fai x.fa.fai
fails 'the index of the file without its first line' 'x.fa.fai is the index of another file' $A -f x.fa y.bed
cp ref.fa x.fa
cp ref.fa.fai x.fa.fai
touch -d '2001-01-01' x.fa.fai
$A -f x.fa --tf SPI1 y.bed > got.txt 2> err.txt
same 'a stale index that fits' want.txt got.txt
said 'a stale index is pointed out' 'x.fa.fai is older than x.fa'
$TFBIND scan $M -f x.fa --tf SPI1 -r chr1:1-100 2> err.txt > /dev/null
said 'scan: a stale index' 'x.fa.fai is older than x.fa'
host +tfbind in.vcf.gz -- $M -f x.fa 2> err.txt > /dev/null
said 'the plugin: a stale index' 'x.fa.fai is older than x.fa'
touch -d '2001-01-01' z.fa.gz.gzi
$A -f z.fa.gz --tf SPI1 y.bed 2> err.txt > /dev/null
said 'a stale .gzi' 'z.fa.gz.gzi is older than z.fa.gz'
touch z.fa.gz.gzi
$A -f ref.fa --tf SPI1 y.bed 2>&1 > /dev/null | grep -q older &&
    echo 'not ok a fresh index: nothing is said' ||
    echo 'ok a fresh index: nothing is said'
g() { printf "$2" > z.fa.gz.gzi; fails "a .gzi with $1" 'z.fa.gz.gzi is damaged' $A -f z.fa.gz y.bed; }
g 'nothing' ''
g 'fewer places than it says' '\002\0\0\0\0\0\0\0'
g 'very many places' '\377\377\377\377\377\377\377\017'
g 'a place beyond the end' '\001\0\0\0\0\0\0\0\377\377\377\0\0\0\0\0\001\0\0\0\0\0\0\0'
g 'a place twice' '\002\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0\001\0\0\0\0\0\0\0'
fails 'a pipe as a reference' 'it is not a file' $A -f <(cat ref.fa) y.bed
fails 'a folder as a reference' 'it is not a file' $A -f . y.bed
gzip -c ref.fa > g.fa.gz
fails 'a reference compressed with gzip' 'compress it with bgzip' $A -f g.fa.gz y.bed

# ---- no contig is known, or there is no input ----
printf 'chr7\t5515\t5715\nchr8\t1\t61\n' > u.bed
none() {
    local name=$1
    shift
    "$@" > got.txt 2> err.txt
    yes_no "$name: no contig is known" 1 $?
    said "$name: and that is said" \
        'ref.fa has no contig chr7, with or without chr, or as M or MT (is it another genome?)'
}
none BED $A -f ref.fa --tf SPI1 u.bed
yes_no 'BED: the output is whole' "$(cut -f 2- u.bed | sed 's/$/	./')" "$(tail -n +2 got.txt | cut -f 2-)"
said 'BED: the first one is named' '2 on a contig not in the FASTA (such as chr7)'
none explain $TFBIND explain $M -f ref.fa --tf SPI1 u.bed
{
    printf '@SQ\tSN:chr7\tLN:10000\n'
    printf 'r\t0\tchr7\t1001\t60\t40M\t*\t0\t0\t%s\t*\n' "$(seq_at chr1 1001 1040)"
} > u.sam
none BAM $A -f ref.fa -O sam u.sam
yes_no 'BAM: the output is whole' 1 "$(grep -c '^r' got.txt)"
printf 'chr7\t5515\t5715\nchr1\t1\t2\n' > u.bed
$A -f ref.fa --tf SPI1 u.bed > got.txt 2> err.txt
yes_no 'one contig is known' 0 $?
said 'but nothing is scored' 'warning: nothing was scored'
: > e.bed; check 'no rows at all' $A -f ref.fa --tf SPI1 e.bed
fails 'an input that is not there, without -f' 'cannot read none.vcf: No such file' $A none.vcf
echo ';x' > x.dat
fails 'an unknown input, without -f' 'cannot read x.dat: it is not VCF, BCF, BED, FASTA, SAM, BAM, CRAM or a table of variants' $A x.dat
check 'FASTA without -f' $A a.fasta
fails 'BED without -f' '-f ref.fa is missing' $A a.bed
fails 'explain: an unknown input' 'x.dat: it is not VCF, BCF, BED or FASTA' $TFBIND explain $M x.dat
: > e.dat
fails 'an empty input' 'cannot read e.dat: it is empty' $A e.dat
fails 'one error for one fault' 1 sh -c "$A --write-index=bai none.vcf 2>&1 | grep -c error: >&2; exit 1"

# ---- labels ----
: > e.bed
printf 'cell\ttf\tkind\tpath\nA\t.\topen\ta.bed\nA\tX\tpeaks\te.bed\n' > x.tsv
$TFBIND labels -f ref.fa --samples x.tsv --width 60 a.bed > got.txt 2> err.txt
said 'a file of peaks without peaks' 'warning: e.bed holds no intervals (peaks of X)'
printf 'cell\ttf\tkind\tpath\nA\t.\topen\te.bed\nA\tX\tpeaks\ta.bed\n' > x.tsv
$TFBIND labels -f ref.fa --samples x.tsv --width 60 --keep-unresolved a.bed > got.txt 2> err.txt
said 'accessibility without intervals' 'warning: e.bed holds no intervals (open of A)'

# ---- {tf} stays in its folder ----
"$UNIT_DIR/tool_tiny_model" dots.safetensors 'conv 8 9; relu; pool 2; dense 4' 60 '..,.,A/../B,...' 5
mkdir -p out/in; $TFBIND scan -v 1 -m dots.safetensors -f ref.fa --tf all -r chr1:1-100 -o 'out/in/{tf}' 2> err.txt
yes_no 'names made of dots, as files' 'A_.._B _ __ ___' "$(ls -A out/in | LC_ALL=C sort | xargs)"
yes_no 'nothing beside' 'in' "$(ls -A out)"
mkdir -p dots
$TFBIND scan -v 1 -m dots.safetensors -f ref.fa --tf all -r chr1:1-100 -o dots/
yes_no 'names made of dots, in a folder' 'A_.._B.bedGraph _.bedGraph __.bedGraph ___.bedGraph' "$(ls -A dots |
    LC_ALL=C sort |
    xargs)"
rm -rf out
mkdir -p out/in
echo precious > x.bg
fails 'a name made of dots, as a folder' 'cannot write out/in/__/../x.bg' $TFBIND scan -v 1 -m dots.safetensors \
    -f ref.fa --tf .. -o 'out/in/{tf}/../x.bg'
$TFBIND explain -v 0 -m dots.safetensors -f ref.fa --tf all --track 'out/in/{tf}.bw' a.bed
yes_no 'explain: names made of dots' 'A_.._B.bw _.bw __.bw ___.bw' "$(ls -A out/in | LC_ALL=C sort | xargs)"

# ---- bigWig on a disk that gets full ----
$TFBIND scan -v 0 $M -f ref.fa --tf all --step 1 -o 'w.{tf}.bw'; size=$(stat -c %s w.CTCF.bw); rm -f w.*.bw; bad=
for at in $( # a limit of so many kilobytes
    seq 1 9 $((size / 1024 - 1))
); do
    (
        ulimit -f "$at"
        trap '' XFSZ
        $TFBIND scan -v 0 $M -f ref.fa --tf all --step 1 -o 'w.{tf}.bw' 2> err.txt
    )
    status=$?
    [ $status -eq 1 ] &&
        grep -q 'cannot write w.[A-Z0-9-]*.bw' err.txt &&
        [ "$(grep -c "^\[.*\] error:" err.txt)" = 1 ] &&
        ! ls w.*.bw > /dev/null 2>&1 ||
        bad="$bad $at:$status"
done
[ -z "$bad" ] &&
    echo 'ok a bigWig that does not fit is an error and no file' ||
    echo "not ok a bigWig that does not fit is an error and no file:$bad"

# ---- records of SAM and BAM ----
sam() {
    printf '@SQ\tSN:chr1\tLN:10000\n@SQ\tSN:chr2\tLN:10000\n'
    printf 'r1\t%s\tchr1\t%s\t60\t%s\t%s\t%s\t%s\t%s\t*%b\n' "$1" "$2" "$3" "$4" "$5" "$6" "${7:-$s40}" "${8:-}"
}
s40=$(seq_at chr1 1001 1040)
tag() { (
    ulimit -t 5
    $A -v 0 -f ref.fa --no-PG -O sam --tf SPI1 ${2:-} "$1" 2> err.txt
) | awk '!/^@/ { for (i = 12; i <= NF; i++) if ($i ~ /^y0/) t = $i } END { print t == "" ? "none" : t }'; }
sam 0 1001 40M '*' 0 0 > x.sam; single=$(tag x.sam); [ "$single" != none ]
verdict $? 'a read' "$(cat err.txt)"
for tlen in 2147483647 -2147483648 4611686018427387904 -9223372036854775808 9223372036854775807 1000001 9001; do
    for how in center tile; do
        sam 99 1001 40M = 1001 $tlen > x.sam
        yes_no "TLEN $tlen, $how: the read's own window" "$single" "$(tag x.sam "--window $how")"
    done
done
four() { sed 's/y0:f://' | xargs printf '%.4f'; }
sam 99 1001 40M = 1001 9000 > x.sam; printf 'chr1\t1000\t10000\n' > y.bed
yes_no 'TLEN up to the end of the contig: its windows' "$($A -v 0 -f ref.fa --tf SPI1 --window tile y.bed |
    tail -n 1 |
    cut -f 4 |
    four)" "$(tag x.sam '--window tile' | four)"
n=$(for i in 1 2 3 4 5 6 7 8; do printf '20M268435455N'; done)20M
sam 0 1001 "$n" '*' 0 0 "$(seq_at chr1 1001 1180)" > x.sam
for opt in '' '--window tile' --reads '--reads --window tile'; do
    yes_no "a CIGAR of 2 Gb ${opt:-center}" none "$(tag x.sam "$opt")"
    yes_no "a CIGAR of 2 Gb ${opt:-center}: no error" '' "$(cat err.txt)"
done
sam 0 9981 40M '*' 0 0 > x.sam
for opt in '' '--window tile' --reads; do yes_no "a CIGAR beyond the contig $opt" none "$(tag x.sam "$opt")"; done
sam 4 1001 '*' '*' 0 0 > x.sam
yes_no 'unmapped with a place' none "$(tag x.sam)"
sam 2048 1001 40M '*' 0 0 > x.sam
yes_no 'supplementary' "$single" "$(tag x.sam)"
# a BAM with bytes changed: what the record is made of, in the order of the format
sam 0 1001 40M '*' 0 0 "$s40" '\tZB:B:s,1,2,3\tZT:Z:text' | samtools view -b --no-PG -o x.bam
bgzip -dc x.bam > x.raw
patch() { # NAME TEXT PERL: the record is in $r, without its size
    perl -e '
        local $/;
        binmode STDIN;
        binmode STDOUT;
        my $d = <STDIN>;
        my $i = rindex $d, "r1\0";
        my $h = substr $d, 0, $i - 36;
        my $r = substr $d, $i - 32;
        '"$3"';
        print $h, pack("V", length $r), $r' < x.raw |
        bgzip > y.bam
    for opt in '' --reads '--window tile'; do fails "BAM: $1 $opt" "$2" $A -f ref.fa --tf SPI1 -o o.bam $opt \
        y.bam; done
    ok_if "BAM: $1 leaves nothing" [ ! -e o.bam ]
}
patch 'an array longer than the record' \
    'record 1 (r1) is malformed: an array' 'my $t = index $r, "ZBBs"; substr $r, $t + 4, 4, pack("V", 1000)'
patch 'an array of 2^32 values' \
    'record 1 (r1) is malformed: an array' 'my $t = index $r, "ZBBs"; substr $r, $t + 4, 4, pack("V", 0xffffffff)'
patch 'an array of no type' 'record 1 (r1) is malformed: an array' \
    'my $t = index $r, "ZBBs"; substr $r, $t + 3, 1, "x"'
patch 'a tag of no type' 'record 1 (r1) is malformed: a tag' 'my $t = index $r, "ZTZ"; substr $r, $t + 2, 1, "?"'
patch 'a text without an end' "record 1 (r1) is malformed: a tag's text has no end" 'chop $r'
patch 'tags that are cut off' 'record 1 (r1) is malformed: its tags are cut off' '$r .= "ZZ"'
patch 'an operation that does not exist' 'y.bam: ' 'substr $r, 35, 4, pack("V", 40 << 4 | 12)'
patch 'a CIGAR longer than the sequence' 'y.bam: ' 'substr $r, 35, 4, pack("V", 400000 << 4)'
patch 'a contig that is not there' 'y.bam: ' 'substr $r, 0, 4, pack("V", 7)'
patch "a mate's contig that is not there" 'y.bam: ' 'substr $r, 20, 4, pack("V", 7)'
patch 'a negative contig' 'y.bam: ' 'substr $r, 0, 4, pack("l<", -5)'
patch 'a sequence of 2^31 bases' 'y.bam: ' 'substr $r, 16, 4, pack("V", 0x7fffffff)'
patch 'a sequence of a negative length' 'y.bam: ' 'substr $r, 16, 4, pack("l<", -1)'
for type in 'i:5' 'Z:x' 'B:f,1' 'A:x' 'H:1A'; do
    sam 0 1001 40M '*' 0 0 "$s40" "\ty0:$type" > x.sam
    fails "our tag as $type" 'r1 (chr1:1001) cannot get the tag y0' $A -f ref.fa --tf SPI1 -O sam x.sam
done
