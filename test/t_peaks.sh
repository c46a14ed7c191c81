# labels: every score and policy against a table worked out by hand; summits, recentring, order, bad
# input; and back again.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
# regions of 60 at 1000, 1200, ... on chr1; one on chr2 in N; given as 20 bases around the same
# middles, not in order
r() { printf 'chr1\t%d\t%d\t%s\n' $(($1 + 20)) $(($1 + 40)) "$2"; }
{
    r 1400 none
    r 1000 both
    r 1200 peak
    r 1600 site
    r 1800 closed
    r 2000 othercell
    r 2200 maxof
    printf 'chr2\t4960\t4980\tinN\n'
    r 2400 edge
} > regions.bed
cells() { printf 'chr1\t%d\t%d\n' 900 1700 2195 2460; printf 'chr2\t4000\t6000\n'; }
cells > openA.bed                                            # cell A: all but `closed` and `othercell`
printf 'chr1\t1990\t2061\nchr1\t2200\t2201\n' > openB.bed    # cell B: othercell, and maxof by a single base
# TF X in cell A: summits; narrowPeak: start + offset
printf 'chr1\t1000\t1060\ta\t0\t.\t1\t1\t1\t10
chr1\t1100\t1300\tb\t0\t.\t1\t1\t1\t100
chr1\t1430\t1700\tc\t0\t.\t1\t1\t1\t100
chr1\t2400\t2600\td\t0\t.\t1\t1\t1\t60
chr1\t1800\t1860\te\t0\t.\t1\t1\t1\t30
chr9\t5\t50\tf\t0\t.\t1\t1\t1\t3
' > XA.narrowPeak
# last base of both; first of site; closed; just behind edge
printf 'chr1\t1059\t1075\nchr1\t1590\t1601\nchr1\t1810\t1820\nchr1\t2460\t2470\n' > XA.tfbs.bed
# TF X in cell B: a peak (BED3: its middle) and, for every cell, a site in maxof and othercell
printf 'chr1\t2200\t2241\nchr1\t2000\t2061\n' > XB.bed
printf 'chr1\t2210\t2220\nchr1\t2010\t2020\n' > Xall.bed
printf 'cell\ttf\tkind\tpath
A\t.\topen\topenA.bed
B\t.\topen\topenB.bed
A\tX\tpeaks\tXA.narrowPeak
A\tX\ttfbs\tXA.tfbs.bed
B\tX\tpeaks\tXB.bed
.\tX\ttfbs\tXall.bed
B\tY\tpeaks\tXB.bed
' > sheet.tsv
# scores of X by hand: both 4; peak 2; none 1 (the summit, 1530, is outside); site 3; closed 0;
# othercell 4 (cell B); maxof: A open, site only 3; B open, peak and site 4 -> 4; edge: summit 2460
# is just outside, site behind: 1
L="$TFBIND labels -f ref.fa --samples sheet.tsv --width 60 -v 1"
want() { printf 'both %s\npeak %s\nnone %s\nsite %s\nclosed %s\nothercell %s\nmaxof %s\nedge %s\n' "$@"; }
got() { grep -v '^#' "$1" | cut -f 4,5 | tr '\t' ' '; }
for p in 'sparse 1 . 0 . . 1 1 0' 'less-sparse 1 0 0 0 . 1 1 0' 'full 1 0 0 0 0 1 1 0' 'peaks 1 1 0 0 . 1 1 0'; do
    set -- $p
    name=$1
    shift
    $L --policy $name --keep-unresolved regions.bed > out.bed
    want "$@" > want.txt
    got out.bed > got.txt
    same "policy $name" want.txt got.txt
