# BED and FASTA: the same scores every way, lines kept, bad rows named.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
A="$TFBIND annotate -m tiny.safetensors -v 1"
grep -v '^#' labels.bed | cut -f 1-4 | grep -v 'r2[0-9]' > w.bed
awk '{ print $1 ":" $2 + 1 "-" $3 }' w.bed > r.txt; samtools faidx -r r.txt ref.fa > w.fa
$A --tf all w.fa > fa.tsv; $A -f ref.fa --tf all w.bed > bed.tsv
cut -f 2- fa.tsv > a.txt
cut -f 5- bed.tsv > b.txt
same 'a region and its sequence have the same scores' a.txt b.txt
head -n 1 fa.tsv | grep -qx 'name	CTCF	SPI1	NKX2-5'
verdict $? 'the table has one header line'
cut -f 1-4 bed.tsv | tail -n +2 > got.txt; same 'BED lines come out as they went in, in order' w.bed got.txt
$A w.fa > got.txt; same 'FASTA: all TFs by default' fa.tsv got.txt
$A -@ 3 --tf all w.fa > got.txt; same 'three threads = one' fa.tsv got.txt
bgzip -c w.bed > w.bed.gz; $A -f ref.fa --tf all w.bed.gz > got.txt; same 'bgzip BED' bed.tsv got.txt
gzip -c w.fa > w.fa.gz; $A w.fa.gz > got.txt; same 'gzip FASTA' fa.tsv got.txt
sed 's/$/\r/' w.fa > crlf.fa; $A crlf.fa > got.txt; same 'Windows line ends' fa.tsv got.txt
$A --input bed -f ref.fa --tf all < w.bed > got.txt; same 'BED on standard input' bed.tsv got.txt
$A --input fasta < w.fa > got.txt; same 'FASTA on standard input' fa.tsv got.txt
$A -o got.txt w.fa; same '-o' fa.tsv got.txt
$TFBIND evaluate -m tiny.safetensors -f ref.fa -l labels.bed --predictions p.tsv > /dev/null 2>&1
$A -f ref.fa --tf all --scale logit labels.bed | grep -v 'r2[0-9]' | cut -f 8- | tail -n +2 | head -n 50 > a.txt
grep -v '^#' p.tsv | cut -f 4- | head -n 50 > b.txt
same '--scale logit = what evaluate predicts' a.txt b.txt
paste <($A --tf CTCF --scale logit w.fa | cut -f 2) <(cut -f 2 fa.tsv) |
    awk '
        NR > 1 { p = 1 / (1 + exp(-$1)); d = p - $2; if (d * d > 1e-9) bad = 1 }
        END { print bad ? "not ok probability = logistic of the logit" : "ok probability = logistic of the logit" }'
$A -f ref.fa w.bed |
    tail -n +2 |
    paste - <(tail -n +2 bed.tsv) |
    awk -F'\t' '
        { m = $11 > $12 ? $11 : $12; if ($13 > m) m = $13; if (m != $6) bad = 1 }
        END { print bad ? "not ok the summary is the highest score" : "ok the summary is the highest score" }'
# where the window lies: 60 bases
printf 'chr1\t1000\t1100\ta\n' > c.bed; printf 'chr1\t1020\t1080\ta\n' > d.bed
$A -f ref.fa --tf all c.bed | cut -f 5- > a.txt
$A -f ref.fa --tf all d.bed | cut -f 5- > b.txt
same 'the window is centred on the interval' a.txt b.txt
printf 'chr1\t1000\t1100\ta\t0\t.\t1\t2\t3\t70\n' > c.narrowPeak; printf 'chr1\t1040\t1100\ta\n' > d.bed
$A -f ref.fa --tf all c.narrowPeak | cut -f 11- > a.txt
$A -f ref.fa --tf all d.bed | cut -f 5- > b.txt
same 'narrowPeak: on the summit' a.txt b.txt
printf 'chr1\t1000\t1100\ta\t0\t.\t1\t2\t3\t-1\n' > c.narrowPeak; printf 'chr1\t1000\t1100\ta\n' > d.bed
$A -f ref.fa --tf all c.narrowPeak | cut -f 11- > a.txt
$A -f ref.fa --tf all d.bed | cut -f 5- > b.txt
same 'narrowPeak without a summit: in the middle' a.txt b.txt
printf 'chr1\t1000\t1100\tt\n' > t.bed; printf 'chr1\t1000\t1060\nchr1\t1030\t1090\nchr1\t1040\t1100\n' > parts.bed
$A -f ref.fa --tf all parts.bed |
    tail -n +2 |
    awk '
        { for (i = 1; i <= 3; i++) { v = $(i + 3); if (v > m[i]) m[i] = v; s[i] += v } }
        END { for (i = 1; i <= 3; i++) printf "%.4f %.4f\n", m[i], s[i] / 3 }' > want.txt
