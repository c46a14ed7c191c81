# Models by name: the folders, their order, what is listed, and lists and folders in evaluate, motifs and model.
. "$SRCDIR/test/lib.sh"
make_inputs || exit 1
spec='conv 16 7; bn; relu; pool 4; conv 12 5; relu; bn; pool 3; dense 20; bn; relu; dropout 0.3; dense 1'
mkdir first second
cp tiny.safetensors first/human.safetensors
"$UNIT_DIR/tool_tiny_model" second/SPI1.safetensors "$spec" 60 SPI1 9
cp second/SPI1.safetensors second/human.safetensors
export TFBIND_MODELS=$PWD/first:$PWD/second
A="$TFBIND annotate -v 0 --no-version -f ref.fa"

$A -m tiny.safetensors in.vcf > want.vcf
$A in.vcf | sed 's/human.safetensors/tiny.safetensors/' > got.vcf
same 'without -m: human, of the first folder' want.vcf got.vcf
$A -m human in.vcf | sed 's/human.safetensors/tiny.safetensors/' > got.vcf; same '-m human' want.vcf got.vcf
host +tfbind in.vcf -- -v 0 --no-version -f ref.fa | sed 's/human.safetensors/tiny.safetensors/' > got.vcf
same 'the plugin without -m' want.vcf got.vcf
$A -m first/human.safetensors,second/SPI1.safetensors --tf all in.vcf > want.vcf
$A -m human,SPI1 --tf all in.vcf > got.vcf; same 'a list of names' want.vcf got.vcf
host +tfbind in.vcf -- -v 0 --no-version -m human,SPI1.safetensors --tf all -f ref.fa > got.vcf
same 'the same in the plugin, with a suffix' want.vcf got.vcf
cp second/SPI1.safetensors human
$A -m human in.vcf | grep -c 'model human ' | grep -qx 5
verdict $? 'an existing file is a path'
rm human
$TFBIND enrich -v 0 -f ref.fa --background in.vcf in.vcf 2>&1 | grep -q 'nothing to compare'
verdict $? 'enrich without -m'
$TFBIND scan -v 0 -f ref.fa --tf CTCF -r chr1:1000-2000 > got.txt
$TFBIND scan -v 0 -m tiny.safetensors -f ref.fa --tf CTCF -r chr1:1000-2000 > want.txt
same 'scan without -m' want.txt got.txt
samtools faidx ref.fa chr1:101-160 > w.fa
$TFBIND explain -v 0 -m SPI1 --method deeplift w.fa > got.txt
$TFBIND explain -v 0 -m second/SPI1.safetensors --method deeplift w.fa > want.txt
same 'explain -m SPI1' want.txt got.txt
fails 'a name that is not there' \
    "unknown model 'humen' (neither a file nor in $PWD/first, $PWD/second" $A -m humen in.vcf
fails 'what may be meant' 'did you mean human?' $A -m humen in.vcf
fails 'a name like no other' 'tfbind model --installed' $A -m zebrafish-heart in.vcf
fails 'the same in the plugin' "unknown model 'humen'" host +tfbind in.vcf -- -m humen -f ref.fa
fails 'a file that is not there' 'cannot read model x.safetensors: No such file' $A -m x.safetensors in.vcf
fails 'a path that is not there' 'cannot read model none/human.safetensors: No such file' \
    $A -m none/human.safetensors in.vcf

# what is listed: the first of each name
$TFBIND model --installed | head -n 3 > got.txt
{
    printf 'name\ttfs\tgenome\tbytes\tpath\n'
    printf 'human\t3\tmade-up\t%s\t%s\n' "$(wc -c < tiny.safetensors)" "$PWD/first/human.safetensors"
    printf 'SPI1\t1\tmade-up\t%s\t%s\n' "$(wc -c < second/SPI1.safetensors)" "$PWD/second/SPI1.safetensors"
} > want.txt
same '--installed' want.txt got.txt
[ -z "$($TFBIND model --installed | cut -f 1 | sort | uniq -d)" ]
verdict $? 'each name once'
mkdir bad && head -c 100 tiny.safetensors > bad/broken.safetensors
fails '--installed with a damaged one' 'broken.safetensors' env TFBIND_MODELS=bad "$TFBIND" model --installed
fails '--installed takes no model' "unexpected argument 'human'" $TFBIND model --installed human
fails '--installed and --list' '--installed lists models' $TFBIND model --installed --list
# a copy of the program elsewhere, with models beside it, as in the source tree and as installed
mkdir -p tree/models p/bin p/share/tfbind/models
cp "$TFBIND" tree/tfbind; cp "$TFBIND" p/bin/tfbind
cp second/SPI1.safetensors tree/models/mine.safetensors
cp second/SPI1.safetensors p/share/tfbind/models/mine.safetensors
for t in tree/tfbind p/bin/tfbind; do
    [ "$(unset TFBIND_MODELS; "./$t" model --list mine 2> err.txt)" = SPI1 ]
    verdict $? "models beside $t" "$(cat err.txt)"
    (unset TFBIND_MODELS; PATH=$PWD/${t%/*}:$PATH; tfbind model --list mine 2> err.txt) | grep -qx SPI1
    verdict $? "the same, found along PATH" "$(cat err.txt)"
done
mkdir tree/plugins && cp "$PLUGIN_DIR/tfbind.so" tree/plugins
(unset TFBIND_MODELS; BCFTOOLS_PLUGINS=$PWD/tree/plugins host +tfbind in.vcf -- -v 0 -m mine -f ref.fa) |
    grep -q 'model mine.safetensors'
verdict $? 'models beside the plugin of a source tree'
# the source tree comes before what is installed, and only it does; a build folder in it, too
folders_of() {
    (unset TFBIND_MODELS; "$@" -m none -f ref.fa in.vcf 2>&1) | sed -n 's/.*neither a file nor in \(.*\)).*/\1/p'
}
folders_of ./tree/tfbind annotate | grep -q "[^ ]*, $PWD/tree/models"
verdict $? 'models beside a program come last' "$(folders_of ./tree/tfbind annotate)"
mkdir tree/src tree/build && : > tree/src/main.c && cp "$TFBIND" tree/build/tfbind
for p in tree/tfbind tree/build/tfbind; do
    case $(folders_of ./$p annotate) in "$PWD"/tree/models,*) true ;; *) false ;; esac
    verdict $? "models of the source tree come first: $p" "$(folders_of ./$p annotate)"