done
$L regions.bed > out.bed
head -n 1 out.bed | grep -qx '#chrom	start	end	name	X	Y'
verdict $? 'the header names the TFs'
sed -n 2p out.bed | cut -f 1-4 | grep -qx 'chr1	1000	1060	both'
verdict $? 'regions are recentred and sorted' "$(sed -n 2p out.bed)"
! grep -q closed out.bed
verdict $? 'regions resolved for no TF are left out'
! grep -q inN out.bed
verdict $? 'regions with an N are left out'
$L --keep-n regions.bed | grep -q inN
verdict $? '--keep-n'
awk '
    $4 == "othercell" {
        if ($6 == ".") print "ok TF Y: a peak without a site is unresolved"
        else print "not ok TF Y: " $6
    }
    $4 == "both" { print ($6 == ".") ? "ok TF Y: not ChIP-ed where it is open" : "not ok TF Y: " $6 }' out.bed
# order and form of the input do not matter
sort -k4 regions.bed > shuffled.bed; $L shuffled.bed > got.bed; same 'regions in any order' out.bed got.bed
sort -r XA.narrowPeak > t; mv t XA.narrowPeak; $L regions.bed > got.bed; same 'peaks in any order' out.bed got.bed
{
    echo 'track name=x'
    sed 's/$/\r/' openA.bed
    echo
    echo '# end'
} > t
mv t openA.bed
$L regions.bed > got.bed
same 'comments, empty lines, Windows line ends' out.bed got.bed
gzip -c XA.tfbs.bed > t.gz
sed 's/XA.tfbs.bed/t.gz/' sheet.tsv > sheet2.tsv
$TFBIND labels -f ref.fa --samples sheet2.tsv --width 60 -v 1 regions.bed > got.bed
same 'gzip' out.bed got.bed
mkdir -p sub
sed 's#\t\([a-zA-Z.]*\)$#\t../\1#; 1s#../##' sheet.tsv > sub/s.tsv
$TFBIND labels -f ref.fa --samples sub/s.tsv --width 60 -v 1 regions.bed > got.bed
same 'paths are relative to the sheet' out.bed got.bed
$L -o out.bed.gz regions.bed; zcat out.bed.gz > got.bed; same '-o .gz' out.bed got.bed
tabix out.bed.gz chr1:1401-1460 | grep -q none
verdict $? 'a tabix index that works'
cat regions.bed regions.bed > twice.bed
$L twice.bed 2> err.txt > got.bed
same 'a region given twice is one' out.bed got.bed
grep -q 'another one again' err.txt
verdict $? 'and said so'
# and back: peaks and sites made from a labels file give that file
awk -v OFS='\t' '!/^#/ && $5 == 1 { print $1, $2, $3 }' labels.bed > p.bed
awk -v OFS='\t' '!/^#/ { print $1, $2, $3, $4 }' labels.bed > all.bed
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tall.bed\nA\tCTCF\tpeaks\tp.bed\nA\tCTCF\ttfbs\ttf.bed\n' > back.tsv
awk -v OFS='\t' '{ print $1, $2 + 20, $2 + 30 }' p.bed > tf.bed
$TFBIND labels -f ref.fa --samples back.tsv --width 60 -v 1 all.bed --keep-n | cut -f 1-5 > got.bed
cut -f 1-5 labels.bed > want.bed
same 'there and back' want.bed got.bed
# bad input
bad() {
    local name=$1 text=$2
    fails "$name" "$text" $TFBIND labels -f ref.fa --samples bad.tsv --width 60 regions.bed
}
peaks() {
    printf "$1" > bad.bed
    printf 'cell\ttf\tkind\tpath\nA\t.\topen\topenA.bed\nA\tX\tpeaks\tbad.bed\n' > bad.tsv
}
peaks 'chr1\t5\t9\nchr1\t9\t5\n'; bad 'end before start' 'bad.bed:2: not BED: end is before start'
peaks 'chr1\t5\n'; bad 'two columns' 'bad.bed:1: not BED'
peaks 'chr1\tx\t9\n'; bad 'a start that is none' 'bad.bed:1: not BED'
peaks 'chr1\t5\t9\ta\t0\t.\t1\t1\t1\t44\n'
bad 'a summit outside its peak' 'bad.bed:1: the summit, 44, lies outside'
peaks 'chr1\t5\t9\ta\t0\t.\t1\t1\t1\tx\n'; bad 'a summit that is none' "bad.bed:1: 'x' in the tenth column"
peaks '1\t5\t9\n'
$TFBIND labels -f ref.fa --samples bad.tsv --width 60 regions.bed 2>&1 > /dev/null |
    grep -q 'bad.bed: none of its 1 intervals'
