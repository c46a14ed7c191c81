# Many contigs, TFs and samples: time and memory grow no faster than they do. Limits are of
# processor time, generous, and far below what quadratic time takes.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
M="-m tiny.safetensors"
within() { # NAME SECONDS COMMAND...: of processor time
    local name=$1 seconds=$2 status
    shift 2
    [ -n "${SANITIZED:-}" ] && seconds=$((10 * seconds))
    (
        ulimit -t "$seconds"
        "$@" > out.txt 2> err.txt
    )
    status=$?
    if [ $status -eq 0 ]; then echo "ok $name"; else echo "not ok $name: status $status ($(head -n 1 err.txt))"; fi
}
n=80000
# scaffolds of 120 bases, all the same but for their number, so that each has its value: the window
# in the middle holds it in bases
awk -v n=$n '
    BEGIN {
        split("A C G T", b, " ")
        for (i = 0; i < n; i++) {
            s = ""
            for (k = 0; k < 9; k++) s = s b[1 + int(i / 4 ^ k) % 4]
            printf ">scaffold_%d\nACGGTCATTACGGATCTTACGATTCAGGCATCGATTAGCATCGATTAGCTACGGCATCTA\n%sTTAGCATCGATTACGATTCAGGCATGCATTACGGATCATTACGCATACTGA\n",
                i, s
        }
    }' > many.fa
samtools faidx many.fa
awk -v n=$n 'BEGIN { for (i = 0; i < n; i++) printf "scaffold_%d\t30\t90\n", (i * 7919) % n }' > many.bed
awk -v n=$n '
    BEGIN {
        for (i = 0; i < n; i++) printf "@SQ\tSN:scaffold_%d\tLN:120\n", i
        for (i = 0; i < n; i++) printf "r%d\t0\tscaffold_%d\t31\t60\t60M\t*\t0\t0\t*\t*\n", i, i
    }' > many.sam
within 'BED over 80,000 contigs, in any order' 6 $TFBIND annotate -v 0 $M -f many.fa --tf SPI1 -o bed.txt many.bed
within 'SAM over them' 8 $TFBIND annotate -v 0 $M -f many.fa --tf SPI1 -O sam -o sam.txt many.sam
within 'scan' 6 $TFBIND scan -v 0 $M -f many.fa --tf SPI1 --step 120 -o scan.txt
within 'scan, in regions' 6 $TFBIND scan -v 0 $M -f many.fa --tf SPI1 --step 120 -R many.bed -o regions.txt
within 'explain, to a track' 15 $TFBIND explain -v 0 $M -f many.fa --tf SPI1 --method gradient --track \
    track.txt many.bed
sort -k1,1V bed.txt | awk '!/^#/ { print $1, $4 }' > want.txt
[ "$(wc -l < want.txt)" = $n ] || echo "not ok all rows are there: $(wc -l < want.txt)"
awk '{ print $1, $4 }' scan.txt > got.txt; same 'scan = BED' want.txt got.txt
awk '{ print $1, $4 }' regions.txt > got.txt; same 'regions = BED' want.txt got.txt
awk '
    !/^@/ { for (i = 12; i <= NF; i++) if ($i ~ /^y0:f:/) printf "%s %.4f\n", $3, substr($i, 6) }' sam.txt > got.txt
awk '{ printf "%s %.4f\n", $1, $2 }' want.txt > want4.txt
[ "$(paste -d ' ' want4.txt got.txt |
    awk '{ d = $2 - $4; if ($1 != $3 || d > 2e-4 || d < -2e-4) n++ } END { print n + 0 }')" = 0 ]
verdict $? 'SAM = BED'
# a bigWig with more contigs than a node of its tree has room for: read back from its index
within 'scan, to bigWig' 20 $TFBIND scan -v 0 $M -f many.fa --tf SPI1 --step 120 -o scan.bw
mv ref.fa.fai tiny.fai
cp many.fa.fai ref.fa.fai
from_bigwig scan.bw '%.5f' > got.txt
mv tiny.fai ref.fa.fai
same 'bigWig = bedGraph' scan.txt got.txt
# names in the tree of contigs are sorted, level by level, as who looks a contig up expects
perl -e '
    local $/;
    open F, "<:raw", "scan.bw" or die;
    my $d = <F>;
    my $t = unpack "Q<", substr $d, 8, 8;
    my ($magic, $size, $key, $val, $n) = unpack "L< L< L< L< Q<", substr $d, $t, 24;
    my @names;
    my $walk;
    $walk = sub {
        my ($o, $first) = @_;
        my ($leaf, $x, $k) = unpack "C C S<", substr $d, $o, 4;
        $o += 4;
        for my $i (0 .. $k - 1) {
            my ($name) = unpack "Z*", substr($d, $o, $key) . "\0";
            die "key" if $i == 0 && defined $first && $first ne $name;
            if ($leaf) {
                my ($id, $len) = unpack "L< L<", substr $d, $o + $key, 8;
                die "$name $id $len" if $name ne "scaffold_$id" || $len != 120;
                push @names, $name
            } else {
                $walk->(unpack("Q<", substr $d, $o + $key, 8), $name)
            }
            $o += $key + 8
        }
    };
    $walk->($t + 32);
    my @sorted = sort @names;
    print "@names" eq "@sorted" && @names == $n && $n == 80000 ? "ok the contigs of a bigWig\n"
        : "not ok the contigs of a bigWig: " . @names . "\n"'
# many TFs in a sheet: files of a TF are found without looking at those of the others
awk '
    BEGIN {
        print "cell\ttf\tkind\tpath"
        for (c = 0; c < 60; c++) print "C" c "\t.\topen\tr.bed"
        for (t = 0; t < 8000; t++) { print "C" t % 60 "\tT" t "\tpeaks\tp.bed"; print ".\tT" t "\ttfbs\tp.bed" }
    }' > many.tsv
printf 'chr1\t1000\t1060\n' > r.bed; printf 'chr1\t1020\t1040\n' > p.bed
within 'labels of 8,000 TFs in 60 cell types' 6 $TFBIND labels -v 0 -f ref.fa --width 60 --samples many.tsv \
    -o labels.txt r.bed
tail -n 1 labels.txt | cut -f 5- | tr '\t' '\n' | sort | uniq -c | tr -s ' ' | grep -qx ' 8000 1'
verdict $? 'all are bound'
# regions on many contigs, and columns of an earlier run
within 'regions to draw from on 80,000 contigs' 20 $TFBIND model --calibrate --n 2000 -f many.fa -R many.bed \
    -o cal.safetensors tiny.safetensors