$A -f ref.fa --tf all --window tile t.bed |
    tail -n +2 |
    awk '{ for (i = 5; i <= 10; i += 2) printf "%.4f %.4f\n", $i, $(i + 1) }' > got.txt
same '--window tile: the largest and the mean' want.txt got.txt
$A -f ref.fa --window tile --tf all t.bed |
    tail -n +2 |
    awk '{ b = 5; for (i = 7; i <= 9; i += 2) if ($i > $b) b = i; print $b, $(b + 1) }' > want.txt
$A -f ref.fa --window tile t.bed |
    awk '
        NR == 1 {
            print ($5 " " $6 " " $7 == "top_tf top_score top_mean") ? "ok" : "not ok",
                "--window tile: the summary names its mean"
        }
        NR == 2 { print $6, $7 > "got.txt" }'
same '--window tile: the summary is the highest score, with the mean of its TF' want.txt got.txt
{
    echo '>t'
    seq_at chr1 1001 1100
    echo
} > t.fa
$A --window tile t.fa | cut -f 2- > a.txt
$A -f ref.fa --window tile --tf all t.bed | cut -f 5- > b.txt
same '--window tile: a sequence as its interval' b.txt a.txt
printf 'chr1\t9000\t9223372036854775807\ta\t0\t.\t1\t2\t3\t9223372036854775807\n' > far.bed
fails 'an end that no window could lie before' 'far.bed:1: not BED' $A -f ref.fa far.bed
printf 'chr1\t9000\t9223372034707292159\ta\t0\t.\t1\t2\t3\t9223372036854775807
chr1\t9223372034707292158\t9223372034707292159
' > far.bed
printf 'chr1\t9000\t10000\ta\n' > near.bed
$A -f ref.fa far.bed | tail -n +2 | cut -f 12 | tr '\n' ' ' | grep -qx '\.  '
verdict $? 'an end far beyond the contig' "$($A -f ref.fa far.bed | tail -n +2 | tr '\n' ' ')"
timeout 60 $A -f ref.fa --tf SPI1 --window tile --step 20 far.bed | sed -n 2p | cut -f 11- > a.txt
$A -f ref.fa --tf SPI1 --window tile --step 20 near.bed | tail -n +2 | cut -f 5- > b.txt
same 'an end far beyond the contig, tiled: as far as there is sequence' b.txt a.txt
# more windows than a batch holds
printf 'chr1\t0\t10000\tlong\nchr1\t1000\t1100\tt\n' > t.bed
awk 'BEGIN { for (b = 0; b + 60 <= 10000; b++) print "chr1\t" b "\t" b + 60 }' > parts.bed
$A -f ref.fa --tf all parts.bed |
    tail -n +2 |
    awk '
        { for (i = 1; i <= 3; i++) { v = $(i + 3); if (v > m[i]) m[i] = v; s[i] += v } n++ }
        END { for (i = 1; i <= 3; i++) printf "%.5f %.5f\n", m[i], s[i] / n }' > want.txt
$A -f ref.fa --tf all --window tile --step 1 t.bed > long.txt
sed -n 2p long.txt | awk '{ for (i = 5; i <= 10; i += 2) printf "%.5f %.5f\n", $i, $(i + 1) }' > got.txt
paste want.txt got.txt |
    awk '
        { if (($1 - $3) ^ 2 + ($2 - $4) ^ 2 > 1e-9) bad = 1 }
        END { print NR == 3 && !bad ? "ok" : "not ok", "an interval of more windows than a batch" }'
