# No output replaces a file that the run reads, or another output: by any name, in all commands.
# What is refused leaves everything as it was.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
T=$TFBIND
M='-v 0 -m tiny.safetensors -f ref.fa'
export BCFTOOLS_PLUGINS=$PLUGIN_DIR
mkdir sub folder && cp tiny.safetensors folder/a.safetensors && cp tiny.safetensors other.safetensors
bgzip -c ref.fa > gz.fa.gz && samtools faidx gz.fa.gz
printf 'chr1\t50\t4000\n' > some.bed
cut -f 1-3 labels.bed | grep -v '^#' | head -n 20 > rows.bed
printf 'chr1\n' > names.txt
printf 'CTCF\t2\n' > weights.tsv
printf 'snv\n' > ids.txt
samtools faidx ref.fa chr1:100-200 > seq.fa
samtools faidx ref.fa chr1:101-160 > window.fa
awk '!/^#/ { print $1 "\t" $2 "\t" $3 "\tp" NR "\t0\t.\t1\t1\t1\t30" }' labels.bed | head -n 60 > p.narrowPeak
printf 'cell\ttf\tkind\tpath\nA\t.\topen\tp.narrowPeak\nA\tX\tpeaks\tp.narrowPeak\n' > sheet.tsv
printf 'MEME version 4

MOTIF A a
letter-probability matrix: alength= 4 w= 4
0.7 0.1 0.1 0.1
0.1 0.7 0.1 0.1
0.1 0.1 0.1 0.7
0.1 0.1 0.7 0.1
' > two.meme
printf '@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr1\tLN:10000\nr1\t0\tchr1\t100\t60\t50M\t*\t0\t0\t%s\t*\n' \
    "$(seq_at chr1 100 149)" |
    samtools view --no-PG -b -o in.bam -
samtools index in.bam
$T annotate $M --tf all --no-version -Ob -o ann.bcf in.vcf &&
    bcftools view -Ob -o hits.bcf -i 'POS<700' ann.bcf ||
    exit 1

bcftools query -e 'ALT~"<"' -f '%CHROM\t%POS\t%REF\t%ALT\n' hits.bcf | grep -v , > table.txt
printf 'rs1\n' > ids.txt
grep '^##' in.vcf > dbsnp.vcf
printf 'gene\tTPM\nSPI1\t3\n' > tpm.tsv
printf 'SPI1\n' > tfs.txt
$T scan $M --tf SPI1 -r chr1:1-900 -o all.bw || exit 1

pretrain() { "$T" pretrain --spec 'conv 4 15; relu; pool 4; dense 0' "$@"; }

