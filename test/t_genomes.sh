# Genome builds: a warning if the contig lengths of the FASTA or of the input are those of another build than the
# model's, from every command that scores, once.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
is() {
    [ "$2" = "$3" ]
    verdict $? "$1" "'$2', not '$3'"
}
# chromosome NAME LENGTH: a FASTA of one chromosome, with chr1's bases at its beginning and N after them
chromosome() {
    samtools faidx ref.fa chr1 | tail -n +2 | tr -d '\n' |
        perl -e '
            my ($name, $length) = @ARGV;
            my $bases = <STDIN>;
            print ">$name\n", $bases, "N" x ($length - length $bases), "\n"' "$1" "$2" | bgzip > "$1.$2.fa.gz"
    samtools faidx "$1.$2.fa.gz"
}
chromosome chr21 46709983
chromosome 21 48129895
chromosome NC_060945.1 45090682
chromosome chr19 61431566
chromosome chr19 61420004
chromosome chr21 46709982
hg38=chr21.46709983.fa.gz hg19=21.48129895.fa.gz hs1=NC_060945.1.45090682.fa.gz
mm10=chr19.61431566.fa.gz mm39=chr19.61420004.fa.gz

# models of each build
grep -v chr2 labels.bed > one.bed
P="$TFBIND pretrain -v 0 -e 1 --seed 2"
S='conv 8 5; relu; gpool max; dense 0'
for g in hg38 GRCh37.p13 chm13v2.0 GRCm38 mm39 made-up; do
    $P --spec "$S" -f ref.fa -l labels.bed --genome $g -o m.$g.safetensors
done
sed 's/^chr1\t/chr21\t/' one.bed > hg38.bed
$P --spec "$S" -f $hg38 -l hg38.bed -o own.safetensors
is 'pretrain records the build of its FASTA' "$($TFBIND model --get genome own.safetensors)" hg38
$P --spec "$S" -f ref.fa -l labels.bed -o own.safetensors
is 'or the name of the file' "$($TFBIND model --get genome own.safetensors)" ref.fa

# each build with each model
for g in hg38:$hg38 GRCh37.p13:$hg19 chm13v2.0:$hs1 GRCm38:$mm10 mm39:$mm39; do
    model=${g%%:*} own=${g#*:}
    scan() { $TFBIND scan -v 1 -m m.$model.safetensors -f $1 --tf SPI1 -R r.bed 2>&1 > /dev/null; }
    for f in $hg38 $hg19 $hs1 $mm10 $mm39; do
        printf '%s\t0\t500\n' "$(cut -f 1 $f.fai)" > r.bed
        n=1
        [ $f != $own ] || n=0
        is "$model: $f" "$(scan $f | grep -c 'by its contig lengths')" $n
    done
done
text() { $TFBIND scan -v 1 -m m.$1.safetensors -f $2 --tf SPI1 -R r.bed 2>&1 > /dev/null; }
printf '21\t0\t500\n' > r.bed
ok_if 'the same species' grep -q "warning: $hg19 is on GRCh37 (hg19) by its contig lengths, and m.hg38.safetensors \
[0-9a-f]* was trained on GRCh38 (hg38): a window with the same bases" <(text hg38 $hg19)
printf 'chr19\t0\t500\n' > r.bed
ok_if 'another species' grep -q "is on mouse GRCm39 (mm39) by its .*trained on human GRCh38 (hg38): predictions" \
    <(text hg38 $mm39)
printf 'chr21\t0\t500\n' > r.bed
is 'a genome that is not known' "$(text made-up $hg38)" ''
is 'lengths that are not known' "$(text hg38 chr21.46709982.fa.gz)" ''

# every command that scores
to_21() { sed 's/chr1\b/21/; /chr2\|chrUn/d; s/length=10000/length=48129895/' "$1"; }
to_21 in.vcf > 21.vcf
M="-m m.hg38.safetensors"
warnings() { "$@" 2>&1 > /dev/null | grep -c 'was trained on GRCh38'; }
is 'annotate VCF' "$(warnings $TFBIND annotate $M -f $hg19 21.vcf)" 1
is 'the plugin' "$(warnings host +tfbind 21.vcf -- $M -f $hg19)" 1
is 'annotate BED' "$(printf '21\t100\t200\n' | warnings $TFBIND annotate $M -f $hg19 --input bed -)" 1
printf '@SQ\tSN:21\tLN:48129895\nr\t0\t21\t500\t60\t60M\t*\t0\t0\t%s\t*\n' "$(seq_at chr1 500 559)" > 21.sam
is 'annotate SAM' "$(warnings $TFBIND annotate $M -f $hg19 --tf SPI1 21.sam)" 1
is 'scan' "$(warnings $TFBIND scan $M -f $hg19 --tf SPI1 -r 21:1-500)" 1
is 'enrich' "$(warnings $TFBIND enrich $M -f $hg19 --within 5000 --permutations 0 21.vcf)" 1
is 'explain VCF' "$(warnings $TFBIND explain $M -f $hg19 21.vcf)" 1
is 'explain BED' "$(printf '21\t100\t200\n' | warnings $TFBIND explain $M -f $hg19 --input bed -)" 1
$TFBIND annotate -v 0 $M -f $hg19 -o 21.tfb.vcf 21.vcf
$TFBIND annotate -v 0 $M -f $hg19 --tf all -o 21.all.vcf 21.vcf
is 'report' "$(warnings $TFBIND report $M -f $hg19 21.tfb.vcf)" 1
is 'enrich by tags: the header' "$(warnings $TFBIND enrich $M --permutations 0 --background 21.all.vcf 21.all.vcf)" 1
is '-v 0' "$(warnings $TFBIND annotate -v 0 $M -f $hg19 21.vcf)" 0
# the input and the FASTA
printf '##fileformat=VCFv4.2\n##contig=<ID=chr21,length=46709983>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n' \
    > 38.vcf
is 'VCF and FASTA differ' "$($TFBIND annotate -v 1 $M -f $hg19 38.vcf 2>&1 > /dev/null | grep 'warning')" \
    "[tfbind annotate] warning: 38.vcf is on GRCh38 (hg38) and $hg19 on GRCh37 (hg19), by their contig lengths: use \
the FASTA of the input's build, or lift the input"
