# Outputs are whole or not there, whatever ends the run: signals at random moments, failures, full disks. With --slow: hundreds of kills.
. "$SRCDIR/test/lib.sh"
[ -n "${COVERAGE:-}" ] && { echo 'skip whole outputs: gcov writes files when a program ends'; exit 0; }
make_inputs || exit 1
T=$TFBIND
M='-v 0 -m tiny.safetensors -f ref.fa'
export BCFTOOLS_PLUGINS=$PLUGIN_DIR

# ---- inputs that take a moment ----
size=1; [ -n "$SLOW" ] && size=4
awk -v every=$((12 / size)) '/^>/ { c = substr($1, 2); n = 0; next } { s[c] = s[c] $0 } END {
    print "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=10000>\n##contig=<ID=chr2,length=10000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    for (k = 1; k <= 2; k++) for (i = 100; i < 4800; i += every) { b = substr(s["chr" k], i, 1); print "chr" k "\t" i "\t.\t" b "\t" (b == "A" ? "C" : "A") "\t.\t.\t." } }' ref.fa > many.vcf
bcftools view --no-version -Ob -o many.bcf many.vcf && bcftools index many.bcf
awk -v every=$((12 / size)) '/^>/ { c = substr($1, 2); next } { s[c] = s[c] $0 } END { print "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:10000\n@SQ\tSN:chr2\tLN:10000"
    for (i = 100; i < 4800; i += every) printf "r%d\t0\tchr1\t%d\t60\t50M\t*\t0\t0\t%s\t*\n", i, i, substr(s["chr1"], i, 50) }' ref.fa | samtools view --no-PG -b -o many.bam -
awk '{ for (i = 100; i < 4800; i += 12) print $1 "\t" i "\t" i + 60 }' ref.fa.fai > many.bed
awk '{ print ">" $1 ":" $2; for (i = 0; i < 3; i++) print "ACGTACGTTGCATGCAATCGACTAGCATCGACTACGATCAGCGACGACTAC" }' many.bed > many.fa
awk '!/^#/ { print $1 "\t" $2 "\t" $3 "\tp" NR "\t0\t.\t1\t1\t1\t30" }' labels.bed > p.narrowPeak
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tp.narrowPeak\nA\tX\tpeaks\tp.narrowPeak\n' > sheet.tsv
$T annotate $M --tf all --no-version -Ob -o ann.bcf many.bcf && bcftools view --no-version -Ob -o hits.bcf -i 'POS<700' ann.bcf || exit 1
head -n 30 many.bed > few.bed

# ---- kills ----
if [ -z "${SANITIZED:-}" ] && ${CC:-cc} -D_GNU_SOURCE -O1 -shared -fPIC -o kill.so "$SRCDIR/test/lib/kill.c" -ldl 2> err.txt; then export KILL_SO=$PWD/kill.so; fi
n=2; [ -n "$SLOW" ] && n=60
kills() { perl "$SRCDIR/test/kills.pl" -n "$n" -s "${SEED:-1}" "$@"; }
run_kills() {
    kills VCF o.vcf $T annotate $M --no-version -o o.vcf many.bcf
    kills 'VCF.gz with csi' o.vcf.gz+o.vcf.gz.csi $T annotate $M --no-version -W -o o.vcf.gz many.bcf
    kills 'VCF.gz with tbi' o.vcf.gz+o.vcf.gz.tbi $T annotate $M --no-version -W=tbi -@ 5 -o o.vcf.gz many.bcf
    kills 'BCF with csi' o.bcf+o.bcf.csi $T annotate $M --no-version --tf all -W -o o.bcf many.vcf
    kills 'BCF of the plugin' o.bcf+o.bcf.csi bcftools +tfbind many.vcf -- $M --no-version -W -o o.bcf
    kills SAM o.sam $T annotate $M --no-PG -o o.sam many.bam
    kills 'BAM with csi' o.bam+o.bam.csi $T annotate $M --no-PG -W -o o.bam many.bam
    kills 'BAM with bai' o.bam+o.bam.bai $T annotate $M --no-PG -W=bai -@ 5 -o o.bam many.bam
    kills 'CRAM with crai' o.cram+o.cram.crai $T annotate $M --no-PG -W -o o.cram many.bam
    kills BED o.bed $T annotate $M --tf all -o o.bed many.bed
    kills BED.gz o.bed.gz $T annotate $M --tf all -o o.bed.gz many.bed
    kills 'a table' o.tsv $T annotate -v 0 -m tiny.safetensors --window tile --step 9 -o o.tsv many.fa
    kills 'bedGraph, a file a TF' o.CTCF.txt,o.SPI1.txt,o.NKX2-5.txt $T scan $M --tf all --step 5 -o 'o.{tf}.txt'
    kills bedGraph.gz o.bedGraph.gz $T scan $M --tf SPI1 --step 5 -o o.bedGraph.gz
    $T scan $M --tf SPI1 --step 40 -o x.bw 2> /dev/null && kills bigWig o.bw $T scan $M --tf SPI1 --step 5 -o o.bw
    kills 'labels with tbi' l.bed.gz+l.bed.gz.tbi $T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o l.bed.gz labels.bed
    kills 'a table and a figure' o.tsv,o.svg $T enrich $M --permutations 200 --background ann.bcf --svg o.svg -o o.tsv hits.bcf
    kills 'a table and predictions' o.tsv,o.txt $T evaluate -m tiny.safetensors -f ref.fa -l labels.bed --predictions o.txt -o o.tsv
    kills 'a model' o.safetensors $T model --half --convert o.safetensors tiny.safetensors
    kills 'a calibrated model' o.safetensors $T model --calibrate -f ref.fa -R many.bed --n 300 -o o.safetensors tiny.safetensors
    kills 'a report' o.html $T report -o o.html ann.bcf
    out=o.tsv,o.scores,o.bedGraph; $T explain $M --tf CTCF --npz x few.bed 2> /dev/null && out=$out,o.CTCF.onehot.npz,o.CTCF.hyp.npz && npz='--npz o'
    kills 'contributions and arrays' $out $T explain $M --tf CTCF ${npz-} --track o.bedGraph --scores o.scores -o o.tsv few.bed
    kills -a 'training, and going on' 't.safetensors,t.safetensors.ckpt?' $T pretrain --resume -v 0 -f ref.fa -l labels.bed --spec 'conv 8 9; relu; pool 4; dense 0' -e 8 -@ 1 -o t.safetensors
}
run_kills > kills.txt
cat kills.txt
