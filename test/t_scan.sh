# Scanning: every interval has the score of the window in its middle, however the work was shared,
# cut into regions or written.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
O="-m tiny.safetensors -f ref.fa -v 1"
S="$TFBIND scan $O"
grid() { awk -v s="$1" '
    { for (b = 0; b < $2; b += s) print $1 "\t" b "\t" (b + s < $2 ? b + s : $2) }' ref.fa.fai; }
# steps that share all phases (12 = pool 4 x pool 3), some, one; each base; wider than a window
for step in 12 24 5 7 1 100; do
    grid $step > g.bed
    $TFBIND annotate $O --tf SPI1 --max-n 20 g.bed | tail -n +2 | awk '$4 != "."' > want.txt
    $S --tf SPI1 --step $step > got.txt
    same "--step $step = window by window" want.txt got.txt
done
for opt in '--strand fwd' '--strand rev' '--scale logit' '--max-n 0'; do
    grid 7 > g.bed
    $TFBIND annotate $O --tf SPI1 $opt g.bed | tail -n +2 | awk '$4 != "."' > want.txt
    $S --tf SPI1 --step 7 $opt > got.txt
    same "$opt" want.txt got.txt
done
for cpu in plain vec128 avx2; do
    grid 5 > g.bed
    TFBIND_CPU=$cpu $TFBIND annotate $O --tf SPI1 g.bed | tail -n +2 | awk '$4 != "."' > want.txt
    TFBIND_CPU=$cpu $S --tf SPI1 --step 5 > got.txt
    same "$cpu kernels" want.txt got.txt
done
"$UNIT_DIR/tool_tiny_model" other.safetensors 'conv 8 9; relu; pool 2; dense 2' 60 A,B 5
grid 4 > g.bed
$TFBIND annotate -v 1 -m tiny.safetensors,other.safetensors -f ref.fa --tf B g.bed |
    tail -n +2 |
    awk '$4 != "."' > want.txt
$TFBIND scan -v 1 -m tiny.safetensors,other.safetensors -f ref.fa --tf B --step 4 > got.txt
same 'two models' want.txt got.txt
$S --tf SPI1 --step 7 > all.txt
$S --tf SPI1 --step 7 -@ 1 > got.txt
same 'one thread' all.txt got.txt
$S --tf SPI1 --step 7 -@ 5 > got.txt
same 'five threads' all.txt got.txt
# regions
{
    $S --tf SPI1 --step 7 -r chr1:1-4321
    $S --tf SPI1 --step 7 -r chr1:4322-10000
    $S --tf SPI1 --step 7 -r chr2
} > parts.txt
by_base() { awk '{ for (b = $2; b < $3; b++) print $1, b, $4 }' "$1"; }
by_base all.txt > want.txt; by_base parts.txt > got.txt; same 'pieces join seamlessly' want.txt got.txt
$S --tf SPI1 --step 7 -r chr2:101-200,chr1:1001-1100,chr1:1050-1200 > r.txt
by_base r.txt > got.txt
by_base all.txt |
    awk '($1 == "chr1" && $2 >= 1000 && $2 < 1200) || ($1 == "chr2" && $2 >= 100 && $2 < 200)' > want.txt
same '-r: sorted and merged' want.txt got.txt
printf 'chr2\t100\t200\nchr1\t1000\t1200\n' > r.bed
$S --tf SPI1 --step 7 -R r.bed > got.txt
same '-R BED' r.txt got.txt
printf 'chr2\t101\t200\nchr1\t1001\t1200\n' > r.tsv
$S --tf SPI1 --step 7 -R r.tsv > got.txt
same '-R counting from 1' r.txt got.txt
awk '$1 == "chr2" && $2 < 4990 && $3 > 4950' all.txt | grep -q . &&
    echo 'not ok N have no value' ||
    echo 'ok N have no value'
# outputs
$S --tf SPI1 --step 7 -o got.txt; same '-o' all.txt got.txt
$S --tf SPI1 --step 7 -o got.bedGraph.gz; bgzip -dc got.bedGraph.gz > got.txt; same 'bgzip' all.txt got.txt
$S --tf all --step 7 -o 'p.{tf}.bedGraph'
same 'a name with {tf}' all.txt p.SPI1.bedGraph
ls p.*.bedGraph | tr '\n' ' ' | grep -qx 'p.CTCF.bedGraph p.NKX2-5.bedGraph p.SPI1.bedGraph '
verdict $? 'one track per TF'
mkdir d && $S --tf CTCF,SPI1 --step 7 -o d; same 'a folder' all.txt d/SPI1.bedGraph
check '-O bigwig' $S --tf SPI1 --step 7 -O bigwig -o w.bw
check 'bigWig' $S --tf SPI1 --step 7 -o w2.bigWig; ok_if 'bigWig by name' cmp -s w.bw w2.bigWig
head -c 4 w.bw | od -An -tx4 | grep -q 888ffc26
verdict $? 'a bigWig'
from_bigwig w.bw '%.5f' > got.txt; same 'bigWig = bedGraph' all.txt got.txt
check 'a bigWig of nothing but N' $S --tf SPI1 -r chr2:4955-4960 --step 2 -o n.bw
# what shows them: a track hub and an IGV session
mkdir tracks
$S --tf CTCF,NKX2-5 --step 40 -o 'tracks/{tf}.bw' --hub tracks/hub.txt --igv tracks/igv.xml --genome hg38
verdict $? 'a hub and a session'
digest=$(sha256sum tiny.safetensors | cut -c1-12)
cat > want.txt << END
hub tfbind
shortLabel tfbind
longLabel Predicted TF binding, by tfbind scan with tiny.safetensors $digest
useOneFile on
email none

genome hg38

track tfbind
compositeTrack on
shortLabel TF binding
longLabel Predicted TF binding, by tfbind scan with tiny.safetensors $digest
type bigWig
visibility full
viewLimits 0:1
autoScale off
maxHeightPixels 100:40:16
color 31,95,196

    track tfbind_1
    parent tfbind on
    bigDataUrl CTCF.bw
    shortLabel CTCF
    longLabel CTCF: predicted binding
    type bigWig

    track tfbind_2
    parent tfbind on
    bigDataUrl NKX2-5.bw
    shortLabel NKX2-5
    longLabel NKX2-5: predicted binding
    type bigWig
END
same 'the hub' want.txt tracks/hub.txt
grep -q '<Session genome="hg38" version="8">' tracks/igv.xml &&
    [ "$(grep -o '<Resource path="[^"]*"' tracks/igv.xml | cut -d'"' -f 2 | tr '\n' ' ')" = 'CTCF.bw NKX2-5.bw ' ] &&
    [ "$(grep -o '<Track id="[^"]*" name="[^"]*"' tracks/igv.xml | cut -d'"' -f 2,4 | tr '\n' ' ')" = \
        'CTCF.bw"CTCF NKX2-5.bw"NKX2-5 ' ] &&
    [ "$(grep -c 'maximum="1.0"' tracks/igv.xml)" = 2 ]
verdict $? 'the session'
$S --tf CTCF --step 40 --scale logit -o one.bw --igv one.xml
grep -q '<Session genome="ref.fa"' one.xml && grep -q 'autoScale="true"' one.xml && ! grep -q DataRange one.xml
verdict $? 'a session of logits, with the FASTA as its genome'
fails 'a hub of a genome without a name' 'the contig lengths of ref.fa do not tell' $S --tf CTCF -o one.bw --hub hub.txt
fails 'a hub in another folder' "--hub hub.txt is not in the folder of tracks/CTCF.bw" \
    $S --tf CTCF -o tracks/CTCF.bw --hub hub.txt --genome hg38
fails 'a hub of bedGraph' 'show bigWigs' $S --tf CTCF -o one.bedGraph --hub hub.txt --genome hg38
fails 'a hub that is a track' '--hub one.bw is the name of a track' $S --tf CTCF -o one.bw --hub one.bw --genome hg38
ok_if 'no hub is left' [ ! -e hub.txt ]
fails 'a bigWig to standard output' 'bigWig needs a file' $S --tf SPI1 -O bigwig
fails 'a bigWig in a folder that is not there' 'cannot write none/x.bw' $S --tf SPI1 -o none/x.bw
fails 'a bigWig on a full disk' 'cannot write /dev/full' $S --tf SPI1 -o /dev/full -O bigwig
mkfifo fifo
(cat fifo > /dev/null &)
fails 'a bigWig to a pipe' 'bigWig needs a file' $S --tf SPI1 -o fifo -O bigwig
# bad input and bad luck
fails 'several TFs on one output' '2 TFs are 2 tracks' $S --tf CTCF,SPI1 -o x.bedgraph
fails 'no TF' '--tf is missing' $S
fails 'an empty region' '-r is empty' $S --tf SPI1 -r ''
fails 'an unknown region' 'no region chr9:1-5 in ref.fa' $S --tf SPI1 -r chr1:5-9,chr9:1-5
printf 'chr1\t1\t5\nchr1\tx\t5\n' > bad.bed; fails 'a bad region' 'bad.bed:2: not BED' $S --tf SPI1 -R bad.bed
printf 'chr9\t1\t5\n' > bad.bed
fails 'an unknown contig' 'bad.bed:1: ref.fa has no contig chr9' $S --tf SPI1 -R bad.bed
fails 'a full disk' 'cannot write' sh -c "$S --tf SPI1 --step 1 > /dev/full"
fails 'an input' "unexpected argument 'in.vcf'" $S --tf SPI1 in.vcf
fails 'an unknown format' '--output-type is bedgraph or bigwig' $S --tf SPI1 -O wig