# refused NAME FILE COMMAND...: OUT in the command stands for FILE, for links to it, and for another
# spelling of its name
refused() {
    local name=$1 file=$2 to status bad='' as
    shift 2
    cp "$file" kept.copy
    for as in name symbolic hard spelled; do
        rm -f sub/link.*
        case $as in
            name) to=$file ;;
            symbolic)
                to=sub/link.${file##*/}
                ln -s "$PWD/$file" "$to"
                ;;
            hard)
                to=sub/link.${file##*/}
                ln "$file" "$to"
                ;;
            spelled) to=./sub/../$file ;;
        esac
        "${@//OUT/$to}" > /dev/null 2> err.txt < /dev/null
        status=$?
        if [ $status -ne 1 ] && [ $status -ne 255 ]; then
            bad="$bad $as: status $status"
        elif ! grep -q 'error: .*choose another output file' err.txt; then
            bad="$bad $as: $(head -n 1 err.txt)"
        elif ! cmp -s "$file" kept.copy; then
            bad="$bad $as: it was changed"
        elif ls ./*.tmp.* sub/*.tmp.* > /dev/null 2>&1; then bad="$bad $as: left $(ls ./*.tmp.* sub/*.tmp.* 2> /dev/null |
            head -n 1)"; fi
        [ -e "$file" ] || cp kept.copy "$file"
    done
    rm -f sub/link.*
    [ -z "$bad" ] && echo "ok $name" || echo "not ok $name:$bad"
}

while IFS='|' read -r name file command; do refused "$name" "$file" $command; done << END
VCF: the input|in.vcf|$T annotate $M -o OUT in.vcf
VCF: the input, compressed|in.vcf.gz|$T annotate $M -Oz -o OUT in.vcf.gz
VCF: the input on standard input|in.bcf|sh -c $T\${IFS}annotate\${IFS}-m\${IFS}tiny.safetensors\${IFS}-f\${IFS}ref.fa\${IFS}-o\${IFS}OUT<in.bcf
VCF: its index|in.vcf.gz.csi|$T annotate $M -r chr1:1-500 -o OUT in.vcf.gz
VCF: the reference|ref.fa|$T annotate $M -o OUT in.vcf
VCF: its index|ref.fa.fai|$T annotate $M -o OUT in.vcf
VCF: a compressed reference|gz.fa.gz|$T annotate -v 0 -m tiny.safetensors -f gz.fa.gz -o OUT in.vcf
VCF: its index of blocks|gz.fa.gz.gzi|$T annotate -v 0 -m tiny.safetensors -f gz.fa.gz -o OUT in.vcf
VCF: the model|tiny.safetensors|$T annotate $M -Ob -o OUT in.vcf
VCF: one of two models|other.safetensors|$T annotate -v 0 -m tiny.safetensors,other.safetensors -f ref.fa -o OUT in.vcf
VCF: a model of a folder|folder/a.safetensors|$T annotate -v 0 -m folder -f ref.fa -o OUT in.vcf
VCF: regions of -R|some.bed|$T annotate $M -R some.bed -o OUT in.bcf
VCF: targets of -T|some.bed|$T annotate $M -T some.bed -o OUT in.vcf
VCF: excluded targets|some.bed|$T annotate $M -T ^some.bed -o OUT in.vcf
VCF: peaks of --open|some.bed|$T annotate $M --open some.bed -o OUT in.vcf
VCF: a bigWig of --open|all.bw|$T annotate $M --open all.bw --open-min 0 -o OUT in.vcf
VCF: a table of --expressed|tpm.tsv|$T annotate $M --expressed tpm.tsv -o OUT in.vcf
VCF: a list of TFs|tfs.txt|$T annotate $M --tf @tfs.txt -o OUT in.vcf
BED: peaks of --open|some.bed|$T annotate $M --open some.bed -o OUT rows.bed
tables: the table|table.txt|$T tables -f ref.fa -o OUT table.txt
tables: the dbSNP file|dbsnp.vcf|$T tables -f ref.fa --dbsnp dbsnp.vcf -o OUT ids.txt
tables: the reference|ref.fa|$T tables -f ref.fa -o OUT table.txt
annotate: a table|table.txt|$T annotate $M -o OUT table.txt
enrich: a table|table.txt|$T enrich $M -o OUT table.txt
scan: peaks of --open|some.bed|$T scan $M --tf SPI1 --open some.bed -o OUT
enrich: peaks of --open|some.bed|$T enrich $M --permutations 0 --background ann.bcf --open some.bed -o OUT hits.bcf
report: peaks of --open|some.bed|$T report --open some.bed -o OUT ann.bcf
plugin: the input|in.vcf|bcftools +tfbind in.vcf -- $M -o OUT
plugin: the reference|ref.fa|bcftools +tfbind in.vcf -- $M -o OUT
plugin: the model|tiny.safetensors|bcftools +tfbind in.vcf -- $M -o OUT
plugin: a list in a filter|ids.txt|bcftools +tfbind in.vcf -- $M -i ID=@ids.txt -o OUT
BED: the input|rows.bed|$T annotate $M -o OUT rows.bed
BED: the reference|ref.fa|$T annotate $M -o OUT rows.bed
BED: its index|ref.fa.fai|$T annotate $M -o OUT rows.bed
BED: the model|tiny.safetensors|$T annotate $M -o OUT rows.bed
FASTA: the input|seq.fa|$T annotate -v 0 -m tiny.safetensors -o OUT seq.fa
BAM: the input|in.bam|$T annotate $M -o OUT in.bam
BAM: its index|in.bam.bai|$T annotate $M -o OUT in.bam
BAM: the reference|ref.fa|$T annotate $M -O sam -o OUT in.bam
BAM: that of --reference|gz.fa.gz|$T annotate $M --reference gz.fa.gz -O cram -o OUT in.bam
BAM: that of an option|gz.fa.gz|$T annotate $M --output-fmt-option reference=gz.fa.gz -O cram -o OUT in.bam
scan: the reference|ref.fa|$T scan $M --tf SPI1 -r chr1:1-900 -o OUT
scan: the model, as bigWig or not|tiny.safetensors|$T scan $M --tf SPI1 -r chr1:1-900 -o OUT
scan: the reference of SNVs|ref.fa|$T scan --snvs $M -r chr1:1-900 -o OUT
scan: regions of SNVs|some.bed|$T scan --snvs $M -R some.bed -o OUT
scan: peaks of SNVs|some.bed|$T scan --snvs $M -r chr1:1-900 --open some.bed -o OUT
scan: regions of -R|some.bed|$T scan $M --tf SPI1 -R some.bed -o OUT
enrich: the hits|hits.bcf|$T enrich $M --permutations 0 --background ann.bcf -o OUT hits.bcf
enrich: the hits, --svg|hits.bcf|$T enrich $M --permutations 0 --background ann.bcf --svg OUT hits.bcf
enrich: the background|ann.bcf|$T enrich $M --permutations 0 --background ann.bcf -o OUT hits.bcf
enrich: regions|some.bed|$T enrich $M --permutations 0 --background ann.bcf -R some.bed -o OUT hits.bcf
enrich: the model|tiny.safetensors|$T enrich $M --permutations 0 --background ann.bcf --svg OUT hits.bcf
labels: the regions|labels.bed|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o OUT labels.bed
labels: the sheet|sheet.tsv|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o OUT labels.bed
labels: peaks of the sheet|p.narrowPeak|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o OUT labels.bed
labels: the reference|ref.fa|$T labels -v 0 -f ref.fa --samples sheet.tsv --width 60 -o OUT labels.bed
evaluate: the labels|labels.bed|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed -o OUT
evaluate: the labels, --predictions|labels.bed|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed --predictions OUT
evaluate: the model|tiny.safetensors|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed -o OUT
evaluate: a list of contigs|names.txt|$T evaluate -m tiny.safetensors -f ref.fa -l labels.bed --chroms @names.txt -o OUT
pretrain: the labels|labels.bed|pretrain -v 0 -f ref.fa -l labels.bed -e 1 -o OUT
pretrain: the reference's index|ref.fa.fai|pretrain -v 0 -f ref.fa -l labels.bed -e 1 -o OUT
pretrain: a list of contigs|names.txt|pretrain -v 0 -f ref.fa -l labels.bed --chroms @names.txt -e 1 -o OUT
pretrain: weights|weights.tsv|pretrain -v 0 -f ref.fa -l labels.bed --weights weights.tsv -e 1 -o OUT
finetune: the parent|tiny.safetensors|$T finetune -v 0 --allow-leak --from tiny.safetensors --target SPI1 -f ref.fa -l labels.bed -e 1 -o OUT
learn: the parent|tiny.safetensors|$T learn -v 0 --from tiny.safetensors --target X -f ref.fa --peaks p.narrowPeak -o OUT
finetune: the labels|labels.bed|$T finetune -v 0 --allow-leak --from tiny.safetensors --target SPI1 -f ref.fa -l labels.bed -e 1 -o OUT
model: onto itself|tiny.safetensors|$T model --half --convert OUT tiny.safetensors
model: regions|some.bed|$T model --calibrate -f ref.fa -R some.bed --n 100 -o OUT tiny.safetensors
model: the reference|ref.fa|$T model --calibrate -f ref.fa -R some.bed --n 100 -o OUT tiny.safetensors
motifs: the labels|labels.bed|$T motifs -m tiny.safetensors -f ref.fa -l labels.bed -o OUT
motifs: motifs|two.meme|$T motifs -m tiny.safetensors -f ref.fa -l labels.bed -d two.meme --meme OUT
motifs: the other model|other.safetensors|$T motifs -m tiny.safetensors -f ref.fa -l labels.bed --compare other.safetensors --html OUT
motifs: the model|tiny.safetensors|$T motifs -m tiny.safetensors -f ref.fa -l labels.bed --importance OUT
explain: the input|rows.bed|$T explain $M --tf SPI1 -o OUT rows.bed
explain: the input, --scores|in.vcf|$T explain $M --tf SPI1 --scores OUT in.vcf
explain: the input, --track|rows.bed|$T explain $M --tf SPI1 --track OUT rows.bed
explain: the references|window.fa|$T explain $M --tf SPI1 --references-fasta window.fa -o OUT rows.bed
explain: motifs|two.meme|$T explain $M --db two.meme --logos logos --scores OUT hits.bcf
explain: the model|tiny.safetensors|$T explain $M --tf SPI1 --track OUT rows.bed
report: the input|ann.bcf|$T report -o OUT ann.bcf
report: the input, --track|ann.bcf|$T report --track OUT -o page.html ann.bcf
scan: the reference, --hub|ref.fa|$T scan $M --tf SPI1 -O bigwig -o x.bw --genome g --hub OUT
scan: the model, --igv|tiny.safetensors|$T scan $M --tf SPI1 -O bigwig -o x.bw --igv OUT
report: the reference|ref.fa|$T report -m tiny.safetensors -f ref.fa -o OUT ann.bcf
report: the model|tiny.safetensors|$T report -m tiny.safetensors -f ref.fa -o OUT ann.bcf
report: motifs|two.meme|$T report -m tiny.safetensors -f ref.fa -d two.meme -o OUT ann.bcf
END

# names that the program makes
expect_refusal() { # NAME FILE COMMAND...
    local name=$1 file=$2
    shift 2
    cp "$file" kept.copy
    "$@" > /dev/null 2> err.txt < /dev/null && {
        echo "not ok $name: succeeded"
        cp kept.copy "$file"
        return
    }
    grep -q 'choose another output file' err.txt && cmp -s "$file" kept.copy
    verdict $? "$name" "$(tail -n 1 err.txt)"
    cp kept.copy "$file"
}
cp some.bed SPI1.bed; expect_refusal 'a name with {tf}' SPI1.bed $T scan $M --tf CTCF,SPI1 -R SPI1.bed -o '{tf}.bed'
ok_if 'and the other track is not left' [ ! -e CTCF.bed ]
ln -s ../some.bed sub/SPI1.bedGraph
expect_refusal 'a name in a folder' some.bed $T scan $M --tf CTCF,SPI1 -R some.bed -o sub
ln -s some.bed out.bcf.csi
expect_refusal 'an index' some.bed $T annotate $M -T some.bed -W -o out.bcf in.vcf
rm out.bcf.csi
ln in.bcf.csi out.vcf.gz.csi
expect_refusal 'an index that would be outdated' in.bcf.csi $T annotate $M -r chr1:1-900 -W=tbi -o out.vcf.gz in.bcf
rm out.vcf.gz.csi
cp in.bam bam.copy
ln -s ../ref.fa.fai sub/o.bam.bai
expect_refusal 'an index of BAM' ref.fa.fai $T annotate $M -W=bai -o sub/o.bam in.bam
rm sub/o.bam.bai
cp sheet.tsv l.bed.gz.tbi
expect_refusal 'an index of labels' l.bed.gz.tbi $T labels -v 0 -f ref.fa --samples l.bed.gz.tbi --width 60 \
    -o l.bed.gz labels.bed
rm l.bed.gz.tbi
cp labels.bed m.ckpt; expect_refusal 'a checkpoint' m.ckpt pretrain -v 0 -f ref.fa -l m.ckpt -e 1 -o m
mkdir l2 &&
    $T explain $M --logos l2 rows.bed &&
    svg=$(ls l2 | tail -n 1) &&
    rm -r l2 &&
    mkdir l2 &&
    ln -s ../rows.bed "l2/$svg" &&
    expect_refusal 'a figure in a folder' rows.bed $T explain $M --logos l2 rows.bed
if $T explain $M --tf SPI1 --npz arr rows.bed 2> err.txt; then
    rm arr.SPI1.hyp.npz
    ln rows.bed arr.SPI1.hyp.npz
    expect_refusal 'an array' rows.bed $T explain $M --tf SPI1 --npz arr rows.bed
fi
expect_refusal 'appended to the input' in.vcf sh -c "$T annotate $M in.vcf >> in.vcf"
expect_refusal 'by a URL of the file' ref.fa $T annotate $M -o "file://$PWD/ref.fa" in.vcf
# an index that is not there yet is made by htslib
cp ref.fa new.fa
if $T annotate -v 0 -m tiny.safetensors -f new.fa -o new.fa.fai in.vcf 2> err.txt ||
    ! grep -q 'choose another output file' err.txt ||
    { [ -e new.fa.fai ] && ! cmp -s new.fa.fai ref.fa.fai; }; then
    echo "not ok an index that is not there yet: $(tail -n 1 err.txt)"
else echo 'ok an index that is not there yet'; fi

# two outputs
both() { # NAME COMMAND...
    local name=$1
    shift
    rm -f two.out
    if "$@" > /dev/null 2> err.txt < /dev/null; then
        echo "not ok two outputs, $name: succeeded"
    elif ! grep -q 'give each' err.txt; then
        echo "not ok two outputs, $name: $(head -n 1 err.txt)"
    elif [ -s two.out ]; then
        echo "not ok two outputs, $name: left one"
    else echo "ok two outputs, $name"; fi
}
ln -s two.out two.link
E="$T enrich $M --permutations 0 --background ann.bcf"
both enrich $E --svg two.out -o two.out hits.bcf
both 'enrich, a link to what is not there' $E --svg two.link -o two.out hits.bcf
both 'enrich, another spelling' $E --svg sub/../two.out -o two.out hits.bcf
both evaluate $T evaluate -m tiny.safetensors -f ref.fa -l labels.bed --predictions two.out -o two.out
both explain $T explain $M --tf SPI1 --scores two.out -o two.out rows.bed
both 'explain, a track' $T explain $M --tf SPI1 --track two.out -o two.out rows.bed
both motifs $T motifs -m tiny.safetensors -f ref.fa -l labels.bed --meme two.out -o two.out
: > two.a; ln two.a two.b; both 'a hard link' $E --svg two.a -o two.b hits.bcf

# what is no file may be both, and a model is calibrated where it is
check 'the null device takes all' $E --svg /dev/null -o /dev/null hits.bcf
check 'a model calibrated in place' $T model --calibrate -f ref.fa -R some.bed --n 100 other.safetensors
check 'the same by name' $T model --calibrate -f ref.fa -R some.bed --n 100 -o other.safetensors other.safetensors
check 'an output of before is replaced' sh \
    -c "$T annotate $M -o again.vcf in.vcf && $T annotate $M --csq -o again.vcf in.vcf && grep -q TFB_CSQ again.vcf"
