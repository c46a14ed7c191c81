# Several models at once: shared trunks are found and computed once, and every score is that of the
# model alone.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
S='conv 12 5; bn; relu; pool 4; dense 16; bn; relu; dropout 0.2; dense 0'
$TFBIND pretrain -f ref.fa -l labels.bed.gz --spec "$S" --targets SPI1,NKX2-5 -e 2 \
    -o parent.safetensors 2> /dev/null ||
    exit 1
F="$TFBIND finetune --from parent.safetensors -f ref.fa -l labels.bed.gz --allow-leak -e 2"
$F --target CTCF --freeze all-but-last -o ctcf.safetensors 2> /dev/null
$F --target SPI1 --freeze all-but-last -o spi1.safetensors 2> /dev/null
$F --target SPI1 --head-epochs 0 -o whole.safetensors 2> /dev/null
cut -f 1-3 labels.bed | grep -v '^#' | head -n 60 > w.bed
A="$TFBIND annotate -f ref.fa --scale logit"
col() { $A -v 0 -m "$1" --tf "$2" w.bed | cut -f 4; }
alone() { col $1 $2 | tail -n +2; }
panel=parent.safetensors,ctcf.safetensors,spi1.safetensors
$A -v 3 -m $panel --tf all w.bed 2> log.txt > all.txt
head -n 1 all.txt | cut -f 4- | grep -qx 'SPI1	NKX2-5	CTCF'
verdict $? 'the TFs of all, each once' "$(head -n 1 all.txt)"
grep -q '3 models, 1 trunk, 3 targets' log.txt
verdict $? 'three models with one trunk' "$(grep trunk log.txt)"
for pair in 'SPI1 spi1' 'NKX2-5 parent' 'CTCF ctcf'; do
    set -- $pair
    alone $2.safetensors $1 > want.txt
    alone $panel $1 > got.txt
    same "$1 is the last model's that knows it" want.txt got.txt
done
$A -v 3 -m parent.safetensors,whole.safetensors --tf all w.bed 2> log.txt | cut -f 4,5 | tail -n +2 > got.txt
paste <(alone whole.safetensors SPI1) <(alone parent.safetensors NKX2-5) > want.txt
same 'two trunks' want.txt got.txt; grep -q '2 models, 2 trunks' log.txt
verdict $? 'a model trained whole has its own trunk'
$A -v 0 -m parent.safetensors,whole.safetensors --tf NKX2-5,SPI1 w.bed | cut -f 4,5 | tail -n +2 > got.txt
paste <(alone parent.safetensors NKX2-5) <(alone whole.safetensors SPI1) > want.txt
same '--tf chooses and orders over models' want.txt got.txt
$TFBIND annotate -v 1 --no-version -m $panel -f ref.fa --tf all in.vcf.gz > v.vcf
$TFBIND annotate -v 1 --no-version -m ctcf.safetensors -f ref.fa --tf all in.vcf.gz > c.vcf
q='%ID %TFB_CTCF %TFB_CTCF_DELTA\n'
bcftools query -f "$q" v.vcf > got.txt
bcftools query -f "$q" c.vcf > want.txt
same 'VCF: the same tags' want.txt got.txt
grep -q 'ID=TFB_CTCF,.*model ctcf.safetensors [0-9a-f]\{12\})' v.vcf &&
    grep -q 'ID=TFB_NKX2_5,.*model parent.safetensors' v.vcf
verdict $? 'the header names the model of each TF'
host +tfbind in.vcf.gz -- --no-version -v 1 -m $panel -f ref.fa --tf all > p.vcf
same 'plugin = program' v.vcf p.vcf
$TFBIND model --convert half.safetensors --half parent.safetensors
$A -v 3 -m half.safetensors,ctcf.safetensors --tf all w.bed 2>&1 > /dev/null | grep -q '2 trunks'
verdict $? 'rounded weights are another trunk'
"$UNIT_DIR/tool_tiny_model" wide.safetensors 'conv 8 5; relu; pool 4; dense 1' 100 X 1
fails 'windows of different sizes' 'cannot be scored together' $A -m parent.safetensors,wide.safetensors w.bed
fails 'one of them missing' 'cannot read model none.safetensors' $A -m parent.safetensors,none.safetensors w.bed
fails 'an unknown TF' 'did you mean CTCF?' $A -m $panel --tf CTFC w.bed
# a folder: the models of many TFs first, whatever they are called
mkdir -p all none
cp spi1.safetensors all/a.safetensors
cp parent.safetensors all/z.safetensors
cp ctcf.safetensors all/b.safetensors
echo > all/notes.md
for pair in 'SPI1 spi1' 'NKX2-5 parent' 'CTCF ctcf'; do
    set -- $pair
    alone $2.safetensors $1 > want.txt
    alone all $1 > got.txt
    alone all/ $1 > got2.txt
    same "a folder: $1 is that of the model with the fewest TFs" want.txt got.txt
    same "a folder: $1, with /" want.txt got2.txt
done
alone whole.safetensors SPI1 > want.txt
alone all,whole.safetensors SPI1 > got.txt
same 'a folder, and a file after it' want.txt got.txt
fails 'a folder without models' 'none holds no models' $A -m none w.bed
echo junk > none/x.safetensors; fails 'a folder with something else' 'none/x.safetensors' $A -m none w.bed