sed -n 2p t.bed > one.bed
$A -f ref.fa --tf all --window tile --step 1 one.bed | tail -n 1 > a.txt
tail -n 1 long.txt > b.txt
same 'the interval behind it' a.txt b.txt
# headers, odd rows, odd sequences
{
    sed -n 1,3p w.bed
    printf '# between\n\ntrack name=y\n'
    sed -n 4,5p w.bed
} > m.bed
$A -f ref.fa --tf SPI1 m.bed | tail -n +2 | cut -f 1-4 > got.txt
same 'comments among the rows stay there' m.bed got.txt
printf '#chrom\tstart\tend\n' > h.bed; $A -f ref.fa --tf SPI1 h.bed | grep -qx '#chrom	start	end	SPI1'
verdict $? 'a header without rows'
sed 's/chr1/track1/' ref.fa > track.fa
sed 's/chr1/track1/' w.bed > track.bed
$A -f track.fa --tf SPI1 track.bed | tail -n +2 | sed 's/track1/chr1/' > a.txt
$A -f ref.fa --tf SPI1 w.bed | tail -n +2 > b.txt
same 'a contig whose name begins like a header line' b.txt a.txt
$A -f ref.fa --tf SPI1 labels.bed > a.txt
for how in 'cat labels.bed | $A -f ref.fa --tf SPI1 -' \
    'cat labels.bed.gz | $A -f ref.fa --tf SPI1' \
    '$A -f ref.fa --tf SPI1 < labels.bed.gz' '$A -f ref.fa --tf SPI1 labels.bed.gz'; do
    eval "$how" > b.txt
    same "BED behind a header line is recognised: $how" a.txt b.txt
done
{ printf 'track name=x\n# a comment\n#chrom\tstart\tend\tid\n'; head -n 2 w.bed; } > h.bed
$A -f ref.fa --tf SPI1 h.bed | head -n 3 > got.txt
printf 'track name=x\n# a comment\n#chrom\tstart\tend\tid\tSPI1\n' > want.txt
same 'header lines are kept, the last gets our columns' want.txt got.txt
printf 'chr1\t5\t9\tedge\nchr9\t100\t200\tabsent\nchr2\t4950\t4990\tn\n' > odd.bed
$TFBIND annotate -m tiny.safetensors -f ref.fa --tf SPI1 odd.bed 2> err.txt |
    tail -n +2 |
    cut -f 5 |
    tr '\n' ' ' |
    grep -qx '\. \. \. ' &&
    grep -q '3 rows, 0 scored, 3 not: 1 on a contig not in the FASTA (such as chr9), 1 too near a contig end, 1 with too many N' err.txt
verdict $? 'what cannot be scored gets . and is counted' "$(cat err.txt)"
printf '>short\nACGT\n>none\n>long\n%s%s%s\n' "$(seq_at chr1 1 30)" "$(seq_at chr1 31 90)" \
    "$(seq_at chr1 91 120)" > o.fa
samtools faidx ref.fa chr1:31-90 > m.fa
$A --tf SPI1 o.fa | cut -f 2 | sed -n 4p > a.txt
$A --tf SPI1 m.fa | cut -f 2 | sed -n 2p > b.txt
same 'of a long sequence the middle counts' b.txt a.txt
$A --tf SPI1 o.fa | sed -n '2,3p' | cut -f 2 | tr '\n' ' ' | grep -qx '\. \. '
verdict $? 'sequences too short are not scored'
: > e.bed; check 'an empty BED' $A -f ref.fa --input bed e.bed
printf 'chr1\t10\t200\nchr1\tten\t20\n' > bad.bed; fails 'a bad line' 'bad.bed:2: not BED' $A -f ref.fa bad.bed
printf 'chr1\t200\t100\n' > bad.bed; fails 'end before start' 'bad.bed:1: not BED' $A -f ref.fa bad.bed
fails 'BED needs a FASTA' '-f ref.fa is missing' $A w.bed
$A -f ref.fa --tf all -o got.bed.gz w.bed
bgzip -t got.bed.gz && zcat got.bed.gz > got.txt
same '-o .gz: bgzip' bed.tsv got.txt
tabix -p bed got.bed.gz 2> err.txt && [ "$(tabix got.bed.gz chr1 | wc -l)" -gt 10 ]
verdict $? 'which tabix indexes' "$(head -n 1 err.txt)"
$A -o got.tsv.gz w.fa; zcat got.tsv.gz > got.txt; same '-o .gz: FASTA' fa.tsv got.txt
printf 'chr1\t100\t200\nchr1\tx\t5\n' > bad.bed
rm -f out.*
$A -f ref.fa -o out.bed.gz bad.bed 2> err.txt
[ $? -eq 1 ] && [ -z "$(ls out.* 2> /dev/null)" ]
verdict $? '-o .gz: nothing half-written' "$(ls out.*)"
fails 'an unwritable table' 'cannot write /dev/full' $A -o /dev/full w.fa
fails 'options of VCF' 'w.fa is FASTA: -i' $A -Ob w.fa
fails 'an unknown scale' '--scale is probability or logit' $A --scale odds w.fa
fails 'an unknown window' '--window is center or tile' $A --window left w.fa
head -c $(($(stat -c %s w.bed.gz) - 28)) w.bed.gz > cut.bed.gz
fails 'BED without its end marker' 'truncated' $A -f ref.fa cut.bed.gz
# nothing half-written
for f in bad.bed cut.gz; do
    [ $f = bad.bed ] && {
        cat w.bed
        echo 'chr1 x 5'
    } > bad.bed || gzip -c w.bed | head -c -40 > cut.gz
    rm -f out.*
    $A --input bed -f ref.fa -o out.bed $f 2> err.txt
    [ $? -eq 1 ] && grep -q "$f:[0-9]*:" err.txt && [ -z "$(ls out.* 2> /dev/null)" ]
    verdict $? "$f leaves nothing" "$(ls out.*) $(tail -n 1 err.txt)"