verdict $? 'another style of contig names: said'
printf 'cell\ttf\tkind\nA\tX\tpeaks\n' > bad.tsv; bad 'a sheet without a column' 'expected a header line with the columns cell, tf, kind and path'
printf 'cell\ttf\tkind\tpath\nA\tX\tpeak\tXB.bed\n' > bad.tsv
bad 'an unknown kind' "bad.tsv:2: kind is open, peaks or tfbs, not 'peak'"
printf 'cell\ttf\tkind\tpath\nA\tX\topen\tXB.bed\n' > bad.tsv
bad 'accessibility of a TF' 'bad.tsv:2: open regions belong to a cell type'
printf 'cell\ttf\tkind\tpath\n.\tX\tpeaks\tXB.bed\n' > bad.tsv
bad 'peaks of no cell' 'bad.tsv:2: only binding sites'
printf 'cell\ttf\tkind\tpath\nA\tX\tpeaks\tnone.bed\n' > bad.tsv
bad 'a file that is not there' 'cannot read none.bed'
printf 'chr7\t1\t2\n' > r.bed; fails 'a region on an unknown contig' 'r.bed:1: chr7 is not in ref.fa' $L r.bed
printf 'chr1\t1\t2\n' > r.bed; fails 'a region at the edge' 'holds no regions' $L r.bed
fails 'an unknown policy' '--policy is sparse' $L --policy strict regions.bed
cp regions.bed both.bed
fails 'onto the input' 'both.bed is the input' $L -o both.bed both.bed
same 'it is still whole' regions.bed both.bed
fails 'an unwritable file' 'cannot write /nonexistent/x' $L -o /nonexistent/x regions.bed
# BED12's tenth column counts blocks: no summit. A contig may be called track1. A summit near the
# end of numbers is outside, not undefined.
peaks 'chr1\t1195\t1305\ta\t0\t+\t1195\t1305\t0\t2\t10,10\t0,100\n'
$TFBIND labels -f ref.fa --samples bad.tsv --width 60 -v 1 --policy peaks regions.bed > got.bed
[ "$(awk '$4 == "peak" { print $5 }' got.bed)" = 1 ]
verdict $? 'BED12: the middle, not the blocks' "$(grep -w peak got.bed)"
peaks 'chr1\t5\t9\ta\t0\t.\t1\t1\t1\t9223372036854775807\n'
bad 'a summit beyond all numbers' 'bad.bed:1: the summit, 9223372036854775807, lies outside'
peaks 'track1\t5\t9\n'
$TFBIND labels -f ref.fa --samples bad.tsv --width 60 regions.bed 2>&1 > /dev/null |
    grep -q 'none of its 1 intervals'
verdict $? 'a contig called track1 is one'
# ten thousand contigs and as many regions: found by name, quickly
awk 'BEGIN { for (i = 0; i < 10000; i++) printf ">s%d\nACGTACGTACGTACGTACGTACGTACGTACGT\n", i }' > many.fa
samtools faidx many.fa
awk 'BEGIN { for (i = 9999; i >= 0; i--) printf "s%d\t6\t26\tr%d\n", i, i }' > many.bed
awk 'BEGIN { for (i = 0; i < 10000; i += 2) printf "s%d\t10\t20\n", i }' > manypeaks.bed
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tmany.bed\nA\tX\tpeaks\tmanypeaks.bed\nA\tX\ttfbs\tmanypeaks.bed\n' > many.tsv
timeout 60 $TFBIND labels -f many.fa --samples many.tsv --width 20 -v 1 many.bed > got.bed
awk '
    !/^#/ { n[$5]++ }
    END {
        if (n[1] == 5000 && n[0] == 5000) print "ok ten thousand contigs"
        else print "not ok ten thousand contigs: " n[1] " bound"
    }' got.bed