done
(unset TFBIND_MODELS; BCFTOOLS_PLUGINS=$PWD/tree/plugins host +tfbind in.vcf -- -m none -f ref.fa 2>&1) |
    grep -q "neither a file nor in $PWD/tree/models, "
verdict $? 'models of the source tree come first: the plugin'
case $(TFBIND_MODELS=$PWD/first ./tree/tfbind annotate -m none -f ref.fa in.vcf 2>&1) in
    *"nor in $PWD/first, $PWD/tree/models,"*) true ;;
    *) false ;;
esac
verdict $? 'TFBIND_MODELS comes before the source tree'

# evaluate: a list is one model
E="$TFBIND evaluate -f ref.fa -l labels.bed"
$E -m human,SPI1 > got.txt 2> /dev/null
{
    $E -m human 2> /dev/null | sed -n '1,2p'
    $E -m SPI1 2> /dev/null | sed -n 2p
    $E -m human 2> /dev/null | sed -n 4p
} > want.txt
head -n 4 got.txt > rows.txt; same 'evaluate: each TF by the last model that has it' want.txt rows.txt
mkdir both && cp first/human.safetensors second/SPI1.safetensors both
$E -m both 2> /dev/null > folder.txt; same 'evaluate: a folder' got.txt folder.txt
$E -@ 2 -m both 2> /dev/null > folder.txt; same 'evaluate: threads' got.txt folder.txt
printf 'SPI1\n' > names.txt
P='pretrain -v 0 -f ref.fa -l labels.bed -e 1 --chroms chr1 --targets SPI1 --spec'
$TFBIND $P 'conv 4 7; relu; pool 4; dense 0' -o trained.safetensors
fails 'evaluate: regions that one of two has seen' 'trained.safetensors was trained on' $E -m human,trained.safetensors

# motifs and model: one after the other
M="$TFBIND motifs -v 0 -f ref.fa -l labels.bed --use all"
$M -m both -o '{model}.tsv' --meme '{model}.meme' 2> err.txt
verdict $? 'motifs: a folder' "$(cat err.txt)"
for m in human SPI1; do
    $M -m $m > want.txt; same "motifs: the table of $m" want.txt $m.tsv
    ok_if "motifs: the motifs of $m" [ -s $m.meme ]
done
fails 'motifs: several into one file' '2 models need a file each: give -o a name with {model}' $M -m both
fails 'motifs: several into one page' 'give --html a name with {model}' $M -m both -o '{model}.tsv' --html x.html
$TFBIND model --list both > got.txt; printf 'CTCF\nSPI1\nNKX2-5\nSPI1\n' > want.txt
same 'model --list of a folder' want.txt got.txt
[ "$($TFBIND model --check human,SPI1 | grep -c 'OK$')" = 2 ] && [ "$($TFBIND model both | grep -c ^sha256)" = 2 ]
verdict $? 'model: several'
fails 'model --get of several' 'take one model' $TFBIND model --get seed both
fails '--calibrate does not replace an installed model' 'for an installed model' $TFBIND model --calibrate -f ref.fa \
    -l labels.bed human
# --from by name
$TFBIND finetune -v 0 --from human --target SPI1 -f ref.fa -l labels.bed --valid chr2 -e 1 --allow-leak \
    -o child.safetensors 2> err.txt
[ "$($TFBIND model --get parent_sha256 child.safetensors)" = \
    "$(sha256sum < first/human.safetensors | cut -d ' ' -f 1)" ]
verdict $? 'finetune --from human' "$(cat err.txt)"