done
{
    cat w.fa
    printf '>x\nACGT\n'
} | gzip -c | head -c -30 > cut.fa.gz
rm -f out.*
$A -o out.tsv cut.fa.gz 2> err.txt
[ $? -eq 1 ] && [ -z "$(ls out.* 2> /dev/null)" ]
verdict $? 'FASTA cut short leaves nothing' "$(ls out.*)"
cp w.bed both.bed
fails 'onto itself' 'both.bed is the input' $A -f ref.fa -o both.bed both.bed
same 'it is still whole' w.bed both.bed
printf 'chr1\t500\t600' > last.bed
$A -f ref.fa - < last.bed > got.txt
printf 'chr1\t500\t600\n' | $A -f ref.fa > want.txt
same 'a line without its end' want.txt got.txt
# the first bytes of a pipe may be few, or end within a block of bgzip
{
    printf '#chrom\tstart\tend\tname\n'
    perl -e '
        srand 1;
        for (1 .. 900) {
            my $b = 200 + 10 * $_;
            printf "chr1\t%d\t%d\t%s\n", $b, $b + 60, join "", map { chr 97 + rand 26 } 1 .. 12
        }'
} > long.bed
bgzip -c long.bed > long.bed.gz
$A -f ref.fa long.bed > want.txt
[ "$(stat -c %s long.bed.gz)" -gt 8192 ] || echo 'not ok the test is about a long block'
cat long.bed.gz | $A -f ref.fa > got.txt
same 'bgzip with a header from a pipe' want.txt got.txt
gzip -c long.bed | $A -f ref.fa > got.txt
same 'gzip likewise' want.txt got.txt
$A -f ref.fa - < long.bed.gz > got.txt; same 'and from a file that is standard input' want.txt got.txt
{
    head -c 9 long.bed
    sleep 0.2
    tail -c +10 long.bed | head -c 30
    sleep 0.2
    tail -c +40 long.bed
} | $A -f ref.fa > got.txt
same 'BED that comes in pieces' want.txt got.txt
{ sleep 0.5; cat long.bed; } | $A -f ref.fa > got.txt; same 'BED that comes late' want.txt got.txt
{
    head -c 9 long.bed.gz
    sleep 0.2
    tail -c +10 long.bed.gz
} | $A -f ref.fa > got.txt
same 'bgzip in pieces' want.txt got.txt
{
    perl -e '$| = 1; for (1 .. 3000) { print "# ", "x" x 20, "\n" }'
    cat long.bed
} | $A -f ref.fa | grep -v '^# ' > got.txt
same 'a header longer than what is looked at' want.txt got.txt
printf '#chrom\tstart\tend\n' | $A -f ref.fa > got.txt
printf '#chrom\tstart\tend\ttop_tf\ttop_score\n' > want.txt
same 'BED without rows from a pipe' want.txt got.txt
fails 'VCF without its first line' 'cannot read' $A -f ref.fa <(printf '#CHROM\tPOS\tID\n')
# a pipe with a name is read but once
$A -f ref.fa w.bed > want.txt; gzip -c w.bed > pipe.bed.gz
$A -f ref.fa <(cat w.bed) > got.txt
same 'BED from <(...)' want.txt got.txt
$A -f ref.fa <(cat pipe.bed.gz) > got.txt
same 'compressed BED from <(...)' want.txt got.txt
$A w.fa > want.txt; $A <(cat w.fa) > got.txt; same 'FASTA from <(...)' want.txt got.txt
$A --no-version -f ref.fa in.vcf.gz > want.txt 2> /dev/null
$A --no-version -f ref.fa <(cat in.vcf.gz) > got.txt 2> /dev/null
[ -s want.txt ] && same 'VCF from <(...)' want.txt got.txt
